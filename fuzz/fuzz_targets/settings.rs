//! Every numeric setting with arbitrary values: an error where it is out of range, else a solver
//! or an oracle that runs.
#![no_main]

use argmin::core::{CostFunction, Error, Executor, Gradient, IterState, Solver};
use argmin_arturo::baseline::{Adam, AdamW, Cocob, Dog, Dowg, Prodigy, ScheduleFree, Sgd};
use argmin_arturo::dual::{Bisection, Newton};
use argmin_arturo::hessian::{
    Constant, FiniteDifference, GaussNewton, Hutchinson, KalmanRls, SquaredGradient,
};
use argmin_arturo::oracle::{
    Clipped, FiniteDifferenceGradient, GaussianNoise, GrowingBatch, InStages, Replicated, Spsa,
    StudentTNoise,
};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::solution::{Certification, Tolerance};
use argmin_arturo::{Arturo, Averaging, Group, PaperSettings, StochasticGradient};
use libfuzzer_sys::{arbitrary::Arbitrary, fuzz_target};

#[derive(Arbitrary, Debug)]
struct Input {
    a: f64,
    b: f64,
    c: f64,
    count: u64,
    paper: [f64; 10],
    which: u8,
}

/// f(x) = 1/2 |x - 1|^2.
#[derive(Clone)]
struct Bowl;

impl Gradient for Bowl {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(x.iter().map(|x| x - 1.0).collect())
    }
}

impl CostFunction for Bowl {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x.iter().map(|x| 0.5 * (x - 1.0).powi(2)).sum())
    }
}

/// f(x) = 1/2 |x - 1|^2 without a gradient.
#[derive(Clone)]
struct Cost;

impl CostFunction for Cost {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Bowl.cost(x)
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// A few steps, which end or say why not, but do not panic.
fn run<O, S: Solver<O, Run>>(oracle: O, solver: S) {
    let steps = Executor::new(oracle, solver)
        .configure(|state| state.param(vec![0.0, 3.0]).max_iters(24))
        .timer(false)
        .run();
    if let Err(error) = steps {
        assert!(!error.to_string().is_empty());
    }
}

/// Checks that a setting is refused just where it is out of range, by an error that says so.
#[track_caller]
fn expect<T>(setting: Result<T, Error>, is_in_range: bool) -> Option<T> {
    match &setting {
        Ok(_) => assert!(is_in_range, "accepted out of range"),
        Err(error) => {
            assert!(!is_in_range, "refused in range: {error}");
            assert!(error.to_string().contains("must be"), "{error}");
        }
    }
    setting.ok()
}

fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

fn is_non_negative(value: f64) -> bool {
    value >= 0.0 && value.is_finite()
}

fn is_below_one(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

fn is_inside(value: f64) -> bool {
    value > 0.0 && value < 1.0
}

fn duals(input: &Input) {
    let Input { a, b, .. } = *input;
    if let Some(newton) = expect(Newton::default().with_tolerance(a), is_inside(a)) {
        run(Bowl, Arturo::new().with_dual(newton));
    }
    if let Some(bisection) = expect(Bisection::new(b), is_positive(b)) {
        run(Bowl, Arturo::new().with_dual(bisection));
    }
}

fn estimators(input: &Input) {
    let Input { a, b, c, count, .. } = *input;
    let noise = || GaussianNoise::new(Bowl, 0.5).expect("it is in range");
    if let Some(constant) = expect(Constant::new(a), is_positive(a)) {
        run(noise(), Arturo::new().with_estimator(constant));
    }
    let squared = expect(SquaredGradient::new().with_batch_size(a), is_positive(a));
    if let Some(squared) = squared.and_then(|s| expect(s.with_memory(b), is_below_one(b))) {
        run(noise(), Arturo::new().with_estimator(squared));
    }
    let differences = FiniteDifference::new().with_typical_magnitude(a);
    if let Some(differences) = expect(differences, is_positive(a)) {
        run(noise(), Arturo::new().with_estimator(differences));
    }
    let hutchinson = expect(Hutchinson::new().with_typical_magnitude(a), is_positive(a));
    let hutchinson = hutchinson.and_then(|h| expect(h.with_memory(b), is_below_one(b)));
    if let Some(h) = hutchinson.and_then(|h| expect(h.with_interval(count), count >= 1)) {
        run(noise(), Arturo::new().with_estimator(h));
    }
    expect(GaussNewton::<Vec<f64>>::new().with_memory(b), is_below_one(b));
    let all = [a, b, c].into_iter().all(is_non_negative);
    if !all || b + c > 0.0 {
        let kalman = KalmanRls::new(a, b, c);
        if let Some(kalman) = expect(kalman, all) {
            run(noise(), Arturo::new().with_estimator(kalman));
        }
    }
}

fn oracles(input: &Input) {
    let Input { a, b, c, count, .. } = *input;
    fn go<O: StochasticGradient<Param = Vec<f64>>>(oracle: O) {
        run(oracle, Arturo::new());
    }
    expect(GaussianNoise::new(Bowl, a), is_non_negative(a)).map(go);
    let is_heavy = b > 1.0 && b.is_finite();
    if is_non_negative(a) || is_heavy {
        expect(StudentTNoise::new(Bowl, a, b), is_non_negative(a) && is_heavy).map(go);
    }
    expect(Clipped::by_norm(Bowl, a), is_positive(a)).map(go);
    expect(Clipped::by_value(Bowl, a), is_positive(a)).map(go);
    let few = count % 20;
    expect(Replicated::new(Bowl, few), few >= 1).map(go);
    if let Some(growing) = expect(GrowingBatch::new(Bowl, few), few >= 4) {
        let growing = expect(growing.with_theta(a), is_inside(a));
        let is_growth = b >= 1.0 && b.is_finite();
        growing.and_then(|g| expect(g.with_growth(b), is_growth)).map(go);
    }
    expect(Spsa::new(Cost).with_step(a), is_positive(a)).map(go);
    expect(Spsa::new(Cost).with_typical_magnitude(a), is_positive(a)).map(go);
    let are_positive = is_positive(a) && is_positive(b);
    expect(Spsa::new(Cost).with_noise_level(a, b), are_positive).map(go);
    let differences = || FiniteDifferenceGradient::new(Cost);
    expect(differences().with_step(c), is_positive(c)).map(go);
    expect(differences().with_typical_magnitude(c), is_positive(c)).map(go);
    expect(InStages::<_, Vec<f64>>::new(Arturo::<f64>::new(), few), few >= 1);
}

fn schedules(input: &Input) {
    let Input { a, count, .. } = *input;
    let noise = || GaussianNoise::new(Bowl, 0.5).expect("it is in range");
    let solver = Arturo::<f64>::new;
    let milestones = vec![count % 20];
    let (steps, inverse) =
        (KlSchedule::MultiStep { milestones, gamma: a }, KlSchedule::InverseTime { rate: a });
    let cosine = KlSchedule::Cosine { horizon: count % 20 };
    let is_factor = a > 0.0 && a <= 1.0;
    let cases = [(steps, is_factor), (inverse, is_non_negative(a)), (cosine, count % 20 >= 1)];
    for (schedule, is_in_range) in cases {
        if let Some(solver) = expect(solver().with_kl_schedule(schedule), is_in_range) {
            run(noise(), solver);
        }
    }
    let averages = [Averaging::Tail { from: count }, Averaging::Exponential { memory: count }];
    for averaging in averages {
        run(noise(), solver().with_averaging(averaging));
    }
    let tolerances = [
        (Tolerance::RelativeError(a), is_positive(a)),
        (Tolerance::PredictedGain(a), is_positive(a)),
        (Tolerance::GradientConfidence(a), is_inside(a)),
    ];
    for (tolerance, is_in_range) in tolerances {
        if let Some(solver) = expect(solver().with_tolerance(tolerance), is_in_range) {
            run(noise(), solver);
        }
    }
    expect(Certification::new(2).and_then(|c| c.with_steps(vec![a])), is_positive(a));
}

fn baselines(input: &Input) {
    let Input { a, b, c, .. } = *input;
    if let Some(adam) = expect(Adam::new(a), is_positive(a)) {
        let are_below_one = is_below_one(b) && is_below_one(c);
        if let Some(adam) = expect(adam.with_betas(b, c), are_below_one) {
            run(Bowl, adam);
        }
    }
    if let Some(adam) = expect(AdamW::new(a), is_positive(a)) {
        let adam = expect(adam.with_epsilon(b), is_positive(b));
        if let Some(adam) = adam.and_then(|s| expect(s.with_weight_decay(c), is_non_negative(c))) {
            run(Bowl, adam);
        }
    }
    if let Some(sgd) = expect(Sgd::new(a), is_positive(a)) {
        if let Some(sgd) = expect(sgd.with_momentum(b), is_below_one(b)) {
            run(Bowl, sgd);
        }
    }
    untuned(input);
}

fn untuned(input: &Input) {
    let Input { a, b, c, .. } = *input;
    let are_below_one = is_below_one(b) && is_below_one(c);
    if let Some(solver) = expect(ScheduleFree::new().with_learning_rate(a), is_positive(a)) {
        expect(solver.with_betas(b, c), are_below_one).map(|solver| run(Bowl, solver));
    }
    if let Some(solver) = expect(Prodigy::new().with_initial_distance(a), is_positive(a)) {
        expect(solver.with_betas(b, c), are_below_one).map(|solver| run(Bowl, solver));
    }
    expect(Dog::new().with_first_step(a), is_positive(a)).map(|solver| run(Bowl, solver));
    expect(Dowg::new().with_first_step(a), is_positive(a)).map(|solver| run(Bowl, solver));
    expect(Cocob::new().with_alpha(a), is_non_negative(a)).map(|solver| run(Bowl, solver));
}

fn published(input: &Input) {
    let Input { a, b, c, paper, .. } = *input;
    let [kl_bound, reg_weight, prior_precision, initial_variance, filter, noise, drift, nu, ..] =
        paper;
    let [.., weight_decay, eta_tolerance] = paper;
    let settings = PaperSettings {
        kl_bound,
        reg_weight,
        prior_precision,
        initial_variance,
        initial_filter_variance: filter,
        measurement_noise: noise,
        process_noise: drift,
        nu,
        weight_decay,
        eta_tolerance,
    };
    let are_positive = [kl_bound, initial_variance, eta_tolerance].into_iter().all(is_positive);
    let are_sizes = [reg_weight, prior_precision, filter, noise, drift, nu, weight_decay]
        .into_iter()
        .all(is_non_negative);
    let are_defined = reg_weight + nu > 0.0 && noise + drift > 0.0;
    let solver = Arturo::<f64, _>::paper(settings);
    assert_eq!(solver.is_ok(), are_positive && are_sizes && are_defined);
    let noisy = || GaussianNoise::new(Bowl, 0.5).expect("it is in range");
    let Ok(solver) = solver else { return };
    run(noisy(), solver.clone());
    let group = expect(Group::new(1).with_kl_share(a), is_positive(a));
    let group = group.and_then(|g| expect(g.with_weight_decay(b), is_non_negative(b)));
    if let Some(group) = group {
        let groups = solver.clone().with_groups(vec![group, Group::new(1)]);
        run(noisy(), groups.expect("the groups are in range"));
    }
    let (lower, upper) = (a.min(0.0), c.max(3.0));
    let bounded = solver.with_bounds(vec![lower; 2], vec![upper; 2]);
    run(noisy(), bounded.expect("the bounds are in order"));
}

fuzz_target!(|input: Input| {
    match input.which % 6 {
        0 => duals(&input),
        1 => estimators(&input),
        2 => oracles(&input),
        3 => schedules(&input),
        4 => baselines(&input),
        _ => published(&input),
    }
});
