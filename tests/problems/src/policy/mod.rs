//! Policy gradients by score functions (REINFORCE, Williams 1992).
//!
//! A policy chooses action a in state s with probability pi(a | s), the softmax of `W f(s)` with
//! the features f. `F = -E [sum of T rewards] + (r / 2) |W|^2`, exact by the values of states,
//! backward, and their probabilities, forward. The ridge r makes the minimum finite and unique
//! along the shifts of all logits. Coordinates: W action by action.
//!
//! A draw is the mean over episodes of `-(R - b) grad ln pi`, with the return R and a baseline b:
//! none, or the mean return of the other episodes (leave one out). Its variance depends on x
//! through what is tried at all, and it is no gradient of a function.
//!
//! - `bandit`: ten arms with mean rewards 2, 2.1, ... in random order, their standard deviation
//!   0.5; r = 0.01.
//! - `digits`: a contextual bandit; 3, 5 or 8 is guessed from the means of 16 blocks of pixels, and
//!   a right guess earns 1, give or take 0.1; r = 0.001.
//! - `grid`: eight steps from the lowest row of 4 by 3 cells to a corner that earns 1 a step, past a
//!   cell that costs 1; one of five moves goes in a random direction, and rewards have a standard
//!   deviation of 0.1. One weight per cell and action; r = 0.01.

mod tasks;

use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::sync::Arc;
use tasks::{bandit, digits, grid};

struct Task {
    name: &'static str,
    /// The features of every state.
    features: Vec<Vec<f64>>,
    actions: usize,
    /// The mean reward of every action in state after state.
    rewards: Vec<f64>,
    /// The standard deviation of rewards.
    noise: f64,
    /// The next states and their probabilities, like the rewards; none if one step ends the task.
    moves: Vec<Vec<(usize, f64)>>,
    /// Episodes begin in the first of the states, uniformly.
    starts: usize,
    steps: usize,
    ridge: f64,
    minimum: f64,
}

struct Reinforce {
    task: Arc<Task>,
    /// Episodes a draw.
    episodes: usize,
    baseline: bool,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for task in [bandit(), digits(), grid()].map(Arc::new) {
        for (episodes, baseline) in [(1, false), (8, true)] {
            all.push(Box::new(Reinforce { task: task.clone(), episodes, baseline }));
        }
    }
    all
}

impl Task {
    fn policy(&self, state: usize, x: &[f64]) -> Vec<f64> {
        let f = &self.features[state];
        let rows = x.chunks_exact(f.len());
        let logits: Vec<f64> =
            rows.map(|row| row.iter().zip(f).map(|(w, f)| w * f).sum()).collect();
        let top = logits.iter().fold(f64::NEG_INFINITY, |top, l| top.max(*l));
        let mut odds: Vec<f64> = logits.iter().map(|l| (l - top).exp()).collect();
        let sum: f64 = odds.iter().sum();
        odds.iter_mut().for_each(|p| *p /= sum);
        odds
    }

    fn policies(&self, x: &[f64]) -> Vec<Vec<f64>> {
        (0..self.features.len()).map(|state| self.policy(state, x)).collect()
    }

    /// The mean return of an action, from the values of the states after it.
    fn value(&self, state: usize, action: usize, next: &[f64]) -> f64 {
        let i = state * self.actions + action;
        let moves = self.moves.get(i).into_iter().flatten();
        self.rewards[i] + moves.map(|&(to, p)| p * next[to]).sum::<f64>()
    }

    /// The values of all states at all times, and the zeros after the last.
    fn values(&self, policies: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut values = vec![vec![0.0; policies.len()]];
        for t in 0..self.steps {
            let mean = |(state, policy): (usize, &Vec<f64>)| {
                let actions = policy.iter().enumerate();
                actions.map(|(a, p)| p * self.value(state, a, &values[t])).sum()
            };
            values.push(policies.iter().enumerate().map(mean).collect());
        }
        values.reverse();
        values
    }

    /// Adds `weight` times the gradient of `sum_a slopes_a logit_a(state)`.
    fn add_logit_gradient(&self, state: usize, slopes: &[f64], weight: f64, g: &mut [f64]) {
        let f = &self.features[state];
        for (row, slope) in g.chunks_exact_mut(f.len()).zip(slopes) {
            for (g, f) in row.iter_mut().zip(f) {
                *g += weight * slope * f;
            }
        }
    }

    /// The return of an episode and the gradient of its log probability.
    fn episode(&self, x: &[f64], rng: &mut impl Rng) -> (f64, Vec<f64>) {
        let mut state = rng.random_range(0..self.starts);
        let (mut total, mut score) = (0.0, vec![0.0; x.len()]);
        for _ in 0..self.steps {
            let mut policy = self.policy(state, x);
            let action = pick(policy.iter().copied(), rng);
            policy.iter_mut().for_each(|p| *p = -*p);
            policy[action] += 1.0;
            self.add_logit_gradient(state, &policy, 1.0, &mut score);
            let i = state * self.actions + action;
            let noise: f64 = StandardNormal.sample(rng);
            total += self.rewards[i] + self.noise * noise;
            if let Some(moves) = self.moves.get(i) {
                state = moves[pick(moves.iter().map(|m| m.1), rng)].0;
            }
        }
        (total, score)
    }
}

/// The number of one of the probabilities, which sum to 1.
fn pick(probabilities: impl ExactSizeIterator<Item = f64>, rng: &mut impl Rng) -> usize {
    let last = probabilities.len() - 1;
    let mut rest = rng.random::<f64>();
    let reached = |p: f64| {
        rest -= p;
        rest < 0.0
    };
    // Rounding may leave a rest beyond the sum.
    probabilities.map(reached).position(|reached| reached).unwrap_or(last)
}

impl Problem for Reinforce {
    fn name(&self) -> String {
        let baseline = if self.baseline { "leave_one_out" } else { "plain" };
        format!("policy/{}/{baseline}/episodes={}", self.task.name, self.episodes)
    }

    fn family(&self) -> &'static str {
        "policy"
    }

    /// Normal with standard deviation 0.1: zero is a saddle where two moves do the same.
    fn start(&self) -> Vec<f64> {
        let normals = StandardNormal.sample_iter(Draw::new(50, 0).rng());
        let normals = normals.map(|normal: f64| 0.1 * normal);
        normals.take(self.task.actions * self.task.features[0].len()).collect()
    }

    /// BFGS on the exact cost to slopes of 1e-13, the lowest of the start and random points
    /// (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        self.task.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let task = &self.task;
        let value: f64 = task.values(&task.policies(x))[0][..task.starts].iter().sum();
        0.5 * task.ridge * x.iter().map(|x| x * x).sum::<f64>() - value / task.starts as f64
    }

    /// The policy gradient theorem (Sutton et al. 2000).
    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let task = &self.task;
        let policies = task.policies(x);
        let values = task.values(&policies);
        for (g, x) in g.iter_mut().zip(x) {
            *g = task.ridge * x;
        }
        let mut visits = vec![0.0; policies.len()];
        visits[..task.starts].fill(1.0 / task.starts as f64);
        for t in 0..task.steps {
            let mut next = vec![0.0; policies.len()];
            for (state, policy) in policies.iter().enumerate() {
                let advantage = |(a, p): (usize, &f64)| {
                    p * (task.value(state, a, &values[t + 1]) - values[t][state])
                };
                let slopes: Vec<f64> = policy.iter().enumerate().map(advantage).collect();
                task.add_logit_gradient(state, &slopes, -visits[state], g);
                for (a, p) in policy.iter().enumerate() {
                    let moves = task.moves.get(state * task.actions + a).into_iter().flatten();
                    for &(to, q) in moves {
                        next[to] += visits[state] * p * q;
                    }
                }
            }
            visits = next;
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let mut rng = draw.rng();
        let episodes: Vec<_> = (0..self.episodes).map(|_| self.task.episode(x, &mut rng)).collect();
        let count = self.episodes as f64;
        let total: f64 = episodes.iter().map(|episode| episode.0).sum();
        for (g, x) in g.iter_mut().zip(x) {
            *g = self.task.ridge * x;
        }
        for (value, score) in &episodes {
            let baseline = if self.baseline { (total - value) / (count - 1.0) } else { 0.0 };
            for (g, score) in g.iter_mut().zip(score) {
                *g -= (value - baseline) * score / count;
            }
        }
    }

    /// What an episode earns says nothing about its policy's neighbours.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        false
    }
}
