//! The update rule of SGD.

use super::descent::{Descent, Rule, Time};
use super::rates::{Rated, Rates};
use crate::error::{Requirement, invalid, require};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// Momentum, heavy-ball or Nesterov's.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Momentum<F> {
    rates: Rates,
    momentum: f64,
    nesterov: bool,
    /// b; empty without momentum.
    buffer: Vec<F>,
}

impl<F: Scalar> Descent<Momentum<F>> {
    /// Sets the momentum mu, the weight of the past in a step (in \[0, 1); default 0).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_momentum(mut self, momentum: f64) -> Result<Self, Error> {
        require(Momentum::<F>::NAME, "momentum", momentum, Requirement::BelowOne)?;
        self.rule.momentum = momentum;
        Ok(self)
    }

    /// Sets whether the momentum is Nesterov's (default: it is heavy-ball).
    ///
    /// It needs a [momentum](Self::with_momentum); without one the run ends at its start with an
    /// error.
    #[must_use]
    pub fn with_nesterov(mut self, nesterov: bool) -> Self {
        self.rule.nesterov = nesterov;
        self
    }
}

impl<F: Scalar> Rule for Momentum<F> {
    type Scalar = F;

    const NAME: &'static str = "Sgd";

    fn reset(&mut self, x0: &[F]) -> Result<(), Error> {
        if self.nesterov && self.momentum == 0.0 {
            return Err(invalid(format!(
                "{}: `nesterov` needs a positive `momentum`, got 0; set one by `with_momentum`",
                Self::NAME
            )));
        }
        self.buffer = vec![F::zero(); if self.momentum > 0.0 { x0.len() } else { 0 }];
        Ok(())
    }

    fn step(&mut self, x: &mut [F], best: &mut [F], gradient: &[F], time: Time) -> f64 {
        let learning_rate = self.rates.learning_rate(time.iteration);
        let [rate, penalty, momentum] =
            [learning_rate, self.rates.weight_decay, self.momentum].map(F::from_f64_lossy);
        let nesterov = self.nesterov;
        let apply = |g: F, x: F, b: F| {
            let g = g + penalty * x;
            let b = momentum * b + g;
            let new = x - rate * if nesterov { g + momentum * b } else { b };
            let d = new - x;
            (new, b, [d * d])
        };
        let [squares] = if self.buffer.is_empty() {
            zip_map_sum([gradient], [x, best], |[g], [x, _]| {
                let (new, _, sums) = apply(g, x, F::zero());
                ([new, new], sums)
            })
        } else {
            zip_map_sum([gradient], [x, best, &mut self.buffer], |[g], [x, _, b]| {
                let (new, b, sums) = apply(g, x, b);
                ([new, new, b], sums)
            })
        };
        squares.sqrt()
    }

    fn learning_rate(&self, iteration: u64) -> f64 {
        self.rates.learning_rate(iteration)
    }
}

impl<F: Scalar> Rated for Momentum<F> {
    const WEIGHT_DECAY: f64 = 0.0;

    fn new(rates: Rates) -> Self {
        Self { rates, momentum: 0.0, nesterov: false, buffer: Vec::new() }
    }

    fn rates_mut(&mut self) -> &mut Rates {
        &mut self.rates
    }
}
