//! `Arturo::new()` on the standard problems: the goals that the project set itself.
//! `docs/standard_problems.md` has each problem by name.

mod standard;

use standard::{Reached, run};

/// The outcome of each problem of a family.
fn outcomes(family: &str, noise_free: bool) -> Vec<Reached> {
    let problems = suite::by_family(family).into_iter();
    let problems = problems.filter(|problem| problem.noise_free() == noise_free);
    problems.map(|problem| run(problem, standard::DRAWS)).collect()
}

fn share(outcomes: &[&Reached], holds: impl Fn(&Reached) -> bool) -> f64 {
    let (good, bad): (Vec<&Reached>, Vec<_>) =
        outcomes.iter().copied().partition(|outcome| holds(outcome));
    println!("short of it: {:?}", bad.iter().map(|outcome| &outcome.name).collect::<Vec<_>>());
    good.len() as f64 / outcomes.len() as f64
}

#[test]
fn noise_free_problems_of_more_garbow_and_hillstrom_are_solved() {
    let outcomes = outcomes("mgh", true);
    assert_eq!(outcomes.len(), 54);
    let small: Vec<_> = outcomes.iter().filter(|outcome| outcome.dimension <= 12).collect();
    assert_eq!(small.len(), 47);
    let solved = share(&small, Reached::is_solved);
    assert!(solved >= 0.85, "{solved}");
}

#[test]
fn easy_regressions_of_nist_reach_four_certified_digits_from_the_second_start() {
    let outcomes = outcomes("nist", true);
    assert_eq!(outcomes.len(), 2 * 27);
    let digits = |outcome: &Reached| outcome.certified.clone().expect("they are regressions");
    let easy: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.name.contains("start=2"))
        .filter(|outcome| digits(outcome).difficulty != "higher")
        .collect();
    assert_eq!(easy.len(), 8 + 11);
    for certified in [
        share(&easy, |outcome| digits(outcome).parameters >= standard::CERTIFIED_DIGITS),
        share(&easy, |outcome| digits(outcome).squares >= standard::CERTIFIED_DIGITS),
    ] {
        assert!(certified >= 0.8, "{certified}");
    }
}

/// A gap of 1e-3 is close. The shares are those of the table, 0.85 and 0.61, less a tenth.
#[test]
fn noisy_problems_come_close() {
    for (family, count, least) in [("mgh", 3 * 54, 0.76), ("nist", 2 * 27, 0.55)] {
        let outcomes = outcomes(family, false);
        assert_eq!(outcomes.len(), count);
        let all: Vec<_> = outcomes.iter().collect();
        let close = share(&all, |outcome| outcome.gap <= standard::CLOSE);
        assert!(close >= least, "{family}: {close}");
        // the answer should never be worse than the start: with noise of 10 % of the gradient that of
        // meyer is, for draws of a gradient of 1e12 do not tell values of 1e9 apart
        let above = outcomes.iter().filter(|outcome| outcome.gap > 1.0).count();
        let most = if family == "mgh" { 2 } else { 0 };
        assert!(above <= most, "{family}: {above}");
    }
}
