//! How the statistical limit of a problem is computed.

pub mod curvature;
mod descent;

use curvature::Curvature;
use suite::{Draw, Limit, Problem};

/// The draws that the covariance is estimated by: at least so many, and at most so many where a
/// heavy tail leaves the limit uncertain by more than a part.
const DRAWS: u64 = 5000;
const MOST_DRAWS: u64 = 64 * DRAWS;
const CERTAIN: f64 = 0.02;
/// The part beyond which it says nothing.
const UNCERTAIN: f64 = 0.2;
const SEED: u64 = 0x11;
/// Coordinates beyond which no Hessian is computed.
const LARGEST: usize = 600;
/// Part of the start's gap within which a minimum counts as reached.
const REACHED: f64 = 1e-8;
/// The part of the start's gap that the limit has to exceed, so that rounding does not hide it
/// after 3e5 draws.
const LEAST: f64 = 1e-8;
/// Starts tried, the problem's own first.
const STARTS: u64 = 8;

/// The limit, or why there is none. `known` are minimizers found before, of whatever problems.
pub fn compute(problem: &dyn Problem, known: &[Vec<f64>]) -> Result<Limit, String> {
    if problem.noise_free() {
        return Err("noise-free".into());
    }
    if let Some(reason) = problem.no_limit() {
        return Err(reason.into());
    }
    if problem.start().len() > LARGEST {
        return Err("large".into());
    }
    let minimizer = minimizer(problem, known)?;
    let curvature = Curvature::at(problem, &minimizer).ok_or("flat directions")?;
    let least_eigenvalue = curvature.least_eigenvalue().ok_or("flat directions")?;
    let (one_draw, standard_error) = half_trace(problem, &minimizer, &curvature);
    if one_draw < LEAST * gap(problem, &problem.start()) {
        return Err("limit below rounding".into());
    }
    if standard_error > UNCERTAIN * one_draw {
        return Err("heavy tails".into());
    }
    Ok(Limit { one_draw, standard_error, least_eigenvalue, minimizer })
}

fn gap(problem: &dyn Problem, x: &[f64]) -> f64 {
    problem.cost(x) - problem.minimum()
}

/// Where exact descent attains the minimum that the problem states.
fn minimizer(problem: &dyn Problem, known: &[Vec<f64>]) -> Result<Vec<f64>, String> {
    let start = problem.start();
    let allowed = REACHED * gap(problem, &start);
    let attains = |x: &[f64]| gap(problem, x).abs() <= allowed;
    let known = known.iter().filter(|x| x.len() == start.len() && attains(x));
    let jittered = (0..STARTS).map(|k| jitter(&start, k));
    let mut ended_elsewhere = false;
    for from in known.cloned().chain(jittered) {
        let end = descent::minimize(problem, &from);
        if attains(&end.x) {
            return Ok(end.x);
        }
        ended_elsewhere |= end.stationary;
    }
    Err(if ended_elsewhere { "several minima" } else { "minimum not reached" }.into())
}

/// The start itself for k = 0, and farther from it with k.
fn jitter(start: &[f64], k: u64) -> Vec<f64> {
    use rand::Rng;
    let mut rng = Draw::new(SEED, k).rng();
    let size = 0.05 * k as f64;
    let move_one = |x: &f64| x + size * curvature::unit(*x) * rng.random_range(-1.0..=1.0);
    start.iter().map(move_one).collect()
}

/// `tr(H^-1 S) / 2` with the covariance S of drawn gradients, and its standard error.
fn half_trace(problem: &dyn Problem, x: &[f64], curvature: &Curvature) -> (f64, f64) {
    let mut mean = vec![0.0; x.len()];
    problem.gradient(x, &mut mean);
    let mut g = vec![0.0; x.len()];
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut index = 0;
    loop {
        problem.stochastic_gradient(x, Draw::new(SEED, index), &mut g);
        let noise: Vec<f64> = g.iter().zip(&mean).map(|(g, mean)| g - mean).collect();
        let step = curvature.solve(&noise);
        let half = 0.5 * noise.iter().zip(&step).map(|(e, s)| e * s).sum::<f64>();
        sum += half;
        squares += half * half;
        index += 1;
        if index % DRAWS == 0 {
            let count = index as f64;
            let average = sum / count;
            let error = ((squares / count - average * average) / (count - 1.0)).sqrt();
            if error <= CERTAIN * average || index >= MOST_DRAWS {
                return (average, error);
            }
        }
    }
}
