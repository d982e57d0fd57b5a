//! arTuRO with an estimator of curvature: the published method, and users' estimators.

use super::{Ask, Evidence, Iterate, Method, Progress, Report, Run, private};
use crate::averaging::average;
use crate::bounds::BoxBounds;
use crate::dual::{DualSolver, DualValue, Newton};
use crate::error::invalid;
use crate::gaussian::{Gaussian, StepSums};
use crate::groups::{self, Ball, Group};
use crate::hessian::{HessianEstimator, Observation};
use crate::kernel;
use crate::model::{QuadraticModel, positive_curvature, tiny_curvature};
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::radius::{AdaptiveRadius, KlRadius};
use crate::run::NAME;
use crate::run::Point;
use crate::scale;
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
/// [`with_estimator`](crate::Arturo::with_estimator) makes it of the default, with the KL bound adapted
/// to how well the model predicts.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct TrustRegion<F, E, D = Newton> {
    pub(crate) estimator: E,
    pub(crate) dual: D,
    belief: Gaussian<F>,
    pub(crate) model: QuadraticModel<F>,
    radius: KlRadius,
    weight_decay: f64,
    bounds: Option<BoxBounds<F>>,
    groups: Vec<Group>,
    /// The KL balls of the run: one for each group, or one for all.
    balls: Vec<Ball>,
    /// The last step, where the estimator, the radius or the bounds need it; else empty.
    step: Vec<F>,
    /// Weight of the last draw in the model's gradient.
    gain: f64,
    /// Gradients taken in.
    count: u64,
}

/// Weight of the old precision against the new with an adapted radius: the paper's nu.
const ADAPTIVE_NU: f64 = 1.3;
/// The square of a slope that is curvature, in units of its variance. The slopes of a regression with
/// forgetting are noise to a half at best, and heavy tails make more of them: with 25 instead of 100
/// one of 200 runs on single tumours stated errors that were too small by a factor of 3e4.
const SLOPE_CERTAINTY: f64 = 100.0;

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
            bounds: None,
            groups: Vec::new(),
            balls: Vec::new(),
            step: Vec::new(),
            gain: 1.0,
            count: 0,
        }
    }

    pub(crate) fn with_estimator<E2>(self, estimator: E2) -> TrustRegion<F, E2, D> {
        let Self { dual, belief, radius, weight_decay, bounds, groups, .. } = self;
        let method = TrustRegion::new(estimator, dual, belief, radius, weight_decay);
        TrustRegion { bounds, groups, ..method }
    }

    pub(crate) fn with_dual<D2>(self, dual: D2) -> TrustRegion<F, E, D2> {
        let Self { estimator, belief, radius, weight_decay, bounds, groups, .. } = self;
        let method = TrustRegion::new(estimator, dual, belief, radius, weight_decay);
        TrustRegion { bounds, groups, ..method }
    }

    pub(crate) fn with_bounds(self, bounds: BoxBounds<F>) -> Self {
        Self { bounds: Some(bounds), ..self }
    }

    pub(crate) fn with_scale(self, scale: Vec<F>) -> Self {
        Self { belief: self.belief.with_scale(scale), ..self }
    }

    pub(crate) fn with_groups(self, groups: Vec<Group>) -> Result<Self, Error> {
        groups::validate(NAME, &groups)?;
        let decays = groups.iter().position(Group::decays);
        match (&self.radius, decays) {
            (KlRadius::Adaptive(_), Some(i)) => Err(invalid(format!(
                "{NAME}: `weight_decay` of group {i} needs a given KL bound, that of \
                 `Arturo::paper`"
            ))),
            _ => Ok(Self { groups, ..self }),
        }
    }

    /// Starts anew in n dimensions.
    pub(crate) fn reset_to(&mut self, len: usize, uses_step: bool) {
        self.model = QuadraticModel::new(len);
        self.belief.reset(len);
        self.radius.reset();
        let is_adaptive = matches!(self.radius, KlRadius::Adaptive(_));
        let uses_step = uses_step || is_adaptive || self.bounds.is_some();
        self.step = vec![F::zero(); if uses_step { len } else { 0 }];
        self.gain = 1.0;
        self.balls = groups::balls(&self.groups, len, self.weight_decay);
        self.count = 0;
    }
}

impl<F, E, D> private::Sealed for TrustRegion<F, E, D> {}

impl<F: Scalar, E, D> Method<F> for TrustRegion<F, E, D> {
    fn multiplier(&self) -> f64 {
        self.balls.iter().filter_map(|ball| ball.multiplier).fold(0.0, f64::max)
    }

    fn precision(&self) -> &[F] {
        self.belief.precision()
    }

    fn curvature(&self) -> &[F] {
        &self.model.curvature
    }

    fn noise(&self) -> &[F] {
        &self.model.noise
    }

    fn bounds(&self) -> Option<[&[F]; 2]> {
        self.bounds.as_ref().map(BoxBounds::both)
    }

    /// By the diagonal model alone; none where the estimator does not estimate the noise, and none in
    /// a box, on whose boundary the gradient of the answer is not 0.
    fn evidence(&self, _best: &[F], _draw_count: u64) -> Option<Evidence> {
        let QuadraticModel { gradient, noise, .. } = &self.model;
        if noise.is_empty() || self.bounds.is_some() {
            return None;
        }
        if self.balls.iter().all(|ball| ball.multiplier.is_none()) {
            // no step yet, as the noise level is not known well enough for one
            return Some(Evidence::unknown(gradient.len()));
        }
        let (gain, tiny) = (self.gain, tiny_curvature::<F>());
        let exact = |values: &[F]| values.iter().map(|v| v.to_f64_exact()).collect::<Vec<_>>();
        let mut curvature: Vec<f64> = (self.model.curvature.iter())
            .map(|&a| positive_curvature(a, tiny).to_f64_exact())
            .collect();
        let (gradient, noise) = (exact(gradient), exact(noise));
        let mut newton_step: Vec<f64> =
            std::iter::zip(&gradient, &curvature).map(|(m, a)| -m / a).collect();
        let mut variance: Vec<f64> =
            std::iter::zip(&noise, &curvature).map(|(r, a)| gain * r / (a * a)).collect();
        for (i, &square) in self.model.offset_square.iter().enumerate() {
            let slope_variance = noise[i] / square.to_f64_exact();
            if curvature[i].powi(2) > SLOPE_CERTAINTY * slope_variance {
                continue;
            }
            // a slope that is noise, as x hardly moves, can be of any size: it is no curvature
            (curvature[i], newton_step[i], variance[i]) = (f64::MIN_POSITIVE, 0.0, f64::INFINITY);
        }
        let gains = std::iter::zip(&variance, &curvature).map(|(v, a)| v * a);
        let [trace, squares] = gains.fold([0.0, 0.0], |[t, s], v| [t + v, s + v * v]);
        Some(Evidence {
            point: None,
            gradient_error: noise.iter().map(|r| (gain * r).sqrt()).collect(),
            variance,
            signal: -std::iter::zip(&gradient, &newton_step).map(|(m, d)| m * d).sum::<f64>(),
            noise: [trace, (2.0 * squares).sqrt()],
            gradient,
            newton_step,
            curvature,
            curvature_error: 1.0,
            decrease: 0.0,
            bias: 0.0,
            effective_draws: 1.0 / gain,
            averaged: None,
            is_exact: false,
            is_flat: false,
            progress: Progress::Unknown,
        })
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

    fn check_start(&self, x: &[F]) -> Result<(), Error> {
        groups::check_len(NAME, &self.groups, x.len())?;
        scale::check_len(NAME, self.belief.scale(), x.len())?;
        self.bounds
            .as_ref()
            .map_or(Ok(()), |bounds| bounds.check(NAME, "initial parameter vector", x))
    }

    const DRAWS_MORE: bool = E::DRAWS_MORE;

    fn ask(&mut self, _point: &mut Point<O::Param>, run: &Run) -> Result<Ask, Error> {
        Ok(Ask { index: run.draw_count, is_trial: false })
    }

    fn tell(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
        ask: Ask,
    ) -> Result<Report, Error> {
        let draw = run.draw(ask.index);
        let accepted = point.accepts(NAME, draw, run.non_finite)?;
        run.draw_count += 1;
        if !accepted {
            run.skipped_draw_count += 1;
            return Ok(Report::default());
        }

        let factor = run.schedule.factor(draw.index());
        let is_plain = E::PROBES && self.is_plain();
        let is_first = self.count == 0;
        let decayed = if is_plain && !is_first {
            self.belief.pending_decay = self.decay(&self.balls[0], factor);
            false
        } else {
            self.decay_weights(point.param.as_coordinates_mut()?, factor)
        };
        let mut probed = self.refit(problem, point, draw, is_plain)?;
        let x = point.param.as_coordinates_mut()?;
        let best = point.best.as_coordinates_mut()?;
        if decayed && is_first {
            // as in the original: the Gaussian's mean does not follow the very first decay
            self.belief.move_mean(x, best, &mut self.model);
            probed = None;
        }
        self.gain = self.estimator.gain();
        let weight = run.averaging.weight(self.count, self.gain);
        self.count += 1;
        let mut report = Report::default();
        if self.estimator.is_calibrated() {
            let bound = self.kl_bound::<O>(point.gradient.as_coordinates()?, factor);
            let dual_evaluations = self.solve_dual(x, bound, probed);
            let copies = is_plain && self.step.is_empty() && weight == 1.0;
            let StepSums { kl, step_norm, .. } = if copies {
                let multiplier = Method::<F>::multiplier(self);
                self.belief.step_and_update([x, best], &mut self.model, multiplier)
            } else {
                self.take_step(x)
            };
            self.belief.pending_decay = 0.0;
            let multiplier = Method::<F>::multiplier(self);
            report = Report { bound, kl, multiplier, dual_evaluations, step_norm };
            if copies {
                return Ok(report);
            }
        }
        average(best, x, weight);
        if let Some(bounds) = &self.bounds {
            // a mean of points inside, but for its rounding
            bounds.clip_all(best);
        }
        Ok(report)
    }
}

impl<F: Scalar, E, D> TrustRegion<F, E, D> {
    /// The published method with one ball: then passes can be fused.
    fn is_plain(&self) -> bool {
        let is_fixed = matches!(self.radius, KlRadius::Fixed(_));
        is_fixed && self.bounds.is_none() && self.balls.len() == 1
    }

    /// The part of the mean that decoupled weight decay, `x <- x - kl_bound weight_decay x`, takes.
    fn decay(&self, ball: &Ball, factor: f64) -> f64 {
        match self.radius {
            KlRadius::Fixed(kl_bound) => kl_bound * factor * ball.weight_decay,
            KlRadius::Adaptive(_) => 0.0,
        }
    }

    /// Decays the weights; whether there was any decay.
    fn decay_weights(&mut self, x: &mut [F], factor: f64) -> bool {
        let mut any = false;
        for i in 0..self.balls.len() {
            let decay = self.decay(&self.balls[i], factor);
            if decay > 0.0 {
                let Self { belief, model, bounds, balls, .. } = self;
                let ball = &balls[i];
                belief.shrink_mean(ball.range.clone(), x, decay, model, bounds.as_ref());
                any = true;
            }
        }
        any
    }

    /// Refits the model to the gradient drawn at x; where it `probes`, with KL at the first
    /// multiplier of the dual.
    fn refit<O>(
        &mut self,
        problem: &mut Problem<O>,
        point: &Point<O::Param>,
        draw: Draw,
        probes: bool,
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
            bounds: self.bounds.as_ref().map(BoxBounds::both),
        };
        if !probes {
            self.estimator.update(problem, observation, &mut self.model)?;
            return Ok(None);
        }
        let eta = self.dual.first_multiplier(self.balls[0].multiplier);
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

    /// Solves for the multiplier of each ball; returns the evaluations of KL. `probed` is KL of the
    /// only ball where it is known already.
    fn solve_dual(&mut self, x: &[F], bound: f64, probed: Option<(f64, DualValue)>) -> u32
    where
        D: DualSolver,
    {
        let Self { belief, model, bounds, balls, dual, .. } = self;
        let mut evaluations = 0;
        for ball in balls {
            let kl = |eta| match probed {
                Some((at, value)) if at == eta => value,
                _ => belief.kl(ball.range.clone(), x, model, bounds.as_ref(), eta),
            };
            let solution = dual.solve(bound * ball.kl_share, ball.multiplier, kl);
            ball.multiplier = Some(solution.multiplier);
            evaluations += solution.evaluations;
        }
        evaluations
    }

    /// Moves the mean by the step of the multipliers, and updates the quantities that depend on the step.
    fn take_step(&mut self, x: &mut [F]) -> StepSums {
        let Self { belief, model, bounds, balls, step, .. } = self;
        let mut sums = StepSums::default();
        for Ball { range, multiplier, .. } in balls {
            let eta = multiplier.unwrap_or(0.0);
            let part = belief.step(range.clone(), x, model, bounds.as_ref(), eta, step);
            sums = sums.and(part);
        }
        let is_active = Method::<F>::multiplier(self) > 0.0;
        match &mut self.radius {
            KlRadius::Fixed(_) => self.belief.update_precision(&self.model),
            KlRadius::Adaptive(radius) => radius.record(sums.kl, sums.slope, is_active),
        }
        sums
    }
}
