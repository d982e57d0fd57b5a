//! The Hessian model of the self-calibrating method: limited-memory BFGS on an RLS diagonal.

use crate::dual::{DualSolution, DualSolver, DualValue};
use crate::kernel::zip_map_sum;
use crate::model::{positive_curvature, tiny_curvature};
use crate::param::Scalar;
use crate::touch;
use std::array::from_fn;

/// Secant pairs kept. On 274 problems 1, 2, 3, 5 and 10 pairs ended a mean factor of 4.1, 5.7, 6.6,
/// 7.8 and 8.0 below the best of ten Adam runs; none at all 1.3 above.
pub(super) const PAIRS: usize = 5;

/// B = diag(q), updated by BFGS with the last pairs (s, y) of steps and changes of the gradient.
///
/// The trust-region step needs (B + eta P)^-1 for the metric P. BFGS with the pairs
/// (s, y~ = y + eta P s) on D = diag(q + eta p) gives it to the accuracy of the model: every secant
/// equation of B + eta P holds. The two loops of L-BFGS (Nocedal and Wright, algorithm 7.4) run on
/// inner products instead of vectors, as in Chen, Wang and Zhou 2014 (*Large-scale L-BFGS using
/// MapReduce*), so that a product with (B + eta P)^-1 reads the pairs twice, not twelve times.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct SecantModel<F> {
    /// q: root mean square slope of the gradient along the steps, f/x^2; 0 where no step has moved
    /// x yet.
    pub curvature: Vec<F>,
    /// Weight of the steps that q is the mean of.
    weight: Vec<F>,
    /// Pairs, the newest at the end; without content they are 0.
    pairs: [Pair<F>; PAIRS],
    /// s_i'y_j for i <= j.
    secants: Gram,
    /// Steps learned from.
    count: u64,
    /// Curvature in units of the metric, y's / s'Ps, of the last step: what is taken for q/p where
    /// q is not known. 0 where all q are known.
    unknown: f64,
    /// What of the inverse is known for this state of the model.
    #[cfg_attr(feature = "serde1", serde(skip))]
    known: Known,
}

/// A shift that follows from the rest of the model: a checkpoint leaves it out, and models are
/// equal with and without it.
#[derive(Clone, Debug, Default)]
struct Known(Option<Shift>);

impl PartialEq for Known {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

/// A step s and the change y of the gradient along it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Pair<F> {
    step: Vec<F>,
    change: Vec<F>,
}

/// Inner products of pairs: the triangle i <= j of a square, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
struct Gram([f64; TRIANGLE]);

const TRIANGLE: usize = PAIRS * (PAIRS + 1) / 2;

impl Gram {
    /// Place of the entry of i and j.
    const fn index(i: usize, j: usize) -> usize {
        let (i, j) = if i < j { (i, j) } else { (j, i) };
        j * (j + 1) / 2 + i
    }

    /// The first pair goes, and a new one comes at the end.
    fn append(&mut self, column: &[f64; PAIRS]) {
        for j in 1..PAIRS {
            for i in 1..=j {
                self.0[Self::index(i - 1, j - 1)] = self.at(i, j);
            }
        }
        self.0[Self::index(0, PAIRS - 1)..].copy_from_slice(column);
    }

    /// The first pair is 0 from now on.
    fn clear_first(&mut self) {
        for j in 0..PAIRS {
            self.0[Self::index(0, j)] = 0.0;
        }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.0[Self::index(i, j)]
    }
}

/// What (B + eta P)^-1 is made of at one multiplier eta, whatever it is applied to.
#[derive(Clone, Debug)]
struct Shift {
    multiplier: f64,
    /// s_i'y~_j for i <= j.
    secants: Gram,
    /// y~_i'D^-1 y~_j.
    changes: Gram,
}

/// Inner products of a vector v: s_j'v, y~_j'D^-1 v and v'D^-1 v.
struct Products {
    steps: [f64; PAIRS],
    changes: [f64; PAIRS],
    square: f64,
}

/// (B + eta P)^-1 v = D^-1 (v - sum changes_j y~_j) + sum steps_j s_j.
struct Coefficients {
    steps: [f64; PAIRS],
    changes: [f64; PAIRS],
}

impl Shift {
    /// The two loops of L-BFGS.
    fn solve(&self, products: &Products) -> Coefficients {
        let mut solution = Coefficients { steps: [0.0; PAIRS], changes: [0.0; PAIRS] };
        let has_content = |j| self.secants.at(j, j) > 0.0;
        for j in (0..PAIRS).rev().filter(|&j| has_content(j)) {
            let newer = (j + 1..PAIRS).map(|i| solution.changes[i] * self.secants.at(j, i));
            let product = products.steps[j] - newer.sum::<f64>();
            solution.changes[j] = product / self.secants.at(j, j);
        }
        for j in (0..PAIRS).filter(|&j| has_content(j)) {
            let all = (0..PAIRS).map(|i| solution.changes[i] * self.changes.at(i, j));
            let older = (0..j).map(|i| solution.steps[i] * self.secants.at(i, j));
            let product = products.changes[j] - all.sum::<f64>() + older.sum::<f64>();
            solution.steps[j] = solution.changes[j] - product / self.secants.at(j, j);
        }
        solution
    }

    /// v'(B + eta P)^-1 v.
    fn square(&self, products: &Products) -> f64 {
        let Coefficients { steps, changes } = self.solve(products);
        let dot = |a: &[f64; PAIRS], b: &[f64; PAIRS]| -> f64 {
            std::iter::zip(a, b).map(|(a, b)| a * b).sum()
        };
        products.square - dot(&changes, &products.changes) + dot(&steps, &products.steps)
    }
}

/// Where a pass over all pairs finds q, p and other vectors, after steps and changes.
const Q: usize = 2 * PAIRS;
const P: usize = Q + 1;
const A: usize = Q + 2;
const B: usize = Q + 3;

/// What is learned from one step.
pub(super) struct Secant<'a, F> {
    pub step: &'a [F],
    /// Gradient before and after the step, at one draw.
    pub gradients: [&'a [F]; 2],
    /// rho, the share of draws with a gradient.
    pub touched: &'a [F],
    /// There are no other draws.
    pub is_exact: bool,
    /// B s, the change that the model predicted, is `-m - eta P s`.
    pub prediction: Prediction<'a, F>,
    /// Part of the measured change in the pair; the rest is the predicted one.
    pub trust: f64,
    /// -m's: the unit in which steps of different size are comparable.
    pub unit: f64,
    /// Forgetting of the diagonal.
    pub forgetting: f64,
}

/// What one draw expects the change of the gradient to be, none where it is silent.
#[inline(always)]
pub(super) fn change<F: Scalar>(is_exact: bool, before: F, after: F, rho: F) -> Option<F> {
    if is_exact { Some(after - before) } else { touch::change(before, after, rho) }
}

/// The predicted change B d = -m - eta P d of the gradient along the step d; 0 without a model.
#[derive(Clone, Copy)]
pub(super) struct Prediction<'a, F> {
    pub gradient: &'a [F],
    pub precision: &'a [F],
    pub scale: F,
    pub multiplier: F,
}

impl<F: Scalar> Prediction<'_, F> {
    /// One coordinate.
    #[inline(always)]
    pub fn change(scale: F, multiplier: F, m: F, p: F, d: F) -> F {
        -scale * (m + multiplier * p * d)
    }
}

impl<F: Scalar> SecantModel<F> {
    /// Starts anew in n dimensions.
    pub fn reset(&mut self, len: usize) {
        let zeros = || vec![F::zero(); len];
        *self = Self {
            curvature: zeros(),
            weight: zeros(),
            pairs: from_fn(|_| Pair { step: zeros(), change: zeros() }),
            ..Self::default()
        };
    }

    /// Steps learned from; without any there is no model.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The diagonal of B + eta P.
    pub fn diagonal(&self, multiplier: f64) -> Diagonal<F> {
        Diagonal {
            eta: F::from_f64_lossy(multiplier),
            unknown: F::from_f64_lossy(self.unknown),
            tiny: tiny_curvature(),
        }
    }

    /// Forgets all pairs; the diagonal stays.
    pub fn forget_pairs(&mut self) {
        self.pairs.iter_mut().for_each(Pair::clear);
        self.secants = Gram::default();
        self.known.0 = None;
    }

    /// Frees what only steps of this model need.
    pub fn forget_all_but_diagonal(&mut self) {
        *self = Self { curvature: std::mem::take(&mut self.curvature), ..Self::default() };
    }

    /// q/p where q is not known.
    pub fn unknown(&self) -> f64 {
        self.unknown
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        self.forget_pairs();
        self.weight.fill(F::zero());
        self.count = 0;
    }

    /// The metric P has changed.
    pub fn forget_metric(&mut self) {
        // B alone does not depend on it, but for coordinates of unknown curvature
        let is_free = self.unknown == 0.0;
        self.known.0 = self.known.0.take().filter(|shift| is_free && shift.multiplier == 0.0);
    }

    pub fn learn(&mut self, secant: &Secant<'_, F>) {
        self.count += 1;
        self.known.0 = None;
        let constant = F::from_f64_lossy;
        let keep = constant(1.0 - secant.forgetting.max(1.0 / self.count as f64));
        let (unit, tiny) = (constant(1.0 / secant.unit), F::min_positive_value());
        let [before, after] = secant.gradients;
        let is_exact = secant.is_exact;
        let (least, one, zero) = (tiny_curvature::<F>(), F::one(), F::zero());
        let [bend, square, unknown_count] = zip_map_sum(
            [secant.step, before, after, secant.prediction.precision, secant.touched],
            [&mut self.weight, &mut self.curvature],
            |[d, before, after, p, rho], [w, q]| {
                let Some(y) = change(is_exact, before, after, rho) else {
                    return ([w, q], [zero, zero, if q == zero { one } else { zero }]);
                };
                let old = keep * w;
                let new = old + unit * d * d;
                let square = old * q * q + unit * y * y;
                // a slope above all squares is learned from nothing
                let mean = square / new;
                let is_learned = new > tiny && (new + mean).is_finite();
                let q = if is_learned { mean.sqrt().max(least) } else { q };
                let w = if new.is_finite() { new } else { old };
                ([w, q], [d * y, p * d * d, if q == zero { one } else { zero }])
            },
        );
        if unknown_count == 0.0 {
            self.unknown = 0.0;
        } else if bend > 0.0 && (bend / square).is_finite() {
            self.unknown = bend / square;
        }
        self.push(secant);
    }

    /// Takes in the newest pair in the place of the oldest, if its curvature is positive.
    fn push(&mut self, secant: &Secant<'_, F>) {
        let trust = F::from_f64_lossy(secant.trust);
        let rest = F::one() - trust;
        let [before, after] = secant.gradients;
        let Prediction { gradient, precision, scale, multiplier } = secant.prediction;
        let [pair, others @ ..] = &mut self.pairs;
        let [s1, s2, s3, s4] = others.each_ref().map(|pair| &pair.step[..]);
        let (touched, is_exact) = (secant.touched, secant.is_exact);
        let inputs = [secant.step, before, after, gradient, precision, touched, s1, s2, s3, s4];
        let column = zip_map_sum(
            inputs,
            [&mut pair.step, &mut pair.change],
            |[d, before, after, m, p, rho, s1, s2, s3, s4], _| {
                let predicted = Prediction::change(scale, multiplier, m, p, d);
                let measured = change(is_exact, before, after, rho).unwrap_or(predicted);
                let y = trust * measured + rest * predicted;
                ([d, y], [s1 * y, s2 * y, s3 * y, s4 * y, d * y])
            },
        );
        if column[PAIRS - 1] > 0.0 {
            self.pairs.rotate_left(1);
            self.secants.append(&column);
        } else {
            self.pairs[0].clear();
            self.secants.clear_first();
        }
    }

    /// The vectors of all pairs, and others.
    fn with_pairs<'a, const I: usize, const K: usize>(
        &'a self,
        others: [&'a [F]; K],
    ) -> [&'a [F]; I] {
        const { assert!(I == 2 * PAIRS + K) };
        from_fn(|k| match k {
            k if k < PAIRS => &self.pairs[k].step[..],
            k if k < 2 * PAIRS => &self.pairs[k - PAIRS].change[..],
            k => others[k - 2 * PAIRS],
        })
    }

    /// What is known of the inverse at a multiplier, for the next time.
    fn shift(&mut self, multiplier: f64, precision: &[F]) -> Shift {
        if let Some(shift) = &self.known.0
            && shift.multiplier == multiplier
        {
            return shift.clone();
        }
        let shift = self.shift_to(multiplier, precision);
        self.known.0 = Some(shift.clone());
        shift
    }

    fn shift_to(&self, multiplier: f64, precision: &[F]) -> Shift {
        let diagonal = self.diagonal(multiplier);
        let inputs: [_; 2 * PAIRS + 2] = self.with_pairs([&self.curvature, precision]);
        let mut secants = self.secants.clone();
        let changes = if multiplier == 0.0 {
            zip_map_sum(inputs, [], |inputs, []| {
                let inverse = diagonal.inverse(inputs[Q], inputs[P]);
                let mut sums = [F::zero(); TRIANGLE];
                for j in 0..PAIRS {
                    let scaled = inverse * inputs[PAIRS + j];
                    for i in 0..=j {
                        sums[Gram::index(i, j)] = inputs[PAIRS + i] * scaled;
                    }
                }
                ([], sums)
            })
        } else {
            let sums: [f64; 2 * TRIANGLE] = zip_map_sum(inputs, [], |inputs, []| {
                let p = inputs[P];
                let inverse = diagonal.inverse(inputs[Q], p);
                let mut y = [F::zero(); PAIRS];
                let mut sums = [F::zero(); 2 * TRIANGLE];
                for j in 0..PAIRS {
                    let ps = p * inputs[j];
                    y[j] = inputs[PAIRS + j] + diagonal.eta * ps;
                    let scaled = inverse * y[j];
                    for i in 0..=j {
                        sums[Gram::index(i, j)] = y[i] * scaled;
                        sums[TRIANGLE + Gram::index(i, j)] = inputs[i] * ps;
                    }
                }
                ([], sums)
            });
            for (secant, square) in std::iter::zip(&mut secants.0, &sums[TRIANGLE..]) {
                *secant += multiplier * square;
            }
            from_fn(|k| sums[k])
        };
        Shift { multiplier, secants, changes: Gram(changes) }
    }

    /// The inner products of the vector v(a, b, p).
    fn products(
        &self,
        multiplier: f64,
        precision: &[F],
        [a, b]: [&[F]; 2],
        v: impl Fn(F, F, F) -> F + Copy + Send + Sync,
    ) -> Products {
        let diagonal = self.diagonal(multiplier);
        let inputs: [_; 2 * PAIRS + 4] = self.with_pairs([&self.curvature, precision, a, b]);
        let sums: [f64; 2 * PAIRS + 1] = zip_map_sum(inputs, [], |inputs, []| {
            let (p, v) = (inputs[P], v(inputs[A], inputs[B], inputs[P]));
            let (scaled, shift) = (diagonal.inverse(inputs[Q], p) * v, diagonal.eta * p);
            let mut sums = [v * scaled; 2 * PAIRS + 1];
            for j in 0..PAIRS {
                let (s, y) = (inputs[j], inputs[PAIRS + j]);
                sums[j] = s * v;
                sums[PAIRS + j] = (y + shift * s) * scaled;
            }
            ([], sums)
        });
        Products {
            steps: from_fn(|j| sums[j]),
            changes: from_fn(|j| sums[PAIRS + j]),
            square: sums[2 * PAIRS],
        }
    }

    /// Writes u = (B + eta P)^-1 v of the vector v(a, b) to `solution`; v'u, u'Pu and v'D^-1 v.
    fn solve(
        &self,
        shift: &Shift,
        precision: &[F],
        [a, b]: [&[F]; 2],
        v: impl Fn(F, F) -> F + Copy + Send + Sync,
        solution: &mut [F],
    ) -> [f64; 3] {
        let products = self.products(shift.multiplier, precision, [a, b], move |a, b, _| v(a, b));
        let Coefficients { steps, changes } = shift.solve(&products);
        let [steps, changes] = [steps, changes].map(|of| of.map(F::from_f64_lossy));
        let diagonal = self.diagonal(shift.multiplier);
        let inputs: [_; 2 * PAIRS + 4] = self.with_pairs([&self.curvature, precision, a, b]);
        let [product, square] = zip_map_sum(inputs, [solution], |inputs, [_]| {
            let (p, v) = (inputs[P], v(inputs[A], inputs[B]));
            let shift = diagonal.eta * p;
            let (mut rest, mut sum) = (v, F::zero());
            for j in 0..PAIRS {
                let (s, y) = (inputs[j], inputs[PAIRS + j]);
                rest = rest - changes[j] * (y + shift * s);
                sum = sum + steps[j] * s;
            }
            let u = diagonal.inverse(inputs[Q], p) * rest + sum;
            ([u], [v * u, p * u * u])
        });
        [product, square, products.square]
    }

    /// e'(B + eta P)^-1 e of the residual e = a - b, and the same with the diagonal alone.
    pub fn square_of_residual(
        &mut self,
        multiplier: f64,
        precision: &[F],
        residual: [&[F]; 2],
    ) -> [f64; 2] {
        let shift = self.shift(multiplier, precision);
        let products = self.products(multiplier, precision, residual, |a, b, _| a - b);
        [shift.square(&products), products.square]
    }

    /// The same for B alone, with the vector B^-1 e written to `solution`.
    pub fn solve_residual(
        &mut self,
        precision: &[F],
        residual: [&[F]; 2],
        solution: &mut [F],
    ) -> [f64; 2] {
        let shift = self.shift(0.0, precision);
        let [square, _, diagonal] = self.solve(&shift, precision, residual, |a, b| a - b, solution);
        [square, diagonal]
    }

    /// B^-1 v.
    pub fn inverse(&self, precision: &[F], v: &[F]) -> Vec<F> {
        let mut solution = vec![F::zero(); v.len()];
        let shift = self.shift_to(0.0, precision);
        self.solve(&shift, precision, [v; 2], |v, _| v, &mut solution);
        solution
    }

    /// Writes d = -(B + eta P)^-1 m to `step`; m.d and d'Pd.
    pub fn step(
        &mut self,
        multiplier: f64,
        [gradient, precision]: [&[F]; 2],
        step: &mut [F],
    ) -> [f64; 2] {
        let shift = self.shift(multiplier, precision);
        let [product, square, _] = self.solve(&shift, precision, [gradient; 2], |m, _| -m, step);
        [-product, square]
    }

    /// Writes to `step` the minimizer of the model inside the ball 1/2 d'Pd <= bound, that is
    /// d = -(B + eta P)^-1 m with the multiplier eta that the dual solver finds.
    pub fn minimize(
        &mut self,
        dual: &impl DualSolver,
        bound: f64,
        warm_start: Option<f64>,
        [gradient, precision]: [&[F]; 2],
        step: &mut [F],
    ) -> DualSolution {
        let mut last = f64::NAN;
        let solution = dual.solve(bound, warm_start, |eta| {
            last = eta;
            let [_, square] = self.step(eta, [gradient, precision], step);
            let kl = 0.5 * square;
            if eta == 0.0 && kl <= bound {
                return DualValue { kl, slope: 0.0 }; // inactive: no slope is needed
            }
            // dKL/deta = -(Pd)'(B + eta P)^-1 (Pd)
            let shift = self.shift(eta, precision);
            let products = self.products(eta, precision, [step; 2], |d, _, p| p * d);
            DualValue { kl, slope: -shift.square(&products) }
        });
        if last != solution.multiplier && solution.multiplier.is_finite() {
            self.step(solution.multiplier, [gradient, precision], step);
        }
        solution
    }
}

impl<F: Scalar> Pair<F> {
    fn clear(&mut self) {
        self.step.fill(F::zero());
        self.change.fill(F::zero());
    }
}

/// D = diag(q + eta p), with q kept positive, and in proportion to p where it is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Diagonal<F> {
    eta: F,
    unknown: F,
    tiny: F,
}

impl<F: Scalar> Diagonal<F> {
    #[inline(always)]
    pub fn inverse(self, q: F, p: F) -> F {
        let q = if q == F::zero() { self.unknown * p } else { q };
        F::one() / (positive_curvature(q, self.tiny) + self.eta * p)
    }
}
