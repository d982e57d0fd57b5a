//! A quadratic penalty on x: weight decay, or a Gaussian prior.

use super::{Draw, Mirror, Staged, StochasticCost, StochasticGradient};
use crate::error::{Requirement, invalid, misfit, require};
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;

const NAME: &str = "Regularized";

/// Adds a quadratic penalty to f:
///
/// ```text
/// f(x) + w/2 sum_i ((x_i - m_i) / s_i)^2
/// ```
///
/// - [`weight_decay`](Self::weight_decay): m = 0 and w/s^2 = lambda for all coordinates (ridge, Tikhonov).
/// - [`gaussian_prior`](Self::gaussian_prior): the prior N(m_i, s_i^2), where f is a negative
///   log-likelihood. For f the *mean* over N observations set [`with_weight`](Self::with_weight)(1 / N).
///
/// The penalty is exact, so that it adds no noise, and is a part of f for all else: of its Hessian and
/// cost, of the errors in [`Solution`](crate::solution::Solution), and of the posterior
/// ([`posterior_deviation`](crate::solution::Solution::posterior_deviation)).
///
/// ```
/// use argmin::core::Gradient;
/// use argmin_arturo::oracle::{GaussianNoise, Regularized};
/// use argmin_arturo::prelude::*;
///
/// /// Minus the mean log-likelihood of the mean x of 10 observations of variance 1, whose mean is 3.
/// struct Likelihood;
/// impl Gradient for Likelihood {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 3.0])
///     }
/// }
/// // prior N(0, 1): as much as one more observation, of 0
/// let oracle = Regularized::gaussian_prior(
///     GaussianNoise::new(Likelihood, 1.0)?,
///     vec![0.0],
///     vec![1.0],
/// )?
/// .with_weight(1.0 / 10.0)?;
/// let result = Executor::new(oracle, Arturo::new())
///     .configure(|state| state.param(vec![1.0]).max_iters(5000))
///     .run()?;
/// let solution = result.solution()?;
/// let (x, error) = (solution.param[0], solution.standard_error[0]);
/// assert!((x - 30.0 / 11.0).abs() < 4.0 * error && error < 0.05);
/// // the posterior N(30/11, 1/11)
/// let deviation = solution.posterior_deviation(1.0 / 10.0)?[0];
/// assert!((deviation / (1.0_f64 / 11.0).sqrt() - 1.0).abs() < 0.1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regularized<O> {
    oracle: O,
    /// m; empty where it is 0.
    mean: Vec<f64>,
    /// 1/s^2 of each coordinate, or of all.
    precision: Vec<f64>,
    weight: f64,
}

impl<O> Regularized<O> {
    /// Adds lambda/2 |x|^2, lambda >= 0.
    ///
    /// # Errors
    /// If lambda is negative or not finite.
    pub fn weight_decay(oracle: O, lambda: f64) -> Result<Self, Error> {
        require(NAME, "weight_decay", lambda, Requirement::NonNegative)?;
        Ok(Self { oracle, mean: Vec::new(), precision: vec![1.0], weight: lambda })
    }

    /// Adds minus the logarithm of the prior N(mean_i, standard_deviation_i^2), without its constant.
    ///
    /// # Errors
    /// If there is not a standard deviation for each mean, a mean is not finite, or a standard deviation
    /// not positive, finite and of a finite square.
    pub fn gaussian_prior(
        oracle: O,
        mean: Vec<f64>,
        standard_deviation: Vec<f64>,
    ) -> Result<Self, Error> {
        if mean.len() != standard_deviation.len() {
            return Err(misfit(format!(
                "{NAME}: `mean` has {} coordinates, `standard_deviation` has {}; give both for each \
                 coordinate",
                mean.len(),
                standard_deviation.len()
            )));
        }
        if let Some(i) = mean.iter().position(|mean| !mean.is_finite()) {
            return Err(invalid(format!("{NAME}: `mean[{i}]` must be finite, got {}", mean[i])));
        }
        let precision = |(i, deviation): (usize, &f64)| {
            require(NAME, &format!("standard_deviation[{i}]"), *deviation, Requirement::Positive)?;
            let precision = (deviation * deviation).recip();
            require(
                NAME,
                &format!("1 / standard_deviation[{i}]^2"),
                precision,
                Requirement::Positive,
            )?;
            Ok(precision)
        };
        let precision = standard_deviation.iter().enumerate().map(precision);
        Ok(Self { oracle, mean, precision: precision.collect::<Result<_, Error>>()?, weight: 1.0 })
    }

    /// Multiplies the penalty by this (>= 0): 1/N for a prior where f is a mean over N observations.
    ///
    /// # Errors
    /// If the weight is negative or not finite.
    pub fn with_weight(mut self, weight: f64) -> Result<Self, Error> {
        require(NAME, "weight", weight, Requirement::NonNegative)?;
        self.weight *= weight;
        Ok(self)
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }

    /// The distance from the mean and the curvature of the penalty in each coordinate of x.
    pub(crate) fn terms<'a, F: Scalar>(
        &'a self,
        x: &'a [F],
    ) -> Result<impl Iterator<Item = (f64, f64)> + 'a, Error> {
        if !self.mean.is_empty() && self.mean.len() != x.len() {
            return Err(misfit(format!(
                "{NAME}: there is a prior for {} coordinates, the parameter vector has {}; give one \
                 for each",
                self.mean.len(),
                x.len()
            )));
        }
        Ok(x.iter().enumerate().map(|(i, x)| {
            let mean = self.mean.get(i).copied().unwrap_or(0.0);
            let precision = self.precision.get(i).unwrap_or(&self.precision[0]);
            (x.to_f64_exact() - mean, self.weight * precision)
        }))
    }
}

impl<O> StochasticGradient for Regularized<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        self.oracle.stochastic_gradient(x, draw, gradient)?;
        let terms = self.terms(x.as_coordinates()?)?;
        for (g, (distance, curvature)) in gradient.as_coordinates_mut()?.iter_mut().zip(terms) {
            *g = *g + Scalar::from_f64_lossy(curvature * distance);
        }
        Ok(())
    }
}

impl<O: StochasticCost> StochasticCost for Regularized<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        let cost = self.oracle.stochastic_cost(x, draw)?;
        let terms = self.terms(x.as_coordinates()?)?;
        let penalty: f64 = terms.map(|(distance, a)| 0.5 * a * distance * distance).sum();
        Ok(cost + Scalar::from_f64_lossy(penalty))
    }
}

impl<O: Mirror> Mirror for Regularized<O> {}

impl<O: Staged> Staged for Regularized<O> {
    type Param = O::Param;

    fn begin_stage(&mut self, x: &O::Param) -> Result<(), Error> {
        self.oracle.begin_stage(x)
    }

    fn stage_point(&self) -> Option<&O::Param> {
        self.oracle.stage_point()
    }
}
