//! A population model of the kinetics of a drug, by variational inference.
//!
//! A dose of 100 mg is absorbed at 1 / h and leaves one compartment, so that the concentration in
//! subject i at time t is `C = (100 / V_i) (exp(-k t) - exp(-t)) / (1 - k)` with k = CL_i / V_i, in
//! mg / L. Simulated after warfarin (O'Reilly and Aggeler, 1968): volumes about 8 L, clearances
//! about 0.13 L / h, both lognormal with deviation 0.3, and lognormal errors of 0.2, known.
//! `rich`: 10 subjects with 7 samples from 1 to 96 h; `sparse`: 12 subjects with 5 from 2 to 72 h.
//!
//! Latent z: means of ln V and ln CL (priors N(ln 5, 1), N(ln 0.3, 1)), the logarithms of their
//! deviations (N(ln 0.5, 0.5^2) both), then ln V_i, ln CL_i for every subject. They are approximated
//! by independent normals `z_j = m_j + e^(r_j) e_j`; coordinates: m, then r. F is the negative
//! evidence lower bound per subject, in nats, without constants of the model. It is in closed form
//! but for the likelihood of a subject, a mean over two normals: the trapezoidal rule, here to 1e-13
//! of F near the minimum. A draw differentiates it at samples e (Kingma and Welling, 2014), of all
//! subjects or of two.

use crate::{Draw, Problem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::TAU;
use std::sync::Arc;

const ABSORPTION: f64 = 1.0;
const DOSE: f64 = 100.0;
const ERROR: f64 = 0.2;
/// Means and deviations of the priors of the population.
const PRIOR: [(f64, f64); 4] = [(5.0, 1.0), (0.3, 1.0), (0.5, 0.5), (0.5, 0.5)];
const POPULATION: usize = PRIOR.len();
/// The spacing of the abscissas of the rule.
const STEP: f64 = 0.75;

struct Study {
    source: &'static str,
    times: &'static [f64],
    /// Logarithms of concentrations, by subject.
    logs: Vec<Vec<f64>>,
    /// Two abscissas and the weight against the density of two normals.
    nodes: Vec<([f64; 2], f64)>,
    minimum: f64,
}

struct Inference {
    study: Arc<Study>,
    samples: usize,
    /// Subjects a sample, with replacement; all if none.
    batch: Option<usize>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    // Newton's method (examples/minima_simulation.rs).
    let rich = Study::new("rich", 10, &[1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0], 8.191198152596197);
    let sparse = Study::new("sparse", 12, &[2.0, 8.0, 24.0, 48.0, 72.0], 6.673687433830497);
    for study in [rich, sparse].map(Arc::new) {
        for (samples, batch) in [(1, None), (8, None), (1, Some(2))] {
            all.push(Box::new(Inference { study: study.clone(), samples, batch }));
        }
    }
    all
}

/// `ln((1 - e^-u) / u)` and its derivative.
fn log_mean_decay(u: f64) -> [f64; 2] {
    if u.abs() < 1e-2 {
        let square = u * u;
        let value = -0.5 * u + square / 24.0 - square * square / 2880.0;
        return [value, -0.5 + u / 12.0 - u * square / 720.0];
    }
    // By symmetry, without overflow on the left.
    let fall = -(-u.abs()).exp_m1();
    let right = (fall / u.abs()).ln();
    if u > 0.0 {
        [right, (1.0 - fall) / fall - 1.0 / u]
    } else {
        [right - u, -1.0 / fall - 1.0 / u]
    }
}

/// The logarithm of the concentration, and its derivatives by ln V and ln CL.
fn log_concentration(time: f64, log_volume: f64, log_clearance: f64) -> [f64; 3] {
    let rate = (log_clearance - log_volume).exp();
    let [decay, slope] = log_mean_decay((ABSORPTION - rate) * time);
    let value = (DOSE * ABSORPTION * time).ln() - log_volume - rate * time + decay;
    let by_log_rate = -rate * time * (1.0 + slope);
    [value, -1.0 - by_log_rate, by_log_rate]
}

impl Study {
    fn new(source: &'static str, subjects: u64, times: &'static [f64], minimum: f64) -> Self {
        let simulate = |i: u64| {
            let mut rng = Draw::new(59, i).rng();
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            let [volume, clearance] = [8f64, 0.13].map(|mean| mean.ln() + 0.3 * normal());
            let log = |&t: &f64| log_concentration(t, volume, clearance)[0] + ERROR * normal();
            times.iter().map(log).collect()
        };
        let line = || (-11..=11).map(|k| STEP * f64::from(k));
        let node = |a: f64, b: f64| ([a, b], STEP * STEP * (-0.5 * (a * a + b * b)).exp() / TAU);
        let nodes = line().flat_map(|a| line().map(move |b| node(a, b)));
        let nodes = nodes.filter(|(_, weight)| *weight > 1e-15).collect();
        Self { source, times, logs: (0..subjects).map(simulate).collect(), nodes, minimum }
    }

    fn subjects(&self) -> usize {
        self.logs.len()
    }

    /// The number of latent variables.
    fn dimension(&self) -> usize {
        POPULATION + 2 * self.subjects()
    }

    /// The loss of a subject, and its derivatives by ln V and ln CL.
    fn loss(&self, i: usize, effects: [f64; 2]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for (&time, log) in self.times.iter().zip(&self.logs[i]) {
            let [value, by_volume, by_clearance] = log_concentration(time, effects[0], effects[1]);
            let residual = (value - log) / ERROR;
            sums[0] += 0.5 * residual * residual;
            sums[1] += residual / ERROR * by_volume;
            sums[2] += residual / ERROR * by_clearance;
        }
        sums
    }

    /// Estimates the bound without the entropy from the subjects of a sample; adds its gradient by z.
    fn joint(&self, z: &[f64], subjects: &[usize], weight: f64, slope: &mut [f64]) -> f64 {
        let n = self.subjects() as f64;
        let mut sum = 0.0;
        for (j, (mean, deviation)) in PRIOR.into_iter().enumerate() {
            let u = (z[j] - mean.ln()) / deviation;
            sum += 0.5 * u * u / n;
            slope[j] += weight * u / deviation / n;
        }
        let share = 1.0 / subjects.len() as f64;
        for &i in subjects {
            let first = POPULATION + 2 * i;
            let [loss, by_volume, by_clearance] = self.loss(i, [z[first], z[first + 1]]);
            sum += share * loss;
            slope[first] += weight * share * by_volume;
            slope[first + 1] += weight * share * by_clearance;
            for k in 0..2 {
                let (precision, gap) = ((-2.0 * z[2 + k]).exp(), z[first + k] - z[k]);
                sum += share * (0.5 * gap * gap * precision + z[2 + k]);
                slope[first + k] += weight * share * gap * precision;
                slope[k] -= weight * share * gap * precision;
                slope[2 + k] += weight * share * (1.0 - gap * gap * precision);
            }
        }
        weight * sum
    }

    /// The bound; adds its gradient.
    fn bound(&self, x: &[f64], g: &mut [f64]) -> f64 {
        let (n, d) = (self.subjects() as f64, self.dimension());
        let (m, r) = x.split_at(d);
        let variance: Vec<f64> = r.iter().map(|r| (2.0 * r).exp()).collect();
        let mut sum = -r.iter().sum::<f64>();
        let mut by_variance = vec![0.0; d];
        let mut by_mean = vec![0.0; d];
        for (j, (mean, deviation)) in PRIOR.into_iter().enumerate() {
            let (gap, square) = (m[j] - mean.ln(), deviation * deviation);
            sum += 0.5 * (gap * gap + variance[j]) / square;
            by_mean[j] += gap / square;
            by_variance[j] += 0.5 / square;
        }
        for i in 0..self.subjects() {
            let first = POPULATION + 2 * i;
            for k in 0..2 {
                let own = first + k;
                // The mean of the precision, which is lognormal.
                let precision = (2.0 * variance[2 + k] - 2.0 * m[2 + k]).exp();
                let gap = m[own] - m[k];
                let square = gap * gap + variance[own] + variance[k];
                sum += 0.5 * square * precision + m[2 + k];
                by_mean[own] += gap * precision;
                by_mean[k] -= gap * precision;
                by_mean[2 + k] += 1.0 - square * precision;
                by_variance[own] += 0.5 * precision;
                by_variance[k] += 0.5 * precision;
                by_variance[2 + k] += square * precision;
            }
            let deviations = [r[first].exp(), r[first + 1].exp()];
            for &(e, weight) in &self.nodes {
                let effects = [0, 1].map(|k| m[first + k] + deviations[k] * e[k]);
                let [loss, slopes @ ..] = self.loss(i, effects);
                sum += weight * loss;
                for k in 0..2 {
                    by_mean[first + k] += weight * slopes[k];
                    g[d + first + k] += weight * slopes[k] * e[k] * deviations[k] / n;
                }
            }
        }
        for j in 0..d {
            g[j] += by_mean[j] / n;
            g[d + j] += (2.0 * by_variance[j] * variance[j] - 1.0) / n;
        }
        sum / n
    }
}

impl Inference {
    /// The cost of a draw; writes its gradient.
    fn draw(&self, x: &[f64], draw: Draw, g: &mut [f64]) -> f64 {
        let (n, d) = (self.study.subjects(), self.study.dimension());
        let mut rng = draw.rng();
        let weight = 1.0 / self.samples as f64;
        g.fill(0.0);
        let mut cost = 0.0;
        for r in &x[d..] {
            cost -= r / n as f64;
        }
        g[d..].fill(-1.0 / n as f64);
        for _ in 0..self.samples {
            let shifts: Vec<f64> = (d..2 * d)
                .map(|j| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    x[j].exp() * normal
                })
                .collect();
            let z: Vec<f64> = x.iter().zip(&shifts).map(|(m, shift)| m + shift).collect();
            let subjects: Vec<usize> = match self.batch {
                Some(batch) => (0..batch).map(|_| rng.random_range(0..n)).collect(),
                None => (0..n).collect(),
            };
            let mut slope = vec![0.0; d];
            cost += self.study.joint(&z, &subjects, weight, &mut slope);
            for j in 0..d {
                g[j] += slope[j];
                g[d + j] += slope[j] * shifts[j];
            }
        }
        cost
    }
}

impl Problem for Inference {
    fn name(&self) -> String {
        let (source, samples) = (self.study.source, self.samples);
        match self.batch {
            Some(batch) => format!("population/{source}/samples={samples}/subjects={batch}"),
            None => format!("population/{source}/samples={samples}"),
        }
    }

    fn family(&self) -> &'static str {
        "population"
    }

    /// Means at the medians of the priors, deviations of 1 / e.
    fn start(&self) -> Vec<f64> {
        let d = self.study.dimension();
        let mut x = vec![-1.0; 2 * d];
        for (j, x) in x[..d].iter_mut().enumerate() {
            let prior = if j < POPULATION { j } else { j % 2 };
            *x = PRIOR[prior].0.ln();
        }
        x
    }

    fn minimum(&self) -> f64 {
        self.study.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.study.bound(x, &mut vec![0.0; x.len()])
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.fill(0.0);
        self.study.bound(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        self.draw(x, draw, g);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.draw(x, draw, &mut vec![0.0; x.len()])
    }
}
