//! The images: Fashion-MNIST from its files, and the digits of the repository.

use argmin::core::Error;
use argmin_arturo::Draw;
use argmin_arturo::rand::Rng;
use candle_core::{DType, Device, Tensor};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Images as (image, row, column, 1) in [0, 1], and their classes.
pub struct Images {
    pub pixels: Tensor,
    pub labels: Tensor,
}

pub struct Data {
    pub train: Images,
    pub test: Images,
}

/// SHA-256 of the unpacked files.
const FILES: [(&str, &str); 4] = [
    ("train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    ("train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    ("t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    ("t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
];

const EDGE: usize = 28;
/// Bytes before the values of an idx file, one dimension less for labels.
const IMAGES_HEADER: usize = 16;
const LABELS_HEADER: usize = 8;

impl Images {
    fn new(pixels: &[u8], labels: &[u8], edge: usize, white: f64) -> Result<Self, Error> {
        let shape = (labels.len(), edge, edge, 1);
        let pixels = Tensor::from_slice(pixels, shape, &Device::Cpu)?.to_dtype(DType::F32)?;
        let labels: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
        Ok(Self { pixels: (pixels / white)?, labels: Tensor::new(labels, &Device::Cpu)? })
    }

    pub fn len(&self) -> usize {
        self.labels.elem_count()
    }

    /// The first `count` images, or all if there are no more.
    pub fn first(&self, count: usize) -> Result<Self, Error> {
        let count = count.min(self.len());
        Ok(Self {
            pixels: self.pixels.narrow(0, 0, count)?,
            labels: self.labels.narrow(0, 0, count)?,
        })
    }

    /// The same with uniform noise on each pixel, so that none is 0 in all images.
    pub fn with_noise(self, amplitude: f32) -> Result<Self, Error> {
        let mut rng = Draw::new(0, 0).rng();
        let shape = self.pixels.shape();
        let noise: Vec<f32> =
            (0..shape.elem_count()).map(|_| rng.random_range(-amplitude..amplitude)).collect();
        let noise = Tensor::from_vec(noise, shape, self.pixels.device())?;
        Ok(Self { pixels: (self.pixels + noise)?, labels: self.labels })
    }

    /// The images of a batch.
    pub fn select(&self, batch: impl Iterator<Item = usize>) -> candle_core::Result<Self> {
        let batch: Vec<u32> = batch.map(|i| i as u32).collect();
        let batch = Tensor::new(batch, self.pixels.device())?;
        Ok(Self {
            pixels: self.pixels.index_select(&batch, 0)?,
            labels: self.labels.index_select(&batch, 0)?,
        })
    }
}

impl Data {
    /// Fashion-MNIST from the four gzipped idx files in a directory.
    pub fn fashion_mnist(directory: &Path) -> Result<Self, Error> {
        let mut files = Vec::new();
        for (name, checksum) in FILES {
            files.push(unpack(&directory.join(format!("{name}.gz")), checksum)?);
        }
        let images = |images: &[u8], labels: &[u8]| {
            Images::new(&images[IMAGES_HEADER..], &labels[LABELS_HEADER..], EDGE, 255.0)
        };
        Ok(Self { train: images(&files[0], &files[1])?, test: images(&files[2], &files[3])? })
    }

    /// The 1797 digits of 8 by 8 pixels of the repository, each sixth for the test.
    pub fn digits() -> Result<Self, Error> {
        let rows = include_bytes!("../../tests/problems/data/digits_1797x65.u8").chunks_exact(65);
        let images = |is_test: bool| {
            let chosen = rows.clone().enumerate().filter(|(i, _)| (i % 6 == 5) == is_test);
            let (mut pixels, mut labels) = (Vec::new(), Vec::new());
            for (_, row) in chosen {
                pixels.extend_from_slice(&row[..64]);
                labels.push(row[64]);
            }
            Images::new(&pixels, &labels, 8, 16.0)
        };
        Ok(Self { train: images(false)?, test: images(true)? })
    }
}

/// Unpacks a file whose content must have this checksum.
fn unpack(path: &Path, checksum: &str) -> Result<Vec<u8>, Error> {
    let shown = path.display();
    let file = File::open(path).map_err(|e| {
        Error::msg(format!(
            "{shown}: {e}\nFashion-MNIST is not there. On Debian and Ubuntu it comes by\n    apt-get \
             install dataset-fashion-mnist\nElsewhere take the four .gz files of \
             https://github.com/zalandoresearch/fashion-mnist and say where they are by --data DIR.\n\
             --digits needs no files."
        ))
    })?;
    let mut content = Vec::new();
    GzDecoder::new(file)
        .read_to_end(&mut content)
        .map_err(|e| Error::msg(format!("{shown}: it cannot be unpacked: {e}")))?;
    let found: String = Sha256::digest(&content).iter().map(|b| format!("{b:02x}")).collect();
    if found != checksum {
        return Err(Error::msg(format!(
            "{shown}: it is not the published file: the SHA-256 of its content is {found}, not \
             {checksum}; get it anew"
        )));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_split_and_scaled() {
        let data = Data::digits().unwrap();
        assert_eq!((data.train.len(), data.test.len()), (1498, 299));
        let brightest = data.train.pixels.max_all().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(brightest, 1.0);
    }

    #[test]
    fn a_file_that_is_absent_or_changed_is_refused() {
        let error = Data::fashion_mnist(Path::new("/nowhere")).err().unwrap().to_string();
        assert!(error.contains("apt-get install dataset-fashion-mnist"), "{error}");

        let path = std::env::temp_dir().join(format!("arturo-images-{}.gz", std::process::id()));
        let mut encoder = flate2::write::GzEncoder::new(
            File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        std::io::Write::write_all(&mut encoder, b"abc").unwrap();
        encoder.finish().unwrap();
        // the example of FIPS 180
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(unpack(&path, sum).unwrap(), b"abc");
        let error = unpack(&path, &"0".repeat(64)).unwrap_err().to_string();
        assert!(error.contains("not the published file"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
