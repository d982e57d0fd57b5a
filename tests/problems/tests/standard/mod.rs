//! The default solver, nothing tuned, on the standard problems: Moré, Garbow and Hillstrom, and
//! the NIST regressions.
#![allow(dead_code, reason = "test and example use their own parts")]

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, State};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use suite::Problem;

/// Draws that each problem gets.
pub const DRAWS: u64 = 3000;
/// A noise-free problem is solved once the gap f - f* is at most this part of the start's.
pub const SOLVED: f64 = 1e-6;
/// A noisy one has come close at this part.
pub const CLOSE: f64 = 1e-3;
/// Digits of a regression that the project asks for.
pub const CERTIFIED_DIGITS: f64 = 4.0;

/// What NIST certifies of a regression.
pub struct Certified {
    /// Lower, average or higher.
    pub difficulty: String,
    pub parameters: Vec<f64>,
    /// The residual sum of squares, over the number of observations.
    pub mean_square: f64,
}

/// How far a run came.
pub struct Reached {
    pub name: String,
    pub dimension: usize,
    /// (f - f*) / (f0 - f*) at the recommended point, after the whole budget.
    pub gap: f64,
    /// Draws until the gap was at most [`SOLVED`].
    pub draws_to_solve: Option<u64>,
    pub certified: Option<Digits>,
}

/// Digits of a regression that are right: -log10 of the relative error.
#[derive(Clone)]
pub struct Digits {
    pub difficulty: String,
    /// Of the worst parameter.
    pub parameters: f64,
    /// Of the residual sum of squares.
    pub squares: f64,
    /// Draws until all parameters had [`CERTIFIED_DIGITS`].
    pub draws_to_certify: Option<u64>,
}

impl Reached {
    pub fn is_solved(&self) -> bool {
        self.gap <= SOLVED
    }
}

impl Certified {
    /// Of the problem of this name; none for those that are no regressions.
    pub fn of(problem: &dyn Problem) -> Option<Self> {
        let name = problem.name();
        let key = name.strip_prefix("nist/")?.split('/').next()?;
        let data: Value = serde_json::from_str(include_str!("../../data/nist_strd.json"))
            .expect("nist_strd.json is JSON");
        let regressions = data["problems"].as_array().into_iter().flatten();
        let regression = regressions
            .into_iter()
            .find(|regression| {
                regression["name"].as_str().map(str::to_lowercase) == Some(key.into())
            })
            .expect("each problem has its data");
        let parameters = regression["certified_params"].as_array().into_iter().flatten();
        Some(Self {
            difficulty: regression["difficulty"].as_str().expect("a difficulty").into(),
            parameters: parameters.filter_map(Value::as_f64).collect(),
            mean_square: problem.minimum(),
        })
    }

    /// -log10 of the largest relative error of a parameter; at most 16.
    fn parameter_digits(&self, x: &[f64]) -> f64 {
        assert_eq!(x.len(), self.parameters.len());
        let digits = x.iter().zip(&self.parameters).map(|(x, exact)| digits(*x, *exact));
        digits.fold(16.0, f64::min)
    }
}

/// -log10 of the relative error, in [0, 16]; 0 where it is not finite.
fn digits(value: f64, exact: f64) -> f64 {
    let error = ((value - exact) / exact).abs();
    if error.is_nan() { 0.0 } else { (-error.log10()).clamp(0.0, 16.0) }
}

/// What only a solver sees.
struct Oracle<'a>(&'a dyn Problem);

impl StochasticGradient for Oracle<'_> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.stochastic_gradient(x, draw, g);
        Ok(())
    }
}

/// Watches the recommended point.
#[derive(Clone)]
struct Watch {
    problem: Arc<dyn Problem>,
    certified: Arc<Option<Certified>>,
    first: Arc<Mutex<First>>,
}

/// Draws until a goal was reached.
#[derive(Default)]
struct First {
    solved: Option<u64>,
    certified: Option<u64>,
}

impl Observe<IterState<Vec<f64>, Vec<f64>, (), (), (), f64>> for Watch {
    fn observe_iter(
        &mut self,
        state: &IterState<Vec<f64>, Vec<f64>, (), (), (), f64>,
        _: &KV,
    ) -> Result<(), Error> {
        let Some(x) = state.get_best_param() else { return Ok(()) };
        let draws = state.get_iter() + 1;
        let mut first = self.first.lock().expect("no other thread");
        if first.solved.is_none() && gap(&*self.problem, x) <= SOLVED {
            first.solved = Some(draws);
        }
        if let Some(certified) = &*self.certified
            && first.certified.is_none()
            && certified.parameter_digits(x) >= CERTIFIED_DIGITS
        {
            first.certified = Some(draws);
        }
        Ok(())
    }
}

fn gap(problem: &dyn Problem, x: &[f64]) -> f64 {
    let (start, minimum) = (problem.cost(&problem.start()), problem.minimum());
    let gap = (problem.cost(x) - minimum) / (start - minimum);
    if gap.is_nan() { f64::INFINITY } else { gap }
}

/// Runs `Arturo::new()` for a budget of draws.
pub fn run(problem: Box<dyn Problem>, draws: u64) -> Reached {
    let problem: Arc<dyn Problem> = problem.into();
    let watch = Watch {
        problem: problem.clone(),
        certified: Arc::new(Certified::of(&*problem)),
        first: Arc::default(),
    };
    let result = Executor::new(Oracle(&*problem), Arturo::new())
        .configure(|state| state.param(problem.start()).max_iters(draws))
        .add_observer(watch.clone(), ObserverMode::Always)
        .run()
        .unwrap_or_else(|error| panic!("{}: {error}", problem.name()));
    let x = result.state().get_best_param().expect("there is always a recommended point");
    let first = watch.first.lock().expect("no other thread");
    Reached {
        name: problem.name(),
        dimension: x.len(),
        gap: gap(&*problem, x),
        draws_to_solve: first.solved,
        certified: watch.certified.as_ref().as_ref().map(|certified| Digits {
            difficulty: certified.difficulty.clone(),
            parameters: certified.parameter_digits(x),
            squares: digits(problem.cost(x), certified.mean_square),
            draws_to_certify: first.certified,
        }),
    }
}
