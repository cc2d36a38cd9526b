//! The AEAD work on the chunks of one layer.

use super::{CHUNK_LEN, LAYOUT};
use crate::Error;
use crate::aead::fixed_nonce::FixedNonce;
use crate::aead::{KEY_LEN, TAG_LEN, Tag};
use crate::format::{ChunkId, OpenChunk, SealChunk, Uniform};
use std::ops::Range;

pub(super) const NONCE_LEN: usize = 24;

/// One layer's key and nonce.
pub(super) struct Codec(FixedNonce);

impl Codec {
    pub fn new(key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN]) -> Self {
        Self(FixedNonce::new(key, nonce, CHUNK_LEN))
    }

    /// No chunk is longer than the keystream was made for.
    const FITS: &str = "a chunk has 32 KiB at most";
}

impl SealChunk for Codec {
    // Every chunk has the same nonce. That is not safe, but the format demands it.
    fn seal(&self, _id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        let (plaintext, tag) = split_tag_mut(frame);
        *tag = self.0.seal(plaintext).expect(Self::FITS);
        Ok(())
    }

    fn seal_from(
        &self,
        _id: ChunkId,
        plaintext: &[u8],
        _prefix: usize,
        frame: &mut [u8],
    ) -> Result<(), Error> {
        let (ciphertext, tag) = split_tag_mut(frame);
        *tag = self.0.seal_from(plaintext, ciphertext).expect(Self::FITS);
        Ok(())
    }
}

impl OpenChunk for Codec {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let (body, tag) = split_tag_mut(frame);
        self.0.open(body, tag).map_err(|_| id.not_authentic())?;
        Ok(0..body.len())
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        let (body, tag) = frame.split_last_chunk::<TAG_LEN>().expect(HAS_TAG);
        self.0
            .open_into(body, tag, &mut room[..body.len()])
            .map_err(|_| id.not_authentic())?;
        Ok(0..body.len())
    }
}

/// The layout and the walk refuse anything shorter.
const HAS_TAG: &str = "every frame has a tag";

fn split_tag_mut(frame: &mut [u8]) -> (&mut [u8], &mut Tag) {
    frame.split_last_chunk_mut().expect(HAS_TAG)
}

/// Returns the length of the plaintext in chunks that take `len` stored bytes together. `stream` is their name in
/// messages.
///
/// # Errors
/// Those of an impossible last chunk, without an offset.
pub(super) fn plaintext_of(len: u64, stream: &str) -> Result<u64, Error> {
    match LAYOUT.count(len) {
        Ok(count) => Ok(count.plaintext),
        Err(bad) => Err(Uniform::new(LAYOUT, stream).error(bad, 0).at(0)),
    }
}
