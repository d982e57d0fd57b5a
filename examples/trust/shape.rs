//! Convex functions of one variable with the minimum 0 at t = 0, and draws of their slopes.

use argmin_arturo::rand::Rng;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// t^2 / 2
    Quadratic,
    /// t^4 / 4 + t^2 / 20
    Quartic,
    /// ln cosh t
    LogCosh,
    /// e^t - 1 - t
    Exponential,
    /// sqrt(1 + t^2) - 1
    PseudoHuber,
    /// |t|
    Absolute,
    /// E|t - z| less its least value, z logistic: the median of single data, a slope of 1 or -1.
    Median,
    /// The pinball loss of the quantile of this level of single logistic data.
    Pinball(f64),
    /// The hinge loss of t + 1 under a label that is 1 with this probability, above 1/2, else -1.
    Hinge(f64),
}

use Shape::*;

/// The shapes with a continuous slope that is the same at every draw.
pub const SMOOTH: [Shape; 5] = [Quadratic, Quartic, LogCosh, Exponential, PseudoHuber];

/// ln(1 + e^t), the primitive of the logistic distribution function.
fn softplus(t: f64) -> f64 {
    t.max(0.0) + (-t.abs()).exp().ln_1p()
}

fn logistic(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

impl Shape {
    /// The function, 0 at 0.
    pub fn value(self, t: f64) -> f64 {
        match self {
            Quadratic => 0.5 * t * t,
            Quartic => 0.25 * t.powi(4) + 0.05 * t * t,
            LogCosh => t.abs() + (-2.0 * t.abs()).exp().ln_1p() - std::f64::consts::LN_2,
            Exponential => t.exp_m1() - t,
            PseudoHuber => t * t / (1.0 + 1.0f64.hypot(t)),
            Absolute => t.abs(),
            Median => softplus(t) + softplus(-t) - 2.0 * std::f64::consts::LN_2,
            Pinball(level) => softplus(t + logit(level)) - softplus(logit(level)) - level * t,
            Hinge(p) => p * (-t).max(0.0) + (1.0 - p) * ((2.0 + t).max(0.0) - 2.0),
        }
    }

    /// The slope, of an infinite number of draws.
    pub fn slope(self, t: f64) -> f64 {
        match self {
            Quadratic => t,
            Quartic => t.powi(3) + 0.1 * t,
            LogCosh => t.tanh(),
            Exponential => t.exp_m1(),
            PseudoHuber => t / 1.0f64.hypot(t),
            Absolute => {
                if t == 0.0 {
                    0.0
                } else {
                    t.signum()
                }
            }
            Median => 2.0 * logistic(t) - 1.0,
            Pinball(level) => logistic(t + logit(level)) - level,
            Hinge(p) => {
                let step = |inside| if inside { 1.0 } else { 0.0 };
                (1.0 - p) * step(t > -2.0) - p * step(t < 0.0)
            }
        }
    }

    /// The slope of one draw, with [`slope`](Self::slope) as its mean.
    pub fn draw_slope(self, t: f64, rng: &mut impl Rng) -> f64 {
        let mut up = |probability| rng.random::<f64>() < probability;
        match self {
            Median => {
                if up(logistic(t)) {
                    1.0
                } else {
                    -1.0
                }
            }
            Pinball(level) => {
                if up(logistic(t + logit(level))) {
                    1.0 - level
                } else {
                    -level
                }
            }
            Hinge(p) => match up(p) {
                true => {
                    if t < 0.0 {
                        -1.0
                    } else {
                        0.0
                    }
                }
                false => {
                    if t > -2.0 {
                        1.0
                    } else {
                        0.0
                    }
                }
            },
            _ => self.slope(t),
        }
    }

    /// The second derivative at the minimum; none at a kink.
    pub fn curvature(self) -> Option<f64> {
        match self {
            Quadratic | LogCosh | Exponential | PseudoHuber => Some(1.0),
            Quartic => Some(0.1),
            Median => Some(0.5),
            Pinball(level) => Some(level * (1.0 - level)),
            Absolute | Hinge(_) => None,
        }
    }

    /// The variance of a drawn slope at the minimum.
    pub fn variance(self) -> f64 {
        match self {
            Median => 1.0,
            Pinball(level) => level * (1.0 - level),
            // the slope right of the kink is 0 or 1
            Hinge(p) => p * (1.0 - p),
            _ => 0.0,
        }
    }
}
