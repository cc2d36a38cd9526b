//! Loads and stores registers. The types have the registers' sizes, so these functions are safe to call.

use std::arch::x86_64::*;

/// One block of the cipher.
pub(super) type Block = [u8; 16];

#[inline]
pub(super) fn load(block: &Block) -> __m128i {
    // SAFETY: reads the 16 bytes that `block` has; the address may be any. SSE2 is part of x86-64.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
pub(super) fn store(block: &mut Block, register: __m128i) {
    // SAFETY: writes the 16 bytes that `block` has; the address may be any. SSE2 as above.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), register) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_four(blocks: &[Block; 4]) -> __m512i {
    // SAFETY: reads the 64 bytes that `blocks` has; the address may be any.
    unsafe { _mm512_loadu_si512(blocks.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store_four(blocks: &mut [Block; 4], register: __m512i) {
    // SAFETY: writes the 64 bytes that `blocks` has; the address may be any.
    unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), register) }
}
