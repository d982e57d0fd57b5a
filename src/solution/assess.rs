//! From what a method knows to errors and a verdict.

use super::{Solution, Verdict};
use crate::method::{Evidence, Progress};

/// Standard deviations between a mean and its 95 % bound, for a sum of a few squares of normals.
const BOUND: f64 = 2.0;
/// Mean residuals beyond this many standard deviations are no chance.
const CONTRADICTED: f64 = 5.0;
/// A decrease of f of late beyond this multiple of what noise makes of a full step's promises.
const FALLING: f64 = 3.0;
/// What the decrease of late may exceed noise by, by chance.
const CHANCE: f64 = 2.0;
/// Half the error takes four times the draws.
const HALF_ERROR_DRAWS: u64 = 3;

/// Mean square relative error of the Hessian below which the model is one in all directions that
/// matter.
const MODELED: f64 = 0.3;

/// Where a run stands, in units of f.
struct Gains {
    /// Half of what the noise of m makes of m'B^-1 m.
    noise: f64,
    expected: f64,
    bound: f64,
}

/// The distance from the recommended point to the minimum of the model; from a mean of a path, the part
/// of it that noise does not explain.
fn offsets(evidence: &Evidence, x: &[f64], best: &[f64]) -> Vec<f64> {
    let newton = &evidence.newton_step;
    if let Some(share) = evidence.averaged {
        let excess = |(d, variance): (&f64, &f64)| (d * d - variance / share).max(0.0).sqrt();
        return newton.iter().zip(&evidence.variance).map(excess).collect();
    }
    (0..x.len()).map(|i| x[i] + newton[i] - best[i]).collect()
}

fn gains(evidence: &Evidence, x: &[f64], best: &[f64]) -> Gains {
    let [mean, deviation] = evidence.noise;
    let excess = 0.5 * (evidence.signal - mean).max(0.0);
    let (noise, model, bound) = if let Some(share) = evidence.averaged {
        // noise moves the path about the recommended point; what m says beyond it is still to gain
        let noise = 0.5 * share * mean;
        (noise, excess + noise, excess + 2.0 * noise + 0.5 * BOUND * deviation)
    } else {
        // between the last point and the recommended one the diagonal must do
        let detour: f64 =
            (0..x.len()).map(|i| 0.5 * evidence.curvature[i] * (x[i] - best[i]).powi(2)).sum();
        let noise = 0.5 * mean;
        let bound = 0.5 * evidence.signal + detour + noise + 0.5 * BOUND * deviation;
        (noise, excess + detour + noise, bound)
    };
    // a model that is off is off in what it takes for curvature, too
    let doubt = 1.0 + evidence.curvature_error.powi(2);
    Gains {
        noise,
        expected: model.max(evidence.decrease),
        bound: doubt * bound.max(evidence.decrease),
    }
}

/// Where f falls faster than noise makes it, the distance from the minimum is larger than that of
/// noise: in energy by this factor, in which direction is not known.
fn inflation(evidence: &Evidence) -> f64 {
    let noise = 0.5 * evidence.noise[0];
    if noise > 0.0 { (evidence.decrease / (CHANCE * noise)).max(1.0) } else { 1.0 }
}

/// The verdict without a tolerance.
fn verdict(evidence: &Evidence, gains: &Gains, draw_count: u64) -> Verdict {
    if evidence.is_flat {
        return Verdict::Converged;
    }
    let is_falling = evidence.decrease > FALLING * gains.noise;
    let is_modeled = evidence.curvature_error.powi(2) < MODELED;
    let is_steep = evidence.signal > evidence.noise[0] + BOUND * evidence.noise[1];
    if evidence.progress == Progress::Stuck {
        Verdict::Stalled
    } else if evidence.is_exact || is_falling || is_steep || !is_modeled || !is_settled(evidence) {
        Verdict::StillMoving
    } else {
        Verdict::NoiseLimited { more_draws_for_half_error: HALF_ERROR_DRAWS * draw_count }
    }
}

/// Whether the steps are those of the model, and the draws bear it out.
pub(super) fn is_settled(evidence: &Evidence) -> bool {
    evidence.progress == Progress::Resting && evidence.bias < CONTRADICTED
}

/// Everything but R-hat, of the recommended point `param`, whose coordinates are `best`.
pub(crate) fn assess<P>(
    evidence: &Evidence,
    x: &[f64],
    param: P,
    best: &[f64],
    draw_count: u64,
) -> Solution<P> {
    let gains = gains(evidence, x, best);
    let inflation = inflation(evidence);
    let standard_error = offsets(evidence, x, best)
        .into_iter()
        .zip(&evidence.variance)
        .map(|(offset, variance)| (inflation * variance + offset * offset).sqrt())
        .collect();
    Solution {
        param,
        standard_error,
        r_hat: None,
        gradient: evidence.gradient.clone(),
        gradient_error: evidence.gradient_error.clone(),
        curvature_error: evidence.curvature.iter().map(|a| evidence.curvature_error * a).collect(),
        curvature: evidence.curvature.clone(),
        predicted_gain: gains.expected,
        predicted_gain_bound: gains.bound,
        effective_draws: (!evidence.is_exact).then_some(evidence.effective_draws),
        draw_count,
        verdict: verdict(evidence, &gains, draw_count),
        on_bounds: Vec::new(),
    }
}
