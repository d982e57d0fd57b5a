//! The solvers that compete, all with the same draws and the same budget.

use crate::lbfgs::{self, Sampling};
use crate::oracle::{BudgetSpent, Oracle};
use crate::trace::{Recorder, RunState, Trace};
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, Solver};
use argmin_arturo::baseline::{Adam, Cocob, Dog, Dowg, Prodigy, ScheduleFree, Sgd};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Arturo, PaperSettings, Telemetry};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use suite::Problem;

/// A problem, a seed and a budget of gradients.
pub struct Job {
    pub problem: Arc<dyn Problem>,
    pub seed: u64,
    pub budget: usize,
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Run {
    /// Exact cost of the returned point above the minimum, at every checkpoint.
    pub gaps: Vec<f64>,
    /// Gradients drawn.
    pub used: usize,
    /// What ended it other than its budget.
    pub failure: Option<String>,
}

impl Run {
    /// The gap at the end.
    pub fn gap(&self) -> f64 {
        self.gaps.last().copied().unwrap_or(f64::INFINITY)
    }
}

type RunJob = dyn Fn(&Job) -> Run + Send + Sync;

/// A solver with all its settings.
pub struct Method {
    pub name: String,
    run: Box<RunJob>,
}

/// What the report compares: a method, or the best of several on each problem.
pub struct Contender {
    pub name: &'static str,
    /// Indices of methods.
    pub candidates: Vec<usize>,
}

/// All methods and how they compete.
pub struct Field {
    pub methods: Vec<Method>,
    /// The first is arTuRO.
    pub contenders: Vec<Contender>,
}

/// The contender that all others are measured against.
pub const REFERENCE: &str = "Adam, best of 10";
/// What most people use.
pub const USUAL: &str = "Adam 1e-3";

const RATES: [f64; 5] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];

/// A solver with its published defaults.
macro_rules! untuned {
    ($name:literal, $solver:ident) => {
        [Method::new($name, |job| {
            $solver::<f64>::new().with_seed(job.seed).with_telemetry(Telemetry::Never)
        })]
    };
}

impl Method {
    /// A solver that returns argmin's `best_param`.
    pub fn new<S: Solver<Oracle, RunState>>(
        name: impl Into<String>,
        build: impl Fn(&Job) -> Result<S, Error> + Send + Sync + 'static,
    ) -> Self {
        let solve = move |job: &Job, oracle: Oracle, trace: Rc<RefCell<Trace>>| {
            let recorder = Recorder {
                oracle: oracle.clone(),
                trace,
                returned: |state| state.best_param.as_ref(),
            };
            Executor::new(oracle, build(job)?)
                .configure(|state| state.param(job.problem.start()).max_iters(job.budget as u64))
                .add_observer(recorder, ObserverMode::Always)
                .timer(false)
                .ctrlc(false)
                .run()?;
            Ok(())
        };
        Self { name: name.into(), run: Box::new(move |job| judge(job, &solve)) }
    }

    fn lbfgs(name: &str, sampling: Sampling) -> Self {
        let solve = move |job: &Job, oracle, trace| lbfgs::minimize(job, sampling, oracle, trace);
        Self { name: name.into(), run: Box::new(move |job| judge(job, &solve)) }
    }

    pub fn run(&self, job: &Job) -> Run {
        (self.run)(job)
    }
}

/// Lets a solver work on a counted oracle and judges what it returned by the exact cost.
fn judge(job: &Job, solve: &impl Fn(&Job, Oracle, Rc<RefCell<Trace>>) -> Result<(), Error>) -> Run {
    let problem = &job.problem;
    let oracle = Oracle::new(problem.clone(), job.budget);
    let trace = Rc::new(RefCell::new(Trace::new(problem.start(), job.budget)));
    let failure = solve(job, oracle.clone(), trace.clone())
        .err()
        .filter(|error| !error.is::<BudgetSpent>())
        .map(|error| error.to_string());
    let gap = |point: &Vec<f64>| match problem.cost(point) - problem.minimum() {
        gap if gap.is_finite() => gap,
        _ => f64::INFINITY,
    };
    let gaps = trace.borrow_mut().finish().iter().map(gap).collect();
    Run { gaps, used: oracle.used(), failure }
}

impl Field {
    /// arTuRO and its competitors.
    pub fn new() -> Self {
        let mut field = Self { methods: Vec::new(), contenders: Vec::new() };
        field.enter(
            "arTuRO",
            [Method::new("arturo", |job| {
                Arturo::new().with_seed(job.seed).with_telemetry(Telemetry::Never)
            })],
        );
        field.enter(
            "arTuRO, paper",
            [Method::new("arturo-paper", |job| {
                let solver = Arturo::paper(PaperSettings::default())?;
                solver.with_seed(job.seed).with_telemetry(Telemetry::Never)
            })],
        );
        field.enter(
            REFERENCE,
            grid("adam", |rate, schedule, job| {
                let solver = Adam::<f64>::new(rate)?.with_seed(job.seed).with_schedule(schedule)?;
                solver.with_telemetry(Telemetry::Never)
            }),
        );
        field.enter(
            "SGD, best of 10",
            grid("sgd", |rate, schedule, job| {
                let solver = Sgd::<f64>::new(rate)?.with_seed(job.seed).with_schedule(schedule)?;
                solver.with_telemetry(Telemetry::Never)
            }),
        );
        field.enter("L-BFGS, frozen draws", [Method::lbfgs("lbfgs-frozen", Sampling::Frozen)]);
        field.enter("L-BFGS, fresh draws", [Method::lbfgs("lbfgs-fresh", Sampling::Fresh)]);
        field.enter("L-BFGS, growing sample", [Method::lbfgs("lbfgs-growing", Sampling::Growing)]);
        field.enter("Schedule-Free", untuned!("schedule-free", ScheduleFree));
        field.enter("Prodigy", untuned!("prodigy", Prodigy));
        field.enter("DoG", untuned!("dog", Dog));
        field.enter("DoWG", untuned!("dowg", Dowg));
        field.enter("COCOB", untuned!("cocob", Cocob));
        let usual = field.methods.iter().position(|method| method.name == "adam-1e-3-constant");
        field
            .contenders
            .insert(2, Contender { name: USUAL, candidates: usual.into_iter().collect() });
        field
    }

    /// Adds a contender that is judged by the best of its methods.
    pub fn enter(&mut self, name: &'static str, methods: impl IntoIterator<Item = Method>) {
        let first = self.methods.len();
        self.methods.extend(methods);
        self.contenders.push(Contender { name, candidates: (first..self.methods.len()).collect() });
    }
}

/// Every learning rate, constant and decaying along a cosine that ends with the budget.
fn grid<S: Solver<Oracle, RunState> + 'static>(
    name: &str,
    build: fn(f64, KlSchedule, &Job) -> Result<S, Error>,
) -> Vec<Method> {
    let constant: fn(&Job) -> KlSchedule = |_| KlSchedule::Constant;
    let cosine = |job: &Job| KlSchedule::Cosine { horizon: job.budget as u64 };
    let mut methods = Vec::new();
    for (label, schedule) in [("constant", constant), ("cosine", cosine)] {
        methods.extend(RATES.map(|rate| {
            Method::new(format!("{name}-{rate:e}-{label}"), move |job| {
                build(rate, schedule(job), job)
            })
        }));
    }
    methods
}
