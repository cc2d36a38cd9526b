//! Asking for a passphrase on the terminal.

use crate::cli_common::screen::Screen;
use crate::cli_common::{Dir, Fetool, fetool, sealed, until};
use nix::sys::signal::Signal;
use std::fs::File;
use std::process::Stdio;

const ENTER: &str = "Enter passphrase: ";
const CONFIRM: &str = "Confirm passphrase: ";
const SALT: &str = "0123456789abcdef";

fn fetool_asking(command: &str) -> Fetool {
    fetool([command, "-p", "--salt", "env:SALT", "-q"]).env("SALT", SALT)
}

/// Seals to the file `out`.
fn sealing(dir: &Dir) -> Screen {
    fetool_asking("seal")
        .args(["-o", "out"])
        .within(dir)
        .input("data")
        .on_terminal()
}

#[test]
fn sealing_asks_twice_and_opening_once_while_data_goes_through_pipes() {
    let screen = fetool_asking("seal")
        .input("data")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .on_terminal();
    screen.answers(ENTER, "Grüße 1\n");
    screen.answers(CONFIRM, "Grüße 1\n");
    let (ended, seen) = screen.end();
    assert!(!seen.contains("Gr"), "shown: {seen:?}");
    let sealed = ended.succeeds();

    let screen = fetool_asking("open")
        .input(&*sealed)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .on_terminal();
    screen.answers(ENTER, "Grüße 1\n");
    let (ended, seen) = screen.end();
    assert_eq!(ended.succeeds(), b"data");
    assert!(!seen.contains("Gr"), "shown: {seen:?}");
    assert!(!seen.contains(CONFIRM), "asked twice: {seen:?}");

    // What was typed is what a SPEC gives.
    let opened = fetool(["open", "-p=env:TYPED", "--salt", "env:SALT"])
        .env("TYPED", "Grüße 1")
        .env("SALT", SALT)
        .input(sealed)
        .run();
    assert_eq!(opened.succeeds(), b"data");
}

#[test]
fn the_echo_comes_back_and_the_prompt_goes() {
    let dir = Dir::new();
    let screen = sealing(&dir);
    screen.answers(ENTER, "correct horse\n");
    screen.answers(CONFIRM, "correct horse\n");
    until("the work is done", || dir.path("out").exists());
    until("the echo is back", || screen.echoes());
    let (ended, seen) = screen.end();
    ended.succeeds();
    assert!(seen.ends_with("\r\x1b[K"), "{seen:?}");
    dir.holds_only(&["out"]);
}

#[test]
fn passphrases_that_differ() {
    let dir = Dir::new();
    let screen = sealing(&dir);
    screen.answers(ENTER, "correct horse\n");
    screen.answers(CONFIRM, "correct house\n");
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(2));
    let message = "fetool: the passphrases are not the same\r\n";
    assert!(seen.ends_with(message), "{seen:?}");
    assert!(!seen.contains("hor") && !seen.contains("hou"), "{seen:?}");
    dir.holds_only(&[]);
}

#[test]
fn an_empty_passphrase() {
    let dir = Dir::new();
    for command in ["seal", "open"] {
        let screen = fetool_asking(command)
            .args(["-o", "out"])
            .within(&dir)
            .input(sealed(b"data", "3"))
            .on_terminal();
        screen.answers(ENTER, "\n");
        let (ended, seen) = screen.end();
        assert_eq!(ended.code(), Some(2));
        let message = "fetool: the passphrase is empty\r\n";
        assert!(seen.ends_with(message), "{seen:?}");
        assert!(!seen.contains(CONFIRM), "{seen:?}");
        dir.holds_only(&[]);
    }
}

#[test]
fn ctrl_c_at_the_prompt() {
    let dir = Dir::new();
    for prompts in [&[ENTER][..], &[ENTER, CONFIRM]] {
        let screen = sealing(&dir);
        for prompt in &prompts[1..] {
            screen.answers(ENTER, "correct horse\n");
            screen.shows(prompt);
        }
        screen.answers(prompts[prompts.len() - 1], "half of it\x03");
        until("the echo is back", || screen.echoes());
        let (ended, seen) = screen.end();
        ended.dies_of(Signal::SIGINT);
        assert!(!seen.contains("half"), "{seen:?}");
        dir.holds_only(&[]);
    }
}

#[test]
fn signals_at_the_prompt() {
    let dir = Dir::new();
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGALRM,
    ] {
        let screen = sealing(&dir);
        screen.answers(ENTER, "");
        screen.job.signal(signal);
        until("the echo is back", || screen.echoes());
        screen.end().0.dies_of(signal);
        dir.holds_only(&[]);
    }
}

#[test]
fn no_terminal_to_ask_on() {
    let dir = Dir::new();
    dir.write("in", sealed(b"data", "3"));
    for command in ["seal", "open"] {
        fetool_asking(command)
            .args(["in", "-o", "out"])
            .within(&dir)
            .input("correct horse\ncorrect horse\n")
            .run()
            .fails(
                1,
                "fetool: /dev/tty: no terminal to ask for a passphrase on\n\
                 fetool: hint: give it with --passphrase=@FILE, --passphrase=env:NAME or \
                 --passphrase=fd:N\n",
            );
        dir.holds_only(&["in"]);
    }
}

#[test]
fn data_on_the_terminal_and_the_passphrase_too() {
    // The passphrase is asked for first, and what is typed then is data.
    let dir = Dir::new();
    let screen = fetool_asking("seal")
        .args(["-o", "out"])
        .within(&dir)
        .on_terminal();
    screen.answers(ENTER, "correct horse\n");
    screen.answers(CONFIRM, "correct horse\n");
    until("the echo is back", || screen.echoes());
    screen.types("data\n\x04");
    let (ended, _) = screen.end();
    ended.succeeds();
    let opened = fetool(["open", "-p=env:TYPED", "--salt", "env:SALT"])
        .env("TYPED", "correct horse")
        .env("SALT", SALT)
        .stdin(File::open(dir.path("out")).unwrap())
        .run();
    assert_eq!(opened.succeeds(), b"data\n");
}

/// A passphrase is bytes: what is not UTF-8 is neither lost nor taken for something else.
#[test]
fn what_is_typed_is_taken_as_bytes() {
    let typed = b"caf\xe9 stra\xdf";
    let screen = fetool_asking("seal")
        .input("data")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .on_terminal();
    for prompt in [ENTER, CONFIRM] {
        screen.answers(prompt, [&typed[..], b"\n"].concat());
    }
    let sealed = screen.end().0.succeeds();
    let dir = Dir::new();
    for (bytes, status) in [
        (&typed[..], 0),
        (b"caf\xff stra\xdf", 3),
        (b"caf\xe9 stra", 3),
    ] {
        dir.write("typed", bytes);
        let opened = fetool(["open", "-q", "-p=@typed", "--salt", "env:SALT"])
            .env("SALT", SALT)
            .within(&dir)
            .input(&*sealed)
            .run();
        assert_eq!(opened.code(), Some(status), "{}", opened.stderr());
    }
}

/// The shell gets its echo back, and the prompt comes again without one.
#[test]
fn suspended_at_the_prompt() {
    let dir = Dir::new();
    for ctrl_z in [false, true] {
        let screen = sealing(&dir);
        screen.answers(ENTER, "");
        if ctrl_z {
            screen.types("half of it\x1a");
        } else {
            screen.job.signal(Signal::SIGTSTP);
        }
        until("the echo is back", || screen.echoes());
        until("it is suspended", || screen.job.is_stopped());
        screen.job.signal(Signal::SIGCONT);
        until("the echo is gone", || !screen.echoes());
        until("the prompt is there again", || {
            screen.seen().matches(ENTER).count() == 2
        });
        screen.types("correct horse\n");
        screen.answers(CONFIRM, "correct horse\n");
        let (ended, seen) = screen.end();
        ended.succeeds();
        assert!(
            !seen.contains("horse") && !seen.contains("half"),
            "{seen:?}"
        );
        std::fs::remove_file(dir.path("out")).unwrap();
    }
}

/// Two files at once need the passphrases of two keys.
#[cfg(feature = "age-ssh")]
#[test]
fn questions_of_two_workers_come_one_after_the_other() {
    use crate::cli_common::vector;
    use std::fs;

    let dir = Dir::new();
    dir.write("plain", "plain");
    fs::create_dir(dir.path("tree")).unwrap();
    for (name, file) in [("one", "ssh_ed25519_pw"), ("one.pub", "ssh_ed25519_pw.pub")] {
        dir.write(name, fs::read(vector(&format!("age/{file}"))).unwrap());
    }
    dir.write("two", TWO);
    dir.write("two.pub", TWO_PUBLIC);
    for name in ["one", "two"] {
        dir.set_mode(name, 0o600);
        let line = format!("seal --to @{name}.pub plain -o tree/{name}.age");
        let sealed = fetool(line.split(' ')).within(&dir).run();
        sealed.succeeds();
    }
    let passphrase = fs::read_to_string(vector("age/passphrase.txt")).unwrap();
    let passphrases = [passphrase.trim_end(), "correct horse"];
    let line = "open -r -q -j 2 -k @one -k @two tree -O out";
    let screen = fetool(line.split(' '))
        .within(&dir)
        .stderr(Stdio::piped())
        .on_terminal();
    let asked = ["one", "two"].map(|name| format!("Enter passphrase for {name}: "));
    let mut answered = [false; 2];
    while answered != [true; 2] {
        let mut next = None;
        until("a question is shown", || {
            let seen = screen.seen();
            next = (0..2).find(|&at| !answered[at] && seen.contains(&asked[at]));
            next.is_some()
        });
        let next = next.unwrap();
        screen.answers(&asked[next], format!("{}\n", passphrases[next]));
        answered[next] = true;
    }
    until("the echo is back", || screen.echoes());
    screen.end().0.succeeds();
    for name in ["one", "two"] {
        assert_eq!(dir.read(format!("out/tree/{name}")), b"plain");
    }
}

/// A key of `ssh-keygen -t ed25519 -a 1`. Its passphrase is "correct horse".
#[cfg(feature = "age-ssh")]
const TWO: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCVVD0Kmw
PrkQAepFoEMHSYAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIP0hyQDUqWEfi/mp
EL+ANtGO1ICgq7DRzrcnGJH2ipnAAAAAkOy5jVtzG8lX7fY0/26pxBXBHEdogWGlZFqPOt
va2qgWJBcSBi2LFgSbNBPM+t/TdIwNsXHowY6TKW6N5MvI72A1T7I0l9nHVQq/6MH0tqjQ
P9kSWkzoHFTsmu1UxC82yNka9ok4Tji3h2cMSZS/BYZi4aEs6uUNJ0uX9+E5Zu0vcEG3ai
98cgrrff9ceNpwmw==
-----END OPENSSH PRIVATE KEY-----
";

#[cfg(feature = "age-ssh")]
const TWO_PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP0hyQDUqWEfi/mpEL+ANtGO1ICgq7DRzrcnGJH2ipnA";
