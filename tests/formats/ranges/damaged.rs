//! Files that were cut, extended or changed, around the range and inside it.

use super::{Case, quick, slow};
use crate::common::Numbers;
use fetool::Error;
use std::ops::Range;

/// Formats that do not notice when whole chunks are missing at the end.
fn has_open_end(case: &Case) -> bool {
    case.format.is_some()
}

/// What came of a range of a changed file, in both ways.
fn ranges(case: &Case, sealed: &[u8], range: &Range<u64>) -> [(Result<(), Error>, Vec<u8>); 2] {
    let (mut at, mut piped) = (Vec::new(), Vec::new());
    let opened = case.open().start_at(sealed);
    let opened = opened.and_then(|opened| opened.write_range(range.clone(), &mut at));
    let opening = case.open().start(sealed);
    let run = opening.and_then(|opening| {
        let run = opening.run_range(range.start, Some(range.end), &mut piped);
        run.map(drop)
    });
    [(opened, at), (run, piped)]
}

/// Whatever was done to the file, only right bytes come out, and all of them if none is an error.
#[track_caller]
fn check(case: &Case, sealed: &[u8], range: &Range<u64>, good: Option<bool>, what: &str) {
    let text = &case.text[range.start as usize..range.end as usize];
    for ((result, bytes), way) in ranges(case, sealed, range).into_iter().zip(["at", "pipe"]) {
        let what = format!("{}, {range:?}, {what}, {way}: {result:?}", case.name);
        assert!(text.starts_with(&bytes), "{what}: wrong bytes");
        match &result {
            Ok(()) => {
                assert!(bytes == text, "{what}: too few");
                assert_ne!(good, Some(false), "{what}: no error");
            }
            Err(error) => {
                assert_ne!(good, Some(true), "{what}");
                let weak = error.status() == 2 && has_open_end(case);
                assert!(weak || (3..=5).contains(&error.status()), "{what}");
            }
        }
    }
}

/// A range of at least a byte.
fn range(case: &Case, numbers: &mut Numbers) -> Range<u64> {
    let len = case.text.len();
    let start = numbers.below(len);
    let most = (len - start).min(3 * case.chunk);
    start as u64..(start + 1 + numbers.below(most)) as u64
}

/// Where the frames are that a range needs.
fn needed(case: &Case, range: &Range<u64>) -> Range<usize> {
    let frame = case.chunk + case.overhead;
    let first = range.start as usize / case.chunk;
    let behind = (range.end as usize - 1) / case.chunk + 1;
    let end = case.header + behind * frame;
    case.header + first * frame..end.min(case.sealed.len())
}

/// Those whose frames are easily told, which are no texts.
fn binary() -> Vec<Case> {
    let mut cases = quick();
    cases.retain(|case| case.header > 0 && !case.text.is_empty());
    assert!(cases.len() > 10);
    cases
}

#[test]
fn changed_bytes_are_noticed_in_the_range_and_nowhere_else() {
    let mut numbers = Numbers::new(5);
    for case in binary() {
        let rounds = if case.chunk > 1000 { 12 } else { 40 };
        for _ in 0..rounds {
            let range = range(&case, &mut numbers);
            let needed = needed(&case, &range);
            let at = case.header + numbers.below(case.sealed.len() - case.header);
            let mut sealed = case.sealed.clone();
            sealed[at] ^= 1 << numbers.below(8);
            // The first chunk shows whether the key is right.
            let first = at < case.header + case.chunk + case.overhead;
            let good = match (needed.contains(&at), first) {
                (true, _) => Some(false),
                (false, true) => None,
                (false, false) => Some(true),
            };
            check(&case, &sealed, &range, good, &format!("byte {at} changed"));
        }
    }
}

#[test]
fn a_cut_is_noticed_in_the_range_and_nowhere_else() {
    let mut numbers = Numbers::new(6);
    for case in binary() {
        let rounds = if case.chunk > 1000 { 12 } else { 40 };
        for round in 0..rounds {
            let range = range(&case, &mut numbers);
            let needed = needed(&case, &range);
            let frame = case.chunk + case.overhead;
            let mut cut = case.header + numbers.below(case.sealed.len() - case.header);
            if round % 3 == 0 {
                // Between two chunks.
                cut -= (cut - case.header) % frame;
            }
            let good = match () {
                () if cut < needed.end => Some(false),
                // What was in the middle is now the last.
                () if cut == needed.end => None,
                () if cut < case.header + frame => None,
                () => Some(true),
            };
            let what = format!("cut at {cut} of {}", case.sealed.len());
            check(&case, &case.sealed[..cut], &range, good, &what);
        }
    }
}

#[test]
fn what_was_put_behind_is_noticed_in_the_last_chunk_alone() {
    let mut numbers = Numbers::new(7);
    for case in binary() {
        for _ in 0..8 {
            let range = range(&case, &mut numbers);
            let needed = needed(&case, &range);
            let more = 1 + numbers.below(2 * case.chunk);
            let mut sealed = case.sealed.clone();
            sealed.extend(&case.sealed[case.sealed.len() - more.min(case.sealed.len())..]);
            let only = case.text.len() <= case.chunk;
            let good = match needed.end == case.sealed.len() || only {
                true => None,
                false => Some(true),
            };
            check(
                &case,
                &sealed,
                &range,
                good,
                &format!("{more} bytes behind"),
            );
        }
    }
}

/// Two frames that have changed places are right at none.
#[test]
fn chunks_do_not_change_places() {
    for case in binary() {
        let frame = case.chunk + case.overhead;
        let count = (case.sealed.len() - case.header) / frame;
        if count < 3 {
            continue;
        }
        let mut sealed = case.sealed.clone();
        let (one, two) = sealed[case.header + frame..].split_at_mut(frame);
        one.swap_with_slice(&mut two[..frame]);
        for index in [1, 2] {
            let start = index * case.chunk as u64;
            check(&case, &sealed, &(start..start + 5), Some(false), "swapped");
        }
        check(&case, &sealed, &(0..5), Some(true), "swapped elsewhere");
    }
}

/// The length is that of the file that was sealed, or an error.
#[test]
fn no_length_is_believed_that_the_last_chunk_does_not_show() {
    let mut numbers = Numbers::new(8);
    for case in quick().into_iter().filter(|case| !has_open_end(case)) {
        let len = case.text.len() as u64;
        let lens = |sealed: &[u8], what: String| {
            let opened = case.open().start_at(sealed);
            if let Ok(found) = opened.and_then(|opened| opened.plaintext_len()) {
                assert_eq!(found, len, "{}: {what}", case.name);
            }
            let opened = case.open().start_at(sealed);
            if let Ok(opened) = opened
                && let Ok(read) = fetool::ReadAt::read_at(&opened, &mut [0; 1], len)
            {
                assert_eq!(read, 0, "{}: {what}", case.name);
            }
        };
        for _ in 0..20 {
            let cut = numbers.below(case.sealed.len());
            lens(&case.sealed[..cut], format!("cut at {cut}"));
            let more = numbers.below(2 * case.chunk);
            let longer = [&case.sealed[..], &vec![b'A'; more]].concat();
            lens(&longer, format!("{more} more"));
        }
    }
}

/// With keys that are tried slowly, a few changes.
#[test]
fn so_it_is_with_slow_keys() {
    for case in slow()
        .into_iter()
        .filter(|case| case.text.len() > case.chunk)
    {
        let len = case.text.len() as u64;
        let mut sealed = case.sealed.clone();
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        check(&case, &sealed, &(len - 1..len), Some(false), "last byte");
        check(&case, &sealed, &(5..900), Some(true), "last byte");
    }
}
