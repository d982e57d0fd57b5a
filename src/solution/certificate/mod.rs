//! The answer measured with fresh draws: one Newton step, with the full sandwich covariance.

mod answer;
mod face;
mod sampler;
mod slopes;

use super::Verdict;
use crate::bounds::BoxBounds;
use crate::error::{Requirement, invalid, misfit, require};
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::settings::NonFinite;
pub use answer::Certificate;
use argmin::core::{Error, Problem};
use face::Quadratic;
use nalgebra::DMatrix;
use num_traits::Float;
use sampler::Sampler;
use slopes::{Knowledge, Slopes};

/// How an answer is measured with fresh draws.
///
/// At a point x near the minimum, in n dimensions,
///
/// 1. M fresh draws give the mean gradient g and the covariance G of a draw;
/// 2. central differences of the gradient along each coordinate give the Hessian H, averaged over k
///    draws that are the same at all points, so that the noise which they share cancels;
/// 3. the answer is x - H^-1 g, the one-step estimator (Le Cam 1956), of covariance
///    H^-1 G H^-1 / M, whatever the path that led to x.
///
/// That costs M + 2 n k gradients, counted by argmin as `stochastic_gradient_count`, and
/// O(n^2 (M + n)) arithmetic: for n up to a few hundred. Intervals hold for any correlation of
/// noise and parameters, provided that f is close to a quadratic over the distance from x to the
/// minimum. k is chosen so that the curvature is known to a fifth in every direction
/// ([`Certificate::hessian_error`]), as far as 2 M gradients allow.
///
/// In a box the answer is the minimum of the quadratic g.d + d'H d / 2 inside of it, and differences
/// stay inside. A coordinate at a bound that its gradient presses it against by more than two standard
/// errors is held: it has the error 0, and the others have the errors that they have beside it. At a
/// bound that could be noise it keeps the error of a free one. Coordinates that cannot move are held,
/// too: those with equal bounds, and those whose gradients are exactly 0 at all draws and points, as
/// [`Fixed`](crate::Transform::Fixed) ones are.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`new`](Self::new) | M >= 2, draws of the gradient | none |
/// | [`with_hessian_draws`](Self::with_hessian_draws) | k >= 2, draws of the Hessian | from 10 to the greater of 10 and M / n, by the error of the Hessian |
/// | [`with_steps`](Self::with_steps) | distance of a difference in each coordinate | eps^(1/3) max(\|x_i\|, 1) |
/// | [`with_bounds`](Self::with_bounds) | box of the minimum | none; of [`Arturo::certify`](crate::Arturo::certify) that of the solver |
/// | [`with_non_finite`](Self::with_non_finite) | draws that fail or are not finite | an error; of [`Arturo::certify`](crate::Arturo::certify) as in the run |
///
/// # References
/// A. van der Vaart, *Asymptotic Statistics*, 1998, sections 5.3 and 5.7; J. Nocedal, S. Wright,
/// *Numerical Optimization*, 2006, section 16.5, for the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Certification {
    draws: u64,
    hessian_draws: Option<u64>,
    steps: Option<Vec<f64>>,
    bounds: Option<BoxBounds<f64>>,
    non_finite: NonFinite,
}

const NAME: &str = "Certification";
/// Draws of the Hessian before its error is known.
const FIRST_HESSIAN_DRAWS: u64 = 10;
/// Relative error of the curvature that is aimed at, and the one up to which errors are given: a
/// standard error is then off by up to a half.
const HESSIAN_ERROR: f64 = 0.2;
const LARGEST_HESSIAN_ERROR: f64 = 0.5;

impl Certification {
    /// With this many draws of the gradient (M >= 2).
    ///
    /// # Errors
    /// If it is less than 2.
    pub fn new(draws: u64) -> Result<Self, Error> {
        at_least_two("draws", draws)?;
        Ok(Self {
            draws,
            hessian_draws: None,
            steps: None,
            bounds: None,
            non_finite: NonFinite::Error,
        })
    }

    /// Sets the number of draws of the Hessian (k >= 2), instead of a choice by its error.
    ///
    /// # Errors
    /// If it is less than 2.
    pub fn with_hessian_draws(mut self, draws: u64) -> Result<Self, Error> {
        at_least_two("hessian_draws", draws)?;
        self.hessian_draws = Some(draws);
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

    /// Sets the box `lower <= x <= upper` in which f has its minimum; no gradient is drawn outside.
    /// Bounds may be infinite; equal ones fix a coordinate.
    ///
    /// # Errors
    /// If the lengths differ, or a lower bound is NaN or above the upper one.
    pub fn with_bounds(mut self, lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, Error> {
        self.bounds = Some(BoxBounds::new(NAME, lower, upper)?);
        Ok(self)
    }

    /// Sets the treatment of draws that fail or are not finite (default: an error). Skipped ones are
    /// left out of the means, of which they may be a half.
    #[must_use]
    pub fn with_non_finite(mut self, non_finite: NonFinite) -> Self {
        self.non_finite = non_finite;
        self
    }

    pub(crate) fn has_steps(&self) -> bool {
        self.steps.is_some()
    }

    pub(crate) fn has_bounds(&self) -> bool {
        self.bounds.is_some()
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
    /// If a gradient is not finite and not skipped, more than a half are skipped, the steps or bounds are not one for each coordinate, or the point
    /// is outside of the box; those of the oracle.
    pub fn at<O>(
        &self,
        problem: &mut Problem<O>,
        param: &O::Param,
        seed: u64,
    ) -> Result<Certificate<O::Param>, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec,
    {
        let x: Vec<f64> = param.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect();
        if let Some(bounds) = &self.bounds {
            bounds.check(NAME, "point", &x)?;
        }
        let mut sampler = Sampler::new(problem, param, seed, self.non_finite);
        let (gradient, covariance) = sampler.gradient(param, self.draws)?;
        let room = |bounds: &[f64]| std::iter::zip(bounds, &x).map(|(b, x)| b - x).collect();
        let (low, high) = match &self.bounds {
            Some(bounds) => (room(bounds.lower()), room(bounds.upper())),
            None => (vec![f64::NEG_INFINITY; x.len()], vec![f64::INFINITY; x.len()]),
        };
        let mut quadratic = Quadratic {
            hessian: DMatrix::zeros(x.len(), x.len()),
            gradient,
            covariance,
            low,
            high,
            is_fixed: vec![false; x.len()],
        };
        let (knowledge, hessian_draws) = self.hessian(&mut sampler, param, &mut quadratic)?;
        let mut certificate =
            Certificate::new(param.clone(), &quadratic, knowledge.error, sampler.count);
        if knowledge.error > LARGEST_HESSIAN_ERROR {
            let needed = draws_for(&knowledge, hessian_draws, LARGEST_HESSIAN_ERROR);
            let more_hessian_draws = needed - hessian_draws;
            certificate.verdict = Verdict::HessianUnknown { more_hessian_draws };
        } else if knowledge.is_positive
            && let Some(minimum) = quadratic.minimize()
        {
            certificate.correct(&quadratic, &minimum, self.draws)?;
        }
        Ok(certificate)
    }

    /// Measures the Hessian, with as many draws as it needs; also finds the coordinates that cannot
    /// move. Returns the draws.
    fn hessian<O>(
        &self,
        sampler: &mut Sampler<'_, O>,
        param: &O::Param,
        quadratic: &mut Quadratic,
    ) -> Result<(Knowledge, u64), Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec,
    {
        let ends = self.ends(param.as_coordinates()?)?;
        let n = ends.len();
        let rounding =
            Float::powf(<O::Param as ParamVec>::Scalar::epsilon().to_f64_exact(), 2.0 / 3.0);
        let largest = (self.draws / n as u64).max(FIRST_HESSIAN_DRAWS);
        let mut draws = self.hessian_draws.unwrap_or(FIRST_HESSIAN_DRAWS);
        let mut slopes = Slopes::new(n);
        loop {
            sampler.slopes(param, &ends, draws, &mut slopes)?;
            quadratic.hessian = slopes.mean();
            let Quadratic { hessian, gradient, covariance, is_fixed, .. } = quadratic;
            for (i, [before, after]) in ends.iter().enumerate() {
                let is_silent = gradient[i] == 0.0 && covariance[(i, i)] == 0.0;
                is_fixed[i] = before == after || is_silent && hessian.row(i).amax() == 0.0;
            }
            let knowledge = slopes.knowledge(&quadratic.first_free(), rounding);
            let enough = draws_for(&knowledge, draws, HESSIAN_ERROR);
            if self.hessian_draws.is_some() || enough <= draws || draws == largest {
                return Ok((knowledge, draws));
            }
            // an error of the error is no reason to draw a thousand times
            draws = enough.min(4 * draws).min(largest);
        }
    }

    /// Where the gradient is differenced about each coordinate of x.
    fn ends<F: Scalar>(&self, x: &[F]) -> Result<Vec<[F; 2]>, Error> {
        if let Some(steps) = &self.steps
            && steps.len() != x.len()
        {
            return Err(misfit(format!(
                "{NAME}: `steps` must have {} entries, one for each coordinate, got {}",
                x.len(),
                steps.len()
            )));
        }
        let rounding = F::epsilon().cbrt();
        let ends = |(i, &x): (usize, &F)| {
            let step = match &self.steps {
                Some(steps) => F::from_f64_lossy(steps[i]).max(rounding * x.abs()),
                None => F::from_f64_lossy(default_step::<F>(x.to_f64_exact())),
            };
            [x - step, x + step].map(|end| match &self.bounds {
                Some(bounds) => F::from_f64_lossy(bounds.clip(i, end.to_f64_exact())),
                None => end,
            })
        };
        Ok(x.iter().enumerate().map(ends).collect())
    }
}

/// The distance of a difference at the coordinate x.
pub(crate) fn default_step<F: Scalar>(x: f64) -> f64 {
    F::epsilon().to_f64_exact().cbrt() * x.abs().max(1.0)
}

/// Draws of the Hessian that know it to this error, after so many.
fn draws_for(knowledge: &Knowledge, draws: u64, error: f64) -> u64 {
    // a float beyond the range of integers becomes the largest one
    (draws as f64 * (knowledge.error / error).powi(2)).ceil() as u64
}

fn at_least_two(parameter: &str, value: u64) -> Result<(), Error> {
    if value < 2 {
        return Err(invalid(format!("{NAME}: `{parameter}` must be at least 2, got {value}")));
    }
    Ok(())
}
