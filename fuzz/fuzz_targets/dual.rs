//! The 1-D dual on arbitrary spectra.
#![no_main]

use argmin_arturo::dual::{Bisection, DualSolver, DualValue, Newton};
use libfuzzer_sys::{arbitrary::Arbitrary, fuzz_target};

#[derive(Arbitrary, Debug)]
struct Input {
    bound: f64,
    warm_start: Option<f64>,
    /// Gradient, curvature, precision.
    coordinates: Vec<[f64; 3]>,
}

/// KL and slope as the solver takes them.
fn kl(coordinates: &[[f64; 3]], eta: f64) -> DualValue {
    let mut value = DualValue { kl: 0.0, slope: 0.0 };
    for [m, a, p] in coordinates {
        let denominator = a + eta * p;
        let step = m / denominator;
        value.kl += 0.5 * (p * step * step);
        value.slope -= p * step * (p * step / denominator);
    }
    value
}

fuzz_target!(|input: Input| {
    let Input { bound, warm_start, mut coordinates } = input;
    let bound = bound.abs();
    if !bound.is_finite() || coordinates.iter().flatten().any(|v| !v.is_finite()) {
        return;
    }
    for [_, a, p] in &mut coordinates {
        // what the solver divides by is positive
        *a = a.abs().max(f64::MIN_POSITIVE.sqrt());
        *p = p.abs().max(f64::MIN_POSITIVE);
    }
    let solution = Newton::default().solve(bound, warm_start, |eta| kl(&coordinates, eta));
    let eta = solution.multiplier;
    assert!(eta >= 0.0, "{solution:?}");
    assert!(solution.evaluations <= 200, "{solution:?}");
    // an infinite multiplier is no step at all: only where nothing smaller is small enough
    let can_be_met = bound > 0.0 && kl(&coordinates, f64::MAX).kl <= bound;
    assert!(eta.is_finite() || !can_be_met, "{solution:?}");
    if eta.is_finite() {
        let reached = kl(&coordinates, eta).kl;
        // a thousandth of a subnormal bound is a rounding of it
        let rounding = 2.0 * f64::from_bits(1);
        assert!(
            reached <= bound * (1.0 + 1e-3) + rounding,
            "{reached:e} above {bound:e}: {solution:?}"
        );
        assert_eq!(reached, solution.kl);
    }

    let warm_start = warm_start.filter(|eta| (0.0..=1e4).contains(eta));
    let bisection = Bisection::new(0.5).expect("it is in range");
    let solution = bisection.solve(bound, warm_start, |eta| kl(&coordinates, eta));
    assert!((0.0..=1e4).contains(&solution.multiplier), "{solution:?}");
});
