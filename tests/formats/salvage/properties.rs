//! Every chunk of many files damaged in every way.

use super::{Case, Damaged, check, with_gfe, with_parallel_encryptor};
use crate::common::Numbers;

fn quick() -> Vec<Case> {
    with_gfe()
        .into_iter()
        .chain(with_parallel_encryptor())
        .collect()
}

#[test]
fn good_files_come_back_whole() {
    for case in quick() {
        let got = check(&case, &Damaged::new(&case.sealed), "untouched").unwrap();
        assert!(got.written == case.text, "{}", case.name);
        assert_eq!(got.salvaged.status, 0);
    }
}

#[test]
fn every_chunk_changed() {
    let mut numbers = Numbers::new(1);
    for case in quick() {
        for (number, frame) in case.frames().into_iter().enumerate() {
            for at in [
                frame.start,
                frame.start + numbers.below(frame.len()),
                frame.end - 1,
            ] {
                let file = Damaged::new(&case.sealed).flip(at, numbers.below(8));
                check(&case, &file, &format!("chunk {number} changed at {at}"));
            }
        }
    }
}

#[test]
fn every_chunk_removed_and_doubled() {
    for case in quick() {
        for (number, frame) in case.frames().into_iter().enumerate() {
            let file = Damaged::new(&case.sealed).remove(frame.clone());
            check(&case, &file, &format!("chunk {number} removed"));
            let file = Damaged::new(&case.sealed).double(frame);
            check(&case, &file, &format!("chunk {number} doubled"));
        }
    }
}

#[test]
fn bytes_inserted_and_lost() {
    let mut numbers = Numbers::new(2);
    for case in quick() {
        for (number, frame) in case.frames().into_iter().enumerate() {
            for at in [
                frame.start,
                frame.start + numbers.below(frame.len()),
                frame.end,
            ] {
                let more = 1 + numbers.below(250);
                let file = Damaged::new(&case.sealed).insert(at, more, &mut numbers);
                check(
                    &case,
                    &file,
                    &format!("chunk {number}: {more} bytes inserted at {at}"),
                );
                let less = (1 + numbers.below(250)).min(case.sealed.len() - at);
                let file = Damaged::new(&case.sealed).remove(at..at + less);
                check(
                    &case,
                    &file,
                    &format!("chunk {number}: {less} bytes lost at {at}"),
                );
            }
        }
    }
}

#[test]
fn the_end_missing() {
    for case in quick() {
        for frame in case.frames() {
            for end in [frame.start, frame.start + frame.len() / 2, frame.end - 1] {
                let rest = end..case.sealed.len();
                let file = Damaged::new(&case.sealed).remove(rest);
                check(&case, &file, &format!("cut at {end}"));
            }
        }
    }
}

/// A place in a chunk of a damaged file, which is not near the last damage.
#[test]
fn several_at_once() {
    let mut numbers = Numbers::new(5);
    for case in quick().into_iter().filter(|case| case.text.len() >= 1000) {
        let frames = case.frames();
        for round in 0..60 {
            let mut file = Damaged::new(&case.sealed);
            let mut done = Vec::new();
            // From the end, so that the places in front stay as they are.
            let mut number = frames.len() - 1 - numbers.below(3);
            loop {
                let frame = frames[number].clone();
                let at = frame.start + numbers.below(frame.len());
                let kind = numbers.below(6);
                file = match kind {
                    0 | 1 => file.flip(at, number),
                    2 => file.remove(frame),
                    3 => file.double(frame),
                    4 => file.insert(at, 1 + numbers.below(90), &mut numbers),
                    _ => file.zero(frame.start..frame.end),
                };
                done.push((kind, number, at));
                let Some(before) = number.checked_sub(4 + numbers.below(3)) else {
                    break;
                };
                number = before;
            }
            check(&case, &file, &format!("round {round}: {done:?}"));
        }
    }
}
