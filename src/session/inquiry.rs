//! Questions, and their answers.

use crate::method::Ask;
use crate::oracle::Draw;

/// The quantity that is to be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub enum Wanted {
    /// The gradient of f(x; draw): [`Session::tell`](super::Session::tell).
    Gradient,
    /// f(x; draw) itself: [`Session::tell_cost`](super::Session::tell_cost).
    Cost,
}

/// One question of a [`Session`](super::Session): evaluate this, at this point, under this draw.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a, F> {
    /// The number of the question, which the answer must have. Tickets count up from 0, and none is given twice.
    pub ticket: u64,
    /// The point x.
    pub param: &'a [F],
    /// The randomness. An experiment that cannot repeat a draw ignores it.
    pub draw: Draw,
    /// A gradient or a cost.
    pub wanted: Wanted,
}

/// A question, and its answer.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Part<F> {
    /// None until it is handed out.
    pub ticket: Option<u64>,
    pub param: Vec<F>,
    pub draw: Draw,
    pub wanted: Wanted,
    pub answer: Answer<F>,
    /// Where a gradient that was told lies; else of any content.
    pub gradient: Vec<F>,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Answer<F> {
    /// Nothing yet.
    Open,
    Gradient,
    Cost(F),
    Lost(String),
}

impl<F: Clone> Part<F> {
    /// The same question for another point, draw and quantity, in the memory of this one.
    pub fn renew(&mut self, param: &[F], draw: Draw, wanted: Wanted) {
        self.param.clear();
        self.param.extend_from_slice(param);
        (self.ticket, self.draw, self.wanted, self.answer) = (None, draw, wanted, Answer::Open);
    }

    pub fn new(param: &[F], draw: Draw, wanted: Wanted) -> Self {
        let (param, gradient) = (param.to_vec(), Vec::new());
        Self { ticket: None, param, draw, wanted, answer: Answer::Open, gradient }
    }

    /// Forgets the answer.
    pub fn reopen(&mut self) {
        self.gradient.clear();
        self.answer = Answer::Open;
    }

    pub fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Open)
    }

    /// As users see it, once it was handed out.
    pub fn asked(&self) -> Option<Asked<'_, F>> {
        let Self { param, draw, wanted, .. } = self;
        self.ticket.map(|ticket| Asked { ticket, param, draw: *draw, wanted: *wanted })
    }
}

/// A gradient that the solver asks for, and its parts.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Inquiry<F> {
    /// At which iteration.
    pub iteration: u64,
    pub ask: Ask,
    pub param: Vec<F>,
    /// The gradient itself, or the evaluations that the oracle makes it of.
    pub parts: Vec<Part<F>>,
    /// Further draws of the solver, as far as they are known.
    pub more: Vec<Part<F>>,
}

impl<F: Clone> Inquiry<F> {
    pub fn new(iteration: u64, ask: Ask, param: &[F]) -> Self {
        let param = param.to_vec();
        Self { iteration, ask, param, parts: Vec::new(), more: Vec::new() }
    }

    /// Another gradient, in the memory of this one.
    pub fn renew(&mut self, iteration: u64, ask: Ask, param: &[F]) {
        self.param.clear();
        self.param.extend_from_slice(param);
        (self.iteration, self.ask) = (iteration, ask);
        self.more.clear();
    }

    pub fn is_complete(&self) -> bool {
        self.all().all(|part| !part.is_open())
    }

    pub fn all(&self) -> impl Iterator<Item = &Part<F>> {
        self.parts.iter().chain(&self.more)
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Part<F>> {
        self.parts.iter_mut().chain(&mut self.more)
    }
}
