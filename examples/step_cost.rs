//! What a step costs, beside the bandwidth of the machine.
//!
//! ```sh
//! cargo run --release --example step_cost              # tables, in a minute
//! cargo run --release --example step_cost -- --json    # the same, a line of JSON for each row
//! # one run, for an instruction counter: preset, float, n, iterations
//! cargo run --release --example step_cost -- profile paper f32 1000 200
//! ```
//!
//! With the feature `rayon` there are rows for two threads, too.

#[path = "../benches/common/mod.rs"]
mod common;

use argmin_arturo::{Scalar, Telemetry};
use common::{Bowl, Evaluations, Preset, Streams, Watch, median, on_threads};
use serde_json::json;

/// Windows in a run, of which the median counts.
const WINDOWS: u64 = 7;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => measure(false),
        ["--json"] => measure(true),
        ["profile", preset, float, n, iterations] => {
            let preset = Preset::ALL.into_iter().find(|p| p.name() == preset).expect("a preset");
            let (n, iterations) = (n.parse().expect("n"), iterations.parse().expect("iterations"));
            match float {
                "f32" => profile::<f32>(preset, n, iterations),
                "f64" => profile::<f64>(preset, n, iterations),
                _ => panic!("{float} is neither f32 nor f64"),
            }
        }
        _ => panic!("see the head of the source for what can be said"),
    }
}

fn profile<F: Scalar>(preset: Preset, n: usize, iterations: u64) {
    let bowl = Bowl::<F>::new(Watch::never());
    preset.run(bowl, n, iterations, Telemetry::Never);
    eprintln!("{:?}", Evaluations::so_far());
}

fn measure(as_json: bool) {
    overhead(as_json);
    if !as_json {
        println!(
            "| preset | float | threads | n | ns/iteration | ns/parameter | bytes/parameter | GB/s | \
             of the bandwidth | dual evaluations |\n|---|---|---|---|---|---|---|---|---|---|"
        );
    }
    for preset in Preset::ALL {
        for n in [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000] {
            if preset == Preset::Default && n <= 200 {
                // with the dense model arithmetic counts, not arrays
                continue;
            }
            row::<f32>(preset, "f32", n, 1, as_json);
            row::<f64>(preset, "f64", n, 1, as_json);
            if cfg!(feature = "rayon") && n >= 1_000_000 {
                row::<f32>(preset, "f32", n, 2, as_json);
            }
        }
    }
}

/// Executor and solver at n = 2 and 10, with an oracle that costs next to nothing.
fn overhead(as_json: bool) {
    if !as_json {
        println!("| preset | n | telemetry | ns/iteration |\n|---|---|---|---|");
    }
    for preset in Preset::ALL {
        for n in [2, 10] {
            for telemetry in [Telemetry::Never, Telemetry::Every(1)] {
                let bowl = Bowl::<f64>::new(Watch::new(2000, 2000));
                let bowl = preset.run(bowl, n, 2000 * (WINDOWS + 1) + 1, telemetry);
                let ns = 1e9 * median(bowl.seconds());
                let telemetry = if telemetry == Telemetry::Never { "never" } else { "always" };
                if as_json {
                    let row = json!({"kind": "overhead", "preset": preset.name(), "n": n,
                        "telemetry": telemetry, "ns": ns});
                    println!("{row}");
                } else {
                    println!("| {} | {n} | {telemetry} | {ns:.0} |", preset.name());
                }
            }
        }
    }
    if !as_json {
        println!();
    }
}

fn row<F: Scalar>(preset: Preset, float: &str, n: usize, threads: usize, as_json: bool) {
    let (seconds, evaluations) = on_threads(threads, || time::<F>(preset, n));
    let size = size_of::<F>() as f64;
    let bytes = size * arrays(preset, &evaluations);
    let bandwidth = on_threads(threads, || bandwidth::<F>(preset, n, &evaluations));
    let [ns, rate] = [1e9 * seconds, bytes * n as f64 / seconds];
    let [parameter, share] = [ns / n as f64, rate / bandwidth];
    let average = evaluations.average();
    if as_json {
        let row = json!({"kind": "step", "preset": preset.name(), "float": float, "n": n,
            "threads": threads, "ns": ns, "bytes_per_parameter": bytes, "bytes_per_second": rate,
            "share_of_bandwidth": share, "dual_evaluations": average});
        println!("{row}");
    } else {
        println!(
            "| {} | {float} | {threads} | {n:.0e} | {ns:.0} | {parameter:.2} | {bytes:.0} | {:.1} | \
             {:.0} % | {average:.2} |",
            preset.name(),
            rate / 1e9,
            100.0 * share
        );
    }
}

/// Median seconds an iteration in the steady state, and what the dual did.
fn time<F: Scalar>(preset: Preset, n: usize) -> (f64, Evaluations) {
    let warm_up = 20;
    let window = (1_000_000 / n as u64).max(1);
    let windows = if n > 1_000_000 { 3 } else { WINDOWS };
    let watch = Watch::new(warm_up, window);
    let watch = if n >= 10_000 { watch.without_oracle() } else { watch };
    let bowl = Bowl::<F>::new(watch);
    let bowl = preset.run(bowl, n, warm_up + windows * window + 1, Telemetry::Never);
    (median(bowl.seconds()), Evaluations::so_far())
}

/// Arrays that an iteration reads or writes, all of length n.
fn arrays(preset: Preset, evaluations: &Evaluations) -> f64 {
    let solves = evaluations.solves.max(1) as f64;
    let at_zero = evaluations.at_zero as f64 / solves;
    let elsewhere = evaluations.elsewhere as f64 / solves;
    match preset {
        // gradient; filter with the first evaluation of the dual; step; x, m, a and p for each
        // further evaluation
        Preset::Paper => 1.0 + 13.0 + 8.0 + 4.0 * (at_zero + elsewhere - 1.0),
        // check of the gradient; the foundation's pass over gradient, start, x, average and squares
        Preset::Default => 1.0 + 8.0,
    }
}

/// Bytes a second that kernels with the arrays of the preset and no arithmetic reach.
fn bandwidth<F: Scalar>(preset: Preset, n: usize, evaluations: &Evaluations) -> f64 {
    let repetitions = (3_000_000 / n).clamp(7, 1000);
    let seconds = match preset {
        Preset::Paper => {
            let further = arrays(preset, evaluations) - 22.0;
            Streams::<F, 1, 0, 0>::new(n).seconds(repetitions)
                + Streams::<F, 3, 5, 0>::new(n).seconds(repetitions)
                + Streams::<F, 1, 3, 1>::new(n).seconds(repetitions)
                + further / 4.0 * Streams::<F, 4, 0, 0>::new(n).seconds(repetitions)
        }
        Preset::Default => {
            Streams::<F, 1, 0, 0>::new(n).seconds(repetitions)
                + Streams::<F, 2, 3, 0>::new(n).seconds(repetitions)
        }
    };
    let bytes = size_of::<F>() as f64 * arrays(preset, evaluations) * n as f64;
    bytes / seconds
}
