//! Six problems and three solvers, on which all drivers give the same bits.
#![allow(dead_code, reason = "each test file uses its own part")]

use argmin::core::Error;
use argmin_arturo::oracle::{Replicated, StochasticCost};
use argmin_arturo::{Draw, StochasticGradient};
use std::sync::Arc;
use suite::Problem;

/// A problem of the suite as an oracle.
#[derive(Clone)]
pub struct Standard(pub Arc<dyn Problem>);

impl StochasticGradient for Standard {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.stochastic_gradient(x, draw, g);
        Ok(())
    }
}

impl StochasticCost for Standard {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        Ok(self.0.stochastic_cost(x, draw))
    }
}

const PROBLEMS: [&str; 6] = [
    "mgh/rosenbrock/noise=1e-1",
    "quadratic/diagonal/n=10/cond=1e2/noise=0",
    "logistic/raw/batch=16",
    "ode/lotka_volterra/mixed/times=5",
    "poisson/ebola/batch=16",
    "vqe/h2/qubits=2/ry/shots=100",
];

/// The problems, each as the mean of four draws, which MPI spreads over ranks, and their starts.
pub fn problems() -> Vec<(Replicated<Standard>, Vec<f64>)> {
    let suite = suite::suite().into_iter();
    let problems = suite.filter(|problem| PROBLEMS.contains(&problem.name().as_str()));
    let problems: Vec<_> = problems
        .map(|problem| {
            let start = problem.start();
            (Replicated::new(Standard(problem.into()), 4).unwrap(), start)
        })
        .collect();
    assert_eq!(problems.len(), PROBLEMS.len());
    problems
}

/// Evaluates `$body` for each problem with each solver, and a number of iterations.
#[macro_export]
macro_rules! on_six_problems_and_three_solvers {
    (|$problem:ident, $start:ident, $iterations:ident, $solver:ident| $body:expr) => {{
        use argmin_arturo::{Arturo, NonFinite, PaperSettings, baseline::Adam};
        for ($problem, $start) in $crate::common::standard::problems() {
            let ($iterations, $solver) = (500, Arturo::new());
            let $solver = $solver.with_seed(3).with_non_finite(NonFinite::Skip);
            $body;
            let ($iterations, $solver) = (200, Arturo::paper(PaperSettings::default()).unwrap());
            let $solver = $solver.with_seed(3).with_non_finite(NonFinite::Skip);
            $body;
            let ($iterations, $solver) = (200, Adam::new(0.01).unwrap());
            let $solver = $solver.with_seed(3).with_non_finite(NonFinite::Skip);
            $body;
        }
    }};
}
