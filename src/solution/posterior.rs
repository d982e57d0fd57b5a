//! A Gaussian posterior from the curvature at the answer.

use crate::error::{Requirement, require};
use argmin::core::Error;

/// The diagonal Laplace approximation of a posterior: independent normal distributions about the
/// recommended point, of variance temperature / curvature.
///
/// With f the average negative log-likelihood over N observations (and prior), exp(-N f) is the
/// posterior density, and its curvature N times that of f: the temperature is 1/N. For f the sum
/// over the observations it is 1.
///
/// # What a diagonal cannot see
///
/// Correlations. For a normal posterior of precision matrix N H the standard deviations here are at
/// best those of one coordinate with all others *held fixed*, (N H_ii)^(-1/2), which are below the
/// marginal ones, (N H^-1)_ii^(1/2): by the factor sqrt(1 - r^2) for two coordinates of correlation
/// r, and without bound in general. The solver's curvature is the root mean square slope of each
/// coordinate's gradient along its steps, and so contains part of the off-diagonal terms. For the
/// whole matrix see [`Certificate::posterior_covariance`](super::Certificate::posterior_covariance).
///
/// # Reference
/// D. MacKay, *A practical Bayesian framework for backpropagation networks*, 1992.
///
/// ```
/// use argmin::core::{Error, Executor, Gradient};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::oracle::GaussianNoise;
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
/// let posterior = result.solver().posterior(result.state(), 1.0 / 400.0)?;
/// assert!((posterior.standard_deviation[0] - 0.05).abs() < 0.005);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Posterior {
    /// The recommended point.
    pub mean: Vec<f64>,
    /// Standard deviation of each coordinate, in units of x.
    pub standard_deviation: Vec<f64>,
    /// Its standard error, half of that of the curvature in relative terms.
    pub standard_deviation_error: Vec<f64>,
    /// Curvature of f in each coordinate, in units of f/x^2.
    pub curvature: Vec<f64>,
    /// Its standard error: the root mean square part by which the model has missed the changes of
    /// the gradient along the last steps, at least 10 %.
    pub curvature_error: Vec<f64>,
}

impl Posterior {
    pub(crate) fn new(
        mean: Vec<f64>,
        curvature: Vec<f64>,
        relative_error: f64,
        temperature: f64,
    ) -> Result<Self, Error> {
        require("Posterior", "temperature", temperature, Requirement::Positive)?;
        let standard_deviation: Vec<f64> =
            curvature.iter().map(|a| (temperature / a).sqrt()).collect();
        let share = |values: &[f64], part: f64| values.iter().map(|v| part * v).collect::<Vec<_>>();
        Ok(Self {
            mean,
            standard_deviation_error: share(&standard_deviation, 0.5 * relative_error),
            standard_deviation,
            curvature_error: share(&curvature, relative_error),
            curvature,
        })
    }
}
