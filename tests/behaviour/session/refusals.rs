//! What is refused changes nothing.

use super::{START, Valley, session};
use argmin::core::Error;
use argmin_arturo::baseline::Adam;
use argmin_arturo::oracle::Spsa;
use argmin_arturo::session::{Remote, Session};
use argmin_arturo::{Arturo, ArturoError, FailedRun, NonFinite, PaperSettings, StochasticGradient};

type Run = Session<Arturo<f64>>;

fn text(result: Result<(), Error>) -> String {
    result.unwrap_err().to_string()
}

/// The whole session, as text.
fn shown<S: std::fmt::Debug, O: std::fmt::Debug>(session: &Session<S, f64, O>) -> String {
    format!("{session:?}")
}

#[test]
fn wrong_lengths_tickets_and_kinds_are_named() {
    let mut session: Run = session(Arturo::new(), 100);
    let ticket = session.ask().unwrap().unwrap().ticket;
    let before = shown(&session);
    assert_eq!(
        text(session.tell(ticket, &[1.0])),
        "Invalid parameter: \"Session: the gradient told by ticket 0 has 1 coordinates, it must have 3, \
         one for each of x; tell it again\""
    );
    assert_eq!(
        text(session.tell(9, &START)),
        "Invalid parameter: \"Session: ticket 9 is unknown, 1 were given out, from 0; answer with the \
         ticket of the question\""
    );
    assert_eq!(
        text(session.tell_cost(ticket, 1.0)),
        "Invalid parameter: \"Session: ticket 0 asks for a gradient; answer it by `tell`\""
    );
    assert_eq!(shown(&session), before);
    session.tell(ticket, &START).unwrap();
    let before = shown(&session);
    assert_eq!(
        text(session.tell(ticket, &START)),
        "Invalid parameter: \"Session: ticket 0 was answered before; each is answered once\""
    );
    assert_eq!(text(session.tell_lost(ticket, "gone")), text(session.tell(ticket, &START)));
    assert_eq!(shown(&session), before);
}

#[test]
fn a_gradient_in_place_of_a_cost() {
    let oracle = Spsa::new(Remote::new());
    let mut session = Session::with_oracle(Arturo::new(), START.to_vec(), oracle).unwrap();
    let ticket = session.ask().unwrap().unwrap().ticket;
    let before = shown(&session);
    assert_eq!(
        text(session.tell(ticket, &START)),
        "Invalid parameter: \"Session: ticket 0 asks for a cost; answer it by `tell_cost`\""
    );
    assert_eq!(shown(&session), before);
}

#[test]
fn a_lost_draw_is_an_error_unless_it_is_skipped() {
    let mut session: Run = session(Arturo::new(), 100);
    let ticket = session.ask().unwrap().unwrap().ticket;
    let before = shown(&session);
    let error = session.tell_lost(ticket, "the simulator crashed").unwrap_err();
    assert_eq!(error.to_string(), "Arturo: the run ended at iteration 0: the simulator crashed");
    let failed: &FailedRun<Vec<f64>> = error.downcast_ref().unwrap();
    assert_eq!((failed.iteration, &failed.best_param), (0, &START.to_vec()));
    assert_eq!(shown(&session), before);
    session.tell(ticket, &START).unwrap();
    assert_eq!(session.state().iter, 1);

    let solver = Arturo::new().with_non_finite(NonFinite::Skip);
    let mut session = super::session(solver, 100);
    let ticket = session.ask().unwrap().unwrap().ticket;
    session.tell_lost(ticket, "the simulator crashed").unwrap();
    assert_eq!(session.state().iter, 1);
}

#[test]
fn a_gradient_that_is_not_finite() {
    macro_rules! refused {
        ($solver:expr, $before:expr) => {{
            let mut session = session($solver, 100);
            let before: usize = $before;
            for _ in 0..before {
                let asked = session.ask().unwrap().unwrap();
                let (ticket, mut g) = (asked.ticket, vec![0.0; 3]);
                let x = asked.param.to_vec();
                Valley::default().stochastic_gradient(&x, asked.draw, &mut g).unwrap();
                session.tell(ticket, &g).unwrap();
            }
            let ticket = session.ask().unwrap().unwrap().ticket;
            let before = shown(&session);
            let error = session.tell(ticket, &[0.0, f64::NAN, 0.0]).unwrap_err();
            assert!(matches!(
                error.downcast_ref(),
                Some(ArturoError::NonFiniteGradient { coordinate: 1, .. })
            ));
            assert_eq!(shown(&session), before);
            session.tell(ticket, &START).unwrap();
        }};
    }
    refused!(Adam::new(0.1).unwrap(), 0);
    refused!(Adam::new(0.1).unwrap(), 5);
    refused!(Arturo::paper(PaperSettings::default()).unwrap(), 5);
    refused!(Arturo::new().with_estimator(argmin_arturo::hessian::Hutchinson::new()), 0);

    // the default asks for the draw at the start first, and refuses it there
    let mut session: Run = session(Arturo::new(), 100);
    let ticket = session.ask().unwrap().unwrap().ticket;
    session.tell(ticket, &[f64::NAN; 3]).unwrap();
    let again = session.ask().unwrap().unwrap();
    assert_eq!((again.param, again.draw.index()), (&START[..], 0));
    let ticket = again.ticket;
    let before = shown(&session);
    let error = session.tell(ticket, &[f64::NAN; 3]).unwrap_err();
    let found = error.downcast_ref();
    assert!(matches!(found, Some(ArturoError::NonFiniteGradient { .. })), "{error}");
    assert_eq!(shown(&session), before);
}

#[test]
fn starts_are_checked() {
    let refuse = |x0: Vec<f64>| Session::new(Arturo::new(), x0).unwrap_err().to_string();
    assert!(refuse(vec![]).contains("at least one coordinate"));
    assert!(refuse(vec![f64::NAN]).contains("must be finite"));
    let boxed = Arturo::new().with_bounds(vec![0.0], vec![1.0]).unwrap();
    assert!(Session::new(boxed, vec![2.0]).is_err());
}

#[test]
fn a_remote_oracle_needs_a_session() {
    let mut g = vec![0.0];
    let draw = argmin_arturo::Draw::new(0, 0);
    let error = Remote::new().stochastic_gradient(&vec![1.0], draw, &mut g).unwrap_err();
    assert!(error.to_string().contains("Session::with_oracle"), "{error}");
}
