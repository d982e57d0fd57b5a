//! Differences of costs at the edges of a box.

use argmin::core::{CostFunction, Error, Executor, State};
use argmin_arturo::oracle::{FiniteDifferenceGradient, Spsa, StochasticCost};
use argmin_arturo::{Arturo, Draw, ParamVec, Scalar, StochasticGradient, Transform, Transformed};

/// x_0 + 2 x_0^2 + 3 x_0 x_1 + x_1^2 + x_2 for x >= 0 and x_2 <= 1, an error elsewhere.
#[derive(Debug)]
struct Inside<F>(std::marker::PhantomData<F>);

fn inside<F>() -> Inside<F> {
    Inside(std::marker::PhantomData)
}

impl<F: Scalar> CostFunction for Inside<F>
where
    Vec<F>: ParamVec<Scalar = F>,
{
    type Param = Vec<F>;
    type Output = F;

    fn cost(&self, x: &Vec<F>) -> Result<F, Error> {
        let x: Vec<f64> = x.iter().map(|x| x.to_f64_exact()).collect();
        if x.iter().any(|x| *x < 0.0) || x[2] > 1.0 {
            return Err(Error::msg(format!("outside at {x:?}")));
        }
        let cost = x[0] + 2.0 * x[0] * x[0] + 3.0 * x[0] * x[1] + x[1] * x[1] + x[2];
        Ok(F::from_f64_lossy(cost))
    }
}

/// The gradient of [`Inside`].
fn gradient(x: [f64; 3]) -> [f64; 3] {
    [1.0 + 4.0 * x[0] + 3.0 * x[1], 3.0 * x[0] + 2.0 * x[1], 1.0]
}

const H: f64 = 0.125;

/// Points on no, one and all sides, and nearer to a bound than h, with the centres of the differences.
const POINTS: [([f64; 3], [f64; 3]); 4] = [
    ([0.5, 0.75, 0.5], [0.5, 0.75, 0.5]),
    ([0.0, 0.75, 0.5], [0.5 * H, 0.75, 0.5]),
    ([0.0, 0.0, 1.0], [0.5 * H, 0.5 * H, 1.0 - 0.5 * H]),
    ([0.0625, 0.5, 0.9375], [0.09375, 0.5, 0.90625]),
];

fn bounds<F: Scalar>() -> (Vec<F>, Vec<F>) {
    (vec![F::zero(); 3], vec![F::infinity(), F::infinity(), F::one()])
}

/// At a bound the difference is central about the middle of the pair: exact for a quadratic.
#[test]
fn finite_differences_are_those_about_the_middle_of_the_pair() {
    let (lower, upper) = bounds::<f64>();
    let oracle = FiniteDifferenceGradient::new(inside::<f64>()).with_step(H).unwrap();
    let oracle = oracle.with_bounds(lower, upper).unwrap();
    for (x, centre) in POINTS {
        let mut g = vec![0.0; 3];
        oracle.stochastic_gradient(&x.to_vec(), Draw::new(0, 0), &mut g).unwrap();
        for i in 0..3 {
            // each coordinate moves alone
            let mut middle = x;
            middle[i] = centre[i];
            assert!((g[i] - gradient(middle)[i]).abs() < 1e-12, "{x:?}: {g:?}");
        }
    }
}

#[test]
fn spsa_is_unbiased_about_the_middle_of_the_pair() {
    let (lower, upper) = bounds::<f64>();
    let oracle = Spsa::new(inside::<f64>()).with_step(H).unwrap();
    let oracle = oracle.with_bounds(lower, upper).unwrap();
    let draws = 4000;
    for (x, centre) in POINTS {
        let (mut sum, mut squares) = ([0.0; 3], [0.0; 3]);
        for index in 0..draws {
            let mut g = vec![0.0; 3];
            oracle.stochastic_gradient(&x.to_vec(), Draw::new(3, index), &mut g).unwrap();
            for i in 0..3 {
                sum[i] += g[i];
                squares[i] += g[i] * g[i];
            }
        }
        for i in 0..3 {
            let mean = sum[i] / draws as f64;
            let error = ((squares[i] / draws as f64 - mean * mean) / draws as f64).sqrt();
            let expected = gradient(centre)[i];
            assert!((mean - expected).abs() < 5.0 * error + 1e-12, "{x:?}: {mean} {expected}");
        }
    }
}

/// Runs that end on the bounds, in both precisions.
#[test]
fn runs_ask_for_no_cost_outside() {
    fn check<F: Scalar>(oracle: impl StochasticGradient<Param = Vec<F>>)
    where
        Vec<F>: ParamVec<Scalar = F>,
    {
        let (lower, upper) = bounds::<F>();
        let solver = Arturo::<F>::new().with_bounds(lower, upper).unwrap();
        let half = F::from_f64_lossy(0.5);
        let result = Executor::new(oracle, solver)
            .configure(|state| state.param(vec![half; 3]).max_iters(1000))
            .run()
            .unwrap();
        let x = result.state().get_best_param().unwrap();
        assert!(x.iter().all(|x| x.to_f64_exact() < 0.1), "{x:?}");
    }
    let (lower, upper) = bounds::<f64>();
    check(Spsa::new(inside::<f64>()).with_bounds(lower.clone(), upper.clone()).unwrap());
    check(FiniteDifferenceGradient::new(inside::<f64>()).with_bounds(lower, upper).unwrap());
    let (lower, upper) = bounds::<f32>();
    check(Spsa::new(inside::<f32>()).with_bounds(lower.clone(), upper.clone()).unwrap());
    check(FiniteDifferenceGradient::new(inside::<f32>()).with_bounds(lower, upper).unwrap());
}

/// Around a transformed problem there is no outside; inside of one the bounds are those of x.
#[test]
fn transformed_problems_are_differenced_inside() {
    let transforms =
        vec![Transform::Log, Transform::Softplus, Transform::Interval { lower: 0.0, upper: 1.0 }];
    let (lower, upper) = bounds::<f64>();
    // x nearer to 0 and 1 than the step
    let y = vec![-30.0, -30.0, 30.0];
    let mut g = [vec![0.0; 3], vec![0.0; 3]];
    let draw = Draw::new(0, 0);
    let around = Transformed::new(inside::<f64>(), transforms.clone()).unwrap();
    let around = FiniteDifferenceGradient::new(around);
    around.stochastic_gradient(&y, draw, &mut g[0]).unwrap();
    let within = FiniteDifferenceGradient::new(inside::<f64>()).with_bounds(lower, upper).unwrap();
    let within = Transformed::new(within, transforms).unwrap();
    within.stochastic_gradient(&y, draw, &mut g[1]).unwrap();
    for (i, x) in [(0, (-30.0_f64).exp()), (1, (-30.0_f64).exp())] {
        let expected = gradient([0.0; 3])[i] * x;
        assert!((g[1][i] - expected).abs() <= 1e-4 * x, "{g:?}");
    }
    assert!(g[0].iter().all(|g| g.abs() < 1e-9), "{g:?}");
}

#[test]
fn a_fixed_coordinate_has_no_gradient() {
    let spsa = Spsa::new(inside::<f64>()).with_bounds(vec![0.0; 3], vec![1.0, 0.0, 1.0]).unwrap();
    let mut g = vec![f64::NAN; 3];
    spsa.stochastic_gradient(&vec![0.5, 0.0, 0.5], Draw::new(0, 0), &mut g).unwrap();
    assert!(g[1] == 0.0 && g[0].is_finite(), "{g:?}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let text = |error: Error| error.to_string();
    let spsa = || Spsa::new(inside::<f64>());
    assert_eq!(
        text(spsa().with_bounds(vec![1.0], vec![0.0]).unwrap_err()),
        "Invalid parameter: \"Spsa: `lower[0]` must be at most `upper[0]`, got 1 and 0\""
    );
    let draw = |x: Vec<f64>| {
        let oracle = spsa().with_bounds(vec![0.0; 3], vec![f64::INFINITY; 3]).unwrap();
        let mut g = x.clone();
        text(oracle.stochastic_gradient(&x, Draw::new(0, 0), &mut g).unwrap_err())
    };
    assert_eq!(
        draw(vec![1.0, -0.5, 1.0]),
        "Invalid parameter: \"Spsa: coordinate 1 must be in its bounds [0, inf], got -0.5; give the \
         solver the same bounds, as by `Arturo::with_bounds`\""
    );
    assert_eq!(
        draw(vec![1.0]),
        "Invalid parameter: \"Spsa: there are bounds for 3 coordinates, the parameter vector has 1; \
         give both for each coordinate, infinite where there is no bound\""
    );
    // both ends of the difference would be on the bounds, wherever x is
    let oracle = spsa().with_step(0.6).unwrap().with_bounds(vec![0.0; 3], vec![1.0; 3]).unwrap();
    let draw = Draw::new(0, 0);
    assert_eq!(
        text(oracle.stochastic_gradient(&vec![0.5; 3], draw, &mut vec![0.0; 3]).unwrap_err()),
        "Invalid parameter: \"Spsa: the step 0.6 of coordinate 0 must be at most half of the width of \
         its bounds [0, 1]; set a smaller one by `with_step` or `with_typical_magnitude`\""
    );
    // a cost itself may be asked for anywhere
    assert!(spsa().stochastic_cost(&vec![1.0; 3], Draw::new(0, 0)).is_ok());
}
