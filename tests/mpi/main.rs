//! Oracles over ranks: the bits of one process, and errors that reach all ranks.
//!
//! Each test starts this binary again by `mpirun`, whose ranks run one of the functions `.._on_ranks`.
#![cfg(all(unix, feature = "mpi", feature = "serde1"))]

#[path = "../common/mod.rs"]
mod common;

mod bits;
mod checkpoint;
mod faults;

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, Solver};
use argmin_arturo::mpi::Ranks;
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
        "bits" => bits::bits_on_ranks,
        "faults" => faults::faults_on_ranks,
        "panic" => faults::panic_on_ranks,
        "checkpoint" => checkpoint::checkpoint_on_ranks,
        _ => bits::memory_on_ranks,
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
