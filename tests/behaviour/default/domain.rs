//! Draws that are broken, and points outside of the domain.

use super::support::{Oracle, add_noise, answer, half_square, noisy_bowl, rows};
use argmin::core::{Executor, State};
use argmin_arturo::{Arturo, ArturoError, Draw, FailedRun, NonFinite};

/// Gradient of x - ln x, defined for x > 0 only.
fn barrier(x: &[f64], _: Draw, g: &mut [f64]) {
    g[0] = if x[0] > 0.0 { 1.0 - 1.0 / x[0] } else { f64::NAN };
}

#[test]
fn a_broken_draw_is_told_from_a_point_outside_of_the_domain() {
    // draw 51 is NaN wherever it is looked at
    let broken = |x: &[f64], draw: Draw, g: &mut [f64]| {
        noisy_bowl(x, draw, g);
        if draw.index() == 51 {
            g[1] = f64::NAN;
        }
    };
    let run = |solver: Arturo<f64>| {
        Executor::new(Oracle(broken), solver)
            .configure(|state| state.param(vec![0.0; 3]).max_iters(1000))
            .run()
    };
    let solver = Arturo::new().with_seed(1);
    let error = run(solver.clone()).err().unwrap();
    let failed: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
    let Some(ArturoError::NonFiniteGradient { coordinate, draw, .. }) = error.downcast_ref() else {
        panic!("{error}")
    };
    assert_eq!((*coordinate, failed.iteration, *draw), (1, 51, Draw::new(1, 51)));
    assert!(failed.best_param.iter().all(|x| x.is_finite()));
    let skipped = run(solver.with_non_finite(NonFinite::Skip)).unwrap();
    assert_eq!(skipped.solver().skipped_draw_count(), 1);
    let x = skipped.state().get_best_param().unwrap();
    assert!(x.iter().all(|x| (x - 1.0).abs() < 0.1), "{x:?}");
}

#[test]
fn a_step_out_of_the_domain_is_taken_back() {
    let x = answer(barrier, &[50.0], 0, 100)[0];
    assert!((x - 1.0).abs() < 1e-8, "{x}");
    for (sigma, x0, error) in [(0.1, 50.0, 0.1), (0.3, 5.0, 0.2)] {
        for seed in 0..10 {
            let noisy = |x: &[f64], draw: Draw, g: &mut [f64]| {
                barrier(x, draw, g);
                add_noise(draw, sigma, g);
            };
            let x = answer(noisy, &[x0], seed, 1000)[0];
            assert!((x - 1.0).abs() < error, "seed {seed}: {x}");
        }
    }
}

#[test]
fn a_minimum_next_to_the_edge_of_the_domain_is_come_close_to() {
    let edge = |x: &[f64], draw: Draw, g: &mut [f64]| {
        rows(x, draw, g);
        if x.iter().any(|&x| x > 1.02) {
            g[0] = f64::NAN;
        }
    };
    for seed in 0..5 {
        // 4 at the start
        let gap = half_square(&answer(edge, &[0.0; 8], seed, 2000));
        assert!(gap <= 0.5, "{gap}");
    }
}
