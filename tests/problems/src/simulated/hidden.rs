//! A hidden chain behind the daily onsets of Ebola in Kikwit 1995, by sampled paths.
//!
//! `hidden`: three states with Poisson rates exp(x_k) and transitions `softmax(x_(3 + 3 k ..))`,
//! beginning in the first; normal priors of deviation 0.5 around ln 0.2, ln 1.5, ln 6 for the
//! ln rates and of deviation 1 around 0, 3 on the diagonal, for the others, which fix the order of
//! the states. `F` = - ln p(x, y) per day, without constants. A draw samples paths z of the chain given
//! the data, forward and then backward, and has the mean of `-grad ln p(x, y, z)`, unbiased by
//! Fisher's identity (Celeux and Diebolt, 1985). The exact gradient weighs all paths.

use super::{pick, softmax};
use crate::data::column;
use crate::{Draw, Problem};
use rand::Rng;
use std::sync::Arc;

const STATES: usize = 3;

struct Onsets {
    counts: Vec<f64>,
    prior: Vec<f64>,
}

struct Hidden {
    onsets: Arc<Onsets>,
    /// Paths a draw.
    paths: usize,
}

pub fn problems() -> Vec<Box<dyn Problem>> {
    let counts = column(include_str!("../../data/ebola_kikwit_1995.csv"), "onset");
    let diagonal = |k: usize| if k.is_multiple_of(STATES + 1) { 3.0 } else { 0.0 };
    let rates = [0.2f64, 1.5, 6.0].into_iter().map(f64::ln);
    let prior = rates.chain((0..STATES * STATES).map(diagonal)).collect();
    let onsets = Arc::new(Onsets { counts, prior });
    let problem = |paths| Box::new(Hidden { onsets: onsets.clone(), paths }) as Box<dyn Problem>;
    [1, 8].map(problem).into()
}

/// What the states say about the data up to each day.
struct Forward {
    rates: [f64; STATES],
    moves: Vec<Vec<f64>>,
    /// By day, the probabilities of the states given the data so far.
    filtered: Vec<[f64; STATES]>,
    log_likelihood: f64,
}

impl Onsets {
    fn forward(&self, x: &[f64]) -> Forward {
        let rates = std::array::from_fn(|k| x[k].exp());
        let moves: Vec<Vec<f64>> = x[STATES..].chunks(STATES).map(softmax).collect();
        let mut ahead = [0.0; STATES];
        ahead[0] = 1.0;
        let mut log_likelihood = 0.0;
        let mut filtered = Vec::with_capacity(self.counts.len());
        for count in &self.counts {
            let logs: [f64; STATES] = std::array::from_fn(|k| count * x[k] - rates[k]);
            let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let joint: [f64; STATES] = std::array::from_fn(|k| ahead[k] * (logs[k] - top).exp());
            let total: f64 = joint.iter().sum();
            log_likelihood += top + total.ln();
            let now = joint.map(|p| p / total);
            filtered.push(now);
            ahead = std::array::from_fn(|k| (0..STATES).map(|j| now[j] * moves[j][k]).sum());
        }
        Forward { rates, moves, filtered, log_likelihood }
    }

    fn add_prior_gradient(&self, x: &[f64], g: &mut [f64]) {
        for (k, g) in g.iter_mut().enumerate() {
            *g += (x[k] - self.prior[k]) / deviation(k).powi(2) / self.counts.len() as f64;
        }
    }
}

/// Of the prior of a coordinate.
fn deviation(k: usize) -> f64 {
    if k < STATES { 0.5 } else { 1.0 }
}

impl Forward {
    /// Adds the slope of being in state k with a count.
    fn add_emission(&self, k: usize, count: f64, weight: f64, g: &mut [f64]) {
        g[k] += weight * (self.rates[k] - count);
    }

    /// Adds the slope of a move.
    fn add_move(&self, from: usize, to: usize, weight: f64, g: &mut [f64]) {
        let row = STATES * (1 + from);
        g[row + to] -= weight;
        for (g, p) in g[row..].iter_mut().zip(&self.moves[from]) {
            *g += weight * p;
        }
    }

    /// The probabilities of the state before `to`, given the data up to that day.
    fn before(&self, day: usize, to: usize) -> [f64; STATES] {
        let joint: [f64; STATES] =
            std::array::from_fn(|k| self.filtered[day][k] * self.moves[k][to]);
        let total: f64 = joint.iter().sum();
        joint.map(|p| p / total)
    }
}

impl Problem for Hidden {
    fn name(&self) -> String {
        format!("simulated/hidden/paths={}", self.paths)
    }

    fn family(&self) -> &'static str {
        "simulated"
    }

    /// Close rates, and moves that know nothing.
    fn start(&self) -> Vec<f64> {
        let mut x = vec![0.0; STATES * (STATES + 1)];
        x[..STATES].copy_from_slice(&[-0.5, 0.0, 0.5]);
        x
    }

    /// Newton from forty starts (examples/minima_simulation.rs); other minima are at -0.2909 and above.
    fn minimum(&self) -> f64 {
        -0.30360996862216566
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let pairs = x.iter().zip(&self.onsets.prior).enumerate();
        let prior: f64 = pairs.map(|(k, (x, p))| 0.5 * ((x - p) / deviation(k)).powi(2)).sum();
        (prior - self.onsets.forward(x).log_likelihood) / self.onsets.counts.len() as f64
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let counts = &self.onsets.counts;
        let forward = self.onsets.forward(x);
        let weight = 1.0 / counts.len() as f64;
        g.fill(0.0);
        let last = counts.len() - 1;
        let mut smoothed = forward.filtered[last];
        for day in (0..=last).rev() {
            for (k, p) in smoothed.iter().enumerate() {
                forward.add_emission(k, counts[day], weight * p, g);
            }
            if day == 0 {
                break;
            }
            let mut earlier = [0.0; STATES];
            for (to, p) in smoothed.into_iter().enumerate() {
                for (from, q) in forward.before(day - 1, to).into_iter().enumerate() {
                    forward.add_move(from, to, weight * p * q, g);
                    earlier[from] += p * q;
                }
            }
            smoothed = earlier;
        }
        self.onsets.add_prior_gradient(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let counts = &self.onsets.counts;
        let forward = self.onsets.forward(x);
        let mut rng = draw.rng();
        let weight = 1.0 / (self.paths * counts.len()) as f64;
        g.fill(0.0);
        let last = counts.len() - 1;
        for _ in 0..self.paths {
            let mut state = pick(&forward.filtered[last], rng.random());
            forward.add_emission(state, counts[last], weight, g);
            for day in (0..last).rev() {
                let earlier = pick(&forward.before(day, state), rng.random());
                forward.add_move(earlier, state, weight, g);
                forward.add_emission(earlier, counts[day], weight, g);
                state = earlier;
            }
        }
        self.onsets.add_prior_gradient(x, g);
    }

    /// The exact cost: the paths of a draw follow the parameters.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        false
    }
}
