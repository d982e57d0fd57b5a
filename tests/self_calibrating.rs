//! The self-calibrating method: efficiency, invariances, and what it does where assumptions fail.

mod common;

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, IterState, OptimizationResult, State};
use argmin_arturo::{Arturo, Draw, NonFinite, NonFiniteGradient, StochasticGradient};
use common::{Recorder, float};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// An oracle by a function of point, draw and gradient.
struct Oracle<G>(G);

impl<G: Fn(&[f64], Draw, &mut [f64])> StochasticGradient for Oracle<G> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        (self.0)(x, draw, g);
        Ok(())
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

fn run<G: Fn(&[f64], Draw, &mut [f64])>(
    gradient: G,
    x0: &[f64],
    seed: u64,
    iterations: u64,
) -> OptimizationResult<Oracle<G>, Arturo<f64>, Run> {
    Executor::new(Oracle(gradient), Arturo::new().with_seed(seed))
        .configure(|state| state.param(x0.to_vec()).max_iters(iterations))
        .run()
        .unwrap()
}

fn answer<G: Fn(&[f64], Draw, &mut [f64])>(
    gradient: G,
    x0: &[f64],
    seed: u64,
    iterations: u64,
) -> Vec<f64> {
    run(gradient, x0, seed, iterations).state().get_best_param().unwrap().clone()
}

fn add_noise(draw: Draw, sigma: f64, g: &mut [f64]) {
    let mut rng = draw.rng();
    for g in g {
        let noise: f64 = StandardNormal.sample(&mut rng);
        *g += sigma * noise;
    }
}

/// Gradient and value of 1/2 sum (i + 1) (x_i - 1)^2.
fn bowl(x: &[f64], g: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for (i, (x, g)) in x.iter().zip(g).enumerate() {
        let a = i as f64 + 1.0;
        *g = a * (x - 1.0);
        value += 0.5 * a * (x - 1.0).powi(2);
    }
    value
}

/// Gradient and value of Rosenbrock's function.
fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    g[0] = -2.0 * a - 400.0 * x[0] * b;
    g[1] = 200.0 * b;
    a * a + 100.0 * b * b
}

#[test]
fn additive_noise_costs_little_more_than_statistics_demands() {
    // the mean of all draws would allow a gap of 1/2 sum sigma^2 / (a_i T)
    let (sigma, n) = (0.5, 5);
    let curvatures: f64 = (1..=n).map(|a| 1.0 / f64::from(a)).sum();
    for draws in [100, 1000] {
        let runs = 40;
        let gap: f64 = (0..runs)
            .map(|seed| {
                let noisy = |x: &[f64], draw: Draw, g: &mut [f64]| {
                    bowl(x, g);
                    add_noise(draw, sigma, g);
                };
                bowl(&answer(noisy, &[0.0; 5], seed, draws), &mut [0.0; 5])
            })
            .sum::<f64>()
            / runs as f64;
        let least = 0.5 * sigma * sigma * curvatures / draws as f64;
        assert!(gap < 3.0 * least, "{draws} draws: {gap} of at least {least}");
    }
}

#[test]
fn without_noise_it_converges_to_rounding_with_one_gradient_a_step() {
    let exact = |x: &[f64], _: Draw, g: &mut [f64]| {
        bowl(x, g);
    };
    let x = answer(exact, &[0.0; 5], 0, 60);
    assert!(bowl(&x, &mut [0.0; 5]) < 1e-20, "{x:?}");
    let exact = |x: &[f64], _: Draw, g: &mut [f64]| {
        rosenbrock(x, g);
    };
    let x = answer(exact, &[-1.2, 1.0], 0, 150);
    assert!(rosenbrock(&x, &mut [0.0; 2]) < 1e-20, "{x:?}");
}

#[test]
fn the_scale_of_f_does_not_change_a_bit() {
    for sigma in [0.0, 0.1, 3.0] {
        let scaled = |scale: f64| {
            let noisy = move |x: &[f64], draw: Draw, g: &mut [f64]| {
                rosenbrock(x, g);
                if sigma > 0.0 {
                    add_noise(draw, sigma, g);
                }
                for g in g {
                    *g *= scale;
                }
            };
            answer(noisy, &[-1.2, 1.0], 1, 400)
        };
        assert_eq!(scaled(2f64.powi(10)), scaled(1.0));
        assert_eq!(scaled(2f64.powi(-30)), scaled(1.0));
    }
}

#[test]
fn a_shift_of_x_changes_only_rounding() {
    for (sigma, shift) in [(0.0, 64.0), (0.0, -1000.0), (0.5, 64.0)] {
        let shifted = |shift: f64| {
            let noisy = move |x: &[f64], draw: Draw, g: &mut [f64]| {
                let x: Vec<f64> = x.iter().map(|x| x - shift).collect();
                bowl(&x, g);
                if sigma > 0.0 {
                    add_noise(draw, sigma, g);
                }
            };
            let x = answer(noisy, &[shift; 5], 1, 100);
            x.iter().map(|x| x - shift).collect::<Vec<_>>()
        };
        for (a, b) in shifted(shift).iter().zip(shifted(0.0)) {
            assert!((a - b).abs() < 1e-9, "{sigma} {shift}: {a} {b}");
        }
    }
}

#[test]
fn the_units_of_x_change_the_gap_by_less_than_2() {
    let median = |sigma: f64, units: [f64; 5]| {
        let mut gaps: Vec<f64> = (0..11)
            .map(|seed| {
                let noisy = move |z: &[f64], draw: Draw, g: &mut [f64]| {
                    let x: Vec<f64> = z.iter().zip(units).map(|(z, unit)| z / unit).collect();
                    bowl(&x, g);
                    add_noise(draw, sigma, g);
                    for (g, unit) in g.iter_mut().zip(units) {
                        *g /= unit;
                    }
                };
                let z = answer(noisy, &[0.0; 5], seed, 1000);
                let x: Vec<f64> = z.iter().zip(units).map(|(z, unit)| z / unit).collect();
                bowl(&x, &mut [0.0; 5])
            })
            .collect();
        gaps.sort_by(f64::total_cmp);
        gaps[5]
    };
    for sigma in [0.1, 1.0] {
        let plain = median(sigma, [1.0; 5]);
        for units in [[1e6; 5], [1e-6; 5], [1e-6, 1e-3, 1.0, 1e3, 1e6]] {
            let ratio = median(sigma, units) / plain;
            assert!((0.5..2.0).contains(&ratio), "{sigma} {units:?}: {ratio}");
        }
    }
}

#[test]
fn the_kl_stays_within_its_bound() {
    let recorder = Recorder::default();
    let noisy = |x: &[f64], draw: Draw, g: &mut [f64]| {
        rosenbrock(x, g);
        add_noise(draw, 1.0, g);
    };
    Executor::new(Oracle(noisy), Arturo::new())
        .configure(|state| state.param(vec![-1.2, 1.0]).max_iters(500))
        .add_observer(recorder.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    let mut steps = 0;
    for row in recorder.rows() {
        let (kl, bound) = (float(&row, "kl"), float(&row, "kl_bound"));
        assert!(kl <= 1.001 * bound, "{row}");
        steps += u32::from(kl > 0.0);
    }
    assert!(steps > 20, "{steps}");
}

#[test]
fn a_step_out_of_the_domain_is_taken_back() {
    // -ln x + x, defined for x > 0 only, from a start where Newton's step leads outside
    let barrier = |x: &[f64], _: Draw, g: &mut [f64]| {
        g[0] = if x[0] > 0.0 { 1.0 - 1.0 / x[0] } else { f64::NAN };
    };
    let x = answer(barrier, &[50.0], 0, 100);
    assert!((x[0] - 1.0).abs() < 1e-8, "{x:?}");
    let noisy = |x: &[f64], draw: Draw, g: &mut [f64]| {
        barrier(x, draw, g);
        add_noise(draw, 0.1, g);
    };
    let x = answer(noisy, &[50.0], 0, 1000);
    assert!((x[0] - 1.0).abs() < 0.1, "{x:?}");
}

#[test]
fn a_broken_draw_is_told_from_a_point_outside_the_domain() {
    // draw 60 is NaN wherever it is looked at
    let broken = |x: &[f64], draw: Draw, g: &mut [f64]| {
        bowl(x, g);
        add_noise(draw, 0.5, g);
        if draw.index() == 60 {
            g[1] = f64::NAN;
        }
    };
    let error = Executor::new(Oracle(broken), Arturo::new().with_seed(4))
        .configure(|state| state.param(vec![0.0; 3]).max_iters(200))
        .run()
        .err()
        .unwrap();
    let lost: &NonFiniteGradient<Vec<f64>> = error.downcast_ref().unwrap();
    assert_eq!((lost.coordinate, lost.iteration, lost.draw), (1, 60, Draw::new(4, 60)));
    assert!(lost.best_param.iter().all(|x| x.is_finite()));

    let solver = Arturo::new().with_seed(4).with_non_finite(NonFinite::Skip);
    let result = Executor::new(Oracle(broken), solver)
        .configure(|state| state.param(vec![0.0; 3]).max_iters(1000))
        .run()
        .unwrap();
    assert_eq!(result.solver().skipped_draw_count(), 1);
    let gap = bowl(result.state().get_best_param().unwrap(), &mut [0.0; 3]);
    assert!(gap < 1e-3, "{gap}");
}

#[test]
fn noise_that_begins_late_is_noticed() {
    // no noise at the start, where the first two draws are equal
    let growing = |x: &[f64], draw: Draw, g: &mut [f64]| {
        bowl(x, g);
        let distance = x.iter().map(|x| x.abs()).fold(0.0, f64::max);
        add_noise(draw, 0.1 * distance, g);
    };
    let gap = bowl(&answer(growing, &[0.0; 3], 0, 1000), &mut [0.0; 3]);
    assert!(gap < 1e-3, "{gap}");
}

#[test]
fn draws_that_do_not_agree_on_curvature_still_lead_somewhere() {
    // least absolute deviation: each draw is a sign, its gradient jumps
    let median = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let sample: f64 = draw.rng().random_range(-1.0..1.0);
        g[0] = (x[0] - sample).signum();
    };
    let x = answer(median, &[5.0], 0, 3000);
    assert!(x[0].abs() < 0.2, "{x:?}");
}

/// Least squares of one random row a draw, with the Hessian 1 and the minimum at 1.
fn rows(x: &[f64], draw: Draw, g: &mut [f64]) {
    let mut rng = draw.rng();
    let row: Vec<f64> = x.iter().map(|_| StandardNormal.sample(&mut rng)).collect();
    let noise: f64 = StandardNormal.sample(&mut rng);
    let residual = noise + std::iter::zip(&row, x).map(|(a, x)| a * (x - 1.0)).sum::<f64>();
    g.iter_mut().zip(row).for_each(|(g, a)| *g = residual * a);
}

#[test]
fn where_draws_disagree_on_curvature_the_path_averages() {
    for (n, draws) in [(8, 3000), (8, 30_000), (40, 10_000)] {
        let gaps = (0..5).map(|seed| {
            let x = answer(rows, &vec![0.0; n], seed, draws);
            x.iter().map(|x| 0.5 * (x - 1.0).powi(2)).sum::<f64>()
        });
        // the variance of the mean of the draws at the minimum allows n / 2 / draws
        let allowed = 0.5 * n as f64 / draws as f64;
        let mean = gaps.sum::<f64>() / 5.0;
        println!("n = {n}, {draws} draws: {:.2} of what statistics allows", mean / allowed);
        assert!(mean < 6.0 * allowed, "{n} {draws}: {mean} {allowed}");
    }
}

#[test]
fn a_path_that_leaves_the_domain_begins_anew() {
    // the path of short steps does not look ahead, and the minimum lies next to the edge
    let edge = |x: &[f64], draw: Draw, g: &mut [f64]| {
        rows(x, draw, g);
        if x.iter().any(|&x| x > 1.02) {
            g[0] = f64::NAN;
        }
    };
    for seed in 0..5 {
        let x = answer(edge, &[0.0; 8], seed, 2000);
        let gap: f64 = x.iter().map(|x| 0.5 * (x - 1.0).powi(2)).sum();
        assert!(gap <= 4.0, "{gap}");
    }
}

#[test]
fn the_answer_does_not_end_above_the_start() {
    // at the minimum, in noise: there is nothing to gain
    for seed in 0..20 {
        let noise = |x: &[f64], draw: Draw, g: &mut [f64]| {
            bowl(x, g);
            add_noise(draw, 1.0, g);
        };
        let gap = bowl(&answer(noise, &[1.0; 3], seed, 500), &mut [0.0; 3]);
        assert!(gap < 0.02, "{seed}: {gap}");
    }
}

/// How often feature i is in a row: Zipf's law.
fn frequency(i: usize) -> f64 {
    1.0 / (i as f64 + 1.0)
}

/// Least squares of rows in which each feature has its own frequency, which makes the Hessian
/// diagonal with these, and the minimum at 1; a draw has no gradient where its rows have no feature.
fn sparse_rows(batch: usize) -> impl Fn(&[f64], Draw, &mut [f64]) {
    move |x, draw, g| {
        let mut rng = draw.rng();
        g.fill(0.0);
        for _ in 0..batch {
            let mut row = Vec::new();
            let mut residual: f64 = StandardNormal.sample(&mut rng);
            for (i, x) in x.iter().enumerate() {
                if rng.random_bool(frequency(i)) {
                    let a: f64 = StandardNormal.sample(&mut rng);
                    residual += a * (x - 1.0);
                    row.push((i, a));
                }
            }
            row.into_iter().for_each(|(i, a)| g[i] += residual * a / batch as f64);
        }
    }
}

#[test]
fn features_that_most_draws_do_without_are_fitted_like_others() {
    for (n, batch) in [(40, 4), (120, 16)] {
        for seed in 0..3 {
            let x = answer(sparse_rows(batch), &vec![0.0; n], seed, 5000);
            let gap = |(i, x): (usize, &f64)| 0.5 * frequency(i) * (x - 1.0).powi(2);
            let gap: f64 = x.iter().enumerate().map(gap).sum();
            let allowed = 0.5 * n as f64 / (5000 * batch) as f64;
            println!(
                "n = {n}, {batch} rows, seed {seed}: {:.1} of what statistics allows",
                gap / allowed
            );
            assert!(gap < 4.0 * allowed, "{n} {batch} {seed}: {gap} {allowed}");
        }
    }
}

/// The bowl with noise, of which a draw sees each coordinate with a probability, and the odd ones
/// from some draw on only: elsewhere the gradient is exactly 0.
fn sparse(probability: f64, first: u64) -> impl Fn(&[f64], Draw, &mut [f64]) {
    move |x, draw, g| {
        bowl(x, g);
        add_noise(draw, 0.1, g);
        let mut rng = draw.stream(1).rng();
        for (i, g) in g.iter_mut().enumerate() {
            let is_seen = rng.random_bool(probability) && (i % 2 == 0 || draw.index() >= first);
            *g = if is_seen { *g / probability } else { 0.0 };
        }
    }
}

#[test]
fn a_coordinate_without_a_gradient_so_far_waits_for_one() {
    for (probability, first, bound) in [(1.0, 50, 1e-4), (1.0, 500, 1e-3), (0.3, 0, 1e-3)] {
        for seed in 0..5 {
            let x = answer(sparse(probability, first), &[0.0; 12], seed, 3000);
            let gap = bowl(&x, &mut [0.0; 12]);
            assert!(gap < bound, "{probability} {first} {seed}: {gap}");
        }
    }
}
