//! What a step costs, beside the bandwidth of the machine.
//!
//! ```sh
//! cargo run --release --example step_cost              # tables, in some minutes
//! cargo run --release --example step_cost -- --json    # the same, a line of JSON for each row
//! # one loop, for an instruction counter: which, float, n, iterations
//! cargo run --release --example step_cost -- profile paper f32 1000 200
//! ```
//!
//! With the feature `rayon` there are rows for two threads, too.

#[path = "../benches/common/mod.rs"]
mod common;

use argmin_arturo::dual::{DualSolver, Newton};
use argmin_arturo::hessian::AdaptiveRls;
use argmin_arturo::{Arturo, Scalar, Telemetry};
use common::{Bowl, Evaluations, Preset, Streams, Watch};
use common::{ask_and_tell, execute, kl, median, on_threads, spectrum};
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

/// Windows in a run, of which the median counts.
const WINDOWS: u64 = 7;

/// Iterations over which the mean step of the dense model is taken: its stages differ in length.
const DENSE_ITERATIONS: u64 = 1000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => measure(false),
        ["--json"] => measure(true),
        ["profile", name, float, n, iterations] => {
            let (n, iterations) = (n.parse().expect("n"), iterations.parse().expect("iterations"));
            match float {
                "f32" => profile::<f32>(name, n, iterations),
                "f64" => profile::<f64>(name, n, iterations),
                _ => panic!("{float} is neither f32 nor f64"),
            }
        }
        _ => panic!("see the head of the source for what can be said"),
    }
}

/// Iterations of a loop and nothing else; `.ci/instructions` counts what they take.
fn profile<F: Scalar>(name: &str, n: usize, iterations: u64) {
    let bowl = Bowl::<F>::new(Watch::never());
    let never = Telemetry::Never;
    match name {
        "paper" => drop(Preset::Paper.run(bowl, n, iterations, never)),
        "default" => drop(Preset::Default.run(bowl, n, iterations, never)),
        "adaptive_rls" => {
            let solver = Arturo::new().with_estimator(AdaptiveRls::default());
            execute(bowl, solver.with_telemetry(never).unwrap(), n, iterations);
        }
        "session" => {
            let solver = Arturo::new().with_telemetry(never).unwrap();
            black_box(ask_and_tell::<F, _>(solver, n, iterations));
        }
        "dual" => {
            let spectrum = spectrum(n);
            for _ in 0..iterations {
                black_box(Newton::default().solve(0.1, black_box(None), |eta| kl(&spectrum, eta)));
            }
        }
        _ => panic!("no loop {name}: choose from paper, default, adaptive_rls, session, dual"),
    }
}

fn measure(as_json: bool) {
    overhead(as_json);
    dense(as_json);
    if !as_json {
        println!(
            "| solver | float | threads | n | ns/iteration | ns/parameter | bytes/parameter | GB/s | \
             of the bandwidth | dual evaluations |\n|---|---|---|---|---|---|---|---|---|---|"
        );
    }
    for preset in [Preset::Paper, Preset::Foundation] {
        for n in [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000] {
            row::<f32>(preset, "f32", n, 1, as_json);
            row::<f64>(preset, "f64", n, 1, as_json);
            if cfg!(feature = "rayon") {
                row::<f32>(preset, "f32", n, 2, as_json);
            }
        }
    }
}

/// The first iterations of the default with a dense model, and without one.
fn dense(as_json: bool) {
    if !as_json {
        println!("| n | us/iteration | without the model |\n|---|---|---|");
    }
    for n in [10, 30, 100, 300] {
        let mean = |preset: Preset| {
            let run = |_| {
                let begin = Instant::now();
                let bowl = Bowl::<f32>::new(Watch::never());
                preset.run(bowl, n, DENSE_ITERATIONS, Telemetry::Never);
                begin.elapsed().as_secs_f64() / DENSE_ITERATIONS as f64
            };
            1e6 * median((0..WINDOWS).map(run))
        };
        let [us, without] = [Preset::Dense, Preset::Foundation].map(mean);
        if as_json {
            println!("{}", json!({"kind": "dense", "n": n, "us": us, "without": without}));
        } else {
            println!("| {n} | {us:.3} | {without:.3} |");
        }
    }
    if !as_json {
        println!();
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
        // a look at the gradient; gradient and start, x, average and squares; from 0 all units are 1
        _ => 1.0 + 8.0,
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
        _ => {
            Streams::<F, 1, 0, 0>::new(n).seconds(repetitions)
                + Streams::<F, 2, 3, 0>::new(n).seconds(repetitions)
        }
    };
    let bytes = size_of::<F>() as f64 * arrays(preset, evaluations) * n as f64;
    bytes / seconds
}
