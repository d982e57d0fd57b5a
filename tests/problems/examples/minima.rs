//! Prints the least cost found for each objective whose name begins in a given way.
//!
//! `minima NAME [STARTS] [SPREAD]`: damped Newton on the exact objective from the official
//! start and from STARTS - 1 normal ones about it (standard deviation SPREAD times the size
//! of a coordinate, or SPREAD where it is 0). Hessians are central differences of the exact
//! gradient, scaled to a diagonal of ones; eigenvalues enter by their absolute value, so that
//! saddles repel. A line has the cost, how many starts reached it within 1e-9, the largest
//! scaled slope (in the root of the unit of cost) and the least eigenvalue of the scaled
//! Hessian there, 0 where the minimum is flat in some direction.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rand_distr::{Distribution, StandardNormal};
use suite::{Draw, Problem};

const ITERATIONS: usize = 300;

/// Eigenvalues below this part of the largest count as this part.
const LEAST_EIGENVALUE: f64 = 1e-11;

struct End {
    cost: f64,
    slope: f64,
    least_eigenvalue: f64,
    x: Vec<f64>,
}

/// The Hessian over the roots of its diagonal.
struct Scaled {
    roots: DVector<f64>,
    eigen: SymmetricEigen<f64, nalgebra::Dyn>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let beginning = arguments.first().expect("minima NAME [STARTS] [SPREAD]");
    let number = |i: usize, default: f64| {
        arguments.get(i).map_or(default, |text| text.parse().expect("a number"))
    };
    let (starts, spread) = (number(1, 20.0) as u64, number(2, 1.0));
    let mut last = String::new();
    let all = suite::suite().into_iter();
    for problem in all.filter(|problem| problem.name().starts_with(beginning)) {
        // Problems that differ in the last part of the name share their exact objective.
        let objective = problem.name().rsplit_once('/').expect("a name of parts").0.to_string();
        if objective == last {
            continue;
        }
        let ends: Vec<End> = (0..starts)
            .map(|index| descend(problem.as_ref(), start(problem.as_ref(), index, spread)))
            .filter(|end| end.cost.is_finite())
            .collect();
        let best = ends.iter().min_by(|a, b| a.cost.total_cmp(&b.cost)).expect("a finite cost");
        let tolerance = 1e-9 * best.cost.abs().max(1e-300);
        let reached = ends.iter().filter(|end| end.cost <= best.cost + tolerance).count();
        println!(
            "{objective}: {:?}, from {reached} of {starts}, slope {:.1e}, least eigenvalue {:.1e}, \
             {:.3e} above the stated minimum; |x| <= {:.3e}",
            best.cost,
            best.slope,
            best.least_eigenvalue,
            best.cost - problem.minimum(),
            best.x.iter().fold(0.0f64, |m, x| m.max(x.abs())),
        );
        last = objective;
    }
}

fn start(problem: &dyn Problem, index: u64, spread: f64) -> Vec<f64> {
    let mut x = problem.start();
    if index > 0 {
        let mut rng = Draw::new(1, index).rng();
        for x in &mut x {
            let normal: f64 = StandardNormal.sample(&mut rng);
            *x += spread * unit(*x) * normal;
        }
    }
    x
}

/// The size of a coordinate.
fn unit(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.abs() }
}

fn gradient(problem: &dyn Problem, x: &[f64]) -> DVector<f64> {
    let mut g = DVector::zeros(x.len());
    problem.gradient(x, g.as_mut_slice());
    g
}

fn descend(problem: &dyn Problem, mut x: Vec<f64>) -> End {
    let mut cost = problem.cost(&x);
    let mut g = gradient(problem, &x);
    let mut end = End { cost, slope: f64::NAN, least_eigenvalue: f64::NAN, x: x.clone() };
    for _ in 0..ITERATIONS {
        let Some(hessian) = Scaled::at(problem, &x) else { break };
        let size = hessian.size(&g);
        end = End {
            cost,
            slope: size,
            least_eigenvalue: hessian.eigen.eigenvalues.min(),
            x: x.clone(),
        };
        let p = hessian.newton_step(&g);
        let slope = p.dot(&g);
        let mut t = 1.0;
        let next = loop {
            let next: Vec<f64> = x.iter().zip(&p).map(|(x, p)| x + t * p).collect();
            let after = problem.cost(&next);
            if after < cost && after <= cost + 1e-4 * t * slope {
                break Some((next, after));
            }
            // Where rounding hides the decrease of the cost, that of the slope decides.
            let level = after <= cost + 1e-13 * cost.abs();
            if t == 1.0 && level && hessian.size(&gradient(problem, &next)) < 0.5 * size {
                break Some((next, after));
            }
            t *= 0.5;
            if t < 1e-12 {
                break None;
            }
        };
        let Some((next, after)) = next else { break };
        (x, cost) = (next, after);
        g = gradient(problem, &x);
    }
    end
}

impl Scaled {
    /// None where the gradient is not finite.
    fn at(problem: &dyn Problem, x: &[f64]) -> Option<Self> {
        let n = x.len();
        let mut hessian = DMatrix::zeros(n, n);
        let mut y = x.to_vec();
        for i in 0..n {
            let mut h = 6e-6 * unit(x[i]).max(1e-3);
            let column = loop {
                let (above, below) = (x[i] + h, x[i] - h);
                y[i] = above;
                let up = gradient(problem, &y);
                y[i] = below;
                let down = gradient(problem, &y);
                y[i] = x[i];
                // Where a robust loss is straight, look as far as it bends.
                let straight = (up[i] - down[i]).abs() <= 1e-9 * (up[i].abs() + down[i].abs());
                if !straight || h > 1e3 {
                    break (up - down) / (above - below);
                }
                h *= 10.0;
            };
            hessian.set_column(i, &column);
        }
        let roots = hessian.diagonal().map(|h: f64| if h == 0.0 { 1.0 } else { h.abs().sqrt() });
        let scaled = DMatrix::from_fn(n, n, |i, j| {
            0.5 * (hessian[(i, j)] + hessian[(j, i)]) / (roots[i] * roots[j])
        });
        let finite = scaled.iter().all(|h| h.is_finite());
        finite.then(|| Self { roots, eigen: scaled.symmetric_eigen() })
    }

    /// The largest slope, each in the unit of its curvature.
    fn size(&self, g: &DVector<f64>) -> f64 {
        g.component_div(&self.roots).amax()
    }

    fn newton_step(&self, g: &DVector<f64>) -> DVector<f64> {
        let values = self.eigen.eigenvalues.map(f64::abs);
        let least = LEAST_EIGENVALUE * values.max();
        let inner = self.eigen.eigenvectors.tr_mul(&g.component_div(&self.roots));
        let inner = inner.zip_map(&values, |g, value| -g / value.max(least));
        (&self.eigen.eigenvectors * inner).component_div(&self.roots)
    }
}
