//! Data profiles (More and Wild, SIAM J. Optim. 20, 2009) and performance profiles (Dolan and
//! More, Math. Program. 91, 2002).

use crate::runs::Instance;
use crate::score::{Row, Scores, median};
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
    first.map_or(f64::INFINITY, |k| checkpoints(instance.budget)[k] as f64)
}

/// The median over the seeds; infinite if half of them never get there.
pub fn median_to_reach(instance: &Instance, runs: &[Run], accuracy: f64) -> f64 {
    median(runs.iter().map(|run| gradients_to_reach(instance, run, accuracy)))
}

/// Solved within so many gradients. Each problem counts by the share of its seeds.
pub fn data(scores: &Scores, accuracy: f64) -> Profile {
    let curve = |contender: usize| {
        let mut reached = Vec::new();
        for row in &scores.rows {
            let runs = row.scores[contender].runs;
            let weight = 1.0 / (runs.len() * scores.rows.len()) as f64;
            reached.extend(
                runs.iter().map(|run| (gradients_to_reach(row.instance, run, accuracy), weight)),
            );
        }
        distribution(reached)
    };
    Profile { curves: (0..scores.contenders.len()).map(curve).collect() }
}

/// Gap within a factor of the best contender's, on a binary logarithmic scale.
pub fn performance(rows: &[&Row]) -> Profile {
    let best = |gaps: &[f64]| gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let curve = |contender: usize| {
        let weight = 1.0 / rows.len() as f64;
        let ratios = rows.iter().map(|row| {
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
