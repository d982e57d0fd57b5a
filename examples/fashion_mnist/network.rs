//! The networks.

use crate::layers::convolve;
use argmin_arturo::Draw;
use argmin_arturo::oracle::candle::dropout;
use argmin_arturo::rand::Rng;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::VarMap;

pub enum Network {
    /// The paper's: convolutions of 32, 64 and 128 channels, each with pooling, ReLU and dropout,
    /// and dense layers of 256 and 10 units; 390,410 parameters.
    Convolutional { convolutions: [Layer; 3], dense: [Layer; 2] },
    /// 64-64-10, for the digits, with ReLU or, where it is to be smooth, tanh; 4,810 parameters.
    Dense { layers: [Layer; 2], smooth: bool },
}

/// The weights of a layer: a row for each input and one more for the bias, a column for each output.
pub struct Layer(Tensor);

/// Probability of dropout after each layer but the last.
const CONVOLUTIONAL_DROPOUT: [f64; 3] = [0.2, 0.2, 0.2];
const HIDDEN_DROPOUT: f64 = 0.5;
const DENSE_DROPOUT: f64 = 0.2;

/// Separates initial values from the draws of a run.
const INITIAL_STREAM: u64 = 0x696e_6974;

impl Network {
    /// The paper's network on images of 28 by 28, in a map of its own.
    pub fn convolutional(map: &VarMap, seed: u64) -> Result<Self> {
        let layer = |name, inputs, outputs| Layer::new(map, seed, name, inputs, outputs);
        Ok(Self::Convolutional {
            convolutions: [
                layer("convolution1", 9, 32)?,
                layer("convolution2", 9 * 32, 64)?,
                layer("convolution3", 9 * 64, 128)?,
            ],
            // 28 pixels become 14, 7 and 3
            dense: [layer("dense1", 3 * 3 * 128, 256)?, layer("dense2", 256, 10)?],
        })
    }

    /// The network for images of 8 by 8.
    pub fn dense(map: &VarMap, seed: u64, smooth: bool) -> Result<Self> {
        let layer = |name, inputs, outputs| Layer::new(map, seed, name, inputs, outputs);
        let layers = [layer("dense1", 64, 64)?, layer("dense2", 64, 10)?];
        Ok(Self::Dense { layers, smooth })
    }

    /// Scores of the 10 classes for images as (image, row, column, 1); with dropout where there is a
    /// draw.
    pub fn scores(&self, images: &Tensor, draw: Option<Draw>) -> Result<Tensor> {
        let drop = |x: Tensor, probability, layer| match draw {
            Some(draw) => dropout(&x, probability, draw.stream(layer)),
            None => Ok(x),
        };
        match self {
            Self::Convolutional { convolutions, dense } => {
                let mut x = images.clone();
                for (i, Layer(weight)) in convolutions.iter().enumerate() {
                    x = drop(convolve(&x, weight)?, CONVOLUTIONAL_DROPOUT[i], i as u64)?;
                }
                let x = dense[0].apply(&x.flatten_from(1)?)?.relu()?;
                dense[1].apply(&drop(x, HIDDEN_DROPOUT, convolutions.len() as u64)?)
            }
            Self::Dense { layers, smooth } => {
                let x = layers[0].apply(&images.flatten_from(1)?)?;
                let x = if *smooth { x.tanh() } else { x.relu() }?;
                layers[1].apply(&drop(x, DENSE_DROPOUT, 0)?)
            }
        }
    }
}

impl Layer {
    /// A layer with weights and biases uniform within 1/sqrt(inputs), PyTorch's default; candle's
    /// own initial values have no seed.
    fn new(map: &VarMap, seed: u64, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        let mut data = map.data().lock().expect("no thread has failed with the map");
        let mut rng = Draw::new(seed, data.len() as u64).stream(INITIAL_STREAM).rng();
        let bound = (inputs as f32).sqrt().recip();
        let values: Vec<f32> =
            (0..(inputs + 1) * outputs).map(|_| rng.random_range(-bound..bound)).collect();
        let var = Var::from_vec(values, (inputs + 1, outputs), &Device::Cpu)?;
        let weight = var.as_tensor().clone();
        data.insert(name.into(), var);
        Ok(Self(weight))
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let inputs = x.dim(1)?;
        let Self(weight) = self;
        x.matmul(&weight.narrow(0, 0, inputs)?)?.broadcast_add(&weight.narrow(0, inputs, 1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argmin_arturo::oracle::candle::Variables;

    #[test]
    fn the_papers_network_has_its_number_of_parameters() {
        let map = VarMap::new();
        Network::convolutional(&map, 0).unwrap();
        assert_eq!(Variables::new(&map).unwrap().len(), 390_410);
    }
}
