//! Fused loops over slices with reductions in a fixed order.
//!
//! Every pass of the crate is one call of [`zip_map_sum`]: it reads some slices, updates others in
//! place and returns sums. The order of the additions depends only on the length, so the bits do
//! not depend on how the compiler vectorizes.

use crate::param::Scalar;
use pulp::{Arch, NullaryFnOnce};
use std::array::from_fn;

/// Independent accumulators: one AVX-512 register of `f32`, a few registers elsewhere.
const LANES: usize = 16;

/// Lane sums are moved to `f64` after this many chunks, so that the rounding error of a sum of
/// `f32` stays near 1e-6 however long the vectors are.
const CHUNKS_PER_BLOCK: usize = 64;

/// Applies `f` to each coordinate and returns the sums of its summands.
///
/// `f` takes one coordinate of the `inputs` and of the `outputs`; it gives the new coordinate of
/// the `outputs` and the summands. It runs with the widest instructions that the machine has; the
/// bits do not depend on them.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn zip_map_sum<F: Scalar, const I: usize, const O: usize, const S: usize>(
    inputs: [&[F]; I],
    outputs: [&mut [F]; O],
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]),
) -> [f64; S] {
    let pass = Pass { inputs, outputs, f };
    if pass.len() < DISPATCHED { pass.call() } else { Arch::new().dispatch(pass) }
}

/// Below this many coordinates a function call costs more than wide instructions save.
const DISPATCHED: usize = 4 * LANES;

/// One pass over the slices, as a value that an instruction set can be chosen for.
struct Pass<'a, F, G, const I: usize, const O: usize> {
    inputs: [&'a [F]; I],
    outputs: [&'a mut [F]; O],
    f: G,
}

impl<F, G, const I: usize, const O: usize> Pass<'_, F, G, I, O> {
    #[inline(always)]
    fn len(&self) -> usize {
        match self.inputs.first() {
            Some(input) => input.len(),
            None => self.outputs[0].len(),
        }
    }
}

impl<F, G, const I: usize, const O: usize, const S: usize> NullaryFnOnce for Pass<'_, F, G, I, O>
where
    F: Scalar,
    G: Fn([F; I], [F; O]) -> ([F; O], [F; S]),
{
    type Output = [f64; S];

    #[inline(always)]
    fn call(self) -> [f64; S] {
        let len = self.len();
        let Self { inputs, outputs, f } = self;
        sums(len, inputs, outputs, f)
    }
}

#[inline(always)]
fn sums<F: Scalar, const I: usize, const O: usize, const S: usize>(
    len: usize,
    inputs: [&[F]; I],
    outputs: [&mut [F]; O],
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]),
) -> [f64; S] {
    assert!(inputs.iter().all(|slice| slice.len() == len), "inputs differ in length");
    assert!(outputs.iter().all(|slice| slice.len() == len), "outputs differ in length");

    let inputs: [_; I] = from_fn(|k| inputs[k].as_chunks::<LANES>());
    let outputs = outputs.map(|slice| slice.as_chunks_mut::<LANES>());
    let mut total = [0.0; S];
    let mut lanes = [[F::zero(); LANES]; S];
    for chunk in 0..len / LANES {
        let input: [&[F; LANES]; I] = from_fn(|k| &inputs[k].0[chunk]);
        let old: [&[F; LANES]; O] = from_fn(|k| &outputs[k].0[chunk]);
        // new values go to the stack first, so that no store can alias a later load
        let mut new = [[F::zero(); LANES]; O];
        for lane in 0..LANES {
            let (values, summands) = f(from_fn(|k| input[k][lane]), from_fn(|k| old[k][lane]));
            for k in 0..O {
                new[k][lane] = values[k];
            }
            for k in 0..S {
                lanes[k][lane] = lanes[k][lane] + summands[k];
            }
        }
        for k in 0..O {
            outputs[k].0[chunk] = new[k];
        }
        if chunk % CHUNKS_PER_BLOCK == CHUNKS_PER_BLOCK - 1 {
            flush(&mut lanes, &mut total);
        }
    }
    let mut first_lanes = [F::zero(); S];
    for rest in 0..len % LANES {
        let (values, summands) = f(from_fn(|k| inputs[k].1[rest]), from_fn(|k| outputs[k].1[rest]));
        for k in 0..O {
            outputs[k].1[rest] = values[k];
        }
        for k in 0..S {
            first_lanes[k] = first_lanes[k] + summands[k];
        }
    }
    for k in 0..S {
        lanes[k][0] = lanes[k][0] + first_lanes[k];
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

/// Sum of the values, in `f64`.
pub(crate) fn sum<F: Scalar>(values: &[F]) -> f64 {
    let [sum] = zip_map_sum([values], [], |[x], []| ([], [x]));
    sum
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
    fn wide_instructions_give_the_bits_of_narrow_ones() {
        fn check<F: Scalar>() {
            let constant = F::from_f64_lossy;
            for len in [0, 1, LANES - 1, LANES, LANES + 1, 4 * LANES, 100_003] {
                let a: Vec<F> = (0..len).map(|i| constant((i as f64).sin())).collect();
                let b: Vec<F> = (0..len).map(|i| constant((i as f64).cos() + 1.5)).collect();
                let run = |dispatch: bool| {
                    let mut c = a.clone();
                    let pass = Pass {
                        inputs: [&a[..], &b],
                        outputs: [&mut c[..]],
                        f: |[a, b]: [F; 2], [c]: [F; 1]| {
                            let new = c - a * b / (b.sqrt() + constant(0.1));
                            ([new.max(-b)], [new * b, a * a * new])
                        },
                    };
                    let sums = if dispatch { Arch::new().dispatch(pass) } else { pass.call() };
                    (c, sums.map(f64::to_bits))
                };
                assert!(run(true) == run(false), "{len}");
            }
        }
        check::<f32>();
        check::<f64>();
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
