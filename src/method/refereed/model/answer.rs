//! The model's answer.

use super::Model;
use crate::dense::quadratic;

/// A distance from the model beyond what noise makes of it counts as this much noise.
const DOUBT: f64 = 0.5;
/// Stages whose points a mean must hold before it is the answer.
const LEAST_STAGES: f64 = 2.0;

impl Model {
    /// Takes the point that the step before has led to into the answer, for it is inside of the domain.
    pub(super) fn take_into_answer(&mut self) {
        let energy = 2.0 * self.previous.noise;
        if !self.previous.exists || energy <= 0.0 {
            return;
        }
        let hessian = &self.curvature.matrix;
        let bend = quadratic(hessian, &self.previous.step);
        let count = self.stage.length;
        let weight = count * energy / (energy + DOUBT * (bend - energy).max(0.0));
        self.average.take_in(&self.x, weight, hessian, [energy * count, self.step.spread]);
        if self.is_averaged() {
            self.average.point(&mut self.answer);
        }
    }

    /// Without noise, and before there is a mean, the answer is the point of a stage.
    pub(super) fn answer_by_point(&mut self) {
        if self.step.noise == 0.0 {
            self.average.clear();
        }
        if !self.is_averaged() {
            self.answer.copy_from_slice(&self.x);
        }
    }

    pub(super) fn is_averaged(&self) -> bool {
        self.average.weight() >= LEAST_STAGES * self.stage.length
    }
}
