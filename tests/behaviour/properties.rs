//! Properties that hold for every input, tried on random ones: the seed is fixed, so that each run
//! tries the same.

use crate::common::{Recorder, float};
use argmin::core::observers::ObserverMode;
use argmin::core::{Error, Executor, Problem, State};
use argmin_arturo::dual::{DualSolution, DualSolver, DualValue, Newton};
use argmin_arturo::hessian::{HessianEstimator, KalmanRls, Observation, QuadraticModel};
use argmin_arturo::{Arturo, Draw, PaperSettings, Scalar, StochasticGradient, TrustRegion};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use rand_distr::{Distribution, StandardNormal};

/// As many cases, the same in each run.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        cases: count,
        rng_seed: RngSeed::Fixed(2310),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

/// 10^u, u uniform.
fn power(exponents: std::ops::Range<f64>) -> impl Strategy<Value = f64> + Clone {
    exponents.prop_map(|exponent| 10f64.powf(exponent))
}

mod dual {
    use super::*;

    /// m, A and p of the coordinates of a diagonal model.
    #[derive(Clone, Debug)]
    struct Spectrum(Vec<[f64; 3]>);

    impl Spectrum {
        fn kl(&self, eta: f64) -> DualValue {
            let mut value = DualValue { kl: 0.0, slope: 0.0 };
            for [m, a, p] in &self.0 {
                let denominator = a + eta * p;
                let step = m / denominator;
                value.kl += 0.5 * p * step * step;
                value.slope -= p * step * (p * step / denominator);
            }
            value
        }

        /// The error in the optimality conditions of the dual, relative to the bound.
        fn residual(&self, bound: f64, eta: f64) -> f64 {
            assert!(eta >= 0.0);
            let excess = self.kl(eta).kl / bound - 1.0;
            if eta == 0.0 { excess.max(0.0) } else { excess.abs() }
        }
    }

    /// Gradients of both signs and some zeros; curvatures over all floats, some zero but for the
    /// least that the solver divides by, some tied; one entry huge, or not.
    fn spectra() -> impl Strategy<Value = Spectrum> {
        let m = prop_oneof![
            1 => Just(0.0),
            4 => power(-10.0..10.0),
            4 => power(-10.0..10.0).prop_map(|m| -m),
        ];
        let a = prop_oneof![
            1 => Just(f64::MIN_POSITIVE.sqrt()),
            1 => Just(1.0),
            2 => power(-2.0..2.0),
            4 => power(-300.0..300.0),
        ];
        let coordinate = (m, a, power(-10.0..10.0)).prop_map(|(m, a, p)| [m, a, p]);
        let len = prop_oneof![3 => 1..4usize, 3 => 4..60usize, 1 => 60..=1000usize];
        let huge = prop_oneof![3 => Just(1.0), 1 => power(20.0..120.0)];
        (len, huge)
            .prop_flat_map(move |(len, huge)| {
                (prop::collection::vec(coordinate.clone(), len), Just(huge))
            })
            .prop_map(|(mut coordinates, huge)| {
                coordinates[0][0] *= huge;
                Spectrum(coordinates)
            })
    }

    fn warm_starts() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            2 => Just(None),
            1 => Just(Some(0.0)),
            1 => Just(Some(f64::INFINITY)),
            4 => power(-300.0..300.0).prop_map(Some),
        ]
    }

    proptest! {
        #![proptest_config(cases(800))]

        #[test]
        fn optimality_conditions_hold_to_1e_8(
            spectrum in spectra(), bound in power(-12.0..6.0), warm in warm_starts(),
        ) {
            let newton = Newton::default().with_tolerance(1e-9).unwrap();
            let DualSolution { multiplier, kl, evaluations } =
                newton.solve(bound, warm, |eta| spectrum.kl(eta));
            prop_assert!(multiplier.is_finite());
            let residual = spectrum.residual(bound, multiplier);
            prop_assert!(residual <= 1e-8, "{residual:e} at {multiplier:e}, {evaluations}");
            prop_assert_eq!(kl, spectrum.kl(multiplier).kl);
        }

        #[test]
        fn the_default_meets_the_bound_to_1e_3(
            spectrum in spectra(), bound in power(-12.0..6.0), warm in warm_starts(),
        ) {
            let solution = Newton::default().solve(bound, warm, |eta| spectrum.kl(eta));
            let residual = spectrum.residual(bound, solution.multiplier);
            prop_assert!(residual <= 1e-3, "{residual:e} {solution:?}");
        }

        #[test]
        fn the_secular_function_falls(
            spectrum in spectra(), mut etas in prop::collection::vec(power(-300.0..290.0), 2..30),
        ) {
            etas.push(0.0);
            etas.sort_by(f64::total_cmp);
            let values: Vec<f64> = etas.iter().map(|&eta| spectrum.kl(eta).kl).collect();
            for pair in values.windows(2) {
                // up to the rounding of a sum
                prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-12), "{pair:?}");
            }
        }
    }
}

/// f(x) = 1/2 x'Hx - c.x with H = diag(h) + v v', coordinate i of the noise from stream i.
#[derive(Clone, Debug)]
struct Bowl {
    diagonal: Vec<f64>,
    coupling: Vec<f64>,
    pull: Vec<f64>,
    sigma: f64,
    /// Which stream of noise a coordinate has.
    order: Vec<usize>,
    /// Where the origin is.
    shift: f64,
    /// Factor on f.
    unit: f64,
}

impl Bowl {
    fn len(&self) -> usize {
        self.diagonal.len()
    }
}

impl StochasticGradient for Bowl {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        let mut rng = draw.rng();
        let noise: Vec<f64> = (0..self.len()).map(|_| StandardNormal.sample(&mut rng)).collect();
        // the same sum in whatever order the coordinates are
        let mut along = vec![0.0; self.len()];
        for (i, &k) in self.order.iter().enumerate() {
            along[k] = self.coupling[i] * (x[i] - self.shift);
        }
        let along: f64 = along.iter().sum();
        for i in 0..self.len() {
            let own = self.diagonal[i] * (x[i] - self.shift) - self.pull[i];
            let noise = self.sigma * noise[self.order[i]];
            g[i] = self.unit * (own + self.coupling[i] * along + noise);
        }
        Ok(())
    }
}

/// With curvatures within `10^-spread` and `10^spread`.
fn bowls(spread: f64) -> impl Strategy<Value = Bowl> {
    let numbers = (power(-spread..spread), -1.0..1.0f64, -3.0..3.0f64);
    (prop::collection::vec(numbers, 1..8), prop_oneof![Just(0.0), Just(0.1), Just(1.0)]).prop_map(
        |(numbers, sigma)| Bowl {
            diagonal: numbers.iter().map(|numbers| numbers.0).collect(),
            coupling: numbers.iter().map(|numbers| numbers.1).collect(),
            pull: numbers.iter().map(|numbers| numbers.2).collect(),
            sigma,
            order: (0..numbers.len()).collect(),
            shift: 0.0,
            unit: 1.0,
        },
    )
}

/// The paper's settings; only KL, precision and prior are varied.
fn paper_settings() -> impl Strategy<Value = PaperSettings> {
    (power(-4.0..2.0), power(-4.0..1.0), power(-3.0..1.0)).prop_map(
        |(kl_bound, initial_variance, measurement_noise)| PaperSettings {
            kl_bound,
            initial_variance,
            measurement_noise,
            ..PaperSettings::default()
        },
    )
}

/// The answer of a run, and checks that hold in each iteration.
macro_rules! checked_run {
    ($problem:expr, $solver:expr, $x0:expr, $iterations:expr) => {{
        let recorder = Recorder::default();
        let result = Executor::new($problem, $solver)
            .configure(|state| state.param($x0).max_iters($iterations))
            .add_observer(recorder.clone(), ObserverMode::Always)
            .run()
            .unwrap();
        for row in recorder.rows() {
            let (kl, bound) = (float(&row, "kl"), float(&row, "kl_bound"));
            prop_assert!(kl <= bound * (1.0 + 1e-3), "{row}");
        }
        prop_assert!(result.solver().precision().iter().all(|&p| p > 0.0 && p.is_finite()));
        let x = result.state().get_best_param().unwrap().clone();
        prop_assert!(x.iter().all(|x| x.is_finite()));
        x
    }};
}

fn paper(settings: PaperSettings) -> Arturo<f64, TrustRegion<f64, KalmanRls<f64>, Newton>> {
    Arturo::paper(settings).unwrap().with_dual(Newton::default())
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn the_default_keeps_its_bounds(bowl in bowls(3.0), seed in any::<u64>()) {
        let x0 = vec![1.0; bowl.len()];
        checked_run!(bowl, Arturo::new().with_seed(seed), x0.clone(), 200);
    }

    #[test]
    fn the_published_method_keeps_its_bounds(
        bowl in bowls(3.0), settings in paper_settings(), seed in any::<u64>(),
    ) {
        let x0 = vec![1.0; bowl.len()];
        checked_run!(bowl, paper(settings).with_seed(seed), x0.clone(), 200);
    }
}

mod invariance {
    use super::*;

    fn permuted<T: Clone>(values: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|&k| values[k].clone()).collect()
    }

    fn permutations() -> impl Strategy<Value = (Bowl, Bowl)> {
        bowls(1.0)
            .prop_flat_map(|bowl| {
                let order = Just((0..bowl.len()).collect::<Vec<_>>()).prop_shuffle();
                (Just(bowl), order)
            })
            .prop_map(|(bowl, order)| {
                let other = Bowl {
                    diagonal: permuted(&bowl.diagonal, &order),
                    coupling: permuted(&bowl.coupling, &order),
                    pull: permuted(&bowl.pull, &order),
                    order,
                    ..bowl.clone()
                };
                (bowl, other)
            })
    }

    /// The largest difference of two points, relative to the larger of them.
    fn distance(x: &[f64], y: &[f64]) -> f64 {
        let size = x.iter().chain(y).fold(0.0f64, |size, x| size.max(x.abs()));
        let errors = x.iter().zip(y).map(|(x, y)| (x - y).abs());
        errors.fold(0.0, f64::max) / size
    }

    proptest! {
        #![proptest_config(cases(40))]

        #[test]
        fn the_order_of_coordinates_does_not_matter(
            (bowl, other) in permutations(), settings in paper_settings(), seed in any::<u64>(),
        ) {
            let order = other.order.clone();
            let x0 = vec![1.0; bowl.len()];
            // in the noise the default probes in directions of random signs, in the given order
            let exact = |bowl: &Bowl| Bowl { sigma: 0.0, ..bowl.clone() };
            let solver = Arturo::new().with_seed(seed);
            let x = checked_run!(exact(&bowl), solver.clone(), x0.clone(), 40);
            let y = checked_run!(exact(&other), solver, x0.clone(), 40);
            prop_assert!(distance(&permuted(&x, &order), &y) < 1e-3, "{x:?} {y:?}");

            let solver = paper(settings).with_seed(seed);
            let x = checked_run!(bowl, solver.clone(), x0.clone(), 40);
            let y = checked_run!(other, solver, x0.clone(), 40);
            prop_assert!(distance(&permuted(&x, &order), &y) < 1e-9, "{x:?} {y:?}");
        }

        /// The published method regresses on x itself, and a prior at 0 pulls it. The default takes
        /// its first radius from the start, and comes to the same minimum without noise.
        #[test]
        fn the_origin_does_not_matter(bowl in bowls(1.0), seed in any::<u64>()) {
            let bowl = Bowl { sigma: 0.0, ..bowl };
            let other = Bowl { shift: 2.0, ..bowl.clone() };
            let (x0, y0) = (vec![1.0; bowl.len()], vec![3.0; bowl.len()]);
            let solver = Arturo::new().with_seed(seed);
            let x = checked_run!(bowl, solver.clone(), x0.clone(), 40);
            let y = checked_run!(other, solver, y0.clone(), 40);
            let y: Vec<f64> = y.iter().map(|y| y - 2.0).collect();
            prop_assert!(distance(&x, &y) < 1e-2, "{x:?} {y:?}");
        }

        /// To the bit, for powers of two, before steps become as small as the least float; the published
        /// method has constants in units of f.
        #[test]
        fn the_unit_of_the_objective_does_not_matter(
            bowl in bowls(3.0), exponent in -20..20i32, seed in any::<u64>(),
        ) {
            let other = Bowl { unit: 2f64.powi(exponent), ..bowl.clone() };
            let x0 = vec![1.0; bowl.len()];
            let solver = Arturo::new().with_seed(seed);
            let x = checked_run!(bowl, solver.clone(), x0.clone(), 300);
            let y = checked_run!(other, solver, x0.clone(), 300);
            let normal = |x: Vec<f64>| {
                x.into_iter().map(|x| if x.abs() < 1e-100 { 0.0 } else { x }).collect::<Vec<_>>()
            };
            prop_assert_eq!(normal(x), normal(y));
        }
    }
}

mod filter {
    use super::*;

    /// Any oracle: the filter draws nothing by itself.
    struct Still<F>(F);

    impl<F: Scalar> StochasticGradient for Still<F> {
        type Param = Vec<F>;

        fn stochastic_gradient(&self, _: &Vec<F>, _: Draw, g: &mut Vec<F>) -> Result<(), Error> {
            g.fill(self.0);
            Ok(())
        }
    }

    /// Walks with points up to the size given, and gradients of any size; checks the covariance
    /// every thousand steps.
    fn walk<F: Scalar>(steps: u64, noises: [f64; 3], seed: u64) {
        const SIZES: [f64; 6] = [0.0, 1e-12, 1.0, 1e4, 1e8, 1e12];
        let mut problem = Problem::new(Still(F::zero()));
        let mut filter = KalmanRls::<F>::new(noises[0], noises[1], noises[2]).unwrap();
        let mut model = QuadraticModel {
            gradient: vec![F::zero(); SIZES.len()],
            curvature: vec![F::zero(); SIZES.len()],
            ..QuadraticModel::default()
        };
        // an xorshift is much cheaper than a draw a step
        let mut bits = seed | 1;
        let mut uniform = || {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            (bits >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
        };
        let (mut x, mut g) = (vec![F::zero(); SIZES.len()], vec![F::zero(); SIZES.len()]);
        for iteration in 0..steps {
            for ((x, g), size) in x.iter_mut().zip(&mut g).zip(SIZES) {
                // now and then the point stays, or sits at the far end
                *x = match iteration % 7 {
                    0 => *x,
                    1 => F::from_f64_lossy(size),
                    _ => F::from_f64_lossy(size * uniform()),
                };
                *g = F::from_f64_lossy(1e3 * uniform());
            }
            let observation = Observation {
                param: &x,
                gradient: &g,
                step: &[],
                draw: Draw::new(seed, iteration),
                iteration,
                bounds: None,
            };
            filter.update(&mut problem, observation, &mut model).unwrap();
            if iteration % 1000 != 999 {
                continue;
            }
            let sound = model.gradient.iter().chain(&model.curvature).all(|m| m.is_finite());
            assert!(sound, "{iteration}: {model:?}");
            for (covariance, size) in filter.covariance().zip(SIZES) {
                let [b, ab, a] = covariance.map(F::to_f64_exact);
                assert!(b >= 0.0 && a >= 0.0, "{iteration} {size:e}: {b} {a}");
                // the factors are positive; the rest is the rounding of the three products
                let excess = ab * ab - b * a;
                let rounding = 4.0 * F::epsilon().to_f64_exact() * b * a;
                assert!(excess <= rounding, "{iteration} {size:e}: {b} {ab} {a}");
            }
        }
    }

    #[test]
    fn the_covariance_stays_positive_over_a_million_steps() {
        walk::<f32>(1_000_000, [5e-5, 2.8, 0.0174], 1);
        walk::<f64>(1_000_000, [5e-5, 2.8, 0.0174], 2);
    }

    proptest! {
        #![proptest_config(cases(30))]

        #[test]
        fn the_covariance_stays_positive_for_all_noises(
            initial in prop_oneof![Just(0.0), power(-12.0..6.0)],
            measurement in prop_oneof![Just(0.0), power(-12.0..6.0)],
            process in power(-12.0..3.0),
            seed in any::<u64>(),
        ) {
            walk::<f32>(3000, [initial, measurement, process], seed);
            walk::<f64>(3000, [initial, measurement, process], seed);
        }
    }
}
