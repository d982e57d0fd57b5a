//! Quadratics `f(x) = (x - c)' A (x - c) / 2` with additive noise of constant size.
//!
//! The eigenvalues of A run from 1 to the condition number in geometric progression. The
//! noise of one coordinate is the stated level times the root mean square of the gradient
//! at the start, and does not shrink on the way: a solver ends in a ball whose size it
//! controls. `scaled` problems measure well-conditioned coordinates in units of 1e-6 to 1e6.

use crate::noise::Noise;
use crate::{Draw, Problem};
use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};

/// The shape of the Hessian.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// Eigenvalues on the diagonal.
    Diagonal { condition: f64 },
    /// The same in a random orthogonal basis.
    Rotated { condition: f64 },
    /// `(y - c)' D (y - c) / 2` with eigenvalues from 1 to 10 in `y_i = x_i / s_i`, s from 1e-6 to 1e6.
    Scaled,
}

enum Hessian {
    Diagonal(Vec<f64>),
    Dense(DMatrix<f64>),
}

struct Quadratic {
    shape: Shape,
    noise: Noise,
    hessian: Hessian,
    /// The minimizer.
    center: Vec<f64>,
    /// Unit of each coordinate.
    scale: Vec<f64>,
    /// Root mean square of the gradient at the start, in unit coordinates.
    noise_unit: f64,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    use Noise::{Gaussian, None, StudentT};
    let mut all = Vec::new();
    for noise in [None, Gaussian(0.1), StudentT(0.1)] {
        for condition in [1e2, 1e4] {
            all.extend([10, 100, 1000].map(|n| (n, Shape::Diagonal { condition }, noise)));
            all.extend([10, 100].map(|n| (n, Shape::Rotated { condition }, noise)));
        }
        all.extend([13, 100].map(|n| (n, Shape::Scaled, noise)));
    }
    // Signal to noise of 1 to 10 in the first gradient, and worse in all that follow.
    for n in [10, 100] {
        all.push((n, Shape::Diagonal { condition: 1e2 }, Gaussian(10.0)));
        all.push((n, Shape::Rotated { condition: 1e2 }, Gaussian(10.0)));
    }
    all.into_iter()
        .map(|(n, shape, noise)| Box::new(Quadratic::new(n, shape, noise)) as Box<dyn Problem>)
        .collect()
}

impl Quadratic {
    fn new(n: usize, shape: Shape, noise: Noise) -> Self {
        let mut rng = Draw::new(1, n as u64).rng();
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let scale: Vec<f64> = match shape {
            Shape::Scaled => geometric(n, 1e-6, 1e6).collect(),
            _ => vec![1.0; n],
        };
        let center = scale.iter().map(|s| s * normal()).collect();
        let hessian = match shape {
            Shape::Diagonal { condition } => {
                Hessian::Diagonal(geometric(n, 1.0, condition).collect())
            }
            Shape::Rotated { condition } => {
                let q = DMatrix::from_fn(n, n, |_, _| normal()).qr().q();
                let d = DMatrix::from_diagonal(&DVector::from_iterator(
                    n,
                    geometric(n, 1.0, condition),
                ));
                let a: DMatrix<f64> = &q * d * q.transpose();
                Hessian::Dense((&a + a.transpose()) / 2.0)
            }
            // Stiffness that alternates, so that it is no function of the scale.
            Shape::Scaled => Hessian::Diagonal((0..n).map(|i| [1.0, 10.0, 3.0][i % 3]).collect()),
        };
        let mut problem = Self { shape, noise, hessian, center, scale, noise_unit: 0.0 };
        let slope = problem.slope(&problem.offset(&problem.start()));
        problem.noise_unit = (slope.iter().map(|s| s * s).sum::<f64>() / n as f64).sqrt();
        problem
    }

    /// The distance from the minimizer in unit coordinates.
    fn offset(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.center).zip(&self.scale).map(|((x, c), s)| (x - c) / s).collect()
    }

    /// The Hessian times a vector in unit coordinates.
    fn slope(&self, offset: &[f64]) -> Vec<f64> {
        match &self.hessian {
            Hessian::Diagonal(d) => d.iter().zip(offset).map(|(d, y)| d * y).collect(),
            Hessian::Dense(a) => (a * DVector::from_column_slice(offset)).as_slice().to_vec(),
        }
    }
}

/// `n` numbers from `first` to `last` with a constant quotient.
fn geometric(n: usize, first: f64, last: f64) -> impl Iterator<Item = f64> {
    (0..n).map(move |i| first * (last / first).powf(i as f64 / (n - 1) as f64))
}

impl Problem for Quadratic {
    fn name(&self) -> String {
        let n = self.center.len();
        let noise = self.noise;
        match self.shape {
            Shape::Diagonal { condition } => {
                format!("quadratic/diagonal/n={n}/cond={condition:e}/{noise}")
            }
            Shape::Rotated { condition } => {
                format!("quadratic/rotated/n={n}/cond={condition:e}/{noise}")
            }
            Shape::Scaled => format!("quadratic/scaled/n={n}/{noise}"),
        }
    }

    fn family(&self) -> &'static str {
        "quadratic"
    }

    /// The corner (2, ..., 2) in unit coordinates: no coordinate begins at its optimum.
    fn start(&self) -> Vec<f64> {
        self.scale.iter().map(|s| 2.0 * s).collect()
    }

    /// Zero, at the center.
    fn minimum(&self) -> f64 {
        0.0
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let y = self.offset(x);
        0.5 * self.slope(&y).iter().zip(&y).map(|(a, y)| a * y).sum::<f64>()
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let slope = self.slope(&self.offset(x));
        for ((g, a), s) in g.iter_mut().zip(slope).zip(&self.scale) {
            *g = a / s;
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        self.gradient(x, g);
        // The chain rule carries noise of unit coordinates over to scaled ones.
        self.noise.add(draw, g, |i| self.noise_unit / self.scale[i]);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let mut noise = vec![0.0; x.len()];
        self.noise.add(draw, &mut noise, |i| self.noise_unit / self.scale[i]);
        self.cost(x) + noise.iter().zip(x).map(|(e, x)| e * x).sum::<f64>()
    }

    fn noise_free(&self) -> bool {
        self.noise == Noise::None
    }

    fn smooth_convex(&self) -> bool {
        true
    }
}
