//! Profiles as SVG.

use crate::profile::Profile;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// One coordinate system.
pub struct Panel {
    pub title: String,
    pub profile: Profile,
    pub axis: Axis,
}

/// The abscissa.
pub struct Axis {
    pub label: &'static str,
    pub end: f64,
    pub scale: Scale,
}

#[derive(Clone, Copy)]
pub enum Scale {
    /// From 0 to the end.
    Linear,
    /// From 1 to the end.
    Logarithmic,
}

impl Scale {
    fn position(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Logarithmic => x.log10(),
        }
    }

    fn label(self, position: f64) -> String {
        match self {
            Self::Linear => format!("{position}"),
            Self::Logarithmic => format!("{}", 10f64.powf(position).round()),
        }
    }
}

/// Dash and gap in pixels; no gap draws a solid line.
struct Style {
    color: RGBColor,
    width: u32,
    dash: (i32, i32),
}

/// The colors of Okabe and Ito, which the colour-blind can tell apart.
const COLORS: [RGBColor; 7] = [
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(0, 0, 0),
    RGBColor(204, 121, 167),
];
/// Dashes, for when the colors are used up, and for those who print in grey.
const DASHES: [(i32, i32); 3] = [(1, 0), (10, 4), (2, 3)];

/// The style of a contender; arTuRO, the first, stands out.
fn style(contender: usize) -> Style {
    Style {
        color: COLORS[contender % COLORS.len()],
        width: if contender == 0 { 3 } else { 2 },
        dash: DASHES[contender / COLORS.len() % DASHES.len()],
    }
}

const PANEL: (u32, u32) = (420, 340);
const LEGEND_ROW: i32 = 24;
const LEGEND_COLUMN: i32 = 176;
const SAMPLE: i32 = 30;
const FONT: &str = "sans-serif";

/// Draws panels side by side, with one legend below them.
pub fn draw(path: &Path, panels: &[Panel], names: &[&str]) -> Result<(), Box<dyn Error>> {
    let width = PANEL.0 * panels.len() as u32;
    let columns = (width as i32 / LEGEND_COLUMN) as usize;
    let legend_height = LEGEND_ROW * names.len().div_ceil(columns) as i32 + 10;
    let size = (width, PANEL.1 + legend_height as u32);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let (charts, legend) = root.split_vertically(PANEL.1);
    for (panel, area) in panels.iter().zip(charts.split_evenly((1, panels.len()))) {
        draw_panel(panel, &area)?;
    }
    draw_legend(names, columns, &legend)?;
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Panel, area: &Area) -> Result<(), Box<dyn Error>> {
    let Axis { label, end, scale } = panel.axis;
    let end = scale.position(end);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, (FONT, 16))
        .margin(10)
        .margin_right(20)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..end, 0.0..1.0)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .x_labels(5)
        .y_labels(6)
        .x_label_formatter(&|x| scale.label(*x))
        .y_label_formatter(&|y| format!("{:.0} %", 100.0 * y))
        .x_desc(label)
        .y_desc("share of problems")
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .draw()?;
    // the first contender, arTuRO, on top
    for (contender, curve) in panel.profile.curves.iter().enumerate().rev() {
        draw_line(&mut chart, steps(curve, scale, end), &style(contender))?;
    }
    Ok(())
}

/// The part of a step function from 0 to the end of the axis.
fn steps(curve: &[(f64, f64)], scale: Scale, end: f64) -> Vec<(f64, f64)> {
    let corners = curve.iter().map(|&(x, y)| (scale.position(x), y));
    let mut points = vec![(0.0, 0.0)];
    points.extend(corners.take_while(|(x, _)| *x <= end));
    let last = points[points.len() - 1].1;
    points.push((end, last));
    points
}

fn draw_line(
    chart: &mut Chart,
    points: Vec<(f64, f64)>,
    style: &Style,
) -> Result<(), Box<dyn Error>> {
    let stroke = style.color.stroke_width(style.width);
    match style.dash {
        (_, 0) => chart.draw_series(LineSeries::new(points, stroke))?,
        (dash, gap) => chart.draw_series(DashedLineSeries::new(points, dash, gap, stroke))?,
    };
    Ok(())
}

fn draw_legend(names: &[&str], columns: usize, area: &Area) -> Result<(), Box<dyn Error>> {
    for (k, name) in names.iter().enumerate() {
        let style = style(k);
        let x = 10 + LEGEND_COLUMN * (k % columns) as i32;
        let y = LEGEND_ROW * (k / columns) as i32 + 10;
        let points = [(x, y), (x + SAMPLE, y)];
        let stroke = style.color.stroke_width(style.width);
        match style.dash {
            (_, 0) => area.draw(&PathElement::new(points, stroke))?,
            (dash, gap) => area.draw(&DashedPathElement::new(points, dash, gap, stroke))?,
        }
        area.draw(&Text::new(*name, (x + SAMPLE + 8, y - 7), (FONT, 13)))?;
    }
    Ok(())
}
