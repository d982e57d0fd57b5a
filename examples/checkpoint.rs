//! Stops and resumes a fit of the flow of the Nile.
//!
//! Each start of the program goes on where the last one stopped, by the budget, by Ctrl-C, or by a
//! crash, and says how much is done:
//!
//! ```sh
//! cargo run --release --example checkpoint --features serde1,ctrlc -- 3000000   # press Ctrl-C
//! cargo run --release --example checkpoint --features serde1,ctrlc -- 3000000   # goes on
//! cargo run --release --example checkpoint --features serde1,ctrlc -- 4000000   # goes further
//! ```
//!
//! Without a number it does all that by itself, and compares with a run that was never stopped
//! (with `--features serde1,plot` it draws `checkpoint.svg`).
//!
//! Data: yearly flow at Aswan in 10^8 cubic metres, from statsmodels (public domain).

use argmin::core::checkpointing::CheckpointingFrequency;
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, IterState, State};
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::observer::History;
#[cfg(feature = "plot")]
use argmin_arturo::observer::Plot;
use argmin_arturo::oracle::{FiniteSum, MiniBatch};
use argmin_arturo::{Arturo, Telemetry};
use serde::Deserialize;

const FILE: &str = "nile.checkpoint";

#[derive(Deserialize)]
struct Year {
    volume: f64,
}

/// The negative log-likelihood of a normal distribution, one term a year; x is mu and ln sigma.
struct Nile(Vec<f64>);

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

/// A run of so many draws.
fn executor(
    draws: u64,
    telemetry: Telemetry,
) -> Result<Executor<MiniBatch<Nile>, Arturo<f64>, Run>, Error> {
    let mut reader = csv::Reader::from_reader(&include_bytes!("data/nile.csv")[..]);
    let years = reader.deserialize().collect::<Result<Vec<Year>, _>>()?;
    let nile = Nile(years.iter().map(|year| year.volume).collect());
    let oracle = MiniBatch::new(nile, 5)?.without_replacement();
    let solver = Arturo::new().with_telemetry(telemetry)?;
    Ok(Executor::new(oracle, solver)
        .configure(|state| state.param(vec![1500.0, 500f64.ln()]).max_iters(draws)))
}

/// Prints where a run stands, and returns its recommended point.
fn show(what: &str, state: &Run) -> Vec<f64> {
    let x = state.get_best_param().expect("a run has a best point").clone();
    let (draws, reason) = (state.get_iter(), state.get_termination_status());
    let (mu, sigma) = (x[0], x[1].exp());
    println!("{what:14} {draws:8} {mu:12.4} {sigma:14.4}  {reason}");
    x
}

fn main() -> Result<(), Error> {
    println!("Flow of the Nile, 1871-1970, in 10^8 m^3 a year\n");
    println!("{:14} {:>8} {:>12} {:>14}  ended by", "", "draws", "mean", "std. deviation");
    let checkpoint =
        AtomicCheckpoint::new(FILE).with_frequency(CheckpointingFrequency::Every(10_000))?;
    if let Some(draws) = std::env::args().nth(1) {
        let result = checkpoint.run(executor(draws.parse()?, Telemetry::Never)?)?;
        show("so far", result.state());
        println!("delete {FILE} to begin anew");
        return Ok(());
    }
    let directory = std::env::temp_dir().join(format!("arturo-nile-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let checkpoint = AtomicCheckpoint::new(directory.join(FILE));
    let checkpoint = checkpoint.with_frequency(CheckpointingFrequency::Every(10_000))?;
    let histories = [History::new(), History::new()];
    let part = |what, draws, history: &History| -> Result<Vec<f64>, Error> {
        let executor = executor(draws, Telemetry::Every(1))?;
        let watched = executor.add_observer(history.clone(), ObserverMode::Always);
        Ok(show(what, checkpoint.run(watched)?.state()))
    };
    part("first part", 25_000, &histories[0])?;
    let resumed = part("resumed", 60_000, &histories[1])?;
    let whole = show("never stopped", executor(60_000, Telemetry::Every(1))?.run()?.state());
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&resumed), bits(&whole));
    println!("\nthe last two agree to the last bit");
    #[cfg(feature = "plot")]
    Plot::empty()
        .with_title("Flow of the Nile: a fit that was stopped and went on")
        .with_panel("norm of the drawn gradient, f/x", ["gradient_norm"])
        .with_panel("noise of a drawn gradient (norm), f/x", ["noise_level"])
        .with_run("before the stop", histories[0].table())
        .with_run("resumed", histories[1].table())
        .save("checkpoint.svg")?;
    Ok(std::fs::remove_dir_all(directory)?)
}
