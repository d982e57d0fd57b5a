//! Problems of any number of variables.

use crate::dual::Dual;

/// Plain and extended: pairs of variables.
pub fn rosenbrock<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    x.chunks_exact(2).flat_map(|x| [10.0 * (x[1] - x[0].squared()), 1.0 - x[0]]).collect()
}

/// Powell's singular function, plain and extended: blocks of four variables.
pub fn powell<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let block = |x: &[Dual<N>]| {
        [
            x[0] + 10.0 * x[1],
            5f64.sqrt() * (x[2] - x[3]),
            (x[1] - 2.0 * x[2]).squared(),
            10f64.sqrt() * (x[0] - x[3]).squared(),
        ]
    };
    x.chunks_exact(4).flat_map(block).collect()
}

pub fn watson<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let mut f: Vec<Dual<N>> = (1..=29)
        .map(|i| {
            let t = f64::from(i) / 29.0;
            // A polynomial and its derivative by Horner's rule.
            let zero = Dual::constant(0.0);
            let (value, slope) =
                x.iter().rev().fold((zero, zero), |(p, dp), &x| (p * t + x, dp * t + p));
            slope - value.squared() - 1.0
        })
        .collect();
    f.extend([x[0], x[1] - x[0].squared() - 1.0]);
    f
}

pub fn penalty1<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let mut f: Vec<Dual<N>> = x.iter().map(|&x| 1e-5f64.sqrt() * (x - 1.0)).collect();
    f.push(x.iter().map(|x| x.squared()).sum::<Dual<N>>() - 0.25);
    f
}

pub fn penalty2<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let a = 1e-5f64.sqrt();
    let n = x.len();
    let e: Vec<Dual<N>> = x.iter().map(|&x| (x / 10.0).exp()).collect();
    let mut f = vec![x[0] - 0.2];
    f.extend(
        (1..n).map(|i| {
            a * (e[i] + e[i - 1] - ((i + 1) as f64 / 10.0).exp() - (i as f64 / 10.0).exp())
        }),
    );
    f.extend(e[1..].iter().map(|&e| a * (e - (-0.1f64).exp())));
    f.push(x.iter().enumerate().map(|(j, x)| (n - j) as f64 * x.squared()).sum::<Dual<N>>() - 1.0);
    f
}

pub fn variably_dimensioned<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let mut f: Vec<Dual<N>> = x.iter().map(|&x| x - 1.0).collect();
    let s: Dual<N> = f.iter().enumerate().map(|(j, &d)| (j + 1) as f64 * d).sum();
    f.extend([s, s.squared()]);
    f
}

pub fn trigonometric<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let cosines: Vec<Dual<N>> = x.iter().map(|x| x.cos()).collect();
    let rest = x.len() as f64 - cosines.iter().copied().sum::<Dual<N>>();
    let terms = x.iter().zip(&cosines).enumerate();
    terms.map(|(i, (x, &cos))| rest + (i + 1) as f64 * (1.0 - cos) - x.sin()).collect()
}

pub fn brown_almost_linear<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let n = x.len();
    let sum: Dual<N> = x.iter().copied().sum();
    let mut f: Vec<Dual<N>> = x[..n - 1].iter().map(|&x| x + sum - (n + 1) as f64).collect();
    f.push(x.iter().fold(Dual::constant(1.0), |product, &x| product * x) - 1.0);
    f
}

/// A neighbour; zero beyond either end.
fn at<const N: usize>(x: &[Dual<N>], i: usize) -> Dual<N> {
    x.get(i).copied().unwrap_or(Dual::constant(0.0))
}

pub fn discrete_boundary_value<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let h = 1.0 / (x.len() + 1) as f64;
    let terms = (0..x.len()).map(|i| {
        let t = (i + 1) as f64 * h;
        2.0 * x[i] - at(x, i.wrapping_sub(1)) - at(x, i + 1)
            + h * h / 2.0 * (x[i] + t + 1.0).powi(3)
    });
    terms.collect()
}

pub fn discrete_integral_equation<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let h = 1.0 / (x.len() + 1) as f64;
    let t = |j: usize| (j + 1) as f64 * h;
    let cubes: Vec<Dual<N>> =
        x.iter().enumerate().map(|(j, &x)| (x + t(j) + 1.0).powi(3)).collect();
    let mut below = Dual::constant(0.0);
    let mut above: Dual<N> = cubes.iter().enumerate().map(|(j, &c)| (1.0 - t(j)) * c).sum();
    let terms = (0..x.len()).map(|i| {
        below += t(i) * cubes[i];
        above += (t(i) - 1.0) * cubes[i];
        x[i] + h / 2.0 * ((1.0 - t(i)) * below + t(i) * above)
    });
    terms.collect()
}

pub fn broyden_tridiagonal<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let terms = (0..x.len())
        .map(|i| (3.0 - 2.0 * x[i]) * x[i] - at(x, i.wrapping_sub(1)) - 2.0 * at(x, i + 1) + 1.0);
    terms.collect()
}

pub fn broyden_banded<const N: usize>(x: &[Dual<N>]) -> Vec<Dual<N>> {
    let terms = (0..x.len()).map(|i| {
        let band = (i.saturating_sub(5)..x.len().min(i + 2)).filter(|&j| j != i);
        let rest: Dual<N> = band.map(|j| x[j] * (1.0 + x[j])).sum();
        x[i] * (2.0 + 5.0 * x[i].squared()) + 1.0 - rest
    });
    terms.collect()
}

pub fn linear_full_rank<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let rest = -2.0 / m as f64 * x.iter().copied().sum::<Dual<N>>() - 1.0;
    (0..m).map(|i| rest + at(x, i)).collect()
}

pub fn linear_rank1<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let sum: Dual<N> = x.iter().enumerate().map(|(j, &x)| (j + 1) as f64 * x).sum();
    (1..=m).map(|i| i as f64 * sum - 1.0).collect()
}

/// The first and the last row and column are zero.
pub fn linear_rank1_zero<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let sum: Dual<N> = (1..x.len() - 1).map(|j| (j + 1) as f64 * x[j]).sum();
    (0..m).map(|i| if i == m - 1 { Dual::constant(-1.0) } else { i as f64 * sum - 1.0 }).collect()
}

pub fn chebyquad<const N: usize>(x: &[Dual<N>], m: usize) -> Vec<Dual<N>> {
    let n = x.len() as f64;
    let mut f = vec![Dual::constant(0.0); m];
    for &x in x {
        let u = 2.0 * x - 1.0;
        let (mut before, mut now) = (Dual::constant(1.0), u);
        for f in &mut f {
            *f += now / n;
            (before, now) = (now, 2.0 * u * now - before);
        }
    }
    for (f, i) in f.iter_mut().zip(1u32..).filter(|(_, i)| i % 2 == 0) {
        *f = *f + 1.0 / f64::from(i * i - 1);
    }
    f
}
