//! The unit of work of the pipeline: a reused buffer with whole frames in it.

use crate::Error;
use crate::chunk_id::ChunkId;
use crate::try_alloc::{self, LARGE, zeros};
use std::io::{self, Read};
use std::ops::{Deref, DerefMut, Range};

/// Small chunks share a slab until it has about this many bytes: a handoff between threads and a system call cost as
/// much as sealing some ten kilobytes.
pub(super) const SLAB_TARGET: usize = 1 << 20;

/// How much a buffer grows at first, so that a file which announces more than it holds takes little memory.
const FIRST_GROWTH: usize = LARGE;

/// How much a buffer grows for an input that says how much it has. That may be wrong, so buffers for large chunks grow
/// in steps.
const AT_ONCE: usize = 2 * SLAB_TARGET;

/// One chunk in a slab.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub id: ChunkId,
    /// Its bytes in the buffer: the plaintext when sealing, the frame when opening.
    pub bytes: Range<usize>,
}

/// A buffer of the pool.
#[derive(Default)]
pub(super) struct Slab {
    /// It never shrinks, and never has more than twice the bytes that the input had at once.
    pub buffer: Buffer,
    pub chunks: Vec<Chunk>,
    /// The worker's result, which is to be written.
    pub output: Range<usize>,
    /// Chunks in the output. With several layers, those of the outermost one.
    pub frames: usize,
    /// Its number in the order of the data, from 0.
    pub number: u64,
    /// Whether it is the last one.
    pub last: bool,
    /// Takes the result of a layer, and then becomes the buffer; or takes the lines of armor.
    pub spare: Buffer,
    /// The output as text, if it is armored.
    pub text: Option<SlabText>,
}

/// A slab's output as armor.
pub(super) struct SlabText {
    /// The part of a line that began in the slab before, in the buffer.
    pub head: Range<usize>,
    /// Bytes of whole lines in the spare buffer, behind room for one line.
    pub lines: usize,
    /// The part of a line that goes on in the next slab, in the buffer.
    pub tail: Range<usize>,
}

impl Slab {
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.output = 0..0;
        self.last = false;
        self.text = None;
    }

    /// Returns the bytes to write.
    pub fn output(&self) -> &[u8] {
        &self.buffer[self.output.clone()]
    }

    /// Ensures that the buffer has `len` bytes, and allocates no more than that.
    pub fn reserve(&mut self, len: usize) -> Result<(), Error> {
        self.buffer.reserve(len)
    }

    /// Reads from `input` into the buffer, from `filled` up to `target`. Returns the end of the filled part, and
    /// whether the input failed.
    ///
    /// It stops before `target` if the input ends or fails. From `enough` on, it also stops if the input has no more
    /// right now, so that bytes that arrived do not wait for bytes that may come much later. The buffer grows with the
    /// bytes that arrive, not with those that were announced, unless the input has `known` bytes.
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
            // One byte more shows that it ends there.
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
                    // Fewer bytes than there was room for: a pipe that is empty right now.
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

/// A buffer that begins at a favourable place in a page, if it is large.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    /// The start of its bytes in the memory.
    start: usize,
}

/// The kernel copies between files and memory page by page. On some processors that takes two to four times as long if
/// the target's place in its page lies 1 to some 30 bytes behind that of the source. An allocator's own header moves a
/// buffer to just that place. Files are mostly read and written from the start of a page, or shortly behind it.
const PAGE: usize = 4096;
/// Behind a frame's length of four bytes, a cache line begins.
const PLACE: usize = 2 * 64 - 4;

impl Buffer {
    /// Ensures that there are `len` bytes, and allocates no more than that.
    pub fn reserve(&mut self, len: usize) -> Result<(), Error> {
        let Some(more) = len.checked_sub(self.len()).filter(|more| *more > 0) else {
            return Ok(());
        };
        if self.start > 0 || !self.is_empty() && len < FIRST_GROWTH {
            // If it moves, it moves by whole pages.
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
    /// Whether the input has ended there.
    pub ended: bool,
}
