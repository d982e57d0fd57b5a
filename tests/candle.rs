//! Models of candle as oracles.
#![cfg(feature = "candle")]

use argmin::core::{CostFunction, Error, Executor};
use argmin_arturo::oracle::candle::{VarMapOracle, Variables, dropout};
use argmin_arturo::oracle::{Epochs, StochasticCost};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Linear, Module, VarBuilder, VarMap};
use rand::Rng;

const IMAGES: usize = 50;
const PIXELS: usize = 6;

fn random(draw: Draw, len: usize) -> Vec<f32> {
    let mut rng = draw.rng();
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// A network of two layers with dropout between, on images of noise, in batches of 8.
struct Network {
    images: Tensor,
    labels: Tensor,
    layers: [Linear; 2],
    epochs: Epochs,
}

impl Network {
    fn new(map: &VarMap) -> Self {
        let device = Device::Cpu;
        let vars = VarBuilder::from_varmap(map, DType::F32, &device);
        let images = random(Draw::new(1, 0), IMAGES * PIXELS);
        let labels: Vec<u32> = (0..IMAGES as u32).map(|i| i % 3).collect();
        Self {
            images: Tensor::from_vec(images, (IMAGES, PIXELS), &device).unwrap(),
            labels: Tensor::new(labels, &device).unwrap(),
            layers: [
                candle_nn::linear(PIXELS, 5, vars.pp("hidden")).unwrap(),
                candle_nn::linear(5, 3, vars.pp("output")).unwrap(),
            ],
            epochs: Epochs::new(IMAGES, 8).unwrap(),
        }
    }

    fn loss(&self, draw: Draw) -> Result<Tensor> {
        let batch: Vec<u32> = self.epochs.batch(draw).map(|i| i as u32).collect();
        let batch = Tensor::new(batch, self.images.device())?;
        let hidden = self.layers[0].forward(&self.images.index_select(&batch, 0)?)?.tanh()?;
        let scores = self.layers[1].forward(&dropout(&hidden, 0.3, draw.stream(0))?)?;
        candle_nn::loss::cross_entropy(&scores, &self.labels.index_select(&batch, 0)?)
    }
}

/// The network as an oracle, with initial values that nobody may rely on: candle's generator has no
/// seed.
fn oracle() -> VarMapOracle<impl Fn(Draw) -> Result<Tensor>> {
    let map = VarMap::new();
    let network = Network::new(&map);
    let variables = Variables::new(&map).unwrap();
    VarMapOracle::new(variables, move |draw| network.loss(draw))
}

fn map_of(vars: &[(&str, Tensor)]) -> VarMap {
    let map = VarMap::new();
    for (name, tensor) in vars {
        let var = Var::from_tensor(tensor).unwrap();
        map.data().lock().unwrap().insert((*name).into(), var);
    }
    map
}

fn zeros(len: usize) -> Tensor {
    Tensor::zeros(len, DType::F32, &Device::Cpu).unwrap()
}

#[test]
fn variables_are_in_the_order_of_their_names() {
    let matrix = Tensor::new(&[[1_f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
    let vector = Tensor::new(&[5_f32, 6.0, 7.0], &Device::Cpu).unwrap();
    // as a matrix in memory column by column
    let map = map_of(&[("b", vector), ("c", zeros(1)), ("a", matrix.t().unwrap())]);
    let variables = Variables::new(&map).unwrap();
    let ranges: Vec<_> = variables.ranges().collect();
    assert_eq!(ranges, [("a", 0..4), ("b", 4..7), ("c", 7..8)]);
    assert_eq!(variables.len(), 8);
    assert_eq!(variables.gather().unwrap(), [1.0, 3.0, 2.0, 4.0, 5.0, 6.0, 7.0, 0.0]);

    let values: Vec<f32> = (0..8).map(|i| i as f32).collect();
    variables.scatter(&values).unwrap();
    assert_eq!(variables.gather().unwrap(), values);
    let matrix = map.data().lock().unwrap()["a"].to_vec2::<f32>().unwrap();
    assert_eq!(matrix, [[0.0, 1.0], [2.0, 3.0]]);
}

#[test]
fn gradients_are_those_of_the_drawn_cost() {
    let oracle = oracle();
    let x = random(Draw::new(2, 0), oracle.variables().len());
    for index in 0..3 {
        let draw = Draw::new(5, index);
        let mut gradient = vec![f32::NAN; x.len()];
        oracle.stochastic_gradient(&x, draw, &mut gradient).unwrap();
        assert!(gradient.iter().any(|g| g.abs() > 0.01));
        for (i, &g) in gradient.iter().enumerate() {
            // rounding of f32 over the step, 1e-7 / 1e-2, and the step squared
            let at = |step: f32| {
                let mut x = x.clone();
                x[i] += step;
                oracle.stochastic_cost(&x, draw).unwrap()
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((slope - g).abs() < 2e-4, "draw {index}, coordinate {i}: {slope} and {g}");
        }
    }
}

#[test]
fn a_variable_without_influence_has_gradient_zero() {
    let map = map_of(&[("idle", zeros(2)), ("used", zeros(1))]);
    let used = map.data().lock().unwrap()["used"].clone();
    let oracle = VarMapOracle::new(Variables::new(&map).unwrap(), move |_| used.sum_all());
    let mut gradient = vec![f32::NAN; 3];
    oracle.stochastic_gradient(&vec![0.0; 3], Draw::new(0, 0), &mut gradient).unwrap();
    assert_eq!(gradient, [0.0, 0.0, 1.0]);
}

#[test]
fn an_epoch_has_each_image_once() {
    // the gradient of a batch's mean of x_i is 1 / batch at its images
    let map = map_of(&[("x", zeros(IMAGES))]);
    let x = map.data().lock().unwrap()["x"].clone();
    let epochs = Epochs::new(IMAGES, 8).unwrap();
    let oracle = VarMapOracle::new(Variables::new(&map).unwrap(), move |draw| {
        let batch: Vec<u32> = epochs.batch(draw).map(|i| i as u32).collect();
        x.index_select(&Tensor::new(batch, x.device())?, 0)?.mean_all()
    });
    let start = vec![0.0; IMAGES];
    let mut first_batches = Vec::new();
    for epoch in 0..4 {
        let mut count = vec![0; IMAGES];
        for k in 0..epochs.draws_per_epoch() {
            let mut gradient = vec![f32::NAN; IMAGES];
            let draw = Draw::new(3, epoch * epochs.draws_per_epoch() + k);
            oracle.stochastic_gradient(&start, draw, &mut gradient).unwrap();
            let batch: Vec<usize> = (0..IMAGES).filter(|&i| gradient[i] != 0.0).collect();
            for &i in &batch {
                assert!((gradient[i] * batch.len() as f32 - 1.0).abs() < 1e-6);
                count[i] += 1;
            }
            if k == 0 {
                first_batches.push(batch);
            }
        }
        assert_eq!(count, [1; IMAGES], "epoch {epoch}");
    }
    first_batches.sort();
    first_batches.dedup();
    assert_eq!(first_batches.len(), 4, "each epoch has an order of its own");
}

#[test]
fn dropout_is_a_function_of_the_draw() {
    let n = 100_000;
    let ones = Tensor::ones(n, DType::F32, &Device::Cpu).unwrap();
    let at = |p, draw| dropout(&ones, p, draw).unwrap().to_vec1::<f32>().unwrap();
    let (p, draw) = (0.2, Draw::new(7, 3));
    let values = at(p, draw);
    assert_eq!(values, at(p, draw));
    assert_ne!(values, at(p, draw.stream(0)));
    assert!(values.iter().all(|&v| v == 0.0 || v == 1.25));
    // within 5 standard errors of a binomial share
    let share = values.iter().filter(|&&v| v == 0.0).count() as f64 / n as f64;
    assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / n as f64).sqrt(), "{share}");
    // a mirror image drops where the draw is farthest from dropping
    let mirrored = at(p, draw.mirror());
    assert!(values.iter().zip(&mirrored).all(|(&v, &m)| v + m > 0.0));
    assert_eq!(at(0.0, draw), vec![1.0; n]);
    let error = dropout(&ones, 1.0, draw).unwrap_err().to_string();
    let expected = "dropout: `probability` must be in [0, 1), got 1";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn an_exact_loss_is_the_cost_of_the_recommended_point() {
    let map = map_of(&[("x", zeros(1))]);
    let x = map.data().lock().unwrap()["x"].clone();
    let [drawn, exact] =
        [x.clone(), x].map(|x| move || ((x.as_tensor() - 3.0)?.sqr()? + 1.0)?.sum_all());
    let oracle =
        VarMapOracle::new(Variables::new(&map).unwrap(), move |_| drawn()).with_exact_loss(exact);
    assert_eq!(oracle.cost(&vec![1.0]).unwrap(), 5.0);
    let result = Executor::new(oracle, Arturo::new().with_exact_cost(5).unwrap())
        .configure(|state| state.param(vec![0.0]).max_iters(50))
        .run()
        .unwrap();
    assert!((result.state().get_best_cost() - 1.0).abs() < 1e-5);
}

fn text(error: Error) -> String {
    format!("{error:#}")
}

#[test]
fn what_is_no_flat_vector_is_refused() {
    assert_eq!(
        text(Variables::new(&VarMap::new()).unwrap_err()),
        "Invalid parameter: \"Variables: the `VarMap` has no variables; build the model on it \
         first\""
    );
    let double = Tensor::zeros(2, DType::F64, &Device::Cpu).unwrap();
    assert_eq!(
        text(Variables::new(&map_of(&[("a", zeros(1)), ("b", double)])).unwrap_err()),
        "Invalid parameter: \"Variables: `b` must be of f32, got f64; build the model with \
         `DType::F32`\""
    );
    let oracle = oracle();
    let expected = |what| {
        format!(
            "Invalid parameter: \"Variables: the {what} must have 53 coordinates, one per value of \
             the variables, got 2\""
        )
    };
    assert_eq!(
        text(oracle.variables().scatter(&[0.0; 2]).unwrap_err()),
        expected("parameter vector")
    );
    let (mut short, mut long) = (vec![0.0; 2], vec![0.0; 53]);
    let draw = Draw::new(0, 0);
    let error = oracle.stochastic_gradient(&long, draw, &mut short).unwrap_err();
    assert_eq!(text(error), expected("gradient"));
    let error = oracle.stochastic_gradient(&short, draw, &mut long).unwrap_err();
    assert_eq!(text(error), expected("parameter vector"));
}

#[test]
fn a_loss_that_is_no_scalar_is_refused() {
    let map = map_of(&[("x", zeros(2))]);
    let x = map.data().lock().unwrap()["x"].clone();
    let oracle = VarMapOracle::new(Variables::new(&map).unwrap(), move |_| x.sqr());
    let mut gradient = vec![0.0; 2];
    let error = oracle.stochastic_gradient(&vec![0.0; 2], Draw::new(0, 0), &mut gradient);
    assert_eq!(
        text(error.unwrap_err()),
        "Invalid parameter: \"VarMapOracle: the loss must be one f32, got [2] of f32; take its \
         mean over the batch\""
    );
}

#[test]
fn errors_of_candle_end_a_run_with_their_context() {
    let map = map_of(&[("x", zeros(2))]);
    let x = map.data().lock().unwrap()["x"].clone();
    let oracle = VarMapOracle::new(Variables::new(&map).unwrap(), move |_| x.reshape(3));
    let result = Executor::new(oracle, Arturo::new())
        .configure(|state| state.param(vec![0.0; 2]).max_iters(5))
        .run();
    let Err(error) = result else { panic!("a shape that does not fit is an error") };
    assert!(error.downcast_ref::<candle_core::Error>().is_some());
    assert_eq!(
        error.to_string(),
        "Arturo: the run ended at iteration 0: VarMapOracle: the loss of Draw { seed: 0, index: 0, \
         mirrored: false }"
    );
    let text = text(error);
    assert!(text.contains("Shape mismatch"), "{text}");
}

#[cfg(feature = "serde1")]
mod killed_and_resumed {
    use super::*;
    use argmin::core::checkpointing::CheckpointingFrequency;
    use argmin::core::{IterState, Solver, State};
    use argmin_arturo::PaperSettings;
    use argmin_arturo::baseline::{Adam, Sgd};
    use argmin_arturo::checkpoint::AtomicCheckpoint;
    use serde::{Serialize, de::DeserializeOwned};
    use std::cell::Cell;

    /// The last and the recommended point after so many iterations, in bits.
    fn bits<P>(state: &impl State<Param = P>) -> [Vec<u32>; 2]
    where
        P: AsRef<[f32]>,
    {
        [state.get_param(), state.get_best_param()]
            .map(|x| x.unwrap().as_ref().iter().map(|x| x.to_bits()).collect())
    }

    /// A run of 60 iterations, of which 53 gradients at most are drawn before it fails, in the
    /// middle of the eighth epoch and between two checkpoints, has the bits of one that never did.
    fn continues<S>(name: &str, solver: S)
    where
        S: Solver<
                VarMapOracle<Box<dyn Fn(Draw) -> Result<Tensor>>>,
                IterState<Vec<f32>, Vec<f32>, (), (), (), f32>,
            > + Clone
            + Serialize
            + DeserializeOwned
            + 'static,
    {
        let directory = std::env::temp_dir().join(format!("arturo-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let start = random(Draw::new(2, 0), 53);
        let run = |file: &str, gradients: usize| {
            let map = VarMap::new();
            let network = Network::new(&map);
            let left = Cell::new(gradients);
            let loss = move |draw: Draw| {
                let now = left.get().checked_sub(1);
                left.set(now.ok_or_else(|| candle_core::Error::msg("power failure"))?);
                network.loss(draw)
            };
            let oracle = VarMapOracle::new(
                Variables::new(&map).unwrap(),
                Box::new(loss) as Box<dyn Fn(Draw) -> Result<Tensor>>,
            );
            let executor = Executor::new(oracle, solver.clone())
                .configure(|state| state.param(start.clone()).max_iters(60));
            let checkpoint = AtomicCheckpoint::new(directory.join(file))
                .with_frequency(CheckpointingFrequency::Every(10))
                .unwrap();
            checkpoint.run(executor).map(|result| bits(result.state()))
        };
        let uninterrupted = run("whole", usize::MAX).unwrap();
        let error = run("parts", 53).unwrap_err();
        assert!(text(error).contains("power failure"));
        // only what the last checkpoint lacks is drawn again
        assert_eq!(run("parts", 13).unwrap(), uninterrupted, "{name}");
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn arturo_has_the_same_bits() {
        continues("arturo", Arturo::new().with_seed(3));
    }

    #[test]
    fn the_published_method_has_the_same_bits() {
        continues("paper", Arturo::paper(PaperSettings::default()).unwrap().with_seed(3));
    }

    #[test]
    fn the_baselines_have_the_same_bits() {
        continues("adam", Adam::new(1e-2).unwrap().with_seed(3));
        continues("sgd", Sgd::new(0.1).unwrap().with_momentum(0.9).unwrap().with_seed(3));
    }
}
