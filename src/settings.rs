//! Settings of the solvers.

use crate::error::{Requirement, invalid, require};
use argmin::core::Error;

/// The settings of the published method, with the names of the paper.
///
/// The default is the paper's choice for a CNN on Fashion-MNIST. The constants are absolute: they
/// depend on the scale of f and of x, and must be tuned for each problem.
/// [`Arturo::new`](crate::Arturo::new) has none of them.
///
/// ```
/// use argmin_arturo::{Arturo, PaperSettings};
///
/// let settings = PaperSettings { kl_bound: 0.01, ..PaperSettings::default() };
/// # let _: argmin_arturo::Arturo<f64, _> =
/// Arturo::paper(settings)?;
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct PaperSettings {
    /// epsilon, the bound on KL(new || old) of one step in nats, > 0 (default 0.0857).
    pub kl_bound: f64,
    /// Weight of the prior in the objective, >= 0 (default 0.0587).
    pub reg_weight: f64,
    /// Precision of the prior N(0, 1/prior_precision), in 1/x^2, >= 0 (default 0.0015).
    pub prior_precision: f64,
    /// Variance of the Gaussian at first, in x^2, > 0 (default 0.01).
    pub initial_variance: f64,
    /// Variance of the intercept, (f/x)^2, and of the slope, (f/x^2)^2, of the filter at first, >= 0
    /// (default 5e-5).
    pub initial_filter_variance: f64,
    /// Variance of a drawn gradient around the filter's line, in (f/x)^2, >= 0 (default 2.82).
    pub measurement_noise: f64,
    /// Variance that intercept and slope gain at each step, in the units of their variances, >= 0;
    /// not 0 together with `measurement_noise` (default 0.0174).
    pub process_noise: f64,
    /// Weight of the old precision in the new one, >= 0; not 0 together with `reg_weight` (default
    /// 1.3).
    pub nu: f64,
    /// Decoupled weight decay: x shrinks by the factor `1 - kl_bound weight_decay` in a step, >= 0
    /// (default 1.54e-6).
    pub weight_decay: f64,
    /// Absolute width of the bracket at which the bisection for eta stops, > 0 (default 0.5).
    pub eta_tolerance: f64,
}

impl Default for PaperSettings {
    fn default() -> Self {
        Self {
            kl_bound: 0.085_674_56,
            reg_weight: 0.058_656_62,
            prior_precision: 0.0015,
            initial_variance: 0.01,
            initial_filter_variance: 5e-5,
            measurement_noise: 2.816_791_16,
            process_noise: 0.017_392_96,
            nu: 1.3,
            weight_decay: 1.54e-6,
            eta_tolerance: 0.5,
        }
    }
}

impl PaperSettings {
    /// Checks the settings that no other part of the solver checks.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        const NAME: &str = "Arturo";
        require(NAME, "kl_bound", self.kl_bound, Requirement::Positive)?;
        require(NAME, "initial_variance", self.initial_variance, Requirement::Positive)?;
        for (parameter, value) in [
            ("reg_weight", self.reg_weight),
            ("prior_precision", self.prior_precision),
            ("nu", self.nu),
            ("weight_decay", self.weight_decay),
        ] {
            require(NAME, parameter, value, Requirement::NonNegative)?;
        }
        if self.reg_weight + self.nu == 0.0 {
            return Err(invalid(format!(
                "{NAME}: `reg_weight` and `nu` are both 0, which leaves the precision undefined \
                 (x/0); give at least one a positive value"
            )));
        }
        Ok(())
    }
}

/// The treatment of a draw that cannot be used: one at which the oracle fails, as a simulation that
/// does not converge, or one with a coordinate of the gradient that is NaN, infinite, or so large that
/// its square is: above 5e151 in `f64` and 7e16 in `f32`.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::{Arturo, Draw, FailedRun, NonFinite, StochasticGradient};
///
/// /// f(x) = 1/2 (x - 1)^2, by a simulation that fails at one of a hundred draws.
/// struct Simulation;
/// impl StochasticGradient for Simulation {
///     type Param = Vec<f64>;
///     fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
///         if draw.index() % 100 == 99 {
///             return Err(Error::msg("no convergence"));
///         }
///         g[0] = x[0] - 1.0;
///         Ok(())
///     }
/// }
/// let run = |solver: Arturo<f64>| {
///     Executor::new(Simulation, solver)
///         .configure(|state| state.param(vec![0.0]).max_iters(300))
///         .run()
/// };
/// let result = run(Arturo::new().with_non_finite(NonFinite::Skip))?;
/// assert!((result.state().get_best_param().unwrap()[0] - 1.0).abs() < 1e-6);
///
/// // by default the error ends the run, with the best point so far beside it
/// let error = run(Arturo::new()).err().unwrap();
/// let failed: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
/// assert!(failed.iteration >= 99 && (failed.best_param[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NonFinite {
    /// The run ends with the error of the oracle, or with an
    /// [`ArturoError::NonFiniteGradient`](crate::ArturoError::NonFiniteGradient), in a
    /// [`FailedRun`](crate::FailedRun) that has the best point so far.
    #[default]
    Error,
    /// The draw is dropped as a whole: nothing moves, and the solver counts it in
    /// `skipped_draw_count`. The error of the oracle is lost. Drawn costs are dropped likewise,
    /// without a count.
    Skip,
}

/// How often the solver reports its internals to the observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Telemetry {
    /// At no iteration, which saves about a microsecond each.
    Never,
    /// At each iteration that is a multiple of this number (>= 1).
    Every(u64),
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::Every(1)
    }
}

impl Telemetry {
    pub(crate) fn validate(self, solver: &str) -> Result<(), Error> {
        if self == Self::Every(0) {
            return Err(invalid(format!(
                "{solver}: `telemetry` must be every 1 or more iterations, got Every(0); use Never \
                 for none"
            )));
        }
        Ok(())
    }

    /// Whether an iteration is to be reported.
    pub(crate) fn reports_at(self, iteration: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Every(interval) => iteration.is_multiple_of(interval),
        }
    }
}
