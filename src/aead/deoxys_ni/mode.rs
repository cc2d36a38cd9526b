//! Deoxys-II: the message is authenticated first, and encrypted with the tag in the tweak.
//!
//! Every block is encrypted under a tweak of its own: four bits for its purpose, and its number, or the nonce, or the
//! tag. The four bits are the first of the tweak.

use super::super::{AeadError, Tag};
use super::lanes::{Block, load, store};
use super::subkeys::{Subkeys, number};
use super::{DeoxysII, Width, aes_ni, vaes};
use ctutils::CtEq;
use std::arch::x86_64::*;
use zeroize::Zeroizing;

const BLOCK_LEN: usize = size_of::<Block>();

/// The purpose of authenticated blocks: the first byte of their tweaks.
struct Domain {
    /// For whole blocks.
    whole: u8,
    /// For the last block, if it is padded.
    padded: u8,
}

const AD: Domain = Domain {
    whole: 0x20,
    padded: 0x60,
};

const MESSAGE: Domain = Domain {
    whole: 0x00,
    padded: 0x40,
};

/// The first byte of the tweak that makes the tag of the sum; the nonce follows.
const TAG: u8 = 0x10;

/// The first bit of the tweaks that encrypt; the tag's other bits follow, XORed with the number.
const ENCRYPT: u8 = 0x80;

impl DeoxysII {
    /// Encrypts `buffer`, and returns the tag.
    #[target_feature(enable = "aes,ssse3")]
    pub(super) fn seal_blocks(&self, nonce: &[u8; 15], ad: &[u8], buffer: &mut [u8]) -> Tag {
        let tag = self.tag(nonce, ad, buffer);
        self.mask(nonce, &tag, buffer);
        tag
    }

    /// Decrypts `buffer`, and returns whether the tag matches the plaintext. If it does not, the caller wipes the
    /// buffer.
    #[target_feature(enable = "aes,ssse3")]
    pub(super) fn open_blocks(
        &self,
        nonce: &[u8; 15],
        ad: &[u8],
        buffer: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        self.mask(nonce, tag, buffer);
        // For a forgery, it would be the right tag of another message, so nobody may see it.
        let right = Zeroizing::new(self.tag(nonce, ad, buffer));
        if right.ct_eq(tag).to_bool() {
            Ok(())
        } else {
            Err(AeadError::Tag)
        }
    }

    /// Returns the tag of a plaintext and its associated data.
    #[target_feature(enable = "aes,ssse3")]
    fn tag(&self, nonce: &[u8; 15], ad: &[u8], plaintext: &[u8]) -> Tag {
        let sum = _mm_xor_si128(self.sum(&AD, ad), self.sum(&MESSAGE, plaintext));
        let mut tag = Tag::default();
        store(&mut tag, self.subkeys.encrypt(after(TAG, nonce), sum));
        tag
    }

    /// Returns the XOR of the encryptions of all blocks. An incomplete last block is padded with a one and zeros.
    #[target_feature(enable = "aes,ssse3")]
    fn sum(&self, domain: &Domain, bytes: &[u8]) -> __m128i {
        let mut subkeys = Subkeys::zero();
        subkeys.add(&self.subkeys, prefix(domain.whole));
        let (blocks, rest) = bytes.as_chunks();
        let sum = self.sum_whole(&subkeys, blocks);
        if rest.is_empty() {
            return sum;
        }
        let mut last = Zeroizing::new(Block::default());
        last[..rest.len()].copy_from_slice(rest);
        last[rest.len()] = 0x80;
        let tweak = _mm_xor_si128(prefix(domain.padded), number(blocks.len() as u64));
        _mm_xor_si128(sum, self.subkeys.encrypt(tweak, load(&last)))
    }

    #[target_feature(enable = "aes,ssse3")]
    fn sum_whole(&self, subkeys: &Subkeys, blocks: &[Block]) -> __m128i {
        let (mut sum, mut done) = (_mm_setzero_si128(), 0);
        let mut blocks = blocks;
        if self.width == Width::Vaes512x32 {
            let (groups, rest) = blocks.as_chunks();
            // SAFETY: a `DeoxysII` of this width exists only if the processor has the instructions.
            sum = unsafe { vaes::sum(subkeys, done, groups) };
            done += groups.as_flattened().len() as u64;
            blocks = rest;
        }
        let (groups, rest) = blocks.as_chunks();
        sum = _mm_xor_si128(sum, aes_ni::sum(subkeys, done, groups));
        done += groups.as_flattened().len() as u64;
        for (at, block) in (done..).zip(rest) {
            sum = _mm_xor_si128(sum, subkeys.encrypt(number(at), load(block)));
        }
        sum
    }

    /// XORs each block with the encryption of the nonce under its number and the tag; both ways.
    #[target_feature(enable = "aes,ssse3")]
    fn mask(&self, nonce: &[u8; 15], tag: &Tag, buffer: &mut [u8]) {
        let nonce = after(0, nonce);
        let mut subkeys = Subkeys::zero();
        let tweak = _mm_or_si128(load(tag), prefix(ENCRYPT));
        subkeys.add(&self.subkeys, tweak);
        let (mut blocks, last) = buffer.as_chunks_mut();
        let mut done = 0;
        if self.width == Width::Vaes512x32 {
            let (groups, rest) = blocks.as_chunks_mut();
            // SAFETY: as in `sum_whole`.
            unsafe { vaes::mask(&subkeys, done, nonce, groups) };
            done += groups.as_flattened().len() as u64;
            blocks = rest;
        }
        let (groups, rest) = blocks.as_chunks_mut();
        aes_ni::mask(&subkeys, done, nonce, groups);
        done += groups.as_flattened().len() as u64;
        let mut mask = Zeroizing::new(Block::default());
        let rest = rest.as_flattened_mut().chunks_mut(BLOCK_LEN);
        for (at, block) in (done..).zip(rest.chain(last.chunks_mut(BLOCK_LEN))) {
            store(&mut mask, subkeys.encrypt(number(at), nonce));
            for (byte, mask) in block.iter_mut().zip(mask.iter()) {
                *byte ^= mask;
            }
        }
    }
}

/// Returns the tweak with `first` and zeros.
fn prefix(first: u8) -> __m128i {
    after(first, &[0; 15])
}

/// Returns `first`, followed by `rest`.
fn after(first: u8, rest: &[u8; 15]) -> __m128i {
    let mut block = Block::default();
    block[0] = first;
    block[1..].copy_from_slice(rest);
    load(&block)
}
