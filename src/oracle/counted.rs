//! Counts the evaluations of a stack of oracles.

use super::arithmetic::pass_on;
use super::{Draw, FiniteSum, StochasticCost, StochasticGradient};
use crate::param::ParamVec;
use argmin::core::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the evaluations that reach the oracle which it wraps.
///
/// argmin counts the requests of a solver: one `stochastic_gradient_count` whether the draw is one
/// gradient or the mean of many. Put this around the innermost problem, and [`counter`](Self::counter) counts the
/// evaluations that the wrappers outside of it make. It changes no bits. It counts this process: a resumed run
/// begins at 0, as argmin's counts do.
///
/// ```
/// use argmin::core::{Error, Executor, Gradient};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::oracle::{Counted, GaussianNoise, Replicated};
///
/// struct Sphere;
/// impl Gradient for Sphere {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(x.clone())
///     }
/// }
/// let noisy = Counted::new(GaussianNoise::new(Sphere, 1.0)?);
/// let counter = noisy.counter();
/// Executor::new(Replicated::new(noisy, 8)?, Arturo::new())
///     .configure(|state| state.param(vec![1.0]).max_iters(10))
///     .run()?;
/// assert_eq!(counter.gradients(), 80);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Counted<O> {
    oracle: O,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    gradients: AtomicU64,
    costs: AtomicU64,
    term_gradients: AtomicU64,
}

fn count(counter: &AtomicU64, evaluations: usize) {
    counter.fetch_add(evaluations as u64, Ordering::Relaxed);
}

impl<O> Counted<O> {
    /// Counts from 0.
    pub fn new(oracle: O) -> Self {
        Self { oracle, counts: Arc::default() }
    }

    /// The counts without the oracle, to keep while a solver owns it.
    pub fn counter(&self) -> Counted<()> {
        Counted { oracle: (), counts: Arc::clone(&self.counts) }
    }

    /// Gradients drawn.
    pub fn gradients(&self) -> u64 {
        self.counts.gradients.load(Ordering::Relaxed)
    }

    /// Costs drawn.
    pub fn costs(&self) -> u64 {
        self.counts.costs.load(Ordering::Relaxed)
    }

    /// Gradients of terms of a [`FiniteSum`].
    pub fn term_gradients(&self) -> u64 {
        self.counts.term_gradients.load(Ordering::Relaxed)
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }
}

impl<O: StochasticGradient> StochasticGradient for Counted<O> {
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        count(&self.counts.gradients, 1);
        self.oracle.stochastic_gradient(x, draw, gradient)
    }
}

impl<O: StochasticCost> StochasticCost for Counted<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        count(&self.counts.costs, 1);
        self.oracle.stochastic_cost(x, draw)
    }
}

impl<S: FiniteSum> FiniteSum for Counted<S> {
    type Param = S::Param;

    fn term_count(&self) -> usize {
        self.oracle.term_count()
    }

    fn add_term_gradient(
        &self,
        x: &S::Param,
        term: usize,
        sum: &mut S::Param,
    ) -> Result<(), Error> {
        count(&self.counts.term_gradients, 1);
        self.oracle.add_term_gradient(x, term, sum)
    }

    fn add_batch_gradient(
        &self,
        x: &S::Param,
        batch: super::Batch,
        sum: &mut S::Param,
    ) -> Result<(), Error> {
        count(&self.counts.term_gradients, batch.len());
        self.oracle.add_batch_gradient(x, batch, sum)
    }
}

pass_on!(Counted, Mirror);
