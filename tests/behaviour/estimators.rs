//! Estimators of curvature against a known Hessian, within their standard errors.

use crate::common::noisy;
use argmin::core::{
    Error, Executor, Gradient, Hessian, IterState, OptimizationResult, Problem, State,
};
use argmin_arturo::TrustRegion;
use argmin_arturo::hessian::{
    AdaptiveRls, Constant, ExactDiagonal, FiniteDifference, GaussNewton, HessianEstimator,
    HessianVectorProduct, Hutchinson, Observation, QuadraticModel, SquaredGradient,
    SquaredJacobian,
};
use argmin_arturo::oracle::GaussianNoise;
use argmin_arturo::{Arturo, Draw, StochasticGradient, Telemetry};
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
fn all_wait_for_the_noise_level_and_tell_their_gain() {
    fn check<O, E>(problem: impl Fn() -> O, x0: &[f64], estimator: impl Fn() -> E)
    where
        O: StochasticGradient<Param = Vec<f64>>,
        E: HessianEstimator<O>,
    {
        let end = |iterations| run(problem(), estimator(), x0, iterations);
        // ten draws calibrate the filter; the step after the eleventh uses it
        assert_eq!(end(10).state().get_param().unwrap(), x0);
        assert_ne!(end(11).state().get_param().unwrap(), x0);
        assert_eq!(end(10).solver().estimator().gain(), 1.0);
        let gain = end(300).solver().estimator().gain();
        assert!(gain > 0.01 && gain < 0.99, "{gain}");
    }
    let x0 = [0.25, -0.5, 3.0, 1.5];
    check(coupled, &x0, AdaptiveRls::default);
    check(coupled, &x0, || Constant::new(4.0).unwrap());
    check(coupled, &x0, ExactDiagonal::new);
    check(coupled, &x0, FiniteDifference::new);
    check(coupled, &x0, Hutchinson::new);
    check(coupled, &x0, Hutchinson::exact);
    check(coupled, &x0, SquaredGradient::new);
    check(|| Regression, &[0.25, 2.0], GaussNewton::new);
}

#[test]
fn without_memory_the_gain_is_one() {
    /// Takes each draw as it comes.
    struct Plain;

    impl HessianEstimator<Coupled> for Plain {
        fn update(
            &mut self,
            _: &mut Problem<Coupled>,
            observation: Observation<'_, Vec<f64>>,
            model: &mut QuadraticModel<f64>,
        ) -> Result<(), Error> {
            model.gradient.clone_from(observation.gradient);
            model.curvature.fill(10.0);
            Ok(())
        }
    }
    let result = run(Coupled, Plain, &[0.0; 4], 1);
    assert_ne!(result.state().get_param().unwrap(), &[0.0; 4], "it steps at once");
    assert_eq!(result.solver().estimator().gain(), 1.0);
}

/// The gradient c x^3 with c = 1 + the index of the draw.
struct Cubic;

impl StochasticGradient for Cubic {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        for (g, x) in g.iter_mut().zip(x) {
            *g = (1.0 + draw.index() as f64) * x.powi(3);
        }
        Ok(())
    }
}

#[test]
fn differences_fit_the_magnitude_of_x() {
    // the error h^2 + eps x^3 / h of 3 x^2 with h = eps^(1/3) x, relative to it
    for x in [1e-3, -1e-3, 1.0, -20.0, 1e3, -1e8, 1e8_f64] {
        let typical = if x.abs() < 1.0 { 1e-3 } else { 1.0 };
        let differences = FiniteDifference::new().with_typical_magnitude(typical).unwrap();
        let products = Hutchinson::new().with_typical_magnitude(typical).unwrap();
        for curvature in [
            run(Cubic, differences, &[x], 1).solver().curvature()[0],
            run(Cubic, products, &[x], 1).solver().curvature()[0],
        ] {
            let error = curvature / (3.0 * x * x) - 1.0;
            assert!(error.abs() < 1e-9, "{x}: {error:e}");
        }
    }
}

#[test]
fn blocks_of_differences_go_round() {
    // the factor c of each coordinate tells the draw that it was measured at
    let measured = |block, iterations| {
        let estimator = FiniteDifference::new().with_block_size(block).unwrap();
        let result = run(Cubic, estimator, &[1e3; 5], iterations);
        let curvature = result.solver().curvature().to_vec();
        curvature.iter().map(|a| (a / 3e6).round() as u64 - 1).collect::<Vec<_>>()
    };
    assert_eq!(measured(2, 1), [0, 0, 0, 0, 0]);
    assert_eq!(measured(2, 3), [1, 1, 2, 2, 0]);
    assert_eq!(measured(2, 5), [3, 4, 4, 2, 3]);
    assert_eq!(measured(3, 4), [2, 3, 3, 3, 2]);
    assert_eq!(measured(7, 4), [3, 3, 3, 3, 3]);
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
    fn gap<E: HessianEstimator<GaussianNoise<crate::common::Quadratic<Vec<f64>>>>>(
        estimator: E,
    ) -> f64 {
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
    let problem = crate::common::quadratic::<Vec<f64>>();
    let result = run(problem, AdaptiveRls::default(), &[0.0; 3], 20_000);
    assert_eq!(result.state().get_param().unwrap(), &[1.0; 3]);
}

/// Three coordinates, with the first two rows and columns of a Hessian.
struct TooSmall;

impl Gradient for TooSmall {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(x.clone())
    }
}

impl Hessian for TooSmall {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, _: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(vec![vec![1.0, 0.0]; 2])
    }
}

#[test]
fn a_hessian_that_is_too_small_is_refused() {
    fn refusal<E: HessianEstimator<TooSmall>>(estimator: E) -> String {
        let result = Executor::new(TooSmall, Arturo::new().with_estimator(estimator))
            .configure(|state| state.param(vec![0.0; 3]).max_iters(1))
            .run();
        result.err().unwrap().root_cause().to_string()
    }
    let lacks = "it must have a row and a column for each coordinate";
    assert_eq!(
        refusal(ExactDiagonal::new()),
        format!("Invalid parameter: \"ExactDiagonal: the Hessian has no entry (2, 2); {lacks}\"")
    );
    assert_eq!(
        refusal(Hutchinson::exact()),
        format!("Invalid parameter: \"Hutchinson: the Hessian has no entry (0, 2); {lacks}\"")
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
        error.root_cause().to_string(),
        expected(
            "Constant: there are 3 curvatures for 4 coordinates; give one for each, or the same for \
             all by `Constant::new`"
        )
    );
}
