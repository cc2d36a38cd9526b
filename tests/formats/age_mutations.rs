//! Changed files: every flipped bit, every cut, every moved chunk and every changed line of armor ends in an
//! error of the right kind, after just the good chunks before it.

use super::age_properties::{numbered, seal_to};
use crate::common::ways::{self, WAYS, assert_alike};
use crate::common::{Outcome, assert_same, jobs, pattern};
use fetool::format::age::{AgeIdentity, CHUNK_LEN};
use fetool::{Error, Identity, Inspect, Open, status};
use std::ops::Range;

const MAC: Range<usize> = 120..168;
const NONCE: Range<usize> = 168..184;
const BODY: usize = 184;
const FRAME: usize = CHUNK_LEN + 16;

/// A file for one X25519 recipient.
struct Sample {
    identity: AgeIdentity,
    plaintext: Vec<u8>,
    file: Vec<u8>,
}

impl Sample {
    fn new(len: usize, armor: bool) -> Self {
        let identity = numbered(1, false);
        let plaintext = pattern(len);
        let file = seal_to(std::slice::from_ref(&identity), armor, 1, &plaintext[..]);
        let sample = Self {
            identity,
            plaintext,
            file,
        };
        let opened = sample.open(&sample.file);
        assert!(opened.result.is_ok(), "{:?}", opened.result);
        assert_same(&opened.written, &sample.plaintext);
        sample
    }

    fn open(&self, file: &[u8]) -> Outcome {
        let mut written = Vec::new();
        let result = Open::new(Identity::unwrapping(&self.identity))
            .jobs(jobs(1))
            .run(file, &mut written);
        Outcome {
            written,
            result,
            warnings: Vec::new(),
        }
    }

    /// The error of a changed file, which is the same in every way of working, after so many good bytes.
    #[track_caller]
    fn refused(&self, changed: &[u8], good: usize, what: &str) -> Error {
        assert!(changed != self.file, "{what}: not changed");
        let opened = self.open(changed);
        assert_same(&opened.written, &self.plaintext[..good]);
        for way in WAYS {
            for workers in [1, 3] {
                let open = Open::new(Identity::unwrapping(&self.identity)).jobs(jobs(workers));
                let found = ways::open_in(way, open, changed);
                assert_alike(&found, &opened, &format!("{what}: {way:?}, {workers}"));
            }
        }
        opened.result.expect_err(what)
    }

    /// Frames behind the header.
    fn frames(&self) -> Vec<Vec<u8>> {
        self.file[BODY..]
            .chunks(FRAME)
            .map(<[u8]>::to_vec)
            .collect()
    }

    fn with_frames(&self, frames: &[Vec<u8>]) -> Vec<u8> {
        [&self.file[..BODY], &frames.concat()].concat()
    }
}

#[test]
fn every_flipped_bit() {
    for len in [0, 20] {
        let sample = Sample::new(len, false);
        for bit in 0..sample.file.len() * 8 {
            let mut changed = sample.file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let what = format!("bit {bit} of {len} bytes");
            let error = sample.refused(&changed, 0, &what);
            match bit / 8 {
                0..19 => assert!(matches!(error, Error::UnknownFormat(_)), "{what}: {error}"),
                19..22 => assert_eq!(error.status(), status::FORMAT, "{what}: {error}"),
                22..120 => assert!(
                    // A stanza of another type, or for somebody else, or none at all.
                    matches!(error, Error::NoMatch { tried: 1 } | Error::Malformed { .. }),
                    "{what}: {error}"
                ),
                at if MAC.contains(&at) => assert!(
                    matches!(error, Error::HeaderMac | Error::Malformed { .. }),
                    "{what}: {error}"
                ),
                // The nonce, or the chunk.
                _ => assert!(
                    matches!(error, Error::Tampered { chunk: 0, offset } if offset == BODY as u64),
                    "{what}: {error}"
                ),
            }
        }
    }
}

/// Some in every part: an ML-KEM ciphertext never fails by itself.
#[test]
fn bits_of_a_post_quantum_stanza() {
    let identity = numbered(1, true);
    let plaintext = pattern(20);
    let file = seal_to(std::slice::from_ref(&identity), false, 1, &plaintext[..]);
    for at in (22..file.len()).step_by(11) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let mut written = Vec::new();
        let error = Open::new(Identity::unwrapping(&identity))
            .run(&changed[..], &mut written)
            .unwrap_err();
        assert_eq!(written, b"", "{at}");
        let body = file.len() - 36 - 16;
        match at {
            _ if at >= body => assert!(matches!(error, Error::Tampered { .. }), "{at}: {error}"),
            _ if at >= body - 48 => assert!(
                matches!(error, Error::HeaderMac | Error::Malformed { .. }),
                "{at}: {error}"
            ),
            _ => assert!(
                matches!(error, Error::NoMatch { .. } | Error::Malformed { .. }),
                "{at}: {error}"
            ),
        }
    }
}

/// One in each part of each chunk.
#[test]
fn flipped_bits_of_every_chunk() {
    for len in [2 * CHUNK_LEN, 2 * CHUNK_LEN + 20] {
        let sample = Sample::new(len, false);
        for (chunk, start) in (BODY..sample.file.len()).step_by(FRAME).enumerate() {
            let end = (start + FRAME).min(sample.file.len());
            for at in [start, (start + end) / 2, end - 17, end - 16, end - 1] {
                let mut changed = sample.file.clone();
                changed[at] ^= 0x10;
                let what = format!("byte {at} of {len}");
                let error = sample.refused(&changed, chunk * CHUNK_LEN, &what);
                let (found, offset) = match error {
                    Error::Tampered { chunk, offset } | Error::Authentication { chunk, offset } => {
                        (chunk, offset)
                    }
                    error => panic!("{what}: {error}"),
                };
                assert_eq!((found, offset), (chunk as u64, start as u64), "{what}");
            }
        }
    }
}

#[test]
fn every_cut_of_a_short_file() {
    for plaintext in [0, 20] {
        let sample = Sample::new(plaintext, false);
        for len in 0..sample.file.len() {
            let changed = &sample.file[..len];
            let what = format!("{plaintext} bytes cut to {len}");
            let error = sample.refused(changed, 0, &what);
            if len >= BODY + 16 {
                // It may be a whole chunk, which does not authenticate.
                assert!(
                    matches!(error, Error::Tampered { chunk: 0, .. }),
                    "{what}: {error}"
                );
                continue;
            }
            assert_eq!(error.status(), status::TRUNCATED, "{what}: {error}");
            assert_eq!(error.offset(), Some(len as u64), "{what}: {error}");
            // Without a key it is seen as well.
            match Inspect::new().run(changed) {
                Ok(report) => {
                    assert_eq!(report.fault.unwrap().message, error.to_string(), "{what}")
                }
                Err(other) => assert_eq!(other.to_string(), error.to_string(), "{what}"),
            }
        }
    }
}

#[test]
fn cuts_around_the_chunks() {
    for plaintext in [CHUNK_LEN, CHUNK_LEN + 20, 2 * CHUNK_LEN, 3 * CHUNK_LEN + 1] {
        let sample = Sample::new(plaintext, false);
        let edges = (BODY..=sample.file.len()).step_by(FRAME);
        let around = edges.flat_map(|edge| edge.saturating_sub(18)..edge + 19);
        for len in around.filter(|len| *len < sample.file.len()) {
            let what = format!("{plaintext} bytes cut to {len}");
            let whole = len.saturating_sub(BODY) / FRAME;
            let rest = len.saturating_sub(BODY) % FRAME;
            let error = sample.refused(&sample.file[..len], whole * CHUNK_LEN, &what);
            match rest {
                // Between two chunks: the last is there, and says that it is not the last.
                0 if whole > 0 => assert_eq!(
                    error.to_string(),
                    format!(
                        "unexpected EOF: the file ends without its last chunk (at offset {len})"
                    ),
                    "{what}"
                ),
                // Of a tag, or of nothing behind it: only the first chunk may be empty.
                0..16 => assert_eq!(error.status(), status::TRUNCATED, "{what}: {error}"),
                _ => assert!(
                    [status::KEY, status::FORMAT].contains(&error.status()),
                    "{what}: {error}"
                ),
            }
        }
    }
}

#[test]
fn data_behind_the_last_chunk() {
    for len in [0, 20, CHUNK_LEN, 2 * CHUNK_LEN] {
        let sample = Sample::new(len, false);
        let full = len > 0 && len.is_multiple_of(CHUNK_LEN);
        let again = sample.file.clone();
        for more in [&[0][..], &[0; 15], &[0; 16], &[0; 17], &[0; FRAME], &again] {
            let changed = [&sample.file[..], more].concat();
            let what = format!("{} bytes behind {len}", more.len());
            // Full, the last one is known for what it is, and comes out.
            let error = sample.refused(&changed, if full { len } else { 0 }, &what);
            if full {
                let end = sample.file.len();
                let expected = format!("data behind the last chunk (at offset {end})");
                assert_eq!(error.to_string(), expected, "{what}");
            } else {
                assert!(
                    matches!(error, Error::Tampered { chunk: 0, .. }),
                    "{what}: {error}"
                );
            }
        }
    }
}

#[test]
fn every_moved_chunk() {
    for len in [3 * CHUNK_LEN + 20, 4 * CHUNK_LEN] {
        let sample = Sample::new(len, false);
        let frames = sample.frames();
        for one in 0..frames.len() {
            let mut dropped = frames.clone();
            dropped.remove(one);
            // Without the last, the file is cut; that is tested above.
            if one + 1 < frames.len() {
                moved(&sample, &dropped, one, &format!("{len}: without {one}"));
            }
            for other in 0..=frames.len() {
                // Behind itself it is the first that is wrong one later.
                let mut doubled = frames.clone();
                doubled.insert(other, frames[one].clone());
                let wrong = if other == one { one + 1 } else { other };
                if wrong < frames.len() {
                    moved(
                        &sample,
                        &doubled,
                        wrong,
                        &format!("{len}: {one} again at {other}"),
                    );
                }
                if other < one {
                    let mut swapped = frames.clone();
                    swapped.swap(one, other);
                    moved(
                        &sample,
                        &swapped,
                        other,
                        &format!("{len}: {one} and {other} swapped"),
                    );
                }
            }
        }
    }
}

/// The first chunk that is at a wrong place is refused.
#[track_caller]
fn moved(sample: &Sample, frames: &[Vec<u8>], wrong: usize, what: &str) {
    let changed = sample.with_frames(frames);
    let error = sample.refused(&changed, wrong * CHUNK_LEN, what);
    match error {
        Error::Tampered { chunk, .. } | Error::Authentication { chunk, .. } => {
            assert_eq!(chunk, wrong as u64, "{what}");
        }
        error => panic!("{what}: {error}"),
    }
}

/// Chunks of another file of the same recipient, and even of the same file key: the nonce tells them apart.
#[test]
fn chunks_of_another_file() {
    let sample = Sample::new(2 * CHUNK_LEN + 20, false);
    let other = Sample::new(2 * CHUNK_LEN + 20, false);
    assert_eq!(sample.file, other.file, "fixed random numbers");
    let mut changed = sample.file.clone();
    changed[NONCE].fill(8);
    sample.refused(&changed, 0, "another nonce");
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// An error about the armor, or about what is in it.
#[track_caller]
fn armor_refused(sample: &Sample, changed: &[u8], what: &str) -> Error {
    let error = sample.refused(changed, 0, what);
    assert!(
        [status::KEY, status::FORMAT, status::TRUNCATED].contains(&error.status()),
        "{what}: {error}"
    );
    error
}

#[test]
fn every_flipped_bit_of_armor() {
    let sample = Sample::new(20, true);
    let text = &sample.file;
    // The last line feed may be any blank, or another letter's fault.
    for bit in 0..(text.len() - 1) * 8 {
        let mut changed = text.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        armor_refused(&sample, &changed, &format!("bit {bit}"));
    }
}

#[test]
fn every_cut_of_armor() {
    let sample = Sample::new(20, true);
    let text = &sample.file;
    for len in 0..text.len() - 1 {
        let error = armor_refused(&sample, &text[..len], &format!("cut to {len}"));
        match len {
            // It may be the beginning of anything.
            1..34 => assert!(matches!(error, Error::UnknownFormat(_)), "{len}: {error}"),
            _ => assert_eq!(error.status(), status::TRUNCATED, "{len}: {error}"),
        }
    }
    // The line feed at the end need not be there.
    let opened = sample.open(&text[..text.len() - 1]);
    assert!(opened.result.is_ok(), "{:?}", opened.result);
    assert_same(&opened.written, &sample.plaintext);
}

#[test]
fn every_moved_line_of_armor() {
    let sample = Sample::new(100, true);
    let lines = lines(&sample.file);
    for one in 0..lines.len() {
        let mut dropped = lines.clone();
        dropped.remove(one);
        armor_refused(&sample, &dropped.concat(), &format!("without line {one}"));
        for other in 0..lines.len() {
            let mut doubled = lines.clone();
            doubled.insert(other, lines[one]);
            armor_refused(
                &sample,
                &doubled.concat(),
                &format!("{one} again at {other}"),
            );
            if other < one {
                let mut swapped = lines.clone();
                swapped.swap(one, other);
                armor_refused(
                    &sample,
                    &swapped.concat(),
                    &format!("{one} and {other} swapped"),
                );
            }
        }
        for (more, what) in [
            (&b"\n"[..], "an empty line"),
            (b" \n", "a blank"),
            (b"=\n", "padding"),
        ] {
            let mut longer = lines.clone();
            longer.insert(one, more);
            if one > 0 {
                armor_refused(
                    &sample,
                    &longer.concat(),
                    &format!("{what} in front of {one}"),
                );
            }
        }
    }
    let behind = [&sample.file[..], b"more"].concat();
    let error = sample.open(&behind).result.unwrap_err();
    assert!(matches!(error, Error::Armor { .. }), "{error}");
}

/// A fault in the armor far behind the beginning: the good chunks before it have come out.
#[test]
fn a_fault_deep_in_armor_names_its_line() {
    let sample = Sample::new(3 * CHUNK_LEN, true);
    let lines = lines(&sample.file);
    let at = lines.len() - 100;
    let mut changed = sample.file.clone();
    let offset: usize = lines[..at].iter().map(|line| line.len()).sum();
    changed[offset + 5] = b'*';
    let error = sample.refused(&changed, 2 * CHUNK_LEN, "a star");
    match error {
        Error::Armor { line, .. } => assert_eq!(line, at as u64 + 1),
        error => panic!("{error}"),
    }
}
