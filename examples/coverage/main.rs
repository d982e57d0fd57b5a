//! How far the errors that a solution states can be trusted: the benchmark behind
//! `docs/coverage.md`.
//!
//! ```sh
//! cargo run --release --example coverage -- claims 200
//! cargo run --release --example coverage -- sphere 200
//! cargo run --release --example coverage -- intervals 200
//! cargo run --release --example coverage -- large 20
//! cargo run --release --example coverage -- stops 67
//! cargo run --release --example coverage -- rival_stops 20
//! ```
//!
//! The number is that of the seeds a problem. Each prints a table in Markdown. `claims 200 logistic` prints the rows of
//! the problems whose name begins so.

mod claims;
mod intervals;
mod large;
mod rival_stops;
mod sphere;
mod stops;

use argmin::core::{Error, Executor, Problem as Counted, State};
use argmin_arturo::solution::Certification;
use argmin_arturo::{Arturo, Draw, NonFinite, StochasticGradient};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use suite::Problem;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |i: usize| arguments.get(i).map(String::as_str);
    let table = argument(0).unwrap_or("");
    let seeds = argument(1).unwrap_or("200").parse()?;
    match table {
        "sphere" => sphere::print(seeds),
        "claims" => claims::print(seeds, argument(2).unwrap_or("")),
        "intervals" => intervals::print(seeds),
        "large" => large::print(seeds),
        "stops" => stops::print(seeds),
        "rival_stops" => rival_stops::print(seeds),
        _ => {
            eprintln!(
                "say which table: claims, sphere, intervals, large, stops or rival_stops; and how many \
                 seeds"
            );
            Ok(())
        }
    }
}

/// The draws of a problem of the suite.
struct Oracle<'a>(&'a dyn Problem);

impl StochasticGradient for Oracle<'_> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.stochastic_gradient(x, draw, g);
        Ok(())
    }
}

/// Its exact gradient.
struct Exact<'a>(&'a dyn Problem);

impl StochasticGradient for Exact<'_> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.gradient(x, g);
        Ok(())
    }
}

fn solver(seed: u64) -> Arturo<f64> {
    Arturo::new().with_seed(seed).with_non_finite(NonFinite::Skip)
}

/// The problem of this name, and its minimizer: an exact run, polished by Newton's method.
fn problem(name: &str) -> Result<(Box<dyn Problem>, Vec<f64>), Error> {
    let problem = suite::suite().into_iter().find(|problem| problem.name() == name);
    let problem = problem.ok_or_else(|| Error::msg(format!("no problem {name}")))?;
    let result = Executor::new(Exact(&*problem), solver(0))
        .configure(|state| state.param(problem.start()).max_iters(3000))
        .run()?;
    let mut x = result.state().get_best_param().cloned().unwrap_or_default();
    let certification = Certification::new(2)?.with_hessian_draws(2)?;
    for _ in 0..5 {
        x = certification.at(&mut Counted::new(Exact(&*problem)), &x, 0)?.param;
    }
    Ok((problem, x))
}

/// Runs the seeds 0, 1, 2, ... on all cores.
fn for_seeds<T: Send>(
    seeds: u64,
    run: impl Fn(u64) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicU64::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            let result = run(seed);
            results.lock().expect("no run panics while it holds the lock").push((seed, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().expect("a panic has ended the scope");
    results.sort_by_key(|&(seed, _)| seed);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Mean and its standard error.
fn mean(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}
