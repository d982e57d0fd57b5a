//! Fits the SIR equations to an outbreak of influenza in a boarding school.
//!
//! ```text
//! dS/dt = -beta S I / N        S: susceptible, I: infected boys, N = 763
//! dI/dt =  beta S I / N - gamma I        t in days; S(0) = 762, I(0) = 1
//! ```
//!
//! The logarithms of both rates minimize the mean over 14 days of (I(day) - boys in bed)^2. arTuRO
//! sees only gradients from four random days at a time. With 14 days one would take them all, and
//! Gauss-Newton; the example shows a sum whose terms share one solution of the equations.
//!
//! `cargo run --release --example influenza` (with `--features plot` it draws `influenza.svg`)
//!
//! Data: British Medical Journal, 4 March 1978, from reconverse/outbreaks (MIT).

use argmin::core::{Error, Executor};
use argmin_arturo::Arturo;
use argmin_arturo::oracle::{Batch, FiniteSum, MiniBatch};
use argmin_arturo::solution::RunResult;
use serde::Deserialize;

const BOYS: f64 = 763.0;
/// The optimum, computed independently by Gauss-Newton with DOP853 at tolerance 1e-12.
const OPTIMUM: [f64; 2] = [1.6692261353325741, 0.4434501935561636];
const OPTIMAL_SUM: f64 = 4121.941482780267;
const START: [f64; 2] = [2.0, 1.0];
const DAYS_PER_DRAW: usize = 4;
const DRAWS: u64 = 20_000;
/// Runge-Kutta steps a day: the sum of squares is then good to 9 digits.
const STEPS: usize = 40;

#[derive(Deserialize)]
struct Day {
    in_bed: f64,
}

/// The fit: one term a day.
struct Outbreak {
    /// Boys in bed on days 1, 2, ...
    in_bed: Vec<f64>,
}

/// S, I, and their derivatives with respect to ln beta and ln gamma.
#[derive(Clone, Copy)]
struct Boys([f64; 6]);

impl Boys {
    const FIRST: Self = Self([BOYS - 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);

    fn infected(self) -> f64 {
        self.0[1]
    }

    fn rate(self, [beta, gamma]: [f64; 2]) -> Self {
        let [s, i, s_beta, i_beta, s_gamma, i_gamma] = self.0;
        let infections = beta * s * i / BOYS;
        let more = |s_slope: f64, i_slope: f64| beta * (s_slope * i + s * i_slope) / BOYS;
        let by_beta = more(s_beta, i_beta) + infections;
        let by_gamma = more(s_gamma, i_gamma);
        Self([
            -infections,
            infections - gamma * i,
            -by_beta,
            by_beta - gamma * i_beta,
            -by_gamma,
            by_gamma - gamma * (i_gamma + i),
        ])
    }

    fn plus(self, rate: Self, time: f64) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + time * rate.0[k]))
    }

    /// A day later, by the classical Runge-Kutta method.
    fn next_day(mut self, rates: [f64; 2]) -> Self {
        let h = 1.0 / STEPS as f64;
        for _ in 0..STEPS {
            let a = self.rate(rates);
            let b = self.plus(a, 0.5 * h).rate(rates);
            let c = self.plus(b, 0.5 * h).rate(rates);
            let d = self.plus(c, h).rate(rates);
            self = self.plus(a, h / 6.0).plus(b, h / 3.0).plus(c, h / 3.0).plus(d, h / 6.0);
        }
        self
    }
}

/// Days 1, 2, ... by the equations.
fn days(x: &[f64]) -> impl Iterator<Item = Boys> {
    let rates = [x[0].exp(), x[1].exp()];
    std::iter::successors(Some(Boys::FIRST), move |boys| Some(boys.next_day(rates))).skip(1)
}

impl Outbreak {
    fn load() -> Result<Self, Error> {
        let mut reader =
            csv::Reader::from_reader(&include_bytes!("data/influenza_school_1978.csv")[..]);
        let days = reader.deserialize().collect::<Result<Vec<Day>, _>>()?;
        Ok(Self { in_bed: days.iter().map(|day| day.in_bed).collect() })
    }

    /// The sum of squares over all days, in boys squared.
    fn sum_of_squares(&self, x: &[f64]) -> f64 {
        let residuals = days(x).zip(&self.in_bed).map(|(boys, in_bed)| boys.infected() - in_bed);
        residuals.map(|residual| residual * residual).sum()
    }
}

impl FiniteSum for Outbreak {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        self.in_bed.len()
    }

    fn add_term_gradient(&self, x: &Vec<f64>, day: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
        if let Some(boys) = days(x).nth(day) {
            let residual = boys.infected() - self.in_bed[day];
            sum[0] += 2.0 * residual * boys.0[3];
            sum[1] += 2.0 * residual * boys.0[5];
        }
        Ok(())
    }

    /// One solution of the equations serves all days of a batch.
    fn add_batch_gradient(
        &self,
        x: &Vec<f64>,
        batch: Batch,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let solution: Vec<Boys> = days(x).take(self.in_bed.len()).collect();
        for day in batch {
            let residual = solution[day].infected() - self.in_bed[day];
            sum[0] += 2.0 * residual * solution[day].0[3];
            sum[1] += 2.0 * residual * solution[day].0[5];
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let outbreak = Outbreak::load()?;
    let day_count = outbreak.term_count();
    println!("SIR fit to influenza among {BOYS} boys, 22 January to 4 February 1978");
    println!("gradients from {DAYS_PER_DRAW} of {day_count} days at a time, {DRAWS} draws\n");

    let oracle = MiniBatch::new(Outbreak::load()?, DAYS_PER_DRAW)?.without_replacement();
    let result = Executor::new(oracle, Arturo::new())
        .configure(|state| state.param(START.map(f64::ln).to_vec()).max_iters(DRAWS))
        .run()?;
    let solution = result.solution()?;
    let x = &solution.param;

    let fitted = [x[0].exp(), x[1].exp()];
    println!("{:24} {:>9} {:>9} {:>9}", "", "start", "arTuRO", "optimum");
    let print = |name: &str, unit: &str, value: &dyn Fn([f64; 2]) -> f64| {
        let [start, fit, optimum] = [START, fitted, OPTIMUM].map(value);
        println!("{name:24} {start:9.4} {fit:9.4} {optimum:9.4}  {unit}");
    };
    print("beta, infection rate", "1/day", &|[beta, _]| beta);
    print("gamma, recovery rate", "1/day", &|[_, gamma]| gamma);
    print("R0 = beta / gamma", "infections by the first case", &|[beta, gamma]| beta / gamma);
    print("1 / gamma", "days in bed", &|[_, gamma]| 1.0 / gamma);
    print("residual, root mean sq.", "boys", &|rates| {
        (outbreak.sum_of_squares(&rates.map(f64::ln)) / day_count as f64).sqrt()
    });
    let excess = outbreak.sum_of_squares(x) / OPTIMAL_SUM - 1.0;
    println!("\nsum of squares {:.2e} % above the optimum", 100.0 * excess);
    for (name, error) in ["beta", "gamma"].iter().zip(&solution.standard_error) {
        println!("Monte Carlo standard error of {name}: {:.2} %", 100.0 * error);
    }
    println!("verdict: {}", solution.verdict);
    println!("\nThe sum over 14 days is cheap and exact: Gauss-Newton is the better tool here.");
    #[cfg(feature = "plot")]
    picture(&outbreak, x)?;
    Ok(())
}

/// What was seen, and what the equations say.
#[cfg(feature = "plot")]
fn picture(outbreak: &Outbreak, x: &[f64]) -> Result<(), Error> {
    use argmin_arturo::observer::{Plot, Table};

    let curve = |values: Vec<f64>| {
        let iterations = (1..=values.len() as u64).collect();
        Table { iterations, ..Table::default() }.with_column("boys", values)
    };
    let infected = |x: &[f64]| days(x).take(outbreak.term_count()).map(Boys::infected).collect();
    Plot::empty()
        .with_title("Influenza in a boarding school, 1978")
        .with_linear_panel("boys in bed", ["boys"])
        .with_x_label("day")
        .with_points("boys in bed", curve(outbreak.in_bed.clone()))
        .with_run("SIR, fitted", curve(infected(x)))
        .with_run("SIR, at the start", curve(infected(&START.map(f64::ln))))
        .save("influenza.svg")
}
