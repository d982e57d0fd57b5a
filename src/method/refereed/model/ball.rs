//! The KL ball, and the units that distances are in.

/// Squared units of x stay between this and its inverse.
const LEAST_UNIT: f64 = 1e-280;
/// The first radius, in units of the start: never microscopic, where that costs hundreds of draws.
const FIRST_RADIUS: f64 = 1e-2;

/// The radius, the distance travelled, and the metric P = diag(1/u^2) of both. Lengths are root mean squares of
/// d/u.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::method::refereed) struct Ball {
    pub start: Vec<f64>,
    /// u^2.
    pub units: Vec<f64>,
    pub radius: f64,
    /// Distance travelled: the farthest that x has come from the start.
    pub reach: f64,
}

impl Ball {
    pub fn begin(&mut self, x: &[f64], units: &[f64]) {
        let square = |x: f64| (x * x).clamp(LEAST_UNIT, LEAST_UNIT.recip());
        *self = Self {
            start: x.to_vec(),
            units: units.iter().map(|unit| square(*unit)).collect(),
            radius: FIRST_RADIUS,
            reach: FIRST_RADIUS,
        };
    }

    /// The largest length of a step: a distance that has been earned.
    pub fn bound(&self) -> f64 {
        self.radius.min(self.reach)
    }

    pub fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let squares = a.iter().zip(b).zip(&self.units).map(|((a, b), u)| (a - b) * (a - b) / u);
        (squares.sum::<f64>() / a.len() as f64).sqrt()
    }

    /// x has come here.
    pub fn travel(&mut self, x: &[f64]) {
        self.reach = self.reach.max(self.distance(x, &self.start));
    }

    /// x has come here by a way of this length, which has been earned.
    pub fn jump(&mut self, x: &[f64], length: f64) {
        self.travel(x);
        self.radius = length.max(FIRST_RADIUS).min(self.reach);
    }

    /// Whether the sum of these squares, in units of x, is at most that of a step as long as `part` of the distance
    /// travelled.
    pub fn holds(&self, squares: impl Iterator<Item = f64>, part: f64) -> bool {
        let sum: f64 = squares.zip(&self.units).map(|(square, unit)| square / unit).sum();
        sum <= part * part * self.units.len() as f64 * self.reach * self.reach
    }
}
