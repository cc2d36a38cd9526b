//! The headers of the five versions.
//!
//! All start with six bytes: `DE`, the version, the AEAD (`0E 01` XChaCha20-Poly1305, `0E 02`
//! AES-256-GCM, `0E 03` Deoxys-II-256) and the mode (`0C 01` stream, `0C 02` memory). What follows:
//!
//! | version | layout |
//! |---|---|
//! | 1, 3 | salt 16, zero 16, nonce, zero to 64 |
//! | 2 | salt 16, nonce, zero to 48, tag of the header 16 |
//! | 4 | salt 16, nonce, zero to 48, wrapped master key 48, its nonce, zero to 128 |
//! | 5 | nonce, zero to 32, four slots of 96: `DF`, hash, wrapped master key 48, its nonce to 24, salt 16, zero 6 |
//!
//! The nonce has the AEAD's length in memory mode, and four bytes less in stream mode.

use super::codec::{Blocks, EitherBlock, frames, only_block, uniform};
use super::describe::{describe, legacy_slot, may_be_cut};
use super::rekey::rekey;
use super::slot::{SALT_LEN, SLOT_LEN, Slot, SlotHash, WRAPPED_LEN};
use super::{MAGIC, SLOTS};
use crate::aead::{Aead, Algorithm};
use crate::format::{
    ChunkMap, Description, FRAME_MAX, FirstChunk, Frames, Geometry, Header, KeyPolicy, Limits,
    OpenChunk, Payload, Proof, RekeyRequest, Rekeyed, Untried,
};
use crate::kdf::Key;
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, Hint, Identity, Secret};
use hmac::{KeyInit, Mac, SimpleHmac};
use sha3::Sha3_512;
use std::sync::Arc;

/// Bytes of a stream's nonce that count blocks, and are not in the header.
const COUNTER_LEN: usize = 4;
/// Bytes of a version 5 header that are associated data.
const V5_PREFIX: usize = 32;

/// The version of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Dexios 8.0–8.2.
    V1 = 1,
    /// Dexios 8.3.
    V2,
    /// Dexios 8.4–8.6.
    V3,
    /// Dexios 8.7.
    V4,
    /// Dexios 8.8.
    V5,
}

impl Version {
    fn decode(byte: u8) -> Option<Self> {
        [Self::V1, Self::V2, Self::V3, Self::V4, Self::V5]
            .into_iter()
            .find(|version| *version as u8 == byte)
    }

    /// Returns the length of the header in bytes.
    pub fn header_len(self) -> usize {
        match self {
            Self::V1 | Self::V2 | Self::V3 => 64,
            Self::V4 => 128,
            Self::V5 => V5_PREFIX + SLOTS * SLOT_LEN,
        }
    }

    /// Returns how the secret is hashed, if the version fixes that.
    pub(super) fn hash(self) -> Option<SlotHash> {
        match self {
            Self::V1 => Some(SlotHash::Argon2idV1),
            Self::V2 => Some(SlotHash::Argon2idV2),
            Self::V3 => Some(SlotHash::Argon2idV3),
            Self::V4 => Some(SlotHash::BalloonV4),
            Self::V5 => None,
        }
    }

    /// Returns the offset of the blocks' nonce.
    pub(super) fn nonce_at(self) -> usize {
        match self {
            Self::V1 | Self::V3 => 38,
            Self::V2 | Self::V4 => 22,
            Self::V5 => 6,
        }
    }
}

/// How the data behind the header is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In blocks of 1 MiB.
    Stream,
    /// In one piece.
    Memory,
}

/// A decoded header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DexiosHeader {
    /// Its version.
    pub version: Version,
    /// The AEAD of the blocks, and of the wrapped keys.
    pub algorithm: Algorithm,
    /// How the data is sealed.
    pub mode: Mode,
    /// The nonce: a prefix in stream mode.
    pub nonce: Vec<u8>,
    /// The wrapped master keys: one in version 4, up to four in version 5, none before.
    pub slots: Vec<Slot>,
    /// The bytes from which it was decoded. These are what is authenticated, unused bytes included.
    pub(super) raw: Vec<u8>,
    /// Whether slots that may be forged can open it ([`SlotHash::is_legacy`]).
    pub(super) takes_legacy_slots: bool,
}

impl DexiosHeader {
    /// Creates a version 5 header in stream mode, without any slot yet.
    pub(super) fn new(
        algorithm: Algorithm,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut nonce = vec![0; algorithm.nonce_len() - COUNTER_LEN];
        random(&mut nonce)?;
        let mut raw = vec![0; V5_PREFIX];
        raw[..6].copy_from_slice(&[MAGIC, 5, 0x0E, code(algorithm), 0x0C, 1]);
        raw[6..6 + nonce.len()].copy_from_slice(&nonce);
        Ok(Self {
            version: Version::V5,
            algorithm,
            mode: Mode::Stream,
            nonce,
            slots: Vec::new(),
            raw,
            takes_legacy_slots: false,
        })
    }

    /// Decodes the beginning of a file (or a detached header), and ignores what follows.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], [`Error::Malformed`], [`Error::Unsupported`], or [`Error::Truncated`] if `head` is too
    /// short.
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        let short = || Error::truncated(head.len() as u64, "the input ends inside the header");
        let tags: &[u8; 6] = match head {
            [] | [MAGIC] => return Err(short()),
            [MAGIC, ..] => head.first_chunk().ok_or_else(short)?,
            _ => return Err(crate::format::not_this(&super::Dexios)),
        };
        let version = Version::decode(tags[1]).ok_or_else(|| {
            Error::Unsupported(format!("unsupported version {} of Dexios", tags[1]))
        })?;
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|algorithm| tags[2..4] == [0x0E, code(*algorithm)] && code(*algorithm) != 0)
            .ok_or_else(|| Error::malformed(2, "no AEAD of Dexios"))?;
        let mode = match tags[4..] {
            [0x0C, 1] => Mode::Stream,
            [0x0C, 2] => Mode::Memory,
            _ => return Err(Error::malformed(4, "neither stream mode nor memory mode")),
        };
        let raw = head.get(..version.header_len()).ok_or_else(short)?;
        let nonce_len = match mode {
            Mode::Stream => algorithm.nonce_len() - COUNTER_LEN,
            Mode::Memory => algorithm.nonce_len(),
        };
        Ok(Self {
            version,
            algorithm,
            mode,
            nonce: raw[version.nonce_at()..][..nonce_len].to_vec(),
            slots: slots(version, algorithm, raw),
            raw: raw.to_vec(),
            takes_legacy_slots: false,
        })
    }

    /// Returns the header's bytes: those from which it was decoded, with its current slots.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.raw.clone();
        match (self.version, self.slots.as_slice()) {
            (Version::V4, [slot]) => {
                bytes[6..22].copy_from_slice(&slot.salt);
                bytes[48..96].copy_from_slice(&slot.wrapped);
                bytes[96..][..slot.nonce.len()].copy_from_slice(&slot.nonce);
            }
            (Version::V5, slots) => {
                bytes.truncate(V5_PREFIX);
                slots.iter().for_each(|slot| bytes.extend(slot.encode()));
                bytes.resize(self.version.header_len(), 0);
            }
            _ => {}
        }
        bytes
    }

    /// The associated data of every block, as in Dexios 8.5 and later.
    pub(super) fn associated_data(&self) -> Vec<u8> {
        match self.version {
            Version::V1 | Version::V2 => Vec::new(),
            Version::V3 => self.raw.clone(),
            Version::V4 => {
                let wrapped_end = 96 + self.algorithm.nonce_len();
                [&self.raw[..48], &self.raw[wrapped_end..]].concat()
            }
            Version::V5 => self.raw[..V5_PREFIX].to_vec(),
        }
    }

    /// The associated data of version 3 as Dexios 8.4 wrote it: the mode before the AEAD. No later Dexios reads those
    /// files.
    fn associated_data_of_8_4(&self) -> Vec<u8> {
        let raw = &self.raw;
        [&raw[..2], &raw[4..6], &raw[2..4], &raw[6..]].concat()
    }

    /// The salt of versions 1 to 4.
    fn salt(&self) -> &[u8] {
        &self.raw[6..6 + SALT_LEN]
    }

    /// Returns the key of the blocks: hashed, or unwrapped from the first slot that the secret opens.
    fn data_key(&self, secret: &Secret) -> Result<Option<Key>, Error> {
        if self.version < Version::V4 {
            let hash = self.version.hash().expect("versions 1 to 3 have a hash");
            let derivation = hash.derivation().expect("its hash is known");
            let key = secret.derive(derivation, self.salt())?;
            return Ok(Some(key));
        }
        for slot in self.slots.iter().filter(|slot| self.takes(slot)) {
            if let Some(master) = slot.unwrap(self.algorithm, secret)? {
                return Ok(Some(master));
            }
        }
        self.refuse_legacy_slots(secret)?;
        Ok(None)
    }

    /// Returns whether a slot may open the file.
    pub(super) fn takes(&self, slot: &Slot) -> bool {
        self.takes_legacy_slots || self.version != Version::V5 || !slot.hash.is_legacy()
    }

    /// Reports a secret that opens no other slot than one that may be forged.
    pub(super) fn refuse_legacy_slots(&self, secret: &Secret) -> Result<(), Error> {
        for slot in self.slots.iter().filter(|slot| !self.takes(slot)) {
            if slot.unwrap(self.algorithm, secret)?.is_some() {
                return Err(Error::LegacySlot);
            }
        }
        Ok(())
    }

    /// Returns whether the header's own tag is right. Only version 2 has one.
    fn is_authentic(&self, key: &Key) -> bool {
        if self.version != Version::V2 {
            return true;
        }
        let mut mac = SimpleHmac::<Sha3_512>::new_from_slice(key.as_ref())
            .expect("HMAC takes keys of any length");
        mac.update(&self.raw[..48]);
        // Compares in constant time.
        mac.verify_truncated_left(&self.raw[48..]).is_ok()
    }

    /// Returns whether the key opens the first block.
    pub(super) fn key_opens(&self, key: &Key, first: &[u8]) -> Result<bool, Error> {
        let blocks = self.blocks(key, self.associated_data());
        Ok(first_block(blocks, first)?.is_some())
    }

    /// Returns whether the header itself shows which key is right: a slot authenticates its master key, and version 2
    /// has a tag.
    fn proves_key(&self) -> bool {
        self.version >= Version::V4 || self.version == Version::V2
    }

    fn blocks(&self, key: &Key, ad: Vec<u8>) -> Blocks {
        Blocks::new(Aead::new(self.algorithm, key), self, ad)
    }
}

/// Decodes the slots of a header.
fn slots(version: Version, algorithm: Algorithm, raw: &[u8]) -> Vec<Slot> {
    match version {
        Version::V1 | Version::V2 | Version::V3 => Vec::new(),
        Version::V4 => vec![Slot {
            hash: SlotHash::BalloonV4,
            salt: raw[6..6 + SALT_LEN].try_into().expect("16 bytes"),
            nonce: raw[96..96 + algorithm.nonce_len()].to_vec(),
            wrapped: raw[48..48 + WRAPPED_LEN].try_into().expect("48 bytes"),
        }],
        Version::V5 => {
            let (slots, _) = raw[V5_PREFIX..].as_chunks::<SLOT_LEN>();
            slots
                .iter()
                .filter_map(|bytes| Slot::decode(bytes, algorithm))
                .collect()
        }
    }
}

/// Returns the byte behind `0E`; 0 for an algorithm that Dexios does not have.
fn code(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::XChaCha20Poly1305 => 1,
        Algorithm::Aes256Gcm => 2,
        Algorithm::DeoxysII256 => 3,
        Algorithm::ChaCha20Poly1305 => 0,
    }
}

impl Header for DexiosHeader {
    fn size(&self) -> usize {
        self.version.header_len()
    }

    /// `dexios header strip` overwrites the header with zeros, and `--header` of 8.7 writes zeros instead of it;
    /// `--header` of 8.8 leaves no hole. Dexios reads both. A first block begins with that many zeros by chance in one
    /// file of 2⁵¹² or fewer.
    fn leaves_hole(&self) -> bool {
        true
    }

    fn frames(&self, limits: &Limits) -> Box<dyn Frames> {
        frames(self.mode, limits)
    }

    fn geometry(&self, limits: &Limits) -> Geometry {
        match self.mode {
            Mode::Stream => Geometry::Uniform(uniform()),
            Mode::Memory => Geometry::Sequential(self.frames(limits)),
        }
    }

    fn chunk_map(&self, _limits: &Limits, _lead: &[u8]) -> Result<ChunkMap, Error> {
        match self.mode {
            Mode::Stream => Ok(ChunkMap::new(uniform())),
            Mode::Memory => Err(Error::usage_hint(
                "the file was made in memory mode, in one piece: no part of it can be authenticated \
                 by itself",
                Hint::OpenWhole,
            )),
        }
    }

    fn chunk_maps(
        &self,
        limits: &Limits,
        body: Positioned<'_, dyn ReadAt + '_>,
    ) -> Result<Vec<ChunkMap>, Error> {
        if self.mode == Mode::Stream {
            return Ok(vec![ChunkMap::new(uniform())]);
        }
        let stored = body.size().map_err(Error::Read)?;
        let chunk = usize::try_from(stored).unwrap_or(FRAME_MAX);
        let limits = *limits;
        let walk = move |_| frames(Mode::Memory, &limits);
        let layout = only_block(chunk.min(FRAME_MAX));
        Ok(vec![ChunkMap::with_lengths(layout, None, walk)])
    }

    /// Neither the header nor a tag of version 3 shows in which order the associated data is.
    fn unlock_untried(&self, identity: &Identity<'_>) -> Result<Vec<Untried>, Error> {
        let untried = |payload| Untried {
            payload,
            fault: None,
            first_decides: false,
        };
        if (self.version, self.mode) != (Version::V3, Mode::Stream) {
            return Ok(vec![untried(self.unlock(identity, None)?)]);
        }
        let key = self.data_key(identity.secret()?)?;
        let key = key.expect("a hashed secret is always a key");
        let readings = [
            (self.associated_data(), "as Dexios 8.5 and later write it"),
            (self.associated_data_of_8_4(), "as Dexios 8.4 wrote it"),
        ];
        let payload = |(ad, reading): (_, &str)| Payload {
            layers: Vec::new(),
            codec: Arc::new(self.blocks(&key, ad)),
            key_proven: false,
            reading: reading.to_owned(),
            warnings: may_be_cut(self).into_iter().collect(),
            proof: Proof::Chunks,
        };
        Ok(readings.map(|reading| untried(payload(reading))).into())
    }

    fn tries_first_frame(&self) -> bool {
        self.mode == Mode::Stream
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let wrong = || Error::Authentication {
            chunk: 0,
            offset: self.size() as u64,
        };
        let key = self.data_key(secret)?.ok_or_else(wrong)?;
        if !self.is_authentic(&key) {
            return Err(wrong());
        }
        let blocks = |ad| self.blocks(&key, ad);
        let (new, old) = (self.associated_data(), self.associated_data_of_8_4());
        let (codec, reading): (Arc<dyn OpenChunk>, _) = match (first, self.version, self.mode) {
            (Some(first), Version::V3, _) => match first_block(blocks(new), first)? {
                Some(codec) => (codec, "as Dexios 8.5 and later write it"),
                None => {
                    let codec = first_block(blocks(old), first)?.ok_or_else(wrong)?;
                    (codec, "as Dexios 8.4 wrote it")
                }
            },
            (Some(first), Version::V1, _) => {
                let codec = first_block(blocks(new), first)?.ok_or_else(wrong)?;
                (codec, "as Dexios writes it")
            }
            (None, Version::V3, _) => {
                let either = EitherBlock(blocks(new), blocks(old));
                (Arc::new(either), "in memory mode")
            }
            (_, _, Mode::Memory) => (Arc::new(blocks(new)), "in memory mode"),
            // The header has shown that the key is right, whether or not the first block opens.
            (_, _, Mode::Stream) => (Arc::new(blocks(new)), "as Dexios writes it"),
        };
        Ok(Payload {
            layers: Vec::new(),
            codec,
            key_proven: first.is_some() || self.proves_key(),
            reading: reading.to_owned(),
            warnings: may_be_cut(self)
                .into_iter()
                .chain(legacy_slot(self))
                .collect(),
            proof: Proof::Chunks,
        })
    }

    fn set_policy(&mut self, policy: KeyPolicy) {
        self.takes_legacy_slots = policy.legacy_slots;
    }

    fn has_slots(&self) -> bool {
        self.version >= Version::V4
    }

    fn rekey(&self, request: RekeyRequest<'_>, first: Option<&[u8]>) -> Result<Rekeyed, Error> {
        rekey(self, &request, first)
    }

    fn describe(&self) -> Description {
        describe(self)
    }
}

/// Opens a first block, as the only one or as one of several; `None` if it does not authenticate.
fn first_block(blocks: Blocks, first: &[u8]) -> Result<Option<Arc<dyn OpenChunk>>, Error> {
    for last in [true, false] {
        if let Some(chunk) = FirstChunk::try_open(&blocks, 0, Some(last), first)? {
            return Ok(Some(chunk.before(blocks)));
        }
    }
    Ok(None)
}
