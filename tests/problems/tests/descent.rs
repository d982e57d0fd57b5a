//! Exact descent: no problem goes below its stated minimum, and which fall short of it.

use suite::Problem;

/// L-BFGS with 30 pairs and a backtracking line search; the lowest cost found.
fn descend(problem: &dyn Problem, iterations: usize) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut x = problem.start();
    let mut cost = problem.cost(&x);
    let mut g = vec![0.0; x.len()];
    problem.gradient(&x, &mut g);
    let mut pairs: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for _ in 0..iterations {
        let mut p: Vec<f64> = g.iter().map(|g| -g).collect();
        let mut weights = Vec::new();
        for (s, y) in pairs.iter().rev() {
            let weight = dot(s, &p) / dot(s, y);
            p.iter_mut().zip(y).for_each(|(p, y)| *p -= weight * y);
            weights.push(weight);
        }
        if let Some((s, y)) = pairs.last() {
            let unit = dot(s, y) / dot(y, y);
            p.iter_mut().for_each(|p| *p *= unit);
        }
        for ((s, y), weight) in pairs.iter().zip(weights.into_iter().rev()) {
            let back = dot(y, &p) / dot(s, y);
            p.iter_mut().zip(s).for_each(|(p, s)| *p += (weight - back) * s);
        }
        let slope = dot(&p, &g);
        if slope >= 0.0 {
            pairs.clear();
            if dot(&g, &g) == 0.0 {
                break;
            }
            continue;
        }
        let mut t = if pairs.is_empty() { (0.1 / dot(&g, &g).sqrt()).min(1.0) } else { 1.0 };
        let next = loop {
            let next: Vec<f64> = x.iter().zip(&p).map(|(x, p)| x + t * p).collect();
            if problem.cost(&next) <= cost + 1e-4 * t * slope {
                break Some(next);
            }
            t *= 0.4;
            if t < 1e-18 {
                break None;
            }
        };
        let Some(next) = next else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            continue;
        };
        let mut after = vec![0.0; x.len()];
        problem.gradient(&next, &mut after);
        let s: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = after.iter().zip(&g).map(|(a, b)| a - b).collect();
        if dot(&s, &y) > 1e-12 * dot(&y, &y).sqrt() * dot(&s, &s).sqrt() {
            pairs.push((s, y));
            if pairs.len() > 30 {
                pairs.remove(0);
            }
        }
        x = next;
        g = after;
        cost = problem.cost(&x);
    }
    cost
}

#[test]
fn no_descent_undercuts_the_minimum() {
    for problem in suite::suite().iter().filter(|problem| problem.noise_free()) {
        let (name, start, minimum) =
            (problem.name(), problem.cost(&problem.start()), problem.minimum());
        let iterations = if name.contains("digits") { 300 } else { 3000 };
        let end = descend(problem.as_ref(), iterations);
        let left = (end - minimum) / (start - minimum);
        println!("{left:9.1e} of {:9.3e} above {minimum:23.16e} left by {name}", start - minimum);
        // Rounding: a cost is known to about 1e-12 of itself, or of the start's where it cancels.
        assert!(
            end - minimum >= -1e-10 * minimum.abs() - 1e-15 * start.abs(),
            "{name}: {end} < {minimum}"
        );
    }
}

/// The families whose problems all have noise; their minima come from Newton's method
/// (examples/minima_simulation.rs) or a formula.
#[test]
fn descent_meets_the_minima_of_simulations() {
    let families = [
        "normal",
        "score",
        "transport",
        "deblurring",
        "calibration",
        "gp",
        "simulated",
        "population",
    ];
    for family in families {
        // Noise levels of one objective share its minimum.
        let mut seen = Vec::new();
        for problem in suite::by_family(family) {
            let (name, x, minimum) = (problem.name(), problem.start(), problem.minimum());
            let start = problem.cost(&x);
            if seen.contains(&(x.clone(), start)) {
                continue;
            }
            seen.push((x, start));
            let left = (descend(problem.as_ref(), 200) - minimum) / (start - minimum);
            println!("{left:9.1e} left by {name}");
            assert!((-1e-10..1e-8).contains(&left), "{name}: {left:e}");
        }
    }
}
