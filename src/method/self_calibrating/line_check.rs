//! A guard against ending above the start, under noise.

use crate::kernel::zip_map_sum;
use crate::param::Scalar;

/// Estimates f(answer) - f(start) as the mean of g.(answer - start) over draws at points between
/// them, at 128, 256, 512, ... draws of the run: 3 % of all.
///
/// The points lie at t = s^4 of the way from the start, s by the midpoint rule: where f can rise,
/// it often does so at once. On 448 problems (5 seeds) 2 have a seed that ends above the start; with
/// 8 equal distances, and a standard error granted to the answer, 6 have.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct LineCheck {
    next: u64,
    taken: u32,
    sum: f64,
}

/// Points of the midpoint rule on the line.
const POINTS: u32 = 16;
/// p of the points t = s^p.
const GRADING: i32 = 4;
const FIRST: u64 = 128;

impl Default for LineCheck {
    fn default() -> Self {
        Self { next: FIRST, taken: 0, sum: 0.0 }
    }
}

impl LineCheck {
    pub fn is_due(&self, draw_count: u64) -> bool {
        draw_count >= self.next
    }

    /// Writes the next point to look at.
    pub fn place<F: Scalar>(&self, [start, answer]: [&[F]; 2], point: &mut [F]) {
        let share = F::from_f64_lossy(self.abscissa().powi(GRADING));
        zip_map_sum([start, answer], [point], |[a, b], [_]| ([a + share * (b - a)], []));
    }

    /// s of the next point.
    fn abscissa(&self) -> f64 {
        (f64::from(self.taken) + 0.5) / f64::from(POINTS)
    }

    /// Takes in the gradient drawn there. Once all points are seen: whether the answer lies above
    /// the start.
    pub fn record<F: Scalar>(
        &mut self,
        [start, answer]: [&[F]; 2],
        gradient: &[F],
    ) -> Option<bool> {
        let [slope] =
            zip_map_sum([start, answer, gradient], [], |[a, b, g], []| ([], [g * (b - a)]));
        // dt = p s^(p-1) ds
        self.sum += f64::from(GRADING) * self.abscissa().powi(GRADING - 1) * slope;
        self.taken += 1;
        if self.taken < POINTS {
            return None;
        }
        let rise = self.sum;
        self.restart();
        Some(!rise.is_finite() || rise > 0.0)
    }

    /// Gives up this check, or ends it: the next is due after as many draws again.
    pub fn restart(&mut self) {
        *self = Self { next: 2 * self.next, ..Self::default() };
    }
}
