//! Tables for a notebook.

use super::{Solution, Verdict};
use crate::param::ParamVec;
use std::fmt;

/// Coordinates that a table shows: all of a small problem, else those at the ends.
const SHOWN: usize = 20;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => write!(f, "converged"),
            Self::NoiseLimited { more_draws_for_half_error } => {
                write!(f, "noise-limited; {more_draws_for_half_error} more draws halve the error")
            }
            Self::StillMoving => {
                write!(f, "still moving: do not trust the errors yet; run longer or certify")
            }
            Self::Stalled => write!(f, "stalled: no step is accepted"),
            Self::HessianUnknown { more_hessian_draws } => write!(
                f,
                "Hessian too uncertain; about {more_hessian_draws} more draws of it are needed"
            ),
        }
    }
}

/// Writes a table of `len` lines, in the middle of a long one dots; `cell` writes an entry of a line.
pub(super) fn table(
    f: &mut fmt::Formatter<'_>,
    header: &[&str],
    len: usize,
    row: impl Fn(usize) -> Vec<String>,
) -> fmt::Result {
    write!(f, "{:>6}", "i")?;
    header.iter().try_for_each(|name| write!(f, " {name:>14}"))?;
    writeln!(f)?;
    for i in 0..len {
        if len > SHOWN && (SHOWN / 2..len - SHOWN / 2).contains(&i) {
            if i == SHOWN / 2 {
                writeln!(f, "{:>6}", "...")?;
            }
            continue;
        }
        write!(f, "{i:>6}")?;
        row(i).iter().try_for_each(|cell| write!(f, " {cell:>14}"))?;
        writeln!(f)?;
    }
    Ok(())
}

/// Five significant digits, as a plain number where it is not too long; "unknown" if it is not finite.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return "unknown".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&magnitude) {
        return format!("{value:.4e}");
    }
    let decimals = 4 - magnitude.log10().floor() as i32;
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// A table with a line for each coordinate (of more than 20 the first and last ten), and the gain
/// and verdict below.
impl<P: ParamVec> fmt::Display for Solution<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.coordinates().map_err(|_| fmt::Error)?;
        table(f, self.header(), x.len(), |i| self.row(i, x[i]))?;
        write!(f, "{}", self.summary())
    }
}

impl<P> Solution<P> {
    /// What the cells of [`row`](Self::row) are.
    pub(crate) fn header(&self) -> &'static [&'static str] {
        let all = &["x", "std. error", "gradient", "std. error", "R-hat"];
        if self.r_hat.is_some() { all } else { &all[..4] }
    }

    /// The texts of a coordinate at x.
    pub(crate) fn row(&self, i: usize, x: f64) -> Vec<String> {
        let [gradient, error] = [self.gradient[i], self.gradient_error[i]].map(number);
        let mut row = vec![number(x), self.error_text(i), gradient, error];
        row.extend(self.r_hat.as_ref().map(|r_hat| number(r_hat[i])));
        row
    }

    /// The standard error of a coordinate, or the bound that it is on.
    fn error_text(&self, i: usize) -> String {
        match [self.is_on_lower_bound(i), self.is_on_upper_bound(i)] {
            [false, false] => number(self.standard_error[i]),
            [true, false] => "on lower bound".into(),
            [false, true] => "on upper bound".into(),
            [true, true] => "fixed".into(),
        }
    }

    /// Gain, draws and verdict, a line each.
    pub(crate) fn summary(&self) -> String {
        let (gain, bound) = (self.predicted_gain, self.predicted_gain_bound);
        let (draws, verdict) = (self.draw_count, &self.verdict);
        if bound.is_infinite() {
            let errors = if gain.is_finite() {
                "errors by the path of the answer, for the Hessian is not known (by default never above 200 \
                 coordinates): they do not see directions in which the run is slow"
            } else {
                "no errors: the Hessian is not known; `certify` measures it"
            };
            return format!("{errors}\n{draws} draws\nverdict: {verdict}");
        }
        let effective = match self.effective_draws {
            Some(effective) => format!(" ({effective:.0} effective)"),
            None => " without noise".into(),
        };
        format!(
            "f above its minimum by about {gain:.2e}, below {bound:.2e} (95 %)\n\
             {draws} draws{effective}\nverdict: {verdict}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_are_not_known_are_no_infinite_numbers() {
        let solution = Solution {
            param: vec![1.0],
            standard_error: vec![f64::INFINITY],
            r_hat: None,
            gradient: vec![f64::NAN],
            gradient_error: vec![f64::INFINITY],
            curvature: vec![f64::NAN],
            curvature_error: vec![f64::NAN],
            predicted_gain: f64::INFINITY,
            predicted_gain_bound: f64::INFINITY,
            effective_draws: Some(0.0),
            draw_count: 100,
            verdict: Verdict::StillMoving,
            on_bounds: Vec::new(),
        };
        assert_eq!(
            solution.summary(),
            "no errors: the Hessian is not known; `certify` measures it\n100 draws\nverdict: still \
             moving: do not trust the errors yet; run longer or certify"
        );
    }
}
