//! Pairwise ranking: a draw sees winners and losers, not scores.
//!
//! `F(w) = mean over pairs of ln(1 + exp(-w.(a_winner - a_loser))) + |w|^2 / (2 n)` over n
//! pairs, in nats a pair (Bradley and Terry 1952; with features the linear RankNet, Burges et
//! al. 2005). The ridge decides the common shift that no pair can.
//!
//! - `games`: 1000 simulated games of 30 players with normal strengths; frequent players
//!   (Zipf) meet often, others hardly ever. Features are the players themselves;
//! - `tumours`: the first 100 benign above each of the first 100 malignant tumours, 30
//!   standardized features, which maximizes the area under the curve;
//! - `digits`: images of larger digits above smaller ones, among the first 80; 64 pixels, raw.

use crate::data::{BREAST_CANCER, DIGITS, standardize};
use crate::finite_sum::{FiniteSum, add_ridge_gradient, batched, ridge};
use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, Zipf};

struct Ranking {
    source: &'static str,
    features: Vec<Vec<f64>>,
    /// Rows of the winner and of the loser.
    pairs: Vec<(usize, usize)>,
    minimum: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let sums = [games(), tumours(), digits()];
    sums.into_iter().flat_map(|sum| batched(sum, [Some(1), Some(16)])).collect()
}

// The minima come from damped Newton to slopes of rounding (examples/minima.rs).

fn games() -> Ranking {
    const PLAYERS: usize = 30;
    let mut rng = Draw::new(5, 0).rng();
    let strengths: Vec<f64> = (0..PLAYERS).map(|_| rng.sample(StandardNormal)).collect();
    let zipf = Zipf::new(PLAYERS as f64, 1.0).expect("there are players");
    let mut pairs = Vec::new();
    while pairs.len() < 1000 {
        let [a, b] = [(); 2].map(|()| zipf.sample(&mut rng) as usize - 1);
        if a != b {
            let wins = rng.random::<f64>() < sigmoid(strengths[a] - strengths[b]);
            pairs.push(if wins { (a, b) } else { (b, a) });
        }
    }
    let player = |i: usize| (0..PLAYERS).map(|j| f64::from(u8::from(i == j))).collect();
    let features = (0..PLAYERS).map(player).collect();
    Ranking { source: "games", features, pairs, minimum: 0.6363416351848338 }
}

fn tumours() -> Ranking {
    let mut features = BREAST_CANCER.features.clone();
    standardize(&mut features);
    let first = |sign: f64| {
        let rows = (0..features.len()).filter(move |i| BREAST_CANCER.signs[*i] == sign);
        rows.take(100).collect::<Vec<_>>()
    };
    let (benign, malignant) = (first(1.0), first(-1.0));
    let pairs = benign.iter().flat_map(|b| malignant.iter().map(|m| (*b, *m))).collect();
    Ranking { source: "tumours", features, pairs, minimum: 0.0030970725318615806 }
}

fn digits() -> Ranking {
    let labels = &DIGITS.labels[..80];
    let pairs = (0..labels.len())
        .flat_map(|i| (0..labels.len()).map(move |j| (i, j)))
        .filter(|(i, j)| labels[*i] > labels[*j])
        .collect();
    let features = DIGITS.pixels[..80].iter().map(|pixels| pixels.to_vec()).collect();
    Ranking { source: "digits", features, pairs, minimum: 0.1493831851488572 }
}

impl Ranking {
    /// The features of the winner less those of the loser.
    fn difference(&self, i: usize) -> impl Iterator<Item = f64> {
        let (winner, loser) = self.pairs[i];
        self.features[winner].iter().zip(&self.features[loser]).map(|(a, b)| a - b)
    }

    /// The score of the winner less that of the loser.
    fn margin(&self, i: usize, x: &[f64]) -> f64 {
        self.difference(i).zip(x).map(|(a, w)| a * w).sum()
    }
}

impl FiniteSum for Ranking {
    fn name(&self) -> String {
        format!("ranking/{}", self.source)
    }

    fn family(&self) -> &'static str {
        "ranking"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.features[0].len()]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn len(&self) -> usize {
        self.pairs.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        softplus(-self.margin(i, x))
    }

    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = -weight * sigmoid(-self.margin(i, x));
        for (g, a) in g.iter_mut().zip(self.difference(i)) {
            *g += slope * a;
        }
    }

    fn regularizer(&self, x: &[f64]) -> f64 {
        ridge(x, self.len())
    }

    fn add_regularizer_gradient(&self, x: &[f64], g: &mut [f64]) {
        add_ridge_gradient(x, self.len(), g);
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}
