//! `--backup-dir`: what is replaced or deleted is moved there.

use crate::delete::{mirror, mirrored};
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn what_is_replaced_or_deleted_is_set_aside() {
    let dir = mirrored();
    let before = ["a.gfe", "d/c.gfe"].map(|name| dir.read(format!("out/{name}")));
    put(&dir, "t/d/c", "changed");
    fs::remove_file(dir.path("t/a")).unwrap();
    mirror(&dir, &["-q", "--backup-dir=old"]).run().succeeds();
    assert_eq!(files(dir.path("old")), ["a.gfe", "d/c.gfe"]);
    let set_aside = ["a.gfe", "d/c.gfe"].map(|name| dir.read(format!("old/{name}")));
    assert!(set_aside == before);
    assert_eq!(files(dir.path("out")), ["b.gfe", "d/c.gfe", "e/f/g.gfe"]);
}

/// Below a PATH it is left out, as the output directory is, and a refused one is not made.
#[test]
fn the_backup_directory_below_a_path() {
    let dir = mirrored();
    put(&dir, "t/b", "changed");
    mirror(&dir, &["-q", "--backup-dir", "t/old"])
        .run()
        .succeeds();
    assert_eq!(files(dir.path("t/old")), ["b.gfe"]);
    let said = "sealed 0 files, updated 0, 0 B, 4 unchanged, 0 deleted, 0 skipped, 0 failed";
    tells(
        &mirror(&dir, &["--backup-dir", "t/old"]).run(),
        0,
        &[],
        said,
    );
    let before = files(dir.path("out"));
    let ended = mirror(&dir, &["--backup-dir", "out/new/old"]).run();
    assert_eq!(ended.code(), Some(2));
    let says = "fetool: out/new/old: --backup-dir would put files among the results or the PATHs\n";
    assert!(ended.stderr().starts_with(says), "{}", ended.stderr());
    assert!(!dir.path("out/new").exists());
    assert_eq!(files(dir.path("out")), before);
}

/// A result without a backup stays, and that is said.
#[test]
fn earlier_backups_in_the_way_of_a_directory() {
    let dir = home();
    let run = || {
        let args = ["--links", "--update", "--delete", "--backup-dir", "old"];
        seal_tree(&dir, &["-q", "t/", "-O", "out"]).args(args).run()
    };
    put(&dir, "t/keep", "1");
    symlink("nowhere", dir.path("t/n")).unwrap();
    run().succeeds();
    fs::remove_file(dir.path("t/n")).unwrap();
    put(&dir, "t/n/f", "2");
    run().succeeds();
    assert!(dir.path("old/n").is_symlink());
    fs::remove_dir_all(dir.path("t/n")).unwrap();
    for _ in 0..2 {
        let ended = run();
        let says = "fetool: out/n/f.gfe: the earlier backup old/n is in the way; give each run a \
                    --backup-dir of its own\n";
        assert_eq!((ended.code(), ended.stderr()), (Some(1), says.to_owned()));
        assert!(dir.path("out/n/f.gfe").exists());
    }
    fs::remove_file(dir.path("old/n")).unwrap();
    run().succeeds();
    assert_eq!(files(dir.path("out")), ["keep.gfe"]);
    assert_eq!(files(dir.path("old")), ["n/f.gfe"]);

    // And the reverse.
    symlink("nowhere", dir.path("t/n")).unwrap();
    run().succeeds();
    fs::remove_file(dir.path("t/n")).unwrap();
    let ended = run();
    let says = "fetool: out/n: the earlier backup old/n is in the way; give each run a --backup-dir of \
                its own\n";
    assert_eq!((ended.code(), ended.stderr()), (Some(1), says.to_owned()));
    assert!(dir.path("out/n").is_symlink());
}
