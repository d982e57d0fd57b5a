//! Bayesian logistic regression of breast cancer on four standardized features.
//!
//! Mean radius, texture, smoothness and symmetry, and a constant; independent normal priors
//! of deviation 2 on all five coefficients. The cost is per tumour. A predictor is normal
//! under the approximation, so its loss is an integral over the line: the trapezoidal rule,
//! whose error is exp(-2 pi^2 / (step * deviation of the predictor)).

use super::Posterior;
use crate::data::{BREAST_CANCER, standardize};
use crate::logistic::{sigmoid, softplus};
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::f64::consts::TAU;

const PRIOR_DEVIATION: f64 = 2.0;
/// Abscissas are spaced by 0.1 over [-8.5, 8.5].
const STEP: f64 = 0.1;

pub struct Tumours {
    features: Vec<Vec<f64>>,
    /// Tumours a sample, with replacement; all if none.
    batch: Option<usize>,
    /// Abscissas and weights against the standard normal density.
    nodes: Vec<(f64, f64)>,
}

impl Tumours {
    pub fn new(batch: Option<usize>) -> Self {
        let chosen = |row: &Vec<f64>| [0, 1, 4, 8].map(|j| row[j]).to_vec();
        let mut features: Vec<Vec<f64>> = BREAST_CANCER.features.iter().map(chosen).collect();
        standardize(&mut features);
        features.iter_mut().for_each(|row| row.push(1.0));
        let nodes = (-85..=85).map(|k| f64::from(k) * STEP);
        let nodes = nodes.map(|z| (z, STEP * (-0.5 * z * z).exp() / TAU.sqrt())).collect();
        Self { features, batch, nodes }
    }

    fn count(&self) -> f64 {
        self.features.len() as f64
    }

    /// Mean and deviation of the linear predictor of a tumour.
    fn predictor(&self, i: usize, x: &[f64]) -> (f64, f64) {
        let (means, logs) = x.split_at(self.dimension());
        let row = &self.features[i];
        let mean: f64 = row.iter().zip(means).map(|(a, m)| a * m).sum();
        let variance: f64 = row.iter().zip(logs).map(|(a, r)| (a * r.exp()).powi(2)).sum();
        (mean, variance.sqrt())
    }

    /// The loss of a tumour; adds `weight` times its gradient by the coefficients.
    fn loss(&self, i: usize, z: &[f64], weight: f64, slope: &mut [f64]) -> f64 {
        let (row, sign) = (&self.features[i], BREAST_CANCER.signs[i]);
        let margin: f64 = sign * row.iter().zip(z).map(|(a, z)| a * z).sum::<f64>();
        for (slope, a) in slope.iter_mut().zip(row) {
            *slope -= weight * sign * sigmoid(-margin) * a;
        }
        softplus(-margin)
    }

    /// The divergence of the approximation from the prior, per tumour.
    fn divergence(&self, x: &[f64]) -> f64 {
        let (means, logs) = x.split_at(self.dimension());
        let divergences = means.iter().zip(logs).map(|(m, r)| {
            0.5 * ((2.0 * r).exp() + m * m) / PRIOR_DEVIATION.powi(2) - 0.5 - r
                + PRIOR_DEVIATION.ln()
        });
        divergences.sum::<f64>() / self.count()
    }
}

impl Posterior for Tumours {
    fn name(&self) -> String {
        match self.batch {
            Some(batch) => format!("logistic/batch={batch}"),
            None => "logistic/full".into(),
        }
    }

    fn dimension(&self) -> usize {
        5
    }

    /// Newton to a gradient of 1e-17, with 120 Gauss-Hermite nodes (reference/variational.py).
    fn minimum(&self) -> f64 {
        0.18361169095681737
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let losses = (0..self.features.len()).map(|i| {
            let (mean, deviation) = self.predictor(i, x);
            let loss = |z: f64| softplus(-BREAST_CANCER.signs[i] * (mean + deviation * z));
            self.nodes.iter().map(|&(z, weight)| weight * loss(z)).sum::<f64>()
        });
        losses.sum::<f64>() / self.count() + self.divergence(x)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.fill(0.0);
        self.analytic_cost(x, g);
        let d = self.dimension();
        for (i, row) in self.features.iter().enumerate() {
            let (mean, deviation) = self.predictor(i, x);
            let sign = BREAST_CANCER.signs[i];
            let (mut by_mean, mut by_deviation) = (0.0, 0.0);
            for &(z, weight) in &self.nodes {
                let slope = -weight * sign * sigmoid(-sign * (mean + deviation * z));
                by_mean += slope;
                by_deviation += slope * z;
            }
            for (j, a) in row.iter().enumerate() {
                g[j] += by_mean * a / self.count();
                g[d + j] += by_deviation * (a * x[d + j].exp()).powi(2) / deviation / self.count();
            }
        }
    }

    fn sampled_cost(&self, z: &[f64], rng: &mut Xoshiro256PlusPlus, slope: &mut [f64]) -> f64 {
        slope.fill(0.0);
        let n = self.features.len();
        match self.batch {
            Some(batch) => {
                let weight = 1.0 / batch as f64;
                let losses =
                    (0..batch).map(|_| self.loss(rng.random_range(0..n), z, weight, slope));
                weight * losses.sum::<f64>()
            }
            None => {
                let weight = 1.0 / self.count();
                weight * (0..n).map(|i| self.loss(i, z, weight, slope)).sum::<f64>()
            }
        }
    }

    fn analytic_cost(&self, x: &[f64], g: &mut [f64]) -> f64 {
        let d = self.dimension();
        for j in 0..d {
            g[j] += x[j] / PRIOR_DEVIATION.powi(2) / self.count();
            g[d + j] += ((2.0 * x[d + j]).exp() / PRIOR_DEVIATION.powi(2) - 1.0) / self.count();
        }
        self.divergence(x)
    }
}
