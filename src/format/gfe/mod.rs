//! GFE version 1, the format of go-fileencrypt: AES-256-GCM over length-prefixed chunks.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 3 | magic `GFE` |
//! | 3 | 1 | version, 1 |
//! | 4 | 12 | base nonce |
//! | 16 | 8 | plaintext size, big-endian |
//! | 24 | … | frames: big-endian u32 length of ciphertext and tag, ciphertext, 16-byte tag |
//!
//! The format's document and its program (checked with v0.1.2) differ in two places. So fetool reads a file in four
//! ways, and keeps the first that authenticates the first chunk ([`Reading`]):
//!
//! - the nonce of chunk *i* is the base with its last four bytes replaced by *i* (the program), or
//!   the 96-bit sum of base and *i* (the document);
//! - the associated data is the size field (the program), or nothing (a reader of the document
//!   that misses the sentence about the size).
//!
//! fetool writes a base nonce that ends in four zero bytes, so that both nonce rules agree on every chunk, and the size
//! field as associated data.
//!
//! The size field has three forms ([`Size`]). The third is fetool's own, for streams: the program takes it as "size
//! unknown" and opens such files, and fetool authenticates the end of the stream with it. Of the four readings, only
//! the program's is tried on such a file.
//!
//! ```
//! use fetool::format::gfe::{
//!     AdRule, CHUNK_DEFAULT, CHUNK_MAX, Gfe, GfeAdditive, GfeHeader, HEADER_LEN, MAGIC, NonceRule, Reading, Size,
//!     VERSION, key,
//! };
//! use fetool::{Open, Seal, Secret};
//!
//! let secret = Secret::key("07".repeat(32));
//! assert_eq!(*key(&secret)?, [7; 32]);
//!
//! let mut sealed = Vec::new();
//! Seal::new(&secret).format(&Gfe).chunk_size(Some(CHUNK_MAX)).run(&[1; 1000][..], &mut sealed)?;
//! assert_eq!((&sealed[..3], sealed[3]), (MAGIC.as_slice(), VERSION));
//! let header = GfeHeader::decode(&sealed[..HEADER_LEN])?;
//! assert_eq!(header.size, Size::Stream { chunk: CHUNK_MAX });
//! assert!(CHUNK_DEFAULT < CHUNK_MAX);
//!
//! // Both nonce rules read what is written here; only the first of the four readings is tried on a stream.
//! assert_eq!(Reading::ALL[0], Reading { nonce: NonceRule::CounterSuffix, ad: AdRule::Size });
//! Open::new(&secret).format(Some(&GfeAdditive)).run(&sealed[..], std::io::sink())?;
//! # Ok::<(), fetool::Error>(())
//! ```

mod additive;
mod codec;
mod damaged;
mod frames;
mod header;

pub use additive::GfeAdditive;
pub use codec::{AdRule, NonceRule, Reading};
pub use header::{GfeHeader, Size};

use super::{Claim, End, Format, Header, Layout, NewFiles, SealRequest, Sealer, many_files};
use crate::aead::{Algorithm, KEY_LEN, TAG_LEN};
use crate::kdf::{Derivation, Kdf, Key};
use crate::secret::without_line_end;
use crate::{Error, Hint, Secret};
use codec::Codec;

/// The first bytes of every GFE file.
pub const MAGIC: &[u8; 3] = b"GFE";
/// The only version.
pub const VERSION: u8 = 1;
/// Length of the header in bytes.
pub const HEADER_LEN: usize = 24;
/// Plaintext bytes in a chunk by default.
pub const CHUNK_DEFAULT: u64 = 1 << 20;
/// The maximum number of plaintext bytes in a chunk.
pub const CHUNK_MAX: u64 = 10 << 20;

const PREFIX_LEN: usize = 4;
const NONCE_LEN: usize = 12;
/// The nonce has 32 bits for the chunk's number.
const MAX_CHUNKS: u64 = 1 << 32;
/// Set in the size field of a stream that ends itself; the chunk size is in the bits below.
const STREAM_MARK: u64 = 1 << 63;

/// The format.
pub struct Gfe;

impl Format for Gfe {
    fn name(&self) -> &'static str {
        "gfe"
    }

    fn title(&self) -> &'static str {
        "GFE (go-fileencrypt)"
    }

    fn suffix(&self) -> &'static str {
        ".gfe"
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::Aes256Gcm]
    }

    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        let kdfs = [Kdf::Argon2id, Kdf::Pbkdf2].into_iter();
        let known = kdfs.filter_map(|kdf| kdf.for_gfe().ok());
        known.map(|derivation| (None, derivation)).collect()
    }

    fn with_additive_nonce(&self) -> Option<&'static dyn Format> {
        Some(&GfeAdditive)
    }

    fn probe(&self, head: &[u8]) -> Claim {
        if head.starts_with(MAGIC) {
            Claim::Yes
        } else if MAGIC.starts_with(head) {
            Claim::TooShort
        } else {
            Claim::No
        }
    }

    fn weaknesses(&self, new: &NewFiles) -> Vec<String> {
        many_files(new.files).into_iter().collect()
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(GfeHeader::decode(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let secret = request.only_secret(self)?;
        request.refuse_algorithms_but(self, Algorithm::Aes256Gcm)?;
        request.refuse_layers(self)?;
        if request.kdf.is_some() {
            return Err(Error::usage_hint(
                "GFE hashes no key itself",
                Hint::KdfNeedsSalt,
            ));
        }
        let chunk = request.chunk_size.unwrap_or(CHUNK_DEFAULT);
        if !(1..=CHUNK_MAX).contains(&chunk) {
            return Err(Error::usage_hint(
                format!("a chunk size of {chunk} bytes does not fit GFE"),
                format!("GFE chunks have 1 to {CHUNK_MAX} bytes (10 MiB)"),
            ));
        }
        let size = match request.size {
            // An empty file of known size would have no chunk, so nothing would be authenticated.
            None | Some(0) => Size::Stream { chunk },
            Some(size) => Size::known(size)?,
        };
        if let Size::Known(size) = size
            && size.div_ceil(chunk) > MAX_CHUNKS
        {
            return Err(too_many_chunks());
        }
        let mut nonce = [0; NONCE_LEN];
        // The last four bytes stay zero: both nonce rules put the chunk's number there.
        (request.random)(&mut nonce[..8])?;
        let header = GfeHeader { nonce, size };
        let reading = Reading {
            nonce: NonceRule::CounterSuffix,
            ad: AdRule::Size,
        };
        Ok(Sealer {
            file_key: None,
            header: header.encode().to_vec(),
            layout: Layout {
                chunk: chunk as usize, // at most CHUNK_MAX
                prefix: PREFIX_LEN,
                suffix: TAG_LEN,
                end: match size {
                    Size::Stream { .. } => End::Short,
                    _ => End::Any,
                },
                max_chunks: MAX_CHUNKS,
            },
            codec: Box::new(Codec::new(&*key(secret)?, &header, reading)),
            layers: Vec::new(),
        })
    }
}
/// Returns the GFE key of a secret: 32 bytes, or their 64 hexadecimal digits or 44 base64 characters with an optional
/// line end, below lines that begin with `#`; or what a KDF derives from a passphrase and a salt.
///
/// # Errors
/// [`Error::Secret`] for anything else; it has the secret's length and says how to make a key.
pub fn key(secret: &Secret) -> Result<Key, Error> {
    if secret.is_passphrase() {
        return secret.derived_key().unwrap_or_else(|| {
            Err(Error::usage_hint(
                "GFE keeps no salt, so a passphrase alone makes no key",
                Hint::GiveSalt,
            ))
        });
    }
    let bytes = secret.as_bytes();
    let mut key = Key::default();
    if bytes.len() == KEY_LEN {
        key.copy_from_slice(bytes);
        return Ok(key);
    }
    let text = without_line_end(without_comments(bytes));
    // Both decoders take constant time for a given length.
    let decoded = match text.len() {
        64 => base16ct::mixed::decode(text, &mut *key).is_ok(),
        44 => std::str::from_utf8(text).is_ok_and(|text| {
            use base64ct::Encoding;
            base64ct::Base64::decode(text, &mut *key).is_ok_and(|key| key.len() == KEY_LEN)
        }),
        _ => false,
    };
    if decoded {
        return Ok(key);
    }
    Err(Error::Secret {
        what: format!(
            "not a GFE key: {}; a key is 32 raw bytes, or 64 hexadecimal digits \
             or 44 base64 characters of them",
            match (bytes.len(), without_line_end(bytes)) {
                (1, _) => "1 byte long".to_owned(),
                (n, text) if text.len() < n && text.iter().all(u8::is_ascii_graphic) => {
                    format!("{} bytes long without its line end", text.len())
                }
                (n, _) => format!("{n} bytes long"),
            }
        ),
        hint: Some(Hint::MakeKey),
    })
}

/// Returns what follows the lines that begin with `#`.
fn without_comments(mut bytes: &[u8]) -> &[u8] {
    while bytes.first() == Some(&b'#') {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        bytes = end.map_or(&[], |end| &bytes[end + 1..]);
    }
    bytes
}

fn too_many_chunks() -> Error {
    Error::usage_hint(
        "the input needs more than 2^32 chunks, and GFE numbers no more",
        Hint::LargerChunks,
    )
}
