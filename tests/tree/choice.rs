//! Whole trees: which files are taken, and which are passed over.

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
            each(expected, ".gfe"),
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
