//! Oracles over ranks: the bits of one process, and errors that reach all ranks.
//!
//! Each test starts this binary again by `mpirun`, whose ranks run one of the functions `.._on_ranks`.
#![cfg(all(unix, feature = "mpi", feature = "serde1"))]

#[path = "common/mod.rs"]
mod common;

use argmin::core::checkpointing::CheckpointingFrequency;
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, Gradient, IterState, KV, Solver, TerminationReason};
use argmin_arturo::baseline::Adam;
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::mpi::{AcrossRanks, Ranks};
use argmin_arturo::observer::Stop;
use argmin_arturo::oracle::{GaussianNoise, Replicated};
use argmin_arturo::{
    Arturo, ArturoError, Draw, FiniteSum, MiniBatch, NonFinite, StochasticGradient,
};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs};

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// What ranks run: its name, and a directory.
const VARIABLE: &str = "ARTURO_MPI_TEST";

#[test]
#[ignore = "only mpirun starts it"]
fn on_ranks() {
    let Ok(value) = env::var(VARIABLE) else { return };
    let (name, directory) = value.split_once(':').unwrap();
    let run = match name {
        "bits" => bits_on_ranks,
        "faults" => faults_on_ranks,
        "panic" => panic_on_ranks,
        "checkpoint" => checkpoint_on_ranks,
        _ => memory_on_ranks,
    };
    run(Ranks::initialize().unwrap(), Path::new(directory));
}

/// A directory for the files of one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("arturo-mpi-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Runs one of the functions `.._on_ranks` on so many ranks, and fails where it hangs.
    fn mpirun(&self, name: &str, count: usize) -> ExitStatus {
        let mut command = Command::new("mpirun");
        command.args(["-n", &count.to_string()]);
        command.arg(env::current_exe().unwrap());
        command.args(["--exact", "on_ranks", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(VARIABLE, format!("{name}:{}", self.0.display()));
        // of Open MPI 4 and 5: as root, more ranks than cores, which then do not wait busily
        for (name, value) in [
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
            ("OMPI_MCA_mpi_yield_when_idle", "1"),
            ("PRTE_ALLOW_RUN_AS_ROOT", "1"),
            ("PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
        ] {
            command.env(name, value);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let mut child = child.expect("`mpirun` of an installed MPI is in the PATH");
        let begin = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if begin.elapsed() > Duration::from_secs(300) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{name} hangs on {count} ranks");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn read(&self, rank: usize) -> String {
        fs::read_to_string(self.0.join(format!("rank-{rank}"))).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A number that differs where one of the points after an iteration does.
#[derive(Clone, Default)]
struct Digest(Arc<Mutex<u64>>);

impl Observe<Run> for Digest {
    fn observe_iter(&mut self, state: &Run, _kv: &KV) -> Result<(), Error> {
        let mut digest = self.0.lock().unwrap();
        for x in [&state.param, &state.best_param].into_iter().flatten().flatten() {
            *digest = (digest.rotate_left(5) ^ x.to_bits()).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        Ok(())
    }
}

fn executor<O, S>(oracle: O, solver: S, start: &[f64], iterations: u64) -> Executor<O, S, Run>
where
    S: Solver<O, Run>,
{
    Executor::new(oracle, solver)
        .configure(|state: Run| state.param(start.to_vec()).max_iters(iterations))
        .ctrlc(false)
}

fn digest<O, S: Solver<O, Run>>(oracle: O, solver: S, start: &[f64], iterations: u64) -> String {
    let digest = Digest::default();
    let executor = executor(oracle, solver, start, iterations);
    executor.add_observer(digest.clone(), ObserverMode::Always).run().unwrap();
    let number = *digest.0.lock().unwrap();
    format!("{number:x}\n")
}

/// f(x) = 1/200 sum_i sum_k c_i (x_k - sin(i + k))^2 with c_i from 1 to 1e8, so that the order of a sum shows.
#[derive(Clone)]
struct Terms;

impl FiniteSum for Terms {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        100
    }

    fn add_term_gradient(
        &self,
        x: &Vec<f64>,
        term: usize,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        for (k, (sum, x)) in sum.iter_mut().zip(x).enumerate() {
            *sum += 10f64.powi(term as i32 % 9) * (x - ((term + k) as f64).sin());
        }
        Ok(())
    }
}

/// Digests of all problems, with their oracles as `spread` makes them.
macro_rules! digests {
    ($spread:expr) => {{
        let mut digests = String::new();
        crate::on_six_problems_and_three_solvers!(|problem, start, iterations, solver| {
            digests += &digest($spread(problem.clone()), solver, &start, iterations)
        });
        // batches of 1 and more parts, the last one of an epoch smaller; a mean of a single draw
        for (batch_size, part_size) in [(100, 7), (30, 8), (33, 1), (4, 8)] {
            let batches = MiniBatch::new(Terms, batch_size).unwrap();
            let epochs = batches.clone().without_replacement();
            for batches in [batches, epochs] {
                let oracle = batches.in_parallel(part_size).unwrap();
                digests += &digest($spread(oracle), Arturo::new(), &[0.5; 5], 100);
            }
        }
        let single = Replicated::new(MiniBatch::new(Terms, 5).unwrap(), 1).unwrap();
        digests += &digest($spread(single), Arturo::new(), &[0.5; 5], 100);
        // several messages
        let oracle = MiniBatch::new(Terms, 16).unwrap().in_parallel(4).unwrap();
        digests + &digest($spread(oracle), Adam::new(0.01).unwrap(), &vec![0.5; 150_000], 3)
    }};
}

fn bits_on_ranks(ranks: Ranks, directory: &Path) {
    let digests = digests!(|oracle| AcrossRanks::new(oracle, &ranks));
    fs::write(directory.join(format!("rank-{}", ranks.rank())), digests).unwrap();
}

#[test]
fn any_number_of_ranks_has_the_bits_of_a_run_without() {
    let place = Place::new("bits");
    let expected = digests!(|oracle| oracle);
    assert_eq!(expected.lines().count(), 6 * 3 + 10);
    for count in [1, 2, 3, 4] {
        assert!(place.mpirun("bits", count).success());
        for rank in 0..count {
            assert_eq!(place.read(rank), expected, "rank {rank} of {count}");
        }
    }
}

/// f(x) = 1/2 |x - 1|^2, of which a draw of the last of four fails, or is not finite.
#[derive(Clone)]
struct Faulty {
    fails: Option<u64>,
    overflows: Option<u64>,
}

const SOUND: Faulty = Faulty { fails: None, overflows: None };

impl StochasticGradient for Faulty {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        g.iter_mut().zip(x).for_each(|(g, x)| *g = x - 1.0);
        let [at, part] = [draw.index() / 4, draw.index() % 4];
        if part == 3 && self.fails == Some(at) {
            return Err(Error::msg("the pump is off"));
        }
        if part == 3 && self.overflows == Some(at) {
            g[1] = f64::INFINITY;
        }
        Ok(())
    }
}

fn faults_on_ranks(ranks: Ranks, directory: &Path) {
    let spread = |oracle| AcrossRanks::new(Replicated::new(oracle, 4).unwrap(), &ranks);
    let adam = || Adam::new(0.1).unwrap();
    let start = [0.0; 3];
    let last = ranks.rank() + 1 == ranks.count();

    // an error of one rank is one of all, at the same draw
    let error = executor(spread(Faulty { fails: Some(5), ..SOUND }), adam(), &start, 9).run();
    let error = error.err().unwrap();
    let (here, reason) = ("Adam: the run ended at iteration 5: ", "the pump is off");
    let there = format!("rank {}: ", ranks.count() - 1);
    let expected = if last { reason.into() } else { format!("{there}{reason}") };
    assert_eq!(error.to_string(), format!("{here}{expected}"));
    assert_eq!(matches!(error.downcast_ref(), Some(ArturoError::Rank { .. })), !last);

    // so is a gradient that is not finite
    let error = executor(spread(Faulty { overflows: Some(5), ..SOUND }), adam(), &start, 9).run();
    let error = error.err().unwrap();
    assert!(matches!(
        error.downcast_ref(),
        Some(ArturoError::NonFiniteGradient { coordinate: 1, iteration: 5, .. })
    ));

    // all skip both, and come to the bits of a run without ranks
    let faulty = Faulty { fails: Some(5), overflows: Some(7) };
    let skipping = || Arturo::new().with_non_finite(NonFinite::Skip);
    assert_eq!(
        digest(spread(faulty.clone()), skipping(), &start, 50),
        digest(Replicated::new(faulty, 4).unwrap(), skipping(), &start, 50)
    );

    // a file that is no checkpoint, which the first rank alone reads
    let path = directory.join("torn");
    if ranks.is_first() {
        fs::write(&path, "torn").unwrap();
    }
    let executor_of = |oracle| executor(oracle, adam(), &start, 9);
    let error = ranks.run(&AtomicCheckpoint::new(path), executor_of(spread(SOUND))).err().unwrap();
    let is_of_other = matches!(error.downcast_ref(), Some(ArturoError::Rank { rank: 0, .. }));
    assert_eq!(is_of_other, !ranks.is_first());
    assert!(error.to_string().contains("checkpoint"), "{error}");

    // another seed on one rank
    let seed = u64::from(last);
    let error = executor(spread(SOUND), skipping().with_seed(seed), &start, 9).run().err().unwrap();
    assert!(matches!(error.downcast_ref(), Some(ArturoError::RanksApart(_))));
    assert!(error.to_string().contains("not at the same draw and point"), "{error}");

    // a stop that the first rank wants
    let (wish, stop) = (Stop::new(), Stop::new());
    if ranks.is_first() {
        wish.request();
    }
    let oracle = spread(SOUND).with_stop(wish, stop.clone());
    let result = executor(oracle, adam().with_stop(stop), &start, 9).run().unwrap();
    assert_eq!(result.state.iter, 1);
    let reason = argmin::core::State::get_termination_reason(&result.state);
    assert_eq!(reason, Some(&TerminationReason::Interrupt));
    drop(result);

    // fewer iterations on one rank: the others end as it leaves, whether they skip or not
    let iterations = if last { 6 } else { 9 };
    let result = executor(spread(SOUND), skipping(), &start, iterations).run();
    if !last {
        let error = result.err().unwrap();
        assert!(matches!(error.downcast_ref(), Some(ArturoError::RanksApart(_))));
        assert!(error.to_string().contains("has ended its run before the others"), "{error}");
    }
}

#[test]
fn a_fault_of_one_rank_reaches_all_and_none_hangs() {
    let place = Place::new("faults");
    for count in [2, 4] {
        assert!(place.mpirun("faults", count).success(), "{count}");
    }
}

fn panic_on_ranks(ranks: Ranks, _directory: &Path) {
    let oracle = Replicated::new(SOUND, 4).unwrap();
    if ranks.rank() == 1 {
        panic!("on purpose");
    }
    let oracle = AcrossRanks::new(oracle, &ranks);
    executor(oracle, Adam::new(0.1).unwrap(), &[0.0], 9).run().unwrap();
}

#[test]
fn a_panic_of_one_rank_ends_all() {
    assert!(!Place::new("panic").mpirun("panic", 2).success());
}

/// f(x) = 10 (x_1 - x_0^2)^2 + (1 - x_0)^2.
struct Valley;

impl Gradient for Valley {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let valley = x[1] - x[0] * x[0];
        Ok(vec![-40.0 * x[0] * valley - 2.0 * (1.0 - x[0]), 20.0 * valley])
    }
}

const ITERATIONS: u64 = 400;
const INTERVAL: u64 = 40;
const KILLED_AT: u64 = 250;

fn noisy_valley() -> Replicated<GaussianNoise<Valley>> {
    Replicated::new(GaussianNoise::new(Valley, 0.3).unwrap(), 4).unwrap()
}

fn checkpoint(directory: &Path) -> AtomicCheckpoint {
    let every = CheckpointingFrequency::Every(INTERVAL);
    AtomicCheckpoint::new(directory.join("run")).with_frequency(every).unwrap()
}

/// Kills its process once, in the first run.
struct Killer;

impl Observe<Run> for Killer {
    fn observe_iter(&mut self, state: &Run, _kv: &KV) -> Result<(), Error> {
        if state.iter == KILLED_AT {
            let process = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &process]).status()?;
        }
        Ok(())
    }
}

fn checkpoint_on_ranks(ranks: Ranks, directory: &Path) {
    let oracle = AcrossRanks::new(noisy_valley(), &ranks);
    let mut executor = executor(oracle, Arturo::new(), &[-1.0, 1.5], ITERATIONS);
    let is_first_run = !directory.join("run").exists();
    if ranks.rank() == 1 && is_first_run {
        executor = executor.add_observer(Killer, ObserverMode::Always);
    }
    let result = ranks.run(&checkpoint(directory), executor).unwrap();
    let digits = format!("{:?} {:?}", result.state.param, result.state.best_param);
    fs::write(directory.join(format!("rank-{}", ranks.rank())), digits).unwrap();
}

#[test]
fn a_killed_rank_ends_the_run_and_leaves_the_last_checkpoint() {
    use argmin::core::checkpointing::Checkpoint;
    let place = Place::new("checkpoint");
    assert!(!place.mpirun("checkpoint", 2).success());
    let saved: Option<(Arturo<f64>, Run)> = checkpoint(&place.0).load().unwrap();
    // the first rank may be one gradient ahead
    assert_eq!(saved.unwrap().1.iter, KILLED_AT / INTERVAL * INTERVAL);

    // on another number of ranks, which go on from it, and then from its end
    let whole = executor(noisy_valley(), Arturo::new(), &[-1.0, 1.5], ITERATIONS).run().unwrap();
    let expected = format!("{:?} {:?}", whole.state.param, whole.state.best_param);
    for _ in 0..2 {
        assert!(place.mpirun("checkpoint", 4).success());
        (0..4).for_each(|rank| assert_eq!(place.read(rank), expected, "rank {rank}"));
    }
    // and without ranks
    let resumed = executor(noisy_valley(), Arturo::new(), &[-1.0, 1.5], ITERATIONS + 10);
    assert_eq!(checkpoint(&place.0).run(resumed).unwrap().state.iter, ITERATIONS + 10);
}

fn memory_on_ranks(ranks: Ranks, _directory: &Path) {
    // without rayon, whose queues grow now and then
    let oracle = Replicated::new(MiniBatch::new(Terms, 8).unwrap(), 8).unwrap();
    let oracle = AcrossRanks::new(oracle, &ranks);
    let (x, mut gradient) = (vec![0.5; 1000], vec![0.0; 1000]);
    let mut draw = |index| {
        oracle.stochastic_gradient(&x, Draw::new(1, index), &mut gradient).unwrap();
    };
    // MPI has buffers of its own
    draw(0);
    let count = allocation_counter::measure(|| (1..100).for_each(draw)).count_total;
    assert_eq!(count, 0);
}

#[test]
fn no_allocation_in_a_gradient() {
    assert!(Place::new("memory").mpirun("memory", 4).success());
}
