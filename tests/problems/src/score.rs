//! Designs tried out by random measurements, with score functions (Williams, 1992).
//!
//! `F(x) = E[h(z)]` over normal designs z around x, seen only through measurements
//! `y = h(z) L` with lognormal L of mean 1 and `ln L ~ N(-k^2 / 2, k^2)`, k = 0.75: the draws
//! are skewed and heavy-tailed, and do not vanish at the minimum. With z = x + s e a draw is
//! the mean of `y e / s` (`single`), or of `(y+ - y-) e / (2 s)` over mirrored pairs (`pairs`).
//!
//! - `linex`: `h = sum_j exp(u_j) - u_j - 1`, `u_j = a_j (z_j - c_j)`, four coordinates, s = 0.5;
//! - `well`: `h = 1 - exp(-|z - c|^2 / (2 w^2))`, w = 1.5, three coordinates, s = 0.5, in flat
//!   surroundings;
//! - `variance`: `h = sum_j a_j (z_j - c_j)^2 / 2`, three coordinates, where the deviations are
//!   free, too, and F has the entropy subtracted: `- sum_j ln s_j`. Coordinates: the means, then
//!   the ln s_j, whose score is `e_j^2 - 1`.

use crate::{Draw, Problem};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The deviation of the designs, where it is given.
const DEVIATION: f64 = 0.5;
/// The deviation of the logarithm of a measurement.
const LOG_NOISE: f64 = 0.75;
const LINEX: [(f64, f64); 4] = [(1.0, 1.0), (-1.0, -1.0), (2.0, -0.5), (-0.5, 2.0)];
const WELL: [f64; 3] = [1.0, -1.5, 1.0];
const WIDTH: f64 = 1.5;
const BOWL: [(f64, f64); 3] = [(1.0, 2.0), (10.0, -1.0), (0.1, 3.0)];

#[derive(Clone, Copy)]
enum Kind {
    Linex,
    Well,
    Variance,
}

#[derive(Clone, Copy)]
enum Plan {
    /// This many independent designs.
    Single(usize),
    /// This many pairs of mirrored designs.
    Pairs(usize),
}

struct Design {
    kind: Kind,
    plan: Plan,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for kind in [Kind::Linex, Kind::Well, Kind::Variance] {
        for plan in [Plan::Single(4), Plan::Pairs(8)] {
            all.push(Box::new(Design { kind, plan }));
        }
    }
    all
}

impl Kind {
    fn designs(self) -> usize {
        match self {
            Self::Linex => LINEX.len(),
            Self::Well => WELL.len(),
            Self::Variance => BOWL.len(),
        }
    }

    /// h.
    fn loss(self, z: &[f64]) -> f64 {
        match self {
            Self::Linex => {
                let terms = z.iter().zip(LINEX).map(|(z, (a, c))| {
                    let u = a * (z - c);
                    u.exp_m1() - u
                });
                terms.sum()
            }
            Self::Well => -(-0.5 * square_distance(z) / (WIDTH * WIDTH)).exp_m1(),
            Self::Variance => z.iter().zip(BOWL).map(|(z, (a, c))| 0.5 * a * (z - c).powi(2)).sum(),
        }
    }

    /// The deviations of the designs.
    fn deviations(self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Variance => x[BOWL.len()..].iter().map(|r| r.exp()).collect(),
            _ => vec![DEVIATION; x.len()],
        }
    }

    /// A measurement of h.
    fn measure(self, z: &[f64], rng: &mut Xoshiro256PlusPlus) -> f64 {
        let normal: f64 = StandardNormal.sample(rng);
        self.loss(z) * (LOG_NOISE * normal - 0.5 * LOG_NOISE * LOG_NOISE).exp()
    }
}

/// From the middle of the well.
fn square_distance(z: &[f64]) -> f64 {
    z.iter().zip(WELL).map(|(z, c)| (z - c).powi(2)).sum()
}

/// The depth of the well that is left after smoothing, and its squared width.
fn smoothed_well() -> (f64, f64) {
    let width = WIDTH * WIDTH + DEVIATION * DEVIATION;
    ((WIDTH * WIDTH / width).powf(0.5 * WELL.len() as f64), width)
}

impl Problem for Design {
    fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Linex => "linex",
            Kind::Well => "well",
            Kind::Variance => "variance",
        };
        match self.plan {
            Plan::Single(count) => format!("score/{kind}/single={count}"),
            Plan::Pairs(count) => format!("score/{kind}/pairs={count}"),
        }
    }

    fn family(&self) -> &'static str {
        "score"
    }

    /// Zero: means of 0, deviations of 1.
    fn start(&self) -> Vec<f64> {
        match self.kind {
            Kind::Variance => vec![0.0; 2 * BOWL.len()],
            _ => vec![0.0; self.kind.designs()],
        }
    }

    /// In closed form: at `c_j - a_j s^2 / 2`, at c, and at means c with deviations `a_j^-1/2`.
    fn minimum(&self) -> f64 {
        match self.kind {
            Kind::Linex => LINEX.iter().map(|(a, _)| 0.5 * (a * DEVIATION).powi(2)).sum(),
            Kind::Well => 1.0 - smoothed_well().0,
            Kind::Variance => BOWL.iter().map(|(a, _)| 0.5 + 0.5 * a.ln()).sum(),
        }
    }

    fn cost(&self, x: &[f64]) -> f64 {
        match self.kind {
            Kind::Linex => {
                let terms = x.iter().zip(LINEX).map(|(x, (a, c))| {
                    let u = a * (x - c);
                    (u + 0.5 * (a * DEVIATION).powi(2)).exp_m1() - u
                });
                terms.sum()
            }
            Kind::Well => {
                let (depth, width) = smoothed_well();
                1.0 - depth * (-0.5 * square_distance(x) / width).exp()
            }
            Kind::Variance => {
                let (means, logs) = x.split_at(BOWL.len());
                let entropy: f64 = logs.iter().sum();
                let spread = logs.iter().zip(BOWL).map(|(r, (a, _))| 0.5 * a * (2.0 * r).exp());
                self.kind.loss(means) + spread.sum::<f64>() - entropy
            }
        }
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        match self.kind {
            Kind::Linex => {
                for (j, (a, c)) in LINEX.into_iter().enumerate() {
                    g[j] = a * (a * (x[j] - c) + 0.5 * (a * DEVIATION).powi(2)).exp_m1();
                }
            }
            Kind::Well => {
                let (depth, width) = smoothed_well();
                let slope = depth * (-0.5 * square_distance(x) / width).exp() / width;
                for (j, c) in WELL.into_iter().enumerate() {
                    g[j] = slope * (x[j] - c);
                }
            }
            Kind::Variance => {
                for (j, (a, c)) in BOWL.into_iter().enumerate() {
                    g[j] = a * (x[j] - c);
                    g[BOWL.len() + j] = a * (2.0 * x[BOWL.len() + j]).exp() - 1.0;
                }
            }
        }
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let mut rng = draw.rng();
        let n = self.kind.designs();
        let deviations = self.kind.deviations(x);
        let (count, mirrored) = match self.plan {
            Plan::Single(count) => (count, false),
            Plan::Pairs(count) => (count, true),
        };
        g.fill(0.0);
        // The entropy is known.
        g[n..].fill(-1.0);
        for _ in 0..count {
            let e: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
            let design = |sign: f64| -> Vec<f64> {
                (0..n).map(|j| x[j] + sign * deviations[j] * e[j]).collect()
            };
            let up = self.kind.measure(&design(1.0), &mut rng);
            let (odd, even) = if mirrored {
                let down = self.kind.measure(&design(-1.0), &mut rng);
                (0.5 * (up - down), 0.5 * (up + down))
            } else {
                (up, up)
            };
            for j in 0..n {
                g[j] += odd * e[j] / deviations[j] / count as f64;
            }
            for (g, e) in g[n..].iter_mut().zip(&e) {
                *g += even * (e * e - 1.0) / count as f64;
            }
        }
    }

    /// The exact cost: score functions differentiate the distribution, not the measurement.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        false
    }

    fn smooth_convex(&self) -> bool {
        !matches!(self.kind, Kind::Well)
    }
}
