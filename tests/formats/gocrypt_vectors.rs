//! Files made by the real GoCrypt open to what they were made of.

use crate::common::{assert_same, open_as, open_of};
use crate::weak_common::by_hand::gocrypt;
use crate::weak_common::ruled_out;
use crate::weak_common::vectors::{self, Vector};
use fetool::format::gocrypt::{GoCrypt, GoCryptV1};
use fetool::{Error, status};

fn all() -> Vec<Vector> {
    let vectors = vectors::vectors("gocrypt", 8);
    for layers in [1, 2, 3, 5, 200] {
        let some = vectors.iter().any(|vector| vector.layers == layers);
        assert!(some, "none of {layers} layers");
    }
    vectors
}

#[test]
fn the_small_reader_and_writer_agree_with_the_program() {
    for vector in all() {
        println!("{}", vector.file);
        let file = vector.bytes();
        let found = gocrypt::read(vector.passphrase(), &file);
        vector.is_plaintext(&found.plaintext);
        assert_eq!(found.layers.len(), usize::from(vector.layers));
        let written = gocrypt::write(vector.passphrase(), &found.layers, &found.plaintext);
        assert_same(&written, &file);
        let stored = gocrypt::stored(vector.plaintext_len, vector.layers.into());
        assert_eq!(stored, file.len());
    }
}

#[test]
fn every_vector_opens_as_gocrypt() {
    vectors::open_as_given(&all(), &GoCrypt);
}

#[test]
fn every_vector_opens_with_its_passphrase_as_a_key() {
    vectors::open_with_a_key(&all(), &GoCrypt);
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
    vectors::are_found_out(&with_chunks(), &GoCrypt);
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
    let opened = open_of(Some(&GoCrypt), &vector.secret(), &file[..], 2, false);
    assert_eq!(opened.warnings.len(), 1);
    assert!(
        opened.warnings[0].contains("authenticated"),
        "{:?}",
        opened.warnings
    );
    vector.opens_to_plaintext(opened);

    let strict = open_of(Some(&GoCrypt), &vector.secret(), &file[..], 2, true);
    assert!(
        matches!(strict.error(), Error::Unauthenticated(_)),
        "{}",
        strict.error()
    );
    let unsaid = open_as(&vector.secret(), &file[..], 2, false);
    assert_eq!(unsaid.error().status(), status::FORMAT);
    let why = ruled_out(unsaid.error(), "gocrypt");
    assert_eq!(why, "possible, but too short to verify");
}

/// One layer and two can be forged; of more, only what has more than one chunk is not guaranteed.
#[test]
fn what_can_be_forged_is_warned_of_and_refused_when_strict() {
    let (weak, sound): (Vec<_>, Vec<_>) = with_chunks()
        .into_iter()
        .partition(|vector| vector.layers <= 2 || vector.plaintext_len > 32_000);
    assert_eq!(weak.len(), 5);
    vectors::are_warned_of(&weak, &GoCrypt);
    for vector in sound {
        let open = |strict| {
            let file = &vector.bytes()[..];
            open_of(Some(&GoCrypt), &vector.secret(), file, 2, strict)
        };
        assert!(open(false).warnings.is_empty(), "{}", vector.file);
        vector.opens_to_plaintext(open(true));
    }
}

#[test]
fn a_wrong_passphrase_writes_nothing() {
    vectors::refuse_a_wrong_passphrase(&with_chunks(), &GoCrypt);
}

/// There is no vector of version 1.0, but it is a file of one layer without its first byte.
#[test]
fn a_single_layer_without_its_first_byte_is_of_version_1() {
    let mut vectors = all();
    vectors.retain(|vector| vector.layers == 1);
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let file = &vector.bytes()[1..];
        let found = gocrypt::read_v1(vector.passphrase(), file);
        vector.is_plaintext(&found.plaintext);
        let written = gocrypt::write_v1(vector.passphrase(), &found.layers[0], &found.plaintext);
        assert_same(&written, file);
        for workers in [1, 3] {
            let opened = open_of(Some(&GoCryptV1), &vector.secret(), file, workers, false);
            vector.opens_to_plaintext(opened);
        }
        if vector.plaintext_len > 0 {
            vector.opens_to_plaintext(open_as(&vector.secret(), file, 2, false));
        }
    }
}

#[test]
fn inspect_tells_their_sizes_without_the_secret() {
    vectors::are_inspected(&all(), &GoCrypt, 41);
}
