//! When to stop under noise.

use super::normal::two_sided_quantile;
use super::{Solution, Verdict, is_settled};
use crate::error::{Requirement, require};
use crate::method::Evidence;
use argmin::core::Error;

/// A criterion that ends a run; see [`Arturo::with_tolerance`](crate::Arturo::with_tolerance).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Tolerance {
    /// The standard errors are below this part of the coordinates (> 0), in the norm that the
    /// curvature a gives: sum a_i se_i^2 <= r^2 sum a_i x_i^2, whatever the units of x. Under noise it never
    /// ends a run whose minimum is at 0. Of logarithms it is relative to ln p, not to p: use
    /// [`PredictedGain`](Self::PredictedGain) there.
    RelativeError(f64),
    /// The bound on the remaining gain, [`Solution::predicted_gain_bound`], is below this (> 0, in
    /// units of f).
    PredictedGain(f64),
    /// Every coordinate of the gradient lies within the interval of this confidence (in (0, 1))
    /// about 0, corrected for the number of coordinates (Bonferroni), while nothing but noise keeps
    /// the answer from the minimum. Under strong noise it holds early, and does not limit the
    /// size of the error.
    GradientConfidence(f64),
}

/// Checks of the tolerance that it must pass in a row.
const CHECKS: u32 = 3;
/// The draws grow by this part from one check to the next, but at least by `LEAST_DRAWS`.
const SPACING: f64 = 0.05;
const LEAST_DRAWS: u64 = 20;

/// A tolerance with its checks so far.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Stopping {
    tolerance: Tolerance,
    next_check: u64,
    passed: u32,
}

impl Tolerance {
    fn validate(self) -> Result<(), Error> {
        const NAME: &str = "Tolerance";
        match self {
            Self::RelativeError(r) => require(NAME, "RelativeError", r, Requirement::Positive),
            Self::PredictedGain(g) => require(NAME, "PredictedGain", g, Requirement::Positive),
            Self::GradientConfidence(c) => two_sided_quantile(NAME, c).map(|_| ()),
        }
    }

    fn is_met<P>(self, solution: &Solution<P>, best: &[f64], curvature: &[f64]) -> bool {
        match self {
            Self::RelativeError(r) => {
                let norm = |values: &[f64]| -> f64 {
                    std::iter::zip(values, curvature).map(|(v, a)| a * v * v).sum()
                };
                norm(&solution.standard_error) <= r * r * norm(best)
            }
            Self::PredictedGain(gain) => solution.predicted_gain_bound <= gain,
            Self::GradientConfidence(confidence) => {
                let each = 1.0 - (1.0 - confidence) / curvature.len() as f64;
                let Ok(quantile) = two_sided_quantile("", each.min(1.0 - f64::EPSILON)) else {
                    return false;
                };
                std::iter::zip(&solution.gradient, &solution.gradient_error)
                    .all(|(m, error)| m.abs() <= quantile * error)
            }
        }
    }
}

impl Stopping {
    /// # Errors
    /// If a value is out of range.
    pub fn new(tolerance: Tolerance) -> Result<Self, Error> {
        tolerance.validate()?;
        Ok(Self { tolerance, next_check: LEAST_DRAWS, passed: 0 })
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        (self.next_check, self.passed) = (LEAST_DRAWS, 0);
    }

    /// Whether this is the time to look.
    pub fn is_due(&self, draw_count: u64) -> bool {
        !self.is_met() && draw_count >= self.next_check
    }

    /// Looks, at an answer at the point `best`.
    pub fn check<P>(
        &mut self,
        solution: &Solution<P>,
        best: &[f64],
        evidence: &Evidence,
        draw_count: u64,
    ) {
        self.next_check = draw_count + LEAST_DRAWS.max((SPACING * draw_count as f64) as u64);
        let rests = match solution.verdict {
            Verdict::NoiseLimited { .. } | Verdict::Converged => true,
            // the bound on the gain includes a decrease under way, and a gradient needs no Hessian
            Verdict::StillMoving => {
                !matches!(self.tolerance, Tolerance::RelativeError(_)) && is_settled(evidence)
            }
            Verdict::Stalled | Verdict::HessianUnknown { .. } => false,
        };
        let passes = rests && self.tolerance.is_met(solution, best, &evidence.curvature);
        self.passed = if passes { self.passed + 1 } else { 0 };
        if solution.verdict == Verdict::Converged {
            self.passed = CHECKS; // the gradient is rounding: no luck
        }
    }

    pub fn is_met(&self) -> bool {
        self.passed >= CHECKS
    }
}
