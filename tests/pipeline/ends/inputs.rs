//! Inputs that fail.

use super::{MANY, WAYS, open, seal};
use crate::common::{assert_same, no_hang, pattern};
use fetool::{Error, status};
use std::io::{self, Read};

/// Gives `rest`, and then does something else than ending.
pub struct Then<'a, F>(pub &'a [u8], pub F);

impl<F: FnMut() -> io::Result<usize>> Read for Then<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            (self.1)()
        } else {
            self.0.read(into)
        }
    }
}

/// Gives `rest`, and then fails as a lost connection does.
pub fn lost(rest: &[u8]) -> impl Read + Send {
    Then(rest, || Err(io::ErrorKind::ConnectionReset.into()))
}

#[test]
fn a_failing_input_ends_sealing() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            for len in [0, 1, 999, 1000, 1_048_576, 3_000_000, MANY] {
                let input = lost(&text[..len]);
                let error = seal(input, io::sink(), way).unwrap_err();
                match &error {
                    Error::Read(e) => assert_eq!(e.kind(), io::ErrorKind::ConnectionReset),
                    other => panic!("{other}"),
                }
                assert_eq!(error.status(), status::SYSTEM);
            }
        }
    });
}

#[test]
fn a_failing_input_ends_opening() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, way).unwrap();
            for len in [0, 3, 24, 30, 1100, 600_000, 3_000_000, sealed.len()] {
                let input = lost(&sealed[..len]);
                let mut written = Vec::new();
                let error = open(input, &mut written, way.0).unwrap_err();
                assert!(matches!(error, Error::Read(_)), "{error}");
                assert_same(&written, &text[..written.len()]);
            }
        }
    });
}

/// "Everything before it was written": also before an error of the input, as from a bad disk.
#[test]
fn whole_chunks_before_a_read_error_are_written() {
    no_hang(|| {
        let text = pattern(1_000_000);
        for chunk in [1000, 300_000] {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, (2, chunk)).unwrap();
            let frames = crate::common::by_hand::frames(&sealed);
            for whole in [1, frames.len() / 2, frames.len() - 1] {
                let input = lost(&sealed[..frames[whole].start + 3]);
                let mut written = Vec::new();
                let error = open(input, &mut written, 2).unwrap_err();
                assert!(matches!(error, Error::Read(_)), "{error}");
                let expected = whole * chunk as usize;
                assert_eq!(written.len(), expected, "chunks of {chunk}");
            }
        }
    });
}

/// Of several errors the first in the order of the data is reported: a wrong tag before the place
/// where the input fails.
#[test]
fn a_wrong_tag_is_reported_before_a_later_read_error() {
    no_hang(|| {
        let text = pattern(1_000_000);
        for chunk in [1000, 300_000] {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, (2, chunk)).unwrap();
            let frames = crate::common::by_hand::frames(&sealed);
            sealed[frames[1].end - 1] ^= 1;
            let input = lost(&sealed[..frames[3].start]);
            let error = open(input, io::sink(), 2).unwrap_err();
            assert!(
                matches!(error, Error::Authentication { chunk: 1, .. }),
                "chunks of {chunk}: {error}"
            );
        }
    });
}

pub fn panics() -> io::Result<usize> {
    panic!("a panic on purpose")
}

#[test]
fn a_panicking_input_is_an_error() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, way).unwrap();
            for len in [0, 1, 3_000_000] {
                let input = Then(&text[..len], panics);
                let error = seal(input, io::sink(), way).unwrap_err();
                assert!(matches!(error, Error::Panic("producer")), "{error}");
                assert_eq!(error.status(), status::SYSTEM);
            }
            // Behind the first chunk, which opening reads on the caller's own thread.
            for len in [1_000_000, 3_000_000] {
                let input = Then(&sealed[..len], panics);
                let mut written = Vec::new();
                let error = open(input, &mut written, way.0).unwrap_err();
                assert!(matches!(error, Error::Panic("producer")), "{error}");
                assert_same(&written, &text[..written.len()]);
            }
        }
    });
}

#[test]
fn an_input_that_claims_to_have_read_too_much_is_an_error() {
    struct Liar;
    impl Read for Liar {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            Ok(into.len() + 1)
        }
    }
    let sealed = no_hang(|| seal(Liar, io::sink(), (2, 1000)));
    assert!(matches!(sealed.unwrap_err(), Error::Panic("producer")));
}
