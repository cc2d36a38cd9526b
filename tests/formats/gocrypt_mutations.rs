//! Changed GoCrypt files: an error of the right kind after nothing but a good beginning, or the
//! format's own limit, each of which has a test of its own in tests/gocrypt_limits.rs.

use crate::common::{Numbers, no_hang, open_of, pattern};
use crate::weak_common::by_hand::gocrypt::{self, CHUNK, FRAME, HEADER, TAG, frames};
use crate::weak_common::{Kind, SECRET, kind, open_layers, secret};
use fetool::format::gocrypt::GoCrypt;
use fetool::{Error, status};
use std::ops::Range;

const LEN: usize = 3 * CHUNK + 5000;

/// Four chunks, and the last one short.
fn sample(layers: u8) -> (Vec<u8>, Vec<u8>) {
    let text = pattern(LEN);
    let file = gocrypt::write(SECRET, &gocrypt::layers(layers), &text);
    assert_eq!(frames(&file).len(), 4);
    (file, text)
}

/// Refused as a file of GoCrypt; with one layer all good chunks before the fault are there.
#[track_caller]
fn refused(file: &[u8], changed: &[u8], text: &[u8], what: &str) -> Error {
    let (error, written) = crate::weak_common::refused(&GoCrypt, changed, text, what);
    if file[0] == 1 {
        let same = file.iter().zip(changed).take_while(|(a, b)| a == b).count();
        // A short one has another end where something is behind it.
        let ends = |f: &Range<usize>| f.len() == FRAME || f.end == changed.len();
        let good = frames(file)
            .iter()
            .filter(|f| f.end <= same && ends(f))
            .count();
        assert_eq!(written, (good * CHUNK).min(text.len()), "{what}");
    }
    error
}

fn flip(file: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = file.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

#[test]
fn every_flipped_bit_of_the_nonce_and_of_the_salt() {
    for layers in [1, 3] {
        let (file, text) = sample(layers);
        for bit in 8..HEADER * 8 {
            let opened = open_layers(&flip(&file, bit)[..], 1 + bit % 2);
            let error = opened.error();
            assert!(
                matches!(error, Error::Authentication { chunk: 0, .. }),
                "bit {bit}: {error}"
            );
            assert!(opened.written.is_empty(), "bit {bit}");
        }
        let error = refused(&file, &flip(&file, 8), &text, "the nonce");
        assert_eq!(
            error.to_string(),
            "authentication failed: wrong key, or the file was tampered with"
        );
    }
}

#[test]
fn flipped_bits_of_every_chunk_of_the_outermost_layer() {
    for layers in [1, 3] {
        let (file, text) = sample(layers);
        for (chunk, frame) in frames(&file).into_iter().enumerate() {
            let (first, last) = (frame.start, frame.end - 1);
            let middle = (first + last) / 2;
            for at in [first, middle, last - TAG, last - TAG + 1, last] {
                let what = format!("{layers} layers, byte {at}");
                match refused(&file, &flip(&file, at * 8 + at % 8), &text, &what) {
                    Error::Authentication { chunk: c, offset } => {
                        assert_eq!(c, chunk as u64, "{what}");
                        assert_eq!(offset, frame.start as u64, "{what}");
                    }
                    other => panic!("{what}: {other}"),
                }
            }
        }
    }
}

/// What ends inside the header or a chunk of the outermost layer, whatever is in it.
#[test]
fn every_cut_inside_the_header_or_inside_a_chunk() {
    for layers in [1, 3] {
        let (file, text) = sample(layers);
        let in_header = (0..HEADER).map(|len| (len, Kind::Truncated));
        let in_chunks = frames(&file).into_iter().flat_map(|frame| {
            let inside = |len: usize| match len {
                ..TAG => Kind::Truncated,
                TAG => Kind::Malformed,
                _ => Kind::Authentication,
            };
            [1, 2, TAG - 1, TAG, TAG + 1, 100, 4999, frame.len() - 1]
                .map(|len| (frame.start + len, inside(len)))
        });
        for (len, expected) in in_header.chain(in_chunks) {
            let what = format!("{layers} layers, cut to {len}");
            let error = refused(&file, &file[..len], &text, &what);
            assert_eq!(kind(&error), expected, "{what}: {error}");
            if expected == Kind::Truncated {
                assert!(error.to_string().starts_with("unexpected EOF"), "{error}");
                assert_eq!(error.offset(), Some(len as u64), "{what}");
            }
        }
    }
}

/// The layers inside do not end where the chunks of the outermost layer do.
#[test]
fn every_cut_between_two_chunks_of_several_layers() {
    for layers in [2, 3, 5] {
        let (file, text) = sample(layers);
        for frame in frames(&file) {
            let what = format!("{layers} layers, cut to {}", frame.start);
            let error = refused(&file, &file[..frame.start], &text, &what);
            let expected = match frame.start {
                HEADER => Kind::Truncated,
                _ => Kind::Authentication,
            };
            assert_eq!(kind(&error), expected, "{what}: {error}");
        }
    }
}

#[test]
fn chunks_of_several_layers_that_are_moved() {
    for layers in [2, 3] {
        let (file, text) = sample(layers);
        let frames = frames(&file);
        for (i, one) in frames.iter().enumerate() {
            for (j, other) in frames.iter().enumerate() {
                // Whole chunks alone can be taken for each other by the outermost layer.
                let what = format!("{layers} layers, chunks {i} and {j}");
                let twice = [&file[..one.start], &file[other.clone()], &file[one.start..]];
                refused(&file, &twice.concat(), &text, &format!("{what}: twice"));
                if i < j {
                    let swapped = [
                        &file[..one.start],
                        &file[other.clone()],
                        &file[one.end..other.start],
                        &file[one.clone()],
                        &file[other.end..],
                    ];
                    refused(&file, &swapped.concat(), &text, &format!("{what}: swapped"));
                }
            }
            let without = [&file[..one.start], &file[one.end..]].concat();
            refused(&file, &without, &text, &format!("without chunk {i}"));
        }
    }
}

/// The last chunk is shorter than the others, so it cannot be taken for one of them.
#[test]
fn the_short_chunk_of_one_layer_moved() {
    let (file, text) = sample(1);
    let frames = frames(&file);
    let last = &file[frames[3].clone()];
    for (i, frame) in frames.iter().enumerate() {
        let changed = [&file[..frame.start], last, &file[frame.start..]].concat();
        let error = refused(&file, &changed, &text, &format!("before chunk {i}"));
        assert_eq!(kind(&error), Kind::Authentication, "{error}");
    }
    let changed = [&file[..], &file[frames[0].clone()]].concat();
    let error = refused(&file, &changed, &text, "the first again behind the last");
    assert_eq!(kind(&error), Kind::Authentication, "{error}");
}

#[test]
fn data_behind_the_last_chunk() {
    for layers in [1, 3] {
        let (file, text) = sample(layers);
        for trailing in [&[0][..], b"\n", &[0xff; 15], &[0; 16], &[7; 17]] {
            let changed = [&file[..], trailing].concat();
            let error = refused(&file, &changed, &text, &format!("{trailing:?} behind it"));
            assert_eq!(kind(&error), Kind::Authentication, "{error}");
        }
        // Another file behind it.
        refused(&file, &[&file[..], &file].concat(), &text, "twice");
    }
    // Behind a whole chunk it is a chunk of its own.
    let text = pattern(2 * CHUNK);
    let file = gocrypt::write(SECRET, &gocrypt::layers(1), &text);
    for (len, expected) in [
        (1, Kind::Truncated),
        (15, Kind::Truncated),
        (16, Kind::Malformed),
        (17, Kind::Authentication),
        (FRAME, Kind::Authentication),
    ] {
        let changed = [&file[..], &vec![9; len]].concat();
        let error = refused(&file, &changed, &text, &format!("{len} bytes behind it"));
        assert_eq!(kind(&error), expected, "{error}");
    }
}

#[test]
fn no_layers_and_more_than_200_are_malformed() {
    for layers in [1, 3] {
        let (file, _) = sample(layers);
        for byte in [0, 201, 254, 255] {
            let changed = [&[byte], &file[1..]].concat();
            // Whoever says that it is GoCrypt is told what is wrong with it.
            let opened = open_layers(&changed[..], 2);
            let error = opened.error();
            assert!(
                matches!(error, Error::Malformed { offset: 0, .. }),
                "{error}"
            );
            assert_eq!(error.status(), status::FORMAT);
            assert!(error.to_string().contains(&byte.to_string()), "{error}");
            assert!(opened.written.is_empty());
            // Whoever does not may have another format.
            let unsaid = open_of(None, &secret(), &changed[..], 2, false);
            assert_eq!(unsaid.error().status(), status::FORMAT);
            assert!(unsaid.written.is_empty());
        }
    }
}

#[test]
fn another_number_of_layers_is_malformed() {
    for layers in [2, 3, 5] {
        let (file, _) = sample(layers);
        for byte in (2..=200).filter(|byte| *byte != layers).step_by(11) {
            let opened = open_layers(&[&[byte], &file[1..]].concat()[..], 2);
            let what = format!("{byte} for {layers}: {}", opened.error());
            assert_eq!(kind(opened.error()), Kind::Malformed, "{what}");
            assert!(opened.written.is_empty());
        }
    }
}

/// Nothing that is changed at random makes it panic or hang, or lets out a wrong byte.
#[test]
fn changed_at_random() {
    no_hang(|| {
        let mut numbers = Numbers::new(3);
        for layers in [1, 3] {
            let (file, text) = sample(layers);
            for turn in 0..60 {
                let mut changed = file.clone();
                for _ in 0..=numbers.below(3) {
                    // Not the first byte, which has its own tests.
                    let at = 1 + numbers.below(changed.len() - 1);
                    changed[at] ^= 1 + numbers.below(255) as u8;
                }
                if turn % 3 == 0 {
                    // With one layer a cut at a chunk's edge is the format's limit.
                    let at = frames(&file)[numbers.below(4)].start;
                    changed.truncate(at + 1 + numbers.below(CHUNK.min(file.len() - at - 1)));
                }
                refused(&file, &changed, &text, &format!("{layers} layers, {turn}"));
            }
        }
    });
}
