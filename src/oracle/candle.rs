//! Models of [candle](https://docs.rs/candle-core) as oracles (feature `candle`).
//!
//! [`Variables`] makes one flat vector of the variables of a [`VarMap`], and [`VarMapOracle`] an
//! oracle of them and a loss. The loss takes its batch and its dropout from the [`Draw`]:
//! [`Epochs`](super::Epochs) and [`dropout`] do that. candle's own dropout has a generator that
//! cannot be seeded, and so is no function of a draw.
//!
//! ```
//! use argmin::core::{Error, Executor, State};
//! use argmin_arturo::oracle::Epochs;
//! use argmin_arturo::oracle::candle::{Variables, VarMapOracle, dropout};
//! use argmin_arturo::{Arturo, Draw};
//! use candle_core::{DType, Device, Tensor};
//! use candle_nn::{Linear, Module, VarBuilder, VarMap};
//!
//! let device = Device::Cpu;
//! let data = Tensor::arange(0_f32, 20.0, &device)?.affine(0.1, -1.0)?.reshape((20, 1))?;
//! let target = data.affine(3.0, 0.5)?;
//!
//! let vars = VarMap::new();
//! let layer = candle_nn::linear(1, 1, VarBuilder::from_varmap(&vars, DType::F32, &device))?;
//! let epochs = Epochs::new(20, 8)?;
//! let loss = move |draw: Draw| {
//!     let batch: Vec<u32> = epochs.batch(draw).map(|i| i as u32).collect();
//!     let batch = Tensor::new(batch, &device)?;
//!     let x = dropout(&data.index_select(&batch, 0)?, 0.0, draw.stream(0))?;
//!     candle_nn::loss::mse(&layer.forward(&x)?, &target.index_select(&batch, 0)?)
//! };
//! let variables = Variables::new(&vars)?;
//! // `variables.gather()?` is candle's own start, which is random; `bias` comes before `weight`
//! let start = vec![0.1, 0.1];
//! let result = Executor::new(VarMapOracle::new(variables, loss), Arturo::new())
//!     .configure(|state| state.param(start).max_iters(500))
//!     .run()?;
//! let x = result.state().get_best_param().unwrap();
//! assert!((x[0] - 0.5).abs() < 1e-3 && (x[1] - 3.0).abs() < 1e-3);
//! # Ok::<(), Error>(())
//! ```

use super::{Draw, StochasticCost, StochasticGradient};
use crate::error::{Requirement, invalid, require};
use argmin::core::{CostFunction, Error};
use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};
use candle_nn::VarMap;
use rand::Rng;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The variables of a [`VarMap`] as one flat vector: sorted by name, each row by row.
///
/// It shares the variables with the map and with the model built on it, and copies values only in
/// [`gather`](Self::gather) and [`scatter`](Self::scatter). They may be on any device.
#[derive(Clone)]
pub struct Variables {
    vars: Vec<(String, Var, Range<usize>)>,
}

const NAME: &str = "Variables";

impl Variables {
    /// All variables of a map, as they are now: add none later.
    ///
    /// # Errors
    /// If there are none, or one is not of `f32`.
    pub fn new(map: &VarMap) -> Result<Self, Error> {
        let data = map.data().lock().unwrap_or_else(PoisonError::into_inner);
        let mut named: Vec<_> =
            data.iter().map(|(name, var)| (name.clone(), var.clone())).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        if named.is_empty() {
            return Err(invalid(format!(
                "{NAME}: the `VarMap` has no variables; build the model on it first"
            )));
        }
        let mut end = 0;
        let mut vars = Vec::with_capacity(named.len());
        for (name, var) in named {
            if var.dtype() != DType::F32 {
                return Err(invalid(format!(
                    "{NAME}: `{name}` must be of f32, got {}; build the model with `DType::F32`",
                    var.dtype().as_str()
                )));
            }
            let start = end;
            end += var.elem_count();
            vars.push((name, var, start..end));
        }
        Ok(Self { vars })
    }

    /// Number of coordinates of the flat vector.
    #[expect(clippy::len_without_is_empty, reason = "there is always a variable")]
    pub fn len(&self) -> usize {
        self.vars.last().map_or(0, |(_, _, range)| range.end)
    }

    /// The names with their coordinates, in order.
    pub fn ranges(&self) -> impl Iterator<Item = (&str, Range<usize>)> + '_ {
        self.vars.iter().map(|(name, _, range)| (name.as_str(), range.clone()))
    }

    /// The values of the variables.
    ///
    /// # Errors
    /// If candle cannot read one.
    pub fn gather(&self) -> Result<Vec<f32>, Error> {
        let mut values = Vec::with_capacity(self.len());
        for (name, var, _) in &self.vars {
            values.extend(flat(var).map_err(|e| failed(e, format!("{NAME}: reading `{name}`")))?);
        }
        Ok(values)
    }

    /// Gives the variables the values of `x`, and so the model.
    ///
    /// # Errors
    /// If the length is another, or candle cannot write one.
    pub fn scatter(&self, x: &[f32]) -> Result<(), Error> {
        self.check_len("parameter vector", x.len())?;
        for (name, var, range) in &self.vars {
            Tensor::from_slice(&x[range.clone()], var.shape(), var.device())
                .and_then(|values| var.set(&values))
                .map_err(|e| failed(e, format!("{NAME}: writing `{name}`")))?;
        }
        Ok(())
    }

    /// Writes the gradients of the variables; 0 where the loss does not depend on one.
    fn gather_gradient(&self, store: &GradStore, gradient: &mut [f32]) -> Result<(), Error> {
        for (name, var, range) in &self.vars {
            let part = &mut gradient[range.clone()];
            match store.get(var) {
                Some(tensor) => part.copy_from_slice(
                    &flat(tensor)
                        .map_err(|e| failed(e, format!("{NAME}: gradient of `{name}`")))?,
                ),
                None => part.fill(0.0),
            }
        }
        Ok(())
    }

    fn check_len(&self, what: &str, len: usize) -> Result<(), Error> {
        if len == self.len() {
            return Ok(());
        }
        Err(invalid(format!(
            "{NAME}: the {what} must have {} coordinates, one per value of the variables, got {len}",
            self.len()
        )))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.ranges()).finish()
    }
}

/// The values of a tensor, row by row.
fn flat(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

/// candle's error with the operation that failed.
fn failed(error: candle_core::Error, doing: String) -> Error {
    Error::new(error).context(doing)
}

/// An oracle of [`Variables`] and a loss: its drawn cost is the loss of a draw, its drawn gradient
/// candle's gradient of that.
///
/// The loss is a scalar `f32` tensor, the *mean* over a batch, and a function of the variables and
/// the draw alone. Each gradient is one scatter of x, one forward and one backward pass, and one
/// gather.
///
/// The oracle may be shared by threads: a lock keeps their passes apart, since the variables are
/// one for all. Do not build two oracles on the same map and use them at once.
///
/// After a run the variables hold the point evaluated last; give them the answer by
/// `oracle.variables().scatter(x)`.
#[derive(Debug)]
pub struct VarMapOracle<L, E = NoExactLoss> {
    variables: Variables,
    loss: L,
    exact: E,
    /// Held from scatter to gather.
    pass: Mutex<()>,
}

/// No exact cost; see [`VarMapOracle::with_exact_loss`].
#[derive(Clone, Copy, Debug)]
pub struct NoExactLoss;

/// An exact cost; see [`VarMapOracle::with_exact_loss`].
#[derive(Clone, Copy, Debug)]
pub struct ExactLoss<E>(E);

const ORACLE: &str = "VarMapOracle";

impl<L> VarMapOracle<L>
where
    L: Fn(Draw) -> candle_core::Result<Tensor>,
{
    /// An oracle of these variables and the loss of a draw.
    pub fn new(variables: Variables, loss: L) -> Self {
        Self { variables, loss, exact: NoExactLoss, pass: Mutex::default() }
    }

    /// Adds the exact cost as argmin's `CostFunction`, for
    /// [`with_exact_cost`](crate::Arturo::with_exact_cost): the loss over all data, without dropout,
    /// instead of that of a draw.
    pub fn with_exact_loss<E>(self, exact: E) -> VarMapOracle<L, ExactLoss<E>>
    where
        E: Fn() -> candle_core::Result<Tensor>,
    {
        let Self { variables, loss, pass, .. } = self;
        VarMapOracle { variables, loss, exact: ExactLoss(exact), pass }
    }
}

impl<L, E> VarMapOracle<L, E> {
    /// The variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Computes with the variables at x, alone.
    fn at<T>(&self, x: &[f32], compute: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        self.variables.scatter(x)?;
        compute()
    }
}

/// The value of a loss, which must be a scalar.
fn value(loss: &Tensor) -> Result<f32, Error> {
    if loss.elem_count() != 1 || loss.dtype() != DType::F32 {
        return Err(invalid(format!(
            "{ORACLE}: the loss must be one f32, got {:?} of {}; take its mean over the batch",
            loss.dims(),
            loss.dtype().as_str()
        )));
    }
    let values = flat(loss).map_err(|e| failed(e, format!("{ORACLE}: reading the loss")))?;
    Ok(values[0])
}

impl<L, E> VarMapOracle<L, E>
where
    L: Fn(Draw) -> candle_core::Result<Tensor>,
{
    fn drawn_loss(&self, draw: Draw) -> Result<Tensor, Error> {
        (self.loss)(draw).map_err(|e| failed(e, format!("{ORACLE}: the loss of {draw:?}")))
    }
}

impl<L, E> StochasticGradient for VarMapOracle<L, E>
where
    L: Fn(Draw) -> candle_core::Result<Tensor>,
{
    type Param = Vec<f32>;

    fn stochastic_gradient(
        &self,
        x: &Vec<f32>,
        draw: Draw,
        gradient: &mut Vec<f32>,
    ) -> Result<(), Error> {
        self.variables.check_len("gradient", gradient.len())?;
        self.at(x, || {
            let loss = self.drawn_loss(draw)?;
            value(&loss)?;
            let store = loss
                .backward()
                .map_err(|e| failed(e, format!("{ORACLE}: the gradient of {draw:?}")))?;
            self.variables.gather_gradient(&store, gradient)
        })
    }
}

impl<L> StochasticCost for VarMapOracle<L>
where
    L: Fn(Draw) -> candle_core::Result<Tensor>,
{
    type Param = Vec<f32>;

    fn stochastic_cost(&self, x: &Vec<f32>, draw: Draw) -> Result<f32, Error> {
        self.at(x, || value(&self.drawn_loss(draw)?))
    }
}

impl<L, E> CostFunction for VarMapOracle<L, ExactLoss<E>>
where
    E: Fn() -> candle_core::Result<Tensor>,
{
    type Param = Vec<f32>;
    type Output = f32;

    fn cost(&self, x: &Vec<f32>) -> Result<f32, Error> {
        self.at(x, || {
            let loss =
                (self.exact.0)().map_err(|e| failed(e, format!("{ORACLE}: the exact loss")))?;
            value(&loss)
        })
    }
}

/// Dropout as a function of the draw: each value is 0 with `probability` (in \[0, 1)), else divided
/// by `1 - probability`.
///
/// Give each layer a [stream](Draw::stream) of its own.
///
/// # Errors
/// If the probability is out of range, or those of candle.
pub fn dropout(x: &Tensor, probability: f64, draw: Draw) -> candle_core::Result<Tensor> {
    require("dropout", "probability", probability, Requirement::BelowOne)
        .map_err(|e| candle_core::Error::msg(e.to_string()))?;
    if probability == 0.0 {
        return Ok(x.clone());
    }
    let mut rng = draw.rng();
    let (threshold, kept) = (probability as f32, (1.0 / (1.0 - probability)) as f32);
    let mask: Vec<f32> = (0..x.elem_count())
        .map(|_| if draw.reflect_unit(rng.random::<f32>()) < threshold { 0.0 } else { kept })
        .collect();
    x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?)
}
