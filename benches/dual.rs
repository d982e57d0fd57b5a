//! The 1-D dual on synthetic spectra: evaluations and time, from a cold and from a warm start.

use argmin_arturo::dual::{DualSolution, DualSolver, DualValue, Newton};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// Coordinates of a spectrum.
const N: usize = 1000;

/// KL and its derivative where m = p = 1 and the curvatures are given.
fn kl(curvatures: &[f64], eta: f64) -> DualValue {
    let mut value = DualValue { kl: 0.0, slope: 0.0 };
    for a in curvatures {
        let inverse = 1.0 / (a + eta);
        value.kl += 0.5 * inverse * inverse;
        value.slope -= inverse * inverse * inverse;
    }
    value
}

fn dual(criterion: &mut Criterion) {
    let share = |i: usize| i as f64 / (N - 1) as f64;
    let spectra = [
        ("flat", vec![1.0; N]),
        ("six decades", (0..N).map(|i| 10f64.powf(6.0 * share(i) - 3.0)).collect()),
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
