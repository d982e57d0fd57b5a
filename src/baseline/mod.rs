//! What everyone uses, to compare with: Adam, AdamW and SGD on the crate's oracles.
//!
//! They draw the same gradients as [`Arturo`](crate::Arturo) does: the n-th step draws index n with
//! the seed of the solver. The arithmetic is that of PyTorch 2.8, in its order; `tests/baseline.rs`
//! compares the two.
//!
//! | solver | settings beyond learning rate and weight decay | memory (arrays) |
//! |---|---|---|
//! | [`Adam`] | `betas`, `epsilon` | 2 |
//! | [`AdamW`] | `betas`, `epsilon` | 2 |
//! | [`Sgd`] | `momentum`, `nesterov` | 1 with momentum, else 0 |
//!
//! ```
//! use argmin::core::{Error, Executor, Gradient, State};
//! use argmin_arturo::baseline::Adam;
//! use argmin_arturo::oracle::GaussianNoise;
//! use argmin_arturo::schedule::KlSchedule;
//!
//! /// f(x) = 1/2 |x - 3|^2.
//! struct Bowl;
//! impl Gradient for Bowl {
//!     type Param = Vec<f64>;
//!     type Gradient = Vec<f64>;
//!     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
//!         Ok(x.iter().map(|x| x - 3.0).collect())
//!     }
//! }
//!
//! let adam =
//!     Adam::new(0.1)?.with_seed(7).with_schedule(KlSchedule::Cosine { horizon: 1000 })?;
//! let result = Executor::new(GaussianNoise::new(Bowl, 1.0)?, adam)
//!     .configure(|state| state.param(vec![0.0; 10]).max_iters(1000))
//!     .run()?;
//! let x = result.state().get_best_param().unwrap();
//! assert!(x.iter().all(|x| (x - 3.0).abs() < 0.4));
//! # Ok::<(), Error>(())
//! ```

mod adam;
mod descent;
mod sgd;

pub use descent::Descent;

/// Adam: steps of about the learning rate in each coordinate, by a running mean of the gradients
/// over the root of that of their squares.
///
/// Step t = 1, 2, ... with gradient g, learning rate alpha and weight decay lambda, coordinate by
/// coordinate, from m = v = 0:
///
/// ```text
/// g <- g + lambda x
/// m <- m + (1 - beta1) (g - m)
/// v <- beta2 v + (1 - beta2) g^2
/// x <- x - alpha / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
/// ```
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`new`](Descent::new) | learning rate alpha, in units of x, > 0 | none; 1e-3 in the paper |
/// | [`with_betas`](Descent::with_betas) | memory of m and v, in \[0, 1) | 0.9 and 0.999, as in the paper |
/// | [`with_epsilon`](Descent::with_epsilon) | smallest divisor, f/x, > 0 | 1e-8, as in the paper |
/// | [`with_weight_decay`](Descent::with_weight_decay) | lambda, f/x^2, >= 0 | 0, as in PyTorch |
///
/// Those of all baselines, and what argmin's state holds: [`Descent`].
///
/// # Reference
///
/// D. P. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization*, 2015, arXiv:1412.6980.
pub type Adam<F> = Descent<adam::Moments<F, false>>;

/// [`Adam`] with decoupled weight decay: it shrinks x itself, out of reach of the division by
/// sqrt(v).
///
/// The step is that of [`Adam`], but with `x <- (1 - alpha lambda) x` before it in place of
/// `g <- g + lambda x`. The settings are those of [`Adam`]; the weight decay lambda, here in units
/// of 1/x, is 1e-2 by default, as in PyTorch.
///
/// # Reference
///
/// I. Loshchilov, F. Hutter, *Decoupled Weight Decay Regularization*, 2019, arXiv:1711.05101.
pub type AdamW<F> = Descent<adam::Moments<F, true>>;

/// Stochastic gradient descent, with heavy-ball or Nesterov momentum where asked for.
///
/// A step with gradient g, learning rate alpha, weight decay lambda and momentum mu, from b = 0:
///
/// ```text
/// g <- g + lambda x
/// b <- mu b + g
/// x <- x - alpha b               or, with Nesterov momentum,
/// x <- x - alpha (g + mu b)
/// ```
///
/// | setting | meaning | default, as in PyTorch |
/// |---|---|---|
/// | [`new`](Descent::new) | learning rate alpha, x^2/f, > 0 | none |
/// | [`with_momentum`](Descent::with_momentum) | mu, in \[0, 1) | 0 |
/// | [`with_nesterov`](Descent::with_nesterov) | Nesterov momentum, needs mu > 0 | off |
/// | [`with_weight_decay`](Descent::with_weight_decay) | lambda, f/x^2, >= 0 | 0 |
///
/// Those of all baselines, and what argmin's state holds: [`Descent`].
///
/// # References
///
/// H. Robbins, S. Monro, *A Stochastic Approximation Method*, 1951; I. Sutskever, J. Martens,
/// G. Dahl, G. Hinton, *On the importance of initialization and momentum in deep learning*, 2013.
pub type Sgd<F> = Descent<sgd::Momentum<F>>;
