//! Answers far from the minimum, or farther than the start.

use crate::support::{
    Gradients, Outcome, best, ensure, median_and_worst, normal, recommended, run,
};
use argmin_arturo::solution::RunResult;
use argmin_arturo::{Arturo, Draw};
use rand::Rng;

/// Counts the seeds whose answer is worse than the start by the cost `f`, over some budgets.
fn never_worse_than_the_start(
    gradient: impl Fn(&[f64], Draw, &mut [f64]),
    f: impl Fn(&[f64]) -> f64,
    x0: &[f64],
    seeds: u64,
) -> Outcome {
    for draws in [100, 300, 1000] {
        let mut worse = vec![];
        for seed in 0..seeds {
            let x = best(&gradient, x0, draws, seed)?;
            let holds = f(&x) <= f(x0);
            if !holds {
                worse.push((seed, x));
            }
        }
        ensure(worse.is_empty(), || {
            format!(
                "after {draws} draws {} of {seeds} are worse than the start, such as seed {} at {:?}",
                worse.len(),
                worse[0].0,
                worse[0].1
            )
        })?;
    }
    Ok(())
}

/// Median of single data, f = E|x - y|, y ~ N(7, 1), from 0: a drawn gradient is 1 or -1.
pub fn f2_median() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        g[0] = if x[0] > 7.0 + normal(&mut draw.rng()) { 1.0 } else { -1.0 };
    };
    never_worse_than_the_start(gradient, |x| (x[0] - 7.0).abs(), &[0.0], 101)
}

/// A newsvendor, costs 1 of a piece left over and 3 of one too few, exponential demand of mean 10,
/// from 1: f = x + 10 (e^(-x/10) - 1) + 30 e^(-x/10), least at 10 ln 4.
pub fn f2_newsvendor() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let demand = -10.0 * (1.0 - draw.rng().random::<f64>()).ln();
        g[0] = if x[0] > demand { 1.0 } else { -3.0 };
    };
    // below 0 no demand is met
    let f = |x: &[f64]| {
        if x[0] > 0.0 { x[0] - 10.0 + 40.0 * (-x[0] / 10.0).exp() } else { 30.0 - 3.0 * x[0] }
    };
    never_worse_than_the_start(gradient, f, &[1.0], 51)
}

/// The pinball loss of the 0.9-quantile of a logistic variable about 7, from 0.
pub fn f2_pinball() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let u: f64 = draw.rng().random::<f64>().max(1e-300);
        let y = 7.0 + (u / (1.0 - u)).ln();
        g[0] = if x[0] > y { 0.1 } else { -0.9 };
    };
    // the primitive of F(x) - 0.9
    let f = |x: &[f64]| {
        let t = x[0] - 7.0;
        t.max(0.0) + (-t.abs()).exp().ln_1p() - 0.9 * t
    };
    never_worse_than_the_start(gradient, f, &[0.0], 51)
}

/// The hinge loss of single data: labels y = +-1, one feature 2 y + z, z ~ N(0, 1), and an offset.
pub fn f2_hinge() -> Outcome {
    let sample = |k: u64| {
        let mut rng = Draw::new(11, k).rng();
        let y = if rng.random::<f64>() < 0.5 { 1.0 } else { -1.0 };
        (y, 2.0 * y + normal(&mut rng))
    };
    let data: Vec<(f64, f64)> = (0..200).map(sample).collect();
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let (y, t) = data[draw.rng().random_range(0..data.len())];
        let inside = if y * (x[0] + x[1] * t) < 1.0 { -y } else { 0.0 };
        (g[0], g[1]) = (inside, inside * t);
    };
    let f = |x: &[f64]| {
        data.iter().map(|(y, t)| (1.0 - y * (x[0] + x[1] * t)).max(0.0)).sum::<f64>() / 200.0
    };
    never_worse_than_the_start(gradient, f, &[0.0; 2], 31)
}

/// Three coordinates of curvature 1, 5, 20 and minimum 1, noise 1; the gradient of the fourth is
/// noise of the same size about 0, and the fourth is to stay within 100 of 0.
pub fn f3_coordinate_without_influence() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        for i in 0..4 {
            g[i] = [1.0, 5.0, 20.0, 0.0][i] * (x[i] - 1.0) + normal(&mut rng);
        }
    };
    for (draws, seeds) in [(100, 40), (1000, 20), (5000, 8)] {
        let (mut fourth, mut others) = (vec![], vec![]);
        for seed in 0..seeds {
            let x = best(gradient, &[0.0; 4], draws, seed)?;
            fourth.push(x[3].abs());
            others.extend(x[..3].iter().map(|x| (x - 1.0).abs()));
        }
        let (median, worst) = median_and_worst(fourth);
        ensure(worst < 100.0, || {
            format!("fourth coordinate after {draws} draws: median {median:.1e}, worst {worst:.1e}")
        })?;
        // 1 / sqrt(1000) is 0.03
        let (_, worst) = median_and_worst(others);
        ensure(draws < 1000 || worst < 0.3, || format!("{worst} off 1 after {draws} draws"))?;
    }
    Ok(())
}

/// Nothing but noise: no answer is to go farther than 100 from the start.
pub fn f3_nothing_but_noise() -> Outcome {
    let gradient = |_: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g.iter_mut().for_each(|g| *g = normal(&mut rng));
    };
    for draws in [50, 100, 500] {
        let mut distances = vec![];
        for seed in 0..40 {
            let x = best(gradient, &[1.0, -2.0], draws, seed)?;
            distances.push((x[0] - 1.0).abs().max((x[1] + 2.0).abs()));
        }
        let (median, worst) = median_and_worst(distances);
        ensure(worst < 100.0, || {
            format!("distance from the start after {draws}: median {median:.1e}, worst {worst:.1e}")
        })?;
    }
    Ok(())
}

/// y = a exp(-m t) + noise 0.05, a = 1.7, m = 0.11, t = 0 ... 39, batches of 8, from (0, 0).
pub fn f11_exponential_from_zero() -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g.fill(0.0);
        for _ in 0..8 {
            let t = rng.random_range(0..40) as f64;
            let y = 1.7 * (-0.11 * t).exp() + 0.05 * normal(&mut rng);
            let e = (-x[1] * t).exp();
            let r = (x[0] * e - y) / 8.0;
            g[0] += r * e;
            g[1] -= r * x[0] * t * e;
        }
    };
    let seeds = 12;
    let mut wrong = vec![];
    for seed in 0..seeds {
        let x = best(gradient, &[0.0, 0.0], 3000, seed)?;
        let holds = (x[0] - 1.7).abs() < 0.1 && (x[1] - 0.11).abs() < 0.02;
        if !holds {
            wrong.push(x);
        }
    }
    ensure(wrong.is_empty(), || {
        format!("wrong in {} of {seeds} after 3000 draws, such as {:.3?}", wrong.len(), wrong[0])
    })
}

/// Mean and log sigma of a normal, data from N(3, 1), 10 a draw, from (0, `log_sigma`):
/// f = E[s + (y - m)^2 exp(-2 s) / 2], least at (3, 0).
fn f20(log_sigma: f64) -> Outcome {
    let gradient = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        g.fill(0.0);
        for _ in 0..10 {
            let (e, w) = (3.0 + normal(&mut rng) - x[0], (-2.0 * x[1]).exp());
            g[0] -= e * w / 10.0;
            g[1] += (1.0 - e * e * w) / 10.0;
        }
    };
    let seeds = 12;
    let mut wrong = vec![];
    for seed in 0..seeds {
        let solver = Arturo::new().with_seed(seed);
        let result = run(Gradients(gradient), solver, &[0.0, log_sigma], 3000)?;
        let x = recommended(&result);
        let holds = (x[0] - 3.0).abs() < 0.3 && x[1].abs() < 0.3;
        if !holds {
            let gain = result.solution()?.predicted_gain;
            wrong.push(format!("seed {seed} at {x:.3?}, predicted gain {gain:.1e}"));
        }
    }
    ensure(wrong.is_empty(), || {
        format!("wrong in {} of {seeds} after 3000 draws, such as {}", wrong.len(), wrong[0])
    })
}

pub fn f20_log_sigma_from_1() -> Outcome {
    f20(1.0)
}

pub fn f20_log_sigma_from_3() -> Outcome {
    f20(3.0)
}

pub fn f20_log_sigma_from_5() -> Outcome {
    f20(5.0)
}

pub fn f20_log_sigma_from_8() -> Outcome {
    f20(8.0)
}

pub fn f20_log_sigma_from_12() -> Outcome {
    f20(12.0)
}
