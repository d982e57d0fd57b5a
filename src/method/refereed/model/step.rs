//! The step that the model proposes: a dense trust-region step by the 1-D dual.

use super::ball::Ball;
use super::curvature::Curvature;
use super::noise::{Noise, whiten};
use crate::dense::{dot, factorize, inverse_quadratic, isolate, quadratic, solve};
use crate::dual::{DualSolver, DualValue};

/// Where noise alone would carry x farther than this part of the distance travelled, the curvature
/// counts as that much stiffer. With a curvature h, a slope known to s and a minimum within a distance r
/// of x, the mean of the posterior is the step with h + s^2 / (h r^2), at least 2 s / r.
const PRIOR_STIFFNESS: f64 = 2.0;

/// The curvature of a coordinate that does not move.
const HELD: f64 = 1e200;

/// ```text
/// min_d  m.d + 1/2 d'(B + R) d    subject to    KL(d) = 1/2 sum_i d_i^2 / u_i^2 <= n radius^2 / 2
/// ```
///
/// with the model's gradient m, Hessian B, and a ridge R >= 0 against noise. The minimizer is
/// d(eta) = -(B + R + eta P)^-1 m with P = diag(1/u^2), and KL(eta) falls as eta grows (Nocedal and
/// Wright, section 4.3), so that the crate's [`dual`](crate::dual) finds eta.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Step {
    /// d.
    pub vector: Vec<f64>,
    /// The factors of B + R + eta P.
    pub factor: Vec<f64>,
    pub multiplier: f64,
    pub kl: f64,
    pub bound: f64,
    pub evaluations: u32,
    /// The decrease of f that the model predicts.
    pub gain: f64,
    /// What the noise of m makes of it: half of tr((B + R + eta P)^-1 S) / draws, and the standard
    /// deviation in these units.
    pub noise: f64,
    pub spread: f64,
    /// R.
    ridge: Vec<f64>,
    matrix: Vec<f64>,
    work: Vec<f64>,
}

impl Step {
    pub fn begin(&mut self, len: usize) {
        *self = Self {
            vector: vec![0.0; len],
            factor: vec![0.0; len * len],
            ridge: vec![0.0; len * len],
            matrix: vec![0.0; len * len],
            work: vec![0.0; len],
            ..Self::default()
        };
    }

    pub fn is_bound(&self) -> bool {
        self.multiplier > 0.0
    }

    /// Chooses d for a gradient m that is the mean of `count` draws, in the ball, and 0 in the held coordinates.
    pub fn choose(
        &mut self,
        gradient: &[f64],
        count: f64,
        curvature: &Curvature,
        noise: &mut Noise,
        (ball, held): (&Ball, &[bool]),
        dual: &impl DualSolver,
    ) {
        let len = gradient.len();
        self.bound = 0.5 * len as f64 * ball.bound() * ball.bound();
        let warm_start = if curvature.is_known { None } else { Some(steepest(gradient, ball)) };
        self.renew_ridge(curvature.factor(), count, noise, ball);
        let Self { vector, factor, ridge, matrix, work, .. } = self;
        let mut evaluate = |eta: f64| {
            for ((entry, b), r) in matrix.iter_mut().zip(&curvature.matrix).zip(&*ridge) {
                *entry = b + r;
            }
            for (i, unit) in ball.units.iter().enumerate() {
                matrix[i * len + i] += eta / unit;
            }
            // the held coordinates stay where they are
            isolate(matrix, held, HELD);
            if !factorize(matrix, len, factor) {
                return DualValue { kl: f64::INFINITY, slope: 0.0 };
            }
            for (d, m) in vector.iter_mut().zip(gradient) {
                *d = -m;
            }
            solve(factor, vector);
            for ((w, d), u) in work.iter_mut().zip(&*vector).zip(&ball.units) {
                *w = d / u;
            }
            let kl = 0.5 * dot(work, vector);
            DualValue { kl, slope: -inverse_quadratic(factor, work) }
        };
        let solution = dual.solve(self.bound, warm_start, &mut evaluate);
        let kl = evaluate(solution.multiplier).kl;
        if !kl.is_finite() {
            self.vector.fill(0.0);
        }
        (self.multiplier, self.kl) = (solution.multiplier, kl);
        self.evaluations = solution.evaluations;
        let bend = quadratic(&curvature.matrix, &self.vector);
        self.gain = -dot(gradient, &self.vector) - 0.5 * bend;
        let energy = noise.energy(&self.factor, len);
        (self.noise, self.spread) = (0.5 * energy.trace / count, energy.spread);
    }

    /// R = L diag(2 s_i / r_i) L' in the frame where B = LDL' is diagonal, for the slopes of correlated
    /// noise are known better there than along the coordinates.
    fn renew_ridge(&mut self, factor: &[f64], count: f64, noise: &Noise, ball: &Ball) {
        let len = self.vector.len();
        self.ridge.fill(0.0);
        if noise.is_zero() {
            return;
        }
        self.matrix.copy_from_slice(noise.covariance());
        whiten(&mut self.matrix, factor, len);
        for j in 0..len {
            self.work[j] = 1.0;
            for i in j + 1..len {
                self.work[i] = factor[i * len + j];
            }
            let column = &self.work[j..];
            let way: f64 = column.iter().zip(&ball.units[j..]).map(|(l, u)| l * l * u).sum();
            let variance = self.matrix[j * len + j].max(0.0) / count;
            let ridge = PRIOR_STIFFNESS * (variance / way).sqrt() / ball.reach;
            for (i, l) in (j..len).zip(column) {
                let row = &mut self.ridge[i * len + j..(i + 1) * len];
                row.iter_mut().zip(column).for_each(|(entry, k)| *entry += ridge * l * k);
            }
        }
    }

    /// Whether the gain stands out of the noise by `deviations` standard deviations.
    pub fn is_significant(&self, deviations: f64) -> bool {
        self.gain >= (1.0 + deviations * self.spread) * self.noise
    }
}

/// The multiplier of the steepest descent step that is as long as the ball allows.
fn steepest(gradient: &[f64], ball: &Ball) -> f64 {
    let square: f64 = gradient.iter().zip(&ball.units).map(|(m, u)| m * m * u).sum();
    let eta = (square / gradient.len() as f64).sqrt() / ball.bound();
    if eta.is_finite() { eta } else { f64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense::multiply;
    use crate::dual::Newton;

    #[test]
    fn the_step_meets_the_optimality_conditions_of_the_ball() {
        let hessian = [4.0, 1.0, 1.0, 0.5];
        let (mut curvature, mut noise, mut step) =
            (Curvature::default(), Noise::default(), Step::default());
        curvature.begin(2);
        noise.begin(2);
        step.begin(2);
        curvature.matrix.copy_from_slice(&hessian);
        curvature.is_known = true;
        let (gradient, units) = ([1.0, -2.0], [1.0, 9.0]);
        let mut ball = Ball::default();
        ball.begin(&[0.0; 2], &[1.0, 3.0]);
        for radius in [1e-3, 0.1, 1.0, 1e3] {
            (ball.radius, ball.reach) = (radius, 1e3);
            let place = (&ball, &[false; 2][..]);
            step.choose(&gradient, 1.0, &curvature, &mut noise, place, &Newton::default());
            let (d, eta) = (&step.vector, step.multiplier);
            let mut bd = [0.0; 2];
            multiply(&hessian, d, &mut bd);
            for i in 0..2 {
                let residual = gradient[i] + bd[i] + eta * d[i] / units[i];
                assert!(residual.abs() < 1e-9, "{residual}");
            }
            let kl = 0.5 * (d[0] * d[0] + d[1] * d[1] / 9.0);
            assert!(kl <= step.bound * 1.001);
            assert!(eta == 0.0 || (kl / step.bound - 1.0).abs() < 1e-3, "{kl}");
        }
        assert_eq!(step.multiplier, 0.0, "a ball that holds the minimum does not bind");
    }
}
