//! Files made by the real Parallel-Encryptor open to what they were made of.

mod common;
mod weak_common;

use common::{assert_same, open_of};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Error, Inspect, status};
use std::io::Cursor;
use weak_common::by_hand::parallel_encryptor;
use weak_common::vectors::{self, Vector};

fn all() -> Vec<Vector> {
    vectors::vectors("parallel-encryptor", 5)
}

#[test]
fn the_small_reader_and_writer_agree_with_the_program() {
    for vector in all() {
        println!("{}", vector.file);
        let file = vector.bytes();
        let found = parallel_encryptor::read(vector.passphrase(), &file);
        vector.is_plaintext(&found.plaintext);
        assert_eq!(found.chunk, vector.chunk_size);
        let written = parallel_encryptor::write(
            vector.passphrase(),
            found.nonce,
            found.chunk,
            &found.plaintext,
        );
        assert_same(&written, &file);
        let stored = parallel_encryptor::stored(vector.plaintext_len, found.chunk as usize);
        assert_eq!(stored, file.len());
    }
}

#[test]
fn every_vector_opens_as_parallel_encryptor() {
    vectors::open_as_given(&all(), &ParallelEncryptor);
}

#[test]
fn every_vector_opens_with_its_passphrase_as_a_key() {
    vectors::open_with_a_key(&all(), &ParallelEncryptor);
}

#[test]
fn every_vector_is_found_out_to_be_of_parallel_encryptor() {
    vectors::are_found_out(&all(), &ParallelEncryptor);
}

#[test]
fn the_end_is_not_authenticated_which_is_warned_of_and_refused_when_strict() {
    for vector in all() {
        let open = |strict| {
            let file = &vector.bytes()[..];
            open_of(Some(&ParallelEncryptor), &vector.secret(), file, 2, strict)
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
    vectors::refuse_a_wrong_passphrase(&all(), &ParallelEncryptor);
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
