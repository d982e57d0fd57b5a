//! What the memory gives: kernels with the arrays of the passes of a step, and no arithmetic.

mod common;

use argmin_arturo::Scalar;
use common::Streams;
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};

fn streams<F: Scalar, const R: usize, const U: usize, const W: usize>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
) {
    for n in [1000, 100_000, 1_000_000, 10_000_000] {
        let bytes = n * size_of::<F>() * Streams::<F, R, U, W>::ARRAYS;
        group.throughput(Throughput::Bytes(bytes as u64));
        let mut streams = Streams::<F, R, U, W>::new(n);
        group.bench_function(BenchmarkId::new(name, n), |bencher| {
            bencher.iter(|| streams.pass());
        });
    }
}

fn bandwidth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bandwidth/f32");
    group.sample_size(20);
    streams::<f32, 1, 0, 1>(&mut group, "copy");
    streams::<f32, 2, 0, 1>(&mut group, "triad");
    streams::<f32, 3, 5, 0>(&mut group, "filter and dual");
    streams::<f32, 1, 3, 1>(&mut group, "step");
    streams::<f32, 13, 0, 0>(&mut group, "pairs");
    group.finish();
}

criterion_group!(benches, bandwidth);
criterion_main!(benches);
