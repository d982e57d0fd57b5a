//! What every problem promises, family by family.

use serde_json::Value;
use suite::{Draw, Problem};

/// Points spread over [-1, 1], the same in every run.
fn jitter(i: usize) -> f64 {
    ((i as f64 + 1.0) * 0.754_877_666_246_693).fract() * 2.0 - 1.0
}

fn gradient(problem: &dyn Problem, x: &[f64]) -> Vec<f64> {
    let mut g = vec![f64::NAN; x.len()];
    problem.gradient(x, &mut g);
    g
}

fn draw(problem: &dyn Problem, x: &[f64], draw: Draw) -> Vec<f64> {
    let mut g = vec![f64::NAN; x.len()];
    problem.stochastic_gradient(x, draw, &mut g);
    g
}

/// The error of the best of several central differences, for the best step is unknown.
fn difference_error(
    cost: impl Fn(&[f64]) -> f64,
    x: &[f64],
    i: usize,
    expected: f64,
    tolerance: f64,
) -> f64 {
    let unit = if x[i] == 0.0 { 1.0 } else { x[i].abs() };
    let slope = |h: f64| {
        let mut y = x.to_vec();
        y[i] = x[i] + h;
        let (up, above) = (cost(&y), y[i]);
        y[i] = x[i] - h;
        (up - cost(&y)) / (above - y[i])
    };
    let mut best = f64::INFINITY;
    for exponent in [-4, -3, -5, -2, -6, -7, -8, -9] {
        let h = unit * 10f64.powi(exponent);
        let richardson = (4.0 * slope(h) - slope(2.0 * h)) / 3.0;
        best = best.min((richardson - expected).abs());
        if best <= tolerance {
            break;
        }
    }
    best
}

fn matches_differences(cost: impl Fn(&[f64]) -> f64, x: &[f64], g: &[f64], place: &str) {
    let norm = g.iter().fold(0.0f64, |m, g| m.max(g.abs()));
    assert!(norm.is_finite(), "{place}: gradient {g:?}");
    let stride = x.len().div_ceil(60);
    for i in (0..x.len()).step_by(stride) {
        // A coordinate of small influence is seen only through the rounding of the cost.
        let unit = if x[i] == 0.0 { 1.0 } else { x[i].abs() };
        let floor = 1e-12 * cost(x).abs() / unit;
        let tolerance = 1e-6 * g[i].abs() + 100.0 * floor + 1e-11 * norm;
        let error = difference_error(&cost, x, i, g[i], tolerance);
        assert!(
            error <= tolerance,
            "{place}: d/dx{i} = {}, off by {error:e} > {tolerance:e}",
            g[i]
        );
    }
}

fn is_unbiased(problem: &dyn Problem, x: &[f64]) {
    let exact = gradient(problem, x);
    let n = x.len();
    let (mut mean, mut square) = (vec![0.0; n], vec![0.0; n]);
    let draws = 20_000;
    let mut g = vec![f64::NAN; n];
    for k in 0..draws {
        problem.stochastic_gradient(x, Draw::new(7, k), &mut g);
        for i in 0..n {
            // About the exact gradient, so that the squares lose no digits.
            let d = g[i] - exact[i];
            mean[i] += d;
            square[i] += d * d;
        }
    }
    let count = draws as f64;
    for i in 0..n {
        let m = mean[i] / count;
        let error = ((square[i] / count - m * m).max(0.0) / count).sqrt();
        let bound = 5.0 * error + 1e-9 * exact[i].abs();
        assert!(
            m.abs() <= bound,
            "{}: mean of coordinate {i} off by {m:e} > {bound:e}",
            problem.name()
        );
    }
}

fn check(family: &str) {
    let problems = suite::by_family(family);
    assert!(!problems.is_empty());
    for problem in &problems {
        let problem = problem.as_ref();
        let name = problem.name();
        assert!(name.starts_with(&format!("{family}/")), "{name}");
        let x = problem.start();
        assert!(problem.cost(&x) > problem.minimum(), "{name}: {} at the start", problem.cost(&x));
        let exact = |x: &[f64]| problem.cost(x);
        matches_differences(exact, &x, &gradient(problem, &x), &format!("{name} start"));
        let near: Vec<f64> = x
            .iter()
            .enumerate()
            .map(|(i, x)| x + 0.02 * jitter(i) * if *x == 0.0 { 1.0 } else { x.abs() })
            .collect();
        matches_differences(exact, &near, &gradient(problem, &near), &format!("{name} near"));

        let one = draw(problem, &near, Draw::new(3, 5));
        let again = draw(problem, &near, Draw::new(3, 5));
        assert!(one.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}");
        if problem.noise_free() {
            assert_eq!(one, gradient(problem, &near), "{name}");
        } else {
            assert_ne!(one, draw(problem, &near, Draw::new(3, 6)), "{name}");
            assert_ne!(one, draw(problem, &near, Draw::new(4, 5)), "{name}");
            is_unbiased(problem, &near);
        }
        if problem.draws_have_costs() {
            for index in 0..3 {
                let one = Draw::new(11, index);
                let cost = |x: &[f64]| problem.stochastic_cost(x, one);
                let g = draw(problem, &near, one);
                matches_differences(cost, &near, &g, &format!("{name} {one:?}"));
            }
        } else {
            assert_eq!(problem.stochastic_cost(&near, Draw::new(11, 0)), problem.cost(&near));
        }
    }
    println!("{family}: {} problems", problems.len());
}

#[test]
fn quadratic() {
    check("quadratic");
}

#[test]
fn logistic() {
    check("logistic");
}

#[test]
fn softmax() {
    check("softmax");
}

#[test]
fn mlp() {
    check("mlp");
}

#[test]
fn poisson() {
    check("poisson");
}

#[test]
fn ode() {
    check("ode");
}

/// The fitted parameters of data/reference_optima.json.
#[test]
fn fits_of_differential_equations_have_the_reference_minima() {
    let volterra: [f64; 6] = [
        0.5401590226416734,
        0.027165358981653037,
        0.7963860005135251,
        0.023694636741547866,
        34.602424623807714,
        5.844506197091195,
    ];
    let sir: [f64; 2] = [1.6692261353325741, 0.4434501935561636];
    for problem in suite::by_family("ode") {
        let x = if problem.start().len() == 6 {
            volterra.map(f64::ln).to_vec()
        } else {
            sir.map(f64::ln).to_vec()
        };
        let excess = problem.cost(&x) / problem.minimum() - 1.0;
        assert!(excess.abs() < 1e-10, "{}: {excess:e}", problem.name());
    }
}

#[test]
fn vqe() {
    check("vqe");
}

/// Energies at the start from the dense matrices of reference/vqe.py.
#[test]
fn simulated_qubits_have_the_reference_energies() {
    let expected = [
        ("2/ry/", -0.8387820104225471),
        ("2/ryrz/", -0.9398669760807761),
        ("4/ry/", -0.545188176922974),
    ];
    for problem in suite::by_family("vqe") {
        let found = expected.iter().find(|(part, _)| problem.name().contains(part));
        let (_, energy) = found.expect("a reference for every ansatz");
        assert!((problem.cost(&problem.start()) - energy).abs() < 1e-13, "{}", problem.name());
    }
}

#[test]
fn mgh() {
    check("mgh");
}

/// Costs and gradients at two points each, from 60 digits.
#[test]
fn mgh_matches_the_reference_values() {
    let data: Value = serde_json::from_str(include_str!("../data/mgh.json")).unwrap();
    let problems = suite::by_family("mgh");
    let mut checked = 0;
    for problem in data["problems"].as_array().unwrap() {
        let instances = problem["instances"].as_array().unwrap();
        for instance in instances {
            let size =
                if instances.len() > 1 { format!("/n={}", instance["n"]) } else { String::new() };
            let name = format!("mgh/{}{size}/noise=0", problem["key"].as_str().unwrap());
            let found = problems.iter().find(|problem| problem.name() == name).unwrap();
            for (x, f, g) in [("x0", "f_x0", "grad_x0"), ("x_probe", "f_probe", "grad_probe")] {
                let (x, g) = (numbers(&instance[x]), numbers(&instance[g]));
                let f = instance[f].as_f64().unwrap();
                assert!(
                    (found.cost(&x) - f).abs() <= 1e-9 * f.abs(),
                    "{name}: {} is not {f}",
                    found.cost(&x)
                );
                let norm = g.iter().fold(0.0f64, |norm, g| norm.max(g.abs()));
                for (found, g) in gradient(found.as_ref(), &x).iter().zip(&g) {
                    let tolerance = 1e-9 * g.abs() + 1e-13 * norm;
                    assert!((found - g).abs() <= tolerance, "{name}: slope {found} is not {g}");
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 108);
}

fn numbers(array: &Value) -> Vec<f64> {
    array.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn nist() {
    check("nist");
}

/// The certified sum of squares, at a point where the gradient vanishes.
#[test]
fn nist_has_the_certified_minima() {
    let data: Value = serde_json::from_str(include_str!("../data/nist_strd.json")).unwrap();
    let problems = suite::by_family("nist");
    for problem in data["problems"].as_array().unwrap() {
        let name =
            format!("nist/{}/start=1/full", problem["name"].as_str().unwrap().to_lowercase());
        let found = problems.iter().find(|problem| problem.name() == name).unwrap();
        let count = problem["n_obs"].as_f64().unwrap();
        let (x, start) = (numbers(&problem["computed"]["params"]), found.start());
        let at_start = problem["computed"]["rss_at_start1"].as_f64().unwrap();
        let start_error = (found.cost(&start) * count / at_start - 1.0).abs();
        assert!(start_error < 1e-9, "{name}: {start_error:e} at the start");
        let excess = (found.cost(&x) * count - problem["certified_rss"].as_f64().unwrap()).abs();
        // The certified value has 11 digits; Lanczos1 is below the resolution of its data.
        assert!(excess < 1e-10 * found.cost(&x) * count + 1e-20, "{name}: {excess:e}");
        // In steps of one relative unit, compared with the start.
        let relative = |x: &[f64]| {
            let g = gradient(found.as_ref(), x);
            x.iter().zip(g).map(|(x, g)| (x * g).abs()).fold(0.0, f64::max)
        };
        assert!(
            relative(&x) < 1e-6 * relative(&start),
            "{name}: {:e} {:e}",
            relative(&x),
            relative(&start)
        );
    }
}

#[test]
fn vi() {
    check("vi");
}

/// Costs at the start from reference/variational.py, which uses other quadrature.
#[test]
fn evidence_bounds_have_the_reference_values() {
    let expected = [
        ("logistic", 0.7803703535573181),
        ("/centered", 40.853776490030675),
        ("noncentered", 39.98124072632791),
    ];
    for problem in suite::by_family("vi") {
        let found = expected.iter().find(|(part, _)| problem.name().contains(part));
        let (_, bound) = found.expect("a reference for every posterior");
        let cost = problem.cost(&problem.start());
        assert!((cost / bound - 1.0).abs() < 1e-13, "{}: {cost}", problem.name());
    }
}

#[test]
fn inventory() {
    check("inventory");
}

#[test]
fn factorization() {
    check("factorization");
}

#[test]
fn onehot() {
    check("onehot");
}

#[test]
fn ranking() {
    check("ranking");
}

#[test]
fn ica() {
    check("ica");
}

#[test]
fn rawunits() {
    check("rawunits");
}

#[test]
fn kinks() {
    check("kinks");
}

#[test]
fn scales() {
    check("scales");
}

#[test]
fn exponentials() {
    check("exponentials");
}

#[test]
fn normal() {
    check("normal");
}

#[test]
fn score() {
    check("score");
}

#[test]
fn transport() {
    check("transport");
}

#[test]
fn deblurring() {
    check("deblurring");
}

#[test]
fn calibration() {
    check("calibration");
}

#[test]
fn gp() {
    check("gp");
}

#[test]
fn simulated() {
    check("simulated");
}

#[test]
fn population() {
    check("population");
}

#[test]
fn relu() {
    check("relu");
}

#[test]
fn autoencoder() {
    check("autoencoder");
}

#[test]
fn rnn() {
    check("rnn");
}

#[test]
fn embedding() {
    check("embedding");
}

#[test]
fn policy() {
    check("policy");
}

#[test]
fn lqr() {
    check("lqr");
}

#[test]
fn qaoa() {
    check("qaoa");
}

#[test]
fn names_are_unique() {
    let mut names: Vec<String> = suite::suite().iter().map(|problem| problem.name()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
