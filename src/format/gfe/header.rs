//! The header: decoding it, and unlocking it with a secret.

use super::codec::{AdRule, Codec, NonceRule, Reading};
use super::damaged;
use super::frames::GfeFrames;
use super::{CHUNK_MAX, Gfe, HEADER_LEN, MAGIC, NONCE_LEN, PREFIX_LEN, STREAM_MARK, VERSION, key};
use crate::aead::{Algorithm, TAG_LEN};
use crate::format::{
    ChunkMap, Claim, Description, Field, FirstChunk, Format, Frames, Header, Limits, Payload,
    Proof, Untried,
};
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, Hint, Identity};
use std::sync::Arc;

/// The meaning of the size field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 1 … 2⁶³−1: the plaintext has exactly this many bytes.
    Known(u64),
    /// 0, as go-fileencrypt writes for a stream: the end of the file is not authenticated.
    Unknown,
    /// 2⁶³ + chunk: a stream whose every chunk but the last has `chunk` bytes, and the last fewer.
    Stream {
        /// Plaintext bytes in a chunk, 1 … [`CHUNK_MAX`].
        chunk: u64,
    },
}

impl Size {
    pub(super) fn known(size: u64) -> Result<Self, Error> {
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

    pub(super) fn encode(self) -> [u8; 8] {
        match self {
            Self::Known(size) => size,
            Self::Unknown => 0,
            Self::Stream { chunk } => STREAM_MARK + chunk,
        }
        .to_be_bytes()
    }
}

/// A base nonce can have a counter part below this. Then the number of a chunk can be added to it, or replace it, and
/// only the first chunk shows which.
const AMBIGUOUS: u32 = 1 << 24;

/// A GFE header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GfeHeader {
    /// The base nonce.
    pub nonce: [u8; NONCE_LEN],
    /// The meaning of the size field.
    pub size: Size,
}

impl GfeHeader {
    /// Decodes the first [`HEADER_LEN`] bytes of a file, and ignores the rest.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], [`Error::Unsupported`] for another version, [`Error::Malformed`] for an impossible
    /// size field, [`Error::Truncated`] if `head` is too short.
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        match Gfe.probe(head) {
            Claim::Yes => {}
            Claim::TooShort => return Err(header_truncated(head.len())),
            Claim::No => return Err(crate::format::not_this(&Gfe)),
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

    /// Returns the header's bytes.
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

impl GfeHeader {
    /// Returns what the tags prove. With an additive nonce, a chunk has the nonce of the chunk before it in a file
    /// whose base is one more. So a file without its first chunks looks whole, and only an authenticated size shows
    /// that it is not.
    fn proof(&self, reading: Reading, first: usize) -> Proof {
        match (reading.nonce, reading.ad, self.size) {
            (NonceRule::CounterSuffix, _, _) => Proof::Chunks,
            (NonceRule::Additive, AdRule::Size, Size::Known(size)) => {
                let overhead = PREFIX_LEN + TAG_LEN;
                // If all chunks are as long as the first.
                let chunk = (first - overhead) as u64;
                let chunks = size.div_ceil(chunk.max(1));
                match chunks
                    .checked_mul(overhead as u64)
                    .and_then(|more| more.checked_add(size))
                {
                    Some(body_len) => Proof::WholeFile { body_len },
                    None => Proof::AnyStart,
                }
            }
            (NonceRule::Additive, _, _) => Proof::AnyStart,
        }
    }

    /// Returns whether a chunk's nonce can be that of another chunk under the other nonce rule.
    fn is_ambiguous(&self) -> bool {
        let [.., a, b, c, d] = self.nonce;
        let streams = matches!(self.size, Size::Stream { .. });
        !streams && (1..AMBIGUOUS).contains(&u32::from_be_bytes([a, b, c, d]))
    }

    /// Returns what a file with this reading does not protect.
    fn warnings(&self, reading: Reading) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.size == Size::Unknown {
            warnings.push(UNKNOWN_SIZE.to_owned());
        } else if reading.ad == AdRule::None {
            warnings.push(
                "the length is not authenticated: this file's chunks do not vouch for its size field"
                    .to_owned(),
            );
        }
        if reading.nonce == NonceRule::Additive
            && let Some(warning) = warnings.first_mut()
        {
            // A chunk has the nonce of the chunk before it in a file whose base is one more.
            warning.push_str("; chunks may be missing at the beginning too");
        }
        warnings
    }
}

impl Header for GfeHeader {
    fn size(&self) -> usize {
        HEADER_LEN
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        Box::new(GfeFrames::new(self.size))
    }

    /// The header of a file of known size does not have the chunk size. The first chunk shows it, and the key
    /// authenticates it; each further chunk must be as long.
    fn chunk_map(&self, _limits: &Limits, lead: &[u8]) -> Result<ChunkMap, Error> {
        let chunk = match self.size {
            Size::Stream { chunk } => chunk,
            Size::Known(_) => {
                let first = GfeFrames::new(self.size).next(HEADER_LEN as u64, lead)?;
                let overhead = PREFIX_LEN + TAG_LEN;
                first.unwrap_or_default().saturating_sub(overhead) as u64
            }
            Size::Unknown => {
                return Err(Error::usage_hint(
                    "this GFE file declares no size, so its chunks need not have one length and can \
                     only be found one after the other",
                    Hint::OpenWhole,
                ));
            }
        };
        Ok(damaged::map(self.size, chunk))
    }

    fn chunk_maps(
        &self,
        _limits: &Limits,
        body: Positioned<'_, dyn ReadAt + '_>,
    ) -> Result<Vec<ChunkMap>, Error> {
        damaged::maps(self.size, body)
    }

    fn unlock_untried(&self, identity: &Identity<'_>) -> Result<Vec<Untried>, Error> {
        let key = key(identity.secret()?)?;
        let readings = Reading::of(self.size).iter();
        Ok(readings
            .map(|&reading| Untried {
                payload: Payload {
                    layers: Vec::new(),
                    codec: Arc::new(Codec::new(&key, self, reading)),
                    key_proven: false,
                    reading: reading.describe(),
                    warnings: self.warnings(reading),
                    proof: match reading.nonce {
                        NonceRule::CounterSuffix => Proof::Chunks,
                        // A damaged file is never authentic as a whole.
                        NonceRule::Additive => Proof::AnyStart,
                    },
                },
                fault: None,
                first_decides: reading.nonce == NonceRule::CounterSuffix && self.is_ambiguous(),
            })
            .collect())
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let key = key(secret)?;
        let Some(first) = first else {
            return Ok(Payload {
                layers: Vec::new(),
                codec: Arc::new(Codec::new(&key, self, Reading::ALL[0])),
                key_proven: false,
                reading: "no chunk to try the key on".to_owned(),
                warnings: Vec::new(),
                proof: Proof::Nothing,
            });
        };
        for &reading in Reading::of(self.size) {
            let codec = Codec::new(&key, self, reading);
            if let Some(chunk) = FirstChunk::try_open(&codec, HEADER_LEN, None, first)? {
                return Ok(Payload {
                    layers: Vec::new(),
                    codec: chunk.before(codec),
                    key_proven: true,
                    reading: reading.describe(),
                    warnings: self.warnings(reading),
                    proof: self.proof(reading, first.len()),
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
                "the end of the file: a cut between two chunks cannot be noticed",
                "not protected",
                vec![UNKNOWN_SIZE.to_owned()],
            ),
            Size::Stream { .. } => (
                "short-chunk",
                "the first chunk that is shorter than the others",
                "protected: a mark in the size field, associated data of every chunk, demands a short \
                 last chunk",
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
            layers: None,
            mode: None,
            authenticated: "the size field (bytes 16-23), as associated data; the base nonce \
                            (bytes 4-11), by its use"
                .to_owned(),
            derivations: Vec::new(),
            warnings,
            stanzas: Vec::new(),
            post_quantum: None,
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
