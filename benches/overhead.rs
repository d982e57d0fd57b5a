//! argmin's executor and ask-and-tell sessions with the solvers at n = 10, against the solvers alone, and a bare
//! loop over the same oracle.

mod common;

use argmin::core::{IterState, Problem, Solver, State};
use argmin_arturo::baseline::Sgd;
use argmin_arturo::{Arturo, Draw, PaperSettings, StochasticGradient, Telemetry};
use common::{Bowl, Preset, Watch, ask_and_tell};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;

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

/// Pairs of ask and tell, with the same gradients, and the iterations of the solver alone.
fn sessions(criterion: &mut Criterion) {
    fn alone<S>(mut solver: S) -> Vec<f64>
    where
        S: Solver<Bowl<f64>, IterState<Vec<f64>, Vec<f64>, (), (), (), f64>>,
    {
        let mut problem = Problem::new(Bowl::<f64>::new(Watch::never()));
        let state = IterState::new().param(vec![0.0; N]).max_iters(ITERATIONS);
        let (mut state, _) = solver.init(&mut problem, state).unwrap();
        while !solver.terminate_internal(&state).terminated() {
            (state, _) = solver.next_iter(&mut problem, state).unwrap();
            state.increment_iter();
        }
        state.best_param.unwrap()
    }
    let mut group = criterion.benchmark_group("session");
    group.throughput(Throughput::Elements(ITERATIONS));
    let sgd = || Sgd::new(0.1).unwrap().with_telemetry(Telemetry::Never).unwrap();
    let paper = || Arturo::paper(PaperSettings::default()).unwrap();
    let paper = || paper().with_telemetry(Telemetry::Never).unwrap();
    let default = || Arturo::new().with_telemetry(Telemetry::Never).unwrap();
    for (name, run) in [
        ("sgd", &(|| ask_and_tell(sgd(), N, ITERATIONS)) as &dyn Fn() -> Vec<f64>),
        ("sgd alone", &|| alone(sgd())),
        ("paper", &|| ask_and_tell(paper(), N, ITERATIONS)),
        ("paper alone", &|| alone(paper())),
        ("default", &|| ask_and_tell(default(), N, ITERATIONS)),
        ("default alone", &|| alone(default())),
    ] {
        // the least of some runs, whose difference is too small for a machine that others use
        let least = |runs| {
            let time = |_| {
                let begin = Instant::now();
                black_box(run());
                begin.elapsed()
            };
            (0..runs).map(time).min().unwrap_or_default() * runs as u32
        };
        group.bench_function(name, |bencher| bencher.iter_custom(least));
    }
    group.finish();
}

criterion_group!(benches, overhead, sessions);
criterion_main!(benches);
