//! Opening files of the two weak formats on the command line.

use crate::cli_common::weak::{
    NO_END, NOTHING, ONE_LAYER, P, TWO_LAYERS, more_layers, open, seal, warning, with_passphrase,
};
use crate::cli_common::{Dir, data, fetool, vector};

#[test]
fn round_trips_through_pipes() {
    for (args, len, stored, said) in [
        (
            &["-f", "gocrypt", "--layers", "1"][..],
            100_000,
            100_000 + 41 + 64,
            Some(ONE_LAYER.to_owned()),
        ),
        (
            &["-f", "gocrypt", "--layers", "2"],
            0,
            98,
            Some(TWO_LAYERS.to_owned()),
        ),
        (&["-f", "gocrypt"], 100_000, 100_525, Some(more_layers(5))),
        (&["-f", "gocrypt", "--layers", "200"], 1000, 12_400, None),
        (&["-f", "gocrypt"], 1, 286, None),
        (
            &["-f", "parallel-encryptor"],
            100_000,
            100_028,
            Some(NO_END.to_owned()),
        ),
        (
            &["-f", "parallel-encryptor", "--chunk-size", "1000"],
            5000,
            5092,
            Some(NO_END.to_owned()),
        ),
    ] {
        let plain = data(len);
        let sealed = seal(args).arg("-q").input(&*plain).run().succeeds();
        assert_eq!(sealed.len(), stored, "{args:?}");
        let said = said.map_or(String::new(), |text| warning("stdin", &text));
        for format in [&args[..2], &[]] {
            let opened = open(format).input(&*sealed).run();
            assert!(opened.succeeds_saying(&said) == plain, "{args:?}");
            let quiet = open(format).arg("-q").input(&*sealed).run();
            assert!(quiet.succeeds() == plain, "{args:?}");
        }
    }
}

#[test]
fn round_trips_through_files_and_with_a_key_file() {
    let dir = Dir::new();
    let plain = data(200_000);
    dir.write("plain", &plain);
    dir.write("key", "any bytes\nare a key");
    for (format, said) in [
        ("gocrypt", warning("sealed", &more_layers(5))),
        ("parallel-encryptor", warning("sealed", NO_END)),
    ] {
        fetool(["seal", "-q", "-k", "@key", "-f", format, "plain"])
            .args(["-o", "sealed", "--force"])
            .within(&dir)
            .run()
            .succeeds();
        fetool(["open", "-k", "@key", "sealed", "-o", "opened", "--force"])
            .within(&dir)
            .run()
            .succeeds_saying(&said);
        assert!(dir.read("opened") == plain);
        let ended = fetool(["open", "-k", crate::cli_common::K, "-f", format, "sealed"]);
        ended.within(&dir).run().fails(
            3,
            "fetool: sealed: authentication failed: wrong key, or the file was tampered with\n",
        );
    }
    dir.holds_only(&["key", "opened", "plain", "sealed"]);
}

#[test]
fn the_header_and_the_data_have_a_file_each() {
    let dir = Dir::new();
    dir.write("plain", "data");
    let sealing = seal(&[
        "-q", "-f", "gocrypt", "plain", "-o", "one", "--header", "./one",
    ]);
    let ended = sealing.within(&dir).run();
    ended.fails(
        2,
        "fetool: one: the header and the data cannot go to the same file\n",
    );
    dir.holds_only(&["plain"]);
}

#[test]
fn a_header_that_is_kept_apart() {
    let dir = Dir::new();
    let plain = data(100_000);
    dir.write("plain", &plain);
    for (format, len, said) in [
        ("gocrypt", 41, warning("body", &more_layers(5))),
        ("parallel-encryptor", 12, warning("body", NO_END)),
    ] {
        seal(&[
            "-q", "-f", format, "plain", "-o", "body", "--header", "head", "--force",
        ])
        .within(&dir)
        .run()
        .succeeds();
        assert_eq!(dir.read("head").len(), len);
        let opened = open(&["-f", format, "--header", "head", "body"]);
        let opened = opened.within(&dir).run().succeeds_saying(&said);
        assert!(opened == plain, "{format}");
        let whole = [dir.read("head"), dir.read("body")].concat();
        assert!(open(&["-q", "-f", format]).input(whole).run().succeeds() == plain);
    }
}

#[test]
fn the_vectors_open_with_and_without_their_format() {
    for (file, format, len, said) in [
        (
            "gocrypt_100000_l5.enc",
            "gocrypt",
            100_000,
            Some(more_layers(5)),
        ),
        ("gocrypt_1000_l200.enc", "gocrypt", 1000, None),
        (
            "gocrypt_40000_l1.enc",
            "gocrypt",
            40_000,
            Some(ONE_LAYER.to_owned()),
        ),
        (
            "parenc_100000_c65536.enc",
            "parallel-encryptor",
            100_000,
            Some(NO_END.to_owned()),
        ),
    ] {
        let path = vector(file);
        let said = said.map_or(String::new(), |text| {
            warning(&path.display().to_string(), &text)
        });
        let opened = open(&["-f", format]).arg(&path).run();
        let opened = opened.succeeds_saying(&said);
        assert_eq!(opened.len(), len);
        let found_out = open(&[]).arg(&path).run();
        assert!(found_out.succeeds_saying(&said) == opened);
        let checked = open(&["--check"]).arg(&path).run();
        assert_eq!(checked.succeeds_saying(&said), b"");
    }
}

#[test]
fn strict_refuses_all_that_does_not_protect_its_end() {
    for (file, refused) in [
        ("gocrypt_40000_l1.enc", Some(ONE_LAYER)),
        ("parenc_16_c16.enc", Some(NO_END)),
        ("gocrypt_40000_l2.enc", Some(TWO_LAYERS)),
        ("gocrypt_1000_l200.enc", None),
    ] {
        let path = vector(file);
        let ended = open(&["--strict"]).arg(&path).run();
        match refused {
            Some(text) => ended.fails(
                4,
                &format!("fetool: {}: {text}, refused by --strict\n", path.display()),
            ),
            None => drop(ended.succeeds()),
        }
    }
}

#[test]
fn a_wrong_passphrase_without_a_format_says_what_was_tried() {
    let path = vector("gocrypt_40000_l2.enc");
    let said = format!(
        "fetool: {}: not a sealed file of a known format, or the wrong passphrase\n\
         fetool: not gfe, dexios, age: it does not begin with the magic number\n\
         fetool: not gocrypt, gocrypt-v1, parallel-encryptor: the first chunk does not \
         authenticate with this secret\n\
         fetool: hint: give the format with --format if you know it\n",
        path.display()
    );
    let ended = fetool(["open", "-p=env:TEST_KEY"]).arg(&path).run();
    ended.fails(4, &said);
}

#[test]
fn a_file_with_nothing_to_authenticate_opens_with_a_warning_where_its_format_is_said() {
    let gocrypt = std::fs::read(vector("gocrypt_0_l1.enc")).expect("it is there");
    let empty = seal(&["-q", "-f", "parallel-encryptor"]).run().succeeds();
    assert_eq!((gocrypt.len(), empty.len()), (41, 12));
    for (file, format) in [(gocrypt, "gocrypt"), (empty, "parallel-encryptor")] {
        let open = |args: &[&str]| open(args).input(&*file).run();
        let opened = open(&["-f", format]).succeeds_saying(&warning("stdin", NOTHING));
        assert_eq!(opened, b"");
        assert_eq!(open(&["-f", format, "-q"]).succeeds(), b"");
        let refused = format!("fetool: stdin: {NOTHING}\n");
        open(&["-f", format, "--strict"]).fails(3, &refused);
        open(&["-f", format, "--check"]).fails(3, &refused);

        let ended = open(&[]);
        let said = ended.stderr();
        let why = format!("\nfetool: not {format}: possible, but too short to verify\n");
        assert!(said.contains(&why), "{said}");
        let advice = "fetool: hint: give the format with --format if you know it\n";
        assert!(said.ends_with(advice), "{said}");
        ended.fails(4, &said);
    }
}

#[test]
fn a_file_of_two_layers_that_is_cut_behind_its_header_is_5() {
    let file = std::fs::read(vector("gocrypt_40000_l2.enc")).expect("it is there");
    let ended = open(&["-f", "gocrypt"]).input(&file[..41]).run();
    ended.fails(
        5,
        "fetool: stdin: warning: with 2 layers, chunks can be cut off at the end without the \
         passphrase, and swapped or repeated when they are 64 MiB apart\n\
         fetool: stdin: unexpected EOF: layer 1 ends inside its header (at offset 41)\n",
    );
}

#[test]
fn sealing_again_changes_the_secret_and_keeps_the_format() {
    let dir = Dir::new();
    dir.write("key", "a new key");
    let v1 = &std::fs::read(vector("gocrypt_40000_l1.enc")).expect("it is there")[1..];
    dir.write("v1", v1);
    let again = |args: &[&str]| {
        with_passphrase(&["rekey", "--reseal", P, "--new-key", "@key"])
            .args(args)
            .within(&dir)
            .run()
    };
    let open = |sealed: Vec<u8>| {
        fetool(["open", "-v", "-k", "@key"])
            .within(&dir)
            .input(sealed)
            .run()
    };
    let parallel = vector("parenc_5000_c1000.enc");
    let parallel = parallel.to_str().expect("a plain name");
    for (args, format, len) in [
        // The old layout of GoCrypt is only read.
        (&["v1"][..], "gocrypt", 40_000),
        (&[parallel], "parallel-encryptor", 5000),
        (&[parallel, "-f", "gocrypt"], "gocrypt", 5000),
    ] {
        let ended = again(args);
        let said = ended.stderr();
        assert!(said.contains(" is a weak format: "), "{said}");
        let sealed = ended.succeeds_saying(&said);
        let opened = open(sealed.clone());
        let opened_as = format!("fetool: stdin: opened as {format} (");
        assert!(opened.stderr().contains(&opened_as), "{}", opened.stderr());
        assert_eq!(opened.output.stdout.len(), len);
        again(&[args, &["-q"]].concat()).succeeds();
    }
}
