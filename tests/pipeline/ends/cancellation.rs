//! Work that is stopped from another thread.

use super::outputs::{Full, How};
use super::{MANY, WAYS, seal};
use crate::common::{jobs, no_hang, pattern, secret};
use fetool::{CancelToken, Error, Open, Seal, status};
use std::io::{self, Cursor, Read};
use std::sync::mpsc::{self, Receiver, Sender};

/// An input whose bytes come through a channel, and that is woken by the switch.
pub struct Blocking {
    bytes: Receiver<Option<Vec<u8>>>,
    now: Cursor<Vec<u8>>,
    /// Told each time that the input waits.
    waits: Sender<()>,
}

impl Read for Blocking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.now.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            let _ = self.waits.send(());
            match self.bytes.recv() {
                Ok(Some(bytes)) => self.now = Cursor::new(bytes),
                // Woken: what it fails with then does not matter.
                Ok(None) => return Err(io::Error::other("woken")),
                Err(_) => return Ok(0),
            }
        }
    }
}

/// The input, what to send it bytes with, and what tells that it waits.
pub fn blocking(stop: &CancelToken) -> (Blocking, Sender<Option<Vec<u8>>>, Receiver<()>) {
    let (sender, bytes) = mpsc::channel();
    let (waits, waiting) = mpsc::channel();
    let waker = sender.clone();
    stop.on_stop(move || {
        let _ = waker.send(None);
    });
    let input = Blocking {
        bytes,
        now: Cursor::default(),
        waits,
    };
    (input, sender, waiting)
}

/// Lets `work` read `before` from an input that then blocks, stops it there, and gives its result.
pub fn stopped<T: Send + 'static>(
    before: Vec<u8>,
    work: impl FnOnce(Blocking, &CancelToken) -> Result<T, Error> + Send + 'static,
) -> Error {
    let stop = CancelToken::new();
    let (input, sender, waiting) = blocking(&stop);
    no_hang(move || {
        let inner = stop.clone();
        let thread = std::thread::spawn(move || work(input, &inner));
        // It waits for the first bytes, and then, all of them read, for more.
        waiting.recv().expect("reads");
        if !before.is_empty() {
            sender.send(Some(before)).expect("reads");
            waiting.recv().expect("reads");
        }
        stop.stop();
        let result = thread.join().expect("no panic");
        assert!(stop.is_stopped());
        result.map(|_| ()).unwrap_err()
    })
}

#[test]
fn the_switch_ends_sealing_that_waits_for_input() {
    for (workers, chunk) in WAYS {
        for len in [0, 1, 3_000_000] {
            let error = stopped(pattern(len), move |input, stop| {
                Seal::new(&secret())
                    .chunk_size(Some(chunk))
                    .jobs(jobs(workers))
                    .stop(stop)
                    .run(input, io::sink())
            });
            assert!(matches!(error, Error::Stopped), "{error}");
            assert_eq!(error.status(), status::SYSTEM);
        }
    }
}

#[test]
fn the_switch_ends_opening_that_waits_for_input() {
    let text = pattern(MANY);
    for (workers, chunk) in WAYS {
        let mut sealed = Vec::new();
        seal(&text[..], &mut sealed, (workers, chunk)).unwrap();
        // In the header, in the first chunk, and far behind both.
        for len in [0, 10, 700, 3_000_000] {
            let error = stopped(sealed[..len].to_vec(), move |input, stop| {
                Open::new(&secret())
                    .jobs(jobs(workers))
                    .stop(stop)
                    .run(input, io::sink())
            });
            assert!(matches!(error, Error::Stopped), "{error}");
        }
    }
}

#[test]
fn a_switch_thrown_before_the_start_ends_the_work() {
    no_hang(|| {
        let stop = CancelToken::new();
        stop.stop();
        let (input, _sender, _waiting) = blocking(&stop);
        let key = secret();
        let error = Seal::new(&key).stop(&stop).run(input, io::sink());
        assert!(matches!(error.unwrap_err(), Error::Stopped));
        let (input, _sender, _waiting) = blocking(&stop);
        let error = Open::new(&key).stop(&stop).run(input, io::sink());
        assert!(matches!(error.unwrap_err(), Error::Stopped));
    });
}

#[test]
fn an_output_error_wakes_an_input_that_waits() {
    for way in WAYS {
        no_hang(move || {
            let stop = CancelToken::new();
            let (input, sender, waiting) = blocking(&stop);
            sender.send(Some(pattern(3_000_000))).unwrap();
            let key = secret();
            let error = Seal::new(&key)
                .chunk_size(Some(way.1))
                .jobs(jobs(way.0))
                .stop(&stop)
                .run(input, Full::new(24, How::Error))
                .unwrap_err();
            // The first error counts, not that the input was woken.
            assert!(matches!(error, Error::Write(_)), "{error}");
            drop(waiting);
        });
    }
}

#[test]
fn wakers_are_called_once_and_late_ones_at_once() {
    let stop = CancelToken::new();
    let (called, calls) = mpsc::channel();
    for name in ["one", "two"] {
        let called = called.clone();
        stop.on_stop(move || called.send(name).unwrap());
    }
    assert!(!stop.is_stopped());
    assert!(calls.try_recv().is_err());
    stop.clone().stop();
    stop.stop();
    assert!(stop.is_stopped());
    stop.on_stop(move || called.send("late").unwrap());
    // The closures hold senders, so what is there is all that was sent so far.
    assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["one", "two", "late"]);
}
