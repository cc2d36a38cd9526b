//! The public test kit of age, and files that the real age made: headers, file keys and armor.
//!
//! Payloads are opened by a few lines of this test alone, to see that the payload key is right.

mod real_age;
mod test_kit;

use crate::common::{hex, pattern};
use fetool::aead::{Aead, Algorithm};
use fetool::format::age::armor::{self, ArmorDecoder, ArmorEncoder};
use fetool::format::age::{
    AgeHeader, AgeIdentity, AgeRecipient, KeyFile, ScryptLimits, identities, recipients, scrypt,
};
use fetool::{Error, FileKey, Secret};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

pub(super) use test_kit::{Vector, testkit};

fn dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/age"))
}

fn read(name: &str) -> Vec<u8> {
    let path = dir().join(name);
    fs::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

/// What a reader can make of an age file, by the words of the test kit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    ArmorFailure,
    HeaderFailure,
    NoMatch,
    HmacFailure,
    PayloadFailure,
    Success,
}

impl Outcome {
    pub(super) const NAMES: [(&str, Self, usize); 6] = [
        ("armor failure", Self::ArmorFailure, 22),
        ("header failure", Self::HeaderFailure, 62),
        ("no match", Self::NoMatch, 13),
        ("HMAC failure", Self::HmacFailure, 1),
        ("payload failure", Self::PayloadFailure, 19),
        ("success", Self::Success, 26),
    ];
}

/// What opens a file.
#[derive(Default)]
struct Keys {
    identities: Vec<AgeIdentity>,
    passphrases: Vec<Vec<u8>>,
}

/// What came of opening a file.
struct Opened {
    outcome: Outcome,
    file_key: Option<FileKey>,
    plaintext: Vec<u8>,
}

impl From<Outcome> for Opened {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            file_key: None,
            plaintext: Vec::new(),
        }
    }
}

fn dearmored(text: &[u8], cut: usize) -> Result<Vec<u8>, Error> {
    let (mut decoder, mut bytes) = (ArmorDecoder::new(), Vec::new());
    for piece in text.chunks(cut) {
        decoder.push(piece, &mut bytes)?;
    }
    decoder.finish()?;
    Ok(bytes)
}

fn armored(bytes: &[u8]) -> Vec<u8> {
    let (mut encoder, mut text) = (ArmorEncoder::new(), Vec::new());
    encoder.push(bytes, &mut text).unwrap();
    encoder.finish(&mut text).unwrap();
    text
}

/// The file key by the first identity or passphrase that fits.
fn file_key(header: &AgeHeader, keys: &Keys) -> Result<Option<FileKey>, Error> {
    for identity in &keys.identities {
        if let Some((_, key)) = header.unlock(|stanza| identity.unwrap(stanza))? {
            return Ok(Some(key));
        }
    }
    for passphrase in &keys.passphrases {
        let limits = ScryptLimits::default();
        let unwrap =
            |stanza: &_| scrypt::unwrap(&Secret::passphrase(passphrase.as_slice()), limits, stanza);
        if let Some((_, key)) = header.unlock(unwrap)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn open(file: &[u8], keys: &Keys) -> Opened {
    let header = match AgeHeader::decode(file) {
        Ok(header) => header,
        Err(Error::Malformed { .. } | Error::Unsupported(_) | Error::Truncated { .. }) => {
            return Outcome::HeaderFailure.into();
        }
        Err(error) => panic!("{error}"),
    };
    let file_key = match file_key(&header, keys) {
        Ok(Some(key)) => key,
        Ok(None) => return Outcome::NoMatch.into(),
        Err(Error::HeaderMac) => return Outcome::HmacFailure.into(),
        Err(Error::Malformed { offset, .. }) => {
            // The offset is that of a stanza.
            assert!(header.spans.iter().any(|span| span.start as u64 == offset));
            return Outcome::HeaderFailure.into();
        }
        Err(Error::WorkFactor { max: 22, .. }) => return Outcome::HeaderFailure.into(),
        Err(error) => panic!("{error}"),
    };
    let Some((nonce, chunks)) = file[header.len()..].split_first_chunk() else {
        return Outcome::HeaderFailure.into();
    };
    let aead = Aead::new(Algorithm::ChaCha20Poly1305, &file_key.payload_key(nonce));
    let (plaintext, whole) = payload(&aead, chunks);
    Opened {
        outcome: match whole {
            true => Outcome::Success,
            false => Outcome::PayloadFailure,
        },
        file_key: Some(file_key),
        plaintext,
    }
}

/// All authentic plaintext, and whether it is whole.
fn payload(aead: &Aead, mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut plaintext = Vec::new();
    for index in 0_u64.. {
        let (frame, behind) = rest.split_at(rest.len().min(65_552));
        let Some((sealed, tag)) = frame.split_last_chunk::<16>() else {
            break;
        };
        let opened = [0, 1].into_iter().find_map(|last| {
            let mut nonce = [0; 12];
            nonce[3..11].copy_from_slice(&index.to_be_bytes());
            nonce[11] = last;
            let mut chunk = sealed.to_vec();
            let opened = aead.open(&nonce, b"", &mut chunk, tag);
            opened.is_ok().then_some((chunk, last == 1))
        });
        match opened {
            Some((chunk, _)) if chunk.is_empty() && index > 0 => break,
            Some((chunk, false)) if chunk.len() < 65_536 => break,
            Some((chunk, last)) => {
                plaintext.extend(chunk);
                if last {
                    return (plaintext, behind.is_empty());
                }
            }
            None => break,
        }
        rest = behind;
    }
    (plaintext, false)
}
