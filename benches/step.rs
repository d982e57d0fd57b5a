//! Time of one iteration with a free oracle, executor included, per problem size.

use argmin::core::{Error, Executor};
use argmin_arturo::dual::Newton;
use argmin_arturo::{Arturo, Draw, PaperSettings, StochasticGradient, Telemetry};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Iterations in a run: enough that starting it does not count.
const ITERATIONS: u64 = 200;

/// Costs one pass over the vector.
struct Free;

impl StochasticGradient for Free {
    type Param = Vec<f32>;

    fn stochastic_gradient(&self, x: &Vec<f32>, draw: Draw, g: &mut Vec<f32>) -> Result<(), Error> {
        let noise = if draw.index().is_multiple_of(2) { 0.1 } else { -0.1 };
        for (g, x) in g.iter_mut().zip(x) {
            *g = x - 1.0 + noise;
        }
        Ok(())
    }
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("iterations");
    group.sample_size(10);
    for n in [10, 1000, 100_000] {
        group.throughput(Throughput::Elements(n as u64 * ITERATIONS));
        group.bench_with_input(BenchmarkId::new("default", n), &n, |bencher, &n| {
            bencher.iter(|| {
                let solver = Arturo::new().with_telemetry(Telemetry::Never).unwrap();
                Executor::new(Free, solver)
                    .configure(|state| state.param(vec![0.0; n]).max_iters(ITERATIONS))
                    .run()
                    .unwrap()
            });
        });
        group.bench_with_input(BenchmarkId::new("paper", n), &n, |bencher, &n| {
            bencher.iter(|| {
                let solver = Arturo::paper(PaperSettings::default()).unwrap();
                let solver = solver.with_dual(Newton::default());
                Executor::new(Free, solver.with_telemetry(Telemetry::Never).unwrap())
                    .configure(|state| state.param(vec![0.0; n]).max_iters(ITERATIONS))
                    .run()
                    .unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
