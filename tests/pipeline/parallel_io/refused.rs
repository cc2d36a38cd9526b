//! Calls that are refused, work that is stopped, and outputs that panic.

use super::{C, every, open, seal};
use crate::common::by_hand::HEADER;
use crate::common::store::Call;
use crate::common::ways::{self, BEFORE, Store, WAYS, WORKERS, Way, behind};
use crate::common::{assert_same, jobs, no_hang, pattern, seal_known, secret};
use fetool::{CancelToken, Error, Positioned, Seal};
use std::io;

/// What is asked of the files beside their bytes fails.
#[test]
fn calls_that_are_refused() {
    every(|way, workers| {
        let text = pattern(20 * C + 3);
        let sealed = seal_known(&text, C as u64);
        let size = text.len() as u64;
        let refuse = |call| {
            move |input: &mut Store, output: &mut Store| {
                (input.refuses, output.refuses) = (Some(call), Some(call));
            }
        };
        for call in [Call::Size, Call::Expect, Call::Cut] {
            let (out, done) = seal(way, workers, size, refuse(call), &text);
            let found = open(way, workers, refuse(call), &sealed);
            match (call, way.is_direct()) {
                (Call::Size, true) => {
                    assert!(matches!(done, Err(Error::Read(_))), "{way:?}");
                    // Which is only a way less.
                    assert_same(&found.written, &text);
                    found.result.unwrap();
                }
                (Call::Expect, true) => {
                    assert!(matches!(done, Err(Error::Write(_))), "{way:?}");
                    assert!(matches!(found.result, Err(Error::Write(_))), "{way:?}");
                    assert_eq!((out.len(), found.written.len()), (HEADER, 0), "{way:?}");
                }
                // Nothing is cut where nothing went wrong.
                _ => {
                    assert_same(&out, &sealed);
                    assert_same(&found.written, &text);
                    done.unwrap();
                    found.result.unwrap();
                }
            }
        }
        if way.is_direct() {
            // Now there is something behind the first error, which cannot be cut off.
            let fail = |input: &mut Store, output: &mut Store| {
                input.bad = Some(3 + C as u64 + 1);
                output.refuses = Some(Call::Cut);
            };
            let (_, done) = seal(way, workers, size, fail, &text);
            assert!(matches!(done, Err(Error::Write(_))), "{way:?}");
        }
    });
}

#[test]
fn a_switch_thrown_before_ends_it() {
    let stop = CancelToken::new();
    stop.stop();
    let text = pattern(20 * C);
    let key = secret();
    for way in WAYS {
        let seal = Seal::new(&key).chunk_size(Some(C as u64)).stop(&stop);
        let size = Some(text.len() as u64);
        let (done, found) = ways::seal_in(way, seal.size(size), &text);
        assert!(matches!(done, Err(Error::Stopped)), "{way:?}");
        assert!(found.len() <= HEADER, "{way:?}");
    }
}

/// Panics at the first write behind some bytes.
struct Panics(Store);

impl fetool::WriteAt for Panics {
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        assert!(position < 100, "a panic on purpose");
        self.0.write_at(bytes, position)
    }

    fn truncate(&self, position: u64) -> io::Result<()> {
        self.0.truncate(position)
    }
}

#[test]
fn a_panicking_output_is_an_error() {
    no_hang(|| {
        for workers in WORKERS {
            let text = pattern(20 * C);
            let (input, position) = behind(&text);
            let output = Panics(Store::new(BEFORE));
            let key = secret();
            let seal = Seal::new(&key)
                .size(Some(text.len() as u64))
                .chunk_size(Some(C as u64))
                .jobs(jobs(workers))
                .tuning_for_tests(Way::Direct(100).tuning());
            let from = Positioned {
                file: &input,
                position,
            };
            let to = Positioned {
                file: &output,
                position: BEFORE.len() as u64,
            };
            let done = seal.start().unwrap().run_at(from, to);
            assert!(matches!(done, Err(Error::Panic("worker"))));
            assert!(output.0.bytes().len() < 200);
        }
    });
}
