//! A citizen of argmin: executors, observers, terminations, checkpoints, vector types.

use crate::common::{Recorder, float, noisy, quadratic};
use argmin::core::observers::ObserverMode;
use argmin::core::{
    CostFunction, Error, Executor, Gradient, State, TerminationReason, TerminationStatus,
};
use argmin_arturo::hessian::{ExactDiagonal, FiniteDifference, HessianDiagonal};
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::{Arturo, Averaging, Draw, PaperSettings, StochasticGradient, Telemetry};
use argmin_observer_paramwriter::{ParamWriter, ParamWriterFormat};
use std::time::Duration;

#[test]
fn runs_repeat_and_seeds_differ() {
    let run = |seed| {
        let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new().with_seed(seed))
            .configure(|state| state.param(vec![0.0; 5]).max_iters(200))
            .run()
            .unwrap();
        result.state().get_best_param().unwrap().clone()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_solver_starts_anew_in_a_second_run() {
    let run = |solver: Arturo<f64>| {
        let result = Executor::new(noisy::<Vec<f64>>(), solver)
            .configure(|state| state.param(vec![0.0; 5]).max_iters(50))
            .run()
            .unwrap();
        (result.solver().clone(), result.state().get_best_param().unwrap().clone())
    };
    let (solver, first) = run(Arturo::new());
    let (again, second) = run(solver.clone());
    assert_eq!(first, second);
    assert_eq!(solver, again);
}

#[test]
fn the_state_keeps_noise_out_of_the_costs() {
    let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new())
        .configure(|state| state.param(vec![0.0; 5]).max_iters(100))
        .run()
        .unwrap();
    let state = result.state();
    assert_eq!(state.get_iter(), 100);
    assert!(state.get_cost().is_nan());
    assert_eq!(state.get_best_cost(), f64::INFINITY);
    assert_eq!(state.get_last_best_iter(), 99);
    let reason = TerminationReason::MaxItersReached;
    assert_eq!(state.get_termination_status(), &TerminationStatus::Terminated(reason));
}

#[test]
fn a_target_needs_a_cost() {
    let error = Executor::new(noisy::<Vec<f64>>(), Arturo::new())
        .configure(|state| state.param(vec![0.0; 5]).max_iters(100).target_cost(0.1))
        .run()
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "Invalid parameter: \"Arturo: `target_cost` is 0.1, but no cost is kept to compare with it; add \
         `with_filtered_cost` or `with_exact_cost`, or stop by `with_tolerance`\""
    );
}

#[test]
fn a_timeout_keeps_the_recommended_point() {
    let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new())
        .configure(|state| state.param(vec![0.0; 5]))
        .timeout(Duration::from_millis(50))
        .run()
        .unwrap();
    let state = result.state();
    let reason = TerminationReason::Timeout;
    assert_eq!(state.get_termination_status(), &TerminationStatus::Terminated(reason));
    let cost = quadratic::<Vec<f64>>().cost(state.get_best_param().unwrap()).unwrap();
    assert!(cost < 7.5, "{cost}");
}

#[test]
fn evaluations_are_counted() {
    let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new())
        .configure(|state| state.param(vec![0.0; 3]).max_iters(20).counting(true))
        .run()
        .unwrap();
    assert_eq!(result.state().get_func_counts()["stochastic_gradient_count"], 20);

    let exact = ExactDiagonal::new().with_interval(4).unwrap();
    let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new().with_estimator(exact))
        .configure(|state| state.param(vec![0.0; 3]).max_iters(20).counting(true))
        .run()
        .unwrap();
    let counts = result.state().get_func_counts();
    assert_eq!(counts["stochastic_gradient_count"], 20);
    assert_eq!(counts["hessian_diagonal_count"], 5);

    // 3 coordinates at the first iteration, a block of 2 in each of the other 19
    let differences = FiniteDifference::new().with_block_size(2).unwrap();
    let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new().with_estimator(differences))
        .configure(|state| state.param(vec![0.0; 3]).max_iters(20).counting(true))
        .run()
        .unwrap();
    let counts = result.state().get_func_counts();
    assert_eq!(counts["stochastic_gradient_count"], 20 + 2 * (3 + 2 * 19));
}

#[test]
fn estimators_find_the_known_diagonal() {
    let exact: Vec<f64> = (1..=5).map(f64::from).collect();
    let close = |got: &[f64], tolerance: f64| {
        let worst = got.iter().zip(&exact).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst <= tolerance, "{got:?}");
    };
    let configure = |max_iters| {
        move |state: argmin::core::IterState<Vec<f64>, Vec<f64>, (), (), (), f64>| {
            state.param(vec![0.0; 5]).max_iters(max_iters)
        }
    };
    let solver = Arturo::new().with_estimator(ExactDiagonal::new());
    let result = Executor::new(noisy::<Vec<f64>>(), solver).configure(configure(30)).run().unwrap();
    close(result.solver().curvature(), 0.0);
    // the noise of the draw cancels: what is left is rounding, 1e-16 / h with h = 6e-6
    let solver = Arturo::new().with_estimator(FiniteDifference::new().with_block_size(2).unwrap());
    let result = Executor::new(noisy::<Vec<f64>>(), solver).configure(configure(30)).run().unwrap();
    close(result.solver().curvature(), 1e-9);
}

/// A problem that gives its diagonal itself, without a Hessian.
struct Diagonal;

impl StochasticGradient for Diagonal {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        *g = vec![4.0 * (x[0] - 2.0)];
        Ok(())
    }
}

impl HessianDiagonal for Diagonal {
    fn hessian_diagonal(
        &self,
        _: &Vec<f64>,
        _: Draw,
        diagonal: &mut Vec<f64>,
    ) -> Result<(), Error> {
        diagonal[0] = 4.0;
        Ok(())
    }
}

#[test]
fn a_problem_can_give_its_own_diagonal() {
    let result = Executor::new(Diagonal, Arturo::new().with_estimator(ExactDiagonal::new()))
        .configure(|state| state.param(vec![0.0]).max_iters(200))
        .run()
        .unwrap();
    // the iterate; the recommended point averages over the way to it
    assert!((result.state().get_param().unwrap()[0] - 2.0).abs() < 1e-8);
    assert!((result.state().get_best_param().unwrap()[0] - 2.0).abs() < 1e-4);
    assert_eq!(result.solver().curvature(), [4.0]);
}

#[test]
fn all_that_is_reported_has_its_key() {
    let recorder = Recorder::default();
    Executor::new(noisy::<Vec<f64>>(), Arturo::paper(PaperSettings::default()).unwrap())
        .configure(|state| state.param(vec![0.0; 5]).max_iters(7))
        .add_observer(recorder.clone(), ObserverMode::Every(3))
        .run()
        .unwrap();
    assert_eq!(recorder.rows().len(), 3);
    for row in recorder.rows() {
        let mut keys: Vec<_> = row.kv.keys().cloned().collect();
        keys.sort();
        assert_eq!(
            keys,
            [
                "curvature_max",
                "curvature_min",
                "dual_evaluations",
                "gradient_norm",
                "kl",
                "kl_bound",
                "multiplier",
                "skipped_draw_count",
                "step_norm"
            ]
        );
        assert!(row.kv.values().all(|value| value.get_float().unwrap().is_finite()), "{row}");
        assert!(float(&row, "curvature_min") <= float(&row, "curvature_max"));
        assert!(float(&row, "step_norm") > 0.0);
    }
}

#[test]
fn telemetry_is_reported_as_often_as_asked() {
    for (telemetry, expected) in [(Telemetry::Never, 0), (Telemetry::Every(4), 3)] {
        let recorder = Recorder::default();
        Executor::new(noisy::<Vec<f64>>(), Arturo::new().with_telemetry(telemetry).unwrap())
            .configure(|state| state.param(vec![0.0; 5]).max_iters(10))
            .add_observer(recorder.clone(), ObserverMode::Always)
            .run()
            .unwrap();
        let reports = recorder.rows().iter().filter(|row| row.get("kl").is_some()).count();
        assert_eq!(reports, expected);
    }
    let error = Arturo::<f64>::new().with_telemetry(Telemetry::Every(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid parameter: \"Arturo: `telemetry` must be every 1 or more iterations, got \
         Every(0); use Never for none\""
    );
}

#[test]
fn argmins_own_observers_work() {
    let directory = std::env::temp_dir().join(format!("arturo-params-{}", std::process::id()));
    let writer = ParamWriter::new(&*directory.to_string_lossy(), "param", ParamWriterFormat::JSON);
    Executor::new(noisy::<Vec<f64>>(), Arturo::new())
        .configure(|state| state.param(vec![0.0; 5]).max_iters(30))
        .add_observer(argmin_observer_slog::SlogLogger::term_noblock(), ObserverMode::Every(10))
        .add_observer(writer, ObserverMode::Every(10))
        .run()
        .unwrap();
    let written = std::fs::read_dir(&directory).unwrap().count();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(written >= 3, "{written} files");
}

#[test]
fn starts_that_cannot_be_used_are_refused() {
    let text = |x0: Option<Vec<f64>>| {
        Executor::new(noisy::<Vec<f64>>(), Arturo::new())
            .configure(|state| match x0 {
                Some(x0) => state.param(x0).max_iters(1),
                None => state.max_iters(1),
            })
            .run()
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        text(None),
        "Not initialized: \"`Arturo` needs a start: pass one by `configure(|state| \
         state.param(x0))`\""
    );
    assert_eq!(
        text(Some(vec![])),
        "Invalid parameter: \"Arturo: the initial parameter vector is empty; it needs at \
             least one coordinate\""
    );
    assert_eq!(
        text(Some(vec![1.0, f64::NAN])),
        "Invalid parameter: \"Arturo: coordinate 1 of the initial parameter vector must be \
         finite, got NaN\""
    );
}

struct WrongLength;

impl Gradient for WrongLength {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, _: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(vec![1.0; 3])
    }
}

#[test]
fn a_gradient_of_another_length_is_refused() {
    let error = Executor::new(WrongLength, Arturo::new())
        .configure(|state| state.param(vec![0.0; 2]).max_iters(1))
        .run()
        .err()
        .unwrap();
    assert_eq!(
        error.root_cause().to_string(),
        "Invalid parameter: \"Arturo: the drawn gradient has 3 coordinates, the parameter vector \
         2; the oracle must write one entry per coordinate\""
    );
}

#[test]
fn averaging_none_recommends_an_iterate() {
    let run = |averaging: Averaging, draws: u64| {
        let seen = crate::common::Path::default();
        let result = Executor::new(noisy::<Vec<f64>>(), Arturo::new().with_averaging(averaging))
            .configure(|state| state.param(vec![0.0; 5]).max_iters(draws))
            .add_observer(seen.clone(), ObserverMode::Always)
            .run()
            .unwrap();
        (result.state().get_best_param().unwrap().clone(), seen)
    };
    let (last, _) = run(Averaging::None, 100);
    let (mean, _) = run(Averaging::Adaptive, 100);
    // it is a point that the run goes on from, which a mean is not
    let (_, later) = run(Averaging::None, 130);
    let visited = |point: &Vec<f64>| later.points().iter().any(|other| other == point);
    assert!(visited(&last) && !visited(&mean), "{last:?}");
}

#[test]
fn no_allocation_in_a_step() {
    // whole runs of different lengths allocate equally often: a step allocates nothing
    struct Free;
    impl StochasticGradient for Free {
        type Param = Vec<f64>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f64>,
            draw: Draw,
            g: &mut Vec<f64>,
        ) -> Result<(), Error> {
            for (g, x) in g.iter_mut().zip(x) {
                *g = x - 1.0 + if draw.index().is_multiple_of(2) { 0.5 } else { -0.5 };
            }
            Ok(())
        }
    }
    impl StochasticCost for Free {
        type Param = Vec<f64>;
        fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
            Ok(x[0] + if draw.index().is_multiple_of(3) { 0.5 } else { -0.25 })
        }
    }
    let count = |run: &dyn Fn()| allocation_counter::measure(run).count_total;
    let default = |iterations| {
        let solver = Arturo::new().with_telemetry(Telemetry::Never).unwrap();
        Executor::new(Free, solver)
            .configure(|state| state.param(vec![0.0; 100]).max_iters(iterations))
            .run()
            .unwrap();
    };
    let watched = |iterations| {
        let solver = Arturo::new().with_telemetry(Telemetry::Never).unwrap();
        Executor::new(Free, solver.with_segments().with_filtered_cost())
            .configure(|state| state.param(vec![0.0; 100]).max_iters(iterations))
            .run()
            .unwrap();
    };
    let paper = |iterations| {
        let settings = PaperSettings { weight_decay: 0.1, ..PaperSettings::default() };
        let solver = Arturo::paper(settings).unwrap().with_telemetry(Telemetry::Never).unwrap();
        Executor::new(Free, solver)
            .configure(|state| state.param(vec![0.0; 100]).max_iters(iterations))
            .run()
            .unwrap();
    };
    assert_eq!(count(&|| default(20)), count(&|| default(1020)));
    assert_eq!(count(&|| watched(20)), count(&|| watched(1020)));
    assert_eq!(count(&|| paper(1)), count(&|| paper(1001)));
}
