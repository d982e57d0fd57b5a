//! The manners of the methods without a learning rate to tune.

use super::{Bowl, Constant, Run, end, refuses_by_name};
use crate::common::{Recorder, float};
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, Solver, State};
use argmin_arturo::baseline::{Cocob, Dog, Dowg, Prodigy, ScheduleFree};
use argmin_arturo::{Draw, NonFinite, Scalar, StochasticGradient, Telemetry};
use std::fmt::Debug;

/// Runs a generic check on each solver, with its name in errors.
macro_rules! each {
    ($check:ident) => {{
        $check("ScheduleFree", ScheduleFree::new());
        $check("Prodigy", Prodigy::new());
        $check("Dog", Dog::new());
        $check("Dowg", Dowg::new());
        $check("Cocob", Cocob::new());
    }};
    (f32, $check:ident) => {{
        $check("ScheduleFree", ScheduleFree::<f32>::new());
        $check("Prodigy", Prodigy::<f32>::new());
        $check("Dog", Dog::<f32>::new());
        $check("Dowg", Dowg::<f32>::new());
        $check("Cocob", Cocob::<f32>::new());
    }};
}

#[test]
fn the_answer_is_the_average_of_those_that_have_one() {
    fn check<S: Solver<Bowl<Vec<f64>>, Run<f64>>>(name: &str, solver: S) {
        assert_eq!(solver.name(), name);
        let (_, state) = end(solver, vec![0.0; 5], 4000);
        let (x, best) = (state.get_param().unwrap(), state.get_best_param().unwrap());
        assert_eq!(x == best, matches!(name, "Prodigy" | "Cocob"), "{name}");
        // Prodigy's learning rate never falls: it stays closer than the start, no more
        let tolerance = if name == "Prodigy" { 1.0 } else { 0.2 };
        assert!(best.iter().all(|x| (x - 1.0).abs() < tolerance), "{name}: {best:?}");
        assert_eq!(state.get_last_best_iter(), 3999);
        assert!(state.get_cost().is_nan());
        assert_eq!(state.get_func_counts()["stochastic_gradient_count"], 4000);
    }
    each!(check);
}

#[test]
fn solvers_start_anew_and_seeds_differ() {
    fn check<S: Solver<Bowl<Vec<f64>>, Run<f64>> + Clone + PartialEq + Debug>(
        name: &str,
        solver: S,
        other_seed: S,
    ) {
        let run = |solver| {
            let (solver, state) = end(solver, vec![0.0; 3], 50);
            (solver, state.get_param().unwrap().clone(), state.get_best_param().unwrap().clone())
        };
        let first = run(solver);
        assert_eq!(run(first.0.clone()), first, "{name}");
        assert_ne!(run(other_seed).1, first.1, "{name}");
    }
    check("ScheduleFree", ScheduleFree::new(), ScheduleFree::new().with_seed(1));
    check("Prodigy", Prodigy::new(), Prodigy::new().with_seed(1));
    check("Dog", Dog::new(), Dog::new().with_seed(1));
    check("Dowg", Dowg::new(), Dowg::new().with_seed(1));
    check("Cocob", Cocob::new(), Cocob::new().with_seed(1));
}

/// Every coordinate of the gradient is this, at every point and draw.
struct Slope<F>(F);

impl<F: Scalar> StochasticGradient for Slope<F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, _: &Vec<F>, _: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        g.fill(self.0);
        Ok(())
    }
}

/// Point and answer after so many iterations.
fn slide<F: Scalar, S>(slope: F, solver: S, x0: &[F], iterations: u64) -> [Vec<F>; 2]
where
    S: Solver<Slope<F>, Run<F>>,
{
    let result = Executor::new(Slope(slope), solver)
        .configure(|state| state.param(x0.to_vec()).max_iters(iterations))
        .run()
        .unwrap();
    [result.state().get_param(), result.state().get_best_param()].map(|x| x.unwrap().clone())
}

#[test]
fn a_zero_gradient_moves_nothing() {
    fn check<F: Scalar, S: Solver<Slope<F>, Run<F>>>(name: &str, solver: S) {
        let size = F::max_value() / F::from_f64_lossy(4.0);
        let x0 = [F::from_f64_lossy(0.1), -size, F::min_positive_value()];
        assert_eq!(slide(F::zero(), solver, &x0, 10), [x0.to_vec(), x0.to_vec()], "{name}");
    }
    fn check_double<S: Solver<Slope<f64>, Run<f64>>>(name: &str, solver: S) {
        check::<f64, S>(name, solver);
    }
    fn check_single<S: Solver<Slope<f32>, Run<f32>>>(name: &str, solver: S) {
        check::<f32, S>(name, solver);
    }
    each!(check_double);
    each!(f32, check_single);
    // an epsilon below the range of f32
    check_single("tiny", ScheduleFree::<f32>::new().with_epsilon(1e-60).unwrap());
    check_single("tiny", Prodigy::<f32>::new().with_epsilon(1e-60).unwrap());
}

#[test]
fn an_objective_without_a_minimum_leaves_the_points_finite() {
    // rates that grow as long as the slope lasts pass the largest float in single precision
    fn check<S: Solver<Slope<f32>, Run<f32>> + Clone>(name: &str, solver: S) {
        for slope in [1.0, -1e-12, 7e16] {
            for points in slide(slope, solver.clone(), &[0.5, -1e30], 3000) {
                assert!(points.iter().all(|x| x.is_finite()), "{name} {slope:e} {points:?}");
            }
        }
    }
    each!(f32, check);
}

#[test]
fn settings_out_of_range_are_refused() {
    fn refused<T: Debug>(setting: Result<T, Error>, text: &str) {
        assert_eq!(setting.unwrap_err().to_string(), format!("Invalid parameter: \"{text}\""));
    }
    let (free, prodigy) = (ScheduleFree::<f64>::new, Prodigy::<f64>::new);
    for (value, shown) in [(f64::NAN, "NaN"), (0.0, "0"), (-1.0, "-1"), (f64::INFINITY, "inf")] {
        let range = format!("must be positive and finite, got {shown}");
        let rate = free().with_learning_rate(value);
        refused(rate, &format!("ScheduleFree: `learning_rate` {range}"));
        refused(free().with_epsilon(value), &format!("ScheduleFree: `epsilon` {range}"));
        refused(prodigy().with_epsilon(value), &format!("Prodigy: `epsilon` {range}"));
        let distance = prodigy().with_initial_distance(value);
        refused(distance, &format!("Prodigy: `initial_distance` {range}"));
        refused(Dog::<f64>::new().with_first_step(value), &format!("Dog: `first_step` {range}"));
        refused(Dowg::<f32>::new().with_first_step(value), &format!("Dowg: `first_step` {range}"));
    }
    for (value, shown) in [(f64::NAN, "NaN"), (-0.1, "-0.1"), (1.0, "1"), (f64::INFINITY, "inf")] {
        let range = format!("must be in [0, 1), got {shown}");
        refused(free().with_betas(value, 0.5), &format!("ScheduleFree: `beta1` {range}"));
        refused(free().with_betas(0.5, value), &format!("ScheduleFree: `beta2` {range}"));
        refused(prodigy().with_betas(value, 0.5), &format!("Prodigy: `beta1` {range}"));
        refused(prodigy().with_betas(0.5, value), &format!("Prodigy: `beta2` {range}"));
    }
    for (value, shown) in [(f64::NAN, "NaN"), (-0.5, "-0.5"), (f64::INFINITY, "inf")] {
        let range = format!("must be non-negative and finite, got {shown}");
        refused(Cocob::<f64>::new().with_alpha(value), &format!("Cocob: `alpha` {range}"));
    }
    refused(
        Dog::<f64>::new().with_telemetry(Telemetry::Every(0)),
        "Dog: `telemetry` must be every 1 or more iterations, got Every(0); use Never for none",
    );
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    each!(refuses_by_name);
}

#[test]
fn non_finite_draws_can_be_skipped_as_if_never_drawn() {
    struct Broken(Option<u64>);
    impl StochasticGradient for Broken {
        type Param = Vec<f64>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f64>,
            draw: Draw,
            g: &mut Vec<f64>,
        ) -> Result<(), Error> {
            g.copy_from_slice(x);
            if self.0 == Some(draw.index()) {
                g[1] = f64::INFINITY;
            }
            Ok(())
        }
    }
    fn check<S: Solver<Broken, Run<f64>> + Clone>(name: &str, solver: S) {
        let run = |broken, iterations| {
            let result = Executor::new(Broken(broken), solver.clone())
                .configure(|state| state.param(vec![1.0, 2.0]).max_iters(iterations))
                .run()
                .unwrap();
            result.state().get_best_param().unwrap().clone()
        };
        for broken in [0, 5] {
            assert_eq!(run(Some(broken), 21), run(None, 20), "{name}");
        }
    }
    check("ScheduleFree", ScheduleFree::new().with_non_finite(NonFinite::Skip));
    check("Prodigy", Prodigy::new().with_non_finite(NonFinite::Skip));
    check("Dog", Dog::new().with_non_finite(NonFinite::Skip));
    check("Dowg", Dowg::new().with_non_finite(NonFinite::Skip));
    check("Cocob", Cocob::new().with_non_finite(NonFinite::Skip));
}

#[test]
fn the_learning_rate_that_was_found_is_reported() {
    fn first_and_last<S: Solver<Constant, Run<f64>>>(solver: S) -> [f64; 2] {
        let recorder = Recorder::default();
        Executor::new(Constant(2.0), solver)
            .configure(|state| state.param(vec![0.0; 4]).max_iters(60))
            .add_observer(recorder.clone(), ObserverMode::Always)
            .run()
            .unwrap();
        let rates: Vec<f64> =
            recorder.rows().iter().map(|row| float(row, "learning_rate")).collect();
        [rates[0], rates[rates.len() - 1]]
    }
    assert_eq!(first_and_last(ScheduleFree::new()), [0.0025; 2]);
    assert!(first_and_last(Cocob::new()).iter().all(|rate| rate.is_nan()));
    let [first, last] = first_and_last(Prodigy::new());
    assert!(first == 1e-6 && last > 1e-3, "{first:e} {last:e}");
    // |g| = 4: a first step of the length that is set
    let [first, last] = first_and_last(Dog::new());
    assert!((first / (1e-6 / (16.0 + 1e-8_f64).sqrt()) - 1.0).abs() < 1e-14 && last > 2.0 * first);
    let [first, last] = first_and_last(Dowg::new());
    assert!((first / (1e-4 / (0.04 + 1e-4)) - 1.0).abs() < 1e-14 && last > 10.0 * first);
}

#[test]
fn no_allocation_in_a_step() {
    fn check<S: Solver<Constant, Run<f64>> + Clone>(name: &str, solver: S) {
        let count = |iterations| {
            let solver = solver.clone();
            allocation_counter::measure(|| {
                Executor::new(Constant(1.0), solver)
                    .configure(|state| state.param(vec![0.0; 100]).max_iters(iterations))
                    .run()
                    .unwrap();
            })
            .count_total
        };
        assert_eq!(count(1), count(1001), "{name}");
    }
    check("ScheduleFree", ScheduleFree::new().with_telemetry(Telemetry::Never).unwrap());
    check("Prodigy", Prodigy::new().with_telemetry(Telemetry::Never).unwrap());
    check("Dog", Dog::new().with_telemetry(Telemetry::Never).unwrap());
    check("Dowg", Dowg::new().with_telemetry(Telemetry::Never).unwrap());
    check("Cocob", Cocob::new().with_telemetry(Telemetry::Never).unwrap());
}
