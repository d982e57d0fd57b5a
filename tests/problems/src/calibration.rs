//! Option prices fitted by simulated paths.
//!
//! Calls on a forward of 100 without interest are quoted by implied volatilities; the model's
//! prices P_k(x) are fitted by `F(x) = mean_k (P_k - Q_k)^2 / 2`. A draw simulates two independent
//! sets of paths with mean payoffs A_k and B_k; its cost `mean_k (A_k - Q_k) (B_k - Q_k) / 2` is
//! unbiased, which the square of one mean is not. Gradients are pathwise, exact prices those of
//! Black (1976).
//!
//! - `displaced`: `S_T + d` is lognormal with mean 100 + d and volatility s_T (Rubinstein, 1983);
//!   maturities 1/4, 1/2, 1 year, strikes 80 to 120; quotes `0.2 - 0.05 k + 0.1 k^2` at
//!   log-moneyness k. Coordinates: ln s_T by maturity, ln (d / 100).
//! - `mixture`: volatility s with probability w, else `s + t` (Brigo and Mercurio, 2002); half a
//!   year, strikes 70 to 130, quotes `0.2 + 0.5 k^2`. Coordinates: ln s, ln t, ln (w / (1 - w)).

use crate::dual::Dual;
use crate::logistic::sigmoid;
use crate::{Draw, Problem};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::f64::consts::TAU;
use std::marker::PhantomData;

const FORWARD: f64 = 100.0;
const MATURITIES: [f64; 3] = [0.25, 0.5, 1.0];
const HALF_YEAR: f64 = 0.5;

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for paths in [16, 128] {
        all.push(Box::new(Fit::<Displaced, 4>::new(paths)));
        all.push(Box::new(Fit::<Mixture, 3>::new(paths)));
    }
    all
}

/// The distribution function of the standard normal, to an error of 1e-15 (Marsaglia, 2004).
fn distribution(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * density(x)
}

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// Black's price of a call with total deviation v, its derivative by v, and that by a common shift
/// of forward and strike.
fn black(forward: f64, strike: f64, v: f64) -> [f64; 3] {
    let d = (forward / strike).ln() / v + 0.5 * v;
    let (upper, lower) = (distribution(d), distribution(d - v));
    [forward * upper - strike * lower, forward * density(d), upper - lower]
}

/// A model with D coordinates.
trait Model<const D: usize>: Send + Sync {
    const NAME: &'static str;
    const START: [f64; D];
    const MINIMUM: f64;

    /// Strike, maturity and implied volatility of every option.
    fn options() -> Vec<[f64; 3]>;

    /// Its price.
    fn price(x: &[f64], option: [f64; 3]) -> Dual<D>;

    /// Adds the payoffs of all options on one path each.
    fn add_payoffs(x: &[f64], z: f64, options: &[[f64; 3]], sums: &mut [Dual<D>]);
}

/// Strikes at one maturity, quoted at `level + slope k + bend k^2`.
fn quoted(strikes: [f64; 3], maturity: f64, smile: [f64; 3]) -> Vec<[f64; 3]> {
    let [first, last, step] = strikes;
    let count = ((last - first) / step).round() as usize;
    let strikes = (0..=count).map(|k| first + step * k as f64);
    let quote = |strike: f64| {
        let k = (strike / FORWARD).ln();
        [strike, maturity, smile[0] + smile[1] * k + smile[2] * k * k]
    };
    strikes.map(quote).collect()
}

struct Displaced;

impl Model<4> for Displaced {
    const NAME: &'static str = "displaced";
    /// Volatilities of 0.3, a displacement of 37.
    const START: [f64; 4] = [-1.2, -1.2, -1.2, -1.0];
    const MINIMUM: f64 = 0.0003778418668847347;

    fn options() -> Vec<[f64; 3]> {
        let smile = [0.2, -0.05, 0.1];
        MATURITIES.iter().flat_map(|&t| quoted([80.0, 120.0, 10.0], t, smile)).collect()
    }

    fn price(x: &[f64], [strike, maturity, _]: [f64; 3]) -> Dual<4> {
        let (shift, which) = (FORWARD * x[3].exp(), maturity_index(maturity));
        let v = x[which].exp() * maturity.sqrt();
        let [value, by_v, by_shift] = black(FORWARD + shift, strike + shift, v);
        let mut price = Dual::constant(value);
        price.slope[which] = by_v * v;
        price.slope[3] = by_shift * shift;
        price
    }

    fn add_payoffs(x: &[f64], z: f64, options: &[[f64; 3]], sums: &mut [Dual<4>]) {
        let shift = FORWARD * x[3].exp();
        let paths = [0, 1, 2].map(|which| {
            let v = x[which].exp() * MATURITIES[which].sqrt();
            let factor = (v * z - 0.5 * v * v).exp();
            let top = (FORWARD + shift) * factor;
            (top - shift, top * (z - v) * v, shift * (factor - 1.0))
        });
        for ([strike, maturity, _], sum) in options.iter().zip(sums) {
            let which = maturity_index(*maturity);
            let (price, by_volatility, by_shift) = paths[which];
            if price > *strike {
                sum.value += price - strike;
                sum.slope[which] += by_volatility;
                sum.slope[3] += by_shift;
            }
        }
    }
}

fn maturity_index(maturity: f64) -> usize {
    MATURITIES.iter().position(|&t| t == maturity).expect("one of the maturities")
}

struct Mixture;

impl Mixture {
    /// Both volatilities times the root of the time, and the weight of the first.
    fn components(x: &[f64]) -> ([f64; 2], f64) {
        let root = HALF_YEAR.sqrt();
        let small = x[0].exp() * root;
        ([small, small + x[1].exp() * root], sigmoid(x[2]))
    }

    /// The mixture of two prices and their derivatives by the total deviations.
    fn mix(v: [f64; 2], w: f64, prices: [[f64; 2]; 2]) -> Dual<3> {
        let [[first, by_first], [second, by_second]] = prices;
        Dual {
            value: w * first + (1.0 - w) * second,
            slope: [
                (w * by_first + (1.0 - w) * by_second) * v[0],
                (1.0 - w) * by_second * (v[1] - v[0]),
                w * (1.0 - w) * (first - second),
            ],
        }
    }
}

impl Model<3> for Mixture {
    const NAME: &'static str = "mixture";
    /// Volatilities of 0.3 and 0.44, equally likely.
    const START: [f64; 3] = [-1.2, -2.0, 0.0];
    const MINIMUM: f64 = 1.551990209869802e-5;

    fn options() -> Vec<[f64; 3]> {
        quoted([70.0, 130.0, 10.0], HALF_YEAR, [0.2, 0.0, 0.5])
    }

    fn price(x: &[f64], [strike, _, _]: [f64; 3]) -> Dual<3> {
        let (v, w) = Self::components(x);
        let prices = v.map(|v| {
            let [price, by_v, _] = black(FORWARD, strike, v);
            [price, by_v]
        });
        Self::mix(v, w, prices)
    }

    fn add_payoffs(x: &[f64], z: f64, options: &[[f64; 3]], sums: &mut [Dual<3>]) {
        let (v, w) = Self::components(x);
        let paths = v.map(|v| {
            let price = FORWARD * (v * z - 0.5 * v * v).exp();
            [price, price * (z - v)]
        });
        for ([strike, _, _], sum) in options.iter().zip(sums) {
            let payoffs =
                paths.map(
                    |[price, by_v]| {
                        if price > *strike { [price - strike, by_v] } else { [0.0, 0.0] }
                    },
                );
            *sum += Self::mix(v, w, payoffs);
        }
    }
}

struct Fit<M, const D: usize> {
    model: PhantomData<fn() -> M>,
    options: Vec<[f64; 3]>,
    /// Prices that the market quotes.
    quotes: Vec<f64>,
    /// In each of the two sets.
    paths: usize,
}

impl<M: Model<D>, const D: usize> Fit<M, D> {
    fn new(paths: usize) -> Self {
        let options = M::options();
        let quote = |[strike, maturity, volatility]: &[f64; 3]| {
            black(FORWARD, *strike, volatility * maturity.sqrt())[0]
        };
        Self { model: PhantomData, quotes: options.iter().map(quote).collect(), options, paths }
    }

    /// Mean payoffs of new paths.
    fn simulate(&self, x: &[f64], rng: &mut Xoshiro256PlusPlus) -> Vec<Dual<D>> {
        let mut sums = vec![Dual::constant(0.0); self.options.len()];
        for _ in 0..self.paths {
            M::add_payoffs(x, StandardNormal.sample(rng), &self.options, &mut sums);
        }
        sums.into_iter().map(|sum| sum / self.paths as f64).collect()
    }

    /// Half the mean product of two errors.
    fn product(&self, first: &[Dual<D>], second: &[Dual<D>]) -> Dual<D> {
        let pairs = first.iter().zip(second).zip(&self.quotes);
        let products = pairs.map(|((a, b), q)| (*a - *q) * (*b - *q));
        products.sum::<Dual<D>>() * (0.5 / self.quotes.len() as f64)
    }

    fn exact(&self, x: &[f64]) -> Dual<D> {
        let prices: Vec<Dual<D>> = self.options.iter().map(|&o| M::price(x, o)).collect();
        self.product(&prices, &prices)
    }

    fn drawn(&self, x: &[f64], draw: Draw) -> Dual<D> {
        let mut rng = draw.rng();
        let first = self.simulate(x, &mut rng);
        let second = self.simulate(x, &mut rng);
        self.product(&first, &second)
    }
}

impl<M: Model<D>, const D: usize> Problem for Fit<M, D> {
    fn name(&self) -> String {
        format!("calibration/{}/paths=2x{}", M::NAME, self.paths)
    }

    fn family(&self) -> &'static str {
        "calibration"
    }

    fn start(&self) -> Vec<f64> {
        M::START.to_vec()
    }

    /// Newton from several starts (examples/minima_simulation.rs).
    fn minimum(&self) -> f64 {
        M::MINIMUM
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.exact(x).value
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        g.copy_from_slice(&self.exact(x).slope);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        g.copy_from_slice(&self.drawn(x, draw).slope);
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.drawn(x, draw).value
    }
}
