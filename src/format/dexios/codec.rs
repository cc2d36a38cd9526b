//! The blocks behind the header: STREAM in little-endian 31-bit form, or one block in memory.

use super::header::{DexiosHeader, Mode};
use crate::Error;
use crate::aead::{Aead, TAG_LEN, Tag};
use crate::format::{ChunkId, Frames, Limits, OpenChunk, SealChunk};
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
        refuse_piece(self.mode, id, frame)?;
        let end = frame.len() - TAG_LEN; // the walk lets nothing shorter pass
        let (body, tag) = frame.split_at_mut(end);
        let tag: &Tag = (&*tag).try_into().expect("16 bytes were split off");
        self.aead
            .open(&self.nonce(id), &self.ad, body, tag)
            .map_err(|_| Error::Authentication {
                chunk: id.index,
                offset: id.offset,
            })?;
        Ok(0..end)
    }
}

/// One block in memory whose associated data has one of two orders (version 3).
pub(super) struct EitherBlock(pub Blocks, pub Blocks);

impl OpenChunk for EitherBlock {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        refuse_piece(self.0.mode, id, frame)?;
        // A failed attempt wipes what it worked on.
        let mut copy = frame.to_vec();
        match self.0.open(id, &mut copy) {
            Ok(range) => {
                frame.copy_from_slice(&copy);
                Ok(range)
            }
            Err(_) => self.1.open(id, frame),
        }
    }
}

/// In memory mode a block that is not the last is one byte more than may be held in memory: the
/// beginning of a file that is too large, and nothing to authenticate.
fn refuse_piece(mode: Mode, id: ChunkId, frame: &[u8]) -> Result<(), Error> {
    if mode == Mode::Memory && !id.last {
        return Err(too_large(frame.len() as u64 - 1));
    }
    Ok(())
}

fn too_large(limit: u64) -> Error {
    Error::usage_hint(
        format!(
            "the file was made in memory mode, in one piece that needs more than {limit} bytes of \
             memory"
        ),
        "allow more with --max-memory",
    )
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
            // One block is all there is.
            Mode::Memory if self.count > 0 => Err(too_large(self.limits.memory)),
            Mode::Memory => {
                self.count += 1;
                // Refused before anything is read. Callers that know the length of the whole input
                // alone count the header in; what that lets pass is refused when it was read.
                let body = self.limits.body.map(|body| body.saturating_sub(offset));
                if body.is_some_and(|body| body > self.limits.memory) {
                    return Err(too_large(self.limits.memory));
                }
                // One byte more than allowed, so that just what is allowed ends before it. Half of
                // what can be counted is more than there is, and leaves room to add to it.
                let most = usize::try_from(self.limits.memory).unwrap_or(usize::MAX);
                Ok(Some(most.min(usize::MAX >> 1) + 1))
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
}
