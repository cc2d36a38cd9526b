//! `inspect` without a key.

use crate::cli_common::{Dir, Fetool, K, MIB, data, fetool, sealed, vector};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn inspect() -> Fetool {
    fetool(["inspect", "--json"])
}

#[track_caller]
fn object(line: &[u8]) -> Value {
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(line).expect("a line of JSON")
}

/// The members that a file's bytes decide; a file and a pipe have the same.
#[track_caller]
fn inspected(bytes: &[u8], status: i32) -> Value {
    let dir = Dir::new();
    dir.write("in", bytes);
    let from_file = inspect().arg("in").within(&dir).run();
    let from_pipe = inspect().input(bytes).run();
    let mut file = object(&from_file.fails_after_output(status, ""));
    let mut pipe = object(&from_pipe.fails_after_output(status, ""));
    assert_eq!(file["path"].take(), "in");
    assert_eq!(pipe["path"].take(), "-");
    if file["fault"].is_null() {
        assert_eq!(file, pipe);
    }
    assert_eq!(file["fault"], pipe["fault"]);
    assert_eq!(file["chunks"], pipe["chunks"]);
    file
}

const CLAIM: &str = "declared in the header, and associated data of every chunk (go-fileencrypt \
                     and fetool write it so; opening tells)";

const AUTHENTICATED: &str = "the size field (bytes 16-23), as associated data; the base nonce \
                             (bytes 4-11), by its use";

#[test]
fn all_members_of_a_known_file() {
    let path = vector("gfe_file_17_c16.gfe");
    let line = inspect().arg(&path).run().succeeds();
    let expected = json!({
        "path": path.to_str(),
        "path_hex": null,
        "format": "gfe",
        "title": "GFE (go-fileencrypt)",
        "version": 1,
        "algorithm": "AES-256-GCM",
        "mode": null,
        "layers": null,
        "keys": [],
        "stanzas": [],
        "post_quantum": null,
        "armored": null,
        "armor_size": null,
        "opened_stanzas": null,
        "header_size": 24,
        "chunk_size": 16,
        "chunks": 2,
        "plaintext_size": 17,
        "sealed_size": 81,
        "overhead": 64,
        "declared_size": 17,
        "length_protection": CLAIM,
        "end": "declared-size",
        "authenticated": AUTHENTICATED,
        "header": [
            {"offset": 0, "size": 3, "hex": "474645", "field": "magic", "meaning": "\"GFE\""},
            {"offset": 3, "size": 1, "hex": "01", "field": "version", "meaning": "1"},
            {"offset": 4, "size": 8, "hex": "37b9b4011c2254d7", "field": "base nonce",
             "meaning": "random, the same for every chunk"},
            {"offset": 12, "size": 4, "hex": "563b3d39", "field": "base nonce, counter part",
             "meaning": "replaced by the chunk's number, or added to it"},
            {"offset": 16, "size": 8, "hex": "0000000000000011", "field": "plaintext size",
             "meaning": "17 bytes"},
        ],
        "warnings": [],
        "verified": null,
        "reading": null,
        "possible": [],
        "fault": null,
    });
    assert_eq!(object(&line), expected);
}

#[test]
fn the_members_of_a_stream_of_the_go_program() {
    let line = inspect()
        .arg(vector("gfe_stream_5000_c1000.gfe"))
        .run()
        .succeeds();
    let json = object(&line);
    assert_eq!(json["declared_size"], Value::Null);
    assert_eq!(json["chunk_size"], 1000);
    assert_eq!(json["chunks"], 5);
    assert_eq!(json["plaintext_size"], 5000);
    assert_eq!(json["sealed_size"], 5124);
    assert_eq!(json["end"], "none");
    assert_eq!(json["length_protection"], "not protected");
    let warning = "the length is not authenticated: a cut between two chunks cannot be noticed";
    assert_eq!(json["warnings"], json!([warning]));
    assert_eq!(json["header"][4]["meaning"], "0: unknown");
    assert_eq!(json["fault"], Value::Null);
}

#[test]
fn the_members_of_a_stream_of_our_own() {
    let json = inspected(&sealed(&data(5000), "1000"), 0);
    assert_eq!(json["declared_size"], Value::Null);
    assert_eq!(json["chunk_size"], 1000);
    assert_eq!(json["chunks"], 6);
    assert_eq!(json["plaintext_size"], 5000);
    assert_eq!(json["sealed_size"], 24 + 5000 + 6 * 20);
    assert_eq!(json["end"], "short-chunk");
    assert_eq!(json["warnings"], json!([]));
    assert_eq!(json["header"][3]["hex"], "00000000");
    assert_eq!(json["header"][4]["hex"], "80000000000003e8");
}

#[test]
fn the_sizes_add_up() {
    for (len, chunk) in [
        (0, "1000"),
        (1, "1000"),
        (5000, "1000"),
        (5001, "7"),
        (3 * MIB, "1MiB"),
    ] {
        let bytes = sealed(&data(len), chunk);
        let json = inspected(&bytes, 0);
        let number = |member: &str| json[member].as_u64().unwrap();
        assert_eq!(number("plaintext_size"), len as u64);
        assert_eq!(number("sealed_size"), bytes.len() as u64);
        let per_chunk = 4 + 16;
        let overhead = number("header_size") + per_chunk * number("chunks");
        assert_eq!(number("overhead"), overhead);
        assert_eq!(number("sealed_size"), len as u64 + overhead);
        let fields = json["header"].as_array().unwrap();
        let sizes: u64 = fields
            .iter()
            .map(|field| field["size"].as_u64().unwrap())
            .sum();
        assert_eq!(sizes, number("header_size"));
        let hex: String = fields
            .iter()
            .map(|field| field["hex"].as_str().unwrap())
            .collect();
        assert_eq!(hex, crate::cli_common::hex(&bytes[..24]));
    }
}

#[test]
fn faults_have_an_offset_and_a_status() {
    let good = sealed(&data(5000), "1000");
    let frame = |i: usize| 24 + i * 1020;
    let mut malformed = good.clone();
    malformed[frame(2)..][..4].copy_from_slice(&3_u32.to_be_bytes());
    let longer = [&good[..], b"x"].concat();
    let within = frame(3) + 500;
    for (bytes, status, offset, chunks, message) in [
        (
            malformed,
            4,
            frame(2),
            2,
            "invalid chunk size 3: shorter than its tag",
        ),
        (longer, 4, good.len(), 6, "data after the last chunk"),
        (
            good[..frame(3)].to_vec(),
            5,
            frame(3),
            3,
            "unexpected EOF: the stream's last chunk is missing",
        ),
        (
            good[..frame(3) + 1].to_vec(),
            5,
            frame(3) + 1,
            3,
            "unexpected EOF: the input ends inside a chunk's length field",
        ),
    ] {
        let json = inspected(&bytes, status);
        let message = format!("{message} (at offset {offset})");
        assert_eq!(
            json["fault"],
            json!({"status": status, "offset": offset, "message": message})
        );
        assert_eq!(json["chunks"], chunks);
        assert_eq!(json["format"], "gfe");
        assert_eq!(json["plaintext_size"], (chunks * 1000).min(5000));
        assert_eq!(json["sealed_size"], bytes.len());
    }
    let json = inspected(&good[..within], 5);
    assert_eq!(
        (&json["fault"]["status"], &json["fault"]["offset"]),
        (&json!(5), &json!(within))
    );
}

#[test]
fn what_is_not_known_has_a_fault_and_nothing_else() {
    for (bytes, status, message) in [
        (&b"garbage"[..], 4, "not a sealed file of a known format"),
        (
            b"GFE\x02",
            4,
            "unsupported version 2 of GFE: only version 1 is known",
        ),
    ] {
        let json = inspected(bytes, status);
        assert_eq!(json["fault"]["status"], status);
        assert_eq!(json["fault"]["message"], message);
        assert_eq!(
            (&json["format"], &json["header"]),
            (&Value::Null, &json!([]))
        );
    }
    let json = inspected(&sealed(b"", "1")[..10], 5);
    assert_eq!(json["fault"]["status"], 5);
    let json = object(&inspect().arg("nosuch").run().fails_after_output(1, ""));
    let fault = json!({"status": 1, "offset": null, "message": "no such file or directory"});
    assert_eq!((&json["path"], &json["fault"]), (&json!("nosuch"), &fault));
}

#[test]
fn a_table_for_people() {
    let table = fetool(["inspect", "gfe_file_17_c16.gfe"]);
    let dir = Dir::new();
    dir.write(
        "gfe_file_17_c16.gfe",
        std::fs::read(vector("gfe_file_17_c16.gfe")).unwrap(),
    );
    let text = String::from_utf8(table.within(&dir).run().succeeds()).unwrap();
    assert_eq!(
        text,
        format!(
            "gfe_file_17_c16.gfe
  format     GFE (go-fileencrypt), version 1
  algorithm  AES-256-GCM
  chunks     2, the first of 16 bytes
  plaintext  17 bytes
  sealed     81 bytes
  overhead   64 bytes
  length     {CLAIM}
  end        after as many bytes as the header declares
  protected  {AUTHENTICATED}
  verified   not requested: this is what the file claims
  header
    offset  size  field                     hex                       meaning
         0     3  magic                     474645                    \"GFE\"
         3     1  version                   01                        1
         4     8  base nonce                37b9b4011c2254d7          random, the same for every chunk
        12     4  base nonce, counter part  563b3d39                  replaced by the chunk's number, or added to it
        16     8  plaintext size            0000000000000011          17 bytes
"
        )
    );
}

#[test]
fn a_table_with_a_fault() {
    let dir = Dir::new();
    dir.write("cut", &sealed(&data(5000), "1000")[..24]);
    let message = "unexpected EOF: the stream's last chunk is missing (at offset 24)";
    let text = fetool(["inspect", "cut"])
        .within(&dir)
        .run()
        .fails_after_output(5, &format!("fetool: cut: {message}\n"));
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("cut\n  format     GFE"), "{text}");
    assert!(
        text.contains(&format!("\n  fault      {message}\n")),
        "{text}"
    );
    fetool(["inspect", "-"]).input("garbage").run().fails(
        4,
        "fetool: stdin: not a sealed file of a known format\n\
         fetool: not gfe, dexios, age: it does not begin with the magic number\n\
         fetool: not gocrypt: it is shorter than the header of 41 bytes\n\
         fetool: not gocrypt-v1: it is shorter than the header of 40 bytes\n\
         fetool: not parallel-encryptor: it is shorter than the header of 12 bytes\n\
         fetool: hint: give the format with --format if you know it\n",
    );
}

#[test]
fn several_files_and_the_worst_of_them() {
    let dir = Dir::new();
    let good = sealed(&data(5000), "1000");
    dir.write("good", &good);
    dir.write("cut", &good[..1000]);
    dir.write("garbage", "garbage");
    for (paths, status) in [
        (&["good", "good"][..], 0),
        (&["good", "nosuch"], 1),
        (&["nosuch", "garbage", "good"], 4),
        (&["cut", "good", "garbage", "nosuch"], 5),
    ] {
        let lines = inspect()
            .args(paths)
            .within(&dir)
            .run()
            .fails_after_output(status, "");
        let lines = String::from_utf8(lines).unwrap();
        let found: Vec<_> = lines
            .lines()
            .map(|line| object(format!("{line}\n").as_bytes()))
            .collect();
        let found: Vec<_> = found
            .iter()
            .map(|json| json["path"].as_str().unwrap())
            .collect();
        assert_eq!(found, paths);
    }
    let ended = fetool(["inspect", "cut", "nosuch", "good"])
        .within(&dir)
        .run();
    let stderr = ended.stderr();
    let lines: Vec<_> = stderr.lines().collect();
    assert!(
        lines[0].starts_with("fetool: cut: unexpected EOF: "),
        "{stderr}"
    );
    assert_eq!(lines[1..], ["fetool: nosuch: no such file or directory"]);
    let text = String::from_utf8(ended.fails_after_output(5, &stderr)).unwrap();
    assert!(
        text.starts_with("cut\n") && text.contains("\n\ngood\n"),
        "{text}"
    );
    let both = inspect().args(["good", "-"]).within(&dir).input(good).run();
    assert_eq!(both.stdout().lines().count(), 2);
    fetool(["inspect", "-", "-"])
        .run()
        .fails(2, "fetool: standard input can be inspected only once\n");
}

#[test]
fn the_format_may_be_said() {
    let ended = inspect().args(["-f", "gfe"]).input("garbage").run();
    let json = object(&ended.fails_after_output(4, ""));
    assert_eq!(json["fault"]["status"], 4);
    let good = inspect()
        .args(["--format", "gfe"])
        .input(sealed(b"data", "3"))
        .run();
    assert_eq!(object(&good.succeeds())["chunks"], 2);
}

#[test]
fn a_key_without_verify_is_refused() {
    let message = "fetool: inspect needs no key\n\
                   fetool: hint: to authenticate every chunk, add --verify\n";
    for secret in [&["-k", K][..], &["-p"], &["-p=env:TEST_KEY"]] {
        fetool(["inspect"]).args(secret).run().fails(2, message);
    }
}

/// A path that is no text is told by its bytes, as trees do.
#[test]
fn the_bytes_of_a_path_that_is_not_utf_8() {
    let dir = Dir::new();
    let name = OsStr::from_bytes(b"\xff\xfe.gfe");
    dir.write(name, sealed(b"text", "3"));
    let inspect = fetool(["inspect", "--json"]).arg(name).within(&dir).run();
    let json: Value = serde_json::from_slice(&inspect.succeeds()).expect("JSON");
    assert_eq!(json["path"], "\u{fffd}\u{fffd}.gfe");
    assert_eq!(json["path_hex"], "fffe2e676665");
}

/// Each key slot of Dexios, as data.
#[test]
fn the_keys_of_a_dexios_file() {
    let path = vector("dexios_v5_two_keys.dx");
    let json = |path: &Path| -> Value {
        let line = fetool(["inspect", "--json"]).arg(path).run().succeeds();
        serde_json::from_slice(&line).expect("JSON")
    };
    let balloon = json!({
        "kdf": "balloon", "memory": 278_528 * 32, "passes": 1, "lanes": 1, "iterations": null,
        "text": "BLAKE3-Balloon, space 278528, 1 pass, 1 lane: about 9 MiB in fact",
    });
    assert_eq!(json(&path)["keys"], json!([balloon, balloon]));
    let argon2id = json!({
        "kdf": "argon2id", "memory": 256 << 20, "passes": 10, "lanes": 4, "iterations": null,
        "text": "Argon2id, 256 MiB, 10 passes, 4 lanes",
    });
    let path = vector("dexios_v5_aes256gcm_argon2id_0.dx");
    assert_eq!(json(&path)["keys"], json!([argon2id]));
    // A slot that nobody can open.
    let mut bytes = std::fs::read(&path).expect("it is there");
    bytes[33] = 0xFF;
    let dir = Dir::new();
    let path = dir.write("f", bytes);
    let unknown = json!({
        "kdf": null, "memory": null, "passes": null, "lanes": null, "iterations": null,
        "text": "unknown hash 0xff: no secret opens this slot",
    });
    assert_eq!(json(&path)["keys"], json!([unknown]));
}

/// Chunks of one byte in a file of a terabyte, most of which is not there: nobody walks over them.
#[test]
fn uniform_chunks_of_a_sparse_file_are_counted() {
    const CHUNKS: u64 = 1 << 32;
    let dir = Dir::new();
    let file = File::create(dir.path("f")).expect("a file");
    (&file)
        .write_all(&[7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 1])
        .expect("written");
    let inspect = |len: u64| -> (Value, Option<i32>) {
        // Some file systems have no such files.
        file.set_len(len).expect("a sparse file");
        let inspect = fetool(["inspect", "--json", "-f", "parallel-encryptor", "f"]);
        let ended = inspect.within(&dir).run();
        let json = serde_json::from_str(&ended.stdout()).expect("JSON");
        (json, ended.code())
    };
    let (json, status) = inspect(12 + 17 * CHUNKS);
    assert_eq!((json["chunks"].as_u64(), status), (Some(CHUNKS), Some(0)));
    assert_eq!(json["plaintext_size"], CHUNKS);
    assert_eq!(json["fault"], Value::Null);
    // One more than can be numbered, and a whole terabyte.
    for len in [12 + 17 * CHUNKS + 1, 1 << 40] {
        let (json, status) = inspect(len);
        assert_eq!((json["chunks"].as_u64(), status), (Some(CHUNKS), Some(4)));
        assert_eq!(json["fault"]["offset"], 12 + 17 * CHUNKS);
    }
    // An end inside a tag.
    let (json, status) = inspect(12 + 17 * 1000 + 5);
    assert_eq!((json["chunks"].as_u64(), status), (Some(1000), Some(5)));
    assert_eq!(json["fault"]["offset"], 12 + 17 * 1000 + 5);
    let (json, status) = inspect(12 + 17 * 1000 + 16);
    assert_eq!((json["chunks"].as_u64(), status), (Some(1000), Some(4)));
}

#[test]
fn progress_of_inspecting_goes_to_standard_error() {
    let dir = Dir::new();
    dir.write("f", sealed(&data(300_000), "1"));
    let quiet = fetool(["inspect", "f"]).within(&dir).run().succeeds();
    let inspect = fetool(["inspect", "--progress=always", "f"])
        .within(&dir)
        .run();
    assert_eq!(inspect.stdout().as_bytes(), quiet);
    assert_eq!(inspect.code(), Some(0));
}

/// A terminal's lines end before its last column, and a word is never lost.
#[test]
fn a_terminal_gets_a_table_of_its_width() {
    let path = vector("gfe_file_17_c16.gfe");
    let plain = fetool(["inspect"]).arg(&path).run().succeeds();
    let plain = String::from_utf8(plain).unwrap();
    let (ended, seen) = fetool(["inspect"]).arg(&path).on_terminal().end();
    ended.succeeds();
    let widest = seen
        .lines()
        .skip(1)
        .map(|line| line.trim_end().chars().count());
    assert!(widest.max().unwrap() < 80, "{seen}");
    assert!(
        plain.lines().any(|line| line.chars().count() > 80),
        "{plain}"
    );
    let words = |text: &str| {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    assert_eq!(words(&seen), words(&plain));
}

#[test]
fn quiet_prints_faults_only() {
    let dir = Dir::new();
    let whole = sealed(&data(100), "64KiB");
    dir.write("good", &whole);
    dir.write("cut", &whole[..50]);
    let run = |args: &[&str]| fetool(["inspect", "-q"]).args(args).within(&dir).run();
    assert_eq!(run(&["good", "good"]).succeeds(), b"");
    let ended = run(&["good", "cut"]);
    assert!(
        ended.stderr().starts_with("fetool: cut: "),
        "{}",
        ended.stderr()
    );
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(5), ""));
}
