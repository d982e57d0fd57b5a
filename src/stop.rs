//! A request to end a run.

use argmin::core::{TerminationReason, TerminationStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends a run from outside of the solver, and keeps its result: argmin drops the state of a run that an
/// `Err` of an observer ends.
///
/// Clones share the request. It ends each run of [`Arturo::with_stop`](crate::Arturo::with_stop) or
/// [`Descent::with_stop`](crate::baseline::Descent::with_stop) before its next iteration, with argmin's
/// reason `Interrupt`. It stays requested, so later runs need a new one. A resumed run has none until
/// one is set.
///
/// ```
/// use argmin::core::observers::{Observe, ObserverMode};
/// use argmin::core::{Error, Executor, Gradient, IterState, KV, State, TerminationReason};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::observer::Stop;
///
/// /// f(x) = 1/2 (x - 3)^2
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 3.0])
///     }
/// }
///
/// /// Has seen enough where x is above 2.
/// struct Enough(Stop);
/// impl Observe<IterState<Vec<f64>, Vec<f64>, (), (), (), f64>> for Enough {
///     fn observe_iter(
///         &mut self,
///         state: &IterState<Vec<f64>, Vec<f64>, (), (), (), f64>,
///         _kv: &KV,
///     ) -> Result<(), Error> {
///         if state.best_param.as_ref().is_some_and(|x| x[0] > 2.0) {
///             self.0.request();
///         }
///         Ok(())
///     }
/// }
///
/// let stop = Stop::new();
/// let result = Executor::new(Bowl, Arturo::new().with_stop(stop.clone()))
///     .configure(|state| state.param(vec![0.0]).max_iters(1000))
///     .add_observer(Enough(stop), ObserverMode::Always)
///     .run()?;
/// assert_eq!(result.state().get_termination_reason(), Some(&TerminationReason::Interrupt));
/// assert!(result.state().get_best_param().unwrap()[0] > 2.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Not requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the runs that look at it.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The status that a solver reports to argmin.
    pub(crate) fn status(stop: Option<&Self>) -> TerminationStatus {
        if stop.is_some_and(Self::is_requested) {
            TerminationStatus::Terminated(TerminationReason::Interrupt)
        } else {
            TerminationStatus::NotTerminated
        }
    }
}

/// Equal where a request of one is one of the other.
impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Stop {}
