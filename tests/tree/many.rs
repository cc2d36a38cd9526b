//! Whole trees: many files of all sizes, passphrases that are hashed once, and parts of a tree.
//!
//! With FETOOL_BIG=1 in the environment the tree is as big as the real ones.

use crate::cli_common::weak::with_passphrase;
use crate::cli_common::{Dir, data, shell};
use crate::tree_common::*;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// How many files, and how long the longest are.
fn extent() -> (usize, usize) {
    if big() {
        (20_000, 64 << 20)
    } else {
        (600, 5 << 20)
    }
}

/// Lengths from 0 on: most files are small, and a few are very long.
fn len_of(number: usize, longest: usize) -> usize {
    match number {
        0 => longest,
        1 => longest - 1,
        2 => (16 << 20).min(longest),
        _ if number.is_multiple_of(100) => longest / 100 * (number / 100 % 50),
        _ if number.is_multiple_of(7) => 0,
        _ => (number * number) % 70_001,
    }
}

fn many(dir: &Dir) -> u64 {
    let (count, longest) = extent();
    let bytes = data(longest + count);
    let mut sum = 0;
    for number in 0..count {
        let name = format!("t/{}/{}/file {number}", number % 11, number % 13);
        let len = len_of(number, longest);
        put(dir, name, &bytes[number..number + len]);
        sum += len as u64;
    }
    sum
}

/// The end of a long run: its summary's counts.
#[track_caller]
fn counts(args: &[&str], dir: &Dir) -> String {
    // No watchdog: the full size takes its time.
    let output = Command::new(crate::cli_common::program())
        .args(args)
        .current_dir(dir.path(""))
        .output()
        .expect("it starts");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    untimed(stderr.trim_end()).to_owned()
}

#[test]
fn many_files_go_out_and_come_back() {
    let dir = home();
    let bytes = many(&dir);
    let (count, _) = extent();
    let before = walk(dir.path("t"));
    let said = counts(&["seal", "-r", "-k", KEY_FILE, "t", "-O", "out"], &dir);
    let size = indicatif_like(bytes);
    assert_eq!(
        said,
        format!("fetool: sealed {count} files, {size}, 0 skipped, 0 failed")
    );
    let sealed = files(dir.path("out/t"));
    assert_eq!(sealed.len(), count);
    assert!(sealed.iter().all(|name| name.ends_with(".gfe")));
    let said = counts(&["open", "-r", "-k", KEY_FILE, "out/", "-O", "back"], &dir);
    assert_eq!(
        said,
        format!("fetool: opened {count} files, {size}, 0 skipped, 0 failed")
    );
    // Directories are compared as well, with their modes.
    assert_eq!(walk(dir.path("back/t")), before);
    // And in place, with the sources removed.
    counts(
        &["seal", "-r", "-k", KEY_FILE, "t", "--remove-source"],
        &dir,
    );
    assert_eq!(files(dir.path("t")), sealed);
    counts(
        &["open", "-r", "-k", KEY_FILE, "t", "--remove-source"],
        &dir,
    );
    assert_eq!(walk(dir.path("t")), before);
}

/// Bytes as they are told.
fn indicatif_like(bytes: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let (unit, name) = units.iter().find(|(unit, _)| bytes >= *unit).unwrap();
    format!("{:.2} {name}", bytes as f64 / *unit as f64)
}

const PASS: &str = "-p=env:PASS";

/// The parts of a Dexios header's first key slot: encrypted key, nonce and salt; and the nonce of the
/// data, which comes before.
struct Slot {
    data_nonce: Vec<u8>,
    key: Vec<u8>,
    nonce: Vec<u8>,
    salt: Vec<u8>,
}

fn slot_of(sealed: &[u8]) -> Slot {
    assert_eq!(sealed[..2], [0xde, 0x05], "a Dexios header of version 5");
    let slot = &sealed[32..128];
    assert_eq!(slot[..2], [0xdf, 0xa3], "a key slot for Argon2id");
    Slot {
        data_nonce: sealed[6..26].to_vec(),
        key: slot[2..50].to_vec(),
        nonce: slot[50..70].to_vec(),
        salt: slot[74..90].to_vec(),
    }
}

fn passphrase_tree(count: usize) -> Dir {
    let dir = home();
    for number in 0..count {
        put(&dir, format!("t/{number}"), "the same");
    }
    dir
}

#[test]
fn one_salt_a_run_and_everything_else_fresh() {
    let dir = passphrase_tree(12);
    let mut salts = BTreeSet::new();
    let mut others = BTreeSet::new();
    for out in ["one", "two"] {
        let args = ["seal", "-f", "dexios", "-q", "-r", PASS, "t/", "-O", out];
        with_passphrase(&args).within(&dir).run().succeeds();
        let mut of_run = BTreeSet::new();
        for name in files(dir.path(out)) {
            let slot = slot_of(&dir.read(format!("{out}/{name}")));
            of_run.insert(slot.salt);
            for fresh in [slot.key, slot.nonce, slot.data_nonce] {
                assert!(others.insert(fresh), "something was used twice");
            }
        }
        assert_eq!(of_run.len(), 1, "one salt a run");
        salts.extend(of_run);
    }
    assert_eq!(salts.len(), 2, "and another one for the next run");
    assert_eq!(others.len(), 2 * 12 * 3);
    // Both runs' files together, and files that were sealed one by one.
    let args = ["open", "-q", "-r", PASS, "one", "two", "-O", "back"];
    with_passphrase(&args).within(&dir).run().succeeds();
    let plain = walk(dir.path("t"));
    assert_eq!(walk(dir.path("back/one")), plain);
    assert_eq!(walk(dir.path("back/two")), plain);
}

/// The processor time that a run takes, in seconds, with keys that cost what they should.
#[track_caller]
fn seconds(dir: &Dir, args: &[&str]) -> f64 {
    let ended = shell(
        r#"unset FETOOL_CHEAP_KEYS && "$FETOOL" "$@" && times"#,
        args,
    )
    .env("PASS", "correct horse battery staple")
    .within(dir)
    .run();
    let stdout = ended.succeeds();
    // Two lines: the shell itself, and what it started; each with the user's and the system's.
    let stdout = String::from_utf8(stdout).unwrap();
    let children = stdout.lines().last().unwrap();
    let times = children.split_whitespace().map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    });
    times.sum()
}

#[test]
fn a_passphrase_is_hashed_once_a_run() {
    let dir = passphrase_tree(8);
    let one = seconds(
        &dir,
        &["seal", "-f", "dexios", "-q", PASS, "t/0", "-o", "one"],
    );
    let all = seconds(
        &dir,
        &["seal", "-f", "dexios", "-q", "-r", PASS, "t/", "-O", "out"],
    );
    assert!(all < 1.6 * one, "one file: {one} s, 8 files: {all} s");
    let one = seconds(&dir, &["open", "-q", PASS, "one", "-o", "opened"]);
    let all = seconds(&dir, &["open", "-q", "-r", PASS, "out", "-O", "back"]);
    assert!(all < 1.6 * one, "one file: {one} s, 8 files: {all} s");
    // Reading back does not hash again either.
    let options = [
        "seal",
        "-f",
        "dexios",
        "-q",
        "-r",
        PASS,
        "t/",
        "-O",
        "out2",
        "--remove-source",
    ];
    let all = seconds(&dir, &options);
    assert!(all < 1.6 * one, "one file: {one} s, 8 files: {all} s");
}

/// 300 names, in directories.
fn named(dir: &Dir, from: usize, to: usize) {
    for number in from..to {
        put(
            dir,
            format!("t/{}/{number}", number % 5),
            number.to_string(),
        );
    }
}

#[test]
fn parts_are_disjoint_and_complete() {
    let dir = home();
    named(&dir, 0, 300);
    let part = |index: usize, count: usize, out: &str| {
        let shard = format!("--shard={index}/{count}");
        let args = ["-q", "t", "-O", out, &shard];
        seal_tree(&dir, &args).run().succeeds();
        files(dir.path(out))
    };
    let mut all = Vec::new();
    for index in 0..4 {
        let names = part(index, 4, &format!("of4-{index}"));
        assert!((40..110).contains(&names.len()), "{}", names.len());
        all.extend(names);
    }
    all.sort();
    let whole = part(0, 1, "whole");
    assert_eq!(whole.len(), 300);
    assert_eq!(all, whole);
    // By the relative path alone: files that come and go move no others, and neither does the way
    // to the tree.
    let before: BTreeSet<_> = files(dir.path("of4-2")).into_iter().collect();
    fs::remove_dir_all(dir.path("t/3")).unwrap();
    named(&dir, 300, 350);
    let after: BTreeSet<_> = part(2, 4, "after").into_iter().collect();
    let number = |name: &String| -> usize {
        let name = name.rsplit('/').next().unwrap();
        name.strip_suffix(".gfe").unwrap().parse().unwrap()
    };
    let kept = |name: &&String| number(name) < 300 && number(name) % 5 != 3;
    assert!(before.iter().filter(kept).eq(after.iter().filter(kept)));
    let there = dir.text("t");
    seal_tree(&dir, &["-q", &there, "-O", "absolute", "--shard=2/4"])
        .run()
        .succeeds();
    assert!(files(dir.path("absolute")).iter().eq(after.iter()));
}

#[test]
#[ignore = "needs GNU parallel; .ci/run runs it"]
fn parts_with_gnu_parallel() {
    let dir = home();
    named(&dir, 0, 300);
    let script = r#"parallel --version | grep -q '^GNU parallel' || exit 99
        parallel --will-cite --jobs 3 '"$FETOOL" seal -r -k @key --json --shard {}/3 t -O out' ::: 0 1 2"#;
    let ended = shell(script, [""; 0]).within(&dir).run();
    let code = ended.code();
    assert_ne!(
        code,
        Some(99),
        "GNU parallel is not installed: {}",
        ended.stderr()
    );
    assert_eq!(code, Some(0), "{}", ended.stderr());
    // Whatever had been done twice would have failed.
    let stdout = ended.stdout();
    let (summaries, lines): (Vec<_>, Vec<_>) = stdout
        .lines()
        .partition(|line| line.starts_with(r#"{"summary":"#));
    assert_eq!(summaries.len(), 3);
    let different: BTreeSet<_> = lines.iter().collect();
    assert_eq!((lines.len(), different.len()), (300, 300));
    assert!(
        lines
            .iter()
            .all(|line| line.contains(r#""result":"sealed""#))
    );
    let sealed: Vec<_> = files(dir.path("t"))
        .iter()
        .map(|name| format!("{name}.gfe"))
        .collect();
    assert_eq!(files(dir.path("out/t")), sealed);
    let back = r#"parallel --will-cite '"$FETOOL" open -q -r -k @key --shard {}/3 out/ -O back' ::: 0 1 2"#;
    shell(back, [""; 0]).within(&dir).run().succeeds();
    assert_eq!(walk(dir.path("back/t")), walk(dir.path("t")));
}

/// Runs that begin at the same moment look for stale files in the same directories, and must not take
/// each other's for stale.
#[test]
fn parts_that_begin_at_once_leave_each_other_alone() {
    let dir = home();
    for number in 0..160 {
        put(&dir, format!("t/{}/{number}", number % 40), "1");
    }
    let script = r#"for shard in 0 1 2 3; do
            "$FETOOL" seal -r -q -k @key --shard $shard/4 t -O out & all="$all $!"
        done
        for one in $all; do wait $one || exit 1; done"#;
    for _ in 0..if big() { 300 } else { 60 } {
        shell(script, [""; 0]).within(&dir).run().succeeds();
        assert_eq!(files(dir.path("out")).len(), 160);
        fs::remove_dir_all(dir.path("out")).unwrap();
    }
}
