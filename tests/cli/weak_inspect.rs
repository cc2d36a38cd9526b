//! `inspect` on files of the two weak formats: what they do not protect, and what a file without a
//! magic number may be.

use crate::cli_common::weak::{
    self, NO_END, ONE_LAYER, P, TWO_LAYERS, more_layers, with_passphrase,
};
use crate::cli_common::{Dir, Fetool, data, vector};
use serde_json::{Value, json};

const FEW_ROUNDS: &str = "4096 rounds of PBKDF2 leave a passphrase easy to guess";
const REPEATS: &str = "with more than 32 KiB under one nonce: the keystream repeats with every \
                       chunk, which gives much of the data away";
const FAST: &str =
    "the key is one unsalted SHA-256 of the secret, so that a passphrase can be guessed fast";

fn inspect(args: &[&str]) -> Fetool {
    with_passphrase(&["inspect"]).args(args)
}

#[track_caller]
fn object(line: &[u8]) -> Value {
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(line).expect("a line of JSON")
}

#[test]
fn the_weaknesses_of_a_file_are_warnings() {
    for (file, format, warnings) in [
        (
            "gocrypt_40000_l1.enc",
            "gocrypt",
            &[FEW_ROUNDS, REPEATS, ONE_LAYER][..],
        ),
        (
            "gocrypt_40000_l2.enc",
            "gocrypt",
            &[FEW_ROUNDS, REPEATS, TWO_LAYERS],
        ),
        (
            "parenc_5000_c1000.enc",
            "parallel-encryptor",
            &[FAST, NO_END],
        ),
    ] {
        let path = vector(file);
        let line = inspect(&["--json", "-f", format]).arg(&path).run();
        let json = object(&line.succeeds());
        assert_eq!(json["warnings"], json!(warnings), "{file}");
        let table = inspect(&["-f", format]).arg(&path).run().succeeds();
        let table = String::from_utf8(table).expect("text");
        for text in warnings {
            let row = format!("\n  warning    {text}\n");
            assert!(table.contains(&row), "{row:?} is not in {table}");
        }
    }
}

#[test]
fn all_members_of_a_file_of_gocrypt() {
    let path = vector("gocrypt_100000_l5.enc");
    let line = inspect(&["--json", "-f", "gocrypt"]).arg(&path).run();
    let expected = json!({
        "path": path.to_str(),
        "path_hex": null,
        "format": "gocrypt",
        "title": "GoCrypt",
        "version": null,
        "algorithm": "XChaCha20-Poly1305",
        "mode": null,
        "layers": 5,
        "keys": [{"kdf": "pbkdf2", "memory": null, "passes": null, "lanes": null, "iterations": 4096,
            "text": "PBKDF2-HMAC-SHA256, 4096 iterations"}],
        "stanzas": [],
        "post_quantum": null,
        "armored": null,
        "armor_size": null,
        "opened_stanzas": null,
        "header_size": 41,
        "chunk_size": 32_768,
        "chunks": 4,
        "plaintext_size": 100_000,
        "sealed_size": 100_525,
        "overhead": 525,
        "declared_size": null,
        "length_protection": "not guaranteed beyond 32 KiB: only the alignment of the layers protects it",
        "end": "none",
        "authenticated": "nothing of the header",
        "header": [
            {"offset": 0, "size": 1, "hex": "05", "field": "layers",
             "meaning": "how many times the data was sealed"},
            {"offset": 1, "size": 24, "field": "nonce", "meaning": "the same for every chunk",
             "hex": "20c04124a6833618bfb8e3c483412ea07d22bc7028433d17"},
            {"offset": 25, "size": 16, "hex": "e46c712604f5834ba5ebed1338d2fc87",
             "field": "salt", "meaning": "of the key derivation"},
        ],
        "warnings": [FEW_ROUNDS, REPEATS, more_layers(5)],
        "verified": null,
        "reading": null,
        "possible": [],
        "fault": null,
    });
    assert_eq!(object(&line.succeeds()), expected);
}

#[test]
fn the_versions_of_gocrypt() {
    // 40 bytes are a header of version 1 with nothing behind it, and 41 one of the other.
    for (format, len, version, fields) in [
        ("gocrypt-v1", 40, json!(1), &["nonce", "salt"][..]),
        ("gocrypt", 41, Value::Null, &["layers", "nonce", "salt"]),
    ] {
        let empty = [&[1], &data(len)[1..]].concat();
        let line = inspect(&["-f", format, "--json"]).input(empty).run();
        let json = object(&line.succeeds());
        assert_eq!(json["version"], version, "{json}");
        let header = json["header"].as_array().expect("a list");
        let found: Vec<_> = header.iter().map(|field| &field["field"]).collect();
        assert_eq!(found, fields);
    }
}

#[test]
fn all_members_of_a_file_of_parallel_encryptor() {
    let path = vector("parenc_5000_c1000.enc");
    let line = inspect(&["--json", "-f", "parallel-encryptor"])
        .arg(&path)
        .run();
    let expected = json!({
        "path": path.to_str(),
        "path_hex": null,
        "format": "parallel-encryptor",
        "title": "AES-GCM File Encryptor",
        "version": null,
        "algorithm": "AES-256-GCM",
        "mode": null,
        "layers": null,
        "keys": [{"kdf": "sha256", "memory": null, "passes": null, "lanes": null, "iterations": null,
            "text": "SHA-256, once and without a salt"}],
        "stanzas": [],
        "post_quantum": null,
        "armored": null,
        "armor_size": null,
        "opened_stanzas": null,
        "header_size": 12,
        "chunk_size": 1000,
        "chunks": 5,
        "plaintext_size": 5000,
        "sealed_size": 5092,
        "overhead": 92,
        "declared_size": null,
        "length_protection": "not protected: a cut between two chunks is not noticed",
        "end": "none",
        "authenticated": "nothing of the header",
        "header": [
            {"offset": 0, "size": 8, "hex": "488593f776e880ef", "field": "nonce",
             "meaning": "first 8 of 12 bytes; the chunk's number follows"},
            {"offset": 8, "size": 4, "hex": "000003e8", "field": "chunk size",
             "meaning": "1000 plaintext bytes a chunk"},
        ],
        "warnings": [FAST, NO_END],
        "verified": null,
        "reading": null,
        "possible": [],
        "fault": null,
    });
    assert_eq!(object(&line.succeeds()), expected);
}

/// The formats that a file may be, and whether that is likely.
#[track_caller]
fn possible(json: &Value) -> Vec<(&str, bool)> {
    let list = json["possible"].as_array().expect("a list");
    let each = |it: &'_ Value| it["likely"].as_bool().expect("true or false");
    list.iter()
        .map(|it| (it["format"].as_str().expect("a name"), each(it)))
        .collect()
}

#[test]
fn without_a_secret_the_possible_formats_are_weighed() {
    for (file, expected) in [
        (
            "gocrypt_100000_l5.enc",
            &[
                ("gocrypt", true),
                ("gocrypt-v1", true),
                ("parallel-encryptor", false),
            ][..],
        ),
        (
            "parenc_5000_c1000.enc",
            &[
                ("gocrypt", true),
                ("gocrypt-v1", true),
                ("parallel-encryptor", true),
            ],
        ),
        (
            "gocrypt_0_l1.enc",
            &[("gocrypt", true), ("parallel-encryptor", false)],
        ),
    ] {
        let path = vector(file);
        let from_file = inspect(&["--json"]).arg(&path).run().succeeds();
        let bytes = std::fs::read(&path).expect("it is there");
        let from_pipe = inspect(&["--json"]).input(bytes).run().succeeds();
        let mut json = object(&from_file);
        assert_eq!(possible(&json), expected, "{file}");
        assert_eq!(json["format"], Value::Null);
        assert_eq!(json["fault"], Value::Null);
        let mut piped = object(&from_pipe);
        assert_eq!(json["path"].take(), json!(path.to_str()));
        assert_eq!(piped["path"].take(), "-");
        assert_eq!(json, piped, "{file}: a file and a pipe make a difference");
    }
}

#[test]
fn what_speaks_for_a_format_is_said() {
    let path = vector("parenc_5000_c1000.enc");
    let table = inspect(&[]).arg(&path).run().succeeds();
    let table = String::from_utf8(table).expect("text");
    let entropy = "+ 7.6 bits of entropy a byte in the first 512, where random ones have 7.6";
    let expected = format!(
        "{}
  format     uncertain: there is no magic number; --verify with a secret identifies it
  possible   GoCrypt (--format gocrypt)
             + the first byte, 72, can be a number of layers
             + the length fits 988 bytes of plaintext in so many layers
             {entropy}
  possible   GoCrypt 1.0 (--format gocrypt-v1)
             + the length fits 5036 bytes of plaintext, as nearly every length fits some
             {entropy}
  possible   AES-GCM File Encryptor (--format parallel-encryptor)
             + bytes 8 to 11 give a chunk size of 1000 bytes
             + the length of 5092 bytes fits that
             {entropy}
",
        path.display()
    );
    assert_eq!(table, expected);
}

#[test]
fn verifying_finds_out_the_format_by_the_secret() {
    for (file, format, len, reading) in [
        ("gocrypt_100000_l5.enc", "gocrypt", 100_000, "5 layers"),
        ("gocrypt_1000_l200.enc", "gocrypt", 1000, "200 layers"),
        (
            "parenc_5000_c1000.enc",
            "parallel-encryptor",
            5000,
            "no associated data",
        ),
    ] {
        let path = vector(file);
        let bytes = std::fs::read(&path).expect("it is there");
        let verify = || inspect(&["--json", "--verify", P]);
        for ended in [verify().arg(&path).run(), verify().input(bytes).run()] {
            let json = object(&ended.succeeds());
            assert_eq!(json["format"], format, "{file}");
            assert_eq!(json["plaintext_size"], len, "{file}");
            assert_eq!(json["verified"], true, "{file}");
            assert_eq!(json["reading"], reading, "{file}");
            assert_eq!(json["fault"], Value::Null, "{file}");
        }
    }
}

#[test]
fn verifying_with_a_wrong_secret_is_a_fault() {
    let path = vector("gocrypt_40000_l2.enc");
    let verify = |args: &[&str]| {
        let wrong = inspect(&["--json", "--verify", "-p=env:TEST_KEY"]);
        wrong.args(args).arg(&path).run()
    };
    let json = object(&verify(&[]).fails_after_output(4, ""));
    assert_eq!(json["fault"]["status"], 4);
    assert_eq!(json["format"], Value::Null);
    assert_eq!(
        json["fault"]["message"],
        "not a sealed file of a known format, or the wrong passphrase"
    );
    let json = object(&verify(&["-f", "gocrypt"]).fails_after_output(3, ""));
    assert_eq!(json["fault"]["status"], 3);
    assert_eq!(json["format"], "gocrypt");
    assert_eq!(json["verified"], false);
    assert_eq!(
        json["fault"]["message"],
        "authentication failed: wrong passphrase, or the file was tampered with"
    );
}

/// The first fault in the order of the data, as opening reports it.
#[test]
fn verifying_a_cut_file_says_what_opening_it_says() {
    let file = std::fs::read(vector("gocrypt_100000_l5.enc")).expect("it is there");
    for len in [40, 41, 42, 58, 114, 3000, 41 + 32_784, 41 + 32_785, 40_000] {
        let opened = weak::open(&["-q", "-f", "gocrypt"])
            .input(&file[..len])
            .run();
        let inspected = inspect(&["--verify", "-f", "gocrypt", P]).input(&file[..len]);
        let inspected = inspected.run();
        assert_eq!(inspected.stderr(), opened.stderr(), "cut to {len}");
        assert_eq!(inspected.code(), opened.code(), "cut to {len}");
    }
}

/// A file of which any number of layers fits its first bytes, but none its text.
#[test]
fn what_is_no_sealed_file_is_unlikely_to_be_one_and_a_fault() {
    let dir = Dir::new();
    let text = "This is a text, and texts are not random at all. ".repeat(100);
    dir.write("text", text);
    let ended = inspect(&["--json", "text"]).within(&dir).run();
    let json = object(&ended.fails_after_output(4, ""));
    assert!(possible(&json).iter().all(|(_, likely)| !likely), "{json}");
    assert_eq!(json["fault"]["status"], 4);
    let message = json["fault"]["message"].as_str().expect("text");
    assert!(
        message.starts_with("not a sealed file of a known format"),
        "{message}"
    );
}

/// Faults of structure that can be seen without the secret, where the format is said.
#[test]
fn faults_of_what_is_said_to_be_of_a_format() {
    let layers = std::fs::read(vector("gocrypt_40000_l2.enc")).expect("it is there");
    let chunks = std::fs::read(vector("parenc_5000_c1000.enc")).expect("it is there");
    let mut none = layers.clone();
    none[0] = 0;
    let mut zero = chunks.clone();
    zero[8..12].fill(0);
    for (bytes, format, status) in [
        (&layers[..40], "gocrypt", 5),
        (&layers[..41 + 15], "gocrypt", 5),
        (&layers[..41 + 16], "gocrypt", 4),
        (&none[..], "gocrypt", 4),
        (&chunks[..11], "parallel-encryptor", 5),
        (&chunks[..12 + 1016 + 15], "parallel-encryptor", 5),
        (&chunks[..12 + 1016 + 16], "parallel-encryptor", 4),
        (&zero[..], "parallel-encryptor", 4),
    ] {
        let ended = inspect(&["--json", "-f", format]).input(bytes).run();
        let json = object(&ended.fails_after_output(status, ""));
        assert_eq!(json["fault"]["status"], status, "{format}, {}", bytes.len());
    }
    // The same where the length alone shows that a layer inside cannot be whole.
    let ended = inspect(&["--json", "-f", "gocrypt"])
        .input(&layers[..41 + 17])
        .run();
    let json = object(&ended.fails_after_output(5, ""));
    assert_eq!(json["fault"]["status"], 5);
}

#[test]
fn random_bytes_may_be_of_a_format_and_what_is_short_is_of_none() {
    let dir = Dir::new();
    dir.write("random", data(10_000));
    let json = object(&inspect(&["--json", "random"]).within(&dir).run().succeeds());
    assert!(possible(&json).contains(&("gocrypt-v1", true)), "{json}");
    // Version 1 has a header of 40 bytes, and no chunk of one byte.
    for (len, status) in [(39, 4), (40, 0), (41, 4)] {
        dir.write("empty", data(len));
        let ended = inspect(&["--json", "empty"]).within(&dir).run();
        let json = object(&ended.fails_after_output(status, ""));
        let may_be = possible(&json).contains(&("gocrypt-v1", true));
        assert_eq!(may_be, len == 40, "{json}");
    }
    for len in [1, 5, 11] {
        dir.write("short", data(len));
        let ended = inspect(&["--json", "short"]).within(&dir).run();
        let json = object(&ended.fails_after_output(4, ""));
        assert_eq!(possible(&json), [], "{json}");
        assert_eq!(json["fault"]["status"], 4);
    }
}
