//! The units that a start gives its coordinates.

use crate::param::Scalar;
use std::f64::consts::PI;

/// The variance of ln|z| of a normal z.
const NORMAL_VARIANCE: f64 = PI * PI / 8.0;

/// The units u of the coordinates of a start x.
///
/// Parameters in physical units differ by powers of ten, and |x_i| is the unit of the i-th. Random
/// starts, as of networks, have one unit, and |x_i| scatters about it by chance: ln|z| of a normal z
/// has the variance pi^2 / 8. So ln u_i is ln|x_i|, shrunk towards the mean by the part of the
/// variance that chance explains (James and Stein 1961). A coordinate that starts at 0 has the
/// geometric mean of the others as its unit, and 1 where all are 0.
pub(super) fn units<F: Scalar>(x: &[F]) -> Vec<F> {
    let log = |x: &F| x.to_f64_exact().abs().ln();
    let (mut mean, mut squares, mut count) = (0.0, 0.0, 0.0);
    for log in x.iter().map(log).filter(|log| log.is_finite()) {
        count += 1.0;
        let deviation = log - mean;
        mean += deviation / count;
        squares += deviation * (log - mean);
    }
    let chance = NORMAL_VARIANCE * f64::max(count - 1.0, 0.0);
    let share = if squares > chance { 1.0 - chance / squares } else { 0.0 };
    let unit = |x: &F| {
        let log = log(x);
        let deviation = if log.is_finite() { log - mean } else { 0.0 };
        F::from_f64_lossy((mean + share * deviation).exp())
    };
    x.iter().map(unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn physical_units_stay_apart() {
        let u: Vec<f64> = units(&[250.0, 5e-4]);
        assert!((u[0] / 250.0 - 1.0).abs() < 0.2 && (u[1] / 5e-4 - 1.0).abs() < 0.2, "{u:?}");
    }

    #[test]
    fn a_random_start_has_one_unit() {
        let mut rng = Draw::new(1, 1).rng();
        let x: Vec<f64> = (0..1000)
            .map(|_| 0.1 * Distribution::<f64>::sample(&StandardNormal, &mut rng))
            .collect();
        let u = units(&x);
        let [least, most] = [f64::min, f64::max].map(|f| u.iter().copied().reduce(f).unwrap());
        assert!(most < 3.0 * least && least > 0.02 && most < 0.2, "{least} to {most}");
    }

    #[test]
    fn coordinates_at_0_take_the_unit_of_the_others() {
        assert_eq!(units(&[0.0, 0.0]), [1.0, 1.0]);
        let u = units(&[0.0, 8.0, -8.0]);
        assert!(u.iter().all(|u| (u - 8.0f64).abs() < 1e-12), "{u:?}");
    }
}
