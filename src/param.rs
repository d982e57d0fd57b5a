//! Parameter vectors as contiguous slices of floats.

use crate::error::misfit;
use argmin::core::{ArgminFloat, Error};

/// A floating-point number that the crate computes with: `f32` or `f64`.
pub trait Scalar: ArgminFloat + Default + Send + Sync {
    /// Nearest value of this type; the crate's settings and scalars are `f64`.
    fn from_f64_lossy(value: f64) -> Self;
    /// The value as `f64`, exactly.
    fn to_f64_exact(self) -> f64;
}

macro_rules! scalar {
    ($float:ty) => {
        impl Scalar for $float {
            #[inline(always)]
            fn from_f64_lossy(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn to_f64_exact(self) -> f64 {
                f64::from(self)
            }
        }
    };
}
scalar!(f32);
scalar!(f64);

/// A vector of parameters that lies in memory as one contiguous slice.
///
/// Implemented in `f32` and `f64` for
///
/// | type | feature | order of the coordinates, and layouts that are refused |
/// |---|---|---|
/// | `Vec` | | |
/// | every owned nalgebra vector and matrix | `nalgebra` | column by column |
/// | every owned ndarray `Array` | `ndarray` | row by row; refused in any other layout, such as reversed, strided or Fortran order |
/// | faer `Col` | `faer` | |
/// | faer `Mat` | `faer` | refused with two columns or more, between which faer pads memory |
///
/// A run has the same bits with each of them. faer's `Col` cannot be serialized; for checkpoints
/// use a `Mat` of one column.
///
/// ```
/// # #[cfg(feature = "nalgebra")] {
/// use argmin::core::{Error, Executor, Gradient, State};
/// use argmin_arturo::Arturo;
/// use nalgebra::DMatrix;
///
/// /// f(X) = 1/2 |X - 1|^2 over matrices.
/// struct Ones;
/// impl Gradient for Ones {
///     type Param = DMatrix<f64>;
///     type Gradient = DMatrix<f64>;
///     fn gradient(&self, x: &DMatrix<f64>) -> Result<DMatrix<f64>, Error> {
///         Ok(x.add_scalar(-1.0))
///     }
/// }
/// let result = Executor::new(Ones, Arturo::new())
///     .configure(|state| state.param(DMatrix::zeros(2, 3)).max_iters(50))
///     .run()?;
/// let x = result.state().get_best_param().unwrap();
/// assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-9));
/// # }
/// # Ok::<(), argmin::core::Error>(())
/// ```
pub trait ParamVec: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// `f32` or `f64`.
    type Scalar: Scalar;

    /// The name of the type in error messages.
    const NAME: &'static str;

    /// The coordinates in order, or `None` where they are not contiguous in memory.
    fn try_as_slice(&self) -> Option<&[Self::Scalar]>;

    /// The same, to write to.
    fn try_as_mut_slice(&mut self) -> Option<&mut [Self::Scalar]>;

    /// The coordinates in order.
    ///
    /// # Errors
    /// If the coordinates are not contiguous in memory.
    fn as_coordinates(&self) -> Result<&[Self::Scalar], Error> {
        self.try_as_slice().ok_or_else(not_contiguous::<Self>)
    }

    /// The coordinates in order, to write to.
    ///
    /// # Errors
    /// If the coordinates are not contiguous in memory.
    fn as_coordinates_mut(&mut self) -> Result<&mut [Self::Scalar], Error> {
        self.try_as_mut_slice().ok_or_else(not_contiguous::<Self>)
    }
}

fn not_contiguous<P: ParamVec>() -> Error {
    misfit(format!(
        "`{}` is not contiguous in memory; pass a parameter vector in standard layout",
        P::NAME
    ))
}

impl<F: Scalar> ParamVec for Vec<F> {
    type Scalar = F;
    const NAME: &'static str = "Vec";

    fn try_as_slice(&self) -> Option<&[F]> {
        Some(self)
    }

    fn try_as_mut_slice(&mut self) -> Option<&mut [F]> {
        Some(self)
    }
}

#[cfg(feature = "nalgebra")]
impl<F, R, C> ParamVec for nalgebra::OMatrix<F, R, C>
where
    F: Scalar + nalgebra::Scalar,
    R: nalgebra::Dim,
    C: nalgebra::Dim,
    nalgebra::DefaultAllocator: nalgebra::allocator::Allocator<R, C>,
    Self: Send + Sync,
{
    type Scalar = F;
    const NAME: &'static str = "nalgebra::OMatrix";

    fn try_as_slice(&self) -> Option<&[F]> {
        Some(self.as_slice())
    }

    fn try_as_mut_slice(&mut self) -> Option<&mut [F]> {
        Some(self.as_mut_slice())
    }
}

#[cfg(feature = "ndarray")]
impl<F, D> ParamVec for ndarray::Array<F, D>
where
    F: Scalar,
    D: ndarray::Dimension + 'static,
{
    type Scalar = F;
    const NAME: &'static str = "ndarray::Array";

    // Only the standard layout: in another one, memory order would be another order of the
    // coordinates than that of the gradients that a problem computes.
    fn try_as_slice(&self) -> Option<&[F]> {
        self.as_slice()
    }

    fn try_as_mut_slice(&mut self) -> Option<&mut [F]> {
        self.as_slice_mut()
    }
}

#[cfg(feature = "faer")]
impl<F: Scalar> ParamVec for faer::Col<F> {
    type Scalar = F;
    const NAME: &'static str = "faer::Col";

    fn try_as_slice(&self) -> Option<&[F]> {
        Some(self.try_as_col_major()?.as_slice())
    }

    fn try_as_mut_slice(&mut self) -> Option<&mut [F]> {
        Some(self.try_as_col_major_mut()?.as_slice_mut())
    }
}

#[cfg(feature = "faer")]
impl<F: Scalar> ParamVec for faer::Mat<F> {
    type Scalar = F;
    const NAME: &'static str = "faer::Mat of several columns";

    fn try_as_slice(&self) -> Option<&[F]> {
        match self.ncols() {
            0 => Some(&[]),
            1 => Some(self.col_as_slice(0)),
            _ => None,
        }
    }

    fn try_as_mut_slice(&mut self) -> Option<&mut [F]> {
        match self.ncols() {
            0 => Some(&mut []),
            1 => Some(self.col_as_slice_mut(0)),
            _ => None,
        }
    }
}
