//! `fetool header restore` of armored files: the text of the header is replaced, and nothing else.

use crate::cli_common::{Dir, Ended, data, fetool};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Text of the first line, and of the others.
const BEGIN: usize = 35;
const LINE: usize = 65;
/// How much text the header has: 184 bytes are 3 whole lines, and 54 of the next characters.
const HEADER: usize = BEGIN + 3 * LINE + 54;

/// An armored file for one recipient, its identity, and a copy of its header.
fn files() -> Dir {
    let dir = Dir::new();
    dir.write("plain", data(100_000));
    for args in [
        &["keygen", "--age", "-o", "id"][..],
        &["keygen", "--age", "-o", "id2"],
        &["seal", "-q", "--to", "@id", "-a", "plain", "-o", "f"],
        &["header", "save", "f", "-o", "copy"],
    ] {
        let ended = fetool(args).within(&dir).run();
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
    }
    dir
}

fn restore(dir: &Dir, args: &[&str]) -> Ended {
    fetool(["header", "restore", "copy", "f"])
        .args(args)
        .within(dir)
        .run()
}

const KEY: [&str; 2] = ["-k", "@id"];

#[test]
fn damaged_characters_are_replaced_in_place() {
    let dir = files();
    let good = dir.read("f");
    let inode = || fs::metadata(dir.path("f")).unwrap().ino();
    let before = inode();
    for (from, to) in [
        // The BEGIN line, and its end.
        (0, 5),
        (3, 4),
        (BEGIN - 1, BEGIN),
        // One character, a line, line ends, everything.
        (BEGIN + 7, BEGIN + 8),
        (BEGIN + LINE - 1, BEGIN + LINE),
        (BEGIN + LINE, BEGIN + 2 * LINE),
        (BEGIN + LINE - 5, BEGIN + 2 * LINE + 5),
        (0, HEADER - 1),
        (HEADER - 30, HEADER - 1),
    ] {
        for damage in [b'#', b'A', 0, 0xff, b'\n'] {
            let mut bad = good.clone();
            bad[from..to].fill(damage);
            dir.write("f", &bad);
            restore(&dir, &["-q", "-k", "@id"]).succeeds();
            assert!(dir.read("f") == good, "{from} to {to}: {damage}");
            assert_eq!(inode(), before);
        }
    }
    let said = "fetool: f: has this header already\n";
    restore(&dir, &KEY).succeeds_saying(said);
    restore(&dir, &[]).succeeds_saying(said);
    restore(&dir, &["-v"]).succeeds_saying(said);
    dir.holds_only(&["copy", "f", "id", "id2", "plain"]);
}

/// A character holds bits of the header and of the first chunk.
#[test]
fn every_character_of_the_last_line() {
    let dir = files();
    let good = dir.read("f");
    for at in HEADER - 54..HEADER {
        let mut bad = good.clone();
        bad[at] = b'#';
        dir.write("f", &bad);
        restore(&dir, &["--unchecked", "-q"]).succeeds();
        let new = dir.read("f");
        // Of the last one, the bits of the chunk are lost.
        let same = if at == HEADER - 1 { at } else { good.len() };
        assert!(new[..same] == good[..same] && new[at + 1..] == good[at + 1..]);
    }
}

#[test]
fn the_nonce_shows_without_the_key_where_the_header_ends() {
    let dir = files();
    let good = dir.read("f");
    let first = BEGIN + LINE;
    // The same length, and lines that are missing or there twice.
    for (from, to, into) in [
        (0, HEADER - 23, &b"?".repeat(HEADER - 23)[..]),
        (BEGIN, first, b""),
        (0, first, b""),
        (0, BEGIN, b""),
        (BEGIN, BEGIN, &good[BEGIN..first]),
        (BEGIN + 9, BEGIN + 12, b""),
        (BEGIN + 9, BEGIN + 12, b"more than there was"),
    ] {
        let bad = [&good[..from], into, &good[to..]].concat();
        dir.write("f", &bad);
        restore(&dir, &["-v"]).succeeds_saying("fetool: f: header put back: 184 bytes\n");
        assert!(dir.read("f") == good, "{from} to {to}");
        dir.write("f", &bad);
        restore(&dir, &KEY).succeeds();
        assert!(dir.read("f") == good, "{from} to {to}");
    }
    let mut bad = good.clone();
    bad[..HEADER - 1].fill(b'*');
    dir.write("f", &bad);
    restore(&dir, &[]).fails(
        4,
        "fetool: f: nothing shows that copy belongs to this file\n\
         fetool: hint: give the secret with -k or -p; --unchecked puts the header back without a check\n",
    );
    assert!(dir.read("f") == bad);
    restore(&dir, &["--unchecked"])
        .succeeds_saying("fetool: f: warning: nothing shows that copy belongs to this file\n");
    assert!(dir.read("f") == good);
}

/// What follows the header stays as it is, damaged or not.
#[test]
fn nothing_else_is_touched() {
    let dir = files();
    let mut good = dir.read("f");
    good[100_000..100_100].fill(b'!');
    good.truncate(120_000);
    for line_end in ["\n", "\r\n"] {
        let good = String::from_utf8(good.clone()).unwrap();
        let good = format!("\n \n{}", good.replace('\n', line_end)).into_bytes();
        let mut bad = good.clone();
        bad[50..90].fill(b'\t');
        dir.write("f", &bad);
        restore(&dir, &KEY).succeeds();
        assert!(dir.read("f") == good);
        dir.write("f", &bad);
        restore(&dir, &[]).succeeds();
        assert!(dir.read("f") == good);
    }
}

#[test]
fn what_cannot_be_put_back_says_what_helps() {
    let dir = files();
    let good = dir.read("f");
    // A longer header, of which a line is damaged: what is behind it is in other lines.
    let rekey = [
        "rekey", "-q", "-k", "@id", "--add", "--to", "@id2", "-i", "f",
    ];
    fetool(rekey).within(&dir).run().succeeds();
    let mut longer = dir.read("f");
    // Its nonce is the same, but in other characters.
    let mut behind = longer.clone();
    behind[100_000] = b'#';
    dir.write("f", &behind);
    restore(&dir, &[]).fails(
        4,
        "fetool: f: nothing shows that copy belongs to this file\n\
         fetool: hint: give the secret with -k or -p; --unchecked puts the header back without a check\n",
    );
    longer[60] = b'#';
    dir.write("f", &longer);
    let ended = restore(&dir, &KEY);
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr());
    assert!(
        ended.stderr().ends_with(
            "\nfetool: hint: what is left of it: fetool open --salvage --header copy f -o OUT\n"
        ),
        "{}",
        ended.stderr()
    );
    assert!(dir.read("f") == longer);
    let open = [
        "open",
        "-q",
        "-k",
        "@id",
        "--salvage",
        "--header",
        "copy",
        "f",
        "-o",
        "out",
    ];
    let ended = fetool(open).within(&dir).run();
    assert_eq!(ended.code(), Some(4), "{}", ended.stderr());
    assert!(dir.read("out") == dir.read("plain"), "{}", ended.stderr());

    // A text that ends inside its header.
    dir.write("f", &good[..HEADER - 1]);
    restore(&dir, &KEY).fails(5, "fetool: f: the file ends inside its header\n");
    // Another file.
    fetool(["seal", "-q", "--to", "@id", "-a", "plain", "-o", "g"])
        .within(&dir)
        .run()
        .succeeds();
    let mut other = dir.read("g");
    other[40] = b'#';
    dir.write("f", &other);
    for args in [&[][..], &KEY] {
        let ended = restore(&dir, args);
        assert_ne!(ended.code(), Some(0), "{args:?}");
        assert!(dir.read("f") == other, "{args:?}");
    }
}

/// Whoever opens such a file is told what helps.
#[test]
fn what_helps_a_damaged_header() {
    let dir = files();
    let mut bad = dir.read("f");
    bad[60] = b'#';
    dir.write("f", &bad);
    let open = |args: &[&str]| {
        fetool(["open", "-q", "-k", "@id", "f", "-o", "out"])
            .args(args)
            .within(&dir)
            .run()
    };
    let line = "fetool: f: invalid armor: invalid base64 character (line 2)\n";
    open(&[]).fails(4, line);
    let hint = "fetool: hint: if its header is damaged, give a copy of it with --header\n";
    open(&["--salvage"]).fails(4, &format!("{line}{hint}"));
    open(&["--header", "copy"]).fails(
        3,
        "fetool: f: authentication failed in chunk 0 (at offset 0): the file was tampered with\n\
         fetool: hint: if FILE has a header of its own that is damaged: fetool header restore COPY FILE\n",
    );
    assert!(!dir.path("out").exists());
}

/// A binary file `f` for an RSA key, and a copy of its header.
fn rsa_files() -> Dir {
    let dir = files();
    dir.write("rsa", include_bytes!("../vectors/age/ssh_rsa"));
    dir.write("rsa.pub", include_bytes!("../vectors/age/ssh_rsa.pub"));
    dir.set_mode("rsa", 0o600);
    for args in [
        &[
            "seal", "-q", "--force", "--to", "@rsa.pub", "plain", "-o", "f",
        ][..],
        &["header", "save", "--force", "f", "-o", "copy"],
    ] {
        fetool(args).within(&dir).run().succeeds();
    }
    dir
}

/// The lines of an RSA stanza are as long as those of armor.
#[test]
fn a_stanza_is_no_armor() {
    let dir = rsa_files();
    let good = dir.read("f");
    let mac = good.windows(5).position(|it| it == b"\n--- ").unwrap();
    let mut bad = good.clone();
    bad[..22].fill(b'#');
    // Only the lines of the stanza are left of the header.
    let mut worse = good.clone();
    worse[..60].fill(0);
    worse[mac..mac + 10].fill(0);
    for bad in [bad, worse] {
        dir.write("f", &bad);
        let open = [
            "open",
            "-q",
            "-k",
            "@rsa",
            "--salvage",
            "--header",
            "copy",
            "f",
            "--force",
            "-o",
            "out",
        ];
        assert_eq!(fetool(open).within(&dir).run().code(), Some(4));
        assert!(dir.read("out") == dir.read("plain"));
        for args in [&["-k", "@rsa"][..], &[]] {
            dir.write("f", &bad);
            restore(&dir, args).succeeds_saying("");
            assert!(dir.read("f") == good, "{args:?}");
        }
    }
}

/// If nothing shows that the header belongs to the file, its data is still not taken for lines of armor.
#[test]
fn an_unchecked_header_does_not_reach_into_the_data() {
    let dir = rsa_files();
    let good = dir.read("f");
    let copy = dir.read("copy").len();
    let mac = good.windows(5).position(|it| it == b"\n--- ").unwrap();
    let mut bad = good.clone();
    bad[..60].fill(0);
    bad[mac..copy].fill(0);
    dir.write("f", &bad);
    restore(&dir, &["--unchecked"])
        .succeeds_saying("fetool: f: warning: nothing shows that copy belongs to this file\n");
    assert!(dir.read("f") == good);
}

/// The text has the length of another with the same number of lines, but the lines end elsewhere.
#[test]
fn one_line_end_differs() {
    let dir = files();
    let text = String::from_utf8(dir.read("f")).unwrap();
    let text = text.replace('\n', "\r\n").replacen("\r\n", "\n", 1);
    let good = text.into_bytes();
    // A character of the nonce; then another of the header, so that it is no longer armor, as well.
    let nonce = BEGIN + 3 * (LINE + 1) + 40;
    let mut bad = good.clone();
    bad[nonce] = if bad[nonce] == b'A' { b'B' } else { b'A' };
    let mut worse = bad.clone();
    worse[BEGIN + 5] = b'#';
    for bad in [bad, worse] {
        for args in [&KEY[..], &["-q", "--unchecked"]] {
            dir.write("f", &bad);
            restore(&dir, args).succeeds();
            let opened = fetool(["open", "-k", "@id", "f"]).within(&dir).run();
            assert!(opened.succeeds() == dir.read("plain"), "{args:?}");
        }
    }
}
