//! Fits a decaying source with background to simulated counts, with errors in natural units. Its output is
//! checked in `docs/constraints.md`.
//!
//! ```text
//! rate(t) = A exp(-t / tau) + B      A, B: counts/s, tau: s, all positive
//! ```
//!
//! The counts of 200 bins of half a second are Poisson. -ln of the likelihood is a sum over bins; a draw is a
//! batch of 20 of them.
//!
//! `cargo run --release --example decay`

use argmin_arturo::prelude::*;
use argmin_arturo::rand_distr::{Distribution, Poisson};
use argmin_arturo::{Transform, Transformed};
use nalgebra::DMatrix;

const NAMES: [&str; 3] = ["A, counts/s", "tau, s", "B, counts/s"];
const TRUTH: [f64; 3] = [500.0, 12.0, 20.0];
const BINS: usize = 200;
const WIDTH: f64 = 0.5;

struct Decay {
    counts: Vec<f64>,
}

/// The expected count of bin i, and its derivatives.
fn expected(x: &[f64], i: usize) -> (f64, [f64; 3]) {
    let [amplitude, tau, background] = [x[0], x[1], x[2]];
    let t = WIDTH * (i as f64 + 0.5);
    let decay = (-t / tau).exp();
    let derivatives = [decay, amplitude * decay * t / (tau * tau), 1.0];
    (WIDTH * (amplitude * decay + background), derivatives.map(|d| WIDTH * d))
}

impl FiniteSum for Decay {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        BINS
    }

    /// Of expected - count ln(expected).
    fn add_term_gradient(&self, x: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
        let (expected, derivatives) = expected(x, i);
        for (sum, derivative) in sum.iter_mut().zip(derivatives) {
            *sum += (1.0 - self.counts[i] / expected) * derivative;
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let mut rng = Draw::new(1, 0).rng();
    let mut count = |i| Ok::<f64, Error>(Poisson::new(expected(&TRUTH, i).0)?.sample(&mut rng));
    let counts = (0..BINS).map(&mut count).collect::<Result<_, _>>()?;

    let problem = Transformed::new(MiniBatch::new(Decay { counts }, 20)?, vec![Transform::Log; 3])?;
    let start = problem.to_free(&vec![300.0, 5.0, 5.0])?;
    let mut result = Executor::new(problem, Arturo::new())
        .configure(|state| state.param(start).max_iters(5000))
        .run()?;
    let (solution, certificate) = (result.solution()?, result.certify(1000)?);

    // back to natural units
    let problem = result.problem.take_problem().unwrap();
    let solution = problem.original_solution(&solution)?;
    let certificate = problem.original_certificate(&certificate)?;
    println!("{solution}\n");

    // how well the counts determine the parameters: f is a mean over bins
    let covariance = certificate.posterior_covariance(1.0 / BINS as f64)?.unwrap();
    let bound = fisher(&solution.param).try_inverse().unwrap();
    println!("               truth   answer  error of the draws  of the counts  by Fisher");
    for i in 0..3 {
        let [draws, data, fisher] =
            [solution.standard_error[i], covariance[(i, i)].sqrt(), bound[(i, i)].sqrt()];
        let (name, truth, answer) = (NAMES[i], TRUTH[i], solution.param[i]);
        println!("{name:12} {truth:7.2} {answer:8.2} {draws:19.2} {data:14.2} {fisher:10.2}");
    }
    Ok(())
}

/// The Fisher information of the counts at x.
fn fisher(x: &[f64]) -> DMatrix<f64> {
    (0..BINS).fold(DMatrix::zeros(3, 3), |sum, i| {
        let (expected, derivatives) = expected(x, i);
        sum + DMatrix::from_fn(3, 3, |j, k| derivatives[j] * derivatives[k] / expected)
    })
}
