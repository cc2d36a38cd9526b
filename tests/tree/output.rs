//! Whole trees: what is printed, what is only planned, and what is refused.

use crate::cli_common::{Dir, fetool};
use crate::tree_common::*;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// `t/a` and `t/d/b`, of one and two bytes.
fn two() -> Dir {
    let dir = home();
    put(&dir, "t/a", "1");
    put(&dir, "t/d/b", "22");
    dir
}

/// A line of --json.
fn json(path: &str, output: &str, rest: &str) -> String {
    let output = match output {
        "" => "null".to_owned(),
        output => format!("\"{output}\""),
    };
    let (path_hex, output_hex) = (r#""path_hex":null"#, r#""output_hex":null"#);
    format!(r#"{{"path":"{path}",{path_hex},"output":{output},{output_hex},{rest}}}"#)
}

#[track_caller]
fn lines_are(stdout: &str, expected: &[String]) {
    let mut lines: Vec<_> = stdout.lines().collect();
    lines.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(lines, expected);
    assert!(stdout.ends_with('\n'));
}

/// The lines before the last, which is the summary with these numbers: files, bytes, planned, skipped,
/// failed, status.
#[track_caller]
fn without_summary(stdout: &str, numbers: [u64; 6], by_reason: &str) -> String {
    let (lines, last) = stdout.trim_end().rsplit_once('\n').unwrap();
    let [files, bytes, planned, skipped, failed, status] = numbers;
    let (before, after) = last.split_once(r#""seconds":"#).unwrap();
    let counts = format!(
        r#""files":{files},"bytes":{bytes},"updated":0,"unchanged":0,"deleted":0,"links":0,"planned":{planned}"#
    );
    let rest = format!(r#""skipped":{skipped},"skipped_by_reason":{by_reason},"failed":{failed}"#);
    assert_eq!(before, format!(r#"{{"summary":{{{counts},{rest},"#));
    let (seconds, after) = after.split_once(',').unwrap();
    assert!(seconds.parse::<f64>().unwrap() > 0.0, "{last}");
    assert_eq!(after, format!(r#""status":{status}}}}}"#));
    format!("{lines}\n")
}

#[test]
fn names_that_are_no_text_are_told_in_hexadecimal_digits() {
    let dir = home();
    let name = OsStr::from_bytes(b"\xff");
    fs::create_dir(dir.path("t")).unwrap();
    fs::write(dir.path("t").join(name), "1").unwrap();
    let stdout = seal_tree(&dir, &["t", "--json", "-q"]).run().succeeds();
    let expected = "{\"path\":\"t/\u{fffd}\",\"path_hex\":\"742fff\",\
                    \"output\":\"t/\u{fffd}.gfe\",\"output_hex\":\"742fff2e676665\",\
                    \"result\":\"sealed\",\"bytes\":1,\"reason\":null,\"status\":0}\n";
    let stdout = String::from_utf8(stdout).unwrap();
    assert_eq!(without_summary(&stdout, [1, 1, 0, 0, 0, 0], "{}"), expected);
}

#[test]
fn one_json_line_a_file() {
    let dir = two();
    dir.fifo("t/fifo");
    let run = |args: &[&str]| {
        seal_tree(&dir, &["t", "-O", "out", "--json"])
            .args(args)
            .run()
    };
    let odd = ["fetool: t/fifo: skipped: FIFO"];
    let fifo = json(
        "t/fifo",
        "",
        r#""result":"skipped","bytes":null,"reason":"FIFO","status":0"#,
    );
    let stdout = planned(
        &run(&["-n"]),
        0,
        &odd,
        "would seal 2 files, 1 skipped (1 FIFO), 0 failed",
    );
    let by_reason = r#"{"FIFO":1}"#;
    let stdout = without_summary(&stdout, [0, 0, 2, 1, 0, 0], by_reason);
    let would = r#""result":"planned","bytes":null,"reason":null,"status":0"#;
    let plan = [
        json("t/a", "out/t/a.gfe", would),
        json("t/d/b", "out/t/d/b.gfe", would),
        fifo.clone(),
    ];
    lines_are(&stdout, &plan);
    let summary = "sealed 2 files, 3 B, 1 skipped (1 FIFO), 0 failed";
    let stdout = tells(&run(&[]), 0, &odd, summary);
    let stdout = without_summary(&stdout, [2, 3, 0, 1, 0, 0], by_reason);
    let sealed = |bytes| format!(r#""result":"sealed","bytes":{bytes},"reason":null,"status":0"#);
    let done = [
        json("t/a", "out/t/a.gfe", &sealed(1)),
        json("t/d/b", "out/t/d/b.gfe", &sealed(2)),
        fifo.clone(),
    ];
    lines_are(&stdout, &done);
    let failed = r#""result":"failed","bytes":null,"reason":"file exists","status":1"#;
    let again = run(&["-q"]);
    assert_eq!(again.code(), Some(1));
    let exist = [
        json("t/a", "out/t/a.gfe", failed),
        json("t/d/b", "out/t/d/b.gfe", failed),
        fifo,
    ];
    let stdout = again.stdout();
    lines_are(
        &without_summary(&stdout, [0, 0, 0, 1, 2, 1], by_reason),
        &exist,
    );
}

#[test]
fn a_plan_changes_nothing() {
    let dir = two();
    let before = walk(dir.path(""));
    let run = |args: &[&str]| seal_tree(&dir, &["-n", "t"]).args(args).run();
    let stdout = planned(
        &run(&["-O", "out"]),
        0,
        &[],
        "would seal 2 files, 0 skipped, 0 failed",
    );
    let plan = [
        "would seal t/a -> out/t/a.gfe",
        "would seal t/d/b -> out/t/d/b.gfe",
    ];
    lines_are(&stdout, &plan.map(str::to_owned));
    let summary = "would seal 2 files, 0 skipped, 0 failed";
    planned(&run(&["--remove-source", "--force"]), 0, &[], summary);
    assert_eq!(walk(dir.path("")), before);
    // What is there already.
    put(&dir, "t/a.gfe", "");
    let exists = ["fetool: t/a.gfe: file exists", OVERWRITE];
    let summary = "would seal 2 files, 0 skipped, 1 failed";
    let stdout = planned(&run(&[]), 1, &exists, summary);
    assert_eq!(stdout.lines().count(), 2);
    let summary = "would seal 2 files, 1 skipped (1 result exists), 0 failed";
    planned(&run(&["--skip-existing"]), 0, &[], summary);
    let opening = open_tree(&dir, &["-n", "t"]).run();
    let empty = ["fetool: t/a.gfe: unexpected EOF: the input is empty (at offset 0)"];
    let summary = "would open 0 files, 2 skipped (2 not sealed), 1 failed";
    assert_eq!(planned(&opening, 5, &empty, summary), "");
}

#[test]
fn quiet_is_quiet_and_failures_are_not() {
    let dir = two();
    dir.fifo("t/fifo");
    seal_tree(&dir, &["t", "-q"]).run().succeeds();
    let again = seal_tree(&dir, &["t/a", "-q"]).run();
    again.fails(1, &format!("fetool: t/a.gfe: file exists\n{OVERWRITE}\n"));
}

#[test]
fn options_that_do_not_go_together() {
    let dir = two();
    let before = walk(dir.path(""));
    let refused = |args: &[&str], message: &str| {
        let secret = ["-k", KEY_FILE];
        fetool(args)
            .args(secret)
            .within(&dir)
            .run()
            .fails(2, message);
    };
    for option in [
        &["--output-dir=out"][..],
        &["--include=*"],
        &["--exclude=*"],
        &["--no-hidden"],
        &["--hidden"],
        &["--one-file-system"],
        &["--max-depth=1"],
        &["--follow"],
        &["--skip-existing"],
        &["--remove-source"],
        &["--no-preserve"],
        &["--fail-fast"],
        &["--dry-run"],
        &["--json"],
        &["--shard=0/2"],
    ] {
        let name = option[0].split('=').next().unwrap();
        for verb in ["seal", "open"] {
            let message = match (verb, name) {
                ("open", "--json") => {
                    "fetool: --json requires --check, --salvage, -r or --files0-from\n".to_owned()
                }
                _ => format!("fetool: {name} requires -r or --files0-from\n"),
            };
            refused(&[verb, "t/a", option[0]], &message);
        }
    }
    let message = "fetool: --no-hidden requires -r or --files0-from\n";
    refused(
        &["rekey", "--new-key=env:TEST_KEY", "t/a", "--no-hidden"],
        message,
    );
    let one = |option: &str, hint: &str| {
        format!("fetool: {option} cannot be used with -r or --files0-from\nfetool: hint: {hint}\n")
    };
    let dir_hint = "-O DIR names the directory for the files";
    refused(&["seal", "-r", "t", "-o", "x"], &one("-o", dir_hint));
    refused(&["open", "-r", "t", "-o", "x"], &one("-o", dir_hint));
    let own = "each file keeps its own header";
    refused(
        &["seal", "-r", "t", "--header", "x", "-f", "dexios"],
        &one("--header", own),
    );
    let own = "each file has a header of its own";
    refused(&["open", "-r", "t", "--header", "x"], &one("--header", own));
    let known = "the length of a file is known";
    refused(&["seal", "-r", "t", "--size", "3"], &one("--size", known));
    let many = "'fetool check -r' authenticates every file of a tree";
    refused(&["open", "-r", "t", "--check"], &one("--check", many));
    for verb in ["seal", "open"] {
        refused(&[verb, "-r"], "fetool: -r needs a PATH\n");
        refused(
            &[verb, "t/a", "--files0-from", "key"],
            "fetool: PATHs cannot be used with --files0-from\n",
        );
    }
    refused(
        &["seal", "t/a", "t/d/b"],
        "fetool: more than one PATH\nfetool: hint: to work on each file by itself, add -r\n",
    );
    assert_eq!(walk(dir.path("")), before);
}

#[test]
fn values_that_make_no_sense() {
    let dir = two();
    let wrong = |args: &[&str], message: &str| {
        let ended = seal_tree(&dir, &["t"]).args(args).run();
        let message = format!("fetool: {message}\n\nFor more information, try '--help'.\n");
        ended.fails(2, &message);
    };
    for part in ["3/3", "0/0", "1", "-1/2", "a/b"] {
        wrong(
            &[&format!("--shard={part}")],
            &format!(
                "invalid value '{part}' for '--shard <I/N>': a part is I/N, with I from 0 to N - 1"
            ),
        );
    }
    wrong(
        &["--max-depth=0"],
        "invalid value '0' for '--max-depth <N>': 0 is not in 1..=4294967295",
    );
    wrong(
        &["--exclude=["],
        "invalid value '[' for '--exclude <GLOB>': unclosed character class; missing ']'",
    );
    let both = seal_tree(&dir, &["--files0-from=x"]).run();
    assert_eq!(both.code(), Some(2));
    assert!(
        both.stderr().contains("cannot be used with"),
        "{}",
        both.stderr()
    );
    let alone = seal_tree(&dir, &["t", "--verify-existing"]).run();
    assert_eq!(alone.code(), Some(2));
    assert!(
        alone.stderr().contains("--skip-existing"),
        "{}",
        alone.stderr()
    );
}

#[test]
fn the_output_directory_is_a_file() {
    let dir = two();
    let ended = seal_tree(&dir, &["t", "-O", "t/a"]).run();
    ended.fails(1, "fetool: t/a: file exists\n");
}

#[test]
fn the_list_and_the_secret_cannot_both_be_standard_input() {
    let dir = two();
    let ended = fetool(["seal", "-p=@-", "-f", "dexios", "--files0-from=-"])
        .within(&dir)
        .input("t/a\0")
        .run();
    assert_eq!(ended.code(), Some(2), "{}", ended.stderr());
}
