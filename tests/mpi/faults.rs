//! What one rank meets reaches all, and none hangs.

use super::{Place, digest, executor};
use argmin::core::{Error, State, TerminationReason};
use argmin_arturo::baseline::Adam;
use argmin_arturo::checkpoint::AtomicCheckpoint;
use argmin_arturo::mpi::{AcrossRanks, Ranks};
use argmin_arturo::observer::Stop;
use argmin_arturo::oracle::Replicated;
use argmin_arturo::{Arturo, ArturoError, Draw, NonFinite, StochasticGradient};
use std::fs;
use std::path::Path;

/// f(x) = 1/2 |x - 1|^2, of which a draw of the last of four fails, or is not finite.
#[derive(Clone)]
struct Faulty {
    fails: Option<u64>,
    overflows: Option<u64>,
}

const SOUND: Faulty = Faulty { fails: None, overflows: None };

impl StochasticGradient for Faulty {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        g.iter_mut().zip(x).for_each(|(g, x)| *g = x - 1.0);
        let [at, part] = [draw.index() / 4, draw.index() % 4];
        if part == 3 && self.fails == Some(at) {
            return Err(Error::msg("the pump is off"));
        }
        if part == 3 && self.overflows == Some(at) {
            g[1] = f64::INFINITY;
        }
        Ok(())
    }
}

pub fn faults_on_ranks(ranks: Ranks, directory: &Path) {
    let spread = |oracle| AcrossRanks::new(Replicated::new(oracle, 4).unwrap(), &ranks);
    let adam = || Adam::new(0.1).unwrap();
    let start = [0.0; 3];
    let last = ranks.rank() + 1 == ranks.count();

    // an error of one rank is one of all, at the same draw
    let error = executor(spread(Faulty { fails: Some(5), ..SOUND }), adam(), &start, 9).run();
    let error = error.err().unwrap();
    let (here, reason) = ("Adam: the run ended at iteration 5: ", "the pump is off");
    let there = format!("rank {}: ", ranks.count() - 1);
    let expected = if last { reason.into() } else { format!("{there}{reason}") };
    assert_eq!(error.to_string(), format!("{here}{expected}"));
    assert_eq!(matches!(error.downcast_ref(), Some(ArturoError::Rank { .. })), !last);

    // so is a gradient that is not finite
    let error = executor(spread(Faulty { overflows: Some(5), ..SOUND }), adam(), &start, 9).run();
    let error = error.err().unwrap();
    assert!(matches!(
        error.downcast_ref(),
        Some(ArturoError::NonFiniteGradient { coordinate: 1, iteration: 5, .. })
    ));

    // all skip both, and come to the bits of a run without ranks
    let faulty = Faulty { fails: Some(5), overflows: Some(7) };
    let skipping = || Arturo::new().with_non_finite(NonFinite::Skip);
    assert_eq!(
        digest(spread(faulty.clone()), skipping(), &start, 50),
        digest(Replicated::new(faulty, 4).unwrap(), skipping(), &start, 50)
    );

    // a file that is no checkpoint, which the first rank alone reads
    let path = directory.join("torn");
    if ranks.is_first() {
        fs::write(&path, "torn").unwrap();
    }
    let executor_of = |oracle| executor(oracle, adam(), &start, 9);
    let error = ranks.run(&AtomicCheckpoint::new(path), executor_of(spread(SOUND))).err().unwrap();
    let is_of_other = matches!(error.downcast_ref(), Some(ArturoError::Rank { rank: 0, .. }));
    assert_eq!(is_of_other, !ranks.is_first());
    assert!(error.to_string().contains("checkpoint"), "{error}");

    // another seed on one rank
    let seed = u64::from(last);
    let error = executor(spread(SOUND), skipping().with_seed(seed), &start, 9).run().err().unwrap();
    assert!(matches!(error.downcast_ref(), Some(ArturoError::RanksApart(_))));
    assert!(error.to_string().contains("not at the same draw and point"), "{error}");

    // a stop that the first rank wants
    let (wish, stop) = (Stop::new(), Stop::new());
    if ranks.is_first() {
        wish.request();
    }
    let oracle = spread(SOUND).with_stop(wish, stop.clone());
    let result = executor(oracle, adam().with_stop(stop), &start, 9).run().unwrap();
    assert_eq!(result.state.iter, 1);
    let reason = result.state.get_termination_reason();
    assert_eq!(reason, Some(&TerminationReason::Interrupt));
    drop(result);

    // fewer iterations on one rank: the others end as it leaves, whether they skip or not
    let iterations = if last { 6 } else { 9 };
    let result = executor(spread(SOUND), skipping(), &start, iterations).run();
    if !last {
        let error = result.err().unwrap();
        assert!(matches!(error.downcast_ref(), Some(ArturoError::RanksApart(_))));
        assert!(error.to_string().contains("has ended its run before the others"), "{error}");
    }
}

#[test]
fn a_fault_of_one_rank_reaches_all_and_none_hangs() {
    let place = Place::new("faults");
    for count in [2, 4] {
        assert!(place.mpirun("faults", count).success(), "{count}");
    }
}

pub fn panic_on_ranks(ranks: Ranks, _directory: &Path) {
    let oracle = Replicated::new(SOUND, 4).unwrap();
    if ranks.rank() == 1 {
        panic!("on purpose");
    }
    let oracle = AcrossRanks::new(oracle, &ranks);
    executor(oracle, Adam::new(0.1).unwrap(), &[0.0], 9).run().unwrap();
}

#[test]
fn a_panic_of_one_rank_ends_all() {
    assert!(!Place::new("panic").mpirun("panic", 2).success());
}
