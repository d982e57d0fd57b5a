//! The answer of a run with its error bars, and what a run may stop on.
//!
//! | you want to know | use |
//! |---|---|
//! | how far the recommended point is from the minimum, from the run itself | [`Arturo::solution`](crate::Arturo::solution): [`Solution`] |
//! | the same with all correlations, for fresh draws | [`Arturo::certify`](crate::Arturo::certify): [`Certificate`] |
//! | how wide a posterior is | [`Arturo::posterior`](crate::Arturo::posterior), [`Certificate::posterior_covariance`] |
//! | when to stop | [`Arturo::with_tolerance`](crate::Arturo::with_tolerance): [`Tolerance`] |
//! | the cost along the way | [`Arturo::with_filtered_cost`](crate::Arturo::with_filtered_cost), [`Arturo::with_exact_cost`](crate::Arturo::with_exact_cost) |
//! | which of a few points is the best | [`compare_costs`] |

mod assess;
#[cfg(feature = "nalgebra")]
mod certificate;
mod compare;
mod cost;
mod display;
mod normal;
mod posterior;
mod segments;
mod tolerance;

pub(crate) use assess::assess;
use assess::is_settled;
#[cfg(feature = "nalgebra")]
pub(crate) use certificate::default_step;
#[cfg(feature = "nalgebra")]
pub use certificate::{Certificate, Certification};
pub use compare::{CostComparison, compare_costs};
pub(crate) use cost::{CostReport, CostSource, KeptCost};
pub use cost::{ExactCost, FilteredCost};
#[cfg(feature = "plot")]
pub(crate) use display::number;
pub use posterior::Posterior;
pub(crate) use segments::Segments;
pub(crate) use tolerance::Stopping;
pub use tolerance::Tolerance;

use normal::two_sided_quantile;

/// The answer of a run, with its Monte-Carlo error and a verdict; see
/// [`Arturo::solution`](crate::Arturo::solution).
///
/// # Where the errors come from
///
/// The noise of the draws leaves the mean gradient m with the covariance v Cov, where Cov is that of
/// one draw and v is 1 / draws. Close to the minimum x* the solver follows the zero of m, so the
/// answer x has
///
/// ```text
/// x - x* ~ N(0, v H^-1 Cov H^-1)      f(x) - f(x*) ~ v/2 tr(H^-1 Cov) on average
/// ```
///
/// (the sandwich covariance of stochastic approximation). [`Arturo::new`](crate::Arturo::new) takes Cov
/// from the residuals of the draws, and for H its dense model B, so that correlated noise and correlated
/// parameters are accounted for as far as B resembles H. While B is not known, and above 200
/// coordinates, where there is none, errors are infinite. With an
/// [estimator](crate::Arturo::with_estimator) B is a diagonal, and the errors of correlated parameters
/// come out too small. [`Arturo::certify`](crate::Arturo::certify) spends fresh draws to do without B.
///
/// The errors are those of the draws alone: how well the *optimum* is known, not how well the
/// optimum of the data represents the world (for that see [`Posterior`]).
///
/// [`Display`](std::fmt::Display) prints a table.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Solution {
    /// The recommended point, argmin's `best_param`.
    pub param: Vec<f64>,
    /// Monte-Carlo standard error of each coordinate, in units of x: noise of the gradient over the
    /// curvature, and the known distance of the recommended point from the minimum of the model.
    pub standard_error: Vec<f64>,
    /// Split R-hat of each coordinate (Gelman and Rubin 1992, split in halves as in Vehtari et al.
    /// 2021) over the last 4 to 8 segments of the path; only
    /// [`with_segments`](crate::Arturo::with_segments). 1 for a path that stays at one place; the
    /// iterates of this solver get closer and closer, so that 1.5 is normal and 3 is a trend.
    pub r_hat: Option<Vec<f64>>,
    /// The estimate of the gradient at the last point, in units of f/x.
    pub gradient: Vec<f64>,
    /// Its standard error.
    pub gradient_error: Vec<f64>,
    /// f at the recommended point less the least f, as predicted, in units of f.
    pub predicted_gain: f64,
    /// What that is below with a probability of about 95 %, as far as the model holds.
    pub predicted_gain_bound: f64,
    /// Draws whose plain mean would be as certain as the gradient; none without noise.
    pub effective_draws: Option<f64>,
    /// Gradients drawn by the run.
    pub draw_count: u64,
    /// What to make of it.
    pub verdict: Verdict,
}

/// What a run has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Verdict {
    /// The tolerance of the solver is met; or, without noise, the gradient has fallen to the square
    /// root of the machine epsilon of its size at the start.
    Converged,
    /// Nothing but noise keeps the answer from the minimum: more draws make it better, slowly.
    NoiseLimited {
        /// Draws in addition to those so far that halve the standard error: three times as many.
        more_draws_for_half_error: u64,
    },
    /// On the way, or on the trail of a minimum that moves: the steps are bound by the trust region,
    /// f falls by more than noise, or the draws contradict the model. Also where the model is too
    /// poor to tell slow progress from noise, which it is for many correlated parameters, for draws
    /// of single data points, and for methods with a diagonal model: then
    /// [`Arturo::certify`](crate::Arturo::certify) tells.
    StillMoving,
    /// No step is accepted although the gradient is not 0.
    Stalled,
    /// Of a certificate: the curvature in some direction is too uncertain to tell a minimum from a
    /// saddle, or to give errors.
    HessianUnknown {
        /// About as many draws of the Hessian in addition would tell.
        more_hessian_draws: u64,
    },
}

impl Solution {
    /// The intervals that hold the coordinates of the minimum with this probability (in (0, 1), such
    /// as 0.95), as far as the standard errors do; in units of x.
    ///
    /// # Errors
    /// If the confidence is out of range.
    pub fn intervals(&self, confidence: f64) -> Result<Vec<[f64; 2]>, argmin::core::Error> {
        let quantile = two_sided_quantile("Solution", confidence)?;
        let around = |(x, error): (&f64, &f64)| [x - quantile * error, x + quantile * error];
        Ok(std::iter::zip(&self.param, &self.standard_error).map(around).collect())
    }
}
