//! Which error is told, whatever the threads' timing.

use super::{agrees, with};
use crate::common::by_hand::frames;
use crate::common::{FAST, assert_same, open_as, pattern, seal_known, seal_stream, secret};
use fetool::{Error, status};

/// Chunks so large that each travels through the threads alone.
const LARGE: usize = 300_000;

/// Several times the same, for the threads' timing differs.
const WORKERS: &[usize] = if FAST { &[1, 2, 4, 4, 4, 8] } else { &[1, 4] };

#[test]
fn of_several_errors_the_first_in_the_order_of_the_data_is_reported() {
    let plaintext = pattern(8 * LARGE + 1000);
    for file in [
        seal_known(&plaintext, LARGE as u64),
        seal_stream(&plaintext, LARGE as u64),
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
    let file = seal_known(&plaintext, chunk as u64);
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
