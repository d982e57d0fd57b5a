//! How far apart costs are differenced.

use crate::error::{Requirement, require};
use crate::param::Scalar;
use argmin::core::Error;

/// The step h of a central difference (f(x + h) - f(x - h)) / (2 h), in units of x.
///
/// Its error is at most M h^2 / 6 + e / h, where M bounds the third derivative and e the noise of
/// one cost that does not cancel in the difference. That is least at h = (3 e / M)^(1/3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum DifferenceStep {
    /// h = eps^(1/3) max(|x|, typical): e is rounding, eps |f|, and f changes over the size of x,
    /// M = |f| / |x|^3, up to the factor 3^(1/3) (Nocedal and Wright, section 8.1).
    Relative { typical: f64 },
    /// The same h everywhere.
    Absolute(f64),
}

impl Default for DifferenceStep {
    fn default() -> Self {
        Self::Relative { typical: 1.0 }
    }
}

impl DifferenceStep {
    pub(super) fn relative(owner: &str, typical: f64) -> Result<Self, Error> {
        require(owner, "typical_magnitude", typical, Requirement::Positive)?;
        Ok(Self::Relative { typical })
    }

    pub(super) fn absolute(owner: &str, step: f64) -> Result<Self, Error> {
        require(owner, "step", step, Requirement::Positive)?;
        Ok(Self::Absolute(step))
    }

    pub(super) fn for_noise(owner: &str, noise: f64, third: f64) -> Result<Self, Error> {
        require(owner, "noise", noise, Requirement::Positive)?;
        require(owner, "third_derivative", third, Requirement::Positive)?;
        Ok(Self::Absolute((3.0 * noise / third).cbrt()))
    }

    /// The step at the coordinate `x`.
    pub(super) fn at<F: Scalar>(self, x: F) -> F {
        match self {
            Self::Relative { typical } => {
                F::epsilon().cbrt() * x.abs().max(F::from_f64_lossy(typical))
            }
            Self::Absolute(step) => F::from_f64_lossy(step),
        }
    }
}

/// The setters of the step, of an oracle with a field `step`.
macro_rules! step_setters {
    ($oracle:ident) => {
        impl<O> $oracle<O> {
            /// Sets the magnitude that coordinates near 0 are taken to have, in units of x (> 0,
            /// default 1): the default step is eps^(1/3) max(|x_i|, typical), with eps the machine
            /// epsilon.
            ///
            /// # Errors
            /// If it is not positive and finite.
            pub fn with_typical_magnitude(mut self, magnitude: f64) -> Result<Self, Error> {
                self.step = DifferenceStep::relative(Self::NAME, magnitude)?;
                Ok(self)
            }

            /// Sets the step h itself, in units of x (> 0), the same for each coordinate.
            ///
            /// # Errors
            /// If it is not positive and finite.
            pub fn with_step(mut self, step: f64) -> Result<Self, Error> {
                self.step = DifferenceStep::absolute(Self::NAME, step)?;
                Ok(self)
            }

            /// Sets the step to h = (3 noise / third_derivative)^(1/3), where the bounds on the
            /// errors of truncation and noise have the least sum.
            ///
            /// `noise` (> 0, in units of f) is the noise of one drawn cost that does *not* cancel
            /// between two costs of the same draw: rounding, tolerances of a simulation, or all of
            /// it where the oracle cannot repeat a draw. `third_derivative` (> 0, f/x^3) bounds the
            /// third derivative along a direction of difference.
            ///
            /// # Errors
            /// If a value is not positive and finite.
            pub fn with_noise_level(
                mut self,
                noise: f64,
                third_derivative: f64,
            ) -> Result<Self, Error> {
                self.step = DifferenceStep::for_noise(Self::NAME, noise, third_derivative)?;
                Ok(self)
            }

            /// The wrapped oracle.
            pub fn oracle(&self) -> &O {
                &self.oracle
            }
        }
    };
}
pub(super) use step_setters;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_for_noise_has_the_least_error_bound() {
        let (noise, third) = (1e-4, 7.0);
        let Ok(DifferenceStep::Absolute(best)) = DifferenceStep::for_noise("", noise, third) else {
            panic!("a step for noise is absolute");
        };
        let bound = |h: f64| third * h * h / 6.0 + noise / h;
        assert!(bound(best) < bound(1.01 * best) && bound(best) < bound(0.99 * best));
        assert_eq!(DifferenceStep::Absolute(best).at(1e6), best);
    }

    #[test]
    fn the_default_step_grows_with_x() {
        let step = DifferenceStep::default();
        assert_eq!(step.at(0.5_f64), f64::EPSILON.cbrt());
        assert_eq!(step.at(-8.0_f32), f32::EPSILON.cbrt() * 8.0);
    }
}
