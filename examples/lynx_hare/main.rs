//! Fits a predator-prey process in random weather to the pelts of the Hudson's Bay Company.
//!
//! ```text
//! d ln H = (alpha - beta L) dt + sigma_H dW       H: hare, L: lynx, in thousand pelts
//! d ln L = (delta H - gamma) dt + sigma_L dW'     W, W': independent Wiener processes, t in years
//! ```
//!
//! The process has no likelihood in closed form, but it can be simulated. Each year's pelts are
//! forecast from those of the year before, and the logarithms of the six parameters minimize the
//! expected energy score of the forecasts (Gneiting and Raftery 2007),
//!
//! ```text
//! f = mean over 1901-1920 of  E|X - y| - 1/2 E|X - X'|        y: ln of the pelts seen
//! ```
//!
//! over independent forecasts X, X'. Only a simulation of f can be seen: a draw simulates two
//! forecasts a year, and differentiates its score along the paths. Beside arTuRO run Adam, with ten
//! settings, and argmin's L-BFGS on fixed draws, with three sizes of the sample.
//!
//! `cargo run --release --example lynx_hare` (with `--features plot` it draws `lynx_hare.svg`).
//! `-- --reference` makes `data/lynx_hare_reference.json`, in minutes.
//!
//! Data: Hewitt (1921) and Howard (2009), from stan-dev/posteriordb (BSD-3).

#[cfg(feature = "plot")]
mod picture;
mod process;
mod reference;
mod rivals;

use argmin::core::{Error, Executor};
use argmin_arturo::Arturo;
use argmin_arturo::solution::RunResult;
use process::{Forecasts, PARAMETERS};
use reference::Reference;
use rivals::{DRAWS, SEEDS};

/// A cycle of ten years about the mean pelts, 34 of hare and 20 of lynx.
const START: [f64; 6] = [0.63, 0.63 / 20.0, 0.63, 0.63 / 34.0, 0.3, 0.3];

fn main() -> Result<(), Error> {
    let problem = Forecasts::load()?;
    let start = START.map(f64::ln).to_vec();
    if std::env::args().any(|argument| argument == "--reference") {
        println!("{}", serde_json::to_string_pretty(&Reference::make(problem, &start)?)?);
        return Ok(());
    }
    let reference = Reference::load()?;
    let result = Executor::new(problem.clone(), Arturo::new())
        .configure(|state| state.param(start.clone()).max_iters(DRAWS))
        .run()?;
    let solution = result.solution()?;

    let last = problem.first_year + problem.observed.len() as u32 - 1;
    println!("Hare and lynx, {}-{last}: {DRAWS} gradients by simulation\n", problem.first_year);
    println!("{:8} {:>8} {:>20} {:>10}", "", "start", "arTuRO, std. error", "reference");
    let mut squares = 0.0;
    for (k, (name, unit)) in PARAMETERS.iter().enumerate() {
        let (x, error) = (solution.param[k], solution.standard_error[k]);
        squares += ((x - reference.param[k]) / error).powi(2);
        let [x, reference] = [x, reference.param[k]].map(f64::exp);
        // an error of a logarithm is a relative one
        let error = error * x;
        println!("{name:8} {:8.5} {x:9.5} +- {error:7.5} {reference:10.5}  {unit}", START[k]);
    }
    let root_mean_square = (squares / PARAMETERS.len() as f64).sqrt();
    println!("\nroot mean square of error over standard error: {root_mean_square:.1}");
    println!("verdict: {}\n", solution.verdict);

    println!("{:37} {:>8} {:>7}", format!("excess of f, mean of {SEEDS} seeds"), "", "ratio");
    rivals::print(&rivals::run_all(&problem, &start, &reference)?);
    println!("\nWhere gradients are exact L-BFGS is the better tool: see the example `logistic`.");
    #[cfg(feature = "plot")]
    picture::draw(&problem, &solution.param)?;
    Ok(())
}
