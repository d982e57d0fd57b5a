//! When a run without a tolerance, or with one, says that it has converged.

use argmin::core::{Error, Executor};
use argmin_arturo::solution::{RunResult, Tolerance, Verdict};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use rand_distr::{Distribution, StandardNormal};

/// exp(x) - x, least at 0, with this noise.
struct Exponential(f64);

impl StochasticGradient for Exponential {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let noise: f64 = StandardNormal.sample(&mut draw.rng());
        g[0] = x[0].exp() - 1.0 + self.0 * noise;
        Ok(())
    }
}

#[test]
fn a_gradient_that_falls_by_many_orders_far_from_the_minimum_is_no_minimum() {
    for start in [10.0, 20.0, 30.0, 60.0, 100.0] {
        for noise in [0.0, 1.0] {
            for tolerance in [Tolerance::PredictedGain(1e-3), Tolerance::RelativeError(1e-2)] {
                let result = Executor::new(
                    Exponential(noise),
                    Arturo::new().with_tolerance(tolerance).unwrap(),
                )
                .configure(|state| state.param(vec![start]).max_iters(5000))
                .run()
                .unwrap();
                let solution = result.solution().unwrap();
                let x = solution.param[0];
                assert!(
                    solution.verdict != Verdict::Converged || x.exp() - x - 1.0 < 1e-2,
                    "from {start}, noise {noise}, {tolerance:?}: {} at {x}",
                    solution.verdict
                );
                if noise == 0.0 && matches!(tolerance, Tolerance::PredictedGain(_)) {
                    assert_eq!(solution.verdict, Verdict::Converged, "from {start} at {x}");
                }
            }
        }
    }
}
