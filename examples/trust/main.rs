//! Counts answers that are worse than none, and claims that are false, on generated problems.
//!
//! Each problem is made of one seed, has an exact cost, a known minimum and noise of its own.
//!
//! `cargo run --release --example trust -- --quick`
//!
//! It writes `target/trust/trust.md`, or where `--out` says; `--seed N` shows one problem in detail.

mod args;
mod campaign;
mod chance;
mod generate;
mod judge;
#[path = "../compare/machine.rs"]
mod machine;
mod noise;
mod problem;
mod report;
mod shape;
#[cfg(test)]
mod tests;

use args::Args;
use generate::KINDS;
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::fs;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if let Some(seed) = args.seed {
        let problem = generate::problem(seed);
        let runs = judge::judge(&problem, &campaign::BUDGETS);
        print!("{}", report::details(&problem, &runs));
        return Ok(());
    }
    // panics are counted
    std::panic::set_hook(Box::new(|_| {}));
    let clock = Instant::now();
    let progress = ProgressBar::new(args.problems).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} problems, {elapsed} of about {duration}",
    )?);
    let cases = campaign::run(args.problems, KINDS.len() as u64, &progress);
    progress.finish_and_clear();

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let separator = if arguments.is_empty() { "" } else { " -- " };
    let command = format!("cargo run --release --example trust{separator}{}", arguments.join(" "));
    let report = report::markdown(&cases, &command, clock.elapsed());
    if let Some(directory) = args.out.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&args.out, report)?;
    for (finding, name) in judge::FINDINGS {
        let runs = cases.iter().flat_map(|case| &case.runs);
        println!("{name:30} {}", runs.filter(|run| run.findings.contains(&finding)).count());
    }
    println!("report in {}", args.out.display());
    Ok(())
}
