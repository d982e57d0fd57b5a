//! Box bounds: nothing leaves the box, and solutions on its boundary are found.

mod errors;
mod hock_schittkowski;

use crate::common::noisy;
use argmin::core::{Error, Executor, IterState, State};
use argmin_arturo::hessian::{
    AdaptiveRls, Constant, FiniteDifference, HessianEstimator, Hutchinson, SquaredGradient,
};
use argmin_arturo::{Arturo, Draw, PaperSettings, StochasticGradient, Telemetry};
use hock_schittkowski::{Bounded, problems};
use rand_distr::{Distribution, StandardNormal};

/// A problem that panics where it is evaluated outside of its box, with noise on its gradient.
struct Guarded<'a> {
    problem: &'a Bounded,
    sigma: f64,
}

impl StochasticGradient for Guarded<'_> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        assert_inside(self.problem, x);
        (self.problem.gradient)(x, g);
        let mut rng = draw.rng();
        for g in g {
            let noise: f64 = StandardNormal.sample(&mut rng);
            *g += self.sigma * noise;
        }
        Ok(())
    }
}

fn assert_inside(problem: &Bounded, x: &[f64]) {
    for (i, x) in x.iter().enumerate() {
        let (lower, upper) = (problem.lower[i], problem.upper[i]);
        assert!((lower..=upper).contains(x), "{}: {x} is not in [{lower}, {upper}]", problem.name);
    }
}

/// Largest coordinate of x - clip(x - g), which is 0 where the first-order conditions hold.
fn projected_gradient(problem: &Bounded, x: &[f64]) -> f64 {
    let mut g = vec![0.0; x.len()];
    (problem.gradient)(x, &mut g);
    let residual = |i: usize| x[i] - (x[i] - g[i]).clamp(problem.lower[i], problem.upper[i]);
    (0..x.len()).map(|i| residual(i).abs()).fold(0.0, f64::max)
}

/// The last and the recommended point, which are in the box.
fn solve<E>(problem: &Bounded, estimator: E, sigma: f64, iterations: u64) -> [Vec<f64>; 2]
where
    E: for<'a> HessianEstimator<Guarded<'a>>,
{
    solve_seeded(problem, estimator, sigma, iterations, 0)
}

fn solve_seeded<E>(
    problem: &Bounded,
    estimator: E,
    sigma: f64,
    iterations: u64,
    seed: u64,
) -> [Vec<f64>; 2]
where
    E: for<'a> HessianEstimator<Guarded<'a>>,
{
    let solver = Arturo::new().with_estimator(estimator).with_seed(seed);
    let solver = solver.with_bounds(problem.lower.clone(), problem.upper.clone()).unwrap();
    let result = Executor::new(Guarded { problem, sigma }, solver)
        .configure(|state| state.param(problem.start.clone()).max_iters(iterations))
        .run()
        .unwrap();
    let state = result.state();
    assert_inside(problem, state.get_param().unwrap());
    assert_inside(problem, state.get_best_param().unwrap());
    [state.get_param().unwrap().clone(), state.get_best_param().unwrap().clone()]
}

#[test]
fn gradients_and_solutions_are_right() {
    for problem in problems() {
        let n = problem.start.len();
        assert_inside(&problem, &problem.start);
        assert_inside(&problem, &problem.solution);
        let cost = (problem.cost)(&problem.solution);
        assert!((cost - problem.minimum).abs() < 1e-8, "{}: {cost}", problem.name);
        let residual = projected_gradient(&problem, &problem.solution);
        assert!(residual < 1e-6, "{}: {residual}", problem.name);

        // inside, where both sides of a difference are defined
        let x: Vec<f64> = (0..n)
            .map(|i| 0.5 * problem.start[i] + 0.5 * problem.solution[i] + 1e-2 * i as f64 - 1e-2)
            .collect();
        let mut g = vec![0.0; n];
        (problem.gradient)(&x, &mut g);
        let scale = g.iter().fold(1e-3, |scale: f64, g| scale.max(g.abs()));
        for i in 0..n {
            let shifted = |h: f64| {
                let mut x = x.clone();
                x[i] += h;
                (problem.cost)(&x)
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            assert!((g[i] - difference).abs() < 1e-5 * scale, "{} {i}", problem.name);
        }
    }
}

#[test]
fn published_solutions_are_found() {
    for problem in problems() {
        let [x, _] = solve(&problem, AdaptiveRls::default(), 0.0, 20_000);
        let gap = (problem.cost)(&x) - problem.minimum;
        let residual = projected_gradient(&problem, &x);
        println!("{:>24}: f - f* = {gap:.1e}, projected gradient {residual:.1e}", problem.name);
        // the minima are published to 1e-8
        assert!(gap.abs() < 1e-8, "{}: {gap}", problem.name);
        assert!(residual < 1e-8, "{}: {residual}", problem.name);
        for (x, solution) in x.iter().zip(&problem.solution) {
            assert!((x - solution).abs() < 1e-5, "{}: {x} {solution}", problem.name);
        }
    }
}

#[test]
fn noise_does_not_move_a_solution_off_its_bounds() {
    // the mean over 5 seeds of the gap after 10,000 draws with a noise of 0.1
    for problem in
        problems().iter().filter(|problem| (0..problem.start.len()).any(|i| problem.is_bound(i)))
    {
        let mut gap = 0.0;
        for seed in 0..5 {
            let [_, x] = solve_seeded(problem, AdaptiveRls::default(), 0.1, 10_000, seed);
            gap += 0.2 * ((problem.cost)(&x) - problem.minimum);
            for (i, (x, solution)) in x.iter().zip(&problem.solution).enumerate() {
                if problem.is_bound(i) {
                    // the average remembers how the path came to the bound of problem 2: 1.4e-4
                    assert!((x - solution).abs() < 3e-4, "{} {i}: {x}", problem.name);
                }
            }
        }
        println!("{:>24}: f - f* = {gap:.1e}", problem.name);
        assert!(gap < 2e-3, "{}: {gap}", problem.name);
    }
}

#[test]
fn no_estimator_leaves_the_box() {
    for problem in problems() {
        solve(&problem, FiniteDifference::new(), 0.1, 200);
        solve(&problem, Hutchinson::new().with_interval(1).unwrap(), 0.1, 200);
        solve(&problem, SquaredGradient::new(), 0.1, 200);
        solve(&problem, Constant::new(1e-3).unwrap(), 0.1, 200);
        let settings = PaperSettings { weight_decay: 1.0, ..PaperSettings::default() };
        let solver = Arturo::paper(settings).unwrap();
        let solver = solver.with_bounds(problem.lower.clone(), problem.upper.clone()).unwrap();
        let result = Executor::new(Guarded { problem: &problem, sigma: 0.1 }, solver)
            .configure(|state| state.param(problem.start.clone()).max_iters(500))
            .run()
            .unwrap();
        assert_inside(&problem, result.state().get_param().unwrap());
    }
}

#[test]
fn differences_at_a_bound_find_the_diagonal() {
    // 1/2 sum (i + 1) (x_i - 1)^2 with its minimum on the boundary
    let check = |curvature: &[f64]| {
        for (i, a) in curvature.iter().enumerate() {
            assert!((a / (i as f64 + 1.0) - 1.0).abs() < 1e-8, "{curvature:?}");
        }
    };
    let bounds = |solver: Arturo<f64>| solver.with_bounds(vec![-1.0; 3], vec![1.0; 3]).unwrap();
    let configure = |state: IterState<Vec<f64>, Vec<f64>, (), (), (), f64>| {
        state.param(vec![-1.0, 1.0, 0.0]).max_iters(50)
    };
    let solver = bounds(Arturo::new()).with_estimator(FiniteDifference::new());
    check(Executor::new(noisy(), solver).configure(configure).run().unwrap().solver().curvature());
    let solver = bounds(Arturo::new()).with_estimator(Hutchinson::new());
    check(Executor::new(noisy(), solver).configure(configure).run().unwrap().solver().curvature());
}

#[test]
fn equal_bounds_fix_a_coordinate() {
    let inf = f64::INFINITY;
    let bounds = |solver: Arturo<f64>| {
        solver.with_bounds(vec![-inf, 0.25, -inf], vec![inf, 0.25, inf]).unwrap()
    };
    let start = vec![0.0, 0.25, 0.0];
    let x = |result: IterState<Vec<f64>, Vec<f64>, (), (), (), f64>| {
        let (x, best) = (result.get_param().unwrap(), result.get_best_param().unwrap());
        assert_eq!((x[1], best[1]), (0.25, 0.25));
        assert!((best[0] - 1.0).abs() < 0.1 && (best[2] - 1.0).abs() < 0.1, "{best:?}");
    };
    let configure = |state: IterState<Vec<f64>, Vec<f64>, (), (), (), f64>| {
        state.param(start.clone()).max_iters(1000)
    };
    let result = Executor::new(noisy(), bounds(Arturo::new())).configure(configure).run().unwrap();
    x(result.state().clone());
    let solver = bounds(Arturo::new()).with_estimator(FiniteDifference::new());
    x(Executor::new(noisy(), solver).configure(configure).run().unwrap().state().clone());
    let solver = bounds(Arturo::new()).with_estimator(Hutchinson::new());
    x(Executor::new(noisy(), solver).configure(configure).run().unwrap().state().clone());
}

#[test]
fn infinite_bounds_change_no_bit() {
    let n = 5;
    let run = |bounded: bool| {
        let mut solver = Arturo::new().with_estimator(AdaptiveRls::default()).with_seed(3);
        let settings = PaperSettings { weight_decay: 0.1, ..PaperSettings::default() };
        let mut paper = Arturo::paper(settings).unwrap();
        if bounded {
            let (lower, upper) = (vec![f64::NEG_INFINITY; n], vec![f64::INFINITY; n]);
            solver = solver.with_bounds(lower.clone(), upper.clone()).unwrap();
            paper = paper.with_bounds(lower, upper).unwrap();
        }
        let result = Executor::new(noisy(), solver)
            .configure(|state| state.param(vec![0.0; n]).max_iters(200))
            .run()
            .unwrap();
        let other = Executor::new(noisy(), paper)
            .configure(|state| state.param(vec![0.0; n]).max_iters(200))
            .run()
            .unwrap();
        let (state, other) = (result.state(), other.state());
        [state.get_param(), state.get_best_param(), other.get_param()].map(|x| x.unwrap().clone())
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn boxes_and_starts_that_do_not_fit_are_refused() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let expected = |text: &str| format!("Invalid parameter: \"{text}\"");
    let bounds = |lower: &[f64], upper: &[f64]| {
        Arturo::new().with_bounds(lower.to_vec(), upper.to_vec()).map_err(|error| error.to_string())
    };
    assert!(bounds(&[0.0, -inf], &[0.0, inf]).is_ok());
    for (lower, upper, text) in [
        (
            &[0.0][..],
            &[1.0, 2.0][..],
            "Arturo: `lower` has 1 coordinates, `upper` has 2; give both for each coordinate, infinite \
             where there is no bound",
        ),
        (&[0.0, 2.0], &[1.0, 1.0], "Arturo: `lower[1]` must be at most `upper[1]`, got 2 and 1"),
        (&[nan], &[1.0], "Arturo: `lower[0]` must be at most `upper[0]`, got NaN and 1"),
        (&[0.0], &[nan], "Arturo: `lower[0]` must be at most `upper[0]`, got 0 and NaN"),
    ] {
        assert_eq!(bounds(lower, upper).unwrap_err(), expected(text));
    }
    let start = |x0: &[f64]| {
        let solver = bounds(&[0.0, -inf], &[1.0, 2.0]).unwrap();
        Executor::new(noisy(), solver)
            .configure(|state| state.param(x0.to_vec()).max_iters(1))
            .run()
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        start(&[1.5, 0.0]),
        expected(
            "Arturo: coordinate 0 of the initial parameter vector must be in its bounds [0, 1], \
             got 1.5"
        )
    );
    assert_eq!(
        start(&[0.5, 2.5]),
        expected(
            "Arturo: coordinate 1 of the initial parameter vector must be in its bounds \
             [-inf, 2], got 2.5"
        )
    );
    assert_eq!(
        start(&[0.5, 0.0, 0.0]),
        expected(
            "Arturo: there are bounds for 2 coordinates, the parameter vector has 3; give both for \
             each coordinate, infinite where there is no bound"
        )
    );
}

#[test]
fn no_allocation_in_a_bounded_step() {
    let problem = &problems()[9];
    let run = |iterations| {
        let solver = Arturo::new().with_telemetry(Telemetry::Never).unwrap();
        let solver = solver.with_bounds(problem.lower.clone(), problem.upper.clone()).unwrap();
        Executor::new(Guarded { problem, sigma: 0.1 }, solver)
            .configure(|state| state.param(problem.start.clone()).max_iters(iterations))
            .run()
            .unwrap();
    };
    let count = |iterations| allocation_counter::measure(|| run(iterations)).count_total;
    assert_eq!(count(20), count(520));
}
