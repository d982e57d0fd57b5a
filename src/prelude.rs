//! What a program with this crate needs, from here and from argmin: `use argmin_arturo::prelude::*;`.
//!
//! Nothing leaves the prelude within a major version, and nothing enters it whose name a program
//! may have for itself.
//!
//! ```
//! use argmin_arturo::prelude::*;
//!
//! /// f(x) = 1/2 (x - 3)^2, whose slope is seen with an error of 1 up or down.
//! struct Noisy;
//!
//! impl StochasticGradient for Noisy {
//!     type Param = Vec<f64>;
//!
//!     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
//!         g[0] = x[0] - 3.0 + if draw.index() % 2 == 0 { 1.0 } else { -1.0 };
//!         Ok(())
//!     }
//! }
//!
//! let result = Executor::new(Noisy, Arturo::new())
//!     .configure(|state| state.param(vec![0.0]).max_iters(1000))
//!     .run()?;
//! assert!((result.state().get_best_param().unwrap()[0] - 3.0).abs() < 0.1);
//! # Ok::<(), Error>(())
//! ```

pub use crate::oracle::{Draw, FiniteSum, MiniBatch, StochasticGradient};
pub use crate::solver::Arturo;
pub use argmin::core::observers::ObserverMode;
pub use argmin::core::{Error, Executor, State};
