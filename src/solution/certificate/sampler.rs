//! The draws of a certificate: gradients at a point, and their slopes.

use super::NAME;
use super::slopes::Slopes;
use crate::error::invalid;
use crate::hessian::draw_gradient;
use crate::kernel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use argmin::core::{Error, Problem};
use nalgebra::{DMatrix, DVector};

/// Separates the fresh draws from those of a run of the same seed, and from each other.
const GRADIENT_STREAM: u64 = 0x6365_7274_6966_7900;
const HESSIAN_STREAM: u64 = 0x6365_7274_6966_7901;

/// Draws gradients in `f64`.
pub(super) struct Sampler<'a, O: StochasticGradient> {
    problem: &'a mut Problem<O>,
    gradient: O::Param,
    seed: u64,
    /// Gradients drawn.
    pub count: u64,
}

impl<'a, O: StochasticGradient<Param: ParamVec>> Sampler<'a, O> {
    pub fn new(problem: &'a mut Problem<O>, param: &O::Param, seed: u64) -> Self {
        Self { problem, gradient: param.clone(), seed, count: 0 }
    }

    /// Mean and covariance of so many draws (Welford).
    pub fn gradient(
        &mut self,
        param: &O::Param,
        draws: u64,
    ) -> Result<(DVector<f64>, DMatrix<f64>), Error> {
        let n = param.as_coordinates()?.len();
        let mut mean = DVector::zeros(n);
        let mut squares = DMatrix::zeros(n, n);
        for index in 0..draws {
            let gradient = self.draw(param, index, GRADIENT_STREAM)?;
            let before = &gradient - &mean;
            mean += &before / (index + 1) as f64;
            squares.ger(1.0, &before, &(gradient - &mean), 1.0);
        }
        Ok((mean, squares / (draws - 1) as f64))
    }

    /// Adds central differences of the gradient in each coordinate, until they are those of so many
    /// draws.
    pub fn slopes(
        &mut self,
        param: &O::Param,
        ends: &[[<O::Param as ParamVec>::Scalar; 2]],
        draws: u64,
        sums: &mut Slopes,
    ) -> Result<(), Error> {
        let n = ends.len();
        let mut moved = param.clone();
        while sums.count < draws {
            let mut slopes = DMatrix::zeros(n, n);
            for (i, &[before, after]) in ends.iter().enumerate() {
                if before == after {
                    continue;
                }
                moved.as_coordinates_mut()?[i] = after;
                let mut change = self.draw(&moved, sums.count, HESSIAN_STREAM)?;
                moved.as_coordinates_mut()?[i] = before;
                change -= self.draw(&moved, sums.count, HESSIAN_STREAM)?;
                moved.as_coordinates_mut()?[i] = param.as_coordinates()?[i];
                slopes.set_column(i, &(change / (after.to_f64_exact() - before.to_f64_exact())));
            }
            for (i, _) in ends.iter().enumerate().filter(|(_, [before, after])| before == after) {
                // x_i cannot move, and H is symmetric
                let row = slopes.row(i).transpose();
                slopes.set_column(i, &row);
            }
            sums.add(&slopes.symmetric_part());
        }
        Ok(())
    }

    fn draw(&mut self, x: &O::Param, index: u64, stream: u64) -> Result<DVector<f64>, Error> {
        self.count += 1;
        let draw = Draw::new(self.seed, index).stream(stream);
        draw_gradient(self.problem, x, draw, &mut self.gradient)?;
        let gradient = self.gradient.as_coordinates()?;
        if let Some(i) = kernel::first_non_finite(gradient) {
            return Err(invalid(format!(
                "{NAME}: coordinate {i} of the gradient is {} (draw {index} of seed {}); the \
                 answer must lie inside the domain of the objective",
                gradient[i],
                draw.seed()
            )));
        }
        Ok(DVector::from_iterator(gradient.len(), gradient.iter().map(|g| g.to_f64_exact())))
    }
}
