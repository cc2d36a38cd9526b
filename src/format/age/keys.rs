//! The file key, and the keys that are derived from it.
//!
//! ```
//! use fetool::format::age::keys::{NONCE_LEN, WRAPPED_LEN};
//! use fetool::{FILE_KEY_LEN, FileKey};
//!
//! let key = FileKey::generate(&fetool::random)?;
//! assert_ne!(*key.payload_key(&[1; NONCE_LEN]), *key.payload_key(&[2; NONCE_LEN]));
//! assert_eq!(WRAPPED_LEN, FILE_KEY_LEN + 16);
//! # Ok::<(), fetool::Error>(())
//! ```

use super::Random;
use crate::aead::{Aead, Algorithm, TAG_LEN, Tag};
use crate::kdf::Key;
use crate::secure_memory::{Locked, and_wipe_stack};
use crate::{Error, FILE_KEY_LEN, FileKey};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of the payload's nonce in bytes.
pub const NONCE_LEN: usize = 16;
/// Length of a wrapped file key in bytes: the key and its tag.
pub const WRAPPED_LEN: usize = FILE_KEY_LEN + TAG_LEN;

/// More stack than an AEAD uses for a message as short as a key, in bytes. Without C, it leaves the plaintext there.
const STACK: usize = 16 << 10;

impl FileKey {
    /// Generates a key.
    ///
    /// # Errors
    /// Those of `random`.
    pub fn generate(random: &Random<'_>) -> Result<Self, Error> {
        let mut key = Locked::new(FILE_KEY_LEN);
        random(&mut key)?;
        Ok(Self(key))
    }

    /// Derives the key of the header's MAC.
    pub fn mac_key(&self) -> Key {
        derive(self.as_bytes(), b"", b"header")
    }

    /// Derives the key of the payload behind `nonce`.
    pub fn payload_key(&self, nonce: &[u8; NONCE_LEN]) -> Key {
        derive(self.as_bytes(), nonce, b"payload")
    }

    /// Wraps the key under a key and a nonce that are used together only once.
    pub(super) fn wrap(&self, key: &Key, nonce: &[u8; 12]) -> [u8; WRAPPED_LEN] {
        let mut wrapped = [0; WRAPPED_LEN];
        let (body, tag) = wrapped.split_at_mut(FILE_KEY_LEN);
        body.copy_from_slice(self.as_bytes());
        let sealed = and_wipe_stack::<STACK, _>(|| {
            Aead::new(Algorithm::ChaCha20Poly1305, key)
                .seal(nonce, b"", body)
                .expect("the nonce has 12 bytes, and 16 bytes are no long message")
        });
        tag.copy_from_slice(&sealed);
        wrapped
    }

    /// Unwraps a key. Returns `None` if it was not wrapped under this key.
    pub(super) fn unwrap(key: &Key, nonce: &[u8; 12], wrapped: &[u8; WRAPPED_LEN]) -> Option<Self> {
        let (body, tag) = wrapped.split_at(FILE_KEY_LEN);
        let tag: &Tag = tag.try_into().expect("16 bytes are left");
        let mut file_key = Locked::of(body);
        let opened = and_wipe_stack::<STACK, _>(|| {
            Aead::new(Algorithm::ChaCha20Poly1305, key).open(nonce, b"", &mut file_key, tag)
        });
        opened.is_ok().then_some(Self(file_key))
    }
}

/// The nonce of keys that wrap one file key only.
pub(super) const ZERO_NONCE: [u8; 12] = [0; 12];

/// Derives 32 bytes with HKDF-SHA256. An empty `salt` is the same as none.
pub(super) fn derive(ikm: &[u8], salt: &[u8], info: &[u8]) -> Key {
    let mut key = Key::default();
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, &mut *key)
        .expect("32 bytes are no long key");
    key
}

/// Returns `N` random bytes.
pub(super) fn random_bytes<const N: usize>(
    random: &Random<'_>,
) -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    random(&mut *bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key() {
        let key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        assert_eq!(format!("{key:?}"), "FileKey(not shown)");
    }

    #[test]
    fn a_wrapped_key_opens_under_its_own_key_only() {
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        let (key, other) = (Key::of(&[1; 32]), Key::of(&[2; 32]));
        let wrapped = file_key.wrap(&key, &ZERO_NONCE);
        let opened = FileKey::unwrap(&key, &ZERO_NONCE, &wrapped).unwrap();
        assert_eq!(opened.as_bytes(), b"YELLOW SUBMARINE");
        assert!(FileKey::unwrap(&other, &ZERO_NONCE, &wrapped).is_none());
    }
}
