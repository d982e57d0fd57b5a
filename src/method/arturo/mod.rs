//! The default method: a foundation that converges, a model that is fast, a referee between them.

mod foundation;
mod model;
mod referee;

use super::{Evidence, Iterate, Method, Report, Run, private};
use crate::dual::{DualSolver, Newton};
use crate::hessian::draw_gradient;
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::run::Point;
use crate::solver::NAME;
use argmin::core::{Error, Problem};
use foundation::Foundation;
use model::{Event, Model, Place};
use referee::{Player, Referee, Verdict};

/// Dimension up to which there is a dense model: 200 takes 2.2 MB, and a step some milliseconds.
const MODEL_DIMENSION: usize = 200;
/// Separates the directions of probes from the draws of gradients.
const PROBE_STREAM: u64 = 0x7072_6f62;

/// The default: nothing to tune.
///
/// Three parts share the draws:
///
/// 1. the *foundation*: first-order steps in a KL ball whose radius is the distance travelled,
///    averaged. It converges, and cannot run away;
/// 2. the *model*: a dense quadratic model of f, whose Hessian is fitted by recursive least squares,
///    and steps to its minimum in a KL ball by the 1-D dual. Gradients are means of as many draws as
///    a step needs to stand out of their noise; the answer in the noise is the mean of the proposed
///    points, which reaches the statistical limit. Without noise it is a trust-region quasi-Newton
///    method with one gradient a step;
/// 3. the *referee*: compares their answers by fresh draws between them, each time that the draws
///    have doubled. The better one leads: its answer is the recommended point, it gets most of the
///    draws, and the other goes on from there. An answer that turns out to be worse than the last
///    one is taken back.
///
/// Each iteration draws one gradient; `param` is the point where it was drawn. Above 200 coordinates
/// the foundation is alone, with 2 arrays beside x, the gradient and the recommended point. The
/// model takes 12 n^2 + 22 n floats.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct SelfCalibrating<F, D = Newton> {
    dual: D,
    foundation: Foundation<F>,
    /// The foundation's x and average where there is a model; else they are argmin's.
    walker: Vec<F>,
    average: Vec<F>,
    model: Model,
    referee: Referee<F>,
    /// The answer that was the last to be compared; at first the start.
    incumbent: Vec<F>,
    agenda: Agenda,
    /// Steps of the foundation, and these and all draws at the last comparison.
    foundation_count: u64,
    last_counts: [u64; 2],
    views: Views<F>,
}

/// What the next gradient is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
enum Agenda {
    /// A step of the foundation.
    #[default]
    Walk,
    /// A gradient for the model.
    Model,
    /// The two answers are compared.
    Rivals,
    /// The better one is compared with the incumbent.
    Incumbent,
    /// The draw that was not finite elsewhere, at the start: is it broken, or the point outside?
    Recheck { index: u64, of: Player },
}

/// The model as users see it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Views<F> {
    precision: Vec<F>,
    curvature: Vec<F>,
    noise: Vec<F>,
    /// The gradient, in f64, for the model.
    gradient: Vec<f64>,
}

impl<F, D> private::Sealed for SelfCalibrating<F, D> {}

impl<F: Scalar, D> Method<F> for SelfCalibrating<F, D> {
    fn multiplier(&self) -> f64 {
        self.model.step.multiplier
    }

    fn precision(&self) -> &[F] {
        &self.views.precision
    }

    fn curvature(&self) -> &[F] {
        &self.views.curvature
    }

    fn noise(&self) -> &[F] {
        &self.views.noise
    }

    fn evidence(&self, _draw_count: u64) -> Option<Evidence> {
        let len = self.foundation.start().len();
        (len > 0).then(|| match self.referee.leader {
            Player::Model if self.has_model() => self.model.evidence(),
            _ => Evidence::unknown(len),
        })
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
            foundation: Foundation::default(),
            walker: Vec::new(),
            average: Vec::new(),
            model: Model::default(),
            referee: Referee::default(),
            incumbent: Vec::new(),
            agenda: Agenda::default(),
            foundation_count: 0,
            last_counts: [0; 2],
            views: Views::default(),
        }
    }

    fn has_model(&self) -> bool {
        !self.model.x.is_empty()
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
        self.views.gradient.resize(len, 0.0);
    }

    fn dimension(&self) -> usize {
        self.views.gradient.len()
    }

    fn iterate(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
    ) -> Result<Report, Error> {
        if run.draw_count == 0 {
            self.begin(point.param.as_coordinates()?);
        }
        let draw = match self.agenda {
            Agenda::Recheck { index, .. } => run.draw(index),
            Agenda::Model if self.model.asks() == Place::Probe => run.draw(run.draw_count - 1),
            _ => run.fresh_draw(),
        };
        run.draw_count += 1;
        let is_usable = if self.has_model() {
            self.write_place(point.param.as_coordinates_mut()?);
            draw_gradient(problem, &point.param, draw, &mut point.gradient)?;
            point.is_usable(NAME)?
        } else if matches!(self.agenda, Agenda::Recheck { .. }) {
            // x is argmin's: the start is looked at elsewhere
            let [place, gradient] = point.trial();
            place.as_coordinates_mut()?.copy_from_slice(self.foundation.start());
            draw_gradient(problem, place, draw, gradient)?;
            point.accepts_trial(NAME)?
        } else {
            draw_gradient(problem, &point.param, draw, &mut point.gradient)?;
            point.is_usable(NAME)?
        };
        if !is_usable {
            return self.lose(point, draw.index(), run);
        }
        let report = self.tell(point, run)?;
        self.plan(point, run)?;
        Ok(report)
    }
}

impl<F: Scalar, D: DualSolver> SelfCalibrating<F, D> {
    fn begin(&mut self, x: &[F]) {
        self.foundation.begin(x);
        if x.len() > MODEL_DIMENSION {
            return;
        }
        for copy in [&mut self.walker, &mut self.average, &mut self.incumbent] {
            *copy = x.to_vec();
        }
        self.referee.begin(x);
        let exact: Vec<f64> = x.iter().map(|x| x.to_f64_exact()).collect();
        self.model.begin(&exact, foundation::unit(x));
        self.agenda = Agenda::Model;
        self.show();
    }

    /// The point of the next gradient.
    fn write_place(&self, x: &mut [F]) {
        match self.agenda {
            Agenda::Walk => x.copy_from_slice(&self.walker),
            Agenda::Recheck { .. } => x.copy_from_slice(self.foundation.start()),
            Agenda::Rivals | Agenda::Incumbent => {
                let u = F::from_f64_lossy(self.referee.place());
                for ((x, a), b) in x.iter_mut().zip(&self.referee.from).zip(&self.referee.to) {
                    *x = *a + u * (*b - *a);
                }
            }
            Agenda::Model => {
                let is_probe = self.model.asks() == Place::Probe;
                for (i, x) in x.iter_mut().enumerate() {
                    let place = if is_probe { self.model.probe_point(i) } else { self.model.x[i] };
                    *x = F::from_f64_lossy(place);
                }
            }
        }
    }

    /// Gives the gradient to the part that has asked for it.
    fn tell<P: ParamVec<Scalar = F>>(
        &mut self,
        point: &mut Point<P>,
        run: &Run,
    ) -> Result<Report, Error> {
        let gradient = point.gradient.as_coordinates()?;
        match self.agenda {
            Agenda::Walk if self.has_model() => {
                self.foundation_count += 1;
                let step_norm = self.foundation.step(&mut self.walker, &mut self.average, gradient);
                Ok(Report { step_norm, ..Report::default() })
            }
            Agenda::Walk => {
                let x = point.param.as_coordinates_mut()?;
                let average = point.best.as_coordinates_mut()?;
                let step_norm = self.foundation.step(x, average, gradient);
                Ok(Report { step_norm, ..Report::default() })
            }
            Agenda::Model => {
                for (exact, g) in self.views.gradient.iter_mut().zip(gradient) {
                    *exact = g.to_f64_exact();
                }
                let random = run.fresh_draw().stream(PROBE_STREAM);
                let event = self.model.tell(&self.views.gradient, &self.dual, random, round::<F>);
                if event == Event::Gathered {
                    return Ok(Report::default());
                }
                self.show();
                Ok(self.report())
            }
            Agenda::Rivals | Agenda::Incumbent => {
                let difference = self.referee.to.iter().zip(&self.referee.from);
                let slope = difference
                    .zip(gradient)
                    .map(|((b, a), g)| (*b - *a).to_f64_exact() * g.to_f64_exact())
                    .sum();
                let verdict = self.referee.take_in(Some(slope));
                self.rule(verdict, run.draw_count);
                Ok(Report::default())
            }
            Agenda::Recheck { of, .. } => {
                // the draw is sound: the point was outside of the domain
                match of {
                    Player::Model => self.model.retreat(&self.dual, round::<F>),
                    Player::Foundation if self.has_model() => {
                        self.foundation.retreat(&mut self.walker, &self.average);
                    }
                    Player::Foundation => {
                        let average = point.best.as_coordinates()?;
                        self.foundation.retreat(point.param.as_coordinates_mut()?, average);
                    }
                }
                Ok(Report::default())
            }
        }
    }

    /// Decides what the next gradient is for, and writes the answer.
    fn plan<P: ParamVec<Scalar = F>>(
        &mut self,
        point: &mut Point<P>,
        run: &Run,
    ) -> Result<(), Error> {
        if !self.has_model() {
            self.agenda = Agenda::Walk;
            return Ok(());
        }
        if !matches!(self.agenda, Agenda::Rivals | Agenda::Incumbent) {
            self.agenda = if self.model.asks() == Place::Probe {
                Agenda::Model
            } else if self.referee.is_due(run.draw_count) {
                self.compare_rivals(run.draw_count)
            } else {
                let [walks, draws] = self.last_counts;
                match self.referee.turn(self.foundation_count - walks, run.draw_count - draws) {
                    Player::Foundation => Agenda::Walk,
                    Player::Model => Agenda::Model,
                }
            };
        }
        self.write_answer(point.best.as_coordinates_mut()?);
        Ok(())
    }

    fn write_answer(&self, answer: &mut [F]) {
        match self.referee.leader {
            Player::Foundation => answer.copy_from_slice(&self.average),
            Player::Model => {
                for (a, x) in answer.iter_mut().zip(&self.model.answer) {
                    *a = F::from_f64_lossy(*x);
                }
            }
        }
    }

    /// From the foundation's answer to the model's.
    fn compare_rivals(&mut self, draw_count: u64) -> Agenda {
        self.referee.from.copy_from_slice(&self.average);
        for (to, x) in self.referee.to.iter_mut().zip(&self.model.answer) {
            *to = F::from_f64_lossy(*x);
        }
        self.referee.open(draw_count);
        Agenda::Rivals
    }

    /// Does what the referee says.
    fn rule(&mut self, verdict: Verdict, draw_count: u64) {
        if verdict == Verdict::Open {
            return;
        }
        if self.agenda == Agenda::Rivals {
            let winner = match verdict {
                Verdict::Better => Some(Player::Model),
                Verdict::Worse => Some(Player::Foundation),
                _ => None,
            };
            self.referee.settle(winner, self.model.is_settled());
            match winner {
                Some(Player::Model) => self.restart_foundation(),
                Some(Player::Foundation) => self.restart_model(),
                None => {}
            }
            self.compare_incumbent(draw_count);
        } else {
            if verdict == Verdict::Worse {
                let incumbent = std::mem::take(&mut self.incumbent);
                self.average.copy_from_slice(&incumbent);
                self.restart_model();
                self.walker.copy_from_slice(&incumbent);
                self.foundation.begin(&incumbent);
                self.incumbent = incumbent;
            } else {
                self.incumbent.copy_from_slice(&self.referee.to);
            }
            self.referee.adjourn(draw_count);
            self.last_counts = [self.foundation_count, draw_count];
            self.agenda = Agenda::Model;
        }
    }

    /// From the incumbent to the leader's answer.
    fn compare_incumbent(&mut self, draw_count: u64) {
        let mut to = std::mem::take(&mut self.referee.to);
        self.write_answer(&mut to);
        self.referee.to = to;
        self.referee.from.copy_from_slice(&self.incumbent);
        self.referee.open(draw_count);
        self.agenda = Agenda::Incumbent;
    }

    /// The foundation goes on from the model's answer.
    fn restart_foundation(&mut self) {
        let mut x = std::mem::take(&mut self.walker);
        for (x, answer) in x.iter_mut().zip(&self.model.answer) {
            *x = F::from_f64_lossy(*answer);
        }
        self.average.copy_from_slice(&x);
        self.foundation.begin(&x);
        self.walker = x;
    }

    /// The model goes on from the foundation's answer.
    fn restart_model(&mut self) {
        let x: Vec<f64> = self.average.iter().map(|x| x.to_f64_exact()).collect();
        self.model.go_to(&x);
        self.show();
    }

    /// A gradient that could not be used: the same draw at the start says whether the draw is broken
    /// or the point outside of the domain.
    fn lose<P: ParamVec<Scalar = F>>(
        &mut self,
        point: &mut Point<P>,
        index: u64,
        run: &mut Run,
    ) -> Result<Report, Error> {
        let of = match self.agenda {
            Agenda::Walk => Player::Foundation,
            Agenda::Model => Player::Model,
            Agenda::Rivals | Agenda::Incumbent => {
                let verdict = self.referee.take_in(None);
                // the incumbent is inside of the domain
                let is_incumbent = self.agenda == Agenda::Incumbent;
                self.rule(if is_incumbent { Verdict::Worse } else { verdict }, run.draw_count);
                self.plan(point, run)?;
                return Ok(Report::default());
            }
            Agenda::Recheck { index, of } => {
                run.skipped_draw_count += 1;
                if of == Player::Model {
                    self.model.lose();
                }
                self.plan(point, run)?;
                point.accepts(NAME, run.draw(index), run.non_finite)?;
                return Ok(Report::default());
            }
        };
        self.agenda = Agenda::Recheck { index, of };
        Ok(Report::default())
    }

    fn report(&self) -> Report {
        let step = &self.model.step;
        Report {
            bound: step.bound,
            kl: step.kl,
            multiplier: step.multiplier,
            dual_evaluations: step.evaluations,
            step_norm: crate::dense::dot(&step.vector, &step.vector).sqrt(),
            cost: None,
        }
    }

    /// Brings the views up to date.
    fn show(&mut self) {
        let len = self.model.x.len();
        let views = &mut self.views;
        views.curvature.resize(len, F::zero());
        views.precision.resize(len, F::one());
        views.noise.resize(len, F::zero());
        for i in 0..len {
            views.curvature[i] = F::from_f64_lossy(self.model.curvature.matrix[i * len + i]);
            views.precision[i] = F::from_f64_lossy(self.model.unit_precision(i));
            views.noise[i] = F::from_f64_lossy(self.model.noise_variance(i));
        }
    }
}

/// The nearest float of the run.
fn round<F: Scalar>(x: f64) -> f64 {
    F::from_f64_lossy(x).to_f64_exact()
}
