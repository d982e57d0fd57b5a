//! A run: one network, one optimizer, and the curve that comes of it.

use crate::curve::{Curve, Row};
use crate::data::{Data, Images};
use crate::network::Network;
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, Solver};
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::observer::Progress;
use argmin_arturo::oracle::Epochs;
use argmin_arturo::oracle::candle::{VarMapOracle, Variables};
use argmin_arturo::{Draw, StochasticGradient};
use candle_core::{D, DType, Tensor};
use candle_nn::VarMap;
use serde::{Serialize, de::DeserializeOwned};
use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

type State = IterState<Vec<f32>, Vec<f32>, (), (), (), f32>;
type Loss = Box<dyn Fn(Draw) -> candle_core::Result<Tensor>>;

/// What an optimizer is to do.
pub struct Task {
    pub data: Arc<Data>,
    pub digits: bool,
    pub smooth: bool,
    pub batch_size: usize,
    pub epochs: u64,
    /// Images of each kind that the curve is made of; the last point is made of all.
    pub evaluate: usize,
    pub seed: u64,
    /// Path of the results and of the checkpoint, but for the extension.
    pub path: PathBuf,
}

/// Images scored at once.
const EVALUATION_BATCH: usize = 250;

impl Task {
    fn batches(&self) -> Result<Epochs, Error> {
        Epochs::new(self.data.train.len(), self.batch_size)
    }

    /// Gradients of the whole run.
    pub fn step_count(&self) -> u64 {
        self.epochs * self.data.train.len().div_ceil(self.batch_size) as u64
    }

    /// Trains the network, from the last checkpoint where there is one.
    pub fn run<S>(&self, solver: S) -> Result<Curve, Error>
    where
        S: Solver<Timed, State> + Serialize + DeserializeOwned + 'static,
    {
        let map = VarMap::new();
        let network = Arc::new(if self.digits {
            Network::dense(&map, self.seed, self.smooth)
        } else {
            Network::convolutional(&map, self.seed)
        }?);
        let variables = Variables::new(&map)?;
        let start = variables.gather()?;

        let gradient_time = Rc::new(Cell::new(Duration::ZERO));
        let oracle = Timed {
            oracle: VarMapOracle::new(variables.clone(), self.loss(Arc::clone(&network))?),
            time: Rc::clone(&gradient_time),
        };
        let recorder = Recorder {
            data: Arc::clone(&self.data),
            network,
            variables,
            steps_per_epoch: self.batches()?.draws_per_epoch(),
            epochs: self.epochs,
            evaluate: self.evaluate,
            curve: Curve::of_file(self.path.with_extension("csv"))?,
            gradient_time,
            times: Times::default(),
        };
        let executor = Executor::new(oracle, solver)
            .configure(|state| state.param(start).max_iters(self.step_count()))
            .timer(true)
            .add_observer(recorder, ObserverMode::Always)
            .add_observer(Progress::new(), ObserverMode::Always);
        AtomicCheckpoint::new(self.path.with_extension("checkpoint")).run(executor)?;
        Curve::of_file(self.path.with_extension("csv"))
    }

    /// The loss of a batch of the epoch, with dropout.
    fn loss(&self, network: Arc<Network>) -> Result<Loss, Error> {
        let (data, batches) = (Arc::clone(&self.data), self.batches()?);
        Ok(Box::new(move |draw| {
            let Images { pixels, labels } = data.train.select(batches.batch(draw))?;
            candle_nn::loss::cross_entropy(&network.scores(&pixels, Some(draw))?, &labels)
        }))
    }
}

/// The oracle, with the time of its last gradient.
pub struct Timed {
    oracle: VarMapOracle<Loss>,
    time: Rc<Cell<Duration>>,
}

impl StochasticGradient for Timed {
    type Param = Vec<f32>;

    fn stochastic_gradient(
        &self,
        x: &Vec<f32>,
        draw: Draw,
        gradient: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let start = Instant::now();
        self.oracle.stochastic_gradient(x, draw, gradient)?;
        self.time.set(start.elapsed());
        Ok(())
    }
}

/// What the steps since the last epoch took.
#[derive(Default)]
struct Times {
    gradient: Vec<f64>,
    optimizer: Vec<f64>,
    dual_evaluations: u64,
}

/// Writes down a point of the curve after each epoch.
struct Recorder {
    data: Arc<Data>,
    network: Arc<Network>,
    variables: Variables,
    steps_per_epoch: u64,
    epochs: u64,
    evaluate: usize,
    curve: Curve,
    gradient_time: Rc<Cell<Duration>>,
    times: Times,
}

impl Observe<State> for Recorder {
    fn observe_init(&mut self, _: &str, state: &State, _: &KV) -> Result<(), Error> {
        self.record(0, state)
    }

    fn observe_iter(&mut self, state: &State, kv: &KV) -> Result<(), Error> {
        const MILLISECONDS: f64 = 1e3;
        // what argmin measures is one gradient and the work of the optimizer
        let total = kv.get("time").and_then(|time| time.get_float()).unwrap_or(f64::NAN);
        let gradient = self.gradient_time.get().as_secs_f64();
        self.times.gradient.push(MILLISECONDS * gradient);
        self.times.optimizer.push(MILLISECONDS * (total - gradient));
        let evaluations = kv.get("dual_evaluations").and_then(|count| count.get_uint());
        self.times.dual_evaluations += evaluations.unwrap_or(0);
        let done = state.iter + 1;
        if done.is_multiple_of(self.steps_per_epoch) {
            self.record(done / self.steps_per_epoch, state)?;
        }
        Ok(())
    }
}

impl Recorder {
    fn record(&mut self, epoch: u64, state: &State) -> Result<(), Error> {
        if let Some(x) = &state.best_param {
            self.variables.scatter(x)?;
        }
        let count = if epoch == self.epochs { usize::MAX } else { self.evaluate };
        let [train, test] = [&self.data.train, &self.data.test]
            .map(|images| evaluate(&self.network, &images.first(count)?));
        let ([train_loss, train_accuracy], [test_loss, test_accuracy]) = (train?, test?);
        let Times { gradient, optimizer, dual_evaluations } = std::mem::take(&mut self.times);
        let steps = gradient.len().max(1) as f64;
        self.curve.push(Row {
            epoch,
            train_loss,
            train_accuracy,
            test_loss,
            test_accuracy,
            gradient_ms: median(gradient),
            optimizer_ms: median(optimizer),
            dual_evaluations: dual_evaluations as f64 / steps,
        })
    }
}

/// Mean cross entropy in nats, and the share of images whose class has the highest score.
fn evaluate(network: &Network, images: &Images) -> Result<[f64; 2], Error> {
    let (mut loss, mut correct) = (0.0, 0.0);
    for start in (0..images.len()).step_by(EVALUATION_BATCH) {
        let count = EVALUATION_BATCH.min(images.len() - start);
        let labels = images.labels.narrow(0, start, count)?;
        let scores = network.scores(&images.pixels.narrow(0, start, count)?, None)?;
        let mean = candle_nn::loss::cross_entropy(&scores, &labels)?.to_scalar::<f32>()?;
        loss += f64::from(mean) * count as f64;
        let hits = scores.argmax(D::Minus1)?.eq(&labels)?.to_dtype(DType::F32)?.sum_all()?;
        correct += f64::from(hits.to_scalar::<f32>()?);
    }
    Ok([loss, correct].map(|sum| sum / images.len() as f64))
}

/// 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
