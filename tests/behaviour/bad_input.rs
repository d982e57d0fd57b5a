//! What oracles and users get wrong: the exact error, or the documented behaviour.

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, OptimizationResult, Solver, State};
use argmin_arturo::baseline::{Adam, AdamW, Cocob, Dog, Dowg, Prodigy, ScheduleFree, Sgd};
use argmin_arturo::dual::{Bisection, Newton};
use argmin_arturo::hessian::{AdaptiveRls, ExactDiagonal, FiniteDifference, KalmanRls};
use argmin_arturo::oracle::{GaussianNoise, StudentTNoise};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{
    Arturo, ArturoError, Draw, FailedRun, NonFinite, PaperSettings, Scalar, StochasticGradient,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

type Run<F> = IterState<Vec<F>, Vec<F>, (), (), (), F>;
type Outcome<F, T, S> = Result<OptimizationResult<Faulty<F, T>, S, Run<F>>, Error>;

/// What an oracle does to a sound gradient.
type Fault<F> = fn(Draw, &mut Vec<F>) -> Result<(), Error>;

/// 1/2 sum (i + 1) (x_i - 1)^2 with a little noise and a fault.
struct Faulty<F, T = Fault<F>>(T, std::marker::PhantomData<F>);

fn faulty<F, T: Fn(Draw, &mut Vec<F>) -> Result<(), Error>>(fault: T) -> Faulty<F, T> {
    Faulty(fault, std::marker::PhantomData)
}

impl<F: Scalar, T: Fn(Draw, &mut Vec<F>) -> Result<(), Error>> StochasticGradient for Faulty<F, T> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        use rand::Rng;
        let mut rng = draw.rng();
        g.resize(x.len(), F::zero());
        for (i, (g, x)) in g.iter_mut().zip(x).enumerate() {
            let slope = (i as f64 + 1.0) * (x.to_f64_exact() - 1.0);
            *g = F::from_f64_lossy(slope + 0.01 * rng.random_range(-1.0..1.0));
        }
        (self.0)(draw, g)
    }
}

const N: usize = 3;

fn run<F, T, S>(solver: S, fault: T, iterations: u64) -> Outcome<F, T, S>
where
    F: Scalar,
    T: Fn(Draw, &mut Vec<F>) -> Result<(), Error>,
    S: Solver<Faulty<F, T>, Run<F>>,
{
    Executor::new(faulty(fault), solver)
        .configure(|state| state.param(vec![F::zero(); N]).max_iters(iterations))
        .run()
}

/// Does something with each solver: its name in errors, and the solver.
macro_rules! for_each_solver {
    ($float:ty, |$name:ident, $solver:ident| $body:expr) => {{
        {
            let ($name, $solver) = ("Arturo", Arturo::<$float>::new());
            $body
        }
        {
            let ($name, $solver) =
                ("Arturo", Arturo::<$float, _>::paper(PaperSettings::default()).unwrap());
            $body
        }
        {
            let solver = Arturo::<$float, _>::paper(PaperSettings::default()).unwrap();
            let ($name, $solver) = ("Arturo", solver.with_dual(Newton::default()));
            $body
        }
        {
            let ($name, $solver) = ("Adam", Adam::<$float>::new(0.1).unwrap());
            $body
        }
        {
            let ($name, $solver) = ("AdamW", AdamW::<$float>::new(0.1).unwrap());
            $body
        }
        {
            let ($name, $solver) = ("Sgd", Sgd::<$float>::new(0.1).unwrap());
            $body
        }
        {
            let ($name, $solver) = ("ScheduleFree", ScheduleFree::<$float>::new());
            $body
        }
        {
            let ($name, $solver) = ("Prodigy", Prodigy::<$float>::new());
            $body
        }
        {
            let ($name, $solver) = ("Dog", Dog::<$float>::new());
            $body
        }
        {
            let ($name, $solver) = ("Dowg", Dowg::<$float>::new());
            $body
        }
        {
            let ($name, $solver) = ("Cocob", Cocob::<$float>::new());
            $body
        }
    }};
}

/// Which coordinates are hit.
const HIT: [&[usize]; 3] = [&[1], &[0, 2], &[0, 1, 2]];

fn hit<F: Scalar>(coordinates: &'static [usize], value: F, g: &mut [F]) {
    for &i in coordinates {
        g[i] = value;
    }
}

/// The bad draws, where a fault is not for ever: three, of which each solver draws one at least,
/// for a gradient at the draw of an earlier one leaves a number out.
const BAD: std::ops::Range<u64> = 7..10;

fn non_finite_gradients<F: Scalar>(run_all: impl Fn(&'static [usize], F, bool)) {
    for coordinates in HIT {
        for value in [F::nan(), F::infinity(), F::neg_infinity()] {
            for once in [true, false] {
                run_all(coordinates, value, once);
            }
        }
    }
}

macro_rules! non_finite_test {
    ($name:ident, $float:ty) => {
        #[test]
        fn $name() {
            non_finite_gradients::<$float>(|coordinates, value, once| {
                let fault = move |draw: Draw, g: &mut Vec<$float>| {
                    if BAD.contains(&draw.index()) || (!once && draw.index() > BAD.start) {
                        hit(coordinates, value, g);
                    }
                    Ok(())
                };
                for_each_solver!($float, |name, solver| {
                    let error = run(solver.clone().with_seed(9), fault, 60).err().unwrap();
                    let Some(ArturoError::NonFiniteGradient { draw, .. }) = error.downcast_ref() else {
                        panic!("{error}")
                    };
                    let lost: &FailedRun<Vec<$float>> = error.downcast_ref().unwrap();
                    let (first, index) = (coordinates[0], draw.index());
                    assert!(BAD.contains(&index) && draw.seed() == 9);
                    assert_eq!(
                        error.to_string(),
                        format!(
                            "{name}: coordinate {first} of the gradient is {value} at iteration \
                             {index} (draw {index} of seed 9); check the oracle at this draw, or \
                             skip such draws by `with_non_finite(NonFinite::Skip)`"
                        )
                    );
                    let points = lost.param.iter().chain(&lost.best_param);
                    assert!(points.clone().count() == 2 * N && points.clone().all(|x| x.is_finite()));

                    let skipping = solver.clone().with_non_finite(NonFinite::Skip);
                    let result = run(skipping, fault, 60).unwrap();
                    let skipped = result.solver().skipped_draw_count();
                    let best = result.state().get_best_param().unwrap();
                    assert!(best.iter().all(|x| x.is_finite()), "{name} {best:?}");
                    let expected = if once { 1..=6 } else { 20..=60 };
                    assert!(expected.contains(&skipped), "{name} {skipped} {once}");
                });
            });
        }
    };
}
non_finite_test!(non_finite_gradients_are_errors_or_skipped_in_double_precision, f64);
non_finite_test!(non_finite_gradients_are_errors_or_skipped_in_single_precision, f32);

#[test]
fn an_uncertain_slope_does_not_overflow_in_single_precision() {
    // gradients of two sizes on a steep bowl: noise over the spread of x is above all floats
    struct Steep;
    impl StochasticGradient for Steep {
        type Param = Vec<f32>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f32>,
            draw: Draw,
            g: &mut Vec<f32>,
        ) -> Result<(), Error> {
            for (i, (g, x)) in g.iter_mut().zip(x).enumerate() {
                let is_large = (2 * draw.index() + i as u64).is_multiple_of(2);
                *g = if is_large { 4.831_838e9 } else { 0.0 } + 3_048_067.8 * x;
            }
            Ok(())
        }
    }
    let solver = Arturo::<f32>::new().with_estimator(AdaptiveRls::default());
    let result = Executor::new(Steep, solver)
        .configure(|state| state.param(vec![-1.892_146_7e-6; 2]).max_iters(150))
        .run()
        .unwrap();
    let precision = result.solver().precision();
    assert!(precision.iter().all(|&p| p > 0.0 && p.is_finite()), "{precision:?}");
}

#[test]
fn the_precision_is_positive_even_if_no_draw_is_finite() {
    let fault = |_: Draw, g: &mut Vec<f64>| {
        g.fill(f64::NAN);
        Ok(())
    };
    let result = run(Arturo::<f64>::new().with_non_finite(NonFinite::Skip), fault, 20).unwrap();
    assert!(result.solver().precision().iter().all(|&p| p > 0.0));
}

/// Values that are finite, but that squares of are not, or that are no normal numbers.
macro_rules! extreme_test {
    ($name:ident, $float:ty, $values:expr) => {
        #[test]
        fn $name() {
            for value in $values {
                for coordinates in HIT {
                    for once in [true, false] {
                        let fault = move |draw: Draw, g: &mut Vec<$float>| {
                            if BAD.contains(&draw.index()) || (!once && draw.index() > BAD.start) {
                                hit(coordinates, value, g);
                            }
                            Ok(())
                        };
                        for_each_solver!($float, |name, solver| {
                            // it ends, well or by an error with a text
                            match run(solver.with_non_finite(NonFinite::Skip), fault, 60) {
                                Ok(result) => {
                                    let best = result.state().get_best_param().unwrap();
                                    let case = format!("{name} {value:e} {coordinates:?} {once}");
                                    assert!(best.iter().all(|x| x.is_finite()), "{case} {best:?}");
                                }
                                Err(error) => panic!("{name} {value:e}: {error}"),
                            }
                        });
                    }
                }
            }
        }
    };
}
extreme_test!(
    extreme_gradients_leave_the_answer_finite_in_double_precision,
    f64,
    [1e150, -1e150, 1e-310, -5e-324]
);
extreme_test!(
    extreme_gradients_leave_the_answer_finite_in_single_precision,
    f32,
    [1e18f32, -1e18, 1e-40, -1e-45]
);
extreme_test!(squares_beyond_all_doubles_leave_the_answer_finite, f64, [1e300, -1e300, 1e160]);
extreme_test!(squares_beyond_all_singles_leave_the_answer_finite, f32, [1e36f32, -1e36, 1e20]);

#[test]
fn a_gradient_too_large_to_be_squared_is_an_error() {
    for (value, is_refused) in [(-1e152, true), (1e300, true), (-5e151, false), (1e150, false)] {
        let fault = move |draw: Draw, g: &mut Vec<f64>| {
            if BAD.contains(&draw.index()) {
                g[1] = value;
            }
            Ok(())
        };
        for_each_solver!(f64, |name, solver| {
            let result = run(solver.with_seed(9), fault, 60);
            assert_eq!(result.is_err(), is_refused, "{name} {value:e}");
            if let Err(error) = result {
                let Some(ArturoError::NonFiniteGradient { draw, value: seen, coordinate, .. }) =
                    error.downcast_ref()
                else {
                    panic!("{error}")
                };
                let index = draw.index();
                assert_eq!((*seen, *coordinate), (value, 1));
                assert_eq!(
                    error.to_string(),
                    format!(
                        "{name}: coordinate 1 of the gradient is {value:e}, too large to be \
                         squared, at iteration {index} (draw {index} of seed 9); divide the \
                         objective by its scale, check the oracle at this draw, or skip such draws \
                         by `with_non_finite(NonFinite::Skip)`"
                    )
                );
            }
        });
    }
}

/// A gradient of another length, from the draw on.
#[test]
fn a_gradient_that_changes_its_length_is_refused_when_it_does() {
    for len in [0, 1, N - 1, N + 1] {
        for from in [0, 1, 4, 5, 6, 20] {
            let fault = move |draw: Draw, g: &mut Vec<f64>| {
                if draw.index() >= from {
                    g.resize(len, 0.0);
                }
                Ok(())
            };
            for_each_solver!(f64, |name, solver| {
                assert_eq!(
                    run(solver, fault, 60).err().unwrap().root_cause().to_string(),
                    format!(
                        "Invalid parameter: \"{name}: the drawn gradient has {len} coordinates, \
                         the parameter vector 3; the oracle must write one entry per coordinate\""
                    )
                );
            });
        }
    }
}

/// Keeps the recommended point of the last iteration.
#[derive(Clone, Default)]
struct LastBest(Arc<Mutex<Vec<f64>>>);

impl Observe<Run<f64>> for LastBest {
    fn observe_iter(&mut self, state: &Run<f64>, _: &KV) -> Result<(), Error> {
        self.0.lock().unwrap().clone_from(state.get_best_param().unwrap());
        Ok(())
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the simulation crashed at draw {0}")]
struct Crash(u64);

/// The error reaches the caller with the last good point beside it, as an observer has seen it: the
/// state is argmin's, and lost with an error.
#[test]
fn an_error_of_the_oracle_ends_the_run_with_the_best_point() {
    for index in [0, 1, 3, 6, 12, 25] {
        let fault = move |draw: Draw, _: &mut Vec<f64>| {
            if draw.index() == index { Err(Crash(index).into()) } else { Ok(()) }
        };
        for_each_solver!(f64, |name, solver| {
            let last = LastBest::default();
            let error = Executor::new(faulty(fault), solver.clone())
                .configure(|state| state.param(vec![0.0; N]).max_iters(60))
                .add_observer(last.clone(), ObserverMode::Always)
                .run()
                .err()
                .unwrap();
            assert_eq!(error.downcast_ref(), Some(&Crash(index)), "{name}");
            let failed: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
            assert_eq!(failed.reason, format!("the simulation crashed at draw {index}"));
            let text = error.to_string();
            let place =
                format!(": the run ended at iteration {}: {}", failed.iteration, failed.reason);
            assert_eq!(text, format!("{}{place}", failed.solver));
            let before = run(solver, fault, failed.iteration).unwrap();
            let best = before.state().get_best_param();
            assert_eq!(Some(&failed.best_param), best, "{name}");
            if index > 0 {
                let last = last.0.lock().unwrap();
                assert_eq!(Some(&*last), before.state().get_best_param(), "{name}");
            }
        });
    }
}

#[test]
fn a_panic_of_the_oracle_poisons_nothing() {
    let fault = |draw: Draw, _: &mut Vec<f64>| {
        if BAD.contains(&draw.index()) && PANICS.with(std::cell::Cell::get) {
            panic!("the simulation is no good");
        }
        Ok(())
    };
    thread_local!(static PANICS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    for_each_solver!(f64, |name, solver| {
        PANICS.set(false);
        let sound = run(solver.clone(), fault, 60).unwrap();
        PANICS.set(true);
        let panic = catch_unwind(AssertUnwindSafe(|| run(solver.clone(), fault, 60).map(|_| ())));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the simulation is no good"), "{name}");
        PANICS.set(false);
        let again = run(solver, fault, 60).unwrap();
        assert_eq!(again.state().get_best_param(), sound.state().get_best_param(), "{name}");
    });
}

/// The settings that no other test tries, at the ends of their ranges.
#[test]
fn settings_out_of_range_are_refused() {
    fn refused<T>(setting: Result<T, Error>, text: &str) {
        let error = setting.err().unwrap_or_else(|| panic!("not refused: {text}"));
        assert_eq!(error.to_string(), format!("Invalid parameter: \"{text}\""));
    }
    let cases = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE];
    for value in cases {
        let positive = format!("must be positive and finite, got {value}");
        let non_negative = format!("must be non-negative and finite, got {value}");
        refused(Bisection::new(value), &format!("Bisection: `eta_tolerance` {positive}"));
        refused(
            Newton::default().with_tolerance(value),
            &format!("Newton: `tolerance` must be in (0, 1), got {value}"),
        );
        refused(
            KalmanRls::<f64>::new(value, 1.0, 1.0),
            &format!("KalmanRls: `initial_filter_variance` {non_negative}"),
        );
        refused(
            KalmanRls::<f64>::new(1.0, value, 1.0),
            &format!("KalmanRls: `measurement_noise` {non_negative}"),
        );
        refused(
            KalmanRls::<f64>::new(1.0, 1.0, value),
            &format!("KalmanRls: `process_noise` {non_negative}"),
        );
        refused(
            FiniteDifference::<Vec<f64>>::new().with_typical_magnitude(value),
            &format!("FiniteDifference: `typical_magnitude` {positive}"),
        );
        let oracle = || faulty::<f64, Fault<f64>>(|_, _| Ok(()));
        refused(
            GaussianNoise::new(oracle(), value),
            &format!("GaussianNoise: `standard_deviation` {non_negative}"),
        );
        refused(
            StudentTNoise::new(oracle(), value, 3.0),
            &format!("StudentTNoise: `scale` {non_negative}"),
        );
        refused(
            StudentTNoise::new(oracle(), 1.0, value),
            &format!("StudentTNoise: `degrees_of_freedom` must be above 1 and finite, got {value}"),
        );
        refused(
            Arturo::<f64>::new().with_kl_schedule(KlSchedule::InverseTime { rate: value }),
            &format!("KlSchedule: `rate` {non_negative}"),
        );
        refused(
            Arturo::<f64>::new()
                .with_kl_schedule(KlSchedule::MultiStep { milestones: vec![1], gamma: value }),
            &format!("KlSchedule: `gamma` must be in (0, 1], got {value}"),
        );
    }
    refused(Bisection::new(0.0), "Bisection: `eta_tolerance` must be positive and finite, got 0");
    for value in [0.0, 1.0, 1.0f64.next_up()] {
        refused(
            Newton::default().with_tolerance(value),
            &format!("Newton: `tolerance` must be in (0, 1), got {value}"),
        );
    }
    for value in [0.0, 1.0f64.next_up()] {
        refused(
            Arturo::<f64>::new()
                .with_kl_schedule(KlSchedule::MultiStep { milestones: vec![1], gamma: value }),
            &format!("KlSchedule: `gamma` must be in (0, 1], got {value}"),
        );
    }
    refused(
        Arturo::<f64>::new()
            .with_kl_schedule(KlSchedule::MultiStep { milestones: vec![3, 2], gamma: 0.5 }),
        "KlSchedule: `milestones` must be in increasing order, got [3, 2]",
    );
    refused(
        Arturo::<f64>::new().with_kl_schedule(KlSchedule::Cosine { horizon: 0 }),
        "KlSchedule: `horizon` must be at least 1 iteration, got 0",
    );
    refused(
        ExactDiagonal::<Vec<f64>>::new().with_interval(0),
        "ExactDiagonal: `interval` must be at least 1, got 0",
    );
    refused(
        FiniteDifference::<Vec<f64>>::new().with_block_size(0),
        "FiniteDifference: `block_size` must be at least 1, got 0",
    );
    // the ends of the ranges are in
    assert!(Bisection::new(f64::MIN_POSITIVE).is_ok());
    assert!(Newton::default().with_tolerance(1.0f64.next_down()).is_ok());
    assert!(KalmanRls::<f64>::new(0.0, 0.0, 1.0).is_ok());
    let one = KlSchedule::MultiStep { milestones: vec![2, 2], gamma: 1.0 };
    assert!(Arturo::<f64>::new().with_kl_schedule(one).is_ok());
}
