//! Which draws have a gradient in a coordinate.
//!
//! Where features are sparse, most draws have none in most coordinates: it is 0 to the bit. rho is the
//! share of draws that have one. Other draws carry no information about the
//! coordinate, so its memory is counted in those draws, not in all. Where each draw has a gradient, rho is 1 and
//! changes no bit.

use crate::param::Scalar;

/// 1 where a draw has a gradient, 0 where it has none.
#[inline(always)]
pub(crate) fn touch<F: Scalar>(g: F) -> F {
    if g == F::zero() { F::zero() } else { F::one() }
}

/// rho after one more draw; `weight` is 1 over the number of draws.
#[inline(always)]
pub(crate) fn share<F: Scalar>(rho: F, weight: F, g: F) -> F {
    rho + weight * (touch(g) - rho)
}

/// A divisor instead of rho, which is 0 before the first gradient.
#[inline(always)]
pub(crate) fn divisor<F: Scalar>(rho: F) -> F {
    rho.max(F::min_positive_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_the_mean_of_the_touches() {
        let draws = [0.0, 2.0, -0.0, f64::MIN_POSITIVE, -3.0, 0.0, 0.0, 0.0];
        let mut rho = 0.5;
        for (count, &g) in (1..).zip(&draws) {
            rho = share(rho, 1.0 / f64::from(count), g);
        }
        assert!((rho - 3.0 / 8.0).abs() < 1e-15, "{rho}");
        let always = (2..1000).fold(1.0_f32, |rho, count| share(rho, 1.0 / count as f32, 7.0));
        assert_eq!(always, 1.0);
    }

    #[test]
    fn a_share_of_0_does_not_divide() {
        assert_eq!(divisor(0.0_f32), f32::MIN_POSITIVE);
    }
}
