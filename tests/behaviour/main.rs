//! What the crate promises, in one binary: linking one for each file takes minutes.

#[path = "../common/mod.rs"]
mod common;

mod adaptive_rls;
mod argmin;
mod atomic_checkpoint;
mod bad_input;
mod baseline;
mod bounds;
mod boxed_differences;
mod builder;
mod certificate;
mod certificate_edges;
mod checkpoint;
mod default;
mod defects;
mod estimators;
mod extremes;
mod failed_draws;
mod groups;
mod hints;
mod multi_start;
mod oracle_runs;
mod oracles;
mod properties;
mod session;
mod solution;
mod stop;
mod transform;
mod vectors;
