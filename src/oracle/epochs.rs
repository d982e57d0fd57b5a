//! Batches of which each epoch has every term once.

use super::permutation::Permutation;
use super::{Batch, Draw};
use crate::draw::mix;
use crate::error::invalid;
use argmin::core::Error;

impl Batch {
    /// The batch of a draw out of `term_count` (N >= 1) terms, of `batch_size` (B >= 1), without replacement.
    ///
    /// Draw number k is batch number k mod ceil(N/B) of epoch number floor(k / ceil(N/B)), whose
    /// permutation is a function of the seed and the epoch. The last batch of an epoch is smaller where
    /// B does not divide N. No order is stored, so a run that is resumed within an epoch continues with
    /// the remaining terms of the epoch.
    ///
    /// ```
    /// use argmin_arturo::Draw;
    /// use argmin_arturo::oracle::Batch;
    ///
    /// let mut terms = Vec::new();
    /// for k in 0..3 {
    ///     terms.extend(Batch::without_replacement(10, 4, Draw::new(7, k))?);
    /// }
    /// terms.sort();
    /// assert!(terms.into_iter().eq(0..10));
    /// # Ok::<(), argmin::core::Error>(())
    /// ```
    ///
    /// # Errors
    /// If one of the numbers is 0.
    pub fn without_replacement(
        term_count: usize,
        batch_size: usize,
        draw: Draw,
    ) -> Result<Self, Error> {
        for (name, value) in [("term_count", term_count), ("batch_size", batch_size)] {
            if value == 0 {
                return Err(invalid(format!("Batch: `{name}` must be at least 1, got 0")));
            }
        }
        Ok(Self::of_epoch(term_count, batch_size, draw))
    }

    /// The same, of numbers that are known to be positive.
    pub(super) fn of_epoch(term_count: usize, batch_size: usize, draw: Draw) -> Self {
        if batch_size >= term_count {
            return Self::all(term_count);
        }
        let draws_per_epoch = term_count.div_ceil(batch_size) as u64;
        let epoch = draw.index() / draws_per_epoch;
        let start = (draw.index() % draws_per_epoch) as usize * batch_size;
        let key = mix(draw.seed()) ^ mix(mix(epoch));
        let end = term_count.min(start + batch_size);
        Self::of_permutation(Permutation::new(key, term_count as u64), start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_draw_is_refused() {
        let text =
            |n, b| Batch::without_replacement(n, b, Draw::new(0, 0)).unwrap_err().to_string();
        assert_eq!(
            text(0, 4),
            "Invalid parameter: \"Batch: `term_count` must be at least 1, got 0\""
        );
        assert_eq!(
            text(4, 0),
            "Invalid parameter: \"Batch: `batch_size` must be at least 1, got 0\""
        );
    }
}
