//! What nobody can notice in a GoCrypt file, because the format does not protect it. Each limit is
//! a test, so that a change of behaviour is not overlooked; none of them is wanted.

use crate::common::{assert_same, open_of, pattern};
use crate::weak_common::by_hand::gocrypt::{self, CHUNK, HEADER, HEADER_V1, frames, layers};
use crate::weak_common::{SECRET, open_layers, secret};
use fetool::format::gocrypt::{GoCrypt, GoCryptV1};
use fetool::{Error, status};

/// Three whole chunks and a short one, in one layer.
fn one_layer() -> (Vec<u8>, Vec<u8>) {
    let text = pattern(3 * CHUNK + 5000);
    let file = gocrypt::write(SECRET, &layers(1), &text);
    (file, text)
}

#[track_caller]
fn opens_to(changed: &[u8], text: &[u8]) {
    for workers in [1, 3] {
        let opened = open_layers(changed, workers);
        assert!(opened.result.is_ok(), "{:?}", opened.result);
        assert_same(&opened.written, text);
    }
}

#[test]
fn one_layer_with_two_whole_chunks_swapped_opens_to_swapped_plaintext() {
    let (file, text) = one_layer();
    let f = frames(&file);
    let parts = [0, 2, 1, 3].map(|i: usize| &file[f[i].clone()]);
    let changed = [&file[..HEADER], &parts.concat()].concat();
    let c = CHUNK;
    let swapped = [
        &text[..c],
        &text[2 * c..3 * c],
        &text[c..2 * c],
        &text[3 * c..],
    ];
    opens_to(&changed, &swapped.concat());
}

#[test]
fn one_layer_with_a_whole_chunk_twice_opens_to_repeated_plaintext() {
    let (file, text) = one_layer();
    let end = frames(&file)[0].end;
    let changed = [&file[..end], &file[HEADER..]].concat();
    opens_to(&changed, &[&text[..CHUNK], &text].concat());
}

#[test]
fn one_layer_without_one_of_its_whole_chunks_opens_to_the_rest() {
    let (file, text) = one_layer();
    let second = frames(&file)[1].clone();
    let changed = [&file[..second.start], &file[second.end..]].concat();
    opens_to(&changed, &[&text[..CHUNK], &text[2 * CHUNK..]].concat());
}

#[test]
fn one_layer_cut_between_two_chunks_opens_to_the_beginning() {
    let (file, text) = one_layer();
    for (i, frame) in frames(&file).iter().enumerate().skip(1) {
        opens_to(&file[..frame.start], &text[..i * CHUNK]);
    }
}

#[test]
fn one_layer_with_the_first_chunk_of_another_file_of_the_same_nonce_and_salt() {
    // Never by GoCrypt, which makes a new nonce and salt for every file.
    let (file, text) = one_layer();
    let mut other = text.clone();
    other[..CHUNK].fill(0);
    let donor = gocrypt::write(SECRET, &layers(1), &other);
    let end = frames(&file)[0].end;
    opens_to(&[&donor[..end], &file[end..]].concat(), &other);
}

/// There is nothing in it that could be authenticated, so that it is empty for every passphrase.
#[test]
fn one_layer_cut_behind_its_header_opens_to_nothing_with_a_warning() {
    let (file, _) = one_layer();
    for key in [secret(), fetool::Secret::passphrase(&b"any"[..])] {
        let opened = open_of(Some(&GoCrypt), &key, &file[..HEADER], 2, false);
        assert!(opened.result.is_ok());
        assert!(opened.written.is_empty());
        let [warning] = &opened.warnings[..] else {
            panic!("{:?}", opened.warnings);
        };
        assert!(warning.contains("authenticated"), "{warning}");
        let strict = open_of(Some(&GoCrypt), &key, &file[..HEADER], 2, true);
        assert!(matches!(strict.error(), Error::Unauthenticated(_)));
        assert_eq!(strict.error().status(), status::KEY);
    }
}

#[test]
fn the_header_alone_of_version_1_opens_to_nothing_with_a_warning() {
    let file = gocrypt::write_v1(SECRET, &layers(1)[0], b"");
    assert_eq!(file.len(), HEADER_V1);
    let opened = open_of(Some(&GoCryptV1), &secret(), &file[..], 2, false);
    assert!(opened.result.is_ok());
    assert!(opened.written.is_empty());
    assert_eq!(opened.warnings.len(), 1);
    let strict = open_of(Some(&GoCryptV1), &secret(), &file[..], 2, true);
    assert!(matches!(strict.error(), Error::Unauthenticated(_)));
}

/// The first byte is not authenticated, and everything behind it is.
#[test]
fn a_first_byte_changed_to_1_opens_to_the_ciphertext_of_the_layer_inside() {
    let text = pattern(CHUNK + 1000);
    for count in [2, 5] {
        let all = layers(count);
        let file = gocrypt::write(SECRET, &all, &text);
        let inner = gocrypt::write(SECRET, &all[..usize::from(count) - 1], &text);
        opens_to(&[&[1], &file[1..]].concat(), &inner);
    }
}

/// The same limit the other way round: a sealed file that was sealed once more.
#[test]
fn a_first_byte_changed_to_2_opens_a_plaintext_that_is_a_sealed_file() {
    let text = pattern(1000);
    let all = layers(2);
    let inner = gocrypt::write(SECRET, &all[..1], &text);
    let once_more = gocrypt::wrap(SECRET, 1, &all[1], &inner);
    opens_to(&once_more, &inner);
    opens_to(&[&[2], &once_more[1..]].concat(), &text);
}

#[test]
fn version_1_has_the_limits_of_one_layer() {
    let (file, text) = one_layer();
    let f = frames(&file);
    let swapped = [1, 0, 2].map(|i: usize| &file[f[i].clone()]).concat();
    let changed = [&file[1..HEADER], &swapped].concat();
    let opened = open_of(Some(&GoCryptV1), &secret(), &changed[..], 2, false);
    assert!(opened.result.is_ok(), "{:?}", opened.result);
    let c = CHUNK;
    let expected = [&text[c..2 * c], &text[..c], &text[2 * c..3 * c]].concat();
    assert_same(&opened.written, &expected);
}
