//! Random sequences of calls: right and wrong answers, lost ones, doubled ones, in any order.

use super::{START, Valley, bits, evaluate, executed, session, tell};
use argmin_arturo::baseline::Adam;
use argmin_arturo::oracle::Replicated;
use argmin_arturo::session::{AroundRemote, AskTell, Remote, Session};
use argmin_arturo::{Arturo, NonFinite};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

/// One call.
#[derive(Clone, Copy, Debug)]
enum Call {
    Ask,
    /// The right answer to an open question, counted from the first.
    Answer(usize),
    /// The answer to a ticket, as likely as not one that is not open.
    Again(u64),
    /// An answer of another length.
    Short(usize),
    /// A cost where a gradient is asked for.
    Cost(usize),
    /// The session through bytes, with the feature `serde1`.
    Store,
}

fn call() -> impl Strategy<Value = Call> {
    let wrong = prop_oneof![
        (0..200_u64).prop_map(Call::Again),
        (0..8_usize).prop_map(Call::Short),
        (0..8_usize).prop_map(Call::Cost),
        Just(Call::Store),
    ];
    prop_oneof![3 => Just(Call::Ask), 4 => (0..8_usize).prop_map(Call::Answer), 1 => wrong]
}

/// Makes the calls, and checks that those that are refused change nothing; then drives the rest.
fn call_all<S, O>(mut session: Session<S, f64, O>, valley: Valley, calls: &[Call]) -> Vec<u64>
where
    O: AroundRemote<f64> + std::fmt::Debug + Stored,
    S: AskTell<f64, O> + std::fmt::Debug + Stored,
{
    for call in calls {
        let open: Vec<_> = session
            .open()
            .map(|asked| (asked.ticket, asked.param.to_vec(), asked.draw, asked.wanted))
            .collect();
        let chosen = |i: usize| (!open.is_empty()).then(|| open[i % open.len()].clone());
        let before = format!("{session:?}");
        let refused = match *call {
            Call::Ask => {
                session.ask().unwrap();
                continue;
            }
            Call::Answer(i) => {
                if let Some((ticket, x, draw, wanted)) = chosen(i) {
                    tell(&mut session, ticket, evaluate(&valley, &x, draw, wanted)).unwrap();
                }
                continue;
            }
            Call::Store => {
                #[cfg(feature = "serde1")]
                {
                    session = super::resume::stored(&session);
                }
                continue;
            }
            Call::Again(number) => {
                let ticket = number;
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
                Some((ticket, ..)) => session.tell(ticket, &[1.0]),
                None => continue,
            },
            Call::Cost(i) => match chosen(i) {
                Some((ticket, ..)) => session.tell_cost(ticket, 1.0),
                None => continue,
            },
        };
        assert!(refused.is_err(), "{call:?}");
        assert_eq!(format!("{session:?}"), before, "{call:?}");
    }
    while !session.is_done() {
        session.ask().unwrap();
        let next = session
            .open()
            .last()
            .map(|asked| (asked.ticket, evaluate(&valley, asked.param, asked.draw, asked.wanted)));
        let (ticket, reply) = next.unwrap();
        tell(&mut session, ticket, reply).unwrap();
    }
    bits(session.state())
}

#[cfg(feature = "serde1")]
trait Stored: serde::Serialize + serde::de::DeserializeOwned {}
#[cfg(feature = "serde1")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Stored for T {}
#[cfg(not(feature = "serde1"))]
trait Stored {}
#[cfg(not(feature = "serde1"))]
impl<T> Stored for T {}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        rng_seed: RngSeed::Fixed(2310),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_calls_has_the_bits_of_the_executor(
        calls in prop::collection::vec(call(), 0..200),
        seed in 0..1000_u64,
        failing in prop_oneof![Just(0_u64), 5..40_u64],
    ) {
        let (valley, skip) = (Valley { failing }, NonFinite::Skip);
        let default = Arturo::new().with_seed(seed).with_non_finite(skip);
        prop_assert_eq!(
            call_all(session(default.clone(), 120), valley, &calls),
            executed(valley, default, &START, 120)
        );
        let adam = Adam::new(0.1).unwrap().with_seed(seed).with_non_finite(skip);
        prop_assert_eq!(
            call_all(session(adam.clone(), 60), valley, &calls),
            executed(valley, adam.clone(), &START, 60)
        );
        let remote = Replicated::new(Remote::new(), 3).unwrap();
        let means = Session::with_oracle(adam.clone(), START.to_vec(), remote).unwrap();
        prop_assert_eq!(
            call_all(means.with_max_iters(40), valley, &calls),
            executed(Replicated::new(valley, 3).unwrap(), adam, &START, 40)
        );
    }
}
