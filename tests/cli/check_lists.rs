//! `fetool check --record`, `--since` and `--for`: what lists remember and find out.

use crate::check::{check, objects, told};
use crate::cli_common::{Dir, Fetool, K, data, fetool, hex, sealed, shell, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, SystemTime};

const CORRUPTED: &str =
    "silent corruption: the content differs from the list, size and time do not";

fn set_time(dir: &Dir, name: &str, nanoseconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds);
    let file = File::open(dir.path(name)).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Four files with times of their own, in `t`.
fn tree() -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.path("t")).unwrap();
    for (i, name) in ["a", "b", "c", "d"].iter().enumerate() {
        let name = format!("t/{name}.gfe");
        dir.write(&name, sealed(&data(1000 * i), "1000"));
        set_time(&dir, &name, 1_700_000_000_000_000_007 + i as u64);
    }
    dir
}

fn record(dir: &Dir) -> Fetool {
    check(dir, ["-q", "-r", "--record", "l", "t"])
}

fn entries(dir: &Dir) -> Vec<Value> {
    let text = String::from_utf8(dir.read("l")).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The names in the list, and a member of each.
fn listed(dir: &Dir, member: &str) -> Vec<(String, Value)> {
    let entries = entries(dir).into_iter();
    entries
        .map(|mut entry| {
            (
                entry["path"].as_str().unwrap().to_owned(),
                entry[member].take(),
            )
        })
        .collect()
}

/// Makes an old list older.
fn age(dir: &Dir, name: &str, checked: &str) {
    let mut text = String::new();
    for mut entry in entries(dir) {
        if entry["path"] == name {
            entry["checked"] = json!(checked);
        }
        text += &format!("{entry}\n");
    }
    dir.write("l", text);
}

/// Changes a byte, and nothing else that can be seen from outside.
fn rot(dir: &Dir, name: &str) {
    let mut bytes = dir.read(name);
    bytes[40] ^= 1;
    let time = fs::metadata(dir.path(name)).unwrap().modified().unwrap();
    dir.write(name, bytes);
    let file = File::open(dir.path(name)).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn what_a_list_holds() {
    let dir = tree();
    let bad = dir.read("t/a.gfe");
    dir.write("t/cut.gfe", &bad[..30]);
    check(&dir, ["-q", "-r", "-k", K, "--record", "l", "t"])
        .run()
        .fails(
            5,
            "fetool: t/cut.gfe: unexpected EOF: the input ends inside a chunk (at offset 30)\n",
        );
    let all = entries(&dir);
    let results: Vec<_> = all
        .iter()
        .map(|entry| {
            (
                entry["path"].as_str().unwrap(),
                entry["result"].as_str().unwrap(),
                entry["status"].as_u64().unwrap(),
            )
        })
        .collect();
    let good = |name| (name, "authentic", 0);
    let expected = [
        good("t/a.gfe"),
        good("t/b.gfe"),
        good("t/c.gfe"),
        good("t/d.gfe"),
        ("t/cut.gfe", "failed", 5),
    ];
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(results, expected);
    let mut first = all[0].clone();
    let checked = first["checked"].take();
    let bytes = dir.read("t/a.gfe");
    let hash = blake3::hash(&bytes).to_hex().to_string();
    assert_eq!(
        first,
        json!({"path": "t/a.gfe", "size": bytes.len(), "mtime": "1700000000.000000007", "blake3": hash,
               "result": "authentic", "status": 0, "checked": null})
    );
    let checked = humantime_seconds(checked.as_str().unwrap());
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert!(checked.abs_diff(now.as_secs()) < 100, "{checked}");
    assert_eq!(dir.mode("l"), 0o600);
    dir.holds_only(&["l", "t"]);
}

/// 2026-11-28T10:45:51Z, without a crate for it.
fn humantime_seconds(text: &str) -> u64 {
    let date = shell(r#"date -u -d "$1" +%s"#, [text]).run().succeeds();
    String::from_utf8(date).unwrap().trim().parse().unwrap()
}

#[test]
fn nothing_has_changed() {
    let dir = tree();
    let ended = check(&dir, ["-r", "--record", "l", "t"]).run();
    let summary = "checked the structure of 4 files, 6.15 KiB, 0 skipped, 0 failed";
    told(&ended, 0, &[], &format!("{summary}, 4 new"));
    for args in [["--record", "l"], ["--since", "l"]] {
        let ended = check(&dir, ["-r", "t"]).args(args).run();
        told(&ended, 0, &[], summary);
        // Other names for the same.
        let ended = check(&dir, ["-r", "./t/"]).args(args).run();
        told(&ended, 0, &[], summary);
    }
    // Touched, and nothing else.
    set_time(&dir, "t/a.gfe", 5);
    let ended = check(&dir, ["-r", "--since", "l", "t"]).run();
    told(&ended, 0, &[], summary);
}

#[test]
fn rot_change_and_loss_are_told_apart() {
    let dir = tree();
    record(&dir).run().succeeds();
    rot(&dir, "t/b.gfe");
    dir.write("t/c.gfe", sealed(&data(7), "1000"));
    fs::remove_file(dir.path("t/d.gfe")).unwrap();
    dir.write("t/e.gfe", sealed(&data(8), "1000"));
    let before = entries(&dir);
    let date = before[3]["checked"].as_str().unwrap().to_owned();
    let corrupted = format!("t/b.gfe: {CORRUPTED}");
    let missing = format!("t/d.gfe: missing: it was checked on {date} and is gone");
    let summary = "checked the structure of 4 files, 1.18 KiB, 0 skipped, 1 failed, \
                   1 silently corrupted, 1 missing, 1 changed, 1 new";
    for list in ["--since", "--record"] {
        let ended = check(&dir, ["-r", list, "l", "t", "--json"]).run();
        let stdout = told(&ended, 3, &[&corrupted, &missing], summary);
        let (files, summary) = objects(&stdout);
        let since: Vec<_> = files
            .iter()
            .map(|file| {
                (
                    file["path"].as_str().unwrap(),
                    file["result"].as_str().unwrap(),
                    file["since"].clone(),
                )
            })
            .collect();
        let expected = [
            ("t/a.gfe", "intact", json!("same")),
            ("t/b.gfe", "failed", json!("corrupted")),
            ("t/c.gfe", "intact", json!("changed")),
            ("t/d.gfe", "missing", Value::Null),
            ("t/e.gfe", "intact", json!("new")),
        ];
        assert_eq!(since, expected);
        let counts = ["failed", "corrupted", "changed", "new", "missing", "status"];
        assert_eq!(
            counts.map(|name| summary[name].as_u64().unwrap()),
            [1, 1, 1, 1, 1, 3]
        );
    }
    let names: Vec<_> = listed(&dir, "result");
    let expected = [
        ("t/a.gfe", "intact"),
        ("t/b.gfe", "corrupted"),
        ("t/c.gfe", "intact"),
        ("t/e.gfe", "intact"),
    ];
    assert_eq!(
        names,
        expected.map(|(name, result)| (name.to_owned(), json!(result)))
    );
    // It stays corrupted until it is what it was.
    assert_eq!(entries(&dir)[1]["blake3"], before[1]["blake3"]);
    let summary =
        "checked the structure of 4 files, 1.18 KiB, 0 skipped, 1 failed, 1 silently corrupted";
    let ended = check(&dir, ["-r", "--record", "l", "t"]).run();
    told(&ended, 3, &[&corrupted], summary);
    rot(&dir, "t/b.gfe");
    record(&dir).run().succeeds();
    assert_eq!(entries(&dir)[1]["result"], "intact");
}

/// A file that is not authentic is said to be corrupted as well, and counts once.
#[test]
fn rot_with_a_key() {
    let dir = tree();
    check(&dir, ["-q", "-r", "-k", K, "--record", "l", "t"])
        .run()
        .succeeds();
    rot(&dir, "t/b.gfe");
    let ended = check(&dir, ["-r", "-k", K, "--record", "l", "t"]).run();
    let lines = [
        "t/b.gfe: authentication failed: wrong key, or the file was tampered with".to_owned(),
        format!("t/b.gfe: {CORRUPTED}"),
    ];
    let summary = "checked 4 files, 6.15 KiB, 0 skipped, 1 failed, 1 silently corrupted";
    told(&ended, 3, &[&lines[0], &lines[1]], summary);
    assert_eq!(entries(&dir)[1]["status"], 3);
}

/// Bytes behind a fault are part of the content.
#[test]
fn files_that_were_bad_before() {
    let dir = tree();
    let mut bytes = dir.read("t/d.gfe");
    bytes[30] ^= 1;
    dir.write("t/d.gfe", bytes);
    let wrong =
        "fetool: t/d.gfe: authentication failed: wrong key, or the file was tampered with\n";
    let run = || check(&dir, ["-q", "-r", "-k", K, "--record", "l", "t"]).run();
    run().fails(3, wrong);
    let hash = blake3::hash(&dir.read("t/d.gfe")).to_hex().to_string();
    assert_eq!(entries(&dir)[3]["blake3"], json!(hash));
    run().fails(3, wrong);
    assert_eq!(entries(&dir)[3]["result"], "failed");
}

#[test]
fn entries_of_other_files_stay() {
    let dir = tree();
    record(&dir).run().succeeds();
    age(&dir, "t/c.gfe", "2001-02-03T04:05:06Z");
    fs::remove_file(dir.path("t/d.gfe")).unwrap();
    let ended = check(&dir, ["-q", "--record", "l", "t/a.gfe"]).run();
    ended.succeeds();
    assert_eq!(entries(&dir).len(), 4);
    assert_eq!(listed(&dir, "checked")[2].1, "2001-02-03T04:05:06Z");
    // A directory that is gone, or not mounted, loses no entry.
    fs::rename(dir.path("t"), dir.path("u")).unwrap();
    let ended = check(&dir, ["-r", "--record", "l", "t", "u"]).run();
    let summary = "checked the structure of 3 files, 3.12 KiB, 0 skipped, 1 failed, 3 new";
    told(&ended, 1, &["t: no such file or directory"], summary);
    assert_eq!(entries(&dir).len(), 7);
}

#[test]
fn two_lists() {
    let dir = tree();
    record(&dir).run().succeeds();
    let old = dir.read("l");
    dir.write("old", &old);
    rot(&dir, "t/b.gfe");
    fs::remove_file(dir.path("l")).unwrap();
    let ended = check(&dir, ["-q", "-r", "--since", "old", "--record", "l", "t"]).run();
    ended.fails(3, &format!("fetool: t/b.gfe: {CORRUPTED}\n"));
    assert_eq!(dir.read("old"), old);
    assert_eq!(entries(&dir)[1]["result"], "corrupted");
    let ended = check(&dir, ["-q", "-r", "--since", "none", "t"]).run();
    ended.fails(1, "fetool: none: no such file or directory\n");
    // The first night.
    fs::remove_file(dir.path("l")).unwrap();
    let ended = check(&dir, ["-q", "-r", "--since", "l", "--record", "l", "t"]).run();
    ended.succeeds();
    assert_eq!(entries(&dir).len(), 4);
}

#[test]
fn names_that_are_no_text() {
    let dir = Dir::new();
    fs::create_dir(dir.path("t")).unwrap();
    let name = OsStr::from_bytes(b"t/\xff\xfe\n\"\\\x1b.gfe");
    let lossy = "t/\u{fffd}\u{fffd}\n\"\\\u{1b}.gfe";
    fs::write(dir.path(name), sealed(b"a", "1000")).unwrap();
    fs::write(dir.path(lossy), sealed(b"b", "1000")).unwrap();
    record(&dir).run().succeeds();
    let all = entries(&dir);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|entry| entry["path"] == lossy));
    let hexes: Vec<_> = all
        .iter()
        .filter_map(|entry| entry["path_hex"].as_str())
        .collect();
    assert_eq!(hexes, [hex(name.as_bytes())]);
    fs::remove_file(dir.path(name)).unwrap();
    let ended = record(&dir).run();
    assert_eq!(ended.code(), Some(1));
    let shown = r"t/\xff\xfe\n";
    assert!(
        ended.stderr().starts_with(&format!("fetool: {shown}")),
        "{}",
        ended.stderr()
    );
    assert_eq!(entries(&dir).len(), 1);
}

#[test]
fn what_is_no_list_is_left_alone() {
    let dir = tree();
    dir.write("l", "{\"path\":\"x\"}\n");
    for option in ["--record", "--since"] {
        let ended = check(&dir, ["-q", "-r", option, "l", "t"]).run();
        ended.fails(
            4,
            "fetool: l: line 1 is no entry of a list that 'fetool check --record' wrote\n\
             fetool: hint: name another FILE, or remove this one to begin a new list\n",
        );
    }
    assert_eq!(dir.read("l"), b"{\"path\":\"x\"}\n");
    let ended = check(&dir, ["-q", "-r", "--record", "none/l", "t"]).run();
    ended.fails(1, "fetool: none/l: no such file or directory\n");
}

#[test]
fn a_list_keeps_its_mode_and_its_link() {
    let dir = tree();
    dir.write("real", "");
    dir.set_mode("real", 0o644);
    symlink("real", dir.path("l")).unwrap();
    record(&dir).run().succeeds();
    assert_eq!(dir.mode("real"), 0o644);
    assert!(fs::symlink_metadata(dir.path("l")).unwrap().is_symlink());
    assert_eq!(entries(&dir).len(), 4);
}

/// What was never checked comes first, then what was checked longest ago.
#[test]
fn the_order_of_runs_with_a_time() {
    let dir = tree();
    record(&dir).run().succeeds();
    age(&dir, "t/c.gfe", "2001-02-03T04:05:06Z");
    age(&dir, "t/d.gfe", "2002-02-03T04:05:06Z");
    dir.write("t/z.gfe", sealed(b"z", "1000"));
    let ended = check(
        &dir,
        [
            "-q", "-j1", "-r", "--json", "--record", "l", "--for", "1h", "t",
        ],
    )
    .run();
    let stdout = ended.stdout();
    let order: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let order: Vec<_> = order
        .iter()
        .filter_map(|object| object["path"].as_str())
        .collect();
    assert_eq!(
        order,
        ["t/z.gfe", "t/c.gfe", "t/d.gfe", "t/a.gfe", "t/b.gfe"]
    );
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn no_file_is_begun_when_the_time_is_up() {
    let dir = tree();
    let ended = check(&dir, ["-r", "--record", "l", "--for", "0s", "--json", "t"]).run();
    let summary = "checked the structure of 0 files, 0 B, 0 skipped, 0 failed";
    let left = "time is up: 4 files left; the next run with --record l begins with them";
    let stdout = told(&ended, 0, &[left], summary);
    assert_eq!(objects(&stdout).1["left"], 4);
    assert_eq!(dir.read("l"), b"");
}

/// What is planned is not written.
#[test]
fn a_dry_run_leaves_the_list_alone() {
    let dir = tree();
    let ended = fetool(["check", "-n", "-q", "-r", "--record", "l", "t"])
        .within(&dir)
        .run();
    assert_eq!(ended.code(), Some(0));
    dir.holds_only(&["t"]);
}

/// A disk that is not mounted leaves an empty directory, and nothing of the list is lost by that.
#[test]
fn an_empty_directory_forgets_nothing() {
    let dir = tree();
    record(&dir).run().succeeds();
    let before = dir.read("l");
    fs::rename(dir.path("t"), dir.path("away")).unwrap();
    fs::create_dir(dir.path("t")).unwrap();
    for _ in 0..2 {
        assert_eq!(record(&dir).run().code(), Some(1));
        assert_eq!(dir.read("l"), before);
    }
    fs::remove_dir(dir.path("t")).unwrap();
    fs::rename(dir.path("away"), dir.path("t")).unwrap();
    rot(&dir, "t/b.gfe");
    assert_eq!(record(&dir).run().code(), Some(3));
}

/// A list has one run at a time; it is unlocked when that ends, however it ends.
#[test]
fn one_run_for_a_list() {
    let dir = tree();
    let refused = "fetool: l: another run of fetool writes this list\n\
                   fetool: hint: wait until it has ended, or give each run a list of its own\n";
    dir.fifo("fifo");
    let start = || {
        let start = check(&dir, ["-q", "--record", "l", "t/a.gfe", "fifo"]).start();
        until("the list is there", || dir.path("l").exists());
        start
    };
    for round in 0..2 {
        // The list was not there, or was.
        let waiting = start();
        until("it is locked", || dir.open("l").try_lock().is_err());
        let before = dir.read("l");
        record(&dir).run().fails(1, refused);
        assert!(dir.read("l") == before, "{round}");
        // Reading it is no harm.
        check(&dir, ["-q", "--since", "l", "t/a.gfe"])
            .run()
            .succeeds();
        check(&dir, ["-q", "-n", "--record", "l", "t/a.gfe"]).run();
        waiting.signal(Signal::SIGKILL);
        waiting.end();
        record(&dir).run().succeeds();
        assert_eq!(entries(&dir).len(), 4);
    }
}

/// What was checked until a signal comes is in the list.
#[test]
fn a_signal_loses_nothing() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let dir = tree();
        dir.fifo("fifo");
        let (err, stderr) = io::pipe().unwrap();
        let run = check(&dir, ["-v", "--record", "l", "t/a.gfe", "t/b.gfe", "fifo"]);
        let job = run.stderr(stderr).start();
        let mut lines = BufReader::new(err).lines().map(Result::unwrap);
        let mut told: Vec<_> = lines.by_ref().take(2).collect();
        told.sort();
        for (line, name) in told.iter().zip(["a", "b"]) {
            let start = format!("fetool: t/{name}.gfe: structure intact: gfe");
            assert!(line.starts_with(&start), "{line}");
        }
        job.signal(signal);
        let ended = job.end();
        assert_eq!(ended.output.status.signal(), Some(signal as i32));
        assert_eq!(
            lines.next().as_deref(),
            Some("fetool: interrupted: checked 2 of 3 files")
        );
        let names: Vec<_> = listed(&dir, "result");
        let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["t/a.gfe", "t/b.gfe"]);
        dir.holds_only(&["fifo", "l", "t"]);
    }
}

/// A list that cannot be written is told, and keeps nobody from ending the run.
#[test]
fn a_signal_when_the_list_cannot_be_written() {
    let dir = tree();
    dir.fifo("fifo");
    fs::create_dir(dir.path("lists")).unwrap();
    let (err, stderr) = io::pipe().unwrap();
    let run = check(&dir, ["-v", "--record", "lists/l", "t/a.gfe", "fifo"]);
    let job = run.stderr(stderr).start();
    let mut lines = BufReader::new(err).lines().map(Result::unwrap);
    let told = lines.next().unwrap();
    assert!(
        told.starts_with("fetool: t/a.gfe: structure intact"),
        "{told}"
    );
    fs::remove_dir_all(dir.path("lists")).unwrap();
    job.signal(Signal::SIGTERM);
    let ended = job.end();
    assert_eq!(ended.output.status.signal(), Some(Signal::SIGTERM as i32));
    let mut told: Vec<_> = lines.collect();
    told.sort();
    let expected = [
        "fetool: interrupted: checked 1 of 2 files",
        "fetool: lists/l: no such file or directory",
    ];
    assert_eq!(told, expected);
}
