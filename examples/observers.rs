//! Watches fits of the flow of the Nile: a progress bar, a log, numbers, pictures and a report.
//!
//! `cargo run --release --example observers --features progress,plot` (with `png` too it draws
//! `observers.png`)
//!
//! Standard error shows the progress: a bar in a terminal, lines elsewhere. `observers.log` is the
//! log of argmin's slog observer, `observers.csv` what arTuRO reported, `observers.svg` a picture of
//! it beside Adam, and `observers.html` a report with the answer and its errors that needs no other
//! file. The log has `cost: NaN, best_cost: inf`, because one drawn cost is comparable with no other;
//! `with_filtered_cost` would keep one.
//!
//! Data: yearly flow at Aswan in 10^8 cubic metres, from statsmodels (public domain).

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, IterState, OptimizationResult, Solver, State};
use argmin_arturo::Arturo;
use argmin_arturo::baseline::Adam;
use argmin_arturo::observer::{History, Plot, Progress, Report, Table};
use argmin_arturo::oracle::{FiniteSum, MiniBatch};
use argmin_arturo::solution::RunResult;
use argmin_observer_slog::SlogLogger;
use serde::Deserialize;

const YEARS_PER_DRAW: usize = 5;
const DRAWS: u64 = 20_000;
const START: [f64; 2] = [1500.0, 500.0];
/// For Adam; mu has to go 600 units of x, ln sigma one.
const LEARNING_RATE: f64 = 0.02;

#[derive(Deserialize)]
struct Year {
    volume: f64,
}

/// The negative log-likelihood of a normal distribution, one term a year; x is mu and ln sigma.
struct Nile(Vec<f64>);

impl Nile {
    fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/nile.csv")[..]);
        let years = reader.deserialize().collect::<Result<Vec<Year>, _>>()?;
        Ok(Self(years.iter().map(|year| year.volume).collect()))
    }

    /// The optimum: mean and standard deviation.
    fn moments(&self) -> [f64; 2] {
        let n = self.0.len() as f64;
        let mean = self.0.iter().sum::<f64>() / n;
        [mean, (self.0.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt()]
    }
}

impl FiniteSum for Nile {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        self.0.len()
    }

    fn add_term_gradient(
        &self,
        x: &Vec<f64>,
        year: usize,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let sigma = x[1].exp();
        let deviation = (x[0] - self.0[year]) / sigma;
        sum[0] += deviation / sigma;
        sum[1] += 1.0 - deviation * deviation;
        Ok(())
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

type Watched<S> = (OptimizationResult<MiniBatch<Nile>, S, Run>, Table);

/// Runs a solver with observers. Returns how it ended, and what was observed.
fn watched<S: Solver<MiniBatch<Nile>, Run>>(solver: S) -> Result<Watched<S>, Error> {
    let history = History::new();
    let oracle = MiniBatch::new(Nile::load()?, YEARS_PER_DRAW)?.without_replacement();
    let result = Executor::new(oracle, solver)
        .configure(|state: Run| state.param(vec![START[0], START[1].ln()]).max_iters(DRAWS))
        .add_observer(Progress::new(), ObserverMode::Always)
        .add_observer(history.clone(), ObserverMode::Always)
        // a file, because lines in between would tear the progress bar
        .add_observer(SlogLogger::file("observers.log", true)?, ObserverMode::Every(2000))
        .run()?;
    Ok((result, history.table()))
}

/// mu and sigma.
fn answer(state: &Run) -> [f64; 2] {
    let x = state.get_best_param().expect("a run has a best point");
    [x[0], x[1].exp()]
}

fn main() -> Result<(), Error> {
    let (adam, adam_table) = watched(Adam::new(LEARNING_RATE)?)?;
    let (arturo, arturo_table) = watched(Arturo::new())?;
    let solution = arturo.solution()?;
    let [adam, arturo] = [answer(adam.state()), answer(arturo.state())];
    let optimum = Nile::load()?.moments();

    let unit = "10^8 m^3 a year";
    let head = ["", "start", "Adam", "arTuRO", "optimum", "unit"];
    let rows = [("mean", 0), ("standard deviation", 1)].map(|(name, k)| {
        let values = [START[k], adam[k], arturo[k], optimum[k]].map(|value| format!("{value:.2}"));
        let [start, adam, arturo, optimum] = values;
        [name.to_string(), start, adam, arturo, optimum, unit.to_string()]
    });
    for row in std::iter::once(head.map(String::from)).chain(rows.clone()) {
        let [name, start, adam, arturo, optimum, unit] = row;
        println!("{name:19} {start:>8} {adam:>8} {arturo:>8} {optimum:>8}  {unit}");
    }

    println!("arTuRO's verdict: {}", solution.verdict);

    arturo_table.save_csv("observers.csv")?;
    let plot = Plot::new()
        .with_title("Flow of the Nile, from five years a draw")
        .with_run("arTuRO", arturo_table)
        .with_run(format!("Adam, learning rate {LEARNING_RATE}"), adam_table);
    plot.save("observers.svg")?;
    #[cfg(feature = "png")]
    plot.save("observers.png")?;
    Report::new("Flow of the Nile, 1871 to 1970")
        .with_setting("years per draw", YEARS_PER_DRAW)
        .with_setting("draws", DRAWS)
        .with_setting("Adam's learning rate", LEARNING_RATE)
        .with_table("Estimates", head, rows)
        .with_solution(&solution, &["mean, 10^8 m^3 a year", "ln(standard deviation)"])?
        .with_plot(plot)
        .save("observers.html")?;
    println!("see observers.log, observers.csv, observers.svg and observers.html");
    Ok(())
}
