//! The self-calibrating regression, driven draw by draw and compared with batch least squares.

use argmin::core::{Error, Problem};
use argmin_arturo::hessian::{AdaptiveRls, HessianEstimator, Observation, QuadraticModel};
use argmin_arturo::{Draw, StochasticGradient};

/// The regression draws nothing by itself.
struct Given;

impl StochasticGradient for Given {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, _: &Vec<f64>, _: Draw, _: &mut Vec<f64>) -> Result<(), Error> {
        unreachable!("gradients are given")
    }
}

struct Fit {
    estimator: AdaptiveRls<f64>,
    model: QuadraticModel<f64>,
    x: Vec<f64>,
    iteration: u64,
}

impl Fit {
    fn new(len: usize) -> Self {
        let zeros = || vec![0.0; len];
        let model =
            QuadraticModel { gradient: zeros(), curvature: zeros(), ..QuadraticModel::default() };
        Self { estimator: AdaptiveRls::default(), model, x: zeros(), iteration: 0 }
    }

    /// Moves x by a step, the model along, and takes the gradient drawn there.
    fn update(&mut self, step: &[f64], gradient: impl Fn(&[f64], u64) -> Vec<f64>) -> Vec<f64> {
        for (i, step) in step.iter().enumerate() {
            self.x[i] += step;
            self.model.gradient[i] += self.model.curvature[i] * step;
        }
        let drawn = gradient(&self.x, self.iteration);
        let observation = Observation {
            param: &self.x,
            gradient: &drawn,
            step,
            draw: Draw::new(0, self.iteration),
            iteration: self.iteration,
            bounds: None,
        };
        let mut problem = Problem::new(Given);
        self.estimator.update(&mut problem, observation, &mut self.model).unwrap();
        self.iteration += 1;
        drawn
    }

    fn gain(&self) -> f64 {
        HessianEstimator::<Given>::gain(&self.estimator)
    }

    fn is_calibrated(&self) -> bool {
        HessianEstimator::<Given>::is_calibrated(&self.estimator)
    }
}

/// Steps as a walk takes them once the filter is calibrated, with pauses.
fn step(iteration: u64, len: usize) -> Vec<f64> {
    let t = iteration as f64;
    let moves = iteration > 10 && !iteration.is_multiple_of(13);
    let size = if moves { 0.3 } else { 0.0 };
    (0..len).map(|i| size * (1.7 * t + 5.0 * i as f64).sin() / (1.0 + i as f64)).collect()
}

/// Linear gradients of slopes 3 and 0.5, with noise.
fn linear(x: &[f64], iteration: u64) -> Vec<f64> {
    let noise = |i: usize| 0.2 * (2.3 * iteration as f64 + 4.0 * i as f64).cos();
    (0..x.len()).map(|i| [3.0, 0.5][i] * (x[i] - 1.0) + noise(i)).collect()
}

fn assert_close(value: f64, expected: f64) {
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{value} {expected}");
}

/// Weighted sum of squares of x, and the slope of g, both about the weighted means.
fn least_squares(points: &[[f64; 3]]) -> [f64; 2] {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|[x, g, weight]| weight * f(*x, *g)).sum()
    };
    let total = sum(&|_, _| 1.0);
    let (x0, g0) = (sum(&|x, _| x) / total, sum(&|_, g| g) / total);
    let squares = sum(&|x, _| (x - x0) * (x - x0));
    [squares, sum(&|x, g| (x - x0) * (g - g0)) / squares]
}

#[test]
fn the_curvature_is_the_slope_of_the_draws_by_weighted_least_squares() {
    let mut fit = Fit::new(2);
    let mut gains = [1.0; 2];
    let mut points = [vec![], vec![]];
    for iteration in 0..300_u64 {
        let before = fit.model.clone();
        let mean_gain = if iteration == 0 { 1.0 } else { fit.gain() };
        assert_eq!(fit.is_calibrated(), iteration > 10);
        let step = step(iteration, 2);
        let drawn = fit.update(&step, linear);
        let after = &fit.model;
        let mut weights = [0.0; 2];
        for i in 0..2 {
            let points: &mut Vec<[f64; 3]> = &mut points[i];
            if iteration == 0 {
                points.push([fit.x[i], drawn[i], 1.0]);
                continue;
            }
            // the filter, with an error of a tenth of the curvature and its uncertainty
            let (start, noise) = (before.gradient[i], before.noise[i]);
            let m = start + before.curvature[i] * step[i];
            let z = start * start / noise;
            let mut uncertain = before.curvature[i].powi(2) + before.cautious_curvature[i].powi(2);
            if before.offset_square[i] > 0.0 {
                uncertain += noise / before.offset_square[i];
            }
            let change = (0.1 * step[i]).powi(2) * uncertain / noise;
            let floor = (iteration as f64 + 1.0).powf(-0.6);
            let p = match iteration {
                ..11 => gains[i],
                11 => gains[i] + z + 1.0,
                _ => gains[i].max(0.3 * z / (1.0 + z)).max(floor) + change,
            };
            gains[i] = p / (1.0 + p);
            let limit = 4.0 * ((1.0 + p) * noise).sqrt();
            let innovation = (drawn[i] - m).clamp(-limit, limit);
            assert_close(after.gradient[i], m + gains[i] * innovation);
            weights[i] = (start * step[i]).abs();

            // the regression: half of the forgetting is shared
            let forgetting = if iteration > 10 { 0.1 * mean_gain + 0.1 * gains[i] } else { 0.0 };
            for point in points.iter_mut() {
                point[2] *= 1.0 - forgetting;
            }
            points.push([fit.x[i], m + innovation, 1.0]);
            if iteration < 11 {
                assert_eq!((after.offset_square[i], after.curvature[i]), (0.0, 0.0));
            } else {
                let [squares, slope] = least_squares(points);
                assert_close(after.offset_square[i], squares);
                assert!((after.curvature[i] - slope).abs() < 1e-7, "{i}: {slope} {after:?}");
            }
            let q = before.cautious_curvature[i].powi(2);
            let q = q + 0.2 * (after.curvature[i].powi(2) - q);
            assert_close(after.cautious_curvature[i], q.sqrt());
        }
        let total = weights[0] + weights[1];
        let mean = (gains[0] * weights[0] + gains[1] * weights[1]) / total;
        assert_close(fit.gain(), if total > 0.0 { mean } else { mean_gain });
    }
    assert!((fit.model.curvature[0] - 3.0).abs() < 0.5, "{:?}", fit.model.curvature);
}

#[test]
fn a_coordinate_that_wakes_up_has_the_curvature_of_the_others() {
    // in units of m^2 + R along the last step; the third coordinate has no gradient for long
    let wakes_at = 77;
    let gradient = |x: &[f64], iteration| {
        let mut gradient = linear(&x[..2], iteration);
        gradient.push(if iteration < wakes_at { 0.0 } else { 7.0 });
        gradient
    };
    let mut fit = Fit::new(3);
    let mut ratio = 0.0;
    for iteration in 0..wakes_at {
        let mut step = step(iteration, 3);
        step[2] = 0.0;
        fit.update(&step, gradient);
        let model = &fit.model;
        assert_eq!((model.gradient[2], model.cautious_curvature[2]), (0.0, 0.0));
        if step[0] != 0.0 {
            let (mut curvature, mut moment) = (0.0, 0.0);
            for (i, d) in step[..2].iter().enumerate() {
                curvature += model.cautious_curvature[i] * d * d;
                moment += (model.gradient[i].powi(2) + model.noise[i]) * d * d;
            }
            ratio = curvature / moment;
        }
    }
    assert!(ratio > 0.0);
    // a pause leaves the ratio as it is
    for pause in 0..2 {
        let mut sleeping = Fit {
            estimator: fit.estimator.clone(),
            model: fit.model.clone(),
            x: fit.x.clone(),
            iteration: wakes_at,
        };
        sleeping.update(&[0.0; 3], gradient);
        let moment = sleeping.model.gradient[2].powi(2) + sleeping.model.noise[2];
        // one draw of all so far
        assert_close(sleeping.model.gradient[2], 7.0 / (wakes_at + pause + 1) as f64);
        assert_close(sleeping.model.cautious_curvature[2], ratio * moment);
        fit.update(&[0.0; 3], |x, _| gradient(x, 0));
    }
}

#[test]
fn a_second_run_forgets_the_first() {
    let run = |fit: &mut Fit| {
        fit.x.fill(0.0);
        fit.iteration = 0;
        for iteration in 0..100 {
            fit.update(&step(iteration, 2), linear);
        }
    };
    let (mut once, mut twice) = (Fit::new(2), Fit::new(2));
    run(&mut once);
    run(&mut twice);
    run(&mut twice);
    assert_eq!(once.estimator, twice.estimator);
    assert_eq!(once.model, twice.model);
}

#[test]
fn squares_below_all_floats_leave_a_sleeping_coordinate_without_curvature() {
    // near a minimum without noise: slope times step is a number, its square is not
    let mut fit = Fit::new(2);
    for iteration in 0..100 {
        let step = [1e-100 * step(iteration, 1)[0], 0.0];
        fit.update(&step, |x, t| vec![3.0 * x[0] + 1e-101 * (2.3 * t as f64).cos(), 0.0]);
        assert_eq!(fit.model.cautious_curvature[1], 0.0, "{iteration}");
        assert!(fit.model.cautious_curvature[0].is_finite());
    }
    assert!((fit.model.curvature[0] - 3.0).abs() < 0.5, "{:?}", fit.model.curvature);
}

#[test]
fn a_step_too_short_to_square_keeps_the_curvature_of_a_sleeping_coordinate() {
    // a slope of 0.25 where the gradient is 25: along a step of the least square the second moment
    // is a number, the curvature is not
    let mut fit = Fit::new(2);
    let steep = |x: &[f64], t: u64| 0.25 * (x[0] + 100.0) + 0.2 * (2.3 * t as f64).cos();
    for iteration in 0..50 {
        fit.update(&[step(iteration, 1)[0], 0.0], |x, t| vec![steep(x, t), 0.0]);
    }
    for short in [0.0, 2.2e-162] {
        fit.update(&[short, 0.0], |x, t| vec![steep(x, t), 0.0]);
    }
    fit.update(&[0.0, 0.0], |x, t| vec![steep(x, t), 7.0]);
    assert!(fit.model.cautious_curvature[1] > 0.0);
}
