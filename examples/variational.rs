//! Does coaching help? Variational inference of the eight schools, by reparameterization.
//!
//! Coaching effects `y_j ~ N(theta_j, s_j^2)` in points of the SAT, with `theta_j = mu + tau eta_j`,
//! `eta_j ~ N(0, 1)`, and priors `mu ~ N(0, 5^2)` and `ln tau ~ N(ln 5, 1)`. The posterior of
//! z = (mu, ln tau, eta) is approximated by independent normals `z = m + e^r e`, whose means m and
//! log-deviations r minimize the negative evidence lower bound (ELBO),
//!
//! ```text
//! F(m, r) = E[-ln p(y, m + e^r e)] - sum r - const,      e ~ N(0, 1)      in nats
//! ```
//!
//! A draw differentiates it at one sample e. Here F is known in closed form too, to compare.
//!
//! `cargo run --release --example variational` (with `--features plot` it draws `variational.svg`)
//!
//! Data: Rubin (1981).

use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, State};
use argmin_arturo::observer::History;
use argmin_arturo::rand_distr::{Distribution, StandardNormal};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use std::f64::consts::{E, TAU};

const SCHOOLS: usize = 8;
const EFFECTS: [f64; SCHOOLS] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; SCHOOLS] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
/// mu, ln tau and the eta_j.
const LATENT: usize = 2 + SCHOOLS;
/// The minimum of F, computed independently by Newton from twelve starts.
const OPTIMUM: f64 = 31.46839765383674;
const DRAWS: u64 = 100_000;

struct EightSchools;

impl EightSchools {
    /// The gradient of -ln p(y, z) by z.
    fn slope(z: &[f64; LATENT]) -> [f64; LATENT] {
        let (mu, log_tau, tau) = (z[0], z[1], z[1].exp());
        let mut slope = [0.0; LATENT];
        slope[0] = mu / 25.0;
        slope[1] = log_tau - 5f64.ln();
        for j in 0..SCHOOLS {
            let eta = z[2 + j];
            let pull = (mu + tau * eta - EFFECTS[j]) / ERRORS[j].powi(2);
            slope[0] += pull;
            slope[1] += pull * tau * eta;
            slope[2 + j] = eta + pull * tau;
        }
        slope
    }

    /// F, by the moments of normal and lognormal variables.
    fn bound(x: &[f64]) -> f64 {
        let (mean, log_deviation) = x.split_at(LATENT);
        let variance: Vec<f64> = log_deviation.iter().map(|r| (2.0 * r).exp()).collect();
        let (mu, log_tau) = (mean[0], mean[1]);
        let tau = (log_tau + 0.5 * variance[1]).exp();
        let tau_squared = (2.0 * log_tau + 2.0 * variance[1]).exp();
        let mut energy = 0.5 * (mu * mu + variance[0]) / 25.0
            + 0.5 * ((log_tau - 5f64.ln()).powi(2) + variance[1]);
        let mut constants = 5f64.ln() + 0.5 * (LATENT + SCHOOLS) as f64 * TAU.ln();
        for j in 0..SCHOOLS {
            let (eta, spread, s) = (mean[2 + j], variance[2 + j], ERRORS[j]);
            let square = (EFFECTS[j] - mu - tau * eta).powi(2)
                + variance[0]
                + tau_squared * (eta * eta + spread)
                - (tau * eta).powi(2);
            energy += 0.5 * (eta * eta + spread) + 0.5 * square / (s * s);
            constants += s.ln();
        }
        let entropy = log_deviation.iter().sum::<f64>() + 0.5 * LATENT as f64 * (TAU * E).ln();
        energy + constants - entropy
    }
}

impl StochasticGradient for EightSchools {
    /// The means m, then the log-deviations r.
    type Param = Vec<f64>;

    fn stochastic_gradient(
        &self,
        x: &Vec<f64>,
        draw: Draw,
        gradient: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let mut rng = draw.rng();
        let (mean, log_deviation) = x.split_at(LATENT);
        let shift: [f64; LATENT] = std::array::from_fn(|k| {
            let sample: f64 = StandardNormal.sample(&mut rng);
            log_deviation[k].exp() * sample
        });
        let slope = Self::slope(&std::array::from_fn(|k| mean[k] + shift[k]));
        for k in 0..LATENT {
            gradient[k] = slope[k];
            // the entropy of the approximation is the sum of all r
            gradient[LATENT + k] = slope[k] * shift[k] - 1.0;
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    println!("Coaching in eight schools: approximate posterior, one sample a gradient\n");
    let mut start = vec![0.0; 2 * LATENT];
    start[LATENT..].fill(-1.0);
    let history = History::new();
    let result = Executor::new(EightSchools, Arturo::new())
        .configure(|state| state.param(start.clone()).max_iters(DRAWS))
        .add_observer(history.clone(), ObserverMode::Always)
        .run()?;
    let x = result.state().get_best_param().expect("a run has a best point");

    let (mean, deviation) = (&x[..LATENT], x[LATENT..].iter().map(|r| r.exp()));
    let deviation: Vec<f64> = deviation.collect();
    println!("{:26} {:6.2} +- {:.2} points", "mean effect mu", mean[0], deviation[0]);
    let tau = mean[1].exp();
    println!("{:26} {tau:6.2} x/ {:.2} points", "spread of schools tau", deviation[1].exp());
    for j in 0..SCHOOLS {
        let theta = mean[0] + (mean[1] + 0.5 * deviation[1].powi(2)).exp() * mean[2 + j];
        let (school, seen, error) = (char::from(b'A' + j as u8), EFFECTS[j], ERRORS[j]);
        println!("school {school}: {seen:5.0} +- {error:2.0} seen  {theta:6.2} points");
    }
    let (begin, end) = (EightSchools::bound(&start), EightSchools::bound(x));
    println!("\nnegative ELBO: {begin:.4} nats at the start, {end:.4} after {DRAWS} draws,");
    println!("{:.2e} above the optimum of {OPTIMUM:.4}", end - OPTIMUM);
    #[cfg(feature = "plot")]
    argmin_arturo::observer::Plot::new()
        .with_title("Eight schools, by reparameterization")
        .with_run("arTuRO", history.table())
        .save("variational.svg")?;
    Ok(())
}
