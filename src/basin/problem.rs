//! Problems of basin as oracles.

use crate::oracle::{Draw, Epochs, StochasticCost, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use ::basin::{CostFunction, Gradient, MiniBatchGradient};
use argmin::core::Error;

/// A problem of basin with batch gradients as an oracle: each draw is one batch of it.
///
/// Batches are those of [`Epochs`]: each epoch has every sample once, in an order that is a function of seed and
/// epoch. basin's `Sgd` draws another order, and leaves out the short batch at the end of an epoch, which is the
/// last one here. The cost of the problem is never called.
///
/// Its errors are passed on, where they are standard ones or argmin's.
#[derive(Clone, Debug)]
pub struct Batches<P> {
    problem: P,
    epochs: Epochs,
}

impl<P: MiniBatchGradient> Batches<P> {
    /// Batches of `batch_size` samples (>= 1; all of them where it is larger).
    ///
    /// # Errors
    /// If it is 0, or if the problem has no samples.
    pub fn new(problem: P, batch_size: usize) -> Result<Self, Error> {
        let epochs = Epochs::new(problem.n_samples(), batch_size)?;
        Ok(Self { problem, epochs })
    }
}

impl<P> StochasticGradient for Batches<P>
where
    P: MiniBatchGradient<Gradient = <P as CostFunction>::Param>,
    P::Error: Into<Error>,
{
    type Param = P::Param;

    fn stochastic_gradient(
        &self,
        x: &P::Param,
        draw: Draw,
        gradient: &mut P::Param,
    ) -> Result<(), Error> {
        let batch: Vec<usize> = self.epochs.batch(draw).collect();
        self.problem.batch_gradient_into(x, &batch, gradient).map_err(Into::into)
    }
}

/// A problem of basin with exact gradients or costs as an oracle without noise.
///
/// With costs alone put it in [`Spsa`](crate::oracle::Spsa) or
/// [`FiniteDifferenceGradient`](crate::oracle::FiniteDifferenceGradient); with noise in
/// [`GaussianNoise`](crate::oracle::GaussianNoise).
///
/// Its errors are passed on, where they are standard ones or argmin's.
#[derive(Clone, Debug)]
pub struct Exact<P>(P);

impl<P> Exact<P> {
    /// Of this problem.
    pub fn new(problem: P) -> Self {
        Self(problem)
    }
}

impl<P> StochasticGradient for Exact<P>
where
    P: Gradient<Gradient = <P as CostFunction>::Param>,
    P::Error: Into<Error>,
{
    type Param = P::Param;

    fn stochastic_gradient(
        &self,
        x: &P::Param,
        _draw: Draw,
        gradient: &mut P::Param,
    ) -> Result<(), Error> {
        self.0.gradient_into(x, gradient).map_err(Into::into)
    }
}

impl<P, F> StochasticCost for Exact<P>
where
    F: Scalar,
    P: CostFunction<Output = F>,
    P::Param: ParamVec<Scalar = F>,
    P::Error: Into<Error>,
{
    type Param = P::Param;

    fn stochastic_cost(&self, x: &P::Param, _draw: Draw) -> Result<F, Error> {
        self.0.cost(x).map_err(Into::into)
    }
}
