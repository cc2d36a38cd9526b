//! The AEAD of RFC 8439, section 2.8: ChaCha20 and Poly1305 of one message at the same time.
//!
//! A message is processed in pieces of sixteen blocks. While the keystream of a piece is computed, Poly1305 takes a
//! piece of ciphertext: the one before when sealing, the same one when opening. The two do not depend on each other, so
//! the processor interleaves them, and everything stays in registers and its first-level cache.

use super::super::{AeadError, TAG_LEN, Tag};
use super::chacha20::{
    DOUBLE_ROUNDS, GROUP, Keystream, Piece, column_round, diagonal_round, xor_bytes, xor_piece,
};
use super::poly1305::{Lanes, Mac, OneTimeKey, Products, Step};
use super::registers::{Line, low_u128, second_u128};
use ctutils::CtEq;
use std::arch::x86_64::*;
use zeroize::Zeroizing;

/// The maximum length under one nonce: the number of a block has 32 bits, and block 0 is the key of Poly1305.
const LEN_MAX: u64 = u32::MAX as u64 * size_of::<Line>() as u64;

/// The number of the first block that encrypts.
const FIRST: u32 = 1;

/// The state of one message.
struct Message {
    keystream: Keystream,
    one_time: OneTimeKey,
    /// The blocks behind the last whole piece.
    last: Zeroizing<[__m512i; 4]>,
    /// The number of the first of them.
    last_number: u32,
}

impl Message {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(keystream: Keystream, ad: &[u8], len: usize) -> Result<Self, AeadError> {
        if len as u64 > LEN_MAX {
            return Err(AeadError::MessageLength);
        }
        let whole_pieces = len / size_of::<Piece>();
        // It fits: the length was checked, and a piece is a power of two.
        let last_number = (whole_pieces * GROUP) as u32 + FIRST;
        // Block 0 and three of the last blocks cost no more than block 0 alone.
        let after = |n| last_number.wrapping_add(n);
        let last = keystream.four([0, last_number, after(1), after(2)]);
        let [first, ..] = *last;
        let longest = len.max(ad.len());
        let one_time = OneTimeKey::new(low_u128(first), second_u128(first), longest);
        Ok(Self {
            keystream,
            one_time,
            last,
            last_number,
        })
    }

    /// XORs what is behind the last whole piece with the keystream.
    #[target_feature(enable = "avx512f")]
    fn mask_rest(&self, rest: &mut [u8]) {
        let [_, last @ ..] = &*self.last;
        if rest.len() <= size_of_val(last) {
            xor_bytes(rest, last);
        } else {
            xor_bytes(rest, &*self.keystream.sixteen(self.last_number));
        }
    }

    /// XORs a piece with its keystream, and meanwhile authenticates `ciphertext`, or else this piece as it was. The
    /// piece is read from `from`, if given.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn mask(
        &self,
        first: u32,
        lanes: &mut Lanes,
        ciphertext: Option<&Piece>,
        from: Option<&Piece>,
        piece: &mut Piece,
    ) {
        // Five double rounds for each step.
        const _: () = assert!(size_of::<Piece>() / size_of::<Step>() * 5 == DOUBLE_ROUNDS);
        let mut state = self.keystream.start(first);
        let mut sums = *lanes;
        let (steps, _) = ciphertext.unwrap_or(piece).as_chunks();
        for step in steps {
            let mut products = Products::of_last_group(step);
            for behind in 1..=3 {
                column_round(&mut state);
                products.add_group(&self.one_time, step, behind);
                diagonal_round(&mut state);
            }
            column_round(&mut state);
            products.add_lanes(&self.one_time, sums);
            diagonal_round(&mut state);
            column_round(&mut state);
            sums = products.carry();
            diagonal_round(&mut state);
        }
        *lanes = sums;
        xor_piece(from, piece, self.keystream.finish(first, state));
    }
}

/// Divides a message into its whole pieces and the rest.
fn cut(buffer: &mut [u8]) -> (&mut [Piece], &mut [u8]) {
    let whole = buffer.len() - buffer.len() % size_of::<Piece>();
    let (whole, rest) = buffer.split_at_mut(whole);
    let (lines, _) = whole.as_chunks_mut();
    let (pieces, _) = lines.as_chunks_mut();
    (pieces, rest)
}

/// Encrypts `buffer`, and returns the tag.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn seal(keystream: Keystream, ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
    let len = buffer.len();
    let message = Message::new(keystream, ad, len)?;
    let mut mac = Mac::new(&message.one_time);
    mac.padded(ad);
    let (pieces, rest) = cut(buffer);
    message.mask_rest(rest);
    let mut unauthenticated = 0;
    if let Some((first, others)) = pieces.split_first_mut() {
        message.keystream.mask(FIRST, first);
        let mut before = first;
        let mut number = FIRST;
        let mut lanes = mac.spread();
        for piece in others {
            number += GROUP as u32;
            message.mask(number, &mut lanes, Some(before), None, piece);
            before = piece;
            unauthenticated += size_of::<Piece>();
        }
        mac.gather(lanes);
    }
    mac.padded(&buffer[unauthenticated..]);
    mac.lengths(ad.len(), len);
    Ok(*mac.tag())
}

/// Decrypts `buffer`, and returns whether the tag matches the ciphertext. If it does not, the caller wipes the buffer.
///
/// The ciphertext is read from `from`, which has the same length, if given.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn open(
    keystream: Keystream,
    ad: &[u8],
    from: Option<&[u8]>,
    buffer: &mut [u8],
    tag: &Tag,
) -> Result<(), AeadError> {
    let len = buffer.len();
    let message = Message::new(keystream, ad, len)?;
    let mut mac = Mac::new(&message.one_time);
    mac.padded(ad);
    let (pieces, rest) = cut(buffer);
    if let Some(from) = from {
        rest.copy_from_slice(&from[len - rest.len()..]);
    }
    if !pieces.is_empty() {
        let (from, _) = from.unwrap_or_default().as_chunks();
        let (from, _) = from.as_chunks();
        let mut number = FIRST;
        let mut lanes = mac.spread();
        for (i, piece) in pieces.iter_mut().enumerate() {
            let from = from.get(i);
            message.mask(number, &mut lanes, from, from, piece);
            number = number.wrapping_add(GROUP as u32);
        }
        mac.gather(lanes);
    }
    mac.padded(rest);
    message.mask_rest(rest);
    mac.lengths(ad.len(), len);
    // For a forgery, it would be the right tag of another message, so nobody may see it.
    let right = mac.tag();
    if right.ct_eq(tag).to_bool() {
        Ok(())
    } else {
        Err(AeadError::Tag)
    }
}

/// Returns the tag of a ciphertext without associated data, under a key that has taken nothing yet.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn tag(key: &OneTimeKey, ciphertext: &[u8]) -> Zeroizing<[u8; TAG_LEN]> {
    let mut mac = Mac::new(key);
    mac.padded(ciphertext);
    mac.lengths(0, ciphertext.len());
    mac.tag()
}
