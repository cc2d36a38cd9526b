//! What else a tree has than files: directories, links, rules for what is left out.

use crate::cli_common::{Dir, data, fetool};
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

/// The modification time of everything below, links aside.
fn times(root: impl AsRef<Path>) -> Vec<(std::path::PathBuf, i64, i64)> {
    let tree = walk(root.as_ref());
    let all = tree.keys().map(|path| {
        let found = fs::symlink_metadata(root.as_ref().join(path)).unwrap();
        (path.clone(), found.mtime(), found.mtime_nsec())
    });
    all.collect()
}

fn directories(dir: &Dir) {
    put(dir, "t/a/b/file", "1");
    fs::create_dir_all(dir.path("t/empty/er")).unwrap();
    for (path, mode, number) in [
        ("t/empty/er", 0o700, 1000),
        ("t/empty", 0o750, 2000),
        ("t/a/b", 0o1777, 3001),
        ("t/a", 0o555, 4002),
    ] {
        set_time(&dir.path(path), number);
        dir.set_mode(path, mode);
    }
}

#[test]
fn directories_come_with_mode_and_time() {
    let dir = home();
    directories(&dir);
    for more in [&[][..], &["--update"], &["--update"], &["-j1", "--update"]] {
        let seal = seal_tree(&dir, &["-q", "t/", "-O", "out"]).args(more);
        seal.run().succeeds();
        let sealed = times(dir.path("out"));
        let of_directories: Vec<_> = sealed
            .iter()
            .filter(|it| !it.0.ends_with("file.gfe"))
            .collect();
        let plain = times(dir.path("t"));
        let expected: Vec<_> = plain.iter().filter(|it| !it.0.ends_with("file")).collect();
        assert_eq!(of_directories, expected, "{more:?}");
        // Something has changed in a directory that stays as it is.
        let was = fs::metadata(dir.path("t/a/b")).unwrap().modified().unwrap();
        put(&dir, "t/a/b/file", format!("{more:?}"));
        let b = fs::File::open(dir.path("t/a/b")).unwrap();
        b.set_times(fs::FileTimes::new().set_modified(was)).unwrap();
    }
    seal_tree(&dir, &["-q", "--update", "t/", "-O", "out"])
        .run()
        .succeeds();
    let open = open_tree(&dir, &["-q", "out/", "-O", "back", "--perms"]).run();
    open.succeeds();
    assert_eq!(walk(dir.path("back")), walk(dir.path("t")));
    assert_eq!(times(dir.path("back")), times(dir.path("t")));
}

/// Where modes count.
#[test]
fn a_directory_that_cannot_be_written_is_kept_up_to_date() {
    let dir = home();
    directories(&dir);
    let seal = [
        "seal", "-r", "-q", "-k", KEY_FILE, "--update", "t/", "-O", "out",
    ];
    for text in ["one", "other"] {
        dir.set_mode("t/a", 0o755);
        put(&dir, "t/a/new/file", text);
        put(&dir, "t/a/file", text);
        dir.set_mode("t/a", 0o555);
        unprivileged(&dir, &seal).run().succeeds();
        let mode = |name: &str| fs::metadata(dir.path(name)).unwrap().mode() & 0o7777;
        assert_eq!(mode("out/a"), 0o555);
        assert_eq!(mode("out/a/b"), 0o1777);
    }
    open_tree(&dir, &["-q", "out/", "-O", "back", "--perms"])
        .run()
        .succeeds();
    assert_eq!(walk(dir.path("back")), walk(dir.path("t")));
}

#[test]
fn directories_are_made_only_where_all_files_are_wanted() {
    let dir = home();
    directories(&dir);
    let made = |args: &[&str], names: &[&str]| {
        let _ = fs::remove_dir_all(dir.path("out"));
        let seal = seal_tree(&dir, &["-q", "t/", "-O", "out"]).args(args);
        seal.run().succeeds();
        let made: Vec<_> = walk(dir.path("out")).into_keys().collect();
        assert_eq!(
            made,
            names.iter().map(Path::new).collect::<Vec<_>>(),
            "{args:?}"
        );
    };
    made(&["--include=*.jpg"], &[]);
    made(&["--include=file"], &["a", "a/b", "a/b/file.gfe"]);
    made(&["--max-depth=1"], &[]);
    made(&["--max-depth=2"], &["a", "empty"]);
    made(&["--exclude=er"], &["a", "a/b", "a/b/file.gfe", "empty"]);
}

#[test]
fn links_stay_links() {
    let dir = home();
    put(&dir, "t/a", "1");
    for (to, link) in [
        ("a", "here"),
        ("../outside", "out"),
        ("/etc/passwd", "abs"),
        ("none", "d"),
    ] {
        symlink(to, dir.path("t").join(link)).unwrap();
    }
    let said = "sealed 1 file, updated 0, 4 symbolic links, 1 B, 0 unchanged, 0 skipped, 0 failed";
    let seal = || seal_tree(&dir, &["--update", "--links", "t/", "-O", "out"]);
    tells(&seal().run(), 0, &[], said);
    let said = "sealed 0 files, updated 0, 0 B, 5 unchanged, 0 skipped, 0 failed";
    tells(&seal().run(), 0, &[], said);
    let open = || open_tree(&dir, &["--links", "out/", "-O", "back"]);
    let said = "opened 1 file, 4 symbolic links, 1 B, 0 skipped, 0 failed";
    tells(&open().run(), 0, &[], said);
    assert_eq!(walk(dir.path("back")), walk(dir.path("t")));
    // Without it they are counted.
    let said =
        "sealed 0 files, updated 0, 0 B, 1 unchanged, 4 skipped (4 symbolic links), 0 failed";
    let ended = seal_tree(&dir, &["--update", "t/", "-O", "out"]).run();
    tells(&ended, 0, &[], said);
    // One that leads elsewhere now, and one that is gone.
    fs::remove_file(dir.path("t/here")).unwrap();
    symlink("elsewhere", dir.path("t/here")).unwrap();
    fs::remove_file(dir.path("t/abs")).unwrap();
    let ended = seal().args(["--delete", "-v"]).run();
    let lines = [
        "fetool: t/here: updated -> out/here",
        "fetool: t/a: unchanged",
        "fetool: t/d: unchanged",
        "fetool: t/out: unchanged",
        "fetool: out/abs: deleted",
    ];
    let said = "sealed 0 files, updated 1, 0 B, 3 unchanged, 1 deleted, 0 skipped, 0 failed";
    tells(&ended, 0, &lines, said);
    // None that exists is replaced unless that is asked for, and nothing else ever is.
    let ended = open().run();
    let lines = [
        "fetool: back/a: file exists",
        OVERWRITE,
        "fetool: back/d: symbolic link exists",
        "fetool: back/here: symbolic link exists",
        "fetool: back/out: symbolic link exists",
        "fetool: hint: replace it with --force or --update",
    ];
    tells(
        &ended,
        1,
        &lines,
        "opened 0 files, 0 B, 0 skipped, 4 failed",
    );
    open().args(["--update", "-q"]).run().succeeds();
    assert_eq!(
        fs::read_link(dir.path("back/here")).unwrap(),
        Path::new("elsewhere")
    );
    fs::remove_file(dir.path("back/d")).unwrap();
    dir.write("back/d", "mine");
    let ended = open().args(["--update", "-q"]).run();
    let line = "fetool: back/d: something that is no symbolic link is there already\n";
    assert_eq!((ended.stderr().as_str(), ended.code()), (line, Some(1)));
}

/// Two sources have one output: a link, a file or a directory.
#[test]
fn links_of_two_paths_are_not_lost() {
    let dir = home();
    symlink("one", dir_of(&dir, "a").join("l")).unwrap();
    symlink("two", dir_of(&dir, "b").join("l")).unwrap();
    for more in [&["--update"][..], &["--update"], &["--force"]] {
        let ended = seal_tree(&dir, &["-q", "--links", "a/", "b/", "-O", "out"])
            .args(more)
            .run();
        let says = "fetool: out/l: another file of this run is there already\n\
            fetool: hint: two sources have this one output; give each a directory of its own with -O DIR\n";
        assert_eq!((ended.code(), ended.stderr()), (Some(1), says.to_owned()));
        if more == ["--update"] {
            let link = fs::read_link(dir.path("out/l")).unwrap();
            assert_eq!(link, Path::new("one"));
        }
    }
    fs::remove_file(dir.path("b/l")).unwrap();
    for (link, other) in [("a/x.gfe", "b/x"), ("a/y", "b/y/f")] {
        symlink("one", dir.path(link)).unwrap();
        put(&dir, other, "some");
        for more in ["--update", "--force"] {
            let _ = fs::remove_dir_all(dir.path("both"));
            for _ in 0..2 {
                let ended =
                    seal_tree(&dir, &["-q", "--links", more, "a/", "b/", "-O", "both"]).run();
                assert_eq!(ended.code(), Some(1), "{link} {more}: {}", ended.stderr());
            }
        }
        fs::remove_file(dir.path(link)).unwrap();
    }
}

/// What is opened is never written through a link.
#[test]
fn links_lead_nowhere() {
    let dir = home();
    put(&dir, "t/d/file", "1");
    put(&dir, "outside/keep", "mine");
    seal_tree(&dir, &["-q", "t/", "-O", "out"]).run().succeeds();
    // Whoever keeps the backup swaps the directory for a link, and one for the other.
    open_tree(&dir, &["-q", "out/", "-O", "back"])
        .run()
        .succeeds();
    fs::rename(dir.path("out/d"), dir.path("out/e")).unwrap();
    symlink("../outside", dir.path("out/d")).unwrap();
    fs::remove_dir_all(dir.path("back/d")).unwrap();
    open_tree(&dir, &["-q", "--links", "--update", "out/", "-O", "back"])
        .run()
        .succeeds();
    fs::remove_file(dir.path("out/d")).unwrap();
    fs::rename(dir.path("out/e"), dir.path("out/d")).unwrap();
    let ended = open_tree(&dir, &["-q", "--update", "out/", "-O", "back"]).run();
    let lines = "fetool: back/d/file: d is not a directory, and links are not followed there\n\
                 fetool: back/d: d is not a directory, and links are not followed there\n";
    assert_eq!((ended.stderr().as_str(), ended.code()), (lines, Some(1)));
    // With --links it is a result of the run before, and a directory takes its place.
    open_tree(&dir, &["-q", "--links", "--update", "out/", "-O", "back"])
        .run()
        .succeeds();
    assert_eq!(files(dir.path("back")), ["d/file", "e/file"]);
    assert_eq!(files(dir.path("outside")), ["keep"]);
}

#[test]
fn hard_links_and_holes_are_told() {
    let dir = home();
    put(&dir, "t/a", "1");
    fs::hard_link(dir.path("t/a"), dir.path("t/b")).unwrap();
    let holes = fs::File::create(dir.path("t/holes")).unwrap();
    holes.set_len(100_000).unwrap();
    put(&dir, "t/plain", data(100_000));
    let ended = seal_tree(&dir, &["t/", "-O", "out", "-v"]).run();
    let lines = [
        "fetool: t/a: has 2 names (hard links)",
        "fetool: t/b: has 2 names (hard links)",
        "fetool: t/holes: has holes",
        "fetool: t/a: sealed -> out/a.gfe",
        "fetool: t/b: sealed -> out/b.gfe",
        "fetool: t/holes: sealed -> out/holes.gfe",
        "fetool: t/plain: sealed -> out/plain.gfe",
    ];
    let said = "sealed 4 files, 195.31 KiB, 2 with other names (hard links), 1 with holes, 0 skipped, \
                0 failed";
    tells(&ended, 0, &lines, said);
}

#[test]
fn holes_are_made_where_there_are_zeros() {
    let dir = home();
    let mut bytes = vec![0; 3 << 20];
    for at in [0, (1 << 20) + 5000, (3 << 20) - 9000] {
        bytes[at] = 1;
    }
    put(&dir, "t/holes", &bytes);
    put(&dir, "t/zeros", vec![0; 100_000]);
    put(&dir, "t/odd", vec![0; 5000]);
    put(&dir, "t/empty", "");
    seal_tree(&dir, &["-q", "t/", "-O", "out"]).run().succeeds();
    open_tree(&dir, &["-q", "--sparse", "out/", "-O", "back"])
        .run()
        .succeeds();
    assert_eq!(walk(dir.path("back")), walk(dir.path("t")));
    let blocks = |name: &str| fs::metadata(dir.path(name)).unwrap().blocks() * 512;
    assert!(
        blocks("back/holes") <= 192 << 10,
        "{}",
        blocks("back/holes")
    );
    assert!(blocks("back/zeros") <= 4096, "{}", blocks("back/zeros"));
    let ended = fetool(["open", "-k", KEY_FILE, "--sparse", "out/odd.gfe"])
        .within(&dir)
        .run();
    let line = "fetool: --sparse requires -r or --files0-from\n";
    assert_eq!((ended.stderr().as_str(), ended.code()), (line, Some(2)));
}

#[test]
fn attributes_are_carried_over() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let dir = home();
    put(&dir, "t/d/a", "1");
    let get = |name: &str, attribute: &str| {
        let mut value = [0; 64];
        let len = getxattr(dir.path(name), attribute, &mut value[..]).ok()?;
        Some(value[..len].to_vec())
    };
    // user::rw-, user:1234:r--, group::r--, mask::r--, other::---
    let list: Vec<u8> = [
        (1, 6, u32::MAX),
        (2, 4, 1234),
        (4, 4, u32::MAX),
        (16, 4, u32::MAX),
        (32, 0, u32::MAX),
    ]
    .iter()
    .fold(vec![2, 0, 0, 0], |mut list, (tag, may, id)| {
        list.extend(u16::to_le_bytes(*tag));
        list.extend(u16::to_le_bytes(*may));
        list.extend(u32::to_le_bytes(*id));
        list
    });
    let acl = "system.posix_acl_access";
    let set = |name: &str, attribute: &str, value: &[u8]| {
        setxattr(dir.path(name), attribute, value, XattrFlags::empty()).is_ok()
    };
    dir.set_mode("t/d/a", 0o640);
    if !set("t/d/a", "user.one", b"value") {
        // Not every file system has them.
        return;
    }
    assert!(set("t/d", "user.two", b""));
    let has_lists = set("t/d/a", acl, &list);
    let seal = |more: &[&str]| {
        let seal = seal_tree(&dir, &["-q", "--update", "t/", "-O", "out"]).args(more);
        seal.run().succeeds();
    };
    seal(&[]);
    assert_eq!(get("out/d/a.gfe", "user.one"), None);
    fs::remove_dir_all(dir.path("out")).unwrap();
    seal(&["--xattrs"]);
    open_tree(&dir, &["-q", "--xattrs", "--perms", "out/", "-O", "back"])
        .run()
        .succeeds();
    for (file, directory) in [("out/d/a.gfe", "out/d"), ("back/d/a", "back/d")] {
        assert_eq!(
            get(file, "user.one").as_deref(),
            Some(&b"value"[..]),
            "{file}"
        );
        assert_eq!(
            get(directory, "user.two").as_deref(),
            Some(&b""[..]),
            "{directory}"
        );
        if has_lists {
            assert_eq!(get(file, acl), Some(list.clone()), "{file}");
        }
    }
    assert_eq!(walk(dir.path("back")), walk(dir.path("t")));
    // Also those of what nobody may write to.
    dir.set_mode("t/d/a", 0o440);
    dir.set_mode("t/d", 0o555);
    for _ in 0..2 {
        let args = [
            "seal",
            "-r",
            "-k",
            KEY_FILE,
            "--update",
            "--xattrs",
            "t/",
            "-O",
            "read-only",
        ];
        let ended = unprivileged(&dir, &args).run();
        assert!(!ended.stderr().contains("warning"), "{}", ended.stderr());
        assert_eq!(ended.code(), Some(0));
        let value = get("read-only/d/a.gfe", "user.one");
        assert_eq!(value.as_deref(), Some(&b"value"[..]));
        assert_eq!(get("read-only/d", "user.two").as_deref(), Some(&b""[..]));
        if has_lists {
            assert_eq!(get("read-only/d/a.gfe", acl), get("t/d/a", acl));
        }
        assert_eq!(dir.mode("read-only/d"), 0o555);
        assert_eq!(dir.mode("read-only/d/a.gfe"), 0o440);
    }
    for name in ["t/d", "read-only/d"] {
        dir.set_mode(name, 0o755);
    }
}

#[test]
fn rules_from_a_file() {
    let dir = home();
    for name in [
        "a.tmp",
        "keep.tmp",
        "deep/b.tmp",
        "build/x",
        "deep/build/y",
        "log",
        "deep/log",
    ] {
        put(&dir, format!("t/{name}"), "1");
    }
    dir.write(
        "rules",
        "# What is made anew\n*.tmp\n!keep.tmp\nbuild/\r\n\n/log\n",
    );
    let ended = seal_tree(&dir, &["t", "-O", "out", "--exclude-from=rules", "-v"]).run();
    let lines = [
        "fetool: t/a.tmp: excluded by '*.tmp' in rules",
        "fetool: t/build: excluded by 'build/' in rules",
        "fetool: t/deep/b.tmp: excluded by '*.tmp' in rules",
        "fetool: t/deep/build: excluded by 'build/' in rules",
        "fetool: t/log: excluded by '/log' in rules",
        "fetool: t/deep/log: sealed -> out/t/deep/log.gfe",
        "fetool: t/keep.tmp: sealed -> out/t/keep.tmp.gfe",
    ];
    tells(
        &ended,
        0,
        &lines,
        "sealed 2 files, 2 B, 0 skipped, 0 failed",
    );
    // Listed paths have directories, too.
    let names = ["t/deep/build/y", "t/log", "log", "t/deep/b.tmp"];
    dir.write("log", "1");
    let ended = seal_list(&dir, &["--exclude-from=rules", "-O", "list"], &names).run();
    tells(&ended, 0, &[], "sealed 1 file, 1 B, 0 skipped, 0 failed");
    assert_eq!(files(dir.path("list")), ["t/log.gfe"]);
    for (text, what) in [
        (
            &b"a\n[z-a]\n"[..],
            "fetool: rules: line 2: error parsing glob '[z-a]': invalid range; 'z' > 'a'\n",
        ),
        (
            b"\xff\n",
            "fetool: rules: line 1: not UTF-8; match such names with '?' or '*'\n",
        ),
    ] {
        dir.write("rules", text);
        let ended = seal_tree(&dir, &["t", "--exclude-from=rules"]).run();
        assert_eq!((ended.stderr().as_str(), ended.code()), (what, Some(2)));
    }
    let ended = seal_tree(&dir, &["t", "--exclude-from=missing"]).run();
    let what = "fetool: missing: no such file or directory\n";
    assert_eq!((ended.stderr().as_str(), ended.code()), (what, Some(1)));
}

#[test]
fn directories_that_say_so_are_left_out() {
    let dir = home();
    for name in ["a", "cache/x", "fake/x", "other/x", "none/x"] {
        put(&dir, format!("t/{name}"), "1");
    }
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# cache";
    dir.write("t/cache/CACHEDIR.TAG", tag);
    dir.write("t/fake/CACHEDIR.TAG", "Signature: 0");
    dir.write("t/other/.nobackup", "");
    symlink("x", dir.path("t/none/.skip")).unwrap();
    let options = ["t/", "-O", "out", "-v", "--exclude-caches"];
    let ended = seal_tree(&dir, &options)
        .args([
            "--exclude-if-present=.nobackup",
            "--exclude-if-present=.skip",
        ])
        .run();
    let lines = [
        "fetool: t/cache: excluded by --exclude-caches: CACHEDIR.TAG is in it",
        "fetool: t/none: excluded by --exclude-if-present .skip",
        "fetool: t/other: excluded by --exclude-if-present .nobackup",
        "fetool: t/a: sealed -> out/a.gfe",
        "fetool: t/fake/x: sealed -> out/fake/x.gfe",
        "fetool: t/fake/CACHEDIR.TAG: sealed -> out/fake/CACHEDIR.TAG.gfe",
    ];
    tells(
        &ended,
        0,
        &lines,
        "sealed 3 files, 14 B, 0 skipped, 0 failed",
    );
}
