//! Your own estimator: curvature from the batch at hand, for logistic regression.
//!
//! A loss `ln(1 + exp(-s x.w))` has the second derivatives `p (1 - p) x_j^2`, with p its probability.
//! An estimator may ask the problem for them: here for those of the tumours that gave the gradient,
//! averaged over the last 100 draws. The gradients go through the crate's filter. It competes with
//! the solver's own measurement of steps, which knows nothing of the problem.
//!
//! `cargo run --release --example custom_estimator` (with `--features plot` it draws
//! `custom_estimator.svg`)
//!
//! Data: Breast Cancer Wisconsin (Diagnostic), UCI, as in scikit-learn (BSD-3).

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, IterState, Problem, Solver, State};
use argmin_arturo::Arturo;
use argmin_arturo::hessian::{GradientFilter, HessianEstimator, Observation, QuadraticModel};
use argmin_arturo::observer::{History, Table};
use argmin_arturo::oracle::{FiniteSum, MiniBatch};

/// The minimum, computed independently by damped Newton to a gradient of 1e-17.
const OPTIMUM: f64 = 0.06636018622473808;
const BATCH: usize = 32;
const DRAWS: u64 = 20_000;
/// Draws that the curvature is averaged over.
const MEMORY: f64 = 100.0;
/// How wrong the curvature is at the end of a step, relative: a guess, as it changes along the way.
const CURVATURE_ERROR: f64 = 0.2;

/// The regression, with a weight of 1 / (2 n) on |w|^2: one term a tumour.
struct Tumours {
    /// Standardized features, and a 1 for the intercept, all times the sign of the tumour.
    features: Vec<[f64; 31]>,
}

impl Tumours {
    fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/breast_cancer.csv")[..]);
        let rows = reader.deserialize().collect::<Result<Vec<Vec<f64>>, _>>()?;
        let n = rows.len() as f64;
        let mut features = vec![[1.0; 31]; rows.len()];
        for j in 0..30 {
            let mean = rows.iter().map(|row| row[j]).sum::<f64>() / n;
            let variance = rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / n;
            for (x, row) in features.iter_mut().zip(&rows) {
                x[j] = (row[j] - mean) / variance.sqrt();
            }
        }
        for (x, row) in features.iter_mut().zip(&rows) {
            let sign = 2.0 * row[30] - 1.0;
            x.iter_mut().for_each(|x| *x *= sign);
        }
        Ok(Self { features })
    }

    fn margin(&self, i: usize, w: &[f64]) -> f64 {
        self.features[i].iter().zip(w).map(|(x, w)| x * w).sum()
    }

    /// The weight of coordinate j in |w|^2: the intercept has none.
    fn ridge(&self, j: usize) -> f64 {
        if j < 30 { 1.0 / self.features.len() as f64 } else { 0.0 }
    }

    /// In nats per tumour.
    fn cost(&self, w: &[f64]) -> f64 {
        let softplus = |t: f64| t.max(0.0) + (-t.abs()).exp().ln_1p();
        let losses = (0..self.features.len()).map(|i| softplus(-self.margin(i, w)));
        let squares = w.iter().enumerate().map(|(j, w)| 0.5 * self.ridge(j) * w * w);
        losses.sum::<f64>() / self.features.len() as f64 + squares.sum::<f64>()
    }
}

impl FiniteSum for Tumours {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        self.features.len()
    }

    fn add_term_gradient(&self, w: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
        let slope = -1.0 / (1.0 + self.margin(i, w).exp());
        for (j, sum) in sum.iter_mut().enumerate() {
            *sum += slope * self.features[i][j] + self.ridge(j) * w[j];
        }
        Ok(())
    }
}

/// The estimator.
#[derive(Clone, Default)]
struct BatchCurvature {
    filter: GradientFilter<f64>,
}

impl HessianEstimator<MiniBatch<Tumours>> for BatchCurvature {
    fn update(
        &mut self,
        problem: &mut Problem<MiniBatch<Tumours>>,
        seen: Observation<'_, Vec<f64>>,
        model: &mut QuadraticModel<f64>,
    ) -> Result<(), Error> {
        if seen.iteration == 0 {
            self.filter.start(seen.gradient, model);
        } else {
            self.filter.update(seen.gradient, seen.step, CURVATURE_ERROR, model);
        }
        let weight = 1.0 / (seen.iteration as f64 + 1.0).min(MEMORY);
        // argmin counts what goes through `problem`
        problem.problem("batch_curvature_count", |oracle| {
            let (batch, tumours) = (oracle.batch(seen.draw), oracle.sum());
            let share = weight / batch.len() as f64;
            for (j, curvature) in model.curvature.iter_mut().enumerate() {
                *curvature += weight * (tumours.ridge(j) - *curvature);
            }
            for i in batch {
                let p = 1.0 / (1.0 + tumours.margin(i, seen.param).exp());
                for (curvature, x) in model.curvature.iter_mut().zip(tumours.features[i]) {
                    *curvature += share * p * (1.0 - p) * x * x;
                }
            }
            Ok(())
        })
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// Where a solver ends, and what it reported.
fn run<S>(solver: S) -> Result<(Vec<f64>, Table), Error>
where
    S: Solver<MiniBatch<Tumours>, Run>,
{
    let history = History::new();
    // with replacement: a solver with an estimator adapts its KL radius to the slope of the next draw
    // along the step, which is to be independent of the draw that chose the step
    let oracle = MiniBatch::new(Tumours::load()?, BATCH)?;
    let result = Executor::new(oracle, solver)
        .configure(|state: Run| state.param(vec![0.0; 31]).max_iters(DRAWS))
        .add_observer(history.clone(), ObserverMode::Always)
        .run()?;
    let w = result.state().get_best_param().expect("a run has a best point").clone();
    Ok((w, history.table()))
}

fn main() -> Result<(), Error> {
    let tumours = Tumours::load()?;
    println!("Logistic regression of {} tumours, 30 features", tumours.term_count());
    println!("{DRAWS} gradients from {BATCH} tumours each\n");
    println!("{:28} {:>12} {:>14}", "curvature from", "cost, nats", "above minimum");
    let solver = Arturo::new().with_estimator(BatchCurvature::default());
    let runs = [("the batch", run(solver)?), ("steps (the default)", run(Arturo::new())?)];
    for (name, (w, _)) in &runs {
        let cost = tumours.cost(w);
        println!("{name:28} {cost:12.8} {:14.2e}", cost - OPTIMUM);
    }
    println!("{:28} {OPTIMUM:12.8}", "minimum");
    println!(
        "\nThe default learns a dense Hessian, and does not need this one up to 200 parameters."
    );
    #[cfg(feature = "plot")]
    {
        use argmin_arturo::observer::Plot;
        let mut plot = Plot::new().with_title("Breast cancer, two sources of curvature");
        for (name, (_, table)) in runs {
            plot = plot.with_run(format!("curvature from {name}"), table);
        }
        plot.save("custom_estimator.svg")?;
    }
    Ok(())
}
