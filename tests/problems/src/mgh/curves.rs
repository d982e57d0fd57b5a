//! Problems that fit a curve to data, in two to eleven variables.

use crate::dual::Dual;

pub fn jennrich_sampson<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    (1..=m)
        .map(|i| i as f64)
        .map(|i| 2.0 + 2.0 * i - ((i * x[0]).exp() + (i * x[1]).exp()))
        .collect()
}

pub fn bard<const N: usize>(x: &[Dual<N>], y: &[f64]) -> Vec<Dual<N>> {
    let terms = y.iter().enumerate().map(|(i, &y)| {
        let u = (i + 1) as f64;
        let v = 16.0 - u;
        y - (x[0] + u / (v * x[1] + u.min(v) * x[2]))
    });
    terms.collect()
}

pub fn gaussian<const N: usize>(x: &[Dual<N>], y: &[f64]) -> Vec<Dual<N>> {
    let terms = y.iter().enumerate().map(|(i, &y)| {
        let t = (7.0 - i as f64) / 2.0;
        x[0] * (-x[1] * (t - x[2]).squared() / 2.0).exp() - y
    });
    terms.collect()
}

pub fn meyer<const N: usize>(x: &[Dual<N>], y: &[f64]) -> Vec<Dual<N>> {
    let terms = y.iter().enumerate().map(|(i, &y)| {
        let t = 50.0 + 5.0 * i as f64;
        x[0] * (x[1] / (t + x[2])).exp() - y
    });
    terms.collect()
}

/// As in TOMS 566; the formula printed in 1981 has a misprint.
pub fn gulf<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let terms = (1..=m).map(|i| {
        let t = i as f64 / 100.0;
        let y = 25.0 + (-50.0 * t.ln()).powf(2.0 / 3.0);
        let power = (x[2] * (y - x[1]).abs().ln()).exp();
        (-power / x[0]).exp() - t
    });
    terms.collect()
}

pub fn box3d<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let terms = (1..=m).map(|i| {
        let t = 0.1 * i as f64;
        (-t * x[0]).exp() - (-t * x[1]).exp() - x[2] * ((-t).exp() - (-10.0 * t).exp())
    });
    terms.collect()
}

pub fn kowalik_osborne<const N: usize>(x: &[Dual<N>], y: &[f64], u: &[f64]) -> Vec<Dual<N>> {
    let terms =
        y.iter().zip(u).map(|(&y, &u)| y - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3]));
    terms.collect()
}

pub fn brown_dennis<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let terms = (1..=m).map(|i| {
        let t = i as f64 / 5.0;
        (x[0] + t * x[1] - t.exp()).squared() + (x[2] + x[3] * t.sin() - t.cos()).squared()
    });
    terms.collect()
}

pub fn osborne1<const N: usize>(x: &[Dual<N>], y: &[f64]) -> Vec<Dual<N>> {
    let terms = y.iter().enumerate().map(|(i, &y)| {
        let t = 10.0 * i as f64;
        y - (x[0] + x[1] * (-t * x[3]).exp() + x[2] * (-t * x[4]).exp())
    });
    terms.collect()
}

pub fn biggs_exp6<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let terms = (1..=m).map(|i| {
        let t = 0.1 * i as f64;
        let y = (-t).exp() - 5.0 * (-10.0 * t).exp() + 3.0 * (-4.0 * t).exp();
        x[2] * (-t * x[0]).exp() - x[3] * (-t * x[1]).exp() + x[5] * (-t * x[4]).exp() - y
    });
    terms.collect()
}

pub fn osborne2<const N: usize>(x: &[Dual<N>], y: &[f64]) -> Vec<Dual<N>> {
    let terms = y.iter().enumerate().map(|(i, &y)| {
        let t = i as f64 / 10.0;
        let peak =
            |height: usize| x[height] * (-(t - x[height + 7]).squared() * x[height + 4]).exp();
        y - (x[0] * (-t * x[4]).exp() + peak(1) + peak(2) + peak(3))
    });
    terms.collect()
}
