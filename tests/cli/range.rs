//! `open --range`: bytes, statuses and messages.

use crate::cli_common::{Dir, Ended, K, MIB, OTHER, data, fetool, sealed, shell, vector};
use std::fs::File;

/// A sealed file of this many bytes.
fn sealed_in(dir: &Dir, len: usize) -> Vec<u8> {
    let plaintext = data(len);
    dir.write("in", sealed(&plaintext, "64KiB"));
    plaintext
}

fn open(dir: &Dir, range: &str) -> Ended {
    let open = fetool(["open", "-k", K, "--range", range, "in"]);
    open.within(dir).run()
}

/// The same from a pipe.
fn piped(dir: &Dir, range: &str) -> Ended {
    let open = fetool(["open", "-k", K, "--range", range]);
    open.input(dir.read("in")).run()
}

#[test]
fn every_way_to_say_it() {
    let dir = Dir::new();
    let plaintext = sealed_in(&dir, 300_000);
    for (range, start, end) in [
        ("0+0", 0, 0),
        ("0+5", 0, 5),
        ("100000+1KiB", 100_000, 101_024),
        ("0-0", 0, 1),
        ("0-499", 0, 500),
        ("64K-128K", 65_536, 131_073),
        ("299999-299999", 299_999, 300_000),
        ("250000-", 250_000, 300_000),
        ("300000-", 300_000, 300_000),
        ("300000+0", 300_000, 300_000),
        ("0-", 0, 300_000),
    ] {
        let expected = &plaintext[start..end];
        assert_eq!(open(&dir, range).succeeds(), expected, "{range}");
        assert_eq!(piped(&dir, range).succeeds(), expected, "{range}, pipe");
    }
    for (range, start) in [
        ("-1", 299_999),
        ("-100KiB", 197_600),
        ("-0", 300_000),
        ("-300000", 0),
    ] {
        assert_eq!(open(&dir, range).succeeds(), &plaintext[start..], "{range}");
        let joined = format!("--range={range}");
        let joined = fetool(["open", "-k", K, &joined, "in"]).within(&dir).run();
        assert_eq!(joined.succeeds(), &plaintext[start..], "{range}");
    }
}

/// Standard input that is a file is one, from its position on.
#[test]
fn a_redirected_file() {
    let dir = Dir::new();
    let plaintext = sealed_in(&dir, 300_000);
    let open = fetool(["open", "-k", K, "--range", "-10"]);
    let opened = open.stdin(File::open(dir.path("in")).unwrap()).run();
    assert_eq!(opened.succeeds(), plaintext[299_990..]);
    dir.write("behind", [&b"other"[..], &dir.read("in")].concat());
    let script = r#"(head -c 5 > header; "$FETOOL" "$@") < behind; cat header"#;
    let open = ["open", "-k", K, "--range", "5+5"];
    let opened = shell(script, open).within(&dir).run();
    let expected = [&plaintext[5..10], b"other"].concat();
    assert_eq!(opened.succeeds(), expected);
}

#[test]
fn to_a_file() {
    let dir = Dir::new();
    let plaintext = sealed_in(&dir, 5 * MIB);
    let open = |range| {
        let open = fetool([
            "open", "-k", K, "--range", range, "in", "-o", "out", "--force",
        ]);
        open.within(&dir).run()
    };
    open("100000+4MiB").succeeds();
    assert_eq!(dir.read("out"), plaintext[100_000..][..4 * MIB]);
    // An error leaves what was there.
    let says = "the range ends behind byte 5242881, and the plaintext has 5242880 bytes";
    open("5MiB+1").fails(2, &format!("fetool: in: {says}\n"));
    assert_eq!(dir.read("out").len(), 4 * MIB);
}

#[test]
fn behind_the_end() {
    let dir = Dir::new();
    sealed_in(&dir, 300_000);
    for (range, says) in [
        ("299999+2", "the range ends behind byte 300001"),
        ("300000-300000", "the range ends behind byte 300001"),
        ("300001-", "the range starts at byte 300001"),
        ("1TiB+1", "the range starts at byte 1099511627776"),
    ] {
        let says = |name| format!("fetool: {name}: {says}, and the plaintext has 300000 bytes\n");
        open(&dir, range).fails(2, &says("in"));
        let piped = piped(&dir, range).fails_after_output(2, &says("stdin"));
        assert!(piped.len() <= 1, "{range}");
    }
    open(&dir, "-300001").fails(
        2,
        "fetool: in: the range has the last 300001 bytes, and the plaintext has 300000\n",
    );
}

#[test]
fn from_the_end_of_a_pipe() {
    let dir = Dir::new();
    sealed_in(&dir, 10);
    piped(&dir, "-5").fails(
        2,
        "fetool: stdin: a range counted from the end needs a file, and not a pipe\n\
         fetool: hint: give the file as PATH, or count from the beginning: START+LENGTH\n",
    );
}

#[test]
fn only_chunks_of_the_range_must_be_good() {
    let dir = Dir::new();
    let plaintext = sealed_in(&dir, 300_000);
    let mut bytes = dir.read("in");
    // In the third chunk of five.
    let at = 24 + 2 * (65_536 + 20) + 100;
    bytes[at] ^= 1;
    dir.write("in", &bytes);
    assert_eq!(open(&dir, "0+128KiB").succeeds(), plaintext[..131_072]);
    assert_eq!(open(&dir, "200000-").succeeds(), plaintext[200_000..]);
    assert_eq!(piped(&dir, "200000-").succeeds(), plaintext[200_000..]);
    let bad = "authentication failed in chunk 2 (at offset 131136): the file was tampered with";
    let out = open(&dir, "131000+100").fails_after_output(3, &format!("fetool: in: {bad}\n"));
    assert!(plaintext[131_000..].starts_with(&out));
    let out = piped(&dir, "131000+100").fails_after_output(3, &format!("fetool: stdin: {bad}\n"));
    assert!(plaintext[131_000..].starts_with(&out));
    // A file that lost its end has what is there, and no end to count from.
    dir.write("in", &bytes[..200_000]);
    assert_eq!(open(&dir, "0+100").succeeds(), plaintext[..100]);
    for range in ["-5", "250000-", "0+0"] {
        open(&dir, range).fails(
            5,
            "fetool: in: unexpected EOF: the input ends inside a chunk (at offset 200000)\n",
        );
    }
}

#[test]
fn a_wrong_key() {
    let dir = Dir::new();
    sealed_in(&dir, 1000);
    let says = "authentication failed: wrong key, or the file was tampered with";
    let open = fetool(["open", "-k", OTHER, "--range", "0+5", "in"]);
    open.within(&dir)
        .run()
        .fails(3, &format!("fetool: in: {says}\n"));
}

#[test]
fn what_has_no_ranges() {
    let file = vector("gocrypt_32768_l3.enc");
    let open = fetool([
        "open",
        "--passphrase=env:PW",
        "-f",
        "gocrypt",
        "--range",
        "0+5",
    ]);
    let says = format!(
        "fetool: {}: the file has 3 layers, and chunks of an inner one can be found only by opening all \
         before them\n\
         fetool: hint: open the whole file and cut the range out: fetool open … | tail -c +FIRST | head \
         -c LENGTH\n",
        file.display()
    );
    let open = open.arg(&file).env("PW", "correct horse battery staple");
    open.run().fails(2, &says);
}

#[test]
fn what_it_does_not_go_with() {
    let dir = Dir::new();
    sealed_in(&dir, 10);
    let open = |args: &[&str]| {
        let open = fetool(["open", "-k", K, "--range", "0+5"]);
        open.args(args).within(&dir).run()
    };
    open(&["-r", "."]).fails(
        2,
        "fetool: --range cannot be used with -r or --files0-from\n\
         fetool: hint: give one PATH, without -r\n",
    );
    open(&["--json", "in"]).fails(
        2,
        "fetool: --json requires --check, --salvage, -r or --files0-from\n",
    );
    let ended = open(&["--check", "in"]);
    let text = "the argument '--range <RANGE>' cannot be used with '--check'";
    assert!(ended.stderr().contains(text), "{ended:?}");
    assert_eq!(ended.code(), Some(2));
    let ended = fetool(["open", "-k", K, "--range", "9-8"]).run();
    let text = "invalid value '9-8' for '--range <RANGE>': the range ends before it starts";
    assert!(ended.stderr().contains(text), "{ended:?}");
    assert_eq!(ended.code(), Some(2));
}

#[test]
fn verbose() {
    let dir = Dir::new();
    sealed_in(&dir, 300_000);
    let open = fetool(["open", "-v", "-k", K, "--range", "9+2KiB", "in"]);
    let said = "fetool: in: opened 2048 bytes (2.00 KiB) as gfe (counter suffix, the size field is \
                associated data)\n";
    let out = open.within(&dir).run().succeeds_saying(said);
    assert_eq!(out.len(), 2048);
}
