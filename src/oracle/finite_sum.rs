//! Means of many terms, and minibatches of them.

use super::arithmetic::{clear, divide};
use super::parallel::Parts;
use super::permutation::Permutation;
use super::{Draw, Epochs, StochasticGradient};
use crate::error::invalid;
use crate::param::ParamVec;
use argmin::core::Error;
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::ops::Range;

/// An objective f(x) = 1/N sum_i f_i(x) over N terms: data points, years, trajectories.
///
/// ```
/// use argmin::core::Error;
/// use argmin_arturo::oracle::FiniteSum;
///
/// /// f_i(x) = 1/2 (x - data_i)^2
/// struct Mean {
///     data: Vec<f64>,
/// }
///
/// impl FiniteSum for Mean {
///     type Param = Vec<f64>;
///
///     fn term_count(&self) -> usize {
///         self.data.len()
///     }
///
///     fn add_term_gradient(&self, x: &Vec<f64>, term: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
///         sum[0] += x[0] - self.data[term];
///         Ok(())
///     }
/// }
/// ```
pub trait FiniteSum {
    /// Type of the parameter vector and of its gradient.
    type Param;

    /// N, the number of terms.
    fn term_count(&self) -> usize;

    /// Adds the gradient of the term `term` (in 0..N) at `x` to `sum`.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a
    /// [`FailedRun`](crate::FailedRun), unless the solver has [`NonFinite::Skip`](crate::NonFinite::Skip).
    fn add_term_gradient(
        &self,
        x: &Self::Param,
        term: usize,
        sum: &mut Self::Param,
    ) -> Result<(), Error>;

    /// Adds the gradients of all terms of a batch at `x` to `sum`.
    ///
    /// Override it where terms share work: one solution of a differential equation serves all the
    /// years of a batch.
    ///
    /// # Errors
    /// As for [`add_term_gradient`](Self::add_term_gradient).
    fn add_batch_gradient(
        &self,
        x: &Self::Param,
        batch: Batch,
        sum: &mut Self::Param,
    ) -> Result<(), Error> {
        for term in batch {
            self.add_term_gradient(x, term, sum)?;
        }
        Ok(())
    }
}

/// So that several runs, as of two solvers, share one data set: `MiniBatch::new(&data, 32)`.
impl<S: FiniteSum + ?Sized> FiniteSum for &S {
    type Param = S::Param;

    fn term_count(&self) -> usize {
        (**self).term_count()
    }

    fn add_term_gradient(
        &self,
        x: &S::Param,
        term: usize,
        sum: &mut S::Param,
    ) -> Result<(), Error> {
        (**self).add_term_gradient(x, term, sum)
    }

    fn add_batch_gradient(
        &self,
        x: &S::Param,
        batch: Batch,
        sum: &mut S::Param,
    ) -> Result<(), Error> {
        (**self).add_batch_gradient(x, batch, sum)
    }
}

/// The terms of one minibatch: an iterator over their numbers, a pure function of the draw.
#[derive(Clone, Debug)]
pub struct Batch {
    terms: Terms,
    remaining: usize,
}

#[derive(Clone, Debug)]
enum Terms {
    Independent { rng: Xoshiro256PlusPlus, term_count: usize },
    Epoch { permutation: Permutation, position: u64 },
    All { next: usize },
}

impl Batch {
    /// All terms of a sum of this many, in order.
    pub(super) fn all(term_count: usize) -> Self {
        Self { terms: Terms::All { next: 0 }, remaining: term_count }
    }

    /// The first `count` terms; `self` continues after them.
    pub(super) fn split_off_front(&mut self, count: usize) -> Self {
        let count = count.min(self.remaining);
        let front = Self { terms: self.terms.clone(), remaining: count };
        match &mut self.terms {
            Terms::Epoch { position, .. } => *position += count as u64,
            Terms::All { next } => *next += count,
            Terms::Independent { rng, term_count } => {
                for _ in 0..count {
                    let _skipped: usize = rng.random_range(0..*term_count);
                }
            }
        }
        self.remaining -= count;
        front
    }

    /// The terms at `positions` of a permutation of all.
    pub(super) fn of_permutation(permutation: Permutation, positions: Range<usize>) -> Self {
        let position = positions.start as u64;
        Self { terms: Terms::Epoch { permutation, position }, remaining: positions.len() }
    }
}

impl Iterator for Batch {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.remaining = self.remaining.checked_sub(1)?;
        Some(match &mut self.terms {
            Terms::Independent { rng, term_count } => rng.random_range(0..*term_count),
            Terms::Epoch { permutation, position } => {
                *position += 1;
                permutation.apply(*position - 1) as usize
            }
            Terms::All { next } => {
                *next += 1;
                *next - 1
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batch {}

/// The gradient of a [`FiniteSum`] from a random batch of its terms: their mean.
///
/// [`MiniBatch::new`] draws with replacement, [`MiniBatch::without_replacement`] goes through a
/// new permutation of all terms in each epoch. Both are unbiased. A batch as large as the sum, or
/// larger, has each term once, without noise. [`MiniBatch::in_parallel`] sums on several threads.
#[derive(Clone, Debug)]
pub struct MiniBatch<S: FiniteSum> {
    sum: S,
    batch_size: usize,
    replacement: bool,
    pub(super) parts: Option<Parts<S>>,
}

impl<S: FiniteSum> MiniBatch<S> {
    /// Batches of `batch_size` terms, each drawn uniformly and independently.
    ///
    /// # Errors
    /// If the sum has no terms or the batch size is 0.
    pub fn new(sum: S, batch_size: usize) -> Result<Self, Error> {
        if sum.term_count() == 0 {
            return Err(invalid(
                "MiniBatch: the sum has no terms (`term_count` is 0); check how they are read"
                    .into(),
            ));
        }
        if batch_size == 0 {
            return Err(invalid("MiniBatch: `batch_size` must be at least 1, got 0".into()));
        }
        Ok(Self { sum, batch_size, replacement: true, parts: None })
    }

    /// Draws without replacement, in [`Epochs`].
    ///
    /// The draws of an epoch are not independent. [`Arturo::new`](crate::Arturo::new) does not need that. With an [estimator](crate::Arturo::with_estimator) or
    /// [bounds](crate::Arturo::with_bounds) draw with replacement: there the KL radius is adapted to
    /// how the next draw agrees with the last ones, and may shrink too far.
    #[must_use]
    pub fn without_replacement(mut self) -> Self {
        self.replacement = false;
        self
    }

    /// The wrapped sum.
    pub fn sum(&self) -> &S {
        &self.sum
    }

    /// Draws in an epoch: ceil(N/B).
    pub fn draws_per_epoch(&self) -> u64 {
        self.epochs().draws_per_epoch()
    }

    /// The terms of a draw.
    pub fn batch(&self, draw: Draw) -> Batch {
        let term_count = self.sum.term_count();
        if self.replacement && self.batch_size < term_count {
            let terms = Terms::Independent { rng: draw.rng(), term_count };
            return Batch { terms, remaining: self.batch_size };
        }
        self.epochs().batch(draw)
    }

    fn epochs(&self) -> Epochs {
        Epochs { term_count: self.sum.term_count(), batch_size: self.batch_size }
    }
}

impl<S> StochasticGradient for MiniBatch<S>
where
    S: FiniteSum,
    S::Param: ParamVec,
{
    type Param = S::Param;

    fn stochastic_gradient(
        &self,
        x: &S::Param,
        draw: Draw,
        gradient: &mut S::Param,
    ) -> Result<(), Error> {
        clear(gradient)?;
        let batch = self.batch(draw);
        let count = batch.len() as u64;
        self.add_gradients(x, batch, gradient)?;
        divide(gradient, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Terms(usize);

    impl FiniteSum for Terms {
        type Param = Vec<f64>;

        fn term_count(&self) -> usize {
            self.0
        }

        fn add_term_gradient(
            &self,
            _: &Vec<f64>,
            i: usize,
            sum: &mut Vec<f64>,
        ) -> Result<(), Error> {
            sum[0] += i as f64;
            sum[1] += (i * i) as f64;
            Ok(())
        }
    }

    #[test]
    fn an_epoch_visits_each_term_once_in_an_order_of_its_own() {
        let oracle = MiniBatch::new(Terms(103), 10).unwrap().without_replacement();
        assert_eq!(oracle.draws_per_epoch(), 11);
        let epoch = |seed, e: u64| -> Vec<usize> {
            (e * 11..(e + 1) * 11).flat_map(|k| oracle.batch(Draw::new(seed, k))).collect()
        };
        for e in 0..3 {
            let mut terms = epoch(5, e);
            assert_ne!(terms, epoch(5, e + 1));
            assert_ne!(terms, epoch(6, e));
            assert_eq!(terms, epoch(5, e));
            terms.sort_unstable();
            assert!(terms.into_iter().eq(0..103));
        }
        assert_eq!(oracle.batch(Draw::new(5, 10)).len(), 3);
    }

    #[test]
    fn a_batch_as_large_as_the_sum_is_exact() {
        for size in [7, 8, 1000] {
            let oracle = MiniBatch::new(Terms(7), size).unwrap();
            let mut gradient = vec![f64::NAN; 2];
            oracle.stochastic_gradient(&vec![0.0; 2], Draw::new(1, 2), &mut gradient).unwrap();
            assert_eq!(gradient, [3.0, 13.0]);
        }
    }

    #[test]
    fn the_mean_of_draws_is_the_gradient() {
        // 1e5 draws, within 5 standard errors of the batch mean's exact variance
        let (n, size, draws) = (9_usize, 4, 100_000_u64);
        let values: Vec<f64> = (0..n).map(|i| (i * i) as f64).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        for replacement in [true, false] {
            let mut oracle = MiniBatch::new(Terms(n), size).unwrap();
            oracle.replacement = replacement;
            let mut gradient = vec![0.0; 2];
            let mut total = 0.0;
            for k in 0..draws {
                // one batch of each epoch, so that the draws are independent
                let draw = Draw::new(3, k * 3 + k % 2);
                oracle.stochastic_gradient(&vec![0.0; 2], draw, &mut gradient).unwrap();
                total += gradient[1];
            }
            let error = (variance / size as f64 / draws as f64).sqrt();
            let deviation = (total / draws as f64 - mean) / error;
            assert!(deviation.abs() < 5.0, "{replacement}: {deviation} standard errors");
        }
    }

    #[test]
    fn empty_sums_and_batches_are_refused() {
        let text = |result: Result<MiniBatch<Terms>, Error>| result.unwrap_err().to_string();
        assert_eq!(
            text(MiniBatch::new(Terms(0), 4)),
            "Invalid parameter: \"MiniBatch: the sum has no terms (`term_count` is 0); \
             check how they are read\""
        );
        assert_eq!(
            text(MiniBatch::new(Terms(3), 0)),
            "Invalid parameter: \"MiniBatch: `batch_size` must be at least 1, got 0\""
        );
    }
}
