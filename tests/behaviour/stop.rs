//! Runs that are ended from outside.

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{
    Error, Executor, Gradient, IterState, KV, OptimizationResult, Solver, State, TerminationReason,
};
use argmin_arturo::Arturo;
use argmin_arturo::baseline::Adam;
use argmin_arturo::observer::Stop;

struct Bowl;

impl Gradient for Bowl {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(x.iter().map(|x| x - 3.0).collect())
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// Asks for the end at an iteration.
struct At(u64, Stop);

impl Observe<Run> for At {
    fn observe_iter(&mut self, state: &Run, _: &KV) -> Result<(), Error> {
        if state.get_iter() == self.0 {
            self.1.request();
        }
        Ok(())
    }
}

fn run<S: Solver<Bowl, Run>>(solver: S, stop: Stop) -> OptimizationResult<Bowl, S, Run> {
    Executor::new(Bowl, solver)
        .configure(|state| state.param(vec![0.0; 2]).max_iters(100))
        .add_observer(At(6, stop), ObserverMode::Always)
        .run()
        .unwrap()
}

fn check<S: Solver<Bowl, Run>>(solver: S, unstopped: S, stop: &Stop) {
    assert!(!stop.is_requested());
    let ended = run(solver, stop.clone());
    assert_eq!(ended.state().get_termination_reason(), Some(&TerminationReason::Interrupt));
    assert_eq!(ended.state().get_iter(), 7);
    // it has the result of a run of so many iterations, and asks nothing of other runs
    let whole = Executor::new(Bowl, unstopped)
        .configure(|state| state.param(vec![0.0; 2]).max_iters(7))
        .run()
        .unwrap();
    assert_eq!(ended.state().get_best_param(), whole.state().get_best_param());
    assert_eq!(whole.state().get_termination_reason(), Some(&TerminationReason::MaxItersReached));
}

#[test]
fn an_observer_ends_a_run_and_keeps_its_result() {
    let stop = Stop::new();
    check(Arturo::new().with_stop(stop.clone()), Arturo::new(), &stop);
    let stop = Stop::new();
    let adam = || Adam::new(0.1).unwrap();
    check(adam().with_stop(stop.clone()), adam(), &stop);
}

#[test]
fn a_request_stays() {
    let stop = Stop::new();
    stop.request();
    let result = run(Arturo::new().with_stop(stop.clone()), Stop::new());
    assert_eq!(result.state().get_iter(), 0);
    assert_eq!(result.state().get_best_param(), Some(&vec![0.0; 2]));
    assert_eq!(Arturo::<f64>::new(), Arturo::new());
    assert_ne!(stop, Stop::new());
    assert_eq!(stop, stop.clone());
}
