//! The frames of a file, one behind the other.

use super::{Frames, Limits};
use crate::Error;

/// Keeps [`Frames`] and the offset in the file together.
pub(crate) struct Walker {
    pub frames: Box<dyn Frames>,
    /// Where the frame announced last starts, or the next one before any was.
    pub start: u64,
    /// Where the next frame starts.
    pub offset: u64,
}

impl Walker {
    pub fn new(frames: Box<dyn Frames>, offset: u64) -> Self {
        Self {
            frames,
            start: offset,
            offset,
        }
    }

    /// The next frame's length, from its lead.
    pub fn next(&mut self, lead: &[u8]) -> Result<Option<usize>, Error> {
        let len = self.frames.next(self.offset, lead)?;
        self.start = self.offset;
        self.offset += len.unwrap_or(0) as u64;
        Ok(len)
    }

    /// Refuses the frame announced last, of `len` bytes, where it is known that the file has more
    /// of it than may be held in memory. Callers that know the length of the whole input alone
    /// count the header in; what that lets pass is refused when it was read.
    pub fn check_memory(&self, len: usize, limits: &Limits) -> Result<(), Error> {
        let Some(body) = limits.input_len else {
            return Ok(());
        };
        if body.saturating_sub(self.start).min(len as u64) > limits.memory {
            return Err(self.frames.too_large(limits.memory));
        }
        Ok(())
    }

    /// The file ended after `got` bytes of the frame announced last.
    pub fn short_at_eof(&mut self, got: usize) -> Result<(), Error> {
        self.frames.short_at_eof(self.start, got)?;
        self.offset = self.start + got as u64;
        Ok(())
    }
}
