//! Gaussian processes: hyperparameters by maximum posterior, with stochastic traces.
//!
//! `F = [y' K^-1 y / 2 + ln det K / 2 + sum_j (x_j - p_j)^2 / 8] / n + ln(2 pi) / 2` with the
//! covariance `K = a^2 C + s^2 I` of n standardized observations y and normal priors of deviation
//! 2 around p. A draw has the exact slope of the first term, by a Cholesky factor, and for
//! `d ln det K = tr(K^-1 dK)` the mean of `z' K^-1 dK z` over a few probes z of random signs
//! (Hutchinson, 1990). Coordinates: logarithms, of a and s first.
//!
//! - `sunspots`: the square root of the yearly numbers 1969 to 2008,
//!   `C = exp(-|t - u| / l) cos(2 pi (t - u) / q)`; then ln l, ln q, in years;
//! - `tumours`: mean fractal dimension of 40 tumours (each 14th), given mean radius, texture,
//!   smoothness and symmetry, `C = exp(-sum_d (u_d - v_d)^2 / (2 l_d^2))`; then the ln l_d.
//!
//! Where K is not positive definite numerically, F is infinite.

use crate::data::{BREAST_CANCER, column, standardize};
use crate::{Draw, Problem};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rand::Rng;
use std::f64::consts::TAU;
use std::sync::Arc;

const PRIOR_DEVIATION: f64 = 2.0;

enum Correlation {
    /// Damped and periodic, in time.
    Cosine,
    /// Squared exponential with a length for each feature.
    Lengths,
}

struct Data {
    source: &'static str,
    correlation: Correlation,
    inputs: Vec<Vec<f64>>,
    outputs: DVector<f64>,
    /// The middle of the prior, which is the start, too.
    prior: Vec<f64>,
    minimum: f64,
}

struct Process {
    data: Arc<Data>,
    /// Of random signs, a draw.
    probes: usize,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for data in [sunspots(), tumours()].map(Arc::new) {
        for probes in [1, 8] {
            all.push(Box::new(Process { data: data.clone(), probes }));
        }
    }
    all
}

// The minima come from Newton's method (examples/minima_simulation.rs).

fn sunspots() -> Data {
    let table = include_str!("../data/sunspots_yearly.csv");
    let (years, numbers) = (column(table, "year"), column(table, "sunspots"));
    let recent = years.len() - 40;
    let outputs = numbers[recent..].iter().map(|number| vec![number.sqrt()]).collect();
    Data {
        source: "sunspots",
        correlation: Correlation::Cosine,
        inputs: years[recent..].iter().map(|&year| vec![year]).collect(),
        outputs: standardized(outputs),
        // Ten years of memory and of period.
        prior: vec![0.0, -1.0, 10f64.ln(), 10f64.ln()],
        minimum: 0.4329464503783395,
    }
}

fn tumours() -> Data {
    let rows = || BREAST_CANCER.features.iter().step_by(14).take(40);
    let mut inputs: Vec<Vec<f64>> =
        rows().map(|row| [0, 1, 4, 8].map(|j| row[j]).to_vec()).collect();
    standardize(&mut inputs);
    Data {
        source: "tumours",
        correlation: Correlation::Lengths,
        inputs,
        outputs: standardized(rows().map(|row| vec![row[9]]).collect()),
        prior: vec![0.0, -1.0, 0.5, 0.5, 0.5, 0.5],
        minimum: 1.1405014650067937,
    }
}

fn standardized(mut rows: Vec<Vec<f64>>) -> DVector<f64> {
    standardize(&mut rows);
    DVector::from_iterator(rows.len(), rows.iter().map(|row| row[0]))
}

impl Data {
    fn len(&self) -> usize {
        self.outputs.len()
    }

    /// The correlation of two inputs; writes its derivatives by the coordinates from the third on.
    fn correlate(&self, i: usize, j: usize, x: &[f64], slope: &mut [f64]) -> f64 {
        let (a, b) = (&self.inputs[i], &self.inputs[j]);
        match self.correlation {
            Correlation::Cosine => {
                let (decay, phase) =
                    ((a[0] - b[0]).abs() * (-x[2]).exp(), TAU * (a[0] - b[0]) * (-x[3]).exp());
                let damping = (-decay).exp();
                slope[0] = damping * phase.cos() * decay;
                slope[1] = damping * phase.sin() * phase;
                damping * phase.cos()
            }
            Correlation::Lengths => {
                let squares = a.iter().zip(b).zip(&x[2..]);
                for (slope, ((a, b), log)) in slope.iter_mut().zip(squares) {
                    *slope = ((a - b) * (-log).exp()).powi(2);
                }
                let value = (-0.5 * slope.iter().sum::<f64>()).exp();
                slope.iter_mut().for_each(|slope| *slope *= value);
                value
            }
        }
    }

    fn covariance(&self, x: &[f64]) -> Option<Covariance> {
        let (n, kinds) = (self.len(), x.len() - 2);
        let (signal, noise) = ((2.0 * x[0]).exp(), (2.0 * x[1]).exp());
        let mut correlations = DMatrix::identity(n, n);
        let mut slopes = vec![0.0; kinds * n * (n - 1) / 2];
        let mut rest = slopes.chunks_exact_mut(kinds);
        for (i, j) in pairs(n) {
            let slope = rest.next()?;
            correlations[(i, j)] = self.correlate(i, j, x, slope);
            correlations[(j, i)] = correlations[(i, j)];
        }
        let mut covariance = signal * &correlations;
        for i in 0..n {
            covariance[(i, i)] += noise;
        }
        if !covariance.iter().all(|c| c.is_finite()) {
            return None;
        }
        Some(Covariance { factor: Cholesky::new(covariance)?, correlations, slopes, signal, noise })
    }

    /// The gradient, with the inverse of K in the trace replaced by a matrix whose mean it is.
    fn slopes(
        &self,
        x: &[f64],
        inverse: impl FnOnce(&Cholesky<f64, Dyn>) -> DMatrix<f64>,
        g: &mut [f64],
    ) {
        let Some(covariance) = self.covariance(x) else {
            return g.fill(f64::NAN);
        };
        let Covariance { factor, correlations, slopes, signal, noise } = covariance;
        let n = self.len();
        let weights = factor.solve(&self.outputs);
        // The inner product of m and dK is n dF; dK is symmetric, so m need not be.
        let m = 0.5 * (inverse(&factor) - &weights * weights.transpose());
        g.fill(0.0);
        g[0] = 2.0 * signal * m.dot(&correlations);
        g[1] = 2.0 * noise * m.trace();
        for ((i, j), slope) in pairs(n).zip(slopes.chunks_exact(x.len() - 2)) {
            let weight = signal * (m[(i, j)] + m[(j, i)]);
            for (g, slope) in g[2..].iter_mut().zip(slope) {
                *g += weight * slope;
            }
        }
        for ((g, x), p) in g.iter_mut().zip(x).zip(&self.prior) {
            *g = (*g + (x - p) / PRIOR_DEVIATION.powi(2)) / n as f64;
        }
    }
}

/// The places below the diagonal.
fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(|i| (0..i).map(move |j| (i, j)))
}

/// K and what it is made of.
struct Covariance {
    factor: Cholesky<f64, Dyn>,
    /// C, and the derivatives of its places below the diagonal by the coordinates from the third on.
    correlations: DMatrix<f64>,
    slopes: Vec<f64>,
    signal: f64,
    noise: f64,
}

impl Problem for Process {
    fn name(&self) -> String {
        format!("gp/{}/probes={}", self.data.source, self.probes)
    }

    fn family(&self) -> &'static str {
        "gp"
    }

    fn start(&self) -> Vec<f64> {
        self.data.prior.clone()
    }

    fn minimum(&self) -> f64 {
        self.data.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let Some(Covariance { factor, .. }) = self.data.covariance(x) else {
            return f64::INFINITY;
        };
        let fit = 0.5 * self.data.outputs.dot(&factor.solve(&self.data.outputs));
        let log_root = factor.l_dirty().diagonal().iter().map(|l| l.ln()).sum::<f64>();
        let prior: f64 = x.iter().zip(&self.data.prior).map(|(x, p)| (x - p).powi(2)).sum();
        let prior = 0.5 * prior / PRIOR_DEVIATION.powi(2);
        (fit + log_root + prior) / self.data.len() as f64 + 0.5 * TAU.ln()
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        self.data.slopes(x, |factor| factor.inverse(), g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let mut rng = draw.rng();
        let sign = |_, _| if rng.random::<bool>() { 1.0 } else { -1.0 };
        let probes = DMatrix::from_fn(self.data.len(), self.probes, sign);
        let estimate = |factor: &Cholesky<f64, Dyn>| {
            factor.solve(&probes) * probes.transpose() / self.probes as f64
        };
        self.data.slopes(x, estimate, g);
    }

    /// The exact cost: an estimated trace is no gradient.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        false
    }
}
