//! How far the noise of the draws spreads the answer.

use crate::kernel::zip_map_sum;
use crate::param::Scalar;

/// Running moments of the residuals e = g - m of the draws, for the standard error of the answer.
///
/// In noise x follows the zero of m, so x - x* = -H^-1 (m - grad f), of covariance
/// var H^-1 Cov H^-1 with the covariance Cov of a draw and `var` of the filter. A residual over
/// sqrt(1 - gain) is a sample of Cov, and u = B^-1 e one of B^-1 Cov B^-1: a mean of u_i^2 is the
/// variance of coordinate i, correlations of the noise and of the model included.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Spread<F> {
    /// Mean of u_i^2 where the step is not bound by the ball.
    pub squares: Vec<F>,
    /// Mean of e_i / sqrt(R_i): 0 but for chance where the model predicts the gradient.
    residual: Vec<F>,
    /// Draws in `squares`.
    pub count: u64,
    residual_count: u64,
    /// Means of e'B^-1 e and of its square.
    pub trace: f64,
    trace_square: f64,
    /// Decrease of f that the steps promised, each weighted by (draws then / draws now)^p.
    decrease: f64,
    last_move: u64,
    /// The largest coordinate of the first gradients.
    pub scale: f64,
}

/// Weight of the newest sample: 100 of them are the memory, which gives a standard error to 7 %.
const WEIGHT: f64 = 0.02;
/// While the memory fills, the newest quarter has most of the weight, as the first models are poor.
const FRESH: f64 = 4.0;

/// p of the weights of promised decreases: what happened before the last half counts for little.
const RECENT: i32 = 4;

fn weight(count: u64) -> f64 {
    (FRESH / (count as f64 + FRESH - 1.0)).max(WEIGHT)
}

impl<F: Scalar> Spread<F> {
    /// Starts anew in n dimensions.
    pub fn reset(&mut self, len: usize) {
        *self = Self {
            squares: vec![F::zero(); len],
            residual: vec![F::zero(); len],
            ..Self::default()
        };
    }

    /// Takes the largest coordinate of the first gradients.
    pub fn begin(&mut self, scale: f64) {
        self.scale = scale;
    }

    /// Takes in the residual of a draw with (B + eta P)^-1 of it; `sample` is their inner product,
    /// `gain` the weight that the draw has had in m.
    pub fn record(
        &mut self,
        [gradient, mean, noise, inverse]: [&[F]; 4],
        multiplier: f64,
        sample: f64,
        gain: f64,
    ) {
        self.record_residual([gradient, mean, noise], gain);
        if multiplier > 0.0 {
            return; // the inverse is not that of B
        }
        self.count += 1;
        let weight = weight(self.count);
        let share = 1.0 / (1.0 - gain);
        let sample = sample * share;
        self.trace += weight * (sample - self.trace);
        self.trace_square += weight * (sample * sample - self.trace_square);
        let (weight, share) = (F::from_f64_lossy(weight), F::from_f64_lossy(share));
        zip_map_sum([inverse], [&mut self.squares], |[u], [s]| {
            ([s + weight * ((share * u * u).min(F::max_value()) - s)], [])
        });
    }

    fn record_residual(&mut self, vectors: [&[F]; 3], gain: f64) {
        self.residual_count += 1;
        let weight = F::from_f64_lossy(WEIGHT.max(1.0 / self.residual_count as f64));
        let share = F::from_f64_lossy((1.0 - gain).sqrt().recip());
        let least = F::min_positive_value();
        zip_map_sum(vectors, [&mut self.residual], |[g, m, r], [e]| {
            ([e + weight * (share * (g - m) / r.max(least).sqrt() - e)], [])
        });
    }

    /// Takes in a step that promised a change of f, at this number of draws.
    pub fn moved(&mut self, change: f64, draw_count: u64) {
        self.decrease = self.decayed(draw_count) - change.min(0.0);
        self.last_move = draw_count;
    }

    /// What remains to gain, by the decrease of f that the last steps promised, if f approaches its
    /// minimum as c / draws, which both noise and slow convergence make it do: then a draw j brings
    /// c / j^2, and the weighted sum c / draws / (p - 1).
    pub fn recent_decrease(&self, draw_count: u64) -> f64 {
        f64::from(RECENT - 1) * self.decayed(draw_count)
    }

    fn decayed(&self, draw_count: u64) -> f64 {
        self.decrease * (self.last_move as f64 / draw_count as f64).powi(RECENT)
    }

    /// Standard deviation of e'B^-1 e.
    pub fn trace_deviation(&self) -> f64 {
        (self.trace_square - self.trace * self.trace).max(0.0).sqrt()
    }

    /// By how many standard deviations the mean residuals are larger than chance makes them: a
    /// mean of chi-square, over the coordinates.
    pub fn bias(&self) -> f64 {
        let [square] = zip_map_sum([&self.residual], [], |[e], []| ([], [e * e]));
        let count = self.residual.len() as f64;
        let draws = (self.residual_count as f64).min(2.0 / WEIGHT - 1.0);
        (square * draws / count - 1.0) / (2.0 / count).sqrt()
    }
}
