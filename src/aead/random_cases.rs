//! Random cases for the tests of fetool's own engines.

/// Pseudo-random numbers, the same in each run (xorshift64*).
pub(super) struct Numbers(u64);

impl Numbers {
    /// `seed` must not be 0.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.below(256) as u8)
    }

    /// Returns a length of at most `most`, and near a multiple of one of the units.
    pub(super) fn len(&mut self, units: &[usize], most: usize) -> usize {
        let unit = units[self.below(units.len())];
        let near = self.below(most / unit + 1) * unit + self.below(35);
        near.saturating_sub(17).min(most)
    }
}
