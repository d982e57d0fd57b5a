//! Pairs of a draw and its mirror image.

use super::arithmetic::{add, divide, pass_on};
use super::pool::Pool;
use super::{Draw, StochasticCost, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Gradient};

/// The promise that an oracle draws the mirror image where it gets one: all its random numbers go
/// through [`Draw::reflect`] or [`Draw::reflect_unit`].
///
/// An exact problem has no random numbers, so every argmin problem with [`Gradient`] is one.
pub trait Mirror {}

impl<T: Gradient> Mirror for T {}

/// The mean of a draw and its mirror image: g = (g(x, draw) + g(x, mirror)) / 2.
///
/// Where the gradient is a monotone function of each random number, the errors of the two are
/// negatively correlated and the variance is below that of two independent draws; the part that is odd in
/// them cancels entirely. Unbiased in any case, as the mirror image of a draw is a draw. Costs two
/// gradients (or costs) of the wrapped oracle.
///
/// A [`MiniBatch`](super::MiniBatch) has no mirror image, so that it does not compile here.
///
/// # Reference
/// J. M. Hammersley, K. W. Morton, *A new Monte Carlo technique: antithetic variates*, 1956.
///
/// ```
/// use argmin::core::Error;
/// use argmin_arturo::oracle::{Antithetic, Mirror};
/// use argmin_arturo::{Draw, StochasticGradient};
/// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
///
/// /// f(x) = E exp(x + z), z ~ N(0, 1).
/// struct Exponential;
///
/// impl StochasticGradient for Exponential {
///     type Param = Vec<f64>;
///
///     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
///         let z: f64 = draw.reflect(StandardNormal.sample(&mut draw.rng())); // instead of `sample`
///         g[0] = (x[0] + z).exp();
///         Ok(())
///     }
/// }
/// impl Mirror for Exponential {}
///
/// let mut g = vec![0.0];
/// Antithetic::new(Exponential).stochastic_gradient(&vec![0.0], Draw::new(1, 0), &mut g)?;
/// let z: f64 = StandardNormal.sample(&mut Draw::new(1, 0).rng());
/// assert_eq!(g[0], (z.exp() + (-z).exp()) / 2.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Antithetic<O> {
    oracle: O,
    pool: Pool,
}

impl<O: Mirror> Antithetic<O> {
    /// Pairs each draw of `oracle` with its mirror image.
    pub fn new(oracle: O) -> Self {
        Self { oracle, pool: Pool::default() }
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }
}

impl<O> StochasticGradient for Antithetic<O>
where
    O: StochasticGradient + Mirror,
    O::Param: ParamVec,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        let mut mirror = self.pool.take(x);
        self.oracle.stochastic_gradient(x, draw, gradient)?;
        self.oracle.stochastic_gradient(x, draw.mirror(), &mut mirror)?;
        add("Antithetic", gradient, &mirror)?;
        divide(gradient, 2)
    }
}

impl<O: StochasticCost + Mirror> StochasticCost for Antithetic<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        let sum = self.oracle.stochastic_cost(x, draw)?
            + self.oracle.stochastic_cost(x, draw.mirror())?;
        Ok(sum / Scalar::from_f64_lossy(2.0))
    }
}

pass_on!(Antithetic);
