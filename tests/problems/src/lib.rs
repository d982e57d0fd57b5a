//! Stochastic optimization problems with known minima, for benchmarking noisy optimizers.
//!
//! Every problem has an exact cost and gradient, for judging a solver, and a stochastic
//! gradient, the only thing a solver sees: a pure function of the point and a [`Draw`],
//! unbiased for the exact gradient. Outside its domain (an overflow, an integration that
//! fails) a cost is infinite or NaN and a gradient NaN.

mod autoencoder;
mod calibration;
mod data;
mod deblurring;
mod dual;
mod embedding;
mod exponentials;
mod factorization;
mod finite_sum;
mod gp;
mod ica;
mod inventory;
mod kinks;
mod limit;
mod logistic;
mod lqr;
mod mgh;
mod mlp;
mod nist;
mod noise;
mod normal;
mod ode;
mod onehot;
mod poisson;
mod policy;
mod population;
mod qaoa;
mod quadratic;
mod ranking;
mod rawunits;
mod relu;
mod rnn;
mod scales;
mod score;
mod simulated;
mod softmax;
mod transport;
mod variational;
mod vqe;

pub use argmin_arturo::Draw;
pub use limit::{Limit, limit, no_limit_reason};

/// An objective to be minimized from stochastic gradients.
pub trait Problem: Send + Sync {
    /// Family, instance and noise, such as `mgh/rosenbrock/noise=1e-1`; unique in the suite.
    fn name(&self) -> String;

    /// The first part of the name.
    fn family(&self) -> &'static str;

    /// Where a solver begins.
    fn start(&self) -> Vec<f64>;

    /// The least value of the cost, known or computed independently at high precision.
    fn minimum(&self) -> f64;

    /// The exact objective.
    fn cost(&self, x: &[f64]) -> f64;

    /// Writes the exact gradient.
    fn gradient(&self, x: &[f64], g: &mut [f64]);

    /// Writes every coordinate of an unbiased estimate of the gradient, pure in `(x, draw)`.
    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]);

    /// The cost whose gradient in x is the stochastic gradient of this draw; unbiased for the
    /// exact cost. Where there is no such function the exact cost, which flatters its user.
    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64;

    /// Whether the stochastic gradient of every draw is the gradient of its stochastic cost.
    fn draws_have_costs(&self) -> bool {
        true
    }

    /// Whether the stochastic gradient is the exact one.
    fn noise_free(&self) -> bool {
        false
    }

    /// Whether the exact objective is convex and differentiable.
    fn smooth_convex(&self) -> bool {
        false
    }

    /// Why no statistical limit of the gap can be given, such as a kink at the minimum; none where
    /// the minimum is regular or its Hessian decides.
    fn no_limit(&self) -> Option<&'static str> {
        None
    }
}

/// All problems.
pub fn suite() -> Vec<Box<dyn Problem>> {
    let families = [
        quadratic::problems,
        logistic::problems,
        softmax::problems,
        mlp::problems,
        poisson::problems,
        ode::problems,
        vqe::problems,
        mgh::problems,
        nist::problems,
        variational::problems,
        inventory::problems,
        factorization::problems,
        onehot::problems,
        ranking::problems,
        ica::problems,
        rawunits::problems,
        kinks::problems,
        scales::problems,
        exponentials::problems,
        normal::problems,
        score::problems,
        transport::problems,
        deblurring::problems,
        calibration::problems,
        gp::problems,
        simulated::problems,
        population::problems,
        relu::problems,
        autoencoder::problems,
        rnn::problems,
        embedding::problems,
        policy::problems,
        lqr::problems,
        qaoa::problems,
    ];
    families.into_iter().flat_map(|problems| problems()).collect()
}

/// The problems of one family.
pub fn by_family(family: &str) -> Vec<Box<dyn Problem>> {
    suite().into_iter().filter(|problem| problem.family() == family).collect()
}
