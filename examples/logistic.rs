//! Separates benign from malignant tumours by logistic regression on small batches.
//!
//! ```text
//! F(w, b) = mean_i ln(1 + exp(-s_i (x_i.w + b))) + |w|^2 / (2 n)      in nats per tumour
//! ```
//!
//! over n = 569 tumours with 30 standardized features x_i and the sign s_i = 1 for benign, -1 for
//! malignant. arTuRO and Adam see 32 random tumours at a time; argmin's L-BFGS gets the exact cost
//! and gradient, and is the right tool: all tumours together cost as much as 18 batches. Adam is tuned
//! for this problem, and knows the number of draws.
//!
//! `cargo run --release --example logistic` (with `--features plot` it draws `logistic.svg`)
//!
//! Data: Breast Cancer Wisconsin (Diagnostic), UCI, as in scikit-learn (BSD-3).

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{CostFunction, Error, Executor, Gradient, IterState, KV, Solver, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin_arturo::Arturo;
use argmin_arturo::baseline::Adam;
use argmin_arturo::observer::Table;
use argmin_arturo::oracle::{FiniteSum, MiniBatch};
use argmin_arturo::schedule::KlSchedule;
use std::sync::{Arc, Mutex};

/// The minimum, computed independently by damped Newton to a gradient of 1e-17.
const OPTIMUM: f64 = 0.06636018622473808;
const BATCH: usize = 32;
const DRAWS: u64 = 20_000;
/// For Adam, with cosine decay to 0: both chosen for this problem, which arTuRO does not need.
const LEARNING_RATE: f64 = 1e-2;

/// The regression: one term a tumour; all tumours for L-BFGS.
#[derive(Clone)]
struct Tumours {
    /// Standardized features, and a 1 for the intercept b.
    features: Vec<[f64; 31]>,
    signs: Vec<f64>,
}

impl Tumours {
    fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/breast_cancer.csv")[..]);
        let (mut features, mut signs) = (Vec::new(), Vec::new());
        for row in reader.deserialize() {
            let row: Vec<f64> = row?;
            let (label, values) = row.split_last().ok_or(Error::msg("an empty row"))?;
            signs.push(2.0 * label - 1.0);
            features.push(std::array::from_fn(|j| values.get(j).copied().unwrap_or(1.0)));
        }
        for j in 0..30 {
            let n = features.len() as f64;
            let mean = features.iter().map(|x: &[f64; 31]| x[j]).sum::<f64>() / n;
            let variance = features.iter().map(|x| (x[j] - mean).powi(2)).sum::<f64>() / n;
            features.iter_mut().for_each(|x| x[j] = (x[j] - mean) / variance.sqrt());
        }
        Ok(Self { features, signs })
    }

    /// The signed distance of tumour `i` from the boundary.
    fn margin(&self, i: usize, w: &[f64]) -> f64 {
        self.signs[i] * self.features[i].iter().zip(w).map(|(x, w)| x * w).sum::<f64>()
    }

    /// The share of tumours on the right side.
    fn accuracy(&self, w: &[f64]) -> f64 {
        let right = (0..self.signs.len()).filter(|&i| self.margin(i, w) > 0.0).count();
        right as f64 / self.signs.len() as f64
    }
}

impl FiniteSum for Tumours {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        self.signs.len()
    }

    fn add_term_gradient(&self, w: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
        let slope = -self.signs[i] / (1.0 + self.margin(i, w).exp());
        let ridge = 1.0 / self.signs.len() as f64;
        for (j, (sum, x)) in sum.iter_mut().zip(self.features[i]).enumerate() {
            *sum += slope * x + if j < 30 { ridge * w[j] } else { 0.0 };
        }
        Ok(())
    }
}

impl CostFunction for Tumours {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, w: &Vec<f64>) -> Result<f64, Error> {
        let softplus = |t: f64| t.max(0.0) + (-t.abs()).exp().ln_1p();
        let losses = (0..self.signs.len()).map(|i| softplus(-self.margin(i, w)));
        let squares: f64 = w[..30].iter().map(|w| w * w).sum();
        Ok((losses.sum::<f64>() + 0.5 * squares) / self.signs.len() as f64)
    }
}

impl Gradient for Tumours {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, w: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut sum = vec![0.0; w.len()];
        for i in 0..self.term_count() {
            self.add_term_gradient(w, i, &mut sum)?;
        }
        Ok(sum.iter().map(|g| g / self.signs.len() as f64).collect())
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// Computes the exact cost of the recommended point now and then, to see it converge.
#[derive(Clone)]
struct Excess {
    tumours: Tumours,
    table: Arc<Mutex<Table>>,
}

impl Observe<Run> for Excess {
    fn observe_iter(&mut self, state: &Run, _kv: &KV) -> Result<(), Error> {
        let mut table = self.table.lock().expect("no other thread panics");
        if let Some(w) = state.get_best_param() {
            table.iterations.push(state.get_iter() + 1);
            table.columns[0].1.push(self.tumours.cost(w)? - OPTIMUM);
        }
        Ok(())
    }
}

/// How a solver did.
struct Outcome {
    name: &'static str,
    w: Vec<f64>,
    terms: u64,
    excess: Option<Table>,
}

/// Runs a solver on batches.
fn stochastic<S>(name: &'static str, tumours: &Tumours, solver: S) -> Result<Outcome, Error>
where
    S: Solver<MiniBatch<Tumours>, Run> + Clone,
{
    let executor = |solver| -> Result<_, Error> {
        let oracle = MiniBatch::new(tumours.clone(), BATCH)?.without_replacement();
        let executor = Executor::new(oracle, solver);
        Ok(executor.configure(|state: Run| state.param(vec![0.0; 31]).max_iters(DRAWS)))
    };
    let result = executor(solver.clone())?.run()?;
    let w = result.state().get_best_param().expect("a run has a best point").clone();

    // the same run again, now watched
    let table = Arc::new(Mutex::new(Table::default().with_column("excess", Vec::new())));
    let excess = Excess { tumours: tumours.clone(), table };
    executor(solver)?.add_observer(excess.clone(), ObserverMode::Every(50)).run()?;
    let table = excess.table.lock().expect("no other thread panics").clone();
    Ok(Outcome { name, w, terms: DRAWS * BATCH as u64, excess: Some(table) })
}

fn lbfgs(tumours: &Tumours) -> Result<Outcome, Error> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7);
    let result = Executor::new(tumours.clone(), solver)
        .configure(|state| state.param(vec![0.0; 31]).max_iters(100).counting(true))
        .run()?;
    let w = result.state().get_best_param().expect("a run has a best point").clone();
    let terms = result.state().get_func_counts()["gradient_count"] * tumours.signs.len() as u64;
    Ok(Outcome { name: "L-BFGS", w, terms, excess: None })
}

/// The number of draws after which the cost stays within 1e-3 of the minimum.
fn draws_to_stay_below(excess: &Table) -> Option<u64> {
    let last_above = excess.columns[0].1.iter().rposition(|excess| *excess > 1e-3);
    excess.iterations.get(last_above.map_or(0, |row| row + 1)).copied()
}

fn main() -> Result<(), Error> {
    let tumours = Tumours::load()?;
    println!("Logistic regression of {} tumours, 30 features", tumours.signs.len());
    println!("{DRAWS} gradients from {BATCH} tumours each; L-BFGS gets those of all\n");

    let cosine = KlSchedule::Cosine { horizon: DRAWS };
    let outcomes = [
        stochastic("arTuRO", &tumours, Arturo::new())?,
        stochastic("Adam", &tumours, Adam::new(LEARNING_RATE)?.with_schedule(cosine)?)?,
        lbfgs(&tumours)?,
    ];
    println!(
        "{:8} {:>12} {:>14} {:>10} {:>15} {:>15}",
        "", "cost, nats", "above minimum", "accuracy", "draws to 1e-3", "term gradients"
    );
    for Outcome { name, w, terms, excess } in &outcomes {
        let (cost, accuracy) = (tumours.cost(w)?, 100.0 * tumours.accuracy(w));
        let above = cost - OPTIMUM;
        let draws = excess.as_ref().and_then(draws_to_stay_below).map(|draws| draws.to_string());
        let draws = draws.unwrap_or_default();
        println!("{name:8} {cost:12.8} {above:14.2e} {accuracy:8.2} % {draws:>15} {terms:15}");
    }
    println!("{:8} {OPTIMUM:12.8}", "minimum");
    println!("\nThe exact gradient costs as much as 18 batches: L-BFGS is the better tool here.");
    #[cfg(feature = "plot")]
    {
        use argmin_arturo::observer::Plot;
        let mut plot = Plot::empty()
            .with_title("Breast cancer, logistic regression on batches of 32")
            .with_panel("cost above the minimum, nats per tumour", ["excess"])
            .with_x_label("gradients drawn");
        for outcome in &outcomes {
            if let Some(excess) = &outcome.excess {
                plot = plot.with_run(outcome.name, excess.clone());
            }
        }
        plot.save("logistic.svg")?;
    }
    Ok(())
}
