//! The one door to the draws of a problem: it counts them, and shuts when the budget is spent.

use argmin::core::Error;
use argmin_arturo::{Draw, StochasticGradient};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use suite::Problem;

/// Whether a draw can be asked for again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// The same draw gives the same noise.
    Repeated,
    /// Every gradient has noise of its own, whatever draw was asked for: a laboratory, a stream.
    Fresh,
}

/// A problem on a budget of gradients. Clones share the budget.
#[derive(Clone)]
pub struct Oracle {
    problem: Arc<dyn Problem>,
    noise: Noise,
    budget: usize,
    used: Rc<Cell<usize>>,
}

/// Ends the run of a solver that draws beyond its budget.
#[derive(Debug, thiserror::Error)]
#[error("the budget of {0} gradients is spent")]
pub struct BudgetSpent(usize);

impl Oracle {
    pub fn new(problem: Arc<dyn Problem>, noise: Noise, budget: usize) -> Self {
        Self { problem, noise, budget, used: Rc::default() }
    }

    /// How many gradients were drawn.
    pub fn used(&self) -> usize {
        self.used.get()
    }

    pub fn noise_free(&self) -> bool {
        self.problem.noise_free()
    }

    /// The cost of a draw whose gradient is paid for.
    pub fn cost(&self, x: &[f64], draw: Draw) -> f64 {
        self.problem.stochastic_cost(x, draw)
    }

    pub fn draw_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) -> Result<(), BudgetSpent> {
        let used = self.used();
        if used >= self.budget {
            return Err(BudgetSpent(self.budget));
        }
        self.used.set(used + 1);
        let draw = match self.noise {
            Noise::Repeated => draw,
            Noise::Fresh => Draw::new(draw.seed(), used as u64),
        };
        self.problem.stochastic_gradient(x, draw, g);
        Ok(())
    }
}

impl StochasticGradient for Oracle {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        Ok(self.draw_gradient(x, draw, g)?)
    }
}
