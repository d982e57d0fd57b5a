//! Networks of three hidden units and two classes on inputs that are mostly zero.
//!
//! `F = mean_i [ln(1 + exp(-y_i z_i)) + (r / 2) sum_{j lit in i} |W_j|^2] + (r / 2) |b, v, c|^2`,
//! in nats, with `z_i = v.s(sum_j W_j p_ij + b) + c`, the sign y_i of the class and r = 0.03; an
//! input j is lit in row i where `p_ij != 0`. Coordinates: the weights W_j of input after input,
//! b, v, c. A term has an exact zero in the slope of every weight of a blank input, and of every
//! rectified unit that is off.
//!
//! - `digits`: the first 500 digits, odd or even; half of the pixels are 0, some of them always.
//!   Rectified or sigmoid units; the sigmoid ones begin saturated at 0 or 1.
//! - `words`: 300 simulated texts of 12 words out of 80 by Zipf's law. The words depend on two
//!   attributes of a text, and the class is their exclusive or. Sigmoid units.

use crate::data::DIGITS;
use crate::finite_sum::{FiniteSum, batched};
use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, weighted::WeightedIndex};

const RIDGE: f64 = 0.03;

/// What a hidden unit does with its input.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Rectified,
    Sigmoid,
}

struct Network {
    name: &'static str,
    unit: Unit,
    inputs: usize,
    hidden: usize,
    /// The numbers and values of the inputs that are not zero, in every row.
    rows: Vec<Vec<(usize, f64)>>,
    signs: Vec<f64>,
    /// The range of the weights at the start, in units of sqrt(6 / (inputs + outputs)).
    spread: f64,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let networks = [
        digits("digits/rectified", Unit::Rectified, 1.0, 0.3044896855540394),
        digits("digits/sigmoid/saturated", Unit::Sigmoid, 20.0, 0.5483535116032173),
        words(),
    ];
    networks.into_iter().flat_map(|network| batched(network, [Some(1), Some(16)])).collect()
}

fn digits(name: &'static str, unit: Unit, spread: f64, minimum: f64) -> Network {
    let lit =
        |pixels: &[f64; 64]| pixels.iter().copied().enumerate().filter(|p| p.1 != 0.0).collect();
    Network {
        name,
        unit,
        inputs: 64,
        hidden: 3,
        rows: DIGITS.pixels[..500].iter().map(lit).collect(),
        signs: DIGITS.labels[..500].iter().map(|&d| sign(d % 2 == 1)).collect(),
        spread,
        minimum,
    }
}

fn words() -> Network {
    let vocabulary = 80;
    let mut rng = Draw::new(41, 0).rng();
    // What a word tells about an attribute of its text: +, - or nothing.
    let tells: Vec<[f64; 2]> =
        (0..vocabulary).map(|_| [0, 1].map(|_| f64::from(rng.random_range(-1..=1)))).collect();
    let (mut rows, mut signs) = (Vec::new(), Vec::new());
    for _ in 0..300 {
        let attributes = [0, 1].map(|_| sign(rng.random::<bool>()));
        let weights = tells.iter().enumerate().map(|(rank, tells)| {
            let tilt: f64 = tells.iter().zip(attributes).map(|(t, a)| t * a).sum();
            (0.8 * tilt).exp() / (rank + 1) as f64
        });
        let frequencies = WeightedIndex::new(weights).expect("weights are positive");
        let mut counts = vec![0.0; vocabulary];
        for _ in 0..12 {
            counts[frequencies.sample(&mut rng)] += 1.0;
        }
        rows.push(counts.into_iter().enumerate().filter(|count| count.1 != 0.0).collect());
        signs.push(attributes[0] * attributes[1]);
    }
    Network {
        name: "words",
        unit: Unit::Sigmoid,
        inputs: vocabulary,
        hidden: 3,
        rows,
        signs,
        spread: 1.0,
        minimum: 0.528807739616167,
    }
}

fn sign(positive: bool) -> f64 {
    if positive { 1.0 } else { -1.0 }
}

impl Unit {
    fn value(self, t: f64) -> f64 {
        match self {
            Self::Rectified => t.max(0.0),
            Self::Sigmoid => sigmoid(t),
        }
    }

    /// The derivative by the input; 0 at the kink.
    fn slope(self, t: f64) -> f64 {
        match self {
            Self::Rectified => f64::from(t > 0.0),
            Self::Sigmoid => sigmoid(t) * sigmoid(-t),
        }
    }
}

impl Network {
    /// Where b begins; v follows, then c.
    fn biases(&self) -> usize {
        self.inputs * self.hidden
    }

    /// The inputs of the hidden units and the margin `y z` of a row.
    fn forward(&self, i: usize, x: &[f64]) -> (Vec<f64>, f64) {
        let (first, hidden) = (self.biases(), self.hidden);
        let mut inputs = x[first..first + hidden].to_vec();
        for &(j, p) in &self.rows[i] {
            for (t, w) in inputs.iter_mut().zip(&x[hidden * j..]) {
                *t += w * p;
            }
        }
        let weights = &x[first + hidden..first + 2 * hidden];
        let score: f64 = inputs.iter().zip(weights).map(|(&t, v)| v * self.unit.value(t)).sum();
        (inputs, self.signs[i] * (score + x[first + 2 * hidden]))
    }
}

impl FiniteSum for Network {
    fn name(&self) -> String {
        format!("relu/{}", self.name)
    }

    fn family(&self) -> &'static str {
        "relu"
    }

    /// Uniform weights, biases zero.
    fn start(&self) -> Vec<f64> {
        let mut rng = Draw::new(42, 0).rng();
        let (first, hidden) = (self.biases(), self.hidden);
        let mut x = vec![0.0; first + 2 * hidden + 1];
        for (range, units) in
            [(0..first, self.inputs + hidden), (first + hidden..first + 2 * hidden, hidden + 1)]
        {
            let bound = self.spread * (6.0 / units as f64).sqrt();
            x[range].fill_with(|| rng.random_range(-bound..bound));
        }
        x
    }

    /// The best known, not proven: the lowest of BFGS runs from the start and from random points
    /// (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let lit =
            self.rows[i].iter().flat_map(|&(j, _)| &x[self.hidden * j..self.hidden * (j + 1)]);
        softplus(-self.forward(i, x).1) + 0.5 * RIDGE * lit.map(|w| w * w).sum::<f64>()
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let (first, hidden) = (self.biases(), self.hidden);
        let (inputs, margin) = self.forward(i, x);
        let slope = -weight * self.signs[i] * sigmoid(-margin);
        let mut back = inputs.clone();
        for (h, &t) in inputs.iter().enumerate() {
            back[h] = slope * x[first + hidden + h] * self.unit.slope(t);
            g[first + h] += back[h];
            g[first + hidden + h] += slope * self.unit.value(t);
        }
        g[first + 2 * hidden] += slope;
        for &(j, p) in &self.rows[i] {
            for h in 0..hidden {
                g[hidden * j + h] += back[h] * p + weight * RIDGE * x[hidden * j + h];
            }
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        0.5 * RIDGE * x[self.biases()..].iter().map(|w| w * w).sum::<f64>()
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        for (g, w) in g.iter_mut().zip(x).skip(self.biases()) {
            *g += RIDGE * w;
        }
    }

    fn no_limit(&self) -> Option<&'static str> {
        Some(match self.unit {
            Unit::Rectified => "kinks at the minimum",
            Unit::Sigmoid => "several minima",
        })
    }
}
