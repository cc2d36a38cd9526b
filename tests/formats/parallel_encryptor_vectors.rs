//! Files made by the real Parallel-Encryptor open to what they were made of.

use crate::common::assert_same;
use crate::weak_common::by_hand::parallel_encryptor;
use crate::weak_common::vectors::{self, Vector};
use fetool::format::parallel_encryptor::ParallelEncryptor;

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
    vectors::are_warned_of(&all(), &ParallelEncryptor);
}

#[test]
fn a_wrong_passphrase_writes_nothing() {
    vectors::refuse_a_wrong_passphrase(&all(), &ParallelEncryptor);
}

#[test]
fn inspect_tells_their_sizes_without_the_secret() {
    vectors::are_inspected(&all(), &ParallelEncryptor, 12);
}
