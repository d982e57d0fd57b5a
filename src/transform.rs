//! Parameters on a part of the real line, as free coordinates on all of it.

use crate::error::{invalid, misfit};
use crate::oracle::pool::Pool;
use crate::oracle::{Draw, Mirror, StochasticCost, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::Error;

/// How one coordinate x of a model follows from the free coordinate y that a solver moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Transform {
    /// x = y.
    #[default]
    Identity,
    /// x is `value`, whatever y is: its gradient is 0.
    Fixed {
        /// The value, finite.
        value: f64,
    },
    /// x = exp(y) > 0. For rates, scales and variances: steps are relative.
    Log,
    /// x = ln(1 + exp(y)) > 0. For positive parameters that may be large: x ~ y there, so steps are
    /// absolute, and x ~ exp(y) near 0.
    Softplus,
    /// x = 1 / (1 + exp(-y)), in (0, 1). For probabilities and shares.
    Logit,
    /// x = lower + (upper - lower) / (1 + exp(-y)), in (lower, upper), both finite.
    Interval {
        /// Lower end.
        lower: f64,
        /// Upper end, above the lower one.
        upper: f64,
    },
}

/// 1 / (1 + exp(-y)), without overflow.
fn sigmoid(y: f64) -> f64 {
    let e = (-y.abs()).exp();
    if y >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// ln(x / (1 - x)) from x and 1 - x.
fn logit(x: f64, rest: f64) -> f64 {
    x.ln() - rest.ln()
}

impl Transform {
    /// x at y.
    ///
    /// ```
    /// use argmin_arturo::Transform;
    ///
    /// assert_eq!(Transform::Log.apply(0.0), 1.0);
    /// assert_eq!(Transform::Interval { lower: -1.0, upper: 3.0 }.apply(0.0), 1.0);
    /// ```
    pub fn apply(self, y: f64) -> f64 {
        match self {
            Self::Identity => y,
            Self::Fixed { value } => value,
            Self::Log => y.exp(),
            Self::Softplus => y.max(0.0) + (-y.abs()).exp().ln_1p(),
            Self::Logit => sigmoid(y),
            Self::Interval { lower, upper } => {
                // from the nearer end, so that both ends are approached to full precision
                let width = upper - lower;
                if y < 0.0 { lower + width * sigmoid(y) } else { upper - width * sigmoid(-y) }
            }
        }
    }

    /// dx/dy at y.
    pub fn slope(self, y: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Fixed { .. } => 0.0,
            Self::Log => y.exp(),
            Self::Softplus => sigmoid(y),
            Self::Logit => sigmoid(y) * sigmoid(-y),
            Self::Interval { lower, upper } => (upper - lower) * (sigmoid(y) * sigmoid(-y)),
        }
    }

    /// y at x; NaN or infinite where there is none, and the value of a fixed coordinate.
    pub fn invert(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Fixed { value } => value,
            Self::Log => x.ln(),
            // ln(exp(x) - 1), without overflow
            Self::Softplus => x + (-(-x).exp_m1()).ln(),
            Self::Logit => logit(x, 1.0 - x),
            Self::Interval { lower, upper } => logit(x - lower, upper - x),
        }
    }

    /// The values that x can have.
    fn range(self) -> String {
        match self {
            Self::Identity => "finite".into(),
            Self::Fixed { value } => format!("{value}, where it is fixed"),
            Self::Log | Self::Softplus => "positive and finite".into(),
            Self::Logit => "in (0, 1)".into(),
            Self::Interval { lower, upper } => format!("in ({lower}, {upper})"),
        }
    }

    fn validate(self, index: usize) -> Result<(), Error> {
        let text = match self {
            Self::Interval { lower, upper } if !(lower < upper && (upper - lower).is_finite()) => {
                format!(
                    "{NAME}: the interval of coordinate {index} must be finite with `lower` below \
                     `upper`, got {lower} and {upper}"
                )
            }
            Self::Fixed { value } if !value.is_finite() => {
                format!("{NAME}: the value of coordinate {index} must be finite, got {value}")
            }
            _ => return Ok(()),
        };
        Err(invalid(text))
    }
}

const NAME: &str = "Transformed";

/// A problem in free coordinates y, for one in x whose coordinates are positive, in an interval,
/// or fixed: f(x(y)), with the gradient by the chain rule, `df/dy_i = df/dx_i dx_i/dy_i`.
///
/// The solver then needs no bound. A minimum on the end of a range is at infinity in y: where one is
/// possible use [`with_bounds`](crate::Arturo::with_bounds) instead. Drawn
/// gradients and costs stay unbiased, and an exact problem stays exact.
///
/// [`to_free`](Self::to_free) takes a start from x to y, [`to_original`](Self::to_original) the
/// answer back. [`original_solution`](Self::original_solution),
/// [`original_intervals`](Self::original_intervals) and `original_certificate` convert its errors.
/// The start of a run is y: a start in x must go through `to_free`, which the solver cannot check.
///
/// ```
/// use argmin::core::{Error, Executor, Gradient, State};
/// use argmin_arturo::{Arturo, Transform, Transformed};
///
/// /// Negative log-likelihood of a gamma-like model: x_0 - 3 ln x_0, least at x_0 = 3, and
/// /// of a coin that fell 3 times of 10 on its head: least at x_1 = 0.3.
/// struct Model;
/// impl Gradient for Model {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![1.0 - 3.0 / x[0], 7.0 / (1.0 - x[1]) - 3.0 / x[1]])
///     }
/// }
/// let problem = Transformed::new(Model, vec![Transform::Log, Transform::Logit])?;
/// let start = problem.to_free(&vec![0.01, 0.99])?;
/// let mut result = Executor::new(problem, Arturo::new())
///     .configure(|state| state.param(start).max_iters(100))
///     .run()?;
/// let problem = result.problem.take_problem().unwrap();
/// let x = problem.to_original(result.state().get_best_param().unwrap())?;
/// assert!((x[0] - 3.0).abs() < 1e-6 && (x[1] - 0.3).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Transformed<O> {
    problem: O,
    transforms: Vec<Transform>,
    /// Vectors for x.
    pool: Pool,
}

impl<O> Transformed<O> {
    /// Sees `problem` in free coordinates, with one transform for each of its coordinates.
    ///
    /// # Errors
    /// If an interval is empty or infinite, or a fixed value not finite.
    pub fn new(problem: O, transforms: Vec<Transform>) -> Result<Self, Error> {
        for (index, transform) in transforms.iter().enumerate() {
            transform.validate(index)?;
        }
        Ok(Self { problem, transforms, pool: Pool::default() })
    }

    /// The wrapped problem.
    pub fn problem(&self) -> &O {
        &self.problem
    }

    pub(crate) fn transforms(&self) -> &[Transform] {
        &self.transforms
    }

    /// y at x: takes a start into the free coordinates.
    ///
    /// # Errors
    /// If x has another length than there are transforms, or a coordinate of x is not inside its
    /// range.
    pub fn to_free<P: ParamVec>(&self, x: &P) -> Result<P, Error> {
        let mut y = x.clone();
        self.check_len(x.as_coordinates()?.len())?;
        for (i, (y, transform)) in
            y.as_coordinates_mut()?.iter_mut().zip(&self.transforms).enumerate()
        {
            let x = y.to_f64_exact();
            let free = transform.invert(x);
            // in the precision of x
            let fits = match transform {
                Transform::Fixed { value } => *y == Scalar::from_f64_lossy(*value),
                _ => free.is_finite(),
            };
            if !fits {
                return Err(invalid(format!(
                    "{NAME}: coordinate {i} must be {}, got {x}",
                    transform.range()
                )));
            }
            *y = Scalar::from_f64_lossy(free);
        }
        Ok(y)
    }

    /// x at y: takes an answer out of the free coordinates.
    ///
    /// # Errors
    /// If y has another length than there are transforms.
    pub fn to_original<P: ParamVec>(&self, y: &P) -> Result<P, Error> {
        let mut x = y.clone();
        self.write_original(y, &mut x)?;
        Ok(x)
    }

    fn write_original<P: ParamVec>(&self, y: &P, x: &mut P) -> Result<(), Error> {
        let y = y.as_coordinates()?;
        self.check_len(y.len())?;
        let x = x.as_coordinates_mut()?;
        for ((x, y), transform) in x.iter_mut().zip(y).zip(&self.transforms) {
            *x = Scalar::from_f64_lossy(transform.apply(y.to_f64_exact()));
        }
        Ok(())
    }

    pub(crate) fn check_len(&self, len: usize) -> Result<(), Error> {
        if len == self.transforms.len() {
            return Ok(());
        }
        Err(misfit(format!(
            "{NAME}: there are {} transforms, the parameter vector has {len} coordinates; give one \
             for each, `Identity` where x is free",
            self.transforms.len()
        )))
    }
}

impl<O> StochasticGradient for Transformed<O>
where
    O: StochasticGradient,
    O::Param: ParamVec,
{
    type Param = O::Param;

    fn stochastic_gradient(
        &self,
        y: &O::Param,
        draw: Draw,
        gradient: &mut O::Param,
    ) -> Result<(), Error> {
        let mut x = self.pool.take(y);
        self.write_original(y, &mut *x)?;
        self.problem.stochastic_gradient(&x, draw, gradient)?;
        let (y, gradient) = (y.as_coordinates()?, gradient.as_coordinates_mut()?);
        for ((g, y), transform) in gradient.iter_mut().zip(y).zip(&self.transforms) {
            *g = Scalar::from_f64_lossy(match transform {
                // not by multiplication: a fixed coordinate stays fixed where its gradient is not finite
                Transform::Fixed { .. } => 0.0,
                _ => transform.slope(y.to_f64_exact()) * g.to_f64_exact(),
            });
        }
        Ok(())
    }
}

impl<O: StochasticCost> StochasticCost for Transformed<O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        y: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as ParamVec>::Scalar, Error> {
        let mut x = self.pool.take(y);
        self.write_original(y, &mut *x)?;
        self.problem.stochastic_cost(&x, draw)
    }
}

impl<O: Mirror> Mirror for Transformed<O> {}
