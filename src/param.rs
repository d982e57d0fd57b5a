//! Parameter vectors as contiguous slices of floats.

use argmin::argmin_error;
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
/// Implemented for `Vec<f32>`, `Vec<f64>` and, with the feature `nalgebra`, for every owned
/// nalgebra matrix or vector of them (in column-major order).
pub trait ParamVec: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// `f32` or `f64`.
    type Scalar: Scalar;

    /// What the type is called in error messages.
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
    argmin_error!(
        InvalidParameter,
        format!(
            "`{}` is not contiguous in memory; pass a parameter vector in standard layout",
            P::NAME
        )
    )
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
