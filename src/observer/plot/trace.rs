//! The curve of one quantity of one run.

/// A quantity over the x axis, few enough points to draw.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Unbroken stretches.
    pub(super) pieces: Vec<Vec<Point>>,
}

/// A point, or the summary of many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    /// The value, or the median of many; NaN where there is only a band.
    pub(super) y: f64,
    /// The middle 80 % of many, or the ends of a band.
    pub(super) band: [f64; 2],
}

/// Points along the x axis beyond which they are summarized.
const BINS: usize = 160;
/// A line of few points breaks over more rows than this without a value, if they take up more than
/// one part in as many of the axis.
const GAP: usize = 16;

impl Point {
    /// Whether it represents more than one value.
    pub(super) fn is_summary(&self) -> bool {
        self.band[0] < self.band[1]
    }
}

impl Trace {
    /// Values that are not finite are taken as not there. Where many are not, over a stretch of the
    /// axis that can be seen, the line breaks.
    pub(super) fn new(x: &[f64], y: &[f64]) -> Self {
        let seen: Vec<usize> = (0..y.len()).filter(|&row| y[row].is_finite()).collect();
        let (Some(first), Some(last)) = (x.first(), x.last()) else { return Self::default() };
        if seen.len() <= 2 * BINS {
            let far = |&before: &usize, &after: &usize| {
                after - before > GAP && x[after] - x[before] > (last - first) / GAP as f64
            };
            let point = |&row: &usize| Point { x: x[row], y: y[row], band: [y[row]; 2] };
            let pieces = seen.chunk_by(|before, after| !far(before, after));
            return Self {
                pieces: pieces.map(|piece| piece.iter().map(point).collect()).collect(),
            };
        }
        let mut bins = vec![Vec::new(); BINS];
        for (x, y) in seen.into_iter().map(|row| (x[row], y[row])) {
            let bin = (x - first) / (last - first) * BINS as f64;
            bins[(bin as usize).min(BINS - 1)].push((x, y));
        }
        let pieces = bins.split_mut(Vec::is_empty);
        let pieces = pieces.map(|bins| bins.iter_mut().map(|bin| summary(bin)).collect());
        Self { pieces: pieces.filter(|piece: &Vec<Point>| !piece.is_empty()).collect() }
    }

    /// The area between two lines, where both are there; it has no line of its own.
    pub(super) fn band(x: &[f64], lower: &[f64], upper: &[f64]) -> Self {
        let rows = x.iter().zip(lower.iter().zip(upper));
        let area = |(&x, (&low, &high)): (&f64, (&f64, &f64))| {
            let is_there = low.is_finite() && high.is_finite();
            is_there.then_some(Point { x, y: f64::NAN, band: [low, high] })
        };
        let rows: Vec<Option<Point>> = rows.map(area).collect();
        let pieces = rows.split(Option::is_none).filter(|piece| !piece.is_empty());
        Self { pieces: pieces.map(|piece| piece.iter().flatten().copied().collect()).collect() }
    }

    pub(super) fn points(&self) -> impl Iterator<Item = &Point> {
        self.pieces.iter().flatten()
    }
}

/// The summary of at least one point.
fn summary(seen: &mut [(f64, f64)]) -> Point {
    let x = seen[seen.len() / 2].0;
    seen.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    let quantile = |q: f64| seen[(q * (seen.len() - 1) as f64).round() as usize].1;
    Point { x, y: quantile(0.5), band: [quantile(0.1), quantile(0.9)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_become_medians_with_a_band() {
        let x: Vec<f64> = (0..32_000).map(f64::from).collect();
        let mut y: Vec<f64> = x.iter().map(|x| x % 11.0).collect();
        // without values, or without a finite one, there is no line
        y[8_000..16_000].fill(f64::NAN);
        y[24_000..].fill(f64::NEG_INFINITY);
        let trace = Trace::new(&x, &y);
        assert_eq!(trace.pieces.iter().map(Vec::len).collect::<Vec<_>>(), [40, 40]);
        for point in trace.points() {
            assert!(point.band[0] == 1.0 && point.y == 5.0 && point.band[1] == 9.0, "{point:?}");
        }
    }

    #[test]
    fn a_band_is_where_both_its_ends_are() {
        let trace =
            Trace::band(&[0.0, 1.0, 2.0, 3.0], &[1.0, f64::NAN, 3.0, 4.0], &[2.0, 2.0, 4.0, 5.0]);
        assert_eq!(trace.pieces.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(trace.pieces[1][1].band, [4.0, 5.0]);
    }

    #[test]
    fn few_points_are_drawn_as_they_are() {
        let y = [1.0, f64::NEG_INFINITY, 3.0, f64::NAN, 5.0];
        let trace = Trace::new(&[0.0, 1.0, 2.0, 3.0, 4.0], &y);
        let drawn: Vec<(f64, f64)> = trace.points().map(|point| (point.x, point.y)).collect();
        assert_eq!((trace.pieces.len(), drawn), (1, vec![(0.0, 1.0), (2.0, 3.0), (4.0, 5.0)]));
        assert!(Trace::new(&[0.0], &[f64::NAN]).pieces.is_empty());
        assert!(Trace::new(&[], &[]).pieces.is_empty());
    }

    #[test]
    fn rare_points_are_not_joined() {
        let x: Vec<f64> = (0..1000).map(f64::from).collect();
        let mut y = vec![0f64.log10(); 1000];
        for row in [0, 1, 2, 60, 500, 999] {
            y[row] = 1.0;
        }
        let lengths = |trace: Trace| trace.pieces.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(Trace::new(&x, &y)), [4, 1, 1]);
        // without rows in between they cannot be distinguished
        assert_eq!(lengths(Trace::new(&[0.0, 1.0, 1000.0], &[1.0, 2.0, 3.0])), [3]);
    }
}
