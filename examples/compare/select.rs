//! Which problems to run, and what they were used for before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use suite::Problem;

/// How much to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    Quick,
    Medium,
    Full,
}

impl Size {
    /// The most problems of any one family.
    fn problems_per_family(self) -> usize {
        match self {
            Self::Quick => 5,
            Self::Medium => 12,
            Self::Full => usize::MAX,
        }
    }

    /// Seeds of every run under noise.
    pub fn seeds(self) -> u64 {
        match self {
            Self::Quick => 3,
            Self::Medium => 5,
            Self::Full => 9,
        }
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

/// The two halves of the suite: arTuRO's constants were chosen on one, the other was looked at
/// once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Half {
    Tuning,
    LookOnce,
}

impl Half {
    /// By the hash of the name without additive noise, so that its levels stay together. Problems
    /// with Student noise, whose names have a colon, were all used for tuning.
    pub fn of(name: &str) -> Self {
        let key = name.split("/noise").next().unwrap_or(name);
        if name.contains(':') || (fnv1a(key) >> 20).is_multiple_of(2) {
            Self::Tuning
        } else {
            Self::LookOnce
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tuning => "tuning",
            Self::LookOnce => "look-once",
        })
    }
}

/// FNV-1a in 64 bits (Fowler, Noll and Vo).
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The problems of a size whose names contain a filter.
pub fn problems(size: Size, filter: &str) -> Vec<Arc<dyn Problem>> {
    let mut families: BTreeMap<&str, Vec<Arc<dyn Problem>>> = BTreeMap::new();
    for problem in suite::suite() {
        let name = problem.name();
        if name.contains(filter) && !(size == Size::Quick && is_slow(&name)) {
            families.entry(problem.family()).or_default().push(problem.into());
        }
    }
    families.into_values().flat_map(|family| sample(family, size.problems_per_family())).collect()
}

/// Draws that see many of the 1797 images of digits take most of the time of a comparison.
fn is_slow(name: &str) -> bool {
    name.ends_with("digits/full") || name.ends_with("digits/batch=128")
}

/// At most `limit` of a family, whatever its order: those whose names have the least hashes.
fn sample(mut family: Vec<Arc<dyn Problem>>, limit: usize) -> Vec<Arc<dyn Problem>> {
    family.sort_by_cached_key(|problem| fnv1a(&problem.name()));
    family.truncate(limit);
    family.sort_by_cached_key(|problem| problem.name());
    family
}
