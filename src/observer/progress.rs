//! The progress of a run, on the terminal or as lines of text.

use super::short;
use argmin::core::observers::Observe;
use argmin::core::{Error, KV, KvValue, State};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use num_traits::ToPrimitive;
use std::fmt::{self, Debug, Formatter};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Shows the progress of a run: iterations, rate, time left, and the reports of the solver.
///
/// In a terminal it is a bar that stays on one line. Elsewhere (a pipe, a file, CI, a dumb
/// terminal) it is plain lines without control characters, after 1, 2, 4, ... seconds and then
/// every minute. Both go to standard error; the last line has the reason why the run ended.
///
/// The time left is to `max_iters` or to the [timeout](Self::with_timeout), whichever comes first;
/// without both the bar has no end.
///
/// ```
/// use argmin::core::observers::ObserverMode;
/// use argmin::core::{Error, Executor, Gradient};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::observer::Progress;
///
/// struct Bowl;
/// impl Gradient for Bowl {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![x[0] - 1.0])
///     }
/// }
///
/// Executor::new(Bowl, Arturo::new())
///     .configure(|state| state.param(vec![0.0]).max_iters(100))
///     .add_observer(Progress::new(), ObserverMode::Always)
///     .run()?;
/// # Ok::<(), Error>(())
/// ```
pub struct Progress {
    quantities: Vec<Quantity>,
    timeout: Option<Duration>,
    /// Where lines go; none for a bar where there is a terminal.
    writer: Option<Box<dyn Write + Send>>,
    solver: String,
    run: Option<Run>,
}

/// Something that is shown besides iterations and time.
#[derive(Debug)]
struct Quantity {
    /// Under which the solver reports it.
    name: String,
    /// Under which it reports the standard error.
    error_name: String,
    label: String,
    /// The last value that was finite and not 0, with its error if there was one. A step that was
    /// not taken has length 0, and most would be seen if the last one alone were shown.
    last: Option<(f64, Option<f64>)>,
}

/// A run under way.
struct Run {
    display: Display,
    begin: Instant,
    /// Where it began: above 0 after a resume.
    first: u64,
    /// When the next message is due.
    due: Instant,
}

enum Display {
    Bar(ProgressBar),
    Lines { writer: Box<dyn Write + Send>, interval: Duration },
}

/// Time between two messages in a bar.
const REFRESH: Duration = Duration::from_millis(100);
/// Positions of a bar.
const BAR: u64 = 1000;
/// Longest time between two lines.
const PATIENCE: Duration = Duration::from_secs(60);

impl Default for Progress {
    fn default() -> Self {
        let shown = [
            ("filtered_cost", "cost"),
            ("cost", "cost"),
            ("gradient_norm", "|g|"),
            ("step_norm", "step"),
            ("kl_bound", "KL radius"),
        ];
        let quantities = Vec::new();
        let empty =
            Self { quantities, timeout: None, writer: None, solver: String::new(), run: None };
        empty.with_quantities(shown)
    }
}

impl Progress {
    /// Shows the cost with its error, the norm of the drawn gradient (f/x), the length of the step
    /// (x), and the KL radius (nats), where the solver reports them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which quantities are shown besides: names as the solver reports them, and labels. Where it also
    /// reports a quantity with `_error` at the end of the name, that is shown behind it.
    ///
    /// ```
    /// # use argmin_arturo::observer::Progress;
    /// Progress::new().with_quantities([("multiplier", "eta"), ("step_norm", "step")]);
    /// ```
    #[must_use]
    pub fn with_quantities<N: Into<String>, L: Into<String>>(
        mut self,
        quantities: impl IntoIterator<Item = (N, L)>,
    ) -> Self {
        let quantity = |(name, label): (N, L)| {
            let name = name.into();
            let error_name = format!("{name}_error");
            Quantity { name, error_name, label: label.into(), last: None }
        };
        self.quantities = quantities.into_iter().map(quantity).collect();
        self
    }

    /// Sets the time at which the executor ends the run, [`Executor::timeout`], which observers of argmin
    /// cannot read. The bar then shows the elapsed part of it.
    ///
    /// [`Executor::timeout`]: argmin::core::Executor::timeout
    ///
    /// ```
    /// # use argmin_arturo::observer::Progress;
    /// use std::time::Duration;
    ///
    /// Progress::new().with_timeout(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Writes lines to `writer`, whether or not there is a terminal.
    #[must_use]
    pub fn with_lines_to(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Some(Box::new(writer));
        self
    }

    fn begin<I: State>(&mut self, state: &I) -> &mut Run {
        let first = state.get_iter();
        let (writer, solver) = (&mut self.writer, &self.solver);
        let bounded = self.timeout.is_some() || end(state).is_some();
        self.run.get_or_insert_with(|| {
            let begin = Instant::now();
            let (display, wait) = match writer.take() {
                None if is_terminal() => (bar(solver, bounded), Duration::ZERO),
                writer => {
                    let writer = writer.unwrap_or_else(|| Box::new(std::io::stderr()));
                    let interval = Duration::from_secs(1);
                    (Display::Lines { writer, interval }, interval)
                }
            };
            Run { display, begin, first, due: begin + wait }
        })
    }

    /// Keeps the report of the solver.
    fn note<I: State>(&mut self, state: &I, kv: &KV) {
        let get = |name: &str| {
            let own = (name == "cost").then(|| state.get_cost().to_f64()).flatten();
            let reported = kv.get(name).and_then(KvValue::get_float).or(own);
            reported.filter(|value| value.is_finite() && *value != 0.0)
        };
        for quantity in &mut self.quantities {
            if let Some(value) = get(&quantity.name) {
                quantity.last = Some((value, get(&quantity.error_name)));
            }
        }
    }

    /// The last report of the solver, in one line.
    fn message(&self) -> String {
        let show = |Quantity { label, last, .. }: &Quantity| {
            let (value, error) = (*last)?;
            let error = error.map(|error| format!(" ± {}", short(error, 3))).unwrap_or_default();
            Some(format!("{label} {}{error}", short(value, 3)))
        };
        self.quantities.iter().filter_map(show).collect::<Vec<_>>().join(", ")
    }
}

impl<I: State> Observe<I> for Progress {
    fn observe_init(&mut self, name: &str, state: &I, _kv: &KV) -> Result<(), Error> {
        self.solver = name.to_string();
        self.begin(state);
        Ok(())
    }

    fn observe_iter(&mut self, state: &I, kv: &KV) -> Result<(), Error> {
        let now = Instant::now();
        let done = state.get_iter() + 1;
        let due = now >= self.begin(state).due;
        self.note(state, kv);
        if !due {
            return Ok(());
        }
        let (message, timeout) = (self.message(), self.timeout);
        self.begin(state).show(now, Extent { done, end: end(state), timeout }, &message)
    }

    fn observe_final(&mut self, state: &I) -> Result<(), Error> {
        let solver = if self.solver.is_empty() { "" } else { &format!("{}: ", self.solver) };
        let reason = state.get_termination_status();
        let Some(Run { display, begin, first, .. }) = self.run.take() else { return Ok(()) };
        let (done, time) = (state.get_iter() - first, begin.elapsed());
        let speed = rate(done, time);
        let summary = format!("{done} iterations in {} ({speed}/s): {reason}", duration(time));
        match display {
            Display::Bar(bar) => {
                let extent =
                    Extent { done: state.get_iter(), end: end(state), timeout: self.timeout };
                bar.set_position(extent.position(first, time));
                bar.abandon_with_message(summary);
            }
            Display::Lines { mut writer, .. } => writeln!(writer, "{solver}{summary}")?,
        }
        Ok(())
    }
}

/// The progress of a run, and its end.
struct Extent {
    /// Iterations, with those before a resume.
    done: u64,
    end: Option<u64>,
    timeout: Option<Duration>,
}

impl Extent {
    /// The part that is done, and the time left, by the limit that comes first.
    fn share_and_left(&self, first: u64, time: Duration) -> Option<(f64, Duration)> {
        let by_iterations = self.end.map(|end| {
            // a finished run that is resumed does nothing
            let left = (end - self.done) as f64 / (self.done - first).max(1) as f64;
            (self.done as f64 / end as f64, time.mul_f64(left))
        });
        let by_time = self.timeout.map(|timeout| {
            let share = time.as_secs_f64() / timeout.as_secs_f64().max(1e-9);
            (share.min(1.0), timeout.saturating_sub(time))
        });
        by_iterations.into_iter().chain(by_time).min_by_key(|(_, left)| *left)
    }

    /// Where the bar is.
    fn position(&self, first: u64, time: Duration) -> u64 {
        let share = self.share_and_left(first, time).map_or(0.0, |(share, _)| share);
        (share * BAR as f64).round() as u64
    }
}

impl Run {
    fn show(&mut self, now: Instant, extent: Extent, message: &str) -> Result<(), Error> {
        let time = now - self.begin;
        let Extent { done, end, .. } = extent;
        let speed = rate(done - self.first, time);
        let share_and_left = extent.share_and_left(self.first, time);
        let left = share_and_left.map(|(_, left)| format!("{} left", duration(left)));
        let left = left.unwrap_or_else(|| duration(time));
        match &mut self.display {
            Display::Bar(bar) => {
                bar.set_position(extent.position(self.first, time));
                let end = end.map(|end| format!("/{}", HumanCount(end))).unwrap_or_default();
                let done = HumanCount(done);
                bar.set_message(format!("{done}{end} {speed}/s, {left}, {message}"));
                bar.tick();
                self.due = now + REFRESH;
            }
            Display::Lines { writer, interval } => {
                let end = end.map(|end| format!("/{end}")).unwrap_or_default();
                let percent = share_and_left.map(|(share, _)| format!(" ({:.0} %)", 100.0 * share));
                let percent = percent.unwrap_or_default();
                writeln!(writer, "iteration {done}{end}{percent}, {speed}/s, {left}, {message}")?;
                writer.flush()?;
                self.due = now + *interval;
                *interval = (*interval * 2).min(PATIENCE);
            }
        }
        Ok(())
    }
}

impl Debug for Progress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("quantities", &self.quantities).finish_non_exhaustive()
    }
}

/// Whether standard error is a terminal that a bar can be drawn on. CI keeps all output.
fn is_terminal() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !dumb && std::env::var_os("CI").is_none()
}

/// The number of iterations that the run is to have, if it is bounded.
fn end<I: State>(state: &I) -> Option<u64> {
    // argmin's default, no bound at all
    Some(state.get_max_iters())
        .filter(|end| *end < u64::MAX)
        .map(|end| end.max(state.get_iter() + 1))
}

fn bar(solver: &str, bounded: bool) -> Display {
    let (bar, template) = if bounded {
        (ProgressBar::new(BAR), "{prefix}[{bar:20}] {wide_msg}")
    } else {
        (ProgressBar::new_spinner(), "{prefix}{spinner} {wide_msg}")
    };
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    let prefix = if solver.is_empty() { String::new() } else { format!("{solver} ") };
    bar.set_style(style.progress_chars("=> "));
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.set_prefix(prefix);
    Display::Bar(bar)
}

fn rate(iterations: u64, time: Duration) -> String {
    per_second(iterations as f64 / time.as_secs_f64().max(1e-9))
}

fn per_second(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argmin::core::{IterState, TerminationReason};
    use argmin::kv;
    use std::sync::{Arc, Mutex};

    type Iterations = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines of a run from iteration `first` to 1000 whose clock stands still at 4 seconds
    /// before now, with the next line due at each iteration.
    fn lines(first: u64, max_iters: u64) -> Vec<String> {
        let output = Shared::default();
        let mut progress = Progress::new().with_lines_to(output.clone());
        let mut state = Iterations::new().max_iters(max_iters);
        if first == 0 {
            progress.observe_init("solver", &state, &KV::new()).unwrap();
        }
        let kv = kv!("gradient_norm" => 0.012345; "filtered_cost" => -2.0;
            "filtered_cost_error" => 3e-5; "kl" => f64::NAN;);
        for iter in [first, 499, 998] {
            state.iter = iter;
            progress.begin(&state).due = Instant::now();
            progress.observe_iter(&state, &kv).unwrap();
        }
        state.iter = 1000;
        let state = state.terminate_with(TerminationReason::Interrupt);
        progress.observe_final(&state).unwrap();
        let bytes = output.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(String::from).collect()
    }

    #[test]
    fn a_pipe_gets_plain_lines() {
        let lines = lines(0, 1000);
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("iteration 500/1000 (50 %), "), "{lines:?}");
        assert!(lines[1].ends_with(" left, cost -2.00 ± 3.00e-5, |g| 0.0123"), "{lines:?}");
        assert!(lines[3].starts_with("solver: 1000 iterations in 0.0 s ("), "{lines:?}");
        assert!(lines[3].ends_with("/s): Interrupt"), "{lines:?}");
        assert!(!lines.concat().chars().any(char::is_control));
    }

    #[test]
    fn a_resumed_run_counts_what_it_does_itself() {
        let lines = lines(400, u64::MAX);
        assert!(lines[0].starts_with("iteration 401, "), "{lines:?}");
        assert!(lines[3].starts_with("600 iterations in "), "{lines:?}");
    }

    #[test]
    fn the_limit_that_comes_first_counts() {
        let extent = |end, seconds: Option<u64>| {
            let extent = Extent { done: 400, end, timeout: seconds.map(Duration::from_secs) };
            let shown = extent.share_and_left(200, Duration::from_secs(10));
            shown.map(|(share, left)| (share, left.as_secs_f64()))
        };
        assert_eq!(extent(None, None), None);
        assert_eq!(extent(Some(1000), None), Some((0.4, 30.0)));
        assert_eq!(extent(None, Some(40)), Some((0.25, 30.0)));
        assert_eq!(extent(Some(1000), Some(20)), Some((0.5, 10.0)));
        assert_eq!(extent(Some(500), Some(60)), Some((0.8, 5.0)));
        let idle = Extent { done: 400, end: Some(401), timeout: None };
        assert_eq!(idle.position(400, Duration::from_secs(1)), 998);
        // argmin looks at the clock between two iterations only
        assert_eq!(extent(None, Some(8)), Some((1.0, 0.0)));
    }

    #[test]
    fn numbers_are_short() {
        let values = [0.0, 1.0, -12.345, 1234.5, 9999.9, 1e5, 0.001, 9.99e-4, 1e300];
        let shown =
            ["0", "1.00", "-12.3", "1234", "10000", "1.00e5", "0.00100", "9.99e-4", "1.00e300"];
        assert_eq!(values.map(|value| short(value, 3)), shown);
        let times = [0.04, 9.0, 59.9, 121.0, 8000.0].map(|t| duration(Duration::from_secs_f64(t)));
        assert_eq!(times, ["0.0 s", "9.0 s", "59 s", "2 min", "2 h"]);
    }
}
