//! Sealing in the two weak formats on the command line: what is said of their weakness, and what is
//! refused.

use crate::cli_common::weak::{ONE_LAYER, TWO_LAYERS, more_layers, open, seal, warning};
use crate::cli_common::{Dir, data, fetool};

const GOCRYPT: &str = "GoCrypt is a weak format: 4096 rounds of PBKDF2 leave a passphrase easy to \
                       guess";
const REPEATS: &str = "more than 32 KiB under one nonce: the keystream repeats with every chunk, \
                       which gives much of the data away";
const PARALLEL: &str = "this is a weak format: the key is one unsalted SHA-256 of the secret, so \
                        that a passphrase can be guessed fast; the end of the file is not \
                        authenticated: a cut between two chunks is not noticed";
/// What sealing in so many layers says before the length is known.
fn gocrypt(layers: u8) -> String {
    match layers {
        1 => format!("{GOCRYPT}; {ONE_LAYER}"),
        2 => format!("{GOCRYPT}; {TWO_LAYERS}"),
        layers => format!("{GOCRYPT}; {}", more_layers(layers)),
    }
}

/// What sealing so many bytes says where their length is known before.
fn gocrypt_of(layers: u8, len: usize) -> String {
    match len {
        ..=32_768 => gocrypt(layers),
        _ => format!("{}; {REPEATS}", gocrypt(layers)),
    }
}

#[test]
fn sealing_says_in_one_line_what_is_not_protected() {
    for (args, len, text) in [
        (&["-f", "gocrypt"][..], 100, gocrypt_of(5, 100)),
        (&["-f", "gocrypt", "--layers", "1"], 100, gocrypt(1)),
        (&["-f", "gocrypt", "--layers", "2"], 100, gocrypt(2)),
        (&["-f", "gocrypt", "--layers", "20"], 100, gocrypt(20)),
        (&["-f", "gocrypt"], 100_000, gocrypt_of(5, 100_000)),
        (&["-f", "parallel-encryptor"], 100_000, PARALLEL.to_owned()),
        (&["-f", "parallel-encryptor"], 0, PARALLEL.to_owned()),
    ] {
        let dir = Dir::new();
        dir.write("in", data(len));
        let sealing = || seal(args).arg("in").within(&dir);
        let sealed = sealing().run().succeeds_saying(&warning("in", &text));
        assert!(sealed.len() > len);
        sealing()
            .args(["-o", "out"])
            .run()
            .succeeds_saying(&warning("in", &text));
        assert_eq!(dir.read("out").len(), sealed.len());
        // A length that is given is as good as one that is found.
        let size = format!("--size={len}");
        let sized = seal(args).arg(size).input(data(len)).run();
        sized.succeeds_saying(&warning("stdin", &text));
        sealing().arg("-q").run().succeeds();
    }
}

#[test]
fn the_repeated_nonce_is_said_of_more_than_32_kib_only() {
    for count in [1, 3] {
        let layers = &format!("--layers={count}");
        for len in [0, 1, 32_767, 32_768, 32_769, 65_536] {
            let dir = Dir::new();
            dir.write("in", data(len));
            seal(&["-f", "gocrypt", layers, "in"])
                .within(&dir)
                .run()
                .succeeds_saying(&warning("in", &gocrypt_of(count, len)));
            let sealing = || seal(&["-f", "gocrypt", layers]).input(data(len));
            // How much comes through a pipe is known only when all of it has.
            let mut said = warning("stdin", &gocrypt(count));
            if len > 32_768 {
                said += &warning("stdin", REPEATS);
            }
            sealing().run().succeeds_saying(&said);
            sealing().arg("--quiet").run().succeeds();
        }
    }
}

#[test]
fn nothing_is_said_of_weakness_where_nothing_is_sealed() {
    let dir = Dir::new();
    dir.write("old", "old");
    seal(&["-f", "gocrypt", "nosuch"])
        .within(&dir)
        .run()
        .fails(1, "fetool: nosuch: no such file or directory\n");
    let ended = seal(&["-f", "parallel-encryptor", "old", "-o", "old"]);
    let ended = ended.within(&dir).run();
    assert!(!ended.stderr().contains("warning"), "{}", ended.stderr());
    assert_ne!(ended.code(), Some(0));
}

#[test]
fn nobody_is_warned_of_the_other_formats() {
    for format in ["gfe", "dexios"] {
        let key = fetool(["seal", "-k", crate::cli_common::K, "-f", format]);
        key.input(data(100_000)).run().succeeds();
    }
}

#[test]
fn wrong_numbers_of_layers_are_a_usage_error() {
    let dir = Dir::new();
    dir.write("in", "text");
    for layers in ["0", "201", "255", "256", "-1", "five", ""] {
        for output in [&[][..], &["-o", "out"]] {
            let layers = format!("--layers={layers}");
            let ended = seal(&["-f", "gocrypt", &layers, "in"])
                .args(output)
                .within(&dir)
                .run();
            let said = ended.stderr();
            ended.fails(2, &said);
            assert!(said.contains("'--layers <N>'"), "{said}");
            dir.holds_only(&["in"]);
        }
    }
}

#[test]
fn layers_for_another_format_are_a_usage_error() {
    for (format, title) in [
        (&[][..], "GFE (go-fileencrypt)"),
        (&["-f", "gfe"], "GFE (go-fileencrypt)"),
        (&["-f", "dexios"], "Dexios"),
        (&["-f", "parallel-encryptor"], "AES-GCM File Encryptor"),
    ] {
        let key = ["seal", "-k", crate::cli_common::K, "--layers", "2"];
        let message = format!(
            "fetool: {title} has no layers\n\
             fetool: hint: for layers choose --format gocrypt\n"
        );
        let sealing = fetool(key).args(format).input("text");
        sealing.run().fails(2, &message);
    }
}

#[test]
fn chunk_sizes_that_the_formats_do_not_have_are_a_usage_error() {
    for size in ["1", "64KiB"] {
        let sealing = seal(&["-f", "gocrypt", "-c", size]).input("text");
        sealing.run().fails(
            2,
            "fetool: GoCrypt uses fixed 32 KiB chunks; --chunk-size does not apply\n",
        );
    }
    for (size, bytes) in [("0", 0), ("4GiB", 1_u64 << 32)] {
        let sealing = seal(&["-f", "parallel-encryptor", "-c", size]).input("text");
        let message = format!(
            "fetool: a chunk size of {bytes} bytes does not fit this format\n\
             fetool: hint: its chunks have 1 to 4294967295 bytes\n"
        );
        sealing.run().fails(2, &message);
    }
    let sealing = seal(&["-f", "parallel-encryptor", "-c", "2GiB"]).input("text");
    sealing.run().fails(
        2,
        "fetool: chunks of 2147483648 bytes need more than the 1073741824 bytes of memory allowed\n\
         fetool: hint: choose smaller ones with --chunk-size, or allow more with --max-memory\n",
    );
}

#[test]
fn what_the_formats_do_not_have_is_a_usage_error() {
    for (args, message) in [
        (
            &["-f", "gocrypt", "--aead", "aes-256-gcm"][..],
            "fetool: GoCrypt has no AEAD but XChaCha20-Poly1305\n",
        ),
        (
            &["-f", "parallel-encryptor", "--aead", "deoxys-ii-256"],
            "fetool: AES-GCM File Encryptor has no AEAD but AES-256-GCM\n",
        ),
        (
            &["-f", "gocrypt", "--kdf", "argon2id"],
            "fetool: GoCrypt has one key derivation; --kdf does not apply\n\
             fetool: hint: for argon2id or balloon choose --format dexios\n",
        ),
        (
            &["-f", "gocrypt", "--salt", crate::cli_common::K],
            "fetool: --salt is for GFE; GoCrypt takes none\n",
        ),
        (
            &["-f", "parallel-encryptor", "--salt", crate::cli_common::K],
            "fetool: --salt is for GFE; AES-GCM File Encryptor takes none\n",
        ),
        (
            &["-f", "gocrypt", "--add-key", crate::cli_common::K],
            "fetool: GoCrypt has no key slots, and so takes one key\n\
             fetool: hint: for several secrets choose --format dexios\n",
        ),
    ] {
        seal(args).input("text").run().fails(2, message);
    }
}

#[test]
fn what_a_format_has_always_may_be_said() {
    for args in [
        &[
            "-f",
            "gocrypt",
            "--aead",
            "xchacha20-poly1305",
            "-c",
            "32KiB",
        ][..],
        &["-f", "parallel-encryptor", "--aead", "aes-256-gcm"],
    ] {
        let sealed = seal(args).arg("-q").input("text").run().succeeds();
        let opening = open(&args[..2]).arg("-q").input(sealed);
        assert_eq!(opening.run().succeeds(), b"text");
    }
}

#[test]
fn version_1_of_gocrypt_cannot_be_sealed() {
    let ended = seal(&["-f", "gocrypt-v1"]).input("text").run();
    let said = ended.stderr();
    ended.fails(2, &said);
    assert!(said.contains("gocrypt-v1"), "{said}");
    let listed = said.lines().any(|line| {
        line.contains("gocrypt") && line.contains("gfe") && line.contains("parallel-encryptor")
    });
    assert!(listed, "no list of the formats that can be: {said}");
    assert_eq!(said.matches("gocrypt-v1").count(), 1, "{said}");
}
