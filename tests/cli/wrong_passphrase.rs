//! A passphrase that opens nothing: what is said of it, and how often it is asked for.

use crate::cli_common::screen::Screen;
use crate::cli_common::{Dir, Ended, Fetool, fetool, until, vector};
use nix::sys::signal::Signal;
use std::fs;
use std::process::Stdio;

const FOR_FILE: &str = "Enter passphrase for f: ";
const FOR_STDIN: &str = "Enter passphrase: ";
const ERASED: &str = "\r\x1b[K";

fn secret() -> Vec<u8> {
    let secret = fs::read(vector("secret.txt")).unwrap();
    secret.strip_suffix(b"\n").unwrap_or(&secret).to_vec()
}

/// A file for the secret, whose key is cheap to derive.
fn sealed() -> Vec<u8> {
    fetool(["seal", "-f", "dexios", "-p=env:P"])
        .env("P", String::from_utf8(secret()).unwrap())
        .input(&[0x5a; 1000][..])
        .run()
        .succeeds()
}

/// A directory in which the file is `f`.
fn dir() -> Dir {
    let dir = Dir::new();
    dir.write("f", sealed());
    dir
}

fn on_screen(dir: &Dir, args: &[&str]) -> Fetool {
    fetool(args).within(dir).stdout(Stdio::piped())
}

/// Answers the prompts in their order.
#[track_caller]
fn answer(screen: &Screen, prompt: &str, answers: &[&[u8]]) {
    for (i, typed) in answers.iter().enumerate() {
        until(&format!("{prompt:?} is shown {} times", i + 1), || {
            screen.seen().matches(prompt).count() == i + 1
        });
        screen.answers(prompt, [typed, &b"\n"[..]].concat());
        until("it is taken", || screen.seen().matches(ERASED).count() > i);
    }
}

/// What is on the terminal after so many wrong answers.
fn asked(name: &str, prompt: &str, wrong: usize) -> String {
    let again = format!("{prompt}{ERASED}fetool: {name}: wrong passphrase, try again\r\n");
    again.repeat(wrong) + prompt + ERASED
}

#[track_caller]
fn wrong_thrice(name: &str, prompt: &str, (ended, seen): (Ended, String)) {
    assert_eq!(ended.code(), Some(3), "{seen:?}");
    let last = format!(
        "fetool: {name}: authentication failed: wrong passphrase, or the file was tampered with\r\n"
    );
    assert_eq!(seen, asked(name, prompt, 2) + &last);
    assert_eq!(ended.output.stdout, b"");
}

const WRONG: &[&[u8]] = &[b"Tr0ub4dor", b"hunter2", b"123456"];

/// Each command that opens one file.
const COMMANDS: &[&[&str]] = &[
    &["open", "-p"],
    &["open", "--check", "-p"],
    &["rekey", "-p", "--new-key", "env:TEST_KEY"],
    &["rekey", "--reseal", "-p", "--new-key", "env:TEST_KEY"],
];

#[test]
fn the_second_try_opens_the_file() {
    for command in COMMANDS {
        let dir = dir();
        let screen = on_screen(&dir, command).args(["-q", "f"]).on_terminal();
        answer(&screen, FOR_FILE, &[b"wrong", &secret()]);
        let (ended, seen) = screen.end();
        assert_eq!(ended.code(), Some(0), "{command:?}: {seen:?}");
        assert_eq!(seen, asked("f", FOR_FILE, 1), "{command:?}");
    }
}

#[test]
fn three_tries_and_no_more() {
    for command in COMMANDS {
        let dir = dir();
        let screen = on_screen(&dir, command).args(["-q", "f"]).on_terminal();
        answer(&screen, FOR_FILE, WRONG);
        wrong_thrice("f", FOR_FILE, screen.end());
        dir.holds_only(&["f"]);
    }
}

/// What was read of a pipe for a try is there for the next one.
#[test]
fn data_in_a_pipe_is_not_lost() {
    let file = sealed();
    let plain = fetool(["open", "-p=env:P"])
        .env("P", String::from_utf8(secret()).unwrap())
        .input(&*file)
        .run()
        .succeeds();
    let dir = Dir::new();
    for (command, out) in [
        (&["open", "-q", "-p"][..], Some(&plain)),
        (&["open", "-q", "--check", "-p"], None),
        (&["inspect", "-q", "--verify", "-p"], None),
        (&["rekey", "-q", "-p", "--new-key", "env:TEST_KEY"], None),
    ] {
        let screen = on_screen(&dir, command).input(&*file).on_terminal();
        answer(&screen, FOR_STDIN, &[b"wrong", b"wronger", &secret()]);
        let (ended, seen) = screen.end();
        assert_eq!(seen, asked("stdin", FOR_STDIN, 2), "{command:?}");
        let stdout = ended.succeeds();
        if let Some(out) = out {
            assert_eq!(&stdout, out);
        } else if command[0] == "rekey" {
            assert_eq!(stdout.len(), file.len());
            let opened = fetool(["open", "-k", "env:TEST_KEY"]).input(stdout).run();
            assert_eq!(opened.succeeds(), plain);
        } else {
            assert_eq!(stdout, b"");
        }
    }
    let inspect = ["inspect", "-q", "--verify", "-p"];
    let screen = on_screen(&dir, &inspect).input(&*file).on_terminal();
    answer(&screen, FOR_STDIN, WRONG);
    wrong_thrice("stdin", FOR_STDIN, screen.end());
}

#[test]
fn changed_in_place_with_the_second_try() {
    let dir = dir();
    let args = ["rekey", "-i", "-q", "-p", "--new-key", "env:TEST_KEY", "f"];
    let screen = on_screen(&dir, &args).on_terminal();
    answer(&screen, FOR_FILE, &[b"wrong", &secret()]);
    let (ended, seen) = screen.end();
    assert_eq!(seen, asked("f", FOR_FILE, 1));
    ended.succeeds();
    fetool(["open", "--check", "-k", "env:TEST_KEY", "f"])
        .within(&dir)
        .run()
        .succeeds();
    dir.holds_only(&["f"]);
}

/// One passphrase is for all files; it is asked for again until one of them opens.
#[test]
fn several_files_to_verify() {
    let dir = dir();
    let screen = on_screen(&dir, &["inspect", "-q", "--verify", "-p", "f", "f"]).on_terminal();
    answer(&screen, FOR_STDIN, &[b"wrong", &secret()]);
    let (ended, seen) = screen.end();
    ended.succeeds();
    assert_eq!(seen, asked("f", FOR_STDIN, 1));

    let screen = on_screen(&dir, &["inspect", "-q", "--verify", "-p", "f"]).on_terminal();
    answer(&screen, FOR_FILE, WRONG);
    wrong_thrice("f", FOR_FILE, screen.end());
}

/// What nobody typed is not asked for.
#[test]
fn a_passphrase_from_elsewhere_is_tried_once() {
    let dir = dir();
    let commands: &[&[&str]] = &[
        &["open", "-p=env:P"],
        &["open", "--check", "-p=env:P"],
        &["inspect", "-q", "--verify", "-p=env:P"],
        &["rekey", "-p=env:P", "--new-key", "env:TEST_KEY"],
        &["rekey", "--reseal", "-p=env:P", "--new-key", "env:TEST_KEY"],
        &["rekey", "-i", "-p=env:P", "--new-key", "env:TEST_KEY"],
    ];
    for args in commands {
        let screen = on_screen(&dir, args)
            .args(["--progress=never", "f"])
            .env("P", "wrong")
            .on_terminal();
        let (ended, seen) = screen.end();
        assert_eq!(ended.code(), Some(3), "{args:?}: {seen}");
        let message = "fetool: f: authentication failed: wrong passphrase, or the file was tampered \
                       with\r\n";
        assert!(seen.starts_with(message), "{args:?}: {seen:?}");
        assert!(!seen.contains("Enter"), "{args:?}: {seen:?}");
    }
    dir.write("g.dexios", dir.read("f"));
    let tree = ["open", "-r", "-q", "-p=env:P", "g.dexios"];
    on_screen(&dir, &tree).env("P", "wrong").run().fails(
        3,
        "fetool: g.dexios: authentication failed: wrong passphrase, or the file was tampered with\n",
    );
    // A key is called one.
    fetool(["open", "-k", "env:TEST_KEY", "f"])
        .within(&dir)
        .run()
        .fails(
            3,
            "fetool: f: authentication failed: wrong key, or the file was tampered with\n",
        );
}

/// Of these formats only what the secret opens tells.
#[test]
fn a_format_without_a_magic_number() {
    let dir = Dir::new();
    dir.write("f", fs::read(vector("gocrypt_1_l1.enc")).unwrap());
    let screen = on_screen(&dir, &["open", "-q", "-p", "f"]).on_terminal();
    let right = b"correct horse battery staple";
    answer(&screen, FOR_FILE, &[b"wrong", right]);
    let (ended, seen) = screen.end();
    assert_eq!(seen, asked("f", FOR_FILE, 1));
    assert_eq!(ended.succeeds().len(), 1);
}

/// Everything that can be missing is, before anybody types a passphrase.
#[test]
fn files_are_read_before_a_passphrase_is_asked_for() {
    let dir = dir();
    let missing = "fetool: nope: no such file or directory\r\n";
    let commands: &[&[&str]] = &[
        &["open", "-p", "--salt", "@nope", "f"],
        &["open", "-p", "--header", "nope", "f"],
        &["open", "-r", "-p", "--salt", "@nope", "f"],
        &["seal", "-p", "--salt", "@nope", "f", "-o", "out"],
        &[
            "seal",
            "-p",
            "-f",
            "dexios",
            "--add-key",
            "@nope",
            "f",
            "-o",
            "out",
        ],
        &["inspect", "--verify", "-p", "--salt", "@nope", "f"],
        &["inspect", "--verify", "-p", "--header", "nope", "f"],
        &["rekey", "-p", "--new-key", "@nope", "f"],
        &[
            "rekey",
            "-p",
            "--header",
            "nope",
            "--new-key",
            "env:TEST_KEY",
        ],
        &[
            "rekey",
            "--reseal",
            "-p",
            "--salt",
            "@nope",
            "--new-passphrase",
            "f",
        ],
        &[
            "rekey",
            "--reseal",
            "-p",
            "--new-passphrase",
            "--new-salt",
            "@nope",
            "f",
        ],
        &[
            "rekey",
            "--reseal",
            "-i",
            "-p",
            "--salt",
            "@nope",
            "--new-key",
            "env:TEST_KEY",
            "f",
        ],
    ];
    for args in commands {
        let (ended, seen) = on_screen(&dir, args).on_terminal().end();
        assert_eq!(ended.code(), Some(1), "{args:?}: {seen}");
        assert_eq!(seen, missing, "{args:?}");
        dir.holds_only(&["f"]);
    }
}

/// A slow hash of each of two slots takes longer than the half second for which the line waits. The
/// line is gone before anything else is shown.
#[test]
fn a_key_is_derived_and_that_is_shown() {
    let dir = Dir::new();
    dir.write("f", fs::read(vector("dexios_v5_two_keys.dx")).unwrap());
    for (locale, deriving) in [("C", "deriving key...: f"), ("C.UTF-8", "deriving key…: f")] {
        let screen = on_screen(&dir, &["open", "-p", "f"])
            .env("LC_ALL", locale)
            .on_terminal();
        answer(&screen, FOR_FILE, &[b"wrong"]);
        screen.shows(deriving);
        screen.shows(&format!(
            "\r\x1b[2Kfetool: f: wrong passphrase, try again\r\n{FOR_FILE}"
        ));
        screen.types("\x03");
        let (ended, seen) = screen.end();
        ended.dies_of(Signal::SIGINT);
        assert!(!seen.contains("0 B"), "{seen:?}");
    }
}
