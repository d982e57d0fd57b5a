//! Means and variances of the segments of a path.

use crate::kernel::zip_map_sum;
use crate::param::Scalar;

/// The path in 4 to 8 segments of equal length: where the eighth is full, neighbours are merged and
/// the length doubles, so that all of a run of any length fits into 16 arrays.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Segments<F> {
    segments: Vec<Segment<F>>,
    /// Segments in use; the last one may be on the way.
    used: usize,
    /// Points of a full segment.
    length: u64,
}

/// Welford's mean and sum of squares about it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Segment<F> {
    count: u64,
    mean: Vec<F>,
    squares: Vec<F>,
}

const SEGMENTS: usize = 8;
/// Points of a segment at first.
const FIRST_LENGTH: u64 = 8;

impl<F: Scalar> Segments<F> {
    /// Starts anew in n dimensions.
    pub fn reset(&mut self, len: usize) {
        let zeros = || vec![F::zero(); len];
        let segment = || Segment { count: 0, mean: zeros(), squares: zeros() };
        self.segments = std::iter::repeat_with(segment).take(SEGMENTS).collect();
        self.used = 0;
        self.length = FIRST_LENGTH;
    }

    /// Takes in a point of the path.
    pub fn record(&mut self, x: &[F]) {
        if self.used == 0 || self.segments[self.used - 1].count == self.length {
            if self.used == SEGMENTS {
                self.merge();
            }
            self.segments[self.used].clear();
            self.used += 1;
        }
        self.segments[self.used - 1].record(x);
    }

    fn merge(&mut self) {
        for k in 0..SEGMENTS / 2 {
            let (first, second) = self.segments.split_at_mut(2 * k + 1);
            first[2 * k].merge(&second[0]);
            self.segments.swap(k, 2 * k);
        }
        self.used = SEGMENTS / 2;
        self.length *= 2;
    }

    /// R-hat of each coordinate over the full segments; none before there are four.
    pub fn r_hat(&self) -> Option<Vec<f64>> {
        let full = self.segments[..self.used].iter().filter(|s| s.count == self.length);
        let full: Vec<_> = full.collect();
        if full.len() < SEGMENTS / 2 {
            return None;
        }
        let (m, length) = (full.len() as f64, self.length as f64);
        let r_hat = |i: usize| {
            let means = full.iter().map(|s| s.mean[i].to_f64_exact());
            let mean = means.clone().sum::<f64>() / m;
            let between = means.map(|x| (x - mean).powi(2)).sum::<f64>() / (m - 1.0);
            let within = full.iter().map(|s| s.squares[i].to_f64_exact()).sum::<f64>()
                / (m * (length - 1.0));
            if between == 0.0 {
                1.0
            } else {
                // a path that jumps between segments only has no spread within
                ((length - 1.0) / length + between / within.max(f64::MIN_POSITIVE)).sqrt()
            }
        };
        Some((0..full[0].mean.len()).map(r_hat).collect())
    }
}

impl<F: Scalar> Segment<F> {
    fn clear(&mut self) {
        self.count = 0;
        self.mean.fill(F::zero());
        self.squares.fill(F::zero());
    }

    fn record(&mut self, x: &[F]) {
        self.count += 1;
        let weight = F::from_f64_lossy(1.0 / self.count as f64);
        zip_map_sum([x], [&mut self.mean, &mut self.squares], |[x], [mean, squares]| {
            let new = mean + weight * (x - mean);
            ([new, squares + (x - mean) * (x - new)], [])
        });
    }

    /// Joins a segment of the same length.
    fn merge(&mut self, other: &Self) {
        let half = F::from_f64_lossy(0.5);
        let pooled = F::from_f64_lossy(0.5 * self.count as f64);
        zip_map_sum(
            [&other.mean[..], &other.squares],
            [&mut self.mean, &mut self.squares],
            |[b, b_squares], [a, squares]| {
                let gap = b - a;
                ([a + half * gap, squares + b_squares + pooled * gap * gap], [])
            },
        );
        self.count += other.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn r_hat_is_1_for_a_stationary_path_and_large_for_a_trend() {
        let mut segments = Segments::<f64>::default();
        segments.reset(2);
        let mut rng = crate::Draw::new(3, 0).rng();
        for t in 0..1000 {
            segments.record(&[rng.random(), f64::from(t)]);
            assert!(segments.segments.iter().map(|s| s.count).sum::<u64>() <= 1001);
        }
        let r_hat = segments.r_hat().unwrap();
        // 7 segments of 128: chance alone gives 1 + 1/(2 128) on average
        assert!(r_hat[0] < 1.03 && r_hat[1] > 5.0, "{r_hat:?}");
    }

    #[test]
    fn merged_segments_have_the_moments_of_all_their_points() {
        let mut segments = Segments::<f64>::default();
        segments.reset(1);
        let path: Vec<f64> = (0..72).map(|t| f64::from(t * t % 37)).collect();
        path.iter().for_each(|&x| segments.record(&[x]));
        let first = &segments.segments[1];
        let points = &path[16..32];
        let mean = points.iter().sum::<f64>() / 16.0;
        let squares: f64 = points.iter().map(|x| (x - mean).powi(2)).sum();
        assert!(first.count == 16 && (first.mean[0] - mean).abs() < 1e-12);
        assert!((first.squares[0] / squares - 1.0).abs() < 1e-12);
    }
}
