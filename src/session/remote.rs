//! The oracle that is elsewhere.

use super::inquiry::{Answer, Part, Wanted};
use crate::error::invalid;
use crate::oracle::{
    Clipped, Draw, FiniteDifferenceGradient, Replicated, Spsa, StochasticCost, StochasticGradient,
};
use crate::param::Scalar;
use argmin::core::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Gradients and costs that are evaluated elsewhere: a [`Session`](super::Session) asks for them.
///
/// Alone it asks for gradients. Within other oracles it asks for all their evaluations at once:
/// [`Spsa`] and [`FiniteDifferenceGradient`] for costs, [`Replicated`] for several draws at one point.
#[derive(Debug, Default)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde1", serde(bound = ""))]
pub struct Remote<F> {
    #[cfg_attr(feature = "serde1", serde(skip, default = "Exchange::closed"))]
    exchange: Exchange<F>,
}

/// Where answers lie while an oracle is evaluated.
#[derive(Debug)]
struct Exchange<F>(Mutex<Open<F>>);

/// The questions that an evaluation has come to so far.
#[derive(Debug)]
struct Open<F> {
    parts: Vec<Part<F>>,
    cursor: usize,
    mode: Mode,
    /// Memory for further questions.
    spare: Vec<Part<F>>,
}

/// How a question without an answer is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// There is no session.
    Closed,
    /// It is noted, and the evaluation continues with 0, so that one evaluation notes all of them.
    All,
    /// It is noted and fails, and no later one is noted, for it may depend on the answer.
    First,
}

impl<F> Exchange<F> {
    fn closed() -> Self {
        let open = Open { parts: Vec::new(), cursor: 0, mode: Mode::Closed, spare: Vec::new() };
        Self(Mutex::new(open))
    }

    fn lock(&self) -> MutexGuard<'_, Open<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Default for Exchange<F> {
    fn default() -> Self {
        Self::closed()
    }
}

/// A clone has no questions of its own.
impl<F> Clone for Remote<F> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<F> Remote<F> {
    /// For any number of coordinates.
    pub fn new() -> Self {
        Self { exchange: Exchange::closed() }
    }

    /// Lets the oracle be evaluated with the answers in `parts`.
    pub(super) fn open(&self, parts: Vec<Part<F>>, mode: Mode) {
        let mut open = self.exchange.lock();
        (open.parts, open.cursor, open.mode) = (parts, 0, mode);
    }

    /// Takes the questions back, with those that are new.
    pub(super) fn close(&self) -> Vec<Part<F>> {
        let mut open = self.exchange.lock();
        open.mode = Mode::Closed;
        std::mem::take(&mut open.parts)
    }

    /// Takes back the memory of questions that are answered.
    pub(super) fn recycle(&self, parts: &mut Vec<Part<F>>) {
        self.exchange.lock().spare.append(parts);
    }
}

impl<F: Scalar> Remote<F> {
    /// The answer to a question; none where it is noted, to be asked.
    fn evaluate<T>(
        &self,
        x: &[F],
        draw: Draw,
        wanted: Wanted,
        read: impl FnOnce(&Part<F>) -> T,
        unknown: T,
    ) -> Result<T, Error> {
        let mut open = self.exchange.lock();
        let Open { parts, cursor, mode, spare } = &mut *open;
        if *mode == Mode::Closed {
            return Err(invalid(
                "Remote: it is evaluated elsewhere, and only a `Session` can ask for it; pass the \
                 oracle to `Session::with_oracle`, not to an executor"
                    .into(),
            ));
        }
        if *cursor == parts.len() {
            let mut part = spare.pop().unwrap_or_else(|| Part::new(&[], draw, wanted));
            part.renew(x, draw, wanted);
            parts.push(part);
        }
        let part = &parts[*cursor];
        if part.param != x || part.draw != draw || part.wanted != wanted {
            return Err(invalid(
                "Remote: the oracle around it asks for something else at the same point and draw than \
                 before; it must be pure in both"
                    .into(),
            ));
        }
        match (&part.answer, &mode) {
            (Answer::Open, Mode::All) => {
                *cursor += 1;
                Ok(unknown)
            }
            // the cursor stays: no later question is noted
            (Answer::Open, _) => {
                *mode = Mode::Closed;
                Err(invalid("Remote: this is not known yet".into()))
            }
            (Answer::Lost(reason), _) => {
                *cursor += 1;
                Err(Error::msg(reason.clone()))
            }
            _ => {
                *cursor += 1;
                Ok(read(part))
            }
        }
    }
}

impl<F: Scalar> StochasticGradient for Remote<F> {
    type Param = Vec<F>;

    fn stochastic_gradient(
        &self,
        x: &Vec<F>,
        draw: Draw,
        gradient: &mut Vec<F>,
    ) -> Result<(), Error> {
        gradient.fill(F::zero());
        let read = |part: &Part<F>| gradient.copy_from_slice(&part.gradient);
        self.evaluate(x, draw, Wanted::Gradient, read, ())
    }
}

impl<F: Scalar> StochasticCost for Remote<F> {
    type Param = Vec<F>;

    fn stochastic_cost(&self, x: &Vec<F>, draw: Draw) -> Result<F, Error> {
        let read = |part: &Part<F>| match part.answer {
            Answer::Cost(cost) => cost,
            _ => F::zero(),
        };
        self.evaluate(x, draw, Wanted::Cost, read, F::zero())
    }
}

/// [`Remote`], or an oracle around it whose questions do not depend on the answers.
///
/// An oracle of your own forwards that of the oracle which it wraps.
pub trait AroundRemote<F>: StochasticGradient<Param = Vec<F>> {
    /// Whether it is [`Remote`] itself.
    const IS_REMOTE: bool = false;

    /// The innermost oracle.
    fn remote(&self) -> &Remote<F>;
}

impl<F: Scalar> AroundRemote<F> for Remote<F> {
    const IS_REMOTE: bool = true;

    fn remote(&self) -> &Self {
        self
    }
}

impl<F: Scalar> AroundRemote<F> for Spsa<Remote<F>> {
    fn remote(&self) -> &Remote<F> {
        self.oracle()
    }
}

impl<F: Scalar> AroundRemote<F> for FiniteDifferenceGradient<Remote<F>> {
    fn remote(&self) -> &Remote<F> {
        self.oracle()
    }
}

impl<F: Scalar, O: AroundRemote<F>> AroundRemote<F> for Replicated<O> {
    fn remote(&self) -> &Remote<F> {
        self.oracle().remote()
    }
}

impl<F: Scalar, O: AroundRemote<F>> AroundRemote<F> for Clipped<O> {
    fn remote(&self) -> &Remote<F> {
        self.oracle().remote()
    }
}
