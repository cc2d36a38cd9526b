//! What is sealed as Parallel-Encryptor opens to the same again, and is just what the small writer
//! writes: whatever the length, the chunks, the threads and the way in which the input arrives.

use crate::common::{FAST, Ragged, assert_same, pattern};
use crate::weak_common::by_hand::parallel_encryptor::{self, stored};
use crate::weak_common::{SECRET, Steps, open_chunks, seal_chunks, secret};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Inspect, Seal, Sealed, Secret, status};
use std::io::Cursor;

/// Seals, opens and inspects, in this library and by hand, and checks every number on the way.
fn round_trip(plaintext: &[u8], chunk: usize, workers: usize, step: usize) {
    let len = plaintext.len();
    let name = format!("{len} bytes in {chunk}");
    let (done, sealed) = seal_chunks(Steps(plaintext, step), chunk as u64, workers);
    let expected = Sealed {
        chunks: len.div_ceil(chunk) as u64,
        plaintext_len: len as u64,
        sealed_len: stored(len, chunk) as u64,
    };
    assert_eq!(done, expected, "{name}");
    assert_eq!(sealed.len() as u64, done.sealed_len, "{name}");

    let found = parallel_encryptor::read(SECRET, &sealed);
    assert_same(&found.plaintext, plaintext);
    assert_eq!(found.chunk as usize, chunk, "{name}");
    assert!(parallel_encryptor::write(SECRET, found.nonce, found.chunk, plaintext) == sealed);

    let opened = open_chunks(Steps(&sealed, step), workers);
    let result = opened.result.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(result.chunks, expected.chunks, "{name}");
    assert_eq!(result.plaintext_len, len as u64, "{name}");
    assert_same(&opened.written, plaintext);
    inspects(&sealed, chunk, expected);
}

#[track_caller]
fn inspects(sealed: &[u8], chunk: usize, expected: Sealed) {
    let inspect = || Inspect::new().format(Some(&ParallelEncryptor));
    for report in [
        inspect().run(sealed).expect("a header"),
        inspect()
            .run_seekable(Cursor::new(sealed))
            .expect("a header"),
    ] {
        assert_eq!(report.fault, None);
        assert_eq!(report.chunk_size, Some(chunk as u64));
        assert_eq!(report.chunks, expected.chunks);
        assert_eq!(report.plaintext_len, expected.plaintext_len);
        assert_eq!(report.sealed_len, Some(expected.sealed_len));
    }
}

const STEPS: [usize; 5] = [usize::MAX, 7, 4095, 32_769, 100_000];

fn around_the_edges(chunk: usize) {
    let c = chunk;
    let text = pattern(3 * c);
    let lens = [0, 1, c - 1, c, c + 1, 2 * c - 1, 2 * c, 2 * c + 1, 3 * c];
    for (i, len) in lens.into_iter().enumerate() {
        let len = len.min(text.len());
        round_trip(&text[..len], chunk, [1, 2, 5][i % 3], STEPS[i % 5]);
    }
}

#[test]
fn lengths_around_the_edges_of_small_chunks() {
    for chunk in [1, 2, 16, 1000] {
        around_the_edges(chunk);
    }
}

#[test]
fn lengths_around_the_edges_of_chunks_of_64_kib() {
    around_the_edges(65_536);
}

#[test]
fn lengths_around_the_edges_of_chunks_of_1_mib() {
    let c = 1 << 20;
    if FAST {
        around_the_edges(c);
    } else {
        let text = pattern(c + 1);
        round_trip(&text[..c], c, 2, usize::MAX);
        round_trip(&text, c, 3, 100_000);
    }
}

/// Many of them travel together through the threads.
#[test]
fn many_small_chunks() {
    let text = pattern(if FAST { 2_000_000 } else { 300_000 });
    round_trip(&text[..text.len() / 20], 1, 5, 4095);
    round_trip(&text, 1000, 5, 32_769);
}

#[test]
fn byte_by_byte() {
    let text = pattern(1000);
    for chunk in [1, 16, 999, 1000, 1001] {
        round_trip(&text, chunk, 2, 1);
    }
}

/// An input as pipes are: short reads of any length, and interruptions.
#[test]
fn ragged_inputs() {
    let text = pattern(150_000);
    for (seed, most) in [(1, 3000), (2, 40_000), (3, 200_000)] {
        let (_, sealed) = seal_chunks(Ragged::new(&text, seed, most), 10_000, 2);
        assert_same(&parallel_encryptor::read(SECRET, &sealed).plaintext, &text);
        let opened = open_chunks(Ragged::new(&sealed, seed, most), 2);
        assert!(opened.result.is_ok(), "{:?}", opened.result);
        assert_same(&opened.written, &text);
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_threads_nor_on_the_reads() {
    let text = pattern(200_000);
    let (_, first) = seal_chunks(&text[..], 1000, 1);
    for (workers, step) in [(1, 4095), (2, 32_769), (5, usize::MAX), (5, 7)] {
        let (_, sealed) = seal_chunks(Steps(&text, step), 1000, workers);
        assert!(sealed == first, "{workers} workers");
    }
}

/// As Parallel-Encryptor has them.
#[test]
fn chunks_of_1_mib_unless_something_else_is_said() {
    let text = pattern((1 << 20) + 1);
    let mut sealed = Vec::new();
    let done = Seal::new(&secret())
        .format(&ParallelEncryptor)
        .run(&text[..], &mut sealed)
        .unwrap();
    assert_eq!(done.chunks, 2);
    assert_eq!(sealed[8..12], [0, 0x10, 0, 0]);
    assert_eq!(sealed.len(), stored(text.len(), 1 << 20));
}

#[test]
fn chunks_of_nothing_and_of_more_than_the_header_can_say_are_refused() {
    let key = secret();
    for chunk in [0, 1 << 32, u64::MAX] {
        let sealing = Seal::new(&key)
            .format(&ParallelEncryptor)
            .chunk_size(Some(chunk))
            .start();
        let error = sealing.err().expect("refused");
        assert_eq!(error.status(), status::USAGE, "{chunk}: {error}");
    }
    let sealing = Seal::new(&key)
        .format(&ParallelEncryptor)
        .chunk_size(Some(u32::MAX.into()))
        .memory(u64::MAX)
        .start()
        .unwrap();
    assert_eq!(sealing.header()[8..], [0xff; 4]);
}

#[test]
fn more_chunks_than_have_a_number_are_refused() {
    let key = secret();
    let start = |size| {
        let seal = Seal::new(&key).format(&ParallelEncryptor);
        seal.chunk_size(Some(16)).size(Some(size)).start()
    };
    for size in [0, 16, 16 << 32] {
        assert!(start(size).is_ok(), "{size}");
    }
    for size in [(16 << 32) + 1, u64::MAX] {
        let error = start(size).err().expect("refused");
        assert_eq!(error.status(), status::USAGE, "{size}: {error}");
        assert!(
            error.to_string().contains("more than 4294967296 chunks"),
            "{error}"
        );
    }
}

#[test]
fn every_file_has_a_nonce_of_its_own() {
    let mut nonces: Vec<Vec<u8>> = (0..20)
        .map(|_| {
            let key = secret();
            let sealing = Seal::new(&key).format(&ParallelEncryptor).start().unwrap();
            sealing.header()[..8].to_vec()
        })
        .collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 20);
}

#[test]
fn a_key_is_as_good_as_a_passphrase_and_any_bytes_will_do() {
    for bytes in [&b""[..], b"x", &[0xff; 100], b"two\nlines\n"] {
        let mut sealed = Vec::new();
        Seal::new(&Secret::key(bytes))
            .format(&ParallelEncryptor)
            .run(&b"text"[..], &mut sealed)
            .unwrap();
        let found = parallel_encryptor::read(bytes, &sealed);
        assert_eq!(found.plaintext, b"text");
        let passphrase = Secret::passphrase(bytes);
        let opened = crate::common::open_as(&passphrase, &sealed[..], 1, false);
        opened.result.unwrap();
        assert_eq!(opened.written, b"text");
    }
}
