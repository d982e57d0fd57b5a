//! Gaps over the statistical limit: a score without a rival and without hindsight.

use super::{percent, table_head};
use crate::runs::Instance;
use crate::score::{Row, Scores, by_family, median};
use std::collections::BTreeMap;

/// How many of the worst are named at each budget.
const NAMED: usize = 10;

const INTRODUCTION: &str = "
## Gap over the statistical limit

`tr(H^-1 S) / (2 T)` is the least gap that any method can expect after T draws, for large T; H is the
Hessian and S the covariance of a drawn gradient, both at the minimum (`tests/problems/data/limits.json`).
1 is perfect; one median over the seeds can be luckier, the more so with few parameters, and where the
noise has heavy tails less is possible. After few draws the way from the start counts, and the limit is
out of reach.
";

pub fn markdown(instances: &[Instance], all: &[Scores]) -> String {
    let mut text = String::from(INTRODUCTION);
    text += &by_budget(all);
    text += &contenders(all);
    text += &families(all);
    text += &worst(all);
    text + &without(instances)
}

/// The ratios of a contender on the problems that have a limit.
fn ratios(rows: &[&Row], contender: usize, budget: usize) -> Vec<f64> {
    rows.iter().filter_map(|row| row.over_limit(contender, budget)).collect()
}

/// The share of ratios that are at most so high.
fn within(ratios: &[f64], most: f64) -> f64 {
    ratios.iter().filter(|ratio| **ratio <= most).count() as f64 / ratios.len() as f64
}

fn by_budget(all: &[Scores]) -> String {
    let columns = "gradients | problems | median | within 2 | within 3 | worst";
    let mut text = table_head("### arTuRO, all problems with a limit", columns);
    for scores in all {
        let ratios = ratios(&scores.rows_of(None), 0, scores.budget);
        if !ratios.is_empty() {
            text += &format!(
                "| {} | {} | {:.1} | {} | {} | {:.1e} |\n",
                scores.budget,
                ratios.len(),
                median(ratios.iter().copied()),
                percent(within(&ratios, 2.0)),
                percent(within(&ratios, 3.0)),
                ratios.iter().copied().fold(0.0, f64::max)
            );
        }
    }
    text
}

/// A cell for every budget, a dash where there is nothing to say.
fn cells(all: &[Scores], cell: impl Fn(&Scores) -> Option<String>) -> String {
    all.iter().map(|scores| format!(" {} |", cell(scores).unwrap_or_else(|| "-".into()))).collect()
}

/// The columns of a table with one for every budget.
fn budget_columns(first: &str, all: &[Scores]) -> String {
    let budgets = all.iter().map(|scores| format!(" | {}", scores.budget));
    format!("{first}{}", budgets.collect::<String>())
}

fn contenders(all: &[Scores]) -> String {
    let title = "### Every contender: median of the ratio, share within 3\n\n\
                 The best of several runs was chosen in hindsight.";
    let mut text = table_head(title, &budget_columns("solver", all));
    let names = all.first().map_or(&[][..], |scores| &scores.contenders);
    for contender in names {
        let cell = |scores: &Scores| {
            let ratios =
                ratios(&scores.rows_of(None), scores.index(contender.name)?, scores.budget);
            let third = within(&ratios, 3.0);
            (!ratios.is_empty()).then(|| format!("{:.1}, {}", median(ratios), percent(third)))
        };
        text += &format!("| {} |{}\n", contender.name, cells(all, cell));
    }
    text
}

fn families(all: &[Scores]) -> String {
    let title = "### arTuRO by family: median, within 2, within 3, worst (problems)";
    let mut text = table_head(title, &budget_columns("family", all));
    let rows = all.first().map(|scores| scores.rows_of(None)).unwrap_or_default();
    for family in by_family(&rows).into_keys() {
        let cell = |scores: &Scores| {
            let rows = by_family(&scores.rows_of(None)).remove(family)?;
            let ratios = ratios(&rows, 0, scores.budget);
            let (second, third) = (within(&ratios, 2.0), within(&ratios, 3.0));
            let worst = ratios.iter().copied().fold(0.0, f64::max);
            let count = ratios.len();
            (count > 0).then(|| {
                let (second, third) = (percent(second), percent(third));
                format!("{:.1}, {second}, {third}, {worst:.1e} ({count})", median(ratios))
            })
        };
        text += &format!("| {family} |{}\n", cells(all, cell));
    }
    text
}

/// The problems that are the farthest from their limit.
fn worst(all: &[Scores]) -> String {
    let title = format!("### The {NAMED} worst of arTuRO at each budget");
    let mut text = table_head(&title, "gradients | problem | gap | limit | ratio");
    for scores in all {
        let ratio = |row: &&Row| row.over_limit(0, scores.budget).unwrap_or(0.0);
        let mut rows = scores.rows_of(None);
        rows.retain(|row| row.instance.limit.is_ok());
        rows.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
        for row in rows.into_iter().take(NAMED) {
            let (gap, ratio) = (row.scores[0].gap, ratio(&row));
            let name = &row.instance.name;
            text += &format!(
                "| {} | {name} | {gap:.2e} | {:.2e} | {ratio:.1e} |\n",
                scores.budget,
                gap / ratio
            );
        }
    }
    text
}

/// Why the other problems have no limit, by name.
fn without(instances: &[Instance]) -> String {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for instance in instances {
        if let Err(reason) = instance.limit {
            reasons.entry(reason).or_default().push(&instance.name);
        }
    }
    let mut text = String::from("\n### Problems without a limit\n\n");
    for (reason, names) in reasons {
        text += &format!("- {reason} ({})", names.len());
        // their names say so
        if reason != "noise-free" {
            text += &format!(": {}", names.join(", "));
        }
        text += "\n";
    }
    text
}
