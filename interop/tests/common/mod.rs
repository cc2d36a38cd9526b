//! Both sides of every test: fetool by its library, and the same plaintexts.

#![allow(dead_code)]

use fetool::format::age::{Age, AgeIdentity, AgeRecipient, X25519Identity};
use fetool::{Error, Identity, Open, Recipient, Seal, Secret};

/// Nothing, and lengths around the ends of chunks.
pub const LENGTHS: [usize; 6] = [0, 1, 65_535, 65_536, 65_537, (1 << 20) + 1];

pub const PASSPHRASE: &str = "correct horse battery staple";

/// Bytes that do not repeat from chunk to chunk.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (31 * i + 17 * (i >> 8) + 5 * (i >> 16)) as u8)
        .collect()
}

pub fn identity() -> AgeIdentity {
    AgeIdentity::X25519(X25519Identity::generate(&fetool::random).unwrap())
}

pub fn seal(plaintext: &[u8], recipients: &[AgeRecipient], armor: bool) -> Vec<u8> {
    let mut all = recipients.iter().map(|one| Recipient::wrapping(one));
    let first = Seal::new(all.next().unwrap());
    run(all.fold(first, Seal::add_recipient), plaintext, armor)
}

/// With a work factor that takes no time.
pub fn seal_for_passphrase(plaintext: &[u8], armor: bool) -> Vec<u8> {
    let passphrase = Secret::passphrase(PASSPHRASE);
    run(
        Seal::new(&passphrase).work_factor(Some(4)),
        plaintext,
        armor,
    )
}

fn run(seal: Seal<'_>, plaintext: &[u8], armor: bool) -> Vec<u8> {
    let mut sealed = Vec::new();
    let seal = seal.format(&Age).armor(armor);
    seal.run(plaintext, &mut sealed).unwrap();
    sealed
}

/// What came out, and the end of it.
pub fn open(file: &[u8], identity: &AgeIdentity) -> (Vec<u8>, Result<(), Error>) {
    let mut plaintext = Vec::new();
    let opened = Open::new(Identity::unwrapping(identity)).run(file, &mut plaintext);
    (plaintext, opened.map(drop))
}

pub fn open_with_passphrase(file: &[u8]) -> Vec<u8> {
    let mut plaintext = Vec::new();
    let passphrase = Secret::passphrase(PASSPHRASE);
    Open::new(&passphrase).run(file, &mut plaintext).unwrap();
    plaintext
}

/// Without printing megabytes where they differ.
#[track_caller]
pub fn assert_same(found: &[u8], plaintext: &[u8], what: &str) {
    assert_eq!(found.len(), plaintext.len(), "{what}: length");
    assert!(found == plaintext, "{what}: other bytes");
}
