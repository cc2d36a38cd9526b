//! Directories of sources, results and backups that overlap are refused.

use crate::delete::{mirror, mirrored};
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn the_backup_directory_is_no_other() {
    let dir = mirrored();
    fs::remove_file(dir.path("t/a")).unwrap();
    put(&dir, "t/b", "changed");
    let before = files(dir.path("out"));
    symlink("out", dir.path("same")).unwrap();
    fs::create_dir(dir.path("out/.old")).unwrap();
    // What is inside the results would be removed by a later run.
    for backups in ["out", "same", "out/", "out/.old", "t"] {
        let ended = mirror(&dir, &["--backup-dir", backups]).run();
        let shown = backups;
        let lines = format!(
            "fetool: {shown}: --backup-dir would put files among the results or the PATHs\n\
             fetool: hint: give it a directory of its own\n"
        );
        assert_eq!((ended.code(), ended.stderr()), (Some(2), lines));
        assert_eq!(files(dir.path("out")), before);
    }
}

/// Where such a path leads is not known before the directory is made, and then it is too late.
#[test]
fn dots_behind_a_directory_that_does_not_exist() {
    let dir = mirrored();
    put(&dir, "t/only.gfe", "a file of the PATH");
    let cases: [&[&str]; 4] = [
        &["--update", "--delete", "t/", "-O", "new/../t"],
        &["-n", "--update", "--delete", "t/", "-O", "new/../t"],
        &[
            "--update",
            "--backup-dir",
            "new/../out/b",
            "t/",
            "-O",
            "out",
        ],
        &["--update", "--backup-dir", "new/../t", "t/", "-O", "out"],
    ];
    for args in cases {
        let ended = seal_tree(&dir, args).run();
        let shown = args.iter().find(|arg| arg.starts_with("new")).unwrap();
        let lines = format!(
            "fetool: {shown}: the path has '..' behind a directory that does not exist\n\
             fetool: hint: give a path without '..', or make that directory first\n"
        );
        assert_eq!((ended.code(), ended.stderr()), (Some(2), lines));
        assert!(!dir.path("new").exists());
        assert!(dir.path("t/only.gfe").exists());
    }
}

/// Its results are in a directory of its name below, which is in the PATH too.
#[test]
fn a_path_that_is_the_directory_of_the_results_or_backups() {
    let dir = home();
    put(&dir, "t/f", "1");
    put(&dir, "t/t/g", "2");
    seal_tree(&dir, &["-q", "t/t/g", "-O", "t/t"])
        .run()
        .succeeds();
    fs::rename(dir.path("t/t/g.gfe"), dir.path("t/t/old.gfe")).unwrap();
    let before = files(dir.path("t"));
    let ended = seal_tree(&dir, &["--update", "--delete", "t", "-O", "t"]).run();
    let lines = "fetool: t: --delete would look for results in this PATH itself\n\
                 fetool: hint: give -O a directory in which no PATH is\n";
    assert_eq!((ended.code(), ended.stderr()), (Some(2), lines.to_owned()));
    let args = ["--update", "--backup-dir", "t", "t", "-O", "out"];
    let ended = seal_tree(&dir, &args).run();
    let lines = "fetool: t: --backup-dir would put files among the results or the PATHs\n\
                 fetool: hint: give it a directory of its own\n";
    assert_eq!((ended.code(), ended.stderr()), (Some(2), lines.to_owned()));
    assert_eq!(files(dir.path("t")), before);
}

/// What is in a PATH is no result, even if it is sealed.
#[test]
fn sources_are_no_results() {
    let dir = mirrored();
    put(&dir, "out/src/a", "1");
    fs::create_dir(dir.path("out/src/empty")).unwrap();
    symlink("a", dir.path("out/src/link")).unwrap();
    fs::copy(dir.path("out/a.gfe"), dir.path("out/src/own.gfe")).unwrap();
    symlink("out/src", dir.path("src")).unwrap();
    let before = files(dir.path("out"));
    for path in ["out/src/", "out/src", "src", "out/src/own.gfe"] {
        let args = ["--update", "--delete", "--links", "t/", path, "-O", "out"];
        let ended = seal_tree(&dir, &args).run();
        let lines = format!(
            "fetool: {path}: --delete would look for results in this PATH itself\n\
             fetool: hint: give -O a directory in which no PATH is\n"
        );
        assert_eq!((ended.code(), ended.stderr()), (Some(2), lines));
        assert_eq!(files(dir.path("out")), before);
        assert!(dir.path("out/src/empty").is_dir() && dir.path("out/src/link").is_symlink());
    }
    // Where no result is looked for, a PATH may be.
    put(&dir, "out/src/sub/x", "2");
    let args = [
        "-q",
        "--update",
        "--delete",
        "out/src/sub",
        "t",
        "-O",
        "out",
    ];
    seal_tree(&dir, &args).run().succeeds();
    assert!(dir.path("out/sub/x.gfe").is_file() && dir.path("out/src/own.gfe").is_file());
}
