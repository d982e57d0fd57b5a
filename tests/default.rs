//! The default: what it never does, and what it reaches.

use argmin::core::{Error, Executor, IterState, OptimizationResult, State};
use argmin_arturo::oracle::Fresh;
use argmin_arturo::{Arturo, Draw, NonFinite, NonFiniteGradient, StochasticGradient};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// An oracle by a function of point, draw and gradient.
struct Oracle<G>(G);

impl<G: Fn(&[f64], Draw, &mut [f64])> StochasticGradient for Oracle<G> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        (self.0)(x, draw, g);
        Ok(())
    }
}

type Run<O> = OptimizationResult<O, Arturo<f64>, IterState<Vec<f64>, Vec<f64>, (), (), (), f64>>;

fn run<O: StochasticGradient<Param = Vec<f64>>>(
    oracle: O,
    x0: &[f64],
    seed: u64,
    draws: u64,
) -> Run<O> {
    Executor::new(oracle, Arturo::new().with_seed(seed))
        .configure(|state| state.param(x0.to_vec()).max_iters(draws))
        .run()
        .unwrap()
}

fn answer<G: Fn(&[f64], Draw, &mut [f64])>(g: G, x0: &[f64], seed: u64, draws: u64) -> Vec<f64> {
    run(Oracle(g), x0, seed, draws).state().get_best_param().unwrap().clone()
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Gradient of Rosenbrock's function.
fn rosenbrock(x: &[f64], _: Draw, g: &mut [f64]) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (g[0], g[1]) = (-2.0 * a - 400.0 * x[0] * b, 200.0 * b);
}

/// Gradient of 1/2 sum (i + 1) (x_i - 1)^2 with noise of standard deviation 1/2.
fn noisy_bowl(x: &[f64], draw: Draw, g: &mut [f64]) {
    let mut rng = draw.rng();
    for (i, (g, x)) in g.iter_mut().zip(x).enumerate() {
        *g = (i as f64 + 1.0) * (x - 1.0) + 0.5 * normal(&mut rng);
    }
}

#[test]
fn without_noise_it_is_a_quasi_newton_method() {
    let x = answer(rosenbrock, &[-1.2, 1.0], 0, 400);
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-8), "{x:?}");
}

#[test]
fn the_median_of_signs_is_found() {
    let sign = |x: &[f64], draw: Draw, g: &mut [f64]| {
        g[0] = if x[0] > 7.0 + normal(&mut draw.rng()) { 1.0 } else { -1.0 };
    };
    let worse = |draws: u64| {
        (0..40).filter(|seed| (answer(sign, &[0.0], *seed, draws)[0] - 7.0).abs() > 7.0).count()
    };
    // between two comparisons one of 40 leaps beyond; the next comparison takes it back
    assert!(worse(100) <= 1, "{} of 40", worse(100));
    assert_eq!(worse(1000), 0);
}

#[test]
fn a_coordinate_of_noise_alone_does_not_run_away() {
    let oracle = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        for (i, a) in [1.0, 5.0, 20.0, 0.0].into_iter().enumerate() {
            g[i] = a * (x[i] - 1.0) + normal(&mut rng);
        }
    };
    for seed in 0..20 {
        let x = answer(oracle, &[0.0; 4], seed, 2000);
        assert!(x[3].abs() < 100.0, "seed {seed}: {x:?}");
        assert!(x[..3].iter().all(|x| (x - 1.0).abs() < 0.3), "seed {seed}: {x:?}");
    }
}

#[test]
fn noise_that_no_draw_repeats_costs_little() {
    let gap = |x: &[f64]| -> f64 {
        x.iter().enumerate().map(|(i, x)| 0.5 * (i as f64 + 1.0) * (x - 1.0).powi(2)).sum()
    };
    let mean = |fresh: bool| -> f64 {
        let gaps = (0..20).map(|seed| {
            if fresh {
                let run = run(Fresh::new(Oracle(noisy_bowl)), &[0.0; 5], seed, 2000);
                gap(run.state().get_best_param().unwrap())
            } else {
                gap(&answer(noisy_bowl, &[0.0; 5], seed, 2000))
            }
        });
        gaps.sum::<f64>() / 20.0
    };
    let (fresh, repeated) = (mean(true), mean(false));
    // statistics allows 1/2 sum 0.25 / a / 2000 = 1.4e-4
    assert!(repeated < 2e-3, "{repeated:e}");
    assert!(fresh < 3.0 * repeated, "{fresh:e} for {repeated:e}");
}

#[test]
fn high_dimension_is_left_to_the_foundation() {
    let bowl = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let mut rng = draw.rng();
        for (g, x) in g.iter_mut().zip(x) {
            *g = x - 1.0 + 0.1 * normal(&mut rng);
        }
    };
    let result = run(Oracle(bowl), &[0.0; 1000], 3, 2000);
    let x = result.state().get_best_param().unwrap();
    let square: f64 = x.iter().map(|x| (x - 1.0).powi(2)).sum::<f64>() / 1000.0;
    assert!(square < 1e-3, "{square}");
    assert!(result.solver().curvature().is_empty());
}

#[test]
fn a_broken_draw_is_told_from_a_point_outside_of_the_domain() {
    let broken = |x: &[f64], draw: Draw, g: &mut [f64]| {
        noisy_bowl(x, draw, g);
        if draw.index() == 50 {
            g[1] = f64::NAN;
        }
    };
    let solver = Arturo::new().with_seed(1);
    let run = |solver: Arturo<f64>| {
        Executor::new(Oracle(broken), solver)
            .configure(|state| state.param(vec![0.0; 3]).max_iters(400))
            .run()
    };
    let error = run(solver.clone()).err().unwrap();
    let error = error.downcast_ref::<NonFiniteGradient<Vec<f64>>>().unwrap();
    assert_eq!((error.coordinate, error.draw.index()), (1, 50));
    let skipped = run(solver.with_non_finite(NonFinite::Skip)).unwrap();
    assert_eq!(skipped.solver().skipped_draw_count(), 1);

    // f = x - ln x from 0.02: a step beyond 0 is outside, and no error
    let barrier = |x: &[f64], draw: Draw, g: &mut [f64]| {
        let noise = 0.3 * normal(&mut draw.rng());
        g[0] = if x[0] > 0.0 { 1.0 - 1.0 / x[0] + noise } else { f64::NAN };
    };
    for seed in 0..10 {
        let x = answer(barrier, &[5.0], seed, 1000)[0];
        assert!((x - 1.0).abs() < 0.2, "seed {seed}: {x}");
    }
}

#[test]
fn powers_of_four_in_the_objective_change_no_bit() {
    for exponent in [-20, 10] {
        let scale = 4f64.powi(exponent);
        let scaled = |x: &[f64], draw: Draw, g: &mut [f64]| {
            noisy_bowl(x, draw, g);
            g.iter_mut().for_each(|g| *g *= scale);
        };
        let (a, b) = (answer(noisy_bowl, &[0.5; 4], 2, 700), answer(scaled, &[0.5; 4], 2, 700));
        assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{a:?} {b:?}");
    }
}

#[test]
fn steps_do_not_allocate() {
    let allocations = |draws: u64| {
        let mut count = 0;
        let info = allocation_counter::measure(|| {
            let solver =
                Arturo::new().with_seed(5).with_telemetry(argmin_arturo::Telemetry::Never).unwrap();
            let result = Executor::new(Oracle(noisy_bowl), solver)
                .configure(|state| state.param(vec![0.0; 6]).max_iters(draws))
                .run()
                .unwrap();
            count = result.state().get_iter();
        });
        assert_eq!(count, draws);
        info.count_total
    };
    allocations(100);
    assert_eq!(allocations(1000), allocations(3000));
}

#[cfg(feature = "serde1")]
#[test]
fn a_run_resumes_with_the_same_bits() {
    use argmin_arturo::checkpoint::AtomicCheckpoint;
    let directory = std::env::temp_dir().join(format!("arturo-default-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for (name, stop) in [("early", 17), ("probing", 150), ("late", 801)] {
        let path = directory.join(name);
        let executor = |draws: u64| {
            Executor::new(Oracle(noisy_bowl), Arturo::new().with_seed(4))
                .configure(|state| state.param(vec![0.0; 5]).max_iters(draws))
        };
        let whole = executor(1500).run().unwrap();
        AtomicCheckpoint::new(&path).run(executor(stop)).unwrap();
        let resumed = AtomicCheckpoint::new(&path).run(executor(1500)).unwrap();
        let (a, b) = (whole.state().get_best_param(), resumed.state().get_best_param());
        assert_eq!(a, b, "{name}");
        assert_eq!(whole.solver(), resumed.solver(), "{name}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
