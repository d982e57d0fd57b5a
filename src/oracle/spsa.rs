//! Gradients from differences of drawn costs along random directions.

use super::arithmetic::{clear, pass_on};
use super::difference_step::{DifferenceStep, Pairs, slope, step_setters};
use super::pool::Pool;
use super::{Draw, StochasticCost, StochasticGradient};
use crate::error::invalid;
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;
use rand::RngCore;

/// Simultaneous perturbation: the gradient of a drawn cost from two costs, whatever the dimension.
///
/// With directions D_1, ..., D_k whose entries are +1 or -1 at random (Rademacher),
///
/// ```text
/// g_i = 1/k sum_j (f(x + h D_j; draw) - f(x - h D_j; draw)) / (2 h_i D_ji),   (h D)_i = h_i D_i
/// ```
///
/// All costs share the randomness of the draw (common random numbers), so that its noise cancels as
/// far as f(x; draw) is smooth. The noise of the directions remains: coordinate i has the variance
/// of `sum over l != i of (h_l/h_i df/dx_l)^2 / k`. So g is an unbiased draw of the gradient but for
/// a bias of O(h^2): for f = sum_i c_i x_i^3 and equal steps it is `c_i h^2`. One draw costs 2 k drawn
/// costs. [`FiniteDifferenceGradient`](super::FiniteDifferenceGradient) is better where 2 n can be
/// afforded.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_directions`](Self::with_directions) | k, averaged directions, >= 1 | 1, Spall's |
/// | [`with_typical_magnitude`](Self::with_typical_magnitude) | size of coordinates near 0 | 1 |
/// | [`with_step`](Self::with_step) | h itself | eps^(1/3) max(\|x_i\|, typical) |
/// | [`with_noise_level`](Self::with_noise_level) | h from noise that does not cancel | |
/// | [`with_bounds`](Self::with_bounds) | box outside of which no cost is asked for | none |
///
/// The step does not change over the iterations. Spall starts with a large one and lets it shrink,
/// because the noise of his costs is divided by it; here it cancels, and the default balances
/// truncation against rounding (Nocedal and Wright, section 8.1). Where it does not cancel, as when a
/// simulation cannot repeat its randomness, set [`with_noise_level`](Self::with_noise_level).
///
/// # Reference
/// J. Spall, *Multivariate stochastic approximation using a simultaneous perturbation gradient
/// approximation*, 1992; N. Kleinman, J. Spall, D. Naiman, *Simulation-based optimization with
/// stochastic approximation using common random numbers*, 1999.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::{Arturo, Draw};
/// use argmin_arturo::oracle::{Spsa, StochasticCost};
/// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
///
/// /// Expected disutility exp(-x r) of x shares with returns r ~ N(1/2, 1); least at x = 1/2.
/// struct Shares;
/// impl StochasticCost for Shares {
///     type Param = Vec<f64>;
///     fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
///         let z: f64 = StandardNormal.sample(&mut draw.rng());
///         Ok((-x[0] * (0.5 + z)).exp())
///     }
/// }
/// let result = Executor::new(Spsa::new(Shares), Arturo::new())
///     .configure(|state| state.param(vec![0.0]).max_iters(5000))
///     .run()?;
/// let x = result.state().get_best_param().unwrap();
/// assert!((x[0] - 0.5).abs() < 0.1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Spsa<O> {
    oracle: O,
    directions: u64,
    pairs: Pairs,
    #[cfg_attr(feature = "serde1", serde(skip))]
    pool: Pool,
}

impl<O: StochasticCost> Spsa<O> {
    /// Differences the costs that `oracle` draws, along one direction a draw.
    pub fn new(oracle: O) -> Self {
        Self { oracle, directions: 1, pairs: Pairs::default(), pool: Pool::default() }
    }
}

impl<O> Spsa<O> {
    const NAME: &'static str = "Spsa";

    /// Sets over how many directions (k >= 1, default 1) a draw averages.
    ///
    /// # Errors
    /// If it is 0.
    pub fn with_directions(mut self, directions: u64) -> Result<Self, Error> {
        if directions == 0 {
            return Err(invalid("Spsa: `directions` must be at least 1, got 0".into()));
        }
        self.directions = directions;
        Ok(self)
    }
}

step_setters!(Spsa);

/// Separates the directions from the randomness of the costs.
const DIRECTION_STREAM: u64 = 0x7370_7361;

/// Random signs, 64 of them from one random word.
struct Signs<R> {
    rng: R,
    word: u64,
    left: u32,
}

impl<R: RngCore> Signs<R> {
    fn new(rng: R) -> Self {
        Self { rng, word: 0, left: 0 }
    }

    fn is_positive(&mut self) -> bool {
        if self.left == 0 {
            (self.word, self.left) = (self.rng.next_u64(), u64::BITS);
        }
        self.left -= 1;
        self.word >> self.left & 1 == 1
    }
}

impl<O: StochasticCost> StochasticGradient for Spsa<O> {
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        let (mut ahead, mut behind) = (self.pool.take(x), self.pool.take(x));
        let mut signs = Signs::new(draw.stream(DIRECTION_STREAM).rng());
        let weight = <O::Param as ParamVec>::Scalar::from_f64_lossy(1.0 / self.directions as f64);
        self.pairs.check(Self::NAME, x)?;
        clear(gradient)?;
        for _ in 0..self.directions {
            let points = ahead.as_coordinates_mut()?.iter_mut().zip(behind.as_coordinates_mut()?);
            for (i, ((ahead, behind), &x)) in points.zip(x.as_coordinates()?).enumerate() {
                let [above, below] = self.pairs.ends(i, x);
                (*ahead, *behind) =
                    if signs.is_positive() { (above, below) } else { (below, above) };
            }
            let rise = self.oracle.stochastic_cost(&ahead, draw)?
                - self.oracle.stochastic_cost(&behind, draw)?;
            let points = ahead.as_coordinates()?.iter().zip(behind.as_coordinates()?);
            for (g, (&ahead, &behind)) in gradient.as_coordinates_mut()?.iter_mut().zip(points) {
                // the points as they were rounded and moved: 2 h_i D_i, whose size and centre do not
                // depend on D in a box either, so that g stays unbiased but for the shift
                *g = *g + slope(weight * rise, ahead - behind);
            }
        }
        Ok(())
    }
}

impl<O: StochasticCost> StochasticCost for Spsa<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        self.oracle.stochastic_cost(x, draw)
    }
}

pass_on!(Spsa, Mirror);
