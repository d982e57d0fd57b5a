//! The paper's recursive least squares: a Kalman filter per coordinate.

use super::{HessianEstimator, Observation, QuadraticModel};
use crate::dual::DualValue;
use crate::error::{Requirement, invalid, require};
use crate::gaussian::Probe;
use crate::kernel::zip_map_sum;
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};

/// Recursive least squares of the drawn gradient on x, with a random-walk model of the
/// coefficients: the estimator of the paper.
///
/// For each coordinate it fits `g(x) = b + a x` with
///
/// ```text
/// (b, a)_t = (b, a)_(t-1) + w,  w ~ N(0, process_noise I)
/// g_t      = b + a x_t + v,     v ~ N(0, measurement_noise)
/// ```
///
/// by a Kalman filter that starts at b = g_0, a = 0.1 with covariance
/// `initial_filter_variance I`. The intercept is kept as the model's gradient m = b + a x at the
/// current point, so that nothing cancels far from the origin, and the 2x2 covariance as
/// `U D U^T` (Bierman 1977, Thornton 1976), which is positive by construction in any precision.
///
/// Deviation from the original: a coordinate whose first gradient is exactly 0 starts with a = 0,
/// so that it stays there until a gradient contradicts it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct KalmanRls<F> {
    initial_filter_variance: f64,
    measurement_noise: f64,
    process_noise: f64,
    /// D_b: variance of the intercept given the slope.
    intercept_variance: Vec<F>,
    /// D_a: variance of the slope.
    slope_variance: Vec<F>,
    /// U_ba: regression coefficient of the intercept on the slope.
    regression: Vec<F>,
}

/// Curvature before any evidence: the original's constant.
const INITIAL_CURVATURE: f64 = 0.1;

impl<F: Scalar> KalmanRls<F> {
    /// A filter with the given variances.
    ///
    /// - `initial_filter_variance` >= 0: variance of b (gradient^2) and of a (curvature^2) at first
    /// - `measurement_noise` >= 0: variance of a drawn gradient around the line, gradient^2
    /// - `process_noise` >= 0: variance that b and a gain at each step
    ///
    /// # Errors
    /// If a value is negative or not finite, or if both noises are 0.
    pub fn new(
        initial_filter_variance: f64,
        measurement_noise: f64,
        process_noise: f64,
    ) -> Result<Self, Error> {
        const NAME: &str = "KalmanRls";
        let required = Requirement::NonNegative;
        require(NAME, "initial_filter_variance", initial_filter_variance, required)?;
        require(NAME, "measurement_noise", measurement_noise, required)?;
        require(NAME, "process_noise", process_noise, required)?;
        if measurement_noise == 0.0 && process_noise == 0.0 {
            return Err(invalid(format!(
                "{NAME}: `measurement_noise` and `process_noise` are both 0, which leaves the \
                 gain undefined (0/0) after the first steps; give at least one a positive value"
            )));
        }
        Ok(Self {
            initial_filter_variance,
            measurement_noise,
            process_noise,
            intercept_variance: Vec::new(),
            slope_variance: Vec::new(),
            regression: Vec::new(),
        })
    }

    /// The 2x2 covariance of (b, a) of each coordinate: `[var b, cov(b, a), var a]`.
    pub fn covariance(&self) -> impl Iterator<Item = [F; 3]> + '_ {
        let factors =
            self.intercept_variance.iter().zip(&self.slope_variance).zip(&self.regression);
        factors.map(|((&db, &da), &u)| [db + u * (u * da), u * da, da])
    }

    /// Starts at the first drawn gradient.
    fn start(&mut self, gradient: &[F], model: &mut QuadraticModel<F>, x: &[F]) {
        let initial_curvature = F::from_f64_lossy(INITIAL_CURVATURE);
        let outputs = [&mut model.gradient[..], &mut model.curvature];
        zip_map_sum([gradient, x], outputs, |[g, x], _| {
            let a = if g == F::zero() { F::zero() } else { initial_curvature };
            ([g + a * x, a], [])
        });
        let len = gradient.len();
        let variance = F::from_f64_lossy(self.initial_filter_variance);
        for (values, start) in [
            (&mut self.intercept_variance, variance),
            (&mut self.slope_variance, variance),
            (&mut self.regression, F::zero()),
        ] {
            values.clear();
            values.resize(len, start);
        }
    }

    /// One step of the filter at x, and the KL of the step at the multiplier of `probe`.
    fn filter(
        &mut self,
        gradient: &[F],
        x: &[F],
        model: &mut QuadraticModel<F>,
        probe: Option<&Probe<'_, F>>,
    ) -> Option<DualValue> {
        let filter = Filter {
            q: F::from_f64_lossy(self.process_noise),
            r: F::from_f64_lossy(self.measurement_noise),
        };
        let outputs = [
            &mut model.gradient[..],
            &mut model.curvature,
            &mut self.intercept_variance,
            &mut self.slope_variance,
            &mut self.regression,
        ];
        let Some(Probe { precision, terms }) = probe else {
            zip_map_sum([gradient, x], outputs, |[g, x], old| (filter.step(g, x, old), []));
            return None;
        };
        let sums = zip_map_sum([gradient, x, precision], outputs, |[g, x, p], old| {
            let [m, a, db, da, u] = old;
            let (mean, m) = terms.shrink(x, m, a);
            let new = filter.step(g, mean, [m, a, db, da, u]);
            (new, terms.kl_at(x, new[0], new[1], p))
        });
        Some(DualValue::from_sums(sums))
    }
}

/// The variances that a step of the filter takes.
struct Filter<F> {
    /// Process noise.
    q: F,
    /// Measurement noise.
    r: F,
}

impl<F: Scalar> Filter<F> {
    /// One coordinate of Thornton's time update, then Bierman's measurement update.
    #[inline(always)]
    fn step(&self, g: F, x: F, [m, a, db, da, u]: [F; 5]) -> [F; 5] {
        let Self { q, r } = *self;
        let da_prior = da + q;
        // 0/0 where a filter without variance gets no process noise: it stays as it is
        let kept = if da_prior > F::zero() { da / da_prior } else { F::one() };
        let db_prior = db + q + u * u * q * kept;
        let u_prior = u * kept;

        let f = u_prior + x;
        let alpha = r + db_prior;
        let innovation_variance = alpha + da_prior * f * f;
        let gain_a = da_prior * f / innovation_variance;
        let gain_b = db_prior / innovation_variance + gain_a * u_prior;

        let innovation = g - m;
        let new_m = m + (gain_b + gain_a * x) * innovation;
        let new_a = a + gain_a * innovation;
        let new_db = db_prior * (r / alpha);
        let new_da = da_prior * (alpha / innovation_variance);
        let new_u = u_prior - f * (db_prior / alpha);
        // where squares leave all floats, as those of x can, only the draw is known
        if (new_m.abs() + innovation_variance).is_finite() {
            [new_m, new_a, new_db, new_da, new_u]
        } else {
            [g, if a.is_finite() { a } else { F::zero() }, db, da, u]
        }
    }
}

impl<O, F> HessianEstimator<O> for KalmanRls<F>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
{
    const DRAWS_MORE: bool = false;
    const USES_STEP: bool = false;
    const PROBES: bool = true;

    fn update(
        &mut self,
        _problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        model: &mut QuadraticModel<F>,
    ) -> Result<(), Error> {
        self.refit(observation, model, None).map(drop)
    }

    fn update_and_probe(
        &mut self,
        _problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        model: &mut QuadraticModel<F>,
        probe: &Probe<'_, F>,
    ) -> Result<Option<DualValue>, Error> {
        self.refit(observation, model, Some(probe))
    }
}

impl<F: Scalar> KalmanRls<F> {
    fn refit<P: ParamVec<Scalar = F>>(
        &mut self,
        observation: Observation<'_, P>,
        model: &mut QuadraticModel<F>,
        probe: Option<&Probe<'_, F>>,
    ) -> Result<Option<DualValue>, Error> {
        let gradient = observation.gradient.as_coordinates()?;
        let x = observation.param.as_coordinates()?;
        if observation.iteration == 0 {
            self.start(gradient, model, x);
        }
        Ok(self.filter(gradient, x, model, probe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;

    /// A filter of one coordinate, and its model.
    struct Fit {
        filter: KalmanRls<f64>,
        model: QuadraticModel<f64>,
        x: f64,
        iteration: u64,
    }

    impl Fit {
        fn new(variance: f64, measurement_noise: f64, process_noise: f64, x: f64) -> Self {
            let filter = KalmanRls::new(variance, measurement_noise, process_noise).unwrap();
            Self { filter, model: QuadraticModel::new(1), x, iteration: 0 }
        }

        fn update(&mut self, x: f64, gradient: f64) {
            self.model.gradient[0] += self.model.curvature[0] * (x - self.x);
            self.x = x;
            let observation = Observation {
                param: &vec![x],
                gradient: &vec![gradient],
                step: &[],
                draw: Draw::new(0, self.iteration),
                iteration: self.iteration,
                bounds: None,
            };
            self.filter.refit(observation, &mut self.model, None).unwrap();
            self.iteration += 1;
        }
    }

    #[test]
    fn the_filter_is_that_of_the_textbook() {
        for (variance, r, q) in
            [(0.5, 2.8, 0.02), (3.0, 0.1, 0.0), (0.0, 1.0, 0.5), (1.0, 0.0, 0.3)]
        {
            let mut fit = Fit::new(variance, r, q, 1.5);
            // coefficients (b, a) and their covariance
            let (mut b, mut a) = (0.7, INITIAL_CURVATURE);
            let [mut bb, mut ba, mut aa] = [variance, 0.0, variance];
            for t in 0..50 {
                let x = 1.5 + (1.3 * f64::from(t)).sin();
                let g = if t == 0 { 0.7 } else { 2.0 * x + (2.9 * f64::from(t)).cos() };
                fit.update(x, g);
                (bb, aa) = (bb + q, aa + q);
                let innovation = g - (b + a * x);
                // covariance of the coefficients with the prediction, and its variance
                let (to_b, to_a) = (bb + ba * x, ba + aa * x);
                let total = to_b + to_a * x + r;
                (b, a) = (b + to_b / total * innovation, a + to_a / total * innovation);
                bb -= to_b * to_b / total;
                ba -= to_b * to_a / total;
                aa -= to_a * to_a / total;
                let covariance = fit.filter.covariance().next().unwrap();
                for (value, expected) in covariance.into_iter().zip([bb, ba, aa]) {
                    assert!((value - expected).abs() < 1e-9, "{t}: {covariance:?} {expected}");
                }
                let (m, curvature) = (fit.model.gradient[0], fit.model.curvature[0]);
                assert!((m - (b + a * x)).abs() < 1e-9, "{t}: {m}");
                assert!((curvature - a).abs() < 1e-9, "{t}: {curvature} {a}");
            }
        }
    }

    #[test]
    fn a_filter_without_variance_stays_as_it_is() {
        let mut fit = Fit::new(0.0, 1.0, 0.0, 2.0);
        for t in 0..20 {
            fit.update(2.0 + f64::from(t), if t == 0 { 5.0 } else { -3.0 });
            assert_eq!(fit.filter.covariance().next().unwrap(), [0.0; 3]);
            assert_eq!(fit.model.curvature, [INITIAL_CURVATURE]);
            assert!((fit.model.gradient[0] - (5.0 + 0.1 * fit.x)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_gradient_of_zero_starts_without_curvature() {
        let mut fit = Fit::new(1.0, 1.0, 0.0, 2.0);
        fit.update(2.0, 0.0);
        assert_eq!((fit.model.gradient[0], fit.model.curvature[0]), (0.0, 0.0));
    }
}
