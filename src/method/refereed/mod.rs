//! The default: a foundation that converges, a model that is fast, a referee between them.

mod agenda;
mod foundation;
mod model;
mod referee;
mod scaling;
mod settings;
mod turns;
mod units;
mod verdicts;

use super::{Ask, Evidence, Iterate, Method, Report, Run, TrustRegion, private};
use crate::bounds::BoxBounds;
use crate::dual::{DualSolver, Newton};
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::run::NAME;
use crate::run::Point;
use crate::scale;
use agenda::Agenda;
use argmin::core::{Error, Problem};
use foundation::Foundation;
use model::{Model, Place};
use referee::Referee;
use settings::Settings;
use turns::{Player, Turns};

/// Nothing to tune, and bounded steps: a foundation that converges, a model, and a referee.
///
/// Three parts share the draws:
///
/// 1. the *foundation*: first-order steps in a KL ball whose radius is the distance travelled,
///    averaged. It converges, with bounded steps;
/// 2. the *model*: a dense quadratic model of f, whose Hessian is fitted by recursive least squares,
///    and steps to its minimum in a KL ball by the 1-D dual. Gradients are means of as many draws as
///    a step needs to stand out of their noise; the answer in the noise is the mean of the proposed
///    points, which reaches the statistical limit. Without noise it is a trust-region quasi-Newton
///    method with one gradient a step;
/// 3. the *referee*: compares their answers by fresh draws between them, each time that the draws
///    have doubled. The model leads where it was found to be better, and without noise; else the foundation
///    does. The leader's answer is the recommended point. The loser goes on from the winner's, and an
///    answer that turns out to be worse than the last one that was found to be better is taken back.
///
/// Each iteration draws one gradient; `param` is the point where it was drawn. Above 200 coordinates
/// the foundation is alone, with 5 arrays beside x, the gradient and the recommended point, 4 where all
/// coordinates have one unit. Below, the model has 11 n^2 + 28 n numbers of 64 bits, and the rest 13 arrays.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Refereed<F, D = Newton> {
    dual: D,
    settings: Settings<F>,
    foundation: Foundation<F>,
    points: Points<F>,
    model: Model,
    referee: Referee<F>,
    turns: Turns,
    agenda: Agenda,
    views: Views<F>,
    /// Dimension of the run.
    len: usize,
}

/// Points of a run with a model; without one x and average are argmin's.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Points<F> {
    /// The foundation's x and average.
    walker: Vec<F>,
    average: Vec<F>,
    /// The last answer that was found to be better than the one before; at first the start.
    incumbent: Vec<F>,
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
    /// Where it was drawn.
    place: Vec<f64>,
}

impl<F, D> private::Sealed for Refereed<F, D> {}

impl<F: Scalar, D> Method<F> for Refereed<F, D> {
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

    fn bounds(&self) -> Option<[&[F]; 2]> {
        self.settings.bounds.as_ref().map(BoxBounds::both)
    }

    fn evidence(&self, best: &[F], draw_count: u64) -> Option<Evidence> {
        let is_begun = !self.foundation.start().is_empty();
        let known = || match self.leader() {
            Player::Model => self.model.evidence(),
            Player::Foundation => {
                let mut answer = self.points.average.clone();
                self.write_mean(&mut answer);
                let exact: Vec<f64> = answer.iter().map(|a| a.to_f64_exact()).collect();
                let exponent = self.foundation.exponent();
                let mut evidence = self.model.evidence_of_walk(&exact, exponent, draw_count);
                evidence.widen(self.foundation.excess(&answer, &evidence.variance));
                evidence
            }
        };
        is_begun.then(|| if self.has_model() { known() } else { self.foundation.evidence(best) })
    }
}

impl<F: Scalar> Refereed<F, Newton> {
    pub(crate) fn new() -> Self {
        Self::with_dual(Newton::default())
    }
}

impl<F: Scalar, D> Refereed<F, D> {
    pub(crate) fn with_dual(dual: D) -> Self {
        Self {
            dual,
            settings: Settings::default(),
            foundation: Foundation::default(),
            points: Points::default(),
            model: Model::default(),
            referee: Referee::default(),
            turns: Turns::default(),
            agenda: Agenda::default(),
            views: Views::default(),
            len: 0,
        }
    }

    pub(crate) fn with_bounds(mut self, bounds: BoxBounds<F>) -> Self {
        self.settings.bounds = Some(bounds);
        self
    }

    pub(crate) fn with_model_dimension(mut self, most: usize) -> Self {
        self.settings.model_dimension = most;
        self
    }

    pub(crate) fn with_other_dual<D2>(self, dual: D2) -> Refereed<F, D2> {
        Refereed { settings: self.settings, ..Refereed::with_dual(dual) }
    }

    pub(crate) fn with_scale(mut self, scale: Vec<F>) -> Self {
        self.settings.scale = Some(scale);
        self
    }

    /// The step of a diagonal model with this estimator, and all that is set but for the dense model.
    pub(crate) fn with_estimator<E>(self, estimator: E) -> TrustRegion<F, E, D> {
        let mut region = TrustRegion::adaptive(estimator, self.dual);
        if let Some(bounds) = self.settings.bounds {
            region = region.with_bounds(bounds);
        }
        if let Some(scale) = self.settings.scale {
            region = region.with_scale(scale);
        }
        region
    }

    fn has_model(&self) -> bool {
        !self.model.x.is_empty()
    }
}

impl<O, F, D> Iterate<O> for Refereed<F, D>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
    D: DualSolver + Clone,
{
    fn reset(&mut self, len: usize) {
        let settings = std::mem::take(&mut self.settings);
        *self = Self { settings, len, ..Self::with_dual(self.dual.clone()) };
    }

    fn check_start(&self, x: &[F]) -> Result<(), Error> {
        scale::check_len(NAME, self.settings.scale.as_deref(), x.len())?;
        self.settings
            .bounds
            .as_ref()
            .map_or(Ok(()), |bounds| bounds.check(NAME, "initial parameter vector", x))
    }

    fn dimension(&self) -> usize {
        self.len
    }

    const DRAWS_MORE: bool = false;

    fn ask(&mut self, point: &mut Point<O::Param>, run: &Run) -> Result<Ask, Error> {
        if run.draw_count == 0 {
            self.begin(point.param.as_coordinates()?);
        }
        let index = match self.agenda {
            Agenda::Recheck { index, .. } => index,
            Agenda::Model if self.model.asks() == Place::Probe => run.draw_count - 1,
            _ => run.draw_count,
        };
        // where there is no model x is argmin's, and the start is looked at elsewhere
        let is_trial = !self.has_model() && matches!(self.agenda, Agenda::Recheck { .. });
        if is_trial {
            let [place, _] = point.trial();
            place.as_coordinates_mut()?.copy_from_slice(self.foundation.start());
        } else if self.has_model() {
            self.write_place(point.param.as_coordinates_mut()?);
        }
        Ok(Ask { index, is_trial })
    }

    fn tell(
        &mut self,
        _problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
        ask: Ask,
    ) -> Result<Report, Error> {
        let gradient = point.asked_gradient(NAME, ask)?;
        // one look at the gradient says whether it can be used, and how large it is
        let Some(slope) = self.foundation.slope(gradient) else {
            return self.lose(point, ask.index, run);
        };
        run.draw_count += 1;
        let report = self.take_in(point, slope, run)?;
        self.plan(point, run)?;
        Ok(report)
    }
}

impl<F: Scalar, D: DualSolver> Refereed<F, D> {
    fn begin(&mut self, x: &[F]) {
        let units = self.settings.scale.clone().unwrap_or_else(|| units::units(x));
        if x.len() > self.settings.model_dimension {
            self.foundation.begin(x, units);
            return;
        }
        let copy = || x.to_vec();
        self.points = Points { walker: copy(), average: copy(), incumbent: copy() };
        self.views.gradient.resize(x.len(), 0.0);
        self.views.place.resize(x.len(), 0.0);
        self.referee.begin(x);
        self.turns.begin();
        let exact =
            |values: &[F]| values.iter().map(|value| value.to_f64_exact()).collect::<Vec<_>>();
        let bounds = self.settings.bounds.as_ref();
        let bounds = bounds.map(|bounds| [bounds.lower(), bounds.upper()].map(&exact));
        self.model.begin(&exact(x), &exact(&units), bounds);
        self.foundation.begin(x, units);
        self.agenda = Agenda::Model;
        self.show();
    }

    fn report(&self) -> Report {
        let step = &self.model.step;
        Report {
            bound: step.bound,
            kl: step.kl,
            multiplier: step.multiplier,
            dual_evaluations: step.evaluations,
            step_norm: crate::dense::dot(&step.vector, &step.vector).sqrt(),
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
            let precision = F::from_f64_lossy(self.model.unit_precision(i));
            views.precision[i] = precision.max(F::min_positive_value()).min(F::max_value());
            views.noise[i] = F::from_f64_lossy(self.model.noise_variance(i));
        }
    }
}
