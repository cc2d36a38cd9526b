//! Files made by the real go-fileencrypt open to what they were made of.

use crate::common::{assert_same, open_as, pattern};
use fetool::{Inspect, Secret, status};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

struct Vector {
    name: String,
    sealed: Vec<u8>,
    key: Secret,
    len: usize,
    sha256: Vec<u8>,
    chunk: u64,
    length_authenticated: bool,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let read = |path: PathBuf| fs::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let manifest: Value = serde_json::from_slice(&read(folder.join("manifest.json"))).unwrap();
    let vectors: Vec<Vector> = manifest
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["format"] == "gfe")
        .map(|entry| {
            let text = |field: &str| entry[field].as_str().unwrap();
            let number = |field: &str| entry[field].as_u64().unwrap();
            assert_eq!(entry["secret"]["kind"], "raw-key");
            let key = crate::common::hex(entry["secret"]["hex"].as_str().unwrap());
            let file = entry["secret"]["file"].as_str().unwrap();
            assert_eq!(key, read(folder.join(file)), "the key and its file");
            Vector {
                name: text("file").to_owned(),
                sealed: read(folder.join(text("file"))),
                key: Secret::key(key),
                len: number("plaintext_len") as usize,
                sha256: crate::common::hex(text("plaintext_sha256")),
                chunk: number("chunk_size"),
                length_authenticated: entry["length_authenticated"].as_bool().unwrap(),
            }
        })
        .collect();
    assert!(vectors.len() >= 10, "only {} vectors", vectors.len());
    assert!(vectors.iter().any(|vector| vector.length_authenticated));
    assert!(vectors.iter().any(|vector| !vector.length_authenticated));
    vectors
}

#[test]
fn every_vector_opens_to_its_plaintext() {
    for vector in vectors() {
        for workers in [1, 3] {
            let opened = open_as(&vector.key, &vector.sealed[..], workers, false);
            let done = opened
                .result
                .unwrap_or_else(|e| panic!("{}: {e}", vector.name));
            assert_eq!(done.plaintext_len, vector.len as u64, "{}", vector.name);
            assert_eq!(
                done.chunks,
                done.plaintext_len.div_ceil(vector.chunk),
                "{}",
                vector.name
            );
            assert_same(&opened.written, &pattern(vector.len));
            assert_eq!(
                Sha256::digest(&opened.written)[..],
                vector.sha256[..],
                "{}",
                vector.name
            );
        }
    }
}

#[test]
fn what_does_not_protect_its_length_is_warned_of_and_refused_when_strict() {
    for vector in vectors() {
        let name = &vector.name;
        let lenient = open_as(&vector.key, &vector.sealed[..], 2, false);
        let strict = open_as(&vector.key, &vector.sealed[..], 2, true);
        if vector.length_authenticated {
            assert!(lenient.warnings.is_empty(), "{name}");
            strict.result.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(strict.written.len(), vector.len, "{name}");
        } else {
            assert_eq!(lenient.warnings.len(), 1, "{name}");
            assert!(lenient.warnings[0].contains("authenticated"), "{name}");
            let empty = vector.len == 0;
            let status = if empty { status::KEY } else { status::FORMAT };
            assert_eq!(strict.error().status(), status, "{name}");
            assert!(strict.written.is_empty(), "{name}");
        }
    }
}

#[test]
fn a_wrong_key_is_refused_before_anything_is_written() {
    let mut tried = 0;
    for vector in vectors().iter().filter(|vector| vector.len > 0) {
        for bit in [0, 100, 255] {
            let mut wrong = vector.key.as_bytes().to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let refused = open_as(&Secret::key(wrong), &vector.sealed[..], 2, false);
            assert_eq!(refused.error().status(), status::KEY, "{}", vector.name);
            assert!(
                refused
                    .error()
                    .to_string()
                    .starts_with("authentication failed"),
                "{}",
                refused.error()
            );
            assert!(refused.written.is_empty(), "{}", vector.name);
            tried += 1;
        }
    }
    assert!(tried >= 24, "only {tried} tries");
}

#[test]
fn inspect_tells_lengths_and_chunks_without_the_key() {
    for vector in vectors() {
        let name = &vector.name;
        let seekable = Inspect::new()
            .run_seekable(std::io::Cursor::new(&vector.sealed))
            .unwrap();
        let stream = Inspect::new().run(&vector.sealed[..]).unwrap();
        for report in [seekable, stream] {
            assert_eq!(report.format, "gfe", "{name}");
            assert_eq!(report.fault, None, "{name}");
            assert_eq!(report.header_len, 24, "{name}");
            assert_eq!(report.plaintext_len, vector.len as u64, "{name}");
            assert_eq!(
                report.chunks,
                report.plaintext_len.div_ceil(vector.chunk),
                "{name}"
            );
            // The file's bytes only show how long the first chunk is, where there is one.
            let first = (vector.len > 0).then(|| vector.chunk.min(vector.len as u64));
            assert_eq!(report.chunk_size, first, "{name}");
            assert_eq!(
                report.sealed_len,
                Some(vector.sealed.len() as u64),
                "{name}"
            );
            let declared = vector.length_authenticated.then_some(vector.len as u64);
            assert_eq!(report.description.declared_size, declared, "{name}");
            assert_eq!(
                report.description.warnings.is_empty(),
                vector.length_authenticated,
                "{name}"
            );
            let fields: Vec<u8> = report
                .description
                .fields
                .iter()
                .flat_map(|field| field.bytes.clone())
                .collect();
            assert_eq!(fields, vector.sealed[..24], "{name}: fields without gaps");
        }
    }
}
