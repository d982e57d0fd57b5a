//! Curvature from squares of the drawn gradients.

use super::moving_average;
use super::{GradientFilter, HessianEstimator, Observation, QuadraticModel};
use crate::error::{Requirement, require};
use crate::kernel::zip_map_sum;
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};

/// The diagonal of the empirical Fisher information: `a_i = B E[g_i^2]`, with an exponential
/// average for E, as Adam's second moment, and B the number of samples that a drawn gradient is
/// the mean of.
///
/// Where f is the mean negative log-likelihood of samples, this is the diagonal of the Hessian at
/// the true parameters, at no cost at all. Elsewhere it has neither the scale nor the units of a
/// curvature (f^2/x^2 instead of f/x^2), so a change of the scale of f changes the path: prefer
/// [`AdaptiveRls`](super::AdaptiveRls) there. Drawn gradients are filtered by a [`GradientFilter`].
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::hessian::SquaredGradient;
/// use argmin_arturo::{Arturo, Draw, StochasticGradient};
/// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
///
/// /// Mean negative log-likelihood of N(x, 0.1^2) at samples from N(3, 0.1^2): curvature 100.
/// struct Location;
/// impl StochasticGradient for Location {
///     type Param = Vec<f64>;
///     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
///         let noise: f64 = StandardNormal.sample(&mut draw.rng());
///         g[0] = (x[0] - (3.0 + 0.1 * noise)) / 0.01;
///         Ok(())
///     }
/// }
/// let result = Executor::new(Location, Arturo::new().with_estimator(SquaredGradient::new()))
///     .configure(|state| state.param(vec![2.9]).max_iters(3000))
///     .run()?;
/// assert!((result.state().get_best_param().unwrap()[0] - 3.0).abs() < 0.02);
/// assert!((result.solver().curvature()[0] / 100.0 - 1.0).abs() < 0.3);
/// # Ok::<(), Error>(())
/// ```
///
/// # Reference
///
/// D. P. Kingma, J. Ba, *Adam*, 2015, arXiv:1412.6980; J. Martens, *New insights and perspectives
/// on the natural gradient method*, 2020, section 11, for the limits of the empirical Fisher.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct SquaredGradient<F> {
    batch_size: f64,
    memory: f64,
    filter: GradientFilter<F>,
    /// Gradients in the average.
    count: u64,
}

/// Adam's beta_2.
const DEFAULT_MEMORY: f64 = 0.999;
/// Relative error of the curvature along a step: it is a guess.
const CURVATURE_ERROR: f64 = 1.0;
const NAME: &str = "SquaredGradient";

impl<F: Scalar> Default for SquaredGradient<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Scalar> SquaredGradient<F> {
    /// For gradients of single samples.
    pub fn new() -> Self {
        Self {
            batch_size: 1.0,
            memory: DEFAULT_MEMORY,
            filter: GradientFilter::default(),
            count: 0,
        }
    }

    /// Sets B, the number of samples whose mean a drawn gradient is (> 0, default 1).
    ///
    /// # Errors
    /// If the value is not positive and finite.
    pub fn with_batch_size(mut self, batch_size: f64) -> Result<Self, Error> {
        require(NAME, "batch_size", batch_size, Requirement::Positive)?;
        self.batch_size = batch_size;
        Ok(self)
    }

    /// Sets the weight of the past in the average, in [0, 1) (default 0.999, Adam's): it remembers
    /// about 1 / (1 - memory) gradients.
    ///
    /// # Errors
    /// If the value is outside [0, 1).
    pub fn with_memory(mut self, memory: f64) -> Result<Self, Error> {
        require(NAME, "memory", memory, Requirement::BelowOne)?;
        self.memory = memory;
        Ok(self)
    }
}

impl<O, F> HessianEstimator<O> for SquaredGradient<F>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
{
    const DRAWS_MORE: bool = false;

    fn update(
        &mut self,
        _problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        model: &mut QuadraticModel<F>,
    ) -> Result<(), Error> {
        let gradient = observation.gradient.as_coordinates()?;
        if observation.iteration == 0 {
            self.filter.start(gradient, model);
            self.count = 0;
            model.curvature.fill(F::zero());
        } else {
            self.filter.update(gradient, observation.step, CURVATURE_ERROR, model);
        }
        self.count += 1;
        let weight: F = moving_average::weight(self.memory, self.count);
        let scale = F::from_f64_lossy(self.batch_size);
        zip_map_sum([gradient], [&mut model.curvature], |[g], [a]| {
            ([a + weight * (scale * g * g - a)], [])
        });
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}
