//! The referee: which of two points is better, by fresh draws between them.

/// The first comparison, in draws of the run; each next one at twice as many.
const FIRST: u64 = 32;
/// Draws of a comparison: this part of all draws, within bounds.
const PART: u64 = 32;
const LEAST: u64 = 4;
const MOST: u64 = 64;
/// Standard errors by which the mean slope must differ from 0. Measured on 137 problems of kinds that
/// it was not made for: 3 and Student's t leave 73 % within twice of the best Adam, 2 leave 78 %.
const EVIDENCE: f64 = 2.0;
/// The foundation's share of the draws at first, beside a model that leads without knowing its
/// Hessian, and beside one that knows it; the model's beside a foundation that leads is the first.
const FIRST_SHARE: f64 = 0.25;
const EVEN_SHARE: f64 = 0.5;
const LEAST_SHARE: f64 = 1.0 / 16.0;

/// Who has the better answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Player {
    Foundation,
    #[default]
    Model,
}

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
/// f(b) - f(a) = integral of g(a + u (b - a)).(b - a) over u from 0 to 1,
/// ```
///
/// at u = (k + 1/2) / K, k = 0 .. K - 1, a fresh draw each: an unbiased estimate up to the rule of
/// the midpoints, with an error bar. It repeats no draw. Where there is no evidence nothing changes.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Referee<F> {
    pub from: Vec<F>,
    pub to: Vec<F>,
    /// Draws so far and to be taken.
    count: u64,
    planned: u64,
    sum: f64,
    squares: f64,
    /// Draws of the run at the next comparison.
    next: u64,
    /// The part of the draws that the foundation gets.
    share: f64,
    pub leader: Player,
}

impl<F: Copy> Referee<F> {
    pub fn begin(&mut self, x: &[F]) {
        self.from = x.to_vec();
        self.to = x.to_vec();
        (self.count, self.planned) = (0, 0);
        (self.next, self.share, self.leader) = (FIRST, FIRST_SHARE, Player::Model);
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
        self.planned = (draw_count / PART).clamp(LEAST, MOST);
        (self.count, self.sum, self.squares) = (0, 0.0, 0.0);
    }

    /// u of the next draw.
    pub fn place(&self) -> f64 {
        (self.count as f64 + 0.5) / self.planned as f64
    }

    /// Takes in g.(b - a).
    pub fn take_in(&mut self, slope: f64) -> Verdict {
        self.count += 1;
        self.sum += slope;
        self.squares += slope * slope;
        if self.count < self.planned { Verdict::Open } else { self.verdict() }
    }

    /// The verdict where the way leads out of the domain: the nearer end is the worse one.
    pub fn nearer_end(&self) -> Verdict {
        if self.place() < 0.5 { Verdict::Better } else { Verdict::Worse }
    }

    fn verdict(&self) -> Verdict {
        let count = self.count as f64;
        let mean = self.sum / count;
        let variance = (self.squares / count - mean * mean).max(0.0) / (count - 1.0);
        let limit = EVIDENCE * variance.sqrt();
        if mean < -limit {
            Verdict::Better
        } else if mean > limit {
            Verdict::Worse
        } else {
            Verdict::Even
        }
    }

    /// Names the leader after the foundation's answer was compared with the model's, and shares the
    /// next draws out. Without evidence a model leads whose Hessian is known, for it reaches the
    /// statistical limit, and else who is ahead by the mean slope.
    pub fn settle(&mut self, winner: Option<Player>, is_model_known: bool) {
        self.leader = match winner {
            Some(winner) => winner,
            None if is_model_known || self.sum < 0.0 => Player::Model,
            None => Player::Foundation,
        };
        self.share = match (self.leader, is_model_known) {
            (Player::Model, true) => LEAST_SHARE,
            (Player::Model, false) => EVEN_SHARE,
            (Player::Foundation, _) => 1.0 - FIRST_SHARE,
        };
    }

    /// Who draws next, after the foundation has had so many of all draws.
    pub fn turn(&self, foundation_count: u64, draw_count: u64) -> Player {
        if (foundation_count as f64) < self.share * draw_count as f64 {
            Player::Foundation
        } else {
            Player::Model
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(slopes: impl Fn(f64) -> f64) -> Verdict {
        let mut referee = Referee::<f64>::default();
        referee.open(320);
        loop {
            let verdict = referee.take_in(slopes(referee.place()));
            if verdict != Verdict::Open {
                return verdict;
            }
        }
    }

    #[test]
    fn the_mean_slope_decides() {
        assert_eq!(compare(|_| -1.0), Verdict::Better);
        assert_eq!(compare(|_| 1.0), Verdict::Worse);
        assert_eq!(compare(|u| u - 0.5), Verdict::Even);
        // down at first, and farther up then
        assert_eq!(compare(|u| if u < 0.2 { -1.0 } else { 10.0 }), Verdict::Worse);
    }

    #[test]
    fn noise_is_no_evidence() {
        assert_eq!(
            compare(|u| if ((u * 10.0) as u64).is_multiple_of(2) { 5.0 } else { -6.0 }),
            Verdict::Even
        );
    }

    #[test]
    fn without_evidence_a_model_leads_that_knows_its_hessian() {
        let mut referee = Referee::begin_at();
        referee.sum = 1.0;
        referee.settle(None, false);
        assert_eq!(referee.leader, Player::Foundation);
        referee.settle(None, true);
        assert_eq!(referee.leader, Player::Model);
        referee.settle(Some(Player::Foundation), true);
        assert_eq!(referee.leader, Player::Foundation);
    }

    #[test]
    fn the_leader_gets_most_draws_and_the_other_some() {
        let mut referee = Referee::begin_at();
        referee.settle(Some(Player::Foundation), true);
        assert_eq!(referee.turn(74, 100), Player::Foundation);
        assert_eq!(referee.turn(75, 100), Player::Model);
        referee.settle(Some(Player::Model), true);
        assert_eq!(referee.turn(6, 100), Player::Foundation);
        assert_eq!(referee.turn(7, 100), Player::Model);
    }

    impl Referee<f64> {
        fn begin_at() -> Self {
            let mut referee = Self::default();
            referee.begin(&[0.0]);
            referee
        }
    }
}
