//! The scale of x from an earlier answer.

use super::Solution;
use crate::error::no_answer;
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;

/// Units of the coordinates in standard errors of an earlier answer: the first steps, 1e-2 of a unit, are
/// then of the size of one. On a quadratic with curvatures 1 and 1e4, 30 draws from the earlier answer end at a
/// median gap of 1.2e-4 with 100, 9.4e-6 with 10 and 1.6e-4 with 1000, and at 0.16 with the units of x; where
/// the minimum has moved by 30 errors, at 6.5e-4, 3.5e-3 and 2.0e-4.
const ERRORS_PER_UNIT: f64 = 100.0;

/// The scale of a run that starts from an earlier answer: multiples of its standard errors; where one
/// is 0, as of a coordinate that cannot move, the least of the others.
pub(crate) fn scale_of<P: ParamVec>(
    owner: &str,
    solution: &Solution<P>,
) -> Result<Vec<P::Scalar>, Error> {
    let errors = &solution.standard_error;
    let known = errors.iter().copied().filter(|error| *error > 0.0);
    let least = known.reduce(f64::min).unwrap_or(f64::INFINITY);
    if errors.iter().any(|error| !error.is_finite()) || !least.is_finite() {
        return Err(no_answer(format!(
            "{owner}: the earlier solution has no standard errors that could scale x: they are \
             infinite or all 0; give a unit for each coordinate by `with_scale`, or start without"
        )));
    }
    let unit = |error: &f64| {
        let unit = ERRORS_PER_UNIT * if *error > 0.0 { *error } else { least };
        P::Scalar::from_f64_lossy(unit)
    };
    Ok(errors.iter().map(unit).collect())
}
