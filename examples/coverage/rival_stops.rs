//! When do the stopping rules of others stop, and how far from the minimum, on the same runs?
//!
//! All rules look at the recommended point of each iteration: at a drawn loss there, or at the point itself.

use crate::{Oracle, for_seeds, problem, solver, stops};
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, Solver, State};
use argmin_arturo::baseline::Adam;
use argmin_arturo::{Draw, NonFinite};
use std::cell::RefCell;
use std::rc::Rc;
use suite::Problem;

/// Between PyTorch's 1e-3 and the 1e-1 that small problems call for.
const ADAM_RATE: f64 = 1e-2;
/// Iterations between two looks, as in PyMC and Stan.
const EVERY: usize = 100;
/// Seeds of the losses that rules look at, apart from those of the runs.
const LOSS_SEED: u64 = 1 << 32;

type State64 = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// The path of a run.
#[derive(Default)]
struct Path {
    points: Vec<Vec<f64>>,
    /// Drawn at the points.
    losses: Vec<f64>,
}

type Rule = fn(&Path, usize) -> bool;

const RULES: [(&str, Rule); 4] = [
    ("t-test of relative changes of the loss (PyMC 3, `CheckLossConvergence1`)", loss_test),
    (
        "relative change of x in 100 iterations < 1e-3 (PyMC, `CheckParametersConvergence`)",
        parameters,
    ),
    ("mean or median of relative changes of the loss < 1e-2 (Stan's ADVI)", relative_loss),
    ("halves of the last half of the path agree within 2 Monte-Carlo errors", halves),
];

/// The mean of the last 2000 relative changes is 0 to an error rate of 1e-3: |t| is below its quantile.
fn loss_test(path: &Path, end: usize) -> bool {
    const WINDOW: usize = 2000;
    /// Student's quantile at 1/2 + 1e-3 / 2, of 2000 degrees of freedom as of a normal.
    const LIMIT: f64 = 1.2533e-3;
    let Some(begin) = end.checked_sub(WINDOW + 1) else {
        return false;
    };
    let changes: Vec<f64> =
        path.losses[begin..end].windows(2).map(|w| (w[1] - w[0]) / w[0]).collect();
    let (mean, error) = crate::mean(changes.iter().copied());
    (mean / error).abs() < LIMIT
}

fn parameters(path: &Path, end: usize) -> bool {
    const TOLERANCE: f64 = 1e-3;
    const LEAST: f64 = 1e-6;
    let Some(begin) = (end - 1).checked_sub(EVERY) else {
        return false;
    };
    let (now, before) = (&path.points[end - 1], &path.points[begin]);
    now.iter().zip(before).all(|(a, b)| (a - b).abs() / (b.abs() + LEAST) < TOLERANCE)
}

/// Losses are means of 100 drawn ones, and looked at in a window of a tenth of the run.
fn relative_loss(path: &Path, end: usize) -> bool {
    const TOLERANCE: f64 = 1e-2;
    let window = stops::MAX_ITERS as usize / EVERY / 10;
    if end < (window + 1) * EVERY {
        return false;
    }
    let loss = |k: usize| {
        let from = end - (k + 1) * EVERY;
        path.losses[from..from + EVERY].iter().sum::<f64>() / EVERY as f64
    };
    let mut changes: Vec<f64> =
        (0..window).map(|k| ((loss(k) - loss(k + 1)) / loss(k)).abs()).collect();
    changes.sort_by(f64::total_cmp);
    let mean = changes.iter().sum::<f64>() / window as f64;
    mean < TOLERANCE || changes[window / 2] < TOLERANCE
}

/// The errors of the two means are by ten batches each.
fn halves(path: &Path, end: usize) -> bool {
    const BATCHES: usize = 10;
    const FIRST: usize = 1000;
    if end < FIRST {
        return false;
    }
    let length = end / 4 / BATCHES;
    let mean = |i: usize, from: usize| {
        let batch = |k: usize| {
            let points = &path.points[from + k * length..from + (k + 1) * length];
            points.iter().map(|x| x[i]).sum::<f64>() / length as f64
        };
        crate::mean((0..BATCHES).map(batch))
    };
    (0..path.points[0].len()).all(|i| {
        let [(old, old_error), (new, new_error)] =
            [mean(i, end - 2 * BATCHES * length), mean(i, end - BATCHES * length)];
        (new - old).abs() <= 2.0 * old_error.hypot(new_error)
    })
}

/// Records the recommended points.
struct Recorder(Rc<RefCell<Vec<Vec<f64>>>>);

impl Observe<State64> for Recorder {
    fn observe_iter(&mut self, state: &State64, _: &KV) -> Result<(), Error> {
        self.0.borrow_mut().extend(state.get_best_param().cloned());
        Ok(())
    }
}

/// Draws and gap at the stop of each rule.
type Stops = Vec<Option<(usize, f64)>>;

fn follow<'a, S>(problem: &'a dyn Problem, solver: S, seed: u64, least: f64) -> Result<Stops, Error>
where
    S: Solver<Oracle<'a>, State64>,
{
    let points = Rc::new(RefCell::new(Vec::new()));
    Executor::new(Oracle(problem), solver)
        .configure(|state| state.param(problem.start()).max_iters(stops::MAX_ITERS))
        .add_observer(Recorder(points.clone()), ObserverMode::Always)
        .run()?;
    let points = points.take();
    let loss = |(t, x): (usize, &Vec<f64>)| {
        problem.stochastic_cost(x, Draw::new(LOSS_SEED + seed, t as u64))
    };
    let losses = points.iter().enumerate().map(loss).collect();
    let path = Path { points, losses };
    let looks = || (EVERY..=path.points.len()).step_by(EVERY);
    let stop = |rule: Rule| {
        let end = looks().find(|end| rule(&path, *end))?;
        Some((end, problem.cost(&path.points[end - 1]) - least))
    };
    Ok(RULES.iter().map(|(_, rule)| stop(*rule)).collect())
}

pub fn print(seeds: u64) -> Result<(), Error> {
    // by rule, and for the crate's tolerances: draws, and gap over that of the start
    let mut rows: [Vec<Stops>; 3] = Default::default();
    for name in stops::PROBLEMS {
        let (problem, minimum) = problem(name)?;
        let least = problem.cost(&minimum).min(problem.minimum());
        let first = problem.cost(&problem.start()) - least;
        let relative = |stops: Stops| -> Stops {
            stops.into_iter().map(|stop| stop.map(|(draws, gap)| (draws, gap / first))).collect()
        };
        let runs = for_seeds(seeds, |seed| {
            let own = stops::TOLERANCES
                .map(|relative| stops::stop(&*problem, seed, relative * first, least));
            let adam = Adam::new(ADAM_RATE)?.with_seed(seed).with_non_finite(NonFinite::Skip);
            Ok([
                relative(own.into_iter().collect::<Result<_, Error>>()?),
                relative(follow(&*problem, solver(seed), seed, least)?),
                relative(follow(&*problem, adam, seed, least)?),
            ])
        })?;
        for run in runs {
            rows.iter_mut().zip(run).for_each(|(rows, stops)| rows.push(stops));
        }
    }
    println!(
        "| rule | solver | runs | stopped | median draws | gap > 3e-2 of the start's | gap > 3e-3 |"
    );
    println!("|---|---|---|---|---|---|---|");
    let [own, default, adam] = rows;
    for (i, relative) in stops::TOLERANCES.into_iter().enumerate() {
        let label = format!("`PredictedGain`, {relative:.0e} of the start's gap");
        row(&label, "`Arturo::new`", &own, i);
    }
    for (solver, runs) in [("`Arturo::new`", default), ("Adam 1e-2", adam)] {
        RULES.iter().enumerate().for_each(|(i, (label, _))| row(label, solver, &runs, i));
    }
    Ok(())
}

fn row(label: &str, solver: &str, runs: &[Stops], i: usize) {
    let stops: Vec<(usize, f64)> = runs.iter().filter_map(|stops| stops[i]).collect();
    let mut draws: Vec<usize> = stops.iter().map(|stop| stop.0).collect();
    draws.sort_unstable();
    let median = draws.get(draws.len() / 2).map_or("-".into(), usize::to_string);
    let above = |limit: f64| {
        let count = stops.iter().filter(|stop| stop.1.is_nan() || stop.1 > limit).count();
        format!("{:.1} %", 100.0 * count as f64 / stops.len().max(1) as f64)
    };
    println!(
        "| {label} | {solver} | {} | {} | {median} | {} | {} |",
        runs.len(),
        stops.len(),
        above(3e-2),
        above(3e-3)
    );
}
