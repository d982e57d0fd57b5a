//! Variational inference by reparameterization (Kingma and Welling, 2014).
//!
//! The posterior of z in R^d is approximated by independent normals, `z_j = m_j + e^(r_j) e_j`
//! with standard normal e. The cost is the negative evidence lower bound in nats, exact by
//! closed forms or by quadrature; a draw differentiates it at one or a few samples e.
//! Coordinates: the means m, then the log-deviations r.

mod logistic;
mod schools;

use crate::{Draw, Problem};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A posterior whose evidence lower bound is known exactly.
trait Posterior: Send + Sync {
    /// The part of the problem's name after the family.
    fn name(&self) -> String;

    /// d.
    fn dimension(&self) -> usize;

    fn minimum(&self) -> f64;

    fn cost(&self, x: &[f64]) -> f64;

    fn gradient(&self, x: &[f64], g: &mut [f64]);

    /// Estimates the part of the cost that is sampled, and writes the gradient by z of that.
    fn sampled_cost(&self, z: &[f64], rng: &mut Xoshiro256PlusPlus, slope: &mut [f64]) -> f64;

    /// The rest, which is in closed form; adds its gradient.
    fn analytic_cost(&self, x: &[f64], g: &mut [f64]) -> f64;
}

struct Reparameterized<P> {
    posterior: P,
    /// Samples of z a draw.
    samples: usize,
}

impl<P: Posterior> Reparameterized<P> {
    /// The cost of a draw; writes its gradient.
    fn draw(&self, x: &[f64], draw: Draw, g: &mut [f64]) -> f64 {
        let d = self.posterior.dimension();
        let mut rng = draw.rng();
        let mut slope = vec![0.0; d];
        g.fill(0.0);
        let mut cost = self.posterior.analytic_cost(x, g);
        for _ in 0..self.samples {
            let shifts: Vec<f64> = (d..2 * d)
                .map(|j| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    x[j].exp() * normal
                })
                .collect();
            let z: Vec<f64> = x.iter().zip(&shifts).map(|(m, shift)| m + shift).collect();
            cost += self.posterior.sampled_cost(&z, &mut rng, &mut slope) / self.samples as f64;
            for j in 0..d {
                g[j] += slope[j] / self.samples as f64;
                g[d + j] += slope[j] * shifts[j] / self.samples as f64;
            }
        }
        cost
    }
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for (samples, batch) in [(1, None), (8, None), (1, Some(32))] {
        all.push(Box::new(Reparameterized { posterior: logistic::Tumours::new(batch), samples }));
    }
    for form in [schools::Form::Centered, schools::Form::NonCentered] {
        for samples in [1, 8] {
            all.push(Box::new(Reparameterized { posterior: form, samples }));
        }
    }
    all
}

impl<P: Posterior> Problem for Reparameterized<P> {
    fn name(&self) -> String {
        format!("vi/{}/samples={}", self.posterior.name(), self.samples)
    }

    fn family(&self) -> &'static str {
        "vi"
    }

    /// Means of zero, deviations of 1 / e.
    fn start(&self) -> Vec<f64> {
        let d = self.posterior.dimension();
        let mut x = vec![0.0; 2 * d];
        x[d..].fill(-1.0);
        x
    }

    fn minimum(&self) -> f64 {
        self.posterior.minimum()
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.posterior.cost(x)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        self.posterior.gradient(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        self.draw(x, draw, g);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.draw(x, draw, &mut vec![0.0; x.len()])
    }
}
