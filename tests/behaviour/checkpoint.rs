//! A resumed run has the bits of an uninterrupted one.
#![cfg(feature = "serde1")]

use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
use argmin::core::{Error, Executor, Gradient, IterState, Solver, State};
use argmin_arturo::baseline::{Adam, AdamW, Cocob, Dog, Dowg, Prodigy, ScheduleFree, Sgd};
use argmin_arturo::dual::Newton;
use argmin_arturo::hessian::{
    Constant, FiniteDifference, GaussNewton, Hutchinson, SquaredGradient, SquaredJacobian,
};
use argmin_arturo::oracle::{FiniteSumCost, GaussianNoise, InStages, Svrg};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::solution::Tolerance;
use argmin_arturo::{
    Arturo, Averaging, Draw, FiniteSum, Group, MiniBatch, PaperSettings, StochasticGradient,
};
use argmin_checkpointing_file::FileCheckpoint;
use rand_distr::{Distribution, StandardNormal};
use serde::{Serialize, de::DeserializeOwned};
use std::path::PathBuf;

struct Valley;

impl Gradient for Valley {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let valley = x[1] - x[0] * x[0];
        Ok(vec![-40.0 * x[0] * valley - 2.0 * (1.0 - x[0]), 20.0 * valley, x[2]])
    }
}

struct Noisy(GaussianNoise<Valley>);

impl StochasticGradient for Noisy {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.stochastic_gradient(x, draw, g)
    }
}

/// The valley is 10 (x_1 - x_0^2)^2 + (1 - x_0)^2 + x_2^2 / 2.
impl SquaredJacobian for Noisy {
    fn squared_jacobian(&self, x: &Vec<f64>, _: Draw, c: &mut Vec<f64>) -> Result<(), Error> {
        *c = vec![80.0 * x[0] * x[0] + 2.0, 20.0, 1.0];
        Ok(())
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// A directory for checkpoints that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("arturo-{name}-{}", std::process::id())))
    }

    fn checkpoint(&self, frequency: CheckpointingFrequency) -> FileCheckpoint {
        FileCheckpoint::new(&*self.0.to_string_lossy(), "run", frequency)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn problem() -> Noisy {
    Noisy(GaussianNoise::new(Valley, 0.3).unwrap())
}

/// N = 90 steps at once against 40, a checkpoint, and 50 more.
fn assert_same_bits<S>(name: &str, solver: S)
where
    S: Solver<Noisy, Run> + Serialize + DeserializeOwned + Clone + 'static,
{
    assert_same_bits_on(name, problem, solver);
}

fn assert_same_bits_on<O, S>(name: &str, problem: impl Fn() -> O, solver: S)
where
    S: Solver<O, Run> + Serialize + DeserializeOwned + Clone + 'static,
{
    assert_same_bits_from(name, problem, solver, &[-1.2, 1.0, 3.0], [40, 90]);
}

/// The same with a checkpoint after `first` of `all` steps.
fn assert_same_bits_from<O, S>(
    name: &str,
    problem: impl Fn() -> O,
    solver: S,
    start: &[f64],
    [first, all]: [u64; 2],
) where
    S: Solver<O, Run> + Serialize + DeserializeOwned + Clone + 'static,
{
    let directory = Directory::new(name);
    let start = start.to_vec();

    let whole = Executor::new(problem(), solver.clone())
        .configure(|state| state.param(start.clone()).max_iters(all))
        .run()
        .unwrap();
    Executor::new(problem(), solver.clone())
        .configure(|state| state.param(start.clone()).max_iters(first))
        .checkpointing(directory.checkpoint(CheckpointingFrequency::Every(first)))
        .run()
        .unwrap();
    // the checkpoint holds max_iters too: raise it in the file
    let checkpoint = directory.checkpoint(CheckpointingFrequency::Never);
    let (saved, state): (S, Run) = checkpoint.load().unwrap().unwrap();
    checkpoint.save(&saved, &state.max_iters(all)).unwrap();
    let resumed = Executor::new(problem(), solver).checkpointing(checkpoint).run().unwrap();

    let bits = |x: Option<&Vec<f64>>| x.unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(resumed.state().get_iter(), all);
    assert_eq!(bits(resumed.state().get_param()), bits(whole.state().get_param()));
    assert_eq!(bits(resumed.state().get_best_param()), bits(whole.state().get_best_param()));
    // precision, filter, multiplier, radius: the whole solver, byte by byte
    let bytes = |solver: &S| serde_json::to_string(solver).unwrap();
    assert_eq!(bytes(resumed.solver()), bytes(whole.solver()));
}

#[test]
fn the_default_resumes() {
    assert_same_bits("default", Arturo::new().with_seed(5));
}

/// Least squares of one random row a draw: draws disagree on curvature.
struct Rows;

impl StochasticGradient for Rows {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        let row: Vec<f64> = x.iter().map(|_| StandardNormal.sample(&mut rng)).collect();
        let noise: f64 = StandardNormal.sample(&mut rng);
        let residual = noise + std::iter::zip(&row, x).map(|(a, x)| a * (x - 1.0)).sum::<f64>();
        g.iter_mut().zip(row).for_each(|(g, a)| *g = residual * a);
        Ok(())
    }
}

#[test]
fn a_run_on_draws_that_disagree_resumes() {
    let start = [0.0; 8];
    for first in [30, 200, 700] {
        assert_same_bits_from("disagreeing", || Rows, Arturo::new(), &start, [first, 900]);
    }
}

#[test]
fn what_the_answer_is_judged_by_resumes() {
    let solver = Arturo::new()
        .with_seed(5)
        .with_segments()
        .with_tolerance(Tolerance::PredictedGain(1e-9))
        .unwrap();
    assert_same_bits("errors", solver);
}

#[test]
fn a_filtered_cost_and_a_tail_average_resume() {
    let draws = || MiniBatch::new(Terms, 2).unwrap();
    let filtered = Arturo::new().with_seed(5).with_filtered_cost::<Vec<f64>>();
    assert_same_bits_on("filtered", draws, filtered);
    assert_same_bits_on("tail", draws, Arturo::new().with_averaging(Averaging::Tail { from: 30 }));
}

#[test]
fn the_published_method_resumes() {
    assert_same_bits("paper", Arturo::paper(PaperSettings::default()).unwrap().with_seed(5));
}

#[test]
fn finite_differences_resume() {
    let estimator = FiniteDifference::new().with_block_size(1).unwrap();
    assert_same_bits("differences", Arturo::new().with_estimator(estimator));
}

/// f_i(x) = |x|^2 (i + 1) / 2 - i sum x, i = 0, ..., 9.
struct Terms;

impl FiniteSum for Terms {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        10
    }

    fn add_term_gradient(&self, x: &Vec<f64>, i: usize, sum: &mut Vec<f64>) -> Result<(), Error> {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += (i as f64 + 1.0) * x - i as f64;
        }
        Ok(())
    }
}

impl FiniteSumCost for Terms {
    fn term_cost(&self, x: &Vec<f64>, i: usize) -> Result<f64, Error> {
        Ok(x.iter().map(|x| 0.5 * (i as f64 + 1.0) * x * x - i as f64 * x).sum())
    }
}

#[test]
fn stages_resume_in_their_middle() {
    // the checkpoint is at iteration 40
    let oracle = || Svrg::new(MiniBatch::new(Terms, 2).unwrap());
    for (name, length) in [("stages", 15), ("stages-end", 20)] {
        let solver = InStages::<_, Vec<f64>>::new(Arturo::new().with_seed(5), length).unwrap();
        assert_same_bits_on(name, oracle, solver);
    }
}

#[test]
fn the_other_estimators_resume() {
    // over an interval of 7 the checkpoint is not at a sample
    let hutchinson = Hutchinson::new().with_interval(7).unwrap();
    assert_same_bits("hutchinson", Arturo::new().with_estimator(hutchinson));
    let gauss_newton = GaussNewton::new().with_interval(7).unwrap();
    assert_same_bits("gauss_newton", Arturo::new().with_estimator(gauss_newton));
    assert_same_bits("squares", Arturo::new().with_estimator(SquaredGradient::new()));
    assert_same_bits("constant", Arturo::new().with_estimator(Constant::new(20.0).unwrap()));
}

#[test]
fn bounds_resume() {
    // the minimum is at (1, 1, 0); JSON has no infinity
    let inf = f64::INFINITY;
    let (lower, upper) = (vec![-inf, -1.0, 1.0], vec![0.5, inf, inf]);
    let solver = Arturo::new().with_bounds(lower.clone(), upper.clone()).unwrap();
    assert_same_bits("bounds", solver);
    let solver = Arturo::new().with_bounds(lower, upper).unwrap();
    assert_same_bits("bounded_products", solver.with_estimator(Hutchinson::new()));
}

#[test]
fn groups_resume() {
    let groups = vec![Group::new(1).with_weight_decay(0.1).unwrap(), Group::new(2)];
    let solver = Arturo::paper(PaperSettings::default()).unwrap().with_dual(Newton::default());
    assert_same_bits("groups", solver.with_groups(groups).unwrap());
}

#[test]
fn the_baselines_resume() {
    let schedule = KlSchedule::Cosine { horizon: 100 };
    let adam = Adam::new(0.02).unwrap().with_schedule(schedule.clone()).unwrap();
    assert_same_bits("adam", adam.with_seed(5));
    let adamw = AdamW::new(0.02).unwrap().with_schedule(schedule).unwrap();
    assert_same_bits("adamw", adamw.with_seed(5));
    let sgd = Sgd::new(0.002).unwrap().with_momentum(0.9).unwrap();
    assert_same_bits("sgd", sgd.with_nesterov(true).with_seed(5));
    assert_same_bits("schedule-free", ScheduleFree::new().with_seed(5));
    assert_same_bits("prodigy", Prodigy::new().with_seed(5));
    assert_same_bits("dog", Dog::new().with_seed(5));
    assert_same_bits("dowg", Dowg::new().with_seed(5));
    assert_same_bits("cocob", Cocob::new().with_seed(5));
}

#[test]
fn a_checkpoint_of_another_size_is_refused() {
    let directory = Directory::new("size");
    let checkpoint = directory.checkpoint(CheckpointingFrequency::Every(5));
    Executor::new(problem(), Arturo::<f64>::new())
        .configure(|state| state.param(vec![0.0; 3]).max_iters(5))
        .checkpointing(checkpoint.clone())
        .run()
        .unwrap();
    let (solver, state): (Arturo<f64>, Run) = checkpoint.load().unwrap().unwrap();
    checkpoint.save(&solver, &state.param(vec![0.0; 4]).max_iters(10)).unwrap();
    let resumed = Executor::new(problem(), Arturo::<f64>::new()).checkpointing(checkpoint);
    assert_eq!(
        resumed.run().err().unwrap().to_string(),
        "Invalid parameter: \"Arturo: the parameter vector has 4 coordinates, the run so far had \
         3; resume it with the vector it was begun with\""
    );
}
