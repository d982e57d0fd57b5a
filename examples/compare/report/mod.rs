//! The report, as Markdown.

pub mod csv;
mod headline;
mod limits;
mod losses;
mod problems;
mod rivals;

use crate::machine;
use crate::runs::Instance;
use crate::score::{Row, Scores};
use crate::select::{BUDGETS, Half, LONG_BUDGET, Size, USUAL_BUDGET};
use std::time::Duration;

/// How a comparison was run.
pub struct Setup {
    pub size: Size,
    pub filter: String,
    pub seeds: u64,
    pub time: Duration,
}

/// The whole report, from the results at every budget.
pub fn markdown(setup: &Setup, instances: &[Instance], all: &[Scores]) -> String {
    let mut text = String::from("# arTuRO against what others would use\n\n");
    text += &machine::description();
    text += &conditions(setup, instances);
    text += METHOD;
    if let Some(scores) = usual(all) {
        text += &headline::table("all problems", scores, &scores.rows_of(None));
        text += &headline::budgets(all);
        text += &losses::markdown(scores);
    }
    text += &limits::markdown(instances, all);
    text += &rivals::markdown(all);
    if let Some(scores) = usual(all) {
        for (title, half) in [("tuning half", Half::Tuning), ("held-out half", Half::HeldOut)] {
            text += &headline::table(title, scores, &scores.rows_of(Some(half)));
        }
        text += "\n## Profiles\n\n![Data profiles](data-profiles.svg)\n\n";
        text += "![Performance profiles](performance-profiles.svg)\n";
        text += &problems::markdown(scores);
    }
    text
}

/// What the numbers mean.
const METHOD: &str = "
Every solver sees the same draws, pays for every gradient from the same budget, and is judged by the
exact cost of the point it returns. Gap: that cost minus the known minimum; medians over the seeds,
not below 1e-13 of the start's gap, which is rounding. Gaps within 10 % of each other tie. **Means
and shares weigh all families alike**, however many problems they have: they are means over the
families of a family's mean. Counts are of problems.

Best of 10: five learning rates from 1e-4 to 1, constant and with a cosine decay that knows the
budget; the best on each problem and budget, chosen in hindsight. Runs whose course does not depend
on the budget are judged at all budgets on the way; a schedule with a horizon, and L-BFGS with frozen
draws, get a run for each budget. L-BFGS gets the cost of a draw along with its gradient for free,
and the exact cost where draws have none; with frozen draws it minimizes the mean of a fiftieth of
the budget, and it is started again from its last iterate where it stops early. *Fresh draws*: every
gradient has noise of its own, whatever draw is asked for, as in a laboratory. Problems without noise
are run once, for their draws are all alike. On the tuning half of the eleven oldest families
arTuRO's constants were chosen; the other half was held out.
";

/// The results at the budget that all problems are run to.
fn usual<'s, 'a>(all: &'s [Scores<'a>]) -> Option<&'s Scores<'a>> {
    all.iter().find(|scores| scores.budget == USUAL_BUDGET)
}

fn conditions(setup: &Setup, instances: &[Instance]) -> String {
    let Setup { size, filter, seeds, time } = setup;
    let runs: usize = instances.iter().flat_map(|instance| &instance.runs).map(Vec::len).sum();
    let count = instances.len();
    let named = if filter.is_empty() { String::new() } else { format!(" named *{filter}*") };
    let mut text = format!(
        "- problems: {count}{named} ({size} size)\n- seeds: 0 to {}\n- runs: {runs} in {:.0} s\n",
        seeds - 1,
        time.as_secs_f64()
    );
    for budget in BUDGETS {
        let run = instances.iter().filter(|instance| instance.is_run_to(budget)).count();
        text += &format!("- {budget} gradients: {run} problems");
        if budget > USUAL_BUDGET {
            text += &format!(
                ": of those with noise at most {} of a family, at most {} seeds, 1 of slow ones",
                size.problems_run_to(budget),
                Size::seeds_run_to(budget)
            );
        }
        text += "\n";
    }
    text + &format!(
        "- beyond {USUAL_BUDGET} gradients not run: SGD, L-BFGS, arTuRO of the paper; beyond \
         {LONG_BUDGET}: all but arTuRO\n"
    )
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

/// A title, the head of a table and its rule.
fn table_head(title: &str, columns: &str) -> String {
    format!("\n{title}\n\n| {columns} |\n{}", rule(columns.split(" | ").count()))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// How many problems of a budget there are.
fn count(rows: &[&Row]) -> String {
    let problems = if rows.len() == 1 { "problem" } else { "problems" };
    format!("{} {problems}", rows.len())
}
