//! Exponential averages whose start is not biased.

/// Weight of the sample number `count` (from 1) in an exponential average, where the past has the
/// weight `memory`: (1 - memory) / (1 - memory^count).
///
/// With it, `mean += weight (sample - mean)` is Adam's average with its bias corrected (Kingma and
/// Ba 2015), without a second array.
pub(super) fn weight<F: crate::param::Scalar>(memory: f64, count: u64) -> F {
    let past = memory.powf(count as f64);
    F::from_f64_lossy((1.0 - memory) / (1.0 - past))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_is_that_of_adam() {
        for memory in [0.0, 0.5, 0.99] {
            let (mut mean, mut biased) = (f64::NAN, 0.0);
            for count in 1..=50_u64 {
                let sample = (count as f64).sin();
                let weight = weight::<f64>(memory, count);
                mean = if count == 1 { sample } else { mean + weight * (sample - mean) };
                biased = memory * biased + (1.0 - memory) * sample;
                let adam = biased / (1.0 - memory.powf(count as f64));
                assert!((mean - adam).abs() < 1e-12, "{memory} {count}: {mean} {adam}");
            }
            assert_eq!(weight::<f64>(memory, 1), 1.0);
        }
    }
}
