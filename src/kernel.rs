//! Fused loops over slices with reductions in a fixed order.
//!
//! Every pass of the crate is one call of [`zip_map_sum`]: it reads some slices, updates others in
//! place and returns sums. The order of the additions depends only on the length, so the bits do
//! not depend on how the compiler vectorizes, nor on the number of threads.

use crate::param::Scalar;
use crate::threads;
use pulp::{Arch, NullaryFnOnce};
use std::array::from_fn;

/// Coordinates that are worked on at once, each with accumulators of its own: so many that the
/// compiler makes a loop of vectors of them, where it would unroll a shorter loop first.
const LANES: usize = 64;

/// The same for vectors shorter than `LANES`.
const FEW_LANES: usize = 16;

/// Lane sums are moved to `f64` after this many coordinates, so that the rounding error of a sum
/// of `f32` stays near 1e-6 however long the vectors are.
const BLOCK: usize = 1024;

/// A longer pass is halved until its parts are at most this long, and the sums of the halves are
/// added: a tree that depends on the length alone, so that its branches can run on any thread.
const LEAF: usize = 64 * BLOCK;

/// Squares up to this factor squared are finite, too: room for sums of some of them.
const SQUARE_MARGIN: f64 = 256.0;

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
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]) + Copy + Send + Sync,
) -> [f64; S] {
    let pass = Pass { inputs, outputs, f };
    let len = pass.len();
    assert!(pass.inputs.iter().all(|slice| slice.len() == len), "inputs differ in length");
    assert!(pass.outputs.iter().all(|slice| slice.len() == len), "outputs differ in length");
    if len < FEW_LANES {
        // clearing and adding lanes would cost more than they save
        sums_in_order(len, pass.inputs, pass.outputs, f)
    } else if len < LANES {
        // a function call would cost more than wide instructions save
        sums::<F, FEW_LANES, I, O, S>(len, pass.inputs, pass.outputs, f)
    } else if len <= LEAF {
        Arch::new().dispatch(pass)
    } else {
        branch(pass, len >= PARALLEL && threads::are_many())
    }
}

/// The sums of a pass, by halves; at once where `parallel`.
fn branch<F, G, const I: usize, const O: usize, const S: usize>(
    pass: Pass<'_, F, G, I, O>,
    parallel: bool,
) -> [f64; S]
where
    F: Scalar,
    G: Fn([F; I], [F; O]) -> ([F; O], [F; S]) + Copy + Sync + Send,
{
    if pass.len() <= LEAF {
        return Arch::new().dispatch(pass);
    }
    let (head, tail) = pass.halves();
    let (head, tail) =
        threads::join(parallel, || branch(head, parallel), || branch(tail, parallel));
    from_fn(|k| head[k] + tail[k])
}

/// From this length on a pass runs on several threads: below it, waking them costs more than a
/// tenth of the pass.
const PARALLEL: usize = 4 * LEAF;

/// One pass over the slices, as a value that an instruction set can be chosen for.
struct Pass<'a, F, G, const I: usize, const O: usize> {
    inputs: [&'a [F]; I],
    outputs: [&'a mut [F]; O],
    f: G,
}

impl<'a, F, G: Copy, const I: usize, const O: usize> Pass<'a, F, G, I, O> {
    #[inline(always)]
    fn len(&self) -> usize {
        match self.inputs.first() {
            Some(input) => input.len(),
            None => self.outputs[0].len(),
        }
    }

    /// Cuts at a multiple of `LEAF`; the first half is the longer one.
    fn halves(self) -> (Self, Self) {
        let middle = self.len().div_ceil(LEAF).div_ceil(2) * LEAF;
        let Self { inputs, outputs: mut heads, f } = self;
        let tails = from_fn(|k| {
            let (head, tail) = std::mem::take(&mut heads[k]).split_at_mut(middle);
            heads[k] = head;
            tail
        });
        let head = Self { inputs: inputs.map(|slice| &slice[..middle]), outputs: heads, f };
        let tail = Self { inputs: inputs.map(|slice| &slice[middle..]), outputs: tails, f };
        (head, tail)
    }
}

impl<F, G, const I: usize, const O: usize, const S: usize> NullaryFnOnce for Pass<'_, F, G, I, O>
where
    F: Scalar,
    G: Fn([F; I], [F; O]) -> ([F; O], [F; S]) + Copy,
{
    type Output = [f64; S];

    #[inline(always)]
    fn call(self) -> [f64; S] {
        let len = self.len();
        let Self { inputs, outputs, f } = self;
        sums::<F, LANES, I, O, S>(len, inputs, outputs, f)
    }
}

#[inline(always)]
fn sums<F: Scalar, const N: usize, const I: usize, const O: usize, const S: usize>(
    len: usize,
    inputs: [&[F]; I],
    outputs: [&mut [F]; O],
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]) + Copy,
) -> [f64; S] {
    let inputs: [_; I] = from_fn(|k| inputs[k].as_chunks::<N>());
    let outputs = outputs.map(|slice| slice.as_chunks_mut::<N>());
    let mut total = [0.0; S];
    let zeros = [F::zero(); N];
    let mut lanes = [zeros; S];
    // new values go to the stack first, so that no store can alias a later load
    let mut new = [zeros; O];
    // loops where `from_fn` would do: it is not inlined for many slices
    let mut input: [&[F]; I] = [&[]; I];
    for chunk in 0..len / N {
        for k in 0..I {
            input[k] = &inputs[k].0[chunk];
        }
        let mut old: [&[F]; O] = [&[]; O];
        for k in 0..O {
            old[k] = &outputs[k].0[chunk];
        }
        each(N, input, old, &mut new, &mut lanes, f);
        for k in 0..O {
            outputs[k].0[chunk] = new[k];
        }
        if chunk % (BLOCK / N) == BLOCK / N - 1 {
            flush(&mut lanes, &mut total);
        }
    }
    let rest = len % N;
    for k in 0..I {
        input[k] = inputs[k].1;
    }
    let mut old: [&[F]; O] = [&[]; O];
    for k in 0..O {
        old[k] = &*outputs[k].1;
    }
    each(rest, input, old, &mut new, &mut lanes, f);
    for k in 0..O {
        outputs[k].1.copy_from_slice(&new[k][..rest]);
    }
    flush(&mut lanes, &mut total);
    total
}

/// One coordinate after the other, without lanes.
#[inline(always)]
fn sums_in_order<F: Scalar, const I: usize, const O: usize, const S: usize>(
    len: usize,
    inputs: [&[F]; I],
    outputs: [&mut [F]; O],
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]),
) -> [f64; S] {
    let mut total = [0.0; S];
    for i in 0..len {
        let (mut read, mut write) = ([F::zero(); I], [F::zero(); O]);
        for k in 0..I {
            read[k] = inputs[k][i];
        }
        for k in 0..O {
            write[k] = outputs[k][i];
        }
        let (values, summands) = f(read, write);
        for k in 0..O {
            outputs[k][i] = values[k];
        }
        for k in 0..S {
            total[k] += summands[k].to_f64_exact();
        }
    }
    total
}

/// Applies `f` to the first `len` coordinates of a chunk.
#[inline(always)]
fn each<F: Scalar, const N: usize, const I: usize, const O: usize, const S: usize>(
    len: usize,
    mut input: [&[F]; I],
    mut old: [&[F]; O],
    new: &mut [[F; N]; O],
    lanes: &mut [[F; N]; S],
    f: impl Fn([F; I], [F; O]) -> ([F; O], [F; S]),
) {
    let len = len.min(N);
    for slice in &mut input {
        *slice = &slice[..len];
    }
    for slice in &mut old {
        *slice = &slice[..len];
    }
    for i in 0..len {
        let (mut read, mut write) = ([F::zero(); I], [F::zero(); O]);
        for k in 0..I {
            read[k] = input[k][i];
        }
        for k in 0..O {
            write[k] = old[k][i];
        }
        let (values, summands) = f(read, write);
        for k in 0..O {
            new[k][i] = values[k];
        }
        for k in 0..S {
            lanes[k][i] = lanes[k][i] + summands[k];
        }
    }
}

/// Adds the lane sums to the totals, and clears them.
#[inline(always)]
fn flush<F: Scalar, const N: usize, const S: usize>(lanes: &mut [[F; N]; S], total: &mut [f64; S]) {
    for (lanes, total) in std::iter::zip(lanes, total) {
        // by halves, so that no addition waits for many others
        let mut width = N / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = lanes[i] + lanes[i + width];
            }
            width /= 2;
        }
        *total += lanes[0].to_f64_exact();
        *lanes = [F::zero(); N];
    }
}

/// The first coordinate that is NaN or infinite.
pub(crate) fn first_non_finite<F: Scalar>(values: &[F]) -> Option<usize> {
    // 0 x is 0 for finite x and NaN otherwise, so one sum decides whether to look closer
    let [sum] = zip_map_sum([values], [], |[x], []| ([], [F::zero() * x]));
    if sum == 0.0 { None } else { values.iter().position(|x| !x.is_finite()) }
}

/// Index of the first value of which no square can be worked with: NaN, infinite, or above the root
/// of the largest float by more than `1 / SQUARE_MARGIN`.
pub(crate) fn first_without_square<F: Scalar>(values: &[F]) -> Option<usize> {
    let [sum] = zip_map_sum([values], [], |[x], []| ([], [zero_of_square(x)]));
    if sum == 0.0 { None } else { values.iter().position(|&x| zero_of_square(x).is_nan()) }
}

/// 0 where a square can be worked with, else NaN.
#[inline(always)]
pub(crate) fn zero_of_square<F: Scalar>(x: F) -> F {
    let x = F::from_f64_lossy(SQUARE_MARGIN) * x;
    F::zero() * (x * x)
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

/// Smallest and largest value; `(inf, -inf)` for an empty slice. NaNs are passed over.
pub(crate) fn range<F: Scalar>(values: &[F]) -> (f64, f64) {
    // compared so, they compile to instructions for minimum and maximum
    let min = |low: F, x: F| if x < low { x } else { low };
    let max = |high: F, x: F| if x > high { x } else { high };
    let (chunks, rest) = values.as_chunks::<FEW_LANES>();
    let (mut low, mut high) = ([F::infinity(); FEW_LANES], [F::neg_infinity(); FEW_LANES]);
    for chunk in chunks {
        low = from_fn(|lane| min(low[lane], chunk[lane]));
        high = from_fn(|lane| max(high[lane], chunk[lane]));
    }
    let low = low.into_iter().chain(rest.iter().copied()).fold(F::infinity(), min);
    let high = high.into_iter().chain(rest.iter().copied()).fold(F::neg_infinity(), max);
    (low.to_f64_exact(), high.to_f64_exact())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coordinate_is_visited_once_at_every_length() {
        for len in
            [0, 1, FEW_LANES - 1, FEW_LANES, LANES - 1, LANES, LANES + 1, 5000, 3 * LEAF + 17]
        {
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
            for len in [0, 1, LANES - 1, LANES, LANES + 1, 100_003] {
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

    #[cfg(feature = "rayon")]
    #[test]
    fn threads_give_the_bits_of_one() {
        fn run<F: Scalar>(len: usize, thread_count: usize) -> (Vec<F>, [u64; 2]) {
            let constant = F::from_f64_lossy;
            let a: Vec<F> = (0..len).map(|i| constant((i as f64).sin())).collect();
            let mut b: Vec<F> = (0..len).map(|i| constant((i as f64).cos() + 1.5)).collect();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(thread_count).build().unwrap();
            let sums = pool.install(|| {
                zip_map_sum([&a], [&mut b], |[a], [b]| ([b - a / b], [a * b, a * a + b]))
            });
            (b, sums.map(f64::to_bits))
        }
        for len in [0, 1, LANES - 1, LANES, LANES + 1, 1_000_003] {
            for thread_count in [2, 3, 8] {
                assert!(run::<f32>(len, 1) == run::<f32>(len, thread_count), "{len}");
                assert!(run::<f64>(len, 1) == run::<f64>(len, thread_count), "{len}");
            }
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
    fn the_range_passes_over_nan() {
        let mut x: Vec<f32> = (0..40).map(|i| i as f32).collect();
        (x[3], x[35]) = (f32::NAN, f32::NAN);
        assert_eq!(range(&x), (0.0, 39.0));
        assert_eq!(range(&x[..8]), (0.0, 7.0));
        assert_eq!(range::<f64>(&[]), (f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn the_first_coordinate_that_is_too_large_to_be_squared_is_found() {
        for (len, at) in [(3, 1), (40, 21), (200, 199)] {
            let mut x = vec![7e16_f32; len];
            assert_eq!(first_without_square(&x), None);
            for bad in [-8e16, f32::NAN, f32::NEG_INFINITY] {
                x[at] = bad;
                assert_eq!(first_without_square(&x), Some(at));
            }
        }
        assert_eq!(first_without_square(&[5e151, -5e151]), None);
        assert_eq!(first_without_square(&[0.0, 6e151]), Some(1));
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
