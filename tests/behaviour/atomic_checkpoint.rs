//! Checkpoints go on where they were left, and refuse what they are not of.
#![cfg(feature = "serde1")]

use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
use argmin::core::{Error, Executor, Gradient, IterState, Solver, State, TerminationReason};
use argmin_arturo::Arturo;
use argmin_arturo::baseline::{Adam, Cocob, Dog, Dowg, Prodigy, ScheduleFree};
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::oracle::GaussianNoise;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

struct Bowl;

impl Gradient for Bowl {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(x.iter().map(|x| x - 1.0).collect())
    }
}

type Run<F> = IterState<Vec<F>, Vec<F>, (), (), (), F>;
type Loaded<S = Arturo<f64>, F = f64> = Result<Option<(S, Run<F>)>, Error>;

/// A directory for checkpoints that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("arturo-atomic-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn checkpoint(&self) -> AtomicCheckpoint {
        AtomicCheckpoint::new(self.0.join("run"))
    }

    /// A text without the path of this directory.
    fn relative(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

type Noisy = GaussianNoise<Bowl>;

fn executor(max_iters: u64) -> Executor<Noisy, Arturo<f64>, Run<f64>> {
    Executor::new(GaussianNoise::new(Bowl, 0.5).unwrap(), Arturo::new())
        .configure(|state| state.param(vec![0.0; 3]).max_iters(max_iters))
}

fn bits(x: Option<&Vec<f64>>) -> Vec<u64> {
    x.unwrap().iter().map(|x| x.to_bits()).collect()
}

/// The checkpoint of a run of 25 iterations, and that of 20 before it.
fn two_checkpoints(directory: &Directory) -> AtomicCheckpoint {
    let every = CheckpointingFrequency::Every(10);
    let checkpoint = directory.checkpoint().with_frequency(every).unwrap();
    checkpoint.run(executor(25)).unwrap();
    checkpoint
}

fn iteration(loaded: Loaded) -> u64 {
    loaded.unwrap().unwrap().1.iter
}

fn error<T>(directory: &Directory, loaded: Result<T, Error>) -> String {
    directory.relative(&loaded.err().unwrap().to_string())
}

#[test]
fn the_same_program_with_a_larger_budget_goes_on() {
    let directory = Directory::new("budget");
    let checkpoint = directory.checkpoint();
    let whole = executor(90).run().unwrap();
    let mut last = None;
    for max_iters in [40, 40, 90] {
        let result = checkpoint.run(executor(max_iters)).unwrap();
        assert_eq!(result.state().get_iter(), max_iters);
        assert_eq!(
            result.state().get_termination_reason(),
            Some(&TerminationReason::MaxItersReached)
        );
        last = Some(result);
    }
    let last = last.unwrap();
    assert_eq!(bits(last.state().get_best_param()), bits(whole.state().get_best_param()));
    assert_eq!(last.solver(), whole.solver());
    // infinities survive, as they do not in JSON
    assert_eq!(last.state().get_best_cost(), f64::INFINITY);
}

#[test]
fn the_baselines_go_on_with_the_bits_of_one_run() {
    fn check<S>(name: &str, solver: S)
    where
        S: Solver<Noisy, Run<f64>> + Serialize + DeserializeOwned,
        S: Clone + PartialEq + Debug + 'static,
    {
        let executor = |max_iters| {
            Executor::new(GaussianNoise::new(Bowl, 0.5).unwrap(), solver.clone())
                .configure(|state| state.param(vec![0.0; 3]).max_iters(max_iters))
        };
        let directory = Directory::new(name);
        directory.checkpoint().run(executor(40)).unwrap();
        let resumed = directory.checkpoint().run(executor(90)).unwrap();
        let whole = executor(90).run().unwrap();
        assert_eq!(resumed.solver(), whole.solver());
        for [resumed, whole] in [
            [resumed.state().get_param(), whole.state().get_param()],
            [resumed.state().get_best_param(), whole.state().get_best_param()],
        ] {
            assert_eq!(bits(resumed), bits(whole), "{name}");
        }
    }
    check("adam", Adam::new(0.05).unwrap());
    check("schedule-free", ScheduleFree::new());
    check("prodigy", Prodigy::new());
    check("dog", Dog::new());
    check("dowg", Dowg::new());
    check("cocob", Cocob::new());
}

#[test]
#[cfg(feature = "nalgebra")]
fn vectors_of_nalgebra_in_single_precision_resume() {
    use nalgebra::DVector;

    struct Bowl;
    impl Gradient for Bowl {
        type Param = DVector<f32>;
        type Gradient = DVector<f32>;
        fn gradient(&self, x: &DVector<f32>) -> Result<DVector<f32>, Error> {
            Ok(x.map(|x| x - 1.0))
        }
    }
    let directory = Directory::new("nalgebra");
    let executor = |max_iters| {
        Executor::new(GaussianNoise::new(Bowl, 0.5).unwrap(), Arturo::new())
            .configure(|state| state.param(DVector::zeros(3)).max_iters(max_iters))
    };
    directory.checkpoint().run(executor(70)).unwrap();
    let resumed = directory.checkpoint().run(executor(150)).unwrap();
    let whole = executor(150).run().unwrap();
    assert_eq!(resumed.state().get_best_param(), whole.state().get_best_param());
    assert_eq!(resumed.solver(), whole.solver());
}

#[test]
fn argmins_checkpointing_takes_it_too() {
    let directory = Directory::new("argmin");
    let checkpoint = directory.checkpoint();
    let frequency = CheckpointingFrequency::Every(5);
    let frequent = checkpoint.clone().with_frequency(frequency).unwrap();
    executor(42).checkpointing(frequent).run().unwrap();
    let raised = checkpoint.with_max_iters(60).with_coordinates(3);
    let resumed = executor(0).checkpointing(raised).run().unwrap();
    assert_eq!(resumed.state().get_iter(), 60);
    let whole = executor(60).run().unwrap();
    assert_eq!(bits(resumed.state().get_best_param()), bits(whole.state().get_best_param()));
}

#[test]
fn a_timeout_leaves_a_last_checkpoint() {
    let directory = Directory::new("timeout");
    let never = directory.checkpoint().with_frequency(CheckpointingFrequency::Never).unwrap();
    let result = never.run(executor(u64::MAX).timeout(Duration::from_millis(20))).unwrap();
    let stopped = result.state();
    assert_eq!(stopped.get_termination_reason(), Some(&TerminationReason::Timeout));
    let (solver, state): (Arturo<f64>, Run<f64>) = never.load().unwrap().unwrap();
    assert_eq!(&solver, result.solver());
    assert_eq!(state.iter, stopped.iter);
    assert!(!state.terminated());
    assert_eq!(bits(state.get_best_param()), bits(stopped.get_best_param()));
}

#[test]
fn a_run_that_ended_by_a_result_stays_ended() {
    let directory = Directory::new("converged");
    let checkpoint = directory.checkpoint();
    let state = Run::<f64>::new().param(vec![0.0]);
    let converged = state.terminate_with(TerminationReason::SolverConverged);
    checkpoint.save(&Arturo::<f64>::new(), &converged).unwrap();
    let loaded: Loaded = checkpoint.load();
    assert!(loaded.unwrap().unwrap().1.terminated());
}

#[test]
fn checkpoints_of_something_else_are_refused() {
    let directory = Directory::new("else");
    let checkpoint = two_checkpoints(&directory);
    let refusal = |found: &str, here: &str| {
        format!(
            "Invalid parameter: \"checkpoint run: it is of {found}, this run is of {here}; choose \
             another path, or delete it to begin anew\""
        )
    };

    let size = checkpoint.run(executor(30).configure(|state| state.param(vec![0.0; 4])));
    assert_eq!(error(&directory, size), refusal("3 coordinates", "4 coordinates"));

    let single: Loaded<Arturo<f32>, f32> = checkpoint.load();
    assert_eq!(error(&directory, single), refusal("f64", "f32"));

    let adam: Loaded<Adam<f64>> = checkpoint.load();
    assert_eq!(error(&directory, adam), refusal("Arturo", "Descent<Moments<f64, false>>"));

    // another version, with a checksum that fits
    let mut bytes = fs::read(checkpoint.path()).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let at = bytes.windows(version.len()).position(|word| word == version.as_bytes()).unwrap();
    bytes[at] = b'9';
    let sum = bytes[28..].iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    bytes[20..28].copy_from_slice(&sum.to_le_bytes());
    fs::write(checkpoint.path(), bytes).unwrap();
    let loaded: Loaded = checkpoint.load();
    let old = format!("argmin-arturo 9{}", &version[1..]);
    let here = format!("argmin-arturo {version}");
    assert_eq!(error(&directory, loaded), refusal(&old, &here));
}

/// The bytes of a file, with a checksum that fits.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len() as u64 - 28;
    let sum = bytes[28..].iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    bytes[12..20].copy_from_slice(&length.to_le_bytes());
    bytes[20..28].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn a_checkpoint_that_would_be_read_in_part_is_refused() {
    let directory = Directory::new("part");
    let checkpoint = two_checkpoints(&directory);
    let sound = fs::read(checkpoint.path()).unwrap();
    let longer = [&sound[..], &[0xc0]].concat();
    // a field that no one knows instead of one that may be missing
    let mut renamed = sound.clone();
    let at = renamed.windows(10).position(|word| word == b"best_param").unwrap();
    renamed[at] = b'x';
    // a number of coordinates that is not that of the vector
    let mut miscounted = sound.clone();
    let at = miscounted.windows(11).position(|word| word == b"coordinates").unwrap() + 11;
    assert_eq!(miscounted[at], 3);
    miscounted[at] = 4;
    for changed in [longer, renamed, miscounted] {
        put(checkpoint.path(), &sealed(changed));
        let loaded: Loaded = checkpoint.load();
        assert_eq!(
            error(&directory, loaded),
            "Invalid parameter: \"checkpoint run: it holds more than this solver reads, or \
             something else; delete it to begin anew\""
        );
    }
    put(checkpoint.path(), &sealed(sound));
    assert_eq!(iteration(checkpoint.load()), 25);
}

mod before {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Mine {
        pub gain: f64,
    }
}

mod after {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Mine {
        pub noise: f64,
    }
}

#[test]
fn a_solver_whose_fields_have_changed_is_refused() {
    let directory = Directory::new("fields");
    let checkpoint = directory.checkpoint();
    let state = Run::<f64>::new().param(vec![0.0]);
    checkpoint.save(&before::Mine { gain: 0.5 }, &state).unwrap();
    let loaded: Loaded<after::Mine> = checkpoint.load();
    assert_eq!(
        error(&directory, loaded.map(|loaded| loaded.map(|(solver, _)| solver.noise))),
        "Invalid parameter: \"checkpoint run: it cannot be decoded (missing field `noise`), as that \
         of a solver that has changed; delete it to begin anew\""
    );
    let loaded: Loaded<before::Mine> = checkpoint.load();
    assert_eq!(loaded.unwrap().unwrap().0.gain, 0.5);
}

#[test]
fn files_of_something_else_are_refused_and_left_alone() {
    let directory = Directory::new("foreign");
    let checkpoint = two_checkpoints(&directory);
    fs::write(checkpoint.path(), "x,y\n1,2\n").unwrap();
    let loaded: Loaded = checkpoint.load();
    assert_eq!(
        error(&directory, loaded),
        "Invalid parameter: \"checkpoint run: the file is no checkpoint of argmin-arturo; choose \
         another path\""
    );
    assert_eq!(fs::read(checkpoint.path()).unwrap(), b"x,y\n1,2\n");

    let mut bytes = fs::read(directory.0.join("run.bak")).unwrap();
    bytes[8] = 7;
    fs::write(checkpoint.path(), bytes).unwrap();
    let loaded: Loaded = checkpoint.load();
    assert_eq!(
        error(&directory, loaded),
        "Invalid parameter: \"checkpoint run: it has format 7, this version of argmin-arturo reads \
         format 1; finish the run with the version that began it, or delete the file to begin anew\""
    );
}

#[test]
fn a_missing_or_unreadable_file_is_told_apart() {
    let directory = Directory::new("missing");
    let loaded: Loaded = directory.checkpoint().load();
    assert!(loaded.unwrap().is_none());

    fs::create_dir(directory.0.join("run")).unwrap();
    let loaded: Loaded = directory.checkpoint().load();
    let text = error(&directory, loaded);
    assert!(text.starts_with("Invalid parameter: \"checkpoint run: it cannot be read: "), "{text}");

    let nowhere = AtomicCheckpoint::new(directory.0.join("no/run"));
    let text = error(&directory, nowhere.run(executor(10)));
    assert!(
        text.starts_with("Invalid parameter: \"checkpoint no/run: it cannot be written: "),
        "{text}"
    );
}

/// A file of `bytes` cut, and with one byte changed: everywhere in its head and the first word of
/// the body, then at every seventh byte.
fn damages(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let places = || (0..40).chain((40..bytes.len()).step_by(7));
    let cuts = places().map(|length| bytes[..length].to_vec());
    let changes = places().map(|at| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        changed
    });
    let longer = std::iter::once([bytes, b"0"].concat());
    let zeros = std::iter::once(vec![0; bytes.len()]);
    cuts.chain(changes).chain(longer).chain(zeros)
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_torn_file_gives_way_to_the_previous_one() {
    let directory = Directory::new("torn");
    let checkpoint = two_checkpoints(&directory);
    assert_eq!(iteration(checkpoint.load()), 25);
    let (newest, previous) = (checkpoint.path().to_path_buf(), directory.0.join("run.bak"));
    let (sound, before) = (fs::read(&newest).unwrap(), fs::read(&previous).unwrap());
    for damaged in damages(&sound) {
        put(&newest, &damaged);
        put(&previous, &before);
        let head_differs = !damaged.is_empty()
            && damaged.iter().any(|byte| *byte != 0)
            && damaged.iter().zip(&sound).take(12).any(|(a, b)| a != b);
        let loaded: Loaded = checkpoint.load();
        if head_differs {
            // another format, or no checkpoint at all
            assert!(loaded.is_err());
        } else {
            assert_eq!(iteration(loaded), 20);
            assert!(!newest.exists());
        }
    }
    // the sound one is not pushed out by the torn one
    put(&newest, &sound[..100]);
    put(&previous, &before);
    checkpoint.run(executor(25)).unwrap();
    assert_eq!(iteration(checkpoint.load()), 25);
    fs::remove_file(&newest).unwrap();
    assert_eq!(iteration(checkpoint.load()), 20);
}

#[test]
fn a_torn_file_alone_is_an_error() {
    let directory = Directory::new("alone");
    let checkpoint = two_checkpoints(&directory);
    let newest = checkpoint.path();
    let sound = fs::read(newest).unwrap();
    fs::remove_file(directory.0.join("run.bak")).unwrap();
    for damaged in damages(&sound) {
        put(newest, &damaged);
        let loaded: Loaded = checkpoint.load();
        assert!(loaded.is_err());
    }
    put(newest, &sound[..100]);
    let loaded: Loaded = checkpoint.load();
    let length = sound.len() - 28;
    assert_eq!(
        error(&directory, loaded),
        format!(
            "Invalid parameter: \"checkpoint run: the file is damaged (it has 72 of {length} \
             bytes), and there is no intact copy; delete it to begin anew\""
        )
    );
}
