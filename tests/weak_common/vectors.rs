//! Files that the real programs made.

use crate::common::{Outcome, assert_same, hex, open_as, open_of, pattern};
use crate::weak_common::ruled_out;
use fetool::format::{Format, by_name};
use fetool::{Error, Inspect, Open, Secret, status};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    pub file: String,
    format: String,
    #[serde(rename = "secret")]
    passphrase: Passphrase,
    pub plaintext_len: usize,
    pub plaintext_sha256: String,
    /// Of GoCrypt.
    #[serde(default)]
    pub layers: u8,
    /// Of Parallel-Encryptor.
    #[serde(default)]
    pub chunk_size: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Passphrase {
    kind: String,
    text: String,
}

impl Vector {
    pub fn bytes(&self) -> Vec<u8> {
        read(&path(&self.file))
    }

    pub fn passphrase(&self) -> &[u8] {
        self.passphrase.text.as_bytes()
    }

    pub fn secret(&self) -> Secret {
        Secret::passphrase(self.passphrase())
    }

    #[track_caller]
    pub fn is_plaintext(&self, plaintext: &[u8]) {
        assert_same(plaintext, &pattern(self.plaintext_len));
        let sum = Sha256::digest(plaintext);
        assert_eq!(sum[..], hex(&self.plaintext_sha256), "{}", self.file);
    }

    #[track_caller]
    pub fn opens_to_plaintext(&self, opened: Outcome) {
        let done = opened
            .result
            .unwrap_or_else(|error| panic!("{}: {error}", self.file));
        assert_eq!(done.plaintext_len, self.plaintext_len as u64);
        if self.chunk_size > 0 {
            let chunks = self.plaintext_len.div_ceil(self.chunk_size as usize);
            assert_eq!(done.chunks, chunks as u64);
        }
        self.is_plaintext(&opened.written);
    }
}

/// All open when their format is given, also by its name.
pub fn open_as_given(vectors: &[Vector], format: &dyn Format) {
    let by_its_name = by_name(format.name()).expect("it is known");
    for vector in vectors {
        for format in [format, by_its_name] {
            for workers in [1, 3] {
                let file = &vector.bytes()[..];
                let opened = open_of(Some(format), &vector.secret(), file, workers, false);
                vector.opens_to_plaintext(opened);
            }
        }
    }
}

/// The secret's bytes are used as they are, whatever they are called.
pub fn open_with_a_key(vectors: &[Vector], format: &dyn Format) {
    for vector in vectors {
        let key = Secret::key(vector.passphrase());
        let opened = open_of(Some(format), &key, &vector.bytes()[..], 2, false);
        vector.opens_to_plaintext(opened);
    }
}

/// All open without being told what they are.
pub fn are_found_out(vectors: &[Vector], format: &dyn Format) {
    for vector in vectors {
        let secret = vector.secret();
        for workers in [1, 3] {
            let opened = open_as(&secret, &vector.bytes()[..], workers, false);
            vector.opens_to_plaintext(opened);
        }
        let opening = Open::new(&secret)
            .start(Cursor::new(vector.bytes()))
            .unwrap_or_else(|error| panic!("{}: {error}", vector.file));
        assert_eq!(opening.format(), format.name(), "{}", vector.file);
    }
}

/// A wrong passphrase is refused, whether the format is given or not.
pub fn refuse_a_wrong_passphrase(vectors: &[Vector], format: &dyn Format) {
    let wrong = Secret::passphrase(&b"correct horse battery stapler"[..]);
    for vector in vectors {
        let file = vector.bytes();
        let refused = open_of(Some(format), &wrong, &file[..], 2, false);
        assert_eq!(
            refused.error().to_string(),
            "authentication failed: wrong key, or the file was tampered with",
            "{}",
            vector.file
        );
        assert_eq!(refused.error().status(), status::KEY);
        assert!(refused.written.is_empty());

        let refused = open_as(&wrong, &file[..], 2, false);
        assert_eq!(refused.error().status(), status::FORMAT);
        let why = ruled_out(refused.error(), format.name());
        assert!(why.contains("does not authenticate"), "{why}");
        assert!(refused.written.is_empty());
    }
}

/// Their ends are not authenticated, which opening says, and which is refused where it is strict.
pub fn are_warned_of(vectors: &[Vector], format: &dyn Format) {
    for vector in vectors {
        let file = &vector.bytes()[..];
        let open = |strict| open_of(Some(format), &vector.secret(), file, 2, strict);
        let (lenient, strict) = (open(false), open(true));
        assert_eq!(lenient.warnings.len(), 1, "{}", vector.file);
        let warning = &lenient.warnings[0];
        // A header alone is another fault: nothing at all is authenticated.
        let empty = vector.plaintext_len == 0;
        let words = match (empty, format.name()) {
            (false, "gocrypt") => "without the passphrase",
            _ => "not authenticated",
        };
        assert!(warning.contains(words) || empty, "{warning}");
        assert_eq!(matches!(strict.error(), Error::Unauthenticated(_)), empty);
        assert_eq!(matches!(strict.error(), Error::Strict(_)), !empty);
        let status = if empty { status::KEY } else { status::FORMAT };
        assert_eq!(strict.error().status(), status);
        assert!(strict.written.is_empty());
    }
}

/// What can be told of them without the secret.
pub fn are_inspected(vectors: &[Vector], format: &dyn Format, header: usize) {
    for vector in vectors {
        let file = vector.bytes();
        let name = &vector.file;
        let inspect = || Inspect::new().format(Some(format));
        for report in [
            inspect().run(&file[..]).unwrap(),
            inspect().run_seekable(Cursor::new(&file)).unwrap(),
        ] {
            assert_eq!(report.format, format.name(), "{name}");
            assert_eq!(report.fault, None, "{name}");
            assert_eq!(report.header_len, header as u64, "{name}");
            if vector.chunk_size > 0 {
                assert_eq!(report.chunk_size, Some(vector.chunk_size.into()), "{name}");
            }
            assert_eq!(report.plaintext_len, vector.plaintext_len as u64, "{name}");
            assert_eq!(report.sealed_len, Some(file.len() as u64), "{name}");
            let fields = &report.description.fields;
            let fields: Vec<u8> = fields.iter().flat_map(|f| f.bytes.clone()).collect();
            assert_eq!(fields, file[..header], "{name}: fields without gaps");
            assert!(!report.description.warnings.is_empty(), "{name}");
        }
    }
}

/// All vectors of a format, and there are `expected` of them.
pub fn vectors(format: &str, expected: usize) -> Vec<Vector> {
    let all: Vec<Vector> = serde_json::from_slice(&read(&path("weak.json"))).expect("a manifest");
    let found: Vec<_> = all
        .into_iter()
        .filter(|vector| vector.format == format)
        .collect();
    assert_eq!(found.len(), expected, "vectors of {format}");
    assert!(
        found
            .iter()
            .all(|vector| vector.passphrase.kind == "passphrase")
    );
    found
}

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
