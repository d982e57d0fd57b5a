//! Positive signals behind a blur and photon noise.
//!
//! Detector pixel i counts Poisson photons with mean `m_i = sum_j B_ij p(x_j) + b`, where the
//! intensities p(x_j) are positive by construction and the background b = 0.5 is known. F(x) is
//! `mean_i (m_i - y_i ln m_i + y_i ln y_i - y_i)` with the penalties
//! `r / (2 n) sum_(j,k) (x_j - x_k)^2` over neighbours (j, k) and `1e-4 / (2 n) sum_j (x_j - x0)^2`,
//! x0 being the start. A draw sees some detector pixels.
//!
//! - `spectrum`: 32 channels, p = exp, two lines on a floor, simulated; a normal blur of deviation
//!   1.5 channels, cut at 4, r = 0.1;
//! - `digit`: the 8 by 8 pixels of the first digit of the data, p = softplus, 8 + 4 x grey level
//!   photons (0 to 16); a blur of weights 1, 2, 1 along rows and columns, r = 1e-3.
//!
//! Photons that a blur moves beyond the edge are lost.

use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, batched};
use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use rand_distr::{Distribution, Poisson};

const BACKGROUND: f64 = 0.5;
const RIDGE: f64 = 1e-4;

#[derive(Clone, Copy)]
enum Positive {
    Exp,
    Softplus,
}

struct Blurred {
    source: &'static str,
    positive: Positive,
    /// The pixels that a detector pixel sees, and their weights.
    blur: Vec<Vec<(usize, f64)>>,
    counts: Vec<f64>,
    neighbours: Vec<(usize, usize)>,
    smoothness: f64,
    start: f64,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    [spectrum(), digit()].into_iter().flat_map(|sum| batched(sum, [Some(4), Some(16)])).collect()
}

// The minima come from Newton's method (examples/minima_simulation.rs).

fn spectrum() -> Blurred {
    let n = 32;
    let line = |j: usize, at: f64, width: f64| (-0.5 * ((j as f64 - at) / width).powi(2)).exp();
    let truth = (0..n).map(|j| 2.0 + 60.0 * line(j, 10.0, 1.0) + 25.0 * line(j, 18.0, 2.0));
    let weight = |i: usize, j: usize| (-0.5 * (i.abs_diff(j) as f64 / 1.5).powi(2)).exp();
    let total: f64 = (0..9).map(|j| weight(4, j)).sum();
    let seen = |i: usize| {
        let pixels = (0..n).filter(|j| i.abs_diff(*j) <= 4);
        pixels.map(|j| (j, weight(i, j) / total)).collect()
    };
    let blur: Vec<Vec<(usize, f64)>> = (0..n).map(seen).collect();
    Blurred {
        source: "spectrum",
        positive: Positive::Exp,
        counts: counts(&blur, &truth.collect::<Vec<_>>(), 43),
        blur,
        neighbours: (1..n).map(|j| (j - 1, j)).collect(),
        smoothness: 0.1,
        start: 2.0,
        minimum: 0.4115072508007048,
    }
}

fn digit() -> Blurred {
    let truth: Vec<f64> = DIGITS.pixels[0].iter().map(|grey| 8.0 + 64.0 * grey).collect();
    let weight = |i: usize, j: usize| match i.abs_diff(j) {
        0 => 0.5,
        1 => 0.25,
        _ => 0.0,
    };
    let seen = |i: usize| {
        let pixels = (0..64).map(|j| (j, weight(i / 8, j / 8) * weight(i % 8, j % 8)));
        pixels.filter(|(_, weight)| *weight > 0.0).collect()
    };
    let blur: Vec<Vec<(usize, f64)>> = (0..64).map(seen).collect();
    let along_rows = (0..64).filter(|j| j % 8 > 0).map(|j| (j - 1, j));
    Blurred {
        source: "digit",
        positive: Positive::Softplus,
        counts: counts(&blur, &truth, 47),
        blur,
        neighbours: along_rows.chain((8..64).map(|j| (j - 8, j))).collect(),
        smoothness: 1e-3,
        start: 20.0,
        minimum: 0.730561867305277,
    }
}

/// Photons behind the blur.
fn counts(blur: &[Vec<(usize, f64)>], truth: &[f64], seed: u64) -> Vec<f64> {
    let count = |(i, seen): (usize, &Vec<(usize, f64)>)| {
        let mean = seen.iter().map(|&(j, weight)| weight * truth[j]).sum::<f64>() + BACKGROUND;
        let poisson = Poisson::new(mean).expect("a positive mean");
        poisson.sample(&mut Draw::new(seed, i as u64).rng())
    };
    blur.iter().enumerate().map(count).collect()
}

impl Positive {
    fn value(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::Softplus => softplus(x),
        }
    }

    fn slope(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::Softplus => sigmoid(x),
        }
    }
}

impl Blurred {
    fn mean(&self, i: usize, x: &[f64]) -> f64 {
        let seen = self.blur[i].iter().map(|&(j, weight)| weight * self.positive.value(x[j]));
        seen.sum::<f64>() + BACKGROUND
    }
}

impl FiniteSum for Blurred {
    fn name(&self) -> String {
        format!("deblurring/{}", self.source)
    }

    fn family(&self) -> &'static str {
        "deblurring"
    }

    /// A constant intensity near the mean of the counts.
    fn start(&self) -> Vec<f64> {
        vec![self.start; self.counts.len()]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.counts.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let (mean, y) = (self.mean(i, x), self.counts[i]);
        let entropy = if y == 0.0 { 0.0 } else { y * y.ln() - y };
        mean - y * mean.ln() + entropy
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = weight * (1.0 - self.counts[i] / self.mean(i, x));
        for &(j, blur) in &self.blur[i] {
            g[j] += slope * blur * self.positive.slope(x[j]);
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        let rough: f64 = self.neighbours.iter().map(|&(j, k)| (x[j] - x[k]).powi(2)).sum();
        let ridge: f64 = x.iter().map(|x| (x - self.start).powi(2)).sum();
        0.5 * (self.smoothness * rough + RIDGE * ridge) / x.len() as f64
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        let n = x.len() as f64;
        for &(j, k) in &self.neighbours {
            let slope = self.smoothness * (x[j] - x[k]) / n;
            g[j] += slope;
            g[k] -= slope;
        }
        for (g, x) in g.iter_mut().zip(x) {
            *g += RIDGE * (x - self.start) / n;
        }
    }
}
