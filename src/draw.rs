//! A draw: the randomness of one stochastic gradient, as a value.

use num_traits::Float;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Neg;

/// The randomness of one stochastic gradient: a seed and an index, nothing else.
///
/// An oracle that takes all its randomness from [`Draw::rng`] is a pure function of the point and
/// the draw. So a resumed run repeats the bits of an uninterrupted one, and the same draw at two
/// points gives common random numbers.
///
/// ```
/// use argmin_arturo::Draw;
/// use argmin_arturo::rand::Rng;
///
/// let draw = Draw::new(7, 42);
/// let (a, b): (f64, f64) = (draw.rng().random(), draw.rng().random());
/// assert_eq!(a, b); // a draw never changes
/// assert_ne!(a, Draw::new(7, 43).rng().random::<f64>());
/// ```
///
/// A draw has a mirror image, for [`Antithetic`](crate::oracle::Antithetic): the same random numbers, turned
/// around by [`reflect`](Draw::reflect) and [`reflect_unit`](Draw::reflect_unit).
#[derive(Clone, Copy)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Draw {
    seed: u64,
    index: u64,
    #[cfg_attr(feature = "serde1", serde(default))]
    mirrored: bool,
    /// Whether the run continues where an oracle fails at this draw.
    #[cfg_attr(feature = "serde1", serde(skip))]
    skippable: bool,
}

impl Draw {
    /// The draw number `index` of the sequence that `seed` names.
    pub const fn new(seed: u64, index: u64) -> Self {
        Self { seed, index, mirrored: false, skippable: false }
    }

    /// The seed of the run.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The position in the run: the n-th step of a solver draws index n, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// The mirror image of this draw; that of the mirror image is the draw itself.
    #[must_use]
    pub const fn mirror(self) -> Self {
        Self { mirrored: !self.mirrored, ..self }
    }

    /// Whether this is the mirror image of a draw.
    pub const fn is_mirrored(self) -> bool {
        self.mirrored
    }

    /// The same randomness, with the treatment of a failure of the oracle at it.
    pub(crate) const fn skippable(self, skippable: bool) -> Self {
        Self { skippable, ..self }
    }

    /// Whether a failure at this draw is to be skipped.
    pub(crate) const fn is_skippable(self) -> bool {
        self.skippable
    }

    /// A random number of a distribution that is symmetric about 0, as this draw has it: `value`,
    /// or `-value` in the mirror image.
    ///
    /// ```
    /// use argmin_arturo::Draw;
    /// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
    ///
    /// let noise = |draw: Draw| -> f64 { draw.reflect(StandardNormal.sample(&mut draw.rng())) };
    /// let draw = Draw::new(7, 42);
    /// assert_eq!(noise(draw.mirror()), -noise(draw));
    /// ```
    pub fn reflect<F: Neg<Output = F>>(self, value: F) -> F {
        if self.mirrored { -value } else { value }
    }

    /// A random number uniform in the unit interval, as this draw has it: `value`, or `1 - value`
    /// in the mirror image, which is in (0, 1] for a `value` in \[0, 1).
    pub fn reflect_unit<F: Float>(self, value: F) -> F {
        if self.mirrored { F::one() - value } else { value }
    }

    /// A draw that is independent of this one, for another use of randomness at the same step.
    ///
    /// Each number `stream` names one; index and mirroring stay.
    ///
    /// ```
    /// use argmin_arturo::Draw;
    /// use argmin_arturo::rand::RngCore;
    ///
    /// let draw = Draw::new(7, 42);
    /// assert_ne!(draw.stream(0).rng().next_u64(), draw.rng().next_u64());
    /// assert_ne!(draw.stream(0).rng().next_u64(), draw.stream(1).rng().next_u64());
    /// ```
    #[must_use]
    pub fn stream(self, stream: u64) -> Self {
        self.with_seed(mix(self.seed ^ mix(stream)))
    }

    const fn randomness(self) -> (u64, u64, bool) {
        (self.seed, self.index, self.mirrored)
    }

    /// The same index and mirroring under another seed.
    pub(crate) const fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Part number `part` (below `parts`) of this draw. The parts of the draws 0, 1, 2, ... are the
    /// draws 0, 1, 2, ... again, so that parts are independent, and consecutive batches of an epoch
    /// stay that.
    pub(crate) const fn part(self, part: u64, parts: u64) -> Self {
        Self { index: self.index.wrapping_mul(parts).wrapping_add(part), ..self }
    }

    /// A random number generator for this draw, with the same bits on every platform. It is of rand 0.9:
    /// take traits and distributions from [`rand`](crate::rand) and [`rand_distr`](crate::rand_distr).
    ///
    /// It is xoshiro256++ (period 2^256 - 1). Its state is an injective, mixed function of seed
    /// and index, so distinct draws never share a state, except for a draw and its mirror image, which
    /// always do.
    pub fn rng(self) -> Xoshiro256PlusPlus {
        let (seed, index) = (mix(self.seed), mix(self.index ^ INDEX_SALT));
        let words = [mix(seed ^ index), mix(seed.wrapping_add(index.rotate_left(32))), seed, index];
        let mut state = [0; 32];
        for (bytes, word) in state.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Xoshiro256PlusPlus::from_seed(state)
    }
}

/// Draws are equal that have the same randomness, whatever the treatment of failures.
impl PartialEq for Draw {
    fn eq(&self, other: &Self) -> bool {
        self.randomness() == other.randomness()
    }
}

impl Eq for Draw {}

impl fmt::Debug for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draw")
            .field("seed", &self.seed)
            .field("index", &self.index)
            .field("mirrored", &self.mirrored)
            .finish()
    }
}

impl Hash for Draw {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.randomness().hash(state);
    }
}

/// Keeps a draw whose seed equals its index from two equal words of state.
const INDEX_SALT: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014), a bijection that mixes all bits.
pub(crate) const fn mix(word: u64) -> u64 {
    let z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngCore};

    #[test]
    fn bits_are_portable() {
        // recorded once; a change here breaks every resumed run
        let mut rng = Draw::new(7, 42).rng();
        let words: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(words, [6859174423732778792, 14802995678166170203, 2174828720711643115]);
    }

    #[test]
    fn neighbours_are_uncorrelated() {
        // 1e5 first outputs of neighbouring indices and seeds: mean 1/2, lag-1 correlation 0,
        // each within 5 standard errors
        for by_seed in [false, true] {
            let first = |k: u64| -> f64 {
                let draw = if by_seed { Draw::new(k, 3) } else { Draw::new(3, k) };
                draw.rng().random()
            };
            let n = 100_000;
            let values: Vec<f64> = (0..n).map(first).collect();
            let count = n as f64;
            let mean = values.iter().sum::<f64>() / count;
            let lag = values.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum::<f64>() / count;
            assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / count).sqrt(), "mean {mean}");
            assert!(lag.abs() < 5.0 / 12.0 / count.sqrt(), "lag-1 covariance {lag}");
        }
    }
}
