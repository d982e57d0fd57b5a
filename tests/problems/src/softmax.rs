//! Softmax regression of the digits (1797 images of 64 pixels, 10 classes).
//!
//! `F = mean_i (ln sum_c exp(z_ic) - z_i,label) + |W|^2 / (2 n)` with `z_i = W p_i + b`, in
//! nats per image. Coordinates: the 10 by 64 weights row by row, then the 10 biases, whose
//! common shift does not matter (the Hessian is singular along it).

use crate::Problem;
use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, add_ridge_gradient, batched, ridge};

const CLASSES: usize = 10;
const WEIGHTS: usize = CLASSES * 64;

struct Softmax;

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    batched(Softmax, [Some(8), Some(32), Some(128), None]).collect()
}

impl Softmax {
    fn scores(i: usize, x: &[f64]) -> [f64; CLASSES] {
        std::array::from_fn(|c| {
            let row = &x[64 * c..64 * (c + 1)];
            row.iter().zip(&DIGITS.pixels[i]).map(|(w, p)| w * p).sum::<f64>() + x[WEIGHTS + c]
        })
    }
}

impl FiniteSum for Softmax {
    fn name(&self) -> String {
        "softmax/digits".into()
    }

    fn family(&self) -> &'static str {
        "softmax"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; WEIGHTS + CLASSES]
    }

    /// L-BFGS, then Newton with conjugate gradients to a gradient of 1e-16 (reference/softmax_mlp.py).
    fn minimum(&self) -> f64 {
        0.19952640385863146
    }

    fn len(&self) -> usize {
        DIGITS.labels.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        cross_entropy(&Self::scores(i, x), DIGITS.labels[i])
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slopes = cross_entropy_gradient(&Self::scores(i, x), DIGITS.labels[i]);
        for (c, slope) in slopes.into_iter().enumerate() {
            for (g, p) in g[64 * c..].iter_mut().zip(&DIGITS.pixels[i]) {
                *g += weight * slope * p;
            }
            g[WEIGHTS + c] += weight * slope;
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(&x[..WEIGHTS], self.len())
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        add_ridge_gradient(&x[..WEIGHTS], self.len(), g);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}

/// `ln sum exp(scores) - scores[label]`.
pub fn cross_entropy(scores: &[f64; CLASSES], label: usize) -> f64 {
    let top = scores.iter().fold(f64::NEG_INFINITY, |top, s| top.max(*s));
    scores.iter().map(|s| (s - top).exp()).sum::<f64>().ln() + top - scores[label]
}

/// The derivatives of [`cross_entropy`] by the scores.
pub fn cross_entropy_gradient(scores: &[f64; CLASSES], label: usize) -> [f64; CLASSES] {
    let top = scores.iter().fold(f64::NEG_INFINITY, |top, s| top.max(*s));
    let mut slopes = scores.map(|s| (s - top).exp());
    let sum: f64 = slopes.iter().sum();
    slopes = slopes.map(|s| s / sum);
    slopes[label] -= 1.0;
    slopes
}
