//! Outputs that fail.

use super::cancellation::blocking;
use super::{MANY, WAYS, open, seal};
use crate::common::{FAST, assert_same, jobs, no_hang, pattern, secret};
use fetool::{CancelToken, Error, Seal, status};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes `room` bytes and then fails, in several ways.
pub struct Full {
    taken: Vec<u8>,
    room: usize,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    Error,
    /// `Ok(0)`, as of a full fixed buffer.
    Zero,
    /// An error once, as if there were room again later: nobody may try.
    Once,
    Panic,
}

impl Full {
    pub fn new(room: usize, how: How) -> Self {
        Self {
            taken: Vec::new(),
            room,
            how,
        }
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.room);
        if len == 0 && !bytes.is_empty() {
            match self.how {
                How::Error => return Err(io::ErrorKind::StorageFull.into()),
                How::Zero => return Ok(0),
                How::Panic => panic!("a panic on purpose"),
                How::Once => {
                    self.room = usize::MAX;
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
        }
        self.room -= len;
        self.taken.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Works towards an output that gets full, which ends the work. What it has taken then.
#[track_caller]
pub fn filled<T>(
    room: usize,
    how: How,
    work: impl FnOnce(&mut Full) -> Result<T, Error>,
) -> Vec<u8> {
    let mut output = Full::new(room, how);
    let error = work(&mut output).err().expect("it is full");
    assert!(matches!(error, Error::Write(_)), "{error}");
    assert_eq!(error.status(), status::SYSTEM);
    assert_eq!(output.taken.len(), room, "nothing was tried again");
    output.taken
}

const ROOMS: &[usize] = if FAST {
    &[0, 1, 23, 24, 25, 1_100_000, 2_000_000, MANY - 1]
} else {
    &[0, 24, 1_100_000]
};

#[test]
fn a_full_output_ends_sealing() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            for &room in ROOMS {
                for how in [How::Error, How::Zero, How::Once] {
                    filled(room, how, |output| seal(&text[..], output, way));
                }
            }
        }
    });
}

#[test]
fn a_full_output_ends_opening() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, way).unwrap();
            for &room in ROOMS {
                for how in [How::Error, How::Zero, How::Once] {
                    let taken = filled(room, how, |output| open(&sealed[..], output, way.0));
                    assert_same(&taken, &text[..room]);
                }
            }
        }
    });
}

#[test]
fn a_broken_pipe_is_told_from_other_errors() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = seal(&b"x"[..], Gone, (1, 10)).unwrap_err();
    assert!(error.is_broken_pipe());
    let error = seal(&b"x"[..], Full::new(0, How::Error), (1, 10)).unwrap_err();
    assert!(!error.is_broken_pipe());
}

/// Interrupted and short writes are no errors.
struct Choosy(Vec<u8>, bool);

impl Write for Choosy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.0.write(&bytes[..bytes.len().min(100_000)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_choosy_output_gets_everything() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Choosy(Vec::new(), false);
            seal(&text[..], &mut sealed, way).unwrap();
            let mut opened = Choosy(Vec::new(), false);
            open(&sealed.0[..], &mut opened, way.0).unwrap();
            assert_same(&opened.0, &text);
        }
    });
}

/// A disk that tells only in the end that it was full.
struct BadFlush(Vec<u8>);

impl Write for BadFlush {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[test]
fn a_failing_flush_is_reported() {
    for len in [0, 1, 100_000] {
        let text = pattern(len);
        for size in [None, Some(len as u64)] {
            let mut output = BadFlush(Vec::new());
            let sealed = Seal::new(&secret()).size(size).run(&text[..], &mut output);
            let error = sealed.unwrap_err();
            assert!(matches!(error, Error::Write(_)), "{len}: {error}");
            // All was sealed, and only the flush failed.
            let mut opened = BadFlush(Vec::new());
            let error = open(&output.0[..], &mut opened, 2).unwrap_err();
            assert!(matches!(error, Error::Write(_)), "{len}: {error}");
            assert_same(&opened.0, &text);
        }
    }
    // A file of no chunk at all writes nothing, and is flushed still.
    let header = crate::common::by_hand::header([0; 12], 0);
    let error = open(&header[..], BadFlush(Vec::new()), 2).unwrap_err();
    assert!(matches!(error, Error::Write(_)), "{error}");
}

// The writer is the caller's own thread, so that its panic is the caller's. But no thread may be
// left waiting then, or the scope of threads would never end.

#[test]
fn a_panicking_output_ends_the_threads() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            for room in [0, 24, 3_000_000] {
                let sealing =
                    AssertUnwindSafe(|| seal(&text[..], Full::new(room, How::Panic), way));
                assert!(catch_unwind(sealing).is_err());
            }
        }
    });
}

#[test]
fn a_panicking_output_wakes_an_input_that_waits() {
    no_hang(|| {
        let stop = CancelToken::new();
        let (input, sender, _waiting) = blocking(&stop);
        // More than a buffer, so that something is written; then nothing comes any more.
        sender.send(Some(pattern(2_000_000))).unwrap();
        let key = secret();
        let sealing = Seal::new(&key).stop(&stop).jobs(jobs(1));
        let sealing = AssertUnwindSafe(|| sealing.run(input, Full::new(24, How::Panic)));
        assert!(catch_unwind(sealing).is_err());
    });
}
