//! Writes `docs/standard_problems.md`: the default solver on each standard problem.

#[path = "../tests/standard/mod.rs"]
mod standard;

use standard::{CERTIFIED_DIGITS, CLOSE, Reached, run};
use std::fmt::Write;

/// Why a problem is not solved, by the beginning of its name.
const REASONS: [(&str, &str); 18] = [
    ("mgh/freudenstein_roth", "local minimum, 48.9843"),
    ("mgh/biggs_exp6/noise=0", "saddle where the exact descent path ends, 5.65565e-3"),
    ("mgh/trigonometric/noise=0", "local minimum, 4.21863e-5"),
    ("mgh/trigonometric", "local minimum, 2.79506e-5"),
    ("mgh/chebyquad/n=10", "local minimum, 6.50395e-3"),
    ("mgh/discrete_boundary_value/n=50", "condition number 1e6: still on its way"),
    ("mgh/powell_badly_scaled", "scales 1e-5 and 9, in a curved valley: still on its way"),
    ("mgh/brown_badly_scaled", "scales 1e6 and 2e-6: still on its way"),
    ("mgh/meyer", "scales 6e-3 to 6e3, in a curved valley: still on its way"),
    ("mgh/osborne2", "one trial step overflowed an exponential; its curvature is slow to forget"),
    ("nist/lanczos", "sum of exponentials, the worst conditioned: still on its way, at 3e4 too"),
    ("nist/mgh17/start=1/full", "runs off to b4 = infinity, where one exponential is gone"),
    ("nist/roszman1/start=1/full", "local minimum at b4 < -4000"),
    ("nist/mgh10/start=1/full", "residuals of 1e14 at the start: lost in a curved valley"),
    ("nist/bennett5", "condition number 1e10: still on its way, certified at 3e4"),
    ("nist/eckerle4/start=1/full", "the minimum with both signs of b1 and b2 turned"),
    ("nist/boxbod/start=1/batch", "runs off to b2 = infinity, where the model is constant"),
    ("", "noise: still on its way"),
];

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/standard_problems.md");
    let [exact_mgh, exact_nist] = ["mgh", "nist"].map(|family| outcomes(family, true));
    let [noisy_mgh, noisy_nist] = ["mgh", "nist"].map(|family| outcomes(family, false));
    let mut text = String::from(INTRODUCTION);

    let small = exact_mgh.iter().filter(|outcome| outcome.dimension <= 12);
    let easy = exact_nist.iter().filter(|outcome| {
        outcome.name.contains("start=2") && outcome.digits().difficulty != "higher"
    });
    text += "| goal | reached |\n|---|---|\n";
    row(&mut text, "MGH, n <= 12, noise-free: solved, on 85 %", small, Reached::is_solved);
    let goal = "NIST lower and average, second start: 4 digits of all parameters, on 80 %";
    row(&mut text, goal, easy.clone(), Reached::is_certified);
    let goal = "the same: 4 digits of the residual sum of squares, on 80 %";
    row(&mut text, goal, easy, |outcome| outcome.digits().squares >= CERTIFIED_DIGITS);
    let all = "all NIST, both starts: 4 digits of all parameters (no goal)";
    row(&mut text, all, exact_nist.iter(), Reached::is_certified);
    row(&mut text, "MGH with noise: close (no goal)", noisy_mgh.iter(), Reached::is_close);
    row(&mut text, "NIST in batches: close (no goal)", noisy_nist.iter(), Reached::is_close);

    text += "\n## Moré, Garbow and Hillstrom, noise-free\n\n";
    text += "| problem | n | gap | draws until solved | verdict |\n|---|---|---|---|---|\n";
    for outcome in &exact_mgh {
        let Reached { name, dimension, gap, .. } = outcome;
        let (draws, verdict) =
            (count(outcome.draws_to_solve), verdict(outcome, outcome.is_solved(), "solved"));
        let name = short(name, "/noise=0");
        writeln!(text, "| {name} | {dimension} | {gap:.1e} | {draws} | {verdict} |").unwrap();
    }

    text += "\n## NIST StRD, all observations in each draw\n\n";
    text += "| problem | difficulty | gap | digits of parameters | digits of squares | draws \
             until 4 digits | verdict |\n|---|---|---|---|---|---|---|\n";
    for outcome in &exact_nist {
        let digits = outcome.digits();
        writeln!(
            text,
            "| {} | {} | {:.1e} | {:.1} | {:.1} | {} | {} |",
            short(&outcome.name, "/full"),
            digits.difficulty,
            outcome.gap,
            digits.parameters,
            digits.squares,
            count(digits.draws_to_certify),
            verdict(outcome, outcome.is_certified(), "certified"),
        )
        .unwrap();
    }

    text += "\n## With noise\n\nAfter 3000 draws; solved as above is not asked for.\n\n";
    text += "| problem | n | gap | digits of parameters | verdict |\n|---|---|---|---|---|\n";
    for outcome in noisy_mgh.iter().chain(&noisy_nist) {
        let Reached { name, dimension, gap, certified, .. } = outcome;
        let digits =
            certified.as_ref().map_or_else(String::new, |c| format!("{:.1}", c.parameters));
        let verdict = verdict(outcome, outcome.is_close(), "close");
        let name = short(name, "");
        writeln!(text, "| {name} | {dimension} | {gap:.1e} | {digits} | {verdict} |").unwrap();
    }
    std::fs::write(path, text)
}

const INTRODUCTION: &str = "\
# The default solver on the standard problems

`Arturo::new()` with nothing set, from the official starts, 3000 draws of the gradient each. Written
by `cargo run --release --manifest-path tests/problems/Cargo.toml --example standard_problems`.

- *gap*: (f - f\\*) / (f0 - f\\*) at the recommended point after all draws, f\\* being the least known
  minimum; *solved* is 1e-6, with noise *close* is 1e-3. A gap below 0 is rounding.
- *digits*: -log10 of the largest relative error of a raw, unscaled parameter, and of the residual
  sum of squares, against the certified values; at most 16.
- The objective of NIST is the mean of squares; MGH has the sum. Noise of MGH is normal, or t with
  three degrees of freedom, relative to the norm of the gradient; that of NIST is a batch of random
  observations.
- `lanczos1` has a residual sum of squares of 4e-21 at the printed parameters, against the certified
  1.4e-25: its digits of squares are none.

";

impl Reached {
    fn is_certified(&self) -> bool {
        self.digits().parameters >= CERTIFIED_DIGITS
    }

    fn is_close(&self) -> bool {
        self.gap <= CLOSE
    }

    fn digits(&self) -> &standard::Digits {
        self.certified.as_ref().expect("a regression")
    }
}

fn outcomes(family: &str, noise_free: bool) -> Vec<Reached> {
    let problems = suite::by_family(family).into_iter();
    let problems = problems.filter(|problem| problem.noise_free() == noise_free);
    problems.map(|problem| run(problem, standard::DRAWS)).collect()
}

fn row<'a>(
    text: &mut String,
    goal: &str,
    outcomes: impl Iterator<Item = &'a Reached>,
    holds: impl Fn(&Reached) -> bool,
) {
    let (good, bad): (Vec<_>, Vec<_>) = outcomes.partition(|outcome| holds(outcome));
    let count = good.len() + bad.len();
    let percent = 100.0 * good.len() as f64 / count as f64;
    writeln!(text, "| {goal} | {} of {count}, {percent:.0} % |", good.len()).unwrap();
}

fn short(name: &str, end: &str) -> String {
    name.trim_end_matches(end).replace("mgh/", "").replace("nist/", "")
}

fn count(draws: Option<u64>) -> String {
    draws.map_or_else(|| "-".into(), |draws| draws.to_string())
}

fn verdict(outcome: &Reached, holds: bool, word: &str) -> String {
    if holds {
        return word.into();
    }
    let reason = REASONS.iter().find(|(name, _)| outcome.name.starts_with(name));
    format!("**no**: {}", reason.map_or("", |(_, reason)| reason))
}
