//! What the formats say of themselves.

use fetool::aead::Algorithm;
use fetool::format::FORMATS;
use fetool::kdf::Derivation;

#[test]
fn every_key_derivation_has_the_parameters_of_its_format() {
    let argon2id = |mib: u32, passes| Derivation::Argon2id {
        memory: mib * 1024,
        passes,
        lanes: 4,
    };
    let pbkdf2 = |iterations| Derivation::Pbkdf2 { iterations };
    let balloon = |space| Derivation::Balloon { space };
    let all = FORMATS.iter().flat_map(|format| {
        let derivations = format.derivations().into_iter();
        derivations.map(|(name, derivation)| (format.name(), name, derivation))
    });
    assert_eq!(
        all.collect::<Vec<_>>(),
        [
            ("gfe", None, argon2id(64, 3)),
            ("gfe", None, pbkdf2(600_000)),
            ("dexios", Some("A1"), argon2id(8, 8)),
            ("dexios", Some("A2"), argon2id(256, 8)),
            ("dexios", Some("A3"), argon2id(256, 10)),
            ("dexios", Some("B4"), balloon(262_144)),
            ("dexios", Some("B5"), balloon(278_528)),
            ("gocrypt", None, pbkdf2(4096)),
            ("parallel-encryptor", None, Derivation::Sha256),
            ("age", None, Derivation::Scrypt { work_factor: 18 }),
        ]
    );
}

#[test]
fn formats_that_are_only_read_have_no_algorithms() {
    for format in FORMATS {
        let first = format.algorithms().first().copied();
        let expected = match format.name() {
            "gocrypt-v1" => None,
            "dexios" | "gocrypt" => Some(Algorithm::XChaCha20Poly1305),
            "age" => Some(Algorithm::ChaCha20Poly1305),
            _ => Some(Algorithm::Aes256Gcm),
        };
        assert_eq!(first, expected, "{}", format.name());
        assert_eq!(format.can_seal(), first.is_some());
        assert_eq!(
            format.default_layers().is_some(),
            format.name() == "gocrypt"
        );
    }
}
