//! Draws of the cost itself, where there are no gradients.

use super::{Draw, FiniteSum, MiniBatch};
use crate::param::{ParamVec, Scalar};
use argmin::core::{CostFunction, Error};
use num_traits::Zero;

/// Draws of the cost f(x) = E\[f(x; draw)\].
///
/// The drawn cost must be unbiased, E\[f(x; draw)\] = f(x), and a pure function of x and the draw:
/// take all randomness from [`Draw::rng`]. Then the same draw at two points has the same randomness,
/// and most of it cancels in a difference. A type of yours that draws gradients too should draw
/// those of its drawn costs: g(x, draw) is the gradient of f(x; draw), as [`Frozen`](super::Frozen)
/// needs it.
///
/// Where noise cannot be repeated, or f(x; draw) jumps in x, as in a simulation that counts, the noise does
/// not cancel, and a difference divides it by the step, which is 6e-6 by default. Then set the step by
/// `with_step` or `with_noise_level` of [`FiniteDifferenceGradient`](super::FiniteDifferenceGradient) or
/// [`Spsa`](super::Spsa).
///
/// Every argmin problem with [`CostFunction`] is a cost oracle without noise. So is
/// [`GaussianNoise`](super::GaussianNoise) around one: its noise is on gradients only.
///
/// ```
/// use argmin::core::Error;
/// use argmin_arturo::Draw;
/// use argmin_arturo::oracle::StochasticCost;
/// use argmin_arturo::rand_distr::{Distribution, Exp1};
///
/// /// Newsvendor: buy x at 1, sell at 3 what is asked for, which is exponential with mean 1.
/// struct Newsvendor;
///
/// impl StochasticCost for Newsvendor {
///     type Param = Vec<f64>;
///
///     fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
///         let asked: f64 = Exp1.sample(&mut draw.rng());
///         Ok(x[0] - 3.0 * asked.min(x[0]))
///     }
/// }
/// ```
pub trait StochasticCost {
    /// Type of the parameter vector.
    type Param: ParamVec;

    /// The cost drawn at `x`, in units of f.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a
    /// [`FailedRun`](crate::FailedRun), unless the solver has [`NonFinite::Skip`](crate::NonFinite::Skip).
    fn stochastic_cost(
        &self,
        x: &Self::Param,
        draw: Draw,
    ) -> Result<<Self::Param as ParamVec>::Scalar, Error>;
}

impl<T> StochasticCost for T
where
    T: CostFunction<Output = <<T as CostFunction>::Param as ParamVec>::Scalar>,
    T::Param: ParamVec,
{
    type Param = <T as CostFunction>::Param;

    fn stochastic_cost(&self, x: &Self::Param, _draw: Draw) -> Result<T::Output, Error> {
        self.cost(x)
    }
}

/// A [`FiniteSum`] whose terms have costs, too: with it [`MiniBatch`] is a [`StochasticCost`], and
/// a frozen batch an argmin problem with cost and gradient.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin::solver::linesearch::MoreThuenteLineSearch;
/// use argmin::solver::quasinewton::LBFGS;
/// use argmin_arturo::oracle::{FiniteSumCost, Frozen};
/// use argmin_arturo::{Draw, FiniteSum, MiniBatch};
///
/// /// f_i(x) = 1/2 (x - data_i)^2
/// struct Mean(Vec<f64>);
///
/// impl FiniteSum for Mean {
///     type Param = Vec<f64>;
///     fn term_count(&self) -> usize {
///         self.0.len()
///     }
///     fn add_term_gradient(&self, x: &Vec<f64>, term: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
///         sum[0] += x[0] - self.0[term];
///         Ok(())
///     }
/// }
/// impl FiniteSumCost for Mean {
///     fn term_cost(&self, x: &Vec<f64>, term: usize) -> Result<f64, Error> {
///         Ok(0.5 * (x[0] - self.0[term]).powi(2))
///     }
/// }
///
/// let all = MiniBatch::new(Mean(vec![1.0, 2.0, 6.0]), 3)?; // as large as the sum: all of it
/// let problem = Frozen::new(all, Draw::new(0, 0));
/// let result = Executor::new(problem, LBFGS::new(MoreThuenteLineSearch::new(), 5))
///     .configure(|state| state.param(vec![0.0]).max_iters(20))
///     .run()?;
/// assert!((result.state().get_best_param().unwrap()[0] - 3.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
pub trait FiniteSumCost: FiniteSum<Param: ParamVec> {
    /// The cost f_i(x) of the term `term` (in 0..N) at `x`.
    ///
    /// # Errors
    /// An error ends the run, and reaches the caller of the executor in a
    /// [`FailedRun`](crate::FailedRun), unless the solver has [`NonFinite::Skip`](crate::NonFinite::Skip).
    fn term_cost(
        &self,
        x: &Self::Param,
        term: usize,
    ) -> Result<<Self::Param as ParamVec>::Scalar, Error>;
}

impl<S: FiniteSumCost + ?Sized> FiniteSumCost for &S {
    fn term_cost(
        &self,
        x: &S::Param,
        term: usize,
    ) -> Result<<S::Param as ParamVec>::Scalar, Error> {
        (**self).term_cost(x, term)
    }
}

impl<S: FiniteSumCost> StochasticCost for MiniBatch<S> {
    type Param = S::Param;

    fn stochastic_cost(
        &self,
        x: &S::Param,
        draw: Draw,
    ) -> Result<<S::Param as ParamVec>::Scalar, Error> {
        type Float<P> = <P as ParamVec>::Scalar;

        let batch = self.batch(draw);
        let count = Float::<S::Param>::from_f64_lossy(batch.len() as f64);
        let mut sum = Float::<S::Param>::zero();
        for term in batch {
            sum = sum + self.sum().term_cost(x, term)?;
        }
        Ok(sum / count)
    }
}
