//! Whole trees: which files are taken, and which are passed over.

use crate::cli_common::weak::with_passphrase;
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

/// The names with a suffix.
fn each(names: &[&str], after: &str) -> Vec<String> {
    names.iter().map(|name| format!("{name}{after}")).collect()
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
    let all = [
        ".c.log",
        ".g/h.log",
        "a.log",
        "b.txt",
        "d/.git/i.log",
        "d/a.log",
        "d/e/f.log",
    ];
    let run = |options: &[&str], expected: &[&str]| {
        seal_tree(&dir, &["-q", "t/", "-O", "out"])
            .args(options)
            .run()
            .succeeds();
        assert_eq!(
            files(dir.path("out")),
            each(expected, ".gfe"),
            "{options:?}"
        );
        fs::remove_dir_all(dir.path("out")).unwrap();
    };
    // Hidden files are data.
    run(&[], &all);
    run(&["--hidden"], &all);
    run(&["--no-hidden", "--hidden"], &all);
    run(
        &["--exclude=.git", "--include=*.log"],
        &[".c.log", ".g/h.log", "a.log", "d/a.log", "d/e/f.log"],
    );
    let cases: [(&[&str], &[&str]); 9] = [
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
    ];
    for (options, expected) in cases {
        run(&[&["--no-hidden"], options].concat(), expected);
    }
}

#[test]
fn hidden_files_that_are_left_out_are_counted() {
    let dir = home();
    for name in ["a", ".b", ".d/c", ".d/e", "f/.g", "f/.log"] {
        put(&dir, format!("t/{name}"), "1");
    }
    // A directory counts as one, and what is not selected not at all.
    let ended = seal_tree(&dir, &["t", "--no-hidden", "-n", "--exclude=*.log"]).run();
    let summary = "would seal 1 file, 3 skipped (3 hidden), 0 failed";
    planned(&ended, 0, &[], summary);
    let ended = seal_tree(
        &dir,
        &["t", "--no-hidden", "-v", "--exclude=.d", "--include=a"],
    )
    .run();
    let lines = [
        "fetool: t/.d: excluded by --exclude .d",
        "fetool: t/a: sealed -> t/a.gfe",
    ];
    tells(&ended, 0, &lines, "sealed 1 file, 1 B, 0 skipped, 0 failed");
    let ended = seal_tree(&dir, &["t/f", "--no-hidden", "-v"]).run();
    let lines = [
        "fetool: t/f/.g: skipped: hidden",
        "fetool: t/f/.log: skipped: hidden",
    ];
    let summary = "sealed 0 files, 0 B, 2 skipped (2 hidden), 0 failed";
    tells(&ended, 0, &lines, summary);
    // A hidden file that is named is meant.
    let ended = seal_tree(&dir, &["t/.b", "--no-hidden"]).run();
    tells(&ended, 0, &[], "sealed 1 file, 1 B, 0 skipped, 0 failed");
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

/// Only the directory itself: the files behind it are in the tree.
#[test]
fn leaving_out_another_file_system_leaves_out_nothing_else() {
    let dir = home();
    for name in ["t/a", "t/mnt/b", "t/z", "t/zz/y"] {
        put(&dir, name, "1");
    }
    fs::create_dir(dir.path("t/mnt/there")).unwrap();
    let script =
        r#"mount -t tmpfs none t/mnt/there && echo > t/mnt/there/x && exec "$FETOOL" "$@""#;
    let args = [
        "seal",
        "-r",
        "-n",
        "-j1",
        "-k",
        KEY_FILE,
        "--one-file-system",
        "t/",
    ];
    for more in [
        ["-O", "out", "--exclude=there"],
        ["-O", "out", "--exclude=/mnt/there"],
        ["-O", "t/mnt/there", "--update"],
    ] {
        let ended = mounting(&dir, script, &args).args(more).run();
        let said = ended.stdout();
        let sealed: Vec<_> = said
            .lines()
            .filter_map(|line| line.split(' ').nth(2))
            .collect();
        assert_eq!(sealed, ["t/a", "t/mnt/b", "t/z", "t/zz/y"], "{more:?}");
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
    }
    // Below it, the results stay.
    let args = [
        "seal",
        "-r",
        "-q",
        "-k",
        KEY_FILE,
        "--one-file-system",
        "t/",
        "-O",
        "out",
    ];
    let more = ["--exclude=there", "--update", "--delete"];
    mounting(&dir, script, &args).args(more).run().succeeds();
    assert_eq!(
        files(dir.path("out")),
        ["a.gfe", "mnt/b.gfe", "z.gfe", "zz/y.gfe"]
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
    // Long enough to be a file of a format that has no magic number.
    put(&dir, "t/notes.enc", [1; 200]);
    fs::copy(dir.path("key"), dir.path("t/key")).unwrap();
    fs::remove_file(dir.path("key")).unwrap();
    fs::hard_link(dir.path("t/key"), dir.path("key")).unwrap();
    symlink("plain", dir.path("t/link")).unwrap();
    symlink(".", dir.path("t/loop")).unwrap();
    dir.fifo("t/fifo");
    let _socket = UnixListener::bind(dir.path("t/socket")).unwrap();
    let odd = [
        "fetool: t/fifo: skipped: FIFO",
        "fetool: t/socket: skipped: socket",
    ];
    let run = |args: &[&str]| seal_tree(&dir, &["t", "-O", "out"]).args(args).run();
    tells(
        &run(&[]),
        0,
        &odd,
        "sealed 4 files, 256 B, 1 with other names (hard links), 6 skipped (1 sealed already, 1 key file, 2 symbolic links, 1 FIFO, 1 socket), 0 failed",
    );
    let names = ["copy.gfe", "notes.enc.gfe", "notes.gfe.gfe", "plain.gfe"];
    assert_eq!(files(dir.path("out/t")), names);
    // --force seals what is sealed, too.
    tells(
        &run(&["--force"]),
        0,
        &odd,
        "sealed 5 files, 301 B, 1 with other names (hard links), 5 skipped (1 key file, 2 symbolic links, 1 FIFO, 1 socket), 0 failed",
    );
    assert!(dir.path("out/t/plain.gfe.gfe").exists());
    let quiet = [
        "fetool: t/key: skipped: key file",
        "fetool: t/link: skipped: symbolic link",
        "fetool: t/loop: skipped: symbolic link",
        "fetool: t/copy: skipped: not a sealed file",
        "fetool: t/plain: skipped: not a sealed file",
        "fetool: t/notes.gfe: damaged or never sealed: it does not begin with a format's magic number",
        "fetool: t/notes.enc: not a sealed file of a known format, or the wrong secret",
        "fetool: not gfe, dexios, age: it does not begin with the magic number",
        "fetool: not gocrypt, gocrypt-v1, parallel-encryptor: the first chunk does not authenticate \
         with this secret",
        "fetool: hint: give the format with --format if you know it",
        "fetool: t/plain.gfe: opened -> back/t/plain",
    ];
    let opened = open_tree(&dir, &["t", "-v", "-O", "back"]).run();
    let lines = [&odd[..], &quiet].concat();
    tells(
        &opened,
        4,
        &lines,
        "opened 1 file, 1 B, 7 skipped (2 not sealed, 1 key file, 2 symbolic links, 1 FIFO, 1 socket), 2 failed",
    );
}

/// What does not look like a sealed file inside is damaged: it may be all that is left of data.
#[test]
fn damaged_files_fail_and_do_not_stop_the_others() {
    let dir = home();
    for name in ["a", "b", "c", "d"] {
        put(&dir, format!("t/{name}"), name);
    }
    seal_tree(&dir, &["-q", "t", "--remove-source"])
        .run()
        .succeeds();
    let whole = dir.read("t/a.gfe");
    let empty = "unexpected EOF: the input is empty (at offset 0)";
    let magic = "damaged or never sealed: it does not begin with a format's magic number";
    let cut = "unexpected EOF: the input ends inside the magic number of GFE (go-fileencrypt) (at offset 2)";
    let cases: [(&str, Vec<u8>, i32, &str); 6] = [
        ("t/b.gfe", vec![], 5, empty),
        ("t/b.gfe", whole[..2].to_vec(), 5, cut),
        ("t/b.gfe", [&[0; 4][..], &whole[4..]].concat(), 4, magic),
        ("t/b.dexios", vec![0; 600], 4, magic),
        ("t/b.enc", vec![], 5, empty),
        ("t/b.gfe", whole[..whole.len() - 1].to_vec(), 5, ""),
    ];
    for (name, bytes, status, what) in cases {
        let _ = fs::remove_file(dir.path("t/b.gfe"));
        fs::write(dir.path(name), &bytes).unwrap();
        for skip in [&[][..], &["--skip-existing"]] {
            let args = [&["t", "-O", "out"], skip].concat();
            let opened = open_tree(&dir, &args).run();
            let stderr = opened.stderr();
            assert_eq!(opened.code(), Some(status), "{name}: {stderr}");
            let line = format!("fetool: {name}: {what}");
            assert!(stderr.starts_with(&line), "{name}: {stderr}");
            assert!(stderr.contains(", 1 failed"), "{name}: {stderr}");
            assert_eq!(files(dir.path("out/t")), ["a", "c", "d"], "{name}");
        }
        fs::remove_dir_all(dir.path("out")).unwrap();
        fs::remove_file(dir.path(name)).unwrap();
    }
}

/// Whatever the user names gets a line, and a name that tells nothing is no reason for success.
#[test]
fn files_that_are_named_get_a_line() {
    let dir = home();
    put(&dir, "t/a", "1");
    seal_tree(&dir, &["-q", "t"]).run().succeeds();
    fs::copy(dir.path("t/a.gfe"), dir.path("t/a.bak")).unwrap();
    let sealed = seal_tree(&dir, &["t/a.gfe"]).run();
    let lines = ["fetool: t/a.gfe: skipped: sealed already"];
    let summary = "sealed 0 files, 0 B, 1 skipped (1 sealed already), 0 failed";
    tells(&sealed, 0, &lines, summary);
    let opened = open_tree(&dir, &["t/a"]).run();
    let lines = ["fetool: t/a: skipped: not a sealed file"];
    let summary = "opened 0 files, 0 B, 1 skipped (1 not sealed), 0 failed";
    tells(&opened, 0, &lines, summary);
    let named = open_tree(&dir, &["t/a.bak"]).run();
    let lines = [
        "fetool: t/a.bak: the name has no suffix (.gfe, .dexios, .enc) to remove",
        "fetool: hint: name the output of each such file: fetool open PATH -o FILE",
    ];
    tells(
        &named,
        2,
        &lines,
        "opened 0 files, 0 B, 0 skipped, 1 failed",
    );
    // A file of another format than the one that was asked for is not damaged.
    let options = ["t", "--format=dexios", "-O", "out", "-v", "--include=*.gfe"];
    let other = open_tree(&dir, &options).run();
    let lines = ["fetool: t/a.gfe: skipped: sealed in another format"];
    let summary = "opened 0 files, 0 B, 1 skipped (1 sealed in another format), 0 failed";
    tells(&other, 0, &lines, summary);
    // A name with the suffix of another format does not matter.
    fs::rename(dir.path("t/a.gfe"), dir.path("t/b.enc")).unwrap();
    let renamed = open_tree(&dir, &["t/b.enc", "-O", "back"]).run();
    tells(&renamed, 0, &[], "opened 1 file, 1 B, 0 skipped, 0 failed");
    assert_eq!(dir.read("back/b"), b"1");
}

/// No plaintext stays behind because of its name.
#[test]
fn only_a_magic_number_makes_a_file_sealed_already() {
    let dir = home();
    // It looks like a file of formats without a magic number.
    put(&dir, "t/secret.enc", [1; 200]);
    let sealed = seal_tree(&dir, &["t", "--remove-source"]).run();
    let summary = "sealed 1 file, 200 B, 0 skipped, 0 failed";
    tells(&sealed, 0, &[], summary);
    assert_eq!(files(dir.path("t")), ["secret.enc.gfe"]);
    // When such a format is written, the secret tells: a second run does not seal it once more.
    let seal = |more: &[&str]| {
        let args = [
            "seal",
            "-r",
            "-p=env:PASS",
            "-f",
            "parallel-encryptor",
            "-j2",
        ];
        with_passphrase(&args).args(more).within(&dir).run()
    };
    put(&dir, "w/secret.enc", [1; 200]);
    assert_eq!(seal(&["-q", "w", "--remove-source"]).code(), Some(0));
    assert_eq!(files(dir.path("w")), ["secret.enc.enc"]);
    let again = seal(&["w", "-v"]);
    let stderr = again.stderr();
    let line = "w/secret.enc.enc: skipped: sealed already\n";
    assert!(stderr.contains(line), "{stderr}");
    assert_eq!(again.code(), Some(0));
    assert_eq!(files(dir.path("w")), ["secret.enc.enc"]);
}

#[test]
fn a_hint_is_printed_once_a_run() {
    let dir = home();
    for name in ["a", "b", "c"] {
        put(&dir, format!("t/{name}"), name);
    }
    seal_tree(&dir, &["-q", "t"]).run().succeeds();
    let again = seal_tree(&dir, &["t", "--include=?"]).run();
    let exists = |name: &str| format!("fetool: t/{name}.gfe: file exists");
    let lines = ["a", "b", "c"].map(exists);
    let lines = [&lines[0], &lines[1], &lines[2], OVERWRITE];
    tells(
        &again,
        1,
        &lines,
        "sealed 0 files, 0 B, 0 skipped, 3 failed",
    );
}

/// Just what the manual says: contents are not compared.
#[test]
fn an_edit_that_keeps_the_length_is_seen_only_by_comparing() {
    let dir = home();
    put(&dir, "t/a", "version 1");
    let run = |more: &[&str]| {
        let options = ["t", "-O", "out", "--skip-existing"];
        seal_tree(&dir, &options).args(more).run()
    };
    run(&["-q"]).succeeds();
    dir.write("new", "version 2");
    fs::rename(dir.path("new"), dir.path("t/a")).unwrap();
    let skipped = "sealed 0 files, 0 B, 1 skipped (1 result exists), 0 failed";
    tells(&run(&[]), 0, &[], skipped);
    let compared = run(&["--verify-existing"]);
    assert_eq!(compared.code(), Some(1), "{}", compared.stderr());
}
