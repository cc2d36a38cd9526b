//! A pipe from a writer in one thread to a reader in another, without touching the disk.
//!
//! Unlike a system's pipe, it distinguishes a stream that has ended from one whose writer gave up: the reader sees the
//! end only after [`PipeWriter::finish`], and an error otherwise. So a truncated stream cannot pass as whole.

use crossbeam::channel::{Receiver, Sender, bounded};
use std::io::{self, Read, Write};

/// The number of pieces that can wait.
const WAITING: usize = 2;

/// Small writes are collected until they have this many bytes.
const PIECE: usize = 256 << 10;

/// The writing end.
pub(crate) struct PipeWriter {
    pieces: Sender<Option<Vec<u8>>>,
    piece: Vec<u8>,
}

/// The reading end.
pub(crate) struct PipeReader {
    pieces: Receiver<Option<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
    ended: bool,
}

/// Creates both ends.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = bounded(WAITING);
    let writer = PipeWriter {
        pieces: sender,
        piece: Vec::new(),
    };
    let reader = PipeReader {
        pieces: receiver,
        piece: Vec::new(),
        taken: 0,
        ended: false,
    };
    (writer, reader)
}

impl PipeWriter {
    /// Marks the end of the stream.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.pieces.send(None).map_err(|_| gone())
    }
}

impl PipeReader {
    /// Returns whether the reader has seen the end.
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.try_reserve(bytes.len())?;
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    /// Sends what was written so far.
    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.send(Some(piece)).map_err(|_| gone())
    }
}

impl Read for PipeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() && !self.ended {
            match self.pieces.recv() {
                Ok(Some(piece)) => (self.piece, self.taken) = (piece, 0),
                Ok(None) => self.ended = true,
                Err(_) => return Err(io::Error::other("the other end gave up")),
            }
        }
        let rest = &self.piece[self.taken..];
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_taken_to_the_end() {
        let (mut writer, mut reader) = pipe();
        let thread = std::thread::spawn(move || {
            for piece in [&b"abc"[..], b"", b"defg"] {
                writer.write_all(piece).unwrap();
            }
            writer.finish().unwrap();
        });
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"abcdefg");
        assert!(reader.has_ended());
        thread.join().unwrap();
    }

    #[test]
    fn a_writer_that_gives_up_is_no_end() {
        let (mut writer, mut reader) = pipe();
        writer.write_all(b"abc").unwrap();
        writer.flush().unwrap();
        drop(writer);
        let mut all = Vec::new();
        assert!(reader.read_to_end(&mut all).is_err());
        assert_eq!(all, b"abc");
    }
}
