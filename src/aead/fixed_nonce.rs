//! XChaCha20-Poly1305 under one key *and one nonce*, for the format whose flaw that is.
//!
//! If a nonce never changes, neither do the keystream and the one-time key of Poly1305. They are computed once here;
//! each message then costs an XOR and a Poly1305. The bytes are those of the ordinary AEAD (draft-irtf-cfrg-xchacha-03,
//! RFC 8439 section 2.8, without associated data).
//!
//! Two messages under one nonce reveal their XOR, and the key to forge others. Use this only to read and write a format
//! that demands it.

#[cfg(target_arch = "x86_64")]
use super::chacha_avx512::FixedMac;
use super::{AeadError, KEY_LEN, Tag};
use chacha20::XChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use ctutils::CtEq;
use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use zeroize::Zeroizing;

/// Bytes of the keystream's first block; its first half is the key of Poly1305.
const BLOCK_LEN: usize = 64;

/// A key and a nonce, ready to seal and open messages up to a length. They are wiped on drop.
///
/// ```
/// use fetool::aead::fixed_nonce::FixedNonce;
///
/// let chunks = FixedNonce::new(&[7; 32], &[0; 24], 16);
/// let mut buffer = *b"for my eyes only";
/// let tag = chunks.seal(&mut buffer)?;
/// chunks.open(&mut buffer, &tag)?;
/// assert_eq!(&buffer, b"for my eyes only");
/// # Ok::<(), fetool::aead::AeadError>(())
/// ```
pub struct FixedNonce {
    keystream: Zeroizing<Vec<u8>>,
    mac: Mac,
}

/// Poly1305 under the key that never changes.
enum Mac {
    /// fetool's own, on processors that have the instructions.
    #[cfg(target_arch = "x86_64")]
    Fetool(FixedMac),
    RustCrypto(Box<Poly1305>),
}

impl Mac {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(mac) = FixedMac::new(key) {
            return Self::Fetool(mac);
        }
        Self::RustCrypto(Box::new(Poly1305::new(key.into())))
    }

    /// Returns the tag of a ciphertext without associated data.
    fn tag(&self, ciphertext: &[u8]) -> Zeroizing<Tag> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Fetool(mac) => mac.tag(ciphertext),
            Self::RustCrypto(mac) => {
                let mut mac = Poly1305::clone(mac);
                mac.update_padded(ciphertext);
                let mut lengths = [0; 16];
                // No associated data, so the first length is 0.
                lengths[8..].copy_from_slice(&(ciphertext.len() as u64).to_le_bytes());
                mac.update(&[lengths.into()]);
                Zeroizing::new(mac.finalize().into())
            }
        }
    }
}

impl FixedNonce {
    /// Computes the keystream for messages of at most `longest` bytes.
    pub fn new(key: &[u8; KEY_LEN], nonce: &[u8; 24], longest: usize) -> Self {
        let mut cipher = XChaCha20::new(key.into(), nonce.into());
        let mut first = Zeroizing::new([0; BLOCK_LEN]);
        cipher.apply_keystream(first.as_mut());
        let mac_key = first.first_chunk().expect("a block is longer than a key");
        let mac = Mac::new(mac_key);
        let mut keystream = Zeroizing::new(vec![0; longest]);
        cipher.apply_keystream(&mut keystream);
        Self { keystream, mac }
    }

    /// Seals `plaintext` into `ciphertext`, which has the same length.
    ///
    /// # Errors
    /// [`AeadError::MessageLength`] if it is longer than announced.
    pub fn seal_from(&self, plaintext: &[u8], ciphertext: &mut [u8]) -> Result<Tag, AeadError> {
        let keystream = self.keystream_for(plaintext)?;
        for ((to, from), key) in ciphertext.iter_mut().zip(plaintext).zip(keystream) {
            *to = from ^ key;
        }
        Ok(self.tag(ciphertext))
    }

    /// Seals in place.
    ///
    /// # Errors
    /// Those of [`seal_from`](Self::seal_from).
    pub fn seal(&self, buffer: &mut [u8]) -> Result<Tag, AeadError> {
        self.xor(buffer)?;
        Ok(self.tag(buffer))
    }

    /// Checks the tag, and only then opens `ciphertext` into `plaintext`, which has the same length.
    ///
    /// # Errors
    /// [`AeadError::Tag`]; nothing is written then.
    pub fn open_into(
        &self,
        ciphertext: &[u8],
        tag: &Tag,
        plaintext: &mut [u8],
    ) -> Result<(), AeadError> {
        let keystream = self.keystream_for(ciphertext)?;
        self.check(ciphertext, tag)?;
        for ((to, from), key) in plaintext.iter_mut().zip(ciphertext).zip(keystream) {
            *to = from ^ key;
        }
        Ok(())
    }

    /// Opens in place.
    ///
    /// # Errors
    /// Those of [`open_into`](Self::open_into).
    pub fn open(&self, buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError> {
        self.keystream_for(buffer)?;
        self.check(buffer, tag)?;
        self.xor(buffer)
    }

    fn keystream_for(&self, message: &[u8]) -> Result<&[u8], AeadError> {
        self.keystream
            .get(..message.len())
            .ok_or(AeadError::MessageLength)
    }

    fn xor(&self, buffer: &mut [u8]) -> Result<(), AeadError> {
        let keystream = self.keystream_for(buffer)?;
        for (byte, key) in buffer.iter_mut().zip(keystream) {
            *byte ^= key;
        }
        Ok(())
    }

    fn tag(&self, ciphertext: &[u8]) -> Tag {
        *self.mac.tag(ciphertext)
    }

    fn check(&self, ciphertext: &[u8], tag: &Tag) -> Result<(), AeadError> {
        // For a forgery, it would be the right tag of another message, so nobody may see it.
        let right = self.mac.tag(ciphertext);
        if right.ct_eq(tag).to_bool() {
            Ok(())
        } else {
            Err(AeadError::Tag)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::{Aead, Algorithm};

    const KEY: [u8; KEY_LEN] = [7; KEY_LEN];
    const NONCE: [u8; 24] = [9; 24];
    const LONGEST: usize = 32_768;

    fn message(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 + (i >> 8)) as u8).collect()
    }

    #[test]
    fn the_bytes_are_those_of_the_plain_aead() {
        let fixed = FixedNonce::new(&KEY, &NONCE, LONGEST);
        let plain = Aead::new(Algorithm::XChaCha20Poly1305, &KEY);
        for len in (0..300).chain([1000, 4095, 4096, LONGEST - 1, LONGEST]) {
            let message = message(len);
            let mut expected = message.clone();
            let tag = plain.seal(&NONCE, b"", &mut expected).unwrap();
            let mut sealed = vec![0; len];
            assert_eq!(fixed.seal_from(&message, &mut sealed), Ok(tag), "{len}");
            assert_eq!(sealed, expected, "{len}");
            let mut opened = vec![0; len];
            assert_eq!(fixed.open_into(&sealed, &tag, &mut opened), Ok(()));
            assert_eq!(opened, message, "{len}");
            let mut in_place = message.clone();
            assert_eq!(fixed.seal(&mut in_place), Ok(tag), "{len}");
            assert_eq!(in_place, expected, "{len}");
            assert_eq!(fixed.open(&mut in_place, &tag), Ok(()));
            assert_eq!(in_place, message, "{len}");
        }
    }

    #[test]
    fn nothing_is_opened_under_a_wrong_tag() {
        let fixed = FixedNonce::new(&KEY, &NONCE, LONGEST);
        for len in [0, 1, 16, 1000, LONGEST] {
            let mut sealed = message(len);
            let mut tag = fixed.seal(&mut sealed).unwrap();
            tag[15] ^= 1;
            let mut room = vec![0xAA; len];
            let opened = fixed.open_into(&sealed, &tag, &mut room);
            assert_eq!(opened, Err(AeadError::Tag), "{len}");
            assert!(room.iter().all(|byte| *byte == 0xAA), "{len}");
            assert_eq!(fixed.open(&mut sealed, &tag), Err(AeadError::Tag));
        }
    }

    #[test]
    fn a_message_longer_than_announced_is_refused() {
        let fixed = FixedNonce::new(&KEY, &NONCE, 100);
        let mut long = vec![0; 101];
        assert_eq!(fixed.seal(&mut long), Err(AeadError::MessageLength));
        let mut room = long.clone();
        let sealed = fixed.seal_from(&long, &mut room);
        assert_eq!(sealed, Err(AeadError::MessageLength));
        assert_eq!(room, long);
    }
}
