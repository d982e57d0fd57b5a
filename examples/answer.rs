//! How good is the answer? The program of `docs/answer.md`, whose output is checked there.
//!
//! `cargo run --release --example answer`

use argmin::core::Gradient;
use argmin_arturo::oracle::GaussianNoise;
use argmin_arturo::prelude::*;
use argmin_arturo::solution::Tolerance;

struct Bowl;

impl Gradient for Bowl {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(vec![x[0] - 1.0, 10.0 * (x[1] - 2.0), 100.0 * (x[2] - 3.0)])
    }
}

fn main() -> Result<(), Error> {
    // stops once the standard errors are 0.2 % of x, and never on one lucky draw
    let solver = Arturo::new().with_tolerance(Tolerance::RelativeError(0.002))?;
    let mut result = Executor::new(GaussianNoise::new(Bowl, 1.0)?, solver)
        .configure(|state| state.param(vec![0.0; 3]).max_iters(100_000))
        .run()?;
    println!("{}", result.solution()?);

    // fresh draws: one Newton step with a measured Hessian, and errors for correlated parameters
    println!("{}", result.certify(1000)?);
    Ok(())
}
