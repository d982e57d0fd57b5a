//! Ask and tell: gradients that are evaluated elsewhere, in a laboratory, on hardware, by a simulator in
//! another process or on other machines.
//!
//! argmin's executor calls an oracle and waits. A [`Session`] is asked for points and is told gradients,
//! at any time and in any order, and has the bits of a run in the executor:
//!
//! ```
//! use argmin_arturo::session::Session;
//! use argmin_arturo::Arturo;
//! # use argmin::core::Error;
//!
//! let mut session = Session::new(Arturo::new().with_seed(7), vec![0.0_f64; 2])?.with_max_iters(500);
//! while let Some(asked) = session.ask()? {
//!     // elsewhere: f(x) = 1/2 (x_0 - 1)^2 + 2 (x_1 - 2)^2
//!     let gradient = [asked.param[0] - 1.0, 4.0 * (asked.param[1] - 2.0)];
//!     let ticket = asked.ticket;
//!     session.tell(ticket, &gradient)?;
//! }
//! println!("{:?}: {:?}", session.termination(), session.best());
//! assert!((session.best()[0] - 1.0).abs() < 1e-6 && (session.best()[1] - 2.0).abs() < 1e-6);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Several at once
//!
//! Call [`ask`](Session::ask) again before an answer is there, as often as there are workers: as long
//! as it gives a question, its point does not depend on the answers that are missing. [`Replicated`]
//! around [`Remote`] asks for all its draws at once, [`Spsa`] and [`FiniteDifferenceGradient`] for all
//! their costs; and [`Arturo::new`](crate::Arturo::new) for further draws at the point of its model, and
//! for those of a comparison. Answers come in any order. Questions that turn out not to be needed are
//! withdrawn, and their answers are ignored: they cost evaluations, never bits.
//!
//! [`Replicated`]: crate::oracle::Replicated
//! [`Spsa`]: crate::oracle::Spsa
//! [`FiniteDifferenceGradient`]: crate::oracle::FiniteDifferenceGradient
//!
//! ```
//! use argmin_arturo::oracle::Spsa;
//! use argmin_arturo::session::{Remote, Session};
//! use argmin_arturo::Arturo;
//! # use argmin::core::Error;
//!
//! // costs alone: f(x) = (x_0 - 1)^2 + (x_1 - 2)^2
//! let oracle = Spsa::new(Remote::new());
//! let mut session =
//!     Session::with_oracle(Arturo::new(), vec![0.0_f64; 2], oracle)?.with_max_iters(500);
//! while !session.is_done() {
//!     let mut costs = Vec::new();
//!     while let Some(asked) = session.ask()? {
//!         let x = asked.param;
//!         costs.push((asked.ticket, (x[0] - 1.0).powi(2) + (x[1] - 2.0).powi(2)));
//!     }
//!     for (ticket, cost) in costs.into_iter().rev() {
//!         session.tell_cost(ticket, cost)?;
//!     }
//! }
//! assert!((session.best()[0] - 1.0).abs() < 0.01 && (session.best()[1] - 2.0).abs() < 0.01);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Lost evaluations
//!
//! [`tell_lost`](Session::tell_lost) is for an evaluation that failed. A solver with
//! [`NonFinite::Skip`](crate::NonFinite::Skip) continues without it; otherwise it is an error, the
//! question stays open, and may be evaluated again.
//!
//! # Stop and continue
//!
//! With the feature `serde1` a session can be serialized between any two calls, open questions and
//! answers included, and continues with the same bits. The format must hold infinities and NaN, as MessagePack and
//! CBOR do and JSON does not. argmin's checkpoints hold solver and state alone: those of
//! [`solver`](Session::solver) and [`state`](Session::state) continue in an executor, and those of an executor
//! in [`resume`](Session::resume); open questions are asked again.

mod advance;
mod ahead;
mod inquiry;
mod remote;
mod view;

pub use crate::method::AskTell;
pub use inquiry::{Asked, Wanted};
pub use remote::{AroundRemote, Remote};

use crate::error::misfit;
use crate::method::Ask;
use crate::param::Scalar;
use argmin::core::{Error, IterState, Problem, TerminationReason, TerminationStatus};
use inquiry::{Answer, Inquiry};

/// argmin's state of a run in plain vectors.
type Iterates<F> = IterState<Vec<F>, Vec<F>, (), (), (), F>;

/// A run that is asked for points and told gradients; see the [module](self).
///
/// `S` is [`Arturo`](crate::Arturo) with any method, or a [baseline](crate::baseline); `O` is [`Remote`], or an oracle
/// around it. Methods that need more than gradients and drawn costs, as
/// [`ExactDiagonal`](crate::hessian::ExactDiagonal), do not compile. Those that draw further gradients in an
/// iteration ask for them one at a time, and keep a copy of the solver meanwhile; so do drawn costs of
/// [`with_filtered_cost`](crate::Arturo::with_filtered_cost).
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(
        serialize = "S: serde::Serialize, F: serde::Serialize, O: serde::Serialize",
        deserialize = "S: serde::Deserialize<'de>, F: serde::Deserialize<'de>, O: serde::Deserialize<'de>"
    ))
)]
pub struct Session<S, F = f64, O = Remote<F>> {
    solver: S,
    state: Iterates<F>,
    #[cfg_attr(feature = "serde1", serde(with = "as_oracle"))]
    problem: Problem<O>,
    /// The question that the solver waits for; none until it is asked.
    current: Option<Inquiry<F>>,
    /// The questions that it will ask whatever the answers, as far as can be foreseen.
    ahead: Vec<Inquiry<F>>,
    /// The iteration at which that was looked for.
    foreseen: Option<u64>,
    /// Tickets of questions that the solver did not ask after all.
    withdrawn: Vec<u64>,
    next_ticket: u64,
    /// Memory for the next inquiry.
    #[cfg_attr(feature = "serde1", serde(skip, default))]
    spare: Option<Inquiry<F>>,
}

/// argmin's problem as the oracle in it.
#[cfg(feature = "serde1")]
mod as_oracle {
    use argmin::core::Problem;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<O: Serialize, T: Serializer>(
        problem: &Problem<O>,
        serializer: T,
    ) -> Result<T::Ok, T::Error> {
        problem.problem.serialize(serializer)
    }

    pub fn deserialize<'de, O: Deserialize<'de>, T: Deserializer<'de>>(
        deserializer: T,
    ) -> Result<Problem<O>, T::Error> {
        let oracle = Option::<O>::deserialize(deserializer)?;
        let oracle = oracle.ok_or_else(|| serde::de::Error::custom("the session has no oracle"))?;
        Ok(Problem::new(oracle))
    }
}

const NAME: &str = "Session";

impl<S, F> Session<S, F>
where
    F: Scalar,
    S: AskTell<F, Remote<F>>,
{
    /// A session at the start x0 that asks for gradients.
    ///
    /// # Errors
    /// If the solver cannot start at x0: an executor would end with the same error.
    pub fn new(solver: S, x0: Vec<F>) -> Result<Self, Error> {
        Self::with_oracle(solver, x0, Remote::new())
    }
}

impl<S, F, O> Session<S, F, O>
where
    F: Scalar,
    O: AroundRemote<F>,
    S: AskTell<F, O>,
{
    /// A session at the start x0 that asks for the evaluations of this oracle, such as the costs of
    /// [`Spsa`](crate::oracle::Spsa).
    ///
    /// # Errors
    /// Those of [`new`](Session::new).
    pub fn with_oracle(solver: S, x0: Vec<F>, oracle: O) -> Result<Self, Error> {
        use argmin::core::State;
        Self::resume(solver, Iterates::new().param(x0), oracle)
    }

    /// A session that continues from solver and state, such as those of a checkpoint, or begins with
    /// them at iteration 0.
    ///
    /// # Errors
    /// Those of [`new`](Session::new).
    pub fn resume(mut solver: S, state: Iterates<F>, oracle: O) -> Result<Self, Error> {
        let mut problem = Problem::new(oracle);
        let state = if state.iter == 0 { solver.init(&mut problem, state)?.0 } else { state };
        let mut session = Self {
            solver,
            state,
            problem,
            current: None,
            ahead: Vec::new(),
            foreseen: None,
            withdrawn: Vec::new(),
            next_ticket: 0,
            spare: None,
        };
        session.look_for_end();
        Ok(session)
    }

    /// Sets the number of iterations after which the session is done (default: unlimited). With a larger number a session
    /// that ended by it continues.
    #[must_use]
    pub fn with_max_iters(mut self, max_iters: u64) -> Self {
        self.state.max_iters = max_iters;
        if self.termination() == Some(&TerminationReason::MaxItersReached) {
            self.state.termination_status = TerminationStatus::NotTerminated;
        }
        self.look_for_end();
        self
    }

    /// The next question that no one has yet; none where the session is done, or has to be told an answer
    /// first.
    ///
    /// The first question after an answer is the one that the solver waits for. Further ones take a trial
    /// run of the solver into the future, of some of its steps.
    ///
    /// # Errors
    /// Those of the oracle around [`Remote`], as at a point outside of its bounds; and if the solver was
    /// resumed with a vector of another length.
    pub fn ask(&mut self) -> Result<Option<Asked<'_, F>>, Error> {
        self.go_on()?;
        if self.is_done() {
            return Ok(None);
        }
        if !self.has_new_question() {
            self.foresee()?;
        }
        let ticket = self.next_ticket;
        let inquiries = self.current.iter_mut().chain(&mut self.ahead);
        let Some(part) = inquiries.flat_map(Inquiry::all_mut).find(|part| part.ticket.is_none())
        else {
            return Ok(None);
        };
        part.ticket = Some(ticket);
        self.next_ticket += 1;
        Ok(part.asked())
    }

    /// The gradient that was asked for by this ticket.
    ///
    /// A coordinate that is not finite is treated as the solver treats one of an oracle.
    ///
    /// # Errors
    /// If the ticket is unknown, was answered before, or asks for a cost; if the gradient has not one entry
    /// for each coordinate; and if the solver refuses it ([`NonFinite::Error`](crate::NonFinite::Error)).
    /// All leave the session as it was, and the ticket open.
    pub fn tell(&mut self, ticket: u64, gradient: &[F]) -> Result<(), Error> {
        let expected = self.param().len();
        if gradient.len() != expected {
            return Err(misfit(format!(
                "{NAME}: the gradient told by ticket {ticket} has {} coordinates, it must have \
                 {expected}, one for each of x; tell it again",
                gradient.len()
            )));
        }
        self.answer(ticket, Some(Wanted::Gradient), |part| {
            part.gradient.extend_from_slice(gradient);
            part.answer = Answer::Gradient;
        })
    }

    /// The cost that was asked for by this ticket, in units of f.
    ///
    /// # Errors
    /// If the ticket is unknown, was answered before, or asks for a gradient; and if the solver refuses the
    /// gradient that it completes. All leave the session as it was, and the ticket open.
    pub fn tell_cost(&mut self, ticket: u64, cost: F) -> Result<(), Error> {
        self.answer(ticket, Some(Wanted::Cost), |part| part.answer = Answer::Cost(cost))
    }

    /// The evaluation of this ticket has failed, for this reason, and is not repeated.
    ///
    /// # Errors
    /// If the ticket is unknown or was answered before; and a [`FailedRun`](crate::FailedRun) where the solver does not skip
    /// failed draws ([`NonFinite::Error`](crate::NonFinite::Error), the default). All leave the session as
    /// it was, and the ticket open: it can be evaluated again.
    pub fn tell_lost(&mut self, ticket: u64, reason: impl Into<String>) -> Result<(), Error> {
        self.tell_failed(ticket, Error::msg(reason.into()))
    }

    /// The same, with the error itself for a solver that does not skip it.
    pub(crate) fn tell_failed(&mut self, ticket: u64, error: Error) -> Result<(), Error> {
        let skips = self.solver.draw(Ask { index: 0, is_trial: false }).is_skippable();
        if !skips && self.find(ticket, None)?.is_some() {
            return Err(self.failed(error));
        }
        let reason = error.to_string();
        self.answer(ticket, None, |part| part.answer = Answer::Lost(reason))
    }
}
