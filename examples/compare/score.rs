//! How good the contenders were, problem by problem and over all.

use crate::runs::Instance;
use crate::select::Half;
use crate::solvers::{Contender, Field, REFERENCE, Run, USUAL};
use std::cmp::Ordering;

/// Gaps below this part of the start's are alike: they are rounding.
const FLOOR: f64 = 1e-13;
/// Gaps that differ by less than this factor tie.
const TIE: f64 = 1.1;
/// A decade count beyond this is cut in means, so that no single problem decides.
const MOST_DECADES: f64 = 4.0;
/// Part of the start's gap that counts as solved where cost is smooth, convex and without noise.
const CONVEX_SOLVED: f64 = 1e-10;

/// One contender on one problem.
pub struct Score<'a> {
    /// Those of its best method, one per seed.
    pub runs: &'a [Run],
    /// Median over the seeds, floored.
    pub gap: f64,
}

/// All contenders on one problem.
pub struct Row<'a> {
    pub instance: &'a Instance,
    pub scores: Vec<Score<'a>>,
}

/// The results of a comparison.
pub struct Scores<'a> {
    pub contenders: &'a [Contender],
    pub rows: Vec<Row<'a>>,
}

/// One contender over many problems. Counts are problems unless they say otherwise.
#[derive(Debug)]
pub struct Summary {
    pub contender: usize,
    pub problems: usize,
    /// Of arTuRO against it.
    pub wins: usize,
    pub ties: usize,
    pub losses: usize,
    /// Mean of log10 of the gap over the reference's.
    pub mean_decades: f64,
    pub within_twice_reference: usize,
    pub beats_usual: usize,
    pub beats_reference: usize,
    /// The worst seed ended above the cost of the start.
    pub above_start: usize,
    pub non_finite_runs: usize,
    /// Runs that an error ended.
    pub failed_runs: usize,
    /// Smooth convex problems without noise, solved and all.
    pub convex_solved: usize,
    pub convex: usize,
}

/// The upper median.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::INFINITY)
}

/// Decades from `other` to `gap`, cut at both ends.
pub fn decades(gap: f64, other: f64) -> f64 {
    let decades = if gap == other { 0.0 } else { (gap / other).log10() };
    decades.clamp(-MOST_DECADES, MOST_DECADES)
}

/// Less if `gap` wins.
pub fn compare(gap: f64, other: f64) -> Ordering {
    if gap < other / TIE {
        Ordering::Less
    } else if gap > other * TIE {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

impl<'a> Row<'a> {
    fn new(instance: &'a Instance, contenders: &[Contender]) -> Self {
        let floor = FLOOR * instance.start_gap();
        let score = |method: &usize| {
            let runs = instance.runs[*method].as_slice();
            Score { runs, gap: median(runs.iter().map(Run::gap)).max(floor) }
        };
        let best = |contender: &Contender| {
            let scores = contender.candidates.iter().map(score);
            scores.min_by(|a, b| a.gap.total_cmp(&b.gap)).expect("a contender has a method")
        };
        Self { instance, scores: contenders.iter().map(best).collect() }
    }
}

impl<'a> Scores<'a> {
    pub fn new(field: &'a Field, instances: &'a [Instance]) -> Self {
        let contenders = field.contenders.as_slice();
        let rows = instances.iter().map(|instance| Row::new(instance, contenders)).collect();
        Self { contenders, rows }
    }

    /// The index of a contender.
    pub fn index(&self, name: &str) -> usize {
        let found = self.contenders.iter().position(|contender| contender.name == name);
        found.unwrap_or_else(|| panic!("no contender is called {name}"))
    }

    /// All problems, or one half of them.
    pub fn rows_of(&self, half: Option<Half>) -> Vec<&Row<'a>> {
        let chosen = |row: &&Row| half.is_none_or(|half| row.instance.half == half);
        self.rows.iter().filter(chosen).collect()
    }

    /// Every contender over some problems, the best first.
    pub fn ranking(&self, rows: &[&Row]) -> Vec<Summary> {
        let mut ranking: Vec<Summary> =
            (0..self.contenders.len()).map(|contender| self.summary(contender, rows)).collect();
        ranking.sort_by(|a, b| a.mean_decades.total_cmp(&b.mean_decades));
        ranking
    }

    /// Mean of log10 of a contender's gap over the reference's.
    pub fn mean_decades(&self, contender: usize, rows: &[&Row]) -> f64 {
        let reference = self.index(REFERENCE);
        let all =
            rows.iter().map(|row| decades(row.scores[contender].gap, row.scores[reference].gap));
        all.sum::<f64>() / rows.len() as f64
    }

    fn summary(&self, contender: usize, rows: &[&Row]) -> Summary {
        let (reference, usual) = (self.index(REFERENCE), self.index(USUAL));
        let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
        let outcome = |row: &Row| compare(row.scores[0].gap, row.scores[contender].gap);
        let gap = |row: &Row| row.scores[contender].gap;
        let runs = || rows.iter().flat_map(|row| row.scores[contender].runs);
        let convex = |row: &Row| row.instance.noise_free && row.instance.smooth_convex;
        Summary {
            contender,
            problems: rows.len(),
            wins: count(&|row| outcome(row).is_lt()),
            ties: count(&|row| outcome(row).is_eq()),
            losses: count(&|row| outcome(row).is_gt()),
            mean_decades: self.mean_decades(contender, rows),
            within_twice_reference: count(&|row| gap(row) <= 2.0 * row.scores[reference].gap),
            beats_usual: count(&|row| compare(gap(row), row.scores[usual].gap).is_lt()),
            beats_reference: count(&|row| compare(gap(row), row.scores[reference].gap).is_lt()),
            above_start: count(&|row| {
                let start = row.instance.start_gap() * (1.0 + 1e-12);
                row.scores[contender].runs.iter().any(|run| run.gap() > start)
            }),
            non_finite_runs: runs().filter(|run| run.gap().is_infinite()).count(),
            failed_runs: runs().filter(|run| run.failure.is_some()).count(),
            convex_solved: count(&|row| {
                convex(row) && gap(row) <= CONVEX_SOLVED * row.instance.start_gap()
            }),
            convex: count(&convex),
        }
    }
}
