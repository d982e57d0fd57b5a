//! From the iterates to the recommended point.

use crate::kernel::zip_map_sum;
use crate::param::Scalar;

/// How the recommended point, argmin's `best_param`, follows from the iterates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub enum Averaging {
    /// It is the last iterate, as in the paper.
    None,
    /// A running average whose window follows the memory of the gradient filter: the last iterate
    /// while the steps are long, and up to a quarter of all iterates once noise dominates. The
    /// default of [`Arturo::new`](crate::Arturo::new).
    #[default]
    Adaptive,
}

/// Weight of the newest iterate in units of the filter's gain: the average remembers about three
/// times as much.
const GAIN_SHARE: f64 = 0.3;
/// Exponent p of polynomial averaging with weights ~ t^p (Shamir and Zhang 2013): most weight on
/// the last quarter of the iterates.
const EXPONENT: f64 = 3.0;

impl Averaging {
    /// Weight of the iterate `iteration` (from 0) in the average.
    pub(crate) fn weight(self, iteration: u64, gain: f64) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Adaptive => {
                let polynomial = (EXPONENT + 1.0) / (iteration as f64 + EXPONENT + 1.0);
                (GAIN_SHARE * gain).clamp(polynomial.min(1.0), 1.0)
            }
        }
    }
}

/// Moves `average` towards `x`.
pub(crate) fn average<F: Scalar>(average: &mut [F], x: &[F], weight: f64) {
    if weight == 1.0 {
        average.copy_from_slice(x);
        return;
    }
    let weight = F::from_f64_lossy(weight);
    // in this order -0 stays -0
    zip_map_sum([x], [average], |[x], [a]| ([a - weight * (a - x)], []));
}
