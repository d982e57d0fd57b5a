//! Learning rate, schedule and weight decay: the settings of the rules that have to be tuned.

use super::descent::{Descent, Rule};
use crate::error::{Requirement, require};
use crate::schedule::KlSchedule;
use argmin::core::Error;

/// The learning rate over time, and the weight decay.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Rates {
    learning_rate: f64,
    schedule: KlSchedule,
    pub(super) weight_decay: f64,
}

impl Rates {
    /// The learning rate at an iteration.
    pub(super) fn learning_rate(&self, iteration: u64) -> f64 {
        self.learning_rate * self.schedule.factor(iteration)
    }
}

/// A rule with rates.
pub trait Rated: Rule {
    /// Default of the weight decay.
    const WEIGHT_DECAY: f64;

    /// The rule with these rates, and all else at its default.
    fn new(rates: Rates) -> Self;

    /// The rates, to be set.
    fn rates_mut(&mut self) -> &mut Rates;
}

impl<R: Rated> Descent<R> {
    /// The solver with this learning rate (> 0), and all else at its default.
    ///
    /// ```
    /// # use argmin_arturo::baseline::Adam;
    /// assert_eq!(
    ///     Adam::<f64>::new(0.0).unwrap_err().to_string(),
    ///     "Invalid parameter: \"Adam: `learning_rate` must be positive and finite, got 0\"",
    /// );
    /// ```
    ///
    /// # Errors
    /// If the learning rate is out of range.
    pub fn new(learning_rate: f64) -> Result<Self, Error> {
        require(R::NAME, "learning_rate", learning_rate, Requirement::Positive)?;
        let schedule = KlSchedule::default();
        Ok(Self::of(R::new(Rates { learning_rate, schedule, weight_decay: R::WEIGHT_DECAY })))
    }

    /// Sets the weight decay lambda (>= 0; default 0, of [`AdamW`](super::AdamW) 1e-2).
    ///
    /// In [`AdamW`](super::AdamW) it shrinks x by the factor `1 - learning_rate lambda` in a step;
    /// in the others it is the gradient of lambda/2 |x|^2, added to the drawn one.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Result<Self, Error> {
        require(R::NAME, "weight_decay", weight_decay, Requirement::NonNegative)?;
        self.rule.rates_mut().weight_decay = weight_decay;
        Ok(self)
    }

    /// Sets how the learning rate changes over the iterations (default: it does not).
    ///
    /// The schedules are those of the KL bound, as a factor on the learning rate:
    /// `MultiStep` is PyTorch's `MultiStepLR`, `Cosine` its `CosineAnnealingLR` to 0, which
    /// stays 0 from the horizon on.
    ///
    /// # Errors
    /// If a value of the schedule is out of range.
    pub fn with_schedule(mut self, schedule: KlSchedule) -> Result<Self, Error> {
        schedule.validate()?;
        self.rule.rates_mut().schedule = schedule;
        Ok(self)
    }
}
