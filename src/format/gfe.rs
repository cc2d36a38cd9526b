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
//! The format's document and its program (checked with v0.1.2) differ in two places, so a file is
//! read in four ways and the first that authenticates the first chunk is kept ([`Reading`]):
//!
//! - the nonce of chunk *i* is the base with its last four bytes replaced by *i* (the program), or
//!   the 96-bit sum of base and *i* (the document);
//! - the associated data is the size field (the program), or nothing (a reader of the document
//!   that misses the sentence about the size).
//!
//! What is written here has a base nonce that ends in four zero bytes, so that both nonce rules
//! agree on every chunk, and the size field as associated data.
//!
//! The size field takes three shapes ([`Size`]). The third is this project's own, for streams: the
//! program takes it as "size unknown" and opens such files, and here it makes the end of the
//! stream authenticated.

use super::{
    ChunkId, Claim, Description, End, Field, Format, Frames, Header, Layout, Limits, OpenChunk,
    SealChunk, SealRequest, Sealer, Unlocked,
};
use crate::aead::{Aead, Algorithm, KEY_LEN, TAG_LEN, Tag};
use crate::secret::without_line_end;
use crate::{Error, Secret};
use std::ops::Range;
use zeroize::Zeroizing;

/// The first bytes of every GFE file.
pub const MAGIC: &[u8; 3] = b"GFE";
/// The only version.
pub const VERSION: u8 = 1;
/// Length of the header in bytes.
pub const HEADER_LEN: usize = 24;
/// Plaintext bytes a chunk, where nothing else is asked for.
pub const CHUNK_DEFAULT: u64 = 1 << 20;
/// The most plaintext bytes a chunk may have.
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

    fn claims(&self, head: &[u8]) -> Claim {
        if head.starts_with(MAGIC) {
            Claim::Yes
        } else if MAGIC.starts_with(head) {
            Claim::TooShort
        } else {
            Claim::No
        }
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(GfeHeader::decode(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let [secret] = request.secrets else {
            return Err(Error::usage_hint(
                "GFE has no key slots, and so takes one key",
                "for several, choose --format dexios",
            ));
        };
        if request.algorithm.is_some_and(|a| a != Algorithm::Aes256Gcm) {
            return Err(Error::usage("GFE has no AEAD but AES-256-GCM"));
        }
        if request.kdf.is_some() {
            return Err(Error::usage_hint(
                "GFE hashes no key itself",
                "--kdf goes with a passphrase and --salt",
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
            // An empty file of known size would hold no chunk, and so nothing authenticated.
            None | Some(0) => Size::Stream { chunk },
            Some(size) => Size::known(size)?,
        };
        if let Size::Known(size) = size
            && size.div_ceil(chunk) > MAX_CHUNKS
        {
            return Err(too_many_chunks());
        }
        let mut nonce = [0; NONCE_LEN];
        // The last four bytes stay zero: there both nonce rules put the chunk's number.
        (request.random)(&mut nonce[..8])?;
        let header = GfeHeader { nonce, size };
        let reading = Reading {
            nonce: NonceRule::Replace,
            ad: AdRule::Size,
        };
        Ok(Sealer {
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
        })
    }
}

/// The GFE key that a secret holds: 32 bytes as they are, or their 64 hexadecimal digits or 44
/// base64 characters with an optional line end; or what a KDF makes of a passphrase and a salt.
///
/// # Errors
/// [`Error::Secret`] for every other shape; it tells how long the secret was and how to make one.
pub fn key(secret: &Secret) -> Result<Zeroizing<[u8; KEY_LEN]>, Error> {
    if secret.is_passphrase() {
        return secret.derived_key().unwrap_or_else(|| {
            Err(Error::usage_hint(
                "GFE keeps no salt, so a passphrase alone makes no key",
                "give the salt kept beside the file with --salt @FILE (and --kdf), or use -k",
            ))
        });
    }
    let bytes = secret.as_bytes();
    let mut key = Zeroizing::new([0; KEY_LEN]);
    if bytes.len() == KEY_LEN {
        key.copy_from_slice(bytes);
        return Ok(key);
    }
    let text = without_line_end(bytes);
    // Both decoders take constant time for their lengths.
    let decoded = match text.len() {
        64 => base16ct::mixed::decode(text, key.as_mut()).is_ok(),
        44 => std::str::from_utf8(text).is_ok_and(|text| {
            use base64ct::Encoding;
            base64ct::Base64::decode(text, key.as_mut()).is_ok_and(|key| key.len() == KEY_LEN)
        }),
        _ => false,
    };
    if decoded {
        return Ok(key);
    }
    Err(Error::Secret {
        what: format!(
            "not a GFE key: {} long; a key is 32 raw bytes, or 64 hexadecimal digits \
             or 44 base64 characters of them",
            match bytes.len() {
                1 => "1 byte".to_owned(),
                n => format!("{n} bytes"),
            }
        ),
        hint: Some("make one with 'fetool keygen -o KEYFILE'".to_owned()),
    })
}

fn too_many_chunks() -> Error {
    Error::usage_hint(
        "the input needs more than 2^32 chunks, and GFE numbers no more",
        "choose larger chunks with --chunk-size",
    )
}

/// What the size field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 1 … 2⁶³−1: the plaintext has just this many bytes.
    Known(u64),
    /// 0, as go-fileencrypt writes for a stream: the end of the file is not authenticated.
    Unknown,
    /// 2⁶³ + chunk: a stream whose every chunk but the last has `chunk` bytes, and the last fewer.
    Stream {
        /// Plaintext bytes a chunk, 1 … [`CHUNK_MAX`].
        chunk: u64,
    },
}

impl Size {
    fn known(size: u64) -> Result<Self, Error> {
        if size < STREAM_MARK {
            Ok(Self::Known(size))
        } else {
            Err(Error::usage(format!(
                "GFE holds at most 2^63 - 1 bytes, not {size}"
            )))
        }
    }

    fn decode(field: u64) -> Result<Self, Error> {
        match field {
            0 => Ok(Self::Unknown),
            1..STREAM_MARK => Ok(Self::Known(field)),
            _ if (1..=CHUNK_MAX).contains(&(field - STREAM_MARK)) => Ok(Self::Stream {
                chunk: field - STREAM_MARK,
            }),
            _ => Err(Error::malformed(
                16,
                format!("invalid size field {field:#018x}: neither a size nor a stream's mark"),
            )),
        }
    }

    fn encode(self) -> [u8; 8] {
        match self {
            Self::Known(size) => size,
            Self::Unknown => 0,
            Self::Stream { chunk } => STREAM_MARK + chunk,
        }
        .to_be_bytes()
    }
}

/// A GFE header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GfeHeader {
    /// The base nonce.
    pub nonce: [u8; NONCE_LEN],
    /// What the size field says.
    pub size: Size,
}

impl GfeHeader {
    /// Decodes the first [`HEADER_LEN`] bytes of a file; more are not looked at.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], [`Error::Unsupported`] for another version, [`Error::Malformed`]
    /// for an impossible size field, [`Error::Truncated`] when `head` is too short.
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        match Gfe.claims(head) {
            Claim::Yes => {}
            Claim::TooShort => return Err(header_truncated(head.len())),
            Claim::No => return Err(Error::UnknownFormat),
        }
        if let Some(&version) = head.get(MAGIC.len())
            && version != VERSION
        {
            return Err(Error::Unsupported(format!(
                "unsupported version {version} of GFE: only version {VERSION} is known"
            )));
        }
        let Some(head) = head.first_chunk::<HEADER_LEN>() else {
            return Err(header_truncated(head.len()));
        };
        let (nonce, size) = head[4..].split_at(NONCE_LEN);
        Ok(Self {
            nonce: nonce.try_into().expect("12 bytes were split off"),
            size: Size::decode(u64::from_be_bytes(
                size.try_into().expect("8 bytes are left"),
            ))?,
        })
    }

    /// The header's bytes.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..3].copy_from_slice(MAGIC);
        bytes[3] = VERSION;
        bytes[4..16].copy_from_slice(&self.nonce);
        bytes[16..].copy_from_slice(&self.size.encode());
        bytes
    }
}

fn header_truncated(len: usize) -> Error {
    Error::truncated(len as u64, "the input ends inside the header")
}

/// How the number of a chunk enters its nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceRule {
    /// `base[0..8] ‖ u32 BE i`: the program.
    Replace,
    /// `base + i`, a 96-bit big-endian sum: the document.
    Sum,
}

/// What the associated data of every chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdRule {
    /// The eight bytes of the size field: the program.
    Size,
    /// Nothing: a reader of the document alone.
    None,
}

/// One of the four ways to read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How nonces are made.
    pub nonce: NonceRule,
    /// What the associated data is.
    pub ad: AdRule,
}

impl Reading {
    /// All four, in the order in which they are tried.
    pub const ALL: [Self; 4] = {
        use NonceRule::{Replace, Sum};
        [
            Self {
                nonce: Replace,
                ad: AdRule::Size,
            },
            Self {
                nonce: Sum,
                ad: AdRule::Size,
            },
            Self {
                nonce: Replace,
                ad: AdRule::None,
            },
            Self {
                nonce: Sum,
                ad: AdRule::None,
            },
        ]
    };

    fn describe(self) -> String {
        format!(
            "{}, {}",
            match self.nonce {
                NonceRule::Replace => "the chunk's number replaces the nonce's last 4 bytes",
                NonceRule::Sum => "the chunk's number is added to the nonce",
            },
            match self.ad {
                AdRule::Size => "the size field is associated data",
                AdRule::None => "no associated data",
            }
        )
    }
}

impl NonceRule {
    /// The nonce of chunk `index`. Callers make sure that `index` is below 2³².
    fn nonce(self, base: &[u8; NONCE_LEN], index: u64) -> [u8; NONCE_LEN] {
        let mut nonce = *base;
        match self {
            Self::Replace => nonce[8..].copy_from_slice(&(index as u32).to_be_bytes()),
            Self::Sum => {
                let mut carry = index;
                for byte in nonce.iter_mut().rev() {
                    let sum = u64::from(*byte) + (carry & 0xff);
                    *byte = sum as u8;
                    carry = (carry >> 8) + (sum >> 8);
                }
            }
        }
        nonce
    }
}

/// The AEAD work on GFE chunks, under one key, header and reading.
struct Codec {
    aead: Aead,
    base: [u8; NONCE_LEN],
    nonce: NonceRule,
    ad: Vec<u8>,
}

impl Codec {
    fn new(key: &[u8; KEY_LEN], header: &GfeHeader, reading: Reading) -> Self {
        Self {
            aead: Aead::new(Algorithm::Aes256Gcm, key),
            base: header.nonce,
            nonce: reading.nonce,
            ad: match reading.ad {
                AdRule::Size => header.size.encode().to_vec(),
                AdRule::None => Vec::new(),
            },
        }
    }
}

impl SealChunk for Codec {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        // Nonces are unique under a key: 64 random bits for the file, and 32 that count chunks.
        if id.index >= MAX_CHUNKS {
            return Err(too_many_chunks());
        }
        let nonce = self.nonce.nonce(&self.base, id.index);
        let (prefix, body) = frame.split_at_mut(PREFIX_LEN);
        prefix.copy_from_slice(&(body.len() as u32).to_be_bytes()); // at most CHUNK_MAX + 16
        let (plaintext, room) = body
            .split_last_chunk_mut::<TAG_LEN>()
            .expect("the layout leaves room for the tag");
        *room = self
            .aead
            .seal(&nonce, &self.ad, plaintext)
            .expect("12-byte nonce, and a chunk far below the limit of GCM");
        Ok(())
    }
}

impl OpenChunk for Codec {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let nonce = self.nonce.nonce(&self.base, id.index);
        let end = frame.len() - TAG_LEN;
        let (body, tag) = frame.split_at_mut(end);
        let tag: &Tag = (&*tag).try_into().expect("16 bytes were split off");
        self.aead
            .open(&nonce, &self.ad, &mut body[PREFIX_LEN..], tag)
            .map_err(|_| Error::Authentication {
                chunk: id.index,
                offset: id.offset,
            })?;
        Ok(PREFIX_LEN..end)
    }
}

impl Header for GfeHeader {
    fn size(&self) -> usize {
        HEADER_LEN
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        Box::new(GfeFrames::new(self.size))
    }

    fn unlock(&self, secret: &Secret, first: Option<&[u8]>) -> Result<Unlocked, Error> {
        let key = key(secret)?;
        let Some(first) = first else {
            return Ok(Unlocked {
                codec: Box::new(Codec::new(&key, self, Reading::ALL[0])),
                reading: "no chunk to try the key on".to_owned(),
                warnings: vec![
                    "the file holds no chunk: nothing in it is authenticated, and anyone can make \
                     one like it"
                        .to_owned(),
                ],
            });
        };
        let id = ChunkId {
            index: 0,
            last: false,
            offset: HEADER_LEN as u64,
        };
        for reading in Reading::ALL {
            let codec = Codec::new(&key, self, reading);
            if codec.open(id, &mut first.to_vec()).is_ok() {
                let mut warnings = Vec::new();
                if self.size == Size::Unknown {
                    warnings.push(UNKNOWN_SIZE.to_owned());
                } else if reading.ad == AdRule::None {
                    warnings.push(
                        "the length is not authenticated: this file's chunks do not vouch for \
                         its size field"
                            .to_owned(),
                    );
                }
                return Ok(Unlocked {
                    codec: Box::new(codec),
                    reading: reading.describe(),
                    warnings,
                });
            }
        }
        Err(Error::Authentication {
            chunk: 0,
            offset: HEADER_LEN as u64,
        })
    }

    fn describe(&self) -> Description {
        let field = self.size.encode();
        let (end, end_meaning, length_protection, warnings) = match self.size {
            Size::Known(_) => (
                "declared-size",
                "after as many bytes as the header declares",
                "declared in the header, and associated data of every chunk (go-fileencrypt and \
                 fetool write it so; opening tells)",
                vec![],
            ),
            Size::Unknown => (
                "none",
                "where the file ends: a cut between two chunks cannot be noticed",
                "not protected",
                vec![UNKNOWN_SIZE.to_owned()],
            ),
            Size::Stream { .. } => (
                "short-chunk",
                "with the first chunk that is shorter than the others",
                "by the short last chunk, demanded by a mark in the size field that is associated \
                 data of every chunk",
                vec![],
            ),
        };
        Description {
            version: Some(VERSION.into()),
            algorithm: Algorithm::Aes256Gcm.name(),
            chunk_size: match self.size {
                Size::Stream { chunk } => Some(chunk),
                _ => None,
            },
            declared_size: match self.size {
                Size::Known(size) => Some(size),
                _ => None,
            },
            length_protection: length_protection.to_owned(),
            end,
            end_meaning: end_meaning.to_owned(),
            mode: None,
            authenticated: "the size field (bytes 16-23), as associated data; the base nonce \
                            (bytes 4-11), by its use"
                .to_owned(),
            derivations: Vec::new(),
            warnings,
            fields: vec![
                Field {
                    bytes: MAGIC.to_vec(),
                    name: "magic",
                    meaning: "\"GFE\"".to_owned(),
                },
                Field {
                    bytes: vec![VERSION],
                    name: "version",
                    meaning: VERSION.to_string(),
                },
                Field {
                    bytes: self.nonce[..8].to_vec(),
                    name: "base nonce",
                    meaning: "random, the same for every chunk".to_owned(),
                },
                Field {
                    bytes: self.nonce[8..].to_vec(),
                    name: "base nonce, counter part",
                    meaning: if self.nonce[8..] == [0; 4] {
                        "zero: both nonce rules agree; the chunk's number goes here".to_owned()
                    } else {
                        "replaced by the chunk's number, or added to it".to_owned()
                    },
                },
                Field {
                    bytes: field.to_vec(),
                    name: "plaintext size",
                    meaning: match self.size {
                        Size::Known(size) => format!("{size} bytes"),
                        Size::Unknown => "0: unknown".to_owned(),
                        Size::Stream { chunk } => {
                            format!(
                                "2^63 + {chunk}: a stream of {chunk}-byte chunks that ends itself"
                            )
                        }
                    },
                },
            ],
        }
    }
}

const UNKNOWN_SIZE: &str =
    "the length is not authenticated: a cut between two chunks cannot be noticed";

/// The structure of a GFE file behind its header.
struct GfeFrames {
    size: Size,
    /// Frames announced so far.
    count: u64,
    /// Plaintext bytes announced so far.
    plaintext: u64,
    /// A short chunk was announced, so a self-ending stream must end behind it.
    ended: bool,
}

impl GfeFrames {
    fn new(size: Size) -> Self {
        Self {
            size,
            count: 0,
            plaintext: 0,
            ended: false,
        }
    }

    fn complete(&self) -> bool {
        match self.size {
            Size::Known(size) => self.plaintext == size,
            Size::Unknown => true,
            Size::Stream { .. } => self.ended,
        }
    }

    fn end(&self, offset: u64) -> Result<Option<usize>, Error> {
        if self.complete() {
            return Ok(None);
        }
        let missing = match self.size {
            Size::Known(size) => format!(
                "{} of {size} plaintext bytes are missing",
                size - self.plaintext
            ),
            _ => "the stream's last chunk is missing".to_owned(),
        };
        Err(Error::truncated(offset, missing))
    }

    /// Checks a length field and returns how much plaintext it announces.
    fn announced(&self, offset: u64, field: u32) -> Result<u64, Error> {
        let invalid = |why: &str| {
            Err(Error::malformed(
                offset,
                format!("invalid chunk size {field}: {why}"),
            ))
        };
        let Some(plaintext) = u64::from(field).checked_sub(TAG_LEN as u64) else {
            return invalid("shorter than its tag");
        };
        if plaintext > CHUNK_MAX {
            return invalid("more than 10 MiB and a tag");
        }
        match self.size {
            Size::Stream { chunk } if plaintext > chunk => {
                invalid("longer than the stream's other chunks")
            }
            Size::Stream { .. } => Ok(plaintext),
            _ if plaintext == 0 => invalid("an empty chunk"),
            // `plaintext` so far is never more than the size, see below.
            Size::Known(size) if plaintext > size - self.plaintext => {
                invalid("the chunks hold more than the header declares")
            }
            _ => Ok(plaintext),
        }
    }
}

impl Frames for GfeFrames {
    fn lead(&self) -> usize {
        PREFIX_LEN
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        if lead.is_empty() {
            return self.end(offset);
        }
        if self.complete() && self.size != Size::Unknown {
            return Err(Error::malformed(offset, "data after the last chunk"));
        }
        let Some(field) = lead.first_chunk::<PREFIX_LEN>() else {
            return Err(Error::truncated(
                offset + lead.len() as u64,
                "the input ends inside a chunk's length field",
            ));
        };
        if self.count == MAX_CHUNKS {
            return Err(Error::malformed(offset, "more than 2^32 chunks"));
        }
        let plaintext = self.announced(offset, u32::from_be_bytes(*field))?;
        if let Size::Stream { chunk } = self.size {
            self.ended = plaintext < chunk;
        }
        let len = PREFIX_LEN + plaintext as usize + TAG_LEN;
        self.count += 1;
        // 2³² chunks of 10 MiB are far below 2⁶⁴ bytes.
        self.plaintext += plaintext;
        Ok(Some(len))
    }

    fn overhead(&self) -> usize {
        PREFIX_LEN + TAG_LEN
    }
}
