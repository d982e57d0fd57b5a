//! The minimum of a quadratic in a box, and the coordinates that its bounds hold.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Standard errors by which a gradient must push against a bound for it to hold.
const CERTAINTY: f64 = 2.0;

/// min g.d + d'H d / 2 over low <= d <= high, where the mean gradient g is uncertain.
pub(super) struct Quadratic {
    pub hessian: DMatrix<f64>,
    pub gradient: DVector<f64>,
    /// Covariance of the gradient.
    pub covariance: DMatrix<f64>,
    /// The box less x: low <= 0 <= high.
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    /// Coordinates that do not move.
    pub is_fixed: Vec<bool>,
}

/// The minimum of a [`Quadratic`].
pub(super) struct Minimum {
    pub step: DVector<f64>,
    /// Coordinates that can move: neither fixed, nor at a bound that they press against for sure.
    pub free: Vec<usize>,
}

impl Quadratic {
    /// The coordinates that are not fixed, nor at a bound with a gradient that leads out.
    pub fn first_free(&self) -> Vec<usize> {
        (0..self.low.len())
            .filter(|&i| !self.is_fixed[i] && !self.is_held(i, 0.0, self.gradient[i]))
            .collect()
    }

    /// Whether a bound holds coordinate i at d against the slope.
    fn is_held(&self, i: usize, d: f64, slope: f64) -> bool {
        d <= self.low[i] && slope > 0.0 || d >= self.high[i] && slope < 0.0
    }

    /// The primal active-set method (Nocedal and Wright, section 16.5); none where H is not positive
    /// definite in the free coordinates.
    pub fn minimize(&self) -> Option<Minimum> {
        let len = self.low.len();
        let mut step = DVector::<f64>::zeros(len);
        let mut free = self.first_free();
        let mut slopes = self.gradient.clone();
        // each round adds or releases a coordinate; degenerate ones could cycle
        for _ in 0..10 * (len + 1) {
            let part = self.solve(&free, &slopes)?;
            let room = |(k, &i): (usize, &usize)| {
                let end = if part[k] > 0.0 { self.low[i] } else { self.high[i] };
                // the step is -part
                ((step[i] - end) / part[k], i, end)
            };
            let moving = free.iter().enumerate().filter(|(k, _)| part[*k] != 0.0);
            let block = moving.map(room).filter(|(share, ..)| *share < 1.0);
            let block = block.min_by(|a, b| a.0.total_cmp(&b.0));
            let share = block.map_or(1.0, |(share, ..)| share.max(0.0));
            for (k, &i) in free.iter().enumerate() {
                step[i] = (step[i] - share * part[k]).clamp(self.low[i], self.high[i]);
            }
            if let Some((_, i, end)) = block {
                step[i] = end;
                free.retain(|&j| j != i);
            }
            slopes = &self.gradient + &self.hessian * &step;
            if block.is_none() {
                let Some(more) = self.release(&free, &step, &slopes) else { break };
                free = more;
            }
        }
        self.free_uncertain(&mut free, &slopes);
        Some(Minimum { step, free })
    }

    /// The free coordinates and the one that most wants to leave its bound.
    fn release(
        &self,
        free: &[usize],
        step: &DVector<f64>,
        slopes: &DVector<f64>,
    ) -> Option<Vec<usize>> {
        let gain = |i: &usize| slopes[*i].powi(2) / self.hessian[(*i, *i)];
        let best = (0..step.len())
            .filter(|i| !self.is_fixed[*i] && !free.contains(i) && slopes[*i] != 0.0)
            .filter(|&i| !self.is_held(i, step[i], slopes[i]) && self.hessian[(i, i)] > 0.0)
            .max_by(|a, b| gain(a).total_cmp(&gain(b)))?;
        let more = [free, &[best]].concat();
        self.factor(&more).map(|_| more)
    }

    /// Frees the coordinates at a bound whose slope could be noise, as far as errors can be given for
    /// them.
    fn free_uncertain(&self, free: &mut Vec<usize>, slopes: &DVector<f64>) {
        let at_bounds = (0..slopes.len()).filter(|i| !self.is_fixed[*i] && !free.contains(i));
        let is_uncertain = |i: &usize| {
            // the slope after the free coordinates have followed the noise
            let mut weights = DVector::zeros(slopes.len());
            let coupling = self.hessian.column(*i).into_owned();
            for (k, w) in self.solve(free, &coupling).iter().flat_map(|w| w.iter().enumerate()) {
                weights[free[k]] = -w;
            }
            weights[*i] = 1.0;
            let variance = (&self.covariance * &weights).dot(&weights);
            slopes[*i].powi(2) <= CERTAINTY * CERTAINTY * variance
        };
        let uncertain: Vec<usize> = at_bounds.filter(is_uncertain).collect();
        for i in uncertain {
            free.push(i);
            if self.factor(free).is_none() {
                free.pop();
            }
        }
        free.sort_unstable();
    }

    pub fn factor(&self, free: &[usize]) -> Option<Cholesky<f64, Dyn>> {
        self.hessian.select_rows(free).select_columns(free).cholesky()
    }

    fn solve(&self, free: &[usize], slopes: &DVector<f64>) -> Option<DVector<f64>> {
        Some(self.factor(free)?.solve(&slopes.select_rows(free)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn minimum(gradient: [f64; 2], coupling: f64, [low, high]: [[f64; 2]; 2]) -> Minimum {
        let quadratic = Quadratic {
            hessian: DMatrix::from_row_slice(2, 2, &[1.0, coupling, coupling, 1.0]),
            gradient: DVector::from_row_slice(&gradient),
            covariance: DMatrix::identity(2, 2) * 1e-4,
            low: low.to_vec(),
            high: high.to_vec(),
            is_fixed: vec![false; 2],
        };
        quadratic.minimize().unwrap()
    }

    #[test]
    fn a_free_minimum_is_that_of_newton() {
        let found = minimum([-1.0, 2.0], 0.0, [[-INF; 2], [INF; 2]]);
        assert_eq!((found.step.as_slice(), found.free), (&[1.0, -2.0][..], vec![0, 1]));
    }

    #[test]
    fn a_step_that_crosses_ends_on_the_bound_and_the_others_follow() {
        let found = minimum([-1.0, 0.0], 0.5, [[-INF; 2], [0.25, INF]]);
        assert_eq!((found.step.as_slice(), found.free), (&[0.25, -0.125][..], vec![1]));
    }

    #[test]
    fn a_bound_that_the_others_push_from_is_left() {
        // at a lower bound with an outward gradient, until the second coordinate has moved
        let found = minimum([0.1, -2.0], -0.9, [[0.0, -INF], [INF; 2]]);
        assert_eq!(found.free, [0, 1]);
        assert!(found.step[0] > 1.0, "{}", found.step);
    }

    #[test]
    fn a_bound_within_the_noise_holds_the_point_and_leaves_the_error() {
        let found = minimum([0.015, 0.0], 0.0, [[0.0, -INF], [INF; 2]]);
        assert_eq!((found.step[0], found.free), (0.0, vec![0, 1]));
        let found = minimum([0.025, 0.0], 0.0, [[0.0, -INF], [INF; 2]]);
        assert_eq!(found.free, [1]);
    }
}
