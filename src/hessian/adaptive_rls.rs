//! The self-calibrating estimator: filter and regression with nothing to set.

use super::gradient_filter::GradientFilter;
use super::{HessianEstimator, Observation, QuadraticModel};
use crate::kernel::zip_map_sum;
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::touch::touch;
use argmin::core::{Error, Problem};

/// Recursive least squares that calibrates itself: gradient, noise level, curvature and its
/// confidence are all estimated from the drawn gradients.
///
/// The gradient passes through a [`GradientFilter`]. The curvature a is the slope of the drawn
/// gradients on x, by least squares with forgetting and an intercept of its own, so that the noise
/// of the filtered gradient, which chose the step, does not bias it. The step divides by the root
/// mean square of the recent slopes: an uncertain slope makes it cautious.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct AdaptiveRls<F> {
    filter: GradientFilter<F>,
    /// Effective number of draws in the regression.
    weight: Vec<F>,
    /// Weighted mean of x, relative to the current point.
    mean_offset: Vec<F>,
    mean_gradient: Vec<F>,
    offset_gradient: Vec<F>,
    /// Curvature in units of m^2 + R along the last step: used where a draw has a gradient
    /// for the first time.
    unknown: f64,
}

/// Relative error of the curvature along one step: the filter's gradient becomes that uncertain.
const CURVATURE_ERROR: f64 = 0.1;
/// Forgetting of the regression per unit of gain: its memory is five times the filter's.
const FORGETTING: f64 = 0.2;
/// Share of the scalar gain in the forgetting; the rest is that of the coordinate.
const SHARED_FORGETTING: f64 = 0.5;
/// The regression remembers at least a tenth of its past.
const MAX_FORGETTING: f64 = 0.9;
/// Weight of the newest squared slope in their mean.
const SLOPE_WEIGHT: f64 = 0.2;

impl<F: Scalar> AdaptiveRls<F> {
    fn start(&mut self, gradient: &[F], model: &mut QuadraticModel<F>) {
        let len = gradient.len();
        self.filter.start(gradient, model);
        self.unknown = 0.0;
        model.curvature.fill(F::zero());
        model.cautious_curvature.clear();
        model.cautious_curvature.resize(len, F::zero());
        for values in [&mut self.mean_offset, &mut model.offset_square, &mut self.offset_gradient] {
            values.clear();
            values.resize(len, F::zero());
        }
        self.weight.clear();
        self.weight.resize(len, F::one());
        self.mean_gradient.clear();
        self.mean_gradient.extend_from_slice(gradient);
    }

    fn refit(&mut self, gradient: &[F], step: &[F], model: &mut QuadraticModel<F>) {
        let constant = F::from_f64_lossy;
        let (zero, one) = (F::zero(), F::one());
        let shared = self.filter.begin();
        let forgets = self.filter.is_calibrated();
        let shared_forgetting =
            constant(FORGETTING * SHARED_FORGETTING * self.filter.mean_gain().clamp(1e-4, 1.0));
        let own_forgetting = constant(FORGETTING * (1.0 - SHARED_FORGETTING));
        let tiny = F::min_positive_value();
        let unknown = constant(self.unknown);
        let [gain, contribution, curvature, moment] = zip_map_sum(
            [gradient, step],
            [
                &mut model.gradient,
                &mut model.noise,
                &mut model.curvature,
                &mut model.cautious_curvature,
                &mut self.filter.gain,
                &mut self.filter.innovation,
                &mut self.filter.touched,
                &mut self.weight,
                &mut self.mean_offset,
                &mut self.mean_gradient,
                &mut model.offset_square,
                &mut self.offset_gradient,
            ],
            |[g, d], [m, r, a, q, p, e, rho, w, xb, gb, sxx, sxg]| {
                // where x has hardly moved, squares of slopes and their variance can be above all
                // floats, and d * d be 0
                let slope_variance = if sxx > tiny { r / sxx } else { zero };
                let uncertain = (a * a + q * q + slope_variance).min(F::max_value());
                let change = constant(CURVATURE_ERROR * CURVATURE_ERROR) * (uncertain * d * d);
                let start = m - a * d;
                let new = shared.filter(g, [start, m], r, [p, e, rho], change);
                let contribution = (start * d).abs();

                let forgetting = if forgets {
                    (shared_forgetting * new.touched + own_forgetting * new.gain)
                        .min(constant(MAX_FORGETTING))
                } else {
                    zero
                };
                let memory = one - forgetting;
                let w = memory * w + one;
                let k = one / w;
                let dx = d - xb;
                let dg = new.drawn - gb;
                let sxx = memory * sxx + (one - k) * dx * dx;
                let sxg = memory * sxg + (one - k) * dx * dg;
                let a = if sxx > tiny { sxg / sxx } else { zero };
                let moment = new.gradient * new.gradient + new.noise;
                let unknown = (unknown * moment).min(F::max_value());
                let q = if r > zero {
                    (q * q + constant(SLOPE_WEIGHT) * touch(g) * (a * a - q * q)).sqrt()
                } else {
                    unknown
                };
                let (xb, gb) = (k * dx - dx, gb + k * dg);
                // where squares leave all floats, the regression begins anew
                let [a, q, w, xb, gb, sxx, sxg] = if (q + sxx + sxg.abs() + gb.abs()).is_finite() {
                    [a, q, w, xb, gb, sxx, sxg]
                } else {
                    [zero, unknown, one, zero, new.gradient, zero, zero]
                };
                let (m, r, p, e) = (new.gradient, new.noise, new.gain, new.innovation);
                let values = [m, r, a, q, p, e, new.touched, w, xb, gb, sxx, sxg];
                let square = d * d;
                let sums = [new.gain * contribution, contribution, q * square, moment * square];
                (values, sums)
            },
        );
        self.filter.end([gain, contribution]);
        let ratio = curvature / moment;
        if ratio.is_finite() && ratio > 0.0 {
            self.unknown = ratio;
        }
    }
}

impl<O, F> HessianEstimator<O> for AdaptiveRls<F>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
{
    const DRAWS_MORE: bool = false;

    fn update(
        &mut self,
        _problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        model: &mut QuadraticModel<F>,
    ) -> Result<(), Error> {
        let gradient = observation.gradient.as_coordinates()?;
        if observation.iteration == 0 {
            self.start(gradient, model);
        } else {
            self.refit(gradient, observation.step, model);
        }
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}
