//! Errors that name solver, parameter, value, range and a remedy.

use crate::draw::Draw;
use argmin::core::Error;

/// The range of a numeric setting.
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

/// The errors of this crate; `error.downcast_ref::<ArturoError>()` finds one in argmin's
/// [`Error`](argmin::core::Error).
///
/// Each text names the parameter, its value, its range, and a remedy. An error of an oracle, and
/// those that argmin has for the same (a run without a start), are passed on as they are.
///
/// ```
/// use argmin_arturo::{Arturo, ArturoError};
///
/// let error = Arturo::new().with_bounds(vec![1.0], vec![0.0]).unwrap_err();
/// assert!(matches!(error.downcast_ref(), Some(ArturoError::Setting(_))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArturoError {
    /// A setting is out of its range.
    #[error("Invalid parameter: {0:?}")]
    Setting(String),
    /// Vectors of the wrong length, or layout in memory.
    #[error("Invalid parameter: {0:?}")]
    Shape(String),
    /// A run has no answer, or none with errors.
    #[error("Invalid parameter: {0:?}")]
    NoAnswer(String),
    /// A file cannot be read or written.
    #[error("Invalid parameter: {text:?}")]
    File {
        /// The file, and a remedy.
        text: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file that is no checkpoint of this run, or a damaged one.
    #[error("Invalid parameter: {text:?}")]
    Checkpoint {
        /// The file, the fault, and a remedy.
        text: String,
        /// The error of the format, where there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A drawn gradient has a coordinate that is NaN, infinite, or so large that its square is: above
    /// 5e151 in `f64` and 7e16 in `f32`. The points of the run are in its [`FailedRun`]. To skip such
    /// draws instead see [`NonFinite`](crate::NonFinite).
    #[error(
        "{solver}: coordinate {coordinate} of the gradient is {value:e}{why} at iteration {iteration} \
         (draw {index} of seed {seed}); {remedy}check the oracle at this draw, or skip such draws by \
         `with_non_finite(NonFinite::Skip)`",
        why = if .value.is_finite() { ", too large to be squared," } else { "" },
        remedy = if .value.is_finite() { "divide the objective by its scale, " } else { "" },
        index = .draw.index(),
        seed = .draw.seed()
    )]
    NonFiniteGradient {
        /// The solver that met it.
        solver: &'static str,
        /// The first such coordinate, from 0.
        coordinate: usize,
        /// Its value: NaN, an infinity, or a finite one that is too large.
        value: f64,
        /// The draw that gave it; the oracle repeats it at the same point.
        draw: Draw,
        /// The iteration, from 0.
        iteration: u64,
    },
    /// A [`Stream`](crate::oracle::Stream) has no more rows.
    #[error(
        "Stream: there are no more rows after {row_count}; limit the iterations, or end the run with its \
         result by `with_stop`"
    )]
    StreamEnded {
        /// The number of rows that there were.
        row_count: u64,
    },
    /// The oracle has failed at this draw on another rank (feature `mpi`).
    #[error("rank {rank}: {reason}")]
    Rank {
        /// The first such rank, from 0.
        rank: usize,
        /// The text of its error.
        reason: String,
    },
    /// The ranks of an MPI program are not at the same draw and point (feature `mpi`). It ends runs that skip
    /// failed draws, too.
    #[error("{0}")]
    RanksApart(String),
}

/// Whether an error ends a run that skips failed draws.
pub(crate) fn is_final(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(ArturoError::RanksApart(_)))
}

/// A setting that is out of range.
pub(crate) fn invalid(text: String) -> Error {
    ArturoError::Setting(text).into()
}

/// Lengths that do not fit together.
pub(crate) fn misfit(text: String) -> Error {
    ArturoError::Shape(text).into()
}

/// An answer that there is not.
pub(crate) fn no_answer(text: String) -> Error {
    ArturoError::NoAnswer(text).into()
}

/// The best point of a run that an error ended.
///
/// argmin drops its state with an error. Get the point back by
/// `error.downcast_ref::<FailedRun<P>>()`; `downcast_ref` to the type of the error itself works as well,
/// [`ArturoError`] for a gradient that is not finite. To skip failed draws instead see
/// [`NonFinite`](crate::NonFinite).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedRun<P> {
    /// The solver of the run.
    pub solver: &'static str,
    /// The iteration, from 0.
    pub iteration: u64,
    /// The text of the error.
    pub reason: String,
    /// The point of the last gradient that was asked for; no coordinate of it has been touched since.
    pub param: P,
    /// The recommended point when the run ended.
    pub best_param: P,
    /// Whether the reason itself names solver and iteration.
    pub(crate) is_located: bool,
}

impl<P> std::fmt::Display for FailedRun<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { solver, iteration, reason, is_located, .. } = self;
        if !is_located {
            write!(f, "{solver}: the run ended at iteration {iteration}: ")?;
        }
        f.write_str(reason)
    }
}
