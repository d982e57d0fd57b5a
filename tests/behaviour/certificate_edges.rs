//! Certificates at bounds, of coordinates that cannot move, and of Hessians that are hardly known.
#![cfg(feature = "nalgebra")]

use argmin::core::{Error, Executor, Problem};
use argmin_arturo::solution::{Certificate, Certification, RunResult, Verdict};
use argmin_arturo::{Arturo, Draw, NonFinite, ParamVec, Scalar, StochasticGradient};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Coupled quadratic with minimum (2, 0.5, 1) of a free x, of curvature 1, 4, 2, coupling 0.5 between
/// the first two, noise 0.3; an error outside of the box.
struct Boxed<F> {
    upper: f64,
    scalar: std::marker::PhantomData<F>,
}

const NOISE: f64 = 0.3;

fn boxed<F>(upper: f64) -> Boxed<F> {
    Boxed { upper, scalar: std::marker::PhantomData }
}

impl<F: Scalar> StochasticGradient for Boxed<F>
where
    Vec<F>: ParamVec<Scalar = F>,
{
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        let x: Vec<f64> = x.iter().map(|x| x.to_f64_exact()).collect();
        if x[1] > self.upper {
            return Err(Error::msg(format!("outside at {x:?}")));
        }
        let d = [x[0] - 2.0, x[1] - 0.5, x[2] - 1.0];
        let slopes = [d[0] + 0.5 * d[1], 4.0 * d[1] + 0.5 * d[0], 2.0 * d[2]];
        let mut rng = draw.rng();
        for (g, slope) in g.iter_mut().zip(slopes) {
            *g = F::from_f64_lossy(slope + NOISE * normal(&mut rng));
        }
        Ok(())
    }
}

/// A run in the box x_1 <= upper, certified.
fn certify<F: Scalar>(upper: f64, seed: u64, draws: u64) -> Certificate<Vec<F>>
where
    Vec<F>: ParamVec<Scalar = F>,
{
    let mut bounds = vec![F::infinity(); 3];
    bounds[1] = F::from_f64_lossy(upper);
    let solver = Arturo::<F>::new().with_bounds(vec![F::neg_infinity(); 3], bounds).unwrap();
    let mut result = Executor::new(boxed::<F>(upper), solver.with_seed(seed))
        .configure(|state| state.param(vec![F::zero(); 3]).max_iters(500))
        .run()
        .unwrap();
    result.certify(draws).unwrap()
}

/// With x_1 held at 0 the minimum is at 2.25, 0, 1: 95 % intervals of the others over 200 seeds.
#[test]
fn beside_an_active_bound_intervals_cover() {
    let (mut covered, mut seeds) = (0, 0);
    for seed in 0..200 {
        let certificate = certify::<f64>(0.0, seed, 200);
        let errors = certificate.standard_error().unwrap();
        assert_eq!((certificate.param[1], errors[1]), (0.0, 0.0), "{certificate}");
        assert_eq!(certificate.held, [false, true, false]);
        for (i, x) in [(0, 2.25), (2, 1.0)] {
            covered += u32::from((certificate.param[i] - x).abs() < 1.96 * errors[i]);
        }
        seeds += 1;
        assert!((errors[0] / (NOISE / 200f64.sqrt()) - 1.0).abs() < 0.25);
    }
    let coverage = f64::from(covered) / f64::from(2 * seeds);
    assert!((0.92..=0.98).contains(&coverage), "{coverage}");
}

/// A bound at the minimum itself: the point is inside, and keeps its error.
#[test]
fn a_bound_that_could_be_noise_takes_no_error() {
    let (mut covered, mut all) = (0, 0);
    for seed in 0..100 {
        let certificate = certify::<f64>(0.5, seed, 200);
        let errors = certificate.standard_error().unwrap();
        assert!(certificate.param[1] <= 0.5);
        covered += u32::from((certificate.param[1] - 0.5).abs() <= 1.96 * errors[1]);
        all += u32::from(errors[1] > 0.0);
    }
    assert!(covered >= 90 && all >= 90, "{covered} covered, {all} with an error");
}

#[test]
fn single_precision_stays_inside() {
    for seed in 0..5 {
        // 0.1 is above 0.1 in double precision when it is rounded to single
        let upper = f64::from(0.1f32);
        let certificate = certify::<f32>(upper, seed, 200);
        assert_eq!(
            (certificate.param[1].to_f64_exact(), certificate.held[1]),
            (upper, true),
            "{certificate}"
        );
    }
}

#[test]
fn equal_bounds_and_all_bounds_hold() {
    let box_of = |lower: Vec<f64>, upper: Vec<f64>| {
        Certification::new(100).unwrap().with_bounds(lower, upper).unwrap()
    };
    let mut problem = Problem::new(boxed::<f64>(0.0));
    let (least, most) = (vec![-9.0, 0.0, -9.0], vec![9.0, 0.0, 9.0]);
    let fixed = box_of(least, most).at(&mut problem, &vec![2.2, 0.0, 1.0], 0).unwrap();
    assert_eq!(fixed.held, [false, true, false]);
    assert!((fixed.param[0] - 2.25).abs() < 5.0 * NOISE / 10.0, "{fixed}");
    // the differences in a coordinate that cannot move are not taken
    assert_eq!(fixed.gradient_count, 100 + 2 * 2 * 10);

    let (least, most) = (vec![-9.0; 3], vec![1.0, 0.0, 0.0]);
    let corner = box_of(least, most).at(&mut problem, &vec![1.0, 0.0, 0.0], 0).unwrap();
    assert_eq!((corner.held.as_slice(), corner.verdict), (&[true; 3][..], Verdict::Converged));
    assert_eq!(corner.standard_error().unwrap(), [0.0; 3]);

    let error = box_of(vec![0.0; 3], vec![1.0; 3]).at(&mut problem, &vec![2.0, 0.0, 0.0], 0);
    assert_eq!(
        error.unwrap_err().to_string(),
        "Invalid parameter: \"Certification: coordinate 0 of the point must be in its bounds [0, 1], \
         got 2\""
    );
}

/// Curvatures that differ from draw to draw by 300 %, as of single data points: 1 and `least` on
/// average, in coordinates of different scales.
struct Uneven {
    least: f64,
}

impl StochasticGradient for Uneven {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        for (g, (x, (a, scale))) in g.iter_mut().zip(x.iter().zip([(1.0, 1.0), (self.least, 1e3)]))
        {
            let curvature = a + 3.0 * a.abs() * normal(&mut rng);
            *g = scale * scale * curvature * (x - 1.0 / scale) + scale * 0.01 * normal(&mut rng);
        }
        Ok(())
    }
}

fn uneven(least: f64, seed: u64, certification: &Certification) -> Certificate {
    certification.at(&mut Problem::new(Uneven { least }), &vec![1.0, 1e-3], seed).unwrap()
}

#[test]
fn the_draws_of_the_hessian_are_chosen_by_its_error() {
    let certification = Certification::new(4000).unwrap();
    for seed in 0..20 {
        let minimum = uneven(0.01, seed, &certification);
        assert!(matches!(minimum.verdict, Verdict::NoiseLimited { .. }), "{seed}: {minimum}");
        // (3 / 0.2)^2 = 225 draws of the Hessian, give or take what is known of their error
        let hessian_draws = (minimum.gradient_count - 4000) / 4;
        assert!((30..=2000).contains(&hessian_draws), "{hessian_draws}");
        let errors = minimum.standard_error().unwrap();
        assert!((errors[0] / (0.01 / 4000f64.sqrt()) - 1.0).abs() < 0.7, "{errors:?}");
        let saddle = uneven(-0.01, seed, &certification);
        assert_eq!(saddle.verdict, Verdict::Stalled, "{seed}: {saddle}");
    }
}

/// By a few draws neither a minimum nor a saddle is called the other.
#[test]
fn too_few_draws_of_the_hessian_are_no_answer() {
    let few = Certification::new(100).unwrap().with_hessian_draws(8).unwrap();
    let (mut unknown, mut wrong) = (0, 0);
    for seed in 0..100 {
        for least in [0.01, -0.01] {
            let certificate = uneven(least, seed, &few);
            match certificate.verdict {
                Verdict::HessianUnknown { more_hessian_draws } => {
                    unknown += 1;
                    assert!(more_hessian_draws > 0 && certificate.covariance.is_none());
                    assert!(certificate.posterior_covariance(1.0).unwrap().is_none());
                }
                Verdict::Stalled => wrong += u32::from(least > 0.0),
                _ => wrong += u32::from(least < 0.0),
            }
        }
    }
    assert!(unknown >= 150 && wrong <= 10, "{unknown} unknown, {wrong} wrong");
    let text = uneven(0.01, 0, &few).to_string();
    assert!(text.contains("verdict: Hessian too uncertain; about "), "{text}");
}

/// The oracle [`Boxed`], which fails at one draw of `period`.
struct Failing {
    period: u64,
}

impl StochasticGradient for Failing {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        if draw.index() % self.period == 1 {
            return Err(Error::msg("no convergence"));
        }
        boxed::<f64>(f64::INFINITY).stochastic_gradient(x, draw, g)
    }
}

#[test]
fn failed_draws_are_left_out_as_in_the_run() {
    let certify = |period: u64, policy: NonFinite| {
        let solver = Arturo::new().with_non_finite(NonFinite::Skip);
        let mut result = Executor::new(Failing { period }, solver)
            .configure(|state| state.param(vec![0.0; 3]).max_iters(500))
            .run()
            .unwrap();
        let certification = Certification::new(300).unwrap();
        if policy == NonFinite::Skip {
            result.certify_with(&certification)
        } else {
            let x = result.state.best_param.clone().unwrap();
            certification.at(&mut result.problem, &x, 0)
        }
    };
    let certificate = certify(5, NonFinite::Skip).unwrap();
    let errors = certificate.standard_error().unwrap();
    // 240 of 300 draws
    assert!((errors[2] / (NOISE / 2.0 / 240f64.sqrt()) - 1.0).abs() < 0.2, "{errors:?}");
    for (x, (minimum, error)) in certificate.param.iter().zip([2.0, 0.5, 1.0].iter().zip(&errors)) {
        assert!((x - minimum).abs() < 4.0 * error, "{certificate}");
    }
    assert_eq!(certify(5, NonFinite::Error).unwrap_err().to_string(), "no convergence");

    let always = Certification::new(300).unwrap().with_non_finite(NonFinite::Skip);
    let mut problem = Problem::new(boxed::<f64>(f64::NEG_INFINITY));
    assert_eq!(
        always.at(&mut problem, &vec![0.0; 3], 0).unwrap_err().to_string(),
        "Invalid parameter: \"Certification: 0 of 300 draws can be used, it must be at least 2 and a \
         half of them; check the oracle at the point\""
    );
}
