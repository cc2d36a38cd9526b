//! ChaCha20 (RFC 8439) in two layouts.
//!
//! - *Sixteen blocks*: register `i` holds word `i` of sixteen blocks. All four quarter rounds of a
//!   round are independent, and no word moves between registers until the final transposition.
//! - *Four blocks*: register `i` holds row `i` of four blocks, each with a counter of its own. It
//!   takes a third of the time, and serves the first block, the last blocks and HChaCha20.

use super::super::KEY_LEN;
use super::registers::{Line, load, low_u128, store};
use std::arch::x86_64::*;
use std::hint::black_box;
use zeroize::Zeroizing;

/// Blocks that are computed together.
pub(super) const GROUP: usize = 16;

/// The bytes of sixteen blocks.
pub(super) type Piece = [Line; GROUP];

/// Words of the block function's state, or of as many blocks.
type Words = [__m512i; GROUP];

const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Two rounds each: a column round and a diagonal round.
pub(super) const DOUBLE_ROUNDS: usize = 10;

/// The keystream of one key and nonce. It is wiped on drop.
pub(super) struct Keystream {
    key: Zeroizing<[u32; 8]>,
    nonce: [u32; 3],
}

impl Keystream {
    /// Creates the keystream of ChaCha20.
    pub(super) fn new(key: &[u8; KEY_LEN], nonce: &[u8; 12]) -> Self {
        Self {
            key: Zeroizing::new(words(key)),
            nonce: words(nonce),
        }
    }

    /// Creates the keystream of XChaCha20: HChaCha20 makes a subkey from the key and the first 16 bytes of the nonce.
    /// The rest becomes the end of a 12-byte nonce (draft-irtf-cfrg-xchacha-03, section 2.3).
    #[target_feature(enable = "avx512f")]
    pub(super) fn extended(key: &[u8; KEY_LEN], nonce: &[u8; 24]) -> Self {
        let key = Zeroizing::new(words(key));
        let [a, b, c, d, e, f] = words(nonce);
        let [first, _, _, last] = rounds_of_rows(rows(&key, [[a, b, c, d]; 4]));
        // HChaCha20 returns the first and the last row, without adding the initial state.
        let mut subkey = Zeroizing::new([0; 8]);
        let (rows, _) = subkey.as_chunks_mut::<4>();
        for (row, register) in rows.iter_mut().zip([first, last]) {
            *row = words(&low_u128(register).to_le_bytes());
        }
        Self {
            key: subkey,
            nonce: [0, e, f],
        }
    }

    /// Returns the four blocks with these numbers.
    #[target_feature(enable = "avx512f")]
    pub(super) fn four(&self, numbers: [u32; 4]) -> Zeroizing<[__m512i; 4]> {
        let [x, y, z] = self.nonce;
        let start = rows(&self.key, numbers.map(|number| [number, x, y, z]));
        let mut rows = rounds_of_rows(start);
        for (row, start) in rows.iter_mut().zip(start) {
            *row = _mm512_add_epi32(*row, start);
        }
        Zeroizing::new(transpose_lanes(rows))
    }

    /// Returns the sixteen blocks from number `first` on.
    #[target_feature(enable = "avx512f")]
    pub(super) fn sixteen(&self, first: u32) -> Zeroizing<Words> {
        Zeroizing::new(self.finish(first, self.rounds(first)))
    }

    /// XORs a piece with the sixteen blocks from number `first` on.
    #[target_feature(enable = "avx512f")]
    pub(super) fn mask(&self, first: u32, piece: &mut Piece) {
        xor_piece(None, piece, self.finish(first, self.rounds(first)));
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn rounds(&self, first: u32) -> Words {
        let mut state = self.start(first);
        for _ in 0..DOUBLE_ROUNDS {
            column_round(&mut state);
            diagonal_round(&mut state);
        }
        state
    }

    /// Returns the initial state of sixteen blocks, the first of which has the number `first`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn start(&self, first: u32) -> Words {
        let mut state = [_mm512_set1_epi32(first as i32); GROUP];
        for (word, constant) in state[..4].iter_mut().zip(CONSTANTS) {
            *word = _mm512_set1_epi32(constant as i32);
        }
        for (word, key) in state[4..12].iter_mut().zip(*self.key) {
            *word = _mm512_set1_epi32(key as i32);
        }
        let offsets = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        state[12] = _mm512_add_epi32(state[12], offsets);
        for (word, nonce) in state[13..].iter_mut().zip(self.nonce) {
            *word = _mm512_set1_epi32(nonce as i32);
        }
        state
    }

    /// Turns the state after the rounds into the blocks from number `first` on.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn finish(&self, first: u32, mut state: Words) -> Words {
        // Opaque: the compiler would otherwise keep the initial state through the rounds, and spill
        // it to the stack for lack of registers.
        let start = black_box(self).start(first);
        for (word, start) in state.iter_mut().zip(start) {
            *word = _mm512_add_epi32(*word, start);
        }
        transpose(state)
    }
}

/// Reads little-endian words.
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// XORs a piece with its keystream, or sets it to another piece XORed with the keystream.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn xor_piece(from: Option<&Piece>, piece: &mut Piece, keystream: Words) {
    match from {
        Some(from) => {
            for ((line, from), block) in piece.iter_mut().zip(from).zip(keystream) {
                store(line, _mm512_xor_si512(load(from), block));
            }
        }
        None => {
            for (line, block) in piece.iter_mut().zip(keystream) {
                store(line, _mm512_xor_si512(load(line), block));
            }
        }
    }
}

/// XORs at most as many bytes as the blocks have.
#[target_feature(enable = "avx512f")]
pub(super) fn xor_bytes(bytes: &mut [u8], blocks: &[__m512i]) {
    for (bytes, block) in bytes.chunks_mut(size_of::<Line>()).zip(blocks) {
        let mut line = [0; size_of::<Line>()];
        line[..bytes.len()].copy_from_slice(bytes);
        let masked = _mm512_xor_si512(load(&line), *block);
        store(&mut line, masked);
        bytes.copy_from_slice(&line[..bytes.len()]);
    }
}

/// The column round on sixteen blocks.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn column_round(state: &mut Words) {
    quarter_rounds::<0>(state);
}

/// The diagonal round on sixteen blocks.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn diagonal_round(state: &mut Words) {
    quarter_rounds::<1>(state);
}

/// Four quarter rounds side by side. In row `n` of the state, the words are `n * SHIFT` further.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarter_rounds<const SHIFT: usize>(state: &mut Words) {
    let at = |row: usize, i: usize| 4 * row + (i + row * SHIFT) % 4;
    add_xor_rotate::<16>(state, |i| [at(0, i), at(1, i), at(3, i)]);
    add_xor_rotate::<12>(state, |i| [at(2, i), at(3, i), at(1, i)]);
    add_xor_rotate::<8>(state, |i| [at(0, i), at(1, i), at(3, i)]);
    add_xor_rotate::<7>(state, |i| [at(2, i), at(3, i), at(1, i)]);
}

/// Does `sum += addend; target = (target ^ sum) <<< BITS` four times. `at` gives the places of `sum`,
/// `addend` and `target`.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_xor_rotate<const BITS: i32>(state: &mut Words, at: impl Fn(usize) -> [usize; 3]) {
    for i in 0..4 {
        let [sum, addend, target] = at(i);
        state[sum] = _mm512_add_epi32(state[sum], state[addend]);
        state[target] = _mm512_xor_si512(state[target], state[sum]);
    }
    // A rotation takes two cycles, and the processor rotates in half of its units only.
    for i in 0..4 {
        let [_, _, target] = at(i);
        state[target] = _mm512_rol_epi32::<BITS>(state[target]);
    }
}

/// Turns word `i` of sixteen blocks in register `i` into block `i` in register `i`.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(words: Words) -> Words {
    // First in every 128-bit lane: register 4 i + j gets row i of the blocks j, j + 4, j + 8, j + 12.
    let mut rows = words;
    for i in 0..4 {
        let [a, b, c, d] = std::array::from_fn(|word| words[4 * i + word]);
        let [ab, cd] = [_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d)];
        rows[4 * i] = _mm512_unpacklo_epi64(ab, cd);
        rows[4 * i + 1] = _mm512_unpackhi_epi64(ab, cd);
        let [ab, cd] = [_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d)];
        rows[4 * i + 2] = _mm512_unpacklo_epi64(ab, cd);
        rows[4 * i + 3] = _mm512_unpackhi_epi64(ab, cd);
    }
    // Then among the lanes.
    let mut blocks = rows;
    for j in 0..4 {
        let four = transpose_lanes([rows[j], rows[4 + j], rows[8 + j], rows[12 + j]]);
        for (i, block) in four.into_iter().enumerate() {
            blocks[4 * i + j] = block;
        }
    }
    blocks
}

/// Turns row `i` of four blocks in register `i` into block `i` in register `i`.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_lanes([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    const FIRST_TWO: i32 = 0b01_00_01_00;
    const LAST_TWO: i32 = 0b11_10_11_10;
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let ab = _mm512_shuffle_i32x4::<FIRST_TWO>(a, b);
    let cd = _mm512_shuffle_i32x4::<FIRST_TWO>(c, d);
    let ab_last = _mm512_shuffle_i32x4::<LAST_TWO>(a, b);
    let cd_last = _mm512_shuffle_i32x4::<LAST_TWO>(c, d);
    [
        _mm512_shuffle_i32x4::<EVEN>(ab, cd),
        _mm512_shuffle_i32x4::<ODD>(ab, cd),
        _mm512_shuffle_i32x4::<EVEN>(ab_last, cd_last),
        _mm512_shuffle_i32x4::<ODD>(ab_last, cd_last),
    ]
}

/// Returns the rows of four blocks, which differ in the last row.
#[inline]
#[target_feature(enable = "avx512f")]
fn rows(key: &[u32; 8], last: [[u32; 4]; 4]) -> [__m512i; 4] {
    let row = |[a, b, c, d]: [u32; 4]| _mm512_setr4_epi32(a as i32, b as i32, c as i32, d as i32);
    let [a, b, c, d, e, f, g, h] = *key;
    let lane = |row: [u32; 4]| row.map(|word| word as i32);
    let [[i, j, k, l], [m, n, o, p], [q, r, s, t], [u, v, w, x]] = last.map(lane);
    [
        row(CONSTANTS),
        row([a, b, c, d]),
        row([e, f, g, h]),
        _mm512_setr_epi32(i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x),
    ]
}

/// The twenty rounds on rows. Rotating the rows turns diagonals into columns, and back.
#[inline]
#[target_feature(enable = "avx512f")]
fn rounds_of_rows(mut rows: [__m512i; 4]) -> [__m512i; 4] {
    const BY_1: i32 = 0b00_11_10_01;
    const BY_2: i32 = 0b01_00_11_10;
    const BY_3: i32 = 0b10_01_00_11;
    for _ in 0..DOUBLE_ROUNDS {
        let [a, b, c, d] = round_of_rows(rows);
        let [a, b, c, d] = round_of_rows([
            a,
            _mm512_shuffle_epi32::<BY_1>(b),
            _mm512_shuffle_epi32::<BY_2>(c),
            _mm512_shuffle_epi32::<BY_3>(d),
        ]);
        rows = [
            a,
            _mm512_shuffle_epi32::<BY_3>(b),
            _mm512_shuffle_epi32::<BY_2>(c),
            _mm512_shuffle_epi32::<BY_1>(d),
        ];
    }
    rows
}

#[inline]
#[target_feature(enable = "avx512f")]
fn round_of_rows([mut a, mut b, mut c, mut d]: [__m512i; 4]) -> [__m512i; 4] {
    a = _mm512_add_epi32(a, b);
    d = _mm512_rol_epi32::<16>(_mm512_xor_si512(d, a));
    c = _mm512_add_epi32(c, d);
    b = _mm512_rol_epi32::<12>(_mm512_xor_si512(b, c));
    a = _mm512_add_epi32(a, b);
    d = _mm512_rol_epi32::<8>(_mm512_xor_si512(d, a));
    c = _mm512_add_epi32(c, d);
    b = _mm512_rol_epi32::<7>(_mm512_xor_si512(b, c));
    [a, b, c, d]
}
