//! All runs, on all cores; the results do not depend on how many there are.

use crate::select::Half;
use crate::solvers::{Job, Method, Run};
use indicatif::ProgressBar;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use suite::Problem;

/// The runs of all methods on one problem.
pub struct Instance {
    pub name: String,
    pub family: &'static str,
    pub half: Half,
    pub dimension: usize,
    /// Gradients each run may draw.
    pub budget: usize,
    pub start_cost: f64,
    pub minimum: f64,
    pub noise_free: bool,
    pub smooth_convex: bool,
    /// By method, then seed; without noise all seeds are alike, and there is one.
    pub runs: Vec<Vec<Run>>,
}

impl Instance {
    fn new(problem: &dyn Problem) -> Self {
        let start = problem.start();
        Self {
            half: Half::of(&problem.name()),
            name: problem.name(),
            family: problem.family(),
            dimension: start.len(),
            budget: problem.budget(),
            start_cost: problem.cost(&start),
            minimum: problem.minimum(),
            noise_free: problem.noise_free(),
            smooth_convex: problem.smooth_convex(),
            runs: Vec::new(),
        }
    }

    /// The gap of the start.
    pub fn start_gap(&self) -> f64 {
        self.start_cost - self.minimum
    }
}

/// Runs every method on every problem with every seed.
pub fn run_all(
    problems: &[Arc<dyn Problem>],
    methods: &[Method],
    seeds: u64,
    progress: &ProgressBar,
) -> Vec<Instance> {
    let jobs: Vec<(&Method, Job)> = problems
        .iter()
        .flat_map(|problem| {
            let seeds = if problem.noise_free() { 1 } else { seeds };
            let job = move |seed| Job { problem: problem.clone(), seed, budget: problem.budget() };
            methods.iter().flat_map(move |method| (0..seeds).map(move |seed| (method, job(seed))))
        })
        .collect();
    progress.set_length(jobs.len() as u64);
    let mut runs = in_parallel(&jobs, |(method, job)| {
        progress.set_message(job.problem.name());
        let run = method.run(job);
        progress.inc(1);
        run
    })
    .into_iter();
    problems
        .iter()
        .map(|problem| {
            let mut instance = Instance::new(problem.as_ref());
            let seeds = if instance.noise_free { 1 } else { seeds as usize };
            instance.runs = methods.iter().map(|_| runs.by_ref().take(seeds).collect()).collect();
            instance
        })
        .collect()
}

/// The results in the order of the inputs.
fn in_parallel<T: Sync, R: Send>(inputs: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match inputs.get(index) {
                Some(input) => done.push((index, work(input))),
                None => return done,
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker does not panic"))
            .collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
