//! The answer in the noise: the mean of the proposed points, older half beside newer half.

use crate::dense::{multiply, quadratic, subtract};

/// Standard deviations by which the halves may differ. They are compared some hundred times in a
/// run.
const DRIFT: f64 = 5.0;

/// Means of the points z = x - B^-1 m that the stages propose, weighted by their draws.
///
/// On a quadratic with the Hessian B each z is an unbiased estimate of the minimum, wherever x is,
/// and their mean reaches the statistical limit (Polyak and Juditsky 1992). While z still drifts,
/// the older half differs from the newer one by more than noise, and is dropped.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Average {
    older: Vec<f64>,
    older_weight: f64,
    newer: Vec<f64>,
    newer_weight: f64,
    difference: Vec<f64>,
}

impl Average {
    pub fn begin(&mut self, len: usize) {
        let vector = || vec![0.0; len];
        *self = Self { older: vector(), newer: vector(), difference: vector(), ..Self::default() };
    }

    pub fn clear(&mut self) {
        (self.older_weight, self.newer_weight) = (0.0, 0.0);
    }

    /// Draws in the mean.
    pub fn weight(&self) -> f64 {
        self.older_weight + self.newer_weight
    }

    /// Takes in a point that is worth `weight` draws, each with noise of the energy `trace` and its
    /// relative `spread`, in the metric of the Hessian B.
    pub fn take_in(&mut self, point: &[f64], weight: f64, hessian: &[f64], noise: [f64; 2]) {
        let [trace, spread] = noise;
        if self.newer_weight >= self.older_weight {
            self.merge();
        }
        self.newer_weight += weight;
        if self.newer_weight > 0.0 {
            let share = weight / self.newer_weight;
            for (mean, z) in self.newer.iter_mut().zip(point) {
                *mean += share * (z - *mean);
            }
        }
        if self.older_weight > 0.0 {
            subtract(&self.newer, &self.older, &mut self.difference);
            let expected = trace * (self.newer_weight.recip() + self.older_weight.recip());
            if quadratic(hessian, &self.difference) > (1.0 + DRIFT * spread) * expected {
                self.older_weight = 0.0;
            }
        }
    }

    fn merge(&mut self) {
        let weight = self.weight();
        if weight > 0.0 {
            let share = self.newer_weight / weight;
            for (old, new) in self.older.iter_mut().zip(&self.newer) {
                *old += share * (new - *old);
            }
        }
        (self.older_weight, self.newer_weight) = (weight, 0.0);
    }

    /// The mean of all.
    pub fn point(&self, answer: &mut [f64]) {
        let share = if self.older_weight > 0.0 { self.newer_weight / self.weight() } else { 1.0 };
        for ((a, new), old) in answer.iter_mut().zip(&self.newer).zip(&self.older) {
            *a = old + share * (new - old);
        }
    }

    /// The gradient at the mean of all by the newer half, and the variance of its noise in units of
    /// that of a draw; none while there is only one half.
    pub fn gradient(&self, hessian: &[f64], gradient: &mut [f64]) -> Option<f64> {
        if !(self.older_weight > 0.0 && self.newer_weight > 0.0) {
            return None;
        }
        let mut offset = vec![0.0; gradient.len()];
        self.point(&mut offset);
        for (offset, new) in offset.iter_mut().zip(&self.newer) {
            *offset -= new;
        }
        multiply(hessian, &offset, gradient);
        Some(self.newer_weight.recip() - self.weight().recip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_all_points() {
        let mut average = Average::default();
        average.begin(1);
        for k in 1..=10 {
            average.take_in(&[f64::from(k)], 2.0, &[1.0], [100.0, 1.4]);
        }
        let mut answer = [0.0];
        average.point(&mut answer);
        assert!((answer[0] - 5.5).abs() < 1e-12);
        assert_eq!(average.weight(), 20.0);
    }

    #[test]
    fn a_jump_drops_what_is_older() {
        let mut average = Average::default();
        average.begin(1);
        (0..8).for_each(|_| average.take_in(&[1.0], 10.0, &[1.0], [0.1, 1.4]));
        (0..2).for_each(|_| average.take_in(&[5.0], 10.0, &[1.0], [0.1, 1.4]));
        let mut answer = [0.0];
        average.point(&mut answer);
        assert!((answer[0] - 5.0).abs() < 1.0, "{answer:?}");
    }
}
