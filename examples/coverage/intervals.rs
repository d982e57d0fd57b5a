//! Do 95 % intervals hold the minimum 95 % of the time?

use crate::{Oracle, for_seeds, mean, problem, solver};
use argmin::core::{Error, Executor};
use argmin_arturo::solution::{Certification, RunResult, Verdict};
use suite::Problem;

/// A problem, the draws of the run and of the certified mean, and the draws of its Hessian.
const CASES: [(&str, u64, u64); 9] = [
    ("quadratic/diagonal/n=10/cond=1e2/noise=1e-1", 2000, 10),
    ("quadratic/diagonal/n=10/cond=1e2/noise=t3:1e-1", 2000, 10),
    ("quadratic/rotated/n=10/cond=1e2/noise=1e-1", 2000, 10),
    ("quadratic/rotated/n=10/cond=1e2/noise=1e-1", 20000, 10),
    ("quadratic/rotated/n=10/cond=1e4/noise=1e-1", 20000, 10),
    ("quadratic/rotated/n=100/cond=1e2/noise=1e-1", 5000, 2),
    ("logistic/standardized/batch=128", 5000, 200),
    ("logistic/standardized/batch=16", 5000, 1000),
    ("ode/lotka_volterra/mixed/times=5", 5000, 200),
];

/// What came of one run.
struct Run {
    is_noise_limited: bool,
    /// Errors in units of their standard errors.
    scores: Vec<f64>,
    gap: f64,
    predicted_gain: f64,
    is_below_bound: bool,
    certified: Option<Vec<f64>>,
    certified_gap: f64,
}

pub fn print(seeds: u64) -> Result<(), Error> {
    println!("Per problem: the errors of the run itself, then those of a certificate.\n");
    println!(
        "| problem | draws | noise-limited | covered then | covered always | rms z | gap | \
         predicted | below bound | certified: covered | rms z | gap |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (name, draws, hessian_draws) in CASES {
        let (problem, minimum) = problem(name)?;
        let runs = for_seeds(seeds, |seed| run(&*problem, &minimum, seed, draws, hessian_draws))?;
        let limited: Vec<&Run> = runs.iter().filter(|run| run.is_noise_limited).collect();
        let percent = |part: usize, all: usize| 100.0 * part as f64 / all as f64;
        let then = coverage(limited.iter().map(|run| &run.scores));
        let always = coverage(runs.iter().map(|run| &run.scores));
        let certified = coverage(runs.iter().filter_map(|run| run.certified.as_ref()));
        println!(
            "| {name} | {draws} | {:.0} % | {} | {} | {:.2} | {:.2e} | {:.2e} | {:.0} % | {} | \
             {:.2} | {:.2e} |",
            percent(limited.len(), runs.len()),
            share(then.0),
            share(always.0),
            always.1,
            mean(runs.iter().map(|run| run.gap)).0,
            mean(runs.iter().map(|run| run.predicted_gain)).0,
            percent(runs.iter().filter(|run| run.is_below_bound).count(), runs.len()),
            share(certified.0),
            certified.1,
            mean(runs.iter().map(|run| run.certified_gap)).0,
        );
    }
    Ok(())
}

fn run(
    problem: &dyn Problem,
    minimum: &[f64],
    seed: u64,
    draws: u64,
    hessian_draws: u64,
) -> Result<Run, Error> {
    let least = problem.cost(minimum);
    let mut result = Executor::new(Oracle(problem), solver(seed))
        .configure(|state| state.param(problem.start()).max_iters(draws))
        .run()?;
    let solution = result.solution()?;
    let certification = Certification::new(draws)?.with_hessian_draws(hessian_draws)?;
    let mut certificate = result.certify_with(&certification)?;
    if certificate.verdict == Verdict::StillMoving {
        let from = certificate.param.clone();
        certificate = certification.at(&mut result.problem, &from, seed + 1_000_000)?;
    }
    let gap = problem.cost(&solution.param) - least;
    Ok(Run {
        is_noise_limited: matches!(solution.verdict, Verdict::NoiseLimited { .. }),
        scores: scores(&solution.param, &solution.standard_error, minimum),
        gap,
        predicted_gain: solution.predicted_gain,
        is_below_bound: gap <= solution.predicted_gain_bound,
        certified: certificate.standard_error().map(|e| scores(&certificate.param, &e, minimum)),
        certified_gap: problem.cost(&certificate.param) - least,
    })
}

fn scores(x: &[f64], error: &[f64], minimum: &[f64]) -> Vec<f64> {
    (0..x.len()).map(|i| (x[i] - minimum[i]) / error[i]).collect()
}

/// Coverage of the 95 % intervals in percent, and the root mean square of the scores.
fn coverage<'a>(scores: impl Iterator<Item = &'a Vec<f64>>) -> (f64, f64) {
    let all: Vec<f64> = scores.flatten().copied().collect();
    let count = all.len() as f64;
    let covered = all.iter().filter(|z| z.abs() < 1.96).count() as f64;
    (100.0 * covered / count, (all.iter().map(|z| z * z).sum::<f64>() / count).sqrt())
}

/// A percentage, or a dash where there is nothing to take it of.
fn share(percent: f64) -> String {
    if percent.is_nan() { "-".into() } else { format!("{percent:.1} %") }
}
