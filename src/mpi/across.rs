//! A mean whose parts are summed by all ranks.

use super::agreement::Step;
use super::{Link, Ranks};
use crate::error::misfit;
use crate::oracle::arithmetic::divide;
use crate::oracle::pool::Pool;
use crate::oracle::tree::TreeMean;
use crate::oracle::{Draw, StochasticCost, StochasticGradient};
use crate::param::ParamVec;
use crate::stop::Stop;
use ::mpi::Rank;
use ::mpi::traits::{Communicator, Destination, Equivalence, Root, Source};
use argmin::core::Error;
use num_traits::Zero;
use std::cell::RefCell;

/// Coordinates in a message. All levels of the tree are at work at once, each on its message, so that it
/// should be short; and long beside the latency: 512 KiB in `f64`.
const MESSAGE: usize = 1 << 16;

type Number<P> = <P as ParamVec>::Scalar;

/// A mean whose parts are summed by all ranks: those of
/// [`MiniBatch::in_parallel`](crate::MiniBatch::in_parallel), or the draws of a
/// [`Replicated`](crate::oracle::Replicated). It has the bits of the mean without ranks. A
/// [`MiniBatch`](crate::MiniBatch) without parts is summed by the first rank.
///
/// Each rank sums the parts of a node of their binary tree. With 2^k ranks and 2^k parts or more the nodes are
/// equal up to one part; further ranks are idle. Then sums of nodes are added along the tree, and the first rank
/// sends the mean to all. A gradient is a collective operation: all ranks must come to it with the same point
/// and draw, as they do where they run the same solver. Any oracle goes around it.
///
/// | each rank | |
/// |---|---|
/// | waits for all | once a gradient, to agree that there is one |
/// | receives and adds | n numbers, at most once for each level of the tree |
/// | receives | the mean |
/// | needs memory | a message of 2^16 numbers beside that of one process |
///
/// Drawn costs are computed by each rank, in full.
///
/// See the [module](super) for a program, and for failures of a rank.
#[derive(Clone, Debug)]
pub struct AcrossRanks<O> {
    oracle: O,
    ranks: Ranks,
    stop: Option<[Stop; 2]>,
    links: RefCell<Links>,
    pool: Pool,
}

/// The neighbours of a rank in the tree of a draw.
#[derive(Clone, Debug, Default)]
struct Links {
    /// Whose sums it adds to its own, the last one first.
    receive: Vec<Rank>,
    /// Who adds its sum.
    send: Option<Rank>,
}

impl Links {
    fn clear(&mut self) {
        self.receive.clear();
        self.send = None;
    }
}

impl<O: TreeMean> AcrossRanks<O> {
    /// Spreads this oracle, which is the same on all ranks.
    pub fn new(oracle: O, ranks: &Ranks) -> Self {
        Self {
            oracle,
            ranks: ranks.clone(),
            stop: None,
            links: RefCell::default(),
            pool: Pool::default(),
        }
    }

    /// Passes a request to end the run to all ranks: where `wish` is requested on one of them, as by an observer of
    /// the first, `stop` is requested on all at the next gradient, and ends their solvers at the same iteration.
    ///
    /// `stop` is the one of [`Arturo::with_stop`](crate::Arturo::with_stop), and must not be `wish`, which would
    /// end one rank before the others.
    #[must_use]
    pub fn with_stop(mut self, wish: Stop, stop: Stop) -> Self {
        self.stop = Some([wish, stop]);
        self
    }

    /// The oracle that is spread.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }
}

/// Goes down the tree of `parts` to the node of a rank, halves of parts to halves of ranks, and returns the
/// parts that the rank sums itself: none, where there are fewer parts than ranks.
fn share_of<Parts>(
    rank: Rank,
    count: Rank,
    mut parts: Parts,
    mut split: impl FnMut(&mut Parts) -> Option<Parts>,
    links: &mut Links,
) -> Option<Parts> {
    let (mut first, mut end) = (0, count);
    links.clear();
    while end - first > 1 {
        let middle = first + (end - first + 1) / 2;
        match split(&mut parts) {
            Some(front) if rank < middle => {
                parts = front;
                links.receive.push(middle);
            }
            Some(_) => {
                links.receive.clear();
                links.send = Some(first);
            }
            None if rank < middle => {}
            None => {
                links.clear();
                return None;
            }
        }
        if rank < middle { end = middle } else { first = middle }
    }
    Some(parts)
}

impl<O> AcrossRanks<O>
where
    O: TreeMean,
    O::Param: ParamVec<Scalar: Equivalence>,
{
    /// Sums the share of this rank.
    fn sum_share(&self, x: &O::Param, draw: Draw, sum: &mut O::Param) -> Result<(), Error> {
        let Link { rank, count, .. } = *self.ranks.0;
        let parts = self.oracle.parts(draw);
        let split = |parts: &mut O::Parts| self.oracle.split(parts);
        if let Some(parts) = share_of(rank, count, parts, split, &mut self.links.borrow_mut()) {
            self.oracle.sum(x, parts, sum)?;
        }
        let (drawn, needed) = (sum.as_coordinates()?.len(), x.as_coordinates()?.len());
        if drawn != needed {
            return Err(misfit(format!(
                "AcrossRanks: a gradient of {drawn} coordinates was drawn, it must have {needed}, one for \
                 each of x; correct the oracle"
            )));
        }
        Ok(())
    }

    /// Adds the sums of the ranks along the tree, and passes the result to all.
    fn add(&self, sum: &mut [Number<O::Param>]) {
        let communicator = &self.ranks.0.communicator;
        let links = self.links.borrow();
        // empty on loan, with its memory
        let mut buffer = self.pool.take(&Vec::new());
        buffer.resize(MESSAGE.min(sum.len()), Zero::zero());
        for part in sum.chunks_mut(MESSAGE) {
            for rank in links.receive.iter().rev() {
                let summand = &mut buffer[..part.len()];
                communicator.process_at_rank(*rank).receive_into(summand);
                part.iter_mut().zip(summand).for_each(|(sum, summand)| *sum = *sum + *summand);
            }
            if let Some(rank) = links.send {
                communicator.process_at_rank(rank).send(part);
            }
        }
        buffer.clear();
        let first = communicator.process_at_rank(0);
        sum.chunks_mut(MESSAGE).for_each(|part| first.broadcast_into(part));
    }
}

impl<O> StochasticGradient for AcrossRanks<O>
where
    O: TreeMean,
    O::Param: ParamVec<Scalar: Equivalence>,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        let step = Step::draw(draw, x.as_coordinates()?);
        let failure = self.sum_share(x, draw, gradient).err();
        let wishes = self.stop.as_ref().is_some_and(|[wish, _]| wish.is_requested());
        let agreed = self.ranks.0.agree(step, failure, wishes)?;
        if let Some([_, stop]) = &self.stop
            && agreed.stop
        {
            stop.request();
        }
        self.add(gradient.as_coordinates_mut()?);
        divide(gradient, self.oracle.count(draw))
    }
}

/// Each rank computes the cost, in full.
impl<O: StochasticCost> StochasticCost for AcrossRanks<O> {
    type Param = O::Param;

    fn stochastic_cost(&self, x: &O::Param, draw: Draw) -> Result<Number<O::Param>, Error> {
        self.oracle.stochastic_cost(x, draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::tree::split_range;

    /// The sum of terms by a tree, as nested brackets.
    fn brackets(mut parts: std::ops::Range<u64>) -> String {
        match split_range(&mut parts) {
            Some(first) => format!("({} {})", brackets(first), brackets(parts)),
            None => parts.start.to_string(),
        }
    }

    #[test]
    fn any_number_of_ranks_adds_the_same_tree() {
        for (parts, count) in (1..20).flat_map(|parts| (1..20).map(move |count| (parts, count))) {
            let mut sums = vec![None; count as usize];
            // those who send have received before, from ranks above them
            for rank in (0..count).rev() {
                let mut links = Links::default();
                let share = share_of(rank, count, 0..parts, split_range, &mut links);
                let Some(share) = share else {
                    assert!(links.receive.is_empty() && links.send.is_none());
                    continue;
                };
                let sum = links.receive.iter().rev().fold(brackets(share), |sum, from| {
                    let (to, summand): (Option<Rank>, String) =
                        sums[*from as usize].take().expect("it has been sent");
                    assert_eq!(to, Some(rank));
                    format!("({sum} {summand})")
                });
                sums[rank as usize] = Some((links.send, sum));
            }
            assert_eq!(sums[0], Some((None, brackets(0..parts))), "{parts} on {count}");
            assert!(sums[1..].iter().all(Option::is_none));
        }
    }
}
