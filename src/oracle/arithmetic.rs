//! Arithmetic on whole gradients, with a check of their lengths.

use crate::error::misfit;
use crate::kernel;
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;
use num_traits::Zero;

/// Replaces each coordinate `a` of `target` by the first that `f(a, b)` gives, with `b` that of
/// `other`, and returns the sum of the second.
///
/// # Errors
/// If the two differ in length.
pub(super) fn combine<P: ParamVec>(
    owner: &str,
    target: &mut P,
    other: &P,
    f: impl Fn(P::Scalar, P::Scalar) -> (P::Scalar, P::Scalar) + Sync,
) -> Result<f64, Error> {
    let (target, other) = (target.as_coordinates_mut()?, other.as_coordinates()?);
    if target.len() != other.len() {
        return Err(misfit(format!(
            "{owner}: gradients of {} and of {} coordinates were drawn at one point; the wrapped \
             oracle must write one entry per coordinate of the parameter vector",
            target.len(),
            other.len()
        )));
    }
    let [sum] = kernel::zip_map_sum([other], [target], |[b], [a]| {
        let (new, summand) = f(a, b);
        ([new], [summand])
    });
    Ok(sum)
}

/// Adds `other` to `sum`.
pub(super) fn add<P: ParamVec>(owner: &str, sum: &mut P, other: &P) -> Result<(), Error> {
    combine(owner, sum, other, |a, b| (a + b, P::Scalar::zero())).map(drop)
}

/// Copies the coordinates of `source`.
pub(super) fn copy<P: ParamVec>(owner: &str, target: &mut P, source: &P) -> Result<(), Error> {
    combine(owner, target, source, |_, b| (b, P::Scalar::zero())).map(drop)
}

/// Sets all coordinates to 0.
pub(super) fn clear<P: ParamVec>(sum: &mut P) -> Result<(), Error> {
    sum.as_coordinates_mut()?.fill(P::Scalar::zero());
    Ok(())
}

/// Divides by a count.
pub(crate) fn divide<P: ParamVec>(sum: &mut P, count: u64) -> Result<(), Error> {
    let count = P::Scalar::from_f64_lossy(count as f64);
    for value in sum.as_coordinates_mut()? {
        *value = *value / count;
    }
    Ok(())
}

/// Forwards the traits of a wrapped field `oracle` that do not depend on the draws: the exact Hessian, the
/// stage and, where `Mirror` is given, the mirror image.
macro_rules! pass_on {
    ($wrapper:ident) => {
        impl<O: argmin::core::Hessian> argmin::core::Hessian for $wrapper<O> {
            type Param = O::Param;
            type Hessian = O::Hessian;

            fn hessian(&self, x: &O::Param) -> Result<O::Hessian, Error> {
                self.oracle.hessian(x)
            }
        }

        impl<O: $crate::oracle::Staged> $crate::oracle::Staged for $wrapper<O> {
            type Param = O::Param;

            fn begin_stage(&mut self, x: &O::Param) -> Result<(), Error> {
                self.oracle.begin_stage(x)
            }

            fn stage_point(&self) -> Option<&O::Param> {
                self.oracle.stage_point()
            }
        }
    };
    ($wrapper:ident, Mirror) => {
        pass_on!($wrapper);

        impl<O: $crate::oracle::Mirror> $crate::oracle::Mirror for $wrapper<O> {}
    };
}
pub(super) use pass_on;
