//! HPKE (RFC 9180) as age uses it: base mode, one message, HKDF-SHA256 and ChaCha20-Poly1305.

use crate::kdf::Key;
use hkdf::Hkdf;
use sha2::Sha256;
use sha2::digest::Output;
use sha3::{Digest, Sha3_256};
use zeroize::Zeroize;

const VERSION: &[u8] = b"HPKE-v1";

/// Returns the suite with this KEM: `HPKE`, then the numbers of the KEM, HKDF-SHA256 and
/// ChaCha20-Poly1305.
fn suite(kem: u16) -> [u8; 10] {
    let [high, low] = kem.to_be_bytes();
    [b'H', b'P', b'K', b'E', high, low, 0, 1, 0, 3]
}

/// Returns the key and the nonce of the first message, which is the only one.
pub(super) fn key_schedule(kem: u16, info: &[u8], shared: &Key) -> (Key, [u8; 12]) {
    let suite = suite(kem);
    let mut context = vec![0];
    for (label, ikm) in [(&b"psk_id_hash"[..], &b""[..]), (b"info_hash", info)] {
        let (hash, _) = extract(&suite, b"", label, ikm);
        context.extend_from_slice(&hash);
    }
    let (mut prk, secret) = extract(&suite, &shared[..], b"secret", b"");
    prk.as_mut_slice().zeroize();
    let (mut key, mut nonce) = (Key::default(), [0; 12]);
    expand(&suite, &secret, b"key", &context, &mut *key);
    expand(&suite, &secret, b"base_nonce", &context, &mut nonce);
    (key, nonce)
}

/// Returns the shared secret of a hybrid KEM from those of its two parts, the shares and the label.
pub(super) fn combine(parts: [&[u8]; 5]) -> Key {
    let mut secret = Key::default();
    let mut hash = Sha3_256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize_into((&mut *secret).into());
    secret
}

/// Extracts with a label.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> (Output<Sha256>, Hkdf<Sha256>) {
    let ikm = zeroize::Zeroizing::new([VERSION, suite, label, ikm].concat());
    Hkdf::extract(Some(salt), &ikm)
}

/// Expands with a label.
fn expand(suite: &[u8], secret: &Hkdf<Sha256>, label: &[u8], context: &[u8], out: &mut [u8]) {
    let len = u16::try_from(out.len())
        .expect("32 bytes at most")
        .to_be_bytes();
    secret
        .expand_multi_info(&[&len, VERSION, suite, label, context], out)
        .expect("32 bytes are no long output");
}

/// The number of the KEM over P-256, whose hash is SHA-256.
#[cfg(feature = "age-tag")]
pub(super) const DH_P256: u16 = 0x0010;

/// Returns the shared secret of that KEM from the result of the Diffie-Hellman exchange and both public keys.
#[cfg(feature = "age-tag")]
pub(super) fn dh_p256(dh: &[u8; 32], encapsulated: &[u8; 65], recipient: &[u8; 65]) -> Key {
    let [high, low] = DH_P256.to_be_bytes();
    let suite = [b'K', b'E', b'M', high, low];
    let (mut prk, secret) = extract(&suite, b"", b"eae_prk", dh);
    prk.as_mut_slice().zeroize();
    let context = [&encapsulated[..], recipient].concat();
    let mut shared = Key::default();
    expand(&suite, &secret, b"shared_secret", &context, &mut *shared);
    shared
}
