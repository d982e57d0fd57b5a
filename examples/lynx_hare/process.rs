//! The predator-prey process, and the score of its forecasts.

use argmin::core::Error;
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::rand_distr::{Distribution, StandardNormal};
use argmin_arturo::{Draw, StochasticGradient};
use serde::Deserialize;

/// What x is the logarithm of, with units.
pub const PARAMETERS: [(&str, &str); 6] = [
    ("alpha", "1/year"),
    ("beta", "1/(year thousand pelts)"),
    ("gamma", "1/year"),
    ("delta", "1/(year thousand pelts)"),
    ("sigma_H", "1/sqrt(year)"),
    ("sigma_L", "1/sqrt(year)"),
];
/// Steps of a simulated year.
const MONTHS: usize = 12;

/// A value and its derivatives by the six parameters.
type Dual = [f64; 7];

#[derive(Deserialize)]
struct Pelts {
    year: u32,
    hare: f64,
    lynx: f64,
}

/// Forecasts of each year's pelts from those of the year before.
#[derive(Clone)]
pub struct Forecasts {
    pub first_year: u32,
    /// Logarithms of both series, in thousand pelts.
    pub observed: Vec<[f64; 2]>,
}

impl Forecasts {
    pub fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("../data/lynx_hare.csv")[..]);
        let pelts = reader.deserialize().collect::<Result<Vec<Pelts>, _>>()?;
        let observed = pelts.iter().map(|row| [row.hare.ln(), row.lynx.ln()]).collect();
        Ok(Self { first_year: pelts[0].year, observed })
    }

    /// The energy score of two simulations a year, a mean over the years. Adds its gradient.
    fn score(&self, x: &[f64], draw: Draw, gradient: &mut [f64]) -> f64 {
        let mut rng = draw.rng();
        let mut normal = || StandardNormal.sample(&mut rng);
        let mut score = 0.0;
        for years in self.observed.windows(2) {
            let (one, two) =
                (simulate(x, years[0], &mut normal), simulate(x, years[0], &mut normal));
            let seen = years[1].map(|y| [y, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
            for (weight, a, b) in [(0.5, one, seen), (0.5, two, seen), (-0.5, one, two)] {
                let weight = weight / (self.observed.len() - 1) as f64;
                let [hare, lynx] = [a[0][0] - b[0][0], a[1][0] - b[1][0]];
                let distance = hare.hypot(lynx);
                score += weight * distance;
                for k in 0..x.len() {
                    let slope =
                        hare * (a[0][k + 1] - b[0][k + 1]) + lynx * (a[1][k + 1] - b[1][k + 1]);
                    gradient[k] += weight * slope / distance;
                }
            }
        }
        score
    }
}

/// ln H and ln L a year later, with their derivatives by the logarithms of the parameters.
pub fn simulate(x: &[f64], start: [f64; 2], mut normal: impl FnMut() -> f64) -> [Dual; 2] {
    let month = 1.0 / MONTHS as f64;
    let [alpha, beta, gamma, delta, sigma_hare, sigma_lynx] = std::array::from_fn(|k| x[k].exp());
    let (mut hare, mut lynx) = ([0.0; 7], [0.0; 7]);
    (hare[0], lynx[0]) = (start[0], start[1]);
    for _ in 0..MONTHS {
        let (eaten, born) = (month * beta * lynx[0].exp(), month * delta * hare[0].exp());
        let weather = [sigma_hare, sigma_lynx].map(|sigma| month.sqrt() * sigma * normal());
        for k in 1..7 {
            (hare[k], lynx[k]) = (hare[k] - eaten * lynx[k], lynx[k] + born * hare[k]);
        }
        hare[0] += month * alpha - eaten + weather[0];
        hare[1] += month * alpha;
        hare[2] -= eaten;
        hare[5] += weather[0];
        lynx[0] += born - month * gamma + weather[1];
        lynx[3] -= month * gamma;
        lynx[4] += born;
        lynx[6] += weather[1];
    }
    [hare, lynx]
}

impl StochasticGradient for Forecasts {
    type Param = Vec<f64>;

    fn stochastic_gradient(
        &self,
        x: &Vec<f64>,
        draw: Draw,
        gradient: &mut Vec<f64>,
    ) -> Result<(), Error> {
        gradient.fill(0.0);
        self.score(x, draw, gradient);
        Ok(())
    }
}

/// For L-BFGS, which compares costs.
impl StochasticCost for Forecasts {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        Ok(self.score(x, draw, &mut [0.0; 6]))
    }
}
