//! Each width against the `deoxys` crate, through [`Aead`] as the rest of the library uses it.

use super::lanes::{Block, load, store};
use super::subkeys::{Subkeys, number};
use super::*;
use crate::aead::random_cases::Numbers;
use crate::aead::{Aead, Algorithm, Engine};
use std::arch::x86_64::*;
use std::io::Write;

/// Runs `test` in every width that this processor has, and prints which ones it lacks.
fn each_width(test: impl Fn(Width)) {
    for width in Width::ALL {
        if width.available() {
            test(width);
        } else {
            // Past the capture of `eprintln!`, which would hide it in a test that succeeds.
            let lacks = "whose instructions this processor lacks";
            writeln!(std::io::stderr(), "NOT RUN: {width:?}, {lacks}").expect("writes");
        }
    }
}

fn ours(width: Width, key: &[u8; KEY_LEN]) -> Aead {
    Aead {
        algorithm: Algorithm::DeoxysII256,
        engine: Engine::Fetool,
        cipher: with_width(width, key).expect("an available width"),
    }
}

fn reference(key: &[u8; KEY_LEN]) -> Aead {
    Aead::with_engine(Engine::RustCrypto, Algorithm::DeoxysII256, key).expect("always there")
}

/// A block, the narrow group and the wide one.
const UNITS: [usize; 3] = [16, 128, 512];

/// Seals and opens one random message, and compares.
fn agrees(width: Width, numbers: &mut Numbers, ad_len: usize, len: usize) {
    let (key, nonce) = (numbers.array(), numbers.array::<15>());
    let (ad, plaintext) = (numbers.bytes(ad_len), numbers.bytes(len));
    let at = format!("{width:?}, {len} bytes, AD of {ad_len}");
    let mut expected = plaintext.clone();
    let expected_tag = reference(&key).seal(&nonce, &ad, &mut expected).unwrap();

    let ours = ours(width, &key);
    let mut buffer = plaintext.clone();
    let tag = ours.seal(&nonce, &ad, &mut buffer).unwrap();
    assert_eq!(tag, expected_tag, "{at}");
    assert!(buffer == expected, "{at}");
    ours.open(&nonce, &ad, &mut buffer, &tag).unwrap();
    assert!(buffer == plaintext, "{at}");
}

#[test]
fn every_short_length() {
    each_width(|width| {
        let mut numbers = Numbers::new(1);
        for len in 0..=600 {
            agrees(width, &mut numbers, 0, len);
            agrees(width, &mut numbers, len, 20);
        }
    });
}

#[test]
fn lengths_around_blocks_and_groups() {
    each_width(|width| {
        let mut numbers = Numbers::new(2);
        for case in 0..2000 {
            let ad_len = if case % 2 == 0 {
                0
            } else {
                numbers.len(&UNITS, 700)
            };
            let len = numbers.len(&UNITS, 3000);
            agrees(width, &mut numbers, ad_len, len);
        }
    });
}

#[test]
fn block_numbers_of_three_bytes() {
    each_width(|width| {
        let mut numbers = Numbers::new(3);
        let blocks = (1 << 16) + 33;
        agrees(width, &mut numbers, 1000, blocks * 16 + 7);
        agrees(width, &mut numbers, blocks * 16 + 7, 100);
    });
}

/// Compares the rounds of groups with those of one block, for messages too long to try: every byte of the number, and
/// the step from one group to the next.
#[test]
fn groups_anywhere_in_the_longest_message() {
    const GROUPS: usize = 3;
    /// # Safety
    /// The width must be available.
    #[target_feature(enable = "aes,ssse3")]
    unsafe fn check(width: Width, numbers: &mut Numbers, first: u64) {
        let mut tweak = Block::default();
        store(&mut tweak, number(first));
        assert_eq!(tweak[8..], first.to_be_bytes());
        let mut subkeys = Subkeys::zero();
        subkeys.expand(&numbers.array());
        let (nonce, mut sum) = (load(&numbers.array()), _mm_setzero_si128());
        let blocks: [Block; GROUPS * 32] = std::array::from_fn(|_| numbers.array());
        let mut masked = blocks;
        for (at, block) in (first..).zip(&mut masked) {
            sum = _mm_xor_si128(sum, subkeys.encrypt(number(at), load(block)));
            let mask = subkeys.encrypt(number(at), nonce);
            store(block, _mm_xor_si128(load(block), mask));
        }
        let mut found = blocks;
        let found_sum = match width {
            Width::Aes128x8 => {
                aes_ni::mask(&subkeys, first, nonce, found.as_chunks_mut().0);
                aes_ni::sum(&subkeys, first, blocks.as_chunks().0)
            }
            Width::Vaes512x32 => {
                // SAFETY: it is available, so its instructions are.
                unsafe {
                    vaes::mask(&subkeys, first, nonce, found.as_chunks_mut().0);
                    vaes::sum(&subkeys, first, blocks.as_chunks().0)
                }
            }
        };
        assert!(found == masked, "{width:?} from {first:#x}");
        let [mut expected, mut found] = [Block::default(); 2];
        store(&mut expected, sum);
        store(&mut found, found_sum);
        assert_eq!(found, expected, "{width:?} from {first:#x}");
    }
    each_width(|width| {
        let mut numbers = Numbers::new(4);
        for bit in 5..60 {
            for first in [
                1 << bit,
                (1 << bit) - 32,
                0x0123_4567_89ab_cde0 >> (60 - bit) & !31,
            ] {
                // SAFETY: the width is available.
                unsafe { check(width, &mut numbers, first) };
            }
        }
    });
}

#[test]
fn whatever_is_changed_is_refused_and_nothing_is_left() {
    each_width(|width| {
        let mut numbers = Numbers::new(5);
        let (key, nonce) = (numbers.array(), numbers.array::<15>());
        let ours = ours(width, &key);
        for case in 0..1000 {
            let (ad_len, len) = (numbers.len(&UNITS, 300), numbers.len(&UNITS, 1500));
            let (mut ad, mut buffer) = (numbers.bytes(ad_len), numbers.bytes(len));
            let mut tag = ours.seal(&nonce, &ad, &mut buffer).unwrap();
            let changed: &mut [u8] = match case % 3 {
                0 if !ad.is_empty() => &mut ad,
                1 if !buffer.is_empty() => &mut buffer,
                _ => &mut tag,
            };
            let at = numbers.below(changed.len());
            changed[at] ^= 1 << numbers.below(8);
            assert_eq!(
                ours.open(&nonce, &ad, &mut buffer, &tag),
                Err(AeadError::Tag),
                "{width:?}, case {case}: {len} bytes, AD of {ad_len}, byte {at}"
            );
            assert!(buffer == vec![0; len], "{width:?}, case {case}: wiped");
        }
    });
}

/// A message that is cut at a block, and its parts that change places, have other tags.
#[test]
fn blocks_that_are_missing_or_moved_are_refused() {
    each_width(|width| {
        let mut numbers = Numbers::new(6);
        let (key, nonce) = (numbers.array(), numbers.array::<15>());
        let ours = ours(width, &key);
        let mut sealed = numbers.bytes(2048);
        let tag = ours.seal(&nonce, b"", &mut sealed).unwrap();
        for at in (0..2048).step_by(16) {
            let mut cut = sealed[..at].to_vec();
            assert!(ours.open(&nonce, b"", &mut cut, &tag).is_err(), "{at}");
            let mut moved = sealed.clone();
            moved.rotate_left(at);
            let opened = ours.open(&nonce, b"", &mut moved, &tag);
            assert_eq!(opened.is_ok(), at == 0, "{at}");
        }
    });
}

#[test]
fn the_widest_is_chosen() {
    let widest = Width::ALL.into_iter().find(|width| width.available());
    let chosen = Aead::new(Algorithm::DeoxysII256, &[0; KEY_LEN]).engine();
    let expected = widest.map_or(Engine::RustCrypto, |_| Engine::Fetool);
    assert_eq!(chosen, expected);
}
