//! The problem of a seed.

use crate::noise::Noise;
use crate::problem::Problem;
use crate::shape::{SMOOTH, Shape};
use argmin_arturo::Draw;
use argmin_arturo::rand::Rng;
use argmin_arturo::rand::seq::IndexedRandom;
use argmin_arturo::rand_distr::{Distribution, StandardNormal};

/// What is unusual about a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Usual,
    Units,
    MixedUnits,
    UnitOfCost,
    IllConditioned,
    FarStart,
    StartAtMinimum,
    SmoothShapes,
    Absolute,
    Median,
    Pinball,
    Hinge,
    SkewedNoise,
    HeavyNoise,
    Dropout,
    Multiplicative,
    Batches,
    NoiseCoordinates,
    DeadCoordinates,
    Bounds,
    SinglePrecision,
    NoiseFree,
    FreshNoise,
    Mixture,
}

/// Seed s has the kind number s modulo their count.
pub const KINDS: [(Kind, &str); 24] = [
    (Kind::Usual, "a quadratic, Gaussian noise"),
    (Kind::Units, "unit of x 1e-6 ... 1e6"),
    (Kind::MixedUnits, "units of x 1e-6 ... 1e6, mixed"),
    (Kind::UnitOfCost, "unit of f 1e-6 ... 1e6"),
    (Kind::IllConditioned, "condition 1e3 ... 1e6"),
    (Kind::FarStart, "start at 1e2 ... 1e6"),
    (Kind::StartAtMinimum, "start at the minimum"),
    (Kind::SmoothShapes, "quartic, log cosh, exponential, pseudo-Huber"),
    (Kind::Absolute, "absolute values"),
    (Kind::Median, "medians of single data"),
    (Kind::Pinball, "quantiles of single data"),
    (Kind::Hinge, "hinge losses of single labels"),
    (Kind::SkewedNoise, "exponential, log-normal noise"),
    (Kind::HeavyNoise, "Student's t noise, 3 degrees"),
    (Kind::Dropout, "slopes mostly 0"),
    (Kind::Multiplicative, "noise that multiplies"),
    (Kind::Batches, "regression in batches, condition 1 ... 1e6"),
    (Kind::NoiseCoordinates, "coordinates of pure noise"),
    (Kind::DeadCoordinates, "coordinates of gradient 0"),
    (Kind::Bounds, "a box, active or not"),
    (Kind::SinglePrecision, "single precision, noise 1e-4 ... 3"),
    (Kind::NoiseFree, "no noise, condition 1 ... 1e6"),
    (Kind::FreshNoise, "noise that a draw cannot repeat"),
    (Kind::Mixture, "two kinds at once"),
];

/// Sizes as decimal logarithms, drawn before the problem is built of them.
struct Plan {
    active: usize,
    pure_noise: usize,
    dead: usize,
    unit: f64,
    /// Each coordinate has a unit of its own, this many decades up or down.
    unit_spread: f64,
    amplitude: f64,
    condition: f64,
    rotated: bool,
    shape: Shape,
    noise: Noise,
    /// Noise of a slope over the largest slope at the start.
    noise_level: f64,
    /// Of the start from the minimizer, in units of x; none for a start at it.
    distance: Option<f64>,
    bounded: bool,
    single: bool,
    fresh: bool,
}

/// The problem of this seed.
pub fn problem(seed: u64) -> Problem {
    let mut rng = Draw::new(seed, 0).rng();
    let (kind, _) = KINDS[(seed % KINDS.len() as u64) as usize];
    let mut plan = Plan::usual(&mut rng);
    if kind == Kind::Mixture {
        for _ in 0..2 {
            plan.make(KINDS.choose(&mut rng).expect("there are kinds").0, &mut rng);
        }
        plan.reconcile();
    } else {
        plan.make(kind, &mut rng);
    }
    plan.build(kind, seed, &mut rng)
}

impl Plan {
    fn usual(rng: &mut impl Rng) -> Self {
        Self {
            active: 30f64.powf(rng.random::<f64>()).round() as usize,
            pure_noise: 0,
            dead: 0,
            unit: 0.0,
            unit_spread: 0.0,
            amplitude: 0.0,
            condition: rng.random_range(0.0..2.0),
            rotated: rng.random(),
            shape: Shape::Quadratic,
            noise: Noise::Gaussian,
            noise_level: rng.random_range(-2.0..0.5),
            distance: Some(rng.random_range(-0.5..1.0)),
            bounded: false,
            single: false,
            fresh: false,
        }
    }

    /// Makes the problem one of this kind.
    fn make(&mut self, kind: Kind, rng: &mut impl Rng) {
        match kind {
            Kind::Usual | Kind::Mixture => {}
            Kind::Units => self.unit = rng.random_range(-6.0..6.0),
            Kind::MixedUnits => self.unit_spread = 6.0,
            Kind::UnitOfCost => self.amplitude = rng.random_range(-6.0..6.0),
            Kind::IllConditioned => self.condition = rng.random_range(3.0..6.0),
            Kind::FarStart => self.distance = Some(rng.random_range(2.0..6.0)),
            Kind::StartAtMinimum => {
                self.distance = None;
                self.noise = if rng.random() { Noise::None } else { Noise::Gaussian };
            }
            Kind::SmoothShapes => self.shape = *SMOOTH[1..].choose(rng).expect("four"),
            Kind::Absolute => self.shape = Shape::Absolute,
            Kind::Median => (self.shape, self.noise) = (Shape::Median, Noise::None),
            Kind::Pinball => {
                let level = [0.1, 0.3, 0.9, 0.97].choose(rng).expect("four");
                (self.shape, self.noise) = (Shape::Pinball(*level), Noise::None);
            }
            Kind::Hinge => {
                let right = rng.random_range(0.6..0.95);
                (self.shape, self.noise) = (Shape::Hinge(right), Noise::None);
            }
            Kind::SkewedNoise => {
                self.noise = if rng.random() { Noise::Exponential } else { Noise::LogNormal };
            }
            Kind::HeavyNoise => self.noise = Noise::Student,
            Kind::Dropout => self.noise = Noise::Dropout(10f64.powf(rng.random_range(-2.0..-0.3))),
            Kind::Multiplicative => self.noise = Noise::Multiplicative,
            Kind::Batches => {
                self.shape = Shape::Quadratic;
                self.noise = Noise::Batch(*[1, 4, 16].choose(rng).expect("three"));
                self.condition = rng.random_range(0.0..6.0);
            }
            Kind::NoiseCoordinates => self.pure_noise = rng.random_range(1..=5),
            Kind::DeadCoordinates => self.dead = rng.random_range(1..=5),
            Kind::Bounds => self.bounded = true,
            Kind::SinglePrecision => {
                (self.single, self.noise_level) = (true, rng.random_range(-4.0..0.5));
            }
            Kind::NoiseFree => {
                self.shape = *SMOOTH.choose(rng).expect("five");
                self.noise = Noise::None;
                self.condition = rng.random_range(0.0..6.0);
            }
            Kind::FreshNoise => self.fresh = true,
        }
    }

    /// Takes back what two kinds do not allow together.
    fn reconcile(&mut self) {
        if matches!(self.noise, Noise::Batch(_)) {
            self.shape = Shape::Quadratic;
        }
        // values and squares of gradients are to be in the range of single precision
        if self.single {
            self.unit_spread = self.unit_spread.min(3.0);
            self.unit = self.unit.clamp(-3.0, 3.0);
            self.amplitude = self.amplitude.clamp(-3.0, 3.0);
            self.distance = self.distance.map(|distance| distance.min(4.0));
        }
    }

    fn build(mut self, kind: Kind, seed: u64, rng: &mut impl Rng) -> Problem {
        // powers grow out of all bounds
        let farthest = match self.shape {
            Shape::Exponential => 0.7,
            Shape::Quartic => 2.0,
            _ => f64::INFINITY,
        };
        self.distance = self.distance.map(|distance| distance.min(farthest));
        self.rotated &= !self.bounded;
        let n = self.active + self.pure_noise + self.dead;
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let round = |value: f64| if self.single { f64::from(value as f32) } else { value };

        let reflections = (0..if self.rotated { 2 } else { 0 })
            .map(|_| unit_vector((0..self.active).map(|_| normal()).collect()))
            .collect();
        let offsets: Vec<f64> = (0..n).map(|_| normal()).collect();
        let direction = unit_vector((0..n).map(|_| normal()).collect());
        let length = self.distance.map_or(0.0, |distance| 10f64.powf(distance));
        let power = |exponent: f64| 10f64.powf(exponent);
        let unit: Vec<f64> = (0..n)
            .map(|_| power(self.unit + self.unit_spread * rng.random_range(-1.0..=1.0)))
            .collect();
        let center: Vec<f64> = (0..n).map(|i| round(3.0 * unit[i] * offsets[i])).collect();
        let mut start: Vec<f64> =
            (0..n).map(|i| round(center[i] + length * unit[i] * direction[i])).collect();
        let weight: Vec<f64> =
            (0..self.active).map(|_| power(-self.condition * rng.random::<f64>())).collect();
        let bounds = self.bounded.then(|| {
            // each bound on the side of the start or beyond the minimizer; some cut it off
            let mut bound = |i: usize, side: f64| {
                round(
                    center[i] + unit[i] * side * (2.0 * rng.random::<f64>() - 0.5) * (1.0 + length),
                )
            };
            let sides: Vec<_> = (0..n).map(|i| (bound(i, -1.0), bound(i, 1.0))).collect();
            let ordered = |(a, b): &(f64, f64)| (a.min(*b), a.max(*b));
            sides.iter().map(ordered).unzip::<f64, f64, Vec<f64>, Vec<f64>>()
        });
        if let Some((lower, upper)) = &bounds {
            (0..n).for_each(|i| start[i] = start[i].clamp(lower[i], upper[i]));
        }
        let mut problem = Problem {
            seed,
            kind,
            amplitude: power(self.amplitude),
            weight,
            shape: self.shape,
            reflections,
            unit,
            center,
            start,
            bounds,
            pure_noise: self.pure_noise,
            noise: self.noise,
            sigma: 0.0,
            single: self.single,
            fresh: self.fresh,
        };
        let slope = problem.largest_slope_at_start();
        let slope = if slope > 0.0 { slope } else { 1.0 };
        problem.sigma = power(self.noise_level) * self.noise.added() * slope;
        problem
    }
}

fn unit_vector(mut v: Vec<f64>) -> Vec<f64> {
    let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
    v.iter_mut().for_each(|v| *v /= norm);
    v
}
