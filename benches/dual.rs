//! The 1-D dual on synthetic spectra: evaluations and time, from a cold and from a warm start.

mod common;

use argmin_arturo::dual::{DualSolution, DualSolver, Newton};
use common::{kl, spectrum};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// Coordinates of a spectrum.
const N: usize = 1000;

fn dual(criterion: &mut Criterion) {
    let spectra = [
        ("flat", vec![1.0; N]),
        ("six decades", spectrum(N)),
        ("two clusters", (0..N).map(|i| if i % 2 == 0 { 1e-6 } else { 1e6 }).collect()),
        ("one soft direction", (0..N).map(|i| if i == 0 { 1e-12 } else { 1.0 }).collect()),
    ];
    let mut group = criterion.benchmark_group("dual");
    for (name, spectrum) in &spectra {
        let bound = 0.1;
        let solve = |warm_start| -> DualSolution {
            Newton::default().solve(bound, warm_start, |eta| kl(spectrum, eta))
        };
        let cold = solve(None);
        // a multiplier that noise has moved by a tenth
        let warm_start = Some(1.1 * cold.multiplier);
        println!(
            "{name}: {} evaluations from a cold start, {} from a warm one",
            cold.evaluations,
            solve(warm_start).evaluations
        );
        group.bench_function(BenchmarkId::new("cold", name), |bencher| {
            bencher.iter(|| solve(black_box(None)));
        });
        group.bench_function(BenchmarkId::new("warm", name), |bencher| {
            bencher.iter(|| solve(black_box(warm_start)));
        });
    }
    group.finish();
}

criterion_group!(benches, dual);
criterion_main!(benches);
