//! The answer, from argmin's result.

use super::Solution;
#[cfg(feature = "nalgebra")]
use super::{Certificate, Certification};
use argmin::core::Error;

/// The additions of [`Arturo`](crate::Arturo) to argmin's `OptimizationResult`: the answer of a run with its
/// errors. In the [prelude](crate::prelude).
///
/// ```
/// use argmin::core::Gradient;
/// use argmin_arturo::oracle::GaussianNoise;
/// use argmin_arturo::prelude::*;
/// use argmin_arturo::solution::Verdict;
///
/// /// 1/2 (x - 1)^2 + 5 (y - 2)^2
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 1.0, 10.0 * (x[1] - 2.0)])
///     }
/// }
///
/// let mut result = Executor::new(GaussianNoise::new(Bowl, 1.0)?, Arturo::new())
///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1000))
///     .run()?;
///
/// // from the run itself
/// let solution = result.solution()?;
/// println!("{solution}");
/// assert!(matches!(solution.verdict, Verdict::NoiseLimited { .. }));
/// // noise 1 over curvature 1 and 10, and the square root of the draws that the answer is the mean of:
/// // a hundred or more of 1000
/// assert!((0.03..0.2).contains(&solution.standard_error[0]));
/// assert!((0.003..0.02).contains(&solution.standard_error[1]));
///
/// // from 1000 fresh draws
/// # #[cfg(feature = "nalgebra")] {
/// let certificate = result.certify(1000)?;
/// let error = certificate.standard_error().unwrap();
/// assert!((error[0] / 0.0316 - 1.0).abs() < 0.1); // 1 / sqrt(1000)
/// # }
/// # Ok::<(), Error>(())
/// ```
pub trait RunResult {
    /// Type of the parameter vector.
    type Param;

    /// The recommended point with its errors and a verdict, from the run itself.
    ///
    /// # Errors
    /// Those of [`Arturo::solution`](crate::Arturo::solution).
    fn solution(&self) -> Result<Solution<Self::Param>, Error>;

    /// Measures the answer with this many fresh draws of the gradient (at least 2), and as many
    /// of the Hessian as it needs; see [`Certification`].
    ///
    /// # Errors
    /// Those of [`Arturo::certify`](crate::Arturo::certify), and if `draws` is less than 2.
    #[cfg(feature = "nalgebra")]
    fn certify(&mut self, draws: u64) -> Result<Certificate<Self::Param>, Error> {
        self.certify_with(&Certification::new(draws)?)
    }

    /// The same with settings.
    ///
    /// # Errors
    /// Those of [`Arturo::certify`](crate::Arturo::certify).
    #[cfg(feature = "nalgebra")]
    fn certify_with(
        &mut self,
        certification: &Certification,
    ) -> Result<Certificate<Self::Param>, Error>;
}
