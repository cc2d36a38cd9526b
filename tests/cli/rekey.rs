//! `fetool rekey`: as a filter and to a file, and what it refuses.
//!
//! The files are forged with cheap key slots; only new ones cost a balloon.

use crate::dexios_common::forge::{Forge, HEADER};
use crate::dexios_common::rekeying::{CHANGE, SECOND, changed, folder};
use crate::dexios_common::{Folder, SECRET, open, vector, vector_path, watchdog};
use fetool::status;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

#[test]
fn as_a_filter_and_to_a_file() {
    let _dog = watchdog();
    let (folder, file) = folder(&[SECRET]);
    let ran = folder.pipe(CHANGE, &file).is(status::OK);
    assert_eq!(ran.stderr, "");
    changed(&ran.stdout, &file);
    changed(&folder.run(&format!("{CHANGE} f")).stdout, &file);

    let ran = folder.run(&format!("{CHANGE} -v f -o g")).is(status::OK);
    assert_eq!(ran.stderr, "fetool: f: 1 key slot used now\n");
    assert_eq!(ran.stdout, b"");
    changed(&folder.read("g"), &file);
    let mode = fs::metadata(folder.path("g")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The input stays as it is, and is no output; nor is the file of a secret.
    folder
        .run(&format!("{CHANGE} f -o g"))
        .fails(status::SYSTEM, "exists");
    for name in ["f", "one", "two"] {
        folder
            .run(&format!("{CHANGE} f -o {name} --force"))
            .fails(status::SYSTEM, "a file that is read");
    }
    assert_eq!(folder.read("f"), file);
    assert_eq!(folder.names(), ["f", "g"]);
}

/// The hash of the forged slots.
const BALLOON: &str = "BLAKE3-Balloon, space 278528, 1 pass, 1 lane: about 9 MiB in fact";

#[test]
fn list_needs_no_secret() {
    let (folder, _) = folder(&[SECRET, SECOND]);
    let two = format!("0  {BALLOON}\n1  {BALLOON}\n");
    let ran = folder.run("rekey --list f").is(status::OK);
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), two);
    let ran = folder
        .pipe("rekey --list", &folder.read("f"))
        .is(status::OK);
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), two);
    // A header that is kept apart has nothing behind it; an unknown hash is told as such.
    let mut header = folder.read("f")[..HEADER].to_vec();
    header[33] = 0x77;
    folder.write("h", &header);
    let ran = folder.run("rekey --list --header h").is(status::OK);
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        format!("0  unknown hash 0x77: no secret opens this slot\n1  {BALLOON}\n")
    );
    let v4 = vector_path("dexios_v4_aes256gcm_stream_1000.dx");
    let ran = folder.run(&format!("rekey --list {v4}")).is(status::OK);
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        "0  BLAKE3-Balloon, space 262144, 1 pass, 1 lane: about 8 MiB in fact\n"
    );
    for file in ["dexios_v3_aes256gcm_stream_1000.dx", "gfe_file_16_c16.gfe"] {
        let ran = folder.run(&format!("rekey --list --json {}", vector_path(file)));
        assert!(ran.stdout.is_empty());
        ran.fails(status::FORMAT, "no key slots");
        let ran = folder.run(&format!("rekey --list {}", vector_path(file)));
        let ran = ran.fails(status::FORMAT, "no key slots");
        assert!(ran.stderr.contains("--reseal"), "{}", ran.stderr);
    }
    folder.write("short", &header[..100]);
    folder
        .run("rekey --list short")
        .fails(status::TRUNCATED, "unexpected EOF");
    folder
        .run("rekey --list one")
        .fails(status::FORMAT, "known format");
}

#[test]
fn list_is_json_where_that_is_wanted() {
    let (folder, _) = folder(&[SECRET]);
    let mut header = folder.read("f")[..HEADER].to_vec();
    // An unknown hash.
    header[33] = 0x77;
    let object = |path: &str, hex: &str, slot: &str| {
        format!(
            r#"{{"path":"{path}","path_hex":{hex},"format":"dexios","version":5,"slots":[{{"slot":0,{slot}}}],"stanzas":[]}}"#
        ) + "\n"
    };
    let balloon = format!(
        r#""kdf":"balloon","memory":8912896,"passes":1,"lanes":1,"iterations":null,"text":"{BALLOON}""#
    );
    let ran = folder.run("rekey --list --json f").is(status::OK);
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        object("f", "null", &balloon)
    );
    let ran = folder.pipe("rekey --list --json", &header).is(status::OK);
    let unknown = r#""kdf":null,"memory":null,"passes":null,"lanes":null,"iterations":null,"text":"unknown hash 0x77: no secret opens this slot""#;
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        object("-", "null", unknown)
    );
    // A name that JSON cannot hold.
    let name = OsStr::from_bytes(b"\xff");
    fs::copy(folder.path("f"), folder.path("").join(name)).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_fetool"))
        .current_dir(folder.path(""))
        .args(["rekey", "--list", "--json"])
        .arg(name)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        object("\u{fffd}", r#""ff""#, &balloon)
    );
    // Anything else of trees is refused as before, and so is JSON without the list.
    for args in ["--list --json --shard 0/2 f", "-k @one --remove --json f"] {
        let ran = folder.run(&format!("rekey {args}"));
        ran.fails(status::USAGE, "requires -r or --files0-from");
    }
}

#[test]
fn remove_says_how_many_are_left() {
    let (folder, file) = folder(&[SECRET, SECOND, SECRET, SECRET]);
    for warning in [
        "fetool: f: warning: the old secret still opens 2 key slots; run this again to drop them one by one\n",
        "fetool: f: warning: the old secret still opens 1 key slot; run this again to drop it\n",
    ] {
        let ran = folder.run("rekey -k @one --remove -i f").is(status::OK);
        assert_eq!(ran.stderr, warning);
    }
    let ran = folder.run("rekey -k @one --remove -v -i f").is(status::OK);
    assert_eq!(ran.stderr, "fetool: f: 1 key slot used now\n");
    changed(&folder.read("f"), &file);
    let last = folder.read("f");
    let ran = folder.run("rekey -k @two --remove -i f");
    let ran = ran.fails(status::USAGE, "this is the last key slot");
    assert!(ran.stderr.contains("hint: "));
    assert_eq!(folder.read("f"), last);
    assert_eq!(folder.names(), ["f"]);
    // Quietly, and as a filter the warning does not get into the data.
    let ran = folder
        .pipe("rekey -q -k @one --remove", &file)
        .is(status::OK);
    assert_eq!((&*ran.stderr, ran.stdout.len()), ("", file.len()));
    let ran = folder.pipe("rekey -k @one --remove", &file).is(status::OK);
    assert!(
        ran.stderr.starts_with("fetool: stdin: warning: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn add_keeps_the_old_secret() {
    let _dog = watchdog();
    let (folder, file) = folder(&[SECRET]);
    folder.write("line", b"second secret\r\n");
    let add = "rekey -k @one --add --new-kdf balloon --new-passphrase=@line";
    let ran = folder.run(&format!("{add} -v -i f")).is(status::OK);
    assert_eq!(ran.stderr, "fetool: f: 2 key slots used now\n");
    let two = folder.read("f");
    assert_eq!(open(SECRET, &two).unwrap(), b"text");
    assert_eq!(open(SECOND, &two).unwrap(), b"text");
    assert!(two[HEADER..] == file[HEADER..]);

    folder.write("f", &Forge::new(&[SECRET; 4], b"text").file());
    let full = folder.read("f");
    let ran = folder.run(&format!("{add} -i f"));
    let ran = ran.fails(status::USAGE, "all 4 key slots are used");
    assert!(ran.stderr.contains("hint: drop one with --remove first"));
    assert_eq!(folder.read("f"), full);
}

#[test]
fn a_header_of_its_own_is_changed_alone() {
    let _dog = watchdog();
    let (folder, file) = folder(&[SECRET]);
    let (header, data) = file.split_at(HEADER);
    folder.write("h", header);
    folder.write("data", data);
    let ran = folder.run(&format!("{CHANGE} --header h")).is(status::OK);
    assert_eq!(ran.stdout.len(), HEADER);
    assert_eq!(folder.read("h"), header);
    folder
        .run(&format!("{CHANGE} --header h -i"))
        .is(status::OK);
    assert_eq!(folder.read("data"), data);
    changed(&[folder.read("h"), data.to_vec()].concat(), &file);
    assert_eq!(folder.names(), ["data", "f", "h"]);
    folder
        .run(&format!("{CHANGE} --header h data"))
        .fails(status::USAGE, "cannot be used with");
}

#[test]
fn a_wrong_secret_or_file_changes_nothing() {
    let (folder, file) = folder(&[SECRET]);
    folder.write("cut", &file[..HEADER + 3]);
    folder.write("empty", b"");
    folder.write("text", &b"no sealed file".repeat(50));
    for (line, status) in [
        (
            "rekey -k @two --new-key @one --new-kdf balloon -i f",
            status::KEY,
        ),
        ("rekey -k @two --remove -i f", status::KEY),
        (
            "rekey -k @two --add --new-key @one --new-kdf balloon f -o new",
            status::KEY,
        ),
        ("rekey -k @two --new-key @one f", status::KEY),
        ("rekey -k @one --new-key @two -i cut", status::TRUNCATED),
        ("rekey -k @one --new-key @two -i empty", status::TRUNCATED),
        ("rekey -k @one --new-key @two -i text", status::FORMAT),
        ("rekey -k @one --new-key @two -i missing", status::SYSTEM),
        ("rekey -k @missing --new-key @two -i f", status::SYSTEM),
        ("rekey -k @one --new-key @missing -i f", status::SYSTEM),
        ("rekey -k @one --new-passphrase=@empty -i f", status::USAGE),
        (
            "rekey -k @one --new-key @two --new-kdf pbkdf2 -i f",
            status::USAGE,
        ),
    ] {
        let ran = folder.run(line).fails(status, "fetool: ");
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert_eq!(folder.read("f"), file, "{line}");
        assert_eq!(folder.names(), ["cut", "empty", "f", "text"], "{line}");
    }
    assert_eq!(folder.read("cut"), &file[..HEADER + 3]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (folder, file) = folder(&[SECRET, SECOND]);
    for line in [
        // No secret, no change, no file.
        "rekey f",
        "rekey -k @one f",
        "rekey --new-key @two f",
        "rekey --remove f",
        "rekey -k @one --add f",
        "rekey -k @one --new-key @two -i",
        "rekey -k @one --new-key @two -i -",
        // Two things at once.
        "rekey -k @one --remove --add f",
        "rekey -k @one --remove --new-key @two f",
        "rekey -k @one --remove --reseal f",
        "rekey -k @one --add --reseal --new-key @two f",
        "rekey -k @one --new-key @two --new-passphrase f",
        "rekey -k @one --new-key @two -i -o g f",
        "rekey --list -k @one f",
        "rekey --list -i f",
        "rekey --list --remove f",
        "rekey -k @- --new-key @two",
        "rekey -k @- --new-key @- f",
        // What goes with something else.
        "rekey -k @one --new-key @two --force f",
        "rekey -k @one --new-key @two -f gfe f",
        "rekey -k @one --kdf balloon --new-key @two f",
        "rekey -k @one --new-passphrase=@two --new-salt @one f",
        "rekey -k @one --add --new-passphrase=@two --new-salt @one f",
        "rekey -k @one --add --new-key @two -f gfe f",
        "rekey -k @one --remove -f gfe f",
        "rekey -k @one --remove --new-kdf balloon f",
        "rekey -k @one --remove --salt @two f",
        "rekey --list -f gfe f",
        "rekey --list --new-salt @one f",
        "rekey --list --new-kdf balloon f",
        // Secrets on the command line.
        "rekey -k secret --new-key @two f",
        "rekey -k @one --new-key secret f",
    ] {
        let ran = folder.run(line);
        assert_eq!(
            ran.status,
            i32::from(status::USAGE),
            "{line}: {}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{line}");
    }
    assert_eq!(folder.read("f"), file);
    assert_eq!(folder.names(), ["f"]);
}

/// Version 4, as the program has it.
#[test]
fn version_4_has_room_for_one() {
    let folder = Folder::new();
    folder.write("f", &vector("dexios_v4_aes256gcm_stream_1000.dx"));
    let ran = folder.run("rekey -k @one --add --new-key @two -i f");
    let ran = ran.fails(status::USAGE, "no room for another");
    assert!(ran.stderr.contains("--reseal"), "{}", ran.stderr);
    folder
        .run("rekey -k @one --new-key @two -i f")
        .is(status::OK);
    folder.run("open -k @two --check f").is(status::OK);
    folder
        .run("open -k @one --check f")
        .fails(status::KEY, "wrong key");
}
