//! Points judged by their costs at common draws.

use crate::oracle::{Draw, StochasticCost};
use crate::param::Scalar;
use argmin::core::Error;

/// The order of costs: NaN, of either sign, is the worst.
pub(crate) fn rank(cost: f64) -> f64 {
    if cost.is_nan() { f64::INFINITY } else { cost }
}

/// Mean cost over the common draws, also relative to the best.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    pub cost: f64,
    pub standard_error: f64,
    pub excess: f64,
    pub excess_error: f64,
}

/// Mean and its standard error, by the corrected two-pass algorithm.
fn mean(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

/// Judges points by the same draws.
pub(crate) fn judge_all<J: StochasticCost>(
    judge: &J,
    params: &[&J::Param],
    seed: u64,
    draws: u64,
) -> Result<Vec<Score>, Error> {
    let costs_of = |param: &&J::Param| -> Result<Vec<f64>, Error> {
        (0..draws)
            .map(|k| Ok(judge.stochastic_cost(param, Draw::new(seed, k))?.to_f64_exact()))
            .collect()
    };
    let costs = params.iter().map(costs_of).collect::<Result<Vec<_>, Error>>()?;
    let means: Vec<_> = costs.iter().map(|costs| mean(costs.iter().copied())).collect();
    let order = |&a: &usize, &b: &usize| rank(means[a].0).total_cmp(&rank(means[b].0));
    let best = (0..costs.len()).min_by(order).expect("there is at least one point");
    let score = |(own, &(cost, standard_error)): (&Vec<f64>, &(f64, f64))| {
        let (excess, excess_error) = mean(own.iter().zip(&costs[best]).map(|(a, b)| a - b));
        Score { cost, standard_error, excess, excess_error }
    };
    Ok(std::iter::zip(&costs, &means).map(score).collect())
}
