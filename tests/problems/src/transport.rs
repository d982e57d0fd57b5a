//! Entropic optimal transport by sampled points (Genevay et al., 2016).
//!
//! - `digits`: the semi-dual. The ink of a 0, one grain for each of the 16 grey levels of a pixel,
//!   is moved to the pixels j of a 1, which hold shares b_j of its ink; c_ij is the squared
//!   distance in units of the width of the image. Over the potentials v of the pixels with ink
//!   `F(v) = mean_i eps ln sum_j b_j exp((v_j - c_ij) / eps) - sum_j b_j v_j + (mean v)^2 / 2`,
//!   with one grain i a term. (The images are the first two of the data.)
//! - `pairs`: the dual of 24 points in the unit square and 24 around its corners, simulated:
//!   `F(u, v) = mean_ij [eps exp((u_i + v_j - c_ij) / eps) - eps - u_i - v_j] + (mean u - mean v)^2 / 2`
//!   with one pair a term, so that a draw leaves most coordinates alone.
//!
//! Both are convex. The squares fix the constant that the potentials are known up to, and do not
//! change the minimum.

use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

const SIDE: usize = 24;

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for (regularization, minimum) in [(0.1, -0.11943483618076578), (0.02, -0.05717971183554586)] {
        all.extend(batched(Digits::new(regularization, minimum), [Some(1), Some(16)]));
    }
    all.extend(batched(Pairs::new(), [Some(16), Some(128)]));
    all
}

// The minima come from Newton's method (examples/minima_simulation.rs).

struct Digits {
    regularization: f64,
    minimum: f64,
    /// Squared distances from a grain to the pixels of the target, by grain.
    distances: Vec<Vec<f64>>,
    /// Shares of ink of the pixels of the target.
    shares: Vec<f64>,
}

impl Digits {
    fn new(regularization: f64, minimum: f64) -> Self {
        let grains = |image: usize| {
            let pixels = DIGITS.pixels[image].iter().enumerate();
            pixels.map(|(pixel, grey)| (pixel, (16.0 * grey).round())).filter(|(_, n)| *n > 0.0)
        };
        let total: f64 = grains(1).map(|(_, n)| n).sum();
        let targets: Vec<usize> = grains(1).map(|(pixel, _)| pixel).collect();
        let to_targets = |from: usize| -> Vec<f64> {
            let gap = |a: usize, b: usize| (a.abs_diff(b) as f64 / 8.0).powi(2);
            let distance = |&to: &usize| gap(from / 8, to / 8) + gap(from % 8, to % 8);
            targets.iter().map(distance).collect()
        };
        let distances =
            grains(0).flat_map(|(pixel, n)| vec![to_targets(pixel); n as usize]).collect();
        let shares = grains(1).map(|(_, n)| n / total).collect();
        Self { regularization, minimum, distances, shares }
    }

    /// The exponents of a grain, the largest of them, and the sum of the exponentials over that.
    fn exponents(&self, i: usize, v: &[f64]) -> (Vec<f64>, f64, f64) {
        let exponents =
            v.iter().zip(&self.distances[i]).map(|(v, c)| (v - c) / self.regularization);
        let exponents: Vec<f64> = exponents.collect();
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum = exponents.iter().zip(&self.shares).map(|(e, b)| b * (e - top).exp()).sum();
        (exponents, top, sum)
    }
}

impl FiniteSum for Digits {
    fn name(&self) -> String {
        format!("transport/digits/eps={}", self.regularization)
    }

    fn family(&self) -> &'static str {
        "transport"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.shares.len()]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.distances.len()
    }

    fn term(&self, i: usize, v: &[f64]) -> f64 {
        let (_, top, sum) = self.exponents(i, v);
        let mean: f64 = self.shares.iter().zip(v).map(|(b, v)| b * v).sum();
        self.regularization * (top + sum.ln()) - mean
    }

    fn add_term_gradient(&self, i: usize, v: &[f64], weight: f64, g: &mut [f64]) {
        let (exponents, top, sum) = self.exponents(i, v);
        for (j, b) in self.shares.iter().enumerate() {
            g[j] += weight * b * ((exponents[j] - top).exp() / sum - 1.0);
        }
    }

    fn regularizer(&self, v: &[f64]) -> f64 {
        0.5 * mean(v).powi(2)
    }

    fn add_regularizer_gradient(&self, v: &[f64], g: &mut [f64]) {
        let slope = mean(v) / v.len() as f64;
        g.iter_mut().for_each(|g| *g += slope);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

struct Pairs {
    /// Squared distances, row by row.
    distances: Vec<f64>,
}

impl Pairs {
    const REGULARIZATION: f64 = 0.1;

    fn new() -> Self {
        let source = |i: usize| {
            let mut rng = Draw::new(37, i as u64).rng();
            [rng.random::<f64>(), rng.random::<f64>()]
        };
        let target = |j: usize| {
            let mut rng = Draw::new(41, j as u64).rng();
            let corner = [(j % 2) as f64, (j / 2 % 2) as f64];
            corner.map(|at| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                at + 0.1 * normal
            })
        };
        let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
        let pairs = (0..SIDE * SIDE).map(|k| distance(source(k / SIDE), target(k % SIDE)));
        Self { distances: pairs.collect() }
    }

    /// The density of the plan at a pair, against the product of both measures.
    fn density(&self, k: usize, x: &[f64]) -> f64 {
        let sum = x[k / SIDE] + x[SIDE + k % SIDE];
        ((sum - self.distances[k]) / Self::REGULARIZATION).exp()
    }

    fn shift(x: &[f64]) -> f64 {
        mean(&x[..SIDE]) - mean(&x[SIDE..])
    }
}

impl FiniteSum for Pairs {
    fn name(&self) -> String {
        "transport/pairs".into()
    }

    fn family(&self) -> &'static str {
        "transport"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; 2 * SIDE]
    }

    fn minimum(&self) -> f64 {
        -0.35574767474734026
    }

    fn len(&self) -> usize {
        self.distances.len()
    }

    fn term(&self, k: usize, x: &[f64]) -> f64 {
        let sum = x[k / SIDE] + x[SIDE + k % SIDE];
        Self::REGULARIZATION * (self.density(k, x) - 1.0) - sum
    }

    fn add_term_gradient(&self, k: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = weight * (self.density(k, x) - 1.0);
        g[k / SIDE] += slope;
        g[SIDE + k % SIDE] += slope;
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        0.5 * Self::shift(x).powi(2)
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        let slope = Self::shift(x) / SIDE as f64;
        g[..SIDE].iter_mut().for_each(|g| *g += slope);
        g[SIDE..].iter_mut().for_each(|g| *g -= slope);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}
