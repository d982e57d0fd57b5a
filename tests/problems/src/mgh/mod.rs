//! The 35 test problems of More, Garbow and Hillstrom (ACM TOMS 7, 17, 1981), 54 instances.
//!
//! `F(x) = sum_i f_i(x)^2` (no factor 1/2). A draw adds to every coordinate of the gradient
//! independent noise with a standard deviation of the level times the root mean square
//! |g|_2 / sqrt(n) of the gradient there, so that noise dies out at a minimum.
//!
//! Traps: the exact descent path of `biggs_exp6` ends at a saddle, 5.65565e-3;
//! `chebyquad` n = 10 has a local minimum of 6.50395e-3 next to the start, `trigonometric`
//! one of 2.79506e-5, `freudenstein_roth` one of 48.9843, `brown_almost_linear` one of 1.

mod curves;
mod fixed;
mod variable;

use crate::data::numbers;
use crate::dual::{Dual, variables};
use crate::noise::Noise;
use crate::{Draw, Problem};
use serde_json::Value;
use std::sync::Arc;

/// Directions per pass of forward differentiation: one wide register, or two.
const LANES: usize = 8;

/// A problem at one size.
struct Instance {
    /// The number of the problem in the paper.
    id: u64,
    /// The problem, and the size if there are several.
    label: String,
    /// The number of residuals.
    m: usize,
    /// What some problems fit.
    y: Vec<f64>,
    /// Abscissas of Kowalik and Osborne.
    u: Vec<f64>,
    start: Vec<f64>,
    /// The lowest of the known minima, polished at 60 digits (data/mgh.json).
    minimum: f64,
}

struct Mgh {
    instance: Arc<Instance>,
    noise: Noise,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let data: Value =
        serde_json::from_str(include_str!("../../data/mgh.json")).expect("mgh.json is JSON");
    let noises = [Noise::None, Noise::Gaussian(1e-3), Noise::Gaussian(1e-1), Noise::StudentT(1e-1)];
    let problems = data["problems"].as_array().into_iter().flatten();
    let instances = problems.flat_map(|problem| {
        let sizes = problem["instances"].as_array().into_iter().flatten();
        sizes.map(|size| Arc::new(Instance::new(problem, size)))
    });
    instances
        .flat_map(|instance| {
            noises.map(|noise| Box::new(Mgh { instance: instance.clone(), noise }) as _)
        })
        .collect()
}

impl Instance {
    fn new(problem: &Value, size: &Value) -> Self {
        let key = problem["key"].as_str().expect("a key");
        let several = problem["instances"].as_array().is_some_and(|instances| instances.len() > 1);
        let minima = size["minima"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|minimum| minimum["f"].as_f64());
        Self {
            id: problem["id"].as_u64().expect("a number"),
            label: if several { format!("{key}/n={}", size["n"]) } else { key.into() },
            m: size["m"].as_u64().expect("a number of residuals") as usize,
            y: numbers(&problem["data"]["y"]),
            u: numbers(&problem["data"]["u"]),
            start: numbers(&size["x0"]),
            minimum: minima.fold(f64::INFINITY, f64::min),
        }
    }

    fn squares<const N: usize>(&self, x: &[Dual<N>]) -> Dual<N> {
        self.residuals(x).into_iter().map(Dual::squared).sum()
    }

    fn residuals<const N: usize>(&self, x: &[Dual<N>]) -> Vec<Dual<N>> {
        let (m, y) = (self.m, self.y.as_slice());
        match self.id {
            1 | 21 => variable::rosenbrock(x),
            2 => fixed::freudenstein_roth(x),
            3 => fixed::powell_badly_scaled(x),
            4 => fixed::brown_badly_scaled(x),
            5 => fixed::beale(x),
            6 => curves::jennrich_sampson(x, m),
            7 => fixed::helical_valley(x),
            8 => curves::bard(x, y),
            9 => curves::gaussian(x, y),
            10 => curves::meyer(x, y),
            11 => curves::gulf(x, m),
            12 => curves::box3d(x, m),
            13 | 22 => variable::powell(x),
            14 => fixed::wood(x),
            15 => curves::kowalik_osborne(x, y, &self.u),
            16 => curves::brown_dennis(x, m),
            17 => curves::osborne1(x, y),
            18 => curves::biggs_exp6(x, m),
            19 => curves::osborne2(x, y),
            20 => variable::watson(x),
            23 => variable::penalty1(x),
            24 => variable::penalty2(x),
            25 => variable::variably_dimensioned(x),
            26 => variable::trigonometric(x),
            27 => variable::brown_almost_linear(x),
            28 => variable::discrete_boundary_value(x),
            29 => variable::discrete_integral_equation(x),
            30 => variable::broyden_tridiagonal(x),
            31 => variable::broyden_banded(x),
            32 => variable::linear_full_rank(x, m),
            33 => variable::linear_rank1(x, m),
            34 => variable::linear_rank1_zero(x, m),
            35 => variable::chebyquad(x, m),
            id => unreachable!("there is no problem {id}"),
        }
    }
}

impl Problem for Mgh {
    fn name(&self) -> String {
        format!("mgh/{}/{}", self.instance.label, self.noise)
    }

    fn family(&self) -> &'static str {
        "mgh"
    }

    fn start(&self) -> Vec<f64> {
        self.instance.start.clone()
    }

    fn minimum(&self) -> f64 {
        self.instance.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.instance.squares(&variables::<0>(x, 0)).value
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        for (pass, g) in g.chunks_mut(LANES).enumerate() {
            let squares = self.instance.squares(&variables::<LANES>(x, pass * LANES));
            g.copy_from_slice(&squares.slope[..g.len()]);
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        self.gradient(x, g);
        let square = g.iter().map(|g| g * g).sum::<f64>() / g.len() as f64;
        self.noise.add(draw, g, |_| square.sqrt());
    }

    /// The noise depends on x and is no gradient.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        self.noise_free()
    }

    fn noise_free(&self) -> bool {
        self.noise == Noise::None
    }

    fn no_limit(&self) -> Option<&'static str> {
        Some("no noise at the minimum")
    }

    /// Those that are sums of convex powers of linear functions.
    fn smooth_convex(&self) -> bool {
        matches!(self.instance.id, 13 | 16 | 22 | 25 | 32 | 33 | 34)
    }
}
