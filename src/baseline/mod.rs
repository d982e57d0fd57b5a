//! Solvers to compare with, on the crate's oracles: Adam, AdamW, SGD, and published methods without a
//! learning rate to tune.
//!
//! They draw the same gradients as [`Arturo`](crate::Arturo) does: the n-th step draws index n with
//! the seed of the solver. The arithmetic of Adam, AdamW and SGD is that of PyTorch 2.8, in its
//! order; that of the others agrees with the packages named below, where these differ from the
//! papers, too. `tests/behaviour/baseline.rs` compares with both.
//!
//! | solver | settings | memory (arrays) | answer |
//! |---|---|---|---|
//! | [`Adam`], [`AdamW`] | learning rate, its schedule, weight decay; `betas`, `epsilon` | 2 | last iterate |
//! | [`Sgd`] | learning rate, its schedule, weight decay; `momentum`, `nesterov` | 1 with momentum, else 0 | last iterate |
//! | [`ScheduleFree`] | none needed; `learning_rate`, `betas`, `epsilon` | 2 | average |
//! | [`Prodigy`] | none needed; `betas`, `epsilon`, `initial_distance` | 4 | last iterate |
//! | [`Dog`], [`Dowg`] | none needed; `first_step` | 1 | average |
//! | [`Cocob`] | none needed; `alpha` | 5 | last iterate |
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
mod cocob;
mod descent;
mod distance;
mod prodigy;
mod rates;
mod schedule_free;
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
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// # Reference
///
/// D. P. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization*, 2015, arXiv:1412.6980.
pub type Adam<F = f64> = Descent<adam::Moments<F, false>>;

/// [`Adam`] with decoupled weight decay: it shrinks x itself, out of reach of the division by
/// sqrt(v).
///
/// The step is that of [`Adam`], but with `x <- (1 - alpha lambda) x` before it instead of
/// `g <- g + lambda x`. The settings are those of [`Adam`]; the weight decay lambda, here in units
/// of 1/x, is 1e-2 by default, as in PyTorch.
///
/// # Reference
///
/// I. Loshchilov, F. Hutter, *Decoupled Weight Decay Regularization*, 2019, arXiv:1711.05101.
pub type AdamW<F = f64> = Descent<adam::Moments<F, true>>;

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
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// # References
///
/// H. Robbins, S. Monro, *A Stochastic Approximation Method*, 1951; I. Sutskever, J. Martens,
/// G. Dahl, G. Hinton, *On the importance of initialization and momentum in deep learning*, 2013.
pub type Sgd<F = f64> = Descent<sgd::Momentum<F>>;

/// Schedule-Free AdamW: Adam's steps of a fast point z, the average x of which is the answer, and
/// gradients drawn at y between the two. The average replaces a schedule.
///
/// Step t = 1, 2, ... with gradient g at y and learning rate alpha, coordinate by coordinate, from
/// x = y = z = x0, v = 0:
///
/// ```text
/// v <- beta2 v + (1 - beta2) g^2
/// z <- z - alpha g / (sqrt(v / (1 - beta2^t)) + epsilon)
/// x <- (1 - 1/t) x + z / t
/// y <- beta1 x + (1 - beta1) z
/// ```
///
/// `param` is y, `best_param` x.
///
/// | setting | meaning | default, as in the package |
/// |---|---|---|
/// | [`with_learning_rate`](Descent::with_learning_rate) | alpha, in units of x, > 0 | 0.0025 |
/// | [`with_betas`](Descent::with_betas) | weight of x in y and memory of v, in \[0, 1) | 0.9 and 0.999 |
/// | [`with_epsilon`](Descent::with_epsilon) | smallest divisor, f/x, > 0 | 1e-8 |
///
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// It agrees with the authors' package, schedulefree 1.4.1, without warm-up and weight decay, its
/// defaults. The paper weighs z by the square of alpha sqrt(1 - beta2^t), the package by that of
/// alpha, from which the weights 1/t follow.
///
/// # Reference
///
/// A. Defazio, X. A. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky, *The Road Less
/// Scheduled*, 2024, arXiv:2405.15682.
pub type ScheduleFree<F = f64> = Descent<schedule_free::Averaged<F>>;

/// Prodigy: Adam with a learning rate d that grows to a lower bound of the distance from the start to the
/// minimum.
///
/// A step with gradient g, from m = v = s = 0, r = 0 and d = d0, with |s| the sum of magnitudes and
/// the rest coordinate by coordinate:
///
/// ```text
/// m <- beta1 m + (1 - beta1) d g
/// v <- beta2 v + (1 - beta2) d^2 g^2
/// s <- sqrt(beta2) s + d^2/d0 g
/// r <- sqrt(beta2) r + d^2/d0 g.(x0 - x)
/// d' = max(d, r / |s|)
/// x <- x - d m / (sqrt(v) + d' epsilon),    d <- d'
/// ```
///
/// | setting | meaning | default, as in the package |
/// |---|---|---|
/// | [`with_betas`](Descent::with_betas) | memory of m and v, in \[0, 1) | 0.9 and 0.999 |
/// | [`with_epsilon`](Descent::with_epsilon) | smallest divisor, relative to d, f/x, > 0 | 1e-8 |
/// | [`with_initial_distance`](Descent::with_initial_distance) | d0, in units of x, > 0 | 1e-6 |
///
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// It agrees with the authors' package, prodigyopt 1.1.2, without bias correction and weight decay,
/// its defaults. The paper has the factor 1 - sqrt(beta2) in r and s, which cancels, and d in the
/// place of d' beside epsilon. With beta1 = 0 the package multiplies g by d' where this has d. An
/// estimate r / |s| that is not finite is passed over. Nothing makes d fall: under noise the last
/// iterate, which is the answer, continues to move.
///
/// # Reference
///
/// K. Mishchenko, A. Defazio, *Prodigy: An Expeditiously Adaptive Parameter-Free Learner*, 2023,
/// arXiv:2306.06101.
pub type Prodigy<F = f64> = Descent<prodigy::Estimated<F>>;

/// DoG: stochastic gradient descent whose learning rate is the largest distance from the start so
/// far over the root of the sum of squared gradients.
///
/// Step t = 1, 2, ... with gradient g, from G = 1e-8 f^2/x^2 and r = first_step (1 + |x0|), with
/// Euclidean norms:
///
/// ```text
/// G <- G + |g|^2
/// x <- x - r / sqrt(G) g
/// r <- max(r, |x - x0|)
/// a <- a + 9 / (8 + t) (x - a)
/// ```
///
/// `param` is x, `best_param` the average a, without which the authors say not to use it.
///
/// | setting | meaning | default, as in the package |
/// |---|---|---|
/// | [`with_first_step`](Descent::with_first_step) | length of the first step over 1 + \|x0\|, > 0 | 1e-6 |
///
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// It agrees with the authors' package, dog-optimizer 1.0.3, and its `PolynomialDecayAverager`. The
/// 1e-8 is the package's.
///
/// # Reference
///
/// M. Ivgi, O. Hinder, Y. Carmon, *DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size
/// Schedule*, 2023, arXiv:2302.12022.
pub type Dog<F = f64> = Descent<distance::Distance<F, false>>;

/// DoWG: [`Dog`] with squared gradients weighted by the squared distance at which they were drawn.
///
/// Step t = 1, 2, ... with gradient g, from V = 0 and r = first_step, with Euclidean norms:
///
/// ```text
/// V <- V + r^2 |g|^2
/// x <- x - r^2 / (sqrt(V) + 1e-4) g
/// r <- max(r, |x - x0|)
/// a <- a + 9 / (8 + t) (x - a)
/// ```
///
/// `param` is x, `best_param` the average a.
///
/// | setting | meaning | default, as in optax |
/// |---|---|---|
/// | [`with_first_step`](Descent::with_first_step) | length of the first step, in units of x, > 0 | 1e-2 |
///
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// x agrees with `optax.contrib.dowg` of optax 0.2.8; the 1e-4, in units of f, is optax's, which has
/// no average. The theorem of the paper is about the average with weights r^2; that of [`Dog`] here
/// forgets the start in the same manner.
///
/// # Reference
///
/// A. Khaled, K. Mishchenko, C. Jin, *DoWG Unleashed: An Efficient Universal Parameter-Free Gradient
/// Descent Method*, 2023, arXiv:2305.16284.
pub type Dowg<F = f64> = Descent<distance::Distance<F, true>>;

/// COCOB-Backprop: each coordinate bets a fraction of its winnings on the sign of its next
/// gradient.
///
/// A step with gradient g, coordinate by coordinate, from L = 1e-8 f/x, A = theta = R = 0:
///
/// ```text
/// L <- max(L, |g|)
/// A <- A + |g|
/// R <- max(0, R - g (x - x0))
/// theta <- theta - g
/// x <- x0 + theta / (L max(A + L, alpha L)) (L + R)
/// ```
///
/// | setting | meaning | default, as in the paper |
/// |---|---|---|
/// | [`with_alpha`](Descent::with_alpha) | for about how many draws bets are small, >= 0 | 100 |
///
/// Settings of all baselines, and the content of argmin's state: [`Descent`].
///
/// It agrees with the author's package, parameterfree 0.0.1. The 1e-8 is the package's; in the paper
/// L starts at 0. Units of x do not cancel: with alpha = 100 the first step is 0.01.
///
/// # Reference
///
/// F. Orabona, T. Tommasi, *Training Deep Networks without Learning Rates Through Coin Betting*,
/// 2017, arXiv:1705.07795.
pub type Cocob<F = f64> = Descent<cocob::Bets<F>>;
