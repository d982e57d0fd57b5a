//! The solver that all baselines are, up to their update rule.

use crate::error::{Requirement, require};
use crate::hessian::draw_gradient;
use crate::kernel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::run::{self, Point, RunState};
use crate::schedule::KlSchedule;
use crate::settings::{NonFinite, Telemetry};
use argmin::core::{Error, KV, Problem, Solver};
use argmin::kv;

/// Descent along drawn gradients by an update rule: [`Adam`](super::Adam), [`AdamW`](super::AdamW)
/// or [`Sgd`](super::Sgd).
///
/// It minimizes f(x) = E\[f(x; draw)\] over x in R^n, given a [`StochasticGradient`] oracle. One
/// iteration costs one drawn gradient and one pass over the vectors.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_seed`](Self::with_seed) | seed of all draws | 0 |
/// | [`with_weight_decay`](Self::with_weight_decay) | weight decay | 0, of `AdamW` 1e-2 |
/// | [`with_schedule`](Self::with_schedule) | learning rate over time | constant |
/// | [`with_non_finite`](Self::with_non_finite) | gradients that are NaN, infinite or too large to be squared | [`NonFinite::Error`] |
/// | [`with_telemetry`](Self::with_telemetry) | reports to observers | every iteration |
///
/// # What argmin's state holds
///
/// - `param`: the current point
/// - `best_param`: the same; the recommended point is the last iterate
/// - `grad`: the gradient drawn last
/// - `cost`: NaN, and `best_cost` infinite, as with [`Arturo`](crate::Arturo)
///
/// # Observers
///
/// Each iteration reports `learning_rate`, `gradient_norm`, `step_norm` and `skipped_draws`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Descent<R> {
    seed: u64,
    pub(super) rule: R,
    learning_rate: f64,
    weight_decay: f64,
    schedule: KlSchedule,
    non_finite: NonFinite,
    telemetry: Telemetry,
    /// Coordinates of the run; 0 before one.
    len: usize,
    draw_count: u64,
    skipped_draw_count: u64,
}

/// How a gradient moves the point.
pub trait Rule: Default {
    /// `f32` or `f64`.
    type Scalar: Scalar;

    /// What the solver is called.
    const NAME: &'static str;

    /// Default of the weight decay.
    const WEIGHT_DECAY: f64;

    /// Starts anew in n dimensions; an error where the settings do not go together.
    fn reset(&mut self, len: usize) -> Result<(), Error>;

    /// Moves x, writes it to `best` too, and returns the length of the step.
    fn step(
        &mut self,
        x: &mut [Self::Scalar],
        best: &mut [Self::Scalar],
        gradient: &[Self::Scalar],
        rates: Rates,
    ) -> f64;
}

/// The scalars of a step.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Number of the step, from 1; skipped draws do not count.
    pub step: u64,
    /// Learning rate by the schedule.
    pub learning_rate: f64,
    /// Weight decay as set.
    pub weight_decay: f64,
}

impl<R: Rule> Descent<R> {
    /// The solver with this learning rate (> 0), and all else at its default.
    ///
    /// ```
    /// # use argmin_arturo::baseline::Adam;
    /// assert_eq!(
    ///     Adam::<f64>::new(0.0).unwrap_err().to_string(),
    ///     "Invalid parameter: \"Adam: `learning_rate` must be positive and finite, got 0\"",
    /// );
    /// ```
    ///
    /// # Errors
    /// If the learning rate is out of range.
    pub fn new(learning_rate: f64) -> Result<Self, Error> {
        require(R::NAME, "learning_rate", learning_rate, Requirement::Positive)?;
        Ok(Self {
            seed: 0,
            rule: R::default(),
            learning_rate,
            weight_decay: R::WEIGHT_DECAY,
            schedule: KlSchedule::default(),
            non_finite: NonFinite::default(),
            telemetry: Telemetry::default(),
            len: 0,
            draw_count: 0,
            skipped_draw_count: 0,
        })
    }

    /// Sets the seed of all draws (default 0). Runs with equal seeds have equal bits.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the weight decay lambda (>= 0; default 0, of [`AdamW`](super::AdamW) 1e-2).
    ///
    /// In [`AdamW`](super::AdamW) it shrinks x by the factor `1 - learning_rate lambda` in a step;
    /// in the others it is the gradient of lambda/2 |x|^2, added to the drawn one.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Result<Self, Error> {
        require(R::NAME, "weight_decay", weight_decay, Requirement::NonNegative)?;
        self.weight_decay = weight_decay;
        Ok(self)
    }

    /// Sets how the learning rate changes over the iterations (default: it does not).
    ///
    /// The schedules are those of the KL bound, as a factor on the learning rate:
    /// `MultiStep` is PyTorch's `MultiStepLR`, `Cosine` its `CosineAnnealingLR` to 0, which
    /// stays 0 from the horizon on.
    ///
    /// # Errors
    /// If a value of the schedule is out of range.
    pub fn with_schedule(mut self, schedule: KlSchedule) -> Result<Self, Error> {
        schedule.validate()?;
        self.schedule = schedule;
        Ok(self)
    }

    /// Sets what becomes of a drawn gradient with a coordinate that is NaN, infinite or too large to be
    /// squared (default: an error).
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
        telemetry.validate(R::NAME)?;
        self.telemetry = telemetry;
        Ok(self)
    }

    /// Gradients drawn; the next draw has this index.
    pub fn draw_count(&self) -> u64 {
        self.draw_count
    }

    /// Draws dropped because a coordinate was NaN, infinite or too large to be squared.
    pub fn skipped_draw_count(&self) -> u64 {
        self.skipped_draw_count
    }

    /// Starts anew in n dimensions.
    fn reset(&mut self, len: usize) -> Result<(), Error> {
        self.rule.reset(len)?;
        self.len = len;
        self.draw_count = 0;
        self.skipped_draw_count = 0;
        Ok(())
    }
}

impl<O, R> Solver<O, RunState<O::Param, R::Scalar>> for Descent<R>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = R::Scalar>,
    R: Rule,
{
    fn name(&self) -> &str {
        R::NAME
    }

    fn init(
        &mut self,
        _problem: &mut Problem<O>,
        mut state: RunState<O::Param, R::Scalar>,
    ) -> Result<(RunState<O::Param, R::Scalar>, Option<KV>), Error> {
        let len = run::start(R::NAME, &mut state)?;
        self.reset(len)?;
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: RunState<O::Param, R::Scalar>,
    ) -> Result<(RunState<O::Param, R::Scalar>, Option<KV>), Error> {
        let mut point = Point::take(R::NAME, &mut state)?;
        point.check_len(R::NAME, self.len)?;
        let iteration = self.draw_count;
        let draw = Draw::new(self.seed, iteration);
        draw_gradient(problem, &point.param, draw, &mut point.gradient)?;
        self.draw_count += 1;

        let learning_rate = self.learning_rate * self.schedule.factor(iteration);
        let mut step_norm = 0.0;
        if point.accepts(R::NAME, draw, self.non_finite)? {
            let rates = Rates {
                step: self.draw_count - self.skipped_draw_count,
                learning_rate,
                weight_decay: self.weight_decay,
            };
            step_norm = self.rule.step(
                point.param.as_coordinates_mut()?,
                point.best.as_coordinates_mut()?,
                point.gradient.as_coordinates()?,
                rates,
            );
        } else {
            self.skipped_draw_count += 1;
        }

        let mut report = None;
        if self.telemetry.reports_at(iteration) {
            report = Some(kv!(
                "learning_rate" => learning_rate;
                "gradient_norm" => kernel::norm(point.gradient.as_coordinates()?);
                "step_norm" => step_norm;
                "skipped_draws" => self.skipped_draw_count;
            ));
        }
        point.put_back(&mut state);
        Ok((state, report))
    }
}
