//! From a writer in one thread to a reader in another, without touching the disk.
//!
//! Unlike a pipe it tells a stream that has ended from one whose writer gave up: the reader sees
//! the end only after [`Giver::finish`], and an error otherwise. So nothing that was cut short in
//! the middle can be taken for whole.

use crossbeam::channel::{Receiver, Sender, bounded};
use std::io::{self, Read, Write};

/// Pieces that may wait. Each is as large as what was written at once.
const WAITING: usize = 2;

/// The writing end.
pub struct Giver(Sender<Option<Vec<u8>>>);

/// The reading end.
pub struct Taker {
    pieces: Receiver<Option<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
    ended: bool,
}

/// Both ends.
pub fn handover() -> (Giver, Taker) {
    let (sender, receiver) = bounded(WAITING);
    let taker = Taker {
        pieces: receiver,
        piece: Vec::new(),
        taken: 0,
        ended: false,
    };
    (Giver(sender), taker)
}

impl Giver {
    /// Says that this was all.
    pub fn finish(self) -> io::Result<()> {
        self.0.send(None).map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

impl Write for Giver {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut piece = Vec::new();
        piece.try_reserve_exact(bytes.len())?;
        piece.extend_from_slice(bytes);
        self.0.send(Some(piece)).map_err(|_| gone())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Taker {
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
        let (mut giver, mut taker) = handover();
        let thread = std::thread::spawn(move || {
            for piece in [&b"abc"[..], b"", b"defg"] {
                giver.write_all(piece).unwrap();
            }
            giver.finish().unwrap();
        });
        let mut all = Vec::new();
        taker.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"abcdefg");
        thread.join().unwrap();
    }

    #[test]
    fn a_giver_that_gives_up_is_no_end() {
        let (mut giver, mut taker) = handover();
        giver.write_all(b"abc").unwrap();
        drop(giver);
        let mut all = Vec::new();
        assert!(taker.read_to_end(&mut all).is_err());
        assert_eq!(all, b"abc");
    }
}
