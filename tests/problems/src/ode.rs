//! Least-squares fits of differential equations to time series, in log-parameters.
//!
//! - `lotka_volterra`: hare u and lynx v, thousand pelts of the Hudson's Bay Company 1900 to
//!   1920 (Hewitt 1921, Howard 2009): `u' = (alpha - beta v) u`, `v' = (-gamma + delta u) v`,
//!   time in years; F = sum of squared differences of the logarithms of both series, 21 years.
//!   Coordinates: logarithms of alpha, beta, gamma, delta, u(0), v(0).
//! - `sir`: influenza in a boarding school of 763 boys, 1978: `S' = -beta S I / 763`,
//!   `I' = beta S I / 763 - gamma I`, S(0) = 762, I(0) = 1, time in days; F = sum over days 1
//!   to 14 of (I - boys in bed) squared, in boys squared. Coordinates: logarithms of beta, gamma.
//!
//! A draw sees a few times chosen without replacement. Gradients come from the sensitivity
//! equations, integrated along by DOP853; where that fails F is infinite.

use crate::data::column;
use crate::dual::{Dual, variables};
use crate::{Draw, Problem};
use nalgebra::SVector;
use ode_solvers::dop_shared::OutputType;
use ode_solvers::{Dop853, System};
use std::marker::PhantomData;

/// Local error per step, relative and absolute.
const TOLERANCE: f64 = 1e-11;
/// Per unit of time. The data take about 3; a trajectory that needs far more is no fit.
const MAX_STEPS: u32 = 300;

/// A model with two states and P log-parameters.
trait Model<const P: usize>: Send + Sync {
    const NAME: &'static str;

    fn initial(x: &[Dual<P>]) -> [Dual<P>; 2];

    /// The time derivative, given the parameters (no longer logarithms).
    fn rate(parameters: &[Dual<P>], state: [Dual<P>; 2]) -> [Dual<P>; 2];
}

struct LotkaVolterra;

impl Model<6> for LotkaVolterra {
    const NAME: &'static str = "lotka_volterra";

    /// The states are logarithms, which keeps them positive and is what the data are compared with.
    fn initial(x: &[Dual<6>]) -> [Dual<6>; 2] {
        [x[4], x[5]]
    }

    fn rate(p: &[Dual<6>], [hare, lynx]: [Dual<6>; 2]) -> [Dual<6>; 2] {
        [p[0] - p[1] * lynx.exp(), p[3] * hare.exp() - p[2]]
    }
}

struct Sir;

impl Model<2> for Sir {
    const NAME: &'static str = "sir";

    fn initial(_: &[Dual<2>]) -> [Dual<2>; 2] {
        [Dual::constant(762.0), Dual::constant(1.0)]
    }

    fn rate(p: &[Dual<2>], [susceptible, infected]: [Dual<2>; 2]) -> [Dual<2>; 2] {
        let infections = p[0] * susceptible * infected / 763.0;
        [-infections, infections - p[1] * infected]
    }
}

/// A model against data; D = 2 + 2 P, the states and their sensitivities.
struct Fit<M, const P: usize, const D: usize> {
    model: PhantomData<fn() -> M>,
    /// What is observed of the two states at times 0, 1, 2, ...
    observations: Vec<[Option<f64>; 2]>,
    label: &'static str,
    start: [f64; P],
    minimum: f64,
    /// Times a draw; all if none.
    batch: Option<usize>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    let table = include_str!("../../../examples/data/lynx_hare.csv");
    let pelts: Vec<[Option<f64>; 2]> = column(table, "hare")
        .into_iter()
        .zip(column(table, "lynx"))
        .map(|(hare, lynx)| [Some(hare.ln()), Some(lynx.ln())])
        .collect();
    let fitted: [f64; 6] = [0.54016, 0.0271654, 0.796386, 0.0236946, 34.6024, 5.84451];
    // Every parameter 30% off; from both points exact descent reaches the minimum.
    let starts =
        [("mixed", [1.3, 0.7, 0.7, 1.3, 1.3, 0.7]), ("paired", [1.3, 1.3, 0.7, 0.7, 1.3, 0.7])];
    for (label, factors) in starts {
        for batch in [Some(5), None] {
            all.push(Box::new(Fit::<LotkaVolterra, 6, 14> {
                model: PhantomData,
                observations: pelts.clone(),
                label,
                start: std::array::from_fn(|i| (fitted[i] * factors[i]).ln()),
                minimum: 2.018661155194917,
                batch,
            }));
        }
    }
    let table = include_str!("../../../examples/data/influenza_school_1978.csv");
    let mut boys = vec![[None, None]];
    boys.extend(column(table, "in_bed").into_iter().map(|boys| [None, Some(boys)]));
    for (label, start) in [("high", [2.17, 0.31]), ("low", [1.17, 0.577]), ("far", [2.0, 1.0])] {
        for batch in [Some(4), None] {
            all.push(Box::new(Fit::<Sir, 2, 6> {
                model: PhantomData,
                observations: boys.clone(),
                label,
                start: start.map(f64::ln),
                minimum: 4121.941482764,
                batch,
            }));
        }
    }
    all
}

/// The sensitivity equations of a model.
struct Sensitivity<'a, M, const P: usize> {
    model: PhantomData<fn() -> M>,
    parameters: &'a [Dual<P>],
}

impl<M: Model<P>, const P: usize, const D: usize> System<f64, SVector<f64, D>>
    for Sensitivity<'_, M, P>
{
    fn system(&self, _t: f64, y: &SVector<f64, D>, dy: &mut SVector<f64, D>) {
        pack(M::rate(self.parameters, unpack(y)), dy);
    }
}

fn unpack<const P: usize, const D: usize>(y: &SVector<f64, D>) -> [Dual<P>; 2] {
    std::array::from_fn(|s| Dual { value: y[s], slope: std::array::from_fn(|p| y[2 + s * P + p]) })
}

fn pack<const P: usize, const D: usize>(state: [Dual<P>; 2], y: &mut SVector<f64, D>) {
    for (s, dual) in state.into_iter().enumerate() {
        y[s] = dual.value;
        y.as_mut_slice()[2 + s * P..2 + (s + 1) * P].copy_from_slice(&dual.slope);
    }
}

impl<M: Model<P>, const P: usize> Sensitivity<'_, M, P> {
    /// The state one unit of time later, if there is one. (The dense output of the crate would
    /// give all times at once, but loses half of the digits.)
    fn advance<const D: usize>(&self, y: SVector<f64, D>) -> Option<SVector<f64, D>> {
        let system = Sensitivity { ..*self };
        // The defaults of the crate, with fewer steps.
        let mut solver = Dop853::from_param(
            system,
            0.0,
            1.0,
            1.0,
            y,
            TOLERANCE,
            TOLERANCE,
            0.9,
            0.0,
            0.333,
            6.0,
            1.0,
            0.0,
            MAX_STEPS,
            1000,
            OutputType::Sparse,
        );
        solver.integrate().ok()?;
        solver.y_out().last().copied()
    }
}

impl<M: Model<P>, const P: usize, const D: usize> Fit<M, P, D> {
    /// The indices of times with data.
    fn observed(&self) -> Vec<usize> {
        (0..self.observations.len()).filter(|&t| self.observations[t] != [None, None]).collect()
    }

    /// The weighted sum of squared residuals at some times, and its gradient.
    fn squares(&self, x: &[f64], times: &[usize], weight: f64) -> Dual<P> {
        let x = variables::<P>(x, 0);
        let mut y: SVector<f64, D> = SVector::zeros();
        pack(M::initial(&x), &mut y);
        let parameters: Vec<Dual<P>> = x.iter().map(|x| x.exp()).collect();
        let system: Sensitivity<M, P> = Sensitivity { model: self.model, parameters: &parameters };
        let end = times.iter().max().copied().unwrap_or_default();
        let mut sum = Dual::constant(0.0);
        for t in 0..=end {
            if times.contains(&t) {
                for (state, observation) in unpack(&y).into_iter().zip(self.observations[t]) {
                    if let Some(value) = observation {
                        sum += (state - value).squared();
                    }
                }
            }
            if t < end {
                match system.advance(y) {
                    Some(next) => y = next,
                    None => return Dual { value: f64::INFINITY, slope: [f64::NAN; P] },
                }
            }
        }
        sum * weight
    }

    /// The estimate of the sum over all times from those of a draw.
    fn drawn_squares(&self, x: &[f64], draw: Draw) -> Dual<P> {
        let observed = self.observed();
        let Some(batch) = self.batch else {
            return self.squares(x, &observed, 1.0);
        };
        let chosen = rand::seq::index::sample(&mut draw.rng(), observed.len(), batch);
        let times: Vec<usize> = chosen.into_iter().map(|i| observed[i]).collect();
        self.squares(x, &times, observed.len() as f64 / batch as f64)
    }
}

impl<M: Model<P>, const P: usize, const D: usize> Problem for Fit<M, P, D> {
    fn name(&self) -> String {
        match self.batch {
            Some(batch) => format!("ode/{}/{}/times={batch}", M::NAME, self.label),
            None => format!("ode/{}/{}/full", M::NAME, self.label),
        }
    }

    fn family(&self) -> &'static str {
        "ode"
    }

    fn start(&self) -> Vec<f64> {
        self.start.to_vec()
    }

    /// Gauss-Newton with DOP853 at 1e-12, checked with Radau (data/reference_optima.json).
    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.squares(x, &self.observed(), 1.0).value
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.copy_from_slice(&self.squares(x, &self.observed(), 1.0).slope);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        g.copy_from_slice(&self.drawn_squares(x, draw).slope);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.drawn_squares(x, draw).value
    }

    fn noise_free(&self) -> bool {
        self.batch.is_none()
    }
}
