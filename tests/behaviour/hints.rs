//! What a user knows beforehand: the scale of x, an earlier answer, a prior.

use argmin::core::{CostFunction, Gradient};
use argmin_arturo::hessian::AdaptiveRls;
use argmin_arturo::oracle::{GaussianNoise, Regularized};
use argmin_arturo::prelude::*;

/// 1/2 sum a_i (x_i - m_i)^2
#[derive(Clone)]
struct Bowl {
    curvatures: Vec<f64>,
    minimum: Vec<f64>,
}

impl Bowl {
    fn new(curvatures: &[f64], minimum: &[f64]) -> Self {
        Self { curvatures: curvatures.to_vec(), minimum: minimum.to_vec() }
    }
}

impl CostFunction for Bowl {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        let distances = std::iter::zip(x, &self.minimum).map(|(x, m)| (x - m).powi(2));
        Ok(distances.zip(&self.curvatures).map(|(square, a)| 0.5 * a * square).sum())
    }
}

impl Gradient for Bowl {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let distances = std::iter::zip(x, &self.minimum).map(|(x, m)| x - m);
        Ok(distances.zip(&self.curvatures).map(|(distance, a)| a * distance).collect())
    }
}

impl argmin::core::Hessian for Bowl {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let n = x.len();
        let entry = |i, j| if i == j { self.curvatures[i] } else { 0.0 };
        Ok((0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect())
    }
}

/// The gap of an answer after so many draws with noise.
fn gap(problem: &Bowl, solver: Arturo<f64>, start: &[f64], noise: f64, draws: u64) -> f64 {
    let result = Executor::new(GaussianNoise::new(problem.clone(), noise).unwrap(), solver)
        .configure(|state| state.param(start.to_vec()).max_iters(draws))
        .run()
        .unwrap();
    problem.cost(result.state().get_best_param().unwrap()).unwrap()
}

#[test]
fn a_scale_makes_up_for_units_that_the_start_does_not_tell() {
    // years about 2000 that matter to a tenth, and a rate of 1e-3, from 2000 and 0
    let problem = Bowl::new(&[100.0, 1e6], &[2000.3, 1e-3]);
    let start = [2000.0, 0.0];
    for seed in 0..5 {
        let solver = || Arturo::new().with_seed(seed);
        let without = gap(&problem, solver(), &start, 1.0, 60);
        let with = solver().with_scale(vec![0.3, 1e-3]).unwrap();
        let with = gap(&problem, with, &start, 1.0, 60);
        assert!(with < 0.5, "{with} of {}", problem.cost(&start.to_vec()).unwrap());
        assert!(with < 0.5 * without, "{with} with, {without} without");
    }
}

#[test]
fn the_units_of_x_are_no_more_than_units() {
    // a run in other units with the scale of these has the same bits, as they are powers of two
    let run = |unit: f64| {
        let problem = Bowl::new(&[1.0 / unit / unit, 3.0], &[unit, 2.0]);
        let solver = Arturo::new().with_scale(vec![unit, 1.0]).unwrap();
        let result = Executor::new(problem, solver)
            .configure(|state| state.param(vec![0.0, 0.0]).max_iters(40))
            .run()
            .unwrap();
        let x = result.state().get_best_param().unwrap();
        [x[0] / unit, x[1]]
    };
    assert_eq!(run(1.0), run(1024.0));
}

#[test]
fn a_scale_is_that_of_the_first_gaussian_of_an_estimator() {
    let solver = Arturo::new().with_scale(vec![10.0, 0.1]).unwrap();
    for solver in [
        solver.clone().with_estimator(AdaptiveRls::default()),
        Arturo::new().with_estimator(AdaptiveRls::default()).with_scale(vec![10.0, 0.1]).unwrap(),
    ] {
        let result = Executor::new(Bowl::new(&[1.0, 1.0], &[0.0, 0.0]), solver)
            .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1))
            .run()
            .unwrap();
        let precision = result.solver().precision();
        assert!((precision[0] / 0.01 - 1.0).abs() < 1e-9, "{precision:?}");
        assert!((precision[1] / 100.0 - 1.0).abs() < 1e-9, "{precision:?}");
    }
}

#[test]
fn an_earlier_answer_is_a_start() {
    let problem = Bowl::new(&[1.0, 1e4], &[5000.0, 3.0]);
    let noisy = || GaussianNoise::new(problem.clone(), 0.1).unwrap();
    let mut ratios = Vec::new();
    for seed in 0..10 {
        let run = |solver: Arturo<f64>, start: Vec<f64>, draws| {
            Executor::new(noisy(), solver.with_seed(seed))
                .configure(|state| state.param(start).max_iters(draws))
                .run()
                .unwrap()
        };
        let earlier = run(Arturo::new(), vec![1.0, 1.0], 3000).solution().unwrap();
        // the next day: a little elsewhere
        let moved = Bowl::new(&[1.0, 1e4], &[5000.02, 3.0002]);
        let warm = Arturo::new().with_warm_start(&earlier).unwrap().with_seed(100 + seed);
        let warm = gap(&moved, warm, &earlier.param, 0.1, 30);
        let cold = gap(&moved, Arturo::new().with_seed(100 + seed), &earlier.param, 0.1, 30);
        assert!(warm < 1e-3, "{warm}");
        ratios.push(warm / cold);
    }
    // without it, the first steps are parts of x = 5000: the run stays at the start at best
    ratios.sort_by(f64::total_cmp);
    assert!(ratios[5] < 0.2 && ratios[9] < 2.0, "{ratios:?}");
}

#[cfg(feature = "nalgebra")]
#[test]
fn a_prior_is_in_minimum_errors_cost_and_curvature() {
    use argmin_arturo::hessian::ExactDiagonal;
    use argmin_arturo::oracle::StochasticCost;

    let problem = Bowl::new(&[1.0, 4.0], &[3.0, -1.0]);
    let (mean, deviation) = (vec![0.0, 1.0], vec![0.5, 2.0]);
    let oracle = || {
        let noisy = GaussianNoise::new(problem.clone(), 1.0).unwrap();
        Regularized::gaussian_prior(noisy, mean.clone(), deviation.clone()).unwrap()
    };
    let curvatures = [1.0 + 4.0, 4.0 + 0.25];
    let minimum = [3.0 / 5.0, (-4.0 + 0.25) / 4.25];
    let (mut inside, mut certified) = (0, 0);
    for seed in 0..20 {
        let mut result = Executor::new(oracle(), Arturo::new().with_seed(seed))
            .configure(|state| state.param(vec![0.0, 0.0]).max_iters(2000))
            .run()
            .unwrap();
        let solution = result.solution().unwrap();
        for (i, [low, high]) in solution.intervals(0.95).unwrap().into_iter().enumerate() {
            inside += u32::from(low < minimum[i] && minimum[i] < high);
            assert!((solution.curvature[i] / curvatures[i] - 1.0).abs() < 0.3, "{solution}");
        }
        let certificate = result.certify(1000).unwrap();
        let errors = certificate.standard_error().unwrap();
        for i in 0..2 {
            let z = (certificate.param[i] - minimum[i]) / errors[i];
            certified += u32::from(z.abs() < 1.96);
            // the noise of a draw is 1, and the prior adds none
            let expected = 1.0 / curvatures[i] / 1000.0_f64.sqrt();
            assert!((errors[i] / expected - 1.0).abs() < 0.15, "{errors:?}");
        }
    }
    // of 40 each
    assert!(inside >= 34 && certified >= 34, "{inside} and {certified} of 40");

    let x = vec![0.3, 0.7];
    let cost = oracle().stochastic_cost(&x, Draw::new(0, 0)).unwrap();
    let penalty = 0.5 * (0.3_f64 / 0.5).powi(2) + 0.5 * (0.3_f64 / 2.0).powi(2);
    assert!((cost - problem.cost(&x).unwrap() - penalty).abs() < 1e-12);

    let solver = Arturo::new().with_estimator(ExactDiagonal::new());
    let result = Executor::new(oracle(), solver)
        .configure(|state| state.param(vec![0.0, 0.0]).max_iters(5))
        .run()
        .unwrap();
    assert!(
        std::iter::zip(result.solver().curvature(), curvatures).all(|(a, b)| (a - b).abs() < 1e-9)
    );
}

#[test]
fn weight_decay_is_ridge() {
    let ridge = Regularized::weight_decay(Bowl::new(&[1.0, 3.0], &[2.0, 4.0]), 1.0).unwrap();
    let result = Executor::new(ridge, Arturo::new())
        .configure(|state| state.param(vec![0.5, 0.5]).max_iters(100))
        .run()
        .unwrap();
    let x = result.state().get_best_param().unwrap();
    assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 3.0).abs() < 1e-6, "{x:?}");
}

fn text<T>(result: Result<T, Error>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn hints_are_checked() {
    let expected = |text: &str| format!("Invalid parameter: \"{text}\"");
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let range = format!("must be positive and finite, got {value}");
        assert_eq!(
            text(Arturo::new().with_scale(vec![1.0, value])),
            expected(&format!("Arturo: `scale[1]` {range}"))
        );
        assert_eq!(
            text(Regularized::gaussian_prior((), vec![0.0], vec![value])),
            expected(&format!("Regularized: `standard_deviation[0]` {range}"))
        );
    }
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let range = format!("must be non-negative and finite, got {value}");
        assert_eq!(
            text(Regularized::weight_decay((), value)),
            expected(&format!("Regularized: `weight_decay` {range}"))
        );
        let prior = Regularized::weight_decay((), 1.0).unwrap();
        assert_eq!(
            text(prior.with_weight(value)),
            expected(&format!("Regularized: `weight` {range}"))
        );
    }
    assert_eq!(
        text(Regularized::gaussian_prior((), vec![f64::NAN], vec![1.0])),
        expected("Regularized: `mean[0]` must be finite, got NaN")
    );
    assert_eq!(
        text(Regularized::gaussian_prior((), vec![0.0], vec![1.0, 1.0])),
        expected(
            "Regularized: `mean` has 1 coordinates, `standard_deviation` has 2; give both for each \
             coordinate"
        )
    );

    let bowl = || Bowl::new(&[1.0, 1.0], &[0.0, 0.0]);
    let start = |solver: Arturo<f64>| {
        text(
            Executor::new(bowl(), solver)
                .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1))
                .run(),
        )
    };
    assert_eq!(
        start(Arturo::new().with_scale(vec![1.0]).unwrap()),
        expected(
            "Arturo: `scale` has 1 entries, the parameter vector has 2 coordinates; give a unit for \
             each"
        )
    );
    let prior = Regularized::gaussian_prior(bowl(), vec![0.0], vec![1.0]).unwrap();
    let error = Executor::new(prior, Arturo::new())
        .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1))
        .run();
    assert!(text(error).contains(
        "Regularized: there is a prior for 1 coordinates, the parameter vector has 2; give one for \
         each"
    ));
    // a first draw gives no errors
    let result = Executor::new(GaussianNoise::new(bowl(), 1.0).unwrap(), Arturo::new())
        .configure(|state| state.param(vec![0.0, 0.0]).max_iters(1))
        .run()
        .unwrap();
    assert_eq!(
        text(Arturo::new().with_warm_start(&result.solution().unwrap())),
        expected(
            "Arturo: the earlier solution has no standard errors that could scale x: they are \
             infinite or all 0; give a unit for each coordinate by `with_scale`, or start without"
        )
    );
}
