//! Absolute, pinball and hinge losses on single data: the slope of a draw jumps.
//!
//! The pinball loss is `tau (d - q)_+ + (1 - tau) (q - d)_+` for a quantile q of d at level tau.
//!
//! Over continuous distributions kinks average out, so that F is smooth and its minimum known:
//! `F = mean_i E pinball(a_i.x; c_i + s_i e)` over the rows i of a design, e of the logistic or
//! Laplace distribution. A draw has one or 16 pairs of a row and e.
//!
//! - `quantiles`: the 5, 25, 50, 75 and 95 % quantiles of ten logistic distributions with s from
//!   0.1 to 10, each its own coordinate: a single datum is about one of them;
//! - `medians`: the medians of ten Laplace distributions with s from 0.1 to 10;
//! - `line`: the 90 % quantile, linear in five features, of logistic responses whose s is linear,
//!   too.
//!
//! Finite sums keep their kinks, and the minimum is at one (reference/kinks.py):
//!
//! - `nile/absolute`, `nile/pinball`: a line through the flow of the Nile (1e10 cubic metres) by
//!   decades from 1920, with absolute loss and with pinball loss at 0.9;
//! - `tumours/hinge`: `mean_i (1 - y_i (w.a_i + b))_+ + 0.01 |w|_1` of standardized tumours.

mod data;

use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Open01, StandardNormal};
use std::sync::Arc;

/// The distribution of e, with mean 0.
#[derive(Clone, Copy)]
enum Distribution {
    Logistic,
    Laplace,
}

/// One row of the design.
struct Row {
    features: Vec<f64>,
    /// The mean of the datum and its unit.
    center: f64,
    scale: f64,
    level: f64,
}

struct Design {
    source: &'static str,
    distribution: Distribution,
    rows: Vec<Row>,
}

struct Quantiles {
    design: Arc<Design>,
    /// Data a draw.
    samples: usize,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for design in [quantiles(), medians(), line()].map(Arc::new) {
        for samples in [1, 16] {
            all.push(Box::new(Quantiles { design: design.clone(), samples }));
        }
    }
    all.extend(data::problems());
    all
}

/// Each coordinate a quantile of its own distribution.
fn separate(levels: [f64; 10], seed: u64) -> Vec<Row> {
    let mut rng = Draw::new(11, seed).rng();
    let row = |j: usize| {
        let scale = 0.1 * 100f64.powf(j as f64 / 9.0);
        Row {
            features: (0..10).map(|k| f64::from(u8::from(j == k))).collect(),
            center: 3.0 * scale * rng.sample::<f64, _>(StandardNormal),
            scale,
            level: levels[j],
        }
    };
    (0..10).map(row).collect()
}

fn quantiles() -> Design {
    let levels = [0.05, 0.25, 0.5, 0.75, 0.95, 0.95, 0.75, 0.5, 0.25, 0.05];
    Design { source: "quantiles", distribution: Distribution::Logistic, rows: separate(levels, 0) }
}

fn medians() -> Design {
    Design { source: "medians", distribution: Distribution::Laplace, rows: separate([0.5; 10], 1) }
}

fn line() -> Design {
    let mut rng = Draw::new(11, 2).rng();
    let row = |_| {
        let features: Vec<f64> =
            (0..5).map(|k| if k == 4 { 1.0 } else { rng.random_range(0.0..2.0) }).collect();
        let of = |weights: [f64; 5]| features.iter().zip(weights).map(|(a, w)| a * w).sum();
        let (center, scale) = (of([3.0, -2.0, 1.0, 0.5, 2.0]), of([0.5, 1.0, 0.0, 0.2, 0.3]));
        Row { features, center, scale, level: 0.9 }
    };
    Design {
        source: "line",
        distribution: Distribution::Logistic,
        rows: (0..32).map(row).collect(),
    }
}

impl Distribution {
    /// `E (z - e)_+`, whose derivative is the distribution function.
    fn mean_excess(self, z: f64) -> f64 {
        match self {
            Self::Logistic => softplus(z),
            Self::Laplace => z.max(0.0) + 0.5 * (-z.abs()).exp(),
        }
    }

    fn probability_below(self, z: f64) -> f64 {
        match self {
            Self::Logistic => sigmoid(z),
            Self::Laplace if z < 0.0 => 0.5 * z.exp(),
            Self::Laplace => 1.0 - 0.5 * (-z).exp(),
        }
    }

    fn quantile(self, level: f64) -> f64 {
        match self {
            Self::Logistic => (level / (1.0 - level)).ln(),
            Self::Laplace if level < 0.5 => (2.0 * level).ln(),
            Self::Laplace => -(2.0 * (1.0 - level)).ln(),
        }
    }
}

impl Row {
    fn predict(&self, x: &[f64]) -> f64 {
        self.features.iter().zip(x).map(|(a, w)| a * w).sum()
    }

    /// The distance of a prediction from the center, in units.
    fn offset(&self, x: &[f64]) -> f64 {
        (self.predict(x) - self.center) / self.scale
    }

    /// The mean loss where the prediction is this far from the center.
    fn mean_loss(&self, distribution: Distribution, offset: f64) -> f64 {
        self.scale * (distribution.mean_excess(offset) - self.level * offset)
    }

    fn add_gradient(&self, slope: f64, g: &mut [f64]) {
        for (g, a) in g.iter_mut().zip(&self.features) {
            *g += slope * a;
        }
    }
}

impl Quantiles {
    /// The rows and data of a draw.
    fn data(&self, draw: Draw) -> impl Iterator<Item = (&Row, f64)> {
        let mut rng = draw.rng();
        (0..self.samples).map(move |_| {
            let row = &self.design.rows[rng.random_range(0..self.design.rows.len())];
            let error = self.design.distribution.quantile(rng.sample(Open01));
            (row, row.center + row.scale * error)
        })
    }

    fn mean(&self, of_row: impl Fn(&Row) -> f64) -> f64 {
        self.design.rows.iter().map(of_row).sum::<f64>() / self.design.rows.len() as f64
    }
}

impl Problem for Quantiles {
    fn name(&self) -> String {
        format!("kinks/{}/samples={}", self.design.source, self.samples)
    }

    fn family(&self) -> &'static str {
        "kinks"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.design.rows[0].features.len()]
    }

    /// Where each prediction is the quantile of its row.
    fn minimum(&self) -> f64 {
        let distribution = self.design.distribution;
        self.mean(|row| row.mean_loss(distribution, distribution.quantile(row.level)))
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.mean(|row| row.mean_loss(self.design.distribution, row.offset(x)))
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.fill(0.0);
        for row in &self.design.rows {
            let below = self.design.distribution.probability_below(row.offset(x));
            row.add_gradient((below - row.level) / self.design.rows.len() as f64, g);
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        g.fill(0.0);
        for (row, datum) in self.data(draw) {
            let slope = pinball_slope(row.predict(x) - datum, row.level);
            row.add_gradient(slope / self.samples as f64, g);
        }
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let losses = self.data(draw).map(|(row, d)| pinball(row.predict(x) - d, row.level));
        losses.sum::<f64>() / self.samples as f64
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}

/// The loss of a prediction that is too high by `surplus`.
fn pinball(surplus: f64, level: f64) -> f64 {
    surplus * pinball_slope(surplus, level)
}

/// Its derivative, or a subgradient.
fn pinball_slope(surplus: f64, level: f64) -> f64 {
    if surplus > 0.0 { 1.0 - level } else { -level }
}
