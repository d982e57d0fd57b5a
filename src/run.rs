//! The part of argmin's state that all solvers treat alike: the start of a run, and the vectors of an iteration
//! with their checks.
//!
//! `solver` is the name of the solver in error messages.

use crate::draw::Draw;
use crate::error::{ArturoError, FailedRun, invalid, misfit};
use crate::kernel;
use crate::param::{ParamVec, Scalar};
use crate::settings::NonFinite;
use argmin::argmin_error_closure;
use argmin::core::{Error, IterState};

/// Which gradient is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[doc(hidden)]
pub struct Ask {
    /// Of the draw.
    pub(crate) index: u64,
    /// At the point under trial, not at x.
    pub(crate) is_trial: bool,
}

/// The name of `Arturo` in error messages.
pub(crate) const NAME: &str = "Arturo";

/// argmin's state of a run.
pub(crate) type RunState<P, F> = IterState<P, P, (), (), (), F>;

/// Checks the start vector, and readies the state for a run. Returns the number of coordinates.
pub(crate) fn start<P: ParamVec>(
    solver: &str,
    state: &mut RunState<P, P::Scalar>,
) -> Result<usize, Error> {
    let param = state.param.as_ref().ok_or_else(argmin_error_closure!(
        NotInitialized,
        format!("`{solver}` needs a start: pass one by `configure(|state| state.param(x0))`")
    ))?;
    let x = param.as_coordinates()?;
    let len = x.len();
    if len == 0 {
        return Err(invalid(format!(
            "{solver}: the initial parameter vector is empty; it needs at least one coordinate"
        )));
    }
    if let Some(coordinate) = kernel::first_non_finite(x) {
        let value = x[coordinate];
        return Err(invalid(format!(
            "{solver}: coordinate {coordinate} of the initial parameter vector must be finite, \
             got {value}"
        )));
    }
    state.best_param = Some(param.clone());
    state.grad = Some(param.clone());
    // neither below nor equal to any cost: argmin then leaves `best_param` to the solver
    state.cost = num_traits::Float::nan();
    Ok(len)
}

/// The vectors of argmin's state that an iteration works on.
pub struct Point<P> {
    pub(crate) param: P,
    pub(crate) gradient: P,
    pub(crate) best: P,
    /// A point under trial and the gradient there, in argmin's `prev_param` and `prev_grad`; only
    /// for solvers that try points.
    trial: Option<[P; 2]>,
}

impl<P: ParamVec> Point<P> {
    /// Takes the vectors out of argmin's state.
    pub(crate) fn take(solver: &str, state: &mut RunState<P, P::Scalar>) -> Result<Self, Error> {
        let param = state.param.take().ok_or_else(argmin_error_closure!(
            PotentialBug,
            format!(
                "`{solver}`: there is no parameter vector in the state; pass one by \
                 `configure(|state| state.param(x0))`"
            )
        ))?;
        let gradient = state.grad.take().unwrap_or_else(|| param.clone());
        let best = state.best_param.take().unwrap_or_else(|| param.clone());
        let trial = state.prev_param.take().zip(state.prev_grad.take()).map(|(x, g)| [x, g]);
        Ok(Self { param, gradient, best, trial })
    }

    /// Puts the vectors back, `best` as the best of the run.
    pub(crate) fn put_back(self, state: &mut RunState<P, P::Scalar>) {
        state.param = Some(self.param);
        state.grad = Some(self.gradient);
        state.best_param = Some(self.best);
        if let Some([param, gradient]) = self.trial {
            state.prev_param = Some(param);
            state.prev_grad = Some(gradient);
        }
    }

    /// The error that ends the run at an iteration, with the best point: argmin drops its state.
    pub(crate) fn failed(self, solver: &'static str, iteration: u64, error: Error) -> Error {
        let located = match error.downcast_ref() {
            Some(ArturoError::NonFiniteGradient { iteration, .. }) => Some(*iteration),
            _ => None,
        };
        let (is_located, iteration) = (located.is_some(), located.unwrap_or(iteration));
        let reason = error.to_string();
        let Self { param, best: best_param, .. } = self;
        error.context(FailedRun { solver, iteration, reason, param, best_param, is_located })
    }

    /// The point under trial and its gradient.
    pub(crate) fn trial(&mut self) -> &mut [P; 2] {
        self.trial.get_or_insert_with(|| [self.param.clone(), self.param.clone()])
    }

    /// Checks that the parameter vector has the length of the run so far.
    pub(crate) fn check_len(&self, solver: &str, expected: usize) -> Result<(), Error> {
        let len = self.param.as_coordinates()?.len();
        if len == expected {
            return Ok(());
        }
        Err(misfit(format!(
            "{solver}: the parameter vector has {len} coordinates, the run so far had {expected}; \
             resume it with the vector it was begun with"
        )))
    }

    /// Whether the drawn gradient can be used; an error where it cannot and is not to be skipped.
    pub(crate) fn accepts(
        &self,
        solver: &'static str,
        draw: Draw,
        non_finite: NonFinite,
    ) -> Result<bool, Error> {
        let gradient = self.gradient.as_coordinates()?;
        self.check_gradient_len(solver, gradient)?;
        let Some(coordinate) = kernel::first_without_square(gradient) else {
            return Ok(true);
        };
        match non_finite {
            NonFinite::Skip => Ok(false),
            NonFinite::Error => Err(ArturoError::NonFiniteGradient {
                solver,
                coordinate,
                value: gradient[coordinate].to_f64_exact(),
                draw,
                iteration: draw.index(),
            }
            .into()),
        }
    }

    /// The gradient that was asked for, of the right length.
    pub(crate) fn asked_gradient(&self, solver: &str, ask: Ask) -> Result<&[P::Scalar], Error> {
        let gradient = match &self.trial {
            Some([_, gradient]) if ask.is_trial => gradient,
            _ => &self.gradient,
        };
        let gradient = gradient.as_coordinates()?;
        self.check_gradient_len(solver, gradient)?;
        Ok(gradient)
    }

    /// The point that is asked for, and where its gradient is to be written.
    pub(crate) fn asked(&mut self, ask: Ask) -> (&P, &mut P) {
        match &mut self.trial {
            Some([place, gradient]) if ask.is_trial => (place, gradient),
            _ => (&self.param, &mut self.gradient),
        }
    }

    fn check_gradient_len(&self, solver: &str, gradient: &[P::Scalar]) -> Result<(), Error> {
        let len = self.param.as_coordinates()?.len();
        if gradient.len() == len {
            return Ok(());
        }
        Err(misfit(format!(
            "{solver}: the drawn gradient has {} coordinates, the parameter vector {len}; the \
             oracle must write one entry per coordinate",
            gradient.len()
        )))
    }
}
