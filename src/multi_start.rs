//! Several runs of a solver, and the best of them.

use crate::error::invalid;
use crate::oracle::StochasticCost;
use crate::param::ParamVec;
use crate::score::{Score, judge_all, rank};
use argmin::argmin_error_closure;
use argmin::core::{Error, OptimizationResult, State};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs a solver from several starts, and judges the results by fresh common draws of the cost.
///
/// For noise as well as for local minima: several seeds show how much of a result is chance. The costs
/// that the runs report are not used, since the least of several noisy values is biased low. The
/// recommended points of all runs are evaluated at the same K draws (common random numbers), which no
/// run has seen; the best has the least mean.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`new`](Self::new) | starts, each with the seed of its number | none |
/// | [`with_seeds`](Self::with_seeds) | seeds for each start | 0, 1, 2, ... |
/// | [`with_evaluation`](Self::with_evaluation) | K >= 1, and the seed of its draws | 1000; 1 for an exact cost |
/// | [`with_threads`](Self::with_threads) | threads, >= 1 | as many as there are cores |
#[cfg_attr(feature = "rayon", doc = "| [`on_rayon`](Self::on_rayon) | the threads of rayon | |")]
///
/// The result does not depend on the number of threads. A run that fails is reported as such and
/// does not stop the others.
///
/// ```
/// use argmin::core::{CostFunction, Error, Executor, Gradient};
/// use argmin_arturo::{Arturo, MultiStart};
/// use argmin_arturo::oracle::GaussianNoise;
///
/// /// f(x) = (x^2 - 1)^2 + x/2, with a local minimum near 1 and the least one near -1.
/// struct TwoValleys;
/// impl CostFunction for TwoValleys {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok((x[0] * x[0] - 1.0).powi(2) + 0.5 * x[0])
///     }
/// }
/// impl Gradient for TwoValleys {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![4.0 * x[0] * (x[0] * x[0] - 1.0) + 0.5])
///     }
/// }
///
/// let outcome = MultiStart::new(vec![vec![2.0], vec![-2.0]])?.with_evaluation(1, 0)?.run(
///     |start, seed| {
///         let solver = Arturo::new().with_seed(seed);
///         Executor::new(GaussianNoise::new(TwoValleys, 0.1)?, solver)
///             .configure(|state| state.param(start).max_iters(500))
///             .run()
///     },
///     &TwoValleys,
/// )?;
/// assert_eq!(outcome.best().start, [-2.0]);
/// assert!((outcome.best().param[0] + 1.06).abs() < 0.02);
/// assert!((outcome.spread() - 1.0).abs() < 0.02); // the other valley is so much higher
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MultiStart<P> {
    starts: Vec<Start<P>>,
    evaluations: u64,
    evaluation_seed: u64,
    threads: Option<usize>,
    #[cfg(feature = "rayon")]
    on_rayon: bool,
}

/// One run that is to be made.
#[derive(Clone, Debug)]
struct Start<P> {
    index: usize,
    seed: u64,
    param: P,
}

/// A completed run, and the cost of its recommended point.
#[derive(Clone)]
#[non_exhaustive]
pub struct Finish<P, R> {
    /// Number of the run, from 0.
    pub index: usize,
    /// Its start.
    pub start: P,
    /// Its seed.
    pub seed: u64,
    /// The result of the executor.
    pub result: R,
    /// The recommended point.
    pub param: P,
    /// Mean cost of the recommended point over the common draws.
    pub cost: f64,
    /// Standard error of the mean; NaN for one draw.
    pub standard_error: f64,
    /// By how much the mean cost is above that of the best run, on the same draws.
    pub excess: f64,
    /// Standard error of `excess`, in which the common noise of the two runs has cancelled; NaN for one draw.
    pub excess_error: f64,
}

/// All runs, those that came to an end from best to worst.
pub struct Outcome<P, R> {
    finishes: Vec<Finish<P, R>>,
    failures: Vec<(usize, Error)>,
}

impl<P, R> Outcome<P, R> {
    /// The run with the least mean cost.
    pub fn best(&self) -> &Finish<P, R> {
        &self.finishes[0]
    }

    /// The runs from best to worst, at least one; those whose cost is NaN come last.
    pub fn finishes(&self) -> &[Finish<P, R>] {
        &self.finishes
    }

    /// The numbers of the runs that failed, and their errors.
    pub fn failures(&self) -> &[(usize, Error)] {
        &self.failures
    }

    /// The mean cost of the worst run less that of the best.
    pub fn spread(&self) -> f64 {
        self.finishes[self.finishes.len() - 1].excess
    }
}

/// Draws of the evaluation where not set: the standard error is 3 % of the noise of one.
const DEFAULT_EVALUATIONS: u64 = 1000;

/// Far from the seeds that people choose, so that the draws are fresh.
const DEFAULT_EVALUATION_SEED: u64 = 0x6a75_6467_6d65_6e74;

impl<P: ParamVec> MultiStart<P> {
    /// One run from each start; run number i has the seed i.
    ///
    /// # Errors
    /// If there is no start.
    pub fn new(starts: Vec<P>) -> Result<Self, Error> {
        if starts.is_empty() {
            return Err(invalid("MultiStart: there must be at least one start".into()));
        }
        let start = |(index, param)| Start { index, seed: index as u64, param };
        Ok(Self {
            starts: starts.into_iter().enumerate().map(start).collect(),
            evaluations: DEFAULT_EVALUATIONS,
            evaluation_seed: DEFAULT_EVALUATION_SEED,
            threads: None,
            #[cfg(feature = "rayon")]
            on_rayon: false,
        })
    }

    /// Runs each start with each of these seeds, the seeds of the first start first.
    ///
    /// # Errors
    /// If there is no seed.
    pub fn with_seeds(mut self, seeds: &[u64]) -> Result<Self, Error> {
        if seeds.is_empty() {
            return Err(invalid("MultiStart: there must be at least one seed".into()));
        }
        let each = self.starts.iter().flat_map(|start| seeds.iter().map(move |seed| (start, seed)));
        let start = |(index, (start, &seed)): (_, (&Start<P>, _))| Start {
            index,
            seed,
            param: start.param.clone(),
        };
        self.starts = each.enumerate().map(start).collect();
        Ok(self)
    }

    /// Sets by how many draws (K >= 1, default 1000) the results are judged, and the seed of these,
    /// which must be none of the runs. An exact cost needs one.
    ///
    /// # Errors
    /// If the number is 0.
    pub fn with_evaluation(mut self, draws: u64, seed: u64) -> Result<Self, Error> {
        if draws == 0 {
            return Err(invalid("MultiStart: `draws` must be at least 1, got 0".into()));
        }
        (self.evaluations, self.evaluation_seed) = (draws, seed);
        Ok(self)
    }

    /// Sets the number of threads (>= 1, default the number of cores) of the runs.
    ///
    /// # Errors
    /// If it is 0.
    pub fn with_threads(mut self, threads: usize) -> Result<Self, Error> {
        if threads == 0 {
            return Err(invalid("MultiStart: `threads` must be at least 1, got 0".into()));
        }
        self.threads = Some(threads);
        Ok(self)
    }

    /// Runs on the threads of rayon's current pool, which a program may share out to other work.
    #[cfg(feature = "rayon")]
    #[must_use]
    pub fn on_rayon(mut self) -> Self {
        self.on_rayon = true;
        self
    }

    /// Runs them all: `run` is given a start and a seed, and runs an executor with both; `judge` draws the
    /// costs of the results.
    ///
    /// # Errors
    /// If no run came to its end, the error of the first; else those of `judge`.
    pub fn run<O, S, I, J>(
        self,
        run: impl Fn(P, u64) -> Result<OptimizationResult<O, S, I>, Error> + Sync,
        judge: &J,
    ) -> Result<Outcome<P, OptimizationResult<O, S, I>>, Error>
    where
        OptimizationResult<O, S, I>: Send,
        I: State<Param = P>,
        J: StochasticCost<Param = P>,
    {
        let results = self.map(|start| {
            let result = run(start.param.clone(), start.seed)?;
            let param =
                result.state.get_best_param().cloned().ok_or_else(argmin_error_closure!(
                    NotInitialized,
                    format!(
                        "MultiStart: run {} ended without a best parameter vector; give its executor \
                         the start by `configure(|state| state.param(start))`",
                        start.index
                    )
                ))?;
            Ok((result, param))
        });
        let (mut runs, mut failures) = (Vec::new(), Vec::new());
        for (start, result) in std::iter::zip(self.starts, results) {
            match result {
                Ok((result, param)) => runs.push((start, result, param)),
                Err(error) => failures.push((start.index, error)),
            }
        }
        if runs.is_empty() {
            return Err(failures.swap_remove(0).1);
        }
        let params: Vec<&P> = runs.iter().map(|(.., param)| param).collect();
        let scores = judge_all(judge, &params, self.evaluation_seed, self.evaluations)?;
        let mut finishes: Vec<_> = std::iter::zip(runs, scores)
            .map(|((start, result, param), score)| score.finish(start, result, param))
            .collect();
        // stable: of equals the first start comes first
        finishes.sort_by(|a, b| rank(a.cost).total_cmp(&rank(b.cost)));
        Ok(Outcome { finishes, failures })
    }

    /// Applies `f` to each start, in parallel; the results are in the order of the starts.
    fn map<T: Send>(&self, f: impl Fn(&Start<P>) -> T + Sync) -> Vec<T> {
        #[cfg(feature = "rayon")]
        if self.on_rayon {
            use rayon::prelude::*;
            return self.starts.par_iter().map(&f).collect();
        }
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(cores).min(self.starts.len());
        if threads == 1 {
            return self.starts.iter().map(f).collect();
        }
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::with_capacity(self.starts.len()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(start) = self.starts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = f(start);
                        done.lock().expect("no thread panics here").push((start.index, result));
                    }
                });
            }
        });
        let mut done = done.into_inner().expect("a panic has ended the scope");
        done.sort_by_key(|&(index, _)| index);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

impl Score {
    fn finish<P, R>(self, start: Start<P>, result: R, param: P) -> Finish<P, R> {
        let Self { cost, standard_error, excess, excess_error } = self;
        let Start { index, seed, param: start } = start;
        Finish { index, start, seed, result, param, cost, standard_error, excess, excess_error }
    }
}
