//! What a run would have returned, had it been stopped earlier.

use crate::oracle::Oracle;
use crate::select::BUDGETS;
use argmin::core::observers::Observe;
use argmin::core::{Error, IterState, KV};
use std::cell::RefCell;
use std::rc::Rc;

/// argmin's state of every solver compared here.
pub type RunState = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// How many counts of gradients a run is judged at in each decade.
const PER_DECADE: i32 = 10;

/// Counts of gradients from 1 to the budget, evenly spaced on a logarithmic scale, and all
/// budgets on the way.
pub fn checkpoints(budget: usize) -> Vec<usize> {
    let count = |k: i32| 10f64.powf(f64::from(k) / f64::from(PER_DECADE)).round() as usize;
    let mut counts: Vec<usize> =
        (0..).map(count).take_while(|count| *count < budget).chain(BUDGETS).collect();
    counts.push(budget);
    counts.retain(|count| *count <= budget);
    counts.sort_unstable();
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
        while self.checkpoints.get(self.points.len()).is_some_and(|count| *count < used) {
            self.points.push(self.latest.clone());
        }
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
