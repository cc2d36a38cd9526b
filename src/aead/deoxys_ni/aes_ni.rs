//! Groups of 8 blocks, each in a register of its own: enough to keep the AES units busy, while leaving registers for
//! the rest.

use super::lanes::{Block, load, store};
use super::subkeys::{Offsets, Subkeys, number};
use std::arch::x86_64::*;

/// The number of blocks in a group.
const GROUP: usize = 8;

static OFFSETS: Offsets<GROUP> = Offsets::new();

/// XORs each block with the encryption of `nonce` under the block's number and what was added to the
/// subkeys for the whole message. `first` is the first block's number, a multiple of the group's size.
#[target_feature(enable = "aes,ssse3")]
pub(super) fn mask(message: &Subkeys, first: u64, nonce: __m128i, groups: &mut [[Block; GROUP]]) {
    let mut subkeys = Subkeys::zero();
    for (first, group) in (first..).step_by(GROUP).zip(groups) {
        subkeys.add(message, number(first));
        let masks = encrypt(&subkeys, [nonce; GROUP]);
        for (block, mask) in group.iter_mut().zip(masks) {
            store(block, _mm_xor_si128(load(block), mask));
        }
    }
}

/// The XOR of the encryptions of the blocks, each under its number. `first` is as above.
#[target_feature(enable = "aes,ssse3")]
pub(super) fn sum(message: &Subkeys, first: u64, groups: &[[Block; GROUP]]) -> __m128i {
    let mut subkeys = Subkeys::zero();
    let mut sum = _mm_setzero_si128();
    for (first, group) in (first..).step_by(GROUP).zip(groups) {
        subkeys.add(message, number(first));
        let mut blocks = [sum; GROUP];
        for (register, block) in blocks.iter_mut().zip(group) {
            *register = load(block);
        }
        for block in encrypt(&subkeys, blocks) {
            sum = _mm_xor_si128(sum, block);
        }
    }
    sum
}

/// Encrypts a group, whose first block's number was added to the subkeys.
#[inline]
#[target_feature(enable = "aes")]
fn encrypt(subkeys: &Subkeys, mut blocks: [__m128i; GROUP]) -> [__m128i; GROUP] {
    let [first, rounds @ ..] = &subkeys.0;
    for (block, offset) in blocks.iter_mut().zip(OFFSETS.of(0)) {
        *block = _mm_xor_si128(*block, _mm_xor_si128(*first, load(offset)));
    }
    for (round, subkey) in (1..).zip(rounds) {
        for (block, offset) in blocks.iter_mut().zip(OFFSETS.of(round)) {
            *block = _mm_aesenc_si128(*block, _mm_xor_si128(*subkey, load(offset)));
        }
    }
    blocks
}
