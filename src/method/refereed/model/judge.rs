//! What a step has done, by the draws at both its ends.

use super::curvature::Pair;
use super::stage::SIGNIFICANCE;
use super::{Model, SHRINKAGE};
use crate::dense::{dot, inverse_quadratic, subtract};

/// The radius after a step whose gain fresh draws bear out, in lengths of that step.
const GROWTH: f64 = 3.0;
/// Shares of the predicted gain below which the radius shrinks, and above which it may grow.
const POOR: f64 = 0.25;
const GOOD: f64 = 0.5;
/// Standard errors by which f must have risen for the step to be undone.
const RISE: f64 = 3.0;
/// What few draws add to them: about Student's quantile.
const SMALL_SAMPLE: f64 = 2.0;
/// Mean square error of B v, relative, below which averaging makes up for it.
const KNOWN: f64 = 0.3;
/// Rounding of an inner product, in units of the machine epsilon.
const ROUNDING: f64 = 500.0;

impl Model {
    /// What the step before has done, by the draws at both its ends.
    pub(super) fn judge(&mut self, round: fn(f64) -> f64) {
        if self.previous.exists {
            let previous = &self.previous;
            let slope = |m: &[f64]| dot(m, &previous.step);
            let [before, after] = [slope(&previous.gradient), slope(&self.stage.mean)];
            let rate = previous.count.recip() + self.stage.count.recip();
            // the step follows the noise of the gradient it was chosen by
            let gain = -0.5 * (before + after) - previous.noise;
            let promised = previous.gain - 2.0 * previous.noise;
            let error = (0.25 * self.noise.along(&previous.step) * rate).sqrt();
            let rounding = ROUNDING * epsilon(round);
            let has_risen =
                gain < -RISE * error - 2.0 * previous.noise && gain.abs() > rounding * before.abs();
            let length = self.ball.distance(&self.x, &previous.point);
            if length > 0.0 {
                let is_told = previous.is_significant || has_risen;
                if is_told && gain + error < POOR * promised {
                    self.ball.radius = (SHRINKAGE * length).max(f64::EPSILON * self.ball.reach);
                } else if gain - error > GOOD * promised && previous.was_short {
                    self.ball.radius = self.ball.radius.max(GROWTH * length);
                }
            }
            self.learn_from_step(rate);
            if has_risen {
                self.rejected_count += 1;
                self.undo();
                return;
            }
        }
        self.rejected_count = 0;
        self.ball.travel(&self.x);
    }

    /// Whether the Hessian is known, and the ball keeps x from the minimum.
    pub fn is_on_its_way(&self) -> bool {
        self.step.is_bound() && self.is_hessian_known()
    }

    pub(super) fn is_hessian_known(&self) -> bool {
        self.x.len() as f64 * self.curvature.relative_variance(&self.noise) < KNOWN
    }

    /// Whether the ball keeps x from the minimum of the model, whose gain stands out of the noise though that of
    /// the step need not: half of m'B^-1 m against what noise makes of it.
    pub(super) fn is_short(&mut self) -> bool {
        if !(self.curvature.is_known && self.step.is_bound()) {
            return false;
        }
        let factor = self.curvature.factor();
        self.work.copy_from_slice(&self.stage.mean);
        let energy = inverse_quadratic(factor, &mut self.work);
        let noise = self.noise.energy(factor, self.x.len());
        energy * self.stage.count >= (1.0 + SIGNIFICANCE * noise.spread) * noise.trace
    }

    /// The change of the mean gradient along the step is a pair for the Hessian.
    fn learn_from_step(&mut self, rate: f64) {
        let (len, previous, change) = (self.x.len(), &self.previous, &mut self.work);
        subtract(&self.stage.mean, &previous.gradient, change);
        let is_usable = if self.curvature.is_known {
            previous.is_significant
        } else {
            let along = dot(&previous.step, change);
            let limit = RISE * (1.0 + SMALL_SAMPLE / self.noise.freedom().max(1.0));
            along * along > limit * limit * self.noise.along(&previous.step) * rate
                && self.curvature.begin_with(&previous.step, change, &self.ball.units)
        };
        if is_usable {
            let energy = self.noise.energy(self.curvature.factor(), len);
            let noise = energy.trace * rate;
            let pair = Pair { step: &previous.step, change, noise, is_new_ground: true };
            self.curvature.learn(pair);
        }
    }

    /// Back to where the step began, with what was known there.
    pub(super) fn undo(&mut self) {
        self.x.copy_from_slice(&self.previous.point);
        self.stage.resume(&self.previous.gradient, self.previous.count);
        self.previous.exists = false;
    }
}

/// The distance from 1 to the next larger float of the run.
fn epsilon(round: fn(f64) -> f64) -> f64 {
    if round(1.0 + 1e-12) > 1.0 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}
