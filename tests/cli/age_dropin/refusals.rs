//! Options, recipients and identities that are refused.

use super::*;

#[test]
fn options_that_age_does_not_have_are_status_2() {
    let dir = dir();
    for (line, what) in [
        ("age -da plain", "flag provided but not defined: -da"),
        ("age --force plain", "flag provided but not defined: -force"),
        ("age -r", "flag needs an argument: -r"),
        (
            "age -a=maybe plain",
            "invalid boolean value \"maybe\" for -a",
        ),
        ("age -k @me plain", "flag provided but not defined: -k"),
    ] {
        run(&dir, line).fails(
            2,
            &format!("age: error: {what}\nage: hint: 'age -h' lists the options\n"),
        );
    }
    run(&dir, "age-keygen -x").fails(
        2,
        "age-keygen: error: flag provided but not defined: -x\n\
         age-keygen: hint: 'age-keygen -h' lists the options\n",
    );
    for line in ["age -h", "age --help", "age -d -help x", "age-keygen -h"] {
        let help = String::from_utf8(run(&dir, line).succeeds()).unwrap();
        assert!(help.starts_with("Usage: age"), "{help}");
        assert!(help.contains("--output <OUTPUT>"), "{help}");
    }
    let usage = run(&dir, "age");
    assert_eq!(usage.code(), Some(1));
    assert!(usage.stderr().starts_with("Usage: age [-e] "));
    for line in ["age --version", "age-keygen -version"] {
        assert_eq!(run(&dir, line).succeeds(), VERSION);
    }
}

#[test]
fn options_that_say_nothing_together_are_refused() {
    let dir = dir();
    let by_itself = "age: hint: fetool detects what kind of file it is";
    let secret = "age: hint: the secret that decrypts is named with -i/--identity";
    let mode = "age: hint: -d decrypts; -e -i encrypts to the recipients of the identities";
    for (line, what, hint) in [
        ("-d -e", "-e/--encrypt can't be used with -d/--decrypt", ""),
        (
            "-d -a",
            "-a/--armor can't be used with -d/--decrypt",
            by_itself,
        ),
        (
            "-d -p",
            "-p/--passphrase can't be used with -d/--decrypt",
            by_itself,
        ),
        (
            "-d -r ME",
            "-r/--recipient can't be used with -d/--decrypt",
            secret,
        ),
        (
            "-d -R me",
            "-R/--recipients-file can't be used with -d/--decrypt",
            secret,
        ),
        (
            "-i me",
            "-i/--identity and -j can't be used in encryption mode unless -e/--encrypt is given",
            mode,
        ),
        (
            "-j toy",
            "-i/--identity and -j can't be used in encryption mode unless -e/--encrypt is given",
            mode,
        ),
        (
            "-p -r ME",
            "-p/--passphrase can't be combined with -r/--recipient",
            "",
        ),
        (
            "-p -R me",
            "-p/--passphrase can't be combined with -R/--recipients-file",
            "",
        ),
        (
            "-e -p -i me",
            "-p/--passphrase can't be combined with -i/--identity",
            "",
        ),
        (
            "-e -p -j toy",
            "-p/--passphrase can't be combined with -j",
            "",
        ),
        (
            "-e",
            "missing recipients",
            "age: hint: name them with -r/--recipient or -R/--recipients-file, or ask for a passphrase \
             with -p/--passphrase",
        ),
        (
            "-r ME other",
            "too many INPUT arguments: \"other\" \"plain\"",
            "age: hint: only one INPUT is taken at a time",
        ),
    ] {
        let message = match hint {
            "" => what.to_owned(),
            hint => format!("{what}\n{hint}"),
        };
        refused(&dir, &format!("age {line} plain"), &message);
    }
    refused(
        &dir,
        "age -d -i me real -o out",
        "too many INPUT arguments: \"real\" \"-o\" \"out\"\n\
         age: hint: options come before INPUT; did you mean: age -d -i me -o out real",
    );
}

#[test]
fn recipients_are_checked_and_never_repeated() {
    let dir = dir();
    let me = recipient(&dir, "me");
    let secret = String::from_utf8(dir.read("me")).unwrap();
    let secret = secret.lines().last().unwrap().to_owned();
    for (word, what) in [
        (
            "hunter2",
            "invalid age recipient: it does not begin with age1",
        ),
        ("age1xyz", "invalid age recipient: wrong length"),
        (
            &me.to_uppercase(),
            "invalid age recipient: it does not begin with age1",
        ),
        (
            &secret,
            "an identity was given as a recipient: it is secret, and nobody needs it to seal\n\
             age: hint: give its recipient, age1…",
        ),
        (
            "github:somebody",
            "fetool downloads no recipients from GitHub\n\
             age: hint: download https://github.com/USER.keys and name that file with -R",
        ),
        (
            "ssh-ed25519",
            "invalid SSH recipient: it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space \
             between",
        ),
    ] {
        refused(
            &dir,
            &format!("age -r {word} plain"),
            &format!("malformed recipient: {what}"),
        );
    }
    dir.write("bad", format!("{me}\nhunter2\n"));
    dir.write("empty", "# nobody\n");
    for (name, what) in [
        (
            "bad",
            "line 2: invalid age recipient: it does not begin with age1",
        ),
        ("empty", "no recipient in the recipients file"),
        ("missing", "no such file or directory"),
        (
            "me",
            "this is an identity file\nage: hint: 'age-keygen -y' prints the recipients of identities; \
             -e -i encrypts to them",
        ),
    ] {
        let message = format!("failed to parse recipient file \"{name}\": {what}");
        refused(&dir, &format!("age -R {name} plain"), &message);
    }
    refused(
        &dir,
        "age -r ME -r PQ plain",
        "a post-quantum recipient cannot share a file with recipients that are not post-quantum: whoever \
         breaks one of those could open the file\n\
         age: hint: seal once for each kind, or ask for recipients of one kind",
    );
    // The same recipient twice is one stanza, without a word.
    let twice = run(&dir, "age -r ME -r ME plain").succeeds();
    assert_eq!(twice.len(), run(&dir, "age -r ME plain").succeeds().len());
}

#[test]
fn identities_are_checked_before_anything_is_asked() {
    let dir = dir();
    dir.write("empty", "# nothing\n");
    dir.write("list", recipient(&dir, "me"));
    dir.write("bad", "AGE-SECRET-KEY-1XYZ\n");
    run(&dir, "age -r ME -o for_me plain").succeeds();
    for (name, what) in [
        ("empty", "no secret keys found"),
        ("plain", "no secret keys found"),
        ("missing", "no such file or directory"),
        (
            "list",
            "these are recipients, which open nothing\n\
             age: hint: -R encrypts to them; the identity of one of them decrypts",
        ),
        ("bad", "line 1: invalid age identity: wrong length"),
    ] {
        for line in ["age -d -i locked -i", "age -e -i locked -i"] {
            let message = format!("reading \"{name}\": {what}");
            refused(&dir, &format!("{line} {name} for_me"), &message);
        }
    }
    refused(
        &dir,
        "age -d -i you for_me",
        "no identity matched any of the recipients",
    );
    refused(
        &dir,
        "age -d for_me",
        "identities are required to decrypt this file\n\
         age: hint: name the file of one with -i/--identity",
    );
    refused(
        &dir,
        "age -d -i me scrypt",
        "file is passphrase-encrypted but identities were specified with -i/--identity or -j\n\
         age: hint: leave out all -i/--identity and -j; fetool asks for the passphrase",
    );
    let nobody = "no terminal to ask for a passphrase on: standard input is not a terminal, and /dev/tty \
                  cannot be opened";
    refused(&dir, "age -d scrypt", nobody);
    refused(&dir, "age -p plain", nobody);
    refused(
        &dir,
        "age -r ME missing",
        "failed to open input file \"missing\": no such file or directory",
    );
    refused(
        &dir,
        "age -r ME -o missing/f plain",
        "failed to open output file \"missing/f\": no such file or directory",
    );
}
