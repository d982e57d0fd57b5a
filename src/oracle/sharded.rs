//! Means of more terms than memory holds.

use super::arithmetic::{clear, divide};
use super::{Draw, StochasticGradient};
use crate::error::invalid;
use crate::param::ParamVec;
use argmin::core::Error;
use rand::Rng;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// An objective f(x) = 1/N sum_i f_i(x) whose terms lie in shards: files, row groups, pages of a
/// table. [`Sharded`] has an example.
pub trait ShardedSum {
    /// Type of the parameter vector and of its gradient.
    type Param;

    /// The data of a term, such as a data point.
    type Term;

    /// Reads all terms of a shard, the same ones whenever asked for: a function of the number
    /// alone.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a
    /// [`FailedRun`](crate::FailedRun), unless the solver has [`NonFinite::Skip`](crate::NonFinite::Skip).
    fn load_shard(&self, shard: usize) -> Result<Vec<Self::Term>, Error>;

    /// Adds the gradient of one term at `x` to `sum`.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a
    /// [`FailedRun`](crate::FailedRun), unless the solver has [`NonFinite::Skip`](crate::NonFinite::Skip).
    fn add_term_gradient(
        &self,
        x: &Self::Param,
        term: &Self::Term,
        sum: &mut Self::Param,
    ) -> Result<(), Error>;
}

/// Minibatches of a [`ShardedSum`], of which one shard is in memory at a time.
///
/// A draw takes a shard with a probability proportional to its number of terms, and from it a batch
/// of B terms, each uniformly and independently; where B is the size of the shard or more, the batch
/// is all of it, once. Its mean is an unbiased draw of the gradient. All terms of a batch come from
/// one shard: the variance between shards does not fall with B, so spread the data over the
/// shards at random when writing them.
///
/// The last shard stays in memory, which saves time and changes no bits. As the shard of a draw is
/// random, nearly each draw reads one; [`with_draws_per_shard`](Self::with_draws_per_shard) makes
/// consecutive draws share theirs. One draw costs at most one shard read and B gradients of terms.
///
/// A source that can be read only once, such as a socket, is not a function of the draw: write it to
/// shards first.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`new`](Self::new) | batch size B, >= 1; terms in each shard | none |
/// | [`with_draws_per_shard`](Self::with_draws_per_shard) | consecutive draws of one shard, >= 1 | 1, independent draws |
///
/// ```
/// use argmin::core::Error;
/// use argmin_arturo::oracle::{Sharded, ShardedSum};
/// use argmin_arturo::{Draw, StochasticGradient};
///
/// /// f_i(x) = 1/2 (x - data_i)^2, one shard a line of text.
/// struct Lines(&'static str);
/// impl ShardedSum for Lines {
///     type Param = Vec<f64>;
///     type Term = f64;
///     fn load_shard(&self, shard: usize) -> Result<Vec<f64>, Error> {
///         let line = self.0.lines().nth(shard).unwrap_or_default();
///         Ok(line.split(' ').map(str::parse).collect::<Result<_, _>>()?)
///     }
///     fn add_term_gradient(&self, x: &Vec<f64>, data: &f64, sum: &mut Vec<f64>) -> Result<(), Error> {
///         sum[0] += x[0] - data;
///         Ok(())
///     }
/// }
/// let oracle = Sharded::new(Lines("1 2 3\n4 5"), vec![3, 2], 2)?.with_draws_per_shard(10)?;
/// let mut g = vec![0.0];
/// oracle.stochastic_gradient(&vec![0.0], Draw::new(0, 0), &mut g)?;
/// assert!((-5.0..=-1.0).contains(&g[0]));
/// # Ok::<(), Error>(())
/// ```
pub struct Sharded<S: ShardedSum> {
    sum: S,
    /// Number of terms up to the end of each shard.
    ends: Vec<usize>,
    batch_size: usize,
    draws_per_shard: u64,
    last: Mutex<Option<Shard<S::Term>>>,
}

/// A shard in memory.
struct Shard<T> {
    number: usize,
    terms: Arc<Vec<T>>,
}

/// Separates the choice of the shard from that of the batch.
const SHARD_STREAM: u64 = 0x0073_6861_7264;

impl<S: ShardedSum> Sharded<S> {
    /// Batches of `batch_size` (B >= 1) terms, from shards with `shard_sizes` terms each; shards
    /// without terms are never read.
    ///
    /// # Errors
    /// If the batch size is 0, or there are no terms.
    pub fn new(sum: S, shard_sizes: Vec<usize>, batch_size: usize) -> Result<Self, Error> {
        let mut ends = shard_sizes;
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        if total == 0 {
            return Err(invalid(
                "Sharded: the shards have no terms; check how they are read".into(),
            ));
        }
        if batch_size == 0 {
            return Err(invalid("Sharded: `batch_size` must be at least 1, got 0".into()));
        }
        Ok(Self { sum, ends, batch_size, draws_per_shard: 1, last: Mutex::default() })
    }

    /// The same, with the sizes of `shard_count` shards found by reading each of them once.
    ///
    /// # Errors
    /// As for [`new`](Self::new), and those of [`ShardedSum::load_shard`].
    pub fn counting(sum: S, shard_count: usize, batch_size: usize) -> Result<Self, Error> {
        let size = |shard| Ok(sum.load_shard(shard)?.len());
        let sizes = (0..shard_count).map(size).collect::<Result<_, Error>>()?;
        Self::new(sum, sizes, batch_size)
    }

    /// Sets how many consecutive draws share a shard (>= 1, default 1): draws of numbers i with
    /// equal floor(i / draws) do. Each draw stays unbiased, but they are no longer independent.
    ///
    /// # Errors
    /// If it is 0.
    pub fn with_draws_per_shard(mut self, draws: u64) -> Result<Self, Error> {
        if draws == 0 {
            return Err(invalid("Sharded: `draws_per_shard` must be at least 1, got 0".into()));
        }
        self.draws_per_shard = draws;
        Ok(self)
    }

    /// The wrapped sum.
    pub fn sum(&self) -> &S {
        &self.sum
    }

    /// N, the number of terms in all shards.
    pub fn term_count(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The number of the shard of a draw.
    fn shard_of(&self, draw: Draw) -> usize {
        let group = Draw::new(draw.seed(), draw.index() / self.draws_per_shard);
        let term = group.stream(SHARD_STREAM).rng().random_range(0..self.term_count());
        self.ends.partition_point(|&end| end <= term)
    }

    /// The terms of a shard, from memory where it was the last one.
    fn terms(&self, number: usize) -> Result<Arc<Vec<S::Term>>, Error> {
        // never locked while the user's code runs
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = last().as_ref()
            && shard.number == number
        {
            return Ok(Arc::clone(&shard.terms));
        }
        let terms = self.sum.load_shard(number)?;
        let start = number.checked_sub(1).map_or(0, |previous| self.ends[previous]);
        let expected = self.ends[number] - start;
        if terms.len() != expected {
            return Err(invalid(format!(
                "Sharded: shard {number} has {} terms, its size was given as {expected}; correct the \
                 size, or have them counted by `Sharded::counting`",
                terms.len()
            )));
        }
        let terms = Arc::new(terms);
        *last() = Some(Shard { number, terms: Arc::clone(&terms) });
        Ok(terms)
    }
}

impl<S> StochasticGradient for Sharded<S>
where
    S: ShardedSum,
    S::Param: ParamVec,
{
    type Param = S::Param;

    fn stochastic_gradient(
        &self,
        x: &S::Param,
        draw: Draw,
        gradient: &mut S::Param,
    ) -> Result<(), Error> {
        let terms = self.terms(self.shard_of(draw))?;
        clear(gradient)?;
        let count = self.batch_size.min(terms.len());
        if count == terms.len() {
            for term in terms.iter() {
                self.sum.add_term_gradient(x, term, gradient)?;
            }
        } else {
            let mut rng = draw.rng();
            for _ in 0..count {
                let term = &terms[rng.random_range(0..terms.len())];
                self.sum.add_term_gradient(x, term, gradient)?;
            }
        }
        divide(gradient, count as u64)
    }
}

/// A clone begins with no shard in memory.
impl<S: ShardedSum + Clone> Clone for Sharded<S> {
    fn clone(&self) -> Self {
        Self {
            sum: self.sum.clone(),
            ends: self.ends.clone(),
            batch_size: self.batch_size,
            draws_per_shard: self.draws_per_shard,
            last: Mutex::default(),
        }
    }
}

impl<S: ShardedSum + fmt::Debug> fmt::Debug for Sharded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharded")
            .field("sum", &self.sum)
            .field("ends", &self.ends)
            .field("batch_size", &self.batch_size)
            .field("draws_per_shard", &self.draws_per_shard)
            .finish_non_exhaustive()
    }
}
