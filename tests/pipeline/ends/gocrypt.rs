//! How layers end when something in the middle of them fails: with the right error, without a hang,
//! and after nothing but a good beginning.

use super::cancellation::stopped;
use super::inputs::{Then, lost, panics};
use super::outputs::{Full, How, filled};
use crate::common::{assert_same, jobs, no_hang, pattern};
use crate::weak_common::by_hand::gocrypt::{CHUNK, HEADER, frames};
use crate::weak_common::{seal_layers, secret};
use fetool::format::gocrypt::GoCrypt;
use fetool::{Error, Open, Opened, Seal, Sealed};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

const LEN: usize = 1_500_000;

/// Layers and workers.
const WAYS: [(u8, usize); 4] = [(1, 1), (1, 4), (3, 1), (6, 4)];

fn seal(
    input: impl Read + Send,
    output: impl Write,
    (layers, workers): (u8, usize),
) -> Result<Sealed, Error> {
    Seal::new(&secret())
        .format(&GoCrypt)
        .layers(Some(layers))
        .jobs(jobs(workers))
        .run(input, output)
}

fn open(input: impl Read + Send, output: impl Write, workers: usize) -> Result<Opened, Error> {
    Open::new(&secret())
        .format(Some(&GoCrypt))
        .jobs(jobs(workers))
        .run(input, output)
}

const ROOMS: [usize; 6] = [0, 1, HEADER, 100_000, 1_100_000, LEN - 1];

#[test]
fn a_full_output_ends_sealing() {
    no_hang(|| {
        let text = pattern(LEN);
        for way in WAYS {
            for room in ROOMS {
                filled(room, How::Error, |output| seal(&text[..], output, way));
            }
        }
    });
}

#[test]
fn a_full_output_ends_opening() {
    no_hang(|| {
        let text = pattern(LEN);
        for (layers, workers) in WAYS {
            let (_, sealed) = seal_layers(&text[..], layers, workers);
            for room in ROOMS {
                let taken = filled(room, How::Error, |output| {
                    open(&sealed[..], output, workers)
                });
                assert_same(&taken, &text[..room]);
            }
        }
    });
}

#[test]
fn a_panicking_output_ends_the_threads() {
    no_hang(|| {
        let text = pattern(LEN);
        for way in WAYS {
            let (_, sealed) = seal_layers(&text[..], way.0, way.1);
            for room in [0, 1_100_000] {
                let full = || Full::new(room, How::Panic);
                let sealing = AssertUnwindSafe(|| seal(&text[..], full(), way));
                assert!(catch_unwind(sealing).is_err(), "{way:?}, {room}");
                let opening = AssertUnwindSafe(|| open(&sealed[..], full(), way.1));
                assert!(catch_unwind(opening).is_err(), "{way:?}, {room}");
            }
        }
    });
}

#[test]
fn a_failing_input_ends_sealing() {
    no_hang(|| {
        let text = pattern(LEN);
        for way in WAYS {
            for len in [0, 1, CHUNK, 100_000, 1_100_000, LEN] {
                let input = lost(&text[..len]);
                let error = seal(input, io::sink(), way).unwrap_err();
                match &error {
                    Error::Read(e) => assert_eq!(e.kind(), io::ErrorKind::ConnectionReset),
                    other => panic!("{other}"),
                }
            }
        }
    });
}

#[test]
fn a_failing_input_ends_opening() {
    no_hang(|| {
        let text = pattern(LEN);
        for (layers, workers) in WAYS {
            let (_, sealed) = seal_layers(&text[..], layers, workers);
            for len in [0, 1, 40, HEADER, 100, 40_000, 1_100_000, sealed.len()] {
                let input = lost(&sealed[..len]);
                let mut written = Vec::new();
                let error = open(input, &mut written, workers).unwrap_err();
                assert!(matches!(error, Error::Read(_)), "{layers}, {len}: {error}");
                assert_same(&written, &text[..written.len()]);
            }
        }
    });
}

#[test]
fn a_panicking_input_is_an_error() {
    no_hang(|| {
        let text = pattern(LEN);
        for way in WAYS {
            let input = Then(&text[..1_100_000], panics);
            let error = seal(input, io::sink(), way).unwrap_err();
            assert!(matches!(error, Error::Panic(_)), "{error}");
            let (_, sealed) = seal_layers(&text[..], way.0, way.1);
            let mut written = Vec::new();
            let input = Then(&sealed[..1_100_000], panics);
            let error = open(input, &mut written, way.1).unwrap_err();
            assert!(matches!(error, Error::Panic(_)), "{error}");
            assert_same(&written, &text[..written.len()]);
        }
    });
}

/// Of several errors the first in the order of the data is reported: a wrong tag before the place
/// where the input fails.
#[test]
fn a_wrong_tag_is_reported_before_a_later_read_error() {
    no_hang(|| {
        let text = pattern(LEN);
        for (layers, workers) in WAYS {
            let (_, mut sealed) = seal_layers(&text[..], layers, workers);
            let frames = frames(&sealed);
            sealed[frames[1].end - 1] ^= 1;
            let input = lost(&sealed[..frames[3].start]);
            let error = open(input, io::sink(), workers).unwrap_err();
            assert!(
                matches!(error, Error::Authentication { chunk: 1, .. }),
                "{layers} layers, {workers} workers: {error}"
            );
        }
    });
}

#[test]
fn the_switch_ends_sealing_that_waits_for_input() {
    for (layers, workers) in WAYS {
        for len in [0, 1, CHUNK, LEN] {
            let error = stopped(pattern(len), move |input, stop| {
                Seal::new(&secret())
                    .format(&GoCrypt)
                    .layers(Some(layers))
                    .jobs(jobs(workers))
                    .stop(stop)
                    .run(input, io::sink())
            });
            assert!(matches!(error, Error::Stopped), "{error}");
        }
    }
}

#[test]
fn the_switch_ends_opening_that_waits_for_input() {
    for (layers, workers) in WAYS {
        let (_, sealed) = seal_layers(&pattern(LEN)[..], layers, 2);
        // In the header, in the first chunk, behind it, and far behind it.
        for len in [0, 10, 700, 40_000, 1_000_000] {
            let error = stopped(sealed[..len].to_vec(), move |input, stop| {
                Open::new(&secret())
                    .format(Some(&GoCrypt))
                    .jobs(jobs(workers))
                    .stop(stop)
                    .run(input, io::sink())
            });
            assert!(matches!(error, Error::Stopped), "{error}");
        }
    }
}
