//! The draws at one point.

use super::noise::Noise;

/// Standard deviations by which a predicted gain must exceed what noise makes of it, for a stage to
/// end early. It is looked at some ten times a stage.
pub(in crate::method::refereed) const SIGNIFICANCE: f64 = 4.0;
/// A stage is full at t^p of t draws: the gain t^-p of averaged stochastic approximation, p between
/// 1/2 and 1 (Polyak and Juditsky 1992).
const FULL: f64 = 2.0 / 3.0;
/// A stage has at least this part of the one before, lest chance end many in a row.
const FALL: f64 = 0.5;
/// The draws from one look to the next.
const SPACING: f64 = 1.3;

/// A mean gradient.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Stage {
    pub mean: Vec<f64>,
    /// Draws in the mean.
    pub count: f64,
    /// Draws until the stage was over; those of probes come on top.
    pub length: f64,
    next_look: f64,
    deviation: Vec<f64>,
}

impl Stage {
    pub fn begin(&mut self, len: usize) {
        *self = Self {
            mean: vec![0.0; len],
            deviation: vec![0.0; len],
            // two draws tell whether there is noise
            next_look: 2.0,
            ..Self::default()
        };
    }

    /// The next stage, of a single draw where that is exact.
    pub fn next(&mut self, is_exact: bool) {
        let least = if is_exact { 1.0 } else { 2.0 };
        self.next_look = (FALL * self.length).ceil().max(least);
        self.mean.fill(0.0);
        self.count = 0.0;
    }

    /// Takes up an earlier stage again.
    pub fn resume(&mut self, mean: &[f64], count: f64) {
        self.mean.copy_from_slice(mean);
        self.count = count;
    }

    /// Draws before the first look.
    pub fn least(&self) -> f64 {
        self.next_look
    }

    pub fn take_in(&mut self, gradient: &[f64], noise: &mut Noise) {
        self.count += 1.0;
        for ((d, g), m) in self.deviation.iter_mut().zip(gradient).zip(&mut self.mean) {
            *d = g - *m;
            *m += *d / self.count;
        }
        if self.count > 1.0 {
            noise.take_in(&self.deviation, self.count);
        }
    }

    pub fn is_time_to_look(&mut self) -> bool {
        let is_time = self.count >= self.next_look;
        if is_time {
            self.next_look = (SPACING * self.count).ceil();
        }
        is_time
    }

    pub fn is_full(&self, draw_count: f64) -> bool {
        self.count >= draw_count.powf(FULL)
    }
}
