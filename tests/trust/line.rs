//! F21: a straight line in calendar years, not centred.

use crate::support::{Gradients, Outcome, ensure, median_and_worst, normal, recommended, run};
use argmin::core::State;
use argmin_arturo::solution::{Certification, RunResult, Tolerance, Verdict};
use argmin_arturo::{Arturo, Draw};
use rand::Rng;

/// y = 3 + 0.2 (year - 2000) + noise 0.5, years 1990 ... 2020, 10 a draw.
fn gradient(x: &[f64], draw: Draw, g: &mut [f64]) {
    let mut rng = draw.rng();
    g.fill(0.0);
    for _ in 0..10 {
        let t = f64::from(rng.random_range(1990..2021));
        let e = x[0] + x[1] * t - (3.0 + 0.2 * (t - 2000.0) + 0.5 * normal(&mut rng));
        g[0] += e / 10.0;
        g[1] += e * t / 10.0;
    }
}

const SEEDS: u64 = 10;

/// The slope by standard errors off 0.2, and whether the verdict is that of noise alone.
fn slopes(draws: u64) -> Result<Vec<(f64, bool)>, argmin::core::Error> {
    let slope = |seed| {
        let solver = Arturo::new().with_seed(seed);
        let result = run(Gradients(gradient), solver, &[0.0; 2], draws)?;
        let solution = result.solution()?;
        let limited = matches!(solution.verdict, Verdict::NoiseLimited { .. });
        Ok(((solution.param[1] - 0.2).abs() / solution.standard_error[1], limited))
    };
    (0..SEEDS).map(slope).collect()
}

/// The slope is within 10 of its standard errors, whatever the verdict.
pub fn f21_standard_error() -> Outcome {
    for draws in [500, 1000, 2000] {
        let slopes = slopes(draws)?;
        let outside = slopes.len() - slopes.iter().filter(|(off, _)| *off <= 10.0).count();
        let (median, _) = median_and_worst(slopes.into_iter().map(|(off, _)| off).collect());
        ensure(outside == 0, || {
            format!(
                "after {draws} draws the slope is off by more than 10 standard errors in {outside} \
                 of {SEEDS}, median {median:.0}"
            )
        })?;
    }
    Ok(())
}

/// No answer that is off by more than 10 standard errors is called noise-limited.
pub fn f21_verdict() -> Outcome {
    for draws in [500, 1000, 2000] {
        let wrong = slopes(draws)?.iter().filter(|(off, limited)| *limited && *off > 10.0).count();
        ensure(wrong == 0, || format!("{wrong} of {SEEDS} noise-limited after {draws} draws"))?;
    }
    Ok(())
}

/// Where a tolerance of 1e-3 on the gain stops a run, the true gain is below 1e-2.
pub fn f21_tolerance() -> Outcome {
    let (mut gains, mut draws) = (vec![], vec![]);
    for seed in 0..SEEDS {
        let solver =
            Arturo::new().with_seed(seed).with_tolerance(Tolerance::PredictedGain(1e-3))?;
        let result = run(Gradients(gradient), solver, &[0.0; 2], 20_000)?;
        let x = recommended(&result);
        // by the slope about the mean year, variance 80 of the years, and by the mean
        let (slope, mean) = (x[1] - 0.2, x[0] + x[1] * 2005.0 - 4.0);
        gains.push(0.5 * (80.0 * slope * slope + mean * mean));
        draws.push(result.state().get_iter() as f64);
    }
    let ((median, worst), (at, _)) = (median_and_worst(gains), median_and_worst(draws));
    ensure(worst < 1e-2, || {
        format!("true gain at the stop: median {median:.1e}, worst {worst:.1e}, after {at} draws")
    })
}

/// Fresh draws find slope and intercept within 5 of their standard errors.
pub fn f21_certify() -> Outcome {
    let mut result = run(Gradients(gradient), Arturo::new(), &[0.0; 2], 2000)?;
    let certification = Certification::new(1000)?.with_hessian_draws(400)?;
    let certificate = result.certify_with(&certification)?;
    let errors = certificate.standard_error();
    let holds = errors.as_ref().is_some_and(|errors| {
        [-397.0, 0.2].iter().zip(&certificate.param).zip(errors).all(|((right, x), error)| {
            (x - right).abs() < 5.0 * error && *error < 0.02 * right.abs()
        })
    });
    ensure(holds, || format!("{:.4?} +- {errors:.4?}", certificate.param))
}
