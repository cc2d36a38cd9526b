//! Where secrets come from and what is wrong with them: empty ones, files that others can read,
//! byte order marks, the home directory, FETOOL_KEY.

use crate::cli_common::{Dir, K, KEY, fetool, opened, sealed, shell};

const CHECK: &str = "fetool: hint: check the program or the file that it comes from\n";

#[test]
fn an_empty_key_seals_nothing() {
    let dir = Dir::new();
    dir.write("plain", "data");
    for (bytes, name) in [("", "empty"), ("\n", "line-end"), ("\r\n", "crlf")] {
        dir.write(name, bytes);
        let key = format!("@{name}");
        for format in ["gfe", "dexios", "gocrypt", "parallel-encryptor"] {
            let message = format!("fetool: {name}: the key is empty\n{CHECK}");
            fetool(["seal", "-q", "-f", format, "-k", &key, "plain", "-o", "out"])
                .within(&dir)
                .run()
                .fails(2, &message);
            fetool(["seal", "-q", "-r", "-f", format, "-k", &key, "plain"])
                .within(&dir)
                .run()
                .fails(2, &message);
        }
    }
    let script = r#""$FETOOL" seal -f dexios -k fd:3 plain -o out 3<&0"#;
    let message = format!("fetool: file descriptor 3: the key is empty\n{CHECK}");
    shell(script, [""; 0]).within(&dir).run().fails(2, &message);
    fetool(["seal", "-f", "dexios", "-k", "@-", "plain", "-o", "out"])
        .within(&dir)
        .run()
        .fails(2, &format!("fetool: stdin: the key is empty\n{CHECK}"));
    fetool([
        "seal", "-f", "gocrypt", "-q", "-k", "env:NONE", "plain", "-o", "out",
    ])
    .env("NONE", "")
    .within(&dir)
    .run()
    .fails(
        2,
        &format!("fetool: environment variable NONE: the key is empty\n{CHECK}"),
    );
    dir.holds_only(&["crlf", "empty", "line-end", "plain"]);
}

#[test]
fn nor_does_an_empty_key_beside_another_or_in_its_place() {
    let dir = Dir::new();
    dir.write("plain", "data");
    dir.write("empty", "");
    let message = format!("fetool: empty: the key is empty\n{CHECK}");
    fetool([
        "seal",
        "-f",
        "dexios",
        "-k",
        K,
        "--add-key",
        "@empty",
        "plain",
    ])
    .args(["-o", "out"])
    .within(&dir)
    .run()
    .fails(2, &message);
    dir.write("sealed.gfe", sealed(b"data", "3"));
    let before = dir.read("sealed.gfe");
    for options in [
        &["-i"][..],
        &["-i", "--reseal"],
        &["-o", "out"],
        &["-o", "out", "--reseal"],
    ] {
        fetool(["rekey", "-k", K, "--new-key", "@empty", "sealed.gfe"])
            .args(options)
            .within(&dir)
            .run()
            .fails(2, &message);
        assert_eq!(dir.read("sealed.gfe"), before);
    }
    let message = format!("fetool: empty: the passphrase is empty\n{CHECK}");
    fetool([
        "rekey",
        "-k",
        K,
        "--new-passphrase=@empty",
        "sealed.gfe",
        "-o",
        "out",
    ])
    .within(&dir)
    .run()
    .fails(2, &message);
    dir.holds_only(&["empty", "plain", "sealed.gfe"]);
}

#[test]
fn opening_tries_an_empty_key() {
    let dir = Dir::new();
    dir.write("empty", "");
    fetool(["open", "-k", "@empty"])
        .input(sealed(b"data", "3"))
        .within(&dir)
        .run()
        .fails(
            1,
            "fetool: empty: not a GFE key: 0 bytes long; a key is 32 raw bytes, or 64 hexadecimal \
             digits or 44 base64 characters of them\n\
             fetool: hint: make one with 'fetool keygen -o KEYFILE'\n",
        );
}

fn readable(name: &str, mode: &str) -> String {
    format!(
        "fetool: {name}: warning: other users can read this file (mode {mode})\n\
         fetool: hint: chmod 600 {name}\n"
    )
}

#[test]
fn a_key_that_others_can_read_is_warned_of_once() {
    let dir = Dir::new();
    dir.write("key", KEY);
    for name in ["a", "b", "c"] {
        dir.write(name, "data");
    }
    for (mode, shown) in [(0o644, "0644"), (0o640, "0640"), (0o602, "0602")] {
        dir.set_mode("key", mode);
        let bytes = fetool(["seal", "-k", "@key", "a"]).within(&dir).run();
        assert_eq!(
            opened(bytes.succeeds_saying(&readable("key", shown))),
            b"data"
        );
        fetool(["seal", "-q", "-k", "@key", "a"])
            .within(&dir)
            .run()
            .succeeds();
    }
    dir.set_mode("key", 0o604);
    let ended = fetool(["seal", "-r", "-k", "@key", "a", "b", "c"])
        .within(&dir)
        .run();
    let stderr = ended.stderr();
    assert!(stderr.starts_with(&readable("key", "0604")), "{stderr}");
    assert_eq!(stderr.matches("warning").count(), 1, "{stderr}");
    let bytes = fetool(["open", "-k", "@key", "a.gfe"]).within(&dir).run();
    assert_eq!(bytes.succeeds_saying(&readable("key", "0604")), b"data");
    for mode in [0o600, 0o400] {
        dir.set_mode("key", mode);
        fetool(["seal", "-k", "@key", "a"])
            .within(&dir)
            .run()
            .succeeds();
    }
}

#[test]
fn so_is_a_passphrase_but_not_a_salt() {
    let dir = Dir::new();
    dir.write("pass", "correct horse\n");
    dir.write("salt", "0123456789abcdef");
    dir.set_mode("salt", 0o644);
    let seal = || {
        fetool(["seal", "-p=@pass", "--salt", "@salt", "--kdf", "pbkdf2"])
            .within(&dir)
            .input("data")
            .run()
    };
    seal().succeeds();
    dir.set_mode("pass", 0o644);
    seal().succeeds_saying(&readable("pass", "0644"));
}

#[test]
fn a_new_key_in_a_readable_file_is_warned_of() {
    let dir = Dir::new();
    dir.write("key", "");
    for (mode, message) in [
        (0o600, ""),
        (
            0o644,
            "fetool: stdout: warning: other users can read this file (mode 0644)\n\
             fetool: hint: use 'fetool keygen -o FILE', which gives FILE mode 0600\n",
        ),
    ] {
        dir.set_mode("key", mode);
        fetool(["keygen"])
            .stdout(dir.create("key"))
            .run()
            .succeeds_saying(message);
        assert_eq!(dir.read("key").len(), 32);
    }
}

#[test]
fn a_byte_order_mark_is_named() {
    let dir = Dir::new();
    let mark = |name: &str, encoding: &str| {
        format!(
            "fetool: {name}: warning: the secret begins with a byte order mark (BOM) of \
             {encoding}\n\
             fetool: hint: the mark counts as part of the secret; save the file without it\n"
        )
    };
    dir.write("pass", "\u{feff}correct horse");
    dir.write("salt", "0123456789abcdef");
    fetool(["seal", "-p=@pass", "--salt", "@salt", "--kdf", "pbkdf2"])
        .within(&dir)
        .input("data")
        .run()
        .succeeds_saying(&mark("pass", "UTF-8"));
    dir.write("key", [b"\xff\xfe".to_vec(), b"k\0".repeat(64)].concat());
    let ended = fetool(["seal", "-k", "@key"])
        .within(&dir)
        .input("data")
        .run();
    let stderr = ended.stderr();
    assert!(stderr.starts_with(&mark("key", "UTF-16")), "{stderr}");
    ended.fails(1, &stderr);
    // Raw keys are any bytes.
    dir.write("key", [&b"\xef\xbb\xbf"[..], &[7; 29]].concat());
    fetool(["seal", "-k", "@key"])
        .within(&dir)
        .input("data")
        .run()
        .succeeds();

    dir.write("list", "\u{feff}file\0");
    let ended = fetool(["seal", "-k", K, "--files0-from", "list"])
        .within(&dir)
        .run();
    let stderr = ended.stderr();
    assert!(
        stderr.starts_with(
            "fetool: \\u{feff}file: no such file or directory\n\
             fetool: hint: the list begins with a byte order mark (BOM); write it without one\n"
        ),
        "{stderr}"
    );
}

#[test]
fn the_home_directory_is_expanded() {
    let dir = Dir::new();
    dir.write("key", KEY);
    let bytes = fetool(["seal", "-k", "@~/key"])
        .env("HOME", dir.path(""))
        .input("data")
        .run()
        .succeeds();
    assert_eq!(opened(bytes), b"data");
    fetool(["seal", "-k", "@~nobody/key"])
        .within(&dir)
        .run()
        .fails(
            1,
            "fetool: ~nobody/key: no such file or directory\n\
         fetool: hint: after '@' only '~/' means the home directory; type the whole path\n",
        );
}

#[test]
fn a_file_without_its_at_sign() {
    let dir = Dir::new();
    dir.write("key", KEY);
    for (args, option, meant) in [
        (&["seal", "-k", "key"][..], "--key", "-k @key"),
        (&["open", "--key=key"], "--key", "-k @key"),
        (&["seal", "-p=key"], "--passphrase", "-p=@key"),
        (
            &["seal", "-k", K, "--add-key", "key"],
            "--add-key",
            "--add-key @key",
        ),
        (
            &["rekey", "-k", K, "--new-key", "key"],
            "--new-key",
            "--new-key @key",
        ),
    ] {
        fetool(args).within(&dir).run().fails(
            2,
            &format!(
                "fetool: {option} takes @FILE, env:NAME or fd:N, never the secret itself\n\
                 fetool: hint: did you mean {meant}?\n"
            ),
        );
    }
}

#[test]
fn fetool_key_stands_in_for_the_option() {
    let dir = Dir::new();
    dir.write("key", KEY);
    let with = |args: &[&str], word: &str| {
        let run = fetool(args).within(&dir).env("FETOOL_KEY", word);
        run.input(sealed(b"data", "3")).run()
    };
    assert_eq!(with(&["open"], "@key").succeeds(), b"data");
    assert_eq!(with(&["open"], "env:TEST_KEY").succeeds(), b"data");
    // Options override it, whatever is in it.
    assert_eq!(with(&["open", "-k", K], "nonsense").succeeds(), b"data");
    with(&["open", "-p=env:OTHER_KEY"], "@key").fails(
        2,
        "fetool: GFE keeps no salt, so a passphrase alone makes no key\n\
         fetool: hint: give the salt kept beside the file with --salt @FILE (and --kdf), or use \
         -k\n",
    );
    with(&["inspect", "--verify", "-q"], "@key").succeeds();
    // It is no key, and never repeated.
    for word in ["hunter2", "@", "fd:x"] {
        with(&["open"], word).fails(
            2,
            "fetool: FETOOL_KEY takes @FILE, env:NAME or fd:N, never the secret itself\n\
             fetool: hint: every program that is started sees the environment; put the key into a \
             file and name that: FETOOL_KEY=@FILE\n",
        );
    }
    with(&["open"], "@nosuch").fails(1, "fetool: nosuch: no such file or directory\n");
    with(&["open"], "@-").fails(
        2,
        "fetool: stdin is already used\n\
         fetool: hint: it would be the secret and something else as well; give one of them by \
         path\n",
    );
    // An empty one is none.
    with(&["open"], "").fails(
        2,
        "fetool: a key is needed\n\
         fetool: hint: give one with -k @KEYFILE ('fetool keygen -o KEYFILE' makes one), or a \
         passphrase with -p\n",
    );
}

#[test]
fn missing_paths_are_noticed_before_anybody_types() {
    let dir = Dir::new();
    dir.write("here", "data");
    for args in [
        &["seal", "-r", "-p", "here", "missing"][..],
        &["open", "-r", "-p", "here", "missing"],
        &["inspect", "--verify", "-p", "here", "missing"],
    ] {
        let (ended, seen) = fetool(args).within(&dir).on_terminal().end();
        assert_eq!(ended.code(), Some(1), "{seen}");
        assert_eq!(
            seen, "fetool: missing: no such file or directory\r\n",
            "{args:?}"
        );
    }
    dir.holds_only(&["here"]);
}
