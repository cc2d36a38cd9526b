//! An input that waits for more is no reason to keep back what came.

use super::cancellation::{Blocking, blocking};
use super::{WAYS, open, seal};
use crate::common::by_hand::{EXTRA, HEADER};
use crate::common::{no_hang, pattern, seal_stream};
use fetool::{CancelToken, Error};
use std::io::{self, Write};
use std::sync::mpsc::{self, Sender};

/// Tells how many bytes come.
struct Counted(Sender<usize>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives `work` so much of an input that then waits, and ends it when so many bytes have come out.
fn passes_on<T: Send + 'static>(
    given: Vec<u8>,
    expected: usize,
    work: impl FnOnce(Blocking, Counted) -> Result<T, Error> + Send + 'static,
) {
    no_hang(move || {
        let (input, sender, _waiting) = blocking(&CancelToken::new());
        let (output, came) = mpsc::channel();
        let thread = std::thread::spawn(move || work(input, Counted(output)));
        sender.send(Some(given)).expect("reads");
        let mut left = expected;
        while left > 0 {
            left -= came.recv().expect("writes");
        }
        sender.send(None).expect("reads");
        assert!(thread.join().expect("no panic").is_err());
    });
}

#[test]
fn what_came_is_passed_on_while_the_input_waits() {
    for (workers, chunk) in WAYS {
        let two = 2 * chunk as usize;
        let text = pattern(2 * two);
        let sealed = seal_stream(&text, chunk);
        let frames = HEADER + two + 2 * EXTRA;
        // What shows that another chunk follows.
        let (text, sealed) = (text[..=two].to_vec(), sealed[..frames + 4].to_vec());
        passes_on(text, frames, move |input, output| {
            seal(input, output, (workers, chunk))
        });
        passes_on(sealed, two, move |input, output| {
            open(input, output, workers)
        });
    }
}
