//! Errors of the foundation's answer without a Hessian: by random scaling.

use crate::kernel::zip_map_sum;
use crate::method::Evidence;
use crate::param::Scalar;

/// Steps before the first look, and the draws from one look to the next: a look costs a pass, so that 20 of them in
/// each e-fold are free.
const FIRST: u64 = 16;
const SPACING: f64 = 1.05;
/// Weights t^6 for each unit of ln t: the start of an average with weights t^2 is forgotten as t^-3, its square as
/// t^-6, so that the path of a run that has just arrived is not taken for noise.
const EXPONENT: f64 = 6.0;
/// The square of the error such that 1.96 of it hold x* with a probability of 95 %, and the variance of a, in mean
/// squares of the path, for averages with weights t and t^2: from 20000 simulated Brownian paths.
const QUANTILES: [f64; 2] = [4.29, 2.62];
const VARIANCES: [f64; 2] = [2.36, 1.66];

/// Random scaling (Lee, Liao, Seo and Shin 2022): the path of the average a_t says how uncertain its end is.
///
/// ```text
/// se_i^2 = c Q_i,    Q_i = sum_k w_k (a_k - a)_i^2 / sum_k w_k
/// ```
///
/// Averages of stochastic gradients follow a Brownian path, scaled by H^-1 S H^-1 (Polyak and Juditsky 1992), so that the
/// distribution of (a - x*)_i^2 / Q_i is known, whatever H and S are. Nothing is said of a direction in which
/// the run is still slow: its path is not one of noise, and x* may be beyond it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct RandomScaling<F> {
    /// Mean and standard deviation of the averages at the looks, by their weights.
    mean: Vec<F>,
    deviation: Vec<F>,
    /// Steps at the last look, and at the next.
    last: u64,
    next: u64,
}

impl<F: Scalar> RandomScaling<F> {
    pub fn begin(&mut self, len: usize) {
        for values in [&mut self.mean, &mut self.deviation] {
            values.clear();
            values.resize(len, F::zero());
        }
        (self.last, self.next) = (0, FIRST);
    }

    /// Looks at the average after so many steps, where it is time to.
    pub fn take_in(&mut self, average: &[F], count: u64) {
        if count < self.next {
            return;
        }
        let old = (self.last as f64 / count as f64).powf(EXPONENT);
        let [kept, new] = [old, 1.0 - old].map(|part| F::from_f64_lossy(part.sqrt()));
        let share = F::from_f64_lossy(1.0 - old);
        zip_map_sum([average], [&mut self.mean, &mut self.deviation], move |[a], [mean, dev]| {
            let distance = a - mean;
            ([mean + share * distance, kept * length(dev, new * distance)], [])
        });
        (self.last, self.next) = (count, (SPACING * count as f64).ceil() as u64);
    }

    /// Q after so many steps, of the average a; none while there are few looks.
    fn squares(&self, average: &[F], count: f64) -> Option<impl Iterator<Item = f64>> {
        let age = (self.last as f64 / count).powf(EXPONENT);
        let square = move |((a, mean), dev): ((&F, &F), &F)| {
            let [a, mean, dev] = [a, mean, dev].map(|value| value.to_f64_exact());
            age * (dev * dev + (a - mean) * (a - mean))
        };
        let squares = average.iter().zip(&self.mean).zip(&self.deviation).map(square);
        (self.last > 2 * FIRST).then_some(squares)
    }

    /// The errors of the average a with weights t^p after so many steps, whatever the Hessian.
    pub fn evidence(&self, average: &[F], count: f64, exponent: f64) -> Evidence {
        let mut evidence = Evidence::unknown(average.len());
        if let Some(squares) = self.squares(average, count) {
            let factor = between(QUANTILES, exponent);
            evidence.variance = squares.map(|square| factor * square).collect();
            evidence.averaged = Some(1.0);
            evidence.effective_draws = count;
        }
        evidence
    }

    /// By how much the path is wider than a model of the Hessian says, with these variances of a: on average over the
    /// coordinates, and at least 1.
    pub fn excess(&self, average: &[F], count: f64, exponent: f64, variance: &[f64]) -> f64 {
        let Some(squares) = self.squares(average, count) else {
            return 1.0;
        };
        let known = squares.zip(variance).filter(|(_, v)| **v > 0.0 && v.is_finite());
        let (mut sum, mut len) = (0.0, 0.0);
        for (square, variance) in known {
            sum += square / variance;
            len += 1.0;
        }
        let excess = between(VARIANCES, exponent) * sum / f64::max(len, 1.0);
        if excess.is_finite() { excess.max(1.0) } else { f64::MAX }
    }
}

/// sqrt(a^2 + b^2) without overflow, in instructions that the compiler makes vectors of.
#[inline(always)]
fn length<F: Scalar>(a: F, b: F) -> F {
    let (a, b) = (a.abs(), b.abs());
    let [larger, smaller] = if a > b { [a, b] } else { [b, a] };
    let ratio = smaller / larger;
    let length = larger * (F::one() + ratio * ratio).sqrt();
    if larger > F::zero() { length } else { F::zero() }
}

/// Between the values for weights t and t^2, for weights t^p.
fn between([linear, square]: [f64; 2], exponent: f64) -> f64 {
    linear + (exponent - 1.0) * (square - linear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;
    use rand_distr::{Distribution, StandardNormal};

    /// Averages of independent noise, one coordinate a run of its own: the part whose intervals hold 0, after
    /// so many steps.
    fn coverage(steps: u64, exponent: impl Fn(f64) -> f64, quantile: f64) -> f64 {
        const LEN: usize = 4000;
        let mut rng = Draw::new(3, 1).rng();
        let mut scaling = RandomScaling::<f32>::default();
        scaling.begin(LEN);
        let mut average = vec![0f32; LEN];
        for t in 1..=steps {
            let p = exponent(t as f64);
            let share = ((p + 1.0) / (p + t as f64)) as f32;
            for a in &mut average {
                let noise: f32 = StandardNormal.sample(&mut rng);
                *a += share * (noise - *a);
            }
            scaling.take_in(&average, t);
        }
        let evidence = scaling.evidence(&average, steps as f64, exponent(steps as f64));
        let is_within =
            |(a, variance): &(&f32, &f64)| f64::from(a.abs()) <= quantile * variance.sqrt();
        let count = average.iter().zip(&evidence.variance).filter(is_within).count();
        count as f64 / LEN as f64
    }

    #[test]
    fn intervals_of_noise_hold_its_mean() {
        // 3.5 standard deviations of a part of 4000 are 0.012
        for (steps, exponent) in [(400, 2.0), (1000, 1.0), (1030, 1.0), (1000, 1.5)] {
            let part = coverage(steps, |_| exponent, 1.96);
            assert!((0.935..0.965).contains(&part), "{steps} steps, p = {exponent}: {part}");
        }
        let part = coverage(3000, |t| (1.0 + 20.0 / t.sqrt()).min(2.0), 1.96);
        assert!((0.935..0.965).contains(&part), "{part}");
    }

    #[test]
    fn a_mean_that_moves_on_has_an_error_of_the_size_of_its_way() {
        // a = 1 / t about 0: 2.07 sqrt(6 (1/4 - 2/5 + 1/6)) of it by the integral
        let mut scaling = RandomScaling::<f64>::default();
        scaling.begin(1);
        let mut average = [0.0];
        for t in 1..=1000u64 {
            average[0] = (t as f64).recip();
            scaling.take_in(&average, t);
        }
        let error = scaling.evidence(&average, 1000.0, 1.0).variance[0].sqrt();
        assert!((error / average[0] / 0.64 - 1.0).abs() < 0.1, "{error}");
        // four times the variance that a model says
        let said = [0.25 * scaling.squares(&average, 1000.0).unwrap().sum::<f64>() * 2.36];
        assert!((scaling.excess(&average, 1000.0, 1.0, &said) - 4.0).abs() < 1e-9);
        assert_eq!(scaling.excess(&average, 1000.0, 1.0, &[1e3]), 1.0);
    }

    #[test]
    fn tiny_and_huge_coordinates_have_errors_in_their_own_units() {
        let mut scaling = RandomScaling::<f32>::default();
        scaling.begin(2);
        let path = |t: u64| [1e-30 * (t % 7) as f32, 1e30 * (t % 7) as f32];
        (1..=200).for_each(|t| scaling.take_in(&path(t), t));
        let variance = scaling.evidence(&path(200), 200.0, 2.0).variance;
        assert!((variance[1].sqrt() / variance[0].sqrt() / 1e60 - 1.0).abs() < 1e-3);
    }
}
