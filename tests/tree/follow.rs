//! Symbolic links that are followed: with `--follow`, and those that are named.

use crate::cli_common::fetool;
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;

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
        "fetool: t/far/loop: symbolic link leads back to a directory it is in",
        "fetool: t/dangling: no such file or directory",
    ];
    let summary = "sealed 3 files, 3 B, 0 skipped, 2 failed";
    tells(&followed, 1, &lines, summary);
    let names = ["far/x.gfe", "link.gfe", "y.gfe"];
    assert_eq!(files(dir.path("out/t")), names);
}

#[test]
fn a_link_that_is_named_is_followed() {
    let dir = home();
    put(&dir, "far/x", "1");
    put(&dir, "t/y", "22");
    for (link, to) in [("link", "y"), ("far", "../far"), ("dangling", "nowhere")] {
        symlink(to, dir.path(format!("t/{link}"))).unwrap();
    }
    // In a tree it is skipped.
    let tree = seal_tree(&dir, &["t", "-O", "out"]).run();
    let summary = "sealed 1 file, 2 B, 3 skipped (3 symbolic links), 0 failed";
    tells(&tree, 0, &[], summary);
    let named = seal_tree(&dir, &["t/link", "t/far", "-O", "named"]).run();
    tells(&named, 0, &[], "sealed 2 files, 3 B, 0 skipped, 0 failed");
    assert_eq!(files(dir.path("named")), ["far/x.gfe", "link.gfe"]);
    let dangling = ["fetool: t/dangling: no such file or directory"];
    let named = seal_tree(&dir, &["t/dangling", "t/y", "-O", "more"]).run();
    tells(
        &named,
        1,
        &dangling,
        "sealed 1 file, 2 B, 0 skipped, 1 failed",
    );
    // The same in a list, where directories are none of the files.
    let names = ["t/link", "t/far", "t/dangling"];
    let listed = seal_list(&dir, &[], &names).run();
    let summary = "sealed 1 file, 2 B, 1 skipped (1 directory), 1 failed";
    tells(&listed, 1, &dangling, summary);
    // The result is beside the link, and is opened through a link as well.
    symlink("../t/link.gfe", dir.path("far/z.gfe")).unwrap();
    let opened = open_tree(&dir, &["far/z.gfe"]).run();
    tells(&opened, 0, &[], "opened 1 file, 2 B, 0 skipped, 0 failed");
    assert_eq!(dir.read("far/z"), b"22");
    // And what is changed in place is the file, not the link.
    dir.write("new", [9; 32]);
    let rekey = "rekey -q -r -i --reseal -k @key --new-key @new".split(' ');
    let rekeyed = fetool(rekey).arg("far/z.gfe").within(&dir).run();
    rekeyed.succeeds();
    assert!(dir.path("far/z.gfe").is_symlink());
    let opened = fetool(["open", "-k", "@new", "t/link.gfe"])
        .within(&dir)
        .run();
    assert_eq!(opened.succeeds(), b"22");
}

/// With the link gone, the data would still be where it led to.
#[test]
fn a_link_is_no_source_that_could_be_removed() {
    let dir = home();
    put(&dir, "x", "1");
    fs::create_dir(dir.path("t")).unwrap();
    symlink("../x", dir.path("t/link")).unwrap();
    let lines = [
        "fetool: t/link: symbolic link: --remove-source would not remove the file it points to",
        "fetool: hint: name the file itself, or leave out --remove-source",
    ];
    let summary = "sealed 0 files, 0 B, 0 skipped, 1 failed";
    for args in [
        &["t/link", "--remove-source"][..],
        &["t", "--follow", "--remove-source"],
    ] {
        tells(&seal_tree(&dir, args).run(), 2, &lines, summary);
    }
    let listed = seal_list(&dir, &["--remove-source"], &["t/link"]).run();
    tells(&listed, 2, &lines, summary);
    assert_eq!(files(dir.path("t")), ["link"]);
    assert_eq!(dir.read("x"), b"1");
}

/// A link to a directory that cannot be opened fails, unless a rule leaves it out.
#[test]
fn links_to_directories_that_cannot_be_opened() {
    let dir = home();
    for name in ["locked/one/x", "locked/two/x", "t/a", "t/d/b"] {
        put(&dir, name, "1");
    }
    for (name, to) in [("t/one", "../locked/one"), ("t/d/two", "../../locked/two")] {
        symlink(to, dir.path(name)).unwrap();
    }
    symlink("../locked/two", dir.path("t/a-two")).unwrap();
    for name in ["locked/one", "locked/two"] {
        dir.set_mode(name, 0);
    }
    let args = [
        "seal", "-r", "-k", KEY_FILE, "--update", "--follow", "t/", "-O", "out",
    ];
    let cases: [(&[&str], &[&str]); 4] = [
        (&[], &["a-two", "d/two", "one"]),
        (&["--exclude=one"], &["a-two", "d/two"]),
        (&["--exclude=*two"], &["one"]),
        (&["--exclude=*two", "--exclude=/one"], &[]),
    ];
    for (n, (rules, failed)) in cases.into_iter().enumerate() {
        let ended = unprivileged(&dir, &args).args(rules).run();
        let lines: Vec<_> = failed
            .iter()
            .map(|name| format!("fetool: t/{name}: permission denied"))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (counts, status) = match n {
            0 => ("sealed 2 files, updated 0, 2 B, 0", 1),
            _ => (
                "sealed 0 files, updated 0, 0 B, 2",
                i32::from(!failed.is_empty()),
            ),
        };
        let said = format!("{counts} unchanged, 0 skipped, {} failed", failed.len());
        tells(&ended, status, &lines, &said);
    }
    for name in ["locked/one", "locked/two"] {
        dir.set_mode(name, 0o700);
    }
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
