//! Hessians by differences of the exact gradient.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use suite::Problem;

/// Steps of the differences, in units of a coordinate: the best one is unknown.
const STEPS: [f64; 7] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8];
/// How far an eigenvalue has to exceed the error of the differences.
const RESOLVED: f64 = 10.0;
/// The least unit of a coordinate over its distance from the start: what is left of a minimizer's zero
/// after rounding is no unit.
const LEAST_UNIT: f64 = 1e-2;

/// The Hessian at a point, scaled to a unit diagonal: `H_ij / (s_i s_j)` with `s_i^2 = H_ii`.
pub struct Curvature {
    scales: Vec<f64>,
    scaled: DMatrix<f64>,
    factor: Cholesky<f64, Dyn>,
    /// The Frobenius norm of the error of `scaled`, as differences with two steps disagree.
    error: f64,
}

/// What a coordinate is measured in: its magnitude, or 1 at zero.
pub fn unit(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.abs() }
}

/// The change of the gradient along coordinate `i` between `x_i - h` and `x_i + h`, over 2 h.
pub fn slope(problem: &dyn Problem, x: &[f64], i: usize, h: f64) -> DVector<f64> {
    let mut y = x.to_vec();
    let mut gradient = |offset: f64| {
        y[i] = x[i] + offset;
        let mut g = DVector::zeros(x.len());
        problem.gradient(&y, g.as_mut_slice());
        (g, y[i])
    };
    let ((above, right), (below, left)) = (gradient(h), gradient(-h));
    (above - below) / (right - left)
}

/// One row of the Hessian by the step whose differences are the most consistent, and its error.
fn row(problem: &dyn Problem, x: &[f64], units: &[f64], i: usize) -> (DVector<f64>, DVector<f64>) {
    let size = |row: &DVector<f64>| -> f64 {
        row.iter().zip(units).map(|(e, unit)| (e * unit).powi(2)).sum::<f64>()
    };
    let candidates = STEPS.map(|step| {
        let h = step * units[i];
        let (narrow, wide) = (slope(problem, x, i, h), slope(problem, x, i, 2.0 * h));
        // Richardson's extrapolation; the error of the narrower difference is larger than its own
        let error = &narrow - wide;
        (narrow + &error / 3.0, error)
    });
    let finite = |error: f64| if error.is_nan() { f64::INFINITY } else { error };
    let best =
        candidates.into_iter().min_by(|(_, a), (_, b)| finite(size(a)).total_cmp(&finite(size(b))));
    best.expect("there are steps")
}

impl Curvature {
    /// None where the Hessian is not positive definite.
    pub fn at(problem: &dyn Problem, x: &[f64]) -> Option<Self> {
        let n = x.len();
        let start = problem.start();
        let far = |(x, start): (&f64, &f64)| unit(*x).max(LEAST_UNIT * (x - start).abs());
        let units: Vec<f64> = x.iter().zip(&start).map(far).collect();
        let (mut hessian, mut error) = (DMatrix::zeros(n, n), DMatrix::zeros(n, n));
        for i in 0..n {
            let (row, row_error) = row(problem, x, &units, i);
            hessian.set_row(i, &row.transpose());
            error.set_row(i, &row_error.transpose());
        }
        let scales: Vec<f64> = hessian.diagonal().iter().map(|d| d.sqrt()).collect();
        if !scales.iter().all(|scale| *scale > 0.0 && scale.is_finite()) {
            return None;
        }
        for (j, i) in (0..n).flat_map(|i| (0..n).map(move |j| (j, i))) {
            hessian[(i, j)] /= scales[i] * scales[j];
            error[(i, j)] /= scales[i] * scales[j];
        }
        let asymmetry = (&hessian - hessian.transpose()).norm() / 2.0;
        let scaled = (&hessian + hessian.transpose()) / 2.0;
        let factor = Cholesky::new(scaled.clone())?;
        Some(Self { scales, scaled, factor, error: error.norm() + asymmetry })
    }

    /// The least eigenvalue of the scaled Hessian, if differences can tell it from zero.
    pub fn least_eigenvalue(&self) -> Option<f64> {
        let least = self.scaled.symmetric_eigenvalues().min();
        (least > RESOLVED * self.error).then_some(least)
    }

    /// `H^-1 v`.
    pub fn solve(&self, v: &[f64]) -> Vec<f64> {
        let scaled =
            DVector::from_iterator(v.len(), v.iter().zip(&self.scales).map(|(v, s)| v / s));
        let solved = self.factor.solve(&scaled);
        solved.iter().zip(&self.scales).map(|(v, s)| v / s).collect()
    }
}
