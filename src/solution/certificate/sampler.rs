//! The draws of a certificate: gradients at a point, and their slopes.

use super::NAME;
use super::slopes::Slopes;
use crate::error::invalid;
use crate::hessian::draw_gradient;
use crate::kernel;
use crate::oracle::{Draw, StochasticGradient};
use crate::param::{ParamVec, Scalar};
use crate::settings::NonFinite;
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
    non_finite: NonFinite,
    /// Gradients drawn.
    pub count: u64,
    /// The next draw of slopes.
    index: u64,
}

impl<'a, O: StochasticGradient<Param: ParamVec>> Sampler<'a, O> {
    pub fn new(
        problem: &'a mut Problem<O>,
        param: &O::Param,
        seed: u64,
        non_finite: NonFinite,
    ) -> Self {
        Self { problem, gradient: param.clone(), seed, non_finite, count: 0, index: 0 }
    }

    /// Mean of so many draws and its covariance (Welford).
    pub fn gradient(
        &mut self,
        param: &O::Param,
        draws: u64,
    ) -> Result<(DVector<f64>, DMatrix<f64>), Error> {
        let n = param.as_coordinates()?.len();
        let mut mean = DVector::zeros(n);
        let mut squares = DMatrix::zeros(n, n);
        let mut used = 0;
        for index in 0..draws {
            let Some(gradient) = self.draw(param, index, GRADIENT_STREAM)? else { continue };
            used += 1;
            let before = &gradient - &mean;
            mean += &before / used as f64;
            squares.ger(1.0, &before, &(gradient - &mean), 1.0);
        }
        self.check_share(used, draws)?;
        Ok((mean, squares / ((used - 1) * used) as f64))
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
        while sums.count < draws {
            if let Some(slopes) = self.slopes_of_a_draw(param, ends)? {
                sums.add(&slopes);
            }
            self.index += 1;
            if self.index >= 2 * draws {
                self.check_share(sums.count, self.index)?;
            }
        }
        Ok(())
    }

    fn slopes_of_a_draw(
        &mut self,
        param: &O::Param,
        ends: &[[<O::Param as ParamVec>::Scalar; 2]],
    ) -> Result<Option<DMatrix<f64>>, Error> {
        let n = ends.len();
        let mut moved = param.clone();
        let mut slopes = DMatrix::zeros(n, n);
        for (i, &[before, after]) in ends.iter().enumerate() {
            if before == after {
                continue;
            }
            moved.as_coordinates_mut()?[i] = after;
            let ahead = self.draw(&moved, self.index, HESSIAN_STREAM)?;
            moved.as_coordinates_mut()?[i] = before;
            let behind = self.draw(&moved, self.index, HESSIAN_STREAM)?;
            let Some((ahead, behind)) = ahead.zip(behind) else { return Ok(None) };
            moved.as_coordinates_mut()?[i] = param.as_coordinates()?[i];
            let width = after.to_f64_exact() - before.to_f64_exact();
            slopes.set_column(i, &((ahead - behind) / width));
        }
        for (i, _) in ends.iter().enumerate().filter(|(_, [before, after])| before == after) {
            // x_i cannot move, and H is symmetric
            let row = slopes.row(i).transpose();
            slopes.set_column(i, &row);
        }
        Ok(Some(slopes.symmetric_part()))
    }

    /// A gradient; none where it cannot be used and is skipped.
    fn draw(
        &mut self,
        x: &O::Param,
        index: u64,
        stream: u64,
    ) -> Result<Option<DVector<f64>>, Error> {
        self.count += 1;
        let skips = self.non_finite == NonFinite::Skip;
        let draw = Draw::new(self.seed, index).stream(stream).skippable(skips);
        draw_gradient(self.problem, x, draw, &mut self.gradient)?;
        let gradient = self.gradient.as_coordinates()?;
        match kernel::first_non_finite(gradient) {
            None => {
                let exact = gradient.iter().map(|g| g.to_f64_exact());
                Ok(Some(DVector::from_iterator(gradient.len(), exact)))
            }
            Some(_) if skips => Ok(None),
            Some(i) => Err(invalid(format!(
                "{NAME}: coordinate {i} of the gradient is {} (draw {index} of seed {}); the \
                 answer must lie inside the domain of the objective",
                gradient[i],
                draw.seed()
            ))),
        }
    }

    /// Means of the few draws that can be used are no measurement.
    fn check_share(&self, used: u64, draws: u64) -> Result<(), Error> {
        if used < 2 || 2 * used < draws {
            return Err(invalid(format!(
                "{NAME}: {used} of {draws} draws can be used, it must be at least 2 and a half of \
                 them; check the oracle at the point"
            )));
        }
        Ok(())
    }
}
