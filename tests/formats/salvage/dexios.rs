//! Dexios: every version, both modes, and key slots.

use super::{Case, Damaged, check};
use crate::common::{Numbers, pattern};
use crate::dexios_common::{vector, vectors};
use fetool::aead::Algorithm;
use fetool::format::dexios::Dexios;
use fetool::kdf::{Derivation, Key};
use fetool::{Error, Fill, Open, Recipient, Salvage, Seal, Secret, status};
use std::collections::BTreeSet;

const BLOCK: usize = 1 << 20;

/// The longest stream of each version that a program made.
#[test]
fn blocks_of_every_version() {
    let mut streams = vectors();
    streams.retain(|vector| vector.mode == "stream" && vector.header().is_none());
    streams.sort_by_key(|vector| std::cmp::Reverse(vector.plaintext_len));
    let mut versions = BTreeSet::new();
    let mut numbers = Numbers::new(8);
    for vector in streams {
        if !versions.insert(vector.header_version) {
            continue;
        }
        let text = pattern(vector.plaintext_len as usize);
        let sealed = vector.bytes();
        let case = Case {
            window: 1,
            slow: true,
            ..Case::new(&vector.file, sealed, &text, BLOCK, vector.secret.secret())
        };
        let frame = case.frames().swap_remove(0);
        let at = frame.start + numbers.below(frame.len());
        let file = Damaged::new(&case.sealed).flip(at, 1);
        check(&case, &file, "block 0 changed");
    }
    assert!(versions.len() >= 3, "{versions:?}");
}

/// Takes no time, as a key derivation does.
fn derive(_: Derivation, secret: &[u8], salt: &[u8]) -> Result<Key, Error> {
    Derivation::Sha256.derive(&[secret, salt].concat(), b"")
}

fn two_slots(text: &[u8]) -> (Vec<u8>, [Secret; 2]) {
    let secrets = ["the first", "the second"];
    let secrets = secrets.map(|key| Secret::key(key.as_bytes().to_vec()).derived_for_tests(derive));
    let mut sealed = Vec::new();
    Seal::new(&secrets[0])
        .add_recipient(Recipient::from(&secrets[1]))
        .format(&Dexios)
        .algorithm(Some(Algorithm::Aes256Gcm))
        .run(text, &mut sealed)
        .unwrap();
    (sealed, secrets)
}

#[test]
fn a_stream_in_every_way_and_a_damaged_slot() {
    let text = pattern(2 * BLOCK + 500);
    let (sealed, secrets) = two_slots(&text);
    let [first, second] = secrets;
    let case = Case {
        window: 3,
        slow: true,
        ..Case::new("Dexios", sealed, &text, BLOCK, second)
    };
    let mut numbers = Numbers::new(4);
    let frames = case.frames();
    let at = frames[1].start + 100;
    let good = || Damaged::new(&case.sealed);
    for (file, what) in [
        (good().flip(at, 1), "block 1 changed"),
        (good().remove(frames[1].clone()), "block 1 removed"),
        (good().double(frames[0].clone()), "block 0 doubled"),
        (good().double(frames[2].clone()), "block 2 doubled"),
        (good().insert(at, 2, &mut numbers), "block 1 longer"),
        (good().remove(at..at + 2), "block 1 shorter"),
        (
            good().remove(frames[2].start..case.sealed.len()),
            "block 2 missing",
        ),
    ] {
        check(&case, &file, what);
    }
    // The first slot is behind 32 bytes; the second secret opens the other one.
    let mut file = case.sealed.clone();
    file[40] ^= 1;
    let got = case.salvage(&file, Fill::Zeros).unwrap();
    assert!(got.written == text);
    let open = Open::new(&first);
    let error = Salvage::new(open)
        .run(&file[..], Vec::new(), |_| ())
        .unwrap_err();
    assert_eq!(error.status(), status::KEY);
    // With a header from a copy the first opens it too, and the damage is told.
    let open = Open::new(&first).detached_header(Some(&case.sealed[..416]));
    let (mut written, mut says) = (Vec::new(), Vec::new());
    let salvage = Salvage::new(open).run(&file[..], &mut written, |span| {
        says.push(span.error.to_string());
    });
    assert_eq!(salvage.unwrap().status, status::FORMAT);
    assert!(written == text);
    assert_eq!(
        says,
        ["the file's own header is not the one that was given (at offset 0)"]
    );
}

/// One piece is there as a whole, or not at all.
#[test]
fn memory_mode() {
    let sealed = vector("dexios_v2_aes256gcm_memory_1000.dx");
    let secret = Secret::key(vector("secret.txt"));
    let salvage = |file: &[u8]| {
        let mut written = Vec::new();
        let salvaged = Salvage::new(Open::new(&secret)).run(file, &mut written, |_| ());
        salvaged.map(|salvaged| (salvaged.status, written))
    };
    assert!(salvage(&sealed).unwrap() == (0, pattern(1000)));
    let mut file = sealed.clone();
    file[500] ^= 1;
    assert_eq!(salvage(&file).unwrap_err().status(), status::KEY);
}
