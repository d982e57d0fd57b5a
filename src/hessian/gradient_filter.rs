//! A self-calibrating filter of the drawn gradients.

use super::QuadraticModel;
use crate::kernel::zip_map_sum;
use crate::param::Scalar;

/// Filters drawn gradients, given the curvature: a scalar Kalman filter per coordinate whose noise
/// level is estimated along the way, so that nothing is to be set.
///
/// The building block of [`AdaptiveRls`](super::AdaptiveRls), [`ExactDiagonal`](super::ExactDiagonal)
/// and [`FiniteDifference`](super::FiniteDifference), and of an estimator of one's own that knows
/// only a curvature. Per coordinate, with m the gradient that the model predicts at the current
/// point, R the variance of a draw, P the variance of m in units of R, d the last step, and
/// sigma_a^2 the mean square error of the curvature:
///
/// ```text
/// P <- max(P, psi z / (1 + z), t^-pa) + sigma_a^2 d^2 / R,   z = m^2 / R
/// e  = g - m,  clipped at 4 standard deviations
/// K  = P / (1 + P),   m <- m + K e,   P <- K
/// R <- R + w (1/2 (e - e_before)^2 / (1 + P) - R)
/// ```
///
/// The innovation is relative to the model at the current point, so a shift of x changes nothing;
/// all quantities scale with f.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct GradientFilter<F> {
    /// P: variance of the model's gradient in units of the noise, after the update also the gain.
    pub(super) gain: Vec<F>,
    /// The innovation before, clipped.
    pub(super) innovation: Vec<F>,
    draw_count: u64,
    mean_gain: f64,
}

/// Draws at the start point that calibrate m and R before the first step.
const CALIBRATION_DRAWS: u64 = 10;
/// Floor of the gain where the gradient stands out of the noise: there is still way to go.
const SIGNAL_GAIN: f64 = 0.3;
/// Exponent of the floor of the gain over time, t^-0.6: between 1/2 and 1, as stochastic
/// approximation with averaging asks for (Polyak and Juditsky 1992).
const GAIN_DECAY: f64 = 0.6;
/// Innovations are clipped at this many standard deviations (Huber).
const CLIP: f64 = 4.0;
/// An innovation this many times the clip refutes the model: the filter starts anew.
const REFUTED: f64 = 1000.0;
/// The noise level remembers a tenth of the draws, and twenty at least: less would forget what
/// rare draws told, more would not follow it down. With twenty throughout, softmax regressions on
/// minibatches end with twice the gap.
const NOISE_SHARE: f64 = 10.0;
const MAX_NOISE_WEIGHT: f64 = 0.05;
/// Innovations are clipped for the noise level at this many times the clip for the gradient, as what
/// a coordinate hears of rarely is all of its noise; with 2 twenty such draws are forgotten for one.
const NOISE_CLIP: f64 = 8.0;

/// One coordinate of the filter, and what all coordinates share at one draw.
pub(super) struct FilterStep<F> {
    gain_floor: F,
    noise_weight: F,
    first_step: bool,
}

/// What the filter makes of one coordinate.
pub(super) struct Filtered<F> {
    pub gradient: F,
    pub noise: F,
    pub gain: F,
    pub innovation: F,
    /// The drawn gradient with its outliers clipped.
    pub drawn: F,
}

impl<F: Scalar> GradientFilter<F> {
    /// Forgets everything and takes the first drawn gradient as it is.
    pub fn start(&mut self, gradient: &[F], model: &mut QuadraticModel<F>) {
        let len = gradient.len();
        let half = F::from_f64_lossy(0.5);
        model.gradient.copy_from_slice(gradient);
        model.noise.clear();
        model.noise.extend(gradient.iter().map(|&g| half * g * g));
        self.gain.clear();
        self.gain.resize(len, F::one());
        self.innovation.clear();
        self.innovation.resize(len, F::zero());
        self.draw_count = 1;
        self.mean_gain = 1.0;
    }

    /// Starts from a model with gradient m and noise level R, with Var m / R = `variance`, as if
    /// after `draw_count` draws.
    pub(super) fn start_from(&mut self, len: usize, variance: f64, draw_count: u64) {
        self.gain.clear();
        self.gain.resize(len, F::from_f64_lossy(variance));
        self.innovation.clear();
        self.innovation.resize(len, F::zero());
        self.draw_count = draw_count;
        self.mean_gain = variance;
    }

    /// Updates `model.gradient` and `model.noise` with a drawn gradient, given the curvature in
    /// `model.curvature`, with relative error `curvature_error`, along the last `step`.
    pub fn update(
        &mut self,
        gradient: &[F],
        step: &[F],
        curvature_error: f64,
        model: &mut QuadraticModel<F>,
    ) {
        let shared = self.begin();
        let relative = F::from_f64_lossy(curvature_error);
        let sums = zip_map_sum(
            [gradient, step, &model.curvature],
            [&mut model.gradient, &mut model.noise, &mut self.gain, &mut self.innovation],
            |[g, d, a], [m, r, p, e]| {
                let slope_error = relative * a;
                let change = slope_error * slope_error * d * d;
                let start = m - a * d;
                let new = shared.filter(g, [start, m], r, p, e, change);
                let weight = (start * d).abs();
                let sums = [new.gain * weight, weight];
                ([new.gradient, new.noise, new.gain, new.innovation], sums)
            },
        );
        self.end(sums);
    }

    /// Whether the noise level is known well enough for a step.
    pub fn is_calibrated(&self) -> bool {
        self.draw_count > CALIBRATION_DRAWS
    }

    /// The gain K averaged over the coordinates, weighted by what each contributes to the decrease
    /// of the model along the last step.
    pub fn mean_gain(&self) -> f64 {
        self.mean_gain
    }

    pub(super) fn begin(&self) -> FilterStep<F> {
        let t = self.draw_count as f64;
        let stepped = self.draw_count > CALIBRATION_DRAWS;
        FilterStep {
            gain_floor: F::from_f64_lossy(if stepped { (t + 1.0).powf(-GAIN_DECAY) } else { 0.0 }),
            noise_weight: F::from_f64_lossy(
                MAX_NOISE_WEIGHT.min(NOISE_SHARE / t).max(1.0 / (t + 1.0)),
            ),
            first_step: self.draw_count == CALIBRATION_DRAWS + 1,
        }
    }

    /// Takes the sums of K |m d| and |m d|.
    pub(super) fn end(&mut self, [gain, weight]: [f64; 2]) {
        self.draw_count += 1;
        if weight > 0.0 {
            self.mean_gain = gain / weight;
        }
    }
}

impl<F: Scalar> FilterStep<F> {
    /// `start` and `m` are the model's gradient where the last step began and where it ended;
    /// `change` is the variance that the step added to m, in gradient^2.
    #[inline(always)]
    pub(super) fn filter(
        &self,
        g: F,
        [start, m]: [F; 2],
        r: F,
        p: F,
        e_before: F,
        change: F,
    ) -> Filtered<F> {
        let constant = F::from_f64_lossy;
        let (zero, one) = (F::zero(), F::one());
        let innovation = g - m;
        // R = 0 only where every gradient so far was 0, or all of a long time: then the model is
        // exact until one is not. The inverse of a subnormal number would overflow.
        let inverse = if r >= F::min_positive_value() { one / r } else { zero };
        let z = start * start * inverse;
        let p = if self.first_step {
            p + z + one
        } else if self.gain_floor > zero {
            let signal = constant(SIGNAL_GAIN) * (one - one / (one + z));
            p.max(signal).max(self.gain_floor) + change * inverse
        } else {
            p
        };

        let limit = constant(CLIP) * ((one + p) * r).sqrt();
        let refuted = innovation.abs() > constant(REFUTED) * limit;
        let clipped = if refuted { innovation } else { innovation.max(-limit).min(limit) };
        let limit = if refuted { innovation.abs() } else { limit };
        let r = if refuted { constant(0.5) * innovation * innovation } else { r };
        let gain = if refuted { one } else { p / (one + p) };

        let noise_limit = constant(NOISE_CLIP) * limit;
        let e = innovation.max(-noise_limit).min(noise_limit);
        let difference = e - e_before;
        let sample = constant(0.5) * difference * difference / (one + p);
        let noise = r + self.noise_weight * (sample - r);
        Filtered {
            gradient: m + gain * clipped,
            noise: noise.max(constant(1e-30) * g * g),
            gain,
            innovation: e,
            drawn: m + clipped,
        }
    }
}
