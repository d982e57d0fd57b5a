//! The history of a run, in bounded memory.

use super::table::Table;
use crate::error::invalid;
use argmin::core::observers::Observe;
use argmin::core::{Error, KV, State};
use num_traits::ToPrimitive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Rows kept by default: 16 bytes and 8 more a quantity each, so about a megabyte.
const CAPACITY: usize = 8192;

/// Keeps the reports of a solver, in bounded memory.
///
/// It is a handle: give a clone to the executor, and read the history from the other, during
/// the run or after it. One history records one run.
///
/// When the memory is full, rows are joined in pairs, and from there on a row represents 2, 4, ...
/// observations. It keeps the newest of their values; where that is 0, as the length of a step that
/// was not taken, the newest that is not. The first observation keeps a row of its own, and the last
/// row has the newest.
///
/// It keeps each number that the solver reports, under its name, and `cost` and `best_cost` where
/// the solver sets them.
///
/// ```
/// use argmin::core::observers::ObserverMode;
/// use argmin::core::{Error, Executor, Gradient};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::observer::History;
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
/// let history = History::new();
/// Executor::new(Bowl, Arturo::new())
///     .configure(|state| state.param(vec![0.0]).max_iters(100))
///     .add_observer(history.clone(), ObserverMode::Always)
///     .run()?;
///
/// let table = history.table();
/// assert_eq!(table.iterations.len(), 100);
/// let norms = table.column("gradient_norm").unwrap();
/// assert!(norms[99] < norms[0]);
/// table.write_csv(std::io::sink())?; // or `save_csv(path)`
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct History {
    record: Arc<Mutex<Record>>,
}

#[derive(Debug)]
struct Record {
    table: Table,
    capacity: usize,
    /// Observations that a row represents, except for the first.
    stride: u64,
    /// Observations that the last row represents.
    filled: u64,
    begin: Option<Instant>,
}

impl Default for History {
    fn default() -> Self {
        Self::of_capacity(CAPACITY)
    }
}

impl History {
    /// A history of at most 8192 rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// A history of at most `capacity` rows, at least 2.
    ///
    /// ```
    /// # use argmin_arturo::observer::History;
    /// assert_eq!(
    ///     History::with_capacity(1).unwrap_err().to_string(),
    ///     "Invalid parameter: \"History: `capacity` must be at least 2 rows, got 1\"",
    /// );
    /// ```
    ///
    /// # Errors
    /// If the capacity is below 2.
    pub fn with_capacity(capacity: usize) -> Result<Self, Error> {
        if capacity < 2 {
            return Err(invalid(format!(
                "History: `capacity` must be at least 2 rows, got {capacity}"
            )));
        }
        Ok(Self::of_capacity(capacity))
    }

    fn of_capacity(capacity: usize) -> Self {
        let record =
            Record { table: Table::default(), capacity, stride: 1, filled: 1, begin: None };
        Self { record: Arc::new(Mutex::new(record)) }
    }

    /// The observations so far.
    pub fn table(&self) -> Table {
        self.lock().table.clone()
    }

    /// A panic elsewhere leaves the rows before it whole.
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: State> Observe<I> for History {
    fn observe_init(&mut self, name: &str, _state: &I, _kv: &KV) -> Result<(), Error> {
        let mut record = self.lock();
        record.table.solver = name.to_string();
        record.begin = Some(Instant::now());
        Ok(())
    }

    fn observe_iter(&mut self, state: &I, kv: &KV) -> Result<(), Error> {
        let costs = [("cost", state.get_cost()), ("best_cost", state.get_best_cost())];
        let costs = costs.map(|(name, cost)| (name, cost.to_f64().unwrap_or(f64::NAN)));
        let costs = costs.into_iter().filter(|(_, cost)| cost.is_finite());
        let reported = kv.kv.iter().filter_map(|(name, value)| Some((&**name, value.get_float()?)));
        let mut values: Vec<(&str, f64)> = reported.chain(costs).collect();
        if !values.is_empty() {
            // a hash map has no order of its own: without one, neither had the columns
            values.sort_unstable_by_key(|&(name, _)| name);
            self.lock().push(state.get_iter(), &values);
        }
        Ok(())
    }
}

impl Record {
    fn push(&mut self, iteration: u64, values: &[(&str, f64)]) {
        let seconds = self.begin.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        if self.table.iterations.len() == self.capacity && self.filled == self.stride {
            if self.capacity % 2 == 1 {
                self.filled *= 2;
            }
            self.table.join_pairs();
            self.stride *= 2;
        }
        if self.table.iterations.len() > 1 && self.filled < self.stride {
            self.filled += 1;
        } else {
            self.filled = 1;
            self.table.append();
        }
        self.table.set_last(iteration, seconds, values);
    }
}

impl Table {
    fn append(&mut self) {
        self.iterations.push(0);
        self.seconds.push(0.0);
        self.columns.iter_mut().for_each(|(_, values)| values.push(f64::NAN));
    }

    /// Joins an observation to the last row.
    fn set_last(&mut self, iteration: u64, seconds: f64, values: &[(&str, f64)]) {
        let row = self.iterations.len() - 1;
        self.iterations[row] = iteration;
        self.seconds[row] = seconds;
        for &(name, value) in values {
            let known = self.columns.iter().position(|(column, _)| column == name);
            let at = known.unwrap_or_else(|| {
                self.columns.push((name.into(), vec![f64::NAN; row + 1]));
                self.columns.len() - 1
            });
            let cell = &mut self.columns[at].1[row];
            *cell = joined(*cell, value);
        }
    }

    /// Joins rows 1 and 2, 3 and 4, ...; a last one without partner stays.
    fn join_pairs(&mut self) {
        fn halve<T: Copy>(values: &mut Vec<T>, join: impl Fn(T, T) -> T) {
            let pairs = values[1..].chunks(2).map(|pair| pair.iter().copied().reduce(&join));
            let pairs: Vec<T> = pairs.flatten().collect();
            values.truncate(1);
            values.extend(pairs);
        }
        halve(&mut self.iterations, |_, newer| newer);
        halve(&mut self.seconds, |_, newer| newer);
        self.columns.iter_mut().for_each(|(_, values)| halve(values, joined));
    }
}

/// One value for two.
fn joined(older: f64, newer: f64) -> f64 {
    let says_nothing = newer == 0.0 || newer.is_nan();
    if says_nothing && !older.is_nan() { older } else { newer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argmin::core::IterState;
    use argmin::kv;

    type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

    fn observe(history: &mut History, iteration: u64, kv: &KV) {
        let mut state = Run::new();
        state.iter = iteration;
        history.observe_iter(&state, kv).unwrap();
    }

    #[test]
    fn rows_stay_evenly_spaced_and_few_and_the_newest_is_there() {
        for capacity in [2, 3, 8, 100] {
            let mut history = History::with_capacity(capacity).unwrap();
            for n in 0..1000 {
                observe(&mut history, n * 10, &kv!("x" => n as f64;));
                let Table { iterations, columns, seconds, .. } = history.table();
                assert!(iterations.len() <= capacity && iterations[0] == 0);
                assert_eq!(*iterations.last().unwrap(), n * 10);
                let kept = &iterations[..iterations.len() - 1];
                assert!(kept.windows(3).all(|w| w[1] - w[0] == w[2] - w[1]), "{kept:?}");
                assert!(seconds.is_sorted() && seconds.len() == iterations.len());
                let values = iterations.iter().map(|&n| n as f64 / 10.0);
                assert!(columns[0].1.iter().copied().eq(values));
            }
            let rows = history.table().iterations.len();
            assert!(rows >= capacity / 2, "{rows} of {capacity}");
        }
    }

    #[test]
    fn rare_steps_are_not_lost() {
        let mut history = History::with_capacity(11).unwrap();
        for n in 0..1000 {
            let step = if n % 100 == 37 { n as f64 } else { 0.0 };
            observe(&mut history, n, &kv!("step" => step;));
        }
        let table = history.table();
        let steps: Vec<f64> =
            table.columns[0].1.iter().copied().filter(|step| *step > 0.0).collect();
        assert!(steps.len() >= 7 && *steps.last().unwrap() == 937.0, "{table:?}");
    }

    #[test]
    fn quantities_may_come_late_and_stay_away() {
        let mut history = History::new();
        observe(&mut history, 0, &kv!("b" => 1.0; "text" => "no number";));
        observe(&mut history, 1, &KV::new());
        observe(&mut history, 2, &kv!("a" => 2_u64;));
        let table = history.table();
        assert_eq!(table.iterations, [0, 2]);
        let bits =
            |name| table.column(name).unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits("b"), [1.0, f64::NAN].map(f64::to_bits));
        assert_eq!(bits("a"), [f64::NAN, 2.0].map(f64::to_bits));
        assert_eq!(table.column("text"), None);
    }
}
