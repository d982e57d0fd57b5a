//! Exact descent by Newton's method on Hessians by differences.

use super::curvature::{slope, unit};
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use suite::Problem;

const ITERATIONS: usize = 300;
/// The step of the differences, in units of a coordinate.
const STEP: f64 = 1e-5;
/// Damping beyond which no step is tried, in units of the Hessian's diagonal.
const MOST_DAMPING: f64 = 1e12;
/// The gain that the model promises, over the cost's change from the start, at a stationary point.
const STATIONARY: f64 = 1e-10;

/// Where a descent ended.
pub struct End {
    pub x: Vec<f64>,
    /// Whether the quadratic model promises nothing more.
    pub stationary: bool,
}

/// The quadratic model at a point, in coordinates with a unit diagonal of the Hessian.
struct Model {
    scales: DVector<f64>,
    eigen: SymmetricEigen<f64, nalgebra::Dyn>,
    /// The gradient in the basis of the eigenvectors.
    gradient: DVector<f64>,
}

impl Model {
    fn at(problem: &dyn Problem, x: &[f64]) -> Self {
        let n = x.len();
        let columns: Vec<_> = (0..n).map(|i| slope(problem, x, i, STEP * unit(x[i]))).collect();
        let mut hessian = DMatrix::from_columns(&columns);
        hessian.iter_mut().filter(|h| !h.is_finite()).for_each(|h| *h = 0.0);
        let scale = |(d, x): (&f64, &f64)| if *d == 0.0 { 1.0 / unit(*x) } else { d.abs().sqrt() };
        let scales = DVector::from_iterator(n, hessian.diagonal().iter().zip(x).map(scale));
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            hessian[(i, j)] /= scales[i] * scales[j];
        }
        let eigen = SymmetricEigen::new((&hessian + hessian.transpose()) / 2.0);
        let mut gradient = DVector::zeros(n);
        problem.gradient(x, gradient.as_mut_slice());
        let gradient = eigen.eigenvectors.tr_mul(&gradient.component_div(&scales));
        Self { scales, eigen, gradient }
    }

    /// The Newton step, downhill along negative curvature too, and the gain that it promises.
    fn step(&self, damping: f64) -> (DVector<f64>, f64) {
        let stiffness = self.eigen.eigenvalues.map(|value| value.abs().max(1e-15) + damping);
        let along = -self.gradient.component_div(&stiffness);
        let promise = -0.5 * along.dot(&self.gradient);
        ((&self.eigen.eigenvectors * along).component_div(&self.scales), promise)
    }
}

/// Descends until the cost no longer falls.
pub fn minimize(problem: &dyn Problem, start: &[f64]) -> End {
    let mut x = DVector::from_column_slice(start);
    let first = problem.cost(start);
    let mut cost = first;
    let mut damping = 1e-3;
    for _ in 0..ITERATIONS {
        let model = Model::at(problem, x.as_slice());
        let promise = model.step(0.0).1;
        let next = loop {
            let next = &x + model.step(damping).0;
            let below = problem.cost(next.as_slice());
            if below < cost {
                damping /= 10.0;
                break Some((next, below));
            }
            damping = 10.0 * damping.max(1e-12);
            if damping > MOST_DAMPING {
                break None;
            }
        };
        let Some((next, below)) = next else {
            let stationary = promise <= STATIONARY * (first - cost).abs();
            return End { x: polished(problem, &x, cost, &model), stationary };
        };
        (x, cost) = (next, below);
    }
    End { x: x.as_slice().to_vec(), stationary: false }
}

/// One more Newton step, where rounding of the cost hides what it gains.
fn polished(problem: &dyn Problem, x: &DVector<f64>, cost: f64, model: &Model) -> Vec<f64> {
    let (step, promise) = model.step(0.0);
    let next = x + step;
    let hidden = (problem.cost(next.as_slice()) - cost).abs() <= 2.0 * promise + 1e-14 * cost.abs();
    if hidden { next.as_slice().to_vec() } else { x.as_slice().to_vec() }
}
