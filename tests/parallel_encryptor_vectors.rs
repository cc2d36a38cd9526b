//! Files made by the real Parallel-Encryptor open to what they were made of.

mod common;
mod weak_common;

use common::{Outcome, assert_same, hex, open_as, open_of, pattern};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{Format, by_name};
use fetool::{Error, Inspect, Secret, status};
use sha2::{Digest, Sha256};
use std::io::Cursor;
use weak_common::by_hand::parallel_encryptor;
use weak_common::ruled_out;
use weak_common::vectors::{Vector, vectors};

fn all() -> Vec<Vector> {
    vectors("parallel-encryptor", 5)
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
    let chunks = vector.plaintext_len.div_ceil(vector.chunk_size as usize);
    assert_eq!(done.chunks, chunks as u64);
    is_plaintext(vector, &opened.written);
}

#[test]
fn the_small_reader_and_writer_agree_with_the_program() {
    for vector in all() {
        println!("{}", vector.file);
        let file = vector.bytes();
        let found = parallel_encryptor::read(vector.secret(), &file);
        is_plaintext(&vector, &found.plaintext);
        assert_eq!(found.chunk, vector.chunk_size);
        let written =
            parallel_encryptor::write(vector.secret(), found.nonce, found.chunk, &found.plaintext);
        assert_same(&written, &file);
        let stored = parallel_encryptor::stored(vector.plaintext_len, found.chunk as usize);
        assert_eq!(stored, file.len());
    }
}

#[test]
fn every_vector_opens_as_parallel_encryptor() {
    for vector in all() {
        let by_its_name = by_name("parallel-encryptor").expect("it is known");
        for format in [&ParallelEncryptor as &dyn Format, by_its_name] {
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
        let file = &vector.bytes()[..];
        let opened = open_of(Some(&ParallelEncryptor), &key, file, 2, false);
        opens_to_plaintext(&vector, opened);
    }
}

#[test]
fn every_vector_is_found_out_to_be_of_parallel_encryptor() {
    for vector in all() {
        for workers in [1, 3] {
            let opened = open_as(&secret(&vector), &vector.bytes()[..], workers, false);
            opens_to_plaintext(&vector, opened);
        }
        let key = secret(&vector);
        let opening = fetool::Open::new(&key)
            .start(Cursor::new(vector.bytes()))
            .unwrap_or_else(|error| panic!("{}: {error}", vector.file));
        assert_eq!(opening.format(), "parallel-encryptor", "{}", vector.file);
    }
}

#[test]
fn the_end_is_not_authenticated_which_is_warned_of_and_refused_when_strict() {
    for vector in all() {
        let open = |strict| {
            let file = &vector.bytes()[..];
            open_of(Some(&ParallelEncryptor), &secret(&vector), file, 2, strict)
        };
        let (lenient, strict) = (open(false), open(true));
        assert_eq!(lenient.warnings.len(), 1, "{}", vector.file);
        let warning = &lenient.warnings[0];
        assert!(warning.contains("not authenticated"), "{warning}");
        assert!(matches!(strict.error(), Error::Strict(_)));
        assert_eq!(strict.error().status(), status::FORMAT);
        assert!(strict.written.is_empty());
    }
}

#[test]
fn a_wrong_passphrase_writes_nothing() {
    let wrong = Secret::passphrase(&b"correct horse battery stapler"[..]);
    for vector in all() {
        let file = vector.bytes();
        let refused = open_of(Some(&ParallelEncryptor), &wrong, &file[..], 2, false);
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
        let why = ruled_out(refused.error(), "parallel-encryptor");
        assert!(why.contains("does not authenticate"), "{why}");
        assert!(refused.written.is_empty());
    }
}

#[test]
fn inspect_tells_their_sizes_without_the_secret() {
    for vector in all() {
        let file = vector.bytes();
        let name = &vector.file;
        let inspect = || Inspect::new().format(Some(&ParallelEncryptor));
        for report in [
            inspect().run(&file[..]).unwrap(),
            inspect().run_seekable(Cursor::new(&file)).unwrap(),
        ] {
            assert_eq!(report.format, "parallel-encryptor", "{name}");
            assert_eq!(report.fault, None, "{name}");
            assert_eq!(report.header_len, 12, "{name}");
            assert_eq!(report.chunk_size, Some(vector.chunk_size.into()), "{name}");
            assert_eq!(report.plaintext_len, vector.plaintext_len as u64, "{name}");
            assert_eq!(report.sealed_len, Some(file.len() as u64), "{name}");
            let fields = &report.description.fields;
            let fields: Vec<u8> = fields.iter().flat_map(|f| f.bytes.clone()).collect();
            assert_eq!(fields, file[..12], "{name}: fields without gaps");
            assert!(!report.description.warnings.is_empty(), "{name}");
        }
    }
}
