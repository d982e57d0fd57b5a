//! The view that basin has of a run.

use ::basin::core::state::RawEvaluationState;
use ::basin::{CountsMirror, EvalCounts, Scalar, State};
use num_traits::Float;

/// basin's state of a run: the point of the last iteration, and the recommended point.
///
/// No cost is evaluated: `cost` is NaN, and `best_cost` is infinite. The recommended point is the solver's, such as
/// an average of iterates, and not the one of the lowest cost; `best_iter` is the iteration at which it last
/// changed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress<F = f64> {
    param: Vec<F>,
    best_param: Vec<F>,
    iter: u64,
    best_iter: u64,
    counts: EvalCounts,
}

impl<F: Scalar> Progress<F> {
    /// A run that starts at x0.
    pub fn new(x0: Vec<F>) -> Self {
        let best_param = x0.clone();
        Self { param: x0, best_param, iter: 0, best_iter: 0, counts: EvalCounts::default() }
    }

    pub(super) fn into_param(self) -> Vec<F> {
        self.param
    }

    /// Takes in the points after an iteration, which basin counts thereafter.
    pub(super) fn publish(&mut self, param: &[F], best: &[F]) {
        self.param.copy_from_slice(param);
        if self.best_param != best {
            self.best_param.copy_from_slice(best);
            self.best_iter = self.iter + 1;
        }
    }
}

impl<F: Scalar> State for Progress<F> {
    type Param = Vec<F>;
    type Float = F;

    fn iter(&self) -> u64 {
        self.iter
    }

    fn increment_iter(&mut self) {
        self.iter += 1;
    }

    fn cost_evals(&self) -> u64 {
        self.counts.cost_evals
    }

    fn param(&self) -> &Vec<F> {
        &self.param
    }

    fn cost(&self) -> F {
        Float::nan()
    }

    fn best_param(&self) -> &Vec<F> {
        &self.best_param
    }

    fn best_cost(&self) -> F {
        Float::infinity()
    }

    fn best_iter(&self) -> u64 {
        self.best_iter
    }

    fn best_cost_evals(&self) -> u64 {
        0
    }

    /// The solver recommends, not the cost.
    fn update_best(&mut self) {}

    fn reset_best(&mut self) {
        self.best_param.clone_from(&self.param);
        self.best_iter = 0;
    }
}

impl<F: Scalar> CountsMirror for Progress<F> {
    fn mirror(&mut self, delta: &EvalCounts) {
        self.counts = *delta;
    }
}

impl<F: Scalar> RawEvaluationState for Progress<F> {
    fn raw_counts(&self) -> &EvalCounts {
        &self.counts
    }
}
