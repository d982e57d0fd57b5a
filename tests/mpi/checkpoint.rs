//! A run that is killed on one rank goes on from the checkpoint of the first.

use super::{Place, Run, executor};
use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Gradient, KV};
use argmin_arturo::Arturo;
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::mpi::{AcrossRanks, Ranks};
use argmin_arturo::oracle::{GaussianNoise, Replicated};
use std::fs;
use std::path::Path;
use std::process::Command;

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

pub fn checkpoint_on_ranks(ranks: Ranks, directory: &Path) {
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
