//! The RustCrypto engine: pure Rust, and every algorithm.

use super::{AeadError, Algorithm, Cipher, KEY_LEN, Tag};
use crate::secure_memory::and_wipe_stack;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use deoxys::DeoxysII256;

/// More stack than the key schedules use, in bytes.
const STACK: usize = 8 << 10;

pub(super) fn cipher(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Box<dyn Cipher> {
    // A key schedule is made on the stack before it moves to its box.
    and_wipe_stack::<STACK, _>(|| boxed(algorithm, key))
}

fn boxed(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Box<dyn Cipher> {
    let key = key.into();
    match algorithm {
        Algorithm::Aes256Gcm => Box::new(RustCrypto(Aes256Gcm::new(key))),
        Algorithm::ChaCha20Poly1305 => Box::new(RustCrypto(ChaCha20Poly1305::new(key))),
        Algorithm::XChaCha20Poly1305 => Box::new(RustCrypto(XChaCha20Poly1305::new(key))),
        Algorithm::DeoxysII256 => Box::new(RustCrypto(DeoxysII256::new(key))),
    }
}

struct RustCrypto<A>(A);

impl<A: AeadInOut + Send + Sync> Cipher for RustCrypto<A> {
    fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
        let nonce = nonce.try_into().map_err(|_| AeadError::NonceLength)?;
        let tag = self
            .0
            .encrypt_inout_detached(nonce, ad, buffer.into())
            .map_err(|_| AeadError::MessageLength)?;
        Ok(tag
            .as_slice()
            .try_into()
            .expect("all these algorithms have 16-byte tags"))
    }

    fn open(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError> {
        let nonce = nonce.try_into().map_err(|_| AeadError::NonceLength)?;
        let tag = tag[..].try_into().map_err(|_| AeadError::Tag)?;
        self.0
            .decrypt_inout_detached(nonce, ad, buffer.into(), tag)
            .map_err(|_| AeadError::Tag)
    }
}
