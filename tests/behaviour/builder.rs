//! The settings of the solver can be made in any order.

#![expect(clippy::vec_init_then_push, reason = "a macro fills it")]

use argmin::core::{Error, Gradient};
use argmin_arturo::dual::Bisection;
use argmin_arturo::hessian::AdaptiveRls;
use argmin_arturo::observer::Stop;
use argmin_arturo::oracle::GaussianNoise;
use argmin_arturo::prelude::*;
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::solution::Tolerance;
use argmin_arturo::{Averaging, Group, NonFinite, PaperSettings};

/// Makes the settings in each order that there is, and gives all solvers.
macro_rules! orders {
    ($solver:expr, $({$($setting:tt)*})*) => {{
        let mut solvers = Vec::new();
        orders!(@ solvers, $solver, [$({$($setting)*})*], []);
        solvers
    }};
    (@ $solvers:ident, $solver:expr, [], []) => { $solvers.push($solver) };
    (@ $solvers:ident, $solver:expr, [], [$($tried:tt)*]) => {};
    (@ $solvers:ident, $solver:expr, [{$($next:tt)*} $($rest:tt)*], [$($tried:tt)*]) => {
        orders!(@ $solvers, $solver $($next)*, [$($tried)* $($rest)*], []);
        orders!(@ $solvers, $solver, [$($rest)*], [$($tried)* {$($next)*}]);
    };
}

fn all_equal<T: PartialEq + std::fmt::Debug>(solvers: &[T], orders: usize) {
    assert_eq!(solvers.len(), orders);
    for solver in solvers {
        assert_eq!(solver, &solvers[0]);
    }
}

fn halves() -> Vec<Group> {
    vec![Group::new(1), Group::new(1)]
}

#[test]
fn of_the_default() -> Result<(), Error> {
    let solvers = orders!(Arturo::<f64>::new(),
        {.with_bounds(vec![0.0, 0.0], vec![1.0, 1.0])?}
        {.with_tolerance(Tolerance::RelativeError(0.1))?}
        {.with_filtered_cost::<Vec<f64>>()}
        {.with_dual(Bisection::new(1e-9)?)}
    );
    all_equal(&solvers, 24);
    let solvers = orders!(Arturo::<f64>::new(),
        {.with_averaging(Averaging::None)}
        {.with_non_finite(NonFinite::Skip)}
        {.with_segments()}
        {.with_exact_cost(7)?}
    );
    all_equal(&solvers, 24);
    Ok(())
}

#[test]
fn of_an_estimator() -> Result<(), Error> {
    let solvers = orders!(Arturo::<f64>::new(),
        {.with_bounds(vec![0.0, 0.0], vec![1.0, 1.0])?}
        {.with_tolerance(Tolerance::RelativeError(0.1))?}
        {.with_filtered_cost::<Vec<f64>>()}
        {.with_estimator(AdaptiveRls::<f64>::default())}
    );
    all_equal(&solvers, 24);
    let solvers = orders!(Arturo::<f64>::new().with_estimator(AdaptiveRls::<f64>::default()),
        {.with_bounds(vec![0.0, 0.0], vec![1.0, 1.0])?}
        {.with_tolerance(Tolerance::RelativeError(0.1))?}
        {.with_filtered_cost::<Vec<f64>>()}
        {.with_groups(halves())?}
    );
    all_equal(&solvers, 24);
    Ok(())
}

#[test]
fn of_the_paper() -> Result<(), Error> {
    let paper = Arturo::<f64, _>::paper(PaperSettings::default())?;
    let solvers = orders!(paper.clone(),
        {.with_kl_schedule(KlSchedule::InverseTime { rate: 0.1 })?}
        {.with_groups(halves())?}
        {.with_dual(Bisection::new(1e-9)?)}
        {.with_filtered_cost::<Vec<f64>>()}
    );
    all_equal(&solvers, 24);
    Ok(())
}

struct Bowl;

impl Gradient for Bowl {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(x.iter().map(|x| x - 2.0).collect())
    }
}

impl argmin::core::CostFunction for Bowl {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x.iter().map(|x| 0.5 * (x - 2.0).powi(2)).sum())
    }
}

#[test]
fn a_cost_set_first_is_kept_in_a_box() -> Result<(), Error> {
    let solver = Arturo::new()
        .with_exact_cost(1)?
        .with_stop(Stop::default())
        .with_bounds(vec![0.0; 2], vec![1.0; 2])?;
    let result = Executor::new(GaussianNoise::new(Bowl, 0.1)?, solver)
        .configure(|state| state.param(vec![0.5; 2]).max_iters(300).target_cost(1.0 + 1e-9))
        .run()?;
    assert_eq!(result.state().get_best_param(), Some(&vec![1.0; 2]));
    assert_eq!(result.state().get_best_cost(), 1.0);
    assert!(result.state().get_iter() < 300);
    Ok(())
}
