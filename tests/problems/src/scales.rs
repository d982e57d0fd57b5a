//! Coordinates in units from 1e-6 to 1e6.
//!
//! - `quadratic`: `F(x) = E (a.(y - c) - e)^2 / 2`, least squares in `y_i = x_i / s_i`, with
//!   normal regressors a of covariance A (condition number 100, in a random basis) and noise e
//!   of standard deviation 0.5. `F = (y - c)' A (y - c) / 2 + 1/8`;
//! - `logistic`: the regression of standardized tumours (`logistic/standardized`) in
//!   coordinates over the scales, from zero, where nothing tells them;
//! - `exponential`: `mean_i ((y_i - p exp(-k t_i) - d z_i) / 1e4)^2 / 2`, 60 simulated times t up
//!   to 1e6 seconds, p near 2e6, k near 3e-6 per second, d near 2.5; noise of 1e4.
//!
//! The scales s run from 1e-6 to 1e6 in geometric progression, shuffled. Draws have the noise of
//! observations: it ends with the residuals, unlike that of `quadratic/scaled`.

use crate::data::{BREAST_CANCER, standardize};
use crate::finite_sum::{
    FiniteSum, add_linear_gradient, add_ridge_gradient, batched, linear, ridge,
};
use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::StandardNormal;
use std::sync::Arc;

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for n in [7, 49] {
        let model = Arc::new(Quadratic::new(n));
        for samples in [1, 16] {
            all.push(Box::new(LeastSquares { model: model.clone(), samples }));
        }
    }
    all.extend(batched(Logistic::new(), [Some(16), Some(128)]));
    all.extend(batched(Exponential::new(), [Some(4), Some(16), None]));
    all
}

/// The unit of coordinate i of n; 12 has no common factor with the dimensions used.
fn scale(i: usize, n: usize) -> f64 {
    1e-6 * 1e12f64.powf((12 * i % n) as f64 / (n - 1) as f64)
}

struct Quadratic {
    scales: Vec<f64>,
    center: DVector<f64>,
    covariance: DMatrix<f64>,
    /// Times its transpose, the covariance.
    root: DMatrix<f64>,
}

struct LeastSquares {
    model: Arc<Quadratic>,
    /// Observations a draw.
    samples: usize,
}

/// The standard deviation of the responses about the model.
const RESPONSE_NOISE: f64 = 0.5;

impl Quadratic {
    fn new(n: usize) -> Self {
        let mut rng = Draw::new(8, n as u64).rng();
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let center = DVector::from_fn(n, |_, _| normal());
        let basis = DMatrix::from_fn(n, n, |_, _| normal()).qr().q();
        let roots = (0..n).map(|k| 10f64.powf(k as f64 / (n - 1) as f64));
        let root = basis * DMatrix::from_diagonal(&DVector::from_iterator(n, roots));
        Self {
            scales: (0..n).map(|i| scale(i, n)).collect(),
            center,
            covariance: &root * root.transpose(),
            root,
        }
    }

    /// The distance from the minimizer in unit coordinates.
    fn offset(&self, x: &[f64]) -> DVector<f64> {
        DVector::from_fn(x.len(), |i, _| x[i] / self.scales[i] - self.center[i])
    }
}

impl LeastSquares {
    /// Calls back with the regressors and the residual of each observation of a draw.
    fn observe(&self, x: &[f64], draw: Draw, mut each: impl FnMut(&DVector<f64>, f64)) {
        let mut rng = draw.rng();
        let offset = self.model.offset(x);
        for _ in 0..self.samples {
            let normal = DVector::from_fn(x.len(), |_, _| rng.sample::<f64, _>(StandardNormal));
            let regressors = &self.model.root * normal;
            let noise: f64 = rng.sample(StandardNormal);
            each(&regressors, regressors.dot(&offset) - RESPONSE_NOISE * noise);
        }
    }
}

impl Problem for LeastSquares {
    fn name(&self) -> String {
        format!("scales/quadratic/n={}/samples={}", self.model.scales.len(), self.samples)
    }

    fn family(&self) -> &'static str {
        "scales"
    }

    /// The corner (2, ..., 2) in unit coordinates.
    fn start(&self) -> Vec<f64> {
        self.model.scales.iter().map(|s| 2.0 * s).collect()
    }

    /// Half the variance of the noise, at the center.
    fn minimum(&self) -> f64 {
        0.5 * RESPONSE_NOISE * RESPONSE_NOISE
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let offset = self.model.offset(x);
        0.5 * (self.model.root.tr_mul(&offset).norm_squared() + RESPONSE_NOISE * RESPONSE_NOISE)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let slope = &self.model.covariance * self.model.offset(x);
        for ((g, a), s) in g.iter_mut().zip(&slope).zip(&self.model.scales) {
            *g = a / s;
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        g.fill(0.0);
        self.observe(x, draw, |regressors, residual| {
            for ((g, a), s) in g.iter_mut().zip(regressors).zip(&self.model.scales) {
                *g += residual * a / s / self.samples as f64;
            }
        });
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let mut squares = 0.0;
        self.observe(x, draw, |_, residual| squares += residual * residual);
        0.5 * squares / self.samples as f64
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}

/// The regression of standardized tumours in other units.
struct Logistic {
    features: Vec<Vec<f64>>,
    scales: Vec<f64>,
}

impl Logistic {
    fn new() -> Self {
        let mut features = BREAST_CANCER.features.clone();
        standardize(&mut features);
        Self { features, scales: (0..31).map(|i| scale(i, 31)).collect() }
    }

    fn weights(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.scales).map(|(x, s)| x / s).collect()
    }

    /// Adds the gradient by x of a function with this gradient by the weights.
    fn add_scaled(&self, by_weights: &[f64], g: &mut [f64]) {
        for ((g, w), s) in g.iter_mut().zip(by_weights).zip(&self.scales) {
            *g += w / s;
        }
    }
}

impl FiniteSum for Logistic {
    fn name(&self) -> String {
        "scales/logistic".into()
    }

    fn family(&self) -> &'static str {
        "scales"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.scales.len()]
    }

    /// That of the problem in unit coordinates (reference/logistic.py).
    fn minimum(&self) -> f64 {
        0.06636018622473808
    }

    fn len(&self) -> usize {
        self.features.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        softplus(-BREAST_CANCER.signs[i] * linear(&self.features[i], &self.weights(x)))
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let sign = BREAST_CANCER.signs[i];
        let margin = sign * linear(&self.features[i], &self.weights(x));
        let mut by_weights = vec![0.0; x.len()];
        add_linear_gradient(&self.features[i], -weight * sign * sigmoid(-margin), &mut by_weights);
        self.add_scaled(&by_weights, g);
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(&self.weights(x)[..30], self.len())
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        let mut by_weights = vec![0.0; x.len()];
        add_ridge_gradient(&self.weights(x)[..30], self.len(), &mut by_weights);
        self.add_scaled(&by_weights, g);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}

/// Decay in raw units; coordinates p, k, d.
struct Exponential {
    /// Time, covariate and response.
    rows: Vec<[f64; 3]>,
}

impl Exponential {
    fn new() -> Self {
        let mut rng = Draw::new(9, 0).rng();
        let row = |_| {
            let (time, covariate): (f64, f64) =
                (rng.random_range(0.0..1e6), rng.random_range(-1e4..1e4));
            let noise: f64 = rng.sample(StandardNormal);
            let response = 2e6 * (-3e-6 * time).exp() + 2.5 * covariate + 1e4 * noise;
            [time, covariate, response]
        };
        Self { rows: (0..60).map(row).collect() }
    }

    /// The share that is left and the residual over the noise.
    fn residual(&self, i: usize, x: &[f64]) -> (f64, f64) {
        let [time, covariate, response] = self.rows[i];
        let left = (-x[1] * time).exp();
        (left, (x[0] * left + x[2] * covariate - response) / 1e4)
    }
}

impl FiniteSum for Exponential {
    fn name(&self) -> String {
        "scales/exponential".into()
    }

    fn family(&self) -> &'static str {
        "scales"
    }

    fn start(&self) -> Vec<f64> {
        vec![1e6, 1e-6, 1.0]
    }

    /// Damped Newton (examples/minima.rs).
    fn minimum(&self) -> f64 {
        0.47853185177307994
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        0.5 * self.residual(i, x).1.powi(2)
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let [time, covariate, _] = self.rows[i];
        let (left, residual) = self.residual(i, x);
        let slope = weight * residual / 1e4;
        g[0] += slope * left;
        g[1] -= slope * x[0] * time * left;
        g[2] += slope * covariate;
    }
}
