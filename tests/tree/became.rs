//! Sources that have become something else since the last run.

use crate::cli_common::{Dir, Fetool, fetool};
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// `t` with two files, one of them in a directory, and `out` with their results.
fn mirrored() -> Dir {
    let dir = home();
    for name in ["a", "d/b"] {
        put(&dir, format!("t/{name}"), name);
    }
    mirror(&dir, &["-q", "--delete"]).run().succeeds();
    dir
}

fn mirror(dir: &Dir, more: &[&str]) -> Fetool {
    seal_tree(dir, &["--update", "--links", "t/", "-O", "out"]).args(more)
}

/// Puts a link in the place of a directory, which is moved to where the link leads.
fn become_link(dir: &Dir) {
    fs::rename(dir.path("t/d"), dir.path("moved")).unwrap();
    symlink("../moved", dir.path("t/d")).unwrap();
}

#[track_caller]
fn comes_back(dir: &Dir) {
    let _ = fs::remove_dir_all(dir.path("back"));
    open_tree(dir, &["-q", "--links", "--perms", "out/", "-O", "back"])
        .run()
        .succeeds();
    assert_eq!(walk(dir.path("back")), walk(dir.path("t")));
}

#[test]
fn a_directory_that_became_a_link() {
    let dir = mirrored();
    become_link(&dir);
    let ended = mirror(&dir, &[]).run();
    let lines = [
        "fetool: out/d: a directory is in the way of the symbolic link",
        "fetool: hint: with --delete, fetool removes the results in it and makes the link",
    ];
    let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 0 skipped, 1 failed";
    tells(&ended, 1, &lines, said);
    let ended = mirror(&dir, &["--delete", "-n"]).run();
    let counts = "would seal 0 files, update 1, delete 1, 1 unchanged, 0 skipped, 0 failed";
    let plan = planned(&ended, 0, &[], counts);
    assert_eq!(
        plan,
        "would update t/d -> out/d\nwould delete out/d/b.gfe\n"
    );
    // Somebody else's file stays, and so does the directory.
    dir.write("out/d/mine", "mine");
    let ended = mirror(&dir, &["--delete"]).run();
    let lines = [
        "fetool: out/d: a directory is in the way of the symbolic link",
        "fetool: hint: only results without a source are removed from it: move away what is left",
    ];
    let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 1 deleted, 0 skipped, 1 failed";
    tells(&ended, 1, &lines, said);
    assert_eq!(files(dir.path("out")), ["a.gfe", "d/mine"]);
    fs::remove_file(dir.path("out/d/mine")).unwrap();
    let ended = mirror(&dir, &["--delete", "-v"]).run();
    let lines = [
        "fetool: t/a: unchanged",
        "fetool: out/d: deleted: empty directory",
        "fetool: t/d: linked -> out/d",
    ];
    let said = "sealed 0 files, updated 0, 1 symbolic link, 0 B, 1 unchanged, 0 deleted, 0 skipped, 0 failed";
    tells(&ended, 0, &lines, said);
    comes_back(&dir);
    let said = "sealed 0 files, updated 0, 0 B, 2 unchanged, 0 deleted, 0 skipped, 0 failed";
    tells(&mirror(&dir, &["--delete"]).run(), 0, &[], said);
}

/// The parts of a tree have results in the directory: whichever removes the last one makes the link.
#[test]
fn a_directory_that_became_a_link_in_parts() {
    const PARTS: [&str; 4] = ["0/4", "1/4", "2/4", "3/4"];
    let all = || {
        let dir = home();
        for name in 0..12 {
            put(&dir, format!("t/up/d/{name}"), "some");
        }
        put(&dir, "t/up/a", "a");
        mirror(&dir, &["-q", "--delete"]).run().succeeds();
        fs::rename(dir.path("t/up/d"), dir.path("t/moved")).unwrap();
        symlink("../moved", dir.path("t/up/d")).unwrap();
        // Long ago, as far as the result's own time tells.
        set_time(&dir.path("t/up"), 3);
        dir
    };
    for last in 0..PARTS.len() {
        let dir = all();
        let mut said = Vec::new();
        let order = (0..PARTS.len()).filter(|part| *part != last).chain([last]);
        for part in order {
            assert!(!dir.path("out/up/d").is_symlink());
            let ended = mirror(&dir, &["--delete", "--shard", PARTS[part]]).run();
            assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
            said.push(ended.stderr());
        }
        let count = |what| said.iter().filter(|said| said.contains(what)).count();
        assert_eq!(count(", 1 symbolic link, "), 1, "{said:?}");
        assert!(said[3].contains(", 1 symbolic link, "), "{said:?}");
        // The part of the link, unless it is the last one.
        let left = count(" 1 skipped (1 left to another part), ");
        assert!(left <= 1 && left == count(" skipped (1 "), "{said:?}");
        let times =
            ["t/up", "out/up"].map(|name| dir.path(name).metadata().unwrap().modified().unwrap());
        assert_eq!(times[0], times[1]);
        comes_back(&dir);
    }
    // Side by side.
    let dir = all();
    let parts = PARTS.map(|part| mirror(&dir, &["-q", "--delete", "--shard", part]).start());
    for part in parts {
        part.end().succeeds();
    }
    comes_back(&dir);
    // Somebody else's file stays, and the part of the link says so.
    let dir = all();
    dir.write("out/up/d/mine", "mine");
    let ended = PARTS.map(|part| {
        let ended = mirror(&dir, &["-q", "--delete", "--shard", part]).run();
        (ended.code(), ended.stderr())
    });
    let says = "fetool: out/up/d: a directory is in the way of the symbolic link\n\
        fetool: hint: only results without a source are removed from it: move away what is left\n";
    let failed: Vec<_> = ended.iter().filter(|ended| ended.0 != Some(0)).collect();
    assert_eq!(failed, [&(Some(1), says.to_owned())]);
    assert_eq!(fs::read_dir(dir.path("out/up/d")).unwrap().count(), 1);
}

/// In one run, with the results set aside.
#[test]
fn a_directory_that_became_a_link_is_set_aside() {
    let dir = mirrored();
    become_link(&dir);
    mirror(&dir, &["-q", "--delete", "--backup-dir=old"])
        .run()
        .succeeds();
    assert_eq!(files(dir.path("old")), ["d/b.gfe"]);
    comes_back(&dir);
}

#[test]
fn a_link_that_became_a_directory() {
    for (more, old) in [(&[][..], &[][..]), (&["--backup-dir=old"], &["d", "e"])] {
        let dir = mirrored();
        become_link(&dir);
        symlink("a", dir.path("t/e")).unwrap();
        mirror(&dir, &["-q", "--delete"]).run().succeeds();
        fs::remove_file(dir.path("t/d")).unwrap();
        fs::rename(dir.path("moved"), dir.path("t/d")).unwrap();
        // One without a file.
        fs::remove_file(dir.path("t/e")).unwrap();
        fs::create_dir(dir.path("t/e")).unwrap();
        let ended = mirror(&dir, more).run();
        let said = "sealed 1 file, updated 0, 3 B, 1 unchanged, 0 skipped, 0 failed";
        tells(&ended, 0, &[], said);
        comes_back(&dir);
        if !old.is_empty() {
            assert_eq!(files(dir.path("old")), old);
        }
    }
}

/// What is skipped is not gone.
#[test]
fn without_links_the_results_of_what_became_one_stay() {
    let dir = mirrored();
    become_link(&dir);
    fs::remove_file(dir.path("t/a")).unwrap();
    symlink("nowhere", dir.path("t/a")).unwrap();
    put(&dir, "t/fifo", "1");
    let run = |more: &[&str]| {
        let run = seal_tree(&dir, &["--update", "--delete", "t/", "-O", "out"]).args(more);
        run.run()
    };
    run(&["-q"]).succeeds();
    fs::remove_file(dir.path("t/fifo")).unwrap();
    dir.fifo("t/fifo");
    let said = "sealed 0 files, updated 0, 0 B, 0 unchanged, 0 deleted, \
                3 skipped (2 symbolic links, 1 FIFO), 0 failed";
    tells(&run(&[]), 0, &["fetool: t/fifo: skipped: FIFO"], said);
    assert_eq!(files(dir.path("out")), ["a.gfe", "d/b.gfe", "fifo.gfe"]);
    // With --links they are links now.
    let said = "sealed 0 files, updated 0, 2 symbolic links, 0 B, 0 unchanged, 2 deleted, \
                1 skipped (1 FIFO), 0 failed";
    tells(
        &run(&["--links"]),
        0,
        &["fetool: t/fifo: skipped: FIFO"],
        said,
    );
    assert_eq!(files(dir.path("out")), ["a", "d", "fifo.gfe"]);
    let link = fs::read_link(dir.path("out/d")).unwrap();
    assert_eq!(link, Path::new("../moved"));
}

/// Only root can read it, and nobody has anything there.
#[test]
fn the_lost_and_found_of_a_file_system() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let dir = mirrored();
    fs::create_dir(dir.path("t/lost+found")).unwrap();
    dir.set_mode("t/lost+found", 0);
    let args = ["--update", "--delete", "t/", "-O", "out"];
    let all: Vec<&str> = ["seal", "-r", "-k", KEY_FILE]
        .into_iter()
        .chain(args)
        .collect();
    let ended = unprivileged(&dir, &all).run();
    let said = "sealed 0 files, updated 0, 0 B, 2 unchanged, 0 deleted, 1 skipped (1 lost+found), 0 failed";
    tells(&ended, 0, &[], said);
    assert!(!dir.path("out/lost+found").exists());
    // Any other name is an error.
    fs::rename(dir.path("t/lost+found"), dir.path("t/lost")).unwrap();
    let ended = unprivileged(&dir, &all).run();
    let lines = [
        "fetool: t/lost: permission denied",
        "fetool: out: nothing was deleted, because of what failed before",
    ];
    let said = "sealed 0 files, updated 0, 0 B, 2 unchanged, 0 deleted, 0 skipped, 2 failed";
    tells(&ended, 1, &lines, said);
    dir.set_mode("t/lost", 0o700);
}

/// A system whose table of disks is `etc/fstab`, whether it has one or not.
const WITH_FSTAB: &str = r#"{ mount --bind etc/fstab /etc/fstab 2>/dev/null ||
    mount -t overlay -o "lowerdir=$PWD/etc:/etc" none /etc; } && exec "$FETOOL" "$@""#;

fn write_fstab(dir: &Dir, disk: &str) {
    let disk = dir.path(disk).canonicalize().unwrap();
    let line = format!("UUID=1 {} ext4 nofail 0 2\n", disk.display());
    put(dir, "etc/fstab", &line);
}

/// The disk of a mount point below a PATH is away: fstab tells.
#[test]
fn a_disk_that_is_not_mounted() {
    let dir = mirrored();
    write_fstab(&dir, "t/d");
    fs::remove_file(dir.path("t/d/b")).unwrap();
    fs::remove_file(dir.path("t/a")).unwrap();
    put(&dir, "t/new", "new");
    let run = |more: &[&str]| {
        let args = [
            "seal", "-r", "-k", KEY_FILE, "--update", "--delete", "t/", "-O", "out",
        ];
        mounting(&dir, WITH_FSTAB, &[&args[..], more].concat()).run()
    };
    let lines = [
        "fetool: t/d: the directory is empty, so nothing was deleted",
        "fetool: hint: if its files are really gone, --force deletes their results",
    ];
    let said = "sealed 1 file, updated 0, 3 B, 0 unchanged, 0 deleted, 0 skipped, 1 failed";
    tells(&run(&[]), 1, &lines, said);
    assert_eq!(files(dir.path("out")), ["a.gfe", "d/b.gfe", "new.gfe"]);
    let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 2 deleted, 0 skipped, 0 failed";
    tells(&run(&["--force"]), 0, &[], said);
    assert_eq!(files(dir.path("out")), ["new.gfe"]);
    // Where it has no results, there is nothing to lose.
    fs::remove_file(dir.path("t/new")).unwrap();
    put(&dir, "t/e/x", "1");
    let said = "sealed 1 file, updated 0, 1 B, 0 unchanged, 1 deleted, 0 skipped, 0 failed";
    tells(&run(&[]), 0, &[], said);
}

/// What any other directory in the tree was, nobody knows: as in rsync, its files are gone.
#[test]
fn a_directory_that_is_empty() {
    let dir = mirrored();
    fs::remove_file(dir.path("t/d/b")).unwrap();
    let ended = mirror(&dir, &["--delete", "--max-delete=0"]).run();
    assert_eq!(ended.code(), Some(1));
    assert!(dir.path("out/d/b.gfe").exists());
    mirror(&dir, &["-q", "--delete"]).run().succeeds();
    assert_eq!(files(dir.path("out")), ["a.gfe"]);
    let checked = fetool(["check", "-r", "-q", "-k", KEY_FILE, "out"]).within(&dir);
    checked.run().succeeds();
}

/// With --follow, disks are elsewhere, and so are directories in which they are mounted.
#[test]
fn a_disk_behind_a_link() {
    let dir = home();
    put(&dir, "t/a", "a");
    put(&dir, "mnt/disk/photo", "photo");
    put(&dir, "mnt/note", "note");
    symlink("../mnt/disk", dir.path("t/direct")).unwrap();
    symlink("../mnt", dir.path("t/above")).unwrap();
    write_fstab(&dir, "mnt/disk");
    let run = |more: &[&str]| {
        let args = [
            "seal", "-r", "-k", KEY_FILE, "--update", "--delete", "--follow", "t/", "-O", "out",
        ];
        mounting(&dir, WITH_FSTAB, &[&args[..], more].concat()).run()
    };
    let said = "sealed 4 files, updated 0, 15 B, 0 unchanged, 0 deleted, 0 skipped, 0 failed";
    tells(&run(&[]), 0, &[], said);
    fs::remove_file(dir.path("mnt/disk/photo")).unwrap();
    let refused = |empty: &str, unchanged: u32| {
        let lines = [
            &*format!("fetool: {empty}: the directory is empty, so nothing was deleted"),
            "fetool: hint: if its files are really gone, --force deletes their results",
        ];
        let said = format!(
            "sealed 0 files, updated 0, 0 B, {unchanged} unchanged, 0 deleted, 0 skipped, 1 failed"
        );
        tells(&run(&[]), 1, &lines, &said);
    };
    refused("t/direct", 2);
    // Known by the table alone.
    fs::remove_file(dir.path("t/direct")).unwrap();
    fs::remove_dir_all(dir.path("out/direct")).unwrap();
    refused("t/above/disk", 2);
    // A link to nothing may lead to a disk.
    fs::rename(dir.path("mnt"), dir.path("away")).unwrap();
    let ended = run(&[]);
    assert_eq!(ended.code(), Some(1));
    let says = "fetool: out: nothing was deleted, because of what failed before\n";
    assert!(ended.stderr().contains(says), "{}", ended.stderr());
    let left = ["a.gfe", "above/disk/photo.gfe", "above/note.gfe"];
    assert_eq!(files(dir.path("out")), left);
    fs::rename(dir.path("away"), dir.path("mnt")).unwrap();
    run(&["--force", "-q"]).succeeds();
    assert_eq!(files(dir.path("out")), ["a.gfe", "above/note.gfe"]);
}

/// A link to nothing that no walk comes to fails nothing.
#[test]
fn a_disk_behind_a_link_that_is_left_out() {
    let dir = home();
    put(&dir, "t/a", "a");
    put(&dir, "t/gone", "gone");
    put(&dir, "disk/photos/one", "photo");
    symlink("../../disk", dir_of(&dir, "t/mnt").join("disk")).unwrap();
    let run = |more: &[&str]| {
        let args = ["-q", "--update", "--delete", "--follow", "t/", "-O", "out"];
        seal_tree(&dir, &args).args(more).run().succeeds();
        files(dir.path("out"))
    };
    let photo = "mnt/disk/photos/one.gfe";
    assert_eq!(run(&[]), ["a.gfe", "gone.gfe", photo]);
    fs::rename(dir.path("disk"), dir.path("away")).unwrap();
    fs::remove_file(dir.path("t/gone")).unwrap();
    for more in [
        ["--exclude", "mnt"],
        ["--exclude", "disk"],
        ["--max-depth", "1"],
    ] {
        assert_eq!(run(&more), ["a.gfe", photo]);
    }
    // Without the link they are gone.
    fs::remove_file(dir.path("t/mnt/disk")).unwrap();
    assert_eq!(run(&[]), ["a.gfe"]);
}

/// One PATH has the directory still, and the other one the link: no part makes room for it.
#[test]
fn a_directory_and_a_link_of_two_paths_in_parts() {
    for name in 0..8 {
        let dir = home();
        put(&dir, format!("a/d{name}/f"), "some");
        symlink("nowhere", dir_of(&dir, "b").join(format!("d{name}"))).unwrap();
        let (mut codes, mut said) = (Vec::new(), String::new());
        for part in ["0/2", "1/2", "0/2", "1/2"] {
            let args = ["-q", "--links", "--update", "--delete", "a/", "b/"];
            let ended = seal_tree(&dir, &args)
                .args(["-O", "out", "--shard", part])
                .run();
            codes.push(ended.code());
            said.push_str(&ended.stderr());
        }
        // The part that the link is in makes it first, or fails.
        assert!(codes.contains(&Some(1)), "d{name}: {codes:?}");
        let why = "a directory is in the way of the symbolic link";
        let or = "a symbolic link of this run is in the way";
        assert!(said.contains(why) || said.contains(or), "d{name}: {said}");
    }
}

#[test]
fn a_link_that_leads_back_can_be_left_out() {
    let dir = home();
    put(&dir, "t/a", "a");
    symlink(".", dir.path("t/loop")).unwrap();
    let run = |more: &[&str]| {
        let args = ["-q", "--update", "--delete", "--follow", "t/", "-O", "out"];
        seal_tree(&dir, &args).args(more).run()
    };
    assert_eq!(run(&[]).code(), Some(1));
    run(&["--exclude", "loop"]).succeeds();
    assert_eq!(files(dir.path("out")), ["a.gfe"]);
}

/// The results in a directory are other files': they do not make way for one.
#[test]
fn a_directory_of_results_in_the_way_of_a_file() {
    for more in [
        &["--update"][..],
        &["--update", "--backup-dir", "bak"],
        &["--force"],
    ] {
        let dir = home();
        put(&dir, "t/x.gfe/f", "live");
        seal_tree(&dir, &["-q", "t/", "-O", "out"]).run().succeeds();
        put(&dir, "t/x", "new");
        let ended = seal_tree(&dir, &["-q", "t/", "-O", "out"]).args(more).run();
        assert_eq!(ended.code(), Some(1), "{more:?}");
        assert_eq!(ended.stderr(), "fetool: out/x.gfe: is a directory\n");
        assert_eq!(files(dir.path("out")), ["x.gfe/f.gfe"]);
        assert!(!dir.path("bak/x.gfe").exists());
    }
}
