//! What the answer is worth in the noise.

use super::support::{
    Oracle, add_noise, answer, bowl, bowl_gap, half_square, noisy_bowl, normal, rows, run,
};
use argmin::core::State;
use argmin_arturo::Draw;
use argmin_arturo::oracle::Fresh;
use rand::Rng;

#[test]
fn additive_noise_costs_a_multiple_of_what_statistics_demands() {
    // the mean of all draws would allow a gap of 1/2 sum sigma^2 / (a_i T)
    let curvatures: f64 = (1..=5).map(|a| 1.0 / f64::from(a)).sum();
    for (draws, multiple) in [(100, 40.0), (1000, 6.0), (10_000, 3.0)] {
        let gaps = (0..40).map(|seed| bowl_gap(&answer(noisy_bowl, &[0.0; 5], seed, draws)));
        let (gap, least) = (gaps.sum::<f64>() / 40.0, 0.125 * curvatures / draws as f64);
        assert!(gap < multiple * least, "{draws} draws: {gap} of at least {least}");
    }
}

#[test]
fn the_median_of_signs_is_found() {
    let sign = |x: &[f64], draw: Draw, g: &mut [f64]| {
        g[0] = if x[0] > 7.0 + normal(&mut draw.rng()) { 1.0 } else { -1.0 };
    };
    let worse = |draws: u64| {
        (0..40).filter(|seed| (answer(sign, &[0.0], *seed, draws)[0] - 7.0).abs() > 7.0).count()
    };
    // between two comparisons one of 40 leaps beyond; the next comparison takes it back
    assert!(worse(100) <= 1, "{} of 40", worse(100));
    assert_eq!(worse(1000), 0);
}

#[test]
fn a_coordinate_of_noise_alone_does_not_run_away() {
    let oracle = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        for (i, a) in [1.0, 5.0, 20.0, 0.0].into_iter().enumerate() {
            g[i] = a * (x[i] - 1.0) + normal(&mut rng);
        }
    };
    for seed in 0..20 {
        let x = answer(oracle, &[0.0; 4], seed, 2000);
        assert!(x[3].abs() < 100.0, "seed {seed}: {x:?}");
        assert!(x[..3].iter().all(|x| (x - 1.0).abs() < 0.3), "seed {seed}: {x:?}");
    }
}

#[test]
fn noise_that_no_draw_repeats_costs_little() {
    let mean = |fresh: bool| -> f64 {
        let gaps = (0..20).map(|seed| {
            if fresh {
                let run = run(Fresh::new(Oracle(noisy_bowl)), &[0.0; 5], seed, 2000);
                bowl_gap(run.state().get_best_param().unwrap())
            } else {
                bowl_gap(&answer(noisy_bowl, &[0.0; 5], seed, 2000))
            }
        });
        gaps.sum::<f64>() / 20.0
    };
    let (fresh, repeated) = (mean(true), mean(false));
    // statistics allows 1/2 sum 0.25 / a / 2000 = 1.4e-4
    assert!(repeated < 2e-3, "{repeated:e}");
    assert!(fresh < 3.0 * repeated, "{fresh:e} for {repeated:e}");
}

#[test]
fn noise_that_begins_late_is_noticed() {
    // no noise at the start, where the first two draws are equal
    let growing = |x: &[f64], draw: Draw, g: &mut [f64]| {
        bowl(x, g);
        let distance = x.iter().map(|x| x.abs()).fold(0.0, f64::max);
        add_noise(draw, 0.1 * distance, g);
    };
    for seed in 0..5 {
        let gap = bowl_gap(&answer(growing, &[0.0; 3], seed, 1000));
        assert!(gap < 5e-3, "{gap}");
    }
}

#[test]
fn draws_that_disagree_on_curvature_are_averaged() {
    for (n, draws) in [(8, 3000), (8, 30_000), (40, 10_000)] {
        let gaps = (0..5).map(|seed| half_square(&answer(rows, &vec![0.0; n], seed, draws)));
        // the variance of the mean of the draws at the minimum allows n / 2 / draws
        let (mean, allowed) = (gaps.sum::<f64>() / 5.0, 0.5 * n as f64 / draws as f64);
        assert!(mean < 6.0 * allowed, "{n} {draws}: {mean} {allowed}");
    }
}

#[test]
fn a_start_at_the_minimum_is_not_left() {
    for seed in 0..20 {
        let noise = |x: &[f64], draw: Draw, g: &mut [f64]| {
            bowl(x, g);
            add_noise(draw, 1.0, g);
        };
        let gap = bowl_gap(&answer(noise, &[1.0; 3], seed, 500));
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
            let mut residual = normal(&mut rng);
            for (i, x) in x.iter().enumerate() {
                if rng.random_bool(frequency(i)) {
                    let a = normal(&mut rng);
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
    for (n, batch, seeds) in [(40, 4, 3), (60, 16, 1)] {
        for seed in 0..seeds {
            let x = answer(sparse_rows(batch), &vec![0.0; n], seed, 5000);
            let gap = |(i, x): (usize, &f64)| 0.5 * frequency(i) * (x - 1.0).powi(2);
            let gap: f64 = x.iter().enumerate().map(gap).sum();
            let allowed = 0.5 * n as f64 / (5000 * batch) as f64;
            assert!(gap < 6.0 * allowed, "{n} {batch} {seed}: {gap} {allowed}");
        }
    }
}

#[test]
fn a_coordinate_without_a_gradient_so_far_waits_for_one() {
    for (probability, first, bound) in [(1.0, 50, 1e-4), (1.0, 500, 1e-3), (0.3, 0, 1e-3)] {
        // the odd coordinates from the draw `first` on only
        let sparse = |x: &[f64], draw: Draw, g: &mut [f64]| {
            bowl(x, g);
            add_noise(draw, 0.1, g);
            let mut rng = draw.stream(1).rng();
            for (i, g) in g.iter_mut().enumerate() {
                let is_seen = rng.random_bool(probability) && (i % 2 == 0 || draw.index() >= first);
                *g = if is_seen { *g / probability } else { 0.0 };
            }
        };
        for seed in 0..5 {
            let gap = bowl_gap(&answer(sparse, &[0.0; 12], seed, 3000));
            assert!(gap < bound, "{probability} {first} {seed}: {gap}");
        }
    }
}
