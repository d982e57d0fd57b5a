//! Several starts: deterministic, judged by fresh draws, failures kept apart.

use argmin::core::{CostFunction, Error, Executor, Gradient, IterState, OptimizationResult};
use argmin_arturo::multi_start::{Finish, Outcome};
use argmin_arturo::oracle::{GaussianNoise, StochasticCost};
use argmin_arturo::{Arturo, Draw, MultiStart};
use rand_distr::{Distribution, StandardNormal};

/// f(x) = (x^2 - 1)^2 + x/2: minima near -1.06 and 0.93, which are 1.0 apart in f.
struct TwoValleys;

impl CostFunction for TwoValleys {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok((x[0] * x[0] - 1.0).powi(2) + 0.5 * x[0])
    }
}

impl Gradient for TwoValleys {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(vec![4.0 * x[0] * (x[0] * x[0] - 1.0) + 0.5])
    }
}

/// The same cost in noise that all points share, and a little that they do not.
struct NoisyCost;

impl StochasticCost for NoisyCost {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        let mut rng = draw.rng();
        let [shared, slope]: [f64; 2] = [0, 1].map(|_| StandardNormal.sample(&mut rng));
        Ok(TwoValleys.cost(x)? + 10.0 * shared + 0.1 * slope * x[0])
    }
}

type Solved = OptimizationResult<
    GaussianNoise<TwoValleys>,
    Arturo<f64>,
    IterState<Vec<f64>, Vec<f64>, (), (), (), f64>,
>;

fn solve(start: Vec<f64>, seed: u64) -> Result<Solved, Error> {
    Executor::new(GaussianNoise::new(TwoValleys, 0.2)?, Arturo::new().with_seed(seed))
        .configure(|state| state.param(start).max_iters(200))
        .run()
}

fn starts() -> MultiStart<Vec<f64>> {
    MultiStart::new(vec![vec![2.0], vec![-2.0], vec![1.5]]).unwrap().with_seeds(&[3, 4]).unwrap()
}

type Row = (usize, u64, u64, u64);

fn rows(outcome: &Outcome<Vec<f64>, Solved>) -> Vec<Row> {
    let row = |finish: &Finish<Vec<f64>, Solved>| {
        (finish.index, finish.seed, finish.param[0].to_bits(), finish.cost.to_bits())
    };
    outcome.finishes().iter().map(row).collect()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let with = |threads| {
        let starts = starts().with_threads(threads).unwrap();
        rows(&starts.run(solve, &NoisyCost).unwrap())
    };
    let serial = with(1);
    assert_eq!(serial.len(), 6);
    for threads in [2, 3, 64] {
        assert_eq!(with(threads), serial);
    }
    #[cfg(feature = "rayon")]
    assert_eq!(rows(&starts().on_rayon().run(solve, &NoisyCost).unwrap()), serial);
}

#[test]
fn the_best_is_the_best_under_common_noise() {
    // the noise of one evaluation is 10, of the mean of 1000 still 0.3, of a difference 0.01
    let outcome = starts().run(solve, &NoisyCost).unwrap();
    let best = outcome.best();
    assert_eq!(best.start, [-2.0]);
    assert!((best.param[0] + 1.06).abs() < 0.05, "{:?}", best.param);
    assert_eq!((best.excess, best.excess_error), (0.0, 0.0));
    assert!((best.standard_error - 10.0 / 1000_f64.sqrt()).abs() < 0.03);
    for finish in outcome.finishes() {
        let exact = TwoValleys.cost(&finish.param).unwrap() - TwoValleys.cost(&best.param).unwrap();
        assert!((finish.excess - exact).abs() <= 5.0 * finish.excess_error + 1e-12);
        assert!(finish.excess_error < 0.01);
    }
    assert!((outcome.spread() - 1.0).abs() < 0.05, "{}", outcome.spread());
    let costs: Vec<f64> = outcome.finishes().iter().map(|finish| finish.cost).collect();
    assert!(costs.is_sorted());
}

#[test]
fn a_failed_run_does_not_stop_the_others() {
    let failing = |start: Vec<f64>, seed: u64| match (start[0], seed) {
        (2.0, 3) => Err(std::io::Error::other("run 0 is broken").into()),
        _ => solve(start, seed),
    };
    let outcome = starts().run(failing, &TwoValleys).unwrap();
    assert_eq!(outcome.finishes().len(), 5);
    let (index, error) = &outcome.failures()[0];
    assert_eq!((*index, error.to_string().as_str()), (0, "run 0 is broken"));

    let none = |start: Vec<f64>, seed: u64| -> Result<Solved, Error> {
        Err(std::io::Error::other(format!("{} with seed {seed} is broken", start[0])).into())
    };
    let error = starts().run(none, &TwoValleys).err().unwrap();
    assert_eq!(error.to_string(), "2 with seed 3 is broken");
}

/// A cost that is not defined right of 0.
struct Left;

impl CostFunction for Left {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(if x[0] > 0.0 { -f64::NAN } else { x[0] })
    }
}

#[test]
fn a_cost_that_is_nan_is_the_worst() {
    let outcome = starts().with_evaluation(1, 0).unwrap().run(solve, &Left).unwrap();
    assert!(outcome.best().param[0] < 0.0);
    assert!(outcome.best().standard_error.is_nan());
    assert!(outcome.spread().is_nan());
}

#[test]
fn settings_are_checked() {
    let refused = |result: Result<MultiStart<Vec<f64>>, Error>, text: &str| {
        let error = result.unwrap_err().to_string();
        assert_eq!(error, format!("Invalid parameter: \"MultiStart: {text}\""));
    };
    refused(MultiStart::new(vec![]), "there must be at least one start");
    refused(starts().with_seeds(&[]), "there must be at least one seed");
    refused(starts().with_evaluation(0, 1), "`draws` must be at least 1, got 0");
    refused(starts().with_threads(0), "`threads` must be at least 1, got 0");
}
