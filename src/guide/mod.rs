//! Guides, for those who come from another optimizer.
//!
//! - [`from_adam`]: from a training loop with Adam, AdamW or SGD
//! - [`from_lbfgs`]: from argmin's L-BFGS and other solvers that need exact costs

pub mod from_adam;
pub mod from_lbfgs;
