//! Oracles around oracles: unbiased, pure, counted, without allocations.

mod fresh;

use crate::common::oracles::{Cubic, Exponential, Springs};
use argmin::core::Error;
use argmin_arturo::oracle::{
    Antithetic, Clipped, Counted, FiniteDifferenceGradient, Frozen, GaussianNoise, GrowingBatch,
    Replicated, Sharded, Spsa, Staged, StochasticCost, Svrg,
};
use argmin_arturo::{Draw, MiniBatch, StochasticGradient};
use rand::Rng;

type Oracle = Box<dyn StochasticGradient<Param = Vec<f64>>>;

/// The gradient of the cubic here is of the size of its noise.
const X: [f64; 3] = [0.5, -0.1, 0.3];

/// A name, an oracle, and the mean of its draws at [`X`].
type Case = (&'static str, Oracle, Vec<f64>);

/// Every oracle, alone and in stacks.
fn all() -> Vec<Case> {
    let (cubic, exponential) = (Cubic::gradient(&X), Exponential::gradient(&X));
    let springs = Springs::gradient(&X);
    let h = 0.3;
    // the documented bias of central differences: h^2/6 times the third derivative, 6
    let differenced: Vec<f64> = cubic.iter().map(|g| g + h * h).collect();
    let batches = |size| MiniBatch::new(Springs, size).unwrap();
    let shards = |batch| Sharded::new(Springs, vec![2, 0, 5, 6], batch).unwrap();
    let svrg = |size| {
        let mut oracle = Svrg::new(batches(size));
        oracle.begin_stage(&vec![0.0, 1.0, 7.0]).unwrap();
        oracle
    };
    let spsa =
        |directions| Spsa::new(Cubic).with_step(h).unwrap().with_directions(directions).unwrap();
    let differences = FiniteDifferenceGradient::new(Cubic).with_step(h).unwrap();
    let growing = |max| GrowingBatch::new(Cubic, max).unwrap().with_min_draws(4).unwrap();
    vec![
        ("Spsa", Box::new(spsa(1)) as Oracle, differenced.clone()),
        ("Spsa, 3 directions", Box::new(spsa(3)), differenced.clone()),
        ("FiniteDifferenceGradient", Box::new(differences.clone()), differenced.clone()),
        ("Antithetic", Box::new(Antithetic::new(Exponential)), exponential.clone()),
        ("Replicated", Box::new(Replicated::new(Cubic, 3).unwrap()), cubic.clone()),
        ("GrowingBatch", Box::new(growing(16)), cubic.clone()),
        (
            "GrowingBatch, odd sizes",
            Box::new(growing(13).with_growth(1.5).unwrap().with_theta(0.9).unwrap()),
            cubic.clone(),
        ),
        ("Svrg", Box::new(svrg(1)), springs.clone()),
        ("Sharded", Box::new(shards(2)), springs.clone()),
        ("Sharded, whole shards", Box::new(shards(9)), springs.clone()),
        (
            "Sharded, shared shards",
            Box::new(shards(3).with_draws_per_shard(3).unwrap()),
            springs.clone(),
        ),
        ("Counted", Box::new(Counted::new(batches(2))), springs.clone()),
        ("Antithetic of Spsa", Box::new(Antithetic::new(spsa(1))), differenced.clone()),
        (
            "Replicated Antithetic",
            Box::new(Replicated::new(Antithetic::new(Exponential), 2).unwrap()),
            exponential,
        ),
        (
            "Spsa of Replicated batches",
            Box::new(
                Spsa::new(Replicated::new(batches(1).without_replacement(), 2).unwrap())
                    .with_step(h)
                    .unwrap(),
            ),
            springs.clone(), // quadratic: no bias
        ),
        (
            "GrowingBatch of Svrg",
            Box::new(
                GrowingBatch::new(Counted::new(svrg(2)), 8).unwrap().with_min_draws(4).unwrap(),
            ),
            springs.clone(),
        ),
        (
            "Replicated noise on an exact batch",
            Box::new(
                Replicated::new(
                    GaussianNoise::new(Frozen::new(batches(13), Draw::new(1, 1)), 1.0).unwrap(),
                    2,
                )
                .unwrap(),
            ),
            springs,
        ),
    ]
}

/// Independent draws, at indices of all kinds.
fn draws(count: u64) -> impl Iterator<Item = Draw> {
    (0..count).map(|k| Draw::new(k, k % 7))
}

/// How far the mean of 1e5 draws is from `expected`, in standard errors; the largest coordinate.
fn deviation(
    mut gradient: impl FnMut(Draw, &mut Vec<f64>) -> Result<(), Error>,
    expected: &[f64],
) -> f64 {
    let count = 100_000;
    let n = expected.len();
    let (mut sums, mut squares) = (vec![0.0; n], vec![0.0; n]);
    let mut g = vec![f64::NAN; n];
    for draw in draws(count) {
        gradient(draw, &mut g).unwrap();
        for i in 0..n {
            let error = g[i] - expected[i];
            sums[i] += error;
            squares[i] += error * error;
        }
    }
    let count = count as f64;
    let deviations = (0..n).map(|i| {
        let mean = sums[i] / count;
        let variance = squares[i] / count - mean * mean;
        mean.abs() / (variance / count).sqrt().max(1e-12)
    });
    deviations.fold(0.0, f64::max)
}

fn assert_unbiased(chosen: impl Fn(&str) -> bool) {
    // 1e5 draws, within 5 standard errors in each of three coordinates: a correct oracle fails
    // with probability 2e-6, but the seeds are fixed
    let x = X.to_vec();
    for (name, oracle, expected) in all().into_iter().filter(|(name, ..)| chosen(name)) {
        let deviation = deviation(|draw, g| oracle.stochastic_gradient(&x, draw, g), &expected);
        println!("{name}: {deviation:.2} standard errors");
        assert!(deviation < 5.0, "{name}: {deviation} standard errors");
    }
}

#[test]
fn every_oracle_is_unbiased() {
    assert_unbiased(|name| !name.starts_with("GrowingBatch"));
}

#[test]
fn growing_batches_are_unbiased() {
    assert_unbiased(|name| name.starts_with("GrowingBatch"));
}

#[test]
fn frozen_samples_are_unbiased_over_their_draws() {
    let x = X.to_vec();
    let sample = |draw, g: &mut Vec<f64>| {
        // at one draw, whatever the other one says
        Frozen::new(Cubic, draw).stochastic_gradient(&x, Draw::new(99, 99), g)
    };
    let deviation = deviation(sample, &Cubic::gradient(&X));
    println!("Frozen: {deviation:.2} standard errors");
    assert!(deviation < 5.0, "{deviation} standard errors");
}

#[test]
fn a_mean_that_stops_itself_would_be_biased() {
    // shows that the test above can tell: the same norm test, but on the mean that it stops
    let x = vec![X[0]];
    let naive = |draw: Draw, g: &mut Vec<f64>| {
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for part in 0..32 {
            Cubic.stochastic_gradient(&x, Draw::new(draw.seed(), 32 * draw.index() + part), g)?;
            sum += g[0];
            squares += g[0] * g[0];
            count += 1.0;
            let mean: f64 = sum / count;
            let variance = (squares - count * mean * mean) / (count - 1.0);
            if count >= 4.0 && variance / count <= 0.25 * mean * mean {
                break;
            }
        }
        g[0] = sum / count;
        Ok(())
    };
    let deviation = deviation(naive, &Cubic::gradient(&x));
    println!("stopping on its own mean: {deviation:.2} standard errors");
    assert!(deviation > 20.0, "{deviation}");
}

#[test]
fn clipping_has_its_documented_bias() {
    // the mean of m + z, cut to [-c, c], by quadrature over z
    let bound = 1.0;
    let quadrature = |f: &dyn Fn(f64) -> f64| {
        let step = 1e-4;
        (-80_000..=80_000)
            .map(|k| f64::from(k) * step)
            .map(|z| f(z) * (-0.5 * z * z).exp() * step / (2.0 * std::f64::consts::PI).sqrt())
            .sum::<f64>()
    };
    let gradient = Cubic::gradient(&X);
    let clipped: Vec<f64> =
        gradient.iter().map(|m| quadrature(&|z| (m + z).clamp(-bound, bound))).collect();
    let oracle = Clipped::by_value(Cubic, bound).unwrap();
    let x = X.to_vec();
    let by_value = deviation(|draw, g| oracle.stochastic_gradient(&x, draw, g), &clipped);
    println!("Clipped by value: {by_value:.2} standard errors");
    assert!(by_value < 5.0, "{by_value}");
    // and the bias is within its bound, E(|g_i| - c)+
    for (m, clipped) in gradient.iter().zip(&clipped) {
        let most = quadrature(&|z| ((m + z).abs() - bound).max(0.0));
        assert!((m - clipped).abs() <= most && most > 0.01, "{m}");
    }
    // by norm in one dimension: the same
    let oracle = Clipped::by_norm(Cubic, bound).unwrap();
    let x = vec![X[0]];
    let by_norm = deviation(|draw, g| oracle.stochastic_gradient(&x, draw, g), &clipped[..1]);
    println!("Clipped by norm: {by_norm:.2} standard errors");
    assert!(by_norm < 5.0, "{by_norm}");
}

#[test]
fn every_oracle_is_pure() {
    let bits = |oracle: &Oracle, x: &[f64], draw| {
        let mut g = vec![f64::NAN; x.len()];
        oracle.stochastic_gradient(&x.to_vec(), draw, &mut g).unwrap();
        g.iter().map(|g| g.to_bits()).collect::<Vec<_>>()
    };
    let mut rng = Draw::new(5, 5).rng();
    for ((name, oracle, _), (_, other, _)) in all().into_iter().zip(all()) {
        let first = bits(&oracle, &X, Draw::new(3, 4));
        for _ in 0..10 {
            let x: Vec<f64> = X.iter().map(|x| x + rng.random::<f64>()).collect();
            bits(&oracle, &x, Draw::new(rng.random(), rng.random::<u64>() >> 32));
        }
        assert_eq!(bits(&oracle, &X, Draw::new(3, 4)), first, "{name}");
        // what an oracle has drawn before does not matter
        assert_eq!(bits(&other, &X, Draw::new(3, 4)), first, "{name}");
        let differs = |seed| bits(&other, &X, Draw::new(seed, 4)) != first;
        assert!((4..14).any(differs), "{name}");
    }
}

#[test]
fn threads_share_an_oracle() {
    let oracle = GrowingBatch::new(Antithetic::new(Exponential), 64).unwrap();
    let gradients = || -> Vec<Vec<f64>> {
        let gradient = |draw| {
            let mut g = vec![f64::NAN; 3];
            oracle.stochastic_gradient(&X.to_vec(), draw, &mut g).unwrap();
            g
        };
        draws(200).map(gradient).collect()
    };
    let serial = gradients();
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(gradients)).collect();
        for handle in handles {
            assert_eq!(handle.join().unwrap(), serial);
        }
    });
}

#[test]
fn no_oracle_allocates_after_its_first_draw() {
    let x = X.to_vec();
    for (name, oracle, _) in all() {
        // the first needs Gradient, which returns its vector; the second reads shards
        if name.contains("exact batch") || name.starts_with("Sharded") {
            continue;
        }
        let mut g = vec![f64::NAN; 3];
        oracle.stochastic_gradient(&x, Draw::new(0, 0), &mut g).unwrap();
        let count = allocation_counter::measure(|| {
            for draw in draws(100) {
                oracle.stochastic_gradient(&x, draw, &mut g).unwrap();
            }
        });
        assert_eq!(count.count_total, 0, "{name}");
    }
}

/// What one draw of an oracle around a counted one costs.
fn cost_of<O, W>(inner: O, wrap: impl FnOnce(Counted<O>) -> W, draw: Draw) -> Counted<()>
where
    W: StochasticGradient<Param = Vec<f64>>,
{
    let counted = Counted::new(inner);
    let counter = counted.counter();
    let mut g = vec![f64::NAN; 3];
    wrap(counted).stochastic_gradient(&X.to_vec(), draw, &mut g).unwrap();
    counter
}

#[test]
fn draws_cost_what_the_docs_say() {
    let draw = Draw::new(0, 1);
    assert_eq!(cost_of(Cubic, |o| Spsa::new(o).with_directions(5).unwrap(), draw).costs(), 10);
    assert_eq!(cost_of(Cubic, FiniteDifferenceGradient::new, draw).costs(), 6);
    assert_eq!(cost_of(Cubic, Antithetic::new, draw).gradients(), 2);
    assert_eq!(cost_of(Cubic, |o| Replicated::new(o, 7).unwrap(), draw).gradients(), 7);
    assert_eq!(cost_of(Cubic, |o| Clipped::by_norm(o, 1.0).unwrap(), draw).gradients(), 1);
    let grown = |growth| {
        let wrap = |o| {
            let growing = GrowingBatch::new(o, 100).unwrap().with_min_draws(6).unwrap();
            growing.with_growth(growth).unwrap().without_test()
        };
        [0, 1, 2, 50].map(|index| cost_of(Cubic, wrap, Draw::new(0, index)).gradients())
    };
    assert_eq!(grown(1.0), [6; 4]);
    assert_eq!(grown(2.0), [6, 12, 24, 100]);
    // what the test costs is between its bounds
    let tested = cost_of(Cubic, |o| GrowingBatch::new(o, 64).unwrap(), draw).gradients();
    assert!((16..=64).contains(&tested) && tested % 4 == 0, "{tested}");

    let springs = Counted::new(Springs);
    let counter = springs.counter();
    let mut svrg = Svrg::new(MiniBatch::new(springs, 3).unwrap());
    svrg.begin_stage(&X.to_vec()).unwrap();
    assert_eq!(counter.term_gradients(), 13);
    svrg.stochastic_gradient(&X.to_vec(), draw, &mut vec![0.0; 3]).unwrap();
    assert_eq!(counter.term_gradients(), 13 + 2 * 3);
}

#[test]
fn mirror_images_cancel_what_is_odd() {
    let mut g = vec![f64::NAN; 3];
    for draw in draws(100) {
        Antithetic::new(Cubic).stochastic_gradient(&X.to_vec(), draw, &mut g).unwrap();
        for (g, exact) in g.iter().zip(Cubic::gradient(&X)) {
            assert!((g - exact).abs() < 1e-14);
        }
        assert_eq!(draw.mirror().mirror(), draw);
        assert_ne!(draw.mirror(), draw);
        let unit: f64 = draw.rng().random();
        assert_eq!(draw.mirror().reflect_unit(unit), 1.0 - draw.reflect_unit(unit));
    }
    // noise that the crate adds has its mirror image, too
    let exact = Frozen::new(Cubic, Draw::new(0, 0));
    let noisy = Antithetic::new(GaussianNoise::new(exact.clone(), 10.0).unwrap());
    let mut expected = vec![f64::NAN; 3];
    exact.stochastic_gradient(&X.to_vec(), Draw::new(0, 0), &mut expected).unwrap();
    noisy.stochastic_gradient(&X.to_vec(), Draw::new(1, 1), &mut g).unwrap();
    assert!(g.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-13), "{g:?} {expected:?}");
}

#[test]
fn the_variance_of_svrg_vanishes_at_its_reference() {
    let mut oracle = Svrg::new(MiniBatch::new(Springs, 1).unwrap());
    oracle.begin_stage(&X.to_vec()).unwrap();
    let mut g = vec![f64::NAN; 3];
    for draw in draws(100) {
        oracle.stochastic_gradient(&X.to_vec(), draw, &mut g).unwrap();
        assert_eq!(g, Springs::gradient(&X));
    }
}

#[test]
fn costs_and_gradients_are_of_the_same_draw() {
    // central differences of the drawn cost against the drawn gradient
    fn check<O>(oracle: O)
    where
        O: StochasticGradient<Param = Vec<f64>> + StochasticCost<Param = Vec<f64>>,
    {
        let (mut exact, mut differenced) = (vec![0.0; 3], vec![0.0; 3]);
        for draw in draws(20) {
            oracle.stochastic_gradient(&X.to_vec(), draw, &mut exact).unwrap();
            FiniteDifferenceGradient::new(Borrowed(&oracle))
                .stochastic_gradient(&X.to_vec(), draw, &mut differenced)
                .unwrap();
            for (a, b) in exact.iter().zip(&differenced) {
                assert!((a - b).abs() < 1e-8 * a.abs().max(1.0), "{a} {b}");
            }
        }
    }
    check(Cubic);
    check(Replicated::new(Cubic, 4).unwrap());
    check(Antithetic::new(Cubic));
    check(MiniBatch::new(Springs, 3).unwrap());
    check(Counted::new(Replicated::new(MiniBatch::new(Springs, 2).unwrap(), 3).unwrap()));
}

/// An oracle by reference.
struct Borrowed<'a, O>(&'a O);

impl<O: StochasticCost> StochasticCost for Borrowed<'_, O> {
    type Param = O::Param;

    fn stochastic_cost(
        &self,
        x: &O::Param,
        draw: Draw,
    ) -> Result<<O::Param as argmin_arturo::ParamVec>::Scalar, Error> {
        self.0.stochastic_cost(x, draw)
    }
}
