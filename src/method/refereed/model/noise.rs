//! The covariance of a drawn gradient.

use crate::dense::{add_square, pivots, quadratic, solve_lower, transpose};

/// Draws of earlier stages that the estimate remembers: the noise may change with x.
const MEMORY: f64 = 10.0;
/// A stage whose noise is off from the memory by this factor has left it. With two degrees of
/// freedom against ten, chance gives a ratio below 1/10 in one stage of eleven.
const CONTRADICTION: f64 = 10.0;
/// Degrees of freedom from which a stage can contradict the memory.
const LEAST_FREEDOM: f64 = 2.0;

/// S by the scatter of the draws about the mean of their stage.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Noise {
    /// Scatter of this stage, and of the remembered ones.
    stage: Vec<f64>,
    memory: Vec<f64>,
    stage_freedom: f64,
    memory_freedom: f64,
    /// S itself, of both or of the stage alone.
    covariance: Vec<f64>,
    freedom: f64,
    /// Whether all draws at a point have been equal so far.
    is_zero: bool,
    /// Workspace.
    whitened: Vec<f64>,
}

/// tr A S and the standard deviation of e'Ae over its mean, for e of covariance S and A = (LDL')^-1.
#[derive(Clone, Copy, Debug)]
pub(in crate::method::refereed) struct Energy {
    pub trace: f64,
    pub spread: f64,
}

impl Noise {
    pub fn begin(&mut self, len: usize) {
        *self = Self {
            stage: vec![0.0; len * len],
            memory: vec![0.0; len * len],
            covariance: vec![0.0; len * len],
            whitened: vec![0.0; len * len],
            is_zero: true,
            ..Self::default()
        };
    }

    /// Whether the oracle has shown no noise.
    pub fn is_zero(&self) -> bool {
        self.is_zero
    }

    /// The variances of the coordinates.
    pub fn variance(&self, i: usize, len: usize) -> f64 {
        self.covariance[i * len + i]
    }

    /// Degrees of freedom of S.
    pub fn freedom(&self) -> f64 {
        self.freedom
    }

    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// d'Sd.
    pub fn along(&self, d: &[f64]) -> f64 {
        if self.is_zero { 0.0 } else { quadratic(&self.covariance, d).max(0.0) }
    }

    /// A new stage: what was known becomes memory.
    pub fn begin_stage(&mut self) {
        if self.is_zero {
            return;
        }
        std::mem::swap(&mut self.memory, &mut self.covariance);
        self.memory_freedom = self.freedom.min(MEMORY);
        let scale = self.memory_freedom;
        self.memory.iter_mut().for_each(|entry| *entry *= scale);
        self.stage.fill(0.0);
        self.stage_freedom = 0.0;
        self.covariance.fill(0.0);
        self.freedom = 0.0;
        self.pool(true);
    }

    /// Takes in a draw that is `deviation` off the mean of the `count - 1` draws before it.
    pub fn take_in(&mut self, deviation: &[f64], count: f64) {
        self.stage_freedom += 1.0;
        if deviation.iter().any(|d| *d != 0.0) {
            self.is_zero = false;
            add_square(&mut self.stage, (count - 1.0) / count, deviation);
        }
    }

    /// Renews S from stage and memory; the factor gives the metric in which they are compared.
    pub fn renew(&mut self, factor: &[f64], len: usize) {
        if self.is_zero {
            return;
        }
        let mut agrees = true;
        if self.memory_freedom > 0.0 && self.stage_freedom >= LEAST_FREEDOM {
            let stage = self.trace(factor, len, true) / self.stage_freedom;
            let memory = self.trace(factor, len, false) / self.memory_freedom;
            agrees = stage > memory / CONTRADICTION && stage < memory * CONTRADICTION;
        }
        self.pool(agrees);
    }

    fn pool(&mut self, with_memory: bool) {
        let memory_freedom = if with_memory { self.memory_freedom } else { 0.0 };
        let share = if with_memory { 1.0 } else { 0.0 };
        self.freedom = self.stage_freedom + memory_freedom;
        if self.freedom > 0.0 {
            let scale = self.freedom.recip();
            for ((s, stage), memory) in
                self.covariance.iter_mut().zip(&self.stage).zip(&self.memory)
            {
                *s = scale * (stage + share * memory);
            }
        }
    }

    /// tr(A S) up to the degrees of freedom, of the stage or of the memory.
    fn trace(&mut self, factor: &[f64], len: usize, of_stage: bool) -> f64 {
        let source = if of_stage { &self.stage } else { &self.memory };
        self.whitened.copy_from_slice(source);
        whiten(&mut self.whitened, factor, len);
        trace(&self.whitened, factor)
    }

    /// The energy of the noise of one draw in the inverse of the matrix with this factor.
    pub fn energy(&mut self, factor: &[f64], len: usize) -> Energy {
        if self.is_zero {
            return Energy { trace: 0.0, spread: 0.0 };
        }
        self.whitened.copy_from_slice(&self.covariance);
        whiten(&mut self.whitened, factor, len);
        let trace = trace(&self.whitened, factor);
        let rows = self.whitened.chunks_exact(len).zip(pivots(factor));
        let row = |row: &[f64]| row.iter().zip(pivots(factor)).map(|(g, d)| g * g / d).sum::<f64>();
        let square: f64 = rows.map(|(entries, d)| row(entries) / d).sum();
        // the squares of the entries hold their own noise: E tr G^2 = tr G^2 + (tr G)^2 / freedom
        let least = trace * trace / len as f64;
        let square = (square - trace * trace / self.freedom.max(1.0)).max(least);
        let spread = if trace > 0.0 { (2.0 * square).sqrt() / trace } else { 0.0 };
        Energy { trace, spread }
    }
}

/// The trace of D^-1 G.
fn trace(matrix: &[f64], factor: &[f64]) -> f64 {
    let len = matrix.len().isqrt();
    matrix.iter().step_by(len + 1).zip(pivots(factor)).map(|(g, d)| g / d).sum()
}

/// G <- L^-1 G L^-T of a symmetric G.
pub(in crate::method::refereed) fn whiten(matrix: &mut [f64], factor: &[f64], len: usize) {
    for _ in 0..2 {
        matrix.chunks_exact_mut(len).for_each(|row| solve_lower(factor, row));
        transpose(matrix, len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn the_energy_of_known_noise() {
        // S = diag(1, 4), B = diag(1, 2): tr B^-1 S = 3, tr (B^-1 S)^2 = 5
        let factor = [1.0, 0.0, 0.0, 2.0];
        let mut noise = Noise::default();
        noise.begin(2);
        let (mut mean, mut rng) = ([0.0; 2], Draw::new(3, 1).rng());
        for count in 1..=20_000 {
            let draw: [f64; 2] = [1.0, 2.0].map(|s: f64| {
                let z: f64 = StandardNormal.sample(&mut rng);
                s * z
            });
            let deviation = [draw[0] - mean[0], draw[1] - mean[1]];
            for i in 0..2 {
                mean[i] += deviation[i] / f64::from(count);
            }
            if count > 1 {
                noise.take_in(&deviation, f64::from(count));
            }
        }
        noise.renew(&factor, 2);
        let Energy { trace, spread } = noise.energy(&factor, 2);
        assert!((trace - 3.0).abs() < 0.1, "{trace}");
        assert!((spread - 10f64.sqrt() / 3.0).abs() < 0.05, "{spread}");
        assert!((noise.along(&[1.0, 1.0]) - 5.0).abs() < 0.2);
    }

    #[test]
    fn noise_that_falls_is_noticed_within_a_stage() {
        let (factor, mut noise) = ([1.0], Noise::default());
        noise.begin(1);
        (2..30).for_each(|count| noise.take_in(&[100.0], f64::from(count)));
        noise.renew(&factor, 1);
        noise.begin_stage();
        for count in 2..5 {
            noise.take_in(&[1.0], f64::from(count));
        }
        noise.renew(&factor, 1);
        assert!(noise.variance(0, 1) < 1.0, "{}", noise.variance(0, 1));
    }

    #[test]
    fn equal_draws_are_no_noise() {
        let mut noise = Noise::default();
        noise.begin(2);
        noise.take_in(&[0.0, 0.0], 2.0);
        noise.renew(&[1.0, 0.0, 0.0, 1.0], 2);
        assert!(noise.is_zero());
        assert_eq!(noise.energy(&[1.0, 0.0, 0.0, 1.0], 2).trace, 0.0);
    }
}
