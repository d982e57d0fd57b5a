//! Recorded runs of the methods without a learning rate to tune, which `make_rivals.py` beside this
//! file wrote.

use super::Run;
use super::torch::{Replay, cast};
use argmin::core::{Executor, Solver, State};
use argmin_arturo::Scalar;
use argmin_arturo::baseline::{Cocob, Dog, Dowg, Prodigy, ScheduleFree};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    x0: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    solver: String,
    settings: Settings,
    /// The point and the answer after each step, one behind the other.
    float64: Vec<Vec<f64>>,
    float32: Vec<Vec<f64>>,
}

/// The keyword arguments; what is not there is at the default of either side.
#[derive(Deserialize)]
struct Settings {
    lr: Option<f64>,
    betas: Option<[f64; 2]>,
    eps: Option<f64>,
    d0: Option<f64>,
    reps_rel: Option<f64>,
    init_estim_sq_dist: Option<f64>,
    alpha: Option<f64>,
}

/// The largest error of point and answer after any step, relative to the largest value of each entry
/// so far: a point that crosses 0 has no more digits there than where it came from.
fn compare<F: Scalar, S>(solver: S, fixture: &Fixture, expected: &[Vec<f64>]) -> f64
where
    S: Solver<Replay<F>, Run<F>> + Clone,
{
    let gradients: Vec<Vec<F>> = fixture.gradients.iter().map(|g| cast(g)).collect();
    assert_eq!(expected.len(), gradients.len());
    let mut largest = fixture.x0.repeat(2);
    let mut worst = 0.0_f64;
    for (t, expected) in expected.iter().enumerate() {
        let result = Executor::new(Replay(gradients.clone()), solver.clone())
            .configure(|state| state.param(cast(&fixture.x0)).max_iters(t as u64 + 1))
            .run()
            .unwrap();
        let state = result.state();
        let found = [state.get_param(), state.get_best_param()].map(|x| x.unwrap().as_slice());
        let found = found.concat();
        assert_eq!((found.len(), largest.len()), (expected.len(), expected.len()));
        for ((x, &expected), largest) in found.iter().zip(expected).zip(&mut largest) {
            assert!(x.is_finite(), "{x} {expected}");
            *largest = largest.abs().max(expected.abs());
            worst = worst.max((x.to_f64_exact() - expected).abs() / *largest);
        }
    }
    worst
}

/// Sets what a case has a value for.
macro_rules! set {
    ($solver:ident, $($setting:expr => $setter:expr),*) => {{
        let solver = $solver::<F>::new();
        $(let solver = match $setting {
            Some(value) => $setter(solver, value).unwrap(),
            None => solver,
        };)*
        solver
    }};
}

fn error<F: Scalar>(case: &Case, fixture: &Fixture, expected: &[Vec<f64>]) -> f64 {
    let Settings { lr, betas, eps, d0, reps_rel, init_estim_sq_dist, alpha } = case.settings;
    match case.solver.as_str() {
        "ScheduleFree" => {
            let solver = set!(ScheduleFree,
                lr => ScheduleFree::with_learning_rate,
                betas => |solver: ScheduleFree<F>, [a, b]: [f64; 2]| solver.with_betas(a, b),
                eps => ScheduleFree::with_epsilon);
            compare(solver, fixture, expected)
        }
        "Prodigy" => {
            let solver = set!(Prodigy,
                betas => |solver: Prodigy<F>, [a, b]: [f64; 2]| solver.with_betas(a, b),
                eps => Prodigy::with_epsilon,
                d0 => Prodigy::with_initial_distance);
            compare(solver, fixture, expected)
        }
        "Dog" => compare(set!(Dog, reps_rel => Dog::with_first_step), fixture, expected),
        "Dowg" => {
            let first_step = init_estim_sq_dist.map(f64::sqrt);
            compare(set!(Dowg, first_step => Dowg::with_first_step), fixture, expected)
        }
        "Cocob" => compare(set!(Cocob, alpha => Cocob::with_alpha), fixture, expected),
        other => panic!("no solver {other}"),
    }
}

#[test]
fn parity() {
    let path = format!("{}/tests/behaviour/baseline/rivals.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(fixture.cases.len(), 11);
    for case in &fixture.cases {
        let double = error::<f64>(case, &fixture, &case.float64);
        let single = error::<f32>(case, &fixture, &case.float32);
        assert!(double <= 1e-12 && single <= 1e-5, "{}: {double:e} {single:e}", case.name);
    }
}
