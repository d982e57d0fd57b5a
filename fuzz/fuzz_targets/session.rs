//! Sequences of calls of a session: no panic, no change by what is refused, and the bits of the executor.
#![no_main]

use arbitrary::Arbitrary;
use argmin::core::{Error, Executor, IterState};
use argmin_arturo::session::Session;
use argmin_arturo::{Arturo, Draw, NonFinite, StochasticGradient};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Call {
    Ask,
    Answer(u8),
    Again(u8),
    Short(u8),
    Cost(u8),
    Store,
}

#[derive(Arbitrary, Debug)]
struct Input {
    seed: u64,
    failing: u8,
    calls: Vec<Call>,
}

/// f(x; z) = 1/2 x_0^2 + 5 (x_1 - x_0)^2 + z.x, which fails at some draws.
#[derive(Clone, Copy)]
struct Bowl(u8);

impl StochasticGradient for Bowl {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        if self.0 > 1 && draw.index() % u64::from(self.0) == 1 {
            return Err(Error::msg("no convergence"));
        }
        let mut unit = draw.index().wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(draw.seed());
        unit ^= unit >> 29;
        let z = (unit >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        let rise = 10.0 * (x[1] - x[0]);
        g.copy_from_slice(&[x[0] - rise + z, rise - z]);
        Ok(())
    }
}

const START: [f64; 2] = [3.0, -2.0];
const ITERATIONS: u64 = 80;

fn bits(state: &IterState<Vec<f64>, Vec<f64>, (), (), (), f64>) -> Vec<u64> {
    let vectors = [&state.param, &state.best_param, &state.grad];
    vectors.into_iter().flatten().flatten().map(|x| x.to_bits()).chain([state.iter]).collect()
}

fn answer(session: &mut Session<Arturo<f64>>, bowl: Bowl, ticket: u64, x: Vec<f64>, draw: Draw) {
    let mut g = vec![0.0; 2];
    let told = match bowl.stochastic_gradient(&x, draw, &mut g) {
        Ok(()) => session.tell(ticket, &g),
        Err(error) => session.tell_lost(ticket, error.to_string()),
    };
    told.expect("an open question can be answered");
}

fuzz_target!(|input: Input| {
    let bowl = Bowl(input.failing);
    let solver = Arturo::new().with_seed(input.seed).with_non_finite(NonFinite::Skip);
    let expected = Executor::new(bowl, solver.clone())
        .configure(|state| state.param(START.to_vec()).max_iters(ITERATIONS))
        .run()
        .expect("failed draws are skipped");
    let session = Session::new(solver, START.to_vec()).expect("a sound start");
    let mut session = session.with_max_iters(ITERATIONS);
    for call in input.calls {
        let open: Vec<_> =
            session.open().map(|asked| (asked.ticket, asked.param.to_vec(), asked.draw)).collect();
        let chosen = |i: u8| open.get(usize::from(i) % open.len().max(1)).cloned();
        let before = format!("{session:?}");
        let refused = match call {
            Call::Ask => {
                session.ask().expect("it can be asked");
                continue;
            }
            Call::Answer(i) => {
                if let Some((ticket, x, draw)) = chosen(i) {
                    answer(&mut session, bowl, ticket, x, draw);
                }
                continue;
            }
            Call::Store => {
                let bytes = rmp_serde::to_vec_named(&session).expect("it can be stored");
                session = rmp_serde::from_slice(&bytes).expect("it can be read");
                continue;
            }
            Call::Again(number) => {
                let ticket = u64::from(number);
                if open.iter().any(|question| question.0 == ticket) {
                    continue;
                }
                match session.tell(ticket, &START) {
                    // it had been asked ahead in vain
                    Ok(()) => continue,
                    refused => refused,
                }
            }
            Call::Short(i) => match chosen(i) {
                Some((ticket, ..)) => session.tell(ticket, &[]),
                None => continue,
            },
            Call::Cost(i) => match chosen(i) {
                Some((ticket, ..)) => session.tell_cost(ticket, 1.0),
                None => continue,
            },
        };
        assert!(refused.is_err() && format!("{session:?}") == before, "a refusal changes nothing");
    }
    while !session.is_done() {
        session.ask().expect("it can be asked");
        let next = session.open().last();
        let next = next.map(|asked| (asked.ticket, asked.param.to_vec(), asked.draw));
        let (ticket, x, draw) = next.expect("a session that is not done has an open question");
        answer(&mut session, bowl, ticket, x, draw);
    }
    assert!(bits(session.state()) == bits(expected.state()), "not the bits of the executor");
});
