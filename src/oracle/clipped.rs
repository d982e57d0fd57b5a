//! Gradients cut to a bound.

use super::arithmetic::pass_on;
use super::{Draw, StochasticGradient};
use crate::error::{Requirement, require};
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;
use num_traits::Float;

/// Cuts drawn gradients to a bound c, by their norm or coordinate by coordinate:
///
/// ```text
/// by norm:   g <- min(1, c / |g|) g
/// by value:  g_i <- max(-c, min(c, g_i))
/// ```
///
/// It tames heavy tails, and it is biased: the mean of clipped draws is not the gradient but is
/// pulled towards 0, and a skewed noise moves the point where it vanishes. The bias is
/// E\[(|g| - c)+\] at most, by value coordinate by coordinate. Choose c well above the typical
/// gradient; Average clipped draws where single draws are far out, and clip averages where
/// the bias matters more. A gradient with a coordinate that is NaN or infinite is left as it is, for
/// [`NonFinite`](crate::NonFinite) to see.
///
/// A clipped gradient is that of no cost, so this is not a
/// [`StochasticCost`](super::StochasticCost): nothing that differences costs compiles around it.
///
/// # Reference
/// R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*,
/// 2013 (by norm, where the direction is that of the draw); J. Zhang et al., *Why are adaptive
/// methods good for attention models?*, 2020 (heavy tails).
///
/// ```
/// use argmin::core::{Error, Gradient};
/// use argmin_arturo::oracle::Clipped;
/// use argmin_arturo::{Draw, StochasticGradient};
///
/// struct Sphere;
/// impl Gradient for Sphere {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(x.clone())
///     }
/// }
/// let (x, draw, mut g) = (vec![3.0, -4.0], Draw::new(0, 0), vec![0.0; 2]);
/// Clipped::by_norm(Sphere, 2.5)?.stochastic_gradient(&x, draw, &mut g)?;
/// assert_eq!(g, [1.5, -2.0]);
/// Clipped::by_value(Sphere, 3.5)?.stochastic_gradient(&x, draw, &mut g)?;
/// assert_eq!(g, [3.0, -3.5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Clipped<O> {
    oracle: O,
    bound: f64,
    by: By,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
enum By {
    Norm,
    Value,
}

impl<O> Clipped<O> {
    /// Shortens gradients of a norm above `bound` (c > 0, in units of the gradient) to it.
    ///
    /// # Errors
    /// If the bound is not positive and finite.
    pub fn by_norm(oracle: O, bound: f64) -> Result<Self, Error> {
        Self::new(oracle, bound, By::Norm)
    }

    /// Cuts each coordinate to `bound` (c > 0, in units of the gradient) in size.
    ///
    /// # Errors
    /// If the bound is not positive and finite.
    pub fn by_value(oracle: O, bound: f64) -> Result<Self, Error> {
        Self::new(oracle, bound, By::Value)
    }

    fn new(oracle: O, bound: f64, by: By) -> Result<Self, Error> {
        require("Clipped", "bound", bound, Requirement::Positive)?;
        Ok(Self { oracle, bound, by })
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }
}

/// Euclidean norm without overflow; NaN or infinite where a coordinate is.
fn norm<F: Scalar>(values: &[F]) -> f64 {
    let squares = |scale: f64| {
        values.iter().map(|value| (value.to_f64_exact() / scale).powi(2)).sum::<f64>().sqrt()
    };
    let plain = squares(1.0);
    if plain.is_normal() {
        return plain;
    }
    let largest = values.iter().map(|value| value.to_f64_exact().abs()).fold(0.0, f64::max);
    if largest == 0.0 || plain.is_nan() { plain } else { largest * squares(largest) }
}

impl<O> StochasticGradient for Clipped<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        self.oracle.stochastic_gradient(x, draw, gradient)?;
        let gradient = gradient.as_coordinates_mut()?;
        let norm = norm(gradient);
        if !norm.is_finite() || norm <= self.bound {
            return Ok(());
        }
        match self.by {
            By::Norm => {
                let factor = Scalar::from_f64_lossy(self.bound / norm);
                gradient.iter_mut().for_each(|g| *g = *g * factor);
            }
            By::Value => {
                let bound = Scalar::from_f64_lossy(self.bound);
                gradient.iter_mut().for_each(|g| *g = g.min(bound).max(-bound));
            }
        }
        Ok(())
    }
}

pass_on!(Clipped, Mirror);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_neither_overflows_nor_hides_what_is_not_finite() {
        assert_eq!(norm(&[3.0_f32, 4.0]), 5.0);
        assert!((norm(&[3e200, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
        assert!((norm(&[3e-200, 4e-200]) / 5e-200 - 1.0).abs() < 1e-15);
        assert_eq!(norm(&[0.0, 0.0]), 0.0);
        assert!(norm(&[1.0, f64::NAN]).is_nan());
        assert!(!norm(&[1.0, f64::INFINITY]).is_finite());
    }
}
