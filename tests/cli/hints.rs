//! Mistakes on the command line get a hint to what fetool has, and no word of a user commands the
//! terminal.

use crate::cli_common::{Dir, K, fetool};

/// What is said first, and the hints.
fn told(args: &[&str], dir: &Dir) -> (String, Vec<String>) {
    let ended = fetool(args).within(dir).run();
    let stderr = ended.stderr();
    ended.fails(2, &stderr);
    let mut lines = stderr.lines();
    let what = lines.next().unwrap().to_owned();
    let hints = lines.filter_map(|line| line.strip_prefix("fetool: hint: "));
    (what, hints.map(str::to_owned).collect())
}

#[track_caller]
fn hinted(args: &[&str], dir: &Dir, hint: &str) {
    let (what, hints) = told(args, dir);
    assert!(what.starts_with("fetool: "), "{what}");
    assert_eq!(hints, [hint], "{args:?}");
}

const OPEN: &str = "'fetool open' decrypts";
const SEAL: &str = "'fetool seal' encrypts";
const INSPECT: &str = "'fetool inspect' shows what sealed files are";
const VERIFY: &str = "'fetool check' authenticates sealed files and writes nothing";
const NO_RECIPIENTS: &str =
    "'fetool seal --to RECIPIENT' seals to a recipient; 'fetool age' takes all options of age";
const FORCE: &str = "--force overwrites FILE";
const NO_COMPRESSION: &str =
    "fetool does not compress: 'zstd < FILE | fetool seal -k @KEYFILE -o OUT'";

#[test]
fn other_programs_subcommands() {
    let dir = Dir::new();
    for (name, hint) in [
        ("encrypt", SEAL),
        ("enc", SEAL),
        ("decrypt", OPEN),
        ("dec", OPEN),
        ("ls", INSPECT),
        ("verify", VERIFY),
        ("rotate", "'fetool rekey' changes the key or the passphrase"),
    ] {
        hinted(&[name, "file"], &dir, hint);
        let no_help = format!("fetool: there is no subcommand '{name}'\nfetool: hint: {hint}\n");
        fetool(["help", name])
            .env("PATH", "")
            .run()
            .fails(2, &no_help);
    }
    dir.write("backup.gfe", "");
    hinted(
        &["backup.gfe"],
        &dir,
        "that is a file; 'fetool inspect backup.gfe' shows what it is",
    );
}

#[test]
fn other_programs_options() {
    let dir = Dir::new();
    for (args, hint) in [
        (&["-d", "file"][..], OPEN),
        (&["--decrypt", "file"], OPEN),
        (&["seal", "-d", "file"], OPEN),
        (&["-e", "file"], SEAL),
        (&["--encrypt", "file"], SEAL),
        (
            &["open", "-d", "file"],
            "leave it out: 'fetool open' always decrypts",
        ),
        (
            &["seal", "--encrypt", "file"],
            "leave it out: 'fetool seal' always encrypts",
        ),
        (
            &["open", "-c", "file"],
            "without -o the result goes to standard output",
        ),
        (
            &["seal", "-r", "-k", K, "--remove-files", "file"],
            "--remove-source removes each source once its result is on the disk; requires -r",
        ),
        (
            &["seal", "--rm", "file"],
            "--remove-source removes each source once its result is on the disk; requires -r",
        ),
        (&["inspect", "-r", "age1abc"], NO_RECIPIENTS),
        (&["seal", "-r", "age1abc", "file"], NO_RECIPIENTS),
        (&["seal", "-rv", "age1abc", "file"], NO_RECIPIENTS),
        (&["seal", "--recipient=me", "file"], NO_RECIPIENTS),
        (
            &["open", "-i", "key", "file"],
            "the key is given with -k @FILE",
        ),
        (
            &["seal", "-in", "file"],
            "the input is PATH, without an option",
        ),
        (&["open", "--yes", "file"], FORCE),
        (
            &["seal", "-T0", "file"],
            "--jobs N sets the number of threads",
        ),
        (&["seal", "-9", "file"], NO_COMPRESSION),
        (&["seal", "-z", "file"], NO_COMPRESSION),
        (&["open", "-t", "file"], VERIFY),
        (&["seal", "-pass", "file"], PASSPHRASE),
        (&["open", "--passphrase-fd", "3"], PASSPHRASE),
    ] {
        hinted(args, &dir, hint);
    }
    // Nothing is said of values and "--" where nobody meant any.
    let (what, hints) = told(&["seal", "--nonsense-"], &dir);
    assert_eq!(what, "fetool: unexpected argument '--nonsense-' found");
    assert_eq!(hints, [""; 0]);
}

const PASSPHRASE: &str = "-p asks for a passphrase; -p=@FILE, -p=env:NAME and -p=fd:N read it";

#[test]
fn values_that_are_files() {
    let dir = Dir::new();
    dir.write("file", "");
    dir.write("-x", "");
    let format = format!("-f is the format; {FORCE}");
    hinted(&["open", "-f", "file"], &dir, &format);
    hinted(
        &["seal", "-c", "file"],
        &dir,
        "-c is the chunk size; without -o the result goes to standard output",
    );
    hinted(
        &["seal", "-k", K, "-x"],
        &dir,
        "for a file of that name type ./-x",
    );
    for option in ["-o", "--output", "-O", "--header"] {
        let hint = "for a file of that name type ./-name";
        hinted(&["seal", "-k", K, option, "-name", "file"], &dir, hint);
    }
}

#[test]
fn a_passphrase_spec_needs_an_equals_sign() {
    let dir = Dir::new();
    dir.write("file", "data");
    dir.write("pass", "hunter2");
    for (args, option) in [
        (&["seal", "-p", "@pass", "file"][..], "-p"),
        (&["open", "-p", "@pass", "file"], "-p"),
        (&["seal", "-vp", "@pass", "file"], "-p"),
        (&["seal", "file", "--passphrase", "@pass"], "--passphrase"),
        (
            &["rekey", "-k", K, "--new-passphrase", "@pass"],
            "--new-passphrase",
        ),
        (&["inspect", "--verify", "-p", "@pass"], "-p"),
    ] {
        fetool(args).within(&dir).run().fails(
            2,
            &format!(
                "fetool: @pass counts as a PATH: a blank separates it from {option}\n\
                 fetool: hint: type {option}=@pass\n"
            ),
        );
    }
    hinted(&["seal", "-p@pass", "file"], &dir, "type -p=@pass");
    hinted(&["seal", "-penv:PASS", "file"], &dir, "type -p=env:PASS");
    // A file may have such a name.
    dir.write("@file", "data");
    let no_terminal = fetool(["seal", "-p", "@file", "-o", "out"])
        .within(&dir)
        .run();
    assert!(
        no_terminal.stderr().contains("/dev/tty"),
        "{}",
        no_terminal.stderr()
    );
}

#[test]
fn mistakes_cannot_command_the_terminal() {
    let dir = Dir::new();
    let name = "a\x1b[2J\u{9b}2J\u{202e}\u{200b}b";
    let safe = "a\\u{1b}[2J\\u{9b}2J\\u{202e}\\u{200b}b";
    for (args, what) in [
        (&[name][..], format!("unrecognized subcommand '{safe}'")),
        (
            &["seal", &format!("--{name}")],
            format!("unexpected argument '--{safe}' found"),
        ),
        (
            &["seal", "-f", name],
            format!("invalid value '{safe}' for '--format <NAME>'"),
        ),
        (
            &["seal", "--size", name],
            format!(
                "invalid value '{safe}' for '--size <SIZE>': a size is a number of bytes, as \
                 65536, 64KiB or 1MiB"
            ),
        ),
        (&["help", name], format!("there is no subcommand '{safe}'")),
    ] {
        assert_eq!(told(args, &dir).0, format!("fetool: {what}"));
        let (_, seen) = fetool(args).on_terminal().end();
        assert!(
            !seen.contains(['\x1b', '\u{9b}', '\u{202e}', '\u{200b}']),
            "{seen:?}"
        );
    }
}

#[test]
fn names_are_quoted_in_messages_and_json() {
    let dir = Dir::new();
    let name = "a\u{9b}2J\x7f\u{202e}gpj.exe";
    let missing = "fetool: a\\u{9b}2J\\u{7f}\\u{202e}gpj.exe: no such file or directory\n";
    fetool(["open", "-k", K, name])
        .within(&dir)
        .run()
        .fails(1, missing);
    fetool(["inspect", name])
        .within(&dir)
        .run()
        .fails(1, missing);
    let ended = fetool(["inspect", "--json", name]).within(&dir).run();
    let json = ended.stdout();
    assert!(
        json.starts_with(r#"{"path":"a\u009b2J\u007f\u202egpj.exe","#),
        "{json}"
    );
    dir.write(name, "data");
    let ended = fetool(["seal", "-q", "-r", "--json", "-k", K, name])
        .within(&dir)
        .run();
    let json = ended.succeeds();
    let sealed = r#"{"path":"a\u009b2J\u007f\u202egpj.exe","path_hex":null,"output":"a\u009b"#;
    let json = String::from_utf8(json).unwrap();
    assert!(json.starts_with(sealed), "{json}");
}

#[test]
fn standard_output_has_a_name_of_its_own() {
    let dir = Dir::new();
    dir.write("file", "data");
    let ended = fetool(["seal", "-k", K, "file", "-o", "/dev/stdout"])
        .within(&dir)
        .stdout(dir.create("out"))
        .run();
    ended.fails(
        1,
        "fetool: /dev/stdout: file exists\n\
         fetool: hint: for standard output, type '-o -' or leave -o out\n",
    );
}
