//! The aws-lc-rs engine: AES-256-GCM and the two ChaCha20-Poly1305.

use super::{AeadError, Algorithm, Cipher, KEY_LEN, TAG_LEN, Tag};
use crate::key::Key;
use aws_lc_rs::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use zeroize::Zeroizing;

pub(super) fn cipher(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Option<Box<dyn Cipher>> {
    Some(match algorithm {
        Algorithm::Aes256Gcm => Box::new(AwsLc(bind(&AES_256_GCM, key))),
        Algorithm::ChaCha20Poly1305 => Box::new(AwsLc(bind(&CHACHA20_POLY1305, key))),
        Algorithm::XChaCha20Poly1305 => Box::new(Extended(Key::of(key))),
        Algorithm::DeoxysII256 => return None,
    })
}

fn bind(algorithm: &'static aws_lc_rs::aead::Algorithm, key: &[u8; KEY_LEN]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(algorithm, key).expect("the key has the algorithm's length"))
}

struct AwsLc(LessSafeKey);

impl Cipher for AwsLc {
    fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AeadError::NonceLength)?;
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(ad), buffer)
            .map_err(|_| AeadError::MessageLength)?;
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        Ok(bytes)
    }

    fn open(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AeadError::NonceLength)?;
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(ad), tag, buffer)
            .map(|_| ())
            .map_err(|_| AeadError::Tag)
    }

    fn open_to(
        &self,
        nonce: &[u8],
        ad: &[u8],
        ciphertext: &[u8],
        tag: &Tag,
        plaintext: &mut [u8],
    ) -> Result<(), AeadError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AeadError::NonceLength)?;
        self.0
            .open_separate_gather(nonce, Aad::from(ad), ciphertext, tag, plaintext)
            .map_err(|_| AeadError::Tag)
    }
}

/// XChaCha20-Poly1305 is ChaCha20-Poly1305 under a subkey that HChaCha20 makes from the key and
/// the first 16 bytes of the nonce; the other 8 become the end of a 12-byte nonce
/// (draft-irtf-cfrg-xchacha-03, section 2.3).
struct Extended(Key);

const SUBKEY_NONCE_LEN: usize = 16;

impl Extended {
    fn inner(&self, nonce: &[u8]) -> Result<(AwsLc, [u8; 12]), AeadError> {
        let (head, tail) = nonce
            .split_at_checked(SUBKEY_NONCE_LEN)
            .ok_or(AeadError::NonceLength)?;
        let head = head.try_into().map_err(|_| AeadError::NonceLength)?;
        let subkey = Zeroizing::new(<[u8; KEY_LEN]>::from(hchacha::<R20>(
            (&*self.0).into(),
            head,
        )));
        let mut short = [0; 12];
        short[4..].copy_from_slice(tail);
        Ok((AwsLc(bind(&CHACHA20_POLY1305, &subkey)), short))
    }
}

impl Cipher for Extended {
    fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
        let (cipher, nonce) = self.inner(nonce)?;
        cipher.seal(&nonce, ad, buffer)
    }

    fn open(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError> {
        let (cipher, nonce) = self.inner(nonce)?;
        cipher.open(&nonce, ad, buffer, tag)
    }
}
