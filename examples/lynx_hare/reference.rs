//! The minimum, from a run a hundred times as long: `data/lynx_hare_reference.json`.

use crate::process::Forecasts;
use argmin::core::{Error, Executor};
use argmin_arturo::solution::Certification;
use argmin_arturo::{Arturo, Telemetry};
use serde::{Deserialize, Serialize};

const SEED: u64 = 1900;
const DRAWS: u64 = 1_000_000;
const FRESH_DRAWS: u64 = 2_000_000;
const HESSIAN_DRAWS: u64 = 50_000;

/// Where the expected score is least, and how it rises about it.
#[derive(Deserialize, Serialize)]
pub struct Reference {
    made_by: String,
    /// In logarithms, as x.
    pub param: Vec<f64>,
    standard_error: Vec<f64>,
    hessian: Vec<Vec<f64>>,
}

impl Reference {
    pub fn load() -> Result<Self, Error> {
        Ok(serde_json::from_str(include_str!("../data/lynx_hare_reference.json"))?)
    }

    /// The expected score at x above its minimum, to second order.
    pub fn excess(&self, x: &[f64]) -> f64 {
        let d: Vec<f64> = x.iter().zip(&self.param).map(|(x, best)| x - best).collect();
        let rows = self.hessian.iter().zip(&d);
        rows.map(|(row, di)| di * row.iter().zip(&d).map(|(h, dj)| h * dj).sum::<f64>())
            .sum::<f64>()
            / 2.0
    }

    /// Makes it: a run, and a Newton step with fresh draws.
    pub fn make(problem: Forecasts, start: &[f64]) -> Result<Self, Error> {
        let solver = Arturo::new().with_seed(SEED).with_telemetry(Telemetry::Never)?;
        let mut result = Executor::new(problem, solver)
            .configure(|state| state.param(start.to_vec()).max_iters(DRAWS))
            .run()?;
        let certification = Certification::new(FRESH_DRAWS)?.with_hessian_draws(HESSIAN_DRAWS)?;
        let answer = result.solver.certify(&mut result.problem, &result.state, &certification)?;
        let standard_error = answer.standard_error().ok_or(Error::msg("no minimum"))?;
        let rows = answer.hessian.row_iter();
        Ok(Self {
            made_by: format!(
                "lynx_hare --reference: {DRAWS} draws, a Newton step by {FRESH_DRAWS} fresh ones, a \
                 Hessian of {HESSIAN_DRAWS}"
            ),
            param: answer.param.clone(),
            standard_error,
            hessian: rows.map(|row| row.iter().copied().collect()).collect(),
        })
    }
}
