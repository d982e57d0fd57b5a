//! Which problems to run, for how long, and what they were used for before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use suite::Problem;

/// The counts of draws that contenders are judged at.
pub const BUDGETS: [usize; 5] = [100, 300, 3000, 30_000, 300_000];
/// What all problems are run to.
pub const USUAL_BUDGET: usize = 3000;
/// What some problems of each family are run to.
pub const LONG_BUDGET: usize = 30_000;

/// How much to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    Quick,
    Medium,
    Full,
}

impl Size {
    /// The most problems of any one family that are run to a budget.
    pub fn problems_run_to(self, budget: usize) -> usize {
        match (self, budget) {
            (Self::Quick, ..=USUAL_BUDGET) => 2,
            (Self::Medium, ..=USUAL_BUDGET) => 12,
            (Self::Full, ..=USUAL_BUDGET) => usize::MAX,
            (Self::Quick, ..=LONG_BUDGET) => 1,
            (Self::Medium, ..=LONG_BUDGET) => 1,
            (Self::Full, ..=LONG_BUDGET) => 2,
            (Self::Quick | Self::Medium, _) => 0,
            (Self::Full, _) => 1,
        }
    }

    /// Seeds of every run under noise.
    pub fn seeds(self) -> u64 {
        match self {
            Self::Quick => 1,
            Self::Medium => 3,
            Self::Full => 3,
        }
    }

    /// The most seeds that are run to a long budget.
    pub fn seeds_run_to(budget: usize) -> u64 {
        if budget <= LONG_BUDGET { 3 } else { 1 }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quick => "quick",
            Self::Medium => "medium",
            Self::Full => "full",
        })
    }
}

/// A budget and the seeds 0, 1, ... that are judged at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    pub budget: usize,
    pub seeds: u64,
}

/// A problem and what is run on it, by ascending budgets and descending seeds.
pub struct Plan {
    pub problem: Arc<dyn Problem>,
    pub courses: Vec<Course>,
}

/// The two halves of the suite: arTuRO's constants were chosen on one; the other was held out, and looked at
/// once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Half {
    Tuning,
    HeldOut,
}

impl Half {
    /// By the hash of the name without additive noise, so that its levels stay together. Problems
    /// with Student noise, whose names have a colon, were all used for tuning.
    pub fn of(name: &str) -> Self {
        let key = name.split("/noise").next().unwrap_or(name);
        if name.contains(':') || (fnv1a(key) >> 20).is_multiple_of(2) {
            Self::Tuning
        } else {
            Self::HeldOut
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tuning => "tuning",
            Self::HeldOut => "held-out",
        })
    }
}

/// FNV-1a in 64 bits (Fowler, Noll and Vo).
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The problems of a size whose names contain a filter, by name, and what to run on them.
pub fn plans(size: Size, seeds: u64, filter: &str) -> Vec<Plan> {
    let mut families: BTreeMap<&str, Vec<Arc<dyn Problem>>> = BTreeMap::new();
    for problem in suite::suite() {
        let name = problem.name();
        if name.contains(filter) && !(size == Size::Quick && is_slowest(&name)) {
            families.entry(problem.family()).or_default().push(problem.into());
        }
    }
    families.into_values().flat_map(|family| plan(family, size, seeds)).collect()
}

/// The most problems of a family by the least hashes of their names, one with noise in any case;
/// long budgets are for those with noise, and first for fast ones with a limit to be judged by.
fn plan(mut family: Vec<Arc<dyn Problem>>, size: Size, seeds: u64) -> Vec<Plan> {
    let late = |name: &str| size == Size::Quick && is_slow(name);
    family.sort_by_cached_key(|problem| (late(&problem.name()), fnv1a(&problem.name())));
    if let Some(first) = family.iter().position(|problem| !problem.noise_free()) {
        family[..=first].rotate_right(1);
    }
    family.truncate(size.problems_run_to(USUAL_BUDGET));
    let noisy = family.iter().filter(|problem| !problem.noise_free());
    let mut long: Vec<String> = noisy.map(|problem| problem.name()).collect();
    long.retain(|name| !(size == Size::Quick && is_slow(name)));
    long.sort_by_key(|name| (is_slowest(name), is_slow(name), suite::limit(name).is_none()));
    // a slow one only where a family has no fast one
    let slow = long.iter().position(|name| is_slow(name));
    long.truncate(slow.unwrap_or(long.len()).max(1));
    family.sort_by_cached_key(|problem| problem.name());
    let plan = |problem: Arc<dyn Problem>| {
        let name = problem.name();
        let rank = long.iter().position(|other| *other == name);
        let is_run = |budget: usize| match rank {
            _ if budget <= USUAL_BUDGET => true,
            Some(rank) => rank < size.problems_run_to(budget),
            None => false,
        };
        let seeds = |budget: usize| match budget {
            _ if problem.noise_free() => 1,
            ..=USUAL_BUDGET if is_slow(&name) => seeds.min(SLOW_SEEDS),
            ..=USUAL_BUDGET => seeds,
            _ if is_slow(&name) => 1,
            _ => seeds.min(Size::seeds_run_to(budget)),
        };
        let courses = BUDGETS.into_iter().filter(|budget| is_run(*budget));
        let courses = courses.map(|budget| Course { budget, seeds: seeds(budget) }).collect();
        Plan { problem, courses }
    };
    family.into_iter().map(plan).collect()
}

/// The beginnings of the names of problems whose draws, or arTuRO's steps on them, take 20 microseconds
/// or more: they would take most of the time of the long budgets.
const SLOW: [&str; 17] = [
    "autoencoder/digits/tied/batch=16",
    "calibration/displaced/paths=2x128",
    "gp/",
    "mlp/",
    "ode/",
    "population/rich/samples=8",
    "population/sparse/samples=8",
    "qaoa/",
    "quadratic/diagonal/n=1000/",
    "relu/",
    "rnn/delay/batch=16",
    "rnn/sunspots/batch=16",
    "scales/quadratic/n=49/samples=16",
    "simulated/hidden/paths=8",
    "softmax/",
    "vi/logistic/",
    "vqe/h2/qubits=4/",
];

/// The most seeds of a slow problem.
const SLOW_SEEDS: u64 = 1;

fn is_slow(name: &str) -> bool {
    SLOW.iter().any(|beginning| name.starts_with(beginning))
}

/// Draws that see many of the 1797 images of digits would take most of the time of a quick
/// comparison.
fn is_slowest(name: &str) -> bool {
    name.ends_with("digits/full") || name.ends_with("digits/batch=128")
}
