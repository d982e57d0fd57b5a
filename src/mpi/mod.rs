//! Oracles over the processes of [MPI](https://www.mpi-forum.org) (feature `mpi`, over an installed MPI).
//!
//! [`AcrossRanks`] spreads the terms of a batch, or the draws of a [`Replicated`](crate::oracle::Replicated)
//! oracle, over all processes, its *ranks*. Each rank runs the same program: the same solver from the same
//! start with the same seed. Sums have the order of the oracle without MPI, so a run has the same bits on any
//! number of ranks, one included, and without MPI. `docs/mpi.md` has its cost.
//!
//! ```no_run
//! use argmin::core::{Error, Executor, State};
//! use argmin_arturo::mpi::{AcrossRanks, Ranks};
//! use argmin_arturo::{Arturo, FiniteSum, MiniBatch};
//!
//! /// f_i(x) = 1/2 (x - i)^2
//! struct Mean;
//! impl FiniteSum for Mean {
//!     type Param = Vec<f64>;
//!     fn term_count(&self) -> usize {
//!         1001
//!     }
//!     fn add_term_gradient(&self, x: &Vec<f64>, term: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
//!         sum[0] += x[0] - term as f64;
//!         Ok(())
//!     }
//! }
//!
//! let ranks = Ranks::initialize()?;
//! let oracle = AcrossRanks::new(MiniBatch::new(Mean, 256)?.in_parallel(32)?, &ranks);
//! let result = Executor::new(oracle, Arturo::new())
//!     .configure(|state| state.param(vec![0.0]).max_iters(1000))
//!     .run()?;
//! if ranks.is_first() {
//!     println!("{:?}", result.state().get_best_param());
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! `mpirun -n 4 PROGRAM` runs it on four ranks.
//!
//! # Who observes, and who checkpoints
//!
//! The first rank alone: add observers, and print, where [`Ranks::is_first`]. `Ranks::run` (feature `serde1`) runs
//! an executor from the first rank's checkpoint, which it alone reads and writes. A
//! [`Stop`](crate::observer::Stop) passes to all ranks by [`AcrossRanks::with_stop`]. Time limits and Ctrl-C
//! of argmin's executor would end one rank before the other: use a stop instead.
//!
//! # Failures
//!
//! Before each sum all ranks agree whether there is one. An error of the oracle on one rank is an error of that
//! draw on all, [`ArturoError::Rank`] on the others; a solver with [`NonFinite::Skip`](crate::NonFinite::Skip) skips
//! the draw on all. A gradient that is not finite on one rank is not finite on all. Where a rank comes to another
//! draw or point than the others, as with another seed, or its run has ended before theirs, their runs end with
//! [`ArturoError::RanksApart`]. A panic on one rank, or its death, ends the program on all; checkpoints stay intact.
//!
//! [`ArturoError::Rank`]: crate::ArturoError::Rank
//! [`ArturoError::RanksApart`]: crate::ArturoError::RanksApart

mod across;
mod agreement;
#[cfg(feature = "serde1")]
mod checkpoint;

/// The program of the page, as a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/mpi.md")]
struct Page;

pub use across::AcrossRanks;

use crate::error::invalid;
use ::mpi::environment::Universe;
use ::mpi::topology::SimpleCommunicator;
use ::mpi::traits::Communicator;
use ::mpi::{Rank, Threading};
use agreement::Step;
use argmin::core::Error;
use std::rc::Rc;

/// The processes of an MPI program.
///
/// Clones are the same processes. The last one to be dropped, the oracles' included, waits until all ranks
/// have come to it, and ends MPI; in a panic it ends the program on all ranks.
#[derive(Clone, Debug)]
pub struct Ranks(Rc<Link>);

/// Communicates apart from other users of MPI.
struct Link {
    communicator: SimpleCommunicator,
    rank: Rank,
    count: Rank,
    /// Ends MPI when dropped, after the communicator.
    _universe: Universe,
}

impl Ranks {
    /// Starts MPI; once in a program, and on all ranks. Call it in the thread that runs the executor.
    ///
    /// Threads of the oracle, as of rayon, do not use MPI, and may run beside.
    ///
    /// # Errors
    /// If MPI has been started before, or has no support for threads.
    pub fn initialize() -> Result<Self, Error> {
        let (universe, threading) = ::mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| {
                invalid("Ranks: MPI has been started before; clone the `Ranks` there are".into())
            })?;
        if threading < Threading::Funneled {
            return Err(invalid(format!(
                "Ranks: the threading level of MPI must be at least Funneled, got {threading:?}; take an \
                 MPI that is built with threads"
            )));
        }
        let communicator = universe.world().duplicate();
        let (rank, count) = (communicator.rank(), communicator.size());
        Ok(Self(Rc::new(Link { communicator, rank, count, _universe: universe })))
    }

    /// The number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.0.rank as usize
    }

    /// The number of processes (>= 1).
    pub fn count(&self) -> usize {
        self.0.count as usize
    }

    /// Whether this process is the one that observes, prints and checkpoints.
    pub fn is_first(&self) -> bool {
        self.0.rank == 0
    }
}

impl Drop for Link {
    /// Lets the other ranks know that this one asks for no more sums, until none does.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.communicator.abort(101);
        }
        while !self.agree(Step::LEAVE, None, false).is_ok_and(|agreed| agreed.all_leave) {}
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rank {} of {}", self.rank, self.count)
    }
}
