//! The foundation: first-order steps in a KL ball whose radius is the distance travelled.

use super::scaling::RandomScaling;
use crate::bounds::BoxBounds;
use crate::kernel::{zero_of_square, zip_map_sum};
use crate::method::Evidence;
use crate::param::Scalar;

/// The first radius, in units of the start. After 300 draws 1e-2 leaves the new families of the suite at 1.8,
/// 3e-2 at 1.3 and 1e-1 at 1.1 times the gap of Adam's best of ten; after 3000 it makes no difference there, and
/// on the old ones the mean log10 is -1.46, -1.30 and -1.18.
const FIRST_RADIUS: f64 = 3e-2;
/// p of the weights t^p of the average: this much at first, to forget the way, and 1 in the end, for the
/// noise of the answer is (p + 1)^2 / (2p + 1) times the least (Shamir and Zhang 2013).
const FIRST_EXPONENT: f64 = 2.0;
/// p is 1 + 20 / sqrt(t), at most the first one.
const EXPONENT_FALL: f64 = 20.0;
/// Steps after which the radius begins to fall.
const FALL: f64 = 1000.0;
/// Its power: steps fall as t^-(2/3) in the end. Averages reach the limit between t^-(1/2) and t^-1
/// (Polyak and Juditsky 1992).
const FALL_EXPONENT: f64 = 1.0 / 6.0;
/// A gradient that outweighs all before by this factor tells of a cliff: in the metric of its squares x
/// would stand still where it has fallen to. Of 196 problems with a limit the median gap is 2.9 times it without
/// this, 2.6 with 10, 2.7 with 3, 3.8 with 1 and 2.9 with 100.
const CLIFF: f64 = 10.0;
/// Among the first draws chance does as much: one normal draw outweighs t others by q^(-2/t) with a
/// probability of about q.
const CHANCE: f64 = 1e-2;

/// AdaGrad with the distance of DoG (Ivgi, Hinder and Carmon 2023), averaged.
///
/// ```text
/// a   <- x - (t - 1) / (p + t) (x - a),    t = 1, 2, ...
/// s_i <- s_i + g_i^2,    x_i <- x_i - r c u_i g_i / sqrt(s_i),    c = (1 + t / 1000)^-(1/6)
/// r   <- max(r, root mean square of (x - x0) / u)
/// ```
///
/// In the terms of the crate it is the step -P^-1 g with the precision P = diag(sqrt s / u) / (r c). It
/// has no rate, knows no budget, and draws each gradient once. The first step of a coordinate is r of its
/// units long, whatever the size of its gradient. Where a drawn gradient is longer than all before,
/// (sum u |g|)^2 > 10 sum of these squares, x has fallen over a cliff, and comes back to a.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Foundation<F> {
    /// x0.
    start: Vec<F>,
    /// u; of length 1 where all coordinates have the same, so that a step reads an array less.
    units: Vec<F>,
    /// s.
    squares: Vec<F>,
    /// r.
    radius: f64,
    /// t.
    count: u64,
    /// Sum of (sum u |g|)^2 over the draws.
    slopes: f64,
    /// What the average has passed through.
    path: RandomScaling<F>,
}

impl<F: Scalar> Foundation<F> {
    /// Starts a run at x, whose coordinates have these units.
    pub fn begin(&mut self, x: &[F], units: Vec<F>) {
        let is_one = units.iter().all(|u| *u == units[0]);
        self.units = if is_one { vec![units[0]] } else { units };
        self.restart(x, 1.0);
    }

    /// Starts anew at x, after a way of this length in units of x.
    pub fn restart(&mut self, x: &[F], way: f64) {
        self.start.clear();
        self.start.extend_from_slice(x);
        self.squares.clear();
        self.squares.resize(x.len(), F::zero());
        self.radius = FIRST_RADIUS * way;
        self.count = 0;
        self.slopes = 0.0;
        self.path.begin(x.len());
    }

    /// The average begins anew at x.
    pub fn forget(&mut self, x: &[F], average: &mut [F]) {
        average.copy_from_slice(x);
        self.count = 0;
        self.path.begin(x.len());
    }

    pub fn start(&self) -> &[F] {
        &self.start
    }

    /// What the path says of the average, without a model of f.
    ///
    /// With the covariance V of the average and S of a draw, the noise of f is tr(H V) / 2 = tr(H^-1 S) / 2t, by Cauchy and
    /// Schwarz no more than half of the sum of sqrt(V_ii S_ii / t).
    pub fn evidence(&self, average: &[F]) -> Evidence {
        let mut evidence = self.path.evidence(average, self.count as f64, self.exponent());
        if evidence.averaged.is_some() {
            let squares = self.squares.iter().map(|s| s.to_f64_exact());
            let energies = evidence.variance.iter().zip(squares).map(|(v, s)| (v * s).sqrt());
            evidence.noise[0] = energies.sum::<f64>() / self.count as f64;
        }
        evidence
    }

    /// By how much the path is wider than a model with these variances of the average says, at least 1.
    pub fn excess(&self, average: &[F], variance: &[f64]) -> f64 {
        self.path.excess(average, self.count as f64, self.exponent(), variance)
    }

    /// p of the average's weights t^p.
    pub fn exponent(&self) -> f64 {
        (1.0 + EXPONENT_FALL / (self.count as f64).sqrt()).min(FIRST_EXPONENT)
    }

    /// The sum of u |g|; none where a coordinate of g is not finite, or too large to be squared.
    pub fn slope(&self, gradient: &[F]) -> Option<f64> {
        let look = |g: F, u: F| ([], [(u * g).abs(), zero_of_square(g)]);
        let [slope, zero] = match self.units[..] {
            [u] => zip_map_sum([gradient], [], move |[g], []| look(g, u)),
            _ => zip_map_sum([gradient, &self.units], [], move |[g, u], []| look(g, u)),
        };
        (zero == 0.0).then_some(slope)
    }

    /// Whether a gradient with this sum of u |g| tells of a cliff.
    fn has_fallen(&mut self, slope: f64) -> bool {
        let square = slope * slope;
        let limit = CLIFF.max(CHANCE.powf(-2.0 / self.count as f64));
        let most = limit * self.slopes;
        let has_fallen = self.slopes > 0.0 && square > most;
        // a second one of that size is none, for draws may be 0 for long
        self.slopes += if has_fallen { most } else { square };
        has_fallen
    }

    /// Takes x into the average, and moves it by the gradient drawn there, whose [`slope`](Self::slope) is known, within
    /// bounds, if any; or comes back from a cliff. Returns the step's length, none where it came back.
    pub fn step(
        &mut self,
        x: &mut [F],
        average: &mut [F],
        (gradient, slope): (&[F], f64),
        bounds: Option<&BoxBounds<F>>,
    ) -> Option<f64> {
        if self.has_fallen(slope) {
            self.retreat(x, average);
            return None;
        }
        self.count += 1;
        let count = self.count as f64;
        let scale = (1.0 + count / FALL).powf(-FALL_EXPONENT);
        let radius = F::from_f64_lossy(scale * self.radius);
        let exponent = self.exponent();
        let rest = F::from_f64_lossy((count - 1.0) / (exponent + count));
        let walk = move |[g, x0, u]: [F; 3], [x, a, s]: [F; 3]| {
            let s = (s + g * g).min(F::max_value());
            // chosen when it is there: with a branch the compiler makes no vectors of the loop
            let d = -radius * u * (g / s.sqrt());
            let d = if s > F::zero() { d } else { F::zero() };
            // x is inside of the domain, for its gradient is finite
            let a = x - rest * (x - a);
            let x = x + d;
            let from_start = (x - x0) / u;
            ([x, a, s], [from_start * from_start, d * d])
        };
        let state = [&mut *x, average, &mut self.squares];
        let [mut far, moved] = match self.units[..] {
            [u] => zip_map_sum([gradient, &self.start], state, move |[g, x0], state| {
                walk([g, x0, u], state)
            }),
            _ => zip_map_sum([gradient, &self.start, &self.units], state, walk),
        };
        if let Some(bounds) = bounds {
            bounds.clip_all(x);
            let square = |x: F, x0: F, u: F| (x - x0) / u * ((x - x0) / u);
            [far] = match self.units[..] {
                [u] => {
                    zip_map_sum([x, &self.start], [], move |[x, x0], []| ([], [square(x, x0, u)]))
                }
                _ => zip_map_sum([x, &self.start, &self.units], [], |[x, x0, u], []| {
                    ([], [square(x, x0, u)])
                }),
            };
        }
        let distance = (far / gradient.len() as f64).sqrt();
        if distance.is_finite() {
            self.radius = self.radius.max(distance);
        }
        self.path.take_in(average, self.count);
        Some(moved.sqrt())
    }

    /// Comes back to the average from a point outside of the domain: the distance travelled counts from there,
    /// and half of the radius.
    pub fn retreat(&mut self, x: &mut [F], average: &[F]) {
        x.copy_from_slice(average);
        self.start.copy_from_slice(average);
        self.radius *= 0.5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step<F: Scalar>(
        foundation: &mut Foundation<F>,
        x: &mut [F],
        average: &mut [F],
        gradient: &[F],
        bounds: Option<&BoxBounds<F>>,
    ) -> Option<f64> {
        let slope = foundation.slope(gradient).unwrap();
        foundation.step(x, average, (gradient, slope), bounds)
    }

    #[test]
    fn the_first_step_of_each_coordinate_is_the_radius() {
        let (mut x, mut average) = (vec![3.0f64, -4.0, 0.0], vec![0.0; 3]);
        let mut foundation = Foundation::default();
        foundation.begin(&x, vec![3.0, 4.0, 1.0]);
        let norm = step(&mut foundation, &mut x, &mut average, &[1e6, -1e-6, 0.0], None);
        for (x, expected) in x.iter().zip([2.91, -3.88, 0.0]) {
            assert!((x - expected).abs() < 1e-4, "{x} is not {expected}");
        }
        assert_eq!(average, [3.0, -4.0, 0.0], "the first point is the average");
        assert!((norm.unwrap() - 0.15).abs() < 1e-4);
    }

    #[test]
    fn the_average_has_the_stated_weights() {
        let (mut x, mut average) = (vec![0.0f64], vec![0.0]);
        let mut foundation = Foundation::default();
        foundation.begin(&x, vec![1.0]);
        let (mut sum, mut weights) = (0.0, 0.0);
        // p = 2 up to 400 draws
        for t in 1..=400 {
            let weight = f64::from(t * (t + 1));
            sum += weight * x[0];
            weights += weight;
            let gradient = [if t % 3 == 0 { 1.0 } else { -1.0 }];
            step(&mut foundation, &mut x, &mut average, &gradient, None);
        }
        assert!((average[0] / (sum / weights) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn x_comes_back_from_a_cliff() {
        // a bowl about 1 that ends at 0.5
        let slope = |x: f64| if x > 0.5 { 1e6 } else { x - 1.0 };
        let (mut x, mut average) = (vec![0.0f64], vec![0.0]);
        let mut foundation = Foundation::default();
        foundation.begin(&x, vec![1.0]);
        let (mut fall_count, mut last) = (0, 0.0);
        for _ in 0..200 {
            let gradient = [slope(x[0])];
            if step(&mut foundation, &mut x, &mut average, &gradient, None).is_none() {
                fall_count += 1;
                assert_eq!(x, average);
            }
            last = average[0];
        }
        assert!(fall_count > 0 && (0.2..0.5).contains(&last), "{fall_count} falls, at {last}");
    }

    #[test]
    fn one_unit_gives_the_bits_of_many_that_are_equal() {
        let bounds = BoxBounds::new("test", vec![-0.1f32; 70], vec![0.1; 70]).unwrap();
        for bounds in [None, Some(&bounds)] {
            let [one, many] = [1, 70].map(|unit_count| {
                let (mut x, mut average) = (vec![0.0f32; 70], vec![0.0f32; 70]);
                let mut foundation = Foundation::default();
                foundation.begin(&x, vec![0.3; 70]);
                foundation.units.resize(unit_count, 0.3);
                for t in 0..50 {
                    let gradient: Vec<f32> = (0..70).map(|i| ((i * t) as f32).sin()).collect();
                    step(&mut foundation, &mut x, &mut average, &gradient, bounds);
                }
                (x, average, foundation.radius)
            });
            assert!(one == many);
        }
    }

    #[test]
    fn the_radius_is_the_distance_travelled() {
        let (mut x, mut average) = (vec![0.0f32; 2], vec![0.0f32; 2]);
        let mut foundation = Foundation::default();
        foundation.begin(&x, vec![1.0; 2]);
        let mut farthest = FIRST_RADIUS;
        for _ in 0..50 {
            step(&mut foundation, &mut x, &mut average, &[1.0, 0.0], None);
            farthest = f64::max(farthest, f64::from(x[0].abs()) / 2f64.sqrt());
        }
        assert!((foundation.radius / farthest - 1.0).abs() < 1e-6);
        assert!(farthest > 0.1, "{farthest}");
    }
}
