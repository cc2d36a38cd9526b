use super::*;
use crate::format::age::AgeRecipient;
use crate::format::age::strict_base64::decode_exact;
use hmac::{Hmac, KeyInit, Mac};
use ml_kem::ml_kem_768::DecapsulationKey;
use ml_kem::{Decapsulate, Seed};
use sha3::Sha3_256;

/// The private key of a recipient, as hardware would have it.
struct Hardware {
    point: SecretKey,
    ml_kem: Option<DecapsulationKey>,
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    hmac.update(message);
    hmac.finalize().into_bytes().to_vec()
}

fn extract(suite: &[u8], salt: &[u8], label: &str, ikm: &[u8]) -> Vec<u8> {
    hmac(salt, &[b"HPKE-v1", suite, label.as_bytes(), ikm].concat())
}

fn expand(suite: &[u8], prk: &[u8], label: &str, info: &[u8], len: u8) -> Vec<u8> {
    let message = [
        &[0, len],
        &b"HPKE-v1"[..],
        suite,
        label.as_bytes(),
        info,
        &[1],
    ]
    .concat();
    hmac(prk, &message)[..len.into()].to_vec()
}

impl Hardware {
    fn new(hybrid: bool) -> Self {
        let mut seed = [0; 96];
        crate::random(&mut seed).unwrap();
        let ml_kem = Seed::try_from(&seed[..64]).unwrap();
        Self {
            point: SecretKey::from_slice(&seed[64..]).unwrap(),
            ml_kem: hybrid.then(|| DecapsulationKey::from_seed(ml_kem)),
        }
    }

    fn recipient(&self) -> TagRecipient {
        let ml_kem = self.ml_kem.as_ref();
        TagRecipient {
            point: self.point.public_key(),
            ml_kem: ml_kem.map(|key| Box::new(key.encapsulation_key().clone())),
        }
    }

    /// Opens a stanza as the documents say, without any of the code that sealed it.
    fn unwrap(&self, stanza: &Stanza) -> FileKey {
        let [_, enc] = &stanza.args[..] else {
            panic!("{stanza:?}")
        };
        let own = uncompressed(&self.point.public_key());
        let dh = |share: &[u8]| {
            let share = PublicKey::from_sec1_bytes(share).unwrap();
            self.point
                .diffie_hellman(&share)
                .raw_secret_bytes()
                .to_vec()
        };
        let (suite, info, shared) = match &self.ml_kem {
            None => {
                let enc: [u8; 65] = decode_exact(enc.as_bytes()).unwrap();
                let kem = b"KEM\x00\x10";
                let prk = extract(kem, b"", "eae_prk", &dh(&enc));
                let context = [&enc[..], &own].concat();
                let shared = expand(kem, &prk, "shared_secret", &context, 32);
                (
                    b"HPKE\x00\x10\x00\x01\x00\x03",
                    "age-encryption.org/p256tag",
                    shared,
                )
            }
            Some(ml_kem) => {
                let enc: [u8; 1153] = decode_exact(enc.as_bytes()).unwrap();
                let (ciphertext, share) = enc.split_at(1088);
                let secret = ml_kem.decapsulate(ciphertext.try_into().unwrap());
                let parts = [&secret[..], &dh(share), share, &own, b"MLKEM768-P256"].concat();
                let shared = Sha3_256::digest(parts).to_vec();
                let suite = b"HPKE\x00\x50\x00\x01\x00\x03";
                (suite, "age-encryption.org/mlkem768p256tag", shared)
            }
        };
        let psk = extract(suite, b"", "psk_id_hash", b"");
        let hash = extract(suite, b"", "info_hash", info.as_bytes());
        let context = [vec![0], psk, hash].concat();
        let secret = extract(suite, &shared, "secret", b"");
        let key = expand(suite, &secret, "key", &context, 32);
        let nonce = expand(suite, &secret, "base_nonce", &context, 12);
        let (key, nonce) = (key[..].try_into().unwrap(), nonce[..].try_into().unwrap());
        let body = stanza.body[..].try_into().unwrap();
        FileKey::unwrap(&Key::of(&key), &nonce, body).unwrap()
    }
}

#[test]
fn hardware_opens_what_is_sealed_to_it() {
    for (hybrid, kind, prefix, labels) in [
        (false, "p256tag", "age1tag1", &[][..]),
        (true, "mlkem768p256tag", "age1tagpq1", &["postquantum"]),
    ] {
        let hardware = Hardware::new(hybrid);
        let text = hardware.recipient().to_string();
        assert!(text.starts_with(prefix), "{text}");
        let recipient: AgeRecipient = text.parse().unwrap();
        assert_eq!(recipient, AgeRecipient::Tag(hardware.recipient()));
        assert_eq!(recipient.to_string(), text);
        assert_eq!(recipient.labels(), labels);

        let file_key = FileKey::generate(&crate::random).unwrap();
        let stanza = recipient.wrap(&file_key, &crate::random).unwrap();
        assert_eq!(stanza.kind, kind);
        assert_eq!(hardware.unwrap(&stanza).as_bytes(), file_key.as_bytes());
        let other = recipient.wrap(&file_key, &crate::random).unwrap();
        assert_ne!(stanza.args, other.args);

        // The tag depends on the share and the recipient.
        let enc = unpadded().decode(&stanza.args[1]).unwrap();
        let point = hardware.point.public_key().to_sec1_point(!hybrid);
        let ikm = [&enc[..], &Sha256::digest(point.as_bytes())[..4]].concat();
        let info = format!("age-encryption.org/{kind}");
        let tag = &hmac(info.as_bytes(), &ikm)[..4];
        assert_eq!(stanza.args[0], unpadded().encode(tag));
    }
}

#[test]
fn recipients_that_cannot_be_sealed_to_are_refused() {
    let parse = |prefix: &str, bytes: &[u8]| {
        let text = bech32::encode(prefix, bytes);
        let error = text.parse::<AgeRecipient>().unwrap_err();
        error.to_string()
    };
    let wrong_length = "invalid age recipient: wrong length";
    let no_point = "invalid age recipient: it is no point of P-256";
    let hybrid = Hardware::new(true).recipient().bytes();
    let classic = Hardware::new(false).recipient().bytes();
    assert_eq!(parse("age1tag", &classic[..32]), wrong_length);
    assert_eq!(parse("age1tag", &hybrid), wrong_length);
    assert_eq!(parse("age1tagpq", &classic), wrong_length);
    assert_eq!(parse("age1tag", &[0; 33]), no_point);
    assert_eq!(parse("age1tag", &[4; 33]), no_point);
    let mut changed = hybrid.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(parse("age1tagpq", &changed), no_point);
    changed.clone_from(&hybrid);
    changed[..2].fill(0xFF);
    assert_eq!(
        parse("age1tagpq", &changed),
        "invalid age recipient: its ML-KEM-768 key has a coefficient that is not reduced"
    );
    // Compact points, and hybrid ones with a parity: nobody writes them.
    changed.clone_from(&hybrid);
    changed[1184] = 6 | (changed.last().unwrap() & 1);
    assert_eq!(parse("age1tagpq", &changed), no_point);
    let mut changed = classic;
    changed[0] = 5;
    let refused = parse("age1tag", &changed);
    assert!(
        refused.starts_with("invalid age recipient: it"),
        "{refused}"
    );
}
