//! That the statistical limit is what it says, and that every problem has one or a reason.

mod limits;

use limits::curvature::Curvature;
use suite::{Draw, Limit, Problem, limit, no_limit_reason};

const DRAWS: usize = 1000;
const SEEDS: u64 = 200;

/// Of different families, noise and dimension, with costs that are nearly quadratic where 1000
/// draws lead.
const NEARLY_QUADRATIC: [&str; 14] = [
    "quadratic/rotated/n=10/cond=1e2/noise=1e-1",
    "quadratic/scaled/n=13/noise=t3:1e-1",
    "logistic/standardized/batch=16",
    "logistic/raw/batch=128",
    "poisson/ebola/batch=16",
    "poisson/sunspots/batch=16",
    "poisson/simulated/batch=16",
    "ode/sir/high/times=4",
    "nist/chwirut1/start=1/batch=8",
    "nist/gauss1/start=2/batch=8",
    "nist/enso/start=1/batch=8",
    "vi/schools/centered/samples=8",
    "vi/schools/noncentered/samples=8",
    "inventory/exponential/samples=16",
];

fn named(name: &str) -> Box<dyn Problem> {
    let found = suite::suite().into_iter().find(|problem| problem.name() == name);
    found.unwrap_or_else(|| panic!("no problem is called {name}"))
}

/// The gap of one Newton step from the minimizer with the exact Hessian and a mean of draws.
fn gap_of_the_informed(
    problem: &dyn Problem,
    limit: &Limit,
    hessian: &Curvature,
    seed: u64,
) -> f64 {
    let x = &limit.minimizer;
    let (mut mean, mut g) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for index in 0..DRAWS as u64 {
        problem.stochastic_gradient(x, Draw::new(seed, index), &mut g);
        mean.iter_mut().zip(&g).for_each(|(mean, g)| *mean += g / DRAWS as f64);
    }
    let step = hessian.solve(&mean);
    let end: Vec<f64> = x.iter().zip(step).map(|(x, s)| x - s).collect();
    problem.cost(&end) - problem.minimum()
}

#[test]
fn a_solver_that_knows_the_optimum_reaches_the_limit() {
    for name in NEARLY_QUADRATIC {
        let problem = named(name);
        let limit = limit(name).unwrap_or_else(|| panic!("{name} has no limit"));
        let hessian = Curvature::at(problem.as_ref(), &limit.minimizer).expect("a minimum");
        let gap = |seed| gap_of_the_informed(problem.as_ref(), limit, &hessian, seed);
        let ratio = (0..SEEDS).map(gap).sum::<f64>() / SEEDS as f64 / limit.gap(DRAWS);
        println!("{ratio:.2} {name}");
        assert!((0.7..1.4).contains(&ratio), "{name}: {ratio} times the limit");
    }
}

/// Newsvendors with exponential demand: stock j has the Hessian h / s_j and the variance h b_j, so
/// that the limit is `sum_j s_j b_j / 2`.
#[test]
fn newsvendors_have_the_limit_of_the_closed_form() {
    let backlog = [2.0, 4.0, 9.0, 19.0, 49.0].into_iter().cycle();
    let scale = |j: i32| 100f64.powf(f64::from(j) / 9.0);
    let exact: f64 = (0..10).zip(backlog).map(|(j, b)| 0.5 * scale(j) * b).sum();
    for samples in [1, 16] {
        let name = format!("inventory/exponential/samples={samples}");
        let Limit { one_draw, standard_error, .. } = limit(&name).expect("a limit");
        let error = (one_draw - exact / f64::from(samples)) / standard_error;
        assert!(error.abs() < 3.0, "{name}: {one_draw} is {error:.1} standard errors off");
    }
}

#[test]
fn stored_limits_are_reproduced() {
    for name in [0, 3, 4, 7, 9, 12].map(|k| NEARLY_QUADRATIC[k]) {
        let stored = limit(name).expect("a limit");
        let computed = limits::compute(named(name).as_ref(), &[]).expect("a limit");
        for (what, a, b) in [
            ("limit", stored.one_draw, computed.one_draw),
            ("standard error", stored.standard_error, computed.standard_error),
            ("eigenvalue", stored.least_eigenvalue, computed.least_eigenvalue),
        ] {
            assert!((a / b - 1.0).abs() < 1e-3, "{name}: {what} {b}, stored {a}");
        }
        let distance = |a: &[f64], b: &[f64]| -> f64 {
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        let (moved, size) = (
            distance(&stored.minimizer, &computed.minimizer),
            distance(&stored.minimizer, &vec![0.0; stored.minimizer.len()]),
        );
        assert!(moved < 1e-6 * size, "{name}: minimizer moved by {moved:e}");
    }
}

#[test]
fn every_problem_has_a_limit_or_a_reason() {
    for problem in suite::suite() {
        let name = problem.name();
        match (limit(&name), no_limit_reason(&name)) {
            (Some(limit), None) => {
                assert!(limit.one_draw > 0.0 && limit.least_eigenvalue > 0.0, "{name}: {limit:?}");
                assert_eq!(limit.minimizer.len(), problem.start().len(), "{name}");
            }
            (None, Some(reason)) => {
                assert_eq!(reason == "noise-free", problem.noise_free(), "{name}: {reason}");
            }
            _ => panic!("{name}: run examples/limits.rs for it"),
        }
    }
}
