//! Solvers of the crate in basin's executor.
#![cfg(feature = "basin")]

#[path = "common/mod.rs"]
mod common;

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor as Argmin, KV, Solver};
use argmin_arturo::baseline::Adam;
use argmin_arturo::basin::{Batches, Exact, Progress, Stochastic};
use argmin_arturo::hessian::Hutchinson;
use argmin_arturo::observer::Stop;
use argmin_arturo::oracle::Spsa;
use argmin_arturo::session::{AskTell, Remote};
use argmin_arturo::solution::Tolerance;
use argmin_arturo::{Arturo, Draw, FailedRun, NonFinite, StochasticGradient};
use basin::{
    CancellationToken, CostFunction, EvaluationKind, ExactCheckpoint, Executor, Gradient,
    MiniBatchGradient, State, StepOutcome, Termination,
};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

type Run = argmin::core::IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the pump is off")]
struct PumpOff;

/// f(x) = 1/2 |x - 1|^2 with noise of standard deviation about 0.3, whose draws from `failing_from` on fail.
#[derive(Clone, Copy)]
struct Bowl {
    failing_from: u64,
}

const BOWL: Bowl = Bowl { failing_from: u64::MAX };

impl StochasticGradient for Bowl {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        use argmin_arturo::rand::Rng;
        if draw.index() >= self.failing_from {
            return Err(PumpOff.into());
        }
        let mut rng = draw.rng();
        g.iter_mut().zip(x).for_each(|(g, x)| *g = x - 1.0 + rng.random_range(-0.5..0.5));
        Ok(())
    }
}

const START: [f64; 3] = [-1.0, 1.5, 2.0];

fn bits(param: &[f64], best: &[f64]) -> Vec<u64> {
    param.iter().chain(best).map(|x| x.to_bits()).collect()
}

/// What argmin's executor comes to after each iteration.
#[derive(Clone, Default)]
struct Trajectory(Arc<Mutex<Vec<Vec<u64>>>>);

impl Observe<Run> for Trajectory {
    fn observe_iter(&mut self, state: &Run, _kv: &KV) -> Result<(), Error> {
        let [param, best] = [&state.param, &state.best_param].map(|x| x.as_deref().unwrap());
        self.0.lock().unwrap().push(bits(param, best));
        Ok(())
    }
}

/// The points after each iteration in argmin's executor, and the gradients that were drawn.
fn in_argmin<O, S>(oracle: O, solver: S, start: &[f64], iterations: u64) -> (Vec<Vec<u64>>, u64)
where
    S: Solver<O, Run>,
{
    let trajectory = Trajectory::default();
    let result = Argmin::new(oracle, solver)
        .configure(|state| state.param(start.to_vec()).max_iters(iterations))
        .ctrlc(false)
        .add_observer(trajectory.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    let points = trajectory.0.lock().unwrap().clone();
    (points, result.problem.counts["stochastic_gradient_count"])
}

/// The same in basin's executor.
fn in_basin<O, S>(oracle: O, solver: S, start: &[f64], iterations: u64) -> (Vec<Vec<u64>>, u64)
where
    O: StochasticGradient<Param = Vec<f64>>,
    S: AskTell<f64, Remote<f64>>,
{
    let executor = Executor::from_start(oracle, Stochastic::new(solver), start.to_vec());
    let mut stepper = executor.max_iter(iterations).into_stepper().unwrap();
    let mut points = Vec::new();
    while stepper.step().unwrap() == StepOutcome::Continue {
        points.push(bits(stepper.state().param(), stepper.state().best_param()));
        assert_eq!(stepper.iter(), points.len() as u64);
    }
    (points, stepper.counts().gradient_evals)
}

macro_rules! assert_same_on {
    ($oracle:expr, $start:expr, $iterations:expr, $solver:expr) => {{
        let solver = $solver;
        let expected = in_argmin($oracle.clone(), solver.clone(), &$start, $iterations);
        assert_eq!(expected.0.len(), $iterations as usize);
        let (points, gradients) = in_basin($oracle.clone(), solver, &$start, $iterations);
        let first = points.iter().zip(&expected.0).position(|(one, other)| one != other);
        assert_eq!((first, points.len(), gradients), (None, expected.0.len(), expected.1));
    }};
}

#[test]
fn the_bits_of_argmins_executor_on_six_problems_and_three_solvers() {
    crate::on_six_problems_and_three_solvers!(|problem, start, iterations, solver| {
        assert_same_on!(problem, start, iterations, solver)
    });
}

#[test]
fn gradients_beside_that_of_the_iteration_and_draws_that_fail() {
    assert_same_on!(BOWL, START, 100, Arturo::new().with_estimator(Hutchinson::new()));
    let failing = Bowl { failing_from: 60 };
    assert_same_on!(failing, START, 100, Arturo::new().with_non_finite(NonFinite::Skip));
}

#[test]
fn a_tolerance_stops_at_the_draw_at_which_it_does_in_argmin() {
    let solver = Arturo::new().with_tolerance(Tolerance::RelativeError(0.1)).unwrap();
    let (expected, _) = in_argmin(BOWL, solver.clone(), &START, 100_000);
    let executor = Executor::from_start(BOWL, Stochastic::new(solver), START.to_vec());
    let result = executor.max_iter(100_000).run_with_solver().unwrap();
    assert!(result.report.termination.is_converged(), "{:?}", result.report);
    assert_eq!(result.iter(), expected.len() as u64);
    assert_eq!(&bits(result.param(), result.best_param()), expected.last().unwrap());
    let solution = result.solver.session().unwrap().solution().unwrap();
    assert_eq!(&solution.param, result.best_param());
}

#[test]
fn what_basin_sees() {
    let solver = Stochastic::new(Adam::new(0.1).unwrap());
    let result = Executor::new(BOWL, solver, Progress::new(START.to_vec()))
        .max_evaluations(EvaluationKind::Gradient, 7)
        .run_with_solver()
        .unwrap();
    assert!(matches!(result.report.termination, Termination::Limit(_)));
    assert_eq!((result.iter(), result.counts.gradient_evals, result.cost_evals()), (7, 7, 0));
    assert_eq!(result.best_iter(), 7);
    assert!(result.state.cost().is_nan() && result.best_cost() == f64::INFINITY);

    // a solver that has run starts anew, with its settings
    let run = |solver| {
        let executor = Executor::from_start(BOWL, solver, START.to_vec());
        executor.max_iter(7).run().unwrap().into_state()
    };
    let again = run(result.solver.clone());
    assert_eq!(again, run(Stochastic::new(Adam::new(0.1).unwrap())));
    assert_eq!(again, result.state);
}

#[test]
fn single_precision() {
    /// f(x) = 1/2 |x - 1|^2.
    struct Single;
    impl StochasticGradient for Single {
        type Param = Vec<f32>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f32>,
            _: Draw,
            g: &mut Vec<f32>,
        ) -> Result<(), Error> {
            g.iter_mut().zip(x).for_each(|(g, x)| *g = x - 1.0);
            Ok(())
        }
    }
    let solver = Stochastic::new(Arturo::new());
    let result = Executor::from_start(Single, solver, vec![0.0_f32; 2]).run().unwrap();
    assert!(result.best_param().iter().all(|x| (x - 1.0).abs() < 1e-4));
}

#[test]
fn a_token_or_a_request_stops() {
    let token = CancellationToken::new();
    token.cancel();
    let executor = Executor::from_start(BOWL, Stochastic::new(Arturo::new()), START.to_vec());
    let result = executor.with_cancellation_token(token).run().unwrap();
    assert_eq!((result.iter(), result.report.termination), (0, Termination::Cancelled));

    let stop = Stop::new();
    let solver = Stochastic::new(Arturo::new().with_stop(stop.clone()));
    let mut stepper = Executor::from_start(BOWL, solver, START.to_vec()).into_stepper().unwrap();
    assert_eq!(stepper.step().unwrap(), StepOutcome::Continue);
    stop.request();
    let outcome = stepper.step().unwrap();
    let termination = &outcome.report().unwrap().termination;
    assert!(matches!(termination, Termination::Application(stop) if stop.code == "Interrupt"));
    assert_eq!(stepper.iter(), 1);
    // it is in the checkpoint
    let resumed = Executor::resume_from_checkpoint(BOWL, stepper.into_checkpoint().unwrap());
    assert_eq!(resumed.run().unwrap().iter(), 1);
}

#[test]
fn an_error_of_the_oracle_reaches_the_user_with_the_best_point() {
    let solver = Stochastic::new(Adam::new(0.1).unwrap());
    let executor = Executor::from_start(Bowl { failing_from: 5 }, solver, START.to_vec());
    let error = executor.run().err().unwrap();
    assert_eq!(error.downcast_ref(), Some(&PumpOff));
    let run: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
    let (points, _) = in_argmin(BOWL, Adam::new(0.1).unwrap(), &START, 5);
    assert_eq!(run.iteration, 5);
    assert_eq!(&bits(&run.param, &run.best_param), points.last().unwrap());
    assert_eq!(error.to_string(), "Adam: the run ended at iteration 5: the pump is off");
}

#[test]
fn what_does_not_fit_is_refused() {
    let costly = Stochastic::new(Arturo::new().with_filtered_cost());
    let executor = Executor::from_start(BOWL, costly, START.to_vec());
    let text = executor.run().err().unwrap().to_string();
    assert!(text.contains("leave out `with_filtered_cost`"), "{text}");

    let empty = Executor::from_start(BOWL, Stochastic::new(Arturo::new()), Vec::new());
    let text = empty.run().err().unwrap().to_string();
    assert!(text.contains("is empty"), "{text}");

    let solver = Stochastic::new(Arturo::new());
    let checkpoint =
        ExactCheckpoint::from_parts(solver, Progress::new(vec![0.0]), Default::default());
    let text = Executor::resume_from_checkpoint(BOWL, checkpoint).run().err().unwrap().to_string();
    assert!(text.contains("start it by basin's `Executor`"), "{text}");
}

/// Runs of 120 iterations, of which `through` takes the checkpoint at 50.
fn assert_resumes<S, T>(solver: S, through: T)
where
    S: AskTell<f64, Remote<f64>>,
    T: FnOnce(
        ExactCheckpoint<Stochastic<S>, Progress<f64>>,
    ) -> ExactCheckpoint<Stochastic<S>, Progress<f64>>,
{
    let start = || Executor::from_start(BOWL, Stochastic::new(solver.clone()), START.to_vec());
    let whole = start().max_iter(120).run_with_solver().unwrap();
    let checkpoint = start().max_iter(50).run_with_solver().unwrap().into_checkpoint();
    let resumed = Executor::resume_from_checkpoint(BOWL, through(checkpoint));
    let resumed = resumed.max_iter(120).run_with_solver().unwrap();
    assert_eq!(resumed.state, whole.state);
    assert_eq!(resumed.counts, whole.counts);
}

#[test]
fn a_checkpoint_goes_on_to_the_bit() {
    assert_resumes(Arturo::new(), |checkpoint| checkpoint);
    assert_resumes(Adam::new(0.1).unwrap(), |checkpoint| checkpoint);
}

#[test]
fn argmins_executor_goes_on_from_basins() {
    let (whole, _) = in_argmin(BOWL, Arturo::new(), &START, 120);
    let executor = Executor::from_start(BOWL, Stochastic::new(Arturo::new()), START.to_vec());
    let half = executor.max_iter(50).run_with_solver().unwrap();
    let session = half.solver.session().unwrap();
    let state = session.state().clone().max_iters(120);
    let result = Argmin::new(BOWL, session.solver().clone()).configure(|_| state).run().unwrap();
    let [param, best] = [result.state.param, result.state.best_param].map(Option::unwrap);
    assert_eq!(Some(&bits(&param, &best)), whole.last());
}

#[cfg(feature = "serde1")]
#[test]
fn a_checkpoint_in_a_file_goes_on_to_the_bit() {
    use basin::{CheckpointSink, ExactCheckpointWriter, read_exact_checkpoint};
    use serde::{Serialize, de::DeserializeOwned};

    fn through_file<S: Serialize + DeserializeOwned>(
        name: &str,
        checkpoint: ExactCheckpoint<Stochastic<S>, Progress<f64>>,
    ) -> ExactCheckpoint<Stochastic<S>, Progress<f64>> {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut writer = ExactCheckpointWriter::new(&path);
        writer.save(checkpoint.solver(), checkpoint.state(), checkpoint.counts());
        assert_eq!(writer.status().last_error(), None);
        read_exact_checkpoint(path).unwrap()
    }
    assert_resumes(Arturo::new(), |checkpoint| through_file("arturo.basin", checkpoint));
    assert_resumes(Adam::new(0.1).unwrap(), |checkpoint| through_file("adam.basin", checkpoint));
}

/// f(x) = 1/20 sum_i (x_0 + i x_1 - 1 - 2 i)^2, i = 0, 1/10, ..., 19/10.
#[derive(Debug)]
struct Line;

impl Line {
    fn residual(x: &[f64], term: usize) -> [f64; 2] {
        let t = term as f64 / 10.0;
        [x[0] + t * x[1] - 1.0 - 2.0 * t, t]
    }
}

impl CostFunction for Line {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Infallible;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Infallible> {
        Ok((0..20).map(|term| Self::residual(x, term)[0].powi(2)).sum::<f64>() / 20.0)
    }
}

impl MiniBatchGradient for Line {
    type Gradient = Vec<f64>;

    fn n_samples(&self) -> usize {
        20
    }

    fn batch_gradient(&self, x: &Vec<f64>, batch: &[usize]) -> Result<Vec<f64>, Infallible> {
        let mut gradient = vec![0.0; 2];
        for &term in batch {
            let [residual, t] = Self::residual(x, term);
            gradient[0] += 2.0 * residual / batch.len() as f64;
            gradient[1] += 2.0 * residual * t / batch.len() as f64;
        }
        Ok(gradient)
    }
}

impl Gradient for Line {
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Infallible> {
        let all: Vec<_> = (0..20).collect();
        self.batch_gradient(x, &all)
    }
}

#[test]
fn problems_of_basin_are_oracles() {
    fn assert_solves<O: StochasticGradient<Param = Vec<f64>>>(oracle: O) {
        let solver = Stochastic::new(Arturo::new());
        let executor = Executor::from_start(oracle, solver, vec![0.0, 0.0]);
        let result = executor.max_iter(1000).run().unwrap();
        let x = result.best_param();
        assert!((x[0] - 1.0).abs() < 0.01 && (x[1] - 2.0).abs() < 0.01, "{x:?}");
    }
    assert_solves(Exact::new(Line));
    assert_solves(Spsa::new(Exact::new(Line)));
    assert_solves(Batches::new(Line, 4).unwrap());
    let text = Batches::new(Line, 0).unwrap_err().to_string();
    assert!(text.contains("`batch_size` must be at least 1, got 0"), "{text}");
}

#[test]
fn an_epoch_has_every_sample_once() {
    let batches = Batches::new(Line, 6).unwrap();
    let x = vec![0.5, 0.5];
    let mut mean = [0.0; 2];
    for (index, size) in [6, 6, 6, 2].into_iter().enumerate() {
        let mut gradient = Vec::new();
        batches.stochastic_gradient(&x, Draw::new(1, index as u64), &mut gradient).unwrap();
        mean.iter_mut().zip(&gradient).for_each(|(mean, g)| *mean += g * f64::from(size) / 20.0);
    }
    let exact = Gradient::gradient(&Line, &x).unwrap();
    assert!(mean.iter().zip(&exact).all(|(mean, g)| (mean - g).abs() < 1e-12));
}
