//! The bisection of the original method, for parity with it.

use super::{DualSolution, DualSolver, DualValue};
use crate::error::{Requirement, require};
use argmin::core::Error;

/// The bisection of the original implementation, to the letter.
///
/// It starts from `[0, 10000]`, or from a factor of 3 around the multiplier of the step before,
/// halves while the bracket is wider than an absolute tolerance, stops early once KL is within
/// 10 % of the bound, and returns the midpoint of the last bracket.
///
/// Its weaknesses are the original's: multipliers above 10000 cannot be reached, those below the
/// tolerance are not resolved, a jump of the gradient takes many steps to follow, and the KL at
/// the returned multiplier can miss the bound. [`Newton`](super::Newton) has none of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Bisection {
    tolerance: f64,
}

/// Largest multiplier that the original considers.
const MAX_MULTIPLIER: f64 = 10_000.0;
/// Factor by which a warm-started bracket extends below and above the multiplier before.
const BRACKET_FACTOR: f64 = 3.0;
/// The search ends once KL is this close to the bound, relative to the bound.
const EARLY_STOP: f64 = 0.1;

impl Bisection {
    /// A bisection that stops at brackets not wider than `tolerance` (absolute, in units of the
    /// multiplier).
    ///
    /// # Errors
    /// If `tolerance` is not positive and finite.
    pub fn new(tolerance: f64) -> Result<Self, Error> {
        require("Bisection", "eta_tolerance", tolerance, Requirement::Positive)?;
        Ok(Self { tolerance })
    }
}

impl DualSolver for Bisection {
    fn solve(
        &self,
        bound: f64,
        warm_start: Option<f64>,
        mut kl: impl FnMut(f64) -> DualValue,
    ) -> DualSolution {
        let (mut lower, mut upper) = bracket(warm_start);
        let mut value = f64::NAN;
        let mut evaluations = 0;
        while upper - lower > self.tolerance {
            let midpoint = 0.5 * (lower + upper);
            if evaluations > 0 && (midpoint <= lower || midpoint >= upper) {
                break; // no float is between them, and none will be
            }
            value = kl(midpoint).kl;
            evaluations += 1;
            // the bracket moves before the test, so an early stop returns the next midpoint
            if value <= bound {
                upper = midpoint;
            } else {
                lower = midpoint;
            }
            if (value - bound).abs() < EARLY_STOP * bound {
                break;
            }
        }
        DualSolution { multiplier: 0.5 * (lower + upper), kl: value, evaluations }
    }

    fn first_multiplier(&self, warm_start: Option<f64>) -> f64 {
        let (lower, upper) = bracket(warm_start);
        0.5 * (lower + upper)
    }
}

fn bracket(warm_start: Option<f64>) -> (f64, f64) {
    match warm_start {
        Some(eta) => (eta / BRACKET_FACTOR, (eta * BRACKET_FACTOR).min(MAX_MULTIPLIER)),
        None => (0.0, MAX_MULTIPLIER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_below_the_spacing_of_floats_ends() {
        // a jump at 3, which no early stop meets
        let kl = |eta: f64| DualValue { kl: if eta < 3.0 { 9.0 } else { 0.0 }, slope: 0.0 };
        let solution = Bisection::new(1e-300).unwrap().solve(1.0, None, kl);
        assert!((solution.multiplier - 3.0).abs() < 1e-14, "{solution:?}");
        assert!(solution.evaluations < 100, "{solution:?}");
    }

    #[test]
    fn a_bracket_as_wide_as_the_tolerance_is_not_halved() {
        let kl = |_: f64| -> DualValue { panic!("evaluated") };
        let solution = Bisection::new(MAX_MULTIPLIER).unwrap().solve(1.0, None, kl);
        assert_eq!((solution.multiplier, solution.evaluations), (5000.0, 0));
        assert!(solution.kl.is_nan(), "{solution:?}");
    }

    #[test]
    fn a_bracket_without_a_float_inside_is_evaluated_once() {
        let warm = 30_000.0_f64.next_down();
        let (lower, upper) = bracket(Some(warm));
        assert_eq!(lower.next_up(), upper);
        let kl = |_: f64| DualValue { kl: 9.0, slope: 0.0 };
        let solution = Bisection::new(1e-300).unwrap().solve(1.0, Some(warm), kl);
        assert_eq!((solution.kl, solution.evaluations), (9.0, 1));
    }

    #[test]
    fn only_a_kl_nearer_than_a_tenth_of_the_bound_stops_early() {
        let evaluations = |kl: f64| {
            let kl = |_: f64| DualValue { kl, slope: 0.0 };
            Bisection::new(1.0).unwrap().solve(10.0, None, kl).evaluations
        };
        // 14 halvings take 10000 to less than 1
        for (kl, expected) in [(9.01, 1), (10.0, 1), (10.99, 1), (9.0, 14), (11.0, 14)] {
            assert_eq!(evaluations(kl), expected, "{kl}");
        }
    }
}
