//! What becomes of a drawn gradient, and of the step under trial.

use super::agreement::{Agreement, ChangeSums};
use super::region::StepProducts;
use super::secants::{Prediction, Secant, change};
use super::{Phase, SelfCalibrating};
use crate::averaging::average;
use crate::dual::DualSolver;
use crate::kernel::{self, zip_map_sum};
use crate::method::Run;
use crate::param::{ParamVec, Scalar};
use crate::run::Point;
use argmin::core::Error;

/// Draws at the start that tell m from its noise; 5, 10 and 20 ended a mean factor of 8.1, 8.0 and
/// 7.0 below the best of ten Adam runs.
const CALIBRATION_DRAWS: u64 = 5;
/// Forgetting of the diagonal, a step.
const FORGETTING: f64 = 0.1;
/// Powell's damping of a pair: s'y is at least this part of the predicted.
const DAMPING: f64 = 0.2;
/// Cosine between two draws above which a first secant is believed.
const BELIEVED: f64 = 0.3;
/// A draw judges a step if it has a gradient along this part of the way down at least.
const INFORMED: f64 = 0.1;
/// Rounding errors of a gradient, in units of epsilon: smaller changes are not learned from.
const ROUNDING: f64 = 1e3;

/// The vectors of an iteration as slices.
pub(super) struct View<'a, F> {
    pub x: &'a mut [F],
    pub gradient: &'a mut [F],
    pub trial: &'a mut [F],
    pub trial_gradient: &'a mut [F],
    pub best: &'a mut [F],
}

/// What an iteration has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The trial point becomes the point.
    Moved,
    /// The point stays; a new step is to be planned.
    Stayed,
    /// Another gradient is needed.
    Waiting,
}

impl<'a, F: Scalar> View<'a, F> {
    pub fn of<P: ParamVec<Scalar = F>>(point: &'a mut Point<P>) -> Result<Self, Error> {
        let [x, gradient, trial, trial_gradient, best] = point.slices()?;
        Ok(Self { x, gradient, trial, trial_gradient, best })
    }
}

impl<F: Scalar, D: DualSolver> SelfCalibrating<F, D> {
    /// Takes in the gradient that the phase asked for.
    pub(super) fn take_in(&mut self, view: View<'_, F>, draw: u64, run: &Run) -> Outcome {
        match self.phase {
            Phase::Calibrate => self.calibrate(view),
            Phase::Advance => self.advance(view, draw, run),
            Phase::Second => {
                let inputs = [&*view.trial_gradient, &*view.gradient];
                zip_map_sum(inputs, [&mut self.scratch], |[after, before], [_]| {
                    ([after - before], [])
                });
                self.has_second = true;
                self.phase = Phase::Anchor;
                Outcome::Waiting
            }
            Phase::Anchor => {
                self.phase = Phase::Compare;
                Outcome::Waiting
            }
            Phase::Compare => self.compare(view, draw, run),
            Phase::Line => {
                let ends = [&self.start[..], view.best];
                match self.line_check.record(ends, view.trial_gradient) {
                    None => {
                        self.line_check.place(ends, view.trial);
                        Outcome::Waiting
                    }
                    Some(above) => {
                        self.is_above_start = Some(above);
                        Outcome::Stayed
                    }
                }
            }
            Phase::Blame { on_line, .. } => {
                // the draw is sound here, so the objective is not defined there
                if on_line {
                    self.is_above_start = Some(true);
                } else {
                    self.refuse();
                }
                Outcome::Stayed
            }
            Phase::Return { .. } => {
                // finite at the start: the fallback has left the domain
                self.is_above_start = Some(true);
                Outcome::Stayed
            }
            Phase::Renew => self.renew(view),
            Phase::Delegate => Outcome::Stayed,
        }
    }

    /// A gradient was not finite.
    pub(super) fn lose(&mut self, index: u64) -> Outcome {
        match self.phase {
            // the same draw is finite at x
            Phase::Second => self.refuse(),
            Phase::Compare if !self.exact => self.refuse(),
            Phase::Advance | Phase::Compare | Phase::Line => {
                self.phase = Phase::Blame { index, on_line: self.phase == Phase::Line };
                return Outcome::Waiting;
            }
            Phase::Blame { on_line, .. } => {
                if on_line {
                    self.line_check.restart();
                }
                self.phase = Phase::Renew;
                return Outcome::Waiting;
            }
            // another draw at the same place
            Phase::Calibrate
            | Phase::Anchor
            | Phase::Renew
            | Phase::Delegate
            | Phase::Return { .. } => {
                return Outcome::Waiting;
            }
        }
        Outcome::Stayed
    }

    fn refuse(&mut self) {
        self.region.refuse();
        self.rejected_count += 1;
    }

    fn calibrate(&mut self, view: View<'_, F>) -> Outcome {
        let gradient = &*view.gradient;
        if self.estimate.draw_count == 0 && self.model.count() == 0 {
            self.start.copy_from_slice(view.x);
        }
        self.exact = self.estimate.draw_count == 1 && self.estimate.mean == gradient;
        if !self.exact {
            self.estimate.calibrate(gradient);
            if self.estimate.draw_count < CALIBRATION_DRAWS {
                return Outcome::Waiting;
            }
        }
        self.begin();
        Outcome::Stayed
    }

    /// The first metric and radius.
    fn begin(&mut self) {
        let constant = F::from_f64_lossy;
        let (low, high) = kernel::range(&self.estimate.mean);
        // what rounding hides has no direction
        let hidden = constant(ROUNDING * high.max(-low)) * F::epsilon();
        let floor = hidden * hidden + F::min_positive_value();
        let inputs = [&self.estimate.mean[..], &self.estimate.noise];
        let [kl, squares] = zip_map_sum(inputs, [&mut self.precision], |[m, r], [_]| {
            let p = m * m + r + floor;
            let d = m / p;
            ([p], [m * d, d * d])
        });
        self.region.start(0.5 * kl, squares);
        self.spread.begin(high.max(-low));
    }

    /// A draw at x in place of a lost one, or to see whether the oracle really has no noise.
    fn renew(&mut self, view: View<'_, F>) -> Outcome {
        if self.exact && self.estimate.mean != *view.gradient {
            // it has: what was learned from single draws is void
            self.exact = false;
            let len = self.start.len();
            self.model.reset(len);
            self.estimate.reset(len);
            self.spread.reset(len);
            self.agreement = Agreement::default();
            self.estimate.calibrate(view.gradient);
            self.phase = Phase::Calibrate;
            return Outcome::Waiting;
        }
        Outcome::Stayed
    }

    /// Steps on the word of the model, with one draw at the new point.
    fn advance(&mut self, view: View<'_, F>, draw: u64, run: &Run) -> Outcome {
        if self.trial.is_predicted {
            let added = self.agreement.model_error() * self.trial.change;
            self.transport([view.gradient, view.gradient], 0.0, added);
        }
        self.draw_index = draw;
        self.estimate.update(view.trial_gradient);
        self.average(view.best, view.trial, run);
        Outcome::Moved
    }

    /// Steps if the change of the gradient at one draw, between x and the trial point, bears out
    /// the model; learns from it in any case.
    fn compare(&mut self, view: View<'_, F>, draw: u64, run: &Run) -> Outcome {
        let blind = self.model.count() == 0;
        let gradients = [&*view.gradient, &*view.trial_gradient];
        let sums = self.change_sums(gradients);
        if !self.exact && -sums.products.slope <= INFORMED * -self.trial.slope {
            // a draw without a gradient along most of the step does not say that f is straight there
            self.stay(view, run);
            return Outcome::Stayed;
        }
        let is_felt = sums.is_above_rounding::<F>();
        let cosine = if self.exact {
            1.0
        } else if is_felt {
            self.agreement.record(&sums.weighted, !blind)
        } else {
            0.0 // rounding alone does not agree with itself
        };
        self.steps_since_comparison = 0;

        let share = self.agreement.noise_share();
        let products = sums.products;
        let is_active = self.trial.multiplier > 0.0 && self.trial.kl >= 0.5 * self.region.radius;
        let verdict = if blind {
            self.region.judge_blind(products)
        } else {
            self.region.judge(products, share, is_active)
        };
        if let Some(factor) = verdict.growth
            && (self.exact || self.gains_by_growth(view.gradient))
        {
            self.region.grow(factor);
        }
        // the measured change is known to the noise of curvature, the predicted one to its error
        let predicted = self.agreement.model_error() * self.trial.change;
        let measured = share * sums.weighted.square;
        let (trust, added) = if self.exact || measured.is_nan() || measured <= 0.0 {
            (1.0, 0.0)
        } else if blind {
            (1.0, measured)
        } else {
            (predicted / (predicted + measured), predicted * measured / (predicted + measured))
        };
        if is_felt {
            // the draw says nothing about the rest of the step
            let StepProducts { predicted_bend, measured_bend, .. } = products;
            let rest = self.trial.bend - predicted_bend;
            let products = StepProducts {
                slope: self.trial.slope,
                predicted_bend: self.trial.bend,
                measured_bend: measured_bend + rest,
            };
            self.learn(gradients, products, trust, verdict.weight, cosine);
        } else if !blind && self.trial.multiplier == 0.0 {
            self.model.forget();
            self.region.begin_blind();
        }

        if !verdict.accepted {
            self.rejected_count += 1;
            if self.exact {
                // a second failure in a row: is it noise, after all?
                if self.rejected_count == 2 {
                    self.phase = Phase::Renew;
                    return Outcome::Waiting;
                }
            } else {
                self.stay(view, run);
            }
            return Outcome::Stayed;
        }
        self.rejected_count = 0;
        if self.exact {
            self.draw_index = draw;
            self.estimate.mean.copy_from_slice(view.trial_gradient);
            view.best.copy_from_slice(view.trial);
        } else {
            self.transport(gradients, trust, added);
            self.estimate.update(view.trial_gradient);
            self.average(view.best, view.trial, run);
        }
        Outcome::Moved
    }

    /// Spends the draw at x on m.
    fn stay(&mut self, view: View<'_, F>, run: &Run) {
        self.estimate.update(view.gradient);
        self.average(view.best, view.x, run);
    }

    /// Whether a larger ball would lower the expected f, noise included: the expected change of f
    /// along d(eta) is (m.d - eta d'Pd) / 2 + var tr(A Cov), with A = (B + eta P)^-1, and the
    /// residual g - m of a draw is a sample of Cov (1 + var).
    fn gains_by_growth(&mut self, gradient: &[F]) -> bool {
        let variance = self.estimate.variance / (1.0 + self.estimate.variance);
        let (model, mean) = (&mut self.model, &self.estimate.mean[..]);
        let mut risk = |multiplier: f64| {
            let [noise, _] =
                model.square_of_residual(multiplier, &self.precision, [gradient, mean]);
            let [slope, square] =
                model.step(multiplier, [mean, &self.precision], &mut self.scratch);
            variance * noise + 0.5 * (slope - multiplier * square)
        };
        risk(0.5 * self.trial.multiplier) < risk(self.trial.multiplier)
    }

    fn learn(
        &mut self,
        gradients: [&[F]; 2],
        products: StepProducts,
        trust: f64,
        weight: f64,
        cosine: f64,
    ) {
        let StepProducts { slope, predicted_bend, measured_bend } = products;
        let mut trust = trust;
        if self.model.count() == 0 {
            let is_believed = self.exact || cosine > BELIEVED || measured_bend > -0.5 * slope;
            if measured_bend <= 0.0 || !is_believed {
                return;
            }
        } else {
            let least = DAMPING * predicted_bend;
            if trust * measured_bend + (1.0 - trust) * predicted_bend < least {
                trust = (predicted_bend - least) / (predicted_bend - measured_bend);
            }
        }
        let scale = if self.trial.is_predicted { F::one() } else { F::zero() };
        self.model.learn(&Secant {
            step: &self.step,
            gradients,
            touched: &self.estimate.touched,
            is_exact: self.exact,
            prediction: Prediction {
                gradient: &self.estimate.mean,
                precision: &self.precision,
                scale,
                multiplier: F::from_f64_lossy(self.trial.multiplier),
            },
            trust,
            unit: -slope,
            forgetting: FORGETTING * weight,
        });
    }

    /// Moves m along with the step.
    fn transport(&mut self, gradients: [&[F]; 2], trust: f64, variance: f64) {
        let scale = if self.trial.is_predicted { F::one() } else { F::zero() };
        let multiplier = F::from_f64_lossy(self.trial.multiplier);
        let prediction = [scale, multiplier];
        self.estimate.transport(
            &self.step,
            gradients,
            prediction,
            &self.precision,
            trust,
            variance,
        );
    }

    fn average(&self, best: &mut [F], x: &[F], run: &Run) {
        average(best, x, run.averaging.weight(self.estimate.draw_count, self.estimate.gain));
    }

    /// Sums over the coordinates of y = after - before.
    fn change_sums(&self, gradients: [&[F]; 2]) -> Sums {
        let [before, after] = gradients;
        let (is_exact, zero) = (self.exact, F::zero());
        let (mean, precision, touched) =
            (&self.estimate.mean, &self.precision, &self.estimate.touched);
        let inputs = [&self.step[..], before, after, mean, precision, touched];
        let [bend, square, before_square, after_square, slope, metric, silent] =
            zip_map_sum(inputs, [], |[d, before, after, m, p, rho], []| {
                let y = after - before;
                let squares = [y * y, before * before, after * after];
                let [square, before_square, after_square] = squares;
                let [bend, slope, metric, silent] = match change(is_exact, before, after, rho) {
                    Some(y) => [d * y, m * d, p * d * d, zero],
                    None => [zero, zero, zero, F::one()],
                };
                ([], [bend, square, before_square, after_square, slope, metric, silent])
            });
        let trial = &self.trial;
        let products = if silent == 0.0 {
            StepProducts { slope: trial.slope, predicted_bend: trial.bend, measured_bend: bend }
        } else {
            let predicted = -slope - trial.multiplier * metric;
            let predicted_bend = if trial.is_predicted { predicted } else { trial.bend };
            StepProducts { slope, predicted_bend, measured_bend: bend }
        };
        let mut sums = Sums {
            products,
            square,
            gradient_square: before_square.max(after_square),
            weighted: ChangeSums::default(),
        };
        if self.exact {
            return sums;
        }
        let scale = if self.trial.is_predicted { F::one() } else { F::zero() };
        let eta = F::from_f64_lossy(self.trial.multiplier);
        let least = F::min_positive_value();
        let inputs = [
            &self.step[..],
            before,
            after,
            &self.estimate.mean,
            &self.precision,
            &self.estimate.noise,
            &self.scratch,
        ];
        let weighted = zip_map_sum(inputs, [], |[d, before, after, m, p, r, z], []| {
            let (y, b) = (after - before, Prediction::change(scale, eta, m, p, d));
            // a coordinate that no draw has touched yet has no unit to be measured in
            let w = if r > least { F::one() / r } else { F::zero() };
            let error = y - b;
            ([], [w * (y * y), w * (b * b), w * (error * error), w * (z * z), w * (y * z)])
        });
        let count = self.start.len() as f64;
        let [square, predicted_square, error_square, z, yz] = weighted.map(|sum| sum / count);
        sums.weighted = ChangeSums {
            square,
            predicted_square,
            error_square,
            second: self.has_second.then_some([z, yz]),
        };
        sums
    }
}

/// Sums over the coordinates of a step, y being the change of the gradient.
struct Sums {
    /// m.d, d.Bd and d.y, summed where the draw has a gradient.
    products: StepProducts,
    /// |y|^2.
    square: f64,
    /// The greater of |g|^2 at both ends.
    gradient_square: f64,
    weighted: ChangeSums,
}

impl Sums {
    fn is_above_rounding<F: Scalar>(&self) -> bool {
        let rounding = ROUNDING * F::epsilon().to_f64_exact();
        self.square > rounding * rounding * self.gradient_square
    }
}
