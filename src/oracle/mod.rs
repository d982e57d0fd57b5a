//! Where gradients come from: stochastic gradient oracles.
//!
//! | you have | use |
//! |---|---|
//! | code that draws a gradient | implement [`StochasticGradient`] |
//! | an argmin problem with an exact [`Gradient`] | the problem itself |
//! | a mean of many terms (data points, years, batches) | implement [`FiniteSum`], wrap in [`MiniBatch`] |
//! | the same, of more terms than memory holds | implement [`ShardedSum`], wrap in [`Sharded`] |
//! | a loss that a library differentiates, batch by batch | draw the batches by [`Epochs`] |
//! | a candle model | `candle::VarMapOracle` (feature `candle`) |
//! | rows that come once, from an iterator or a channel | [`Stream`] |
//! | gradients or costs that are evaluated elsewhere: hardware, another process | a [`Session`](crate::session::Session) |
//! | code that draws a cost, no gradient | implement [`StochasticCost`], wrap in [`FiniteDifferenceGradient`] or, in high dimension, [`Spsa`] |
//! | an argmin problem with a [`CostFunction`](argmin::core::CostFunction) alone | the same wrappers around the problem itself |
//! | an exact gradient, and want an experiment with noise | [`GaussianNoise`], [`StudentTNoise`] |
//!
//! | you want | wrap in |
//! |---|---|
//! | the terms of a batch on several threads | [`MiniBatch::in_parallel`] |
//! | the terms of a batch, or the draws of a mean, on several machines | `mpi::AcrossRanks` (feature `mpi`) |
//! | less noise, by k draws | [`Replicated`] |
//! | less noise, by as many draws as it takes | [`GrowingBatch`] |
//! | less noise, by mirror images | [`Antithetic`] |
//! | less noise, near the minimum of a finite sum | [`Svrg`], and the solver in [`InStages`] |
//! | no outliers, at the price of a bias | [`Clipped`] |
//! | weight decay, or a Gaussian prior on the parameters | [`Regularized`] |
//! | parameters that are positive, in an interval or fixed | [`Transformed`](crate::Transformed) |
//! | one fixed sample, for a deterministic solver | [`Frozen`] |
//! | noise that a draw cannot repeat, as of a real experiment | [`Fresh`] |
//! | to count the evaluations | [`Counted`] |
//! | the best of several runs | nothing: see [`MultiStart`](crate::MultiStart) |
//!
//! Wrappers go around each other and around any oracle. `Clipped<Replicated<O>>` clips means,
//! `Replicated<Clipped<O>>` averages clipped gradients. An order that makes no sense does not
//! compile. A clipped gradient has no cost, so there is nothing to difference here:
//!
//! ```compile_fail,E0277
//! # use argmin::core::{CostFunction, Error};
//! # struct Cost;
//! # impl CostFunction for Cost {
//! #     type Param = Vec<f64>;
//! #     type Output = f64;
//! #     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
//! #         Ok(x[0] * x[0])
//! #     }
//! # }
//! use argmin_arturo::oracle::{Clipped, Spsa};
//!
//! let oracle = Spsa::new(Clipped::by_norm(Cost, 1.0)?);
//! # Ok::<(), Error>(())
//! ```
//!
//! The other order makes sense:
//!
//! ```
//! # use argmin::core::{CostFunction, Error};
//! # struct Cost;
//! # impl CostFunction for Cost {
//! #     type Param = Vec<f64>;
//! #     type Output = f64;
//! #     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
//! #         Ok(x[0] * x[0])
//! #     }
//! # }
//! use argmin_arturo::oracle::{Clipped, Spsa};
//!
//! let oracle = Clipped::by_norm(Spsa::new(Cost), 1.0)?;
//! # Ok::<(), Error>(())
//! ```

mod antithetic;
pub(crate) mod arithmetic;
#[cfg(feature = "candle")]
pub mod candle;
mod clipped;
mod cost;
mod counted;
mod difference_step;
mod epochs;
mod finite_difference;
mod finite_sum;
mod fresh;
mod frozen;
mod growing_batch;
mod noise;
mod parallel;
mod permutation;
pub(crate) mod pool;
mod regularized;
mod replicated;
mod sharded;
mod spsa;
mod staged;
mod stream;
mod svrg;
pub(crate) mod tree;

pub use crate::draw::Draw;
pub use antithetic::{Antithetic, Mirror};
pub use clipped::Clipped;
pub use cost::{FiniteSumCost, StochasticCost};
pub use counted::Counted;
pub use epochs::Epochs;
pub use finite_difference::FiniteDifferenceGradient;
pub use finite_sum::{Batch, FiniteSum, MiniBatch};
pub use fresh::Fresh;
pub use frozen::Frozen;
pub use growing_batch::GrowingBatch;
pub use noise::{GaussianNoise, StudentTNoise};
pub use regularized::Regularized;
pub use replicated::Replicated;
pub use sharded::{Sharded, ShardedSum};
pub use spsa::Spsa;
pub use staged::{InStages, Staged};
pub use stream::Stream;
pub use svrg::Svrg;

use argmin::core::{Error, Gradient};

/// Draws of the gradient of f(x) = E\[f(x; draw)\].
///
/// The drawn gradient g(x, draw) must be unbiased, E\[g(x, draw)\] = grad f(x), and a pure function
/// of x and the draw: take all randomness from [`Draw::rng`]. It is the *mean* over a batch, never
/// the sum.
///
/// Every argmin problem with [`Gradient`] is an oracle without noise.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::{Arturo, Draw, StochasticGradient};
/// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
///
/// /// f(x) = 1/2 |x - 3|^2, seen through noise of standard deviation 1.
/// struct Noisy;
///
/// impl StochasticGradient for Noisy {
///     type Param = Vec<f64>;
///
///     fn stochastic_gradient(
///         &self,
///         x: &Vec<f64>,
///         draw: Draw,
///         gradient: &mut Vec<f64>,
///     ) -> Result<(), Error> {
///         let mut rng = draw.rng();
///         for (g, x) in gradient.iter_mut().zip(x) {
///             let noise: f64 = StandardNormal.sample(&mut rng);
///             *g = x - 3.0 + noise;
///         }
///         Ok(())
///     }
/// }
///
/// let result = Executor::new(Noisy, Arturo::new().with_seed(7))
///     .configure(|state| state.param(vec![0.0; 10]).max_iters(2000))
///     .run()?;
/// let x = result.state().get_best_param().unwrap();
/// assert!(x.iter().all(|x| (x - 3.0).abs() < 0.3));
/// # Ok::<(), Error>(())
/// ```
pub trait StochasticGradient {
    /// Type of the parameter vector and of its gradient.
    type Param;

    /// Writes the gradient drawn at `x` into `gradient`, every coordinate of it.
    ///
    /// `gradient` arrives with the length of `x` and arbitrary content.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a
    /// [`FailedRun`](crate::FailedRun), unless the solver has [`NonFinite::Skip`](crate::NonFinite::Skip).
    fn stochastic_gradient(
        &self,
        x: &Self::Param,
        draw: Draw,
        gradient: &mut Self::Param,
    ) -> Result<(), Error>;
}

impl<T> StochasticGradient for T
where
    T: Gradient<Gradient = <T as Gradient>::Param>,
{
    type Param = <T as Gradient>::Param;

    fn stochastic_gradient(
        &self,
        x: &Self::Param,
        _draw: Draw,
        gradient: &mut Self::Param,
    ) -> Result<(), Error> {
        *gradient = self.gradient(x)?;
        Ok(())
    }
}
