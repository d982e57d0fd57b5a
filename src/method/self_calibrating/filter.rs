//! The filtered gradient of the self-calibrating method, and the noise of a draw.

use super::secants::Prediction;
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use crate::touch;

/// The gradient m at the current point, and the variance R of one coordinate of one draw.
///
/// A Kalman filter of which only R is per coordinate: Var m = `variance` R, a scalar times R. The
/// mean moves along with each step by the change of the gradient, measured at one draw or
/// predicted, which is variance reduction as in STORM (Cutkosky and Orabona 2019), with a gain that
/// follows from the variances and needs no schedule.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct GradientEstimate<F> {
    /// m.
    pub mean: Vec<F>,
    /// R.
    pub noise: Vec<F>,
    /// rho: share of the draws that had a gradient in the coordinate.
    pub touched: Vec<F>,
    /// Var m / R.
    pub variance: f64,
    /// Weight of the last draw in m.
    pub gain: f64,
    /// Draws taken in.
    pub draw_count: u64,
}

/// Innovations are clipped at this many standard deviations (Huber): 4, 6 and 10 were compared.
const CLIP: f64 = 4.0;
/// An innovation this many times the clip refutes the model: the coordinate starts anew.
const REFUTED: f64 = 1000.0;
/// Weight of the newest innovation in R: twenty draws give it to a third.
const NOISE_WEIGHT: f64 = 0.05;
/// The variance stays finite in units of a draw whatever the model predicted.
const MAX_VARIANCE: f64 = 1e6;

impl<F: Scalar> GradientEstimate<F> {
    /// Starts anew in n dimensions.
    pub fn reset(&mut self, len: usize) {
        for values in [&mut self.mean, &mut self.noise, &mut self.touched] {
            values.clear();
            values.resize(len, F::zero());
        }
        self.variance = 1.0;
        self.gain = 1.0;
        self.draw_count = 0;
    }

    /// Takes in a draw at an unchanged point: m and R are its sample mean and variance (Welford).
    pub fn calibrate(&mut self, gradient: &[F]) {
        self.draw_count += 1;
        let count = self.draw_count as f64;
        if self.draw_count == 1 {
            self.mean.copy_from_slice(gradient);
            zip_map_sum([gradient], [&mut self.touched], |[g], [_]| ([touch::touch(g)], []));
            return;
        }
        let weight = F::from_f64_lossy(1.0 / count);
        let scale = F::from_f64_lossy((count - 1.0) / count);
        let share = F::from_f64_lossy(1.0 / (count - 1.0));
        let outputs = [&mut self.mean[..], &mut self.noise, &mut self.touched];
        zip_map_sum([gradient], outputs, |[g], [m, r, rho]| {
            let e = g - m;
            let r = (r + share * (scale * e * e - r)).max(rounding(g));
            ([m + weight * e, r, touch::share(rho, weight, g)], [])
        });
        self.variance = 1.0 / count;
        self.gain = self.variance;
    }

    /// Moves m along with a step, by the change of the gradient between `before` and `after`,
    /// taken for a part `trust`, and for the rest the predicted change; `variance` is what that
    /// adds, in units of R.
    pub fn transport(
        &mut self,
        step: &[F],
        [before, after]: [&[F]; 2],
        [scale, multiplier]: [F; 2],
        precision: &[F],
        trust: f64,
        variance: f64,
    ) {
        let trust = F::from_f64_lossy(trust);
        let rest = F::one() - trust;
        let inputs = [step, before, after, precision, &self.touched];
        zip_map_sum(inputs, [&mut self.mean], |[d, before, after, p, rho], [m]| {
            let predicted = Prediction::change(scale, multiplier, m, p, d);
            let measured = touch::change(before, after, rho).unwrap_or(predicted);
            ([m + trust * measured + rest * predicted], [])
        });
        // also where the sum is NaN
        self.variance = (self.variance + variance).min(MAX_VARIANCE);
    }

    /// Takes in the gradient drawn at the current point.
    pub fn update(&mut self, gradient: &[F]) {
        self.draw_count += 1;
        // never more certain than the mean of all draws
        let variance = self.variance.max(1.0 / self.draw_count as f64);
        let gain = variance / (1.0 + variance);

        let constant = F::from_f64_lossy;
        let (k, one_draw) = (constant(gain), constant(1.0 / self.draw_count as f64));
        let spread = constant(1.0 + variance);
        let outputs = [&mut self.mean[..], &mut self.noise, &mut self.touched];
        let [drift, count] = zip_map_sum([gradient], outputs, |[g], [m, old, rho]| {
            let rho = touch::share(rho, one_draw, g);
            // where a step has led squares out of all floats, only the draw is known
            let is_known = (constant(4.0) * (m * m + old)).is_finite();
            let m = if is_known { m } else { F::zero() };
            let e = g - m;
            let limit = constant(CLIP) * (spread * old / touch::divisor(rho)).sqrt();
            let refuted = !is_known || e.abs() > constant(REFUTED) * limit;
            let (limit, k, r) = if refuted {
                (e.abs(), rho, constant(0.5) * rho * e * e / spread)
            } else {
                (limit, k, old)
            };
            let clipped = e.max(-limit).min(limit);
            let mean = m + k * clipped;
            let weight = (constant(NOISE_WEIGHT) * rho).max(one_draw);
            let noise = (r + weight * (clipped * clipped / spread - r)).max(rounding(g));
            ([mean, noise, rho], [log_ratio(r, noise), F::one()])
        });
        self.gain = gain;
        // the variance of m stays, its unit R has changed
        self.variance = gain * (drift / count).exp();
    }
}

/// Variance that rounding alone gives a drawn gradient.
#[inline(always)]
fn rounding<F: Scalar>(g: F) -> F {
    let rounded = F::epsilon() * g;
    rounded * rounded
}

/// ln(a / b), or 0 where one of them is 0, by the first terms of 2 artanh((a - b) / (a + b)): to
/// 1e-4 for ratios within 2, to 10 % within 10, and with the right sign everywhere.
#[inline(always)]
fn log_ratio<F: Scalar>(a: F, b: F) -> F {
    let constant = F::from_f64_lossy;
    if a > F::zero() && b > F::zero() {
        let z = (a - b) / (a + b);
        let square = z * z;
        let series = constant(1.0 / 3.0) + square * (constant(0.2) + square * constant(1.0 / 7.0));
        constant(2.0) * z * (F::one() + square * series)
    } else {
        F::zero()
    }
}
