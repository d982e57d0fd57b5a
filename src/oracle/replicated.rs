//! Means of several draws.

use super::arithmetic::{add, divide, pass_on};
use super::pool::Pool;
use super::tree::{TreeMean, split_range};
use super::{Draw, StochasticCost, StochasticGradient};
use crate::error::invalid;
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;
use num_traits::Zero;
use std::ops::Range;

/// The mean of k independent draws: g = 1/k sum_j g(x, draw_j), with 1/k of the variance.
///
/// The k draws of draw number i are those of numbers ik to ik + k - 1 of the wrapped oracle. So
/// distinct draws share none, and of a [`MiniBatch`](super::MiniBatch) without replacement it takes
/// k consecutive batches. One draw costs k gradients (or costs) of the wrapped oracle. Gradients are
/// added as a binary tree over j, so that processes share them to the same bits (feature `mpi`).
///
/// With [`Frozen`](super::Frozen) around it this is the sample average of k draws.
///
/// ```
/// use argmin::core::Error;
/// use argmin_arturo::oracle::{MiniBatch, Replicated};
/// use argmin_arturo::{Draw, FiniteSum, StochasticGradient};
///
/// struct Terms;
/// impl FiniteSum for Terms {
///     type Param = Vec<f64>;
///     fn term_count(&self) -> usize {
///         12
///     }
///     fn add_term_gradient(&self, _: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
///         sum[0] += i as f64 - 5.5;
///         Ok(())
///     }
/// }
/// // four batches of three are an epoch of twelve terms
/// let oracle = Replicated::new(MiniBatch::new(Terms, 3)?.without_replacement(), 4)?;
/// let mut g = vec![0.0];
/// oracle.stochastic_gradient(&vec![0.0], Draw::new(1, 0), &mut g)?;
/// assert!(g[0].abs() < 1e-15); // the mean of all terms
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Replicated<O> {
    oracle: O,
    replicates: u64,
    #[cfg_attr(feature = "serde1", serde(skip))]
    pool: Pool,
}

impl<O> Replicated<O> {
    /// Averages `replicates` (k >= 1) draws of `oracle`.
    ///
    /// # Errors
    /// If `replicates` is 0.
    pub fn new(oracle: O, replicates: u64) -> Result<Self, Error> {
        if replicates == 0 {
            return Err(invalid("Replicated: `replicates` must be at least 1, got 0".into()));
        }
        Ok(Self { oracle, replicates, pool: Pool::default() })
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }

    fn draws(&self, draw: Draw) -> impl Iterator<Item = Draw> {
        let parts = self.replicates;
        (0..parts).map(move |part| draw.part(part, parts))
    }
}

impl<O> StochasticGradient for Replicated<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        self.sum(x, self.parts(draw), gradient)?;
        divide(gradient, self.replicates)
    }
}

impl<O> TreeMean for Replicated<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    type Parts = (Draw, Range<u64>);

    fn parts(&self, draw: Draw) -> Self::Parts {
        (draw, 0..self.replicates)
    }

    fn split(&self, (draw, parts): &mut Self::Parts) -> Option<Self::Parts> {
        split_range(parts).map(|first| (*draw, first))
    }

    fn sum(&self, x: &O::Param, mut parts: Self::Parts, sum: &mut O::Param) -> Result<(), Error> {
        let Some(first) = self.split(&mut parts) else {
            let (draw, parts) = parts;
            let draw = draw.part(parts.start, self.replicates);
            return self.oracle.stochastic_gradient(x, draw, sum);
        };
        self.sum(x, first, sum)?;
        let mut second = self.pool.take(x);
        self.sum(x, parts, &mut second)?;
        add("Replicated", sum, &second)
    }

    #[cfg(feature = "mpi")]
    fn count(&self, _draw: Draw) -> u64 {
        self.replicates
    }
}

impl<O: StochasticCost> StochasticCost for Replicated<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        let mut sum = <O::Param as ParamVec>::Scalar::zero();
        for draw in self.draws(draw) {
            sum = sum + self.oracle.stochastic_cost(x, draw)?;
        }
        Ok(sum / Scalar::from_f64_lossy(self.replicates as f64))
    }
}

pass_on!(Replicated, Mirror);
