//! Coming from Adam.
//!
//! A training loop draws a batch, computes a gradient and takes a step. Here the loop is argmin's
//! [`Executor`](argmin::core::Executor), the batch is the oracle's, and the step is the solver's.
//!
//! | with Adam | here |
//! |---|---|
//! | learning rate, betas, warm-up | nothing: [`Arturo::new`](crate::Arturo::new) measures noise and curvature |
//! | decaying the learning rate | nothing: steps shrink, and the answer is a mean, as noise dominates the gradient |
//! | data loader, batch size, shuffling | [`MiniBatch`](crate::MiniBatch), [`without_replacement`](crate::MiniBatch::without_replacement) |
//! | loss summed or averaged over a batch | averaged, always |
//! | epochs | `max_iters`: gradients to draw, an epoch is [`draws_per_epoch`](crate::MiniBatch::draws_per_epoch) |
//! | `manual_seed` | [`with_seed`](crate::Arturo::with_seed): all randomness comes from the [`Draw`](crate::Draw) |
//! | averaging of weights (EMA, SWA) | `best_param` |
//! | weight decay | a term of the objective; decoupled, as in AdamW, only with [`PaperSettings::weight_decay`](crate::PaperSettings) |
//! | parameter groups | [`with_groups`](crate::Arturo::with_groups) |
//! | early stopping by a patience | [`with_tolerance`](crate::Arturo::with_tolerance) |
//! | loss of the epoch | [`with_filtered_cost`](crate::Arturo::with_filtered_cost) |
//! | gradient clipping | [`Clipped`](crate::oracle::Clipped), where outliers are worse than a bias |
//! | gradient accumulation | [`Replicated`](crate::oracle::Replicated) |
//! | skipping a NaN loss | [`NonFinite::Skip`](crate::NonFinite) |
//! | logging, TensorBoard | [`observer`](crate::observer) |
//! | saving and loading `state_dict` | the module `checkpoint` (feature `serde1`) |
//!
//! [`baseline::Adam`](crate::baseline::Adam) takes the same oracle, so a comparison is one
//! line. It has the arithmetic of PyTorch.
//!
//! ```
//! use argmin_arturo::baseline::Adam;
//! use argmin_arturo::prelude::*;
//!
//! /// Least squares: f_i(x) = 1/2 (x_0 + x_1 t_i - y_i)^2.
//! struct Line {
//!     t: Vec<f64>,
//!     y: Vec<f64>,
//! }
//!
//! impl FiniteSum for Line {
//!     type Param = Vec<f64>;
//!
//!     fn term_count(&self) -> usize {
//!         self.t.len()
//!     }
//!
//!     fn add_term_gradient(&self, x: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
//!         let residual = x[0] + x[1] * self.t[i] - self.y[i];
//!         sum[0] += residual;
//!         sum[1] += residual * self.t[i];
//!         Ok(())
//!     }
//! }
//!
//! let t: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
//! let y = t.iter().enumerate().map(|(i, t)| 1.0 + 2.0 * t + 0.1 * (i as f64).sin()).collect();
//! let line = Line { t, y };
//! // both runs borrow the data
//! let oracle = || Ok::<_, Error>(MiniBatch::new(&line, 8)?.without_replacement());
//!
//! // before: a learning rate, found by trying
//! let adam = Executor::new(oracle()?, Adam::new(0.01)?)
//!     .configure(|state| state.param(vec![0.0; 2]).max_iters(4000))
//!     .run()?;
//! // after
//! let arturo = Executor::new(oracle()?, Arturo::new())
//!     .configure(|state| state.param(vec![0.0; 2]).max_iters(4000))
//!     .run()?;
//!
//! for x in [adam.state().get_best_param(), arturo.state().get_best_param()] {
//!     let x = x.unwrap();
//!     assert!((x[0] - 1.0).abs() < 0.1 && (x[1] - 2.0).abs() < 0.1, "{x:?}");
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! # When to stay with Adam
//!
//! Above 200 parameters, as for most networks, and where its learning rate has been tuned for the problem
//! at hand: the example `logistic` shows both.
