//! Separates benign from malignant tumours by logistic regression, on several processes.
//!
//! ```text
//! F(w, b) = mean_i ln(1 + exp(-s_i (x_i.w + b))) + |w|^2 / (2 n)      in nats per tumour
//! ```
//!
//! over n = 569 tumours with 30 standardized features x_i and the sign s_i = 1 for benign, -1 for malignant.
//! Each gradient is of 128 random tumours in 16 parts, which the ranks of MPI share. All ranks run the same
//! solver; the first one prints, and checkpoints where a file is named. Any number of ranks prints the same
//! bits. 569 tumours are no work for several machines: it shows how.
//!
//! ```text
//! cargo build --release --features mpi,serde1 --example mpi
//! mpirun -n 2 target/release/examples/mpi [CHECKPOINT]
//! ```
//!
//! Data: Breast Cancer Wisconsin (Diagnostic), UCI, as in scikit-learn (BSD-3).

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{CostFunction, Error, Executor, IterState, KV, State};
use argmin_arturo::Arturo;
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::mpi::{AcrossRanks, Ranks};
use argmin_arturo::oracle::{FiniteSum, MiniBatch};
use argmin_arturo::solution::RunResult;

/// The minimum, computed independently by damped Newton to a gradient of 1e-17.
const OPTIMUM: f64 = 0.06636018622473808;
const BATCH: usize = 128;
const PART: usize = 8;
const DRAWS: u64 = 5000;

/// The regression: one term a tumour.
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

/// Prints the exact cost of the recommended point now and then.
struct Excess(Tumours);

impl Observe<IterState<Vec<f64>, Vec<f64>, (), (), (), f64>> for Excess {
    fn observe_iter(
        &mut self,
        state: &IterState<Vec<f64>, Vec<f64>, (), (), (), f64>,
        _kv: &KV,
    ) -> Result<(), Error> {
        if let Some(w) = state.get_best_param() {
            println!("{:8} {:14.2e}", state.get_iter(), self.0.cost(w)? - OPTIMUM);
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let ranks = Ranks::initialize()?;
    let tumours = Tumours::load()?;
    let batches = MiniBatch::new(tumours.clone(), BATCH)?.without_replacement();
    let oracle = AcrossRanks::new(batches.in_parallel(PART)?, &ranks);
    let mut executor = Executor::new(oracle, Arturo::new())
        .configure(|state| state.param(vec![0.0; 31]).max_iters(DRAWS));
    if ranks.is_first() {
        println!("Logistic regression of {} tumours, 30 features", tumours.signs.len());
        println!("{DRAWS} gradients from {BATCH} tumours each\n");
        println!("{:>8} {:>14}", "draws", "above minimum");
        executor = executor.add_observer(Excess(tumours), ObserverMode::Every(1000));
    }
    let result = match std::env::args().nth(1) {
        Some(path) => ranks.run(&AtomicCheckpoint::new(path), executor)?,
        None => executor.run()?,
    };
    if ranks.is_first() {
        let solution = result.solution()?;
        let bits = solution.param.iter().fold(0_u64, |bits, w| bits.rotate_left(5) ^ w.to_bits());
        println!("\n{}", solution.verdict);
        println!("bits of the answer, on any number of ranks: {bits:016x}");
    }
    Ok(())
}
