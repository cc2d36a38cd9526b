//! fetool and the `age` crate, the library under rage: each opens what the other seals, and they refuse
//! the same changed files.

mod common;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use common::{
    LENGTHS, PASSPHRASE, assert_same, identity, open, open_with_passphrase, pattern, seal,
};
use fetool::Error;
use fetool::format::age::AgeIdentity;
use std::io::{self, Read, Write};

fn theirs(identity: &AgeIdentity) -> x25519::Identity {
    identity.encode().parse().unwrap()
}

fn encrypt(plaintext: &[u8], recipients: &[&dyn age::Recipient], armor: bool) -> Vec<u8> {
    let format = match armor {
        true => Format::AsciiArmor,
        false => Format::Binary,
    };
    let encryptor = Encryptor::with_recipients(recipients.iter().copied()).unwrap();
    let output = ArmoredWriter::wrap_output(Vec::new(), format).unwrap();
    let mut writer = encryptor.wrap_output(output).unwrap();
    writer.write_all(plaintext).unwrap();
    writer.finish().and_then(ArmoredWriter::finish).unwrap()
}

/// What came out, and the end of it.
fn decrypt(file: &[u8], identity: &dyn age::Identity) -> (Vec<u8>, Result<(), DecryptError>) {
    let mut plaintext = Vec::new();
    let decrypted = Decryptor::new_buffered(ArmoredReader::new(file))
        .and_then(|decryptor| decryptor.decrypt([identity].into_iter()))
        .and_then(|mut reader| Ok(reader.read_to_end(&mut plaintext)?));
    (plaintext, decrypted.map(drop))
}

#[track_caller]
fn decrypts(file: &[u8], identity: &dyn age::Identity, plaintext: &[u8], what: &str) {
    let (found, end) = decrypt(file, identity);
    end.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_same(&found, plaintext, what);
}

#[track_caller]
fn opens(file: &[u8], identity: &AgeIdentity, plaintext: &[u8], what: &str) {
    let (found, end) = open(file, identity);
    end.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_same(&found, plaintext, what);
}

#[test]
fn the_crate_opens_what_fetool_seals() {
    let own = [identity(), identity(), identity()];
    let recipients = [&own[0], &own[1], &own[2]].map(AgeIdentity::recipient);
    for len in LENGTHS {
        let plaintext = pattern(len);
        for armor in [false, true] {
            for count in [1, 3] {
                let file = seal(&plaintext, &recipients[..count], armor);
                for identity in &own[..count] {
                    let what = format!("{len} bytes for {count}, armor {armor}");
                    decrypts(&file, &theirs(identity), &plaintext, &what);
                }
            }
        }
    }
}

#[test]
fn fetool_opens_what_the_crate_seals() {
    let own = [identity(), identity(), identity()];
    let recipients = [&own[0], &own[1], &own[2]].map(|one| theirs(one).to_public());
    let recipients = recipients.each_ref().map(|one| one as &dyn age::Recipient);
    for len in LENGTHS {
        let plaintext = pattern(len);
        for armor in [false, true] {
            for count in [1, 3] {
                let file = encrypt(&plaintext, &recipients[..count], armor);
                for identity in &own[..count] {
                    let what = format!("{len} bytes for {count}, armor {armor}");
                    opens(&file, identity, &plaintext, &what);
                }
            }
        }
    }
}

#[test]
fn passphrases_work_both_ways() {
    let passphrase = || SecretString::from(PASSPHRASE.to_owned());
    let mut recipient = scrypt::Recipient::new(passphrase());
    recipient.set_work_factor(4);
    let identity = scrypt::Identity::new(passphrase());
    for len in [0, 1, 65_536, 65_537] {
        let plaintext = pattern(len);
        for armor in [false, true] {
            let what = format!("{len} bytes, armor {armor}");
            let file = common::seal_for_passphrase(&plaintext, armor);
            decrypts(&file, &identity, &plaintext, &what);
            let file = encrypt(&plaintext, &[&recipient], armor);
            assert_same(&open_with_passphrase(&file), &plaintext, &what);
        }
    }
}

#[test]
fn keys_are_the_same_text() {
    for _ in 0..10 {
        let own = identity();
        let other = theirs(&own);
        assert_eq!(*own.encode(), *other.to_string().expose_secret());
        assert_eq!(own.recipient().to_string(), other.to_public().to_string());
        let made = x25519::Identity::generate();
        let read: AgeIdentity = made.to_string().expose_secret().parse().unwrap();
        assert_eq!(read.recipient().to_string(), made.to_public().to_string());
    }
}

/// What keeps a file from being opened, in the words of the public test kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The header or the armor around it.
    Header,
    NoMatch,
    Mac,
    /// A chunk, or the armor around it.
    Payload,
}

fn of_the_crate(error: &DecryptError, body: bool) -> Refusal {
    match error {
        DecryptError::InvalidMac => Refusal::Mac,
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed => Refusal::NoMatch,
        DecryptError::Io(_) if body => Refusal::Payload,
        _ => Refusal::Header,
    }
}

fn of_fetool(error: &Error, body: bool) -> Refusal {
    match error {
        Error::HeaderMac => Refusal::Mac,
        Error::NoMatch { .. } => Refusal::NoMatch,
        Error::Tampered { .. } | Error::Authentication { .. } => Refusal::Payload,
        Error::Truncated { .. } | Error::Malformed { .. } | Error::Armor { .. } if body => {
            Refusal::Payload
        }
        Error::Truncated { .. }
        | Error::Malformed { .. }
        | Error::Armor { .. }
        | Error::UnknownFormat(_)
        | Error::Unsupported(_) => Refusal::Header,
        error => panic!("{error}"),
    }
}

/// Asserts that both refuse a changed file alike, with the same plaintext before that. `body` is where
/// the chunks begin.
#[track_caller]
fn refused_alike(file: &[u8], identity: &AgeIdentity, body: bool, what: &str) {
    let (ours, own_end) = open(file, identity);
    let (theirs, their_end) = decrypt(file, &theirs(identity));
    let error = own_end.expect_err(what);
    let their_error = their_end.expect_err(what);
    assert_eq!(
        of_fetool(&error, body),
        of_the_crate(&their_error, body),
        "{what}: {error}, {their_error}"
    );
    assert_same(&ours, &theirs, what);
}

const HEADER: usize = 168;

#[test]
fn a_changed_byte_is_refused_alike() {
    let own = identity();
    let plaintext = pattern(65_536 + 20);
    let file = seal(&plaintext, &[own.recipient()], false);
    let nonce = HEADER + 16;
    let body = (nonce..nonce + 5).chain(file.len() - 40..file.len());
    let chunks_edge = nonce + 65_552 - 20..nonce + 65_552 + 20;
    for at in (0..nonce).chain(body).chain(chunks_edge) {
        for bit in [0, 5, 7] {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            refused_alike(
                &changed,
                &own,
                at >= HEADER,
                &format!("byte {at}, bit {bit}"),
            );
        }
    }
}

#[test]
fn a_cut_file_is_refused_alike() {
    let own = identity();
    for plaintext in [0, 20, 65_536, 65_536 + 20].map(pattern) {
        let file = seal(&plaintext, &[own.recipient()], false);
        let nonce = HEADER + 16;
        let end = file.len();
        let edge = (nonce + 65_552).min(end);
        let cuts = (1..nonce.min(end)).chain(nonce..nonce + 20);
        let cuts = cuts.chain(edge - 20..edge + 20).chain(end - 20..end);
        for len in cuts.filter(|len| *len < end) {
            let what = format!("{} bytes cut to {len}", plaintext.len());
            refused_alike(&file[..len], &own, len >= nonce, &what);
        }
    }
}

#[test]
fn data_behind_the_end_is_refused_alike() {
    let own = identity();
    for len in [0, 20, 65_536, 65_536 + 20] {
        let file = seal(&pattern(len), &[own.recipient()], false);
        for more in [1, 16, 17, 65_552, 65_553] {
            let longer = [&file[..], &vec![7; more]].concat();
            refused_alike(&longer, &own, true, &format!("{more} bytes behind {len}"));
        }
    }
}

/// A changed line, a missing one and a doubled one.
#[test]
fn changed_armor_is_refused_alike() {
    let own = identity();
    let file = seal(&pattern(100), &[own.recipient()], true);
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..lines.len() {
        let (before, behind) = lines.split_at(at);
        let without = [before, &behind[1..]].concat().concat();
        let doubled = [before, &behind[..1], behind].concat().concat();
        for (changed, how) in [(without, "missing"), (doubled, "doubled")] {
            both_refuse(&changed, &own, &format!("line {at} {how}"));
        }
    }
    for at in 0..file.len() - 1 {
        let mut changed = file.clone();
        changed[at] ^= 1 << 1;
        both_refuse(&changed, &own, &format!("byte {at}"));
    }
}

/// Which fault is seen first depends on how far each of them reads ahead.
#[track_caller]
fn both_refuse(file: &[u8], identity: &AgeIdentity, what: &str) {
    let (ours, end) = open(file, identity);
    end.expect_err(what);
    assert_same(&ours, b"", what);
    let (plaintext, end) = decrypt(file, &theirs(identity));
    end.expect_err(what);
    assert_same(&plaintext, b"", what);
}

#[test]
fn another_identity_is_refused_alike() {
    let (own, other) = (identity(), identity());
    let file = seal(b"not for you", &[own.recipient()], false);
    refused_alike(&file, &other, false, "another identity");
    let sealed = encrypt(b"not for you", &[&theirs(&own).to_public()], true);
    refused_alike(&sealed, &other, false, "another identity, armored");
}

/// Lines that end as on Windows, and blanks behind the end.
#[test]
fn armor_of_other_systems_opens_alike() {
    let own = identity();
    let plaintext = pattern(1000);
    let text = String::from_utf8(seal(&plaintext, &[own.recipient()], true)).unwrap();
    for text in [
        text.replace('\n', "\r\n"),
        text.trim_end().to_owned(),
        text + "\n \r\n",
    ] {
        opens(text.as_bytes(), &own, &plaintext, "fetool");
        decrypts(text.as_bytes(), &theirs(&own), &plaintext, "age");
    }
}

/// The crate's reader fails as ours does where the input does.
#[test]
fn a_failing_input_is_an_error_of_both() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let own = identity();
    let file = seal(&pattern(100), &[own.recipient()], false);
    let input = || io::Cursor::new(&file[..200]).chain(Fails);
    let identity = fetool::Identity::unwrapping(&own);
    let error = fetool::Open::new(identity)
        .run(input(), io::sink())
        .unwrap_err();
    assert!(matches!(error, Error::Read(_)), "{error}");
    let decryptor = Decryptor::new(input()).unwrap();
    let theirs = theirs(&own);
    let mut reader = decryptor.decrypt([&theirs as _].into_iter()).unwrap();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}
