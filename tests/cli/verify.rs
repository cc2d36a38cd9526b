//! `inspect --verify`: on a file, which is read twice, and on a pipe, which is not.

use crate::cli_common::{Dir, K, MIB, OTHER, VECTOR_KEY, data, fetool, sealed, vector};
use serde_json::{Value, json};

const READING: &str = "counter suffix, the size field is associated data";
const WRONG_KEY: &str = "authentication failed: wrong key, or the file was tampered with";

/// What is found in a file, and the same in a pipe. Only of a pipe that breaks off before the
/// end of its structure the length stays unknown.
#[track_caller]
fn verified(bytes: &[u8], key: &str, status: i32, whole: bool) -> Value {
    let dir = Dir::new();
    dir.write("in", bytes);
    let verify = || fetool(["inspect", "--json", "--verify", "-k", key]);
    let file = verify().arg("in").within(&dir).run();
    let file = file.fails_after_output(status, "");
    let pipe = verify().input(bytes).run().fails_after_output(status, "");
    let [mut file, mut pipe]: [Value; 2] =
        [file, pipe].map(|line| serde_json::from_slice(&line).expect("a line of JSON"));
    assert_eq!(
        (file["path"].take(), pipe["path"].take()),
        (json!("in"), json!("-"))
    );
    if pipe["sealed_size"].is_null() {
        let chunks = [&file, &pipe].map(|json| json["chunks"].as_u64().unwrap());
        assert!(!whole && chunks[0] == chunks[1], "{pipe}");
        for member in ["sealed_size", "overhead"] {
            pipe[member] = file[member].clone();
        }
    }
    assert_eq!(file, pipe);
    file
}

#[test]
fn a_good_file() {
    for (len, chunk) in [
        (0, "1"),
        (5000, "1000"),
        (5 * MIB, "1MiB"),
        (5 * MIB, "10MiB"),
    ] {
        let json = verified(&sealed(&data(len), chunk), K, 0, true);
        assert_eq!(json["verified"], true);
        assert_eq!(json["reading"], READING);
        assert_eq!(json["fault"], Value::Null);
        assert_eq!(json["plaintext_size"], len);
    }
}

#[test]
fn a_wrong_key() {
    for bytes in [sealed(&data(5000), "1000"), sealed(&data(5 * MIB), "1MiB")] {
        let json = verified(&bytes, OTHER, 3, true);
        assert_eq!(json["verified"], false);
        assert_eq!(json["reading"], Value::Null);
        assert_eq!(
            json["fault"],
            json!({"status": 3, "offset": 24, "message": WRONG_KEY})
        );
        // The structure is all there.
        assert_eq!(json["sealed_size"], bytes.len());
    }
}

#[test]
fn a_bad_chunk_hides_nothing_behind_it() {
    for (len, chunk, bad) in [(5000, 1000, 2), (9 * MIB, MIB, 1), (3 * MIB, 10_000, 5)] {
        let mut bytes = sealed(&data(len), &chunk.to_string());
        let offset = 24 + bad * (chunk + 20);
        bytes[offset + 4] ^= 1;
        let json = verified(&bytes, K, 3, true);
        let message = format!(
            "authentication failed in chunk {bad} (at offset {offset}): the file was tampered with"
        );
        assert_eq!(
            json["fault"],
            json!({"status": 3, "offset": offset, "message": message})
        );
        assert_eq!(json["verified"], false);
        assert_eq!(json["chunks"], len / chunk + 1);
        assert_eq!(json["plaintext_size"], len);
        assert_eq!(json["sealed_size"], bytes.len());
    }
}

#[test]
fn the_first_fault_counts() {
    let good = sealed(&data(5000), "1000");
    let frame = |i: usize| 24 + i * 1020;
    // Cut off, with all good before.
    let json = verified(&good[..frame(4)], K, 5, false);
    assert_eq!(
        (&json["verified"], &json["fault"]["offset"]),
        (&json!(false), &json!(frame(4)))
    );
    // Tampered with before that.
    let mut bytes = good[..frame(4)].to_vec();
    bytes[frame(1) + 4] ^= 1;
    let json = verified(&bytes, K, 3, false);
    assert_eq!(
        (&json["fault"]["offset"], &json["chunks"]),
        (&json!(frame(1)), &json!(4))
    );
    // Malformed before the tampering, which then is not reached.
    let mut bytes = good.clone();
    bytes[frame(1)..][..4].copy_from_slice(&1_u32.to_be_bytes());
    bytes[frame(2) + 4] ^= 1;
    let json = verified(&bytes, K, 4, false);
    assert_eq!(
        (&json["fault"]["offset"], &json["chunks"]),
        (&json!(frame(1)), &json!(1))
    );
}

#[test]
fn the_table_says_so() {
    let dir = Dir::new();
    dir.write("in", sealed(&data(5000), "1000"));
    let verify = |key: &str| {
        fetool(["inspect", "--verify", "-k", key, "in"])
            .within(&dir)
            .run()
    };
    let good = String::from_utf8(verify(K).succeeds()).unwrap();
    assert!(
        good.contains(&format!("\n  verified   yes ({READING})\n")),
        "{good}"
    );
    let bad = verify(OTHER).fails_after_output(3, &format!("fetool: in: {WRONG_KEY}\n"));
    let bad = String::from_utf8(bad).unwrap();
    assert!(bad.contains("\n  verified   no\n"), "{bad}");
    assert!(
        bad.contains(&format!("\n  fault      {WRONG_KEY}\n")),
        "{bad}"
    );
}

#[test]
fn vectors_verify() {
    for name in ["gfe_file_5000_c1000.gfe", "gfe_stream_200000_c65536.gfe"] {
        let ended = fetool(["inspect", "--json", "--verify", "-k", VECTOR_KEY])
            .arg(vector(name))
            .run();
        let json: Value = serde_json::from_slice(&ended.succeeds()).unwrap();
        assert_eq!(
            (&json["verified"], &json["reading"]),
            (&json!(true), &json!(READING))
        );
    }
}

#[test]
fn several_files_with_one_secret() {
    let dir = Dir::new();
    dir.write("a", sealed(b"a", "1"));
    dir.write("b", sealed(b"b", "1"));
    let ended = fetool([
        "inspect",
        "--json",
        "--verify",
        "-p=@-",
        "--salt",
        "env:TEST_KEY",
        "a",
        "b",
    ])
    .within(&dir)
    .input("passphrase\n")
    .run();
    let lines = ended.fails_after_output(3, "");
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2);
}

#[test]
fn verify_needs_a_secret() {
    fetool(["inspect", "--verify"]).run().fails(
        2,
        "fetool: a key is needed\n\
         fetool: hint: give one with -k @KEYFILE ('fetool keygen -o KEYFILE' makes one), \
         or a passphrase with -p\n",
    );
    let ended = fetool(["inspect", "--verify", "-k", "@/dev/null"])
        .input(sealed(b"a", "1"))
        .run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(1), ""));
    assert!(
        ended
            .stderr()
            .starts_with("fetool: /dev/null: not a GFE key: 0 bytes long")
    );
}

#[test]
fn checked_for_a_program() {
    let dir = Dir::new();
    dir.write("f", sealed(b"data of some chunks", "8"));
    let check = |args: &[&str]| {
        let check = fetool(["open", "--check", "--json", "-k", K]).args(args);
        check.within(&dir)
    };
    let line = |path: &str| {
        format!(
            "{{\"path\":\"{path}\",\"path_hex\":null,\"format\":\"gfe\",\"reading\":\"{READING}\",\
             \"chunks\":3,\"plaintext_size\":19,\"verified\":true,\"warnings\":[]}}\n"
        )
    };
    let said = String::from_utf8(check(&["f"]).run().succeeds()).unwrap();
    assert_eq!(said, line("f"));
    let piped = check(&[]).input(dir.read("f")).run().succeeds();
    assert_eq!(String::from_utf8(piped).unwrap(), line("-"));

    // What is wrong is said as without it.
    let mut bad = dir.read("f");
    *bad.last_mut().unwrap() ^= 1;
    let ended = check(&[]).input(bad).run();
    assert_eq!((ended.code(), &*ended.output.stdout), (Some(3), &b""[..]));
    fetool(["open", "--json", "-k", K, "f"])
        .within(&dir)
        .run()
        .fails(
            2,
            "fetool: --json requires --check, --salvage, -r or --files0-from\n",
        );
}
