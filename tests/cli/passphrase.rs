//! `--passphrase=SPEC`, `--salt` and `--kdf`.

use crate::cli_common::{Dir, Ended, Fetool, fetool, sealed};

const SALT: &str = "0123456789abcdef";

fn with(command: &str, passphrase: &str, options: &[&str]) -> Fetool {
    fetool([command, "-p=env:PASSPHRASE", "--salt", "env:SALT"])
        .args(options)
        .env("PASSPHRASE", passphrase)
        .env("SALT", SALT)
}

/// Keys are slow to derive, so one sealed file serves several tries.
fn tried(sealed: &[u8], passphrase: &str, options: &[&str]) -> Ended {
    with("open", passphrase, options).input(sealed).run()
}

const WRONG: &str = "fetool: stdin: authentication failed: wrong passphrase, or the file was \
                     tampered with\n";

#[test]
fn argon2id_there_and_back() {
    let sealed = with("seal", "correct horse", &[])
        .input("data")
        .run()
        .succeeds();
    let opened = tried(&sealed, "correct horse", &["--kdf", "argon2id"]);
    assert_eq!(opened.succeeds(), b"data");
    tried(&sealed, "Correct horse", &[]).fails(3, WRONG);
    tried(&sealed, "correct horse", &["--kdf", "pbkdf2"]).fails(3, WRONG);
}

#[test]
fn pbkdf2_there_and_back() {
    let options = ["--kdf", "pbkdf2"];
    let sealed = with("seal", "correct horse", &options)
        .input("data")
        .run()
        .succeeds();
    assert_eq!(
        tried(&sealed, "correct horse", &options).succeeds(),
        b"data"
    );
    tried(&sealed, "correct horse ", &options).fails(3, WRONG);
}

#[test]
fn one_line_end_is_removed() {
    let dir = Dir::new();
    let sealed = with("seal", "correct horse", &[])
        .input("data")
        .run()
        .succeeds();
    for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
        dir.write("passphrase", text);
        let opened = fetool(["open", "-p=@passphrase", "--salt", "env:SALT"])
            .env("SALT", SALT)
            .within(&dir)
            .input(&*sealed)
            .run()
            .succeeds();
        assert_eq!(opened, b"data", "{text:?}");
    }
    for text in ["correct horse\n\n", "correct horse ", "\ncorrect horse"] {
        tried(&sealed, text, &[]).fails(3, WRONG);
    }
}

#[test]
fn passphrase_and_salt_come_from_anywhere() {
    let dir = Dir::new();
    dir.write("salt", SALT);
    dir.write("plain", "data");
    fetool(["seal", "--passphrase=@-", "--salt", "@salt"])
        .args(["plain", "-o", "sealed"])
        .within(&dir)
        .input("correct horse\n")
        .run()
        .succeeds();
    let opened = tried(&dir.read("sealed"), "correct horse", &[]);
    assert_eq!(opened.succeeds(), b"data");
}

#[test]
fn the_salt_is_as_it_is() {
    let seal = |salt: &str| {
        with("seal", "correct horse", &[])
            .env("SALT", salt)
            .input("data")
            .run()
            .succeeds()
    };
    let sealed = seal(&format!("{SALT}\n"));
    tried(&sealed, "correct horse", &[]).fails(3, WRONG);
}

#[test]
fn a_salt_that_is_too_short() {
    let dir = Dir::new();
    let sealed = sealed(b"data", "3");
    for kdf in ["argon2id", "pbkdf2"] {
        for command in ["seal", "open"] {
            with(command, "correct horse", &["--kdf", kdf, "-o", "out"])
                .env("SALT", &SALT[1..])
                .within(&dir)
                .input(&*sealed)
                .run()
                .fails(
                    1,
                    "fetool: environment variable SALT: the salt is 15 bytes long, and needs at \
                     least 16\nfetool: hint: make one with 'fetool keygen -o SALTFILE'\n",
                );
        }
    }
    dir.holds_only(&[]);
}

#[test]
fn gfe_needs_a_salt() {
    let dir = Dir::new();
    let sealed = sealed(b"data", "3");
    for command in ["seal", "open"] {
        fetool([command, "-p=env:TEST_KEY", "-f", "gfe", "-o", "out"])
            .within(&dir)
            .input(&*sealed)
            .run()
            .fails(
                2,
                "fetool: GFE keeps no salt, so a passphrase alone makes no key\n\
                 fetool: hint: give the salt kept beside the file with --salt @FILE (and --kdf), \
                 or use -k\n",
            );
    }
    dir.holds_only(&[]);
}

#[test]
fn an_empty_passphrase_is_refused() {
    let dir = Dir::new();
    let sealed = sealed(b"data", "3");
    for text in ["", "\n", "\r\n"] {
        for command in ["seal", "open"] {
            with(command, text, &["-o", "out"])
                .within(&dir)
                .input(&*sealed)
                .run()
                .fails(
                    2,
                    "fetool: environment variable PASSPHRASE: the passphrase is empty\n\
                     fetool: hint: check the program or the file that it comes from\n",
                );
        }
    }
    dir.holds_only(&[]);
}

#[test]
fn a_spec_must_be_joined_to_its_option_or_it_is_a_path() {
    for command in ["seal", "open"] {
        fetool([
            command,
            "-p",
            "env:TEST_KEY",
            "--salt",
            "env:SALT",
            "another",
        ])
        .run()
        .fails(
            2,
            "fetool: env:TEST_KEY counts as a PATH: a blank separates it from -p\n\
             fetool: hint: type -p=env:TEST_KEY\n",
        );
    }
}

#[test]
fn options_that_go_together() {
    for args in [
        &["--salt", "env:SALT"][..],
        &["-p=env:TEST_KEY", "--salt", "env:SALT", "--kdf", "scrypt"],
    ] {
        for command in ["seal", "open"] {
            let ended = fetool([command]).args(args).run();
            assert!(ended.stderr().starts_with("fetool: "), "{}", ended.stderr());
            assert_eq!(
                (ended.code(), ended.stdout().as_str()),
                (Some(2), ""),
                "{args:?}"
            );
        }
    }
}

#[test]
fn a_salt_with_a_key() {
    for command in ["seal", "open"] {
        fetool([command, "-k", "env:TEST_KEY", "--salt=env:TEST_KEY"])
            .input("data")
            .run()
            .fails(
                2,
                "fetool: --salt requires a passphrase; a key takes no salt\n",
            );
    }
}

#[test]
fn a_kdf_without_what_it_is_for() {
    let dir = Dir::new();
    for (command, secret, message) in [
        (
            "seal",
            "-k=env:TEST_KEY",
            "fetool: GFE hashes no key itself\n\
             fetool: hint: --kdf requires a passphrase and --salt\n",
        ),
        (
            "seal",
            "-p=env:TEST_KEY",
            "fetool: age derives keys with scrypt; --kdf does not apply\n\
             fetool: hint: for argon2id or balloon choose --format dexios\n",
        ),
        (
            "open",
            "-k=env:TEST_KEY",
            "fetool: --kdf requires --salt\n\
             fetool: hint: files that keep a salt tell the KDF themselves\n",
        ),
        (
            "open",
            "-p=env:TEST_KEY",
            "fetool: --kdf requires --salt\n\
             fetool: hint: files that keep a salt tell the KDF themselves\n",
        ),
    ] {
        fetool([command, secret, "--kdf", "pbkdf2", "-o", "out"])
            .within(&dir)
            .input("data")
            .run()
            .fails(2, message);
        dir.holds_only(&[]);
    }
}
