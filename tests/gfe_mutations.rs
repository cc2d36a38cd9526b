//! Changed files: every flipped bit, every cut, every moved chunk ends in an error of the right
//! kind, after just the good chunks before it.

mod common;

use common::by_hand::{self, Data, EXTRA, HEADER, Nonces, frames};
use common::ways;
use common::{FAST, KEY, assert_same, open, open_as, open_strict, pattern, secret};
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
        sample("known", common::seal_known(&half, c), &half),
        sample("known, whole chunks", common::seal_known(&whole, c), &whole),
        sample("stream", common::seal_stream(&half, c), &half),
        sample(
            "stream, whole chunks",
            common::seal_stream(&whole, c),
            &whole,
        ),
        sample("empty", common::seal_stream(&[], c), &[]),
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

/// Asserts that a changed file is refused as it should be, and returns the error.
#[track_caller]
fn refused(original: &Sample, changed: &[u8], what: &str) -> Error {
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

    let more_workers = open_as(&secret(), changed, 3, false);
    assert_eq!(
        more_workers.error().to_string(),
        error.to_string(),
        "{name}"
    );
    assert_eq!(more_workers.written, opened.written, "{name}");
    ways::opens_alike(&secret(), None, changed, false, &more_workers);

    agrees(&name, changed, &error);
    error
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
            let error = refused(&sample, &changed, &what);
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
                assert_eq!(open_strict(changed).error().status(), status::FORMAT);
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

#[test]
fn every_wrong_length_field() {
    const MAX: u32 = 10 * 1024 * 1024 + 16;
    for sample in samples() {
        for (i, frame) in frames(&sample.file).iter().enumerate() {
            let start = frame.start;
            let right = (frame.len() - 4) as u32;
            for field in [
                0,
                1,
                15,
                16,
                17,
                right - 1,
                right + 1,
                MAX - 1,
                MAX,
                MAX + 1,
                1 << 31,
                u32::MAX,
            ] {
                if field == right {
                    continue;
                }
                let changed = with(&sample.file, start..start + 4, &field.to_be_bytes());
                let what = format!("length {field} for chunk {i}");
                let error = refused(&sample, &changed, &what);
                // These can be in no file at all.
                if !(16..=MAX).contains(&field) {
                    assert!(
                        error
                            .to_string()
                            .starts_with(&format!("invalid chunk size {field}: ")),
                        "{what}: {error}"
                    );
                    assert_eq!(error.status(), status::FORMAT, "{what}");
                    assert_eq!(error.offset(), Some(start as u64), "{what}");
                }
            }
        }
    }
}

#[test]
fn empty_chunks_are_refused_where_no_stream_ends() {
    // Authentic ones, made under the right key: the structure alone forbids them.
    let chunks: [&[&[u8]]; 3] = [&[b"", b"abc"], &[b"ab", b"", b"c"], &[b"abc", b""]];
    for size in [0, 3] {
        for chunks in chunks {
            let rule = Nonces::Replaced;
            let data = Data::SizeField;
            let file = by_hand::write(&KEY, rule, data, [1; 12], size, chunks.iter().copied());
            let frames = frames(&file);
            let empty = frames
                .iter()
                .position(|frame| frame.len() == EXTRA)
                .unwrap();
            let opened = open(&file);
            let expected = if size == 3 && empty == chunks.len() - 1 {
                "data after the last chunk"
            } else {
                "invalid chunk size 16: an empty chunk"
            };
            let offset = frames[empty].start;
            assert_eq!(
                opened.error().to_string(),
                format!("{expected} (at offset {offset})")
            );
            assert_eq!(opened.written, chunks[..empty].concat());
            agrees("an empty chunk", &file, opened.error());
        }
    }
}

/// Where the number of a chunk is added to the nonce, the second chunk's nonce is the first one's under
/// a base that is one more.
#[test]
fn a_stream_without_its_first_chunks_under_a_nonce_that_counts_from_there() {
    let text = pattern(3 * C + 5);
    let file = common::seal_stream(&text, C as u64);
    for (dropped, frame) in frames(&file).iter().enumerate().skip(1) {
        let mut changed = with(&file, HEADER..frame.start, &[]);
        changed[12..16].copy_from_slice(&(dropped as u32).to_be_bytes());
        let opened = open(&changed);
        let error = opened.error();
        assert!(
            matches!(error, Error::Authentication { chunk: 0, .. }),
            "{dropped}: {error}"
        );
        assert!(opened.written.is_empty(), "{dropped}");
    }
    // Where a size is declared, it is missed; where it is not, that is warned of.
    let known = common::seal_known(&text, C as u64);
    let mut changed = with(&known, frames(&known)[0].clone(), &[]);
    changed[15] = 1;
    let opened = open(&changed);
    assert_eq!(opened.error().status(), status::TRUNCATED);
    let unknown = by_hand::unknown_size(&KEY, &text, C);
    let mut changed = with(&unknown, frames(&unknown)[0].clone(), &[]);
    changed[12..16].copy_from_slice(&[0, 0, 0, 1]);
    let opened = open(&changed);
    assert!(opened.result.is_ok(), "{:?}", opened.result);
    assert_eq!(
        opened.warnings,
        [
            "the length is not authenticated: a cut between two chunks cannot be noticed; chunks may \
          be missing at the beginning too"
        ]
    );
    assert!(open_strict(&changed).result.is_err());
}

#[test]
fn behind_a_header_that_is_kept_apart_offsets_count_from_the_first_chunk() {
    let file = common::seal_known(&pattern(2), 1);
    let (header, body) = file.split_at(HEADER);
    let key = secret();
    let open = || fetool::Open::new(&key).detached_header(Some(header));
    let error = |body: &[u8]| open().run(body, std::io::sink()).unwrap_err();
    for (chunk, frame) in frames(&file).iter().enumerate() {
        let mut body = body.to_vec();
        body[frame.end - 1 - HEADER] ^= 1;
        let offset = (frame.start - HEADER) as u64;
        let chunk = chunk as u64;
        match error(&body) {
            Error::Authentication {
                chunk: c,
                offset: o,
            } => assert_eq!((c, o), (chunk, offset)),
            other => panic!("{other}"),
        }
    }
    // Of two faults the first one is told: here a bad tag, and then an end inside a length field.
    let mut body = body[..frames(&file)[0].len() + 2].to_vec();
    body[10] ^= 1;
    let mut report = Inspect::new()
        .detached_header(Some(header))
        .run(&body[..])
        .unwrap();
    assert_eq!(report.fault.as_ref().unwrap().status, status::TRUNCATED);
    assert_eq!(report.checked(open().check(&body[..])).unwrap(), None);
    let fault = report.fault.unwrap();
    assert_eq!((fault.offset, fault.status), (Some(0), status::KEY));
}

#[test]
fn a_stream_ends_with_its_first_short_chunk() {
    // Authentic chunks again, in an order that no stream has.
    let write = |chunks: &[&[u8]]| {
        by_hand::write(
            &KEY,
            Nonces::Replaced,
            Data::SizeField,
            [1; 12],
            by_hand::STREAM + 4,
            chunks.iter().copied(),
        )
    };
    for chunks in [
        &[&b"abc"[..], b"d"][..],
        &[b"abcd", b"", b""],
        &[b"abcd", b"e", b"fghi", b""],
        &[b"abcd", b"", b"efgh", b"i"],
    ] {
        let file = write(chunks);
        let short = chunks.iter().position(|chunk| chunk.len() < 4).unwrap();
        let offset = frames(&file)[short].end;
        let opened = open(&file);
        assert_eq!(
            opened.error().to_string(),
            format!("data after the last chunk (at offset {offset})")
        );
        assert_eq!(opened.written, chunks[..=short].concat());
        agrees("a short chunk", &file, opened.error());
    }
    let file = write(&[b"abcd", b"efghi"]);
    let opened = open(&file);
    assert!(
        opened
            .error()
            .to_string()
            .starts_with("invalid chunk size 21: longer")
    );
    assert_eq!(opened.error().offset(), Some(frames(&file)[1].start as u64));
    assert_eq!(opened.written, b"abcd");
    let file = write(&[b"abcd", b"efgh"]);
    assert_eq!(open(&file).error().status(), status::TRUNCATED);
}

#[test]
fn every_wrong_size_field() {
    const STREAM: u64 = by_hand::STREAM;
    for sample in samples() {
        let c = C as u64;
        let len = sample.plaintext.len() as u64;
        let right = u64::from_be_bytes(sample.file[16..24].try_into().unwrap());
        let fields = [0, 1, c, len, len + 1, len + c, 1 << 62, STREAM - 1];
        let marks = [
            STREAM + 1,
            STREAM + c - 1,
            STREAM + c,
            STREAM + c + 1,
            STREAM + 10_485_760,
        ];
        for field in fields.into_iter().chain(marks) {
            if field != right {
                let changed = with(&sample.file, 16..24, &field.to_be_bytes());
                refused(&sample, &changed, &format!("size field {field:#x}"));
            }
        }
        for field in [STREAM, STREAM + 10_485_761, u64::MAX] {
            let changed = with(&sample.file, 16..24, &field.to_be_bytes());
            let error = refused(&sample, &changed, &format!("size field {field:#x}"));
            assert!(
                error.to_string().starts_with("invalid size field"),
                "{error}"
            );
            assert_eq!((error.status(), error.offset()), (4, Some(16)));
        }
    }
}

/// The messages are part of what scripts and people rely on.
#[test]
fn the_main_errors_in_their_words() {
    let sample = &samples()[0];
    let file = &sample.file;
    let message = |changed: &[u8]| open(changed).error().to_string();
    let frames = frames(file);
    let at = frames[2].start;

    assert_eq!(
        message(&with(file, at..at + 4, &[0, 0, 0, 3])),
        format!("invalid chunk size 3: shorter than its tag (at offset {at})")
    );
    assert_eq!(
        message(&with(file, at..at + 4, &[1, 0, 0, 0])),
        format!("invalid chunk size 16777216: more than 10 MiB and a tag (at offset {at})")
    );
    assert_eq!(
        message(&with(file, 30..31, &[!file[30]])),
        "authentication failed: wrong key, or the file was tampered with"
    );
    assert_eq!(
        message(&with(file, at + 5..at + 6, &[!file[at + 5]])),
        format!("authentication failed in chunk 2 (at offset {at}): the file was tampered with")
    );
    assert_eq!(
        message(&file[..at]),
        format!("unexpected EOF: 24 of 56 plaintext bytes are missing (at offset {at})")
    );
    assert_eq!(
        message(&file[..at + 2]),
        format!(
            "unexpected EOF: the input ends inside a chunk's length field (at offset {})",
            at + 2
        )
    );
    assert_eq!(
        message(&file[..at + 9]),
        format!(
            "unexpected EOF: the input ends inside a chunk (at offset {})",
            at + 9
        )
    );
    assert_eq!(
        message(&file[..20]),
        "unexpected EOF: the input ends inside the header (at offset 20)"
    );
    assert_eq!(
        message(b""),
        "unexpected EOF: the input is empty (at offset 0)"
    );
    assert_eq!(
        message(b"GF"),
        "unexpected EOF: the input ends inside the magic number of GFE (go-fileencrypt) (at offset 2)"
    );
    assert_eq!(
        message(b"PK\x03\x04 and so on"),
        "not a sealed file of a known format"
    );
    assert_eq!(
        message(b"GFE\x02"),
        "unsupported version 2 of GFE: only version 1 is known"
    );
    let end = file.len();
    assert_eq!(
        message(&with(file, end..end, b"\n")),
        format!("data after the last chunk (at offset {end})")
    );
    let stream = &samples()[2].file;
    assert_eq!(
        message(&stream[..at]),
        format!("unexpected EOF: the stream's last chunk is missing (at offset {at})")
    );
}

/// Chunks so large that each travels through the threads alone.
const LARGE: usize = 300_000;

/// Several times the same, for the threads' timing differs.
const WORKERS: &[usize] = if FAST { &[1, 2, 4, 4, 4, 8] } else { &[1, 4] };

#[test]
fn of_several_errors_the_first_in_the_order_of_the_data_is_reported() {
    let plaintext = pattern(8 * LARGE + 1000);
    for file in [
        common::seal_known(&plaintext, LARGE as u64),
        common::seal_stream(&plaintext, LARGE as u64),
    ] {
        let frames = frames(&file);
        assert_eq!(frames.len(), 9);
        for broken in [
            &[2, 3, 4, 5, 6, 7, 8][..],
            &[5, 6],
            &[3, 8],
            &[7, 8],
            &[1, 2],
        ] {
            let mut changed = file.clone();
            for &chunk in broken {
                // At its end, so that the later chunks could be ready before the first is.
                changed[frames[chunk].end - 1] ^= 1;
            }
            // And behind all of them the structure breaks.
            changed.truncate(frames[8].end - 1);
            for &workers in WORKERS {
                let opened = open_as(&secret(), &changed[..], workers, false);
                match opened.error() {
                    Error::Authentication { chunk, offset } => {
                        assert_eq!(*chunk, broken[0] as u64);
                        assert_eq!(*offset, frames[broken[0]].start as u64);
                    }
                    other => panic!("{other}"),
                }
                assert_same(&opened.written, &plaintext[..broken[0] * LARGE]);
            }
        }
        // The structure breaks first, and a tag behind it is wrong.
        let at = frames[4].start;
        let mut changed = with(&file, at..at + 4, &[0xff; 4]);
        changed[frames[6].end - 1] ^= 1;
        for &workers in WORKERS {
            let opened = open_as(&secret(), &changed[..], workers, false);
            assert_eq!(opened.error().status(), status::FORMAT);
            assert_eq!(opened.error().offset(), Some(at as u64));
            assert_same(&opened.written, &plaintext[..4 * LARGE]);
        }
    }
}

#[test]
fn errors_far_into_a_file_of_small_chunks() {
    // Many chunks travel together here, and several such buffers are on their way at once.
    let chunk = 1000;
    let plaintext = pattern(2_500_000);
    let file = common::seal_known(&plaintext, chunk as u64);
    let frames = frames(&file);
    assert_eq!(frames.len(), 2500);
    for (first, second) in [
        (1, 2),
        (1027, 1028),
        (1028, 2400),
        (1500, 1501),
        (2499, 2499),
    ] {
        let mut changed = file.clone();
        changed[frames[first].end - 1] ^= 1;
        if second != first {
            let at = frames[second].start;
            changed[at..at + 4].fill(0);
        }
        let opened = open_as(&secret(), &changed[..], 4, false);
        assert_eq!(opened.error().status(), status::KEY);
        assert_eq!(opened.error().offset(), Some(frames[first].start as u64));
        assert_same(&opened.written, &plaintext[..first * chunk]);

        // And the structure alone.
        let mut changed = file.clone();
        let at = frames[first].start;
        changed[at..at + 4].fill(0);
        let opened = open_as(&secret(), &changed[..], 4, false);
        assert_eq!(opened.error().status(), status::FORMAT);
        assert_same(&opened.written, &plaintext[..first * chunk]);
        agrees("length 0", &changed, opened.error());
    }
}

#[test]
fn a_verifying_inspection_names_the_fault() {
    let key = secret();
    for sample in samples() {
        let mut report = Inspect::new().run(&sample.file[..]).unwrap();
        let reading = report
            .checked(fetool::Open::new(&key).check(&sample.file[..]))
            .unwrap();
        assert!(reading.is_some(), "{}", sample.name);
        assert_eq!(report.fault, None);
        assert_eq!(
            report.description.warnings.len(),
            usize::from(sample.unknown)
        );

        let mut changed = sample.file.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        let mut report = Inspect::new().run(&changed[..]).unwrap();
        assert_eq!(report.fault, None);
        let reading = report
            .checked(fetool::Open::new(&key).check(&changed[..]))
            .unwrap();
        assert_eq!(reading, None);
        let fault = report.fault.expect("a fault");
        assert_eq!(fault.status, status::KEY);
        let frames = frames(&sample.file);
        assert_eq!(fault.offset, Some(frames[frames.len() - 1].start as u64));
    }
}
