//! The least gap that any method can expect: `tr(H^-1 S) / (2 T)` after T draws.
//!
//! H is the Hessian of the exact cost at its minimizer and S the covariance of a drawn gradient
//! there. For large T no method can expect less (Hajek, 1972; Le Cam, 1972), and averaging
//! reaches it (Polyak and Juditsky, SIAM J. Control Optim. 30, 838, 1992). It exists where the
//! minimum is regular: where H is positive definite. `data/limits.json` has it for every such
//! problem, and for every other one the reason why not; `examples/limits.rs` writes it.

use crate::data::numbers;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The statistical limit of one problem, in the unit of its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// `tr(H^-1 S) / 2`: the limit after one draw.
    pub one_draw: f64,
    /// The standard error of `one_draw` from the draws that S was estimated by.
    pub standard_error: f64,
    /// The least eigenvalue of H with rows and columns scaled to a unit diagonal, from 0 to 1.
    pub least_eigenvalue: f64,
    /// Where the cost is least, to the precision of differences of the gradient.
    pub minimizer: Vec<f64>,
}

impl Limit {
    /// The least gap to be expected after so many draws.
    pub fn gap(&self, draws: usize) -> f64 {
        self.one_draw / draws as f64
    }
}

static LIMITS: LazyLock<HashMap<String, Result<Limit, String>>> = LazyLock::new(|| {
    let data: Value =
        serde_json::from_str(include_str!("../data/limits.json")).expect("limits.json is JSON");
    let problems = data.as_object().expect("limits.json is an object");
    problems.iter().map(|(name, entry)| (name.clone(), read(entry))).collect()
});

fn read(entry: &Value) -> Result<Limit, String> {
    if let Some(reason) = entry["reason"].as_str() {
        return Err(reason.into());
    }
    let number = |key: &str| entry[key].as_f64().expect("a number");
    Ok(Limit {
        one_draw: number("one_draw"),
        standard_error: number("standard_error"),
        least_eigenvalue: number("least_eigenvalue"),
        minimizer: numbers(&entry["minimizer"]),
    })
}

/// The statistical limit of the problem of that name, if it has one.
pub fn limit(name: &str) -> Option<&'static Limit> {
    LIMITS.get(name)?.as_ref().ok()
}

/// Why the problem of that name has no statistical limit, in a word or two such as `kinks`; none
/// where it has one, or where none was computed.
pub fn no_limit_reason(name: &str) -> Option<&'static str> {
    LIMITS.get(name)?.as_ref().err().map(String::as_str)
}
