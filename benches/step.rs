//! Time of an iteration, executor included, per preset, float, problem size and threads.

mod common;

use argmin_arturo::{Scalar, Telemetry};
use common::{Bowl, Preset, Watch, on_threads};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Iterations in a run: enough that starting it counts little.
const ITERATIONS: u64 = 200;

fn step<F: Scalar>(criterion: &mut Criterion, float: &str) {
    let mut group = criterion.benchmark_group(format!("step/{float}"));
    group.sample_size(10);
    for n in [2, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let iterations = if n > 100_000 { 10 } else { ITERATIONS };
        group.throughput(Throughput::Elements(n as u64 * iterations));
        for preset in Preset::ALL {
            for threads in if cfg!(feature = "rayon") { 1..=2 } else { 1..=1 } {
                let id = BenchmarkId::new(format!("{}/{threads}", preset.name()), n);
                group.bench_function(id, |bencher| {
                    on_threads(threads, || {
                        bencher.iter(|| {
                            let bowl = Bowl::<F>::new(Watch::never());
                            preset.run(bowl, n, iterations, Telemetry::Never)
                        });
                    });
                });
            }
        }
    }
    group.finish();
}

fn both(criterion: &mut Criterion) {
    step::<f32>(criterion, "f32");
    step::<f64>(criterion, "f64");
}

criterion_group!(benches, both);
criterion_main!(benches);
