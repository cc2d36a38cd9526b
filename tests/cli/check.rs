//! `fetool check`: good and bad files, alone, several, in trees and on pipes.

use crate::cli_common::screen::Screen;
use crate::cli_common::{
    Dir, Ended, Fetool, K, KEY, MIB, OTHER, VECTOR_KEY, data, fetool, hex, sealed, shell, until,
    vector,
};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

const HINT: &str = "fetool: hint: add -k or -p to authenticate the content";
const READING: &str = "counter suffix, the size field is associated data";

pub fn check<S: AsRef<std::ffi::OsStr>>(dir: &Dir, args: impl IntoIterator<Item = S>) -> Fetool {
    fetool(["check"]).args(args).within(dir)
}

/// What is said of the files, in any order, and the summary without time and rate. Standard output.
#[track_caller]
pub fn told(ended: &Ended, status: i32, lines: &[&str], summary: &str) -> String {
    let stderr = ended.stderr();
    let mut said: Vec<&str> = stderr.lines().collect();
    let at = said.iter().position(|line| line.contains(", in "));
    let last = said.remove(at.unwrap_or_else(|| panic!("a summary: {stderr}")));
    let (counts, _) = last.rsplit_once(", in ").unwrap();
    assert_eq!(counts, format!("fetool: {summary}"));
    said.sort_unstable();
    let mut lines: Vec<String> = lines.iter().map(|line| format!("fetool: {line}")).collect();
    if summary.contains("structure") {
        lines.push(HINT.to_owned());
    }
    lines.sort_unstable();
    assert_eq!(said, lines, "all of it: {stderr}");
    assert_eq!(ended.code(), Some(status), "{stderr}");
    ended.stdout()
}

/// Objects of JSON by their paths, and the summary without its time.
pub fn objects(stdout: &str) -> (Vec<Value>, Value) {
    let lines = stdout.lines();
    let mut all: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut summary = all.pop().expect("a summary")["summary"].take();
    assert!(
        summary
            .as_object_mut()
            .unwrap()
            .remove("seconds")
            .unwrap()
            .is_number()
    );
    all.sort_by_key(|object| object["path"].as_str().unwrap().to_owned());
    (all, summary)
}

/// A tree of good files, and bad ones of each kind.
fn tree() -> Dir {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("t/d")).unwrap();
    let good = sealed(&data(5000), "1000");
    let mut changed = good.clone();
    changed[2000] ^= 1;
    dir.write("t/changed.gfe", &changed);
    dir.write("t/cut.gfe", &good[..3000]);
    dir.write("t/d/good.gfe", &good);
    dir.write("t/d/other name", &good);
    dir.write("t/empty.gfe", "");
    dir.write("t/long.gfe", [&good[..], b"x"].concat());
    dir.write("t/never.gfe", "never sealed");
    dir.write("t/plain", "plain");
    dir
}

const CHANGED: &str =
    "t/changed.gfe: authentication failed in chunk 1 (at offset 1044): the file was tampered with";
const CUT: &str = "t/cut.gfe: unexpected EOF: the input ends inside a chunk (at offset 3000)";
const EMPTY: &str = "t/empty.gfe: unexpected EOF: the input is empty (at offset 0)";
const LONG: &str = "t/long.gfe: data after the last chunk (at offset 5144)";
const NEVER: &str =
    "t/never.gfe: damaged or never sealed: it does not begin with a format's magic number";

#[test]
fn a_tree_with_a_key() {
    let dir = tree();
    let ended = check(&dir, ["-r", "-k", K, "t"]).run();
    let summary = "checked 7 files, 23.04 KiB, 1 skipped (1 not sealed), 5 failed";
    told(&ended, 5, &[CHANGED, CUT, EMPTY, LONG, NEVER], summary);
    let ended = check(&dir, ["-r", "-k", K, "t/d", "-v"]).run();
    let lines = ["good.gfe", "other name"];
    let lines = lines.map(|name| format!("t/d/{name}: authentic: gfe ({READING})"));
    let lines = [&lines[0][..], &lines[1]];
    told(
        &ended,
        0,
        &lines,
        "checked 2 files, 10.05 KiB, 0 skipped, 0 failed",
    );
    check(&dir, ["-r", "-k", K, "t/d", "-q"]).run().succeeds();
    let wrong = "authentication failed: wrong key, or the file was tampered with";
    let lines = ["good.gfe", "other name"].map(|name| format!("t/d/{name}: {wrong}"));
    let lines = [&lines[0][..], &lines[1]];
    let ended = check(&dir, ["-r", "-k", OTHER, "t/d"]).run();
    told(
        &ended,
        3,
        &lines,
        "checked 2 files, 10.05 KiB, 0 skipped, 2 failed",
    );
}

#[test]
fn a_tree_without_a_key() {
    let dir = tree();
    let summary = "checked the structure of 7 files, 23.04 KiB, 1 skipped (1 not sealed), 4 failed";
    let ended = check(&dir, ["-r", "t"]).run();
    told(&ended, 5, &[CUT, EMPTY, LONG, NEVER], summary);
    // The variable is a secret as well.
    let ended = check(&dir, ["-r", "t"]).env("FETOOL_KEY", K).run();
    let summary = "checked 7 files, 23.04 KiB, 1 skipped (1 not sealed), 5 failed";
    told(&ended, 5, &[CHANGED, CUT, EMPTY, LONG, NEVER], summary);
}

#[test]
fn nothing_is_written() {
    let dir = tree();
    check(&dir, ["-r", "-k", K, "t/d", "-q"]).run().succeeds();
    check(&dir, ["-r", "t/d", "-q"]).run().succeeds();
    dir.holds_only(&["t"]);
    assert_eq!(fs::read_dir(dir.path("t/d")).unwrap().count(), 2);
}

#[test]
fn named_files() {
    let dir = tree();
    let ended = check(
        &dir,
        ["-k", K, "t/d/good.gfe", "t/cut.gfe", "t/d/other name"],
    )
    .run();
    told(
        &ended,
        5,
        &[CUT],
        "checked 3 files, 12.98 KiB, 0 skipped, 1 failed",
    );
    let ended = check(&dir, ["-k", K, "t/plain"]).run();
    let unknown = "fetool: t/plain: not a sealed file of a known format\n";
    assert!(ended.stderr().starts_with(unknown), "{}", ended.stderr());
    assert_eq!(ended.code(), Some(4));
    let ended = check(&dir, ["-k", K, "t", "none"]).run();
    let lines = [
        "t: is a directory",
        "hint: to work on every file below it, add -r",
        "none: no such file or directory",
    ];
    told(
        &ended,
        1,
        &lines,
        "checked 0 files, 0 B, 0 skipped, 2 failed",
    );
    symlink("t/d/good.gfe", dir.path("link")).unwrap();
    check(&dir, ["-q", "-k", K, "link"]).run().succeeds();
}

#[test]
fn standard_input_and_fifos() {
    let good = sealed(&data(3 * MIB), "1MiB");
    let ended = fetool(["check", "-k", K]).input(&good[..]).run();
    told(&ended, 0, &[], "checked 1 file, 0 B, 0 skipped, 0 failed");
    let ended = fetool(["check"]).input(&good[..good.len() - 1]).run();
    let summary = "checked the structure of 1 file, 0 B, 0 skipped, 1 failed";
    let at = good.len() - 1;
    let cut = format!("stdin: unexpected EOF: the input ends inside a chunk (at offset {at})");
    told(&ended, 5, &[&cut], summary);
    let mut bad = good.clone();
    bad[2 * MIB] ^= 1;
    let dir = Dir::new();
    dir.write("good", &good);
    dir.write("bad", &bad);
    dir.fifo("a");
    dir.fifo("b");
    let script = r#"cat good > a & cat bad > b & "$FETOOL" check -k "$1" a b"#;
    let ended = shell(script, [K]).within(&dir).run();
    let at = 24 + MIB + 20;
    let bad =
        format!("b: authentication failed in chunk 1 (at offset {at}): the file was tampered with");
    told(
        &ended,
        3,
        &[&bad],
        "checked 2 files, 0 B, 0 skipped, 1 failed",
    );
    let ended = fetool(["check", "-", "-"]).run();
    ended.fails(2, "fetool: standard input can be checked only once\n");
}

#[test]
fn big_files_are_checked_by_all_workers() {
    let dir = Dir::new();
    let good = sealed(&data(18 * MIB), "1MiB");
    let mut bad = good.clone();
    bad[17 * MIB] ^= 1;
    dir.write("a.gfe", &good);
    dir.write("b.gfe", &bad);
    dir.write("c.gfe", &good);
    let ended = check(&dir, ["-r", "-j", "3", "-k", K, "."]).run();
    let at = 24 + 16 * (MIB + 20);
    let line = format!(
        "./b.gfe: authentication failed in chunk 16 (at offset {at}): the file was tampered with"
    );
    told(
        &ended,
        3,
        &[&line],
        "checked 3 files, 54.00 MiB, 0 skipped, 1 failed",
    );
}

#[test]
fn json() {
    let dir = tree();
    let ended = check(&dir, ["-r", "-k", K, "t", "--json", "-q"]).run();
    let (files, summary) = objects(&ended.stdout());
    let results: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["result"].as_str().unwrap(),
                file["status"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("t/changed.gfe", "failed", 3),
        ("t/cut.gfe", "failed", 5),
        ("t/d/good.gfe", "authentic", 0),
        ("t/d/other name", "authentic", 0),
        ("t/empty.gfe", "failed", 5),
        ("t/long.gfe", "failed", 4),
        ("t/never.gfe", "failed", 4),
        ("t/plain", "skipped", 0),
    ];
    assert_eq!(results, expected);
    let good = json!({
        "path": "t/d/good.gfe", "path_hex": null, "result": "authentic", "format": "gfe",
        "reading": READING, "size": 5144, "blake3": null, "since": null, "reason": null, "status": 0,
        "warnings": [],
    });
    assert_eq!(files[2], good);
    assert_eq!(
        files[1]["reason"],
        "unexpected EOF: the input ends inside a chunk (at offset 3000)"
    );
    let counts = json!({
        "files": 7, "bytes": 23_589, "planned": 0, "failed": 5, "corrupted": 0, "changed": 0, "new": 0,
        "missing": 0, "left": 0, "status": 5, "skipped": 1,
        "skipped_by_reason": {"not a sealed file": 1},
    });
    assert_eq!(summary, counts);
    let ended = check(&dir, ["--json", "t/d/good.gfe", "-q"]).run();
    let (files, _) = objects(&ended.stdout());
    assert_eq!(files[0]["result"], "intact");
    assert_eq!(files[0]["reading"], Value::Null);
}

#[test]
fn what_is_only_planned() {
    let dir = tree();
    let ended = check(&dir, ["-r", "-n", "t/d"]).run();
    let stdout = ended.succeeds_saying("fetool: would check 2 files, 0 skipped, 0 failed\n");
    assert_eq!(
        stdout,
        b"would check t/d/good.gfe\nwould check t/d/other name\n"
    );
}

#[test]
fn parts_of_a_tree() {
    let dir = tree();
    let ended = check(
        &dir,
        [
            "-r",
            "-k",
            K,
            "t",
            "--include",
            "*.gfe",
            "--exclude",
            "[cel]*",
        ],
    )
    .run();
    told(
        &ended,
        4,
        &[NEVER],
        "checked 2 files, 5.04 KiB, 0 skipped, 1 failed",
    );
    let ended = check(&dir, ["-r", "-f", "dexios", "t"]).run();
    let skips = "8 skipped (1 not sealed, 7 sealed in another format)";
    let summary = format!("checked the structure of 0 files, 0 B, {skips}, 0 failed");
    told(&ended, 0, &[], &summary);
    let mut sum = 0;
    for part in ["0/3", "1/3", "2/3"] {
        let ended = check(&dir, ["-r", "t", "--json", "-q", "--shard", part]).run();
        sum += objects(&ended.stdout()).0.len();
    }
    assert_eq!(sum, 8);
    let ended = check(&dir, ["--files0-from=-", "-k", K])
        .input("t/d/good.gfe\0t/plain\0t/none.gfe\0")
        .run();
    let lines = [
        "t/plain: skipped: not a sealed file",
        "t/none.gfe: no such file or directory",
    ];
    told(
        &ended,
        1,
        &lines,
        "checked 1 file, 5.02 KiB, 1 skipped (1 not sealed), 1 failed",
    );
    let ended = check(&dir, ["-r", "-j1", "-k", K, "t", "--fail-fast"]).run();
    let stderr = ended.stderr();
    assert!(
        stderr.starts_with(&format!("fetool: {CHANGED}\n")),
        "{stderr}"
    );
    assert_ne!(ended.code(), Some(0));
}

/// Their format is known only to whoever has the secret.
#[test]
fn formats_without_a_magic_number() {
    let dir = Dir::new();
    dir.write("a.enc", fs::read(vector("gocrypt_100000_l5.enc")).unwrap());
    let hint =
        "hint: only the secret tells its format: give it with -k or -p, or the format with -f";
    let ended = check(&dir, ["-r", "."]).run();
    assert_eq!(ended.code(), Some(4));
    assert!(ended.stderr().contains(hint), "{}", ended.stderr());
    let ended = check(&dir, ["-r", "-f", "gocrypt", "."]).run();
    told(
        &ended,
        0,
        &[],
        "checked the structure of 1 file, 98.17 KiB, 0 skipped, 0 failed",
    );
    let secret = format!("-p=@{}", vector("secret.txt").display());
    check(&dir, ["-q", "-r", &secret, "."]).run().succeeds();
    // The tags of one layer can be made by anybody.
    dir.write("b.enc", fs::read(vector("gocrypt_1000_l200.enc")).unwrap());
    dir.write("a.enc", fs::read(vector("gocrypt_1_l1.enc")).unwrap());
    let ended = check(&dir, ["-q", "-r", &secret, "."]).run();
    assert_eq!(ended.code(), Some(3));
    assert!(
        ended
            .stderr()
            .starts_with("fetool: ./a.enc: not verified: "),
        "{}",
        ended.stderr()
    );
}

/// The same of every format as `open --check` says.
#[test]
fn every_vector_opens_as_with_open() {
    let dir = Dir::new();
    let names = fs::read_dir(vector("")).unwrap();
    let secret = format!("-p=@{}", vector("secret.txt").display());
    let mut files = 0;
    for name in names.map(|entry| entry.unwrap().file_name()) {
        let name = name.to_str().unwrap();
        let cheap = ["dexios_v5_aes256gcm_balloon_1000.dx", "parenc_16_c16.enc"];
        let wanted = name.starts_with("gfe_") || cheap.contains(&name);
        if !wanted {
            continue;
        }
        files += 1;
        let path = vector(name);
        let key = match name.starts_with("gfe_") {
            true => ["-k", VECTOR_KEY],
            false => ["-q", &secret],
        };
        let by_open = fetool(["open", "--check"]).args(key).arg(&path).run();
        let by_check = check(&dir, key).arg(&path).run();
        assert_eq!(
            by_check.code(),
            by_open.code(),
            "{name}: {}",
            by_check.stderr()
        );
    }
    assert!(files > 10, "{files}");
}

#[test]
fn detached_headers() {
    let dir = Dir::new();
    dir.write("data", fs::read(vector("dexios_v5_detached.dx")).unwrap());
    let header = vector("dexios_v5_detached.hdr");
    let header = header.to_str().unwrap();
    let ended = check(&dir, ["--header", header, "data"]).run();
    told(
        &ended,
        0,
        &[],
        "checked the structure of 1 file, 1016 B, 0 skipped, 0 failed",
    );
    let ended = check(&dir, ["--header", header, "data", "data"]).run();
    ended.fails(2, "fetool: --header requires a single PATH\n");
    let ended = check(&dir, ["-r", "--header", header, "."]).run();
    let hint = "fetool: hint: each file has a header of its own\n";
    ended.fails(
        2,
        &format!("fetool: --header cannot be used with -r or --files0-from\n{hint}"),
    );
}

#[test]
fn options_that_need_others() {
    let dir = tree();
    for (args, message) in [
        (&["--for", "2h", "t"][..], "--for requires --record FILE"),
        (
            &["--record", "l"],
            "--record and --since require PATHs: standard input has no name to list",
        ),
        (
            &["--shard", "0/2", "t"],
            "--shard requires -r or --files0-from",
        ),
        (&["-r"], "-r needs a PATH"),
    ] {
        check(&dir, args)
            .run()
            .fails(2, &format!("fetool: {message}\n"));
    }
    let ended = check(&dir, ["--for", "2x", "--record", "l", "t"]).run();
    assert_eq!(ended.code(), Some(2));
    assert!(
        ended
            .stderr()
            .contains("invalid value '2x' for '--for <TIME>'"),
        "{}",
        ended.stderr()
    );
}

/// Whoever holds a secret of this run is no sealed file.
#[test]
fn keys_are_skipped() {
    let dir = Dir::new();
    dir.write("key.gfe", hex(&KEY));
    dir.write("a.gfe", sealed(b"a", "1000"));
    let ended = check(&dir, ["-r", "-k", "@key.gfe", "."]).run();
    told(
        &ended,
        0,
        &[],
        "checked 1 file, 45 B, 1 skipped (1 key file), 0 failed",
    );
}

#[test]
fn a_passphrase_is_asked_for_again() {
    let dir = Dir::new();
    let file = fs::read(vector("dexios_v5_xchacha20poly1305_balloon_1000.dx")).unwrap();
    dir.write("f", file);
    let mut secret = fs::read(vector("secret.txt")).unwrap();
    secret.truncate(secret.trim_ascii_end().len());
    secret.push(b'\n');
    let screen: Screen = fetool(["check", "-q", "-p", "f"])
        .within(&dir)
        .on_terminal();
    let prompt = "Enter passphrase for f: ";
    for (i, typed) in [b"wrong\n", &secret[..]].iter().enumerate() {
        until("it asks", || screen.seen().matches(prompt).count() == i + 1);
        screen.answers(prompt, typed);
    }
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(0), "{seen}");
    assert!(seen.contains("wrong passphrase, try again"), "{seen}");
}

/// What was read of a file is not left in the page cache.
#[cfg(target_os = "linux")]
#[test]
fn the_page_cache_is_left_to_others() {
    use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
    use std::process::Command;
    let dir = Dir::new();
    let path = dir.write("a.gfe", sealed(&data(20 * MIB), "1MiB"));
    let tmpfs = nix::sys::statfs::statfs(&path).unwrap().filesystem_type();
    if tmpfs == nix::sys::statfs::TMPFS_MAGIC {
        // It has no other place for its files.
        return;
    }
    // What is not on the disk yet cannot be dropped.
    let file = fs::File::open(&path).unwrap();
    file.sync_all().unwrap();
    let cached = || {
        let fincore = Command::new("fincore")
            .args(["--bytes", "--noheadings", "--output", "RES"])
            .arg(&path)
            .output()
            .expect("fincore is part of util-linux");
        let text = String::from_utf8(fincore.stdout).unwrap();
        text.trim().parse::<u64>().unwrap_or(0)
    };
    fs::read(&path).unwrap();
    assert!(cached() > 16 << 20, "{}", cached());
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).unwrap();
    check(&dir, ["-q", "-k", K, "a.gfe"]).run().succeeds();
    assert!(cached() < 1 << 20, "{}", cached());
}
