//! What the tests have in common.

use argmin::core::{Error, Executor, IterState, OptimizationResult, State};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// An oracle by a function of point, draw and gradient.
pub struct Oracle<G>(pub G);

impl<G: Fn(&[f64], Draw, &mut [f64])> StochasticGradient for Oracle<G> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        (self.0)(x, draw, g);
        Ok(())
    }
}

pub type Run<O> =
    OptimizationResult<O, Arturo<f64>, IterState<Vec<f64>, Vec<f64>, (), (), (), f64>>;

pub fn run<O: StochasticGradient<Param = Vec<f64>>>(
    oracle: O,
    x0: &[f64],
    seed: u64,
    draws: u64,
) -> Run<O> {
    Executor::new(oracle, Arturo::new().with_seed(seed))
        .configure(|state| state.param(x0.to_vec()).max_iters(draws))
        .run()
        .unwrap()
}

pub fn answer<G: Fn(&[f64], Draw, &mut [f64])>(
    gradient: G,
    x0: &[f64],
    seed: u64,
    draws: u64,
) -> Vec<f64> {
    run(Oracle(gradient), x0, seed, draws).state().get_best_param().unwrap().clone()
}

pub fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

pub fn add_noise(draw: Draw, sigma: f64, g: &mut [f64]) {
    let mut rng = draw.rng();
    g.iter_mut().for_each(|g| *g += sigma * normal(&mut rng));
}

/// Gradient and value of 1/2 sum (i + 1) (x_i - 1)^2.
pub fn bowl(x: &[f64], g: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for (i, (x, g)) in x.iter().zip(g).enumerate() {
        let a = i as f64 + 1.0;
        *g = a * (x - 1.0);
        value += 0.5 * a * (x - 1.0).powi(2);
    }
    value
}

/// The value of the bowl alone.
pub fn bowl_gap(x: &[f64]) -> f64 {
    bowl(x, &mut vec![0.0; x.len()])
}

/// Gradient of the bowl with noise of standard deviation 1/2.
pub fn noisy_bowl(x: &[f64], draw: Draw, g: &mut [f64]) {
    bowl(x, g);
    add_noise(draw, 0.5, g);
}

/// Gradient of Rosenbrock's function.
pub fn rosenbrock(x: &[f64], _: Draw, g: &mut [f64]) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (g[0], g[1]) = (-2.0 * a - 400.0 * x[0] * b, 200.0 * b);
}

/// Least squares of one random row a draw, with the Hessian 1 and the minimum at 1.
pub fn rows(x: &[f64], draw: Draw, g: &mut [f64]) {
    let mut rng = draw.rng();
    let row: Vec<f64> = x.iter().map(|_| normal(&mut rng)).collect();
    let noise = normal(&mut rng);
    let residual = noise + std::iter::zip(&row, x).map(|(a, x)| a * (x - 1.0)).sum::<f64>();
    g.iter_mut().zip(row).for_each(|(g, a)| *g = residual * a);
}

/// 1/2 |x - 1|^2.
pub fn half_square(x: &[f64]) -> f64 {
    x.iter().map(|x| 0.5 * (x - 1.0).powi(2)).sum()
}
