//! Means of as many draws as the gradient needs.

use super::arithmetic::{add, combine, copy, divide, pass_on};
use super::pool::{Loan, Pool};
use super::{Draw, StochasticGradient};
use crate::error::{Requirement, invalid, require};
use crate::kernel;
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;
use num_traits::Zero;

/// The mean of a growing number of draws: more where the gradient is small against its noise.
///
/// Draws are added until the norm test holds (Byrd, Chin, Nocedal and Wu 2012),
///
/// ```text
/// trace Var(g) / k <= theta^2 |grad f|^2,
/// ```
///
/// that is until the standard error of the mean is a fraction theta of the gradient, or until
/// `max_draws` of them have been drawn.
///
/// Three things differ from the original, for the mean to stay an unbiased and pure draw:
///
/// - No batch size is carried from one iteration to the next. Each draw begins with `min_draws`, at
///   iteration i with `min_draws growth^i`, and doubles.
/// - A sample that decides when to stop would have a biased mean. So there are two independent
///   halves, and each decides for the other one.
/// - |grad f|^2 is estimated by |mean|^2 - trace Var(g) / k, without the noise in |mean|^2.
///
/// One draw costs `min_draws` to `max_draws` gradients of the wrapped oracle;
/// [`Counted`](super::Counted) counts them. The number depends on x, so that
/// gradients at one draw and two points may average differently many; for a solver that compares
/// them, as [`Arturo::new`](crate::Arturo::new) does, use [`without_test`](Self::without_test) or
/// [`Replicated`](super::Replicated).
///
/// | setting | meaning | default |
/// |---|---|---|
/// | [`new`](Self::new) | `max_draws`, >= 4 | none |
/// | [`with_min_draws`](Self::with_min_draws) | first size, even, >= 4 | 16, or `max_draws` |
/// | [`with_theta`](Self::with_theta) | theta, in (0, 1) | 0.5 |
/// | [`with_growth`](Self::with_growth) | growth of `min_draws` per iteration, >= 1 | 1, none |
/// | [`without_test`](Self::without_test) | sizes from the iteration alone | |
///
/// # Reference
/// R. Byrd, G. Chin, J. Nocedal, Y. Wu, *Sample size selection in optimization methods for machine
/// learning*, 2012, for the test and for geometric growth.
///
/// ```
/// use argmin::core::{Error, Gradient};
/// use argmin_arturo::oracle::{Counted, GaussianNoise, GrowingBatch};
/// use argmin_arturo::{Draw, StochasticGradient};
///
/// struct Sphere;
/// impl Gradient for Sphere {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(x.clone())
///     }
/// }
/// let noisy = Counted::new(GaussianNoise::new(Sphere, 1.0)?);
/// let counter = noisy.counter();
/// let oracle = GrowingBatch::new(noisy, 1024)?;
/// let mut g = vec![0.0; 3];
/// oracle.stochastic_gradient(&vec![100.0; 3], Draw::new(0, 0), &mut g)?;
/// assert_eq!(counter.gradients(), 16); // far away the least number is enough
/// oracle.stochastic_gradient(&vec![0.1; 3], Draw::new(0, 1), &mut g)?;
/// assert!(counter.gradients() > 100);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GrowingBatch<O> {
    oracle: O,
    min_draws: u64,
    max_draws: u64,
    growth: f64,
    theta: Option<f64>,
    pool: Pool,
}

const NAME: &str = "GrowingBatch";

/// Two draws in each half, for a variance.
const LEAST_DRAWS: u64 = 4;

/// Eight draws in each half. With two, a variance of one degree of freedom lets the test hold by
/// chance: on a sum of 13 parabolas SGD then ended up to 1.6 from the minimum, with eight 0.4 (300
/// iterations, 8 seeds).
const DEFAULT_MIN_DRAWS: u64 = 16;

const DEFAULT_THETA: f64 = 0.5;

impl<O> GrowingBatch<O> {
    /// Averages up to `max_draws` (>= 4) draws of `oracle`.
    ///
    /// # Errors
    /// If it is below 4.
    pub fn new(oracle: O, max_draws: u64) -> Result<Self, Error> {
        if max_draws < LEAST_DRAWS {
            return Err(invalid(format!(
                "{NAME}: `max_draws` must be at least {LEAST_DRAWS}, got {max_draws}"
            )));
        }
        Ok(Self {
            oracle,
            min_draws: DEFAULT_MIN_DRAWS.min(max_draws / 2 * 2),
            max_draws,
            growth: 1.0,
            theta: Some(DEFAULT_THETA),
            pool: Pool::default(),
        })
    }

    /// Sets how many draws there are at least (default 16, or `max_draws` where that is less).
    ///
    /// # Errors
    /// If it is odd, below 4 or above `max_draws`.
    pub fn with_min_draws(mut self, min_draws: u64) -> Result<Self, Error> {
        let max_draws = self.max_draws;
        if !(LEAST_DRAWS..=max_draws).contains(&min_draws) || !min_draws.is_multiple_of(2) {
            return Err(invalid(format!(
                "{NAME}: `min_draws` must be even, at least {LEAST_DRAWS} and at most `max_draws` \
                 ({max_draws}), got {min_draws}"
            )));
        }
        self.min_draws = min_draws;
        Ok(self)
    }

    /// Sets theta, the relative error that the mean may have (in (0, 1), default 0.5).
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_theta(mut self, theta: f64) -> Result<Self, Error> {
        require(NAME, "theta", theta, Requirement::OpenUnitInterval)?;
        self.theta = Some(theta);
        Ok(self)
    }

    /// Sets the factor (>= 1, default 1) by which `min_draws` grows from one draw to the next, up to
    /// `max_draws`.
    ///
    /// # Errors
    /// If it is below 1 or not finite.
    pub fn with_growth(mut self, growth: f64) -> Result<Self, Error> {
        if !(growth >= 1.0 && growth.is_finite()) {
            return Err(invalid(format!(
                "{NAME}: `growth` must be at least 1 and finite, got {growth}"
            )));
        }
        self.growth = growth;
        Ok(self)
    }

    /// Turns the test off: draw number i is the mean of `min_draws growth^i` draws, whatever x.
    #[must_use]
    pub fn without_test(mut self) -> Self {
        self.theta = None;
        self
    }

    /// The wrapped oracle.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }

    /// Draws of a half that draw number `index` begins with.
    fn first_size(&self, index: u64) -> u64 {
        let size = self.min_draws as f64 * power(self.growth, index);
        (size as u64).min(self.max_draws) / 2
    }
}

/// `base` to the power of `exponent` by squaring: the same bits on every platform.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result *= base;
        }
        base *= base;
        exponent /= 2;
    }
    result
}

/// Mean and variance of one half of the draws, updated by each (Welford 1962).
struct Half<'a, P: ParamVec> {
    mean: Loan<'a, P>,
    count: u64,
    /// Sum of the squared distances from the mean, over all coordinates.
    squares: f64,
}

impl<'a, P: ParamVec> Half<'a, P> {
    fn new(mean: Loan<'a, P>) -> Self {
        Self { mean, count: 0, squares: 0.0 }
    }

    fn see(&mut self, gradient: &P) -> Result<(), Error> {
        self.count += 1;
        let is_first = self.count == 1;
        let weight = P::Scalar::from_f64_lossy(1.0 / self.count as f64);
        self.squares += combine(NAME, &mut *self.mean, gradient, |mean, g| {
            if is_first {
                return (g, P::Scalar::zero());
            }
            let new = mean + weight * (g - mean);
            (new, (g - mean) * (g - new))
        })?;
        Ok(())
    }

    /// Whether a mean of twice as many draws passes the norm test, judged by these.
    fn passes(&self, theta: f64) -> Result<bool, Error> {
        let count = self.count as f64;
        let variance = self.squares / (count - 1.0);
        let norm = kernel::norm(self.mean.as_coordinates()?);
        Ok(variance / (2.0 * count) <= theta * theta * (norm * norm - variance / count))
    }
}

impl<O> StochasticGradient for GrowingBatch<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        x: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        let mut summand = self.pool.take(x);
        let mut halves = [0; 2].map(|_| Half::new(self.pool.take(x)));
        let mut size = self.first_size(draw.index());
        let mut is_final = [false; 2];
        loop {
            for (half, offset) in halves.iter_mut().zip(0..) {
                while half.count < size {
                    let part = draw.part(2 * half.count + offset, self.max_draws);
                    self.oracle.stochastic_gradient(x, part, &mut summand)?;
                    half.see(&summand)?;
                }
            }
            let is_last = size == self.max_draws / 2;
            for (judge, judged) in [(0, 1), (1, 0)] {
                let stops = match self.theta {
                    Some(theta) => is_last || halves[judge].passes(theta)?,
                    None => true,
                };
                if !stops || is_final[judged] {
                    continue;
                }
                is_final[judged] = true;
                let mean = &halves[judged].mean;
                if !is_final[judge] {
                    copy(NAME, gradient, mean)?;
                } else {
                    add(NAME, gradient, mean)?;
                    return divide(gradient, 2);
                }
            }
            size = (2 * size).min(self.max_draws / 2);
        }
    }
}

pass_on!(GrowingBatch);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_up_to_the_largest() {
        let sizes = |growth| {
            let oracle = GrowingBatch::new((), 100).unwrap().with_min_draws(4).unwrap();
            let oracle = oracle.with_growth(growth).unwrap();
            [0, 1, 2, 10, u64::MAX].map(|index| oracle.first_size(index))
        };
        assert_eq!(sizes(1.0), [2; 5]);
        assert_eq!(sizes(1.5), [2, 3, 4, 50, 50]);
    }
}
