//! Oracles with known means, for the tests of what wraps them.
#![allow(dead_code, reason = "each test file uses its own part")]

use argmin::core::Error;
use argmin_arturo::oracle::{FiniteSumCost, Mirror, ShardedSum, StochasticCost};
use argmin_arturo::{Draw, FiniteSum, StochasticGradient};
use rand_distr::{Distribution, StandardNormal};

/// f(x; z) = sum_i (x_i^3 + z_i x_i), z_i ~ N(0, 1): gradient 3 x^2, third derivative 6.
#[derive(Clone, Debug)]
pub struct Cubic;

fn normals(draw: Draw) -> impl Iterator<Item = f64> {
    let mut rng = draw.rng();
    std::iter::repeat_with(move || draw.reflect(StandardNormal.sample(&mut rng)))
}

impl StochasticGradient for Cubic {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        for ((g, x), z) in g.iter_mut().zip(x).zip(normals(draw)) {
            *g = 3.0 * x * x + z;
        }
        Ok(())
    }
}

impl StochasticCost for Cubic {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        Ok(x.iter().zip(normals(draw)).map(|(x, z)| x.powi(3) + z * x).sum())
    }
}

impl Mirror for Cubic {}

impl Cubic {
    pub fn gradient(x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| 3.0 * x * x).collect()
    }
}

/// f(x; z) = 2 sum_i exp((x_i + z_i) / 2), z_i ~ N(0, 1): gradient exp(x/2 + 1/8).
#[derive(Clone, Debug)]
pub struct Exponential;

impl StochasticGradient for Exponential {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        for ((g, x), z) in g.iter_mut().zip(x).zip(normals(draw)) {
            *g = ((x + z) / 2.0).exp();
        }
        Ok(())
    }
}

impl Mirror for Exponential {}

impl Exponential {
    pub fn gradient(x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| (x / 2.0 + 0.125).exp()).collect()
    }
}

/// f_i(x) = sum_j (c_i / 2) (x_j - i)^2 with c_i = 1 + i mod 3, over N = 13 terms.
#[derive(Clone, Debug)]
pub struct Springs;

impl Springs {
    pub const COUNT: usize = 13;

    fn stiffness(term: usize) -> f64 {
        (1 + term % 3) as f64
    }

    pub fn gradient(x: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; x.len()];
        for term in 0..Self::COUNT {
            FiniteSum::add_term_gradient(&Self, &x.to_vec(), term, &mut sum).unwrap();
        }
        sum.iter().map(|g| g / Self::COUNT as f64).collect()
    }

    /// Where the gradient vanishes.
    pub fn minimum() -> f64 {
        let sum = |f: &dyn Fn(usize) -> f64| (0..Self::COUNT).map(f).sum::<f64>();
        sum(&|i| Self::stiffness(i) * i as f64) / sum(&Self::stiffness)
    }
}

impl FiniteSum for Springs {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        Self::COUNT
    }

    fn add_term_gradient(
        &self,
        x: &Vec<f64>,
        term: usize,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += Self::stiffness(term) * (x - term as f64);
        }
        Ok(())
    }
}

impl FiniteSumCost for Springs {
    fn term_cost(&self, x: &Vec<f64>, term: usize) -> Result<f64, Error> {
        let squares: f64 = x.iter().map(|x| (x - term as f64).powi(2)).sum();
        Ok(0.5 * Self::stiffness(term) * squares)
    }
}

/// The springs in shards of 2, 0, 5 and 6.
impl ShardedSum for Springs {
    type Param = Vec<f64>;
    type Term = usize;

    fn load_shard(&self, shard: usize) -> Result<Vec<usize>, Error> {
        Ok([0..2, 2..2, 2..7, 7..13][shard].clone().collect())
    }

    fn add_term_gradient(
        &self,
        x: &Vec<f64>,
        term: &usize,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        FiniteSum::add_term_gradient(self, x, *term, sum)
    }
}
