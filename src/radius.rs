//! The radius of the KL ball: given, or adapted to how well the model predicts.

/// Where the KL bound comes from.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum KlRadius {
    /// The bound of the paper, in nats.
    Fixed(f64),
    /// A bound that follows how well the model predicts.
    Adaptive(AdaptiveRadius),
}

impl KlRadius {
    /// Forgets an earlier run.
    pub(crate) fn reset(&mut self) {
        if let Self::Adaptive(radius) = self {
            *radius = AdaptiveRadius::default();
        }
    }
}

/// A radius that grows while the gradient at the end of a step still points along the step, and
/// shrinks when it points back.
///
/// The ratio of the drawn slope at the end of the steps to the model's slope at their start is 1
/// where the objective is a line, 0 at the minimum along the step, and negative beyond it. Both
/// slopes are averaged over as many draws as the gradient filter remembers.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct AdaptiveRadius {
    radius: f64,
    /// KL of the last step, and the slope of the model where it began.
    used: f64,
    slope: f64,
    /// Whether the bound was active in the last step.
    active: bool,
    mean_end_slope: f64,
    mean_start_slope: f64,
}

/// The first step has a length of about the square root of this, in units of x: far below any
/// scale of interest, so that growth, about e a step, finds the scale.
const START: f64 = 1e-12;
/// Exponent of the change per step: 2 kappa at most doubles to e-folds the radius.
const RATE: f64 = 0.5;
/// The radius shrinks only when the slope at the end is clearly uphill.
const UPHILL: f64 = -0.1;
/// An inactive bound is pulled in to this many times the KL of the last step when that overshot.
const RETREAT: f64 = 4.0;

impl AdaptiveRadius {
    /// The bound in nats.
    pub(crate) fn value(&self) -> f64 {
        self.radius
    }

    /// Begins with a step of microscopic length: `kl` and `squared_length` are those of the full
    /// step along m / p.
    pub(crate) fn start(&mut self, kl: f64, squared_length: f64) {
        *self = Self::default();
        if squared_length > 0.0 {
            self.radius = START * (kl / squared_length);
        }
    }

    pub(crate) fn has_started(&self) -> bool {
        self.radius > 0.0
    }

    /// Stores the effect of the last step.
    pub(crate) fn record(&mut self, used: f64, slope: f64, active: bool) {
        self.used = used;
        self.slope = slope;
        self.active = active;
    }

    /// Adapts to the slope `end_slope` of the gradient drawn at the end of the last step; `gain` is
    /// the weight of one draw in the model.
    pub(crate) fn adapt(&mut self, end_slope: f64, gain: f64) {
        if self.used == 0.0 || !(end_slope + self.slope).is_finite() {
            // a step of 0, at the bounds of a box, has no information, nor has one beyond all floats
            return;
        }
        let weight = gain.clamp(1e-4, 1.0);
        self.mean_end_slope += weight * (end_slope - self.mean_end_slope);
        self.mean_start_slope += weight * (self.slope - self.mean_start_slope);
        if self.mean_start_slope == 0.0 {
            return;
        }
        let ratio = (self.mean_end_slope / self.mean_start_slope - UPHILL).clamp(-1.0, 1.0);
        if self.active {
            self.radius *= (2.0 * RATE * gain.clamp(1e-3, 1.0) * ratio).exp();
        } else if ratio < -0.5 - UPHILL {
            self.radius = self.radius.min(RETREAT * self.used);
        }
    }

    /// Keeps the radius in x when the metric changes: `ratio` is that of the squared length of the
    /// last step in the new and the old metric.
    pub(crate) fn rescale(&mut self, ratio: f64) {
        if ratio.is_finite() && ratio > 0.0 {
            self.radius *= ratio;
            self.used *= ratio;
        }
    }
}
