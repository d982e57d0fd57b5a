//! How far off an answer may be by chance or by rounding.

use crate::problem::Problem;

impl Problem {
    /// A gap that many draws leave by chance: ten times the statistical limit tr(H^-1 S) / (2 draws),
    /// and no more than the regret of a gradient method that knows the start's distance D and the
    /// size G of its gradients, D G / sqrt(draws).
    pub fn chance(&self, draws: f64) -> f64 {
        let distance = self.squared_start_distance().sqrt();
        let regret = self.amplitude * distance * (self.squared_slope() / draws).sqrt();
        let limit = self.shape.curvature().map(|curvature| {
            let term = |j: usize| self.slope_variance(j) / (self.weight[j] * curvature);
            10.0 * self.amplitude * (0..self.active()).map(term).sum::<f64>() / (2.0 * draws)
        });
        match limit {
            Some(limit) if distance > 0.0 => limit.min(regret),
            Some(limit) => limit,
            // a kink has no limit, and a start at it no regret
            None => regret.max(self.amplitude * (self.squared_slope() / draws).sqrt()),
        }
    }

    /// How far off, in units of x, a coordinate is by chance.
    pub fn chance_distance(&self, draws: f64) -> f64 {
        let curvature = self.shape.curvature().unwrap_or(1.0);
        let error =
            |j: usize| self.slope_variance(j).sqrt() / (self.weight[j] * curvature) / draws.sqrt();
        (0..self.active()).map(error).fold(0.0, f64::max)
    }

    /// A gap that rounding leaves.
    pub fn rounding(&self) -> f64 {
        let offset = (0..self.active()).map(|i| (self.center[i] / self.unit[i]).abs());
        let resolution = 10.0 * self.epsilon() * (1.0 + offset.fold(0.0, f64::max));
        let term = |weight: &f64| weight * self.shape.value(resolution).max(1e-14);
        self.amplitude * self.weight.iter().map(term).sum::<f64>()
    }

    /// An error of coordinate i that rounding leaves, in units of x.
    pub fn resolution(&self, i: usize) -> f64 {
        let start = (self.start[i] - self.center[i]).abs();
        1e2 * self.epsilon() * self.center[i].abs() + 1e-6 * start
    }

    fn epsilon(&self) -> f64 {
        if self.single { f64::from(f32::EPSILON) } else { f64::EPSILON }
    }

    fn squared_start_distance(&self) -> f64 {
        let minimizer = self.minimizer();
        let distance = |i: usize| (self.start[i] - minimizer[i]) / self.unit[i];
        (0..self.active()).map(|i| distance(i).powi(2)).sum()
    }

    /// The mean square norm of a drawn slope, at most, over the amplitude squared.
    fn squared_slope(&self) -> f64 {
        let slope = self.largest_slope_at_start();
        (0..self.active()).map(|j| slope.powi(2) + self.slope_variance(j)).sum()
    }
}
