//! Files that open under a key without proving anything, or less than they seem to.

use crate::cli_common::{Dir, K, KEY, OTHER, data, fetool, sealed};
use serde_json::{Value, json};
use std::fs::File;

const NOTHING: &str = "nothing in this file is authenticated, not even that it is empty: anyone can \
                       make one like it";

/// A header and nothing behind it, of every format in which that is a whole file.
fn headers() -> Vec<(&'static str, Vec<u8>)> {
    let gfe = [&b"GFE\x01"[..], &[7; 12], &[0; 8]].concat();
    let gocrypt = [&[1][..], &[7; 40]].concat();
    let parallel = |chunk: u32| [&[7; 8][..], &chunk.to_be_bytes()].concat();
    vec![
        ("gfe", gfe),
        ("gocrypt", gocrypt),
        ("gocrypt-v1", vec![7; 40]),
        ("parallel-encryptor", parallel(1000)),
        // Too long to be looked at before it is opened.
        ("parallel-encryptor", parallel(1 << 30)),
    ]
}

#[test]
fn a_header_alone_is_not_good() {
    for (format, header) in headers() {
        for key in [K, OTHER] {
            let run = |args: &[&str]| {
                let run = fetool(args).args(["-k", key, "-f", format]);
                run.input(header.clone()).run()
            };
            let warned = format!("fetool: stdin: warning: {NOTHING}\n");
            assert_eq!(run(&["open"]).succeeds_saying(&warned), b"", "{format}");
            let refused = format!("fetool: stdin: {NOTHING}\n");
            run(&["open", "--check"]).fails(3, &refused);
            run(&["open", "--strict"]).fails(3, &refused);
            run(&["open", "--strict", "--check", "-q"]).fails(3, &refused);
            run(&["inspect", "--verify"]).fails_after_output(3, &refused);
            let line = run(&["inspect", "--verify", "--json"]).fails_after_output(3, "");
            let report: Value = serde_json::from_slice(&line).expect("JSON");
            assert_eq!(report["verified"], false, "{format}");
            let fault = json!({"status": 3, "offset": null, "message": NOTHING});
            assert_eq!(report["fault"], fault, "{format}");
        }
    }
}

/// Dexios has no such file: its last block is always there.
#[test]
fn a_dexios_header_alone_is_truncated() {
    let sealed = fetool(["seal", "-k", K, "-f", "dexios", "--kdf", "balloon", "-q"]);
    let sealed = sealed.input("").run().succeeds();
    let ended = fetool(["open", "--check", "-k", K])
        .input(&sealed[..416])
        .run();
    assert_eq!(ended.code(), Some(5), "{}", ended.stderr());
}

/// Sealed again it would be authentic.
#[test]
fn a_header_alone_is_not_sealed_again() {
    let (_, header) = headers().swap_remove(0);
    let dir = Dir::new();
    dir.write("f", &header);
    let ended = fetool(["rekey", "--reseal", "-k", K, "--new-key", OTHER, "-i", "f"]);
    ended
        .within(&dir)
        .run()
        .fails(3, &format!("fetool: f: {NOTHING}\n"));
    assert_eq!(dir.read("f"), header);
}

/// A file that fetool has sealed, without its first chunk, and with a base nonce that is one more.
fn beheaded(text: &[u8]) -> Vec<u8> {
    let dir = Dir::new();
    dir.write("in", text);
    let seal = fetool(["seal", "-k", K, "--chunk-size=100", "in"]);
    let mut file = seal.within(&dir).run().succeeds();
    file.drain(24..24 + 120);
    file[15] = 1;
    file
}

#[test]
fn a_file_that_starts_in_the_middle_lets_nothing_out() {
    let text = data(550);
    let file = beheaded(&text);
    let dir = Dir::new();
    dir.write("short", &file);
    // As long as it was: what is behind the good chunks is found to be bad only there.
    let mut filled = file.clone();
    filled.extend_from_slice(&file[24..24 + 120]);
    dir.write("filled", &filled);
    let said = |name: &str, why: &str| {
        format!(
            "fetool: {name}: additive nonce: {why}, so chunks may be missing at the beginning\n\
             fetool: hint: if you trust the source of this file, add --gfe-nonce additive\n"
        )
    };
    let unknown = "the length of the input is not known";
    let other = "the length of the input is not what the header declares";
    for args in [&[][..], &["--strict"], &["--check"], &["-f", "gfe"]] {
        let open = || fetool(["open", "-k", K]).args(args).within(&dir);
        open().input(&*file).run().fails(4, &said("stdin", unknown));
        open()
            .input(&*filled)
            .run()
            .fails(4, &said("stdin", unknown));
        open().arg("short").run().fails(4, &said("short", other));
        let short = File::open(dir.path("short")).expect("it is there");
        open().stdin(short).run().fails(4, &said("stdin", other));
        // Nothing of it, also where it was good up to there.
        let ended = open().arg("filled").run();
        let bad = ended.stderr();
        ended.fails(if bad.contains("additive") { 4 } else { 3 }, &bad);
    }
    fetool(["inspect", "--verify", "-k", K])
        .input(&*file)
        .run()
        .fails(4, &said("stdin", unknown));
    // Whoever asks for it gets what is there.
    for args in [&[][..], &["-f", "gfe"]] {
        let open = fetool(["open", "-k", K, "--gfe-nonce=additive"]).args(args);
        let opened = open.input(&*file).run();
        assert_eq!(opened.code(), Some(5), "{}", opened.stderr());
        let out = opened.fails_after_output(
            5,
            "fetool: stdin: unexpected EOF: 100 of 550 plaintext bytes are missing (at offset 574)\n",
        );
        assert!(out == text[100..]);
    }
}

#[test]
fn the_option_changes_nothing_for_other_files() {
    let text = data(550);
    for file in [sealed(&text, "100"), {
        let seal = fetool(["seal", "-q", "-f", "parallel-encryptor", "-k", K]);
        seal.input(&*text).run().succeeds()
    }] {
        let open = fetool(["open", "-q", "-k", K, "--gfe-nonce=additive"]);
        assert!(open.input(file).run().succeeds() == text);
    }
}

/// GoCrypt with two layers: the tags can be made by anyone, so that they verify nothing.
#[test]
fn forgeable_files_are_not_verified() {
    for layers in ["1", "2", "3"] {
        let seal = fetool(["seal", "-q", "-f", "gocrypt", "--layers", layers, "-k", K]);
        let file = seal.input(data(40_000)).run().succeeds();
        let verify = fetool(["inspect", "--json", "--verify", "-k", K, "-f", "gocrypt"]);
        let ended = verify.input(file).run();
        let line = match layers {
            "3" => ended.succeeds(),
            _ => ended.fails_after_output(3, ""),
        };
        let report: Value = serde_json::from_slice(&line).expect("JSON");
        assert_eq!(report["verified"], layers == "3");
        if layers != "3" {
            let message = report["fault"]["message"].as_str().expect("text");
            let begin = format!("not verified: with {layers} layer");
            assert!(message.starts_with(&begin), "{message}");
        }
    }
}

#[test]
fn short_keys_are_warned_of() {
    let dir = Dir::new();
    dir.write("in", "text");
    for (key, said) in [
        (&b"x"[..], Some("1 byte")),
        (b"123456789012345", Some("15 bytes")),
        (b"1234567890123456", None),
    ] {
        dir.write("key", key);
        let warning = said.map_or(String::new(), |len| {
            format!(
                "fetool: key: warning: the key has only {len} and can be guessed; 'fetool keygen' \
                 makes one of 32 bytes\n"
            )
        });
        let seal = |args: &[&str]| {
            let seal = fetool(["seal", "-k", "@key", "-f", "dexios", "--kdf", "balloon"]);
            seal.args(args).arg("in").within(&dir).run()
        };
        let said = seal(&[]).stderr();
        assert!(said.starts_with(&warning), "{said}");
        assert_eq!(said.contains("guessed"), !warning.is_empty(), "{said}");
        seal(&["-q"]).succeeds();
    }
    assert_eq!(KEY.len(), 32);
}

#[test]
fn balloon_is_warned_of() {
    const BALLOON: &str = "warning: balloon hashes the secret over 9 MiB in one pass, which is below \
                           today's recommendations; argon2id takes 256 MiB\n";
    let dir = Dir::new();
    dir.write("in", "text");
    let seal = fetool([
        "seal",
        "-k",
        K,
        "-f",
        "dexios",
        "--kdf=balloon",
        "in",
        "-o",
        "f",
    ]);
    let seal = seal.within(&dir).run();
    seal.succeeds_saying(&format!("fetool: in: {BALLOON}"));
    let rekey = fetool([
        "rekey",
        "-k",
        K,
        "--new-key",
        OTHER,
        "--new-kdf=balloon",
        "-i",
        "f",
    ]);
    let rekey = rekey.within(&dir).run();
    let said = rekey.stderr();
    assert!(said.ends_with(BALLOON), "{said}");
    rekey.succeeds_saying(&said);
}
