//! Where gradients come from: stochastic gradient oracles.
//!
//! | you have | use |
//! |---|---|
//! | code that draws a gradient | implement [`StochasticGradient`] |
//! | an argmin problem with an exact [`Gradient`] | the problem itself |
//! | a mean of many terms (data points, years, batches) | implement [`FiniteSum`], wrap in [`MiniBatch`] |
//! | an exact gradient, and want an experiment with noise | [`GaussianNoise`], [`StudentTNoise`] |

mod draw;
mod finite_sum;
mod noise;
mod permutation;

pub use draw::Draw;
pub use finite_sum::{Batch, FiniteSum, MiniBatch};
pub use noise::{GaussianNoise, StudentTNoise};

use argmin::core::{Error, Gradient};

/// Draws of the gradient of f(x) = E\[f(x; draw)\].
///
/// The drawn gradient g(x, draw) must be unbiased, E\[g(x, draw)\] = grad f(x), and a pure function
/// of x and the draw: take all randomness from [`Draw::rng`]. It is the *mean* over a batch, never
/// the sum.
///
/// Every argmin problem with [`Gradient`] is an oracle as it stands, without noise.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::{Arturo, Draw, StochasticGradient};
/// use rand_distr::{Distribution, StandardNormal};
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
    /// An error ends the run and reaches the caller of the executor unchanged.
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
