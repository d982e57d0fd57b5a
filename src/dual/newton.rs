//! Safeguarded Newton iteration on `KL^(-1/2)`.

use super::{DualSolution, DualSolver, DualValue};
use crate::error::{Requirement, require};
use argmin::core::Error;

/// Newton's method on `KL(eta)^(-1/2) = bound^(-1/2)`, safeguarded by a bracket.
///
/// The reciprocal root of KL is increasing, concave and nearly linear in eta (exactly linear for
/// one coordinate), so Newton's iterates converge in a few steps, monotonically from below: the
/// argument of Moré and Sorensen (1983) for `1/|d|`, which Hebden's update
///
/// ```text
/// eta <- eta + 2 (KL / KL') (1 - sqrt(KL / bound))
/// ```
///
/// puts in closed form. An iterate that leaves the bracket, or is not finite, is replaced by the
/// bracket's geometric mean, or an ever larger factor while one side is unknown: multipliers
/// from 1e-300 to 1e300 are found. The result meets the bound to the relative tolerance.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Newton {
    tolerance: f64,
}

/// Relative KL error that no user notices (the bound itself is a heuristic), reached from a warm
/// start in one or two evaluations.
const DEFAULT_TOLERANCE: f64 = 1e-3;

/// The bracket shrinks by a square root of its ratio at worst, so that 64 evaluations separate
/// 1e-300 from 1e300; the rest is for the arithmetic near the end.
const MAX_EVALUATIONS: u32 = 200;

/// After as many evaluations the bracket is split instead: near a pole of a KL that is not monotone,
/// as rounding or a model without all its secant equations can make it, Newton's steps are short.
const NEWTON_EVALUATIONS: u32 = 50;

impl Default for Newton {
    fn default() -> Self {
        Self { tolerance: DEFAULT_TOLERANCE }
    }
}

impl Newton {
    /// Sets the relative tolerance on KL: `|KL - bound| <= tolerance * bound`.
    ///
    /// In (0, 1), default 1e-3.
    ///
    /// ```
    /// # use argmin_arturo::dual::Newton;
    /// assert!(Newton::default().with_tolerance(1e-8).is_ok());
    /// assert_eq!(
    ///     Newton::default().with_tolerance(0.0).unwrap_err().to_string(),
    ///     "Invalid parameter: \"Newton: `tolerance` must be in (0, 1), got 0\"",
    /// );
    /// ```
    ///
    /// # Errors
    /// If the tolerance is outside (0, 1).
    pub fn with_tolerance(mut self, tolerance: f64) -> Result<Self, Error> {
        require("Newton", "tolerance", tolerance, Requirement::OpenUnitInterval)?;
        self.tolerance = tolerance;
        Ok(self)
    }
}

impl DualSolver for Newton {
    fn solve(
        &self,
        bound: f64,
        warm_start: Option<f64>,
        mut kl: impl FnMut(f64) -> DualValue,
    ) -> DualSolution {
        if bound == 0.0 {
            return DualSolution { multiplier: f64::INFINITY, kl: 0.0, evaluations: 0 };
        }
        let mut bracket = Bracket::new();
        let mut eta = self.first_multiplier(warm_start);
        let mut evaluations = 0;
        loop {
            let value = kl(eta);
            evaluations += 1;
            // NaN counts as above
            let above = value.kl.is_nan() || value.kl > bound;
            let inactive = eta == 0.0 && !above;
            let met = (value.kl - bound).abs() <= self.tolerance * bound;
            if inactive || met {
                return DualSolution { multiplier: eta, kl: value.kl, evaluations };
            }
            bracket.narrow(eta, value.kl, above);
            if evaluations >= MAX_EVALUATIONS || bracket.is_closed() {
                // two neighbouring floats straddle the bound: take the one inside
                return DualSolution {
                    multiplier: bracket.upper,
                    kl: bracket.upper_kl,
                    evaluations,
                };
            }
            let newton = eta + 2.0 * (value.kl / value.slope) * (1.0 - (value.kl / bound).sqrt());
            eta = if evaluations < NEWTON_EVALUATIONS && bracket.contains(newton) {
                newton
            } else if !above && bracket.zero_is_open() {
                // below the bound, and Newton points to 0 or nowhere: the bound may be inactive
                0.0
            } else {
                bracket.split()
            };
        }
    }

    fn first_multiplier(&self, warm_start: Option<f64>) -> f64 {
        warm_start.filter(|eta| eta.is_finite() && *eta >= 0.0).unwrap_or(0.0)
    }
}

/// The multipliers between which KL crosses the bound.
struct Bracket {
    /// KL is above the bound here; negative before 0 has been tried.
    lower: f64,
    /// KL is below the bound here; infinite before it is known.
    upper: f64,
    upper_kl: f64,
    /// Decimal exponent of the next expansion.
    expansion: i32,
}

impl Bracket {
    fn new() -> Self {
        Self { lower: -1.0, upper: f64::INFINITY, upper_kl: 0.0, expansion: 1 }
    }

    fn narrow(&mut self, eta: f64, kl: f64, above: bool) {
        if above {
            self.lower = self.lower.max(eta);
        } else if eta < self.upper {
            self.upper = eta;
            self.upper_kl = kl;
        }
    }

    fn contains(&self, eta: f64) -> bool {
        self.lower.max(0.0) < eta && eta < self.upper
    }

    fn zero_is_open(&self) -> bool {
        self.lower < 0.0
    }

    fn is_closed(&self) -> bool {
        self.upper <= self.lower.max(0.0).next_up()
    }

    /// A multiplier inside the bracket: the geometric mean where both sides are known, else an
    /// expansion from the known side that doubles its exponent each time.
    fn split(&mut self) -> f64 {
        let lower = self.lower.max(0.0);
        let factor = 10f64.powi(self.expansion);
        let split = match (lower > 0.0, self.upper.is_finite()) {
            (true, true) => lower.sqrt() * self.upper.sqrt(),
            (true, false) => (lower * factor).min(f64::MAX),
            (false, true) => self.upper / factor,
            (false, false) => 1.0,
        };
        self.expansion = (2 * self.expansion).min(300);
        // rounding can put the mean of two near neighbours on one of them
        if self.contains(split) { split } else { lower + 0.5 * (self.upper.min(f64::MAX) - lower) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KL and slope of a diagonal model.
    fn spectrum<'a>(m: &'a [f64], a: &'a [f64], p: &'a [f64]) -> impl Fn(f64) -> DualValue + 'a {
        move |eta| {
            let mut value = DualValue { kl: 0.0, slope: 0.0 };
            for ((m, a), p) in m.iter().zip(a).zip(p) {
                let denominator = a + eta * p;
                let step = m / denominator;
                value.kl += 0.5 * p * step * step;
                value.slope -= p * step * (p * step / denominator);
            }
            value
        }
    }

    #[test]
    fn one_coordinate_at_every_scale_needs_few_evaluations() {
        for exponent in (-150..=150).step_by(10) {
            let scale = 10f64.powi(exponent);
            let kl = spectrum(std::slice::from_ref(&scale), &[1.0], &[1.0]);
            let solution = Newton::default().solve(0.5, None, &kl);
            let exact = (scale - 1.0).max(0.0);
            assert!((solution.multiplier - exact).abs() <= 2e-3 * (1.0 + exact), "{solution:?}");
            assert!(solution.evaluations <= 4, "{scale:e}: {solution:?}");
        }
    }

    #[test]
    fn an_inactive_bound_gives_multiplier_zero() {
        for warm in [None, Some(0.0), Some(1e-9), Some(5.0), Some(1e200), Some(-1e88)] {
            let solution = Newton::default().solve(1.0, warm, spectrum(&[1.0], &[2.0], &[1.0]));
            assert_eq!(solution.multiplier, 0.0);
            assert_eq!(solution.kl, 0.125);
        }
    }

    #[test]
    fn no_gradient_and_no_room() {
        let still =
            Newton::default().solve(1.0, Some(3.0), spectrum(&[0.0; 2], &[1.0; 2], &[1.0; 2]));
        assert_eq!((still.multiplier, still.kl), (0.0, 0.0));
        let fixed = Newton::default().solve(0.0, Some(3.0), spectrum(&[1.0], &[1.0], &[1.0]));
        assert_eq!((fixed.multiplier, fixed.kl, fixed.evaluations), (f64::INFINITY, 0.0, 0));
    }

    #[test]
    fn a_wrong_warm_start_is_recovered_from() {
        let kl = spectrum(&[1.0, 1e-8, 1e6], &[1e-12, 1.0, 1e3], &[1.0, 1e4, 1e-4]);
        let reference = Newton::default().solve(1e-3, None, &kl).multiplier;
        let right = Newton::default().solve(1e-3, Some(reference), &kl);
        assert_eq!((right.multiplier, right.evaluations), (reference, 1));
        for warm in [1e-300, 1e-10, 1.0, 1e10, 1e300, f64::INFINITY, f64::NAN, -1e88] {
            let solution = Newton::default().solve(1e-3, Some(warm), &kl);
            assert!((solution.multiplier / reference - 1.0).abs() < 2e-3, "{warm:e} {solution:?}");
            assert!((solution.kl / 1e-3 - 1.0).abs() <= 1e-3);
            assert!(solution.evaluations < 40, "{warm:e} {solution:?}");
        }
    }

    #[test]
    fn a_pole_is_left_behind() {
        // not the KL of a positive definite model: Newton's steps grow by a tenth at most
        let pole = |eta: f64| {
            let kl = (eta - 1.0).powi(-20);
            DualValue { kl, slope: -20.0 * kl / (eta - 1.0) }
        };
        let solution = Newton::default().solve(1e-6, Some(1.0 + 1e-9), pole);
        assert!((solution.kl / 1e-6 - 1.0).abs() <= 1e-3, "{solution:?}");
        assert!(solution.evaluations < 120, "{solution:?}");
    }

    #[test]
    fn overflow_counts_as_above_the_bound() {
        // a curvature so small that KL(0) is infinite
        let kl = spectrum(&[1e10, 1.0], &[1e-300, 1.0], &[1.0, 1.0]);
        assert!(kl(0.0).kl.is_infinite());
        let solution = Newton::default().solve(0.5, None, &kl);
        assert!((solution.multiplier / 1e10 - 1.0).abs() < 1e-3, "{solution:?}");
    }

    #[test]
    fn at_a_jump_over_the_bound_the_float_inside_is_returned() {
        for (jump, warm) in [(3.0, None), (3.0, Some(40.0)), (1e-200, Some(1e200)), (1e250, None)] {
            // Newton's steps lead nowhere, or to where they began
            for slope in [0.0, -1e300] {
                let mut evaluated = Vec::new();
                let solution = Newton::default().solve(1.0, warm, |eta| {
                    evaluated.push(eta.to_bits());
                    DualValue { kl: if eta < jump { 9.0 } else { 0.25 }, slope }
                });
                assert_eq!((solution.multiplier, solution.kl), (jump, 0.25), "{solution:?}");
                // a bit of the exponent or of the digits each, after at most 50 of Newton's
                let most = if slope == 0.0 { 75 } else { 125 };
                assert!(solution.evaluations <= most, "{solution:?}");
                assert_eq!(evaluated.len(), solution.evaluations as usize);
                evaluated.sort_unstable();
                evaluated.dedup();
                assert_eq!(evaluated.len(), solution.evaluations as usize, "evaluated twice");
            }
        }
    }

    #[test]
    fn without_a_slope_the_search_takes_the_logarithm_of_the_distance() {
        // k powers of ten away: the exponents double until the bracket is closed, then they halve
        for k in [1, 3, 10, 30, 100, 300] {
            for exponent in [-k, k] {
                let kl = |eta: f64| DualValue { kl: 1.0 / eta, slope: 0.0 };
                let warm = 10f64.powi(exponent);
                let solution = Newton::default().solve(1.0, Some(warm), kl);
                assert!((solution.multiplier - 1.0).abs() <= 1e-3, "{solution:?}");
                let most = 3.0 + 2.0 * f64::from(k).log2();
                assert!(f64::from(solution.evaluations) <= most, "{exponent} {solution:?}");
            }
        }
    }
}
