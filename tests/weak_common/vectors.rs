//! Files that the real programs made.

use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    pub file: String,
    format: String,
    secret: Passphrase,
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

    pub fn secret(&self) -> &[u8] {
        self.secret.text.as_bytes()
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
            .all(|vector| vector.secret.kind == "passphrase")
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
