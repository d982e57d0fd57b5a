//! The baselines: parity with PyTorch and the packages of the others, and the same manners as `Arturo` in argmin.

mod rivals;
mod torch;
mod untuned;

use crate::common::{Recorder, float};
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, IterState, Problem, Solver, State};
use argmin_arturo::baseline::{Adam, AdamW, Sgd};
#[cfg(feature = "nalgebra")]
use argmin_arturo::baseline::{Cocob, Dog, Dowg, Prodigy, ScheduleFree};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Draw, FailedRun, NonFinite, ParamVec, Scalar, StochasticGradient, Telemetry};
use rand::Rng;
use std::marker::PhantomData;

type StateOf<P> = IterState<P, P, (), (), (), <P as ParamVec>::Scalar>;
type Run<F> = IterState<Vec<F>, Vec<F>, (), (), (), F>;

/// f(x) = 1/2 |x - 1|^2, seen through noise of +-1/2.
struct Bowl<P>(PhantomData<P>);

fn bowl<P>() -> Bowl<P> {
    Bowl(PhantomData)
}

impl<P: ParamVec> StochasticGradient for Bowl<P> {
    type Param = P;

    fn stochastic_gradient(&self, x: &P, draw: Draw, g: &mut P) -> Result<(), Error> {
        let noise = if draw.rng().random() { 0.5 } else { -0.5 };
        let shift = P::Scalar::from_f64_lossy(noise - 1.0);
        for (g, x) in g.as_coordinates_mut()?.iter_mut().zip(x.as_coordinates()?) {
            *g = *x + shift;
        }
        Ok(())
    }
}

/// Every coordinate of the gradient is this, at every draw.
struct Constant(f64);

impl StochasticGradient for Constant {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, _: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        g.fill(self.0);
        Ok(())
    }
}

fn adam<F: Scalar>() -> Adam<F> {
    Adam::new(0.05).unwrap()
}

fn adamw<F: Scalar>() -> AdamW<F> {
    AdamW::new(0.05).unwrap()
}

fn sgd<F: Scalar>() -> Sgd<F> {
    Sgd::new(0.05).unwrap().with_momentum(0.9).unwrap()
}

/// Runs a generic check on each baseline, with its name in errors.
macro_rules! each {
    ($check:ident) => {{
        $check("Adam", adam());
        $check("AdamW", adamw());
        $check("Sgd", sgd());
    }};
}

fn end<P, S>(solver: S, x0: P, iterations: u64) -> (S, StateOf<P>)
where
    P: ParamVec,
    S: Solver<Bowl<P>, StateOf<P>>,
{
    let result = Executor::new(bowl(), solver)
        .configure(|state| state.param(x0).max_iters(iterations).counting(true))
        .run()
        .unwrap();
    (result.solver, result.state)
}

#[test]
fn the_state_holds_the_last_iterate_and_no_cost() {
    fn check<S: Solver<Bowl<Vec<f64>>, Run<f64>>>(name: &str, solver: S) {
        assert_eq!(solver.name(), name);
        let (_, state) = end(solver, vec![0.0; 5], 400);
        assert_eq!(state.get_best_param(), state.get_param());
        assert_eq!(state.get_gradient().unwrap().len(), 5);
        assert_eq!(state.get_last_best_iter(), 399);
        assert!(state.get_cost().is_nan());
        assert_eq!(state.get_best_cost(), f64::INFINITY);
        assert_eq!(state.get_func_counts()["stochastic_gradient_count"], 400);
        let x = state.get_param().unwrap();
        assert!(x.iter().all(|x| (x - 1.0).abs() < 0.4), "{name}: {x:?}");
    }
    each!(check);
}

#[test]
fn runs_repeat_seeds_differ_and_solvers_start_anew() {
    let run = |solver: Adam<f64>| {
        let (solver, state) = end(solver, vec![0.0; 3], 50);
        (solver, state.get_param().unwrap().clone())
    };
    let (solver, first) = run(adam().with_seed(1));
    assert_eq!(solver.draw_count(), 50);
    assert_eq!(run(solver.clone()), (solver, first.clone()));
    assert_ne!(run(adam().with_seed(2)).1, first);
    let momentum = |solver| end(solver, vec![0.0; 3], 50);
    let (solver, state) = momentum(sgd());
    let (again, repeated) = momentum(solver.clone());
    assert_eq!((again, repeated.get_param()), (solver, state.get_param()));
}

#[test]
fn steps_draw_in_order() {
    struct Order(std::sync::Mutex<Vec<Draw>>);
    impl StochasticGradient for &Order {
        type Param = Vec<f64>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f64>,
            draw: Draw,
            g: &mut Vec<f64>,
        ) -> Result<(), Error> {
            self.0.lock().unwrap().push(draw);
            g.copy_from_slice(x);
            Ok(())
        }
    }
    let order = Order(std::sync::Mutex::default());
    Executor::new(&order, sgd().with_seed(9))
        .configure(|state| state.param(vec![1.0]).max_iters(4))
        .run()
        .unwrap();
    assert_eq!(*order.0.lock().unwrap(), [0, 1, 2, 3].map(|index| Draw::new(9, index)));
}

#[test]
fn a_zero_gradient_moves_nothing() {
    let still = |x0: Vec<f64>| {
        Executor::new(Constant(0.0), adam())
            .configure(|state| state.param(x0).max_iters(10))
            .run()
            .unwrap()
            .state()
            .get_param()
            .unwrap()
            .clone()
    };
    assert_eq!(still(vec![0.1, -1e300, 1e-300]), [0.1, -1e300, 1e-300]);

    // an epsilon below the range of f32
    struct Zero;
    impl StochasticGradient for Zero {
        type Param = Vec<f32>;
        fn stochastic_gradient(
            &self,
            _: &Vec<f32>,
            _: Draw,
            g: &mut Vec<f32>,
        ) -> Result<(), Error> {
            g.fill(0.0);
            Ok(())
        }
    }
    let result = Executor::new(Zero, adam().with_epsilon(1e-60).unwrap())
        .configure(|state| state.param(vec![0.5]).max_iters(10))
        .run()
        .unwrap();
    assert_eq!(result.state().get_param().unwrap(), &[0.5]);
}

#[test]
fn settings_out_of_range_are_refused() {
    fn refused<T: std::fmt::Debug>(setting: Result<T, Error>, text: &str) {
        assert_eq!(setting.unwrap_err().to_string(), format!("Invalid parameter: \"{text}\""));
    }
    for (value, shown) in [(f64::NAN, "NaN"), (-0.5, "-0.5"), (f64::INFINITY, "inf")] {
        let range = format!("must be non-negative and finite, got {shown}");
        refused(adam::<f64>().with_weight_decay(value), &format!("Adam: `weight_decay` {range}"));
        refused(adamw::<f64>().with_weight_decay(value), &format!("AdamW: `weight_decay` {range}"));
        refused(sgd::<f64>().with_weight_decay(value), &format!("Sgd: `weight_decay` {range}"));
    }
    for (value, shown) in [(f64::NAN, "NaN"), (0.0, "0"), (-1.0, "-1"), (f64::INFINITY, "inf")] {
        let range = format!("must be positive and finite, got {shown}");
        refused(Adam::<f64>::new(value), &format!("Adam: `learning_rate` {range}"));
        refused(AdamW::<f64>::new(value), &format!("AdamW: `learning_rate` {range}"));
        refused(Sgd::<f64>::new(value), &format!("Sgd: `learning_rate` {range}"));
        refused(adam::<f64>().with_epsilon(value), &format!("Adam: `epsilon` {range}"));
        refused(adamw::<f32>().with_epsilon(value), &format!("AdamW: `epsilon` {range}"));
    }
    for (value, shown) in [(f64::NAN, "NaN"), (-0.1, "-0.1"), (1.0, "1"), (f64::INFINITY, "inf")] {
        let range = format!("must be in [0, 1), got {shown}");
        refused(adam::<f64>().with_betas(value, 0.5), &format!("Adam: `beta1` {range}"));
        refused(adamw::<f64>().with_betas(0.5, value), &format!("AdamW: `beta2` {range}"));
        refused(sgd::<f64>().with_momentum(value), &format!("Sgd: `momentum` {range}"));
    }
    refused(
        adam::<f64>().with_schedule(KlSchedule::Cosine { horizon: 0 }),
        "KlSchedule: `horizon` must be at least 1 iteration, got 0",
    );
    refused(
        sgd::<f64>().with_telemetry(Telemetry::Every(0)),
        "Sgd: `telemetry` must be every 1 or more iterations, got Every(0); use Never for none",
    );
}

/// The error of a run.
fn failure<O, S>(problem: O, solver: S, x0: Option<Vec<f64>>) -> Error
where
    O: StochasticGradient<Param = Vec<f64>>,
    S: Solver<O, Run<f64>>,
{
    Executor::new(problem, solver)
        .configure(|state| match x0 {
            Some(x0) => state.param(x0).max_iters(9),
            None => state.max_iters(9),
        })
        .run()
        .err()
        .unwrap()
}

#[test]
fn nesterov_needs_a_momentum() {
    let plain = || Sgd::new(0.1).unwrap().with_nesterov(true);
    assert_eq!(
        failure(bowl(), plain(), Some(vec![0.0])).to_string(),
        "Invalid parameter: \"Sgd: `nesterov` needs a positive `momentum`, got 0; set one by \
         `with_momentum`\""
    );
    // in either order
    end(plain().with_momentum(0.5).unwrap(), vec![0.0], 1);
}

/// Writes a gradient of three coordinates.
struct WrongLength;
impl StochasticGradient for WrongLength {
    type Param = Vec<f64>;
    fn stochastic_gradient(&self, _: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        *g = vec![1.0; 3];
        Ok(())
    }
}

/// Checks the errors of all that a run cannot be made of.
fn refuses_by_name<S>(name: &str, solver: S)
where
    S: Solver<Bowl<Vec<f64>>, Run<f64>>
        + Solver<WrongLength, Run<f64>>
        + Solver<Constant, Run<f64>>
        + Clone,
{
    let text = |x0| failure(bowl(), solver.clone(), x0).to_string();
    assert_eq!(
        text(None),
        format!(
            "Not initialized: \"`{name}` needs a start: pass one by `configure(|state| \
             state.param(x0))`\""
        )
    );
    assert_eq!(
        text(Some(vec![])),
        format!(
            "Invalid parameter: \"{name}: the initial parameter vector is empty; it needs at \
         least one coordinate\""
        )
    );
    assert_eq!(
        text(Some(vec![1.0, f64::NAN])),
        format!(
            "Invalid parameter: \"{name}: coordinate 1 of the initial parameter vector must be \
             finite, got NaN\""
        )
    );
    assert_eq!(
        failure(WrongLength, solver.clone(), Some(vec![0.0; 2])).root_cause().to_string(),
        format!(
            "Invalid parameter: \"{name}: the drawn gradient has 3 coordinates, the parameter \
             vector 2; the oracle must write one entry per coordinate\""
        )
    );
    let error = failure(Constant(f64::NAN), solver.clone(), Some(vec![1.0, 2.0]));
    assert_eq!(
        error.to_string(),
        format!(
            "{name}: coordinate 0 of the gradient is NaN at iteration 0 (draw 0 of seed 0); \
             check the oracle at this draw, or skip such draws by \
             `with_non_finite(NonFinite::Skip)`"
        )
    );
    let lost: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
    assert_eq!((lost.solver, &lost.param, lost.iteration), (name, &vec![1.0, 2.0], 0));

    let (mut solver, state) = end(solver, vec![0.0; 3], 2);
    let mut problem = Problem::new(bowl());
    assert_eq!(
        solver.next_iter(&mut problem, state.param(vec![0.0; 4])).err().unwrap().to_string(),
        format!(
            "Invalid parameter: \"{name}: the parameter vector has 4 coordinates, the run so \
             far had 3; resume it with the vector it was begun with\""
        )
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
    let run = |broken, iterations| {
        let solver = adamw().with_non_finite(NonFinite::Skip);
        let result = Executor::new(Broken(broken), solver)
            .configure(|state| state.param(vec![1.0, 2.0]).max_iters(iterations))
            .run()
            .unwrap();
        (result.solver.skipped_draw_count(), result.state().get_param().unwrap().clone())
    };
    for broken in [0, 5] {
        let (skipped, x) = run(Some(broken), 21);
        assert_eq!((skipped, x), (1, run(None, 20).1));
    }
}

#[test]
fn all_that_is_reported_has_its_key() {
    let recorder = Recorder::default();
    let schedule = KlSchedule::MultiStep { milestones: vec![4], gamma: 0.5 };
    let solver = sgd().with_schedule(schedule).unwrap().with_telemetry(Telemetry::Every(4));
    Executor::new(Constant(2.0), solver.unwrap())
        .configure(|state| state.param(vec![0.0; 4]).max_iters(8))
        .add_observer(recorder.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    let rows = recorder.rows();
    let reports: Vec<_> = rows.iter().filter(|row| row.get("step_norm").is_some()).collect();
    // buffer 2, then 2 (1 - 0.9^5) / 0.1; norms of 4 equal coordinates
    let expected = [(0.05, 0.05 * 4.0), (0.025, 0.025 * 4.0 * (1.0 - 0.9_f64.powi(5)) / 0.1)];
    assert_eq!(reports.len(), expected.len());
    for (report, (learning_rate, step_norm)) in reports.into_iter().zip(expected) {
        assert_eq!(float(report, "learning_rate"), learning_rate);
        assert_eq!(float(report, "gradient_norm"), 4.0);
        assert!((float(report, "step_norm") / step_norm - 1.0).abs() < 1e-12, "{report}");
        assert_eq!(float(report, "skipped_draw_count"), 0.0);
    }
}

#[test]
fn no_allocation_in_a_step() {
    fn check<S: Solver<Constant, Run<f64>> + Clone>(name: &str, solver: S) {
        // whole runs of different lengths allocate equally often: a step allocates nothing
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
    check("Adam", adam().with_telemetry(Telemetry::Never).unwrap());
    check("AdamW", adamw().with_telemetry(Telemetry::Never).unwrap());
    check("Sgd", sgd().with_telemetry(Telemetry::Never).unwrap());
    check("plain", Sgd::new(0.1).unwrap().with_telemetry(Telemetry::Never).unwrap());
}

#[cfg(feature = "nalgebra")]
#[test]
fn all_vector_types_give_the_same_bits() {
    use nalgebra::{DMatrix, DVector, SVector};
    fn bits<P: ParamVec>(x0: P) -> Vec<u64> {
        let states = [
            end(adam(), x0.clone(), 60).1,
            end(adamw(), x0.clone(), 60).1,
            end(sgd().with_nesterov(true), x0.clone(), 60).1,
            end(ScheduleFree::new(), x0.clone(), 60).1,
            end(Prodigy::new(), x0.clone(), 60).1,
            end(Dog::new(), x0.clone(), 60).1,
            end(Dowg::new(), x0.clone(), 60).1,
            end(Cocob::new(), x0, 60).1,
        ];
        let coordinates = |state: &StateOf<P>| {
            let x = state.get_best_param().unwrap().as_coordinates().unwrap();
            x.iter().map(|x| x.to_f64_exact().to_bits()).collect::<Vec<_>>()
        };
        states.iter().flat_map(coordinates).collect()
    }
    let reference = bits(vec![0.5; 6]);
    assert_eq!(bits(DVector::from_element(6, 0.5)), reference);
    assert_eq!(bits(SVector::<f64, 6>::from_element(0.5)), reference);
    assert_eq!(bits(DMatrix::from_element(2, 3, 0.5)), reference);
    let single = bits(vec![0.5_f32; 6]);
    assert_eq!(bits(DVector::from_element(6, 0.5_f32)), single);
    assert_ne!(single, reference);
}
