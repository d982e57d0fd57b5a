//! arTuRO as an argmin solver.

mod iteration;

use crate::averaging::Averaging;
use crate::dual::{Bisection, DualSolver, Newton};
use crate::gaussian::Gaussian;
use crate::hessian::{AdaptiveRls, KalmanRls};
use crate::model::QuadraticModel;
use crate::param::Scalar;
use crate::radius::{AdaptiveRadius, KlRadius};
use crate::schedule::KlSchedule;
use crate::settings::{NonFinite, PaperSettings, Telemetry};
use argmin::core::Error;

/// The arTuRO method: a KL trust region around a Gaussian belief, with a diagonal quadratic model
/// fitted to drawn gradients.
///
/// It minimizes f(x) = E\[f(x; draw)\] over x in R^n, given a
/// [`StochasticGradient`](crate::StochasticGradient) oracle. One
/// iteration costs one drawn gradient and O(n) arithmetic:
///
/// 1. draw g at x,
/// 2. refit the model f(x + d) ~ f + m.d + 1/2 sum a_i d_i^2 to it ([`HessianEstimator`](crate::HessianEstimator)),
/// 3. solve for the multiplier eta of the KL bound ([`DualSolver`]),
/// 4. step: d_i = -m_i / (A_i + eta p_i), with p the precision of the belief.
///
/// [`Arturo::new`] calibrates itself and has nothing to set; [`Arturo::paper`] is the published
/// method with its settings.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_seed`](Self::with_seed) | seed of all draws | 0 |
/// | [`with_estimator`](Self::with_estimator) | source of curvature | [`AdaptiveRls`], the paper's: [`KalmanRls`] |
/// | [`with_dual`](Self::with_dual) | solver of the 1-D dual | [`Newton`], the paper's: [`Bisection`] |
/// | [`with_kl_schedule`](Self::with_kl_schedule) | KL bound over time | constant |
/// | [`with_averaging`](Self::with_averaging) | recommended point | [`Averaging::Adaptive`], the paper's: [`Averaging::None`] |
/// | [`with_non_finite`](Self::with_non_finite) | NaN or infinite gradients | [`NonFinite::Error`] |
/// | [`with_telemetry`](Self::with_telemetry) | reports to observers | every iteration |
///
/// # Requirements on the optimization problem
///
/// A [`StochasticGradient`](crate::StochasticGradient), which every argmin problem with `Gradient` is. The parameter vector
/// must be a [`ParamVec`](crate::ParamVec).
///
/// # What argmin's state holds
///
/// - `param`: the mean of the belief, where the next gradient is drawn
/// - `best_param`: the recommended point, whenever and however the run ends
/// - `grad`: the gradient drawn last
/// - `cost`: NaN, and `best_cost` infinite: under noise no drawn loss is comparable with another,
///   and the lowest one would only be the luckiest. So `target_cost` never stops a run.
///
/// # Observers
///
/// Each iteration reports `kl`, `kl_bound`, `multiplier`, `dual_evaluations`, `gradient_norm`,
/// `step_norm`, `curvature_min`, `curvature_max` and `skipped_draws`.
///
/// # Reference
///
/// P. Dahlinger, P. Becker, M. Huettenrauch, G. Neumann, *Information-Theoretic Trust Regions for
/// Stochastic Gradient-Based Optimization*, 2023, arXiv:2310.20574.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Arturo<F, E, D = Newton> {
    seed: u64,
    estimator: E,
    dual: D,
    belief: Gaussian<F>,
    model: QuadraticModel<F>,
    radius: KlRadius,
    schedule: KlSchedule,
    averaging: Averaging,
    weight_decay: f64,
    non_finite: NonFinite,
    telemetry: Telemetry,
    /// The last step, where the estimator or the radius reads it; else empty.
    step: Vec<F>,
    /// eta of the last step.
    multiplier: Option<f64>,
    draw_count: u64,
    skipped_draw_count: u64,
}

/// What the solver is called in error messages.
const NAME: &str = "Arturo";

/// Weight of the old precision against the new in the self-calibrating solver: the paper's nu.
const DEFAULT_NU: f64 = 1.3;

impl<F: Scalar> Arturo<F, AdaptiveRls<F>, Newton> {
    /// The self-calibrating solver, with nothing to tune.
    #[expect(clippy::new_without_default, reason = "argmin's solvers are built by `new` alone")]
    pub fn new() -> Self {
        Self::assemble(
            AdaptiveRls::default(),
            Newton::default(),
            Gaussian::new(1.0, 0.0, 1.0, DEFAULT_NU),
            KlRadius::Adaptive(AdaptiveRadius::default()),
            Averaging::Adaptive,
        )
    }
}

impl<F: Scalar> Arturo<F, KalmanRls<F>, Bisection> {
    /// The published method.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn paper(settings: PaperSettings) -> Result<Self, Error> {
        settings.validate()?;
        let PaperSettings { reg_weight, nu, .. } = settings;
        let prior_curvature = reg_weight * settings.prior_precision;
        let mut solver = Self::assemble(
            KalmanRls::new(
                settings.initial_filter_variance,
                settings.measurement_noise,
                settings.process_noise,
            )?,
            Bisection::new(settings.eta_tolerance)?,
            Gaussian::new(1.0 / settings.initial_variance, prior_curvature, reg_weight, nu),
            KlRadius::Fixed(settings.kl_bound),
            Averaging::None,
        );
        solver.weight_decay = settings.weight_decay;
        Ok(solver)
    }
}

impl<F: Scalar, E, D> Arturo<F, E, D> {
    fn assemble(
        estimator: E,
        dual: D,
        belief: Gaussian<F>,
        radius: KlRadius,
        averaging: Averaging,
    ) -> Self {
        Self {
            seed: 0,
            estimator,
            dual,
            belief,
            model: QuadraticModel::default(),
            radius,
            schedule: KlSchedule::default(),
            averaging,
            weight_decay: 0.0,
            non_finite: NonFinite::default(),
            telemetry: Telemetry::default(),
            step: Vec::new(),
            multiplier: None,
            draw_count: 0,
            skipped_draw_count: 0,
        }
    }

    /// Sets the seed of all draws (default 0). Runs with equal seeds have equal bits.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets where curvature comes from; see [`hessian`](crate::hessian) for the choice.
    #[must_use]
    pub fn with_estimator<E2>(self, estimator: E2) -> Arturo<F, E2, D> {
        let Self { seed, dual, belief, radius, schedule, averaging, .. } = self;
        Arturo {
            seed,
            schedule,
            weight_decay: self.weight_decay,
            non_finite: self.non_finite,
            telemetry: self.telemetry,
            ..Arturo::assemble(estimator, dual, belief, radius, averaging)
        }
    }

    /// Sets the solver of the 1-D dual: [`Newton`] or [`Bisection`].
    ///
    /// ```
    /// use argmin_arturo::{Arturo, PaperSettings, dual::Newton};
    ///
    /// // the published method, with a dual that meets the KL bound to 1e-3
    /// # let _: Arturo<f64, _, _> =
    /// Arturo::paper(PaperSettings::default())?.with_dual(Newton::default());
    /// # Ok::<(), argmin::core::Error>(())
    /// ```
    #[must_use]
    pub fn with_dual<D2: DualSolver>(self, dual: D2) -> Arturo<F, E, D2> {
        let Self { seed, estimator, belief, radius, schedule, averaging, .. } = self;
        Arturo {
            seed,
            schedule,
            weight_decay: self.weight_decay,
            non_finite: self.non_finite,
            telemetry: self.telemetry,
            ..Arturo::assemble(estimator, dual, belief, radius, averaging)
        }
    }

    /// Sets how the KL bound changes over the iterations (default: it does not).
    ///
    /// ```
    /// # use argmin_arturo::{Arturo, schedule::KlSchedule};
    /// # let solver: Arturo<f64, _, _> = Arturo::new();
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
        self.schedule = schedule;
        Ok(self)
    }

    /// Sets how the recommended point follows from the iterates.
    #[must_use]
    pub fn with_averaging(mut self, averaging: Averaging) -> Self {
        self.averaging = averaging;
        self
    }

    /// Sets what becomes of a drawn gradient with a NaN or infinite coordinate (default: an error).
    #[must_use]
    pub fn with_non_finite(mut self, non_finite: NonFinite) -> Self {
        self.non_finite = non_finite;
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
    pub fn multiplier(&self) -> F {
        F::from_f64_lossy(self.multiplier.unwrap_or(0.0))
    }

    /// The precision p of the belief, in 1/x^2; positive. Empty before a run.
    pub fn precision(&self) -> &[F] {
        self.belief.precision()
    }

    /// The estimate a of the Hessian's diagonal, of either sign. Empty before a run.
    pub fn curvature(&self) -> &[F] {
        &self.model.curvature
    }

    /// The quadratic model around the current point.
    pub fn model(&self) -> &QuadraticModel<F> {
        &self.model
    }

    /// The estimator of curvature.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }

    /// Gradients drawn by the solver itself; the next draw has this index.
    pub fn draw_count(&self) -> u64 {
        self.draw_count
    }

    /// Draws dropped because a coordinate was NaN or infinite.
    pub fn skipped_draw_count(&self) -> u64 {
        self.skipped_draw_count
    }
}
