//! The update rule of COCOB-Backprop.

use super::descent::{Descent, Rule, Time};
use crate::error::{Requirement, require};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// A gambler for each coordinate, who bets on the sign of its next gradient.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Bets<F> {
    alpha: f64,
    /// L, the largest magnitude of a gradient.
    largest: Vec<F>,
    /// A, the sum of the magnitudes.
    magnitudes: Vec<F>,
    /// theta, minus the sum of the gradients.
    sum: Vec<F>,
    /// R, the winnings.
    reward: Vec<F>,
    start: Vec<F>,
}

/// Where L starts, as in the packages; 0 in the paper.
const EPSILON: f64 = 1e-8;

impl<F: Scalar> Default for Descent<Bets<F>> {
    fn default() -> Self {
        Self::of(Bets {
            alpha: 100.0,
            largest: Vec::new(),
            magnitudes: Vec::new(),
            sum: Vec::new(),
            reward: Vec::new(),
            start: Vec::new(),
        })
    }
}

impl<F: Scalar> Descent<Bets<F>> {
    /// The solver with the published defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets alpha, for about how many draws the bets are kept small (>= 0; default 100).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_alpha(mut self, alpha: f64) -> Result<Self, Error> {
        require(Bets::<F>::NAME, "alpha", alpha, Requirement::NonNegative)?;
        self.rule.alpha = alpha;
        Ok(self)
    }
}

impl<F: Scalar> Rule for Bets<F> {
    type Scalar = F;

    const NAME: &'static str = "Cocob";

    fn reset(&mut self, x0: &[F]) -> Result<(), Error> {
        self.largest = vec![F::from_f64_lossy(EPSILON); x0.len()];
        self.magnitudes = vec![F::zero(); x0.len()];
        self.sum = vec![F::zero(); x0.len()];
        self.reward = vec![F::zero(); x0.len()];
        self.start = x0.to_vec();
        Ok(())
    }

    fn step(&mut self, x: &mut [F], best: &mut [F], gradient: &[F], _: Time) -> f64 {
        let Self { alpha, largest, magnitudes, sum, reward, start } = self;
        let alpha = F::from_f64_lossy(*alpha);
        let [squares] = zip_map_sum(
            [gradient, start],
            [x, best, largest, magnitudes, sum, reward],
            |[g, x0], [x, _, largest, magnitudes, sum, reward]| {
                let largest = largest.max(g.abs());
                let magnitudes = magnitudes + g.abs();
                let sum = sum - g;
                let reward = (reward - g * (x - x0)).max(F::zero()).min(F::max_value());
                // the fraction first: it is at most 1, where the product can be beyond all floats
                let fraction = sum / (magnitudes + largest).max(alpha * largest);
                let new = x0 + fraction * ((largest + reward) / largest);
                // winnings beyond all floats are not bet
                let new = if new.is_finite() { new } else { x };
                let d = new - x;
                ([new, new, largest, magnitudes, sum, reward], [d * d])
            },
        );
        squares.sqrt()
    }

    fn learning_rate(&self, _: u64) -> f64 {
        f64::NAN
    }
}
