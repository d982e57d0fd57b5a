//! Where curvature comes from: estimators of a diagonal quadratic model.
//!
//! | estimator | curvature from | cost per step beside the drawn gradient | arrays | when |
//! |---|---|---|---|---|
//! | [`AdaptiveRls`] | regression of the drawn gradients on the path, self-calibrating | none | 11 | only drawn gradients |
//! | [`KalmanRls`] | the same with given noise levels; the paper's | none | 5 | parity with the paper |
//! | [`ExactDiagonal`] | the problem | one Hessian diagonal | 6 | the diagonal is at hand |
//! | [`FiniteDifference`] | central differences of the gradient at the same draw | two gradients for each coordinate of a block | 8 | few coordinates |
//! | [`Hutchinson`] | products of the Hessian with random signs: by differences, or the problem's | one product, or two gradients, every tenth step | 11 by differences, else 8 | many coordinates, coupled; additive noise |
//! | [`GaussNewton`] | squared Jacobian of residuals | one squared Jacobian | 6 | least squares, likelihoods |
//! | [`SquaredGradient`] | squared drawn gradients, the empirical Fisher information | none | 5 | log-likelihoods, near the truth |
//! | [`Constant`] | the user | none | 5, and 1 for a diagonal | curvature known or bounded |
//!
//! Arrays of length n are those of estimator and model, beside x and the drawn gradient.

mod adaptive_rls;
mod constant;
mod exact_diagonal;
mod finite_difference;
mod gauss_newton;
mod gradient_filter;
mod hutchinson;
mod kalman_rls;
mod moving_average;
mod products;
mod squared_gradient;

pub use crate::model::QuadraticModel;
pub use adaptive_rls::AdaptiveRls;
pub use constant::Constant;
pub use exact_diagonal::{ExactDiagonal, HessianDiagonal};
pub use finite_difference::FiniteDifference;
pub use gauss_newton::{GaussNewton, SquaredJacobian};
pub use gradient_filter::GradientFilter;
pub use hutchinson::Hutchinson;
pub use kalman_rls::KalmanRls;
pub use products::HessianVectorProduct;
pub use squared_gradient::SquaredGradient;

use crate::dual::DualValue;
use crate::error::is_final;
use crate::gaussian::Probe;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::ParamVec;
use argmin::core::{Error, Problem};
use num_traits::Float;

/// The data of one step that an estimator gets.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a, P: ParamVec> {
    /// The current point x.
    pub param: &'a P,
    /// The gradient drawn at x; every coordinate is finite.
    pub gradient: &'a P,
    /// The step from the point of the previous observation to x; 0 at the first one. Empty for
    /// estimators with [`USES_STEP`](HessianEstimator::USES_STEP) false.
    pub step: &'a [P::Scalar],
    /// The draw that gave the gradient. Further gradients at this draw share its randomness.
    pub draw: Draw,
    /// Iteration of the run, from 0.
    pub iteration: u64,
    /// The lower and the upper bounds of x, if there are any; the largest finite numbers where there is
    /// none. Further gradients must be drawn between them.
    pub bounds: Option<[&'a [P::Scalar]; 2]>,
}

/// Fits the quadratic model of a step to drawn gradients.
///
/// An estimator of your own is one function. This one takes the drawn gradient for that of the model, and
/// as curvature the slope of the last two (the Barzilai-Borwein idea, coordinate by coordinate):
///
/// ```
/// use argmin::core::{Error, Executor, Gradient, Problem, State};
/// use argmin_arturo::hessian::{HessianEstimator, Observation, QuadraticModel};
/// use argmin_arturo::{Arturo, StochasticGradient};
///
/// #[derive(Default)]
/// struct Secant {
///     last_gradient: Vec<f64>,
/// }
///
/// impl<O: StochasticGradient<Param = Vec<f64>>> HessianEstimator<O> for Secant {
///     fn update(
///         &mut self,
///         _problem: &mut Problem<O>, // for further, counted evaluations
///         seen: Observation<'_, Vec<f64>>,
///         model: &mut QuadraticModel<f64>,
///     ) -> Result<(), Error> {
///         if seen.iteration == 0 {
///             self.last_gradient.clone_from(seen.gradient);
///             model.curvature.fill(1.0);
///         }
///         for (i, &step) in seen.step.iter().enumerate() {
///             if step != 0.0 {
///                 model.curvature[i] = (seen.gradient[i] - self.last_gradient[i]) / step;
///             }
///         }
///         self.last_gradient.clone_from(seen.gradient);
///         model.gradient.clone_from(seen.gradient);
///         Ok(())
///     }
/// }
///
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 1.0, 100.0 * (x[1] - 2.0)])
///     }
/// }
///
/// let result = Executor::new(Bowl, Arturo::new().with_estimator(Secant::default()))
///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(200))
///     .run()?;
/// let x = result.state().get_best_param().unwrap();
/// assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 2.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
pub trait HessianEstimator<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    /// Whether [`Observation::step`] is read. `false` saves the solver an array of length n.
    const USES_STEP: bool = true;

    /// Whether `update` may draw further gradients, or evaluate the problem otherwise. `false` saves an
    /// ask-and-tell [`Session`](crate::session::Session) a copy of the solver at each gradient.
    const DRAWS_MORE: bool = true;

    /// Refits `model` to a drawn gradient.
    ///
    /// It must write `model.gradient` and `model.curvature`, and may size and write the others.
    /// Iteration 0 starts a new run: all memory of an earlier one is to be dropped.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a [`FailedRun`](crate::FailedRun).
    fn update(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        model: &mut QuadraticModel<<O::Param as ParamVec>::Scalar>,
    ) -> Result<(), Error>;

    /// Whether `update_and_probe` is implemented.
    #[doc(hidden)]
    const PROBES: bool = false;

    /// `update` at the mean as the pending weight decay leaves it, and in the same pass over the
    /// vectors the KL of a step.
    #[doc(hidden)]
    fn update_and_probe(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        model: &mut QuadraticModel<<O::Param as ParamVec>::Scalar>,
        _probe: &Probe<'_, <O::Param as ParamVec>::Scalar>,
    ) -> Result<Option<DualValue>, Error> {
        self.update(problem, observation, model)?;
        Ok(None)
    }

    /// Whether the model is good enough to step on; until then x stays where it is.
    fn is_calibrated(&self) -> bool {
        true
    }

    /// The weight of the newest draw in the model's gradient along the last step, in (0, 1]: 1 for
    /// an estimator without memory.
    fn gain(&self) -> f64 {
        1.0
    }
}

/// Draws a gradient, counted by argmin as `stochastic_gradient_count`.
///
/// Where the oracle fails in a run of [`NonFinite::Skip`](crate::NonFinite::Skip), every coordinate of
/// the gradient is NaN.
///
/// # Errors
/// Those of the oracle, in a run of [`NonFinite::Error`](crate::NonFinite::Error).
pub fn draw_gradient<O>(
    problem: &mut Problem<O>,
    x: &O::Param,
    draw: Draw,
    gradient: &mut O::Param,
) -> Result<(), Error>
where
    O: StochasticGradient<Param: ParamVec>,
{
    let result = problem.problem("stochastic_gradient_count", |oracle| {
        oracle.stochastic_gradient(x, draw, gradient)
    });
    if draw.is_skippable() && result.as_ref().is_err_and(|error| !is_final(error)) {
        // the oracle may have left a gradient of any length
        gradient.clone_from(x);
        gradient.as_coordinates_mut()?.fill(Float::nan());
        return Ok(());
    }
    result
}
