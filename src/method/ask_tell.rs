//! A solver as a state machine that is asked and told.

use super::{Ask, private};
use crate::oracle::{Draw, StochasticGradient};
use crate::param::Scalar;
use crate::run::{Point, RunState};
use argmin::core::{Error, Problem, Solver};

/// A solver of this crate on an oracle of the type `O`, as a [`Session`](crate::session::Session)
/// drives it: [`Arturo`](crate::Arturo) with any of its methods, and each of the
/// [baselines](crate::baseline).
///
/// argmin's `next_iter` is `ask`, a drawn gradient, and `tell`; so both have the same bits.
pub trait AskTell<F: Scalar, O>: Solver<O, RunState<Vec<F>, F>> + Clone + private::Sealed
where
    O: StochasticGradient<Param = Vec<F>>,
{
    /// The name of the solver in error messages.
    #[doc(hidden)]
    const NAME: &'static str;

    /// Whether `tell` draws further gradients or costs.
    #[doc(hidden)]
    const DRAWS_MORE: bool;

    /// Writes into `point` where the next gradient is to be drawn. Asked again, it asks the same.
    #[doc(hidden)]
    fn ask_next(&mut self, point: &mut Point<Vec<F>>) -> Result<Ask, Error>;

    /// The draw that is asked for.
    #[doc(hidden)]
    fn draw(&self, ask: Ask) -> Draw;

    /// Processes the gradient in `state`. A refused one changes nothing.
    #[doc(hidden)]
    fn tell_asked(
        &mut self,
        problem: &mut Problem<O>,
        state: &mut RunState<Vec<F>, F>,
        ask: Ask,
    ) -> Result<(), Error>;
}
