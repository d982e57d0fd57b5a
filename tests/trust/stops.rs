//! What a run says when it stops, and that it stops.

use crate::support::{Gradients, Outcome, ensure, median_and_worst, normal, recommended, run};
use argmin::core::{Error, Executor, State, TerminationReason};
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::solution::{RunResult, Tolerance, Verdict};
use argmin_arturo::{Arturo, Draw, StochasticGradient};

/// What ended a run of the default.
fn reason(state: &impl State) -> Option<&TerminationReason> {
    state.get_termination_reason()
}

/// (x_0 - 5)^2 / 2 + 5 (x_1 - 5)^2 in single precision, noise 0.01.
struct Single;

impl StochasticGradient for Single {
    type Param = Vec<f32>;

    fn stochastic_gradient(&self, x: &Vec<f32>, draw: Draw, g: &mut Vec<f32>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for i in 0..2 {
            g[i] = [1.0, 10.0][i] * (x[i] - 5.0) + 0.01 * normal(&mut rng) as f32;
        }
        Ok(())
    }
}

/// A relative error of 1e-3 in single precision: (5, 5) to 0.01.
pub fn f1_single_precision() -> Outcome {
    for seed in 0..3 {
        let solver =
            Arturo::new().with_seed(seed).with_tolerance(Tolerance::RelativeError(1e-3))?;
        let result = Executor::new(Single, solver)
            .configure(|state| state.param(vec![0.0; 2]).max_iters(20_000))
            .run()?;
        let solution = result.solution()?;
        ensure(solution.param.iter().all(|x| (x - 5.0).abs() < 0.01), || {
            format!(
                "seed {seed} stops after {} at {:.3?}, {:?}, standard errors {:.3?}",
                result.state().get_iter(),
                solution.param,
                solution.verdict,
                solution.standard_error
            )
        })?;
    }
    Ok(())
}

/// f = x^2 / 2, noise 1, from far away: stops with a bound of 1e-3 on the gain, at |x| < 0.1.
fn f1_from(x0: f64) -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| g[0] = x[0] + normal(&mut draw.rng());
    let solver = Arturo::new().with_tolerance(Tolerance::PredictedGain(1e-3))?;
    let result = run(Gradients(gradient), solver, &[x0], 20_000)?;
    let solution = result.solution()?;
    let stopped = reason(result.state()) == Some(&TerminationReason::SolverConverged);
    ensure(stopped && solution.param[0].abs() < 0.1 && solution.predicted_gain <= 1e-3, || {
        format!(
            "{:?} after {} at {:.1e}, {:?}, predicted gain {:.1e}",
            reason(result.state()),
            result.state().get_iter(),
            solution.param[0],
            solution.verdict,
            solution.predicted_gain
        )
    })
}

pub fn f1_from_1e8() -> Outcome {
    f1_from(1e8)
}

pub fn f1_from_1e12() -> Outcome {
    f1_from(1e12)
}

/// f = |x - 3|^2 / 2 in three coordinates, drawn as f + z.x.
struct Tilted;

impl StochasticGradient for Tilted {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        g.iter_mut().zip(x).for_each(|(g, x)| *g = x - 3.0 + normal(&mut rng));
        Ok(())
    }
}

impl StochasticCost for Tilted {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        let mut rng = draw.rng();
        Ok(x.iter().map(|x| 0.5 * (x - 3.0).powi(2) + normal(&mut rng) * x).sum())
    }
}

/// A target cost of 0.05: f is below it at the stop in most runs.
pub fn f4_target_cost() -> Outcome {
    let seeds = 25;
    let mut costs = vec![];
    for seed in 0..seeds {
        let result = Executor::new(Tilted, Arturo::new().with_seed(seed).with_filtered_cost())
            .configure(|state| state.param(vec![0.0; 3]).max_iters(5000).target_cost(0.05))
            .run()?;
        costs.push(recommended(&result).iter().map(|x| 0.5 * (x - 3.0).powi(2)).sum::<f64>());
    }
    let above = costs.iter().filter(|f| **f > 0.05).count() as u64;
    let (median, worst) = median_and_worst(costs);
    ensure(2 * above < seeds, || {
        format!("above the target in {above} of {seeds}, median {median:.2}, worst {worst:.2}")
    })
}

/// A run on this gradient from 0, without noise, is to be at its end after some 20 draws.
fn f12(gradient: impl Fn(&[f64], Draw, &mut [f64])) -> Outcome {
    let solver = Arturo::new().with_tolerance(Tolerance::RelativeError(0.01))?;
    let result = run(Gradients(gradient), solver, &[0.0; 2], 1000)?;
    let verdict = result.solution()?.verdict;
    let draws = result.state().get_iter();
    let stopped = reason(result.state()) == Some(&TerminationReason::SolverConverged);
    ensure(stopped && draws <= 50 && verdict == Verdict::Converged, || {
        format!("{:?} after {draws}, {verdict:?}", reason(result.state()))
    })
}

pub fn f12_starts_at_the_minimum() -> Outcome {
    f12(|x, _, g| g.copy_from_slice(x))
}

pub fn f12_gradient_0_everywhere() -> Outcome {
    f12(|_, _, g| g.fill(0.0))
}

/// The minimum jumps from 1 to 5 at draw 5000, curvature 1, noise 0.3: some 100 draws later x is
/// near 5.
pub fn f14_minimum_that_jumps() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let minimum = if draw.index() < 5000 { 1.0 } else { 5.0 };
        g[0] = x[0] - minimum + 0.3 * normal(&mut draw.rng());
    };
    for (draws, error) in [(5500, 0.5), (10_000, 0.2)] {
        let solver = Arturo::new().with_seed(1);
        let x = recommended(&run(Gradients(gradient), solver, &[0.0], draws)?)[0];
        ensure((x - 5.0).abs() < error, || format!("{x:.3} after {draws} draws"))?;
    }
    Ok(())
}

/// Nothing but noise: the gradient is 0 at every confidence, and the run stops soon.
pub fn f17_nothing_but_noise() -> Outcome {
    let gradient = |_: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g.iter_mut().for_each(|g| *g = normal(&mut rng));
    };
    let solver = Arturo::new().with_tolerance(Tolerance::GradientConfidence(0.95))?;
    let result = run(Gradients(gradient), solver, &[1.0, -2.0], 10_000)?;
    let stopped = reason(result.state()) == Some(&TerminationReason::SolverConverged);
    ensure(stopped, || format!("{:?} after {}", reason(result.state()), result.state().get_iter()))
}

/// A minimum at exactly 0 has no relative error, so that nothing stops by it: as documented.
pub fn f17_minimum_at_0() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g.iter_mut().zip(x).for_each(|(g, x)| *g = 2.0 * x + 0.1 * normal(&mut rng));
    };
    let solver = Arturo::new().with_tolerance(Tolerance::RelativeError(0.01))?;
    let result = run(Gradients(gradient), solver, &[1.0; 2], 10_000)?;
    let x = recommended(&result);
    let whole = reason(result.state()) == Some(&TerminationReason::MaxItersReached);
    ensure(whole && x.iter().all(|x| x.abs() < 0.01), || {
        format!("{:?} after {} at {x:?}", reason(result.state()), result.state().get_iter())
    })
}
