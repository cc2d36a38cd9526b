//! The committed manual pages and completions are what the command line's definitions give.
//!
//! `FETOOL_UPDATE=1 cargo test --test generated` writes them anew.

use std::path::Path;
use std::process::Command;

const PAGES: [(&str, &[&str]); 8] = [
    ("man/fetool.1", &["man"]),
    ("man/fetool-seal.1", &["man", "seal"]),
    ("man/fetool-open.1", &["man", "open"]),
    ("man/fetool-inspect.1", &["man", "inspect"]),
    ("man/fetool-rekey.1", &["man", "rekey"]),
    ("man/fetool-keygen.1", &["man", "keygen"]),
    ("man/fetool-bench.1", &["man", "bench"]),
    ("man/fetool-help.1", &["man", "help"]),
];

const COMPLETIONS: [(&str, &[&str]); 5] = [
    ("completions/fetool.bash", &["bash"]),
    ("completions/_fetool", &["zsh"]),
    ("completions/fetool.fish", &["fish"]),
    ("completions/_fetool.ps1", &["powershell"]),
    ("completions/fetool.elv", &["elvish"]),
];

fn generated(args: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_fetool"))
        .arg("generate")
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "generate {args:?}: {output:?}");
    assert!(!output.stdout.is_empty());
    output.stdout
}

fn check(files: &[(&str, &[&str])]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, args) in files {
        let path = root.join(file);
        let fresh = generated(args);
        if std::env::var_os("FETOOL_UPDATE").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == fresh,
            "{file} is stale; run: FETOOL_UPDATE=1 cargo test --test generated"
        );
    }
}

#[test]
fn manual_pages_are_fresh() {
    check(&PAGES);
}

#[test]
fn completions_are_fresh() {
    check(&COMPLETIONS);
}

/// A page or a completion that is no longer generated would never be noticed to be stale.
#[test]
fn nothing_else_is_committed_beside_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, files) in [("man", PAGES.len()), ("completions", COMPLETIONS.len())] {
        let found = std::fs::read_dir(root.join(folder)).unwrap().count();
        assert_eq!(found, files, "files in {folder}");
    }
}
