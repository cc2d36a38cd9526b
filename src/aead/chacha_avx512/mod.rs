//! ChaCha20-Poly1305 and XChaCha20-Poly1305 on the AVX-512 instructions of x86-64.
//!
//! It exists because this AEAD is the only one of age and the default of Dexios, and other libraries
//! compute it with half of such a processor's registers. No primitive is new: these are RFC 8439 and
//! draft-irtf-cfrg-xchacha-03, arranged for these instructions.
//!
//! | file | contents |
//! |---|---|
//! | this one | the check for the instructions, and the interface for safe code |
//! | `message` | the AEAD: both algorithms over one message, piece by piece |
//! | `chacha20` | sixteen blocks at a time in sixteen registers, or four in four |
//! | `poly1305` | 32 blocks at a time in eight lanes, and the bounds of all limbs |
//! | `registers` | loading and storing registers |
//!
//! No branch and no address depends on a key or on data, except for the verdict on a tag. Everything
//! that is computed from a key is wiped from memory, and so is the stack behind each message: that also
//! removes what the compiler spilled from registers.
//!
//! `unsafe` is needed to load and store registers in `registers`, and here to call functions that need
//! instructions which not every processor has. All other intrinsics are safe in functions that are
//! compiled for those instructions.

#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod chacha20;
mod message;
mod poly1305;
mod registers;
#[cfg(test)]
mod tests;

use super::{AeadError, Cipher, KEY_LEN, TAG_LEN, Tag};
use crate::key::Key;
use crate::secure_memory::and_wipe_stack;
use chacha20::Keystream;
use poly1305::OneTimeKey;
use std::arch::is_x86_feature_detected;
use zeroize::Zeroizing;

/// More stack than a message uses, in bytes.
const STACK: usize = 4 << 10;

/// Returns whether this processor has the instructions.
fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Returns the cipher for nonces of 12 bytes, and XChaCha20-Poly1305 for those of 24. Returns `None` if
/// the processor lacks the instructions.
pub(super) fn cipher(key: &[u8; KEY_LEN]) -> Option<Box<dyn Cipher>> {
    available().then(|| Box::new(ChaCha20Poly1305(Key::of(key))) as Box<dyn Cipher>)
}

/// One key. It exists only if the processor has the instructions: `cipher` checks that, and nothing
/// else makes one.
struct ChaCha20Poly1305(Key);

impl ChaCha20Poly1305 {
    fn keystream(&self, nonce: &[u8]) -> Result<Keystream, AeadError> {
        if let Ok(nonce) = nonce.try_into() {
            return Ok(Keystream::new(&self.0, nonce));
        }
        let nonce = nonce.try_into().map_err(|_| AeadError::NonceLength)?;
        // SAFETY: the processor has the instructions, or this `ChaCha20Poly1305` would not exist.
        Ok(unsafe { Keystream::extended(&self.0, nonce) })
    }

    fn open_from(
        &self,
        nonce: &[u8],
        ad: &[u8],
        from: Option<&[u8]>,
        buffer: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        and_wipe_stack::<STACK, _>(|| {
            let keystream = self.keystream(nonce)?;
            // SAFETY: as in `keystream`.
            unsafe { message::open(keystream, ad, from, buffer, tag) }
        })
    }
}

impl Cipher for ChaCha20Poly1305 {
    fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
        and_wipe_stack::<STACK, _>(|| {
            let keystream = self.keystream(nonce)?;
            // SAFETY: as in `keystream`.
            unsafe { message::seal(keystream, ad, buffer) }
        })
    }

    fn open(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError> {
        self.open_from(nonce, ad, None, buffer, tag)
    }

    fn open_to(
        &self,
        nonce: &[u8],
        ad: &[u8],
        ciphertext: &[u8],
        tag: &Tag,
        plaintext: &mut [u8],
    ) -> Result<(), AeadError> {
        self.open_from(nonce, ad, Some(ciphertext), plaintext, tag)
    }
}

/// The tags of messages under one key *and one nonce*, without associated data: for
/// [`fixed_nonce`](super::fixed_nonce). It exists only if the processor has the instructions.
pub(super) struct FixedMac(Box<OneTimeKey>);

impl FixedMac {
    /// Takes the key of Poly1305. Returns `None` if the processor lacks the instructions.
    pub(super) fn new(key: &[u8; KEY_LEN]) -> Option<Self> {
        let expand = || {
            let (halves, _) = key.as_chunks();
            let [r, pad] = [halves[0], halves[1]].map(u128::from_le_bytes);
            Self(Box::new(OneTimeKey::new(r, pad, usize::MAX)))
        };
        available().then(|| and_wipe_stack::<STACK, _>(expand))
    }

    /// Returns the tag of a ciphertext.
    pub(super) fn tag(&self, ciphertext: &[u8]) -> Zeroizing<[u8; TAG_LEN]> {
        // SAFETY: the processor has the instructions, or this `FixedMac` would not exist.
        and_wipe_stack::<STACK, _>(|| unsafe { message::tag(&self.0, ciphertext) })
    }
}
