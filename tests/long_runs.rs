//! Runs that are long, large, or interrupted again and again. Those that take minutes are ignored;
//! `docs/long_runs.md` has their figures:
//!
//! ```sh
//! cargo test --release --features rayon,serde1 --test long_runs -- --ignored --nocapture --test-threads 1
//! ```

use argmin::core::{Error, Executor, State};
use argmin_arturo::dual::Newton;
use argmin_arturo::{Arturo, Draw, PaperSettings, Scalar, StochasticGradient, Telemetry};
use rand::Rng;
use std::sync::Mutex;
use std::time::Instant;

/// f(x) = 1/2 sum a_i (x_i - 1)^2 with a_i from 1 to 10, and uniform noise on the gradient.
struct Bowl<F>(std::marker::PhantomData<F>);

fn bowl<F>() -> Bowl<F> {
    Bowl(std::marker::PhantomData)
}

fn curvature(i: usize) -> f64 {
    1.0 + (i % 10) as f64
}

impl<F: Scalar> StochasticGradient for Bowl<F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for (i, (g, x)) in g.iter_mut().zip(x).enumerate() {
            let noise = rng.random_range(-1.0..1.0);
            *g = F::from_f64_lossy(curvature(i) * (x.to_f64_exact() - 1.0) + noise);
        }
        Ok(())
    }
}

/// f - f* per coordinate.
fn gap<F: Scalar>(x: &[F]) -> f64 {
    let errors = x.iter().map(|x| x.to_f64_exact() - 1.0);
    errors.enumerate().map(|(i, e)| 0.5 * curvature(i) * e * e).sum::<f64>() / x.len() as f64
}

/// A number of `/proc/self/status` in bytes; 0 where there is none.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    1024 * kilobytes.unwrap_or(0)
}

/// Looks at the point and the memory each time that so many draws have gone by.
struct Watched {
    every: u64,
    seen: Mutex<Vec<(f64, u64)>>,
}

impl StochasticGradient for Watched {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut seen = self.seen.lock().unwrap();
        // an index can be left out
        if draw.index() / self.every > seen.len() as u64 {
            seen.push((gap(x), memory("VmRSS")));
        }
        bowl().stochastic_gradient(x, draw, g)
    }
}

/// Runs for `draws`; prints nine times how far x is from the minimum, and what memory there is.
macro_rules! long_run {
    ($name:literal, $solver:expr, $draws:expr) => {{
        let watched = Watched { every: $draws / 10, seen: Mutex::default() };
        let begin = Instant::now();
        let result = Executor::new(watched, $solver.with_telemetry(Telemetry::Never).unwrap())
            .configure(|state| state.param(vec![0.0f64; 10]).max_iters($draws))
            .timer(false)
            .run()
            .unwrap();
        let seconds = begin.elapsed().as_secs_f64();
        let mut seen = result.problem().problem.as_ref().unwrap().seen.lock().unwrap().clone();
        let x = result.state().get_best_param().unwrap();
        println!("{}: {} draws in {seconds:.1} s, gap {:.1e}", $name, $draws, gap(x));
        for (gap, resident) in &seen {
            println!("  gap of x {gap:.1e}, resident {} kB", resident >> 10);
        }
        assert!(result.solver().precision().iter().all(|&p| p > 0.0 && p.is_finite()));
        // no drift: the second half is no further off than the first
        let halves = seen.split_off(seen.len() / 2);
        let worst = |seen: &[(f64, u64)]| seen.iter().map(|s| s.0).fold(0.0, f64::max);
        assert!(worst(&halves) < 10.0 * worst(&seen), "{seen:?} {halves:?}");
        result
    }};
}

/// As many steps as there is time for in each test run.
#[test]
fn thirty_thousand_steps_do_not_drift() {
    let result = long_run!("default", Arturo::new(), 30_000);
    assert!(gap(result.state().get_best_param().unwrap()) < 1e-4);
}

/// Memory is looked at here only, where no other test runs beside.
#[test]
#[ignore = "takes minutes"]
fn a_hundred_million_steps_do_not_drift() {
    let before = memory("VmRSS");
    let result = long_run!("default", Arturo::new(), 100_000_000);
    assert!(gap(result.state().get_best_param().unwrap()) < 1e-7);
    let paper = Arturo::paper(PaperSettings::default()).unwrap();
    let result = long_run!("published", paper.with_dual(Newton::default()), 100_000_000);
    for [b, ab, a] in result.solver().estimator().covariance() {
        assert!(b > 0.0 && a > 0.0 && ab * ab <= b * a * (1.0 + 1e-12), "{b} {ab} {a}");
    }
    assert!(memory("VmRSS") - before < 1 << 20);
}

/// Arrays of the length n that a run holds: x, g, the recommended point, the start, the sums of squares, and two of the path.
const ARRAYS: f64 = 7.0;

/// Runs in `len` coordinates; the gap of the answer over that of the start.
fn large_run(len: usize, draws: u64) -> f64 {
    let array = (size_of::<f32>() * len) as f64;
    let start = vec![0.0f32; len];
    let first_gap = gap(&start);
    // the peak of this run, not of a larger one before it (proc(5))
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS") as f64;
    let begin = Instant::now();
    let solver = Arturo::new().with_telemetry(Telemetry::Never).unwrap();
    let result = Executor::new(bowl::<f32>(), solver)
        .configure(|state| state.param(start).max_iters(draws))
        .run()
        .unwrap();
    let arrays = (memory("VmHWM") as f64 - before) / array;
    let last_gap = gap(result.state().get_best_param().unwrap());
    println!("{len} coordinates: {draws} draws in {:.0} s", begin.elapsed().as_secs_f64());
    println!("  {:.0} MB, {arrays:.2} arrays of f32", arrays * array / 1e6);
    println!("  gap {first_gap:.2e} at the start, {last_gap:.2e} at the end");
    assert!(arrays <= ARRAYS + 1.0, "{arrays}");
    last_gap / first_gap
}

#[test]
#[ignore = "needs a gigabyte"]
fn ten_million_coordinates_need_the_memory_computed_beforehand() {
    assert!(large_run(10_000_000, 400) < 0.04);
}

#[test]
#[ignore = "needs 11 gigabytes"]
fn a_hundred_million_coordinates_need_the_memory_computed_beforehand() {
    assert!(large_run(100_000_000, 60) < 1.0);
}

/// 24 times stopped and resumed: the bits of a run that was not.
#[cfg(feature = "serde1")]
mod resumed {
    use super::*;
    use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
    use argmin::core::{IterState, Solver};
    use argmin_checkpointing_file::FileCheckpoint;
    use serde::{Serialize, de::DeserializeOwned};

    type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

    fn check<S>(name: &str, solver: S)
    where
        S: Solver<Bowl<f64>, Run> + Serialize + DeserializeOwned + Clone + 'static,
    {
        // a prime, so that each phase of the method is interrupted at some time
        const PART: u64 = 37;
        let directory = std::env::temp_dir().join(format!("arturo-{name}-{}", std::process::id()));
        let frequency = CheckpointingFrequency::Every(PART);
        let file = FileCheckpoint::new(&*directory.to_string_lossy(), "run", frequency);
        let run = |iterations| {
            Executor::new(bowl(), solver.clone())
                .configure(|state| state.param(vec![0.0; 10]).max_iters(iterations))
        };
        let whole = run(25 * PART).run().unwrap();
        let mut last = run(PART).checkpointing(file.clone()).run().unwrap();
        for stop in 2..=25 {
            // the checkpoint holds max_iters too
            let (saved, state): (S, Run) = file.load().unwrap().unwrap();
            assert_eq!(state.get_iter(), (stop - 1) * PART);
            file.save(&saved, &state.max_iters(stop * PART)).unwrap();
            last = run(0).checkpointing(file.clone()).run().unwrap();
        }
        std::fs::remove_dir_all(&directory).unwrap();
        let bits =
            |x: Option<&Vec<f64>>| -> Vec<_> { x.unwrap().iter().map(|x| x.to_bits()).collect() };
        let (last_state, whole_state) = (last.state(), whole.state());
        assert_eq!(last_state.get_iter(), 25 * PART);
        assert_eq!(bits(last_state.get_param()), bits(whole_state.get_param()), "{name}");
        assert_eq!(bits(last_state.get_best_param()), bits(whole_state.get_best_param()), "{name}");
        let json = |solver: &S| serde_json::to_string(solver).unwrap();
        assert_eq!(json(last.solver()), json(whole.solver()), "{name}");
    }

    #[test]
    fn twenty_four_times_a_run_has_the_bits_of_one_that_was_not() {
        check("often-default", Arturo::new().with_seed(5));
        check("often-paper", Arturo::paper(PaperSettings::default()).unwrap().with_seed(5));
    }
}
