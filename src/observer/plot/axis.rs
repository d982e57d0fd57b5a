//! Axes: positions and labels of their ticks.

/// An axis in drawing coordinates: values, or their decadic logarithms.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Positions with labels.
    pub(super) ticks: Vec<(f64, String)>,
    /// Positions of faint lines.
    pub(super) minor: Vec<f64>,
}

/// How many labels an axis has, about.
const TICKS: f64 = 5.0;

impl Axis {
    /// An axis around finite positions from `low` to `high`, with a margin on either side.
    pub(super) fn new(low: f64, high: f64, margin: f64, logarithmic: bool) -> Self {
        // a constant needs a width all the same
        let least = if logarithmic { 0.2 } else { 1e-3 * low.abs().max(high.abs()).max(1e-300) };
        let missing = 0.5 * (least - (high - low)).max(0.0);
        let (low, high) = (low - missing, high + missing);
        let margin = margin * (high - low);
        let (from, to) = (low - margin, high + margin);
        let (ticks, minor) = if logarithmic { decades(from, to) } else { linear(from, to) };
        Self { from, to, ticks, minor }
    }

    /// The label at a position.
    pub(super) fn label(&self, position: f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| *at == position);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

type Ticks = (Vec<(f64, String)>, Vec<f64>);

fn linear(from: f64, to: f64) -> Ticks {
    let step = nice_step((to - from) / TICKS);
    let count = |x: f64| (x / step).ceil() as i64;
    let positions = (count(from)..=(to / step).floor() as i64).map(|k| k as f64 * step);
    (positions.map(|x| (x, number(x, step))).collect(), Vec::new())
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `step`, up to rounding.
fn nice_step(step: f64) -> f64 {
    let decade = 10f64.powf(step.log10().floor());
    let nice = [1.0, 2.0, 5.0].map(|factor| factor * decade);
    nice.into_iter().find(|x| *x >= step * (1.0 - 1e-9)).unwrap_or(10.0 * decade)
}

/// Ticks at powers of ten; at 1, 2 and 5 times those where there are few; at round numbers where
/// the axis is shorter still.
fn decades(from: f64, to: f64) -> Ticks {
    let (first, last) = (from.ceil() as i32, to.floor() as i32);
    let position = |factor: f64, decade: i32| f64::from(decade) + factor.log10();
    let inside = |x: &f64| (from..=to).contains(x);
    let within = |factors: &'static [f64]| {
        (first - 1..=last).flat_map(move |decade| factors.iter().map(move |f| (*f, decade)))
    };
    let fine = || {
        let all = within(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        all.map(|(factor, decade)| position(factor, decade)).filter(inside).collect()
    };
    if last - first >= 2 {
        let stride = ((f64::from(last - first) + 1.0) / (TICKS + 1.0)).ceil() as i32;
        let labelled = |decade: &i32| decade.rem_euclid(stride) == 0;
        let ticks = (first..=last).filter(labelled).map(|k| (f64::from(k), power(k))).collect();
        let minor = if last - first <= 3 {
            fine()
        } else {
            (first..=last).filter(|k| !labelled(k)).map(f64::from).collect()
        };
        return (ticks, minor);
    }
    let ticks: Vec<(f64, String)> = within(&[1.0, 2.0, 5.0])
        .map(|(factor, decade)| (position(factor, decade), factor * 10f64.powi(decade)))
        .filter(|(at, _)| inside(at))
        .map(|(at, value)| (at, number(value, value)))
        .collect();
    if ticks.len() > 2 {
        return (ticks, fine());
    }
    let (ticks, _) = linear(10f64.powf(from), 10f64.powf(to));
    (ticks.into_iter().map(|(value, label)| (value.log10(), label)).collect(), Vec::new())
}

/// A number to the digits that steps of `step` need.
fn number(value: f64, step: f64) -> String {
    let decade = step.abs().log10().floor() as i32;
    if value == 0.0 {
        "0".into()
    } else if (-4..6).contains(&(value.abs().log10().floor() as i32)) {
        format!("{value:.*}", usize::try_from(-decade).unwrap_or(0))
    } else {
        let exponent = value.abs().log10().floor() as i32;
        let digits = usize::try_from(exponent - decade).unwrap_or(0);
        match format!("{:.digits$}", value / 10f64.powi(exponent)) {
            one if one == "1" => power(exponent),
            mantissa => format!("{mantissa}\u{b7}{}", power(exponent)),
        }
    }
}

/// A power of ten, such as 10⁻³.
fn power(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = exponent.unsigned_abs().to_string();
    let digits = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
    let sign = (exponent < 0).then_some('⁻');
    "10".chars().chain(sign).chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| &**label).collect()
    }

    #[test]
    fn labels_are_round_and_few_whatever_the_range() {
        let linear = |low, high| Axis::new(low, high, 0.0, false);
        assert_eq!(labels(&linear(0.0, 20_000.0)), ["0", "5000", "10000", "15000", "20000"]);
        assert_eq!(labels(&linear(-0.1, 0.1)), ["-0.10", "-0.05", "0", "0.05", "0.10"]);
        assert_eq!(labels(&linear(1900.0, 1920.0)), ["1900", "1905", "1910", "1915", "1920"]);
        assert_eq!(labels(&linear(7.0, 7.0)), ["6.998", "7.000", "7.002"]);
        assert_eq!(labels(&linear(2.5e-9, 5.1e-9)), ["3·10⁻⁹", "4·10⁻⁹", "5·10⁻⁹"]);

        let log = |low: f64, high: f64| Axis::new(low.log10(), high.log10(), 0.0, true);
        assert_eq!(labels(&log(1e-3, 1e1)), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        assert_eq!(labels(&log(0.15, 3.0)), ["0.2", "0.5", "1", "2"]);
        assert_eq!(labels(&log(0.42, 0.47)), ["0.40", "0.45", "0.50", "0.55"]);
        assert_eq!(labels(&log(1e-12, 1e12)).len(), 5);
    }

    #[test]
    fn every_range_has_labels_inside_it() {
        for low in -12..12 {
            for width in [0.0, 1e-3, 0.1, 0.5, 1.0, 1.9, 3.0, 20.0] {
                for logarithmic in [true, false] {
                    let low = 0.7 * f64::from(low);
                    let axis = Axis::new(low, low + width, 0.05, logarithmic);
                    assert!((2..=9).contains(&axis.ticks.len()), "{axis:?}");
                    let inside = |x: f64| (axis.from..=axis.to).contains(&x);
                    assert!(axis.ticks.iter().all(|(x, _)| inside(*x)), "{axis:?}");
                    assert!(axis.minor.iter().all(|x| inside(*x)), "{axis:?}");
                }
            }
        }
    }
}
