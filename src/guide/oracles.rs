//! Oracles by example: the settings of the wrappers, and a vector of your own.
//!
//! # Oracles
//!
//! ```
//! use argmin::core::CostFunction;
//! use argmin_arturo::oracle::{
//!     Counted, FiniteDifferenceGradient, Fresh, GaussianNoise, GrowingBatch, Spsa, Staged, Svrg,
//! };
//! use argmin_arturo::prelude::*;
//! use argmin_arturo::rand::Rng;
//!
//! struct Cubic;
//! impl CostFunction for Cubic {
//!     type Param = Vec<f64>;
//!     type Output = f64;
//!     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
//!         Ok(x[0].powi(3))
//!     }
//! }
//! let gradient = |oracle: &dyn StochasticGradient<Param = Vec<f64>>, index| {
//!     let mut g = vec![0.0];
//!     oracle.stochastic_gradient(&vec![1.0], Draw::new(0, index), &mut g)?;
//!     Ok::<f64, Error>(g[0])
//! };
//! // differences over 0.1: 3 + 0.1^2
//! let along_random = Spsa::new(Cubic).with_directions(2)?.with_step(0.1)?;
//! let along_axes = FiniteDifferenceGradient::new(Cubic).with_step(0.1)?;
//! assert!((gradient(&along_random, 0)? - 3.01).abs() < 1e-9);
//! assert!((gradient(&along_axes, 0)? - 3.01).abs() < 1e-9);
//! // the step from the noise of a cost and f''', or from the size of x
//! Spsa::new(Cubic).with_noise_level(0.01, 6.0)?;
//! Spsa::new(Cubic).with_typical_magnitude(10.0)?;
//! FiniteDifferenceGradient::new(Cubic).with_noise_level(0.01, 6.0)?;
//! FiniteDifferenceGradient::new(Cubic).with_typical_magnitude(10.0)?;
//!
//! // as many draws as it takes, up to 64; or by growth alone
//! let oracle = || GaussianNoise::new(FiniteDifferenceGradient::new(Cubic), 1.0);
//! GrowingBatch::new(oracle()?, 64)?.with_min_draws(4)?.with_theta(0.9)?.with_growth(1.5)?;
//! GrowingBatch::new(oracle()?, 64)?.without_test();
//! // noise that no draw repeats; a resumed run continues after the evaluations so far
//! let fresh = Fresh::starting_at(oracle()?, 1000);
//! assert_ne!(gradient(&fresh, 0)?, gradient(&fresh, 0)?);
//!
//! /// 1/2 mean (x - i)^2 over i = 0 .. 100.
//! struct Mean;
//! impl FiniteSum for Mean {
//!     type Param = Vec<f64>;
//!     fn term_count(&self) -> usize {
//!         100
//!     }
//!     fn add_term_gradient(&self, x: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
//!         sum[0] += x[0] - i as f64;
//!         Ok(())
//!     }
//! }
//! // parts of 10 terms on several threads
//! let parallel: MiniBatch<Mean> = MiniBatch::new(Mean, 50)?.in_parallel(10)?;
//! assert_eq!(parallel.draws_per_epoch(), 2);
//! assert!(gradient(&parallel, 0)?.abs() < 99.0);
//! // a stage of SVRG begins with all terms; `InStages` does it in a run
//! let terms = Counted::new(Mean);
//! let counter: Counted<()> = terms.counter();
//! let mut svrg = Svrg::new(MiniBatch::new(terms, 5)?);
//! svrg.begin_stage(&vec![1.0])?;
//! assert_eq!(svrg.stage_point(), Some(&vec![1.0]));
//! assert_eq!(counter.term_gradients(), 100);
//!
//! // the mirror image of a uniform number
//! let draw = Draw::new(1, 2);
//! let uniform = |draw: Draw| draw.reflect_unit(draw.rng().random::<f64>());
//! assert!(draw.mirror().is_mirrored());
//! assert_eq!(uniform(draw) + uniform(draw.mirror()), 1.0);
//! # Ok::<(), Error>(())
//! ```
//!
//! # A vector of your own
//!
//! ```
//! use argmin::core::Gradient;
//! use argmin_arturo::ParamVec;
//! use argmin_arturo::prelude::*;
//!
//! #[derive(Clone, Debug)]
//! struct Point([f64; 2]);
//! impl ParamVec for Point {
//!     type Scalar = f64;
//!     const NAME: &'static str = "Point";
//!     fn try_as_slice(&self) -> Option<&[f64]> {
//!         Some(&self.0)
//!     }
//!     fn try_as_mut_slice(&mut self) -> Option<&mut [f64]> {
//!         Some(&mut self.0)
//!     }
//! }
//! struct Bowl;
//! impl Gradient for Bowl {
//!     type Param = Point;
//!     type Gradient = Point;
//!     fn gradient(&self, x: &Point) -> Result<Point, Error> {
//!         let mut gradient = x.clone();
//!         gradient.as_coordinates_mut()?.iter_mut().for_each(|x| *x -= 1.0);
//!         Ok(gradient)
//!     }
//! }
//! let result = Executor::new(Bowl, Arturo::new())
//!     .configure(|state| state.param(Point([0.0, 0.0])).max_iters(50))
//!     .run()?;
//! let x: &Point = result.state().get_best_param().unwrap();
//! assert!(x.as_coordinates()?.iter().all(|x| (x - 1.0).abs() < 1e-6));
//! # Ok::<(), Error>(())
//! ```
