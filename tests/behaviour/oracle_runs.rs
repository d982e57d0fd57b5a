//! Solvers on wrapped oracles: runs, resumed runs, vector types, and what is refused.

use crate::common::oracles::{self, Cubic, Springs};
use argmin::core::{Error, Executor, Gradient, IterState, Solver, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin_arturo::baseline::Sgd;
use argmin_arturo::oracle::{
    Antithetic, Clipped, Counted, FiniteDifferenceGradient, Frozen, GaussianNoise, GrowingBatch,
    InStages, Replicated, Sharded, ShardedSum, Spsa, StudentTNoise, Svrg,
};
use argmin_arturo::{Arturo, Draw, FiniteSum, MiniBatch, ParamVec, Scalar, StochasticGradient};

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

fn batches(size: usize) -> MiniBatch<Springs> {
    MiniBatch::new(Springs, size).unwrap()
}

/// The recommended point after some iterations from 0.
fn answer<O, S>(problem: O, solver: S, iterations: u64) -> Vec<f64>
where
    S: Solver<O, Run>,
{
    let result = Executor::new(problem, solver)
        .configure(|state| state.param(vec![0.0; 2]).max_iters(iterations))
        .run()
        .unwrap();
    result.state().get_best_param().unwrap().clone()
}

#[track_caller]
fn assert_solved(x: &[f64], tolerance: f64) {
    let minimum = Springs::minimum();
    assert!(x.iter().all(|x| (x - minimum).abs() < tolerance), "{x:?}, not {minimum}");
}

#[test]
fn stacks_of_wrappers_are_solved() {
    // the standard deviation of one term's gradient is about 8, the curvature 2
    let shards = || Sharded::new(Springs, vec![2, 0, 5, 6], 2).unwrap();
    let svrg = || Svrg::new(batches(1));
    let solver = || Arturo::new().with_seed(3);
    assert_solved(&answer(Replicated::new(batches(2), 4).unwrap(), solver(), 1000), 0.3);
    assert_solved(&answer(Clipped::by_value(batches(2), 30.0).unwrap(), solver(), 1000), 0.5);
    let growing = GrowingBatch::new(batches(1), 256).unwrap();
    assert_solved(&answer(growing, Sgd::new(0.1).unwrap(), 300), 0.5);
    assert_solved(&answer(Spsa::new(batches(4)).with_directions(2).unwrap(), solver(), 1000), 0.5);
    assert_solved(&answer(FiniteDifferenceGradient::new(batches(13)), solver(), 100), 1e-5);
    assert_solved(&answer(shards(), solver(), 3000), 0.5);
    // the variance goes, and with it the error
    let staged = InStages::new(Sgd::new(0.05).unwrap(), 26).unwrap();
    assert_solved(&answer(svrg(), staged.clone(), 2000), 1e-9);
    assert_solved(&answer(Counted::new(Replicated::new(svrg(), 2).unwrap()), staged, 2000), 1e-9);
    // noise around a staged oracle lets the stages through: without noise, to the bit
    let quiet = GaussianNoise::new(svrg(), 0.0).unwrap();
    let noisy = StudentTNoise::new(svrg(), 0.1, 3.0).unwrap();
    let staged = InStages::new(Sgd::new(0.05).unwrap(), 26).unwrap();
    assert_eq!(answer(quiet, staged.clone(), 200), answer(svrg(), staged.clone(), 200));
    assert_solved(&answer(noisy, staged, 2000), 0.3);
    let staged = InStages::new(solver(), 100).unwrap();
    assert_solved(&answer(Clipped::by_norm(svrg(), 100.0).unwrap(), staged, 2000), 1e-3);
}

#[test]
fn a_frozen_sample_is_an_argmin_problem() {
    let lbfgs = || LBFGS::new(MoreThuenteLineSearch::new(), 5);
    assert_solved(&answer(Frozen::new(batches(13), Draw::new(0, 0)), lbfgs(), 20), 1e-6);
    // 400 terms with replacement: the error of their mean, a standard deviation of 4 / 20
    let sample = || Frozen::new(Replicated::new(batches(4), 100).unwrap(), Draw::new(5, 0));
    let x = answer(sample(), lbfgs(), 20);
    assert_solved(&x, 1.0);
    // the same minimum for a solver of stochastic problems, whatever its seed
    let by_seed = |seed| answer(sample(), Arturo::new().with_seed(seed), 100);
    assert_eq!(by_seed(1), by_seed(2));
    assert!(by_seed(1).iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-6));
}

/// 60 iterations at once against 25, and 35 more on another copy of the oracle.
fn assert_resumes<O, S>(name: &str, problem: impl Fn() -> O, solver: S)
where
    S: Solver<O, Run> + Clone,
{
    let start = |iterations| {
        Executor::new(problem(), solver.clone())
            .configure(|state| state.param(vec![1.0, 2.0, 0.5]).max_iters(iterations))
            .run()
            .unwrap()
    };
    let (whole, first) = (start(60), start(25));
    let mut state = first.state;
    state.termination_status = argmin::core::TerminationStatus::NotTerminated;
    let resumed =
        Executor::new(problem(), first.solver).configure(|_| state.max_iters(60)).run().unwrap();
    let bits = |state: &Run| {
        let both = [state.get_param().unwrap(), state.get_best_param().unwrap()];
        both.into_iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(resumed.state().get_iter(), 60, "{name}");
    assert_eq!(bits(resumed.state()), bits(whole.state()), "{name}");
}

#[test]
fn runs_resume_to_the_bit() {
    let solver = || Arturo::new().with_seed(5);
    let growing = || GrowingBatch::new(Cubic, 16).unwrap().with_growth(1.02).unwrap();
    let shards = || Sharded::new(Springs, vec![2, 0, 5, 6], 2).unwrap();
    assert_resumes("Spsa", || Spsa::new(Cubic), solver());
    assert_resumes("FiniteDifferenceGradient", || FiniteDifferenceGradient::new(Cubic), solver());
    assert_resumes("Antithetic", || Antithetic::new(oracles::Exponential), solver());
    assert_resumes("Replicated", || Replicated::new(batches(2), 3).unwrap(), solver());
    assert_resumes("GrowingBatch", growing, solver());
    assert_resumes("Clipped", || Clipped::by_norm(Cubic, 2.0).unwrap(), solver());
    assert_resumes("Frozen", || Frozen::new(Cubic, Draw::new(1, 1)), solver());
    let sharing = || shards().with_draws_per_shard(7).unwrap();
    assert_resumes("Sharded", sharing, solver());
    assert_resumes("Counted", || Counted::new(Cubic), solver());
    // in the middle of a stage, and at the end of one
    for length in [10, 25] {
        let staged = InStages::new(solver(), length).unwrap();
        assert_resumes("Svrg", || Svrg::new(batches(2)), staged.clone());
        let clipped = || Clipped::by_norm(Svrg::new(batches(2)), 9.0).unwrap();
        assert_resumes("Clipped Svrg", clipped, staged);
    }
}

#[test]
fn stages_are_counted() {
    let sum = Counted::new(Springs);
    let counter = sum.counter();
    let oracle = Svrg::new(MiniBatch::new(sum, 2).unwrap());
    let solver = InStages::new(Sgd::new(0.01).unwrap(), 10).unwrap();
    let result = Executor::new(oracle, solver)
        .configure(|state| state.param(vec![0.0]).max_iters(35).counting(true))
        .run()
        .unwrap();
    let counts = result.problem().counts.clone();
    assert_eq!(counts["stochastic_gradient_count"], 35);
    assert_eq!(counts["full_gradient_count"], 4);
    assert_eq!(counter.term_gradients(), 35 * 2 * 2 + 4 * 13);
}

/// 1/2 |x|^2 over any vector type.
struct Sphere<P>(std::marker::PhantomData<P>);

impl<P: ParamVec> Gradient for Sphere<P> {
    type Param = P;
    type Gradient = P;

    fn gradient(&self, x: &P) -> Result<P, Error> {
        Ok(x.clone())
    }
}

impl<P: ParamVec> argmin::core::CostFunction for Sphere<P> {
    type Param = P;
    type Output = P::Scalar;

    fn cost(&self, x: &P) -> Result<P::Scalar, Error> {
        let squares = x.as_coordinates()?.iter().map(|x| x.to_f64_exact().powi(2)).sum::<f64>();
        Ok(P::Scalar::from_f64_lossy(0.5 * squares))
    }
}

/// Gradients of a few stacks at a point with coordinates 1, 2, 3.
fn gradients<P: ParamVec>(zero: P) -> Vec<f64> {
    use argmin_arturo::oracle::GaussianNoise;
    let sphere = || Sphere(std::marker::PhantomData);
    let noisy = || GaussianNoise::new(sphere(), 0.5).unwrap();
    let mut x = zero.clone();
    for (x, value) in x.as_coordinates_mut().unwrap().iter_mut().zip([1.0, 2.0, 3.0]) {
        *x = P::Scalar::from_f64_lossy(value);
    }
    let stacks: [Box<dyn StochasticGradient<Param = P>>; 5] = [
        Box::new(Replicated::new(Antithetic::new(noisy()), 2).unwrap()),
        Box::new(Clipped::by_norm(GrowingBatch::new(noisy(), 64).unwrap(), 2.0).unwrap()),
        Box::new(Spsa::new(sphere())),
        Box::new(FiniteDifferenceGradient::new(sphere())),
        Box::new(Frozen::new(Counted::new(noisy()), Draw::new(0, 0))),
    ];
    let gradient = |oracle: Box<dyn StochasticGradient<Param = P>>| {
        let mut g = zero.clone();
        oracle.stochastic_gradient(&x, Draw::new(2, 3), &mut g).unwrap();
        g.as_coordinates().unwrap().iter().map(|g| g.to_f64_exact()).collect::<Vec<_>>()
    };
    stacks.into_iter().flat_map(gradient).collect()
}

#[test]
fn single_precision_draws_the_same_up_to_rounding() {
    // central differences at h = eps^(1/3) are good to eps^(2/3) = 2e-5
    let (double, single) = (gradients(vec![0.0_f64; 3]), gradients(vec![0.0_f32; 3]));
    assert!(double.iter().zip(&single).all(|(a, b)| (a - b).abs() < 1e-3), "{double:?} {single:?}");
}

#[cfg(feature = "nalgebra")]
#[test]
fn all_vector_types_draw_the_same_bits() {
    use nalgebra::{DMatrix, DVector, SVector};
    let reference = gradients(vec![0.0_f64; 3]);
    assert_eq!(gradients(DVector::from_element(3, 0.0)), reference);
    assert_eq!(gradients(SVector::<f64, 3>::zeros()), reference);
    assert_eq!(gradients(DMatrix::from_element(3, 1, 0.0)), reference);
}

#[track_caller]
fn assert_refused<T>(result: Result<T, Error>, text: &str) {
    let error = result.err().expect("should be refused").to_string();
    assert_eq!(error, format!("Invalid parameter: \"{text}\""));
}

#[test]
fn settings_are_checked() {
    assert_refused(Replicated::new(Cubic, 0), "Replicated: `replicates` must be at least 1, got 0");
    for (value, text) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let message = |owner: &str, name: &str| {
            format!("{owner}: `{name}` must be positive and finite, got {text}")
        };
        let clipped = message("Clipped", "bound");
        assert_refused(Clipped::by_norm(Cubic, value), &clipped);
        assert_refused(Clipped::by_value(Cubic, value), &clipped);
        let spsa = || Spsa::new(Cubic);
        assert_refused(spsa().with_step(value), &message("Spsa", "step"));
        assert_refused(spsa().with_typical_magnitude(value), &message("Spsa", "typical_magnitude"));
        assert_refused(spsa().with_noise_level(value, 1.0), &message("Spsa", "noise"));
        assert_refused(spsa().with_noise_level(1.0, value), &message("Spsa", "third_derivative"));
        let step = message("FiniteDifferenceGradient", "step");
        assert_refused(FiniteDifferenceGradient::new(Cubic).with_step(value), &step);
    }
    assert_refused(
        Spsa::new(Cubic).with_directions(0),
        "Spsa: `directions` must be at least 1, got 0",
    );
    assert_refused(
        InStages::<_, Vec<f64>>::new(Arturo::<f64>::new(), 0),
        "InStages: `stage_length` must be at least 1, got 0",
    );
}

#[test]
fn settings_of_growing_batches_are_checked() {
    let growing = || GrowingBatch::new(Cubic, 10).unwrap();
    assert_refused(
        GrowingBatch::new(Cubic, 3),
        "GrowingBatch: `max_draws` must be at least 4, got 3",
    );
    for value in [2, 5, 12] {
        assert_refused(
            growing().with_min_draws(value),
            &format!(
                "GrowingBatch: `min_draws` must be even, at least 4 and at most `max_draws` (10), \
                 got {value}"
            ),
        );
    }
    growing().with_min_draws(10).unwrap();
    for (value, text) in [(0.0, "0"), (1.0, "1"), (f64::NAN, "NaN")] {
        assert_refused(
            growing().with_theta(value),
            &format!("GrowingBatch: `theta` must be in (0, 1), got {text}"),
        );
    }
    for (value, text) in [(0.9, "0.9"), (f64::INFINITY, "inf"), (f64::NAN, "NaN")] {
        assert_refused(
            growing().with_growth(value),
            &format!("GrowingBatch: `growth` must be at least 1 and finite, got {text}"),
        );
    }
}

#[test]
fn shards_are_checked() {
    assert_refused(
        Sharded::new(Springs, vec![2, 0, 5, 6], 0),
        "Sharded: `batch_size` must be at least 1, got 0",
    );
    assert_refused(
        Sharded::new(Springs, vec![0, 0], 1),
        "Sharded: the shards have no terms; check how they are read",
    );
    let counted = Sharded::counting(Springs, 4, 1).unwrap();
    assert_eq!(counted.term_count(), Springs::COUNT);
    assert_refused(
        counted.with_draws_per_shard(0),
        "Sharded: `draws_per_shard` must be at least 1, got 0",
    );
    let oracle = Sharded::new(Springs, vec![3], 1).unwrap();
    assert_refused(
        oracle.stochastic_gradient(&vec![0.0], Draw::new(0, 0), &mut vec![0.0]),
        "Sharded: shard 0 has 2 terms, its size was given as 3; correct the size, or have them \
         counted by `Sharded::counting`",
    );
}

/// Shards that cannot be read.
struct Unreadable;

impl ShardedSum for Unreadable {
    type Param = Vec<f64>;
    type Term = f64;

    fn load_shard(&self, shard: usize) -> Result<Vec<f64>, Error> {
        Err(std::io::Error::other(format!("no shard {shard}")).into())
    }

    fn add_term_gradient(&self, _: &Vec<f64>, _: &f64, _: &mut Vec<f64>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn errors_reach_the_caller_unchanged() {
    let oracle = Replicated::new(Sharded::new(Unreadable, vec![1], 1).unwrap(), 2).unwrap();
    let result = Executor::new(oracle, Arturo::new())
        .configure(|state| state.param(vec![0.0]).max_iters(1))
        .run();
    let error = result.err().unwrap();
    assert_eq!(error.downcast_ref::<std::io::Error>().unwrap().to_string(), "no shard 0");

    assert_refused(
        Svrg::new(batches(1)).stochastic_gradient(&vec![0.0], Draw::new(0, 0), &mut vec![0.0]),
        "Svrg: there is no reference point yet; wrap the solver in `InStages`, or call \
         `begin_stage` first",
    );
}

/// A gradient of another length at each odd draw.
struct Ragged;

impl StochasticGradient for Ragged {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, _: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        *g = vec![1.0; 2 + (draw.index() % 2) as usize];
        Ok(())
    }
}

#[test]
fn gradients_of_different_lengths_are_refused() {
    let mut g = vec![0.0; 2];
    assert_refused(
        Replicated::new(Ragged, 2).unwrap().stochastic_gradient(
            &vec![0.0; 2],
            Draw::new(0, 0),
            &mut g,
        ),
        "Replicated: gradients of 2 and of 3 coordinates were drawn at one point; the wrapped \
         oracle must write one entry per coordinate of the parameter vector",
    );
}

#[test]
fn shards_hold_the_terms_of_the_sum() {
    let terms: Vec<usize> = (0..4).flat_map(|shard| Springs.load_shard(shard).unwrap()).collect();
    assert!(terms.into_iter().eq(0..Springs.term_count()));
}
