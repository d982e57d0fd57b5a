//! Quantiles of the normal distribution.

use crate::error::{Requirement, require};
use argmin::core::Error;

/// The z with probability `confidence` between -z and z, by the rational approximation 26.2.23 of
/// Abramowitz and Stegun, to 5e-4.
///
/// # Errors
/// If the confidence is not in (0, 1).
pub(super) fn two_sided_quantile(owner: &str, confidence: f64) -> Result<f64, Error> {
    require(owner, "confidence", confidence, Requirement::OpenUnitInterval)?;
    let t = (-2.0 * (0.5 * (1.0 - confidence)).ln()).sqrt();
    let over = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let under = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    Ok(t - over / under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (confidence, z) in [(0.5, 0.6745), (0.6827, 1.0), (0.95, 1.96), (0.9973, 3.0)] {
            assert!((two_sided_quantile("", confidence).unwrap() - z).abs() < 1e-3, "{confidence}");
        }
        for confidence in [0.0, 1.0, f64::NAN] {
            assert_eq!(
                two_sided_quantile("Solution", confidence).unwrap_err().to_string(),
                format!(
                    "Invalid parameter: \"Solution: `confidence` must be in (0, 1), got {}\"",
                    confidence
                )
            );
        }
    }
}
