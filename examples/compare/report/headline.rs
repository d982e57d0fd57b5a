//! All contenders over all problems, and arTuRO at every budget.

use super::{count, percent, rule, table_head};
use crate::score::{Row, Scores, Summary, by_family, duel, mean_decades, within_twice};
use crate::solvers::{REFERENCE, USUAL};

/// Every contender over some problems, the best first.
pub fn table(title: &str, scores: &Scores, rows: &[&Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let families = by_family(rows).len();
    let mut text = format!(
        "\n## {} gradients: {title} ({} of {families} families)\n\n\
         | solver | arTuRO loses / ties / wins | mean log10 of gap over {REFERENCE} \
         | within 2x of {REFERENCE} | beats {USUAL} | beats {REFERENCE} \
         | problems (seeds) above the start | runs not finite | runs ended by an error \
         | smooth convex without noise to 1e-10 |\n{}",
        scores.budget,
        count(rows),
        rule(10)
    );
    for line in scores.ranking(rows) {
        text += &row(&line, scores);
    }
    text
}

fn row(line: &Summary, scores: &Scores) -> String {
    let duel = line.duel;
    let against = match line.contender {
        0 => "-".into(),
        _ => format!("{} / {} / {}", duel.losses, duel.ties, duel.wins),
    };
    let (problems, seeds) = line.above_start;
    format!(
        "| {} | {against} | {:+.2} | {} | {} | {} | {problems} ({seeds}) | {} | {} | {} of {} |\n",
        scores.contenders[line.contender].name,
        line.mean_decades,
        percent(line.within_twice_reference),
        percent(line.beats_usual),
        percent(line.beats_reference),
        line.non_finite_runs,
        line.failed_runs,
        line.convex_solved,
        line.convex,
    )
}

/// arTuRO against the reference at every budget that both were run to.
pub fn budgets(all: &[Scores]) -> String {
    let mut text = table_head(
        &format!("## arTuRO against {REFERENCE} by budget"),
        "gradients | problems | families | loses / ties / wins | mean log10 of the ratio of gaps \
         | within 2x | problems (seeds) above the start",
    );
    for scores in all {
        let Some(reference) = scores.index(REFERENCE) else {
            continue;
        };
        let rows = scores.rows_of(None);
        let duel = duel(reference, &rows);
        let above = |row: &&&Row| row.seeds_above_start(0) > 0;
        text += &format!(
            "| {} | {} | {} | {} / {} / {} | {:+.2} | {} | {} ({}) |\n",
            scores.budget,
            rows.len(),
            by_family(&rows).len(),
            duel.losses,
            duel.ties,
            duel.wins,
            mean_decades(0, reference, &rows),
            percent(within_twice(0, reference, &rows)),
            rows.iter().filter(above).count(),
            rows.iter().map(|row| row.seeds_above_start(0)).sum::<usize>(),
        );
    }
    text
}
