//! The engine against published vectors, and against aws-lc and RustCrypto through [`Aead`].

use super::chacha20::{GROUP, Keystream};
use super::poly1305::{Mac, OneTimeKey};
use super::registers::{Line, store};
use super::*;
use crate::aead::random_cases::Numbers;
use crate::aead::{Aead, Algorithm, Engine};
use ::poly1305::universal_hash::{KeyInit, UniversalHash};
use std::io::Write;

/// The units of the engine: a block of Poly1305, one of ChaCha20, eight of Poly1305, a step, a piece, and several.
const UNITS: [usize; 6] = [16, 64, 128, 512, 1024, 4096];

const ALGORITHMS: [Algorithm; 2] = [Algorithm::ChaCha20Poly1305, Algorithm::XChaCha20Poly1305];

/// Returns whether the tests can run, and prints a note if they cannot.
fn can_run() -> bool {
    if !available() {
        // Past the capture of `eprintln!`, which would hide it in a test that succeeds.
        let lacks = "NOT RUN: the processor lacks AVX-512 IFMA";
        writeln!(std::io::stderr(), "{lacks}").expect("writes");
    }
    available()
}

fn ours(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Aead {
    Aead::with_engine(Engine::Fetool, algorithm, key).expect("the instructions are there")
}

/// The other engines.
fn references(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Vec<Aead> {
    [Engine::AwsLc, Engine::RustCrypto]
        .into_iter()
        .filter_map(|engine| Aead::with_engine(engine, algorithm, key))
        .collect()
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    let digits: String = text.split_whitespace().collect();
    let mut bytes = [0; N];
    base16ct::lower::decode(digits, &mut bytes).expect("hexadecimal digits");
    bytes
}

/// Seals and opens one random message, and compares.
fn agrees(numbers: &mut Numbers, algorithm: Algorithm, ad_len: usize, len: usize) {
    let key = numbers.array();
    let nonce = numbers.bytes(algorithm.nonce_len());
    let (ad, plaintext) = (numbers.bytes(ad_len), numbers.bytes(len));
    let at = format!("{algorithm}, {len} bytes, AD of {ad_len}");
    let ours = ours(algorithm, &key);
    // At any alignment.
    let start = numbers.below(64);
    let mut room = vec![0; start + len];
    let buffer = &mut room[start..];
    buffer.copy_from_slice(&plaintext);
    let tag = ours.seal(&nonce, &ad, buffer).unwrap();
    for reference in references(algorithm, &key) {
        let mut expected = plaintext.clone();
        let expected_tag = reference.seal(&nonce, &ad, &mut expected).unwrap();
        assert_eq!(tag, expected_tag, "{at}: {reference:?}");
        assert!(buffer == expected, "{at}: {reference:?}");
    }
    let mut elsewhere = vec![0xaa; len];
    ours.open_to(&nonce, &ad, buffer, &tag, &mut elsewhere)
        .unwrap();
    assert!(elsewhere == plaintext, "{at}: to another place");
    ours.open(&nonce, &ad, buffer, &tag).unwrap();
    assert!(buffer == plaintext, "{at}");
    assert!(room[..start].iter().all(|byte| *byte == 0), "{at}");
}

#[test]
fn every_short_length() {
    if can_run() {
        let mut numbers = Numbers::new(1);
        for len in 0..=1300 {
            agrees(&mut numbers, Algorithm::ChaCha20Poly1305, 0, len);
            agrees(&mut numbers, Algorithm::XChaCha20Poly1305, len, 20);
        }
    }
}

#[test]
fn lengths_around_what_is_done_at_a_time() {
    if can_run() {
        let mut numbers = Numbers::new(2);
        for case in 0..3000 {
            let ad_len = match case % 3 {
                0 => numbers.len(&UNITS, 1500),
                _ => 0,
            };
            let len = numbers.len(&UNITS, 9000);
            agrees(&mut numbers, ALGORITHMS[case % 2], ad_len, len);
        }
    }
}

#[test]
fn long_messages() {
    if can_run() {
        let mut numbers = Numbers::new(3);
        for len in [65_535, 65_536, 65_537, (1 << 20) - 1, (1 << 20) + 1] {
            agrees(&mut numbers, Algorithm::ChaCha20Poly1305, 7, len);
        }
        agrees(&mut numbers, Algorithm::XChaCha20Poly1305, 70_000, 5);
    }
}

#[test]
fn whatever_is_changed_is_refused_and_nothing_is_left() {
    if can_run() {
        let mut numbers = Numbers::new(4);
        for case in 0..2000 {
            let algorithm = ALGORITHMS[case % 2];
            let ours = ours(algorithm, &numbers.array());
            let nonce = numbers.bytes(algorithm.nonce_len());
            let (ad_len, len) = (numbers.len(&UNITS, 300), numbers.len(&UNITS, 5000));
            let (mut ad, mut buffer) = (numbers.bytes(ad_len), numbers.bytes(len));
            let mut tag = ours.seal(&nonce, &ad, &mut buffer).unwrap();
            let changed: &mut [u8] = match case % 3 {
                0 if !ad.is_empty() => &mut ad,
                1 if !buffer.is_empty() => &mut buffer,
                _ => &mut tag,
            };
            let at = numbers.below(changed.len());
            changed[at] ^= 1 << numbers.below(8);
            let message = format!("case {case}: {len} bytes, AD of {ad_len}, byte {at}");
            let mut elsewhere = vec![0xaa; len];
            let opened = ours.open_to(&nonce, &ad, &buffer, &tag, &mut elsewhere);
            assert_eq!(opened, Err(AeadError::Tag), "{message}");
            assert!(elsewhere == vec![0; len], "{message}: wiped");
            let opened = ours.open(&nonce, &ad, &mut buffer, &tag);
            assert_eq!(opened, Err(AeadError::Tag), "{message}");
            assert!(buffer == vec![0; len], "{message}: wiped");
        }
    }
}

/// A message that is cut, and one whose parts change places, have other tags.
#[test]
fn blocks_that_are_missing_or_moved_are_refused() {
    if can_run() {
        let mut numbers = Numbers::new(5);
        let ours = ours(Algorithm::ChaCha20Poly1305, &numbers.array());
        let (nonce, mut sealed) = (numbers.bytes(12), numbers.bytes(4096));
        let tag = ours.seal(&nonce, b"", &mut sealed).unwrap();
        for at in (0..4096).step_by(16) {
            let mut cut = sealed[..at].to_vec();
            assert!(ours.open(&nonce, b"", &mut cut, &tag).is_err(), "{at}");
            let mut moved = sealed.clone();
            moved.rotate_left(at);
            let opened = ours.open(&nonce, b"", &mut moved, &tag);
            assert_eq!(opened.is_ok(), at == 0, "{at}");
        }
    }
}

/// Sixteen blocks at a time against four at a time, up to the last number that there is.
#[test]
fn block_numbers_of_four_bytes() {
    #[target_feature(enable = "avx512f")]
    fn check(keystream: &Keystream, first: u32) {
        let sixteen = keystream.sixteen(first);
        for (i, sixteen) in sixteen.chunks(4).enumerate() {
            let number = |n: u32| first + 4 * i as u32 + n;
            let four = keystream.four([0, 1, 2, 3].map(number));
            for (block, expected) in sixteen.iter().zip(four.iter()) {
                let [mut found, mut right] = [Line::from([0; 64]); 2];
                store(&mut found, *block);
                store(&mut right, *expected);
                assert_eq!(found, right, "from {first}");
            }
        }
    }
    if can_run() {
        let keystream = Keystream::new(&[7; KEY_LEN], &[9; 12]);
        for bit in 4..32 {
            let last_before = (1 << bit) - GROUP as u32;
            for first in [1 << bit, last_before, last_before + 9] {
                // SAFETY: the instructions are there.
                unsafe { check(&keystream, first) };
            }
        }
        // SAFETY: as above.
        unsafe { check(&keystream, u32::MAX - 15) };
    }
}

/// RFC 8439, section 2.8.2.
#[test]
fn the_example_of_rfc_8439() {
    if can_run() {
        let key = std::array::from_fn(|i| 0x80 + i as u8);
        let nonce: [u8; 12] = hex("070000004041424344454647");
        let ad: [u8; 12] = hex("50515253c0c1c2c3c4c5c6c7");
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you only one \
                          tip for the future, sunscreen would be it.";
        let ours = ours(Algorithm::ChaCha20Poly1305, &key);
        let tag = ours.seal(&nonce, &ad, &mut text).unwrap();
        assert_eq!(tag, hex("1ae10b594f09e26a7e902ecbd0600691"));
        let expected = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
                        3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
                        92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
                        3ff4def08e4b7a9de576d26586cec64b6116";
        assert_eq!(text, hex(expected));
    }
}

/// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
#[test]
fn the_example_of_xchacha() {
    if can_run() {
        let key = std::array::from_fn(|i| 0x80 + i as u8);
        let nonce: [u8; 24] = std::array::from_fn(|i| 0x40 + i as u8);
        let ad: [u8; 12] = hex("50515253c0c1c2c3c4c5c6c7");
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you only one \
                          tip for the future, sunscreen would be it.";
        let ours = ours(Algorithm::XChaCha20Poly1305, &key);
        let tag = ours.seal(&nonce, &ad, &mut text).unwrap();
        assert_eq!(tag, hex("c0875924c1c7987947deafd8780acf49"));
        assert_eq!(text[..16], hex::<16>("bd6d179d3e83d43b9576579493c0e939"));
    }
}

/// The tag of whole blocks alone, as Poly1305 is specified by itself.
fn tag_of(r: u128, pad: u128, blocks: &[u128]) -> u128 {
    let bytes: Vec<u8> = blocks.iter().flat_map(|b| b.to_le_bytes()).collect();
    // Narrow and wide, which must not differ.
    let [narrow, wide] = [0, usize::MAX].map(|longest| {
        let key = OneTimeKey::new(r, pad, longest);
        let mut mac = Mac::new(&key);
        // SAFETY: the callers saw that the instructions are there.
        unsafe { mac.padded(&bytes) };
        u128::from_le_bytes(*mac.tag())
    });
    assert_eq!(narrow, wide, "{} blocks under {r:#x}", blocks.len());
    wide
}

fn reference_tag_of(r: u128, pad: u128, blocks: &[u128]) -> u128 {
    let mut key = [0; KEY_LEN];
    key[..16].copy_from_slice(&r.to_le_bytes());
    key[16..].copy_from_slice(&pad.to_le_bytes());
    let mut mac = ::poly1305::Poly1305::new((&key).into());
    for block in blocks {
        mac.update(&[block.to_le_bytes().into()]);
    }
    u128::from_le_bytes(mac.finalize().into())
}

/// RFC 8439, appendix A.3, vectors 5 to 11: sums and products around 2^130 - 5 and 2^128.
#[test]
fn the_edges_that_rfc_8439_lists() {
    if can_run() {
        let number = |text| u128::from_le_bytes(hex(text));
        let ones = u128::MAX;
        assert_eq!(tag_of(2, 0, &[ones]), 3);
        assert_eq!(tag_of(2, ones, &[2]), 3);
        let middle = ones - 0xf;
        assert_eq!(tag_of(1, 0, &[ones, middle, 0x11]), 5);
        let blocks = [
            ones,
            number("fbfefefefefefefefefefefefefefefe"),
            number("01010101010101010101010101010101"),
        ];
        assert_eq!(tag_of(1, 0, &blocks), 0);
        let almost = number("fdffffffffffffffffffffffffffffff");
        assert_eq!(tag_of(2, 0, &[almost]), ones - 5);
        let r = 1 | 4 << 64;
        let blocks = [
            number("e33594d7505e43b90000000000000000"),
            number("3394d7505e4379cd0100000000000000"),
            0,
            1,
        ];
        assert_eq!(tag_of(r, 0, &blocks), 0x14 | 0x55 << 64);
        assert_eq!(tag_of(r, 0, &blocks[..3]), 0x13);
    }
}

/// Sums that are just below and above p = 2^130 - 5, for which there is a second, smaller number.
#[test]
fn sums_around_p() {
    if can_run() {
        for more in 0..12 {
            // With the marks of three blocks it is p - 6 + more.
            let below_p = u128::MAX - 10;
            let [first, second] = match below_p.checked_add(more) {
                Some(block) => [block, 0],
                None => [u128::MAX, more - 10],
            };
            let expected = match more.checked_sub(6) {
                None => (u128::MAX - 10).wrapping_add(more),
                Some(over) => over,
            };
            let blocks = [first, second, 0];
            assert_eq!(reference_tag_of(1, 0, &blocks), expected, "{more}");
            assert_eq!(tag_of(1, 0, &blocks), expected, "{more}");
            assert_eq!(
                tag_of(1, 7, &blocks),
                expected.wrapping_add(7),
                "{more}: with a pad"
            );
        }
    }
}

/// The largest and the smallest limbs that there are, in every lane, for long and short messages.
#[test]
fn extreme_limbs() {
    if can_run() {
        let mut numbers = Numbers::new(6);
        let mut random = || u128::from_le_bytes(numbers.array());
        let ones = u128::MAX;
        let keys = [
            ones,
            ones << 64,
            ones >> 64,
            0,
            1,
            4 << 64,
            random(),
            random(),
        ];
        for r in keys {
            for len in (0..100).chain([127, 128, 129, 500, 1000]) {
                let mut mixed = vec![ones; len];
                for block in &mut mixed {
                    *block = [ones, 0, random(), ones << 44, ones >> 44][(random() % 5) as usize];
                }
                for blocks in [vec![ones; len], vec![0; len], mixed] {
                    for pad in [0, ones] {
                        assert_eq!(
                            tag_of(r, pad, &blocks),
                            reference_tag_of(r, pad, &blocks),
                            "{len} blocks under {r:#x}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_mac_for_fixed_nonces_is_the_same() {
    if can_run() {
        let mut numbers = Numbers::new(7);
        for _ in 0..300 {
            let key = numbers.array();
            let len = numbers.len(&UNITS, 6000);
            let ciphertext = numbers.bytes(len);
            let found = FixedMac::new(&key).expect("the instructions are there");
            let mut mac = ::poly1305::Poly1305::new((&key).into());
            mac.update_padded(&ciphertext);
            mac.update(&[((len as u128) << 64).to_le_bytes().into()]);
            let expected: Tag = mac.finalize().into();
            assert_eq!(*found.tag(&ciphertext), expected, "{len} bytes");
        }
    }
}

#[test]
fn it_is_chosen_if_the_instructions_are_there() {
    for algorithm in ALGORITHMS {
        let ours = Aead::with_engine(Engine::Fetool, algorithm, &[0; KEY_LEN]);
        assert_eq!(ours.is_some(), available());
        if available() {
            assert_eq!(Aead::new(algorithm, &[0; KEY_LEN]).engine(), Engine::Fetool);
        }
    }
}
