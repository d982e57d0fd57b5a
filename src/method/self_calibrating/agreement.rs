//! How far draws agree on curvature, and the model with them.

/// Whether two draws agree on the change of the gradient along a step, and how well the model
/// predicted that change. All squares are in units of the noise of a draw.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Agreement {
    /// Steps at which two draws were compared.
    pub comparison_count: u64,
    /// Decaying sums of the cosines between the changes of two draws, and of their weights.
    cosine_sum: f64,
    cosine_weight: f64,
    /// Mean relative square error of the predicted change.
    model_error: f64,
}

/// Sums over the coordinates, each divided by the noise of a draw and by n, with y the change of
/// the gradient at one draw, z that at another, and b the predicted one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ChangeSums {
    /// |y|^2.
    pub square: f64,
    /// |b|^2.
    pub predicted_square: f64,
    /// |y - b|^2.
    pub error_square: f64,
    /// |z|^2 and y.z, where a second draw was looked at.
    pub second: Option<[f64; 2]>,
}

/// Weight of the newest comparison: five of them are the memory.
const WEIGHT: f64 = 0.2;
/// One step's relative error counts at most this much.
const MAX_ERROR: f64 = 100.0;
/// The model is never taken for better than 10 % (1 % of the square).
const MIN_ERROR: f64 = 0.01;
/// Cosine below which the noise of curvature is not told apart any more.
const MIN_COSINE: f64 = 0.01;

impl Default for Agreement {
    fn default() -> Self {
        Self { comparison_count: 0, cosine_sum: 0.0, cosine_weight: 0.0, model_error: 1.0 }
    }
}

impl Agreement {
    /// Takes in one step; returns the cosine between the two draws, 1 where there was one only.
    pub fn record(&mut self, sums: &ChangeSums, has_model: bool) -> f64 {
        let mut cosine = 1.0;
        if let Some([second_square, product]) = sums.second {
            if !has_model {
                (self.cosine_sum, self.cosine_weight) = (0.0, 0.0);
            }
            let squares = sums.square + second_square;
            cosine =
                if squares > 0.0 && squares.is_finite() { 2.0 * product / squares } else { 0.0 };
            if squares > 0.0 {
                self.cosine_sum = (1.0 - WEIGHT) * self.cosine_sum + cosine;
                self.cosine_weight = (1.0 - WEIGHT) * self.cosine_weight + 1.0;
                self.comparison_count += 1;
            }
        }
        if has_model && sums.predicted_square > 0.0 {
            let error = (sums.error_square / sums.predicted_square).min(MAX_ERROR);
            self.model_error += WEIGHT * (error - self.model_error);
        }
        cosine
    }

    /// Variance of the change of the gradient at one draw, over its mean square.
    pub fn curvature_noise(&self) -> f64 {
        if self.cosine_weight == 0.0 {
            return 0.0;
        }
        let cosine = (self.cosine_sum / self.cosine_weight).clamp(MIN_COSINE, 1.0);
        (1.0 - cosine) / cosine
    }

    /// The share of noise in the change of the gradient at one draw, in [0, 1).
    pub fn noise_share(&self) -> f64 {
        let noise = self.curvature_noise();
        noise / (1.0 + noise)
    }

    /// Relative square error of the predicted change.
    pub fn model_error(&self) -> f64 {
        self.model_error.max(MIN_ERROR)
    }
}
