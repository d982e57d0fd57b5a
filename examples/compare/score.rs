//! How good the contenders were on a budget, problem by problem and over all.

use crate::runs::Instance;
use crate::select::Half;
use crate::solvers::{Contender, Field, REFERENCE, Run, USUAL};
use std::cmp::Ordering;
use std::collections::BTreeMap;

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
    /// Those of its best method, one per seed, and their gaps.
    pub runs: Vec<(&'a Run, f64)>,
    /// Median over the seeds, floored.
    pub gap: f64,
}

/// All contenders on one problem.
pub struct Row<'a> {
    pub instance: &'a Instance,
    pub scores: Vec<Score<'a>>,
}

/// The results of a comparison on a budget: of the contenders that were run to it, on the problems
/// that were.
pub struct Scores<'a> {
    pub budget: usize,
    pub contenders: Vec<&'a Contender>,
    pub rows: Vec<Row<'a>>,
}

/// arTuRO against another contender. Counts are problems.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duel {
    pub losses: usize,
    pub ties: usize,
    pub wins: usize,
}

/// One contender over many problems. Shares and means weigh all families alike.
#[derive(Debug)]
pub struct Summary {
    pub contender: usize,
    /// Of arTuRO against it.
    pub duel: Duel,
    /// Mean of log10 of the gap over the reference's.
    pub mean_decades: f64,
    pub within_twice_reference: f64,
    pub beats_usual: f64,
    pub beats_reference: f64,
    /// Problems where a seed ended above the cost of the start, and all such seeds.
    pub above_start: (usize, usize),
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

/// The rows of every family.
pub fn by_family<'r, 'a>(rows: &[&'r Row<'a>]) -> BTreeMap<&'static str, Vec<&'r Row<'a>>> {
    let mut families: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        families.entry(row.instance.family).or_default().push(row);
    }
    families
}

/// The mean over the families of the mean of a family.
pub fn mean(rows: &[&Row], value: impl Fn(&Row) -> f64) -> f64 {
    let families = by_family(rows);
    let means = families
        .values()
        .map(|rows| rows.iter().map(|row| value(row)).sum::<f64>() / rows.len() as f64);
    means.sum::<f64>() / families.len() as f64
}

/// The share from 0 to 1 of the problems that something holds for, all families weighed alike.
pub fn share(rows: &[&Row], holds: impl Fn(&Row) -> bool) -> f64 {
    mean(rows, |row| f64::from(u8::from(holds(row))))
}

impl<'a> Row<'a> {
    fn new(instance: &'a Instance, contenders: &[&Contender], budget: usize) -> Self {
        let floor = FLOOR * instance.start_gap();
        let score = |method: &usize| {
            let judge = |run: &'a Run| Some((run, run.gap_at(budget)?));
            let runs: Vec<_> = instance.runs[*method].iter().filter_map(judge).collect();
            let gap = median(runs.iter().map(|(_, gap)| *gap)).max(floor);
            Score { runs, gap }
        };
        let best = |contender: &&Contender| {
            let scores = contender.candidates.iter().map(score);
            scores.min_by(|a, b| a.gap.total_cmp(&b.gap)).expect("a contender has a method")
        };
        Self { instance, scores: contenders.iter().map(best).collect() }
    }

    /// The gap over the statistical limit on a budget, where there is a limit.
    pub fn over_limit(&self, contender: usize, budget: usize) -> Option<f64> {
        Some(self.scores[contender].gap / self.instance.limit.ok()?.gap(budget))
    }

    /// How many seeds ended above the cost of the start.
    pub fn seeds_above_start(&self, contender: usize) -> usize {
        let start = self.instance.start_gap() * (1.0 + 1e-12);
        self.scores[contender].runs.iter().filter(|(_, gap)| *gap > start).count()
    }
}

impl<'a> Scores<'a> {
    pub fn new(field: &'a Field, instances: &'a [Instance], budget: usize) -> Self {
        let reaches = |contender: &&Contender| {
            contender.candidates.iter().all(|method| field.methods[*method].reach >= budget)
        };
        let contenders: Vec<&Contender> = field.contenders.iter().filter(reaches).collect();
        let rows = instances
            .iter()
            .filter(|instance| instance.is_run_to(budget))
            .map(|instance| Row::new(instance, &contenders, budget))
            .collect();
        Self { budget, contenders, rows }
    }

    /// The index of a contender, if it was run to this budget.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.contenders.iter().position(|contender| contender.name == name)
    }

    /// All problems, or one half of them.
    pub fn rows_of(&self, half: Option<Half>) -> Vec<&Row<'a>> {
        let chosen = |row: &&Row| half.is_none_or(|half| row.instance.half == half);
        self.rows.iter().filter(chosen).collect()
    }

    /// Every contender over some problems, the best first; none without the reference.
    pub fn ranking(&self, rows: &[&Row]) -> Vec<Summary> {
        let (Some(reference), Some(usual)) = (self.index(REFERENCE), self.index(USUAL)) else {
            return Vec::new();
        };
        let summary = |contender| summary(contender, reference, usual, rows);
        let mut ranking: Vec<Summary> = (0..self.contenders.len()).map(summary).collect();
        ranking.sort_by(|a, b| a.mean_decades.total_cmp(&b.mean_decades));
        ranking
    }
}

/// arTuRO against another contender.
pub fn duel(contender: usize, rows: &[&Row]) -> Duel {
    let mut duel = Duel::default();
    for row in rows {
        match compare(row.scores[0].gap, row.scores[contender].gap) {
            Ordering::Less => duel.wins += 1,
            Ordering::Equal => duel.ties += 1,
            Ordering::Greater => duel.losses += 1,
        }
    }
    duel
}

/// Mean of log10 of one contender's gap over another's, all families weighed alike.
pub fn mean_decades(contender: usize, other: usize, rows: &[&Row]) -> f64 {
    mean(rows, |row| decades(row.scores[contender].gap, row.scores[other].gap))
}

/// Share of problems with a gap of at most twice another contender's.
pub fn within_twice(contender: usize, other: usize, rows: &[&Row]) -> f64 {
    share(rows, |row| row.scores[contender].gap <= 2.0 * row.scores[other].gap)
}

fn summary(contender: usize, reference: usize, usual: usize, rows: &[&Row]) -> Summary {
    let beats = |other: usize| {
        share(rows, |row| compare(row.scores[contender].gap, row.scores[other].gap).is_lt())
    };
    let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
    let runs = || rows.iter().flat_map(|row| &row.scores[contender].runs);
    let convex = |row: &Row| row.instance.noise_free && row.instance.smooth_convex;
    Summary {
        contender,
        duel: duel(contender, rows),
        mean_decades: mean_decades(contender, reference, rows),
        within_twice_reference: within_twice(contender, reference, rows),
        beats_usual: beats(usual),
        beats_reference: beats(reference),
        above_start: (
            count(&|row| row.seeds_above_start(contender) > 0),
            rows.iter().map(|row| row.seeds_above_start(contender)).sum(),
        ),
        non_finite_runs: runs().filter(|(_, gap)| gap.is_infinite()).count(),
        failed_runs: runs().filter(|(run, _)| run.failure.is_some()).count(),
        convex_solved: count(&|row| {
            let solved = CONVEX_SOLVED * row.instance.start_gap();
            convex(row) && row.scores[contender].gap <= solved
        }),
        convex: count(&convex),
    }
}
