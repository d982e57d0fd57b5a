//! Rows that come once.

use super::arithmetic::{clear, divide};
use super::{Draw, StochasticGradient};
use crate::error::{ArturoError, invalid};
use crate::param::ParamVec;
use crate::stop::Stop;
use argmin::core::Error;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The mean gradient of the next rows of a stream, which come once and cannot be repeated: clicks, sensors,
/// a file that is read through, a queue of messages.
///
/// Rows come from any iterator. With `std::sync::mpsc::sync_channel(capacity)` they come from other threads,
/// through a buffer that never holds more than `capacity` rows: a producer that is faster than the solver
/// waits, and so does a solver that is faster than the producer.
///
/// Each evaluation takes the next `batch_size` rows, whatever point and draw it is for. So the same draw at
/// two points has independent noise, as with [`Fresh`](super::Fresh), and methods that need common random
/// numbers, such as [`Hutchinson`](crate::hessian::Hutchinson), get noise instead.
/// [`Arturo::new`](crate::Arturo::new) needs none. Where the source drifts, its answer follows: it drops
/// rows that newer ones contradict.
///
/// The last batch may be smaller. After it an evaluation fails with
/// [`ArturoError::StreamEnded`], which ends a run by a [`FailedRun`](crate::FailedRun) with the best point.
/// With [`with_stop`](Self::with_stop) the run ends with its result. A resumed run continues with the next rows of its stream;
/// [`row_count`](Self::row_count) is the number of those used.
///
/// ```
/// use argmin::core::{Error, Executor, State};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::observer::Stop;
/// use argmin_arturo::oracle::Stream;
/// use std::sync::mpsc::sync_channel;
///
/// let (sender, rows) = sync_channel(16);
/// std::thread::spawn(move || {
///     for i in 0..5000 {
///         // waits while the buffer is full, and ends where the run has ended
///         if sender.send(f64::from(i % 10)).is_err() {
///             return;
///         }
///     }
/// });
/// // the mean of the rows: f(x; row) = 1/2 (x - row)^2
/// let stop = Stop::new();
/// let stream = Stream::new(rows, 4, |x: &Vec<f64>, row: &f64, sum: &mut Vec<f64>| {
///     sum[0] += x[0] - row;
///     Ok(())
/// })?
/// .with_stop(stop.clone());
/// let result = Executor::new(stream, Arturo::new().with_stop(stop))
///     .configure(|state| state.param(vec![0.0]))
///     .run()?;
/// assert_eq!(result.state().get_iter(), 1250);
/// assert!((result.state().get_best_param().unwrap()[0] - 4.5).abs() < 0.3);
/// # Ok::<(), Error>(())
/// ```
pub struct Stream<P, R, G> {
    source: Mutex<Source<R>>,
    batch_size: usize,
    gradient: G,
    stop: Option<Stop>,
    param: PhantomData<fn(&P)>,
}

struct Source<R> {
    rows: Box<dyn Iterator<Item = R> + Send>,
    /// Taken already, to learn whether there is one.
    next: Option<R>,
    count: u64,
}

impl<R> Source<R> {
    fn take(&mut self) -> Option<R> {
        let row = self.next.take().or_else(|| self.rows.next());
        self.count += u64::from(row.is_some());
        row
    }
}

impl<P, R, G> Stream<P, R, G>
where
    P: ParamVec,
    G: Fn(&P, &R, &mut P) -> Result<(), Error>,
{
    /// The rows, how many of them (>= 1) make a gradient, and a function that adds the gradient of a row at
    /// x to a sum.
    ///
    /// # Errors
    /// If the batch size is 0.
    pub fn new<I>(rows: I, batch_size: usize, gradient: G) -> Result<Self, Error>
    where
        I: IntoIterator<Item = R>,
        I::IntoIter: Send + 'static,
    {
        if batch_size == 0 {
            return Err(invalid("Stream: `batch_size` must be at least 1, got 0".into()));
        }
        let source = Source { rows: Box::new(rows.into_iter()), next: None, count: 0 };
        let source = Mutex::new(source);
        Ok(Self { source, batch_size, gradient, stop: None, param: PhantomData })
    }

    /// Requests this stop with the last row, so that a solver with the same stop ends with its result.
    ///
    /// Each evaluation then waits for the row after its batch.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }
}

impl<P, R, G> Stream<P, R, G> {
    /// Rows taken so far.
    pub fn row_count(&self) -> u64 {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, Source<R>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P, R, G: fmt::Debug> fmt::Debug for Stream<P, R, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("batch_size", &self.batch_size)
            .field("row_count", &self.row_count())
            .field("gradient", &self.gradient)
            .finish_non_exhaustive()
    }
}

impl<P, R, G> StochasticGradient for Stream<P, R, G>
where
    P: ParamVec,
    G: Fn(&P, &R, &mut P) -> Result<(), Error>,
{
    type Param = P;

    /// The rows of a batch are taken together, and lost where one of them fails.
    fn stochastic_gradient(&self, x: &P, _draw: Draw, gradient: &mut P) -> Result<(), Error> {
        clear(gradient)?;
        let mut source = self.lock();
        let mut count = 0;
        let mut failed = None;
        while count < self.batch_size
            && let Some(row) = source.take()
        {
            count += 1;
            if failed.is_none() {
                failed = (self.gradient)(x, &row, gradient).err();
            }
        }
        if let Some(stop) = &self.stop {
            source.next = source.next.take().or_else(|| source.rows.next());
            if source.next.is_none() {
                stop.request();
            }
        }
        if count == 0 {
            return Err(ArturoError::StreamEnded { row_count: source.count }.into());
        }
        match failed {
            Some(error) => Err(error),
            None => divide(gradient, count as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::sync_channel;

    type Row = fn(&Vec<f64>, &f64, &mut Vec<f64>) -> Result<(), Error>;

    fn stream(
        rows: impl IntoIterator<Item = f64, IntoIter: Send + 'static>,
    ) -> Stream<Vec<f64>, f64, Row> {
        let gradient: Row = |x, row, sum| {
            if *row < 0.0 {
                return Err(Error::msg("negative"));
            }
            sum[0] += x[0] - row;
            Ok(())
        };
        Stream::new(rows, 2, gradient).unwrap()
    }

    fn draw(stream: &Stream<Vec<f64>, f64, Row>) -> Result<f64, Error> {
        let mut g = vec![f64::NAN];
        stream.stochastic_gradient(&vec![0.0], Draw::new(0, 0), &mut g).map(|()| g[0])
    }

    #[test]
    fn each_row_is_taken_once_and_in_order() {
        let stream = stream([1.0, 3.0, 5.0, 7.0, 9.0]);
        assert_eq!(draw(&stream).unwrap(), -2.0);
        assert_eq!(draw(&stream).unwrap(), -6.0);
        assert_eq!(draw(&stream).unwrap(), -9.0, "the last batch is smaller");
        let error = draw(&stream).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(ArturoError::StreamEnded { row_count: 5 })));
    }

    #[test]
    fn a_batch_with_a_row_that_fails_is_lost() {
        let stream = stream([1.0, 1.0, -1.0, 3.0, 4.0, 4.0]);
        assert_eq!(draw(&stream).unwrap(), -1.0);
        assert_eq!(draw(&stream).unwrap_err().to_string(), "negative");
        assert_eq!(draw(&stream).unwrap(), -4.0);
        assert_eq!(stream.row_count(), 6);
    }

    #[test]
    fn the_last_row_requests_a_stop() {
        for rows in [3, 4] {
            let stop = Stop::new();
            let stream = stream(vec![1.0; rows]).with_stop(stop.clone());
            draw(&stream).unwrap();
            assert!(!stop.is_requested());
            draw(&stream).unwrap();
            assert!(stop.is_requested());
            assert_eq!(stream.row_count(), rows as u64);
        }
    }

    #[test]
    fn the_producer_waits_for_the_solver() {
        static SENT: AtomicUsize = AtomicUsize::new(0);
        let (sender, rows) = sync_channel(8);
        let producer = std::thread::spawn(move || {
            while sender.send(1.0).is_ok() {
                SENT.fetch_add(1, Ordering::SeqCst);
            }
        });
        let stream = stream(rows);
        for taken in (2..=200).step_by(2) {
            draw(&stream).unwrap();
            // in the buffer, and one that is counted a moment after it was taken
            assert!(SENT.load(Ordering::SeqCst) <= taken + 8);
        }
        drop(stream);
        producer.join().unwrap();
    }

    #[test]
    fn a_batch_of_nothing_is_refused() {
        let gradient: Row = |_, _, _| Ok(());
        assert_eq!(
            Stream::new([1.0], 0, gradient).map(|_| ()).unwrap_err().to_string(),
            "Invalid parameter: \"Stream: `batch_size` must be at least 1, got 0\""
        );
    }
}
