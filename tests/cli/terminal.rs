//! What a terminal gets to see.

use crate::cli_common::{Dir, K, MIB, data, fetool, opened, sealed, shell};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

const SEALED: &str = "fetool: refusing to write sealed data to the terminal\r\n\
                      fetool: hint: send it to a file or a pipe, or force it with '-o -'\r\n";
const BINARY: &str = "fetool: stdout: refusing to write binary data to the terminal\r\n\
                      fetool: hint: send it to a file or a pipe, or force it with '-o -'\r\n";

#[test]
fn sealed_data_is_not_for_terminals() {
    let dir = Dir::new();
    let (ended, seen) = fetool(["seal", "-k", K]).input("data").on_terminal().end();
    assert_eq!((ended.code(), seen.as_str()), (Some(2), SEALED));
    let (ended, seen) = fetool(["seal", "--new-key", "-k", "@key"])
        .within(&dir)
        .input("data")
        .on_terminal()
        .end();
    assert_eq!((ended.code(), seen.as_str()), (Some(2), SEALED));
    dir.holds_only(&[]);
}

#[test]
fn nor_is_it_under_another_name() {
    for output in ["/dev/tty", "/dev/stdout"] {
        let (ended, seen) = fetool(["seal", "-k", K, "-o", output])
            .input("data")
            .on_terminal()
            .end();
        assert_eq!((ended.code(), seen.as_str()), (Some(2), SEALED), "{output}");
        let (ended, seen) = fetool(["open", "-k", K, "-o", output])
            .input(sealed(b"a\x1b[2Jb", "100"))
            .on_terminal()
            .end();
        let message = BINARY.replace("stdout", output);
        assert_eq!((ended.code(), seen), (Some(2), message), "{output}");
    }
}

#[test]
fn unless_it_is_forced() {
    // Raw, so that the terminal changes nothing.
    let script = r#"stty raw -echo; exec "$FETOOL" "$@""#;
    let sealed = sealed(b"a\x1b[2Jb", "100");
    let (ended, seen) = shell(script, ["seal", "-k", K, "-o", "-", "/dev/null"])
        .on_terminal()
        .end();
    ended.succeeds();
    assert!(seen.starts_with("GFE\x01"), "{seen:?}");
    let dir = Dir::new();
    dir.write("in", sealed);
    let (ended, seen) = shell(script, ["open", "-k", K, "-o", "-", "in"])
        .within(&dir)
        .on_terminal()
        .end();
    ended.succeeds();
    assert_eq!(seen, "a\x1b[2Jb");
}

/// A bar would be drawn into it.
#[test]
fn text_that_takes_long_comes_without_progress() {
    let sealed = sealed(b"one\ntwo\n", "4");
    let (stdin, mut feed) = std::io::pipe().unwrap();
    let screen = fetool(["open", "-k", K]).stdin(stdin).on_terminal();
    let (first, rest) = sealed.split_at(sealed.len() - 1);
    feed.write_all(first).unwrap();
    screen.shows("two");
    // Longer than the patience with which a bar waits.
    std::thread::sleep(Duration::from_millis(700));
    feed.write_all(rest).unwrap();
    drop(feed);
    let (ended, seen) = screen.end();
    ended.succeeds();
    assert_eq!(seen, "one\r\ntwo\r\n");
}

#[test]
fn nothing_is_said_of_the_time_before_the_first_byte() {
    let (stdin, feed) = std::io::pipe().unwrap();
    let screen = fetool(["seal", "-k", K, "--size=2MiB"])
        .stdin(stdin)
        .stdout(Stdio::null())
        .on_terminal();
    screen.shows("0 B of 2.00 MiB, 0 B/s");
    drop(feed);
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(1), "{seen}");
    assert!(!seen.contains("left"), "{seen}");
}

#[test]
fn opened_text_goes_to_a_terminal() {
    let text = "Grüße,\tWelt €\nsecond line\n";
    for chunk in ["1", "3", "1MiB"] {
        let (ended, seen) = fetool(["open", "-k", K])
            .input(sealed(text.as_bytes(), chunk))
            .on_terminal()
            .end();
        ended.succeeds();
        // As the terminal counts tabs, or not.
        let seen = seen
            .replace("\r\n", "\n")
            .replace("Grüße,  Welt", "Grüße,\tWelt");
        assert_eq!(seen, text);
    }
}

#[test]
fn opened_binary_data_does_not() {
    for bytes in [
        &b"\x1b[2J"[..],
        b"a\0b",
        b"\xff\xfe",
        b"half a \xc3",
        "\u{9b}2J".as_bytes(),
        "\u{9d}0;title\u{9c}".as_bytes(),
    ] {
        let (ended, seen) = fetool(["open", "-k", K])
            .input(sealed(bytes, "1MiB"))
            .on_terminal()
            .end();
        assert_eq!(ended.code(), Some(2), "{bytes:?}: {seen:?}");
        assert!(seen.ends_with(BINARY), "{bytes:?}: {seen:?}");
        assert!(
            !seen.contains(['\x1b', '\0', '\u{9b}', '\u{9d}']),
            "{seen:?}"
        );
    }
}

#[test]
fn standard_output_counts_and_not_the_others() {
    let bytes = fetool(["seal", "-k", K])
        .input("data")
        .stdout(Stdio::piped())
        .on_terminal()
        .end()
        .0
        .succeeds();
    assert_eq!(opened(bytes), b"data");
}

#[test]
fn text_typed_on_a_terminal_is_sealed() {
    let screen = fetool(["seal", "-k", K])
        .stdout(Stdio::piped())
        .on_terminal();
    screen.types("typed\n\x04");
    let (ended, _) = screen.end();
    assert_eq!(opened(ended.succeeds()), b"typed\n");
}

#[test]
fn nobody_types_a_sealed_file() {
    for args in [
        &["open", "-k", K][..],
        &["open", "-k", K, "-"],
        &["inspect"],
        &["inspect", "-"],
    ] {
        let (ended, seen) = fetool(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .on_terminal()
            .end();
        assert_eq!(seen, "");
        ended.fails(
            2,
            "fetool: no input: standard input is a terminal\n\
             fetool: hint: give the PATH of a sealed file, or pipe one in\n",
        );
    }
}

#[test]
fn colours_are_for_terminals() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["help", "seal"],
        &["seal", "--help"],
    ] {
        let (_, seen) = fetool(args).on_terminal().end();
        assert!(seen.contains("\x1b["), "{args:?}: {seen:?}");
        let (_, seen) = fetool(args).env("NO_COLOR", "1").on_terminal().end();
        assert!(
            !seen.contains('\x1b') && seen.contains("fetool"),
            "{args:?}: {seen:?}"
        );
        let ended = fetool(args).run();
        let text = ended.stdout() + &ended.stderr();
        assert!(
            !text.contains('\x1b') && text.contains("fetool"),
            "{args:?}: {text:?}"
        );
    }
}

#[test]
fn paths_in_messages_cannot_command_the_terminal() {
    let dir = Dir::new();
    for args in [
        &["open", "-k", K, "a\x1b[2J"][..],
        &["inspect", "a\x1b[2J"],
        &["a\x1b[2J"],
        &["help", "a\x1b[2J"],
    ] {
        let (ended, seen) = fetool(args)
            .within(&dir)
            .env("NO_COLOR", "1")
            .on_terminal()
            .end();
        assert_ne!(ended.code(), Some(0));
        assert!(
            !seen.is_empty() && !seen.contains('\x1b'),
            "{args:?}: {seen:?}"
        );
    }
}

#[test]
fn a_progress_bar_is_drawn_on_a_terminal() {
    let (stdin, mut feed) = std::io::pipe().unwrap();
    let screen = fetool(["seal", "-k", K])
        .stdin(stdin)
        .stdout(Stdio::piped())
        .on_terminal();
    std::io::Write::write_all(&mut feed, &data(2 * MIB)).unwrap();
    screen.shows("MiB, ");
    drop(feed);
    let (ended, seen) = screen.end();
    assert!(opened(ended.succeeds()) == data(2 * MIB));
    assert!(seen.contains("2.00 MiB, "), "{seen:?}");
    // It goes away in the end.
    assert!(seen.ends_with("\r\x1b[2K"), "{seen:?}");
}

#[test]
fn short_work_shows_nothing() {
    let (ended, seen) = fetool(["seal", "-k", K])
        .input("data")
        .stdout(Stdio::piped())
        .on_terminal()
        .end();
    ended.succeeds();
    assert_eq!(seen, "");
}
