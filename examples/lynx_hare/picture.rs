//! The pelts seen, and what the process forecasts of each year.

use crate::process::{Forecasts, simulate};
use argmin::core::Error;
use argmin_arturo::Draw;
use argmin_arturo::observer::{Plot, Table};
use argmin_arturo::rand_distr::{Distribution, StandardNormal};

/// Simulations a year.
const SIMULATIONS: usize = 2000;

/// Draws the data, and the middle 80 % of the forecasts at `x`.
pub fn draw(problem: &Forecasts, x: &[f64]) -> Result<(), Error> {
    let mut rng = Draw::new(0, 0).rng();
    let mut quantiles = [Vec::new(), Vec::new(), Vec::new()];
    for before in &problem.observed[..problem.observed.len() - 1] {
        let mut simulations = [Vec::new(), Vec::new()];
        for _ in 0..SIMULATIONS {
            let ends = simulate(x, *before, || StandardNormal.sample(&mut rng));
            simulations.iter_mut().zip(ends).for_each(|(all, end)| all.push(end[0]));
        }
        simulations.iter_mut().for_each(|all| all.sort_unstable_by(f64::total_cmp));
        for (rows, share) in quantiles.iter_mut().zip([0.1, 0.5, 0.9]) {
            let place = (share * SIMULATIONS as f64) as usize;
            rows.push([simulations[0][place], simulations[1][place]]);
        }
    }
    let table = |first: u32, rows: &[[f64; 2]]| Table {
        iterations: (0..rows.len() as u64).map(|row| u64::from(first) + row).collect(),
        columns: [("hare", 0), ("lynx", 1)]
            .map(|(name, species)| {
                (name.into(), rows.iter().map(|logarithms| logarithms[species].exp()).collect())
            })
            .into(),
        ..Table::default()
    };
    let [low, median, high] = quantiles.map(|rows| table(problem.first_year + 1, &rows));
    Plot::empty()
        .with_title("Hare and lynx pelts, and their forecasts from the year before")
        .with_panel("hare, thousand pelts", ["hare"])
        .with_panel("lynx, thousand pelts", ["lynx"])
        .with_x_label("year")
        .with_band("forecast, middle 80 %", low, high)
        .with_run("forecast, median", median)
        .with_points("pelts", table(problem.first_year, &problem.observed))
        .save("lynx_hare.svg")
}
