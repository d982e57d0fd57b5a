//! What the model knows about the distance of its answer from the minimum.

use super::Model;
use super::noise::Energy;
use crate::dense::{dot, factorize, inverse_quadratic, isolate, quadratic, solve, transpose};
use crate::method::{Evidence, Progress};

/// A change of the gradient of this energy, in that of its noise, is no chance, and no error of the
/// Hessian: 20 standard deviations. With 5 of them the median gap at 30000 draws is 2.8 times the
/// limit, with 20 it is 2.0.
const CONTRADICTION: f64 = 400.0;
/// A walk that began anew after this part of a run's draws is not yet at rest.
const LEAST_PART: f64 = 0.125;
/// Standard deviations by which halves may differ.
const CHANCE: f64 = 4.0;
/// Draws by which noise about 0 is told from a small gradient, where there is no Hessian.
const LEAST_NOISE: f64 = 64.0;
/// Undone steps in a row that are a standstill.
const STANDSTILL: u32 = 10;

impl Model {
    /// The evidence for the model's answer.
    pub fn evidence(&self) -> Evidence {
        if !self.curvature.is_known {
            return self.of_first_draws();
        }
        let mut evidence = if self.is_averaged() { self.of_average() } else { self.of_point() };
        if self.rejected_count >= STANDSTILL {
            evidence.progress = Progress::Stuck;
        }
        evidence
    }

    /// The evidence for the foundation's answer, the mean of its walk with weights t^p, after so many draws
    /// of the run.
    pub fn evidence_of_walk(&self, answer: &[f64], exponent: f64, draw_count: u64) -> Evidence {
        let is_long = self.is_walk_long(draw_count);
        if !self.curvature.is_known {
            let mut evidence = self.of_first_draws();
            if is_long && self.is_known_or_noise(&mut evidence, &vec![false; self.x.len()]) {
                evidence.progress = Progress::Resting;
            }
            return evidence;
        }
        let mut gradient = vec![0.0; self.x.len()];
        let hessian = &self.curvature.matrix;
        let Some([share, variance]) = self.walk.gradient(exponent, hessian, answer, &mut gradient)
        else {
            return Evidence::unknown(self.x.len());
        };
        let held = self.held(answer);
        let mut evidence = self.common(gradient, share, variance.recip(), &held);
        evidence.averaged = Some(variance / share);
        let is_steady = self.is_steady(evidence.noise.map(|energy| energy / share), &held);
        let is_resting = is_long && is_steady && self.is_known_or_noise(&mut evidence, &held);
        evidence.progress = if is_resting { Progress::Resting } else { Progress::Moving };
        evidence
    }

    /// Whether the newer draws of the foundation contradict the older ones, beyond chance and what is
    /// uncertain of the Hessian: f has changed.
    pub fn has_changed(&mut self) -> bool {
        if !self.walk.is_time_to_look() || self.noise.is_zero() || !self.curvature.is_known {
            return false;
        }
        let Some((change, noise)) = self.change_of_walk() else {
            return false;
        };
        let mut way = std::mem::take(&mut self.work);
        let doubt = self.doubt_of_walk(&mut way);
        self.work = way;
        change > CONTRADICTION * (noise.trace + doubt)
    }

    /// The energy that what is uncertain of the Hessian gives the change of the gradient from half to half; leaves
    /// the way between them.
    fn doubt_of_walk(&self, way: &mut [f64]) -> f64 {
        self.walk.way(way);
        let uncertainty = way.len() as f64 * self.curvature.relative_variance(&self.noise);
        uncertainty * quadratic(&self.curvature.matrix, way)
    }

    /// Whether the foundation's answer is at rest after so many draws of the run, and only a Hessian that is not
    /// known keeps it from a claim.
    pub fn do_errors_wait(&mut self, draw_count: u64) -> bool {
        self.is_walk_long(draw_count)
            && self.curvature.is_known
            && !self.is_hessian_known()
            && self.change_of_walk().is_some_and(|(change, noise)| {
                change <= (1.0 + CHANCE * noise.spread) * noise.trace
            })
    }

    /// Whether the walk has its part of so many draws.
    fn is_walk_long(&self, draw_count: u64) -> bool {
        self.walk.count() >= LEAST_PART * draw_count as f64
    }

    /// The energy of what the newer half of the walk says less the older one, and that of its noise.
    fn change_of_walk(&mut self) -> Option<(f64, Energy)> {
        let share = self.walk.change(&self.curvature.matrix, &mut self.work)?;
        let change = inverse_quadratic(self.curvature.factor(), &mut self.work);
        let energy = self.noise.energy(self.curvature.factor(), self.x.len());
        Some((change, Energy { trace: share * energy.trace, ..energy }))
    }

    /// Whether the halves of the walk differ by no more than chance and what is uncertain of the Hessian, for draws
    /// with noise of this energy and its standard deviation.
    fn is_steady(&self, [trace, deviation]: [f64; 2], held: &[bool]) -> bool {
        let mut work = vec![0.0; self.x.len()];
        let Some(share) = self.walk.change(&self.curvature.matrix, &mut work) else {
            return false;
        };
        release_held(&mut work, held);
        let change = inverse_quadratic(&self.free_factor(held), &mut work);
        change <= share * (trace + CHANCE * deviation) + self.doubt_of_walk(&mut work)
    }

    /// Whether the errors are smaller than the distance travelled: else the Hessian is not known, as where f
    /// has no minimum.
    fn is_within_reach(&self, variance: &[f64]) -> bool {
        self.ball.holds(variance.iter().copied(), 1.0)
    }

    /// Whether the Hessian is known, or draws are noise about 0: then no Hessian is to carry the gradient of
    /// the newer ones to the answer.
    fn is_known_or_noise(&self, evidence: &mut Evidence, held: &[bool]) -> bool {
        if self.is_within_reach(&evidence.variance) {
            return true;
        }
        if self.noise.is_zero() || !self.is_noise(held) {
            return false;
        }
        let (mean, count) = self.walk.mean_gradient();
        if count < LEAST_NOISE {
            return false;
        }
        evidence.gradient.copy_from_slice(mean);
        let error = |i: usize| (self.noise.variance(i, mean.len()) / count).sqrt();
        evidence.gradient_error = (0..mean.len()).map(error).collect();
        true
    }

    /// Whether the newer draws of the foundation are noise about 0, wherever they were taken.
    fn is_noise(&self, held: &[bool]) -> bool {
        let (mean, count) = self.walk.mean_gradient();
        let len = mean.len();
        let (mut squares, mut freedom) = (0.0, 0.0);
        for i in (0..len).filter(|i| !held[*i] && self.noise.variance(*i, len) > 0.0) {
            squares += mean[i] * mean[i] / self.noise.variance(i, len);
            freedom += 1.0;
        }
        count * squares <= freedom + CHANCE * f64::sqrt(2.0 * freedom)
    }

    /// Without a Hessian: all gradients so far were 0, a minimum or a constant, or nothing is known.
    fn of_first_draws(&self) -> Evidence {
        let is_zero = |values: &[f64]| values.iter().all(|value| *value == 0.0);
        let is_flat = self.noise.is_zero() && self.scale == 0.0 && is_zero(&self.stage.mean);
        Evidence {
            is_exact: self.noise.is_zero(),
            is_flat: is_flat && self.draw_count > 1.0,
            ..Evidence::unknown(self.x.len())
        }
    }

    /// The answer is the mean of the proposed points: the sandwich B^-1 S B^-1 over its draws.
    fn of_average(&self) -> Evidence {
        let weight = self.average.weight();
        let mut gradient = vec![0.0; self.x.len()];
        let rest = self.average.gradient(&self.curvature.matrix, &mut gradient);
        let share = rest.unwrap_or(weight.recip());
        let held = self.held(&self.answer);
        let mut evidence = self.common(gradient, share, weight, &held);
        // noise of the answer in units of that of its gradient
        evidence.averaged = Some(weight.recip() / share);
        let is_resting =
            rest.is_some() && self.is_settled() && self.is_known_or_noise(&mut evidence, &held);
        evidence.progress = if is_resting { Progress::Resting } else { Progress::Moving };
        evidence
    }

    /// The answer is the point of this stage, or of the last one while this one is short.
    fn of_point(&self) -> Evidence {
        let (point, gradient, count) = if self.stage.count > 0.0 || !self.previous.exists {
            (&self.x, &self.stage.mean, self.stage.count)
        } else {
            (&self.previous.point, &self.previous.gradient, self.previous.count)
        };
        let share = count.max(1.0).recip();
        let mut evidence = self.common(gradient.clone(), share, count, &self.held(point));
        evidence.point = Some(point.clone());
        evidence.decrease = self.previous.gain;
        let is_resting = self.noise.is_zero() && !self.step.is_bound();
        evidence.progress = if is_resting { Progress::Resting } else { Progress::Moving };
        evidence
    }

    /// The factors of B where the held coordinates have no part in it.
    fn free_factor(&self, held: &[bool]) -> Vec<f64> {
        let mut factor = self.curvature.factor().to_vec();
        if held.contains(&true) {
            let mut matrix = self.curvature.matrix.clone();
            isolate(&mut matrix, held, 1.0);
            factorize(&matrix, held.len(), &mut factor);
        }
        factor
    }

    /// With a gradient whose noise is the part `share` of that of a draw, the answer that of `draws`, and
    /// the coordinates that bounds hold, which have no error and no slope.
    fn common(&self, mut gradient: Vec<f64>, share: f64, draws: f64, held: &[bool]) -> Evidence {
        let len = gradient.len();
        let factor = &self.free_factor(held);
        release_held(&mut gradient, held);
        let mut newton_step: Vec<f64> = gradient.iter().map(|m| -m).collect();
        solve(factor, &mut newton_step);
        let mut sandwich = self.noise.covariance().to_vec();
        isolate(&mut sandwich, held, 0.0);
        let mut trace = 0.0;
        let mut square = 0.0;
        for pass in 0..2 {
            sandwich.chunks_exact_mut(len).for_each(|row| solve(factor, row));
            if pass == 0 {
                // rows of S B^-1
                trace = (0..len).map(|i| sandwich[i * len + i]).sum();
                square = (0..len)
                    .flat_map(|i| (0..len).map(move |j| (i, j)))
                    .map(|(i, j)| sandwich[i * len + j] * sandwich[j * len + i])
                    .sum();
            }
            transpose(&mut sandwich, len);
        }
        let diagonal = |matrix: &[f64], i: usize| matrix[i * len + i].max(0.0);
        let covariance = self.noise.covariance();
        let draws = draws.max(1.0);
        let variance: Vec<f64> = (0..len).map(|i| diagonal(&sandwich, i) / draws).collect();
        Evidence {
            point: None,
            gradient_error: (0..len).map(|i| (share * diagonal(covariance, i)).sqrt()).collect(),
            curvature: (0..len)
                .map(|i| diagonal(&self.curvature.matrix, i).max(f64::MIN_POSITIVE))
                .collect(),
            curvature_error: (self.curvature.relative_variance(&self.noise) * len as f64).sqrt(),
            signal: -dot(&gradient, &newton_step),
            noise: [share * trace, share * (2.0 * square.max(0.0)).sqrt()],
            decrease: 0.0,
            bias: 0.0,
            effective_draws: if self.noise.is_zero() { f64::INFINITY } else { draws },
            averaged: None,
            is_exact: self.noise.is_zero(),
            is_flat: self.is_flat(&gradient, share, &newton_step, &variance),
            progress: Progress::Unknown,
            gradient,
            newton_step,
            variance,
        }
    }

    /// Whether the gradient has fallen to the square root of the machine epsilon of the first one, in noise to the
    /// machine epsilon with its noise, and the way to the minimum to its square root of the distance travelled:
    /// far from a minimum, as of an exponential, gradients fall by many orders before.
    fn is_flat(&self, gradient: &[f64], share: f64, newton_step: &[f64], variance: &[f64]) -> bool {
        let len = gradient.len();
        let size =
            |i: usize| gradient[i].abs() + (share * self.noise.variance(i, len).max(0.0)).sqrt();
        let largest = (0..len).map(size).fold(0.0, f64::max);
        let part = if self.noise.is_zero() { f64::EPSILON.sqrt() } else { f64::EPSILON };
        let squares = newton_step.iter().zip(variance).map(|(d, variance)| d * d + variance);
        let is_near = self.ball.holds(squares, f64::EPSILON.sqrt());
        largest <= part * self.scale && is_near
    }

    /// The metric of the ball.
    pub fn unit_precision(&self, i: usize) -> f64 {
        self.ball.units[i].recip()
    }

    /// The variance of a coordinate of a drawn gradient.
    pub fn noise_variance(&self, i: usize) -> f64 {
        self.noise.variance(i, self.x.len()).max(0.0)
    }
}

/// Sets the held coordinates of a vector to 0.
fn release_held(vector: &mut [f64], held: &[bool]) {
    vector.iter_mut().zip(held).filter(|(_, held)| **held).for_each(|(entry, _)| *entry = 0.0);
}
