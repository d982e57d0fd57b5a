//! Gradients from central differences of drawn costs.

use super::arithmetic::pass_on;
use super::difference_step::{DifferenceStep, Pairs, slope, step_setters};
use super::pool::Pool;
use super::{Draw, StochasticCost, StochasticGradient};
use crate::param::ParamVec;
use argmin::core::Error;

/// The gradient of a drawn cost by central differences, all of them at the one draw:
///
/// ```text
/// g_i = (f(x + h_i e_i; draw) - f(x - h_i e_i; draw)) / (2 h_i)
/// ```
///
/// As all costs share the randomness of the draw, its noise cancels as far as f(x; draw) is smooth
/// in x, and g is the gradient of the drawn cost up to a bias of h_i^2/6 times the third derivative
/// along coordinate i. One draw costs 2 n drawn costs; [`Spsa`](super::Spsa) takes 2.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`with_typical_magnitude`](Self::with_typical_magnitude) | size of coordinates near 0 | 1 |
/// | [`with_step`](Self::with_step) | h itself | eps^(1/3) max(\|x_i\|, typical) |
/// | [`with_noise_level`](Self::with_noise_level) | h from noise that does not cancel | |
/// | [`with_bounds`](Self::with_bounds) | box outside of which no cost is asked for | none |
///
/// The default step balances truncation against rounding. (argmin's `finitediff` takes eps^(1/3)
/// whatever the size of x, which is lost in rounding at large x, and allocates; so it is not used.)
///
/// # References
/// J. Nocedal, S. Wright, *Numerical Optimization*, 2006, section 8.1; J. Moré, S. Wild, *Estimating
/// derivatives of noisy simulations*, 2012, whose argument for forward differences
/// [`with_noise_level`](Self::with_noise_level) applies to central ones.
///
/// ```
/// use argmin::core::{CostFunction, Error, Executor, State};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::oracle::FiniteDifferenceGradient;
///
/// struct Valley;
/// impl CostFunction for Valley {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok((x[0] - 1.0).powi(2) + 10.0 * (x[1] - x[0]).powi(2))
///     }
/// }
/// let result = Executor::new(FiniteDifferenceGradient::new(Valley), Arturo::new())
///     .configure(|state| state.param(vec![-1.0, 2.0]).max_iters(200))
///     .run()?;
/// let x = result.state().get_best_param().unwrap();
/// assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct FiniteDifferenceGradient<O> {
    oracle: O,
    pairs: Pairs,
    #[cfg_attr(feature = "serde1", serde(skip))]
    pool: Pool,
}

impl<O: StochasticCost> FiniteDifferenceGradient<O> {
    /// Differences the costs that `oracle` draws.
    pub fn new(oracle: O) -> Self {
        Self { oracle, pairs: Pairs::default(), pool: Pool::default() }
    }
}

impl<O> FiniteDifferenceGradient<O> {
    const NAME: &'static str = "FiniteDifferenceGradient";
}

step_setters!(FiniteDifferenceGradient);

impl<O: StochasticCost> StochasticGradient for FiniteDifferenceGradient<O> {
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        self.pairs.check(Self::NAME, x)?;
        let mut point = self.pool.take(x);
        let center = x.as_coordinates()?;
        point.as_coordinates_mut()?.copy_from_slice(center);
        for (i, g) in gradient.as_coordinates_mut()?.iter_mut().enumerate() {
            let [ahead, behind] = self.pairs.ends(i, center[i]);
            point.as_coordinates_mut()?[i] = ahead;
            let rise = self.oracle.stochastic_cost(&point, draw)?;
            point.as_coordinates_mut()?[i] = behind;
            let fall = self.oracle.stochastic_cost(&point, draw)?;
            point.as_coordinates_mut()?[i] = center[i];
            *g = slope(rise - fall, ahead - behind);
        }
        Ok(())
    }
}

impl<O: StochasticCost> StochasticCost for FiniteDifferenceGradient<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        self.oracle.stochastic_cost(x, draw)
    }
}

pass_on!(FiniteDifferenceGradient, Mirror);
