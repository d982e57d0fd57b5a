//! From answers to the next question.

use super::inquiry::{Inquiry, Part, Wanted};
use super::remote::Mode;
use super::{Answer, AroundRemote, AskTell, NAME, Session};
use crate::error::invalid;
use crate::hessian::draw_gradient;
use crate::param::Scalar;
use crate::run::Point;
use argmin::core::{Error, TerminationStatus};
use num_traits::Float;

impl<S, F, O> Session<S, F, O>
where
    F: Scalar,
    O: AroundRemote<F>,
    S: AskTell<F, O>,
{
    /// Ends the session where the solver has come to an end, or to its last iteration.
    pub(crate) fn look_for_end(&mut self) {
        if !self.state.termination_status.terminated()
            && let TerminationStatus::Terminated(reason) =
                self.solver.terminate_internal(&self.state)
        {
            self.state.termination_status = TerminationStatus::Terminated(reason);
        }
    }

    /// Asks the solver for its next question.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let mut point = Point::take(S::NAME, &mut self.state)?;
        let asked = self.solver.ask_next(&mut point);
        let iteration = self.state.iter;
        let place = asked.map(|ask| {
            let (x, _) = point.asked(ask);
            let foreseen = self.ahead.iter().position(|inquiry| inquiry.iteration == iteration);
            if let Some(at) = foreseen {
                let inquiry = self.ahead.remove(at);
                if inquiry.ask == ask && inquiry.param == *x {
                    return Ok(inquiry);
                }
                let out = inquiry.all().filter(|part| part.is_open());
                self.withdrawn.extend(out.filter_map(|part| part.ticket));
            }
            let Some(mut inquiry) = self.spare.take() else {
                return Err(Inquiry::new(iteration, ask, x));
            };
            inquiry.renew(iteration, ask, x);
            Err(inquiry)
        });
        point.put_back(&mut self.state);
        self.current = Some(match place? {
            Ok(foreseen) => foreseen,
            Err(mut new) => {
                self.take_apart(&mut new)?;
                new
            }
        });
        Ok(())
    }

    /// Finds the evaluations that the oracle makes a gradient of.
    pub(super) fn take_apart(&mut self, inquiry: &mut Inquiry<F>) -> Result<(), Error> {
        let draw = self.solver.draw(inquiry.ask);
        if O::IS_REMOTE {
            match inquiry.parts.first_mut() {
                Some(part) => part.renew(&inquiry.param, draw, Wanted::Gradient),
                None => inquiry.parts.push(Part::new(&inquiry.param, draw, Wanted::Gradient)),
            }
            return Ok(());
        }
        self.oracle().remote().recycle(&mut inquiry.parts);
        self.open_remote(std::mem::take(&mut inquiry.parts), Mode::All);
        let mut gradient = inquiry.param.clone();
        let drawn = self.oracle().stochastic_gradient(&inquiry.param, draw, &mut gradient);
        inquiry.parts = self.close_remote();
        drawn.map_err(|error| self.failed(error))
    }

    /// Where the open question of this ticket is; none if it was withdrawn.
    pub(super) fn find(&self, ticket: u64, wanted: Option<Wanted>) -> Result<Option<Place>, Error> {
        for (inquiry, candidate) in self.current.iter().chain(&self.ahead).enumerate() {
            let mut parts = candidate.all().enumerate();
            let Some((part, found)) = parts.find(|(_, part)| part.ticket == Some(ticket)) else {
                continue;
            };
            if !found.is_open() {
                break;
            }
            if wanted.is_some_and(|wanted| wanted != found.wanted) {
                let [asked, call] = match found.wanted {
                    Wanted::Gradient => ["gradient", "tell"],
                    Wanted::Cost => ["cost", "tell_cost"],
                };
                return Err(invalid(format!(
                    "{NAME}: ticket {ticket} asks for a {asked}; answer it by `{call}`"
                )));
            }
            return Ok(Some(Place { inquiry, part }));
        }
        if self.withdrawn.contains(&ticket) {
            return Ok(None);
        }
        Err(invalid(if ticket < self.next_ticket {
            format!("{NAME}: ticket {ticket} was answered before; each is answered once")
        } else {
            format!(
                "{NAME}: ticket {ticket} is unknown, {} were given out, from 0; answer with the ticket \
                 of the question",
                self.next_ticket
            )
        }))
    }

    fn part_mut(&mut self, place: Place) -> Option<&mut Part<F>> {
        let mut inquiries = self.current.iter_mut().chain(&mut self.ahead);
        inquiries.nth(place.inquiry)?.all_mut().nth(place.part)
    }

    /// Stores an answer, and continues as far as the answers reach.
    pub(super) fn answer(
        &mut self,
        ticket: u64,
        wanted: Option<Wanted>,
        write: impl FnOnce(&mut Part<F>),
    ) -> Result<(), Error> {
        let Some(place) = self.find(ticket, wanted)? else {
            self.withdrawn.retain(|withdrawn| *withdrawn != ticket);
            return Ok(());
        };
        if let Some(part) = self.part_mut(place) {
            write(part);
        }
        if !self.is_answered() {
            return Ok(());
        }
        if let Err(error) = self.finish() {
            if let Some(part) = self.part_mut(place) {
                part.reopen();
            }
            return Err(error);
        }
        // answers to questions ahead; an error comes up again with the next question. With nothing ahead the
        // state stays that of the last iteration: a solver may move the point when it asks
        while !self.ahead.is_empty() && self.go_on().is_ok() && self.is_answered() {
            if self.finish().is_err() {
                let parts = self.current.iter_mut().flat_map(Inquiry::all_mut);
                parts.for_each(Part::reopen);
            }
        }
        Ok(())
    }

    /// Whether the answer that the solver waits for is known.
    fn is_answered(&self) -> bool {
        self.current.as_ref().is_some_and(Inquiry::is_complete)
    }

    /// Goes to the question that the solver waits for, unless the session is done.
    pub(super) fn go_on(&mut self) -> Result<(), Error> {
        while self.current.is_none() && !self.is_done() {
            self.prepare()?;
            let asks_nothing = self.current.iter().flat_map(Inquiry::all).next().is_none();
            if asks_nothing {
                self.finish()?;
            }
        }
        Ok(())
    }

    /// Gives the solver the gradient that it waits for; or finds the further draws that it needs.
    fn finish(&mut self) -> Result<(), Error> {
        let Some(mut inquiry) = self.current.take() else { return Ok(()) };
        let told = self.give(&mut inquiry);
        match told {
            Ok(true) => {
                self.spare = Some(inquiry);
                self.state.iter += 1;
                self.look_for_end();
                Ok(())
            }
            Ok(false) => {
                self.current = Some(inquiry);
                Ok(())
            }
            Err(error) => {
                self.current = Some(inquiry);
                Err(self.failed(error))
            }
        }
    }

    /// Whether the solver has taken in the inquiry, and needs no more for it.
    fn give(&mut self, inquiry: &mut Inquiry<F>) -> Result<bool, Error> {
        let Some(mut gradient) = self.gradient_of(inquiry)? else { return Ok(false) };
        self.swap_gradient(inquiry, &mut gradient)?;
        let told = if S::DRAWS_MORE {
            self.tell_with_more(inquiry)
        } else {
            let (problem, state) = (&mut self.problem, &mut self.state);
            self.solver.tell_asked(problem, state, inquiry.ask).map(|()| true)
        };
        let is_taken = matches!(told, Ok(true));
        if is_taken {
            gradient.clear();
            inquiry.all_mut().for_each(|part| part.gradient.clear());
        } else {
            self.swap_gradient(inquiry, &mut gradient)?;
        }
        if O::IS_REMOTE
            && let Some(part) = inquiry.parts.first_mut()
        {
            part.gradient = gradient;
        }
        told
    }

    /// The gradient that the answers make; none where the oracle needs more of them.
    fn gradient_of(&mut self, inquiry: &mut Inquiry<F>) -> Result<Option<Vec<F>>, Error> {
        if O::IS_REMOTE
            && let Some(part) = inquiry.parts.first_mut()
        {
            let mut gradient = std::mem::take(&mut part.gradient);
            if matches!(part.answer, Answer::Lost(_)) {
                gradient.clear();
                gradient.resize(inquiry.param.len(), Float::nan());
            }
            return Ok(Some(gradient));
        }
        let draw = self.solver.draw(inquiry.ask);
        self.open_remote(std::mem::take(&mut inquiry.parts), Mode::All);
        let mut gradient = inquiry.param.clone();
        let drawn = draw_gradient(&mut self.problem, &inquiry.param, draw, &mut gradient);
        inquiry.parts = self.close_remote();
        let is_all = !inquiry.parts.iter().any(Part::is_open);
        if is_all {
            drawn?;
        }
        Ok(is_all.then_some(gradient))
    }

    /// Exchanges the gradient in argmin's state for this one.
    fn swap_gradient(&mut self, inquiry: &Inquiry<F>, gradient: &mut Vec<F>) -> Result<(), Error> {
        let mut point = Point::take(S::NAME, &mut self.state)?;
        std::mem::swap(point.asked(inquiry.ask).1, gradient);
        point.put_back(&mut self.state);
        Ok(())
    }

    /// Gives the gradient to a solver that draws more, as far as the known answers reach. Returns whether they are
    /// enough.
    fn tell_with_more(&mut self, inquiry: &mut Inquiry<F>) -> Result<bool, Error> {
        let before = (self.solver.clone(), self.state.clone());
        self.open_remote(std::mem::take(&mut inquiry.more), Mode::First);
        let told = self.solver.tell_asked(&mut self.problem, &mut self.state, inquiry.ask);
        inquiry.more = self.close_remote();
        let is_all = !inquiry.more.iter().any(Part::is_open);
        if !is_all || told.is_err() {
            (self.solver, self.state) = before;
        }
        if is_all {
            told?;
        }
        Ok(is_all)
    }

    fn oracle(&self) -> &O {
        self.problem.problem.as_ref().expect("a session has its oracle")
    }

    fn open_remote(&self, parts: Vec<Part<F>>, mode: Mode) {
        self.oracle().remote().open(parts, mode);
    }

    fn close_remote(&self) -> Vec<Part<F>> {
        self.oracle().remote().close()
    }
}

/// A question among those of the current inquiry and of those ahead.
#[derive(Clone, Copy)]
pub(super) struct Place {
    inquiry: usize,
    part: usize,
}
