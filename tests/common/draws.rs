//! An oracle of given draws, for the tests of extremes and for fuzzing.

use argmin::core::Error;
use argmin_arturo::{Draw, Scalar, StochasticGradient};
use std::marker::PhantomData;

/// Draws in turn, coordinate by coordinate, on top of a quadratic of this curvature, which may have
/// no minimum.
#[derive(Clone, Copy)]
pub struct Draws<'a, F> {
    pub curvature: f64,
    pub draws: &'a [f64],
    pub float: PhantomData<F>,
}

impl<F: Scalar> StochasticGradient for Draws<'_, F> {
    type Param = Vec<F>;

    fn stochastic_gradient(&self, x: &Vec<F>, draw: Draw, g: &mut Vec<F>) -> Result<(), Error> {
        let (n, draws) = (x.len(), self.draws);
        for (i, (g, x)) in g.iter_mut().zip(x).enumerate() {
            let noise = draws[(draw.index() as usize * n + i) % draws.len()];
            *g = F::from_f64_lossy(noise + self.curvature * x.to_f64_exact());
        }
        Ok(())
    }
}
