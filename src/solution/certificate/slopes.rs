//! A Hessian from drawn slopes of the gradient, and how well it is known.

use nalgebra::{DMatrix, SymmetricEigen};

/// Ways to split the draws in halves, each for one estimate of the error.
const SPLITS: usize = 3;

/// Sums over the slopes of k draws.
pub(super) struct Slopes {
    pub count: u64,
    sum: DMatrix<f64>,
    /// Sums with signs, half of which are negative: their mean has the covariance of the error of the
    /// mean.
    signed: [DMatrix<f64>; SPLITS],
    signs: [f64; SPLITS],
}

/// The estimate of a Hessian in some coordinates, and its error.
pub(super) struct Knowledge {
    /// The largest relative error of the curvature in a direction, one standard deviation.
    pub error: f64,
    pub is_positive: bool,
}

impl Slopes {
    pub fn new(len: usize) -> Self {
        let zeros = || DMatrix::zeros(len, len);
        Self {
            count: 0,
            sum: zeros(),
            signed: [(); SPLITS].map(|()| zeros()),
            signs: [0.0; SPLITS],
        }
    }

    /// Takes in the slopes of a draw.
    pub fn add(&mut self, slopes: &DMatrix<f64>) {
        self.sum += slopes;
        for (split, (signed, signs)) in self.signed.iter_mut().zip(&mut self.signs).enumerate() {
            let sign = if self.count >> split & 1 == 0 { 1.0 } else { -1.0 };
            signed.zip_apply(slopes, |sum, slope| *sum += sign * slope);
            *signs += sign;
        }
        self.count += 1;
    }

    pub fn mean(&self) -> DMatrix<f64> {
        &self.sum / self.count as f64
    }

    /// How well the mean is known in the coordinates `free`, whatever their scales. `rounding` is
    /// the relative error of a difference.
    ///
    /// The norm of the error in units of |H|: below 1 the sign of every eigenvalue is known.
    pub fn knowledge(&self, free: &[usize], rounding: f64) -> Knowledge {
        if free.is_empty() {
            return Knowledge { error: 0.0, is_positive: true };
        }
        let mean = self.mean();
        let scale = |i: usize| {
            let curvature = mean[(i, i)].abs();
            if curvature > 0.0 { curvature.sqrt().recip() } else { 1.0 }
        };
        let scales: Vec<f64> = free.iter().map(|&i| scale(i)).collect();
        let scaled = |matrix: &DMatrix<f64>| {
            let entry = |i: usize, j: usize| matrix[(free[i], free[j])] * scales[i] * scales[j];
            DMatrix::from_fn(free.len(), free.len(), entry)
        };
        let SymmetricEigen { mut eigenvectors, eigenvalues } = scaled(&mean).symmetric_eigen();
        for (mut vector, value) in eigenvectors.column_iter_mut().zip(&eigenvalues) {
            vector /= value.abs().max(rounding).sqrt();
        }
        let norm = |(signed, signs): (&DMatrix<f64>, &f64)| {
            let noise = scaled(&((signed - &mean * *signs) / self.count as f64));
            (eigenvectors.transpose() * noise * &eigenvectors).symmetric_eigenvalues().amax()
        };
        let error = self.signed.iter().zip(&self.signs).map(norm).fold(0.0, f64::max);
        Knowledge { error, is_positive: eigenvalues.min() > rounding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slopes diag(1, 1e-6) and one with noise of 10 % of each, in coordinates of any scale.
    fn noisy(count: u64, scale: f64, least: f64) -> Knowledge {
        let mut slopes = Slopes::new(2);
        for k in 0..count {
            // neither period of 2, 4 nor 8
            let noise = 0.1 * (2.4 * k as f64).sin() * std::f64::consts::SQRT_2;
            let diagonal = [1.0 + noise, least * scale * scale * (1.0 - noise)];
            slopes.add(&DMatrix::from_diagonal(&diagonal.to_vec().into()));
        }
        slopes.knowledge(&[0, 1], 1e-11)
    }

    #[test]
    fn the_error_is_relative_to_the_curvature_in_each_direction() {
        for scale in [1.0, 1e-3, 1e5] {
            let knowledge = noisy(100, scale, 1e-6);
            assert!(knowledge.is_positive);
            assert!((0.001..0.05).contains(&knowledge.error), "{}", knowledge.error);
        }
        assert!(!noisy(100, 1.0, -1e-6).is_positive);
        assert!(!noisy(100, 1.0, 0.0).is_positive);
    }

    #[test]
    fn slopes_without_noise_are_known() {
        let mut slopes = Slopes::new(1);
        for _ in 0..7 {
            slopes.add(&DMatrix::from_element(1, 1, 3.0));
        }
        assert!(slopes.knowledge(&[0], 1e-11).error < 1e-12);
    }
}
