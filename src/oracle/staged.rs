//! Oracles that are renewed between the stages of a run, and the solver that does so.

use crate::error::invalid;
use crate::param::ParamVec;
use argmin::core::{Error, KV, Problem, Solver, State, TerminationStatus};

/// An oracle with something that is renewed at a point now and then, such as [`Svrg`](super::Svrg).
///
/// Between two renewals it is pure in (x, draw). All of it must follow from the point alone, so that
/// a resumed run restores it from the point.
pub trait Staged {
    /// Type of the parameter vector.
    type Param;

    /// Renews the oracle at `x`.
    ///
    /// # Errors
    /// An error ends the run and reaches the caller of the executor unchanged.
    fn begin_stage(&mut self, x: &Self::Param) -> Result<(), Error>;

    /// Where it was renewed last.
    fn stage_point(&self) -> Option<&Self::Param>;
}

/// Any solver, on an oracle that it renews at the current point before iterations 0, m, 2 m, ...
///
/// It changes nothing else about the solver, and goes into a checkpoint with it: a run that is
/// resumed in the middle of a stage renews the oracle at the point at which the stage began, and has
/// the bits of an uninterrupted one. Each renewal is counted by argmin as `full_gradient_count`.
///
/// [`Svrg`](super::Svrg) has an example.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct InStages<S, P> {
    solver: S,
    stage_length: u64,
    /// Where the current stage began.
    stage_point: Option<P>,
}

impl<S, P> InStages<S, P> {
    /// Renews the oracle every `stage_length` (m >= 1) iterations of `solver`.
    ///
    /// # Errors
    /// If the length is 0.
    pub fn new(solver: S, stage_length: u64) -> Result<Self, Error> {
        if stage_length == 0 {
            return Err(invalid("InStages: `stage_length` must be at least 1, got 0".into()));
        }
        Ok(Self { solver, stage_length, stage_point: None })
    }

    /// The wrapped solver.
    pub fn solver(&self) -> &S {
        &self.solver
    }
}

impl<S, P: ParamVec> InStages<S, P> {
    /// Begins a stage where one is due, and gives the oracle the point of the stage where it has
    /// another one.
    fn prepare<O, I>(&mut self, problem: &mut Problem<O>, state: &I) -> Result<(), Error>
    where
        O: Staged<Param = P>,
        I: State<Param = P>,
    {
        if state.get_iter().is_multiple_of(self.stage_length) {
            self.stage_point = state.get_param().cloned();
        }
        // without a point the solver has its own error
        let (Some(point), Some(oracle)) = (&self.stage_point, &mut problem.problem) else {
            return Ok(());
        };
        if let Some(last) = oracle.stage_point()
            && last.as_coordinates()? == point.as_coordinates()?
        {
            return Ok(());
        }
        oracle.begin_stage(point)?;
        *problem.counts.entry("full_gradient_count").or_insert(0) += 1;
        Ok(())
    }
}

impl<O, S, P, I> Solver<O, I> for InStages<S, P>
where
    O: Staged<Param = P>,
    S: Solver<O, I>,
    P: ParamVec,
    I: State<Param = P>,
{
    fn name(&self) -> &str {
        self.solver.name()
    }

    fn init(&mut self, problem: &mut Problem<O>, state: I) -> Result<(I, Option<KV>), Error> {
        self.prepare(problem, &state)?;
        self.solver.init(problem, state)
    }

    fn next_iter(&mut self, problem: &mut Problem<O>, state: I) -> Result<(I, Option<KV>), Error> {
        self.prepare(problem, &state)?;
        self.solver.next_iter(problem, state)
    }

    fn terminate_internal(&mut self, state: &I) -> TerminationStatus {
        self.solver.terminate_internal(state)
    }

    fn terminate(&mut self, state: &I) -> TerminationStatus {
        self.solver.terminate(state)
    }
}
