//! The unit that travels through the pipeline: a reused buffer with whole frames in it.

use crate::Error;
use crate::chunk_id::ChunkId;
use crate::try_alloc::{self, LARGE, zeros};
use std::io::{self, Read};
use std::ops::{Deref, DerefMut, Range};

/// Small chunks travel together until a slab has about this many bytes: a hand-over between
/// threads and a system call cost as much as sealing some ten kilobytes.
pub(super) const SLAB_TARGET: usize = 1 << 20;

/// How much a buffer grows at first, so that a file which announces more than it holds costs
/// little memory.
const FIRST_GROWTH: usize = LARGE;

/// How much a buffer is for an input that is known to have as much. It may not be true, so large
/// chunks grow.
const AT_ONCE: usize = 2 * SLAB_TARGET;

/// One chunk in a slab.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub id: ChunkId,
    /// Where its bytes are in the buffer: its plaintext when sealing, its frame when opening.
    pub bytes: Range<usize>,
}

/// A buffer of the pool.
#[derive(Default)]
pub(super) struct Slab {
    /// Never shrinks, and never holds more than twice what the input really had at once.
    pub buffer: Buffer,
    pub chunks: Vec<Chunk>,
    /// What to write: the worker's result.
    pub output: Range<usize>,
    /// Chunks in the output; of the outermost layer, where there are several.
    pub frames: usize,
    /// Its place among the slabs, from 0.
    pub number: u64,
    /// None comes behind it.
    pub last: bool,
    /// Where a layer puts its result, which then becomes the buffer; and armor its lines.
    pub spare: Buffer,
    /// The output as text, where it is armored.
    pub text: Option<SlabText>,
}

/// A slab's output as armor has it.
pub(super) struct SlabText {
    /// Where the part of a line that began in the slab before is in the buffer.
    pub head: Range<usize>,
    /// Bytes of whole lines in the spare buffer, behind the room for one.
    pub lines: usize,
    /// Where the part of a line that goes on in the next slab is in the buffer.
    pub tail: Range<usize>,
}

impl Slab {
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.output = 0..0;
        self.last = false;
        self.text = None;
    }

    /// The bytes to write.
    pub fn output(&self) -> &[u8] {
        &self.buffer[self.output.clone()]
    }

    /// Makes sure that the buffer has `len` bytes, and no more than asked for.
    pub fn reserve(&mut self, len: usize) -> Result<(), Error> {
        self.buffer.reserve(len)
    }

    /// Reads from `input` to the buffer's positions from `filled` up to `target`. Returns up to
    /// where it is filled, and whether it failed.
    ///
    /// It stops before `target` where the input ends or fails; and from `enough` on, where the input
    /// has no more just now, so that what came does not wait for what may come much later. The
    /// buffer grows with the bytes that arrive, not with the bytes that were announced; unless the
    /// input is `known` to have so many.
    pub fn fill(
        &mut self,
        input: &mut dyn Read,
        filled: usize,
        enough: usize,
        target: usize,
        known: Option<u64>,
    ) -> (Filled, Result<(), Error>) {
        let mut to = filled;
        if let Some(known) = known {
            // One more shows that it ends there.
            let end = (filled as u64).saturating_add(known).saturating_add(1);
            let end = end.min(target as u64) as usize;
            if end <= AT_ONCE
                && let Err(e) = self.reserve(end)
            {
                return (Filled { to, ended: false }, Err(e));
            }
        }
        while to < target {
            if to == self.buffer.len() {
                let more = target.min((2 * to).max(FIRST_GROWTH));
                if let Err(e) = self.reserve(more) {
                    return (Filled { to, ended: false }, Err(e));
                }
            }
            let end = target.min(self.buffer.len());
            match input.read(&mut self.buffer[to..end]) {
                Ok(0) => return (Filled { to, ended: true }, Ok(())),
                Ok(n) => {
                    to += n;
                    // Fewer bytes than there was room for: a pipe that is empty now.
                    if to < end && to >= enough {
                        break;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return (Filled { to, ended: false }, Err(Error::Read(e))),
            }
        }
        (Filled { to, ended: false }, Ok(()))
    }
}

/// Bytes that begin at a good place in a page, where they are many.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    /// Where in the memory they begin.
    start: usize,
}

/// The kernel copies between files and memory page by page. On some processors that takes two to four
/// times as long where the place in the page that is written lies one to some thirty bytes behind the
/// one that is read, which is just where an allocator's own header moves a buffer to. Files are mostly
/// read and written from a page's beginning on, or little behind it.
const PAGE: usize = 4096;
/// Behind a first frame's length of four bytes, a cache line begins.
const PLACE: usize = 2 * 64 - 4;

impl Buffer {
    /// Makes sure that there are `len` bytes, and no more than asked for.
    pub fn reserve(&mut self, len: usize) -> Result<(), Error> {
        let Some(more) = len.checked_sub(self.len()).filter(|more| *more > 0) else {
            return Ok(());
        };
        if self.start > 0 || !self.is_empty() && len < FIRST_GROWTH {
            // Where it moves, it moves by whole pages.
            try_alloc::reserve(&mut self.memory, more)?;
            self.memory.resize(self.start + len, 0);
            return Ok(());
        }
        let room = if len < FIRST_GROWTH { 0 } else { PAGE };
        let mut memory = zeros(len.saturating_add(room))?;
        let start = match room {
            0 => 0,
            _ => PLACE.wrapping_sub(memory.as_ptr().addr()) % PAGE,
        };
        memory[start..][..self.len()].copy_from_slice(self);
        memory.truncate(start + len);
        *self = Self { memory, start };
        Ok(())
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..]
    }
}

/// How far a buffer is filled.
pub(super) struct Filled {
    pub to: usize,
    /// The input has ended there.
    pub ended: bool,
}
