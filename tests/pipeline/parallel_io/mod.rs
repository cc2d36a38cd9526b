//! From file to file: what changes while it is read, what fails, and what is not as the beginning
//! of the file lets expect.

mod refused;

use crate::common::by_hand::{self, Data, EXTRA, HEADER, Nonces};
use crate::common::ways::{
    self, BEFORE, Store, WAYS, WORKERS, Way, behind, end, open_between, written,
};
use crate::common::{
    KEY, Outcome, assert_same, jobs, no_hang, pattern, seal_known, seal_stream, secret,
};
use fetool::format::Limits;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Error, Open, Positioned, Seal};

const C: usize = 16;
const FRAME: usize = C + EXTRA;

/// Seals from a store with some of them full, bad or ragged; what is in the output, and the end.
fn seal(
    way: Way,
    workers: usize,
    size: u64,
    change: impl FnOnce(&mut Store, &mut Store),
    text: &[u8],
) -> (Vec<u8>, Result<fetool::Sealed, Error>) {
    let (mut input, position) = behind(text);
    let mut output = Store::new(BEFORE);
    change(&mut input, &mut output);
    let key = secret();
    let from = Positioned {
        file: &input,
        position,
    };
    let sealing = Seal::new(&key)
        .size(Some(size))
        .chunk_size(Some(C as u64))
        .jobs(jobs(workers))
        .fixed_random_for_tests(&|bytes| {
            bytes.fill(7);
            Ok(())
        })
        .tuning_for_tests(way.tuning())
        .start()
        .unwrap();
    let done = if way.is_direct() {
        sealing.run_at(from, end(&output))
    } else {
        sealing.run(from, end(&output))
    };
    (written(&output), done)
}

/// The same the other way.
fn open(
    way: Way,
    workers: usize,
    change: impl FnOnce(&mut Store, &mut Store),
    sealed: &[u8],
) -> Outcome {
    let (mut input, position) = behind(sealed);
    let mut output = Store::new(BEFORE);
    change(&mut input, &mut output);
    let key = secret();
    let open = Open::new(&key).jobs(jobs(workers));
    open_between(way, open, (&input, position), &output)
}

fn every(mut check: impl FnMut(Way, usize) + Send + 'static) {
    no_hang(move || {
        for way in WAYS {
            for workers in WORKERS {
                check(way, workers);
            }
        }
    });
}

#[test]
fn an_input_that_became_shorter_or_longer_is_an_error() {
    every(|way, workers| {
        let text = pattern(20 * C);
        let sealed = seal_known(&text, C as u64);
        for found in 0..2 * C as u64 {
            let found = 3 * C as u64 + found;
            // It was of the full length when that was asked for.
            let claim =
                |input: &mut Store, _: &mut Store| input.claims = Some(3 + text.len() as u64);
            let (out, done) = seal(
                way,
                workers,
                text.len() as u64,
                claim,
                &text[..found as usize],
            );
            match done {
                Err(Error::InputLength { found: Some(n), .. }) => assert_eq!(n, found),
                other => panic!("{way:?}: {other:?}"),
            }
            assert!(sealed.starts_with(&out), "{way:?}");
            // Longer than announced.
            let (out, done) = seal(way, workers, found, claim, &text);
            assert!(matches!(done, Err(Error::InputLength { found: None, .. })));
            assert!(out.len() < HEADER + text.len());
        }
    });
}

#[test]
fn short_and_interrupted_calls_are_no_errors() {
    every(|way, workers| {
        let text = pattern(20 * C + 3);
        let sealed = seal_known(&text, C as u64);
        let ragged = |input: &mut Store, output: &mut Store| {
            input.ragged = Some(7);
            output.ragged = Some(5);
        };
        let (out, done) = seal(way, workers, text.len() as u64, ragged, &text);
        done.unwrap();
        assert_same(&out, &sealed);
    });
}

#[test]
fn a_failing_input_ends_it_behind_the_good_part() {
    every(|way, workers| {
        let text = pattern(20 * C + 3);
        let sealed = seal_known(&text, C as u64);
        for bad in (0..text.len()).step_by(5) {
            let fail = |input: &mut Store, _: &mut Store| input.bad = Some(3 + bad as u64);
            let (out, done) = seal(way, workers, text.len() as u64, fail, &text);
            assert!(matches!(done, Err(Error::Read(_))), "{way:?}");
            assert!(sealed.starts_with(&out), "{way:?}");
        }
        for bad in (HEADER + FRAME + 4..sealed.len()).step_by(7) {
            let fail = |input: &mut Store, _: &mut Store| input.bad = Some(3 + bad as u64);
            let opened = open(way, workers, fail, &sealed);
            assert!(matches!(opened.result, Err(Error::Read(_))), "{way:?}");
            // All that could be read whole.
            let good = (bad - HEADER) / FRAME * C;
            assert_same(&opened.written, &text[..good]);
        }
    });
}

#[test]
fn a_full_output_is_an_error() {
    every(|way, workers| {
        let text = pattern(20 * C + 3);
        let sealed = seal_known(&text, C as u64);
        for room in (0..sealed.len()).step_by(11) {
            let full = |_: &mut Store, output: &mut Store| {
                output.full = Some((BEFORE.len() + room) as u64);
            };
            let (out, done) = seal(way, workers, text.len() as u64, full, &text);
            assert!(matches!(done, Err(Error::Write(_))), "{way:?}");
            assert!(out.len() <= room && sealed.starts_with(&out), "{way:?}");
        }
        for room in (0..text.len()).step_by(7) {
            let full = |_: &mut Store, output: &mut Store| {
                output.full = Some((BEFORE.len() + room) as u64);
            };
            let opened = open(way, workers, full, &sealed);
            assert!(matches!(opened.result, Err(Error::Write(_))), "{way:?}");
            assert!(text[..room].starts_with(&opened.written), "{way:?}");
        }
    });
}

#[test]
fn a_sealed_file_that_became_shorter_or_longer_ends_as_what_it_is_now() {
    every(|way, workers| {
        let text = pattern(20 * C);
        for sealed in [seal_known(&text, C as u64), seal_stream(&text, C as u64)] {
            for len in (HEADER + FRAME + 1..sealed.len()).step_by(7) {
                let claim = |len: usize| {
                    move |input: &mut Store, _: &mut Store| input.claims = Some(3 + len as u64)
                };
                let opened = open(way, workers, claim(sealed.len()), &sealed[..len]);
                assert!(matches!(opened.result, Err(Error::Truncated { .. })));
                assert!(text.starts_with(&opened.written), "{way:?}");
                // The other way round: the beginning is looked at while there is no more yet.
                let opened = open(way, workers, claim(len), &sealed);
                opened.result.unwrap();
                assert_same(&opened.written, &text);
            }
        }
    });
}

#[test]
fn frames_of_other_lengths_at_any_place() {
    let text = pattern(20 * C);
    for odd in 0..12 {
        for len in [1, C - 1, C + 1, 3 * C] {
            let mut chunks: Vec<&[u8]> = text.chunks(C).take(12).collect();
            chunks[odd] = &text[..len];
            let whole = chunks.concat();
            for size in [0, whole.len() as u64, whole.len() as u64 - 1] {
                let file = by_hand::write(
                    &KEY,
                    Nonces::Replaced,
                    Data::SizeField,
                    [9; 12],
                    size,
                    chunks.iter().copied(),
                );
                let expected = crate::common::open(&file);
                assert_eq!(expected.result.is_ok(), size != whole.len() as u64 - 1);
                ways::opens_alike(&secret(), None, &file, false, &expected);
            }
        }
    }
}

#[test]
fn of_two_errors_the_first_in_the_order_of_the_data_is_reported() {
    let text = pattern(20 * C);
    let sealed = seal_known(&text, C as u64);
    for (first, second) in [(1, 2), (1, 19), (5, 6), (9, 18), (18, 19)] {
        let mut file = sealed.clone();
        for chunk in [first, second] {
            file[HEADER + chunk * FRAME + 9] ^= 1;
        }
        let expected = crate::common::open(&file);
        assert!(
            matches!(expected.error(), Error::Authentication { chunk, .. } if *chunk == first as u64)
        );
        assert_same(&expected.written, &text[..first * C]);
        ways::opens_alike(&secret(), None, &file, false, &expected);
    }
}

/// What is behind the first error was worked on and written long before it is found.
#[test]
fn nothing_behind_an_error_remains() {
    no_hang(|| {
        let text = pattern(20 * C);
        let sealed = seal_known(&text, C as u64);
        for bad in [1, 2, 7] {
            let mut file = sealed.clone();
            let at = HEADER + bad * FRAME + 9;
            file[at] ^= 1;
            for batch in [1, 100] {
                let (mut input, position) = behind(&file);
                input.slow = Some(position + at as u64);
                let output = Store::new(BEFORE);
                let key = secret();
                let open = Open::new(&key).jobs(jobs(2));
                let opened = open_between(Way::Direct(batch), open, (&input, position), &output);
                assert!(matches!(opened.result, Err(Error::Authentication { .. })));
                assert_same(&opened.written, &text[..bad * C]);
            }
            let slow_end = |input: &mut Store, _: &mut Store| {
                input.bad = Some((3 + bad * C) as u64);
                input.slow = Some((3 + bad * C - 1) as u64);
            };
            let size = text.len() as u64;
            let (out, done) = seal(Way::Direct(1), 2, size, slow_end, &text);
            assert!(matches!(done, Err(Error::Read(_))));
            assert!(sealed.starts_with(&out) && out.len() <= HEADER + bad * FRAME);
        }
    });
}

/// A format whose frames carry no length.
#[test]
fn frames_that_carry_no_length() {
    let key = secret();
    let seal = || {
        Seal::new(&key)
            .format(&ParallelEncryptor)
            .chunk_size(Some(C as u64))
            .fixed_random_for_tests(&|bytes| {
                bytes.fill(7);
                Ok(())
            })
    };
    for len in [0, 1, C, 10 * C - 1, 10 * C, 10 * C + 1] {
        let text = pattern(len);
        let mut sealed = Vec::new();
        let size = Some(len as u64);
        seal().run(&text[..], &mut sealed).unwrap();
        for way in WAYS {
            let (done, found) = ways::seal_in(way, seal().size(size), &text);
            assert_eq!(done.unwrap().plaintext_len, len as u64);
            assert_same(&found, &sealed);
        }
        let check = |file: &[u8]| {
            let format = ParallelEncryptor;
            let open = Open::new(&key).format(Some(&format)).jobs(jobs(2));
            let expected = ways::open_in(Way::Threads, open, file);
            ways::opens_alike(&key, Some(&format), file, false, &expected);
            expected
        };
        assert_same(&check(&sealed).written, &text);
        for cut in (0..sealed.len()).step_by(3) {
            assert!(text.starts_with(&check(&sealed[..cut]).written));
        }
        for at in (0..sealed.len()).step_by(5) {
            let mut file = sealed.clone();
            file[at] ^= 0x40;
            assert!(text.starts_with(&check(&file).written));
        }
        check(&[&sealed[..], b"trailing data"].concat());
    }
}

#[test]
fn the_output_is_told_all_that_will_be_written() {
    for extra in 0..=C {
        let text = pattern(20 * C + extra);
        let key = secret();
        let seal = || Seal::new(&key).chunk_size(Some(C as u64));
        let size = Some(text.len() as u64);
        let told = |output: &Store, way| {
            let len = output.bytes().len() as u64;
            assert_eq!(*output.told.lock().unwrap(), Some((0, len)), "{way:?}");
        };
        for way in WAYS.into_iter().filter(|way| way.is_direct()) {
            let output = Store::new(BEFORE);
            ways::seal_between(way, seal().size(size), &text, &output).unwrap();
            told(&output, way);
            // From the page on in which it begins.
            let late = Store::new(&[0; 5000]);
            ways::seal_between(way, seal().size(size), &text, &late).unwrap();
            let len = late.bytes().len() as u64;
            assert_eq!(*late.told.lock().unwrap(), Some((4096, len)));
            for sealed in [written(&output), seal_stream(&text, C as u64)] {
                let (input, position) = behind(&sealed);
                let output = Store::new(BEFORE);
                open_between(way, Open::new(&key), (&input, position), &output)
                    .result
                    .unwrap();
                told(&output, way);
            }
        }
    }
}

/// Also where the first of them is not looked at before.
#[test]
fn frames_that_are_longer_than_the_memory_allows_are_refused() {
    const LONG: usize = 16 << 20;
    let key = secret();
    let text = pattern(2 * LONG + 1);
    let seal = Seal::new(&key)
        .format(&ParallelEncryptor)
        .chunk_size(Some(LONG as u64));
    let mut sealed = Vec::new();
    seal.run(&text[..], &mut sealed).unwrap();
    for (way, memory, allowed) in WAYS.into_iter().flat_map(|way| {
        let frame = (LONG + 16) as u64;
        [(way, frame, true), (way, frame - 1, false)]
    }) {
        let open = Open::new(&key)
            .format(Some(&ParallelEncryptor))
            .limits(Limits {
                memory,
                input_len: Some(sealed.len() as u64),
            });
        let opened = ways::open_in(way, open, &sealed);
        if allowed {
            assert_same(&opened.written, &text);
        } else {
            let error = opened.error().to_string();
            assert!(error.contains("more than the"), "{way:?}: {error}");
            assert!(opened.written.is_empty(), "{way:?}");
        }
    }
}
