//! The next step, and what its first gradient is for.

use super::control::View;
use super::secants::Prediction;
use super::{Phase, SelfCalibrating, Trial};
use crate::dual::{DualSolution, DualSolver};
use crate::kernel::zip_map_sum;
use crate::method::Run;
use crate::model::{positive_curvature, tiny_curvature};
use crate::param::Scalar;

/// The first steps, and one in ten later, are measured in any case.
const MEASURED_STEPS: u64 = 5;
const MEASURED_EVERY: u64 = 10;
/// The first comparisons, and one in five later, look at a second draw.
const SECOND_DRAWS: u64 = 5;
const SECOND_EVERY: u64 = 5;
/// Share of the gradient's second moment in the metric of a noise-free problem; the rest is the
/// curvature.
const EXACT_METRIC: f64 = 0.1;
/// Weight of the newest residual in the ratio of e'Ae to its diagonal part.
const PROBE_WEIGHT: f64 = 0.05;
/// Before a full step m holds its noise in full, and f falls on average if -m.d exceeds twice what
/// noise promises; after one m is 0 but for what draws have told since.
const PARTIAL_STEP: f64 = 2.0;
const FULL_STEP: f64 = 0.5;
/// Steps that led outside of all floats in a row, before x is drawn anew.
const MAX_OVERFLOWS: u32 = 100;

impl<F: Scalar, D: DualSolver> SelfCalibrating<F, D> {
    /// Plans the next step, and what its first gradient is for.
    pub(super) fn plan(&mut self, view: View<'_, F>, run: &Run) {
        let is_above_start = self.is_above_start.take();
        if is_above_start == Some(true) {
            view.best.copy_from_slice(&self.start);
        }
        if is_above_start == Some(true) {
            view.x.copy_from_slice(&self.start);
            return self.give_up();
        }
        if self.fallback.is_some() {
            self.phase = Phase::Delegate;
            return;
        }
        let is_outrun = self.is_outrun();
        if is_outrun && is_above_start.is_some() {
            return self.hand_over(run.draw_count);
        }
        if is_outrun || self.line_check.is_due(run.draw_count) {
            return self.look_back(view);
        }
        self.update_metric();
        self.has_second = false;
        let is_placed = (0..MAX_OVERFLOWS).any(|_| {
            self.choose_step(view.gradient, run.schedule.factor(run.draw_count));
            let is_finite = self.place_trial(view.x, view.trial);
            if !is_finite {
                self.region.refuse();
                self.model.forget_pairs();
            }
            is_finite
        });
        if !is_placed {
            self.stand_still();
            view.trial.copy_from_slice(view.x);
        }
        self.steps_since_comparison += 1;
        self.phase = self.next_phase();
    }

    /// Begins to look whether the answer lies above the start.
    pub(super) fn look_back(&mut self, view: View<'_, F>) {
        self.line_check.place([&self.start, view.best], view.trial);
        self.phase = Phase::Line;
    }

    /// Whether the step is measured at one draw, or taken on the word of the model.
    fn next_phase(&mut self) -> Phase {
        if self.trial.slope >= 0.0 {
            return if self.exact { Phase::Renew } else { Phase::Advance };
        }
        if self.exact {
            return Phase::Compare;
        }
        // measure where predicting would cost more certainty than one draw gives
        let predicted = self.agreement.model_error() * self.trial.change;
        let is_measured = self.model.count() < MEASURED_STEPS
            || predicted > self.estimate.variance * self.estimate.variance
            || self.steps_since_comparison >= MEASURED_EVERY
            || self.rejected_count > 0;
        if !is_measured {
            return Phase::Advance;
        }
        self.comparison_count += 1;
        let looks_twice = self.model.count() == 0
            || self.agreement.comparison_count < SECOND_DRAWS
            || self.comparison_count.is_multiple_of(SECOND_EVERY);
        if looks_twice { Phase::Second } else { Phase::Anchor }
    }

    /// The metric P of the new point; the radius keeps its length in x.
    fn update_metric(&mut self) {
        if self.model.count() == 0 {
            return;
        }
        let tiny = tiny_curvature::<F>();
        let inputs =
            [&self.model.curvature[..], &self.estimate.mean, &self.estimate.noise, &self.step];
        let curvature_share = if self.exact { F::one() } else { F::zero() };
        let moment_share = if self.exact {
            let [curvature, moment] = zip_map_sum(inputs, [], |[q, m, r, d], []| {
                ([], [positive_curvature(q, tiny) * d * d, (m * m + r) * d * d])
            });
            F::from_f64_lossy(if moment > 0.0 { EXACT_METRIC * curvature / moment } else { 0.0 })
        } else {
            F::one()
        };
        let least = F::min_positive_value();
        let [new, old] = zip_map_sum(inputs, [&mut self.precision], |[q, m, r, d], [p]| {
            let new =
                curvature_share * positive_curvature(q, tiny) + moment_share * (m * m + r) + least;
            ([new], [new * d * d, p * d * d])
        });
        self.region.rescale(new / old);
        self.model.forget_metric();
    }

    fn stand_still(&mut self) {
        self.trial = Trial::default();
        self.step.fill(F::zero());
    }

    /// d in the KL ball; 0 where m promises no more than its noise does.
    fn choose_step(&mut self, gradient: &[F], factor: f64) {
        // the multiplier of a step without a model has another unit
        let warm_start = Some(self.trial.multiplier)
            .filter(|&multiplier| multiplier > 0.0 && self.trial.is_predicted);
        self.trial = Trial::default();
        let bound = self.region.radius * factor;
        if bound <= 0.0 {
            return self.stand_still();
        }
        let vectors = [&self.estimate.mean[..], &self.precision];
        let solution = if self.model.count() == 0 {
            // no curvature yet: the ball alone
            let [square] = zip_map_sum(vectors, [], |[m, p], []| ([], [m * m / p]));
            let multiplier = (0.5 * square / bound).sqrt();
            let eta = F::from_f64_lossy(multiplier);
            zip_map_sum(vectors, [&mut self.step], |[m, p], [_]| ([-m / (eta * p)], []));
            DualSolution { multiplier, kl: bound, evaluations: 0 }
        } else {
            self.trial.is_predicted = true;
            let solution =
                self.model.minimize(&self.dual, bound, warm_start, vectors, &mut self.step);
            if !self.exact && self.is_noise(gradient, solution.multiplier) {
                self.idle_count += 1;
                return self.stand_still();
            }
            self.idle_count = 0;
            solution
        };
        self.trial.bound = bound;
        self.trial.multiplier = solution.multiplier;
        self.trial.kl = solution.kl;
        self.trial.evaluations = solution.evaluations;
        self.region.used = solution.kl;
    }

    /// Whether the gain that the step promises, -m.d, is one that the noise of m alone would
    /// promise: var tr(A Cov), with A = (B + eta P)^-1 and the covariance Cov of a draw.
    ///
    /// Only the diagonal R of Cov is known. The residual e = g - m of the last draw is a sample of
    /// the whole; e'Ae, averaged over draws, corrects the trace.
    fn is_noise(&mut self, gradient: &[F], multiplier: f64) -> bool {
        let mean = &self.estimate.mean[..];
        let (model, precision, residual) = (&mut self.model, &self.precision, [gradient, mean]);
        let [sample, diagonal] = if multiplier > 0.0 {
            model.square_of_residual(multiplier, precision, residual)
        } else {
            model.solve_residual(precision, residual, &mut self.scratch)
        };
        let of = self.model.diagonal(multiplier);
        let inputs =
            [mean, &self.model.curvature, &self.precision, &self.estimate.noise, &self.step];
        let [trace, slope] =
            zip_map_sum(inputs, [], |[m, q, p, r, d], []| ([], [r * of.inverse(q, p), m * d]));
        let vectors = [gradient, mean, &self.estimate.noise, &self.scratch];
        self.spread.record(vectors, multiplier, sample, self.estimate.gain);
        let ratio = sample / diagonal;
        if ratio.is_finite() {
            self.probe_count += 1;
            let weight = PROBE_WEIGHT.max(1.0 / self.probe_count as f64);
            self.trace_ratio += weight * (ratio - self.trace_ratio);
        }
        let certainty = if multiplier > 0.0 { PARTIAL_STEP } else { FULL_STEP };
        -slope <= certainty * self.estimate.variance * self.trace_ratio * trace
    }

    /// The trial point x + d, and the scalars of the step; whether it is finite.
    fn place_trial(&mut self, x: &[F], trial: &mut [F]) -> bool {
        let scale = if self.trial.is_predicted { F::one() } else { F::zero() };
        let eta = F::from_f64_lossy(self.trial.multiplier);
        let least = F::min_positive_value();
        let inputs = [x, &self.step, &self.estimate.mean, &self.precision, &self.estimate.noise];
        let [slope, square, change, overflow] =
            zip_map_sum(inputs, [trial], |[x, d, m, p, r], [_]| {
                let b = Prediction::change(scale, eta, m, p, d);
                let trial = x + d;
                ([trial], [m * d, d * d, b * b / r.max(least), F::zero() * trial])
            });
        self.trial.slope = slope;
        self.trial.norm = square.sqrt();
        if self.trial.is_predicted {
            self.trial.bend = -slope - 2.0 * self.trial.multiplier * self.trial.kl;
        }
        if !self.exact {
            self.trial.change = change / x.len() as f64;
        }
        overflow == 0.0 && (square + slope + self.trial.bend).is_finite()
    }
}
