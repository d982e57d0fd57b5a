//! Drawing with plotters.

use super::axis::Axis;
use super::legend::Legend;
use super::trace::{Point, Trace};
use super::{Mark, Panel, Plot};
use crate::error::invalid;
use crate::observer::Table;
use argmin::core::Error;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Display;
use std::ops::Range;

/// Width of the picture and height of a row of panels, in pixels.
pub(super) const WIDTH: u32 = 960;
const ROW: u32 = 250;
/// Height of the title.
const TITLE: u32 = 36;
/// Opacity of a band.
pub(super) const PALE: f64 = 0.18;

/// The colours of Okabe and Ito (2008), the pale ones last.
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(240, 228, 66),
];
pub(super) const TEXT: RGBColor = RGBColor(34, 34, 34);
const GRID: RGBColor = RGBColor(222, 222, 222);
const FAINT: RGBColor = RGBColor(242, 242, 242);

pub(super) type Area<B> = DrawingArea<B, Shift>;

/// A picture, laid out.
pub(super) struct Picture<'a> {
    plot: &'a Plot,
    legend: Legend<'a>,
    diagrams: Vec<Diagram<'a>>,
    /// The axis that all panels share.
    x: Axis,
    title: u32,
}

/// A panel with its curves.
struct Diagram<'a> {
    panel: &'a Panel,
    lines: Vec<Line>,
}

/// A quantity of a series.
struct Line {
    /// Number of the series, and of the quantity in the panel.
    series: usize,
    quantity: usize,
    points: bool,
    trace: Trace,
}

impl<'a> Picture<'a> {
    pub(super) fn new(plot: &'a Plot) -> Result<Self, Error> {
        let x: Vec<Vec<f64>> = plot.series.iter().map(|series| plot.x(&series.table)).collect();
        let diagrams = plot.panels.iter().map(|panel| Diagram::new(plot, &x, panel));
        let diagrams: Vec<Diagram> = diagrams.filter(|diagram| !diagram.lines.is_empty()).collect();
        if diagrams.is_empty() {
            return Err(nothing(plot));
        }
        let (first, last) = range(x.into_iter().flatten());
        let title = if plot.title.is_empty() { 0 } else { TITLE };
        let x = Axis::new(first, last, 0.01, false);
        let has_summary = diagrams.iter().any(Diagram::has_summary);
        Ok(Self { plot, legend: Legend::new(plot, has_summary), diagrams, x, title })
    }

    /// Rows and columns of panels.
    fn grid(&self) -> (usize, usize) {
        let columns = self.diagrams.len().min(2);
        (self.diagrams.len().div_ceil(columns), columns)
    }

    /// Height of all above the panels.
    fn head(&self) -> u32 {
        self.title + self.legend.height() + 6
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (WIDTH, self.head() + ROW * self.grid().0 as u32)
    }

    /// Draws on a surface of this [`size`](Self::size).
    pub(super) fn draw<B: DrawingBackend>(&self, surface: B) -> Result<(), Error> {
        let area = surface.into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let (top, panels) = area.split_vertically(self.head());
        let style = font(20).pos(Pos::new(HPos::Center, VPos::Center));
        let middle = (WIDTH as i32 / 2, self.title as i32 / 2);
        top.draw(&Text::new(self.plot.title.as_str(), middle, style)).map_err(failed)?;
        self.legend.draw(&top, self.title as i32)?;
        let cells = panels.split_evenly(self.grid());
        for (diagram, cell) in self.diagrams.iter().zip(&cells) {
            diagram.draw(cell, &self.x, self.plot.x_label())?;
        }
        area.present().map_err(failed)
    }
}

impl<'a> Diagram<'a> {
    fn new(plot: &Plot, x: &[Vec<f64>], panel: &'a Panel) -> Self {
        let mut lines = Vec::new();
        for (number, series) in plot.series.iter().enumerate() {
            for (quantity, name) in panel.quantities.iter().enumerate() {
                let places = |table: &Table| -> Vec<f64> {
                    let values = table.column(name).unwrap_or_default();
                    values.iter().map(|&y| panel.position(y)).collect()
                };
                let y = places(&series.table);
                let trace = match &series.mark {
                    Mark::Line | Mark::Points => Trace::new(&x[number], &y),
                    Mark::Band(upper) => Trace::band(&x[number], &y, &places(upper)),
                };
                if !trace.pieces.is_empty() {
                    let points = matches!(series.mark, Mark::Points);
                    lines.push(Line { series: number, quantity, points, trace });
                }
            }
        }
        Self { panel, lines }
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.lines.iter().flat_map(|line| line.trace.points())
    }

    /// Whether a line represents more values than it shows.
    fn has_summary(&self) -> bool {
        self.points().any(|point| point.is_summary() && point.y.is_finite())
    }

    fn draw<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        x: &Axis,
        x_label: &str,
    ) -> Result<(), Error> {
        let ends = self.points().flat_map(|point| point.band);
        let (low, high) = range(ends);
        let y = Axis::new(low, high, 0.05, self.panel.logarithmic);
        let mut chart = ChartBuilder::on(area)
            .margin_left(8)
            .margin_right(26)
            .margin_bottom(6)
            .caption(self.panel.title.as_str(), font(15))
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(Coordinate(x), Coordinate(&y))
            .map_err(failed)?;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(FAINT)
            .axis_style(TEXT)
            .label_style(font(13))
            .x_label_formatter(&|at| x.label(*at))
            .y_label_formatter(&|at| y.label(*at))
            .x_desc(x_label)
            .axis_desc_style(font(13))
            .draw()
            .map_err(failed)?;
        // bands first, so that no line hides behind one
        for Line { series, trace, .. } in &self.lines {
            for piece in trace.pieces.iter().filter(|piece| piece.iter().any(Point::is_summary)) {
                let upper = piece.iter().map(|point| (point.x, point.band[1]));
                let lower = piece.iter().rev().map(|point| (point.x, point.band[0]));
                let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
                let band = Polygon::new(outline, color(*series).mix(PALE));
                chart.draw_series([band]).map_err(failed)?;
            }
        }
        for Line { series, quantity, points: apart, trace } in &self.lines {
            let line = color(*series).stroke_width(2);
            for piece in &trace.pieces {
                let points = piece.iter().filter(|point| point.y.is_finite());
                let points: Vec<(f64, f64)> = points.map(|point| (point.x, point.y)).collect();
                if *apart || points.len() == 1 {
                    let dots = points.into_iter();
                    let dots = dots.map(|at| Circle::new(at, 3, color(*series).filled()));
                    chart.draw_series(dots).map_err(failed)?;
                } else if *quantity == 0 {
                    chart.draw_series([PathElement::new(points, line)]).map_err(failed)?;
                } else {
                    let dash = if *quantity == 1 { 6 } else { 2 };
                    let dashes = DashedLineSeries::new(points, dash, 4, line);
                    chart.draw_series(dashes).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

impl Plot {
    /// Where the rows of a run lie on the x axis.
    fn x(&self, table: &Table) -> Vec<f64> {
        if self.over_time {
            return table.seconds.clone();
        }
        table.iterations.iter().map(|&iteration| iteration as f64).collect()
    }

    fn x_label(&self) -> &str {
        let usual = if self.over_time { "wall time, s" } else { "iteration" };
        self.x_label.as_deref().unwrap_or(usual)
    }
}

impl Panel {
    /// Where a value lies on the axis.
    fn position(&self, value: f64) -> f64 {
        // not finite where there is no logarithm, which leaves the value out
        if self.logarithmic { value.log10() } else { value }
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// plotters asks the axis where its ticks are.
struct Coordinate<'a>(&'a Axis);

impl Ranged for Coordinate<'_> {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (value - self.0.from) / (self.0.to - self.0.from);
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return self.0.minor.clone();
        }
        self.0.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.0.from..self.0.to
    }
}

pub(super) fn color(run: usize) -> RGBColor {
    COLORS[run % COLORS.len()]
}

pub(super) fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
}

pub(super) fn failed(error: impl Display) -> Error {
    invalid(format!("Plot: the picture could not be drawn: {error}"))
}

/// The error of a picture without a line.
fn nothing(plot: &Plot) -> Error {
    let list = |names: Vec<&str>| {
        let mut names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.dedup();
        names.join(", ")
    };
    let asked = plot.panels.iter().flat_map(|panel| &panel.quantities).map(String::as_str);
    let tables = plot.series.iter().flat_map(|series| &series.table.columns);
    let reported = list(tables.map(|(name, _)| name.as_str()).collect());
    let reported = if reported.is_empty() { "nothing".into() } else { reported };
    invalid(format!(
        "Plot: no run has a finite value of {}; reported were {reported}",
        list(asked.collect())
    ))
}
