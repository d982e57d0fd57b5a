//! The answer of a run with its error bars, and criteria to stop a run.
//!
//! | you want to know | use |
//! |---|---|
//! | how far the recommended point is from the minimum, from the run itself | [`result.solution()`](RunResult::solution): [`Solution`] |
//! | the same with all correlations, from fresh draws | [`result.certify(draws)`](RunResult::certify): [`Certificate`] |
//! | how well the data determine x: the width of a posterior | [`Solution::posterior_deviation`], [`Certificate::posterior_covariance`] |
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
mod result;
mod segments;
mod tolerance;
mod transformed;
mod warm_start;

pub(crate) use assess::assess;
use assess::is_settled;
#[cfg(feature = "nalgebra")]
pub(crate) use certificate::default_step;
#[cfg(feature = "nalgebra")]
pub use certificate::{Certificate, Certification};
pub use compare::{CostComparison, compare_costs};
pub(crate) use cost::{CostReport, CostSource, ExactCost, FilteredCost, KeptCost};
pub use result::RunResult;
pub(crate) use segments::Segments;
pub(crate) use tolerance::Stopping;
pub use tolerance::Tolerance;
pub(crate) use warm_start::scale_of;

use crate::error::{Requirement, require};
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;
use normal::two_sided_quantile;

/// The answer of a run, with its Monte-Carlo error and a verdict; see [`RunResult::solution`]. `P` is the
/// type of the parameter vector.
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
/// parameters are accounted for as far as B resembles H. Where the path of the answer is wider than that, all errors
/// are longer by the same factor. While B is not known errors are infinite.
///
/// Above 200 coordinates there is no B, and errors follow from the path of the answer alone, by random scaling (Lee, Liao,
/// Seo and Shin 2022): 1.96 of them hold x* with a probability of 95 %, but for directions in which the run is still
/// slow, which they do not see. So the verdict there is always [`Verdict::StillMoving`], gradient and curvature are
/// unknown (NaN, with infinite errors), and the predicted gain has no bound. With an
/// [estimator](crate::Arturo::with_estimator) B is a diagonal, and the errors of correlated parameters
/// come out too small. [`Arturo::certify`](crate::Arturo::certify) spends fresh draws to do without B.
///
/// The errors are those of the draws alone: how well the *optimum* is known, not how well the
/// optimum of the data represents the world (for that see [`posterior_deviation`](Self::posterior_deviation)).
///
/// [`Display`](std::fmt::Display) prints a table. Instead of an error of 0 it shows
/// which bound a coordinate is on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Solution<P = Vec<f64>> {
    /// The recommended point, argmin's `best_param`.
    pub param: P,
    /// Monte-Carlo standard error of each coordinate, in units of x: noise of the gradient over the
    /// curvature, and the known distance of the recommended point from the minimum of the model. It is 0
    /// for a coordinate on a bound ([`is_on_lower_bound`](Self::is_on_lower_bound)), and for one whose
    /// gradient is 0 in all draws; infinite where it is not known.
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
    /// Curvature of f in each coordinate, the diagonal of the model's Hessian, in units of f/x^2.
    pub curvature: Vec<f64>,
    /// Its standard error: the root mean square part by which the model has missed the changes of the
    /// gradient along the last steps, at least 10 %.
    pub curvature_error: Vec<f64>,
    /// f at the recommended point less the least f, as predicted, in units of f.
    pub predicted_gain: f64,
    /// The upper bound of the same, with a probability of about 95 % if the model holds.
    pub predicted_gain_bound: f64,
    /// The number of independent draws whose mean would have the error of the gradient; none without noise.
    pub effective_draws: Option<f64>,
    /// Gradients drawn by the run.
    pub draw_count: u64,
    /// Whether the errors can be trusted, and the next step.
    pub verdict: Verdict,
    /// Whether the lower and the upper bound hold each coordinate; empty without bounds.
    #[cfg_attr(feature = "serde1", serde(default))]
    pub(crate) on_bounds: Vec<[bool; 2]>,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Verdict {
    /// The tolerance of the solver is met; or, without noise, the gradient has fallen to the square root of
    /// the machine epsilon of its size at the start, and the way to the minimum of the model to that of the
    /// distance travelled.
    Converged,
    /// Nothing but noise keeps the answer from the minimum: more draws make it better, slowly.
    NoiseLimited {
        /// Draws in addition to those so far that halve the standard error: three times as many.
        more_draws_for_half_error: u64,
    },
    /// The errors cannot be trusted yet: the steps are limited by the trust region, f falls by more than
    /// noise, or the draws contradict the model. Also where the model cannot distinguish slow
    /// progress from noise, as for many correlated parameters, for draws of single data points, and for
    /// methods with a diagonal model. Use [`Arturo::certify`](crate::Arturo::certify) then.
    StillMoving,
    /// No step is accepted although the gradient is not 0.
    Stalled,
    /// Of a certificate: the curvature in some direction is too uncertain to distinguish a minimum from
    /// a saddle, or to give errors.
    HessianUnknown {
        /// About how many more draws of the Hessian are needed.
        more_hessian_draws: u64,
    },
}

/// The name of the answer in error messages.
const NAME: &str = "Solution";

impl<P: ParamVec> Solution<P> {
    /// The intervals that hold the coordinates of the minimum with this probability (in (0, 1), such
    /// as 0.95), as far as the standard errors do; in units of x.
    ///
    /// # Errors
    /// If the confidence is out of range.
    pub fn intervals(&self, confidence: f64) -> Result<Vec<[f64; 2]>, Error> {
        let quantile = two_sided_quantile(NAME, confidence)?;
        let around = |(x, error): (f64, &f64)| [x - quantile * error, x + quantile * error];
        Ok(std::iter::zip(self.coordinates()?, &self.standard_error).map(around).collect())
    }

    /// The recommended point in `f64`.
    pub(crate) fn coordinates(&self) -> Result<Vec<f64>, Error> {
        Ok(self.param.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect())
    }
}

impl<P> Solution<P> {
    /// Whether the answer has this coordinate on its lower bound, where it has no error; see
    /// [`with_bounds`](crate::Arturo::with_bounds). A coordinate with equal bounds is on both.
    ///
    /// ```
    /// use argmin::core::Gradient;
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::prelude::*;
    ///
    /// /// 1/2 |x - (-1, 1, 3)|^2
    /// struct Bowl;
    /// impl Gradient for Bowl {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![x[0] + 1.0, x[1] - 1.0, x[2] - 3.0])
    ///     }
    /// }
    /// let solver = Arturo::new().with_bounds(vec![0.0; 3], vec![2.0; 3])?;
    /// let result = Executor::new(GaussianNoise::new(Bowl, 0.1)?, solver)
    ///     .configure(|state| state.param(vec![0.5; 3]).max_iters(1000))
    ///     .run()?;
    /// let solution = result.solution()?;
    /// assert!(solution.is_on_lower_bound(0) && !solution.is_on_upper_bound(0));
    /// assert!(!solution.is_on_lower_bound(1) && !solution.is_on_upper_bound(1));
    /// assert!(solution.is_on_upper_bound(2));
    /// assert!(solution.to_string().contains("on lower bound"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn is_on_lower_bound(&self, coordinate: usize) -> bool {
        self.on_bounds.get(coordinate).is_some_and(|[lower, _]| *lower)
    }

    /// Whether the answer has this coordinate on its upper bound; see
    /// [`is_on_lower_bound`](Self::is_on_lower_bound).
    pub fn is_on_upper_bound(&self, coordinate: usize) -> bool {
        self.on_bounds.get(coordinate).is_some_and(|[_, upper]| *upper)
    }

    /// The standard deviation of each coordinate in the diagonal Laplace approximation of a posterior:
    /// independent normal distributions about the recommended point, of variance temperature / curvature.
    ///
    /// With f the average negative log-likelihood over N observations (and prior), exp(-N f) is the
    /// posterior density, and its curvature N times that of f: the temperature is 1/N. For f the sum
    /// over the observations it is 1. The relative error is half that of the curvature.
    ///
    /// # Correlations
    ///
    /// The diagonal does not contain them. For a normal posterior of precision matrix N H these standard
    /// deviations are those of one coordinate with all others *held fixed*, (N H_ii)^(-1/2). The marginal
    /// ones, (N H^-1)_ii^(1/2), are larger: by the factor 1 / sqrt(1 - r^2) for two coordinates of
    /// correlation r, and without bound in general. The curvature of an estimator is the slope of each
    /// coordinate's gradient along the steps, which contains part of the off-diagonal terms. For the
    /// whole matrix see [`Certificate::posterior_covariance`].
    ///
    /// # Reference
    /// D. MacKay, *A practical Bayesian framework for backpropagation networks*, 1992.
    ///
    /// ```
    /// use argmin::core::Gradient;
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::prelude::*;
    ///
    /// /// Mean of (x - z_i)^2 / 2 over 400 observations z_i of variance 1: the posterior of their mean
    /// /// has the standard deviation 1/20.
    /// struct Mean;
    /// impl Gradient for Mean {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![x[0] - 3.0])
    ///     }
    /// }
    /// let result = Executor::new(GaussianNoise::new(Mean, 1.0)?, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(1000))
    ///     .run()?;
    /// let deviation = result.solution()?.posterior_deviation(1.0 / 400.0)?;
    /// assert!((deviation[0] - 0.05).abs() < 0.005);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If the temperature is not positive and finite.
    pub fn posterior_deviation(&self, temperature: f64) -> Result<Vec<f64>, Error> {
        require(NAME, "temperature", temperature, Requirement::Positive)?;
        Ok(self.curvature.iter().map(|a| (temperature / a).sqrt()).collect())
    }
}
