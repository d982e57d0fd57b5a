//! Runs of the default on a problem, and what is wrong with them.

use crate::problem::{Oracle, Problem};
use argmin::core::{Error, Executor, State, TerminationReason};
use argmin_arturo::oracle::Fresh;
use argmin_arturo::solution::{RunResult, Tolerance, Verdict};
use argmin_arturo::{Arturo, Draw, Scalar, StochasticGradient};
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What can be wrong with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Worse,
    Far,
    Verdict,
    RelativeError,
    PredictedGain,
    NonFinite,
    Error,
    Panic,
}

/// In the order of the report, with what it calls them.
pub const FINDINGS: [(Finding, &str); 8] = [
    (Finding::Worse, "worse than the start"),
    (Finding::Far, "far away"),
    (Finding::Verdict, "false verdict"),
    (Finding::RelativeError, "false stop by relative error"),
    (Finding::PredictedGain, "false stop by predicted gain"),
    (Finding::NonFinite, "not finite"),
    (Finding::Error, "error"),
    (Finding::Panic, "panic"),
];

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Draws(u64),
    /// A tolerance, or this many draws.
    Tolerance(Tolerance, u64),
}

/// A run that was judged.
pub struct Judged {
    pub end: End,
    pub findings: Vec<Finding>,
    /// The gap of the answer over that of the start; none without both.
    pub gap_ratio: Option<f64>,
    pub description: String,
}

/// What a run says of its answer.
pub struct Claim {
    pub verdict: Verdict,
    pub standard_error: Vec<f64>,
    pub predicted_gain_bound: f64,
}

/// What a run came to.
pub struct Answer {
    pub param: Vec<f64>,
    /// None in a box, which has no errors.
    pub claim: Option<Claim>,
    pub by_tolerance: bool,
    pub draws: u64,
}

/// The part of the coordinates that `RelativeError` is asked for.
const RELATIVE_ERROR: f64 = 1e-2;
/// The part of the start's gap that `PredictedGain` is asked for.
const GAIN: f64 = 1e-3;
/// What a run with a tolerance may draw.
const MOST_DRAWS: u64 = 3000;
/// A claim is false where the truth is beyond this many times what it says.
const CLAIM: f64 = 10.0;
/// An answer is far away beyond this many times the start's distance.
const FAR: f64 = 1e3;

/// All runs on a problem.
pub fn judge(problem: &Problem, budgets: &[u64]) -> Vec<Judged> {
    let mut ends: Vec<End> = budgets.iter().map(|draws| End::Draws(*draws)).collect();
    if problem.bounds.is_none() {
        let gap = problem.gap(&problem.start);
        let gain = GAIN * if gap > 0.0 { gap } else { problem.amplitude };
        ends.push(End::Tolerance(Tolerance::RelativeError(RELATIVE_ERROR), MOST_DRAWS));
        ends.push(End::Tolerance(Tolerance::PredictedGain(gain), MOST_DRAWS));
    }
    ends.into_iter().map(|end| judge_run(problem, end)).collect()
}

fn judge_run(problem: &Problem, end: End) -> Judged {
    let answer = catch_unwind(AssertUnwindSafe(|| match problem.single {
        true => answer::<f32>(problem, end),
        false => answer::<f64>(problem, end),
    }));
    let failed = |finding, description: String| Judged {
        end,
        findings: vec![finding],
        gap_ratio: None,
        description,
    };
    match answer {
        Err(_) => failed(Finding::Panic, "panics".into()),
        Ok(Err(error)) => failed(Finding::Error, error.to_string()),
        Ok(Ok(answer)) => {
            let (gap, start_gap) = (problem.gap(&answer.param), problem.gap(&problem.start));
            Judged {
                end,
                findings: findings(problem, end, &answer),
                gap_ratio: (start_gap > 0.0).then_some(gap / start_gap),
                description: answer.describe(problem),
            }
        }
    }
}

fn answer<F: Scalar>(problem: &Problem, end: End) -> Result<Answer, Error> {
    let oracle = Oracle::<F>(problem, PhantomData);
    match problem.fresh {
        true => solve(Fresh::new(oracle), problem, end),
        false => solve(oracle, problem, end),
    }
}

fn cast<F: Scalar>(values: &[f64]) -> Vec<F> {
    values.iter().map(|value| F::from_f64_lossy(*value)).collect()
}

fn solve<F, O>(oracle: O, problem: &Problem, end: End) -> Result<Answer, Error>
where
    F: Scalar,
    O: StochasticGradient<Param = Vec<F>>,
{
    let start: Vec<F> = cast(&problem.start);
    // apart from the seeds of the draws that the problem is made of
    let seed = Draw::new(problem.seed, 0).stream(2).seed();
    let (tolerance, draws) = match end {
        End::Draws(draws) => (None, draws),
        End::Tolerance(tolerance, draws) => (Some(tolerance), draws),
    };
    macro_rules! run {
        ($solver:expr) => {
            Executor::new(oracle, $solver)
                .configure(|state| state.param(start).max_iters(draws))
                .run()?
        };
    }
    macro_rules! run_to_claim {
        ($solver:expr) => {{
            let mut solver = $solver.with_seed(seed);
            if let Some(tolerance) = tolerance {
                solver = solver.with_tolerance(tolerance)?;
            }
            let result = run!(solver);
            let solution = result.solution()?;
            let claim = Claim {
                verdict: solution.verdict,
                standard_error: solution.standard_error,
                predicted_gain_bound: solution.predicted_gain_bound,
            };
            (result.state, Some(claim))
        }};
    }
    let (state, claim) = match &problem.bounds {
        None => run_to_claim!(Arturo::<F>::new()),
        Some((lower, upper)) => {
            let solver = Arturo::<F>::new().with_seed(seed);
            (run!(solver.with_bounds(cast(lower), cast(upper))?).state, None)
        }
    };
    let param = state.get_best_param().ok_or_else(|| Error::msg("there is no answer"))?;
    Ok(Answer {
        param: param.iter().map(|x| x.to_f64_exact()).collect(),
        claim,
        by_tolerance: state.get_termination_reason() == Some(&TerminationReason::SolverConverged),
        draws: state.get_iter(),
    })
}

impl Answer {
    fn describe(&self, problem: &Problem) -> String {
        let mut text = format!(
            "{} draws: gap {:.1e}, distance {:.1e}",
            self.draws,
            problem.gap(&self.param),
            problem.distance(&self.param)
        );
        if let Some(claim) = &self.claim {
            let bound = claim.predicted_gain_bound;
            text += &format!(", {:?}, gain at most {bound:.1e}", claim.verdict);
        }
        text
    }
}

/// What is wrong with an answer.
pub fn findings(problem: &Problem, end: End, answer: &Answer) -> Vec<Finding> {
    let x = &answer.param;
    let gap = problem.gap(x);
    if x.iter().any(|x| !x.is_finite()) || gap.is_nan() {
        return vec![Finding::NonFinite];
    }
    let start_gap = problem.gap(&problem.start);
    let draws = answer.draws as f64;
    let mut findings = vec![];
    let mut note = |finding, holds| {
        if holds {
            findings.push(finding)
        }
    };
    let most = start_gap + 0.01 * start_gap + problem.chance(draws) + problem.rounding();
    note(Finding::Worse, gap > most);
    let reach = problem.distance(&problem.start).max(problem.chance_distance(draws)).max(1e-6);
    note(Finding::Far, problem.distance(x) > FAR * reach);
    match end {
        End::Draws(_) => note(Finding::Verdict, is_false_verdict(problem, answer)),
        End::Tolerance(_, _) if !answer.by_tolerance => {}
        End::Tolerance(Tolerance::PredictedGain(gain), _) => {
            note(Finding::PredictedGain, gap > CLAIM * gain + problem.rounding());
        }
        End::Tolerance(_, _) => {
            let minimizer = problem.minimizer();
            let curvature = problem.curvature();
            let norm = |value: &dyn Fn(usize) -> f64| {
                (0..x.len()).map(|i| curvature[i] * value(i).powi(2)).sum::<f64>().sqrt()
            };
            let size = norm(&|i| minimizer[i].abs().max(x[i].abs().min(10.0 * minimizer[i].abs())));
            let error = norm(&|i| x[i] - minimizer[i]);
            note(Finding::RelativeError, error > CLAIM * RELATIVE_ERROR * size);
        }
    }
    findings
}

/// Whether the answer is farther off than a verdict that calls it settled says.
fn is_false_verdict(problem: &Problem, answer: &Answer) -> bool {
    let Some(claim) = &answer.claim else {
        return false;
    };
    let gap = problem.gap(&answer.param);
    let start_gap = problem.gap(&problem.start);
    let bound = CLAIM * claim.predicted_gain_bound + problem.rounding();
    match claim.verdict {
        // a gradient of the square root of the machine epsilon of its size at the start, which is
        // that squared in the gap, times the condition: 1e-16 1e6 at most
        Verdict::Converged => {
            let epsilon = if problem.single { f64::from(f32::EPSILON) } else { f64::EPSILON };
            gap > bound + epsilon.sqrt() * start_gap
        }
        Verdict::NoiseLimited { .. } => {
            let minimizer = problem.minimizer();
            let is_off = |i: usize| {
                let error = (answer.param[i] - minimizer[i]).abs();
                error > CLAIM * claim.standard_error[i] + problem.resolution(i)
            };
            gap > bound || (0..problem.active()).any(is_off)
        }
        _ => false,
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draws(draws) => write!(f, "{draws} draws"),
            Self::Tolerance(tolerance, draws) => write!(f, "{tolerance:?} or {draws} draws"),
        }
    }
}
