//! What is sealed as Dexios opens in a second, independent reader.
//!
//! Most of it is hashed with balloon and with salts that cost little: a slot of Argon2id costs 256 MiB and a second.

use crate::dexios_common::{
    Folder, SECRET, cheap_random, forge::Forge, open, pattern, vector, watchdog,
};
use crate::dexios_reader::hashes;
use fetool::aead::Algorithm;
use fetool::format::dexios::{Dexios, DexiosHeader};
use fetool::kdf::Kdf;
use fetool::{Error, Open, Seal, Secret, status};
use proptest::prelude::*;
use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

const MIB: usize = 1 << 20;

/// Everything random but the salt, so that the reader has to hash the secret only once.
fn one_salt(bytes: &mut [u8]) -> Result<(), Error> {
    match bytes.len() {
        16 => bytes.copy_from_slice(b"a salt: low cost"),
        _ => fetool::random(bytes)?,
    }
    Ok(())
}

fn seal(algorithm: Algorithm, plaintext: &[u8]) -> Vec<u8> {
    static HASHED: LazyLock<Secret> = LazyLock::new(|| Secret::passphrase(SECRET).for_many_files());
    let mut sealed = Vec::new();
    let done = Seal::new(&*HASHED)
        .format(&Dexios)
        .algorithm(Some(algorithm))
        .kdf(Some(Kdf::Balloon))
        .fixed_random_for_tests(&one_salt)
        .run(plaintext, &mut sealed)
        .unwrap();
    assert_eq!(done.chunks as usize, plaintext.len() / MIB + 1);
    assert_eq!(done.plaintext_len as usize, plaintext.len());
    assert_eq!(done.sealed_len as usize, sealed.len());
    assert_eq!(
        sealed.len(),
        416 + plaintext.len() + 16 * (plaintext.len() / MIB + 1)
    );
    sealed
}

/// The reader itself is good for something: it opens what Dexios made.
#[test]
fn the_reader_opens_files_that_dexios_made() {
    for file in [
        "dexios_v5_xchacha20poly1305_balloon_1000.dx",
        "dexios_v5_aes256gcm_argon2id_1000.dx",
        "dexios_v5_two_keys.dx",
    ] {
        let opened = crate::dexios_reader::open(SECRET, &vector(file)).unwrap();
        assert_eq!(opened, open(SECRET, &vector(file)).unwrap(), "{file}");
        assert_eq!(opened.len(), 1000);
    }
    let deoxys = Forge::new(&[SECRET], b"text").algorithm(Algorithm::DeoxysII256);
    assert_eq!(
        crate::dexios_reader::open(SECRET, &deoxys.file()).unwrap(),
        b"text"
    );
}

#[test]
fn all_aeads_and_lengths_around_the_block() {
    let _dog = watchdog();
    for (algorithm, lengths) in [
        (
            Algorithm::XChaCha20Poly1305,
            &[0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB][..],
        ),
        (Algorithm::Aes256Gcm, &[0, MIB + 1]),
        (Algorithm::DeoxysII256, &[1000, MIB]),
    ] {
        for len in lengths {
            let sealed = seal(algorithm, &pattern(*len));
            let opened = crate::dexios_reader::open(SECRET, &sealed).unwrap();
            assert!(opened == pattern(*len), "{algorithm}, {len}");
            assert_eq!(hashes(&sealed), [0xB5]);
        }
    }
}

/// Gives a few bytes at a time, of lengths that fit no block.
struct Odd<'a>(&'a [u8], usize);

impl Read for Odd<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(into.len());
        self.1 = self.1 * 7 % 65_521 + 1;
        self.0.read(&mut into[..len])
    }
}

/// The bytes depend neither on how the input comes nor on the number of threads.
#[test]
fn odd_reads_and_jobs_seal_and_open_the_same() {
    let _dog = watchdog();
    let plaintext = pattern(2 * MIB + MIB / 2);
    let secret = Secret::passphrase(SECRET);
    let fixed = |bytes: &mut [u8]| {
        bytes.fill(7);
        if bytes.len() == 16 {
            one_salt(bytes)?;
        }
        Ok(())
    };
    let seal = |jobs: usize, step| {
        let mut sealed = Vec::new();
        Seal::new(&secret)
            .format(&Dexios)
            .kdf(Some(Kdf::Balloon))
            .fixed_random_for_tests(&fixed)
            .jobs(NonZeroUsize::new(jobs).unwrap())
            .run(Odd(&plaintext, step), &mut sealed)
            .unwrap();
        sealed
    };
    let sealed = seal(1, MIB);
    assert!(sealed == seal(3, 1));
    assert!(crate::dexios_reader::open(SECRET, &sealed).unwrap() == plaintext);
    let sealed = Forge::new(&[SECRET], &plaintext).file();
    for (jobs, step) in [(1, 1), (3, 4096), (8, 333)] {
        let mut opened = Vec::new();
        Open::new(&secret)
            .legacy_slots(true)
            .jobs(NonZeroUsize::new(jobs).unwrap())
            .run(Odd(&sealed, step), &mut opened)
            .unwrap();
        assert!(opened == plaintext, "{jobs} jobs");
    }
}

/// Every random number is fresh: salts, nonces and master keys never repeat.
#[test]
fn nothing_repeats() {
    let _dog = watchdog();
    let secret = Secret::passphrase(SECRET);
    let seal = || {
        let mut sealed = Vec::new();
        Seal::new(&secret)
            .format(&Dexios)
            .kdf(Some(Kdf::Balloon))
            .fixed_random_for_tests(&cheap_random)
            .run(&b""[..], &mut sealed)
            .unwrap();
        sealed
    };
    let (one, two) = (seal(), seal());
    // Of the salt only what is random here.
    for range in [6..26, 34..82, 82..106, 106..114] {
        assert_ne!(one[range.clone()], two[range.clone()], "{range:?}");
        assert!(one[range].iter().any(|byte| *byte != 0));
    }
    let master = |file: &[u8]| {
        let header = DexiosHeader::decode(file).unwrap();
        header.slots[0]
            .unwrap(header.algorithm, &Secret::key(SECRET))
            .unwrap()
            .unwrap()
    };
    assert_ne!(*master(&one), *master(&two));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_sealed_for_the_other_reader(
        plaintext in proptest::collection::vec(any::<u8>(), 0..5000),
        secret in proptest::collection::vec(any::<u8>(), 1..100),
        algorithm in prop::sample::select(vec![
            Algorithm::XChaCha20Poly1305,
            Algorithm::Aes256Gcm,
            Algorithm::DeoxysII256,
        ]),
    ) {
        let key = Secret::key(&secret[..]);
        let mut sealed = Vec::new();
        Seal::new(&key)
            .format(&Dexios)
            .algorithm(Some(algorithm))
            .kdf(Some(Kdf::Balloon))
            .fixed_random_for_tests(&cheap_random)
            .run(&plaintext[..], &mut sealed)
            .unwrap();
        prop_assert_eq!(crate::dexios_reader::open(&secret, &sealed), Ok(plaintext));
    }
}

#[test]
fn one_to_four_secrets() {
    let _dog = watchdog();
    let folder = Folder::new();
    for name in ["three", "four", "five"] {
        folder.write(name, name.as_bytes());
    }
    let seal = "seal -f dexios --kdf balloon -k @one --add-key @two --add-key @three";
    let ran = folder
        .pipe(&format!("{seal} --add-key @four"), b"text")
        .is(status::OK);
    assert_eq!(hashes(&ran.stdout), [0xB5; 4]);
    let four: [&[u8]; 4] = [SECRET, b"second secret", b"three", b"four"];
    let header = DexiosHeader::decode(&ran.stdout).unwrap();
    for (slot, secret) in four[..3].iter().enumerate() {
        assert!(crate::dexios_common::opens_slot(&header, slot, secret));
    }
    // The last, behind three that it does not open.
    assert_eq!(
        crate::dexios_reader::open(four[3], &ran.stdout).unwrap(),
        b"text"
    );

    folder
        .pipe(&format!("{seal} --add-key @four --add-key @five"), b"text")
        .fails(status::USAGE, "1 to 4 key slots, not 5");
    let ran = folder
        .pipe(
            "seal -f dexios --kdf balloon -k @one --add-key @two",
            b"text",
        )
        .is(status::OK);
    assert_eq!(hashes(&ran.stdout), [0xB5; 2]);
}

/// Without --kdf the hash is that of Dexios itself, Argon2id over 256 MiB.
#[test]
fn formats_and_hashes_by_default() {
    let _dog = watchdog();
    let folder = Folder::with_real_cost();
    folder.write("salt", b"0123456789abcdef");
    let ran = folder
        .pipe("seal -f dexios --passphrase=@one", b"text")
        .is(status::OK);
    assert_eq!(hashes(&ran.stdout), [0xA3]);
    assert_eq!(ran.stdout[..6], [0xDE, 5, 0x0E, 1, 0x0C, 1]);
    assert_eq!(
        crate::dexios_reader::open(SECRET, &ran.stdout).unwrap(),
        b"text"
    );
    let ran = folder
        .pipe(
            "seal -f dexios --aead aes-256-gcm --kdf argon2id -k @one",
            b"",
        )
        .is(status::OK);
    assert_eq!(hashes(&ran.stdout), [0xA3]);
    assert_eq!(ran.stdout[3], 2);
    // A passphrase alone makes an age file, which more programs open.
    let ran = folder
        .pipe("seal --passphrase=@one --work-factor 4", b"text")
        .is(status::OK);
    assert!(ran.stdout.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    // GFE keeps no salt.
    let ran = folder
        .pipe("seal --passphrase=@one --salt @salt", b"text")
        .is(status::OK);
    assert!(ran.stdout.starts_with(b"GFE"));
}

#[test]
fn what_no_file_could_keep_is_refused() {
    let folder = Folder::new();
    folder.write("salt", b"0123456789abcdef");
    folder.write("key", &[7; 32]);
    for (line, says) in [
        ("-f dexios -k @one --chunk-size 64KiB", "fixed 1 MiB"),
        ("-f dexios -k @one --chunk-size 2MiB", "fixed 1 MiB"),
        ("-f dexios -k @one --kdf pbkdf2", "not with pbkdf2"),
        (
            "-f dexios --passphrase=@one --salt @salt",
            "--salt is for GFE",
        ),
        ("-f dexios -k @one --size 2251799812636672", "2^31 - 1"),
        ("-f gfe -k @key --add-key @two", "one key"),
        ("-f gfe -k @key --aead xchacha20-poly1305", "AES-256-GCM"),
        ("-f gfe --passphrase=@one", "GFE keeps no salt"),
        (
            "-f gfe --passphrase=@one --salt @salt --kdf balloon",
            "not with balloon",
        ),
    ] {
        let ran = folder.pipe(&format!("seal {line}"), b"text");
        ran.fails(status::USAGE, says);
    }
    // The largest file begins, and is found out to be none.
    let largest = "seal -f dexios -k @one --kdf balloon --size 2251799812636671";
    let ran = folder.pipe(largest, b"text").is(status::SYSTEM);
    let short = "the input ended after 4 bytes, but 2251799812636671 were announced";
    assert!(ran.stderr.contains(short), "{}", ran.stderr);
    // What it always is may be said.
    folder
        .pipe(
            "seal -f dexios -k @one --kdf balloon --chunk-size 1MiB",
            b"text",
        )
        .is(status::OK);
}

#[test]
fn a_header_of_its_own() {
    let _dog = watchdog();
    let folder = Folder::new();
    let line = "seal -f dexios --kdf balloon -k @one --header header -o data";
    folder.pipe(line, b"text").is(status::OK);
    assert_eq!(folder.names(), ["data", "header"]);
    let (header, data) = (folder.read("header"), folder.read("data"));
    assert_eq!((header.len(), data.len()), (416, 4 + 16));
    let opened = crate::dexios_reader::open_detached(SECRET, &header, &data).unwrap();
    assert_eq!(opened, b"text");
    let ran = folder
        .run("open -k @one --header header data")
        .is(status::OK);
    assert_eq!(ran.stdout, b"text");

    // Neither is overwritten without --force, and then neither was changed.
    folder.pipe(line, b"other").fails(status::SYSTEM, "exists");
    assert_eq!(
        (folder.read("header"), folder.read("data")),
        (header.clone(), data)
    );
    let other = "seal -f dexios --kdf balloon -k @one --header header -o other";
    folder.pipe(other, b"other").fails(status::SYSTEM, "exists");
    assert_eq!(folder.read("header"), header);
    assert_eq!(folder.names(), ["data", "header"]);
}
