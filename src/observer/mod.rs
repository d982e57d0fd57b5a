//! Watching a run: progress, history, plots and reports, as observers of argmin.
//!
//! | you want to | use | feature |
//! |---|---|---|
//! | see a run advance, in a terminal, a pipe or CI | `Progress` | `progress` |
//! | keep the observations, as CSV, JSON or numbers | [`History`] | |
//! | compare runs in one picture, SVG or PNG | `Plot` | `plot`, for PNG `png` |
//! | share one file that shows a run | `Report` | `plot` |
//! | end a run and keep its result | [`Stop`] | |
//!
//! They work with each solver of argmin. [`Arturo`](crate::Arturo) lists the quantities that it reports at an
//! iteration; [`Telemetry`](crate::Telemetry) sets how often.

use crate::error::ArturoError;
use argmin::core::Error;
use std::path::Path;

mod history;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "progress")]
mod progress;
#[cfg(feature = "plot")]
mod report;
mod table;

pub use crate::stop::Stop;
pub use history::History;
#[cfg(feature = "plot")]
pub use plot::Plot;
#[cfg(feature = "progress")]
pub use progress::Progress;
#[cfg(feature = "plot")]
pub use report::Report;
pub use table::Table;

/// Writes a file, replacing it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|source| {
        let text = format!(
            "cannot write {}: {source}; check that its directory exists and may be written to",
            path.display()
        );
        ArturoError::File { text, source }.into()
    })
}

/// A number to some significant digits, to be read.
#[cfg(any(feature = "plot", feature = "progress"))]
fn short(value: f64, digits: usize) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e5).contains(&size) => {
            let decade = size.log10().floor() as i32;
            format!("{value:.*}", (digits as i32 - 1 - decade).max(0) as usize)
        }
        _ => format!("{value:.*e}", digits - 1),
    }
}
