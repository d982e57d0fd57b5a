//! A seeded permutation of 0..n with random access and no memory.

use crate::draw::mix;

/// A pseudorandom permutation of `0..len`.
///
/// A Feistel network on the smallest even number of bits that holds `len`, walked along its cycle
/// until it lands below `len` (Black and Rogaway 2002): less than four rounds of it on average,
/// where shuffling would cost O(len) time and memory at every draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permutation {
    key: u64,
    half_bits: u32,
    len: u64,
}

/// Luby and Rackoff need four rounds for large domains; small ones, of a few bits, need more.
const ROUNDS: u64 = 10;
/// Smaller domains have too few Feistel networks to be uniform over all permutations (measured:
/// the chi-square test below fails for halves of two bits).
const MIN_HALF_BITS: u32 = 3;

impl Permutation {
    pub(super) fn new(key: u64, len: u64) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self { key, half_bits: bits.div_ceil(2).max(MIN_HALF_BITS), len }
    }

    /// Where `position` goes.
    pub(super) fn apply(self, position: u64) -> u64 {
        debug_assert!(position < self.len);
        let mut image = self.feistel(position);
        while image >= self.len {
            image = self.feistel(image);
        }
        image
    }

    fn feistel(self, word: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (word >> self.half_bits, word & mask);
        for round in 0..ROUNDS {
            let function = mix(self.key ^ mix(right ^ (round << 32).wrapping_mul(0x9e37_79b9)));
            // the high bits of the product-based mixer are its best
            let image = left ^ (function >> (u64::BITS - self.half_bits));
            (left, right) = (right, image);
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_is_permuted() {
        for len in (1..70).chain([1000, 1 << 16]) {
            let permutation = Permutation::new(99, len);
            let mut images: Vec<u64> = (0..len).map(|k| permutation.apply(k)).collect();
            images.sort_unstable();
            assert!(images.iter().copied().eq(0..len), "{len}");
        }
    }

    #[test]
    fn permutations_of_three_and_five_are_uniform() {
        // chi-square of 6 and 120 cells over 24000 keys, against mean + 5 sqrt(2 dof)
        for (len, cells) in [(3_u64, 6.0), (5, 120.0)] {
            let keys = 24_000;
            let mut counts = std::collections::HashMap::new();
            for key in 0..keys {
                let permutation = Permutation::new(mix(key), len);
                let image: Vec<u64> = (0..len).map(|k| permutation.apply(k)).collect();
                *counts.entry(image).or_insert(0.0) += 1.0;
            }
            let expected = keys as f64 / cells;
            assert_eq!(counts.len() as f64, cells);
            let chi2: f64 =
                counts.values().map(|c| (c - expected) * (c - expected) / expected).sum();
            let dof = cells - 1.0;
            assert!(chi2 < dof + 5.0 * (2.0_f64 * dof).sqrt(), "{len}: {chi2}");
        }
    }
}
