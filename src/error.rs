//! Errors that name solver, parameter, value, range and what to do.

use crate::oracle::Draw;
use argmin::argmin_error;
use argmin::core::Error;

/// What a numeric setting must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Requirement {
    Positive,
    NonNegative,
    AboveOne,
    OpenUnitInterval,
    BelowOne,
    UnitFactor,
}

/// Checks a setting.
pub(crate) fn require(
    owner: &str,
    parameter: &str,
    value: f64,
    requirement: Requirement,
) -> Result<(), Error> {
    let (holds, range) = match requirement {
        Requirement::Positive => (value > 0.0, "positive and finite"),
        Requirement::NonNegative => (value >= 0.0, "non-negative and finite"),
        Requirement::AboveOne => (value > 1.0, "above 1 and finite"),
        Requirement::UnitFactor => (value > 0.0 && value <= 1.0, "in (0, 1]"),
        Requirement::BelowOne => ((0.0..1.0).contains(&value), "in [0, 1)"),
        Requirement::OpenUnitInterval => (value > 0.0 && value < 1.0, "in (0, 1)"),
    };
    if holds && value.is_finite() {
        return Ok(());
    }
    Err(invalid(format!("{owner}: `{parameter}` must be {range}, got {value}")))
}

/// An [`ArgminError::InvalidParameter`](argmin::core::ArgminError) with this text.
pub(crate) fn invalid(text: String) -> Error {
    argmin_error!(InvalidParameter, text)
}

/// The best point of a run that an error ended.
///
/// argmin drops its state with an error. Get the point back by
/// `error.downcast_ref::<FailedRun<P>>()`; `downcast_ref` to the type of the error itself works as well.
/// A gradient that is not finite ends a run with [`NonFiniteGradient`], which has the point, too. To
/// skip failed draws instead see [`NonFinite`](crate::NonFinite).
#[derive(Clone, Debug, thiserror::Error)]
#[error("{solver}: the run ended at iteration {iteration}: {reason}")]
#[non_exhaustive]
pub struct FailedRun<P> {
    /// The solver of the run.
    pub solver: &'static str,
    /// The iteration, from 0.
    pub iteration: u64,
    /// The text of the error.
    pub reason: String,
    /// The point of the last gradient that was asked for.
    pub param: P,
    /// The recommended point when the run ended.
    pub best_param: P,
}

/// A drawn gradient with a coordinate that is NaN, infinite, or so large that its square is: above
/// 5e151 in `f64` and 7e16 in `f32`.
///
/// The error of a run that met one; get it back, with the last good point, by
/// `error.downcast_ref::<NonFiniteGradient<P>>()`. To skip such draws instead see
/// [`NonFinite`](crate::NonFinite).
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{solver}: coordinate {coordinate} of the gradient is {value:e}{why} at iteration {iteration} \
     (draw {index} of seed {seed}); {remedy}check the oracle at this draw, or skip such draws by \
     `with_non_finite(NonFinite::Skip)`",
    why = if .value.is_finite() { ", too large to be squared," } else { "" },
    remedy = if .value.is_finite() { "divide the objective by its scale, " } else { "" },
    index = .draw.index(),
    seed = .draw.seed()
)]
#[non_exhaustive]
pub struct NonFiniteGradient<P> {
    /// The solver that met it.
    pub solver: &'static str,
    /// The first such coordinate, from 0.
    pub coordinate: usize,
    /// Its value: NaN, an infinity, or a finite one that is too large.
    pub value: f64,
    /// The draw that gave it; the oracle repeats it at the same point.
    pub draw: Draw,
    /// The iteration, from 0.
    pub iteration: u64,
    /// The point at which the gradient was drawn; no coordinate of it has been touched since.
    pub param: P,
    /// The recommended point when the run ended.
    pub best_param: P,
}
