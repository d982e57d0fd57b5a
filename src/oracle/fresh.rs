//! Noise that a draw cannot repeat.

use super::arithmetic::pass_on;
use super::{Draw, StochasticCost, StochasticGradient};
use crate::param::ParamVec;
use argmin::core::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An oracle whose noise a draw cannot repeat, as of shots on hardware, a laboratory or a stream of
/// data: every evaluation sees new noise, whatever draw is asked for.
///
/// ```text
/// evaluation number k (from 0) at x under (seed, index):  g(x, draw k of a stream of that seed)
/// ```
///
/// So the same [`Draw`] at two points, or twice at one point, gives independent noise, where the
/// wrapped oracle gives the same: there are no common random numbers. Put it around a simulation to
/// test a solver as with real measurements. In one thread, a run of a new `Fresh` repeats its
/// bits; threads that share one take the numbers k in an order that is not fixed.
/// A clone shares the counter, so that two clones never see the same noise under one seed.
///
/// The noise of k draws in [`Replicated`](super::Replicated)`<Fresh<O>>` is new in each of them; in
/// `Fresh<Replicated<O>>` an evaluation is the mean of k. A mirror image cannot be asked for, so that
/// [`Antithetic`](super::Antithetic) does not compile around it.
///
/// # A run that is resumed
///
/// The counter belongs to the oracle, not to the solver's checkpoint, as the state of a laboratory
/// does. A resumed run is therefore not the same to the bit as an uninterrupted one, and from a counter
/// of 0 it would meet the noise of its own beginning again: keep
/// [`evaluation_count`](Self::evaluation_count) beside the checkpoint, and continue by
/// [`starting_at`](Self::starting_at) with this number or a larger one.
///
/// ```
/// use argmin::core::{Error, Gradient};
/// use argmin_arturo::oracle::{Fresh, GaussianNoise};
/// use argmin_arturo::{Draw, StochasticGradient};
///
/// struct Sphere;
/// impl Gradient for Sphere {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(x.clone())
///     }
/// }
/// let (x, draw) = (vec![3.0], Draw::new(7, 42));
/// let (mut first, mut second) = (vec![0.0], vec![0.0]);
/// let noisy = GaussianNoise::new(Sphere, 1.0)?;
/// noisy.stochastic_gradient(&x, draw, &mut first)?;
/// noisy.stochastic_gradient(&x, draw, &mut second)?;
/// assert_eq!(first, second);
///
/// let laboratory = Fresh::new(noisy);
/// laboratory.stochastic_gradient(&x, draw, &mut first)?;
/// laboratory.stochastic_gradient(&x, draw, &mut second)?;
/// assert_ne!(first, second);
/// assert_eq!(laboratory.evaluation_count(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fresh<O> {
    oracle: O,
    evaluations: Arc<AtomicU64>,
}

/// The stream of a seed that the draws come from, apart from the draws of the seed itself.
const FRESH: u64 = 0x6672_6573_6800_0000;

impl<O> Fresh<O> {
    /// Counts evaluations from 0.
    pub fn new(oracle: O) -> Self {
        Self::starting_at(oracle, 0)
    }

    /// Continues after `evaluation_count` evaluations, such as those of a run that is resumed.
    pub fn starting_at(oracle: O, evaluation_count: u64) -> Self {
        Self { oracle, evaluations: Arc::new(AtomicU64::new(evaluation_count)) }
    }

    /// Evaluations so far, gradients and costs together, of this and of its clones.
    pub fn evaluation_count(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }

    /// The draw of the next evaluation; of `draw` only the seed is used.
    fn next(&self, draw: Draw) -> Draw {
        let evaluation = self.evaluations.fetch_add(1, Ordering::Relaxed);
        Draw::new(draw.stream(FRESH).seed(), evaluation)
    }
}

impl<O: StochasticGradient> StochasticGradient for Fresh<O> {
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        self.oracle.stochastic_gradient(x, self.next(draw), gradient)
    }
}

impl<O: StochasticCost> StochasticCost for Fresh<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        self.oracle.stochastic_cost(x, self.next(draw))
    }
}

pass_on!(Fresh);
