//! Stocks for random demand: losses with kinks and heavy tails.
//!
//! - `lomax`, `exponential`: ten newsvendors with stocks q_j, holding cost h = 1 and backlog
//!   cost b_j from 2 to 49 a unit, `F = sum_j E[h (q_j - D_j)_+ + b_j (D_j - q_j)_+]`. The
//!   slope of a draw is h or -b_j, whatever the stock. Demands have scales s_j from 1 to 100;
//!   Lomax demand, `P(D > x) = (1 + x / s)^-1.5`, has no variance.
//! - `shortage`: `F = sum_j h q_j + b_j E[(D_j - q_j)_+^2] / (2 s_j)`, Lomax with tail 2.5: the
//!   slope of a draw has a variance but no third moment.
//! - `rule`: order `w.x + c` by five observed features, with mean pinball loss (h = 1, b = 4)
//!   over 400 simulated days (reference/inventory.py): its exact cost has kinks too.
//!
//! Costs are in money, stocks in units of goods.

use crate::data::column;
use crate::finite_sum::{FiniteSum, batched};
use crate::{Draw, Problem};
use rand::Rng;

const PRODUCTS: usize = 10;
const HOLDING: f64 = 1.0;
const BACKLOG: [f64; PRODUCTS] = [2.0, 4.0, 9.0, 19.0, 49.0, 2.0, 4.0, 9.0, 19.0, 49.0];

#[derive(Clone, Copy)]
enum Kind {
    Lomax,
    Exponential,
    Shortage,
}

struct Stocks {
    kind: Kind,
    /// Demands of every product a draw; the distribution itself if none.
    samples: Option<usize>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for kind in [Kind::Lomax, Kind::Exponential, Kind::Shortage] {
        for samples in [Some(1), Some(16), None] {
            all.push(Box::new(Stocks { kind, samples }));
        }
    }
    all.extend(batched(Rule::new(), [Some(1), Some(16), None]));
    all
}

/// The scale of the demand for a product.
fn scale(product: usize) -> f64 {
    100f64.powf(product as f64 / (PRODUCTS - 1) as f64)
}

impl Kind {
    /// Demand exceeds its scale times x with probability (1 + x)^-tail.
    fn tail(self) -> f64 {
        match self {
            Self::Lomax => 1.5,
            Self::Exponential => f64::INFINITY,
            Self::Shortage => 2.5,
        }
    }

    /// The mean cost of stock u over the scale.
    fn cost(self, u: f64, backlog: f64) -> f64 {
        let a = self.tail();
        // The mean demand beyond u; demand is never negative.
        let excess = |mean: f64, at_stock: f64| if u < 0.0 { mean - u } else { at_stock };
        match self {
            Self::Lomax => {
                let excess = excess(1.0 / (a - 1.0), (1.0 + u).powf(1.0 - a) / (a - 1.0));
                HOLDING * (u - 1.0 / (a - 1.0) + excess) + backlog * excess
            }
            Self::Exponential => {
                let excess = excess(1.0, (-u).exp());
                HOLDING * (u - 1.0 + excess) + backlog * excess
            }
            Self::Shortage => {
                let half_square = if u < 0.0 {
                    1.0 / ((a - 1.0) * (a - 2.0)) - u / (a - 1.0) + 0.5 * u * u
                } else {
                    (1.0 + u).powf(2.0 - a) / ((a - 1.0) * (a - 2.0))
                };
                HOLDING * u + backlog * half_square
            }
        }
    }

    /// Its derivative.
    fn slope(self, u: f64, backlog: f64) -> f64 {
        let a = self.tail();
        let stock = u.max(0.0);
        match self {
            Self::Lomax => HOLDING - (HOLDING + backlog) * (1.0 + stock).powf(-a),
            Self::Exponential => HOLDING - (HOLDING + backlog) * (-stock).exp(),
            Self::Shortage => {
                HOLDING - backlog * ((1.0 + stock).powf(1.0 - a) / (a - 1.0) + stock - u)
            }
        }
    }

    /// A demand over its scale, by inversion.
    fn demand(self, rng: &mut impl Rng) -> f64 {
        let uniform = 1.0 - rng.random::<f64>();
        match self {
            Self::Exponential => -uniform.ln(),
            _ => uniform.powf(-1.0 / self.tail()) - 1.0,
        }
    }

    /// The cost of stock u at one demand, over the scale.
    fn sampled_cost(self, u: f64, demand: f64, backlog: f64) -> f64 {
        let missing = (demand - u).max(0.0);
        match self {
            Self::Shortage => HOLDING * u + 0.5 * backlog * missing * missing,
            _ => HOLDING * (u - demand).max(0.0) + backlog * missing,
        }
    }

    /// Its derivative.
    fn sampled_slope(self, u: f64, demand: f64, backlog: f64) -> f64 {
        match self {
            Self::Shortage => HOLDING - backlog * (demand - u).max(0.0),
            _ if u >= demand => HOLDING,
            _ => -backlog,
        }
    }
}

impl Problem for Stocks {
    fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Lomax => "lomax",
            Kind::Exponential => "exponential",
            Kind::Shortage => "shortage",
        };
        match self.samples {
            Some(samples) => format!("inventory/{kind}/samples={samples}"),
            None => format!("inventory/{kind}/exact"),
        }
    }

    fn family(&self) -> &'static str {
        "inventory"
    }

    /// Half the scale of every demand.
    fn start(&self) -> Vec<f64> {
        (0..PRODUCTS).map(|j| 0.5 * scale(j)).collect()
    }

    /// At the critical fractiles, in closed form, checked by quadrature (reference/inventory.py).
    fn minimum(&self) -> f64 {
        match self.kind {
            Kind::Lomax => 5899.67734661392,
            Kind::Exponential => 756.7904890799155,
            Kind::Shortage => 4675.807647006134,
        }
    }

    fn cost(&self, x: &[f64]) -> f64 {
        (0..PRODUCTS).map(|j| scale(j) * self.kind.cost(x[j] / scale(j), BACKLOG[j])).sum()
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        for j in 0..PRODUCTS {
            g[j] = self.kind.slope(x[j] / scale(j), BACKLOG[j]);
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let Some(samples) = self.samples else {
            return self.gradient(x, g);
        };
        let mut rng = draw.rng();
        for j in 0..PRODUCTS {
            let u = x[j] / scale(j);
            let slopes = (0..samples)
                .map(|_| self.kind.sampled_slope(u, self.kind.demand(&mut rng), BACKLOG[j]));
            g[j] = slopes.sum::<f64>() / samples as f64;
        }
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        let Some(samples) = self.samples else {
            return self.cost(x);
        };
        let mut rng = draw.rng();
        let products = (0..PRODUCTS).map(|j| {
            let u = x[j] / scale(j);
            let costs = (0..samples)
                .map(|_| self.kind.sampled_cost(u, self.kind.demand(&mut rng), BACKLOG[j]));
            scale(j) * costs.sum::<f64>() / samples as f64
        });
        products.sum()
    }

    fn noise_free(&self) -> bool {
        self.samples.is_none()
    }

    /// The distributions have densities, so the kinks average out.
    fn smooth_convex(&self) -> bool {
        true
    }
}

/// A linear ordering rule; coordinates are its weights, then its constant.
struct Rule {
    features: Vec<Vec<f64>>,
    demands: Vec<f64>,
}

/// The cost of a missing unit; a superfluous one costs [`HOLDING`].
const MISSING: f64 = 4.0;

impl Rule {
    fn new() -> Self {
        let table = include_str!("../data/demand_simulated.csv");
        let columns: Vec<Vec<f64>> = (0..5).map(|j| column(table, &format!("x{j}"))).collect();
        let demands = column(table, "demand");
        let features = (0..demands.len())
            .map(|i| columns.iter().map(|c| c[i]).chain([1.0]).collect())
            .collect();
        Self { features, demands }
    }

    /// What is left of the order of day `i`; missing goods count negative.
    fn surplus(&self, i: usize, x: &[f64]) -> f64 {
        self.features[i].iter().zip(x).map(|(a, w)| a * w).sum::<f64>() - self.demands[i]
    }
}

impl FiniteSum for Rule {
    fn name(&self) -> String {
        "inventory/rule".into()
    }

    fn family(&self) -> &'static str {
        "inventory"
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; 6]
    }

    /// The linear program, by HiGHS (reference/inventory.py).
    fn minimum(&self) -> f64 {
        10.995580677736397
    }

    /// Of the exact cost, at a vertex.
    fn no_limit(&self) -> Option<&'static str> {
        Some("kinks")
    }

    fn len(&self) -> usize {
        self.demands.len()
    }

    fn term(&self, i: usize, x: &[f64]) -> f64 {
        let surplus = self.surplus(i, x);
        if surplus > 0.0 { HOLDING * surplus } else { -MISSING * surplus }
    }

    /// A subgradient where the surplus is zero.
    fn add_term_gradient(&self, i: usize, x: &[f64], weight: f64, g: &mut [f64]) {
        let slope = weight * if self.surplus(i, x) > 0.0 { HOLDING } else { -MISSING };
        for (g, a) in g.iter_mut().zip(&self.features[i]) {
            *g += slope * a;
        }
    }
}
