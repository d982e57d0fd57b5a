//! The report, as Markdown.

use crate::campaign::{BUDGETS, Case};
use crate::generate::KINDS;
use crate::judge::{End, FINDINGS, Finding, Judged};
use crate::machine;
use std::time::Duration;

/// Seeds that a row of the report names.
const NAMED: usize = 4;

pub fn markdown(cases: &[Case], command: &str, time: Duration) -> String {
    let mut text = "# What the default does on generated problems\n\n".to_owned();
    text += &format!("- command: `{command}`\n");
    text += &machine::description();
    let runs: usize = cases.iter().map(|case| case.runs.len()).sum();
    text += &format!("- {} problems, {runs} runs, {} s\n", cases.len(), time.as_secs());
    text += METHOD;
    text += &format!("\n## By kind\n\n{}", table(cases));
    text += &format!("\n## By what ends the run\n\n{}", by_end(cases));
    text += &format!("\n## Seeds\n\n{}", seeds(cases));
    text
}

const METHOD: &str = "
`Arturo::new()` with a seed of its own on convex problems of 1 to 30 coordinates that count, whose
minimum is known: f(x) = amplitude sum_j weight_j shape(t_j) with t = R D^-1 (x - center), as
`examples/trust/problem.rs` says. A kind names what is unusual about a problem; the rest is usual: a
quadratic of condition 1 to 100, rotated or not, Gaussian noise of 0.01 to 3 times the largest slope at
the start, which is 0.3 to 10 units away. Each problem is run for 100 and 1000 draws (every fifth of a
kind for 5000, too), and but for a box with `RelativeError(1e-2)` and with a `PredictedGain` of 1e-3 of
the start's gap, for 3000 draws at most. Counted are runs; a run may be in several columns.

- worse than the start: f is above that of the start by 1 % of its gap and by more than chance, which is
  ten times the statistical limit tr(H^-1 S) / (2 draws) and at most the regret D G / sqrt(draws) of a
  gradient method that knows the distance;
- far away: 1000 times as far from the minimum as the start, or as chance, in a coordinate;
- false verdict: `Converged` or `NoiseLimited`, and the gap is more than 10 times the predicted bound, or
  (`NoiseLimited`) a coordinate is off by more than 10 of its own standard errors;
- false stop: the tolerance has stopped the run, and the true relative error or gain is more than 10 times
  what was asked for.

The last two columns are medians of the gap over that of the start, for to stay there is safe and no use.
";

fn is_found(run: &Judged, finding: Finding) -> bool {
    run.findings.contains(&finding)
}

/// A row of counts for some runs.
fn counts<'a>(runs: impl Iterator<Item = &'a Judged> + Clone) -> String {
    let count = |finding| runs.clone().filter(|run| is_found(run, finding)).count();
    FINDINGS.iter().map(|(finding, _)| format!(" {} |", count(*finding))).collect()
}

fn header(first: &str, last: &str) -> String {
    let names: String = FINDINGS.iter().map(|(_, name)| format!(" {name} |")).collect();
    let columns = 2 + FINDINGS.len() + last.matches('|').count();
    format!("| {first} | runs |{names}{last}\n|---|{}\n", "---:|".repeat(columns - 1))
}

/// The median of gap over start's gap after this many draws.
fn median_gap(cases: &[&Case], draws: u64) -> String {
    let runs = cases.iter().flat_map(|case| &case.runs);
    let at_budget = runs.filter(|run| run.end == End::Draws(draws));
    let mut ratios: Vec<f64> = at_budget.filter_map(|run| run.gap_ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).map_or("-".into(), |ratio| format!("{ratio:.1e}"))
}

fn table(cases: &[Case]) -> String {
    let mut text = header("kind", " gap, 100 draws | gap, 1000 draws |");
    let mut row = |name: &str, cases: &[&Case]| {
        let runs = cases.iter().flat_map(|case| &case.runs);
        text += &format!("| {name} | {} |{}", runs.clone().count(), counts(runs));
        text += &format!(" {} | {} |\n", median_gap(cases, 100), median_gap(cases, 1000));
    };
    for (kind, name) in KINDS {
        let of_kind: Vec<&Case> = cases.iter().filter(|case| case.kind == kind).collect();
        row(name, &of_kind);
    }
    row("all", &cases.iter().collect::<Vec<_>>());
    text
}

fn by_end(cases: &[Case]) -> String {
    let mut text = header("end", "");
    let runs = || cases.iter().flat_map(|case| &case.runs);
    for draws in BUDGETS {
        let some = runs().filter(|run| run.end == End::Draws(draws));
        text += &format!("| {draws} draws | {} |{}\n", some.clone().count(), counts(some));
    }
    let some = runs().filter(|run| matches!(run.end, End::Tolerance(..)));
    text += &format!("| tolerances | {} |{}\n", some.clone().count(), counts(some));
    text
}

/// Some seeds of each kind and finding.
fn seeds(cases: &[Case]) -> String {
    let mut text = String::from(
        "`cargo run --release --example trust -- --seed N` repeats one. The first ones:\n\n",
    );
    for (kind, kind_name) in KINDS {
        let mut lists = vec![];
        for (finding, name) in FINDINGS {
            let has = |case: &&Case| case.runs.iter().any(|run| is_found(run, finding));
            let found: Vec<&Case> =
                cases.iter().filter(|case| case.kind == kind).filter(has).collect();
            let named: Vec<String> =
                found.iter().take(NAMED).map(|case| case.seed.to_string()).collect();
            if !named.is_empty() {
                lists.push(format!("{name} {}", named.join(", ")));
            }
        }
        if !lists.is_empty() {
            text += &format!("- {kind_name}: {}\n", lists.join("; "));
        }
    }
    text
}

/// One problem and all that its runs come to.
pub fn details(problem: &crate::problem::Problem, runs: &[Judged]) -> String {
    let mut text = format!(
        "{problem:#?}\nstart: gap {:.1e}, distance {:.1e}\n",
        problem.gap(&problem.start),
        problem.distance(&problem.start)
    );
    for run in runs {
        text += &format!("{}: {} {:?}\n", run.end, run.description, run.findings);
    }
    text
}
