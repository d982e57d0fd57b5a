//! Guides: for those who come from another optimizer, and by example.
//!
//! - [`from_adam`]: from a training loop with Adam, AdamW or SGD
//! - [`from_lbfgs`]: from argmin's L-BFGS and other solvers that need exact costs
//! - [`settings`]: the settings of a solver, by example
//! - [`oracles`]: the same of oracles, and a vector of your own

pub mod from_adam;
pub mod from_lbfgs;
pub mod oracles;
pub mod settings;
