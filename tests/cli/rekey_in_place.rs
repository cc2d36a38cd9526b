//! `fetool rekey -i` and the file that it changes; and passphrases that are typed for it.

use crate::dexios_common::rekeying::{CHANGE, changed, folder};
use crate::dexios_common::{SECRET, watchdog};
use fetool::status;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

#[test]
fn in_place_it_is_the_same_file() {
    let _dog = watchdog();
    let (folder, file) = folder(&[SECRET]);
    let path = folder.path("f");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    fs::hard_link(&path, folder.path("hard")).unwrap();
    fs::create_dir(folder.path("links")).unwrap();
    symlink("../f", folder.path("links/soft")).unwrap();
    let before = fs::metadata(&path).unwrap();

    let ran = folder
        .run(&format!("{CHANGE} -i links/soft"))
        .is(status::OK);
    assert_eq!((ran.stdout, ran.stderr), (vec![], String::new()));
    changed(&folder.read("hard"), &file);
    let after = fs::metadata(&path).unwrap();
    assert_eq!(
        (after.ino(), after.mode(), after.len()),
        (before.ino(), before.mode(), before.len())
    );
    assert!(fs::read_link(folder.path("links/soft")).is_ok());
    assert_eq!(fs::read_dir(folder.path("links")).unwrap().count(), 1);
    assert_eq!(folder.names(), ["f", "hard", "links"]);
}

#[test]
fn what_is_no_regular_file_is_not_changed_in_place() {
    let (folder, _) = folder(&[SECRET]);
    fs::create_dir(folder.path("dir")).unwrap();
    nix::unistd::mkfifo(&folder.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for reseal in ["", "--reseal "] {
        // Nobody writes to the fifo: waiting for it would hang.
        for (name, status, says) in [
            ("fifo", status::USAGE, "not a regular file"),
            ("/dev/null", status::USAGE, "not a regular file"),
            ("dir", status::SYSTEM, "is a directory"),
        ] {
            folder
                .run(&format!("rekey {reseal}-k @one --new-key @two -i {name}"))
                .fails(status, says);
        }
    }
    assert_eq!(folder.names(), ["dir", "f", "fifo"]);
}

/// Nobody may write to the file, not even its owner; so the program runs as somebody who is not
/// root, for whom modes do not count.
#[test]
fn a_file_without_the_right_to_write() {
    let (folder, file) = folder(&[SECRET]);
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.path(name), Permissions::from_mode(mode)).unwrap();
    };
    mode("f", 0o444);
    mode("", 0o777);
    // Where the program lies may be closed to others.
    fs::copy(env!("CARGO_BIN_EXE_fetool"), folder.path("program")).unwrap();
    mode("program", 0o755);
    let mut command = Command::new(folder.path("program"));
    command.current_dir(folder.path("")).args([
        "rekey",
        "-k",
        "@one",
        "--new-key",
        "@two",
        "-i",
        "f",
    ]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said, "fetool: f: permission denied\n");
    assert_eq!(folder.read("f"), file);
    assert_eq!(folder.names(), ["f", "program"]);
}

/// Reads from a terminal until it has shown `prompt`.
fn expect(terminal: &mut impl Read, prompt: &str) {
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).ends_with(prompt) {
        let mut byte = [0];
        let read = terminal.read(&mut byte).unwrap_or(0);
        assert_eq!(read, 1, "{prompt:?}: {}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    let shown = String::from_utf8_lossy(&shown);
    assert!(
        !shown.contains("secret"),
        "typed secrets are not shown: {shown}"
    );
}

#[test]
fn passphrases_are_asked_for_old_before_new() {
    let _dog = watchdog();
    let (folder, file) = folder(&[SECRET]);
    for (confirmed, status) in [("other", status::USAGE), ("second secret", status::OK)] {
        let (mut terminal, inner) = pty_process::blocking::open().unwrap();
        let mut child = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_fetool"))
            .current_dir(folder.path(""))
            .args("rekey -p --new-passphrase --new-kdf balloon -i f".split(' '))
            .spawn(inner)
            .unwrap();
        for (prompt, answer) in [
            ("Enter passphrase: ", "correct horse battery staple"),
            ("Enter new passphrase: ", "second secret"),
            ("Confirm new passphrase: ", confirmed),
        ] {
            expect(&mut terminal, prompt);
            terminal
                .write_all(format!("{answer}\n").as_bytes())
                .unwrap();
        }
        if status == status::USAGE {
            expect(&mut terminal, "the passphrases are not the same\r\n");
        }
        assert_eq!(child.wait().unwrap().code(), Some(status.into()));
        if status != status::OK {
            assert_eq!(folder.read("f"), file);
        }
    }
    changed(&folder.read("f"), &file);
    assert_eq!(folder.names(), ["f"]);
}
