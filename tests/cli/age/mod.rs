//! Files for recipients, from their keys to changed stanzas.

mod refusals;
mod rekey;

use crate::cli_common::{Dir, data, fetool, vector};
use serde_json::Value;
use std::fs::{self, OpenOptions};

fn key(name: &str) -> Vec<u8> {
    fs::read(vector(&format!("age/{name}"))).unwrap()
}

/// The recipient in a key file's comment.
fn recipient(name: &str) -> String {
    let text = String::from_utf8(key(name)).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}

/// A directory with two identities (`me`, `you`), a post-quantum one (`pq`) and plaintext (`plain`).
fn dir() -> Dir {
    let dir = Dir::new();
    for (name, file) in [
        ("me", "x25519.key"),
        ("you", "x25519b.key"),
        ("pq", "hybrid.key"),
    ] {
        dir.write(name, key(file));
    }
    dir.write("plain", PLAIN);
    dir
}

const PLAIN: &str = "For your eyes only\n";
const NOT_MINE: &str = "the identity matches none of the file's recipients\n\
                        fetool: hint: 'fetool inspect' lists the stanzas that the file has for its \
                        recipients\n";

/// Runs a line, in which `ME`, `YOU` and `PQ` stand for recipients.
fn run(dir: &Dir, line: &str) -> crate::cli_common::Ended {
    let words = line.split(' ').map(|word| match word {
        "ME" => recipient("x25519.key"),
        "YOU" => recipient("x25519b.key"),
        "PQ" => recipient("hybrid.key"),
        word => word.to_owned(),
    });
    fetool(words).within(dir).run()
}

#[track_caller]
fn opens(dir: &Dir, keys: &str, name: &str) {
    let plain = run(dir, &format!("open {keys} {name}")).succeeds();
    assert_eq!(plain, PLAIN.as_bytes(), "{keys} {name}");
}

#[test]
fn keygen_writes_the_three_lines_of_age_keygen() {
    let dir = dir();
    for (option, public, secret, len) in [
        ("", "age1", "AGE-SECRET-KEY-1", 74),
        ("--pq ", "age1pq1", "AGE-SECRET-KEY-PQ-1", 77),
    ] {
        let said = run(&dir, &format!("keygen --age {option}-o new")).stderr();
        let text = String::from_utf8(dir.read("new")).unwrap();
        let lines: Vec<&str> = text.split('\n').collect();
        let [created, recipient, identity, ""] = lines[..] else {
            panic!("{text}");
        };
        assert!(created.starts_with("# created: 20") && created.ends_with('Z'));
        let recipient = recipient.strip_prefix("# public key: ").unwrap();
        assert!(recipient.starts_with(public));
        assert_eq!(said, format!("Public key: {recipient}\n"));
        assert!(identity.starts_with(secret) && identity.len() == len);
        assert_eq!(dir.mode("new"), 0o600);
        run(&dir, &format!("seal --to {recipient} plain -o plain.age")).succeeds();
        opens(&dir, "-k @new", "plain.age");
        run(&dir, "keygen --age -o new").fails(
            1,
            "fetool: new: file exists, and a key is never overwritten\n",
        );
        for name in ["new", "plain.age"] {
            fs::remove_file(dir.path(name)).unwrap();
        }
    }
    let refused = run(&dir, "keygen --pq");
    assert_eq!(refused.code(), Some(2));
}

#[test]
fn every_recipient_opens_and_nobody_else() {
    let dir = dir();
    dir.write(
        "team",
        format!(
            "# all of us\n\n{}\r\n{}\n",
            recipient("x25519.key"),
            recipient("x25519b.key")
        ),
    );
    for line in [
        "--to ME --to YOU",
        "--to @team",
        "--to @me --to @you",
        "-k @me -k @you",
        "-f age -k @me --to YOU",
    ] {
        run(&dir, &format!("seal {line} plain -o plain.age --force")).succeeds();
        opens(&dir, "-k @me", "plain.age");
        opens(&dir, "-k @you", "plain.age");
        opens(&dir, "-k @pq -k @you", "plain.age");
        run(&dir, "open -k @pq plain.age").fails(3, &format!("fetool: plain.age: {NOT_MINE}"));
    }
    run(&dir, "seal --to PQ plain -o plain.age --force").succeeds();
    opens(&dir, "-k @pq", "plain.age");
    run(&dir, "open -k @me -k @you plain.age").fails(
        3,
        "fetool: plain.age: none of the 2 identities matches any of the file's recipients\n\
         fetool: hint: 'fetool inspect' lists the stanzas that the file has for its recipients\n",
    );
}

#[test]
fn a_recipient_that_is_named_twice_gets_one_stanza() {
    let dir = dir();
    let start = &recipient("x25519.key")[..24];
    run(&dir, "seal --to ME --to @me plain -o plain.age").succeeds_saying(&format!(
        "fetool: note: {start}… is named twice, and gets one stanza\n"
    ));
    let listed = run(&dir, "rekey --list plain.age").succeeds();
    assert_eq!(
        String::from_utf8(listed).unwrap(),
        "0  X25519: for an age1… recipient, which the stanza does not identify\n"
    );
}

#[test]
fn armor_is_text_and_opens_as_binary_does() {
    let dir = dir();
    run(&dir, "seal -a --to ME plain -o plain.asc").succeeds();
    let text = String::from_utf8(dir.read("plain.asc")).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3Yx"));
    assert!(text.ends_with("\n-----END AGE ENCRYPTED FILE-----\n"));
    opens(&dir, "-k @me", "plain.asc");
    dir.write("crlf", text.replace('\n', "\r\n"));
    opens(&dir, "-k @me", "crlf");
    let line = text.lines().nth(2).unwrap();
    dir.write(
        "cut",
        text.replace(&format!("{line}\n"), &format!("{}\n", &line[1..])),
    );
    run(&dir, "open -k @me cut").fails(
        4,
        "fetool: cut: invalid armor: wrong base64 padding (line 3)\n",
    );
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    dir.write("utf16", [&b"\xFF\xFE"[..], &utf16].concat());
    run(&dir, "open -k @me utf16").fails(
        4,
        "fetool: utf16: the file was changed to UTF-16, as PowerShell's > does (at offset 0)\n",
    );
}

#[test]
fn a_passphrase_makes_an_age_file_with_a_work_factor() {
    let dir = dir();
    dir.write("pass", "correct horse");
    run(&dir, "seal -p=@pass --work-factor 10 plain -o plain.age").succeeds();
    opens(&dir, "-p=@pass", "plain.age");
    run(&dir, "open -p=env:TEST_KEY plain.age").fails(
        3,
        "fetool: plain.age: authentication failed: wrong passphrase, or the file was tampered with\n",
    );
    run(&dir, "open -p=@pass --max-work-factor 9 plain.age").fails(
        4,
        "fetool: plain.age: scrypt work factor 10 is higher than the maximum of 9\n\
         fetool: hint: allow a higher one with --max-work-factor, for files that you trust\n",
    );
    run(&dir, "open -p=@pass --max-memory 1MB plain.age").fails(
        4,
        "fetool: plain.age: scrypt work factor 10 needs 1048576 bytes of memory, the limit is \
         1000000\n\
         fetool: hint: allow more with --max-memory\n",
    );
    run(&dir, "open -k @me plain.age").fails(3, &format!("fetool: plain.age: {NOT_MINE}"));
    run(&dir, "seal --to ME plain -o mine.age").succeeds();
    run(&dir, "open -p=@pass mine.age").fails(
        1,
        "fetool: pass: this age file is for recipients, and opens with an identity\n\
         fetool: hint: give the file with the identity as -k @FILE\n",
    );
}

#[test]
fn an_encrypted_identity_file_is_opened_when_a_file_needs_it() {
    let dir = dir();
    dir.write("locked", key("identities_encrypted.age"));
    dir.write("pass", key("passphrase.txt"));
    dir.write("bad", "wrong");
    // There is no terminal, so nothing is asked for here.
    run(&dir, "seal --to ME plain -o plain.age").succeeds();
    opens(&dir, "-k @me -k @locked", "plain.age");
    opens(&dir, "-k @locked --identity-passphrase @pass", "plain.age");
    run(
        &dir,
        "seal -k @locked --identity-passphrase @pass plain -o own.age",
    )
    .succeeds();
    opens(&dir, "-k @me", "own.age");
    run(&dir, "open -k @locked --identity-passphrase @bad plain.age").fails(
        1,
        "fetool: locked: wrong passphrase for identity file locked\n",
    );
}

#[test]
fn inspect_says_what_an_identity_opens() {
    let dir = dir();
    run(&dir, "seal -a --to ME --to YOU plain -o f").succeeds();
    let object =
        |line: &str| -> Value { serde_json::from_slice(&run(&dir, line).succeeds()).unwrap() };
    let known = object("inspect --json -k @you f");
    assert_eq!(known["opened_stanzas"], serde_json::json!([1]));
    assert_eq!(known["post_quantum"], "no");
    assert_eq!(known["armored"], true);
    assert_eq!(known["header_size"], 22 + 2 * 98 + 48 + 16);
    let text = dir.read("f").len() as u64;
    let sizes = known["sealed_size"].as_u64().unwrap() + known["armor_size"].as_u64().unwrap();
    assert_eq!(sizes, text);
    let stanza = &known["stanzas"][1];
    assert_eq!(
        (&stanza["type"], &stanza["offset"], &stanza["size"]),
        (&"X25519".into(), &120.into(), &98.into())
    );
    assert_eq!(
        object("inspect --json -k @pq f")["opened_stanzas"],
        Value::Null
    );
    let table = String::from_utf8(run(&dir, "inspect -k @me f").succeeds()).unwrap();
    assert!(
        table.contains("\n  opens      stanza 0, with the given identity\n"),
        "{table}"
    );
}

#[test]
fn trees_are_sealed_for_recipients_and_read_back_without_an_identity() {
    let dir = dir();
    fs::create_dir_all(dir.path("tree/sub")).unwrap();
    for name in ["tree/a", "tree/sub/b", "tree/empty"] {
        dir.write(name, if name == "tree/empty" { "" } else { PLAIN });
    }
    let done = run(&dir, "seal -r -q --remove-source --to ME tree");
    done.succeeds();
    for name in ["tree/a.age", "tree/sub/b.age", "tree/empty.age"] {
        assert!(dir.path(name).is_file(), "{name}");
    }
    assert!(!dir.path("tree/a").exists() && !dir.path("tree/empty").exists());
    run(&dir, "open -r -q -k @me tree -O out").succeeds();
    assert_eq!(dir.read("out/tree/sub/b"), PLAIN.as_bytes());
    assert_eq!(dir.read("out/tree/empty"), b"");
}

#[cfg(feature = "age-ssh")]
#[test]
fn ssh_keys_are_recipients_and_identities() {
    let dir = dir();
    for name in ["ssh_ed25519", "ssh_ed25519.pub", "ssh_rsa", "ssh_rsa.pub"] {
        dir.write(name, key(name));
    }
    for name in ["ssh_ed25519", "ssh_rsa"] {
        for line in [format!("--to @{name}.pub"), format!("--to @{name}")] {
            run(&dir, &format!("seal {line} plain -o f --force")).succeeds();
            opens(&dir, &format!("-k @{name}"), "f");
        }
        let file = format!("age_{name}_1000.age");
        dir.write("real", key(&file));
        assert_eq!(
            run(&dir, &format!("open -k @{name} real")).succeeds().len(),
            1000
        );
    }
}

/// What comes through a pipe can be read only once.
#[test]
fn recipients_may_come_through_a_fifo() {
    let dir = dir();
    for line in [
        r#""$FETOOL" seal --to @fifo plain -o f"#,
        r#""$FETOOL" rekey -i -k @me --to @fifo f"#,
    ] {
        dir.fifo("fifo");
        let script = format!("cat you > fifo & {line}");
        crate::cli_common::shell(&script, [""; 0])
            .within(&dir)
            .run()
            .succeeds();
        opens(&dir, "-k @you", "f");
        fs::remove_file(dir.path("fifo")).unwrap();
        run(&dir, "seal --to ME plain -o f --force").succeeds();
    }
}
