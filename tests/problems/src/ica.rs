//! Independent components by maximum likelihood.
//!
//! `F(W) = mean_i sum_k ln cosh(w_k.x_i) - ln |det W|` in nats, sources with a density in
//! proportion to 1 / cosh (Bell and Sejnowski 1995, with the log likelihood of Pham and Garat
//! 1997). Coordinates are the unmixing matrix W row by row; it starts at the identity, and F
//! is infinite where W is singular. A draw sees some of the observations, and the determinant.
//! Minima come in permutations and signs of the rows; each is regular.
//!
//! - `laplace`: 1000 mixtures of 4 Laplace sources by a matrix of condition number 10;
//! - `mixed`: 1000 mixtures of 6 sources: Laplace, Student t (3 degrees), exponential, each twice;
//! - `tumours`: radius, texture, smoothness, symmetry and fractal dimension, standardized.

use crate::data::{BREAST_CANCER, standardize};
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::{Exp1, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::f64::consts::LN_2;

struct Unmixing {
    source: &'static str,
    /// Mixtures, with a mean of zero.
    observations: Vec<Vec<f64>>,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    // Damped Newton from 100 starts (examples/minima.rs).
    let sums = [
        Unmixing::new("laplace", simulated(4, |_, rng| laplace(rng)), -2.4495700114934036),
        Unmixing::new("mixed", simulated(6, mixed), -3.987915488097966),
        Unmixing::new("tumours", tumours(), 0.5812544389892751),
    ];
    sums.into_iter().flat_map(|sum| batched(sum, [Some(1), Some(16)])).collect()
}

/// A difference of two exponential numbers.
fn laplace(rng: &mut Xoshiro256PlusPlus) -> f64 {
    rng.sample::<f64, _>(Exp1) - rng.sample::<f64, _>(Exp1)
}

fn mixed(source: usize, rng: &mut Xoshiro256PlusPlus) -> f64 {
    match source % 3 {
        0 => laplace(rng),
        1 => rng.sample(StudentT::new(3.0).expect("three degrees of freedom are positive")),
        _ => rng.sample::<f64, _>(Exp1) - 1.0,
    }
}

/// 1000 vectors of independent sources, times a matrix with singular values from 1 to 0.1.
fn simulated(sources: usize, sample: fn(usize, &mut Xoshiro256PlusPlus) -> f64) -> Vec<Vec<f64>> {
    let mut rng = Draw::new(6, sources as u64).rng();
    let [left, right] = [(); 2].map(|()| {
        DMatrix::from_fn(sources, sources, |_, _| rng.sample::<f64, _>(StandardNormal)).qr().q()
    });
    let values = (0..sources).map(|k| 0.1f64.powf(k as f64 / (sources - 1) as f64));
    let mixing = left * DMatrix::from_diagonal(&DVector::from_iterator(sources, values)) * right;
    let mixture = |_| {
        let sources = DVector::from_fn(sources, |k, _| sample(k, &mut rng));
        (&mixing * sources).as_slice().to_vec()
    };
    (0..1000).map(mixture).collect()
}

fn tumours() -> Vec<Vec<f64>> {
    let columns = [0, 1, 4, 8, 9];
    let features = BREAST_CANCER.features.iter();
    let mut rows = features.map(|row| columns.map(|j| row[j]).to_vec()).collect::<Vec<_>>();
    standardize(&mut rows);
    rows
}

impl Unmixing {
    fn new(source: &'static str, mut observations: Vec<Vec<f64>>, minimum: f64) -> Self {
        let count = observations.len() as f64;
        for j in 0..observations[0].len() {
            let mean = observations.iter().map(|row| row[j]).sum::<f64>() / count;
            observations.iter_mut().for_each(|row| row[j] -= mean);
        }
        Self { source, observations, minimum }
    }

    fn sources(&self) -> usize {
        self.observations[0].len()
    }

    /// The estimated sources of an observation.
    fn unmixed<'a>(&'a self, i: usize, x: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let observation = &self.observations[i];
        x.chunks_exact(self.sources())
            .map(move |row| row.iter().zip(observation).map(|(w, x)| w * x).sum())
    }

    fn matrix(&self, x: &[f64]) -> DMatrix<f64> {
        DMatrix::from_row_slice(self.sources(), self.sources(), x)
    }
}

impl FiniteSum for Unmixing {
    fn name(&self) -> String {
        format!("ica/{}", self.source)
    }

    fn family(&self) -> &'static str {
        "ica"
    }

    fn start(&self) -> Vec<f64> {
        DMatrix::identity(self.sources(), self.sources()).as_slice().to_vec()
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.observations.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        self.unmixed(i, x).map(ln_cosh).sum()
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let observation = &self.observations[i];
        for (g, source) in g.chunks_exact_mut(self.sources()).zip(self.unmixed(i, x)) {
            let slope = weight * source.tanh();
            for (g, a) in g.iter_mut().zip(observation) {
                *g += slope * a;
            }
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        -self.matrix(x).determinant().abs().ln()
    }

    /// The gradient of the logarithm is the inverse, transposed: what column-major storage is.
    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        match self.matrix(x).try_inverse() {
            Some(inverse) => g.iter_mut().zip(&inverse).for_each(|(g, v)| *g -= v),
            None => g.fill(f64::NAN),
        }
    }
}

/// `ln cosh(t)` without overflow.
pub fn ln_cosh(t: f64) -> f64 {
    t.abs() + (-2.0 * t.abs()).exp().ln_1p() - LN_2
}
