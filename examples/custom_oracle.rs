//! Your own oracle: the flow of the Nile as a normal distribution, from five years a draw.
//!
//! A flow y has the negative logarithm of the likelihood `(y - mu)^2 / (2 sigma^2) + ln sigma`. Its
//! mean over the years 1871-1970 is minimal at their mean and standard deviation, which everybody
//! can check. An oracle is one function: it writes a gradient, and takes all randomness from the
//! draw.
//!
//! `cargo run --release --example custom_oracle` (with `--features plot` it draws
//! `custom_oracle.svg`)
//!
//! Data: yearly flow at Aswan in 10^8 cubic metres, from statsmodels (public domain).

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor};
use argmin_arturo::observer::History;
use argmin_arturo::rand::Rng;
use argmin_arturo::solution::RunResult;
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use serde::Deserialize;

const YEARS_PER_DRAW: usize = 5;
const DRAWS: u64 = 20_000;
const START: [f64; 2] = [1500.0, 500.0];

#[derive(Deserialize)]
struct Year {
    volume: f64,
}

struct Nile {
    flows: Vec<f64>,
}

impl Nile {
    fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/nile.csv")[..]);
        let years = reader.deserialize().collect::<Result<Vec<Year>, _>>()?;
        Ok(Self { flows: years.iter().map(|year| year.volume).collect() })
    }

    /// Mean and standard deviation.
    fn moments(&self) -> [f64; 2] {
        let n = self.flows.len() as f64;
        let mean = self.flows.iter().sum::<f64>() / n;
        let squares: f64 = self.flows.iter().map(|y| (y - mean).powi(2)).sum();
        [mean, (squares / n).sqrt()]
    }
}

impl StochasticGradient for Nile {
    /// mu and ln sigma: a logarithm, because sigma is positive.
    type Param = Vec<f64>;

    fn stochastic_gradient(
        &self,
        x: &Vec<f64>,
        draw: Draw,
        gradient: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let (mu, sigma) = (x[0], x[1].exp());
        // the same draw gives the same years, at this point and at any other
        let mut rng = draw.rng();
        gradient.fill(0.0);
        for _ in 0..YEARS_PER_DRAW {
            let y = self.flows[rng.random_range(0..self.flows.len())];
            let deviation = (mu - y) / sigma;
            // the mean over the batch, never the sum
            gradient[0] += deviation / sigma / YEARS_PER_DRAW as f64;
            gradient[1] += (1.0 - deviation * deviation) / YEARS_PER_DRAW as f64;
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let nile = Nile::load()?;
    let [mean, deviation] = nile.moments();
    let year_count = nile.flows.len();
    println!("Flow of the Nile in {year_count} years, from {YEARS_PER_DRAW} random ones a draw\n");
    let history = History::new();
    let result = Executor::new(nile, Arturo::new())
        .configure(|state| state.param(vec![START[0], START[1].ln()]).max_iters(DRAWS))
        .add_observer(history.clone(), ObserverMode::Always)
        .run()?;
    let solution = result.solution()?;
    let (x, error) = (&solution.param, &solution.standard_error);

    println!("{:19} {:>7} {:>16} {:>9}", "", "start", "arTuRO, error", "exact");
    // an error of a logarithm is a relative one
    let rows = [
        ("mean", START[0], x[0], error[0], mean),
        ("standard deviation", START[1], x[1].exp(), error[1] * x[1].exp(), deviation),
    ];
    for (name, start, x, error, exact) in rows {
        println!("{name:19} {start:7.0} {x:8.2} +- {error:4.2} {exact:9.2}  10^8 m^3 a year");
    }
    println!("\n{DRAWS} draws; verdict: {}", solution.verdict);
    #[cfg(feature = "plot")]
    argmin_arturo::observer::Plot::new()
        .with_title("Flow of the Nile, from five years a draw")
        .with_run("arTuRO", history.table())
        .save("custom_oracle.svg")?;
    Ok(())
}
