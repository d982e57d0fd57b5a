//! Arturo with the cost of its recommended point.

use super::{Arturo, NAME};
use crate::error::invalid;
use crate::param::Scalar;
use crate::solution::{ExactCost, FilteredCost, KeptCost};
use argmin::core::Error;

impl<F: Scalar, M, C> Arturo<F, M, C> {
    /// Keeps an estimate of f at the recommended point, of oracles that also draw their cost
    /// ([`StochasticCost`](crate::oracle::StochasticCost)); `P` is the type of the parameter vector.
    ///
    /// - observers see `filtered_cost` and `filtered_cost_error`, its standard error, from the
    ///   twentieth cost on;
    /// - `best_cost` is the estimate: the unbiased one of the point in `best_param`, not a minimum over
    ///   draws. `target_cost` stops a run when the estimate is two of its errors below it;
    /// - `NewBest` observers are called where the estimate fell by more than its error.
    ///
    /// The estimate f is that of an unbiased filter. At a fresh draw the cost is evaluated at the new
    /// recommended point and at the one before: their difference y carries the estimate along without the
    /// noise that both share, and the new cost c corrects it (STORM, Cutkosky and Orabona 2019, on costs):
    ///
    /// ```text
    /// v <- v + y^2 / R,   k = v / (1 + v),   e = c - (f + y)
    /// f <- f + y + k e,   v <- k,            R <- R + w (e^2 / (1 + v) - R)
    /// ```
    ///
    /// Its standard error is sqrt(v R). It contains no cost that the steps depend on, so it is not biased
    /// low. It takes two drawn costs an iteration, and one where the point has not moved, counted by
    /// argmin as `stochastic_cost_count`.
    ///
    /// ```
    /// use argmin::core::{Error, Executor, State};
    /// use argmin_arturo::oracle::StochasticCost;
    /// use argmin_arturo::{Arturo, Draw, StochasticGradient};
    /// use argmin_arturo::rand_distr::{Distribution, StandardNormal};
    ///
    /// /// f(x; z) = 1/2 (x - z)^2, z ~ N(3, 1): the least mean is 1/2.
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
    /// let result = Executor::new(Mean, Arturo::new().with_filtered_cost())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(2000))
    ///     .run()?;
    /// assert!((result.state().get_best_cost() - 0.5).abs() < 0.08); // 5 standard errors
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn with_filtered_cost<P>(self) -> Arturo<F, M, FilteredCost<P>> {
        self.with_cost(FilteredCost::default())
    }

    /// Evaluates the exact cost of the recommended point at every `interval`-th iteration (>= 1), of
    /// problems that have one ([`CostFunction`](argmin::core::CostFunction)).
    ///
    /// `best_cost` is the last of these costs, so that `target_cost` is exact, and observers see it
    /// as `filtered_cost` with an error of 0.
    ///
    /// ```
    /// use argmin::core::{CostFunction, Error, Executor, Gradient, State, TerminationReason};
    /// use argmin_arturo::Arturo;
    /// use argmin_arturo::oracle::GaussianNoise;
    ///
    /// struct Square;
    /// impl CostFunction for Square {
    ///     type Param = Vec<f64>;
    ///     type Output = f64;
    ///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
    ///         Ok(0.5 * x[0] * x[0])
    ///     }
    /// }
    /// impl Gradient for Square {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(x.clone())
    ///     }
    /// }
    /// let solver = Arturo::new().with_exact_cost(10)?;
    /// let result = Executor::new(GaussianNoise::new(Square, 0.1)?, solver)
    ///     .configure(|state| state.param(vec![5.0]).max_iters(10_000).target_cost(1e-4))
    ///     .run()?;
    /// let reason = result.state().get_termination_reason();
    /// assert_eq!(reason, Some(&TerminationReason::TargetCostReached));
    /// let x = result.state().get_best_param().unwrap();
    /// assert_eq!(result.state().get_best_cost(), 0.5 * x[0] * x[0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If the interval is 0.
    pub fn with_exact_cost(self, interval: u64) -> Result<Arturo<F, M, ExactCost>, Error> {
        if interval == 0 {
            return Err(invalid(format!(
                "{NAME}: the interval of exact costs must be at least 1, got 0"
            )));
        }
        Ok(self.with_cost(ExactCost { interval, iteration: 0 }))
    }

    fn with_cost<C2>(self, source: C2) -> Arturo<F, M, C2> {
        let Self { method, run, telemetry, stopping, segments, stop, scalar, .. } = self;
        let cost = KeptCost::new(source);
        Arturo { method, cost, run, telemetry, stopping, segments, stop, scalar }
    }
}
