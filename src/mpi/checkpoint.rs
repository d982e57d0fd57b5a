//! Runs from the checkpoint of the first rank.

use super::Ranks;
use super::agreement::Step;
use crate::checkpoint::AtomicCheckpoint;
use crate::error::invalid;
use crate::param::ParamVec;
use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
use argmin::core::{Error, Executor, IterState, OptimizationResult, Solver};
use serde::{Serialize, de::DeserializeOwned};

/// argmin's state of a run whose parameters lie in memory as a slice.
type Iterates<P, G, J, H, R> = IterState<P, G, J, H, R, <P as ParamVec>::Scalar>;

impl Ranks {
    /// [`AtomicCheckpoint::run`] on all ranks: all continue from the last checkpoint of the first rank, which alone
    /// reads and writes it.
    ///
    /// # Errors
    /// Those of the run; those of the checkpoint on the first rank, and on the others
    /// [`ArturoError::Rank`](crate::ArturoError::Rank) where it cannot be read, or
    /// [`ArturoError::RanksApart`](crate::ArturoError::RanksApart) where it cannot be written.
    #[expect(clippy::type_complexity, reason = "argmin's state has as many types")]
    pub fn run<O, S, P, G, J, H, R>(
        &self,
        checkpoint: &AtomicCheckpoint,
        executor: Executor<O, S, Iterates<P, G, J, H, R>>,
    ) -> Result<OptimizationResult<O, S, Iterates<P, G, J, H, R>>, Error>
    where
        S: Solver<O, Iterates<P, G, J, H, R>> + Serialize + DeserializeOwned + 'static,
        Iterates<P, G, J, H, R>: Serialize + DeserializeOwned,
        P: ParamVec,
    {
        let (checkpoint, executor) = checkpoint.fit(executor);
        let checkpoint = OfFirst { ranks: self.clone(), checkpoint };
        let result = executor.checkpointing(checkpoint.clone()).run()?;
        checkpoint.save(result.solver(), result.state())?;
        Ok(result)
    }
}

/// The checkpoint of the first rank, which all read.
#[derive(Clone)]
struct OfFirst {
    ranks: Ranks,
    checkpoint: AtomicCheckpoint,
}

impl<S, P, G, J, H, R> Checkpoint<S, Iterates<P, G, J, H, R>> for OfFirst
where
    S: Serialize + DeserializeOwned,
    Iterates<P, G, J, H, R>: Serialize + DeserializeOwned,
    P: ParamVec,
{
    fn save(&self, solver: &S, state: &Iterates<P, G, J, H, R>) -> Result<(), Error> {
        if self.ranks.is_first() { self.checkpoint.save(solver, state) } else { Ok(()) }
    }

    fn load(&self) -> Result<Option<(S, Iterates<P, G, J, H, R>)>, Error> {
        let undecodable = |error: String| {
            invalid(format!(
                "Ranks: the checkpoint does not pass from rank to rank ({error}); start all ranks from one \
                 program"
            ))
        };
        let read = || -> Result<Vec<u8>, Error> {
            if !self.ranks.is_first() {
                return Ok(Vec::new());
            }
            let checkpoint: &dyn Checkpoint<S, Iterates<P, G, J, H, R>> = &self.checkpoint;
            let found = checkpoint.load()?;
            rmp_serde::to_vec_named(&found).map_err(|error| undecodable(error.to_string()))
        };
        let link = &self.ranks.0;
        let (bytes, failure) = match read() {
            Ok(bytes) => (bytes, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        link.agree(Step::LOAD, failure, false)?;
        let bytes = link.broadcast(0, bytes);
        rmp_serde::from_slice(&bytes).map_err(|error| undecodable(error.to_string()))
    }

    fn frequency(&self) -> CheckpointingFrequency {
        self.checkpoint.frequency
    }
}
