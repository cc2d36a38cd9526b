//! The blocks behind the header: STREAM in little-endian 31-bit form, or one block in memory.

use super::header::{DexiosHeader, Mode};
use crate::Error;
use crate::aead::{Aead, TAG_LEN, Tag};
use crate::format::{ChunkId, FRAME_MAX, Frames, Limits, OpenChunk, SealChunk};
use crate::memory;
use std::ops::Range;

/// Plaintext bytes a block of a stream, but for the last.
pub(super) const BLOCK_LEN: usize = 1 << 20;
/// The nonce has 31 bits for the block's number. (The last number is not used by Dexios.)
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

    /// The nonce of a block. Callers make sure that its number is below 2³¹.
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
        // Nonces are unique: the master key is random and of this file alone, the number counts.
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

/// One block in memory whose associated data has one of two orders (version 3).
pub(super) struct EitherBlock(pub Blocks, pub Blocks);

impl OpenChunk for EitherBlock {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        // A failed attempt wipes what it worked on.
        let mut copy = memory::copy(frame)?;
        match self.0.open(id, &mut copy) {
            Ok(range) => {
                frame.copy_from_slice(&copy);
                Ok(range)
            }
            Err(_) => self.1.open(id, frame),
        }
    }
}

/// Walks the blocks.
pub(super) struct BlockFrames {
    mode: Mode,
    limits: Limits,
    /// Blocks announced so far.
    count: u64,
    /// The last one was cut short by the end of the file, as the last block must be.
    ended: bool,
}

impl BlockFrames {
    pub fn new(mode: Mode, limits: &Limits) -> Self {
        Self {
            mode,
            limits: *limits,
            count: 0,
            ended: false,
        }
    }
}

impl Frames for BlockFrames {
    fn lead(&self) -> usize {
        1
    }

    fn lead_tells(&self) -> bool {
        false
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        match self.mode {
            _ if lead.is_empty() && self.ended => Ok(None),
            _ if lead.is_empty() => Err(Error::truncated(offset, "the last block is missing")),
            Mode::Stream if self.count == MAX_BLOCKS => {
                Err(Error::malformed(offset, "more than 2^31 - 1 blocks"))
            }
            Mode::Stream => {
                self.count += 1;
                Ok(Some(BLOCK_LEN + TAG_LEN))
            }
            Mode::Memory => {
                self.count += 1;
                // Up to the end of the file, wherever that is.
                Ok(Some(FRAME_MAX))
            }
        }
    }

    fn cut_short(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        if got < TAG_LEN {
            return Err(Error::truncated(
                offset + got as u64,
                "the input ends inside a block's tag",
            ));
        }
        self.ended = true;
        Ok(())
    }

    fn overhead(&self) -> usize {
        TAG_LEN
    }

    fn largest(&self) -> u64 {
        match self.mode {
            Mode::Stream => (BLOCK_LEN + TAG_LEN) as u64,
            Mode::Memory => self.limits.body.unwrap_or(self.limits.memory),
        }
    }

    fn too_large(&self, memory: u64) -> Error {
        Error::usage_hint(
            format!(
                "the file was made in memory mode, in one piece that needs more than {memory} \
                 bytes of memory"
            ),
            "allow more with --max-memory",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_blocks_than_have_a_number() {
        let mut frames = BlockFrames::new(Mode::Stream, &Limits::default());
        frames.count = MAX_BLOCKS - 1;
        let block = BLOCK_LEN + TAG_LEN;
        assert_eq!(frames.next(416, &[0]).unwrap(), Some(block));
        let error = frames.next(500, &[0]).unwrap_err();
        assert!(matches!(error, Error::Malformed { offset: 500, .. }));
        let text = error.to_string();
        assert!(text.contains("more than 2^31 - 1 blocks"), "{text}");
    }
}
