//! Every problem with every contender.

use super::header;
use super::losses::reach;
use crate::runs::Instance;
use crate::score::{Scores, compare};
use crate::solvers::REFERENCE;

/// The median gap of every contender on every problem, the lowest in bold.
pub fn markdown(scores: &Scores) -> String {
    let Some(reference) = scores.index(REFERENCE) else {
        return String::new();
    };
    let mut text = format!(
        "\n## Median gaps, {} gradients\n\nIn bold what ties with the lowest.\n\n",
        scores.budget
    );
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
            reach(row, 0, scores.budget),
            reach(row, reference, scores.budget),
            cells.collect::<String>()
        );
    }
    text
}
