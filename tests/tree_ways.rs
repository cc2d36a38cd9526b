//! Whole trees: out and back, what is chosen, what is said.

mod cli_common;
mod tree_common;

use cli_common::weak::with_passphrase;
use cli_common::{data, fetool, shell};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use tree_common::*;

const PHOTOS: [&str; 5] = [
    "2024/a.jpg",
    "2024/b.jpg",
    "2024/deep/er/c.txt",
    "empty",
    "z.txt",
];

/// The same paths with something around them.
fn each(before: &str, names: &[&str], after: &str) -> Vec<String> {
    let names = names.iter();
    names.map(|name| format!("{before}{name}{after}")).collect()
}

#[test]
fn a_tree_goes_out_and_comes_back() {
    let dir = home();
    photos(&dir);
    let before = walk(dir.path("photos"));
    let sealed = seal_tree(&dir, &["photos", "-O", "new/backup"]).run();
    let summary = "sealed 5 files, 4.00 MiB, 0 skipped, 0 failed";
    assert_eq!(tells(&sealed, 0, &[], summary), "");
    assert_eq!(
        files(dir.path("new")),
        each("backup/photos/", &PHOTOS, ".gfe")
    );
    assert_eq!(walk(dir.path("photos")), before);
    // Modes and times are those of the sources, and nothing of the content shows.
    let sealed = walk(dir.path("new/backup/photos"));
    for (name, node) in &before {
        let Node::File {
            len,
            hash,
            mode,
            modified,
        } = node
        else {
            assert_eq!(sealed.get(name), Some(node), "{name:?}");
            continue;
        };
        let Some(Node::File {
            len: len_sealed,
            hash: hash_sealed,
            mode: mode_sealed,
            modified: modified_sealed,
        }) = sealed.get(&plus(name, ".gfe"))
        else {
            panic!("{name:?} was not sealed");
        };
        assert_eq!((mode_sealed, modified_sealed), (mode, modified), "{name:?}");
        assert!(len_sealed > len && hash_sealed != hash, "{name:?}");
    }
    let opened = open_tree(&dir, &["new/backup/", "-O", "restored"]).run();
    let summary = "opened 5 files, 4.00 MiB, 0 skipped, 0 failed";
    assert_eq!(tells(&opened, 0, &[], summary), "");
    assert_eq!(walk(dir.path("restored/photos")), before);
}

#[test]
fn beside_the_sources_and_back_with_the_sources_removed() {
    let dir = home();
    photos(&dir);
    let before = walk(dir.path("photos"));
    let sealed = seal_tree(&dir, &["photos", "--remove-source", "-v"]).run();
    let lines: Vec<_> = PHOTOS
        .iter()
        .map(|name| format!("fetool: photos/{name}: sealed -> photos/{name}.gfe"))
        .collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    tells(
        &sealed,
        0,
        &lines,
        "sealed 5 files, 4.00 MiB, 0 skipped, 0 failed",
    );
    assert_eq!(files(dir.path("photos")), each("", &PHOTOS, ".gfe"));
    let opened = open_tree(&dir, &["--remove-source", "photos/", "-q"]).run();
    opened.succeeds();
    assert_eq!(walk(dir.path("photos")), before);
}

#[test]
fn a_path_stands_for_itself_or_for_its_contents() {
    let dir = home();
    put(&dir, "a/b/x", "1");
    put(&dir, "a/y", "2");
    let there = dir.text("a");
    let cases: [(&[&str], &[&str]); 8] = [
        (&["a"], &["a/b/x.gfe", "a/y.gfe"]),
        (&["a/"], &["b/x.gfe", "y.gfe"]),
        (&["a//"], &["b/x.gfe", "y.gfe"]),
        (&["./a"], &["a/b/x.gfe", "a/y.gfe"]),
        (&["a/b"], &["b/x.gfe"]),
        (&["a/y", "a/b"], &["b/x.gfe", "y.gfe"]),
        (&[&there], &["a/b/x.gfe", "a/y.gfe"]),
        (&[".", "--include", "[xy]"], &["a/b/x.gfe", "a/y.gfe"]),
    ];
    for (paths, expected) in cases {
        seal_tree(&dir, &["-q", "-O", "out"])
            .args(paths)
            .run()
            .succeeds();
        assert_eq!(files(dir.path("out")), expected, "{paths:?}");
        fs::remove_dir_all(dir.path("out")).unwrap();
    }
}

#[test]
fn outputs_below_a_path_are_not_sealed_again() {
    let dir = home();
    put(&dir, "a/x", "1");
    put(&dir, "a/out/old", "2");
    seal_tree(&dir, &["-q", "a", "-O", "a/out", "--force"])
        .run()
        .succeeds();
    assert_eq!(files(dir.path("a")), ["out/a/x.gfe", "out/old", "x"]);
}

#[test]
fn each_format_has_its_suffix() {
    let formats = [
        ("gfe", ".gfe", ["-k", "@key"]),
        ("parallel-encryptor", ".enc", ["-p=env:PASS", "-j2"]),
        ("gocrypt", ".enc", ["-p=env:PASS", "-j2"]),
        ("dexios", ".dexios", ["-k", "@key"]),
    ];
    for (format, suffix, secret) in formats {
        let dir = home();
        put(&dir, "a/x", data(100));
        let before = walk(dir.path("a"));
        with_passphrase(&["seal", "-q", "-r", "-f", format, "a", "-O", "out"])
            .args(secret)
            .within(&dir)
            .run()
            .succeeds();
        assert_eq!(files(dir.path("out")), [format!("a/x{suffix}")]);
        let opened = with_passphrase(&["open", "-r", "-q", "out/a/", "-O", "back"])
            .args(secret)
            .within(&dir)
            .run();
        opened.succeeds();
        assert_eq!(walk(dir.path("back")), before, "{format}");
    }
}

#[test]
fn lists_of_paths() {
    let dir = home();
    photos(&dir);
    let names = ["photos/z.txt", "./photos/2024/a.jpg", "photos", "nope"];
    let sealed = seal_list(&dir, &["-O", "out", "-v"], &names).run();
    let lines = [
        "fetool: photos/z.txt: sealed -> out/photos/z.txt.gfe",
        "fetool: ./photos/2024/a.jpg: sealed -> out/photos/2024/a.jpg.gfe",
        "fetool: photos: skipped: a folder",
        "fetool: nope: no such file or directory",
    ];
    let summary = "sealed 2 files, 1.00 MiB, 1 skipped, 1 failed";
    tells(&sealed, 1, &lines, summary);
    assert_eq!(
        files(dir.path("out/photos")),
        ["2024/a.jpg.gfe", "z.txt.gfe"]
    );
    // A list in a file, the last name without a NUL; names with '..' have no place under DIR.
    dir.write("list", "photos/empty\0photos/../photos/z.txt");
    let listed = |more: &[&str]| {
        fetool(["seal", "-k", KEY_FILE, "--files0-from", "list"])
            .args(more)
            .within(&dir)
            .run()
    };
    tells(
        &listed(&["-O", "out2"]),
        2,
        &["fetool: photos/../photos/z.txt: '..' in a listed path has no place under --output-dir"],
        "sealed 1 file, 0 B, 0 skipped, 1 failed",
    );
    tells(
        &listed(&[]),
        0,
        &[],
        "sealed 2 files, 1.00 MiB, 0 skipped, 0 failed",
    );
    assert!(dir.path("photos/z.txt.gfe").exists());
    // What find(1) writes.
    let script = r#"find photos -name '*.txt' -print0 |
        "$FETOOL" seal -q -k @key --files0-from=- --remove-source --force"#;
    shell(script, [""; 0]).within(&dir).run().succeeds();
    let left = files(dir.path("photos"));
    assert!(!left.iter().any(|name| name.ends_with(".txt")), "{left:?}");
    let missing = fetool(["seal", "-k", KEY_FILE, "--files0-from", "missing"]);
    tells(
        &missing.within(&dir).run(),
        1,
        &["fetool: missing: no such file or directory"],
        "sealed 0 files, 0 B, 0 skipped, 1 failed",
    );
}

#[test]
fn filters() {
    let dir = home();
    for name in [
        "a.log",
        "b.txt",
        ".c.log",
        "d/a.log",
        "d/e/f.log",
        ".g/h.log",
        "d/.git/i.log",
    ] {
        put(&dir, format!("t/{name}"), "1");
    }
    let cases: [(&[&str], &[&str]); 10] = [
        (&[], &["a.log", "b.txt", "d/a.log", "d/e/f.log"]),
        (&["--include", "*.log"], &["a.log", "d/a.log", "d/e/f.log"]),
        (
            &["--include=a*", "--include=b*"],
            &["a.log", "b.txt", "d/a.log"],
        ),
        (&["--exclude", "*.log"], &["b.txt"]),
        (&["--exclude", "d"], &["a.log", "b.txt"]),
        (&["--exclude", "d/e/"], &["a.log", "b.txt", "d/a.log"]),
        (&["--include", "d/**"], &["d/a.log", "d/e/f.log"]),
        (&["--include=/*.log"], &["a.log"]),
        (&["--max-depth", "2"], &["a.log", "b.txt", "d/a.log"]),
        (
            &["--hidden", "--exclude=.git", "--include=*.log"],
            &[".c.log", ".g/h.log", "a.log", "d/a.log", "d/e/f.log"],
        ),
    ];
    for (options, expected) in cases {
        seal_tree(&dir, &["-q", "t/", "-O", "out"])
            .args(options)
            .run()
            .succeeds();
        assert_eq!(
            files(dir.path("out")),
            each("", expected, ".gfe"),
            "{options:?}"
        );
        fs::remove_dir_all(dir.path("out")).unwrap();
    }
}

#[test]
fn another_file_system_is_left_out() {
    let dir = home();
    put(&dir, "t/here", "1");
    fs::create_dir(dir.path("t/there")).unwrap();
    let script = r#"mount -t tmpfs none t/there && echo > t/there/x && exec "$FETOOL" "$@""#;
    let args = ["seal", "-r", "-q", "-k", KEY_FILE, "t/", "-O"];
    let run = |more: &[&str]| mounting(&dir, script, &args).args(more).run().succeeds();
    run(&["one", "--one-file-system"]);
    run(&["all"]);
    assert_eq!(files(dir.path("one")), ["here.gfe"]);
    assert_eq!(files(dir.path("all")), ["here.gfe", "there/x.gfe"]);
}

#[test]
fn names_are_bytes() {
    let dir = home();
    fs::create_dir(dir.path("t")).unwrap();
    let mut names: Vec<Vec<u8>> = (1..=255_u8)
        .filter(|byte| !b"/.".contains(byte))
        .map(|byte| vec![byte])
        .collect();
    names.push(b"-rf \n\t\x1b[2J\xff\xc3(.gfe.txt".to_vec());
    names.push(vec![b'n'; 251]);
    names.push(vec![0xfe; 251]);
    for name in &names {
        fs::write(dir.path("t").join(OsStr::from_bytes(name)), name).unwrap();
    }
    let before = walk(dir.path("t"));
    seal_tree(&dir, &["-q", "t", "--remove-source"])
        .run()
        .succeeds();
    let sealed: Vec<PathBuf> = before.keys().map(|name| plus(name, ".gfe")).collect();
    assert!(walk(dir.path("t")).keys().eq(sealed.iter()));
    open_tree(&dir, &["-q", "t", "--remove-source"])
        .run()
        .succeeds();
    assert_eq!(walk(dir.path("t")), before);
}

#[test]
fn names_are_quoted_in_messages() {
    let dir = home();
    fs::create_dir(dir.path("t")).unwrap();
    let name = OsStr::from_bytes(b"a\n\x1b[2J\xff\xc3\xa9");
    fs::write(dir.path("t").join(name), "1").unwrap();
    let line = r"fetool: t/a\n\u{1b}[2J\xffé: sealed -> t/a\n\u{1b}[2J\xffé.gfe";
    let sealed = seal_tree(&dir, &["t", "-v"]).run();
    tells(
        &sealed,
        0,
        &[line],
        "sealed 1 file, 1 B, 0 skipped, 0 failed",
    );
}

#[test]
fn what_is_passed_over() {
    let dir = home();
    put(&dir, "t/plain", "1");
    seal_tree(&dir, &["-q", "t"]).run().succeeds();
    // Sealed by content but not by name, and by name alone: both are data.
    fs::copy(dir.path("t/plain.gfe"), dir.path("t/copy")).unwrap();
    put(&dir, "t/notes.gfe", "not sealed");
    put(&dir, "t/notes.enc", "neither");
    fs::copy(dir.path("key"), dir.path("t/key")).unwrap();
    fs::remove_file(dir.path("key")).unwrap();
    fs::hard_link(dir.path("t/key"), dir.path("key")).unwrap();
    symlink("plain", dir.path("t/link")).unwrap();
    symlink(".", dir.path("t/loop")).unwrap();
    dir.fifo("t/fifo");
    let _socket = UnixListener::bind(dir.path("t/socket")).unwrap();
    let odd = [
        "fetool: t/fifo: skipped: a fifo",
        "fetool: t/socket: skipped: a socket",
    ];
    let run = |args: &[&str]| seal_tree(&dir, &["t", "-O", "out"]).args(args).run();
    tells(
        &run(&[]),
        0,
        &odd,
        "sealed 4 files, 63 B, 6 skipped, 0 failed",
    );
    let names = ["copy.gfe", "notes.enc.gfe", "notes.gfe.gfe", "plain.gfe"];
    assert_eq!(files(dir.path("out/t")), names);
    // --force seals what is sealed, too.
    tells(
        &run(&["--force"]),
        0,
        &odd,
        "sealed 5 files, 108 B, 5 skipped, 0 failed",
    );
    assert!(dir.path("out/t/plain.gfe.gfe").exists());
    let quiet = [
        "fetool: t/key: skipped: the key file",
        "fetool: t/link: skipped: a symbolic link",
        "fetool: t/loop: skipped: a symbolic link",
        "fetool: t/copy: skipped: not a sealed file with its suffix",
        "fetool: t/plain: skipped: not a sealed file with its suffix",
        "fetool: t/notes.gfe: skipped: not a sealed file with its suffix",
        "fetool: t/notes.enc: skipped: not a sealed file with its suffix",
        "fetool: t/plain.gfe: opened -> back/t/plain",
    ];
    let opened = open_tree(&dir, &["t", "-v", "-O", "back"]).run();
    let lines = [&odd[..], &quiet].concat();
    tells(
        &opened,
        0,
        &lines,
        "opened 1 file, 1 B, 9 skipped, 0 failed",
    );
}

#[test]
fn links_are_followed_where_that_is_wanted() {
    let dir = home();
    put(&dir, "far/x", "1");
    put(&dir, "t/y", "2");
    symlink("../far", dir.path("t/far")).unwrap();
    symlink("y", dir.path("t/link")).unwrap();
    symlink("../t", dir.path("far/loop")).unwrap();
    symlink("nowhere", dir.path("t/dangling")).unwrap();
    let followed = seal_tree(&dir, &["t", "-O", "out", "--follow"]).run();
    let lines = [
        "fetool: t/far/loop: a symbolic link that leads back to a folder it is in",
        "fetool: t/dangling: no such file or directory",
    ];
    let summary = "sealed 3 files, 3 B, 0 skipped, 2 failed";
    tells(&followed, 1, &lines, summary);
    let names = ["far/x.gfe", "link.gfe", "y.gfe"];
    assert_eq!(files(dir.path("out/t")), names);
    // A link is not followed without being asked, be it in a tree or in a list.
    let listed = seal_list(&dir, &["-v"], &["t/link", "t/far"]).run();
    let lines = [
        "fetool: t/link: skipped: a symbolic link",
        "fetool: t/far: skipped: a symbolic link",
    ];
    tells(
        &listed,
        0,
        &lines,
        "sealed 0 files, 0 B, 2 skipped, 0 failed",
    );
}

/// The results beside the sources are where the links lead, too.
#[test]
fn followed_links_lead_to_the_results() {
    let dir = home();
    put(&dir, "far/x", "1");
    put(&dir, "t/y", "2");
    symlink("../far", dir.path("t/far")).unwrap();
    let sealed = seal_tree(&dir, &["t", "--follow"]).run();
    tells(&sealed, 0, &[], "sealed 2 files, 2 B, 0 skipped, 0 failed");
    assert_eq!(files(dir.path("far")), ["x", "x.gfe"]);
}

#[test]
fn modes_and_times_stay_behind_where_that_is_wanted() {
    let dir = home();
    put(&dir, "t/x", "1");
    dir.set_mode("t/x", 0o444);
    dir.set_mode("t", 0o750);
    let sealed = |folder: &str, more: &[&str]| {
        seal_tree(&dir, &["-q", "t", "-O", folder])
            .args(more)
            .run()
            .succeeds();
        let path = dir.path(format!("{folder}/t/x.gfe"));
        File::open(path).unwrap().metadata().unwrap()
    };
    let source = fs::metadata(dir.path("t/x")).unwrap();
    let carried = sealed("a", &[]);
    assert_eq!(carried.permissions(), source.permissions());
    assert_eq!(carried.modified().unwrap(), source.modified().unwrap());
    assert_eq!(dir.mode("a/t"), 0o750);
    let fresh = sealed("b", &["--no-preserve"]);
    assert_ne!(fresh.permissions(), source.permissions());
    assert!(fresh.modified().unwrap() > source.modified().unwrap());
}
