//! The answer's errors, verdicts and costs, as statistical tests: fixed seeds, stated bounds.
//! `docs/coverage.md` has the same at length.

use crate::common::{Recorder, float};
use argmin::core::observers::ObserverMode;
use argmin::core::{
    CostFunction, Error, Executor, Gradient, IterState, OptimizationResult, State,
    TerminationReason,
};
use argmin_arturo::baseline::Adam;
use argmin_arturo::hessian::{AdaptiveRls, ExactDiagonal};
use argmin_arturo::oracle::{GaussianNoise, StochasticCost};
use argmin_arturo::solution::{RunResult, Solution, Tolerance, Verdict, compare_costs};
use argmin_arturo::{Arturo, Averaging, Draw, PaperSettings, StochasticGradient};
use rand_distr::{Distribution, StandardNormal};

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// f(x) = 1/2 sum a_i (x_i - 1 - drift t)^2 at draw t, with noise on gradient and cost.
#[derive(Clone)]
struct Bowl {
    curvatures: Vec<f64>,
    noise: f64,
    drift: f64,
}

fn bowl(curvatures: &[f64], noise: f64) -> Bowl {
    Bowl { curvatures: curvatures.to_vec(), noise, drift: 0.0 }
}

impl Bowl {
    fn value(&self, x: &[f64]) -> f64 {
        std::iter::zip(x, &self.curvatures).map(|(x, a)| 0.5 * a * (x - 1.0).powi(2)).sum()
    }
}

impl StochasticGradient for Bowl {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        let center = 1.0 + self.drift * draw.index() as f64;
        for ((g, x), a) in g.iter_mut().zip(x).zip(&self.curvatures) {
            let z: f64 = StandardNormal.sample(&mut rng);
            *g = a * (x - center) + self.noise * z;
        }
        Ok(())
    }
}

impl StochasticCost for Bowl {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        let z: f64 = StandardNormal.sample(&mut draw.rng());
        Ok(self.value(x) + self.noise * z)
    }
}

fn run<O>(
    oracle: O,
    solver: Arturo<f64>,
    n: usize,
    draws: u64,
) -> OptimizationResult<O, Arturo<f64>, Run>
where
    O: StochasticGradient<Param = Vec<f64>>,
{
    Executor::new(oracle, solver)
        .configure(|state| state.param(vec![0.0; n]).max_iters(draws))
        .run()
        .unwrap()
}

fn solve(oracle: &Bowl, seed: u64, draws: u64) -> Solution {
    let n = oracle.curvatures.len();
    let result = run(oracle.clone(), Arturo::new().with_seed(seed), n, draws);
    result.solution().unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Share of z within the 95 % interval.
fn covered(scores: &[f64]) -> f64 {
    scores.iter().filter(|z| z.abs() < 1.96).count() as f64 / scores.len() as f64
}

fn geometric(n: usize, last: f64) -> Vec<f64> {
    (0..n).map(|i| last.powf(i as f64 / (n - 1) as f64)).collect()
}

#[test]
fn intervals_cover_where_coordinates_are_independent() {
    // 40 seeds, 400 coordinates: 95 % to 1.1 % if they were independent
    let oracle = bowl(&geometric(10, 100.0), 1.0);
    let (mut scores, mut gaps, mut predicted, mut below) = (vec![], vec![], vec![], 0_usize);
    for seed in 0..40 {
        let solution = solve(&oracle, seed, 1000);
        if !matches!(solution.verdict, Verdict::NoiseLimited { .. }) {
            continue;
        }
        let errors = &solution.standard_error;
        scores.extend(std::iter::zip(&solution.param, errors).map(|(x, e)| (x - 1.0) / e));
        let gap = oracle.value(&solution.param);
        below += usize::from(gap <= solution.predicted_gain_bound);
        gaps.push(gap);
        predicted.push(solution.predicted_gain);
    }
    // 17: the others are still told that they move, for the Hessian is not known well enough
    assert!(gaps.len() >= 15, "{} of 40 runs know that they rest", gaps.len());
    let coverage = covered(&scores);
    assert!((0.90..0.98).contains(&coverage), "{coverage}");
    let ratio = mean(&predicted) / mean(&gaps);
    assert!((0.7..2.0).contains(&ratio), "{ratio}");
    assert!(
        10 * below >= 9 * gaps.len(),
        "{below} of {} gaps are below their 95 % bound",
        gaps.len()
    );
}

#[test]
fn the_price_of_half_the_error_is_what_it_says() {
    // errors at 1000 and at as many draws as said, mean of those of 10 seeds that rest: 0.4 to 0.7
    let oracle = bowl(&[1.0, 3.0], 1.0);
    let size = |solution: &Solution| mean(&solution.standard_error);
    let ratios: Vec<f64> = (0..10)
        .filter_map(|seed| {
            let first = solve(&oracle, seed, 1000);
            let Verdict::NoiseLimited { more_draws_for_half_error: more } = first.verdict else {
                return None;
            };
            Some(size(&solve(&oracle, seed, 1000 + more)) / size(&first))
        })
        .collect();
    assert!(ratios.len() >= 7, "{} of 10 runs know that they rest", ratios.len());
    assert!((0.4..0.7).contains(&mean(&ratios)), "{}", mean(&ratios));
}

#[test]
fn the_returned_point_beats_lucky_costs_and_the_last_iterate_of_adam() {
    // n = 10, sigma = 1, 1000 draws, 40 seeds; 5e-3 is what statistics allows
    let oracle = bowl(&[1.0; 10], 1.0);
    let (mut returned, mut last, mut lucky, mut adam) = (vec![], vec![], vec![], vec![]);
    let mut biases = vec![];
    for seed in 0..40 {
        let recorder = crate::common::Path::default();
        let result =
            Executor::new(oracle.clone(), Arturo::new().with_seed(seed).with_filtered_cost())
                .configure(|state| state.param(vec![0.0; 10]).max_iters(1000))
                .add_observer(recorder.clone(), ObserverMode::Always)
                .run()
                .unwrap();
        let state = result.state();
        let best = state.get_best_param().unwrap();
        returned.push(oracle.value(best));
        last.push(oracle.value(state.get_param().unwrap()));
        biases.push(state.get_best_cost() - oracle.value(best));
        let costs = recorder.points().into_iter().zip(0..).map(|(x, t)| {
            let cost = oracle.stochastic_cost(&x, Draw::new(seed, t).stream(1)).unwrap();
            (cost, oracle.value(&x))
        });
        lucky.push(costs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1);
        let result = Executor::new(oracle.clone(), Adam::new(0.01).unwrap().with_seed(seed))
            .configure(|state| state.param(vec![0.0; 10]).max_iters(1000))
            .run()
            .unwrap();
        adam.push(oracle.value(result.state().get_param().unwrap()));
    }
    let [returned, last, lucky, adam] = [returned, last, lucky, adam].map(|values| mean(&values));
    assert!(returned < 5.0 * 5e-3, "{returned}");
    assert!(returned < 1.2 * last, "{returned} {last}");
    assert!(returned < 0.5 * lucky, "{returned} {lucky}");
    assert!(returned < adam, "{returned} {adam}");
    // sigma / sqrt(1000) each, 40 of them: 4 standard errors of the mean
    assert!(mean(&biases).abs() < 4.0 / (1000.0_f64 * 40.0).sqrt(), "{}", mean(&biases));
}

#[test]
fn the_filtered_cost_has_the_error_it_states() {
    // 60 seeds: the mean z within 4 standard errors of 0, its size between 0.6 and 1.4
    let oracle = bowl(&[1.0, 10.0], 1.0);
    let scores: Vec<f64> = (0..60)
        .map(|seed| {
            let recorder = Recorder::default();
            let result =
                Executor::new(oracle.clone(), Arturo::new().with_seed(seed).with_filtered_cost())
                    .configure(|state| state.param(vec![0.0; 2]).max_iters(300))
                    .add_observer(recorder.clone(), ObserverMode::Always)
                    .run()
                    .unwrap();
            let row = recorder.rows().pop().unwrap();
            let (cost, error) = (float(&row, "filtered_cost"), float(&row, "filtered_cost_error"));
            assert_eq!(cost, result.state().get_best_cost());
            (cost - oracle.value(result.state().get_best_param().unwrap())) / error
        })
        .collect();
    assert!(mean(&scores).abs() < 4.0 / 60.0_f64.sqrt(), "{}", mean(&scores));
    let squares: Vec<f64> = scores.iter().map(|z| z * z).collect();
    assert!((0.6..1.4).contains(&mean(&squares).sqrt()), "{}", mean(&squares).sqrt());
}

#[test]
fn stops_on_a_predicted_gain_are_seldom_false() {
    // 3 bowls, 3 tolerances, 10 seeds: false (gap above 3 tol) in less than 5 % of 90
    let mut wrong = 0;
    for curvatures in [vec![1.0; 5], geometric(10, 100.0), geometric(3, 1e4)] {
        let oracle = bowl(&curvatures, 1.0);
        for tolerance in [0.3, 0.1, 0.03] {
            for seed in 0..10 {
                let solver = Arturo::new()
                    .with_seed(seed)
                    .with_tolerance(Tolerance::PredictedGain(tolerance))
                    .unwrap();
                let result = run(oracle.clone(), solver, curvatures.len(), 20_000);
                let reason = result.state().get_termination_reason();
                assert_eq!(reason, Some(&TerminationReason::SolverConverged), "{seed}");
                let solution = result.solution().unwrap();
                assert_eq!(solution.verdict, Verdict::Converged);
                wrong += u32::from(oracle.value(&solution.param) > 3.0 * tolerance);
            }
        }
    }
    assert!(wrong <= 4, "{wrong} of 90");
}

#[test]
fn every_tolerance_stops_and_none_on_the_first_draws() {
    let oracle = bowl(&[1.0, 4.0], 1.0);
    for tolerance in [
        Tolerance::RelativeError(0.05),
        Tolerance::PredictedGain(0.01),
        Tolerance::GradientConfidence(0.95),
    ] {
        for seed in 0..10 {
            let solver = Arturo::new().with_seed(seed).with_tolerance(tolerance).unwrap();
            let result = run(oracle.clone(), solver, 2, 20_000);
            let state = result.state();
            let reason = state.get_termination_reason();
            assert_eq!(reason, Some(&TerminationReason::SolverConverged), "{tolerance:?} {seed}");
            // three checks, 20 draws apart, on 20 residuals
            assert!(state.get_iter() >= 60, "{tolerance:?} {}", state.get_iter());
            let gap = oracle.value(state.get_best_param().unwrap());
            assert!(gap < 0.1, "{tolerance:?} {seed}: {gap}");
        }
    }
}

#[test]
fn what_drifts_or_diverges_is_never_converged() {
    let tolerance = Tolerance::GradientConfidence(0.95);
    for seed in 0..10 {
        for (name, drift, slope) in [("drifts", 0.01, 0.0), ("diverges", 0.0, 1.0)] {
            let drifting = Bowl { drift, ..bowl(&[1.0, 10.0], 1.0) };
            let oracle = Tilted { bowl: drifting, slope };
            let solver = Arturo::new().with_seed(seed).with_tolerance(tolerance).unwrap();
            let result = run(oracle, solver, 2, 3000);
            if let Ok(solution) = result.solution() {
                assert_ne!(solution.verdict, Verdict::Converged, "{name} {seed}\n{solution}");
            }
        }
    }
}

/// The bowl, or where `slope` is positive a plane without a minimum.
struct Tilted {
    bowl: Bowl,
    slope: f64,
}

impl StochasticGradient for Tilted {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let flat = if self.slope > 0.0 { vec![1.0; x.len()] } else { x.clone() };
        self.bowl.stochastic_gradient(&flat, draw, g)?;
        g.iter_mut().for_each(|g| *g -= self.slope);
        Ok(())
    }
}

#[test]
fn without_noise_the_gradient_decides() {
    let oracle = bowl(&geometric(5, 100.0), 0.0);
    let early = solve(&oracle, 0, 6);
    assert_eq!(early.verdict, Verdict::StillMoving);
    let late = solve(&oracle, 0, 200);
    assert_eq!((late.verdict, late.effective_draws), (Verdict::Converged, None));
    assert!(late.standard_error.iter().all(|e| *e < 1e-6), "{:?}", late.standard_error);
    assert!(late.gradient_error.iter().all(|e| *e == 0.0));
    // a tolerance ends the run there
    let solver = Arturo::new().with_tolerance(Tolerance::PredictedGain(1e-300)).unwrap();
    let result = run(oracle, solver, 5, 10_000);
    let reason = result.state().get_termination_reason();
    assert_eq!(reason, Some(&TerminationReason::SolverConverged));
    assert!(result.state().get_iter() < 200, "{}", result.state().get_iter());
}

#[test]
fn estimators_of_curvature_give_errors_but_no_verdict_of_rest() {
    struct Square;
    impl Gradient for Square {
        type Param = Vec<f64>;
        type Gradient = Vec<f64>;
        fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
            Ok(vec![2.0 * x[0]])
        }
    }
    impl argmin::core::Hessian for Square {
        type Param = Vec<f64>;
        type Hessian = Vec<Vec<f64>>;
        fn hessian(&self, _: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
            Ok(vec![vec![2.0]])
        }
    }
    let noisy = || GaussianNoise::new(Square, 1.0).unwrap();
    let result = Executor::new(noisy(), Arturo::new().with_estimator(ExactDiagonal::new()))
        .configure(|state| state.param(vec![3.0]).max_iters(500))
        .run()
        .unwrap();
    let solution = result.solution().unwrap();
    assert_eq!(solution.verdict, Verdict::StillMoving);
    assert!(solution.param[0].abs() < 4.0 * solution.standard_error[0], "{solution}");

    let paper = Arturo::paper(PaperSettings::default()).unwrap();
    let result = Executor::new(noisy(), paper)
        .configure(|state| state.param(vec![3.0]).max_iters(50))
        .run()
        .unwrap();
    assert_eq!(
        result.solution().unwrap_err().to_string(),
        "Invalid parameter: \"Arturo: no errors can be given for a method that does not estimate \
         the noise of its draws, nor before the first draw; use `Arturo::new`\""
    );
}

/// Each draw has a curvature of its own, N(1, 10^2), and the draws do not agree.
struct Jumping;

impl StochasticGradient for Jumping {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for (g, x) in g.iter_mut().zip(x) {
            let [slope, noise]: [f64; 2] = [(); 2].map(|()| StandardNormal.sample(&mut rng));
            *g = (1.0 + 10.0 * slope) * (x - 1.0) + noise;
        }
        Ok(())
    }
}

#[test]
fn a_run_that_ends_at_any_draw_says_what_it_knows() {
    // the Hessian of the first is never known within so few draws, that of the second soon
    let jumping = |draws| {
        let result = run(Jumping, Arturo::new(), 3, draws);
        result.solution().unwrap()
    };
    let steady = |draws| {
        let result = run(bowl(&[1.0, 2.0, 3.0], 1.0), Arturo::new(), 3, draws);
        result.solution().unwrap()
    };
    let mut counts = [0, 0];
    for (k, draws) in (1..=120).flat_map(|draws| [(0, draws), (1, draws)]) {
        let solution = if k == 0 { jumping(draws) } else { steady(draws) };
        let errors = &solution.standard_error;
        assert!(errors.iter().all(|error| *error > 0.0), "{draws}: {solution}");
        if errors.iter().all(|error| error.is_finite()) {
            assert!(solution.gradient_error.iter().all(|e| e.is_finite()));
            counts[k] += 1;
            continue;
        }
        assert_eq!(solution.verdict, Verdict::StillMoving);
        assert_eq!(solution.predicted_gain_bound, f64::INFINITY);
        assert!(solution.gradient.iter().all(|g| g.is_nan()));
        assert!(solution.curvature_error.iter().all(|e| e.is_infinite()));
    }
    assert!(counts.iter().all(|count| (60..120).contains(count)), "{counts:?}");
    let solver = Arturo::<f64>::new();
    assert!(solver.solution(&Run::new().param(vec![0.0])).is_err());
}

#[test]
fn a_slope_that_is_noise_is_no_curvature() {
    // noise alone, in which the regression sees slopes of any size; and hardly any noise
    let errors = |curvature: f64, noise: f64, seed: u64| {
        let solver = Arturo::new().with_seed(seed).with_estimator(AdaptiveRls::default());
        let result = Executor::new(bowl(&[curvature; 3], noise), solver)
            .configure(|state| state.param(vec![0.0; 3]).max_iters(400))
            .run()
            .unwrap();
        result.solution().unwrap()
    };
    for seed in 0..20 {
        let unknown = errors(1e-6, 1.0, seed);
        assert!(unknown.standard_error.iter().all(|e| e.is_infinite()), "{unknown}");
        assert_eq!(unknown.predicted_gain, f64::INFINITY);
        assert!(unknown.gradient_error.iter().all(|e| e.is_finite()));
    }
    let known = errors(1.0, 1e-3, 0);
    let at_minimum = |(x, e): (&f64, &f64)| *e < 1e-2 && (x - 1.0).abs() < 5.0 * e;
    assert!(std::iter::zip(&known.param, &known.standard_error).all(at_minimum), "{known}");
}

#[test]
fn a_solution_prints_as_a_table_and_has_r_hats_on_request() {
    let solver = Arturo::new().with_segments();
    let result = run(bowl(&[1.0, 100.0], 1.0), solver, 2, 1000);
    let solution = result.solution().unwrap();
    let r_hat = solution.r_hat.as_ref().unwrap();
    assert!(r_hat.iter().all(|r| (0.9..5.0).contains(r)), "{r_hat:?}");
    let text = solution.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "     i              x     std. error       gradient     std. error          R-hat"
    );
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[3].starts_with("f above its minimum by about "), "{text}");
    assert!(lines[5].starts_with("verdict: noise-limited; "), "{text}");
    let [low, high] = solution.intervals(0.95).unwrap()[0];
    assert!((high - low - 3.92 * solution.standard_error[0]).abs() < 1e-2);

    let deviations = solution.posterior_deviation(0.01).unwrap();
    // sqrt(0.01 / 1) and sqrt(0.01 / 100), the curvature to 10 %
    for (deviation, exact) in deviations.iter().zip([0.1, 0.01]) {
        assert!((deviation / exact - 1.0).abs() < 0.1, "{deviations:?}");
    }
    assert_eq!(
        solution.posterior_deviation(f64::NAN).unwrap_err().to_string(),
        "Invalid parameter: \"Solution: `temperature` must be positive and finite, got NaN\""
    );
}

#[test]
fn tolerances_are_checked() {
    let text = |tolerance| Arturo::<f64>::new().with_tolerance(tolerance).unwrap_err().to_string();
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            text(Tolerance::RelativeError(value)),
            format!(
                "Invalid parameter: \"Tolerance: `RelativeError` must be positive and finite, got \
                 {value}\""
            )
        );
    }
    assert_eq!(
        text(Tolerance::GradientConfidence(1.0)),
        "Invalid parameter: \"Tolerance: `confidence` must be in (0, 1), got 1\""
    );
    assert_eq!(
        Arturo::<f64>::new().with_exact_cost(0).err().unwrap().to_string(),
        "Invalid parameter: \"Arturo: the interval of exact costs must be at least 1, got 0\""
    );
}

#[test]
fn a_target_cost_is_met_by_the_cost_of_the_recommended_point() {
    // 20 seeds: the true cost at the stop is at most 4 of the stated errors above the target
    let oracle = bowl(&[1.0; 4], 1.0);
    for seed in 0..20 {
        let recorder = Recorder::default();
        let result =
            Executor::new(oracle.clone(), Arturo::new().with_seed(seed).with_filtered_cost())
                .configure(|state| state.param(vec![-9.0; 4]).max_iters(5000).target_cost(1.0))
                .add_observer(recorder.clone(), ObserverMode::Always)
                .run()
                .unwrap();
        let state = result.state();
        let reason = state.get_termination_reason();
        assert_eq!(reason, Some(&TerminationReason::TargetCostReached));
        let error = float(&recorder.rows().pop().unwrap(), "filtered_cost_error");
        let cost = oracle.value(state.get_best_param().unwrap());
        assert!(cost < 1.0 + 4.0 * error, "{seed}: {cost} +- {error}");
    }
}

#[test]
fn exact_costs_are_evaluated_every_so_often() {
    #[derive(Clone)]
    struct Square;
    impl CostFunction for Square {
        type Param = Vec<f64>;
        type Output = f64;
        fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
            Ok(x[0] * x[0])
        }
    }
    impl Gradient for Square {
        type Param = Vec<f64>;
        type Gradient = Vec<f64>;
        fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
            Ok(vec![2.0 * x[0]])
        }
    }
    let noisy = GaussianNoise::new(Square, 1.0).unwrap();
    let result = Executor::new(noisy, Arturo::new().with_exact_cost(25).unwrap())
        .configure(|state| state.param(vec![3.0]).max_iters(100).counting(true))
        .run()
        .unwrap();
    assert_eq!(result.state().get_func_counts()["cost_count"], 4);
    let x = result.state().get_best_param().unwrap()[0];
    assert_eq!(result.state().get_best_cost(), x * x);
}

#[test]
fn the_best_of_candidates_is_found_on_common_draws() {
    // the costs differ by 0.005, a hundredth of the noise of a draw that cancels
    let oracle = bowl(&[1.0], 0.5);
    let comparison = compare_costs(&oracle, &[&vec![1.1], &vec![1.0], &vec![0.8]], 10, 3).unwrap();
    assert_eq!(comparison.best, 1);
    assert!((comparison.excesses[0] - 0.005).abs() < 1e-12, "{comparison:?}");
    assert!(comparison.excess_errors[2] < 1e-12 && comparison.standard_errors[0] > 0.05);
    assert_eq!(
        compare_costs(&oracle, &[], 10, 3).unwrap_err().to_string(),
        "Invalid parameter: \"compare_costs: there must be at least one point\""
    );
    assert_eq!(
        compare_costs(&oracle, &[&vec![1.0]], 1, 3).unwrap_err().to_string(),
        "Invalid parameter: \"compare_costs: `draws` must be at least 2, got 1\""
    );
}

#[test]
fn averages_of_every_policy_end_near_the_minimum() {
    for averaging in [
        Averaging::None,
        Averaging::Adaptive,
        Averaging::Tail { from: 300 },
        Averaging::Exponential { memory: 50 },
    ] {
        let oracle = bowl(&[1.0; 3], 1.0);
        let solver = Arturo::new().with_averaging(averaging);
        let result = run(oracle.clone(), solver, 3, 1000);
        let gap = oracle.value(result.state().get_best_param().unwrap());
        // 1.5e-3 is what statistics allows; any average stays within ten times that, a last iterate
        // wanders farther
        let bound = if averaging == Averaging::None { 0.2 } else { 1.5e-2 };
        assert!(gap < bound, "{averaging:?}: {gap}");
    }
}

#[cfg(feature = "serde1")]
#[test]
fn a_solution_survives_json() {
    let result = run(bowl(&[1.0, 2.0], 1.0), Arturo::new().with_segments(), 2, 300);
    let solution = result.solution().unwrap();
    let text = serde_json::to_string(&solution).unwrap();
    assert_eq!(serde_json::from_str::<Solution>(&text).unwrap(), solution);
}

#[test]
fn above_the_border_of_the_model_errors_follow_from_the_path() {
    let oracle = bowl(&geometric(300, 10.0), 1.0);
    let (mut scores, mut gaps, mut predicted) = (vec![], vec![], vec![]);
    for seed in 0..5 {
        let solution = solve(&oracle, seed, 3000);
        assert_eq!(solution.verdict, Verdict::StillMoving);
        assert_eq!(solution.predicted_gain_bound, f64::INFINITY);
        let errors = &solution.standard_error;
        scores.extend(std::iter::zip(&solution.param, errors).map(|(x, e)| (x - 1.0) / e));
        gaps.push(oracle.value(&solution.param));
        predicted.push(solution.predicted_gain);
        let text = solution.to_string();
        assert!(text.contains("they do not see directions in which the run is slow"), "{text}");
        assert!(text.contains("unknown") && !text.contains("NaN"), "{text}");
    }
    // 1500 coordinates: 95 % to 0.6 % if they were independent
    let coverage = covered(&scores);
    assert!((0.92..0.98).contains(&coverage), "{coverage}");
    // the errors are for 95 %, and the gain is a bound on the mean
    let ratio = mean(&predicted) / mean(&gaps);
    assert!((1.0..4.0).contains(&ratio), "{ratio}");
    // the first looks are no path
    let first = solve(&oracle, 0, 20);
    assert!(first.standard_error.iter().all(|error| error.is_infinite()));
}
