//! Curvature from differences of gradients at the same draw.

use super::exact_diagonal::DRIFT;
use super::{GradientFilter, HessianEstimator, Observation, QuadraticModel, draw_gradient};
use crate::bounds::clip;
use crate::error::{Requirement, invalid, require};
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};
use num_traits::Float;

/// Central differences of the gradient at the same draw:
///
/// ```text
/// a_i = (g_i(x + h e_i, draw) - g_i(x - h e_i, draw)) / (2 h),   h = eps^(1/3) max(|x_i|, typical)
/// ```
///
/// At a bound the difference is one-sided, so that no gradient is drawn outside the box.
///
/// Both gradients share the randomness of the draw (common random numbers), so additive noise
/// cancels exactly, which leaves the curvature of the drawn objective. At each iteration a
/// block of coordinates is looked at, in rotation; drawn gradients are filtered by a
/// [`GradientFilter`]. The step size is the textbook's for central differences (Nocedal and
/// Wright, section 8.1), where eps is the machine epsilon of the scalar.
///
/// Each coordinate costs two gradients, counted by argmin as `stochastic_gradient_count`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(
        serialize = "P::Scalar: serde::Serialize",
        deserialize = "P::Scalar: serde::Deserialize<'de>"
    ))
)]
pub struct FiniteDifference<P: ParamVec> {
    block_size: usize,
    typical_magnitude: f64,
    /// Coordinate that the next block starts at.
    next: usize,
    filter: GradientFilter<P::Scalar>,
    #[cfg_attr(feature = "serde1", serde(skip))]
    scratch: Option<Scratch<P>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Scratch<P> {
    point: P,
    forward: P,
    backward: P,
}

/// Up to this many coordinates are all looked at in every iteration: 20 gradients.
const DEFAULT_BLOCK_SIZE: usize = 10;

impl<P: ParamVec> Default for FiniteDifference<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: ParamVec> FiniteDifference<P> {
    /// Looks at up to 10 coordinates at each iteration, of typical magnitude 1.
    pub fn new() -> Self {
        Self {
            block_size: DEFAULT_BLOCK_SIZE,
            typical_magnitude: 1.0,
            next: 0,
            filter: GradientFilter::default(),
            scratch: None,
        }
    }

    /// Sets how many coordinates are looked at in an iteration (>= 1, default 10). The first
    /// iteration looks at all.
    ///
    /// # Errors
    /// If the block size is 0.
    pub fn with_block_size(mut self, block_size: usize) -> Result<Self, Error> {
        if block_size == 0 {
            return Err(invalid("FiniteDifference: `block_size` must be at least 1, got 0".into()));
        }
        self.block_size = block_size;
        Ok(self)
    }

    /// Sets the magnitude that coordinates near 0 are taken to have, in units of x (> 0, default
    /// 1): the step size is proportional to it there.
    ///
    /// # Errors
    /// If the value is not positive and finite.
    pub fn with_typical_magnitude(mut self, magnitude: f64) -> Result<Self, Error> {
        require("FiniteDifference", "typical_magnitude", magnitude, Requirement::Positive)?;
        self.typical_magnitude = magnitude;
        Ok(self)
    }

    /// Differences in the coordinates `block`, written into `curvature`.
    fn difference<O: StochasticGradient<Param = P>>(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        block: impl Iterator<Item = usize>,
        curvature: &mut [P::Scalar],
    ) -> Result<(), Error> {
        let Observation { param, draw, bounds, .. } = observation;
        let typical = P::Scalar::from_f64_lossy(self.typical_magnitude);
        let relative = P::Scalar::epsilon().cbrt();
        let scratch = self.scratch.get_or_insert_with(|| Scratch {
            point: param.clone(),
            forward: param.clone(),
            backward: param.clone(),
        });
        let Scratch { point, forward, backward } = scratch;
        point.as_coordinates_mut()?.copy_from_slice(param.as_coordinates()?);
        for i in block {
            let x = point.as_coordinates()?[i];
            let h = relative * x.abs().max(typical);
            let inside = |x| bounds.map_or(x, |[low, high]| clip(x, low[i], high[i]));
            let (ahead, behind) = (inside(x + h), inside(x - h));
            if ahead == behind {
                // a coordinate that cannot move needs no curvature
                continue;
            }
            point.as_coordinates_mut()?[i] = ahead;
            draw_gradient(problem, point, draw, forward)?;
            point.as_coordinates_mut()?[i] = behind;
            draw_gradient(problem, point, draw, backward)?;
            point.as_coordinates_mut()?[i] = x;
            // the difference of the points as they were rounded
            let slope =
                (forward.as_coordinates()?[i] - backward.as_coordinates()?[i]) / (ahead - behind);
            // a draw that failed has no information
            if slope.is_finite() {
                curvature[i] = slope;
            }
        }
        Ok(())
    }
}

impl<O, P> HessianEstimator<O> for FiniteDifference<P>
where
    O: StochasticGradient<Param = P>,
    P: ParamVec,
{
    fn update(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        model: &mut QuadraticModel<P::Scalar>,
    ) -> Result<(), Error> {
        let gradient = observation.gradient.as_coordinates()?;
        let len = gradient.len();
        if observation.iteration == 0 {
            self.filter.start(gradient, model);
            self.next = 0;
            return self.difference(problem, observation, 0..len, &mut model.curvature);
        }
        self.filter.update(gradient, observation.step, DRIFT, model);
        let start = self.next;
        let block = (0..self.block_size.min(len)).map(|k| (start + k) % len);
        self.next = (start + self.block_size) % len;
        self.difference(problem, observation, block, &mut model.curvature)
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}
