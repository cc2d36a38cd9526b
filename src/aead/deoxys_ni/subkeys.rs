//! The tweakey schedule of Deoxys-BC-384: 17 subkeys from a key, and from those the subkeys of a
//! tweak.

use super::super::KEY_LEN;
use super::lanes::{Block, load};
use std::arch::x86_64::*;
use std::hint::black_box;
use zeroize::Zeroize;

/// One before the first of the 16 rounds, and one in each round.
const COUNT: usize = 17;

/// The byte permutation of the schedule: byte i becomes what byte h(i) was.
const H: Block = [1, 6, 11, 12, 5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8];

/// The order of h: applied this many times, it moves every byte back.
const PERIOD: usize = 8;

/// The round constants, four times each in the second column of a subkey; the first column holds
/// 1, 2, 4, 8.
const ROUND_CONSTANTS: [u8; COUNT] = [
    0x2f, 0x5e, 0xbc, 0x63, 0xc6, 0x97, 0x35, 0x6a, 0xd4, 0xb3, 0x7d, 0xfa, 0xef, 0xc5, 0x91, 0x39,
    0x72,
];

/// The subkeys of a key, to which parts of a tweak may have been added. They are wiped on drop.
pub(super) struct Subkeys(pub(super) [__m128i; COUNT]);

impl Drop for Subkeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Subkeys {
    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn zero() -> Self {
        Self([_mm_setzero_si128(); COUNT])
    }

    /// Makes these the subkeys of a key under the tweak 0.
    #[target_feature(enable = "ssse3")]
    pub(super) fn expand(&mut self, key: &[u8; KEY_LEN]) {
        // The key is the second and third part of the tweakey, the third first.
        let ([third, second], []) = key.as_chunks() else {
            unreachable!("a key is two blocks")
        };
        let (mut second, mut third) = (load(second), load(third));
        for (subkey, constant) in self.0.iter_mut().zip(ROUND_CONSTANTS) {
            let mut constants = [1, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            constants[4..8].fill(constant);
            *subkey = _mm_xor_si128(_mm_xor_si128(second, third), load(&constants));
            second = shift_left(permute(second));
            third = shift_right(permute(third));
        }
    }

    /// Sets these to `base` with `tweak` added to its tweak.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(super) fn add(&mut self, base: &Self, tweak: __m128i) {
        // Opaque: otherwise the compiler would load `base` once for a whole loop, and spill what registers cannot hold
        // to memory that nobody wipes.
        let base = black_box(base);
        let mut part = tweak;
        for round in 0..PERIOD {
            for round in [round, round + PERIOD] {
                self.0[round] = _mm_xor_si128(base.0[round], part);
            }
            part = permute(part);
        }
        // The permutation is back at the start, and one subkey is left.
        self.0[2 * PERIOD] = _mm_xor_si128(base.0[2 * PERIOD], part);
    }

    /// Encrypts one block, under `tweak` added to what was added before.
    #[target_feature(enable = "aes,ssse3")]
    pub(super) fn encrypt(&self, tweak: __m128i, block: __m128i) -> __m128i {
        let mut subkeys = Self::zero();
        subkeys.add(self, tweak);
        let [first, rounds @ ..] = &subkeys.0;
        let mut state = _mm_xor_si128(block, *first);
        for &subkey in rounds {
            state = _mm_aesenc_si128(state, subkey);
        }
        state
    }
}

/// Returns the tweak with only the number of a block: in its second half, big-endian.
#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn number(block: u64) -> __m128i {
    _mm_set_epi64x(block.swap_bytes().cast_signed(), 0)
}

#[inline]
#[target_feature(enable = "ssse3")]
fn permute(part: __m128i) -> __m128i {
    _mm_shuffle_epi8(part, load(&H))
}

/// The shift register of the tweakey's second part, in each byte: x7 … x0 become x6 … x0, x7 ⊕ x5. Bytes cannot be
/// shifted, so the shifts of longer words are masked.
#[target_feature(enable = "sse2")]
fn shift_left(part: __m128i) -> __m128i {
    let back = _mm_xor_si128(_mm_srli_epi16::<7>(part), _mm_srli_epi16::<5>(part));
    let back = _mm_and_si128(back, _mm_set1_epi8(1));
    _mm_or_si128(_mm_add_epi8(part, part), back)
}

/// The shift register of the third part, the inverse: x7 … x0 become x0 ⊕ x6, x7 … x1.
#[target_feature(enable = "sse2")]
fn shift_right(part: __m128i) -> __m128i {
    let back = _mm_xor_si128(_mm_slli_epi16::<7>(part), _mm_slli_epi16::<1>(part));
    let back = _mm_and_si128(back, _mm_set1_epi8(i8::MIN));
    let shifted = _mm_and_si128(_mm_srli_epi16::<1>(part), _mm_set1_epi8(i8::MAX));
    _mm_or_si128(shifted, back)
}

/// What the numbers 0, 1, …, N − 1 add to the subkeys, by round and number; the table repeats after eight rounds. It is
/// aligned so that instructions can read it directly from memory.
#[repr(align(64))]
pub(super) struct Offsets<const N: usize>([[Block; N]; PERIOD]);

impl<const N: usize> Offsets<N> {
    pub(super) const fn new() -> Self {
        let mut table = [[[0; 16]; N]; PERIOD];
        let mut number = 0;
        while number < N {
            let mut part = [0; 16];
            part[15] = number as u8;
            let mut round = 0;
            while round < PERIOD {
                table[round][number] = part;
                part = permuted(&part);
                round += 1;
            }
            number += 1;
        }
        Self(table)
    }

    #[inline]
    pub(super) fn of(&self, round: usize) -> &[Block; N] {
        &self.0[round % PERIOD]
    }
}

/// `permute` at compile time.
const fn permuted(part: &Block) -> Block {
    let mut moved = [0; 16];
    let mut at = 0;
    while at < moved.len() {
        moved[at] = part[H[at] as usize];
        at += 1;
    }
    moved
}
