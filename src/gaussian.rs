//! The belief about the minimizer: a Gaussian N(mu, diag(1/p)) over the parameters.

use crate::bounds::{BoxBounds, clip};
use crate::dual::DualValue;
use crate::kernel::zip_map_sum;
use crate::model::{QuadraticModel, positive_curvature, tiny_curvature};
use crate::param::Scalar;
use std::ops::Range;

/// A Gaussian with diagonal precision p; its mean mu is the current point.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Gaussian<F> {
    precision: Vec<F>,
    initial_precision: f64,
    /// Units of x in which the initial precision is meant, if not 1.
    scale: Option<Vec<F>>,
    /// Curvature of the prior, `reg_weight * prior_precision`: pulls the mean towards 0.
    prior_curvature: f64,
    /// Weight of the prior's entropy; the precision tends to curvature / reg_weight.
    reg_weight: f64,
    /// Weight of the previous precision against the new one.
    nu: f64,
    /// Part of the mean that goes away with the next step, so that no pass is needed for it.
    pub(crate) pending_decay: f64,
}

/// The effect of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StepSums {
    /// KL(new mean || old mean) at the old precision, in nats.
    pub kl: f64,
    /// |d|, in units of x.
    pub step_norm: f64,
    /// m.d <= 0, in units of f: the slope of the model along the step, where it began.
    pub slope: f64,
}

impl StepSums {
    fn from_sums([squared_metric, squares, slope]: [f64; 3]) -> Self {
        Self { kl: 0.5 * squared_metric, step_norm: squares.sqrt(), slope }
    }

    /// The sums of a step in two parts.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            kl: self.kl + other.kl,
            step_norm: self.step_norm.hypot(other.step_norm),
            slope: self.slope + other.slope,
        }
    }
}

impl<F: Scalar> Gaussian<F> {
    pub(crate) fn new(
        initial_precision: f64,
        prior_curvature: f64,
        reg_weight: f64,
        nu: f64,
    ) -> Self {
        Self {
            precision: Vec::new(),
            initial_precision,
            scale: None,
            prior_curvature,
            reg_weight,
            nu,
            pending_decay: 0.0,
        }
    }

    /// Starts anew in n dimensions.
    pub(crate) fn reset(&mut self, len: usize) {
        self.precision.clear();
        self.precision.resize(len, F::from_f64_lossy(self.initial_precision));
        for (precision, unit) in self.precision.iter_mut().zip(self.scale.iter().flatten()) {
            let scaled = *precision / *unit / *unit;
            *precision = scaled.max(F::min_positive_value()).min(F::max_value());
        }
    }

    pub(crate) fn with_scale(self, scale: Vec<F>) -> Self {
        Self { scale: Some(scale), ..self }
    }

    pub(crate) fn scale(&self) -> Option<&[F]> {
        self.scale.as_deref()
    }

    pub(crate) fn precision(&self) -> &[F] {
        &self.precision
    }

    /// KL of the step d(eta) = -m / (A + eta p) of the coordinates `range`, clipped to the bounds,
    /// and its derivative.
    ///
    /// The Lagrangian of the step is a sum over the coordinates, each convex, so its minimizer in
    /// a box is the free one, clipped. |d_i(eta)| then still falls with eta, and KL with it.
    pub(crate) fn kl(
        &self,
        range: Range<usize>,
        mean: &[F],
        model: &QuadraticModel<F>,
        bounds: Option<&BoxBounds<F>>,
        eta: f64,
    ) -> DualValue {
        let terms = self.terms(eta);
        let inputs = [mean, &model.gradient, model.step_curvature(), &self.precision];
        let [mean, gradient, curvature, precision] = part(inputs, &range);
        let sums = if let Some(bounds) = bounds {
            let [lower, upper] = part([bounds.lower(), bounds.upper()], &range);
            let inputs = [mean, gradient, curvature, precision, lower, upper];
            zip_map_sum(inputs, [], |[x, m, a, p, low, high], []| {
                ([], terms.clipped_kl(terms.with_prior(m, x), a, p, [low - x, high - x]))
            })
        } else if self.prior_curvature == 0.0 {
            let inputs = [gradient, curvature, precision];
            zip_map_sum(inputs, [], |[m, a, p], []| ([], terms.kl(m, a, p)))
        } else {
            let inputs = [mean, gradient, curvature, precision];
            zip_map_sum(inputs, [], |[x, m, a, p], []| ([], terms.kl_at(x, m, a, p)))
        };
        DualValue::from_sums(sums)
    }

    /// The quantities from which an estimator computes `kl` at a multiplier in its own pass.
    pub(crate) fn probe(&self, eta: f64) -> Probe<'_, F> {
        Probe { precision: &self.precision, terms: self.terms(eta) }
    }

    fn terms(&self, eta: f64) -> StepTerms<F> {
        let constant = F::from_f64_lossy;
        StepTerms {
            eta: constant(eta),
            prior: constant(self.prior_curvature),
            // a sum with 0 times x, not a difference, leaves -0 as it is
            growth: constant(0.0 - self.pending_decay),
            tiny: tiny_curvature(),
        }
    }

    /// Moves the coordinates `range` of the mean by d(eta), the model along with it, and writes d
    /// to `step`. With bounds, `step` must have the length of the mean.
    pub(crate) fn step(
        &self,
        range: Range<usize>,
        mean: &mut [F],
        model: &mut QuadraticModel<F>,
        bounds: Option<&BoxBounds<F>>,
        eta: f64,
        step: &mut [F],
    ) -> StepSums {
        let terms = self.terms(eta);
        let QuadraticModel { gradient, curvature, cautious_curvature, .. } = model;
        let step_curvature =
            if cautious_curvature.is_empty() { &*curvature } else { &*cautious_curvature };
        let inputs = part([curvature, step_curvature, &self.precision], &range);
        let (mean, gradient) = (&mut mean[range.clone()], &mut gradient[range.clone()]);
        let step = if step.is_empty() { step } else { &mut step[range.clone()] };
        let sums = if let Some(bounds) = bounds {
            let [a, c, p] = inputs;
            let [lower, upper] = part([bounds.lower(), bounds.upper()], &range);
            let inputs = [a, c, p, lower, upper];
            zip_map_sum(inputs, [mean, gradient, step], |[a, c, p, low, high], [x, m, _]| {
                let (end, moved, d, free_sums) = terms.step(x, m, [a, c, p]);
                // the end is clipped, not the step, so that rounding leads out of no bound
                let clipped = clip(end, low, high);
                if clipped == end {
                    ([end, moved, d], free_sums)
                } else {
                    let d = clipped - x;
                    ([clipped, m + a * d, d], step_sums(terms.with_prior(m, x), p, d))
                }
            })
        } else if step.is_empty() {
            zip_map_sum(inputs, [mean, gradient], |[a, c, p], [x, m]| {
                let (x, m, _, sums) = terms.step(x, m, [a, c, p]);
                ([x, m], sums)
            })
        } else {
            zip_map_sum(inputs, [mean, gradient, step], |[a, c, p], [x, m, _]| {
                let (x, m, d, sums) = terms.step(x, m, [a, c, p]);
                ([x, m, d], sums)
            })
        };
        StepSums::from_sums(sums)
    }

    /// The same without bounds for all coordinates, and `update_precision`, in one pass, with a
    /// copy of the new mean in `copy`.
    pub(crate) fn step_and_update(
        &mut self,
        [mean, copy]: [&mut [F]; 2],
        model: &mut QuadraticModel<F>,
        eta: f64,
    ) -> StepSums {
        let terms = self.terms(eta);
        let update = self.precision_update();
        let QuadraticModel { gradient, curvature, cautious_curvature, .. } = model;
        let step_curvature =
            if cautious_curvature.is_empty() { &*curvature } else { &*cautious_curvature };
        let inputs = [&curvature[..], step_curvature];
        let outputs = [mean, &mut gradient[..], &mut self.precision, copy];
        StepSums::from_sums(zip_map_sum(inputs, outputs, |[a, c], [x, m, p, _]| {
            let (x, m, _, sums) = terms.step(x, m, [a, c, p]);
            ([x, m, update.apply(&terms, c, p), x], sums)
        }))
    }

    /// The paper's update of the precision, `p <- (A + nu p) / (reg_weight + nu)`.
    pub(crate) fn update_precision(&mut self, model: &QuadraticModel<F>) {
        let terms = self.terms(0.0);
        let update = self.precision_update();
        zip_map_sum([model.step_curvature()], [&mut self.precision], |[a], [p]| {
            ([update.apply(&terms, a, p)], [])
        });
    }

    fn precision_update(&self) -> PrecisionUpdate<F> {
        PrecisionUpdate {
            nu: F::from_f64_lossy(self.nu),
            total: F::from_f64_lossy(self.reg_weight + self.nu),
        }
    }
}

impl<F: Scalar> Gaussian<F> {
    /// Shrinks the coordinates `range` of the mean by the factor `1 - decay`, as far as the bounds
    /// allow, and moves the model along.
    pub(crate) fn shrink_mean(
        &self,
        range: Range<usize>,
        mean: &mut [F],
        decay: f64,
        model: &mut QuadraticModel<F>,
        bounds: Option<&BoxBounds<F>>,
    ) {
        let decay = F::from_f64_lossy(decay);
        let curvature = &model.curvature[range.clone()];
        let outputs = [&mut mean[range.clone()], &mut model.gradient[range.clone()]];
        let Some(bounds) = bounds else {
            zip_map_sum([curvature], outputs, |[a], [x, m]| {
                let shrinkage = decay * x;
                ([x - shrinkage, m - a * shrinkage], [])
            });
            return;
        };
        let inputs = [curvature, &bounds.lower()[range.clone()], &bounds.upper()[range]];
        zip_map_sum(inputs, outputs, |[a, low, high], [x, m]| {
            let shrinkage = decay * x;
            let (free, shrunk) = (x - shrinkage, clip(x - shrinkage, low, high));
            let shrinkage = if shrunk == free { shrinkage } else { x - shrunk };
            ([shrunk, m - a * shrinkage], [])
        });
    }

    /// Moves the mean to `target`, and the model along.
    pub(crate) fn move_mean(&self, mean: &mut [F], target: &[F], model: &mut QuadraticModel<F>) {
        let inputs = [target, &model.curvature];
        zip_map_sum(inputs, [mean, &mut model.gradient], |[target, a], [x, m]| {
            ([target, m + a * (target - x)], [])
        });
    }

    /// Sets the precision to the second moment of the drawn gradient, m^2 + R, which is the
    /// diagonal of the empirical Fisher information; without a noise level R, to the curvature.
    ///
    /// Either scales with the inverse square of the units of x (per unit of f), so that the KL
    /// ball, and with it the whole trajectory, does not depend on them.
    pub(crate) fn set_precision(&mut self, model: &QuadraticModel<F>, step: &[F]) {
        self.blend_precision(model, step, 0.0);
    }

    /// Mixes the same into the precision, with weight 1 against nu. Returns the squared length of
    /// `step` in the new precision over that in the old one; NaN for a step of 0.
    pub(crate) fn adapt_precision(&mut self, model: &QuadraticModel<F>, step: &[F]) -> f64 {
        self.blend_precision(model, step, self.nu)
    }

    fn blend_precision(&mut self, model: &QuadraticModel<F>, step: &[F], nu: f64) -> f64 {
        let terms = self.terms(0.0);
        let (nu, total) = (F::from_f64_lossy(nu), F::from_f64_lossy(1.0 + nu));
        let tiny = F::min_positive_value();
        let blend = |target: F, p: F, d: F| {
            let new = (target + tiny + nu * p) / total;
            ([new], [new * d * d, p * d * d])
        };
        let precision = [&mut self.precision[..]];
        let [new, old] = if model.noise.is_empty() {
            let inputs = [model.step_curvature(), step];
            zip_map_sum(inputs, precision, |[a, d], [p]| blend(terms.curvature(a), p, d))
        } else {
            let inputs = [&model.gradient, &model.noise, step];
            zip_map_sum(inputs, precision, |[m, r, d], [p]| blend(m * m + r, p, d))
        };
        new / old
    }

    /// KL and squared Euclidean length of the step -m / p.
    pub(crate) fn full_step(&self, model: &QuadraticModel<F>) -> (f64, f64) {
        let inputs = [&model.gradient[..], &self.precision];
        let [kl, squares] = zip_map_sum(inputs, [], |[m, p], []| {
            let d = m / p;
            ([], [m * d, d * d])
        });
        (0.5 * kl, squares)
    }
}

/// The coordinates `range` of each slice.
fn part<'a, F, const N: usize>(slices: [&'a [F]; N], range: &Range<usize>) -> [&'a [F]; N] {
    slices.map(|slice| &slice[range.clone()])
}

/// A multiplier at which KL is to be computed, with the quantities that it needs beside mean and model.
pub struct Probe<'a, F> {
    pub(crate) precision: &'a [F],
    pub(crate) terms: StepTerms<F>,
}

/// The paper's update of one coordinate of the precision.
struct PrecisionUpdate<F> {
    nu: F,
    /// reg_weight + nu.
    total: F,
}

impl<F: Scalar> PrecisionUpdate<F> {
    #[inline(always)]
    fn apply(&self, terms: &StepTerms<F>, a: F, p: F) -> F {
        (terms.curvature(a) + self.nu * p) / self.total
    }
}

/// p d^2, d^2 and m d of one coordinate.
#[inline(always)]
fn step_sums<F: Scalar>(slope: F, p: F, d: F) -> [F; 3] {
    [p * d * d, d * d, slope * d]
}

/// The terms of one coordinate of a step at multiplier eta.
pub(crate) struct StepTerms<F> {
    eta: F,
    prior: F,
    /// Minus the pending decay.
    growth: F,
    tiny: F,
}

impl<F: Scalar> StepTerms<F> {
    /// The mean and the model's gradient there, once the decay is through.
    #[inline(always)]
    pub(crate) fn shrink(&self, x: F, m: F, a: F) -> (F, F) {
        let change = self.growth * x;
        (x + change, m + a * change)
    }

    /// Gradient of the model and the prior at the shrunken mean.
    #[inline(always)]
    fn with_prior(&self, m: F, x: F) -> F {
        m + self.prior * (x + self.growth * x)
    }

    #[inline(always)]
    fn curvature(&self, a: F) -> F {
        positive_curvature(a + self.prior, self.tiny)
    }

    #[inline(always)]
    fn denominator(&self, a: F, p: F) -> F {
        self.curvature(a) + self.eta * p
    }

    /// New mean and model gradient, the step d, and its sums; the step divides by the curvature c,
    /// the gradient moves by a.
    #[inline(always)]
    fn step(&self, x: F, m: F, [a, c, p]: [F; 3]) -> (F, F, F, [F; 3]) {
        let slope = self.with_prior(m, x);
        let d = -slope / self.denominator(c, p);
        let end = x + self.growth * x + d;
        // a coordinate whose step leads out of all floats stays
        let (end, d) = if end.is_finite() { (end, d) } else { (x, F::zero()) };
        (end, m + a * d, d, step_sums(slope, p, d))
    }

    /// The summands of KL and its derivative.
    #[inline(always)]
    pub(crate) fn kl_at(&self, x: F, m: F, a: F, p: F) -> [F; 2] {
        self.kl(self.with_prior(m, x), a, p)
    }

    /// The same where the slope m is that of model and prior.
    #[inline(always)]
    fn kl(&self, m: F, a: F, p: F) -> [F; 2] {
        let denominator = self.denominator(a, p);
        let step = m / denominator;
        let weighted = p * step;
        [weighted * step, weighted * (weighted / denominator)]
    }

    /// The same for a step that is clipped to `[low, high]`, which contains 0: then it does not
    /// change with eta.
    #[inline(always)]
    fn clipped_kl(&self, m: F, a: F, p: F, [low, high]: [F; 2]) -> [F; 2] {
        let free = -m / self.denominator(a, p);
        let step = clip(free, low, high);
        if step == free { self.kl(m, a, p) } else { [p * step * step, F::zero()] }
    }
}

#[cfg(test)]
mod tests;
