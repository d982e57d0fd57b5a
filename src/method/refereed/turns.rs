//! Who draws next, and who leads.

/// The model's share of the draws: at first, after it was found to be better, and at least. It halves
/// each time that it is not found to be better.
const FIRST_SHARE: f64 = 0.5;
const LEADING_SHARE: f64 = 0.75;
const LEAST_SHARE: f64 = 1.0 / 16.0;
/// The least share while the errors of the foundation's answer wait for the Hessian.
const ERROR_SHARE: f64 = 0.25;
/// The same without noise.
const EXACT_SHARE: f64 = 15.0 / 16.0;

/// Draws by which a turn may come early or late, and the golden ratio, whose multiples are the least periodic.
const JITTER: f64 = 4.0;
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Who has an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Player {
    Foundation,
    Model,
}

/// The draws of foundation and model take turns, by the part that the comparisons give the model.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Turns {
    /// The part of the draws that the model gets.
    share: f64,
    /// Who was found to be better at the last comparison.
    winner: Option<Player>,
    /// Steps of the foundation since the last comparison, and the draws of the run there.
    walk_count: u64,
    begin: u64,
}

impl Turns {
    pub fn begin(&mut self) {
        *self = Self { share: FIRST_SHARE, ..Self::default() };
    }

    /// Counts anew, after a comparison.
    pub fn begin_round(&mut self, draw_count: u64) {
        (self.walk_count, self.begin) = (0, draw_count);
    }

    /// Who has the better answer. Without evidence it is the foundation, for it needs no model of f;
    /// but without noise the model, for its steps lower f.
    pub fn leader(&self, is_exact: bool) -> Player {
        let default = if is_exact { Player::Model } else { Player::Foundation };
        self.winner.unwrap_or(default)
    }

    /// Shares the next draws out, after the foundation's answer was compared with the model's. An answer at rest
    /// whose errors wait for the Hessian can spare more of them.
    pub fn settle(&mut self, winner: Option<Player>, errors_wait: bool) {
        self.winner = winner;
        let least = if errors_wait { ERROR_SHARE } else { LEAST_SHARE };
        self.share = match winner {
            Some(Player::Model) => LEADING_SHARE,
            _ => (0.5 * self.share).max(least),
        };
    }

    /// The part of the draws that the model gets: most of them without noise, and no fewer than at first while
    /// it knows the Hessian and is kept from the minimum by its ball alone.
    fn share(&self, is_exact: bool, is_on_its_way: bool) -> f64 {
        if is_exact {
            EXACT_SHARE
        } else if is_on_its_way {
            self.share.max(FIRST_SHARE)
        } else {
            self.share
        }
    }

    /// Who takes the next draw. The turns follow no period, lest draws that come in turn, as batches one after the
    /// other, go to one of the two.
    pub fn take(&mut self, draw_count: u64, is_exact: bool, is_on_its_way: bool) -> Player {
        let draws = (draw_count - self.begin) as f64;
        let jitter = JITTER * ((draws * GOLDEN).fract() - 0.5);
        let walks = (1.0 - self.share(is_exact, is_on_its_way)) * draws + jitter;
        if (self.walk_count as f64) < walks {
            self.walk_count += 1;
            Player::Foundation
        } else {
            Player::Model
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_evidence_the_foundation_leads_in_noise() {
        let mut turns = Turns::default();
        turns.begin();
        assert_eq!(turns.leader(false), Player::Foundation);
        assert_eq!(turns.leader(true), Player::Model);
        turns.settle(Some(Player::Foundation), false);
        assert_eq!(turns.leader(true), Player::Foundation);
    }

    #[test]
    fn a_model_that_leads_gets_most_draws_and_one_that_does_not_ever_fewer() {
        let mut turns = Turns::default();
        turns.begin();
        let walks = |turns: &Turns| {
            let mut turns = turns.clone();
            turns.begin_round(0);
            (0..1000).filter(|draw| turns.take(*draw, false, false) == Player::Foundation).count()
        };
        assert!((495..=505).contains(&walks(&turns)));
        turns.settle(Some(Player::Model), false);
        assert!((245..=255).contains(&walks(&turns)));
        (0..10).for_each(|_| turns.settle(None, false));
        assert!((932..=942).contains(&walks(&turns)));
    }

    #[test]
    fn turns_have_no_period() {
        let mut turns = Turns::default();
        turns.begin();
        let walks = |draw: &u64| turns.take(*draw, false, false) == Player::Foundation;
        let walks: Vec<u64> = (0..1000).filter(walks).collect();
        let even = walks.iter().filter(|draw| draw.is_multiple_of(2)).count();
        assert!((200..300).contains(&even), "{even} of {} at even draws", walks.len());
    }
}
