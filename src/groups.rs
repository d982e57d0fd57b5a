//! Groups of coordinates, each in a KL ball of its own.

use crate::error::{Requirement, invalid, misfit, require};
use argmin::core::Error;
use std::ops::Range;

/// Consecutive coordinates with their own share of the KL bound, and their own weight decay.
///
/// For parameters of different kinds: the layers of a network, the scales and the means of a
/// model. See [`Arturo::with_groups`](crate::Arturo::with_groups).
///
/// ```
/// use argmin_arturo::{Arturo, Group, PaperSettings};
///
/// // 100 weights that decay, and 10 biases that do not, in a ball of a third of the radius
/// let weights = Group::new(100).with_kl_share(3.0)?.with_weight_decay(0.01)?;
/// let biases = Group::new(10).with_weight_decay(0.0)?;
/// # let _: Arturo<f64, _> =
/// Arturo::paper(PaperSettings::default())?.with_groups(vec![weights, biases])?;
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub struct Group {
    len: usize,
    kl_share: f64,
    weight_decay: Option<f64>,
}

/// The name of the settings in error messages.
const NAME: &str = "Group";

impl Group {
    /// The next `len` coordinates, with a KL share of 1 and the weight decay of the solver.
    pub fn new(len: usize) -> Self {
        Self { len, kl_share: 1.0, weight_decay: None }
    }

    /// Sets the share of the KL bound (> 0, default 1), relative to the shares of the other groups.
    ///
    /// # Errors
    /// If the share is not positive and finite.
    pub fn with_kl_share(mut self, kl_share: f64) -> Result<Self, Error> {
        require(NAME, "kl_share", kl_share, Requirement::Positive)?;
        self.kl_share = kl_share;
        Ok(self)
    }

    /// Sets the decoupled weight decay (>= 0, default that of the solver): x shrinks by the factor
    /// `1 - kl_bound weight_decay` in a step, with the KL bound of all groups. Only a given KL
    /// bound, that of [`Arturo::paper`](crate::Arturo::paper), decays weights.
    ///
    /// # Errors
    /// If the value is negative or not finite.
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Result<Self, Error> {
        require(NAME, "weight_decay", weight_decay, Requirement::NonNegative)?;
        self.weight_decay = Some(weight_decay);
        Ok(self)
    }

    /// Whether weights are to decay.
    pub(crate) fn decays(&self) -> bool {
        self.weight_decay.is_some_and(|decay| decay > 0.0)
    }
}

/// Checks groups by themselves.
pub(crate) fn validate(solver: &str, groups: &[Group]) -> Result<(), Error> {
    match groups.iter().position(|group| group.len == 0) {
        Some(i) => Err(invalid(format!("{solver}: group {i} has no coordinates; leave it out"))),
        None => Ok(()),
    }
}

/// Checks that groups cover a parameter vector of length `len`; no groups do.
pub(crate) fn check_len(solver: &str, groups: &[Group], len: usize) -> Result<(), Error> {
    let total: usize = groups.iter().map(|group| group.len).sum();
    if groups.is_empty() || total == len {
        return Ok(());
    }
    Err(misfit(format!(
        "{solver}: the groups have {total} coordinates, the parameter vector has {len}; they must \
         cover it"
    )))
}

/// The coordinates of one KL ball.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Ball {
    pub range: Range<usize>,
    /// Part of the KL bound, in (0, 1].
    pub kl_share: f64,
    pub weight_decay: f64,
    /// eta of the last step.
    pub multiplier: Option<f64>,
}

/// The balls of a run: one for each group, or one for all coordinates.
pub(crate) fn balls(groups: &[Group], len: usize, weight_decay: f64) -> Vec<Ball> {
    if groups.is_empty() {
        return vec![Ball { range: 0..len, kl_share: 1.0, weight_decay, multiplier: None }];
    }
    let total: f64 = groups.iter().map(|group| group.kl_share).sum();
    let mut start = 0;
    let ball = |group: &Group| {
        let range = start..start + group.len;
        start = range.end;
        let weight_decay = group.weight_decay.unwrap_or(weight_decay);
        Ball { range, kl_share: group.kl_share / total, weight_decay, multiplier: None }
    };
    groups.iter().map(ball).collect()
}
