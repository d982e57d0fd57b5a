//! The KL bound over time.

use crate::error::{Requirement, invalid, require};
use argmin::core::Error;
use std::f64::consts::PI;

/// How the KL bound changes over the iterations t = 0, 1, 2, ...
///
/// For [`Arturo::paper`](crate::Arturo::paper) it is a factor on `kl_bound`; with an
/// [estimator](crate::Arturo::with_estimator) a factor on the bound that is adapted; for the
/// [baselines](crate::baseline) a factor on the learning rate. [`Arturo::new`](crate::Arturo::new) finds
/// its own radius and ignores it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum KlSchedule {
    /// The bound as it is.
    #[default]
    Constant,
    /// Multiplied by `gamma` from each milestone on (the paper's schedule).
    MultiStep {
        /// Iterations, in increasing order.
        milestones: Vec<u64>,
        /// Factor in (0, 1].
        gamma: f64,
    },
    /// Divided by `1 + rate t`, as the convergence of stochastic approximation
    /// requires.
    InverseTime {
        /// Rate per iteration, >= 0.
        rate: f64,
    },
    /// Multiplied by `(1 + cos(pi t / horizon)) / 2`: 0 from the horizon on.
    Cosine {
        /// Number of iterations, >= 1.
        horizon: u64,
    },
}

impl KlSchedule {
    /// The factor on the bound at an iteration, in [0, 1].
    ///
    /// ```
    /// use argmin_arturo::schedule::KlSchedule;
    ///
    /// let schedule = KlSchedule::MultiStep { milestones: vec![60, 90], gamma: 0.1 };
    /// assert_eq!([59, 60, 90].map(|t| schedule.factor(t)), [1.0, 0.1, 0.1 * 0.1]);
    /// assert_eq!(KlSchedule::InverseTime { rate: 0.5 }.factor(2), 0.5);
    /// assert_eq!(KlSchedule::Cosine { horizon: 10 }.factor(10), 0.0);
    /// ```
    pub fn factor(&self, iteration: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::MultiStep { milestones, gamma } => {
                let passed = milestones.iter().filter(|&&milestone| milestone <= iteration).count();
                (0..passed).fold(1.0, |factor, _| factor * gamma)
            }
            Self::InverseTime { rate } => 1.0 / (1.0 + rate * iteration as f64),
            Self::Cosine { horizon } => {
                let progress = (iteration as f64 / *horizon as f64).min(1.0);
                0.5 * (1.0 + (PI * progress).cos())
            }
        }
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        const NAME: &str = "KlSchedule";
        match self {
            Self::Constant => Ok(()),
            Self::MultiStep { milestones, gamma } => {
                if !milestones.is_sorted() {
                    let text = "`milestones` must be in increasing order";
                    return Err(invalid(format!("{NAME}: {text}, got {milestones:?}")));
                }
                require(NAME, "gamma", *gamma, Requirement::UnitFactor)
            }
            Self::InverseTime { rate } => require(NAME, "rate", *rate, Requirement::NonNegative),
            Self::Cosine { horizon: 0 } => {
                Err(invalid(format!("{NAME}: `horizon` must be at least 1 iteration, got 0")))
            }
            Self::Cosine { .. } => Ok(()),
        }
    }
}
