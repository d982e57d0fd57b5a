//! When another method takes over, and what it is told.

use super::filter::GradientEstimate;
use super::secants::{PAIRS, SecantModel};
use super::spread::Spread;
use super::{Phase, SelfCalibrating};
use crate::hessian::Prior;
use crate::method::{Evidence, Method, Progress, TrustRegion};
use crate::model::QuadraticModel;
use crate::param::Scalar;

/// Curvature noise over signal above which the method gives up: draws then agree on a sixth of what
/// they say. With 2 instead of 5 shot noise would end it, which it takes in its stride.
const HOPELESS: f64 = 5.0;
/// Comparisons of two draws from which that is known.
const LEAST_COMPARISONS: u64 = 5;
/// Curvature noise over signal above which the path averages better than the filter: between 0.03
/// and 0.3 the results differ by a tenth of what the handover brings.
const NOISY: f64 = 0.1;
/// Draws in a row that did not make m stand out of its noise: with 20 as with 5 within 3 %.
const PATIENCE: u32 = 5;
/// Draws that the successor is to think it has seen: its gain begins near 30^-0.6 = 0.13, which
/// explores. From 12 to 150 the gap differs by less than 10 %.
const SEEN: u64 = 30;
/// Variance of the recommended point in units of that of one draw over the number of draws, for a
/// mean with weights ~ t^3: 4^2 / 7.
const AVERAGED: f64 = 16.0 / 7.0;
/// Draws of the successor after which its path is one of averaging.
const SETTLED: u64 = 100;

impl<F: Scalar, D> SelfCalibrating<F, D> {
    /// Whether another method is to go on from here.
    ///
    /// Where draws disagree on curvature, moving m along a step costs as much certainty as a draw
    /// gives, so the filter never knows more than a few draws tell, while the mean of a path of short
    /// steps knows what all of them told (Polyak and Juditsky 1992). And the root mean square slopes
    /// of single draws are 10 to 50 times the curvature; a regression along the path is not misled.
    /// In as many dimensions as there are pairs, the pairs are the whole Hessian: then they stay.
    pub(super) fn is_outrun(&self) -> bool {
        let noise = self.agreement.curvature_noise();
        let is_averaged_better =
            self.start.len() > PAIRS && self.idle_count >= PATIENCE && noise > NOISY;
        self.agreement.comparison_count >= LEAST_COMPARISONS
            && (noise > HOPELESS || is_averaged_better)
    }

    /// [`AdaptiveRls`](crate::hessian::AdaptiveRls) goes on at x, with what is known there.
    pub(super) fn hand_over(&mut self, draw_count: u64) {
        // a step along unknown curvature would be as long as the ball of all others is wide
        let mut coordinates = std::iter::zip(&self.model.curvature, &self.estimate.touched);
        let zero = F::zero();
        if self.model.count() == 0 || coordinates.any(|(&q, &rho)| q == zero && rho > zero) {
            return self.give_up();
        }
        let estimate = std::mem::take(&mut self.estimate);
        let prior = Prior {
            variance: estimate.variance.max((SEEN as f64).powf(-0.6)),
            draw_count: SEEN,
            touch_draw_count: estimate.draw_count,
            unknown_curvature: self.model.unknown(),
        };
        let model = QuadraticModel {
            gradient: estimate.mean,
            noise: estimate.noise,
            curvature: self.model.curvature.clone(),
            cautious_curvature: Vec::new(),
            offset_square: Vec::new(),
        };
        let mut successor = TrustRegion::self_calibrating();
        let precision = std::mem::take(&mut self.precision);
        successor.start_from(model, precision, self.region.radius, &prior, estimate.touched);
        self.model.forget_all_but_diagonal();
        self.inherited_at = Some(draw_count);
        self.delegate_to(successor);
    }

    /// [`AdaptiveRls`](crate::hessian::AdaptiveRls) starts anew.
    pub(super) fn give_up(&mut self) {
        let mut successor = TrustRegion::self_calibrating();
        successor.reset_to(self.start.len(), true);
        self.model = SecantModel::default();
        self.estimate = GradientEstimate::default();
        self.spread = Spread::default();
        self.precision = Vec::new();
        self.inherited_at = None;
        self.delegate_to(successor);
    }

    fn delegate_to(&mut self, successor: super::Successor<F>) {
        self.fallback = Some(Box::new(successor));
        self.phase = Phase::Delegate;
        (self.step, self.scratch) = (Vec::new(), Vec::new());
    }

    /// What the successor knows, and what it was told: a bound on the curvature, and at least the
    /// spread of the answer that the inherited model says the noise of single draws makes.
    pub(super) fn inherited_evidence(
        &self,
        successor: &super::Successor<F>,
        draw_count: u64,
    ) -> Option<Evidence> {
        let own = successor.evidence(draw_count);
        let Some(handover) = self.inherited_at else { return own };
        let own = own?;
        let draws = draw_count.saturating_sub(handover).max(1);
        let scale = 1.0 / own.effective_draws;
        let variance = (AVERAGED / draws as f64).min(scale);
        let exact = |values: &[F]| values.iter().map(|v| v.to_f64_exact()).collect::<Vec<_>>();
        // slopes of single draws are no less than the curvature
        let slopes = exact(&self.model.curvature);
        let curvature: Vec<f64> = std::iter::zip(exact(successor.model.step_curvature()), slopes)
            .map(|(a, q)| if q > 0.0 { a.min(q) } else { a })
            .map(|a| a.max(f64::MIN_POSITIVE))
            .collect();
        let noise = exact(successor.noise());
        let squares: Vec<f64> = std::iter::zip(&noise, &curvature)
            .map(|(r, a)| r / (a * a))
            .zip(exact(&self.spread.squares))
            .map(|(diagonal, inherited)| diagonal.max(inherited))
            .collect();
        let newton_step: Vec<f64> =
            std::iter::zip(&own.gradient, &curvature).map(|(m, q)| -m / q).collect();
        let terms = std::iter::zip(&noise, &curvature).map(|(r, q)| scale * r / q);
        let [trace, square] = terms.fold([0.0, 0.0], |[t, s], v| [t + v, s + v * v]);
        Some(Evidence {
            variance: squares.into_iter().map(|u| variance * u).collect(),
            signal: -std::iter::zip(&own.gradient, &newton_step).map(|(m, d)| m * d).sum::<f64>(),
            noise: [trace, (2.0 * square).sqrt()],
            curvature_error: self.agreement.model_error().sqrt().max(1.0),
            averaged: Some(variance / scale),
            newton_step,
            curvature,
            progress: if draws >= SETTLED { Progress::Resting } else { Progress::Moving },
            ..own
        })
    }
}
