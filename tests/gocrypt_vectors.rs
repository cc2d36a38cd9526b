//! Files made by the real GoCrypt open to what they were made of.

mod common;
mod weak_common;

use common::{Outcome, assert_same, hex, open_as, open_of, pattern};
use fetool::format::gocrypt::{GoCrypt, GoCryptV1};
use fetool::format::{Format, by_name};
use fetool::{Error, Inspect, Secret, status};
use sha2::{Digest, Sha256};
use std::io::Cursor;
use weak_common::by_hand::gocrypt;
use weak_common::ruled_out;
use weak_common::vectors::{Vector, vectors};

fn all() -> Vec<Vector> {
    let vectors = vectors("gocrypt", 8);
    for layers in [1, 2, 3, 5, 200] {
        let some = vectors.iter().any(|vector| vector.layers == layers);
        assert!(some, "none of {layers} layers");
    }
    vectors
}

fn secret(vector: &Vector) -> Secret {
    Secret::passphrase(vector.secret())
}

#[track_caller]
fn is_plaintext(vector: &Vector, plaintext: &[u8]) {
    assert_same(plaintext, &pattern(vector.plaintext_len));
    let sum = Sha256::digest(plaintext);
    assert_eq!(sum[..], hex(&vector.plaintext_sha256), "{}", vector.file);
}

#[track_caller]
fn opens_to_plaintext(vector: &Vector, opened: Outcome) {
    let done = opened
        .result
        .unwrap_or_else(|error| panic!("{}: {error}", vector.file));
    assert_eq!(done.plaintext_len, vector.plaintext_len as u64);
    is_plaintext(vector, &opened.written);
}

#[test]
fn the_small_reader_and_writer_agree_with_the_program() {
    for vector in all() {
        println!("{}", vector.file);
        let file = vector.bytes();
        let found = gocrypt::read(vector.secret(), &file);
        is_plaintext(&vector, &found.plaintext);
        assert_eq!(found.layers.len(), usize::from(vector.layers));
        let written = gocrypt::write(vector.secret(), &found.layers, &found.plaintext);
        assert_same(&written, &file);
        let stored = gocrypt::stored(vector.plaintext_len, vector.layers.into());
        assert_eq!(stored, file.len());
    }
}

#[test]
fn every_vector_opens_as_gocrypt() {
    for vector in all() {
        let by_its_name = by_name("gocrypt").expect("it is known");
        for format in [&GoCrypt as &dyn Format, by_its_name] {
            for workers in [1, 3] {
                let file = &vector.bytes()[..];
                let opened = open_of(Some(format), &secret(&vector), file, workers, false);
                opens_to_plaintext(&vector, opened);
            }
        }
    }
}

/// The secret's bytes are used as they are, whatever they are called.
#[test]
fn every_vector_opens_with_its_passphrase_as_a_key() {
    for vector in all() {
        let key = Secret::key(vector.secret());
        let opened = open_of(Some(&GoCrypt), &key, &vector.bytes()[..], 2, false);
        opens_to_plaintext(&vector, opened);
    }
}

/// Those that have a chunk.
fn with_chunks() -> Vec<Vector> {
    let mut vectors = all();
    vectors.retain(|vector| vector.plaintext_len > 0);
    assert_eq!(vectors.len(), 7);
    vectors
}

#[test]
fn every_vector_with_a_chunk_is_found_out_to_be_gocrypt() {
    for vector in with_chunks() {
        for workers in [1, 3] {
            let opened = open_as(&secret(&vector), &vector.bytes()[..], workers, false);
            opens_to_plaintext(&vector, opened);
        }
        let key = secret(&vector);
        let opening = fetool::Open::new(&key)
            .start(Cursor::new(vector.bytes()))
            .unwrap_or_else(|error| panic!("{}: {error}", vector.file));
        assert_eq!(opening.format(), "gocrypt", "{}", vector.file);
    }
}

#[test]
fn the_vector_without_a_chunk_opens_only_when_the_format_is_given() {
    let mut vectors = all();
    vectors.retain(|vector| vector.plaintext_len == 0);
    let [vector] = &vectors[..] else {
        panic!("{} vectors", vectors.len());
    };
    let file = vector.bytes();
    assert_eq!(file.len(), gocrypt::HEADER);
    let opened = open_of(Some(&GoCrypt), &secret(vector), &file[..], 2, false);
    assert_eq!(opened.warnings.len(), 1);
    assert!(
        opened.warnings[0].contains("authenticated"),
        "{:?}",
        opened.warnings
    );
    opens_to_plaintext(vector, opened);

    let strict = open_of(Some(&GoCrypt), &secret(vector), &file[..], 2, true);
    assert!(
        matches!(strict.error(), Error::Strict(_)),
        "{}",
        strict.error()
    );
    let unsaid = open_as(&secret(vector), &file[..], 2, false);
    assert_eq!(unsaid.error().status(), status::FORMAT);
    let why = ruled_out(unsaid.error(), "gocrypt");
    assert!(why.contains("--format gocrypt"), "{why}");
}

/// Only one layer lets chunks be cut off: more of them notice.
#[test]
fn a_single_layer_is_warned_of_and_refused_when_strict() {
    for vector in with_chunks() {
        let open = |strict| {
            let file = &vector.bytes()[..];
            open_of(Some(&GoCrypt), &secret(&vector), file, 2, strict)
        };
        let (lenient, strict) = (open(false), open(true));
        if vector.layers > 1 {
            assert!(lenient.warnings.is_empty(), "{:?}", lenient.warnings);
            opens_to_plaintext(&vector, strict);
        } else {
            assert_eq!(lenient.warnings.len(), 1, "{}", vector.file);
            let warning = &lenient.warnings[0];
            assert!(warning.contains("not authenticated"), "{warning}");
            assert!(matches!(strict.error(), Error::Strict(_)));
            assert_eq!(strict.error().status(), status::FORMAT);
            assert!(strict.written.is_empty());
        }
    }
}

#[test]
fn a_wrong_passphrase_writes_nothing() {
    let wrong = Secret::passphrase(&b"correct horse battery stapler"[..]);
    for vector in with_chunks() {
        let file = vector.bytes();
        let refused = open_of(Some(&GoCrypt), &wrong, &file[..], 2, false);
        assert_eq!(
            refused.error().to_string(),
            "authentication failed: wrong key, or the file was tampered with",
            "{}",
            vector.file
        );
        assert_eq!(refused.error().status(), status::KEY);
        assert!(refused.written.is_empty());

        let refused = open_as(&wrong, &file[..], 2, false);
        assert_eq!(refused.error().status(), status::FORMAT);
        let why = ruled_out(refused.error(), "gocrypt");
        assert!(why.contains("does not authenticate"), "{why}");
        assert!(refused.written.is_empty());
    }
}

/// There is no vector of version 1.0, but it is a file of one layer without its first byte.
#[test]
fn a_single_layer_without_its_first_byte_is_of_version_1() {
    let mut vectors = all();
    vectors.retain(|vector| vector.layers == 1);
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let file = &vector.bytes()[1..];
        let found = gocrypt::read_v1(vector.secret(), file);
        is_plaintext(&vector, &found.plaintext);
        let written = gocrypt::write_v1(vector.secret(), &found.layers[0], &found.plaintext);
        assert_same(&written, file);
        for workers in [1, 3] {
            let opened = open_of(Some(&GoCryptV1), &secret(&vector), file, workers, false);
            opens_to_plaintext(&vector, opened);
        }
        if vector.plaintext_len > 0 {
            opens_to_plaintext(&vector, open_as(&secret(&vector), file, 2, false));
        }
    }
}

#[test]
fn inspect_tells_their_sizes_without_the_secret() {
    for vector in all() {
        let file = vector.bytes();
        let name = &vector.file;
        let inspect = || Inspect::new().format(Some(&GoCrypt));
        for report in [
            inspect().run(&file[..]).unwrap(),
            inspect().run_seekable(Cursor::new(&file)).unwrap(),
        ] {
            assert_eq!(report.format, "gocrypt", "{name}");
            assert_eq!(report.fault, None, "{name}");
            assert_eq!(report.header_len, 41, "{name}");
            assert_eq!(report.plaintext_len, vector.plaintext_len as u64, "{name}");
            assert_eq!(report.sealed_len, Some(file.len() as u64), "{name}");
            let fields = &report.description.fields;
            let fields: Vec<u8> = fields.iter().flat_map(|f| f.bytes.clone()).collect();
            assert_eq!(fields, file[..41], "{name}: fields without gaps");
            assert!(!report.description.warnings.is_empty(), "{name}");
        }
    }
}
