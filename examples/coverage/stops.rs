//! How often does a run stop on a predicted gain while the true gap is three times as large?

use crate::{Oracle, for_seeds, problem, solver};
use argmin::core::{Error, Executor, State, TerminationReason};
use argmin_arturo::solution::Tolerance;
use suite::Problem;

pub const MAX_ITERS: u64 = 10_000;

/// Three problems of each of five families.
pub const PROBLEMS: [&str; 15] = [
    "quadratic/diagonal/n=10/cond=1e2/noise=1e-1",
    "quadratic/rotated/n=10/cond=1e2/noise=1e-1",
    "quadratic/rotated/n=10/cond=1e4/noise=1e-1",
    "logistic/standardized/batch=128",
    "logistic/standardized/batch=16",
    "logistic/raw/batch=128",
    "poisson/ebola/batch=16",
    "poisson/sunspots/batch=16",
    "poisson/simulated/batch=16",
    "mgh/rosenbrock/noise=1e-1",
    "mgh/wood/noise=1e-1",
    "mgh/rosenbrock/noise=t3:1e-1",
    "ode/lotka_volterra/mixed/times=5",
    "ode/lotka_volterra/paired/times=5",
    "ode/sir/high/times=4",
];

/// Tolerances in units of the gap at the start.
pub const TOLERANCES: [f64; 2] = [1e-2, 1e-3];

/// Draws and gap at which a run stops by a predicted gain, if it does.
pub fn stop(
    problem: &dyn Problem,
    seed: u64,
    tolerance: f64,
    least: f64,
) -> Result<Option<(usize, f64)>, Error> {
    let solver = solver(seed).with_tolerance(Tolerance::PredictedGain(tolerance))?;
    let result = Executor::new(Oracle(problem), solver)
        .configure(|state| state.param(problem.start()).max_iters(MAX_ITERS))
        .run()?;
    let state = result.state();
    let has_stopped = state.get_termination_reason() == Some(&TerminationReason::SolverConverged);
    let gap = |x: &Vec<f64>| problem.cost(x) - least;
    let stop = || (state.get_iter() as usize, state.get_best_param().map_or(f64::NAN, gap));
    Ok(has_stopped.then(stop))
}

pub fn print(seeds: u64) -> Result<(), Error> {
    println!("| problem | tolerance / gap at the start | runs | stopped | false | draws |");
    println!("|---|---|---|---|---|---|");
    let (mut all, mut all_stopped, mut all_false) = (0, 0, 0);
    for name in PROBLEMS {
        let (problem, minimum) = problem(name)?;
        let least = problem.cost(&minimum).min(problem.minimum());
        let first = problem.cost(&problem.start()) - least;
        for relative in TOLERANCES {
            let tolerance = relative * first;
            let runs = for_seeds(seeds, |seed| stop(&*problem, seed, tolerance, least))?;
            let stops: Vec<(usize, f64)> = runs.iter().copied().flatten().collect();
            let stopped = stops.len();
            let is_wrong = |gap: f64| gap.is_nan() || gap > 3.0 * tolerance;
            let wrong = stops.iter().filter(|stop| is_wrong(stop.1)).count();
            let draws: usize = stops.iter().map(|stop| stop.0).sum();
            let draws = draws.checked_div(stopped).unwrap_or(0);
            println!("| {name} | {relative:.0e} | {seeds} | {stopped} | {wrong} | {draws} |");
            all += runs.len();
            all_stopped += stopped;
            all_false += wrong;
        }
    }
    let share = 100.0 * all_false as f64 / all_stopped as f64;
    println!("| all | | {all} | {all_stopped} | {all_false} ({share:.1} % of the stops) | |");
    Ok(())
}
