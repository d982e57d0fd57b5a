//! Means that are summed as a binary tree, by threads or by processes.

use super::{Draw, StochasticGradient};
use argmin::core::Error;
use std::ops::Range;

/// A mean over parts of a draw, which are added as a binary tree.
///
/// The tree is a function of the draw, and not of who adds: so one or many give the same bits.
pub trait TreeMean: StochasticGradient {
    /// Some consecutive parts of a draw.
    type Parts;

    /// All parts of a draw.
    fn parts(&self, draw: Draw) -> Self::Parts;

    /// Takes the first half off; none, where there is one part only.
    fn split(&self, parts: &mut Self::Parts) -> Option<Self::Parts>;

    /// Writes the sum of the parts at `x` into `sum`.
    ///
    /// # Errors
    /// Those of the first part that fails.
    fn sum(&self, x: &Self::Param, parts: Self::Parts, sum: &mut Self::Param) -> Result<(), Error>;

    /// The divisor of the sum of all parts of a draw.
    #[cfg(feature = "mpi")]
    fn count(&self, draw: Draw) -> u64;
}

/// The first half of a range of two or more, the larger one if it is odd; the range continues after it.
pub(crate) fn split_range(range: &mut Range<u64>) -> Option<Range<u64>> {
    let middle = range.start + (range.end - range.start).div_ceil(2);
    (range.end - range.start > 1).then(|| std::mem::replace(&mut range.start, middle)..middle)
}
