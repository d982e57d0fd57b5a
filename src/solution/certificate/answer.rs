//! The certificate itself, and how it is printed.

use super::face::{Minimum, Quadratic};
use crate::error::{Requirement, require};
use crate::param::{ParamVec, Scalar};
use crate::solution::Verdict;
use crate::solution::display::{number, table};
use crate::solution::normal::two_sided_quantile;
use argmin::core::Error;
use nalgebra::DMatrix;
use std::fmt;

/// An answer measured with fresh draws; see [`Certification`](super::Certification).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Certificate<P = Vec<f64>> {
    /// The corrected point x - H^-1 g, in the box; x itself where there are no errors.
    pub param: P,
    /// Covariance H^-1 G H^-1 / M of the corrected point, x^2, with 0 for held coordinates; none where
    /// H is not positive definite, or too uncertain to decide.
    pub covariance: Option<DMatrix<f64>>,
    /// Coordinates that are held by a bound, or cannot move.
    pub held: Vec<bool>,
    /// The mean gradient at x, f/x.
    pub gradient: Vec<f64>,
    /// Its standard error.
    pub gradient_error: Vec<f64>,
    /// The Hessian at x, f/x^2.
    pub hessian: DMatrix<f64>,
    /// Standard error of the curvature over its size, in the direction where that is largest, of the
    /// coordinates that are not held.
    pub hessian_error: f64,
    /// The predicted decrease of f from x to the corrected point; 0 where there is none.
    pub improvement: f64,
    /// f at the corrected point less the least f, as predicted: tr(H^-1 G) / (2 M). None where there
    /// are no errors.
    pub predicted_gain: Option<f64>,
    /// Gradients that it took, M + 2 n k.
    pub gradient_count: u64,
    /// [`Verdict::NoiseLimited`], with three times M for half the error; without noise
    /// [`Verdict::Converged`] if the correction was rounding. [`Verdict::StillMoving`] if it lowers
    /// f by more than 100 times the remaining gain: far enough to measure again from the corrected point.
    /// [`Verdict::HessianUnknown`] where the curvature in some direction is not known to a half.
    /// [`Verdict::Stalled`] where the Hessian is known, and not positive definite: this is no minimum.
    pub verdict: Verdict,
}

/// A correction beyond ten standard errors trusts the quadratic far: (x - x*)^2 in units of f.
const FAR: f64 = 100.0;

impl<P: ParamVec> Certificate<P> {
    /// At x, without a correction.
    pub(super) fn new(x: P, quadratic: &Quadratic, hessian_error: f64, count: u64) -> Self {
        let Quadratic { hessian, gradient, covariance, is_fixed, .. } = quadratic;
        Self {
            param: x,
            covariance: None,
            held: is_fixed.clone(),
            gradient: gradient.as_slice().to_vec(),
            gradient_error: covariance.diagonal().iter().map(|v| v.sqrt()).collect(),
            hessian: hessian.clone(),
            hessian_error,
            improvement: 0.0,
            predicted_gain: None,
            gradient_count: count,
            verdict: Verdict::Stalled,
        }
    }

    /// Moves to the minimum of the quadratic, with its errors.
    pub(super) fn correct(
        &mut self,
        quadratic: &Quadratic,
        minimum: &Minimum,
        draws: u64,
    ) -> Result<(), Error> {
        let Quadratic { hessian, gradient, covariance, .. } = quadratic;
        let Minimum { step, free } = minimum;
        let Some(factor) = quadratic.factor(free) else { return Ok(()) };
        self.improvement = -step.dot(&(gradient + 0.5 * hessian * step));
        let mut size = 0.0_f64;
        for (i, x) in self.param.as_coordinates_mut()?.iter_mut().enumerate() {
            let corrected = x.to_f64_exact() + step[i];
            *x = P::Scalar::from_f64_lossy(corrected);
            size = size.max(corrected.abs());
            self.held[i] = !free.contains(&i);
        }
        let half = factor.solve(&covariance.select_rows(free).select_columns(free));
        let gain = 0.5 * half.trace();
        self.predicted_gain = Some(gain);
        let is_rounding = step.amax() <= f64::EPSILON.sqrt() * size;
        self.verdict = if gain == 0.0 && is_rounding {
            Verdict::Converged
        } else if self.improvement > FAR * gain {
            Verdict::StillMoving
        } else {
            Verdict::NoiseLimited { more_draws_for_half_error: 3 * draws }
        };
        let sandwich: DMatrix<f64> = factor.solve(&half.transpose()).symmetric_part();
        self.covariance = Some(spread(&sandwich, free, step.len()));
        Ok(())
    }

    /// Standard errors of the corrected point; none as [`covariance`](Self::covariance).
    pub fn standard_error(&self) -> Option<Vec<f64>> {
        let covariance = self.covariance.as_ref()?;
        Some(covariance.diagonal().iter().map(|v| v.max(0.0).sqrt()).collect())
    }

    /// The intervals about the corrected point that hold the coordinates of the minimum with this
    /// probability (in (0, 1)); none as [`covariance`](Self::covariance).
    ///
    /// # Errors
    /// If the confidence is out of range.
    pub fn intervals(&self, confidence: f64) -> Result<Option<Vec<[f64; 2]>>, Error> {
        let quantile = two_sided_quantile("Certificate", confidence)?;
        let Some(errors) = self.standard_error() else { return Ok(None) };
        let around = |(x, error): (f64, f64)| [x - quantile * error, x + quantile * error];
        Ok(Some(self.coordinates()?.into_iter().zip(errors).map(around).collect()))
    }

    pub(in crate::solution) fn coordinates(&self) -> Result<Vec<f64>, Error> {
        Ok(self.param.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect())
    }

    /// The Laplace approximation with all correlations: the covariance temperature H^-1 of a
    /// posterior exp(-f / temperature) about the corrected point, with 0 for held coordinates; none as
    /// [`covariance`](Self::covariance). Temperature (> 0) as in
    /// [`Solution::posterior_deviation`](crate::solution::Solution::posterior_deviation).
    ///
    /// # Errors
    /// If the temperature is not positive and finite.
    pub fn posterior_covariance(&self, temperature: f64) -> Result<Option<DMatrix<f64>>, Error> {
        require("Certificate", "temperature", temperature, Requirement::Positive)?;
        if self.covariance.is_none() {
            return Ok(None);
        }
        let free: Vec<usize> = (0..self.held.len()).filter(|&i| !self.held[i]).collect();
        let factor = self.hessian.select_rows(&free).select_columns(&free).cholesky();
        Ok(factor.map(|factor| spread(&(factor.inverse() * temperature), &free, self.held.len())))
    }
}

/// A matrix over the coordinates `free`, over all `len`.
fn spread(matrix: &DMatrix<f64>, free: &[usize], len: usize) -> DMatrix<f64> {
    let mut all = DMatrix::zeros(len, len);
    for (k, &i) in free.iter().enumerate() {
        for (l, &j) in free.iter().enumerate() {
            all[(i, j)] = matrix[(k, l)];
        }
    }
    all
}

/// A table with a line for each coordinate (of more than 20 the first and last ten), the gain and
/// the price below.
impl<P: ParamVec> fmt::Display for Certificate<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gradient, gradient_error, .. } = self;
        let x = self.coordinates().map_err(|_| fmt::Error)?;
        match (self.standard_error(), self.predicted_gain) {
            (Some(error), Some(gain)) => {
                let header = ["x", "std. error", "gradient", "std. error"];
                let row = |i: usize| {
                    let error = if self.held[i] { "held".into() } else { number(error[i]) };
                    vec![number(x[i]), error, number(gradient[i]), number(gradient_error[i])]
                };
                table(f, &header, x.len(), row)?;
                writeln!(f, "f above its minimum by about {gain:.2e}")?;
            }
            _ => {
                let header = ["x", "gradient", "std. error"];
                let row = |i: usize| [x[i], gradient[i], gradient_error[i]].map(number).to_vec();
                table(f, &header, x.len(), row)?;
            }
        }
        let (count, error) = (self.gradient_count, 100.0 * self.hessian_error);
        writeln!(f, "{count} gradients; relative error of the Hessian {error:.1} %")?;
        match self.verdict {
            Verdict::Stalled => {
                write!(f, "verdict: no minimum, the Hessian is not positive definite")
            }
            Verdict::StillMoving => write!(f, "verdict: far off, certify again from here"),
            verdict => write!(f, "verdict: {verdict}"),
        }
    }
}
