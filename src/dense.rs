//! Dense symmetric matrices of the model, row by row in one slice, without an allocation.
//!
//! A library's Cholesky factor consumes its input where it fails; here the workspace stays.

/// A pivot below this part of its diagonal is rounding: the matrix is not positive definite.
const LEAST_PIVOT: f64 = 1e-14;

/// a.b in the order of the coordinates.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// y = A x.
pub(crate) fn multiply(matrix: &[f64], x: &[f64], y: &mut [f64]) {
    for (row, y) in matrix.chunks_exact(x.len()).zip(y) {
        *y = dot(row, x);
    }
}

/// x'A x.
pub(crate) fn quadratic(matrix: &[f64], x: &[f64]) -> f64 {
    matrix.chunks_exact(x.len()).zip(x).map(|(row, x_i)| x_i * dot(row, x)).sum()
}

/// A += scale a a'.
pub(crate) fn add_square(matrix: &mut [f64], scale: f64, a: &[f64]) {
    for (row, a_i) in matrix.chunks_exact_mut(a.len()).zip(a) {
        let factor = scale * a_i;
        if factor != 0.0 {
            row.iter_mut().zip(a).for_each(|(entry, a_j)| *entry += factor * a_j);
        }
    }
}

/// Writes the lower factor L of A = LL' for a matrix of `len` rows, whose lower half is read.
/// Returns whether A is positive definite; the factor is of no use where it is not.
pub(crate) fn cholesky(matrix: &[f64], len: usize, factor: &mut [f64]) -> bool {
    for i in 0..len {
        for j in 0..=i {
            let known = dot(&factor[i * len..i * len + j], &factor[j * len..j * len + j]);
            let entry = matrix[i * len + j];
            let rest = entry - known;
            factor[i * len + j] = if i != j {
                rest / factor[j * len + j]
            } else if rest > LEAST_PIVOT * entry.abs() && rest.is_finite() {
                rest.sqrt()
            } else {
                return false;
            };
        }
    }
    true
}

/// b <- L^-1 b.
pub(crate) fn solve_lower(factor: &[f64], b: &mut [f64]) {
    let len = b.len();
    for i in 0..len {
        let known = dot(&factor[i * len..i * len + i], &b[..i]);
        b[i] = (b[i] - known) / factor[i * len + i];
    }
}

/// b <- L^-T b.
pub(crate) fn solve_upper(factor: &[f64], b: &mut [f64]) {
    let len = b.len();
    for i in (0..len).rev() {
        b[i] /= factor[i * len + i];
        let value = b[i];
        let row = &factor[i * len..i * len + i];
        b[..i].iter_mut().zip(row).for_each(|(b, entry)| *b -= entry * value);
    }
}

/// b <- (LL')^-1 b.
pub(crate) fn solve(factor: &[f64], b: &mut [f64]) {
    solve_lower(factor, b);
    solve_upper(factor, b);
}

/// A <- A'.
pub(crate) fn transpose(matrix: &mut [f64], len: usize) {
    for i in 0..len {
        for j in 0..i {
            matrix.swap(i * len + j, j * len + i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATRIX: [f64; 9] = [4.0, 2.0, -1.0, 2.0, 5.0, 0.5, -1.0, 0.5, 3.0];

    #[test]
    fn the_factor_solves_the_system() {
        let (mut factor, x) = ([f64::NAN; 9], [1.0, -2.0, 3.0]);
        assert!(cholesky(&MATRIX, 3, &mut factor));
        let mut b = [0.0; 3];
        multiply(&MATRIX, &x, &mut b);
        solve(&factor, &mut b);
        for (b, x) in b.iter().zip(x) {
            assert!((b - x).abs() < 1e-14, "{b} is not {x}");
        }
    }

    #[test]
    fn halves_of_the_solution_whiten() {
        let mut factor = [0.0; 9];
        assert!(cholesky(&MATRIX, 3, &mut factor));
        let mut w = [1.0, -2.0, 0.5];
        solve_upper(&factor, &mut w);
        let square = quadratic(&MATRIX, &w);
        assert!((square - 5.25).abs() < 1e-14, "{square}");
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        assert!(!cholesky(&[1.0, 2.0, 2.0, 1.0], 2, &mut [0.0; 4]));
        assert!(!cholesky(&[f64::NAN], 1, &mut [0.0]));
    }

    #[test]
    fn a_square_is_added_and_a_matrix_transposed() {
        let mut matrix = [0.0, 1.0, 0.0, 0.0];
        transpose(&mut matrix, 2);
        assert_eq!(matrix, [0.0, 0.0, 1.0, 0.0]);
        add_square(&mut matrix, 2.0, &[1.0, 3.0]);
        assert_eq!(matrix, [2.0, 6.0, 7.0, 18.0]);
    }
}
