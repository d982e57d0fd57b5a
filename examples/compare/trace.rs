//! What a run would have returned, had it been stopped earlier.

use crate::oracle::Oracle;
use argmin::core::observers::Observe;
use argmin::core::{Error, IterState, KV};
use std::cell::RefCell;
use std::rc::Rc;

/// argmin's state of every solver compared here.
pub type RunState = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// How many counts of gradients a run is judged at.
const CHECKPOINTS: usize = 40;

/// Counts of gradients from 1 to the budget, evenly spaced on a logarithmic scale.
pub fn checkpoints(budget: usize) -> Vec<usize> {
    let last = (CHECKPOINTS - 1) as f64;
    let count = |k: usize| (budget as f64).powf(k as f64 / last).round() as usize;
    let mut counts: Vec<usize> = (0..CHECKPOINTS).map(count).collect();
    counts.dedup();
    counts
}

/// The returned point at every checkpoint.
pub struct Trace {
    checkpoints: Vec<usize>,
    /// At the checkpoints passed.
    points: Vec<Vec<f64>>,
    latest: Vec<f64>,
}

impl Trace {
    pub fn new(start: Vec<f64>, budget: usize) -> Self {
        Self { checkpoints: checkpoints(budget), points: Vec::new(), latest: start }
    }

    pub fn latest(&self) -> &[f64] {
        &self.latest
    }

    /// Notes the point that `used` gradients led to; the one before it held until then.
    fn note(&mut self, used: usize, point: &[f64]) {
        let passed = self.checkpoints.partition_point(|count| *count < used);
        self.points.resize(passed, self.latest.clone());
        self.latest.copy_from_slice(point);
    }

    /// One point for every checkpoint; what the run returned holds until the budget.
    pub fn finish(&mut self) -> &[Vec<f64>] {
        self.points.resize(self.checkpoints.len(), self.latest.clone());
        &self.points
    }
}

/// Notes the point that a solver would return, after every iteration.
pub struct Recorder {
    pub oracle: Oracle,
    pub trace: Rc<RefCell<Trace>>,
    /// Which point of argmin's state that is; none when an iteration failed.
    pub returned: fn(&RunState) -> Option<&Vec<f64>>,
}

impl Observe<RunState> for Recorder {
    fn observe_iter(&mut self, state: &RunState, _: &KV) -> Result<(), Error> {
        if let Some(point) = (self.returned)(state) {
            self.trace.borrow_mut().note(self.oracle.used(), point);
        }
        Ok(())
    }
}
