//! Batches of which each epoch has every term once.

use super::permutation::Permutation;
use super::{Batch, Draw};
use crate::draw::mix;
use crate::error::invalid;
use argmin::core::Error;

/// Minibatches of N terms without replacement, as a function of the draw.
///
/// Draw number k is batch number k mod ceil(N/B) of epoch number floor(k / ceil(N/B)), whose
/// permutation is a function of the seed and the epoch. The last batch of an epoch is smaller where
/// the batch size B does not divide N. No order is stored, so a run that is resumed
/// within an epoch continues with the remaining terms of the epoch.
///
/// ```
/// use argmin_arturo::Draw;
/// use argmin_arturo::oracle::Epochs;
///
/// let epochs = Epochs::new(10, 4)?;
/// assert_eq!(epochs.draws_per_epoch(), 3);
/// let mut terms: Vec<usize> = (0..3).flat_map(|k| epochs.batch(Draw::new(7, k))).collect();
/// terms.sort();
/// assert!(terms.into_iter().eq(0..10));
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    pub(super) term_count: usize,
    pub(super) batch_size: usize,
}

impl Epochs {
    /// Batches of `batch_size` (B >= 1) out of `term_count` (N >= 1) terms.
    ///
    /// # Errors
    /// If one of them is 0.
    pub fn new(term_count: usize, batch_size: usize) -> Result<Self, Error> {
        for (name, value) in [("term_count", term_count), ("batch_size", batch_size)] {
            if value == 0 {
                return Err(invalid(format!("Epochs: `{name}` must be at least 1, got 0")));
            }
        }
        Ok(Self { term_count, batch_size })
    }

    /// Draws in an epoch: ceil(N/B).
    pub fn draws_per_epoch(&self) -> u64 {
        self.term_count.div_ceil(self.batch_size) as u64
    }

    /// The terms of a draw.
    pub fn batch(&self, draw: Draw) -> Batch {
        let Self { term_count, batch_size } = *self;
        if batch_size >= term_count {
            return Batch::all(term_count);
        }
        let epoch = draw.index() / self.draws_per_epoch();
        let start = (draw.index() % self.draws_per_epoch()) as usize * batch_size;
        let key = mix(draw.seed()) ^ mix(mix(epoch));
        let end = term_count.min(start + batch_size);
        Batch::of_permutation(Permutation::new(key, term_count as u64), start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_draw_is_refused() {
        let text = |n, b| Epochs::new(n, b).unwrap_err().to_string();
        assert_eq!(
            text(0, 4),
            "Invalid parameter: \"Epochs: `term_count` must be at least 1, got 0\""
        );
        assert_eq!(
            text(4, 0),
            "Invalid parameter: \"Epochs: `batch_size` must be at least 1, got 0\""
        );
    }
}
