//! Kinked losses of data sets.

use super::{pinball, pinball_slope};
use crate::Problem;
use crate::data::{BREAST_CANCER, column, standardize};
use crate::finite_sum::{FiniteSum, add_linear_gradient, batched, linear};

#[derive(Clone, Copy, PartialEq)]
enum Loss {
    /// Twice the pinball loss at 0.5.
    Absolute,
    /// At the level [`HIGH`].
    Pinball,
    /// With the penalty [`LASSO`].
    Hinge,
}

const HIGH: f64 = 0.9;

/// The price of one unit of the sum of absolute weights.
const LASSO: f64 = 0.01;

struct Fit {
    loss: Loss,
    /// Rows without the constant.
    features: Vec<Vec<f64>>,
    /// Numbers, or signs of classes.
    responses: Vec<f64>,
}

pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut tumours = BREAST_CANCER.features.clone();
    standardize(&mut tumours);
    let signs = BREAST_CANCER.signs.clone();
    let fits = [
        nile(Loss::Absolute),
        nile(Loss::Pinball),
        Fit { loss: Loss::Hinge, features: tumours, responses: signs },
    ];
    fits.into_iter().flat_map(|fit| batched(fit, [Some(1), Some(16)])).collect()
}

fn nile(loss: Loss) -> Fit {
    let table = include_str!("../../../../examples/data/nile.csv");
    let years = column(table, "year").into_iter();
    Fit {
        loss,
        features: years.map(|year| vec![(year - 1920.0) / 10.0]).collect(),
        responses: column(table, "volume").into_iter().map(|volume| volume / 100.0).collect(),
    }
}

impl FiniteSum for Fit {
    fn name(&self) -> String {
        let fit = match self.loss {
            Loss::Absolute => "nile/absolute",
            Loss::Pinball => "nile/pinball",
            Loss::Hinge => "tumours/hinge",
        };
        format!("kinks/{fit}")
    }

    fn family(&self) -> &'static str {
        "kinks"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.features[0].len() + 1]
    }

    /// Linear programs, by HiGHS (reference/kinks.py).
    fn minimum(&self) -> f64 {
        match self.loss {
            Loss::Absolute => 1.21065,
            Loss::Pinball => 0.24897,
            Loss::Hinge => 0.11587970723287302,
        }
    }

    fn len(&self) -> usize {
        self.responses.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let (score, y) = (linear(&self.features[i], x), self.responses[i]);
        match self.loss {
            Loss::Absolute => (score - y).abs(),
            Loss::Pinball => pinball(score - y, HIGH),
            Loss::Hinge => (1.0 - y * score).max(0.0),
        }
    }

    /// A subgradient at a kink.
    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let (score, y) = (linear(&self.features[i], x), self.responses[i]);
        let slope = match self.loss {
            Loss::Absolute => 2.0 * pinball_slope(score - y, 0.5),
            Loss::Pinball => pinball_slope(score - y, HIGH),
            Loss::Hinge if y * score < 1.0 => -y,
            Loss::Hinge => 0.0,
        };
        add_linear_gradient(&self.features[i], weight * slope, g);
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        if self.loss != Loss::Hinge {
            return 0.0;
        }
        LASSO * x[..x.len() - 1].iter().map(|w| w.abs()).sum::<f64>()
    }

    /// At a weight of zero the subgradient is zero.
    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        if self.loss != Loss::Hinge {
            return;
        }
        for (g, w) in g.iter_mut().zip(&x[..x.len() - 1]).filter(|(_, w)| **w != 0.0) {
            *g += LASSO * w.signum();
        }
    }

    fn no_limit(&self) -> Option<&'static str> {
        Some("kinks")
    }
}
