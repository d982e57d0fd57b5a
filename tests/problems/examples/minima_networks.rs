//! The least exact costs that BFGS finds from the start of each problem and from random points.
//!
//! Usage: `minima_networks NAME RUNS [SPREAD]`, of problems whose names begin with NAME. Run 0
//! begins at the start, the others at normal points about zero (odd) or about the start (even) of
//! standard deviation SPREAD, 0.5 unless given. Of every name without its last part, the noise, it
//! prints the minima of the runs, the largest slope at the best one and, up to 100 coordinates,
//! the least and largest eigenvalue of the Hessian there, by differences of the exact gradient.
//!
//! BFGS with the line search of Lewis and Overton (2013), which needs no differentiability at the
//! minimum. No code is shared with the solvers that are compared.

use argmin_arturo::Draw;
use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};
use suite::Problem;

const ITERATIONS: usize = 6000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let beginning = arguments.next().expect("the beginning of a name");
    let runs: u64 = arguments.next().map_or(1, |runs| runs.parse().expect("a number of runs"));
    let spread = arguments.next().map_or(0.5, |spread| spread.parse().expect("a spread"));
    let mut seen = Vec::new();
    for problem in suite::suite() {
        let name = problem.name();
        let exact = name.rsplit_once('/').map_or(name.clone(), |(exact, _)| exact.to_owned());
        if exact.starts_with(&beginning) && !seen.contains(&exact) {
            report(problem.as_ref(), &exact, runs, spread);
            seen.push(exact);
        }
    }
}

fn report(problem: &dyn Problem, name: &str, runs: u64, spread: f64) {
    let start = DVector::from_vec(problem.start());
    let mut minima = Vec::new();
    let mut best = (f64::INFINITY, start.clone());
    for run in 0..runs {
        let mut rng = Draw::new(1, run).rng();
        let mut x = if run % 2 == 0 { start.clone() } else { 0.0 * &start };
        if run > 0 {
            x.iter_mut().for_each(|x| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                *x += spread * normal;
            });
        }
        let (cost, x) = bfgs(problem, x);
        minima.push(cost);
        if cost < best.0 {
            best = (cost, x);
        }
    }
    let (cost, x) = best;
    println!("{name} n={} minimum {cost:?}", start.len());
    println!(
        "  largest slope {:.1e}, recorded {:?}",
        gradient(problem, &x).amax(),
        problem.minimum()
    );
    println!("  largest coordinate {:.3e}, of the start {:.3e}", x.amax(), start.amax());
    let from_start = minima[0];
    minima.sort_by(f64::total_cmp);
    println!("  from the start {from_start:?}, all {:?}", minima);
    if x.len() <= 100 {
        let eigenvalues = hessian(problem, &x).symmetric_eigenvalues();
        println!("  eigenvalues {:.3e} to {:.3e}", eigenvalues.min(), eigenvalues.max());
    }
}

fn gradient(problem: &dyn Problem, x: &DVector<f64>) -> DVector<f64> {
    let mut g = DVector::zeros(x.len());
    problem.gradient(x.as_slice(), g.as_mut_slice());
    g
}

/// The last cost and point of a run that ends where no step descends.
fn bfgs(problem: &dyn Problem, mut x: DVector<f64>) -> (f64, DVector<f64>) {
    let n = x.len();
    let (mut f, mut g) = (problem.cost(x.as_slice()), gradient(problem, &x));
    let mut inverse = DMatrix::identity(n, n) / g.norm().max(1e-300);
    let mut fresh = true;
    for _ in 0..ITERATIONS {
        let p = -(&inverse * &g);
        let Some((y, value, slopes)) = line_search(problem, &x, f, &g, &p) else {
            if fresh {
                break;
            }
            inverse = DMatrix::identity(n, n) / g.norm().max(1e-300);
            fresh = true;
            continue;
        };
        let (s, d) = (&y - &x, &slopes - &g);
        let curvature = s.dot(&d);
        if curvature > 0.0 {
            if fresh {
                inverse = DMatrix::identity(n, n) * (curvature / d.norm_squared());
            }
            // The inverse update as one symmetric matrix of rank two.
            let hd = &inverse * &d;
            let scale = (1.0 + d.dot(&hd) / curvature) / curvature;
            inverse.ger(-1.0 / curvature, &hd, &s, 1.0);
            inverse.ger(-1.0 / curvature, &s, &hd, 1.0);
            inverse.ger(scale, &s, &s, 1.0);
            fresh = false;
        }
        (x, f, g) = (y, value, slopes);
        if g.amax() < 1e-13 {
            break;
        }
    }
    (f, x)
}

/// A step that descends enough and flattens the slope, by bisection; none if there is no such.
fn line_search(
    problem: &dyn Problem,
    x: &DVector<f64>,
    f: f64,
    g: &DVector<f64>,
    p: &DVector<f64>,
) -> Option<(DVector<f64>, f64, DVector<f64>)> {
    let slope = g.dot(p);
    if slope.is_nan() || slope >= 0.0 {
        return None;
    }
    let (mut low, mut high, mut step) = (0.0, f64::INFINITY, 1.0);
    let mut found = None;
    for _ in 0..60 {
        let y = x + step * p;
        let value = problem.cost(y.as_slice());
        // Of strict descent, so that rounding ends the run.
        if !(value < f && value <= f + 1e-4 * step * slope) {
            high = step;
        } else {
            let slopes = gradient(problem, &y);
            let flat = slopes.dot(p) >= 0.9 * slope;
            found = Some((y, value, slopes));
            if flat {
                break;
            }
            low = step;
        }
        step = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * low };
    }
    found
}

/// By central differences of the exact gradient.
fn hessian(problem: &dyn Problem, x: &DVector<f64>) -> DMatrix<f64> {
    let mut h = DMatrix::zeros(x.len(), x.len());
    for i in 0..x.len() {
        let step = 1e-5 * x[i].abs().max(1.0);
        let [above, below] = [step, -step].map(|step| {
            let mut y = x.clone();
            y[i] += step;
            gradient(problem, &y)
        });
        h.set_column(i, &((above - below) / (2.0 * step)));
    }
    0.5 * (&h + h.transpose())
}
