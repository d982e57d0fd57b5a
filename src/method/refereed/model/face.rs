//! The box that x stays in, and the coordinates that its bounds hold.

use super::Model;
use crate::dense::{dot, multiply, quadratic};
use crate::dual::DualSolver;

/// Standard deviations by which a mean gradient must point outwards for a bound to hold its coordinate.
const OUTWARDS: f64 = 4.0;

/// The box, and what a step in it is made of.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Face {
    /// Empty where there is no box.
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// Whether a bound holds the coordinate in this step.
    pub held: Vec<bool>,
    /// The part of the step that leads to bounds, 0 elsewhere, and the gradient after it.
    to_bounds: Vec<f64>,
    gradient: Vec<f64>,
}

impl Face {
    pub fn begin(&mut self, len: usize, bounds: Option<[Vec<f64>; 2]>) {
        let vector = || vec![0.0; len];
        let [lower, upper] = bounds.unwrap_or_default();
        let held = vec![false; len];
        *self = Self { lower, upper, held, to_bounds: vector(), gradient: vector() };
    }

    fn exists(&self) -> bool {
        !self.lower.is_empty()
    }

    /// Holds the coordinates at bounds whose gradient points outwards.
    fn find(&mut self, x: &[f64], gradient: &[f64]) {
        for (i, held) in self.held.iter_mut().enumerate() {
            let is_low = x[i] <= self.lower[i] && gradient[i] >= 0.0;
            *held = is_low || x[i] >= self.upper[i] && gradient[i] <= 0.0;
        }
    }

    /// Moves the coordinates to their bounds that the step would take out of the box, and holds them.
    /// Returns whether there are any.
    fn stop(&mut self, x: &[f64], step: &[f64]) -> bool {
        let mut any = false;
        for i in 0..x.len() {
            let end = x[i] + step[i];
            let bound = end.clamp(self.lower[i], self.upper[i]);
            let is_out = bound != end && !self.held[i];
            self.to_bounds[i] = if is_out { bound - x[i] } else { 0.0 };
            self.held[i] |= is_out;
            any |= is_out;
        }
        any
    }
}

impl Model {
    /// Whether x_i is at a bound.
    fn is_held(&self, i: usize, x: f64) -> bool {
        self.face.exists() && (x <= self.face.lower[i] || x >= self.face.upper[i])
    }

    /// The coordinates of x that are at a bound.
    pub(super) fn held(&self, x: &[f64]) -> Vec<bool> {
        x.iter().enumerate().map(|(i, x)| self.is_held(i, *x)).collect()
    }

    /// The bound that holds the i-th coordinate of the foundation's answer, x: its mean gradient points
    /// outwards beyond chance, and leads beyond the bound. The mean of a walk along a bound is not on it.
    pub fn holding_bound(&self, i: usize, x: f64) -> Option<f64> {
        let (mean, count) = self.walk.mean_gradient();
        if !self.face.exists() || !self.curvature.is_known || count <= 0.0 {
            return None;
        }
        let len = self.x.len();
        let chance = OUTWARDS * (self.noise.variance(i, len).max(0.0) / count).sqrt();
        let end = x - mean[i] / self.curvature.matrix[i * len + i];
        let bound = if mean[i] > 0.0 { self.face.lower[i] } else { self.face.upper[i] };
        let is_beyond = if mean[i] > 0.0 { end <= bound } else { end >= bound };
        (mean[i].abs() > chance && is_beyond).then_some(bound)
    }

    /// The value nearest to `value` that the coordinate may have.
    pub(super) fn clip(&self, i: usize, value: f64) -> f64 {
        if self.face.exists() { value.clamp(self.face.lower[i], self.face.upper[i]) } else { value }
    }

    /// Chooses the step of the model in ball and box. Where the step leaves the box, the coordinates that
    /// do go to their bounds, and the others are chosen anew; what leaves then is cut off.
    pub(super) fn choose(&mut self, dual: &impl DualSolver) {
        let Self { x, step, stage, curvature, noise, ball, face, .. } = self;
        let is_boxed = face.exists();
        if is_boxed {
            face.find(x, &stage.mean);
        }
        step.choose(&stage.mean, stage.count, curvature, noise, (ball, &face.held), dual);
        if !is_boxed {
            return;
        }
        if face.stop(x, &step.vector) {
            multiply(&curvature.matrix, &face.to_bounds, &mut face.gradient);
            face.gradient.iter_mut().zip(&stage.mean).for_each(|(g, m)| *g += m);
            let place = (&*ball, &face.held[..]);
            step.choose(&face.gradient, stage.count, curvature, noise, place, dual);
        } else {
            face.to_bounds.fill(0.0);
        }
        for (i, (d, x)) in step.vector.iter_mut().zip(&*x).enumerate() {
            let part = if face.held[i] { face.to_bounds[i] } else { *d };
            *d = (x + part).clamp(face.lower[i], face.upper[i]) - x;
        }
        let bend = quadratic(&curvature.matrix, &step.vector);
        step.gain = -dot(&stage.mean, &step.vector) - 0.5 * bend;
    }

    /// Turns a probe round where it leads out of the box, and shortens it where it does on both sides.
    pub(super) fn keep_probe_inside(&mut self) {
        if !self.face.exists() {
            return;
        }
        for i in 0..self.x.len() {
            let (x, s) = (self.x[i], self.probe.step[i]);
            let ways = [s, -s].map(|s| self.clip(i, x + s) - x);
            self.probe.step[i] = if ways[0].abs() >= ways[1].abs() { ways[0] } else { ways[1] };
        }
    }
}
