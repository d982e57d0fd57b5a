//! Arturo's answer: errors, verdicts, posteriors.

use super::{Arturo, NAME};
use crate::error::no_answer;
use crate::method::{Evidence, Method};
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::run::RunState;
#[cfg(feature = "nalgebra")]
use crate::settings::NonFinite;
#[cfg(feature = "nalgebra")]
use crate::solution::{Certificate, Certification, default_step};
use crate::solution::{RunResult, Segments, Solution, Stopping, Tolerance, Verdict, assess};
#[cfg(feature = "nalgebra")]
use argmin::core::Problem;
use argmin::core::{Error, OptimizationResult};

/// Third derivatives matter little over a tenth of the distance to the minimum.
#[cfg(feature = "nalgebra")]
const STEP_PER_ERROR: f64 = 0.1;

impl<F: Scalar, M: Method<F>, C> Arturo<F, M, C> {
    /// The recommended point of this run with its errors and a verdict; `state` is argmin's state,
    /// of a run that has ended or of one under way. [`RunResult`](crate::solution::RunResult) has a shorter
    /// form for runs that have ended.
    ///
    /// # Errors
    /// If no gradient has been drawn yet, or the method does not estimate the noise of its draws, as
    /// the published one does not, or it has an estimator and bounds. In the first ten draws or so, above 200
    /// coordinates in the first 32, all errors are infinite.
    pub fn solution<P>(&self, state: &RunState<P, F>) -> Result<Solution<P>, Error>
    where
        P: ParamVec<Scalar = F>,
    {
        let [(x, _), (best, param)] = points(state)?;
        Ok(self.solution_at(&self.evidence(param)?, &x, param.clone(), &best))
    }

    /// Measures the answer of this run with fresh draws, as many as `certification` has.
    ///
    /// The recommended point is corrected by one Newton step from the mean of the fresh draws, with
    /// a measured Hessian, and gets a covariance that holds for correlated parameters, where
    /// [`solution`](Self::solution) must trust the solver's model; see
    /// [`Certification`](crate::solution::Certification) for the method and its cost.
    /// Its differences have steps of a tenth of the standard errors, where these are known, and stay in the box of
    /// [`with_bounds`](Self::with_bounds).
    ///
    /// # Errors
    /// Those of [`Certification::at`](crate::solution::Certification::at), and if the state holds no
    /// point.
    #[cfg(feature = "nalgebra")]
    pub fn certify<O>(
        &self,
        problem: &mut Problem<O>,
        state: &RunState<O::Param, F>,
        certification: &Certification,
    ) -> Result<Certificate<O::Param>, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
    {
        let [(x, _), (best, param)] = points(state)?;
        let mut certification = certification.clone();
        if let (Some([lower, upper]), false) = (self.method.bounds(), certification.has_bounds()) {
            let exact = |bounds: &[F]| bounds.iter().map(|x| x.to_f64_exact()).collect();
            certification = certification.with_bounds(exact(lower), exact(upper))?;
        }
        if self.run.non_finite == NonFinite::Skip {
            certification = certification.with_non_finite(NonFinite::Skip);
        }
        if let (Some(evidence), false) = (
            self.method.evidence(param.as_coordinates()?, self.run.draw_count),
            certification.has_steps(),
        ) {
            let errors = self.solution_at(&evidence, &x, (), &best).standard_error;
            let steps = std::iter::zip(errors, &best).map(|(error, x)| {
                let step = STEP_PER_ERROR * error;
                // without noise, or of a coordinate that cannot move, there is no error
                let is_known = step > 0.0 && step.is_finite();
                if is_known { step } else { default_step::<F>(*x) }
            });
            certification = certification.with_steps(steps.collect())?;
        }
        certification.at(problem, param, self.run.seed)
    }

    /// Ends the run, with argmin's `SolverConverged`, once the answer meets this tolerance (default:
    /// never).
    ///
    /// It must hold at 3 checks in a row, each at 5 % more draws than the one before and at least
    /// 20, while the verdict is [`Verdict::NoiseLimited`], so that one draw cannot meet it by chance. Without
    /// noise [`Verdict::Converged`] ends the run, whatever the tolerance. Above the border of the dense model, 200 coordinates,
    /// none is met: the errors there do not see directions in which the run is slow.
    ///
    /// ```
    /// # use argmin::core::{Error, Executor, Gradient, State, TerminationReason};
    /// # use argmin_arturo::oracle::GaussianNoise;
    /// # struct Bowl;
    /// # impl Gradient for Bowl {
    /// #     type Param = Vec<f64>;
    /// #     type Gradient = Vec<f64>;
    /// #     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    /// #         Ok(vec![x[0] - 1.0, 10.0 * (x[1] - 2.0)])
    /// #     }
    /// # }
    /// use argmin_arturo::Arturo;
    /// use argmin_arturo::solution::Tolerance;
    ///
    /// let solver = Arturo::new().with_tolerance(Tolerance::RelativeError(0.05))?;
    /// let result = Executor::new(GaussianNoise::new(Bowl, 1.0)?, solver)
    ///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(100_000))
    ///     .run()?;
    /// let reason = result.state().get_termination_reason();
    /// assert_eq!(reason, Some(&TerminationReason::SolverConverged));
    /// assert!(result.state().get_iter() < 1000);
    ///
    /// assert_eq!(
    ///     Arturo::<f64>::new().with_tolerance(Tolerance::PredictedGain(0.0)).unwrap_err().to_string(),
    ///     "Invalid parameter: \"Tolerance: `PredictedGain` must be positive and finite, got 0\"",
    /// );
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If a value is out of range.
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Result<Self, Error> {
        self.stopping = Some(Stopping::new(tolerance)?);
        Ok(self)
    }

    /// Keeps means and variances of 8 segments of the path, for [`Solution::r_hat`] (default: not),
    /// in 16 arrays.
    #[must_use]
    pub fn with_segments(mut self) -> Self {
        self.segments = Some(Segments::default());
        self
    }

    /// Checks whether the tolerance is met, where one is set and a check is due.
    pub(super) fn is_good_enough<P>(&mut self, state: &RunState<P, F>) -> bool
    where
        P: ParamVec<Scalar = F>,
    {
        let draw_count = self.run.draw_count;
        if self.stopping.as_ref().is_some_and(|stopping| stopping.is_due(draw_count))
            && let Ok([(x, _), (best, param)]) = points(state)
            && let Ok(evidence) = self.evidence(param)
        {
            let solution = self.solution_at(&evidence, &x, (), &best);
            if let Some(stopping) = &mut self.stopping {
                stopping.check(&solution, &best, &evidence, draw_count);
            }
        }
        self.stopping.as_ref().is_some_and(Stopping::is_met)
    }

    pub(super) fn solution_at<P>(
        &self,
        evidence: &Evidence,
        x: &[f64],
        param: P,
        best: &[f64],
    ) -> Solution<P> {
        let x = evidence.point.as_deref().unwrap_or(x);
        let mut solution = assess(evidence, x, param, best, self.run.draw_count);
        solution.r_hat = self.segments.as_ref().and_then(Segments::r_hat);
        if let Some([lower, upper]) = self.method.bounds() {
            // a mean of a path can be on a bound by chance; it has an error then
            let is_on = |i: usize, bound: F| {
                solution.standard_error[i] == 0.0 && best[i] == bound.to_f64_exact()
            };
            solution.on_bounds =
                (0..best.len()).map(|i| [is_on(i, lower[i]), is_on(i, upper[i])]).collect();
        }
        if self.stopping.as_ref().is_some_and(Stopping::is_met) {
            solution.verdict = Verdict::Converged;
        }
        solution
    }

    fn evidence<P>(&self, best: &P) -> Result<Evidence, Error>
    where
        P: ParamVec<Scalar = F>,
    {
        self.method.evidence(best.as_coordinates()?, self.run.draw_count).ok_or_else(|| {
            no_answer(format!(
                "{NAME}: no errors can be given for a method that does not estimate the noise of \
                 its draws, nor before the first draw; use `Arturo::new`"
            ))
        })
    }
}

impl<O, F, M, C> RunResult for OptimizationResult<O, Arturo<F, M, C>, RunState<O::Param, F>>
where
    O: StochasticGradient,
    O::Param: ParamVec<Scalar = F>,
    F: Scalar,
    M: Method<F>,
{
    type Param = O::Param;

    fn solution(&self) -> Result<Solution<O::Param>, Error> {
        self.solver.solution(&self.state)
    }

    #[cfg(feature = "nalgebra")]
    fn certify_with(
        &mut self,
        certification: &Certification,
    ) -> Result<Certificate<O::Param>, Error> {
        self.solver.certify(&mut self.problem, &self.state, certification)
    }
}

/// The last and the recommended point, with their coordinates.
fn points<P: ParamVec>(state: &RunState<P, P::Scalar>) -> Result<[(Vec<f64>, &P); 2], Error> {
    fn exact<P: ParamVec>(point: &Option<P>) -> Result<(Vec<f64>, &P), Error> {
        let point = point.as_ref().ok_or_else(|| {
            no_answer(format!("{NAME}: the state holds no point; pass that of the solver's run"))
        })?;
        Ok((point.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect(), point))
    }
    Ok([exact(&state.param)?, exact(&state.best_param)?])
}
