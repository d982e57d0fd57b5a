//! Settings by example, in code that runs.
//!
//! # Where curvature comes from
//!
//! ```
//! use argmin_arturo::hessian::{
//!     AdaptiveRls, ExactDiagonal, FiniteDifference, GaussNewton, HessianDiagonal, HessianEstimator,
//!     HessianVectorProduct, Hutchinson, KalmanRls, SquaredGradient, SquaredJacobian,
//! };
//! use argmin_arturo::prelude::*;
//!
//! /// 1/2 (x - 1)^2 + 5 (y - 1)^2, with all that estimators may ask for.
//! struct Bowl;
//! const CURVATURE: [f64; 2] = [1.0, 10.0];
//!
//! impl StochasticGradient for Bowl {
//!     type Param = Vec<f64>;
//!     fn stochastic_gradient(&self, x: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
//!         (0..2).for_each(|i| g[i] = CURVATURE[i] * (x[i] - 1.0));
//!         Ok(())
//!     }
//! }
//! impl HessianDiagonal for Bowl {
//!     fn hessian_diagonal(&self, _: &Vec<f64>, _: Draw, h: &mut Vec<f64>) -> Result<(), Error> {
//!         h.copy_from_slice(&CURVATURE);
//!         Ok(())
//!     }
//! }
//! impl HessianVectorProduct for Bowl {
//!     fn hessian_vector_product(
//!         &self,
//!         _: &Vec<f64>,
//!         v: &Vec<f64>,
//!         _: Draw,
//!         hv: &mut Vec<f64>,
//!     ) -> Result<(), Error> {
//!         (0..2).for_each(|i| hv[i] = CURVATURE[i] * v[i]);
//!         Ok(())
//!     }
//! }
//! /// Residuals x - 1 and sqrt(10) (y - 1).
//! impl SquaredJacobian for Bowl {
//!     fn squared_jacobian(&self, _: &Vec<f64>, _: Draw, s: &mut Vec<f64>) -> Result<(), Error> {
//!         s.copy_from_slice(&CURVATURE);
//!         Ok(())
//!     }
//! }
//!
//! fn minimize<E: HessianEstimator<Bowl>>(estimator: E) -> Result<(), Error> {
//!     let result = Executor::new(Bowl, Arturo::new().with_estimator(estimator))
//!         .configure(|state| state.param(vec![0.0, 0.0]).max_iters(300))
//!         .run()?;
//!     let x = result.state().get_best_param().unwrap();
//!     assert!(x.iter().all(|x| (x - 1.0).abs() < 0.05), "{x:?}");
//!     Ok(())
//! }
//! minimize(AdaptiveRls::default())?;
//! minimize(ExactDiagonal::new().with_interval(5)?)?;
//! minimize(FiniteDifference::new().with_block_size(1)?.with_typical_magnitude(0.1)?)?;
//! minimize(Hutchinson::new().with_interval(2)?.with_typical_magnitude(0.1)?)?;
//! minimize(Hutchinson::exact().with_memory(0.9)?)?;
//! minimize(GaussNewton::new().with_interval(5)?.with_memory(0.5)?)?;
//! // the squares of these gradients are no curvature: the range of the settings alone
//! SquaredGradient::<f64>::new().with_batch_size(32.0)?.with_memory(0.9)?;
//! KalmanRls::<f64>::new(1.0, 1.0, 0.01)?;
//! # Ok::<(), Error>(())
//! ```
//!
//! # The type of a solver
//!
//! ```
//! use argmin_arturo::hessian::AdaptiveRls;
//! use argmin_arturo::prelude::*;
//! use argmin_arturo::dual::Bisection;
//! use argmin_arturo::hessian::KalmanRls;
//! use argmin_arturo::solution::{Certificate, CostComparison, Solution};
//! use argmin_arturo::{PaperSettings, Refereed, TrustRegion};
//!
//! /// The default in `f64` and in `f32`, one with another dual, one with an estimator, the published method,
//! /// and one that keeps its cost, whose type has no name.
//! struct Solvers<S> {
//!     default: Arturo,
//!     in_f32: Arturo<f32>,
//!     with_dual: Arturo<f64, Refereed<f64, Bisection>>,
//!     with_estimator: Arturo<f64, TrustRegion<f64, AdaptiveRls<f64>>>,
//!     paper: Arturo<f64, TrustRegion<f64, KalmanRls<f64>, Bisection>>,
//!     with_cost: S,
//! }
//! let solvers = Solvers {
//!     default: Arturo::new(),
//!     in_f32: Arturo::new().with_segments(),
//!     with_dual: Arturo::new().with_dual(Bisection::new(1e-6)?),
//!     with_estimator: Arturo::new().with_estimator(AdaptiveRls::default()),
//!     paper: Arturo::paper(PaperSettings::default())?,
//!     with_cost: Arturo::<f64>::new().with_exact_cost(10)?,
//! };
//! assert_eq!(solvers.default.skipped_draw_count(), 0);
//! # let _ = (solvers.in_f32, solvers.with_dual, solvers.with_estimator, solvers.paper, solvers.with_cost);
//!
//! /// The results of a run.
//! struct Answer {
//!     solution: Solution<Vec<f32>>,
//!     certificate: Option<Certificate<Vec<f32>>>,
//!     comparison: Option<CostComparison>,
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! # Errors of an answer
//!
//! ```
//! # #[cfg(feature = "nalgebra")] {
//! use argmin::core::Gradient;
//! use argmin_arturo::oracle::{GaussianNoise, Regularized};
//! use argmin_arturo::prelude::*;
//! use argmin_arturo::solution::Certification;
//! # struct Bowl;
//! # impl Gradient for Bowl {
//! #     type Param = Vec<f64>;
//! #     type Gradient = Vec<f64>;
//! #     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
//! #         Ok(vec![x[0] - 1.0, 10.0 * (x[1] - 2.0)])
//! #     }
//! # }
//!
//! let oracle = Regularized::weight_decay(GaussianNoise::new(Bowl, 1.0)?, 0.1)?;
//! let mut result = Executor::new(oracle, Arturo::new())
//!     .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1000))
//!     .run()?;
//! let certification = Certification::new(500)?.with_hessian_draws(20)?.with_steps(vec![0.1, 0.1])?;
//! let certificate = result.certify_with(&certification)?;
//! // of a posterior exp(-f / 0.01), with all correlations
//! let covariance = certificate.posterior_covariance(0.01)?.unwrap();
//! assert!((covariance[(0, 0)] - 0.01 / 1.1).abs() < 1e-3);
//! # }
//! # Ok::<(), argmin::core::Error>(())
//! ```
//!
//! # Baselines
//!
//! ```
//! use argmin_arturo::baseline::{Adam, Cocob, Descent, Dog, Prodigy, ScheduleFree, Sgd};
//! use argmin_arturo::prelude::*;
//!
//! Adam::<f64>::new(1e-3)?.with_betas(0.9, 0.99)?.with_epsilon(1e-10)?;
//! Sgd::<f64>::new(1e-2)?.with_momentum(0.9)?.with_nesterov(true);
//! ScheduleFree::<f64>::new().with_learning_rate(1e-3)?;
//! Prodigy::<f64>::new().with_initial_distance(1e-4)?;
//! Dog::<f64>::new().with_first_step(1e-3)?;
//! Cocob::<f64>::new().with_alpha(100.0)?;
//!
//! /// All of them are one type, up to their rule.
//! fn draws<R: Clone>(solver: &Descent<R>) -> Descent<R> {
//!     solver.clone()
//! }
//! draws(&Adam::<f64>::new(0.1)?);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Several runs
//!
//! ```
//! use argmin::core::{CostFunction, Gradient};
//! use argmin_arturo::MultiStart;
//! use argmin_arturo::multi_start::Finish;
//! use argmin_arturo::prelude::*;
//!
//! struct Square;
//! impl CostFunction for Square {
//!     type Param = Vec<f64>;
//!     type Output = f64;
//!     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
//!         Ok(x[0] * x[0])
//!     }
//! }
//! impl Gradient for Square {
//!     type Param = Vec<f64>;
//!     type Gradient = Vec<f64>;
//!     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
//!         Ok(vec![2.0 * x[0]])
//!     }
//! }
//! let starts = MultiStart::new(vec![vec![1.0], vec![2.0]])?.with_seeds(&[1, 2])?.with_threads(2)?;
//! # #[cfg(feature = "rayon")]
//! let starts = starts.on_rayon();
//! let run = |start, seed| {
//!     Executor::new(Square, Arturo::new().with_seed(seed))
//!         .configure(|state| state.param(start).max_iters(30))
//!         .run()
//! };
//! let outcome = starts.run(run, &Square)?;
//! assert!(outcome.failures().is_empty());
//! fn cost<R>(finish: &Finish<Vec<f64>, R>) -> f64 {
//!     finish.cost
//! }
//! assert!(outcome.finishes().len() == 4 && outcome.finishes().iter().all(|end| cost(end) < 1e-6));
//! # Ok::<(), Error>(())
//! ```
//!
//! # Watching and stopping
//!
//! ```
//! use argmin::core::Gradient;
//! use argmin_arturo::observer::{History, Stop};
//! use argmin_arturo::prelude::*;
//! # struct Bowl;
//! # impl Gradient for Bowl {
//! #     type Param = Vec<f64>;
//! #     type Gradient = Vec<f64>;
//! #     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
//! #         Ok(vec![x[0] - 1.0])
//! #     }
//! # }
//!
//! let (stop, history) = (Stop::new(), History::new());
//! assert!(!stop.is_requested());
//! Executor::new(Bowl, Arturo::new().with_stop(stop.clone()))
//!     .configure(|state| state.param(vec![0.0]).max_iters(100))
//!     .add_observer(history.clone(), ObserverMode::Always)
//!     .run()?;
//! history.table().write_json(std::io::sink())?; // or `save_json(path)`
//! # #[cfg(feature = "plot")] {
//! // with the feature `plot`
//! use argmin_arturo::observer::Plot;
//! let plot = Plot::new()
//!     .with_panel("curvature, f/x^2", ["curvature_min", "curvature_max"])
//!     .with_run("arTuRO", history.table())
//!     .over_time();
//! assert!(plot.to_svg()?.contains("curvature"));
//! # #[cfg(feature = "png")]
//! plot.to_png()?; // with the feature `png`
//! # }
//! # #[cfg(feature = "progress")] {
//! // with the feature `progress`: a line now and then where there is no terminal
//! use argmin_arturo::observer::Progress;
//! let progress = Progress::new().with_lines_to(std::io::sink());
//! Executor::new(Bowl, Arturo::new())
//!     .configure(|state| state.param(vec![0.0]).max_iters(100))
//!     .add_observer(progress, ObserverMode::Always)
//!     .run()?;
//! # }
//! # #[cfg(feature = "serde1")] {
//! // with the feature `serde1`: a run that is resumed goes as far as this, and must have one coordinate
//! use argmin_arturo::checkpoint::AtomicCheckpoint;
//! let checkpoint = AtomicCheckpoint::new("bowl.checkpoint").with_max_iters(200).with_coordinates(1);
//! assert_eq!(checkpoint.path().to_str(), Some("bowl.checkpoint"));
//! # }
//! # Ok::<(), Error>(())
//! ```
//!
//! # The dual, and transforms
//!
//! ```
//! use argmin_arturo::dual::{DualSolution, DualSolver, DualValue, Newton};
//! use argmin_arturo::{Arturo, Transform};
//!
//! // KL(eta) = 4 / (1 + eta)^2 = 1 at eta = 1, from the multiplier of the step before
//! let dual = Newton::default().with_tolerance(1e-6)?;
//! let kl = |eta: f64| DualValue { kl: 4.0 / (1.0 + eta).powi(2), slope: -8.0 / (1.0 + eta).powi(3) };
//! let solution: DualSolution = dual.solve(1.0, Some(1.1), kl);
//! assert!((solution.multiplier - 1.0).abs() < 1e-5 && dual.first_multiplier(Some(1.1)) >= 0.0);
//! Arturo::<f64>::new().with_dual(dual);
//!
//! assert_eq!(Transform::Log.invert(Transform::Log.apply(2.0)), 2.0);
//! # Ok::<(), argmin::core::Error>(())
//! ```
