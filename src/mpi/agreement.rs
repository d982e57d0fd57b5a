//! The agreement of all ranks before they exchange anything.

use super::Link;
use crate::error::ArturoError;
use crate::oracle::Draw;
use crate::param::Scalar;
use ::mpi::collective::SystemOperation;
use ::mpi::traits::{Communicator, CommunicatorCollectives, Root};
use argmin::core::Error;

/// The draw and point of a rank, which must be the same on all: 64 bits that differ where that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step(u64);

impl Step {
    /// Nothing more.
    pub(super) const LEAVE: Self = Self(0);
    /// A checkpoint that is read.
    pub(super) const LOAD: Self = Self(1);

    /// A gradient.
    pub(super) fn draw<F: Scalar>(draw: Draw, x: &[F]) -> Self {
        // each coordinate has an odd factor of its own, so that a change of one of them shows
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let factor = |i: usize| SPREAD.wrapping_add(2 * i as u64);
        let head = [draw.seed(), draw.index(), u64::from(draw.is_mirrored())];
        let words = head.into_iter().chain(x.iter().map(|x| x.to_f64_exact().to_bits()));
        let products = words.enumerate().map(|(i, word)| word.wrapping_mul(factor(i)));
        // 0 and 1 are taken
        Self(products.fold(0, u64::wrapping_add).max(2))
    }
}

/// The agreement of the ranks.
pub(super) struct Agreed {
    /// None of them does anything more.
    pub(super) all_leave: bool,
    /// One of them wants to stop.
    pub(super) stop: bool,
}

impl Link {
    /// Waits for all ranks, and comes to the same conclusion on each: to continue, or an error.
    ///
    /// # Errors
    /// `failure`, or else that of the first rank that has one; that this rank continues where another has left, or
    /// where not all have come to the same step.
    pub(super) fn agree(
        &self,
        step: Step,
        failure: Option<Error>,
        stop: bool,
    ) -> Result<Agreed, Error> {
        // the largest of these is the first rank; 0 is none
        let mark = |is: bool| if is { (self.count - self.rank) as u64 } else { 0 };
        let leaves = step == Step::LEAVE;
        let mine = [step.0, !step.0, mark(leaves), mark(failure.is_some()), u64::from(stop)];
        let mut all = [0; 5];
        self.communicator.all_reduce_into(&mine[..], &mut all[..], SystemOperation::max());
        let [largest, smallest, left, failed, stop] = all;
        let first = |mark: u64| (self.count as u64 - mark) as usize;
        let is_same = largest == !smallest;
        if !is_same {
            let text = if left > 0 {
                format!(
                    "rank {} has ended its run before the others; look for its error, let all run the same \
                     number of iterations, or end them by `AcrossRanks::with_stop`",
                    first(left)
                )
            } else {
                "the ranks are not at the same draw and point; start all with the same solver, seed, \
                 start and checkpoint"
                    .into()
            };
            return Err(ArturoError::RanksApart(text).into());
        }
        if failed > 0 {
            let rank = first(failed);
            let text = failure.as_ref().map(|error| error.to_string().into_bytes());
            let text = self.broadcast(rank, text.unwrap_or_default());
            let reason = String::from_utf8_lossy(&text).into_owned();
            return Err(failure.unwrap_or_else(|| ArturoError::Rank { rank, reason }.into()));
        }
        Ok(Agreed { all_leave: left > 0, stop: stop > 0 })
    }

    /// These bytes of a rank, on all ranks.
    pub(super) fn broadcast(&self, root: usize, mut bytes: Vec<u8>) -> Vec<u8> {
        let root = self.communicator.process_at_rank(root as i32);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        // a message has no more than 2^31 - 1 items
        bytes.chunks_mut(1 << 30).for_each(|part| root.broadcast_into(part));
        bytes
    }
}
