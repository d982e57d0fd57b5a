//! The defects of the original implementation, each as a test of what the crate does instead.

use crate::common::{Recorder, float};
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, Gradient, OptimizationResult, State};
use argmin_arturo::TrustRegion;
use argmin_arturo::dual::Newton;
use argmin_arturo::hessian::KalmanRls;
use argmin_arturo::{
    Arturo, Draw, FailedRun, NonFinite, PaperSettings, Scalar, StochasticGradient,
};

/// An oracle from a function of the point and the draw.
struct Oracle<G>(G);

impl<F: Scalar, G: Fn(&[F], Draw, &mut [F])> StochasticGradient for Oracle<(G, F)> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        self.0.0(x, draw, g);
        Ok(())
    }
}

fn oracle<F: Scalar, G: Fn(&[F], Draw, &mut [F])>(gradient: G) -> Oracle<(G, F)> {
    Oracle((gradient, F::zero()))
}

type Paper<F> = Arturo<F, TrustRegion<F, KalmanRls<F>, Newton>>;

/// The published method with the exact dual.
fn paper<F: Scalar>(settings: PaperSettings) -> Paper<F> {
    Arturo::paper(settings).unwrap().with_dual(Newton::default())
}

fn relative(value: f64, expected: f64) -> f64 {
    (value / expected - 1.0).abs()
}

mod non_finite {
    use super::*;

    /// A quadratic whose draw number 5 has this value in coordinate 1.
    fn broken_once(value: f64) -> impl StochasticGradient<Param = Vec<f64>> {
        oracle(move |x: &[f64], draw: Draw, g: &mut [f64]| {
            g.copy_from_slice(x);
            if draw.index() == 5 {
                g[1] = value;
            }
        })
    }

    #[test]
    fn is_an_error_that_names_coordinate_draw_and_iteration() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let solver = paper(PaperSettings::default()).with_seed(9);
            let run = |iterations| {
                Executor::new(broken_once(value), solver.clone())
                    .configure(|state| state.param(vec![1.0, 2.0, 3.0]).max_iters(iterations))
                    .run()
            };
            let error = run(20).err().unwrap();
            assert_eq!(
                error.to_string(),
                format!(
                    "Arturo: coordinate 1 of the gradient is {value} at iteration 5 (draw 5 of \
                     seed 9); check the oracle at this draw, or skip such draws by \
                     `with_non_finite(NonFinite::Skip)`"
                )
            );
            // the last good point is in the error, to the bit
            let lost: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
            assert_eq!(lost.iteration, 5);
            let before = run(5).unwrap();
            assert_eq!(Some(&lost.param), before.state().get_param());
            assert_eq!(Some(&lost.best_param), before.state().get_best_param());
        }
    }

    #[test]
    fn can_be_skipped_as_if_never_drawn() {
        let solver = || paper(PaperSettings::default());
        let skipping =
            Executor::new(broken_once(f64::NAN), solver().with_non_finite(NonFinite::Skip))
                .configure(|state| state.param(vec![1.0, 2.0, 3.0]).max_iters(21))
                .run()
                .unwrap();
        let clean = Executor::new(broken_once(f64::NAN), solver())
            .configure(|state| state.param(vec![1.0, 2.0, 3.0]).max_iters(5))
            .run()
            .unwrap();
        assert_eq!(skipping.solver().skipped_draw_count(), 1);
        assert_eq!(skipping.solver().draw_count(), 21);
        assert_eq!(clean.solver().skipped_draw_count(), 0);
        let whole =
            Executor::new(oracle(|x: &[f64], _, g: &mut [f64]| g.copy_from_slice(x)), solver())
                .configure(|state| state.param(vec![1.0, 2.0, 3.0]).max_iters(20))
                .run()
                .unwrap();
        assert_eq!(skipping.state().get_param(), whole.state().get_param());
        assert_eq!(skipping.solver().precision(), whole.solver().precision());
        assert_eq!(skipping.solver().curvature(), whole.solver().curvature());
    }

    #[test]
    fn for_ever_moves_nothing() {
        let nan = oracle(|_: &[f64], _, g: &mut [f64]| g.fill(f64::NAN));
        let result = Executor::new(nan, Arturo::new().with_non_finite(NonFinite::Skip))
            .configure(|state| state.param(vec![1.0, 2.0]).max_iters(50))
            .run()
            .unwrap();
        assert_eq!(result.state().get_best_param().unwrap(), &[1.0, 2.0]);
        // each is looked at once more at the start, which tells a broken draw from a point outside
        assert_eq!(result.solver().skipped_draw_count(), 25);
    }
}

/// Runs the published method for some iterations; returns what the last one reported.
fn last_report(
    gradient: impl Fn(&[f64], Draw, &mut [f64]),
    iterations: u64,
    x0: f64,
) -> argmin::core::KV {
    let recorder = Recorder::default();
    Executor::new(oracle(gradient), paper(PaperSettings::default()))
        .configure(|state| state.param(vec![x0]).max_iters(iterations))
        .add_observer(recorder.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    recorder.rows().pop().unwrap()
}

#[test]
fn tiny_and_huge_multipliers_are_found() {
    // the original cannot go below 0.25 nor above 10000
    let report = last_report(|_, _, g| g[0] = 0.01, 1, 0.0);
    assert!((float(&report, "multiplier") - 0.0014).abs() < 1e-4, "{report}");
    assert!(relative(float(&report, "kl"), float(&report, "kl_bound")) <= 1e-3);

    let report = last_report(|_, _, g| g[0] = 4.14e12, 1, 0.0);
    assert!(relative(float(&report, "multiplier"), 1e12) < 0.01, "{report}");
    assert!(relative(float(&report, "kl"), float(&report, "kl_bound")) <= 1e-3);
}

#[test]
fn a_jump_of_the_gradient_keeps_the_kl_at_the_bound_at_once() {
    let jump =
        |_: &[f64], draw: Draw, g: &mut [f64]| g[0] = if draw.index() < 20 { 0.1 } else { 100.0 };
    for iterations in [20, 21, 22] {
        let report = last_report(jump, iterations, 0.0);
        assert!(float(&report, "kl") <= 1.001 * float(&report, "kl_bound"), "{report}");
    }
    let report = last_report(jump, 21, 0.0);
    assert!(relative(float(&report, "kl"), float(&report, "kl_bound")) <= 1e-3, "{report}");
}

#[test]
fn far_from_the_origin_the_filter_covariance_stays_positive_in_single_precision() {
    for x0 in [1e6_f32, -1e6, 1e12] {
        let noisy = oracle(move |x: &[f32], draw: Draw, g: &mut [f32]| {
            let sign = if draw.index().is_multiple_of(3) { -1.0 } else { 1.0 };
            g[0] = x[0] - x0 + sign;
        });
        let result = Executor::new(noisy, paper(PaperSettings::default()))
            .configure(|state| state.param(vec![x0]).max_iters(5000))
            .run()
            .unwrap();
        for [var_b, cov, var_a] in result.solver().estimator().covariance() {
            assert!(var_b > 0.0 && var_a > 0.0, "{x0}: {var_b} {var_a}");
            let [var_b, cov, var_a] = [var_b, cov, var_a].map(f64::from);
            // positive semidefinite up to the rounding of the three f32
            assert!(cov * cov <= var_b * var_a * (1.0 + 1e-6), "{x0}: {cov} {var_b} {var_a}");
        }
        assert!(result.solver().precision()[0] > 0.0);
        assert!(result.state().get_param().unwrap()[0].is_finite());
    }
}

#[test]
fn a_zero_gradient_without_prior_moves_nothing_to_the_last_bit() {
    let x0 = vec![0.1, -1.0 / 3.0, 1e100, 1e-300, -0.0];
    let still = || oracle(|_: &[f64], _, g: &mut [f64]| g.fill(0.0));
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let settings =
        PaperSettings { prior_precision: 0.0, weight_decay: 0.0, ..PaperSettings::default() };

    fn end<O, S>(result: OptimizationResult<O, S, RunState>) -> [Vec<f64>; 2] {
        let state = result.state();
        [state.get_param().unwrap().clone(), state.get_best_param().unwrap().clone()]
    }
    type RunState = argmin::core::IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

    let bisection = Executor::new(still(), Arturo::paper(settings.clone()).unwrap())
        .configure(|state| state.param(x0.clone()).max_iters(100))
        .run()
        .unwrap();
    let newton = Executor::new(still(), paper(settings))
        .configure(|state| state.param(x0.clone()).max_iters(100))
        .run()
        .unwrap();
    let default = Executor::new(still(), Arturo::new())
        .configure(|state| state.param(x0.clone()).max_iters(100))
        .run()
        .unwrap();
    for ends in [end(bisection), end(newton), end(default)] {
        for x in ends {
            assert_eq!(bits(&x), bits(&x0));
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let valid = PaperSettings::default;
    let refuse = |settings: PaperSettings, text: &str| {
        let error = Arturo::<f64, _>::paper(settings).unwrap_err().to_string();
        assert_eq!(error, format!("Invalid parameter: \"{text}\""));
    };
    for (value, shown) in [(f64::NAN, "NaN"), (0.0, "0"), (-1.0, "-1"), (f64::INFINITY, "inf")] {
        refuse(
            PaperSettings { kl_bound: value, ..valid() },
            &format!("Arturo: `kl_bound` must be positive and finite, got {shown}"),
        );
        refuse(
            PaperSettings { initial_variance: value, ..valid() },
            &format!("Arturo: `initial_variance` must be positive and finite, got {shown}"),
        );
        refuse(
            PaperSettings { eta_tolerance: value, ..valid() },
            &format!("Bisection: `eta_tolerance` must be positive and finite, got {shown}"),
        );
    }
    for (value, shown) in [(f64::NAN, "NaN"), (-0.5, "-0.5"), (f64::INFINITY, "inf")] {
        let range = format!("must be non-negative and finite, got {shown}");
        refuse(PaperSettings { nu: value, ..valid() }, &format!("Arturo: `nu` {range}"));
        refuse(
            PaperSettings { reg_weight: value, ..valid() },
            &format!("Arturo: `reg_weight` {range}"),
        );
        refuse(
            PaperSettings { prior_precision: value, ..valid() },
            &format!("Arturo: `prior_precision` {range}"),
        );
        refuse(
            PaperSettings { weight_decay: value, ..valid() },
            &format!("Arturo: `weight_decay` {range}"),
        );
        refuse(
            PaperSettings { initial_filter_variance: value, ..valid() },
            &format!("KalmanRls: `initial_filter_variance` {range}"),
        );
        refuse(
            PaperSettings { measurement_noise: value, ..valid() },
            &format!("KalmanRls: `measurement_noise` {range}"),
        );
        refuse(
            PaperSettings { process_noise: value, ..valid() },
            &format!("KalmanRls: `process_noise` {range}"),
        );
    }
    refuse(
        PaperSettings { measurement_noise: 0.0, process_noise: 0.0, ..valid() },
        "KalmanRls: `measurement_noise` and `process_noise` are both 0, which leaves the gain \
         undefined (0/0) after the first steps; give at least one a positive value",
    );
    refuse(
        PaperSettings { reg_weight: 0.0, nu: 0.0, ..valid() },
        "Arturo: `reg_weight` and `nu` are both 0, which leaves the precision undefined (x/0); \
         give at least one a positive value",
    );
}

/// Objectives without a positive definite Hessian.
mod non_convex {
    use super::*;

    struct Rosenbrock;

    impl Gradient for Rosenbrock {
        type Param = Vec<f64>;
        type Gradient = Vec<f64>;

        fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
            let valley = x[1] - x[0] * x[0];
            Ok(vec![-400.0 * x[0] * valley - 2.0 * (1.0 - x[0]), 200.0 * valley])
        }
    }

    /// Runs, and checks at each iteration that the KL is within the bound, and in the end that all
    /// is finite and the precision positive. Returns the last point.
    fn check<O>(problem: O, x0: &[f64], iterations: u64) -> Vec<f64>
    where
        O: StochasticGradient<Param = Vec<f64>>,
    {
        let recorder = Recorder::default();
        let result = Executor::new(problem, paper(PaperSettings::default()))
            .configure(|state| state.param(x0.to_vec()).max_iters(iterations))
            .add_observer(recorder.clone(), ObserverMode::Always)
            .run()
            .unwrap();
        for report in recorder.rows() {
            assert!(float(&report, "kl") <= 1.001 * float(&report, "kl_bound"), "{report}");
        }
        assert!(result.solver().precision().iter().all(|&p| p > 0.0 && p.is_finite()));
        assert!(result.solver().curvature().iter().all(|a| a.is_finite()));
        let x = result.state().get_param().unwrap().clone();
        assert!(x.iter().all(|x| x.is_finite()), "{x:?}");
        x
    }

    #[test]
    fn rosenbrock_from_its_standard_start() {
        check(Rosenbrock, &[-1.2, 1.0], 5000);
    }

    #[test]
    fn a_maximum_repels() {
        let hill = || oracle(|x: &[f64], _, g: &mut [f64]| g[0] = -x[0]);
        for x0 in [1e-3, -0.5] {
            let x = check(hill(), &[x0], 500);
            assert!(x[0].abs() > 1.0 && x[0].signum() == x0.signum(), "{x:?}");
        }
    }

    #[test]
    fn a_saddle_is_left_along_its_downhill_direction() {
        // f = (x^2 - y^2) / 2, gradient (x, -y)
        let saddle = oracle(|x: &[f64], _, g: &mut [f64]| {
            g[0] = x[0];
            g[1] = -x[1];
        });
        let x = check(saddle, &[1.0, 1e-3], 500);
        assert!(x[0].abs() < 0.1 && x[1] > 1.0, "{x:?}");
    }
}
