//! The update rule of Prodigy.

use super::descent::{Descent, Rule, Time};
use crate::error::{Requirement, require};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// Adam's moments, and the learning rate as a lower bound of the distance from the start.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Estimated<F> {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    initial_distance: f64,
    /// d.
    distance: f64,
    /// r.
    progress: f64,
    mean: Vec<F>,
    square: Vec<F>,
    /// s.
    sum: Vec<F>,
    start: Vec<F>,
}

impl<F: Scalar> Default for Descent<Estimated<F>> {
    fn default() -> Self {
        Self::of(Estimated {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            initial_distance: 1e-6,
            distance: 1e-6,
            progress: 0.0,
            mean: Vec::new(),
            square: Vec::new(),
            sum: Vec::new(),
            start: Vec::new(),
        })
    }
}

impl<F: Scalar> Descent<Estimated<F>> {
    /// The solver with the published defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the weight of the old value in the running mean of the gradients and in that of their
    /// squares (each in \[0, 1); default 0.9 and 0.999).
    ///
    /// # Errors
    /// If one is out of range.
    pub fn with_betas(mut self, beta1: f64, beta2: f64) -> Result<Self, Error> {
        require(Estimated::<F>::NAME, "beta1", beta1, Requirement::BelowOne)?;
        require(Estimated::<F>::NAME, "beta2", beta2, Requirement::BelowOne)?;
        self.rule.beta1 = beta1;
        self.rule.beta2 = beta2;
        Ok(self)
    }

    /// Sets the smallest divisor of the running mean, relative to d (> 0; default 1e-8).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_epsilon(mut self, epsilon: f64) -> Result<Self, Error> {
        require(Estimated::<F>::NAME, "epsilon", epsilon, Requirement::Positive)?;
        self.rule.epsilon = epsilon;
        Ok(self)
    }

    /// Sets d0, from which the distance d grows (in units of x, > 0; default 1e-6).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_initial_distance(mut self, distance: f64) -> Result<Self, Error> {
        require(Estimated::<F>::NAME, "initial_distance", distance, Requirement::Positive)?;
        self.rule.initial_distance = distance;
        Ok(self)
    }
}

impl<F: Scalar> Rule for Estimated<F> {
    type Scalar = F;

    const NAME: &'static str = "Prodigy";

    fn reset(&mut self, x0: &[F]) -> Result<(), Error> {
        self.distance = self.initial_distance;
        self.progress = 0.0;
        self.mean = vec![F::zero(); x0.len()];
        self.square = vec![F::zero(); x0.len()];
        self.sum = vec![F::zero(); x0.len()];
        self.start = x0.to_vec();
        Ok(())
    }

    fn step(&mut self, x: &mut [F], best: &mut [F], gradient: &[F], _: Time) -> f64 {
        let Self { beta1, beta2, epsilon, distance, progress, mean, square, sum, start, .. } = self;
        let old = *distance;
        let weight = old / self.initial_distance * old;
        let beta3 = beta2.sqrt();
        let [rate, weight1, weight2, weight3, decay1, decay2, decay3] =
            [old, old * (1.0 - *beta1), old * old * (1.0 - *beta2), weight, *beta1, *beta2, beta3]
                .map(F::from_f64_lossy);
        let [dot, norm] = zip_map_sum(
            [gradient, x, start],
            [&mut *mean, &mut *square, sum],
            |[g, x, x0], [m, v, s]| {
                let m = decay1 * m + weight1 * g;
                let v = decay2 * v + weight2 * g * g;
                let s = decay3 * s + weight3 * g;
                ([m, v, s], [g * (x0 - x), s.abs()])
            },
        );
        // no gradient yet; the package waits, too
        if norm == 0.0 {
            return 0.0;
        }
        *progress = beta3 * *progress + weight * dot;
        let estimate = *progress / norm;
        // beyond all floats it is no estimate
        if estimate > old && F::from_f64_lossy(estimate).is_finite() {
            *distance = estimate;
        }
        let smallest = F::from_f64_lossy(*distance * *epsilon).max(F::min_positive_value());
        let [squares] = zip_map_sum([mean, square], [x, best], |[m, v], [x, _]| {
            let new = x - rate * m / (v.sqrt() + smallest);
            // moments beyond all floats move nothing
            let new = if new.is_finite() { new } else { x };
            let d = new - x;
            ([new, new], [d * d])
        });
        squares.sqrt()
    }

    fn learning_rate(&self, _: u64) -> f64 {
        self.distance
    }
}
