//! The points of differences of costs.

use crate::bounds::BoxBounds;
use crate::error::{Requirement, invalid, require};
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;

/// The step h of a central difference (f(x + h) - f(x - h)) / (2 h), in units of x.
///
/// Its error is at most M h^2 / 6 + e / h, where M bounds the third derivative and e the noise of
/// one cost that does not cancel in the difference. That is least at h = (3 e / M)^(1/3).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
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

/// The two points of each difference.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Pairs {
    pub step: DifferenceStep,
    /// The box that no cost is asked for outside of.
    bounds: Option<BoxBounds<f64>>,
}

impl Pairs {
    pub(super) fn set_bounds<F: Scalar>(
        &mut self,
        owner: &str,
        lower: Vec<F>,
        upper: Vec<F>,
    ) -> Result<(), Error> {
        let exact = |bounds: Vec<F>| bounds.iter().map(|x| x.to_f64_exact()).collect();
        self.bounds = Some(BoxBounds::new(owner, exact(lower), exact(upper))?);
        Ok(())
    }

    /// Checks that costs can be differenced about x.
    pub(super) fn check<P: ParamVec>(&self, owner: &str, x: &P) -> Result<(), Error> {
        let Some(bounds) = &self.bounds else { return Ok(()) };
        let x = x.as_coordinates()?;
        bounds.check_len(owner, x.len())?;
        let inside = |(i, x): (usize, &P::Scalar)| {
            let x = x.to_f64_exact();
            bounds.clip(i, x) == x
        };
        if let Some(i) = x.iter().enumerate().position(|coordinate| !inside(coordinate)) {
            return Err(invalid(format!(
                "{owner}: coordinate {i} must be in its bounds {}, got {}; give the solver the same \
                 bounds, as by `Arturo::with_bounds`",
                bounds.shown(i),
                x[i]
            )));
        }
        // with both ends on the bounds a difference does not depend on x
        let fits = |(i, x): (usize, &P::Scalar)| {
            let width = bounds.upper()[i] - bounds.lower()[i];
            width == 0.0 || 2.0 * self.step.at(*x).to_f64_exact() <= width
        };
        let Some(i) = x.iter().enumerate().position(|coordinate| !fits(coordinate)) else {
            return Ok(());
        };
        Err(invalid(format!(
            "{owner}: the step {} of coordinate {i} must be at most half of the width of its bounds \
             {}; set a smaller one by `with_step` or `with_typical_magnitude`",
            self.step.at(x[i]),
            bounds.shown(i)
        )))
    }

    /// The ends of the difference about x, the coordinate `index`: x + h and x - h, moved to the
    /// nearest value inside the box.
    pub(super) fn ends<F: Scalar>(&self, index: usize, x: F) -> [F; 2] {
        let h = self.step.at(x);
        match &self.bounds {
            None => [x + h, x - h],
            Some(bounds) => {
                [x + h, x - h].map(|end| F::from_f64_lossy(bounds.clip(index, end.to_f64_exact())))
            }
        }
    }
}

/// A difference of costs over that of the points as they were rounded; 0 where a coordinate cannot
/// move.
pub(super) fn slope<F: Scalar>(rise: F, width: F) -> F {
    if width == F::zero() { F::zero() } else { rise / width }
}

/// The setters of step and box, of an oracle with a field `pairs`.
macro_rules! step_setters {
    ($oracle:ident) => {
        impl<O: StochasticCost> $oracle<O> {
            /// Asks for no cost outside of the box `lower <= x <= upper` (default: no box), which the
            /// solver must stay in, as by [`Arturo::with_bounds`](crate::Arturo::with_bounds) with the
            /// same bounds. Bounds may be infinite; costs are asked for on them, too.
            ///
            /// The ends of a difference that are outside move to the bound. So within h_i of a bound g is
            /// the central difference about a point that is off by at most h_i / 2 in coordinate i: it
            /// has a bias of first order there, up to h_i/2 times the second derivative, and of second
            /// order elsewhere. A coordinate that cannot move has the gradient 0. The steps should be
            /// short against the width of the box.
            ///
            /// No box is needed around a [`Transformed`](crate::Transformed) problem, which takes any
            /// value. Inside of one the bounds are those of x, such as 0 below for
            /// [`Log`](crate::Transform::Log).
            ///
            /// # Errors
            /// If the lengths differ, or a lower bound is NaN or above the upper one. A draw fails at a
            /// point outside of the box, and where a step is longer than half of its width.
            pub fn with_bounds(
                mut self,
                lower: Vec<<O::Param as ParamVec>::Scalar>,
                upper: Vec<<O::Param as ParamVec>::Scalar>,
            ) -> Result<Self, Error> {
                self.pairs.set_bounds(Self::NAME, lower, upper)?;
                Ok(self)
            }
        }

        impl<O> $oracle<O> {
            /// Sets the magnitude that coordinates near 0 are taken to have, in units of x (> 0,
            /// default 1): the default step is eps^(1/3) max(|x_i|, typical), with eps the machine
            /// epsilon.
            ///
            /// # Errors
            /// If it is not positive and finite.
            pub fn with_typical_magnitude(mut self, magnitude: f64) -> Result<Self, Error> {
                self.pairs.step = DifferenceStep::relative(Self::NAME, magnitude)?;
                Ok(self)
            }

            /// Sets the step h itself, in units of x (> 0), the same for each coordinate.
            ///
            /// Where noise does not cancel between the costs of a draw, take the distance over which f
            /// changes by more than the noise of one cost, or a tenth of the range of x if that is
            /// shorter, with coordinates scaled to similar ranges.
            ///
            /// # Errors
            /// If it is not positive and finite.
            pub fn with_step(mut self, step: f64) -> Result<Self, Error> {
                self.pairs.step = DifferenceStep::absolute(Self::NAME, step)?;
                Ok(self)
            }

            /// Sets the step to h = (3 noise / third_derivative)^(1/3), where the bounds on the
            /// errors of truncation and noise have the least sum.
            ///
            /// `noise` (> 0, in units of f) is the noise of one drawn cost that does *not* cancel
            /// between two costs of the same draw: rounding, tolerances of a simulation, or all of
            /// it where the oracle cannot repeat a draw. `third_derivative` (> 0, f/x^3) bounds the
            /// third derivative along a direction of difference. A rough value will do, for h is a cube
            /// root: (change of f) / L^3, where L is the distance over which f bends.
            ///
            /// # Errors
            /// If a value is not positive and finite.
            pub fn with_noise_level(
                mut self,
                noise: f64,
                third_derivative: f64,
            ) -> Result<Self, Error> {
                self.pairs.step = DifferenceStep::for_noise(Self::NAME, noise, third_derivative)?;
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
