//! Headers of Dexios files with flipped bits: nothing but the right plaintext ever comes out.
//!
//! What is costly is hashing the secret. So version 1 and forged files of version 5
//! (balloon over 8.5 MiB) take a flip in every bit or byte; of the others (balloon, 256 MiB of Argon2id) every
//! field takes one at its beginning and one at its end, or a single one.

use crate::dexios_common::forge::{self, Forge};
use crate::dexios_common::{SECRET, open, remembered, vector, vectors, watchdog};
use fetool::aead::{Aead, Algorithm};
use fetool::format::dexios::SlotHash;
use fetool::format::{Change, Which};
use fetool::{Error, Inspect, Open, Rekey, status};
use std::ops::Range;

const OTHER: &[u8] = b"other secret";

/// Whether the file opens to the right plaintext. All else must be a failure with the right kind of
/// status, and nothing wrong may come out before it.
#[track_caller]
fn opens(secret: &[u8], file: &[u8], plaintext: &[u8], what: &str) -> bool {
    match open(secret, file) {
        Ok(opened) => {
            assert!(opened == plaintext, "{what}: opened to something else");
            true
        }
        Err((opened, error)) => {
            assert!(plaintext.starts_with(&opened), "{what}: wrong bytes");
            let expected = [status::KEY, status::FORMAT, status::TRUNCATED];
            assert!(expected.contains(&error.status()), "{what}: {error}");
            false
        }
    }
}

/// Flips single bits and expects the file to open just where the format does not authenticate the
/// byte.
fn sweep(
    file: &[u8],
    secret: &[u8],
    plaintext: &[u8],
    bits: impl Iterator<Item = usize>,
    free: &[Range<usize>],
) {
    let mut file = file.to_vec();
    for bit in bits {
        let (at, mask) = (bit / 8, 1 << (bit % 8));
        file[at] ^= mask;
        let what = format!("byte {at} ^ {mask:#04x}");
        let expected = free.iter().any(|range| range.contains(&at));
        let opened = opens(secret, &file, plaintext, &what);
        assert_eq!(opened, expected, "{what}");
        file[at] ^= mask;
    }
}

/// One bit of every byte, another one each time.
fn a_bit_a_byte(bytes: Range<usize>) -> impl Iterator<Item = usize> {
    bytes.map(|at| at * 8 + at * 5 % 8)
}

/// A bit of the first and of the last byte of every field.
fn ends(fields: &[Range<usize>]) -> impl Iterator<Item = usize> {
    fields
        .iter()
        .flat_map(|field| [field.start * 8 + 3, field.end * 8 - 2])
}

fn plaintext_1000() -> Vec<u8> {
    let file = vector("dexios_v1_xchacha20poly1305_memory_1000.dx");
    open(SECRET, &file).unwrap()
}

#[test]
fn version_1_does_not_protect_its_padding() {
    let _dog = watchdog();
    let plaintext = plaintext_1000();
    let check = |aead: &str, nonce_end, bits: Vec<usize>| {
        let file = vector(&format!("dexios_v1_{aead}_memory_1000.dx"));
        // Zero behind the salt, and behind the nonce.
        let free = [22..38, nonce_end..64];
        sweep(&file, SECRET, &plaintext, bits.into_iter(), &free);
    };
    check("xchacha20poly1305", 62, (0..64 * 8).collect());
    check(
        "aes256gcm",
        50,
        ends(&[6..22, 22..38, 38..50, 50..64]).collect(),
    );
    check(
        "deoxys2-256",
        53,
        ends(&[6..22, 22..38, 38..53, 53..64]).collect(),
    );
}

#[test]
fn version_2_protects_all_of_its_header() {
    let _dog = watchdog();
    let plaintext = plaintext_1000();
    let file = vector("dexios_v2_aes256gcm_memory_1000.dx");
    // Salt, nonce, padding, tag of the header at both ends.
    let bits = [10, 25, 47, 48, 63].map(|at| at * 8 + 1);
    sweep(&file, SECRET, &plaintext, bits.into_iter(), &[]);
    // The wrong AEAD or mode in a header that is otherwise whole.
    for (at, byte) in [(3, 3), (5, 1)] {
        let mut file = file.clone();
        file[at] = byte;
        assert!(!opens(SECRET, &file, &plaintext, "tags"));
    }
}

#[test]
fn version_3_protects_all_of_its_header() {
    let _dog = watchdog();
    let plaintext = plaintext_1000();
    let stream = vector("dexios_v3_aes256gcm_stream_1000.dx");
    // Salt, padding, nonce, padding.
    let bits = [6, 37, 38, 63].map(|at| at * 8 + 6);
    sweep(&stream, SECRET, &plaintext, bits.into_iter(), &[]);
    // With either order of the associated data.
    let old = vector("dexios_v3_xchacha20poly1305_memory_1000.dx");
    sweep(
        &old,
        SECRET,
        &plaintext,
        [22].map(|at| at * 8).into_iter(),
        &[],
    );
}

#[test]
fn version_4_protects_all_of_its_header() {
    let _dog = watchdog();
    let plaintext = plaintext_1000();
    let file = vector("dexios_v4_xchacha20poly1305_stream_1000.dx");
    sweep(
        &file,
        SECRET,
        &plaintext,
        // Tags, salt, nonce, zero, wrapped key at both ends, its nonce at both ends, zero.
        [3, 21, 22, 47, 48, 95, 96, 119, 120]
            .map(|at| at * 8 + 2)
            .into_iter(),
        &[],
    );
    // The shorter nonce leaves more zeros, of which none is free either.
    let file = vector("dexios_v4_aes256gcm_stream_1000.dx");
    sweep(
        &file,
        SECRET,
        &plaintext,
        [30, 108, 127].map(|at| at * 8 + 2).into_iter(),
        &[],
    );
}

/// Two slots in a file of version 5, and where the fields of a slot are.
fn two_slots(algorithm: Algorithm) -> Vec<u8> {
    Forge::new(&[SECRET, OTHER], b"plain")
        .algorithm(algorithm)
        .file()
}

#[test]
fn version_5_prefix() {
    let _dog = watchdog();
    let file = two_slots(Algorithm::XChaCha20Poly1305);
    sweep(&file, SECRET, b"plain", 0..32 * 8, &[]);
    let memory = Forge::new(&[SECRET], b"plain").in_memory().file();
    sweep(&memory, SECRET, b"plain", a_bit_a_byte(0..32), &[]);
    for algorithm in [Algorithm::Aes256Gcm, Algorithm::DeoxysII256] {
        let nonce_end = 6 + algorithm.nonce_len() - 4;
        let fields = [0..6, 6..nonce_end, nonce_end..32];
        sweep(&two_slots(algorithm), SECRET, b"plain", ends(&fields), &[]);
    }
}

/// A damaged slot keeps its own secret out, and no other.
#[test]
fn version_5_first_slot() {
    let _dog = watchdog();
    let file = two_slots(Algorithm::XChaCha20Poly1305);
    // Its last 6 bytes are padding.
    let slot = a_bit_a_byte(32..128);
    sweep(
        &file,
        SECRET,
        b"plain",
        slot,
        std::slice::from_ref(&(122..128)),
    );
    let slot = a_bit_a_byte(32..128).step_by(3);
    sweep(
        &file,
        OTHER,
        b"plain",
        slot,
        std::slice::from_ref(&(32..128)),
    );
    // Every hash that differs in one bit, and that the slot is used at all.
    sweep(&file, SECRET, b"plain", 32 * 8..34 * 8, &[]);
    for algorithm in [Algorithm::Aes256Gcm, Algorithm::DeoxysII256] {
        let nonce_end = 82 + algorithm.nonce_len();
        let fields = [34..82, 82..nonce_end, nonce_end..106, 106..122, 122..128];
        let free = [nonce_end..106, 122..128];
        sweep(
            &two_slots(algorithm),
            SECRET,
            b"plain",
            ends(&fields),
            &free,
        );
    }
}

#[test]
fn version_5_other_slots() {
    let _dog = watchdog();
    let file = two_slots(Algorithm::XChaCha20Poly1305);
    let every_third = a_bit_a_byte(128..416).step_by(3);
    sweep(
        &file,
        SECRET,
        b"plain",
        every_third,
        std::slice::from_ref(&(128..416)),
    );
    let fields = [128..129, 129..130, 130..178, 178..202, 202..218];
    sweep(&file, OTHER, b"plain", ends(&fields), &[]);
    // What an empty slot holds does not matter, nor that garbage is said to be used.
    for garbage in [0xFF, 0xDF, 0xA1] {
        let mut file = file.clone();
        file[224..416].fill(garbage);
        assert!(opens(OTHER, &file, b"plain", "garbage"));
        assert!(!opens(b"nobody's", &file, b"plain", "garbage"));
    }
    // Dexios would read past a gap wrongly; there is nothing wrong with reading it right.
    let mut gap = file.clone();
    gap[32..128].fill(0);
    assert!(opens(OTHER, &gap, b"plain", "gap"));
    // Slots in another order.
    let mut turned = file.clone();
    turned[32..224].rotate_left(96);
    assert!(opens(SECRET, &turned, b"plain", "turned"));
    assert!(opens(OTHER, &turned, b"plain", "turned"));
}

/// A slot of another file opens with its secret, but to a master key that is not this file's.
#[test]
fn version_5_slot_of_another_file() {
    let _dog = watchdog();
    let mut file = two_slots(Algorithm::Aes256Gcm);
    let other = vector("dexios_v5_aes256gcm_balloon_1000.dx");
    file[32..128].copy_from_slice(&other[32..128]);
    assert!(!opens(SECRET, &file, b"plain", "foreign slot"));
    assert!(opens(OTHER, &file, b"plain", "foreign slot"));
}

/// Version 1 does not authenticate the mode, and any block of a stream, its number and mark at the end of
/// the nonce, is a whole file in memory mode. So every such file is warned of, the genuine ones too.
#[test]
fn version_1_any_block_of_a_stream_passes_as_a_file_in_memory_mode() {
    let _dog = watchdog();
    let stream = vector("dexios_v1_deoxys2-256_stream_1049076.dx");
    let whole = open(SECRET, &stream).unwrap();
    let block = (1 << 20) + 16;
    let warning = "the mode is not authenticated: this may be one block of a longer stream";
    let secret = remembered(SECRET);
    for (number, bytes, plaintext) in [
        (0u32, &stream[64..64 + block], &whole[..1 << 20]),
        (1 | 1 << 31, &stream[64 + block..], &whole[1 << 20..]),
    ] {
        let mut forged = stream[..64].to_vec();
        forged[5] = 2;
        // The stream's nonce has 11 bytes, from 38 on.
        forged[49..53].copy_from_slice(&number.to_le_bytes());
        forged.extend(bytes);
        let opening = Open::new(&secret).start(&forged[..]).unwrap();
        assert_eq!(opening.warnings(), [warning]);
        let mut opened = Vec::new();
        opening.run(&mut opened).unwrap();
        assert!(opened == plaintext);
        let strict = Open::new(&secret).strict(true).start(&forged[..]);
        assert_eq!(strict.err().unwrap().status(), status::FORMAT);
        let seen = Inspect::new().run(&forged[..]).unwrap();
        assert!(seen.description.warnings.contains(&warning.to_owned()));
    }

    let memory = vector("dexios_v1_deoxys2-256_memory_1000.dx");
    let opening = Open::new(&secret).start(&memory[..]).unwrap();
    assert_eq!(opening.warnings(), [warning]);
    let strict = Open::new(&secret).strict(true).start(&memory[..]);
    assert_eq!(strict.err().unwrap().status(), status::FORMAT);

    // The same end of the nonce says nothing in a stream, nor where the mode is authenticated.
    for name in [
        "dexios_v1_deoxys2-256_stream_1049076.dx",
        "dexios_v2_deoxys2-256_memory_1000.dx",
    ] {
        let mut file = vector(name);
        let fields = Inspect::new().run(&file[..]).unwrap().description.fields;
        let nonce = fields.iter().position(|field| field.name == "nonce");
        let before = &fields[..=nonce.expect("there is one")];
        let end: usize = before.iter().map(|field| field.bytes.len()).sum();
        file[end - 4..end].fill(0);
        let seen = Inspect::new().run(&file[..]).unwrap();
        assert!(
            !seen.description.warnings.contains(&warning.to_owned()),
            "{name}"
        );
    }
}

/// Headers that end early, in the file or kept apart.
#[test]
fn short_headers() {
    let _dog = watchdog();
    let secret = remembered(SECRET);
    let mut lengths = 0;
    for vector in vectors() {
        let header = vector.header().unwrap_or_else(|| vector.bytes());
        let len = match vector.header_version {
            1..=3 => 64,
            4 => 128,
            _ => 416,
        };
        for cut in 0..len {
            let error = open(SECRET, &header[..cut]).unwrap_err().1;
            assert_eq!(error.status(), status::TRUNCATED, "{}: {cut}", vector.file);
            let error = Open::new(&secret)
                .detached_header(Some(&header[..cut]))
                .run(&vector.bytes()[..], Vec::new())
                .unwrap_err();
            assert_eq!(error.status(), status::TRUNCATED, "{}: {cut}", vector.file);
            lengths += 1;
        }
    }
    assert!(lengths > 5000);
}

/// Versions, AEADs and modes that Dexios does not have are refused before any secret is hashed.
#[test]
fn unknown_tags() {
    let file = two_slots(Algorithm::Aes256Gcm);
    let known: [&[u8]; 6] = [
        &[0xDE],
        &[1, 2, 3, 4, 5],
        &[0x0E],
        &[1, 2, 3],
        &[0x0C],
        &[1, 2],
    ];
    for (at, known) in known.into_iter().enumerate() {
        for byte in (0..=u8::MAX).filter(|byte| !known.contains(byte)) {
            let mut file = file.clone();
            file[at] = byte;
            let error = open(SECRET, &file).unwrap_err().1;
            assert_eq!(
                error.status(),
                status::FORMAT,
                "byte {at} = {byte}: {error}"
            );
        }
    }
}

/// A file of version 1, whose 32 bytes somebody knows, becomes a key slot: block, nonce and salt as they
/// are. Nobody needs a secret for that.
#[test]
fn version_5_slot_made_of_a_block_of_version_1() {
    let _dog = watchdog();
    for algorithm in [
        Algorithm::XChaCha20Poly1305,
        Algorithm::Aes256Gcm,
        Algorithm::DeoxysII256,
    ] {
        let code = 1 + [
            Algorithm::XChaCha20Poly1305,
            Algorithm::Aes256Gcm,
            Algorithm::DeoxysII256,
        ]
        .iter()
        .position(|known| *known == algorithm)
        .unwrap() as u8;
        // The victim's file, as Dexios 8.0 wrote it.
        let known = forge::MASTER;
        let derivation = SlotHash::Argon2idV1.derivation().unwrap();
        let salt = [3; 16];
        let key = derivation.derive(SECRET, &salt).unwrap();
        let nonce: Vec<u8> = (0..algorithm.nonce_len() as u8).collect();
        let mut block = known.to_vec();
        let tag = Aead::new(algorithm, &key)
            .seal(&nonce, b"", &mut block)
            .unwrap();
        block.extend(tag);
        let mut genuine = vec![0xDE, 1, 0x0E, code, 0x0C, 2];
        genuine.extend(salt);
        genuine.resize(38, 0);
        genuine.extend(&nonce);
        genuine.resize(64, 0);
        genuine.extend(&block);
        assert_eq!(open(SECRET, &genuine).unwrap(), known);

        // The forger's: nothing but these bytes, and what the known 32 bytes seal.
        let forge = Forge::new(&[], b"obey").algorithm(algorithm);
        let mut forged = forge.file();
        forged[32..34].copy_from_slice(&[0xDF, 0xA1]);
        forged[34..82].copy_from_slice(&genuine[64..]);
        forged[82..82 + nonce.len()].copy_from_slice(&genuine[38..38 + nonce.len()]);
        forged[106..122].copy_from_slice(&genuine[6..22]);

        let secret = remembered(SECRET);
        for open in [Open::new(&secret), Open::new(&secret).strict(true)] {
            let error = open.run(&forged[..], std::io::sink()).unwrap_err();
            assert!(matches!(error, Error::LegacySlot), "{error}");
            assert_eq!(error.status(), status::FORMAT);
        }
        let change = Change::Replace(vec![(&secret).into()]);
        let error = Rekey::new(&secret, change).header(&forged[..]).unwrap_err();
        assert!(matches!(error, Error::LegacySlot), "{error}");
        // Another secret opens nothing, as ever.
        let other = remembered(b"other");
        let error = Open::new(&other)
            .run(&forged[..], std::io::sink())
            .unwrap_err();
        assert_eq!(error.status(), status::KEY);

        let warning = "a key slot has a hash of version 1 or 2, which no Dexios writes: it may be \
                       forged from an old file of the same secret";
        let seen = Inspect::new().run(&forged[..]).unwrap();
        assert_eq!(seen.description.warnings, [warning]);
        let trusting = || Open::new(&secret).legacy_slots(true);
        let opening = trusting().start(&forged[..]).unwrap();
        assert_eq!(opening.warnings(), [warning]);
        let mut opened = Vec::new();
        opening.run(&mut opened).unwrap();
        assert_eq!(opened, b"obey");
        let strict = trusting().strict(true).start(&forged[..]);
        assert_eq!(strict.err().unwrap().status(), status::FORMAT);
    }
}

/// The other hash that version 5 has for its number alone; the slots beside it open the file as ever.
#[test]
fn version_5_slots_with_old_hashes_beside_others() {
    let _dog = watchdog();
    let mut file = Forge::new(&[SECRET, OTHER], b"text")
        .hash(SlotHash::BalloonV5)
        .file();
    let old = Forge::new(&[SECRET], b"text")
        .hash(SlotHash::Argon2idV2)
        .file();
    file[32..128].copy_from_slice(&old[32..128]);
    assert_eq!(open(OTHER, &file).unwrap(), b"text");
    let secret = remembered(SECRET);
    let error = Open::new(&secret)
        .run(&file[..], std::io::sink())
        .unwrap_err();
    assert!(matches!(error, Error::LegacySlot), "{error}");
}

/// The last slot that opens the file cannot be removed, and a slot that may be forged does not count.
#[test]
fn version_5_slot_that_may_be_forged_is_not_the_last() {
    let _dog = watchdog();
    let mut file = Forge::new(&[SECRET], b"plain")
        .hash(SlotHash::BalloonV5)
        .file();
    let forged = Forge::new(&[OTHER], b"")
        .hash(SlotHash::Argon2idV1)
        .header();
    file[128..224].copy_from_slice(&forged[32..128]);
    let secret = remembered(SECRET);
    let remove = |legacy| {
        Rekey::new(&secret, Change::Remove(Which::Old))
            .legacy_slots(legacy)
            .header(&file[..])
    };
    let error = remove(false).unwrap_err();
    assert!(
        error.to_string().contains("this is the last key slot"),
        "{error}"
    );
    assert_eq!(remove(true).unwrap().slots, 1);
}
