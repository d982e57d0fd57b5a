//! Optimize noisy objectives: arTuRO as an [`argmin`] solver.
//!
//! # The problem
//!
//! ```text
//! minimize  f(x) = E[f(x; draw)]  over x in R^n
//! ```
//!
//! when only draws of the gradient can be seen: minibatches of data, Monte-Carlo estimates, shot
//! noise, stochastic simulation. arTuRO (Dahlinger, Becker, Huettenrauch and Neumann 2023,
//! arXiv:2310.20574) keeps a Gaussian N(mu, diag(1/p)) over the parameters and a quadratic model of
//! f fitted to the drawn gradients by recursive least squares. Each step minimizes the model inside
//! a KL ball around the Gaussian, by a one-dimensional dual. [`Arturo::new`] adds a foundation that
//! converges without a model, and a referee that compares both by fresh draws.
//!
//! # What do you have?
//!
//! | you have | oracle | curvature |
//! |---|---|---|
//! | data points, batches of them | [`FiniteSum`] in [`MiniBatch`] | the default |
//! | a candle model and a loss | `oracle::candle::VarMapOracle` (feature `candle`) | the default |
//! | more data than memory | [`ShardedSum`](oracle::ShardedSum) in [`Sharded`](oracle::Sharded) | the default |
//! | a simulation or measurement that gives gradients | [`StochasticGradient`] | the default |
//! | a simulation or measurement that gives costs | [`StochasticCost`](oracle::StochasticCost) in [`Spsa`](oracle::Spsa), or in [`FiniteDifferenceGradient`](oracle::FiniteDifferenceGradient) for few parameters | the default |
//! | gradients or costs that are evaluated elsewhere: a laboratory, hardware, another process | a [`Session`](session::Session), which is asked and told | the default |
//! | the same on several machines | `mpi::AcrossRanks` (feature `mpi`) around one of the above | the default |
//! | rows that come once | [`Stream`](oracle::Stream) | the default |
//! | an argmin problem with `Gradient` | the problem itself | the default |
//! | an argmin problem with `CostFunction` alone | the problem in [`Spsa`](oracle::Spsa) | the default |
//! | second derivatives | one of the above | [`ExactDiagonal`](hessian::ExactDiagonal) |
//! | noise that a draw cannot repeat, as of a real experiment | [`StochasticGradient`]; a simulation of one in [`Fresh`](oracle::Fresh) | the default |
//! | noise levels that are known, or the paper's experiment | any | [`KalmanRls`](hessian::KalmanRls) in [`Arturo::paper`] |
//! | other knowledge of the curvature | any | [`HessianEstimator`] |
//!
//! The default curvature is the dense Hessian that [`Arturo::new`] fits to the changes of the gradient,
//! for up to 200 coordinates; above, it takes first-order steps. [`oracle`] has wrappers against noise and outliers,
//! [`MultiStart`] runs from several starts, and [`baseline`] has Adam, SGD and their rivals to compare with. [`guide`] is for those who come from
//! Adam or L-BFGS, [`observer`] for those who want to watch, and the module `checkpoint` (feature `serde1`)
//! for those who stop and resume. [`prelude`] has the names that most programs need.
//!
//! [`solution`] has the errors of the answer, and when to stop. [`Arturo::with_bounds`] and
//! [`Transformed`] are for constrained x.
//!
//! # Symbols
//!
//! | code | paper | Nocedal and Wright | meaning, unit |
//! |---|---|---|---|
//! | `param` | mu | x | current point, mean of the belief |
//! | `precision` | 1/sigma^2 | D^2, scaling of the trust region | precision of the belief, 1/x^2 |
//! | `model.gradient` | b + a mu | g | gradient of the model at the current point, f/x |
//! | `model.curvature` | a | diagonal of B | curvature of the model, f/x^2 |
//! | `kl_bound` | epsilon | Delta^2/2 | KL bound of a step, nats |
//! | `multiplier` | eta | lambda | multiplier of the KL bound |
//! | `step` | mu' - mu | p | the step, x |
//!
//! # Features
//!
//! - `basin`: the solvers as solvers of basin
//! - `candle`: candle models as oracles
//! - `ctrlc`: Ctrl-C ends a run with its recommended point
//! - `mpi`: oracles over the processes of MPI
//! - `nalgebra` (default): nalgebra vectors and matrices as parameters and Hessians
//! - `faer`: faer's `Col` as parameters, `Mat` as Hessians
//! - `ndarray`: ndarray's `Array` as parameters and Hessians
//! - `plot`: pictures of runs as SVG, reports as HTML
//! - `png`: `plot`, and pictures as PNG, with a font
//! - `progress`: a progress bar
//! - `rayon`: [`MultiStart`], [`MiniBatch::in_parallel`] and steps in high dimension on the threads
//!   of rayon
//! - `serde1`: serialization and checkpoints

mod averaging;
pub mod baseline;
#[cfg(feature = "basin")]
pub mod basin;
mod bounds;
#[cfg(feature = "serde1")]
pub mod checkpoint;
mod dense;
mod draw;
pub mod dual;
mod error;
mod gaussian;
mod groups;
pub mod guide;
pub mod hessian;
mod kernel;
mod method;
mod model;
#[cfg(feature = "mpi")]
pub mod mpi;
pub mod multi_start;
pub mod observer;
pub mod oracle;
mod param;
pub mod prelude;
mod radius;
mod run;
mod scale;
pub mod schedule;
mod score;
pub mod session;
mod settings;
pub mod solution;
mod solver;
mod stop;
mod threads;
mod touch;
mod transform;

pub use averaging::Averaging;
pub use error::{ArturoError, FailedRun};
pub use groups::Group;
pub use hessian::HessianEstimator;
pub use method::{Refereed, TrustRegion};
pub use multi_start::MultiStart;
pub use oracle::{Draw, FiniteSum, MiniBatch, StochasticGradient};
pub use param::{ParamVec, Scalar};
pub use settings::{NonFinite, PaperSettings, Telemetry};
pub use solver::Arturo;
pub use transform::{Transform, Transformed};

/// The version of rand whose traits the generator of [`Draw::rng`] implements.
pub use rand;
/// The version of rand_distr whose distributions sample from [`Draw::rng`].
pub use rand_distr;

/// The programs of the README and of the pages in `docs/`, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/answer.md")]
#[doc = include_str!("../docs/oracles.md")]
#[doc = include_str!("../docs/watch.md")]
#[doc = include_str!("../docs/where_gradients_come_from.md")]
struct Pages;
