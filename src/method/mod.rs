//! The methods: from a drawn gradient to a step.

mod ask_tell;
mod evidence;
mod refereed;
mod trust_region;

pub use crate::run::Ask;
pub use ask_tell::AskTell;
pub(crate) use evidence::{Evidence, Progress};
pub use refereed::Refereed;
pub use trust_region::TrustRegion;

use crate::averaging::Averaging;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::ParamVec;
use crate::run::Point;
use crate::schedule::KlSchedule;
use crate::settings::NonFinite;
use argmin::core::{Error, Problem};

/// The part of [`Arturo`](crate::Arturo) that differs between its methods.
pub trait Method<F>: private::Sealed {
    /// eta of the last step; 0 where the bound was inactive, and before the first step.
    fn multiplier(&self) -> f64;

    /// The precision p of the belief. Empty before a run.
    fn precision(&self) -> &[F];

    /// The diagonal of the model's Hessian. Empty before a run.
    fn curvature(&self) -> &[F];

    /// R, the variance of each coordinate of a drawn gradient. Empty where not estimated.
    #[doc(hidden)]
    fn noise(&self) -> &[F];

    /// The lower and the upper bounds of x, if any.
    #[doc(hidden)]
    fn bounds(&self) -> Option<[&[F]; 2]> {
        None
    }

    /// The knowledge about the distance of the recommended point from the minimum, if any.
    #[doc(hidden)]
    fn evidence(&self, best: &[F], draw_count: u64) -> Option<Evidence>;
}

/// A method that works on oracles of the type `O`.
pub trait Iterate<O>: Method<<O::Param as ParamVec>::Scalar>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    #[doc(hidden)]
    fn reset(&mut self, len: usize);

    /// Dimension of the run; 0 before one.
    #[doc(hidden)]
    fn dimension(&self) -> usize;

    /// Whether a run can start at x.
    #[doc(hidden)]
    fn check_start(&self, _x: &[<O::Param as ParamVec>::Scalar]) -> Result<(), Error> {
        Ok(())
    }

    /// Whether `tell` draws further gradients.
    #[doc(hidden)]
    const DRAWS_MORE: bool;

    /// Writes into `point` where the next gradient is to be drawn.
    #[doc(hidden)]
    fn ask(&mut self, point: &mut Point<O::Param>, run: &Run) -> Result<Ask, Error>;

    /// Processes the gradient that was asked for, which is in `point`. A refused gradient changes nothing.
    #[doc(hidden)]
    fn tell(
        &mut self,
        problem: &mut Problem<O>,
        point: &mut Point<O::Param>,
        run: &mut Run,
        ask: Ask,
    ) -> Result<Report, Error>;
}

pub(crate) mod private {
    /// Methods are those of this crate.
    pub trait Sealed {}
}

/// The settings and counts that all methods share over a run.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[doc(hidden)]
pub struct Run {
    pub(crate) seed: u64,
    pub(crate) schedule: KlSchedule,
    pub(crate) averaging: Averaging,
    pub(crate) non_finite: NonFinite,
    pub(crate) draw_count: u64,
    pub(crate) skipped_draw_count: u64,
}

impl Run {
    /// The draw that no gradient has seen yet: the n-th gradient of a run draws index n.
    pub(crate) fn fresh_draw(&self) -> Draw {
        self.draw(self.draw_count)
    }

    pub(crate) fn draw(&self, index: u64) -> Draw {
        Draw::new(self.seed, index).skippable(self.non_finite == NonFinite::Skip)
    }
}

/// The step that an iteration took; all 0 where it took none.
#[derive(Clone, Copy, Debug, Default)]
#[doc(hidden)]
pub struct Report {
    /// The bound on KL, in nats.
    pub(crate) bound: f64,
    /// KL of the step, in nats.
    pub(crate) kl: f64,
    pub(crate) multiplier: f64,
    /// Evaluations of the dual that chose the step.
    pub(crate) dual_evaluations: u32,
    /// |d|, in units of x.
    pub(crate) step_norm: f64,
}
