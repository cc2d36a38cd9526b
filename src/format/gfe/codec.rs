//! The AEAD work on chunks, in the four readings of the format.

use super::{GfeHeader, MAX_CHUNKS, NONCE_LEN, PREFIX_LEN, Size, too_many_chunks};
use crate::Error;
use crate::aead::{Aead, Algorithm, KEY_LEN, TAG_LEN, Tag};
use crate::format::{ChunkId, OpenChunk, SealChunk};
use std::ops::Range;

/// How the nonce depends on the chunk's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceRule {
    /// `base[0..8] ‖ u32 BE i`, as the program does.
    CounterSuffix,
    /// `base + i`, a 96-bit big-endian sum, as the document says.
    Additive,
}

/// The associated data of every chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdRule {
    /// The eight bytes of the size field, as the program does.
    Size,
    /// Nothing, as who knows the document alone may do.
    None,
}

/// One of the four ways to read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The rule for nonces.
    pub nonce: NonceRule,
    /// The rule for associated data.
    pub ad: AdRule,
}

impl Reading {
    /// All four, in the order in which they are tried.
    pub const ALL: [Self; 4] = {
        use NonceRule::{Additive, CounterSuffix};
        [
            Self {
                nonce: CounterSuffix,
                ad: AdRule::Size,
            },
            Self {
                nonce: Additive,
                ad: AdRule::Size,
            },
            Self {
                nonce: CounterSuffix,
                ad: AdRule::None,
            },
            Self {
                nonce: Additive,
                ad: AdRule::None,
            },
        ]
    };

    /// Returns the readings that are possible with this size field. Only fetool writes streams that end themselves, and
    /// in one way. Trying fewer is not only faster: with an additive nonce, a changed nonce makes a stream without its
    /// first chunks look whole.
    pub(super) fn of(size: Size) -> &'static [Self] {
        match size {
            Size::Stream { .. } => &Self::ALL[..1],
            _ => &Self::ALL,
        }
    }

    pub(super) fn describe(self) -> String {
        format!(
            "{}, {}",
            match self.nonce {
                NonceRule::CounterSuffix => "counter suffix",
                NonceRule::Additive => "additive nonce",
            },
            match self.ad {
                AdRule::Size => "the size field is associated data",
                AdRule::None => "no associated data",
            }
        )
    }
}

impl NonceRule {
    /// Returns the nonce of chunk `index`. The caller ensures that `index` is below 2³².
    fn nonce(self, base: &[u8; NONCE_LEN], index: u64) -> [u8; NONCE_LEN] {
        let mut nonce = *base;
        match self {
            Self::CounterSuffix => nonce[8..].copy_from_slice(&(index as u32).to_be_bytes()),
            Self::Additive => {
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
pub(super) struct Codec {
    aead: Aead,
    base: [u8; NONCE_LEN],
    nonce: NonceRule,
    ad: Vec<u8>,
}

impl Codec {
    pub fn new(key: &[u8; KEY_LEN], header: &GfeHeader, reading: Reading) -> Self {
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
        // Nonces are unique under a key: 64 random bits for each file, and 32 bits that count chunks.
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
            .map_err(|_| id.not_authentic())?;
        Ok(PREFIX_LEN..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_nonce_rules_in_all_their_bytes() {
        let bases = [
            [0; NONCE_LEN],
            [0xFF; NONCE_LEN],
            *b"\x01base\xfe\xff\xff\x80\x00\xff\x7f",
        ];
        for base in bases {
            for index in [0, 1, 0xFF, 0x100, 0xFFFF, 0x0102_0304, 0xFFFF_FFFF] {
                let mut wide = [0; 16];
                wide[4..].copy_from_slice(&base);
                let sum = u128::from_be_bytes(wide) + u128::from(index);
                let nonce = NonceRule::Additive.nonce(&base, index);
                assert_eq!(nonce, sum.to_be_bytes()[4..], "{base:?} + {index}");
                let nonce = NonceRule::CounterSuffix.nonce(&base, index);
                assert_eq!(nonce[..8], base[..8]);
                assert_eq!(nonce[8..], (index as u32).to_be_bytes());
            }
        }
    }
}
