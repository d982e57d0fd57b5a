//! `Fresh`: noise that a draw cannot repeat.

use super::{X, deviation};
use crate::common::oracles::{Cubic, Springs};
use argmin::core::{Executor, State};
use argmin_arturo::oracle::{
    Antithetic, Counted, FiniteDifferenceGradient, Fresh, Frozen, Replicated, Staged,
    StochasticCost, Svrg,
};
use argmin_arturo::{Arturo, Draw, MiniBatch, StochasticGradient};

fn gradient(oracle: &dyn StochasticGradient<Param = Vec<f64>>, draw: Draw) -> Vec<f64> {
    let mut g = vec![f64::NAN; 3];
    oracle.stochastic_gradient(&X.to_vec(), draw, &mut g).unwrap();
    g
}

#[test]
fn no_two_evaluations_see_the_same_noise() {
    let oracle = Fresh::new(Cubic);
    let draw = Draw::new(3, 4);
    let mut seen: Vec<Vec<f64>> = (0..100).map(|_| gradient(&oracle, draw)).collect();
    // whatever the draw, and not what the wrapped oracle draws under the same seed
    seen.extend((0..100).map(|index| gradient(&oracle, Draw::new(3, index))));
    seen.extend((0..200).map(|index| gradient(&Cubic, Draw::new(3, index))));
    seen.push(gradient(&oracle, draw.mirror()));
    // a clone is the same laboratory
    seen.push(gradient(&oracle.clone(), draw));
    let count = seen.len();
    seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
    seen.dedup();
    assert_eq!(seen.len(), count);
    assert_eq!(oracle.evaluation_count(), 202);
}

#[test]
fn costs_take_new_noise_too() {
    let oracle = Fresh::new(Cubic);
    let draw = Draw::new(3, 4);
    let cost = || oracle.stochastic_cost(&X.to_vec(), draw).unwrap();
    assert_ne!(cost(), cost());
    gradient(&oracle, draw);
    assert_eq!(oracle.evaluation_count(), 3);
    // a difference over 2 h of costs at one draw has the noise z of the gradient, variance 1;
    // at independent draws it has z.(x + h e - x' + h e) / 2h: |x|^2 (1/2h)^2 2 and more
    let variance = |oracle: &dyn StochasticGradient<Param = Vec<f64>>| {
        let square = |k| (gradient(oracle, Draw::new(1, k))[0] - 3.0 * X[0] * X[0]).powi(2);
        (0..2000).map(square).sum::<f64>() / 2000.0
    };
    let h = 0.01;
    let differences = FiniteDifferenceGradient::new(Cubic).with_step(h).unwrap();
    let repeated = variance(&differences);
    assert!((repeated - 1.0).abs() < 0.2, "{repeated}");
    let differences = FiniteDifferenceGradient::new(Fresh::new(Cubic)).with_step(h).unwrap();
    let squared_norm: f64 = X.iter().map(|x| x * x).sum();
    let expected = 2.0 * (squared_norm + h * h) / (2.0 * h).powi(2);
    let fresh = variance(&differences);
    assert!((fresh / expected - 1.0).abs() < 0.2, "{fresh}, not {expected}");
}

#[test]
fn fresh_noise_is_unbiased() {
    let x = X.to_vec();
    let oracle = Fresh::new(Cubic);
    let cubic = deviation(|draw, g| oracle.stochastic_gradient(&x, draw, g), &Cubic::gradient(&X));
    assert!(cubic < 5.0, "{cubic} standard errors");
    let batches = Fresh::new(MiniBatch::new(Springs, 2).unwrap().without_replacement());
    let springs =
        deviation(|draw, g| batches.stochastic_gradient(&x, draw, g), &Springs::gradient(&X));
    assert!(springs < 5.0, "{springs} standard errors");
}

#[test]
fn a_run_in_one_thread_repeats_its_bits() {
    let run = |oracle: Fresh<Cubic>, seed| {
        let solver = Arturo::new().with_seed(seed);
        let result = Executor::new(Squared(oracle), solver)
            .configure(|state| state.param(X.to_vec()).max_iters(200))
            .run()
            .unwrap();
        result.state().get_best_param().unwrap().clone()
    };
    let first = run(Fresh::new(Cubic), 1);
    assert_eq!(run(Fresh::new(Cubic), 1), first);
    assert_ne!(run(Fresh::new(Cubic), 2), first);
    // a resumed run goes on elsewhere
    assert_ne!(run(Fresh::starting_at(Cubic, 200), 1), first);
}

/// f(x) = 1/2 |x|^2, with the noise of a [`Cubic`] at 0.
struct Squared<O>(O);

impl<O: StochasticGradient<Param = Vec<f64>>> StochasticGradient for Squared<O> {
    type Param = Vec<f64>;

    fn stochastic_gradient(
        &self,
        x: &Vec<f64>,
        draw: Draw,
        g: &mut Vec<f64>,
    ) -> Result<(), argmin::core::Error> {
        self.0.stochastic_gradient(&vec![0.0; x.len()], draw, g)?;
        g.iter_mut().zip(x).for_each(|(g, x)| *g += x);
        Ok(())
    }
}

#[test]
fn the_count_can_be_carried_over() {
    let oracle = Fresh::new(Cubic);
    let draw = Draw::new(9, 0);
    let all: Vec<_> = (0..6).map(|_| gradient(&oracle, draw)).collect();
    let resumed = Fresh::starting_at(Cubic, 4);
    let rest: Vec<_> = (0..2).map(|_| gradient(&resumed, draw)).collect();
    assert_eq!(rest, all[4..]);
    assert_eq!(resumed.evaluation_count(), 6);
}

#[test]
fn threads_share_the_counter() {
    let oracle = Fresh::new(Cubic);
    let draws = || (0..250).map(|_| gradient(&oracle, Draw::new(1, 0))).collect::<Vec<_>>();
    let mut seen = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(draws)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
    seen.dedup();
    assert_eq!(seen.len(), 1000);
    assert_eq!(oracle.evaluation_count(), 1000);
}

#[test]
fn it_stacks_with_its_neighbours() {
    let draw = Draw::new(0, 0);
    let counted = Counted::new(Cubic);
    let counter = counted.counter();
    let replicated = Replicated::new(Fresh::new(counted), 5).unwrap();
    gradient(&replicated, draw);
    assert_eq!(counter.gradients(), 5);
    assert_eq!(replicated.oracle().evaluation_count(), 5);
    // what is inside keeps its own order: pairs of mirror images, one frozen draw, stages
    let pairs = Fresh::new(Antithetic::new(Cubic));
    let exact = Cubic::gradient(&X);
    assert!(gradient(&pairs, draw).iter().zip(&exact).all(|(a, b)| (a - b).abs() < 1e-14));
    let frozen = Fresh::new(Frozen::new(Cubic, Draw::new(1, 1)));
    assert_eq!(gradient(&frozen, draw), gradient(&frozen, draw));
    let mut staged = Fresh::new(Svrg::new(MiniBatch::new(Springs, 1).unwrap()));
    staged.begin_stage(&X.to_vec()).unwrap();
    assert_eq!(staged.stage_point(), Some(&X.to_vec()));
    assert_eq!(gradient(&staged, draw), Springs::gradient(&X));
}
