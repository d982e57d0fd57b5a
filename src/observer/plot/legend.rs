//! The names of the curves.

use super::draw::{Area, PALE, TEXT, WIDTH, color, failed, font};
use super::{Mark, Plot};
use argmin::core::Error;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Height of a line.
const LINE: u32 = 22;
/// Estimated width of a character.
const CHARACTER: usize = 7;
/// Where a line begins.
const LEFT: i32 = 72;
/// The meaning of the bands of many values.
const SUMMARY: &str = "line: median, band: middle 80 %";

/// The names of all series, in lines.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    name: &'a str,
    /// Number and mark of the series; none for the entry that explains the bands.
    series: Option<(usize, &'a Mark)>,
    left: i32,
    line: i32,
}

impl<'a> Legend<'a> {
    /// A series without a name has no entry.
    pub(super) fn new(plot: &'a Plot, has_summary: bool) -> Self {
        let named = plot.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
        let named = named.map(|(i, series)| (series.name.as_str(), Some((i, &series.mark))));
        let (mut left, mut line) = (LEFT, 0);
        let entries = named.chain(has_summary.then_some((SUMMARY, None))).map(|(name, series)| {
            let width = (44 + CHARACTER * name.chars().count()) as i32;
            if left + width > WIDTH as i32 && left > LEFT {
                (left, line) = (LEFT, line + 1);
            }
            left += width;
            Entry { name, series, left: left - width, line }
        });
        Self { entries: entries.collect() }
    }

    pub(super) fn height(&self) -> u32 {
        self.entries.last().map_or(0, |entry| LINE * (entry.line as u32 + 1))
    }

    pub(super) fn draw<B: DrawingBackend>(&self, area: &Area<B>, top: i32) -> Result<(), Error> {
        for &Entry { name, series, left, line } in &self.entries {
            let y = top + LINE as i32 * line + LINE as i32 / 2;
            let sample = [(left, y), (left + 22, y)];
            match series {
                Some((number, Mark::Line)) => {
                    let line = color(number).stroke_width(3);
                    area.draw(&PathElement::new(sample, line)).map_err(failed)?;
                }
                Some((number, Mark::Points)) => {
                    let dot = Circle::new((left + 11, y), 4, color(number).filled());
                    area.draw(&dot).map_err(failed)?;
                }
                Some((number, Mark::Band(_))) => {
                    let pale = color(number).mix(2.0 * PALE).filled();
                    let corners = [(left, y - 6), (left + 22, y + 6)];
                    area.draw(&Rectangle::new(corners, pale)).map_err(failed)?;
                }
                None => {
                    let pale = TEXT.mix(PALE).filled();
                    let corners = [(left, y - 6), (left + 22, y + 6)];
                    area.draw(&Rectangle::new(corners, pale)).map_err(failed)?;
                    area.draw(&PathElement::new(sample, TEXT.stroke_width(2))).map_err(failed)?;
                }
            }
            let style = font(14).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(name, (left + 28, y), style)).map_err(failed)?;
        }
        Ok(())
    }
}
