//! Poisson regression with a logarithmic link.
//!
//! `F(w, b) = mean_i (m_i - y_i ln m_i + y_i ln y_i - y_i) + |w|^2 / (2 n)` with means
//! `m_i = exp(b + w.phi_i)`: half the deviance, in nats per observation. The gradient is
//! not Lipschitz, and the noise grows with the means. The last coordinate is b.
//!
//! - `ebola`: daily onsets in Kikwit 1995 (Khan et al. 1999), 192 days, 10 Gaussian bumps in time;
//! - `sunspots`: yearly numbers 1700 to 2008, cosines and sines of 11, 10, 5.5 and 100 years.
//!   These are overdispersed, and a unit step from the start overshoots by 49 e-folds;
//! - `simulated`: 1000 counts from 12 Gaussian features of decreasing size (reference/poisson.py).

use crate::Problem;
use crate::data::column;
use crate::finite_sum::{
    FiniteSum, add_linear_gradient, add_ridge_gradient, batched, linear, ridge,
};
use std::f64::consts::TAU;

struct Poisson {
    source: &'static str,
    minimum: f64,
    /// Rows without the constant.
    features: Vec<Vec<f64>>,
    counts: Vec<f64>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let sums = [ebola(), sunspots(), simulated()];
    sums.into_iter().flat_map(|sum| batched(sum, [Some(16), None])).collect()
}

// The minima come from damped Newton to gradients of 1e-12 or less (reference/poisson.py).

fn ebola() -> Poisson {
    let table = include_str!("../data/ebola_kikwit_1995.csv");
    let spacing = 191.0 / 9.0;
    let bumps =
        |day: f64| (0..10).map(|j| (-0.5 * (day / spacing - f64::from(j)).powi(2)).exp()).collect();
    Poisson {
        source: "ebola",
        minimum: 0.43744159491006057,
        features: column(table, "day").into_iter().map(bumps).collect(),
        counts: column(table, "onset"),
    }
}

fn sunspots() -> Poisson {
    let table = include_str!("../data/sunspots_yearly.csv");
    let waves = |year: f64| {
        let phases = [11.0, 10.0, 5.5, 100.0].map(|period| TAU * (year - 1700.0) / period);
        phases.iter().map(|t| t.cos()).chain(phases.iter().map(|t| t.sin())).collect()
    };
    Poisson {
        source: "sunspots",
        minimum: 8.032064186912013,
        features: column(table, "year").into_iter().map(waves).collect(),
        counts: column(table, "sunspots"),
    }
}

fn simulated() -> Poisson {
    let table = include_str!("../data/poisson_simulated.csv");
    let columns: Vec<Vec<f64>> = (0..12).map(|j| column(table, &format!("x{j}"))).collect();
    let counts = column(table, "count");
    Poisson {
        source: "simulated",
        minimum: 0.5648046137270843,
        features: (0..counts.len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect(),
        counts,
    }
}

impl Poisson {
    /// The logarithm of the mean.
    fn predictor(&self, i: usize, x: &[f64]) -> f64 {
        linear(&self.features[i], x)
    }
}

impl FiniteSum for Poisson {
    fn name(&self) -> String {
        format!("poisson/{}", self.source)
    }

    fn family(&self) -> &'static str {
        "poisson"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.features[0].len() + 1]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.counts.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let (predictor, y) = (self.predictor(i, x), self.counts[i]);
        let entropy = if y == 0.0 { 0.0 } else { y * y.ln() - y };
        predictor.exp() - y * predictor + entropy
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = weight * (self.predictor(i, x).exp() - self.counts[i]);
        add_linear_gradient(&self.features[i], slope, g);
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(&x[..x.len() - 1], self.len())
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        add_ridge_gradient(&x[..x.len() - 1], self.len(), g);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}
