//! Loads and stores registers. The types have the registers' size, so these functions are safe to call.

use std::arch::x86_64::*;

/// The bytes of one register, and one block of ChaCha20.
pub(super) type Line = [u8; 64];

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(line: &Line) -> __m512i {
    // SAFETY: reads the 64 bytes of `line`; the instruction accepts any alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(line: &mut Line, register: __m512i) {
    // SAFETY: writes the 64 bytes of `line`; the instruction accepts any alignment.
    unsafe { _mm512_storeu_si512(line.as_mut_ptr().cast(), register) }
}

/// Returns the lowest 16 bytes as a little-endian number.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn low_u128(register: __m512i) -> u128 {
    let lane = _mm512_castsi512_si128(register);
    let [low, high] = [_mm_cvtsi128_si64(lane), _mm_extract_epi64::<1>(lane)];
    u128::from(low as u64) | u128::from(high as u64) << 64
}

/// Returns bytes 16 to 31 as a little-endian number.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn second_u128(register: __m512i) -> u128 {
    low_u128(_mm512_castsi128_si512(_mm512_extracti32x4_epi32::<1>(
        register,
    )))
}
