//! Linear models of categories: a few columns of each row are one, most levels are rare.
//!
//! `F(w, b) = mean_i loss(s_i, y_i) + |w|^2 / (2 n)` over n = 2000 simulated rows, with the
//! score `s_i = b + sum over the categories of row i of w` and the intercept b the last
//! coordinate. Level k of a category has a frequency in proportion to 1 / k (Zipf). A draw
//! sees at most three weights for each of its rows, and the ridge in full.
//!
//! - `logistic`: 50, 30 and 20 levels, labels of -1 and 1, loss `ln(1 + exp(-y s))` in nats;
//! - `squares`: the same levels, responses with noise of 0.5, loss `(s - y)^2 / 2`;
//! - `hashed`: 2000, 500 and 100 levels, each at a random one of 256 (logistic) or 512 (squares)
//!   columns with a random sign (Weinberger et al. 2009): levels collide.

use crate::finite_sum::{FiniteSum, add_ridge_gradient, batched, ridge};
use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, Zipf};

const ROWS: usize = 2000;
const CATEGORIES: usize = 3;

#[derive(Clone, Copy, PartialEq)]
enum Loss {
    Logistic,
    Squares,
}

struct OneHot {
    loss: Loss,
    /// Columns that all levels are hashed to; one for each level if none.
    hashed: Option<usize>,
    /// The number of weights.
    columns: usize,
    /// The columns that are not zero in a row, with their values of -1 or 1.
    rows: Vec<[(usize, f64); CATEGORIES]>,
    /// The y of each row.
    responses: Vec<f64>,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    // Damped Newton to slopes of rounding (examples/minima.rs).
    let sums = [
        OneHot::new(Loss::Logistic, None, 0.557788391545062),
        OneHot::new(Loss::Squares, None, 0.1358785549419705),
        OneHot::new(Loss::Logistic, Some(256), 0.5308287508487054),
        OneHot::new(Loss::Squares, Some(512), 0.509796563903042),
    ];
    sums.into_iter().flat_map(|sum| batched(sum, [Some(8), Some(32)])).collect()
}

impl OneHot {
    fn new(loss: Loss, hashed: Option<usize>, minimum: f64) -> Self {
        let levels: [usize; CATEGORIES] =
            if hashed.is_some() { [2000, 500, 100] } else { [50, 30, 20] };
        let count: usize = levels.iter().sum();
        let columns = hashed.unwrap_or(count);
        let mut rng = Draw::new(4, columns as u64).rng();
        // The column, sign and true effect of every level.
        let mut places = Vec::with_capacity(count);
        for level in 0..count {
            let place = match hashed {
                Some(columns) => {
                    (rng.random_range(0..columns), if rng.random() { 1.0 } else { -1.0 })
                }
                None => (level, 1.0),
            };
            places.push((place, rng.sample::<f64, _>(StandardNormal)));
        }
        let (mut rows, mut responses) = (Vec::new(), Vec::new());
        for _ in 0..ROWS {
            let (mut first, mut score) = (0, -0.5);
            let row = levels.map(|levels| {
                let zipf = Zipf::new(levels as f64, 1.0).expect("levels are positive");
                let (place, effect) = places[first + zipf.sample(&mut rng) as usize - 1];
                first += levels;
                score += effect;
                place
            });
            rows.push(row);
            responses.push(match loss {
                Loss::Logistic if rng.random::<f64>() < sigmoid(score) => 1.0,
                Loss::Logistic => -1.0,
                Loss::Squares => score + 0.5 * rng.sample::<f64, _>(StandardNormal),
            });
        }
        Self { loss, hashed, columns, rows, responses, minimum }
    }

    fn score(&self, i: usize, x: &[f64]) -> f64 {
        x[self.columns] + self.rows[i].iter().map(|(column, sign)| sign * x[*column]).sum::<f64>()
    }
}

impl FiniteSum for OneHot {
    fn name(&self) -> String {
        let loss = if self.loss == Loss::Logistic { "logistic" } else { "squares" };
        match self.hashed {
            Some(columns) => format!("onehot/{loss}/hashed={columns}"),
            None => format!("onehot/{loss}"),
        }
    }

    fn family(&self) -> &'static str {
        "onehot"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.columns + 1]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        ROWS
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let (score, y) = (self.score(i, x), self.responses[i]);
        match self.loss {
            Loss::Logistic => softplus(-y * score),
            Loss::Squares => 0.5 * (score - y).powi(2),
        }
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let (score, y) = (self.score(i, x), self.responses[i]);
        let slope = weight
            * match self.loss {
                Loss::Logistic => -y * sigmoid(-y * score),
                Loss::Squares => score - y,
            };
        for (column, sign) in self.rows[i] {
            g[column] += slope * sign;
        }
        g[self.columns] += slope;
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(&x[..self.columns], ROWS)
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        add_ridge_gradient(&x[..self.columns], ROWS, g);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}
