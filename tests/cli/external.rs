//! Subcommands of other programs: `fetool x` runs `fetool-x` from PATH.

use crate::cli_common::{Dir, Fetool, fetool};
use nix::sys::signal::Signal;
use std::fs;

/// A folder with a program in it.
fn bin(name: &str, script: &str) -> Dir {
    let dir = Dir::new();
    dir.write(name, format!("#!/bin/sh\n{script}\n"));
    dir.set_mode(name, 0o755);
    dir
}

/// The system's own folders come last, for what scripts need.
fn path(folders: &[&str]) -> String {
    folders.join(":") + ":/usr/bin:/bin"
}

fn with(dir: &Dir, args: &[&str]) -> Fetool {
    fetool(args).env("PATH", path(&[&dir.text("")]))
}

const UNKNOWN: &str = "fetool: unrecognized subcommand 'probe'\n\nUsage: fetool <COMMAND>\n\n\
                       For more information, try '--help'.\n";

#[test]
fn it_gets_the_remaining_arguments_as_they_are() {
    let dir = bin("fetool-probe", r#"printf '<%s>' "$@""#);
    let ended = with(&dir, &["probe", "-k", "a b", "", "--help", "--", "é\n*"]).run();
    let expected = "<-k><a b><><--help><--><é\n*>";
    assert_eq!(String::from_utf8(ended.succeeds()).unwrap(), expected);
    // Not even text is needed.
    let args: [&std::ffi::OsStr; 1] = [std::os::unix::ffi::OsStrExt::from_bytes(b"\xff")];
    assert_eq!(
        with(&dir, &["probe"]).args(args).run().succeeds(),
        b"<\xff>"
    );
}

#[test]
fn it_has_the_same_standard_streams_and_its_own_status() {
    let dir = bin("fetool-probe", "cat; echo message >&2; exit 42");
    let ended = with(&dir, &["probe"]).input("data").run();
    assert_eq!(ended.fails_after_output(42, "message\n"), b"data");
    let dir = bin("fetool-probe", "kill -TERM $$");
    with(&dir, &["probe"]).run().dies_of(Signal::SIGTERM);
}

#[test]
fn it_takes_the_place_of_fetool() {
    let dir = bin("fetool-probe", "echo $$");
    let job = with(&dir, &["probe"]).start();
    let pid = job.pid();
    assert_eq!(job.end().succeeds(), format!("{pid}\n").as_bytes());
}

#[test]
fn the_first_of_the_path_is_taken() {
    let dirs = ["first", "second"].map(|name| bin("fetool-probe", &format!("echo {name}")));
    let paths = dirs.each_ref().map(|dir| dir.text(""));
    let path = path(&paths.each_ref().map(String::as_str));
    assert_eq!(
        fetool(["probe"]).env("PATH", &path).run().succeeds(),
        b"first\n"
    );
    // What cannot be run is passed over.
    dirs[0].set_mode("fetool-probe", 0o644);
    assert_eq!(
        fetool(["probe"]).env("PATH", &path).run().succeeds(),
        b"second\n"
    );
    fs::remove_file(dirs[0].path("fetool-probe")).unwrap();
    fs::create_dir(dirs[0].path("fetool-probe")).unwrap();
    assert_eq!(
        fetool(["probe"]).env("PATH", &path).run().succeeds(),
        b"second\n"
    );
}

#[test]
fn own_subcommands_come_first() {
    let dir = bin("fetool-keygen", "echo mine");
    assert_eq!(with(&dir, &["keygen"]).run().succeeds().len(), 32);
}

#[test]
fn relative_and_empty_directories_are_skipped() {
    let dir = bin("fetool-probe", "echo found");
    fs::create_dir(dir.path("bin")).unwrap();
    dir.write("bin/fetool-probe", dir.read("fetool-probe"));
    dir.set_mode("bin/fetool-probe", 0o755);
    for folders in ["", ".", "./", "bin", "./bin", "../", ":", "bin::"] {
        let run = |args: &[&str]| {
            let path = format!("{folders}:/nosuch/folder");
            fetool(args).within(&dir).env("PATH", path).run()
        };
        run(&["probe"]).fails(2, UNKNOWN);
        let help = String::from_utf8(run(&["help"]).succeeds()).unwrap();
        assert!(!help.contains("probe"), "{folders}");
    }
    let path = format!(":.:{}", dir.text("bin"));
    let found = fetool(["probe"]).within(&dir).env("PATH", path).run();
    assert_eq!(found.succeeds(), b"found\n");
}

#[test]
fn a_name_is_no_path() {
    let dir = bin("fetool-probe", "echo found");
    fs::create_dir(dir.path("fetool-")).unwrap();
    dir.write("fetool-/probe", dir.read("fetool-probe"));
    dir.set_mode("fetool-/probe", 0o755);
    for name in ["/probe", "../probe", "x/../probe", "./probe", "/"] {
        let message = format!(
            "fetool: '{name}' is no subcommand\n\
             fetool: hint: a subcommand's name has no path separator\n"
        );
        with(&dir, &[name]).within(&dir).run().fails(2, &message);
        with(&dir, &["help", name])
            .within(&dir)
            .run()
            .fails(2, &message);
    }
}

#[test]
fn what_is_not_there() {
    let dir = Dir::new();
    with(&dir, &["probe"]).run().fails(2, UNKNOWN);
    fetool(["probe"]).env("PATH", "").run().fails(2, UNKNOWN);
}

#[test]
fn what_cannot_be_run_says_so() {
    let dir = bin("fetool-probe", "");
    dir.write("fetool-probe", "#!/nosuch/interpreter\n");
    let message = format!(
        "fetool: {}: no such file or directory\n",
        dir.text("fetool-probe")
    );
    with(&dir, &["probe"]).run().fails(1, &message);
}

#[test]
fn help_lists_them() {
    let dir = bin("fetool-probe", "");
    dir.write("fetool-a\x1b[2J", "");
    dir.set_mode("fetool-a\x1b[2J", 0o755);
    dir.write("fetool-not-executable", "");
    dir.write("fetool-", "");
    dir.set_mode("fetool-", 0o755);
    let listed = |folders: String| {
        let help = fetool(["help"]).env("PATH", folders).run().succeeds();
        String::from_utf8(help).unwrap()
    };
    let help = listed(format!("{0}:{0}", dir.text("")));
    let list = "\nSubcommands of other programs in PATH:\n  a\\u{1b}[2J\n  probe\n";
    assert!(help.ends_with(list), "{help}");
    assert!(help.starts_with("Seal, open and inspect"), "{help}");
    let none = Dir::new();
    assert!(!listed(none.text("")).contains("other programs"));
}

#[test]
fn help_asks_them() {
    let dir = bin("fetool-probe", r#"echo "help: $*"; exit 7"#);
    let ended = with(&dir, &["help", "probe"]).run();
    assert_eq!(ended.fails_after_output(7, ""), b"help: --help\n");
}
