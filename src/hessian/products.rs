//! Products of the Hessian with a vector, and samples of its diagonal from them.

use super::exact_diagonal::DenseMatrix;
use super::{Observation, draw_gradient};
use crate::bounds::clip_between;
use crate::error::misfit;
use crate::kernel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Hessian, Problem};
use num_traits::{Float, Zero};

/// A problem that multiplies its Hessian with a vector.
///
/// Every argmin problem with [`Hessian`] does, of the types of matrix of
/// [`HessianDiagonal`](super::HessianDiagonal); automatic
/// differentiation gives it at the price of a few gradients, without the matrix.
pub trait HessianVectorProduct: StochasticGradient {
    /// Writes H(x) v into `product`, every coordinate of it: exact, or an unbiased draw of it that
    /// is a pure function of `x`, `vector` and `draw`.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a [`FailedRun`](crate::FailedRun).
    fn hessian_vector_product(
        &self,
        x: &Self::Param,
        vector: &Self::Param,
        draw: Draw,
        product: &mut Self::Param,
    ) -> Result<(), Error>;
}

impl<T, P> HessianVectorProduct for T
where
    T: Hessian<Param = P> + StochasticGradient<Param = P>,
    P: ParamVec,
    T::Hessian: DenseMatrix<Scalar = P::Scalar>,
{
    fn hessian_vector_product(
        &self,
        x: &P,
        vector: &P,
        _draw: Draw,
        product: &mut P,
    ) -> Result<(), Error> {
        let hessian = self.hessian(x)?;
        let vector = vector.as_coordinates()?;
        for (row, sum) in product.as_coordinates_mut()?.iter_mut().enumerate() {
            *sum = P::Scalar::zero();
            for (column, &v) in vector.iter().enumerate() {
                let entry = hessian.entry(row, column).ok_or_else(|| {
                    misfit(format!(
                        "Hutchinson: the Hessian has no entry ({row}, {column}); it must have a row \
                         and a column for each coordinate"
                    ))
                })?;
                *sum = *sum + entry * v;
            }
        }
        Ok(())
    }
}

/// How [`Hutchinson`](super::Hutchinson) gets its products: [`Differences`] or [`Exact`].
pub trait Products<O>: private::Sealed
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    /// Writes v_i (H v)_i into `sample`, for a vector v of signs.
    #[doc(hidden)]
    fn sample(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        signs: &O::Param,
        sample: &mut O::Param,
    ) -> Result<(), Error>;
}

mod private {
    /// Sources of products are those of this crate.
    pub trait Sealed {}
}

/// Products from the problem, a [`HessianVectorProduct`]; each is counted by argmin as
/// `hessian_vector_product_count`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Exact;

impl private::Sealed for Exact {}

impl<O> Products<O> for Exact
where
    O: HessianVectorProduct,
    O::Param: ParamVec,
{
    fn sample(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, O::Param>,
        signs: &O::Param,
        sample: &mut O::Param,
    ) -> Result<(), Error> {
        let Observation { param, draw, .. } = observation;
        problem.problem("hessian_vector_product_count", |oracle| {
            oracle.hessian_vector_product(param, signs, draw, sample)
        })?;
        for (sample, &sign) in sample.as_coordinates_mut()?.iter_mut().zip(signs.as_coordinates()?)
        {
            *sample = sign * *sample;
        }
        Ok(())
    }
}

/// Products from central differences of the gradient at the same draw,
///
/// ```text
/// H v ~ (g(x + h v, draw) - g(x - h v, draw)) / (2 h),   h = eps^(1/3) max(|x|_inf, typical)
/// ```
///
/// so additive noise cancels exactly; at a bound a coordinate takes part on one side only, so that
/// no gradient is drawn outside the box. Each costs two gradients, counted by argmin as
/// `stochastic_gradient_count`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde1", serde(bound = ""))]
pub struct Differences<P> {
    pub(super) typical_magnitude: f64,
    #[cfg_attr(feature = "serde1", serde(skip))]
    points: Option<[P; 2]>,
    #[cfg_attr(feature = "serde1", serde(skip))]
    behind: Option<P>,
}

impl<P> Differences<P> {
    pub(super) fn new() -> Self {
        Self { typical_magnitude: 1.0, points: None, behind: None }
    }
}

impl<P> private::Sealed for Differences<P> {}

impl<O, P> Products<O> for Differences<P>
where
    O: StochasticGradient<Param = P>,
    P: ParamVec,
{
    fn sample(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        signs: &P,
        sample: &mut P,
    ) -> Result<(), Error> {
        let Observation { param, draw, bounds, .. } = observation;
        let x = param.as_coordinates()?;
        let v = signs.as_coordinates()?;
        let (low, high) = kernel::range(x);
        let magnitude = high.max(-low).max(self.typical_magnitude);
        let h = P::Scalar::epsilon().cbrt() * P::Scalar::from_f64_lossy(magnitude);

        let points = self.points.get_or_insert_with(|| [param.clone(), param.clone()]);
        let behind = self.behind.get_or_insert_with(|| param.clone());
        for (point, h) in points.iter_mut().zip([h, -h]) {
            kernel::zip_map_sum([x, v], [point.as_coordinates_mut()?], |[x, v], [_]| {
                ([x + h * v], [])
            });
            if let Some(bounds) = bounds {
                clip_between(bounds, point.as_coordinates_mut()?);
            }
        }
        let [forward, backward] = points;
        draw_gradient(problem, forward, draw, sample)?;
        draw_gradient(problem, backward, draw, behind)?;
        let inputs =
            [forward.as_coordinates()?, backward.as_coordinates()?, behind.as_coordinates()?];
        // the difference of the points as they were rounded and clipped: its sign is that of v, and
        // its size does not depend on it, so the sample stays unbiased
        kernel::zip_map_sum(inputs, [sample.as_coordinates_mut()?], |[f, b, behind], [ahead]| {
            let is_fixed = f == b;
            ([if is_fixed { P::Scalar::zero() } else { (ahead - behind) / (f - b) }], [])
        });
        Ok(())
    }
}
