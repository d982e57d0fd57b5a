//! A run that is killed, or interrupted, again and again ends with the bits of one that was not.
#![cfg(all(unix, feature = "serde1"))]

use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, Gradient, IterState, KV, State};
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::oracle::GaussianNoise;
use argmin_arturo::{Arturo, Draw};
use rand::Rng;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ITERATIONS: u64 = 20_000;
const INTERVAL: u64 = 40;
const KILLS: u64 = 50;
/// The directory of a child's run; without it the test `child` does nothing.
const VARIABLE: &str = "ARTURO_KILL_TEST";

struct Valley;

impl Gradient for Valley {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let valley = x[1] - x[0] * x[0];
        Ok(vec![-40.0 * x[0] * valley - 2.0 * (1.0 - x[0]), 20.0 * valley, x[2]])
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;
type Saved = Option<(Arturo<f64>, Run)>;

fn executor(max_iters: u64) -> Executor<GaussianNoise<Valley>, Arturo<f64>, Run> {
    Executor::new(GaussianNoise::new(Valley, 0.3).unwrap(), Arturo::new().with_seed(5))
        .configure(|state| state.param(vec![-1.2, 1.0, 3.0]).max_iters(max_iters))
}

/// Writes the number of iterations begun where it outlives the process.
struct Tally(File);

impl Observe<Run> for Tally {
    fn observe_iter(&mut self, state: &Run, _kv: &KV) -> Result<(), Error> {
        Ok(self.0.write_all_at(&(state.iter + 1).to_le_bytes(), 0)?)
    }
}

/// Files of a child's run.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("arturo-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn checkpoint(directory: &Path) -> AtomicCheckpoint {
        let every = CheckpointingFrequency::Every(INTERVAL);
        AtomicCheckpoint::new(directory.join("run")).with_frequency(every).unwrap()
    }

    /// Iterations done by the child.
    fn tally(&self) -> u64 {
        let bytes = fs::read(self.0.join("tally")).unwrap_or_default();
        bytes.try_into().map_or(0, u64::from_le_bytes)
    }

    fn saved(&self) -> Saved {
        Self::checkpoint(&self.0).load().unwrap()
    }

    fn child(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(VARIABLE, &self.0)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Waits until the child has done so many iterations; false if it ended before.
    fn reaches(&self, child: &mut Child, iteration: u64) -> bool {
        let begin = Instant::now();
        while self.tally() < iteration {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "the child does nothing");
            std::thread::sleep(Duration::from_micros(100));
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A part of a run, in a process of its own.
#[test]
#[ignore = "only another test starts it"]
fn child() {
    let Some(directory) = std::env::var_os(VARIABLE) else { return };
    let directory = Path::new(&directory);
    // the tally must not go back while a run repeats what it lost
    let tally =
        File::options().write(true).create(true).truncate(false).open(directory.join("tally"));
    let executor = executor(ITERATIONS).add_observer(Tally(tally.unwrap()), ObserverMode::Always);
    Place::checkpoint(directory).run(executor).unwrap();
}

fn assert_same_bits((solver, state): &(Arturo<f64>, Run), iterations: u64) {
    let whole = executor(iterations).run().unwrap();
    let bits = |x: Option<&Vec<f64>>| x.unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(state.iter, iterations);
    assert_eq!(bits(state.get_param()), bits(whole.state().get_param()));
    assert_eq!(bits(state.get_best_param()), bits(whole.state().get_best_param()));
    assert_eq!(solver, whole.solver());
}

#[test]
fn fifty_kills_lose_only_the_steps_since_the_last_checkpoint() {
    let mut rng = Draw::new(1, 0).rng();
    let (mut kills, mut runs) = (0, 0);
    // a child that ends before it is killed, on a busy machine, ends its run; another one follows
    while kills < KILLS {
        let place = Place::new(&format!("kill-{runs}"));
        runs += 1;
        // random moments, in iterations of the run, so that slow machines see the same ones
        let mut moments: Vec<u64> =
            (kills..KILLS).map(|_| rng.random_range(1..ITERATIONS * 9 / 10)).collect();
        moments.sort_unstable();
        for moment in moments {
            let mut child = place.child();
            if !place.reaches(&mut child, moment) {
                break;
            }
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            kills += 1;
            let saved = place.saved().map_or(0, |(_, state)| state.iter);
            let lost = place.tally() - saved;
            assert!(lost <= INTERVAL, "{lost} iterations lost by kill {kills} at {moment}");
        }
        assert!(place.child().wait().unwrap().success());
        assert_same_bits(&place.saved().unwrap(), ITERATIONS);
    }
}

#[test]
#[cfg(feature = "ctrlc")]
fn control_c_leaves_a_last_checkpoint() {
    let place = Place::new("interrupt");
    for moment in [100, 5_000] {
        let mut child = place.child();
        assert!(place.reaches(&mut child, moment));
        let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(interrupt.unwrap().success());
        assert!(child.wait().unwrap().success());
        let saved = place.saved().unwrap();
        // not one iteration is lost
        assert_eq!(saved.1.iter, place.tally());
        assert!(saved.1.iter < ITERATIONS);
        assert_same_bits(&saved, saved.1.iter);
    }
    assert!(place.child().wait().unwrap().success());
    assert_same_bits(&place.saved().unwrap(), ITERATIONS);
}
