//! Minibatches of a finite sum, with the variance of a reference point taken out.

use super::arithmetic::{add, clear, combine, divide};
use super::finite_sum::Batch;
use super::pool::Pool;
use super::{Draw, FiniteSum, MiniBatch, Staged, StochasticGradient};
use crate::error::invalid;
use crate::param::ParamVec;
use argmin::core::Error;
use num_traits::Zero;

/// Stochastic variance-reduced gradients of f(x) = 1/N sum_i f_i(x):
///
/// ```text
/// g(x, draw) = mean over the batch of [grad f_i(x) - grad f_i(s)] + grad f(s)
/// ```
///
/// with a reference point s whose full gradient is known. Unbiased for any s, with a variance that
/// vanishes as x and s meet: of the order |x - s|^2, where that of the minibatch does not. Where terms
/// are smooth and N is small against the draws of a run, constant steps then converge to the
/// minimum.
///
/// The reference point belongs to the oracle, which stays pure in (x, draw) as long as it has it.
/// [`InStages`](super::InStages) around the solver renews it every m iterations, and puts it back
/// where a run is resumed. A driver of your own calls [`Staged::begin_stage`].
///
/// # Cost
/// A draw: 2 B gradients of terms, for batches of B, where [`MiniBatch`] takes B. A stage: N of
/// them, once, counted by `InStages` as `full_gradient_count`; argmin's `stochastic_gradient_count`
/// has the draws alone. [`Counted`](super::Counted) around the sum counts terms. Memory: two arrays
/// for the reference point, one to work in.
///
/// # Reference
/// R. Johnson, T. Zhang, *Accelerating stochastic gradient descent using predictive variance
/// reduction*, 2013, whose m is 2 N for convex problems and 5 N else, in draws of one term.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::baseline::Sgd;
/// use argmin_arturo::oracle::{InStages, MiniBatch, Svrg};
/// use argmin_arturo::FiniteSum;
///
/// /// f_i(x) = 1/2 (i + 1) (x - i)^2, i = 0, ..., 9.
/// struct Terms;
/// impl FiniteSum for Terms {
///     type Param = Vec<f64>;
///     fn term_count(&self) -> usize {
///         10
///     }
///     fn add_term_gradient(&self, x: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
///         sum[0] += (i as f64 + 1.0) * (x[0] - i as f64);
///         Ok(())
///     }
/// }
/// let oracle = Svrg::new(MiniBatch::new(Terms, 1)?);
/// let solver = InStages::new(Sgd::new(0.02)?.with_seed(7), 20)?;
/// let result = Executor::new(oracle, solver)
///     .configure(|state| state.param(vec![0.0]).max_iters(1000))
///     .run()?;
/// // a constant learning rate, and yet no noise is left; with `MiniBatch` alone it is 0.8
/// assert!((result.state().get_best_param().unwrap()[0] - 6.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Svrg<S: FiniteSum> {
    batches: MiniBatch<S>,
    reference: Option<Reference<S::Param>>,
    pool: Pool,
}

#[derive(Clone, Debug)]
struct Reference<P> {
    point: P,
    gradient: P,
}

const NAME: &str = "Svrg";

impl<S: FiniteSum> Svrg<S> {
    /// Takes the variance out of `batches`. It draws nothing before a stage has begun.
    pub fn new(batches: MiniBatch<S>) -> Self {
        Self { batches, reference: None, pool: Pool::default() }
    }

    /// The batches.
    pub fn batches(&self) -> &MiniBatch<S> {
        &self.batches
    }
}

impl<S> Staged for Svrg<S>
where
    S: FiniteSum,
    S::Param: ParamVec,
{
    type Param = S::Param;

    fn begin_stage(&mut self, x: &S::Param) -> Result<(), Error> {
        let mut gradient = x.clone();
        clear(&mut gradient)?;
        let term_count = self.batches.sum().term_count();
        self.batches.add_gradients(x, Batch::all(term_count), &mut gradient)?;
        divide(&mut gradient, term_count as u64)?;
        self.reference = Some(Reference { point: x.clone(), gradient });
        Ok(())
    }

    fn stage_point(&self) -> Option<&S::Param> {
        self.reference.as_ref().map(|reference| &reference.point)
    }
}

impl<S> StochasticGradient for Svrg<S>
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
        let Some(reference) = &self.reference else {
            return Err(invalid(format!(
                "{NAME}: there is no reference point yet; wrap the solver in `InStages`, or call \
                 `begin_stage` first"
            )));
        };
        let mut at_reference = self.pool.take(x);
        self.batches.stochastic_gradient(x, draw, gradient)?;
        self.batches.stochastic_gradient(&reference.point, draw, &mut at_reference)?;
        combine(NAME, gradient, &at_reference, |a, b| (a - b, Zero::zero()))?;
        add(NAME, gradient, &reference.gradient)
    }
}
