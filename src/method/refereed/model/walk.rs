//! What the foundation's draws tell of its answer.

use crate::dense::subtract;

/// Draws from one look for a change to the next.
const SPACING: f64 = 1.02;

/// What the lag of the walk behind the minimum adds to the noise of its gradient.
const LAG: f64 = 2.0;

/// Means over draws.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Half {
    point: Vec<f64>,
    gradient: Vec<f64>,
    count: f64,
}

impl Half {
    /// The gradient at x.
    fn gradient(&self, hessian: &[f64], x: &[f64], gradient: &mut [f64]) {
        let rows = hessian.chunks_exact(x.len());
        for ((g, mean), row) in gradient.iter_mut().zip(&self.gradient).zip(rows) {
            let offsets = row.iter().zip(x).zip(&self.point).map(|((h, x), p)| h * (x - p));
            *g = mean + offsets.sum::<f64>();
        }
    }
}

/// Means of the foundation's points and of the gradients drawn there, by halves: each is as long as all
/// that was before it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Walk {
    newer: Half,
    older: Half,
    /// Draws before the newer half.
    before: f64,
    next_look: f64,
}

impl Walk {
    pub fn begin(&mut self, len: usize) {
        let half = || Half { point: vec![0.0; len], gradient: vec![0.0; len], count: 0.0 };
        *self = Self { newer: half(), older: half(), before: 0.0, next_look: 0.0 };
    }

    /// The walk begins anew.
    pub fn clear(&mut self) {
        (self.newer.count, self.older.count) = (0.0, 0.0);
        (self.before, self.next_look) = (0.0, 0.0);
    }

    pub fn take_in(&mut self, point: &[f64], gradient: &[f64]) {
        if self.newer.count >= self.before.max(1.0) {
            std::mem::swap(&mut self.newer, &mut self.older);
            self.before += self.older.count;
            self.newer.count = 0.0;
        }
        let newer = &mut self.newer;
        newer.count += 1.0;
        for (mean, x) in newer.point.iter_mut().zip(point) {
            *mean += (x - *mean) / newer.count;
        }
        for (mean, g) in newer.gradient.iter_mut().zip(gradient) {
            *mean += (g - *mean) / newer.count;
        }
    }

    fn has_halves(&self) -> bool {
        self.older.count >= 2.0 && self.newer.count >= 2.0
    }

    /// Draws of the walk.
    pub fn count(&self) -> f64 {
        self.before + self.newer.count
    }

    /// The mean gradient of the newer half, and its draws.
    pub fn mean_gradient(&self) -> (&[f64], f64) {
        (&self.newer.gradient, self.newer.count)
    }

    /// Whether it is time to look for a change, some 35 times in each doubling.
    pub fn is_time_to_look(&mut self) -> bool {
        let all = self.count();
        let is_time = all >= self.next_look;
        if is_time {
            self.next_look = (SPACING * all).ceil();
        }
        is_time
    }

    /// What the newer half says of the gradient, less what the older one says, and the variance of its noise
    /// in units of that of a draw. None while draws are few.
    pub fn change(&self, hessian: &[f64], change: &mut [f64]) -> Option<f64> {
        if !self.has_halves() {
            return None;
        }
        self.newer.gradient(hessian, &self.older.point, change);
        change.iter_mut().zip(&self.older.gradient).for_each(|(new, old)| *new -= old);
        Some(self.newer.count.recip() + self.older.count.recip())
    }

    /// The way from the mean point of the older half to that of the newer one.
    pub fn way(&self, way: &mut [f64]) {
        subtract(&self.newer.point, &self.older.point, way);
    }

    /// The gradient at the answer, the mean of the walk with weights t^p, by the newer draws; the variance
    /// of its noise at a minimum, and that of the answer's, in units of that of a draw. None while draws
    /// are few.
    ///
    /// At a minimum H (a - x*) is the noise of the gradients with the weights of the answer, so that most
    /// of it cancels.
    pub fn gradient(
        &self,
        exponent: f64,
        hessian: &[f64],
        answer: &[f64],
        gradient: &mut [f64],
    ) -> Option<[f64; 2]> {
        if !self.has_halves() {
            return None;
        }
        self.newer.gradient(hessian, answer, gradient);
        let (all, power) = (self.count(), exponent + 1.0);
        let variance = power * power / (2.0 * exponent + 1.0) / all;
        let shared = 1.0 - (self.before / all).powf(power);
        Some([LAG * (variance + (1.0 - 2.0 * shared) / self.newer.count), variance])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn the_newer_draws_tell_the_gradient_at_the_answer() {
        // f = 2 (x - 3)^2
        let mut walk = Walk::default();
        walk.begin(1);
        for t in 1..=100 {
            let x = 3.0 + 10.0 / f64::from(t);
            walk.take_in(&[x], &[4.0 * (x - 3.0)]);
        }
        let mut gradient = [0.0];
        assert!(walk.gradient(2.0, &[4.0], &[5.0], &mut gradient).is_some());
        assert!((gradient[0] - 8.0).abs() < 1e-9, "{gradient:?}");
        assert!(walk.change(&[4.0], &mut gradient).is_some());
        assert!(gradient[0].abs() < 1e-9, "{gradient:?}");
        walk.clear();
        assert!(walk.gradient(2.0, &[4.0], &[5.0], &mut gradient).is_none());
    }

    #[test]
    fn the_noise_that_answer_and_gradient_share_cancels() {
        // H = 1, x* = 0, and the answer is less the mean of the noise with weights t^2
        let mut rng = Draw::new(7, 1).rng();
        let (mut squares, mut stated) = (0.0, [0.0; 2]);
        const RUNS: usize = 400;
        for _ in 0..RUNS {
            let mut walk = Walk::default();
            walk.begin(1);
            let mut answer = 0.0;
            for t in 1..=100 {
                let noise: f64 = StandardNormal.sample(&mut rng);
                walk.take_in(&[0.0], &[noise]);
                answer -= 3.0 / (2.0 + f64::from(t)) * (noise + answer);
            }
            let mut gradient = [0.0];
            stated = walk.gradient(2.0, &[1.0], &[answer], &mut gradient).unwrap();
            squares += gradient[0] * gradient[0] / RUNS as f64;
        }
        assert!((LAG * squares / stated[0] - 1.0).abs() < 0.25, "{squares} is not {stated:?}");
    }
}
