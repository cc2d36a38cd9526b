//! Memory is bounded for the weak formats too: layers take some chunks each, whatever the length of
//! the input, and a chunk size that a header announces takes nothing.
//!
//! The tests take turns, so that they do not see each other's memory.

use crate::common::{jobs, pattern};
use crate::counting::{peak, turn};
use crate::weak_common::by_hand::parallel_encryptor::{self, HEADER, TAG, header};
use crate::weak_common::{SECRET, secret};
use fetool::format::gocrypt::GoCrypt;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{Format, Limits};
use fetool::{Error, Hint, Inspect, Open, Seal, status};
use std::io::{self, Cursor, Read};

const MIB: usize = 1 << 20;

/// Long enough to fill every buffer in the shorter case.
const SHORT: usize = 24 * MIB;

fn generated(len: usize) -> impl Read + Send {
    io::repeat(0x5a).take(len as u64)
}

fn sealing(len: usize, layers: u8) -> usize {
    let (sealed, peak) = peak(move || {
        Seal::new(&secret())
            .format(&GoCrypt)
            .layers(Some(layers))
            .jobs(jobs(2))
            .run(generated(len), io::sink())
            .expect("seals")
    });
    assert_eq!(sealed.plaintext_len, len as u64);
    println!("sealing {len} bytes in {layers} layers: {peak}");
    peak
}

/// Seals to a pipe of the system and opens from it: the peak is of both together.
fn opening(len: usize, layers: u8) -> usize {
    let (opened, peak) = peak(move || {
        let (reader, writer) = io::pipe().expect("a pipe");
        let sealing = std::thread::spawn(move || {
            Seal::new(&secret())
                .format(&GoCrypt)
                .layers(Some(layers))
                .jobs(jobs(1))
                .run(generated(len), writer)
                .expect("seals")
        });
        let opened = Open::new(&secret())
            .format(Some(&GoCrypt))
            .jobs(jobs(2))
            .run(reader, io::sink())
            .expect("opens");
        sealing.join().expect("no panic");
        opened
    });
    assert_eq!(opened.plaintext_len, len as u64);
    println!("opening {len} bytes in {layers} layers: {peak}");
    peak
}

#[test]
fn layers_take_as_much_for_a_long_input_as_for_a_short_one() {
    let _turn = turn();
    for layers in [1, 5] {
        for work in [sealing, opening] {
            let short = work(SHORT, layers);
            let long = work(3 * SHORT, layers);
            assert!(
                long < short + short / 4 + MIB,
                "{layers} layers: {short}, and {long} for three times as much"
            );
        }
    }
}

/// Four GiB less one byte.
const HUGE: u32 = u32::MAX;

fn open_limited(file: Vec<u8>, limits: Limits) -> (Result<Vec<u8>, Error>, usize) {
    peak(move || {
        let mut opened = Vec::new();
        Open::new(&secret())
            .format(Some(&ParallelEncryptor))
            .limits(limits)
            .jobs(jobs(4))
            .run(&file[..], &mut opened)?;
        Ok(opened)
    })
}

/// Memory grows with the bytes that are there, never with those that are announced.
#[test]
fn an_announced_chunk_size_takes_nothing() {
    let _turn = turn();
    for len in [1, 1000, 100_000] {
        let text = pattern(len);
        let file = parallel_encryptor::write(SECRET, [1; 8], HUGE, &text);
        let body = (file.len() - HEADER) as u64;
        for body in [None, Some(body), Some(file.len() as u64)] {
            let memory = Limits::default().memory;
            let (opened, peak) = open_limited(
                file.clone(),
                Limits {
                    memory,
                    input_len: body,
                },
            );
            assert!(opened.expect("opens") == text);
            assert!(peak < MIB, "{len} bytes took {peak}");
        }
    }
}

#[test]
fn an_announced_chunk_size_takes_nothing_in_a_broken_file() {
    let _turn = turn();
    for (body, expected) in [(1, 5), (TAG - 1, 5), (TAG, 4), (TAG + 1, 3), (1000, 3)] {
        let file = [header([1; 8], HUGE), vec![7; body]].concat();
        let (opened, peak) = open_limited(file, Limits::default());
        assert_eq!(opened.unwrap_err().status(), expected, "{body} bytes");
        assert!(peak < MIB / 2, "{body} bytes took {peak}");
    }
}

#[test]
fn finding_out_the_format_takes_no_announced_chunk_size_either() {
    let _turn = turn();
    let file = [header([1; 8], HUGE), vec![7; 1000]].concat();
    let (error, peak) = peak(move || {
        let key = secret();
        let opened = Open::new(&key).jobs(jobs(4)).run(&file[..], io::sink());
        opened.unwrap_err()
    });
    assert_eq!(error.status(), status::FORMAT, "{error}");
    assert!(peak < MIB, "{peak}");
}

#[test]
fn inspecting_takes_nothing_for_a_chunk_of_any_length() {
    let _turn = turn();
    let file = [header([1; 8], HUGE), vec![7; 1000]].concat();
    for seekable in [false, true] {
        let file = file.clone();
        let (report, peak) = peak(move || {
            let inspect = Inspect::new().format(Some(&ParallelEncryptor as &dyn Format));
            if seekable {
                inspect.run_seekable(Cursor::new(file)).expect("a header")
            } else {
                inspect.run(&file[..]).expect("a header")
            }
        });
        assert_eq!(report.plaintext_len, 1000 - TAG as u64);
        assert!(peak < MIB / 2, "{peak}");
    }
}

#[track_caller]
fn is_too_much(error: &Error, memory: u64) {
    assert!(matches!(error, Error::Usage { .. }), "{error}");
    assert_eq!(error.status(), status::USAGE);
    assert!(error.to_string().contains(&memory.to_string()), "{error}");
    assert_eq!(error.hint(), Some(&Hint::MoreMemory));
}

#[test]
fn a_chunk_that_is_longer_than_allowed_is_refused() {
    let _turn = turn();
    let text = pattern(3 * MIB);
    let chunk = 2 * MIB + 1;
    let file = parallel_encryptor::write(SECRET, [1; 8], chunk as u32, &text);
    let frame = (chunk + TAG) as u64;
    for body in [None, Some((file.len() - HEADER) as u64)] {
        for memory in [frame, frame + 1, u64::MAX] {
            let (opened, _) = open_limited(
                file.clone(),
                Limits {
                    memory,
                    input_len: body,
                },
            );
            assert!(opened.expect("opens") == text);
        }
        for memory in [0, 1 << 20, frame - 1] {
            let (opened, peak) = open_limited(
                file.clone(),
                Limits {
                    memory,
                    input_len: body,
                },
            );
            is_too_much(&opened.unwrap_err(), memory);
            // What is read grows step by step, and is there twice while it grows.
            assert!(peak < 3 * memory as usize + MIB, "{memory}: {peak}");
        }
    }
}

/// Where the length is not known, no more is read than is allowed.
#[test]
fn an_endless_chunk_is_given_up_on() {
    let _turn = turn();
    let (error, peak) = peak(|| {
        let endless = Cursor::new(header([1; 8], HUGE)).chain(io::repeat(7));
        let limits = Limits {
            memory: 3 << 20,
            input_len: None,
        };
        Open::new(&secret())
            .format(Some(&ParallelEncryptor))
            .limits(limits)
            .run(endless, io::sink())
            .unwrap_err()
    });
    is_too_much(&error, 3 << 20);
    assert!(peak < 8 * MIB, "{peak}");
}
