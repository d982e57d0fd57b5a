//! The dual of the trust-region step: one scalar equation.
//!
//! The step minimizes a separable quadratic model inside a KL ball around N(mu, diag(1/p)):
//!
//! ```text
//! min_d  m.d + 1/2 sum_i A_i d_i^2    subject to    KL(d) = 1/2 sum_i p_i d_i^2 <= bound
//! ```
//!
//! with model gradient m, curvature A > 0 and precision p > 0. With a multiplier eta >= 0 the
//! minimizer of the Lagrangian is `d_i(eta) = -m_i / (A_i + eta p_i)`, and the optimality
//! conditions are
//!
//! ```text
//! KL(eta) <= bound,    eta >= 0,    eta (KL(eta) - bound) = 0.
//! ```
//!
//! KL(eta) falls strictly wherever it is positive, so there is just one solution. This is the
//! secular equation of the classical trust region (Moré and Sorensen 1983; Nocedal and Wright,
//! *Numerical Optimization*, section 4.3) with the norm weighted by p.
//!
//! This module sees only scalars: a function `eta -> (KL, dKL/deta)` and a bound.

mod bisection;
mod newton;

pub use bisection::Bisection;
pub use newton::Newton;

/// KL and its derivative at one multiplier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DualValue {
    /// `KL(eta)`, in nats, >= 0.
    pub kl: f64,
    /// `dKL/deta`, <= 0.
    pub slope: f64,
}

impl DualValue {
    /// From the sums over the coordinates of p d^2 and of p d (p d / (A + eta p)).
    pub(crate) fn from_sums([squares, slope]: [f64; 2]) -> Self {
        Self { kl: 0.5 * squares, slope: -slope }
    }
}

/// The result of a dual solver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DualSolution {
    /// The multiplier eta >= 0: 0 where the bound is inactive, infinite where the bound is 0.
    pub multiplier: f64,
    /// KL at the last evaluated multiplier: for [`Newton`] the one returned, for [`Bisection`]
    /// the last midpoint.
    pub kl: f64,
    /// Evaluations of KL.
    pub evaluations: u32,
}

/// Solves the secular equation `KL(eta) = bound` for the multiplier eta.
///
/// ```
/// use argmin_arturo::dual::{DualSolver, DualValue, Newton};
///
/// // one coordinate: m = 3, A = 1, p = 2, so KL(eta) = 9 / (1 + 2 eta)^2
/// let kl = |eta: f64| DualValue {
///     kl: 9.0 / (1.0 + 2.0 * eta).powi(2),
///     slope: -36.0 / (1.0 + 2.0 * eta).powi(3),
/// };
/// let solution = Newton::default().solve(1.0, None, kl);
/// assert!((solution.multiplier - 1.0).abs() < 1e-3);
/// assert!((solution.kl - 1.0).abs() <= 1e-3);
/// ```
pub trait DualSolver {
    /// Finds the multiplier.
    ///
    /// - `bound`: the KL bound in nats, >= 0
    /// - `warm_start`: the multiplier of the step before, where there was one
    /// - `kl`: evaluates KL and its derivative; infinite or NaN counts as above the bound
    fn solve(
        &self,
        bound: f64,
        warm_start: Option<f64>,
        kl: impl FnMut(f64) -> DualValue,
    ) -> DualSolution;

    /// The multiplier that [`solve`](Self::solve) will evaluate first: KL there costs next to
    /// nothing, a by-product of the fit of the model. A wrong guess costs time only.
    fn first_multiplier(&self, warm_start: Option<f64>) -> f64 {
        warm_start.unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The multiplier that is evaluated first.
    fn first_evaluated(solver: &impl DualSolver, warm_start: Option<f64>) -> f64 {
        let mut first = None;
        solver.solve(1.0, warm_start, |eta| {
            first.get_or_insert(eta);
            DualValue { kl: 16.0 / (1.0 + eta).powi(2), slope: -32.0 / (1.0 + eta).powi(3) }
        });
        first.unwrap()
    }

    /// Takes the multiplier of the step before, and looks once.
    struct Lazy;

    impl DualSolver for Lazy {
        fn solve(
            &self,
            _bound: f64,
            warm_start: Option<f64>,
            mut kl: impl FnMut(f64) -> DualValue,
        ) -> DualSolution {
            let multiplier = warm_start.unwrap_or(0.0);
            DualSolution { multiplier, kl: kl(multiplier).kl, evaluations: 1 }
        }
    }

    #[test]
    fn the_first_multiplier_is_evaluated_first() {
        let bisection = Bisection::new(1e-3).unwrap();
        let newton = Newton::default();
        for warm in [None, Some(0.3), Some(7.0), Some(5000.0)] {
            assert_eq!(bisection.first_multiplier(warm), first_evaluated(&bisection, warm));
            assert_eq!(newton.first_multiplier(warm), first_evaluated(&newton, warm));
            assert_eq!(Lazy.first_multiplier(warm), first_evaluated(&Lazy, warm));
        }
    }
}
