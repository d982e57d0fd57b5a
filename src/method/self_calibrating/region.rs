//! The KL radius, adapted to how well the model predicts.

/// The radius of the KL ball, adapted by the ratio of measured to predicted change of f along the
/// steps, as in every trust-region method (Nocedal and Wright, algorithm 4.1). Measured is
/// m.d + 1/2 y.d with the change y of the gradient at one draw.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Region {
    /// The bound on 1/2 d'Pd, in nats.
    pub radius: f64,
    /// KL of the last step.
    pub used: f64,
    /// Decaying means of the measured and the predicted change of f.
    measured: f64,
    predicted: f64,
}

/// The first step has a length of about the root of this, 1e-9 in units of x: below any scale of
/// interest, so that growth finds the scale, and a million times the rounding of a coordinate of
/// 10, so that a shift of x does not change the path.
const START: f64 = 1e-18;
/// Growth of the radius while the gradient changes too little to have a curvature.
const BLIND_GROWTH: f64 = 100.0;
/// A step is taken if f falls by this part of the prediction.
const ACCEPT: f64 = 0.1;
/// Ratios outside shrink the radius to a quarter: half the length.
const POOR: std::ops::RangeInclusive<f64> = 0.25..=2.0;
const SHRINK: f64 = 4.0;
/// Ratios inside widen an active radius: at least to twice the length, and as far as the relative
/// error of the curvature along the step is expected to stay below `CURVATURE_ERROR`.
const GOOD: std::ops::RangeInclusive<f64> = 0.75..=1.25;
const CURVATURE_ERROR: f64 = 0.03;
const MAX_GROWTH: f64 = 100.0;
/// Or as far as the slope is expected to change by this part.
const STRAIGHT: f64 = 0.1;
const MAX_STRAIGHT_GROWTH: f64 = 10.0;
/// How much the noise of curvature slows the radius down; 2 makes a draw with as much noise as
/// signal count a half.
const CAUTION: f64 = 2.0;

/// What a step turned out to be.
pub(super) struct Verdict {
    pub accepted: bool,
    /// In (0, 1]: how much one step counts, 1 where draws agree on curvature.
    pub weight: f64,
    /// Factor by which the radius may grow.
    pub growth: Option<f64>,
}

/// m.d, d.Bd and y.d of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepProducts {
    pub slope: f64,
    pub predicted_bend: f64,
    pub measured_bend: f64,
}

impl Region {
    /// Begins with a step of microscopic length; `kl` and `squared_length` are those of the step
    /// along m / p.
    pub fn start(&mut self, kl: f64, squared_length: f64) {
        *self = Self::default();
        if squared_length > 0.0 {
            self.set(START * (kl / squared_length));
        }
    }

    /// Keeps the radius in x when the metric changes.
    pub fn rescale(&mut self, ratio: f64) {
        if ratio.is_finite() && ratio > 0.0 {
            self.set(self.radius * ratio);
        }
    }

    /// The step led where the objective is not defined.
    pub fn refuse(&mut self) {
        self.set(self.used.min(self.radius) / 64.0);
    }

    /// Judges a step taken without a model.
    pub fn judge_blind(&mut self, step: StepProducts) -> Verdict {
        let (slope, bend) = (step.slope, step.measured_bend);
        let accepted = bend < -2.0 * (1.0 - ACCEPT) * slope;
        if !accepted {
            self.set(self.radius / BLIND_GROWTH);
        } else if bend < -0.5 * slope {
            self.set(self.radius * BLIND_GROWTH);
        }
        (self.measured, self.predicted) = (0.0, 0.0);
        Verdict { accepted, weight: 1.0, growth: None }
    }

    /// Judges a step by its ratio, averaged over steps as far as draws disagree on curvature.
    pub fn judge(&mut self, step: StepProducts, noise_share: f64, active: bool) -> Verdict {
        let weight = 1.0 / (1.0 + CAUTION * noise_share);
        let measured = step.slope + 0.5 * step.measured_bend;
        let predicted = step.slope + 0.5 * step.predicted_bend;
        self.measured += weight * (measured - self.measured);
        self.predicted += weight * (predicted - self.predicted);
        let ratio = if self.predicted < 0.0 {
            self.measured / self.predicted
        } else {
            measured / predicted
        };
        let mut growth = None;
        if !POOR.contains(&ratio) {
            self.set(self.radius.min(self.used) / SHRINK.powf(weight));
        } else if GOOD.contains(&ratio) && active {
            // the error of the curvature along the step grows with its length
            let error = (step.measured_bend / step.predicted_bend - 1.0).abs();
            let bend = step.measured_bend.abs().max(step.predicted_bend.abs());
            // where draws disagree on curvature, its error says little; nor does it matter as long
            // as the slope hardly changes
            let straight = if noise_share > 0.0 { -STRAIGHT * step.slope / bend } else { 0.0 };
            let length = (CURVATURE_ERROR / error).clamp(2.0, MAX_GROWTH);
            // the error is 0/0 where both bends are 0: `max` then takes a number
            let length = length.max(2.0).max(straight.min(MAX_STRAIGHT_GROWTH));
            growth = Some((length * length).powf(weight));
        }
        Verdict { accepted: ratio > ACCEPT, weight, growth }
    }

    pub fn grow(&mut self, factor: f64) {
        self.set(self.radius * factor);
    }

    /// The model was too stiff for its steps to be felt: without it, the step may be longer.
    pub fn begin_blind(&mut self) {
        self.set(self.used * BLIND_GROWTH);
    }

    fn set(&mut self, radius: f64) {
        if !radius.is_nan() {
            self.radius = radius.clamp(f64::MIN_POSITIVE, 1.0 / f64::MIN_POSITIVE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_too_short_to_bend_lets_the_radius_grow() {
        // at the least of all radii both bends vanish: 0/0 is no reason to stay there
        let mut region = Region::default();
        region.set(0.0);
        let step = StepProducts { slope: -1e-160, predicted_bend: 0.0, measured_bend: 0.0 };
        let verdict = region.judge(step, 0.0, true);
        assert!(verdict.accepted);
        assert_eq!(verdict.growth, Some(4.0));
    }
}
