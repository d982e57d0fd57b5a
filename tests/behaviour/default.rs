//! The default: what it never does, and what it reaches.

mod converged;
mod domain;
mod invariance;
mod noise;
mod support;

use crate::common::{Recorder, float};
use argmin::core::observers::ObserverMode;
use argmin::core::{Executor, State};
use argmin_arturo::{Arturo, Draw, Telemetry};
use support::{Oracle, add_noise, answer, bowl, bowl_gap, noisy_bowl, rosenbrock, run};

#[test]
fn without_noise_it_converges_to_rounding_with_one_gradient_a_step() {
    let exact = |x: &[f64], _: Draw, g: &mut [f64]| {
        bowl(x, g);
    };
    let x = answer(exact, &[0.0; 5], 0, 60);
    assert!(bowl_gap(&x) < 1e-20, "{x:?}");
    let x = answer(rosenbrock, &[-1.2, 1.0], 0, 150);
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-10), "{x:?}");
}

#[test]
fn the_kl_stays_within_its_bound() {
    let recorder = Recorder::default();
    let noisy = |x: &[f64], draw: Draw, g: &mut [f64]| {
        rosenbrock(x, draw, g);
        add_noise(draw, 1.0, g);
    };
    Executor::new(Oracle(noisy), Arturo::new())
        .configure(|state| state.param(vec![-1.2, 1.0]).max_iters(500))
        .add_observer(recorder.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    let mut steps = 0;
    for row in recorder.rows() {
        let (kl, bound) = (float(&row, "kl"), float(&row, "kl_bound"));
        assert!(kl <= 1.001 * bound, "{row}");
        steps += u32::from(kl > 0.0);
    }
    assert!(steps > 20, "{steps}");
}

#[test]
fn high_dimension_is_left_to_the_foundation() {
    let bowl = |x: &[f64], draw: Draw, g: &mut [f64]| {
        for (g, x) in g.iter_mut().zip(x) {
            *g = x - 1.0;
        }
        add_noise(draw, 0.1, g);
    };
    let result = run(Oracle(bowl), &[0.0; 1000], 3, 2000);
    let x = result.state().get_best_param().unwrap();
    let square: f64 = x.iter().map(|x| (x - 1.0).powi(2)).sum::<f64>() / 1000.0;
    assert!(square < 1e-3, "{square}");
    assert!(result.solver().curvature().is_empty());
}

#[test]
fn steps_do_not_allocate() {
    let allocations = |draws: u64| {
        let mut count = 0;
        let info = allocation_counter::measure(|| {
            let solver = Arturo::new().with_seed(5).with_telemetry(Telemetry::Never).unwrap();
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

#[test]
fn the_border_of_the_model_can_be_moved() {
    let has_model = |solver: Arturo<f64>| {
        let result = Executor::new(Oracle(noisy_bowl), solver)
            .configure(|state| state.param(vec![0.0; 5]).max_iters(100))
            .run()
            .unwrap();
        !result.solver().curvature().is_empty()
    };
    assert!(has_model(Arturo::new().with_model_dimension(5)));
    assert!(!has_model(Arturo::new().with_model_dimension(4)));
    let boxed = Arturo::new().with_model_dimension(4).with_bounds(vec![-9.0; 5], vec![9.0; 5]);
    assert!(!has_model(boxed.unwrap()));
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
