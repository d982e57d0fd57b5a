//! Probes of the Hessian: the same draw at x and at x + s.

use super::curvature::{Curvature, Pair};
use super::noise::Noise;
use crate::dense::{inverse_quadratic, solve_upper};

/// A predicted gain below this multiple of what noise makes of it is in the noise.
pub(in crate::method::refereed) const NOISY: f64 = 16.0;
/// Draws of a stage that are repeated while the Hessian is unknown: half of them.
const SHARE: f64 = 0.5;
/// The least part of that share, for the Hessian may change.
const LEAST_SHARE: f64 = 0.1;
/// Mean square error of B v, relative, from which on fewer probes will do: averaging makes up for it.
const GOOD_ENOUGH: f64 = 0.1;
/// Directions that are probed by two draws, before the noise of a probe is known.
const FIRST_TWINS: u64 = 5;
/// Afterwards, every so many directions.
const TWIN_EVERY: u64 = 4;
/// A probe's noise above this part of the uncertainty of B calls for two draws, too.
const TWIN_NOISE: f64 = 0.2;
/// Twins that the noise of a probe is a mean of.
const MEMORY: f64 = 20.0;
/// Length of s in units of the error of a stage's mean is the stage's draws to this power: between
/// that and the noise of a single draw, for short probes of kinks see little and long ones bend.
const LENGTH: f64 = 0.25;

/// The probes after a stage.
///
/// The direction is independent of the draw, so that E[y | s] = H s: one axis after the other of the frame
/// where B = LDL' is the identity, to and fro, for noise along a stiff axis would hide a soft one. All
/// directions are as long as the error of the answer in that frame.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Probe {
    /// s.
    pub step: Vec<f64>,
    /// Draws still to be repeated.
    remaining: f64,
    /// |s|^2 in the frame where B is the identity, a coordinate.
    square: f64,
    /// The gradient at x, while that at x + s is asked for.
    base: Vec<f64>,
    has_base: bool,
    /// Changes along s so far: their sum, and the first.
    sum: Vec<f64>,
    first: Vec<f64>,
    change_count: u32,
    is_twin: bool,
    /// Noise of a change, relative, in the frame where B is the identity.
    noise: f64,
    twin_count: f64,
    direction_count: u64,
}

impl Probe {
    pub fn begin(&mut self, len: usize) {
        let vector = || vec![0.0; len];
        *self = Self {
            step: vector(),
            base: vector(),
            sum: vector(),
            first: vector(),
            ..Self::default()
        };
    }

    pub fn is_active(&self) -> bool {
        self.remaining > 0.0
    }

    pub fn wants_change(&self) -> bool {
        self.has_base
    }

    pub fn cancel(&mut self) {
        self.remaining = 0.0;
        self.forget_base();
    }

    pub fn forget_base(&mut self) {
        self.has_base = false;
    }

    /// Plans the probes of a stage of `draws`, after `all` draws of the run, whose mean has an error
    /// of this energy, with a B of this relative variance.
    pub fn plan(&mut self, [draws, all]: [f64; 2], energy: f64, variance: f64) {
        let len = self.step.len() as f64;
        let need = (variance * len / GOOD_ENOUGH).clamp(LEAST_SHARE, 1.0);
        let is_exact = self.twin_count >= FIRST_TWINS as f64 && self.noise < TWIN_NOISE * variance;
        // where draws agree on the Hessian, n probes are all that it takes
        let at_once = if is_exact && need == 1.0 { len.min(SHARE * all) } else { 0.0 };
        let most = 4.0 * len + 10.0;
        self.remaining = (draws * SHARE * need).max(at_once).round().min(most);
        self.square = energy / len * draws.powf(2.0 * LENGTH);
        self.change_count = 0;
    }

    /// Chooses the next direction, where the last one is done.
    pub fn aim(&mut self, curvature: &Curvature, noise: &Noise) {
        if self.change_count > 0 {
            return;
        }
        let len = self.step.len();
        let (round, axis) =
            (self.direction_count as usize / len, self.direction_count as usize % len);
        let length = (self.square * len as f64 / curvature.factor()[axis * len + axis]).sqrt();
        self.step.fill(0.0);
        self.step[axis] = if round.is_multiple_of(2) { length } else { -length };
        solve_upper(curvature.factor(), &mut self.step);
        for (i, s) in self.step.iter_mut().enumerate() {
            // no draw has a gradient here: the coordinate has no influence, and stays
            if noise.variance(i, len) == 0.0 {
                *s = 0.0;
            }
        }
        self.direction_count += 1;
        self.is_twin = self.twin_count < FIRST_TWINS as f64
            || self.noise > TWIN_NOISE * curvature.relative_variance(noise)
            || self.direction_count.is_multiple_of(TWIN_EVERY);
        self.sum.fill(0.0);
    }

    pub fn take_base(&mut self, gradient: &[f64]) {
        self.base.copy_from_slice(gradient);
        self.has_base = true;
    }

    /// Takes in the gradient at x + s, and teaches B once the direction is done.
    pub fn take_change(&mut self, gradient: &[f64], curvature: &mut Curvature) {
        self.has_base = false;
        self.remaining -= 1.0;
        self.change_count += 1;
        if self.change_count == 1 {
            for ((y, g), base) in self.first.iter_mut().zip(gradient).zip(&self.base) {
                *y = g - base;
            }
        }
        for ((sum, g), base) in self.sum.iter_mut().zip(gradient).zip(&self.base) {
            *sum += g - base;
        }
        if self.is_twin && self.change_count < 2 {
            self.remaining = self.remaining.max(1.0);
            return;
        }
        let (len, count) = (self.step.len() as f64, f64::from(self.change_count));
        let square = len * self.square;
        if self.is_twin {
            // e = y1 - y2 has twice the noise of a change
            for (y, sum) in self.first.iter_mut().zip(&self.sum) {
                *y = 2.0 * *y - sum;
            }
            let energy = inverse_quadratic(curvature.factor(), &mut self.first);
            let noise = 0.5 * energy / (len * square);
            self.twin_count = (self.twin_count + 1.0).min(MEMORY);
            self.noise += (noise - self.noise) / self.twin_count;
        }
        self.sum.iter_mut().for_each(|y| *y /= count);
        let noise = self.noise * len * square / count;
        let pair = Pair { step: &self.step, change: &self.sum, noise, is_new_ground: false };
        curvature.learn(pair);
        self.change_count = 0;
    }
}
