//! The convolutional layer on the CPU, for images as (image, row, column, channel).
//!
//! candle has its parts. But in candle 0.11 the gradient of `max_pool2d` is a quarter of what it
//! should be for a window of 2 by 2, and wrong for images that the window does not divide; and its
//! convolution needs about four times the time of a matrix product of the same size, most of it in
//! the gradient. As one operation, pooling and ReLU leave a tenth of the products of the gradient.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Storage, Tensor, bail};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use std::sync::OnceLock;

/// Edge of the windows of a convolution.
const KERNEL: usize = 3;

/// Values of a pool of 2 by 2.
const POOL: usize = 4;

/// Images whose windows and products are in the cache at once.
const BLOCK: usize = 4;

/// Images that share a sum of gradients of the weights. Fixed, so that the bits of the sum do not
/// depend on the number of threads.
const GRADIENT_BLOCK: usize = 32;

/// A convolution with windows of 3 by 3 on images with a border of zeros, the greatest value of each
/// 2 by 2 of its result, and ReLU. An odd last row or column of the result is dropped.
///
/// `weight` has a row for each value in a window, window row by window row, channels last, and one
/// more for the bias; a column for each channel of the result.
pub fn convolve(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(&weight.contiguous()?, Convolution { winners: OnceLock::new() })
}

struct Convolution {
    /// Which of its four values each value of the result is, the first one of equals.
    winners: OnceLock<Vec<u32>>,
}

/// Shapes of images and of what becomes of them.
#[derive(Clone, Copy)]
struct Geometry {
    images: usize,
    height: usize,
    width: usize,
    channels: usize,
    outputs: usize,
}

impl Geometry {
    fn new(x: &Shape, weight: &Shape) -> Result<Self> {
        let (images, height, width, channels) = x.dims4()?;
        let (inputs, outputs) = weight.dims2()?;
        let geometry = Self { images, height, width, channels, outputs };
        if inputs != geometry.inputs() {
            bail!("{inputs} rows of weights for windows of {} values", geometry.inputs());
        }
        Ok(geometry)
    }

    /// Values of a window and the 1 that multiplies the bias.
    fn inputs(self) -> usize {
        KERNEL * self.run() + 1
    }

    /// Length of a row of a window, whose pixels are neighbours in memory.
    fn run(self) -> usize {
        KERNEL * self.channels
    }

    fn image_len(self) -> usize {
        self.height * self.width * self.channels
    }

    fn result_len(self) -> usize {
        (self.height / 2) * (self.width / 2) * self.outputs
    }

    /// Length of a row of an image with its border.
    fn stride(self) -> usize {
        (self.width + 2) * self.channels
    }

    /// Starts of the rows of an image in the image with its border.
    fn rows(self) -> impl Iterator<Item = usize> {
        (1..=self.height).map(move |row| row * self.stride() + self.channels)
    }

    fn padded(self) -> Vec<f32> {
        vec![0.0; (self.height + 2) * self.stride()]
    }

    #[inline(always)]
    fn pad(self, image: &[f32], padded: &mut [f32]) {
        let len = self.width * self.channels;
        for (row, start) in image.chunks_exact(len).zip(self.rows()) {
            padded[start..start + len].copy_from_slice(row);
        }
    }

    /// For each pool of 2 by 2 the starts of its four windows in the image with its border.
    fn pools(self) -> impl Iterator<Item = [usize; POOL]> {
        let (stride, channels) = (self.stride(), self.channels);
        (0..self.height / 2).flat_map(move |y| {
            (0..self.width / 2).map(move |x| {
                let first = 2 * y * stride + 2 * x * channels;
                [first, first + channels, first + stride, first + stride + channels]
            })
        })
    }

    /// Appends the window that starts there, and a 1, which multiplies the bias.
    #[inline(always)]
    fn push_window(self, padded: &[f32], start: usize, windows: &mut Vec<f32>) {
        for start in (start..).step_by(self.stride()).take(KERNEL) {
            windows.extend_from_slice(&padded[start..start + self.run()]);
        }
        windows.push(1.0);
    }

    /// The results of some images, and which of four values they are.
    fn forward(self, images: &[f32], weight: &Tensor) -> Result<(Vec<f32>, Vec<u32>)> {
        let mut padded = self.padded();
        let mut windows = Vec::new();
        for image in images.chunks_exact(self.image_len()) {
            self.pad(image, &mut padded);
            for start in self.pools().flatten() {
                self.push_window(&padded, start, &mut windows);
            }
        }
        let shape = (windows.len() / self.inputs(), self.inputs());
        let products = Tensor::from_vec(windows, shape, &Device::Cpu)?.matmul(weight)?;
        let outputs = self.outputs;
        with_values([&products], |[products]| Arch::new().dispatch(Pool { products, outputs }))
    }
}

/// The greatest of each four rows of products, or 0 where that is more, and which one it is.
struct Pool<'a> {
    products: &'a [f32],
    outputs: usize,
}

impl NullaryFnOnce for Pool<'_> {
    type Output = (Vec<f32>, Vec<u32>);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let mut results = vec![0.0; self.products.len() / POOL];
        let mut winners = vec![0; results.len()];
        let pools = self.products.chunks_exact(POOL * self.outputs);
        let results_of = results.chunks_exact_mut(self.outputs);
        let winners_of = winners.chunks_exact_mut(self.outputs);
        for (pool, (results, winners)) in pools.zip(results_of.zip(winners_of)) {
            let (first, others) = pool.split_at(self.outputs);
            results.copy_from_slice(first);
            for (k, values) in (1..).zip(others.chunks_exact(self.outputs)) {
                for ((result, winner), &value) in results.iter_mut().zip(&mut *winners).zip(values)
                {
                    let wins = value > *result;
                    *winner = if wins { k } else { *winner };
                    *result = if wins { value } else { *result };
                }
            }
            for result in results {
                *result = result.max(0.0);
            }
        }
        (results, winners)
    }
}

/// The gradients of some images, where they are wanted, and of the transposed weights.
///
/// Only a greatest value above 0 passes on its gradient, and only if it is not dropped out: one
/// value in ten, so that the products with these alone are faster than those of matrices.
struct Backward<'a> {
    geometry: Geometry,
    images: &'a [f32],
    /// Transposed; only where gradients of the images are wanted.
    weight: Option<&'a [f32]>,
    winners: &'a [u32],
    results: &'a [f32],
    gradients: &'a [f32],
}

impl NullaryFnOnce for Backward<'_> {
    type Output = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let geometry = self.geometry;
        let (inputs, outputs, run) = (geometry.inputs(), geometry.outputs, geometry.run());
        let mut of_weight = vec![0.0; inputs * outputs];
        let (mut padded, mut of_padded) = (geometry.padded(), geometry.padded());
        let (mut windows, mut of_windows) = (Vec::new(), vec![0.0; POOL * inputs]);
        let mut of_images = Vec::new();
        let images = self.images.chunks_exact(geometry.image_len());
        for (i, image) in images.enumerate() {
            geometry.pad(image, &mut padded);
            of_padded.fill(0.0);
            for (k, starts) in geometry.pools().enumerate() {
                windows.clear();
                for start in starts {
                    geometry.push_window(&padded, start, &mut windows);
                }
                of_windows.fill(0.0);
                let first = i * geometry.result_len() + k * outputs;
                for output in 0..outputs {
                    let gradient = self.gradients[first + output];
                    if gradient == 0.0 || self.results[first + output] <= 0.0 {
                        continue;
                    }
                    let window = self.winners[first + output] as usize * inputs;
                    let (window, row) = (window..window + inputs, output * inputs);
                    let row = row..row + inputs;
                    add(&mut of_weight[row.clone()], gradient, &windows[window.clone()]);
                    if let Some(weight) = self.weight {
                        add(&mut of_windows[window], gradient, &weight[row]);
                    }
                }
                if self.weight.is_some() {
                    for (start, window) in starts.into_iter().zip(of_windows.chunks_exact(inputs)) {
                        let places = (start..).step_by(geometry.stride());
                        for (place, values) in places.zip(window.chunks_exact(run)) {
                            add(&mut of_padded[place..place + run], 1.0, values);
                        }
                    }
                }
            }
            if self.weight.is_some() {
                for start in geometry.rows() {
                    let row = &of_padded[start..start + geometry.width * geometry.channels];
                    of_images.extend_from_slice(row);
                }
            }
        }
        (of_images, of_weight)
    }
}

/// Adds a multiple.
#[inline(always)]
fn add(sums: &mut [f32], factor: f32, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = factor.mul_add(*value, *sum);
    }
}

/// The values of a storage that belong to a tensor.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the tensor must be contiguous");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// What `f` makes of the values of tensors.
fn with_values<const N: usize, T>(
    tensors: [&Tensor; N],
    f: impl FnOnce([&[f32]; N]) -> T,
) -> Result<T> {
    let parts = tensors.map(Tensor::storage_and_layout);
    let mut all = [[].as_slice(); N];
    for (place, (storage, layout)) in all.iter_mut().zip(&parts) {
        let Storage::Cpu(storage) = &**storage else {
            bail!("the tensor must be on the CPU");
        };
        *place = values(storage, layout)?;
    }
    Ok(f(all))
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let geometry = Geometry::new(x_layout.shape(), weight_layout.shape())?;
        let weight = values(weight, weight_layout)?;
        let weight = Tensor::from_slice(weight, weight_layout.shape(), &Device::Cpu)?;
        let blocks: Vec<_> = values(x, x_layout)?
            .par_chunks(BLOCK * geometry.image_len())
            .map(|images| geometry.forward(images, &weight))
            .collect::<Result<_>>()?;
        let (results, winners): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
        // an operation is applied once
        let _ = self.winners.set(winners.concat());
        let Geometry { images, height, width, outputs, .. } = geometry;
        let shape = Shape::from((images, height / 2, width / 2, outputs));
        Ok((CpuStorage::F32(results.concat()), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let geometry = Geometry::new(x.shape(), weight.shape())?;
        let Some(winners) = self.winners.get() else {
            bail!("a gradient without a result");
        };
        let gradient = gradient.contiguous()?;
        let transposed = weight.t()?.contiguous()?;
        let wanted = x.track_op();
        let blocks: Vec<_> =
            with_values([x, &transposed, result, &gradient], |[x, weight, results, gradients]| {
                let len = GRADIENT_BLOCK * geometry.result_len();
                x.par_chunks(GRADIENT_BLOCK * geometry.image_len())
                    .enumerate()
                    .map(|(i, images)| {
                        let range = i * len..results.len().min((i + 1) * len);
                        Arch::new().dispatch(Backward {
                            geometry,
                            images,
                            weight: wanted.then_some(weight),
                            winners: &winners[range.clone()],
                            results: &results[range.clone()],
                            gradients: &gradients[range],
                        })
                    })
                    .collect()
            })?;
        let (of_images, of_weight): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
        let mut sums = vec![0.0; transposed.elem_count()];
        for of_weight in of_weight {
            add(&mut sums, 1.0, &of_weight);
        }
        let of_weight = Tensor::from_vec(sums, transposed.shape(), &Device::Cpu)?.t()?;
        let of_images = of_images.concat();
        let of_images =
            wanted.then(|| Tensor::from_vec(of_images, x.shape(), &Device::Cpu)).transpose()?;
        Ok((of_images, Some(of_weight)))
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
        // more images than a block of the gradient, and edges that the pools do not divide
        let (n, h, w, c, o) = (GRADIENT_BLOCK + 3, 5, 4, 3, 6);
        let x = Var::from_tensor(&random(1, (n, h, w, c))).unwrap();
        let weight = Var::from_tensor(&random(2, (9 * c + 1, o))).unwrap();
        let y = convolve(&x, &weight).unwrap();

        let image = x.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
        let kernel = weight.narrow(0, 0, 9 * c).unwrap().reshape((3, 3, c, o)).unwrap();
        let kernel = kernel.permute((3, 2, 0, 1)).unwrap().contiguous().unwrap();
        let bias = weight.narrow(0, 9 * c, 1).unwrap().reshape((1, o, 1, 1)).unwrap();
        let expected = image.conv2d(&kernel, 1, 1, 1, 1).unwrap().broadcast_add(&bias).unwrap();
        let expected = expected.narrow(2, 0, 2 * (h / 2)).unwrap();
        let expected = expected.narrow(3, 0, 2 * (w / 2)).unwrap();
        let expected = expected.reshape((n, o, h / 2, 2, w / 2, 2)).unwrap();
        let expected = expected.max(5).unwrap().max(3).unwrap().relu().unwrap();
        let expected = expected.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();
        assert_close(&y, &expected);

        let [store, expected] =
            [y, expected].map(|y| y.sqr().unwrap().sum_all().unwrap().backward().unwrap());
        for var in [&x, &weight] {
            assert_close(store.get(var).unwrap(), expected.get(var).unwrap());
        }
    }

    #[test]
    fn a_pool_gives_its_gradient_to_the_first_of_the_greatest() {
        let x = Tensor::new(&[[1_f32, 5.0, 9.0], [7.0, 7.0, 9.0], [9.0, 9.0, 9.0]], &Device::Cpu);
        let x = Var::from_tensor(&x.unwrap().reshape((1, 3, 3, 1)).unwrap()).unwrap();
        // a window's centre
        let mut weight = [0_f32; 10];
        weight[4] = 1.0;
        let weight = Tensor::from_slice(&weight, (10, 1), &Device::Cpu).unwrap();
        let y = convolve(&x, &weight).unwrap();
        assert_eq!(y.dims(), [1, 1, 1, 1]);
        assert_eq!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [7.0]);
        let store = y.affine(3.0, 0.0).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = store.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(gradient, [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
