//! The names that most programs need, of this crate and of argmin: `use argmin_arturo::prelude::*;`.
//!
//! Within a major version the prelude loses no name, and gains none that is likely to clash with a
//! name of a program.
//!
//! ```
//! use argmin_arturo::prelude::*;
//! use argmin_arturo::rand_distr::{Distribution, StandardNormal};
//!
//! /// f(x) = 1/2 (x - 3)^2, whose slope is seen with noise of standard deviation 1.
//! struct Noisy;
//!
//! impl StochasticGradient for Noisy {
//!     type Param = Vec<f64>;
//!
//!     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
//!         let noise: f64 = StandardNormal.sample(&mut draw.rng());
//!         g[0] = x[0] - 3.0 + noise;
//!         Ok(())
//!     }
//! }
//!
//! let result = Executor::new(Noisy, Arturo::new())
//!     .configure(|state| state.param(vec![0.0]).max_iters(1000))
//!     .run()?;
//! assert!((result.state().get_best_param().unwrap()[0] - 3.0).abs() < 0.2);
//! # Ok::<(), Error>(())
//! ```

pub use crate::oracle::{Draw, FiniteSum, MiniBatch, StochasticGradient};
pub use crate::solution::RunResult;
pub use crate::solver::Arturo;
pub use argmin::core::observers::ObserverMode;
pub use argmin::core::{Error, Executor, State};
