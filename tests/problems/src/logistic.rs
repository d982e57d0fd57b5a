//! Logistic regression of breast cancer (569 tumours, 30 features).
//!
//! `F(w, b) = mean_i ln(1 + exp(-s_i (x_i.w + b))) + |w|^2 / (2 n)`, in nats per tumour,
//! with the signs s and a free intercept b, the last coordinate. Raw features span 1e-3 to
//! 4e3, which gives the Hessian at the minimum a condition number of 1.7e9 (standardized: 86).

use crate::Problem;
use crate::data::{BREAST_CANCER, standardize};
use crate::finite_sum::{
    FiniteSum, add_linear_gradient, add_ridge_gradient, batched, linear, ridge,
};

struct Logistic {
    standardized: bool,
    features: Vec<Vec<f64>>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let standardized = batched(Logistic::new(true), [Some(1), Some(16), Some(128), None]);
    standardized.chain(batched(Logistic::new(false), [Some(16), Some(128), None])).collect()
}

impl Logistic {
    fn new(standardized: bool) -> Self {
        let mut features = BREAST_CANCER.features.clone();
        if standardized {
            standardize(&mut features);
        }
        Self { standardized, features }
    }

    /// The signed distance of tumour `i` from the boundary.
    fn margin(&self, i: usize, x: &[f64]) -> f64 {
        BREAST_CANCER.signs[i] * linear(&self.features[i], x)
    }
}

impl FiniteSum for Logistic {
    fn name(&self) -> String {
        format!("logistic/{}", if self.standardized { "standardized" } else { "raw" })
    }

    fn family(&self) -> &'static str {
        "logistic"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; 31]
    }

    /// Damped Newton to a gradient of 1e-17; the raw problem was solved in coordinates
    /// over the standard deviations (reference/logistic.py).
    fn minimum(&self) -> f64 {
        if self.standardized { 0.06636018622473808 } else { 0.09454237474601622 }
    }

    fn len(&self) -> usize {
        self.features.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        softplus(-self.margin(i, x))
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = -weight * BREAST_CANCER.signs[i] * sigmoid(-self.margin(i, x));
        add_linear_gradient(&self.features[i], slope, g);
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(&x[..x.len() - 1], self.len())
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        add_ridge_gradient(&x[..x.len() - 1], self.len(), g);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}

/// `ln(1 + exp(t))` without overflow.
pub fn softplus(t: f64) -> f64 {
    t.max(0.0) + (-t.abs()).exp().ln_1p()
}

/// The derivative of [`softplus`].
pub fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}
