//! The referee: which of two points is better, by fresh draws between them.

use std::f64::consts::PI;

/// The first comparison, in draws of the run; each next one at twice as many.
const FIRST: u64 = 64;
/// Draws of a comparison: this part of all draws, and no fewer than tell their own noise.
const PART: u64 = 32;
const LEAST: u64 = 8;
/// Standard errors by which the mean slope must differ from 0, and what few draws add to them: about
/// Student's quantile at 97.7 %.
const EVIDENCE: f64 = 2.0;
const SMALL_SAMPLE: f64 = 2.0;
/// Components sin(j pi v) of the slopes up to this one are integrated exactly, as by Fejer's rule.
const EXACT_COMPONENTS: u32 = 11;
/// The variance of the p-th difference of independent slopes, in variances of one: (2p)! / (p!)^2.
const DIFFERENCE_VARIANCES: [f64; ORDERS] = [2.0, 6.0, 20.0, 70.0];
/// Orders p of the differences that show the noise of the slopes.
const ORDERS: usize = 4;
/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// More draws are asked for.
    Open,
    /// f(b) < f(a), beyond chance.
    Better,
    /// f(b) > f(a), beyond chance.
    Worse,
    /// No evidence.
    Even,
}

/// Compares f(a) with f(b) by the line integral of drawn gradients,
///
/// ```text
/// f(b) - f(a) = integral of g(a + u (b - a)).(b - a) over u from 0 to 1,  u = sin^2(pi v / 2),
/// ```
///
/// at v = (k + 1/2) / K, k = 0 .. K - 1, a fresh draw each. The points are dense near both ends, where
/// a narrow valley would be missed. They are Chebyshev's, so that a slope which is a polynomial of u is
/// integrated exactly (Fejer 1933). The error is that of systematic samples: by differences of neighbours
/// (Wolter 2007), so that a slope that changes along the line is not taken for noise. Differences of a
/// higher order see less of a smooth change, and more of a kink; the order with the least error counts. It
/// repeats no draw.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Referee<F> {
    pub from: Vec<F>,
    pub to: Vec<F>,
    /// Draws so far and to be taken.
    count: u64,
    planned: u64,
    sum: f64,
    /// The last slope and its differences of all orders but the highest, and sums of squared differences.
    last: [f64; ORDERS],
    squares: [f64; ORDERS],
    /// Draws of the run at the next comparison.
    next: u64,
}

impl<F: Copy> Referee<F> {
    pub fn begin(&mut self, x: &[F]) {
        self.from = x.to_vec();
        self.to = x.to_vec();
        (self.count, self.planned) = (0, 0);
        self.next = FIRST;
    }

    pub fn is_due(&self, draw_count: u64) -> bool {
        draw_count >= self.next
    }

    /// The next comparisons are at twice as many draws.
    pub fn adjourn(&mut self, draw_count: u64) {
        self.next = 2 * draw_count;
    }

    /// Begins to compare `from` with `to`.
    pub fn open(&mut self, draw_count: u64) {
        self.planned = (draw_count / PART).max(LEAST);
        (self.count, self.sum, self.squares) = (0, 0.0, [0.0; ORDERS]);
    }

    /// v of the next draw, as an angle.
    fn angle(&self) -> f64 {
        PI * (self.count as f64 + 0.5) / self.planned as f64
    }

    /// u of the next draw.
    pub fn place(&self) -> f64 {
        (0.5 * self.angle()).sin().powi(2)
    }

    /// The weight of the next slope in the integral: 1 but for what the midpoint rule makes of the first
    /// components.
    fn weight(&self) -> f64 {
        let (planned, angle) = (self.planned as f64, self.angle());
        let components = (1..=EXACT_COMPONENTS).step_by(2).map(f64::from);
        let excess = components.take_while(|j| *j < planned).map(|j| {
            let sum = (planned * (0.5 * PI * j / planned).sin()).recip();
            (sum - 2.0 / (PI * j)) * (j * angle).sin()
        });
        1.0 - 2.0 * excess.sum::<f64>()
    }

    /// Takes in g.(b - a).
    pub fn take_in(&mut self, slope: f64) -> Verdict {
        // times du/dv
        let slope = 0.5 * PI * self.angle().sin() * slope;
        self.sum += self.weight() * slope;
        let mut difference = slope;
        for (order, last) in self.last.iter_mut().enumerate() {
            difference -= std::mem::replace(last, difference);
            if self.count > order as u64 {
                self.squares[order] += difference * difference;
            }
        }
        self.count += 1;
        if self.count < self.planned { Verdict::Open } else { self.verdict() }
    }

    fn verdict(&self) -> Verdict {
        let count = self.count as f64;
        let mean = self.sum / count;
        let limit = |order: usize| {
            let freedom = count - 1.0 - order as f64;
            let variance = self.squares[order] / (DIFFERENCE_VARIANCES[order] * freedom * count);
            EVIDENCE * (1.0 + SMALL_SAMPLE / freedom) * variance.sqrt()
        };
        let limit = (0..ORDERS).map(limit).fold(f64::INFINITY, f64::min);
        if mean < -limit {
            Verdict::Better
        } else if mean > limit {
            Verdict::Worse
        } else {
            Verdict::Even
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(draw_count: u64, slopes: impl Fn(f64) -> f64) -> Verdict {
        let mut referee = Referee::<f64>::default();
        referee.open(draw_count);
        loop {
            let verdict = referee.take_in(slopes(referee.place()));
            if verdict != Verdict::Open {
                return verdict;
            }
        }
    }

    #[test]
    fn the_mean_slope_decides() {
        assert_eq!(compare(320, |_| -1.0), Verdict::Better);
        assert_eq!(compare(320, |_| 1.0), Verdict::Worse);
        assert_eq!(compare(320, |u| u - 0.5), Verdict::Even);
        // down at first, and farther up then
        assert_eq!(compare(3200, |u| if u < 0.2 { -1.0 } else { 10.0 }), Verdict::Worse);
    }

    #[test]
    fn a_narrow_valley_at_an_end_is_seen() {
        assert_eq!(compare(3200, |u| if u > 0.99 { -1e3 } else { 1.0 }), Verdict::Better);
    }

    #[test]
    fn polynomials_are_integrated_exactly() {
        for draws in [64, 1000, 100_000] {
            let mut referee = Referee::<f64>::default();
            referee.open(draws);
            // the integral of 8 u^7 - 3 u^2
            while referee.take_in(8.0 * referee.place().powi(7) - 3.0 * referee.place().powi(2))
                == Verdict::Open
            {}
            assert!((referee.sum / referee.count as f64).abs() < 1e-12, "{}", referee.sum);
        }
    }

    #[test]
    fn a_ridge_between_two_points_is_no_noise() {
        // over a ridge of height 1, and down by 1e-3 in all
        let slope = |u: f64| 32.0 * u * (1.0 - u) * (1.0 - 2.0 * u) - 1e-3;
        assert_eq!(compare(1600, slope), Verdict::Better);
    }

    #[test]
    fn noise_is_no_evidence() {
        let slope = |u: f64| if ((u * 10.0) as u64).is_multiple_of(2) { 5.0 } else { -6.0 };
        assert_eq!(compare(320, slope), Verdict::Even);
    }
}
