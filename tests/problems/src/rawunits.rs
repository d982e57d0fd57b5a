//! Robust regression in raw units: nobody subtracted a mean or chose a scale.
//!
//! `F(w, b) = mean_i loss((y_i - w.a_i - b) / s)` without a ridge, the features a in the units
//! they were measured in and the intercept b the last coordinate of x. All start at zero,
//! where the residuals are the responses themselves. Raw calendar years give the Hessian a
//! condition number of 1e10.
//!
//! - `huber`: `r^2 / 2` up to |r| = 1, then `|r| - 1/2` (Huber 1964);
//! - `logcosh`: `ln cosh r`;
//! - `student`: `2 ln(1 + r^2 / 3)`, the likelihood of Student's t with 3 degrees of freedom
//!   (Lange et al. 1989); not convex.
//!
//! Data: `nile`, the flow of the Nile by calendar year, 1871 to 1970, s = 100 of 10^8 cubic
//! metres; `tumours`, the worst area by mean radius, texture and smoothness, s = 100; `kelvin`,
//! 300 simulated resistances of 100 ohm by temperature (kelvin) and pressure (pascal) with
//! noise of Student's t with 2 degrees of freedom, s = 0.2 ohm.

use crate::data::{BREAST_CANCER, column};
use crate::finite_sum::{FiniteSum, add_linear_gradient, batched, linear};
use crate::ica::ln_cosh;
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::StudentT;

#[derive(Clone, Copy)]
enum Loss {
    Huber,
    LogCosh,
    Student,
}

struct Regression {
    source: &'static str,
    loss: Loss,
    /// Rows without the constant.
    features: Vec<Vec<f64>>,
    responses: Vec<f64>,
    /// The residual s that counts as one.
    scale: f64,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    // Damped Newton in scaled coordinates (examples/minima.rs).
    let sums = [
        nile(Loss::Huber, 0.7873547640228459),
        nile(Loss::Student, 0.8850743693989586),
        tumours(Loss::Huber, 0.7510907444220141),
        kelvin(Loss::LogCosh, 1.2010881633113162),
        kelvin(Loss::Student, 0.92324445353282),
    ];
    sums.into_iter().flat_map(|sum| batched(sum, [Some(1), Some(16)])).collect()
}

fn nile(loss: Loss, minimum: f64) -> Regression {
    let table = include_str!("../../../examples/data/nile.csv");
    Regression {
        source: "nile",
        loss,
        features: column(table, "year").into_iter().map(|year| vec![year]).collect(),
        responses: column(table, "volume"),
        scale: 100.0,
        minimum,
    }
}

fn tumours(loss: Loss, minimum: f64) -> Regression {
    const WORST_AREA: usize = 23;
    let rows = &BREAST_CANCER.features;
    Regression {
        source: "tumours",
        loss,
        features: rows.iter().map(|row| [0, 1, 4].map(|j| row[j]).to_vec()).collect(),
        responses: rows.iter().map(|row| row[WORST_AREA]).collect(),
        scale: 100.0,
        minimum,
    }
}

fn kelvin(loss: Loss, minimum: f64) -> Regression {
    let mut rng = Draw::new(7, 0).rng();
    let noise = StudentT::new(2.0).expect("two degrees of freedom are positive");
    let (mut features, mut responses) = (Vec::new(), Vec::new());
    for _ in 0..300 {
        let (kelvin, pascal) = (rng.random_range(273.0..373.0), rng.random_range(99e3..104e3));
        features.push(vec![kelvin, pascal]);
        let resistance = 100.0 + 0.385 * (kelvin - 273.15) + 1e-4 * (pascal - 101_325.0);
        responses.push(resistance + 0.2 * rng.sample(noise));
    }
    Regression { source: "kelvin", loss, features, responses, scale: 0.2, minimum }
}

impl Loss {
    fn value(self, r: f64) -> f64 {
        match self {
            Self::Huber if r.abs() <= 1.0 => 0.5 * r * r,
            Self::Huber => r.abs() - 0.5,
            Self::LogCosh => ln_cosh(r),
            Self::Student => 2.0 * (r * r / 3.0).ln_1p(),
        }
    }

    fn slope(self, r: f64) -> f64 {
        match self {
            Self::Huber => r.clamp(-1.0, 1.0),
            Self::LogCosh => r.tanh(),
            Self::Student => 4.0 * r / (3.0 + r * r),
        }
    }
}

impl Regression {
    /// The residual in units of the scale.
    fn residual(&self, i: usize, x: &[f64]) -> f64 {
        (linear(&self.features[i], x) - self.responses[i]) / self.scale
    }
}

impl FiniteSum for Regression {
    fn name(&self) -> String {
        let loss = match self.loss {
            Loss::Huber => "huber",
            Loss::LogCosh => "logcosh",
            Loss::Student => "student",
        };
        format!("rawunits/{}/{loss}", self.source)
    }

    fn family(&self) -> &'static str {
        "rawunits"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.features[0].len() + 1]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.responses.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        self.loss.value(self.residual(i, x))
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = weight * self.loss.slope(self.residual(i, x)) / self.scale;
        add_linear_gradient(&self.features[i], slope, g);
    }

    fn smooth_convex(&self) -> bool {
        !matches!(self.loss, Loss::Student)
    }
}
