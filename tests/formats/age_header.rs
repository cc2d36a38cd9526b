//! The public test kit of age, and files that the real age made: headers, file keys and armor.
//!
//! Payloads are opened by a few lines of this test alone, to see that the payload key is right.

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

/// One file of the test kit.
pub(super) struct Vector {
    pub name: String,
    fields: Vec<(String, String)>,
    pub file: Vec<u8>,
}

impl Vector {
    fn parse(name: String, bytes: &[u8]) -> Self {
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let text = std::str::from_utf8(&bytes[..end]).unwrap();
        let fields: Vec<_> = text
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let mut vector = Self {
            name,
            fields,
            file: bytes[end + 2..].to_vec(),
        };
        match vector.one("compressed") {
            None => {}
            Some("zlib") => {
                let unpacked = miniz_oxide::inflate::decompress_to_vec_zlib(&vector.file);
                vector.file = unpacked.unwrap();
            }
            Some(other) => panic!("{}: compressed with {other}", vector.name),
        }
        vector
    }

    pub fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter(move |(name, _)| name == key);
        fields.map(|(_, value)| value.as_str())
    }

    pub fn one(&self, key: &str) -> Option<&str> {
        let mut values = self.all(key);
        let value = values.next();
        assert_eq!(values.next(), None, "{}: {key}", self.name);
        value
    }

    pub fn is_armored(&self) -> bool {
        self.one("armored").is_some_and(|value| value == "yes")
    }

    fn keys(&self) -> Keys {
        Keys {
            identities: self
                .all("identity")
                .map(|text| text.parse().unwrap())
                .collect(),
            passphrases: self
                .all("passphrase")
                .map(|text| text.as_bytes().to_vec())
                .collect(),
        }
    }

    fn open(&self) -> Opened {
        if !self.is_armored() {
            return open(&self.file, &self.keys());
        }
        match dearmored(&self.file, 1000) {
            Ok(file) => open(&file, &self.keys()),
            Err(Error::Armor { .. } | Error::Truncated { .. }) => Outcome::ArmorFailure.into(),
            Err(error) => panic!("{}: {error}", self.name),
        }
    }
}

/// All of the test kit, of which none may get lost.
pub(super) fn testkit() -> Vec<Vector> {
    let files = fs::read_dir(dir().join("testkit")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name != "README.md");
    let vectors: Vec<_> = names
        .map(|name| {
            let bytes = read(&format!("testkit/{name}"));
            Vector::parse(name, &bytes)
        })
        .collect();
    assert_eq!(vectors.len(), 143);
    const KEYS: [&str; 8] = [
        "expect",
        "payload",
        "file key",
        "identity",
        "passphrase",
        "armored",
        "compressed",
        "comment",
    ];
    for vector in &vectors {
        let known = |key: &String| KEYS.contains(&key.as_str());
        assert!(
            vector.fields.iter().all(|(key, _)| known(key)),
            "{}",
            vector.name
        );
    }
    vectors
}

#[test]
fn the_test_kit_has_its_outcomes() {
    let mut counts = BTreeMap::new();
    for vector in testkit() {
        let name = &vector.name;
        let opened = vector.open();
        let expect = vector.one("expect").unwrap();
        let (_, expected, _) = Outcome::NAMES
            .iter()
            .find(|(name, _, _)| *name == expect)
            .unwrap_or_else(|| panic!("{name}: {expect}"));
        assert_eq!(opened.outcome, *expected, "{name}");
        let key = opened.file_key.map(|key| key.as_bytes().to_vec());
        match expected {
            Outcome::Success | Outcome::PayloadFailure => {
                assert_eq!(key, vector.one("file key").map(hex), "{name}");
                let digest = Sha256::digest(&opened.plaintext).to_vec();
                assert_eq!(Some(digest), vector.one("payload").map(hex), "{name}");
            }
            _ => assert_eq!(key, None, "{name}"),
        }
        *counts.entry(expect.to_owned()).or_insert(0) += 1;
    }
    let expected = Outcome::NAMES.map(|(name, _, count)| (name.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
}

/// Every header that is well-formed, in its own bytes.
#[test]
fn headers_are_written_as_they_were_read() {
    let (mut written, mut bad_macs) = (0, Vec::new());
    for vector in testkit() {
        let name = &vector.name;
        let file = match vector.is_armored() {
            true => dearmored(&vector.file, usize::MAX),
            false => Ok(vector.file.clone()),
        };
        let Ok(header) = file.and_then(|file| AgeHeader::decode(&file)) else {
            continue;
        };
        // In some vectors it is longer than any file key.
        let file_key = hex(vector.one("file key").unwrap());
        let file_key = *file_key.first_chunk().unwrap();
        let mac_key = FileKey::from_bytes(&file_key).mac_key();
        let bytes = AgeHeader::encode(&header.stanzas, &mac_key).unwrap();
        assert_eq!(header.len(), bytes.len(), "{name}");
        match header.verify(&mac_key) {
            Ok(()) => assert_eq!(header.bytes(), bytes, "{name}"),
            Err(_) => {
                bad_macs.push(name.clone());
                assert_eq!(bytes[..bytes.len() - 45], *header.authenticated(), "{name}");
            }
        }
        written += 1;
        for len in 0..header.len() {
            let error = AgeHeader::decode(&header.bytes()[..len]).unwrap_err();
            assert!(
                matches!(error, Error::Truncated { .. }),
                "{name} {len}: {error}"
            );
        }
    }
    bad_macs.sort();
    let bad = [
        "hmac_bad",
        "hybrid_long_file_key",
        "scrypt_long_file_key",
        "x25519_long_file_key",
    ];
    assert_eq!(bad_macs, bad);
    assert_eq!(written, 93);
}

#[test]
fn armor_is_written_as_it_was_read() {
    let mut written = 0;
    for vector in testkit().iter().filter(|vector| vector.is_armored()) {
        let whole = dearmored(&vector.file, usize::MAX);
        for cut in [1, 64, 65] {
            let cut = dearmored(&vector.file, cut);
            assert_eq!(format!("{cut:?}"), format!("{whole:?}"), "{}", vector.name);
        }
        let Ok(bytes) = whole else {
            continue;
        };
        let text = String::from_utf8(vector.file.clone())
            .unwrap()
            .replace("\r\n", "\n");
        let again = String::from_utf8(armored(&bytes)).unwrap();
        assert_eq!(again.trim(), text.trim(), "{}", vector.name);
        let len = armor::armored_len(bytes.len() as u64);
        assert_eq!(len, Some(again.len() as u64), "{}", vector.name);
        written += 1;
    }
    assert_eq!(written, 33 - 22);
}

/// The keys of files that age 1.3 made; SSH keys are not read.
fn keys_of(entry: &Value) -> Keys {
    let mut keys = Keys::default();
    for name in entry["opens_with"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let bytes = read(name);
        match KeyFile::of(&bytes) {
            KeyFile::Identities => keys.identities.extend(identities::parse(&bytes).unwrap()),
            KeyFile::Pem => assert!(name.starts_with("ssh_"), "{name}"),
            KeyFile::Other => {
                assert_eq!(name, "passphrase.txt");
                keys.passphrases.push(bytes.trim_ascii_end().to_vec());
            }
            kind => panic!("{name}: {kind:?}"),
        }
    }
    keys
}

#[test]
fn files_of_the_real_age_open() {
    let manifest: Value = serde_json::from_slice(&read("manifest.json")).unwrap();
    let entries = manifest.as_array().unwrap();
    assert_eq!(entries.len(), 25);
    let mut opened = 0;
    for entry in entries {
        let name = entry["file"].as_str().unwrap();
        let mut file = read(name);
        let is_armored = entry["armored"].as_bool().unwrap();
        if is_armored {
            let bytes = dearmored(&file, 100).unwrap();
            assert_eq!(armored(&bytes), file, "{name}");
            file = bytes;
        }
        let header = AgeHeader::decode(&file).unwrap();
        let found = open(&file, &keys_of(entry));
        let ssh_only = header
            .stanzas
            .iter()
            .all(|stanza| stanza.kind.starts_with("ssh-"));
        if ssh_only {
            assert_eq!(found.outcome, Outcome::NoMatch, "{name}");
            continue;
        }
        assert_eq!(found.outcome, Outcome::Success, "{name}");
        let len = entry["plaintext_len"].as_u64().unwrap() as usize;
        assert!(found.plaintext == pattern(len), "{name}");
        let mac_key = found.file_key.unwrap().mac_key();
        let bytes = AgeHeader::encode(&header.stanzas, &mac_key).unwrap();
        assert_eq!(header.bytes(), bytes, "{name}");
        opened += 1;
    }
    assert_eq!(opened, 22);
}

#[test]
fn key_files_of_the_real_age_are_read() {
    for (name, count) in [("x25519.key", 1), ("x25519b.key", 1), ("hybrid.key", 1)] {
        let bytes = read(name);
        assert_eq!(KeyFile::of(&bytes), KeyFile::Identities, "{name}");
        let parsed = identities::parse(&bytes).unwrap();
        assert_eq!(parsed.len(), count, "{name}");
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.ends_with(&format!("\n{}\n", *parsed[0].encode())),
            "{name}"
        );
        // age-keygen has the recipient in a comment.
        let told = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "));
        let recipient = parsed[0].recipient();
        assert_eq!(recipient.to_string(), told.unwrap(), "{name}");
        assert_eq!(
            recipients::parse(told.unwrap().as_bytes()).unwrap(),
            [recipient],
            "{name}"
        );
    }
    let encrypted = read("identities_encrypted.age");
    let KeyFile::Encrypted { armored } = KeyFile::of(&encrypted) else {
        panic!("it is an age file");
    };
    let file = match armored {
        true => dearmored(&encrypted, usize::MAX).unwrap(),
        false => encrypted,
    };
    let keys = Keys {
        passphrases: vec![read("passphrase.txt").trim_ascii_end().to_vec()],
        ..Keys::default()
    };
    let found = open(&file, &keys);
    assert_eq!(found.outcome, Outcome::Success);
    assert!(!identities::parse(&found.plaintext).unwrap().is_empty());
}

/// A file for recipients of both kinds opens with the identity of each, and of nobody else.
#[test]
fn what_is_wrapped_is_unwrapped() {
    let keys = ["x25519.key", "hybrid.key", "x25519b.key"].map(read);
    let [one, two, other] = keys.map(|bytes| identities::parse(&bytes).unwrap().remove(0));
    let file_key = FileKey::generate(&fetool::random).unwrap();
    let recipients: [AgeRecipient; 2] = [&one, &two].map(AgeIdentity::recipient);
    let wrap = |recipient: &AgeRecipient| recipient.wrap(&file_key, &fetool::random).unwrap();
    let stanzas: Vec<_> = recipients.iter().map(wrap).collect();
    let bytes = AgeHeader::encode(&stanzas, &file_key.mac_key()).unwrap();
    assert_eq!(bytes.len(), 22 + 98 + 1557 + 48);
    let header = AgeHeader::decode(&bytes).unwrap();
    for (index, identity) in [&one, &two].into_iter().enumerate() {
        let found = header.unlock(|stanza| identity.unwrap(stanza)).unwrap();
        let (stanza, key) = found.unwrap();
        assert_eq!((stanza, key.as_bytes()), (index, file_key.as_bytes()));
    }
    assert!(
        header
            .unlock(|stanza| other.unwrap(stanza))
            .unwrap()
            .is_none()
    );
    // Nothing of an earlier stanza is used again.
    assert_ne!(wrap(&recipients[0]), stanzas[0]);
    assert_ne!(wrap(&recipients[1]), stanzas[1]);
}
