//! The knowledge of a method about its distance from the minimum.

/// The state of a run in `f64`, on demand; slices have the length n.
///
/// Close to the minimum x* of a quadratic, x - x* = B^-1 m less the noise of m over the curvature.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Where the gradient holds; at argmin's `param` if none.
    pub(crate) point: Option<Vec<f64>>,
    /// m, the estimate of the gradient at x, f/x.
    pub(crate) gradient: Vec<f64>,
    /// Its standard error.
    pub(crate) gradient_error: Vec<f64>,
    /// -B^-1 m: from x to the minimum of the model.
    pub(crate) newton_step: Vec<f64>,
    /// Variance that the noise of m gives the minimum of the model, x^2.
    pub(crate) variance: Vec<f64>,
    /// The diagonal of the model's Hessian, positive, f/x^2.
    pub(crate) curvature: Vec<f64>,
    /// Relative standard error of the curvature.
    pub(crate) curvature_error: f64,
    /// m'B^-1 m.
    pub(crate) signal: f64,
    /// Mean and standard deviation of m'B^-1 m if m were noise alone.
    pub(crate) noise: [f64; 2],
    /// Decrease of f that the recent steps promised.
    pub(crate) decrease: f64,
    /// By how many standard deviations the draws contradict m.
    pub(crate) bias: f64,
    /// Draws whose mean would be as certain as m.
    pub(crate) effective_draws: f64,
    /// Variance of the recommended point, where it is the mean of a path around the minimum, in units
    /// of that of the model's minimum; none where it follows the model's minimum.
    pub(crate) averaged: Option<f64>,
    /// The oracle has no noise.
    pub(crate) is_exact: bool,
    /// Gradient and noise have fallen to the square root of the machine epsilon of the first, and the way to the
    /// minimum to that of the distance travelled.
    pub(crate) is_flat: bool,
    /// The kind of the last steps.
    pub(crate) progress: Progress,
}

impl Evidence {
    /// Nothing is known yet in n dimensions: no gradient, no curvature, any error.
    pub(crate) fn unknown(len: usize) -> Self {
        Self {
            point: None,
            gradient: vec![f64::NAN; len],
            gradient_error: vec![f64::INFINITY; len],
            newton_step: vec![0.0; len],
            variance: vec![f64::INFINITY; len],
            curvature: vec![f64::MIN_POSITIVE; len],
            curvature_error: f64::INFINITY,
            signal: 0.0,
            noise: [f64::INFINITY; 2],
            decrease: 0.0,
            bias: 0.0,
            effective_draws: 0.0,
            averaged: None,
            is_exact: false,
            is_flat: false,
            progress: Progress::Unknown,
        }
    }

    /// The noise has this many times the variance.
    pub(crate) fn widen(&mut self, factor: f64) {
        self.variance.iter_mut().chain(&mut self.noise).for_each(|variance| *variance *= factor);
    }
}

/// The kind of the last steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Bound by the ball, or on too little knowledge for a standard error.
    Moving,
    /// Rejected in a row.
    Stuck,
    /// Full steps of the model, or none.
    Resting,
    /// Slow progress cannot be distinguished from noise.
    Unknown,
}
