//! The model: a trust-region Newton method whose gradients are means of as many draws as it takes.

mod answer;
mod average;
mod ball;
mod curvature;
mod evidence;
mod face;
mod judge;
mod noise;
mod probe;
mod stage;
mod step;
mod walk;

use crate::dense::subtract;
use crate::dual::DualSolver;
use average::Average;
use ball::Ball;
use curvature::Curvature;
use face::Face;
use noise::Noise;
use probe::Probe;
use stage::Stage;
use step::Step;
use walk::Walk;

/// The radius after a step whose gain fresh draws do not bear out, in lengths of that step (Nocedal and
/// Wright, algorithm 4.1).
const SHRINKAGE: f64 = 0.25;

/// Where the model wants its next gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At x, by a new draw.
    Point,
    /// At x + s, by the draw of the gradient before.
    Probe,
}

/// The step before: what it promised, and what was known where it began.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Previous {
    exists: bool,
    point: Vec<f64>,
    gradient: Vec<f64>,
    /// Draws in the gradient.
    count: f64,
    step: Vec<f64>,
    gain: f64,
    noise: f64,
    is_significant: bool,
    /// Whether the ball kept x from a minimum whose gain stood out of the noise.
    was_short: bool,
}

/// The point x, the stage of draws there, the models of gradient, noise and Hessian, the ball, and the
/// answer. One stage after the other:
///
/// 1. draw gradients at x until the step that they give stands out of their noise, or until they
///    are t^(2/3) of all t draws ([`Stage`]);
/// 2. judge the step before by the mean slopes at both its ends, which are fresh draws, and adapt the
///    radius; learn the Hessian from it ([`Curvature`]); undo it where f has risen;
/// 3. in the noise, learn the Hessian from some of the draws repeated at x + s ([`Probe`]);
/// 4. step to the minimum of the model in the KL ball ([`Step`]), and take it into the mean of such
///    points, which is the answer ([`Average`]).
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Model {
    pub x: Vec<f64>,
    pub ball: Ball,
    face: Face,
    stage: Stage,
    noise: Noise,
    pub curvature: Curvature,
    probe: Probe,
    pub step: Step,
    previous: Previous,
    average: Average,
    /// The foundation's, for the errors of its answer.
    pub walk: Walk,
    /// t.
    draw_count: f64,
    /// The largest coordinate of the first gradient.
    scale: f64,
    /// The answer.
    pub answer: Vec<f64>,
    work: Vec<f64>,
    rejected_count: u32,
}

/// What a gradient did to the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Event {
    /// It is part of a mean.
    Gathered,
    /// x has moved.
    Moved,
}

impl Model {
    /// Starts anew at x, whose coordinates have these units, and stay within bounds, if any.
    pub fn begin(&mut self, x: &[f64], units: &[f64], bounds: Option<[Vec<f64>; 2]>) {
        let len = x.len();
        self.x = x.to_vec();
        self.answer = x.to_vec();
        self.work = vec![0.0; len];
        self.ball.begin(x, units);
        self.face.begin(len, bounds);
        self.stage.begin(len);
        self.noise.begin(len);
        self.curvature.begin(len);
        self.probe.begin(len);
        self.step.begin(len);
        self.average.begin(len);
        self.walk.begin(len);
        self.previous = Previous {
            point: x.to_vec(),
            gradient: vec![0.0; len],
            step: vec![0.0; len],
            ..Previous::default()
        };
        (self.draw_count, self.scale, self.rejected_count) = (0.0, 0.0, 0);
    }

    /// Goes on from a better point.
    pub fn go_to(&mut self, x: &[f64]) {
        let length = self.ball.distance(x, &self.x);
        self.x.copy_from_slice(x);
        self.answer.copy_from_slice(x);
        self.ball.jump(x, length);
        self.average.clear();
        self.previous.exists = false;
        self.probe.cancel();
        self.begin_stage();
    }

    /// Whether the answer is a mean of steps by a B that is the Hessian up to what averaging makes up
    /// for.
    pub fn is_settled(&self) -> bool {
        self.noise.is_zero()
            || self.is_averaged() && !self.step.is_bound() && self.is_hessian_known()
    }

    /// Whether the oracle has shown no noise.
    pub fn is_exact(&self) -> bool {
        self.noise.is_zero()
    }

    pub fn asks(&self) -> Place {
        if self.probe.wants_change() { Place::Probe } else { Place::Point }
    }

    /// x + s.
    pub fn probe_point(&self, i: usize) -> f64 {
        self.x[i] + self.probe.step[i]
    }

    /// Takes in the gradient that was asked for; `round` rounds to the floats of the run.
    pub fn tell(
        &mut self,
        gradient: &[f64],
        dual: &impl DualSolver,
        round: fn(f64) -> f64,
    ) -> Event {
        self.draw_count += 1.0;
        if self.scale == 0.0 {
            self.scale = gradient.iter().fold(0.0, |scale, g| f64::max(scale, g.abs()));
        }
        if self.probe.wants_change() {
            self.probe.take_change(gradient, &mut self.curvature);
            if !self.probe.is_active() {
                // with the Hessian that the probes have taught
                self.choose(dual);
            }
        } else {
            self.stage.take_in(gradient, &mut self.noise);
            if self.stage.count == 1.0 {
                self.take_into_answer();
            }
            if self.probe.is_active() {
                self.probe.take_base(gradient);
                return Event::Gathered;
            }
            if !self.is_enough(dual) {
                return Event::Gathered;
            }
            self.stage.length = self.stage.count;
            self.judge(round);
            self.choose(dual);
            self.answer_by_point();
            self.plan_probes();
        }
        if self.probe.is_active() {
            self.probe.aim(&self.curvature, &self.noise);
            self.keep_probe_inside();
            return Event::Gathered;
        }
        self.advance(round);
        Event::Moved
    }

    /// A gradient could not be used at a point that x has stepped to: the point is outside of the
    /// domain.
    pub fn retreat(&mut self, dual: &impl DualSolver, round: fn(f64) -> f64) {
        self.probe.cancel();
        if self.previous.exists && self.stage.count == 0.0 {
            let length = self.ball.distance(&self.x, &self.previous.point);
            self.ball.radius = SHRINKAGE * length;
            self.undo();
            // the proposed points may lie outside, too
            self.average.clear();
            self.answer.copy_from_slice(&self.x);
            self.choose(dual);
            self.advance(round);
        }
    }

    /// A draw was broken: its probe cannot go on.
    pub fn lose(&mut self) {
        self.probe.forget_base();
    }

    /// The stage is over where its step stands out of the noise, or where it has its share of all
    /// draws.
    fn is_enough(&mut self, dual: &impl DualSolver) -> bool {
        if self.noise.is_zero() {
            return self.stage.count >= self.stage.least();
        }
        if !self.stage.is_time_to_look() {
            return false;
        }
        self.noise.renew(&self.step.factor, self.x.len());
        self.choose(dual);
        self.step.is_significant(stage::SIGNIFICANCE)
            || self.is_short()
            || self.stage.is_full(self.draw_count)
    }

    fn plan_probes(&mut self) {
        let is_noisy = self.step.noise > 0.0 && self.step.gain < probe::NOISY * self.step.noise;
        if self.curvature.is_known && self.rejected_count == 0 && is_noisy {
            let variance = self.curvature.relative_variance(&self.noise);
            let draws = [self.stage.length, self.draw_count];
            self.probe.plan(draws, 2.0 * self.step.noise, variance);
        }
    }

    /// Moves x by the step that was chosen.
    fn advance(&mut self, round: fn(f64) -> f64) {
        let is_significant = self.step.is_significant(stage::SIGNIFICANCE);
        let was_short = self.step.is_bound() && (is_significant || self.is_short());
        let previous = &mut self.previous;
        previous.point.copy_from_slice(&self.x);
        previous.gradient.copy_from_slice(&self.stage.mean);
        previous.count = self.stage.count;
        for i in 0..self.x.len() {
            self.x[i] = self.clip(i, round(self.x[i] + self.step.vector[i]));
        }
        let previous = &mut self.previous;
        subtract(&self.x, &previous.point, &mut previous.step);
        previous.gain = self.step.gain.max(f64::MIN_POSITIVE);
        previous.noise = self.step.noise;
        previous.is_significant = is_significant;
        previous.was_short = was_short;
        previous.exists = true;
        self.begin_stage();
    }

    fn begin_stage(&mut self) {
        self.noise.begin_stage();
        // equal draws may be chance: each time that the draws have doubled, one point is looked at twice
        let doubling = |count: f64| count.max(1.0).log2().floor();
        let is_check = doubling(self.draw_count) > doubling(self.draw_count - self.stage.length);
        self.stage.next(self.noise.is_zero() && !is_check);
    }
}
