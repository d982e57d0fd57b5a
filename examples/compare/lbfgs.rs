//! argmin's L-BFGS on stochastic problems: it needs costs and, for its line search, costs that
//! can be compared.

use crate::oracle::Oracle;
use crate::solvers::Job;
use crate::trace::{Recorder, Trace};
use argmin::core::observers::ObserverMode;
use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::BacktrackingLineSearch;
use argmin::solver::linesearch::condition::ArmijoCondition;
use argmin::solver::quasinewton::LBFGS;
use argmin_arturo::Draw;
use std::cell::RefCell;
use std::rc::Rc;

/// Pairs of steps and changes of the gradient that L-BFGS remembers.
const MEMORY: usize = 10;
/// Evaluations that the budget allows where every one is a mean of frozen draws.
const FROZEN_EVALUATIONS: usize = 50;
/// Draws of the first sample that grows.
const FIRST_SAMPLE: usize = 16;
/// A sample is doubled as long as the budget allows for so many evaluations of the doubled one.
const LAST_EVALUATIONS: usize = 10;
/// A sample is done with where its gradient is below this fraction of its standard error: what is left
/// to gain on it is then a sixteenth of what is lost by its noise.
const NOISE_FRACTION: f64 = 0.25;
/// Or after so many iterations.
const SAMPLE_ITERATIONS: u64 = 20;

/// Which draws an evaluation sees.
#[derive(Clone, Copy)]
pub enum Sampling {
    /// The mean of the same draws every time: sample average approximation.
    Frozen,
    /// The next draw every time.
    Fresh,
    /// The mean of the first 16 draws, then of the first 32, 64, ..., each from the last answer.
    Growing,
}

/// The cost and gradient of a sample as deterministic functions, which L-BFGS takes them for.
#[derive(Clone)]
struct Sampled {
    oracle: Oracle,
    sampling: Sampling,
    seed: u64,
    /// Draws per evaluation.
    draws: usize,
    last: Rc<RefCell<Evaluation>>,
}

/// The last evaluation, so that cost and gradient at one point cost one, but not twice.
#[derive(Default)]
struct Evaluation {
    x: Vec<f64>,
    cost: Option<f64>,
    gradient: Option<Vec<f64>>,
    /// Of the gradient: the root of the expected square of its distance from the exact one.
    standard_error: f64,
}

#[derive(Debug, thiserror::Error)]
#[error("L-BFGS left the finite numbers")]
struct NonFinitePoint;

impl Sampled {
    fn new(job: &Job, sampling: Sampling, oracle: Oracle) -> Self {
        let draws = match sampling {
            _ if oracle.noise_free() => 1,
            Sampling::Frozen => (job.budget / FROZEN_EVALUATIONS).max(1),
            Sampling::Fresh => 1,
            Sampling::Growing => FIRST_SAMPLE,
        };
        Self { oracle, sampling, seed: job.seed, draws, last: Rc::default() }
    }

    /// Takes one part of the last evaluation, of a new one if that is used up or elsewhere.
    fn take<T>(&self, x: &[f64], part: impl Fn(&mut Evaluation) -> Option<T>) -> Result<T, Error> {
        let mut last = self.last.borrow_mut();
        let known = if last.x == x { part(&mut last) } else { None };
        if let Some(known) = known {
            return Ok(known);
        }
        *last = self.evaluate(x)?;
        Ok(part(&mut last).expect("an evaluation has both parts"))
    }

    fn evaluate(&self, x: &[f64]) -> Result<Evaluation, Error> {
        // such a point would keep a line search busy until the budget is spent
        if x.iter().any(|x| !x.is_finite()) {
            return Err(NonFinitePoint.into());
        }
        let first = match self.sampling {
            Sampling::Frozen | Sampling::Growing => 0,
            Sampling::Fresh => self.oracle.used(),
        };
        let mut drawn = vec![0.0; x.len()];
        let (mut cost, mut gradient, mut mean_square) = (0.0, drawn.clone(), 0.0);
        let weight = 1.0 / self.draws as f64;
        for index in first..first + self.draws {
            let draw = Draw::new(self.seed, index as u64);
            self.oracle.draw_gradient(x, draw, &mut drawn)?;
            cost += weight * self.oracle.cost(x, draw);
            gradient.iter_mut().zip(&drawn).for_each(|(mean, g)| *mean += weight * g);
            mean_square += weight * squared_norm(&drawn);
        }
        let variance = (mean_square - squared_norm(&gradient)).max(0.0);
        // unbiased; one draw, that of an oracle without noise, has no variance
        let standard_error = (variance / (self.draws - 1).max(1) as f64).sqrt();
        Ok(Evaluation { x: x.to_vec(), cost: Some(cost), gradient: Some(gradient), standard_error })
    }

    /// Whether another sample follows.
    fn grows(&self, budget: usize) -> bool {
        matches!(self.sampling, Sampling::Growing)
            && !self.oracle.noise_free()
            && budget - self.oracle.used() >= 2 * self.draws * (LAST_EVALUATIONS + 1)
    }

    /// The norm of the gradient at which a sample is done with, if it is evaluated from this start.
    fn tolerance(&self, start: &[f64]) -> Result<f64, Error> {
        let evaluation = self.evaluate(start)?;
        let tolerance = NOISE_FRACTION * evaluation.standard_error;
        // L-BFGS asks for it first
        self.last.replace(evaluation);
        Ok(tolerance)
    }

    /// Doubles the sample.
    fn grow(&mut self) {
        self.draws *= 2;
        self.last.take();
    }
}

fn squared_norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

impl CostFunction for Sampled {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        self.take(x, |last| last.cost.take())
    }
}

impl Gradient for Sampled {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.take(x, |last| last.gradient.take())
    }
}

/// Runs L-BFGS, and again from its last iterate where it stops early, until the budget is spent.
pub fn minimize(
    job: &Job,
    sampling: Sampling,
    oracle: Oracle,
    trace: Rc<RefCell<Trace>>,
) -> Result<(), Error> {
    let mut problem = Sampled::new(job, sampling, oracle.clone());
    while oracle.used() < job.budget {
        let start = trace.borrow().latest().to_vec();
        let grows = problem.grows(job.budget);
        let (tolerance, iterations) =
            if grows { (problem.tolerance(&start)?, SAMPLE_ITERATIONS) } else { (0.0, u64::MAX) };
        // the best of those argmin has here: More-Thuente and Hager-Zhang fail on cliffs
        let line_search = BacktrackingLineSearch::new(ArmijoCondition::new(1e-4)?).rho(0.5)?;
        let solver = LBFGS::new(line_search, MEMORY)
            .with_tolerance_grad(tolerance)?
            .with_tolerance_cost(f64::MIN_POSITIVE)?;
        let recorder = Recorder {
            oracle: oracle.clone(),
            trace: trace.clone(),
            // the lowest cost, argmin's best, would only be the luckiest draw
            returned: |state| state.param.as_ref(),
        };
        Executor::new(problem.clone(), solver)
            .configure(|state| state.param(start).max_iters(iterations))
            .add_observer(recorder, ObserverMode::Always)
            .timer(false)
            .ctrlc(false)
            .run()?;
        if grows {
            problem.grow();
        }
    }
    Ok(())
}
