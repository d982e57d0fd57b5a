//! The answer measured anew: one Newton step from fresh draws, with the full sandwich covariance.

use super::Verdict;
use super::display::table;
use super::normal::two_sided_quantile;
use crate::error::{Requirement, invalid, require};
use crate::hessian::draw_gradient;
use crate::kernel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};
use nalgebra::{DMatrix, DVector};
use std::fmt;

/// How an answer is measured anew, at the price of fresh draws.
///
/// At a point x near the minimum, in n dimensions,
///
/// 1. M fresh draws give the mean gradient g and the covariance G of a draw;
/// 2. central differences of the gradient along each coordinate give the Hessian H, averaged over k
///    draws that are the same at all points, so that the noise which they share cancels;
/// 3. the answer is x - H^-1 g, the one-step estimator (Le Cam 1956), of covariance
///    H^-1 G H^-1 / M, whatever the path that led to x.
///
/// The minimum must be one of a free x: at a bound the gradient is not 0, and a step could cross it.
///
/// That costs M + 2 n k gradients, counted by argmin as `stochastic_gradient_count`, and
/// O(n^2 (M + n)) arithmetic: for n up to a few hundred. Intervals hold for any correlation of
/// noise and parameters, provided that f is close to a quadratic over the distance from x to the
/// minimum, and that k draws know the Hessian ([`Certificate::hessian_error`] says how well).
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`new`](Self::new) | M >= 2, draws of the gradient | none |
/// | [`with_hessian_draws`](Self::with_hessian_draws) | k >= 2, draws of the Hessian | 10 |
/// | [`with_steps`](Self::with_steps) | distance of a difference in each coordinate | eps^(1/3) max(\|x_i\|, 1) |
///
/// # Reference
/// A. van der Vaart, *Asymptotic Statistics*, 1998, sections 5.3 and 5.7.
#[derive(Clone, Debug, PartialEq)]
pub struct Certification {
    draws: u64,
    hessian_draws: u64,
    steps: Option<Vec<f64>>,
}

/// An answer measured anew; see [`Certification`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Certificate {
    /// The corrected point x - H^-1 g; x itself where H is not positive definite.
    pub param: Vec<f64>,
    /// Covariance H^-1 G H^-1 / M of the corrected point, x^2; none where H is not positive definite.
    pub covariance: Option<DMatrix<f64>>,
    /// The mean gradient at x, f/x.
    pub gradient: Vec<f64>,
    /// Its standard error.
    pub gradient_error: Vec<f64>,
    /// The Hessian at x, f/x^2.
    pub hessian: DMatrix<f64>,
    /// Standard error of the Hessian over its size, in the Frobenius norm.
    pub hessian_error: f64,
    /// What f falls by from x to the corrected point, as predicted; 0 where there is none.
    pub improvement: f64,
    /// f at the corrected point less the least f, as predicted: tr(H^-1 G) / (2 M). None where H is
    /// not positive definite.
    pub predicted_gain: Option<f64>,
    /// Gradients that it took, M + 2 n k.
    pub gradient_count: u64,
    /// [`Verdict::NoiseLimited`], with three times M for half the error; without noise
    /// [`Verdict::Converged`] if the correction was rounding. [`Verdict::StillMoving`] if it lowers
    /// f by more than 100 times what remains: far enough to measure again from the corrected point.
    /// [`Verdict::Stalled`] where the Hessian is not positive definite: this is no minimum.
    pub verdict: Verdict,
}

const NAME: &str = "Certification";
/// A correction beyond ten standard errors trusts the quadratic far: (x - x*)^2 in units of f.
const FAR: f64 = 100.0;
const DEFAULT_HESSIAN_DRAWS: u64 = 10;
/// Separates the fresh draws from those of a run of the same seed, and from each other.
const GRADIENT_STREAM: u64 = 0x6365_7274_6966_7900;
const HESSIAN_STREAM: u64 = 0x6365_7274_6966_7901;

impl Certification {
    /// With this many draws of the gradient (M >= 2).
    ///
    /// # Errors
    /// If it is less than 2.
    pub fn new(draws: u64) -> Result<Self, Error> {
        at_least_two("draws", draws)?;
        Ok(Self { draws, hessian_draws: DEFAULT_HESSIAN_DRAWS, steps: None })
    }

    /// Sets the number of draws of the Hessian (k >= 2, default 10). Additive noise cancels in each;
    /// minibatches, whose Hessian differs from draw to draw, want hundreds.
    ///
    /// # Errors
    /// If it is less than 2.
    pub fn with_hessian_draws(mut self, draws: u64) -> Result<Self, Error> {
        at_least_two("hessian_draws", draws)?;
        self.hessian_draws = draws;
        Ok(self)
    }

    /// Sets how far from x_i the gradient is differenced in coordinate i (> 0, in units of x_i).
    /// [`Arturo::certify`](crate::Arturo::certify) takes its standard errors.
    ///
    /// # Errors
    /// If a step is not positive and finite.
    pub fn with_steps(mut self, steps: Vec<f64>) -> Result<Self, Error> {
        for &step in &steps {
            require(NAME, "steps", step, Requirement::Positive)?;
        }
        self.steps = Some(steps);
        Ok(self)
    }

    pub(crate) fn has_steps(&self) -> bool {
        self.steps.is_some()
    }

    /// Measures at the point `param`, with draws of the sequence `seed` that no run of this crate
    /// with the same seed sees.
    ///
    /// ```
    /// use argmin::core::{Error, Gradient, Problem};
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::solution::Certification;
    ///
    /// /// 2 x^2 + 2 x y + y^2 about (1, 0).
    /// struct Bowl;
    /// impl Gradient for Bowl {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         let (x, y) = (x[0] - 1.0, x[1]);
    ///         Ok(vec![4.0 * x + 2.0 * y, 2.0 * x + 2.0 * y])
    ///     }
    /// }
    /// let mut problem = Problem::new(GaussianNoise::new(Bowl, 0.1)?);
    /// let certificate = Certification::new(1000)?.at(&mut problem, &vec![1.1, -0.2], 7)?;
    /// assert_eq!(certificate.gradient_count, 1000 + 2 * 2 * 10);
    /// for ([low, high], x) in certificate.intervals(0.9999)?.unwrap().into_iter().zip([1.0, 0.0]) {
    ///     assert!(low < x && x < high && high - low < 0.1);
    /// }
    /// println!("{certificate}");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If a gradient is not finite, or the steps are not one for each coordinate; those of the
    /// oracle.
    pub fn at<O>(
        &self,
        problem: &mut Problem<O>,
        param: &O::Param,
        seed: u64,
    ) -> Result<Certificate, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec,
    {
        let x: Vec<f64> = param.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect();
        let mut sampler = Sampler { problem, gradient: param.clone(), seed };
        let (gradient, covariance) = self.gradient(&mut sampler, param)?;
        let (hessian, hessian_error) = self.hessian(&mut sampler, param)?;
        let draws = self.draws as f64;
        let mut certificate = Certificate {
            gradient_error: covariance.diagonal().iter().map(|v| (v / draws).sqrt()).collect(),
            gradient: gradient.as_slice().to_vec(),
            hessian_error,
            improvement: 0.0,
            predicted_gain: None,
            covariance: None,
            gradient_count: self.draws + 2 * x.len() as u64 * self.hessian_draws,
            param: x,
            hessian,
            verdict: Verdict::Stalled,
        };
        if let Some(cholesky) = certificate.hessian.clone().cholesky() {
            let correction = cholesky.solve(&gradient);
            certificate.improvement = 0.5 * gradient.dot(&correction);
            for (x, step) in certificate.param.iter_mut().zip(&correction) {
                *x -= step;
            }
            let half = cholesky.solve(&covariance);
            let gain = 0.5 * half.trace() / draws;
            certificate.predicted_gain = Some(gain);
            let size = certificate.param.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
            let is_rounding = correction.amax() <= f64::EPSILON.sqrt() * size;
            certificate.verdict = if gain == 0.0 && is_rounding {
                Verdict::Converged
            } else if certificate.improvement > FAR * gain {
                Verdict::StillMoving
            } else {
                Verdict::NoiseLimited { more_draws_for_half_error: 3 * self.draws }
            };
            let sandwich: DMatrix<f64> = cholesky.solve(&half.transpose()) / draws;
            certificate.covariance = Some(sandwich.symmetric_part());
        }
        Ok(certificate)
    }

    /// Mean and covariance of M draws (Welford).
    fn gradient<O>(
        &self,
        sampler: &mut Sampler<'_, O>,
        param: &O::Param,
    ) -> Result<(DVector<f64>, DMatrix<f64>), Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec,
    {
        let n = param.as_coordinates()?.len();
        let mut mean = DVector::zeros(n);
        let mut squares = DMatrix::zeros(n, n);
        for index in 0..self.draws {
            let gradient = sampler.draw(param, index, GRADIENT_STREAM)?;
            let before = &gradient - &mean;
            mean += &before / (index + 1) as f64;
            squares.ger(1.0, &before, &(gradient - &mean), 1.0);
        }
        Ok((mean, squares / (self.draws - 1) as f64))
    }

    /// Mean of k central differences in each coordinate, and its relative error.
    fn hessian<O>(
        &self,
        sampler: &mut Sampler<'_, O>,
        param: &O::Param,
    ) -> Result<(DMatrix<f64>, f64), Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec,
    {
        let x = param.as_coordinates()?;
        let n = x.len();
        if let Some(steps) = &self.steps
            && steps.len() != n
        {
            return Err(invalid(format!(
                "{NAME}: `steps` must have {n} entries, one for each coordinate, got {}",
                steps.len()
            )));
        }
        let mut moved = param.clone();
        let mut sum = DMatrix::<f64>::zeros(n, n);
        let mut square_sum = 0.0;
        for index in 0..self.hessian_draws {
            let mut slopes = DMatrix::zeros(n, n);
            for (i, &center) in x.iter().enumerate() {
                let [before, after] = self.ends(i, center);
                moved.as_coordinates_mut()?[i] = after;
                let mut change = sampler.draw(&moved, index, HESSIAN_STREAM)?;
                moved.as_coordinates_mut()?[i] = before;
                change -= sampler.draw(&moved, index, HESSIAN_STREAM)?;
                moved.as_coordinates_mut()?[i] = center;
                slopes.set_column(i, &(change / (after.to_f64_exact() - before.to_f64_exact())));
            }
            let slopes = slopes.symmetric_part();
            square_sum += slopes.norm_squared();
            sum += slopes;
        }
        let count = self.hessian_draws as f64;
        let hessian = sum / count;
        let size = hessian.norm_squared();
        let variance = (square_sum / count - size).max(0.0) / (count - 1.0);
        Ok((hessian, if size > 0.0 { (variance / size).sqrt() } else { 0.0 }))
    }

    /// Where the gradient is differenced about the coordinate i, x_i.
    fn ends<F: Scalar>(&self, i: usize, x: F) -> [F; 2] {
        let rounding = F::epsilon().cbrt();
        let step = match &self.steps {
            Some(steps) => F::from_f64_lossy(steps[i]).max(rounding * x.abs()),
            None => rounding * x.abs().max(F::one()),
        };
        [x - step, x + step]
    }
}

/// Draws gradients in `f64`.
struct Sampler<'a, O: StochasticGradient> {
    problem: &'a mut Problem<O>,
    gradient: O::Param,
    seed: u64,
}

impl<O: StochasticGradient<Param: ParamVec>> Sampler<'_, O> {
    fn draw(&mut self, x: &O::Param, index: u64, stream: u64) -> Result<DVector<f64>, Error> {
        let draw = Draw::new(self.seed, index).stream(stream);
        draw_gradient(self.problem, x, draw, &mut self.gradient)?;
        let gradient = self.gradient.as_coordinates()?;
        if let Some(i) = kernel::first_non_finite(gradient) {
            return Err(invalid(format!(
                "{NAME}: coordinate {i} of the gradient is {} (draw {index} of seed {}); the \
                 answer must lie inside the domain of the objective",
                gradient[i],
                draw.seed()
            )));
        }
        Ok(DVector::from_iterator(gradient.len(), gradient.iter().map(|g| g.to_f64_exact())))
    }
}

fn at_least_two(parameter: &str, value: u64) -> Result<(), Error> {
    if value < 2 {
        return Err(invalid(format!("{NAME}: `{parameter}` must be at least 2, got {value}")));
    }
    Ok(())
}

impl Certificate {
    /// Standard errors of the corrected point; none where the Hessian is not positive definite.
    pub fn standard_error(&self) -> Option<Vec<f64>> {
        let covariance = self.covariance.as_ref()?;
        Some(covariance.diagonal().iter().map(|v| v.max(0.0).sqrt()).collect())
    }

    /// The intervals about the corrected point that hold the coordinates of the minimum with this
    /// probability (in (0, 1)); none where the Hessian is not positive definite.
    ///
    /// # Errors
    /// If the confidence is out of range.
    pub fn intervals(&self, confidence: f64) -> Result<Option<Vec<[f64; 2]>>, Error> {
        let quantile = two_sided_quantile("Certificate", confidence)?;
        let around = |(x, error): (&f64, f64)| [x - quantile * error, x + quantile * error];
        Ok(self.standard_error().map(|e| self.param.iter().zip(e).map(around).collect()))
    }

    /// The Laplace approximation with all correlations: the covariance temperature H^-1 of a
    /// posterior exp(-f / temperature) about the corrected point; none where the Hessian is not
    /// positive definite. Temperature (> 0) as in [`Posterior`](super::Posterior).
    ///
    /// # Errors
    /// If the temperature is not positive and finite.
    pub fn posterior_covariance(&self, temperature: f64) -> Result<Option<DMatrix<f64>>, Error> {
        require("Certificate", "temperature", temperature, Requirement::Positive)?;
        Ok(self.hessian.clone().cholesky().map(|cholesky| cholesky.inverse() * temperature))
    }
}

/// A table with a line for each coordinate (of more than 20 the first and last ten), the gain and
/// the price below.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { param, gradient, gradient_error, .. } = self;
        match (self.standard_error(), self.predicted_gain) {
            (Some(error), Some(gain)) => {
                let header = ["x", "std. error", "gradient", "std. error"];
                table(f, header, [param, &error, gradient, gradient_error])?;
                writeln!(f, "f above its minimum by about {gain:.2e}")?;
            }
            _ => {
                let header = ["x", "gradient", "std. error"];
                table(f, header, [param, gradient, gradient_error])?;
            }
        }
        let (count, error) = (self.gradient_count, 100.0 * self.hessian_error);
        writeln!(f, "{count} gradients; Hessian known to {error:.1} %")?;
        match self.verdict {
            Verdict::Stalled => {
                write!(f, "verdict: no minimum, the Hessian is not positive definite")
            }
            Verdict::StillMoving => write!(f, "verdict: far off, certify again from here"),
            verdict => write!(f, "verdict: {verdict}"),
        }
    }
}
