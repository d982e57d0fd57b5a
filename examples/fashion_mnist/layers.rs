//! Convolution and pooling on the CPU, for images as (image, row, column, channel).
//!
//! candle has both. But in candle 0.11 the gradient of `max_pool2d` is a quarter of what it should
//! be for a window of 2 by 2, and wrong for images that the window does not divide; and its
//! convolution needs about four times the time of a matrix product of the same size, most of it in
//! the gradient.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Edge of the windows of a convolution.
const KERNEL: usize = 3;

/// A convolution with windows of 3 by 3, on images with a border of zeros.
///
/// `weight` has a row for each value in a window, window row by window row, channels last, and one
/// more for the bias; a column for each channel of the result.
pub fn convolve(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (n, h, w, _) = x.dims4()?;
    let windows = x.contiguous()?.apply_op1(Unfold)?;
    windows.matmul(weight)?.reshape((n, h, w, weight.dim(1)?))
}

/// The greatest value of each window of 2 by 2. An odd last row or column is dropped.
pub fn max_pool(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(MaxPool)
}

/// Windows as rows of a matrix, each with a 1 at its end, which multiplies the bias.
struct Unfold;

/// The transpose of [`Unfold`]: adds up what windows say about each pixel.
struct Fold {
    image: (usize, usize, usize, usize),
}

struct MaxPool;

/// Gives the gradient of a window to its greatest value, the first one of equals.
struct MaxPoolGradient;

/// The values of a tensor in memory.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the tensor must be contiguous");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The parts of windows and images that coincide, as (start in the windows, start in the images,
/// length), both of all images of this shape; the border of zeros is left out.
fn overlaps(
    (n, h, w, c): (usize, usize, usize, usize),
) -> impl Iterator<Item = (usize, usize, usize)> {
    let row_len = KERNEL * KERNEL * c + 1;
    let pixels = (0..n).flat_map(move |i| (0..h).flat_map(move |y| (0..w).map(move |x| (i, y, x))));
    pixels.flat_map(move |(i, y, x)| {
        let row = ((i * h + y) * w + x) * row_len;
        (0..KERNEL).filter_map(move |dy| {
            let image_row = (y + dy).checked_sub(1).filter(|&row| row < h)?;
            // neighbours in a row are neighbours in memory
            let (first, last) = (x.saturating_sub(1), (x + 1).min(w - 1));
            let skipped = first + 1 - x;
            Some((
                row + (dy * KERNEL + skipped) * c,
                ((i * h + image_row) * w + first) * c,
                (last + 1 - first) * c,
            ))
        })
    })
}

impl CustomOp1 for Unfold {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let image = layout.shape().dims4()?;
        let (n, h, w, c) = image;
        let source = values(storage, layout)?;
        let row_len = KERNEL * KERNEL * c + 1;
        let mut windows = vec![0.0; n * h * w * row_len];
        for (to, from, len) in overlaps(image) {
            windows[to..to + len].copy_from_slice(&source[from..from + len]);
        }
        for row in windows.chunks_exact_mut(row_len) {
            row[row_len - 1] = 1.0;
        }
        Ok((CpuStorage::F32(windows), Shape::from((n * h * w, row_len))))
    }

    fn bwd(&self, arg: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let fold = Fold { image: arg.dims4()? };
        gradient.contiguous()?.apply_op1_no_bwd(&fold).map(Some)
    }
}

impl CustomOp1 for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = Shape::from(self.image);
        let windows = values(storage, layout)?;
        let mut sums = vec![0.0; shape.elem_count()];
        for (from, to, len) in overlaps(self.image) {
            for (sum, value) in sums[to..to + len].iter_mut().zip(&windows[from..from + len]) {
                *sum += value;
            }
        }
        Ok((CpuStorage::F32(sums), shape))
    }
}

/// The windows of a pooling as starts of their four pixels, and their place in the result.
fn pools((n, h, w, c): (usize, usize, usize, usize)) -> impl Iterator<Item = ([usize; 4], usize)> {
    let (rows, columns) = (h / 2, w / 2);
    (0..n * rows * columns).map(move |k| {
        let (i, y, x) = (k / (rows * columns), k / columns % rows, k % columns);
        let start = ((i * h + 2 * y) * w + 2 * x) * c;
        ([start, start + c, start + w * c, start + (w + 1) * c], k * c)
    })
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let image = layout.shape().dims4()?;
        let (n, h, w, c) = image;
        let source = values(storage, layout)?;
        let shape = Shape::from((n, h / 2, w / 2, c));
        let mut greatest = vec![0.0; shape.elem_count()];
        for (starts, to) in pools(image) {
            let [a, b, d, e] = starts.map(|start| &source[start..start + c]);
            for (k, value) in greatest[to..to + c].iter_mut().enumerate() {
                *value = a[k].max(b[k]).max(d[k].max(e[k]));
            }
        }
        Ok((CpuStorage::F32(greatest), shape))
    }

    fn bwd(&self, arg: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        arg.contiguous()?.apply_op2_no_bwd(&gradient.contiguous()?, &MaxPoolGradient).map(Some)
    }
}

impl CustomOp2 for MaxPoolGradient {
    fn name(&self) -> &'static str {
        "max-pool-gradient"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let image = layout.shape().dims4()?;
        let c = image.3;
        let source = values(storage, layout)?;
        let gradient = values(gradient, gradient_layout)?;
        let mut routed = vec![0.0; source.len()];
        for (starts, from) in pools(image) {
            for k in 0..c {
                let [first, rest @ ..] = starts;
                let mut greatest = first + k;
                for start in rest {
                    if source[start + k] > source[greatest] {
                        greatest = start + k;
                    }
                }
                routed[greatest] = gradient[from + k];
            }
        }
        Ok((CpuStorage::F32(routed), layout.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argmin_arturo::Draw;
    use argmin_arturo::rand::Rng;
    use candle_core::{Device, Var};

    fn random(seed: u64, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        let mut rng = Draw::new(seed, 0).rng();
        let values: Vec<f32> =
            (0..shape.elem_count()).map(|_| rng.random_range(-1.0..1.0)).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn assert_close(a: &Tensor, b: &Tensor) {
        let [a, b] = [a, b].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{a:?} {b:?}");
    }

    #[test]
    fn a_convolution_is_that_of_candle() {
        let (n, h, w, c, o) = (2, 5, 4, 3, 6);
        let x = Var::from_tensor(&random(1, (n, h, w, c))).unwrap();
        let weight = Var::from_tensor(&random(2, (9 * c + 1, o))).unwrap();
        let y = convolve(&x, &weight).unwrap();

        let image = x.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
        let kernel = weight.narrow(0, 0, 9 * c).unwrap().reshape((3, 3, c, o)).unwrap();
        let kernel = kernel.permute((3, 2, 0, 1)).unwrap().contiguous().unwrap();
        let bias = weight.narrow(0, 9 * c, 1).unwrap().reshape((1, o, 1, 1)).unwrap();
        let expected = image.conv2d(&kernel, 1, 1, 1, 1).unwrap().broadcast_add(&bias).unwrap();
        let expected = expected.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();
        assert_close(&y, &expected);

        let [store, expected] =
            [y, expected].map(|y| y.sqr().unwrap().sum_all().unwrap().backward().unwrap());
        for var in [&x, &weight] {
            assert_close(store.get(var).unwrap(), expected.get(var).unwrap());
        }
    }

    #[test]
    fn pooling_gives_its_gradient_to_the_greatest() {
        let x = Tensor::new(&[[1_f32, 5.0, 9.0], [7.0, 7.0, 9.0], [9.0, 9.0, 9.0]], &Device::Cpu);
        let x = Var::from_tensor(&x.unwrap().reshape((1, 3, 3, 1)).unwrap()).unwrap();
        let y = max_pool(&x).unwrap();
        assert_eq!(y.dims(), [1, 1, 1, 1]);
        assert_eq!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [7.0]);
        let store = y.affine(3.0, 0.0).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = store.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(gradient, [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
