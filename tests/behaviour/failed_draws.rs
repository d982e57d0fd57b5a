//! Draws at which an oracle fails, and what is left of the run.

use argmin::core::{Error, Executor, IterState, OptimizationResult, Solver, State};
use argmin_arturo::baseline::Adam;
use argmin_arturo::hessian::{FiniteDifference, Hutchinson};
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::{Arturo, Draw, FailedRun, NonFinite, StochasticGradient};
use rand_distr::{Distribution, StandardNormal};

/// f(x) = 1/2 |x - 1|^2, noise 0.1, which fails where it is told to.
struct Simulation<F>(F);

impl<F: Fn(&[f64], Draw) -> bool> Simulation<F> {
    fn check(&self, x: &[f64], draw: Draw) -> Result<(), Error> {
        if (self.0)(x, draw) { Err(Error::msg("no convergence")) } else { Ok(()) }
    }
}

impl<F: Fn(&[f64], Draw) -> bool> StochasticGradient for Simulation<F> {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        // what was written before the failure must not be taken in
        g.clear();
        self.check(x, draw)?;
        let mut rng = draw.rng();
        g.extend(x.iter().map(|x| x - 1.0 + 0.1 * noise(&mut rng)));
        Ok(())
    }
}

impl<F: Fn(&[f64], Draw) -> bool> StochasticCost for Simulation<F> {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        self.check(x, draw)?;
        let mut rng = draw.rng();
        Ok(x.iter().map(|x| 0.5 * (x - 1.0).powi(2) + 0.1 * x * noise(&mut rng)).sum())
    }
}

fn noise(rng: &mut impl rand::Rng) -> f64 {
    StandardNormal.sample(rng)
}

type Run<O, S> = OptimizationResult<O, S, IterState<Vec<f64>, Vec<f64>, (), (), (), f64>>;

fn run<O, S>(oracle: O, solver: S, x0: f64, draws: u64) -> Result<Run<O, S>, Error>
where
    S: Solver<O, IterState<Vec<f64>, Vec<f64>, (), (), (), f64>>,
{
    Executor::new(oracle, solver).configure(|state| state.param(vec![x0; 2]).max_iters(draws)).run()
}

fn at_every_tenth(_: &[f64], draw: Draw) -> bool {
    draw.index() % 10 == 7
}

/// Whatever the method, every tenth draw fails and is counted; the answer is that of the others.
#[test]
fn failed_draws_are_skipped_and_counted() {
    macro_rules! check {
        ($name:literal, $solver:expr, $count:expr) => {
            let solver = $solver.with_non_finite(NonFinite::Skip);
            let result = run(Simulation(at_every_tenth), solver, 0.0, 1000).unwrap();
            let x = result.state().get_best_param().unwrap();
            assert!(x.iter().all(|x| (x - 1.0).abs() < 0.05), "{}: {x:?}", $name);
            let skipped = result.solver().skipped_draw_count();
            assert!($count.contains(&skipped), "{}: {skipped}", $name);
        };
    }
    // a lost draw of the default is looked at twice
    check!("Arturo::new", Arturo::new(), (40..=100));
    let bounded = Arturo::new().with_bounds(vec![-3.0; 2], vec![3.0; 2]).unwrap();
    check!("with_bounds", bounded, (40..=100));
    check!(
        "FiniteDifference",
        Arturo::new().with_estimator(FiniteDifference::default()),
        (100..=100)
    );
    check!("Hutchinson", Arturo::new().with_estimator(Hutchinson::default()), (100..=100));
    check!("Adam", Adam::new(0.02).unwrap(), (100..=100));
}

/// A simulation that works for x < 1.5 only: the default turns back from there.
#[test]
fn a_region_of_failures_is_left() {
    let outside = |x: &[f64], _: Draw| x.iter().any(|x| *x >= 1.5);
    for seed in 0..10 {
        let solver = Arturo::new().with_seed(seed).with_non_finite(NonFinite::Skip);
        let result = run(Simulation(outside), solver, -100.0, 2000).unwrap();
        let x = result.state().get_best_param().unwrap();
        assert!(x.iter().all(|x| (x - 1.0).abs() < 0.1), "seed {seed}: {x:?}");
    }
}

/// Further gradients of an estimator, of the same draw at another point, may fail alone.
#[test]
fn an_estimator_does_without_failed_gradients() {
    // nothing but whole steps of 1e-3 off the path fail, as those of a difference are
    let off_path = |x: &[f64], draw: Draw| draw.index() % 3 == 1 && x[0] != x[1];
    let estimator = FiniteDifference::default();
    let solver = Arturo::new().with_estimator(estimator).with_non_finite(NonFinite::Skip);
    // both coordinates have equal gradients, so that x_0 = x_1 but for the differences
    struct Equal<F>(F);
    impl<F: Fn(&[f64], Draw) -> bool> StochasticGradient for Equal<F> {
        type Param = Vec<f64>;
        fn stochastic_gradient(
            &self,
            x: &Vec<f64>,
            draw: Draw,
            g: &mut Vec<f64>,
        ) -> Result<(), Error> {
            if (self.0)(x, draw) {
                return Err(Error::msg("no convergence"));
            }
            let z = 0.1 * noise(&mut draw.rng());
            for (g, x) in g.iter_mut().zip(x) {
                *g = x - 1.0 + z;
            }
            Ok(())
        }
    }
    let result = run(Equal(off_path), solver, 0.0, 1000).unwrap();
    let x = result.state().get_best_param().unwrap();
    assert!(x.iter().all(|x| (x - 1.0).abs() < 0.05), "{x:?}");
    assert!(result.solver().curvature().iter().all(|a| (a - 1.0).abs() < 1e-3));
}

#[test]
fn failed_costs_are_dropped() {
    let solver = Arturo::new().with_non_finite(NonFinite::Skip).with_filtered_cost();
    let result = run(Simulation(at_every_tenth), solver, 0.0, 1000).unwrap();
    assert!(result.state().get_best_cost().abs() < 0.05);
}

/// By default the error ends the run; the best point is beside it, the error of the oracle below.
#[test]
fn an_error_has_the_best_point() {
    let late = |_: &[f64], draw: Draw| draw.index() == 900;
    let error = run(Simulation(late), Arturo::new(), 0.0, 1000).err().unwrap();
    let failed: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
    assert!(failed.best_param.iter().all(|x| (x - 1.0).abs() < 0.05));
    assert_eq!((failed.solver, failed.reason.as_str()), ("Arturo", "no convergence"));
    assert!(failed.iteration >= 900);
    assert_eq!(error.root_cause().to_string(), "no convergence");

    let error = run(Simulation(late), Adam::new(0.02).unwrap(), 0.0, 1000).err().unwrap();
    assert_eq!(error.to_string(), "Adam: the run ended at iteration 900: no convergence");
}
