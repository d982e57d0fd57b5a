//! Numbers for other programs, as comma-separated values.

use crate::runs::Instance;
use crate::score::Scores;
use crate::select::BUDGETS;
use crate::solvers::Method;
use std::error::Error;
use std::path::Path;

/// Writes one line per run and budget that it was judged at.
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
            for (run, budget) in runs.iter().flat_map(|run| BUDGETS.map(|budget| (run, budget))) {
                let Some(gap) = run.gap_at(budget) else {
                    continue;
                };
                table.write_record([
                    &instance.name,
                    &instance.half.to_string(),
                    &method.name,
                    &run.seed.to_string(),
                    &budget.to_string(),
                    &run.used.min(budget).to_string(),
                    &instance.start_cost.to_string(),
                    &instance.minimum.to_string(),
                    &gap.to_string(),
                ])?;
            }
        }
    }
    table.flush()?;
    Ok(())
}

/// Writes one line per problem and budget: arTuRO's median gap, the start's, the statistical limit
/// and their ratio, both empty where there is none.
pub fn write_summary(path: &Path, all: &[Scores]) -> Result<(), Box<dyn Error>> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record([
        "problem",
        "family",
        "half",
        "budget",
        "seeds",
        "seeds_above_start",
        "start_gap",
        "gap",
        "limit",
        "gap_over_limit",
    ])?;
    for (scores, row) in all.iter().flat_map(|scores| scores.rows.iter().map(move |r| (scores, r)))
    {
        let number = |number: f64| format!("{number:.4e}");
        let limit = row.instance.limit.ok().map(|limit| limit.gap(scores.budget));
        table.write_record([
            &row.instance.name,
            row.instance.family,
            &row.instance.half.to_string(),
            &scores.budget.to_string(),
            &row.scores[0].runs.len().to_string(),
            &row.seeds_above_start(0).to_string(),
            &number(row.instance.start_gap()),
            &number(row.scores[0].gap),
            &limit.map(number).unwrap_or_default(),
            &row.over_limit(0, scores.budget).map(number).unwrap_or_default(),
        ])?;
    }
    table.flush()?;
    Ok(())
}
