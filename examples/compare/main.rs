//! Compares arTuRO with Adam, SGD and L-BFGS on the stochastic problems of `tests/problems`.
//!
//! Every solver sees the same draws, pays for every gradient from the same budget, and is judged
//! by the exact cost of the point it returns.
//!
//! `cargo run --release --example compare -- --quick`
//!
//! It writes to `target/compare`, or where `--out` says: `compare.md`, the report; `runs.csv`,
//! all runs; `data-profiles.svg` and `performance-profiles.svg`.

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
use select::Half;
use solvers::Field;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Gaps beyond 2 to this power times the best are off the performance profile.
const MOST_DOUBLINGS: f64 = 20.0;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let problems = select::problems(args.size, &args.filter);
    if args.list {
        for problem in &problems {
            println!("{}", problem.name());
        }
        return Ok(());
    }
    if problems.is_empty() {
        return Err(format!("no problem has a name with {:?} in it", args.filter).into());
    }

    let field = Field::new();
    let clock = Instant::now();
    let progress = ProgressBar::no_length().with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} runs, {elapsed} of about {duration}  {msg}",
    )?);
    let instances = runs::run_all(&problems, &field.methods, args.seeds, &progress);
    progress.finish_and_clear();

    let scores = Scores::new(&field, &instances);
    let setup = Setup {
        size: args.size,
        filter: args.filter,
        seeds: args.seeds,
        runs: progress.position() as usize,
        time: clock.elapsed(),
    };
    fs::create_dir_all(&args.out)?;
    let report = args.out.join("compare.md");
    fs::write(&report, report::markdown(&setup, &scores))?;
    report::write_runs(&args.out.join("runs.csv"), &instances, &field.methods)?;
    draw_profiles(&args.out, &scores)?;

    for line in scores.ranking(&scores.rows_of(None)) {
        let name = scores.contenders[line.contender].name;
        println!("{name:22} {:+.2}", line.mean_decades);
    }
    println!("mean log10 of gap over {}; report in {}", solvers::REFERENCE, report.display());
    Ok(())
}

fn draw_profiles(out: &Path, scores: &Scores) -> Result<(), Box<dyn Error>> {
    let names: Vec<&str> = scores.contenders.iter().map(|contender| contender.name).collect();
    let budgets = scores.rows.iter().map(|row| row.instance.budget);
    // beyond the budget nothing changes; some room shows what happens at it
    let end = 1.2 * budgets.max().unwrap_or(1) as f64;
    let panels = profile::ACCURACIES.map(|accuracy| Panel {
        title: format!("gap at most {accuracy:e} of the start's"),
        profile: profile::data(scores, accuracy),
        axis: Axis { label: "gradients drawn", end, scale: Scale::Logarithmic },
    });
    plot::draw(&out.join("data-profiles.svg"), &panels, &names)?;
    let parts = [
        ("all problems", None),
        ("tuning half", Some(Half::Tuning)),
        ("look-once half", Some(Half::LookOnce)),
    ];
    let panels = parts.map(|(title, half)| Panel {
        title: title.into(),
        profile: profile::performance(&scores.rows_of(half)),
        axis: Axis {
            label: "log2 of final gap over the lowest",
            end: MOST_DOUBLINGS,
            scale: Scale::Linear,
        },
    });
    plot::draw(&out.join("performance-profiles.svg"), &panels, &names)
}
