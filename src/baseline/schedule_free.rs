//! The update rule of Schedule-Free AdamW.

use super::descent::{Descent, Rule, Time};
use crate::error::{Requirement, require};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// Adam's steps of a fast point z, whose average x is; the gradient is drawn between the two.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Averaged<F> {
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    square: Vec<F>,
    /// z.
    fast: Vec<F>,
}

impl<F: Scalar> Default for Descent<Averaged<F>> {
    fn default() -> Self {
        let (square, fast) = (Vec::new(), Vec::new());
        Self::of(Averaged {
            learning_rate: 0.0025,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            square,
            fast,
        })
    }
}

impl<F: Scalar> Descent<Averaged<F>> {
    /// The solver with the published defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the learning rate alpha (> 0; default 0.0025).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_learning_rate(mut self, learning_rate: f64) -> Result<Self, Error> {
        require(Averaged::<F>::NAME, "learning_rate", learning_rate, Requirement::Positive)?;
        self.rule.learning_rate = learning_rate;
        Ok(self)
    }

    /// Sets the weight of the average x in y, at which gradients are drawn, and the weight of the
    /// old value in the running mean of their squares (each in \[0, 1); default 0.9 and 0.999).
    ///
    /// # Errors
    /// If one is out of range.
    pub fn with_betas(mut self, beta1: f64, beta2: f64) -> Result<Self, Error> {
        require(Averaged::<F>::NAME, "beta1", beta1, Requirement::BelowOne)?;
        require(Averaged::<F>::NAME, "beta2", beta2, Requirement::BelowOne)?;
        self.rule.beta1 = beta1;
        self.rule.beta2 = beta2;
        Ok(self)
    }

    /// Sets the smallest divisor of the gradient (> 0; default 1e-8).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_epsilon(mut self, epsilon: f64) -> Result<Self, Error> {
        require(Averaged::<F>::NAME, "epsilon", epsilon, Requirement::Positive)?;
        self.rule.epsilon = epsilon;
        Ok(self)
    }
}

impl<F: Scalar> Rule for Averaged<F> {
    type Scalar = F;

    const NAME: &'static str = "ScheduleFree";

    fn reset(&mut self, x0: &[F]) -> Result<(), Error> {
        self.square = vec![F::zero(); x0.len()];
        self.fast = x0.to_vec();
        Ok(())
    }

    fn step(&mut self, y: &mut [F], x: &mut [F], gradient: &[F], time: Time) -> f64 {
        let Self { learning_rate, beta1, beta2, epsilon, square, fast } = self;
        let step = time.step as f64;
        // the package weighs by the square of the largest rate so far, which is constant here
        let kept = (step - 1.0) / step;
        let bias2 = 1.0 - beta2.powf(step);
        let [rate, beta1, weight2, beta2, bias2, kept] =
            [*learning_rate, *beta1, 1.0 - *beta2, *beta2, bias2, kept].map(F::from_f64_lossy);
        // in f32 a tiny epsilon would be 0, and 0/0 the step of a coordinate without gradient
        let epsilon = F::from_f64_lossy(*epsilon).max(F::min_positive_value());

        let [squares] = zip_map_sum([gradient], [y, x, square, fast], |[g], [y, x, v, z]| {
            let v = beta2 * v + weight2 * g * g;
            let z = z - rate * (g / ((v / bias2).sqrt() + epsilon));
            // written so that equal points stay where they are
            let x = z + kept * (x - z);
            let new = z + beta1 * (x - z);
            let d = new - y;
            ([new, x, v, z], [d * d])
        });
        squares.sqrt()
    }

    fn learning_rate(&self, _: u64) -> f64 {
        self.learning_rate
    }
}
