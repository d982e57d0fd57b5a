//! One fixed sample, for deterministic solvers.

use super::{Draw, StochasticCost, StochasticGradient};
use crate::param::ParamVec;
use argmin::core::{CostFunction, Error, Gradient};

/// An oracle at one fixed draw, which makes it a deterministic argmin problem: the sample average
/// approximation of f.
///
/// Around [`Replicated`](super::Replicated) it is the mean over k fixed draws,
/// f_k(x) = 1/k sum_j f(x; draw_j). Its minimum is off that of f by O(1/sqrt(k)), and its minimal
/// value is too low on average. argmin's deterministic solvers such as L-BFGS run on it, given that
/// the oracle is a [`StochasticCost`], and those of this crate too, with equal bits whatever the
/// draw.
///
/// Do not freeze [`GaussianNoise`](super::GaussianNoise) or [`StudentTNoise`](super::StudentTNoise)
/// for a solver with line searches: their cost is exact, and their gradient not that of it.
///
/// Gradients of argmin's trait are returned, not written in place, so that each allocates.
///
/// # Reference
/// A. Shapiro, *Monte Carlo sampling methods*, 2003; S. Kim, R. Pasupathy, S. Henderson, *A guide to
/// sample average approximation*, 2015.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin::solver::linesearch::MoreThuenteLineSearch;
/// use argmin::solver::quasinewton::LBFGS;
/// use argmin_arturo::oracle::{Frozen, Replicated, StochasticCost};
/// use argmin_arturo::{Draw, StochasticGradient};
/// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
///
/// /// f(x; z) = 1/2 (x - z)^2, z ~ N(3, 1).
/// struct Mean;
/// impl Mean {
///     fn sample(draw: Draw) -> f64 {
///         let z: f64 = StandardNormal.sample(&mut draw.rng());
///         3.0 + z
///     }
/// }
/// impl StochasticCost for Mean {
///     type Param = Vec<f64>;
///     fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
///         Ok(0.5 * (x[0] - Self::sample(draw)).powi(2))
///     }
/// }
/// impl StochasticGradient for Mean {
///     type Param = Vec<f64>;
///     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
///         g[0] = x[0] - Self::sample(draw);
///         Ok(())
///     }
/// }
///
/// let sample = Frozen::new(Replicated::new(Mean, 400)?, Draw::new(7, 0));
/// let result = Executor::new(sample, LBFGS::new(MoreThuenteLineSearch::new(), 5))
///     .configure(|state| state.param(vec![0.0]).max_iters(20))
///     .run()?;
/// let x = result.state().get_best_param().unwrap();
/// assert!((x[0] - 3.0).abs() < 5.0 / 20.0); // 5 standard errors of the mean of 400
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Frozen<O> {
    oracle: O,
    draw: Draw,
}

impl<O> Frozen<O> {
    /// Fixes the draw of `oracle`.
    pub fn new(oracle: O, draw: Draw) -> Self {
        Self { oracle, draw }
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }

    /// The one draw.
    pub fn draw(&self) -> Draw {
        self.draw
    }
}

impl<O: StochasticCost> CostFunction for Frozen<O> {
    type Param = O::Param;
    type Output = <O::Param as ParamVec>::Scalar;

    fn cost(&self, x: &O::Param) -> Result<Self::Output, Error> {
        self.oracle.stochastic_cost(x, self.draw)
    }
}

impl<O> Gradient for Frozen<O>
where
    O: StochasticGradient,
    O::Param: Clone,
{
    type Param = O::Param;
    type Gradient = O::Param;

    fn gradient(&self, x: &O::Param) -> Result<O::Param, Error> {
        let mut gradient = x.clone();
        self.oracle.stochastic_gradient(x, self.draw, &mut gradient)?;
        Ok(gradient)
    }
}
