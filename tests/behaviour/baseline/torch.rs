//! Recorded runs of PyTorch's optimizers, which `make_torch.py` beside this file wrote.

use super::Run;
use argmin::core::{Error, Executor, Solver, State};
use argmin_arturo::baseline::{Adam, AdamW, Sgd};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Draw, Scalar, StochasticGradient};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    x0: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    optimizer: String,
    settings: Settings,
    schedule: Option<Schedule>,
    float64: Vec<Vec<f64>>,
    float32: Vec<Vec<f64>>,
}

/// The keyword arguments; what is not there is at the default of either side.
#[derive(Deserialize)]
struct Settings {
    lr: f64,
    betas: Option<[f64; 2]>,
    eps: Option<f64>,
    momentum: Option<f64>,
    nesterov: Option<bool>,
    weight_decay: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Schedule {
    MultiStep { milestones: Vec<u64>, gamma: f64 },
    Cosine { horizon: u64 },
}

impl Case {
    fn schedule(&self) -> KlSchedule {
        match &self.schedule {
            None => KlSchedule::Constant,
            Some(Schedule::MultiStep { milestones, gamma }) => {
                KlSchedule::MultiStep { milestones: milestones.clone(), gamma: *gamma }
            }
            Some(Schedule::Cosine { horizon }) => KlSchedule::Cosine { horizon: *horizon },
        }
    }
}

/// Gradients by index, whatever the point.
pub struct Replay<F>(pub Vec<Vec<F>>);

impl<F: Scalar> StochasticGradient for Replay<F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, _: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        g.copy_from_slice(&self.0[draw.index() as usize]);
        Ok(())
    }
}

pub fn cast<F: Scalar>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&value| F::from_f64_lossy(value)).collect()
}

/// The largest error of the parameters after any step, relative to each entry.
fn compare<F: Scalar, S>(solver: S, fixture: &Fixture, expected: &[Vec<f64>]) -> f64
where
    S: Solver<Replay<F>, Run<F>> + Clone,
{
    let gradients: Vec<Vec<F>> = fixture.gradients.iter().map(|g| cast(g)).collect();
    let mut worst = 0.0_f64;
    for (t, expected) in expected.iter().enumerate() {
        let result = Executor::new(Replay(gradients.clone()), solver.clone())
            .configure(|state| state.param(cast(&fixture.x0)).max_iters(t as u64 + 1))
            .run()
            .unwrap();
        let x = result.state().get_best_param().unwrap();
        for (x, expected) in x.iter().zip(cast::<F>(expected)) {
            let error = (x.to_f64_exact() / expected.to_f64_exact() - 1.0).abs();
            assert!(error.is_finite(), "{x} {expected}");
            worst = worst.max(error);
        }
    }
    worst
}

fn error<F: Scalar>(case: &Case, fixture: &Fixture, expected: &[Vec<f64>]) -> f64 {
    let Settings { lr, betas, eps, momentum, nesterov, weight_decay } = case.settings;
    macro_rules! adam {
        ($solver:ident) => {{
            let mut solver = $solver::<F>::new(lr).unwrap();
            if let Some([beta1, beta2]) = betas {
                solver = solver.with_betas(beta1, beta2).unwrap();
            }
            if let Some(epsilon) = eps {
                solver = solver.with_epsilon(epsilon).unwrap();
            }
            if let Some(weight_decay) = weight_decay {
                solver = solver.with_weight_decay(weight_decay).unwrap();
            }
            compare(solver.with_schedule(case.schedule()).unwrap(), fixture, expected)
        }};
    }
    match case.optimizer.as_str() {
        "Adam" => adam!(Adam),
        "AdamW" => adam!(AdamW),
        "SGD" => {
            let mut solver = Sgd::<F>::new(lr).unwrap();
            if let Some(momentum) = momentum {
                solver = solver.with_momentum(momentum).unwrap();
            }
            if let Some(nesterov) = nesterov {
                solver = solver.with_nesterov(nesterov);
            }
            if let Some(weight_decay) = weight_decay {
                solver = solver.with_weight_decay(weight_decay).unwrap();
            }
            compare(solver.with_schedule(case.schedule()).unwrap(), fixture, expected)
        }
        other => panic!("no optimizer {other}"),
    }
}

#[test]
fn parity() {
    let path = format!("{}/tests/behaviour/baseline/torch.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(fixture.cases.len(), 14);
    for case in &fixture.cases {
        let double = error::<f64>(case, &fixture, &case.float64);
        let single = error::<f32>(case, &fixture, &case.float32);
        // 0 where the platform's pow and cos are those of the recording; but torch itself runs
        // the cosine as a recursion
        assert!(double <= 1e-12 && single <= 1e-6, "{}: {double:e} {single:e}", case.name);
    }
}
