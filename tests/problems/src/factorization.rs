//! Matrix factorization from a small random start.
//!
//! `F(U, V) = (sum over observed (i, j) of (u_i.v_j - a_ij)^2 + lambda (|U|^2 + |V|^2)) / (2 N)`
//! with N observed entries; a draw sees some of them, and the ridge in full. Coordinates: the
//! rows u of U, then the rows v of V, each of length r. The origin is a saddle; rotations of
//! the factors do not matter (the Hessian is singular along them).
//!
//! - `complete`: 20 by 15, rank 3 with noise of standard deviation 0.1, all entries;
//! - `missing`: 30 by 20, rank 2 with the same noise, half of the entries;
//! - `digits`: the first 100 images of 64 pixels, rank 4; eleven pixels are always blank.

use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use nalgebra::DMatrix;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

struct Factorization {
    source: &'static str,
    rows: usize,
    columns: usize,
    rank: usize,
    /// The ridge lambda.
    ridge: f64,
    entries: Vec<(usize, usize, f64)>,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let complete = batched(complete(), [Some(1), Some(16), None]);
    let missing = batched(missing(), [Some(1), Some(16), None]);
    let digits = batched(digits(), [Some(16), Some(128)]);
    complete.chain(missing).chain(digits).collect()
}

fn complete() -> Factorization {
    let entries = simulated(20, 15, 3, 1.0);
    let minimum = complete_minimum(20, 15, 3, 1.0, &entries);
    Factorization {
        source: "complete",
        rows: 20,
        columns: 15,
        rank: 3,
        ridge: 1.0,
        entries,
        minimum,
    }
}

fn missing() -> Factorization {
    Factorization {
        source: "missing",
        rows: 30,
        columns: 20,
        rank: 2,
        ridge: 0.5,
        entries: simulated(30, 20, 2, 0.5),
        // Damped Newton from 50 starts (examples/minima.rs).
        minimum: 0.08434486176245427,
    }
}

fn digits() -> Factorization {
    let image = |i: usize| (0..64).map(move |j| (i, j, DIGITS.pixels[i][j]));
    let entries: Vec<_> = (0..100).flat_map(image).collect();
    let minimum = complete_minimum(100, 64, 4, 1.0, &entries);
    Factorization {
        source: "digits",
        rows: 100,
        columns: 64,
        rank: 4,
        ridge: 1.0,
        entries,
        minimum,
    }
}

/// A product of normal factors plus noise, each entry observed with the given probability.
fn simulated(rows: usize, columns: usize, rank: usize, observed: f64) -> Vec<(usize, usize, f64)> {
    let mut rng = Draw::new(2, rows as u64).rng();
    let mut normal =
        |size: usize| -> Vec<f64> { (0..size).map(|_| StandardNormal.sample(&mut rng)).collect() };
    let (u, v) = (normal(rows * rank), normal(columns * rank));
    let noise = normal(rows * columns);
    let mut entries = Vec::new();
    for i in 0..rows {
        for j in 0..columns {
            if rng.random::<f64>() < observed {
                let product: f64 = (0..rank).map(|k| u[i * rank + k] * v[j * rank + k]).sum();
                entries.push((i, j, product + 0.1 * noise[i * columns + j]));
            }
        }
    }
    entries
}

/// With all entries seen, the ridge takes lambda from each singular value s (Srebro 2004): the
/// r largest cost `min(s^2, 2 lambda s - lambda^2) / (2 N)`, the others `s^2 / (2 N)`.
fn complete_minimum(
    rows: usize,
    columns: usize,
    rank: usize,
    ridge: f64,
    entries: &[(usize, usize, f64)],
) -> f64 {
    let matrix = DMatrix::from_row_iterator(rows, columns, entries.iter().map(|entry| entry.2));
    let mut values: Vec<f64> = matrix.singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let costs = values
        .iter()
        .enumerate()
        .map(|(k, s)| if k < rank && *s > ridge { 2.0 * ridge * s - ridge * ridge } else { s * s });
    costs.sum::<f64>() / (2 * entries.len()) as f64
}

impl Factorization {
    /// The factors of an entry, by their first coordinates, and its residual.
    fn residual(&self, i: usize, x: &[f64]) -> (usize, usize, f64) {
        let (row, column, value) = self.entries[i];
        let (u, v) = (row * self.rank, (self.rows + column) * self.rank);
        let product: f64 = (0..self.rank).map(|k| x[u + k] * x[v + k]).sum();
        (u, v, product - value)
    }
}

impl FiniteSum for Factorization {
    fn name(&self) -> String {
        format!("factorization/{}", self.source)
    }

    fn family(&self) -> &'static str {
        "factorization"
    }

    /// Normal with standard deviation 0.1.
    fn start(&self) -> Vec<f64> {
        let mut rng = Draw::new(3, self.rows as u64).rng();
        let count = (self.rows + self.columns) * self.rank;
        (0..count).map(|_| 0.1 * rng.sample::<f64, _>(StandardNormal)).collect()
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        0.5 * self.residual(i, x).2.powi(2)
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let (u, v, residual) = self.residual(i, x);
        for k in 0..self.rank {
            g[u + k] += weight * residual * x[v + k];
            g[v + k] += weight * residual * x[u + k];
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        self.ridge * x.iter().map(|x| x * x).sum::<f64>() / (2 * self.len()) as f64
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        for (g, x) in g.iter_mut().zip(x) {
            *g += self.ridge * x / self.len() as f64;
        }
    }

    fn no_limit(&self) -> Option<&'static str> {
        Some("rotations of the factors")
    }
}
