//! The view that users have of a session.

use super::inquiry::{Asked, Inquiry};
use super::{AroundRemote, AskTell, Iterates, Session};
use crate::method::Method;
use crate::param::Scalar;
use crate::run::Point;
use crate::solution::Solution;
use crate::solver::Arturo;
use argmin::core::{Error, TerminationReason, TerminationStatus};

impl<S, F, O> Session<S, F, O>
where
    F: Scalar,
    O: AroundRemote<F>,
    S: AskTell<F, O>,
{
    /// The questions that are out, in the order of their iterations, such as to ask them again after a
    /// crash of those who had them. Those that were withdrawn are not among them.
    pub fn open(&self) -> impl Iterator<Item = Asked<'_, F>> {
        let inquiries = self.current.iter().chain(&self.ahead);
        inquiries
            .flat_map(Inquiry::all)
            .filter(|part| part.is_open())
            .filter_map(|part| part.asked())
    }

    /// The recommended point.
    pub fn best(&self) -> &[F] {
        self.state.best_param.as_deref().unwrap_or_default()
    }

    /// The point of the last iteration.
    pub fn param(&self) -> &[F] {
        self.state.param.as_deref().unwrap_or_default()
    }

    /// Whether nothing more is asked.
    pub fn is_done(&self) -> bool {
        self.state.termination_status.terminated()
    }

    /// The reason of argmin why nothing more is asked.
    pub fn termination(&self) -> Option<&TerminationReason> {
        match &self.state.termination_status {
            TerminationStatus::Terminated(reason) => Some(reason),
            TerminationStatus::NotTerminated => None,
        }
    }

    /// The solver.
    pub fn solver(&self) -> &S {
        &self.solver
    }

    /// argmin's state.
    pub fn state(&self) -> &Iterates<F> {
        &self.state
    }

    /// An error of this session, with its best point.
    pub(crate) fn failed(&self, error: Error) -> Error {
        match Point::take(S::NAME, &mut self.state.clone()) {
            Ok(point) => point.failed(S::NAME, self.state.iter, error),
            Err(_) => error,
        }
    }
}

impl<F, M, C, O> Session<Arturo<F, M, C>, F, O>
where
    F: Scalar,
    M: Method<F>,
    O: AroundRemote<F>,
    Arturo<F, M, C>: AskTell<F, O>,
{
    /// The answer so far with its errors and a verdict; see [`Arturo::solution`].
    ///
    /// # Errors
    /// Those of [`Arturo::solution`].
    pub fn solution(&self) -> Result<Solution<Vec<F>>, Error> {
        self.solver.solution(&self.state)
    }
}
