//! What the slopes of one draw are multiplied by, and what is added to them.

use argmin_arturo::rand::Rng;
use argmin_arturo::rand_distr::{Distribution, Exp1, StandardNormal, StudentT};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    None,
    Gaussian,
    /// Student's t with 3 degrees of freedom.
    Student,
    Exponential,
    /// The logarithm has a standard deviation of 1.5, so that the skewness is 33.
    LogNormal,
    /// Each slope is 0 but for this probability, and over it otherwise; a tenth is Gaussian.
    Dropout(f64),
    /// All slopes of a draw are multiplied by one 1 + z; a tenth is Gaussian.
    Multiplicative,
    /// Linear regression on as many rows of Gaussian features: a quadratic only.
    Batch(usize),
}

/// Standard deviation of the logarithm of the log-normal noise.
const LOG_DEVIATION: f64 = 1.5;

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

impl Noise {
    /// The standard deviation of what is added, where that of the others is 1.
    pub fn added(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dropout(_) | Self::Multiplicative => 0.1,
            _ => 1.0,
        }
    }

    /// Noise of mean 0 and variance 1; 0 where there is none.
    pub fn sample(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Gaussian | Self::Dropout(_) | Self::Multiplicative | Self::Batch(_) => {
                normal(rng)
            }
            Self::Student => {
                let t = StudentT::new(3.0).expect("three degrees of freedom are positive");
                t.sample(rng) / 3f64.sqrt()
            }
            Self::Exponential => {
                let waiting: f64 = Exp1.sample(rng);
                waiting - 1.0
            }
            Self::LogNormal => {
                let s2 = LOG_DEVIATION * LOG_DEVIATION;
                let mean = (s2 / 2.0).exp();
                ((LOG_DEVIATION * normal(rng)).exp() - mean) / (mean * s2.exp_m1().sqrt())
            }
        }
    }

    /// Turns the slopes `weight * slope(t)` into those of one draw; `sigma` is the standard deviation of
    /// what is added.
    pub fn apply(
        self,
        slopes: &mut [f64],
        t: &[f64],
        weight: &[f64],
        sigma: f64,
        rng: &mut impl Rng,
    ) {
        match self {
            Self::Batch(rows) => return regress(rows, slopes, t, weight, sigma, rng),
            Self::Dropout(p) => {
                for slope in slopes.iter_mut() {
                    *slope = if rng.random::<f64>() < p { *slope / p } else { 0.0 };
                }
            }
            Self::Multiplicative => {
                let factor = 1.0 + normal(rng);
                slopes.iter_mut().for_each(|slope| *slope *= factor);
            }
            _ => {}
        }
        slopes.iter_mut().for_each(|slope| *slope += sigma * self.sample(rng));
    }
}

/// The mean of a (a.t + e) over rows with a_j = sqrt(weight_j) z_j, so that E[a a'] = diag(weight).
fn regress(
    rows: usize,
    slopes: &mut [f64],
    t: &[f64],
    weight: &[f64],
    sigma: f64,
    rng: &mut impl Rng,
) {
    slopes.fill(0.0);
    let mut row = vec![0.0; t.len()];
    for _ in 0..rows {
        row.iter_mut().zip(weight).for_each(|(a, weight)| *a = weight.sqrt() * normal(rng));
        let residual = row.iter().zip(t).map(|(a, t)| a * t).sum::<f64>() + sigma * normal(rng);
        slopes.iter_mut().zip(&row).for_each(|(slope, a)| *slope += a * residual / rows as f64);
    }
}
