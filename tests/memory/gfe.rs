//! Memory is bounded: by the chunks and the threads, never by the length of the input nor by the
//! lengths that a file announces.
//!
//! The tests take turns, so that they do not see each other's memory.

use crate::common::by_hand::{self, STREAM};
use crate::common::{FAST, KEY, jobs, secret};
use crate::counting::{peak, turn};
use fetool::format::{self, Limits};
use fetool::kdf::{Derivation, Key};
use fetool::{Error, Inspect, Open, Positioned, ReadAt, Seal, Secret, WriteAt, status};
use std::io::{self, Cursor, Read, Write};
use std::time::Duration;

const MIB: usize = 1 << 20;

const SHORT: usize = if FAST { 64 } else { 6 } * MIB;
const LONG: usize = 4 * SHORT;
const WORKERS: usize = if FAST { 4 } else { 1 };

/// As the pipeline's documentation has it.
const fn buffers(workers: usize) -> usize {
    2 * workers + 2
}

/// What `workers` may take for chunks of `chunk` bytes: their buffers, which hold a mebibyte or
/// one chunk; one that is just growing, in each thread, is there twice; and a little for threads and
/// channels.
fn bound(workers: usize, chunk: usize) -> usize {
    let buffer = chunk.max(MIB) + 64 * 1024;
    (buffers(workers) + workers + 1) * buffer + MIB / 2
}

/// `len` bytes from nowhere.
fn generated(len: usize) -> impl Read + Send {
    io::repeat(0x5a).take(len as u64)
}

/// Counts what it is given, and is slow from time to time.
#[derive(Default)]
struct Sink {
    bytes: usize,
    writes: usize,
    slow: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        self.writes += 1;
        if self.slow && self.writes % 8 == 1 {
            // Long enough for everything behind it to fill up.
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sealing(len: usize, chunk: usize, workers: usize, slow: bool) -> usize {
    let (bytes, peak) = peak(move || {
        let mut sink = Sink {
            slow,
            ..Sink::default()
        };
        let sealed = Seal::new(&secret())
            .chunk_size(Some(chunk as u64))
            .jobs(jobs(workers))
            .run(generated(len), &mut sink)
            .expect("seals");
        assert_eq!(sealed.plaintext_len, len as u64);
        sink.bytes
    });
    assert!(bytes > len);
    println!("sealing {len} bytes in {chunk}, {workers} workers, slow {slow}: {peak}");
    peak
}

/// Seals to a pipe of the system and opens from it: the peak is of both together.
fn opening(len: usize, chunk: usize, workers: usize, slow: bool) -> usize {
    let (bytes, peak) = peak(move || {
        let (reader, writer) = io::pipe().expect("a pipe");
        let sealing = std::thread::spawn(move || {
            Seal::new(&secret())
                .chunk_size(Some(chunk as u64))
                .jobs(jobs(1))
                .run(generated(len), writer)
                .expect("seals")
        });
        let mut sink = Sink {
            slow,
            ..Sink::default()
        };
        Open::new(&secret())
            .jobs(jobs(workers))
            .run(reader, &mut sink)
            .expect("opens");
        sealing.join().expect("no panic");
        sink.bytes
    });
    assert_eq!(bytes, len);
    println!("opening {len} bytes in {chunk}, {workers} workers, slow {slow}: {peak}");
    peak
}

/// Chunks, and whether the output is slow.
const WAYS: &[(usize, bool)] = if FAST {
    &[(MIB, true), (MIB, false), (1000, true)]
} else {
    &[(MIB, true), (1000, true)]
};

/// A short and a long input. Many small chunks take long, and fill the buffers soon.
fn lengths(chunk: usize) -> (usize, usize) {
    let shorter = if FAST && chunk < MIB { 4 } else { 1 };
    (SHORT / shorter, LONG / shorter)
}

#[test]
fn sealing_takes_as_much_for_a_long_input_as_for_a_short_one() {
    let _turn = turn();
    for &(chunk, slow) in WAYS {
        let (short, long) = lengths(chunk);
        let short = sealing(short, chunk, WORKERS, slow);
        let long = sealing(long, chunk, WORKERS, slow);
        for peak in [short, long] {
            assert!(peak < bound(WORKERS, chunk), "{peak}, chunks of {chunk}");
        }
        if slow {
            // All buffers are full in both then, so that they can be compared.
            assert!(
                long < short + short / 4,
                "{short}, and {long} for four times as much"
            );
            assert!(long > buffers(WORKERS) * MIB, "{long}: is it counted?");
        }
    }
}

#[test]
fn opening_takes_as_much_for_a_long_input_as_for_a_short_one() {
    let _turn = turn();
    for &(chunk, slow) in WAYS {
        let (short, long) = lengths(chunk);
        let short = opening(short, chunk, WORKERS, slow);
        let long = opening(long, chunk, WORKERS, slow);
        let bound = bound(WORKERS, chunk) + bound(1, chunk);
        for peak in [short, long] {
            assert!(peak < bound, "{peak}, chunks of {chunk}");
        }
        if slow {
            assert!(
                long < short + short / 4,
                "{short}, and {long} for four times as much"
            );
            // What comes in pieces fills the buffers less.
            assert!(long > 2 * MIB, "{long}: is it counted?");
        }
    }
}

#[test]
fn the_longest_chunks_take_their_buffers_and_no_more() {
    let _turn = turn();
    let chunk = if FAST { 10 } else { 3 } * MIB;
    let len = if FAST { 200 } else { 18 } * MIB;
    let peak = sealing(len, chunk, 1, true);
    assert!(peak < bound(1, chunk), "{peak}");
    // Opening looks at the first chunk before anything else, and tries the key on a copy.
    let peak = opening(len, chunk, 1, true);
    assert!(peak < 2 * bound(1, chunk), "{peak}");
}

/// So many zeros to read at any place, and room for everything.
struct Zeros(u64);

impl ReadAt for Zeros {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let there = into.len().min(self.0.saturating_sub(position) as usize);
        into[..there].fill(0);
        Ok(there)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0)
    }
}

impl WriteAt for Zeros {
    fn write_at(&self, bytes: &[u8], _position: u64) -> io::Result<usize> {
        // Long enough for every thread to have a buffer.
        std::thread::sleep(Duration::from_millis(5));
        Ok(bytes.len())
    }

    fn truncate(&self, _position: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A key without a hash that takes memory of its own.
fn cheap(_how: Derivation, _secret: &[u8], _salt: &[u8]) -> Result<Key, Error> {
    Ok(Key::of(&KEY))
}

/// However many threads there are.
#[test]
fn no_more_buffers_are_taken_to_open_than_the_memory_allows() {
    let _turn = turn();
    for (format, chunk, size) in [
        ("gfe", 3 * MIB, Some(60 * MIB as u64)),
        ("gfe", 3 * MIB, None),
        ("parallel-encryptor", 3 * MIB, None),
        ("dexios", MIB, None),
    ] {
        let format = format::by_name(format).expect("is known");
        let key = || secret().derived_for_tests(cheap);
        let mut sealed = Vec::new();
        Seal::new(&key())
            .format(format)
            .size(size)
            .chunk_size(Some(chunk as u64))
            .run(generated(60 * MIB), &mut sealed)
            .expect("seals");
        let ((), peak) = peak(move || {
            let sink = Sink {
                slow: true,
                ..Sink::default()
            };
            let limits = Limits {
                memory: 2 * (chunk as u64 + 100),
                input_len: None,
            };
            let key = key();
            let open = Open::new(&key).format(Some(format)).limits(limits);
            open.jobs(jobs(8)).run(&sealed[..], sink).expect("opens");
        });
        println!("{}: {peak}", format.name());
        assert!(peak < 5 * chunk, "{}: {peak}", format.name());
    }
}

/// However many threads there are.
#[test]
fn no_more_buffers_are_taken_than_the_memory_allows() {
    let _turn = turn();
    let chunk = 3 * MIB;
    let len = 20 * chunk as u64;
    let (fit, workers) = (2, 8);
    let start = move |key: &Secret| {
        Seal::new(key)
            .size(Some(len))
            .chunk_size(Some(chunk as u64))
            .memory(fit * (chunk as u64 + 100))
            .jobs(jobs(workers))
            .start()
            .expect("is allowed")
    };
    let from_file_to_file = peak(move || {
        let file = Zeros(len);
        let at = Positioned {
            file: &file,
            position: 0,
        };
        start(&secret()).run_at(at, at).expect("seals");
    });
    let in_a_pipe = peak(move || {
        let sink = Sink {
            slow: true,
            ..Sink::default()
        };
        let sealed = start(&secret()).run(generated(len as usize), sink);
        sealed.expect("seals");
    });
    for ((), peak) in [from_file_to_file, in_a_pipe] {
        println!("{peak}");
        // One that is just growing is there twice.
        assert!(peak < 4 * chunk, "{peak}");
    }
}

/// The peak of opening and of inspecting a file that must fail with `status`.
#[track_caller]
fn small(file: Vec<u8>, expected: u8, most: usize) {
    let copy = file.clone();
    let (status, opening) = peak(move || {
        let opened = Open::new(&secret())
            .jobs(jobs(4))
            .run(&copy[..], io::sink());
        opened.expect_err("a broken file").status()
    });
    assert_eq!(status, expected);
    assert!(opening < most, "opening took {opening}");

    let copy = file.clone();
    let (fault, inspecting) = peak(move || Inspect::new().run(&copy[..]).unwrap().fault);
    assert_eq!(fault.expect("a fault").status, expected);
    assert!(inspecting < most, "inspecting took {inspecting}");

    let (fault, inspecting) = peak(move || {
        let report = Inspect::new().run_seekable(Cursor::new(&file));
        report.unwrap().fault
    });
    assert_eq!(fault.expect("a fault").status, expected);
    assert!(inspecting < most, "inspecting took {inspecting}");
}

#[test]
fn announced_lengths_take_nothing() {
    let _turn = turn();
    const FIELD: [u8; 4] = (10 * MIB as u32 + 16).to_be_bytes();
    let sizes = [0, 10 << 20, 1 << 62, STREAM - 1, STREAM + (10 << 20)];
    for size in sizes {
        // A first chunk of 10 MiB, of which two bytes are there.
        let mut file = by_hand::header([1; 12], size);
        file.extend(FIELD);
        file.extend([1, 2]);
        assert_eq!(file.len(), 30);
        small(file, status::TRUNCATED, MIB / 2);
    }
    for size in [0, 1 << 62, STREAM - 1] {
        // The same behind a good chunk, where the pipeline reads.
        let chunk = [&[7; 1000][..]];
        let rule = by_hand::Nonces::Replaced;
        let data = by_hand::Data::SizeField;
        let mut file = by_hand::write(&KEY, rule, data, [1; 12], size, chunk);
        file.extend(FIELD);
        file.extend([1, 2]);
        small(file, status::TRUNCATED, MIB);
    }
}

#[test]
fn lengths_announced_far_into_a_file_take_nothing() {
    let _turn = turn();
    const FIELD: [u8; 4] = (10 * MIB as u32 + 16).to_be_bytes();
    // Behind more than one buffer of good chunks, so that the last one begins a buffer.
    let text = vec![7; 1_200_000];
    let mut file = by_hand::unknown_size(&KEY, &text, 1000);
    file.extend(FIELD);
    file.extend([1, 2]);
    small(file, status::TRUNCATED, 5 * MIB);
}

#[test]
fn a_wrong_announcement_to_sealing_takes_nothing() {
    let _turn = turn();
    for (size, chunk) in [
        (Some(1 << 52), 10 << 20),
        (None, 10 << 20),
        (Some(10), 1 << 20),
    ] {
        let (sealed, peak) = peak(move || {
            Seal::new(&secret())
                .size(size)
                .chunk_size(Some(chunk))
                .jobs(jobs(4))
                .run(&[1; 10][..], io::sink())
                .is_ok()
        });
        assert_eq!(sealed, size != Some(1 << 52));
        assert!(peak < MIB / 2, "{peak}");
    }
}
