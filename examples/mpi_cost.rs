//! What a gradient over ranks costs beside its parts: the constants of `docs/mpi.md`.
//!
//! ```text
//! cargo build --release --features mpi --example mpi_cost
//! mpirun -n 2 target/release/examples/mpi_cost
//! ```

use argmin::core::Error;
use argmin_arturo::mpi::{AcrossRanks, Ranks};
use argmin_arturo::oracle::Replicated;
use argmin_arturo::{Draw, StochasticGradient};
use std::time::{Duration, Instant};

/// A gradient that takes so long, and no processor.
struct Elsewhere(Duration);

impl StochasticGradient for Elsewhere {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, _: &Vec<f64>, _: Draw, _: &mut Vec<f64>) -> Result<(), Error> {
        if !self.0.is_zero() {
            std::thread::sleep(self.0);
        }
        Ok(())
    }
}

/// The least and the median time of a gradient of `draws` draws at n coordinates, in seconds.
fn time(ranks: &Ranks, part: Duration, draws: usize, n: usize) -> Result<[f64; 2], Error> {
    let oracle = AcrossRanks::new(Replicated::new(Elsewhere(part), draws as u64)?, ranks);
    let (x, mut gradient) = (vec![1.0; n], vec![1.0; n]);
    let count = (100_000_000 / (n + 10_000)).clamp(20, 2000) as u64;
    let mut times = Vec::new();
    for index in 0..if part.is_zero() { count } else { 20 } {
        let begin = Instant::now();
        oracle.stochastic_gradient(&x, Draw::new(0, index), &mut gradient)?;
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok([times[0], times[times.len() / 2]])
}

fn main() -> Result<(), Error> {
    let ranks = Ranks::initialize()?;
    let print = |line: String| {
        if ranks.is_first() {
            println!("{line}");
        }
    };
    let row = |label: String, [least, median]: [f64; 2]| {
        format!("{label:>12} {:14.1} {:14.1}", 1e6 * least, 1e6 * median)
    };
    print(format!("{} ranks, one part each that costs nothing", ranks.count()));
    print(format!("{:>12} {:>14} {:>14}", "coordinates", "least, us", "median, us"));
    for n in [10, 1000, 100_000, 1_000_000, 10_000_000] {
        print(row(n.to_string(), time(&ranks, Duration::ZERO, ranks.count(), n)?));
    }
    let part = Duration::from_millis(5);
    print("\nstrong scaling: 16 parts of 5 ms; weak: 4 a rank; 1000 coordinates".into());
    print(row("strong".into(), time(&ranks, part, 16, 1000)?));
    print(row("weak".into(), time(&ranks, part, 4 * ranks.count(), 1000)?));
    Ok(())
}
