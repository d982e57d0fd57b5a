//! A box that x stays in.

use crate::error::{invalid, misfit};
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use argmin::core::Error;

/// Bounds on each coordinate, `lower <= x <= upper`.
///
/// Where there is none, it is the largest finite number of its sign, which every serialization format
/// can hold.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct BoxBounds<F> {
    lower: Vec<F>,
    upper: Vec<F>,
}

impl<F: Scalar> BoxBounds<F> {
    pub(crate) fn new(solver: &str, lower: Vec<F>, upper: Vec<F>) -> Result<Self, Error> {
        if lower.len() != upper.len() {
            return Err(misfit(format!(
                "{solver}: `lower` has {} coordinates, `upper` has {}; give both for each coordinate, \
                 infinite where there is no bound",
                lower.len(),
                upper.len()
            )));
        }
        // NaN is in no order
        let ordered = |(lower, upper): (&F, &F)| lower <= upper;
        if let Some(i) = lower.iter().zip(&upper).position(|bounds| !ordered(bounds)) {
            return Err(invalid(format!(
                "{solver}: `lower[{i}]` must be at most `upper[{i}]`, got {} and {}",
                lower[i], upper[i]
            )));
        }
        let finite = |values: Vec<F>| {
            values.into_iter().map(|x| x.max(F::min_value()).min(F::max_value())).collect()
        };
        Ok(Self { lower: finite(lower), upper: finite(upper) })
    }

    /// The lower and the upper bounds.
    pub fn both(&self) -> [&[F]; 2] {
        [&self.lower, &self.upper]
    }

    /// The lower bounds.
    pub fn lower(&self) -> &[F] {
        &self.lower
    }

    /// The upper bounds.
    pub fn upper(&self) -> &[F] {
        &self.upper
    }

    /// The value nearest to `x` that coordinate `index` may have.
    ///
    /// # Panics
    /// If there is no such coordinate.
    pub fn clip(&self, index: usize, x: F) -> F {
        clip(x, self.lower[index], self.upper[index])
    }

    /// Moves each coordinate to the nearest value it may have.
    pub(crate) fn clip_all(&self, x: &mut [F]) {
        clip_between(self.both(), x);
    }

    /// Checks that there are bounds for each of `len` coordinates.
    pub(crate) fn check_len(&self, owner: &str, len: usize) -> Result<(), Error> {
        if len == self.lower.len() {
            return Ok(());
        }
        Err(misfit(format!(
            "{owner}: there are bounds for {} coordinates, the parameter vector has {len}; give \
             both for each coordinate, infinite where there is no bound",
            self.lower.len()
        )))
    }

    /// Checks that x, called `what`, is inside.
    pub(crate) fn check(&self, owner: &str, what: &str, x: &[F]) -> Result<(), Error> {
        self.check_len(owner, x.len())?;
        let Some(i) = (0..x.len()).find(|&i| self.clip(i, x[i]) != x[i]) else { return Ok(()) };
        Err(invalid(format!(
            "{owner}: coordinate {i} of the {what} must be in its bounds {}, got {}",
            self.shown(i),
            x[i]
        )))
    }

    /// The bounds of coordinate `index` for an error message.
    pub(crate) fn shown(&self, index: usize) -> String {
        let shown = |bound: F| {
            let is_none = bound.abs() == F::max_value();
            if is_none { F::infinity() * bound.signum() } else { bound }
        };
        format!("[{}, {}]", shown(self.lower[index]), shown(self.upper[index]))
    }
}

/// Moves each coordinate to the nearest value between its bounds.
pub(crate) fn clip_between<F: Scalar>(bounds: [&[F]; 2], x: &mut [F]) {
    zip_map_sum(bounds, [x], |[low, high], [x]| ([clip(x, low, high)], []));
}

/// The value of `[low, high]` that is nearest to `x`.
#[inline(always)]
pub(crate) fn clip<F: Scalar>(x: F, low: F, high: F) -> F {
    x.max(low).min(high)
}
