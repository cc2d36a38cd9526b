//! A plugin of age that plays a hardware key: it opens what is sealed to `age1tag1…` and `age1tagpq1…`.
//!
//! It is named `age-plugin-tag` or `age-plugin-tagpq`. Without arguments it prints a new identity, which holds
//! the private key, and its recipient. It is written after the specification of the age formats, and has
//! nothing of fetool.

use age_core::format::{FileKey, Stanza};
use age_plugin::identity::{Error, IdentityPluginV1};
use age_plugin::{Callbacks, PluginHandler, print_new_identity, run_state_machine};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use ml_kem::ml_kem_768::DecapsulationKey;
use ml_kem::{Decapsulate, KeyExport};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use std::collections::HashMap;
use std::convert::Infallible;
use std::env;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let mut args = env::args();
    let program = args.next().unwrap_or_default();
    match args.next() {
        Some(arg) => {
            let state_machine = arg.strip_prefix("--age-plugin=").unwrap_or_default();
            run_state_machine(state_machine, Keys(Vec::new()))
        }
        None => {
            let name = Path::new(&program)
                .file_name()
                .and_then(|name| name.to_str());
            let name = name.and_then(|name| name.strip_prefix("age-plugin-"));
            let name = name.ok_or_else(|| io::Error::other("the program has another name"))?;
            let mut bytes = vec![0; 96];
            getrandom::fill(&mut bytes).map_err(io::Error::other)?;
            bytes.truncate(if name == "tagpq" { 96 } else { 32 });
            let key = Key::new(name, &bytes).map_err(io::Error::other)?;
            print_new_identity(name, &bytes, &key.recipient());
            Ok(())
        }
    }
}

/// A private key: a scalar of P-256, behind a seed of ML-KEM-768 in the hybrid kind.
struct Key {
    point: SecretKey,
    ml_kem: Option<DecapsulationKey>,
}

impl Key {
    fn new(name: &str, bytes: &[u8]) -> Result<Self, &'static str> {
        let (seed, scalar) = match (name, bytes.len()) {
            ("tag", 32) => (None, bytes),
            ("tagpq", 96) => (Some(&bytes[..64]), &bytes[64..]),
            ("tag" | "tagpq", _) => return Err("the identity has a wrong length"),
            _ => return Err("the identity is of another plugin"),
        };
        let seed = seed.map(|seed| seed.try_into().expect("it has 64 bytes"));
        Ok(Self {
            point: SecretKey::from_slice(scalar).map_err(|_| "the identity is no key of P-256")?,
            ml_kem: seed.map(DecapsulationKey::from_seed),
        })
    }

    fn point(&self, compress: bool) -> Vec<u8> {
        let point = self.point.public_key().to_sec1_point(compress);
        point.as_bytes().to_vec()
    }

    fn recipient(&self) -> Vec<u8> {
        match &self.ml_kem {
            None => self.point(true),
            Some(ml_kem) => {
                let ml_kem = ml_kem.encapsulation_key().to_bytes();
                [&ml_kem[..], &self.point(false)].concat()
            }
        }
    }

    /// The type of its stanzas.
    fn kind(&self) -> &'static str {
        match self.ml_kem {
            None => "p256tag",
            Some(_) => "mlkem768p256tag",
        }
    }

    /// Opens a stanza, if its tag is of this key.
    fn open(&self, stanza: &Stanza) -> Option<Result<FileKey, &'static str>> {
        let [tag, enc] = &stanza.args[..] else {
            return None;
        };
        let decoded = |text| BASE64_STANDARD_NO_PAD.decode(text).ok();
        let (tag, enc) = (decoded(tag)?, decoded(enc)?);
        let info = format!("age-encryption.org/{}", self.kind());
        let point = Sha256::digest(self.point(self.ml_kem.is_none()));
        let ikm = [&enc[..], &point[..4]].concat();
        let (expected, _) = Hkdf::<Sha256>::extract(Some(info.as_bytes()), &ikm);
        if stanza.tag != self.kind() || tag != expected[..4] {
            return None;
        }
        let opened = self.shared_secret(&enc).and_then(|(kem, secret)| {
            let key = open_base(kem, &secret, info.as_bytes(), &stanza.body);
            key.ok_or("the stanza was changed")
        });
        Some(opened.map(|key| FileKey::new(Box::new(key))))
    }

    /// Returns the number of the KEM and what it yields.
    fn shared_secret(&self, enc: &[u8]) -> Result<(u16, Vec<u8>), &'static str> {
        let dh = |share: &[u8]| {
            let share = PublicKey::from_sec1_bytes(share).map_err(|_| "no point of P-256")?;
            let shared = self.point.diffie_hellman(&share);
            Ok::<_, &str>(shared.raw_secret_bytes().to_vec())
        };
        let own = self.point(false);
        let Some(ml_kem) = &self.ml_kem else {
            let suite = b"KEM\x00\x10";
            let prk = labeled_extract(suite, b"", "eae_prk", &dh(enc)?);
            let context = [enc, &own].concat();
            let secret = labeled_expand(suite, &prk, "shared_secret", &context, 32);
            return Ok((0x0010, secret));
        };
        let (ciphertext, share) = enc.split_at_checked(1088).ok_or("too short a share")?;
        let secret = ml_kem.decapsulate(ciphertext.try_into().expect("it has 1088 bytes"));
        let parts = [&secret[..], &dh(share)?, share, &own, b"MLKEM768-P256"];
        Ok((0x0050, Sha3_256::digest(parts.concat()).to_vec()))
    }
}

/// HPKE in its base mode, with HKDF-SHA256 and ChaCha20-Poly1305, for the only message.
fn open_base(kem: u16, secret: &[u8], info: &[u8], sealed: &[u8]) -> Option<[u8; 16]> {
    let suite = [&b"HPKE"[..], &kem.to_be_bytes(), &[0, 1, 0, 3]].concat();
    let psk_id = labeled_extract(&suite, b"", "psk_id_hash", b"");
    let info = labeled_extract(&suite, b"", "info_hash", info);
    let context = [vec![0], psk_id, info].concat();
    let prk = labeled_extract(&suite, secret, "secret", b"");
    let key = labeled_expand(&suite, &prk, "key", &context, 32);
    let nonce = labeled_expand(&suite, &prk, "base_nonce", &context, 12);
    let nonce = Nonce::try_from(&nonce[..]).expect("it has 12 bytes");
    let cipher = ChaCha20Poly1305::new_from_slice(&key).expect("it has 32 bytes");
    cipher.decrypt(&nonce, sealed).ok()?.try_into().ok()
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &str, ikm: &[u8]) -> Vec<u8> {
    let ikm = [b"HPKE-v1", suite, label.as_bytes(), ikm].concat();
    Hkdf::<Sha256>::extract(Some(salt), &ikm).0.to_vec()
}

fn labeled_expand(suite: &[u8], prk: &[u8], label: &str, info: &[u8], len: u8) -> Vec<u8> {
    let info = [&[0, len], &b"HPKE-v1"[..], suite, label.as_bytes(), info].concat();
    let mut expanded = vec![0; len.into()];
    let hkdf = Hkdf::<Sha256>::from_prk(prk).expect("it has 32 bytes");
    hkdf.expand(&info, &mut expanded).expect("it is short");
    expanded
}

struct Keys(Vec<Key>);

impl PluginHandler for Keys {
    type RecipientV1 = Infallible;
    type IdentityV1 = Self;

    fn identity_v1(self) -> io::Result<Self> {
        Ok(self)
    }
}

impl IdentityPluginV1 for Keys {
    fn add_identity(&mut self, index: usize, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let key = Key::new(name, bytes).map_err(|what| Error::Identity {
            index,
            message: what.to_owned(),
        })?;
        self.0.push(key);
        Ok(())
    }

    fn unwrap_file_keys(
        &mut self,
        files: Vec<Vec<Stanza>>,
        mut callbacks: impl Callbacks<Error>,
    ) -> io::Result<HashMap<usize, Result<FileKey, Vec<Error>>>> {
        // As hardware does.
        let _ = callbacks.message("touch the key")?;
        let mut opened = HashMap::new();
        for (file_index, stanzas) in files.iter().enumerate() {
            for (stanza_index, stanza) in stanzas.iter().enumerate() {
                let Some(found) = self.0.iter().find_map(|key| key.open(stanza)) else {
                    continue;
                };
                let found = found.map_err(|what| {
                    let message = what.to_owned();
                    vec![Error::Stanza {
                        file_index,
                        stanza_index,
                        message,
                    }]
                });
                opened.entry(file_index).or_insert(found);
            }
        }
        Ok(opened)
    }
}
