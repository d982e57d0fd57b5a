//! Certificates at bounds, of fixed coordinates and of poor Hessians.

use crate::support::{Gradients, Outcome, ensure, normal, run};
use argmin_arturo::solution::{RunResult, Verdict};
use argmin_arturo::{Arturo, Draw, Transform, Transformed};
use rand::Rng;
use rand_distr::{Distribution, Poisson};

/// Quadratic, minimum (2, 0.5), upper bound 0 on the second coordinate: 0 for it, without an error,
/// and 2 to 0.0134 for the first; or a refusal.
pub fn f5_certify_in_a_box() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g[0] = x[0] - 2.0 + 0.3 * normal(&mut rng);
        g[1] = 4.0 * (x[1] - 0.5) + 0.3 * normal(&mut rng);
    };
    let (lower, upper) = (vec![f64::NEG_INFINITY, -1.0], vec![f64::INFINITY, 0.0]);
    let solver = Arturo::new().with_bounds(lower, upper)?;
    let mut result = run(Gradients(gradient), solver, &[0.0, 0.0], 2000)?;
    let Ok(certificate) = result.certify(500) else {
        return Ok(());
    };
    let (x, errors) = (&certificate.param, certificate.standard_error());
    let holds = errors.as_ref().is_some_and(|errors| {
        x[1] == 0.0
            && errors[1] == 0.0
            && (x[0] - 2.0).abs() < 5.0 * 0.0134
            && (errors[0] / 0.0134 - 1.0).abs() < 0.2
    });
    ensure(holds, || format!("{x:.4?} +- {errors:.4?}"))
}

/// Three coordinates of curvature 1, 2, 3, noise 0.3, the second of them fixed: the errors of the
/// other two are 0.3 / sqrt(500) over the curvature, and that of the fixed one is 0.
pub fn f6_certify_with_a_fixed_coordinate() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        for i in 0..3 {
            g[i] = (i + 1) as f64 * (x[i] - 1.0) + 0.3 * normal(&mut rng);
        }
    };
    let transforms = vec![Transform::Log, Transform::Fixed { value: 2.0 }, Transform::Identity];
    let problem = Transformed::new(Gradients(gradient), transforms)?;
    let y0 = problem.to_free(&vec![3.0, 2.0, 0.0])?;
    let mut result = run(problem, Arturo::new(), &y0, 2000)?;
    let certificate = result.certify(500)?;
    let errors = certificate.standard_error();
    let holds = errors.as_ref().is_some_and(|errors| {
        let free = |i: usize, error: f64| (errors[i] / error - 1.0).abs() < 0.2;
        free(0, 0.0134) && errors[1] == 0.0 && free(2, 0.0134 / 3.0)
    });
    ensure(holds, || format!("{:?}, errors {errors:?}", certificate.verdict))
}

/// Two decays and a background, a1 e^(-k1 t) + a2 e^(-k2 t) + b, at 1000 times.
fn mean_count(x: &[f64], t: f64) -> f64 {
    x[0] * (-x[1] * t).exp() + x[2] * (-x[3] * t).exp() + x[4]
}

/// Two decays, Poisson counts, batches of 20 of 1000 bins, logs of five positive parameters: the
/// point is a minimum of condition 800, so that it is not to be called none.
pub fn f7_certify_by_few_draws_of_the_hessian() -> Outcome {
    let bins = 1000;
    let bin = |i: u64| {
        let t = 50.0 * i as f64 / 999.0;
        let mean = mean_count(&[120.0, 0.6, 40.0, 0.07, 2.0], t);
        let count: f64 = Poisson::new(mean).unwrap().sample(&mut Draw::new(5, i).rng());
        (t, count)
    };
    let data: Vec<(f64, f64)> = (0..bins).map(bin).collect();
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g.fill(0.0);
        for _ in 0..20 {
            let (t, y) = data[rng.random_range(0..data.len())];
            let (a, b) = ((-x[1] * t).exp(), (-x[3] * t).exp());
            let weight = (1.0 - y / mean_count(x, t)) / 20.0;
            for (g, slope) in g.iter_mut().zip([a, -x[0] * t * a, b, -x[2] * t * b, 1.0]) {
                *g += weight * slope;
            }
        }
    };
    let seeds = 3..8;
    let mut none = vec![];
    for seed in seeds.clone() {
        let problem = Transformed::new(Gradients(&gradient), vec![Transform::Log; 5])?;
        let y0 = problem.to_free(&vec![100.0, 1.0, 50.0, 0.1, 1.0])?;
        let mut result = run(problem, Arturo::new().with_seed(seed), &y0, 10_000)?;
        let certificate = result.certify(5000)?;
        if certificate.verdict == Verdict::Stalled {
            none.push(seed);
        }
    }
    ensure(none.is_empty(), || format!("called no minimum at seeds {none:?} of {seeds:?}"))
}
