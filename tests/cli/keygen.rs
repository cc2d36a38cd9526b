//! `keygen`, and `seal --new-key`.

use crate::cli_common::{Dir, KEY, data, fetool, hex, shell};
use std::os::unix::fs::symlink;

const EXISTS: &str = "file exists, and a key is never overwritten";

#[test]
fn a_key_on_a_pipe_is_raw() {
    let keys = [0, 1].map(|_| fetool(["keygen"]).run().succeeds());
    assert_eq!(keys[0].len(), 32);
    assert_eq!(keys[1].len(), 32);
    assert_ne!(keys[0], keys[1]);
    let key = fetool(["keygen", "-o", "-"]).run().succeeds();
    assert_eq!(key.len(), 32);
}

#[test]
fn a_key_on_a_terminal_is_hexadecimal() {
    for args in [&["keygen"][..], &["keygen", "-o", "-"]] {
        let (ended, seen) = fetool(args).on_terminal().end();
        ended.succeeds();
        let digits = seen.strip_suffix("\r\n").expect("a line");
        assert_eq!(digits.len(), 64, "{seen:?}");
        assert!(
            digits
                .bytes()
                .all(|digit| b"0123456789abcdef".contains(&digit))
        );
    }
}

#[test]
fn a_key_file_is_private() {
    let dir = Dir::new();
    let script = r#"umask 000; exec "$FETOOL" "$@""#;
    shell(script, ["keygen", "-o", "key"])
        .within(&dir)
        .run()
        .succeeds();
    assert_eq!((dir.mode("key"), dir.read("key").len()), (0o600, 32));
    shell(script, ["seal", "--new-key", "-k", "@key2", "-o", "out"])
        .within(&dir)
        .run()
        .succeeds();
    assert_eq!((dir.mode("key2"), dir.read("key2").len()), (0o600, 32));
    assert_ne!(dir.read("key"), dir.read("key2"));
    assert_eq!(dir.mode("out"), 0o600);
    dir.holds_only(&["key", "key2", "out"]);
}

#[test]
fn a_key_is_never_overwritten() {
    let dir = Dir::new();
    dir.write("key", "precious");
    symlink("nowhere", dir.path("link")).unwrap();
    for name in ["key", "link"] {
        let message = format!("fetool: {name}: {EXISTS}\n");
        fetool(["keygen", "-o", name])
            .within(&dir)
            .run()
            .fails(1, &message);
        fetool(["seal", "--new-key", "-o", "out", "-k", &format!("@{name}")])
            .within(&dir)
            .input("data")
            .run()
            .fails(1, &message);
    }
    assert_eq!(dir.read("key"), b"precious");
    dir.holds_only(&["key", "link"]);
}

#[test]
fn a_key_goes_into_an_existing_directory() {
    let dir = Dir::new();
    fetool(["keygen", "-o", "no/key"])
        .within(&dir)
        .run()
        .fails(1, "fetool: no/key: no such file or directory\n");
    dir.holds_only(&[]);
}

#[test]
fn a_new_key_opens_what_it_sealed() {
    let dir = Dir::new();
    let bytes = data(100_000);
    dir.write("plain", &bytes);
    fetool(["seal", "-k", "@key", "--new-key", "plain", "-o", "sealed"])
        .within(&dir)
        .run()
        .succeeds();
    let opened = fetool(["open", "-k", "@key", "sealed"]).within(&dir).run();
    assert_eq!(opened.succeeds(), bytes);
    dir.holds_only(&["key", "plain", "sealed"]);
}

#[test]
fn a_new_key_needs_a_file() {
    for spec in ["env:TEST_KEY", "fd:3", "@-"] {
        fetool(["seal", "--new-key", "-k", spec, "/dev/null"])
            .run()
            .fails(
                2,
                "fetool: --new-key needs a file to write the key to\n\
             fetool: hint: name it with -k @FILE\n",
            );
    }
    let ended = fetool(["seal", "--new-key"]).run();
    assert_eq!(ended.code(), Some(2));
    assert!(
        ended.stderr().contains("--key <SPEC>"),
        "{}",
        ended.stderr()
    );
}

#[test]
fn no_new_key_where_nothing_can_be_sealed() {
    let dir = Dir::new();
    dir.write("there", "old");
    for (args, status) in [
        (&["-c", "0"][..], 2),
        (&["nosuch"], 1),
        (&["-o", "there"], 1),
        (&["-o", "no/dir"], 1),
        (&["there", "--size", "7"], 1),
    ] {
        let ended = fetool(["seal", "--new-key", "-k", "@key"])
            .args(args)
            .within(&dir)
            .run();
        assert_eq!(ended.code(), Some(status), "{args:?}: {}", ended.stderr());
        assert_eq!(ended.stdout(), "", "{args:?}");
        dir.holds_only(&["there"]);
    }
}

#[test]
fn a_new_key_is_not_replaced_by_what_it_seals() {
    let dir = Dir::new();
    symlink("key", dir.path("link")).unwrap();
    for output in ["key", "./key", "link"] {
        for force in [&[][..], &["--force"]] {
            fetool(["seal", "--new-key", "-k", "@key", "-o", output])
                .args(force)
                .within(&dir)
                .input("data")
                .run()
                .fails(
                    1,
                    &format!("fetool: {output}: the output is the file for the new key\n"),
                );
            dir.holds_only(&["link"]);
        }
    }
}

#[test]
fn a_key_file_needs_no_key_on_the_command_line() {
    let ended = fetool(["keygen", &hex(&KEY)]).run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
}

#[test]
fn a_key_with_a_comment_is_text() {
    let dir = Dir::new();
    let keygen = |args: &[&str]| {
        fetool(["keygen", "--comment"])
            .args(args)
            .within(&dir)
            .run()
    };
    keygen(&["photos, since 2026-11", "-o", "key"]).succeeds();
    assert_eq!(dir.mode("key"), 0o600);
    let text = String::from_utf8(dir.read("key")).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "# photos, since 2026-11",
            "# Seal at most 65536 files with this key, over all runs."
        ]
    );
    assert_eq!((lines.len(), lines[2].len()), (3, 64));
    assert!(text.ends_with('\n'));
    // It is the key of its last line.
    dir.write("digits", lines[2]);
    let sealed = fetool(["seal", "-k", "@key"])
        .within(&dir)
        .input("text")
        .run();
    let open = fetool(["open", "-k", "@digits"]).within(&dir);
    assert_eq!(open.input(sealed.succeeds()).run().succeeds(), b"text");
    // On standard output it is the same shape.
    let printed = keygen(&["x"]).succeeds();
    assert!(printed.starts_with(b"# x\n# Seal"), "{printed:?}");
    let refused = "fetool: a comment is one line without control characters\n";
    keygen(&["a\nb", "-o", "other"]).fails(2, refused);
    dir.holds_only(&["key", "digits"]);
}
