//! One iteration of arTuRO, and its life as an argmin solver.

use super::{Arturo, NAME};
use crate::averaging::average;
use crate::dual::{DualSolution, DualSolver};
use crate::gaussian::StepSums;
use crate::hessian::{HessianEstimator, Observation, draw_gradient};
use crate::kernel;
use crate::model::QuadraticModel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::radius::KlRadius;
use crate::run::{self, Point, RunState};
use argmin::core::{Error, KV, Problem, Solver};
use argmin::kv;

impl<O, F, E, D> Solver<O, RunState<O::Param, F>> for Arturo<F, E, D>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
    E: HessianEstimator<O>,
    D: DualSolver,
{
    fn name(&self) -> &str {
        "arTuRO"
    }

    fn init(
        &mut self,
        _problem: &mut Problem<O>,
        mut state: RunState<O::Param, F>,
    ) -> Result<(RunState<O::Param, F>, Option<KV>), Error> {
        let len = run::start(NAME, &mut state)?;
        self.reset::<O>(len);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: RunState<O::Param, F>,
    ) -> Result<(RunState<O::Param, F>, Option<KV>), Error> {
        let mut point = self.take_point::<O>(&mut state)?;
        let draw = Draw::new(self.seed, self.draw_count);
        let iteration = self.draw_count;
        draw_gradient(problem, &point.param, draw, &mut point.gradient)?;
        self.draw_count += 1;

        let mut report = None;
        if point.accepts(NAME, draw, self.non_finite)? {
            let decayed = self.decay_weights(point.param.as_coordinates_mut()?, iteration);
            self.refit(problem, &point, draw)?;
            let x = point.param.as_coordinates_mut()?;
            let best = point.best.as_coordinates_mut()?;
            if decayed && iteration == 0 {
                // as in the original: the Gaussian's mean does not follow the very first decay
                self.belief.move_mean(x, best, &mut self.model);
            }
            if self.estimator.is_calibrated() {
                let bound = self.kl_bound::<O>(point.gradient.as_coordinates()?, iteration);
                let dual = self.solve_dual(x, bound);
                let step = self.take_step(x, &dual);
                report = Some(Report { bound, dual, step });
            }
            average(best, x, self.averaging.weight(iteration, self.estimator.gain()));
        } else {
            self.skipped_draw_count += 1;
        }

        let report_now = self.telemetry.reports_at(iteration);
        let kv = report_now.then(|| self.report(&point, report)).transpose()?;
        point.put_back(&mut state);
        Ok((state, kv))
    }
}

/// What an iteration did.
struct Report {
    bound: f64,
    dual: DualSolution,
    step: StepSums,
}

impl<F: Scalar, E, D> Arturo<F, E, D> {
    /// Starts anew in n dimensions.
    fn reset<O>(&mut self, len: usize)
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        E: HessianEstimator<O>,
    {
        self.model = QuadraticModel::new(len);
        self.belief.reset(len);
        self.radius.reset();
        let uses_step = E::USES_STEP || matches!(self.radius, KlRadius::Adaptive(_));
        self.step = vec![F::zero(); if uses_step { len } else { 0 }];
        self.multiplier = None;
        self.draw_count = 0;
        self.skipped_draw_count = 0;
    }

    /// Takes the vectors out of argmin's state, and checks that they fit the solver.
    fn take_point<O>(&mut self, state: &mut RunState<O::Param, F>) -> Result<Point<O::Param>, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        E: HessianEstimator<O>,
    {
        let point = Point::take(NAME, state)?;
        if self.draw_count == 0 && self.model.gradient.is_empty() {
            self.reset::<O>(point.param.as_coordinates()?.len());
        }
        point.check_len(NAME, self.model.gradient.len())?;
        Ok(point)
    }

    /// Decoupled weight decay, `x <- x - kl_bound weight_decay x`; whether there was any.
    fn decay_weights(&mut self, x: &mut [F], iteration: u64) -> bool {
        let KlRadius::Fixed(kl_bound) = self.radius else { return false };
        let decay = kl_bound * self.schedule.factor(iteration) * self.weight_decay;
        if decay > 0.0 {
            self.belief.shrink_mean(x, decay, &mut self.model);
        }
        decay > 0.0
    }

    /// Refits the model to the gradient drawn at x.
    fn refit<O>(
        &mut self,
        problem: &mut Problem<O>,
        point: &Point<O::Param>,
        draw: Draw,
    ) -> Result<(), Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        E: HessianEstimator<O>,
    {
        let observation = Observation {
            param: &point.param,
            gradient: &point.gradient,
            step: &self.step,
            draw,
            iteration: self.draw_count - 1 - self.skipped_draw_count,
        };
        self.estimator.update(problem, observation, &mut self.model)
    }

    /// The KL bound of this step, in nats.
    fn kl_bound<O>(&mut self, gradient: &[F], iteration: u64) -> f64
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        E: HessianEstimator<O>,
    {
        let factor = self.schedule.factor(iteration);
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

    /// Solves for the multiplier of the KL bound.
    fn solve_dual(&mut self, x: &[F], bound: f64) -> DualSolution
    where
        D: DualSolver,
    {
        let (belief, model) = (&self.belief, &self.model);
        let solution = self.dual.solve(bound, self.multiplier, |eta| belief.kl(x, model, eta));
        self.multiplier = Some(solution.multiplier);
        solution
    }

    /// Moves the mean by the step of the multiplier, and updates what depends on the step.
    fn take_step(&mut self, x: &mut [F], dual: &DualSolution) -> StepSums {
        let sums = self.belief.step(x, &mut self.model, dual.multiplier, &mut self.step);
        match &mut self.radius {
            KlRadius::Fixed(_) => self.belief.update_precision(&self.model),
            KlRadius::Adaptive(radius) => {
                radius.record(sums.kl, sums.slope, dual.multiplier > 0.0);
            }
        }
        sums
    }

    /// The internals of an iteration for the observers.
    fn report<P: ParamVec<Scalar = F>>(
        &self,
        point: &Point<P>,
        report: Option<Report>,
    ) -> Result<KV, Error> {
        let (curvature_min, curvature_max) = kernel::range(&self.model.curvature);
        let mut kv = kv!(
            "gradient_norm" => kernel::norm(point.gradient.as_coordinates()?);
            "curvature_min" => curvature_min;
            "curvature_max" => curvature_max;
            "skipped_draws" => self.skipped_draw_count;
        );
        let (bound, dual, step) = match report {
            Some(Report { bound, dual, step }) => (bound, Some(dual), step),
            // no step: the draw was skipped, or the estimator is still calibrating
            None => (0.0, None, StepSums::default()),
        };
        kv = kv.merge(kv!(
            "kl" => step.kl;
            "kl_bound" => bound;
            "multiplier" => dual.map_or(0.0, |dual| dual.multiplier);
            "dual_evaluations" => dual.map_or(0, |dual| dual.evaluations);
            "step_norm" => step.step_norm;
        ));
        Ok(kv)
    }
}
