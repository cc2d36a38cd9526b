//! A second reader of age files, written from the description of the format alone. It shares no code with
//! the one under test: only the crates that compute the algorithms.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use ml_kem::ml_kem_768::DecapsulationKey;
use ml_kem::{Decapsulate, Seed};
use sha2::Sha256;
use sha3::{Digest, Sha3_256};
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use x25519_dalek::{PublicKey, StaticSecret};

/// What opens a file: identities as text.
pub enum Key<'a> {
    Identity(&'a str),
    Passphrase(&'a str),
}

/// The parts of a file.
pub struct Parts<'a> {
    /// The words behind the arrow, and the body.
    pub stanzas: Vec<(Vec<&'a str>, Vec<u8>)>,
    /// What the MAC is over.
    pub authenticated: &'a [u8],
    pub mac: Vec<u8>,
    pub nonce: &'a [u8],
    pub chunks: &'a [u8],
}

pub fn parts(file: &[u8]) -> Option<Parts<'_>> {
    let dashes = file.windows(5).position(|window| window == b"\n--- ")? + 1;
    let end = dashes + file[dashes..].iter().position(|byte| *byte == b'\n')? + 1;
    let text = std::str::from_utf8(&file[..end]).ok()?;
    let mut lines = text.lines();
    if lines.next()? != "age-encryption.org/v1" {
        return None;
    }
    let mut stanzas = Vec::new();
    loop {
        let line = lines.next()?;
        if let Some(mac) = line.strip_prefix("--- ") {
            let (nonce, chunks) = file[end..].split_at_checked(16)?;
            return Some(Parts {
                stanzas,
                authenticated: &file[..dashes + 3],
                mac: BASE64_STANDARD_NO_PAD.decode(mac).ok()?,
                nonce,
                chunks,
            });
        }
        let words = line.strip_prefix("-> ")?.split(' ').collect();
        let mut body = String::new();
        loop {
            let line = lines.next()?;
            body += line;
            if line.len() < 64 {
                break;
            }
        }
        stanzas.push((words, BASE64_STANDARD_NO_PAD.decode(body).ok()?));
    }
}

/// The plaintext, or `None` where anything is wrong.
pub fn open(key: &Key<'_>, file: &[u8]) -> Option<Vec<u8>> {
    let parts = parts(file)?;
    let file_key = file_key(key, &parts)?;
    payload(&file_key, parts.nonce, parts.chunks)
}

/// The key that a stanza wraps and that the MAC confirms.
pub fn file_key(key: &Key<'_>, parts: &Parts<'_>) -> Option<Vec<u8>> {
    let unwrapped = parts.stanzas.iter().find_map(|(words, body)| {
        let argument = |index: usize| BASE64_STANDARD_NO_PAD.decode(words.get(index)?).ok();
        match (key, *words.first()?) {
            (Key::Identity(text), "X25519") if !text.contains("-PQ-") => {
                x25519(&bech32(text)?, &argument(1)?, body)
            }
            (Key::Identity(text), "mlkem768x25519") if text.contains("-PQ-") => {
                hybrid(&bech32(text)?, &argument(1)?, body)
            }
            (Key::Passphrase(text), "scrypt") => {
                scrypt(text, &argument(1)?, words.get(2)?.parse().ok()?, body)
            }
            _ => None,
        }
    })?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&hkdf(&unwrapped, b"", b"header")).ok()?;
    Mac::update(&mut mac, parts.authenticated);
    mac.verify_slice(&parts.mac).ok()?;
    Some(unwrapped)
}

fn payload(file_key: &[u8], nonce: &[u8], chunks: &[u8]) -> Option<Vec<u8>> {
    let key = hkdf(file_key, nonce, b"payload");
    let mut plaintext = Vec::new();
    let count = chunks.chunks(65_552).count();
    for (index, sealed) in chunks.chunks(65_552).enumerate() {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&(index as u64).to_be_bytes());
        nonce[11] = (index + 1 == count).into();
        let opened = aead(&key, &nonce, sealed)?;
        if opened.is_empty() && index > 0 {
            return None;
        }
        plaintext.extend(opened);
    }
    (count > 0).then_some(plaintext)
}

/// The bytes of a text, without a look at its checksum.
fn bech32(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let (_, data) = text.trim().rsplit_once('1')?;
    let data = &data[..data.len() - 6];
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for letter in data.to_ascii_lowercase().chars() {
        bits = bits << 5 | LETTERS.find(letter)? as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

fn x25519(secret: &[u8], share: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let secret = StaticSecret::from(<[u8; 32]>::try_from(secret).ok()?);
    let theirs = PublicKey::from(<[u8; 32]>::try_from(share).ok()?);
    let shared = secret.diffie_hellman(&theirs);
    let salt = [share, PublicKey::from(&secret).as_bytes()].concat();
    let key = hkdf(shared.as_bytes(), &salt, b"age-encryption.org/v1/X25519");
    aead(&key, &[0; 12], body)
}

fn scrypt(passphrase: &str, salt: &[u8], log_n: u8, body: &[u8]) -> Option<Vec<u8>> {
    let salt = [b"age-encryption.org/v1/scrypt", salt].concat();
    let params = scrypt::Params::new(log_n, 8, 1).ok()?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut key).ok()?;
    aead(&key, &[0; 12], body)
}

/// RFC 9180 with X-Wing.
fn hybrid(seed: &[u8], encapsulated: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mut expanded = [0; 96];
    let mut shake = Shake256::default();
    shake.update(seed);
    shake.finalize_xof().read(&mut expanded);
    let ml_kem = DecapsulationKey::from_seed(Seed::try_from(&expanded[..64]).ok()?);
    let secret = StaticSecret::from(<[u8; 32]>::try_from(&expanded[64..]).ok()?);
    let (ciphertext, share) = encapsulated.split_at_checked(1088)?;
    let theirs = PublicKey::from(<[u8; 32]>::try_from(share).ok()?);
    let mut hash = Sha3_256::new();
    Digest::update(&mut hash, ml_kem.decapsulate(ciphertext.try_into().ok()?));
    Digest::update(&mut hash, secret.diffie_hellman(&theirs));
    Digest::update(&mut hash, share);
    Digest::update(&mut hash, PublicKey::from(&secret));
    Digest::update(&mut hash, [0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c]);
    let shared = hash.finalize();

    let (psk_id, _) = labeled_extract(b"", b"psk_id_hash", b"");
    let info = b"age-encryption.org/mlkem768x25519";
    let (info, _) = labeled_extract(b"", b"info_hash", info);
    let context = [&[0], &psk_id[..], &info[..]].concat();
    let (_, secret) = labeled_extract(&shared, b"secret", b"");
    let key = labeled_expand::<32>(&secret, b"key", &context);
    let nonce = labeled_expand::<12>(&secret, b"base_nonce", &context);
    aead(&key, &nonce, body)
}

const SUITE: [u8; 10] = *b"HPKE\x64\x7a\x00\x01\x00\x03";

fn labeled_extract(salt: &[u8], label: &[u8], ikm: &[u8]) -> (Vec<u8>, Hkdf<Sha256>) {
    let ikm = [b"HPKE-v1", &SUITE[..], label, ikm].concat();
    let (prk, hkdf) = Hkdf::<Sha256>::extract(Some(salt), &ikm);
    (prk.to_vec(), hkdf)
}

fn labeled_expand<const LEN: usize>(prk: &Hkdf<Sha256>, label: &[u8], info: &[u8]) -> [u8; LEN] {
    let length = (LEN as u16).to_be_bytes();
    let info = [&length[..], b"HPKE-v1", &SUITE, label, info].concat();
    let mut out = [0; LEN];
    prk.expand(&info, &mut out).unwrap();
    out
}

fn hkdf(ikm: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, &mut out)
        .unwrap();
    out
}

fn aead(key: &[u8; 32], nonce: &[u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let aead = ChaCha20Poly1305::new(key.into());
    let (body, tag) = sealed.split_last_chunk::<16>()?;
    let mut body = body.to_vec();
    aead.decrypt_inout_detached(nonce.into(), b"", body.as_mut_slice().into(), tag.into())
        .ok()?;
    Some(body)
}

/// The bytes of an armored file that fetool wrote: as strict as need be.
pub fn dearmor(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix("-----BEGIN AGE ENCRYPTED FILE-----\n")?;
    let text = text.strip_suffix("\n-----END AGE ENCRYPTED FILE-----\n")?;
    let lines: Vec<&str> = text.split('\n').collect();
    let (last, full) = lines.split_last()?;
    if full.iter().any(|line| line.len() != 64) || !(1..=64).contains(&last.len()) {
        return None;
    }
    BASE64_STANDARD.decode(lines.concat()).ok()
}
