//! Follows a source that drifts, from rows that come once.
//!
//! A sensor's reading is y = a + b t + noise at temperature t; its offset a drifts, and jumps half way, as
//! the sensor is moved. Another thread reads it, and hands over rows through a buffer of 64: it waits where
//! the solver is slower, and the solver waits where it is slower. No row is kept.
//!
//! ```text
//! f(a, b; row) = 1/2 (a + b t - y)^2
//! ```
//!
//! `cargo run --release --example stream`

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, State};
use argmin_arturo::observer::Stop;
use argmin_arturo::oracle::Stream;
use argmin_arturo::{Arturo, Draw};
use rand_distr::{Distribution, StandardNormal};
use std::sync::mpsc::sync_channel;

const ROWS: u64 = 80_000;
const BATCH: usize = 4;
const BUFFER: usize = 64;

/// One reading.
struct Row {
    temperature: f64,
    reading: f64,
}

/// The offset and the slope after so many rows.
fn truth(row: u64) -> [f64; 2] {
    let time = row as f64 / ROWS as f64;
    [2.0 + time + if time > 0.5 { 3.0 } else { 0.0 }, 0.5]
}

fn read_sensor(index: u64) -> Row {
    let mut rng = Draw::new(11, index).rng();
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let [a, b] = truth(index);
    let temperature = normal();
    Row { temperature, reading: a + b * temperature + 0.2 * normal() }
}

fn main() -> Result<(), Error> {
    println!("      rows   offset, of truth   slope, of truth");
    let (sender, rows) = sync_channel(BUFFER);
    let sensor = std::thread::spawn(move || {
        // ends where the solver has enough
        (0..ROWS).take_while(|&index| sender.send(read_sensor(index)).is_ok()).count()
    });
    let gradient = |x: &Vec<f64>, row: &Row, sum: &mut Vec<f64>| {
        let residual = x[0] + x[1] * row.temperature - row.reading;
        sum[0] += residual;
        sum[1] += residual * row.temperature;
        Ok(())
    };
    let stop = Stop::new();
    let stream = Stream::new(rows, BATCH, gradient)?.with_stop(stop.clone());
    let result = Executor::new(stream, Arturo::new().with_stop(stop))
        .configure(|state| state.param(vec![0.0, 0.0]))
        .add_observer(Shown, ObserverMode::Every(1000))
        .run()?;
    let sent = sensor.join().map_err(|_| Error::msg("the sensor's thread has failed"))?;
    let x = result.state().get_best_param().ok_or(Error::msg("no point"))?;
    let [a, b] = truth(ROWS);
    println!("{sent} rows came, once each; off by {:.3} and {:.3} at the end", x[0] - a, x[1] - b);
    assert!((x[0] - a).abs() < 0.5 && (x[1] - b).abs() < 0.5);
    Ok(())
}

/// Shows the recommended point beside the truth of the time.
struct Shown;

impl Observe<IterState<Vec<f64>, Vec<f64>, (), (), (), f64>> for Shown {
    fn observe_iter(
        &mut self,
        state: &IterState<Vec<f64>, Vec<f64>, (), (), (), f64>,
        _kv: &KV,
    ) -> Result<(), Error> {
        let rows = state.get_iter() * BATCH as u64;
        let ([a, b], Some(x)) = (truth(rows), state.get_best_param()) else { return Ok(()) };
        println!("{rows:10}   {:6.3}  {a:6.3}     {:6.3}  {b:6.3}", x[0], x[1]);
        Ok(())
    }
}
