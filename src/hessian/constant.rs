//! A curvature that is known.

use super::{GradientFilter, HessianEstimator, Observation, QuadraticModel};
use crate::error::{Requirement, invalid, misfit, require};
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};

/// A constant curvature, with drawn gradients filtered by a [`GradientFilter`].
///
/// For an objective whose curvature is known, or bounded: with a Lipschitz constant of the
/// gradient, a step inside the ball is gradient descent with step size 1 / curvature.
///
/// ```
/// use argmin::core::{Error, Executor, Gradient, State};
/// use argmin_arturo::{Arturo, hessian::Constant};
///
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 1.0, 4.0 * (x[1] - 2.0)])
///     }
/// }
/// let estimator = Constant::diagonal(vec![1.0, 4.0])?;
/// let result = Executor::new(Bowl, Arturo::new().with_estimator(estimator))
///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(200))
///     .run()?;
/// let x = result.state().get_param().unwrap();
/// assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 2.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Constant<F> {
    /// One for all coordinates, or one for each.
    curvature: Vec<F>,
    filter: GradientFilter<F>,
}

/// Relative error of the curvature along a step: it may be a bound.
const CURVATURE_ERROR: f64 = 1.0;
const NAME: &str = "Constant";

impl<F: Scalar> Constant<F> {
    /// The same curvature (> 0, in units of f/x^2) for all coordinates.
    ///
    /// # Errors
    /// If the curvature is not positive and finite.
    pub fn new(curvature: F) -> Result<Self, Error> {
        require(NAME, "curvature", curvature.to_f64_exact(), Requirement::Positive)?;
        Ok(Self { curvature: vec![curvature], filter: GradientFilter::default() })
    }

    /// A curvature (> 0, in units of f/x^2) for each coordinate.
    ///
    /// # Errors
    /// If there is none, or one is not positive and finite.
    pub fn diagonal(curvature: Vec<F>) -> Result<Self, Error> {
        if curvature.is_empty() {
            return Err(invalid(format!("{NAME}: `curvature` is empty")));
        }
        for (i, value) in curvature.iter().enumerate() {
            let parameter = format!("curvature[{i}]");
            require(NAME, &parameter, value.to_f64_exact(), Requirement::Positive)?;
        }
        Ok(Self { curvature, filter: GradientFilter::default() })
    }
}

impl<O, F> HessianEstimator<O> for Constant<F>
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
        if observation.iteration > 0 {
            self.filter.update(gradient, observation.step, CURVATURE_ERROR, model);
            return Ok(());
        }
        self.filter.start(gradient, model);
        match self.curvature[..] {
            [curvature] => model.curvature.fill(curvature),
            ref curvature if curvature.len() == gradient.len() => {
                model.curvature.copy_from_slice(curvature);
            }
            ref curvature => {
                return Err(misfit(format!(
                    "{NAME}: there are {} curvatures for {} coordinates; give one for each, or the \
                     same for all by `Constant::new`",
                    curvature.len(),
                    gradient.len()
                )));
            }
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
