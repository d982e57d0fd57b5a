//! Steps, their optimality conditions, and the updates along with them.

use super::*;
use crate::dual::{DualSolver, Newton};
use rand::Rng;

/// A random trust-region subproblem in a box, over scales from 1e-3 to 1e3.
fn subproblem(
    rng: &mut impl Rng,
) -> (Gaussian<f64>, Vec<f64>, QuadraticModel<f64>, BoxBounds<f64>) {
    let n = rng.random_range(1..40);
    let scale = |rng: &mut dyn rand::RngCore| 10f64.powf(rng.random_range(-3.0..3.0));
    let mut belief = Gaussian::new(1.0, if rng.random() { 0.0 } else { 0.1 }, 1.0, 1.0);
    belief.precision = (0..n).map(|_| scale(rng)).collect();
    let mut model = QuadraticModel::new(n);
    let (mut x, mut lower, mut upper) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for i in 0..n {
        model.gradient[i] = scale(rng) * if rng.random() { 1.0 } else { -1.0 };
        model.curvature[i] = scale(rng);
        lower[i] = -scale(rng);
        upper[i] = scale(rng);
        x[i] = match rng.random_range(0..4) {
            0 => lower[i],
            1 => upper[i],
            _ => rng.random_range(lower[i]..upper[i]),
        };
        match rng.random_range(0..6) {
            0 => lower[i] = f64::NEG_INFINITY,
            1 => (lower[i], upper[i]) = (x[i], x[i]),
            _ => {}
        }
    }
    (belief, x, model, BoxBounds::new("test", lower, upper).unwrap())
}

#[test]
fn a_step_in_a_box_meets_its_optimality_conditions() {
    // minimize m.d + 1/2 d.Ad subject to KL(d) <= bound and l <= x + d <= u: with the residual
    // r = m + (A + eta p) d, r = 0 inside, r >= 0 at l, r <= 0 at u, and complementarity
    let mut rng = crate::Draw::new(1, 2).rng();
    let newton = Newton::default().with_tolerance(1e-12).unwrap();
    let (mut active, mut clipped, mut most) = (0, 0, 0);
    for _ in 0..2000 {
        let (belief, x, mut model, bounds) = subproblem(&mut rng);
        let before = model.clone();
        let bound = 10f64.powf(rng.random_range(-6.0..4.0));
        let kl = |eta| belief.kl(0..x.len(), &x, &before, Some(&bounds), eta);
        let dual = newton.solve(bound, None, kl);
        most = most.max(dual.evaluations);
        let (mut end, mut step) = (x.clone(), vec![f64::NAN; x.len()]);
        let sums = belief.step(
            0..x.len(),
            &mut end,
            &mut model,
            Some(&bounds),
            dual.multiplier,
            &mut step,
        );

        assert!(sums.kl <= bound * (1.0 + 1e-8), "{} {bound}", sums.kl);
        assert!(dual.multiplier >= 0.0);
        assert!(dual.multiplier == 0.0 || (sums.kl / bound - 1.0).abs() < 1e-8);
        let (mut squares, mut decrease, mut size) = (0.0, 0.0, 0.0);
        active += usize::from(dual.multiplier > 0.0);
        for i in 0..x.len() {
            let (low, high) = (bounds.lower()[i], bounds.upper()[i]);
            assert!((low..=high).contains(&end[i]));
            let slope = before.gradient[i] + belief.prior_curvature * x[i];
            let curvature = before.curvature[i] + belief.prior_curvature;
            let pull = (curvature + dual.multiplier * belief.precision[i]) * step[i];
            let residual = (slope + pull) / (slope.abs() + pull.abs());
            clipped += usize::from(end[i] == low || end[i] == high);
            assert!(residual < 1e-8 || end[i] == low, "{residual}");
            assert!(residual > -1e-8 || end[i] == high, "{residual}");

            // mean, model and sums follow the step
            let moved = before.curvature[i] * step[i];
            let rounding = 1e-12 * (x[i].abs() + step[i].abs());
            assert!((end[i] - (x[i] + step[i])).abs() <= rounding);
            let rounding = 1e-12 * (before.gradient[i].abs() + moved.abs());
            assert!((model.gradient[i] - (before.gradient[i] + moved)).abs() <= rounding);
            squares += step[i] * step[i];
            decrease += slope * step[i];
            size += (slope * step[i]).abs();
        }
        assert!((sums.step_norm - squares.sqrt()).abs() <= 1e-12 * squares.sqrt());
        assert!((sums.slope - decrease).abs() <= 1e-12 * size);
    }
    assert!(active > 500 && active < 1900 && clipped > 5000, "{active} {clipped}");
    assert!(most <= 40, "{most} evaluations of the dual");
}

#[test]
fn a_box_without_bounds_changes_no_bit() {
    let mut rng = crate::Draw::new(3, 4).rng();
    for _ in 0..100 {
        let (belief, x, model, _) = subproblem(&mut rng);
        let n = x.len();
        let bounds =
            BoxBounds::new("test", vec![f64::NEG_INFINITY; n], vec![f64::INFINITY; n]).unwrap();
        let eta = rng.random_range(0.0..10.0);
        let take = |bounds: Option<&BoxBounds<f64>>| {
            let (mut x, mut model, mut step) = (x.clone(), model.clone(), vec![f64::NAN; n]);
            let kl = belief.kl(0..n, &x, &model, bounds, eta);
            let sums = belief.step(0..n, &mut x, &mut model, bounds, eta, &mut step);
            (kl, sums.kl, x, model, step)
        };
        assert_eq!(take(Some(&bounds)), take(None));
    }
}

fn assert_all_close(values: &[f64], expected: &[f64]) {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-14 * b.abs();
    assert!(values.iter().zip(expected).all(close), "{values:?} {expected:?}");
    assert_eq!(values.len(), expected.len());
}

/// Four coordinates with gradient 1, -2, 3, 0, curvature 2, 3, -4, 5 and precision 4, 1, 2, 8.
fn four() -> (Gaussian<f64>, QuadraticModel<f64>) {
    let mut belief = Gaussian::new(1.0, 0.0, 1.0, 3.0);
    belief.precision = vec![4.0, 1.0, 2.0, 8.0];
    let mut model = QuadraticModel::new(4);
    model.gradient = vec![1.0, -2.0, 3.0, 0.0];
    model.curvature = vec![2.0, 3.0, -4.0, 5.0];
    (belief, model)
}

#[test]
fn decay_moves_the_model_along_and_stays_in_the_box() {
    let (belief, model) = four();
    let decay = |bounds: Option<&BoxBounds<f64>>| {
        let (mut x, mut model) = (vec![2.0, -3.0, 0.5, 4.0], model.clone());
        belief.shrink_mean(1..4, &mut x, 0.25, &mut model, bounds);
        (x, model.gradient)
    };
    let (x, gradient) = decay(None);
    assert_eq!(x, [2.0, -2.25, 0.375, 3.0]);
    assert_eq!(gradient, [1.0, -2.0 + 3.0 * 0.75, 3.0 + 4.0 * 0.125, -5.0]);
    let inside =
        BoxBounds::new("test", vec![1.0, -4.0, 0.0, 3.5], vec![3.0, -2.5, 1.0, 5.0]).unwrap();
    let (x, gradient) = decay(Some(&inside));
    assert_eq!(x, [2.0, -2.5, 0.375, 3.5]);
    assert_eq!(gradient, [1.0, -2.0 + 3.0 * 0.5, 3.0 + 4.0 * 0.125, -2.5]);
}

#[test]
fn a_step_out_of_all_floats_is_not_taken() {
    let (belief, mut model) = four();
    model.gradient[1] = -f64::MAX;
    model.gradient[2] = f64::NAN;
    let (mut x, mut step) = (vec![1.0, f64::MAX, -7.0, 2.0], vec![9.0; 4]);
    belief.step(0..4, &mut x, &mut model, None, 0.0, &mut step);
    assert_eq!(x, [0.5, f64::MAX, -7.0, 2.0]);
    assert_eq!(step, [-0.5, 0.0, 0.0, 0.0]);
    assert_eq!(model.gradient[..2], [0.0, -f64::MAX], "where x stays, so does the model");
}

#[test]
fn the_model_follows_the_mean() {
    let (belief, mut model) = four();
    let mut x = vec![2.0, -3.0, 0.5, 4.0];
    belief.move_mean(&mut x, &[3.0, -3.0, -0.5, 0.0], &mut model);
    assert_eq!(x, [3.0, -3.0, -0.5, 0.0]);
    assert_eq!(model.gradient, [3.0, -2.0, 7.0, -20.0]);
}

#[test]
fn the_precision_is_the_second_moment_of_a_draw_or_else_the_curvature() {
    let (belief, mut model) = four();
    let step = [1.0, 2.0, -1.0, 0.5];
    let length = |p: &[f64]| -> f64 { (0..4).map(|i| p[i] * step[i] * step[i]).sum() };
    for (noise, target) in
        [(vec![], [2.0, 3.0, 4.0, 5.0]), (vec![0.5, 1.0, 0.0, 2.0], [1.5, 5.0, 9.0, 2.0])]
    {
        model.noise = noise;
        let mut set = belief.clone();
        set.set_precision(&model, &step);
        assert_all_close(set.precision(), &target);
        // three quarters of the old one
        let mut adapted = belief.clone();
        let ratio = adapted.adapt_precision(&model, &step);
        let mixed: Vec<f64> =
            (0..4).map(|i| 0.25 * target[i] + 0.75 * belief.precision[i]).collect();
        assert_all_close(adapted.precision(), &mixed);
        assert_all_close(&[ratio], &[length(&mixed) / length(&belief.precision)]);
        assert!(adapted.adapt_precision(&model, &[0.0; 4]).is_nan());
    }
    model.noise = vec![0.0; 4];
    let mut still = belief.clone();
    still.set_precision(&model, &step);
    assert!(still.precision()[3] > 0.0, "a precision of 0 would be an infinite ball");
}

#[test]
fn a_full_step_goes_to_where_gradient_and_precision_point() {
    let (belief, model) = four();
    let (kl, squares) = belief.full_step(&model);
    assert_all_close(&[kl], &[0.5 * (1.0 / 4.0 + 4.0 + 9.0 / 2.0)]);
    assert_all_close(&[squares], &[1.0 / 16.0 + 4.0 + 9.0 / 4.0]);
}

#[test]
fn two_parts_of_a_step_make_the_whole() {
    let (mut belief, model) = four();
    belief.prior_curvature = 0.5;
    let x = vec![2.0, -3.0, 0.5, 4.0];
    let take = |cuts: &[usize]| {
        let (mut x, mut model, mut step) = (x.clone(), model.clone(), vec![f64::NAN; 4]);
        let mut sums = StepSums::default();
        for cut in cuts.windows(2) {
            let range = cut[0]..cut[1];
            let part = belief.step(range, &mut x, &mut model, None, 0.75, &mut step);
            sums = sums.and(part);
        }
        (x, model, step, [sums.kl, sums.step_norm, sums.slope])
    };
    let (whole, parts) = (take(&[0, 4]), take(&[0, 1, 4]));
    assert_all_close(&parts.3, &whole.3);
    assert_eq!((parts.0, parts.1, &parts.2), (whole.0, whole.1, &whole.2));
    // -(m + x / 2) / (|a + 1/2| + 3/4 p)
    let step = [-2.0 / 5.5, 3.5 / 4.25, -3.25 / 5.0, -2.0 / 11.5];
    assert_all_close(&whole.2, &step);
    let kl: f64 = (0..4).map(|i| 0.5 * belief.precision[i] * step[i] * step[i]).sum();
    assert_all_close(&whole.3[..1], &[kl]);
    let value = belief.kl(0..4, &x, &model, None, 0.75);
    assert_all_close(&[value.kl], &[kl]);
    let near = belief.kl(0..4, &x, &model, None, 0.75 + 1e-6);
    assert!(((near.kl - value.kl) / 1e-6 / value.slope - 1.0).abs() < 1e-5, "{value:?}");
}
