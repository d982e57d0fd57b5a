//! Parity with recorded trajectories of the method's original implementation.
//!
//! Each file of `tests/golden` holds recorded stochastic gradients and what the original made of
//! them; see the README there. The crate is driven through argmin's executor, and replays the
//! gradients by `draw.index()`.

mod common;

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, State};
use argmin_arturo::dual::Newton;
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Arturo, Draw, PaperSettings, Scalar, StochasticGradient};
use common::Recorder;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    hyperparameters: Hyperparameters,
    x0: Vec<f64>,
    convex_steps: usize,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Hyperparameters {
    eta_tol: f64,
    kl_bound: f64,
    var_init: f64,
    reg_weight: f64,
    prior_prec: f64,
    start_filter_cov: f64,
    measurement_noise: f64,
    dynamic_model_noise: f64,
    nu: f64,
    weight_decay: f64,
}

#[derive(Deserialize)]
struct Step {
    kl_bound: f64,
    gradient: Vec<f64>,
    param: Vec<f64>,
    precision: Vec<f64>,
    linear: Vec<f64>,
    quadratic: Vec<f64>,
    eta: f64,
    bisections: u64,
}

impl Golden {
    fn load(name: &str) -> Self {
        let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn settings(&self) -> PaperSettings {
        let h = &self.hyperparameters;
        PaperSettings {
            kl_bound: h.kl_bound,
            reg_weight: h.reg_weight,
            prior_precision: h.prior_prec,
            initial_variance: h.var_init,
            initial_filter_variance: h.start_filter_cov,
            measurement_noise: h.measurement_noise,
            process_noise: h.dynamic_model_noise,
            nu: h.nu,
            weight_decay: h.weight_decay,
            eta_tolerance: h.eta_tol,
        }
    }

    /// The multi-step schedule behind the recorded bounds.
    fn schedule(&self) -> KlSchedule {
        let bounds: Vec<f64> = self.steps.iter().map(|step| step.kl_bound).collect();
        let drops = (1..bounds.len()).filter(|&t| bounds[t] != bounds[t - 1]);
        let milestones: Vec<u64> = drops.map(|t| t as u64).collect();
        match milestones.first() {
            None => KlSchedule::Constant,
            Some(&t) => {
                let gamma = bounds[t as usize] / bounds[t as usize - 1];
                KlSchedule::MultiStep { milestones, gamma }
            }
        }
    }
}

struct Replay<F> {
    gradients: Vec<Vec<F>>,
}

impl<F: Scalar> Replay<F> {
    fn new(golden: &Golden) -> Self {
        Self { gradients: golden.steps.iter().map(|step| cast(&step.gradient)).collect() }
    }
}

impl<F: Scalar> StochasticGradient for Replay<F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, _: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        g.copy_from_slice(&self.gradients[draw.index() as usize]);
        Ok(())
    }
}

fn cast<F: Scalar>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&value| F::from_f64_lossy(value)).collect()
}

/// Asserts that a vector agrees, relative to each entry's size or, where terms cancel, to the
/// largest entry's.
fn assert_close<F: Scalar>(what: &str, got: &[F], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let got = got.to_f64_exact();
        let error = (got - expected).abs() / expected.abs();
        assert!(error <= tolerance, "{what}[{i}]: {got:e}, recorded {expected:e}, error {error:e}");
    }
}

fn assert_parity<F: Scalar>(name: &str, tolerance: f64) {
    let golden = Golden::load(name);
    assert!(golden.convex_steps > 0);
    for count in 1..=golden.convex_steps {
        let solver =
            Arturo::paper(golden.settings()).unwrap().with_kl_schedule(golden.schedule()).unwrap();
        let recorder = Recorder::default();
        let result = Executor::new(Replay::<F>::new(&golden), solver)
            .configure(|state| state.param(cast(&golden.x0)).max_iters(count as u64))
            .add_observer(recorder.clone(), ObserverMode::Always)
            .run()
            .unwrap();
        let expected = &golden.steps[count - 1];
        let x = result.state().get_param().unwrap();
        let solver = result.solver();
        let slopes = x.iter().zip(&solver.model().gradient).zip(solver.curvature());
        let linear: Vec<F> = slopes.map(|((&x, &m), &a)| m - a * x).collect();
        let at = |quantity| format!("{name}, step {count}, {quantity}");
        assert_close(&at("param"), x, &expected.param, tolerance);
        assert_close(
            &at("best_param"),
            result.state().get_best_param().unwrap(),
            &expected.param,
            tolerance,
        );
        assert_close(&at("precision"), solver.precision(), &expected.precision, tolerance);
        assert_close(&at("quadratic"), solver.curvature(), &expected.quadratic, tolerance);
        assert_close(&at("linear"), &linear, &expected.linear, tolerance);
        assert_close(&at("eta"), &[solver.multiplier()], &[expected.eta], tolerance);
        let last = recorder.rows().pop().unwrap();
        assert_close(
            &at("kl_bound"),
            &[common::float(&last, "kl_bound")],
            &[expected.kl_bound],
            1e-12,
        );
        assert_eq!(
            common::float(&last, "dual_evaluations"),
            expected.bisections as f64,
            "{}",
            at("bisections")
        );
    }
}

#[test]
fn logistic() {
    assert_parity::<f64>("logistic_f64", 1e-12);
}

#[test]
fn quadratic() {
    assert_parity::<f64>("quadratic_f64", 1e-12);
}

#[test]
fn quadratic_in_single_precision() {
    assert_parity::<f32>("quadratic_f32", 1e-4);
}

#[test]
fn nu_zero() {
    assert_parity::<f64>("nu_zero_f64", 1e-12);
}

#[test]
fn rosenbrock() {
    assert_parity::<f64>("rosenbrock_f64", 1e-12);
}

#[test]
fn schedule_and_weight_decay() {
    assert_parity::<f64>("schedule_decay_f64", 1e-12);
}

/// Beyond the convex steps the original goes on with negative precisions.
#[test]
fn beyond_the_convex_steps_the_belief_stays_proper() {
    for name in
        ["logistic_f64", "quadratic_f64", "nu_zero_f64", "rosenbrock_f64", "schedule_decay_f64"]
    {
        let golden = Golden::load(name);
        for count in 1..=golden.steps.len() {
            let solver = Arturo::paper(golden.settings())
                .unwrap()
                .with_kl_schedule(golden.schedule())
                .unwrap()
                .with_dual(Newton::default());
            let recorder = Recorder::default();
            let result = Executor::new(Replay::<f64>::new(&golden), solver)
                .configure(|state| state.param(golden.x0.clone()).max_iters(count as u64))
                .add_observer(recorder.clone(), ObserverMode::Always)
                .run()
                .unwrap();
            assert!(result.solver().precision().iter().all(|&p| p > 0.0 && p.is_finite()));
            assert!(result.state().get_param().unwrap().iter().all(|x| x.is_finite()));
            let last = recorder.rows().pop().unwrap();
            let (kl, bound) = (common::float(&last, "kl"), common::float(&last, "kl_bound"));
            assert!(kl <= 1.001 * bound, "{name}, step {count}: KL {kl} above {bound}");
        }
    }
}
