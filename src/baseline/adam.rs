//! The update rule of Adam and AdamW.

use super::descent::{Descent, Rule, Time};
use super::rates::{Rated, Rates};
use crate::error::{Requirement, require};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// Running means of the gradients and of their squares; `DECOUPLED` is the weight decay of AdamW.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Moments<F, const DECOUPLED: bool> {
    rates: Rates,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    mean: Vec<F>,
    square: Vec<F>,
}

impl<F: Scalar, const DECOUPLED: bool> Descent<Moments<F, DECOUPLED>> {
    /// Sets the weight of the old value in the running mean of the gradients and in that of their
    /// squares (each in \[0, 1); default 0.9 and 0.999).
    ///
    /// # Errors
    /// If one is out of range.
    pub fn with_betas(mut self, beta1: f64, beta2: f64) -> Result<Self, Error> {
        let name = Moments::<F, DECOUPLED>::NAME;
        require(name, "beta1", beta1, Requirement::BelowOne)?;
        require(name, "beta2", beta2, Requirement::BelowOne)?;
        self.rule.beta1 = beta1;
        self.rule.beta2 = beta2;
        Ok(self)
    }

    /// Sets the smallest divisor of the running mean (> 0; default 1e-8).
    ///
    /// # Errors
    /// If it is out of range. PyTorch allows 0, which makes NaN of a coordinate whose gradients
    /// are all 0.
    pub fn with_epsilon(mut self, epsilon: f64) -> Result<Self, Error> {
        require(Moments::<F, DECOUPLED>::NAME, "epsilon", epsilon, Requirement::Positive)?;
        self.rule.epsilon = epsilon;
        Ok(self)
    }
}

impl<F: Scalar, const DECOUPLED: bool> Rule for Moments<F, DECOUPLED> {
    type Scalar = F;

    const NAME: &'static str = if DECOUPLED { "AdamW" } else { "Adam" };

    fn reset(&mut self, x0: &[F]) -> Result<(), Error> {
        self.mean = vec![F::zero(); x0.len()];
        self.square = vec![F::zero(); x0.len()];
        Ok(())
    }

    fn step(&mut self, x: &mut [F], best: &mut [F], gradient: &[F], time: Time) -> f64 {
        let Self { rates, beta1, beta2, epsilon, mean, square } = self;
        let learning_rate = rates.learning_rate(time.iteration);
        let weight_decay = rates.weight_decay;
        let (shrinkage, penalty) =
            if DECOUPLED { (1.0 - learning_rate * weight_decay, 0.0) } else { (1.0, weight_decay) };
        let bias1 = 1.0 - beta1.powf(time.step as f64);
        let bias2 = 1.0 - beta2.powf(time.step as f64);
        let [shrinkage, penalty, weight1, weight2, beta2, rate, root_bias2] = [
            shrinkage,
            penalty,
            1.0 - *beta1,
            1.0 - *beta2,
            *beta2,
            learning_rate / bias1,
            bias2.sqrt(),
        ]
        .map(F::from_f64_lossy);
        // torch's lerp: it starts at the nearer end, and so gives exactly g for beta1 = 0
        let from_mean = *beta1 > 0.5;
        let lerp_weight = if from_mean { weight1 } else { weight1 - F::one() };
        // in f32 a tiny epsilon would be 0, and 0/0 the step of a coordinate without gradient
        let epsilon = F::from_f64_lossy(*epsilon).max(F::min_positive_value());

        let [squares] = zip_map_sum([gradient], [x, best, mean, square], |[g], [x, _, m, v]| {
            let g = g + penalty * x;
            let m = lerp_weight * (g - m) + if from_mean { m } else { g };
            let v = beta2 * v + weight2 * g * g;
            let new = shrinkage * x - rate * m / (v.sqrt() / root_bias2 + epsilon);
            let d = new - x;
            ([new, new, m, v], [d * d])
        });
        squares.sqrt()
    }

    fn learning_rate(&self, iteration: u64) -> f64 {
        self.rates.learning_rate(iteration)
    }
}

impl<F: Scalar, const DECOUPLED: bool> Rated for Moments<F, DECOUPLED> {
    const WEIGHT_DECAY: f64 = if DECOUPLED { 1e-2 } else { 0.0 };

    fn new(rates: Rates) -> Self {
        let (mean, square) = (Vec::new(), Vec::new());
        Self { rates, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, mean, square }
    }

    fn rates_mut(&mut self) -> &mut Rates {
        &mut self.rates
    }
}
