//! Groups of coordinates: each in its KL ball, each with its weight decay.

use crate::common::{Recorder, float, noisy};
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, State};
use argmin_arturo::dual::Newton;
use argmin_arturo::hessian::AdaptiveRls;
use argmin_arturo::{Arturo, Group, PaperSettings};

fn paper(weight_decay: f64) -> PaperSettings {
    PaperSettings { kl_bound: 1e-4, weight_decay, ..PaperSettings::default() }
}

/// Group sizes 2 and 3, with a quarter and three quarters of the KL bound.
fn groups() -> Vec<Group> {
    vec![Group::new(2), Group::new(3).with_kl_share(3.0).unwrap()]
}

#[test]
fn each_group_keeps_to_its_share() {
    let solver = Arturo::paper(paper(0.0)).unwrap().with_dual(Newton::default());
    let solver = solver.with_groups(groups()).unwrap();
    let start = vec![-100.0; 5];
    // the last step of runs of 1 to 20 iterations
    for iterations in 1..=20_u64 {
        let run = |max_iters| {
            Executor::new(noisy::<Vec<f64>>(), solver.clone())
                .configure(|state| state.param(start.clone()).max_iters(max_iters))
                .run()
                .unwrap()
        };
        let (before, after) = (run(iterations - 1), run(iterations));
        let precision = match iterations {
            1 => vec![100.0; 5],
            _ => before.solver().precision().to_vec(),
        };
        let x0 = before.state().get_param().unwrap_or(&start).clone();
        let x1 = after.state().get_param().unwrap();
        let kl = |range: std::ops::Range<usize>| -> f64 {
            range.map(|i| 0.5 * precision[i] * (x1[i] - x0[i]).powi(2)).sum()
        };
        // far from the minimum both balls are active; met to the tolerance of the dual
        assert!((kl(0..2) / 0.25e-4 - 1.0).abs() < 2e-3, "{iterations}: {}", kl(0..2));
        assert!((kl(2..5) / 0.75e-4 - 1.0).abs() < 2e-3, "{iterations}: {}", kl(2..5));
    }
}

#[test]
fn the_bound_of_all_groups_is_reported() {
    let recorder = Recorder::default();
    let solver = Arturo::paper(paper(0.0)).unwrap().with_dual(Newton::default());
    Executor::new(noisy::<Vec<f64>>(), solver.with_groups(groups()).unwrap())
        .configure(|state| state.param(vec![-100.0; 5]).max_iters(30))
        .add_observer(recorder.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    for row in recorder.rows() {
        assert_eq!(float(&row, "kl_bound"), 1e-4);
        assert!((float(&row, "kl") / 1e-4 - 1.0).abs() < 2e-3, "{row}");
        assert!(float(&row, "dual_evaluations") >= 2.0);
    }
}

#[test]
fn one_group_changes_no_bit() {
    let solver = || Arturo::paper(paper(0.1)).unwrap().with_seed(2);
    let run = |groups: Vec<Group>| {
        let solver = solver().with_groups(groups).unwrap();
        let result = Executor::new(noisy::<Vec<f64>>(), solver)
            .configure(|state| state.param(vec![0.5; 5]).max_iters(100))
            .run()
            .unwrap();
        result.state().get_param().unwrap().clone()
    };
    assert_eq!(run(vec![Group::new(5)]), run(vec![]));
}

#[test]
fn weight_decay_is_that_of_the_group() {
    // without a gradient x shrinks by 1 - kl_bound weight_decay in each step after the first,
    // which as in the original is not moved
    struct Flat;
    impl argmin::core::Gradient for Flat {
        type Param = Vec<f64>;
        type Gradient = Vec<f64>;
        fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
            Ok(vec![0.0; x.len()])
        }
    }
    let settings = PaperSettings { kl_bound: 0.1, prior_precision: 0.0, ..paper(0.5) };
    let groups = vec![
        Group::new(1).with_weight_decay(0.0).unwrap(),
        Group::new(1),
        Group::new(1).with_weight_decay(2.0).unwrap(),
    ];
    let solver = Arturo::paper(settings).unwrap().with_groups(groups).unwrap();
    let result = Executor::new(Flat, solver)
        .configure(|state| state.param(vec![1.0; 3]).max_iters(11))
        .run()
        .unwrap();
    for (x, factor) in result.state().get_param().unwrap().iter().zip([1.0f64, 0.95, 0.8]) {
        assert!((x / factor.powi(10) - 1.0).abs() < 1e-12, "{x} {factor}");
    }
}

#[test]
fn groups_go_with_an_adapted_radius_and_bounds() {
    let solver = Arturo::new().with_estimator(AdaptiveRls::default());
    let solver = solver.with_bounds(vec![0.0; 5], vec![0.5, 2.0, 2.0, 2.0, 2.0]).unwrap();
    let result = Executor::new(noisy::<Vec<f64>>(), solver.with_groups(groups()).unwrap())
        .configure(|state| state.param(vec![0.25; 5]).max_iters(2000))
        .run()
        .unwrap();
    let x = result.state().get_best_param().unwrap();
    assert!((x[0] - 0.5).abs() < 1e-6, "{x:?}");
    assert!(x[1..].iter().all(|x| (x - 1.0).abs() < 0.1), "{x:?}");
}

#[test]
fn settings_are_checked() {
    let expected = |text: &str| format!("Invalid parameter: \"{text}\"");
    for (value, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(
            Group::new(1).with_kl_share(value).unwrap_err().to_string(),
            expected(&format!("Group: `kl_share` must be positive and finite, got {shown}"))
        );
    }
    for (value, shown) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(
            Group::new(1).with_weight_decay(value).unwrap_err().to_string(),
            expected(&format!(
                "Group: `weight_decay` must be non-negative and finite, got {shown}"
            ))
        );
    }
    let solver = || Arturo::<f64, _>::paper(paper(0.0)).unwrap();
    assert_eq!(
        solver().with_groups(vec![Group::new(2), Group::new(0)]).unwrap_err().to_string(),
        expected("Arturo: group 1 has no coordinates; leave it out")
    );
    let adapted = Arturo::<f64>::new().with_estimator(());
    let decaying = vec![Group::new(2), Group::new(3).with_weight_decay(0.1).unwrap()];
    assert_eq!(
        adapted.with_groups(decaying).unwrap_err().to_string(),
        expected(
            "Arturo: `weight_decay` of group 1 needs a given KL bound, that of `Arturo::paper`"
        )
    );
    let error = Executor::new(noisy::<Vec<f64>>(), solver().with_groups(groups()).unwrap())
        .configure(|state| state.param(vec![0.0; 6]).max_iters(1))
        .run()
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        expected(
            "Arturo: the groups have 5 coordinates, the parameter vector has 6; they must cover it"
        )
    );
}
