//! The data sets, compiled in.

use serde_json::Value;
use std::sync::LazyLock;

/// Breast Cancer Wisconsin (Diagnostic), UCI: 569 tumours, 30 features in mixed units.
pub struct BreastCancer {
    pub features: Vec<Vec<f64>>,
    /// 1 for benign, -1 for malignant.
    pub signs: Vec<f64>,
}

/// UCI optical digits, test set: 1797 images of 8 by 8 pixels.
pub struct Digits {
    /// Grey levels over 16, row by row.
    pub pixels: Vec<[f64; 64]>,
    pub labels: Vec<usize>,
}

pub static BREAST_CANCER: LazyLock<BreastCancer> = LazyLock::new(|| {
    let rows = include_str!("../../../examples/data/breast_cancer.csv")
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty());
    let rows: Vec<Vec<f64>> = rows.map(|line| line.split(',').map(number).collect()).collect();
    BreastCancer {
        signs: rows.iter().map(|row| 2.0 * row[30] - 1.0).collect(),
        features: rows
            .into_iter()
            .map(|mut row| {
                row.truncate(30);
                row
            })
            .collect(),
    }
});

pub static DIGITS: LazyLock<Digits> = LazyLock::new(|| {
    let rows = include_bytes!("../data/digits_1797x65.u8").chunks_exact(65);
    Digits {
        pixels: rows.clone().map(|row| std::array::from_fn(|i| f64::from(row[i]) / 16.0)).collect(),
        labels: rows.map(|row| usize::from(row[64])).collect(),
    }
});

/// One column of a table of comma-separated values with a header.
pub fn column(table: &str, name: &str) -> Vec<f64> {
    let mut lines = table.lines();
    let header = lines.next().unwrap_or_default();
    let index = header.split(',').position(|title| title == name);
    let index = index.unwrap_or_else(|| panic!("no column {name} in {header}"));
    lines.filter_map(|line| line.split(',').nth(index)).map(number).collect()
}

/// The numbers of a JSON array.
pub fn numbers(array: &Value) -> Vec<f64> {
    array.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Subtracts the mean of every column and divides by its population standard deviation.
pub fn standardize(rows: &mut [Vec<f64>]) {
    let n = rows.len() as f64;
    for j in 0..rows.first().map_or(0, Vec::len) {
        let mean = rows.iter().map(|row| row[j]).sum::<f64>() / n;
        let variance = rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / n;
        for row in &mut *rows {
            row[j] = (row[j] - mean) / variance.sqrt();
        }
    }
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}
