//! Questions that do not depend on the answers that are missing.

use super::inquiry::Inquiry;
use super::{AroundRemote, AskTell, Iterates, Session};
use crate::method::Ask;
use crate::param::Scalar;
use crate::run::Point;
use argmin::core::{Error, Problem};
use num_traits::Float;

/// Iterations that are looked ahead: more than there are workers, as a rule.
const LOOKAHEAD: u64 = 64;

/// A run into the future on made-up gradients.
struct Trial<S, F> {
    solver: S,
    state: Iterates<F>,
    ask: Ask,
    sign: F,
}

impl<S, F> Trial<S, F> {
    /// The next question, and its point, after the stand-in was told; none where it comes to an end.
    fn step<O>(&mut self, problem: &mut Problem<O>, stand_in: &[F]) -> Option<(Ask, Vec<F>)>
    where
        F: Scalar,
        O: AroundRemote<F>,
        S: AskTell<F, O>,
    {
        let mut point = Point::take(S::NAME, &mut self.state).ok()?;
        let (_, gradient) = point.asked(self.ask);
        gradient.iter_mut().zip(stand_in).for_each(|(g, stand_in)| *g = self.sign * *stand_in);
        point.put_back(&mut self.state);
        self.solver.tell_asked(problem, &mut self.state, self.ask).ok()?;
        self.state.iter += 1;
        self.sign = -self.sign;
        let mut point = Point::take(S::NAME, &mut self.state).ok()?;
        let asked = self.solver.ask_next(&mut point);
        let place = asked.ok().map(|ask| (ask, point.asked(ask).0.clone()));
        point.put_back(&mut self.state);
        let (ask, x) = place?;
        self.ask = ask;
        Some((ask, x))
    }
}

impl<S, F, O> Session<S, F, O>
where
    F: Scalar,
    O: AroundRemote<F>,
    S: AskTell<F, O>,
{
    pub(super) fn has_new_question(&self) -> bool {
        let inquiries = self.current.iter().chain(&self.ahead);
        inquiries.flat_map(Inquiry::all).any(|part| part.ticket.is_none())
    }

    /// Looks for questions that do not depend on the answers: two trial runs, one on the last
    /// gradient and one on its opposite, come to it at the same iteration.
    ///
    /// That is a guess, for other gradients may lead elsewhere: then it is withdrawn.
    pub(super) fn foresee(&mut self) -> Result<(), Error> {
        let now = self.state.iter;
        let Some(current) = &self.current else { return Ok(()) };
        if S::DRAWS_MORE || self.foreseen == Some(now) {
            return Ok(());
        }
        self.foreseen = Some(now);
        let is_finite = |g: &Vec<F>| g.iter().all(|g| Float::is_finite(*g));
        let stand_in = self.state.grad.clone().filter(is_finite);
        let stand_in = stand_in.unwrap_or_else(|| vec![F::one(); current.param.len()]);
        let mut trials = [F::one(), -F::one()].map(|sign| Trial {
            solver: self.solver.clone(),
            state: self.state.clone(),
            ask: current.ask,
            sign,
        });
        let last = self.state.max_iters.min(now.saturating_add(LOOKAHEAD + 1));
        for iteration in now + 1..last {
            let [one, other] = &mut trials;
            let Some(place) = one.step(&mut self.problem, &stand_in) else { break };
            if other.step(&mut self.problem, &stand_in).as_ref() != Some(&place) {
                continue;
            }
            if self.ahead.iter().any(|inquiry| inquiry.iteration == iteration) {
                continue;
            }
            let mut inquiry = Inquiry::new(iteration, place.0, &place.1);
            self.take_apart(&mut inquiry)?;
            self.ahead.push(inquiry);
        }
        self.ahead.sort_by_key(|inquiry| inquiry.iteration);
        Ok(())
    }
}
