//! A self-calibrating filter of the drawn gradients.

use super::QuadraticModel;
use crate::kernel::zip_map_sum;
use crate::param::Scalar;
use crate::touch;

/// Filters drawn gradients, given the curvature: a scalar Kalman filter per coordinate whose noise
/// level is estimated along the way, so that nothing is to be set.
///
/// The building block of [`AdaptiveRls`](super::AdaptiveRls), [`ExactDiagonal`](super::ExactDiagonal)
/// and [`FiniteDifference`](super::FiniteDifference), and of users' estimators that know
/// only a curvature. Per coordinate, with m the gradient that the model predicts at the current
/// point, R the variance of a draw, P the variance of m in units of R, d the last step, and
/// sigma_a^2 the mean square error of the curvature:
///
/// ```text
/// P <- max(P, psi rho z / (rho + z), rho^(1/2) t^-pa) + sigma_a^2 d^2 / R,   z = m^2 / R
/// e  = g - m,  clipped at 4 standard deviations over rho^(1/2)
/// K  = P / (1 + P),   m <- m + K e,   P <- K
/// R <- R + w (1/2 (e - e_before)^2 / (1 + P) - R),   w = max(min(rho / 20, 10 / t), 1 / t)
/// ```
///
/// rho is the share of the draws whose gradient in the coordinate is not 0: 1, except for features that
/// most draws do not have. The memory of these is counted in the draws that have them.
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
    /// rho: share of the draws that had a gradient in the coordinate.
    pub(super) touched: Vec<F>,
    draw_count: u64,
    mean_gain: f64,
}

/// Draws at the start point that calibrate m and R before the first step.
const CALIBRATION_DRAWS: u64 = 10;
/// Floor of the gain where the gradient is significantly different from zero: the minimum is still far.
const SIGNAL_GAIN: f64 = 0.3;
/// Exponent of the floor of the gain over time, t^-0.6: between 1/2 and 1, as stochastic
/// approximation with averaging asks for (Polyak and Juditsky 1992).
const GAIN_DECAY: f64 = 0.6;
/// Innovations are clipped at this many standard deviations (Huber).
const CLIP: f64 = 4.0;
/// An innovation this many times the clip refutes the model: the filter starts anew.
const REFUTED: f64 = 1000.0;
/// The noise level remembers a tenth of the draws, and at least twenty: a shorter memory would forget rare
/// draws, a longer one would not follow the noise down. With twenty throughout, softmax regressions on
/// minibatches end with twice the gap.
const NOISE_SHARE: f64 = 10.0;
const MAX_NOISE_WEIGHT: f64 = 0.05;
/// R from the first gradient after zeros, in units of rho g^2: steps divide by R, and a single g^2 may be
/// far below it. With 0.5 five of 24 sparse regressions in `f32` end above their start, with 5 one.
const FIRST_NOISE: f64 = 5.0;
/// Innovations are clipped for the noise level at this many times the clip for the gradient, because rare
/// draws of a coordinate are all of its noise; with 2 twenty such draws are forgotten for one.
const NOISE_CLIP: f64 = 8.0;

/// The quantities that all coordinates share at one draw.
pub(super) struct FilterStep<F> {
    gain_floor: F,
    noise_share: F,
    one_draw: F,
    /// 1 over the draws so far, this one included.
    touch_weight: F,
    first_step: bool,
}

/// One coordinate after the filter.
pub(super) struct Filtered<F> {
    pub gradient: F,
    pub noise: F,
    pub gain: F,
    pub innovation: F,
    pub touched: F,
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
        self.touched.clear();
        self.touched.extend(gradient.iter().map(|&g| touch::touch(g)));
        self.draw_count = 1;
        self.mean_gain = 1.0;
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
            [
                &mut model.gradient,
                &mut model.noise,
                &mut self.gain,
                &mut self.innovation,
                &mut self.touched,
            ],
            |[g, d, a], [m, r, p, e, rho]| {
                let slope_error = relative * a;
                let change = slope_error * slope_error * d * d;
                let start = m - a * d;
                let new = shared.filter(g, [start, m], r, [p, e, rho], change);
                let weight = (start * d).abs();
                let sums = [new.gain * weight, weight];
                ([new.gradient, new.noise, new.gain, new.innovation, new.touched], sums)
            },
        );
        self.end(sums);
    }

    /// Whether the noise level is known well enough for a step.
    pub fn is_calibrated(&self) -> bool {
        self.draw_count > CALIBRATION_DRAWS
    }

    /// The gain K averaged over the coordinates, weighted by its contribution to the decrease
    /// of the model along the last step.
    pub fn mean_gain(&self) -> f64 {
        self.mean_gain
    }

    pub(super) fn begin(&self) -> FilterStep<F> {
        let t = self.draw_count as f64;
        let stepped = self.draw_count > CALIBRATION_DRAWS;
        FilterStep {
            gain_floor: F::from_f64_lossy(if stepped { (t + 1.0).powf(-GAIN_DECAY) } else { 0.0 }),
            noise_share: F::from_f64_lossy(NOISE_SHARE / t),
            one_draw: F::from_f64_lossy(1.0 / (t + 1.0)),
            touch_weight: F::one() / F::from_f64_lossy(t + 1.0),
            first_step: self.draw_count == CALIBRATION_DRAWS + 1,
        }
    }

    /// Takes the sums of K |m d| and |m d|.
    pub(super) fn end(&mut self, [gain, weight]: [f64; 2]) {
        self.draw_count += 1;
        let mean_gain = gain / weight;
        if mean_gain.is_finite() {
            self.mean_gain = mean_gain;
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
        [p, e_before, touched]: [F; 3],
        change: F,
    ) -> Filtered<F> {
        let constant = F::from_f64_lossy;
        let (zero, one) = (F::zero(), F::one());
        let touched = touch::share(touched, self.touch_weight, g);
        let rho = touch::divisor(touched);
        let innovation = g - m;
        // R = 0 only where every gradient so far was 0, or all of a long time: then the model is
        // exact until one is not. The inverse of a subnormal number would overflow.
        let inverse = if r >= F::min_positive_value() { one / r } else { zero };
        let z = start * start * inverse;
        let p = if self.first_step {
            p + z + one
        } else if self.gain_floor > zero {
            let signal = constant(SIGNAL_GAIN) * rho * (one - rho / (rho + z));
            p.max(signal).max(self.gain_floor * rho.sqrt()) + change * inverse
        } else {
            p
        };

        let limit = constant(CLIP) * ((one + p) * r / rho).sqrt();
        let refuted = innovation.abs() > constant(REFUTED) * limit;
        let clipped = if refuted { innovation } else { innovation.max(-limit).min(limit) };
        let limit = if refuted { innovation.abs() } else { limit };
        let caution = if r > zero { constant(0.5) } else { constant(FIRST_NOISE) };
        let r = if refuted { caution * rho * innovation * innovation } else { r };
        let gain = if refuted { rho } else { p / (one + p) };

        let noise_limit = constant(NOISE_CLIP) * limit;
        let e = innovation.max(-noise_limit).min(noise_limit);
        let difference = e - e_before;
        let sample = constant(0.5) * difference * difference / (one + p);
        let weight = (constant(MAX_NOISE_WEIGHT) * rho).min(self.noise_share).max(self.one_draw);
        let noise = (r + weight * (sample - r)).max(constant(1e-30) * g * g);
        let gradient = m + gain * clipped;
        // where a step has led squares out of all floats, only the draw is known
        if (gradient * gradient + noise).is_finite() {
            Filtered { gradient, noise, gain, innovation: e, touched, drawn: m + clipped }
        } else {
            Filtered {
                gradient: g,
                noise: constant(0.5) * g * g,
                gain: one,
                innovation: zero,
                touched,
                drawn: g,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A filter and its model.
    struct Run {
        filter: GradientFilter<f64>,
        model: QuadraticModel<f64>,
    }

    impl Run {
        /// Relative error of the curvature.
        const ERROR: f64 = 0.5;

        fn start(gradient: &[f64]) -> Self {
            let mut model = QuadraticModel::new(gradient.len());
            let mut filter = GradientFilter::default();
            filter.start(gradient, &mut model);
            Self { filter, model }
        }

        /// The draws 1, -1, 1, ... times `scale` around `center` in one coordinate.
        fn alternate(center: f64, scale: f64, count: usize) -> Self {
            let mut run = Self::start(&[center + scale]);
            for k in 1..count {
                run.draw(center + if k % 2 == 0 { scale } else { -scale });
            }
            run
        }

        fn update(&mut self, gradient: &[f64], step: &[f64]) {
            self.filter.update(gradient, step, Self::ERROR, &mut self.model);
        }

        /// A draw where x has not moved.
        fn draw(&mut self, gradient: f64) {
            self.update(&[gradient], &[0.0]);
        }

        /// m, R and K of the first coordinate.
        fn state(&self) -> [f64; 3] {
            [self.model.gradient[0], self.model.noise[0], self.filter.gain[0]]
        }
    }

    fn assert_close(value: f64, expected: f64) {
        assert!((value / expected - 1.0).abs() < 1e-12, "{value} {expected}");
    }

    #[test]
    fn draws_at_the_start_are_averaged() {
        let draws = [2.0, 3.0, 2.5, 0.5, 2.0, 1.5, 4.0, -1.0, 2.0, 3.5, 1.0];
        let mean = |count: usize| draws[..count].iter().sum::<f64>() / count as f64;
        let mut run = Run::start(&draws[..1]);
        assert_eq!(run.state(), [2.0, 2.0, 1.0]);
        // half squared differences of innovations, each of variance (1 + 1/k) R
        let (mut samples, mut before) = (vec![2.0], 0.0);
        for (k, draw) in draws.iter().enumerate().skip(1) {
            assert!(!run.filter.is_calibrated());
            run.draw(*draw);
            let innovation = draw - mean(k);
            let difference: f64 = innovation - before;
            samples.push(0.5 * difference.powi(2) / (1.0 + 1.0 / k as f64));
            before = innovation;
            let [m, noise, gain] = run.state();
            let count = k as f64 + 1.0;
            assert_close(m, mean(k + 1));
            assert_close(gain, 1.0 / count);
            assert_close(noise, samples.iter().sum::<f64>() / count);
        }
        assert!(run.filter.is_calibrated(), "eleven draws are enough");
        assert_eq!(run.filter.mean_gain(), 1.0, "no step so far that could weigh the gain");
    }

    #[test]
    fn the_noise_remembers_a_tenth_of_the_draws_and_twenty_at_least() {
        let mut run = Run::alternate(0.0, 1.0, 20);
        for count in 20..1000 {
            let [m, noise, _] = run.state();
            let before = run.filter.innovation[0];
            run.draw(0.7);
            let sample = 0.5 * (0.7 - m - before).powi(2) * (1.0 - run.state()[2]);
            let weight = f64::min(0.05, 10.0 / f64::from(count));
            assert_close(run.state()[1], noise + weight * (sample - noise));
        }
    }

    #[test]
    fn after_the_first_step_the_gradient_is_new() {
        // it changed by about itself, and the filter starts again from P = 1
        let mut run = Run::alternate(3.0, 1.0, 11);
        let [m, noise, gain] = run.state();
        assert_close(gain, 1.0 / 11.0);
        run.draw(m);
        let p = 1.0 / 11.0 + m * m / noise + 1.0;
        assert_close(run.state()[2], p / (1.0 + p));
        // at the second step no more
        run.draw(m);
        assert_close(run.state()[2], (p / (1.0 + p)) / (1.0 + p / (1.0 + p)));
    }

    #[test]
    fn without_a_signal_the_gain_falls_by_the_power_of_time() {
        let mut run = Run::alternate(0.0, 1.0, 1000);
        for count in 1001..1100 {
            run.draw(if count % 2 == 1 { 1.0 } else { -1.0 });
            let floor = f64::from(count).powf(-0.6);
            assert_close(run.state()[2], floor / (1.0 + floor));
        }
    }

    #[test]
    fn where_the_gradient_stands_out_the_gain_stays() {
        for (center, scale) in [(100.0, 1.0), (-0.6, 1.0), (3.0, 2.0)] {
            let mut run = Run::alternate(center, scale, 3000);
            let [m, noise, _] = run.state();
            run.draw(center + scale);
            let z = m * m / noise;
            let p = 0.3 * z / (1.0 + z);
            assert!(p > 3001f64.powf(-0.6), "{p}");
            assert_close(run.state()[2], p / (1.0 + p));
        }
    }

    #[test]
    fn a_step_makes_the_gradient_less_certain() {
        // an error of half the curvature 4 along a step of 3
        let mut run = Run::alternate(0.0, 1.0, 1000);
        let [m, noise, _] = run.state();
        (run.model.curvature[0], run.model.gradient[0]) = (4.0, m + 4.0 * 3.0);
        run.update(&[m + 4.0 * 3.0], &[3.0]);
        let p = 1001f64.powf(-0.6) + (0.5 * 4.0 * 3.0f64).powi(2) / noise;
        assert_close(run.state()[2], p / (1.0 + p));
        assert_eq!(run.state()[0], m + 12.0, "what was predicted was drawn");
    }

    #[test]
    fn the_signal_is_that_where_the_step_began() {
        // from a gradient of 2 to one of 0: the step has not shown yet that there is no way to go
        let mut run = Run::alternate(2.0, 1.0, 1000);
        let [m, noise, _] = run.state();
        let (a, d) = (1e-6, -m / 1e-6);
        (run.model.curvature[0], run.model.gradient[0]) = (a, 0.0);
        let mut exact = Run { filter: run.filter.clone(), model: run.model.clone() };
        exact.filter.update(&[f64::MIN_POSITIVE], &[d], 0.0, &mut exact.model);
        let z = m * m / noise;
        let p = 0.3 * z / (1.0 + z);
        assert_close(exact.state()[2], p / (1.0 + p));
    }

    #[test]
    fn outliers_count_as_four_standard_deviations() {
        for sign in [1.0, -1.0] {
            let run = Run::alternate(0.0, 1.0, 1001);
            let [m, noise, _] = run.state();
            let p = 1002f64.powf(-0.6);
            let deviation = ((1.0 + p) * noise).sqrt();
            let draw = |outlier: f64| {
                let mut run = Run { filter: run.filter.clone(), model: run.model.clone() };
                run.draw(m + sign * outlier * deviation);
                run
            };
            let (near, far) = (draw(3.9), draw(400.0));
            assert_close(near.state()[0] - m, sign * p / (1.0 + p) * 3.9 * deviation);
            assert_close(far.state()[0] - m, sign * p / (1.0 + p) * 4.0 * deviation);
            // the noise level follows to eight times that, as rare draws may be all of the noise
            assert_close(draw(31.9).filter.innovation[0], sign * 31.9 * deviation);
            assert_close(far.filter.innovation[0], sign * 32.0 * deviation);
            let sample = 0.5 * (far.filter.innovation[0] - run.filter.innovation[0]).powi(2);
            let weight = 10.0 / 1001.0;
            assert_close(far.state()[1], noise + weight * (sample / (1.0 + p) - noise));
        }
    }

    #[test]
    fn what_refutes_the_model_starts_the_filter_anew() {
        for sign in [1.0, -1.0] {
            let run = Run::alternate(0.0, 1.0, 1001);
            let [m, noise, _] = run.state();
            let limit = 4.0 * ((1.0 + 1002f64.powf(-0.6)) * noise).sqrt();
            let draw = |innovation: f64| {
                let mut run = Run { filter: run.filter.clone(), model: run.model.clone() };
                run.draw(m + sign * innovation);
                run
            };
            assert!(draw(999.0 * limit).state()[2] < 0.1);
            let refuted = draw(1001.0 * limit);
            let e = 1001.0 * limit;
            assert_close(refuted.state()[0], m + sign * e);
            assert_eq!(refuted.state()[2], 1.0);
            assert_close(refuted.filter.innovation[0], sign * e);
            let [p, r] = [1002f64.powf(-0.6), 0.5 * e * e];
            let sample = 0.5 * (sign * e - run.filter.innovation[0]).powi(2) / (1.0 + p);
            assert_close(refuted.state()[1], r + 10.0 / 1001.0 * (sample - r));
        }
    }

    #[test]
    fn a_first_gradient_after_zeros_is_shared_among_all_draws() {
        let mut run = Run::start(&[0.0]);
        for _ in 1..2000 {
            run.draw(0.0);
        }
        assert_eq!(run.state()[..2], [0.0, 0.0]);
        assert!(run.state()[2] < 0.02, "zeros refute nothing");
        run.draw(7.0);
        let rho = 1.0 / 2001.0;
        assert_close(run.filter.touched[0], rho);
        assert_close(run.state()[0], 7.0 * rho);
        assert_close(run.state()[2], rho);
        assert!((run.state()[1] / (5.5 * rho * 49.0) - 1.0).abs() < 1e-2);
    }

    #[test]
    fn what_few_draws_tell_is_remembered_for_as_many_of_them() {
        // one draw in fifty has a gradient of 50 v: the mean is v, the variance 49 v^2
        let v = 0.3;
        let mut run = Run::start(&[0.0]);
        let (mut sum, mut squares, mut least) = (0.0, 0.0, f64::INFINITY);
        for k in 1..20_000 {
            run.draw(if k % 50 == 17 { 50.0 * v } else { 0.0 });
            if k >= 10_000 {
                let [m, noise, _] = run.state();
                (sum, squares) = (sum + m / 1e4, squares + noise / 1e4);
                least = f64::min(least, noise);
            }
        }
        // the gain is larger while m is, so that m falls faster than it would
        assert!((sum / v - 1.0).abs() < 0.1, "{sum}");
        assert!((squares / (49.0 * v * v) - 1.0).abs() < 0.1, "{squares}");
        // twenty of these draws are the memory: none is forgotten before the next
        assert!(least > 0.9 * squares, "{least} {squares}");
        assert!((run.filter.touched[0] * 50.0 - 1.0).abs() < 0.01);
        assert!(run.state()[2] < 0.02, "the gain does not follow one of them: {}", run.state()[2]);
    }

    #[test]
    fn the_noise_keeps_above_the_rounding_of_the_gradient() {
        let mut run = Run::start(&[2.0]);
        for _ in 1..100_000 {
            run.draw(2.0);
        }
        assert_close(run.state()[1], 4e-30);
    }

    #[test]
    fn the_mean_gain_is_weighted_by_the_decrease_of_the_model() {
        // gradients of 2 and 1 where the step began, steps of 3 and -2, curvatures of 1 and 4
        let mut run = Run::start(&[2.0, 1.0]);
        for k in 1..1000 {
            let noise = if k % 2 == 0 { 0.5 } else { -0.5 };
            run.update(&[2.0 + noise, 1.0 - 3.0 * noise], &[0.0, 0.0]);
        }
        let (curvature, step) = ([1.0, 4.0], [3.0, -2.0]);
        let mut weight = [0.0; 2];
        for i in 0..2 {
            weight[i] = (run.model.gradient[i] * step[i]).abs();
            run.model.curvature[i] = curvature[i];
            run.model.gradient[i] += curvature[i] * step[i];
        }
        let drawn = run.model.gradient.clone();
        run.update(&drawn, &step);
        let gain = &run.filter.gain;
        assert!((gain[0] - gain[1]).abs() > 0.01, "{gain:?}");
        let expected = (gain[0] * weight[0] + gain[1] * weight[1]) / (weight[0] + weight[1]);
        assert_close(run.filter.mean_gain(), expected);
    }

    #[test]
    fn a_second_start_forgets_everything() {
        let mut run = Run::alternate(3.0, 1.0, 50);
        run.update(&[2.0], &[1.0]);
        run.filter.start(&[5.0], &mut run.model);
        let fresh = Run::start(&[5.0]);
        assert_eq!(run.filter, fresh.filter);
        assert_eq!(run.model.noise, fresh.model.noise);
        assert_eq!(run.model.gradient, fresh.model.gradient);
    }
}
