//! What is sealed opens to the same again: whatever the length, the chunks, the threads and the
//! way in which the input arrives.

use crate::common::by_hand::{EXTRA, HEADER};
use crate::common::ways::{self, Way};
use crate::common::{
    FAST, Ragged, assert_same, jobs, open_as, open_strict, pattern, seal_with, secret,
};
use fetool::format::gfe::CHUNK_MAX;
use fetool::{Error, Inspect, Inspected, Open, Seal, Sealed, status};
use proptest::prelude::*;
use std::io::Cursor;

/// Chunks that a plaintext of `len` bytes is cut into.
fn chunks(len: usize, chunk: usize, known: bool) -> u64 {
    let whole = if known && len > 0 {
        len.div_ceil(chunk)
    } else {
        // The last is shorter than the others, and may be empty.
        len / chunk + 1
    };
    whole as u64
}

fn check_inspected(report: &Inspected, sealed: Sealed, chunk: usize, known: bool) {
    assert_eq!(report.fault, None);
    assert_eq!(report.chunks, sealed.chunks);
    assert_eq!(report.plaintext_len, sealed.plaintext_len);
    assert_eq!(report.sealed_len, Some(sealed.sealed_len));
    let known = known && sealed.plaintext_len > 0;
    let first = if known {
        sealed.plaintext_len.min(chunk as u64)
    } else {
        chunk as u64
    };
    assert_eq!(report.chunk_size, Some(first));
    assert_eq!(
        report.description.declared_size,
        known.then_some(sealed.plaintext_len)
    );
}

/// Every way seals to the same bytes, and opens them.
fn in_every_way(plaintext: &[u8], (chunk, known, workers): (usize, bool, usize), sealed: &[u8]) {
    // Few and many batches, of one chunk and of several.
    let batches = [3 * (chunk + EXTRA) + 1, 1 << 20].map(Way::Direct);
    for way in [Way::Threads, Way::Alone].into_iter().chain(batches) {
        let key = secret();
        let seal = Seal::new(&key)
            .size(known.then_some(plaintext.len() as u64))
            .chunk_size(Some(chunk as u64))
            .jobs(jobs(workers))
            .fixed_random_for_tests(&|bytes| {
                bytes.fill(7);
                Ok(())
            });
        let (done, found) = ways::seal_in(way, seal, plaintext);
        assert_eq!(done.expect("seals").sealed_len, sealed.len() as u64);
        assert_same(&found, sealed);
        let opened = ways::open_in(way, Open::new(&key).jobs(jobs(workers)), sealed);
        opened.result.expect("opens");
        assert_same(&opened.written, plaintext);
    }
}

/// Seals, opens and inspects, and checks every number on the way. Returns the sealed bytes.
fn round_trip(plaintext: &[u8], chunk: usize, known: bool, workers: usize) -> Vec<u8> {
    let len = plaintext.len();
    let size = known.then_some(len as u64);
    let (done, sealed) = seal_with(plaintext, size, chunk as u64, workers).expect("seals");
    let expected = Sealed {
        chunks: chunks(len, chunk, known),
        plaintext_len: len as u64,
        sealed_len: sealed.len() as u64,
    };
    assert_eq!(done, expected, "{len} in {chunk}");
    assert_eq!(sealed.len(), HEADER + len + EXTRA * done.chunks as usize);

    let opened = open_as(&secret(), &sealed[..], workers, true);
    let result = opened
        .result
        .unwrap_or_else(|e| panic!("{len} in {chunk}: {e}"));
    assert_eq!(
        (result.chunks, result.plaintext_len),
        (done.chunks, len as u64)
    );
    assert_same(&opened.written, plaintext);
    in_every_way(plaintext, (chunk, known, workers), &sealed);

    let stream = Inspect::new().run(&sealed[..]).expect("a header");
    check_inspected(&stream, done, chunk, known);
    let seekable = Inspect::new().run_seekable(Cursor::new(&sealed));
    check_inspected(&seekable.expect("a header"), done, chunk, known);
    sealed
}

#[test]
fn lengths_around_the_chunks_edges() {
    let text = pattern(3 << 20);
    for chunk in [1, 2, 16, 1000, 65_536, 1 << 20] {
        let c = chunk;
        for len in [0, 1, c - 1, c, c + 1, 2 * c - 1, 2 * c, 2 * c + 1, 3 * c] {
            for known in [true, false] {
                round_trip(&text[..len], chunk, known, 3);
            }
        }
    }
}

#[test]
fn lengths_around_the_buffers_edges() {
    // Small chunks travel through the threads in buffers of about a mebibyte, many to a buffer,
    // and the last chunk may be the last of a buffer, or the first of the next.
    const BUFFER: usize = 1 << 20;
    let text = pattern(2 * BUFFER);
    for chunk in [16, 1000, 65_536, 262_144, 700_000] {
        let whole = (BUFFER / (chunk + EXTRA)).max(1) * chunk;
        for len in [whole - 1, whole, whole + 1, whole + chunk, 2 * whole] {
            for known in [true, false] {
                round_trip(&text[..len.min(text.len())], chunk, known, 2);
            }
        }
    }
    // One-byte chunks are slow to test, so that only the edge itself is.
    let whole = BUFFER / (1 + EXTRA);
    for (len, known) in [(whole, true), (whole, false), (whole + 1, false)] {
        round_trip(&text[..len], 1, known, 2);
    }
}

#[test]
fn the_longest_chunk() {
    let chunk = CHUNK_MAX as usize;
    let text = pattern(chunk + 1);
    round_trip(&text, chunk, true, 2);
    round_trip(&text[..chunk], chunk, false, 2);
}

/// A plaintext's length and a chunk size, mostly small ones and edges.
fn shape() -> impl Strategy<Value = (usize, usize)> {
    let chunk = prop_oneof![
        2 => 1..=3usize,
        3 => 15..=17usize,
        3 => 100..=1100usize,
        2 => 4000..=70_000usize,
        1 => 65_535..=65_537usize,
    ];
    chunk.prop_flat_map(|chunk| {
        // Not too many chunks, which take long one by one.
        let most = (chunk * 3000).min(200_000);
        let len = prop_oneof![
            1 => 0..=most,
            1 => 0..=(4 * chunk).min(most),
            1 => (0..=5usize, 0..=2usize)
                .prop_map(move |(whole, edge)| (whole * chunk + edge).saturating_sub(1).min(most)),
        ];
        (len, Just(chunk))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if FAST { 96 } else { 24 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_comes_back_and_its_arrival_leaves_no_trace(
        (len, chunk) in shape(),
        known: bool,
        workers in 1..=5usize,
        seed: u64,
        most in prop_oneof![1..=40usize, 1..=70_000usize],
        first: u8,
    ) {
        let mut plaintext = pattern(len + 256);
        let plaintext = &mut plaintext[usize::from(first)..][..len];
        let sealed = round_trip(plaintext, chunk, known, workers);

        let ragged = Ragged::new(plaintext, seed, most);
        let size = known.then_some(len as u64);
        let (_, again) = seal_with(ragged, size, chunk as u64, 6 - workers).expect("seals");
        prop_assert!(again == sealed, "the arrival or the threads show in the sealed bytes");

        let ragged = Ragged::new(&sealed, seed.wrapping_add(2), most);
        let opened = open_as(&secret(), ragged, 6 - workers, true);
        prop_assert!(opened.result.is_ok(), "{:?}", opened.result);
        assert_same(&opened.written, plaintext);

        let ragged = Ragged::new(&sealed, seed.wrapping_add(4), most);
        let report = Inspect::new().run(ragged).expect("a header");
        prop_assert_eq!(report.fault, None);
        prop_assert_eq!(report.plaintext_len, len as u64);
    }

    #[test]
    fn any_bytes_at_all_are_refused_without_a_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        field in prop_oneof![
            Just(0u64), 1..300u64, Just(u64::MAX), Just(1 << 63), any::<u64>(),
            (0..40u64).prop_map(|c| (1 << 63) + c),
        ],
        lead in prop_oneof![0..40u32, any::<u32>()],
        magic in 0..=3usize,
    ) {
        // Mostly something that gets past the header, or else nothing is tested.
        if magic > 0 && bytes.len() > 28 {
            bytes[..4].copy_from_slice(b"GFE\x01");
            bytes[16..24].copy_from_slice(&field.to_be_bytes());
            bytes[24..28].copy_from_slice(&lead.to_be_bytes());
        }
        let opened = crate::common::open(&bytes);
        prop_assert!(opened.written.is_empty());
        prop_assert!((3..=5).contains(&opened.error().status()), "{}", opened.error());
        match Inspect::new().run(&bytes[..]) {
            Ok(report) => prop_assert!(report.plaintext_len <= bytes.len() as u64),
            // Opening has tried the secret too.
            Err(error) => prop_assert!(opened.error().to_string().starts_with(&error.to_string())),
        }
    }
}

#[test]
fn an_input_of_another_length_than_announced_is_an_error() {
    let text = pattern(3000);
    for chunk in [1, 16, 1000, 1 << 20] {
        for len in [0usize, 1, 2, 999, 1000, 1001, 2000, 3000] {
            for announced in [len.wrapping_sub(1), len + 1, 2 * len + 7] {
                if announced == usize::MAX {
                    continue;
                }
                let announced = announced as u64;
                let error = seal_with(&text[..len], Some(announced), chunk, 2).unwrap_err();
                assert_eq!(error.status(), status::SYSTEM);
                let len = len as u64;
                match error {
                    Error::InputLength { expected, found } => {
                        assert_eq!(expected, announced);
                        assert_eq!(found, (len < announced).then_some(len));
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }
}

#[test]
fn an_endless_input_is_noticed_to_be_too_long() {
    let endless = std::io::repeat(1);
    let error = seal_with(endless, Some(5_000_000), 1000, 2).unwrap_err();
    assert!(
        matches!(error, Error::InputLength { found: None, .. }),
        "{error}"
    );
}

/// The error of a request that cannot be met, which must come before anything is written.
#[track_caller]
fn refused(size: Option<u64>, chunk: u64) -> Error {
    let mut written = Vec::new();
    let key = secret();
    let error = Seal::new(&key)
        .size(size)
        .chunk_size(Some(chunk))
        .run(&[0; 1000][..], &mut written)
        .unwrap_err();
    assert!(written.is_empty(), "{} bytes were written", written.len());
    assert_eq!(error.status(), status::USAGE, "{error}");
    error
}

#[test]
fn impossible_requests_are_refused_before_anything_is_written() {
    for chunk in [0, CHUNK_MAX + 1, u64::from(u32::MAX), u64::MAX] {
        for size in [None, Some(0), Some(100)] {
            let error = refused(size, chunk);
            assert!(error.to_string().contains("chunk size"), "{error}");
            assert!(error.hint().is_some());
        }
    }
    for (size, chunk) in [
        (1 << 40, 1),
        ((1 << 32) + 1, 1),
        ((10 << 32) + 1, 10),
        (i64::MAX as u64, CHUNK_MAX / 10),
    ] {
        let error = refused(Some(size), chunk);
        assert!(error.to_string().contains("2^32 chunks"), "{error}");
    }
    // A size that looks like a stream's mark.
    for size in [1 << 63, (1 << 63) + 16, u64::MAX] {
        refused(Some(size), 1 << 20);
    }
    // These are possible; nothing is read yet.
    let key = secret();
    for (size, chunk) in [
        (Some(1 << 32), 1),
        (Some(10 << 32), 10),
        (None, 1),
        (None, CHUNK_MAX),
    ] {
        let sealing = Seal::new(&key).size(size).chunk_size(Some(chunk)).start();
        assert_eq!(sealing.expect("possible").layout().chunk as u64, chunk);
    }
}

#[test]
fn the_watcher_is_told_of_every_byte() {
    let text = pattern(3_500_000);
    let key = secret();
    let (meter, reports) = fetool::Meter::watched();
    let mut sealed = Vec::new();
    Seal::new(&key)
        .meter(meter)
        .jobs(jobs(3))
        .run(&text[..], &mut sealed)
        .unwrap();
    assert_eq!(reports.latest(0), Some(3_500_000));
    assert_eq!(reports.latest(3_500_000), None);

    let (meter, reports) = fetool::Meter::watched();
    Open::new(&key)
        .meter(meter)
        .jobs(jobs(3))
        .run(&sealed[..], std::io::sink())
        .unwrap();
    assert_eq!(reports.latest(0), Some(3_500_000));
    assert_eq!(reports.latest(3_500_000), None);
    assert!(open_strict(&sealed).written == text);
}
