//! The self-calibrating method: nothing to tune.

mod agreement;
mod control;
mod evidence;
mod filter;
mod handover;
mod line_check;
mod plan;
mod region;
mod secants;
mod spread;

use super::{Evidence, Iterate, Method, Report, Run, TrustRegion, private};
use crate::dual::{DualSolver, Newton};
use crate::hessian::{AdaptiveRls, draw_gradient};
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::run::Point;
use crate::settings::NonFinite;
use crate::solver::NAME;
use agreement::Agreement;
use argmin::core::{Error, Problem};
use control::{Outcome, View};
use filter::GradientEstimate;
use line_check::LineCheck;
use region::Region;
use secants::SecantModel;
use spread::Spread;

/// arTuRO that calibrates itself, from gradients of the same draw at both ends of its steps.
///
/// An oracle is a pure function of point and draw, so the same draw at x and at x + d measures the
/// change y of the gradient along the step without the (additive) noise of the draw. The method
/// uses y three times:
///
/// 1. the filtered gradient moves along with the step, `m <- m + y`: variance reduction, by a
///    Kalman filter whose gain follows from the noise it estimates;
/// 2. (d, y) is a secant for the model of the Hessian, limited-memory BFGS on a diagonal by
///    recursive least squares;
/// 3. the measured change of f along the step, over the predicted one, adapts the KL radius and
///    accepts or rejects the step.
///
/// With the metric p = m^2 + R, the second moment of a drawn gradient, as precision of the belief,
/// a step is
///
/// ```text
/// d = -(B + eta P)^-1 m,    eta >= 0 the least with KL = 1/2 d'Pd <= radius
/// ```
///
/// and it is taken only where m stands out of its own noise; otherwise the draw is spent on m.
/// Where the model predicts the change of the gradient better than a pair of draws would measure
/// it, one draw a step is enough. If the first two draws are equal to the bit, the oracle has no
/// noise, and the same code is a trust-region quasi-Newton method with one gradient a step. Where
/// draws disagree on curvature, as minibatches do, and m no longer stands out of its noise,
/// [`AdaptiveRls`] goes on from m, R, q and radius: the mean of its path is then the better filter.
/// It starts anew from the start if the answer turns out to lie above it.
///
/// A coordinate that most draws have no gradient in, exactly 0, as that of a rare feature, is
/// remembered for a number of the draws that have one; a draw judges a step, and teaches B, in the
/// coordinates that it has a gradient in.
///
/// Each iteration draws one gradient. Memory is 11 arrays and 10 more for the pairs, beside x, the
/// gradient, the recommended point, and the point and gradient under trial.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct SelfCalibrating<F, D = Newton> {
    dual: D,
    estimate: GradientEstimate<F>,
    model: SecantModel<F>,
    /// p, the metric of the ball.
    precision: Vec<F>,
    agreement: Agreement,
    region: Region,
    line_check: LineCheck,
    start: Vec<F>,
    /// The step d under trial, and its scalars.
    step: Vec<F>,
    trial: Trial,
    /// Change of the gradient along d at the second draw; else workspace of the dual.
    scratch: Vec<F>,
    phase: Phase,
    /// The oracle has no noise.
    exact: bool,
    /// Index of the draw of the gradient at x.
    draw_index: u64,
    /// Whether the answer was just found to lie above the start.
    is_above_start: Option<bool>,
    /// Whether `scratch` holds a second opinion.
    has_second: bool,
    /// Mean of e'Ae / sum A_ii e_i^2 over residuals e.
    trace_ratio: f64,
    probe_count: u64,
    spread: Spread<F>,
    rejected_count: u32,
    /// Draws in a row that were spent on m, as it does not stand out of its noise.
    idle_count: u32,
    comparison_count: u64,
    steps_since_comparison: u64,
    fallback: Option<Box<Successor<F>>>,
    /// Draws of the run when the fallback took over what was known.
    inherited_at: Option<u64>,
}

/// What takes over.
type Successor<F> = TrustRegion<F, AdaptiveRls<F>, Newton>;

/// What the gradient of the next iteration is for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
enum Phase {
    /// At the start: mean and variance of a few draws.
    #[default]
    Calibrate,
    /// A new draw at the trial point, which becomes the point.
    Advance,
    /// The draw of the gradient at x, at the trial point: a second opinion on curvature.
    Second,
    /// A new draw at x, to be compared.
    Anchor,
    /// The same draw at the trial point.
    Compare,
    /// A new draw between start and answer.
    Line,
    /// The draw that was not finite elsewhere, at x: is the draw broken, or the point outside?
    Blame { index: u64, on_line: bool },
    /// Whatever the fallback does.
    Delegate,
    /// The draw that was not finite at the fallback's x, at the start: the same question.
    Return { index: u64 },
    /// A new draw at x, in place of a lost one, or to see whether the oracle really has no noise.
    Renew,
}

/// The scalars of the step under trial.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Trial {
    multiplier: f64,
    kl: f64,
    bound: f64,
    norm: f64,
    /// m.d.
    slope: f64,
    /// d.Bd.
    bend: f64,
    /// Mean over the coordinates of (Bd)^2 / R.
    change: f64,
    /// Whether there is a model that predicts.
    is_predicted: bool,
    evaluations: u32,
}

impl Trial {
    /// The predicted change of f.
    fn change_of_f(&self) -> f64 {
        self.slope + 0.5 * self.bend
    }

    fn report(&self) -> Report {
        Report {
            bound: self.bound,
            kl: self.kl,
            multiplier: self.multiplier,
            dual_evaluations: self.evaluations,
            step_norm: self.norm,
            cost: None,
        }
    }
}

impl<F, D> private::Sealed for SelfCalibrating<F, D> {}

impl<F: Scalar, D> Method<F> for SelfCalibrating<F, D> {
    fn multiplier(&self) -> f64 {
        self.fallback.as_ref().map_or(self.trial.multiplier, |method| method.multiplier())
    }

    fn precision(&self) -> &[F] {
        self.fallback.as_ref().map_or(&self.precision, |method| method.precision())
    }

    fn curvature(&self) -> &[F] {
        self.fallback.as_ref().map_or(&self.model.curvature, |method| method.curvature())
    }

    fn noise(&self) -> &[F] {
        self.fallback.as_ref().map_or(&self.estimate.noise, |method| method.noise())
    }

    fn evidence(&self, draw_count: u64) -> Option<Evidence> {
        let len = self.start.len();
        if len == 0 {
            return None;
        }
        let evidence = match &self.fallback {
            Some(method) => self.inherited_evidence(method, draw_count),
            None => self.own_evidence(draw_count),
        };
        // a model that is not there yet, or was just given up, is no reason for an error
        Some(evidence.unwrap_or_else(|| Evidence::unknown(len)))
    }
}

impl<F: Scalar> SelfCalibrating<F, Newton> {
    pub(crate) fn new() -> Self {
        Self::with_dual(Newton::default())
    }
}

impl<F: Scalar, D> SelfCalibrating<F, D> {
    pub(crate) fn into_dual(self) -> D {
        self.dual
    }

    pub(crate) fn with_dual(dual: D) -> Self {
        Self {
            dual,
            estimate: GradientEstimate::default(),
            model: SecantModel::default(),
            precision: Vec::new(),
            agreement: Agreement::default(),
            region: Region::default(),
            line_check: LineCheck::default(),
            start: Vec::new(),
            step: Vec::new(),
            trial: Trial::default(),
            scratch: Vec::new(),
            phase: Phase::default(),
            exact: false,
            draw_index: 0,
            is_above_start: None,
            has_second: false,
            trace_ratio: 1.0,
            probe_count: 0,
            spread: Spread::default(),
            rejected_count: 0,
            idle_count: 0,
            comparison_count: 0,
            steps_since_comparison: 0,
            fallback: None,
            inherited_at: None,
        }
    }
}

impl<O, F, D> Iterate<O> for SelfCalibrating<F, D>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
    D: DualSolver + Clone,
{
    fn reset(&mut self, len: usize) {
        *self = Self::with_dual(self.dual.clone());
        self.estimate.reset(len);
        self.model.reset(len);
        self.spread.reset(len);
        for values in [&mut self.start, &mut self.step, &mut self.scratch] {
            values.resize(len, F::zero());
        }
        // positive from the start, also where no draw is ever finite
        self.precision.resize(len, F::one());
    }

    fn dimension(&self) -> usize {
        self.start.len()
    }

    fn iterate(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
    ) -> Result<Report, Error> {
        if self.phase == Phase::Delegate {
            return self.delegate(problem, point, run);
        }
        let draw = match self.phase {
            Phase::Second => run.draw(self.draw_index),
            Phase::Compare if !self.exact => run.draw(self.draw_index),
            Phase::Blame { index, .. } | Phase::Return { index } => run.draw(index),
            _ => run.fresh_draw(),
        };
        let at_trial = matches!(
            self.phase,
            Phase::Advance | Phase::Second | Phase::Compare | Phase::Line | Phase::Return { .. }
        );
        run.draw_count += 1;
        let usable = if at_trial {
            let [trial, gradient] = point.trial();
            draw_gradient(problem, trial, draw, gradient)?;
            point.accepts_trial(NAME)?
        } else {
            draw_gradient(problem, &point.param, draw, &mut point.gradient)?;
            self.draw_index = draw.index();
            point.accepts(NAME, draw, run.non_finite)?
        };
        if !usable && !at_trial {
            run.skipped_draw_count += 1;
        }

        if !usable && matches!(self.phase, Phase::Return { .. }) {
            // the draw is broken, and the point may be sound
            self.phase = Phase::Delegate;
            run.skipped_draw_count += 1;
            point.accepts(NAME, draw, run.non_finite)?;
            return Ok(Report::default());
        }
        let outcome = if usable {
            self.take_in(View::of(point)?, draw.index(), run)
        } else {
            self.lose(draw.index())
        };
        if outcome == Outcome::Moved {
            self.spread.moved(self.trial.change_of_f(), run.draw_count);
            point.accept_trial();
        }
        let report =
            if outcome == Outcome::Moved { self.trial.report() } else { Report::default() };
        if outcome != Outcome::Waiting {
            self.plan(View::of(point)?, run);
        }
        Ok(report)
    }
}

impl<F: Scalar, D: DualSolver> SelfCalibrating<F, D> {
    /// An iteration of the fallback.
    fn delegate<O>(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
    ) -> Result<Report, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
    {
        let Some(fallback) = &mut self.fallback else { return Ok(Report::default()) };
        let (index, skipped) = (run.fresh_draw().index(), run.skipped_draw_count);
        // whether a draw is broken or the point outside of the domain is told by another point
        let policy = std::mem::replace(&mut run.non_finite, NonFinite::Skip);
        let report = fallback.iterate(problem, point, run);
        run.non_finite = policy;
        let report = report?;
        let view = View::of(point)?;
        if run.skipped_draw_count > skipped {
            run.skipped_draw_count = skipped;
            view.trial.copy_from_slice(&self.start);
            self.phase = Phase::Return { index };
        } else if self.line_check.is_due(run.draw_count) {
            self.look_back(view);
        }
        Ok(report)
    }
}
