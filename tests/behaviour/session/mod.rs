//! Ask and tell: the bits of argmin's executor, whatever the order of the answers.

mod bits;
mod order;
mod random;
mod refusals;
mod resume;

use argmin::core::{Error, Executor, IterState, Solver};
use argmin_arturo::oracle::StochasticCost;
use argmin_arturo::session::{AroundRemote, AskTell, Remote, Session, Wanted};
use argmin_arturo::{Draw, StochasticGradient};
use rand_distr::{Distribution, StandardNormal};

pub(crate) type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// f(x; z) = 10 (x_1 - x_0^2)^2 + (1 - x_0)^2 + 1/2 x_2^2 + z.x, and what fails at some draws.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Valley {
    /// Each draw of which the index is a multiple of this one fails; none at 0.
    pub failing: u64,
}

impl Valley {
    fn noise(draw: Draw) -> [f64; 3] {
        let mut rng = draw.rng();
        std::array::from_fn(|_| 0.3 * Distribution::<f64>::sample(&StandardNormal, &mut rng))
    }

    fn check(&self, draw: Draw) -> Result<(), Error> {
        if self.failing > 0 && draw.index() % self.failing == self.failing - 1 {
            return Err(Error::msg("no convergence"));
        }
        Ok(())
    }
}

impl StochasticGradient for Valley {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.check(draw)?;
        let valley = x[1] - x[0] * x[0];
        g.copy_from_slice(&[-40.0 * x[0] * valley - 2.0 * (1.0 - x[0]), 20.0 * valley, x[2]]);
        g.iter_mut().zip(Self::noise(draw)).for_each(|(g, z)| *g += z);
        Ok(())
    }
}

impl StochasticCost for Valley {
    type Param = Vec<f64>;

    fn stochastic_cost(&self, x: &Vec<f64>, draw: Draw) -> Result<f64, Error> {
        self.check(draw)?;
        let valley = x[1] - x[0] * x[0];
        let noise: f64 = x.iter().zip(Self::noise(draw)).map(|(x, z)| x * z).sum();
        Ok(10.0 * valley * valley + (1.0 - x[0]).powi(2) + 0.5 * x[2] * x[2] + noise)
    }
}

pub(crate) const START: [f64; 3] = [-1.0, 1.5, 2.0];

/// What a run comes to, to the bit.
pub(crate) fn bits(state: &Run) -> Vec<u64> {
    let vectors = [&state.param, &state.best_param, &state.grad];
    let numbers = vectors.into_iter().flatten().flatten().map(|x| x.to_bits());
    numbers.chain([state.iter, state.last_best_iter, state.best_cost.to_bits()]).collect()
}

/// The bits of the executor after each of so many iterations.
pub(crate) fn executed<O, S>(oracle: O, solver: S, start: &[f64], max_iters: u64) -> Vec<u64>
where
    S: Solver<O, Run>,
{
    let result = Executor::new(oracle, solver)
        .configure(|state| state.param(start.to_vec()).max_iters(max_iters))
        .ctrlc(false)
        .run()
        .unwrap();
    bits(result.state())
}

/// What the evaluation of a question has come to.
pub(crate) enum Reply {
    Gradient(Vec<f64>),
    Cost(f64),
    Lost(String),
}

/// Evaluates a question.
pub(crate) fn evaluate<E>(evaluator: &E, x: &[f64], draw: Draw, wanted: Wanted) -> Reply
where
    E: StochasticGradient<Param = Vec<f64>> + StochasticCost<Param = Vec<f64>>,
{
    let x = x.to_vec();
    let mut gradient = x.clone();
    let reply = match wanted {
        Wanted::Gradient => evaluator
            .stochastic_gradient(&x, draw, &mut gradient)
            .map(|()| Reply::Gradient(gradient)),
        Wanted::Cost => evaluator.stochastic_cost(&x, draw).map(Reply::Cost),
    };
    reply.unwrap_or_else(|error| Reply::Lost(error.to_string()))
}

pub(crate) fn tell<S, O>(
    session: &mut Session<S, f64, O>,
    ticket: u64,
    reply: Reply,
) -> Result<(), Error>
where
    O: AroundRemote<f64>,
    S: AskTell<f64, O>,
{
    match reply {
        Reply::Gradient(gradient) => session.tell(ticket, &gradient),
        Reply::Cost(cost) => session.tell_cost(ticket, cost),
        Reply::Lost(reason) => session.tell_lost(ticket, reason),
    }
}

/// Answers one question after the other until the session is done.
pub(crate) fn drive<S, O, E>(session: &mut Session<S, f64, O>, evaluator: &E)
where
    O: AroundRemote<f64>,
    S: AskTell<f64, O>,
    E: StochasticGradient<Param = Vec<f64>> + StochasticCost<Param = Vec<f64>>,
{
    while let Some(asked) = session.ask().unwrap() {
        let ticket = asked.ticket;
        let reply = evaluate(evaluator, asked.param, asked.draw, asked.wanted);
        tell(session, ticket, reply).unwrap();
    }
}

/// A session of a solver on [`Valley`], by gradients.
pub(crate) fn session<S: AskTell<f64, Remote<f64>>>(solver: S, max_iters: u64) -> Session<S> {
    Session::new(solver, START.to_vec()).unwrap().with_max_iters(max_iters)
}
