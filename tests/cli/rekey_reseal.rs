//! `fetool rekey --reseal`: whole or not at all, and no plaintext on the way.

use crate::dexios_common::forge::{BLOCK, Forge, HEADER, TAG};
use crate::dexios_common::{Folder, SECRET, open, pattern, sha256, vector, watchdog};
use fetool::format::dexios::DexiosHeader;
use fetool::{Inspect, Open, Secret, status};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

const SECOND: &[u8] = b"second secret";
const SHA256: &str = "6bf31c37287dc108df35199344bbc91f90d5aba9369f0d1265f3de26f5f911cb";
const RESEAL: &str = "rekey --reseal -k @one --new-key @two --new-kdf balloon";

#[test]
fn old_versions_become_version_5() {
    let _dog = watchdog();
    let folder = Folder::new();
    for file in [
        "dexios_v1_deoxys2-256_memory_1000.dx",
        "dexios_v3_xchacha20poly1305_memory_1000.dx",
    ] {
        folder.write("f", &vector(file));
        let ran = folder.run("rekey -k @one --new-key @two -i f");
        let ran = ran.fails(status::FORMAT, "wraps no master key");
        assert!(ran.stderr.contains("--reseal"), "{}", ran.stderr);
        assert_eq!(folder.read("f"), vector(file));

        folder.run(&format!("{RESEAL} -i f")).is(status::OK);
        let sealed = folder.read("f");
        let header = DexiosHeader::decode(&sealed).unwrap();
        assert_eq!((header.version as u8, header.slots.len()), (5, 1));
        assert_eq!(sha256(&open(SECOND, &sealed).unwrap()), SHA256);
    }
    let ran = folder.run("open -k @one f");
    ran.fails(status::KEY, "authentication failed");
    assert_eq!(folder.names(), ["f"]);
}

/// The master key changes too: an old slot does not open the new data.
#[test]
fn everything_is_new() {
    let _dog = watchdog();
    let folder = Folder::new();
    let file = Forge::new(&[SECRET, b"other"], b"text").file();
    let ran = folder.pipe(&format!("{RESEAL} -v"), &file).is(status::OK);
    assert!(
        ran.stderr
            .starts_with("fetool: stdin: sealed again as dexios: 4 B, 1 chunk, "),
        "{}",
        ran.stderr
    );
    let mut sealed = ran.stdout;
    assert_eq!(open(SECOND, &sealed).unwrap(), b"text");
    assert_eq!(DexiosHeader::decode(&sealed).unwrap().slots.len(), 1);
    sealed[32..128].copy_from_slice(&file[32..128]);
    assert_eq!(open(SECRET, &sealed).unwrap_err().1.status(), status::KEY);
}

#[test]
fn gfe_gets_a_new_key_and_other_formats() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.write("key", &[7; 32]);
    folder.write("new", &[8; 32]);
    folder.write("salt", b"0123456789abcdef");
    let text = pattern(BLOCK + 1000);
    folder.pipe("seal -k @key -o f", &text).is(status::OK);
    let gfe = folder.read("f");
    let ran = folder.run("rekey -k @key --new-key @new -i f");
    let ran = ran.fails(status::FORMAT, "wraps no master key");
    assert!(ran.stderr.contains("--reseal"), "{}", ran.stderr);
    assert_eq!(folder.read("f"), gfe);

    let opens = |options: &str| {
        let ran = folder.run(&format!("open {options} f")).is(status::OK);
        assert!(ran.stdout == text, "{options}");
    };
    folder
        .run("rekey --reseal -k @key --new-key @new -i f")
        .is(status::OK);
    assert!(folder.read("f").starts_with(b"GFE"));
    opens("--strict -k @new");
    folder.run("open -k @key f").fails(status::KEY, "wrong key");
    folder
        .run("rekey --reseal -k @new --new-passphrase=@two --new-kdf balloon -f dexios -i f")
        .is(status::OK);
    assert_eq!(folder.read("f")[..2], [0xDE, 5]);
    opens("-k @two");
    // Back, with a passphrase and the salt that GFE does not keep.
    folder
        .run("rekey --reseal -k @two --new-passphrase=@one -f gfe -i f")
        .fails(status::USAGE, "salt");
    opens("-k @two");
    folder
        .run("rekey --reseal -k @two --new-passphrase=@one --new-salt @salt -f gfe -i f")
        .is(status::OK);
    opens("--passphrase=@one --salt @salt");
    // What is no GFE key does not become one.
    folder
        .run("rekey --reseal --passphrase=@one --salt @salt --new-key @two -i f")
        .fails(status::SYSTEM, "two");
    opens("--passphrase=@one --salt @salt");
    assert_eq!(folder.names(), ["f", "key", "new", "salt"]);
}

/// Three blocks, and what is wrong with them.
fn broken() -> Vec<(&'static str, Vec<u8>, u8)> {
    let whole = Forge::new(&[SECRET], &pattern(2 * BLOCK + 1000)).file();
    let end = HEADER + 2 * (BLOCK + TAG);
    let mut flipped = whole.clone();
    flipped[end + 10] ^= 1;
    vec![
        (
            "cut between blocks",
            whole[..end].to_vec(),
            status::TRUNCATED,
        ),
        (
            "cut in a block",
            whole[..whole.len() - 1].to_vec(),
            status::KEY,
        ),
        ("flipped", flipped, status::KEY),
    ]
}

#[test]
fn what_does_not_open_is_not_replaced() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.write("existing", b"what was there");
    folder.write("key", &[7; 32]);
    for (what, file, status) in broken() {
        folder.write("f", &file);
        for line in [
            "--new-key @two --new-kdf balloon -i f",
            "--new-key @two --new-kdf balloon f -o new",
            "--new-key @key -f gfe f -o existing --force",
            "--new-key @key -f gfe -i f",
        ] {
            let ran = folder.run(&format!("rekey --reseal -k @one {line}"));
            let ran = ran.is(status);
            assert_eq!(ran.stdout, b"", "{what}: {line}");
            assert!(ran.stderr.starts_with("fetool: f: "), "{}", ran.stderr);
            assert!(!ran.stderr.contains("gave up"), "{}", ran.stderr);
            assert!(folder.read("f") == file, "{what}: {line}");
            assert_eq!(folder.read("existing"), b"what was there");
            assert_eq!(folder.names(), ["existing", "f", "key"], "{what}: {line}");
        }
    }
}

/// What goes to standard output before the fault is known cannot be taken for a whole file.
#[test]
fn a_stream_that_was_cut_short_does_not_open_as_whole() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.write("key", &[7; 32]);
    for (what, file, expected) in broken() {
        for (options, secret) in [
            ("--new-key @two --new-kdf balloon", SECOND),
            ("--new-key @key -f gfe", &[7; 32]),
        ] {
            let ran = folder
                .pipe(&format!("rekey --reseal -k @one {options}"), &file)
                .is(expected);
            let (opened, error) = open(secret, &ran.stdout).expect_err(what);
            assert!(pattern(2 * BLOCK).starts_with(&opened), "{what}");
            let broken = [status::TRUNCATED, status::KEY];
            assert!(broken.contains(&error.status()), "{what}: {error}");
        }
    }
}

/// In place there is no difference to the user: the mode and the link stay.
#[test]
fn in_place_keeps_mode_and_link() {
    let _dog = watchdog();
    let folder = Folder::new();
    fs::create_dir(folder.path("real")).unwrap();
    folder.write("real/f", &Forge::new(&[SECRET], b"text").file());
    fs::set_permissions(folder.path("real/f"), Permissions::from_mode(0o640)).unwrap();
    symlink("real/f", folder.path("link")).unwrap();
    folder.run(&format!("{RESEAL} -i link")).is(status::OK);
    assert!(fs::read_link(folder.path("link")).is_ok());
    assert_eq!(open(SECOND, &folder.read("real/f")).unwrap(), b"text");
    let mode = fs::metadata(folder.path("real/f")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path("real")).unwrap().count(), 1);
    assert_eq!(folder.names(), ["link", "real"]);

    // The wrong secret, or a secret file that is the file itself.
    let before = folder.read("link");
    folder
        .run(&format!("{RESEAL} -i link"))
        .fails(status::KEY, "wrong key");
    folder
        .run("rekey --reseal -k @two --new-key @link -i link")
        .fails(status::SYSTEM, "a file that is read");
    assert_eq!(folder.read("link"), before);
}

/// The end of what was sealed again is authenticated, also where the length was not known.
#[test]
fn lengths_around_the_block() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.write("key", &[7; 32]);
    for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1] {
        let file = Forge::new(&[SECRET], &pattern(len)).file();
        let ran = folder
            .pipe("rekey --reseal -k @one --new-key @key -f gfe", &file)
            .is(status::OK);
        let mut opened = Vec::new();
        Open::new(&Secret::key([7; 32]))
            .strict(true)
            .run(&ran.stdout[..], &mut opened)
            .unwrap();
        assert!(opened == pattern(len), "{len}");
        let seen = Inspect::new().run(&ran.stdout[..]).unwrap();
        assert_eq!((seen.fault, seen.plaintext_len), (None, len as u64));
    }
}
