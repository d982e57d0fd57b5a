//! The solver that all baselines are, up to their update rule.

use crate::hessian::draw_gradient;
use crate::kernel;
use crate::method::{Ask, AskTell, private};
use crate::observer::Stop;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::run::{self, Point, RunState};
use crate::settings::{NonFinite, Telemetry};
use argmin::core::{Error, KV, Problem, Solver, TerminationStatus};
use argmin::kv;

/// Descent along drawn gradients by an update rule: [`Adam`](super::Adam), [`AdamW`](super::AdamW),
/// [`Sgd`](super::Sgd), [`ScheduleFree`](super::ScheduleFree), [`Prodigy`](super::Prodigy),
/// [`Dog`](super::Dog), [`Dowg`](super::Dowg) or [`Cocob`](super::Cocob).
///
/// It minimizes f(x) = E\[f(x; draw)\] over x in R^n, given a [`StochasticGradient`] oracle. One
/// iteration costs one drawn gradient and one pass over the vectors.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_seed`](Self::with_seed) | seed of all draws | 0 |
/// | [`with_non_finite`](Self::with_non_finite) | draws that fail, or are NaN, infinite or too large to be squared | [`NonFinite::Error`] |
/// | [`with_telemetry`](Self::with_telemetry) | reports to observers | every iteration |
/// | [`with_stop`](Self::with_stop) | a request to end the run | none |
///
/// `Adam`, `AdamW` and `Sgd`, which need a learning rate, also have
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_weight_decay`](Self::with_weight_decay) | weight decay | 0, of `AdamW` 1e-2 |
/// | [`with_schedule`](Self::with_schedule) | learning rate over time | constant |
///
/// # argmin's state
///
/// - `param`: the current point, at which the next gradient is drawn
/// - `best_param`: the recommended point: the average of `ScheduleFree`, `Dog` and `Dowg`, the last
///   iterate of the others
/// - `grad`: the gradient drawn last
/// - `cost`: NaN, and `best_cost` infinite, as with [`Arturo`](crate::Arturo)
///
/// # Observers
///
/// Each iteration reports `learning_rate` (that which the rule found, where none is set; NaN for
/// `Cocob`, which has none), `gradient_norm`, `step_norm` and `skipped_draw_count`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Descent<R> {
    seed: u64,
    pub(super) rule: R,
    non_finite: NonFinite,
    telemetry: Telemetry,
    #[cfg_attr(feature = "serde1", serde(skip))]
    stop: Option<Stop>,
    /// Coordinates of the run; 0 before one.
    len: usize,
    draw_count: u64,
    skipped_draw_count: u64,
}

/// How a gradient moves the point.
pub trait Rule {
    /// `f32` or `f64`.
    type Scalar: Scalar;

    /// The name of the solver.
    const NAME: &'static str;

    /// Starts anew at x0; an error where the settings do not go together.
    fn reset(&mut self, x0: &[Self::Scalar]) -> Result<(), Error>;

    /// Moves x, at which the gradient was drawn, and the recommended point `best`, which is x0 before
    /// the first step. Returns the length of the step of x.
    fn step(
        &mut self,
        x: &mut [Self::Scalar],
        best: &mut [Self::Scalar],
        gradient: &[Self::Scalar],
        time: Time,
    ) -> f64;

    /// The learning rate at an iteration that has passed, to be reported.
    fn learning_rate(&self, iteration: u64) -> f64;
}

/// When a step is made.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Draws before, skipped ones too.
    pub iteration: u64,
    /// Number of the step, from 1; skipped draws do not count.
    pub step: u64,
}

impl<R: Rule> Descent<R> {
    /// The solver of a rule, and all else at its default.
    pub(super) fn of(rule: R) -> Self {
        Self {
            seed: 0,
            rule,
            non_finite: NonFinite::default(),
            telemetry: Telemetry::default(),
            stop: None,
            len: 0,
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

    /// Sets the treatment of draws at which the oracle fails, or whose gradient has a coordinate that is
    /// NaN, infinite or too large to be squared (default: an error).
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

    /// Lets a [`Stop`] end the run and keep its result.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Gradients drawn; the next draw has this index.
    ///
    /// ```
    /// assert_eq!(argmin_arturo::baseline::Cocob::<f64>::new().draw_count(), 0);
    /// ```
    pub fn draw_count(&self) -> u64 {
        self.draw_count
    }

    /// Draws dropped because the oracle failed, or a coordinate was NaN, infinite or too large to be
    /// squared.
    pub fn skipped_draw_count(&self) -> u64 {
        self.skipped_draw_count
    }

    /// Where the next gradient is to be drawn: at x.
    fn ask<P: ParamVec>(&self, point: &Point<P>) -> Result<Ask, Error> {
        point.check_len(R::NAME, self.len)?;
        Ok(Ask { index: self.draw_count, is_trial: false })
    }

    fn drawn_at(&self, ask: Ask) -> Draw {
        Draw::new(self.seed, ask.index).skippable(self.non_finite == NonFinite::Skip)
    }

    /// Processes the gradient that was asked for. Returns the length of the step.
    fn tell<P>(&mut self, point: &mut Point<P>, ask: Ask) -> Result<f64, Error>
    where
        P: ParamVec<Scalar = R::Scalar>,
    {
        let accepted = point.accepts(R::NAME, self.drawn_at(ask), self.non_finite)?;
        self.draw_count += 1;
        if !accepted {
            self.skipped_draw_count += 1;
            return Ok(0.0);
        }
        let time = Time { iteration: ask.index, step: self.draw_count - self.skipped_draw_count };
        Ok(self.rule.step(
            point.param.as_coordinates_mut()?,
            point.best.as_coordinates_mut()?,
            point.gradient.as_coordinates()?,
            time,
        ))
    }

    /// Starts anew at x0.
    fn reset(&mut self, x0: &[R::Scalar]) -> Result<(), Error> {
        self.rule.reset(x0)?;
        self.len = x0.len();
        self.draw_count = 0;
        self.skipped_draw_count = 0;
        Ok(())
    }
}

impl<R> private::Sealed for Descent<R> {}

impl<F, O, R> AskTell<F, O> for Descent<R>
where
    F: Scalar,
    O: StochasticGradient<Param = Vec<F>>,
    R: Rule<Scalar = F> + Clone,
{
    const NAME: &'static str = R::NAME;
    const DRAWS_MORE: bool = false;

    fn ask_next(&mut self, point: &mut Point<Vec<F>>) -> Result<Ask, Error> {
        self.ask(point)
    }

    fn draw(&self, ask: Ask) -> Draw {
        self.drawn_at(ask)
    }

    fn tell_asked(
        &mut self,
        _problem: &mut Problem<O>,
        state: &mut RunState<Vec<F>, F>,
        ask: Ask,
    ) -> Result<(), Error> {
        let mut point = Point::take(R::NAME, state)?;
        let told = self.tell(&mut point, ask);
        point.put_back(state);
        told?;
        state.last_best_iter = state.iter;
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
        run::start(R::NAME, &mut state)?;
        let x0 = state.param.as_ref().expect("a run that was started has a start");
        self.reset(x0.as_coordinates()?)?;
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: RunState<O::Param, R::Scalar>,
    ) -> Result<(RunState<O::Param, R::Scalar>, Option<KV>), Error> {
        let mut point = Point::take(R::NAME, &mut state)?;
        let ask = self.ask(&point)?;
        let iteration = ask.index;
        let drawn = draw_gradient(problem, &point.param, self.drawn_at(ask), &mut point.gradient);
        let step_norm = match drawn.and_then(|()| self.tell(&mut point, ask)) {
            Ok(step_norm) => step_norm,
            Err(error) => return Err(point.failed(R::NAME, iteration, error)),
        };

        let mut report = None;
        if self.telemetry.reports_at(iteration) {
            report = Some(kv!(
                "learning_rate" => self.rule.learning_rate(iteration);
                "gradient_norm" => kernel::norm(point.gradient.as_coordinates()?);
                "step_norm" => step_norm;
                "skipped_draw_count" => self.skipped_draw_count;
            ));
        }
        point.put_back(&mut state);
        state.last_best_iter = state.iter;
        Ok((state, report))
    }

    fn terminate(&mut self, _state: &RunState<O::Param, R::Scalar>) -> TerminationStatus {
        Stop::status(self.stop.as_ref())
    }
}
