//! Do runs claim an answer, and do their own 95 % intervals hold the minimum then?

use crate::{Exact, Oracle, for_seeds, mean, problem, solver};
use argmin::core::{Error, Executor};
use argmin_arturo::solution::{RunResult, Solution, Verdict};
use argmin_arturo::{Arturo, StochasticGradient, Transform, Transformed};
use suite::Problem;

const DRAWS: u64 = 30_000;

/// What is set beside the default.
enum Setting {
    Nothing,
    /// A bound on the first coordinate, this far below its minimum.
    Bound(f64),
    /// The run moves the logarithms of all coordinates, from 0. An interval of ln x holds that of the
    /// minimum where the mapped one holds the minimum.
    Logarithms,
}

const CASES: [(&str, Setting); 18] = [
    ("quadratic/diagonal/n=10/cond=1e2/noise=1e-1", Setting::Nothing),
    ("quadratic/diagonal/n=10/cond=1e4/noise=1e-1", Setting::Nothing),
    ("quadratic/rotated/n=10/cond=1e2/noise=1e-1", Setting::Nothing),
    ("quadratic/rotated/n=10/cond=1e4/noise=1e-1", Setting::Nothing),
    ("logistic/raw/batch=16", Setting::Nothing),
    ("logistic/raw/batch=128", Setting::Nothing),
    ("logistic/standardized/batch=1", Setting::Nothing),
    ("logistic/standardized/batch=16", Setting::Nothing),
    ("logistic/standardized/batch=128", Setting::Nothing),
    ("ode/lotka_volterra/mixed/times=5", Setting::Nothing),
    ("poisson/ebola/batch=16", Setting::Nothing),
    ("poisson/sunspots/batch=16", Setting::Nothing),
    ("poisson/simulated/batch=16", Setting::Nothing),
    ("vi/logistic/batch=32/samples=1", Setting::Nothing),
    ("vi/logistic/full/samples=8", Setting::Nothing),
    ("vi/schools/noncentered/samples=8", Setting::Nothing),
    ("quadratic/rotated/n=10/cond=1e2/noise=1e-1", Setting::Bound(1.0)),
    ("exponentials/one/batch=8", Setting::Logarithms),
];

/// What came of one run: whether it claims an answer, and errors in units of their standard errors.
struct Run {
    is_claim: bool,
    scores: Vec<f64>,
}

/// The rows of problems whose name begins so.
pub fn print(seeds: u64, prefix: &str) -> Result<(), Error> {
    println!("{DRAWS} draws, {seeds} seeds a problem.\n");
    println!("| problem | claims | covered then | rms z then | covered always |");
    println!("|---|---|---|---|---|");
    for (name, setting) in CASES.into_iter().filter(|(name, _)| name.starts_with(prefix)) {
        let (problem, minimum) = problem(name)?;
        let (minimum, bounds, label) = match setting {
            Setting::Nothing => (minimum, None, ""),
            Setting::Bound(distance) => {
                let mut upper = vec![f64::INFINITY; minimum.len()];
                upper[0] = minimum[0] - distance;
                (bounded_minimum(&*problem, &upper)?, Some(upper), ", bounded")
            }
            Setting::Logarithms => (minimum.iter().map(|x| x.ln()).collect(), None, ", logarithms"),
        };
        let is_log = matches!(setting, Setting::Logarithms);
        let runs = for_seeds(seeds, |seed| {
            let solver = bounded(solver(seed), bounds.as_deref())?;
            let start = match &bounds {
                Some(upper) => clipped(problem.start(), upper),
                None if is_log => vec![0.0; minimum.len()],
                None => problem.start(),
            };
            let solution = if is_log {
                let transforms = vec![Transform::Log; minimum.len()];
                solve(Transformed::new(Oracle(&*problem), transforms)?, solver, start)?
            } else {
                solve(Oracle(&*problem), solver, start)?
            };
            Ok(Run {
                is_claim: solution.verdict != Verdict::StillMoving,
                scores: scores(&solution.param, &solution.standard_error, &minimum),
            })
        })?;
        let claims: Vec<&Run> = runs.iter().filter(|run| run.is_claim).collect();
        let squares = claims.iter().flat_map(|run| &run.scores).map(|z| z * z);
        println!(
            "| {name}{label} | {:.0} % | {} | {:.2} | {} |",
            100.0 * claims.len() as f64 / runs.len() as f64,
            covered(claims.iter().map(|run| &run.scores)),
            mean(squares).0.sqrt(),
            covered(runs.iter().map(|run| &run.scores)),
        );
    }
    Ok(())
}

/// Coverage of the 95 % intervals in percent, from the scores of each run, with the standard error between runs.
pub fn covered<'a>(runs: impl Iterator<Item = &'a Vec<f64>>) -> String {
    let share = |scores: &Vec<f64>| {
        let inside = scores.iter().filter(|z| z.abs() < 1.96).count();
        100.0 * inside as f64 / scores.len() as f64
    };
    let shares: Vec<f64> = runs.map(share).collect();
    let (mean, error) = mean(shares.iter().copied());
    if shares.len() < 2 { "-".into() } else { format!("{mean:.1} +- {error:.1} %") }
}

fn solve<O>(oracle: O, solver: Arturo<f64>, start: Vec<f64>) -> Result<Solution<Vec<f64>>, Error>
where
    O: StochasticGradient<Param = Vec<f64>>,
{
    Executor::new(oracle, solver)
        .configure(|state| state.param(start).max_iters(DRAWS))
        .run()?
        .solution()
}

fn bounded(solver: Arturo<f64>, upper: Option<&[f64]>) -> Result<Arturo<f64>, Error> {
    match upper {
        Some(upper) => solver.with_bounds(vec![f64::NEG_INFINITY; upper.len()], upper.to_vec()),
        None => Ok(solver),
    }
}

fn clipped(x: Vec<f64>, upper: &[f64]) -> Vec<f64> {
    x.into_iter().zip(upper).map(|(x, most)| x.min(*most)).collect()
}

/// The minimum below these bounds, by exact gradients.
fn bounded_minimum(problem: &dyn Problem, upper: &[f64]) -> Result<Vec<f64>, Error> {
    let solution =
        solve(Exact(problem), bounded(solver(0), Some(upper))?, clipped(problem.start(), upper))?;
    Ok(solution.param)
}

/// Of the coordinates that are not held exactly.
pub fn scores(x: &[f64], error: &[f64], minimum: &[f64]) -> Vec<f64> {
    let is_free = |i: &usize| error[*i] > 0.0 || x[*i] != minimum[*i];
    (0..x.len()).filter(is_free).map(|i| (x[i] - minimum[i]) / error[i]).collect()
}
