//! Dense symmetric matrices of the model, row by row in one slice, without an allocation.
//!
//! A library's factorization consumes its input where it fails; here the workspace stays.

/// A pivot below this part of its diagonal is rounding: the matrix is not positive definite.
const LEAST_PIVOT: f64 = 1e-14;

/// a.b in the order of the coordinates.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// y = a - b.
pub(crate) fn subtract(a: &[f64], b: &[f64], y: &mut [f64]) {
    y.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = a - b);
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

/// Writes the factors of A = LDL' for a matrix of `len` rows, whose lower half is read: L below the
/// diagonal, where it is 1, and D on it. Without a root they scale with A to the bit. Returns whether A is
/// positive definite; the factors are of no use where it is not.
pub(crate) fn factorize(matrix: &[f64], len: usize, factor: &mut [f64]) -> bool {
    for i in 0..len {
        let (done, row) = factor.split_at_mut(i * len);
        let row = &mut row[..len];
        // L D first
        for j in 0..i {
            row[j] = matrix[i * len + j] - dot(&row[..j], &done[j * len..j * len + j]);
        }
        let entry = matrix[i * len + i];
        let mut pivot = entry;
        for j in 0..i {
            let scaled = row[j];
            row[j] /= done[j * len + j];
            pivot -= scaled * row[j];
        }
        if !(pivot > LEAST_PIVOT * entry.abs() && pivot.is_finite()) {
            return false;
        }
        row[i] = pivot;
    }
    true
}

/// b <- L^-1 b.
pub(crate) fn solve_lower(factor: &[f64], b: &mut [f64]) {
    let len = b.len();
    for i in 0..len {
        b[i] -= dot(&factor[i * len..i * len + i], &b[..i]);
    }
}

/// b <- L^-T b.
pub(crate) fn solve_upper(factor: &[f64], b: &mut [f64]) {
    let len = b.len();
    for i in (0..len).rev() {
        let value = b[i];
        let row = &factor[i * len..i * len + i];
        b[..i].iter_mut().zip(row).for_each(|(b, entry)| *b -= entry * value);
    }
}

/// b <- A^-1 b.
pub(crate) fn solve(factor: &[f64], b: &mut [f64]) {
    solve_lower(factor, b);
    b.iter_mut().zip(pivots(factor)).for_each(|(b, pivot)| *b /= pivot);
    solve_upper(factor, b);
}

/// b'A^-1 b; b <- L^-1 b.
pub(crate) fn inverse_quadratic(factor: &[f64], b: &mut [f64]) -> f64 {
    solve_lower(factor, b);
    b.iter().zip(pivots(factor)).map(|(b, pivot)| b * b / pivot).sum()
}

/// The diagonal of D.
pub(crate) fn pivots(factor: &[f64]) -> impl Iterator<Item = f64> + '_ {
    let len = factor.len().isqrt();
    factor.iter().step_by(len + 1).copied()
}

/// Cuts the chosen coordinates off: rows and columns become 0, but for `diagonal`.
pub(crate) fn isolate(matrix: &mut [f64], chosen: &[bool], diagonal: f64) {
    let len = chosen.len();
    for i in (0..len).filter(|i| chosen[*i]) {
        for j in 0..len {
            matrix[i * len + j] = 0.0;
            matrix[j * len + i] = 0.0;
        }
        matrix[i * len + i] = diagonal;
    }
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
        assert!(factorize(&MATRIX, 3, &mut factor));
        let mut b = [0.0; 3];
        multiply(&MATRIX, &x, &mut b);
        solve(&factor, &mut b);
        for (b, x) in b.iter().zip(x) {
            assert!((b - x).abs() < 1e-14, "{b} is not {x}");
        }
    }

    #[test]
    fn the_inverse_has_the_quadratic_form_of_the_solution() {
        let mut factor = [0.0; 9];
        assert!(factorize(&MATRIX, 3, &mut factor));
        let (mut b, mut x) = ([1.0, -2.0, 0.5], [1.0, -2.0, 0.5]);
        solve(&factor, &mut x);
        let expected = dot(&b, &x);
        assert!((inverse_quadratic(&factor, &mut b) - expected).abs() < 1e-14);
        assert_eq!(pivots(&factor).count(), 3);
    }

    #[test]
    fn factors_scale_to_the_bit() {
        let (mut factor, mut scaled) = ([0.0; 9], [0.0; 9]);
        factorize(&MATRIX, 3, &mut factor);
        factorize(&MATRIX.map(|entry| 8.0 * entry), 3, &mut scaled);
        for (i, (one, other)) in factor.iter().zip(scaled).enumerate() {
            assert_eq!(if i % 4 == 0 { 8.0 * one } else { *one }, other);
        }
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        assert!(!factorize(&[1.0, 2.0, 2.0, 1.0], 2, &mut [0.0; 4]));
        assert!(!factorize(&[f64::NAN], 1, &mut [0.0]));
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
