//! Stopping and resuming: checkpoints that survive a crash at any moment.
//!
//! A run that is to survive Ctrl-C, a timeout or a power failure goes through
//! [`AtomicCheckpoint::run`]. Started again, the same program continues from the last checkpoint, with
//! the bits of a run that was never interrupted; with a larger `max_iters` a finished run continues,
//! too.

mod file;

use crate::error::invalid;
use crate::param::ParamVec;
use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
use argmin::core::{
    Error, Executor, IterState, OptimizationResult, Solver, TerminationReason, TerminationStatus,
};
use file::{Found, Paths};
use rmp_serde::{Deserializer, Serializer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::any::type_name;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// argmin's state of a run whose parameters lie in memory as a slice.
type Iterates<P, G, J, H, R> = IterState<P, G, J, H, R, <P as ParamVec>::Scalar>;

/// Iterations between two checkpoints by default.
const INTERVAL: u64 = 100;

/// A checkpoint file that is replaced as a whole or not at all.
///
/// Each checkpoint is written to a file of its own, flushed to the disk, and renamed; the one before
/// is kept with `.bak` at the end of its name. So there is a complete checkpoint at any moment, and a
/// crash costs at most the iterations since the last one. If the newest file is damaged, as by a
/// failing disk, the previous one is loaded, and the damaged one kept as `.torn`.
///
/// The file states its solver and version. A checkpoint of another number of coordinates, precision,
/// solver or version of this crate, a damaged file and one that is no checkpoint are refused, with
/// an error with a remedy.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_frequency`](Self::with_frequency) | iterations between two checkpoints | 100 |
/// | [`with_max_iters`](Self::with_max_iters) | budget of a resumed run | as in the checkpoint; with [`run`](Self::run) as in the executor |
/// | [`with_coordinates`](Self::with_coordinates) | number of coordinates that is expected | any; with [`run`](Self::run) as in the executor |
///
/// ```
/// use argmin::core::{Error, Executor, Gradient, State};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::checkpoint::AtomicCheckpoint;
///
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 1.0])
///     }
/// }
///
/// # let directory = std::env::temp_dir().join(format!("arturo-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("bowl.checkpoint");
/// let checkpoint = AtomicCheckpoint::new(path);
/// let run = |max_iters| {
///     let executor = Executor::new(Bowl, Arturo::new())
///         .configure(|state| state.param(vec![0.0]).max_iters(max_iters));
///     checkpoint.run(executor)
/// };
/// run(40)?;
/// // later, in another process: 60 iterations more
/// assert_eq!(run(100)?.state().get_iter(), 100);
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AtomicCheckpoint {
    paths: Paths,
    pub(crate) frequency: CheckpointingFrequency,
    max_iters: Option<u64>,
    coordinates: Option<usize>,
}

/// The run that a checkpoint belongs to.
#[derive(Serialize, Deserialize)]
struct Header {
    crate_version: String,
    scalar: String,
    coordinates: u64,
    solver: String,
    param: String,
}

impl AtomicCheckpoint {
    /// A checkpoint at this path, whose directory must exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            paths: Paths::new(path.into()),
            frequency: CheckpointingFrequency::Every(INTERVAL),
            max_iters: None,
            coordinates: None,
        }
    }

    /// Sets how often a checkpoint is written (default: every 100 iterations). Each waits for the
    /// disk, typically for some milliseconds.
    ///
    /// ```
    /// use argmin::core::checkpointing::CheckpointingFrequency;
    /// # use argmin_arturo::checkpoint::AtomicCheckpoint;
    /// let frequency = CheckpointingFrequency::Every(0);
    /// assert_eq!(
    ///     AtomicCheckpoint::new("run").with_frequency(frequency).unwrap_err().to_string(),
    ///     "Invalid parameter: \"AtomicCheckpoint: `frequency` must be every 1 or more iterations, \
    ///      got Every(0); use Never for none\"",
    /// );
    /// ```
    ///
    /// # Errors
    /// For `Every(0)`.
    pub fn with_frequency(mut self, frequency: CheckpointingFrequency) -> Result<Self, Error> {
        if frequency == CheckpointingFrequency::Every(0) {
            return Err(invalid(
                "AtomicCheckpoint: `frequency` must be every 1 or more iterations, got Every(0); \
                 use Never for none"
                    .into(),
            ));
        }
        self.frequency = frequency;
        Ok(self)
    }

    /// Sets the iteration at which a resumed run ends, instead of that of the checkpoint.
    #[must_use]
    pub fn with_max_iters(mut self, max_iters: u64) -> Self {
        self.max_iters = Some(max_iters);
        self
    }

    /// Sets the number of coordinates that the checkpoint must have.
    #[must_use]
    pub fn with_coordinates(mut self, coordinates: usize) -> Self {
        self.coordinates = Some(coordinates);
        self
    }

    /// The file of the newest checkpoint.
    pub fn path(&self) -> &Path {
        &self.paths.newest
    }

    /// Runs an executor from the last checkpoint, if there is one, and writes a checkpoint at the
    /// end too, whether the budget was used up, the time was out, or Ctrl-C was pressed (with the
    /// feature `ctrlc`; argmin hears it in the first run of a process).
    ///
    /// `max_iters` and the number of coordinates are those of the executor, where they were not
    /// set here. The solver with all its settings is that of the checkpoint.
    ///
    /// # Errors
    /// Those of the run, and those of [`load`](Checkpoint::load) and [`save`](Checkpoint::save).
    #[expect(clippy::type_complexity, reason = "argmin's state has as many types")]
    pub fn run<O, S, P, G, J, H, R>(
        &self,
        executor: Executor<O, S, Iterates<P, G, J, H, R>>,
    ) -> Result<OptimizationResult<O, S, Iterates<P, G, J, H, R>>, Error>
    where
        S: Solver<O, Iterates<P, G, J, H, R>> + Serialize + DeserializeOwned + 'static,
        Iterates<P, G, J, H, R>: Serialize + DeserializeOwned,
        P: ParamVec,
    {
        let (checkpoint, executor) = self.fit(executor);
        let result = executor.checkpointing(checkpoint).run()?;
        self.save(result.solver(), result.state())?;
        Ok(result)
    }

    /// The checkpoint for an executor, with the settings that it takes from there.
    #[expect(clippy::type_complexity, reason = "argmin's state has as many types")]
    pub(crate) fn fit<O, S, P, G, J, H, R>(
        &self,
        executor: Executor<O, S, Iterates<P, G, J, H, R>>,
    ) -> (Self, Executor<O, S, Iterates<P, G, J, H, R>>)
    where
        S: Solver<O, Iterates<P, G, J, H, R>>,
        P: ParamVec,
    {
        let mut checkpoint = self.clone();
        let executor = executor.configure(|state| {
            checkpoint.max_iters.get_or_insert(state.max_iters);
            let slice = state.param.as_ref().and_then(ParamVec::try_as_slice);
            checkpoint.coordinates = checkpoint.coordinates.or(slice.map(<[_]>::len));
            state
        });
        (checkpoint, executor)
    }

    /// Checks the run that the checkpoint belongs to.
    fn check<S, P: ParamVec>(&self, found: &Header, path: &Path) -> Result<(), Error> {
        let refuse = |found: String, here: String| {
            let path = path.display();
            let text = format!(
                "checkpoint {path}: it is of {found}, this run is of {here}; choose another path, \
                 or delete it to begin anew"
            );
            Err(file::unfit(text, None))
        };
        let here = Header::of::<S, P>(self.coordinates.map_or(found.coordinates, |n| n as u64));
        if found.crate_version != here.crate_version {
            let version = |header: &Header| format!("argmin-arturo {}", header.crate_version);
            return refuse(version(found), version(&here));
        }
        if found.scalar != here.scalar {
            return refuse(found.scalar.clone(), here.scalar);
        }
        if found.solver != here.solver {
            return refuse(found.solver.clone(), here.solver);
        }
        if found.param != here.param {
            return refuse(found.param.clone(), here.param);
        }
        if found.coordinates != here.coordinates {
            let count = |header: &Header| format!("{} coordinates", header.coordinates);
            return refuse(count(found), count(&here));
        }
        Ok(())
    }
}

impl<S, P, G, J, H, R> Checkpoint<S, Iterates<P, G, J, H, R>> for AtomicCheckpoint
where
    S: Serialize + DeserializeOwned,
    Iterates<P, G, J, H, R>: Serialize + DeserializeOwned,
    P: ParamVec,
{
    /// Writes a checkpoint. The one before becomes the previous one.
    ///
    /// # Errors
    /// If the state has no parameter vector, or the file cannot be written.
    fn save(&self, solver: &S, state: &Iterates<P, G, J, H, R>) -> Result<(), Error> {
        let path = self.path().display();
        let param = state.param.as_ref().ok_or_else(|| {
            invalid(format!(
                "checkpoint {path}: there is no parameter vector to save; pass one by \
                 `configure(|state| state.param(x0))`"
            ))
        })?;
        let header = Header::of::<S, P>(param.as_coordinates()?.len() as u64);
        let mut body = Vec::new();
        let mut serializer = Serializer::new(&mut body).with_struct_map();
        let written = header
            .serialize(&mut serializer)
            .and_then(|()| (solver, state).serialize(&mut serializer));
        written.map_err(|error| {
            let text = format!(
                "checkpoint {path}: the run cannot be serialized: {error}; take a type of vector \
                 that can"
            );
            file::unfit(text, Some(error.into()))
        })?;
        self.paths.replace(&body)
    }

    /// The last complete checkpoint, or none if there is no file. A run that ended by a limit
    /// (iterations, time, Ctrl-C) can continue; one that ended by a result stays ended.
    ///
    /// # Errors
    /// If the file is no checkpoint, if it does not read as it was written, if it is damaged and there is no previous one, or if it is of
    /// another solver, precision, number of coordinates or version of this crate.
    fn load(&self) -> Result<Option<(S, Iterates<P, G, J, H, R>)>, Error> {
        let Found { body, path } = match self.paths.find()? {
            Some(found) => found,
            None => return Ok(None),
        };
        let undecodable = |error: rmp_serde::decode::Error| {
            let text = format!(
                "checkpoint {}: it cannot be decoded ({error}), as that of a solver that has \
                 changed; delete it to begin anew",
                path.display()
            );
            file::unfit(text, Some(error.into()))
        };
        let mut deserializer = Deserializer::from_read_ref(&body);
        let header = Header::deserialize(&mut deserializer).map_err(undecodable)?;
        self.check::<S, P>(&header, &path)?;
        let (solver, mut state) =
            <(S, Iterates<P, G, J, H, R>)>::deserialize(&mut deserializer).map_err(undecodable)?;
        // the head must be that of the vector, too
        let len =
            state.param.as_ref().map(ParamVec::as_coordinates).transpose()?.map_or(0, <[_]>::len);
        let header = Header::of::<S, P>(len as u64);
        if Content::of(&header, &solver, &state).map_err(undecodable)? != Content::of_bytes(&body) {
            let text = format!(
                "checkpoint {}: it holds more than this solver reads, or something else; delete it \
                 to begin anew",
                path.display()
            );
            return Err(file::unfit(text, None));
        }
        if let Some(max_iters) = self.max_iters {
            state.max_iters = max_iters;
        }
        if is_limit(&state.termination_status) {
            state.termination_status = TerminationStatus::NotTerminated;
        }
        Ok(Some((solver, state)))
    }

    fn frequency(&self) -> CheckpointingFrequency {
        self.frequency
    }
}

/// How often each byte occurs: bytes in any order, as argmin's counts come in any.
#[derive(PartialEq)]
struct Content([u64; 256]);

impl Content {
    fn of_bytes(bytes: &[u8]) -> Self {
        let mut content = Self([0; 256]);
        content.add(bytes);
        content
    }

    /// That of a checkpoint, without the memory that it would take.
    fn of(
        header: &Header,
        solver: &impl Serialize,
        state: &impl Serialize,
    ) -> Result<Self, rmp_serde::decode::Error> {
        let mut content = Self([0; 256]);
        let mut serializer = Serializer::new(&mut content).with_struct_map();
        header
            .serialize(&mut serializer)
            .and_then(|()| (solver, state).serialize(&mut serializer))
            .map_err(<rmp_serde::decode::Error as serde::de::Error>::custom)?;
        Ok(content)
    }

    fn add(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0[usize::from(*byte)] += 1);
    }
}

impl Write for Content {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Header {
    fn of<S, P: ParamVec>(coordinates: u64) -> Self {
        Self {
            crate_version: env!("CARGO_PKG_VERSION").into(),
            scalar: type_name::<P::Scalar>().into(),
            coordinates,
            solver: short_name(type_name::<S>()),
            param: short_name(type_name::<P>()),
        }
    }
}

/// Whether a run ended by a limit that may be raised.
fn is_limit(status: &TerminationStatus) -> bool {
    use TerminationReason::{Interrupt, MaxItersReached, Timeout};
    matches!(status, TerminationStatus::Terminated(MaxItersReached | Timeout | Interrupt))
}

/// The name of a type without the paths, which are no one's promise.
fn short_name(name: &str) -> String {
    let mut short = String::new();
    let mut word = 0;
    for part in name.split("::") {
        short.truncate(word);
        short.push_str(part);
        let identifier = |c: char| c.is_alphanumeric() || c == '_';
        word = short.trim_end_matches(identifier).len();
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_lose_their_paths_only() {
        let name = "a::b::Arturo<f64, a::C<f64, std::D, [d::E; 2]>>";
        assert_eq!(short_name(name), "Arturo<f64, C<f64, D, [E; 2]>>");
        assert_eq!(short_name("alloc::vec::Vec<f32>"), "Vec<f32>");
        assert_eq!(short_name("f64"), "f64");
    }
}
