//! Several questions at once, and answers in any order.

use super::{START, Valley, bits, evaluate, executed, session, tell};
use argmin_arturo::baseline::Adam;
use argmin_arturo::oracle::{FiniteDifferenceGradient, Replicated, Spsa};
use argmin_arturo::session::{Remote, Session, Wanted};
use argmin_arturo::{Arturo, Draw, NonFinite, PaperSettings};

#[test]
fn the_default_is_asked_several_at_once() {
    let iterations = 3000;
    let solver = Arturo::new().with_seed(5);
    let expected = executed(Valley::default(), solver.clone(), &START, iterations);
    let mut session = session(solver, iterations);
    let (mut rounds, mut evaluations) = (0_u64, 0);
    while !session.is_done() {
        let mut asked = Vec::new();
        while asked.len() < 8
            && let Some(question) = session.ask().unwrap()
        {
            asked.push((question.ticket, question.param.to_vec(), question.draw));
        }
        evaluations += asked.len() as u64;
        rounds += 1;
        for (ticket, x, draw) in asked.into_iter().rev() {
            tell(&mut session, ticket, evaluate(&Valley::default(), &x, draw, Wanted::Gradient))
                .unwrap();
        }
    }
    assert_eq!(bits(session.state()), expected);
    // steps of the foundation come one after the other; draws of the model and of comparisons do not
    assert!(rounds * 20 < iterations * 19, "{rounds} rounds");
    // those of a stage that ends early are asked in vain
    assert!(evaluations * 100 < iterations * 112, "{evaluations} evaluations");
}

#[test]
fn a_baseline_and_the_published_method_ask_one_at_a_time() {
    let mut adam = session(Adam::new(0.1).unwrap(), 10);
    assert!(adam.ask().unwrap().is_some());
    assert!(adam.ask().unwrap().is_none());
    let mut paper = session(Arturo::paper(PaperSettings::default()).unwrap(), 10);
    assert!(paper.ask().unwrap().is_some());
    assert!(paper.ask().unwrap().is_none());
}

#[test]
fn oracles_around_ask_for_all_they_need_at_once() {
    fn count<O: argmin_arturo::session::AroundRemote<f64>>(oracle: O) -> usize {
        let adam = Adam::new(0.1).unwrap();
        let mut session = Session::with_oracle(adam, START.to_vec(), oracle).unwrap();
        let mut count = 0;
        while session.ask().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(session.open().count(), count);
        count
    }
    assert_eq!(count(Spsa::new(Remote::new()).with_directions(3).unwrap()), 6);
    assert_eq!(count(FiniteDifferenceGradient::new(Remote::new())), 6);
    assert_eq!(count(Replicated::new(Remote::new(), 7).unwrap()), 7);
    assert_eq!(count(Remote::new()), 1);
}

#[test]
fn what_was_asked_ahead_in_vain_is_withdrawn() {
    // the draws of a comparison are known ahead, but not after one of them is lost
    let solver = Arturo::new().with_non_finite(NonFinite::Skip);
    let mut session = session(solver, 400);
    let mut withdrawn = 0;
    while !session.is_done() {
        let mut asked: Vec<(u64, Vec<f64>, Draw)> = Vec::new();
        while let Some(question) = session.ask().unwrap() {
            asked.push((question.ticket, question.param.to_vec(), question.draw));
        }
        let first = session.open().next().map(|question| question.ticket).unwrap();
        session.tell_lost(first, "of no use").unwrap();
        for (ticket, x, draw) in asked {
            if ticket == first {
                continue;
            }
            withdrawn += usize::from(session.open().all(|question| question.ticket != ticket));
            tell(&mut session, ticket, evaluate(&Valley::default(), &x, draw, Wanted::Gradient))
                .unwrap();
        }
        let next = session.open().next().map(|q| (q.ticket, q.param.to_vec(), q.draw));
        if let Some((ticket, x, draw)) = next {
            tell(&mut session, ticket, evaluate(&Valley::default(), &x, draw, Wanted::Gradient))
                .unwrap();
        }
    }
    assert!(withdrawn > 0);
}
