//! A noisy problem that costs one pass, and kernels that move the bytes of a step, for benchmarks.
#![allow(dead_code, reason = "each benchmark uses a part")]

use argmin::core::{Error, Executor, Solver, State};
use argmin::core::{IterState, OptimizationResult};
use argmin_arturo::dual::{DualSolution, DualSolver, DualValue, Newton};
use argmin_arturo::session::{AskTell, Remote, Session};
use argmin_arturo::{Arturo, Draw, PaperSettings, Scalar, StochasticGradient, Telemetry};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// f(x) = 1/2 sum c_i (x_i - 1)^2 with c in (0, 2], under uniform noise in [-1, 1].
///
/// The noise is a hash of coordinate and draw, so that a draw costs one pass and no random numbers.
pub struct Bowl<F> {
    watch: Watch,
    scalar: PhantomData<F>,
}

impl<F: Scalar> Bowl<F> {
    pub fn new(watch: Watch) -> Self {
        Self { watch, scalar: PhantomData }
    }

    /// Seconds an iteration in each window of the watch, without the oracle.
    pub fn seconds(&self) -> Vec<f64> {
        self.watch.windows.borrow().clone()
    }
}

impl<F: Scalar> StochasticGradient for Bowl<F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        self.watch.around(|| {
            let key = (draw.index() as u32).wrapping_mul(0x85eb_ca6b);
            for (i, (g, &x)) in g.iter_mut().zip(x).enumerate() {
                let hash = (i as u32 ^ key).wrapping_mul(0x9e37_79b9);
                let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
                let noise =
                    F::from_f64_lossy(f64::from((hash ^ (hash >> 12)) as i32) / 2_147_483_648.0);
                let curvature = F::from_f64_lossy((i % 16 + 1) as f64 / 8.0);
                *g = curvature * (x - F::one()) + noise;
            }
        });
        Ok(())
    }
}

/// Times the iterations between the calls of an oracle, in windows, after some to warm up.
pub struct Watch {
    warm_up: u64,
    window: u64,
    /// Whether the time inside of the oracle is taken out; it costs two looks at the clock a call.
    takes_out_oracle: bool,
    calls: Cell<u64>,
    begin: Cell<Instant>,
    spent: Cell<Duration>,
    windows: RefCell<Vec<f64>>,
}

impl Watch {
    pub fn new(warm_up: u64, window: u64) -> Self {
        Self {
            warm_up,
            window,
            takes_out_oracle: false,
            calls: Cell::new(0),
            begin: Cell::new(Instant::now()),
            spent: Cell::default(),
            windows: RefCell::default(),
        }
    }

    /// Takes no times.
    pub fn never() -> Self {
        Self::new(u64::MAX, 1)
    }

    /// Takes out the time that the oracle needs.
    pub fn without_oracle(self) -> Self {
        Self { takes_out_oracle: true, ..self }
    }

    fn around(&self, oracle: impl FnOnce()) {
        let call = self.calls.replace(self.calls.get() + 1);
        if call >= self.warm_up && (call - self.warm_up).is_multiple_of(self.window) {
            let now = Instant::now();
            if call == self.warm_up {
                Evaluations::reset();
            } else {
                let time = now - self.begin.get() - self.spent.get();
                self.windows.borrow_mut().push(time.as_secs_f64() / self.window as f64);
            }
            self.spent.set(Duration::ZERO);
            self.begin.set(Instant::now());
        }
        if self.takes_out_oracle {
            let begin = Instant::now();
            oracle();
            self.spent.set(self.spent.get() + begin.elapsed());
        } else {
            oracle();
        }
    }
}

/// Newton's method, which counts what it is asked for.
#[derive(Clone, Debug, Default)]
pub struct CountingDual(Newton);

/// What the duals were asked for since the first window of a watch began.
#[derive(Clone, Copy, Debug)]
pub struct Evaluations {
    pub solves: u64,
    /// At the multiplier 0, and at others.
    pub at_zero: u64,
    pub elsewhere: u64,
}

static SOLVES: AtomicU64 = AtomicU64::new(0);
static AT_ZERO: AtomicU64 = AtomicU64::new(0);
static ELSEWHERE: AtomicU64 = AtomicU64::new(0);

impl Evaluations {
    pub fn so_far() -> Self {
        let [solves, at_zero, elsewhere] =
            [&SOLVES, &AT_ZERO, &ELSEWHERE].map(|count| count.load(Ordering::Relaxed));
        Self { solves, at_zero, elsewhere }
    }

    fn reset() {
        for count in [&SOLVES, &AT_ZERO, &ELSEWHERE] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Evaluations a solve.
    pub fn average(&self) -> f64 {
        (self.at_zero + self.elsewhere) as f64 / self.solves.max(1) as f64
    }
}

impl DualSolver for CountingDual {
    fn solve(
        &self,
        bound: f64,
        warm_start: Option<f64>,
        mut kl: impl FnMut(f64) -> DualValue,
    ) -> DualSolution {
        let [mut at_zero, mut elsewhere] = [0, 0];
        let solution = self.0.solve(bound, warm_start, |eta| {
            *(if eta == 0.0 { &mut at_zero } else { &mut elsewhere }) += 1;
            kl(eta)
        });
        for (count, more) in [(&SOLVES, 1), (&AT_ZERO, at_zero), (&ELSEWHERE, elsewhere)] {
            count.fetch_add(more, Ordering::Relaxed);
        }
        solution
    }

    fn first_multiplier(&self, warm_start: Option<f64>) -> f64 {
        self.0.first_multiplier(warm_start)
    }
}

/// The two presets, and the parts of the default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    Paper,
    Default,
    /// The default without a dense model, as it is in high dimension.
    Foundation,
    /// The default with a dense model in any dimension.
    Dense,
}

impl Preset {
    pub const ALL: [Self; 2] = [Self::Paper, Self::Default];

    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Default => "default",
            Self::Foundation => "foundation",
            Self::Dense => "dense",
        }
    }

    /// Runs an executor from 0; returns the problem with its times.
    pub fn run<F: Scalar>(
        self,
        bowl: Bowl<F>,
        n: usize,
        iterations: u64,
        telemetry: Telemetry,
    ) -> Bowl<F> {
        let default = || Arturo::new().with_dual(CountingDual::default());
        let default = || default().with_telemetry(telemetry).unwrap();
        match self {
            Self::Paper => {
                let solver = Arturo::paper(PaperSettings::default()).unwrap();
                let solver = solver.with_dual(CountingDual::default());
                execute(bowl, solver.with_telemetry(telemetry).unwrap(), n, iterations)
            }
            Self::Default => execute(bowl, default(), n, iterations),
            Self::Foundation => execute(bowl, default().with_model_dimension(0), n, iterations),
            Self::Dense => execute(bowl, default().with_model_dimension(n), n, iterations),
        }
    }
}

/// Runs an executor from 0; returns the problem with its times.
pub fn execute<F: Scalar, S>(bowl: Bowl<F>, solver: S, n: usize, iterations: u64) -> Bowl<F>
where
    S: Solver<Bowl<F>, IterState<Vec<F>, Vec<F>, (), (), (), F>>,
{
    let OptimizationResult { mut problem, state, .. } = Executor::new(bowl, solver)
        .configure(|state| state.param(vec![F::zero(); n]).max_iters(iterations))
        .run()
        .unwrap();
    assert_eq!(state.get_iter(), iterations);
    problem.take_problem().unwrap()
}

/// Pairs of ask and tell from 0; returns the recommended point.
pub fn ask_and_tell<F: Scalar, S>(solver: S, n: usize, iterations: u64) -> Vec<F>
where
    S: AskTell<F, Remote<F>>,
{
    let bowl = Bowl::<F>::new(Watch::never());
    let session = Session::new(solver, vec![F::zero(); n]).unwrap();
    let mut session = session.with_max_iters(iterations);
    let (mut x, mut gradient) = (vec![F::zero(); n], vec![F::zero(); n]);
    while let Some(asked) = session.ask().unwrap() {
        x.copy_from_slice(asked.param);
        bowl.stochastic_gradient(&x, asked.draw, &mut gradient).unwrap();
        let ticket = asked.ticket;
        session.tell(ticket, &gradient).unwrap();
    }
    session.best().to_vec()
}

/// KL and its derivative where m = p = 1 and the curvatures are given.
pub fn kl(curvatures: &[f64], eta: f64) -> DualValue {
    let mut value = DualValue { kl: 0.0, slope: 0.0 };
    for a in curvatures {
        let inverse = 1.0 / (a + eta);
        value.kl += 0.5 * inverse * inverse;
        value.slope -= inverse * inverse * inverse;
    }
    value
}

/// Curvatures over six decades.
pub fn spectrum(n: usize) -> Vec<f64> {
    (0..n).map(|i| 10f64.powf(6.0 * i as f64 / (n - 1) as f64 - 3.0)).collect()
}

/// Runs on this many threads.
#[cfg(feature = "rayon")]
pub fn on_threads<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

#[cfg(not(feature = "rayon"))]
pub fn on_threads<T>(_threads: usize, f: impl FnOnce() -> T) -> T {
    f()
}

/// Moves the bytes of a pass with next to no arithmetic: reads `R` arrays, updates `U` and writes
/// `W`.
pub struct Streams<F, const R: usize, const U: usize, const W: usize> {
    reads: [Vec<F>; R],
    updates: [Vec<F>; U],
    writes: [Vec<F>; W],
}

impl<F: Scalar, const R: usize, const U: usize, const W: usize> Streams<F, R, U, W> {
    /// Arrays that a pass reads and writes.
    pub const ARRAYS: usize = R + 2 * U + W;

    pub fn new(n: usize) -> Self {
        let ones = |_| vec![F::one(); n];
        Self {
            reads: std::array::from_fn(ones),
            updates: std::array::from_fn(ones),
            writes: std::array::from_fn(ones),
        }
    }

    /// One pass.
    pub fn pass(&mut self) -> F {
        let reads = self.reads.each_ref().map(|array| &array[..]);
        let updates = self.updates.each_mut().map(|array| &mut array[..]);
        let writes = self.writes.each_mut().map(|array| &mut array[..]);
        move_bytes(reads, updates, writes)
    }

    /// Median seconds of a pass.
    pub fn seconds(&mut self, repetitions: usize) -> f64 {
        self.pass();
        median((0..repetitions).map(|_| {
            let begin = Instant::now();
            std::hint::black_box(self.pass());
            begin.elapsed().as_secs_f64()
        }))
    }
}

const LANES: usize = 16;

fn move_bytes<F: Scalar, const R: usize, const U: usize, const W: usize>(
    reads: [&[F]; R],
    updates: [&mut [F]; U],
    writes: [&mut [F]; W],
) -> F {
    let reads = reads.map(|array| array.as_chunks::<LANES>().0);
    let mut updates = updates.map(|array| array.as_chunks_mut::<LANES>().0);
    let mut writes = writes.map(|array| array.as_chunks_mut::<LANES>().0);
    let chunks = match (reads.first(), updates.first()) {
        (Some(array), _) => array.len(),
        (None, Some(array)) => array.len(),
        (None, None) => 0,
    };
    let half = F::from_f64_lossy(0.5);
    let mut total = [F::zero(); LANES];
    for chunk in 0..chunks {
        let mut sum = [F::zero(); LANES];
        for array in &reads {
            for lane in 0..LANES {
                sum[lane] = sum[lane] + array[chunk][lane];
            }
        }
        for array in &updates {
            for lane in 0..LANES {
                sum[lane] = sum[lane] + array[chunk][lane];
            }
        }
        for lane in 0..LANES {
            sum[lane] = half * sum[lane];
            total[lane] = total[lane] + sum[lane];
        }
        for array in updates.iter_mut().chain(writes.iter_mut()) {
            array[chunk] = sum;
        }
    }
    total.into_iter().fold(F::zero(), |a, b| a + b)
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
