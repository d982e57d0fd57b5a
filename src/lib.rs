//! lib
pub mod averaging;
pub mod dual;
mod error;
mod gaussian;
pub mod hessian;
mod kernel;
mod model;
pub mod oracle;
mod param;
mod radius;
pub mod schedule;
mod settings;
mod solver;

pub use averaging::Averaging;
pub use error::NonFiniteGradient;
pub use hessian::HessianEstimator;
pub use oracle::{Draw, FiniteSum, MiniBatch, StochasticGradient};
pub use param::{ParamVec, Scalar};
pub use settings::{NonFinite, PaperSettings, Telemetry};
pub use solver::Arturo;
