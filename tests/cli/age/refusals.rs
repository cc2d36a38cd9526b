//! What is refused, before anybody is asked for anything.

use super::*;

#[test]
fn what_cannot_be_sealed_for_is_refused() {
    let dir = dir();
    let secret = String::from_utf8(key("x25519.key")).unwrap();
    let secret = secret.lines().last().unwrap().to_owned();
    dir.write("bad", format!("{}\n{secret}\n", recipient("x25519.key")));
    dir.write(
        "typo",
        secret.replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q"),
    );
    for (line, status, message) in [
        (
            "seal --to ME --to PQ plain",
            2,
            "fetool: a post-quantum recipient cannot share a file with recipients that are not \
             post-quantum: whoever breaks one of those could open the file\n\
             fetool: hint: seal once for each kind, or ask for recipients of one kind\n",
        ),
        (
            "seal --to @none plain",
            1,
            "fetool: none: no such file or directory\n",
        ),
        (
            "seal --to github:somebody plain",
            2,
            "fetool: --to: fetool downloads no recipients from GitHub\n\
             fetool: hint: download https://github.com/USER.keys and give it with --to @FILE\n",
        ),
        (
            "seal -f gfe --to ME plain",
            2,
            "fetool: this format has no public-key recipients\n\
             fetool: hint: for recipients choose --format age\n",
        ),
        (
            "seal -f age -k env:TEST_KEY plain",
            2,
            "fetool: age has no raw keys: its files are for recipients, or for a passphrase\n\
             fetool: hint: for a raw key choose --format gfe, for keys and passphrases --format dexios\n",
        ),
        (
            "seal -a -k env:TEST_KEY plain",
            2,
            "fetool: GFE (go-fileencrypt) has no armor\n\
             fetool: hint: for text choose --format age\n",
        ),
        (
            "seal -p=env:TEST_KEY --add-key env:OTHER_KEY plain",
            2,
            "fetool: several secrets need a format with key slots\n\
             fetool: hint: choose --format dexios\n",
        ),
        (
            "seal --to ME --work-factor 10 plain",
            2,
            "fetool: a work factor is for a passphrase, and there is none\n",
        ),
        (
            "seal -k env:TEST_KEY --work-factor 10 plain",
            2,
            "fetool: GFE (go-fileencrypt) derives no key with scrypt, so it has no work factor\n",
        ),
        (
            "seal -a --to ME --header h plain",
            2,
            "fetool: --armor cannot be used with --header\n",
        ),
        (
            "seal -p=env:TEST_KEY --to ME plain",
            2,
            "fetool: a passphrase cannot be used together with --key, --plugin or --to\n\
             fetool: hint: Dexios takes several secrets: --passphrase and --add-key, with --format \
             dexios\n",
        ),
    ] {
        run(&dir, line).fails(status, message);
    }
    for line in [
        "seal --to @bad plain",
        &format!("seal --to {secret} plain"),
        "open -k @typo plain",
    ] {
        let ended = run(&dir, line);
        assert_ne!(ended.code(), Some(0), "{line}");
        assert!(
            !ended.stderr().contains(&secret[16..30]),
            "{}",
            ended.stderr()
        );
    }
}

/// The first line that age-keygen writes has 32 bytes, as a raw key has.
#[test]
fn a_list_without_recipients_seals_nothing() {
    let dir = dir();
    dir.write("first", "# created: 2026-11-28T02:50:55Z\n");
    run(&dir, "seal --to @first --to ME plain -o f")
        .fails(1, "fetool: first: no identity in the identity file\n");
    dir.write("none", "# nobody\n");
    run(&dir, "seal --to @none --to ME plain -o f")
        .fails(2, "fetool: none: no recipient in the recipients file\n");
    assert!(!dir.path("f").exists());
}

#[test]
fn the_passphrase_of_an_identity_file_is_neither_the_data_nor_the_output() {
    let dir = dir();
    dir.write("locked", key("identities_encrypted.age"));
    dir.write("pass", key("passphrase.txt"));
    let refused = run(&dir, "seal --to @locked --identity-passphrase @- -o f");
    assert_eq!(refused.code(), Some(2), "{}", refused.stderr());
    let refused = run(
        &dir,
        "seal --to @locked --identity-passphrase @pass plain -o pass --force",
    );
    assert_ne!(refused.code(), Some(0));
    assert_eq!(dir.read("pass"), key("passphrase.txt"));
}

#[test]
fn options_that_say_nothing_here_are_refused() {
    let dir = dir();
    run(&dir, "seal --to ME plain -o f").succeeds();
    for line in [
        "rekey -k @me --to YOU --stanza 0 f",
        "rekey -k @me --add --to YOU --work-factor 10 f",
        "rekey --list --to YOU f",
        "rekey --list --stanza 0 f",
    ] {
        let refused = run(&dir, line);
        assert_eq!(
            (refused.code(), refused.stdout().as_str()),
            (Some(2), ""),
            "{line}"
        );
    }
}

/// Nobody types a passphrase for a run that a missing file ends.
#[test]
fn everything_is_read_before_a_passphrase_is_asked_for() {
    let dir = dir();
    dir.write("locked", key("identities_encrypted.age"));
    run(&dir, "seal --to ME plain -o f").succeeds();
    for line in [
        "seal --to @locked --to @missing plain",
        "seal --to @locked -k @missing plain",
        "rekey -k @me --to @locked --to @missing f",
        "rekey -k @missing --to @locked f",
        "rekey -k @me --remove --to @locked --to @missing f",
        "open -k @locked -k @missing f",
    ] {
        run(&dir, line).fails(1, "fetool: missing: no such file or directory\n");
    }
}
