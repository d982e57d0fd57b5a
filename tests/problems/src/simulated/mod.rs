//! Markov chains: expected costs by simulated paths, and the likelihood of a hidden chain.

mod control;
mod hidden;

use crate::Problem;

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all = control::problems();
    all.extend(hidden::problems());
    all
}

/// The probabilities that belong to the logarithms of weights.
fn softmax(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logits.iter().map(|x| (x - top).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / total).collect()
}

/// The index that a uniform number falls on; the last one if rounding leaves a rest.
fn pick(probabilities: &[f64], mut uniform: f64) -> usize {
    for (i, p) in probabilities.iter().enumerate() {
        uniform -= p;
        if uniform < 0.0 {
            return i;
        }
    }
    probabilities.len() - 1
}
