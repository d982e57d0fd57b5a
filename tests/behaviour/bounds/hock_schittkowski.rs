//! Bound-constrained problems of Hock and Schittkowski, *Test Examples for Nonlinear Programming
//! Codes*, 1981, and one with a bound of its own, with their published solutions.

use std::f64::consts::PI;

const FREE: f64 = f64::INFINITY;

pub struct Bounded {
    pub name: &'static str,
    pub cost: fn(&[f64]) -> f64,
    pub gradient: fn(&[f64], &mut [f64]),
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    /// The published start, moved into the box where it is outside.
    pub start: Vec<f64>,
    pub solution: Vec<f64>,
    pub minimum: f64,
}

impl Bounded {
    /// Whether coordinate `i` of the solution is at one of its bounds.
    pub fn is_bound(&self, i: usize) -> bool {
        [self.lower[i], self.upper[i]].contains(&self.solution[i])
    }
}

fn rosenbrock(x: &[f64]) -> f64 {
    100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
}

fn rosenbrock_gradient(x: &[f64], g: &mut [f64]) {
    let valley = x[1] - x[0] * x[0];
    g[0] = -400.0 * x[0] * valley - 2.0 * (1.0 - x[0]);
    g[1] = 200.0 * valley;
}

/// Problem 25's abscissas and residuals, and exp(-(u - x_1)^x_2 / x_0).
fn problem_25(x: &[f64]) -> impl Iterator<Item = [f64; 3]> + '_ {
    (1..100).map(|i| {
        let t = 0.01 * f64::from(i);
        let offset = 25.0 + (-50.0 * t.ln()).powf(2.0 / 3.0) - x[1];
        let power = offset.powf(x[2]);
        [offset, (-power / x[0]).exp() - t, power]
    })
}

/// Those that are solved with and without noise.
pub fn problems() -> Vec<Bounded> {
    vec![
        Bounded {
            name: "1",
            cost: rosenbrock,
            gradient: rosenbrock_gradient,
            lower: vec![-FREE, -1.5],
            upper: vec![FREE, FREE],
            start: vec![-2.0, 1.0],
            solution: vec![1.0, 1.0],
            minimum: 0.0,
        },
        Bounded {
            // from the published start, (-2, 1), descent ends at the local minimum near x_0 = -1.22
            name: "2",
            cost: rosenbrock,
            gradient: rosenbrock_gradient,
            lower: vec![-FREE, 1.5],
            upper: vec![FREE, FREE],
            start: vec![2.0, 2.0],
            solution: vec![1.224_370_748_736_352_5, 1.5],
            minimum: 0.050_426_187_9,
        },
        Bounded {
            name: "rosenbrock, x_0 <= 1/2",
            cost: rosenbrock,
            gradient: rosenbrock_gradient,
            lower: vec![-FREE, -FREE],
            upper: vec![0.5, FREE],
            start: vec![-1.2, 1.0],
            solution: vec![0.5, 0.25],
            minimum: 0.25,
        },
        Bounded {
            name: "3",
            cost: |x| x[1] + 1e-5 * (x[1] - x[0]).powi(2),
            gradient: |x, g| {
                let slope = 2e-5 * (x[1] - x[0]);
                g[0] = -slope;
                g[1] = 1.0 + slope;
            },
            lower: vec![-FREE, 0.0],
            upper: vec![FREE, FREE],
            start: vec![10.0, 1.0],
            solution: vec![0.0, 0.0],
            minimum: 0.0,
        },
        Bounded {
            name: "4",
            cost: |x| (x[0] + 1.0).powi(3) / 3.0 + x[1],
            gradient: |x, g| {
                g[0] = (x[0] + 1.0).powi(2);
                g[1] = 1.0;
            },
            lower: vec![1.0, 0.0],
            upper: vec![FREE, FREE],
            start: vec![1.125, 0.125],
            solution: vec![1.0, 0.0],
            minimum: 8.0 / 3.0,
        },
        Bounded {
            name: "5",
            cost: |x| (x[0] + x[1]).sin() + (x[0] - x[1]).powi(2) - 1.5 * x[0] + 2.5 * x[1] + 1.0,
            gradient: |x, g| {
                let (cos, difference) = ((x[0] + x[1]).cos(), 2.0 * (x[0] - x[1]));
                g[0] = cos + difference - 1.5;
                g[1] = cos - difference + 2.5;
            },
            lower: vec![-1.5, -3.0],
            upper: vec![4.0, 3.0],
            start: vec![0.0, 0.0],
            solution: vec![0.5 - PI / 3.0, -0.5 - PI / 3.0],
            minimum: -0.75f64.sqrt() - PI / 3.0,
        },
        Bounded {
            name: "25",
            cost: |x| problem_25(x).map(|[_, residual, _]| residual * residual).sum(),
            gradient: |x, g| {
                g.fill(0.0);
                for (i, [offset, residual, power]) in (1..).zip(problem_25(x)) {
                    let factor = 2.0 * residual * (residual + 0.01 * f64::from(i)) * power / x[0];
                    g[0] += factor / x[0];
                    g[1] += factor * x[2] / offset;
                    g[2] -= factor * offset.ln();
                }
            },
            lower: vec![0.1, 0.0, 0.0],
            upper: vec![100.0, 25.6, 5.0],
            start: vec![100.0, 12.5, 3.0],
            solution: vec![50.0, 25.0, 1.5],
            minimum: 0.0,
        },
        Bounded {
            name: "38",
            cost: |x| {
                100.0 * (x[1] - x[0] * x[0]).powi(2)
                    + (1.0 - x[0]).powi(2)
                    + 90.0 * (x[3] - x[2] * x[2]).powi(2)
                    + (1.0 - x[2]).powi(2)
                    + 10.1 * ((x[1] - 1.0).powi(2) + (x[3] - 1.0).powi(2))
                    + 19.8 * (x[1] - 1.0) * (x[3] - 1.0)
            },
            gradient: |x, g| {
                let (first, second) = (x[1] - x[0] * x[0], x[3] - x[2] * x[2]);
                g[0] = -400.0 * x[0] * first - 2.0 * (1.0 - x[0]);
                g[1] = 200.0 * first + 20.2 * (x[1] - 1.0) + 19.8 * (x[3] - 1.0);
                g[2] = -360.0 * x[2] * second - 2.0 * (1.0 - x[2]);
                g[3] = 180.0 * second + 20.2 * (x[3] - 1.0) + 19.8 * (x[1] - 1.0);
            },
            lower: vec![-10.0; 4],
            upper: vec![10.0; 4],
            start: vec![-3.0, -1.0, -3.0, -1.0],
            solution: vec![1.0; 4],
            minimum: 0.0,
        },
        Bounded {
            name: "45",
            cost: |x| 2.0 - x.iter().product::<f64>() / 120.0,
            gradient: |x, g| {
                for (i, g) in g.iter_mut().enumerate() {
                    let others = x.iter().enumerate().filter(|&(j, _)| j != i);
                    *g = -others.map(|(_, x)| x).product::<f64>() / 120.0;
                }
            },
            lower: vec![0.0; 5],
            upper: vec![1.0, 2.0, 3.0, 4.0, 5.0],
            start: vec![1.0, 2.0, 2.0, 2.0, 2.0],
            solution: vec![1.0, 2.0, 3.0, 4.0, 5.0],
            minimum: 1.0,
        },
        Bounded {
            // not defined outside of the box
            name: "110",
            cost: |x| {
                let logs = |x: &f64| (x - 2.0).ln().powi(2) + (10.0 - x).ln().powi(2);
                x.iter().map(logs).sum::<f64>() - x.iter().product::<f64>().powf(0.2)
            },
            gradient: |x, g| {
                let power = x.iter().product::<f64>().powf(0.2);
                for (g, x) in g.iter_mut().zip(x) {
                    *g = 2.0 * (x - 2.0).ln() / (x - 2.0)
                        - 2.0 * (10.0 - x).ln() / (10.0 - x)
                        - 0.2 * power / x;
                }
            },
            lower: vec![2.001; 10],
            upper: vec![9.999; 10],
            start: vec![9.0; 10],
            solution: vec![9.350_265_833; 10],
            minimum: -45.778_469_71,
        },
    ]
}
