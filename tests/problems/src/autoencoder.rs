//! Auto-encoders 64-5-64 of the first 200 digits.
//!
//! `F = mean_i |V tanh(W (p_i - 1/2) + b) + c - p_i|^2 / 2 + (r / 2) (|W|^2 + |V|^2)`, in grey
//! levels squared, with r = 0.01. Coordinates: the 5 by 64 W row by row, V transposed in the same
//! order unless it is tied to W (`V = W^T`), b, c.

use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use rand::Rng;

const PIXELS: usize = 64;
const CODES: usize = 5;
const WEIGHTS: usize = CODES * PIXELS;
const IMAGES: usize = 200;
const RIDGE: f64 = 0.01;

struct AutoEncoder {
    tied: bool,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let networks = [true, false].map(|tied| AutoEncoder { tied });
    networks.into_iter().flat_map(|network| batched(network, [Some(1), Some(16)])).collect()
}

impl AutoEncoder {
    /// Where the weights of the decoder begin.
    fn decoder(&self) -> usize {
        if self.tied { 0 } else { WEIGHTS }
    }

    /// Where b begins, after all the weights.
    fn biases(&self) -> usize {
        self.decoder() + WEIGHTS
    }

    fn codes(&self, i: usize, x: &[f64]) -> [f64; CODES] {
        let b = self.biases();
        std::array::from_fn(|h| {
            let row = &x[PIXELS * h..PIXELS * (h + 1)];
            let dot: f64 = row.iter().zip(&DIGITS.pixels[i]).map(|(w, p)| w * (p - 0.5)).sum();
            (dot + x[b + h]).tanh()
        })
    }

    fn residuals(&self, i: usize, codes: &[f64; CODES], x: &[f64]) -> [f64; PIXELS] {
        let c = self.biases() + CODES;
        let mut residuals: [f64; PIXELS] = std::array::from_fn(|j| x[c + j] - DIGITS.pixels[i][j]);
        for (row, code) in x[self.decoder()..].chunks_exact(PIXELS).zip(codes) {
            for (residual, v) in residuals.iter_mut().zip(row) {
                *residual += v * code;
            }
        }
        residuals
    }
}

impl FiniteSum for AutoEncoder {
    fn name(&self) -> String {
        format!("autoencoder/digits/{}", if self.tied { "tied" } else { "untied" })
    }

    fn family(&self) -> &'static str {
        "autoencoder"
    }

    /// Uniform weights of variance 2 / (inputs + outputs) (Glorot and Bengio, 2010), biases zero.
    fn start(&self) -> Vec<f64> {
        let mut rng = Draw::new(43, 0).rng();
        let bound = (6.0 / (PIXELS + CODES) as f64).sqrt();
        let mut x = vec![0.0; self.biases() + CODES + PIXELS];
        x[..self.biases()].fill_with(|| rng.random_range(-bound..bound));
        x
    }

    /// The best known, not proven: the lowest of BFGS runs from the start and from random points
    /// (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        if self.tied { 0.9513335126494297 } else { 0.9362150474597076 }
    }

    fn len(&self) -> usize {
        IMAGES
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let residuals = self.residuals(i, &self.codes(i, x), x);
        0.5 * residuals.iter().map(|r| r * r).sum::<f64>()
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let codes = self.codes(i, x);
        let residuals = self.residuals(i, &codes, x).map(|r| weight * r);
        let (decoder, b) = (self.decoder(), self.biases());
        for (h, code) in codes.into_iter().enumerate() {
            let row = decoder + PIXELS * h..decoder + PIXELS * (h + 1);
            let mut back = 0.0;
            for ((g, v), r) in g[row.clone()].iter_mut().zip(&x[row]).zip(residuals) {
                *g += r * code;
                back += r * v;
            }
            back *= 1.0 - code * code;
            for (g, p) in g[PIXELS * h..].iter_mut().zip(&DIGITS.pixels[i]) {
                *g += back * (p - 0.5);
            }
            g[b + h] += back;
        }
        for (g, r) in g[b + CODES..].iter_mut().zip(residuals) {
            *g += r;
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        // Tied weights are two matrices of the same size.
        let copies = if self.tied { 2.0 } else { 1.0 };
        0.5 * RIDGE * copies * x[..self.biases()].iter().map(|w| w * w).sum::<f64>()
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        let copies = if self.tied { 2.0 } else { 1.0 };
        for (g, w) in g[..self.biases()].iter_mut().zip(x) {
            *g += copies * RIDGE * w;
        }
    }

    fn no_limit(&self) -> Option<&'static str> {
        Some("several minima")
    }
}
