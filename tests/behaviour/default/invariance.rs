//! What does not depend on units and order.

use super::support::{add_noise, answer, bowl, bowl_gap, rosenbrock};
use argmin_arturo::Draw;

#[test]
fn powers_of_four_in_the_objective_change_no_bit() {
    for sigma in [0.0, 0.1, 3.0] {
        let scaled = |scale: f64| {
            let noisy = move |x: &[f64], draw: Draw, g: &mut [f64]| {
                rosenbrock(x, draw, g);
                if sigma > 0.0 {
                    add_noise(draw, sigma, g);
                }
                g.iter_mut().for_each(|g| *g *= scale);
            };
            answer(noisy, &[-1.2, 1.0], 1, 400)
        };
        for exponent in [-20, 10] {
            assert_eq!(scaled(4f64.powi(exponent)), scaled(1.0), "{sigma} {exponent}");
        }
    }
}

#[test]
fn a_shift_of_x_leads_to_the_same_minimum() {
    for shift in [64.0, -1000.0] {
        let shifted = |x: &[f64], _: Draw, g: &mut [f64]| {
            let x: Vec<f64> = x.iter().map(|x| x - shift).collect();
            bowl(&x, g);
        };
        for x in answer(shifted, &[shift; 5], 1, 100) {
            assert!((x - shift - 1.0).abs() < 1e-9, "{shift}: {x}");
        }
    }
}

/// The median gap from the start `x0`, in these units of x.
fn median_gap(sigma: f64, x0: f64, units: [f64; 5]) -> f64 {
    let plain = |z: &[f64]| z.iter().zip(units).map(|(z, unit)| z / unit).collect::<Vec<_>>();
    let mut gaps: Vec<f64> = (0..11)
        .map(|seed| {
            let noisy = |z: &[f64], draw: Draw, g: &mut [f64]| {
                bowl(&plain(z), g);
                add_noise(draw, sigma, g);
                g.iter_mut().zip(units).for_each(|(g, unit)| *g /= unit);
            };
            bowl_gap(&plain(&answer(noisy, &units.map(|unit| x0 * unit), seed, 3000)))
        })
        .collect();
    gaps.sort_by(f64::total_cmp);
    gaps[5]
}

/// Units of their own are those of the start; from 0 they are not known.
#[test]
fn the_units_of_x_change_the_gap_by_less_than_2() {
    for sigma in [0.1, 1.0] {
        let common = [[1e6; 5], [1e-6; 5]];
        let mixed = [1e-6, 1e-3, 1.0, 1e3, 1e6];
        for (x0, units) in [(0.0, &common[..]), (3.0, &[common[0], common[1], mixed])] {
            let plain = median_gap(sigma, x0, [1.0; 5]);
            for units in units {
                let ratio = median_gap(sigma, x0, *units) / plain;
                // from 0 the distance has to be found by steps that double, and the last one overshoots
                let most = if x0 == 0.0 { 3.0 } else { 2.0 };
                assert!((0.5..most).contains(&ratio), "{sigma} {x0} {units:?}: {ratio}");
            }
        }
    }
}

#[test]
fn the_order_of_coordinates_changes_no_more_than_a_seed() {
    let median = |reversed: bool| {
        let mut gaps: Vec<f64> = (0..31)
            .map(|seed| {
                let order = |x: &mut [f64]| {
                    if reversed {
                        x.reverse();
                    }
                };
                let noisy = |x: &[f64], draw: Draw, g: &mut [f64]| {
                    let mut x = x.to_vec();
                    order(&mut x);
                    bowl(&x, g);
                    add_noise(draw, 0.5, g);
                    order(g);
                };
                let mut x = answer(noisy, &[0.0; 5], seed, 3000);
                order(&mut x);
                bowl_gap(&x)
            })
            .collect();
        gaps.sort_by(f64::total_cmp);
        gaps[15]
    };
    let ratio = median(true) / median(false);
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}
