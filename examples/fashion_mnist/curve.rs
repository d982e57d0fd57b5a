//! The curve of a run, and the table of all.

use argmin::core::Error;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::PathBuf;

/// A point of a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub epoch: u64,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub test_loss: f64,
    pub test_accuracy: f64,
    /// Median time of a gradient in this epoch.
    pub gradient_ms: f64,
    /// Median time of the rest of a step.
    pub optimizer_ms: f64,
    /// Evaluations of the dual, per step.
    pub dual_evaluations: f64,
}

/// The points of a run, in a file that grows with them.
#[derive(Clone, Debug)]
pub struct Curve {
    pub rows: Vec<Row>,
    path: PathBuf,
}

/// The runs of an optimizer, one for each seed.
pub struct Runs {
    pub title: String,
    pub curves: Vec<Curve>,
    /// Runs that ended by an error.
    pub failures: usize,
}

impl Curve {
    /// The points that are in a file already, if there is one.
    pub fn of_file(path: PathBuf) -> Result<Self, Error> {
        let mut rows = Vec::new();
        if path.exists() {
            for row in csv::Reader::from_path(&path)?.into_deserialize() {
                rows.push(row?);
            }
        }
        Ok(Self { rows, path })
    }

    /// Adds a point instead of it and of all later ones, which a run that is resumed at a
    /// checkpoint meets again.
    pub fn push(&mut self, row: Row) -> Result<(), Error> {
        self.rows.retain(|old| old.epoch < row.epoch);
        self.rows.push(row);
        let mut writer = csv::Writer::from_path(&self.path)?;
        for row in &self.rows {
            writer.serialize(row)?;
        }
        writer.flush()?;
        Ok(())
    }
}

impl Runs {
    /// Mean and standard deviation over the seeds of what `value` makes of a curve.
    pub fn statistics(&self, value: impl Fn(&Curve) -> f64) -> [f64; 2] {
        let values: Vec<f64> = self.curves.iter().map(value).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        [mean, (squares / (count - 1.0).max(1.0)).sqrt()]
    }
}

/// What all runs have come to, as Markdown.
pub fn table(all: &[Runs]) -> String {
    let mut text = String::from(
        "| optimizer | runs that failed | train loss | train accuracy, % | test loss | test accuracy, % | gradient, ms \
         | optimizer, ms | share of optimizer, % | dual evaluations a step |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for runs in all {
        let at_end = |value: fn(&Row) -> f64, digits: usize| {
            let [mean, deviation] =
                runs.statistics(|curve| curve.rows.last().map_or(f64::NAN, value));
            if runs.curves.len() > 1 {
                format!("{mean:.digits$} ± {deviation:.digits$}")
            } else {
                format!("{mean:.digits$}")
            }
        };
        let overall = |value: fn(&Row) -> f64| {
            let median = |curve: &Curve| {
                let mut values: Vec<f64> = curve.rows.iter().skip(1).map(value).collect();
                values.sort_by(f64::total_cmp);
                values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
            };
            runs.statistics(median)[0]
        };
        let (gradient, optimizer) =
            (overall(|row| row.gradient_ms), overall(|row| row.optimizer_ms));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {gradient:.1} | {optimizer:.2} | {:.2} | {:.1} |",
            runs.title,
            runs.failures,
            at_end(|row| row.train_loss, 4),
            at_end(|row| 100.0 * row.train_accuracy, 2),
            at_end(|row| row.test_loss, 4),
            at_end(|row| 100.0 * row.test_accuracy, 2),
            100.0 * optimizer / (gradient + optimizer),
            overall(|row| row.dual_evaluations),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: u64, train_loss: f64) -> Row {
        Row {
            epoch,
            train_loss,
            train_accuracy: 0.5,
            test_loss: 1.0,
            test_accuracy: 0.5,
            gradient_ms: 90.0,
            optimizer_ms: 10.0,
            dual_evaluations: 2.0,
        }
    }

    #[test]
    fn a_resumed_run_overwrites_what_it_meets_again() {
        let path = std::env::temp_dir().join(format!("arturo-curve-{}.csv", std::process::id()));
        let mut curve = Curve::of_file(path.clone()).unwrap();
        for epoch in 0..4 {
            curve.push(row(epoch, 1.0)).unwrap();
        }
        let mut resumed = Curve::of_file(path.clone()).unwrap();
        assert_eq!(resumed.rows, curve.rows);
        resumed.push(row(2, 0.1)).unwrap();
        let rows = Curve::of_file(path.clone()).unwrap().rows;
        assert_eq!(rows, [row(0, 1.0), row(1, 1.0), row(2, 0.1)]);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_table_has_mean_deviation_and_share() {
        let curve = |loss| Curve { rows: vec![row(0, 2.0), row(1, loss)], path: PathBuf::new() };
        let runs = Runs { title: "Adam".into(), curves: vec![curve(0.2), curve(0.4)], failures: 1 };
        let line = table(&[runs]).lines().last().unwrap().to_owned();
        assert!(line.starts_with("| Adam | 1 | 0.3000 ± 0.1414 | 50.00 ± 0.00 |"), "{line}");
        assert!(line.ends_with("| 90.0 | 10.00 | 10.00 | 2.0 |"), "{line}");
    }
}
