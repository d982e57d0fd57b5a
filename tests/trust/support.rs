//! What the cases have in common.

use argmin::core::{Error, Executor, OptimizationResult, State};
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// That a case holds, or what was measured instead.
pub type Outcome = Result<(), Error>;

/// An oracle by a closure that writes the gradient drawn at x.
#[derive(Clone)]
pub struct Gradients<F>(pub F);

impl<F: Fn(&[f64], Draw, &mut [f64])> StochasticGradient for Gradients<F> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        (self.0)(x, draw, g);
        Ok(())
    }
}

/// A cost by a closure.
#[derive(Clone)]
pub struct Costs<F>(pub F);

impl<F: Fn(&[f64], Draw) -> Result<f64, Error>> StochasticCost for Costs<F> {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        (self.0)(x, draw)
    }
}

pub fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

pub type State64 = argmin::core::IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// A run of `solver` for this many draws from `x0`.
pub fn run<O, S>(
    oracle: O,
    solver: S,
    x0: &[f64],
    draws: u64,
) -> Result<OptimizationResult<O, S, State64>, Error>
where
    S: argmin::core::Solver<O, State64>,
{
    Executor::new(oracle, solver).configure(|state| state.param(x0.to_vec()).max_iters(draws)).run()
}

/// The recommended point of the default after this many draws of `gradient` from `x0`.
pub fn best<F>(gradient: F, x0: &[f64], draws: u64, seed: u64) -> Result<Vec<f64>, Error>
where
    F: Fn(&[f64], Draw, &mut [f64]),
{
    let result = run(Gradients(gradient), Arturo::new().with_seed(seed), x0, draws)?;
    Ok(recommended(&result))
}

pub fn recommended<O, S>(result: &OptimizationResult<O, S, State64>) -> Vec<f64>
where
    S: argmin::core::Solver<O, State64>,
{
    result.state().get_best_param().expect("a run has an answer").clone()
}

/// Nothing where `holds`, else what was measured.
pub fn ensure(holds: bool, measured: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Error::msg(measured())) }
}

/// The median and the largest of a list that is not empty.
pub fn median_and_worst(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[values.len() - 1])
}
