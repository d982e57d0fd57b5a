//! Observations, as columns of numbers.

use argmin::core::Error;
use std::io::Write;
use std::path::Path;

/// The observations of a run: a row for an observed iteration, a column for a reported quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Name of the solver; empty for a resumed run, which argmin does not announce.
    pub solver: String,
    /// The observed iterations, from 0, ascending.
    pub iterations: Vec<u64>,
    /// Wall time since the run began, in seconds, for each row.
    pub seconds: Vec<f64>,
    /// The reported quantities: the name under which the solver reports it, such as `gradient_norm`, and a
    /// value for each row; NaN where it was not reported.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl Table {
    /// Adds a column: the name of a quantity, and a value for each row.
    ///
    /// ```
    /// use argmin_arturo::observer::Table;
    ///
    /// let table = Table { iterations: vec![0, 10], ..Table::default() }.with_column("cost", vec![3.0, 2.0]);
    /// assert_eq!(table.column("cost"), Some(&[3.0, 2.0][..]));
    /// ```
    #[must_use]
    pub fn with_column(mut self, name: impl Into<String>, values: Vec<f64>) -> Self {
        self.columns.push((name.into(), values));
        self
    }

    /// The values of a quantity, one for each row, if it was ever reported.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| &**values)
    }

    /// Writes the rows as CSV: `iteration`, `seconds`, then the columns.
    ///
    /// Numbers have all their digits; the field is empty where nothing was reported.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        write!(writer, "iteration,seconds")?;
        for (name, _) in &self.columns {
            write!(writer, ",{}", csv_field(name))?;
        }
        writeln!(writer)?;
        for (row, (iteration, seconds)) in self.iterations.iter().zip(&self.seconds).enumerate() {
            write!(writer, "{iteration},{seconds:.6}")?;
            for (_, values) in &self.columns {
                match values[row] {
                    value if value.is_nan() => write!(writer, ",")?,
                    value => write!(writer, ",{value:e}")?,
                }
            }
            writeln!(writer)?;
        }
        Ok(writer.flush()?)
    }

    /// Writes one JSON object: `solver`, the arrays `iteration` and `seconds`, and `columns`, an
    /// object of arrays.
    ///
    /// Numbers have all their digits. JSON knows neither NaN nor infinities: they become null.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json(&self, mut writer: impl Write) -> Result<(), Error> {
        let array = |values: &mut dyn Iterator<Item = String>| {
            format!("[{}]", values.collect::<Vec<_>>().join(","))
        };
        let number =
            |value: &f64| if value.is_finite() { format!("{value:e}") } else { "null".into() };
        write!(
            writer,
            "{{\"solver\":{},\n\"iteration\":{},\n\"seconds\":{},\n\"columns\":{{",
            json_string(&self.solver),
            array(&mut self.iterations.iter().map(u64::to_string)),
            array(&mut self.seconds.iter().map(number)),
        )?;
        for (i, (name, values)) in self.columns.iter().enumerate() {
            let separator = if i == 0 { "" } else { "," };
            let values = array(&mut values.iter().map(number));
            write!(writer, "{separator}\n{}:{values}", json_string(name))?;
        }
        writeln!(writer, "}}}}")?;
        Ok(writer.flush()?)
    }

    /// Writes [CSV](Self::write_csv) to a file, replacing it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        self.write_csv(&mut bytes)?;
        super::write(path.as_ref(), &bytes)
    }

    /// Writes [JSON](Self::write_json) to a file, replacing it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_json(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        self.write_json(&mut bytes)?;
        super::write(path.as_ref(), &bytes)
    }
}

/// A field, quoted where it has to be (RFC 4180).
fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_string()
}

/// A JSON string (RFC 8259).
fn json_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            solver: "a \"b\"\n".into(),
            iterations: vec![0, 7],
            seconds: vec![0.0, 0.5],
            columns: vec![
                ("kl".into(), vec![0.1, f64::NAN]),
                ("x,y".into(), vec![f64::INFINITY, -1e-300]),
            ],
        }
    }

    fn text(write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn csv_keeps_all_digits_and_leaves_gaps_empty() {
        assert_eq!(
            text(|bytes| table().write_csv(bytes)),
            "iteration,seconds,kl,\"x,y\"\n0,0.000000,1e-1,inf\n7,0.500000,,-1e-300\n"
        );
    }

    #[test]
    fn json_is_read_back() {
        let json: serde_json::Value =
            serde_json::from_str(&text(|bytes| table().write_json(bytes))).unwrap();
        assert_eq!(json["solver"], "a \"b\"\n");
        assert_eq!(json["iteration"][1], 7);
        assert_eq!(json["columns"]["kl"][0], 0.1);
        assert!(json["columns"]["kl"][1].is_null());
        assert_eq!(json["columns"]["x,y"][1], -1e-300);
    }
}
