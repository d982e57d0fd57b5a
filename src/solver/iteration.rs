//! Arturo as an argmin solver.

use super::{Arturo, NAME};
use crate::error::invalid;
use crate::hessian::draw_gradient;
use crate::kernel;
use crate::method::{Ask, AskTell, Iterate, Report, private};
use crate::observer::Stop;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::run::{self, Point, RunState};
use crate::solution::{CostReport, CostSource};
use argmin::core::{Error, KV, Problem, Solver, State, TerminationReason, TerminationStatus};
use argmin::kv;

/// Standard errors by which the kept cost must be below a target.
const TARGET_ERRORS: f64 = 2.0;
/// Draws from which on 5 % are more than one.
const FIRST_MILESTONE: u64 = 20;

impl<O, F, M, C> Solver<O, RunState<O::Param, F>> for Arturo<F, M, C>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
    M: Iterate<O>,
    C: CostSource<O>,
{
    fn name(&self) -> &str {
        NAME
    }

    fn init(
        &mut self,
        _problem: &mut Problem<O>,
        mut state: RunState<O::Param, F>,
    ) -> Result<(RunState<O::Param, F>, Option<KV>), Error> {
        let len = run::start(NAME, &mut state)?;
        if let Some(x) = &state.param {
            self.method.check_start(x.as_coordinates()?)?;
        }
        if state.target_cost > F::neg_infinity() && !C::IS_KEPT {
            return Err(invalid(format!(
                "{NAME}: `target_cost` is {}, but no cost is kept to compare with it; add \
                 `with_filtered_cost` or `with_exact_cost`, or stop by `with_tolerance`",
                state.target_cost
            )));
        }
        self.reset::<O>(len);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: RunState<O::Param, F>,
    ) -> Result<(RunState<O::Param, F>, Option<KV>), Error> {
        let mut point = Point::take(NAME, &mut state)?;
        let ask = self.ask::<O>(&mut point)?;
        let iteration = self.run.draw_count;
        let (report, cost) = match self.draw_and_tell(problem, &mut point, ask) {
            Ok(reports) => reports,
            Err(error) => return Err(point.failed(NAME, iteration, error)),
        };

        let report_now = self.telemetry.reports_at(iteration);
        let kv = report_now.then(|| self.report(&point, report, cost)).transpose()?;
        point.put_back(&mut state);
        record(&mut state, cost);
        Ok((state, kv))
    }

    fn terminate_internal(&mut self, state: &RunState<O::Param, F>) -> TerminationStatus {
        let status = self.terminate(state);
        if status.terminated() {
            return status;
        }
        if state.get_iter() >= state.get_max_iters() {
            return TerminationStatus::Terminated(TerminationReason::MaxItersReached);
        }
        // argmin's own criterion has no error, and is met by the luckiest estimate
        let margin = TARGET_ERRORS * self.cost.error();
        if state.best_cost.to_f64_exact() + margin <= state.target_cost.to_f64_exact() {
            return TerminationStatus::Terminated(TerminationReason::TargetCostReached);
        }
        TerminationStatus::NotTerminated
    }

    fn terminate(&mut self, state: &RunState<O::Param, F>) -> TerminationStatus {
        if self.is_good_enough(state) {
            TerminationStatus::Terminated(TerminationReason::SolverConverged)
        } else {
            Stop::status(self.stop.as_ref())
        }
    }
}

/// Whether the answer is assessed for observers after so many draws: at each 5 % more of them.
fn is_milestone(draws: u64) -> bool {
    let count = |draws: u64| ((draws.max(1) as f64).ln() / 0.05).floor();
    draws >= FIRST_MILESTONE && count(draws) > count(draws - 1)
}

/// Writes the cost of the recommended point into argmin's state, which has the point already.
fn record<P: ParamVec>(state: &mut RunState<P, P::Scalar>, cost: Option<CostReport>) {
    let Some(cost) = cost else {
        state.last_best_iter = state.iter;
        return;
    };
    // `cost` stays NaN: argmin would take the last point for the best one
    state.best_cost = P::Scalar::from_f64_lossy(cost.value);
    if cost.is_new_best {
        state.last_best_iter = state.iter;
    }
}

impl<F, M, C> private::Sealed for Arturo<F, M, C> {}

impl<F, O, M, C> AskTell<F, O> for Arturo<F, M, C>
where
    F: Scalar,
    O: StochasticGradient<Param = Vec<F>>,
    M: Iterate<O> + Clone,
    C: CostSource<O> + Clone,
{
    const NAME: &'static str = NAME;
    const DRAWS_MORE: bool = M::DRAWS_MORE || C::IS_KEPT;

    fn ask_next(&mut self, point: &mut Point<Vec<F>>) -> Result<Ask, Error> {
        self.ask::<O>(point)
    }

    fn draw(&self, ask: Ask) -> Draw {
        self.run.draw(ask.index)
    }

    fn tell_asked(
        &mut self,
        problem: &mut Problem<O>,
        state: &mut RunState<Vec<F>, F>,
        ask: Ask,
    ) -> Result<(), Error> {
        let mut point = Point::take(NAME, state)?;
        let told = self.tell(problem, &mut point, ask);
        point.put_back(state);
        let (_, cost) = told?;
        record(state, cost);
        Ok(())
    }
}

impl<F: Scalar, M, C> Arturo<F, M, C> {
    /// Lets a [`Stop`] end the run and keep its result.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Starts anew in n dimensions.
    fn reset<O>(&mut self, len: usize)
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        M: Iterate<O>,
        C: CostSource<O>,
    {
        self.method.reset(len);
        self.cost.reset();
        if let Some(segments) = &mut self.segments {
            segments.reset(len);
        }
        if let Some(stopping) = &mut self.stopping {
            stopping.reset();
        }
        self.run.draw_count = 0;
        self.run.skipped_draw_count = 0;
    }

    /// Where the next gradient is to be drawn.
    fn ask<O>(&mut self, point: &mut Point<O::Param>) -> Result<Ask, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        M: Iterate<O>,
        C: CostSource<O>,
    {
        if self.method.dimension() == 0 {
            self.reset::<O>(point.param.as_coordinates()?.len());
        }
        point.check_len(NAME, self.method.dimension())?;
        self.method.ask(point, &self.run)
    }

    /// Draws the gradient that is asked for.
    fn draw_and_tell<O>(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        ask: Ask,
    ) -> Result<(Report, Option<CostReport>), Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        M: Iterate<O>,
        C: CostSource<O>,
    {
        let (x, gradient) = point.asked(ask);
        draw_gradient(problem, x, self.run.draw(ask.index), gradient)?;
        self.tell(problem, point, ask)
    }

    /// Passes the gradient that was asked for to the method, and updates the cost of the recommended point.
    fn tell<O>(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        ask: Ask,
    ) -> Result<(Report, Option<CostReport>), Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        M: Iterate<O>,
        C: CostSource<O>,
    {
        let draw = self.run.fresh_draw();
        let report = self.method.tell(problem, point, &mut self.run, ask)?;
        let cost = self.cost.update(problem, &point.best, draw)?;
        if let Some(segments) = &mut self.segments {
            segments.record(point.param.as_coordinates()?);
        }
        Ok((report, cost))
    }

    /// The internals of an iteration for the observers.
    fn report<O>(
        &self,
        point: &Point<O::Param>,
        report: Report,
        cost: Option<CostReport>,
    ) -> Result<KV, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
        M: Iterate<O>,
    {
        let (curvature_min, curvature_max) = kernel::range(self.method.curvature());
        let mut kv = kv!(
            "gradient_norm" => kernel::norm(point.gradient.as_coordinates()?);
            "curvature_min" => curvature_min;
            "curvature_max" => curvature_max;
            "skipped_draw_count" => self.run.skipped_draw_count;
            "kl" => report.kl;
            "kl_bound" => report.bound;
            "multiplier" => report.multiplier;
            "dual_evaluations" => report.dual_evaluations;
            "step_norm" => report.step_norm;
        );
        let noise = self.method.noise();
        if !noise.is_empty() {
            kv.insert("noise_level", kernel::sum(noise).sqrt().into());
        }
        if let Some(cost) = cost {
            kv.insert("filtered_cost", cost.value.into());
            kv.insert("filtered_cost_error", cost.error.into());
        }
        let draws = self.run.draw_count;
        if is_milestone(draws)
            && let Some(evidence) = self.method.evidence(point.best.as_coordinates()?, draws)
        {
            let exact = |x: &O::Param| -> Result<Vec<f64>, Error> {
                Ok(x.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect())
            };
            let solution =
                self.solution_at(&evidence, &exact(&point.param)?, (), &exact(&point.best)?);
            kv.insert("predicted_gain", solution.predicted_gain.into());
            kv.insert("predicted_gain_bound", solution.predicted_gain_bound.into());
        }
        Ok(kv)
    }
}
