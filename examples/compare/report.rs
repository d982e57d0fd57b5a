//! The report, as Markdown, and all runs, as comma-separated values.

use crate::machine;
use crate::profile::median_to_reach;
use crate::runs::Instance;
use crate::score::{Row, Scores, compare};
use crate::select::{Half, Size};
use crate::solvers::{Method, REFERENCE, USUAL};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// The part of the start's gap that the tables count gradients to.
const REACHED: f64 = 1e-3;

/// How a comparison was run.
pub struct Setup {
    pub size: Size,
    pub filter: String,
    pub seeds: u64,
    pub runs: usize,
    pub time: Duration,
}

/// The whole report.
pub fn markdown(setup: &Setup, scores: &Scores) -> String {
    let mut text = String::from("# arTuRO against Adam, SGD and L-BFGS\n\n");
    text += &machine::description();
    text += &conditions(setup, scores);
    text += METHOD;
    for (title, half) in [
        ("all problems", None),
        ("tuning half", Some(Half::Tuning)),
        ("look-once half", Some(Half::LookOnce)),
    ] {
        let rows = scores.rows_of(half);
        if !rows.is_empty() {
            text += &format!("\n## Summary: {title} ({})\n\n", rows.len());
            text += &summary(scores, &rows);
        }
    }
    text += "\n## Profiles\n\n![Data profiles](data-profiles.svg)\n\n";
    text += "![Performance profiles](performance-profiles.svg)\n";
    text += &families(scores);
    text += &losses(scores);
    text += &problems(scores);
    text
}

/// What the numbers mean.
const METHOD: &str = "
Every solver sees the same draws, pays for every gradient from the same budget, and is judged by the
exact cost of the point it returns. Gap: that cost minus the known minimum; medians over the seeds,
not below 1e-13 of the start's gap, which is rounding. Gaps within 10 % of each other tie. Best of
10: five learning rates from 1e-4 to 1, constant and with a cosine decay that knows the budget; the
best on each problem, chosen in hindsight. L-BFGS gets the cost of a draw along with its gradient
for free, and the exact cost where draws have none; with frozen draws it minimizes the mean of a
fiftieth of the budget, and it is started again from its last iterate where it stops early. Problems
without noise are run once, for their draws are all alike. On the tuning half arTuRO's constants
were chosen; the other half was looked at once.
";

fn conditions(setup: &Setup, scores: &Scores) -> String {
    let Setup { size, filter, seeds, runs, time } = setup;
    let mut budgets: Vec<usize> = scores.rows.iter().map(|row| row.instance.budget).collect();
    budgets.sort_unstable();
    budgets.dedup();
    let budgets: Vec<String> = budgets.iter().map(usize::to_string).collect();
    let count = scores.rows.len();
    let named = if filter.is_empty() { String::new() } else { format!(" named *{filter}*") };
    format!(
        "- problems: {count}{named} ({size} size)\n- seeds: 0 to {}\n- budget: {} gradients a run\n\
         - runs: {runs} in {:.0} s\n",
        seeds - 1,
        budgets.join(", "),
        time.as_secs_f64()
    )
}

fn summary(scores: &Scores, rows: &[&Row]) -> String {
    let mut text = format!(
        "| solver | arTuRO wins / ties / loses | mean log10 of gap over {REFERENCE} \
         | within 2x of {REFERENCE} | beats {USUAL} | beats {REFERENCE} \
         | worst seed above the start | runs not finite | runs ended by an error \
         | smooth convex without noise to 1e-10 |\n{}",
        rule(10)
    );
    for line in scores.ranking(rows) {
        let share = |count: usize| 100.0 * count as f64 / line.problems as f64;
        let against = match line.contender {
            0 => "-".into(),
            _ => format!("{} / {} / {}", line.wins, line.ties, line.losses),
        };
        text += &format!(
            "| {} | {against} | {:+.2} | {:.0} % | {:.0} % | {:.0} % | {} | {} | {} | {} of {} |\n",
            scores.contenders[line.contender].name,
            line.mean_decades,
            share(line.within_twice_reference),
            share(line.beats_usual),
            share(line.beats_reference),
            line.above_start,
            line.non_finite_runs,
            line.failed_runs,
            line.convex_solved,
            line.convex,
        );
    }
    text
}

fn families(scores: &Scores) -> String {
    let mut families: Vec<&str> = scores.rows.iter().map(|row| row.instance.family).collect();
    families.dedup();
    let title = format!("\n## Families: mean log10 of gap over {REFERENCE}\n\n");
    let mut text = title + &header("family | problems", scores);
    for family in families {
        let rows: Vec<&Row> =
            scores.rows.iter().filter(|row| row.instance.family == family).collect();
        let means = (0..scores.contenders.len())
            .map(|contender| format!(" {:+.2} |", scores.mean_decades(contender, &rows)));
        text += &format!("| {family} | {} |{}\n", rows.len(), means.collect::<String>());
    }
    text
}

/// The problems where arTuRO loses to the reference, the worst first.
fn losses(scores: &Scores) -> String {
    let reference = scores.index(REFERENCE);
    let gaps = |row: &Row| (row.scores[0].gap, row.scores[reference].gap);
    let mut lost: Vec<&Row> = scores
        .rows
        .iter()
        .filter(|row| {
            let (gap, other) = gaps(row);
            compare(gap, other).is_gt()
        })
        .collect();
    let ratio = |row: &Row| {
        let (gap, other) = gaps(row);
        gap / other
    };
    lost.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
    let mut text = format!(
        "\n## Losses of arTuRO to {REFERENCE} ({} of {})\n\n\
         Gradients: median until {REACHED:e} of the start's gap; - where most seeds never get there.\n\n\
         | problem | half | gap of arTuRO | of {REFERENCE} | ratio | gradients of arTuRO \
         | of {REFERENCE} |\n{}",
        lost.len(),
        scores.rows.len(),
        rule(7)
    );
    for row in lost {
        let (gap, other) = gaps(row);
        text += &format!(
            "| {} | {} | {gap:.2e} | {other:.2e} | {:.2e} | {} | {} |\n",
            row.instance.name,
            row.instance.half,
            gap / other,
            reach(row, 0),
            reach(row, reference)
        );
    }
    text
}

/// The median gap of every contender on every problem, the lowest in bold.
fn problems(scores: &Scores) -> String {
    let reference = scores.index(REFERENCE);
    let mut text = String::from("\n## Median gaps\n\nIn bold what ties with the lowest.\n\n");
    let first =
        format!("problem | half | n | gap of the start | gradients of arTuRO | of {REFERENCE}");
    text += &header(&first, scores);
    for row in &scores.rows {
        let Instance { name, half, dimension, .. } = row.instance;
        let lowest = row.scores.iter().map(|score| score.gap).fold(f64::INFINITY, f64::min);
        let cells = row.scores.iter().map(|score| {
            if compare(score.gap, lowest).is_gt() {
                format!(" {:.2e} |", score.gap)
            } else {
                format!(" **{:.2e}** |", score.gap)
            }
        });
        text += &format!(
            "| {name} | {half} | {dimension} | {:.2e} | {} | {} |{}\n",
            row.instance.start_gap(),
            reach(row, 0),
            reach(row, reference),
            cells.collect::<String>()
        );
    }
    text
}

fn reach(row: &Row, contender: usize) -> String {
    let gradients = median_to_reach(row.instance, row.scores[contender].runs, REACHED);
    if gradients.is_finite() { gradients.to_string() } else { "-".into() }
}

/// The head of a table with a column for every contender.
fn header(first: &str, scores: &Scores) -> String {
    let names = scores.contenders.iter().map(|contender| format!(" {} |", contender.name));
    let columns = first.split(" | ").count() + scores.contenders.len();
    format!("| {first} |{}\n{}", names.collect::<String>(), rule(columns))
}

fn rule(columns: usize) -> String {
    format!("|{}\n", " --- |".repeat(columns))
}

/// Writes one line per run.
pub fn write_runs(
    path: &Path,
    instances: &[Instance],
    methods: &[Method],
) -> Result<(), Box<dyn Error>> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record([
        "problem", "half", "solver", "seed", "budget", "used", "f0", "minimum", "gap",
    ])?;
    for instance in instances {
        for (method, runs) in methods.iter().zip(&instance.runs) {
            for (seed, run) in runs.iter().enumerate() {
                table.write_record([
                    &instance.name,
                    &instance.half.to_string(),
                    &method.name,
                    &seed.to_string(),
                    &instance.budget.to_string(),
                    &run.used.to_string(),
                    &instance.start_cost.to_string(),
                    &instance.minimum.to_string(),
                    &run.gap().to_string(),
                ])?;
            }
        }
    }
    table.flush()?;
    Ok(())
}
