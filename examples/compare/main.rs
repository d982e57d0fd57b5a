//! Compares arTuRO with what others would use on the stochastic problems of `tests/problems`, at
//! several budgets, and with the statistical limit of each.
//!
//! Every solver sees the same draws, pays for every gradient from the same budget, and is judged
//! by the exact cost of the point it returns.
//!
//! `cargo run --release --example compare -- --quick`
//!
//! It writes to `target/compare`, or where `--out` says: `compare.md`, the report; `runs.csv`,
//! all runs; `summary.csv`, gaps and limits of arTuRO; `data-profiles.svg` and
//! `performance-profiles.svg`.

mod args;
mod lbfgs;
mod machine;
mod oracle;
mod plot;
mod profile;
mod report;
mod runs;
mod score;
mod select;
mod solvers;
#[cfg(test)]
mod tests;
mod trace;

use args::Args;
use indicatif::{ProgressBar, ProgressStyle};
use plot::{Axis, Panel, Scale};
use report::Setup;
use score::Scores;
use select::{BUDGETS, Half, LONG_BUDGET, USUAL_BUDGET};
use solvers::Field;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Gaps beyond 2 to this power times the best are off the performance profile.
const MOST_DOUBLINGS: f64 = 20.0;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let plans = select::plans(args.size, args.seeds, &args.filter);
    if args.list {
        for plan in &plans {
            println!("{}", plan.problem.name());
        }
        return Ok(());
    }
    if plans.is_empty() {
        return Err(format!("no problem has a name with {:?} in it", args.filter).into());
    }

    let field = Field::new();
    let clock = Instant::now();
    let progress = ProgressBar::no_length().with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} gradients, {elapsed} of about {duration}  {msg}",
    )?);
    let instances = runs::run_all(&plans, &field.methods, &progress);
    progress.finish_and_clear();

    let mut all = Vec::from(BUDGETS.map(|budget| Scores::new(&field, &instances, budget)));
    all.retain(|scores| !scores.rows.is_empty());
    let setup =
        Setup { size: args.size, filter: args.filter, seeds: args.seeds, time: clock.elapsed() };
    fs::create_dir_all(&args.out)?;
    let report = args.out.join("compare.md");
    fs::write(&report, report::markdown(&setup, &instances, &all))?;
    report::csv::write_runs(&args.out.join("runs.csv"), &instances, &field.methods)?;
    report::csv::write_summary(&args.out.join("summary.csv"), &all)?;
    draw_profiles(&args.out, &all)?;

    for scores in &all {
        println!("{} gradients, {} problems", scores.budget, scores.rows.len());
        for line in scores.ranking(&scores.rows_of(None)) {
            let name = scores.contenders[line.contender].name;
            println!("  {name:22} {:+.2}", line.mean_decades);
        }
    }
    println!("mean log10 of gap over {}; report in {}", solvers::REFERENCE, report.display());
    Ok(())
}

fn draw_profiles(out: &Path, all: &[Scores]) -> Result<(), Box<dyn Error>> {
    let Some(usual) = all.iter().find(|scores| scores.budget == USUAL_BUDGET) else {
        return Ok(());
    };
    let names: Vec<&str> = usual.contenders.iter().map(|contender| contender.name).collect();
    let compared = all.iter().filter(|scores| scores.budget <= LONG_BUDGET);
    let compared: Vec<&Scores> = compared.collect();
    let budget = compared.last().map_or(1, |scores| scores.budget);
    // beyond the budget nothing changes; some room shows what happens at it
    let end = 1.2 * budget as f64;
    let panels = profile::ACCURACIES.map(|accuracy| Panel {
        title: format!("gap at most {accuracy:e} of the start's"),
        profile: profile::data(&compared, accuracy),
        axis: Axis { label: "gradients drawn", end, scale: Scale::Logarithmic },
    });
    plot::draw(&out.join("data-profiles.svg"), &panels, &names)?;
    let parts = [
        ("all problems", None),
        ("tuning half", Some(Half::Tuning)),
        ("held-out half", Some(Half::HeldOut)),
    ];
    let panels = parts.map(|(title, half)| Panel {
        title: title.into(),
        profile: profile::performance(&usual.rows_of(half)),
        axis: Axis {
            label: "log2 of final gap over the lowest",
            end: MOST_DOUBLINGS,
            scale: Scale::Linear,
        },
    });
    plot::draw(&out.join("performance-profiles.svg"), &panels, &names)
}
