//! A problem and a solver that tell what they did.

use crate::oracle::Oracle;
use crate::solvers::Method;
use crate::trace::RunState;
use argmin::core::{Error, KV, Solver};
use argmin_arturo::{Draw, StochasticGradient};
use std::sync::{Arc, Mutex};
use suite::Problem;

/// Point, draw and gradient, in bits.
pub type Record = (Vec<u64>, Draw, Vec<u64>);

/// A problem of the suite on a small budget, which remembers what it was asked.
pub struct Spy {
    problem: Box<dyn Problem>,
    seen: Mutex<Vec<Record>>,
}

impl Spy {
    pub fn on(name: &str) -> Arc<Self> {
        let found = suite::suite().into_iter().find(|problem| problem.name() == name);
        Arc::new(Self { problem: found.expect("a problem of the suite"), seen: Mutex::default() })
    }

    pub fn take_seen(&self) -> Vec<Record> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Problem for Spy {
    fn name(&self) -> String {
        self.problem.name()
    }

    fn family(&self) -> &'static str {
        self.problem.family()
    }

    fn start(&self) -> Vec<f64> {
        self.problem.start()
    }

    fn minimum(&self) -> f64 {
        self.problem.minimum()
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.problem.cost(x)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        self.problem.gradient(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        self.problem.stochastic_gradient(x, draw, g);
        self.seen.lock().unwrap().push((bits(x), draw, bits(g)));
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.problem.stochastic_cost(x, draw)
    }
}

pub fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Adds multiples of gradients: downhill, uphill or nowhere.
pub struct Walker {
    factor: f64,
    draws_per_iteration: u64,
    seed: u64,
}

impl Walker {
    pub fn method(name: &str, factor: f64, draws_per_iteration: u64) -> Method {
        Method::new(name, move |job| Ok(Self { factor, draws_per_iteration, seed: job.seed }))
    }
}

impl Solver<Oracle, RunState> for Walker {
    fn name(&self) -> &str {
        "walker"
    }

    fn next_iter(
        &mut self,
        problem: &mut argmin::core::Problem<Oracle>,
        mut state: RunState,
    ) -> Result<(RunState, Option<KV>), Error> {
        let mut x = state.param.take().expect("a start");
        let mut g = x.clone();
        for k in 0..self.draws_per_iteration {
            let draw = Draw::new(self.seed, state.iter * self.draws_per_iteration + k);
            let ask = |oracle: &Oracle| oracle.stochastic_gradient(&x, draw, &mut g);
            problem.problem("gradient_count", ask)?;
        }
        x.iter_mut().zip(&g).for_each(|(x, g)| *x += self.factor * g);
        state.best_param = Some(x.clone());
        Ok((state.param(x), None))
    }
}
