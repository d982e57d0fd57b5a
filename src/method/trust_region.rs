//! arTuRO with an estimator of curvature: the published method, and every estimator of one's own.

use super::{Iterate, Method, Report, Run, private};
use crate::averaging::average;
use crate::dual::{DualSolution, DualSolver, DualValue, Newton};
use crate::gaussian::{Gaussian, StepSums};
use crate::hessian::{AdaptiveRls, HessianEstimator, Observation, draw_gradient};
use crate::kernel;
use crate::model::QuadraticModel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::radius::{AdaptiveRadius, KlRadius};
use crate::run::Point;
use crate::solver::NAME;
use argmin::core::{Error, Problem};

/// One drawn gradient, one refit of a diagonal model, one step inside the KL ball, in turn.
///
/// 1. draw g at x,
/// 2. refit the model f(x + d) ~ f + m.d + 1/2 sum a_i d_i^2 to it
///    ([`HessianEstimator`]),
/// 3. solve for the multiplier eta of the KL bound ([`DualSolver`]),
/// 4. step: d_i = -m_i / (A_i + eta p_i), with p the precision of the belief.
///
/// [`Arturo::paper`](crate::Arturo::paper) is this with the paper's settings;
/// [`with_estimator`](crate::Arturo::with_estimator) makes it of the self-calibrating solver, with
/// the KL bound adapted to how well the model predicts.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct TrustRegion<F, E, D = Newton> {
    pub(crate) estimator: E,
    pub(crate) dual: D,
    belief: Gaussian<F>,
    pub(crate) model: QuadraticModel<F>,
    radius: KlRadius,
    weight_decay: f64,
    /// The last step, where the estimator or the radius reads it; else empty.
    step: Vec<F>,
    /// eta of the last step.
    multiplier: Option<f64>,
    /// Gradients taken in.
    count: u64,
}

/// Weight of the old precision against the new with an adapted radius: the paper's nu.
const ADAPTIVE_NU: f64 = 1.3;

impl<F: Scalar> TrustRegion<F, AdaptiveRls<F>, Newton> {
    /// With everything estimated.
    pub(crate) fn self_calibrating() -> Self {
        Self::adaptive(AdaptiveRls::default(), Newton::default())
    }
}

impl<F: Scalar, E, D> TrustRegion<F, E, D> {
    /// With an adapted radius.
    pub(crate) fn adaptive(estimator: E, dual: D) -> Self {
        let belief = Gaussian::new(1.0, 0.0, 1.0, ADAPTIVE_NU);
        Self::new(estimator, dual, belief, KlRadius::Adaptive(AdaptiveRadius::default()), 0.0)
    }

    pub(crate) fn new(
        estimator: E,
        dual: D,
        belief: Gaussian<F>,
        radius: KlRadius,
        weight_decay: f64,
    ) -> Self {
        Self {
            estimator,
            dual,
            belief,
            model: QuadraticModel::default(),
            radius,
            weight_decay,
            step: Vec::new(),
            multiplier: None,
            count: 0,
        }
    }

    pub(crate) fn with_estimator<E2>(self, estimator: E2) -> TrustRegion<F, E2, D> {
        TrustRegion::new(estimator, self.dual, self.belief, self.radius, self.weight_decay)
    }

    pub(crate) fn with_dual<D2>(self, dual: D2) -> TrustRegion<F, E, D2> {
        TrustRegion::new(self.estimator, dual, self.belief, self.radius, self.weight_decay)
    }

    /// Starts anew in n dimensions.
    pub(crate) fn reset_to(&mut self, len: usize, uses_step: bool) {
        self.model = QuadraticModel::new(len);
        self.belief.reset(len);
        self.radius.reset();
        let uses_step = uses_step || matches!(self.radius, KlRadius::Adaptive(_));
        self.step = vec![F::zero(); if uses_step { len } else { 0 }];
        self.multiplier = None;
        self.count = 0;
    }
}

impl<F, E, D> private::Sealed for TrustRegion<F, E, D> {}

impl<F: Scalar, E, D> Method<F> for TrustRegion<F, E, D> {
    fn multiplier(&self) -> f64 {
        self.multiplier.unwrap_or(0.0)
    }

    fn precision(&self) -> &[F] {
        self.belief.precision()
    }

    fn curvature(&self) -> &[F] {
        &self.model.curvature
    }
}

impl<O, F, E, D> Iterate<O> for TrustRegion<F, E, D>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
    E: HessianEstimator<O>,
    D: DualSolver,
{
    fn reset(&mut self, len: usize) {
        self.reset_to(len, E::USES_STEP);
    }

    fn dimension(&self) -> usize {
        self.model.gradient.len()
    }

    fn iterate(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
    ) -> Result<Report, Error> {
        let draw = run.fresh_draw();
        draw_gradient(problem, &point.param, draw, &mut point.gradient)?;
        run.draw_count += 1;
        if !point.accepts(NAME, draw, run.non_finite)? {
            run.skipped_draw_count += 1;
            return Ok(Report::default());
        }

        let factor = run.schedule.factor(draw.index());
        // as in the original, the Gaussian's mean does not follow the very first decay
        let is_first_decay = self.decay_weights(factor) && self.count == 0;
        if is_first_decay || !E::PROBES {
            self.belief.shrink_mean(point.param.as_coordinates_mut()?, &mut self.model);
        }
        let mut probed = self.refit(problem, point, draw)?;
        let x = point.param.as_coordinates_mut()?;
        let best = point.best.as_coordinates_mut()?;
        if is_first_decay {
            self.belief.move_mean(x, best, &mut self.model);
            probed = None;
        }
        let weight = run.averaging.weight(self.count, self.estimator.gain());
        self.count += 1;
        if !self.estimator.is_calibrated() {
            average(best, x, weight);
            return Ok(Report::default());
        }
        let bound = self.kl_bound::<O>(point.gradient.as_coordinates()?, factor);
        let dual = self.solve_dual(x, bound, probed);
        let step = self.take_step([x, best], &dual, weight);
        Ok(Report {
            bound,
            kl: step.kl,
            multiplier: dual.multiplier,
            dual_evaluations: dual.evaluations,
            step_norm: step.step_norm,
        })
    }
}

impl<F: Scalar, E, D> TrustRegion<F, E, D> {
    /// Decoupled weight decay, `x <- x - kl_bound weight_decay x`, to come with the step; whether
    /// there is any.
    fn decay_weights(&mut self, factor: f64) -> bool {
        let KlRadius::Fixed(kl_bound) = self.radius else { return false };
        self.belief.pending_decay = kl_bound * factor * self.weight_decay;
        self.belief.pending_decay > 0.0
    }

    /// Refits the model to the gradient drawn at x; on the way, where it can be, KL at the first
    /// multiplier of the dual.
    fn refit<O>(
        &mut self,
        problem: &mut Problem<O>,
        point: &Point<O::Param>,
        draw: Draw,
    ) -> Result<Option<(f64, DualValue)>, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        E: HessianEstimator<O>,
        D: DualSolver,
    {
        let observation = Observation {
            param: &point.param,
            gradient: &point.gradient,
            step: &self.step,
            draw,
            iteration: self.count,
        };
        if !E::PROBES || matches!(self.radius, KlRadius::Adaptive(_)) {
            // with an adapted radius the precision is yet to change
            self.estimator.update(problem, observation, &mut self.model)?;
            return Ok(None);
        }
        let eta = self.dual.first_multiplier(self.multiplier);
        let probe = self.belief.probe(eta);
        let value =
            self.estimator.update_and_probe(problem, observation, &mut self.model, &probe)?;
        Ok(value.map(|value| (eta, value)))
    }

    /// The KL bound of this step, in nats.
    fn kl_bound<O>(&mut self, gradient: &[F], factor: f64) -> f64
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        E: HessianEstimator<O>,
    {
        match &mut self.radius {
            KlRadius::Fixed(kl_bound) => *kl_bound * factor,
            KlRadius::Adaptive(radius) => {
                if radius.has_started() {
                    radius.adapt(kernel::dot(gradient, &self.step), self.estimator.gain());
                    radius.rescale(self.belief.adapt_precision(&self.model, &self.step));
                } else {
                    self.belief.set_precision(&self.model, &self.step);
                    let (kl, squared_length) = self.belief.full_step(&self.model);
                    radius.start(kl, squared_length);
                }
                radius.value() * factor
            }
        }
    }

    /// Solves for the multiplier of the KL bound; `probed` is KL where it is known already.
    fn solve_dual(&mut self, x: &[F], bound: f64, probed: Option<(f64, DualValue)>) -> DualSolution
    where
        D: DualSolver,
    {
        let (belief, model) = (&self.belief, &self.model);
        let solution = self.dual.solve(bound, self.multiplier, |eta| match probed {
            Some((at, value)) if at == eta => value,
            _ => belief.kl(x, model, eta),
        });
        self.multiplier = Some(solution.multiplier);
        solution
    }

    /// Moves the mean by the step of the multiplier, and updates what depends on the step; `best`
    /// is their average, of which the new mean makes up the part `weight`.
    fn take_step(
        &mut self,
        [x, best]: [&mut [F]; 2],
        dual: &DualSolution,
        weight: f64,
    ) -> StepSums {
        let (belief, model, eta) = (&mut self.belief, &mut self.model, dual.multiplier);
        let is_fixed = matches!(self.radius, KlRadius::Fixed(_));
        if is_fixed && self.step.is_empty() && weight == 1.0 {
            return belief.step_and_update([x, best], model, eta);
        }
        let sums = belief.step(x, model, eta, &mut self.step);
        match &mut self.radius {
            KlRadius::Fixed(_) => belief.update_precision(model),
            KlRadius::Adaptive(radius) => radius.record(sums.kl, sums.slope, eta > 0.0),
        }
        average(best, x, weight);
        sums
    }
}
