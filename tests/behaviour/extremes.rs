//! Draws of every size, from the least number to the largest: points stay finite and precisions
//! positive. What fuzzing found is among the cases.

use crate::common::draws::Draws;
use argmin::core::{Error, Executor, IterState, Solver, State};
use argmin_arturo::hessian::{AdaptiveRls, ExactDiagonal, HessianDiagonal};
use argmin_arturo::{Arturo, Draw, NonFinite, PaperSettings, Scalar};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use std::marker::PhantomData;

#[derive(Clone, Debug)]
struct Input {
    dimension: usize,
    start: f64,
    curvature: f64,
    draws: Vec<f64>,
}

impl<F: Scalar> HessianDiagonal for Draws<'_, F> {
    fn hessian_diagonal(&self, _: &Vec<F>, _: Draw, h: &mut Vec<F>) -> Result<(), Error> {
        h.fill(F::from_f64_lossy(self.curvature));
        Ok(())
    }
}

type Run<F> = IterState<Vec<F>, Vec<F>, (), (), (), F>;

/// Runs a solver and gives it with its last and its recommended point; none where the run is refused,
/// as with a start that is not finite.
fn run<F: Scalar, S>(input: &Input, solver: S) -> Option<(S, [Vec<F>; 2])>
where
    for<'a> S: Solver<Draws<'a, F>, Run<F>>,
{
    let start = vec![F::from_f64_lossy(input.start); input.dimension];
    let (curvature, draws) = (input.curvature, &input.draws[..]);
    let result = Executor::new(Draws { curvature, draws, float: PhantomData }, solver)
        .configure(|state| state.param(start).max_iters(150))
        .timer(false)
        .run()
        .ok()?;
    let points = [result.state().get_param(), result.state().get_best_param()];
    let points = points.map(|point| point.unwrap().clone());
    Some((result.solver, points))
}

fn check<F: Scalar, S>(input: &Input, solver: S, precision: impl Fn(&S) -> &[F])
where
    for<'a> S: Solver<Draws<'a, F>, Run<F>>,
{
    let Some((solver, points)) = run(input, solver) else { return };
    assert!(points.iter().flatten().all(|x| x.is_finite()), "{points:?}");
    let precision = precision(&solver);
    assert!(precision.iter().all(|&p| p > F::zero()), "{precision:?}");
}

/// As `check`, but for the last point: where f falls for ever the default looks beyond all floats, and
/// its answer stays inside.
fn check_default<F: Scalar>(input: &Input) {
    let solver = Arturo::<F>::new().with_non_finite(NonFinite::Skip);
    let Some((solver, points)) = run(input, solver) else { return };
    assert!(points.iter().flatten().all(|x| x.is_finite()), "{points:?}");
    assert!(solver.precision().iter().all(|&p| p > F::zero()), "{:?}", solver.precision());
}

fn check_all<F: Scalar>(input: &Input) {
    let skip = NonFinite::Skip;
    check_default::<F>(input);
    let solver = Arturo::<F>::new().with_estimator(AdaptiveRls::default());
    check(input, solver.with_non_finite(skip), |solver| solver.precision());
    let solver = Arturo::<F>::new().with_estimator(ExactDiagonal::default());
    check(input, solver.with_non_finite(skip), |solver| solver.precision());
    let solver = Arturo::<F, _>::paper(PaperSettings::default()).unwrap();
    check(input, solver.with_non_finite(skip), |solver| solver.precision());
}

/// Numbers of every size and both signs, zeros, subnormal numbers, infinities and NaN.
fn numbers() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![any::<f64>(), any::<f32>().prop_map(f64::from), -10.0..10.0]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 250,
        rng_seed: RngSeed::Fixed(2310),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn points_stay_finite_and_precisions_positive(
        dimension in 1usize..9,
        start in numbers(),
        curvature in numbers(),
        draws in prop::collection::vec(numbers(), 1..6),
    ) {
        let input = Input { dimension, start, curvature, draws };
        check_all::<f64>(&input);
        check_all::<f32>(&input);
    }
}

#[test]
fn what_fuzzing_found_stays_mended() {
    let found: [(usize, f64, f64, &[f64]); 5] = [
        // gradients whose squares vanish beside others
        (8, 8.93e-313, 2_261_635.5, &[-1.8e-6, 8.49e-313]),
        (1, 1.0, 2e6, &[8e9, 2.5e93]),
        // x whose square overflows, in the published regression on x
        (8, -1.53e189, 1.03e-186, &[-7.06e31, 0.0]),
        // a slope whose square overflows in single precision, or in double
        (7, 0.0, 1.584e29, &[2_261_634.5, 8.5e-313]),
        (1, 1.88e-183, 1.35e169, &[4.79e180, 132_639.7, 3.17e-320]),
    ];
    for (dimension, start, curvature, draws) in found {
        let input = Input { dimension, start, curvature, draws: draws.to_vec() };
        check_all::<f64>(&input);
        check_all::<f32>(&input);
    }
}
