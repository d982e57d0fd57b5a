//! What all solvers do with argmin's state: the start of a run, and the vectors of an iteration
//! with their checks.
//!
//! `solver` is what the solver is called in error messages.

use crate::draw::Draw;
use crate::error::{ArturoError, FailedRun, invalid, misfit};
use crate::kernel;
use crate::param::{ParamVec, Scalar};
use crate::settings::NonFinite;
use argmin::argmin_error_closure;
use argmin::core::{Error, IterState};

/// What `Arturo` is called in error messages.
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
        state.last_best_iter = state.iter;
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

    /// Whether the drawn gradient can be used, whatever becomes of it where it cannot.
    pub(crate) fn is_usable(&self, solver: &str) -> Result<bool, Error> {
        let gradient = self.gradient.as_coordinates()?;
        self.check_gradient_len(solver, gradient)?;
        Ok(kernel::first_without_square(gradient).is_none())
    }

    /// Whether the gradient drawn at the trial point can be used.
    pub(crate) fn accepts_trial(&self, solver: &str) -> Result<bool, Error> {
        let Some([_, gradient]) = &self.trial else { return Ok(false) };
        let gradient = gradient.as_coordinates()?;
        self.check_gradient_len(solver, gradient)?;
        Ok(kernel::first_without_square(gradient).is_none())
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
