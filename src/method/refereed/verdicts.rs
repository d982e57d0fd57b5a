//! What follows from the referee's verdicts: who leads, and who goes on from where.

use super::agenda::copy;
use super::referee::Verdict;
use super::turns::Player;
use super::{Agenda, Refereed};
use crate::dual::DualSolver;
use crate::param::Scalar;

impl<F: Scalar, D> Refereed<F, D> {
    pub(super) fn leader(&self) -> Player {
        self.turns.leader(self.model.is_exact())
    }

    /// Means leave the box by rounding.
    pub(super) fn clip(&self, x: &mut [F]) {
        if let Some(bounds) = &self.settings.bounds {
            bounds.clip_all(x);
        }
    }

    /// Writes the foundation's answer: its mean, on the bounds that hold it.
    pub(super) fn write_mean(&self, answer: &mut [F]) {
        answer.copy_from_slice(&self.points.average);
        if self.settings.bounds.is_some() {
            for (i, x) in answer.iter_mut().enumerate() {
                if let Some(bound) = self.model.holding_bound(i, x.to_f64_exact()) {
                    *x = nearest(bound);
                }
            }
        }
    }
}

impl<F: Scalar, D: DualSolver> Refereed<F, D> {
    /// Writes the leader's answer.
    pub(super) fn write_answer(&self, answer: &mut [F]) {
        match self.leader() {
            Player::Foundation => self.write_mean(answer),
            Player::Model => write(answer, &self.model.answer),
        }
        self.clip(answer);
    }

    /// Writes the leader's last point, for those who want no average.
    pub(super) fn write_last(&self, answer: &mut [F]) {
        match self.leader() {
            Player::Foundation => answer.copy_from_slice(&self.points.walker),
            Player::Model => write(answer, &self.model.x),
        }
    }

    /// From the foundation's answer to the model's.
    pub(super) fn compare_rivals(&mut self, draw_count: u64) -> Agenda {
        let mut from = std::mem::take(&mut self.referee.from);
        self.write_mean(&mut from);
        self.referee.from = from;
        write(&mut self.referee.to, &self.model.answer);
        self.referee.open(draw_count);
        Agenda::Rivals
    }

    /// Does what the referee says.
    pub(super) fn rule(&mut self, verdict: Verdict, draw_count: u64) {
        if verdict == Verdict::Open {
            return;
        }
        if self.agenda == Agenda::Rivals {
            let winner = match verdict {
                Verdict::Better => Some(Player::Model),
                Verdict::Worse => Some(Player::Foundation),
                _ => None,
            };
            let errors_wait =
                winner != Some(Player::Model) && self.model.do_errors_wait(draw_count);
            self.turns.settle(winner, errors_wait);
            match winner {
                Some(Player::Model) => {
                    write(&mut self.points.average, &self.model.answer);
                    self.restart_foundation();
                }
                // a settled model comes to the minimum from where it is
                Some(Player::Foundation) if !self.model.is_settled() => self.restart_model(),
                _ => {}
            }
            self.compare_incumbent(draw_count);
        } else {
            match verdict {
                Verdict::Worse => {
                    self.points.average.copy_from_slice(&self.points.incumbent);
                    self.restart_model();
                    self.restart_foundation();
                }
                Verdict::Better => self.points.incumbent.copy_from_slice(&self.referee.to),
                // the point of comparison stays, lest losses too small to be seen add up
                _ => {}
            }
            self.referee.adjourn(draw_count);
            self.turns.begin_round(draw_count);
            self.agenda = Agenda::Model;
        }
    }

    /// From the incumbent to the leader's answer.
    fn compare_incumbent(&mut self, draw_count: u64) {
        let mut to = std::mem::take(&mut self.referee.to);
        self.write_answer(&mut to);
        self.referee.to = to;
        self.referee.from.copy_from_slice(&self.points.incumbent);
        self.referee.open(draw_count);
        self.agenda = Agenda::Incumbent;
    }

    /// The foundation's average begins anew where its draws contradict each other: f changes in time.
    pub(super) fn forget_contradicted(&mut self) {
        if self.model.has_changed() {
            self.foundation.forget(&self.points.walker, &mut self.points.average);
            self.model.walk.clear();
        }
    }

    /// The foundation begins anew at its answer.
    fn restart_foundation(&mut self) {
        self.points.walker.copy_from_slice(&self.points.average);
        self.foundation.restart(&self.points.average, self.model.ball.reach);
        self.model.walk.clear();
    }

    /// The model goes on from the foundation's answer.
    fn restart_model(&mut self) {
        copy(&mut self.views.place, &self.points.average);
        self.model.go_to(&self.views.place);
        self.show();
    }
}

/// Writes `from` in the floats of the run.
pub(super) fn write<F: Scalar>(to: &mut [F], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = nearest(*from);
    }
}

/// The nearest float that is finite.
pub(super) fn nearest<F: Scalar>(x: f64) -> F {
    F::from_f64_lossy(x).max(-F::max_value()).min(F::max_value())
}
