//! Recurrent networks of tanh units that predict from a window of a series.
//!
//! `F = mean_i (v.h_iT + c - y_i)^2 / 2 + (r / 2) (|a|^2 + |W|^2 + |b|^2 + |v|^2)` with
//! `h_it = tanh(a u_it + W h_i,t-1 + b)`, `h_i0 = 0` (Elman 1990) and r = 1e-3. Coordinates: a, b, v,
//! the square W row by row, c.
//!
//! - `sunspots`: the square root of the yearly number over 10, from the twelve years before; five
//!   units.
//! - `delay`: `y = u_T-3 + u_T-1 u_T / 2` of eight simulated inputs, uniform on [-1, 1]; eight
//!   units that have to remember, 300 windows.

use crate::data::column;
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use rand::Rng;

const RIDGE: f64 = 1e-3;

struct Rnn {
    name: &'static str,
    units: usize,
    windows: Vec<Vec<f64>>,
    targets: Vec<f64>,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let networks = [sunspots(), delay()];
    networks.into_iter().flat_map(|network| batched(network, [Some(1), Some(16)])).collect()
}

fn sunspots() -> Rnn {
    let numbers = column(include_str!("../data/sunspots_yearly.csv"), "sunspots");
    let series: Vec<f64> = numbers.iter().map(|number| number.sqrt() / 10.0).collect();
    let window = 12;
    Rnn {
        name: "sunspots",
        units: 5,
        windows: series.windows(window + 1).map(|years| years[..window].to_vec()).collect(),
        targets: series[window..].to_vec(),
        minimum: 0.007427287730139255,
    }
}

fn delay() -> Rnn {
    let mut rng = Draw::new(44, 0).rng();
    let windows: Vec<Vec<f64>> =
        (0..300).map(|_| (0..8).map(|_| rng.random_range(-1.0..1.0)).collect()).collect();
    Rnn {
        name: "delay",
        units: 8,
        targets: windows.iter().map(|u| u[4] + 0.5 * u[6] * u[7]).collect(),
        windows,
        minimum: 0.005302874595396842,
    }
}

impl Rnn {
    /// The hidden states of a window, from the zeros before it on, and the residual.
    fn forward(&self, i: usize, x: &[f64]) -> (Vec<f64>, f64) {
        let n = self.units;
        let mut states = vec![0.0; n * (self.windows[i].len() + 1)];
        for (t, u) in self.windows[i].iter().enumerate() {
            let (before, after) = states.split_at_mut(n * (t + 1));
            let before = &before[n * t..];
            for (k, row) in x[3 * n..3 * n + n * n].chunks_exact(n).enumerate() {
                let recurrent: f64 = row.iter().zip(before).map(|(w, h)| w * h).sum();
                after[k] = (x[k] * u + recurrent + x[n + k]).tanh();
            }
        }
        let last = &states[states.len() - n..];
        let output: f64 = x[2 * n..].iter().zip(last).map(|(v, h)| v * h).sum();
        (states, output + x[x.len() - 1] - self.targets[i])
    }
}

impl FiniteSum for Rnn {
    fn name(&self) -> String {
        format!("rnn/{}", self.name)
    }

    fn family(&self) -> &'static str {
        "rnn"
    }

    /// Uniform in 1 / sqrt(units) about zero, as in PyTorch.
    fn start(&self) -> Vec<f64> {
        let mut rng = Draw::new(45, 0).rng();
        let bound = 1.0 / (self.units as f64).sqrt();
        (0..self.units * (self.units + 3) + 1).map(|_| rng.random_range(-bound..bound)).collect()
    }

    /// The best known, not proven: the lowest of BFGS runs from the start and from random points
    /// (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.targets.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        0.5 * self.forward(i, x).1.powi(2)
    }

    /// Backpropagation through time.
    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let n = self.units;
        let (states, residual) = self.forward(i, x);
        let slope = weight * residual;
        for (g, h) in g[2 * n..].iter_mut().zip(&states[states.len() - n..]) {
            *g += slope * h;
        }
        g[x.len() - 1] += slope;
        let mut back: Vec<f64> = x[2 * n..3 * n].iter().map(|v| slope * v).collect();
        for (t, u) in self.windows[i].iter().enumerate().rev() {
            let (before, after) = states[n * t..n * (t + 2)].split_at(n);
            let mut earlier = vec![0.0; n];
            for k in 0..n {
                let slope = back[k] * (1.0 - after[k] * after[k]);
                g[k] += slope * u;
                g[n + k] += slope;
                let row = 3 * n + n * k;
                for j in 0..n {
                    g[row + j] += slope * before[j];
                    earlier[j] += slope * x[row + j];
                }
            }
            back = earlier;
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        0.5 * RIDGE * x[..x.len() - 1].iter().map(|w| w * w).sum::<f64>()
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        for (g, w) in g.iter_mut().zip(&x[..x.len() - 1]) {
            *g += RIDGE * w;
        }
    }

    fn no_limit(&self) -> Option<&'static str> {
        // Most runs on the other series end in the same minimum, up to the order of the units.
        (self.name == "sunspots").then_some("several minima")
    }
}
