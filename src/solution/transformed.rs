//! The answer of a run in free coordinates, in those of its problem.

#[cfg(feature = "nalgebra")]
use super::Certificate;
use super::Solution;
use crate::error::invalid;
use crate::param::ParamVec;
use crate::transform::{Transform, Transformed};
use argmin::core::Error;

impl<O> Transformed<O> {
    /// The solution of a run in y, in x: the recommended point x(y), its errors `|dx/dy|` times those of y,
    /// the gradient over dx/dy and the curvature over its square. Gains and verdict stay.
    ///
    /// The errors are linear in those of y. Where an error of y is not small against 1, as with few draws,
    /// [`original_intervals`](Self::original_intervals) are right and `x +- error` is not. A fixed
    /// coordinate has the error 0 and infinite curvature.
    ///
    /// ```
    /// use argmin::core::Gradient;
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::prelude::*;
    /// use argmin_arturo::{Transform, Transformed};
    ///
    /// /// x - 3 ln x, least at 3, where its curvature is 1/3.
    /// struct Model;
    /// impl Gradient for Model {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![1.0 - 3.0 / x[0]])
    ///     }
    /// }
    /// let problem = || Transformed::new(GaussianNoise::new(Model, 0.1)?, vec![Transform::Log]);
    /// let result = Executor::new(problem()?, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(2000))
    ///     .run()?;
    /// let solution = problem()?.original_solution(&result.solution()?)?;
    /// assert!((solution.param[0] - 3.0).abs() < 4.0 * solution.standard_error[0]);
    /// let [low, high] = problem()?.original_intervals(&result.solution()?, 0.9999)?[0];
    /// assert!(low < 3.0 && 3.0 < high);
    /// assert!((3.0 * solution.curvature[0] - 1.0).abs() < 0.2);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If the solution has another length than there are transforms, or a coordinate is so near to an end
    /// of its range that dx/dy is 0.
    pub fn original_solution<P: ParamVec>(
        &self,
        solution: &Solution<P>,
    ) -> Result<Solution<P>, Error> {
        let mut original = solution.clone();
        original.param = self.to_original(&solution.param)?;
        for (i, (y, transform)) in
            solution.coordinates()?.into_iter().zip(self.transforms()).enumerate()
        {
            if matches!(transform, Transform::Fixed { .. }) {
                (original.standard_error[i], original.curvature[i]) = (0.0, f64::INFINITY);
                (original.gradient[i], original.gradient_error[i]) = (0.0, 0.0);
                original.curvature_error[i] = 0.0;
                continue;
            }
            let slope = slope(i, y, *transform)?;
            original.standard_error[i] *= slope;
            original.gradient[i] /= slope;
            original.gradient_error[i] /= slope;
            original.curvature[i] /= slope * slope;
            original.curvature_error[i] /= slope * slope;
        }
        Ok(original)
    }

    /// The intervals that hold the coordinates of the minimum x with this probability (in (0, 1), such as
    /// 0.95): the ends of those of y, taken to x. They stay within the range of x, and are not symmetric
    /// about the answer.
    ///
    /// # Errors
    /// If the confidence is out of range, or the solution has another length than there are transforms.
    pub fn original_intervals<P: ParamVec>(
        &self,
        solution: &Solution<P>,
        confidence: f64,
    ) -> Result<Vec<[f64; 2]>, Error> {
        let intervals = solution.intervals(confidence)?;
        self.check_len(intervals.len())?;
        let map = |(ends, transform): ([f64; 2], &Transform)| ends.map(|y| transform.apply(y));
        Ok(intervals.into_iter().zip(self.transforms()).map(map).collect())
    }

    /// The certificate of a run in y, in x, to first order in the errors of y: covariances
    /// `|dx/dy|` times those of y, gradient and Hessian over dx/dy. So `posterior_covariance` is that of
    /// x, too. A fixed coordinate is held, with gradient and Hessian 0.
    ///
    /// ```
    /// use argmin::core::Gradient;
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::prelude::*;
    /// use argmin_arturo::{Transform, Transformed};
    ///
    /// /// x - 3 ln x, least at 3, where its curvature is 1/3.
    /// struct Model;
    /// impl Gradient for Model {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![1.0 - 3.0 / x[0]])
    ///     }
    /// }
    /// let problem = Transformed::new(GaussianNoise::new(Model, 0.1)?, vec![Transform::Log])?;
    /// let mut result = Executor::new(problem, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(2000))
    ///     .run()?;
    /// let certificate = result.certify(1000)?;
    /// let problem = result.problem.take_problem().unwrap();
    /// let certificate = problem.original_certificate(&certificate)?;
    /// let error = certificate.standard_error().unwrap()[0];
    /// assert!((certificate.param[0] - 3.0).abs() < 4.0 * error);
    /// // of a posterior exp(-100 f): the variance 3 / 100
    /// let covariance = certificate.posterior_covariance(0.01)?.unwrap();
    /// assert!((covariance[(0, 0)] - 0.03).abs() < 0.003);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`original_solution`](Self::original_solution).
    #[cfg(feature = "nalgebra")]
    pub fn original_certificate<P: ParamVec>(
        &self,
        certificate: &Certificate<P>,
    ) -> Result<Certificate<P>, Error> {
        let mut original = certificate.clone();
        original.param = self.to_original(&certificate.param)?;
        // dx/dy for covariances, and its inverse for derivatives
        let mut scales = Vec::with_capacity(self.transforms().len());
        for (i, (y, transform)) in
            certificate.coordinates()?.into_iter().zip(self.transforms()).enumerate()
        {
            scales.push(if matches!(transform, Transform::Fixed { .. }) {
                [0.0, 0.0]
            } else {
                let slope = slope(i, y, *transform)?;
                [slope, 1.0 / slope]
            });
        }
        for (i, [slope, inverse]) in scales.iter().enumerate() {
            original.gradient[i] *= inverse;
            original.gradient_error[i] *= inverse;
            original.held[i] |= *slope == 0.0;
            for (j, [other_slope, other_inverse]) in scales.iter().enumerate() {
                original.hessian[(i, j)] *= inverse * other_inverse;
                if let Some(covariance) = &mut original.covariance {
                    covariance[(i, j)] *= slope * other_slope;
                }
            }
        }
        Ok(original)
    }
}

/// dx/dy at the coordinate `y`, which must not be 0.
fn slope(index: usize, y: f64, transform: Transform) -> Result<f64, Error> {
    let slope = transform.slope(y);
    if slope == 0.0 {
        return Err(invalid(format!(
            "Transformed: coordinate {index} has come to the end of its range, at y = {y:e}, and has \
             no error there; if the minimum is on the end, set it as a bound by `with_bounds`"
        )));
    }
    Ok(slope)
}
