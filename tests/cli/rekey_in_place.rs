//! `fetool rekey -i` and the file that it changes; and passphrases that are typed for it.

use crate::cli_common::{Dir, fetool};
use crate::dexios_common::forge::Forge;
use crate::dexios_common::rekeying::{CHANGE, SECOND, changed, folder};
use crate::dexios_common::{SECRET, open, watchdog};
use fetool::format::dexios::SlotHash;
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
        mode("one", 0o644);
        mode("two", 0o644);
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
            ("Enter passphrase for f: ", "correct horse battery staple"),
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

/// Nobody types a passphrase for a file, or for a new key, that is not there. Without a terminal,
/// asking would be an error of its own.
#[test]
fn what_is_missing_is_noticed_before_a_passphrase_is_asked_for() {
    let dir = Dir::new();
    for name in ["f", "two"] {
        dir.write(name, name);
    }
    let missing = |line: String| {
        let ran = fetool(line.split(' ')).within(&dir).run();
        ran.fails(1, "fetool: none: no such file or directory\n");
    };
    for how in ["", " -i", " -i -r", " --reseal", " -i --reseal", " -o g"] {
        missing(format!("rekey -p --new-key @two none{how}"));
        missing(format!("rekey -p --new-key @none f{how}"));
    }
    missing("rekey -p --new-key @two -i --header none".to_owned());
    assert!(!dir.path("g").exists());
}

/// Each begins with what the other one made, so that no slot is lost and no dropped one comes back.
#[test]
fn two_at_once_lose_nothing() {
    let _dog = watchdog();
    let (folder, _) = folder(&[SECRET]);
    folder.write("three", b"three");
    let add = |key: &str| {
        Command::new(env!("CARGO_BIN_EXE_fetool"))
            .current_dir(folder.path(""))
            .args([
                "rekey",
                "-k",
                "@one",
                "--add",
                "--new-kdf",
                "balloon",
                "-i",
                "f",
            ])
            .args(["--new-key", key])
            .spawn()
            .unwrap()
    };
    let mut runs = [add("@two"), add("@three")];
    for run in &mut runs {
        assert!(run.wait().unwrap().success());
    }
    let file = folder.read("f");
    for secret in [SECRET, SECOND, b"three"] {
        assert_eq!(open(secret, &file).unwrap(), b"text");
    }
    assert_eq!(folder.names(), ["f", "three"]);
}

#[test]
fn a_file_that_another_rekey_changes_is_waited_for() {
    let _dog = watchdog();
    let (folder, file) = folder(&[SECRET]);
    let other = fs::File::open(folder.path("f")).unwrap();
    other.lock().unwrap();
    for reseal in ["", " --reseal"] {
        let line = format!("{CHANGE} -i --no-wait f{reseal}");
        let says = "fetool: f: another rekey is changing this file\n\
                    fetool: hint: leave out --no-wait to wait for it\n";
        assert_eq!(folder.run(&line).fails(status::SYSTEM, "").stderr, says);
        assert!(folder.read("f") == file);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_fetool"))
        .current_dir(folder.path(""))
        .args(CHANGE.split(' ').chain(["-i", "f"]))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = child.stderr.take().unwrap();
    let waiting = "fetool: f: waiting for another rekey of this file\n";
    let mut line = vec![0; waiting.len()];
    said.read_exact(&mut line).unwrap();
    assert_eq!(String::from_utf8(line).unwrap(), waiting);
    assert!(folder.read("f") == file);

    // Meanwhile the other one puts a new file in its place: that is the one to change.
    let newer = Forge::new(&[SECRET], b"newer")
        .hash(SlotHash::BalloonV5)
        .file();
    folder.write("new", &newer);
    fs::rename(folder.path("new"), folder.path("f")).unwrap();
    drop(other);
    assert!(child.wait().unwrap().success());
    assert_eq!(open(SECOND, &folder.read("f")).unwrap(), b"newer");
    assert_eq!(folder.names(), ["f"]);
}

#[test]
fn waiting_is_for_changes_in_place() {
    let (folder, _) = folder(&[SECRET]);
    let ran = folder.run(&format!("{CHANGE} --no-wait f -o g"));
    ran.fails(status::USAGE, "fetool: --no-wait requires -i");
}
