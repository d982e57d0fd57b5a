//! Data profiles (More and Wild, SIAM J. Optim. 20, 2009) and performance profiles (Dolan and
//! More, Math. Program. 91, 2002). All families weigh alike.

use crate::runs::Instance;
use crate::score::{Row, Scores, by_family, median};
use crate::solvers::Run;
use crate::trace::checkpoints;

/// Parts of the start's gap that count as solved.
pub const ACCURACIES: [f64; 3] = [1e-1, 1e-3, 1e-5];

/// The share of problems, from 0 to 1, that each contender solves by a cost on the abscissa.
pub struct Profile {
    pub curves: Vec<Vec<(f64, f64)>>,
}

/// Gradients until a run first stands within `accuracy` of the minimum, in gaps of the start.
fn gradients_to_reach(instance: &Instance, run: &Run, accuracy: f64) -> f64 {
    let target = accuracy * instance.start_gap();
    let first = run.gaps.iter().position(|gap| *gap <= target);
    first.map_or(f64::INFINITY, |k| checkpoints(run.budget)[k] as f64)
}

/// The median over the seeds; infinite if half of them never get there within the budget.
pub fn median_to_reach(row: &Row, contender: usize, budget: usize, accuracy: f64) -> f64 {
    let reached = row.scores[contender].runs.iter().map(|(run, _)| {
        let count = gradients_to_reach(row.instance, run, accuracy);
        if count <= budget as f64 { count } else { f64::INFINITY }
    });
    median(reached)
}

/// Solved within so many gradients on any of the budgets, each problem of the last of them by the
/// share of its seeds. A contender not run to it is followed to where it was.
pub fn data(all: &[&Scores], accuracy: f64) -> Profile {
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return Profile { curves: Vec::new() };
    };
    let rows: Vec<&Row> = last.rows.iter().collect();
    let curve = |name: &str| {
        let mut reached = Vec::new();
        for (row, weight) in weighted(&rows) {
            let seeds = row.scores[0].runs.len();
            let fewest = (0..seeds as u64).map(|seed| {
                let of_budget =
                    |scores: &&Scores| fewest(scores, row.instance, name, seed, accuracy);
                all.iter().map(of_budget).fold(f64::INFINITY, f64::min)
            });
            reached.extend(fewest.map(|count| (count, weight / seeds as f64)));
        }
        distribution(reached)
    };
    Profile { curves: first.contenders.iter().map(|contender| curve(contender.name)).collect() }
}

/// Gradients that a seed of a contender needs in the runs that judge it on one budget.
fn fewest(scores: &Scores, instance: &Instance, name: &str, seed: u64, accuracy: f64) -> f64 {
    let row = scores.rows.iter().find(|row| row.instance.name == instance.name);
    let runs = row.zip(scores.index(name)).map(|(row, index)| &row.scores[index].runs);
    let counts = runs.into_iter().flatten().filter(|(run, _)| run.seed == seed);
    let counts = counts.map(|(run, _)| gradients_to_reach(instance, run, accuracy));
    counts.filter(|count| *count <= scores.budget as f64).fold(f64::INFINITY, f64::min)
}

/// Gap within a factor of the best contender's, on a binary logarithmic scale.
pub fn performance(rows: &[&Row]) -> Profile {
    let best = |gaps: &[f64]| gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let curve = |contender: usize| {
        let ratios = weighted(rows).into_iter().map(|(row, weight)| {
            let gaps: Vec<f64> = row.scores.iter().map(|score| score.gap).collect();
            // infinity over infinity: nobody solved it
            let ratio = (gaps[contender] / best(&gaps)).log2();
            (if ratio.is_nan() { f64::INFINITY } else { ratio }, weight)
        });
        distribution(ratios.collect())
    };
    let contenders = rows.first().map_or(0, |row| row.scores.len());
    Profile { curves: (0..contenders).map(curve).collect() }
}

/// Weights that add up to 1, alike for all families and within a family.
fn weighted<'r, 'a>(rows: &[&'r Row<'a>]) -> Vec<(&'r Row<'a>, f64)> {
    let families = by_family(rows);
    let weight = |rows: &[&Row]| 1.0 / (families.len() * rows.len()) as f64;
    let weigh = |rows: &Vec<&'r Row<'a>>| rows.iter().map(|row| (*row, weight(rows))).collect();
    families.values().flat_map(|rows| -> Vec<_> { weigh(rows) }).collect()
}

/// The cumulative weights of the finite values, as the corners of a step function.
fn distribution(mut values: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    values.retain(|(value, _)| value.is_finite());
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut corners: Vec<(f64, f64)> = Vec::new();
    let mut total = 0.0;
    for (value, weight) in values {
        if corners.last().is_none_or(|corner| corner.0 < value) {
            corners.push((value, total));
        }
        total += weight;
        corners.push((value, total));
    }
    corners
}
