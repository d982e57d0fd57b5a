//! The local quadratic model that a step minimizes.

use crate::param::Scalar;

/// A diagonal quadratic model of f around the current point x:
///
/// ```text
/// f(x + d) ~ f(x) + m.d + 1/2 sum_i a_i d_i^2
/// ```
///
/// The solver owns it; a [`HessianEstimator`](crate::hessian::HessianEstimator) refits it to each
/// drawn gradient. All slices have the length n of the parameter vector.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct QuadraticModel<F> {
    /// m, the gradient of the model at x. After a step the solver moves it along, to `m + a d`, so
    /// an estimator finds here the prediction for the gradient that it receives.
    pub gradient: Vec<F>,
    /// a, the curvature: the estimate of the Hessian's diagonal, of either sign.
    pub curvature: Vec<F>,
    /// The curvature that the step divides by, where it is to differ from `|a|`: an estimator that
    /// knows how uncertain its curvature is puts a more cautious one here. Empty where not used.
    pub cautious_curvature: Vec<F>,
    /// Variance of one coordinate of one drawn gradient around m. Empty where not estimated.
    pub noise: Vec<F>,
    /// Weighted sum of squares of x around its mean, where the curvature is the slope of drawn
    /// gradients over x: its variance is `noise / offset_square`. Empty where it is not.
    pub offset_square: Vec<F>,
}

impl<F: Scalar> QuadraticModel<F> {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            gradient: vec![F::zero(); len],
            curvature: vec![F::zero(); len],
            cautious_curvature: Vec::new(),
            noise: Vec::new(),
            offset_square: Vec::new(),
        }
    }

    /// The slice that [`positive_curvature`] turns into the curvature of the step.
    pub(crate) fn step_curvature(&self) -> &[F] {
        if self.cautious_curvature.is_empty() { &self.curvature } else { &self.cautious_curvature }
    }
}

/// The curvature that a step divides by: `|a|`, but never below `tiny`.
///
/// Deviation from the paper, which divides by a, and so walks uphill to a maximum or a saddle and
/// takes on negative precisions where a < 0. The absolute value makes every step one of descent,
/// and keeps the scale of the curvature (saddle-free Newton, Dauphin et al. 2014).
#[inline(always)]
pub(crate) fn positive_curvature<F: Scalar>(curvature: F, tiny: F) -> F {
    curvature.abs().max(tiny)
}

/// Smallest curvature in use: its square is still a normal number, whatever the precision.
pub(crate) fn tiny_curvature<F: Scalar>() -> F {
    F::min_positive_value().sqrt()
}
