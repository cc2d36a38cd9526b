//! What is sealed in layers opens to the same again, and is just what the small writer writes:
//! whatever the length, the layers, the threads and the way in which the input arrives.

use crate::common::{Ragged, assert_same, pattern};
use crate::weak_common::by_hand::gocrypt::{self, CHUNK, FRAME, HEADER, stored};
use crate::weak_common::{SECRET, Steps, open_layers, seal_layers, secret};
use fetool::format::gocrypt::{GoCrypt, GoCryptV1};
use fetool::{Error, Inspect, Seal, Secret, status};
use std::io::{self, Cursor};

/// Seals, opens and inspects, in this library and by hand, and checks every number on the way.
fn round_trip(plaintext: &[u8], layers: u8, workers: usize, step: usize) {
    let name = format!("{} bytes in {layers} layers", plaintext.len());
    let (done, sealed) = seal_layers(Steps(plaintext, step), layers, workers);
    let len = stored(plaintext.len(), layers.into());
    assert_eq!(sealed.len(), len, "{name}");
    assert_eq!(
        (done.plaintext_len, done.sealed_len),
        (plaintext.len() as u64, len as u64),
        "{name}"
    );

    let found = gocrypt::read(SECRET, &sealed);
    assert_same(&found.plaintext, plaintext);
    assert_eq!(found.layers.len(), usize::from(layers), "{name}");
    assert!(gocrypt::write(SECRET, &found.layers, plaintext) == sealed);

    let opened = open_layers(Steps(&sealed, step), workers);
    let result = opened.result.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(result.plaintext_len, plaintext.len() as u64, "{name}");
    assert_same(&opened.written, plaintext);
    inspects(&sealed, plaintext.len());
}

#[track_caller]
fn inspects(sealed: &[u8], len: usize) {
    let inspect = || Inspect::new().format(Some(&GoCrypt));
    for report in [
        inspect().run(sealed).expect("a header"),
        inspect()
            .run_seekable(Cursor::new(sealed))
            .expect("a header"),
    ] {
        assert_eq!(report.fault, None);
        assert_eq!(report.plaintext_len, len as u64);
        assert_eq!(report.sealed_len, Some(sealed.len() as u64));
        assert_eq!(report.chunk_size, Some(CHUNK as u64));
    }
}

/// The longest plaintext of which the stream of so many layers is not longer than so many chunks.
fn up_to_the_edge(layers: usize, chunks: usize) -> usize {
    (0..=chunks * CHUNK)
        .rev()
        .find(|&len| stored(len, layers) <= chunks * CHUNK)
        .expect("there is room for the headers")
}

const STEPS: [usize; 5] = [usize::MAX, 7, 4095, 32_769, 100_000];

/// Those that the file has, which are the outermost layer's.
#[test]
fn sealing_opening_and_inspecting_count_the_same_chunks() {
    let text = pattern(2 * CHUNK);
    for len in [0, 1, CHUNK - 57, CHUNK - 56, CHUNK, 2 * CHUNK] {
        for layers in [1, 2, 5] {
            let name = format!("{len} bytes in {layers} layers");
            let (sealed, file) = seal_layers(&text[..len], layers, 2);
            let opened = open_layers(&file[..], 2).result.expect(&name);
            let inspected = Inspect::new().format(Some(&GoCrypt)).run(&file[..]);
            let chunks = stored(len, usize::from(layers) - 1).div_ceil(CHUNK) as u64;
            assert_eq!(inspected.expect(&name).chunks, chunks, "{name}: inspected");
            assert_eq!(opened.chunks, chunks, "{name}: opened");
            assert_eq!(sealed.chunks, chunks, "{name}: sealed");
        }
    }
}

#[test]
fn lengths_around_the_plaintexts_chunks() {
    let text = pattern(3 * CHUNK + 1);
    let c = CHUNK;
    let lens = [0, 1, c - 1, c, c + 1, 2 * c - 1, 2 * c, 2 * c + 1, 3 * c];
    for layers in [1, 2, 5] {
        for (i, len) in lens.into_iter().enumerate() {
            round_trip(&text[..len], layers, [1, 2, 5][i % 3], STEPS[i % 5]);
        }
    }
}

/// The chunks of the outer layers end elsewhere, because they hold the headers and tags of the
/// inner ones.
#[test]
fn lengths_around_the_chunks_of_the_outer_layers() {
    let text = pattern(3 * CHUNK);
    let mut exact = 0;
    for layers in [2, 3, 5] {
        for inner in 1..usize::from(layers) {
            for chunks in [1, 2] {
                let edge = up_to_the_edge(inner, chunks);
                exact += usize::from(stored(edge, inner) == chunks * CHUNK);
                for len in [edge - 1, edge, edge + 1] {
                    round_trip(&text[..len], layers, 1 + len % 3, STEPS[len % 5]);
                }
            }
        }
    }
    assert!(exact >= 12, "only {exact} streams of whole chunks");
}

#[test]
fn some_hundred_kilobytes() {
    let text = pattern(700_000);
    for (layers, workers) in [(1, 5), (2, 1), (5, 2), (5, 5)] {
        round_trip(&text, layers, workers, 65_537);
    }
}

/// What is left of a layer's input when its whole chunks are sealed grows by 16 bytes with every
/// chunk of the layer inside, until it is a chunk itself: after 64 MiB.
#[test]
fn so_much_that_an_outer_layer_has_a_chunk_more() {
    let len = 2060 * CHUNK;
    assert_eq!(stored(len, 1).div_ceil(CHUNK), 2062);
    round_trip(&pattern(len), 3, 2, usize::MAX);
}

#[test]
fn many_layers() {
    let text = pattern(70_000);
    round_trip(&text, 37, 2, 4095);
    round_trip(&text[..up_to_the_edge(36, 1)], 37, 1, 32_769);
}

#[test]
fn as_many_layers_as_there_may_be() {
    let text = pattern(CHUNK);
    round_trip(&[], 200, 2, 7);
    round_trip(&text, 200, 3, usize::MAX);
}

#[test]
fn byte_by_byte() {
    let text = pattern(2000);
    for layers in [1, 3] {
        for len in [0, 1, 16, 2000] {
            round_trip(&text[..len], layers, 2, 1);
        }
    }
}

/// An input as pipes are: short reads of any length, and interruptions.
#[test]
fn ragged_inputs() {
    let text = pattern(150_000);
    for (seed, most) in [(1, 3000), (2, 40_000), (3, 200_000)] {
        let (_, sealed) = seal_layers(Ragged::new(&text, seed, most), 3, 2);
        assert_same(&gocrypt::read(SECRET, &sealed).plaintext, &text);
        let opened = open_layers(Ragged::new(&sealed, seed, most), 2);
        assert!(opened.result.is_ok(), "{:?}", opened.result);
        assert_same(&opened.written, &text);
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_threads_nor_on_the_reads() {
    let text = pattern(200_000);
    for layers in [1, 4] {
        let (_, first) = seal_layers(&text[..], layers, 1);
        for (workers, step) in [(1, 4095), (2, 32_769), (5, usize::MAX), (5, 7)] {
            let (_, sealed) = seal_layers(Steps(&text, step), layers, workers);
            assert!(sealed == first, "{layers} layers, {workers} workers");
        }
    }
}

#[test]
fn no_two_layers_have_a_nonce_or_a_salt_in_common() {
    let mut sealed = Vec::new();
    Seal::new(&secret())
        .format(&GoCrypt)
        .layers(Some(20))
        .run(&b"text"[..], &mut sealed)
        .unwrap();
    let layers = gocrypt::read(SECRET, &sealed).layers;
    let mut nonces: Vec<_> = layers.iter().map(|layer| layer.nonce).collect();
    let mut salts: Vec<_> = layers.iter().map(|layer| layer.salt).collect();
    nonces.sort_unstable();
    nonces.dedup();
    salts.sort_unstable();
    salts.dedup();
    assert_eq!((nonces.len(), salts.len()), (20, 20));
}

/// As GoCrypt does.
#[test]
fn five_layers_unless_something_else_is_said() {
    let mut sealed = Vec::new();
    let key = secret();
    Seal::new(&key)
        .format(&GoCrypt)
        .run(&b"text"[..], &mut sealed)
        .unwrap();
    assert_eq!(gocrypt::read(SECRET, &sealed).layers.len(), 5);
    assert_eq!(sealed.len(), stored(4, 5));
}

#[test]
fn a_key_is_as_good_as_a_passphrase_and_any_bytes_will_do() {
    for bytes in [&b""[..], b"x", &[0xff; 100], b"two\nlines\n"] {
        let mut sealed = Vec::new();
        Seal::new(&Secret::key(bytes))
            .format(&GoCrypt)
            .layers(Some(2))
            .run(&b"text"[..], &mut sealed)
            .unwrap();
        assert_eq!(gocrypt::read(bytes, &sealed).plaintext, b"text");
        let passphrase = Secret::passphrase(bytes);
        let opened = crate::common::open_as(&passphrase, &sealed[..], 1, false);
        opened.result.unwrap();
        assert_eq!(opened.written, b"text");
    }
}

#[track_caller]
fn is_usage(error: &Error, says: &str) {
    assert!(matches!(error, Error::Usage { .. }), "{error}");
    assert_eq!(error.status(), status::USAGE);
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn no_layers_and_more_than_200_are_refused_before_anything_is_read() {
    let key = secret();
    for layers in [0, 201, 255] {
        let error = Seal::new(&key).format(&GoCrypt).layers(Some(layers));
        is_usage(&error.start().err().expect("refused"), "200");
    }
}

#[test]
fn layers_are_for_gocrypt_alone() {
    let key = Secret::key(crate::common::KEY);
    for name in ["gfe", "dexios", "parallel-encryptor"] {
        let format = fetool::format::by_name(name).expect("it is known");
        let sealing = Seal::new(&key).format(format).layers(Some(1)).start();
        is_usage(&sealing.err().expect("refused"), "layers");
    }
}

#[test]
fn version_1_is_only_read() {
    let error = Seal::new(&secret())
        .format(&GoCryptV1)
        .run(io::empty(), io::sink());
    is_usage(&error.unwrap_err(), "GoCrypt");
}

#[test]
fn version_1_opens_what_the_small_writer_writes() {
    let text = pattern(3 * CHUNK);
    let layer = &gocrypt::layers(1)[0];
    for len in [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK] {
        let file = gocrypt::write_v1(SECRET, layer, &text[..len]);
        assert_eq!(file.len(), stored(len, 1) - 1);
        for workers in [1, 3] {
            let opened = crate::common::open_of(
                Some(&GoCryptV1),
                &secret(),
                Steps(&file, 4095),
                workers,
                false,
            );
            let done = opened.result.unwrap_or_else(|e| panic!("{len}: {e}"));
            assert_eq!(done.chunks, len.div_ceil(CHUNK) as u64);
            assert_same(&opened.written, &text[..len]);
        }
    }
}

/// The keystream repeats from chunk to chunk: what the warning is about.
#[test]
fn every_chunk_of_a_layer_has_the_same_nonce() {
    let mut text = vec![0; 2 * CHUNK];
    text[CHUNK..].fill(1);
    let (_, sealed) = seal_layers(&text[..], 1, 2);
    let (one, other) = sealed[HEADER..].split_at(FRAME);
    for (one, other) in one.iter().zip(other).take(CHUNK) {
        assert_eq!(one ^ other, 1);
    }
}
