//! Minima of the exact costs of a family, for `Problem::minimum`.
//!
//! `cargo run --release --manifest-path tests/problems/Cargo.toml --example minima_simulation -- FAMILY
//! [STARTS]`
//!
//! Newton's method with the Hessian by central differences of the exact gradient, absolute
//! eigenvalues and backtracking, from the start and from jittered starts. Prints the least cost,
//! the largest slope and the least eigenvalue of the Hessian there, the minima that were
//! found and how often, and the time of a draw and of the exact cost.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use std::hint::black_box;
use std::time::Instant;
use suite::{Draw, Problem};

/// The start and jittered ones, if the command line names no number.
const STARTS: u64 = 8;
const ITERATIONS: usize = 300;
/// Eigenvalues below this share of the largest are raised to it.
const FLOOR: f64 = 1e-12;

struct Minimum {
    cost: f64,
    slope: f64,
    least_eigenvalue: f64,
}

fn main() {
    let family = std::env::args().nth(1).expect("the name of a family");
    let starts = std::env::args().nth(2).map_or(STARTS, |n| n.parse().expect("a number of starts"));
    let mut seen: Vec<(String, Vec<f64>)> = Vec::new();
    for problem in suite::by_family(&family) {
        println!("{}", problem.name());
        println!("  {}", times(problem.as_ref()));
        // Noise levels of one objective share its minimum.
        let start = problem.start();
        let key = (format!("{:e}", problem.cost(&start)), start);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let mut found: Vec<Minimum> = (0..starts)
            .map(|i| descend(problem.as_ref(), &start_number(problem.as_ref(), i)))
            .collect();
        println!("  from the start: {}", found[0].cost);
        found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let least = &found[0];
        println!(
            "  minimum {}, slope {:.1e}, least eigenvalue {:.1e}, stated {}",
            least.cost,
            least.slope,
            least.least_eigenvalue,
            problem.minimum()
        );
        println!("  found {}", counted(&found));
    }
}

/// The costs of different minima, and how many starts led there.
fn counted(sorted: &[Minimum]) -> String {
    let same = |a: &Minimum, b: &Minimum| (a.cost - b.cost).abs() <= 1e-9 * a.cost.abs();
    let groups = sorted.chunk_by(same);
    let groups = groups.map(|group| format!("{:.9} ({})", group[0].cost, group.len()));
    groups.collect::<Vec<_>>().join(", ")
}

/// The start, and points around it, uniform within half of 1 + |x_i| in every coordinate.
fn start_number(problem: &dyn Problem, number: u64) -> Vec<f64> {
    let mut rng = Draw::new(1, number).rng();
    let spread = if number == 0 { 0.0 } else { 0.5 };
    let jitter =
        |x: f64| x + spread * (1.0 + x.abs()) * rand::Rng::random_range(&mut rng, -1.0..1.0);
    problem.start().into_iter().map(jitter).collect()
}

fn gradient(problem: &dyn Problem, x: &[f64]) -> DVector<f64> {
    let mut g = DVector::zeros(x.len());
    problem.gradient(x, g.as_mut_slice());
    g
}

fn hessian(problem: &dyn Problem, x: &[f64]) -> DMatrix<f64> {
    let n = x.len();
    let mut h = DMatrix::zeros(n, n);
    for i in 0..n {
        let step = 1e-5 * x[i].abs().max(1.0);
        let at = |sign: f64| {
            let mut y = x.to_vec();
            y[i] += sign * step;
            gradient(problem, &y)
        };
        h.set_column(i, &((at(1.0) - at(-1.0)) / (2.0 * step)));
    }
    0.5 * (&h + h.transpose())
}

fn descend(problem: &dyn Problem, start: &[f64]) -> Minimum {
    let mut x = start.to_vec();
    let mut cost = problem.cost(&x);
    let mut stalled = 0;
    for _ in 0..ITERATIONS {
        let g = gradient(problem, &x);
        let h = hessian(problem, &x);
        if !(g.iter().chain(h.iter())).all(|v| v.is_finite()) {
            break;
        }
        let eigen = SymmetricEigen::new(h);
        let floor = FLOOR * eigen.eigenvalues.amax();
        let inverse = eigen.eigenvalues.map(|v| 1.0 / v.abs().max(floor).max(f64::MIN_POSITIVE));
        let p =
            -&eigen.eigenvectors * (eigen.eigenvectors.transpose() * &g).component_mul(&inverse);
        let mut t = 1.0;
        let moved = loop {
            let next: Vec<f64> = x.iter().zip(&p).map(|(x, p)| x + t * p).collect();
            let after = problem.cost(&next);
            // At the bottom the cost is rounding, and the slope decides.
            if after < cost || (after <= cost + 1e-15 * cost.abs() && t == 1.0) {
                let flatter = gradient(problem, &next).amax() < g.amax();
                break (after < cost || flatter).then_some((next, after));
            }
            t *= 0.5;
            if t < 1e-12 {
                break None;
            }
        };
        let Some((next, after)) = moved else {
            break;
        };
        stalled = if after < cost - 1e-15 * cost.abs() { 0 } else { stalled + 1 };
        (x, cost) = (next, after);
        if stalled > 5 {
            break;
        }
    }
    let slope = gradient(problem, &x).amax();
    let least_eigenvalue = SymmetricEigen::new(hessian(problem, &x)).eigenvalues.min();
    Minimum { cost, slope, least_eigenvalue }
}

/// Of a draw and of the exact cost, at the start; the least of several, for other work disturbs.
fn times(problem: &dyn Problem) -> String {
    let x = problem.start();
    let mut g = vec![0.0; x.len()];
    let least = |run: &mut dyn FnMut(u64)| {
        let times = (0..50).map(|index| {
            let begin = Instant::now();
            run(index);
            begin.elapsed()
        });
        times.min().unwrap_or_default()
    };
    let draw = least(&mut |index| {
        problem.stochastic_gradient(&x, Draw::new(2, index), &mut g);
        black_box(&g);
    });
    let cost = least(&mut |_| {
        black_box(problem.cost(black_box(&x)));
    });
    format!("n = {}, draw {draw:.1?}, exact cost {cost:.1?}", x.len())
}
