//! Skip-grams with negative samples (Mikolov et al. 2013) on a simulated corpus.
//!
//! A word c is seen beside a word o with probability p(c, o), by Zipf's law and alike topics;
//! k = 5 negative words w are drawn from q, the frequencies to the power 3/4. With the vectors
//! u_c of words and v_o of neighbours
//!
//! `F = E [l(-u_c.v_o) + sum_w l(u_c.v_w) + (r / 2) (|u_c|^2 + |v_o|^2 + sum_w |v_w|^2)]`
//!
//! in nats a pair, with `l(t) = ln(1 + exp(t))` and r = 0.02. Coordinates: the vectors u word by
//! word, then the vectors v. A draw touches the vectors of its words only: the slopes of rare
//! words are exact zeros in nearly all draws.

use crate::logistic::{sigmoid, softplus};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, weighted::WeightedIndex};
use std::sync::Arc;

const NEGATIVES: usize = 5;
const RIDGE: f64 = 0.02;

/// The words and how often they meet.
struct Corpus {
    words: usize,
    dimension: usize,
    /// p(c, o), neighbour after neighbour of word after word.
    pairs: Vec<f64>,
    /// q(w).
    noise: Vec<f64>,
    pair: WeightedIndex<f64>,
    negative: WeightedIndex<f64>,
    minimum: f64,
}

struct Embedding {
    corpus: Arc<Corpus>,
    /// Pairs a draw.
    batch: usize,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let corpora = [Corpus::new(40, 3, 2.410340311367717), Corpus::new(100, 4, 2.4898675227514135)]
        .map(Arc::new);
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for corpus in corpora {
        for batch in [1, 16] {
            all.push(Box::new(Embedding { corpus: corpus.clone(), batch }));
        }
    }
    all
}

impl Corpus {
    fn new(words: usize, dimension: usize, minimum: f64) -> Self {
        let mut rng = Draw::new(46, words as u64).rng();
        let topics: Vec<[f64; 3]> =
            (0..words).map(|_| [0, 1, 2].map(|_| StandardNormal.sample(&mut rng))).collect();
        let mut pairs = Vec::with_capacity(words * words);
        for c in 0..words {
            for o in 0..words {
                let alike: f64 = topics[c].iter().zip(topics[o]).map(|(a, b)| a * b).sum();
                pairs.push(alike.exp().min(20.0) / ((c + 1) * (o + 1)) as f64);
            }
        }
        let total: f64 = pairs.iter().sum();
        pairs.iter_mut().for_each(|p| *p /= total);
        let frequency = |o: usize| pairs.iter().skip(o).step_by(words).sum::<f64>().powf(0.75);
        let mut noise: Vec<f64> = (0..words).map(frequency).collect();
        let total: f64 = noise.iter().sum();
        noise.iter_mut().for_each(|q| *q /= total);
        let [pair, negative] =
            [&pairs, &noise].map(|p| WeightedIndex::new(p).expect("probabilities are positive"));
        Self { words, dimension, pairs, noise, pair, negative, minimum }
    }

    /// Where u_c and v_o are.
    fn places(&self, c: usize, o: usize) -> (usize, usize) {
        (self.dimension * c, self.dimension * (self.words + o))
    }

    fn product(&self, c: usize, o: usize, x: &[f64]) -> f64 {
        let (u, v) = self.places(c, o);
        x[u..u + self.dimension].iter().zip(&x[v..]).map(|(u, v)| u * v).sum()
    }

    fn add_ridge_gradient(&self, first: usize, weight: f64, x: &[f64], g: &mut [f64]) {
        for i in first..first + self.dimension {
            g[i] += weight * RIDGE * x[i];
        }
    }

    fn add_product_gradient(&self, c: usize, o: usize, slope: f64, x: &[f64], g: &mut [f64]) {
        let (u, v) = self.places(c, o);
        for i in 0..self.dimension {
            g[u + i] += slope * x[v + i];
            g[v + i] += slope * x[u + i];
        }
    }

    fn ridge(&self, first: usize, x: &[f64]) -> f64 {
        0.5 * RIDGE * x[first..first + self.dimension].iter().map(|x| x * x).sum::<f64>()
    }

    /// How often words c and o are drawn as neighbours, and o as a negative of c, a pair.
    fn rates(&self) -> impl Iterator<Item = (usize, usize, f64, f64)> {
        self.pairs.chunks_exact(self.words).enumerate().flat_map(move |(c, row)| {
            let negatives = NEGATIVES as f64 * row.iter().sum::<f64>();
            let rates = row.iter().zip(&self.noise).enumerate();
            rates.map(move |(o, (p, q))| (c, o, *p, negatives * q))
        })
    }
}

impl Embedding {
    /// The words of a pair and its negatives.
    fn sample(&self, rng: &mut impl Rng) -> (usize, usize, [usize; NEGATIVES]) {
        let pair = self.corpus.pair.sample(rng);
        let negatives = std::array::from_fn(|_| self.corpus.negative.sample(rng));
        (pair / self.corpus.words, pair % self.corpus.words, negatives)
    }
}

impl Problem for Embedding {
    fn name(&self) -> String {
        let Corpus { words, dimension, .. } = *self.corpus;
        format!("embedding/words={words}/dimension={dimension}/batch={}", self.batch)
    }

    fn family(&self) -> &'static str {
        "embedding"
    }

    /// Normal with standard deviation 0.1: at zero all slopes vanish.
    fn start(&self) -> Vec<f64> {
        let mut rng = Draw::new(47, 0).rng();
        let normals = StandardNormal.sample_iter(&mut rng).map(|normal: f64| 0.1 * normal);
        normals.take(2 * self.corpus.words * self.corpus.dimension).collect()
    }

    /// The best known, not proven: the lowest of BFGS runs from the start and from random points
    /// (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        self.corpus.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let corpus = &self.corpus;
        let terms = corpus.rates().map(|(c, o, pairs, negatives)| {
            let (u, v) = corpus.places(c, o);
            let product = corpus.product(c, o, x);
            pairs * (softplus(-product) + corpus.ridge(u, x))
                + negatives * softplus(product)
                + (pairs + negatives) * corpus.ridge(v, x)
        });
        terms.sum()
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.fill(0.0);
        let corpus = &self.corpus;
        for (c, o, pairs, negatives) in corpus.rates() {
            let (u, v) = corpus.places(c, o);
            let product = corpus.product(c, o, x);
            let slope = negatives * sigmoid(product) - pairs * sigmoid(-product);
            corpus.add_product_gradient(c, o, slope, x, g);
            corpus.add_ridge_gradient(u, pairs, x, g);
            corpus.add_ridge_gradient(v, pairs + negatives, x, g);
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        g.fill(0.0);
        let corpus = &self.corpus;
        let mut rng = draw.rng();
        let weight = 1.0 / self.batch as f64;
        for _ in 0..self.batch {
            let (c, o, negatives) = self.sample(&mut rng);
            let slope = -weight * sigmoid(-corpus.product(c, o, x));
            corpus.add_product_gradient(c, o, slope, x, g);
            let (u, v) = corpus.places(c, o);
            corpus.add_ridge_gradient(u, weight, x, g);
            corpus.add_ridge_gradient(v, weight, x, g);
            for w in negatives {
                let slope = weight * sigmoid(corpus.product(c, w, x));
                corpus.add_product_gradient(c, w, slope, x, g);
                corpus.add_ridge_gradient(corpus.places(c, w).1, weight, x, g);
            }
        }
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let corpus = &self.corpus;
        let mut rng = draw.rng();
        let pairs = (0..self.batch).map(|_| {
            let (c, o, negatives) = self.sample(&mut rng);
            let (u, v) = corpus.places(c, o);
            let negatives = negatives.into_iter().map(|w| {
                softplus(corpus.product(c, w, x)) + corpus.ridge(corpus.places(c, w).1, x)
            });
            softplus(-corpus.product(c, o, x))
                + corpus.ridge(u, x)
                + corpus.ridge(v, x)
                + negatives.sum::<f64>()
        });
        pairs.sum::<f64>() / self.batch as f64
    }

    fn no_limit(&self) -> Option<&'static str> {
        Some("flat directions: all vectors can be turned")
    }
}
