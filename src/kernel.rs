//! Fused loops over slices with reductions in a fixed order.
//!
//! Every pass of the crate is one call of [`zip_map_sum`]: it reads some slices, updates others in
//! place and returns sums. The order of the additions depends only on the length, so the bits do
//! not depend on how the compiler vectorizes.

use crate::param::Scalar;

/// Independent accumulators: one AVX-512 register of `f32`, a few registers elsewhere.
const LANES: usize = 16;

/// Lane sums are moved to `f64` after this many chunks, so that the rounding error of a sum of
/// `f32` stays near 1e-6 however long the vectors are.
const CHUNKS_PER_BLOCK: usize = 64;

/// Applies `f` to each coordinate and returns the sums of its summands.
///
/// `f` takes one coordinate of the `inputs` and of the `outputs`; it gives the new coordinate of
/// the `outputs` and the summands.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn zip_map_sum<F: Scalar, const I: usize, const O: usize, const S: usize>(
    inputs: [&[F]; I],
    outputs: [&mut [F]; O],
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]),
) -> [f64; S] {
    let len = match inputs.first() {
        Some(input) => input.len(),
        None => outputs[0].len(),
    };
    assert!(inputs.iter().all(|slice| slice.len() == len), "inputs differ in length");
    assert!(outputs.iter().all(|slice| slice.len() == len), "outputs differ in length");

    let inputs = inputs.map(|slice| slice.as_chunks::<LANES>());
    let outputs = outputs.map(|slice| slice.as_chunks_mut::<LANES>());
    let mut total = [0.0; S];
    let mut lanes = [[F::zero(); LANES]; S];
    for chunk in 0..len / LANES {
        // values, not references, so that no store can alias a later load
        let input = inputs.map(|(chunks, _)| chunks[chunk]);
        let mut output: [[F; LANES]; O] = std::array::from_fn(|k| outputs[k].0[chunk]);
        for lane in 0..LANES {
            let (new, summands) = f(input.map(|x| x[lane]), output.map(|x| x[lane]));
            for k in 0..O {
                output[k][lane] = new[k];
            }
            for k in 0..S {
                lanes[k][lane] = lanes[k][lane] + summands[k];
            }
        }
        for k in 0..O {
            outputs[k].0[chunk] = output[k];
        }
        if chunk % CHUNKS_PER_BLOCK == CHUNKS_PER_BLOCK - 1 {
            flush(&mut lanes, &mut total);
        }
    }
    for lane in 0..len % LANES {
        let output: [F; O] = std::array::from_fn(|k| outputs[k].1[lane]);
        let (new, summands) = f(inputs.map(|(_, rest)| rest[lane]), output);
        for k in 0..O {
            outputs[k].1[lane] = new[k];
        }
        for k in 0..S {
            lanes[k][lane] = lanes[k][lane] + summands[k];
        }
    }
    flush(&mut lanes, &mut total);
    total
}

/// Adds the lane sums to the totals, in the order of the lanes, and clears them.
#[inline(always)]
fn flush<F: Scalar, const S: usize>(lanes: &mut [[F; LANES]; S], total: &mut [f64; S]) {
    for (lanes, total) in std::iter::zip(lanes, total) {
        *total += lanes.iter().map(|lane| lane.to_f64_exact()).sum::<f64>();
        *lanes = [F::zero(); LANES];
    }
}

/// The first coordinate that is NaN or infinite.
pub(crate) fn first_non_finite<F: Scalar>(values: &[F]) -> Option<usize> {
    // 0 x is 0 for finite x and NaN otherwise, so one sum tells whether to look closer
    let [sum] = zip_map_sum([values], [], |[x], []| ([], [F::zero() * x]));
    if sum == 0.0 { None } else { values.iter().position(|x| !x.is_finite()) }
}

/// Euclidean norm of a vector, in `f64`.
pub(crate) fn norm<F: Scalar>(values: &[F]) -> f64 {
    let [squares] = zip_map_sum([values], [], |[x], []| ([], [x * x]));
    squares.sqrt()
}

/// Inner product, in `f64`.
pub(crate) fn dot<F: Scalar>(a: &[F], b: &[F]) -> f64 {
    let [sum] = zip_map_sum([a, b], [], |[a, b], []| ([], [a * b]));
    sum
}

/// Smallest and largest value; `(inf, -inf)` for an empty slice.
pub(crate) fn range<F: Scalar>(values: &[F]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        let value = value.to_f64_exact();
        (low.min(value), high.max(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coordinate_is_visited_once_at_every_length() {
        for len in [0, 1, LANES - 1, LANES, LANES + 1, 5000] {
            let a: Vec<f64> = (0..len).map(|i| i as f64).collect();
            let mut b = vec![1.0; len];
            let [sum, count] = zip_map_sum([&a], [&mut b], |[a], [b]| ([a + b], [a, 1.0]));
            assert_eq!(count, len as f64);
            assert_eq!(sum, (len * len.saturating_sub(1) / 2) as f64);
            assert!(b.iter().enumerate().all(|(i, &b)| b == i as f64 + 1.0));
        }
    }

    #[test]
    fn sums_of_f32_keep_their_precision() {
        let n = 1_000_003;
        let ones = vec![0.1_f32; n];
        let [sum] = zip_map_sum([&ones[..]], [], |[x], []| ([], [x]));
        let exact = f64::from(0.1_f32) * n as f64;
        assert!((sum / exact - 1.0).abs() < 1e-6, "{sum} {exact}");
    }

    #[test]
    #[should_panic(expected = "outputs differ in length")]
    fn lengths_are_checked() {
        zip_map_sum([&[1.0; 3][..]], [&mut [1.0; 2]], |[_], [b]| ([b], []));
    }

    #[test]
    fn the_first_non_finite_coordinate_is_found() {
        let mut x = vec![1.0_f32; 40];
        assert_eq!(first_non_finite(&x), None);
        x[37] = f32::NEG_INFINITY;
        x[21] = f32::NAN;
        assert_eq!(first_non_finite(&x), Some(21));
    }
}
