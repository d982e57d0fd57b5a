//! Location and logarithm of the scale from far away.
//!
//! - `gaussian`: `F(m, s) = E[s + (y - m)^2 exp(-2 s) / 2]` with y ~ N(3, 1), the cross entropy of
//!   a normal model without its constant; the expectation is in closed form, and a draw has ten
//!   new values of y.
//! - `t3`: three columns of 300 values, simulated from Student's t with 3 degrees of freedom at
//!   locations 3, -1, 20 and scales 1, 0.1, 10; F is the mean over the rows of the sum over the
//!   columns of `s_j + 2 ln(1 + (y_j - m_j)^2 exp(-2 s_j) / 3)`. Coordinates: m, then s.
//!
//! Every location starts at 0 and every log-scale at the number in the name. Far above the
//! scale of the data the cost is linear in s, and locations have next to no slope.

use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use rand_distr::{Distribution, StandardNormal, StudentT};

const MEAN: f64 = 3.0;
/// Values of y a draw.
const BATCH: usize = 10;
const COLUMNS: usize = 3;
const ROWS: u64 = 300;
const LOCATIONS: [f64; COLUMNS] = [3.0, -1.0, 20.0];
const SCALES: [f64; COLUMNS] = [1.0, 0.1, 10.0];

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for start in [1.0, 5.0, 8.0] {
        all.push(Box::new(Gaussian { start }));
    }
    for start in [1.0, 8.0] {
        all.extend(batched(Heavy::new(start), [Some(BATCH)]));
    }
    all
}

struct Gaussian {
    /// The logarithm of the scale.
    start: f64,
}

impl Gaussian {
    /// The cost of a draw; writes its gradient.
    fn draw(x: &[f64], draw: Draw, g: &mut [f64]) -> f64 {
        let mut rng = draw.rng();
        let precision = (-2.0 * x[1]).exp();
        g.copy_from_slice(&[0.0, 1.0]);
        let mut cost = x[1];
        for _ in 0..BATCH {
            let normal: f64 = StandardNormal.sample(&mut rng);
            let residual = MEAN + normal - x[0];
            g[0] -= residual * precision / BATCH as f64;
            g[1] -= residual * residual * precision / BATCH as f64;
            cost += 0.5 * residual * residual * precision / BATCH as f64;
        }
        cost
    }
}

impl Problem for Gaussian {
    fn name(&self) -> String {
        format!("normal/gaussian/log_scale={}/batch={BATCH}", self.start)
    }

    fn family(&self) -> &'static str {
        "normal"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0, self.start]
    }

    /// In closed form, at (3, 0).
    fn minimum(&self) -> f64 {
        0.5
    }

    fn cost(&self, x: &[f64]) -> f64 {
        x[1] + 0.5 * ((MEAN - x[0]).powi(2) + 1.0) * (-2.0 * x[1]).exp()
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let (residual, precision) = (MEAN - x[0], (-2.0 * x[1]).exp());
        g[0] = -residual * precision;
        g[1] = 1.0 - (residual * residual + 1.0) * precision;
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        Self::draw(x, draw, g);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        Self::draw(x, draw, &mut [0.0; 2])
    }
}

struct Heavy {
    /// The logarithm of every scale.
    start: f64,
    rows: Vec<[f64; COLUMNS]>,
}

impl Heavy {
    fn new(start: f64) -> Self {
        let t = StudentT::new(3.0).expect("three degrees of freedom are positive");
        let row = |i: u64| {
            let mut rng = Draw::new(31, i).rng();
            std::array::from_fn(|j| LOCATIONS[j] + SCALES[j] * t.sample(&mut rng))
        };
        Self { start, rows: (0..ROWS).map(row).collect() }
    }
}

impl FiniteSum for Heavy {
    fn name(&self) -> String {
        format!("normal/t3/log_scale={}", self.start)
    }

    fn family(&self) -> &'static str {
        "normal"
    }

    fn start(&self) -> Vec<f64> {
        [[0.0; COLUMNS], [self.start; COLUMNS]].concat()
    }

    /// Newton from several starts (examples/minima_simulation.rs).
    fn minimum(&self) -> f64 {
        2.316485667484849
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let (locations, logs) = x.split_at(COLUMNS);
        let columns = (0..COLUMNS).map(|j| {
            let u = (self.rows[i][j] - locations[j]) * (-logs[j]).exp();
            logs[j] + 2.0 * (u * u / 3.0).ln_1p()
        });
        columns.sum()
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        for j in 0..COLUMNS {
            let inverse = (-x[COLUMNS + j]).exp();
            let u = (self.rows[i][j] - x[j]) * inverse;
            let slope = 4.0 * u / (3.0 + u * u);
            g[j] -= weight * slope * inverse;
            g[COLUMNS + j] += weight * (1.0 - slope * u);
        }
    }
}
