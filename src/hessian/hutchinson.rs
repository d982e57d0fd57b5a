//! Curvature from random products of the Hessian.

use super::exact_diagonal::DRIFT;
use super::moving_average;
use super::products::{Differences, Exact, Products};
use super::{GradientFilter, HessianEstimator, Observation, QuadraticModel};
use crate::error::{Requirement, invalid, require};
use crate::kernel::{self, zip_map_sum};
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};
use num_traits::{Float, Zero};
use rand::RngCore;

/// Hutchinson's estimator of the diagonal: for a vector v of independent random signs
///
/// ```text
/// D_i = v_i (H v)_i,    E[D_i] = H_ii,    Var D_i = sum over j != i of H_ij^2
/// ```
///
/// so one product of the Hessian with a vector, whatever the dimension, gives an unbiased sample
/// of the whole diagonal. Every k-th iteration takes one sample, and those before the first step
/// do. The curvature is their exponential average, as in Sophia; the step divides by the root of
/// the exponential average of their squares, as in AdaHessian, which tends to the norm of the row
/// i of H: cautious where coordinates are coupled. Signs come from the draw; drawn gradients are
/// filtered by a [`GradientFilter`].
///
/// [`Hutchinson::new`] takes products from central differences of the gradient at the same draw,
///
/// ```text
/// H v ~ (g(x + h v, draw) - g(x - h v, draw)) / (2 h),   h = eps^(1/3) max(|x|_inf, typical)
/// ```
///
/// so that additive noise cancels, at two gradients each. [`Hutchinson::exact`] takes them from the problem,
/// a [`HessianVectorProduct`](super::HessianVectorProduct), counted by argmin as
/// `hessian_vector_product_count`.
///
/// ```
/// use argmin::core::{Error, Executor, Gradient, State};
/// use argmin_arturo::{Arturo, hessian::Hutchinson};
///
/// /// f(x) = 1/2 sum_i 10^i (x_i - 1)^2
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok((0..).zip(x).map(|(i, x)| 10f64.powi(i) * (x - 1.0)).collect())
///     }
/// }
/// let result = Executor::new(Bowl, Arturo::new().with_estimator(Hutchinson::new()))
///     .configure(|state| state.param(vec![0.0; 4]).max_iters(200))
///     .run()?;
/// let curvature = result.solver().curvature();
/// assert!((0..).zip(curvature).all(|(i, a)| (a / 10f64.powi(i) - 1.0).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
///
/// # References
///
/// - M. F. Hutchinson, *A stochastic estimator of the trace of the influence matrix for Laplacian
///   smoothing splines*, 1989; C. Bekas, E. Kokiopoulou, Y. Saad, *An estimator for the diagonal
///   of a matrix*, 2007.
/// - Z. Yao et al., *AdaHessian*, 2021, arXiv:2006.00719.
/// - H. Liu et al., *Sophia*, 2023, arXiv:2305.14342.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde1",
    serde(bound(
        serialize = "P::Scalar: serde::Serialize, S: serde::Serialize",
        deserialize = "P::Scalar: serde::Deserialize<'de>, S: serde::Deserialize<'de>"
    ))
)]
pub struct Hutchinson<P: ParamVec, S = Differences<P>> {
    interval: u64,
    memory: f64,
    source: S,
    filter: GradientFilter<P::Scalar>,
    /// Samples in the averages.
    count: u64,
    /// The signs, and the sample.
    #[cfg_attr(feature = "serde1", serde(skip))]
    scratch: Option<[P; 2]>,
}

/// Sophia's: a product at each tenth iteration.
const DEFAULT_INTERVAL: u64 = 10;
/// Sophia's: the average remembers a hundred samples.
const DEFAULT_MEMORY: f64 = 0.99;
/// Separates the signs from the randomness of the oracle, which sees the same draw.
const SIGN_SALT: u64 = 0x7369_676e_7300_0000;
const NAME: &str = "Hutchinson";

impl<P: ParamVec> Default for Hutchinson<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: ParamVec> Hutchinson<P> {
    /// Products from differences of gradients: two gradients each.
    pub fn new() -> Self {
        Self::of(Differences::new())
    }

    /// Sets the magnitude that an x near 0 is taken to have, in units of x (> 0, default 1): the
    /// step size of the differences is proportional to it there.
    ///
    /// # Errors
    /// If the value is not positive and finite.
    pub fn with_typical_magnitude(mut self, magnitude: f64) -> Result<Self, Error> {
        require(NAME, "typical_magnitude", magnitude, Requirement::Positive)?;
        self.source.typical_magnitude = magnitude;
        Ok(self)
    }
}

impl<P: ParamVec> Hutchinson<P, Exact> {
    /// Products from the problem, a [`HessianVectorProduct`](super::HessianVectorProduct).
    pub fn exact() -> Self {
        Self::of(Exact)
    }
}

impl<P: ParamVec, S> Hutchinson<P, S> {
    fn of(source: S) -> Self {
        Self {
            interval: DEFAULT_INTERVAL,
            memory: DEFAULT_MEMORY,
            source,
            filter: GradientFilter::default(),
            count: 0,
            scratch: None,
        }
    }

    /// Takes a sample at every `interval`-th iteration only (>= 1, default 10, as Sophia).
    ///
    /// # Errors
    /// If the interval is 0.
    pub fn with_interval(mut self, interval: u64) -> Result<Self, Error> {
        if interval == 0 {
            return Err(invalid(format!("{NAME}: `interval` must be at least 1, got 0")));
        }
        self.interval = interval;
        Ok(self)
    }

    /// Sets the weight of the past in the averages, in [0, 1) (default 0.99, as Sophia): they
    /// remember about 1 / (1 - memory) samples. 0 keeps only the last one.
    ///
    /// # Errors
    /// If the value is outside [0, 1).
    pub fn with_memory(mut self, memory: f64) -> Result<Self, Error> {
        require(NAME, "memory", memory, Requirement::BelowOne)?;
        self.memory = memory;
        Ok(self)
    }

    /// Takes one sample of the diagonal into the averages.
    fn sample<O>(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        model: &mut QuadraticModel<P::Scalar>,
    ) -> Result<(), Error>
    where
        O: StochasticGradient<Param = P>,
        S: Products<O>,
    {
        let param = observation.param;
        let [signs, sample] = self.scratch.get_or_insert_with(|| [param.clone(), param.clone()]);
        draw_signs(observation.draw, signs.as_coordinates_mut()?);
        self.source.sample(problem, observation, signs, sample)?;
        if kernel::first_non_finite(sample.as_coordinates()?).is_some() {
            // a draw that failed has no information
            return Ok(());
        }
        self.count += 1;
        let weight: P::Scalar = moving_average::weight(self.memory, self.count);
        zip_map_sum(
            [sample.as_coordinates()?],
            [&mut model.curvature, &mut model.cautious_curvature],
            |[d], [a, c]| {
                let square = c * c + weight * (d * d - c * c);
                ([a + weight * (d - a), square.sqrt()], [])
            },
        );
        Ok(())
    }
}

/// Fills `signs` with independent random signs, 64 from each word of the draw's generator.
fn draw_signs<F: Scalar>(draw: Draw, signs: &mut [F]) {
    let mut rng = Draw::new(draw.seed() ^ SIGN_SALT, draw.index()).rng();
    for block in signs.chunks_mut(64) {
        let mut bits = rng.next_u64();
        for sign in block {
            *sign = if bits & 1 == 0 { F::one() } else { -F::one() };
            bits >>= 1;
        }
    }
}

impl<O, P, S> HessianEstimator<O> for Hutchinson<P, S>
where
    O: StochasticGradient<Param = P>,
    P: ParamVec,
    S: Products<O>,
{
    fn update(
        &mut self,
        problem: &mut Problem<O>,
        observation: Observation<'_, P>,
        model: &mut QuadraticModel<P::Scalar>,
    ) -> Result<(), Error> {
        let Observation { gradient, step, iteration, .. } = observation;
        let gradient = gradient.as_coordinates()?;
        if iteration == 0 {
            self.filter.start(gradient, model);
            self.count = 0;
            for values in [&mut model.curvature, &mut model.cautious_curvature] {
                values.clear();
                values.resize(gradient.len(), P::Scalar::zero());
            }
        } else {
            self.filter.update(gradient, step, DRIFT, model);
        }
        if iteration.is_multiple_of(self.interval) || !self.filter.is_calibrated() {
            self.sample(problem, observation, model)?;
        }
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        self.filter.is_calibrated()
    }

    fn gain(&self) -> f64 {
        self.filter.mean_gain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(draw: Draw) -> Vec<f64> {
        let mut signs = vec![f64::NAN; 130];
        draw_signs(draw, &mut signs);
        signs
    }

    #[test]
    fn signs_are_independent() {
        // 5 standard errors, of 8515 sums over 2000 draws
        const DRAWS: u64 = 2000;
        let draws: Vec<_> = (0..DRAWS).map(|index| signs(Draw::new(3, index))).collect();
        assert!(draws.iter().flatten().all(|sign| sign.abs() == 1.0));
        let bound = 5.0 * (DRAWS as f64).sqrt();
        for i in 0..130 {
            let sum: f64 = draws.iter().map(|signs| signs[i]).sum();
            assert!(sum.abs() < bound, "{i}: {sum}");
            for j in 0..i {
                let sum: f64 = draws.iter().map(|signs| signs[i] * signs[j]).sum();
                assert!(sum.abs() < bound, "{i} {j}: {sum}");
            }
        }
    }

    #[test]
    fn each_seed_and_index_has_its_signs() {
        let mut seen = Vec::new();
        for seed in [0, 1, 2, SIGN_SALT, SIGN_SALT | 1, 0x7300_0000_0000_0000, u64::MAX] {
            for index in 0..3 {
                seen.push(signs(Draw::new(seed, index)));
            }
        }
        for (k, signs) in seen.iter().enumerate() {
            assert!(!seen[..k].contains(signs), "{k}");
        }
    }

    #[test]
    fn signs_are_not_the_oracles_own_randomness() {
        let draw = Draw::new(5, 6);
        let bits = draw.rng().next_u64();
        let own: Vec<f64> = (0..64).map(|k| if bits >> k & 1 == 0 { 1.0 } else { -1.0 }).collect();
        assert_ne!(signs(draw)[..64], own);
    }
}
