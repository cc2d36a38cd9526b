//! `--key`: where a key may come from, and what shapes it may have.

use crate::cli_common::{Dir, K, KEY, OTHER, data, fetool, hex, opened, sealed, shell};

const NEVER: &str = "takes @FILE, env:NAME or fd:N, never the secret itself\n\
    fetool: hint: what is typed on a command line can be read by other users and stays in the \
    shell's history; put it into a file and name that as @FILE\n";

const HOW: &str = "a key is 32 raw bytes, or 64 hexadecimal digits or 44 base64 characters of \
    them\nfetool: hint: make one with 'fetool keygen -o KEYFILE'\n";

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - group.len()));
        for i in 0..4 {
            if i <= group.len() {
                text.push(DIGITS[bits >> (18 - 6 * i) & 63].into());
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[test]
fn a_key_comes_from_a_file_as_it_is() {
    let dir = Dir::new();
    dir.write("key", KEY);
    let bytes = fetool(["open", "-k", &dir.at("key")])
        .input(sealed(b"data", "3"))
        .run()
        .succeeds();
    assert_eq!(bytes, b"data");
    // And the other way, with the long option.
    let bytes = fetool(["seal", &format!("--key={}", dir.at("key"))])
        .input("data")
        .run()
        .succeeds();
    assert_eq!(opened(bytes), b"data");
}

#[test]
fn a_key_comes_from_standard_input_when_the_data_does_not() {
    let dir = Dir::new();
    let file = dir.write("file", sealed(b"data", "3"));
    for spec in ["@-", "fd:0"] {
        let bytes = fetool(["open", "-k", spec])
            .arg(&file)
            .input(KEY)
            .run()
            .succeeds();
        assert_eq!(bytes, b"data", "{spec}");
    }
}

#[test]
fn standard_input_is_only_one_thing() {
    let message = "fetool: stdin is already used\n\
         fetool: hint: it would be the secret and something else as well; give one of them by path\n";
    for command in ["seal", "open"] {
        for spec in ["@-", "fd:0"] {
            fetool([command, "-k", spec])
                .input(KEY)
                .run()
                .fails(2, message);
            fetool([command, "-k", spec, "-"])
                .input(KEY)
                .run()
                .fails(2, message);
        }
        fetool([command, "-p=@-", "--salt", "@-", "file"])
            .run()
            .fails(2, message);
    }
    fetool(["inspect", "--verify", "-k", "@-"])
        .run()
        .fails(2, message);
}

#[test]
fn a_key_comes_from_the_environment() {
    let bytes = fetool(["open", "-k", "env:A_KEY"])
        .env("A_KEY", hex(&KEY))
        .input(sealed(b"data", "3"))
        .run()
        .succeeds();
    assert_eq!(bytes, b"data");
}

#[test]
fn a_key_comes_from_a_descriptor() {
    let dir = Dir::new();
    dir.write("key", KEY);
    let script = r#"exec "$FETOOL" open -k fd:7 7<"$1""#;
    let bytes = shell(script, [dir.path("key")])
        .input(sealed(b"data", "3"))
        .run()
        .succeeds();
    assert_eq!(bytes, b"data");
    // A pipe is one, too.
    let script = r#"printf %s "$TEST_KEY" | { exec "$FETOOL" open -k fd:7 "$1" 7<&0 </dev/null; }"#;
    let file = dir.write("file", sealed(b"data", "3"));
    assert_eq!(shell(script, [file]).run().succeeds(), b"data");
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let dir = Dir::new();
    let secret = "hunter2hunter2";
    let words = [
        secret.to_owned(),
        hex(&KEY),
        String::new(),
        "@".to_owned(),
        "env:".to_owned(),
        format!("env:A={secret}"),
        "fd:".to_owned(),
        format!("fd:{secret}"),
        "fd:-1".to_owned(),
        format!("file:{secret}"),
    ];
    for command in ["seal", "open"] {
        for word in &words {
            let ended = fetool([command, "-o", "out", "-k", word])
                .within(&dir)
                .run();
            assert!(!ended.stderr().contains(secret), "{word}");
            assert!(!ended.stderr().contains(&hex(&KEY)));
            ended.fails(2, &format!("fetool: --key {NEVER}"));
        }
        let passphrase = format!("-p={secret}");
        fetool([command, &passphrase])
            .run()
            .fails(2, &format!("fetool: --passphrase {NEVER}"));
        fetool([command, "-p=env:TEST_KEY", "--salt", secret])
            .run()
            .fails(2, &format!("fetool: --salt {NEVER}"));
    }
    dir.holds_only(&[]);
}

#[test]
fn keys_that_are_not_there() {
    let dir = Dir::new();
    for (spec, status, message) in [
        ("@nosuch", 1, "nosuch: no such file or directory"),
        ("@.", 1, ".: is a directory"),
        (
            "env:NO_SUCH_KEY",
            2,
            "environment variable NO_SUCH_KEY: not set",
        ),
        ("fd:99", 1, "file descriptor 99: no such file or directory"),
    ] {
        for command in ["seal", "open"] {
            fetool([command, "-k", spec, "-o", "out"])
                .within(&dir)
                .input(sealed(b"data", "3"))
                .run()
                .fails(status, &format!("fetool: {message}\n"));
            dir.holds_only(&[]);
        }
    }
}

#[test]
fn no_key_at_all() {
    for command in ["seal", "open"] {
        fetool([command]).input("data").run().fails(
            2,
            "fetool: a key is needed\n\
             fetool: hint: give one with -k @KEYFILE ('fetool keygen -o KEYFILE' makes one), \
             or a passphrase with -p\n",
        );
    }
}

#[test]
fn all_shapes_of_a_key_are_the_same_key() {
    let dir = Dir::new();
    let sealed = sealed(b"data", "3");
    let (low, base64) = (hex(&KEY), base64(&KEY));
    let shapes = [
        KEY.to_vec(),
        low.clone().into_bytes(),
        low.to_uppercase().into_bytes(),
        format!("{low}\n").into_bytes(),
        format!("{low}\r\n").into_bytes(),
        base64.clone().into_bytes(),
        format!("{base64}\n").into_bytes(),
        format!("{base64}\r\n").into_bytes(),
    ];
    for shape in shapes {
        dir.write("key", &shape);
        let bytes = fetool(["open", "-k", &dir.at("key")])
            .input(&*sealed)
            .run()
            .succeeds();
        assert_eq!(bytes, b"data", "{:?}", String::from_utf8_lossy(&shape));
    }
}

#[test]
fn other_shapes_are_no_keys() {
    let dir = Dir::new();
    let (hex, base64) = (hex(&KEY), base64(&KEY));
    let mut no_hex = hex.clone();
    no_hex.replace_range(63.., "g");
    let mut no_base64 = base64.clone();
    no_base64.replace_range(..1, "-");
    for (shape, long) in [
        (vec![b'k'], "1 byte long"),
        (KEY[..31].to_vec(), "31 bytes long"),
        ([&KEY[..], b"\n"].concat(), "33 bytes long"),
        (hex[..63].into(), "63 bytes long"),
        (format!("{hex}\n\n").into(), "66 bytes long"),
        (format!(" {hex}").into(), "65 bytes long"),
        (format!("0x{hex}").into(), "66 bytes long"),
        (no_hex.into(), "64 bytes long"),
        (no_base64.into(), "44 bytes long"),
        (base64[..43].into(), "43 bytes long"),
        (
            format!("{}\n", &base64[..43]).into(),
            "43 bytes long without its line end",
        ),
        (data(100_000), "100000 bytes long"),
    ] {
        dir.write("key", &shape);
        for command in ["seal", "open"] {
            fetool([command, "-k", "@key", "-o", "out"])
                .within(&dir)
                .input(sealed(b"data", "3"))
                .run()
                .fails(1, &format!("fetool: key: not a GFE key: {long}; {HOW}"));
        }
        dir.holds_only(&["key"]);
    }
}

#[test]
fn raw_keys_are_binary() {
    let dir = Dir::new();
    let mut keys = vec![[b'\n'; 32], [0; 32], [b'a'; 32], [0xff; 32]];
    let mut ends = [1; 32];
    ends[..2].copy_from_slice(b"\r\n");
    ends[30..].copy_from_slice(b"\r\n");
    keys.push(ends);
    keys.push(*b"0123456789abcdef0123456789abcdef");
    for key in keys {
        dir.write("key", key);
        let sealed = fetool(["seal", "-k", &dir.at("key")])
            .input("data")
            .run()
            .succeeds();
        let bytes = fetool(["open", "-k", "env:A_KEY"])
            .env("A_KEY", hex(&key))
            .input(sealed)
            .run()
            .succeeds();
        assert_eq!(bytes, b"data", "{key:?}");
    }
}

#[test]
fn an_endless_key_is_refused() {
    fetool(["seal", "-k", "@/dev/zero"])
        .input("data")
        .run()
        .fails(
            1,
            "fetool: /dev/zero: more than 16 MiB, too much for a secret\n",
        );
}

#[test]
fn the_key_file_in_messages() {
    let dir = Dir::new();
    dir.write("a\x1b[2Jb\n", "short");
    fetool(["seal", "-k", "@a\x1b[2Jb\n"])
        .within(&dir)
        .run()
        .fails(
            1,
            &format!("fetool: a\\u{{1b}}[2Jb\\n: not a GFE key: 5 bytes long; {HOW}"),
        );
}

#[test]
fn another_key_does_not_open() {
    fetool(["open", "-k", OTHER])
        .input(sealed(b"data", "3"))
        .run()
        .fails(
            3,
            "fetool: stdin: authentication failed: wrong key, or the file was tampered with\n",
        );
}

#[test]
fn a_key_and_a_passphrase_are_too_much_to_seal_with() {
    for passphrase in ["-p", "-p=env:TEST_KEY"] {
        fetool(["seal", "-k", K, passphrase]).run().fails(
            2,
            "fetool: a passphrase cannot be used together with --key, --plugin or --to\n\
             fetool: hint: Dexios takes several secrets: --passphrase and --add-key, with \
             --format dexios\n",
        );
    }
}

/// Keys come before passphrases, and nobody is asked for one that is not needed: there is no terminal.
#[test]
fn several_keys_are_tried_in_their_order() {
    let sealed = sealed(b"data", "3");
    for keys in [
        &["-k", OTHER, "-k", K][..],
        &["-k", K, "-p"],
        &["-p", "-k", K],
        &["-p=env:TEST_KEY", "-k", OTHER, "-k", K],
    ] {
        let ended = fetool(["open"].iter().chain(keys)).input(&*sealed).run();
        assert_eq!(ended.succeeds(), b"data", "{keys:?}");
    }
    fetool(["open", "-k", OTHER, "-k", OTHER, "-p=env:TEST_KEY"])
        .input(&*sealed)
        .run()
        .fails(
            3,
            "fetool: stdin: authentication failed: none of the 3 keys opens the file, or it was \
             tampered with\n",
        );
}
