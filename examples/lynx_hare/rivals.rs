//! The solvers on the same draws.

use crate::process::Forecasts;
use crate::reference::Reference;
use argmin::core::{Error, Executor, IterState, Solver, State};
use argmin::solver::linesearch::BacktrackingLineSearch;
use argmin::solver::linesearch::condition::ArmijoCondition;
use argmin::solver::quasinewton::LBFGS;
use argmin_arturo::baseline::Adam;
use argmin_arturo::oracle::{Frozen, Replicated};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Arturo, Draw, Telemetry};

/// Gradients a run.
pub const DRAWS: u64 = 20_000;
/// Runs a method.
pub const SEEDS: u64 = 3;
const USUAL_RATE: f64 = 1e-3;
const RATES: [f64; 5] = [1e-4, 3e-4, USUAL_RATE, 3e-3, 1e-2];
/// Draws of a frozen sample.
const SAMPLES: [u64; 3] = [500, 1000, 2000];

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// A solver and its settings.
#[derive(Clone, Copy, PartialEq)]
pub enum Rival {
    Arturo,
    Adam { rate: f64, cosine: bool },
    Lbfgs { sample: u64 },
}

/// A rival with the score above the minimum in which its runs end, on average.
pub type Outcome = (Rival, f64);

impl Rival {
    fn all() -> Vec<Self> {
        let adam = |rate| [false, true].map(|cosine| Self::Adam { rate, cosine });
        let adams = RATES.into_iter().flat_map(adam);
        let frozen = SAMPLES.map(|sample| Self::Lbfgs { sample });
        std::iter::once(Self::Arturo).chain(adams).chain(frozen).collect()
    }

    fn run(self, problem: &Forecasts, start: &[f64], seed: u64) -> Result<Vec<f64>, Error> {
        let problem = problem.clone();
        match self {
            Self::Arturo => {
                let solver = Arturo::new().with_seed(seed).with_telemetry(Telemetry::Never)?;
                best(problem, solver, start, DRAWS)
            }
            Self::Adam { rate, cosine } => {
                let mut solver = Adam::new(rate)?.with_seed(seed);
                if cosine {
                    solver = solver.with_schedule(KlSchedule::Cosine { horizon: DRAWS })?;
                }
                best(problem, solver, start, DRAWS)
            }
            Self::Lbfgs { sample } => {
                let frozen = Frozen::new(Replicated::new(problem, sample)?, Draw::new(seed, 0));
                let search = BacktrackingLineSearch::new(ArmijoCondition::new(1e-4)?).rho(0.5)?;
                let solver = LBFGS::new(search, 7).with_tolerance_grad(1e-7)?;
                // its costs are not counted
                let solver = Executor::new(frozen, solver)
                    .configure(|state| state.param(start.to_vec()).max_iters(DRAWS / sample));
                Ok(solver.run()?.state().get_best_param().expect("a run has a best point").clone())
            }
        }
    }

    fn mean_excess(
        self,
        problem: &Forecasts,
        start: &[f64],
        reference: &Reference,
    ) -> Result<f64, Error> {
        let excess = |seed| Ok(reference.excess(&self.run(problem, start, seed)?));
        let sum = (0..SEEDS).map(excess).sum::<Result<f64, Error>>()?;
        Ok(sum / SEEDS as f64)
    }
}

fn best<S: Solver<Forecasts, Run>>(
    problem: Forecasts,
    solver: S,
    start: &[f64],
    draws: u64,
) -> Result<Vec<f64>, Error> {
    let result = Executor::new(problem, solver)
        .configure(|state: Run| state.param(start.to_vec()).max_iters(draws))
        .run()?;
    Ok(result.state().get_best_param().expect("a run has a best point").clone())
}

/// Runs all, a thread each.
pub fn run_all(
    problem: &Forecasts,
    start: &[f64],
    reference: &Reference,
) -> Result<Vec<Outcome>, Error> {
    std::thread::scope(|scope| {
        let spawn = |rival: Rival| {
            let excess = move || rival.mean_excess(problem, start, reference);
            (rival, scope.spawn(excess))
        };
        let threads: Vec<_> = Rival::all().into_iter().map(spawn).collect();
        let join = |(rival, thread): (Rival, std::thread::ScopedJoinHandle<Result<f64, Error>>)| {
            Ok((rival, thread.join().expect("no solver panics")?))
        };
        threads.into_iter().map(join).collect()
    })
}

/// Prints a line for arTuRO, Adam at its best and at its usual rate, and L-BFGS at its best.
pub fn print(outcomes: &[Outcome]) {
    let least = |is: fn(&Rival) -> bool| {
        let of_kind = outcomes.iter().filter(|(rival, _)| is(rival));
        of_kind.min_by(|a, b| a.1.total_cmp(&b.1)).copied().expect("one of each kind has run")
    };
    let arturo = least(|rival| *rival == Rival::Arturo);
    let lines = [
        ("arTuRO, nothing set", arturo),
        ("Adam, best of ten in hindsight", least(|rival| matches!(rival, Rival::Adam { .. }))),
        (
            "L-BFGS, best of three frozen samples",
            least(|rival| matches!(rival, Rival::Lbfgs { .. })),
        ),
        (
            "Adam, usual learning rate",
            least(|rival| *rival == Rival::Adam { rate: USUAL_RATE, cosine: false }),
        ),
    ];
    for (name, (rival, excess)) in lines {
        let setting = match rival {
            Rival::Arturo => String::new(),
            Rival::Adam { rate, cosine: false } => format!("learning rate {rate}"),
            Rival::Adam { rate, cosine: true } => format!("learning rate {rate}, cosine decay"),
            Rival::Lbfgs { sample } => format!("{sample} draws"),
        };
        let ratio = excess / arturo.1;
        println!("{}", format!("{name:37} {excess:8.1e} {ratio:7.1}   {setting}").trim_end());
    }
}
