//! From the iterates to the recommended point.

use crate::kernel::zip_map_sum;
use crate::param::Scalar;

/// How the recommended point, argmin's `best_param`, follows from the iterates.
///
/// [`Arturo::new`](crate::Arturo::new) has its own means, and uses only
/// [`None`](Self::None) of these policies; the others are for [`Arturo::paper`](crate::Arturo::paper) and
/// [`with_estimator`](crate::Arturo::with_estimator). Iterates are counted as draws that the solver has
/// taken into its gradient.
///
/// ```
/// use argmin_arturo::{Arturo, Averaging, PaperSettings};
///
/// # let _: Arturo<f64, _> =
/// Arturo::paper(PaperSettings::default())?.with_averaging(Averaging::Tail { from: 500 });
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Averaging {
    /// It is the last iterate, as in the paper.
    None,
    /// A running average whose window follows the memory of the gradient filter: the last iterate
    /// while the steps are long, and up to a quarter of all iterates once noise dominates. The
    /// default of [`with_estimator`](crate::Arturo::with_estimator).
    #[default]
    Adaptive,
    /// The plain mean of all iterates from number `from` (from 0) on: Polyak and Juditsky 1992. The
    /// last iterate before that.
    Tail {
        /// The first iterate of the mean.
        from: u64,
    },
    /// A decaying mean, with weight 1 / `memory` of the newest iterate: for a minimum that moves.
    /// The plain mean as long as there are no more iterates than that; with 0 or 1 the last iterate.
    Exponential {
        /// Iterates that the mean remembers.
        memory: u64,
    },
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
            Self::Tail { from } => 1.0 / (iteration.saturating_sub(from) + 1) as f64,
            Self::Exponential { memory } => 1.0 / (iteration + 1).min(memory.max(1)) as f64,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The averages of 1, 2, 4, 8 after each of them.
    fn averages(policy: Averaging) -> [f64; 4] {
        let mut mean = [0.0];
        std::array::from_fn(|t| {
            average(&mut mean, &[2f64.powi(t as i32)], policy.weight(t as u64, 1.0));
            mean[0]
        })
    }

    #[test]
    fn policies_are_the_means_they_say() {
        assert_eq!(averages(Averaging::None), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(averages(Averaging::Tail { from: 2 }), [1.0, 2.0, 4.0, 6.0]);
        assert_eq!(averages(Averaging::Tail { from: 0 })[3], 15.0 / 4.0);
        assert_eq!(averages(Averaging::Exponential { memory: 2 }), [1.0, 1.5, 2.75, 5.375]);
        assert_eq!(averages(Averaging::Exponential { memory: 0 }), [1.0, 2.0, 4.0, 8.0]);
    }
}
