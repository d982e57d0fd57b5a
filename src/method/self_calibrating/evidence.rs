//! What the self-calibrating method knows about its distance from the minimum.

use super::SelfCalibrating;
use crate::kernel::{self, dot};
use crate::method::{Evidence, Progress};
use crate::model::{positive_curvature, tiny_curvature};
use crate::param::Scalar;

/// Residuals from which a standard error is known to about 20 %.
const LEAST_RESIDUALS: u64 = 20;
/// Steps rejected in a row that are a standstill.
const STANDSTILL: u32 = 10;

impl<F: Scalar, D> SelfCalibrating<F, D> {
    /// None before there is a model.
    pub(super) fn own_evidence(&self, draw_count: u64) -> Option<Evidence> {
        if self.model.count() == 0 {
            return None;
        }
        let (mean, noise, spread) = (&self.estimate.mean, &self.estimate.noise, &self.spread);
        let variance = if self.exact { 0.0 } else { self.estimate.variance };
        let exact = |values: &[F]| values.iter().map(|v| v.to_f64_exact()).collect::<Vec<_>>();
        let step = self.model.inverse(&self.precision, mean);
        let tiny = tiny_curvature::<F>();
        let curvature: Vec<f64> = (self.model.curvature.iter())
            .map(|&q| positive_curvature(q, tiny).to_f64_exact())
            .collect();
        let is_known = spread.count > 0;
        let squares: Vec<f64> = if is_known {
            exact(&spread.squares)
        } else {
            // by the diagonal, until a step is not bound by the ball
            std::iter::zip(exact(noise), &curvature).map(|(r, q)| r / (q * q)).collect()
        };
        let error = |r: f64| (variance * r).sqrt();
        let is_bound = self.trial.multiplier > 0.0;
        let progress = if self.rejected_count >= STANDSTILL {
            Progress::Stuck
        } else if !self.exact && (is_bound || spread.count < LEAST_RESIDUALS) {
            Progress::Moving
        } else {
            Progress::Resting
        };
        Some(Evidence {
            point: None,
            gradient: exact(mean),
            gradient_error: exact(noise).into_iter().map(error).collect(),
            newton_step: exact(&step).into_iter().map(|d| -d).collect(),
            variance: squares.into_iter().map(|u| variance * u).collect(),
            curvature,
            curvature_error: self.agreement.model_error().sqrt(),
            signal: dot(mean, &step),
            noise: [variance * spread.trace, variance * spread.trace_deviation()],
            decrease: spread.recent_decrease(draw_count),
            bias: if self.exact { 0.0 } else { spread.bias() },
            effective_draws: if self.exact { f64::INFINITY } else { variance.recip() },
            averaged: None,
            is_exact: self.exact,
            is_flat: self.is_flat(F::epsilon().sqrt().to_f64_exact()),
            progress,
        })
    }

    /// Whether the gradient and its noise have fallen to this part of the first gradient.
    fn is_flat(&self, part: f64) -> bool {
        let (_, noise) = kernel::range(&self.estimate.noise);
        let (low, high) = kernel::range(&self.estimate.mean);
        let noise = if self.exact { 0.0 } else { noise.sqrt() };
        high.max(-low) + noise <= part * self.spread.scale
    }
}
