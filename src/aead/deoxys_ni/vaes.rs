//! Groups of 32 blocks, four in each of 8 registers.

use super::lanes::{Block, load_four, store_four};
use super::subkeys::{Offsets, Subkeys, number};
use std::arch::x86_64::*;

/// The number of blocks in a group.
const GROUP: usize = 32;

/// The registers that hold them.
const REGISTERS: usize = GROUP / 4;

static OFFSETS: Offsets<GROUP> = Offsets::new();

/// What `aes_ni::mask` does.
#[target_feature(enable = "avx512f,vaes")]
pub(super) fn mask(message: &Subkeys, first: u64, nonce: __m128i, groups: &mut [[Block; GROUP]]) {
    let nonce = _mm512_broadcast_i32x4(nonce);
    let mut subkeys = Subkeys::zero();
    for (first, group) in (first..).step_by(GROUP).zip(groups) {
        subkeys.add(message, number(first));
        let masks = encrypt(&subkeys, [nonce; REGISTERS]);
        let (fours, _) = group.as_chunks_mut();
        for (blocks, mask) in fours.iter_mut().zip(masks) {
            store_four(blocks, _mm512_xor_si512(load_four(blocks), mask));
        }
    }
}

/// What `aes_ni::sum` does.
#[target_feature(enable = "avx512f,vaes")]
pub(super) fn sum(message: &Subkeys, first: u64, groups: &[[Block; GROUP]]) -> __m128i {
    let mut subkeys = Subkeys::zero();
    let mut sum = _mm512_setzero_si512();
    for (first, group) in (first..).step_by(GROUP).zip(groups) {
        subkeys.add(message, number(first));
        let mut blocks = [sum; REGISTERS];
        let (fours, _) = group.as_chunks();
        for (register, four) in blocks.iter_mut().zip(fours) {
            *register = load_four(four);
        }
        for four in encrypt(&subkeys, blocks) {
            sum = _mm512_xor_si512(sum, four);
        }
    }
    let lanes = [
        _mm512_extracti32x4_epi32::<0>(sum),
        _mm512_extracti32x4_epi32::<1>(sum),
        _mm512_extracti32x4_epi32::<2>(sum),
        _mm512_extracti32x4_epi32::<3>(sum),
    ];
    let mut sum = _mm_setzero_si128();
    for lane in lanes {
        sum = _mm_xor_si128(sum, lane);
    }
    sum
}

/// Encrypts a group, whose first block's number was added to the subkeys.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn encrypt(subkeys: &Subkeys, mut blocks: [__m512i; REGISTERS]) -> [__m512i; REGISTERS] {
    for (round, subkey) in subkeys.0.iter().enumerate() {
        let subkey = _mm512_broadcast_i32x4(*subkey);
        let (offsets, _) = OFFSETS.of(round).as_chunks();
        for (block, four) in blocks.iter_mut().zip(offsets) {
            let subkey = _mm512_xor_si512(subkey, load_four(four));
            *block = if round == 0 {
                _mm512_xor_si512(*block, subkey)
            } else {
                _mm512_aesenc_epi128(*block, subkey)
            };
        }
    }
    blocks
}
