//! The step of each method under arbitrary gradients.
#![no_main]

#[path = "../../tests/common/draws.rs"]
mod draws;

use argmin::core::{Executor, IterState, Solver, State};
use argmin_arturo::hessian::AdaptiveRls;
use argmin_arturo::{Arturo, NonFinite, PaperSettings, Scalar};
use draws::Draws;
use libfuzzer_sys::{arbitrary::Arbitrary, fuzz_target};
use std::marker::PhantomData;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Method {
    Default,
    AdaptiveRls,
    Published,
}

#[derive(Arbitrary, Debug)]
struct Input {
    method: Method,
    is_single: bool,
    /// Coordinates, less 1.
    dimension: u8,
    start: f64,
    /// Curvature, on top of what the draws say.
    curvature: f64,
    /// Coordinates of the draws, one after the other, again and again.
    draws: Vec<f64>,
}

const ITERATIONS: u64 = 150;

type Run<F> = IterState<Vec<F>, Vec<F>, (), (), (), F>;

/// The solver after a run, and the points that it ended at; none where the run is refused.
fn run<F: Scalar, S>(input: &Input, solver: S) -> Option<(S, Vec<F>)>
where
    for<'a> S: Solver<Draws<'a, F>, Run<F>>,
{
    let start = vec![F::from_f64_lossy(input.start); usize::from(input.dimension % 8) + 1];
    let (curvature, draws) = (input.curvature, &input.draws[..]);
    let result = Executor::new(Draws { curvature, draws, float: PhantomData }, solver)
        .configure(|state| state.param(start).max_iters(ITERATIONS))
        .timer(false)
        .run()
        .ok()?;
    let points = [result.state().get_param(), result.state().get_best_param()];
    let coordinates = points.into_iter().flatten().flatten().copied().collect();
    Some((result.solver, coordinates))
}

/// What holds whatever the draws were.
fn check<F: Scalar>(precision: &[F], coordinates: &[F]) {
    assert!(precision.iter().all(|&p| p > F::zero()), "{precision:?}");
    assert!(coordinates.iter().all(|x| x.is_finite()), "{coordinates:?}");
}

fn try_out<F: Scalar>(input: &Input) {
    let skip = NonFinite::Skip;
    match input.method {
        Method::Default => {
            let solver = Arturo::<F>::new().with_non_finite(skip);
            if let Some((solver, coordinates)) = run(input, solver) {
                check(solver.precision(), &coordinates);
            }
        }
        Method::AdaptiveRls => {
            let solver = Arturo::<F>::new().with_estimator(AdaptiveRls::default());
            if let Some((solver, coordinates)) = run(input, solver.with_non_finite(skip)) {
                check(solver.precision(), &coordinates);
                assert!(solver.model().noise.iter().all(|&r| r >= F::zero()));
            }
        }
        Method::Published => {
            let solver = Arturo::<F, _>::paper(PaperSettings::default());
            let solver = solver.expect("the defaults are in range").with_non_finite(skip);
            if let Some((solver, coordinates)) = run(input, solver) {
                check(solver.precision(), &coordinates);
                for [b, ab, a] in solver.estimator().covariance() {
                    let [b, ab, a] = [b, ab, a].map(Scalar::to_f64_exact);
                    assert!(b >= 0.0 && a >= 0.0, "{b} {ab} {a}");
                    // psd up to the rounding of the products
                    let slack = 1.0 + 16.0 * F::epsilon().to_f64_exact();
                    assert!(ab.abs() <= b.sqrt() * a.sqrt() * slack, "{b} {ab} {a}");
                }
            }
        }
    }
}

fuzz_target!(|input: Input| {
    if input.draws.is_empty() {
        return;
    }
    if input.is_single { try_out::<f32>(&input) } else { try_out::<f64>(&input) }
});
