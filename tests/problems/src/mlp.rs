//! A 64-16-10 network with tanh units on the digits: 1210 parameters, not convex.
//!
//! `F = mean cross entropy + (|W|^2 + |V|^2) / (2 n)` with scores `V tanh(W p + b) + c`, in
//! nats per image. Coordinates: W (16 by 64) row by row, b, V (10 by 16) row by row, c.

use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, add_ridge_gradient, batched, ridge};
use crate::softmax::{cross_entropy, cross_entropy_gradient};
use crate::{Draw, Problem};
use rand::Rng;
use std::ops::Range;

const HIDDEN: usize = 16;
const W: Range<usize> = 0..HIDDEN * 64;
const B: Range<usize> = W.end..W.end + HIDDEN;
const V: Range<usize> = B.end..B.end + 10 * HIDDEN;
const C: Range<usize> = V.end..V.end + 10;

struct Mlp;

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    batched(Mlp, [Some(32), Some(128), None]).collect()
}

impl Mlp {
    fn hidden(i: usize, x: &[f64]) -> [f64; HIDDEN] {
        std::array::from_fn(|h| {
            let row = &x[W][64 * h..64 * (h + 1)];
            (row.iter().zip(&DIGITS.pixels[i]).map(|(w, p)| w * p).sum::<f64>() + x[B][h]).tanh()
        })
    }

    fn scores(hidden: &[f64; HIDDEN], x: &[f64]) -> [f64; 10] {
        std::array::from_fn(|c| {
            let row = &x[V][HIDDEN * c..HIDDEN * (c + 1)];
            row.iter().zip(hidden).map(|(v, h)| v * h).sum::<f64>() + x[C][c]
        })
    }
}

impl FiniteSum for Mlp {
    fn name(&self) -> String {
        "mlp/digits".into()
    }

    fn family(&self) -> &'static str {
        "mlp"
    }

    /// Uniform weights of variance 2 / (inputs + outputs) (Glorot and Bengio, 2010), biases zero.
    fn start(&self) -> Vec<f64> {
        let mut rng = Draw::new(2, 0).rng();
        let mut x = vec![0.0; C.end];
        for (range, units) in [(W, 64 + HIDDEN), (V, HIDDEN + 10)] {
            let bound = (6.0 / units as f64).sqrt();
            x[range].fill_with(|| rng.random_range(-bound..bound));
        }
        x
    }

    /// The best known, not proven: the lowest of 500 L-BFGS runs from random starts, to gradients
    /// of 1e-9; they end in different local minima, 0.0864 to 0.0886 (reference/softmax_mlp.py).
    fn minimum(&self) -> f64 {
        0.08642533554352093
    }

    fn len(&self) -> usize {
        DIGITS.labels.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        cross_entropy(&Self::scores(&Self::hidden(i, x), x), DIGITS.labels[i])
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let hidden = Self::hidden(i, x);
        let slopes = cross_entropy_gradient(&Self::scores(&hidden, x), DIGITS.labels[i]);
        let mut back = [0.0; HIDDEN];
        for (c, slope) in slopes.into_iter().enumerate() {
            for h in 0..HIDDEN {
                back[h] += slope * x[V][HIDDEN * c + h];
                g[V][HIDDEN * c + h] += weight * slope * hidden[h];
            }
            g[C][c] += weight * slope;
        }
        for h in 0..HIDDEN {
            let slope = weight * back[h] * (1.0 - hidden[h] * hidden[h]);
            for (g, p) in g[W][64 * h..].iter_mut().zip(&DIGITS.pixels[i]) {
                *g += slope * p;
            }
            g[B][h] += slope;
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(&x[W], self.len()) + ridge(&x[V], self.len())
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        for weights in [W, V] {
            add_ridge_gradient(&x[weights.clone()], self.len(), &mut g[weights]);
        }
    }
}
