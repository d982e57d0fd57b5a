//! What is asked for next, and who is told.

use super::model::{Event, Place};
use super::referee::Verdict;
use super::turns::Player;
use super::verdicts::{nearest, write};
use super::{Refereed, Views};
use crate::averaging::Averaging;
use crate::dual::DualSolver;
use crate::method::{Report, Run};
use crate::param::{ParamVec, Scalar};
use crate::run::NAME;
use crate::run::Point;
use argmin::core::Error;

/// What the next gradient is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Agenda {
    /// A step of the foundation.
    #[default]
    Walk,
    /// A gradient for the model.
    Model,
    /// The two answers are compared.
    Rivals,
    /// The better one is compared with the incumbent.
    Incumbent,
    /// The draw that was not finite elsewhere, at the start: is it broken, or the point outside?
    Recheck { index: u64, of: Asker },
}

/// Who has asked for a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Asker {
    Foundation,
    Model,
    Rivals,
    Incumbent,
}

impl<F: Scalar, D: DualSolver> Refereed<F, D> {
    /// The point of the next gradient.
    pub(super) fn write_place(&self, x: &mut [F]) {
        match self.agenda {
            Agenda::Walk => x.copy_from_slice(&self.points.walker),
            Agenda::Recheck { .. } => write(x, &self.model.ball.start),
            Agenda::Rivals | Agenda::Incumbent => {
                let u = F::from_f64_lossy(self.referee.place());
                for ((x, a), b) in x.iter_mut().zip(&self.referee.from).zip(&self.referee.to) {
                    *x = *a + u * (*b - *a);
                }
            }
            Agenda::Model => {
                let is_probe = self.model.asks() == Place::Probe;
                for (i, x) in x.iter_mut().enumerate() {
                    let place = if is_probe { self.model.probe_point(i) } else { self.model.x[i] };
                    *x = nearest(place);
                }
            }
        }
        self.clip(x);
    }

    /// Gives the gradient, with this sum of |g| over the coordinates in their units, to the part that has asked for it.
    pub(super) fn take_in<P: ParamVec<Scalar = F>>(
        &mut self,
        point: &mut Point<P>,
        slope: f64,
        run: &Run,
    ) -> Result<Report, Error> {
        let gradient = point.gradient.as_coordinates()?;
        match self.agenda {
            Agenda::Walk if self.has_model() => {
                let Views { gradient: exact_gradient, place, .. } = &mut self.views;
                copy(exact_gradient, gradient);
                copy(place, &self.points.walker);
                let step_norm = self.foundation.step(
                    &mut self.points.walker,
                    &mut self.points.average,
                    (gradient, slope),
                    self.settings.bounds.as_ref(),
                );
                // a cliff is no place to learn from
                if step_norm.is_some() {
                    self.model.walk.take_in(&self.views.place, &self.views.gradient);
                    self.forget_contradicted();
                }
                Ok(Report { step_norm: step_norm.unwrap_or(0.0), ..Report::default() })
            }
            Agenda::Walk => {
                let x = point.param.as_coordinates_mut()?;
                let average = point.best.as_coordinates_mut()?;
                let bounds = self.settings.bounds.as_ref();
                let step_norm = self.foundation.step(x, average, (gradient, slope), bounds);
                Ok(Report { step_norm: step_norm.unwrap_or(0.0), ..Report::default() })
            }
            Agenda::Model => {
                copy(&mut self.views.gradient, gradient);
                let event = self.model.tell(&self.views.gradient, &self.dual, round::<F>);
                if event == Event::Gathered {
                    return Ok(Report::default());
                }
                self.show();
                Ok(self.report())
            }
            Agenda::Rivals | Agenda::Incumbent => {
                let difference = self.referee.to.iter().zip(&self.referee.from);
                let slope = difference
                    .zip(gradient)
                    .map(|((b, a), g)| (*b - *a).to_f64_exact() * g.to_f64_exact())
                    .sum();
                let verdict = self.referee.take_in(slope);
                self.rule(verdict, run.draw_count);
                Ok(Report::default())
            }
            Agenda::Recheck { of, .. } => {
                // the draw is sound: the point was outside of the domain
                match of {
                    Asker::Model => self.model.retreat(&self.dual, round::<F>),
                    Asker::Foundation if self.has_model() => {
                        self.foundation.retreat(&mut self.points.walker, &self.points.average);
                    }
                    Asker::Foundation => {
                        let average = point.best.as_coordinates()?;
                        self.foundation.retreat(point.param.as_coordinates_mut()?, average);
                    }
                    // `from` is a mean of points inside of the domain, or was confirmed
                    Asker::Rivals | Asker::Incumbent => {
                        self.agenda =
                            if of == Asker::Rivals { Agenda::Rivals } else { Agenda::Incumbent };
                        self.rule(Verdict::Worse, run.draw_count);
                    }
                }
                Ok(Report::default())
            }
        }
    }

    /// Decides what the next gradient is for, and writes the answer.
    pub(super) fn plan<P: ParamVec<Scalar = F>>(
        &mut self,
        point: &mut Point<P>,
        run: &Run,
    ) -> Result<(), Error> {
        let is_last = run.averaging == Averaging::None;
        if !self.has_model() {
            self.agenda = Agenda::Walk;
            if is_last {
                let x = point.param.as_coordinates()?;
                point.best.as_coordinates_mut()?.copy_from_slice(x);
            }
            return Ok(());
        }
        if !matches!(self.agenda, Agenda::Rivals | Agenda::Incumbent) {
            self.agenda = if self.model.asks() == Place::Probe {
                Agenda::Model
            } else if self.referee.is_due(run.draw_count) {
                self.compare_rivals(run.draw_count)
            } else {
                let is_on_its_way = self.model.is_on_its_way();
                match self.turns.take(run.draw_count, self.model.is_exact(), is_on_its_way) {
                    Player::Foundation => Agenda::Walk,
                    Player::Model => Agenda::Model,
                }
            };
        }
        let answer = point.best.as_coordinates_mut()?;
        if is_last {
            self.write_last(answer)
        } else {
            self.write_answer(answer)
        }
        Ok(())
    }

    /// A gradient that could not be used: the same draw at the start says whether the draw is broken
    /// or the point outside of the domain.
    pub(super) fn lose<P: ParamVec<Scalar = F>>(
        &mut self,
        point: &mut Point<P>,
        index: u64,
        run: &mut Run,
    ) -> Result<Report, Error> {
        if let Agenda::Recheck { index, .. } = self.agenda {
            // an error where the draw is not to be skipped, before anything has changed
            point.accepts(NAME, run.draw(index), run.non_finite)?;
        }
        run.draw_count += 1;
        let of = match self.agenda {
            Agenda::Walk => Asker::Foundation,
            Agenda::Model => Asker::Model,
            Agenda::Rivals => Asker::Rivals,
            Agenda::Incumbent => Asker::Incumbent,
            Agenda::Recheck { of, .. } => {
                run.skipped_draw_count += 1;
                match of {
                    Asker::Model => self.model.lose(),
                    Asker::Rivals => self.agenda = Agenda::Rivals,
                    Asker::Incumbent => self.agenda = Agenda::Incumbent,
                    Asker::Foundation => {}
                }
                self.plan(point, run)?;
                return Ok(Report::default());
            }
        };
        self.agenda = Agenda::Recheck { index, of };
        Ok(Report::default())
    }
}

/// Writes `from` in 64 bits.
pub(super) fn copy<F: Scalar>(to: &mut [f64], from: &[F]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from.to_f64_exact());
}

/// The nearest float of the run that is finite.
fn round<F: Scalar>(x: f64) -> f64 {
    nearest::<F>(x).to_f64_exact()
}
