//! A second reader of Dexios version 5 in stream mode, written from the description of the format
//! alone. It shares no code with the one under test: only the crates that compute the algorithms.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use chacha20poly1305::XChaCha20Poly1305;
use deoxys::DeoxysII256;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Opens a file, or says what is wrong with it.
pub fn open(secret: &[u8], file: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (header, body) = file.split_at_checked(416).ok_or("short header")?;
    open_detached(secret, header, body)
}

/// The same with the header apart.
pub fn open_detached(
    secret: &[u8],
    header: &[u8],
    mut body: &[u8],
) -> Result<Vec<u8>, &'static str> {
    if header.len() != 416 || header[..3] != [0xDE, 5, 0x0E] || header[4..6] != [0x0C, 1] {
        return Err("not version 5 in stream mode");
    }
    let nonce_len = match header[3] {
        1 => 24,
        2 => 12,
        3 => 15,
        _ => return Err("unknown AEAD"),
    };
    let aead = header[3];
    let prefix = &header[6..6 + nonce_len - 4];
    if header[6 + prefix.len()..32].iter().any(|byte| *byte != 0) {
        return Err("the nonce is not padded with zeros");
    }
    let master = (0..used_slots(header)?)
        .find_map(|i| unwrap(secret, &header[32 + 96 * i..][..96], aead, nonce_len))
        .ok_or("no slot opens")?;

    let mut plaintext = Vec::new();
    for counter in 0u32.. {
        // Every block is full but for the last, which never is.
        let last = body.len() < 1_048_576 + 16;
        let (block, rest) = body.split_at(if last { body.len() } else { 1_048_576 + 16 });
        let mut nonce = prefix.to_vec();
        nonce.extend((counter | u32::from(last) << 31).to_le_bytes());
        plaintext.extend(decrypt(aead, &master, &nonce, &header[..32], block).ok_or("bad block")?);
        body = rest;
        if last {
            break;
        }
    }
    Ok(plaintext)
}

/// Used slots come first, and what is not used is zero.
fn used_slots(header: &[u8]) -> Result<usize, &'static str> {
    let used = header[32..]
        .chunks(96)
        .take_while(|slot| slot[0] == 0xDF)
        .count();
    if header[32 + 96 * used..].iter().any(|byte| *byte != 0) {
        return Err("empty slots are not zero");
    }
    Ok(used)
}

/// The hash byte of every slot.
pub fn hashes(file: &[u8]) -> Vec<u8> {
    let used = used_slots(&file[..416]).unwrap();
    (0..used).map(|i| file[32 + 96 * i + 1]).collect()
}

fn unwrap(secret: &[u8], slot: &[u8], aead: u8, nonce_len: usize) -> Option<Vec<u8>> {
    let (wrapped, rest) = slot[2..].split_at(48);
    let (nonce, rest) = rest.split_at(24);
    let (salt, zero) = rest.split_at(16);
    if zero != [0; 6] || nonce[nonce_len..].iter().any(|byte| *byte != 0) {
        return None;
    }
    let key = hash(slot[1], secret, salt)?;
    decrypt(aead, &key, &nonce[..nonce_len], b"", wrapped)
}

/// What is hashed, with which function and salt.
type Hashed = (u8, Vec<u8>, Vec<u8>);

/// Every hash is computed once: they take long, and some tests have only one salt.
fn hash(kind: u8, secret: &[u8], salt: &[u8]) -> Option<[u8; 32]> {
    static HASHED: Mutex<BTreeMap<Hashed, [u8; 32]>> = Mutex::new(BTreeMap::new());
    let of = (kind, secret.to_vec(), salt.to_vec());
    if let Some(key) = HASHED.lock().unwrap().get(&of) {
        return Some(*key);
    }
    // Salts of tests that cost a part only.
    let part = if salt.ends_with(b"low cost") { 256 } else { 1 };
    let key = match kind {
        0xA1 => argon2id(secret, salt, 8 * 1024 / part, 8),
        0xA2 => argon2id(secret, salt, 256 * 1024 / part, 8),
        0xA3 => argon2id(secret, salt, 256 * 1024 / part, 10),
        0xB4 => balloon(secret, salt, 262_144 / part),
        0xB5 => balloon(secret, salt, 278_528 / part),
        _ => return None,
    };
    HASHED.lock().unwrap().insert(of, key);
    Some(key)
}

fn argon2id(secret: &[u8], salt: &[u8], kib: u32, passes: u32) -> [u8; 32] {
    let params = argon2::Params::new(kib, passes, 4, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = [0; 32];
    argon2.hash_password_into(secret, salt, &mut key).unwrap();
    key
}

fn balloon(secret: &[u8], salt: &[u8], space: u32) -> [u8; 32] {
    let params = balloon_hash::Params::new(space, 1, 1).unwrap();
    let balloon = balloon_hash::Balloon::<blake3::Hasher>::new(
        balloon_hash::Algorithm::Balloon,
        params,
        None,
    );
    let mut key = [0; 32];
    balloon.hash_password_into(secret, salt, &mut key).unwrap();
    key
}

fn decrypt(aead: u8, key: &[u8], nonce: &[u8], ad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    fn with<A: KeyInit + AeadInOut>(
        key: &[u8],
        nonce: &[u8],
        ad: &[u8],
        sealed: &[u8],
    ) -> Option<Vec<u8>> {
        let cipher = A::new_from_slice(key).ok()?;
        let mut text = sealed.to_vec();
        let at = text.len().checked_sub(16)?;
        let tag = text.split_off(at);
        cipher
            .decrypt_inout_detached(
                nonce.try_into().ok()?,
                ad,
                text.as_mut_slice().into(),
                tag.as_slice().try_into().ok()?,
            )
            .ok()?;
        Some(text)
    }
    match aead {
        1 => with::<XChaCha20Poly1305>(key, nonce, ad, sealed),
        2 => with::<Aes256Gcm>(key, nonce, ad, sealed),
        _ => with::<DeoxysII256>(key, nonce, ad, sealed),
    }
}
