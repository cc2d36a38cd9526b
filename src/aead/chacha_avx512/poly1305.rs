//! Poly1305 (RFC 8439, section 2.5) with the 52-bit multiplications of AVX-512 IFMA.
//!
//! Every block of this AEAD is padded to 16 bytes, so each block is `b + 2^128`. Horner's rule gives
//! `sum = sum * r + block` modulo `p = 2^130 - 5`, and the tag is `sum * r + pad` modulo 2^128.
//!
//! Eight lanes hold eight such sums, of every eighth block each. A lane then multiplies by `r^8`, and
//! at the end the lane of block `i` multiplies by `r^(7 - i)` before all lanes are added. Four blocks
//! of a lane are taken at once: `h * r^32 + a * r^24 + b * r^16 + c * r^8 + d`. Only the first product
//! waits for the step before, and the carries are propagated once.
//!
//! # Limbs and their bounds
//!
//! A number is `x0 + x1 * 2^44 + x2 * 2^88`. A product has terms of weight 2^132 and 2^176, which
//! `2^132 = 4 * 2^130 = 20` (modulo p) brings back to the weights 1 and 2^44. That is why a [`Power`] has
//! its upper two limbs times 20 as well.
//!
//! | number | x0 | x1 | x2 | from |
//! |---|---|---|---|---|
//! | block | < 2^44 | < 2^44 | < 2^41 | 128 bits, and the bit 2^128 |
//! | product in scalar registers | < 2^44 | < 2^44 + 2^10 | < 2^42 | [`Limbs::times`] |
//! | product in lanes | < 2^44 + 2^18 | < 2^44 | < 2^42 | [`Products::carry`] |
//! | sum of the eight lanes | < 2^45 | < 2^44 | < 2^42 | [`Mac::gather`] |
//! | product and a block | < 2^46 | < 2^46 | < 2^43 | the two above |
//! | power of r | < 2^44 | < 2^44 + 2^10 | < 2^42 | a product, or r itself |
//! | power of r times 20 | | < 2^49 | < 2^47 | the line above |
//!
//! So everything that is multiplied fits in the 52 bits that the instructions read: it is below 2^46 on
//! the left, and below 2^49 on the right.

use super::registers::{Line, load};
use std::arch::x86_64::*;
use zeroize::{Zeroize, Zeroizing};

const BLOCK_LEN: usize = 16;

/// The number of blocks in as many lanes.
const LANES: usize = 8;

/// Lines of eight blocks.
const LINES: usize = LANES * BLOCK_LEN / size_of::<Line>();

/// What one propagation of carries covers: four groups of eight blocks.
pub(super) type Step = [Line; 4 * LINES];

/// From this length on, computing the powers of r for the lanes pays.
const WIDE_FROM: usize = 512;

const BITS_44: u64 = (1 << 44) - 1;
const BITS_42: u64 = (1 << 42) - 1;

/// The bits of r that are not always zero.
const CLAMP: u128 = 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;

/// A number modulo p, not necessarily the smallest. The bounds are at the top of this file.
#[derive(Clone, Copy, Default)]
struct Limbs([u64; 3]);

impl Limbs {
    #[inline]
    fn of(number: u128) -> Self {
        let [low, high] = [number as u64, (number >> 64) as u64];
        Self([
            low & BITS_44,
            (low >> 44 | high << 20) & BITS_44,
            high >> 24,
        ])
    }

    /// Adds a block, with the bit that marks its end.
    #[inline]
    fn plus_block(self, block: &[u8; BLOCK_LEN]) -> Self {
        let [a0, a1, a2] = self.0;
        let [b0, b1, b2] = Self::of(u128::from_le_bytes(*block)).0;
        Self([a0 + b0, a1 + b1, a2 + b2 + (1 << 40)])
    }

    /// Multiplies.
    #[inline]
    fn times(self, power: &Power) -> Self {
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        let [a0, a1, a2] = self.0;
        let [r0, r1, r2, r1_20, r2_20] = power.0;
        // Each term is below 2^(46 + 49), and a sum below 2^97.
        let d0 = product(a0, r0) + product(a1, r2_20) + product(a2, r1_20);
        let d1 = product(a0, r1) + product(a1, r0) + product(a2, r2_20) + (d0 >> 44);
        // These terms are below 2^(46 + 45), and the carry below 2^54: the sum is below 2^93.
        let d2 = product(a0, r2) + product(a1, r1) + product(a2, r0) + (d1 >> 44);
        // The carry out of 2^130 is below 2^51, and comes back five times: below 2^54.
        let x0 = (d0 as u64 & BITS_44) + 5 * (d2 >> 42) as u64;
        let x1 = (d1 as u64 & BITS_44) + (x0 >> 44);
        Self([x0 & BITS_44, x1, d2 as u64 & BITS_42])
    }

    /// Returns the smallest number that is the same modulo p, less its bits from 2^128 on. `self` is a
    /// product.
    fn reduce(self) -> u128 {
        let [x0, x1, x2] = self.0;
        let x2 = x2 + (x1 >> 44);
        let x1 = x1 & BITS_44;
        // What is above 2^130 is 0 or 1. If it is 1, the rest is below 2^55, so that adding 5 carries
        // nothing there again.
        let x0 = x0 + 5 * (x2 >> 42);
        let x1 = x1 + (x0 >> 44);
        let x2 = (x2 & BITS_42) + (x1 >> 44);
        let [x0, x1] = [x0 & BITS_44, x1 & BITS_44];
        // Now it is below 2^130. It is at least p exactly if adding 5 reaches 2^130.
        let y0 = x0 + 5;
        let y1 = x1 + (y0 >> 44);
        let y2 = x2 + (y1 >> 44);
        // All ones if p is to be subtracted, which is to add 5 and drop 2^130.
        let subtract = (y2 >> 42).wrapping_neg();
        let choose = |x: u64, y: u64| x & !subtract | y & subtract;
        let x0 = choose(x0, y0 & BITS_44);
        let x1 = choose(x1, y1 & BITS_44);
        let x2 = choose(x2, y2 & BITS_42);
        u128::from(x0) | u128::from(x1) << 44 | u128::from(x2) << 88
    }
}

/// A power of r: its three limbs, and the upper two times 20.
#[derive(Clone, Copy, Default)]
struct Power([u64; 5]);

impl Power {
    #[inline]
    fn of(Limbs([x0, x1, x2]): Limbs) -> Self {
        Self([x0, x1, x2, 20 * x1, 20 * x2])
    }

    fn limbs(&self) -> Limbs {
        let [x0, x1, x2, _, _] = self.0;
        Limbs([x0, x1, x2])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn in_all_lanes(&self) -> [__m512i; 5] {
        let mut registers = [_mm512_setzero_si512(); 5];
        for (register, limb) in registers.iter_mut().zip(self.0) {
            *register = _mm512_set1_epi64(limb as i64);
        }
        registers
    }
}

/// The key of one message. It is wiped on drop.
pub(super) struct OneTimeKey {
    /// `r^(i + 1)` at `i`, up to `r^8`; all but the first only if `wide`.
    powers: [Power; LANES],
    /// `r^16`, `r^24` and `r^32`.
    more_powers: [Power; 3],
    pad: u128,
    wide: bool,
}

impl Drop for OneTimeKey {
    fn drop(&mut self) {
        for power in self.powers.iter_mut().chain(&mut self.more_powers) {
            power.0.zeroize();
        }
        self.pad.zeroize();
    }
}

impl OneTimeKey {
    /// Creates the key from its two halves `r` and `pad`, for messages of up to about `longest` bytes.
    pub(super) fn new(r: u128, pad: u128, longest: usize) -> Self {
        let mut key = Self {
            powers: [Power::default(); LANES],
            more_powers: [Power::default(); 3],
            pad,
            wide: longest >= WIDE_FROM,
        };
        key.powers[0] = Power::of(Limbs::of(r & CLAMP));
        if key.wide {
            // From halves, so that few products wait for one another.
            for i in 1..LANES {
                let [half, rest] = [i / 2, (i - 1) / 2];
                let product = key.powers[half].limbs().times(&key.powers[rest]);
                key.powers[i] = Power::of(product);
            }
            let eighth = key.powers[LANES - 1];
            let sixteenth = Power::of(eighth.limbs().times(&eighth));
            key.more_powers = [
                sixteenth,
                Power::of(sixteenth.limbs().times(&eighth)),
                Power::of(sixteenth.limbs().times(&sixteenth)),
            ];
        }
        key
    }

    /// Returns r to the power of 8, 16, 24 or 32, for `groups` from 1 to 4.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn power_of_groups(&self, groups: usize) -> [__m512i; 5] {
        match groups {
            1 => self.powers[LANES - 1].in_all_lanes(),
            more => self.more_powers[more - 2].in_all_lanes(),
        }
    }
}

/// An incomplete sum. It is wiped on drop.
pub(super) struct Mac<'k> {
    key: &'k OneTimeKey,
    sum: Limbs,
}

impl Drop for Mac<'_> {
    fn drop(&mut self) {
        self.sum.0.zeroize();
    }
}

impl<'k> Mac<'k> {
    pub(super) fn new(key: &'k OneTimeKey) -> Self {
        Self {
            key,
            sum: Limbs::default(),
        }
    }

    /// Takes bytes, padded with zeros to a whole number of blocks.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn padded(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if self.key.wide {
            let (lines, _) = bytes.as_chunks();
            let (groups, _) = lines.as_chunks::<LINES>();
            if !groups.is_empty() {
                let lines = groups.as_flattened();
                self.lines(lines);
                bytes = &bytes[lines.as_flattened().len()..];
            }
        }
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            self.block(block);
        }
        if !rest.is_empty() {
            let mut last = [0; BLOCK_LEN];
            last[..rest.len()].copy_from_slice(rest);
            self.block(&last);
        }
    }

    /// Takes a multiple of eight blocks.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn lines(&mut self, lines: &[Line]) {
        let mut lanes = self.spread();
        let (steps, rest) = lines.as_chunks();
        for step in steps {
            lanes.step(self.key, step);
        }
        let (groups, _) = rest.as_chunks();
        for group in groups {
            let mut products = Products::new(blocks(group));
            products.add(lanes.0, self.key.power_of_groups(1));
            lanes = products.carry();
        }
        self.gather(lanes);
    }

    #[inline]
    fn block(&mut self, block: &[u8; BLOCK_LEN]) {
        let [r, ..] = &self.key.powers;
        self.sum = self.sum.times(r).plus_block(block);
    }

    /// Takes the lengths of associated data and message in bytes, which are the last block.
    pub(super) fn lengths(&mut self, ad_len: usize, len: usize) {
        self.block(&(ad_len as u128 | (len as u128) << 64).to_le_bytes());
    }

    /// Returns the tag.
    pub(super) fn tag(&self) -> Zeroizing<[u8; BLOCK_LEN]> {
        let [r, ..] = &self.key.powers;
        let tag = self.sum.times(r).reduce().wrapping_add(self.key.pad);
        Zeroizing::new(tag.to_le_bytes())
    }

    /// Returns the sum in lanes.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn spread(&self) -> Lanes {
        // In the last lane, which is that of the last of eight blocks: it is not multiplied when the
        // lanes are gathered.
        let [x0, x1, x2] = self.sum.0.map(|limb| limb as i64);
        Lanes([
            _mm512_setr_epi64(0, 0, 0, 0, 0, 0, 0, x0),
            _mm512_setr_epi64(0, 0, 0, 0, 0, 0, 0, x1),
            _mm512_setr_epi64(0, 0, 0, 0, 0, 0, 0, x2),
        ])
    }

    /// Adds the lanes together.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn gather(&mut self, lanes: Lanes) {
        // The order of the lanes is that of `blocks`.
        let [r1, r2, r3, r4, r5, r6, r7, _] = &self.key.powers;
        let one = Power::of(Limbs([1, 0, 0]));
        let by_lane = [r7, r3, r6, r2, r5, r1, r4, &one];
        let mut powers = [_mm512_setzero_si512(); 5];
        for (limb, register) in powers.iter_mut().enumerate() {
            let [a, b, c, d, e, f, g, h] = by_lane.map(|power| power.0[limb] as i64);
            *register = _mm512_setr_epi64(a, b, c, d, e, f, g, h);
        }
        let mut products = Products::new([_mm512_setzero_si512(); 3]);
        products.add(lanes.0, powers);
        let [x0, x1, x2] = products.carry().0;
        // Eight limbs that are below 2^45 each.
        let x0 = _mm512_reduce_add_epi64(x0) as u64;
        let x1 = _mm512_reduce_add_epi64(x1) as u64 + (x0 >> 44);
        let x2 = _mm512_reduce_add_epi64(x2) as u64 + (x1 >> 44);
        // The carry out of 2^130 is below 2^7.
        let x0 = (x0 & BITS_44) + 5 * (x2 >> 42);
        self.sum = Limbs([x0, x1 & BITS_44, x2 & BITS_42]);
    }
}

/// Eight incomplete sums, in eight lanes: one limb in each register.
#[derive(Clone, Copy)]
pub(super) struct Lanes([__m512i; 3]);

impl Lanes {
    /// Takes 32 blocks.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn step(&mut self, key: &OneTimeKey, step: &Step) {
        let mut products = Products::of_last_group(step);
        for behind in 1..=3 {
            products.add_group(key, step, behind);
        }
        products.add_lanes(key, *self);
        *self = products.carry();
    }
}

/// A sum of products of limbs, in eight lanes. The instructions give the low 52 bits of a product and
/// the high 52 bits apart, so limb `i` is `low[i] + high[i] * 2^52`.
///
/// A step adds three products to each limb for each of four groups: twelve in all.
pub(super) struct Products {
    low: [__m512i; 3],
    high: [__m512i; 3],
}

impl Products {
    /// The last eight blocks of a step, which are not multiplied.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn of_last_group(step: &Step) -> Self {
        Self::new(blocks(&groups(step)[3]))
    }

    /// Adds the eight blocks that are so many groups before the last one, times their power of r.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn add_group(&mut self, key: &OneTimeKey, step: &Step, behind: usize) {
        self.add(
            blocks(&groups(step)[3 - behind]),
            key.power_of_groups(behind),
        );
    }

    /// Adds what came before the step, times its power of r.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn add_lanes(&mut self, key: &OneTimeKey, lanes: Lanes) {
        self.add(lanes.0, key.power_of_groups(4));
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(low: [__m512i; 3]) -> Self {
        let high = [_mm512_setzero_si512(); 3];
        Self { low, high }
    }

    /// Adds `a * r`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self, [a0, a1, a2]: [__m512i; 3], [r0, r1, r2, r1_20, r2_20]: [__m512i; 5]) {
        // Products that go to the same limb are apart: each waits four cycles for the one before.
        let terms = [
            [(a0, r0), (a0, r1), (a0, r2)],
            [(a1, r2_20), (a1, r0), (a1, r1)],
            [(a2, r1_20), (a2, r2_20), (a2, r0)],
        ];
        for row in terms {
            for (limb, (a, r)) in row.into_iter().enumerate() {
                self.low[limb] = _mm512_madd52lo_epu64(self.low[limb], a, r);
                self.high[limb] = _mm512_madd52hi_epu64(self.high[limb], a, r);
            }
        }
    }

    /// Propagates the carries.
    ///
    /// The left factors are below 2^46 and the right ones below 2^49, so that after twelve products
    /// and a block each `low` is below `12 * 2^52 + 2^44 < 2^56`, and each `high` below
    /// `12 * 2^43 < 2^47`. `high[2]` has no factor that was multiplied by 20, only such below 2^45, and
    /// is below `12 * 2^39 < 2^43`. No sum here leaves 64 bits.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn carry(self) -> Lanes {
        let Self { low, high } = self;
        let bits_44 = _mm512_set1_epi64(BITS_44 as i64);
        let bits_42 = _mm512_set1_epi64(BITS_42 as i64);
        // 2^52 is 2^8 times the weight of the next limb. That of limb 3 is 20 times the weight of limb
        // 0, and 20 * 2^8 = 2^12 + 2^10: below 2^55 + 2^53.
        let from_top = _mm512_add_epi64(
            _mm512_slli_epi64::<12>(high[2]),
            _mm512_slli_epi64::<10>(high[2]),
        );
        // Below 2^57.
        let x0 = _mm512_add_epi64(low[0], from_top);
        // Below 2^56 + 2^55 + 2^13 < 2^57.
        let x1 = _mm512_add_epi64(low[1], _mm512_slli_epi64::<8>(high[0]));
        let x1 = _mm512_add_epi64(x1, _mm512_srli_epi64::<44>(x0));
        // Below 2^57 again.
        let x2 = _mm512_add_epi64(low[2], _mm512_slli_epi64::<8>(high[1]));
        let x2 = _mm512_add_epi64(x2, _mm512_srli_epi64::<44>(x1));
        // The carry out of 2^130 is below 2^15, and five times that below 2^18.
        let over = _mm512_srli_epi64::<42>(x2);
        let five_times = _mm512_add_epi64(over, _mm512_slli_epi64::<2>(over));
        Lanes([
            _mm512_add_epi64(_mm512_and_si512(x0, bits_44), five_times),
            _mm512_and_si512(x1, bits_44),
            _mm512_and_si512(x2, bits_42),
        ])
    }
}

/// The groups of eight blocks of a step.
#[inline]
fn groups(step: &Step) -> &[[Line; LINES]] {
    step.as_chunks().0
}

/// Returns the limbs of eight blocks, with the bits that mark their ends. The lanes hold the blocks in
/// the order 0, 4, 1, 5, 2, 6, 3, 7.
#[inline]
#[target_feature(enable = "avx512f")]
fn blocks([first, second]: &[Line; LINES]) -> [__m512i; 3] {
    let [first, second] = [load(first), load(second)];
    let low = _mm512_unpacklo_epi64(first, second);
    let high = _mm512_unpackhi_epi64(first, second);
    let bits_44 = _mm512_set1_epi64(BITS_44 as i64);
    let middle = _mm512_or_si512(_mm512_srli_epi64::<44>(low), _mm512_slli_epi64::<20>(high));
    [
        _mm512_and_si512(low, bits_44),
        _mm512_and_si512(middle, bits_44),
        _mm512_or_si512(_mm512_srli_epi64::<24>(high), _mm512_set1_epi64(1 << 40)),
    ]
}
