//! The errors of an answer on the boundary of its box, as statistical tests.

use argmin::core::{Error, Executor, State};
use argmin_arturo::prelude::*;
use argmin_arturo::solution::Verdict;
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use rand_distr::{Distribution, StandardNormal};

/// f(x) = 1/2 (x - c)'H (x - c) with c = (-1, 2, 1), and noise of the standard deviation 0.5 on each slope.
struct Bowl;

const HESSIAN: [[f64; 3]; 3] = [[2.0, 0.8, 0.3], [0.8, 1.0, 0.2], [0.3, 0.2, 0.5]];
const CENTRE: [f64; 3] = [-1.0, 2.0, 1.0];

impl StochasticGradient for Bowl {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for (g, row) in g.iter_mut().zip(HESSIAN) {
            let noise: f64 = StandardNormal.sample(&mut rng);
            *g = 0.5 * noise + (0..3).map(|j| row[j] * (x[j] - CENTRE[j])).sum::<f64>();
        }
        Ok(())
    }
}

/// The minimum with x_0 >= 0: x_0 = 0, and H_ff (x_f - c_f) = H_f0 c_0 for the others.
fn minimum() -> [f64; 3] {
    let [[_, a, b], [_, p, q], [_, _, r]] = HESSIAN;
    let determinant = p * r - q * q;
    [0.0, 2.0 - (a * r - b * q) / determinant, 1.0 - (b * p - a * q) / determinant]
}

#[test]
fn the_coordinates_off_the_bound_have_errors_that_cover_the_minimum() {
    const SEEDS: u64 = 100;
    let infinite = f64::INFINITY;
    let (mut on_bound, mut claims, mut covered) = (0, 0, 0);
    for seed in 0..SEEDS {
        let solver = Arturo::new()
            .with_seed(seed)
            .with_bounds(vec![0.0, -infinite, -5.0], vec![infinite, infinite, 5.0])
            .unwrap();
        let result = Executor::new(Bowl, solver)
            .configure(|state| state.param(vec![3.0, -1.0, 2.0]).max_iters(3000))
            .run()
            .unwrap();
        let solution = result.solution().unwrap();
        on_bound += u64::from(solution.param[0] == 0.0 && solution.standard_error[0] == 0.0);
        if matches!(solution.verdict, Verdict::NoiseLimited { .. }) {
            claims += 1;
            covered += (1..3)
                .filter(|i| {
                    let off = (solution.param[*i] - minimum()[*i]).abs();
                    off <= 1.96 * solution.standard_error[*i]
                })
                .count() as u64;
        }
        assert_eq!(result.state().get_best_param(), Some(&solution.param));
    }
    assert!(on_bound >= 95, "{on_bound} of {SEEDS} answers are on the bound");
    assert!(claims >= 80, "{claims} of {SEEDS} runs claim to be limited by noise");
    // 95 % within three standard errors of so many
    let share = covered as f64 / (2 * claims) as f64;
    assert!((0.90..=0.99).contains(&share), "the intervals cover {share}");
}

// certificates need a dense factorization
#[cfg(feature = "nalgebra")]
#[test]
fn the_printed_answer_names_the_bound_that_a_coordinate_is_on() {
    let infinite = f64::INFINITY;
    let run = |upper: f64, fixed: f64| {
        let solver = Arturo::new()
            .with_bounds(vec![0.0, -infinite, fixed], vec![infinite, upper, fixed])
            .unwrap();
        let mut result = Executor::new(Bowl, solver)
            .configure(|state| state.param(vec![3.0, -1.0, fixed]).max_iters(3000))
            .run()
            .unwrap();
        (result.solution().unwrap(), result.certify(100).unwrap())
    };
    let (solution, certificate) = run(0.5, 2.0);
    let sides = |i| [solution.is_on_lower_bound(i), solution.is_on_upper_bound(i)];
    assert_eq!([0, 1, 2, 3].map(sides), [[true, false], [false, true], [true, true], [false; 2]]);
    let cell = |text: &str, line: usize| text.lines().nth(line).unwrap()[22..36].to_string();
    let cells = [1, 2, 3].map(|line| cell(&solution.to_string(), line));
    assert_eq!(cells, ["on lower bound", "on upper bound", "         fixed"]);
    assert!([1, 2, 3].iter().all(|line| cell(&certificate.to_string(), *line).ends_with("held")));

    let (free, _) = run(infinite, 2.0);
    assert!(!free.is_on_lower_bound(1) && !free.is_on_upper_bound(1));
    let error: f64 = cell(&free.to_string(), 2).trim().parse().unwrap();
    assert!((error / free.standard_error[1] - 1.0).abs() < 1e-3);
}
