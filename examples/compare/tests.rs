//! That the comparison is fair: draws, budget and ranking.

mod doubles;

use crate::oracle::{Noise, Oracle};
use crate::runs::run_all;
use crate::score::{Scores, share};
use crate::select::{self, Course, Half, LONG_BUDGET, Plan, Size, USUAL_BUDGET};
use crate::solvers::{Field, Job, Run};
use crate::trace::checkpoints;
use argmin_arturo::Draw;
use doubles::{Spy, Walker, bits};
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::sync::Arc;
use suite::Problem;

const BUDGET: usize = 200;

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
    let courses = [(100, 3), (300, 2)].map(|(budget, seeds)| Course { budget, seeds });
    let plan = |name: &&str| Plan { problem: Spy::on(name) as _, courses: courses.to_vec() };
    let plans: Vec<Plan> = names.iter().map(plan).collect();
    let instances = run_all(&plans, &field.methods, &ProgressBar::hidden());
    for Course { budget, seeds } in courses {
        let scores = Scores::new(&field, &instances, budget);
        let ranking = scores.ranking(&scores.rows_of(None));
        let ranked: Vec<&str> =
            ranking.iter().map(|line| scores.contenders[line.contender].name).collect();
        assert_eq!(ranked[ranked.len() - 2..], ["stays", "uphill"], "{ranking:#?}");
        let uphill = ranking.last().unwrap();
        assert_eq!((uphill.duel.wins, uphill.above_start), (3, (3, 3 * seeds as usize)));
        let limits = scores.rows.iter().filter_map(|row| row.over_limit(uphill.contender, budget));
        assert_eq!(limits.filter(|ratio| *ratio > 100.0).count(), 3);
    }
}

/// A plan of 3 seeds to 100 draws, of which 1 goes on to 300.
fn two_budgets(spy: &Arc<Spy>) -> [Plan; 1] {
    let courses = [(100, 3), (300, 1)].map(|(budget, seeds)| Course { budget, seeds });
    [Plan { problem: spy.clone(), courses: courses.to_vec() }]
}

#[test]
fn one_run_tells_all_budgets_unless_the_course_depends_on_them() {
    let spy = Spy::on("quadratic/diagonal/n=10/cond=1e2/noise=1e-1");
    let methods = [
        Walker::method("anytime", -1e-3, 1),
        Walker::method("planned", -1e-3, 1).planned(),
        Walker::method("short", -1e-3, 1).up_to(100),
    ];
    let instances = run_all(&two_budgets(&spy), &methods, &ProgressBar::hidden());
    let runs = |method: usize| -> Vec<(usize, u64)> {
        instances[0].runs[method].iter().map(|run| (run.budget, run.seed)).collect()
    };
    assert_eq!(runs(0), [(100, 1), (100, 2), (300, 0)]);
    assert_eq!(runs(1), [(100, 0), (100, 1), (100, 2), (300, 0)]);
    assert_eq!(runs(2), [(100, 0), (100, 1), (100, 2)]);
    let gaps = |method: usize, budget| -> Vec<f64> {
        let mut runs: Vec<&Run> = instances[0].runs[method].iter().collect();
        runs.sort_by_key(|run| run.seed);
        runs.iter().filter_map(|run| run.gap_at(budget)).collect()
    };
    assert_eq!((gaps(0, 100).len(), gaps(0, 300).len()), (3, 1));
    assert_eq!(gaps(0, 100), gaps(1, 100));
    assert_eq!(gaps(0, 100), gaps(2, 100));
    assert_eq!(gaps(0, 300), gaps(1, 300));
    assert!(gaps(2, 300).is_empty());
}

#[test]
fn families_weigh_alike() {
    let names = [
        "quadratic/diagonal/n=10/cond=1e2/noise=1e-1",
        "quadratic/rotated/n=10/cond=1e2/noise=1e-1",
        "vqe/h2/qubits=2/ry/shots=100",
    ];
    let courses = vec![Course { budget: 100, seeds: 1 }];
    let plan = |name: &str| Plan { problem: Spy::on(name), courses: courses.clone() };
    let field = Field { methods: vec![Walker::method("stays", 0.0, 1)], contenders: Vec::new() };
    let instances = run_all(&names.map(plan), &field.methods, &ProgressBar::hidden());
    let scores = Scores::new(&field, &instances, 100);
    let rows = scores.rows_of(None);
    assert_eq!(share(&rows, |row| row.instance.family == "vqe"), 0.5);
    assert_eq!(share(&rows, |row| row.instance.name == names[0]), 0.25);
}

#[test]
fn fresh_draws_cannot_be_repeated() {
    let spy = Spy::on("quadratic/diagonal/n=10/cond=1e2/noise=1e-1");
    let fresh = Oracle::new(spy.clone(), Noise::Fresh, BUDGET);
    let (x, mut g) = (spy.start(), vec![0.0; 10]);
    for _ in 0..3 {
        fresh.draw_gradient(&x, Draw::new(5, 7), &mut g).unwrap();
    }
    let draws: Vec<Draw> = spy.take_seen().into_iter().map(|(_, draw, _)| draw).collect();
    assert_eq!(draws, [0, 1, 2].map(|index| Draw::new(5, index)));
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

/// The families that the constants were chosen on.
const OLDEST: [&str; 11] = [
    "inventory",
    "logistic",
    "mgh",
    "mlp",
    "nist",
    "ode",
    "poisson",
    "quadratic",
    "softmax",
    "vi",
    "vqe",
];

#[test]
fn halves_are_those_that_the_constants_were_chosen_on() {
    let mut plans = select::plans(Size::Full, 9, "");
    plans.retain(|plan| OLDEST.contains(&plan.problem.family()));
    let is_tuning = |plan: &&Plan| Half::of(&plan.problem.name()) == Half::Tuning;
    assert_eq!((plans.iter().filter(is_tuning).count(), plans.len()), (255, 422));
}

#[test]
fn every_family_is_run_to_every_budget_of_the_full_size() {
    let all = suite::suite();
    for size in [Size::Quick, Size::Medium, Size::Full] {
        let plans = select::plans(size, size.seeds(), "");
        assert_eq!(plans.len() == all.len(), size == Size::Full);
        for problem in &all {
            let family = || plans.iter().filter(|plan| plan.problem.family() == problem.family());
            let run_to = |budget| {
                let is_run = |plan: &&Plan| plan.courses.iter().any(|c| c.budget == budget);
                family().filter(is_run).count()
            };
            assert_eq!(run_to(100), family().count(), "{}", problem.family());
            assert_eq!(run_to(USUAL_BUDGET), family().count(), "{}", problem.family());
            let noisy = family().filter(|plan| !plan.problem.noise_free()).count();
            assert!(noisy > 0, "{size}: {}", problem.family());
            for budget in [LONG_BUDGET, 300_000] {
                assert!(run_to(budget) <= size.problems_run_to(budget).min(noisy));
            }
            if size == Size::Full {
                assert_eq!(run_to(300_000), 1, "{}", problem.family());
            }
        }
    }
}
