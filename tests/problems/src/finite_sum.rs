//! Means of many terms, seen through random batches.

use crate::{Draw, Problem};
use rand::Rng;
use std::sync::Arc;

/// An objective that is the mean of its terms plus a regularizer.
pub trait FiniteSum: Send + Sync {
    /// Family and instance, as in a problem's name.
    fn name(&self) -> String;

    fn family(&self) -> &'static str;

    fn start(&self) -> Vec<f64>;

    fn minimum(&self) -> f64;

    /// The number of terms.
    fn len(&self) -> usize;

    fn term(&self, i: usize, x: &[f64]) -> f64;

    /// Adds `weight` times the gradient of a term.
    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]);

    /// The part of the objective that every draw sees in full.
    fn regularizer(&self, _x: &[f64]) -> f64 {
        0.0
    }

    /// Adds the gradient of the regularizer.
    fn add_regularizer_gradient(&self, _x: &[f64], _g: &mut [f64]) {}

    fn smooth_convex(&self) -> bool {
        false
    }

    fn no_limit(&self) -> Option<&'static str> {
        None
    }
}

/// The problem of minimizing a finite sum from batches of terms.
struct Batched<S> {
    sum: Arc<S>,
    /// Terms a draw, uniform and with replacement; all of them, once each, if none.
    batch: Option<usize>,
}

/// One problem per batch size.
pub fn batched<S: FiniteSum + 'static, const K: usize>(
    sum: S,
    batches: [Option<usize>; K],
) -> impl Iterator<Item = Box<dyn Problem>> {
    let sum = Arc::new(sum);
    batches
        .into_iter()
        .map(move |batch| Box::new(Batched { sum: sum.clone(), batch }) as Box<dyn Problem>)
}

impl<S: FiniteSum> Problem for Batched<S> {
    fn name(&self) -> String {
        match self.batch {
            Some(batch) => format!("{}/batch={batch}", self.sum.name()),
            None => format!("{}/full", self.sum.name()),
        }
    }

    fn family(&self) -> &'static str {
        self.sum.family()
    }

    fn start(&self) -> Vec<f64> {
        self.sum.start()
    }

    fn minimum(&self) -> f64 {
        self.sum.minimum()
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let n = self.sum.len();
        (0..n).map(|i| self.sum.term(i, x)).sum::<f64>() / n as f64 + self.sum.regularizer(x)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.fill(0.0);
        let n = self.sum.len();
        for i in 0..n {
            self.sum.add_term_gradient(i, x, 1.0 / n as f64, g);
        }
        self.sum.add_regularizer_gradient(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let Some(batch) = self.batch else {
            return self.gradient(x, g);
        };
        g.fill(0.0);
        let mut rng = draw.rng();
        for _ in 0..batch {
            let i = rng.random_range(0..self.sum.len());
            self.sum.add_term_gradient(i, x, 1.0 / batch as f64, g);
        }
        self.sum.add_regularizer_gradient(x, g);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let Some(batch) = self.batch else {
            return self.cost(x);
        };
        let mut rng = draw.rng();
        let terms = (0..batch).map(|_| self.sum.term(rng.random_range(0..self.sum.len()), x));
        terms.sum::<f64>() / batch as f64 + self.sum.regularizer(x)
    }

    fn noise_free(&self) -> bool {
        self.batch.is_none()
    }

    fn smooth_convex(&self) -> bool {
        self.sum.smooth_convex()
    }

    fn no_limit(&self) -> Option<&'static str> {
        self.sum.no_limit()
    }
}

/// `|w|^2 / (2 n)`, the ridge that all classifiers of the suite use.
pub fn ridge(weights: &[f64], n: usize) -> f64 {
    weights.iter().map(|w| w * w).sum::<f64>() / (2 * n) as f64
}

/// Adds the gradient of [`ridge`].
pub fn add_ridge_gradient(weights: &[f64], n: usize, g: &mut [f64]) {
    for (g, w) in g.iter_mut().zip(weights) {
        *g += w / n as f64;
    }
}

/// `w.a + b`, with the features a of one row and the intercept b the last coordinate of x.
pub fn linear(features: &[f64], x: &[f64]) -> f64 {
    let dot: f64 = features.iter().zip(x).map(|(a, w)| a * w).sum();
    dot + x[features.len()]
}

/// Adds `slope` times the gradient of [`linear`].
pub fn add_linear_gradient(features: &[f64], slope: f64, g: &mut [f64]) {
    for (g, a) in g.iter_mut().zip(features) {
        *g += slope * a;
    }
    g[features.len()] += slope;
}
