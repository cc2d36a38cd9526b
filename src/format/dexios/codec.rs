//! The blocks behind the header: STREAM in little-endian 31-bit form, or one block in memory.

use super::header::{DexiosHeader, Mode};
use crate::aead::{Aead, TAG_LEN, Tag};
use crate::format::{
    BadEnd, ChunkId, End, FRAME_MAX, Frames, Layout, Limits, OpenChunk, SealChunk, Uniform,
};
use crate::try_alloc;
use crate::{Error, Hint};
use std::ops::Range;

/// Plaintext bytes in each block of a stream but the last.
pub(super) const BLOCK_LEN: usize = 1 << 20;
/// The nonce has 31 bits for the block's number. (Dexios does not use the last number.)
pub(super) const MAX_BLOCKS: u64 = (1 << 31) - 1;
/// Set in the nonce of the last block.
const LAST: u32 = 1 << 31;

/// The AEAD work on blocks.
pub(super) struct Blocks {
    aead: Aead,
    mode: Mode,
    /// The nonce of the header: a prefix in stream mode, whole in memory mode.
    nonce: Vec<u8>,
    ad: Vec<u8>,
}

impl Blocks {
    pub fn new(aead: Aead, header: &DexiosHeader, ad: Vec<u8>) -> Self {
        Self {
            aead,
            mode: header.mode,
            nonce: header.nonce.clone(),
            ad,
        }
    }

    /// Returns the nonce of a block. The caller ensures that its number is below 2³¹.
    fn nonce(&self, id: ChunkId) -> Vec<u8> {
        let mut nonce = self.nonce.clone();
        if self.mode == Mode::Stream {
            let last = if id.last { LAST } else { 0 };
            nonce.extend_from_slice(&(id.index as u32 | last).to_le_bytes());
        }
        nonce
    }
}

impl SealChunk for Blocks {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        // Nonces are unique: the master key is random and only for this file, and the number counts.
        if id.index >= MAX_BLOCKS {
            return Err(Error::usage("Dexios numbers no more than 2^31 - 1 blocks"));
        }
        let (plaintext, room) = frame
            .split_last_chunk_mut::<TAG_LEN>()
            .expect("the layout leaves room for the tag");
        *room = self
            .aead
            .seal(&self.nonce(id), &self.ad, plaintext)
            .expect("the nonce has the algorithm's length, and a block is no long message");
        Ok(())
    }
}

impl OpenChunk for Blocks {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN; // the walk lets nothing shorter pass
        let (body, tag) = frame.split_at_mut(end);
        let tag: &Tag = (&*tag).try_into().expect("16 bytes were split off");
        self.aead
            .open(&self.nonce(id), &self.ad, body, tag)
            .map_err(|_| id.not_authentic())?;
        Ok(0..end)
    }
}

/// One block in memory whose associated data has one of two field orders (version 3).
pub(super) struct EitherBlock(pub Blocks, pub Blocks);

impl OpenChunk for EitherBlock {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        // A failed attempt wipes its buffer.
        let mut copy = try_alloc::copy(frame)?;
        match self.0.open(id, &mut copy) {
            Ok(range) => {
                frame.copy_from_slice(&copy);
                Ok(range)
            }
            Err(_) => self.1.open(id, frame),
        }
    }
}

/// The geometry of stream mode.
pub(super) const LAYOUT: Layout = Layout {
    chunk: BLOCK_LEN,
    prefix: 0,
    suffix: TAG_LEN,
    end: End::Short,
    max_chunks: MAX_BLOCKS,
};

/// The geometry of memory mode, for a file with `stored` bytes behind the header.
pub(super) fn only_block(stored: usize) -> Layout {
    Layout {
        chunk: stored.saturating_sub(TAG_LEN).max(1),
        end: End::Full,
        max_chunks: 1,
        ..LAYOUT
    }
}

/// The geometry of stream mode, with its own messages.
pub(super) fn uniform() -> Uniform {
    Uniform::new(LAYOUT, "the input").chunks_called("block", Some("2^31 - 1"))
}

/// Walks the blocks.
pub(super) fn frames(mode: Mode, limits: &Limits) -> Box<dyn Frames> {
    match mode {
        Mode::Stream => uniform().frames(),
        Mode::Memory => Box::new(OneBlock {
            limits: *limits,
            ended: false,
        }),
    }
}

/// The one block of memory mode, which reaches to the end of the file.
struct OneBlock {
    limits: Limits,
    /// Whether the end of the file was reached.
    ended: bool,
}

impl Frames for OneBlock {
    fn prefix_len(&self) -> usize {
        1
    }

    fn prefix_has_length(&self) -> bool {
        false
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        match (lead.is_empty(), self.ended) {
            (true, true) => Ok(None),
            (true, false) => Err(Error::truncated(offset, "the last block is missing")),
            (false, _) => Ok(Some(FRAME_MAX)),
        }
    }

    fn short_at_eof(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        if got < TAG_LEN {
            let end = BadEnd::InsideTag { end: got as u64 };
            return Err(uniform().error(end, offset));
        }
        self.ended = true;
        Ok(())
    }

    fn overhead(&self) -> usize {
        TAG_LEN
    }

    fn largest(&self) -> u64 {
        self.limits.input_len.unwrap_or(self.limits.memory)
    }

    fn too_large(&self, memory: u64) -> Error {
        Error::usage_hint(
            format!(
                "the file was made in memory mode, in one piece that needs more than {memory} \
                 bytes of memory"
            ),
            Hint::MoreMemory,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_blocks_than_have_a_number() {
        let block = (BLOCK_LEN + TAG_LEN) as u64;
        let all = MAX_BLOCKS * block;
        assert!(LAYOUT.count(all - block + TAG_LEN as u64).is_ok());
        let bad = LAYOUT.count(all + 20).unwrap_err();
        let error = uniform().error(bad, 416);
        assert_eq!(error.offset(), Some(416 + all));
        let text = error.to_string();
        assert!(text.contains("more than 2^31 - 1 blocks"), "{text}");
    }
}
