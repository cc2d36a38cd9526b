//! Whole trees of which a part was done before: results that are there already, what killed runs
//! left behind, and files that change while they are worked on.

use crate::cli_common::{Dir, Ended, Job, data, fetool, until};
use crate::tree_common::*;
use nix::sys::signal::Signal;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

const NOT_THE_SAME: &str = "fetool: hint: it is not what the source makes; --force replaces it";

/// `t/a` and `t/b`, and both sealed beside them.
fn two_sealed() -> Dir {
    let dir = home();
    put(&dir, "t/a", "first");
    put(&dir, "t/b", "other");
    seal_tree(&dir, &["-q", "t"]).run().succeeds();
    dir
}

fn set_len(path: &Path, len: u64) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(len)
        .unwrap();
}

fn replace(dir: &Dir, name: &str, bytes: impl AsRef<[u8]>) {
    fs::remove_file(dir.path(name)).unwrap();
    fs::write(dir.path(name), bytes).unwrap();
}

#[test]
fn sound_results_are_passed_over() {
    let dir = two_sealed();
    let before = walk(dir.path("t"));
    let seal = |more: &[&str]| seal_tree(&dir, &["t", "--skip-existing"]).args(more).run();
    let summary = "sealed 0 files, 0 B, 4 skipped (2 results exist, 2 sealed already), 0 failed";
    tells(&seal(&[]), 0, &[], summary);
    let lines = [
        "fetool: t/a: skipped: result exists",
        "fetool: t/b: skipped: result exists",
        "fetool: t/a.gfe: skipped: sealed already",
        "fetool: t/b.gfe: skipped: sealed already",
    ];
    tells(&seal(&["--verify-existing", "-v"]), 0, &lines, summary);
    let open = open_tree(&dir, &["t", "--skip-existing", "--verify-existing"]).run();
    tells(
        &open,
        0,
        &[],
        "opened 0 files, 0 B, 4 skipped (2 results exist, 2 not sealed), 0 failed",
    );
    assert_eq!(walk(dir.path("t")), before);
}

#[test]
fn results_that_are_not_sound_are_told() {
    let dir = two_sealed();
    let options = ["t", "--skip-existing", "--exclude=*.gfe"];
    let seal = |more: &[&str]| seal_tree(&dir, &options).args(more).run();
    let bad = |name: &str| format!("fetool: {name}: file exists");
    let summary = "sealed 0 files, 0 B, 1 skipped (1 result exists), 1 failed";
    // The same length but other content: only opening it tells.
    replace(&dir, "t/b", "OTHER");
    tells(
        &seal(&[]),
        0,
        &[],
        "sealed 0 files, 0 B, 2 skipped (2 results exist), 0 failed",
    );
    let line = bad("t/b.gfe");
    let lines = [line.as_str(), NOT_THE_SAME];
    tells(&seal(&["--verify-existing"]), 1, &lines, summary);
    // Another length.
    replace(&dir, "t/b", "others");
    tells(&seal(&[]), 1, &lines, summary);
    // A result that was cut, emptied, or is something else.
    replace(&dir, "t/b", "other");
    let whole = dir.read("t/b.gfe");
    for len in [whole.len() - 1, 20, 0] {
        replace(&dir, "t/b.gfe", &whole[..len]);
        for more in [&[][..], &["--verify-existing"]] {
            let ended = seal(more);
            let stderr = ended.stderr();
            assert_eq!(ended.code(), Some(1), "{len}: {stderr}");
            assert!(stderr.contains(&lines.join("\n")), "{len}: {stderr}");
        }
    }
    let forced = seal_tree(&dir, &["t/b", "--skip-existing", "--force"]).run();
    tells(&forced, 0, &[], "sealed 1 file, 5 B, 0 skipped, 0 failed");
    tells(
        &seal(&["--verify-existing"]),
        0,
        &[],
        "sealed 0 files, 0 B, 2 skipped (2 results exist), 0 failed",
    );
    // And the way back.
    replace(&dir, "t/a", "fir");
    let open = open_tree(&dir, &["t", "--skip-existing"]).run();
    let line = bad("t/a");
    let summary = "opened 0 files, 0 B, 3 skipped (1 result exists, 2 not sealed), 1 failed";
    tells(&open, 1, &[&line, NOT_THE_SAME], summary);
}

#[test]
fn a_killed_run_is_taken_up() {
    let dir = two_sealed();
    let run = |args: &[&str]| seal_tree(&dir, &["t", "--remove-source"]).args(args).run();
    replace(&dir, "t/b", "OTHER");
    let lines = ["fetool: t/b: differs from t/b.gfe; both were kept"];
    tells(
        &run(&[]),
        1,
        &lines,
        "sealed 1 file, 0 B, 2 skipped (2 sealed already), 1 failed",
    );
    assert_eq!(files(dir.path("t")), ["a.gfe", "b", "b.gfe"]);
    // Longer, and shorter.
    for other in ["other and more", "oth", ""] {
        replace(&dir, "t/b", other);
        tells(
            &run(&[]),
            1,
            &lines,
            "sealed 0 files, 0 B, 2 skipped (2 sealed already), 1 failed",
        );
        assert_eq!(dir.read("t/b"), other.as_bytes());
    }
    // A result that does not open.
    replace(&dir, "t/b", "other");
    let sealed = dir.read("t/b.gfe");
    let mut forged = sealed.clone();
    *forged.last_mut().unwrap() ^= 1;
    replace(&dir, "t/b.gfe", forged);
    let lines = [
        "fetool: t/b.gfe: authentication failed: wrong key, or the file was tampered with",
        "fetool: hint: the source was kept",
    ];
    tells(
        &run(&[]),
        3,
        &lines,
        "sealed 0 files, 0 B, 2 skipped (2 sealed already), 1 failed",
    );
    replace(&dir, "t/b.gfe", sealed);
    tells(
        &run(&[]),
        0,
        &[],
        "sealed 1 file, 0 B, 2 skipped (2 sealed already), 0 failed",
    );
    assert_eq!(files(dir.path("t")), ["a.gfe", "b.gfe"]);
}

#[test]
fn a_killed_opening_is_taken_up() {
    let dir = two_sealed();
    replace(&dir, "t/b", "OTHER");
    let open = open_tree(&dir, &["t", "--remove-source"]).run();
    let lines = ["fetool: t/b.gfe: differs from t/b; both were kept"];
    tells(
        &open,
        1,
        &lines,
        "opened 1 file, 0 B, 2 skipped (2 not sealed), 1 failed",
    );
    assert_eq!(files(dir.path("t")), ["a", "b", "b.gfe"]);
}

#[test]
fn stale_temporary_files_go_and_others_stay() {
    let dir = home();
    put(&dir, "t/a", "1");
    put(&dir, "t/d/b", "2");
    let stale = ["t/.fetool-0123456789abcdef.tmp", "t/d/.fetool-0.tmp"];
    let others = ["t/.fetool-1.tm", "t/fetool-1.tmp", "t/x.fetool-1.tmp"];
    for name in stale.iter().chain(&others) {
        put(&dir, name, "left behind");
    }
    let locked = put_locked(&dir, "t/.fetool-feedfeedfeedfeed.tmp");
    fs::create_dir(dir.path("t/.fetool-folder.tmp")).unwrap();
    let sealed = seal_tree(&dir, &["t", "--include=[ab]"]).run();
    tells(&sealed, 0, &[], "sealed 2 files, 2 B, 0 skipped, 0 failed");
    for name in stale {
        assert!(!dir.path(name).exists(), "{name}");
    }
    for name in others {
        assert!(dir.path(name).exists(), "{name}");
    }
    assert!(dir.path("t/.fetool-folder.tmp").is_dir());
    assert!(dir.path("t/.fetool-feedfeedfeedfeed.tmp").exists());
    drop(locked);
    // Temporary files are no files to seal; the directory of the results is searched.
    let again = seal_tree(&dir, &["t", "--force", "--include=a"]).run();
    tells(&again, 0, &[], "sealed 1 file, 1 B, 0 skipped, 0 failed");
    assert!(!dir.path("t/.fetool-feedfeedfeedfeed.tmp").exists());
}

/// A temporary file in use.
fn put_locked(dir: &Dir, name: &str) -> File {
    let file = File::create(dir.path(name)).unwrap();
    file.lock().unwrap();
    file
}

/// Seals a list: `big`, and then others, which are fed at once. Returns when the one worker is at
/// work on the first, and stopped.
fn stopped_at_big(dir: &Dir, others: &[&str], more: &[&str]) -> Job {
    put(dir, "t/big", data(32 << 20));
    dir.set_mode("t/big", 0o600);
    let list = dir.fifo("list");
    let job = fetool(["seal", "-k", KEY_FILE, "--files0-from=list", "-j1", "-c64"])
        .args(more)
        .within(dir)
        .start();
    let mut feed = OpenOptions::new().write(true).open(list).unwrap();
    let names: String = others.iter().map(|name| format!("{name}\0")).collect();
    write!(feed, "t/big\0{names}").unwrap();
    drop(feed);
    until("it is at work", || temporary(&dir.path("t")).is_some());
    // Time for the few names to be read from the list.
    thread::sleep(Duration::from_millis(20));
    job.signal(Signal::SIGSTOP);
    assert!(temporary(&dir.path("t")).is_some(), "it was too fast");
    job
}

#[test]
fn files_that_vanish_or_become_something_else() {
    let dir = home();
    put(&dir, "t/gone", "1");
    put(&dir, "t/turned", "2");
    put(&dir, "t/last", "3");
    let job = stopped_at_big(&dir, &["t/gone", "t/turned", "t/last"], &["-v"]);
    fs::remove_file(dir.path("t/gone")).unwrap();
    fs::remove_file(dir.path("t/turned")).unwrap();
    fs::create_dir(dir.path("t/turned")).unwrap();
    job.signal(Signal::SIGCONT);
    let lines = [
        "fetool: t/big: sealed -> t/big.gfe",
        "fetool: t/gone: no such file or directory",
        "fetool: t/turned: skipped: no longer a regular file",
        "fetool: t/last: sealed -> t/last.gfe",
    ];
    let summary = "sealed 2 files, 32.00 MiB, 1 skipped (1 no longer a regular file), 1 failed";
    tells(&job.end(), 1, &lines, summary);
}

/// As above, where links are followed and so the way to a file is not looked at twice.
#[test]
fn a_file_that_becomes_a_fifo_is_not_waited_for() {
    let dir = home();
    put(&dir, "t/turned", "2");
    let job = stopped_at_big(&dir, &["t/turned"], &["-v", "--follow"]);
    fs::remove_file(dir.path("t/turned")).unwrap();
    dir.fifo("t/turned");
    job.signal(Signal::SIGCONT);
    let lines = [
        "fetool: t/big: sealed -> t/big.gfe",
        "fetool: t/turned: skipped: no longer a regular file",
    ];
    let summary = "sealed 1 file, 32.00 MiB, 1 skipped (1 no longer a regular file), 0 failed";
    tells(&job.end(), 0, &lines, summary);
}

/// The run for another part is done with the directory first, and makes it read-only as its source is.
#[test]
fn a_directory_that_another_part_has_finished() {
    let dir = home();
    put(&dir, "t/d/big", data(32 << 20));
    dir.set_mode("t/d/big", 0o600);
    put(&dir, "t/d/z", "1");
    dir.set_mode("t/d", 0o555);
    let args = [
        "seal",
        "-r",
        "-q",
        "-k",
        KEY_FILE,
        "t/",
        "-O",
        "out",
        "--shard=0/1",
        "-j1",
        "-c64",
    ];
    let job = unprivileged(&dir, &args).start();
    until("it is at work", || temporary(&dir.path("out/d")).is_some());
    job.signal(Signal::SIGSTOP);
    assert!(temporary(&dir.path("out/d")).is_some(), "it was too fast");
    dir.set_mode("out/d", 0o555);
    job.signal(Signal::SIGCONT);
    job.end().succeeds();
    assert_eq!(files(dir.path("out/d")), ["big.gfe", "z.gfe"]);
    assert_eq!(dir.mode("out/d"), 0o555);
    for name in ["t/d", "out/d"] {
        dir.set_mode(name, 0o755);
    }
}

#[test]
fn a_file_that_grows_is_not_taken_for_whole() {
    for more in [&[][..], &["--remove-source"]] {
        let dir = home();
        put(&dir, "t/last", "3");
        let job = stopped_at_big(&dir, &["t/last"], more);
        let big = OpenOptions::new().append(true).open(dir.path("t/big"));
        big.unwrap().write_all(b"more").unwrap();
        job.signal(Signal::SIGCONT);
        let ended = job.end();
        let stderr = ended.stderr();
        let told = [
            "fetool: t/big: the file changed while it was read\n",
            "fetool: t/big: the input is longer than the 33554432 bytes announced\n",
        ];
        assert!(told.iter().any(|told| stderr.starts_with(told)), "{stderr}");
        assert_eq!(ended.code(), Some(1));
        let left = files(dir.path("t"));
        assert!(left.contains(&"last.gfe".to_owned()), "{left:?}: {stderr}");
        assert!(!left.contains(&"big.gfe".to_owned()), "{left:?}");
        assert!(!has_temporary(dir.path("t")));
    }
}

#[test]
fn a_file_that_shrinks_is_not_taken_for_whole() {
    let dir = home();
    let job = stopped_at_big(&dir, &[], &["--remove-source"]);
    set_len(&dir.path("t/big"), 1000);
    job.signal(Signal::SIGCONT);
    let ended = job.end();
    assert_ne!(ended.code(), Some(0), "{}", ended.stderr());
    assert!(
        ended.stderr().starts_with("fetool: t/big: "),
        "{}",
        ended.stderr()
    );
    assert_eq!(files(dir.path("t")), ["big"]);
}

/// As many programs save: the old file stays whole, and another one has its name.
#[test]
fn a_file_that_is_replaced_stays() {
    let dir = home();
    let job = stopped_at_big(&dir, &[], &["--remove-source"]);
    put(&dir, "new", "the new one");
    fs::rename(dir.path("new"), dir.path("t/big")).unwrap();
    job.signal(Signal::SIGCONT);
    let ended = job.end();
    assert!(dir.path("t/big").exists(), "the new file was removed");
    assert_eq!(dir.read("t/big"), b"the new one");
    assert_eq!(ended.code(), Some(1), "{}", ended.stderr());
}

/// The run says how far it came, and that it can go on.
#[test]
fn a_signal_leaves_no_temporary_file() {
    let dir = home();
    let job = stopped_at_big(&dir, &[], &["--remove-source"]);
    job.signal(Signal::SIGINT);
    job.signal(Signal::SIGCONT);
    ends_of(job.end(), Signal::SIGINT, "interrupted: sealed 0 ");
    assert_eq!(files(dir.path("t")), ["big"]);
}

/// SIGTERM waits for what is in work; a second one does not.
#[test]
fn a_run_that_is_terminated_ends_between_files() {
    let dir = home();
    let job = stopped_at_big(&dir, &[], &["--remove-source"]);
    job.signal(Signal::SIGTERM);
    job.signal(Signal::SIGCONT);
    let ended = job.end();
    let stderr = ended.stderr();
    let first = "fetool: ending after the files in work; a second SIGTERM ends at once\n";
    assert!(stderr.starts_with(first), "{stderr}");
    ends_of(ended, Signal::SIGTERM, "interrupted: sealed 1 ");
    assert_eq!(files(dir.path("t")), ["big.gfe"]);
}

#[track_caller]
fn ends_of(ended: Ended, signal: Signal, how_far: &str) {
    assert_eq!(ended.output.status.signal(), Some(signal as i32));
    let stderr = ended.stderr();
    let mut lines = stderr.lines().rev();
    let hint = "fetool: hint: run the same command again to do the rest";
    assert_eq!(lines.next(), Some(hint), "{stderr}");
    let said = lines.next().unwrap_or_default();
    assert!(said.starts_with(&format!("fetool: {how_far}")), "{stderr}");
}
