//! Noise added to an exact gradient.

use crate::Draw;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StudentT};
use std::fmt;

/// The distribution and the relative level of additive noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    None,
    /// Standard normal, times the level.
    Gaussian(f64),
    /// Student's t with 3 degrees of freedom (variance 3, infinite third moment), times the level.
    StudentT(f64),
}

impl Noise {
    /// Adds independent noise to every coordinate, in the unit of that coordinate.
    pub fn add(self, draw: Draw, g: &mut [f64], unit: impl Fn(usize) -> f64) {
        match self {
            Self::None => {}
            Self::Gaussian(level) => perturb(StandardNormal, level, draw.rng(), g, unit),
            Self::StudentT(level) => {
                let t = StudentT::new(3.0).expect("three degrees of freedom are positive");
                perturb(t, level, draw.rng(), g, unit);
            }
        }
    }
}

fn perturb(
    distribution: impl Distribution<f64>,
    level: f64,
    mut rng: impl Rng,
    g: &mut [f64],
    unit: impl Fn(usize) -> f64,
) {
    for (i, g) in g.iter_mut().enumerate() {
        *g += level * unit(i) * distribution.sample(&mut rng);
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "noise=0"),
            Self::Gaussian(level) => write!(f, "noise={level:e}"),
            Self::StudentT(level) => write!(f, "noise=t3:{level:e}"),
        }
    }
}
