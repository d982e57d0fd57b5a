//! Fits the Lotka-Volterra equations to the hare and lynx pelts of the Hudson's Bay Company.
//!
//! ```text
//! dH/dt = (alpha - beta L) H      H: hare, L: lynx, in thousand pelts
//! dL/dt = (delta H - gamma) L     t: years since 1900
//! ```
//!
//! Four rates and two initial values, as logarithms, minimize the mean over the years 1900-1920 of
//! the squared differences of the logarithms of both series. arTuRO sees only gradients from ten
//! random years at a time; argmin's L-BFGS gets the exact cost and gradient of all years.
//!
//! `cargo run --release --example lynx_hare` (with `--features plot` it draws `lynx_hare.svg`)
//!
//! Data: Hewitt (1921) and Howard (2009), from stan-dev/posteriordb (BSD-3).

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::BacktrackingLineSearch;
use argmin::solver::linesearch::condition::ArmijoCondition;
use argmin::solver::quasinewton::LBFGS;
use argmin_arturo::oracle::{Batch, FiniteSum, MiniBatch};
use argmin_arturo::{Arturo, Telemetry};
use nalgebra::SVector;
use ode_solvers::{Dop853, OutputType, System};
use serde::Deserialize;
use std::time::{Duration, Instant};

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
const DRAWS: u64 = 20_000;

#[derive(Deserialize)]
struct Pelts {
    year: u32,
    hare: f64,
    lynx: f64,
}

/// The fit: one term a year.
#[derive(Clone)]
struct LynxHare {
    /// Logarithms of both series.
    observed: Vec<[f64; 2]>,
}

/// ln H, ln L and their derivatives with respect to the six log-parameters.
type Sensitivities = SVector<f64, 14>;

/// The equations for the logarithms, with their sensitivities.
struct Equations {
    rates: [f64; 4],
}

impl System<f64, Sensitivities> for Equations {
    fn system(&self, _t: f64, y: &Sensitivities, dy: &mut Sensitivities) {
        let [alpha, beta, gamma, delta] = self.rates;
        let (eaten, born) = (beta * y[1].exp(), delta * y[0].exp());
        dy[0] = alpha - eaten;
        dy[1] = born - gamma;
        for k in 0..6 {
            dy[2 + k] = -eaten * y[8 + k];
            dy[8 + k] = born * y[2 + k];
        }
        dy[2] += alpha;
        dy[3] -= eaten;
        dy[10] -= gamma;
        dy[11] += born;
    }
}

/// One year of integration. The crate's defaults, but for sparse output: its dense output, the
/// default, is good to three digits only at the step sizes taken here.
fn year_ahead(equations: Equations, y: Sensitivities) -> Dop853<f64, Sensitivities, Equations> {
    let (tolerance, sparse) = (1e-10, OutputType::Sparse);
    Dop853::from_param(
        equations, 0.0, 1.0, 1.0, y, tolerance, tolerance, 0.9, 0.0, 0.333, 6.0, 1.0, 0.0, 1000,
        1000, sparse,
    )
}

impl LynxHare {
    fn load() -> Result<(Self, [u32; 2]), Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/lynx_hare.csv")[..]);
        let pelts = reader.deserialize().collect::<Result<Vec<Pelts>, _>>()?;
        let years = [pelts[0].year, pelts[pelts.len() - 1].year];
        let observed = pelts.iter().map(|row| [row.hare.ln(), row.lynx.ln()]).collect();
        Ok((Self { observed }, years))
    }

    /// The solution of the equations, at all years of the data.
    fn trajectory(&self, x: &[f64]) -> Result<Vec<Sensitivities>, Error> {
        let mut y = Sensitivities::zeros();
        (y[0], y[1], y[6], y[13]) = (x[4], x[5], 1.0, 1.0);
        let rates = std::array::from_fn(|k| x[k].exp());
        let mut trajectory = vec![y];
        while trajectory.len() < self.observed.len() {
            let mut solver = year_ahead(Equations { rates }, y);
            solver.integrate()?;
            y = *solver.y_out().last().expect("the integration reached the end of the year");
            trajectory.push(y);
        }
        Ok(trajectory)
    }

    /// The squared residuals of some years, each as often as it is named; adds their gradient to
    /// `sum`. One solution of the equations serves all of them.
    fn squares(
        &self,
        x: &[f64],
        years: impl IntoIterator<Item = usize>,
        sum: &mut [f64],
    ) -> Result<f64, Error> {
        let trajectory = self.trajectory(x)?;
        let mut loss = 0.0;
        for year in years {
            let (y, observed) = (&trajectory[year], self.observed[year]);
            for (species, observed) in observed.iter().enumerate() {
                let residual = y[species] - observed;
                loss += residual * residual;
                for k in 0..6 {
                    sum[k] += 2.0 * residual * y[2 + 6 * species + k];
                }
            }
        }
        Ok(loss)
    }

    /// The sum over all years.
    fn loss(&self, x: &[f64]) -> Result<f64, Error> {
        self.squares(x, 0..self.observed.len(), &mut [0.0; 6])
    }
}

impl FiniteSum for LynxHare {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        self.observed.len()
    }

    fn add_term_gradient(
        &self,
        x: &Vec<f64>,
        year: usize,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        self.squares(x, [year], sum).map(drop)
    }

    fn add_batch_gradient(
        &self,
        x: &Vec<f64>,
        batch: Batch,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        self.squares(x, batch, sum).map(drop)
    }
}

/// The exact problem, for L-BFGS.
struct AllYears(LynxHare);

impl CostFunction for AllYears {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        // no trajectory, no fit: the line search backs off
        Ok(self.0.loss(x).unwrap_or(f64::INFINITY))
    }
}

impl Gradient for AllYears {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut gradient = vec![0.0; 6];
        self.0.squares(x, 0..self.0.observed.len(), &mut gradient)?;
        Ok(gradient)
    }
}

/// Where a solver ended.
struct Fit {
    x: Vec<f64>,
    effort: String,
    time: Duration,
}

fn main() -> Result<(), Error> {
    let (problem, [first, last]) = LynxHare::load()?;
    let start: Vec<f64> = (0..6).map(|k| (OPTIMUM[k] * START_FACTORS[k]).ln()).collect();

    println!("Lotka-Volterra fit to the hare and lynx pelts of {first}-{last}");
    println!("gradients from {YEARS_PER_DRAW} of {} years at a time\n", problem.term_count());

    let clock = Instant::now();
    let oracle = MiniBatch::new(problem.clone(), YEARS_PER_DRAW)?.without_replacement();
    let result = Executor::new(oracle, Arturo::new().with_telemetry(Telemetry::Never)?)
        .configure(|state| state.param(start.clone()).max_iters(DRAWS))
        .run()?;
    let x = result.state().get_best_param().expect("a run has a best point").clone();
    let effort = format!("{DRAWS} gradients of {YEARS_PER_DRAW} years");
    let arturo = Fit { x, effort, time: clock.elapsed() };

    let clock = Instant::now();
    // More-Thuente, argmin's usual choice, fails on this problem's cliffs at its first step
    let line_search = BacktrackingLineSearch::new(ArmijoCondition::new(1e-4)?).rho(0.5)?;
    let solver = LBFGS::new(line_search, 7);
    let result = Executor::new(AllYears(problem.clone()), solver)
        .configure(|state| state.param(start.clone()).max_iters(100).counting(true))
        .run()?;
    let x = result.state().get_best_param().expect("a run has a best point").clone();
    let counts = result.state().get_func_counts();
    let [costs, gradients] = ["cost_count", "gradient_count"].map(|name| counts[name]);
    let effort = format!("{costs} costs and {gradients} gradients of all years");
    let lbfgs = Fit { x, effort, time: clock.elapsed() };

    println!("{:9} {:>9} {:>9} {:>9} {:>9}", "", "start", "arTuRO", "L-BFGS", "optimum");
    for (k, (name, unit)) in PARAMETERS.iter().enumerate() {
        let values = [start[k].exp(), arturo.x[k].exp(), lbfgs.x[k].exp(), OPTIMUM[k]];
        let [start, arturo, lbfgs, optimum] = values;
        println!("{name:9} {start:9.5} {arturo:9.5} {lbfgs:9.5} {optimum:9.5}  {unit}");
    }
    let losses = [problem.loss(&start)?, problem.loss(&arturo.x)?, problem.loss(&lbfgs.x)?];
    let [of_start, of_arturo, of_lbfgs] = losses;
    println!(
        "{:9} {of_start:9.5} {of_arturo:9.5} {of_lbfgs:9.5} {OPTIMAL_LOSS:9.5}  sum of (difference of logs)^2, all years",
        "loss"
    );
    println!();
    for (name, fit, loss) in [("arTuRO", &arturo, of_arturo), ("L-BFGS", &lbfgs, of_lbfgs)] {
        let excess = 100.0 * (loss / OPTIMAL_LOSS - 1.0);
        println!(
            "{name}: {} in {:.2?}; loss {excess:.1e} % above the optimum",
            fit.effort, fit.time
        );
    }
    #[cfg(feature = "plot")]
    picture(&problem, first, &start, &arturo.x)?;
    Ok(())
}

/// What was seen, and what the equations say.
#[cfg(feature = "plot")]
fn picture(problem: &LynxHare, first: u32, start: &[f64], fit: &[f64]) -> Result<(), Error> {
    use argmin_arturo::observer::{Column, Panel, Plot, Table};

    let curves = |logarithms: Vec<[f64; 2]>| Table {
        iterations: (0..logarithms.len() as u64).map(|year| u64::from(first) + year).collect(),
        columns: [("hare", 0), ("lynx", 1)]
            .map(|(name, species)| Column {
                name: name.into(),
                values: logarithms.iter().map(|year| year[species].exp()).collect(),
            })
            .into(),
        ..Table::default()
    };
    let solved = |x: &[f64]| -> Result<Table, Error> {
        Ok(curves(problem.trajectory(x)?.iter().map(|y| [y[0], y[1]]).collect()))
    };
    Plot::new()
        .with_title("Hare and lynx pelts of the Hudson's Bay Company")
        .with_panels([
            Panel::new("hare, thousand pelts", ["hare"]),
            Panel::new("lynx, thousand pelts", ["lynx"]),
        ])
        .with_x_label("year")
        .with_run("seen", curves(problem.observed.clone()))
        .with_run("Lotka-Volterra, fitted", solved(fit)?)
        .with_run("Lotka-Volterra, at the start", solved(start)?)
        .save("lynx_hare.svg")
}
