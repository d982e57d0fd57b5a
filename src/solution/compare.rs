//! The best of a few points, by fresh draws of the cost.

use crate::error::invalid;
use crate::oracle::StochasticCost;
use crate::score::{judge_all, rank};
use argmin::core::Error;

/// The costs of some points at common draws; see [`compare_costs`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CostComparison {
    /// Index of the point with the least mean cost.
    pub best: usize,
    /// Mean cost of each point, in units of f.
    pub costs: Vec<f64>,
    /// Standard errors of the means.
    pub standard_errors: Vec<f64>,
    /// By how much each mean is above that of the best.
    pub excesses: Vec<f64>,
    /// Standard errors of the excesses, in which the common noise of a draw has cancelled.
    pub excess_errors: Vec<f64>,
}

/// Compares points, such as the recommended one, the last and the corrected one of a certificate,
/// by their costs at the same `draws` draws (>= 2) of the sequence `seed`, which should be none of
/// a run's: the least of several costs that a run has seen is biased low.
///
/// Points that differ by less than two standard errors of their excess are equally good; the costs
/// of the best are biased low by about one standard error of an excess.
///
/// ```
/// use argmin::core::{CostFunction, Error};
/// use argmin_arturo::solution::compare_costs;
///
/// struct Square;
/// impl CostFunction for Square {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok(x[0] * x[0])
///     }
/// }
/// let comparison = compare_costs(&Square, &[&vec![2.0], &vec![-1.0]], 2, 99)?;
/// assert_eq!((comparison.best, comparison.excesses), (1, vec![3.0, 0.0]));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// If there is no point, or fewer than 2 draws; those of the oracle.
pub fn compare_costs<J: StochasticCost>(
    problem: &J,
    points: &[&J::Param],
    draws: u64,
    seed: u64,
) -> Result<CostComparison, Error> {
    if points.is_empty() {
        return Err(invalid("compare_costs: there must be at least one point".into()));
    }
    if draws < 2 {
        return Err(invalid(format!("compare_costs: `draws` must be at least 2, got {draws}")));
    }
    let scores = judge_all(problem, points, seed, draws)?;
    let order = |&a: &usize, &b: &usize| rank(scores[a].cost).total_cmp(&rank(scores[b].cost));
    Ok(CostComparison {
        best: (0..points.len()).min_by(order).expect("there is at least one point"),
        costs: scores.iter().map(|score| score.cost).collect(),
        standard_errors: scores.iter().map(|score| score.standard_error).collect(),
        excesses: scores.iter().map(|score| score.excess).collect(),
        excess_errors: scores.iter().map(|score| score.excess_error).collect(),
    })
}
