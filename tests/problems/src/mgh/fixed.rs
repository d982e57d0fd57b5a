//! Problems of two to four variables without data.

use crate::dual::Dual;
use std::f64::consts::TAU;

pub fn freudenstein_roth<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let (a, b) = (x[0], x[1]);
    vec![a + ((5.0 - b) * b - 2.0) * b - 13.0, a + ((b + 1.0) * b - 14.0) * b - 29.0]
}

pub fn powell_badly_scaled<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    vec![1e4 * x[0] * x[1] - 1.0, (-x[0]).exp() + (-x[1]).exp() - 1.0001]
}

pub fn brown_badly_scaled<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    vec![x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0]
}

pub fn beale<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    [1.5, 2.25, 2.625].into_iter().zip(1..).map(|(y, i)| y - x[0] * (1.0 - x[1].powi(i))).collect()
}

pub fn helical_valley<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let (a, b) = (x[0], x[1]);
    let square = a.squared() + b.squared();
    let turns = if a.value == 0.0 {
        if b.value >= 0.0 { 0.25 } else { -0.25 }
    } else {
        (b.value / a.value).atan() / TAU + if a.value < 0.0 { 0.5 } else { 0.0 }
    };
    // The slope of the angle holds on the axis too, where that of b / a does not exist.
    let slope = |i: usize| (a.value * b.slope[i] - b.value * a.slope[i]) / (TAU * square.value);
    let theta = Dual { value: turns, slope: std::array::from_fn(slope) };
    vec![10.0 * (x[2] - 10.0 * theta), 10.0 * (square.sqrt() - 1.0), x[2]]
}

pub fn wood<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    vec![
        10.0 * (x[1] - x[0].squared()),
        1.0 - x[0],
        90f64.sqrt() * (x[3] - x[2].squared()),
        1.0 - x[2],
        10f64.sqrt() * (x[1] + x[3] - 2.0),
        (x[1] - x[3]) / 10f64.sqrt(),
    ]
}
