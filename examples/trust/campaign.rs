//! All problems, on all cores; the results do not depend on how many there are.

use crate::generate::{Kind, problem};
use crate::judge::{Judged, judge};
use indicatif::ProgressBar;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The judged runs of one problem.
pub struct Case {
    pub seed: u64,
    pub kind: Kind,
    pub runs: Vec<Judged>,
}

/// Draws of each run without a tolerance; the last only on every `RARE`-th of a kind.
pub const BUDGETS: [u64; 3] = [100, 1000, 5000];
pub const RARE: u64 = 5;

/// The budgets of the problem number `round` of its kind.
pub fn budgets(round: u64) -> &'static [u64] {
    if round.is_multiple_of(RARE) { &BUDGETS } else { &BUDGETS[..2] }
}

/// Runs the problems of the seeds 0, 1, 2, ...
pub fn run(problems: u64, kinds: u64, progress: &ProgressBar) -> Vec<Case> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= problems {
                return done;
            }
            let problem = problem(seed);
            let runs = judge(&problem, budgets(seed / kinds));
            done.push(Case { seed, kind: problem.kind, runs });
            progress.inc(1);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut cases: Vec<Case> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("runs that panic are caught"))
            .collect()
    });
    cases.sort_by_key(|case| case.seed);
    cases
}
