//! Changing the secrets of whole trees.

use crate::cli_common::{Dir, data, fetool, until};
use crate::tree_common::*;
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::symlink;

/// `t` with three sealed files, of which the secrets can be changed, and one that has none.
fn sealed() -> Dir {
    let dir = home();
    dir.write("old", "old");
    dir.write("new", "new");
    for name in ["a", "b", "d/c"] {
        put(&dir, format!("t/{name}"), name);
    }
    let seal = ["seal", "-q", "-r", "-f", "dexios", "--kdf", "balloon", "-k"];
    fetool(seal)
        .args(["@old", "t", "--remove-source"])
        .within(&dir)
        .run()
        .succeeds();
    for name in ["a", "b", "d/c"] {
        dir.set_mode(&format!("t/{name}.dexios"), 0o600);
    }
    put(&dir, "t/plain", "plain");
    dir
}

const REKEY: [&str; 8] = [
    "rekey",
    "-r",
    "-i",
    "--new-kdf",
    "balloon",
    "-k",
    "@old",
    "t",
];

#[test]
fn every_file_with_slots_is_changed_and_a_second_run_finds_that() {
    let dir = sealed();
    let rekey = || fetool(REKEY).args(["--new-key", "@new"]).within(&dir).run();
    let first = rekey();
    assert_eq!(first.code(), Some(0), "{}", first.stderr());
    assert!(
        first.stderr().starts_with("fetool: rekeyed 3 files, "),
        "{}",
        first.stderr()
    );
    let again = rekey();
    assert_eq!(again.code(), Some(0), "{}", again.stderr());
    let line =
        "fetool: rekeyed 0 files, 0 B, 4 skipped (3 rekeyed already, 1 not sealed), 0 failed, ";
    assert!(again.stderr().starts_with(line), "{}", again.stderr());
    let open = |key: &str, out: &str| {
        fetool(["open", "-q", "-r", "-k", key, "t/", "-O", out])
            .within(&dir)
            .run()
    };
    assert_eq!(open("@old", "no").code(), Some(3));
    open("@new", "out").succeeds();
    for name in ["a", "b", "d/c"] {
        assert_eq!(
            fs::read(dir.path("out").join(name)).unwrap(),
            name.as_bytes()
        );
    }
    assert_eq!(fs::read(dir.path("t/plain")).unwrap(), b"plain");
}

#[test]
fn a_wrong_secret_changes_nothing() {
    let dir = sealed();
    let bytes = || ["a", "b", "d/c"].map(|name| dir.read(format!("t/{name}.dexios")));
    let before = bytes();
    let ended = fetool([
        "rekey",
        "-q",
        "-r",
        "-i",
        "-k",
        "@key",
        "t",
        "--new-key",
        "@new",
    ])
    .within(&dir)
    .run();
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr());
    assert!(bytes() == before);
}

#[test]
fn what_makes_no_sense_in_a_tree_is_refused() {
    let dir = home();
    fs::create_dir(dir.path("t")).unwrap();
    let refused = |args: &[&str], message: &str| {
        fetool(["rekey", "-r", "-k", "@key", "t", "--new-key", "@key"])
            .args(args)
            .within(&dir)
            .run()
            .fails(2, message);
    };
    refused(&[], "fetool: -r changes files in place, and needs -i\n");
    refused(
        &["--reseal", "-i", "-f", "gfe"],
        "fetool: --format cannot be used with -r or --files0-from\n\
         fetool: hint: the names of the files would no longer fit what they hold\n",
    );
}

/// Files of the default format wrap no key: that nothing was done must not look like success.
#[test]
fn files_without_slots_fail() {
    let dir = home();
    dir.write("new", [9; 32]);
    put(&dir, "t/a", "a");
    fetool(["seal", "-q", "-r", "-k", "@key", "t", "--remove-source"])
        .within(&dir)
        .run()
        .succeeds();
    put(&dir, "t/plain", "plain");
    put(&dir, "t/empty.gfe", "");
    let before = dir.read("t/a.gfe");
    let rekey = |args: &[&str]| {
        fetool(["rekey", "-r", "-i", "-k", "@key", "t", "--new-key", "@new"])
            .args(args)
            .within(&dir)
            .run()
    };
    let ended = rekey(&[]);
    assert_eq!(ended.code(), Some(5), "{}", ended.stderr());
    let says = ended.stderr();
    assert!(says.contains("fetool: t/a.gfe: "), "{says}");
    assert!(says.contains("--reseal"), "{says}");
    assert!(
        says.contains("fetool: t/empty.gfe: unexpected EOF: the input is empty"),
        "{says}"
    );
    assert!(
        says.contains("rekeyed 0 files, 0 B, 1 skipped (1 not sealed), 2 failed"),
        "{says}"
    );
    assert!(dir.read("t/a.gfe") == before);
}

/// A tree's key is changed without plaintext on the disk, and a second run finds that it was.
#[test]
fn a_tree_is_sealed_again_in_place() {
    let dir = home();
    dir.write("new", [9; 32]);
    for name in ["a", "b", "d/c"] {
        put(&dir, format!("t/{name}"), name);
    }
    fetool(["seal", "-q", "-r", "-k", "@key", "t", "--remove-source"])
        .within(&dir)
        .run()
        .succeeds();
    put(&dir, "t/plain", "plain");
    dir.set_mode("t/b.gfe", 0o640);
    let rekey = || {
        fetool([
            "rekey",
            "-r",
            "-i",
            "--reseal",
            "-k",
            "@key",
            "t",
            "--new-key",
            "@new",
        ])
        .within(&dir)
        .run()
    };
    // As if an earlier run was killed behind the first file, and in the middle of the second.
    fetool([
        "rekey",
        "-q",
        "-i",
        "--reseal",
        "-k",
        "@key",
        "t/a.gfe",
        "--new-key",
        "@new",
    ])
    .within(&dir)
    .run()
    .succeeds();
    put(&dir, "t/.fetool-0123456789abcdef.tmp", "half");
    let done = dir.read("t/a.gfe");
    let first = rekey();
    assert_eq!(first.code(), Some(0), "{}", first.stderr());
    let says = "fetool: rekeyed 2 files, ";
    assert!(first.stderr().starts_with(says), "{}", first.stderr());
    assert!(
        first
            .stderr()
            .contains(" 2 skipped (1 rekeyed already, 1 not sealed), 0 failed"),
        "{}",
        first.stderr()
    );
    assert!(dir.read("t/a.gfe") == done);
    assert_eq!(dir.mode("t/b.gfe"), 0o640);
    let names = |below: &str| {
        let entries = fs::read_dir(dir.path(below)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("t"), ["a.gfe", "b.gfe", "d", "plain"]);
    assert_eq!(names("t/d"), ["c.gfe"]);
    for name in ["a", "b", "d/c"] {
        let opened = fetool(["open", "-k", "@new", &format!("t/{name}.gfe")])
            .within(&dir)
            .run();
        assert_eq!(opened.stdout(), name);
        let revoked = fetool(["open", "-k", "@key", &format!("t/{name}.gfe")])
            .within(&dir)
            .run();
        assert_eq!(revoked.code(), Some(3));
    }
    let again = rekey();
    assert_eq!(again.code(), Some(0), "{}", again.stderr());
    assert!(again.stderr().starts_with(
        "fetool: rekeyed 0 files, 0 B, 4 skipped (3 rekeyed already, 1 not sealed), 0 failed"
    ));
}

/// A header alone opens under any key, which does not mean that an earlier run has changed it.
#[test]
fn a_file_that_proves_nothing_is_not_changed_already() {
    let dir = home();
    dir.write("new", [9; 32]);
    let header = include_bytes!("../vectors/gfe_file_0_c1048576.gfe");
    put(&dir, "t/forged.gfe", header);
    let rekey = ["rekey", "-r", "-i", "--reseal", "-k", "@key", "t"];
    let ended = fetool(rekey).args(["--new-key", "@new"]).within(&dir).run();
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr());
    let says = ended.stderr();
    assert!(says.starts_with("fetool: t/forged.gfe: "), "{says}");
    assert!(says.contains(" 0 skipped, 1 failed"), "{says}");
    assert_eq!(dir.read("t/forged.gfe"), header);
}

/// A directory of a listed path that has become a link leads nowhere, in whatever is done to lists.
#[test]
fn listed_paths_lead_through_directories_only() {
    let dir = home();
    dir.write("new", [9; 32]);
    put(&dir, "outside/x", "outside");
    fetool(["seal", "-k", "@key", "outside/x", "-o", "outside/y.gfe"])
        .within(&dir)
        .run()
        .succeeds();
    fs::create_dir(dir.path("t")).unwrap();
    symlink("../outside", dir.path("t/d")).unwrap();
    let before = dir.read("outside/y.gfe");
    let listed = |args: &[&str], path: &str| {
        let list = format!("{path}\0");
        fetool(args.iter().copied())
            .args(["-q", "--files0-from", "-"])
            .within(&dir)
            .input(list)
            .run()
    };
    let seal = ["seal", "-k", "@key", "--remove-source"];
    let open = ["open", "-k", "@key", "--remove-source"];
    let rekey = ["rekey", "-k", "@key", "-i", "--reseal", "--new-key", "@new"];
    for (args, path) in [
        (&seal[..], "t/d/x"),
        (&open[..], "t/d/y.gfe"),
        (&rekey[..], "t/d/y.gfe"),
    ] {
        let ended = listed(args, path);
        assert_eq!(ended.code(), Some(1), "{}", ended.stderr());
        let says =
            format!("fetool: {path}: d is not a directory, and links are not followed there\n");
        assert_eq!(ended.stderr(), says);
        assert_eq!(fs::read_dir(dir.path("outside")).unwrap().count(), 2);
        assert!(dir.read("outside/y.gfe") == before);
    }
    // A parent directory is no link, and neither is the root.
    let absolute = dir.path("outside/y.gfe").canonicalize().unwrap();
    for path in ["t/../outside/y.gfe", absolute.to_str().unwrap()] {
        let ended = listed(&["open", "-k", "@key", "--force"], path);
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
    }
    assert_eq!(dir.read("outside/y"), b"outside");
}

/// What another program puts in the place of a file that is sealed again is newer.
#[test]
fn a_file_that_is_replaced_meanwhile_stays() {
    let dir = home();
    dir.write("new", [9; 32]);
    put(&dir, "big", data(32 << 20));
    let seal = ["seal", "-q", "-c64", "-k", KEY_FILE, "big", "-o", "sealed"];
    fetool(seal).within(&dir).run().succeeds();
    for args in [&["-r", "t"][..], &["t/big.gfe"]] {
        fs::create_dir_all(dir.path("t")).unwrap();
        fs::copy(dir.path("sealed"), dir.path("t/big.gfe")).unwrap();
        let rekey = "rekey -q -i --reseal -j1 -k @key --new-key @new".split(' ');
        let job = fetool(rekey).args(args).within(&dir).start();
        until("it is at work", || temporary(&dir.path("t")).is_some());
        job.signal(Signal::SIGSTOP);
        assert!(temporary(&dir.path("t")).is_some(), "it was too fast");
        dir.write("newer", "newer");
        fs::rename(dir.path("newer"), dir.path("t/big.gfe")).unwrap();
        job.signal(Signal::SIGCONT);
        let says = "fetool: t/big.gfe: another file has taken its place, and was not changed\n\
                    fetool: hint: run the same command again\n";
        job.end().fails(1, says);
        assert_eq!(dir.read("t/big.gfe"), b"newer");
        assert_eq!(files(dir.path("t")), ["big.gfe"]);
    }
}

/// A file is changed once, however many names lead to it.
#[test]
fn a_file_with_several_names() {
    let dir = sealed();
    fs::hard_link(dir.path("t/a.dexios"), dir.path("t/c.dexios")).unwrap();
    fs::hard_link(dir.path("t/a.dexios"), dir.path("t/d/e.dexios")).unwrap();
    let slots = |path: &str| {
        let list = fetool(["rekey", "--list", path]).within(&dir).run();
        String::from_utf8(list.succeeds()).unwrap().lines().count()
    };
    let add = "rekey -r -i --new-kdf=balloon -k@old t --add --new-key=@new".split(' ');
    let stderr = fetool(add).within(&dir).run().stderr();
    let line = "fetool: rekeyed 3 files, ";
    assert!(stderr.starts_with(line), "{stderr}");
    assert!(
        stderr.contains(", 3 skipped (2 rekeyed already, 1 not sealed), 0 failed, "),
        "{stderr}"
    );
    assert_eq!((slots("t/a.dexios"), slots("t/b.dexios")), (2, 2));
    // The old secret no longer opens it by the second name.
    let remove = ["rekey", "-r", "-i", "-q", "-k@old", "t", "--remove"];
    fetool(remove).within(&dir).run().succeeds();
    assert_eq!((slots("t/a.dexios"), slots("t/b.dexios")), (1, 1));
    // Symbolic links are names, too.
    fs::create_dir(dir.path("u")).unwrap();
    for name in ["one", "two"] {
        symlink("../t/b.dexios", dir.path(format!("u/{name}"))).unwrap();
    }
    let rekey = "rekey -r -i --follow --new-kdf=balloon -k@new u --add".split(' ');
    let ended = fetool(rekey).args(["--new-key", "@old"]).within(&dir).run();
    let stderr = ended.stderr();
    assert!(stderr.starts_with("fetool: rekeyed 1 file, "), "{stderr}");
    assert!(
        stderr.contains(", 1 skipped (1 rekeyed already), 0 failed, "),
        "{stderr}"
    );
    assert!(dir.path("u/one").is_symlink() && dir.path("u/two").is_symlink());
    assert_eq!(slots("t/b.dexios"), 2);
}
