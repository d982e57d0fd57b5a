//! Noise added to an oracle, for experiments.

use super::{Draw, Mirror, Staged, StochasticGradient};
use crate::error::{Requirement, require};
use crate::param::{ParamVec, Scalar};
use argmin::core::{CostFunction, Error, Hessian};
use rand_distr::{Distribution, StandardNormal, StudentT};

/// Adds independent noise to each coordinate of the gradients that an oracle draws:
/// g = g_inner + scale z, with z from the distribution `D` and the scale in units of the gradient.
///
/// Cost, Hessian and stages are those of the wrapped problem. Build it as [`GaussianNoise`] or
/// [`StudentTNoise`]; two of the same kind around each other would add the same numbers twice.
///
/// ```
/// use argmin::core::{Error, Gradient};
/// use argmin_arturo::oracle::{GaussianNoise, StudentTNoise};
///
/// struct Sphere;
/// impl Gradient for Sphere {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(x.clone())
///     }
/// }
/// let gaussian = GaussianNoise::new(Sphere, 0.1)?;
/// let heavy_tailed = StudentTNoise::new(Sphere, 0.1, 3.0)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AdditiveNoise<O, D> {
    oracle: O,
    scale: f64,
    distribution: D,
}

/// Gaussian noise on an oracle: z ~ N(0, 1).
pub type GaussianNoise<O> = AdditiveNoise<O, StandardNormal>;

/// Heavy-tailed noise on an oracle: z from Student's t distribution.
pub type StudentTNoise<O> = AdditiveNoise<O, StudentT<f64>>;

impl<O> GaussianNoise<O> {
    /// Adds Gaussian noise of this standard deviation (>= 0, finite) to `oracle`.
    ///
    /// # Errors
    /// If the standard deviation is negative or not finite.
    pub fn new(oracle: O, standard_deviation: f64) -> Result<Self, Error> {
        let scale = standard_deviation;
        require("GaussianNoise", "standard_deviation", scale, Requirement::NonNegative)?;
        Ok(Self { oracle, scale, distribution: StandardNormal })
    }
}

impl<O> StudentTNoise<O> {
    /// Adds `scale` (>= 0, finite) times a Student t variable to `oracle`. The degrees of freedom
    /// must be above 1, so that the gradient stays unbiased; up to 2 the variance is infinite.
    ///
    /// # Errors
    /// If a value is out of range.
    pub fn new(oracle: O, scale: f64, degrees_of_freedom: f64) -> Result<Self, Error> {
        const NAME: &str = "StudentTNoise";
        require(NAME, "scale", scale, Requirement::NonNegative)?;
        require(NAME, "degrees_of_freedom", degrees_of_freedom, Requirement::AboveOne)?;
        Ok(Self { oracle, scale, distribution: StudentT::new(degrees_of_freedom)? })
    }
}

/// Separates the stream of the noise from that of the wrapped oracle, which sees the same draw.
const NOISE_SALT: u64 = 0x6e6f_6973_6500_0000;

impl<O, D> StochasticGradient for AdditiveNoise<O, D>
where
    O: StochasticGradient,
    O::Param: ParamVec,
    D: Distribution<f64>,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        self.oracle.stochastic_gradient(x, draw, gradient)?;
        let mut rng = draw.with_seed(draw.seed() ^ NOISE_SALT).rng();
        for g in gradient.as_coordinates_mut()? {
            let noise = draw.reflect(self.scale * self.distribution.sample(&mut rng));
            *g = *g + Scalar::from_f64_lossy(noise);
        }
        Ok(())
    }
}

impl<O: Mirror, D> Mirror for AdditiveNoise<O, D> {}

impl<O: CostFunction, D> CostFunction for AdditiveNoise<O, D> {
    type Param = O::Param;
    type Output = O::Output;

    fn cost(&self, x: &O::Param) -> Result<O::Output, Error> {
        self.oracle.cost(x)
    }
}

impl<O: Hessian, D> Hessian for AdditiveNoise<O, D> {
    type Param = O::Param;
    type Hessian = O::Hessian;

    fn hessian(&self, x: &O::Param) -> Result<O::Hessian, Error> {
        self.oracle.hessian(x)
    }
}

impl<O: Staged, D> Staged for AdditiveNoise<O, D> {
    type Param = O::Param;

    fn begin_stage(&mut self, x: &O::Param) -> Result<(), Error> {
        self.oracle.begin_stage(x)
    }

    fn stage_point(&self) -> Option<&O::Param> {
        self.oracle.stage_point()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argmin::core::Gradient;

    #[derive(Debug)]
    struct Linear;

    impl Gradient for Linear {
        type Param = Vec<f64>;
        type Gradient = Vec<f64>;

        fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
            Ok(x.iter().map(|x| 2.0 * x).collect())
        }
    }

    /// Mean and variance of the noise over 1e5 draws.
    fn moments(oracle: &impl StochasticGradient<Param = Vec<f64>>) -> (f64, f64) {
        let draws = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        let mut gradient = vec![f64::NAN];
        for k in 0..draws {
            oracle.stochastic_gradient(&vec![1.5], Draw::new(11, k), &mut gradient).unwrap();
            let noise = gradient[0] - 3.0;
            sum += noise;
            squares += noise * noise;
        }
        (sum / draws as f64, squares / draws as f64)
    }

    #[test]
    fn noise_is_unbiased_and_has_its_variance() {
        // within 5 standard errors: Gaussian variance 0.25 (its own error sqrt(2/N) relative);
        // Student with 5 degrees of freedom variance 5/3 and kurtosis 9
        let n = 1e5_f64;
        let (mean, variance) = moments(&GaussianNoise::new(Linear, 0.5).unwrap());
        assert!(mean.abs() < 5.0 * 0.5 / n.sqrt(), "{mean}");
        assert!((variance / 0.25 - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{variance}");
        let (mean, variance) = moments(&StudentTNoise::new(Linear, 1.0, 5.0).unwrap());
        assert!(mean.abs() < 5.0 * (5.0 / 3.0 / n).sqrt(), "{mean}");
        assert!((variance / (5.0 / 3.0) - 1.0).abs() < 5.0 * (8.0 / n).sqrt(), "{variance}");
    }

    #[test]
    fn settings_are_checked() {
        for (scale, text) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            assert_eq!(
                GaussianNoise::new(Linear, scale).unwrap_err().to_string(),
                format!(
                    "Invalid parameter: \"GaussianNoise: `standard_deviation` must be \
                     non-negative and finite, got {text}\""
                )
            );
        }
        assert_eq!(
            StudentTNoise::new(Linear, 1.0, 1.0).unwrap_err().to_string(),
            "Invalid parameter: \"StudentTNoise: `degrees_of_freedom` must be above 1 and \
             finite, got 1\""
        );
    }
}
