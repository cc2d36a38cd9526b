//! fetool's own engine: Deoxys-II-256-128 on the AES instructions of x86-64, many blocks at a time. The facts are those
//! of the Deoxys v1.43 specification (Jean, Nikolić, Peyrin, Seurin).
//!
//! It exists because the `deoxys` crate processes block after block, each under a key schedule that it makes byte by
//! byte, and takes ten times as long and more. These instructions reach their speed only with several blocks at once.
//!
//! | file | contents |
//! |---|---|
//! | this one | the check for the instructions, and the interface for safe code |
//! | `mode` | Deoxys-II: what is encrypted under which tweak, the tag |
//! | `subkeys` | the tweakey schedule of Deoxys-BC-384 |
//! | `aes_ni`, `vaes` | the rounds: 8 blocks in 8 registers, 32 blocks in 8 wider ones |
//! | `lanes` | loading and storing registers |
//!
//! Three ideas reduce the cost of a block to one XOR and one AES round for each round:
//!
//! 1. The schedule moves the tweak's bytes from round to round by a permutation, h, and does
//!    nothing else to them. h has order 8, so what a tweak adds to the 17 subkeys is 8 different
//!    values, and to add it is to XOR: parts of a tweak can be added one after the other.
//! 2. What is fixed in a message's tweaks (prefix, tag) is therefore added to the subkeys once per
//!    message, and the number of a group's first block once per group.
//! 3. A group starts at a multiple of its size, so the last bits of the number, which tell its
//!    blocks apart, are the same in every group: what they add is a table, made by the compiler.
//!
//! No branch and no address depends on a key or on data, except for the verdict on a tag. Everything that is computed
//! from a key is wiped in memory. Rust code cannot wipe what the compiler keeps in registers, or spills from them for a
//! moment.
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

/// The number of blocks in a group, and the instructions for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// AES-NI: one block in a register.
    Aes128x8,
    /// VAES with AVX-512: four blocks in a register.
    Vaes512x32,
}

impl Width {
    /// All of them, the fastest first.
    const ALL: [Self; 2] = [Self::Vaes512x32, Self::Aes128x8];

    /// Returns whether this processor has its instructions. Wide groups can leave less than a group, so every width
    /// also needs the instructions of the narrow one.
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

/// Returns the cipher in the widest groups possible; `None` if the processor has no AES instructions.
pub(super) fn cipher(key: &[u8; KEY_LEN]) -> Option<Box<dyn Cipher>> {
    Width::ALL
        .into_iter()
        .find_map(|width| with_width(width, key))
}

/// Returns the cipher in a given width; `None` if the processor lacks its instructions.
fn with_width(width: Width, key: &[u8; KEY_LEN]) -> Option<Box<dyn Cipher>> {
    if !width.available() {
        return None;
    }
    // SAFETY: SSSE3 is among what is available in every width.
    Some(unsafe { DeoxysII::new(width, key) })
}

/// One key. It exists only if the processor has the instructions of its width: `with_width` checks that, and nothing
/// else makes one.
struct DeoxysII {
    width: Width,
    subkeys: Subkeys,
}

impl DeoxysII {
    #[target_feature(enable = "ssse3")]
    fn new(width: Width, key: &[u8; KEY_LEN]) -> Box<Self> {
        // Initialized in place: a copy on the stack would not be wiped.
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
