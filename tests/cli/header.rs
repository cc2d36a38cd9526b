//! `fetool header`: what is saved, what is put back, and what is not.

use crate::cli_common::{Dir, Ended, K, OTHER, data, fetool, shell};
use std::fs;
use std::os::unix::fs::symlink;

const LEN: usize = 200_000;

/// Sealed files of each kind, their keys, and copies of their headers.
fn files() -> Dir {
    let dir = Dir::new();
    dir.write("plain", data(LEN));
    for args in [
        &["keygen", "--age", "-o", "id"][..],
        &["keygen", "--age", "-o", "id2"],
        &["keygen", "-o", "key"],
        &[
            "seal", "-q", "-f", "dexios", "--kdf", "balloon", "-k", "@key", "plain", "-o",
            "f.dexios",
        ],
        &["seal", "-q", "--to", "@id", "plain", "-o", "f.age"],
        &["seal", "-q", "--to", "@id", "-a", "plain", "-o", "f.asc"],
        &["seal", "-q", "-k", "@key", "plain", "-o", "f.gfe"],
    ] {
        let ended = fetool(args).within(&dir).run();
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
    }
    for kind in KINDS {
        let (file, copy) = (format!("f.{kind}"), format!("{kind}.copy"));
        fetool(["header", "save", &file, "-o", &copy])
            .within(&dir)
            .run()
            .succeeds();
    }
    dir
}

const KINDS: [&str; 4] = ["dexios", "age", "asc", "gfe"];

/// The name of the file's key.
fn key(kind: &str) -> &'static str {
    match kind {
        "age" | "asc" => "@id",
        _ => "@key",
    }
}

fn restore(dir: &Dir, kind: &str, args: &[&str]) -> Ended {
    let (copy, file) = (format!("{kind}.copy"), format!("f.{kind}"));
    let restore = fetool(["header", "restore", &copy, &file]);
    restore.args(args).within(dir).run()
}

fn damage(dir: &Dir, name: &str, from: usize, to: usize) {
    let mut bytes = dir.read(name);
    bytes[from..to].iter_mut().for_each(|byte| *byte ^= 0x15);
    dir.write(name, bytes);
}

#[test]
fn a_copy_is_the_header_alone() {
    let dir = files();
    for (kind, len) in [("dexios", 416), ("age", 184), ("gfe", 24)] {
        let copy = dir.read(format!("{kind}.copy"));
        assert_eq!(copy.len(), len, "{kind}");
        assert!(dir.read(format!("f.{kind}")).starts_with(&copy), "{kind}");
        assert_eq!(dir.mode(&format!("{kind}.copy")), 0o600);
        let piped = shell(r#""$FETOOL" header save "$1" | cat"#, [format!("f.{kind}")]);
        assert_eq!(piped.within(&dir).run().succeeds(), copy);
        let piped = fetool(["header", "save", "-"]).input(dir.read(format!("f.{kind}")));
        assert_eq!(piped.run().succeeds(), copy);
    }
    // Of the text, the bytes that it stands for.
    let copy = dir.read("asc.copy");
    assert!(copy.starts_with(b"age-encryption.org/v1\n"));
    assert_eq!(copy.len(), 184);
    // Dexios takes it for a detached header, as it is.
    let data = dir.read("f.dexios").split_off(416);
    dir.write("data", data);
    let open = [
        "open",
        "-q",
        "-k",
        "@key",
        "--header",
        "dexios.copy",
        "data",
    ];
    let opened = fetool(open).within(&dir).run().succeeds();
    assert_eq!(opened, dir.read("plain"));
}

#[test]
fn saving_can_show_that_the_header_opens() {
    let dir = files();
    for kind in KINDS {
        let (file, key) = (format!("f.{kind}"), key(kind));
        let save = || fetool(["header", "save", &file, "-k", key, "-o", "new"]).within(&dir);
        save().run().succeeds();
        assert_eq!(dir.read("new"), dir.read(format!("{kind}.copy")));
        let exists = "fetool: new: file exists\nfetool: hint: overwrite it with --force\n";
        save().run().fails(1, exists);
        fs::remove_file(dir.path("new")).unwrap();
    }
    let wrong = "fetool: f.gfe: authentication failed: wrong key, or the file was tampered with\n";
    fetool(["header", "save", "f.gfe", "-k", OTHER, "-o", "new"])
        .within(&dir)
        .run()
        .fails(3, wrong);
    assert!(!dir.path("new").exists());
    let none = fetool(["header", "save", "plain", "-o", "new"])
        .within(&dir)
        .run();
    assert_eq!(none.code(), Some(4));
    assert!(
        none.stderr()
            .starts_with("fetool: plain: not a sealed file"),
        "{}",
        none.stderr()
    );
    assert!(!dir.path("new").exists());
}

/// Whatever is wrong with the header, the file is as it was.
#[test]
fn every_damage_is_repaired_with_the_key() {
    let dir = files();
    for (kind, len) in [("dexios", 416), ("age", 184), ("gfe", 24)] {
        let file = format!("f.{kind}");
        let good = dir.read(&file);
        for (from, to) in [
            (0, 3),
            (0, len),
            (len - 1, len),
            (len / 2, len / 2 + 5),
            (10, 16),
        ] {
            damage(&dir, &file, from, to);
            restore(&dir, kind, &["-k", key(kind)]).succeeds();
            assert!(dir.read(&file) == good, "{kind}: {from} to {to}");
        }
        let said = format!("fetool: {file}: has this header already\n");
        restore(&dir, kind, &["-k", key(kind)]).succeeds_saying(&said);
        restore(&dir, kind, &["-q"]).succeeds();
        assert!(dir.read(&file) == good);
    }
    let names: Vec<_> = dir
        .names()
        .into_iter()
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn the_nonce_is_enough_without_the_key() {
    let dir = files();
    // Where the nonces are.
    for (kind, nonce) in [("dexios", 6..26), ("age", 168..184), ("gfe", 4..12)] {
        let file = format!("f.{kind}");
        let good = dir.read(&file);
        let len = dir.read(format!("{kind}.copy")).len();
        damage(&dir, &file, 0, nonce.start);
        damage(&dir, &file, nonce.end, len);
        restore(&dir, kind, &["-v"])
            .succeeds_saying(&format!("fetool: {file}: header put back: {len} bytes\n"));
        assert!(dir.read(&file) == good, "{kind}");
        damage(&dir, &file, 0, nonce.end);
        let bad = dir.read(&file);
        restore(&dir, kind, &[]).fails(
            4,
            &format!(
                "fetool: {file}: nothing shows that {kind}.copy belongs to this file\n\
                 fetool: hint: give the secret with -k or -p; --unchecked puts the header back without a check\n"
            ),
        );
        assert!(dir.read(&file) == bad);
        restore(&dir, kind, &["--unchecked"]).succeeds_saying(&format!(
            "fetool: {file}: warning: nothing shows that {kind}.copy belongs to this file\n"
        ));
        assert!(dir.read(&file) == good, "{kind}");
    }
}

#[test]
fn headers_of_another_length() {
    let dir = files();
    for kind in ["age", "asc"] {
        let file = format!("f.{kind}");
        let good = dir.read(&file);
        let add = [
            "rekey", "-q", "-k", "@id", "--add", "--to", "@id2", "-i", &file,
        ];
        fetool(add).within(&dir).run().succeeds();
        dir.set_mode(&file, 0o640);
        let longer = dir.read(&file);
        assert!(longer.len() > good.len());
        restore(&dir, kind, &[]).succeeds();
        assert!(dir.read(&file) == good, "{kind}");
        assert_eq!(dir.mode(&file), 0o640);
        if kind == "age" {
            // The length of a damaged header is not known, but where its nonce is.
            for args in [&[][..], &["-k", "@id"]] {
                dir.write(&file, &longer);
                damage(&dir, &file, 0, 30);
                restore(&dir, kind, args).succeeds();
                assert!(dir.read(&file) == good, "{args:?}");
            }
        }
    }
    // The other way round: from one with two recipients.
    fetool(["header", "save", "f.age", "-o", "short"])
        .within(&dir)
        .run()
        .succeeds();
    let add = [
        "rekey", "-q", "-k", "@id", "--add", "--to", "@id2", "-i", "f.age",
    ];
    fetool(add).within(&dir).run().succeeds();
    let two = dir.read("f.age");
    fetool(["header", "save", "f.age", "-o", "long"])
        .within(&dir)
        .run()
        .succeeds();
    for copy in ["short", "long"] {
        let restore = ["header", "restore", copy, "f.age", "-k", "@id2"];
        let ended = fetool(restore).within(&dir).run();
        match copy {
            "short" => assert_eq!(ended.code(), Some(3), "{}", ended.stderr()),
            _ => drop(ended.succeeds_saying("fetool: f.age: has this header already\n")),
        }
        assert!(dir.read("f.age") == two);
    }
}

#[test]
fn a_copy_of_another_file_is_refused() {
    let dir = files();
    let good = dir.read("f.dexios");
    dir.write("plain2", data(LEN));
    let seal = [
        "seal", "-q", "-f", "dexios", "--kdf", "balloon", "-k", "@key", "plain2", "-o", "g.dexios",
    ];
    fetool(seal).within(&dir).run().succeeds();
    fetool(["header", "save", "g.dexios", "-o", "g.copy"])
        .within(&dir)
        .run()
        .succeeds();
    let restore = |args: &[&str]| {
        fetool(["header", "restore", "g.copy", "f.dexios"])
            .args(args)
            .within(&dir)
            .run()
    };
    restore(&[]).fails(
        4,
        "fetool: f.dexios: g.copy is the header of another file: the nonces differ\n\
         fetool: hint: give the secret with -k or -p; --unchecked puts the header back without a check\n",
    );
    restore(&["-k", "@key"]).fails(
        3,
        "fetool: f.dexios: does not open with the header in g.copy: authentication failed in chunk 0 (at \
         offset 416): the file was tampered with\n\
         fetool: hint: if the first chunk is damaged, too, --unchecked puts the header back\n",
    );
    assert!(dir.read("f.dexios") == good);
    // Of another format.
    let other = fetool(["header", "restore", "age.copy", "f.dexios"])
        .within(&dir)
        .run();
    other.fails(
        4,
        "fetool: f.dexios: nothing shows that age.copy belongs to this file\n\
         fetool: hint: give the secret with -k or -p; --unchecked puts the header back without a check\n",
    );
    assert!(dir.read("f.dexios") == good);
}

#[test]
fn a_wrong_key() {
    let dir = files();
    let good = dir.read("f.gfe");
    restore(&dir, "gfe", &["-k", K]).fails(
        3,
        "fetool: f.gfe: does not open with the header in gfe.copy: authentication failed: wrong key, or the \
         file was tampered with\n\
         fetool: hint: if the first chunk is damaged, too, --unchecked puts the header back\n",
    );
    damage(&dir, "f.gfe", 0, 24);
    // What is asked for all the same.
    let said = "fetool: f.gfe: warning: nothing shows that gfe.copy belongs to this file\n";
    restore(&dir, "gfe", &["-k", K, "--unchecked"]).succeeds_saying(said);
    assert!(dir.read("f.gfe") == good);
}

#[test]
fn what_is_no_copy() {
    let dir = files();
    let behind = "fetool: f.dexios: not a copy of a header: there is data behind it\n\
                  fetool: hint: the order is: fetool header restore COPY FILE\n";
    let run = |copy: &str, file: &str| fetool(["header", "restore", copy, file]).within(&dir).run();
    run("f.dexios", "dexios.copy").fails(4, behind);
    dir.write("cut", &dir.read("dexios.copy")[..400]);
    let ended = run("cut", "f.dexios");
    assert_eq!(ended.code(), Some(5), "{}", ended.stderr());
    dir.write("empty", "");
    let ended = run("empty", "f.dexios");
    ended.fails(
        5,
        "fetool: empty: unexpected EOF: the input is empty (at offset 0)\n",
    );
    run("none", "f.dexios").fails(1, "fetool: none: no such file or directory\n");
    run("dexios.copy", "none").fails(1, "fetool: none: no such file or directory\n");
    let dir_is =
        "fetool: .: is a directory\nfetool: hint: to work on every file below it, add -r\n";
    run("dexios.copy", ".").fails(1, dir_is);
    dir.write("short", &dir.read("f.dexios")[..300]);
    run("dexios.copy", "short").fails(5, "fetool: short: the file ends inside its header\n");
}

#[test]
fn links_are_followed_to_the_file() {
    let dir = files();
    fs::create_dir(dir.path("d")).unwrap();
    symlink("../f.dexios", dir.path("d/link")).unwrap();
    let good = dir.read("f.dexios");
    damage(&dir, "f.dexios", 0, 5);
    fetool(["header", "restore", "dexios.copy", "d/link"])
        .within(&dir)
        .run()
        .succeeds();
    assert!(dir.read("f.dexios") == good);
    assert!(
        fs::symlink_metadata(dir.path("d/link"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn options_of_the_other_action() {
    let dir = files();
    let run = |args: &[&str]| fetool(["header"]).args(args).within(&dir).run();
    let restore = ["restore", "gfe.copy", "f.gfe"];
    for (args, message) in [
        (
            &["save", "f.gfe", "--unchecked"][..],
            "--unchecked requires 'header restore'\n",
        ),
        (
            &["save", "f.gfe", "--no-wait"],
            "--no-wait requires 'header restore'\n",
        ),
        (
            &[&restore[..], &["-o", "x"]].concat(),
            "-o requires 'header save'\n",
        ),
        (
            &[&restore[..], &["--force"]].concat(),
            "--force requires 'header save'\n\
             fetool: hint: --unchecked puts a header back that may not belong to FILE\n",
        ),
        (
            &["save", "f.gfe", "x"],
            "'header save' takes one FILE\nfetool: hint: fetool header save FILE -o COPY\n",
        ),
        (
            &["restore", "f.gfe"],
            "'header restore' needs COPY and FILE\nfetool: hint: fetool header restore COPY FILE\n",
        ),
    ] {
        run(args).fails(2, &format!("fetool: {message}"));
    }
}

/// Formats without a magic number, when they are named.
#[test]
fn formats_without_a_magic_number() {
    let dir = Dir::new();
    dir.write("plain", data(1000));
    dir.write("secret", "a passphrase");
    let seal = [
        "seal",
        "-q",
        "-f",
        "gocrypt",
        "--layers",
        "3",
        "-p=@secret",
        "plain",
        "-o",
        "f.enc",
    ];
    fetool(seal).within(&dir).run().succeeds();
    let good = dir.read("f.enc");
    fetool(["header", "save", "-f", "gocrypt", "f.enc", "-o", "copy"])
        .within(&dir)
        .run()
        .succeeds();
    damage(&dir, "f.enc", 0, 8);
    let restore = [
        "header",
        "restore",
        "-f",
        "gocrypt",
        "-p=@secret",
        "copy",
        "f.enc",
    ];
    fetool(restore).within(&dir).run().succeeds();
    assert!(dir.read("f.enc") == good);
}
