//! Which point of a noisy run is the best?

use crate::{for_seeds, mean};
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, OptimizationResult, Solver, State};
use argmin_arturo::baseline::Adam;
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::rand_distr::{Distribution, StandardNormal};
use argmin_arturo::solution::RunResult;
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use std::sync::{Arc, Mutex};

const N: usize = 10;
const DRAWS: u64 = 1000;
const SIGMA: f64 = 1.0;

/// f(x) = |x|^2 / 2; a draw adds SIGMA z to each coordinate of the gradient, and to the cost.
struct Sphere;

fn value(x: &[f64]) -> f64 {
    0.5 * x.iter().map(|x| x * x).sum::<f64>()
}

impl StochasticGradient for Sphere {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for (g, x) in g.iter_mut().zip(x) {
            let z: f64 = StandardNormal.sample(&mut rng);
            *g = x + SIGMA * z;
        }
        Ok(())
    }
}

impl StochasticCost for Sphere {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        let z: f64 = StandardNormal.sample(&mut draw.rng());
        Ok(value(x) + SIGMA * z)
    }
}

/// Keeps the point with the least drawn cost, as argmin does with what a solver puts into `cost`.
#[derive(Clone)]
struct Luckiest {
    seed: u64,
    best: Arc<Mutex<(f64, Vec<f64>)>>,
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

impl Observe<Run> for Luckiest {
    fn observe_iter(&mut self, state: &Run, _: &KV) -> Result<(), Error> {
        let x = state.get_param().cloned().unwrap_or_default();
        let cost = Sphere.stochastic_cost(&x, Draw::new(self.seed, state.get_iter()).stream(1))?;
        let mut best = self.best.lock().expect("the observer is alone");
        if cost < best.0 {
            *best = (cost, x);
        }
        Ok(())
    }
}

/// True f at the returned, the last and the luckiest point; and the finished run.
#[expect(clippy::type_complexity, reason = "a pair")]
fn run<S: Solver<Sphere, Run>>(
    solver: S,
    seed: u64,
) -> Result<([f64; 3], OptimizationResult<Sphere, S, Run>), Error> {
    let luckiest = Luckiest { seed, best: Arc::new(Mutex::new((f64::INFINITY, Vec::new()))) };
    let result = Executor::new(Sphere, solver)
        .configure(|state| state.param(vec![1.0; N]).max_iters(DRAWS))
        .add_observer(luckiest.clone(), ObserverMode::Always)
        .run()?;
    let of = |x: Option<&Vec<f64>>| x.map_or(f64::NAN, |x| value(x));
    let state = result.state();
    let lucky = value(&luckiest.best.lock().expect("the run is over").1);
    Ok(([of(state.get_best_param()), of(state.get_param()), lucky], result))
}

pub fn print(seeds: u64) -> Result<(), Error> {
    let arturo = for_seeds(seeds, |seed| {
        let solver = Arturo::new().with_seed(seed).with_filtered_cost();
        let (values, result) = run(solver, seed)?;
        let predicted = result.solution()?.predicted_gain;
        let row = &result.state().get_best_cost();
        Ok((values, row - values[0], predicted))
    })?;
    let adam = |rate: f64| {
        for_seeds(seeds, move |seed| Ok(run(Adam::new(rate)?.with_seed(seed), seed)?.0))
    };
    println!(
        "True f after {DRAWS} draws, mean of {seeds} seeds; n = {N}, noise {SIGMA}; statistics"
    );
    println!("allows {:.1e}.\n", 0.5 * N as f64 * SIGMA * SIGMA / DRAWS as f64);
    println!("| solver | returned | last iterate | least noisy cost |");
    println!("|---|---|---|---|");
    let print = |label: &str, runs: &[[f64; 3]]| {
        let means: Vec<String> = (0..3)
            .map(|k| mean(runs.iter().map(|run| run[k])))
            .map(|(mean, error)| format!("{mean:.2e} +- {error:.0e}"))
            .collect();
        println!("| {label} | {} |", means.join(" | "));
    };
    let values: Vec<[f64; 3]> = arturo.iter().map(|run| run.0).collect();
    print("Arturo::new", &values);
    for rate in [1e-1, 1e-2] {
        print(&format!("Adam {rate}"), &adam(rate)?);
    }
    let (bias, error) = mean(arturo.iter().map(|run| run.1));
    println!("\nReported best cost less true f: {bias:.1e} +- {error:.1e}.");
    println!("Predicted gain: {:.2e}.", mean(arturo.iter().map(|run| run.2)).0);
    Ok(())
}
