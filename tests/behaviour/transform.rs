//! Problems in free coordinates: the chain rule, both ways of the map, and whole runs.

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin_arturo::oracle::{Spsa, StochasticCost};
use argmin_arturo::solution::{RunResult, Verdict};
use argmin_arturo::{Arturo, Draw, Scalar, StochasticGradient, Telemetry, Transform, Transformed};
use rand_distr::{Distribution, StandardNormal};

const ALL: [Transform; 6] = [
    Transform::Identity,
    Transform::Fixed { value: 0.5 },
    Transform::Log,
    Transform::Softplus,
    Transform::Logit,
    Transform::Interval { lower: -2.0, upper: 5.0 },
];

/// f(x) = sum_i ((x_i - 0.7)^2 + x_i^4 / 4) + x_0 x_2 + x_3 x_4 x_5, with noise of 0.1 on draws.
#[derive(Debug)]
struct Model;

impl CostFunction for Model {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        let own: f64 = x.iter().map(|x| (x - 0.7).powi(2) + x.powi(4) / 4.0).sum();
        Ok(own + x[0] * x[2] + x[3] * x[4] * x[5])
    }
}

impl StochasticGradient for Model {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        for (g, x) in g.iter_mut().zip(x) {
            *g = 2.0 * (x - 0.7) + x.powi(3);
        }
        g[0] += x[2];
        g[2] += x[0];
        g[3] += x[4] * x[5];
        g[4] += x[3] * x[5];
        g[5] += x[3] * x[4];
        if draw.seed() > 0 {
            let mut rng = draw.rng();
            for g in g {
                let noise: f64 = StandardNormal.sample(&mut rng);
                *g += 0.1 * noise;
            }
        }
        Ok(())
    }
}

fn problem() -> Transformed<Model> {
    Transformed::new(Model, ALL.to_vec()).unwrap()
}

/// The exact cost at y.
fn cost(problem: &Transformed<Model>, y: &Vec<f64>) -> f64 {
    problem.stochastic_cost(y, Draw::new(0, 0)).unwrap()
}

#[test]
fn gradients_follow_the_chain_rule() {
    let problem = problem();
    for shift in [-3.0, -0.4, 0.0, 0.9, 2.5] {
        let y: Vec<f64> = (0..6).map(|i| shift + 0.1 * f64::from(i)).collect();
        let mut g = vec![f64::NAN; 6];
        problem.stochastic_gradient(&y, Draw::new(0, 0), &mut g).unwrap();
        for i in 0..6 {
            let shifted = |h: f64| {
                let mut y = y.clone();
                y[i] += h;
                cost(&problem, &y)
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            assert!((g[i] - difference).abs() < 1e-7 * (1.0 + difference.abs()), "{:?}", ALL[i]);
        }
    }
}

#[test]
fn drawn_gradients_are_unbiased() {
    // the mean of 1e5 draws within 5 standard errors of the chain rule on the exact gradient
    let problem = problem();
    let y = vec![0.3; 6];
    let (mut exact, mut g, mut sum) = (vec![0.0; 6], vec![0.0; 6], [0.0; 6]);
    problem.stochastic_gradient(&y, Draw::new(0, 0), &mut exact).unwrap();
    let draws = 100_000;
    for k in 0..draws {
        problem.stochastic_gradient(&y, Draw::new(1, k), &mut g).unwrap();
        for (sum, g) in sum.iter_mut().zip(&g) {
            *sum += g;
        }
    }
    for (i, transform) in ALL.iter().enumerate() {
        let error = 0.1 * transform.slope(y[i]) / (draws as f64).sqrt();
        let deviation = (sum[i] / draws as f64 - exact[i]).abs();
        assert!(deviation <= 5.0 * error, "{transform:?}: {deviation} {error}");
    }
}

#[test]
fn both_ways_are_inverse_over_many_scales() {
    let free = ALL.into_iter().filter(|transform| !matches!(transform, Transform::Fixed { .. }));
    for transform in free {
        for y in [-30.0, -5.0, -1e-3, 0.0, 0.1, 3.0, 15.0] {
            let x = transform.apply(y);
            let back = transform.invert(x);
            // near an end of an interval at 1 or 5 the digits of x end before those of y
            let lost = match transform {
                Transform::Logit | Transform::Interval { .. } => 1e-14 * (y.abs()).exp(),
                _ => 1e-12,
            };
            assert!((back - y).abs() <= lost.max(1e-12), "{transform:?} {y} {x} {back}");
        }
    }
    for x in [1e-300, 1e-10, 0.5, 1.0, 20.0, 1e10] {
        for transform in [Transform::Log, Transform::Softplus] {
            let back = transform.apply(transform.invert(x));
            assert!((back / x - 1.0).abs() < 1e-12, "{transform:?} {x} {back}");
        }
    }
    // no overflow, and no NaN, at the far ends
    for transform in &ALL[2..] {
        assert!(transform.apply(-1000.0).is_finite());
        assert!(transform.slope(-1000.0) >= 0.0);
        assert!(!transform.apply(1000.0).is_nan() && !transform.slope(1000.0).is_nan());
    }
    assert_eq!(Transform::Interval { lower: -2.0, upper: 5.0 }.apply(1000.0), 5.0);
    assert_eq!(Transform::Interval { lower: -2.0, upper: 5.0 }.apply(-1000.0), -2.0);
}

#[test]
fn starts_and_answers_are_mapped() {
    let problem = problem();
    let x = vec![-1.5, 0.5, 0.1, 7.0, 0.25, 4.5];
    let y = problem.to_free(&x).unwrap();
    assert_eq!((y[0], y[1], y[2]), (-1.5, 0.5, 0.1f64.ln()));
    let back = problem.to_original(&y).unwrap();
    assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-14), "{back:?}");
    assert!((cost(&problem, &y) - problem.problem().cost(&x).unwrap()).abs() < 1e-12);
}

#[test]
fn runs_find_the_constrained_minimum_and_leave_what_is_fixed() {
    // poisson rates, in f32 and f64: sum x_i - k_i ln x_i, least at k
    struct Rates<F>(Vec<F>);
    impl<F: Scalar> Gradient for Rates<F> {
        type Param = Vec<F>;
        type Gradient = Vec<F>;
        fn gradient(&self, x: &Vec<F>) -> Result<Vec<F>, Error> {
            assert!(x.iter().all(|&x| x > F::zero()), "{x:?}");
            Ok(x.iter().zip(&self.0).map(|(&x, &k)| F::one() - k / x).collect())
        }
    }
    fn check<F: Scalar>(tolerance: f64) {
        let number = F::from_f64_lossy;
        let counts: Vec<F> = [0.01, 4.0, 120.0, 3.0].map(number).to_vec();
        let fixed = Transform::Fixed { value: 0.1 };
        let transforms = vec![Transform::Log, Transform::Softplus, Transform::Log, fixed];
        let problem = Transformed::new(Rates(counts.clone()), transforms).unwrap();
        let start = problem.to_free(&[1.0, 1.0, 1.0, 0.1].map(number).to_vec()).unwrap();
        let mut result = Executor::new(problem, Arturo::new())
            .configure(|state| state.param(start).max_iters(300))
            .run()
            .unwrap();
        let problem = result.problem.take_problem().unwrap();
        let x = problem.to_original(result.state().get_best_param().unwrap()).unwrap();
        for (x, k) in x.iter().zip(&counts).take(3) {
            let (x, k) = (x.to_f64_exact(), k.to_f64_exact());
            assert!((x / k - 1.0).abs() < tolerance, "{x} {k}");
        }
        assert!(x[3] == number(0.1));
    }
    check::<f64>(1e-8);
    check::<f32>(1e-3);
}

#[test]
fn what_is_fixed_stays_under_noise() {
    let problem = problem();
    let start = problem.to_free(&vec![0.5; 6]).unwrap();
    let result = Executor::new(problem, Arturo::new().with_seed(1))
        .configure(|state| state.param(start).max_iters(500))
        .run()
        .unwrap();
    assert_eq!(result.state().get_best_param().unwrap()[1], 0.5);
    assert_ne!(result.state().get_best_param().unwrap()[0], 0.5);
}

#[test]
fn other_oracles_go_around_it() {
    // by costs alone, against exact gradients: draws of seed 0 have no noise
    fn run<O: StochasticGradient<Param = Vec<f64>>>(oracle: O) -> f64 {
        let start = problem().to_free(&vec![0.3, 0.5, 0.3, 0.3, 0.3, 0.3]).unwrap();
        let result = Executor::new(oracle, Arturo::new())
            .configure(|state| state.param(start).max_iters(2000))
            .run()
            .unwrap();
        cost(&problem(), result.state().get_best_param().unwrap())
    }
    let (exact, by_costs) = (run(problem()), run(Spsa::new(problem())));
    assert!((by_costs - exact).abs() < 1e-3, "{by_costs} {exact}");
}

#[test]
fn no_allocation_after_the_first_evaluation() {
    let run = |iterations| {
        let solver = Arturo::new().with_telemetry(Telemetry::Never).unwrap().with_seed(1);
        Executor::new(problem(), solver)
            .configure(|state| state.param(vec![0.0; 6]).max_iters(iterations))
            .run()
            .unwrap();
    };
    let count = |iterations| allocation_counter::measure(|| run(iterations)).count_total;
    run(1); // what is set up once in a thread
    assert_eq!(count(50), count(550));
}

#[test]
fn ranges_are_checked() {
    let expected = |text: &str| format!("Invalid parameter: \"Transformed: {text}\"");
    for (transform, x, text) in [
        (Transform::Identity, f64::NAN, "finite, got NaN"),
        (Transform::Log, 0.0, "positive and finite, got 0"),
        (Transform::Log, f64::NAN, "positive and finite, got NaN"),
        (Transform::Softplus, -1.0, "positive and finite, got -1"),
        (Transform::Softplus, f64::INFINITY, "positive and finite, got inf"),
        (Transform::Logit, 1.0, "in (0, 1), got 1"),
        (Transform::Logit, -0.5, "in (0, 1), got -0.5"),
        (Transform::Interval { lower: -2.0, upper: 5.0 }, 5.0, "in (-2, 5), got 5"),
        (Transform::Fixed { value: 0.5 }, 0.6, "0.5, where it is fixed, got 0.6"),
    ] {
        let problem = Transformed::new(Model, vec![transform]).unwrap();
        let error = problem.to_free(&vec![x]).unwrap_err().to_string();
        assert_eq!(error, expected(&format!("coordinate 0 must be {text}")));
    }
    for (lower, upper, shown) in
        [(1.0, 1.0, "1 and 1"), (f64::NAN, 1.0, "NaN and 1"), (0.0, f64::INFINITY, "0 and inf")]
    {
        let transforms = vec![Transform::Log, Transform::Interval { lower, upper }];
        assert_eq!(
            Transformed::new(Model, transforms).unwrap_err().to_string(),
            expected(&format!(
                "the interval of coordinate 1 must be finite with `lower` below `upper`, got {shown}"
            ))
        );
    }
    assert_eq!(
        Transformed::new(Model, vec![Transform::Fixed { value: f64::NAN }])
            .unwrap_err()
            .to_string(),
        expected("the value of coordinate 0 must be finite, got NaN")
    );
    assert_eq!(
        problem().to_original(&vec![0.0; 2]).unwrap_err().to_string(),
        expected(
            "there are 6 transforms, the parameter vector has 2 coordinates; give one for each, \
             `Identity` where x is free"
        )
    );
}

/// A rate and a share: f = 2 (x_0 - 3 ln x_0) - 3 ln x_1 - 7 ln(1 - x_1), least at (3, 0.3), with noise.
#[derive(Clone)]
struct RateAndShare;

impl StochasticGradient for RateAndShare {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        let [a, b]: [f64; 2] = [(); 2].map(|()| StandardNormal.sample(&mut rng));
        g[0] = 2.0 - 6.0 / x[0] + 0.5 * a;
        g[1] = 7.0 / (1.0 - x[1]) - 3.0 / x[1] + 5.0 * (a + b);
        g[2] = x[2];
        Ok(())
    }
}

#[test]
fn errors_are_those_of_the_original_coordinates() {
    let transforms = vec![Transform::Log, Transform::Logit, Transform::Fixed { value: 2.0 }];
    let problem = Transformed::new(RateAndShare, transforms).unwrap();
    let minimum = [3.0, 0.3];
    let [mut covered, mut claims, mut squares] = [0.0, 0.0, 0.0];
    for seed in 0..100 {
        let start = problem.to_free(&vec![1.0, 0.5, 2.0]).unwrap();
        let result = Executor::new(problem.clone(), Arturo::new().with_seed(seed))
            .configure(|state| state.param(start).max_iters(2000))
            .run()
            .unwrap();
        let free = result.solution().unwrap();
        if !matches!(free.verdict, Verdict::NoiseLimited { .. }) {
            continue;
        }
        claims += 1.0;
        let solution = problem.original_solution(&free).unwrap();
        let intervals = problem.original_intervals(&free, 0.95).unwrap();
        for (i, x) in minimum.into_iter().enumerate() {
            covered += f64::from(u8::from((intervals[i][0]..intervals[i][1]).contains(&x))) / 2.0;
            squares += ((solution.param[i] - x) / solution.standard_error[i]).powi(2) / 2.0;
        }
        assert!(intervals[0][0] > 0.0 && intervals[1].iter().all(|x| (0.0..1.0).contains(x)));
        assert_eq!((solution.param[2], solution.standard_error[2]), (2.0, 0.0));
        assert_eq!(intervals[2], [2.0; 2]);
    }
    let (share, deviation) = (covered / claims, (squares / claims).sqrt());
    assert!(claims >= 80.0, "{claims} claims");
    assert!(
        (0.9..0.99).contains(&share) && (0.8..1.25).contains(&deviation),
        "{share} {deviation}"
    );
}

#[test]
fn an_answer_at_the_end_of_its_range_has_no_error() {
    /// Least at x = 0.
    #[derive(Clone)]
    struct Falling;
    impl StochasticGradient for Falling {
        type Param = Vec<f64>;
        fn stochastic_gradient(
            &self,
            _: &Vec<f64>,
            _: Draw,
            g: &mut Vec<f64>,
        ) -> Result<(), Error> {
            g[0] = 1.0;
            Ok(())
        }
    }
    let problem = Transformed::new(Falling, vec![Transform::Log]).unwrap();
    let result = Executor::new(problem.clone(), Arturo::new())
        .configure(|state| state.param(vec![-800.0]).max_iters(20))
        .run()
        .unwrap();
    let error = problem.original_solution(&result.solution().unwrap()).unwrap_err().to_string();
    assert!(
        error.contains("coordinate 0 has come to the end of its range, at y = -8e2"),
        "{error}"
    );
}

#[cfg(feature = "nalgebra")]
#[test]
fn a_certificate_is_converted_with_its_correlations() {
    let transforms = vec![Transform::Log, Transform::Logit, Transform::Fixed { value: 2.0 }];
    let problem = Transformed::new(RateAndShare, transforms.clone()).unwrap();
    let start = problem.to_free(&vec![3.0, 0.3, 2.0]).unwrap();
    let mut result = Executor::new(problem, Arturo::new())
        .configure(|state| state.param(start).max_iters(2000))
        .run()
        .unwrap();
    let free = result.certify(500).unwrap();
    let problem = result.problem.take_problem().unwrap();
    let original = problem.original_certificate(&free).unwrap();
    assert_eq!(original.param, problem.to_original(&free.param).unwrap());
    assert_eq!(original.held, [false, false, true]);
    let slopes: Vec<f64> =
        std::iter::zip(&transforms, &free.param).map(|(t, y)| t.slope(*y)).collect();
    let [covariance, of_free] = [&original, &free].map(|c| c.covariance.clone().unwrap());
    for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let scale = slopes[i] * slopes[j];
        assert!((covariance[(i, j)] / (scale * of_free[(i, j)]) - 1.0).abs() < 1e-12);
        assert!((scale * original.hessian[(i, j)] - free.hessian[(i, j)]).abs() < 1e-12);
    }
    // the Hessian in x at the minimum: 6 / 9 and 7 / 0.7^2 + 3 / 0.3^2
    assert!((original.hessian[(0, 0)] / (6.0 / 9.0) - 1.0).abs() < 0.1);
    assert!((original.hessian[(1, 1)] / (7.0 / 0.49 + 3.0 / 0.09) - 1.0).abs() < 0.1);
    let posterior = original.posterior_covariance(0.01).unwrap().unwrap();
    assert!((posterior[(0, 0)] / (0.01 * 9.0 / 6.0) - 1.0).abs() < 0.2);
    assert_eq!([covariance[(2, 2)], posterior[(2, 2)]], [0.0; 2]);
}
