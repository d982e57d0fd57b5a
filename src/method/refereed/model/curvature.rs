//! B, the model of the Hessian: dense recursive least squares.

use super::noise::Noise;
use crate::dense::{add_square, dot, factorize, inverse_quadratic, multiply, quadratic};

/// Curvature along a step below this part of the model's is a surprise that is taken in parts
/// (Powell 1978; Nocedal and Wright, procedure 18.2).
const DAMPING: f64 = 0.2;
/// The part of B that becomes uncertain with every step: the Hessian changes along the way.
const FORGETTING: f64 = 1e-3;
/// The same with a probe, which goes nowhere: more than rounding, and next to nothing.
const LEAST_FORGETTING: f64 = 1e-8;
/// An innovation beyond this multiple of what is expected contradicts B.
const CONTRADICTION: f64 = 4.0;

/// A change y of the gradient along a step s, as far as draws tell.
#[derive(Clone, Copy, Debug)]
pub(in crate::method::refereed) struct Pair<'a> {
    pub step: &'a [f64],
    pub change: &'a [f64],
    /// Mean of e'B^-1 e over the noise e of y.
    pub noise: f64,
    /// Whether the pair may contradict B, for the Hessian is another one where the step has led.
    pub is_new_ground: bool,
}

/// B and its uncertainty.
///
/// Each entry of B has the prior covariance `E[dB_ij dB_kl] = B_ik C_jl`. A pair (s, y) with
/// noise v = e'B^-1 e / n of a coordinate and residual r = y - B s moves it by the gain k,
///
/// ```text
/// k = C s / (s'C s + v),   B <- B + r k' + k r' - (s'r) k k',   C <- C - C s s'C / (s'C s + v)
/// ```
///
/// which is the paper's recursive least squares with a matrix, kept symmetric (Powell's symmetric
/// Broyden update in the metric C). Without noise a pair is met exactly, and n of them along
/// independent directions give the Hessian of a quadratic. Where B would not stay positive definite
/// the pair enters by the BFGS update, damped, with the part of r that the gain allows.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Curvature {
    /// B; 0 before the first pair.
    pub matrix: Vec<f64>,
    /// C.
    uncertainty: Vec<f64>,
    /// The factors of B.
    factor: Vec<f64>,
    /// Whether there was a pair.
    pub is_known: bool,
    /// Workspaces.
    trial: Vec<f64>,
    predicted: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
}

impl Curvature {
    pub fn begin(&mut self, len: usize) {
        let matrix = || vec![0.0; len * len];
        let vector = || vec![0.0; len];
        *self = Self {
            matrix: matrix(),
            uncertainty: matrix(),
            factor: matrix(),
            is_known: false,
            trial: matrix(),
            predicted: vector(),
            residual: vector(),
            direction: vector(),
        };
    }

    /// The factors of B = LDL'.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// Mean variance of the entries of B, relative, in the metric of B: in \[0, 1\]. Coordinates that no
    /// draw has a gradient in do not count.
    pub fn relative_variance(&self, noise: &Noise) -> f64 {
        let len = self.predicted.len();
        let ratio = |i: usize| self.uncertainty[i * len + i] / self.matrix[i * len + i];
        let (mut sum, mut count) = (0.0, 0.0);
        for i in (0..len).filter(|i| noise.is_zero() || noise.variance(*i, len) > 0.0) {
            sum += ratio(i);
            count += 1.0;
        }
        (sum / f64::max(count, 1.0)).clamp(0.0, 1.0)
    }

    /// B is in doubt as a whole.
    fn doubt(&mut self) {
        let len = self.predicted.len() as f64;
        for (c, b) in self.uncertainty.iter_mut().zip(&self.matrix) {
            *c = b / len;
        }
    }

    /// Takes in a pair, after the first one has begun B.
    pub fn learn(&mut self, pair: Pair<'_>) {
        let Pair { step, change, .. } = pair;
        let square = dot(step, step);
        if square.is_nan() || square <= 0.0 || change.iter().any(|y| !y.is_finite()) {
            return;
        }
        multiply(&self.matrix, step, &mut self.predicted);
        let bend = dot(step, &self.predicted);
        for ((r, y), predicted) in self.residual.iter_mut().zip(change).zip(&self.predicted) {
            *r = y - predicted;
        }
        if bend > 0.0 && bend.is_finite() && self.residual.iter().all(|r| r.is_finite()) {
            self.update(pair, bend);
        }
    }

    /// Begins with the unit metric, as stiff as the first pair is at most, for uncertain curvature counts as
    /// stiff; `units` are the squared units of x. Returns whether there is a B.
    pub fn begin_with(&mut self, step: &[f64], change: &[f64], units: &[f64]) -> bool {
        let len = units.len();
        let product = dot(step, change).abs();
        let square: f64 = change.iter().zip(units).map(|(y, u)| y * y * u).sum();
        let stiffness = square / product;
        if !(product > 0.0 && stiffness > 0.0 && stiffness.is_finite()) {
            return false;
        }
        self.matrix.fill(0.0);
        for (i, unit) in units.iter().enumerate() {
            self.matrix[i * len + i] = stiffness / unit;
        }
        self.is_known = true;
        self.doubt();
        factorize(&self.matrix, len, &mut self.factor)
    }

    fn update(&mut self, pair: Pair<'_>, bend: f64) {
        let len = self.residual.len();
        let (step, noise) = (pair.step, pair.noise / len as f64);
        self.forget(pair, noise, bend);
        multiply(&self.uncertainty, step, &mut self.direction);
        let variance = dot(step, &self.direction);
        if variance.is_nan() || variance <= 0.0 {
            return;
        }
        let gain = (variance + noise).recip();
        let along = dot(step, &self.residual);
        self.trial.copy_from_slice(&self.matrix);
        for (i, row) in self.trial.chunks_exact_mut(len).enumerate() {
            let (k_i, r_i) = (gain * self.direction[i], self.residual[i]);
            for (j, entry) in row.iter_mut().enumerate() {
                let k_j = gain * self.direction[j];
                *entry += r_i * k_j + k_i * self.residual[j] - along * k_i * k_j;
            }
        }
        if factorize(&self.trial, len, &mut self.factor) {
            std::mem::swap(&mut self.matrix, &mut self.trial);
        } else {
            self.damped_bfgs(step, variance * gain, bend);
        }
        add_square(&mut self.uncertainty, -gain, &self.direction);
        if !factorize(&self.matrix, len, &mut self.factor) {
            // lost to rounding: the diagonal stays
            for (i, row) in self.matrix.chunks_exact_mut(len).enumerate() {
                let diagonal = row[i].abs();
                row.fill(0.0);
                row[i] = diagonal.max(f64::MIN_POSITIVE);
            }
            self.doubt();
            factorize(&self.matrix, len, &mut self.factor);
        }
    }

    /// Makes B more uncertain: a little with every pair, and as much as a pair shows it to be.
    fn forget(&mut self, pair: Pair<'_>, noise: f64, bend: f64) {
        let mut share = LEAST_FORGETTING;
        if pair.is_new_ground {
            share = FORGETTING;
            self.direction.copy_from_slice(&self.residual);
            let energy = inverse_quadratic(&self.factor, &mut self.direction);
            let innovation = energy / self.direction.len() as f64;
            let variance = quadratic(&self.uncertainty, pair.step);
            if innovation > CONTRADICTION * (variance + CONTRADICTION * noise) {
                share = ((innovation - noise - variance) / bend).min(1.0).max(share);
            }
        }
        for (c, b) in self.uncertainty.iter_mut().zip(&self.matrix) {
            *c += share * b;
        }
    }

    /// B <- B - B s s'B / s'Bs + y y' / s'y with y = B s + gain r, damped.
    fn damped_bfgs(&mut self, step: &[f64], gain: f64, bend: f64) {
        let y = &mut self.direction;
        for ((y, b), r) in y.iter_mut().zip(&self.predicted).zip(&self.residual) {
            *y = b + gain * r;
        }
        let measured = dot(step, y);
        if measured < DAMPING * bend {
            let share = (1.0 - DAMPING) * bend / (bend - measured);
            for (y, b) in y.iter_mut().zip(&self.predicted) {
                *y = share * *y + (1.0 - share) * b;
            }
        }
        let measured = dot(step, y);
        if measured > 0.0 && measured.is_finite() {
            add_square(&mut self.matrix, measured.recip(), y);
            add_square(&mut self.matrix, -bend.recip(), &self.predicted);
        }
        // for the uncertainty that follows
        multiply(&self.uncertainty, step, &mut self.direction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HESSIAN: [f64; 9] = [4.0, 2.0, -1.0, 2.0, 50.0, 0.5, -1.0, 0.5, 0.3];

    fn learn(curvature: &mut Curvature, step: [f64; 3], noise: f64) {
        let mut change = [0.0; 3];
        multiply(&HESSIAN, &step, &mut change);
        let pair = Pair { step: &step, change: &change, noise, is_new_ground: false };
        if !curvature.is_known {
            assert!(curvature.begin_with(&step, &change, &[1.0; 3]));
        }
        curvature.learn(pair);
    }

    #[test]
    fn pairs_without_noise_give_the_hessian_of_a_quadratic() {
        let mut curvature = Curvature::default();
        curvature.begin(3);
        for step in [[0.1, 1.0, 0.2], [1.0, 0.0, 0.0], [0.3, 0.1, -1.0], [0.5, 0.5, 0.5]] {
            learn(&mut curvature, step, 0.0);
        }
        // positive definite after the first pair, so that each update is the linear one
        for (b, h) in curvature.matrix.iter().zip(HESSIAN) {
            assert!((b - h).abs() < 1e-6 * 50.0, "{b} is not {h}");
        }
        let mut noise = Noise::default();
        noise.begin(3);
        assert!(curvature.relative_variance(&noise) < 1e-2);
    }

    #[test]
    fn a_pair_of_noise_hardly_moves_the_model() {
        let mut curvature = Curvature::default();
        curvature.begin(3);
        learn(&mut curvature, [0.1, 1.0, 0.2], 0.0);
        let before = curvature.matrix.clone();
        learn(&mut curvature, [1.0, 0.0, 0.0], 1e9);
        for (a, b) in curvature.matrix.iter().zip(&before) {
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0));
        }
    }

    #[test]
    fn negative_curvature_leaves_the_model_positive() {
        let mut curvature = Curvature::default();
        curvature.begin(2);
        for change in [[1.0, 2.0], [-3.0, 0.5], [0.0, -9.0]] {
            let pair = Pair { step: &[1.0, 1.0], change: &change, noise: 0.0, is_new_ground: true };
            if !curvature.is_known {
                assert!(curvature.begin_with(pair.step, pair.change, &[1.0, 1.0]));
            }
            curvature.learn(pair);
            assert!(factorize(&curvature.matrix, 2, &mut [0.0; 4]));
        }
    }
}
