//! The engine of our own: Deoxys-II-256-128 on the AES instructions of x86-64, many blocks at a
//! time. The facts are those of the Deoxys v1.43 specification (Jean, Nikolić, Peyrin, Seurin).
//!
//! Why it exists: the `deoxys` crate works block after block, each under a key schedule that it
//! makes byte by byte, and takes ten times as long and more. These instructions are busy only with
//! several blocks at once.
//!
//! | room | what |
//! |---|---|
//! | this one | which width the processor has, and the way in from safe code |
//! | `mode` | Deoxys-II: what is encrypted under which tweak, the tag |
//! | `subkeys` | the tweakey schedule of Deoxys-BC-384 |
//! | `aes_ni`, `vaes` | the rounds: 8 blocks in 8 registers, 32 blocks in 8 wider ones |
//! | `lanes` | bytes into registers and back |
//!
//! Three ideas make a block cost no more than one XOR and one AES round a round:
//!
//! 1. The schedule moves the tweak's bytes from round to round by a permutation, h, and does
//!    nothing else to them. h has order 8, so what a tweak adds to the 17 subkeys is 8 different
//!    values, and to add it is to XOR: parts of a tweak can be added one after the other.
//! 2. What is fixed in a message's tweaks (prefix, tag) is therefore added to the subkeys once per
//!    message, and the number of a group's first block once per group.
//! 3. A group starts at a multiple of its size, so the last bits of the number, which tell its
//!    blocks apart, are the same in every group: what they add is a table, made by the compiler.
//!
//! No branch and no address depends on a key or on data, the verdict on a tag apart. What is computed
//! from a key is wiped where it was stored in memory; what the compiler keeps in registers, or spills
//! from them for a moment, is beyond what can be wiped from Rust.
//!
//! `unsafe` is needed to load and store registers in `lanes`, and to call functions that need
//! instructions which not every processor has. All other intrinsics are safe in functions that are
//! compiled for those instructions.

#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod aes_ni;
mod lanes;
mod mode;
mod subkeys;
#[cfg(test)]
mod tests;
mod vaes;

use super::{AeadError, Cipher, KEY_LEN, Tag};
use std::arch::is_x86_feature_detected;
use subkeys::Subkeys;

/// How many blocks are worked on at a time, and with which instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// AES-NI: a block a register.
    Aes128x8,
    /// VAES with AVX-512: four blocks a register.
    Vaes512x32,
}

impl Width {
    /// All of them, the fastest first.
    const ALL: [Self; 2] = [Self::Vaes512x32, Self::Aes128x8];

    /// Whether this processor has its instructions. Wide groups leave a rest of less than a group,
    /// so every width needs those of the narrow one too.
    fn available(self) -> bool {
        let narrow = is_x86_feature_detected!("aes") && is_x86_feature_detected!("ssse3");
        narrow
            && match self {
                Self::Aes128x8 => true,
                Self::Vaes512x32 => {
                    is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx512f")
                }
            }
    }
}

/// As wide as the processor can; `None` where it has no AES instructions.
pub(super) fn cipher(key: &[u8; KEY_LEN]) -> Option<Box<dyn Cipher>> {
    Width::ALL
        .into_iter()
        .find_map(|width| with_width(width, key))
}

/// In a given width; `None` where the processor lacks its instructions.
fn with_width(width: Width, key: &[u8; KEY_LEN]) -> Option<Box<dyn Cipher>> {
    if !width.available() {
        return None;
    }
    // SAFETY: SSSE3 is among what is available in every width.
    Some(unsafe { DeoxysII::new(width, key) })
}

/// One key. It exists only where the processor has the instructions of its width: `with_width`
/// looked, and nothing else makes one.
struct DeoxysII {
    width: Width,
    subkeys: Subkeys,
}

impl DeoxysII {
    #[target_feature(enable = "ssse3")]
    fn new(width: Width, key: &[u8; KEY_LEN]) -> Box<Self> {
        // Filled in where it stays: a copy on the stack would not be wiped.
        let mut cipher = Box::new(Self {
            width,
            subkeys: Subkeys::zero(),
        });
        cipher.subkeys.expand(key);
        cipher
    }
}

impl Cipher for DeoxysII {
    fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
        let nonce = nonce.try_into().map_err(|_| AeadError::NonceLength)?;
        // SAFETY: the processor has the instructions, or this `DeoxysII` would not exist.
        Ok(unsafe { self.seal_blocks(nonce, ad, buffer) })
    }

    fn open(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError> {
        let nonce = nonce.try_into().map_err(|_| AeadError::NonceLength)?;
        // SAFETY: as in `seal`.
        unsafe { self.open_blocks(nonce, ad, buffer, tag) }
    }
}
