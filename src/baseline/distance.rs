//! The update rules of DoG and DoWG.

use super::descent::{Descent, Rule, Time};
use crate::error::{Requirement, require};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// Learning rates as a distance over gradients; `WEIGHTED` by the square of the distance in DoWG.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Distance<F, const WEIGHTED: bool> {
    first_step: f64,
    /// Largest distance from the start so far.
    distance: f64,
    /// Sum of the squared norms of the gradients.
    squares: f64,
    learning_rate: f64,
    start: Vec<F>,
}

/// Keeps the first divisor positive: under the root in DoG, beside it in DoWG, as in their packages.
const EPSILON: [f64; 2] = [1e-8, 1e-4];

/// The gamma of the weights of the average, as in the package of DoG.
const GAMMA: f64 = 8.0;

impl<F: Scalar, const WEIGHTED: bool> Default for Descent<Distance<F, WEIGHTED>> {
    fn default() -> Self {
        Self::of(Distance {
            first_step: if WEIGHTED { 1e-2 } else { 1e-6 },
            distance: 0.0,
            squares: 0.0,
            learning_rate: 0.0,
            start: Vec::new(),
        })
    }
}

impl<F: Scalar, const WEIGHTED: bool> Descent<Distance<F, WEIGHTED>> {
    /// The solver with the published defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the length of the first step (> 0): of [`Dog`](super::Dog) in units of `1 + |x0|`,
    /// default 1e-6; of [`Dowg`](super::Dowg) in those of x, default 1e-2.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_first_step(mut self, length: f64) -> Result<Self, Error> {
        require(Distance::<F, WEIGHTED>::NAME, "first_step", length, Requirement::Positive)?;
        self.rule.first_step = length;
        Ok(self)
    }
}

impl<F: Scalar, const WEIGHTED: bool> Rule for Distance<F, WEIGHTED> {
    type Scalar = F;

    const NAME: &'static str = if WEIGHTED { "Dowg" } else { "Dog" };

    fn reset(&mut self, x0: &[F]) -> Result<(), Error> {
        let unit = if WEIGHTED { 1.0 } else { 1.0 + norm(x0) };
        self.distance = (self.first_step * unit).min(F::max_value().to_f64_exact());
        self.squares = 0.0;
        self.learning_rate = 0.0;
        self.start = x0.to_vec();
        Ok(())
    }

    fn step(&mut self, x: &mut [F], best: &mut [F], gradient: &[F], time: Time) -> f64 {
        let Self { distance, squares, start, .. } = self;
        let [square] = zip_map_sum([gradient], [], |[g], []| ([], [g * g]));
        let weight = if WEIGHTED { *distance * *distance } else { 1.0 };
        *squares = (*squares + weight * square).min(f64::MAX);
        let learning_rate = if WEIGHTED {
            weight / (squares.sqrt() + EPSILON[1])
        } else {
            *distance / (*squares + EPSILON[0]).sqrt()
        };
        let averaging = (GAMMA + 1.0) / (GAMMA + time.step as f64);
        let [rate, averaging] = [learning_rate, averaging].map(F::from_f64_lossy);

        let [lengths, distances] =
            zip_map_sum([gradient, start], [x, best], |[g, x0], [x, mean]| {
                let new = x - rate * g;
                // a step beyond all floats is none
                let new = if new.is_finite() { new } else { x };
                let (step, offset) = (new - x, new - x0);
                ([new, new + (F::one() - averaging) * (mean - new)], [step * step, offset * offset])
            });
        // beyond the root of the largest float it is not known
        if distances.is_finite() {
            *distance = distance.max(distances.sqrt());
        }
        self.learning_rate = learning_rate;
        lengths.sqrt()
    }

    fn learning_rate(&self, _: u64) -> f64 {
        self.learning_rate
    }
}

/// Euclidean norm, also of a vector whose square is beyond all floats.
fn norm<F: Scalar>(x: &[F]) -> f64 {
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.abs().to_f64_exact()));
    if largest == 0.0 {
        return 0.0;
    }
    largest * x.iter().map(|x| (x.to_f64_exact() / largest).powi(2)).sum::<f64>().sqrt()
}
