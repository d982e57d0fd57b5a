//! Coming from argmin's L-BFGS.
//!
//! L-BFGS and all of argmin's solvers with a line search compare costs and trust gradients to the
//! last digit. Under noise a line search fails, or accepts a cost that is low by chance. arTuRO needs neither
//! costs nor a line search.
//!
//! | with L-BFGS | here |
//! |---|---|
//! | `CostFunction` and `Gradient` | `Gradient` alone: the problem itself is an oracle |
//! | a gradient from simulation or data | [`StochasticGradient`](crate::StochasticGradient), [`MiniBatch`](crate::MiniBatch) |
//! | a cost without gradient | [`Spsa`](crate::oracle::Spsa), [`FiniteDifferenceGradient`](crate::oracle::FiniteDifferenceGradient) |
//! | line search, its constants, memory m | nothing |
//! | `best_param`: the lowest cost | `best_param`: the recommended point, in the noise a mean of many points |
//! | `cost`, `best_cost` | NaN and infinite, as one drawn loss is comparable with no other; [`with_filtered_cost`](crate::Arturo::with_filtered_cost) and [`with_exact_cost`](crate::Arturo::with_exact_cost) keep the cost of the recommended point |
//! | `target_cost` | the same, with one of these two |
//! | tolerances on gradient and cost | [`with_tolerance`](crate::Arturo::with_tolerance), which knows about noise; `max_iters`, `timeout`, Ctrl-C |
//! | the inverse Hessian at the end | [`solution`](crate::Arturo::solution), [`certify`](crate::Arturo::certify): errors of the answer |
//! | bounds by a change of variables | [`Transformed`](crate::Transformed), or [`with_bounds`](crate::Arturo::with_bounds) |
//! | an iteration: several costs and gradients | an iteration: one drawn gradient |
//! | `gradient_count` | `stochastic_gradient_count` |
//!
//! State, executor, observers and checkpoints are argmin's in both.
//!
//! ```
//! use argmin::core::{CostFunction, Gradient};
//! use argmin::solver::linesearch::MoreThuenteLineSearch;
//! use argmin::solver::quasinewton::LBFGS;
//! use argmin_arturo::oracle::GaussianNoise;
//! use argmin_arturo::prelude::*;
//!
//! struct Bowl;
//! impl CostFunction for Bowl {
//!     type Param = Vec<f64>;
//!     type Output = f64;
//!     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
//!         Ok(0.5 * (x[0] - 1.0).powi(2) + 50.0 * (x[1] - 2.0).powi(2))
//!     }
//! }
//! impl Gradient for Bowl {
//!     type Param = Vec<f64>;
//!     type Gradient = Vec<f64>;
//!     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
//!         Ok(vec![x[0] - 1.0, 100.0 * (x[1] - 2.0)])
//!     }
//! }
//!
//! // before: exact
//! let exact = Executor::new(Bowl, LBFGS::new(MoreThuenteLineSearch::new(), 7))
//!     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(100))
//!     .run()?;
//! // after: the same problem, seen through noise of standard deviation 1
//! let noisy = Executor::new(GaussianNoise::new(Bowl, 1.0)?, Arturo::new())
//!     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(10_000))
//!     .run()?;
//!
//! let exact = exact.state().get_best_param().unwrap();
//! let noisy = noisy.state().get_best_param().unwrap();
//! assert!((exact[0] - noisy[0]).abs() < 0.1 && (exact[1] - noisy[1]).abs() < 0.1, "{noisy:?}");
//! # Ok::<(), Error>(())
//! ```
//!
//! # When to stay with L-BFGS
//!
//! Where cost and gradient are exact and affordable: in the example `logistic` L-BFGS reaches the last digit
//! with a tenth of the term gradients. In between lies a fixed sample:
//! [`Frozen`](crate::oracle::Frozen) makes a deterministic argmin problem of a few hundred draws, which
//! L-BFGS solves exactly, up to the error of the sample.
