//! What a step costs, beside the bandwidth of the machine.
//!
//! ```sh
//! cargo run --release --example step_cost                    # tables, in a minute
//! cargo run --release --example step_cost -- --json          # the same as JSON
//! cargo run --release --example step_cost -- profile paper f32 1000 200   # one run, to count
//! ```

#[path = "../benches/common/mod.rs"]
mod common;

use argmin_arturo::{Scalar, Telemetry};
use common::{Bowl, Preset, Streams, Watch, median};
use std::sync::atomic::Ordering;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "profile") {
        let preset = Preset::ALL.into_iter().find(|p| p.name() == args[1]).unwrap();
        let [n, iterations] = [3, 4].map(|k| args[k].parse().unwrap());
        profile(preset, &args[2], n, iterations as u64);
        return;
    }
}

fn profile(preset: Preset, float: &str, n: usize, iterations: u64) {
    let never = Telemetry::Never;
    match float {
        "f32" => {
            drop(preset.run(Bowl::<f32>::new(Watch::new(u64::MAX, 1, false)), n, iterations, never))
        }
        "f64" => {
            drop(preset.run(Bowl::<f64>::new(Watch::new(u64::MAX, 1, false)), n, iterations, never))
        }
        other => panic!("{other} is neither f32 nor f64"),
    }
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    eprintln!(
        "{} solves of the dual, {} evaluations at 0, {} elsewhere",
        count(&common::SOLVES),
        count(&common::EVALUATIONS_AT_ZERO),
        count(&common::EVALUATIONS_ELSEWHERE)
    );
}
