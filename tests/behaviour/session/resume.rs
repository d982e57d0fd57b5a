//! A session that is stored and goes on, and one that goes on in the executor.
#![cfg(feature = "serde1")]

use super::{START, Valley, bits, drive, evaluate, executed, session, tell};
use argmin::core::{Error, Executor, TerminationStatus};
use argmin_arturo::baseline::Adam;
use argmin_arturo::hessian::Hutchinson;
use argmin_arturo::oracle::Spsa;
use argmin_arturo::session::{AroundRemote, AskTell, Remote, Session};
use argmin_arturo::{Arturo, Draw, NonFinite, PaperSettings, StochasticGradient};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The session through bytes, which are those of the session that comes out.
pub(crate) fn stored<T: Serialize + DeserializeOwned>(session: &T) -> T {
    let bytes = rmp_serde::to_vec_named(session).unwrap();
    let read: T = rmp_serde::from_slice(&bytes).unwrap();
    assert!(rmp_serde::to_vec_named(&read).unwrap() == bytes);
    read
}

fn assert_resumes<S, O>(name: &str, mut session: Session<S, f64, O>, valley: Valley)
where
    O: AroundRemote<f64> + Serialize + DeserializeOwned + Clone,
    S: AskTell<f64, O> + Serialize + DeserializeOwned,
{
    let mut whole = session.clone();
    drive(&mut whole, &valley);
    while let Some(asked) = session.ask().unwrap() {
        let reply = evaluate(&valley, asked.param, asked.draw, asked.wanted);
        let ticket = asked.ticket;
        session = stored(&session);
        assert_eq!(session.open().next().map(|asked| asked.ticket), Some(ticket));
        tell(&mut session, ticket, reply).unwrap();
        session = stored(&session);
    }
    assert_eq!(bits(session.state()), bits(whole.state()), "{name}");
    assert_eq!(session.termination(), whole.termination());
}

#[test]
fn a_session_stored_between_any_two_calls_has_the_same_bits() {
    let valley = Valley::default();
    assert_resumes("default", session(Arturo::new(), 150), valley);
    let paper = Arturo::paper(PaperSettings::default()).unwrap();
    assert_resumes("paper", session(paper, 100), valley);
    assert_resumes("adam", session(Adam::new(0.1).unwrap(), 100), valley);
    let curved = Arturo::new().with_estimator(Hutchinson::new());
    assert_resumes("hutchinson", session(curved, 60), valley);
    let spsa = Spsa::new(Remote::new());
    let costs = Session::with_oracle(Arturo::new(), START.to_vec(), spsa).unwrap();
    assert_resumes("spsa", costs.with_max_iters(100), valley);
    let skipping = Arturo::new().with_non_finite(NonFinite::Skip);
    assert_resumes("lost", session(skipping, 150), Valley { failing: 7 });
}

#[test]
fn questions_out_and_answers_ahead_are_stored() {
    let whole = executed(Valley::default(), Arturo::new(), &START, 300);
    let mut session = session(Arturo::new(), 300);
    while !session.is_done() {
        while session.ask().unwrap().is_some() {}
        session = stored(&session);
        // the last first
        let last = session.open().last().map(|asked| {
            (asked.ticket, evaluate(&Valley::default(), asked.param, asked.draw, asked.wanted))
        });
        let (ticket, reply) = last.unwrap();
        tell(&mut session, ticket, reply).unwrap();
    }
    assert_eq!(bits(session.state()), whole);
}

#[derive(Clone)]
struct Noisy;

impl StochasticGradient for Noisy {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        Valley::default().stochastic_gradient(x, draw, g)
    }
}

#[test]
fn executor_and_session_go_on_from_each_other() {
    let whole = executed(Noisy, Arturo::new(), &START, 300);

    let mut half = session(Arturo::new(), 137);
    drive(&mut half, &Valley::default());
    let mut state = half.state().clone();
    state.termination_status = TerminationStatus::NotTerminated;
    let result = Executor::new(Noisy, half.solver().clone())
        .configure(|_| state.max_iters(300))
        .run()
        .unwrap();
    assert_eq!(bits(result.state()), whole);

    let result = Executor::new(Noisy, Arturo::new())
        .configure(|state| state.param(START.to_vec()).max_iters(137))
        .run()
        .unwrap();
    let session = Session::resume(result.solver, result.state, Remote::new()).unwrap();
    let mut session = session.with_max_iters(300);
    drive(&mut session, &Valley::default());
    assert_eq!(bits(session.state()), whole);
}
