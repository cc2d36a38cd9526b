//! Changed files of Parallel-Encryptor: an error of the right kind after just the good chunks
//! before the change, or one of the format's own limits, each of which has a test of its own.

use crate::common::{Numbers, assert_same, no_hang, open_of, pattern};
use crate::weak_common::by_hand::parallel_encryptor::{self, HEADER, TAG, frames, header};
use crate::weak_common::{Kind, SECRET, kind, open_chunks, ruled_out, secret};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Error, Secret, status};
use std::ops::Range;

const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const C: usize = 100;

fn write(chunk: usize, text: &[u8]) -> Vec<u8> {
    parallel_encryptor::write(SECRET, NONCE, chunk as u32, text)
}

/// Four chunks, the last one short.
fn sample() -> (Vec<u8>, Vec<u8>) {
    let text = pattern(3 * C + C / 2);
    let file = write(C, &text);
    assert_eq!(frames(&file).len(), 4);
    (file, text)
}

/// Refused after all the good chunks before the fault.
#[track_caller]
fn refused(changed: &[u8], what: &str) -> Error {
    let (file, text) = sample();
    let (error, written) = crate::weak_common::refused(&ParallelEncryptor, changed, &text, what);
    let same = file.iter().zip(changed).take_while(|(a, b)| a == b).count();
    // A short one has another end where something is behind it.
    let ends = |f: &Range<usize>| f.len() == C + TAG || f.end == changed.len();
    let good = frames(&file)
        .iter()
        .filter(|f| f.end <= same && ends(f))
        .count();
    assert_eq!(written, (good * C).min(text.len()), "{what}");
    error
}

#[test]
fn every_flipped_bit() {
    let (file, _) = sample();
    let frames = frames(&file);
    for bit in 0..file.len() * 8 {
        let mut changed = file.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let what = format!("bit {bit}");
        let error = refused(&changed, &what);
        let chunk = frames.iter().position(|f| f.contains(&(bit / 8)));
        match error {
            Error::Authentication { chunk: c, offset } => {
                let chunk = chunk.unwrap_or(0);
                assert_eq!(c, chunk as u64, "{what}");
                assert_eq!(offset, frames[chunk].start as u64, "{what}");
            }
            other => panic!("{what}: {other}"),
        }
    }
}

#[test]
fn every_cut_inside_the_header_or_inside_a_chunk() {
    let (file, _) = sample();
    let mut tried = 0;
    for len in 0..file.len() {
        let inside = match len.checked_sub(HEADER) {
            Some(body) if body.is_multiple_of(C + TAG) => continue, // a limit of the format
            Some(body) => body % (C + TAG),
            None => 0,
        };
        let expected = match inside {
            ..TAG => Kind::Truncated,
            TAG => Kind::Malformed,
            _ => Kind::Authentication,
        };
        let error = refused(&file[..len], &format!("cut to {len}"));
        assert_eq!(kind(&error), expected, "cut to {len}: {error}");
        if expected == Kind::Truncated {
            assert!(error.to_string().starts_with("unexpected EOF"), "{error}");
            assert_eq!(error.offset(), Some(len as u64), "{error}");
        }
        tried += 1;
    }
    assert_eq!(tried, file.len() - 4);
}

#[test]
fn every_moved_chunk() {
    let (file, _) = sample();
    let frames = frames(&file);
    for (i, one) in frames.iter().enumerate() {
        for (j, other) in frames.iter().enumerate() {
            let what = format!("chunk {j} again before {i}");
            let twice = [&file[..one.start], &file[other.clone()], &file[one.start..]];
            refused(&twice.concat(), &what);
            if i < j {
                let swapped = [
                    &file[..one.start],
                    &file[other.clone()],
                    &file[one.end..other.start],
                    &file[one.clone()],
                    &file[other.end..],
                ];
                let error = refused(&swapped.concat(), &format!("chunks {i} and {j} swapped"));
                assert_eq!(error.status(), status::KEY, "{error}");
            }
        }
        if i < 3 {
            let without = [&file[..one.start], &file[one.end..]].concat();
            let error = refused(&without, &format!("without chunk {i}"));
            assert_eq!(error.status(), status::KEY, "{error}");
        }
    }
    let (_, text) = sample();
    let donor = parallel_encryptor::write(SECRET, [9; 8], C as u32, &text);
    for frame in &frames {
        let mut changed = file.clone();
        changed[frame.clone()].copy_from_slice(&donor[frame.clone()]);
        let error = refused(&changed, "a chunk of another file");
        assert_eq!(error.status(), status::KEY, "{error}");
    }
}

#[test]
fn data_behind_the_last_chunk() {
    let (file, _) = sample();
    for trailing in [&[0][..], b"\n", &[0xff; 16], &[7; 17], &file] {
        let error = refused(&[&file[..], trailing].concat(), "data behind it");
        assert_eq!(kind(&error), Kind::Authentication, "{error}");
    }
    // Behind a whole chunk it is a chunk of its own.
    let text = pattern(2 * C);
    let whole = write(C, &text);
    for (len, expected) in [
        (1, Kind::Truncated),
        (15, Kind::Truncated),
        (16, Kind::Malformed),
        (17, Kind::Authentication),
        (C + TAG, Kind::Authentication),
    ] {
        let changed = [&whole[..], &vec![9; len]].concat();
        let what = format!("{len} bytes behind it");
        let (error, written) =
            crate::weak_common::refused(&ParallelEncryptor, &changed, &text, &what);
        assert_eq!(
            (kind(&error), written),
            (expected, 2 * C),
            "{what}: {error}"
        );
    }
}

#[test]
fn an_authentic_chunk_of_nothing_is_malformed() {
    let (file, text) = sample();
    let empty = parallel_encryptor::frame(SECRET, NONCE, 3, b"");
    let changed = [&file[..frames(&file)[3].start], &empty].concat();
    let error = refused(&changed, "an empty chunk");
    assert_eq!(kind(&error), Kind::Malformed, "{error}");
    let alone = [
        header(NONCE, 5),
        parallel_encryptor::frame(SECRET, NONCE, 0, b""),
    ];
    let (error, _) =
        crate::weak_common::refused(&ParallelEncryptor, &alone.concat(), &text, "alone");
    assert_eq!(kind(&error), Kind::Malformed, "{error}");
}

#[test]
fn a_chunk_size_of_nothing_is_malformed() {
    let (mut file, _) = sample();
    file[8..12].fill(0);
    for file in [&file[..], &file[..HEADER]] {
        let opened = open_chunks(file, 2);
        let error = opened.error();
        assert!(
            matches!(error, Error::Malformed { offset: 8, .. }),
            "{error}"
        );
        assert_eq!(error.status(), status::FORMAT);
        assert!(opened.written.is_empty());
        let unsaid = open_of(None, &secret(), file, 2, false);
        assert_eq!(unsaid.error().status(), status::FORMAT);
    }
}

#[test]
fn another_chunk_size_is_not_authentic_where_there_are_several_chunks() {
    let (file, _) = sample();
    for size in [1, 99, 101, 200, 350, 414, 1 << 20, 1 << 29] {
        let mut changed = file.clone();
        changed[8..12].copy_from_slice(&(size as u32).to_be_bytes());
        let error = refused(&changed, &format!("chunks of {size}"));
        assert_eq!(kind(&error), Kind::Authentication, "{size}: {error}");
    }
}

/// Nothing that is changed at random makes it panic or hang, or lets out a wrong byte.
#[test]
fn changed_at_random() {
    no_hang(|| {
        let (file, _) = sample();
        let mut numbers = Numbers::new(5);
        for turn in 0..500 {
            let mut changed = file.clone();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(changed.len());
                changed[at] ^= 1 + numbers.below(255) as u8;
            }
            // One byte of difference may be taken back by the next.
            if changed != file {
                let error = open_chunks(&changed[..], 2).result.unwrap_err();
                assert!([2, 3, 4, 5].contains(&error.status()), "{turn}: {error}");
            }
        }
    });
}

// ---- the format's limits ----

#[track_caller]
fn opens_to(changed: &[u8], text: &[u8]) {
    for workers in [1, 3] {
        let opened = open_chunks(changed, workers);
        assert!(opened.result.is_ok(), "{:?}", opened.result);
        assert_same(&opened.written, text);
    }
}

#[test]
fn a_file_cut_between_two_chunks_opens_to_the_beginning() {
    let (file, text) = sample();
    for (i, frame) in frames(&file).iter().enumerate().skip(1) {
        opens_to(&file[..frame.start], &text[..i * C]);
    }
}

#[test]
fn a_single_chunk_opens_under_every_chunk_size_that_is_not_less() {
    let text = pattern(C);
    let file = write(C, &text);
    for size in [C, C + 1, 2 * C, 1 << 20, 1 << 29] {
        let mut changed = file.clone();
        changed[8..12].copy_from_slice(&(size as u32).to_be_bytes());
        opens_to(&changed, &text);
    }
    let mut changed = file;
    changed[8..12].copy_from_slice(&(C as u32 - 1).to_be_bytes());
    let (error, _) = crate::weak_common::refused(&ParallelEncryptor, &changed, &text, "less");
    assert_eq!(error.status(), status::KEY, "{error}");
}

/// There is nothing in it that could be authenticated, so that it is empty for every passphrase.
#[test]
fn a_file_cut_behind_its_header_opens_to_nothing_with_a_warning() {
    let (file, _) = sample();
    for key in [secret(), Secret::passphrase(&b"any"[..])] {
        let open = |strict| {
            let file = &file[..HEADER];
            open_of(Some(&ParallelEncryptor), &key, file, 2, strict)
        };
        let opened = open(false);
        assert!(opened.result.is_ok());
        assert!(opened.written.is_empty());
        let [warning] = &opened.warnings[..] else {
            panic!("{:?}", opened.warnings);
        };
        assert!(warning.contains("authenticated"), "{warning}");
        assert!(matches!(open(true).error(), Error::Unauthenticated(_)));
        assert_eq!(open(true).error().status(), status::KEY);

        let unsaid = open_of(None, &key, &file[..HEADER], 2, false);
        assert_eq!(unsaid.error().status(), status::FORMAT);
        let why = ruled_out(unsaid.error(), "parallel-encryptor");
        assert_eq!(why, "possible, but too short to verify");
    }
}

#[test]
fn an_empty_plaintext_is_the_header_alone() {
    let (_, sealed) = crate::weak_common::seal_chunks(&b""[..], 1000, 2);
    assert_eq!(sealed.len(), HEADER);
    opens_to(&sealed, b"");
}
