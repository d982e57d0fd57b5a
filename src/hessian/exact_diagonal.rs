//! Curvature from the problem itself.

use super::{GradientFilter, HessianEstimator, Observation, QuadraticModel};
use crate::error::invalid;
use crate::oracle::{Draw, Regularized, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Hessian, Problem};

/// A problem that gives the diagonal of its Hessian.
///
/// Every argmin problem with [`Hessian`] does, where the Hessian is a `Vec<Vec<F>>`, or with the feature
/// of their name a matrix of nalgebra, ndarray or faer.
pub trait HessianDiagonal: StochasticGradient {
    /// Writes the diagonal of the Hessian at `x` into `diagonal`, every coordinate of it: exact, or
    /// an unbiased draw of it that is a pure function of `x` and `draw`.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a [`FailedRun`](crate::FailedRun).
    fn hessian_diagonal(
        &self,
        x: &Self::Param,
        draw: Draw,
        diagonal: &mut Self::Param,
    ) -> Result<(), Error>;
}

impl<O> HessianDiagonal for Regularized<O>
where
    O: HessianDiagonal,
    O::Param: ParamVec,
{
    fn hessian_diagonal(
        &self,
        x: &O::Param,
        draw: Draw,
        diagonal: &mut O::Param,
    ) -> Result<(), Error> {
        self.oracle().hessian_diagonal(x, draw, diagonal)?;
        let terms = self.terms(x.as_coordinates()?)?;
        for (h, (_, curvature)) in diagonal.as_coordinates_mut()?.iter_mut().zip(terms) {
            *h = *h + Scalar::from_f64_lossy(curvature);
        }
        Ok(())
    }
}

/// A square matrix whose entries can be read: `Vec<Vec<F>>`, and with the feature of their name
/// the matrices of nalgebra, ndarray and faer.
pub trait DenseMatrix {
    /// `f32` or `f64`.
    type Scalar: Scalar;

    /// The entry in a row and a column, or `None` beyond the matrix.
    fn entry(&self, row: usize, column: usize) -> Option<Self::Scalar>;
}

impl<F: Scalar> DenseMatrix for Vec<Vec<F>> {
    type Scalar = F;

    fn entry(&self, row: usize, column: usize) -> Option<F> {
        self.get(row)?.get(column).copied()
    }
}

#[cfg(feature = "nalgebra")]
impl<F, R, C, S> DenseMatrix for nalgebra::Matrix<F, R, C, S>
where
    F: Scalar + nalgebra::Scalar,
    R: nalgebra::Dim,
    C: nalgebra::Dim,
    S: nalgebra::RawStorage<F, R, C>,
{
    type Scalar = F;

    fn entry(&self, row: usize, column: usize) -> Option<F> {
        self.get((row, column)).copied()
    }
}

#[cfg(feature = "ndarray")]
impl<F, S> DenseMatrix for ndarray::ArrayBase<S, ndarray::Ix2>
where
    F: Scalar,
    S: ndarray::Data<Elem = F>,
{
    type Scalar = F;

    fn entry(&self, row: usize, column: usize) -> Option<F> {
        self.get((row, column)).copied()
    }
}

#[cfg(feature = "faer")]
impl<F: Scalar> DenseMatrix for faer::Mat<F> {
    type Scalar = F;

    fn entry(&self, row: usize, column: usize) -> Option<F> {
        (row < self.nrows() && column < self.ncols()).then(|| self[(row, column)])
    }
}

impl<T, P> HessianDiagonal for T
where
    T: Hessian<Param = P> + StochasticGradient<Param = P>,
    P: ParamVec,
    T::Hessian: DenseMatrix<Scalar = P::Scalar>,
{
    fn hessian_diagonal(&self, x: &P, _draw: Draw, diagonal: &mut P) -> Result<(), Error> {
        let hessian = self.hessian(x)?;
        for (index, value) in diagonal.as_coordinates_mut()?.iter_mut().enumerate() {
            *value = hessian.entry(index, index).ok_or_else(|| {
                invalid(format!(
                    "ExactDiagonal: the Hessian has no entry ({index}, {index}); it must have a row \
                     and a column for each coordinate"
                ))
            })?;
        }
        Ok(())
    }
}

/// The diagonal of the Hessian as the problem gives it, with drawn gradients filtered by a
/// [`GradientFilter`].
///
/// Each evaluation is counted by argmin as `hessian_diagonal_count`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(
        serialize = "P::Scalar: serde::Serialize",
        deserialize = "P::Scalar: serde::Deserialize<'de>"
    ))
)]
pub struct ExactDiagonal<P: ParamVec> {
    interval: u64,
    filter: GradientFilter<P::Scalar>,
    #[cfg_attr(feature = "serde1", serde(skip))]
    diagonal: Option<P>,
}

impl<P: ParamVec> Default for ExactDiagonal<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// How wrong an exact second derivative is at the end of a step, relative: third derivatives.
pub(super) const DRIFT: f64 = 0.1;

impl<P: ParamVec> ExactDiagonal<P> {
    /// Evaluates the diagonal at every iteration.
    pub fn new() -> Self {
        Self { interval: 1, filter: GradientFilter::default(), diagonal: None }
    }

    /// Evaluates it at every `interval`-th iteration only (>= 1, default 1).
    ///
    /// # Errors
    /// If the interval is 0.
    pub fn with_interval(mut self, interval: u64) -> Result<Self, Error> {
        if interval == 0 {
            return Err(invalid("ExactDiagonal: `interval` must be at least 1, got 0".into()));
        }
        self.interval = interval;
        Ok(self)
    }
}

impl<O, P> HessianEstimator<O> for ExactDiagonal<P>
where
    O: HessianDiagonal<Param = P>,
    P: ParamVec,
{
    fn update(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        model: &mut QuadraticModel<P::Scalar>,
    ) -> Result<(), Error> {
        let Observation { param, gradient, step, draw, iteration, .. } = observation;
        let gradient = gradient.as_coordinates()?;
        if iteration == 0 {
            self.filter.start(gradient, model);
        } else {
            self.filter.update(gradient, step, DRIFT, model);
        }
        if iteration.is_multiple_of(self.interval) {
            let diagonal = self.diagonal.get_or_insert_with(|| param.clone());
            problem.problem("hessian_diagonal_count", |oracle| {
                oracle.hessian_diagonal(param, draw, diagonal)
            })?;
            model.curvature.copy_from_slice(diagonal.as_coordinates()?);
        }
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}

#[cfg(all(test, any(feature = "nalgebra", feature = "ndarray", feature = "faer")))]
mod tests {
    use super::*;

    #[cfg(feature = "nalgebra")]
    #[test]
    fn nalgebra_matrices_are_hessians() {
        let matrix = nalgebra::DMatrix::from_fn(2, 2, |i, j| (10 * i + j) as f64);
        assert_eq!(
            (matrix.entry(0, 1), matrix.entry(1, 0), matrix.entry(2, 0), matrix.entry(0, 2)),
            (Some(1.0), Some(10.0), None, None)
        );
    }

    #[cfg(feature = "ndarray")]
    #[test]
    fn ndarray_matrices_are_hessians() {
        let matrix = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!((matrix.entry(0, 1), matrix.entry(2, 0)), (Some(2.0), None));
        assert_eq!(matrix.t().entry(0, 1), Some(3.0));
    }

    #[cfg(feature = "faer")]
    #[test]
    fn faer_matrices_are_hessians() {
        let matrix = faer::Mat::from_fn(2, 2, |i, j| (10 * i + j) as f64);
        assert_eq!(
            (matrix.entry(0, 1), matrix.entry(2, 0), matrix.entry(0, 2)),
            (Some(1.0), None, None)
        );
    }
}
