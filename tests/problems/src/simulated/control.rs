//! Decisions in a chain, by score functions (Williams, 1992).
//!
//! At times 0 .. T - 1 the chain in state s takes decision a with probability `softmax(x_s)_a` and
//! moves on; `F = E[sum_t c(s_t, a_t)] / T + r |x - x0|^2 / 2`, T = 20, x0 the start. A draw sums,
//! over a few paths, the scores of the decisions times the costs from then on. The exact cost sums
//! over all states, time by time.
//!
//! - `chain`: five states, the decision is the next one, at a cost that depends on both, simulated;
//!   x0 simulated, r = 0.05;
//! - `queue`: 0 to 8 customers, of whom one arrives with probability 0.4 a step (and is lost if
//!   there are 8, which costs 5); slow service ends with probability 0.3, fast with 0.7, and costs
//!   1.5; a waiting customer costs 0.5 a step; x0 = 0, r = 0.01, starting with four customers.

use super::{pick, softmax};
use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::sync::Arc;

const HORIZON: usize = 20;

struct Chain {
    source: &'static str,
    states: usize,
    decisions: usize,
    first: usize,
    /// By state and decision: the cost, and the probabilities of the next states.
    costs: Vec<f64>,
    moves: Vec<Vec<f64>>,
    start: Vec<f64>,
    ridge: f64,
    minimum: f64,
}

struct Control {
    chain: Arc<Chain>,
    /// Paths a draw.
    paths: usize,
}

// The minima come from Newton's method (examples/minima_simulation.rs).

pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for chain in [chain(), queue()].map(Arc::new) {
        for paths in [1, 16] {
            all.push(Box::new(Control { chain: chain.clone(), paths }));
        }
    }
    all
}

fn chain() -> Chain {
    let states = 5;
    let mut rng = Draw::new(53, 0).rng();
    let mut normals = |scale: f64| -> Vec<f64> {
        let normal = |_| -> f64 { StandardNormal.sample(&mut rng) };
        (0..states * states).map(normal).map(|normal| scale * normal).collect()
    };
    let next = |k: usize| (0..states).map(|s| f64::from(u8::from(s == k % states))).collect();
    Chain {
        source: "chain",
        states,
        decisions: states,
        first: 0,
        costs: normals(1.0),
        moves: (0..states * states).map(next).collect(),
        start: normals(0.5),
        ridge: 0.05,
        minimum: -0.1291593276779614,
    }
}

fn queue() -> Chain {
    let (full, arrival) = (8, 0.4);
    let pairs = || (0..=full).flat_map(|s| [(s, 0.3, 0.0), (s, 0.7, 1.5)]);
    let cost = |(s, _, price): (usize, f64, f64)| {
        let lost = if s == full { arrival * 5.0 } else { 0.0 };
        0.5 * s as f64 + price + lost
    };
    let probabilities = |(s, service, _): (usize, f64, f64)| {
        let mut next = vec![0.0; full + 1];
        for (arrives, p) in [(1, arrival), (0, 1.0 - arrival)] {
            for (served, q) in [(1, service), (0, 1.0 - service)] {
                let there = (s + arrives).min(full);
                next[there.saturating_sub(served)] += p * q;
            }
        }
        next
    };
    Chain {
        source: "queue",
        states: full + 1,
        decisions: 2,
        first: 4,
        costs: pairs().map(cost).collect(),
        moves: pairs().map(probabilities).collect(),
        start: vec![0.0; 2 * (full + 1)],
        ridge: 0.01,
        minimum: 2.179448634901774,
    }
}

impl Chain {
    /// The probabilities of the decisions, state by state.
    fn policy(&self, x: &[f64]) -> Vec<Vec<f64>> {
        x.chunks(self.decisions).map(softmax).collect()
    }

    /// The mean cost from time t on of every state, for t = T, T - 1, .., 0.
    fn values(&self, policy: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut values = vec![vec![0.0; self.states]];
        for t in 0..HORIZON {
            let now = |s: usize| {
                let decisions = policy[s].iter().enumerate();
                decisions.map(|(a, p)| p * self.decided(s, a, &values[t])).sum()
            };
            let now = (0..self.states).map(now).collect();
            values.push(now);
        }
        values
    }

    /// The mean cost from now on of a decision, given that of the next states.
    fn decided(&self, s: usize, a: usize, values: &[f64]) -> f64 {
        let k = s * self.decisions + a;
        let later: f64 = self.moves[k].iter().zip(values).map(|(p, v)| p * v).sum();
        self.costs[k] + later
    }

    fn add_ridge_gradient(&self, x: &[f64], g: &mut [f64]) {
        for ((g, x), start) in g.iter_mut().zip(x).zip(&self.start) {
            *g += self.ridge * (x - start);
        }
    }
}

impl Problem for Control {
    fn name(&self) -> String {
        format!("simulated/{}/paths={}", self.chain.source, self.paths)
    }

    fn family(&self) -> &'static str {
        "simulated"
    }

    fn start(&self) -> Vec<f64> {
        self.chain.start.clone()
    }

    fn minimum(&self) -> f64 {
        self.chain.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let values = self.chain.values(&self.chain.policy(x));
        let ridge: f64 = x.iter().zip(&self.chain.start).map(|(x, s)| (x - s).powi(2)).sum();
        values[HORIZON][self.chain.first] / HORIZON as f64 + 0.5 * self.chain.ridge * ridge
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let chain = &self.chain;
        let policy = chain.policy(x);
        let values = chain.values(&policy);
        let mut here = vec![0.0; chain.states];
        here[chain.first] = 1.0;
        g.fill(0.0);
        for t in 0..HORIZON {
            let (now, later) = (&values[HORIZON - t], &values[HORIZON - t - 1]);
            let mut next = vec![0.0; chain.states];
            for s in 0..chain.states {
                for (a, p) in policy[s].iter().enumerate() {
                    let k = s * chain.decisions + a;
                    let gain = chain.decided(s, a, later) - now[s];
                    g[k] += here[s] * p * gain / HORIZON as f64;
                    for (next, q) in next.iter_mut().zip(&chain.moves[k]) {
                        *next += here[s] * p * q;
                    }
                }
            }
            here = next;
        }
        chain.add_ridge_gradient(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let chain = &self.chain;
        let policy = chain.policy(x);
        let mut rng = draw.rng();
        let weight = 1.0 / (self.paths * HORIZON) as f64;
        g.fill(0.0);
        for _ in 0..self.paths {
            let mut path = [(0, 0); HORIZON];
            let mut s = chain.first;
            for step in &mut path {
                let a = pick(&policy[s], rng.random());
                *step = (s, a);
                s = pick(&chain.moves[s * chain.decisions + a], rng.random());
            }
            let mut rest = 0.0;
            for &(s, a) in path.iter().rev() {
                let k = s * chain.decisions;
                rest += chain.costs[k + a];
                g[k + a] += weight * rest;
                for (g, p) in g[k..].iter_mut().zip(&policy[s]) {
                    *g -= weight * rest * p;
                }
            }
        }
        chain.add_ridge_gradient(x, g);
    }

    /// The exact cost: score functions differentiate the distribution of the paths.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        false
    }
}
