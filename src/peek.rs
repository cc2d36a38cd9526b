//! An input whose beginning can be examined before it is read.

use crate::armor::Unarmor;
use std::io::{self, Read};

/// The maximum to read into the buffer at once, so that it grows with the bytes that arrive and not with the bytes that
/// a header announces.
const STEP: usize = 64 << 10;

/// An input whose first bytes can be examined without consuming them.
pub struct PeekReader<R> {
    input: Source<R>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were consumed already.
    taken: usize,
}

/// An input, and its decoder if it is armored.
struct Source<R> {
    input: R,
    unarmor: Option<Box<Unarmor>>,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.unarmor {
            Some(unarmor) => unarmor.read(&mut self.input, into),
            None => self.input.read(into),
        }
    }
}

impl<R: Read> PeekReader<R> {
    /// Wraps an input, without reading from it.
    pub fn new(input: R) -> Self {
        let input = Source {
            input,
            unarmor: None,
        };
        Self {
            input,
            buffer: Vec::new(),
            taken: 0,
        }
    }

    /// Returns the next `len` bytes; fewer only if the input ends.
    pub(crate) fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        let end = self.taken + len;
        while self.buffer.len() < end {
            let step = STEP.min(end - self.buffer.len());
            self.buffer.try_reserve(step)?;
            // Not with `read_to_end`: it begins with small reads.
            if !self.fill_whole(step)? {
                break;
            }
        }
        Ok(&self.buffer[self.taken..self.buffer.len().min(end)])
    }

    /// Returns the bytes that were read but not consumed.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Reads at most `most` bytes more into the buffer, with one call; returns `false` if the input ends.
    pub(crate) fn fill(&mut self, most: usize) -> io::Result<bool> {
        let old = self.buffer.len();
        self.buffer.resize(old + most, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[old..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(old + read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }

    /// Reads `len` bytes more into the buffer; returns `false` if the input ends before.
    fn fill_whole(&mut self, len: usize) -> io::Result<bool> {
        let old = self.buffer.len();
        self.buffer.resize(old + len, 0);
        let mut filled = old;
        let ended = loop {
            if filled == self.buffer.len() {
                break Ok(false);
            }
            match self.input.read(&mut self.buffer[filled..]) {
                Ok(0) => break Ok(true),
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.buffer.truncate(filled);
        Ok(!ended?)
    }

    /// Decodes the input as armor from now on, including what is in the buffer.
    pub(crate) fn unarmor(&mut self) {
        let text = std::mem::take(&mut self.buffer);
        self.input.unarmor = Some(Box::new(Unarmor::new(&text[self.taken..])));
        self.taken = 0;
    }

    /// Returns whether the input is armored, and is decoded.
    pub fn is_armored(&self) -> bool {
        self.input.unarmor.is_some()
    }

    /// Returns the input itself once the buffer is consumed, unless it is decoded.
    pub(crate) fn direct(&mut self) -> Option<&mut R> {
        let is_direct = self.buffered().is_empty() && !self.is_armored();
        is_direct.then_some(&mut self.input.input)
    }

    /// Consumes bytes of the buffer.
    pub(crate) fn consume(&mut self, len: usize) {
        self.taken = (self.taken + len).min(self.buffer.len());
        if self.taken == self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        }
    }

    /// Returns the input, of which the buffer's bytes have been read.
    pub(crate) fn input(&mut self) -> &mut R {
        &mut self.input.input
    }
}

impl<R: Read> Read for PeekReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ahead = &self.buffer[self.taken..];
        if ahead.is_empty() {
            // From now on the input is read directly, so the buffer's memory is freed.
            self.buffer = Vec::new();
            self.taken = 0;
            return self.input.read(into);
        }
        let len = ahead.len().min(into.len());
        into[..len].copy_from_slice(&ahead[..len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_read_again() {
        let data: Vec<u8> = (0..200_000u32).map(|i| i as u8).collect();
        let mut input = PeekReader::new(&data[..]);
        assert_eq!(input.peek(3).unwrap(), &data[..3]);
        input.consume(2);
        assert_eq!(input.peek(150_000).unwrap(), &data[2..150_002]);
        let mut rest = Vec::new();
        input.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, &data[2..]);
    }

    #[test]
    fn fewer_bytes_only_at_the_end() {
        let mut input = PeekReader::new(&b"abc"[..]);
        assert_eq!(input.peek(10).unwrap(), b"abc");
        input.consume(10);
        assert_eq!(input.peek(10).unwrap(), b"");
    }
}
