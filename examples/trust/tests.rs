//! That the problems are what they say, and that the judge can tell.

use crate::generate::{KINDS, problem};
use crate::judge::{Answer, End, Finding, findings, judge};
use crate::problem::Problem;
use argmin_arturo::Draw;
use argmin_arturo::rand::Rng;
use argmin_arturo::solution::Tolerance;

/// Four problems of each kind.
fn problems() -> impl Iterator<Item = Problem> {
    (0..4 * KINDS.len() as u64).map(problem)
}

/// A point about the minimizer, in the box.
fn point(problem: &Problem, rng: &mut impl Rng) -> Vec<f64> {
    let mut x = problem.minimizer();
    for (x, unit) in x.iter_mut().zip(&problem.unit) {
        *x += unit * rng.random_range(-1.0..1.0);
    }
    if let Some((lower, upper)) = &problem.bounds {
        (0..x.len()).for_each(|i| x[i] = x[i].clamp(lower[i], upper[i]));
    }
    x
}

#[test]
fn nothing_is_below_the_minimum() {
    for problem in problems() {
        let name = format!("{problem:?}");
        assert_eq!(problem.gap(&problem.minimizer()), 0.0, "{name}");
        assert!(problem.gap(&problem.start).is_finite(), "{name}");
        assert!((1..=40).contains(&problem.dimension()), "{name}");
        let mut rng = Draw::new(problem.seed, 1).rng();
        for _ in 0..100 {
            let x = point(&problem, &mut rng);
            assert!(problem.gap(&x) >= -1e-12 * problem.amplitude, "{x:?} of {name}");
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_cost() {
    for problem in problems() {
        let mut rng = Draw::new(problem.seed, 2).rng();
        let x = point(&problem, &mut rng);
        let mut g = vec![f64::NAN; x.len()];
        problem.gradient(&x, None, &mut g);
        for i in 0..x.len() {
            let h = 1e-5 * problem.unit[i];
            let at = |step: f64| {
                let mut x = x.clone();
                x[i] += step;
                problem.gap(&x)
            };
            let difference = (at(h) - at(-h)) / (2.0 * h);
            let error = (difference - g[i]).abs() * problem.unit[i] / problem.amplitude;
            assert!(error < 1e-5, "coordinate {i}: {difference}, not {} of {problem:?}", g[i]);
        }
    }
}

#[test]
fn draws_are_unbiased() {
    // 4000 draws, within 6 standard errors in each of some 500 coordinates
    let count = 4000;
    for problem in problems() {
        let x = point(&problem, &mut Draw::new(problem.seed, 3).rng());
        let n = x.len();
        let (mut exact, mut g) = (vec![0.0; n], vec![f64::NAN; n]);
        problem.gradient(&x, None, &mut exact);
        let (mut sums, mut squares) = (vec![0.0; n], vec![0.0; n]);
        for k in 0..count {
            problem.gradient(&x, Some(Draw::new(k, 7)), &mut g);
            for i in 0..n {
                let error = (g[i] - exact[i]) * problem.unit[i] / problem.amplitude;
                sums[i] += error;
                squares[i] += error * error;
            }
        }
        for i in 0..n {
            let mean = sums[i] / count as f64;
            let error = (squares[i] / count as f64).sqrt() / (count as f64).sqrt();
            assert!(mean.abs() <= 6.0 * error + 1e-9, "{mean} +- {error} at {i} of {problem:?}");
        }
    }
}

#[test]
fn a_seed_repeats_its_runs() {
    for seed in [3, 16, 20, 22] {
        let descriptions = || {
            let runs = judge(&problem(seed), &[100]);
            runs.into_iter().map(|run| run.description).collect::<Vec<_>>()
        };
        assert_eq!(descriptions(), descriptions());
    }
}

#[test]
fn the_judge_tells_good_answers_from_bad_ones() {
    let at = |param: Vec<f64>| Answer { param, claim: None, by_tolerance: true, draws: 1000 };
    let gain = |problem: &Problem| {
        End::Tolerance(Tolerance::PredictedGain(1e-3 * problem.gap(&problem.start)), 1000)
    };
    for problem in problems() {
        let found = |x: Vec<f64>, end| findings(&problem, end, &at(x));
        let relative = End::Tolerance(Tolerance::RelativeError(1e-2), 1000);
        for end in [End::Draws(1000), relative, gain(&problem)] {
            assert_eq!(found(problem.minimizer(), end), [], "{problem:?}");
        }
        let far: Vec<f64> =
            (0..problem.dimension()).map(|i| problem.start[i] - 1e10 * problem.unit[i]).collect();
        if problem.shape.value(-1e9).is_finite() {
            let all = [Finding::Worse, Finding::Far, Finding::PredictedGain];
            assert_eq!(found(far.clone(), gain(&problem)), all, "{problem:?}");
            let all = [Finding::Worse, Finding::Far, Finding::RelativeError];
            assert_eq!(found(far, relative), all, "{problem:?}");
        }
        let lost = vec![f64::NAN; problem.dimension()];
        assert_eq!(found(lost, relative), [Finding::NonFinite]);
        // a start that is not the minimum is no answer
        if problem.gap(&problem.start) > 1e-3 * problem.amplitude {
            let start = found(problem.start.clone(), gain(&problem));
            assert_eq!(start, [Finding::PredictedGain], "{problem:?}");
        }
    }
}
