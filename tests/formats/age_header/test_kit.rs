//! The public test kit of age.

use super::*;

/// One file of the test kit.
pub(in super::super) struct Vector {
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
pub(in super::super) fn testkit() -> Vec<Vector> {
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
