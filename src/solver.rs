//! arTuRO as an argmin solver.

mod answer;
mod cost;
mod iteration;

use crate::averaging::Averaging;
use crate::bounds::BoxBounds;
use crate::dual::{Bisection, DualSolver};
use crate::gaussian::Gaussian;
use crate::groups::Group;
use crate::hessian::KalmanRls;
use crate::method::{Method, Refereed, Run, TrustRegion};
use crate::model::QuadraticModel;
use crate::observer::Stop;
use crate::param::{ParamVec, Scalar};
use crate::radius::KlRadius;
use crate::run::NAME;
use crate::scale;
use crate::schedule::KlSchedule;
use crate::settings::{NonFinite, PaperSettings, Telemetry};
use crate::solution::{KeptCost, Segments, Solution, Stopping, scale_of};
use argmin::core::Error;
use std::marker::PhantomData;

/// The arTuRO method: a KL trust region around a Gaussian belief, with a quadratic model fitted to
/// drawn gradients.
///
/// It minimizes f(x) = E\[f(x; draw)\] over x in R^n, given a
/// [`StochasticGradient`](crate::StochasticGradient) oracle. Each iteration draws one gradient. Three methods turn
/// gradients into steps:
///
/// - [`Arturo::new`] has nothing to set: a foundation, a model and a referee ([`Refereed`]),
/// - [`Arturo::paper`] is the published method with its settings, and
/// - [`with_estimator`](Self::with_estimator) takes curvature from an estimator that you choose (both are
///   [`TrustRegion`]).
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_seed`](Self::with_seed) | seed of all draws | 0 |
/// | [`with_estimator`](Self::with_estimator) | source of curvature | the dense model of [`Refereed`], the paper's: [`KalmanRls`] |
/// | [`with_bounds`](Self::with_bounds) | box that x stays in | none |
/// | [`with_scale`](Self::with_scale) | units of the coordinates of x | from the start |
/// | [`with_warm_start`](Self::with_warm_start) | the same, from an earlier answer | none |
/// | [`with_groups`](Self::with_groups) | groups of coordinates with KL balls of their own | one ball |
/// | [`with_model_dimension`](Self::with_model_dimension) | most coordinates that [`Refereed`] has a dense model of | 200 |
/// | [`with_dual`](Self::with_dual) | solver of the 1-D dual | [`Newton`](crate::dual::Newton), the paper's: [`Bisection`] |
/// | [`with_kl_schedule`](Self::with_kl_schedule) | KL bound over time; not of [`Refereed`], which finds its own | constant |
/// | [`with_averaging`](Self::with_averaging) | recommended point; of [`Refereed`] its own mean, except for [`Averaging::None`] | [`Averaging::Adaptive`], the paper's: [`Averaging::None`] |
/// | [`with_non_finite`](Self::with_non_finite) | draws that fail, or are NaN, infinite or too large to be squared | [`NonFinite::Error`] |
/// | [`with_telemetry`](Self::with_telemetry) | reports to observers | every iteration |
/// | [`with_tolerance`](Self::with_tolerance) | when the answer is good enough | never |
/// | [`with_stop`](Self::with_stop) | a request to end the run | none |
/// | [`with_segments`](Self::with_segments) | statistics of the path, for R-hat | not kept |
/// | [`with_filtered_cost`](Self::with_filtered_cost) | cost of the recommended point, from draws | not kept |
/// | [`with_exact_cost`](Self::with_exact_cost) | the same, exact, at every k-th iteration | not kept |
///
/// # Requirements on the optimization problem
///
/// A [`StochasticGradient`](crate::StochasticGradient), which every argmin problem with `Gradient` is. The parameter vector
/// must be a [`ParamVec`](crate::ParamVec).
///
/// # argmin's state
///
/// - `param`: the point where the last gradient was drawn; for methods other than [`Refereed`] the mean
///   of the belief
/// - `best_param`: the recommended point, whenever and however the run ends
/// - `grad`: the gradient drawn last
/// - `cost`: NaN, and `best_cost` infinite: under noise no drawn loss is comparable with another,
///   and the lowest one is low by chance. So `target_cost` is an error at the start,
///   unless the cost of the recommended point is kept: then that is in `best_cost`, and a run stops where
///   it is two of its errors below the target
///
/// # Observers
///
/// Each iteration reports `kl`, `kl_bound`, `multiplier`, `dual_evaluations` and `step_norm` of the
/// step it took (0 where it took none), `gradient_norm`, `curvature_min`, `curvature_max` and
/// `skipped_draw_count`; `noise_level`, the root mean square norm of the noise of a drawn gradient, where
/// the method estimates it; at each 5 % more draws `predicted_gain` and `predicted_gain_bound`, f above
/// its minimum as predicted, where the method can assess its answer; and `filtered_cost` with `filtered_cost_error`, where the cost of the
/// recommended point is kept.
///
/// # Reference
///
/// P. Dahlinger, P. Becker, M. Huettenrauch, G. Neumann, *Information-Theoretic Trust Regions for
/// Stochastic Gradient-Based Optimization*, 2023, arXiv:2310.20574.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Arturo<F = f64, M = Refereed<F>, C = ()> {
    method: M,
    cost: KeptCost<C>,
    run: Run,
    telemetry: Telemetry,
    stopping: Option<Stopping>,
    segments: Option<Segments<F>>,
    #[cfg_attr(feature = "serde1", serde(skip))]
    stop: Option<Stop>,
    scalar: PhantomData<F>,
}

impl<F: Scalar> Arturo<F> {
    /// The solver with nothing to tune: a foundation of first-order steps that converges, a dense
    /// quadratic model that is fast, for up to 200 coordinates, and a referee that compares their answers
    /// by fresh draws; see [`Refereed`].
    ///
    /// The recommended point is its own mean whatever the averaging policy, except for
    /// [`Averaging::None`], where it is the last point.
    ///
    /// ```
    /// use argmin::core::{Error, Executor, State};
    /// use argmin_arturo::{Arturo, Draw, StochasticGradient};
    /// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
    ///
    /// /// The median of a normal variable of mean 7: a drawn gradient is 1 or -1.
    /// struct Median;
    /// impl StochasticGradient for Median {
    ///     type Param = Vec<f64>;
    ///     fn stochastic_gradient(
    ///         &self,
    ///         x: &Vec<f64>,
    ///         draw: Draw,
    ///         g: &mut Vec<f64>,
    ///     ) -> Result<(), Error> {
    ///         let z: f64 = StandardNormal.sample(&mut draw.rng());
    ///         g[0] = if x[0] > 7.0 + z { 1.0 } else { -1.0 };
    ///         Ok(())
    ///     }
    /// }
    /// let result = Executor::new(Median, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(3000))
    ///     .run()?;
    /// let x = result.state().get_best_param().unwrap()[0];
    /// assert!((x - 7.0).abs() < 0.5, "{x}");
    /// # Ok::<(), Error>(())
    /// ```
    #[expect(clippy::new_without_default, reason = "argmin's solvers are built by `new` alone")]
    #[must_use]
    pub fn new() -> Self {
        Self::assemble(Refereed::new(), Averaging::Adaptive)
    }
}

impl<F: Scalar> Arturo<F, TrustRegion<F, KalmanRls<F>, Bisection>> {
    /// The published method.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn paper(settings: PaperSettings) -> Result<Self, Error> {
        settings.validate()?;
        let PaperSettings { reg_weight, nu, .. } = settings;
        let prior_curvature = reg_weight * settings.prior_precision;
        let estimator = KalmanRls::new(
            settings.initial_filter_variance,
            settings.measurement_noise,
            settings.process_noise,
        )?;
        let belief =
            Gaussian::new(1.0 / settings.initial_variance, prior_curvature, reg_weight, nu);
        let method = TrustRegion::new(
            estimator,
            Bisection::new(settings.eta_tolerance)?,
            belief,
            KlRadius::Fixed(settings.kl_bound),
            settings.weight_decay,
        );
        Ok(Self::assemble(method, Averaging::None))
    }
}

impl<F: Scalar, D, C> Arturo<F, Refereed<F, D>, C> {
    /// Sets where curvature comes from, instead of the dense model; see
    /// [`hessian`](crate::hessian) for the choice. The steps are then those of a [`TrustRegion`]
    /// alone, without foundation and referee.
    #[must_use]
    pub fn with_estimator<E>(self, estimator: E) -> Arturo<F, TrustRegion<F, E, D>, C> {
        self.map_method(|method| method.with_estimator(estimator))
    }

    /// Sets the solver of the 1-D dual: [`Newton`](crate::dual::Newton) (default) or [`Bisection`].
    #[must_use]
    pub fn with_dual<D2: DualSolver>(self, dual: D2) -> Arturo<F, Refereed<F, D2>, C> {
        self.map_method(|method| method.with_other_dual(dual))
    }

    /// Sets the number of coordinates n up to which there is a dense model (default: 200). Above, the
    /// foundation is alone: it needs 5 arrays, and its errors do not see directions in which it is slow.
    ///
    /// The model needs 11 n^2 numbers of 64 bits, and some n^3 operations a step. It is worth that where draws
    /// have little noise, or noise that falls along with the gradient; with more noise the foundation alone is
    /// as good or better from about 50 coordinates on (`docs/default.md` has the measurement).
    ///
    /// ```
    /// let solver = argmin_arturo::Arturo::<f64>::new().with_model_dimension(50);
    /// ```
    #[must_use]
    pub fn with_model_dimension(self, most: usize) -> Self {
        self.map_method(|method| method.with_model_dimension(most))
    }

    /// Sets the units of the coordinates of x, in which the first steps are 0.01 and 0.03 long: how far
    /// from the start the minimum may be.
    ///
    /// By default they follow from the start: |x_i| is the unit of the i-th coordinate, with random scatter
    /// removed; a coordinate that starts at 0 has the mean unit of the others, and 1 where all
    /// start at 0. Set them where that is wrong by powers of ten: a start at 0 of parameters of different
    /// units, or a coordinate whose offset is unrelated to its range, such as a year. The solver adapts the
    /// lengths of its steps; a wrong scale costs draws.
    ///
    /// ```
    /// use argmin::core::Gradient;
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::prelude::*;
    ///
    /// /// 1/2 (x / 1e6 - 1)^2 + 1/2 (1e6 y - 1)^2
    /// struct Units;
    /// impl Gradient for Units {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![(1e-6 * x[0] - 1.0) * 1e-6, (1e6 * x[1] - 1.0) * 1e6])
    ///     }
    /// }
    /// // from 0, which does not give the units of x and y
    /// let solver = Arturo::new().with_scale(vec![1e6, 1e-6])?;
    /// let result = Executor::new(Units, solver)
    ///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(50))
    ///     .run()?;
    /// let x = result.state().get_best_param().unwrap();
    /// assert!((1e-6 * x[0] - 1.0).abs() < 1e-6 && (1e6 * x[1] - 1.0).abs() < 1e-6, "{x:?}");
    ///
    /// assert_eq!(
    ///     Arturo::new().with_scale(vec![1.0, 0.0]).unwrap_err().to_string(),
    ///     "Invalid parameter: \"Arturo: `scale[1]` must be positive and finite, got 0\"",
    /// );
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If a unit is not positive and finite. A run ends with an error in its `init` if there is not one
    /// for each coordinate.
    pub fn with_scale(self, scale: Vec<F>) -> Result<Self, Error> {
        scale::check(NAME, &scale)?;
        Ok(self.map_method(|method| method.with_scale(scale)))
    }

    /// Prepares a run that starts from an earlier answer, of the same problem or of a similar one: the
    /// first steps are as long as its standard errors, instead of a fraction of x.
    /// The start itself is argmin's, `state.param(solution.param.clone())`.
    ///
    /// ```
    /// use argmin::core::Gradient;
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::prelude::*;
    ///
    /// /// 1/2 |x - minimum|^2
    /// struct Bowl(f64);
    /// impl Gradient for Bowl {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(x.iter().map(|x| x - self.0).collect())
    ///     }
    /// }
    /// let run = |minimum, solver: Arturo<f64>, start: Vec<f64>| {
    ///     Executor::new(GaussianNoise::new(Bowl(minimum), 0.1)?, solver)
    ///         .configure(|state| state.param(start).max_iters(300))
    ///         .run()
    /// };
    /// let monday = run(50.0, Arturo::new(), vec![1.0, 1.0])?.solution()?;
    /// let solver = Arturo::new().with_warm_start(&monday)?.with_seed(1);
    /// let tuesday = run(50.1, solver, monday.param.clone())?.solution()?;
    /// assert!(tuesday.param.iter().all(|x| (x - 50.1).abs() < 0.05));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If the standard errors of the solution are not known, as after a few draws, or all 0, as
    /// without noise. A run ends with an error in its `init` if its start has another length.
    pub fn with_warm_start<P>(self, solution: &Solution<P>) -> Result<Self, Error>
    where
        P: ParamVec<Scalar = F>,
    {
        let scale = scale_of(NAME, solution)?;
        self.with_scale(scale)
    }

    /// Keeps x in the box `lower <= x <= upper`.
    ///
    /// Bounds may be infinite; equal ones fix a coordinate. Each step minimizes the model in the
    /// intersection of box and KL ball. Neither x nor the recommended point leaves the box, and no
    /// gradient is drawn outside of it, unless the oracle itself evaluates elsewhere, as
    /// [`Spsa`](crate::oracle::Spsa) without the same bounds.
    ///
    /// The errors of [`solution`](Arturo::solution) are those of the coordinates that no bound holds. A held
    /// coordinate is on its bound, without an error
    /// ([`Solution::is_on_lower_bound`](crate::solution::Solution::is_on_lower_bound)).
    ///
    /// ```
    /// use argmin::core::{Error, Executor, Gradient, State};
    /// use argmin_arturo::Arturo;
    ///
    /// /// f(x) = 1/2 |x - (3, 3)|^2
    /// struct Bowl;
    /// impl Gradient for Bowl {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(x.iter().map(|x| x - 3.0).collect())
    ///     }
    /// }
    /// let solver = Arturo::new().with_bounds(vec![0.0, 0.0], vec![1.0, f64::INFINITY])?;
    /// let result = Executor::new(Bowl, solver)
    ///     .configure(|state| state.param(vec![0.5, 0.5]).max_iters(300))
    ///     .run()?;
    /// let x = result.state().get_param().unwrap();
    /// assert!(x[0] == 1.0 && (x[1] - 3.0).abs() < 1e-6);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If the lengths differ, or a lower bound is NaN or above the upper one. A run ends with an
    /// error in its `init` if the start is outside of the box.
    pub fn with_bounds(self, lower: Vec<F>, upper: Vec<F>) -> Result<Self, Error> {
        let bounds = BoxBounds::new(NAME, lower, upper)?;
        Ok(self.map_method(|method| method.with_bounds(bounds)))
    }
}

impl<F: Scalar, E, D, C> Arturo<F, TrustRegion<F, E, D>, C> {
    /// Sets the units of the coordinates of x: the variance of the Gaussian at first, which is 1 and
    /// in [`Arturo::paper`] `initial_variance`, is meant in their squares.
    ///
    /// # Errors
    /// If a unit is not positive and finite. A run ends with an error in its `init` if there is not one
    /// for each coordinate.
    pub fn with_scale(self, scale: Vec<F>) -> Result<Self, Error> {
        scale::check(NAME, &scale)?;
        Ok(self.map_method(|method| method.with_scale(scale)))
    }

    /// Sets where curvature comes from; see [`hessian`](crate::hessian) for the choice.
    #[must_use]
    pub fn with_estimator<E2>(self, estimator: E2) -> Arturo<F, TrustRegion<F, E2, D>, C> {
        self.map_method(|method| method.with_estimator(estimator))
    }

    /// Sets the solver of the 1-D dual: [`Newton`](crate::dual::Newton) or [`Bisection`].
    ///
    /// ```
    /// use argmin_arturo::{Arturo, PaperSettings, dual::Newton};
    ///
    /// // the published method, with a dual that meets the KL bound to 1e-3
    /// # let _: Arturo<f64, _> =
    /// Arturo::paper(PaperSettings::default())?.with_dual(Newton::default());
    /// # Ok::<(), argmin::core::Error>(())
    /// ```
    #[must_use]
    pub fn with_dual<D2: DualSolver>(self, dual: D2) -> Arturo<F, TrustRegion<F, E, D2>, C> {
        self.map_method(|method| method.with_dual(dual))
    }

    /// Keeps x in the box `lower <= x <= upper`.
    ///
    /// Bounds may be infinite; equal ones fix a coordinate. Each step minimizes the model in the
    /// intersection of box and KL ball: d_i(eta) is clipped to the box, which leaves the dual
    /// one-dimensional. Neither x nor the recommended point leaves the box, and no gradient is
    /// drawn outside of it, unless the oracle itself evaluates elsewhere, as
    /// [`Spsa`](crate::oracle::Spsa) without the same bounds.
    ///
    /// ```
    /// use argmin_arturo::{Arturo, PaperSettings};
    ///
    /// let solver = Arturo::paper(PaperSettings::default())?;
    /// let error = solver.with_bounds(vec![0.0, 2.0], vec![1.0, 1.0]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "Invalid parameter: \"Arturo: `lower[1]` must be at most `upper[1]`, got 2 and 1\"",
    /// );
    /// # Ok::<(), argmin::core::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the lengths differ, or a lower bound is NaN or above the upper one. A run ends with an
    /// error in its `init` if the start is outside of the box.
    pub fn with_bounds(self, lower: Vec<F>, upper: Vec<F>) -> Result<Self, Error> {
        let bounds = BoxBounds::new(NAME, lower, upper)?;
        Ok(self.map_method(|method| method.with_bounds(bounds)))
    }

    /// Splits the coordinates into [`Group`]s, in their order, each in a KL ball of its own: in a
    /// step group g moves by at most `KL_g <= kl_bound share_g / (sum of the shares)`, with a dual
    /// and a multiplier of its own. [`multiplier`](Self::multiplier) is then the greatest. No
    /// groups, the default, is one ball for all.
    ///
    /// # Errors
    /// If a group has no coordinates, or has a weight decay while the KL bound is adapted. A run
    /// ends with an error in its `init` if the groups do not cover the parameter vector.
    pub fn with_groups(self, groups: Vec<Group>) -> Result<Self, Error> {
        self.try_map_method(|method| method.with_groups(groups))
    }

    /// The diagonal quadratic model around the current point.
    pub fn model(&self) -> &QuadraticModel<F> {
        &self.method.model
    }

    /// The estimator of curvature.
    pub fn estimator(&self) -> &E {
        &self.method.estimator
    }
}

impl<F: Scalar, M> Arturo<F, M> {
    /// Without a cost.
    fn assemble(method: M, averaging: Averaging) -> Self {
        Self {
            method,
            cost: KeptCost::new(()),
            run: Run {
                seed: 0,
                schedule: KlSchedule::default(),
                averaging,
                non_finite: NonFinite::default(),
                draw_count: 0,
                skipped_draw_count: 0,
            },
            telemetry: Telemetry::default(),
            stopping: None,
            segments: None,
            stop: None,
            scalar: PhantomData,
        }
    }
}

impl<F: Scalar, M, C> Arturo<F, M, C> {
    fn try_map_method(self, map: impl FnOnce(M) -> Result<M, Error>) -> Result<Self, Error> {
        Ok(Self { method: map(self.method)?, ..self })
    }

    fn map_method<M2>(self, map: impl FnOnce(M) -> M2) -> Arturo<F, M2, C> {
        let Self { method, cost, run, telemetry, stopping, segments, stop, scalar } = self;
        Arturo { method: map(method), cost, run, telemetry, stopping, segments, stop, scalar }
    }

    /// Sets the seed of all draws (default 0). Runs with equal seeds have equal bits.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.run.seed = seed;
        self
    }

    /// Sets how the KL bound changes over the iterations (default: it does not). [`Refereed`] finds its
    /// own radius and ignores it.
    ///
    /// ```
    /// # use argmin_arturo::{Arturo, schedule::KlSchedule};
    /// # let solver = Arturo::<f64>::new();
    /// assert_eq!(
    ///     solver.with_kl_schedule(KlSchedule::InverseTime { rate: -1.0 }).unwrap_err().to_string(),
    ///     "Invalid parameter: \"KlSchedule: `rate` must be non-negative and finite, got -1\"",
    /// );
    /// ```
    ///
    /// # Errors
    /// If a value of the schedule is out of range.
    pub fn with_kl_schedule(mut self, schedule: KlSchedule) -> Result<Self, Error> {
        schedule.validate()?;
        self.run.schedule = schedule;
        Ok(self)
    }

    /// Sets how the recommended point follows from the iterates.
    #[must_use]
    pub fn with_averaging(mut self, averaging: Averaging) -> Self {
        self.run.averaging = averaging;
        self
    }

    /// Sets the treatment of draws at which the oracle fails, or whose gradient has a coordinate that is
    /// NaN, infinite or too large to be squared (default: an error).
    #[must_use]
    pub fn with_non_finite(mut self, non_finite: NonFinite) -> Self {
        self.run.non_finite = non_finite;
        self
    }

    /// Sets how often the internals are reported to the observers (default: each iteration).
    ///
    /// # Errors
    /// For `Telemetry::Every(0)`.
    pub fn with_telemetry(mut self, telemetry: Telemetry) -> Result<Self, Error> {
        telemetry.validate(NAME)?;
        self.telemetry = telemetry;
        Ok(self)
    }

    /// The multiplier eta of the KL bound in the last step: 0 where the bound was inactive, and
    /// before the first step.
    pub fn multiplier(&self) -> F
    where
        M: Method<F>,
    {
        F::from_f64_lossy(self.method.multiplier())
    }

    /// The precision p of the belief, in 1/x^2; positive. Empty before a run.
    pub fn precision(&self) -> &[F]
    where
        M: Method<F>,
    {
        self.method.precision()
    }

    /// The estimate of the Hessian's diagonal, of either sign. Empty before a run.
    pub fn curvature(&self) -> &[F]
    where
        M: Method<F>,
    {
        self.method.curvature()
    }

    /// Gradients drawn by the solver itself; the next new draw has this index.
    ///
    /// ```
    /// assert_eq!(argmin_arturo::Arturo::<f64>::new().draw_count(), 0);
    /// ```
    pub fn draw_count(&self) -> u64 {
        self.run.draw_count
    }

    /// Draws dropped because the oracle failed, or a coordinate was NaN, infinite or too large to be
    /// squared.
    pub fn skipped_draw_count(&self) -> u64 {
        self.run.skipped_draw_count
    }
}
