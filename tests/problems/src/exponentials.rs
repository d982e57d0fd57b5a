//! Sums of exponentials fitted from (nearly) zero, where their rates have no slope yet.
//!
//! `F = mean_i (y_i - model(t_i))^2 / (2 s^2)`, s the standard deviation of the simulated noise.
//!
//! - `one`: `p exp(-k t) + q` on 50 times up to 5, from p = k = q = 0, where both p and q look
//!   like the mean and k does not matter;
//! - `two`: `p1 exp(-k1 t) + p2 exp(-k2 t)` on 100 times up to 8, from amplitudes and rates of
//!   0.01 and 0.02, almost on the saddle where both terms are one;
//! - `growth`: `p exp(k t)` from zeros, the boys in bed in the first six days of the influenza
//!   of 1978 by the day since the first, s = 10: a wrong rate is exponentially wrong.

use crate::data::column;
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::StandardNormal;

#[derive(Clone, Copy)]
enum Model {
    One,
    Two,
    Growth,
}

struct Fit {
    model: Model,
    times: Vec<f64>,
    responses: Vec<f64>,
    /// The standard deviation of the noise.
    noise: f64,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    // Damped Newton from 100 starts (examples/minima.rs).
    let one = Fit::simulated(Model::One, &[2.0, 1.3, 0.5], 50, 5.0, 0.4314905785298733);
    let two = Fit::simulated(Model::Two, &[1.0, 0.3, 2.0, 2.0], 100, 8.0, 0.4174976179384001);
    let growth = batched(growth(), [Some(2), None]);
    let fits = [one, two].into_iter();
    fits.flat_map(|fit| batched(fit, [Some(1), Some(8), None])).chain(growth).collect()
}

fn growth() -> Fit {
    const DAYS: usize = 6;
    let table = include_str!("../../../examples/data/influenza_school_1978.csv");
    Fit {
        model: Model::Growth,
        times: column(table, "day").into_iter().take(DAYS).map(|day| day - 1.0).collect(),
        responses: column(table, "in_bed").into_iter().take(DAYS).collect(),
        noise: 10.0,
        minimum: 3.82652507015545,
    }
}

impl Model {
    fn parameters(self) -> usize {
        match self {
            Self::One => 3,
            Self::Two => 4,
            Self::Growth => 2,
        }
    }

    /// The prediction at a time; hands over its derivatives in order.
    fn predict(self, x: &[f64], t: f64, slopes: &mut [f64]) -> f64 {
        match self {
            Self::One => {
                let decay = (-x[1] * t).exp();
                slopes.copy_from_slice(&[decay, -t * x[0] * decay, 1.0]);
                x[0] * decay + x[2]
            }
            Self::Two => {
                let decay = [(-x[1] * t).exp(), (-x[3] * t).exp()];
                let by_rate = [-t * x[0] * decay[0], -t * x[2] * decay[1]];
                slopes.copy_from_slice(&[decay[0], by_rate[0], decay[1], by_rate[1]]);
                x[0] * decay[0] + x[2] * decay[1]
            }
            Self::Growth => {
                let growth = (x[1] * t).exp();
                slopes.copy_from_slice(&[growth, t * x[0] * growth]);
                x[0] * growth
            }
        }
    }
}

impl Fit {
    /// Observations of the model with these parameters, at even distances from 0 to `end`.
    fn simulated(model: Model, truth: &[f64], count: usize, end: f64, minimum: f64) -> Self {
        let noise = 0.1;
        let mut rng = Draw::new(10, count as u64).rng();
        let times: Vec<f64> = (0..count).map(|i| end * i as f64 / (count - 1) as f64).collect();
        let mut slopes = vec![0.0; model.parameters()];
        let responses = times.iter().map(|t| {
            model.predict(truth, *t, &mut slopes) + noise * rng.sample::<f64, _>(StandardNormal)
        });
        Self { model, responses: responses.collect(), times, noise, minimum }
    }

    /// The residual over the noise; hands over the derivatives of the prediction.
    fn residual(&self, i: usize, x: &[f64], slopes: &mut [f64]) -> f64 {
        (self.model.predict(x, self.times[i], slopes) - self.responses[i]) / self.noise
    }
}

impl FiniteSum for Fit {
    fn name(&self) -> String {
        let model = match self.model {
            Model::One => "one",
            Model::Two => "two",
            Model::Growth => "growth",
        };
        format!("exponentials/{model}")
    }

    fn family(&self) -> &'static str {
        "exponentials"
    }

    fn start(&self) -> Vec<f64> {
        match self.model {
            Model::One | Model::Growth => vec![0.0; self.model.parameters()],
            Model::Two => vec![0.01, 0.01, 0.02, 0.02],
        }
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.times.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        0.5 * self.residual(i, x, &mut [0.0; 4][..x.len()]).powi(2)
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slopes = &mut [0.0; 4][..x.len()];
        let residual = self.residual(i, x, slopes);
        for (g, slope) in g.iter_mut().zip(slopes) {
            *g += weight * residual * *slope / self.noise;
        }
    }
}
