//! Whole trees: out and back, what is chosen, what is said.

use crate::cli_common::weak::with_passphrase;
use crate::cli_common::{data, fetool, shell};
use crate::tree_common::*;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

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
        "fetool: photos: skipped: directory",
        "fetool: nope: no such file or directory",
    ];
    let summary = "sealed 2 files, 1.00 MiB, 1 skipped (1 directory), 1 failed";
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
fn modes_and_times_stay_behind_where_that_is_wanted() {
    let dir = home();
    put(&dir, "t/x", "1");
    dir.set_mode("t/x", 0o444);
    dir.set_mode("t", 0o750);
    let sealed = |output: &str, more: &[&str]| {
        seal_tree(&dir, &["-q", "t", "-O", output])
            .args(more)
            .run()
            .succeeds();
        let path = dir.path(format!("{output}/t/x.gfe"));
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
