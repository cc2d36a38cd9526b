//! What a header shows without a key.

use super::SLOTS;
use super::codec::BLOCK_LEN;
use super::header::{DexiosHeader, Mode, Version};
use super::slot::{SLOT_LEN, Slot, SlotHash};
use crate::format::{Description, Field, KeyDerivation};

pub(super) fn describe(header: &DexiosHeader) -> Description {
    let (mode, chunk_size, end, end_meaning, length) = match header.mode {
        Mode::Stream => (
            "stream",
            Some(BLOCK_LEN as u64),
            "last-block",
            "the block that its nonce marks as the last; it is shorter than the others",
            "protected: the nonce of the last block marks it",
        ),
        Mode::Memory => (
            "memory",
            None,
            "one-block",
            "the only block",
            "protected: by the tag of the only block",
        ),
    };
    Description {
        version: Some(header.version as u32),
        algorithm: header.algorithm.name(),
        chunk_size,
        declared_size: None,
        length_protection: length.to_owned(),
        end,
        end_meaning: end_meaning.to_owned(),
        layers: None,
        mode: Some(mode),
        authenticated: authenticated(header),
        derivations: derivations(header),
        warnings: warnings(header),
        stanzas: Vec::new(),
        post_quantum: None,
        fields: fields(header),
    }
}

fn authenticated(header: &DexiosHeader) -> String {
    match header.version {
        Version::V1 => "none of the header; salt and nonce by their use".to_owned(),
        Version::V2 => "bytes 0-47, by the HMAC in bytes 48-63".to_owned(),
        Version::V3 => "the whole header, as associated data of every block".to_owned(),
        Version::V4 => format!(
            "bytes 0-47 and {}-127, as associated data of every block; the wrapped key by its tag",
            96 + header.algorithm.nonce_len()
        ),
        Version::V5 => {
            "bytes 0-31, as associated data of every block; each wrapped key by its tag".to_owned()
        }
    }
}

fn derivations(header: &DexiosHeader) -> Vec<KeyDerivation> {
    match header.version.hash() {
        Some(hash) => vec![derivation(hash)],
        None => header
            .slots
            .iter()
            .map(|slot| derivation(slot.hash))
            .collect(),
    }
}

/// A hash with its real cost.
pub(super) fn cost(hash: SlotHash) -> String {
    derivation(hash).to_string()
}

fn derivation(hash: SlotHash) -> KeyDerivation {
    match hash.derivation() {
        Some(derivation) => KeyDerivation::Known(derivation),
        None => KeyDerivation::Unknown(hash.code()),
    }
}

fn warnings(header: &DexiosHeader) -> Vec<String> {
    match header.version {
        Version::V1 => {
            let few = "the secret is hashed over 8 MiB only".to_owned();
            std::iter::once(few).chain(may_be_cut(header)).collect()
        }
        Version::V5 if header.slots.is_empty() => {
            vec!["no key slot is used: no secret opens this file".to_owned()]
        }
        Version::V5 => legacy_slot(header).into_iter().collect(),
        _ => vec![],
    }
}

/// Version 1 does not authenticate the mode. So any block of a stream, with its number and last-block bit at the end of
/// the nonce, passes as a whole file in memory mode.
pub(super) fn may_be_cut(header: &DexiosHeader) -> Option<String> {
    let may_be = header.version == Version::V1 && header.mode == Mode::Memory;
    may_be.then(|| {
        "the mode is not authenticated: this may be one block of a longer stream".to_owned()
    })
}

/// Anybody who has a file of version 1 or 2 and knows 32 bytes of its plaintext can make such a slot.
pub(super) fn legacy_slot(header: &DexiosHeader) -> Option<String> {
    let legacy = |slot: &Slot| header.version == Version::V5 && slot.hash.is_legacy();
    header.slots.iter().any(legacy).then(|| {
        "a key slot has a hash of version 1 or 2, which no Dexios writes: it may be forged from an \
         old file of the same secret"
            .to_owned()
    })
}

/// Divides the header's bytes into fields.
struct Cutter<'a>(&'a [u8], Vec<Field>);

impl Cutter<'_> {
    fn cut(&mut self, len: usize, name: &'static str, meaning: impl Into<String>) {
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        self.1.push(Field {
            bytes: bytes.to_vec(),
            name,
            meaning: meaning.into(),
        });
    }

    /// Adds what is left before `end`, counted from the end of the header.
    fn unused(&mut self, left: usize) {
        if self.0.len() > left {
            let zero = self.0[..self.0.len() - left].iter().all(|byte| *byte == 0);
            let meaning = if zero { "zero" } else { "not zero" };
            self.cut(self.0.len() - left, "unused", meaning);
        }
    }
}

fn fields(header: &DexiosHeader) -> Vec<Field> {
    let bytes = &header.raw;
    let mut cutter = Cutter(bytes, Vec::new());
    cutter.cut(1, "magic", "Dexios");
    cutter.cut(1, "version", (header.version as u8).to_string());
    cutter.cut(2, "AEAD", header.algorithm.name());
    cutter.cut(
        2,
        "mode",
        match header.mode {
            Mode::Stream => "stream of 1 MiB blocks",
            Mode::Memory => "one block in memory",
        },
    );
    let nonce = match header.mode {
        Mode::Stream => "random; the block's number and the mark of the last follow it",
        Mode::Memory => "random",
    };
    if let Some(hash) = header.version.hash() {
        cutter.cut(16, "salt", cost(hash));
    }
    let len = bytes.len();
    cutter.unused(len - header.version.nonce_at());
    cutter.cut(header.nonce.len(), "nonce", nonce);
    match header.version {
        Version::V1 | Version::V3 => cutter.unused(0),
        Version::V2 => {
            cutter.unused(16);
            cutter.cut(
                16,
                "header tag",
                "HMAC-SHA3-512 over bytes 0-47, its first 16 bytes",
            );
        }
        Version::V4 => {
            cutter.unused(80);
            cutter.cut(48, "wrapped master key", "sealed under the hashed secret");
            cutter.cut(header.algorithm.nonce_len(), "its nonce", "random");
            cutter.unused(0);
        }
        Version::V5 => {
            cutter.unused(SLOTS * SLOT_LEN);
            while let Some(bytes) = cutter.0.first_chunk::<SLOT_LEN>() {
                match Slot::decode(bytes, header.algorithm) {
                    Some(slot) => slot_fields(&mut cutter, &slot),
                    None => cutter.cut(SLOT_LEN, "key slot", "empty"),
                }
            }
        }
    }
    cutter.1
}

fn slot_fields(cutter: &mut Cutter<'_>, slot: &Slot) {
    let end = cutter.0.len() - SLOT_LEN;
    cutter.cut(1, "key slot", "used");
    cutter.cut(1, "hash", cost(slot.hash));
    cutter.cut(48, "wrapped master key", "sealed under the hashed secret");
    cutter.cut(slot.nonce.len(), "its nonce", "random");
    cutter.unused(end + 6 + 16);
    cutter.cut(16, "salt", "of the hash");
    cutter.unused(end);
}
