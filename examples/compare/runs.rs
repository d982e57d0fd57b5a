//! All runs, on all cores; the results do not depend on how many there are.

use crate::select::{Course, Half, Plan};
use crate::solvers::{Job, Method, Run};
use indicatif::ProgressBar;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use suite::Limit;

/// The runs of all methods on one problem.
pub struct Instance {
    pub name: String,
    pub family: &'static str,
    pub half: Half,
    pub dimension: usize,
    /// What it was run to, with how many seeds.
    pub courses: Vec<Course>,
    pub start_cost: f64,
    pub minimum: f64,
    pub noise_free: bool,
    pub smooth_convex: bool,
    /// The statistical limit, or why there is none.
    pub limit: Result<&'static Limit, &'static str>,
    /// By method, in any order of budgets and seeds.
    pub runs: Vec<Vec<Run>>,
}

impl Instance {
    fn new(plan: &Plan) -> Self {
        let Plan { problem, courses } = plan;
        let (name, start) = (problem.name(), problem.start());
        let reason = suite::no_limit_reason(&name).unwrap_or("not computed");
        Self {
            half: Half::of(&name),
            limit: suite::limit(&name).ok_or(reason),
            name,
            family: problem.family(),
            dimension: start.len(),
            courses: courses.clone(),
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

    pub fn is_run_to(&self, budget: usize) -> bool {
        self.courses.iter().any(|course| course.budget == budget)
    }
}

/// The runs that judge a method at all budgets within its reach.
fn jobs(method: &Method, plan: &Plan) -> Vec<Job> {
    let courses = || plan.courses.iter().filter(|course| course.budget <= method.reach);
    let mut jobs = Vec::new();
    for course in courses() {
        for seed in 0..course.seeds {
            // the longest run of a seed tells its shorter ones
            let longer = |other: &Course| other.budget > course.budget && seed < other.seeds;
            if !(method.anytime && courses().any(longer)) {
                jobs.push(Job { problem: plan.problem.clone(), seed, budget: course.budget });
            }
        }
    }
    jobs
}

/// Runs every method on every problem with every seed.
pub fn run_all(plans: &[Plan], methods: &[Method], progress: &ProgressBar) -> Vec<Instance> {
    let mut all: Vec<(usize, usize, Job)> = Vec::new();
    for (row, plan) in plans.iter().enumerate() {
        for (column, method) in methods.iter().enumerate() {
            all.extend(jobs(method, plan).into_iter().map(|job| (row, column, job)));
        }
    }
    progress.set_length(all.iter().map(|(_, _, job)| job.budget as u64).sum());
    let runs = in_parallel(&all, |(_, column, job)| {
        progress.set_message(job.problem.name());
        let run = methods[*column].run(job);
        progress.inc(job.budget as u64);
        run
    });
    let mut instances: Vec<Instance> = plans.iter().map(Instance::new).collect();
    for instance in &mut instances {
        instance.runs.resize_with(methods.len(), Vec::new);
    }
    for ((row, column, _), run) in all.into_iter().zip(runs) {
        instances[row].runs[column].push(run);
    }
    instances
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
