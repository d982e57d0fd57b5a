//! That the comparison is fair: draws, budget and ranking.

use crate::oracle::Oracle;
use crate::runs::run_all;
use crate::score::Scores;
use crate::select::{self, Half, Size};
use crate::solvers::{Field, Job, Method};
use crate::trace::{RunState, checkpoints};
use argmin::core::{Error, KV, Solver};
use argmin_arturo::{Draw, StochasticGradient};
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use suite::Problem;

const BUDGET: usize = 200;

/// Point, draw and gradient, in bits.
type Record = (Vec<u64>, Draw, Vec<u64>);

/// A problem of the suite on a small budget, which remembers what it was asked.
struct Spy {
    problem: Box<dyn Problem>,
    seen: Mutex<Vec<Record>>,
}

impl Spy {
    fn on(name: &str) -> Arc<Self> {
        let found = suite::suite().into_iter().find(|problem| problem.name() == name);
        Arc::new(Self { problem: found.expect("a problem of the suite"), seen: Mutex::default() })
    }

    fn take_seen(&self) -> Vec<Record> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Problem for Spy {
    fn name(&self) -> String {
        self.problem.name()
    }

    fn family(&self) -> &'static str {
        self.problem.family()
    }

    fn start(&self) -> Vec<f64> {
        self.problem.start()
    }

    fn minimum(&self) -> f64 {
        self.problem.minimum()
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.problem.cost(x)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        self.problem.gradient(x, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        self.problem.stochastic_gradient(x, draw, g);
        self.seen.lock().unwrap().push((bits(x), draw, bits(g)));
    }

    fn stochastic_cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.problem.stochastic_cost(x, draw)
    }

    fn budget(&self) -> usize {
        BUDGET
    }
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Adds multiples of gradients: downhill, uphill or nowhere.
struct Walker {
    factor: f64,
    draws_per_iteration: u64,
    seed: u64,
}

impl Walker {
    fn method(name: &str, factor: f64, draws_per_iteration: u64) -> Method {
        Method::new(name, move |job| Ok(Self { factor, draws_per_iteration, seed: job.seed }))
    }
}

impl Solver<Oracle, RunState> for Walker {
    fn name(&self) -> &str {
        "walker"
    }

    fn next_iter(
        &mut self,
        problem: &mut argmin::core::Problem<Oracle>,
        mut state: RunState,
    ) -> Result<(RunState, Option<KV>), Error> {
        let mut x = state.param.take().expect("a start");
        let mut g = x.clone();
        for k in 0..self.draws_per_iteration {
            let draw = Draw::new(self.seed, state.iter * self.draws_per_iteration + k);
            let ask = |oracle: &Oracle| oracle.stochastic_gradient(&x, draw, &mut g);
            problem.problem("gradient_count", ask)?;
        }
        x.iter_mut().zip(&g).for_each(|(x, g)| *x += self.factor * g);
        state.best_param = Some(x.clone());
        Ok((state.param(x), None))
    }
}

#[test]
fn bad_solvers_come_last() {
    let mut field = Field::new();
    field.enter("stays", [Walker::method("stays", 0.0, 1)]);
    field.enter("uphill", [Walker::method("uphill", 1e-2, 1)]);
    let names = [
        "quadratic/diagonal/n=10/cond=1e2/noise=1e-1",
        "quadratic/rotated/n=10/cond=1e2/noise=t3:1e-1",
        "logistic/standardized/batch=16",
    ];
    let problems: Vec<Arc<dyn Problem>> = names.iter().map(|name| Spy::on(name) as _).collect();
    let instances = run_all(&problems, &field.methods, 3, &ProgressBar::hidden());
    let scores = Scores::new(&field, &instances);
    let ranking = scores.ranking(&scores.rows_of(None));
    let ranked: Vec<&str> =
        ranking.iter().map(|line| field.contenders[line.contender].name).collect();
    assert_eq!(ranked[ranked.len() - 2..], ["stays", "uphill"], "{ranking:#?}");
    let uphill = ranking.last().unwrap();
    assert_eq!((uphill.wins, uphill.above_start), (3, 3));
}

#[test]
fn all_solvers_see_the_same_draws() {
    let spy = Spy::on("quadratic/diagonal/n=10/cond=1e2/noise=1e-1");
    let mut gradients: HashMap<(Vec<u64>, Draw), Vec<u64>> = HashMap::new();
    for method in &Field::new().methods {
        for seed in [0, 1] {
            let run = method.run(&Job { problem: spy.clone(), seed, budget: BUDGET });
            let seen = spy.take_seen();
            assert_eq!(seen.len(), run.used, "{}", method.name);
            assert!(seen.len() <= BUDGET, "{}", method.name);
            let (x, draw, _) = &seen[0];
            assert_eq!((x, *draw), (&bits(&spy.start()), Draw::new(seed, 0)), "{}", method.name);
            for (x, draw, g) in seen {
                assert_eq!(draw.seed(), seed, "{}", method.name);
                assert!(draw.index() < BUDGET as u64, "{}", method.name);
                let first = gradients.entry((x, draw)).or_insert_with(|| g.clone());
                assert_eq!(*first, g, "{}", method.name);
            }
        }
    }
}

#[test]
fn the_budget_stops_a_solver_that_overspends() {
    let spy = Spy::on("quadratic/diagonal/n=10/cond=1e2/noise=1e-1");
    let run = Walker::method("greedy", -1e-3, 3).run(&Job {
        problem: spy.clone(),
        seed: 0,
        budget: BUDGET,
    });
    let seen = spy.take_seen();
    assert_eq!((run.used, seen.len(), run.failure), (BUDGET, BUDGET, None));
    // the iteration that the budget cuts began where the last whole one ended
    let (x, ..) = &seen[BUDGET - 1];
    let x: Vec<f64> = x.iter().map(|bits| f64::from_bits(*bits)).collect();
    assert_eq!(run.gaps.last(), Some(&(spy.cost(&x) - spy.minimum())));
}

#[test]
fn runs_are_judged_at_every_checkpoint_by_what_they_would_have_returned() {
    let spy = Spy::on("quadratic/diagonal/n=10/cond=1e2/noise=1e-1");
    let method = Walker::method("downhill", -1e-3, 1);
    let run = method.run(&Job { problem: spy.clone(), seed: 0, budget: BUDGET });
    let counts = checkpoints(BUDGET);
    assert_eq!((counts[0], counts.last()), (1, Some(&BUDGET)));
    for (count, gap) in counts.into_iter().zip(run.gaps) {
        // the cosine of a baseline would depend on the budget; the walker does not
        let shorter = method.run(&Job { problem: spy.clone(), seed: 0, budget: count });
        assert_eq!(shorter.gaps.last(), Some(&gap));
    }
}

#[test]
fn halves_are_those_that_the_constants_were_chosen_on() {
    let all = select::problems(Size::Full, "");
    let tuning = all.iter().filter(|problem| Half::of(&problem.name()) == Half::Tuning).count();
    assert_eq!((tuning, all.len()), (255, 422));
}

#[test]
fn the_quick_size_has_all_families() {
    let families = |size| {
        let mut families: Vec<&str> =
            select::problems(size, "").iter().map(|problem| problem.family()).collect();
        families.dedup();
        families
    };
    assert_eq!(families(Size::Quick), families(Size::Full));
    assert_eq!(families(Size::Full).len(), 11);
}
