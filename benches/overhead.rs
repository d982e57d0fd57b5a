//! argmin's executor with the solvers at n = 10, against a bare loop over the same oracle.

mod common;

use argmin_arturo::{Draw, StochasticGradient, Telemetry};
use common::{Bowl, Preset, Watch};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const N: usize = 10;
const ITERATIONS: u64 = 10_000;

fn overhead(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("overhead");
    group.throughput(Throughput::Elements(ITERATIONS));
    group.bench_function("bare loop of gradient descent", |bencher| {
        bencher.iter(|| {
            let bowl = Bowl::<f64>::new(Watch::never());
            let (mut x, mut gradient) = (vec![0.0; N], vec![0.0; N]);
            for index in 0..ITERATIONS {
                bowl.stochastic_gradient(&x, Draw::new(0, index), &mut gradient).unwrap();
                for (x, g) in x.iter_mut().zip(&gradient) {
                    *x -= 0.1 * g;
                }
            }
            x
        });
    });
    for preset in Preset::ALL {
        for (name, telemetry) in [("never", Telemetry::Never), ("always", Telemetry::Every(1))] {
            group.bench_function(format!("{}, telemetry {name}", preset.name()), |bencher| {
                bencher.iter(|| {
                    let bowl = Bowl::<f64>::new(Watch::never());
                    preset.run(bowl, N, ITERATIONS, telemetry)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, overhead);
criterion_main!(benches);
