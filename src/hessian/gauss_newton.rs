//! Curvature of a sum of squares, from first derivatives.

use super::exact_diagonal::DRIFT;
use super::moving_average;
use super::{GradientFilter, HessianEstimator, Observation, QuadraticModel};
use crate::error::{Requirement, invalid, require};
use crate::kernel::zip_map_sum;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::ParamVec;
use argmin::core::{Error, Problem};
use num_traits::Zero;

/// A problem that gives the diagonal of its Gauss-Newton matrix.
///
/// For f(x) = 1/2 sum_k w_k r_k(x)^2 it is `c_i = sum_k w_k (dr_k/dx_i)^2`, the squared columns of
/// the Jacobian; for a log-likelihood it is the diagonal of the Fisher information, such as the
/// mean of the squared gradients of single samples.
pub trait SquaredJacobian: StochasticGradient {
    /// Writes c at `x` into `squares`, every coordinate of it, with the weights that f has: exact,
    /// or an unbiased draw of it that is a pure function of `x` and `draw`.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a [`FailedRun`](crate::FailedRun).
    fn squared_jacobian(
        &self,
        x: &Self::Param,
        draw: Draw,
        squares: &mut Self::Param,
    ) -> Result<(), Error>;
}

/// The diagonal of the Gauss-Newton matrix as the problem gives it: never negative, and close to
/// that of the Hessian where the residuals are small or nearly linear.
///
/// Draws of it are averaged exponentially; drawn gradients are filtered by a [`GradientFilter`].
/// Each evaluation is counted by argmin as `squared_jacobian_count`.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::hessian::{GaussNewton, SquaredJacobian};
/// use argmin_arturo::{Arturo, Draw, StochasticGradient};
///
/// /// f(x) = 1/2 sum_t (x_0 exp(-x_1 t) - 2 exp(-t / 2))^2 over t = 0, 1, 2, 3.
/// struct Decay;
/// impl StochasticGradient for Decay {
///     type Param = Vec<f64>;
///     fn stochastic_gradient(&self, x: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
///         g.fill(0.0);
///         for t in [0.0, 1.0, 2.0, 3.0] {
///             let decay = (-x[1] * t).exp();
///             let residual = x[0] * decay - 2.0 * (-0.5 * t).exp();
///             g[0] += residual * decay;
///             g[1] -= residual * x[0] * t * decay;
///         }
///         Ok(())
///     }
/// }
/// impl SquaredJacobian for Decay {
///     fn squared_jacobian(&self, x: &Vec<f64>, _: Draw, c: &mut Vec<f64>) -> Result<(), Error> {
///         c.fill(0.0);
///         for t in [0.0, 1.0, 2.0, 3.0] {
///             let decay = (-x[1] * t).exp();
///             c[0] += decay.powi(2);
///             c[1] += (x[0] * t * decay).powi(2);
///         }
///         Ok(())
///     }
/// }
/// let result = Executor::new(Decay, Arturo::new().with_estimator(GaussNewton::new()))
///     .configure(|state| state.param(vec![1.0, 1.0]).max_iters(5000))
///     .run()?;
/// let x = result.state().get_param().unwrap();
/// assert!((x[0] - 2.0).abs() < 1e-3 && (x[1] - 0.5).abs() < 1e-3, "{x:?}");
/// # Ok::<(), Error>(())
/// ```
///
/// # Reference
///
/// J. Nocedal, S. J. Wright, *Numerical Optimization*, section 10.3; J. Martens, *New insights and
/// perspectives on the natural gradient method*, 2020, for the Fisher information.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(
        serialize = "P::Scalar: serde::Serialize",
        deserialize = "P::Scalar: serde::Deserialize<'de>"
    ))
)]
pub struct GaussNewton<P: ParamVec> {
    interval: u64,
    memory: f64,
    filter: GradientFilter<P::Scalar>,
    /// Samples in the average.
    count: u64,
    #[cfg_attr(feature = "serde1", serde(skip))]
    squares: Option<P>,
}

/// Ten draws: an exact diagonal lags behind x by no more.
const DEFAULT_MEMORY: f64 = 0.9;
const NAME: &str = "GaussNewton";

impl<P: ParamVec> Default for GaussNewton<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: ParamVec> GaussNewton<P> {
    /// Evaluates the squared Jacobian at every iteration.
    pub fn new() -> Self {
        Self {
            interval: 1,
            memory: DEFAULT_MEMORY,
            filter: GradientFilter::default(),
            count: 0,
            squares: None,
        }
    }

    /// Evaluates it at every `interval`-th iteration only (>= 1, default 1).
    ///
    /// # Errors
    /// If the interval is 0.
    pub fn with_interval(mut self, interval: u64) -> Result<Self, Error> {
        if interval == 0 {
            return Err(invalid(format!("{NAME}: `interval` must be at least 1, got 0")));
        }
        self.interval = interval;
        Ok(self)
    }

    /// Sets the weight of the past in the average, in [0, 1) (default 0.9): it remembers about
    /// 1 / (1 - memory) evaluations. 0 keeps only the last one, which suits an exact diagonal.
    ///
    /// # Errors
    /// If the value is outside [0, 1).
    pub fn with_memory(mut self, memory: f64) -> Result<Self, Error> {
        require(NAME, "memory", memory, Requirement::BelowOne)?;
        self.memory = memory;
        Ok(self)
    }
}

impl<O, P> HessianEstimator<O> for GaussNewton<P>
where
    O: SquaredJacobian<Param = P>,
    P: ParamVec,
{
    fn update(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        model: &mut QuadraticModel<P::Scalar>,
    ) -> Result<(), Error> {
        let Observation { param, gradient, step, draw, iteration, .. } = observation;
        let gradient = gradient.as_coordinates()?;
        if iteration == 0 {
            self.filter.start(gradient, model);
            self.count = 0;
            model.curvature.fill(P::Scalar::zero());
        } else {
            self.filter.update(gradient, step, DRIFT, model);
        }
        if iteration.is_multiple_of(self.interval) {
            let squares = self.squares.get_or_insert_with(|| param.clone());
            problem.problem("squared_jacobian_count", |oracle| {
                oracle.squared_jacobian(param, draw, squares)
            })?;
            self.count += 1;
            let weight: P::Scalar = moving_average::weight(self.memory, self.count);
            zip_map_sum([squares.as_coordinates()?], [&mut model.curvature], |[c], [a]| {
                ([a + weight * (c - a)], [])
            });
        }
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}
