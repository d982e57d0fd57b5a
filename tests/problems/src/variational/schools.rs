//! The eight schools (Rubin, 1981) in both parameterizations.
//!
//! Coaching effects `y_j ~ N(theta_j, s_j^2)` in points, `theta_j ~ N(mu, tau^2)`, with priors
//! `mu ~ N(0, 5^2)` and `ln tau ~ N(ln 5, 1)`, which keeps every expectation in closed form.
//! Latent: mu, ln tau, then the eight theta_j (centered) or `(theta_j - mu) / tau` (not).
//! Centered, the noise has lognormal tails through 1 / tau^2.

use super::Posterior;
use crate::dual::{Dual, variables};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::f64::consts::{E, TAU};

const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
const LATENT: usize = 10;

/// How the effects are parameterized.
#[derive(Clone, Copy)]
pub enum Form {
    Centered,
    NonCentered,
}

impl Form {
    /// The negative logarithm of the joint density, without constants.
    fn joint<const N: usize>(self, z: &[Dual<N>]) -> Dual<N> {
        let (mu, log_tau) = (z[0], z[1]);
        let priors = 0.5 * (mu / 5.0).squared() + 0.5 * (log_tau - 5f64.ln()).squared();
        let schools =
            z[2..].iter().zip(EFFECTS.into_iter().zip(ERRORS)).map(|(&z, (y, s))| match self {
                Self::Centered => {
                    let spread = 0.5 * (z - mu).squared() * (-2.0 * log_tau).exp() + log_tau;
                    spread + 0.5 * ((y - z) / s).squared()
                }
                Self::NonCentered => {
                    0.5 * z.squared() + 0.5 * ((y - (mu + log_tau.exp() * z)) / s).squared()
                }
            });
        priors + schools.sum::<Dual<N>>()
    }

    /// The mean of [`Form::joint`] under the approximation.
    fn expected_joint<const N: usize>(self, x: &[Dual<N>]) -> Dual<N> {
        let (mean, logs) = x.split_at(LATENT);
        let variance: Vec<Dual<N>> = logs.iter().map(|&r| (2.0 * r).exp()).collect();
        let (mu, log_tau) = (mean[0], mean[1]);
        let priors = 0.5 * (mu.squared() + variance[0]) / 25.0
            + 0.5 * ((log_tau - 5f64.ln()).squared() + variance[1]);
        // Means of tau, tau^2 and tau^-2, which is lognormal.
        let tau = (log_tau + 0.5 * variance[1]).exp();
        let tau_squared = (2.0 * log_tau + 2.0 * variance[1]).exp();
        let precision = (2.0 * variance[1] - 2.0 * log_tau).exp();
        let schools = (2..LATENT).map(|j| {
            let (m, v, y, s) = (mean[j], variance[j], EFFECTS[j - 2], ERRORS[j - 2]);
            match self {
                Self::Centered => {
                    let spread = 0.5 * ((m - mu).squared() + v + variance[0]) * precision + log_tau;
                    spread + 0.5 * ((y - m).squared() + v) / (s * s)
                }
                Self::NonCentered => {
                    let product = tau_squared * (m.squared() + v) - (tau * m).squared();
                    let square = (y - mu - tau * m).squared() + variance[0] + product;
                    0.5 * (m.squared() + v) + 0.5 * square / (s * s)
                }
            }
        });
        priors + schools.sum::<Dual<N>>()
    }

    /// The negative evidence lower bound.
    fn bound<const N: usize>(self, x: &[Dual<N>]) -> Dual<N> {
        self.expected_joint(x) + Self::constants_less_entropy(x)
    }

    /// What the bound adds to the mean of [`Form::joint`].
    fn constants_less_entropy<const N: usize>(x: &[Dual<N>]) -> Dual<N> {
        let densities = LATENT + EFFECTS.len();
        let scales: f64 = ERRORS.iter().map(|s| s.ln()).sum::<f64>() + 5f64.ln();
        let entropy =
            x[LATENT..].iter().copied().sum::<Dual<N>>() + LATENT as f64 * 0.5 * (TAU * E).ln();
        -entropy + (densities as f64 * 0.5 * TAU.ln() + scales)
    }
}

impl Posterior for Form {
    fn name(&self) -> String {
        match self {
            Self::Centered => "schools/centered".into(),
            Self::NonCentered => "schools/noncentered".into(),
        }
    }

    fn dimension(&self) -> usize {
        LATENT
    }

    /// Newton on complex-step gradients to 1e-15; the lowest of twelve starts (reference/variational.py).
    fn minimum(&self) -> f64 {
        match self {
            Self::Centered => 33.179763496025814,
            Self::NonCentered => 31.46839765383674,
        }
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.bound(&variables::<0>(x, 0)).value
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.copy_from_slice(&self.bound(&variables::<{ 2 * LATENT }>(x, 0)).slope);
    }

    fn sampled_cost(&self, z: &[f64], _: &mut Xoshiro256PlusPlus, slope: &mut [f64]) -> f64 {
        let joint = self.joint(&variables::<LATENT>(z, 0));
        slope.copy_from_slice(&joint.slope);
        joint.value
    }

    fn analytic_cost(&self, x: &[f64], g: &mut [f64]) -> f64 {
        g[LATENT..].iter_mut().for_each(|g| *g -= 1.0);
        Self::constants_less_entropy(&variables::<0>(x, 0)).value
    }
}
