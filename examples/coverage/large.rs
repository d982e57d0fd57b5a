//! Above the border of the dense model errors are those of random scaling: do 95 % intervals hold the minimum?

use crate::claims::{covered, scores};
use crate::{Oracle, for_seeds, mean, problem, solver};
use argmin::core::{Error, Executor};
use argmin_arturo::solution::RunResult;

const BUDGETS: [u64; 3] = [1000, 10_000, 100_000];

/// Independent coordinates, and correlated ones, where a run is slow in some directions.
const CASES: [&str; 12] = [
    "quadratic/diagonal/n=1000/cond=1e2/noise=1e-1",
    "quadratic/diagonal/n=1000/cond=1e4/noise=1e-1",
    "quadratic/diagonal/n=1000/cond=1e2/noise=t3:1e-1",
    "quadratic/rotated/n=10/cond=1e2/noise=1e-1",
    "quadratic/rotated/n=10/cond=1e4/noise=1e-1",
    "logistic/standardized/batch=1",
    "logistic/standardized/batch=16",
    "logistic/raw/batch=16",
    "poisson/simulated/batch=16",
    "vi/logistic/full/samples=8",
    "onehot/logistic/hashed=256/batch=32",
    "onehot/squares/hashed=512/batch=32",
];

pub fn print(seeds: u64) -> Result<(), Error> {
    println!("The foundation alone (`with_model_dimension(0)`), {seeds} seeds a problem.\n");
    println!("| problem | draws | covered | rms z |\n|---|---|---|---|");
    for name in CASES {
        let (problem, minimum) = problem(name)?;
        for draws in BUDGETS {
            let runs = for_seeds(seeds, |seed| {
                let solution =
                    Executor::new(Oracle(&*problem), solver(seed).with_model_dimension(0))
                        .configure(|state| state.param(problem.start()).max_iters(draws))
                        .run()?
                        .solution()?;
                Ok(scores(&solution.param, &solution.standard_error, &minimum))
            })?;
            let squares = runs.iter().flatten().map(|z| z * z);
            let rms = mean(squares).0.sqrt();
            println!("| {name} | {draws} | {} | {rms:.2} |", covered(runs.iter()));
        }
    }
    Ok(())
}
