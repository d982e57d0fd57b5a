//! Writes `data/limits.json`: the statistical limit of every problem, or why it has none.
//!
//! `cargo run --release --manifest-path tests/problems/Cargo.toml --example limits -- [FAMILY]`
//!
//! With a family, or a longer beginning of a name, only these problems are computed anew.

#[path = "../tests/limits/mod.rs"]
mod limits;

use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::fs;
use std::time::Instant;
use suite::{Limit, Problem};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/limits.json");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let beginning = std::env::args().nth(1).unwrap_or_default();
    let mut entries: Map<String, Value> = serde_json::from_str(&fs::read_to_string(PATH)?)?;
    let all = suite::suite();
    // what the suite no longer has
    entries.retain(|name, _| all.iter().any(|problem| problem.name() == *name));
    let chosen = all.iter().filter(|problem| problem.name().starts_with(&beginning));
    let mut minimizers = Vec::new();
    for problem in chosen {
        let clock = Instant::now();
        let found = limits::compute(problem.as_ref(), &minimizers);
        describe(problem.as_ref(), &found, clock);
        let entry = match found {
            Ok(limit) => {
                let entry = json!({
                    "one_draw": limit.one_draw,
                    "standard_error": limit.standard_error,
                    "least_eigenvalue": limit.least_eigenvalue,
                    "minimizer": limit.minimizer,
                });
                if !minimizers.contains(&limit.minimizer) {
                    minimizers.push(limit.minimizer);
                }
                entry
            }
            Err(reason) => json!({ "reason": reason }),
        };
        entries.insert(problem.name(), entry);
    }
    fs::write(PATH, lines(&entries)?)?;
    Ok(())
}

fn describe(problem: &dyn Problem, found: &Result<Limit, String>, clock: Instant) {
    let seconds = clock.elapsed().as_secs_f64();
    let name = problem.name();
    match found {
        Ok(limit) => {
            let start = problem.cost(&problem.start()) - problem.minimum();
            let excess = problem.cost(&limit.minimizer) - problem.minimum();
            println!(
                "{name}: {:.4e} +- {:.0e}; of the start's gap {:.1e}, {:.1e} above the minimum; \
                 eigenvalue {:.1e}; {seconds:.1} s",
                limit.one_draw,
                limit.standard_error,
                limit.one_draw / start,
                excess / start,
                limit.least_eigenvalue,
            );
        }
        Err(reason) => println!("{name}: {reason}; {seconds:.1} s"),
    }
}

/// One line for every problem, so that changes can be read.
fn lines(entries: &Map<String, Value>) -> Result<String, serde_json::Error> {
    let mut text = String::from("{");
    for (k, (name, entry)) in entries.iter().enumerate() {
        let comma = if k > 0 { "," } else { "" };
        write!(text, "{comma}\n{}: {}", json!(name), serde_json::to_string(entry)?)
            .expect("a string can be written to");
    }
    Ok(text + "\n}\n")
}
