//! Fits the Lotka-Volterra equations to hare and lynx with a simulator that knows no gradient.
//!
//! ```text
//! dH/dt = (alpha - beta L) H      H: hare, L: lynx, in thousand pelts
//! dL/dt = (delta H - gamma) L     t: years since 1900
//! ```
//!
//! Four rates and two initial
//! values, as logarithms, minimize the sum over 1900-1920 of the squared differences of the
//! logarithms of both series. A draw returns only the cost of ten random years; SPSA makes a
//! gradient of two such costs, at the same draw.
//!
//! `cargo run --release --example black_box` (with `--features plot` it draws `black_box.svg`)
//!
//! Data: Hewitt (1921) and Howard (2009), from stan-dev/posteriordb (BSD-3).

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, State};
use argmin_arturo::observer::History;
use argmin_arturo::oracle::{Spsa, StochasticCost};
use argmin_arturo::rand::Rng;
use argmin_arturo::{Arturo, Draw};
use serde::Deserialize;

const PARAMETERS: [(&str, &str); 6] = [
    ("alpha", "1/year"),
    ("beta", "1/(year thousand pelts)"),
    ("gamma", "1/year"),
    ("delta", "1/(year thousand pelts)"),
    ("H(1900)", "thousand pelts"),
    ("L(1900)", "thousand pelts"),
];
/// The optimum, computed independently by Gauss-Newton with DOP853 at tolerance 1e-12.
const OPTIMUM: [f64; 6] = [0.540159, 0.0271654, 0.796386, 0.0236946, 34.6024, 5.84451];
const OPTIMAL_LOSS: f64 = 2.018661155194917;
/// The start over the optimum: each parameter 30 % off.
const START_FACTORS: [f64; 6] = [1.3, 0.7, 0.7, 1.3, 1.3, 0.7];
const YEARS_PER_DRAW: usize = 10;
const DRAWS: u64 = 50_000;
/// Runge-Kutta steps a year.
const STEPS: usize = 20;

#[derive(Deserialize)]
struct Pelts {
    hare: f64,
    lynx: f64,
}

/// The fit.
struct LynxHare {
    /// Logarithms of both series.
    observed: Vec<[f64; 2]>,
}

/// ln H and ln L a year later, by the classical Runge-Kutta method.
fn year_ahead([alpha, beta, gamma, delta]: [f64; 4], mut y: [f64; 2]) -> [f64; 2] {
    let rate = |[hare, lynx]: [f64; 2]| [alpha - beta * lynx.exp(), delta * hare.exp() - gamma];
    let plus = |y: [f64; 2], dy: [f64; 2], time: f64| [y[0] + time * dy[0], y[1] + time * dy[1]];
    let h = 1.0 / STEPS as f64;
    for _ in 0..STEPS {
        let a = rate(y);
        let b = rate(plus(y, a, 0.5 * h));
        let c = rate(plus(y, b, 0.5 * h));
        let d = rate(plus(y, c, h));
        y = plus(plus(plus(plus(y, a, h / 6.0), b, h / 3.0), c, h / 3.0), d, h / 6.0);
    }
    y
}

impl LynxHare {
    fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/lynx_hare.csv")[..]);
        let pelts = reader.deserialize().collect::<Result<Vec<Pelts>, _>>()?;
        Ok(Self { observed: pelts.iter().map(|row| [row.hare.ln(), row.lynx.ln()]).collect() })
    }

    /// The squared residual of each year.
    fn squares(&self, x: &[f64]) -> Vec<f64> {
        let rates = std::array::from_fn(|k| x[k].exp());
        let mut y = [x[4], x[5]];
        let mut squares = Vec::with_capacity(self.observed.len());
        for observed in &self.observed {
            squares.push((y[0] - observed[0]).powi(2) + (y[1] - observed[1]).powi(2));
            y = year_ahead(rates, y);
        }
        squares
    }
}

impl StochasticCost for LynxHare {
    type Param = Vec<f64>;

    /// The mean over some years.
    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        let squares = self.squares(x);
        let mut rng = draw.rng();
        let drawn = (0..YEARS_PER_DRAW).map(|_| squares[rng.random_range(0..squares.len())]);
        Ok(drawn.sum::<f64>() / YEARS_PER_DRAW as f64)
    }
}

fn main() -> Result<(), Error> {
    let problem = LynxHare::load()?;
    println!("Lotka-Volterra fit to the hare and lynx pelts of 1900-1920, from costs alone");
    println!("{DRAWS} gradients of two costs, each of {YEARS_PER_DRAW} random years\n");
    let start: Vec<f64> = (0..6).map(|k| (OPTIMUM[k] * START_FACTORS[k]).ln()).collect();
    let history = History::new();
    let result = Executor::new(Spsa::new(LynxHare::load()?), Arturo::new())
        .configure(|state| state.param(start.clone()).max_iters(DRAWS))
        .add_observer(history.clone(), ObserverMode::Always)
        .run()?;
    let x = result.state().get_best_param().expect("a run has a best point");

    println!("{:9} {:>9} {:>9} {:>9}", "", "start", "arTuRO", "optimum");
    for (k, (name, unit)) in PARAMETERS.iter().enumerate() {
        let [start, fit, optimum] = [start[k].exp(), x[k].exp(), OPTIMUM[k]];
        println!("{name:9} {start:9.5} {fit:9.5} {optimum:9.5}  {unit}");
    }
    let loss = |x: &[f64]| problem.squares(x).iter().sum::<f64>();
    let [begin, end] = [loss(&start), loss(x)];
    let unit = "sum of (difference of logs)^2, all years";
    println!("{:9} {begin:9.5} {end:9.5} {OPTIMAL_LOSS:9.5}  {unit}", "loss");
    println!("\n{:.2} % above the optimum", 100.0 * (end / OPTIMAL_LOSS - 1.0));
    #[cfg(feature = "plot")]
    argmin_arturo::observer::Plot::new()
        .with_title("Hare and lynx, from costs alone")
        .with_run("arTuRO on SPSA", history.table())
        .save("black_box.svg")?;
    Ok(())
}
