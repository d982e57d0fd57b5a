//! Curves as SVG.

use crate::curve::{Row, Runs};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Colors of Okabe and Ito, which the colour-blind can tell apart.
const COLORS: [RGBColor; 6] = [
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(0, 0, 0),
    RGBColor(204, 121, 167),
];

struct Panel {
    title: &'static str,
    value: fn(&Row) -> f64,
}

const PANELS: [Panel; 4] = [
    Panel { title: "train loss, nats", value: |row| row.train_loss },
    Panel { title: "test loss, nats", value: |row| row.test_loss },
    Panel { title: "train accuracy, %", value: |row| 100.0 * row.train_accuracy },
    Panel { title: "test accuracy, %", value: |row| 100.0 * row.test_accuracy },
];

const SIZE: (u32, u32) = (900, 700);
const LEGEND: u32 = 36;
const LEGEND_COLUMN: i32 = 145;
const SAMPLE: i32 = 26;
const FONT: &str = "sans-serif";

/// Draws losses and accuracies per epoch: thick the mean over the seeds, thin each of them.
pub fn draw(path: &Path, all: &[Runs]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (SIZE.0, SIZE.1 + LEGEND)).into_drawing_area();
    root.fill(&WHITE)?;
    let (charts, legend) = root.split_vertically(SIZE.1);
    for (panel, area) in PANELS.iter().zip(charts.split_evenly((2, 2))) {
        draw_panel(panel, all, &area)?;
    }
    for (k, (runs, color)) in all.iter().zip(COLORS).enumerate() {
        let x = 20 + LEGEND_COLUMN * k as i32;
        legend.draw(&PathElement::new([(x, 12), (x + SAMPLE, 12)], color.stroke_width(3)))?;
        legend.draw(&Text::new(runs.title.as_str(), (x + SAMPLE + 8, 5), (FONT, 14)))?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Panel, all: &[Runs], area: &Area) -> Result<(), Box<dyn Error>> {
    let rows = || all.iter().flat_map(|runs| &runs.curves).flat_map(|curve| &curve.rows);
    let epochs = rows().map(|row| row.epoch).max().unwrap_or(1) as f64;
    // the start is far from all else and the same for all
    let values = rows().filter(|row| row.epoch > 0).map(panel.value).filter(|v| v.is_finite());
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
    let margin = 0.05 * (high - low);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, (FONT, 16))
        .margin(10)
        .margin_right(20)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(1.0..epochs.max(1.5), low - margin..high + margin)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .x_labels(epochs.min(10.0) as usize)
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .x_desc("epochs")
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .draw()?;
    for (runs, color) in all.iter().zip(COLORS) {
        for curve in &runs.curves {
            let points = curve.rows.iter().filter(|row| row.epoch > 0);
            let points = points.map(|row| (row.epoch as f64, (panel.value)(row)));
            chart.draw_series(LineSeries::new(points, color.mix(0.35).stroke_width(1)))?;
        }
        let lengths = runs.curves.iter().map(|curve| curve.rows.len());
        let mean = (1..lengths.min().unwrap_or(0)).map(|i| {
            let [mean, _] = runs.statistics(|curve| (panel.value)(&curve.rows[i]));
            (runs.curves[0].rows[i].epoch as f64, mean)
        });
        chart.draw_series(LineSeries::new(mean, color.stroke_width(2)))?;
    }
    Ok(())
}
