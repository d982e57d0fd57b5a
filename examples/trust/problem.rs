//! A problem with an exact cost, a known minimum and noisy gradients.

use crate::generate::Kind;
use crate::noise::Noise;
use crate::shape::Shape;
use argmin::core::Error;
use argmin_arturo::{Draw, Scalar, StochasticGradient};
use std::marker::PhantomData;

/// The minimum of
///
/// ```text
/// f(x) = amplitude sum_j weight_j shape(t_j),   t = R D^-1 (x - center)
/// ```
///
/// over the first coordinates of x, D = diag(unit), R orthogonal. The next `pure_noise` coordinates
/// do not count, and their gradients are noise; those of what remains are 0.
#[derive(Debug)]
pub struct Problem {
    pub seed: u64,
    pub kind: Kind,
    pub amplitude: f64,
    /// Of the coordinates that count.
    pub weight: Vec<f64>,
    pub shape: Shape,
    /// Normals of reflections, whose product is R.
    pub reflections: Vec<Vec<f64>>,
    /// Of all coordinates, as the following three.
    pub unit: Vec<f64>,
    pub center: Vec<f64>,
    pub start: Vec<f64>,
    /// Lower and upper; without reflections only.
    pub bounds: Option<(Vec<f64>, Vec<f64>)>,
    pub pure_noise: usize,
    pub noise: Noise,
    /// Standard deviation of the noise added to a slope, over the amplitude.
    pub sigma: f64,
    /// In single precision.
    pub single: bool,
    /// Noise that a draw cannot repeat.
    pub fresh: bool,
}

/// v <- v - 2 n (n.v), for a unit vector n.
fn reflect(v: &mut [f64], normal: &[f64]) {
    let twice = 2.0 * v.iter().zip(normal).map(|(v, n)| v * n).sum::<f64>();
    v.iter_mut().zip(normal).for_each(|(v, n)| *v -= twice * n);
}

impl Problem {
    /// Coordinates of x.
    pub fn dimension(&self) -> usize {
        self.unit.len()
    }

    /// Coordinates that count.
    pub fn active(&self) -> usize {
        self.weight.len()
    }

    fn to_t(&self, x: &[f64]) -> Vec<f64> {
        let mut t: Vec<f64> =
            (0..self.active()).map(|i| (x[i] - self.center[i]) / self.unit[i]).collect();
        self.reflections.iter().for_each(|normal| reflect(&mut t, normal));
        t
    }

    /// f(x), before the minimum in the box is taken off.
    fn cost(&self, x: &[f64]) -> f64 {
        let terms = self.to_t(x).into_iter().zip(&self.weight);
        self.amplitude * terms.map(|(t, weight)| weight * self.shape.value(t)).sum::<f64>()
    }

    /// The minimizer; in coordinates that do not count, the center.
    pub fn minimizer(&self) -> Vec<f64> {
        match &self.bounds {
            None => self.center.clone(),
            // a sum of convex functions of one coordinate each
            Some((lower, upper)) => {
                (0..self.dimension()).map(|i| self.center[i].clamp(lower[i], upper[i])).collect()
            }
        }
    }

    /// f(x) above its minimum.
    pub fn gap(&self, x: &[f64]) -> f64 {
        match self.bounds {
            None => self.cost(x),
            Some(_) => self.cost(x) - self.cost(&self.minimizer()),
        }
    }

    /// The largest distance from the minimizer in a coordinate, in its unit.
    pub fn distance(&self, x: &[f64]) -> f64 {
        let minimizer = self.minimizer();
        let distance = |i: usize| ((x[i] - minimizer[i]) / self.unit[i]).abs();
        // `max` would hide a NaN
        (0..self.dimension()).map(distance).fold(0.0, |a, b| if b <= a { a } else { b })
    }

    /// The gradient of f, with the noise of a draw or without.
    pub fn gradient(&self, x: &[f64], draw: Option<Draw>, g: &mut [f64]) {
        let t = self.to_t(x);
        let mut slopes: Vec<f64> = match draw {
            None => (0..t.len()).map(|j| self.weight[j] * self.shape.slope(t[j])).collect(),
            Some(draw) => {
                let mut rng = draw.rng();
                let slope = |j: usize| self.weight[j] * self.shape.draw_slope(t[j], &mut rng);
                let mut slopes: Vec<f64> = (0..t.len()).map(slope).collect();
                self.noise.apply(&mut slopes, &t, &self.weight, self.sigma, &mut rng);
                slopes
            }
        };
        self.reflections.iter().rev().for_each(|normal| reflect(&mut slopes, normal));
        g.fill(0.0);
        g[..slopes.len()].copy_from_slice(&slopes);
        if let Some(draw) = draw {
            let mut rng = draw.stream(1).rng();
            for g in &mut g[slopes.len()..][..self.pure_noise] {
                *g = self.sigma * self.noise.sample(&mut rng);
            }
        }
        g.iter_mut().zip(&self.unit).for_each(|(g, unit)| *g *= self.amplitude / unit);
    }

    /// The diagonal of the Hessian at the minimizer, in all coordinates; at kinks that of a quadratic
    /// of the same weights.
    pub fn curvature(&self) -> Vec<f64> {
        let mut curvature = vec![0.0; self.dimension()];
        for i in 0..self.active() {
            let mut axis = vec![0.0; self.active()];
            axis[i] = 1.0;
            self.reflections.iter().for_each(|normal| reflect(&mut axis, normal));
            let sum: f64 = axis.iter().zip(&self.weight).map(|(r, weight)| r * r * weight).sum();
            let shape = self.shape.curvature().unwrap_or(1.0);
            curvature[i] = self.amplitude * shape * sum / self.unit[i].powi(2);
        }
        curvature
    }

    /// The largest mean slope in a t_j at the start, over the amplitude.
    pub fn largest_slope_at_start(&self) -> f64 {
        let slopes = self.to_t(&self.start).into_iter().zip(&self.weight);
        slopes.map(|(t, weight)| weight * self.shape.slope(t).abs()).fold(0.0, f64::max)
    }

    /// The variance of a drawn slope j at the minimizer, over the amplitude squared.
    pub fn slope_variance(&self, j: usize) -> f64 {
        match self.noise {
            Noise::Batch(rows) => self.weight[j] * self.sigma.powi(2) / rows as f64,
            _ => self.weight[j].powi(2) * self.shape.variance() + self.sigma.powi(2),
        }
    }
}

/// A problem as an oracle in F.
pub struct Oracle<'a, F>(pub &'a Problem, pub PhantomData<fn() -> F>);

impl<F: Scalar> StochasticGradient for Oracle<'_, F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        let x: Vec<f64> = x.iter().map(|x| x.to_f64_exact()).collect();
        let mut gradient = vec![0.0; x.len()];
        self.0.gradient(&x, Some(draw), &mut gradient);
        g.iter_mut().zip(gradient).for_each(|(g, value)| *g = F::from_f64_lossy(value));
        Ok(())
    }
}
