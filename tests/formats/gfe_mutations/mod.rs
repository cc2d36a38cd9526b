//! Changed files: every flipped bit, every cut, every moved chunk ends in an error of the right
//! kind, after just the good chunks before it.

mod fields;
mod streams;
mod threads;
mod words;

use crate::common::by_hand::{self, Data, EXTRA, HEADER, Nonces, frames};
use crate::common::ways;
use crate::common::{KEY, assert_same, open, open_as, open_strict, pattern, secret};
use fetool::{Error, Inspect, status};
use std::io::Cursor;
use std::ops::Range;

const C: usize = 16;

/// A small file, and what is known of it.
struct Sample {
    name: &'static str,
    file: Vec<u8>,
    plaintext: Vec<u8>,
    /// Size field 0: a cut between two chunks cannot be noticed.
    unknown: bool,
    /// The base nonce's last four bytes enter the nonces.
    whole_base: bool,
}

/// The three shapes of the size field, several chunks each, and the last one short, full or empty.
fn samples() -> Vec<Sample> {
    let half = pattern(3 * C + C / 2);
    let whole = pattern(3 * C);
    let sample = |name, file, plaintext: &[u8]| Sample {
        name,
        file,
        plaintext: plaintext.to_vec(),
        unknown: false,
        whole_base: false,
    };
    let c = C as u64;
    let samples = vec![
        sample("known", crate::common::seal_known(&half, c), &half),
        sample(
            "known, whole chunks",
            crate::common::seal_known(&whole, c),
            &whole,
        ),
        sample("stream", crate::common::seal_stream(&half, c), &half),
        sample(
            "stream, whole chunks",
            crate::common::seal_stream(&whole, c),
            &whole,
        ),
        sample("empty", crate::common::seal_stream(&[], c), &[]),
        Sample {
            unknown: true,
            ..sample("unknown", by_hand::unknown_size(&KEY, &half, C), &half)
        },
        Sample {
            whole_base: true,
            ..sample(
                "summed nonces",
                by_hand::write(
                    &KEY,
                    Nonces::Summed,
                    Data::SizeField,
                    [0xff; 12],
                    half.len() as u64,
                    half.chunks(C),
                ),
                &half,
            )
        },
    ];
    for sample in &samples {
        let opened = open(&sample.file);
        assert!(opened.result.is_ok(), "{}", sample.name);
        assert_same(&opened.written, &sample.plaintext);
        assert_eq!(opened.warnings.len(), usize::from(sample.unknown));
    }
    samples
}

/// How much plaintext comes out before the first changed byte's chunk, and nothing behind it.
fn good(original: &Sample, changed: &[u8]) -> usize {
    let same = original
        .file
        .iter()
        .zip(changed)
        .take_while(|(a, b)| a == b)
        .count();
    frames(&original.file)
        .iter()
        .filter(|frame| frame.end <= same)
        .map(|frame| frame.len() - EXTRA)
        .sum()
}

/// Asserts that a changed file is refused as it should be, in every way of opening and inspecting it, and
/// returns the error.
#[track_caller]
fn refused(original: &Sample, changed: &[u8], what: &str) -> Error {
    let name = format!("{}: {what}", original.name);
    let (written, error) = refused_by_one_worker(original, changed, what);

    let more_workers = open_as(&secret(), changed, 3, false);
    assert_eq!(
        more_workers.error().to_string(),
        error.to_string(),
        "{name}"
    );
    assert_eq!(more_workers.written, written, "{name}");
    ways::opens_alike(&secret(), None, changed, false, &more_workers);

    agrees(&name, changed, &error);
    error
}

/// The same, in one way. Returns what was written, and the error.
#[track_caller]
fn refused_by_one_worker(original: &Sample, changed: &[u8], what: &str) -> (Vec<u8>, Error) {
    let name = format!("{}: {what}", original.name);
    assert_ne!(changed, original.file, "{name}: not changed");
    let opened = open_as(&secret(), changed, 1, false);
    let error = opened.result.expect_err(&name);
    assert!(
        [status::KEY, status::FORMAT, status::TRUNCATED].contains(&error.status()),
        "{name}: {error}"
    );
    // Never a wrong byte, and every good chunk before the change.
    assert_same(
        &opened.written,
        &original.plaintext[..good(original, changed)],
    );
    (opened.written, error)
}

/// Inspecting finds the same faults of structure without a key.
#[track_caller]
fn agrees(name: &str, changed: &[u8], error: &Error) {
    let reports = [
        Inspect::new().run(changed),
        Inspect::new().run_seekable(Cursor::new(changed)),
    ];
    for report in reports {
        let report = match report {
            Ok(report) => report,
            // The header cannot be decoded.
            Err(other) => {
                // Opening has tried the secret too.
                let same = error.to_string().starts_with(&other.to_string());
                assert!(same, "{name}: {other}, {error}");
                assert_eq!(other.status(), error.status(), "{name}");
                continue;
            }
        };
        if error.status() == status::KEY {
            // The structure may be broken too, but not before.
            if let Some(fault) = report.fault {
                assert!(fault.offset > error.offset(), "{name}: {fault:?}, {error}");
            }
        } else {
            let fault = report.fault.expect(name);
            assert_eq!(fault.offset, error.offset(), "{name}");
            assert_eq!(fault.status, error.status(), "{name}");
            assert_eq!(fault.message, error.to_string(), "{name}");
        }
    }
}

fn with(file: &[u8], range: Range<usize>, bytes: &[u8]) -> Vec<u8> {
    let mut changed = file.to_vec();
    changed.splice(range, bytes.iter().copied());
    changed
}

#[test]
fn every_flipped_bit() {
    let (mut flips, mut harmless) = (0, 0);
    for sample in samples() {
        for bit in 0..sample.file.len() * 8 {
            let mut changed = sample.file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let what = format!("bit {bit}");
            flips += 1;
            if (12..16).contains(&(bit / 8)) && !sample.whole_base {
                // The one exception: the program replaces these four bytes by the chunk's number,
                // so they enter nothing, and the plaintext is the same.
                let opened = open(&changed);
                assert!(opened.result.is_ok(), "{}: {what}", sample.name);
                assert_same(&opened.written, &sample.plaintext);
                assert_eq!(open_strict(&changed).result.is_ok(), !sample.unknown);
                harmless += 1;
                continue;
            }
            // One bit of each byte in every way, and not always the same bit.
            let error = match bit % 8 == bit / 8 % 8 {
                true => refused(&sample, &changed, &what),
                false => refused_by_one_worker(&sample, &changed, &what).1,
            };
            match bit / 8 {
                0..3 => assert!(matches!(error, Error::UnknownFormat(_)), "{what}: {error}"),
                3 => assert!(matches!(error, Error::Unsupported(_)), "{what}: {error}"),
                4..16 => assert_eq!(error.status(), status::KEY, "{what}: {error}"),
                at => {
                    // In a body, the chunk and its offset are named.
                    let frames = frames(&sample.file);
                    let found = frames.iter().position(|frame| frame.contains(&at));
                    if let Some(chunk) = found
                        && at >= frames[chunk].start + 4
                    {
                        match error {
                            Error::Authentication { chunk: c, offset } => {
                                assert_eq!(c, chunk as u64, "{what}");
                                assert_eq!(offset, frames[chunk].start as u64, "{what}");
                            }
                            other => panic!("{what}: {other}"),
                        }
                    }
                }
            }
        }
    }
    assert_eq!(harmless, 6 * 32);
    assert!(flips > 7000, "{flips}");
}

#[test]
fn every_cut() {
    for sample in samples() {
        for len in 0..sample.file.len() {
            let changed = &sample.file[..len];
            let frames = frames(&sample.file);
            let edge = len == HEADER || frames.iter().any(|frame| frame.end == len);
            if sample.unknown && edge {
                // The limit of this shape: a shorter file, with a warning.
                let opened = open(changed);
                assert!(opened.result.is_ok(), "cut to {len}");
                assert_same(&opened.written, &sample.plaintext[..good(&sample, changed)]);
                assert_eq!(opened.warnings.len(), 1);
                let none = len == HEADER;
                let status = if none { status::KEY } else { status::FORMAT };
                assert_eq!(open_strict(changed).error().status(), status);
                continue;
            }
            let error = refused(&sample, changed, &format!("cut to {len}"));
            assert_eq!(error.status(), status::TRUNCATED, "cut to {len}: {error}");
            assert!(error.to_string().starts_with("unexpected EOF"), "{error}");
            assert_eq!(error.offset(), Some(len as u64), "{error}");
        }
    }
}

#[test]
fn every_trailing_byte() {
    for sample in samples() {
        let frames = frames(&sample.file);
        let last = sample.file[frames[frames.len() - 1].clone()].to_vec();
        let first = sample.file[frames[0].clone()].to_vec();
        let end = sample.file.len();
        for trailing in [&[0; 5][..], &[0xff; 5], b"GFE\x01\x00", &[0, 0, 0, 32, 1]] {
            for len in 1..=trailing.len() {
                let changed = with(&sample.file, end..end, &trailing[..len]);
                let what = format!("with {:?} behind it", &trailing[..len]);
                let error = refused(&sample, &changed, &what);
                if !sample.unknown {
                    assert!(
                        error.to_string().starts_with("data after the last chunk"),
                        "{what}: {error}"
                    );
                    assert_eq!(error.offset(), Some(end as u64), "{what}: {error}");
                }
            }
        }
        for frame in [&last, &first] {
            let changed = with(&sample.file, end..end, frame);
            let error = refused(&sample, &changed, "with a frame more");
            let expected = if sample.unknown {
                status::KEY
            } else {
                status::FORMAT
            };
            assert_eq!(error.status(), expected, "{}: {error}", sample.name);
        }
        // Another whole file behind it.
        let changed = with(&sample.file, end..end, &sample.file);
        refused(&sample, &changed, "twice");
    }
}

#[test]
fn every_moved_chunk() {
    for sample in samples() {
        let file = &sample.file;
        let frames = frames(file);
        for (i, one) in frames.iter().enumerate() {
            // Dropped.
            let changed = with(file, one.clone(), &[]);
            if sample.unknown && i == frames.len() - 1 {
                let opened = open(&changed);
                assert!(opened.result.is_ok(), "the last chunk dropped");
                assert_same(&opened.written, &sample.plaintext[..i * C]);
                assert_eq!(opened.warnings.len(), 1);
            } else {
                refused(&sample, &changed, &format!("without chunk {i}"));
            }
            for (j, other) in frames.iter().enumerate() {
                // Chunk j repeated before chunk i, which also covers repeats in a row.
                let bytes = &file[other.clone()];
                let changed = with(file, one.start..one.start, bytes);
                refused(&sample, &changed, &format!("chunk {j} again before {i}"));
                if i == j {
                    continue;
                }
                // Chunk j in the place of i.
                let changed = with(file, one.clone(), bytes);
                refused(&sample, &changed, &format!("chunk {j} instead of {i}"));
                if i < j {
                    let changed = with(file, other.clone(), &file[one.clone()]);
                    let changed = with(&changed, one.clone(), bytes);
                    refused(&sample, &changed, &format!("chunks {i} and {j} swapped"));
                }
            }
        }
        // A chunk of another file under the same key, in the same place.
        let donor = by_hand::write(
            &KEY,
            Nonces::Replaced,
            Data::SizeField,
            [8; 12],
            u64::from_be_bytes(file[16..24].try_into().unwrap()),
            frames
                .iter()
                .map(|frame| &file[frame.start + 4..frame.end - 16]),
        );
        for frame in &frames {
            let changed = with(file, frame.clone(), &donor[frame.clone()]);
            let error = refused(&sample, &changed, "a chunk of another file");
            assert_eq!(error.status(), status::KEY, "{error}");
        }
    }
}
