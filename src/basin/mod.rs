//! The solvers of this crate as solvers of [basin](https://docs.rs/basin) (feature `basin`).
//!
//! [`Stochastic`] makes a solver of basin out of [`Arturo`](crate::Arturo) with any method, or of a
//! [baseline](crate::baseline). Its problem is any [`StochasticGradient`] over plain vectors: an oracle of this
//! crate, or a problem of basin in [`Batches`] or [`Exact`]. Budgets, observers, cancellation and
//! checkpoints are basin's. A run has the bits of one in argmin's executor.
//!
//! ```
//! use argmin::core::Error;
//! use argmin_arturo::basin::Stochastic;
//! use argmin_arturo::rand_distr::{Distribution, StandardNormal};
//! use argmin_arturo::{Arturo, Draw, StochasticGradient};
//! use basin::Executor;
//!
//! /// f(x) = 1/2 |x - 3|^2, seen through noise of standard deviation 1.
//! struct Noisy;
//! impl StochasticGradient for Noisy {
//!     type Param = Vec<f64>;
//!     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
//!         let mut rng = draw.rng();
//!         for (g, x) in g.iter_mut().zip(x) {
//!             let noise: f64 = StandardNormal.sample(&mut rng);
//!             *g = x - 3.0 + noise;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let solver = Stochastic::new(Arturo::new().with_seed(7));
//! let result = Executor::from_start(Noisy, solver, vec![0.0; 4]).max_iter(2000).run_with_solver()?;
//! assert!(result.best_param().iter().all(|x| (x - 3.0).abs() < 0.3));
//! // its errors, and a verdict
//! let session = result.solver.session().unwrap();
//! println!("{}", session.solution()?);
//! # Ok::<(), Error>(())
//! ```
//!
//! | basin | here |
//! |---|---|
//! | an iteration | one of the solver: a gradient, and further draws of the solver |
//! | `param`, `best_param` | the point of the last iteration, the recommended point: see [`Progress`] |
//! | `cost`, `best_cost` | NaN and infinity: no cost is evaluated |
//! | `Termination::Converged` | the solver's own [tolerance](crate::solution::Tolerance) |
//! | `Termination::Application` | another reason of the solver, such as a [`Stop`](crate::observer::Stop) |
//! | an `Err` of `run` | an error of the oracle in a [`FailedRun`](crate::FailedRun), with the best point |
//! | `ExactCheckpoint` | solver, session and progress; continues with the same bits |
//!
//! basin stops after 1000 iterations unless `max_iter` is set; a budget of gradients is
//! `max_evaluations(EvaluationKind::Gradient, n)`. Its files of checkpoints take the feature `serde1`. A run that a
//! `Stop` has ended stays ended in its checkpoint; one that basin's `CancellationToken` has ended continues.
//!
//! # Limitations
//!
//! Criteria of cost and of step are not offered by basin for this state, since drawn costs and steps do not
//! measure the distance to the minimum. Solvers that draw costs themselves
//! ([`with_filtered_cost`](crate::Arturo::with_filtered_cost)) end with an error.

mod problem;
mod progress;

/// The programs of the page, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/basin.md")]
struct Page;

pub use problem::{Batches, Exact};
pub use progress::Progress;

use crate::error::invalid;
use crate::oracle::StochasticGradient;
use crate::param::Scalar;
use crate::session::{AskTell, Remote, Session, Wanted};
use ::basin::{ApplicationStop, InitialState, Problem, Solver, SolverStep, State, Termination};
use argmin::core::{Error, TerminationReason};
use num_traits::Zero;

const NAME: &str = "Stochastic";

/// A solver of this crate as a solver of basin; see the [module](self).
///
/// `S` is [`Arturo`](crate::Arturo) with any method, or a [baseline](crate::baseline), on vectors `Vec<F>`. basin
/// starts it anew in each run, with its settings; from a checkpoint of basin it continues.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(
        serialize = "S: serde::Serialize, F: serde::Serialize",
        deserialize = "S: serde::Deserialize<'de>, F: serde::Deserialize<'de>"
    ))
)]
pub struct Stochastic<S, F = f64> {
    /// As it starts.
    solver: S,
    session: Option<Session<S, F>>,
    /// Memory for the point that is asked for, and for its gradient.
    #[cfg_attr(feature = "serde1", serde(skip, default))]
    buffers: [Vec<F>; 2],
}

impl<S, F> Stochastic<S, F> {
    /// Has the settings of this solver.
    pub fn new(solver: S) -> Self {
        Self { solver, session: None, buffers: [Vec::new(), Vec::new()] }
    }

    /// The run so far, with solver, argmin's state and answer; none before it begins.
    ///
    /// [`Session::solver`] and [`Session::state`] continue in argmin's executor or in [`Session::resume`].
    pub fn session(&self) -> Option<&Session<S, F>> {
        self.session.as_ref()
    }
}

impl<S, F> Stochastic<S, F>
where
    F: Scalar + ::basin::Scalar,
    S: AskTell<F, Remote<F>>,
{
    /// Why the solver has come to an end.
    fn end(session: &Session<S, F>) -> Option<Termination<F>> {
        session.termination().map(|reason| match reason {
            TerminationReason::SolverConverged => Termination::custom(
                "argmin_arturo::Tolerance",
                "the tolerance of the solver holds, by its own estimate of errors",
                Vec::new(),
            ),
            other => Termination::Application(ApplicationStop::new(other.text())),
        })
    }

    /// Answers the next question of the session.
    fn answer<P>(
        session: &mut Session<S, F>,
        problem: &mut Problem<P>,
        [x, gradient]: &mut [Vec<F>; 2],
    ) -> Result<(), Error>
    where
        P: StochasticGradient<Param = Vec<F>>,
    {
        let Some(asked) = session.ask()? else { return Ok(()) };
        let (ticket, draw, wanted) = (asked.ticket, asked.draw, asked.wanted);
        x.clear();
        x.extend_from_slice(asked.param);
        if wanted == Wanted::Cost {
            return Err(session.failed(invalid(format!(
                "{NAME}: the solver draws costs, and in basin there are gradients only; leave out \
                 `with_filtered_cost`, or run it in argmin's executor"
            ))));
        }
        gradient.resize(x.len(), Zero::zero());
        problem.counts_mut().gradient_evals += 1;
        match problem.inner().stochastic_gradient(x, draw, gradient) {
            Ok(()) => session.tell(ticket, gradient),
            Err(error) => session.tell_failed(ticket, error),
        }
    }
}

/// The error of a step outside of a run.
fn not_started() -> Error {
    invalid(format!("{NAME}: there is no run to continue; start it by basin's `Executor`"))
}

impl<P, S, F> Solver<P, Progress<F>> for Stochastic<S, F>
where
    F: Scalar + ::basin::Scalar,
    P: StochasticGradient<Param = Vec<F>>,
    S: AskTell<F, Remote<F>>,
{
    type Error = Error;

    fn init(
        &mut self,
        _problem: &mut Problem<P>,
        state: Progress<F>,
    ) -> Result<Progress<F>, Error> {
        self.session = Some(Session::new(self.solver.clone(), state.param().clone())?);
        Ok(Progress::new(state.into_param()))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<P>,
        mut state: Progress<F>,
    ) -> Result<SolverStep<Progress<F>>, Error> {
        let session = self.session.as_mut().ok_or_else(not_started)?;
        let iteration = session.state().iter;
        while session.state().iter == iteration && !session.is_done() {
            Self::answer(session, problem, &mut self.buffers)?;
        }
        state.publish(session.param(), session.best());
        Ok(SolverStep::new(state, true, Self::end(session)))
    }

    fn check_convergence(
        &mut self,
        _problem: &Problem<P>,
        _state: &Progress<F>,
    ) -> Option<Termination<F>> {
        let session = self.session.as_mut()?;
        // an observer of basin may have requested a stop since the last iteration
        session.look_for_end();
        Self::end(session)
    }
}

impl<S, F> InitialState<Vec<F>> for Stochastic<S, F>
where
    F: Scalar + ::basin::Scalar,
{
    type State = Progress<F>;

    fn seed(&self, x: &Vec<F>) -> Progress<F> {
        Progress::new(x.clone())
    }
}
