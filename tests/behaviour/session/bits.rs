//! The same bits as in argmin's executor.

use super::{START, Valley, bits, drive, evaluate, executed, tell};
use argmin::core::{Error, TerminationReason};
use argmin_arturo::baseline::{Adam, Prodigy, Sgd};
use argmin_arturo::hessian::{
    AdaptiveRls, Constant, FiniteDifference, Hutchinson, SquaredGradient,
};
use argmin_arturo::oracle::{Clipped, FiniteDifferenceGradient, Replicated, Spsa, StochasticCost};
use argmin_arturo::session::{AskTell, Remote, Session};
use argmin_arturo::solution::Tolerance;
use argmin_arturo::{Arturo, Averaging, Draw, Group, NonFinite, PaperSettings, StochasticGradient};

macro_rules! assert_same_on {
    ($problem:expr, $start:expr, $iterations:expr, $solver:expr) => {{
        let solver = $solver;
        let expected = executed($problem.clone(), solver.clone(), &$start, $iterations);
        let session = Session::new(solver, $start.to_vec()).unwrap();
        let mut session = session.with_max_iters($iterations);
        drive(&mut session, &$problem);
        assert_eq!(bits(session.state()), expected);
    }};
}

#[test]
fn six_problems_and_three_solvers() {
    crate::on_six_problems_and_three_solvers!(|problem, start, iterations, solver| {
        assert_same_on!(problem, start, iterations, solver)
    });
}

/// On the valley.
macro_rules! assert_same {
    ($solver:expr) => {
        assert_same_on!(Valley::default(), START, 300, $solver)
    };
}

fn paper() -> PaperSettings {
    PaperSettings::default()
}

#[test]
fn bounds_groups_tolerances_and_averages() {
    let [lower, upper] = [vec![-2.0, 0.5, -1.0], vec![0.8, 3.0, 5.0]];
    assert_same!(Arturo::new().with_bounds(lower.clone(), upper.clone()).unwrap());
    assert_same!(Arturo::paper(paper()).unwrap().with_bounds(lower, upper).unwrap());
    let groups = vec![Group::new(1), Group::new(2)];
    assert_same!(Arturo::paper(paper()).unwrap().with_groups(groups).unwrap());
    assert_same!(Arturo::new().with_averaging(Averaging::None));
    assert_same!(Arturo::new().with_segments());
    assert_same!(Sgd::new(0.01).unwrap().with_momentum(0.9).unwrap());
    assert_same!(Prodigy::new());
}

#[test]
fn the_state_between_two_questions_is_that_after_the_last_iteration() {
    let (valley, solver) = (Valley::default(), Arturo::new());
    let mut session = Session::new(solver.clone(), START.to_vec()).unwrap();
    while session.state().iter < 200 {
        let asked = session.ask().unwrap().unwrap();
        let reply = evaluate(&valley, asked.param, asked.draw, asked.wanted);
        let ticket = asked.ticket;
        tell(&mut session, ticket, reply).unwrap();
        let told = session.state().iter;
        if told.is_multiple_of(9) {
            assert_eq!(bits(session.state()), executed(valley, solver.clone(), &START, told));
        }
    }
}

#[test]
fn a_tolerance_ends_both_at_the_same_draw() {
    let solver = Arturo::new().with_tolerance(Tolerance::RelativeError(0.1)).unwrap();
    let expected = executed(Valley::default(), solver.clone(), &START, 100_000);
    let mut session = Session::new(solver, START.to_vec()).unwrap();
    drive(&mut session, &Valley::default());
    assert_eq!(session.termination(), Some(&TerminationReason::SolverConverged));
    assert_eq!(bits(session.state()), expected);
    let solution = session.solution().unwrap();
    assert_eq!(solution.param, session.best());
    assert_eq!(solution.draw_count, session.state().iter);
}

#[test]
fn estimators_with_and_without_further_gradients() {
    let default = Arturo::new;
    assert_same!(default().with_estimator(AdaptiveRls::default()));
    assert_same!(default().with_estimator(SquaredGradient::new()));
    assert_same!(default().with_estimator(Constant::new(7.0).unwrap()));
    assert_same!(default().with_estimator(FiniteDifference::new()));
    assert_same!(default().with_estimator(Hutchinson::new().with_interval(3).unwrap()));
}

#[test]
fn drawn_costs_of_the_recommended_point() {
    assert_same!(Arturo::new().with_filtered_cost());
    assert_same!(Arturo::paper(paper()).unwrap().with_filtered_cost());
}

#[test]
fn draws_that_are_lost() {
    for failing in [7, 31] {
        let valley = Valley { failing };
        assert_same_on!(valley, START, 300, Arturo::new().with_non_finite(NonFinite::Skip));
        let paper = Arturo::paper(paper()).unwrap().with_non_finite(NonFinite::Skip);
        assert_same_on!(valley, START, 300, paper.clone());
        assert_same_on!(valley, START, 300, paper.with_filtered_cost());
        let adam = Adam::new(0.1).unwrap().with_non_finite(NonFinite::Skip);
        assert_same_on!(valley, START, 300, adam);
        let curved = Arturo::new().with_estimator(Hutchinson::new());
        assert_same_on!(valley, START, 300, curved.with_non_finite(NonFinite::Skip));
    }
}

#[test]
fn many_coordinates_take_first_order_steps() {
    /// f(x) = 1/2 |x - 1|^2, not finite far from the start.
    #[derive(Clone)]
    struct Sphere;
    impl StochasticGradient for Sphere {
        type Param = Vec<f64>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f64>,
            draw: Draw,
            g: &mut Vec<f64>,
        ) -> Result<(), Error> {
            let lost = draw.index() % 11 == 10;
            g.iter_mut().zip(x).for_each(|(g, x)| *g = if lost { f64::NAN } else { x - 1.0 });
            Ok(())
        }
    }
    impl StochasticCost for Sphere {
        type Param = Vec<f64>;
        fn stochastic_cost(&self, _: &Vec<f64>, _: Draw) -> Result<f64, Error> {
            Ok(0.0)
        }
    }
    let start = vec![0.0; 250];
    assert_same_on!(Sphere, start, 100, Arturo::new().with_non_finite(NonFinite::Skip));
}

macro_rules! assert_same_around {
    ($around:expr, $solver:expr) => {{
        let (around, solver) = ($around, $solver);
        let expected = executed(around(Valley::default()), solver.clone(), &START, 200);
        let around = $around;
        let session = Session::with_oracle(solver, START.to_vec(), around(Remote::new())).unwrap();
        let mut session = session.with_max_iters(200);
        drive(&mut session, &Valley::default());
        assert_eq!(bits(session.state()), expected);
    }};
}

#[test]
fn costs_and_means_by_oracles_around() {
    assert_same_around!(Spsa::new, Arturo::new());
    assert_same_around!(Spsa::new, Adam::new(0.01).unwrap());
    assert_same_around!(FiniteDifferenceGradient::new, Arturo::new());
    assert_same_around!(|oracle| Replicated::new(oracle, 5).unwrap(), Arturo::new());
    assert_same_around!(|oracle| Clipped::by_norm(oracle, 3.0).unwrap(), Arturo::new());
    assert_same_around!(
        |oracle| Replicated::new(Spsa::new(oracle), 3).unwrap(),
        Arturo::new().with_estimator(Hutchinson::new())
    );
}

#[test]
fn no_allocation_in_a_step() {
    fn count<S: AskTell<f64, Remote<f64>>>(solver: &S, iterations: u64) -> u64 {
        let solver = solver.clone();
        let run = || {
            let session = Session::new(solver, vec![0.5; 50]).unwrap();
            let mut session = session.with_max_iters(iterations);
            let mut gradient = vec![0.0; 50];
            while let Some(asked) = session.ask().unwrap() {
                let noise = if asked.draw.index().is_multiple_of(2) { 0.5 } else { -0.5 };
                gradient.iter_mut().zip(asked.param).for_each(|(g, x)| *g = x - 1.0 + noise);
                let ticket = asked.ticket;
                session.tell(ticket, &gradient).unwrap();
            }
        };
        allocation_counter::measure(run).count_total
    }
    fn assert_none<S: AskTell<f64, Remote<f64>>>(solver: S) {
        assert_eq!(count(&solver, 200), count(&solver, 2000));
    }
    assert_none(Adam::new(0.1).unwrap());
    assert_none(Sgd::new(0.1).unwrap());
    assert_none(Arturo::paper(paper()).unwrap());
    assert_none(Arturo::new());
}
