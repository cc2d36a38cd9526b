//! Changing the secrets of whole trees.

use crate::cli_common::{Dir, fetool};
use crate::tree_common::*;
use std::fs;

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
    let line = "fetool: rekeyed 0 files, 0 B, 4 skipped, 0 failed, ";
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
    let refused = |args: &[&str], message: &str| {
        fetool(["rekey", "-r", "-k", "@key", "t", "--new-key", "@key"])
            .args(args)
            .within(&dir)
            .run()
            .fails(2, message);
    };
    refused(&[], "fetool: -r changes files in place, and needs -i\n");
    refused(
        &["--reseal"],
        "fetool: --reseal is for one file, and this works on many\n\
         fetool: hint: 'fetool open -r' and 'fetool seal -r' do that\n",
    );
}
