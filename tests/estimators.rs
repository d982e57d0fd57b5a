//! Estimators of curvature against a known Hessian, within their standard errors.

mod common;

use argmin::core::{
    Error, Executor, Gradient, Hessian, IterState, OptimizationResult, Problem, State,
};
use argmin_arturo::hessian::{
    AdaptiveRls, Constant, GaussNewton, HessianEstimator, HessianVectorProduct, Hutchinson,
    Observation, QuadraticModel, SquaredGradient, SquaredJacobian,
};
use argmin_arturo::method::TrustRegion;
use argmin_arturo::oracle::GaussianNoise;
use argmin_arturo::{Arturo, Draw, StochasticGradient, Telemetry};
use common::noisy;
use rand_distr::{Distribution, StandardNormal};

const HESSIAN: [[f64; 4]; 4] =
    [[4.0, 1.0, -0.5, 0.2], [1.0, 3.0, 0.7, -1.0], [-0.5, 0.7, 2.0, 0.3], [0.2, -1.0, 0.3, 5.0]];

/// f(x) = 1/2 (x - 1)'H(x - 1).
struct Coupled;

impl Gradient for Coupled {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(HESSIAN.iter().map(|row| row.iter().zip(x).map(|(h, x)| h * (x - 1.0)).sum()).collect())
    }
}

impl Hessian for Coupled {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, _: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(HESSIAN.map(|row| row.to_vec()).to_vec())
    }
}

type Run<O, E> = OptimizationResult<
    O,
    Arturo<f64, TrustRegion<f64, E>>,
    IterState<Vec<f64>, Vec<f64>, (), (), (), f64>,
>;

fn run<O, E>(problem: O, estimator: E, x0: &[f64], iterations: u64) -> Run<O, E>
where
    O: StochasticGradient<Param = Vec<f64>>,
    E: HessianEstimator<O>,
{
    Executor::new(problem, Arturo::new().with_estimator(estimator).with_seed(1))
        .configure(|state| state.param(x0.to_vec()).max_iters(iterations).counting(true))
        .run()
        .unwrap()
}

fn coupled() -> GaussianNoise<Coupled> {
    GaussianNoise::new(Coupled, 0.5).unwrap()
}

/// Variance of an exponential average, in units of that of one sample.
fn shrinkage(memory: f64, count: i32) -> f64 {
    let total = (1.0 - memory.powi(count)) / (1.0 - memory);
    (1.0 - memory.powi(2 * count)) / (1.0 - memory * memory) / (total * total)
}

/// Asserts that the estimates are within 5 standard errors, and not better than a hundredth of
/// one throughout, so that there is something to test.
fn assert_within(got: &[f64], exact: &[f64], errors: &[f64]) {
    assert_eq!(got.len(), exact.len());
    let deviation = |i: usize| (got[i] - exact[i]).abs() / errors[i];
    let worst = (0..got.len()).map(deviation).fold(0.0, f64::max);
    assert!((0.01..5.0).contains(&worst), "{worst} standard errors: {got:?}");
}

fn diagonal() -> Vec<f64> {
    (0..4).map(|i| HESSIAN[i][i]).collect()
}

/// sum over j != i of H_ij^2.
fn coupling() -> Vec<f64> {
    let square = |i: usize| (0..4).filter(|&j| j != i).map(|j| HESSIAN[i][j].powi(2)).sum();
    (0..4).map(square).collect()
}

#[test]
fn hutchinson_finds_the_diagonal_and_the_norms_of_the_rows() {
    let (memory, iterations) = (0.99, 500);
    let differences = Hutchinson::new().with_interval(1).unwrap().with_memory(memory).unwrap();
    let by_differences = run(coupled(), differences, &[0.0; 4], iterations);
    let exact = Hutchinson::exact().with_interval(1).unwrap().with_memory(memory).unwrap();
    let by_products = run(coupled(), exact, &[0.0; 4], iterations);

    let factor = shrinkage(memory, iterations as i32);
    let errors: Vec<f64> = coupling().iter().map(|square| (square * factor).sqrt()).collect();
    assert_within(by_differences.solver().curvature(), &diagonal(), &errors);
    assert_within(by_products.solver().curvature(), &diagonal(), &errors);
    // the same signs: what differs is rounding, 1e-16 / h with h = 6e-6
    for (a, b) in by_differences.solver().curvature().iter().zip(by_products.solver().curvature()) {
        assert!((a - b).abs() < 1e-8, "{a} {b}");
    }
    // the square of a sample is the squared norm of the row but for 2 H_ij H_ik v_j v_k
    for (i, row) in HESSIAN.iter().enumerate() {
        let norm: f64 = row.iter().map(|h| h * h).sum();
        let pairs = row.iter().enumerate().flat_map(|(j, h)| row[..j].iter().map(move |k| h * k));
        let variance: f64 = pairs.map(|product| (2.0 * product).powi(2)).sum();
        let square = by_products.solver().model().cautious_curvature[i].powi(2);
        let error = (variance * factor).sqrt();
        assert!((square - norm).abs() < 5.0 * error, "{i}: {square} {norm} {error}");
    }
}

#[test]
fn hutchinson_counts_what_it_costs() {
    // at the start, of the 11 draws that calibrate the filter the first ten take a sample; then
    // iterations 10, 20 and 30 of 40
    let result = run(coupled(), Hutchinson::new(), &[0.0; 4], 40);
    assert_eq!(result.state().get_func_counts()["stochastic_gradient_count"], 40 + 2 * 13);
    let result = run(coupled(), Hutchinson::exact(), &[0.0; 4], 40);
    assert_eq!(result.state().get_func_counts()["stochastic_gradient_count"], 40);
    assert_eq!(result.state().get_func_counts()["hessian_vector_product_count"], 13);
}

#[test]
fn a_hessian_gives_its_products() {
    let (v, mut product) = (vec![1.0, -1.0, 2.0, 0.5], vec![f64::NAN; 4]);
    Coupled.hessian_vector_product(&vec![0.0; 4], &v, Draw::new(0, 0), &mut product).unwrap();
    for (product, exact) in product.iter().zip([2.1, -1.1, 2.95, 4.3]) {
        assert!((product - exact).abs() < 1e-14, "{product} {exact}");
    }
}

/// Linear regression on one drawn data point z ~ N(0, diag(1, 4)): f(x) = 1/2 E[(z.(x - 1))^2].
struct Regression;

impl Regression {
    fn features(draw: Draw) -> [f64; 2] {
        let mut rng = draw.rng();
        [
            StandardNormal.sample(&mut rng),
            2.0 * Distribution::<f64>::sample(&StandardNormal, &mut rng),
        ]
    }
}

impl StochasticGradient for Regression {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let z = Self::features(draw);
        let residual: f64 = z.iter().zip(x).map(|(z, x)| z * (x - 1.0)).sum();
        *g = z.iter().map(|z| residual * z).collect();
        Ok(())
    }
}

impl SquaredJacobian for Regression {
    fn squared_jacobian(&self, _: &Vec<f64>, draw: Draw, c: &mut Vec<f64>) -> Result<(), Error> {
        *c = Self::features(draw).iter().map(|z| z * z).collect();
        Ok(())
    }
}

#[test]
fn gauss_newton_averages_the_squared_jacobian() {
    let (memory, iterations) = (0.99, 600);
    let estimator = GaussNewton::new().with_memory(memory).unwrap();
    let result = run(Regression, estimator, &[0.0, 0.0], iterations);
    // z^2 has the variance 2 E[z^2]^2
    let error = (2.0 * shrinkage(memory, iterations as i32)).sqrt();
    assert_within(result.solver().curvature(), &[1.0, 4.0], &[error, 4.0 * error]);
    assert_eq!(result.state().get_func_counts()["squared_jacobian_count"], 600);

    let estimator = GaussNewton::new().with_interval(7).unwrap();
    let result = run(Regression, estimator, &[0.0, 0.0], 70);
    assert_eq!(result.state().get_func_counts()["squared_jacobian_count"], 10);
}

/// Scores of a mean of 4 samples at the truth, with Fisher information 1, 100 and 0.01.
struct Score;

const INFORMATION: [f64; 3] = [1.0, 100.0, 0.01];

impl StochasticGradient for Score {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, _: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for (g, information) in g.iter_mut().zip(INFORMATION) {
            let noise: f64 = StandardNormal.sample(&mut rng);
            *g = (information / 4.0).sqrt() * noise;
        }
        Ok(())
    }
}

#[test]
fn squared_gradients_give_the_fisher_information() {
    let (memory, iterations) = (0.999, 2000);
    let estimator = SquaredGradient::new().with_batch_size(4.0).unwrap();
    let result = run(Score, estimator, &[0.0; 3], iterations);
    let error = (2.0 * shrinkage(memory, iterations as i32)).sqrt();
    assert_within(result.solver().curvature(), &INFORMATION, &INFORMATION.map(|a| a * error));
}

#[test]
fn a_constant_stays() {
    let result = run(coupled(), Constant::new(5.0).unwrap(), &[0.0; 4], 100);
    assert_eq!(result.solver().curvature(), [5.0; 4]);
    let estimator = Constant::diagonal(diagonal()).unwrap();
    let result = run(coupled(), estimator, &[0.0; 4], 100);
    assert_eq!(result.solver().curvature(), diagonal());
    let x = run(Coupled, Constant::new(6.0).unwrap(), &[0.0; 4], 300);
    let x = x.state().get_param().unwrap().clone();
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-3), "{x:?}");
}

#[test]
fn no_allocation_in_a_step() {
    fn count<E: HessianEstimator<Score>>(estimator: impl Fn() -> E, iterations: u64) -> u64 {
        let measured = allocation_counter::measure(|| {
            let solver = Arturo::new().with_estimator(estimator());
            Executor::new(Score, solver.with_telemetry(Telemetry::Never).unwrap())
                .configure(|state| state.param(vec![0.0; 3]).max_iters(iterations))
                .run()
                .unwrap();
        });
        measured.count_total
    }
    assert_eq!(count(Hutchinson::new, 20), count(Hutchinson::new, 520));
    assert_eq!(count(SquaredGradient::new, 20), count(SquaredGradient::new, 520));
    let constant = || Constant::new(1.0).unwrap();
    assert_eq!(count(constant, 20), count(constant, 520));
}

#[test]
fn each_reaches_the_minimum_of_a_noisy_bowl() {
    fn gap<E: HessianEstimator<GaussianNoise<common::Quadratic<Vec<f64>>>>>(estimator: E) -> f64 {
        let result = run(noisy::<Vec<f64>>(), estimator, &[0.0; 5], 2000);
        let x = result.state().get_best_param().unwrap();
        x.iter().enumerate().map(|(i, x)| 0.5 * (i as f64 + 1.0) * (x - 1.0).powi(2)).sum()
    }
    // the mean of all draws would allow 1/2 sum sigma^2 / (a_i T) = 1.4e-4; from 7.5 at the start
    let bound = 20.0 * 1.4e-4;
    for (name, gap) in [
        ("differences", gap(Hutchinson::new())),
        ("exact", gap(Hutchinson::exact())),
        ("constant", gap(Constant::new(5.0).unwrap())),
        ("squares", gap(SquaredGradient::new())),
    ] {
        println!("{name}: {gap:.1e}");
        assert!(gap < bound, "{name}: {gap}");
    }
}

#[test]
fn a_noise_that_fades_to_nothing_does_not_overflow() {
    // after 14,000 draws without noise its estimate is a subnormal number
    let problem = common::quadratic::<Vec<f64>>();
    let result = run(problem, AdaptiveRls::default(), &[0.0; 3], 20_000);
    assert_eq!(result.state().get_param().unwrap(), &[1.0; 3]);
}

/// The self-calibrating regression, driven draw by draw.
mod adaptive_rls {
    use super::*;

    struct Fit {
        estimator: AdaptiveRls<f64>,
        model: QuadraticModel<f64>,
        x: Vec<f64>,
        iteration: u64,
    }

    impl Fit {
        fn new(len: usize) -> Self {
            let zeros = || vec![0.0; len];
            let model = QuadraticModel {
                gradient: zeros(),
                curvature: zeros(),
                ..QuadraticModel::default()
            };
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
            let mut problem = Problem::new(Coupled);
            self.estimator.update(&mut problem, observation, &mut self.model).unwrap();
            self.iteration += 1;
            drawn
        }

        fn gain(&self) -> f64 {
            HessianEstimator::<Coupled>::gain(&self.estimator)
        }

        fn is_calibrated(&self) -> bool {
            HessianEstimator::<Coupled>::is_calibrated(&self.estimator)
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
                let mut uncertain =
                    before.curvature[i].powi(2) + before.cautious_curvature[i].powi(2);
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
                let forgetting =
                    if iteration > 10 { 0.1 * mean_gain + 0.1 * gains[i] } else { 0.0 };
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
        for _ in 0..2 {
            let mut sleeping = Fit {
                estimator: fit.estimator.clone(),
                model: fit.model.clone(),
                x: fit.x.clone(),
                iteration: wakes_at,
            };
            sleeping.update(&[0.0; 3], gradient);
            let moment = sleeping.model.gradient[2].powi(2) + sleeping.model.noise[2];
            assert_eq!(sleeping.model.gradient[2], 7.0);
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
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_matrices_are_hessians() {
    use argmin_arturo::hessian::DenseMatrix;
    let matrix = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
    assert_eq!((matrix.entry(0, 1), matrix.entry(2, 0)), (Some(2.0), None));
    assert_eq!(matrix.t().entry(0, 1), Some(3.0));
}

#[cfg(feature = "faer")]
#[test]
fn faer_matrices_are_hessians() {
    use argmin_arturo::hessian::DenseMatrix;
    let matrix = faer::Mat::from_fn(2, 2, |i, j| (10 * i + j) as f64);
    assert_eq!(
        (matrix.entry(0, 1), matrix.entry(2, 0), matrix.entry(0, 2)),
        (Some(1.0), None, None)
    );
}

#[test]
fn settings_are_checked() {
    let text = |error: Error| error.to_string();
    let expected = |text: &str| format!("Invalid parameter: \"{text}\"");
    type Differences = Hutchinson<Vec<f64>>;
    assert!(Differences::new().with_interval(3).is_ok());
    assert_eq!(
        text(Differences::new().with_interval(0).unwrap_err()),
        expected("Hutchinson: `interval` must be at least 1, got 0")
    );
    assert_eq!(
        text(GaussNewton::<Vec<f64>>::new().with_interval(0).unwrap_err()),
        expected("GaussNewton: `interval` must be at least 1, got 0")
    );
    for (value, shown) in [(1.0, "1"), (-0.1, "-0.1"), (f64::NAN, "NaN")] {
        let range = format!("`memory` must be in [0, 1), got {shown}");
        assert_eq!(
            text(Differences::new().with_memory(value).unwrap_err()),
            expected(&format!("Hutchinson: {range}"))
        );
        assert_eq!(
            text(GaussNewton::<Vec<f64>>::new().with_memory(value).unwrap_err()),
            expected(&format!("GaussNewton: {range}"))
        );
        assert_eq!(
            text(SquaredGradient::<f64>::new().with_memory(value).unwrap_err()),
            expected(&format!("SquaredGradient: {range}"))
        );
    }
    assert!(Differences::new().with_memory(0.0).is_ok());
    for (value, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let range = format!("must be positive and finite, got {shown}");
        assert_eq!(
            text(Differences::new().with_typical_magnitude(value).unwrap_err()),
            expected(&format!("Hutchinson: `typical_magnitude` {range}"))
        );
        assert_eq!(
            text(SquaredGradient::<f64>::new().with_batch_size(value).unwrap_err()),
            expected(&format!("SquaredGradient: `batch_size` {range}"))
        );
        assert_eq!(
            text(Constant::new(value).unwrap_err()),
            expected(&format!("Constant: `curvature` {range}"))
        );
        assert_eq!(
            text(Constant::diagonal(vec![1.0, value]).unwrap_err()),
            expected(&format!("Constant: `curvature[1]` {range}"))
        );
    }
    assert_eq!(
        text(Constant::<f64>::diagonal(vec![]).unwrap_err()),
        expected("Constant: `curvature` is empty")
    );
    let solver = Arturo::new().with_estimator(Constant::diagonal(vec![1.0; 3]).unwrap());
    let error = Executor::new(coupled(), solver)
        .configure(|state| state.param(vec![0.0; 4]).max_iters(1))
        .run()
        .err()
        .unwrap();
    assert_eq!(
        text(error),
        expected(
            "Constant: there are 3 curvatures for 4 coordinates; give one for each, or the same for \
             all by `Constant::new`"
        )
    );
}
