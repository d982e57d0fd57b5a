//! arTuRO against one other contender after the other, family by family.

use super::{header, percent, table_head};
use crate::score::{Row, Scores, by_family, decades, duel, mean_decades, median, within_twice};
use crate::solvers::{FRESH, REFERENCE};

pub fn markdown(all: &[Scores]) -> String {
    let mut text = String::new();
    for scores in all {
        text += &against_reference(scores);
    }
    text += &untuned(all);
    for scores in all {
        text += &untuned_by_family(scores);
    }
    text += &fresh(all);
    for scores in all {
        text += &everyone(scores);
    }
    text
}

fn against_reference(scores: &Scores) -> String {
    let Some(reference) = scores.index(REFERENCE) else {
        return String::new();
    };
    let title = format!("## Families: arTuRO against {REFERENCE}, {} gradients", scores.budget);
    let columns = "family | problems | loses / ties / wins | within 2x | mean log10 | worst ratio";
    let mut text = table_head(&title, columns);
    for (family, rows) in by_family(&scores.rows_of(None)) {
        let ratio = |row: &&Row| row.scores[0].gap / row.scores[reference].gap;
        text += &format!(
            "| {family} | {} | {} | {} | {:+.2} | {:.1e} |\n",
            rows.len(),
            outcome(reference, &rows),
            percent(within_twice(0, reference, &rows)),
            mean_decades(0, reference, &rows),
            rows.iter().map(ratio).fold(0.0, f64::max)
        );
    }
    text
}

fn outcome(contender: usize, rows: &[&Row]) -> String {
    let duel = duel(contender, rows);
    format!("{} / {} / {}", duel.losses, duel.ties, duel.wins)
}

/// The contenders that nothing was chosen for in hindsight, but for arTuRO.
fn rivals(scores: &Scores) -> Vec<usize> {
    let untuned = |index: &usize| {
        let contender = scores.contenders[*index];
        contender.candidates.len() == 1 && contender.name != FRESH
    };
    (1..scores.contenders.len()).filter(untuned).collect()
}

/// Against each rival that nobody tunes, at every budget.
fn untuned(all: &[Scores]) -> String {
    let title = "## Against solvers that nobody tunes\n\nOne run each, as published.";
    let columns = "rival | gradients | arTuRO loses / ties / wins | arTuRO within 2x of it \
                   | mean log10 of arTuRO's gap over its";
    let mut text = table_head(title, columns);
    let Some(first) = all.first() else {
        return text;
    };
    for name in rivals(first).into_iter().map(|index| first.contenders[index].name) {
        for scores in all {
            let Some(rival) = scores.index(name) else {
                continue;
            };
            let rows = scores.rows_of(None);
            text += &format!(
                "| {name} | {} | {} | {} | {:+.2} |\n",
                scores.budget,
                outcome(rival, &rows),
                percent(within_twice(0, rival, &rows)),
                mean_decades(0, rival, &rows)
            );
        }
    }
    text
}

fn untuned_by_family(scores: &Scores) -> String {
    let rivals = rivals(scores);
    if rivals.is_empty() {
        return String::new();
    }
    let names = rivals.iter().map(|rival| format!(" | {}", scores.contenders[*rival].name));
    let title = format!(
        "### By family, {} gradients: mean log10 of arTuRO's gap over the rival's (losses)",
        scores.budget
    );
    let mut text = table_head(&title, &format!("family{}", names.collect::<String>()));
    for (family, rows) in by_family(&scores.rows_of(None)) {
        let cells = rivals.iter().map(|rival| {
            let lost = duel(*rival, &rows).losses;
            format!(" {:+.2} ({lost}) |", mean_decades(0, *rival, &rows))
        });
        text += &format!("| {family} |{}\n", cells.collect::<String>());
    }
    text
}

/// The price of draws that cannot be repeated.
fn fresh(all: &[Scores]) -> String {
    let title = format!(
        "## {FRESH}: its gap over the gap with repeated ones\n\n\
         Median (mean log10, worst) over the problems with noise."
    );
    let budgets: Vec<&Scores> = all.iter().filter(|scores| scores.index(FRESH).is_some()).collect();
    let columns = budgets.iter().map(|scores| format!(" | {}", scores.budget));
    let mut text = table_head(&title, &format!("family{}", columns.collect::<String>()));
    let rows = budgets.first().map(|scores| scores.rows_of(None)).unwrap_or_default();
    for family in by_family(&rows).into_keys() {
        let cells = budgets.iter().map(|scores| format!(" {} |", price(scores, family)));
        text += &format!("| {family} |{}\n", cells.collect::<String>());
    }
    text
}

fn price(scores: &Scores, family: &str) -> String {
    let rows = by_family(&scores.rows_of(None)).remove(family).unwrap_or_default();
    let rows: Vec<&Row> = rows.into_iter().filter(|row| !row.instance.noise_free).collect();
    let Some(fresh) = scores.index(FRESH).filter(|_| !rows.is_empty()) else {
        return "-".into();
    };
    let decades = rows.iter().map(|row| decades(row.scores[fresh].gap, row.scores[0].gap));
    let decades: Vec<f64> = decades.collect();
    let worst = decades.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = decades.iter().sum::<f64>() / decades.len() as f64;
    format!("{:.2} ({mean:+.2}, {:.1e})", 10f64.powf(median(decades)), 10f64.powf(worst))
}

/// Every contender against the reference.
fn everyone(scores: &Scores) -> String {
    let Some(reference) = scores.index(REFERENCE) else {
        return String::new();
    };
    let mut text = format!(
        "\n## Families: mean log10 of gap over {REFERENCE}, {} gradients\n\n",
        scores.budget
    );
    text += &header("family | problems", scores);
    let line = |family: &str, rows: &[&Row]| {
        let means = (0..scores.contenders.len())
            .map(|contender| format!(" {:+.2} |", mean_decades(contender, reference, rows)));
        format!("| {family} | {} |{}\n", rows.len(), means.collect::<String>())
    };
    let rows = scores.rows_of(None);
    for (family, rows) in by_family(&rows) {
        text += &line(family, &rows);
    }
    text + &line("**all families alike**", &rows)
}
