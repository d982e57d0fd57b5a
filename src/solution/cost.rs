//! The cost of the recommended point, as a run keeps it.

use crate::oracle::{Draw, StochasticCost, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{CostFunction, Error, Problem};

/// Where the cost of the recommended point comes from, on an oracle of the type `O`: nowhere (`()`),
/// [`FilteredCost`] or [`ExactCost`].
pub trait CostSource<O: StochasticGradient>: private::Sealed {
    /// Whether there is a cost.
    #[doc(hidden)]
    const IS_KEPT: bool = true;

    /// Starts anew.
    #[doc(hidden)]
    fn reset(&mut self);

    /// Cost and standard error at `best`, where it is time to look; `draw` is new.
    #[doc(hidden)]
    fn cost(
        &mut self,
        problem: &mut Problem<O>,
        best: &O::Param,
        draw: Draw,
    ) -> Result<Option<[f64; 2]>, Error>;
}

mod private {
    /// Sources of costs are those of this crate.
    pub trait Sealed {}
}

/// A source of costs, and its last cost.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct KeptCost<C> {
    source: C,
    /// The least cost that was announced as the best, and the last one with its error.
    best: Option<f64>,
    last: Option<[f64; 2]>,
}

/// The cost of the recommended point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CostReport {
    /// In units of f.
    pub value: f64,
    /// Standard error; 0 for an exact cost.
    pub error: f64,
    /// Whether it is below the best one so far, by more than its error.
    pub is_new_best: bool,
}

impl<C> KeptCost<C> {
    pub fn new(source: C) -> Self {
        Self { source, best: None, last: None }
    }

    /// The standard error of the last cost; infinite before the first one.
    pub fn error(&self) -> f64 {
        self.last.map_or(f64::INFINITY, |[_, error]| error)
    }

    /// Starts anew.
    pub fn reset<O>(&mut self)
    where
        O: StochasticGradient,
        C: CostSource<O>,
    {
        self.source.reset();
        (self.best, self.last) = (None, None);
    }

    /// Looks at the recommended point at a draw of costs, one for each draw of the gradient and
    /// independent of it, for the point follows the gradients.
    pub fn update<O>(
        &mut self,
        problem: &mut Problem<O>,
        best: &O::Param,
        draw: Draw,
    ) -> Result<Option<CostReport>, Error>
    where
        O: StochasticGradient,
        C: CostSource<O>,
    {
        let mut is_new_best = false;
        if let Some([value, error]) = self.source.cost(problem, best, draw.stream(COST_STREAM))? {
            is_new_best = self.best.is_none_or(|best| value + error < best);
            if is_new_best {
                self.best = Some(value);
            }
            self.last = Some([value, error]);
        }
        Ok(self.last.map(|[value, error]| CostReport { value, error, is_new_best }))
    }
}

impl private::Sealed for () {}

impl<O: StochasticGradient> CostSource<O> for () {
    const IS_KEPT: bool = false;

    fn reset(&mut self) {}

    fn cost(
        &mut self,
        _problem: &mut Problem<O>,
        _best: &O::Param,
        _draw: Draw,
    ) -> Result<Option<[f64; 2]>, Error> {
        Ok(None)
    }
}

/// Separates the draws of costs from those of gradients.
const COST_STREAM: u64 = 0x636f_7374;
/// Costs before the first report.
const LEAST_COSTS: u64 = 20;
/// Weight of the newest innovation in the noise of a cost.
const NOISE_WEIGHT: f64 = 0.05;

/// The cost of the recommended point, estimated by an unbiased filter of drawn costs; its equations are in
/// [`Arturo::with_filtered_cost`](crate::Arturo::with_filtered_cost).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(serialize = "P: serde::Serialize", deserialize = "P: serde::Deserialize<'de>"))
)]
pub struct FilteredCost<P> {
    mean: f64,
    /// v, the variance of the mean over that of a drawn cost.
    variance: f64,
    /// R, the variance of a drawn cost.
    noise: f64,
    count: u64,
    /// The recommended point before.
    point: Option<P>,
}

impl<P> Default for FilteredCost<P> {
    fn default() -> Self {
        Self { mean: 0.0, variance: 1.0, noise: 0.0, count: 0, point: None }
    }
}

impl<P> FilteredCost<P> {
    /// Takes in the cost at the point, and by how much it is above that at the point before.
    fn update(&mut self, cost: f64, change: f64) {
        self.count += 1;
        if self.count == 1 {
            self.mean = cost;
            return;
        }
        let innovation = cost - (self.mean + change);
        if self.count == 2 {
            self.noise = 0.5 * innovation * innovation;
        }
        let added = if self.noise > 0.0 { change * change / self.noise } else { 0.0 };
        // never more certain than the mean of all, and finite
        let variance = (self.variance + added).clamp(1.0 / (self.count - 1) as f64, 1e6);
        let gain = variance / (1.0 + variance);
        self.mean += change + gain * innovation;
        self.variance = gain;
        let weight = NOISE_WEIGHT.max(1.0 / (self.count - 1) as f64);
        self.noise += weight * (innovation * innovation / (1.0 + variance) - self.noise);
    }
}

impl<P> private::Sealed for FilteredCost<P> {}

impl<O, P> CostSource<O> for FilteredCost<P>
where
    O: StochasticGradient<Param = P> + StochasticCost<Param = P>,
    P: ParamVec,
{
    fn reset(&mut self) {
        *self = Self::default();
    }

    fn cost(
        &mut self,
        problem: &mut Problem<O>,
        best: &P,
        draw: Draw,
    ) -> Result<Option<[f64; 2]>, Error> {
        let mut drawn = |x: &P| -> Result<f64, Error> {
            let cost =
                problem.problem("stochastic_cost_count", |oracle| oracle.stochastic_cost(x, draw));
            match cost {
                Err(_) if draw.is_skippable() => Ok(f64::NAN),
                cost => Ok(cost?.to_f64_exact()),
            }
        };
        let cost = drawn(best)?;
        let change = match &mut self.point {
            Some(point) if point.as_coordinates()? == best.as_coordinates()? => 0.0,
            Some(point) => {
                let before = drawn(point)?;
                point.as_coordinates_mut()?.copy_from_slice(best.as_coordinates()?);
                cost - before
            }
            None => {
                self.point = Some(best.clone());
                0.0
            }
        };
        // a cost outside of the domain is no news of the one inside
        if cost.is_finite() && change.is_finite() {
            self.update(cost, change);
        }
        let error = (self.variance * self.noise).sqrt();
        Ok((self.count >= LEAST_COSTS).then_some([self.mean, error]))
    }
}

/// The exact cost of the recommended point, evaluated at every k-th iteration, and counted by argmin
/// as `cost_count`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct ExactCost {
    pub(crate) interval: u64,
    pub(crate) iteration: u64,
}

impl private::Sealed for ExactCost {}

impl<O> CostSource<O> for ExactCost
where
    O: StochasticGradient<Param: ParamVec>
        + CostFunction<
            Param = <O as StochasticGradient>::Param,
            Output = <<O as StochasticGradient>::Param as ParamVec>::Scalar,
        >,
{
    fn reset(&mut self) {
        self.iteration = 0;
    }

    fn cost(
        &mut self,
        problem: &mut Problem<O>,
        best: &<O as StochasticGradient>::Param,
        draw: Draw,
    ) -> Result<Option<[f64; 2]>, Error> {
        self.iteration += 1;
        if !self.iteration.is_multiple_of(self.interval) {
            return Ok(None);
        }
        match problem.cost(best) {
            Err(_) if draw.is_skippable() => Ok(None),
            cost => Ok(Some([cost?.to_f64_exact(), 0.0])),
        }
    }
}
