//! Costs alone, shots, boxes and draws that fail.

use crate::support::{Costs, Outcome, best, ensure, median_and_worst, normal, recommended, run};
use argmin::core::Error;
use argmin_arturo::baseline::Adam;
use argmin_arturo::oracle::{FiniteDifferenceGradient, Spsa};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Arturo, Draw, NonFinite, StochasticGradient};
use rand::Rng;

/// Seven coordinates, f = sum a_i (x_i - c_i)^2 / 2, noise 0.1 in the slope, from a gap of 23.5: with
/// 200 costs not much worse than Adam(0.05) with a cosine on the same `Spsa`.
pub fn f8_few_costs() -> Outcome {
    let a = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let c = [3.25, 0.3, 5.7, 11.8, 0.4, 1.6, 0.75];
    let cost = move |x: &[f64], draw: Draw| {
        let mut rng = draw.rng();
        let term =
            |i: usize| 0.5 * a[i] * (x[i] - c[i]).powi(2) + 0.1 * normal(&mut rng) * (x[i] - c[i]);
        Ok((0..7).map(term).sum())
    };
    let x0: Vec<f64> = c.iter().map(|c| c + 0.5).collect();
    let gap = |x: &[f64]| (0..7).map(|i| 0.5 * a[i] * (x[i] - c[i]).powi(2)).sum::<f64>();
    // at most this many times the median of Adam
    for (costs, factor) in [(50, 3.0), (200, 3.0), (1000, 10.0)] {
        let draws = costs / 2;
        let (mut gaps, mut adams) = (vec![], vec![]);
        for seed in 0..5 {
            let solver = Arturo::new().with_seed(seed);
            gaps.push(gap(&recommended(&run(Spsa::new(Costs(cost)), solver, &x0, draws)?)));
            let solver = Adam::new(0.05)?
                .with_seed(seed)
                .with_schedule(KlSchedule::Cosine { horizon: draws })?;
            adams.push(gap(&recommended(&run(Spsa::new(Costs(cost)), solver, &x0, draws)?)));
        }
        let ((gap, _), (adam, _)) = (median_and_worst(gaps), median_and_worst(adams));
        ensure(gap < factor * adam, || {
            format!("median gap {gap:.3} by {costs} costs, that of Adam {adam:.3}")
        })?;
    }
    Ok(())
}

/// f = cos x from 0, the gradient by the parameter shift from some shots at each side: no run stays
/// where the mean gradient is 0.
fn f9(shots: u32) -> Outcome {
    let gradient = move |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        let mut mean = |angle: f64| {
            let up = 0.5 * (1.0 + angle.cos());
            let ups = (0..shots).filter(|_| rng.random::<f64>() < up).count();
            2.0 * ups as f64 / f64::from(shots) - 1.0
        };
        let quarter = std::f64::consts::FRAC_PI_2;
        g[0] = 0.5 * (mean(x[0] + quarter) - mean(x[0] - quarter));
    };
    let seeds = 20;
    let mut stuck = seeds;
    for seed in 0..seeds {
        stuck -= u64::from(best(gradient, &[0.0], 3000, seed)?[0].cos() <= -0.9);
    }
    ensure(stuck == 0, || format!("stuck in {stuck} of {seeds}"))
}

pub fn f9_1_shot() -> Outcome {
    f9(1)
}

pub fn f9_3_shots() -> Outcome {
    f9(3)
}

pub fn f9_10_shots() -> Outcome {
    f9(10)
}

/// f = (x - 3)^2 / 2 from 0, drawn in turn with an error of 1 up and down, as from two batches one
/// after the other: within 0.1 of 3.
pub fn f22_draws_in_turn() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        g[0] = x[0] - 3.0 + if draw.index().is_multiple_of(2) { 1.0 } else { -1.0 };
    };
    for draws in [1000, 10_000] {
        let x = best(gradient, &[0.0], draws, 0)?[0];
        ensure((x - 3.0).abs() < 0.1, || format!("{x:.2} after {draws} draws"))?;
    }
    Ok(())
}

/// A cost that is defined for x >= 0 only, x_0 + (x_1 - 1)^2, noise 0.01, in a box: (0, 1).
type BoxedCosts = Costs<fn(&[f64], Draw) -> Result<f64, Error>>;

fn f10<O>(wrap: impl Fn(BoxedCosts, [Vec<f64>; 2]) -> Result<O, Error>) -> Outcome
where
    O: StochasticGradient<Param = Vec<f64>>,
{
    fn cost(x: &[f64], draw: Draw) -> Result<f64, Error> {
        if x.iter().any(|x| *x < 0.0) {
            return Err(Error::msg("simulator: negative rate"));
        }
        Ok(x[0] + (x[1] - 1.0).powi(2) + 0.01 * normal(&mut draw.rng()))
    }
    let bounds = [vec![0.0; 2], vec![10.0; 2]];
    let [lower, upper] = bounds.clone();
    let solver = Arturo::new().with_bounds(lower, upper)?;
    let x = recommended(&run(wrap(Costs(cost), bounds)?, solver, &[2.0, 3.0], 2000)?);
    ensure(x[0].abs() < 0.1 && (x[1] - 1.0).abs() < 0.1, || format!("{x:.3?}"))
}

pub fn f10_spsa_in_a_box() -> Outcome {
    f10(|costs, [lower, upper]| Spsa::new(costs).with_bounds(lower, upper))
}

pub fn f10_finite_differences_in_a_box() -> Outcome {
    f10(|costs, [lower, upper]| FiniteDifferenceGradient::new(costs).with_bounds(lower, upper))
}

/// A simulation that does not converge at one draw of 1000.
struct Simulation;

impl StochasticGradient for Simulation {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        if draw.index() == 900 {
            return Err(Error::msg("the simulation did not converge"));
        }
        g[0] = x[0] - 1.0 + 0.3 * normal(&mut draw.rng());
        Ok(())
    }
}

/// One draw of 1000 fails with `NonFinite::Skip`: skipped and counted.
pub fn f15_draw_that_fails() -> Outcome {
    let solver = Arturo::new().with_non_finite(NonFinite::Skip);
    let result = run(Simulation, solver, &[0.0], 1000)?;
    let (x, skipped) = (recommended(&result)[0], result.solver().skipped_draw_count());
    ensure((x - 1.0).abs() < 0.1 && skipped == 1, || format!("{x} with {skipped} draws skipped"))
}
