//! Minibatches whose terms are summed on several threads.

use super::arithmetic::{add, clear};
use super::finite_sum::Batch;
use super::pool::Pool;
use super::tree::TreeMean;
use super::{Draw, FiniteSum, MiniBatch};
use crate::error::invalid;
use crate::param::ParamVec;
use crate::threads;
use argmin::core::Error;

/// How the terms of a batch are cut into parts.
#[derive(Clone, Debug)]
pub(super) struct Parts<S: FiniteSum> {
    /// Terms in a part.
    size: usize,
    pool: Pool,
    /// [`MiniBatch::add_parts`], which needs `S: Sync`: only [`MiniBatch::in_parallel`] knows that.
    add: AddBatch<S>,
}

type AddBatch<S> = fn(
    &MiniBatch<S>,
    &<S as FiniteSum>::Param,
    Batch,
    &mut <S as FiniteSum>::Param,
) -> Result<(), Error>;

impl<S: FiniteSum> Parts<S> {
    /// Takes the first half of whole parts off a batch; none, where it is one part.
    fn split(&self, batch: &mut Batch) -> Option<Batch> {
        let part_count = batch.len().div_ceil(self.size);
        (part_count > 1).then(|| batch.split_off_front(part_count.div_ceil(2) * self.size))
    }
}

impl<S> MiniBatch<S>
where
    S: FiniteSum + Sync,
    S::Param: ParamVec,
{
    /// Sums parts of `part_size` terms at once, on the threads of rayon's current pool (feature
    /// `rayon`; without it one after the other, to the same bits).
    ///
    /// A part should take 10 us or more, because waking a thread takes some microseconds, and have 8 terms
    /// or more, because the sums of parts are added afterwards.
    ///
    /// A batch of B terms is cut into ceil(B/part_size) parts, and the sums of parts are added as a
    /// binary tree. Parts and tree depend on B and `part_size` alone, so the bits are the same on any
    /// number of threads, one included, and on any number of processes (feature `mpi`). Those of a sum
    /// in the order of the terms differ. A tree needs one buffer of the length of the gradient for each of
    /// its levels and threads. Drawn costs are summed on one thread.
    ///
    /// ```
    /// use argmin::core::{Error, Executor, State};
    /// use argmin_arturo::{Arturo, FiniteSum, MiniBatch};
    ///
    /// /// f_i(x) = 1/2 (x - i)^2
    /// struct Mean;
    ///
    /// impl FiniteSum for Mean {
    ///     type Param = Vec<f64>;
    ///
    ///     fn term_count(&self) -> usize {
    ///         1001
    ///     }
    ///
    ///     fn add_term_gradient(&self, x: &Vec<f64>, term: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
    ///         sum[0] += x[0] - term as f64;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let oracle = MiniBatch::new(Mean, 256)?.in_parallel(32)?;
    /// let result = Executor::new(oracle, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(1000))
    ///     .run()?;
    /// assert!((result.state().get_best_param().unwrap()[0] - 500.0).abs() < 3.0);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If `part_size` is 0.
    pub fn in_parallel(mut self, part_size: usize) -> Result<Self, Error> {
        if part_size == 0 {
            return Err(invalid("MiniBatch: `part_size` must be at least 1, got 0".into()));
        }
        self.parts = Some(Parts { size: part_size, pool: Pool::default(), add: Self::add_parts });
        Ok(self)
    }

    /// Adds the gradients of a batch to `sum`, by halves of whole parts.
    fn add_parts(&self, x: &S::Param, mut batch: Batch, sum: &mut S::Param) -> Result<(), Error> {
        let split = self.parts.as_ref().and_then(|parts| Some((parts, parts.split(&mut batch)?)));
        let Some((parts, first)) = split else {
            return self.sum().add_batch_gradient(x, batch, sum);
        };
        let mut second_sum = parts.pool.take(&*sum);
        clear(&mut *second_sum)?;
        let (first, second) = threads::join(
            threads::are_many(),
            || self.add_parts(x, first, sum),
            || self.add_parts(x, batch, &mut second_sum),
        );
        // an error of the first half comes first, whichever thread was faster
        first.and(second)?;
        add("MiniBatch", sum, &*second_sum)
    }
}

impl<S: FiniteSum> MiniBatch<S> {
    /// Adds the gradients of a batch to `sum`, on several threads where that is set.
    pub(super) fn add_gradients(
        &self,
        x: &S::Param,
        batch: Batch,
        sum: &mut S::Param,
    ) -> Result<(), Error> {
        match &self.parts {
            Some(parts) => (parts.add)(self, x, batch, sum),
            None => self.sum().add_batch_gradient(x, batch, sum),
        }
    }
}

impl<S> TreeMean for MiniBatch<S>
where
    S: FiniteSum,
    S::Param: ParamVec,
{
    type Parts = Batch;

    fn parts(&self, draw: Draw) -> Batch {
        self.batch(draw)
    }

    fn split(&self, batch: &mut Batch) -> Option<Batch> {
        self.parts.as_ref()?.split(batch)
    }

    fn sum(&self, x: &S::Param, batch: Batch, sum: &mut S::Param) -> Result<(), Error> {
        clear(sum)?;
        self.add_gradients(x, batch, sum)
    }

    #[cfg(feature = "mpi")]
    fn count(&self, draw: Draw) -> u64 {
        self.batch(draw).len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::StochasticGradient;
    use super::*;

    /// Terms of very different size, so that the order of a sum shows in its bits; one may fail.
    struct Terms {
        count: usize,
        fails: Vec<usize>,
    }

    impl FiniteSum for Terms {
        type Param = Vec<f64>;

        fn term_count(&self) -> usize {
            self.count
        }

        fn add_term_gradient(
            &self,
            x: &Vec<f64>,
            term: usize,
            sum: &mut Vec<f64>,
        ) -> Result<(), Error> {
            if self.fails.contains(&term) {
                return Err(Error::msg(format!("term {term}")));
            }
            for (k, sum) in sum.iter_mut().enumerate() {
                *sum += (x[0] + (term * 7 + k) as f64).sin() * 10f64.powi(term as i32 % 9);
            }
            Ok(())
        }
    }

    fn drawn(batch_size: usize, part_size: usize, k: u64) -> Vec<f64> {
        let terms = Terms { count: 1000, fails: vec![] };
        let batches = MiniBatch::new(terms, batch_size).unwrap();
        let oracle = batches.without_replacement().in_parallel(part_size).unwrap();
        let mut gradient = vec![f64::NAN; 3];
        oracle.stochastic_gradient(&vec![0.5], Draw::new(3, k), &mut gradient).unwrap();
        gradient
    }

    #[test]
    fn parts_make_the_gradient_of_the_batch() {
        for batch_size in [1, 7, 8, 9, 64, 999, 1000] {
            let terms = Terms { count: 1000, fails: vec![] };
            let batches = MiniBatch::new(terms, batch_size).unwrap().without_replacement();
            for k in [0, 1, 5] {
                let mut serial = vec![f64::NAN; 3];
                batches.stochastic_gradient(&vec![0.5], Draw::new(3, k), &mut serial).unwrap();
                for part_size in [1, 8, 100, 5000] {
                    let parts = drawn(batch_size, part_size, k);
                    for (a, b) in std::iter::zip(&serial, &parts) {
                        assert!((a - b).abs() <= 1e-13 * 1e8, "{batch_size} {part_size}: {a} {b}");
                    }
                    if part_size >= batch_size {
                        assert_eq!(serial, parts, "one part is the serial sum");
                    }
                }
            }
        }
    }

    #[test]
    fn independent_terms_are_cut_like_the_others() {
        let terms = Terms { count: 1000, fails: vec![] };
        let batches = MiniBatch::new(terms, 100).unwrap();
        let mut rest = batches.batch(Draw::new(1, 2));
        let all: Vec<usize> = rest.clone().collect();
        let front = rest.split_off_front(32);
        assert_eq!((front.len(), rest.len()), (32, 68));
        assert!(front.chain(rest).eq(all));
    }

    #[cfg(feature = "rayon")]
    #[test]
    fn threads_give_the_bits_of_one() {
        let on = |threads: usize, k| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| drawn(500, 8, k))
        };
        for k in 0..20 {
            let one = on(1, k);
            for threads in [2, 3, 8] {
                assert_eq!(on(threads, k), one);
            }
        }
    }

    #[test]
    fn the_first_error_passes_through() {
        let terms = Terms { count: 100, fails: vec![30, 77, 90] };
        let oracle = MiniBatch::new(terms, 100).unwrap().in_parallel(8).unwrap();
        let mut gradient = vec![0.0; 3];
        let error = oracle.stochastic_gradient(&vec![0.5], Draw::new(1, 0), &mut gradient);
        assert_eq!(error.unwrap_err().to_string(), "term 30");
    }

    #[test]
    fn empty_parts_are_refused() {
        let batches = MiniBatch::new(Terms { count: 3, fails: vec![] }, 2).unwrap();
        let error = batches.in_parallel(0).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Invalid parameter: \"MiniBatch: `part_size` must be at least 1, got 0\""
        );
    }
}
