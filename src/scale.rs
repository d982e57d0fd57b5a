//! The scale of x, as a user gives it.

use crate::error::{Requirement, misfit, require};
use crate::param::Scalar;
use argmin::core::Error;

/// Checks a unit for each coordinate.
pub(crate) fn check<F: Scalar>(owner: &str, scale: &[F]) -> Result<(), Error> {
    for (i, unit) in scale.iter().enumerate() {
        require(owner, &format!("scale[{i}]"), unit.to_f64_exact(), Requirement::Positive)?;
    }
    Ok(())
}

/// Checks that there is a unit for each of `len` coordinates.
pub(crate) fn check_len<F>(owner: &str, scale: Option<&[F]>, len: usize) -> Result<(), Error> {
    match scale {
        Some(scale) if scale.len() != len => Err(misfit(format!(
            "{owner}: `scale` has {} entries, the parameter vector has {len} coordinates; give a unit \
             for each",
            scale.len()
        ))),
        _ => Ok(()),
    }
}
