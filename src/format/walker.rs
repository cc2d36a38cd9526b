//! The frames of a file, one after the other.

use super::{Frames, Limits};
use crate::Error;

/// Keeps [`Frames`] and the offset in the file together.
pub(crate) struct Walker {
    pub frames: Box<dyn Frames>,
    /// The offset of the frame announced last, or of the first frame before any was.
    pub start: u64,
    /// The offset of the next frame.
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

    /// Returns the next frame's length, from its prefix.
    pub fn next(&mut self, lead: &[u8]) -> Result<Option<usize>, Error> {
        let len = self.frames.next(self.offset, lead)?;
        self.start = self.offset;
        self.offset += len.unwrap_or(0) as u64;
        Ok(len)
    }

    /// Refuses the frame announced last, of `len` bytes, if the file is known to have more of it than fits into the
    /// memory limit. Callers that know only the length of the whole input include the header; a frame that passes
    /// because of that is refused after it was read.
    pub fn check_memory(&self, len: usize, limits: &Limits) -> Result<(), Error> {
        let Some(body) = limits.input_len else {
            return Ok(());
        };
        if body.saturating_sub(self.start).min(len as u64) > limits.memory {
            return Err(self.frames.too_large(limits.memory));
        }
        Ok(())
    }

    /// Handles a file that ended after `got` bytes of the frame announced last.
    pub fn short_at_eof(&mut self, got: usize) -> Result<(), Error> {
        self.frames.short_at_eof(self.start, got)?;
        self.offset = self.start + got as u64;
        Ok(())
    }
}
