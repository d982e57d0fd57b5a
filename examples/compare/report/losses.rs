//! Where arTuRO does badly, by name.

use super::{count, table_head};
use crate::profile::median_to_reach;
use crate::score::{Row, Scores, compare};
use crate::solvers::REFERENCE;

/// The part of the start's gap that the tables count gradients to.
pub const REACHED: f64 = 1e-3;

/// Seeds that end above the start, and problems lost to the reference.
pub fn markdown(scores: &Scores) -> String {
    above_start(scores) + &lost(scores)
}

fn above_start(scores: &Scores) -> String {
    let above: Vec<&Row> = scores.rows.iter().filter(|row| row.seeds_above_start(0) > 0).collect();
    let title = format!(
        "## Seeds of arTuRO that end above the start, {} gradients ({})",
        scores.budget,
        count(&above)
    );
    let mut text =
        table_head(&title, "problem | half | seeds above | of | worst gap | of the start");
    for row in above {
        let runs = &row.scores[0].runs;
        let worst = runs.iter().map(|(_, gap)| *gap).fold(0.0, f64::max);
        text += &format!(
            "| {} | {} | {} | {} | {worst:.2e} | {:.2e} |\n",
            row.instance.name,
            row.instance.half,
            row.seeds_above_start(0),
            runs.len(),
            row.instance.start_gap()
        );
    }
    text
}

/// The problems where arTuRO loses to the reference, the worst first.
fn lost(scores: &Scores) -> String {
    let Some(reference) = scores.index(REFERENCE) else {
        return String::new();
    };
    let gaps = |row: &Row| (row.scores[0].gap, row.scores[reference].gap);
    let is_lost = |row: &&Row| {
        let (gap, other) = gaps(row);
        compare(gap, other).is_gt()
    };
    let mut lost: Vec<&Row> = scores.rows.iter().filter(is_lost).collect();
    let ratio = |row: &Row| {
        let (gap, other) = gaps(row);
        gap / other
    };
    lost.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
    let title = format!(
        "## Losses of arTuRO to {REFERENCE}, {} gradients ({} of {})\n\n\
         Gradients: median until {REACHED:e} of the start's gap; - where most seeds never get there.",
        scores.budget,
        lost.len(),
        scores.rows.len(),
    );
    let columns = format!(
        "problem | half | gap of arTuRO | of {REFERENCE} | ratio | gradients of arTuRO \
         | of {REFERENCE}"
    );
    let mut text = table_head(&title, &columns);
    for row in lost {
        let (gap, other) = gaps(row);
        text += &format!(
            "| {} | {} | {gap:.2e} | {other:.2e} | {:.2e} | {} | {} |\n",
            row.instance.name,
            row.instance.half,
            gap / other,
            reach(row, 0, scores.budget),
            reach(row, reference, scores.budget)
        );
    }
    text
}

/// Gradients until a contender stands close, or a dash.
pub fn reach(row: &Row, contender: usize, budget: usize) -> String {
    let gradients = median_to_reach(row, contender, budget, REACHED);
    if gradients.is_finite() { gradients.to_string() } else { "-".into() }
}
