//! Pictures of runs.

mod axis;
mod draw;
mod legend;
#[cfg(feature = "png")]
mod raster;
mod trace;

use super::Table;
#[cfg(not(feature = "png"))]
use crate::error::invalid;
use argmin::core::Error;
use draw::Picture;
use plotters::prelude::SVGBackend;
use std::path::Path;

/// One diagram: some quantities over the iterations, for every run.
#[derive(Clone, Debug)]
struct Panel {
    title: String,
    quantities: Vec<String>,
    logarithmic: bool,
}

/// A picture of one or more runs, as SVG or PNG: predicted gain, kept cost, gradient norm, step length,
/// KL divergence and bound, and further reported quantities.
///
/// Each run has its own colour, from the colour-blind safe palette of Okabe and Ito (2008). Where a run
/// has more points than the picture can show, the line is their running median and the band around it
/// holds the middle 80 %, as the legend explains.
///
/// ```
/// use argmin::core::observers::ObserverMode;
/// use argmin::core::{Error, Executor, Gradient};
/// use argmin_arturo::Arturo;
/// use argmin_arturo::observer::{History, Plot};
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
/// let history = History::new();
/// Executor::new(Bowl, Arturo::new())
///     .configure(|state| state.param(vec![0.0]).max_iters(100))
///     .add_observer(history.clone(), ObserverMode::Always)
///     .run()?;
///
/// let plot = Plot::new().with_title("A bowl").with_run("arTuRO", history.table());
/// assert!(plot.to_svg()?.starts_with("<svg")); // or `plot.save("run.svg")`
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plot {
    title: String,
    panels: Vec<Panel>,
    series: Vec<Series>,
    over_time: bool,
    x_label: Option<String>,
}

/// A table under the name it has in the legend.
#[derive(Clone, Debug)]
struct Series {
    name: String,
    table: Table,
    mark: Mark,
}

/// How a table is drawn.
#[derive(Clone, Debug)]
enum Mark {
    Line,
    Points,
    /// The area up to this table, row by row.
    Band(Table),
}

impl Default for Plot {
    fn default() -> Self {
        Self::empty()
            .with_panel("cost, f", ["cost"])
            .with_panel(
                "filtered cost and its error (dashed), f",
                ["filtered_cost", "filtered_cost_error"],
            )
            .with_panel(
                "predicted gap to the minimum and its 95 % bound (dashed), f",
                ["predicted_gain", "predicted_gain_bound"],
            )
            .with_panel("norm of the drawn gradient, f/x", ["gradient_norm"])
            .with_panel("length of the step, x", ["step_norm"])
            .with_panel("KL of the step and bound (dashed), nats", ["kl", "kl_bound"])
            .with_panel("multiplier of the KL bound where active, f", ["multiplier"])
            .with_panel("learning rate", ["learning_rate"])
            .with_panel("noise of a drawn gradient (norm), f/x", ["noise_level"])
    }
}

impl Plot {
    /// A picture with the standard panels; those for which no run has a value are left out.
    pub fn new() -> Self {
        Self::default()
    }

    /// A picture without panels, for those of [`with_panel`](Self::with_panel) alone.
    ///
    /// ```
    /// use argmin_arturo::observer::Plot;
    ///
    /// let plot = Plot::empty().with_linear_panel("filtered loss, nats", ["filtered_cost"]);
    /// ```
    pub fn empty() -> Self {
        let (title, panels, series) = (String::new(), Vec::new(), Vec::new());
        Self { title, panels, series, over_time: false, x_label: None }
    }

    /// Sets the title above all panels.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a panel after the others: the quantities of these names (the columns of [`Table`]) under a title
    /// with their meaning and unit.
    ///
    /// The axis is logarithmic, and values that are not positive, such as the length of a step that was
    /// not taken, are left out. The first quantity is drawn as a line, the second dashed, the third and
    /// further ones dotted.
    #[must_use]
    pub fn with_panel<S: Into<String>>(
        self,
        title: impl Into<String>,
        quantities: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with_axis(title, quantities, true)
    }

    /// The same as [`with_panel`](Self::with_panel), with a linear axis.
    #[must_use]
    pub fn with_linear_panel<S: Into<String>>(
        self,
        title: impl Into<String>,
        quantities: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with_axis(title, quantities, false)
    }

    fn with_axis<S: Into<String>>(
        mut self,
        title: impl Into<String>,
        quantities: impl IntoIterator<Item = S>,
        logarithmic: bool,
    ) -> Self {
        let quantities = quantities.into_iter().map(Into::into).collect();
        self.panels.push(Panel { title: title.into(), quantities, logarithmic });
        self
    }

    /// Adds a run under the name it has in the legend, as a line.
    #[must_use]
    pub fn with_run(self, name: impl Into<String>, run: Table) -> Self {
        self.with_series(name, run, Mark::Line)
    }

    /// Adds data under the name they have in the legend, as points without a line.
    #[must_use]
    pub fn with_points(self, name: impl Into<String>, data: Table) -> Self {
        self.with_series(name, data, Mark::Points)
    }

    /// Adds the area between two tables with the same rows, such as an interval of a forecast.
    #[must_use]
    pub fn with_band(self, name: impl Into<String>, lower: Table, upper: Table) -> Self {
        self.with_series(name, lower, Mark::Band(upper))
    }

    fn with_series(mut self, name: impl Into<String>, table: Table, mark: Mark) -> Self {
        self.series.push(Series { name: name.into(), table, mark });
        self
    }

    /// Draws over wall time in seconds instead of iterations, to compare solvers whose iterations
    /// do not cost the same.
    #[must_use]
    pub fn over_time(mut self) -> Self {
        self.over_time = true;
        self
    }

    /// Names the x axis, where the rows of the tables are no iterations.
    #[must_use]
    pub fn with_x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = Some(label.into());
        self
    }

    /// The picture as an SVG document.
    ///
    /// # Errors
    /// If no run has a value for any panel.
    pub fn to_svg(&self) -> Result<String, Error> {
        let picture = Picture::new(self)?;
        let mut text = String::new();
        picture.draw(SVGBackend::with_string(&mut text, picture.size()))?;
        Ok(text)
    }

    /// The picture as a PNG file, 1920 pixels wide, with a font of its own.
    ///
    /// # Errors
    /// If no run has a value for any panel.
    #[cfg(feature = "png")]
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        let picture = Picture::new(self)?;
        let size = picture.size();
        let mut pixels =
            raster::pixels(size).ok_or_else(|| draw::failed("it has too many panels"))?;
        picture.draw(raster::Canvas::new(&mut pixels, size))?;
        pixels.encode_png().map_err(draw::failed)
    }

    /// Writes the picture to a file, replacing it: as PNG (feature `png`) if its name ends in `.png`,
    /// else as SVG, which browsers, Inkscape and LaTeX read.
    ///
    /// # Errors
    /// If there is nothing to draw, if PNG is asked for without the feature, or if the file cannot be
    /// written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
        let picture = if png { self.png(path)? } else { self.to_svg()?.into_bytes() };
        super::write(path, &picture)
    }

    #[cfg(feature = "png")]
    fn png(&self, _path: &Path) -> Result<Vec<u8>, Error> {
        self.to_png()
    }

    #[cfg(not(feature = "png"))]
    fn png(&self, path: &Path) -> Result<Vec<u8>, Error> {
        Err(invalid(format!(
            "Plot: {} is a PNG file, which needs the feature `png` of argmin-arturo; enable it, or \
             choose a name that ends in .svg",
            path.display()
        )))
    }

    /// The names of the runs with their observations.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&str, &Table)> {
        let lines = self.series.iter().filter(|series| matches!(series.mark, Mark::Line));
        lines.map(|series| (series.name.as_str(), &series.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` rows of values over 8 decades with zeros and gaps.
    fn run(n: usize) -> Table {
        let value = |i: usize| match i % 7 {
            3 => 0.0,
            5 => f64::NAN,
            _ => 10f64.powf(-8.0 * i as f64 / n as f64),
        };
        let values: Vec<f64> = (0..n).map(value).collect();
        Table {
            iterations: (0..n as u64).collect(),
            seconds: (0..n).map(|i| i as f64 * 1e-3).collect(),
            columns: ["kl", "kl_bound", "odd"].map(|name| (name.into(), values.clone())).into(),
            ..Table::default()
        }
    }

    #[test]
    fn runs_of_any_length_give_small_well_formed_pictures() {
        for n in [1, 2, 10, 100_000] {
            for over_time in [false, true] {
                let mut plot = Plot::new()
                    .with_title("a < b & \"c\"")
                    .with_run("first", run(n))
                    .with_run("second", run(n / 2 + 1))
                    .with_linear_panel("odd", ["odd"]);
                plot.over_time = over_time;
                let svg = plot.to_svg().unwrap();
                assert!(svg.ends_with("</svg>\n") && svg.len() < 200_000, "{}", svg.len());
                assert!(!svg.contains("NaN") && !svg.contains("inf"));
                for text in ["a &lt; b &amp; ", "first", "second", "odd", "bound (dashed)"] {
                    assert!(svg.contains(text), "{text}");
                }
                assert!(!svg.contains("multiplier"));
            }
        }
    }

    #[test]
    fn data_are_points_and_intervals_areas_with_names_in_the_legend() {
        let mut upper = run(10);
        for (_, values) in &mut upper.columns {
            values.iter_mut().for_each(|value| *value *= 10.0);
        }
        let plot = Plot::empty()
            .with_band("interval", run(10), upper)
            .with_points("data", run(10))
            .with_panel("KL", ["kl"]);
        let svg = plot.to_svg().unwrap();
        // eight values that have a logarithm, and the sample of the legend
        assert_eq!(svg.matches("<circle").count(), 8 + 1);
        assert!(svg.contains("<polygon"));
        assert!(svg.contains("interval") && svg.contains("data") && !svg.contains("80 %"));
        let many = Plot::new().with_run("many", run(100_000)).to_svg().unwrap();
        assert!(many.contains("line: median, band: middle 80 %"));
    }

    #[test]
    #[cfg(feature = "png")]
    fn pixels_show_what_the_drawing_shows() {
        let decode = |plot: &Plot| {
            let png = plot.to_png().unwrap();
            assert!(png.len() < 500_000, "{} bytes", png.len());
            tiny_skia::Pixmap::decode_png(&png).unwrap()
        };
        let count = |pixels: &tiny_skia::Pixmap, rgb: [u8; 3], rows: std::ops::Range<usize>| {
            let width = pixels.width() as usize;
            let seen = &pixels.pixels()[rows.start * width..rows.end * width];
            seen.iter().filter(|p| [p.red(), p.green(), p.blue()] == rgb).count()
        };
        let (blue, vermilion, text) = ([0, 114, 178], [213, 94, 0], [34, 34, 34]);
        let plot = Plot::new().with_run("", run(100));
        let bare = decode(&plot);
        assert_eq!((bare.width(), bare.height()), (1920, 2 * 256));
        let all = 0..bare.height() as usize;
        assert!(count(&bare, blue, all.clone()) > 500);
        assert_eq!(count(&bare, vermilion, all.clone()), 0);
        // labels, but nothing above the panel
        assert!(count(&bare, text, all) > 500);
        assert_eq!(count(&bare, text, 0..12), 0);

        // \u{3b7} is in the font, and a character that no font has leaves its mark too
        for title in ["Loss", "\u{3b7}", "\u{10fffd}"] {
            let titled = decode(&plot.clone().with_title(title).with_run("other", run(10)));
            assert!(count(&titled, text, 0..72) > 20, "{title}");
            assert!(count(&titled, vermilion, 72..116) > 100);
        }
    }

    #[test]
    fn the_name_of_a_file_says_what_it_is() {
        let name = format!("arturo-plot-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let plot = Plot::new().with_run("", run(10));
        plot.save(path.with_extension("svg")).unwrap();
        assert!(std::fs::read(path.with_extension("svg")).unwrap().starts_with(b"<svg"));
        std::fs::remove_file(path.with_extension("svg")).unwrap();

        let saved = plot.save(path.with_extension("PNG"));
        #[cfg(feature = "png")]
        {
            saved.unwrap();
            assert!(std::fs::read(path.with_extension("PNG")).unwrap().starts_with(b"\x89PNG"));
            std::fs::remove_file(path.with_extension("PNG")).unwrap();
        }
        #[cfg(not(feature = "png"))]
        assert!(saved.unwrap_err().to_string().ends_with(
            "PNG is a PNG file, which needs the feature `png` of argmin-arturo; enable it, or \
             choose a name that ends in .svg\""
        ));

        let nowhere = path.join("run.svg");
        let text = plot.save(&nowhere).unwrap_err().to_string();
        assert!(text.contains(&format!("cannot write {}: ", nowhere.display())), "{text}");
        assert!(text.ends_with("; check that its directory exists and may be written to\""));
    }

    #[test]
    fn nothing_to_draw_is_an_error_that_says_what_there_was() {
        let plot = Plot::empty().with_run("mine", run(0)).with_panel("x", ["loss"]);
        assert_eq!(
            plot.to_svg().unwrap_err().to_string(),
            "Invalid parameter: \"Plot: no run has a finite value of `loss`; reported were `kl`, \
             `kl_bound`, `odd`\""
        );
    }
}
