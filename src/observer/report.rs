//! A report of runs in one file.

use super::{Plot, short};
use crate::param::ParamVec;
use crate::solution::Solution;
use argmin::core::Error;
use std::fmt::Display;
use std::path::Path;

/// A report of one or more runs, as one HTML file that needs nothing else: settings, tables,
/// the last reports of each run, and the pictures.
///
/// ```
/// use argmin_arturo::observer::{Plot, Report, Table};
///
/// # let history = Table { iterations: vec![0], seconds: vec![0.0], ..Table::default() }
/// #     .with_column("kl", vec![0.1]);
/// let html = Report::new("A bowl")
///     .with_setting("seed", 7)
///     .with_table("Parameters", ["", "estimate", "unit"], [["height", "1.25", "m"]])
///     .with_plot(Plot::new().with_run("arTuRO", history)) // `history.table()` of a `History`
///     .to_html()?; // or `save("report.html")`
/// assert!(html.contains("<td>1.25</td>") && html.contains("<svg"));
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    settings: Vec<[String; 2]>,
    tables: Vec<Grid>,
    plots: Vec<Plot>,
}

/// A table of the report.
#[derive(Clone, Debug)]
struct Grid {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The lines below it.
    notes: Vec<String>,
}

/// Rows of a [`Solution`] that are shown: all of a small problem, else those at the ends.
const SHOWN: usize = 20;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:960px;margin:2em auto;padding:0 1em}\
table{border-collapse:collapse;margin:0 0 1.5em}\
th,td{padding:.25em 1.2em .25em 0;border-bottom:1px solid #ddd;text-align:left}\
td{font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}";

impl Report {
    /// A report under this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), settings: Vec::new(), tables: Vec::new(), plots: Vec::new() }
    }

    /// Adds a line to the table of settings.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.settings.push([name.into(), value.to_string()]);
        self
    }

    /// Adds a table: a title, the names of the columns, and the rows.
    #[must_use]
    pub fn with_table<H: Display, C: Display, R: IntoIterator<Item = C>>(
        mut self,
        title: impl Into<String>,
        head: impl IntoIterator<Item = H>,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let text = |row: R| row.into_iter().map(|cell| cell.to_string()).collect();
        self.tables.push(Grid {
            title: title.into(),
            head: head.into_iter().map(|cell| cell.to_string()).collect(),
            rows: rows.into_iter().map(text).collect(),
            notes: Vec::new(),
        });
        self
    }

    /// Adds the answer of a run: a table with the errors of each coordinate (of more than 20 the
    /// first and last ten), and the remaining gain, the draws and the verdict below it.
    ///
    /// `names` are those of the coordinates, with their units, in their order; where there are no
    /// more names, coordinates are numbered, from 0.
    ///
    /// ```
    /// use argmin::core::{Error, Executor, Gradient};
    /// use argmin_arturo::Arturo;
    /// use argmin_arturo::observer::Report;
    /// use argmin_arturo::prelude::RunResult;
    ///
    /// struct Bowl;
    /// impl Gradient for Bowl {
    ///     type Param = Vec<f64>;
    ///     type Gradient = Vec<f64>;
    ///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    ///         Ok(vec![x[0] - 1.0])
    ///     }
    /// }
    ///
    /// let result = Executor::new(Bowl, Arturo::new())
    ///     .configure(|state| state.param(vec![0.0]).max_iters(100))
    ///     .run()?;
    /// let solution = result.solution()?;
    /// let html = Report::new("A bowl").with_solution(&solution, &["width, m"])?.to_html()?;
    /// assert!(html.contains("<td>width, m</td><td>1.0000</td>"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_solution<P: ParamVec>(
        mut self,
        solution: &Solution<P>,
        names: &[&str],
    ) -> Result<Self, Error> {
        let head = [&[""], solution.header()].concat();
        let param = solution.coordinates()?;
        let row = |i: usize| {
            let name = names.get(i).map_or_else(|| i.to_string(), |name| name.to_string());
            std::iter::once(name).chain(solution.row(i, param[i])).collect()
        };
        let len = param.len();
        let mut rows: Vec<Vec<String>> = (0..len).map(row).collect();
        if len > SHOWN {
            rows.splice(SHOWN / 2..len - SHOWN / 2, [vec!["\u{2026}".to_string()]]);
        }
        self.tables.push(Grid {
            title: "Solution".into(),
            head: head.into_iter().map(String::from).collect(),
            rows,
            notes: solution.summary().lines().map(String::from).collect(),
        });
        Ok(self)
    }

    /// Adds a picture, and a table of the last reports of its runs.
    #[must_use]
    pub fn with_plot(mut self, plot: Plot) -> Self {
        self.plots.push(plot);
        self
    }

    /// The report as an HTML document.
    ///
    /// # Errors
    /// If a plot has nothing to draw.
    pub fn to_html(&self) -> Result<String, Error> {
        let title = escape(&self.title);
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        if !self.settings.is_empty() {
            let rows = self.settings.iter().map(|row| row.to_vec()).collect();
            let (title, head, notes) = ("Settings".into(), Vec::new(), Vec::new());
            Grid { title, head, rows, notes }.write(&mut html);
        }
        for table in &self.tables {
            table.write(&mut html);
        }
        for plot in &self.plots {
            last_reports(plot).write(&mut html);
            html.push_str(&plot.to_svg()?);
        }
        let version = env!("CARGO_PKG_VERSION");
        html.push_str(&format!(
            "<p><small>argmin-arturo {version}</small></p>\n</body>\n</html>\n"
        ));
        Ok(html)
    }

    /// Writes the report to an HTML file, replacing it.
    ///
    /// # Errors
    /// If a plot has nothing to draw, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        super::write(path.as_ref(), self.to_html()?.as_bytes())
    }
}

/// The last reports of the runs of a plot, a column each.
fn last_reports(plot: &Plot) -> Grid {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in plot.runs().flat_map(|(_, table)| &table.columns) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let row = |name: &str, values: &dyn Fn(&super::Table) -> Option<String>| {
        let values = plot.runs().map(|(_, table)| values(table).unwrap_or_default());
        std::iter::once(name.to_string()).chain(values).collect::<Vec<_>>()
    };
    let mut rows = vec![
        row("solver", &|table| Some(table.solver.clone())),
        row("iterations", &|table| table.iterations.last().map(|last| (last + 1).to_string())),
        row("wall time, s", &|table| table.seconds.last().map(|last| format!("{last:.3}"))),
    ];
    for name in names {
        rows.push(row(name, &|table| {
            let reported = table.column(name)?.iter().rev().filter(|value| !value.is_nan());
            // the length 0 of a step that was not taken has no information, a count of 0 has
            let mut reported = reported.copied();
            let newest = reported.next()?;
            let telling = reported.find(|value| *value != 0.0).filter(|_| newest == 0.0);
            let value = telling.unwrap_or(newest);
            let is_count = value.fract() == 0.0 && value.abs() < 1e9;
            Some(if is_count { value.to_string() } else { short(value, 5) })
        }));
    }
    let runs = plot.runs().map(|(name, _)| name.to_string());
    let head = std::iter::once(String::new()).chain(runs).collect();
    Grid { title: "Last reports".into(), head, rows, notes: Vec::new() }
}

impl Grid {
    fn write(&self, html: &mut String) {
        let cells = |tag: &str, row: &[String]| {
            let cells = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        html.push_str(&format!("<h2>{}</h2>\n<table>\n", escape(&self.title)));
        if !self.head.is_empty() {
            html.push_str(&cells("th", &self.head));
        }
        for row in &self.rows {
            html.push_str(&cells("td", row));
        }
        html.push_str("</table>\n");
        for note in &self.notes {
            html.push_str(&format!("<p>{}</p>\n", escape(note)));
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::*;

    #[test]
    fn a_long_answer_is_shown_at_its_ends() {
        let values = |scale: f64| (0..50).map(|i| scale * f64::from(i)).collect::<Vec<_>>();
        let solution = Solution {
            param: values(1.0),
            standard_error: values(1e-6),
            r_hat: Some(values(0.5)),
            gradient: values(-2.0),
            gradient_error: values(3.0),
            curvature: values(1.0),
            curvature_error: values(0.1),
            predicted_gain: 0.25,
            predicted_gain_bound: 0.5,
            effective_draws: Some(70.0),
            draw_count: 100,
            verdict: crate::solution::Verdict::StillMoving,
            on_bounds: Vec::new(),
        };
        let html =
            Report::new("").with_solution(&solution, &["mass, kg", "a < b"]).unwrap().to_html();
        let html = html.unwrap();
        assert_eq!(html.matches("<tr>").count(), 1 + 10 + 1 + 10);
        assert!(html.contains("<th>R-hat</th>"));
        assert!(html.contains("<td>mass, kg</td><td>0</td><td>0</td>"));
        assert!(
            html.contains("<td>a &lt; b</td><td>1.0000</td><td>1.0000e-6</td><td>-2.0000</td>")
        );
        assert!(html.contains("<td>9</td>") && !html.contains("<td>10</td>"));
        assert!(!html.contains("<td>39</td>") && html.contains("<td>40</td>"));
        for note in ["by about 2.50e-1, below 5.00e-1 (95 %)", "100 draws (70 effective)"] {
            assert!(html.contains(&format!("{note}</p>")), "{note}");
        }
        assert!(html.contains("<p>verdict: still moving"));
    }

    #[test]
    fn a_report_needs_no_other_file_and_escapes_what_it_shows() {
        let values = vec![1.0, f64::NAN];
        let table = Table { iterations: vec![0, 9], seconds: vec![0.0, 2.0], ..Table::default() }
            .with_column("kl", values);
        let html = Report::new("<b>")
            .with_setting("seed & co", 7)
            .with_plot(Plot::new().with_run("one", table))
            .to_html()
            .unwrap();
        assert!(html.contains("<title>&lt;b&gt;</title>"));
        assert!(html.contains("<td>seed &amp; co</td><td>7</td>"));
        assert!(html.contains("<td>iterations</td><td>10</td>"));
        assert!(html.contains("<td>kl</td><td>1</td>"));
        for outside in ["src=", "href=", "url(", "@import", "<script"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
