//! `--delete`: what is gone goes, and nothing else.

use crate::cli_common::{Dir, Fetool, fetool};
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;

const FORCE: &str = "fetool: hint: if its files are really gone, --force deletes their results";

/// `t` with four files, and `out` with their results.
pub fn mirrored() -> Dir {
    let dir = home();
    for name in ["a", "b", "d/c", "e/f/g"] {
        put(&dir, format!("t/{name}"), name);
    }
    mirror(&dir, &["-q"]).run().succeeds();
    dir
}

pub fn mirror(dir: &Dir, more: &[&str]) -> Fetool {
    seal_tree(dir, &["--update", "--delete", "t/", "-O", "out"]).args(more)
}

fn summary(new: u64, unchanged: u64, deleted: u64, failed: u64) -> String {
    let (files, bytes) = match new {
        1 => ("1 file", "3 B"),
        _ => ("0 files", "0 B"),
    };
    format!(
        "sealed {files}, updated 0, {bytes}, {unchanged} unchanged, {deleted} deleted, 0 skipped, \
         {failed} failed"
    )
}

#[test]
fn results_without_a_source_are_removed() {
    let dir = mirrored();
    tells(&mirror(&dir, &[]).run(), 0, &[], &summary(0, 4, 0, 0));
    fs::remove_file(dir.path("t/a")).unwrap();
    fs::remove_dir_all(dir.path("t/e")).unwrap();
    put(&dir, "t/new", "new");
    let ended = mirror(&dir, &["-n"]).run();
    let counts = "would seal 1 file, update 0, delete 2, 2 unchanged, 0 skipped, 0 failed";
    let said = planned(&ended, 0, &[], counts);
    let mut lines: Vec<_> = said.lines().collect();
    lines.sort_unstable();
    let would = [
        "would delete out/a.gfe",
        "would delete out/e/f/g.gfe",
        "would seal t/new -> out/new.gfe",
    ];
    assert_eq!(lines, would);
    let ended = mirror(&dir, &["-v"]).run();
    let lines = [
        "fetool: out/a.gfe: deleted",
        "fetool: out/e/f/g.gfe: deleted",
        "fetool: out/e/f: deleted: empty directory",
        "fetool: out/e: deleted: empty directory",
        "fetool: t/b: unchanged",
        "fetool: t/d/c: unchanged",
        "fetool: t/new: sealed -> out/new.gfe",
    ];
    tells(&ended, 0, &lines, &summary(1, 2, 2, 0));
    assert_eq!(files(dir.path("out")), ["b.gfe", "d/c.gfe", "new.gfe"]);
    assert!(!dir.path("out/e").exists());
}

/// What fetool did not seal is not its to remove.
#[test]
fn only_sealed_files_of_this_format_are_removed() {
    let dir = mirrored();
    dir.write("out/note", "mine");
    dir.write("out/fake.gfe", "no sealed file");
    dir.write("out/d/other.age", "age-encryption.org/v1\n");
    symlink("note", dir.path("out/link.gfe")).unwrap();
    fs::create_dir(dir.path("out/empty")).unwrap();
    let ended = mirror(&dir, &["-v", "--exclude=*"]).run();
    let stderr = ended.stderr();
    let kept = "fetool: out/fake.gfe: kept: it has no source, but is no sealed file\n";
    assert!(stderr.contains(kept), "{stderr}");
    // What is left out is still there, so its results stay.
    assert!(
        stderr.contains("fetool: t/a: excluded by --exclude *\n"),
        "{stderr}"
    );
    assert!(
        stderr.contains(", 0 unchanged, 0 deleted, 0 skipped"),
        "{stderr}"
    );
    let left = [
        "a.gfe",
        "b.gfe",
        "d/c.gfe",
        "d/other.age",
        "e/f/g.gfe",
        "fake.gfe",
        "link.gfe",
        "note",
    ];
    assert_eq!(files(dir.path("out")), left);
    fs::remove_dir_all(dir.path("t/d")).unwrap();
    mirror(&dir, &["-q"]).run().succeeds();
    let left = [
        "a.gfe",
        "b.gfe",
        "d/other.age",
        "e/f/g.gfe",
        "fake.gfe",
        "link.gfe",
        "note",
    ];
    assert_eq!(files(dir.path("out")), left);
}

#[test]
fn a_source_that_may_only_be_away_deletes_nothing() {
    let dir = mirrored();
    let all = files(dir.path("out"));
    // As if it were a mount point, and nothing mounted.
    fs::rename(dir.path("t"), dir.path("away")).unwrap();
    fs::create_dir(dir.path("t")).unwrap();
    let lines = [
        "fetool: t/: the directory is empty, so nothing was deleted",
        FORCE,
    ];
    tells(&mirror(&dir, &[]).run(), 1, &lines, &summary(0, 0, 0, 1));
    // A new disk.
    fs::create_dir(dir.path("t/lost+found")).unwrap();
    tells(&mirror(&dir, &[]).run(), 1, &lines, &summary(0, 0, 0, 1));
    fs::remove_dir(dir.path("t/lost+found")).unwrap();
    // And as if it were none.
    fs::remove_dir(dir.path("t")).unwrap();
    let ended = seal_tree(&dir, &["--update", "--delete", "t/", "away/d", "-O", "out"]).run();
    let lines = [
        "fetool: t/: no such file or directory",
        "fetool: out: nothing was deleted, because of what failed before",
    ];
    let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 0 deleted, 0 skipped, 2 failed";
    tells(&ended, 1, &lines, said);
    assert_eq!(files(dir.path("out")), all);
    // A part of it that cannot be read.
    fs::rename(dir.path("away"), dir.path("t")).unwrap();
    fs::remove_file(dir.path("t/a")).unwrap();
    dir.set_mode("t/d", 0o000);
    let options = [
        "seal", "-r", "-k", KEY_FILE, "--update", "--delete", "t/", "-O", "out",
    ];
    let ended = unprivileged(&dir, &options).run();
    dir.set_mode("t/d", 0o755);
    let stderr = ended.stderr();
    assert_eq!(ended.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("fetool: t/d: permission denied\n"),
        "{stderr}"
    );
    assert!(stderr.contains(lines[1]), "{stderr}");
    assert_eq!(files(dir.path("out")), all);
    // It is known to be so.
    fs::remove_dir_all(dir.path("t")).unwrap();
    fs::create_dir(dir.path("t")).unwrap();
    tells(
        &mirror(&dir, &["--force"]).run(),
        0,
        &[],
        &summary(0, 0, 4, 0),
    );
    assert!(files(dir.path("out")).is_empty());
    assert!(dir.path("out").is_dir());
}

#[test]
fn a_file_that_fails_keeps_everything() {
    let dir = mirrored();
    fs::remove_file(dir.path("t/a")).unwrap();
    fs::create_dir(dir.path("out/new.gfe")).unwrap();
    put(&dir, "t/new", "new");
    let ended = mirror(&dir, &[]).run();
    let lines = [
        "fetool: out/new.gfe: is a directory",
        "fetool: out: nothing was deleted, because of what failed before",
    ];
    tells(&ended, 1, &lines, &summary(0, 3, 0, 2));
    assert!(dir.path("out/a.gfe").exists());
    // --force is about PATHs that are empty or missing.
    let ended = mirror(&dir, &["--force"]).run();
    tells(&ended, 1, &lines, &summary(0, 3, 0, 2));
    fs::remove_dir(dir.path("out/new.gfe")).unwrap();
    let ended = mirror(&dir, &["--force", "gone"]).run();
    let line = "fetool: gone: no such file or directory";
    tells(&ended, 1, &[line], &summary(1, 3, 1, 1));
    assert!(!dir.path("out/a.gfe").exists());
}

#[test]
fn no_more_than_was_allowed() {
    let dir = mirrored();
    fs::remove_file(dir.path("t/a")).unwrap();
    fs::remove_dir_all(dir.path("t/e")).unwrap();
    // This is no result.
    dir.write("out/note.gfe", "mine");
    let lines = [
        "fetool: out: 2 results would be deleted, and --max-delete allows 1",
        "fetool: hint: nothing was deleted; -n lists them",
    ];
    let ended = mirror(&dir, &["--max-delete=1"]).run();
    tells(&ended, 1, &lines, &summary(0, 2, 0, 1));
    assert_eq!(files(dir.path("out")).len(), 5);
    let ended = mirror(&dir, &["--max-delete=2"]).run();
    tells(&ended, 0, &[], &summary(0, 2, 2, 0));
    assert_eq!(files(dir.path("out")), ["b.gfe", "d/c.gfe", "note.gfe"]);
}

/// What does not come from these sources is left alone.
#[test]
fn only_below_what_the_paths_map_to() {
    let dir = mirrored();
    put(&dir, "u/x", "1");
    put(&dir, "u/y", "1");
    for args in [["u", "-O", "all"], ["t", "-O", "all"]] {
        seal_tree(&dir, &["-q", "--update"])
            .args(args)
            .run()
            .succeeds();
    }
    fs::remove_file(dir.path("u/x")).unwrap();
    fs::remove_file(dir.path("t/a")).unwrap();
    let ended = seal_tree(&dir, &["--update", "--delete", "u", "-O", "all"]).run();
    let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 1 deleted, 0 skipped, 0 failed";
    tells(&ended, 0, &[], said);
    let left = ["t/a.gfe", "t/b.gfe", "t/d/c.gfe", "t/e/f/g.gfe", "u/y.gfe"];
    assert_eq!(files(dir.path("all")), left);
    // Where two PATHs share a directory, one of them is enough.
    for name in ["v/b", "v/z"] {
        put(&dir, name, "1");
    }
    let both = ["-q", "--update", "--delete", "t/", "v/", "-O", "both"];
    let ended = seal_tree(&dir, &both).run();
    assert_eq!(ended.code(), Some(1), "{}", ended.stderr());
    fs::remove_file(dir.path("v/b")).unwrap();
    seal_tree(&dir, &both).run().succeeds();
    fs::remove_file(dir.path("t/b")).unwrap();
    seal_tree(&dir, &both).run().succeeds();
    assert_eq!(files(dir.path("both")), ["d/c.gfe", "e/f/g.gfe", "z.gfe"]);
}

/// The first of two sources with one result stays, run after run.
#[test]
fn two_sources_of_one_result() {
    let dir = home();
    put(&dir, "t/a", "one");
    put(&dir, "u/a", "other");
    let options = ["--update", "t/", "u/", "-O", "out", "-j1"];
    let lines = [
        "fetool: out/a.gfe: another file of this run is there already",
        "fetool: hint: two sources have this one output; give each a directory of its own with -O DIR",
    ];
    let said = "sealed 1 file, updated 0, 3 B, 0 unchanged, 0 skipped, 1 failed";
    tells(&seal_tree(&dir, &options).run(), 1, &lines, said);
    for _ in 0..2 {
        let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 0 skipped, 1 failed";
        tells(&seal_tree(&dir, &options).run(), 1, &lines, said);
        let opened = fetool(["open", "-k", KEY_FILE, "out/a.gfe"])
            .within(&dir)
            .run();
        assert_eq!(opened.succeeds(), b"one");
    }
}

#[test]
fn shards_delete_their_own() {
    let dir = mirrored();
    for name in ["t/a", "t/b", "t/d/c"] {
        fs::remove_file(dir.path(name)).unwrap();
    }
    let mut deleted = 0;
    for shard in ["0/3", "1/3", "2/3"] {
        let before = files(dir.path("out")).len();
        let ended = mirror(&dir, &["-q", "--json", "--shard", shard]).run();
        let json = String::from_utf8(ended.succeeds()).unwrap();
        let lines = json.matches(r#""result":"deleted""#).count();
        assert_eq!(before - files(dir.path("out")).len(), lines, "{json}");
        deleted += lines;
    }
    assert_eq!(deleted, 3);
    assert_eq!(files(dir.path("out")), ["e/f/g.gfe"]);
}

/// A file that is named itself has its result among those of a directory.
#[test]
fn a_named_file_keeps_its_result() {
    let dir = mirrored();
    put(&dir, "one", "1");
    put(&dir, "u/real", "2");
    symlink("u/real", dir.path("link")).unwrap();
    let all = [
        "-q", "--update", "--delete", "one", "link", "t/", "-O", "out",
    ];
    for more in [&[][..], &["--links"]] {
        seal_tree(&dir, &all).args(more).run().succeeds();
        let names = [
            "a.gfe",
            "b.gfe",
            "d/c.gfe",
            "e/f/g.gfe",
            "link.gfe",
            "one.gfe",
        ];
        assert_eq!(files(dir.path("out")), names);
    }
}

/// Nothing else brings a run to a directory in which nothing has changed, or that is gone.
#[test]
fn what_a_killed_run_left_goes() {
    let dir = mirrored();
    fs::remove_dir_all(dir.path("t/e")).unwrap();
    for name in ["out/d/.fetool-1.tmp", "out/e/f/.fetool-2.tmp"] {
        dir.write(name, "half of a file");
    }
    let writing = dir.open("out/d/.fetool-1.tmp");
    writing.lock().unwrap();
    mirror(&dir, &["-q"]).run().succeeds();
    let left = ["a.gfe", "b.gfe", "d/.fetool-1.tmp", "d/c.gfe"];
    assert_eq!(files(dir.path("out")), left);
    assert!(!dir.path("out/e").exists());
    drop(writing);
    mirror(&dir, &["-q", "-n"]).run().succeeds();
    assert_eq!(files(dir.path("out")), left);
    mirror(&dir, &["-q"]).run().succeeds();
    assert_eq!(files(dir.path("out")), ["a.gfe", "b.gfe", "d/c.gfe"]);
}

/// Directories get the modes of their sources, so the one that a killed run was in may be read-only.
#[test]
fn what_a_killed_run_left_goes_from_a_read_only_directory() {
    let dir = mirrored();
    dir.set_mode("t/d", 0o555);
    let args = ["-q", "--update", "--delete", "t/", "-O", "out"];
    let all = [&["seal", "-r", "-k", KEY_FILE][..], &args].concat();
    dir.write("out/d/.fetool-1.tmp", "half of a file");
    unprivileged(&dir, &all).run().succeeds();
    assert_eq!(files(dir.path("out/d")), ["c.gfe"]);
    assert_eq!(dir.mode("out/d"), 0o555);
    for name in ["t/d", "out/d"] {
        dir.set_mode(name, 0o755);
    }
}

/// It belongs to the file system, and not to the results.
#[test]
fn the_lost_and_found_of_the_results() {
    let dir = mirrored();
    // For its user, root is who runs the script.
    let script = r#"exec "$FETOOL" "$@""#;
    let args = [
        "seal", "-r", "-k", KEY_FILE, "--update", "--delete", "t/", "-O", "out",
    ];
    fs::create_dir(dir.path("out/lost+found")).unwrap();
    fs::create_dir(dir.path("out/empty")).unwrap();
    let said = summary(0, 4, 0, 0);
    tells(&mounting(&dir, script, &args).run(), 0, &[], &said);
    assert!(dir.path("out/lost+found").is_dir() && !dir.path("out/empty").exists());
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    dir.set_mode("out/lost+found", 0);
    tells(&unprivileged(&dir, &args).run(), 0, &[], &said);
    dir.set_mode("out/lost+found", 0o700);
    // That of a PATH is one like any other directory.
    put(&dir, "t/lost+found/x", "1");
    mirror(&dir, &["-q"]).run().succeeds();
    fs::remove_file(dir.path("t/lost+found/x")).unwrap();
    mirror(&dir, &["-q"]).run().succeeds();
    assert!(!dir.path("out/lost+found/x.gfe").exists());
}

#[test]
fn a_link_with_the_name_of_a_result_is_not_replaced() {
    let dir = mirrored();
    fs::remove_file(dir.path("out/b.gfe")).unwrap();
    symlink("/nowhere", dir.path("t/b.gfe")).unwrap();
    for _ in 0..2 {
        let ended = mirror(&dir, &["-q", "--links"]).run();
        assert_eq!(ended.code(), Some(1));
        let said = "fetool: out/b.gfe: another file of this run is there already\n";
        assert!(ended.stderr().contains(said), "{}", ended.stderr());
        assert!(dir.path("out/b.gfe").is_symlink());
    }
}
