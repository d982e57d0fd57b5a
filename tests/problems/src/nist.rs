//! The 27 nonlinear regressions of the NIST Statistical Reference Datasets.
//!
//! `F(b) = mean_i (y_i - model(x_i; b))^2` in the raw parameters, whose sizes differ by up
//! to 5e8 within a problem, from both official starts: the first is far, the second near.
//! Data, models and certified values are public domain (NIST/ITL StRD). Several models are
//! singular somewhere: F is NaN or infinite there.
//!
//! `lanczos1` has a minimum of 6e-27, below what double precision can resolve (2e-22).

use crate::Problem;
use crate::data::numbers;
use crate::dual::{Dual, variables};
use crate::finite_sum::{FiniteSum, batched};
use serde_json::Value;
use std::f64::consts::{PI, TAU};

/// The most parameters that any model has.
const PARAMETERS: usize = 9;

#[derive(Clone, Copy)]
enum Model {
    Bennett5,
    /// Also Misra1a.
    BoxBod,
    Chwirut,
    DanWood,
    Eckerle4,
    Enso,
    Gauss,
    Kirby2,
    Lanczos,
    Mgh09,
    Mgh10,
    Mgh17,
    Misra1b,
    Misra1c,
    Misra1d,
    Nelson,
    Rat42,
    Rat43,
    Roszman1,
    /// A quotient of cubics; also Hahn1.
    Thurber,
}

struct Regression {
    /// In lower case.
    name: String,
    model: Model,
    /// 1 or 2.
    start_number: usize,
    start: Vec<f64>,
    predictors: Vec<[f64; 2]>,
    responses: Vec<f64>,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let data: Value = serde_json::from_str(include_str!("../data/nist_strd.json"))
        .expect("nist_strd.json is JSON");
    let problems = data["problems"].as_array().into_iter().flatten();
    let regressions =
        problems.flat_map(|problem| [1, 2].map(|start| Regression::new(problem, start)));
    regressions
        .flat_map(|regression| {
            // Half of the observations of the smallest data sets.
            let batch = (regression.responses.len() / 2).min(8);
            batched(regression, [Some(batch), None])
        })
        .collect()
}

impl Model {
    fn of(name: &str) -> Self {
        match name {
            "Bennett5" => Self::Bennett5,
            "BoxBOD" | "Misra1a" => Self::BoxBod,
            "Chwirut1" | "Chwirut2" => Self::Chwirut,
            "DanWood" => Self::DanWood,
            "Eckerle4" => Self::Eckerle4,
            "ENSO" => Self::Enso,
            "Gauss1" | "Gauss2" | "Gauss3" => Self::Gauss,
            "Kirby2" => Self::Kirby2,
            "Lanczos1" | "Lanczos2" | "Lanczos3" => Self::Lanczos,
            "MGH09" => Self::Mgh09,
            "MGH10" => Self::Mgh10,
            "MGH17" => Self::Mgh17,
            "Misra1b" => Self::Misra1b,
            "Misra1c" => Self::Misra1c,
            "Misra1d" => Self::Misra1d,
            "Nelson" => Self::Nelson,
            "Rat42" => Self::Rat42,
            "Rat43" => Self::Rat43,
            "Roszman1" => Self::Roszman1,
            "Hahn1" | "Thurber" => Self::Thurber,
            _ => panic!("no model {name}"),
        }
    }

    /// The prediction at predictors x, of which only Nelson's model has two.
    fn predict<const N: usize>(self, b: &[Dual<N>], [x, x2]: [f64; 2]) -> Dual<N> {
        match self {
            Self::Bennett5 => b[0] * (-(b[1] + x).ln() / b[2]).exp(),
            Self::BoxBod => b[0] * (1.0 - (-b[1] * x).exp()),
            Self::Chwirut => (-b[0] * x).exp() / (b[1] + b[2] * x),
            Self::DanWood => b[0] * (b[1] * x.ln()).exp(),
            Self::Eckerle4 => b[0] / b[1] * (-0.5 * ((x - b[2]) / b[1]).squared()).exp(),
            Self::Enso => {
                let wave = |period: Dual<N>, cos: Dual<N>, sin: Dual<N>| {
                    let phase = TAU * x / period;
                    cos * phase.cos() + sin * phase.sin()
                };
                b[0] + wave(Dual::constant(12.0), b[1], b[2])
                    + wave(b[3], b[4], b[5])
                    + wave(b[6], b[7], b[8])
            }
            Self::Gauss => {
                let peak = |j: usize| b[j] * (-((x - b[j + 1]) / b[j + 2]).squared()).exp();
                b[0] * (-b[1] * x).exp() + peak(2) + peak(5)
            }
            Self::Kirby2 => (b[0] + x * (b[1] + x * b[2])) / (1.0 + x * (b[3] + x * b[4])),
            Self::Lanczos => (0..6).step_by(2).map(|j| b[j] * (-b[j + 1] * x).exp()).sum(),
            Self::Mgh09 => b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3]),
            Self::Mgh10 => b[0] * (b[1] / (x + b[2])).exp(),
            Self::Mgh17 => b[0] + b[1] * (-x * b[3]).exp() + b[2] * (-x * b[4]).exp(),
            Self::Misra1b => b[0] * (1.0 - 1.0 / (1.0 + b[1] * x / 2.0).squared()),
            Self::Misra1c => b[0] * (1.0 - 1.0 / (1.0 + 2.0 * b[1] * x).sqrt()),
            Self::Misra1d => b[0] * b[1] * x / (1.0 + b[1] * x),
            Self::Nelson => b[0] - b[1] * x * (-b[2] * x2).exp(),
            Self::Rat42 => b[0] / (1.0 + (b[1] - b[2] * x).exp()),
            Self::Rat43 => b[0] * (-(1.0 + (b[1] - b[2] * x).exp()).ln() / b[3]).exp(),
            Self::Roszman1 => b[0] - b[1] * x - (b[2] / (x - b[3])).atan() / PI,
            Self::Thurber => {
                let top = b[0] + x * (b[1] + x * (b[2] + x * b[3]));
                top / (1.0 + x * (b[4] + x * (b[5] + x * b[6])))
            }
        }
    }
}

impl Regression {
    fn new(problem: &Value, start_number: usize) -> Self {
        let name = problem["name"].as_str().expect("a name");
        let mut responses = numbers(&problem["y"]);
        if problem["response"] == "log(y)" {
            responses.iter_mut().for_each(|y| *y = y.ln());
        }
        let predictors = match name {
            "Nelson" => numbers(&problem["x1"])
                .into_iter()
                .zip(numbers(&problem["x2"]))
                .map(<[f64; 2]>::from)
                .collect(),
            _ => numbers(&problem["x"]).into_iter().map(|x| [x, 0.0]).collect(),
        };
        // The certified residual sum of squares, polished at 50 digits.
        let squares = problem["computed"]["rss"].as_f64().expect("a sum of squares");
        Self {
            name: name.to_lowercase(),
            model: Model::of(name),
            start_number,
            start: numbers(&problem[format!("start{start_number}")]),
            minimum: squares / responses.len() as f64,
            predictors,
            responses,
        }
    }

    fn square<const N: usize>(&self, i: usize, b: &[Dual<N>]) -> Dual<N> {
        (self.model.predict(b, self.predictors[i]) - self.responses[i]).squared()
    }
}

impl FiniteSum for Regression {
    fn name(&self) -> String {
        format!("nist/{}/start={}", self.name, self.start_number)
    }

    fn family(&self) -> &'static str {
        "nist"
    }

    fn start(&self) -> Vec<f64> {
        self.start.clone()
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.responses.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        self.square(i, &variables::<0>(x, 0)).value
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let square = self.square(i, &variables::<PARAMETERS>(x, 0));
        for (g, slope) in g.iter_mut().zip(square.slope) {
            *g += weight * slope;
        }
    }
}
