//! Linear-quadratic regulators by rollouts: the best gain K, the same at all times.
//!
//! `F = E sum_{t=0}^{T-1} (|s_t|^2 + r |u_t|^2) / T` with inputs `u_t = -K s_t`, standard normal
//! start states and `s_{t+1} = A s_t + B u_t + w_t`, the noise w normal with standard deviation
//! 0.1. Exact by the covariances of the states, forward, and the costs to go, backward. A draw
//! is the derivative of the mean cost of its rollouts. F is a polynomial of degree 2 T: it
//! explodes far from the minimum. Coordinates: K row by row, from 0.
//!
//! - `masses`: two masses on springs, with positions and speeds, pushed every 0.2 s; T = 20,
//!   r = 0.1.
//! - `simulated`: eight states and three inputs, A normal with standard deviation 0.35 and B with
//!   0.5; T = 12, r = 1. Without inputs the states grow.

use crate::{Draw, Problem};
use nalgebra::{SMatrix, SVector};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

const NOISE: f64 = 0.1;

/// A system of N states and M inputs.
#[derive(Clone)]
struct System<const N: usize, const M: usize> {
    name: &'static str,
    a: SMatrix<f64, N, N>,
    b: SMatrix<f64, N, M>,
    /// The price r of inputs.
    price: f64,
    horizon: usize,
    minimum: f64,
}

struct Regulator<const N: usize, const M: usize> {
    system: System<N, M>,
    /// Rollouts a draw.
    rollouts: usize,
}

/// A system under a gain.
struct Loop<const N: usize, const M: usize> {
    gain: SMatrix<f64, M, N>,
    /// From a state to the mean of the next one.
    step: SMatrix<f64, N, N>,
    /// The quadratic form of the cost of a state and its inputs.
    cost: SMatrix<f64, N, N>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for rollouts in [1, 8] {
        all.push(Box::new(Regulator { system: masses(), rollouts }));
        all.push(Box::new(Regulator { system: simulated(), rollouts }));
    }
    all
}

/// Masses of 1 and 2, springs of stiffness 1 to the walls and 2 between, by Euler's method.
fn masses() -> System<4, 2> {
    let step = 0.2;
    let forces = [[-3.0, 2.0], [1.0, -1.5]];
    let mut a = SMatrix::identity();
    let mut b = SMatrix::zeros();
    for i in 0..2 {
        a[(i, 2 + i)] = step;
        b[(2 + i, i)] = step / (i + 1) as f64;
        for j in 0..2 {
            a[(2 + i, j)] = step * forces[i][j];
        }
    }
    System { name: "masses", a, b, price: 0.1, horizon: 20, minimum: 1.8404101723266002 }
}

fn simulated() -> System<8, 3> {
    let mut rng = Draw::new(48, 0).rng();
    let a = SMatrix::from_fn(|_, _| 0.35 * normal(&mut rng));
    let b = SMatrix::from_fn(|_, _| 0.5 * normal(&mut rng));
    System { name: "simulated", a, b, price: 1.0, horizon: 12, minimum: 2.2682856402646387 }
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

impl<const N: usize, const M: usize> System<N, M> {
    fn under(&self, x: &[f64]) -> Loop<N, M> {
        let gain = SMatrix::<f64, M, N>::from_row_slice(x);
        let cost = SMatrix::identity() + self.price * (gain.transpose() * gain);
        Loop { gain, step: self.a - self.b * gain, cost }
    }

    /// The covariances of the states at all times.
    fn covariances(&self, under: &Loop<N, M>) -> Vec<SMatrix<f64, N, N>> {
        let first = Some(SMatrix::identity());
        let noise = SMatrix::identity() * (NOISE * NOISE);
        let next = |s: &SMatrix<f64, N, N>| Some(under.step * s * under.step.transpose() + noise);
        std::iter::successors(first, next).take(self.horizon).collect()
    }

    /// The states of a rollout.
    fn rollout(&self, under: &Loop<N, M>, rng: &mut impl Rng) -> Vec<SVector<f64, N>> {
        let mut state = SVector::from_fn(|_, _| normal(rng));
        let mut states = vec![state];
        for _ in 1..self.horizon {
            state = under.step * state + SVector::from_fn(|_, _| NOISE * normal(rng));
            states.push(state);
        }
        states
    }
}

impl<const N: usize, const M: usize> Regulator<N, M> {
    /// The gradient by K, from sums over times and rollouts, row by row.
    fn write(gradient: &SMatrix<f64, M, N>, count: usize, g: &mut [f64]) {
        for (g, slope) in g.iter_mut().zip(gradient.transpose().iter()) {
            *g = slope / count as f64;
        }
    }
}

impl<const N: usize, const M: usize> Problem for Regulator<N, M> {
    fn name(&self) -> String {
        format!("lqr/{}/rollouts={}", self.system.name, self.rollouts)
    }

    fn family(&self) -> &'static str {
        "lqr"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; M * N]
    }

    /// BFGS on the exact cost to slopes of 1e-13 (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        self.system.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let under = self.system.under(x);
        let costs = self.system.covariances(&under).into_iter().map(|s| (under.cost * s).trace());
        costs.sum::<f64>() / self.system.horizon as f64
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        let System { b, price, horizon, .. } = &self.system;
        let under = self.system.under(x);
        let mut to_go = SMatrix::<f64, N, N>::zeros();
        let mut gradient = SMatrix::zeros();
        for s in self.system.covariances(&under).iter().rev() {
            let inputs = *price * under.gain - b.transpose() * to_go * under.step;
            gradient += 2.0 * inputs * s;
            to_go = under.cost + under.step.transpose() * to_go * under.step;
        }
        Self::write(&gradient, *horizon, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let System { b, price, horizon, .. } = &self.system;
        let under = self.system.under(x);
        let mut rng = draw.rng();
        let mut gradient = SMatrix::zeros();
        for _ in 0..self.rollouts {
            // The derivative of the costs to come by the next state.
            let mut ahead = SVector::<f64, N>::zeros();
            for s in self.system.rollout(&under, &mut rng).iter().rev() {
                let inputs = 2.0 * *price * (under.gain * s) - b.transpose() * ahead;
                gradient += inputs * s.transpose();
                ahead = 2.0 * (under.cost * s) + under.step.transpose() * ahead;
            }
        }
        Self::write(&gradient, self.rollouts * horizon, g);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let under = self.system.under(x);
        let mut rng = draw.rng();
        let rollouts = (0..self.rollouts).map(|_| {
            let states = self.system.rollout(&under, &mut rng);
            states.iter().map(|s| s.dot(&(under.cost * s))).sum::<f64>()
        });
        rollouts.sum::<f64>() / (self.rollouts * self.system.horizon) as f64
    }
}
