//! Arturo's answer: errors, verdicts, posteriors.

use super::{Arturo, NAME};
use crate::error::invalid;
use crate::method::{Evidence, Method};
#[cfg(feature = "nalgebra")]
use crate::oracle::StochasticGradient;
use crate::param::{ParamVec, Scalar};
use crate::run::RunState;
#[cfg(feature = "nalgebra")]
use crate::settings::NonFinite;
#[cfg(feature = "nalgebra")]
use crate::solution::{Certificate, Certification, default_step};
use crate::solution::{Posterior, Segments, Solution, Stopping, Tolerance, Verdict, assess};
use argmin::core::Error;
#[cfg(feature = "nalgebra")]
use argmin::core::Problem;

/// Third derivatives matter little over a tenth of the distance to the minimum.
#[cfg(feature = "nalgebra")]
const STEP_PER_ERROR: f64 = 0.1;

impl<F: Scalar, M: Method<F>, C> Arturo<F, M, C> {
    /// The recommended point of this run with its errors and a verdict; `state` is argmin's state,
    /// of a run that has ended or of one under way.
    ///
    /// ```
    /// use argmin::core::{Error, Executor, Gradient};
    /// use argmin_arturo::oracle::GaussianNoise;
    /// use argmin_arturo::solution::Verdict;
    /// use argmin_arturo::Arturo;
    ///
    /// struct Bowl;
    /// impl Gradient for Bowl {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![x[0] - 1.0, 10.0 * (x[1] - 2.0)])
    ///     }
    /// }
    ///
    /// let result = Executor::new(GaussianNoise::new(Bowl, 1.0)?, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1000))
    ///     .run()?;
    /// let solution = result.solver().solution(result.state())?;
    /// println!("{solution}");
    /// assert!(matches!(solution.verdict, Verdict::NoiseLimited { .. }));
    /// // noise 1 over curvature 1 and 10, and the square root of the draws that the answer is the mean of:
    /// // some hundred of 1000
    /// assert!((0.03..0.1).contains(&solution.standard_error[0]));
    /// assert!((0.003..0.01).contains(&solution.standard_error[1]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If no gradient has been drawn yet, or the method does not estimate the noise of its draws, as
    /// the published one does not, or there are bounds. While there is no model of the Hessian (in the
    /// first ten draws or so, and above 200 coordinates) all errors are infinite.
    pub fn solution<P>(&self, state: &RunState<P, F>) -> Result<Solution, Error>
    where
        P: ParamVec<Scalar = F>,
    {
        let [x, best] = points(state)?;
        Ok(self.solution_at(&self.evidence()?, &x, &best))
    }

    /// Measures the answer of this run anew, with fresh draws: `certification` says how many.
    ///
    /// The recommended point is corrected by one Newton step from the mean of the fresh draws, with
    /// a measured Hessian, and gets a covariance that holds for correlated parameters, where
    /// [`solution`](Self::solution) must trust the solver's model; see
    /// [`Certification`](crate::solution::Certification) for the method and its price.
    /// It steps as far as a tenth of the standard errors for its differences, and stays in the box of
    /// [`with_bounds`](Self::with_bounds).
    ///
    /// ```
    /// # use argmin::core::{Error, Executor, Gradient};
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
    /// use argmin_arturo::solution::Certification;
    ///
    /// let mut result = Executor::new(GaussianNoise::new(Bowl, 1.0)?, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1000))
    ///     .run()?;
    /// let certification = Certification::new(1000)?;
    /// let certificate =
    ///     result.solver.certify(&mut result.problem, &result.state, &certification)?;
    /// let error = certificate.standard_error().unwrap();
    /// assert!((error[0] / 0.0316 - 1.0).abs() < 0.1); // 1 / sqrt(1000)
    /// # Ok::<(), Error>(())
    /// ```
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
    ) -> Result<Certificate, Error>
    where
        O: StochasticGradient,
        O::Param: ParamVec<Scalar = F>,
    {
        let [x, best] = points(state)?;
        let param = state.best_param.as_ref().expect("`points` has seen it");
        let mut certification = certification.clone();
        if let (Some(bounds), false) = (self.method.bounds(), certification.has_bounds()) {
            let exact = |bounds: &[F]| bounds.iter().map(|x| x.to_f64_exact()).collect();
            certification =
                certification.with_bounds(exact(bounds.lower()), exact(bounds.upper()))?;
        }
        if self.run.non_finite == NonFinite::Skip {
            certification = certification.with_non_finite(NonFinite::Skip);
        }
        if let (Some(evidence), false) =
            (self.method.evidence(self.run.draw_count), certification.has_steps())
        {
            let errors = self.solution_at(&evidence, &x, &best).standard_error;
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

    /// The diagonal Laplace approximation at the recommended point of this run: a normal
    /// distribution of variance temperature / curvature in each coordinate; see [`Posterior`].
    ///
    /// # Errors
    /// If the temperature is not positive and finite, or as for [`solution`](Self::solution).
    pub fn posterior<P>(&self, state: &RunState<P, F>, temperature: f64) -> Result<Posterior, Error>
    where
        P: ParamVec<Scalar = F>,
    {
        let [_, best] = points(state)?;
        let Evidence { curvature, curvature_error, .. } = self.evidence()?;
        Posterior::new(best, curvature, curvature_error, temperature)
    }

    /// Ends the run, with argmin's `SolverConverged`, once the answer is as good as that (default:
    /// never).
    ///
    /// It must hold at 3 checks in a row, each at 5 % more draws than the one before and at least
    /// 20, while the verdict is [`Verdict::NoiseLimited`]: one lucky draw is not enough. Without
    /// noise [`Verdict::Converged`] ends the run, whatever the tolerance.
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

    /// Looks whether the tolerance is met, where one is set and it is time to.
    pub(super) fn is_good_enough<P>(&mut self, state: &RunState<P, F>) -> bool
    where
        P: ParamVec<Scalar = F>,
    {
        let draw_count = self.run.draw_count;
        if self.stopping.as_ref().is_some_and(|stopping| stopping.is_due(draw_count))
            && let (Ok(evidence), Ok([x, best])) = (self.evidence(), points(state))
        {
            let solution = self.solution_at(&evidence, &x, &best);
            if let Some(stopping) = &mut self.stopping {
                stopping.check(&solution, &evidence, draw_count);
            }
        }
        self.stopping.as_ref().is_some_and(Stopping::is_met)
    }

    fn solution_at(&self, evidence: &Evidence, x: &[f64], best: &[f64]) -> Solution {
        let x = evidence.point.as_deref().unwrap_or(x);
        let mut solution = assess(evidence, x, best, self.run.draw_count);
        solution.r_hat = self.segments.as_ref().and_then(Segments::r_hat);
        if self.stopping.as_ref().is_some_and(Stopping::is_met) {
            solution.verdict = Verdict::Converged;
        }
        solution
    }

    fn evidence(&self) -> Result<Evidence, Error> {
        self.method.evidence(self.run.draw_count).ok_or_else(|| {
            invalid(format!(
                "{NAME}: no errors can be given for a method that does not estimate the noise of \
                 its draws, in a box, nor before the first draw; use `Arturo::new`"
            ))
        })
    }
}

/// The last and the recommended point.
fn points<P: ParamVec>(state: &RunState<P, P::Scalar>) -> Result<[Vec<f64>; 2], Error> {
    let exact = |point: &Option<P>| -> Result<Vec<f64>, Error> {
        let point = point.as_ref().ok_or_else(|| {
            invalid(format!("{NAME}: the state holds no point; pass that of the solver's run"))
        })?;
        Ok(point.as_coordinates()?.iter().map(|x| x.to_f64_exact()).collect())
    };
    Ok([exact(&state.param)?, exact(&state.best_param)?])
}
